"""What the functions of this chapter accept: one row per respondent, answers on a named scale."""

import numpy as np
import pandas as pd

from crmlib.checks import shown
from crmlib.errors import DataError
from crmlib.rows import need_columns, same_customers


def respondents(table, columns, *, customer="customer_id", what="survey", minimum=1) -> pd.DataFrame:
    """Return `columns` as numbers, one row per respondent, the respondents as index; or say what is wrong."""
    columns = list(dict.fromkeys(columns))
    need_columns(what, table, (customer, *columns))
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


def same_respondents(first_name, first, second_name, second):
    """Return `second` in the order of `first`, as `crmlib.rows.same_customers`; the rows are called respondents."""
    return same_customers(first_name, first, second_name, second, who="respondents")
