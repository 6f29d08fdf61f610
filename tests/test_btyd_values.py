"""Buy-till-you-die models, all parts together: published values of a cohort, and edge cases."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.special import roots_jacobi

from crmlib import btyd
from crmlib.data import load_cdnow
from crmlib.errors import CrmWarning


@pytest.fixture(scope="module")
def split():
    return btyd.calibration_holdout(load_cdnow(), calibration_end="1997-09-30", observation_end="1998-06-30")


def test_fader_hardie_lee_2005_jmr_value_of_the_cdnow_cohort():
    """RFM and CLV, JMR 42: 30 % margin, 15 % a year, after 78 weeks: about 47 dollars a customer, slightly more than
    1.1 million in all; 12,054 customers without a repeat purchase at 4.40 each, about 5 %.

    Models of the one-in-ten sample after 78 weeks, applied to the whole cohort. The paper removes ten very large
    buyers; here they are the ten largest by total spend.
    """
    orders = load_cdnow(sample=False).execute()
    largest = orders.groupby("customer_id").amount.sum().nlargest(10).index
    history = btyd.customer_summary(
        orders[~orders.customer_id.isin(largest)], observation_end="1998-06-30", unit="week")
    assert len(history) == 23_560
    sample = btyd.customer_summary(load_cdnow(), observation_end="1998-06-30", unit="week")
    purchases, spend = btyd.fit_pareto_nbd(sample), btyd.fit_gamma_gamma(sample)
    value = btyd.lifetime_value(purchases, spend, history, horizon=100, horizon_unit="year", margin=0.30,
                                annual_discount_rate=0.15, timing="middle")
    once = history.frequency == 0
    assert once.sum() == 12_054
    assert value.mean() == pytest.approx(47, abs=0.5)
    assert value.sum() == pytest.approx(1.1e6, rel=0.005)
    assert value[once].mean() == pytest.approx(4.40, abs=0.02)
    assert value[once].sum() / value.sum() == pytest.approx(0.05, abs=0.005)


def test_fader_hardie_lee_2005_jmr_prints_the_likelihood_of_total_spend(split):
    spend = btyd.fit_gamma_gamma(split)
    assert spend.log_likelihood == pytest.approx(-4055.92, abs=0.01)
    repeat = split[split.frequency > 0]
    assert spend.log_likelihood - np.log(repeat.frequency).sum() == pytest.approx(-4659, abs=0.5)


@pytest.mark.parametrize(("a", "b"), [(0.3, 0.4), (0.05, 0.2), (0.5, 0.5), (1.0, 0.2), (1.3, 1.0)])
def test_one_time_buyers_where_a_and_b_are_small(split, a, b):
    """lifetimes takes the logarithm of a negative number where a + b < 1; the mean over p and the rate does not."""
    model = btyd.fit_bg_nbd(split).with_params([0.25, 4.4, a, b])
    once = pd.DataFrame({"frequency": [0], "recency": [0.0], "T": [30.0], "unit": "week"})
    # given p, the mean count is (1 - (alpha / (alpha + p t))^r) / p; Gauss-Jacobi nodes for p ~ Beta(a, b)
    nodes, weights = roots_jacobi(200, b - 1, a - 1)
    p = (nodes + 1) / 2
    expected = weights @ ((1 - (34.4 / (34.4 + p * 39)) ** 0.25) / p) / weights.sum()
    forecast = btyd.expected_purchases(model, once, horizon=39, horizon_unit="week").iloc[0]
    assert forecast == pytest.approx(expected, rel=1e-5)


def test_counted_cells_are_evaluated_like_customers(split):
    model = btyd.fit_bg_nbd(split)
    cells = btyd.count_cells(split, ("frequency", "recency", "T", "holdout_frequency")).assign(unit="week")
    horizon = {"horizon": 39, "horizon_unit": "week"}
    pd.testing.assert_frame_equal(btyd.repeat_count_fit(model, cells), btyd.repeat_count_fit(model, split))
    naive, by_customer = btyd.naive_forecasts(cells, **horizon), btyd.naive_forecasts(split, **horizon)
    assert naive.average.iloc[0] == pytest.approx(by_customer.average.iloc[0], rel=1e-12)
    classes = [btyd.holdout_by_frequency(rows, {"model": btyd.expected_purchases(model, rows, **horizon)})
               for rows in (cells, split)]
    pd.testing.assert_frame_equal(*classes)
    simulated = btyd.simulate_purchases(model, cells.drop(columns="holdout_frequency"), n=200, seed=1, **horizon)
    total = btyd.expected_purchases(model, split, **horizon).sum()
    assert simulated.purchases.mean() == pytest.approx(total, rel=0.02)


def test_an_end_far_behind_the_last_order_is_pointed_out():
    with pytest.warns(CrmWarning, match="observation_end is 2000-06-30, but the last order is of 1998-06-30, 731 days"):
        btyd.calibration_holdout(load_cdnow(), calibration_end="1997-09-30", observation_end="2000-06-30")
    with warnings.catch_warnings():
        warnings.simplefilter("error", CrmWarning)
        btyd.customer_summary(load_cdnow(), observation_end="1998-07-15")


def test_spend_is_fitted_where_lifetimes_loses_its_way(split):
    spend = btyd.fit_gamma_gamma(split.sample(len(split), replace=True, random_state=27))
    assert spend.params.round(1).to_dict() == {"p": 10.2, "q": 3.2, "v": 7.6}


def test_merged_cells_report_the_likelihood_of_the_exact_ones(split):
    exact, merged = btyd.fit_bg_nbd(split), btyd.fit_bg_nbd(split, max_cells=400)
    assert merged.n_cells <= 400 and merged.grid != "exact"
    assert merged.log_likelihood == pytest.approx(exact.log_likelihood, abs=0.05)


def test_money_and_time_may_come_in_any_unit(split):
    """The optimisers work on scaled data: cents or millions, days or years give the same model."""
    spend = btyd.fit_gamma_gamma(split)
    for factor in (1e-4, 100.0, 1e6):
        other = btyd.fit_gamma_gamma(split.assign(monetary_value=split.monetary_value * factor))
        assert other.params[["p", "q"]].tolist() == pytest.approx(spend.params[["p", "q"]].tolist(), rel=1e-5)
        assert other.params["v"] == pytest.approx(spend.params["v"] * factor, rel=1e-5)
        shift = -spend.n_customers * np.log(factor)
        assert other.log_likelihood == pytest.approx(spend.log_likelihood + shift, abs=1e-3)
    for fit in (btyd.fit_bg_nbd, btyd.fit_pareto_nbd):
        weeks = fit(split)
        years = fit(split.assign(recency=split.recency / 52, T=split["T"] / 52).drop(columns="unit"), unit="year")
        shift = split.frequency.sum() * np.log(52)
        assert years.params["alpha"] * 52 == pytest.approx(weeks.params["alpha"], rel=1e-4)
        assert years.log_likelihood == pytest.approx(weeks.log_likelihood + shift, abs=1e-3)


def test_orders_cancelled_on_the_same_day_are_no_purchase():
    days = pd.to_datetime(["2024-01-01", "2024-01-05", "2024-01-05", "2024-01-09", "2024-01-12", "2024-01-12"])
    orders = pd.DataFrame({"customer_id": 1, "date": days, "amount": [10.0, 30.0, -30.0, 0.0, 30.0, -10.0]})
    summary = btyd.customer_summary(orders, observation_end="2024-01-15", unit="day")
    assert summary[["frequency", "recency", "monetary_value"]].iloc[0].tolist() == [2, 11, 10.0]
    model = btyd.fit_bg_nbd(btyd.customer_summary(load_cdnow(), observation_end="1997-09-30"))
    tracked = btyd.tracking(model, orders, calibration_end="2024-01-15", observation_end="2024-01-15", step="day")
    assert tracked.cumulative_actual.iloc[-1] == 2  # the same definition of a purchase day


def test_a_missing_month_is_pointed_out():
    orders = load_cdnow().execute()
    with pytest.warns(CrmWarning, match="no order in the 30 days before 1997-07-01.*part of the data missing"):
        btyd.customer_summary(orders[orders.date.dt.strftime("%Y-%m") != "1997-06"], observation_end="1998-06-30")


def test_a_count_column_from_elsewhere_is_not_taken_for_weights(split):
    with pytest.raises(ValueError, match="has customer_id and customers"):
        btyd.fit_bg_nbd(split.assign(customers=40))


def test_draws_without_a_mean_make_the_interval_open(split):
    spend = btyd.fit_gamma_gamma(split)
    draws = [spend.with_params([6.0, q, 15.0]) for q in (0.9, *np.linspace(1.5, 4, 19))]
    with pytest.warns(CrmWarning, match="in 1 of 20 draws mean spend is infinite"):
        low, estimate, high = btyd.interval(lambda s: btyd.expected_spend(s, split).sum(), spend, draws=draws)
    assert np.isfinite([low, estimate]).all() and high == np.inf


@pytest.mark.parametrize("text", ["01.07.2025", "2025", "2025-12", "today", "07/01/2025", 20250701])
def test_dates_that_can_be_read_in_two_ways_are_refused(text):
    with pytest.raises(ValueError, match="write it as 'YYYY-MM-DD'"):
        btyd.customer_summary(load_cdnow(), observation_end=text)
