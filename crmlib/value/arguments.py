"""What the functions of this chapter accept: a table of alternatives by criteria, weights, names of criteria."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from crmlib.checks import check_choice, shown
from crmlib.errors import DataError

TOTALS = ("one", "rescale", "any")
_NEAR = 1e-6
_POINTS = 3  # beside fractions of 1, a column that goes up to so much is of points
_APART = 20  # columns that differ by more are on different scales: 0 to 1 and 0 to 100, say


def decision_matrix(matrix, *, name: str = "matrix", rows: int = 1) -> pd.DataFrame:
    """Return a table of finite numbers, one row per alternative, one column per criterion; or say what is wrong."""
    table = matrix.copy() if isinstance(matrix, pd.DataFrame) else pd.DataFrame(_plain(matrix, name))
    if table.shape[0] < rows or table.shape[1] < 1:
        raise DataError(f"{name} needs at least {rows} row(s), one per alternative, and a column per criterion; got "
                        f"shape {table.shape}")
    for what, labels in (("row", table.index), ("column", table.columns)):
        if labels.has_duplicates:
            twice = labels[labels.duplicated()]
            raise DataError(f"{name} has {len(twice):,} {what} name(s) twice, the first {shown(twice[0])}: a name "
                            "stands for one thing")
    words = [str(column) for column, kind in table.dtypes.items()
             if not pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_bool_dtype(kind)
             or pd.api.types.is_complex_dtype(kind)]
    if words:
        raise DataError(f"{name}: the column(s) {', '.join(words)} hold no numbers: give grades and words a number "
                        "first; of numbers stored as objects (decimals of a database), take .astype(float)")
    table = table.astype(float)
    gaps = ~np.isfinite(table.to_numpy())
    if gaps.any():
        row, column = (int(places[0]) for places in np.nonzero(gaps))
        raise DataError(f"{name} has {int(gaps.sum()):,} missing or infinite value(s), the first in row "
                        f"{shown(table.index[row])}, column {shown(table.columns[column])}: decide what a missing "
                        "value means (drop the row, ask, or fill it knowingly)")
    return table


def _plain(matrix, name):
    try:
        array = np.asarray(matrix)
        if array.dtype.kind in "USbc":
            raise TypeError("words, truth values or complex numbers")
        array = array.astype(float)
    except (TypeError, ValueError):
        raise DataError(f"{name} must be a table of numbers, not {type(matrix).__name__}") from None
    if array.ndim != 2:
        raise DataError(f"{name} must have rows and columns: alternatives by criteria; got shape {array.shape}")
    return array


def check_costs(table: pd.DataFrame, costs, *, ratio: bool = False) -> list:
    """Return the criteria of which less is better; they must be columns, and hold costs, not costs with a minus.

    With `ratio`, the method divides by costs or multiplies them, so that none may be negative.
    """
    named = [costs] if isinstance(costs, str) else list(costs)
    if strange := [shown(name) for name in named if name not in table.columns]:
        raise DataError(f"costs names {', '.join(strange)}, which is no criterion; the criteria are "
                        f"{', '.join(map(str, table.columns))}")
    for name in named:
        column = table[name]
        below = int((column < 0).sum())
        if 2 * below > len(column) or (below and (column <= 0).all()):
            raise DataError(f"the cost criterion {shown(name)} has negative numbers, mostly or only: a cost of 5 is 5 "
                            "here, not -5. Turn its sign, or take it out of costs: of negative numbers, more is better "
                            "already")
        if below and ratio:
            raise DataError(f"the cost criterion {shown(name)} has {below:,} negative value(s), of which no ratio "
                            "can be taken: use method='minmax', 'z' or 'rank'")
    return named


def check_weights(weights, criteria, *, total: str = "one", name: str = "weights") -> pd.Series:
    """Return one weight per criterion, in the order of `criteria`.

    Parameters
    ----------
    weights : mapping, pandas.Series or sequence
        By the names of the criteria, or in their order.
    criteria : sequence
        The names, in order.
    total : {"one", "rescale", "any"}
        Weights that do not sum to 1 are an error; are divided by their sum; or are taken as they are.
    name : str
        What they are called in messages.

    Returns
    -------
    pandas.Series

    Raises
    ------
    DataError
        If one is missing, unknown, negative or no number, or all are zero, or they do not sum to 1.

    Examples
    --------
    >>> check_weights({"sales": 60, "credit": 40}, ["credit", "sales"], total="rescale").tolist()
    [0.4, 0.6]
    >>> check_weights([60, 40], ["credit", "sales"])
    Traceback (most recent call last):
    crmlib.errors.DataError: weights sum to 100, not 1: are they percentages? Divide them by 100, or say total='rescale'
    """
    check_choice("total", total, TOTALS)
    criteria = pd.Index(criteria)
    if isinstance(weights, Mapping | pd.Series):
        given = pd.Series(weights, dtype=object)
        if given.index.has_duplicates:
            raise DataError(f"{name} name a criterion twice")
        missing, strange = criteria.difference(given.index, sort=False), given.index.difference(criteria, sort=False)
        if len(missing) or len(strange):
            raise DataError(f"{name} do not fit the criteria: no weight for {', '.join(map(str, missing)) or 'none'}, "
                            f"unknown {', '.join(map(str, strange)) or 'none'}; the criteria are "
                            f"{', '.join(map(str, criteria))}")
        values = given.reindex(criteria).to_numpy()
    else:
        if isinstance(weights, str | set | frozenset) or not hasattr(weights, "__iter__"):
            raise DataError(f"{name} must be a mapping by criterion, or a list in the order of the criteria, not "
                            f"{type(weights).__name__}")
        values = np.asarray(list(weights), dtype=object)
        if len(values) != len(criteria):
            raise DataError(f"{len(values)} {name} for {len(criteria)} criteria ({', '.join(map(str, criteria))})")
    if any(isinstance(each, str | bytes | bool | np.bool_) for each in values):
        raise DataError(f"{name} must be numbers, not words or True and False")
    try:
        values = values.astype(float)
    except (TypeError, ValueError):
        raise DataError(f"{name} must be numbers") from None
    if not np.isfinite(values).all():
        raise DataError(f"{int((~np.isfinite(values)).sum())} of {len(values)} {name} are missing or infinite")
    if (values < 0).any():
        bad = criteria[values < 0][0]
        raise DataError(f"the weight of {shown(bad)} is {values[values < 0][0]:g}: weights are zero or more. Of a "
                        "criterion of which less is better, name it in costs and keep its weight positive")
    sum_ = float(values.sum())
    if sum_ <= 0:
        raise DataError(f"all {name} are zero: at least one criterion has to count")
    if total == "one" and abs(sum_ - 1) > _NEAR:
        hint = ("are they percentages? Divide them by 100, or say total='rescale'" if abs(sum_ - 100) < 0.5
                else "is one missing, or were they rounded? total='rescale' divides by their sum")
        raise DataError(f"{name} sum to {sum_:g}, not 1: {hint}")
    if total == "rescale":
        values = values / sum_
    return pd.Series(values, index=criteria, name="weight")


def one_scale(table: pd.DataFrame, scales: str) -> None:
    """Refuse to add up columns that are on different scales, unless ``scales="any"``."""
    if check_choice("scales", scales, ("same", "any")) == "any":
        return
    largest, mean = table.abs().max(), table.abs().mean()
    if not (largest > 0).any():
        return
    large, small = largest.idxmax(), largest[largest > 0].idxmin()
    # by the mean too: one giant stretches a column of z-scores, and is no other scale; nor are a few customers who are
    # all small on a scale from 0 to 1
    if largest[large] > 1 + 1e-9 and min(largest[large] / largest[small], mean[large] / mean[small]) > _APART:
        raise DataError(f"the columns are on different scales: {shown(large)} goes up to {largest[large]:g}, "
                        f"{shown(small)} to {largest[small]:g}, so that the first would decide alone. Normalise them "
                        "(crmlib.value.normalise), put shares and percentages on one scale, or say scales='any'")
    # a column of fractions between 0 and 1 beside points up to 5, 7 or 10; z-scores are known by their negative values
    shares = [name for name in table if table[name].between(0, 1).all() and (table[name] % 1 > 0).any()]
    if shares and largest[large] >= _POINTS and (table >= 0).to_numpy().all():
        raise DataError(f"the columns are on different scales: {shown(large)} goes up to {largest[large]:g}, "
                        f"{shown(shares[0])} lies between 0 and 1, so that the first would decide nearly alone. "
                        "Normalise them (crmlib.value.normalise), or say scales='any' where there is such an argument")


def twelve_digits(values) -> np.ndarray:
    """Return scores to twelve digits of the largest: those that differ only by how a computer adds become equal."""
    x = np.asarray(values, dtype=float)
    largest = np.abs(x).max(initial=0.0)
    if largest == 0:
        return x
    unit = 10.0 ** (np.floor(np.log10(largest)) - 11)
    return np.rint(x / unit) * unit


def differs(column) -> bool:
    """Return whether a column tells anybody apart: to twelve digits, so that 0.1 + 0.2 and 0.3 are alike."""
    return bool(np.ptp(twelve_digits(column)) > 0)


def score_series(name: str, scores) -> pd.Series:
    """Return one finite score per alternative, its names in the index."""
    series = scores if isinstance(scores, pd.Series) else pd.Series(np.asarray(scores, dtype=float))
    return decision_matrix(series.to_frame(name), name=name).iloc[:, 0]
