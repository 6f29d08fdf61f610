"""Tables out, to people who open them in a spreadsheet."""

import os
import uuid
from pathlib import Path

import pandas as pd

# what makes a spreadsheet take text for a formula (OWASP, "CSV Injection"), full-width signs included
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def neutralise_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose texts, column names included, no spreadsheet will run as a formula.

    A customer may be called ``=HYPERLINK("http://…")``. Such a text gets an apostrophe in front, which
    spreadsheets take for "this is text". Numbers and dates stay what they are, negative ones too.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any table.

    Returns
    -------
    pandas.DataFrame
        A copy; its index is left alone.

    References
    ----------
    OWASP, *CSV Injection*.

    Examples
    --------
    >>> table = pd.DataFrame({"customer_id": ["A1", "=1+1", "@x"], "value": [-3.0, 2.0, 1.0]})
    >>> neutralise_formulas(table)["customer_id"].tolist()
    ['A1', "'=1+1", "'@x"]
    >>> neutralise_formulas(table)["value"].tolist()
    [-3.0, 2.0, 1.0]
    """
    columns = {}
    for position in range(frame.shape[1]):
        series = frame.iloc[:, position]
        if isinstance(series.dtype, pd.CategoricalDtype):
            series = series.astype(series.dtype.categories.dtype)
        text = series.dtype == object or pd.api.types.is_string_dtype(series.dtype)
        columns[position] = series.map(_harmless) if text else series
    safe = pd.DataFrame(columns, index=frame.index)
    safe.columns = [_harmless(name) for name in frame.columns]
    return safe


def _harmless(value):
    return "'" + value if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def write_csv(frame: pd.DataFrame, path: str | os.PathLike) -> Path:
    """Write a table as CSV that is safe to open in a spreadsheet; return its path.

    It is UTF-8 with the mark that makes Excel read it as such, without the index, with formulas neutralised.
    The file appears when it is complete: an interrupted call leaves what was there before.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any table.
    path : str or path
        File to write; one that exists is replaced.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_csv(pd.DataFrame({"customer_id": ["=1+1"], "value": [-3]}), Path(folder, "scores.csv"))
    ...     path.read_text("utf-8-sig").split()
    ['customer_id,value', "'=1+1,-3"]
    """
    path = Path(path)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        neutralise_formulas(frame).to_csv(beside, index=False, encoding="utf-8-sig", lineterminator="\n")
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    return path


def neutralised(column):
    """Return a column of an Ibis table as `write_csv` would write it; what is not text stays.

    Examples
    --------
    >>> import ibis
    >>> ids = ibis.memtable({"customer_id": ["@home", "A7"]})
    >>> neutralised(ids.customer_id).execute().tolist()
    ["'@home", 'A7']
    """
    import ibis

    if not column.type().is_string():
        return column
    starts = column.substr(0, 1).isin(FORMULA_STARTS)
    return ibis.ifelse(starts, ibis.literal("'") + column, column).name(column.get_name())
