"""Where weights come from: stated, from an order, from swings, from the data; and statements that contradict."""

import warnings

import numpy as np
import pandas as pd

from crmlib.checks import check_choice, check_count, shown
from crmlib.errors import CrmWarning, DataError
from crmlib.value.arguments import check_costs, check_weights, decision_matrix, differs
from crmlib.value.normalisation import normalise


def direct_weights(points, *, total=100) -> pd.Series:
    """Return weights from points handed out over the criteria.

    Parameters
    ----------
    points : mapping or pandas.Series
        Points by criterion, zero or more.
    total : float, optional
        How many points there were to hand out; None takes any sum.

    Returns
    -------
    pandas.Series
        Points over their sum.

    Raises
    ------
    DataError
        If points are negative, or do not sum to `total`.

    Examples
    --------
    >>> direct_weights({"sales": 70, "credit": 30}).to_dict()
    {'sales': 0.7, 'credit': 0.3}
    """
    given = pd.Series(points, dtype=float)
    weights = check_weights(given, given.index, total="rescale", name="points")
    if total is not None and abs(given.sum() - total) > 1e-6 * total:
        left = total - given.sum()
        off = f"{left:g} are left to hand out" if left > 0 else f"{-left:g} too many"
        raise DataError(f"points sum to {given.sum():g}, not {total:g}: {off}; or say total=None")
    return weights


def swing_weights(swings, *, reference=100) -> pd.Series:
    """Return SMARTS weights: how much is it worth to go from the worst to the best on one criterion?

    ``w = points / Σ points``. First name the swing that matters most, it gets 100; then say of each other swing how
    much it is worth beside it.

    Parameters
    ----------
    swings : mapping or pandas.Series
        Points by criterion for going from the worst to the best value **that occurs**: so that weights belong to these
        alternatives and not to the criterion as such.
    reference : float, optional
        Points of the largest swing. None takes any: SMART, for instance, gives 10 to the least important.

    Returns
    -------
    pandas.Series

    Raises
    ------
    DataError
        If points are negative, or none (or one above) is the reference.

    Notes
    -----
    W. Edwards & F. H. Barron (1994), "SMARTS and SMARTER", Organizational Behavior and Human Decision Processes 60.

    Examples
    --------
    >>> swing_weights({"profit": 100, "sales": 60, "credit": 40}).to_dict()
    {'profit': 0.5, 'sales': 0.3, 'credit': 0.2}
    """
    given = pd.Series(swings, dtype=float)
    weights = check_weights(given, given.index, total="rescale", name="swings")
    if reference is not None and abs(given.max() - reference) > 1e-9 * reference:
        raise DataError(f"the largest swing has {given.max():g} points, not {reference:g}: give the swing that "
                        f"matters most {reference:g}, and rate the others beside it; or say reference=None")
    return weights


def rank_weights(order, *, method: str = "centroid") -> pd.Series:
    """Return weights from nothing but the order of importance.

    ==============  ==============================================
    centroid (ROC)  ``w_i = (1/n) Σ_{k=i..n} 1/k``
    sum             ``w_i = 2 (n + 1 - i) / (n (n + 1))``
    reciprocal      ``w_i = (1/i) / Σ_k 1/k``
    ==============  ==============================================

    Parameters
    ----------
    order : sequence or int
        Criteria, the most important first; a tuple inside holds equals, who share the weights of their places.
        A number n stands for criteria 1 … n.
    method : {"centroid", "sum", "reciprocal"}
        The centroid is the mean of all weights that have this order.

    Returns
    -------
    pandas.Series

    Raises
    ------
    DataError
        If a criterion is named twice, or none.

    Notes
    -----
    Centroid: Edwards & Barron (1994), as SMARTER.

    Examples
    --------
    >>> rank_weights(["profit", "sales", "credit"]).round(4).to_dict()
    {'profit': 0.6111, 'sales': 0.2778, 'credit': 0.1111}
    >>> rank_weights(["profit", ("sales", "credit")]).round(4).to_dict()
    {'profit': 0.6111, 'sales': 0.1944, 'credit': 0.1944}
    """
    check_choice("method", method, ("centroid", "sum", "reciprocal"))
    if isinstance(order, str | pd.Series | dict | set):
        raise DataError("order must be a list of criteria, the most important first, not a "
                        f"{'text' if isinstance(order, str) else type(order).__name__}; of ranks in a Series, take "
                        "list(ranks.sort_values().index)")
    groups = range(1, check_count("order", order) + 1) if isinstance(order, int | np.integer) else order
    groups = [tuple(each) if isinstance(each, tuple | list) else (each,) for each in groups]
    names = [name for group in groups for name in group]
    if not names:
        raise DataError("order names no criterion")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"order names {shown(twice)} twice: every criterion has one place")
    n = len(names)
    place = np.arange(1, n + 1)
    weights = {"centroid": np.cumsum((1 / place)[::-1])[::-1] / n, "sum": 2 * (n + 1 - place) / (n * (n + 1)),
               "reciprocal": (1 / place) / (1 / place).sum()}[method]
    at, shared = 0, []
    for group in groups:
        shared += [weights[at : at + len(group)].mean()] * len(group)
        at += len(group)
    return pd.Series(shared, index=names, name="weight")


def entropy_weights(matrix, *, normalisation: str = "sum", costs=(), base=None) -> pd.Series:
    """Return entropy weights: a criterion counts by how unevenly it is spread over these alternatives.

    ``p = x / Σx``, ``E = -Σ p ln p / ln(base)``, ``w = (1 - E) / Σ (1 - E)``

    Parameters
    ----------
    matrix : pandas.DataFrame or array-like
        Values of zero or more, at least two rows.
    normalisation : {"sum", "minmax", "max"}
        What stands for x: the values themselves; or first min-max, or share of the largest, which are other weights.
    costs : sequence
        Criteria of which less is better. It matters only with ``"minmax"`` and ``"max"``: a share of a sum has no
        direction.
    base : float, optional
        Of the logarithm; the number of alternatives by default, so that E lies between 0 and 1.

    Returns
    -------
    pandas.Series
        A constant column weighs 0.

    Raises
    ------
    DataError
        For negative values, or fewer than two rows.
    ValueError
        If `base` is so small that an entropy passes 1.

    Warns
    -----
    CrmWarning
        If nothing differs: equal weights are returned.

    Notes
    -----
    After Shannon; in Hwang & Yoon (1981). p = 0 counts as 0. The weight says how different the alternatives are, not
    what matters to anybody: one very large customer is enough to give a column nearly all the weight.

    Examples
    --------
    >>> entropy_weights([[1, 2], [4, 16]]).round(6).tolist()
    [0.358889, 0.641111]
    """
    check_choice("normalisation", normalisation, ("sum", "minmax", "max"))
    table = decision_matrix(matrix, rows=2)
    costs = check_costs(table, costs)
    n = len(table)
    if base is not None and not (np.isfinite(base) and base > 1):
        raise ValueError(f"base must be a number above 1, not {base!r}")
    negative = table.columns[(table < 0).any()]
    if len(negative) and normalisation != "minmax":
        raise DataError(f"column(s) {', '.join(map(str, negative))} have negative values, and a negative share has no "
                        "logarithm: use normalisation='minmax', or decide what a loss means")
    if normalisation != "sum":
        used = table.loc[:, table.apply(differs)]
        if len(used.columns):
            used = normalise(used, method=normalisation, costs=[name for name in costs if name in used])
        table = used.reindex(columns=table.columns, fill_value=1.0)
    total = table.sum()
    p = table / total.where(total > 0, 1.0)
    logs = np.log(p.where(p > 0, 1.0))
    entropy = -(p * logs).sum() / np.log(n if base is None else base)
    # what does not differ has no say; rounding must not give it one
    alike = ~table.apply(differs)
    if base is not None and (entropy[~alike] > 1 + 1e-12).any():
        raise ValueError(f"base={base:g} is too small for {n:,} alternatives: an entropy of {entropy.max():.2f} passes "
                         "1 and its weight would be negative. Leave base out, or take the number of alternatives")
    weights = (1 - entropy).where(~alike, 0.0)
    if base is None:
        weights = weights.clip(lower=0)
    return _shares(weights, "entropy")


def critic_weights(matrix, *, costs=(), correlation: str = "pearson", ddof: int = 0, scale: bool = True,
                   conflict: str = "signed") -> pd.Series:
    """Return CRITIC weights: spread of a criterion, times how little the others say the same.

    ``C_j = sd_j · Σ_k (1 - r_jk)``, ``w_j = C_j / Σ C``, on min-max values.

    Parameters
    ----------
    matrix : pandas.DataFrame or array-like
        At least three rows.
    costs : sequence
        Criteria of which less is better: turned by the min-max. It turns the sign of their correlations, so weights
        change with it.
    correlation : {"pearson", "spearman", "kendall"}
    ddof : int
        Of the standard deviation; it cancels out, and weights do not depend on it.
    scale : bool
        Without it, raw standard deviations are used, which have units.
    conflict : {"signed", "absolute"}
        ``1 - r``, or ``1 - |r|``: whether criteria that go against each other count as saying something new.

    Returns
    -------
    pandas.Series
        A constant column weighs 0.

    Raises
    ------
    DataError
        For missing values, or fewer than three rows.

    Warns
    -----
    CrmWarning
        If nothing differs, or all say the same: equal weights are returned.

    Notes
    -----
    D. Diakoulaki, G. Mavrotas & L. Papayannakis (1995), Computers & Operations Research 22(7), 763-770.

    Examples
    --------
    >>> growth, profit, size = [1, 2, 3, 4], [2, 4, 6, 8.5], [4, 1, 3, 2]
    >>> critic_weights(pd.DataFrame({"growth": growth, "profit": profit, "size": size})).round(3).to_dict()
    {'growth': 0.251, 'profit': 0.249, 'size': 0.5}
    """
    check_choice("correlation", correlation, ("pearson", "spearman", "kendall"))
    check_choice("conflict", conflict, ("signed", "absolute"))
    table = decision_matrix(matrix, rows=3)
    costs = check_costs(table, costs)
    if not 0 <= ddof < len(table):
        raise ValueError(f"ddof={ddof} leaves nothing of {len(table)} rows to divide by: use 0 or 1")
    some = table.columns[table.apply(differs)]
    weights = pd.Series(0.0, index=table.columns)
    if len(some):
        used = table[some]
        if scale:
            used = normalise(used, method="minmax", costs=[name for name in costs if name in some])
        else:
            used = used * [-1.0 if name in costs else 1.0 for name in some]
        r = used.corr(method=correlation)
        against = (1 - (r.abs() if conflict == "absolute" else r)).clip(lower=0).sum()
        weights[some] = used.std(ddof=ddof) * against.where(against > 1e-12, 0.0)
        if len(some) == 1:
            weights[some] = 1.0
    return _shares(weights, "CRITIC")


def _shares(weights, what):
    total = weights.sum()
    if not total > 0:
        warnings.warn(f"{what} finds no difference in any criterion: equal weights are returned; they say nothing "
                      "about these alternatives", CrmWarning, stacklevel=3)
        return pd.Series(1 / len(weights), index=weights.index, name="weight")
    return (weights / total).rename("weight")


def preference_cycles(statements) -> list:
    """Return statements about importance that cannot all be so: groups of criteria each above the others.

    Parameters
    ----------
    statements : iterable of (more, less)
        "More important than", as pairs of names.

    Returns
    -------
    list of tuple
        One tuple per contradiction: the criteria that stand above one another in a circle, sorted by name. Empty if
        the statements fit into one order.

    Raises
    ------
    DataError
        If a statement is no pair, or compares a criterion with itself.

    Examples
    --------
    >>> preference_cycles([("courtesy", "speed"), ("speed", "price"), ("price", "courtesy")])
    [('courtesy', 'price', 'speed')]
    >>> preference_cycles([("courtesy", "speed"), ("speed", "price")])
    []
    """
    from scipy.sparse.csgraph import connected_components

    names, pairs = {}, []
    for pair in statements:
        if isinstance(pair, str) or len(pair) != 2:
            raise DataError(f"a statement is a pair (more important, less important), not {pair!r}")
        more, less = pair
        if more == less:
            raise DataError(f"{shown(more)} cannot be more important than itself")
        pairs.append([names.setdefault(name, len(names)) for name in pair])
    above = np.zeros((len(names), len(names)), dtype=bool)
    for more, less in pairs:
        above[more, less] = True
    # names that stand above one another are one strong component of the graph of statements
    part = connected_components(above, directed=True, connection="strong")[1] if pairs else ()
    groups = pd.Series(list(names), index=part, dtype=object).groupby(level=0).agg(lambda group: tuple(sorted(group)))
    return sorted(group for group in groups if len(group) > 1)
