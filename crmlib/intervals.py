"""How far chance moves a share or a rate: the intervals that every chapter uses."""

import numpy as np

from crmlib.checks import check_choice, check_fraction


def check_level(level: float) -> float:
    """Return the level of an interval as float, strictly between 0 and 1."""
    level = check_fraction("level", level)
    if not 0 < level < 1:
        raise ValueError(f"level must lie strictly between 0 and 1, not {level:g}: 0.95 is a usual choice")
    return level


def normal_quantile(level: float) -> float:
    """Return z of a two-sided interval of this level.

    Examples
    --------
    >>> round(normal_quantile(0.95), 2)
    1.96
    """
    from scipy.special import ndtri

    return float(ndtri(0.5 + check_level(level) / 2))


def share_interval(count, of, *, level: float = 0.95, method: str = "wilson"):
    """Return the interval of a share: between which shares does a count leave it open?

    Wilson: ``(p + z²/2n ± z √(p(1 - p)/n + z²/4n²)) / (1 + z²/n)`` with p = count/of, n = of, z the normal quantile.
    Exact (Clopper & Pearson): the shares under which neither so few nor so many are rarer than (1 - level) / 2.

    Parameters
    ----------
    count, of : int or array-like of int
        Successes, and trials; ``0 <= count <= of``.
    level : float
        Confidence level, strictly between 0 and 1.
    method : {"wilson", "exact"}
        Wilson's covers the truth as often as it says on average; the exact one at least as often, and is wider.

    Returns
    -------
    low, high : float or numpy.ndarray
        NaN where `of` is 0.

    Raises
    ------
    ValueError
        If a count is negative or above its number of trials, or the level is out of range.

    Examples
    --------
    >>> [round(end, 3) for end in share_interval(8, 10)]
    [0.49, 0.943]
    >>> [round(end, 3) for end in share_interval(8, 10, method="exact")]
    [0.444, 0.975]
    """
    from scipy.special import betaincinv

    k, n = np.asarray(count, dtype=float), np.asarray(of, dtype=float)
    if not ((k >= 0) & (k <= n)).all():
        raise ValueError(f"a share needs 0 <= count <= of; got count {count!r} of {of!r}")
    z, tail = normal_quantile(level), (1 - level) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        if check_choice("method", method, ("wilson", "exact")) == "wilson":
            p = k / n
            middle, half = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
            low, high = (middle - half) / (1 + z**2 / n), (middle + half) / (1 + z**2 / n)
        else:
            low = np.where(k > 0, betaincinv(np.maximum(k, 1), n - k + 1, tail), 0.0)
            high = np.where(k < n, betaincinv(k + 1, np.maximum(n - k, 1), 1 - tail), 1.0)
            low, high = np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan)
    if low.ndim == 0:
        return float(low), float(high)
    return low, high


def rate_interval(events, years, *, level: float = 0.95):
    """Return the exact interval of a Poisson rate: events per year of exposure (Garwood).

    Parameters
    ----------
    events : int
        How often it happened.
    years : float
        Exposure, in years or any other unit.
    level : float
        Confidence level, strictly between 0 and 1.

    Returns
    -------
    low, high : float
        Per unit of exposure; NaN without exposure.

    Examples
    --------
    >>> [round(end, 3) for end in rate_interval(10, 100)]
    [0.048, 0.184]
    """
    from scipy.stats import chi2

    tail = (1 - check_level(level)) / 2
    if not years > 0:
        return np.nan, np.nan
    low = chi2.ppf(tail, 2 * events) / 2 if events else 0.0
    return float(low / years), float(chi2.ppf(1 - tail, 2 * events + 2) / 2 / years)
