"""What the functions of this chapter accept: one row per respondent, answers on a named scale, money in cents."""

import numpy as np
import pandas as pd

from crmlib.checks import shown
from crmlib.errors import DataError


def respondents(table, columns, *, customer="customer_id", what="survey", minimum=1) -> pd.DataFrame:
    """Return `columns` as numbers, one row per respondent, the respondents as index; or say what is wrong."""
    columns = list(dict.fromkeys(columns))
    needs_columns(what, table, (customer, *columns))
    ids = table[customer]
    if ids.isna().any():
        raise DataError(f"{int(ids.isna().sum()):,} row(s) of {what} name no {customer}: whose answers are they?")
    if ids.duplicated().any():
        raise DataError(f"{int(ids.duplicated().sum()):,} row(s) of {what} repeat a {customer}, the first "
                        f"{shown(ids[ids.duplicated()].iloc[0])}: keep one questionnaire per respondent")
    if len(table) < minimum:
        raise DataError(f"{what} has {len(table)} respondent(s); at least {minimum} are needed")
    return pd.DataFrame({column: numbers(f"{column} of {what}", table[column]).to_numpy() for column in columns},
                        index=pd.Index(ids, name=customer))


def needs_columns(name, table, columns) -> None:
    """Refuse what is no table, or lacks a column."""
    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"{name} must be a pandas DataFrame, not {type(table).__name__}")
    if absent := [column for column in columns if column not in table.columns]:
        there = list(map(str, table.columns))
        raise DataError(f"{name} lacks the column(s) {', '.join(map(str, absent))}; it has {', '.join(there[:12])}"
                        f"{' …' if len(there) > 12 else ''}")


def numbers(name, values, *, minimum=1) -> pd.Series:
    """Return finite numbers as a float Series with its index; or say how many are missing or no numbers."""
    if np.ndim(values) > 1:
        raise DataError(f"{name} must be one number after the other, not a table of shape {np.shape(values)}")
    series = values if isinstance(values, pd.Series) else pd.Series(np.atleast_1d(np.asarray(values)))
    if pd.api.types.is_bool_dtype(series) or not pd.api.types.is_numeric_dtype(series):
        if not (series.dtype == object and series.map(lambda v: isinstance(v, (int, float))).all()):
            raise DataError(f"{name} must be numbers, not {series.dtype}: convert them first")
    x = pd.Series(series.to_numpy(dtype=float, na_value=np.nan), index=series.index, name=series.name)
    if wrong := int((~np.isfinite(x)).sum()):
        raise DataError(f"{wrong:,} of {len(x):,} values of {name} are missing or infinite: drop those respondents "
                        "knowingly, or ask them again")
    if len(x) < minimum:
        raise DataError(f"{name} has {len(x)} value(s); at least {minimum} are needed")
    return x


def on_scale(name, values, scale, *, minimum=1) -> pd.Series:
    """Return answers as floats if they are on the scale from low to high; otherwise guess the scale they are on."""
    low, high = (float(end) for end in scale)
    if not low < high:
        raise ValueError(f"scale {tuple(scale)} must go from its lowest to its highest answer")
    x = numbers(name, values, minimum=minimum)
    if high >= 5 and len(x) > 1 and x.between(0, 1).all() and ((x % 1) != 0).any():
        raise DataError(f"all {len(x):,} values of {name} lie between 0 and 1, on a scale of {low:g} to {high:g}: "
                        f"are they shares of the scale? Multiply by {high:g}")
    outside = ~x.between(low, high)
    if outside.any():
        reach = float(x.abs().max())
        hint = (f"they reach {reach:g}: on a scale to 100? Divide by {100 / high:g}" if high <= 11 < reach <= 100 else
                f"0 is an answer: were they asked on 0 to {high:g}?" if low > 0 and x.min() == 0 and reach <= high else
                "check the code for 'no answer', and the scale")
        raise DataError(f"{int(outside.sum()):,} of {len(x):,} values of {name} are not on the scale {low:g} to "
                        f"{high:g}, the first {x[outside].iloc[0]:g}: {hint}")
    return x


def no_negative(name, values, hint) -> None:
    """Refuse money that has to be given as a positive number."""
    x = np.asarray(values, dtype=float)
    if (x < 0).any():
        raise DataError(f"{int((x < 0).sum()):,} of {x.size:,} values of {name} are negative (lowest {x.min():,.2f}): "
                        f"{hint}")


def cents(name, values) -> np.ndarray:
    """Return money in whole cents; refuse numbers of which rounding to 0.01 would leave little."""
    x = 100 * np.asarray(values, dtype=float)
    whole = np.rint(x)
    lost = np.abs(x - whole).sum()
    if lost > 1e-3 * np.abs(x).sum():
        raise DataError(f"{name} would lose {lost / np.abs(x).sum():.1%} by rounding to 0.01: give money in its main "
                        "unit, not in thousands, and no scores")
    return whole.astype(np.int64)


def same_respondents(first_name, first, second_name, second):
    """Return `second` in the order of `first`; both must be about the same respondents, once each.

    A list as long as `first` is taken to be in its order.
    """
    if not isinstance(second, (pd.Series, pd.DataFrame)):
        if np.ndim(second) != 1 or len(second) != len(first):
            raise DataError(f"{second_name} must be a Series with the respondents of {first_name} as its index, or a "
                            f"list of {len(first):,} values in their order")
        second = pd.Series(second, index=first.index)
    for name, table in ((first_name, first), (second_name, second)):
        if table.index.has_duplicates:
            raise DataError(f"{name} holds {int(table.index.duplicated().sum()):,} respondent(s) twice")
    only_first, only_second = first.index.difference(second.index), second.index.difference(first.index)
    if len(only_first) or len(only_second):
        raise DataError(f"{first_name} and {second_name} are not about the same respondents: {len(only_first):,} are "
                        f"only in {first_name}, {len(only_second):,} only in {second_name}")
    return second.reindex(first.index)


def true_or_false(name, values) -> pd.Series:
    """Return true-or-false answers as 1.0 and 0.0; refuse texts, of which "no" would count as true."""
    series = values if isinstance(values, pd.Series) else pd.Series(values)
    if not series.map(lambda v: isinstance(v, (bool, np.bool_, int, float, np.number)) and v in (0, 1)).all():
        odd = series[~series.map(lambda v: isinstance(v, (bool, np.bool_, int, float, np.number)) and v in (0, 1))]
        raise DataError(f"{len(odd):,} of {len(series):,} values of {name} are neither true nor false, the first "
                        f"{shown(odd.iloc[0])}: convert them, missing ones knowingly")
    return series.astype(float)
