"""What the functions of this chapter accept: one value per customer, money in cents, ids of one type."""

import numpy as np
import pandas as pd

from crmlib.checks import check_count, shown
from crmlib.errors import DataError


def customer_values(name: str, values) -> pd.Series:
    """Return one finite number per customer as a float Series, its index the customers; or say what is wrong."""
    series = values if isinstance(values, pd.Series) else pd.Series(np.asarray(values).tolist(), dtype=None)
    if np.ndim(values) != 1 or series.empty:
        raise DataError(f"{name} must be one number per customer, at least one; got shape {np.shape(values)}")
    if not pd.api.types.is_numeric_dtype(series) or pd.api.types.is_bool_dtype(series):
        raise DataError(f"{name} must be numbers, not {series.dtype}: convert them or drop the missing ones")
    series = series.astype(float) if not pd.api.types.is_extension_array_dtype(series) else pd.Series(
        series.to_numpy(dtype=float, na_value=np.nan), index=series.index, name=series.name)
    missing = ~np.isfinite(series.to_numpy())
    if missing.any():
        raise DataError(f"{int(missing.sum()):,} of {len(series):,} values of {name} are missing or infinite, the "
                        f"first for customer {shown(series.index[missing][0])}: drop or fill them first")
    if series.index.has_duplicates:
        twice = series.index[series.index.duplicated()]
        raise DataError(f"{name} has {len(twice):,} customer(s) twice, the first {shown(twice[0])}: add up "
                        "their rows first")
    return series


def whole_cents(name: str, series: pd.Series) -> np.ndarray:
    """Return money in whole cents; refuse numbers of which rounding to 0.01 would leave little (thousands, say)."""
    x = 100 * series.to_numpy(dtype=float)
    cents = np.rint(x)
    lost = np.abs(x - cents).sum()
    if lost > 1e-3 * np.abs(x).sum():
        raise DataError(f"{name} would lose {lost / np.abs(x).sum():.1%} by rounding to 0.01: are they in "
                        "thousands? Give money in its main unit")
    return cents.astype(np.int64)


def twelve_digits(values) -> np.ndarray:
    """Return numbers to twelve significant digits: sums that differ only by how they were added up become equal."""
    x = np.asarray(values, dtype=float)
    with np.errstate(divide="ignore"):
        scale = np.where(x == 0, 0.0, np.floor(np.log10(np.abs(x))))
    unit = 10.0 ** np.clip(scale, -300, 300)
    return np.round(x / unit, 11) * unit


def same_customers(first_name: str, first: pd.Series, second_name: str, second: pd.Series) -> pd.Series:
    """Return `second` in the order of `first`; both must hold the same customers."""
    only_first, only_second = first.index.difference(second.index), second.index.difference(first.index)
    if len(only_first) or len(only_second):
        raise DataError(
            f"{first_name} and {second_name} are not about the same customers: {len(only_first):,} are only in "
            f"{first_name}, {len(only_second):,} only in {second_name}; reindex one to the other, and decide what a "
            "missing customer is worth"
        )
    return second.reindex(first.index)


def check_levels(levels: int) -> int:
    """Return the number of levels of a score: whole, at least 2."""
    return check_count("levels", levels, minimum=2)
