"""Draws, intervals and simulated futures: widths, seeds, and means that must agree with the closed forms."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from crmlib import btyd
from crmlib.errors import ConvergenceError, CrmWarning, DataError
from tests.btyd_data import NBD, at, customers, donations, fit, split, story

WEEK = {"horizon_unit": "week"}


@cache
def resampled():
    return btyd.parameter_draws(fit("BG/NBD"), n=90, seed=3, method="bootstrap")


def year_total(model):
    return btyd.expected_purchases(model, split(), horizon=52, **WEEK).sum()


# --- draws ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", [*NBD, "BG/BB", "Gamma-Gamma"])
def test_normal_draws_have_the_mean_and_the_covariance_of_the_estimate(name):
    model = fit(name)
    draws = btyd.parameter_draws(model, n=2500, seed=7)
    logs = np.log([draw.params.to_numpy() for draw in draws])
    values = model.params.to_numpy()
    wanted = model.covariance.to_numpy() / np.outer(values, values)
    spread = np.sqrt(np.diag(wanted))
    np.testing.assert_allclose(logs.mean(axis=0), np.log(values), rtol=0, atol=0.07 * spread.max())
    np.testing.assert_allclose(np.cov(logs.T) / np.outer(spread, spread), wanted / np.outer(spread, spread), atol=0.1)
    assert all((draw.params > 0).all() for draw in draws[:100])


@pytest.mark.parametrize("method", ["normal", "bootstrap"])
def test_draws_are_those_of_their_seed(method):
    model = fit("BG/NBD")
    first, again, other = (btyd.parameter_draws(model, n=6, seed=s, method=method) for s in (1, 1, 2))
    assert all(a.params.equals(b.params) for a, b in zip(first, again, strict=True))
    assert not first[0].params.equals(other[0].params)
    assert len(first) == 6 and first[0].unit == "week" and first[0].name == "BG/NBD"


def test_drawing_leaves_numpys_own_generator_alone():
    before = np.random.get_state()[1].copy()
    btyd.parameter_draws(fit("Pareto/NBD"), n=3, seed=1, method="bootstrap")
    btyd.simulate_purchases(fit("BG/NBD"), split(), horizon=1, **WEEK, n=2, seed=1)
    assert np.array_equal(before, np.random.get_state()[1])


def test_standard_error_of_the_52_week_total_by_draws_and_bootstrap():
    """Delta method 106.7; a bootstrap of 400 gave 109.2 (computed apart from this package)."""
    model = fit("BG/NBD")
    normal = np.std([year_total(m) for m in btyd.parameter_draws(model, n=700, seed=3)])
    assert normal == pytest.approx(106.7, rel=0.09)
    bootstrap = np.std([year_total(m) for m in resampled()])
    assert bootstrap == pytest.approx(109.2, rel=0.2)


def test_bootstrap_of_the_other_models_is_about_as_wide_as_the_hessian():
    for name, n in (("MBG/NBD", 30), ("BG/BB", 20), ("Gamma-Gamma", 30), ("Pareto/NBD", 8)):
        model = fit(name)
        draws = btyd.parameter_draws(model, n=n, seed=5, method="bootstrap")
        spread = np.std([np.log(draw.params.to_numpy()) for draw in draws], axis=0)
        ratio = spread / (model.standard_errors / model.params)
        assert ratio.between(0.5, 2).all(), (name, ratio.to_dict())


def test_bootstrap_draws_customers_not_cells():
    """Every resample has all 2,357 customers: were cells drawn alike, frequent histories would weigh too little."""
    mean = np.mean([draw.params.to_numpy() for draw in resampled()], axis=0)
    assert np.abs((mean - fit("BG/NBD").params) / fit("BG/NBD").standard_errors).max() < 0.6


def test_bootstrap_of_a_model_without_cells_is_refused():
    saved = btyd.read_json(fit("BG/NBD").to_json())
    with pytest.raises(ValueError, match="no cells to draw from .* fit it again"):
        btyd.parameter_draws(saved, n=3, seed=1, method="bootstrap")
    assert len(btyd.parameter_draws(saved, n=3, seed=1)) == 3


def test_bootstrap_that_mostly_fails_is_an_error():
    few = pd.DataFrame({"frequency": [1, 2], "monetary_value": [10.0, 12.0], "customers": [3, 2]})
    model = at("Gamma-Gamma")
    object.__setattr__(model, "cells", few)
    object.__setattr__(model, "n_customers", 5)
    with pytest.raises(ConvergenceError, match="bootstrap refits of Gamma-Gamma did not converge"):
        btyd.parameter_draws(model, n=10, seed=1, method="bootstrap")


@pytest.mark.parametrize(("options", "message"), [
    ({"n": 0, "seed": 1}, "n must be a whole number"), ({"n": 2.5, "seed": 1}, "n must be a whole number"),
    ({"n": 5, "seed": 1, "method": "jackknife"}, "method='jackknife' is not known"),
])
def test_draws_check_their_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        btyd.parameter_draws(fit("BG/NBD"), **options)


def test_a_seed_is_required():
    with pytest.raises(TypeError):
        btyd.parameter_draws(fit("BG/NBD"), n=5)
    with pytest.raises((TypeError, ValueError)):
        btyd.parameter_draws(fit("BG/NBD"), n=5, seed=None)
    with pytest.raises((TypeError, ValueError)):
        btyd.simulate_purchases(fit("BG/NBD"), split(), horizon=1, **WEEK, n=5, seed=None)


# --- intervals -----------------------------------------------------------------------------------------------

def test_interval_contains_its_estimate_and_is_about_four_errors_wide():
    draws = btyd.parameter_draws(fit("BG/NBD"), n=400, seed=2)
    found = btyd.interval(year_total, fit("BG/NBD"), draws=draws)
    assert list(found.index) == ["low", "estimate", "high"]
    assert found["low"] < found["estimate"] < found["high"]
    assert found["estimate"] == pytest.approx(2089.4, abs=0.05)
    assert found["high"] - found["low"] == pytest.approx(2 * 1.96 * 106.7, rel=0.15)


def test_wider_level_contains_narrower():
    draws = btyd.parameter_draws(fit("BG/NBD"), n=200, seed=2)
    narrow, wide = (btyd.interval(year_total, fit("BG/NBD"), draws=draws, level=level) for level in (0.5, 0.9))
    assert wide["low"] < narrow["low"] < narrow["high"] < wide["high"]


def test_interval_per_customer_is_aligned():
    data = split().head(30).set_axis([f"c{i}" for i in range(30)], axis=0)
    draws = btyd.parameter_draws(fit("BG/NBD"), n=100, seed=2)
    table = btyd.interval(lambda m: btyd.expected_purchases(m, data, horizon=39, **WEEK), fit("BG/NBD"), draws=draws)
    assert table.index.equals(data.index) and list(table.columns) == ["low", "estimate", "high"]
    assert (table["low"] < table["estimate"]).all() and (table["estimate"] < table["high"]).all()
    np.testing.assert_array_equal(
        table["estimate"], btyd.expected_purchases(fit("BG/NBD"), data, horizon=39, **WEEK))


def test_interval_of_two_models():
    model, spend = fit("BG/NBD"), fit("Gamma-Gamma")
    draws = btyd.parameter_draws(model, n=150, seed=1), btyd.parameter_draws(spend, n=150, seed=2)

    def value(timing, money):
        return btyd.lifetime_value_new(timing, money, horizon=1, horizon_unit="year", margin=0.3,
                                       annual_discount_rate=0.1, first_purchase="include")

    found = btyd.interval(value, model, spend, draws=draws)
    assert found["low"] < found["estimate"] < found["high"]
    with pytest.raises(ValueError, match=r"2 model\(s\) but 1 list\(s\)"):
        btyd.interval(value, model, spend, draws=draws[0])


def test_interval_checks_its_arguments():
    draws = btyd.parameter_draws(fit("BG/NBD"), n=5, seed=1)
    with pytest.raises(ValueError, match="did you mean 0.95"):
        btyd.interval(year_total, fit("BG/NBD"), draws=draws, level=95)
    with pytest.raises(ValueError, match="at least two draws"):
        btyd.interval(year_total, fit("BG/NBD"), draws=draws[:1])


def test_interval_covers_the_truth_about_as_often_as_it_says():
    """30 small worlds simulated by the story: a 90 % interval of the yearly mean misses a handful."""
    truth = (0.8, 6.0, 0.9, 3.0)
    target = btyd.expected_purchases_new(at("BG/NBD", truth), horizon=52, **WEEK)
    rng, hits = np.random.default_rng(12), 0
    for i in range(30):
        age = np.full(800, 52.0)
        frequency, recency, _ = story("BG/NBD", truth, age, rng)
        data = pd.DataFrame({"frequency": frequency, "recency": np.minimum(np.ceil(recency * 7) / 7, age), "T": age})
        model = btyd.fit_bg_nbd(data, unit="week")
        low, _, high = btyd.interval(
            lambda m: btyd.expected_purchases_new(m, horizon=52, **WEEK), model,
            draws=btyd.parameter_draws(model, n=120, seed=i), level=0.9)
        hits += low <= target <= high
    assert hits >= 22  # binomial(30, .9): 99.8 %


# --- simulated futures ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", NBD)
def test_simulated_total_has_the_expected_mean(name):
    futures = btyd.simulate_purchases(fit(name), split(), horizon=39, **WEEK, n=500, seed=4)
    wanted = btyd.expected_purchases(fit(name), split(), horizon=39, **WEEK).sum()
    error = futures["purchases"].std() / np.sqrt(500)
    assert list(futures.columns) == ["purchases"] and len(futures) == 500
    assert futures["purchases"].mean() == pytest.approx(wanted, abs=4 * error)


@pytest.mark.parametrize("name", NBD)
@pytest.mark.parametrize("row", [(0, 0, 5.0), (7, 29.43, 38.86), (20, 3, 38.86)])
def test_simulated_zeros_of_one_customer(name, row):
    futures = btyd.simulate_purchases(fit(name), customers(row), horizon=20, **WEEK, n=4000, seed=4)["purchases"]
    zero = btyd.probability_no_purchase(fit(name), customers(row), horizon=20, **WEEK).item()
    error = np.sqrt(max(zero * (1 - zero), 1e-4) / 4000)
    assert (futures == 0).mean() == pytest.approx(zero, abs=4 * error)
    mean = btyd.expected_purchases(fit(name), customers(row), horizon=20, **WEEK).item()
    assert futures.mean() == pytest.approx(mean, abs=4 * max(futures.std(), 1e-2) / np.sqrt(4000))


@pytest.mark.parametrize("name", NBD)
def test_simulated_revenue_is_spend_times_purchases(name):
    data, spend = split(), fit("Gamma-Gamma")
    futures = btyd.simulate_purchases(fit(name), data, horizon=39, **WEEK, n=400, seed=9, spend_model=spend)
    wanted = (btyd.expected_spend(spend, data) * btyd.expected_purchases(fit(name), data, horizon=39, **WEEK)).sum()
    error = futures["revenue"].std() / np.sqrt(400)
    assert futures["revenue"].mean() == pytest.approx(wanted, abs=4 * error)
    assert error < 0.01 * wanted


def test_asking_for_revenue_does_not_change_the_first_purchases():
    plain, both = (btyd.simulate_purchases(fit("BG/NBD"), split(), horizon=39, **WEEK, n=1, seed=9, spend_model=s)
                   for s in (None, fit("Gamma-Gamma")))
    assert plain["purchases"].equals(both["purchases"])


def test_futures_are_those_of_their_seed():
    run = [btyd.simulate_purchases(fit("BG/NBD"), split(), horizon=39, **WEEK, n=5, seed=s) for s in (1, 1, 2)]
    assert run[0].equals(run[1]) and not run[0].equals(run[2])


def test_uncertain_parameters_widen_the_future():
    model, options = fit("BG/NBD"), {"horizon": 52, "horizon_unit": "week", "n": 400, "seed": 6}
    draws = btyd.parameter_draws(model, n=400, seed=6)
    chance = btyd.simulate_purchases(model, split(), **options)["purchases"].var()
    both = btyd.simulate_purchases(model, split(), **options, draws=draws)["purchases"].var()
    # chance alone, and chance plus the variance of the mean
    assert both == pytest.approx(chance + 106.7**2, rel=0.3)


def test_a_single_future_is_wider_than_the_interval_of_its_mean():
    """What docstrings warn of: one customer strays much farther than the parameters."""
    row = customers((2, 30.43, 38.86))
    draws = btyd.parameter_draws(fit("BG/NBD"), n=100, seed=1)
    mean = btyd.interval(
        lambda m: btyd.expected_purchases(m, row, horizon=39, **WEEK).sum(), fit("BG/NBD"), draws=draws)
    future = btyd.simulate_purchases(fit("BG/NBD"), row, horizon=39, **WEEK, n=400, seed=1)["purchases"]
    assert future.quantile(0.975) - future.quantile(0.025) > 5 * (mean["high"] - mean["low"])


def test_nothing_happens_in_no_time():
    for name in NBD:
        futures = btyd.simulate_purchases(fit(name), split(), horizon=0, **WEEK, n=3, seed=1,
                                          spend_model=fit("Gamma-Gamma"))
        assert (futures == 0).all().all()


def test_simulation_refuses_what_it_cannot_do():
    with pytest.raises(ValueError, match="model='BG/BB' is not known"):
        btyd.simulate_purchases(fit("BG/BB"), donations(), horizon=1, horizon_unit="year", seed=1)
    with pytest.raises(ValueError, match="is a model of purchases, not of spend"):
        btyd.simulate_purchases(fit("BG/NBD"), split(), horizon=1, **WEEK, n=2, seed=1, spend_model=fit("BG/NBD"))


@pytest.mark.parametrize("money", [np.nan, -20.0, np.inf])
def test_simulated_revenue_checks_the_money_of_repeat_buyers(money):
    data = split().copy()
    data.loc[data.index[data["frequency"] > 0][0], "monetary_value"] = money
    with pytest.raises(DataError, match="monetary_value"):
        btyd.simulate_purchases(fit("BG/NBD"), data, horizon=39, **WEEK, n=2, seed=1, spend_model=fit("Gamma-Gamma"))


def test_simulated_revenue_needs_the_column():
    with pytest.raises(DataError, match="lacks the column 'monetary_value'"):
        btyd.simulate_purchases(fit("BG/NBD"), split().drop(columns="monetary_value"), horizon=39, **WEEK, n=2,
                                seed=1, spend_model=fit("Gamma-Gamma"))


def test_no_customer_left_is_a_total_of_zero_and_not_a_crash():
    gone = customers((300, 1.0, 5000.0))
    futures = btyd.simulate_purchases(fit("BG/NBD"), gone, horizon=39, **WEEK, n=5, seed=1)
    assert (futures["purchases"] == 0).all()


@pytest.mark.parametrize(("failures", "kept"), [(1, 40), (2, 40), (3, None)])
def test_failed_refits_are_counted_and_tolerated_up_to_one_in_twenty(monkeypatch, failures, kept):
    calls = []

    def sometimes(*arguments):
        calls.append(1)
        if len(calls) <= failures:
            raise ConvergenceError("no")
        return np.ones(4), np.eye(4)

    monkeypatch.setattr("crmlib.btyd.uncertainty.maximise", sometimes)
    if kept is None:
        with pytest.raises(ConvergenceError, match="3 bootstrap refits of BG/NBD did not converge, against 0 that did"):
            btyd.parameter_draws(fit("BG/NBD"), n=40, seed=1, method="bootstrap")
        return
    with pytest.warns(CrmWarning, match=f"{failures} bootstrap refits did not converge and were drawn again") as caught:
        draws = btyd.parameter_draws(fit("BG/NBD"), n=40, seed=1, method="bootstrap")
    assert len(draws) == kept and caught[0].filename == __file__
