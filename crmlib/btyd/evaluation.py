"""Whether to believe a model: against what happened, and against what a manager would have guessed."""

import numpy as np
import pandas as pd

from crmlib.btyd.models import _unit_of
from crmlib.btyd.predictions import _check_unit, _new, purchase_count_probability_new, row_weights
from crmlib.btyd.summaries import customer_days, numbers, orders_table
from crmlib.checks import check_choice, check_count, check_day, check_positive
from crmlib.errors import DataError
from crmlib.units import convert_time, days_per


def tracking(model, orders, *, calibration_end, observation_end, step="week"):
    """Compare repeat purchases with the model's expectation, step by step, from the first day on.

    Parameters
    ----------
    model : FittedModel
        BG/NBD, MBG/NBD or Pareto/NBD, fitted at `calibration_end`.
    orders : ibis.Table or pandas.DataFrame
        ``customer_id, date, amount``; one row per order.
    calibration_end : str or date
        Customers who first bought later are left out, as in the fit.
    observation_end : str or date
        Last day to track; only whole steps are shown.
    step : {"day", "week", "month", "quarter", "year"}
        Counted from the first purchase in the data.

    Returns
    -------
    pandas.DataFrame
        One row per step, indexed by its number: ``last_day``; ``actual`` and ``expected`` repeat purchase days
        in it; ``cumulative_actual``, ``cumulative_expected``; ``holdout``, true once the step ends after
        `calibration_end`.

    Notes
    -----
    Expected is the sum over customers of E[X(t - first purchase)], t the end of the step; Fader, Hardie & Lee
    (2005), figures 2 and 3, with the numbers of the R package BTYD: at the end of a step a customer is a day
    older than the T of `customer_summary` on the same evening, which counts from day to day.

    Examples
    --------
    >>> from crmlib import btyd
    >>> from crmlib.data import load_cdnow
    >>> history = btyd.customer_summary(load_cdnow(), observation_end="1997-09-30")
    >>> model = btyd.fit_bg_nbd(history)
    >>> weeks = btyd.tracking(model, load_cdnow(), calibration_end="1997-09-30", observation_end="1998-06-30")
    >>> weeks.loc[[39, 78], ["cumulative_actual", "cumulative_expected"]].round().rename_axis(None)
        cumulative_actual  cumulative_expected
    39               2457               2502.0
    78               4339               4166.0
    """
    import ibis

    check_choice("model", model.name, ("BG/NBD", "MBG/NBD", "Pareto/NBD"))
    start, end = check_day("calibration_end", calibration_end), check_day("observation_end", observation_end)
    days = customer_days(orders_table(orders), end)
    days = days.filter(days.is_purchase).select("customer_id", "day")
    first = days.group_by("customer_id").agg(first_day=days.day.min())
    cohort = first.filter(first.first_day <= ibis.literal(start))
    repeats = days.join(cohort, "customer_id").filter(lambda t: t.day > t.first_day)
    new_per_day = cohort.group_by("first_day").agg(customers=cohort.count()).execute()
    repeats_per_day = repeats.group_by("day").agg(purchases=repeats.count()).execute()
    if new_per_day.empty:
        raise DataError(f"no customer bought up to calibration_end ({start})")

    origin = pd.to_datetime(new_per_day.first_day).min()
    began = (pd.to_datetime(new_per_day.first_day) - origin).dt.days.to_numpy()
    repeat_day = (pd.to_datetime(repeats_per_day.day) - origin).dt.days.to_numpy()
    length = days_per(step)
    steps = int(((pd.Timestamp(end) - origin).days + 1) // length)
    if steps < 1:
        raise ValueError(f"there is not one whole {step} between {origin.date()} and {end}")
    edges = np.arange(1, steps + 1) * length
    cumulative_actual = np.array([repeats_per_day.purchases[repeat_day < edge].sum() for edge in edges])
    # who bought first on day s has been a customer for edge - s days when the step is over
    ages = np.clip(edges[:, None] - began[None, :], 0, None) / days_per(model.unit)
    distinct, codes = np.unique(ages, return_inverse=True)
    expected = _new(model, distinct)[codes.reshape(ages.shape)] @ new_per_day.customers.to_numpy(dtype=float)
    last_day = origin + pd.to_timedelta(np.ceil(edges) - 1, unit="D")
    return pd.DataFrame(
        {
            "last_day": last_day,
            "actual": np.diff(cumulative_actual, prepend=0),
            "expected": np.diff(expected, prepend=0.0),
            "cumulative_actual": cumulative_actual,
            "cumulative_expected": expected,
            "holdout": last_day > pd.Timestamp(start),
        },
        index=pd.RangeIndex(1, steps + 1, name=step),
    )


def naive_forecasts(summary, *, horizon, horizon_unit, unit=None):
    """Forecast purchases as a manager without a model would.

    Parameters
    ----------
    summary : pandas.DataFrame
        ``frequency, T`` per customer, and ``unit`` (or pass `unit`).
    horizon, horizon_unit
        Length of the future.

    Returns
    -------
    pandas.DataFrame
        ``own_rate``: the customer's past rate carried on, frequency / T x horizon (0 where T is 0);
        ``average``: everybody at the rate of all, total frequency / total T x horizon.

    Examples
    --------
    >>> summary = pd.DataFrame({"frequency": [3, 0], "T": [30.0, 10.0], "unit": "week"})
    >>> naive_forecasts(summary, horizon=10, horizon_unit="week")
       own_rate  average
    0       1.0     0.75
    1       0.0     0.75
    """
    t = convert_time(check_positive("horizon", horizon, zero=True), horizon_unit, _unit_of(summary, unit))
    age, frequency = numbers(summary, "T"), numbers(summary, "frequency")
    if not age.sum() > 0:
        raise DataError("T is 0 for all customers: nobody has been observed for any time, so there is no rate")
    own = np.divide(frequency * t, age, out=np.zeros_like(age), where=age > 0)
    customers = row_weights(summary)
    average = (customers @ frequency) / (customers @ age) * t
    return pd.DataFrame({"own_rate": own, "average": average}, index=summary.index)


def holdout_scores(actual, forecasts):
    """Score forecasts per customer against what happened.

    Parameters
    ----------
    actual : pandas.Series
        Per customer.
    forecasts : pandas.DataFrame or mapping of str to pandas.Series
        One column per method, aligned with `actual`.

    Returns
    -------
    pandas.DataFrame
        One row per method: ``total`` forecast, ``bias`` of the total (forecast / actual - 1; NaN if nothing
        happened), ``mae`` and ``rmse`` per customer, ``correlation`` (NaN for a constant forecast).

    Examples
    --------
    >>> holdout_scores(pd.Series([0, 2, 4]), {"half": pd.Series([0.0, 1.0, 2.0])}).round(3)
          total  bias  mae   rmse  correlation
    half    3.0  -0.5  1.0  1.291          1.0
    """
    forecasts = pd.DataFrame(forecasts)
    if not forecasts.index.equals(actual.index):
        raise DataError("forecasts and actual have different rows: give both the index of the same summary")
    if forecasts.isna().any().any() or actual.isna().any():
        raise DataError("forecasts or actual have missing values: score the same customers everywhere")
    observed = actual.to_numpy(dtype=float)
    rows = {}
    for name, column in forecasts.items():
        values = column.to_numpy(dtype=float)
        error = values - observed
        varies = np.ptp(values) > 1e-9 * np.abs(values).max() and np.ptp(observed) > 0
        rows[name] = {
            "total": values.sum(),
            "bias": values.sum() / observed.sum() - 1 if observed.sum() else np.nan,
            "mae": np.abs(error).mean(),
            "rmse": np.sqrt((error**2).mean()),
            "correlation": np.corrcoef(values, observed)[0, 1] if varies else np.nan,
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def holdout_by_frequency(summary, forecasts, *, censor=7):
    """Compare mean holdout purchases with forecasts, by number of repeat purchases in calibration.

    Parameters
    ----------
    summary : pandas.DataFrame
        From `calibration_holdout`: ``frequency, holdout_frequency``.
    forecasts : pandas.DataFrame or mapping of str to pandas.Series
        One column per method, aligned with `summary`.
    censor : int
        Customers with this frequency or more form the last row.

    Returns
    -------
    pandas.DataFrame
        Indexed by frequency class ("0", "1", …, "7+"): ``customers``, ``actual`` mean, one mean per method.

    Notes
    -----
    Figure 4 of Fader, Hardie & Lee (2005): a model may be right in total and wrong in every class.

    Examples
    --------
    >>> from crmlib import btyd
    >>> from crmlib.data import load_cdnow
    >>> split = btyd.calibration_holdout(
    ...     load_cdnow(), calibration_end="1997-09-30", observation_end="1998-06-30")
    >>> naive = btyd.naive_forecasts(split, horizon=39, horizon_unit="week")
    >>> btyd.holdout_by_frequency(split, naive, censor=2).round(2).rename_axis(None)
        customers  actual  own_rate  average
    0        1411    0.24      0.00     1.24
    1         439    0.70      1.21     1.24
    2+        507    2.45      4.74     1.24
    """
    check_count("censor", censor)
    forecasts = pd.DataFrame(forecasts)
    if not forecasts.index.equals(summary.index):
        raise DataError("forecasts and summary have different rows: give both the index of the same summary")
    classes = np.minimum(numbers(summary, "frequency"), censor).astype(int)
    columns = forecasts.assign(actual=numbers(summary, "holdout_frequency"))[["actual", *forecasts]]
    weights = row_weights(summary)
    table = columns.mul(weights, axis=0).groupby(classes).sum()
    customers = pd.Series(weights).groupby(classes).sum()
    table = table.div(customers, axis=0)
    table.insert(0, "customers", customers.astype("int64"))
    table.index = pd.Index([f"{k}+" if k == censor else str(k) for k in table.index], name="frequency")
    return table


def repeat_count_fit(model, summary, *, censor=7):
    """Compare how many customers made 0, 1, 2, … repeat purchases with how many the model expects.

    Parameters
    ----------
    model : FittedModel
        BG/NBD or MBG/NBD.
    summary : pandas.DataFrame
        ``frequency, T`` per customer, in the unit of the model.
    censor : int
        Last class: this many or more.

    Returns
    -------
    pandas.DataFrame
        Indexed by repeat purchases: ``actual`` and ``expected`` customers; both sum to all of them.

    Notes
    -----
    Fader, Hardie & Lee (2005), figure 1: chi-square 4.82 on CDNOW with 7+ as the last class.

    Examples
    --------
    >>> from crmlib import btyd
    >>> from crmlib.data import load_cdnow
    >>> history = btyd.customer_summary(load_cdnow(), observation_end="1997-09-30")
    >>> model = btyd.fit_bg_nbd(history)
    >>> btyd.repeat_count_fit(model, history, censor=3).round(1).rename_axis(None)
        actual  expected
    0     1411    1407.7
    1      439     460.3
    2      214     192.5
    3+     293     296.5
    """
    check_count("censor", censor)
    check_choice("model", model.name, ("BG/NBD", "MBG/NBD"))
    _check_unit(model, summary)
    weights = row_weights(summary)
    ages, codes = np.unique(numbers(summary, "T"), return_inverse=True)
    customers = np.bincount(codes, weights=weights)
    counts = np.arange(censor)
    expected = customers @ purchase_count_probability_new(
        model, counts[None, :], horizon=ages[:, None], horizon_unit=model.unit)
    frequency = np.minimum(numbers(summary, "frequency"), censor).astype(int)
    labels = [*map(str, counts), f"{censor}+"]
    return pd.DataFrame(
        {
            "actual": np.bincount(frequency, weights=weights, minlength=censor + 1).astype("int64"),
            "expected": np.append(expected, customers.sum() - expected.sum()),
        },
        index=pd.Index(labels, name="repeat purchases"),
    )
