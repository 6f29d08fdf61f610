"""What the functions of this chapter accept: one value per customer, levels of a score."""

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


def twelve_digits(values) -> np.ndarray:
    """Return numbers to twelve significant digits: sums that differ only by how they were added up become equal."""
    x = np.asarray(values, dtype=float)
    with np.errstate(divide="ignore"):
        scale = np.where(x == 0, 0.0, np.floor(np.log10(np.abs(x))))
    unit = 10.0 ** np.clip(scale, -300, 300)
    return np.round(x / unit, 11) * unit


def check_levels(levels: int) -> int:
    """Return the number of levels of a score: whole, at least 2."""
    return check_count("levels", levels, minimum=2)
