"""The rows a function is given: columns that are there, answers yes or no, money in cents, the same customers."""

import numpy as np
import pandas as pd

from crmlib.checks import shown
from crmlib.errors import DataError


def need_columns(name, table, columns) -> None:
    """Refuse what is no frame, or lacks a column.

    Parameters
    ----------
    name : str
        What the table is called in messages.
    table : pandas.DataFrame
    columns : sequence
        What is needed.

    Raises
    ------
    TypeError
        If it is no frame.
    DataError
        If a column is missing.

    Examples
    --------
    >>> need_columns("talks", pd.DataFrame({"customer_id": [1], "day": ["2025-01-02"]}), ("customer_id", "date"))
    Traceback (most recent call last):
    crmlib.errors.DataError: talks lack the column(s) date; they have customer_id, day
    """
    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"{name} must be a pandas DataFrame, not {type(table).__name__}")
    if absent := [column for column in columns if column not in table.columns]:
        there = list(map(str, table.columns))
        lack, have = ("lack", "they have") if name.split()[0].endswith("s") else ("lacks", "it has")
        raise DataError(f"{name} {lack} the column(s) {', '.join(map(str, absent))}; {have} {', '.join(there[:12])}"
                        f"{' …' if len(there) > 12 else ''}")


def need_days(name, table, columns) -> None:
    """Refuse columns that hold text or moments of a time zone, or lack a day: they would count as 'nothing happened'.

    Examples
    --------
    >>> need_days("talks", pd.DataFrame({"date": ["2025-01-02"]}), ["date"])
    Traceback (most recent call last):
    crmlib.errors.DataError: date of talks must be days, not str: convert it with pandas.to_datetime
    """
    for column in columns:
        if not pd.api.types.is_datetime64_any_dtype(table[column]):
            raise DataError(f"{column} of {name} must be days, not {table[column].dtype}: convert it with "
                            "pandas.to_datetime")
        if getattr(table[column].dt, "tz", None) is not None:
            raise DataError(f"{column} of {name} has a time zone: state the days of one zone first")
        if gaps := int(table[column].isna().sum()):
            raise DataError(f"{gaps:,} of {len(table):,} rows of {name} have no {column}: fill or drop them first")


def outcomes(name, values, *, length=None, minimum=1) -> np.ndarray:
    """Return yes-or-no answers as true and false; refuse missing ones, and texts, of which "no" would count as true.

    Parameters
    ----------
    name : str
        What they are called in messages.
    values : array-like
        True/false or 1/0.
    length : int, optional
        How many there have to be, one per row.
    minimum : int
        How many are needed.

    Returns
    -------
    numpy.ndarray of bool

    Raises
    ------
    DataError
        If values are missing, neither true nor false, or too few.

    Examples
    --------
    >>> outcomes("renewed", [1, 0, True]).tolist()
    [True, False, True]
    >>> outcomes("renewed", ["yes", "no"])
    Traceback (most recent call last):
    crmlib.errors.DataError: renewed must be yes or no (true/false or 1/0); 2 of 2 values are not, the first is 'yes'
    """
    series = pd.Series(values)
    if len(series) < minimum:
        raise DataError(f"{name} must be yes or no (true/false or 1/0), one per row; found no row")
    if length is not None and len(series) != length:
        raise DataError(f"{name} has {len(series):,} rows, the others have {length:,}: they must be of the same rows")
    if missing := int(series.isna().sum()):
        raise DataError(f"{missing:,} of {len(series):,} values of {name} are missing: leave out what is not decided "
                        "yet, or find out why they are")
    if pd.api.types.is_numeric_dtype(series):
        right = np.isin(series.to_numpy(dtype=float), (0.0, 1.0))
    else:
        right = np.array([isinstance(each, bool | np.bool_ | int | float | np.number) and each in (0, 1)
                          for each in series], dtype=bool)
    if not right.all():
        raise DataError(f"{name} must be yes or no (true/false or 1/0); {int((~right).sum()):,} of {len(series):,} "
                        f"values are not, the first is {shown(series[~right].iloc[0])}")
    return series.astype(bool).to_numpy()


def whole_cents(name, values) -> np.ndarray:
    """Return money in whole cents; refuse numbers of which rounding to 0.01 would leave little (thousands, say).

    Examples
    --------
    >>> whole_cents("profit", [12.34, -0.1]).tolist()
    [1234, -10]
    """
    x = 100 * np.asarray(values, dtype=float)
    cents = np.rint(x)
    lost = np.abs(x - cents).sum()
    if lost > 1e-3 * np.abs(x).sum():
        raise DataError(f"{name} would lose {lost / np.abs(x).sum():.1%} by rounding to 0.01: are they in thousands? "
                        "Give money in its main unit, and no scores")
    return cents.astype(np.int64)


def same_customers(first_name, first, second_name, second, *, who="customers"):
    """Return `second` in the order of `first`; both must be about the same customers, once each.

    A list as long as `first` is taken to be in its order; `who` is what the rows are called in messages.

    Examples
    --------
    >>> same_customers("p", pd.Series({7: 0.1, 8: 0.9}), "y", pd.Series({8: True, 7: False})).tolist()
    [False, True]
    """
    if not isinstance(second, pd.Series | pd.DataFrame):
        if np.ndim(second) != 1 or len(second) != len(first):
            raise DataError(f"{second_name} must be a Series with the {who} of {first_name} as its index, or a list "
                            f"of {len(first):,} values in their order")
        second = pd.Series(second, index=first.index)
    for name, table in ((first_name, first), (second_name, second)):
        if table.index.has_duplicates:
            raise DataError(f"{name} holds {int(table.index.duplicated().sum()):,} {who} twice: one row each is needed")
    only_first, only_second = first.index.difference(second.index), second.index.difference(first.index)
    if len(only_first) or len(only_second):
        raise DataError(f"{first_name} and {second_name} are not about the same {who}: {len(only_first):,} are only "
                        f"in {first_name}, {len(only_second):,} only in {second_name}; reindex one to the other, and "
                        "decide what a missing one is worth")
    return second.reindex(first.index)
