"""From many numbers to one: weighted sum, weighted product, TOPSIS; and from scores to ranks and places."""

import numpy as np
import pandas as pd

from crmlib.checks import check_choice, check_count, shown
from crmlib.errors import DataError
from crmlib.value.arguments import (
    check_costs,
    check_weights,
    decision_matrix,
    differs,
    one_scale,
    score_series,
    twelve_digits,
)
from crmlib.value.normalisation import size_of

_METRICS = {"euclidean": 2.0, "manhattan": 1.0, "chebyshev": np.inf}


def weighted_sum(matrix, weights, *, total: str = "one", scales: str = "same") -> pd.Series:
    """Return ``V = Σ w v`` for each alternative: a lack in one criterion is made good by another.

    Parameters
    ----------
    matrix : pandas.DataFrame or array-like of shape (n_alternatives, n_criteria)
        Values on one scale, more being better: what `normalise` returns.
    weights : mapping, pandas.Series or sequence
        By criterion.
    total : {"one", "rescale", "any"}
        Whether weights have to sum to 1, are divided by their sum, or are used as they are.
    scales : {"same", "any"}
        Columns of which the largest and the mean size differ more than twentyfold (0 to 1 beside 0 to 100), and
        fractions of 1 beside points of 3 and more, are refused, unless you say that they may.

    Returns
    -------
    pandas.Series

    Raises
    ------
    DataError
        If values are missing, weights do not fit, or columns are on different scales. A raw cost is added as a merit
        and cannot be told from one: turn it with `normalise` first.

    Examples
    --------
    >>> weighted_sum([[1, 0, 3], [0, 5, 6]], [1, 1, 1], total="any").tolist()
    [4.0, 11.0]
    """
    table = decision_matrix(matrix)
    weights = check_weights(weights, table.columns, total=total)
    one_scale(table.loc[:, (weights > 0).to_numpy()], scales)
    return (table * weights).sum(axis=1).rename("score")


def weighted_product(matrix, weights, *, costs=(), total: str = "one") -> pd.Series:
    """Return ``V = Π v^w`` for each alternative, costs with a negative exponent: who is near zero once is near zero.

    Parameters
    ----------
    matrix, weights, total
        As in `weighted_sum`; all values above zero. Units do not matter here, since only ratios of V do.
    costs : sequence
        Criteria of which less is better: exponent -w.

    Returns
    -------
    pandas.Series

    Raises
    ------
    DataError
        If a value is zero or negative, or weights do not fit.

    Notes
    -----
    Dimensional analysis: Bridgman; in Hwang & Yoon (1981).

    Examples
    --------
    >>> weighted_product([[4, 9], [9, 4]], [0.5, 0.5]).tolist()
    [6.0, 6.0]
    """
    table = decision_matrix(matrix)
    costs = check_costs(table, costs)
    weights = check_weights(weights, table.columns, total=total)
    low = table.columns[(table <= 0).any()]
    if len(low):
        bad = int((table[low[0]] <= 0).sum())
        raise DataError(f"the product needs values above zero; {shown(low[0])} has {bad:,} that are not (a min-max "
                        "value of 0 kills the whole product): use normalise(…, method='max'), or the sum")
    signs = np.array([-1.0 if name in costs else 1.0 for name in table.columns])
    logs = (np.log(table) * (signs * weights)).sum(axis=1).rename("score")
    if (logs.abs() > 700).any():
        raise DataError(f"the product of row {shown(logs.abs().idxmax())} is too large or too small to be written as a "
                        "number: use weights that sum to 1, or normalise(…, method='max') first")
    return np.exp(logs)


def topsis(matrix, weights, *, costs=(), normalisation: str = "vector", metric="euclidean", ideal=None, anti_ideal=None,
           ideal_unit: str = "raw", total: str = "one") -> pd.DataFrame:
    """Return the closeness of each alternative to an ideal one, relative to an anti-ideal one.

    ``C = D⁻ / (D⁺ + D⁻)``, the distances being those of the weighted, normalised values to the best and to the worst
    of each criterion.

    Parameters
    ----------
    matrix : pandas.DataFrame or array-like
        Raw values.
    weights, total
        As in `weighted_sum`.
    costs : sequence
        Criteria of which less is better: their smallest value is the ideal.
    normalisation : {"vector", "minmax", "sum", "max", "none"}
        Costs are not turned before: the ideal takes care of them.
    metric : {"euclidean", "manhattan", "chebyshev"} or float
        Distance; a number p ≥ 1 stands for Minkowski's.
    ideal, anti_ideal : mapping, optional
        Other ideals, by criterion; those not named come from the data.
    ideal_unit : {"raw", "weighted"}
        Whether they are in the units of `matrix`, or on the weighted, normalised scale.

    Returns
    -------
    pandas.DataFrame
        ``to_ideal, to_anti_ideal, closeness`` (0 to 1), ``rank`` (1 is best, ties share the better one).
        Where both distances are 0 (all rows alike), closeness is 0.5.

    Raises
    ------
    DataError
        If values are missing, weights do not fit, or a column cannot be normalised.

    Notes
    -----
    Hwang & Yoon (1981). With ``"vector"`` the result does not depend on the unit of a criterion; it does depend on
    who else is in the table.

    Examples
    --------
    >>> result = topsis([[5, 8, 4], [7, 6, 8], [8, 8, 6], [7, 4, 6]], [0.3, 0.4, 0.3])
    >>> result["closeness"].round(4).tolist(), result["rank"].tolist()
    ([0.5037, 0.6581, 0.7482, 0.334], [3, 2, 1, 4])
    """
    check_choice("normalisation", normalisation, ("vector", "minmax", "sum", "max", "none"))
    check_choice("ideal_unit", ideal_unit, ("raw", "weighted"))
    p = _METRICS[check_choice("metric", metric, tuple(_METRICS))] if isinstance(metric, str) else float(metric)
    if not p >= 1:
        raise ValueError(f"metric={metric!r}: Minkowski's p is 1 or more")
    table = decision_matrix(matrix)
    costs = check_costs(table, costs)
    weights = check_weights(weights, table.columns, total=total)
    given = [_ideals(table, each, what) for each, what in ((ideal, "ideal"), (anti_ideal, "anti_ideal"))]
    values, best, worst = {}, {}, {}
    for name, column in table.items():
        x = column.to_numpy()
        shift, size = _scale(name, x, normalisation)
        w = weights[name]
        v = w * (x - shift) / size
        ends = (v.min(), v.max()) if name in costs else (v.max(), v.min())
        ends = [(g[name] if ideal_unit == "weighted" else w * (g[name] - shift) / size) if name in g else end
                for g, end in zip(given, ends, strict=True)]
        values[name], best[name], worst[name] = v, ends[0], ends[1]
    v = pd.DataFrame(values, index=table.index)[list(table.columns)]
    near, far = (np.linalg.norm((v - pd.Series(end)).to_numpy(), ord=p, axis=1) for end in (best, worst))
    both = near + far
    closeness = pd.Series(np.where(both > 0, far / np.where(both > 0, both, 1.0), 0.5), index=table.index)
    return pd.DataFrame({"to_ideal": near, "to_anti_ideal": far, "closeness": closeness, "rank": ranking(closeness)},
                        index=table.index)


def _scale(name, x, normalisation):
    if normalisation == "none":
        return 0.0, 1.0
    if normalisation == "minmax":
        return (x.min(), np.ptp(x)) if differs(x) else (x.min(), 1.0)  # alike: no distance to either ideal
    if normalisation == "vector" and not x.any():
        return 0.0, 1.0
    return 0.0, size_of(name, x, normalisation)


def _ideals(table, given, what):
    found = dict(given) if given is not None else {}
    for name, value in found.items():
        if name not in table.columns:
            raise DataError(f"{what} names {shown(name)}, which is no criterion")
        if isinstance(value, bool) or not np.isreal(value) or not np.isfinite(value):
            raise DataError(f"{what} of {shown(name)} must be a finite number, not {value!r}")
    return found


def ranking(scores, *, ties: str = "min") -> pd.Series:
    """Return ranks, 1 for the highest score; scores that agree to twelve digits are equal.

    Parameters
    ----------
    scores : pandas.Series or array-like
    ties : {"min", "average", "max"}
        The rank of equals: the better one, the mean, or the worse.

    Returns
    -------
    pandas.Series
        Whole numbers, with ``"average"`` halves.

    Examples
    --------
    >>> ranking([0.2, 0.9, 0.9]).tolist()
    [3, 1, 1]
    """
    check_choice("ties", ties, ("min", "average", "max"))
    series = score_series("scores", scores)
    ranks = pd.Series(-twelve_digits(series), index=series.index).rank(method=ties)
    return (ranks if ties == "average" else ranks.astype(int)).rename("rank")


def choose(scores, places: int, *, ties: str = "raise") -> pd.Index:
    """Return the alternatives that get a place, best first.

    Parameters
    ----------
    scores : pandas.Series
    places : int
        How many places there are.
    ties : {"raise", "order"}
        Equal scores on both sides of the border are an error; or the order of the rows decides, because you say so.

    Returns
    -------
    pandas.Index

    Raises
    ------
    DataError
        If scores tie at the border, or are missing.
    ValueError
        If there are fewer alternatives than places.

    Examples
    --------
    >>> choose(pd.Series({"a": 1.0, "b": 3.0, "c": 2.0}), 2).tolist()
    ['b', 'c']
    """
    check_choice("ties", ties, ("raise", "order"))
    series = score_series("scores", scores)
    if check_count("places", places) > len(series):
        raise ValueError(f"{places:,} places for {len(series):,} alternatives: there is nothing to choose")
    rounded = twelve_digits(series)
    order = np.argsort(-rounded, kind="stable")
    if ties == "raise" and places < len(series) and rounded[order[places - 1]] == rounded[order[places]]:
        same = int((rounded == rounded[order[places]]).sum())
        raise DataError(f"{same:,} alternatives tie for the last of {places:,} places, among them "
                        f"{shown(series.index[order[places - 1]])} and {shown(series.index[order[places]])}: add a "
                        "criterion that tells them apart, or say ties='order'")
    return series.index[order[:places]]
