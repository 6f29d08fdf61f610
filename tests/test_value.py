"""Value functions: published examples, well-kept packages, and each bad input with what it is told."""

import ahpy
import numpy as np
import pandas as pd
import pytest
import skcriteria
from skcriteria.agg.simple import WeightedProductModel, WeightedSumModel
from skcriteria.agg.topsis import TOPSIS
from skcriteria.preprocessing.scalers import VectorScaler
from skcriteria.preprocessing.weighters import CRITIC, EntropyWeighter

from crmlib import value
from crmlib.errors import CrmWarning, DataError

approx = pytest.approx

# Saaty (2008), Int. J. Services Sciences 1(1): how much more is each drink consumed in the USA
DRINKS = {("coffee", "wine"): 9, ("coffee", "tea"): 5, ("coffee", "beer"): 2, ("coffee", "soda"): 1,
          ("coffee", "milk"): 1, ("water", "coffee"): 2, ("water", "wine"): 9, ("water", "tea"): 9,
          ("water", "beer"): 3, ("water", "soda"): 2, ("water", "milk"): 3, ("tea", "wine"): 3, ("beer", "wine"): 9,
          ("beer", "tea"): 3, ("beer", "milk"): 1, ("soda", "wine"): 9, ("soda", "tea"): 4, ("soda", "beer"): 2,
          ("soda", "milk"): 2, ("milk", "wine"): 9, ("milk", "tea"): 3}
# Hwang & Yoon (1981), p. 133: fighter aircraft; cost is the only criterion of which less is better
AIRCRAFT = pd.DataFrame([[2.0, 1500, 20000, 5.5, 5, 9], [2.5, 2700, 18000, 6.5, 3, 5], [1.8, 2000, 21000, 4.5, 7, 7],
                         [2.2, 1800, 20000, 5.0, 5, 5]], index=["A1", "A2", "A3", "A4"],
                        columns=["speed", "range", "payload", "cost", "reliability", "manoeuvrability"])
AIRCRAFT_WEIGHTS = [0.2, 0.1, 0.1, 0.1, 0.2, 0.3]
# Diakoulaki, Mavrotas & Papayannakis (1995)
FIRMS = [[61, 1.08, 4.33], [20.7, 0.26, 4.34], [16.3, 1.98, 2.53], [9, 3.29, 1.65], [5.4, 2.77, 2.33], [4, 4.12, 1.21],
         [-6.1, 3.52, 2.10], [-34.6, 3.31, 0.98]]
OFFERS = pd.DataFrame({"quality": [5.0, 7.0, 9.0], "price": [100.0, 150.0, 200.0]}, index=["a", "b", "c"])


# ------------------------------------------------------------------------------- published examples


def test_ahp_saatys_drinks():
    result = value.ahp(DRINKS)
    assert result.weights.round(3).to_dict() == {"coffee": 0.177, "wine": 0.019, "tea": 0.042, "beer": 0.116,
                                                 "soda": 0.190, "milk": 0.129, "water": 0.327}
    assert (result.lambda_max, result.consistency_index) == (approx(7.1766, abs=5e-5), approx(0.02944, abs=5e-6))
    assert result.consistency_ratio == approx(0.0223, abs=5e-5) and result.consistent
    assert value.ahp(DRINKS, random_index="saaty2005").consistency_ratio == approx(0.022, abs=5e-4)
    assert value.ahp(DRINKS, random_index="donegan-dodd").consistency_ratio == approx(0.0235, abs=5e-5)
    assert value.ahp(DRINKS, random_index=1.32).consistency_ratio == result.consistency_ratio


def test_ahp_saatys_wealth_of_nations():
    """Saaty (1980), The Analytic Hierarchy Process: seven nations, .427 .230 .021 .052 .052 .123 .094, λ 7.608."""
    judged = [[1, 4, 9, 6, 6, 5, 5], [0, 1, 7, 5, 5, 3, 4], [0, 0, 1, 1 / 5, 1 / 5, 1 / 7, 1 / 5],
              [0, 0, 0, 1, 1, 1 / 3, 1 / 3], [0, 0, 0, 0, 1, 1 / 3, 1 / 3], [0, 0, 0, 0, 0, 1, 2], [0] * 6 + [1]]
    matrix = np.array(judged, dtype=float)
    matrix += np.divide(1, matrix.T, out=np.zeros((7, 7)), where=np.tril(np.ones((7, 7)), -1).astype(bool))
    result = value.ahp(matrix)
    assert result.weights.round(3).tolist() == approx([0.427, 0.230, 0.021, 0.052, 0.052, 0.123, 0.094], abs=0.002)
    assert result.lambda_max == approx(7.608, abs=5e-3) and result.consistency_ratio == approx(0.077, abs=1e-3)


@pytest.mark.parametrize(("name", "printed"), [
    # Saaty (1980); Saaty (2005), Theory and Applications of the ANP; Donegan & Dodd (1991)
    ("saaty", ".58 .90 1.12 1.24 1.32 1.41 1.45 1.49"),
    ("saaty2005", ".52 .89 1.11 1.25 1.35 1.40 1.45 1.49 1.52 1.54 1.56 1.58 1.59"),
    ("donegan-dodd", ".4914 .8286 1.0591 1.1797 1.2519 1.3171 1.3733 1.4055 1.4213 1.4497 1.4643 1.4822 1.4969"),
])
def test_tables_of_random_consistency(name, printed):
    """From three criteria on, as printed in the source of each table."""
    assert value.RANDOM_INDEX[name] == (0, 0, *map(float, printed.split()))
    assert not value.ahp([[1, 9, 1], [1 / 9, 1, 1], [1, 1, 1]], limit=0.2).consistent


def test_ahp_three_criteria_by_three_methods():
    matrix = [[1, 3, 5], [1 / 3, 1, 3], [1 / 5, 1 / 3, 1]]
    result = value.ahp(matrix)
    assert result.weights.round(4).tolist() == [0.6370, 0.2583, 0.1047]
    assert (result.lambda_max, result.consistency_ratio) == (approx(3.0385, abs=5e-5), approx(0.0332, abs=5e-5))
    # three criteria: eigenvector and geometric mean are the same
    assert value.ahp(matrix, method="geometric").weights.tolist() == approx(result.weights.tolist())
    columns = value.ahp(matrix, method="columns").weights
    assert columns.tolist() == approx(np.mean(np.array(matrix) / np.sum(matrix, axis=0), axis=1).tolist())


def test_ahp_saatys_cities():
    """Saaty (2005), Theory and Applications of the Analytic Network Process: the best city to live in."""
    goal = value.ahp({("Culture", "Housing"): 3, ("Culture", "Transportation"): 5, ("Family", "Culture"): 5,
                      ("Family", "Housing"): 7, ("Family", "Transportation"): 7, ("Housing", "Transportation"): 3,
                      ("Jobs", "Culture"): 2, ("Jobs", "Housing"): 4, ("Jobs", "Transportation"): 7,
                      ("Family", "Jobs"): 1})
    b, o, p, s = "Bethesda", "Boston", "Pittsburgh", "Santa Fe"
    local = {"Culture": {(b, p): 1, (o, b): 2, (o, p): 2.5, (o, s): 1, (s, b): 2, (s, p): 2.5},
             "Family": {(b, o): 2, (b, s): 4, (o, s): 2, (p, b): 3, (p, o): 8, (p, s): 9},
             "Housing": {(b, o): 5, (b, s): 2.5, (p, b): 2, (p, o): 9, (p, s): 7, (s, o): 4},
             "Jobs": {(b, p): 3, (b, s): 4, (o, b): 2, (o, p): 6, (o, s): 8, (p, s): 1},
             "Transportation": {(b, o): 1.5, (b, s): 4, (o, s): 2.5, (p, b): 2, (p, o): 3.5, (p, s): 9}}
    scores = value.ahp_hierarchy(goal, {name: value.ahp(each) for name, each in local.items()})
    # printed from weights rounded to four places: the last digit may be one off
    assert scores.to_dict() == approx({b: 0.2291, o: 0.2748, p: 0.3852, s: 0.1110}, abs=1e-4)


def test_topsis_tzeng_and_huang():
    result = value.topsis([[5, 8, 4], [7, 6, 8], [8, 8, 6], [7, 4, 6]], [0.3, 0.4, 0.3])
    assert result["closeness"].round(4).tolist() == [0.5037, 0.6581, 0.7482, 0.3340]
    assert result["rank"].tolist() == [3, 2, 1, 4]


def test_topsis_on_raw_values():
    result = value.topsis([[1, 0, 3], [0, 5, 6]], [1, 1, 1], normalisation="none", total="any")
    assert result["closeness"].round(5).tolist() == [0.14639, 0.85361]


def test_topsis_hwang_and_yoons_aircraft():
    result = value.topsis(AIRCRAFT, AIRCRAFT_WEIGHTS, costs=["cost"])
    assert result["to_ideal"].tolist() == approx([0.0545, 0.1197, 0.0580, 0.1009], abs=1e-4)
    assert result["to_anti_ideal"].tolist() == approx([0.0983, 0.0439, 0.0920, 0.0458], abs=1e-4)
    # the book rounds in between
    assert result["closeness"].tolist() == approx([0.643, 0.268, 0.613, 0.312], abs=6e-4)
    assert result["rank"].tolist() == [1, 4, 2, 3]


def test_topsis_with_the_ideals_given():
    """The cars of the R package MCDA: its own ideals, on the weighted scale, give what no ideals give."""
    cars = pd.DataFrame([[5490, 51.4, 8.5, 285], [6500, 70.6, 7, 288], [6489, 54.3, 7.5, 290]],
                        index=["Corsa", "Clio", "Fiesta"], columns=["price", "economy", "looks", "boot"])
    weights = [0.35, 0.25, 0.25, 0.15]
    plain = value.topsis(cars, weights, costs=["price"])
    best = dict(zip(cars, (0.179573776, 0.171636015, 0.159499658, 0.087302767), strict=True))
    worst = dict(zip(cars, (0.212610118, 0.124958799, 0.131352659, 0.085797547), strict=True))
    given = value.topsis(cars, weights, costs=["price"], ideal=best, anti_ideal=worst, ideal_unit="weighted")
    assert given["closeness"].tolist() == approx(plain["closeness"].tolist(), abs=1e-7)
    raw = value.topsis(cars, weights, costs=["price"], ideal={"price": 5490, "looks": 8.5})
    assert raw["closeness"].tolist() == approx(plain["closeness"].tolist())
    free = value.topsis(cars, weights, costs=["price"], ideal={"price": 0})
    assert (free["to_ideal"] > plain["to_ideal"]).all()


def test_entropy_published():
    assert value.entropy_weights([[1, 2], [4, 16]]).round(6).tolist() == [0.358889, 0.641111]
    xu = [[30, 30, 38, 29], [19, 54, 86, 29], [19, 15, 85, 28.9], [68, 70, 60, 29]]          # Xu (2004)
    assert value.entropy_weights(xu).round(4).tolist() == [0.4630, 0.3992, 0.1378, 0.0]
    zavadskas = [[3.0, 100, 10, 7], [2.5, 80, 8, 5], [1.8, 50, 20, 11], [2.2, 70, 12, 9]]    # & Podvezko (2016)
    assert value.entropy_weights(zavadskas).round(4).tolist() == [0.1146, 0.1981, 0.4185, 0.2689]
    ersoy = [[256, 8, 41, 1.6, 1.77, 7347.16], [256, 8, 32, 1.0, 1.8, 6919.99], [256, 8, 53, 1.6, 1.9, 8400],
             [256, 8, 41, 1.0, 1.75, 6808.9], [512, 8, 35, 1.6, 1.7, 8479.99], [256, 4, 35, 1.6, 1.7, 7499.99]]
    assert value.entropy_weights(ersoy).round(3).tolist() == [0.405, 0.221, 0.134, 0.199, 0.007, 0.034]  # Ersoy (2021)
    lee = [[4550, 30, 6.74, 20, 15, 5, 85, 150, 0.87, 4.76], [3005, 60.86, 2.4, 35, 27, 4, 26, 200, 0.17, 4.51],
           [2040, 14.85, 1.7, 90, 25, 5, 26, 500, 0.27, 4.19], [3370, 99.4, 3.25, 25.3, 54, 3, 45, 222, 0.21, 3.78],
           [3920, 112.6, 4.93, 11.4, 71.7, 2, 50, 100, 0.25, 4.11]]                           # Lee & Chang (2018)
    assert value.entropy_weights(lee).round(3).tolist() == [0.026, 0.154, 0.089, 0.199, 0.115, 0.040, 0.080, 0.123,
                                                           0.172, 0.002]


@pytest.mark.parametrize(("scale", "correlation", "expected"), [
    (True, "pearson", [0.20222554, 0.48090173, 0.31687273]), (False, "pearson", [0.86874234, 0.08341434, 0.04784331]),
    (True, "spearman", [0.21454645, 0.4898563, 0.29559726]), (False, "spearman", [0.87672195, 0.08082369, 0.04245436]),
])
def test_critic_diakoulaki(scale, correlation, expected):
    for ddof in (0, 1):                                                          # it cancels out
        weights = value.critic_weights(FIRMS, scale=scale, correlation=correlation, ddof=ddof)
        assert weights.tolist() == approx(expected, abs=1e-7)


def test_critic_with_absolute_conflict():
    """1 - |r|: a column that goes against another one says nothing new."""
    table = pd.DataFrame({"a": [0, 1, 2, 3], "b": [3, 2, 1, 0], "c": [0, 2, 0, 1]})
    r = np.abs(np.corrcoef(table.T))
    sd = (table / table.max()).std(ddof=0)
    expected = sd * (1 - r).sum(axis=0)
    found = value.critic_weights(table, conflict="absolute")
    assert found.tolist() == approx((expected / expected.sum()).tolist())
    assert found["c"] > value.critic_weights(table)["c"] + 0.2


def test_columns_that_differ_by_rounding_only_do_not_differ():
    """0.1 + 0.2 and 0.3 are alike for every function, as they are for the scores."""
    noise = pd.DataFrame({"a": [1.0, 2, 4, 3], "b": [5.0, 1, 2, 2], "c": [0.1 + 0.2, 0.3, 0.3, 0.1 + 0.2]})
    assert value.critic_weights(noise)["c"] == 0 and value.entropy_weights(noise)["c"] == 0
    for method in ("minmax", "z"):
        assert value.normalise(noise, method=method, constant="middle")["c"].nunique() == 1
    assert value.normalise(noise, method="rank")["c"].nunique() == 1
    even = {"a": 0.3, "b": 0.3, "c": 0.4}
    assert value.topsis(noise, even, normalisation="minmax")["closeness"].tolist() == approx(
        value.topsis(noise.assign(c=0.3), even, normalisation="minmax")["closeness"].tolist())


def test_critic_tus_and_aytac_adali():
    """Tuş & Aytaç Adalı (2019): the printed weights come out if all six criteria are taken as benefits."""
    matrix = [[5000, 3, 3, 4, 3, 2], [680, 5, 3, 2, 2, 1], [2000, 3, 2, 3, 4, 3], [600, 4, 3, 1, 2, 2],
              [800, 2, 4, 3, 3, 4]]
    assert value.critic_weights(matrix).round(3).tolist() == [0.157, 0.249, 0.168, 0.121, 0.154, 0.151]
    assert value.critic_weights(matrix, costs=[0]).round(3).tolist() == [0.184, 0.213, 0.142, 0.158, 0.168, 0.134]


def test_rank_order_weights():
    assert value.rank_weights(3).round(4).tolist() == [0.6111, 0.2778, 0.1111]
    assert value.rank_weights(4).round(4).tolist() == [0.5208, 0.2708, 0.1458, 0.0625]
    assert value.rank_weights(5).round(4).tolist() == [0.4567, 0.2567, 0.1567, 0.09, 0.04]
    assert value.rank_weights(3, method="sum").tolist() == approx([3 / 6, 2 / 6, 1 / 6])
    assert value.rank_weights(3, method="reciprocal").tolist() == approx([6 / 11, 3 / 11, 2 / 11])
    tied = value.rank_weights(["a", ("b", "c")])
    assert tied["b"] == tied["c"] == approx((0.2778 + 0.1111) / 2, abs=1e-4) and tied.sum() == approx(1)


def test_fuel_economy_as_shares():
    """Haas & Meixner, An Illustrated Guide to the AHP: quantities become weights by their share."""
    cars = pd.DataFrame({"mpg": [34, 27, 24, 28]}, index=["civic", "saturn", "escort", "clio"])
    assert value.normalise(cars, method="sum")["mpg"].round(4).tolist() == [0.3009, 0.2389, 0.2124, 0.2478]


def test_a_copy_turns_the_order_round():
    """Belton & Gear's kind of example: adding a copy of B puts A ahead of B, unless the mode is ideal."""
    judged = {"a": [1, 9, 1], "b": [9, 1, 1], "c": [8, 9, 1]}
    three = {name: pd.Series(each, index=list("ABC")) for name, each in judged.items()}
    four = {name: pd.Series([*each, each[1]], index=list("ABCD")) for name, each in judged.items()}
    even = dict.fromkeys(judged, 1 / 3)
    before, after = (value.ahp_hierarchy(even, each) for each in (three, four))
    assert before["B"] > before["A"] and after["A"] > after["B"]
    ideal = value.ahp_hierarchy(even, four, mode="ideal")
    assert ideal["B"] > ideal["A"] and ideal.sum() == approx(1)


# ---------------------------------------------------------------- against scikit-criteria and AHPy


def test_against_scikit_criteria():
    rng = np.random.default_rng(4)
    for _ in range(3):
        matrix, weights = rng.uniform(0.5, 9, size=(7, 4)), rng.dirichlet(np.ones(4))
        dm = skcriteria.mkdm(matrix, [max] * 4, weights=weights)
        vector = VectorScaler(target="matrix").transform(dm)
        for metric, theirs in (("euclidean", "euclidean"), ("manhattan", "cityblock"), ("chebyshev", "chebyshev")):
            expected = TOPSIS(metric=theirs).evaluate(vector).e_.similarity
            assert value.topsis(matrix, weights, metric=metric)["closeness"].tolist() == approx(expected.tolist())
        assert value.weighted_sum(matrix, weights).tolist() == approx(WeightedSumModel().evaluate(dm).e_.score.tolist())
        product = WeightedProductModel().evaluate(dm).e_.score
        assert np.log10(value.weighted_product(matrix, weights)).tolist() == approx(product.tolist())
        assert value.critic_weights(matrix).tolist() == approx(CRITIC().transform(dm).weights.tolist())
        assert value.entropy_weights(matrix).tolist() == approx(EntropyWeighter().transform(dm).weights.tolist())


def test_against_ahpy():
    rng = np.random.default_rng(5)
    for n in (3, 5, 7):
        names = list("abcdefg"[:n])
        judged = {(a, b): float(rng.choice([1 / 5, 1 / 3, 1, 2, 3, 7]))
                  for i, a in enumerate(names) for b in names[i + 1:]}
        theirs, ours = ahpy.Compare("x", judged, precision=6, random_index="dd"), value.ahp(
            judged, random_index="donegan-dodd")
        assert ours.weights.to_dict() == approx(theirs.local_weights, abs=2e-6)
        assert ours.consistency_ratio == approx(theirs.consistency_ratio, abs=2e-6)


# ------------------------------------------------------------------------------------ normalisation


def column(**arguments):
    return value.normalise(OFFERS, costs=["price"], **arguments)["price"].tolist()


def test_normalisations_of_a_cost():
    assert column(method="minmax") == [1, 0.5, 0]
    assert column(method="max") == approx([1, 100 / 150, 0.5])
    assert column(method="max", cost_rule="complement") == approx([0.5, 0.25, 0])
    assert column(method="sum") == approx([6 / 13, 4 / 13, 3 / 13])
    assert column(method="sum", cost_rule="complement") == approx([1 - 100 / 450, 1 - 150 / 450, 1 - 200 / 450])
    norm = np.sqrt(100**2 + 150**2 + 200**2)
    assert column(method="vector") == approx([1 - 100 / norm, 1 - 150 / norm, 1 - 200 / norm])
    inverse = np.array([1 / 100, 1 / 150, 1 / 200])
    assert column(method="vector", cost_rule="inverse") == approx((inverse / np.linalg.norm(inverse)).tolist())
    assert column(method="rank") == [1, 0.5, 0]
    assert column(method="z", ddof=1) == approx([1, 0, -1])
    assert column(method="z") == approx([np.sqrt(1.5), 0, -np.sqrt(1.5)])
    assert column(method="minmax", limits={"price": (0, 200)}) == [0.5, 0.25, 0]


def test_ties_share_their_rank():
    assert value.normalise([[1], [2], [2], [3]], method="rank")[0].tolist() == approx([0, 0.5, 0.5, 1])


def test_constant_columns():
    alike = OFFERS.assign(grade=3.0)
    for method in ("minmax", "z"):
        with pytest.raises(DataError, match="'grade' is 3 for all 3 alternatives"):
            value.normalise(alike, method=method)
    assert value.normalise(alike, method="minmax", constant="middle")["grade"].tolist() == [0.5] * 3
    assert value.normalise(alike, method="z", constant="middle")["grade"].tolist() == [0.0] * 3
    # a mean is not always the number it is the mean of
    tenths = pd.DataFrame({"a": [0.1] * 7, "b": range(7)})
    with pytest.raises(DataError, match="'a' is 0.1 for all 7"):
        value.normalise(tenths, method="z")
    assert value.entropy_weights(alike)["grade"] == 0
    assert value.critic_weights(alike, costs=["price"]).tolist() == approx([0.5, 0.5, 0])
    assert value.topsis(alike[["grade"]], [1.0])["closeness"].tolist() == [0.5] * 3
    assert value.topsis(alike[["grade"]], [1.0], normalisation="minmax")["closeness"].tolist() == [0.5] * 3
    for weights in (value.entropy_weights, value.critic_weights):
        with pytest.warns(CrmWarning, match="finds no difference in any criterion"):
            assert weights([[2, 5], [2, 5], [2, 5]]).tolist() == [0.5, 0.5]


# ------------------------------------------------------------------------------------------- weights


def test_stated_weights():
    assert value.direct_weights({"a": 70, "b": 30}).tolist() == [0.7, 0.3]
    assert value.swing_weights({"a": 100, "b": 60, "c": 40}).tolist() == [0.5, 0.3, 0.2]
    assert value.swing_weights({"a": 30, "b": 10}, reference=None).tolist() == [0.75, 0.25]     # SMART
    assert value.check_weights({"b": 0.3, "a": 0.7}, ["a", "b"]).tolist() == [0.7, 0.3]


def test_entropy_conventions():
    table = [[1, 2], [4, 16], [2, 3]]
    natural = value.entropy_weights(table, base=np.e)
    p = np.array(table) / np.sum(table, axis=0)
    expected = 1 + (p * np.log(p)).sum(axis=0)
    assert natural.tolist() == approx((expected / expected.sum()).tolist())
    assert value.entropy_weights(OFFERS, normalisation="minmax", costs=["price"])["price"] == approx(
        value.entropy_weights(OFFERS, normalisation="minmax")["price"])       # three evenly spaced prices mirror
    uneven = pd.DataFrame({"quality": [5, 6, 7, 9], "price": [100, 110, 150, 200]})     # these do not
    share = np.array([1, 0.9, 0.5, 0]) / 2.4
    spread = [1 - -(p[p > 0] * np.log(p[p > 0])).sum() / np.log(4) for p in (np.array([0, 1, 2, 4]) / 7, share)]
    assert value.entropy_weights(uneven, normalisation="minmax", costs=["price"]).tolist() == approx(
        [each / sum(spread) for each in spread])
    on_max = value.entropy_weights(uneven, normalisation="max", costs=["price"])    # shares of 1/price have no unit
    assert on_max.tolist() == approx(value.entropy_weights(uneven.assign(price=1 / uneven["price"])).tolist())
    assert on_max.tolist() != approx(value.entropy_weights(uneven, normalisation="minmax", costs=["price"]).tolist())
    assert value.entropy_weights([[0, 1], [1, 1]]).tolist() == [1, 0]         # a share of 0 counts as 0


def test_statements_that_contradict():
    assert value.preference_cycles([("a", "b"), ("b", "a")]) == [("a", "b")]
    assert value.preference_cycles([("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")]) == [("a", "b", "c")]
    assert value.preference_cycles([("a", "b"), ("a", "c"), ("b", "c")]) == []
    assert value.preference_cycles([("a", "b"), ("b", "a"), ("c", "d"), ("d", "c")]) == [("a", "b"), ("c", "d")]


def test_ahp_points_at_the_judgement_that_fits_least():
    good = {("a", "b"): 2, ("a", "c"): 4, ("a", "d"): 8, ("b", "c"): 2, ("b", "d"): 4, ("c", "d"): 2}
    assert value.ahp(good).consistency_ratio == approx(0, abs=1e-12)
    result = value.ahp(good | {("b", "d"): 1 / 4})
    assert not result.consistent
    worst = result.judgements.iloc[0]
    assert (worst["first"], worst["second"], worst["judged"]) == ("d", "b", 4)
    assert worst["others"] == approx(1 / 4)                                    # by a, and by c: b is 4 times d
    pairs = result.judgements.set_index(["first", "second"])["others"]
    assert (pairs["a", "b"], pairs["a", "d"]) == (approx(np.sqrt(2 * 32)), approx(np.sqrt(0.5 * 8)))
    assert worst["factor"] > 2 and worst["factor"] == approx(worst["judged"] / worst["implied"])


def test_printed_matrices():
    printed = pd.DataFrame([[1, 3, 7], [0.33, 1, 8], [0.14, 0.13, 1]])
    with pytest.raises(DataError, match="not reciprocal in 3 pair"):
        value.ahp(printed)
    exact = value.ahp({("a", "b"): 3, ("a", "c"): 7, ("b", "c"): 8})
    assert value.ahp(printed, reciprocals="rounded").weights.tolist() == approx(exact.weights.tolist())
    with pytest.raises(DataError, match="0 against 1 is 3, 1 against 0 is 0.5"):
        value.ahp([[1, 3], [0.5, 1]], reciprocals="rounded")


# --------------------------------------------------------------------------------- one number, places


def test_product_turns_costs_with_the_exponent():
    product = value.weighted_product(OFFERS, [0.5, 0.5], costs=["price"])
    assert product.tolist() == approx([np.sqrt(5 / 100), np.sqrt(7 / 150), np.sqrt(9 / 200)])


def test_sum_of_the_aircraft():
    best = value.normalise(AIRCRAFT, method="max", costs=["cost"])
    assert value.weighted_sum(best, AIRCRAFT_WEIGHTS).round(4).tolist() == [0.8355, 0.7073, 0.8514, 0.7374]


def test_one_giant_is_no_other_scale():
    raw = pd.DataFrame({"sales": [1.0] * 600 + [90_000.0], "grade": [0.0, 1.0] * 300 + [0.5]})
    z = value.normalise(raw, method="z")
    assert z["sales"].max() > 20 * z["grade"].max()
    assert len(value.weighted_sum(z, [0.5, 0.5])) == 601
    assert value.weighted_sum([[0.001, 1.0], [0.002, 0.5]], [0.5, 0.5]).tolist() == approx([0.5005, 0.251])
    with pytest.raises(DataError, match="different scales: 1 goes up to 90, 0 to 0.9"):
        value.weighted_sum([[0.9, 90.0], [0.2, 50.0]], [0.5, 0.5])


def test_ranks_and_places():
    scores = pd.Series({"a": 0.3, "b": 0.1 + 0.2, "c": 0.9})
    assert value.ranking(scores).tolist() == [2, 2, 1]
    assert value.ranking(scores, ties="average").tolist() == [2.5, 2.5, 1]
    assert value.choose(scores, 1).tolist() == ["c"]
    with pytest.raises(DataError, match="2 alternatives tie for the last of 2 places, among them 'a' and 'b'"):
        value.choose(scores, 2)
    assert value.choose(scores, 2, ties="order").tolist() == ["c", "a"]


# ------------------------------------------------------------------------------------------- sensitivity


TABLE = pd.DataFrame({"sales": [1.0, 0.0, 0.6], "credit": [0.2, 1.0, 0.7], "profit": [0.0, 0.3, 1.0]},
                     index=["big", "safe", "good"])
WEIGHTS = {"sales": 0.5, "credit": 0.3, "profit": 0.2}


def test_a_sweep_keeps_the_proportions_of_the_others():
    moved = value.moved_weights(WEIGHTS, "sales", 0.2)
    assert moved.to_dict() == approx({"sales": 0.2, "credit": 0.48, "profit": 0.32})
    sweep = value.weight_sweep(TABLE, WEIGHTS, "sales", steps=11)
    for t, part in sweep.groupby("weight"):
        expected = value.weighted_sum(TABLE, value.moved_weights(WEIGHTS, "sales", t))
        assert part["score"].tolist() == approx(expected.tolist())
        assert part["rank"].tolist() == value.ranking(expected).tolist()


def test_at_a_crossing_two_scores_are_equal():
    found = value.crossings(TABLE, WEIGHTS, "sales")
    assert len(found) and found["weight"].is_monotonic_increasing
    for row in found.itertuples():
        scores = value.weighted_sum(TABLE, value.moved_weights(WEIGHTS, "sales", row.weight))
        assert scores[row.above] == approx(scores[row.below])
        right = value.weighted_sum(TABLE, value.moved_weights(WEIGHTS, "sales", min(row.weight + 1e-6, 1)))
        assert right[row.above] > right[row.below]


def test_within_the_stable_range_the_list_stays():
    for criterion in WEIGHTS:
        found = value.stable_range(TABLE, WEIGHTS, criterion, places=1)
        chosen = value.choose(value.weighted_sum(TABLE, WEIGHTS), 1)
        for t in (found["low"] + 1e-6, found["high"] - 1e-6):
            assert value.choose(value.weighted_sum(TABLE, value.moved_weights(WEIGHTS, criterion, t)), 1).equals(chosen)
        for end, t in (("low", found["low"] - 1e-6), ("high", found["high"] + 1e-6)):
            if found[f"enters_{end}"] is not None:
                other = value.choose(value.weighted_sum(TABLE, value.moved_weights(WEIGHTS, criterion, t)), 1)
                assert other.tolist() == [found[f"enters_{end}"]] and found[f"leaves_{end}"] in chosen
            else:
                assert found[end] in (0, 1)


def test_best_and_worst_rank_by_hand():
    """Two criteria: a wins whenever the first weighs more than half, b otherwise; c is always second or third."""
    table = pd.DataFrame({"x": [1.0, 0.0, 0.4], "y": [0.0, 1.0, 0.4]}, index=list("abc"))
    found = value.weight_simulation(table, draws=500, seed=2)
    assert found["best_rank"].tolist() == [1, 1, 2] and found["worst_rank"].tolist() == [3, 3, 3]


def test_random_weights():
    found = value.weight_simulation(TABLE, draws=3000, seed=1, places=2)
    assert found["p_first"].sum() == approx(1) and found["p_chosen"].sum() == approx(2)
    assert found["mean_rank"].mean() == approx(2) and (found["best_rank"] <= found["mean_rank"]).all()
    near = value.weight_simulation(TABLE, draws=500, seed=1, weights=WEIGHTS, concentration=10_000)
    assert near.loc[value.choose(value.weighted_sum(TABLE, WEIGHTS), 1)[0], "p_first"] == 1
    zero = value.weight_simulation(TABLE, draws=50, seed=1, weights={"sales": 1, "credit": 0, "profit": 0},
                                   concentration=5)
    assert zero["p_first"].to_dict() == {"big": 1, "safe": 0, "good": 0}
    ordered = value.weight_simulation(TABLE, draws=2000, seed=1, order=["sales", "credit", "profit"])
    assert ordered.loc["big", "p_first"] > found.loc["big", "p_first"]
    # with two criteria t is uniform: big is ahead for t > 0.8 / 1.8
    two = value.weight_simulation(TABLE.loc[["big", "safe"], ["sales", "credit"]], draws=20_000, seed=3)
    assert two.loc["big", "p_first"] == approx(1 - 0.8 / 1.8, abs=0.015)


def test_the_centroid_is_the_mean_of_the_ordered_weights():
    rng = np.random.default_rng(8)
    drawn = -np.sort(-rng.dirichlet(np.ones(4), size=200_000), axis=1)
    assert drawn.mean(axis=0).tolist() == approx(value.rank_weights(4).tolist(), abs=0.002)


def test_topsis_and_moving_scales_can_reverse_and_fixed_limits_cannot():
    offers = pd.DataFrame({"size": [100.0, 50.0, 40.0], "service": [0.0, 40.0, 100.0]}, index=["a", "b", "c"])
    even = {"size": 0.5, "service": 0.5}

    def moving(table):
        return value.weighted_sum(value.normalise(table, method="max"), even)

    def fixed(table):
        limits = {"size": (0, 100), "service": (0, 100)}
        return value.weighted_sum(value.normalise(table, method="minmax", limits=limits), even)

    assert len(value.rank_reversals(offers, moving)) and len(value.rank_reversals(offers, fixed)) == 0
    rng = np.random.default_rng(2)
    tables = [pd.DataFrame(rng.uniform(1, 9, size=(5, 3))) for _ in range(20)]
    assert any(len(value.rank_reversals(t, lambda m: value.topsis(m, [0.4, 0.3, 0.3])["closeness"])) for t in tables)


def test_agreement():
    scores = pd.DataFrame({"x": [4, 3, 2, 1], "y": [4, 3, 1, 2], "z": [1, 2, 3, 4]})
    tau = value.ranking_agreement(scores)
    assert tau.loc["x", "y"] == approx(4 / 6) and tau.loc["x", "z"] == approx(-1) and tau.loc["x", "x"] == 1
    assert value.ranking_agreement(scores, measure="spearman").loc["x", "y"] == approx(0.8)
    assert value.ranking_agreement(scores, measure="chosen", places=2).loc["x"].tolist() == [2, 2, 0]


def test_effective_weights():
    same = pd.DataFrame({"a": [0.0, 0.5, 1.0], "b": [0.0, 0.5, 1.0]})
    assert value.effective_weights(same, [0.8, 0.2]).tolist() == approx([0.8, 0.2])
    apart = pd.DataFrame({"a": [0, 0, 1.0, 1], "b": [0, 1.0, 0, 1]})
    assert value.effective_weights(apart, [0.8, 0.2]).tolist() == approx([0.64 / 0.68, 0.04 / 0.68])


# --------------------------------------------------------------------------------------------- bad input


EVEN = {"quality": 0.5, "price": 0.5}


@pytest.mark.parametrize(("call", "message"), [
    (lambda: value.weighted_sum(OFFERS, {"quality": 60, "price": 40}, scales="any"), "sum to 100, not 1: are they"),
    (lambda: value.weighted_sum(OFFERS, [0.5, 0.4], scales="any"), "sum to 0.9, not 1: is one missing"),
    (lambda: value.weighted_sum(OFFERS, [1.2, -0.2], scales="any"), "the weight of 'price' is -0.2: weights are zero"),
    (lambda: value.weighted_sum(OFFERS, {"quality": 1.0}), "no weight for price, unknown none"),
    (lambda: value.weighted_sum(OFFERS, {"quality": 0.5, "cost": 0.5}), "no weight for price, unknown cost"),
    (lambda: value.weighted_sum(OFFERS, [1.0]), "1 weights for 2 criteria"),
    (lambda: value.weighted_sum(OFFERS, [0.0, 0.0]), "all weights are zero"),
    (lambda: value.weighted_sum(OFFERS, [np.nan, 1.0]), "1 of 2 weights are missing"),
    (lambda: value.weighted_sum(OFFERS, ["much", "little"]), "weights must be numbers"),
    (lambda: value.weighted_sum(OFFERS, EVEN), "different scales: 'price' goes up to 200, 'quality' to 9"),
    (lambda: value.weighted_sum(OFFERS.assign(price=[1.0, np.nan, 2]), EVEN), "1 missing or infinite .* row 'b'"),
    (lambda: value.weighted_sum(OFFERS.rename(index={"b": "a"}), EVEN), "1 row name.s. twice, the first 'a'"),
    (lambda: value.weighted_sum(OFFERS.assign(price=["x", "y", "z"]), EVEN), "price hold no numbers"),
    (lambda: value.weighted_sum([1, 2, 3], [1.0]), "rows and columns"),
    (lambda: value.weighted_sum(OFFERS.iloc[:0], EVEN), "at least 1 row"),
    (lambda: value.weighted_sum({"a": 1}, [1.0]), "must be a table of numbers, not dict"),
    (lambda: value.weighted_product(OFFERS.assign(quality=[0, 1, 2]), EVEN), "'quality' has 1 that are not"),
    (lambda: value.normalise(OFFERS, method="minmax", costs=["cost"]), "costs names 'cost', which is no criterion"),
    (lambda: value.normalise(OFFERS.assign(price=-OFFERS["price"]), method="minmax", costs=["price"]),
     "has negative numbers, mostly or only: a cost of 5 is 5 here"),
    (lambda: value.topsis(OFFERS.assign(price=-OFFERS["price"]), EVEN, costs=["price"]), "mostly or only"),
    (lambda: value.normalise(OFFERS.assign(price=[-100, -50, 3]), method="minmax", costs=["price"]), "mostly or only"),
    (lambda: value.normalise(OFFERS.assign(price=[-1, 1, 2]), method="max", costs=["price"]), "no ratio can be taken"),
    (lambda: value.normalise(OFFERS.assign(price=[0, 1, 2]), method="max", costs=["price"]), "1/0 has no value"),
    (lambda: value.normalise(OFFERS.assign(quality=[-1, 1, 2]), method="sum"), "'quality' has 1 negative"),
    (lambda: value.normalise(OFFERS.assign(quality=0), method="vector"), "zero for everybody"),
    (lambda: value.normalise(OFFERS, method="none", costs=["price"]), "turn the costs .price. before"),
    (lambda: value.normalise(OFFERS.assign(quality=[0.5, 0.7, 85]), method="minmax", limits={"quality": (0, 1)}),
     "outside its limits 0 to 1, the first 85 in row 'c': did you mean 0.85"),
    (lambda: value.normalise(OFFERS, method="minmax", limits={"quality": (9, 5)}), "the lower first"),
    (lambda: value.normalise(OFFERS, method="minmax", limits={"taste": (0, 1)}), "limits names 'taste'"),
    (lambda: value.entropy_weights([[1, -2], [4, 16]]), "a negative share has no logarithm"),
    (lambda: value.entropy_weights([[1, 2]]), "at least 2 row"),
    (lambda: value.critic_weights([[1, 2], [3, 1]]), "at least 3 row"),
    (lambda: value.direct_weights({"a": 70, "b": 20}), "points sum to 90, not 100: 10 are left to hand out"),
    (lambda: value.direct_weights({"a": 70, "b": 40}), "10 too many"),
    (lambda: value.swing_weights({"a": 80, "b": 60}), "the largest swing has 80 points, not 100"),
    (lambda: value.rank_weights(["a", "b", "a"]), "order names 'a' twice"),
    (lambda: value.rank_weights([]), "order names no criterion"),
    (lambda: value.rank_weights("profit"), "not a text"),
    (lambda: value.rank_weights(pd.Series({"profit": 1, "sales": 2})), "not a Series; of ranks"),
    (lambda: value.rank_weights({"profit": 3, "sales": 1}), "not a dict"),
    (lambda: value.weighted_sum(OFFERS, {0.7, 0.3}, scales="any"), "not set"),
    (lambda: value.weighted_sum(OFFERS, None, scales="any"), "not NoneType"),
    (lambda: value.weighted_sum(OFFERS, [True, False], scales="any"), "not words or True and False"),
    (lambda: value.weighted_sum(OFFERS, ["0.5", "0.5"], scales="any"), "not words"),
    (lambda: value.weighted_sum([["1", "2"], ["3", "4"]], [0.5, 0.5]), "must be a table of numbers"),
    (lambda: value.weighted_sum(OFFERS.astype(object), EVEN), r"take .astype.float."),
    (lambda: value.weighted_sum([[0.2, 9], [0.7, 4]], [0.5, 0.5]), "1 goes up to 9, 0 lies between 0 and 1"),
    (lambda: value.weight_simulation([[0.2, 4], [0.7, 1]], seed=1), "0 lies between 0 and 1"),
    (lambda: value.weighted_product([[1e6, 1e6], [1e7, 1e5]], [60, 60], total="any"), "too large or too small"),
    (lambda: value.preference_cycles([("a", "a")]), "'a' cannot be more important than itself"),
    (lambda: value.preference_cycles(["ab"]), "a statement is a pair"),
    (lambda: value.pairwise_matrix({("a", "b"): 3, ("b", "c"): 2}), "1 comparison.s. are missing, first a with c"),
    (lambda: value.pairwise_matrix({("a", "b"): 3, ("b", "a"): 3}), "two answers to one question"),
    (lambda: value.pairwise_matrix({("a", "b"): 0}), "a against b is 0: a comparison says how many times"),
    (lambda: value.pairwise_matrix({("a", "a"): 1}), "a judgement belongs to a pair"),
    (lambda: value.pairwise_matrix({("a", "b"): 1}, ["a"]), "'b', which is not among the criteria"),
    (lambda: value.ahp([[1, 3, 1], [1 / 3, 1, 1]]), "must be square"),
    (lambda: value.ahp([[1, 3], [3, 1]]), "0 against 1 is 3, 1 against 0 is 3, where 0.333333 belongs"),
    (lambda: value.ahp([[1, -3], [-1 / 3, 1]]), "0 against 1 is .*a number above zero"),
    (lambda: value.ahp([[2, 3], [1 / 3, 1]]), "the diagonal of the comparisons is 1"),
    (lambda: value.ahp([[1, 60], [1 / 60, 1]]), "is 60, the scale ends at 9"),
    (lambda: value.ahp(pd.DataFrame([[1, 1], [1, 1]], index=["a", "b"], columns=["a", "c"])), "named differently"),
    (lambda: value.ahp_hierarchy({"p": 1.0}, {"q": pd.Series([1.0])}), "no weight for q, unknown p"),
    (lambda: value.topsis(OFFERS, EVEN, ideal={"taste": 1}), "ideal names 'taste'"),
    (lambda: value.topsis(OFFERS, EVEN, anti_ideal={"price": np.inf}), "anti_ideal of 'price' must be a finite number"),
    (lambda: value.moved_weights(WEIGHTS, "taste", 0.2), "'taste' is no criterion"),
    (lambda: value.moved_weights({"a": 1.0, "b": 0.0}, "a", 0.2), "'a' has all the weight"),
    (lambda: value.weight_simulation(TABLE, seed=1, order=["sales"]), "order must name every criterion once"),
    (lambda: value.rank_reversals(OFFERS, lambda m: m["price"], drop=["z"]), "drop names 'z'"),
    (lambda: value.effective_weights([[1, 1], [1, 1]], [0.5, 0.5]), "all scores are equal"),
])
def test_bad_data_is_told_what_to_mend(call, message):
    with pytest.raises(DataError, match=message):
        call()


@pytest.mark.parametrize(("call", "message"), [
    (lambda: value.normalise(OFFERS, method="best"), "method='best' is not known"),
    (lambda: value.normalise(OFFERS, method="minmax", cost_rule="inverse"), "one way to turn a cost"),
    (lambda: value.normalise(OFFERS, method="max", limits={"price": (0, 1)}), "limits are for method='minmax'"),
    (lambda: value.normalise(OFFERS, method="z", ddof=3), "ddof=3 leaves nothing of 3 rows"),
    (lambda: value.topsis(OFFERS, EVEN, metric=0.5), "Minkowski's p is 1 or more"),
    (lambda: value.topsis(OFFERS, EVEN, metric="cosine"), "metric='cosine' is not known"),
    (lambda: value.ahp(np.ones((11, 11))), "ends at 10 criteria, there are 11"),
    (lambda: value.ahp(np.ones((3, 3)), random_index=0), "random_index must be above zero"),
    (lambda: value.entropy_weights([[1, 2], [4, 16]], base=1), "base must be a number above 1"),
    (lambda: value.entropy_weights([[10, 100], [11, 1], [10, 1], [12, 1], [10, 1]], base=2), "too small for 5"),
    (lambda: value.ahp([[1, 3], [1 / 3, 1]], limit=10), "did you mean 0.1"),
    (lambda: value.crossings(np.random.default_rng(1).random((1001, 2)), [0.5, 0.5], 0), "at the border of the list"),
    (lambda: value.choose(pd.Series([1.0]), 2), "2 places for 1 alternatives"),
    (lambda: value.moved_weights(WEIGHTS, "sales", 20), "weight 20 is not between 0 and 1"),
    (lambda: value.weight_simulation(TABLE, seed=1, places=4), "4 places for 3 alternatives"),
    (lambda: value.weight_simulation(TABLE, seed=1, weights=WEIGHTS), "weights and concentration go together"),
    (lambda: value.weight_simulation(TABLE, seed=1, weights=WEIGHTS, concentration=5, order=list(WEIGHTS)),
     "order and weights exclude each other"),
    (lambda: value.ranking_agreement({"a": [1, 2]}, measure="chosen"), "places belong to measure='chosen'"),
])
def test_bad_arguments_are_told_what_to_mend(call, message):
    with pytest.raises(ValueError, match=message):
        call()
