"""How a relation is talked about: enthusiasm after the sale, the account manager's scorecard, codes of a talk log."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from crmlib.checks import check_choice, check_positive
from crmlib.errors import ConvergenceError, DataError
from crmlib.intervals import check_level, normal_quantile, share_interval
from crmlib.outreach.arguments import group_codes, row_values
from crmlib.rows import need_columns

WARMING_DAYS = 25.0  # how gradual the buyer's rise is; fixed, as a convention


# ------------------------------------------------------------------------- enthusiasm curves


def seller_curve(days, *, start, drop, drop_days):
    """Return the seller's enthusiasm after the sale: it falls at once, and ever more slowly.

    ``S(t) = start - drop (1 - exp(-t / drop_days))``; after `drop_days`, 63 % of the drop has happened.

    Parameters
    ----------
    days : float or array
        Since the sale, zero or more.
    start, drop : float
        Points of the scale.
    drop_days : float
        Days, above zero.

    Examples
    --------
    >>> seller_curve([0, 90], start=9, drop=6, drop_days=90).round(2).tolist()
    [9.0, 5.21]
    """
    t = _days(days)
    return start - drop * (1 - np.exp(-t / check_positive("drop_days", drop_days)))


def buyer_curve(days, *, start, rise, rise_days, warming_days=WARMING_DAYS):
    """Return the buyer's enthusiasm after the sale: it rises once the product is in use.

    ``B(t) = start + rise / (1 + exp(-(t - rise_days) / warming_days))``; at `rise_days` half of the rise has happened.

    Parameters
    ----------
    days : float or array
        Since the sale, zero or more.
    start, rise : float
        Points of the scale.
    rise_days, warming_days : float
        Days, above zero.

    Examples
    --------
    >>> buyer_curve([0, 60, 365], start=4, rise=4, rise_days=60).round(2).tolist()
    [4.33, 6.0, 8.0]
    """
    from scipy.special import expit

    t = _days(days)
    return start + rise * expit((t - check_positive("rise_days", rise_days)) / check_positive("warming_days",
                                                                                              warming_days))


def _days(days):
    t = np.asarray(days, dtype=float)
    if not np.isfinite(t).all() or (t < 0).any():
        raise ValueError("days are counted from the sale on: zero or more, none missing")
    return t


_CURVES = {
    "seller": (("start", "drop", "drop_days"), (8.0, 4.0, 60.0), seller_curve),
    "buyer": (("start", "rise", "rise_days"), (5.0, 3.0, 45.0), buyer_curve),
}


@dataclass(frozen=True)
class EnthusiasmFit:
    """A fitted enthusiasm curve, as `fit_enthusiasm` returns it.

    Attributes
    ----------
    side : str
        "seller" or "buyer".
    parameters : pandas.DataFrame
        Per parameter: ``estimate, low, high``; points for start, drop and rise, days for the others.
    spread : float
        Standard deviation of one talk around the curve, points.
    talks, customers : int
        How many were used.
    """

    side: str
    parameters: pd.DataFrame
    spread: float
    talks: int
    customers: int
    _curve: object = field(repr=False)

    def predict(self, days):
        """Return the tone of the curve so many days after the sale."""
        return self._curve(days, **self.parameters["estimate"].to_dict())


def fit_enthusiasm(days, tone, *, side, groups=None, scale=(1, 10), ends="censored", level=0.95) -> EnthusiasmFit:
    """Fit an enthusiasm curve to the tones of talks after the sale.

    A tone is a normal variable around the curve, rounded and pressed into the scale: a talk above its upper end counts
    as the upper end. ``"censored"`` says so in the likelihood; ``"ignored"`` fits by least squares, as if the scale
    had no ends, which flattens the curve where it comes near them. The buyer's curve is fitted with the assumed
    steepness `WARMING_DAYS`: with another one its rise and days come out otherwise, and the intervals do not know it.

    Parameters
    ----------
    days : array-like
        Since the sale, per talk, zero or more.
    tone : array-like
        Whole numbers of the scale.
    side : {"seller", "buyer"}
        Which curve: `seller_curve` or `buyer_curve`.
    groups : array-like, optional
        Customer of each talk: talks of one customer are not independent.
    scale : (int, int)
        Lowest and highest tone.
    ends : {"censored", "ignored"}
    level : float
        Of the normal intervals, from the variance that adds up the scores of each customer (sandwich).

    Returns
    -------
    EnthusiasmFit

    Raises
    ------
    DataError
        If tones lie outside the scale or are no whole numbers, days are negative, or there are fewer than 20 talks.
    ConvergenceError
        If no curve is found.

    Examples
    --------
    >>> t = np.tile(np.arange(0, 360, 3), 20)
    >>> noise = np.random.default_rng(1).normal(0, 1, len(t))
    >>> tone = np.clip(np.round(seller_curve(t, start=9, drop=6, drop_days=90) + noise), 1, 10)
    >>> fit_enthusiasm(t, tone, side="seller").parameters["estimate"].round(0).astype(int).tolist()
    [9, 6, 90]
    """
    from scipy.optimize import minimize
    from scipy.special import log_ndtr

    names, begin, curve = _CURVES[check_choice("side", side, tuple(_CURVES))]
    check_choice("ends", ends, ("censored", "ignored"))
    low, high = scale
    if not low < high:
        raise ValueError(f"scale must be (lowest, highest), not {scale!r}")
    k = row_values("tone", tone)
    t = row_values("days", days, length=len(k))
    if (t < 0).any():
        raise DataError(f"{int((t < 0).sum()):,} talks took place before the sale: leave them out, the curve begins "
                        "there")
    if len(k) < 20:
        raise DataError(f"{len(k)} talks are too few for a curve: 20 at least")
    if ((k < low) | (k > high) | (k != np.round(k))).any():
        raise DataError(f"tones must be whole numbers from {low} to {high}: are they on another scale?")
    if k.min() == k.max():
        raise DataError("all tones are the same: there is no curve to see")
    who, z = group_codes(groups, len(k)), normal_quantile(check_level(level))
    if groups is not None and who.max() == 0:
        raise DataError("all talks are of one customer: how much customers differ cannot be said")
    cells, cell, weight = np.unique(np.column_stack([t, k]), axis=0, return_inverse=True, return_counts=True)
    cell = cell.ravel()

    def each(theta):
        """Log likelihood of every distinct pair of day and tone."""
        first, second, third, log_spread = theta
        spread = np.exp(log_spread)
        mean = curve(cells[:, 0], **dict(zip(names, (first, second, np.exp(third)), strict=True)))
        if ends == "ignored":
            return -0.5 * ((cells[:, 1] - mean) / spread) ** 2 - log_spread
        upper = np.where(cells[:, 1] == high, np.inf, (cells[:, 1] + 0.5 - mean) / spread)
        lower = np.where(cells[:, 1] == low, -np.inf, (cells[:, 1] - 0.5 - mean) / spread)
        flip = lower > 0  # the difference of two tails is exact on the side where they are small
        a, b = np.where(flip, -upper, lower), np.where(flip, -lower, upper)
        top, bottom = log_ndtr(b), log_ndtr(a)
        return top + np.log1p(-np.exp(np.minimum(bottom - top, -1e-12)))

    origin = np.array([begin[0], begin[1], np.log(begin[2]), 0.0])
    found = minimize(lambda theta: -(weight @ each(theta)) / len(k), origin, method="L-BFGS-B",
                     bounds=[(low - 10, high + 10), (-20, 20), (0.0, 8.5), (-2.5, 2.5)])
    if not found.success:
        raise ConvergenceError(f"no curve was found ({found.message}): are there talks soon and long after the sale?")
    step = 1e-4
    scores = np.column_stack([(each(found.x + d) - each(found.x - d)) / (2 * step) for d in step * np.eye(4)])
    per_customer = np.zeros((who.max() + 1, 4))
    np.add.at(per_customer, who, scores[cell])
    wide = 1e-3
    hessian = np.array([[(weight @ (each(found.x + d + g) - each(found.x + d - g) - each(found.x - d + g)
                                    + each(found.x - d - g))) / (4 * wide**2) for g in wide * np.eye(4)]
                        for d in wide * np.eye(4)])
    bread = np.linalg.pinv(-hessian)
    error = np.sqrt(np.diag(bread @ (per_customer.T @ per_customer) @ bread))
    ends_of = np.column_stack([found.x - z * error, found.x, found.x + z * error])[:3]
    ends_of[2] = np.exp(ends_of[2])
    table = pd.DataFrame(ends_of, index=list(names), columns=["low", "estimate", "high"])
    return EnthusiasmFit(side, table[["estimate", "low", "high"]], float(np.exp(found.x[3])), len(k),
                         int(who.max() + 1), curve)


def enthusiasm_gap(seller, buyer, *, days=365, lift=0.0, lift_from=0.0) -> pd.Series:
    """Return when the buyer becomes warmer than the seller, and how large the gap grows.

    ``gap = ∫ max(B(t) - (S(t) + lift), 0) dt / days`` from the sale to `days`, the lift counting from `lift_from` on.

    Parameters
    ----------
    seller, buyer : callable
        Tone by days since the sale: ``EnthusiasmFit.predict``, or any function.
    days : int
        Horizon, at least 1.
    lift : float
        Points by which a plan for the time after the sale raises the seller's tone.
    lift_from : float
        Day from which on it does.

    Returns
    -------
    pandas.Series
        ``crossing`` (first day on which the buyer is warmer; NaN if never), ``gap`` (mean over all days, points) and
        ``largest`` (points).

    Raises
    ------
    ValueError
        If the horizon is not at least one day.

    Examples
    --------
    >>> enthusiasm_gap(lambda t: 9 - t / 50, lambda t: 5 + t / 50, days=200).round(2).to_dict()
    {'crossing': 100.0, 'gap': 1.0, 'largest': 4.0}
    """
    horizon = check_positive("days", days)
    if horizon < 1:
        raise ValueError("days must be at least 1")
    t = np.linspace(0, horizon, 20 * int(np.ceil(horizon)) + 1)
    distance = np.asarray(buyer(t)) - (np.asarray(seller(t)) + float(lift) * (t >= float(lift_from)))
    warmer = np.flatnonzero(distance >= 0)
    return pd.Series({
        "crossing": float(t[warmer[0]]) if len(warmer) else np.nan,
        "gap": float(np.trapezoid(np.maximum(distance, 0), t) / horizon),
        "largest": float(max(distance.max(), 0)),
    })


# ------------------------------------------------------------------------------- scorecards


def _items(items, scale):
    if not isinstance(items, pd.DataFrame):
        raise TypeError(f"items must be a pandas DataFrame, a column per item, not {type(items).__name__}")
    if items.shape[1] < 2:
        raise DataError(f"a scorecard needs at least two items; this one has {items.shape[1]}")
    if len(items) < 2:
        raise DataError(f"a scorecard with {len(items)} respondent has no variance: reliability needs several")
    table = pd.DataFrame({name: row_values(f"the item {name}", items[name]) for name in items})
    if scale is not None:
        low, high = scale
        if not low < high:
            raise ValueError(f"scale must be (lowest, highest), not {scale!r}")
        outside = (table < low) | (table > high)
        if outside.any(axis=None):
            raise DataError(f"{int(outside.sum().sum()):,} answers are outside the scale from {low:g} to {high:g}, the "
                            f"first in {outside.any().idxmax()}")
    return table


def scorecard(items, *, scale=None, level=0.95) -> pd.DataFrame:
    """Return the mean of each item with its interval, the weakest first.

    Parameters
    ----------
    items : pandas.DataFrame
        A row per respondent, a column per item, all in one direction (more is better).
    scale : (float, float), optional
        Lowest and highest answer; others are refused.
    level : float
        Of the normal interval of a mean.

    Returns
    -------
    pandas.DataFrame
        Index ``item``, weakest first: ``mean, low, high``.

    Raises
    ------
    DataError
        If there is one item or one respondent, answers are missing or outside the scale.

    Examples
    --------
    >>> scorecard(pd.DataFrame({"honesty": [5, 6, 7], "trust": [4, 4, 4]}))["mean"].to_dict()
    {'trust': 4.0, 'honesty': 6.0}
    """
    table, z = _items(items, scale), normal_quantile(level)
    mean, error = table.mean(), table.std() / np.sqrt(len(table))
    result = pd.DataFrame({"mean": mean, "low": mean - z * error, "high": mean + z * error}).rename_axis("item")
    return result.sort_values("mean", kind="stable")


def cronbach_alpha(items, *, scale=None, level=0.95) -> pd.Series:
    """Return Cronbach's alpha: do the items of a scorecard rise and fall together?

    ``α = k / (k - 1) · (1 - Σ var_i / var_total)``; interval of Feldt (1965).

    Source: Cronbach, L. J. (1951), "Coefficient alpha and the internal structure of tests".

    Parameters
    ----------
    items, scale, level
        As in `scorecard`. An item that runs the other way must be turned first.

    Returns
    -------
    pandas.Series
        ``alpha, low, high, items, respondents``.

    Raises
    ------
    DataError
        If there is one item or one respondent, answers are missing or outside the scale, or everybody has the same
        total.

    Examples
    --------
    >>> answers = pd.DataFrame({"a": [1, 2, 3, 4], "b": [1, 3, 3, 5], "c": [2, 2, 4, 4]})
    >>> cronbach_alpha(answers)["alpha"].round(3).item()
    0.933
    """
    from scipy.stats import f

    table, tail = _items(items, scale), (1 - check_level(level)) / 2
    total = table.sum(axis=1).var()
    if not total > 1e-12:
        raise DataError("all respondents have the same total: without variance there is no reliability to measure")
    n, k = table.shape
    alpha = k / (k - 1) * (1 - table.var().sum() / total)
    free = n - 1, (n - 1) * (k - 1)
    return pd.Series({"alpha": alpha, "low": 1 - (1 - alpha) * f.ppf(1 - tail, *free),
                      "high": 1 - (1 - alpha) * f.ppf(tail, *free), "items": k, "respondents": n})


def alpha_without(items) -> pd.Series:
    """Return Cronbach's alpha with each item left out in turn: a value above the whole names an item that does not fit.

    Examples
    --------
    >>> answers = pd.DataFrame({"a": [1, 2, 3, 4], "b": [1, 3, 3, 5], "odd": [4, 3, 2, 2]})
    >>> alpha_without(answers).round(2).to_dict()
    {'a': -5.82, 'b': -18.67, 'odd': 0.96}
    """
    table = _items(items, None)
    if table.shape[1] < 3:
        raise DataError("leaving an item out of two leaves one, which has no alpha")
    return pd.Series({name: cronbach_alpha(table.drop(columns=name))["alpha"] for name in table},
                     name="alpha").rename_axis("item")


# ------------------------------------------------------------------------------ coded talks


def coding_table(talks, *, rows, columns) -> pd.DataFrame:
    """Return how the talks of each kind are coded, as shares of the row, with the number of talks.

    Parameters
    ----------
    talks : pandas.DataFrame
        A row per talk.
    rows, columns : str
        Columns of `talks`: for instance purpose and function.

    Returns
    -------
    pandas.DataFrame
        Index the kinds; ``talks`` and a share per code, codes in alphabetical order.

    Raises
    ------
    DataError
        If a column or a code is missing.

    Examples
    --------
    >>> talks = pd.DataFrame({"purpose": ["sales", "sales", "advice"], "function": ["motivation", "information"] * 1
    ...                       + ["information"]})
    >>> coding_table(talks, rows="purpose", columns="function").round(2).values.tolist()
    [[1.0, 1.0, 0.0], [2.0, 0.5, 0.5]]
    """
    need_columns("talks", talks, (rows, columns))
    if (gaps := int(talks[[rows, columns]].isna().any(axis=1).sum())):
        raise DataError(f"{gaps:,} talks are not coded: give them a code of their own, or leave them out knowingly")
    counts = pd.crosstab(talks[rows], talks[columns])
    shares = counts.div(counts.sum(axis=1), axis=0)
    shares.insert(0, "talks", counts.sum(axis=1))
    shares.columns.name = None
    return shares


def code_shares(codes, *, level=0.95) -> pd.DataFrame:
    """Return how often each code occurs, most frequent first, with interval and running total (a Pareto table).

    Parameters
    ----------
    codes : array-like of str
        One code per case; missing ones are refused.
    level : float
        Of the Wilson interval, each case counted as independent.

    Returns
    -------
    pandas.DataFrame
        Index ``code``: ``count, share, low, high, running``.

    Examples
    --------
    >>> code_shares(["unclear", "unclear", "body"])[["count", "running"]].round(2).values.tolist()
    [[2.0, 0.67], [1.0, 1.0]]
    """
    series = pd.Series(codes)
    if series.empty or series.isna().any():
        raise DataError("codes must hold one code per case, none missing")
    counts = series.value_counts().sort_values(ascending=False, kind="stable")
    low, high = share_interval(counts.to_numpy(), int(counts.sum()), level=level)
    share = counts / counts.sum()
    return pd.DataFrame({"count": counts, "share": share, "low": low, "high": high,
                         "running": share.cumsum()}).rename_axis("code")
