"""Whom to call back: how often it works, and whether it pays."""

import numpy as np
import pandas as pd

from crmlib.checks import check_positive, shown
from crmlib.churn.arguments import columns, numbers
from crmlib.errors import DataError
from crmlib.intervals import check_level, share_interval
from crmlib.rows import outcomes


def winback_rates(attempts, *, by, level=0.95) -> pd.DataFrame:
    """Return how often attempts to win back succeeded, by reason, offer or another column.

    Parameters
    ----------
    attempts : pandas.DataFrame or ibis.Table
        One row per attempt: `by` and ``returned`` (true, false, or missing where it is not decided yet).
    by : str or list of str
        Column to group by.
    level : float
        Of the interval (Wilson).

    Returns
    -------
    pandas.DataFrame
        One row per group: ``tried`` (decided attempts), ``returned, rate, low, high``, ``pending`` (not counted).

    Raises
    ------
    DataError
        If columns are missing, or attempts have no group.

    Examples
    --------
    >>> attempts = pd.DataFrame({"reason": ["moved", "neglect", "neglect", "neglect"],
    ...                          "returned": pd.array([False, True, False, None], dtype="boolean")})
    >>> winback_rates(attempts, by="reason")[["tried", "returned", "rate", "pending"]].to_numpy().tolist()
    [[1.0, 0.0, 0.0, 0.0], [2.0, 1.0, 0.5, 1.0]]
    """
    level, names = check_level(level), [by] if isinstance(by, str) else list(by)
    table = columns(attempts, [*names, "returned"], "attempts")
    if gaps := int(table[names].isna().any(axis=1).sum()):
        raise DataError(f"{gaps:,} of {len(table):,} attempts have no {' or '.join(names)}: leave them out knowingly")
    decided = table["returned"].notna()
    if decided.any():
        outcomes("returned", table.loc[decided, "returned"])
    sums = pd.DataFrame({
        "tried": decided.astype(int), "returned": table["returned"].astype("boolean").fillna(False).astype(int),
        "pending": (~decided).astype(int),
    }).groupby([table[name] for name in names] if len(names) > 1 else table[names[0]], observed=True).sum()
    low, high = share_interval(sums["returned"].to_numpy(), sums["tried"].to_numpy(), level=level)
    rate = sums["returned"] / sums["tried"].where(sums["tried"] > 0)
    return sums.assign(rate=rate, low=low, high=high)[["tried", "returned", "rate", "low", "high", "pending"]]


def winback_value(chance, value, cost):
    """Return what one attempt to win back is expected to bring: ``chance · value of the second life - cost``.

    Parameters
    ----------
    chance : float or array-like
        Chance that the attempt succeeds, 0 to 1.
    value : float or array-like
        What a returned customer is worth from then on, money: with the retention of a **second** life, which is
        mostly lower than that of the first.
    cost : float or array-like
        Of the attempt, paid whether it succeeds or not, money.

    Returns
    -------
    float or numpy.ndarray

    Examples
    --------
    >>> winback_value(0.25, 2000, 340), winback_value(0.0, 2000, 20)
    (160.0, -20.0)
    """
    p = numbers("chance", np.atleast_1d(chance).tolist(), low=0, high=1).to_numpy()
    worth = numbers("value", np.atleast_1d(value).tolist()).to_numpy()
    spent = numbers("cost", np.atleast_1d(cost).tolist(), low=0).to_numpy()
    result = p * worth - spent
    return float(result[0]) if np.ndim(chance) == np.ndim(value) == np.ndim(cost) == 0 else result


def winback_plan(leavers, rates, *, cost) -> pd.DataFrame:
    """Return whom to call back: everybody who left, ranked by what an attempt is expected to bring.

    Parameters
    ----------
    leavers : pandas.DataFrame
        One row per customer: ``customer_id, reason, value`` (of a second life, money).
    rates : pandas.DataFrame
        ``rate, low, high`` by reason, as `winback_rates` returns them.
    cost : float
        Of an attempt, money.

    Returns
    -------
    pandas.DataFrame
        Best first: the columns of `leavers`, ``chance, expected, expected_low, expected_high`` (money), ``call``:
        "yes" if it pays at both ends of the interval of the rate, "no" if at neither, "open" otherwise.

    Raises
    ------
    DataError
        If ids are missing or there twice, a reason has no rate or two, or a rate lies outside its interval.

    Notes
    -----
    The chance is how many **return**, not how many more return than would without a call: where many come back on
    their own, take the rise of a trial instead.

    Examples
    --------
    >>> leavers = pd.DataFrame({"customer_id": [1, 2], "reason": ["closed", "neglect"], "value": [9000.0, 800.0]})
    >>> rates = pd.DataFrame({"rate": [0.0, 0.3], "low": [0.0, 0.2], "high": [0.002, 0.4]}, index=["closed", "neglect"])
    >>> winback_plan(leavers, rates, cost=20)[["customer_id", "expected", "call"]].to_numpy().tolist()
    [[2, 220.0, 'yes'], [1, -20.0, 'no']]
    """
    cost = check_positive("cost", cost, zero=True)
    table = columns(leavers, ["customer_id", "reason", "value"], "leavers").reset_index(drop=True)
    if gaps := int(table["customer_id"].isna().sum()):
        raise DataError(f"leavers: {gaps:,} of {len(table):,} have no customer_id")
    if twice := int(table["customer_id"].duplicated().sum()):
        raise DataError(f"leavers: {twice:,} customer id(s) are there twice: who left twice is called once")
    worth = numbers("value", table["value"])
    rates = columns(rates, ["rate", "low", "high"], "rates")
    if rates.index.has_duplicates:
        raise DataError(f"rates: the reason {shown(rates.index[rates.index.duplicated()][0])} is there twice")
    if (wrong := (rates["low"] > rates["rate"] + 1e-12) | (rates["rate"] > rates["high"] + 1e-12)).any():
        raise DataError(f"rates: that of {shown(rates.index[wrong][0])} lies outside its interval: low, then "
                        "high")
    if strange := [each for each in table["reason"].unique() if each not in rates.index]:
        raise DataError(f"rates have no row for the reason {shown(strange[0])}: who was never tried has no rate; "
                        "pool it with another reason, or leave these customers out")
    found = rates.reindex(table["reason"])
    table["chance"] = found["rate"].to_numpy()
    for name, end in (("expected", "rate"), ("expected_low", "low"), ("expected_high", "high")):
        table[name] = winback_value(found[end].to_numpy(), worth.to_numpy(), cost)
    ends = table[["expected_low", "expected_high"]]  # the other way round where a customer is worth less than nothing
    table["call"] = np.where(ends.min(axis=1) > 0, "yes", np.where(ends.max(axis=1) <= 0, "no", "open"))
    return table.sort_values("expected", ascending=False, kind="stable", ignore_index=True)
