"""Concentration: how much of the value a few customers hold."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.errors import DataError
from crmlib.segments import (
    gini,
    law_gini,
    law_top_share,
    lorenz_curve,
    pareto_gini,
    pareto_shape,
    share_needed,
    simulate_values,
    top_share,
    whale_curve,
    whale_peak,
)

MEASURES = [lorenz_curve, gini, top_share, share_needed]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2, 3, 4, 5], 4 / 15),
        ([7, 7, 7], 0.0),
        ([0, 0, 0, 0, 1], 0.8),
        ([10, 20, 30, 40], 0.25),
    ],
)
def test_gini_by_hand(values, expected):
    assert gini(values) == pytest.approx(expected, abs=1e-14)
    assert gini(values[::-1]) == pytest.approx(expected, abs=1e-14)


def test_unbiased_gini_is_one_when_one_customer_has_everything():
    assert gini([0, 0, 0, 0, 1], unbiased=True) == pytest.approx(1.0, abs=1e-14)
    assert np.isnan(gini([5], unbiased=True))
    assert gini([5]) == 0


def test_cdnow_sample_the_best_fifth_hold_two_thirds_not_80_percent():
    folder = Path(find_spec("lifetimes").origin).parent / "datasets"
    columns = ["master", "customer", "date", "cds", "amount"]
    orders = pd.read_csv(folder / "CDNOW_sample.txt", sep=r"\s+", header=None, names=columns)
    assert len(orders) == 6919
    assert orders["amount"].sum() == pytest.approx(244_091.94, abs=0.005)
    spend = orders.groupby("customer")["amount"].sum()
    assert len(spend) == 2357
    assert gini(spend) == pytest.approx(0.63092, abs=5e-6)
    assert top_share(spend, share=0.2) == pytest.approx(0.6746, abs=5e-5)
    assert top_share(spend, share=472 / 2357) == top_share(spend, share=0.2)
    assert top_share(spend, share=471 / 2357) < top_share(spend, share=0.2)
    needed = share_needed(spend, value_share=0.8)
    assert 0.2 < needed < 0.4
    assert top_share(spend, share=needed) >= 0.8 > top_share(spend, share=needed - 1 / 2357)


def test_pareto_80_20():
    alpha = pareto_shape(customer_share=0.2, value_share=0.8)
    assert alpha == pytest.approx(1.160964, abs=5e-7)
    assert alpha == pytest.approx(np.log(5) / np.log(4), abs=1e-14)
    assert pareto_gini(alpha) == pytest.approx(0.756471, abs=5e-7)
    assert 0.2 ** (1 - 1 / alpha) == pytest.approx(0.8, abs=1e-14)


def test_lorenz_curve_runs_from_corner_to_corner_and_encloses_the_gini():
    values = [3, 0, 10, 2, 2]
    curve = lorenz_curve(values)
    assert list(curve.columns) == ["customer_share", "value_share"]
    assert curve.iloc[0].tolist() == [0, 0] and curve.iloc[-1].tolist() == [1, 1]
    area = np.trapezoid(curve["value_share"], curve["customer_share"])
    assert gini(values) == pytest.approx(1 - 2 * area, abs=1e-14)


def test_whole_customers_are_counted_upwards():
    assert top_share(np.arange(1, 31), share=0.1) == pytest.approx((30 + 29 + 28) / 465)
    assert top_share([5, 4, 1], share=0.0) == 0
    assert top_share([5, 4, 1], share=0.01) == 0.5
    assert top_share([5, 4, 1], share=1.0) == 1
    assert share_needed([5, 4, 1], value_share=0.0) == 0
    assert share_needed([5, 4, 1], value_share=0.9) == pytest.approx(2 / 3)
    assert share_needed([0.1] * 10, value_share=0.8) == 0.8
    assert share_needed([0.1, 0.2, 0.7], value_share=1.0) == 1.0


@pytest.mark.parametrize("n", [100_000, 1_000_000])
def test_share_needed_of_many_customers(n):
    equal = np.full(n, 9.99)  # added up one by one, their shares end below 1
    for value_share in (0.2, 0.8, 1.0):
        assert share_needed(equal, value_share=value_share) == value_share
    for price in (9.99, 11.77, 14.37):  # one of them falls short of its own total, by another way of adding up
        assert share_needed(np.full(n, price), value_share=1 - 1e-15) > 0.999
    prices = np.random.default_rng(5).choice([9.99, 11.77, 14.37, 14.96, 29.33], size=n)  # of one or two discs
    assert share_needed(prices, value_share=1.0) == 1
    cents = np.sort(np.round(100 * prices).astype(int))[::-1].cumsum()  # whole numbers: no rounding at all
    for tenths in (1, 5, 8, 9):
        exact = (np.searchsorted(10 * cents, tenths * cents[-1]) + 1) / n
        assert share_needed(prices, value_share=tenths / 10) == exact


def test_share_needed_for_all_of_the_value_leaves_out_only_those_without_any():
    assert share_needed([1e15, 1e-3, 1e-3, 0.0], value_share=1.0) == 0.75


def test_all_zero_is_not_a_number():
    for measure in (gini, top_share, share_needed):
        assert np.isnan(measure([0, 0]))
    assert lorenz_curve([0, 0])["value_share"].isna().all()


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1, -2, 3, -4], r"2 of 4 values are negative \(smallest -4\).*whale curve"),
        ([1, np.nan], "1 of 2 values are missing or infinite"),
        ([1, np.inf], "1 of 2 values are missing or infinite"),
        ([], "at least one"),
        ([[1, 2]], r"one number per customer.*\(1, 2\)"),
        (["1", "2"], "must be numbers"),
        ([None, 2], "must be numbers"),
        ([True, False], "must be numbers"),
    ],
)
def test_bad_values(measure, values, message):
    with pytest.raises(DataError, match=message):
        measure(values)


def test_bad_shares():
    with pytest.raises(ValueError, match="share 20 is not between 0 and 1: did you mean 0.2?"):
        top_share([1, 2], share=20)
    with pytest.raises(ValueError, match="value_share 80 is not between 0 and 1: did you mean 0.8?"):
        share_needed([1, 2], value_share=80)
    with pytest.raises(ValueError, match="cannot hold 0.2 of the value"):
        pareto_shape(customer_share=0.8, value_share=0.2)
    with pytest.raises(ValueError, match="cannot hold 1 of the value"):
        pareto_shape(customer_share=0.2, value_share=1)
    with pytest.raises(ValueError, match="shape must be above 1"):
        pareto_gini(1)


def test_nothing_is_mutated():
    values = np.array([3.0, 1.0, 2.0])
    for measure in MEASURES:
        measure(values)
    assert values.tolist() == [3, 1, 2]


values_of_customers = st.lists(st.floats(0, 1e9), min_size=1, max_size=60).filter(lambda v: sum(v) > 1e-3)


@given(values_of_customers, st.floats(1e-2, 1e3))
def test_measures_do_not_depend_on_the_currency(values, rate):
    scaled = [v * rate for v in values]
    assert gini(scaled) == pytest.approx(gini(values), abs=1e-9)
    assert top_share(scaled) == pytest.approx(top_share(values), abs=1e-9)


@given(values_of_customers)
def test_bounds(values):
    n = len(values)
    assert -1e-12 <= gini(values) <= (n - 1) / n + 1e-12
    assert top_share(values, share=0.2) >= 0.2 - 1e-12
    assert top_share(values, share=share_needed(values, value_share=0.8)) >= 0.8 - 1e-9


@given(values_of_customers)
def test_doubling_every_customer_leaves_the_gini(values):
    assert gini(values + values) == pytest.approx(gini(values), abs=1e-9)


@given(st.floats(0.01, 0.98), st.floats(0.001, 0.999))
def test_pareto_shape_reproduces_its_own_shares(q, between):
    p = q + (1 - q) * between
    alpha = pareto_shape(customer_share=q, value_share=p)
    assert alpha > 1
    assert q ** (1 - 1 / alpha) == pytest.approx(p, abs=1e-9)


# --------------------------------------------------------------- laws, and where profits are negative


def test_laws_by_hand():
    # exponential: q (1 - ln q) and a Gini of a half; lognormal: 80/20 at sigma = 2 * 0.841621
    assert law_top_share("gamma", 1, share=0.2) == pytest.approx(0.2 * (1 - np.log(0.2)), abs=1e-12)
    assert law_gini("gamma", 1) == pytest.approx(0.5, abs=1e-12)
    assert law_top_share("lognormal", 2 * 0.8416212335729143, share=0.2) == pytest.approx(0.8, abs=1e-12)
    assert law_top_share("pareto", np.log(5) / np.log(4), share=0.2) == pytest.approx(0.8, abs=1e-12)
    assert law_gini("pareto", np.log(5) / np.log(4)) == pytest.approx(0.756471, abs=5e-7)
    assert law_gini("lognormal", 1) == pytest.approx(0.5204998778, abs=1e-9)
    assert law_gini("gamma", 2) == pytest.approx(0.375, abs=1e-12)


@pytest.mark.parametrize(("law", "parameter"), [("gamma", 0.3), ("gamma", 3.0), ("lognormal", 0.7), ("pareto", 3.0)])
def test_simulated_customers_follow_their_law(law, parameter):
    x = simulate_values(law, parameter, customers=200_000, seed=1, mean=50)
    assert x.mean() == pytest.approx(50, rel=0.02) and (x >= 0).all()
    assert top_share(x, share=0.2) == pytest.approx(law_top_share(law, parameter, share=0.2), abs=0.01)
    assert gini(x) == pytest.approx(law_gini(law, parameter), abs=0.01)
    again = simulate_values(law, parameter, customers=200_000, seed=1, mean=50)
    assert (x == again).all()


@pytest.mark.parametrize(("call", "message"), [
    (lambda: law_top_share("normal", 1), "law='normal' is not known: use one of 'pareto', 'lognormal', 'gamma'"),
    (lambda: law_top_share("gamma", 0), "parameter must be above zero"),
    (lambda: law_top_share("pareto", 1), "shape must be above 1"),
    (lambda: law_top_share("gamma", 1, share=20), "did you mean 0.2"),
    (lambda: law_top_share("gamma", 1, share=0.0), "strictly between 0 and 1"),
    (lambda: law_gini("gamma", -1), "parameter must be above zero"),
    (lambda: simulate_values("gamma", 1, customers=0, seed=1), "customers must be a whole number of at least 1"),
    (lambda: simulate_values("pareto", 0.5, customers=3, seed=1), "shape must be above 1"),
])
def test_bad_laws(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_whale_curve_by_hand():
    curve = whale_curve(pd.Series([-10.0, 60.0, 50.0, 0.0], index=list("abcd")))
    assert curve["customer_share"].tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert curve["profit_share"].tolist() == pytest.approx([0, 0.6, 1.1, 1.1, 1])
    assert curve["cumulative_profit"].tolist() == [0, 60, 110, 110, 100]
    peak = whale_peak([-10.0, 60.0, 50.0, 0.0])
    assert peak.tolist() == pytest.approx([4, 100, 1.1, 0.5, 1, -10])


def test_without_losses_the_whale_curve_is_the_lorenz_curve_from_the_other_end():
    x = [5.0, 1.0, 3.0, 3.0]
    whale, lorenz = whale_curve(x), lorenz_curve(x)
    assert whale["profit_share"].tolist() == pytest.approx((1 - lorenz["value_share"])[::-1].tolist())
    assert whale_peak(x)["peak_share"] == 1 and whale_peak(x)["loss_makers"] == 0


@pytest.mark.parametrize(("values", "message"), [
    ([1, np.nan], "1 of 2 values of profit are missing"),
    ([], "at least one"),
    ([[1, 2]], "one number per customer"),
    (["a"], "must be numbers"),
    ([1, -1], "adds up to 0.00: a share of it has no meaning"),
    ([1, -3], "adds up to -2.00"),
])
def test_bad_profits(values, message):
    for function in (whale_curve, whale_peak):
        with pytest.raises(DataError, match=message):
            function(values)


@given(st.lists(st.integers(-10**6, 10**7), min_size=1, max_size=60).filter(lambda cents: sum(cents) > 0))
def test_whale_curve_ends_on_the_exact_total_and_is_highest_where_losses_begin(cents):
    curve, peak = whale_curve([c / 100 for c in cents]), whale_peak([c / 100 for c in cents])
    assert curve["cumulative_profit"].iloc[-1] == sum(cents) / 100 and curve["profit_share"].iloc[-1] == 1
    gains, losses = sum(c for c in cents if c > 0), sum(c for c in cents if c < 0)
    assert peak["peak_share"] == pytest.approx(gains / sum(cents)) and peak["lost"] == losses / 100
    assert peak["loss_makers"] == sum(c < 0 for c in cents)
