"""One scale for criteria in yuan, grades and counts; none of the ways is neutral."""

import numpy as np
import pandas as pd

from crmlib.checks import check_choice, shown
from crmlib.errors import DataError
from crmlib.value.arguments import check_costs, decision_matrix, differs, twelve_digits

METHODS = ("minmax", "vector", "sum", "max", "z", "rank", "none")
_COST_RULE = {"vector": "complement", "sum": "inverse", "max": "inverse"}


def normalise(matrix, *, method: str, costs=(), limits=None, cost_rule=None, constant="raise", ddof: int = 0):
    """Return the criteria on one scale, more being better in every column.

    ===========  ==========================  =====================================================================
    method       more is better              less is better (criteria named in `costs`)
    ===========  ==========================  =====================================================================
    ``minmax``   (x - min) / (max - min)     (max - x) / (max - min)
    ``vector``   x / √Σx²                    1 - x / √Σx², or (1/x) / √Σ(1/x)²
    ``sum``      x / Σx                      (1/x) / Σ(1/x), or 1 - x / Σx
    ``max``      x / max                     min / x, or 1 - x / max
    ``z``        (x - mean) / sd             (mean - x) / sd
    ``rank``     (rank - 1) / (n - 1)        the same from the other end; ties share their average rank
    ``none``     x                           refused: turn the direction before
    ===========  ==========================  =====================================================================

    Parameters
    ----------
    matrix : pandas.DataFrame or array-like of shape (n_alternatives, n_criteria)
        Raw values, one row per alternative.
    method : {"minmax", "vector", "sum", "max", "z", "rank", "none"}
        There is no default: this choice moves a ranking as much as the weights do.
    costs : sequence
        The criteria (column names) of which less is better.
    limits : mapping, optional
        With ``"minmax"``: fixed ends ``{criterion: (low, high)}`` instead of the smallest and the largest value seen.
        Fixed ends do not move when an alternative comes or goes.
    cost_rule : {"complement", "inverse"}, optional
        Which of the two formulas turns a cost with ``vector`` (default the first), ``sum`` or ``max`` (default the
        inverse); both are in print, and they rank differently.
    constant : {"raise", "middle"}
        A column without differences has no min-max and no z: an error, or 0.5 (z: 0) for everybody.
    ddof : int
        With ``"z"``: 0 divides by n, 1 by n - 1.

    Returns
    -------
    pandas.DataFrame
        As `matrix`, dimensionless.

    Raises
    ------
    DataError
        For missing values, constant columns, values outside `limits`, negative values where the method divides by a
        total or takes a ratio, costs given as negative numbers.
    ValueError
        For an unknown method or rule.

    Notes
    -----
    Formulas: C.-L. Hwang & K. Yoon (1981), *Multiple Attribute Decision Making*, Springer.

    Examples
    --------
    >>> offers = pd.DataFrame({"quality": [5, 7, 9], "price": [100, 150, 200]}, index=["a", "b", "c"])
    >>> normalise(offers, method="minmax", costs=["price"])
       quality  price
    a      0.0    1.0
    b      0.5    0.5
    c      1.0    0.0
    """
    check_choice("method", method, METHODS)
    check_choice("constant", constant, ("raise", "middle"))
    if cost_rule is not None:
        check_choice("cost_rule", cost_rule, ("complement", "inverse"))
        if method not in _COST_RULE:
            raise ValueError(f"cost_rule is for {', '.join(_COST_RULE)}; method={method!r} has one way to turn a cost")
    if limits is not None and method != "minmax":
        raise ValueError(f"limits are for method='minmax', not {method!r}")
    table = decision_matrix(matrix)
    ratio = method in _COST_RULE
    costs = check_costs(table, costs, ratio=ratio)
    if method == "none":
        if costs:
            raise DataError("method='none' leaves values as they are: turn the costs "
                            f"({', '.join(map(str, costs))}) before, or choose another method")
        return table
    limits = _limits(table, limits)
    rule = cost_rule or _COST_RULE.get(method)
    columns = {}
    for name, column in table.items():
        x, cost = column.to_numpy(), name in costs
        if method == "minmax":
            low, high = limits.get(name, (x.min(), x.max()))
            width = high - low if name in limits or differs(x) else 0.0
            y = _spread(name, x, width, constant, 0.5, lambda x, w, low=low: (x - low) / w)
            columns[name] = 1 - y if cost else y
        elif method == "z":
            if not 0 <= ddof < len(x):
                raise ValueError(f"ddof={ddof} leaves nothing of {len(x)} rows to divide by: use 0 or 1")
            sd = x.std(ddof=ddof) if differs(x) else 0.0
            y = _spread(name, x, sd, constant, 0.0, lambda x, w: (x - x.mean()) / w)
            columns[name] = -y if cost else y
        elif method == "rank":
            ranks = pd.Series(twelve_digits(x)).rank(method="average").to_numpy()
            y = (ranks - 1) / (len(x) - 1) if len(x) > 1 else np.full(1, 0.5)
            columns[name] = 1 - y if cost else y
        else:
            columns[name] = _ratio(name, x, method, rule if cost else None)
    return pd.DataFrame(columns, index=table.index)[list(table.columns)]


def size_of(name, x, method):
    """Return what a column is divided by; `name` is for the message."""
    if method == "vector":
        size = float(np.sqrt((x**2).sum()))
    else:
        if (x < 0).any():
            raise DataError(f"column {shown(name)} has {int((x < 0).sum()):,} negative value(s): method={method!r} "
                            f"takes "
                            "shares of a total or of the largest; use 'minmax', 'z' or 'rank', or decide what a loss "
                            "means")
        size = float(x.sum() if method == "sum" else x.max())
    if size == 0:
        raise DataError(f"column {shown(name)} is zero for everybody: drop it, it cannot tell anybody apart")
    return size


def _ratio(name, x, method, rule):
    if rule == "inverse":
        if (x == 0).any():
            raise DataError(f"the cost criterion {shown(name)} is zero in {int((x == 0).sum()):,} row(s), and 1/0 "
                            "has no value: use cost_rule='complement', or method='minmax'")
        x = 1 / x
    y = x / size_of(name, x, method)
    return 1 - y if rule == "complement" else y


def _spread(name, x, width, constant, middle, scaled):
    if width > 0:
        return scaled(x, width)
    if constant == "middle":
        return np.full(len(x), middle)
    raise DataError(f"column {shown(name)} is {x[0]:g} for all {len(x):,} alternatives: it cannot tell them apart. "
                    f"Drop "
                    "it, or say constant='middle'")


def _limits(table, limits):
    found = dict(limits or {})
    for name, (low, high) in found.items():
        if name not in table.columns:
            raise DataError(f"limits names {shown(name)}, which is no criterion")
        if not (np.isfinite([low, high]).all() and low < high):
            raise DataError(f"limits of {shown(name)} must be two numbers, the lower first; got ({low}, {high})")
        outside = table[name][(table[name] < low) | (table[name] > high)]
        if len(outside):
            value = outside.iloc[0]
            hint = f": did you mean {value / 100:g}?" if low <= value / 100 <= high and value > high else ""
            raise DataError(f"{len(outside):,} value(s) of {shown(name)} lie outside its limits {low:g} to {high:g}, "
                            f"the first {value:g} in row {shown(outside.index[0])}{hint}")
    return found
