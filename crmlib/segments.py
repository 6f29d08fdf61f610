"""Telling customers apart: how much of the value a few of them hold.

Chapter 03 divides customers; chapter 06 asks whether its 80/20 rule holds. Both need the same few numbers.
"""

import math

import numpy as np
import pandas as pd

from crmlib.checks import check_fraction, check_positive
from crmlib.errors import DataError


def _ascending(values) -> np.ndarray:
    """Return `values` as a sorted float array, or say what is wrong with them."""
    array = np.asarray(values)
    if array.ndim != 1 or array.size == 0:
        raise DataError(f"values must be one number per customer, at least one; got shape {array.shape}")
    if array.dtype.kind not in "iuf":
        raise DataError(f"values must be numbers, not {array.dtype}: convert them or drop the missing ones")
    array = array.astype(float)
    missing = int((~np.isfinite(array)).sum())
    if missing:
        raise DataError(f"{missing} of {array.size} values are missing or infinite: drop or fill them first")
    negative = int((array < 0).sum())
    if negative:
        raise DataError(
            f"{negative} of {array.size} values are negative (smallest {array.min():g}): shares of a total "
            "have no meaning then; draw the whale curve (cumulative profit, best customers first) instead"
        )
    return np.sort(array)


def lorenz_curve(values) -> pd.DataFrame:
    """Return the Lorenz curve: which share of the value the poorest share of customers holds.

    Parameters
    ----------
    values : array-like of shape (n_customers,)
        Value per customer (money, orders …), zero or more.
        Whether customers with zero belong in it is your decision: they raise the inequality.

    Returns
    -------
    pandas.DataFrame
        ``customer_share`` and ``value_share``, n_customers + 1 rows from (0, 0) to (1, 1), poorest first.
        ``value_share`` is NaN if all values are zero.

    Raises
    ------
    DataError
        If a value is negative, missing or not a number.

    Examples
    --------
    >>> lorenz_curve([30, 10])
       customer_share  value_share
    0             0.0         0.00
    1             0.5         0.25
    2             1.0         1.00
    """
    x = _ascending(values)
    cumulative = np.concatenate([[0.0], np.cumsum(x)])
    total = cumulative[-1] if cumulative[-1] > 0 else np.nan
    return pd.DataFrame(
        {"customer_share": np.arange(x.size + 1) / x.size, "value_share": cumulative / total}
    )


def gini(values, *, unbiased: bool = False) -> float:
    """Return the Gini coefficient: 0 if all customers are worth the same, near 1 if one holds everything.

    ``G = 2 Σ i·x_i / (n Σ x_i) - (n + 1) / n`` with x sorted ascending and i = 1 … n.

    Parameters
    ----------
    values : array-like of shape (n_customers,)
        Value per customer, zero or more.
    unbiased : bool
        Multiply by n / (n - 1), so that one customer holding everything gives exactly 1.

    Returns
    -------
    float
        Between 0 and (n - 1) / n, or 1 if `unbiased`.
        NaN if all values are zero, or for `unbiased` with one customer.

    Raises
    ------
    DataError
        If a value is negative, missing or not a number.

    Examples
    --------
    >>> round(gini([1, 2, 3, 4, 5]), 6)
    0.266667
    """
    x = _ascending(values)
    n, total = x.size, x.sum()
    if total == 0 or (unbiased and n == 1):
        return math.nan
    # Σ (2i - n - 1)·x_i is the same sum, without the difference of two nearly equal numbers
    result = float(np.sum((2 * np.arange(1, n + 1) - n - 1) * (x / total)) / n)
    return result * n / (n - 1) if unbiased else result


def top_share(values, *, share: float = 0.2) -> float:
    """Return the share of the value that the best `share` of customers holds.

    Parameters
    ----------
    values : array-like of shape (n_customers,)
        Value per customer, zero or more.
    share : float
        Share of customers. It is rounded **up** to whole customers: 20 % of 2,357 are 472.

    Returns
    -------
    float
        Share of the value. NaN if all values are zero.

    Raises
    ------
    DataError
        If a value is negative, missing or not a number.
    ValueError
        If `share` is not between 0 and 1.

    Examples
    --------
    >>> top_share([50, 20, 15, 10, 5], share=0.2)
    0.5
    """
    x = _ascending(values)
    share = check_fraction("share", share)
    customers = math.ceil(round(share * x.size, 9))  # 0.1 * 30 is 3.0000000000000004 in floating point
    return float(x[x.size - customers :].sum() / x.sum()) if x.any() else math.nan


def share_needed(values, *, value_share: float = 0.8) -> float:
    """Return the smallest share of customers who together hold `value_share` of the value.

    Parameters
    ----------
    values : array-like of shape (n_customers,)
        Value per customer, zero or more.
    value_share : float
        Share of the value to reach.

    Returns
    -------
    float
        Share of customers: whole customers, not interpolated. NaN if all values are zero.

    Raises
    ------
    DataError
        If a value is negative, missing or not a number.
    ValueError
        If `value_share` is not between 0 and 1.

    Examples
    --------
    >>> share_needed([50, 20, 15, 10, 5], value_share=0.8)
    0.6
    """
    best_first = _ascending(values)[::-1]
    value_share = check_fraction("value_share", value_share)
    if not best_first.any():
        return math.nan
    if value_share == 1:  # everybody who is worth anything, however little
        return float(np.count_nonzero(best_first) / best_first.size)
    reached = np.concatenate([[0.0], np.cumsum(best_first)])
    # by its own last element, so that it ends at exactly 1; each of the n additions may be wrong in the last digit
    rounding = max(1e-12, best_first.size * np.finfo(float).eps)
    return float(np.argmax(reached / reached[-1] >= value_share - rounding) / best_first.size)


def pareto_shape(*, customer_share: float = 0.2, value_share: float = 0.8) -> float:
    """Return the shape α of the Pareto distribution in which `customer_share` holds `value_share`.

    The best q of customers hold ``q ** (1 - 1/α)``, so ``α = ln q / ln(q / p)``; 80/20 is log₄ 5.

    Parameters
    ----------
    customer_share, value_share : float
        Shares q and p, strictly between 0 and 1, p above q.

    Returns
    -------
    float
        α > 1. See `pareto_gini` for the inequality that goes with it.

    Raises
    ------
    ValueError
        If a share is out of range or the best customers hold no more than their share.

    Examples
    --------
    >>> round(pareto_shape(customer_share=0.2, value_share=0.8), 6)
    1.160964
    """
    q, p = check_fraction("customer_share", customer_share), check_fraction("value_share", value_share)
    if not 0 < q < p < 1:
        raise ValueError(
            f"the best {q:g} of customers cannot hold {p:g} of the value under a Pareto law: "
            "give 0 < customer_share < value_share < 1"
        )
    return math.log(q) / math.log(q / p)


def pareto_gini(shape: float) -> float:
    """Return the Gini coefficient of a Pareto distribution: ``1 / (2α - 1)``.

    Parameters
    ----------
    shape : float
        α, above 1 (otherwise the mean is infinite and shares of it have no meaning).

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        If `shape` is not above 1.

    Examples
    --------
    >>> round(pareto_gini(pareto_shape(customer_share=0.2, value_share=0.8)), 6)
    0.756471
    """
    if check_positive("shape", shape) <= 1:
        raise ValueError(f"shape must be above 1, not {shape:g}: the mean of the distribution is infinite")
    return 1 / (2 * shape - 1)
