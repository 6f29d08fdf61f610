"""What the functions of this chapter accept: one value per customer, tables of lines, shares with an interval."""

import numpy as np
import pandas as pd

from crmlib.checks import check_choice, check_count, check_fraction
from crmlib.errors import DataError


def shown(value) -> str:
    """A customer's id as a reader writes it: 'ann' or 3, not np.int64(3)."""
    return repr(value.item() if hasattr(value, "item") else value)


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


def same_id_type(what: str, ids, name: str, other) -> None:
    """Refuse two columns of ids of which one is text and the other numbers: nobody would be found."""
    if len(ids) and len(other) and pd.api.types.is_numeric_dtype(ids) != pd.api.types.is_numeric_dtype(other):
        raise DataError(f"the ids of {name} are {other.dtype}, those of {what} {ids.dtype}: nobody would be found; "
                        "convert one of them first")


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


def engine_table(lines, columns, what: str):
    """Return `lines` (pandas or Ibis) as an Ibis table of `columns`, or say which are missing or hold gaps."""
    import ibis

    if not isinstance(lines, (pd.DataFrame, ibis.Table)):
        raise TypeError(f"{what} must be a pandas DataFrame or an Ibis table, not {type(lines).__name__}")
    absent = [name for name in columns if name not in lines.columns]
    if absent:
        raise DataError(f"{what} lack the column(s) {', '.join(absent)}; they have "
                        f"{', '.join(map(str, lines.columns))}; rename(columns=...) gives them the names wanted here")
    if isinstance(lines, pd.DataFrame):
        frame = lines[list(columns)]
        _refuse_types(frame, what)
        nulls = frame.isna().sum()
        table = None if nulls.any() else ibis.memtable(frame)
    else:
        table = lines.select(*columns)
        if "date" in columns and getattr(table.date.type(), "timezone", None):
            raise DataError(_ZONED.format(what))
        for name in {"amount", "cost", "margin"}.intersection(columns):
            if not table[name].type().is_numeric():
                raise DataError(f"{name} of {what} must be numbers, not {table[name].type()}: cast it first")
        gaps = {name: table[name].isnull() | table[name].isnan() if table[name].type().is_floating()
                else table[name].isnull() for name in columns}
        nulls = table.aggregate(**{name: gap.sum() for name, gap in gaps.items()}).execute().iloc[0].fillna(0)
    if nulls.any():
        found = ", ".join(f"{int(count):,} in {name}" for name, count in nulls[nulls > 0].items())
        raise DataError(f"{what} have missing values ({found}): drop or fill them first, and say which")
    return table


_ZONED = ("date of {} has a time zone: the day would be that of UTC; make local days of it first, with "
          ".dt.tz_localize(None)")


def _refuse_types(frame, what):
    """Refuse columns of a type that would fail in the engine, or be read in another way than meant."""
    for name in frame:
        column = frame[name]
        if name == "date":
            if isinstance(column.dtype, pd.DatetimeTZDtype):
                raise DataError(_ZONED.format(what))
            if pd.api.types.is_numeric_dtype(column):
                raise DataError(f"date of {what} holds numbers: make days of them with pandas.to_datetime and a format")
        elif name == "customer_id":
            kinds = pd.api.types.infer_dtype(column, skipna=True)
            if kinds.startswith("mixed"):
                raise DataError(f"customer_id of {what} mixes text and numbers: convert all to one type")
        elif name in ("amount", "cost", "margin"):
            if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
                raise DataError(f"{name} of {what} must be numbers, not {column.dtype}: convert them with "
                                "pandas.to_numeric")
            if np.isinf(column.to_numpy(dtype=float, na_value=np.nan)).any():
                raise DataError(f"{name} of {what} is infinite in some rows: drop or mend them first")


def share_interval(count, of, *, level: float = 0.95, method: str = "wilson"):
    """Return the interval of a share: between which shares does a count leave it open?

    Wilson: ``(p + z²/2n ± z √(p(1 - p)/n + z²/4n²)) / (1 + z²/n)`` with p = count/of, n = of, z the normal quantile.
    Exact (Clopper & Pearson): the shares under which neither so few nor so many are rarer than (1 - level) / 2.

    Parameters
    ----------
    count, of : int or array-like of int
        Successes, and trials; ``0 <= count <= of``.
    level : float
        Confidence level, strictly between 0 and 1.
    method : {"wilson", "exact"}
        Wilson's covers the truth as often as it says on average; the exact one at least as often, and is wider.

    Returns
    -------
    low, high : float or numpy.ndarray
        NaN where `of` is 0.

    Raises
    ------
    ValueError
        If a count is negative or above its number of trials, or the level is out of range.

    Examples
    --------
    >>> [round(end, 3) for end in share_interval(8, 10)]
    [0.49, 0.943]
    >>> [round(end, 3) for end in share_interval(8, 10, method="exact")]
    [0.444, 0.975]
    """
    from scipy.special import betaincinv

    k, n = np.asarray(count, dtype=float), np.asarray(of, dtype=float)
    if not ((k >= 0) & (k <= n)).all():
        raise ValueError(f"a share needs 0 <= count <= of; got count {count!r} of {of!r}")
    z, tail = normal_quantile(level), (1 - level) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        if check_choice("method", method, ("wilson", "exact")) == "wilson":
            p = k / n
            middle, half = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
            low, high = (middle - half) / (1 + z**2 / n), (middle + half) / (1 + z**2 / n)
        else:
            low = np.where(k > 0, betaincinv(np.maximum(k, 1), n - k + 1, tail), 0.0)
            high = np.where(k < n, betaincinv(k + 1, np.maximum(n - k, 1), 1 - tail), 1.0)
            low, high = np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan)
    if low.ndim == 0:
        return float(low), float(high)
    return low, high


def normal_quantile(level: float) -> float:
    """Return z of a two-sided interval of this level: 1.96 for 95 %."""
    from scipy.special import ndtri

    level = check_fraction("level", level)
    if not 0 < level < 1:
        raise ValueError(f"level must lie strictly between 0 and 1, not {level:g}")
    return float(ndtri(0.5 + level / 2))


def check_levels(levels: int) -> int:
    """Return the number of levels of a score: whole, at least 2."""
    return check_count("levels", levels, minimum=2)
