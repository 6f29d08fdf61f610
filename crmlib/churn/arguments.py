"""What the functions of this chapter accept: numbers in range, tables with their columns and days."""

import sys

import numpy as np
import pandas as pd

from crmlib.checks import check_fraction, check_positive, shown
from crmlib.errors import DataError
from crmlib.rows import need_columns, need_days


def numbers(name, values, *, low=-np.inf, high=np.inf) -> pd.Series:
    """Return values as a float Series, all finite and between `low` and `high`, or say which are not."""
    series = values if isinstance(values, pd.Series) else pd.Series(values)
    if series.empty:
        raise DataError(f"{name} is empty: at least one number is needed")
    if series.index.has_duplicates:
        twice = series.index[series.index.duplicated()]
        raise DataError(f"{name} has {len(twice):,} name(s) twice, the first {shown(twice[0])}: add them up, or rename")
    if pd.api.types.is_bool_dtype(series) or not pd.api.types.is_numeric_dtype(series):
        raise DataError(f"{name} must be numbers, not {series.dtype}")
    series = pd.Series(series.to_numpy(dtype=float, na_value=np.nan), index=series.index, name=series.name)
    x = series.to_numpy()
    if (gaps := ~np.isfinite(x)).any():
        raise DataError(f"{int(gaps.sum()):,} of {len(x):,} values of {name} are missing or infinite, the first for "
                        f"{shown(series.index[gaps][0])}: drop or fill them first")
    if (bad := (x < low) | (x > high)).any():
        first = float(x[bad][0])
        try:
            if high == 1 and low == 0:
                check_fraction(f"{name} of {shown(series.index[bad][0])}:", first)
            check_positive(f"{name} of {shown(series.index[bad][0])}", first, zero=True)
        except ValueError as error:
            raise DataError(f"{error} ({int(bad.sum()):,} of {len(x):,} are out of range)") from None
        raise DataError(f"{name} of {shown(series.index[bad][0])} is {first:g}, not between {low:g} and {high:g}")
    return series


def check_money(name, value) -> float:
    """Return an amount, of either sign, as float; text, true/false and what is not finite are refused."""
    return check_fraction(name, value, low=-sys.float_info.max, high=sys.float_info.max)


def aligned(first, second, names) -> None:
    """Refuse two Series about different rows: they would be paired by position, whatever their indexes say."""
    if isinstance(first, pd.Series) and isinstance(second, pd.Series) and len(first) == len(second) \
            and not first.index.equals(second.index):
        raise DataError(f"{' and '.join(names)} have different indexes: bring them into the same order, or pass "
                        "arrays that are")


def columns(table, needed, name) -> pd.DataFrame:
    """Return a frame of the `needed` columns of a pandas frame, or an Ibis table, or say which are missing."""
    if not isinstance(table, pd.DataFrame):
        if not hasattr(table, "execute"):
            raise TypeError(f"{name} must be a pandas DataFrame or an Ibis table, not {type(table).__name__}")
        table = table.execute()
    need_columns(name, table, needed)
    return table


def days(name, table, which):
    """Return a copy of `table` in which the columns `which` are days without a zone; missing ones are refused."""
    table = table.copy()
    need_days(name, table, which)
    for column in which:
        table[column] = table[column].dt.normalize()
    return table
