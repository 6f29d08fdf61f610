"""Predictions for every customer where the customers are: in memory, or in the engine.

A prediction needs a special function only of (frequency, T). So Python computes one row per distinct pair, a few
thousand of them however many customers there are, and the rest is arithmetic of the database.
"""

import numpy as np
import pandas as pd

from crmlib.btyd.models import _unit_of, history_rules
from crmlib.btyd.predictions import (
    _check_unit,
    _discounted,
    _horizon,
    _if_alive,
    _money,
    _population_spend,
    _spend_parameters,
    _steps,
    discounted_purchases,
    expected_purchases,
    expected_spend,
    probability_alive,
    row_weights,
)
from crmlib.btyd.summaries import GRID_ORIGIN_DAYS, count_cells, distinct_rows, group_equal_rows, numbers
from crmlib.checks import check_choice, check_fraction
from crmlib.errors import DataError
from crmlib.units import days_per

HISTORY = ["frequency", "recency", "T"]
SCORES = ("probability_alive", "expected_purchases", "expected_spend", "lifetime_value")
SCORABLE = ("BG/NBD", "MBG/NBD")
DRAW_GRIDS = (80, 40, 20, 10, 5)  # bins per factor e


def score_customers(
    model, spend_model, summary, *, horizon, horizon_unit, margin, annual_discount_rate, timing="end", cells=None
):
    """Return a customer summary with what the models say of each customer, in memory or in the engine.

    Parameters
    ----------
    model : FittedModel
        A purchase model; for an Ibis table BG/NBD or MBG/NBD.
    spend_model : FittedModel
        From `fit_gamma_gamma`.
    summary : pandas.DataFrame or ibis.Table
        ``frequency, recency, T, monetary_value`` per customer, as `customer_summary` gives them, with whatever
        else is to be kept. An Ibis table (DuckDB, Spark) stays where it is.
    horizon, horizon_unit, margin, annual_discount_rate, timing
        As in `lifetime_value`.
    cells : pandas.DataFrame, optional
        The histories of an Ibis table, from `history_cells`, if they are counted already.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        `summary` with ``probability_alive``, ``expected_purchases`` in the horizon, ``expected_spend`` per purchase
        and ``lifetime_value``. An Ibis table is not executed yet, except for two looks at it: whether it can be
        used, and its distinct histories.

    Raises
    ------
    DataError
        If histories are impossible, units differ, or a mean spend is missing or negative.

    Notes
    -----
    The formulas of `probability_alive`, `expected_purchases`, `expected_spend` and `lifetime_value`; a table in the
    engine agrees with a DataFrame to about 12 digits.

    Examples
    --------
    >>> from crmlib import btyd
    >>> from crmlib.data import load_cdnow
    >>> history = btyd.customer_summary(load_cdnow(), observation_end="1997-09-30")
    >>> model, spend = btyd.fit_bg_nbd(history), btyd.fit_gamma_gamma(history)
    >>> scores = score_customers(model, spend, history, horizon=1, horizon_unit="year", margin=0.3,
    ...                          annual_discount_rate=0.15)
    >>> scores[["customer_id", "probability_alive", "lifetime_value"]].round(2).head(2)
       customer_id  probability_alive  lifetime_value
    0            4               0.73           10.77
    1           18               1.00            2.50
    """
    margin = check_fraction("margin", margin)
    if isinstance(summary, pd.DataFrame):
        ahead = {"horizon": horizon, "horizon_unit": horizon_unit}
        spend = expected_spend(spend_model, summary)
        purchases = discounted_purchases(
            model, summary, **ahead, annual_discount_rate=annual_discount_rate, timing=timing)
        return summary.assign(
            probability_alive=probability_alive(model, summary),
            expected_purchases=expected_purchases(model, summary, **ahead),
            expected_spend=spend,
            lifetime_value=spend * purchases * margin)
    check_choice("model", model.name, SCORABLE)
    steps = _steps(model, horizon, horizon_unit, annual_discount_rate, timing)
    _check_table(model, summary)
    pairs = _pairs(model, summary if cells is None else cells, _horizon(model, horizon, horizon_unit), steps)
    return _score_table(model, spend_model, summary, pairs, margin)


def history_cells(summary):
    """Return one row per distinct history, with its number of customers and their mean spend.

    A value that is linear in a customer's mean spend, as lifetime value is, has the same total over these cells,
    each counted `customers` times, as over the customers: so a total, and its interval, cost what the histories cost.

    Parameters
    ----------
    summary : pandas.DataFrame or ibis.Table
        ``frequency, recency, T, monetary_value`` per customer, as `customer_summary` gives them.

    Returns
    -------
    pandas.DataFrame
        ``frequency, recency, T, monetary_value`` (the mean of the cell), ``customers`` and, if `summary` has it,
        ``unit``; sorted.

    Notes
    -----
    Spend is added up in whole cents, so that the result is the same on every engine, in any order.

    Examples
    --------
    >>> from crmlib import btyd
    >>> from crmlib.data import load_cdnow
    >>> history = btyd.customer_summary(load_cdnow(), observation_end="1997-09-30")
    >>> cells = history_cells(history)
    >>> len(history), len(cells), int(cells.customers.sum())
    (2357, 1016, 2357)
    >>> model, spend = btyd.fit_bg_nbd(history), btyd.fit_gamma_gamma(history)
    >>> ahead = dict(horizon=1, horizon_unit="year", margin=0.3, annual_discount_rate=0.15)
    >>> round((btyd.lifetime_value(model, spend, cells, **ahead) * cells.customers).sum())
    21239
    """
    if isinstance(summary, pd.DataFrame):
        frame = pd.DataFrame({name: numbers(summary, name) for name in HISTORY})
        customers = row_weights(summary)
        cents = np.rint(_money(summary, frame.frequency) * frame.frequency * 100) * customers
        cells = group_equal_rows(frame.assign(customers=customers), HISTORY)
        total = group_equal_rows(frame.assign(customers=cents), HISTORY).customers
    else:
        one = summary.mutate(_cents=(summary.monetary_value * summary.frequency * 100).round().cast("int64"))
        cells = one.group_by(HISTORY).agg(customers=one.count(), total=one["_cents"].sum().cast("int64")).execute()
        cells = cells.sort_values(HISTORY, ignore_index=True)
        total = cells.pop("total")
    spent = cells.customers * np.maximum(cells.frequency, 1)
    cells.insert(3, "monetary_value", total / 100 / spent)
    unit = _unit_of(summary, None, required=False)
    return cells if unit is None else cells.assign(unit=pd.Categorical([unit] * len(cells)))


def merged_cells(summary, *, most):
    """Count customers with (nearly) equal histories, with their mean spend: for what is computed once per draw.

    T and the silence since the last purchase are binned at equal width in their logarithm, frequency above 10
    likewise, as finely as `most` cells allow; each bin is represented by its means. Totals on these cells are a
    little off: use them for the width of an interval, and `history_cells` for its middle.

    Parameters
    ----------
    summary : pandas.DataFrame
        ``frequency, recency, T, monetary_value`` per customer; or counted, with a column ``customers``. Without a
        column ``unit``, times are taken as weeks.
    most : int
        Aim for so many cells; five bins per factor e is the coarsest grid.

    Returns
    -------
    pandas.DataFrame
        ``frequency, recency, T, monetary_value, customers``.

    Examples
    --------
    >>> history = pd.DataFrame({"frequency": [1, 1], "recency": [2.0, 2.0], "T": [9.0, 9.0], "monetary_value": [4, 8]})
    >>> merged_cells(history, most=10)
       frequency  recency    T  monetary_value  customers
    0          1      2.0  9.0             6.0          2
    """
    weights, day = row_weights(summary), 1 / days_per(_unit_of(summary, None, required=False) or "week")
    distinct, codes = distinct_rows(summary, HISTORY)
    cells = _grouped(summary, weights, codes, len(distinct))
    for bins in DRAW_GRIDS:
        if len(cells) <= most:
            return cells
        keys = pd.DataFrame({"frequency": np.where(
            distinct["frequency"] <= 10, distinct["frequency"],
            np.floor(bins * np.log(np.maximum(distinct["frequency"], 1))) + 100)})
        for name, time in (("T", distinct["T"]), ("silence", distinct["T"] - distinct["recency"])):
            keys[name] = np.floor(bins * np.log1p(time / (GRID_ORIGIN_DAYS * day)))
        merged, key = distinct_rows(keys, list(keys))
        cells = _grouped(summary, weights, key[codes], len(merged))
        # one T for a bin, not one for a cell: special functions are of (frequency, T), and a dear thing
        silence, age = cells["T"] - cells["recency"], np.unique(merged["T"], return_inverse=True)[1]
        cells["T"] = (np.bincount(age, cells["T"] * cells["customers"]) / np.bincount(age, cells["customers"]))[age]
        cells["recency"] = (cells["T"] - silence).clip(lower=day).where(cells["frequency"] > 0, 0.0)
        cells["T"] = np.maximum(cells["T"], cells["recency"])
    return cells


def _grouped(summary, row_customers, codes, size):
    customers = np.bincount(codes, weights=row_customers, minlength=size)
    means = {name: np.bincount(codes, weights=row_customers * numbers(summary, name), minlength=size) / customers
             for name in ("frequency", "recency", "T", "monetary_value")}
    # of a merged cell, the nearest whole number: a frequency counts purchases
    means["frequency"] = np.rint(means["frequency"]).astype(np.int64)
    return pd.DataFrame(means).assign(customers=np.rint(customers).astype(np.int64))


def _pairs(model, histories, t, steps):
    """One row per distinct (frequency, T): expected purchases if active, plain and discounted."""
    pairs = count_cells(histories, ("frequency", "T"))[["frequency", "T"]]
    x, age = pairs.frequency.to_numpy(dtype=float), pairs["T"].to_numpy()
    with np.errstate(all="ignore"):
        plain = _if_alive(model, t, x, age)
        discounted = _discounted(lambda ahead: _if_alive(model, ahead, x, age), *steps)
    broken = ~(np.isfinite(plain) & np.isfinite(discounted))
    if broken.any():
        raise DataError(f"{model.name} gives no finite prediction for {int(broken.sum()):,} histories (first: "
                        f"{pairs[broken].iloc[0].to_dict()}): they are far outside what the model was fitted on")
    return pairs.assign(purchases_if_alive=plain, discounted_if_alive=discounted)


def _score_table(model, spend_model, summary, pairs, margin):
    """The scores as one expression: a join with `pairs`, and arithmetic."""
    import ibis

    def number(value):  # typed, because Spark takes a bare 0.5 for a decimal
        return ibis.literal(float(value), type="float64")

    r, alpha, a, b = map(number, model.params)
    p, q, _ = map(number, _spend_parameters(spend_model))
    population, one = number(_population_spend(spend_model)), number(1)
    table = summary.left_join(ibis.memtable(pairs), ["frequency", "T"], rname="_{name}")
    x = table.frequency.cast("float64")
    again = x > 0
    survived = b + x if model.name == "MBG/NBD" else b + ibis.greatest(x, one) - one
    log_odds = (a / survived).ln() + (r + x) * ((alpha + table["T"]) / (alpha + table.recency)).ln()
    alive = one / (one + ibis.least(log_odds, number(700)).exp())
    if model.name == "BG/NBD":
        alive = ibis.ifelse(again, alive, one)
    weight = p * x / (p * x + q - one)
    spend = (one - weight) * population + weight * ibis.ifelse(again, table.monetary_value, number(0))
    return table.select(
        *summary.columns,
        probability_alive=alive,
        expected_purchases=alive * table.purchases_if_alive,
        expected_spend=spend,
        lifetime_value=spend * alive * table.discounted_if_alive * number(margin),
    )


def _check_table(model, summary):
    """Refuse in one query what `score_customers` refuses in a DataFrame."""
    import ibis

    if absent := [name for name in (*HISTORY, "monetary_value") if name not in summary.columns]:
        raise DataError(f"the summary lacks the column(s) {', '.join(absent)}; it has {', '.join(summary.columns)}")
    _check_unit(model, summary)
    x, recency, age, money = (summary[name] for name in (*HISTORY, "monetary_value"))
    missing = [(summary[name].isnull(), f"{name} is missing", "drop or mend these customers") for name in HISTORY]
    spend = ibis.ifelse(x > 0, money, 0.0)
    rules = [
        *missing, *history_rules(x, recency, age, "T"),
        ((x > 0) & (money.isnull() | money.isnan()), "monetary_value is missing in spite of repeat purchases",
         "read the orders with crmlib.data.read_transactions"),
        (spend < 0, "monetary_value is negative", "more returned than bought: leave them out, or set it to 0"),
    ]
    counts = summary.aggregate(**{f"rule_{i}": rule.sum() for i, (rule, *_) in enumerate(rules)}).execute().iloc[0]
    found = [f"{what} for {int(n):,} customers: {hint}"
             for n, (_, what, hint) in zip(counts.fillna(0), rules, strict=True) if n]
    if found:
        raise DataError("; ".join(found))
