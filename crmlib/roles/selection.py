"""Whom to choose when there are not enough hours for everybody."""

import math
import warnings

import numpy as np
import pandas as pd

from crmlib.checks import check_choice, check_positive
from crmlib.errors import CrmWarning, DataError

SELECTION_METHODS = ("exact", "per_hour", "largest")
_SECONDS = 30  # for the search off the grid


def select_accounts(values, hours, *, capacity, method="exact") -> pd.DataFrame:
    """Choose the accounts to visit with the hours there are.

    ``"exact"`` maximises the sum of the values within the capacity: the 0/1 knapsack problem, solved by Bellman's
    recursion where the hours are whole, halves, quarters, tenths or minutes, and by `scipy.optimize.milp` where they
    are not (after 30 seconds with the best found so far, and a warning that states the gap). ``"per_hour"`` goes down
    the list by value per hour, ``"largest"`` by value, and both take every account that still fits.
    Accounts whose value is zero or less are never chosen.

    Parameters
    ----------
    values : Series or array-like
        What a visit is worth, money, by account.
    hours : Series or array-like
        What it takes, above 0. Give 1 for each account to choose a *number* of accounts.
    capacity : float
        Hours there are. 0 chooses nobody; more than all visits take chooses every account with a value above 0.
    method : {"exact", "per_hour", "largest"}

    Returns
    -------
    pandas.DataFrame
        In the order and with the index of `values`: ``value, hours, per_hour, chosen``.

    Raises
    ------
    DataError
        If values and hours do not belong together, are missing, or hours are not above 0.
    ValueError
        If the capacity is negative.

    Examples
    --------
    >>> values, hours = [60, 100, 120], [10, 20, 30]
    >>> for method in SELECTION_METHODS:
    ...     picked = select_accounts(values, hours, capacity=50, method=method)
    ...     print(method, picked.loc[picked["chosen"], "value"].sum())
    exact 220.0
    per_hour 160.0
    largest 220.0
    """
    check_choice("method", method, SELECTION_METHODS)
    limit = check_positive("capacity", capacity, zero=True)
    if isinstance(values, pd.Series) and isinstance(hours, pd.Series) and not values.index.equals(hours.index):
        raise DataError("values and hours do not name the same accounts in the same order: align them first")
    index = values.index if isinstance(values, pd.Series) else pd.RangeIndex(len(values))
    try:
        v, h = np.asarray(values, dtype=float), np.asarray(hours, dtype=float)
    except (TypeError, ValueError):
        raise DataError("values and hours must be numbers") from None
    if v.ndim != 1 or v.shape != h.shape:
        raise DataError(f"values and hours must be two lists of the same length, not {v.shape} and {h.shape}")
    if wrong := int((~np.isfinite(v) | ~np.isfinite(h)).sum()):
        raise DataError(f"{wrong:,} of {v.size:,} accounts have a missing or infinite value or hours: drop them or "
                        "decide on a number")
    if wrong := int((h <= 0).sum()):
        raise DataError(f"{wrong:,} of {v.size:,} accounts take zero hours or less: a visit takes time")
    chosen = np.zeros(v.size, dtype=bool)
    possible = np.flatnonzero((v > 0) & (h <= limit))
    if possible.size and h[possible].sum() <= limit * (1 + 1e-12):
        chosen[possible] = True
    elif possible.size and method == "exact":
        chosen[possible[_knapsack(v[possible], h[possible], limit)]] = True
    else:
        order = v[possible] / h[possible] if method == "per_hour" else v[possible]
        left = limit
        for place in possible[np.argsort(-order, kind="stable")]:
            if h[place] <= left * (1 + 1e-12):
                chosen[place] = True
                left -= h[place]
    return pd.DataFrame({"value": v, "hours": h, "per_hour": v / h, "chosen": chosen}, index=index)


def _knapsack(values, hours, capacity):
    """Return True for the items of the best 0/1 knapsack."""
    for per_hour in (1, 2, 4, 10, 20, 60, 100):  # whole hours, halves, quarters, … minutes
        units = np.rint(hours * per_hour)
        room = math.floor(capacity * per_hour + 1e-9)
        if np.abs(units - hours * per_hour).max() < 1e-9 and values.size * (room + 1) <= 50_000_000:
            return _by_recursion(values, units.astype("int64"), room)
    return _by_branch_and_bound(values, hours, capacity)


def _by_recursion(values, units, room):
    """Bellman's recursion: the best worth for every number of units, one item after the other."""
    best, taken = np.zeros(room + 1), np.zeros((values.size, room + 1), dtype=bool)
    for item, (value, size) in enumerate(zip(values, units, strict=True)):
        with_it = best[: room + 1 - size] + value
        better = with_it > best[size:]
        taken[item, size:] = better
        best[size:] = np.where(better, with_it, best[size:])
    chosen = np.zeros(values.size, dtype=bool)
    for item in range(values.size - 1, -1, -1):
        if taken[item, room]:
            chosen[item] = True
            room -= units[item]
    return chosen


def _by_branch_and_bound(values, hours, capacity):
    from scipy.optimize import Bounds, LinearConstraint, milp

    result = milp(-values / values.max(), constraints=LinearConstraint(hours[None, :], ub=capacity),
                  bounds=Bounds(0, 1), integrality=np.ones(values.size),
                  options={"mip_rel_gap": 0.0, "time_limit": _SECONDS})
    if result.status == 1 and result.x is not None:
        warnings.warn(f"the search stopped after {_SECONDS} seconds: what was found may lie up to {result.mip_gap:.2%} "
                      "below the best; hours in whole minutes are solved exactly", CrmWarning, stacklevel=4)
    elif not result.success:
        raise RuntimeError(f"the selection could not be solved: {result.message}")
    return result.x > 0.5
