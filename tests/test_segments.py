"""Concentration: how much of the value a few customers hold."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.errors import DataError
from crmlib.segments import gini, lorenz_curve, pareto_gini, pareto_shape, share_needed, top_share

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
