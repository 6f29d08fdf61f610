"""Satisfaction, loyalty and the people who answer: published numbers, other packages, identities, bad input."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib import delivered as dv
from crmlib.errors import CrmWarning, DataError

approx = pytest.approx
FEW = settings(max_examples=20)
RANDOM = np.random.default_rng(4)
X = pd.DataFrame(RANDOM.integers(1, 11, size=(60, 3)), columns=["p", "s", "i"])
SURVEY = X.assign(customer_id=range(60), y=np.clip(np.round(0.5 * X["p"] + 0.3 * X["s"] + RANDOM.normal(size=60)), 1,
                                                   10))


# -------------------------------------------------------------------------------- drivers


def test_driver_weights_are_least_squares_with_hc3():
    table = dv.driver_weights(SURVEY, outcome="y", drivers=["p", "s", "i"])
    design = np.column_stack([np.ones(60), X])
    weights, *_ = np.linalg.lstsq(design, SURVEY["y"].to_numpy(), rcond=None)
    assert table["weight"].tolist() == approx(weights[1:].tolist())
    # leaving one respondent out changes the weights by (X'X)^-1 x e / (1 - h): the jackknife, which HC3 adds up
    jack = np.array([np.linalg.lstsq(np.delete(design, k, 0), np.delete(SURVEY["y"].to_numpy(), k), rcond=None)[0]
                     for k in range(60)]) - weights
    assert (table["high"] - table["weight"]).tolist() == approx((1.959964 * np.sqrt((jack**2).sum(0)))[1:].tolist(),
                                                                rel=1e-5)
    assert table["correlation"].tolist() == approx([np.corrcoef(SURVEY["y"], SURVEY[name])[0, 1] for name in "psi"])
    assert table["share"].sum() == approx(1) and 0 < table.attrs["r_squared"] < 1


def test_driver_weights_do_not_depend_on_order_names_or_scale():
    table = dv.driver_weights(SURVEY, outcome="y", drivers=["p", "s", "i"])
    turned = dv.driver_weights(SURVEY.iloc[::-1], outcome="y", drivers=["i", "p", "s"]).loc[["p", "s", "i"]]
    pd.testing.assert_frame_equal(turned, table)
    ten = SURVEY.assign(**{c: 10 * SURVEY[c] for c in "psi"})
    wide = dv.driver_weights(ten, outcome="y", drivers=["p", "s", "i"], scale=None)
    assert wide["weight"].tolist() == approx((table["weight"] / 10).tolist())
    assert wide["share"].tolist() == approx(table["share"].tolist())
    standard = [dv.driver_weights(t, outcome="y", drivers=["p", "s", "i"], scale=None, standardise=True)["weight"]
                for t in (SURVEY, ten)]
    assert standard[0].tolist() == approx(standard[1].tolist())


def test_shares_of_two_uncorrelated_drivers_are_their_r_squared():
    square = pd.DataFrame([(a, b) for a in (1, 2, 3) for b in (1, 2, 3)], columns=["a", "b"])
    survey = square.assign(customer_id=range(9), y=3 * square["a"] + square["b"])
    table = dv.driver_weights(survey, outcome="y", drivers=["a", "b"], scale=None)
    assert table["share"].tolist() == approx([0.9, 0.1]) and table.attrs["r_squared"] == approx(1)


@pytest.mark.parametrize(("change", "arguments", "message"), [
    (lambda t: t.assign(p=10 * t["p"]), {}, "they reach 100: on a scale to 100. Divide by 10"),
    (lambda t: t.assign(p=t["p"] / 10), {}, "all 60 values of p lie between 0 and 1, on a scale of 1 to 10"),
    (lambda t: t.assign(p=t["p"] - 1), {}, "0 is an answer: were they asked on 0 to 10"),
    (lambda t: t.assign(p=np.where(t["p"] == 3, 99, t["p"])), {}, "the first 99"),
    (lambda t: t.assign(p=5), {}, "all respondents give the same p"),
    (lambda t: t.assign(i=t["p"]), {}, "one of p, s, i can be computed from the others"),
    (lambda t: t.iloc[:1], {}, r"1 respondent\(s\); at least 7"),
    (lambda t: t.assign(customer_id=1), {}, "repeat a customer_id"),
    (lambda t: t.assign(s=t["s"].where(t["s"] > 2)), {}, "values of s of survey are missing"),
])
def test_driver_weights_refuse(change, arguments, message):
    with pytest.raises(DataError, match=message):
        dv.driver_weights(change(SURVEY), outcome="y", drivers=["p", "s", "i"], **arguments)


def test_shares_of_a_scale_are_noticed():
    with pytest.raises(DataError, match="all 3 values of scores lie between 0 and 1.*Multiply by 10"):
        dv.net_promoter_score([0.5, 0.9, 1.0])


# -------------------------------------------------------------------------------- grids and gaps


def test_importance_performance():
    importance = pd.Series({"a": 9.0, "b": 8.0, "c": 3.0, "d": 2.0})
    performance = pd.Series({"d": 8.0, "c": 2.0, "b": 3.0, "a": 9.0})
    table = dv.importance_performance(importance, performance)
    assert table["quadrant"].tolist() == ["keep up", "concentrate here", "low priority", "possible overkill"]
    far = dv.importance_performance(importance, performance.replace(9.0, 90.0), cut="median")
    assert far.attrs["cut"] == (5.5, 5.5)
    assert table.attrs["cut"] == (5.5, 5.5) and table["gap"].tolist() == [0, 5, 1, -6]
    assert dv.importance_performance(importance, performance, cut=(8.5, 9.0))["quadrant"].tolist() == [
        "keep up", "low priority", "low priority", "low priority"]       # on the cut counts as high
    with pytest.raises(DataError, match="1 are only in importance"):
        dv.importance_performance(importance, performance.drop("a"))


def test_servqual_gaps():
    survey = pd.DataFrame({"customer_id": [1, 2, 3], "e1": [7, 6, 7], "p1": [5, 6, 4], "e2": [5, 5, 5],
                           "p2": [6, 6, 6]})
    pairs = {"reliability": ("p1", "e1"), "tangibles": ("p2", "e2")}
    table = dv.expectation_gaps(survey, pairs, scale=(1, 7))
    assert table["gap"].tolist() == approx([-5 / 3, 1, -1 / 3])
    weighted = dv.expectation_gaps(survey, pairs, scale=(1, 7), weights={"reliability": 75, "tangibles": 25})
    assert weighted.loc["overall", "gap"] == approx(-1)
    gaps = np.array([-2, 0, -3])
    assert table.loc["reliability", "high"] - table.loc["reliability", "gap"] == approx(
        1.959964 * gaps.std(ddof=1) / np.sqrt(3), rel=1e-5)
    assert table["gap"].tolist() == approx((table["perceived"] - table["expected"]).tolist())
    with pytest.raises(DataError, match="not on the scale 1 to 5"):
        dv.expectation_gaps(survey, pairs, scale=(1, 5))
    with pytest.raises(ValueError, match="add up to 1 or to 100; they add up to 1.5"):
        dv.expectation_gaps(survey, pairs, scale=(1, 7), weights={"reliability": 1, "tangibles": 0.5})


# -------------------------------------------------------------------------------- recommendation


def nps_of(promoters, passives, detractors, **options):
    return dv.net_promoter_score([10] * promoters + [7] * passives + [0] * detractors, **options)


def test_net_promoter_scores_as_published():
    score = nps_of(200, 120, 80)
    assert (score["nps"], score["error"]) == approx((30, 3.9051), abs=1e-4)
    # a half promoters, a third passives, a sixth detractors: variance 5/9 (stats.stackexchange)
    assert nps_of(3, 2, 1)["error"] == approx(100 * np.sqrt(5 / 9 / 6))
    unanimous, adjusted = nps_of(5, 0, 0), nps_of(5, 0, 0, method="adjusted")
    assert unanimous["nps"] == unanimous["high"] == 100 and unanimous["low"] == adjusted["low"] < 100


def test_errors_by_hand():
    adjusted = nps_of(200, 120, 80, method="adjusted")           # 200.75, 121.5 and 80.75 of 403
    assert (adjusted["nps"], adjusted["error"]) == approx((29.777, 3.890), abs=5e-4)
    weighted = dv.net_promoter_score([10, 0, 0], weights=[2, 1, 1])
    assert (weighted["nps"], weighted["error"]) == approx((0, 100 * np.sqrt(4 + 1 + 1) / 4))


def test_weights_are_paired_by_respondent():
    scores, weights = pd.Series({"a": 10, "b": 0, "c": 0}), pd.Series({"c": 6.0, "b": 1.0, "a": 1.0})
    assert dv.net_promoter_score(scores, weights=weights)["nps"] == approx(-75)
    with pytest.raises(DataError, match="not about the same respondents"):
        dv.net_promoter_score(scores, weights=weights.rename({"c": "d"}))


def test_a_shorter_scale_is_noticed():
    with pytest.warns(CrmWarning, match="nobody of 20 gives more than 5 on a scale of 0 to 10"):
        dv.net_promoter_score([5] * 12 + [4] * 8)
    assert dv.net_promoter_score([5] * 12 + [4] * 8, scale=(1, 5), promoters_from=5, detractors_to=3)["nps"] == 60


def test_thresholds_and_adjustment():
    assert dv.net_promoter_score([9, 8, 7, 6], promoters_from=8, detractors_to=6)["nps"] == 25
    adjusted = nps_of(5, 0, 0, method="adjusted")
    assert adjusted["promoters"] == approx(5.75 / 8) and adjusted["high"] <= 100 and adjusted["low"] < 100
    with pytest.raises(DataError, match=r"scores has 1 value\(s\); at least 2"):
        dv.net_promoter_score([9])
    with pytest.raises(DataError, match="on a scale to 100"):
        dv.net_promoter_score([90, 70, 10])
    with pytest.raises(DataError, match="0 is an answer"):
        dv.net_promoter_score([0, 5, 9], scale=(1, 10))
    with pytest.raises(DataError, match="1 of 2 values of scores are missing"):
        dv.net_promoter_score([9, np.nan])


@FEW
@given(st.lists(st.integers(0, 10), min_size=2, max_size=40), st.floats(0.1, 10))
def test_equal_weights_change_nothing(scores, weight):
    plain, weighted = dv.net_promoter_score(scores), dv.net_promoter_score(scores, weights=[weight] * len(scores))
    assert weighted.tolist() == approx(plain.tolist())
    assert dv.net_promoter_score(scores[::-1]).tolist() == approx(plain.tolist())
    assert plain[["promoters", "passives", "detractors"]].sum() == approx(1)


# -------------------------------------------------------------------------------- loyalty


def test_outcome_by_score():
    scores = pd.Series([1, 1, 2, 2, 2], index=list("abcde"))
    stayed = pd.Series([True, False, True, True, True], index=list("edcba"))
    table = dv.outcome_by_score(scores, stayed)
    assert table["mean"].to_dict() == {1.0: 1.0, 2.0: approx(2 / 3)} and table["n"].tolist() == [2, 3]
    classes = dv.outcome_by_score(pd.Series([3, 4, 9]), pd.Series([1.0, 3.0, 7.0]), groups=(0, 5, 10))
    assert classes["score"].tolist() == [3.5, 9] and classes["mean"].tolist() == [2, 7]
    assert classes.index.tolist() == ["(0, 5]", "(5, 10]"]        # so that two tables of these classes fit together
    assert classes.loc["(0, 5]", "high"] == approx(2 + 1.959964)  # the standard error of 1 and 3 is 1
    ones = dv.outcome_by_score(scores, stayed.astype(int))        # 1 and 0 are true and false
    pd.testing.assert_frame_equal(ones, table)
    with pytest.raises(ValueError, match="1 scores lie outside the classes"):
        dv.outcome_by_score(pd.Series([3, 4]), pd.Series([1, 2]), groups=(3, 5))


def test_lists_are_taken_in_order_if_they_fit():
    assert dv.outcome_by_score([1, 2, 2], [True, False, True])["mean"].tolist() == [1, 0.5]
    with pytest.raises(DataError, match="or a list of 3 values in their order"):
        dv.outcome_by_score([1, 2, 2], [True, False])
    with pytest.raises(DataError, match="not a table of shape"):
        dv.net_promoter_score(np.ones((2, 2)))
    with pytest.raises(ValueError, match="2 ranks for 3 numbers of suppliers"):
        dv.wallet_allocation([1, 2], [2, 2, 2])


def test_logistic_slope_of_two_groups_is_their_log_odds_ratio():
    x = pd.Series([0] * 10 + [1] * 10)
    y = pd.Series([True] * 4 + [False] * 6 + [True] * 7 + [False] * 3)
    fit = dv.logistic_slope(x, y)
    assert fit["odds_ratio"] == approx((7 / 3) / (4 / 6), rel=1e-5)
    assert fit["intercept"] == approx(np.log(4 / 6), rel=1e-5)         # the log odds at a score of 0
    error = np.sqrt(1 / 4 + 1 / 6 + 1 / 7 + 1 / 3)
    assert fit["high"] - fit["slope"] == approx(1.959964 * error, rel=1e-4)
    with pytest.raises(DataError, match="outcomes of both kinds"):
        dv.logistic_slope(x, y | True)
    with pytest.raises(DataError, match="separates the two outcomes"):
        dv.logistic_slope(pd.Series([1, 2, 3]), pd.Series([False, False, True]))


def test_correlation_with_fishers_interval():
    got = dv.correlation(SURVEY["p"], SURVEY["y"])
    assert got["r"] == approx(np.corrcoef(SURVEY["p"], SURVEY["y"])[0, 1])
    from scipy.stats import pearsonr

    low, high = pearsonr(SURVEY["p"], SURVEY["y"]).confidence_interval()
    assert (got["low"], got["high"]) == approx((low, high))
    with pytest.raises(DataError, match="numbers that differ"):
        dv.correlation(pd.Series([1, 1, 1, 1]), pd.Series([1, 2, 3, 4]))


# -------------------------------------------------------------------------------- who answers, and wallets


def test_response_rates_and_weights():
    asked = pd.Series({n: "firm" if n < 4 else "home" for n in range(10)})
    table = dv.response_rates(asked, [0, 1, 5])
    assert table["rate"].to_dict() == {"firm": 0.5, "home": approx(1 / 6)} and table["asked"].tolist() == [4, 6]
    assert table.loc["firm", ["low", "high"]].tolist() == approx([0.1500, 0.8500], abs=5e-4)    # Wilson of 2 in 4
    weights = dv.response_weights(asked, [0, 1, 5])
    assert weights.mean() == approx(1) and weights[[0, 1]].sum() / weights.sum() == approx(0.4)
    with pytest.raises(DataError, match="1 respondent.s. answered without having been asked, the first 77"):
        dv.response_rates(asked, [0, 77])
    with pytest.raises(DataError, match="nobody of home answered"):
        dv.response_weights(asked, [0])


def test_wallet_allocation_as_published():
    assert [dv.wallet_allocation(r, 2) for r in (1, 2)] == approx([2 / 3, 1 / 3])
    assert [dv.wallet_allocation(r, 3) for r in (1, 2, 3)] == approx([0.5, 1 / 3, 1 / 6])
    assert [dv.wallet_allocation(r, 4) for r in (1, 2, 3, 4)] == approx([0.4, 0.3, 0.2, 0.1])
    assert dv.wallet_allocation(1, 1) == 1


@FEW
@given(st.integers(1, 8))
def test_a_wallet_adds_up_to_one_also_with_ties(n):
    places = np.arange(1, n + 1, dtype=float)
    assert dv.wallet_allocation(places, np.full(n, n)).sum() == approx(1)
    places[:2] = places[:2].mean()
    assert dv.wallet_allocation(places, np.full(n, n)).sum() == approx(1)


def test_wallets_refuse():
    with pytest.raises(ValueError, match="rank must lie between 1"):
        dv.wallet_allocation(4, 3)
    with pytest.raises(ValueError, match="whole numbers of at least 1"):
        dv.wallet_allocation(1, 0)
    with pytest.raises(DataError, match="1 customer.s. spend more with us than in the whole category"):
        dv.share_of_wallet(pd.Series([5.0, 9.0]), pd.Series([6.0, 8.0]))
    assert np.isnan(dv.share_of_wallet(pd.Series([0.0]), pd.Series([0.0])).item())


# -------------------------------------------------------------------------------- what must not matter


BY_ROW = {
    "expectation_gaps": lambda t: dv.expectation_gaps(t, {"a": ("p", "s"), "b": ("i", "y")}, scale=(1, 10)),
    "outcome_by_score": lambda t: dv.outcome_by_score(t.set_index("customer_id")["p"],
                                                      t.set_index("customer_id")["y"] > 5),
    "logistic_slope": lambda t: dv.logistic_slope(t.set_index("customer_id")["p"], t.set_index("customer_id")["y"] > 5),
    "correlation": lambda t: dv.correlation(t.set_index("customer_id")["p"], t.set_index("customer_id")["y"]),
    "response_rates": lambda t: dv.response_rates(t.set_index("customer_id")["p"], t.loc[t["s"] > 5, "customer_id"]),
    "importance_performance": lambda t: dv.importance_performance(
        t.set_index("customer_id")["p"], t.set_index("customer_id")["s"]).sort_index(),
    "share_of_wallet": lambda t: dv.share_of_wallet(
        t.set_index("customer_id")["p"], 10 + t.set_index("customer_id")["s"]).sort_index(),
}


@pytest.mark.parametrize("name", BY_ROW)
def test_the_order_of_the_rows_does_not_matter(name):
    function = BY_ROW[name]
    straight, shuffled = function(SURVEY), function(SURVEY.sample(frac=1, random_state=2))
    assert np.asarray(straight.to_frame() if straight.ndim == 1 else straight).tolist() == [
        approx(row) if not any(isinstance(x, str) for x in row) else row
        for row in np.asarray(shuffled.to_frame() if shuffled.ndim == 1 else shuffled).tolist()]


def test_relabelling_respondents_does_not_matter():
    renamed = SURVEY.assign(customer_id=[f"r{n}" for n in SURVEY["customer_id"]])
    for name, function in BY_ROW.items():
        if name not in ("importance_performance", "share_of_wallet"):
            found, before = (np.asarray(function(t)).ravel().tolist() for t in (renamed, SURVEY))
            assert found == approx(before)
