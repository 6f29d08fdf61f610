"""What the functions of this chapter accept: numbers per row, two groups of an experiment, shares of customers."""

import numpy as np
import pandas as pd

from crmlib import rows
from crmlib.checks import check_fraction, shown
from crmlib.errors import DataError


def row_values(name: str, values, *, length=None) -> np.ndarray:
    """Return one finite number per row as floats, or say how many are not."""
    series = pd.Series(values)
    if series.ndim != 1 or series.empty:
        raise DataError(f"{name} must hold one number per row, at least one")
    if length is not None and len(series) != length:
        raise DataError(f"{name} has {len(series):,} rows, the others have {length:,}: they must be of the same rows")
    if not (pd.api.types.is_numeric_dtype(series) or pd.api.types.is_bool_dtype(series)):
        try:
            series = series.astype(float)
        except (TypeError, ValueError):
            raise DataError(f"{name} must be numbers, not {series.dtype}, the first is "
                            f"{shown(series.iloc[0])}") from None
    x = series.to_numpy(dtype=float, na_value=np.nan)
    if (wrong := int((~np.isfinite(x)).sum())):
        raise DataError(f"{wrong:,} of {len(x):,} values of {name} are missing or infinite: drop these rows, or find "
                        "out why they are")
    return x


def probabilities(name: str, values, *, length=None) -> np.ndarray:
    """Return one probability per row; percentages are recognised as such."""
    x = row_values(name, values, length=length)
    if ((x < 0) | (x > 1)).any():
        worst = float(x[(x < 0) | (x > 1)][0])
        hint = " (percentages? divide by 100)" if x.min() >= 0 and x.max() <= 100 and x.max() > 1.5 else ""
        raise DataError(f"{int(((x < 0) | (x > 1)).sum()):,} of {len(x):,} values of {name} are not between 0 and 1, "
                        f"the first is {worst:g}{hint}")
    return x


def outcomes(name: str, values, *, length=None) -> np.ndarray:
    """Return yes-or-no outcomes as 0.0 and 1.0."""
    return rows.outcomes(name, values, length=length).astype(float)


def treatments(values, *, treated=None, length=None, name="treatment") -> np.ndarray:
    """Return who was treated (1) and who was left alone (0); refuse what is no comparison of two groups.

    Parameters
    ----------
    values : array-like
        True/false, 1/0, or two labels.
    treated : optional
        Which of two labels means treated; needed for labels.

    Raises
    ------
    DataError
        If values are missing, there are not exactly two of them, or one of the two groups is empty.

    Examples
    --------
    >>> treatments(["call", "control", "call"], treated="call").tolist()
    [1.0, 0.0, 1.0]
    >>> treatments(["call", "control", "letter"], treated="call")
    Traceback (most recent call last):
    crmlib.errors.DataError: treatment has 3 values (call, control, letter): compare two groups at a time, and leave \
the other rows out
    """
    series = pd.Series(values)
    if series.ndim != 1 or series.empty:
        raise DataError(f"{name} must hold one value per row, at least one")
    if length is not None and len(series) != length:
        raise DataError(f"{name} has {len(series):,} rows, the others have {length:,}: they must be of the same rows")
    if (gaps := int(series.isna().sum())):
        raise DataError(f"{name} is missing in {gaps:,} of {len(series):,} rows: who was not drawn into the "
                        "experiment does not belong in the comparison; drop these rows")
    found = sorted(series.unique().tolist(), key=str)
    if len(found) > 2:
        names = ", ".join(str(each) for each in found[:4]) + (", …" if len(found) > 4 else "")
        raise DataError(f"{name} has {len(found)} values ({names}): compare two groups at a time, and leave the other "
                        "rows out")
    if treated is None:
        if not set(found) <= {0, 1}:
            raise DataError(f"{name} has the values {', '.join(map(str, found))}: say which of them is the treatment "
                            "with treated=…")
        treated = 1
    elif treated not in found and (isinstance(treated, str) or not set(found) <= {0, 1}):
        raise DataError(f"treated={treated!r} does not occur in {name}, which has {', '.join(map(str, found))}")
    w = (series == treated).to_numpy(dtype=float)
    if w.all() or not w.any():
        missing = "no controls: everybody was treated" if w.all() else "nobody was treated"
        raise DataError(f"{name} has {missing}; without both groups no effect can be told from chance")
    return w


def propensity_of(value, w) -> np.ndarray:
    """Return the chance of treatment per row: given, or the share of the treated."""
    if value is None:
        return np.full(len(w), w.mean())
    if np.ndim(value) == 0:
        value = np.full(len(w), check_fraction("propensity", value))
    e = probabilities("propensity", value, length=len(w))
    if ((e <= 0) | (e >= 1)).any():
        raise DataError("propensity must lie strictly between 0 and 1: who could not be in both groups tells nothing "
                        "about the other one")
    return e


def group_codes(groups, length: int) -> np.ndarray:
    """Return a number per row that says which customer it belongs to; without groups, each row is its own."""
    if groups is None:
        return np.arange(length)
    series = pd.Series(groups)
    if len(series) != length or series.isna().any():
        raise DataError(f"groups must name the customer of each of the {length:,} rows, without gaps")
    return pd.factorize(series)[0]


def feature_table(features) -> pd.DataFrame:
    """Return features as floats without gaps, or say which column is to blame."""
    if not isinstance(features, pd.DataFrame) or features.empty:
        raise DataError("features must be a DataFrame with one row per decision and at least one column")
    return pd.DataFrame({name: row_values(f"the feature {name}", features[name]) for name in features},
                        index=features.index)


def same_rows(**named) -> None:
    """Refuse pandas objects whose rows are not the same in the same order: values are matched by position."""
    known = {name: each.index for name, each in named.items() if isinstance(each, (pd.Series, pd.DataFrame))}
    first = next(iter(known), None)
    for name, index in known.items():
        if not index.equals(known[first]):
            order = " in the same order" if set(index) == set(known[first]) else ""
            raise DataError(f"{first} and {name} are not of the same rows{order}: reindex one to the other")


def draw_weights(size: int, draws: int, seed: int):
    """Yield how often each of `size` customers is drawn, in blocks of draws: a bootstrap that fits into the memory."""
    random, block = np.random.default_rng(seed), max(1, 10_000_000 // size)
    for start in range(0, draws, block):
        yield random.multinomial(size, np.full(size, 1 / size), size=min(block, draws - start))
