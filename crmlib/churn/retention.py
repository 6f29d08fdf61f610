"""What keeping more of them is worth: points of retention, value at risk, and the bucket that leaks."""

import numpy as np
import pandas as pd

from crmlib import clv
from crmlib.checks import check_choice, check_count, check_discount_rate, check_fraction, check_positive
from crmlib.churn.arguments import numbers
from crmlib.errors import DataError


def retention_uplift(retention_rate, points, discount_rate, *, timing, margin=1.0) -> pd.DataFrame:
    """Return what a higher retention rate adds to the value of a customer.

    The value is `crmlib.clv.lifetime_value` at ``r`` and at ``r + points``, with a margin and a retention rate that
    stay the same every year. Where margins grow with tenure the uplift is larger (Reichheld's argument): see `growth`
    of `crmlib.clv.lifetime_value`.

    Parameters
    ----------
    retention_rate : float or array-like
        Retention rate r a year, one or many.
    points : float
        Rise of the rate, as a share: 0.05 is five percentage points, so that 90 % becomes 95 %, not 94.5 %.
    discount_rate : float
        A year, effective.
    timing : {"immediate", "residual", "end"}
        Who is meant: a new customer who pays now, one who has just paid, a new one who pays at the end of the year.
    margin : float
        A year, money.

    Returns
    -------
    pandas.DataFrame
        One row per rate: ``retention_rate, before, after, gain`` (money), ``relative`` (gain / before), ``lifetime``
        (how many times as long they stay: ``(1 - r) / (1 - r - points)``).

    Raises
    ------
    ValueError
        If a rate is no share, or the new rate is above 1.

    Examples
    --------
    >>> table = retention_uplift([0.6, 0.9], 0.05, 0.10, timing="residual", margin=100)
    >>> table[["before", "after", "relative"]].round(3).to_numpy().tolist()
    [[120.0, 144.444, 0.204], [450.0, 633.333, 0.407]]
    >>> retention_uplift(87, 0.05, 0.10, timing="residual")
    Traceback (most recent call last):
    ValueError: retention_rate 87 is not between 0 and 1: did you mean 0.87?
    """
    if np.asarray(retention_rate).dtype.kind in "bOSU" and not pd.api.types.is_float_dtype(retention_rate):
        raise ValueError(f"retention_rate must be a number, not {retention_rate!r}")
    rates = np.atleast_1d(np.asarray(retention_rate, dtype=float))
    if rates.ndim != 1 or not rates.size:
        raise ValueError(f"retention_rate must be one number or a list of numbers, not of shape {rates.shape}")
    for rate in rates:
        check_fraction("retention_rate", float(rate))
    points = check_fraction("points", points, low=-1)
    after = rates + points
    if (outside := (after > 1 + 1e-12) | (after < -1e-12)).any():
        raise ValueError(f"retention_rate {rates[outside][0]:g} and {points:g} make {after[outside][0]:g}: a rate "
                         "cannot lie outside 0 to 1. Points are shares: 0.05 for five points")
    after = np.clip(after, 0, 1)
    values = [clv.lifetime_value(margin, rate, check_discount_rate("discount_rate", discount_rate), timing=timing)
              for rate in (rates, after)]
    with np.errstate(divide="ignore", invalid="ignore"):
        relative, lifetime = values[1] / values[0] - 1, (1 - rates) / (1 - after)
    return pd.DataFrame({"retention_rate": rates, "before": values[0], "after": values[1],
                         "gain": values[1] - values[0], "relative": relative, "lifetime": lifetime})


def retention_for_uplift(relative, points, discount_rate, *, timing) -> float:
    """Return the retention rate at which `points` more make a customer worth `relative` more, or NaN if none does.

    With D = 1 + d: ``r = D - points (1 + relative) / relative`` for ``"immediate"`` and ``"end"``; for ``"residual"``
    the root of ``relative · r (D - r - points) = D · points``.

    Parameters
    ----------
    relative : float
        Gain as a share of the value: 0.25 for 25 %; at most 10.
    points, discount_rate, timing
        As in `retention_uplift`.

    Returns
    -------
    float
        Between 0 and ``1 - points``, the larger one if two do; NaN if none does. At a margin that stays the same.

    Examples
    --------
    >>> round(retention_for_uplift(1 / 3, 0.05, 0.10, timing="immediate"), 3)
    0.9
    """
    relative, points = check_positive("relative", relative), check_fraction("points", points)
    if relative > 10:
        raise ValueError(f"relative {relative:g} is a gain of {100 * relative:,.0f} %: did you mean "
                         f"{relative / 100:g}?")
    up = 1 + check_discount_rate("discount_rate", discount_rate)
    if check_choice("timing", timing, clv.TIMINGS) == "residual":
        half, under = (up - points) / 2, ((up - points) / 2) ** 2 - up * points / relative
        found = [half + sign * np.sqrt(under) for sign in (1, -1)] if under >= 0 else []
    else:
        found = [up - points * (1 + relative) / relative]
    found = [rate for rate in found if points > 0 and 0 <= rate <= 1 - points + 1e-12]
    return float(found[0]) if found else float("nan")


def value_at_risk(leaving, values) -> pd.Series:
    """Return what a list of customers is expected to take away: ``Σ p_i v_i``.

    Yearly revenue gives revenue at risk, remaining lifetime values (`clv.lifetime_value` with ``"residual"``) value
    at risk; adding the two counts the first year twice.

    Parameters
    ----------
    leaving : pandas.Series or array-like
        Chance of each customer to leave in the period.
    values : pandas.Series or array-like
        Money each brings, same customers in the same order.

    Returns
    -------
    pandas.Series
        ``customers``, ``value`` (all), ``at_risk`` (expected loss), ``share`` (of the value), ``leavers`` (expected
        number), ``as_average`` (what mean chance times total value would say: leavers are not average customers).

    Examples
    --------
    >>> value_at_risk([0.1, 0.5], [900, 100]).round(2).to_dict()
    {'customers': 2.0, 'value': 1000.0, 'at_risk': 140.0, 'share': 0.14, 'leavers': 0.6, 'as_average': 300.0}
    """
    p, v = numbers("leaving", leaving, low=0, high=1), numbers("values", values)
    if len(p) != len(v) or not p.index.equals(v.index):
        raise DataError(f"leaving ({len(p):,}) and values ({len(v):,}) are not about the same customers in the same "
                        "order")
    loss, total = float((p * v).sum()), float(v.sum())
    return pd.Series({"customers": float(len(p)), "value": total, "at_risk": loss,
                      "share": loss / total if total else np.nan, "leavers": float(p.sum()),
                      "as_average": float(p.mean()) * total})


def leaky_bucket(new, churn_rate, *, start=0.0, periods=10) -> pd.DataFrame:
    """Return how many customers there are after each period if so many come and such a part leaves.

    ``N_t = N_{t-1} (1 - c) + new``, which approaches ``new / c``: the level at which as many leave as come. All leave
    at one rate; where newcomers leave faster, the level is new times the mean stay, and ``1 / c`` is not that mean.

    Parameters
    ----------
    new : float
        Customers won per period; they can leave from the next period on.
    churn_rate : float
        Part c of the customers that leaves per period, above 0.
    start : float
        Customers at the beginning.
    periods : int
        How many periods.

    Returns
    -------
    pandas.DataFrame
        ``period`` (0 is the start), ``customers, left, steady`` (the level it goes to, the same in every row).

    Raises
    ------
    ValueError
        If nobody leaves (the bucket has no level), or a number is out of range.

    Examples
    --------
    >>> leaky_bucket(200, 0.25, periods=2).round(1)["customers"].tolist()
    [0.0, 200.0, 350.0]
    >>> leaky_bucket(200, 0.25, periods=2)["steady"].tolist()
    [800.0, 800.0, 800.0]
    """
    new, start = check_positive("new", new, zero=True), check_positive("start", start, zero=True)
    rate, periods = check_fraction("churn_rate", churn_rate), check_count("periods", periods)
    if rate == 0:
        raise ValueError("churn_rate is 0: a bucket that does not leak has no level, it grows by `new` for ever")
    level, rows = start, [(0, start, 0.0)]
    for period in range(1, periods + 1):
        rows.append((period, level * (1 - rate) + new, level * rate))
        level = rows[-1][1]
    table = pd.DataFrame(rows, columns=["period", "customers", "left"])
    table["steady"] = new / rate
    return table
