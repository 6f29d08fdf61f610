"""How much of the value a few customers hold: Lorenz, Gini, top shares, and the whale curve where profits are negative.

Chapter 03 divides customers; chapter 06 asks whether its 80/20 rule holds. Both need the same few numbers.
"""

import math

import numpy as np
import pandas as pd

from crmlib.checks import check_choice, check_count, check_fraction, check_positive
from crmlib.errors import DataError
from crmlib.rows import whole_cents
from crmlib.segments.arguments import customer_values


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


# --------------------------------------------------------------- laws: when would 80/20 hold?

LAWS = ("pareto", "lognormal", "gamma")


def law_top_share(law: str, parameter: float, *, share: float = 0.2) -> float:
    """Return what the best `share` of very many customers hold if their value follows a law.

    With q for the share, Φ for the normal distribution and F_k for the gamma distribution of shape k:

    - Pareto with shape α: ``q ** (1 - 1/α)``;
    - lognormal with σ: ``Φ(σ - Φ⁻¹(1 - q))``;
    - gamma with shape k: ``1 - F_(k+1)(F_k⁻¹(1 - q))``; k = 1 is the exponential law, ``q (1 - ln q)``.

    Parameters
    ----------
    law : {"pareto", "lognormal", "gamma"}
    parameter : float
        α above 1, σ or k above 0. Customers differ **more** with a smaller α, a larger σ, a smaller k.
    share : float
        Share of customers, strictly between 0 and 1.

    Returns
    -------
    float
        Share of the value, without unit. It does not depend on the mean: the currency cancels.

    Raises
    ------
    ValueError
        If the law is not known, or the parameter or the share is out of range.

    Examples
    --------
    >>> round(law_top_share("gamma", 1), 4)
    0.5219
    >>> round(law_top_share("pareto", pareto_shape()), 4)
    0.8
    """
    from scipy import stats

    law, parameter = check_choice("law", law, LAWS), check_positive("parameter", parameter)
    q = check_fraction("share", share)
    if not 0 < q < 1:
        raise ValueError(f"share must lie strictly between 0 and 1, not {q:g}")
    if law == "pareto":
        pareto_gini(parameter)  # refuses an infinite mean
        return q ** (1 - 1 / parameter)
    if law == "lognormal":
        return float(stats.norm.cdf(parameter - stats.norm.isf(q)))
    return float(stats.gamma.sf(stats.gamma.isf(q, parameter), parameter + 1))


def law_gini(law: str, parameter: float) -> float:
    """Return the Gini coefficient of a law: ``1/(2α - 1)``, ``2Φ(σ/√2) - 1`` or ``Γ(k + ½) / (√π Γ(k + 1))``.

    Parameters
    ----------
    law, parameter
        As in `law_top_share`.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        If the law is not known or the parameter is out of range.

    Examples
    --------
    >>> round(law_gini("gamma", 1), 6)
    0.5
    """
    from scipy import special

    law, parameter = check_choice("law", law, LAWS), check_positive("parameter", parameter)
    if law == "pareto":
        return pareto_gini(parameter)
    if law == "lognormal":
        return float(2 * special.ndtr(parameter / math.sqrt(2)) - 1)
    return float(math.exp(special.gammaln(parameter + 0.5) - special.gammaln(parameter + 1)) / math.sqrt(math.pi))


def simulate_values(law: str, parameter: float, *, customers: int, seed: int, mean: float = 1.0):
    """Draw the value of each of a number of customers from a law.

    Parameters
    ----------
    law, parameter
        As in `law_top_share`.
    customers : int
        How many to draw.
    seed : int
        Of the random numbers; the same seed gives the same customers.
    mean : float
        Mean of the law, in money. (The mean of those drawn differs by chance.)

    Returns
    -------
    numpy.ndarray of shape (customers,)
        Money, above 0.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> simulate_values("gamma", 1.0, customers=3, seed=3, mean=100).round(1).tolist()
    [11.0, 39.0, 140.0]
    """
    law, parameter = check_choice("law", law, LAWS), check_positive("parameter", parameter)
    n, mean = check_count("customers", customers), check_positive("mean", mean)
    random = np.random.default_rng(seed)
    if law == "pareto":
        pareto_gini(parameter)
        return (1 + random.pareto(parameter, n)) * mean * (parameter - 1) / parameter
    if law == "lognormal":
        return mean * np.exp(parameter * random.standard_normal(n) - parameter**2 / 2)
    return random.gamma(parameter, mean / parameter, n)


# ------------------------------------------------------------------- where profits are negative


def whale_curve(profit) -> pd.DataFrame:
    """Return the whale curve: cumulative profit, most profitable customer first, as a share of the total.

    With losses it climbs above 1 and comes down again; the hump is what the loss-makers take away.
    Without losses it is the Lorenz curve read from the other end.

    Parameters
    ----------
    profit : pandas.Series or array-like of shape (n_customers,)
        Profit per customer in money, in its main unit (yuan, not thousands); negative where serving costs more than it
        brings.

    Returns
    -------
    pandas.DataFrame
        n_customers + 1 rows, from no customer to all: ``customer_share`` (0 … 1), ``profit_share`` (0 … 1, higher
        between) and ``cumulative_profit`` (money). Summed in whole cents, so that the last row is the exact total.

    Raises
    ------
    DataError
        If a value is missing or not a number; or if the total is zero or negative, where shares of it have no
        meaning.

    Notes
    -----
    Consultants quote peaks of 140 % to 300 % of the profit (Kaplan & Narayanan are cited for 150 to 300 %, on secondary
    pages); whether that is so in your firm is what the curve is for.

    Examples
    --------
    >>> whale_curve([60, 50, -10])
       customer_share  profit_share  cumulative_profit
    0        0.000000           0.0                0.0
    1        0.333333           0.6               60.0
    2        0.666667           1.1              110.0
    3        1.000000           1.0              100.0
    """
    values = customer_values("profit", profit)
    cents = np.sort(whole_cents("profit", values))[::-1]
    cumulative = np.concatenate([[0], np.cumsum(cents)])
    if cumulative[-1] <= 0:
        raise DataError(
            f"the profit of the {len(values):,} customers adds up to {cumulative[-1] / 100:,.2f}: a share of it has no "
            "meaning; look at the profits themselves, or at fewer costs"
        )
    return pd.DataFrame({
        "customer_share": np.arange(len(cumulative)) / len(values),
        "profit_share": cumulative / cumulative[-1],
        "cumulative_profit": cumulative / 100,
    })


def whale_peak(profit) -> pd.Series:
    """Return the facts of a whale curve: how high it climbs, where, and who pulls it down.

    Parameters
    ----------
    profit
        As in `whale_curve`.

    Returns
    -------
    pandas.Series
        ``customers``; ``total_profit`` (money); ``peak_share``, the highest point, 1 without losses;
        ``customers_at_peak``, the share of customers who earn anything; ``loss_makers``, how many lose money;
        ``lost`` (money, negative or zero), what they lose together.

    Raises
    ------
    DataError
        As `whale_curve`.

    Examples
    --------
    >>> whale_peak([60, 50, -10]).round(3).to_dict()  # doctest: +NORMALIZE_WHITESPACE
    {'customers': 3.0, 'total_profit': 100.0, 'peak_share': 1.1, 'customers_at_peak': 0.667, 'loss_makers': 1.0,
     'lost': -10.0}
    """
    curve = whale_curve(profit)
    top = int(curve["cumulative_profit"].to_numpy().argmax())
    total, peak = curve["cumulative_profit"].iloc[-1], curve["cumulative_profit"].iloc[top]
    return pd.Series({
        "customers": len(curve) - 1.0,
        "total_profit": total,
        "peak_share": curve["profit_share"].iloc[top],
        "customers_at_peak": curve["customer_share"].iloc[top],
        "loss_makers": float((np.diff(curve["cumulative_profit"]) < 0).sum()),
        "lost": round(total - peak, 2),
    }, name="whale curve")
