"""Bad input to the buy-till-you-die models: every kind that users report, and what they are told."""

import subprocess
import sys
import warnings

import ibis
import numpy as np
import pandas as pd
import pytest

from crmlib import btyd
from crmlib.errors import ConvergenceError, CrmWarning, DataError
from tests.btyd_data import FITS, NBD, at, customers, donations, fit, sample_orders, split

TIMING_FITS = [pytest.param(FITS[name], id=name) for name in NBD]
WEEK = {"horizon": 4, "horizon_unit": "week"}
PREDICTIONS = {
    "alive": lambda d: btyd.probability_alive(fit("BG/NBD"), d),
    "expected": lambda d: btyd.expected_purchases(fit("MBG/NBD"), d, **WEEK),
    "zeros": lambda d: btyd.probability_no_purchase(fit("Pareto/NBD"), d, **WEEK),
    "discounted": lambda d: btyd.discounted_purchases(fit("BG/NBD"), d, **WEEK, annual_discount_rate=0.1),
    "simulated": lambda d: btyd.simulate_purchases(fit("BG/NBD"), d, **WEEK, n=2, seed=1),
    "value": lambda d: btyd.lifetime_value(
        fit("BG/NBD"), fit("Gamma-Gamma"), d, **WEEK, margin=0.3, annual_discount_rate=0.1),
}
ALL_PREDICTIONS = [pytest.param(call, id=name) for name, call in PREDICTIONS.items()]


def spoiled(column, value, rows=1):
    """CDNOW with `value` in some rows of `column`, of customers who came back."""
    data = split().copy()
    chosen = data.index[data["frequency"] > 0][:rows]
    data[column] = data[column].astype(object if isinstance(value, str) else float)
    data.loc[chosen, column] = value
    return data


# --- fits: the data ------------------------------------------------------------------------------------------

@pytest.mark.parametrize("fitting", TIMING_FITS)
@pytest.mark.parametrize(("data", "message"), [
    (lambda: spoiled("recency", np.nan), "recency is missing or infinite for 1 customer"),
    (lambda: spoiled("T", np.nan, 3), "T is missing or infinite for 3 customer"),
    (lambda: spoiled("T", np.inf), "T is missing or infinite for 1 customer"),
    (lambda: spoiled("frequency", np.nan), "frequency is missing or infinite for 1 distinct"),
    (lambda: spoiled("frequency", 2.7), "frequency is not a whole number for 1 customer.*rate"),
    (lambda: spoiled("frequency", -1), "frequency is negative for 1 customer"),
    (lambda: spoiled("recency", -1), "recency is negative for 1 customer"),
    (lambda: spoiled("recency", 99.0, 2), r"recency is larger than T for 2 customer.*not\s+the time since the last"),
    (lambda: spoiled("recency", 0.0), "recency is 0 in spite of repeat purchases for 1 customer"),
    (lambda: split().assign(recency=1.0), "recency is above 0 without a repeat purchase for 1,411 customer"),
    (lambda: split().assign(frequency=0, recency=0.0), "none of 2,357 customers came back"),
    (lambda: split().assign(frequency=split()["frequency"] / 39), "was it divided by the time unit, or is it a rate"),
    (lambda: split().drop(columns="T"), r"the summary lacks the column\(s\) T; it has"),
    (lambda: split().drop(columns=["T", "frequency"]), r"lacks the column\(s\) frequency, T"),
    (lambda: split().head(0), "there are 0 customers"),
    (lambda: split().head(1), "there are 1 customers: a model needs many"),
    (lambda: spoiled("T", "thirty"), "column 'T' holds object, not numbers"),
    (lambda: split().drop(columns="customer_id").assign(customers=0.5), "customers is not a whole number"),
    (lambda: split().drop(columns="customer_id").assign(customers=-1), "customers is negative"),
    (lambda: split().drop(columns="customer_id").assign(customers=np.nan), "customers is missing"),
])
def test_fits_refuse_bad_histories(fitting, data, message):
    with pytest.raises(DataError, match=message):
        fitting(data())


def test_several_problems_are_told_at_once():
    data = spoiled("recency", -1)
    data.loc[data.index[-1], "T"] = np.nan
    with pytest.raises(DataError, match="T is missing.*; recency is negative"):
        btyd.fit_bg_nbd(data)


@pytest.mark.parametrize("fitting", TIMING_FITS)
def test_mixed_units_are_refused(fitting):
    with pytest.raises(DataError, match=r"T is in mixed units \(day, week\)"):
        fitting(pd.concat([split("day"), split("week")]))


@pytest.mark.parametrize("fitting", TIMING_FITS)
def test_unit_is_needed_and_may_not_contradict(fitting):
    with pytest.raises(ValueError, match="does not say its time unit: pass unit="):
        fitting(split().drop(columns="unit"))
    with pytest.raises(DataError, match="summary is in weeks, but unit='day' was asked for"):
        fitting(split(), unit="day")
    with pytest.raises(ValueError, match="time unit 'W' is not known"):
        fitting(split().drop(columns="unit"), unit="W")
    with pytest.raises(ValueError, match="time unit 'fortnight' is not known"):
        fitting(split().assign(unit="fortnight"))


def test_partly_missing_unit_is_refused():
    """A weekly summary joined to one that does not say its unit: half of it may be days."""
    mixed = pd.concat([split(), split("day").drop(columns="unit")])
    with pytest.raises(DataError, match="unit is missing for 2,357"):
        btyd.fit_bg_nbd(mixed)
    with pytest.raises(DataError, match="unit is missing for 2,357"):
        btyd.expected_purchases(fit("BG/NBD"), mixed, **WEEK)


@pytest.mark.parametrize("fitting", TIMING_FITS)
def test_customers_who_never_leave_are_no_inner_maximum(fitting):
    """Plain Poisson buyers with mixed rates: nobody leaves, the leaving parameters run away."""
    rng = np.random.default_rng(1)
    age = np.full(3000, 100.0)
    rate = rng.gamma(1.5, 1 / 8.0, 3000)
    count = rng.poisson(rate * age)
    recency = np.where(count > 0, age * rng.beta(np.maximum(count, 1), 1), 0.0)
    data = pd.DataFrame({"frequency": count, "recency": recency, "T": age})
    with warnings.catch_warnings():
        warnings.simplefilter("error", CrmWarning)
        with pytest.raises((ConvergenceError, CrmWarning), match=r"nobody leaving|hardly say") as caught:
            fitting(data, unit="week")
    assert not isinstance(caught.value, DataError)


@pytest.mark.parametrize("fitting", TIMING_FITS)
def test_a_handful_of_customers_is_an_error_or_a_warning(fitting):
    data = customers((1, 5.0, 30.0), (0, 0, 30.0), (2, 20.0, 30.0))
    with pytest.raises((ConvergenceError, CrmWarning)):
        with warnings.catch_warnings():
            warnings.simplefilter("error", CrmWarning)
            fitting(data)


@pytest.mark.parametrize("fitting", TIMING_FITS)
def test_identical_customers_are_an_error_or_a_warning(fitting):
    data = pd.DataFrame({"frequency": [3], "recency": [20.0], "T": [30.0], "customers": [500], "unit": "week"})
    with pytest.raises((ConvergenceError, CrmWarning)):
        with warnings.catch_warnings():
            warnings.simplefilter("error", CrmWarning)
            fitting(data)


def test_convergence_error_says_what_to_look_for():
    data = pd.DataFrame({"frequency": [3], "recency": [20.0], "T": [30.0], "customers": [500], "unit": "week"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CrmWarning)
        with pytest.raises(ConvergenceError, match="MBG/NBD.*500 customers in 1 cells.*usual causes"):
            btyd.fit_mbg_nbd(data)


def test_weak_parameters_warn_at_the_callers_line():
    data = pd.DataFrame({"frequency": [0, 1, 2, 5], "recency": [0, 4, 20, 30.0], "T": [38.0] * 4,
                         "customers": [60, 25, 10, 5], "unit": "week"})
    with pytest.warns(CrmWarning, match=r"the data hardly say what b is \(standard error above 100 %\)") as caught:
        btyd.fit_bg_nbd(data)
    ours = [each for each in caught if each.category is CrmWarning]
    assert ours[0].filename == __file__


# --- fits: kinds of columns ----------------------------------------------------------------------------------

@pytest.mark.parametrize("kind", ["Int64", "int32", "float32", "Float64", "object", "category"])
def test_kinds_of_frequency(kind):
    data = split().assign(frequency=split()["frequency"].astype(kind))
    assert btyd.fit_bg_nbd(data).params.equals(fit("BG/NBD").params)


@pytest.mark.parametrize("kind", ["Float64", "object", "float64[pyarrow]"])
def test_kinds_of_time(kind):
    data = split().astype({"recency": kind, "T": kind, "monetary_value": kind})
    np.testing.assert_allclose(btyd.fit_bg_nbd(data).params, fit("BG/NBD").params, rtol=1e-12)
    np.testing.assert_allclose(btyd.fit_gamma_gamma(data).params, fit("Gamma-Gamma").params, rtol=1e-12)
    for call in PREDICTIONS.values():
        np.testing.assert_allclose(call(data), call(split()), rtol=1e-12)


def test_missing_in_nullable_columns_is_missing():
    data = split().astype({"T": "Float64", "frequency": "Int64"})
    data.loc[0, "T"] = pd.NA
    with pytest.raises(DataError, match="T is missing or infinite for 1 customer"):
        btyd.fit_bg_nbd(data)
    data = split().astype({"frequency": "Int64"})
    data.loc[0, "frequency"] = pd.NA
    with pytest.raises(DataError, match="frequency is missing"):
        btyd.fit_bg_nbd(data)
    with pytest.raises(DataError, match="frequency is missing or infinite for 1 customers"):
        btyd.probability_alive(fit("BG/NBD"), data)


def test_text_that_is_numbers_is_read_or_refused_but_never_garbled():
    data = split().assign(T=split()["T"].astype(str))
    try:
        model = btyd.fit_bg_nbd(data)
    except DataError as error:
        assert "not numbers" in str(error)
    else:
        assert model.params.equals(fit("BG/NBD").params)


def test_rows_of_age_zero_are_fine():
    data = pd.concat([split(), customers(*[(0, 0, 0.0)] * 50)])
    for fitting in (btyd.fit_bg_nbd, btyd.fit_mbg_nbd, btyd.fit_pareto_nbd):
        fitted = fitting(data)
        assert fitted.n_customers == 2407
        # somebody who was not observed says nothing
        np.testing.assert_allclose(fitted.params, fitting(split()).params, rtol=1e-4)
        assert fitted.log_likelihood == pytest.approx(fitting(split()).log_likelihood, abs=1e-3)


def test_huge_frequency():
    data = pd.concat([split(), customers((5000, 38.0, 38.86))])
    model = btyd.fit_bg_nbd(data)
    assert np.isfinite(model.params).all() and model.params["alpha"] > 0
    row = customers((5000, 38.5, 38.86), (0, 0, 38.86))
    for name in ("BG/NBD", "MBG/NBD"):
        assert btyd.expected_purchases(fit(name), row, **WEEK).between(0, 5000).all()
        assert btyd.probability_alive(fit(name), row).between(0, 1).all()
        assert btyd.probability_no_purchase(fit(name), row, **WEEK).between(0, 1).all()


def test_where_pareto_nbd_overflows_it_says_so():
    row = customers((5000, 39.0, 39.0), (0, 0, 10.0))
    for function in (btyd.expected_purchases, btyd.probability_no_purchase):
        try:
            values = function(fit("Pareto/NBD"), row, **WEEK)
        except DataError as error:
            assert "no finite prediction for 1 customers" in str(error) and "5000" in str(error)
        else:
            assert np.isfinite(values).all()
    try:
        assert btyd.probability_alive(fit("Pareto/NBD"), row).between(0, 1).all()
    except DataError as error:
        assert "no finite prediction for 1 customers" in str(error)


# --- Gamma-Gamma ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("data", "message"), [
    (lambda: spoiled("monetary_value", 0.0, 2), "mean repeat spend is zero or less for 2 customer.*nonpositive='drop'"),
    (lambda: spoiled("monetary_value", -3.5), r"zero or less for 1 customer.*lowest -3\.50"),
    (lambda: spoiled("monetary_value", np.nan), "monetary_value is missing or infinite for 1 customer"),
    (lambda: spoiled("monetary_value", np.inf), "monetary_value is missing or infinite for 1 customer"),
    (lambda: split().query("frequency == 0"), "no customer came back"),
    (lambda: split().head(0), "there are 0 customers"),
    (lambda: split().drop(columns="monetary_value"), r"lacks the column\(s\) monetary_value"),
    (lambda: spoiled("frequency", 1.5), "frequency is not a whole number"),
    (lambda: split().assign(monetary_value="much"), "not numbers"),
])
def test_gamma_gamma_refuses_bad_spend(data, message):
    with pytest.raises(DataError, match=message):
        btyd.fit_gamma_gamma(data())


def test_gamma_gamma_drops_on_request_and_only_in_the_fit():
    data = spoiled("monetary_value", 0.0, 2)
    model = btyd.fit_gamma_gamma(data, nonpositive="drop")
    assert model.n_customers == 944
    spend = btyd.expected_spend(model, data)
    assert len(spend) == 2357 and (spend > 0).all()
    with pytest.raises(DataError, match="no repeat buyer has a mean spend above zero"):
        btyd.fit_gamma_gamma(split().assign(monetary_value=-1.0), nonpositive="drop")
    with pytest.raises(ValueError, match="nonpositive='ignore' is not known"):
        btyd.fit_gamma_gamma(data, nonpositive="ignore")


def test_gamma_gamma_does_not_look_at_money_of_one_time_buyers():
    data = split().copy()
    data.loc[data["frequency"] == 0, "monetary_value"] = np.nan
    assert btyd.fit_gamma_gamma(data).params.equals(fit("Gamma-Gamma").params)
    np.testing.assert_array_equal(
        btyd.expected_spend(fit("Gamma-Gamma"), data), btyd.expected_spend(fit("Gamma-Gamma"), split()))


def test_gamma_gamma_of_constant_money_has_no_maximum():
    with pytest.raises(ConvergenceError, match="Gamma-Gamma.*equal amounts for everybody"):
        btyd.fit_gamma_gamma(split().assign(monetary_value=10.0))


def test_gamma_gamma_warns_of_correlated_spend():
    data = split().query("frequency > 0")
    data = data.assign(monetary_value=data["monetary_value"] * data["frequency"])
    with pytest.warns(CrmWarning, match=r"frequency and mean spend correlate at 0\.\d\d, beyond 0\.3") as caught:
        btyd.fit_gamma_gamma(data)
    assert [each.filename for each in caught if each.category is CrmWarning] == [__file__]
    with pytest.warns(CrmWarning, match=r"correlate at 0\.11, beyond 0\.1"):
        btyd.fit_gamma_gamma(split(), correlation_limit=0.1)


def test_correlation_counts_customers_not_cells():
    with pytest.warns(CrmWarning, match=r"0\.11"):
        btyd.fit_gamma_gamma(btyd.count_cells(split(), ("frequency", "monetary_value")), correlation_limit=0.1)


def heavy_tails():
    """Mean spend per customer from a distribution without a mean, several occasions each."""
    rng = np.random.default_rng(4)
    scale = 20 / rng.gamma(0.7, size=3000)
    return pd.DataFrame({"frequency": 4, "monetary_value": scale * rng.gamma(4 * 2.0, size=3000) / 4})


def test_heavy_tails_warn_at_the_fit_and_refuse_a_mean():
    """Lifetimes issues 146, 362, 370: q below 1 used to give negative lifetime values in silence."""
    with pytest.warns(CrmWarning, match=r"q is 0\.\d+, not above 1: mean spend over customers is infinite"):
        model = btyd.fit_gamma_gamma(heavy_tails())
    assert model.params["q"] < 1
    with pytest.raises(ValueError, match="mean spend is infinite at q = 0"):
        btyd.expected_spend(model, heavy_tails())
    with pytest.raises(ValueError, match="mean spend is infinite"):
        btyd.lifetime_value(fit("BG/NBD"), model, split(), **WEEK, margin=0.3, annual_discount_rate=0.1)
    with pytest.raises(ValueError, match="mean spend is infinite"):
        btyd.lifetime_value_new(fit("BG/NBD"), model, **WEEK, margin=0.3, annual_discount_rate=0.1,
                                first_purchase="include")


def test_q_of_exactly_one_is_refused():
    with pytest.raises(ValueError, match=r"infinite at q = 1\.000"):
        btyd.expected_spend(at("Gamma-Gamma", (6.0, 1.0, 15.0)), split())


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_currency_does_not_matter(factor):
    data = split().assign(monetary_value=split()["monetary_value"] * factor)
    model = btyd.fit_gamma_gamma(data)
    np.testing.assert_allclose(model.params / fit("Gamma-Gamma").params, [1, 1, factor], rtol=1e-3)


@pytest.mark.parametrize("money", [np.nan, np.inf, -5.0])
def test_expected_spend_checks_repeat_buyers(money):
    with pytest.raises(DataError, match="monetary_value is .* for 1 customers"):
        btyd.expected_spend(fit("Gamma-Gamma"), spoiled("monetary_value", money))


# --- BG/BB ---------------------------------------------------------------------------------------------------

def donor_table(**changes):
    table = donations().copy()
    for name, value in changes.items():
        table[name] = table[name].astype(float)
        table.loc[3, name] = value
    return table


@pytest.mark.parametrize(("data", "message"), [
    (lambda: donor_table(recency=2.5), "recency is not a whole number of periods"),
    (lambda: donor_table(n_periods=6.5), "n_periods is not a whole number of periods"),
    (lambda: donor_table(frequency=5), "frequency is larger than recency"),
    (lambda: donor_table(recency=9), "recency is larger than n_periods"),
    (lambda: donor_table(frequency=np.nan), "frequency is missing"),
    (lambda: donor_table(customers=-3), "customers is negative"),
    (lambda: donations().drop(columns="n_periods"), r"lacks the column\(s\) n_periods"),
])
def test_bg_bb_refuses_bad_histories(data, message):
    with pytest.raises(DataError, match=message):
        btyd.fit_bg_bb(data())


@pytest.mark.parametrize(("data", "message"), [
    (lambda: donor_table(recency=2.5), "recency is not a whole number"),
    (lambda: donor_table(n_periods=6.5), "n_periods is not a whole number"),
    (lambda: donor_table(frequency=5), "frequency is larger than recency"),
])
def test_bg_bb_predictions_refuse_bad_histories(data, message):
    with pytest.raises(DataError, match=message):
        btyd.expected_purchases(fit("BG/BB"), data(), horizon=1, horizon_unit="year")


def test_bg_bb_horizons_are_whole_periods():
    for horizon, unit in ((1.5, "year"), (6, "month")):
        with pytest.raises(ValueError, match="whole number of periods"):
            btyd.expected_purchases(fit("BG/BB"), donations(), horizon=horizon, horizon_unit=unit)


def test_bg_bb_without_a_unit_has_no_horizon():
    model = btyd.fit_bg_bb(donations().drop(columns="unit"))
    assert model.unit is None
    assert btyd.probability_alive(model, donations()).between(0, 1 + 1e-12).all()
    with pytest.raises(ValueError, match="does not know its time unit"):
        btyd.expected_purchases(model, donations(), horizon=1, horizon_unit="year")


def test_periods_ahead_belongs_to_bg_bb():
    with pytest.raises(ValueError, match="periods_ahead is for BG/BB"):
        btyd.probability_alive(fit("BG/NBD"), split(), periods_ahead=1)
    with pytest.raises(ValueError, match="periods_ahead must be a whole number"):
        btyd.probability_alive(fit("BG/BB"), donations(), periods_ahead=-1)


# --- predictions: the data -----------------------------------------------------------------------------------

@pytest.mark.parametrize("call", ALL_PREDICTIONS)
@pytest.mark.parametrize(("data", "message"), [
    (lambda: spoiled("recency", np.nan), "recency is missing or infinite for 1 customers"),
    (lambda: spoiled("T", np.inf), "T is missing or infinite for 1 customers"),
    (lambda: spoiled("frequency", 1.5), "frequency is not a whole number for 1 customers"),
    (lambda: spoiled("frequency", -2), "frequency is negative for 1 customers"),
    (lambda: spoiled("recency", -1), "recency is negative"),
    (lambda: spoiled("recency", 50.0), "recency is larger than T for 1 customers"),
    (lambda: split().assign(recency=1.0), "recency is above 0 without a repeat purchase for 1,411 customers"),
    (lambda: split().drop(columns="recency"), "lacks the column 'recency'; it has customer_id, frequency"),
    (lambda: split("day"), "summary is in days, the model in weeks"),
    (lambda: pd.concat([split("day"), split("week")]), "mixed units"),
    (lambda: spoiled("T", "x"), "column 'T' holds object, not numbers"),
])
def test_predictions_refuse_bad_histories(call, data, message):
    with pytest.raises(DataError, match=message):
        call(data())


@pytest.mark.parametrize("call", ALL_PREDICTIONS)
def test_predictions_want_a_data_frame(call):
    for wrong in (ibis.memtable(split().head(5).drop(columns="unit")), split().to_dict("list"), None):
        with pytest.raises(TypeError, match="summary must be a DataFrame"):
            call(wrong)


def test_expected_spend_wants_a_data_frame():
    with pytest.raises(TypeError, match="summary must be a DataFrame"):
        btyd.expected_spend(fit("Gamma-Gamma"), ibis.memtable(split().head(5).drop(columns="unit")))


@pytest.mark.parametrize("call", [p for p in ALL_PREDICTIONS if p.id != "simulated"])
def test_predictions_for_nobody_are_empty(call):
    found = call(split().head(0))
    assert isinstance(found, pd.Series) and len(found) == 0


def test_simulation_of_nobody_is_zero():
    futures = btyd.simulate_purchases(fit("BG/NBD"), split().head(0), **WEEK, n=3, seed=1)
    assert (futures["purchases"] == 0).all()


@pytest.mark.parametrize("call", ALL_PREDICTIONS)
def test_predictions_for_one_customer(call):
    assert np.isfinite(np.asarray(call(split().head(1)), dtype=float)).all()


def test_summary_that_does_not_say_its_unit_is_taken_at_its_word():
    plain = split().drop(columns="unit")
    np.testing.assert_array_equal(
        btyd.expected_purchases(fit("BG/NBD"), plain, **WEEK), btyd.expected_purchases(fit("BG/NBD"), split(), **WEEK))


# --- predictions: the arguments ------------------------------------------------------------------------------

def value(**options):
    settings = {"horizon": 12, "horizon_unit": "month", "margin": 0.3, "annual_discount_rate": 0.1}
    return btyd.lifetime_value(fit("BG/NBD"), fit("Gamma-Gamma"), split().head(3), **{**settings, **options})


@pytest.mark.parametrize(("options", "message"), [
    ({"horizon": -1}, "horizon must be finite and zero or more"),
    ({"horizon": np.nan}, "horizon must be finite"),
    ({"horizon": np.inf}, "horizon must be finite"),
    ({"horizon": [1, 2, 3]}, "horizon must be one number"),
    ({"horizon_unit": "M"}, "time unit 'M' is not known: use one of day, week"),
    ({"horizon_unit": "months"}, "time unit 'months' is not known"),
    ({"horizon_unit": None}, "time unit None is not known"),
    ({"margin": 30}, "did you mean 0.3"),
    ({"margin": -0.1}, "margin -0.1 is not between 0 and 1"),
    ({"margin": "0.3"}, "margin must be a finite number"),
    ({"annual_discount_rate": 10}, "did you mean 0.1"),
    ({"annual_discount_rate": -0.05}, "annual_discount_rate -0.05 is not between"),
    ({"annual_discount_rate": np.nan}, "annual_discount_rate must be a finite number"),
    ({"timing": "start"}, "timing='start' is not known: use one of 'end', 'middle'"),
])
def test_lifetime_value_refuses_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        value(**options)


def test_horizon_and_rate_have_no_defaults():
    for missing in ("horizon", "horizon_unit", "margin", "annual_discount_rate"):
        options = {"horizon": 12, "horizon_unit": "month", "margin": 0.3, "annual_discount_rate": 0.1}
        del options[missing]
        with pytest.raises(TypeError, match=missing):
            btyd.lifetime_value(fit("BG/NBD"), fit("Gamma-Gamma"), split(), **options)


@pytest.mark.parametrize("function", [btyd.expected_purchases, btyd.probability_no_purchase])
def test_one_horizon_for_all_customers(function):
    """A list would be broadcast over histories that happen to be as many: a silent mistake."""
    data = customers((0, 0, 10.0), (1, 5, 10.0), (2, 5, 10.0))
    with pytest.raises(ValueError, match="horizon must be one number"):
        function(fit("BG/NBD"), data, horizon=[1, 2, 3], horizon_unit="week")


def test_models_in_the_wrong_place():
    with pytest.raises(ValueError, match="Gamma-Gamma is a model of spend, not of purchases"):
        btyd.probability_alive(fit("Gamma-Gamma"), split())
    with pytest.raises(ValueError, match="Gamma-Gamma is a model of spend, not of purchases"):
        btyd.expected_purchases_new(fit("Gamma-Gamma"), **WEEK)
    with pytest.raises(ValueError, match="BG/NBD is a model of purchases, not of spend"):
        btyd.expected_spend(fit("BG/NBD"), split())
    with pytest.raises(ValueError, match="is not known"):
        btyd.purchase_count_probability_new(fit("Pareto/NBD"), 1, **WEEK)
    with pytest.raises(ValueError, match="first_purchase='yes' is not known"):
        btyd.lifetime_value_new(fit("BG/NBD"), fit("Gamma-Gamma"), **WEEK, margin=1, annual_discount_rate=0,
                                first_purchase="yes")


@pytest.mark.parametrize("count", [-1, 1.5, [0, -2]])
def test_counts_are_whole(count):
    with pytest.raises(ValueError, match="count must be whole numbers of zero or more"):
        btyd.purchase_count_probability_new(fit("BG/NBD"), count, **WEEK)


# --- summaries -----------------------------------------------------------------------------------------------

def some_orders(**changes):
    frame = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": [1.0, 2.0, 3.0],
                          "date": pd.to_datetime(["2024-01-01", "2024-01-09", "2024-01-05"])})
    return frame.assign(**changes)


@pytest.mark.parametrize(("frame", "message"), [
    (lambda: some_orders().drop(columns="amount"),
     r"orders lack the column\(s\) amount; they have .*: map your columns"),
    (lambda: some_orders().rename(columns={"customer_id": "id", "date": "when"}),
     r"lack the column\(s\) customer_id, date"),
    (lambda: some_orders(amount=[1.0, np.nan, 3.0]), r"missing values \(1 in amount\)"),
    (lambda: some_orders(customer_id=["a", None, None]), r"missing values \(2 in customer_id\)"),
    (lambda: some_orders(date=pd.to_datetime(["2024-01-01", None, None])), r"missing values \(2 in date\)"),
    (lambda: some_orders(amount=[1.0, np.inf, 3.0]), "amount"),
    (lambda: some_orders(amount=["1.0", "2.0", "3.0"]), "amount"),
    (lambda: some_orders(date=["2024-01-01", "2024-01-09", "2024-01-05"]), "date"),
    (lambda: some_orders(date=[20240101, 20240109, 20240105]), "date"),
    (lambda: some_orders(date=pd.to_datetime(["2024-01-01", "2024-01-09", "2024-01-05"]).tz_localize("Asia/Shanghai")),
     "time zone"),
    (lambda: some_orders().head(0), "no customer has a purchase"),
])
def test_orders_are_checked(frame, message):
    with pytest.raises(DataError, match=message):
        btyd.customer_summary(frame(), observation_end="2024-01-31")


@pytest.mark.parametrize("orders", [None, "orders.csv", [("a", "2024-01-01", 1.0)], {"customer_id": ["a"]}])
def test_orders_are_a_table(orders):
    with pytest.raises(TypeError, match="orders must be a table from crmlib.data.read_transactions or a DataFrame"):
        btyd.customer_summary(orders, observation_end="2024-01-31")


@pytest.mark.parametrize(("end", "message"), [
    (None, "observation_end is required"), ("31.31.2024", "is not a date"), (pd.NaT, "is not a date"),
    (object(), "is not a date"), ("", "is not a date"), (20240131, "is not a date"),
])
def test_observation_end_is_a_date(end, message):
    with pytest.raises(ValueError, match=message):
        btyd.customer_summary(some_orders(), observation_end=end)


def test_observation_end_has_no_default():
    with pytest.raises(TypeError, match="observation_end"):
        btyd.customer_summary(some_orders())


def test_dates_before_the_data_and_in_the_wrong_order():
    with pytest.raises(DataError, match="no customer has a purchase up to the end of observation"):
        btyd.customer_summary(some_orders(), observation_end="2023-12-31")
    for calibration_end in ("2024-01-31", "2024-02-01"):
        with pytest.raises(ValueError, match="must be before observation_end"):
            btyd.calibration_holdout(some_orders(), calibration_end=calibration_end, observation_end="2024-01-31")


def test_summary_refuses_an_unknown_unit():
    with pytest.raises(ValueError, match="time unit 'W' is not known"):
        btyd.customer_summary(some_orders(), observation_end="2024-01-31", unit="W")


def test_count_cells_refuses_missing_columns():
    with pytest.raises(DataError, match=r"lacks the column\(s\) T; it has"):
        btyd.count_cells(split().drop(columns="T"))


# --- silence -------------------------------------------------------------------------------------------------

def test_nothing_is_printed_and_no_strange_warning_leaks(capfd):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        summary = btyd.customer_summary(sample_orders(), observation_end="1997-09-30")
        for fitting in FITS.values():
            fitting(summary)
        btyd.fit_bg_bb(donations())
        for bad in (customers((1, 5.0, 30.0), (0, 0, 30.0)), customers((3, 20, 30.0), (3, 20, 30.0))):
            for fitting in (btyd.fit_bg_nbd, btyd.fit_mbg_nbd, btyd.fit_pareto_nbd):
                try:
                    fitting(bad)
                except ConvergenceError:
                    pass
        try:
            btyd.fit_gamma_gamma(summary.assign(monetary_value=10.0))
        except ConvergenceError:
            pass
        for call in PREDICTIONS.values():
            call(summary)
            call(customers((400, 2.0, 38.0), (0, 0, 0)).assign(monetary_value=1.0))
    out, err = capfd.readouterr()
    assert out == "" and err == ""
    # Ibis 12 reads an option that pandas 4 will drop: a DeprecationWarning of its own
    strange = [str(w.message) for w in caught if not issubclass(w.category, (CrmWarning, DeprecationWarning))]
    assert strange == []


def test_importing_and_fitting_leaves_other_peoples_warnings_alone():
    """`import lifetimes` silences FutureWarning for everybody; here it must not."""
    code = (
        "import warnings\n"
        "before = list(warnings.filters)\n"
        "import pandas as pd\n"
        "from crmlib import btyd\n"
        "d = pd.DataFrame({'frequency': [0, 1, 2, 5], 'recency': [0, 4, 20, 30.], 'T': [38.] * 4,"
        " 'customers': [6000, 2500, 1000, 500]})\n"
        "btyd.fit_bg_nbd(d, unit='week')\n"
        "assert not [f for f in warnings.filters if f[0] == 'ignore' and f[2] is FutureWarning], warnings.filters\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_import_of_btyd_imports_no_engine_and_no_plots():
    code = ("import sys; from crmlib import btyd;"
            "heavy = {'lifetimes', 'ibis', 'matplotlib', 'autograd'} & set(sys.modules); assert not heavy, heavy")
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_duplicate_customers_are_counted_twice_and_nothing_is_said():
    """A summary is not checked for ids: cells and joined tables repeat them. Here as a fact, not as a wish."""
    doubled = pd.concat([split(), split()])
    model = btyd.fit_bg_nbd(doubled)
    assert model.n_customers == 4714
    np.testing.assert_allclose(model.params, fit("BG/NBD").params, rtol=1e-6)
    np.testing.assert_allclose(model.standard_errors, fit("BG/NBD").standard_errors / np.sqrt(2), rtol=1e-5)
