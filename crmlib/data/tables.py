"""The door: orders in any form come in, one validated transactions table goes out.

`read_transactions` is the only place of the kit that knows file formats and engines.
It works in three steps: *open* the source as an Ibis table without changing a value, *check* every mapped
column with one aggregate query (and one group-by for equal rows), *select* the canonical columns lazily.
A check is a small record (`Check`): a column, a predicate for the rows it objects to, and the way out.
All objections are raised together, as one `DataError`.
"""

import codecs
import csv
import difflib
import glob
import gzip
import os
import re
import shutil
import tempfile
import uuid
import weakref
import zoneinfo
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date as Date
from datetime import datetime as Datetime
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from crmlib.checks import check_choice
from crmlib.errors import DataError

# What programs write when a value is missing. "NA" is left out: it can be somebody's name.
MISSING = ("", "nan", "NaN", "NaT", "null", "NULL", "None", "<NA>", "#N/A", "\u00a0", "\u3000")
LARGEST_AMOUNT = 9e13  # above it a float64 no longer holds exact cents
NEGATIVE = "negative (returns?)"
EXAMPLES = 5
MOST_REJECTS = 10_000  # unreadable CSV lines to keep
ENCODING_HINT = 'pass encoding="latin-1" (Western Europe), "gb18030" (Chinese), or the one it was written in'
ENGINES = ("duckdb", "_duckdb", "pyarrow", "ibis", "pyspark", "py4j", "polars", "sqlglot", "zlib", "_csv")
ROW, FILE = "_crm_row", "_crm_file"

ISO_DAY = "[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}"
ISO = f"^{ISO_DAY}([T ][0-9:.]+)?$"
ISO_ZONED = f"^{ISO_DAY}[T ][0-9]{{2}}:[0-9]{{2}}:[0-9.]+(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?)$"
DAY_MONTH = "^([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4}|[0-9]{2})( .*)?$"
SPARK_FORMAT = {"Y": "yyyy", "y": "yy", "m": "M", "d": "d", "H": "H", "I": "h", "M": "m", "S": "s", "p": "a",
                "b": "MMM", "B": "MMMM", "f": "SSSSSS", "z": "xx", "%": "%"}


class Transactions(ir.Table):
    """A lazy Ibis table of orders, with the record of how it was made.

    It is an ordinary `ibis.expr.types.Table`; what is derived from it is a plain Ibis table again.

    Attributes
    ----------
    report : pandas.DataFrame
        One row per check: ``check, column, rows, done``.
    rows_in, rows_out : int
        Rows of the source and of this table; the difference is what the report says was dropped.
    """

    __slots__ = ("report", "rows_in", "rows_out")

    def __init__(self, table, report, rows_in, rows_out):
        super().__init__(table.op())
        for name, value in (("report", report), ("rows_in", rows_in), ("rows_out", rows_out)):
            object.__setattr__(self, name, value)  # Ibis expressions are immutable


@dataclass
class Check:
    """Rows of a column for which `bad(table)` holds; `done` says what becomes of them.

    "refused" raises; "kept", "dropped" and "trimmed" are reported; "noted" only informs the code.
    """

    column: str
    what: str
    bad: Callable
    hint: str | Callable = ""  # a callable gets the offending values
    done: str = "refused"

    @property
    def key(self):
        return self.column, self.what


@dataclass
class Column:
    """How a mapped column is read: `value(table, found)` is the Ibis expression, given the counts found."""

    value: Callable
    checks: list
    explain: Callable = lambda found: []  # problems that need more than one count


@dataclass
class Problem:
    """What a check objects to: one entry of the error message."""

    column: str
    what: str
    hint: str
    examples: list = field(default_factory=list)

    def __str__(self):
        lines = [f"{self.column}: {self.what}" if self.column else self.what]
        lines += ["; ".join(self.examples)] if self.examples else []
        return "\n   ".join(lines + [f"-> {self.hint}"])


@dataclass
class Source:
    """An opened source: its tables, how to name it, and what only its form can tell."""

    name: str
    table: ir.Table  # the checked table; for CSV it skips unreadable lines, which are collected apart
    final: ir.Table  # the table to return: for CSV it fails on unreadable lines
    located: ir.Table | None = None  # the rows with their number, where rows have an order
    text: bool = False  # every column is text, as in a CSV file
    broken: dict = field(default_factory=dict)  # column -> (what, hint): values that no table can hold
    instants: frozenset = frozenset()  # columns that are points in time, though Ibis does not say so (Spark)
    rejects: Callable = lambda: []  # problems with unreadable lines, after the table was scanned
    rows: int = 0


def read_transactions(
    source, *, customer_id="customer_id", date="date", amount="amount", order_id=None, product_id=None,
    quantity=None, margin=None, currency=None, date_format=None, timezone=None, observation_end=None,
    returns="raise", duplicates="raise", decimal=".", thousands=None, encoding="utf-8", delimiter=None,
    connection=None,
) -> Transactions:
    """Read orders from any table and return them validated, with canonical column names.

    Nothing is guessed, filled or left out silently: what cannot be used is refused, with counts and the
    first rows, all of it in one error; what an argument asks to drop is counted in the report.

    Parameters
    ----------
    source : table, path, glob, or list of paths
        A pandas, Polars or Arrow table; CSV (``.csv .tsv .txt``, also ``.gz``) or Parquet files; a DuckDB
        relation; an Ibis table on DuckDB or PySpark; a PySpark DataFrame.
        Files stay on disk and are read by DuckDB when the result is used; Polars lazy frames are collected,
        DuckDB relations are fetched as Arrow. (For PySpark, Ibis sets the session's time zone to UTC.)
    customer_id, date, amount : str
        Names of the source's columns. They may not hold missing values.
    order_id, product_id, quantity, margin : str, optional
        Further columns to keep. Missing values in them are kept and counted.
    currency : str, optional
        Column that must hold a single currency. It is checked, not kept.
    date_format : str, optional
        `strptime` format for dates that are text or whole numbers, e.g. ``"%d/%m/%Y"`` or ``"%Y%m%d"``;
        ``"excel"`` for Excel's day numbers. Without it only year-month-day text is read.
    timezone : str, optional
        IANA zone, e.g. ``"Asia/Shanghai"``. Required if dates carry a zone or offset: they become wall time
        there. Dates without a zone are taken as wall time already.
    observation_end : date-like, optional
        Last day of the data (inclusive). Later dates are refused.
    returns : {"raise", "net", "drop"}
        What to do with negative amounts: refuse; keep, so that they are netted within the customer's day;
        or drop those rows.
    duplicates : {"raise", "keep", "drop"}
        What to do with rows that are equal in every source column: refuse; keep all, without looking for
        them (it is the dearest check); or keep one of each.
    decimal, thousands : str
        Decimal mark, and grouping mark if any, of amounts that are text.
    encoding, delimiter : str
        Of CSV files. The delimiter (comma, semicolon, tab, bar) is read off the header unless given.
        Files in other encodings than UTF-8 are first copied to a temporary file.
    connection : ibis DuckDB backend, optional
        Where to open files and frames, to set ``memory_limit`` or to join several tables.
        By default each call has an in-process database of its own.

    Returns
    -------
    Transactions
        Lazy Ibis table: ``customer_id`` (int64 or string), ``date`` (timestamp without zone), ``amount``
        (float64), then ``order_id, product_id`` (as customer_id), ``quantity, margin`` (float64) where mapped.
        ``.report`` says what was found and done. Row order is undefined, as in any database.

    Raises
    ------
    DataError
        For everything wrong with the data, with column, count, first rows and the way out.
    ValueError
        For arguments that are not what they should be.

    Notes
    -----
    Identifiers: whole numbers become int64 (also 12345.0, the trace of a missing value); text stays text,
    without outer spaces. In text files, ids become int64 only if every one is a whole number without leading
    zeros. Blank ids and the spellings nan, NaN, NaT, null, NULL, None, <NA>, #N/A count as missing.
    Rows are counted from 1, the header not included.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({"cust": [1, 1, 2], "day": ["2024-01-05", "2024-02-01", "2024-01-09"],
    ...                        "paid": [20.0, 35.5, -5.0]})
    >>> table = read_transactions(orders, customer_id="cust", date="day", amount="paid", returns="drop")
    >>> table.columns, table.rows_in, table.rows_out
    (('customer_id', 'date', 'amount'), 3, 2)
    >>> read_transactions(orders, customer_id="cust", date="day", amount="price")
    Traceback (most recent call last):
    crmlib.errors.DataError: DataFrame cannot be used: 1 problem
    1. amount: no column 'price'; there are 'cust', 'day', 'paid'
       -> pass amount= with the name of the column
    """
    check_choice("returns", returns, ("raise", "net", "drop"))
    check_choice("duplicates", duplicates, ("raise", "keep", "drop"))
    check_choice("decimal", decimal, (".", ","))
    if delimiter is not None and (not isinstance(delimiter, str) or len(delimiter) != 1):
        raise ValueError(f"delimiter must be a single character, not {delimiter!r}")
    check_choice("thousands", thousands, tuple(m for m in (None, ",", ".", " ", "'") if m != decimal))
    zone = None if timezone is None else _zone(timezone)
    end = None if observation_end is None else _day(observation_end)
    wanted = {"customer_id": customer_id, "date": date, "amount": amount, "order_id": order_id,
              "product_id": product_id, "quantity": quantity, "margin": margin, "currency": currency}
    for role in ("customer_id", "date", "amount"):
        if wanted[role] is None:
            raise ValueError(f"{role} must name a column")
    wanted = {role: str(name) for role, name in wanted.items() if name is not None}

    src = _open(source, encoding, delimiter, connection, zone)
    problems = _mapping_problems(src, wanted)
    readers = {
        "customer_id": lambda name: _id_column(src, name, required=True),
        "date": lambda name: _date_column(src, name, date_format, zone, end),
        "amount": lambda name: _amount_column(src, name, decimal, thousands, returns),
        "order_id": lambda name: _id_column(src, name),
        "product_id": lambda name: _id_column(src, name),
        "quantity": lambda name: _number_column(src, name, decimal, thousands),
        "margin": lambda name: _number_column(src, name, decimal, thousands),
        "currency": lambda name: _currency_column(src, name),
    }
    columns = {}
    for role, name in wanted.items():
        if name in src.broken:
            problems.append(Problem(name, *src.broken[name]))
        elif name in src.table.columns:
            columns[role] = readers[role](name)
    with _engine(src.name):
        found = _count(src, [check for column in columns.values() for check in column.checks])
        problems = src.rejects() + problems
        if src.rows == 0:
            problems.append(Problem("", "there are no rows", "see whether the export or the query worked"))
        for column in columns.values():
            problems += [_problem(src, check, found[check.key]) for check in column.checks
                         if check.done == "refused" and found[check.key]]
            problems += column.explain(found)
        kept = src.table if problems else src.final
        if returns == "drop" and found.get((str(amount), NEGATIVE)):
            kept = kept.filter(~(columns["amount"].value(kept, found) < 0).fill_null(False))
        equal = _equal_rows(kept) if duplicates != "keep" and src.rows else 0
        if equal and duplicates == "raise":
            problems.append(_equal_rows_problem(src, equal))
    if problems:
        raise DataError(_message(src.name, problems))
    if duplicates == "drop":
        kept = kept.distinct()
    table = kept.select(**{role: column.value(kept, found) for role, column in columns.items()
                           if role != "currency"})
    report = _report(src, columns, found, equal, duplicates)
    dropped = int(report.loc[report["done"] == "dropped", "rows"].sum())
    return Transactions(table, report, src.rows, src.rows - dropped)


# --- opening a source ---------------------------------------------------------------------------------


def _open(source, encoding, delimiter, connection, zone):
    """Return the source as a `Source`, with every value as it is."""
    root, kind = type(source).__module__.split(".")[0], type(source).__name__
    if isinstance(source, ir.Table):
        with _engine("Ibis table"):
            backend = source.get_backend()
        if backend.name not in ("duckdb", "pyspark"):
            raise ValueError(f"Ibis tables of {backend.name} cannot be read: use DuckDB or PySpark")
        _check_names(source.columns, "Ibis table")
        return Source("Ibis table", source, source)
    if isinstance(source, (str, os.PathLike)):
        return _open_files(_expand([source]), encoding, delimiter, connection)
    if isinstance(source, (list, tuple)) and all(isinstance(item, (str, os.PathLike)) for item in source):
        return _open_files(_expand(source), encoding, delimiter, connection)
    if root == "pyspark" and kind == "DataFrame":
        return _open_spark(source, zone)
    if isinstance(source, pd.DataFrame):
        _check_names([str(name) for name in source.columns], kind)
        return _open_arrow(*_arrow(source), kind, connection)
    with _engine(kind):
        if root == "polars" and kind in ("DataFrame", "LazyFrame"):
            frame = (source.collect() if kind == "LazyFrame" else source).to_arrow()
        elif kind == "DuckDBPyRelation":
            frame = source.to_arrow_table()
        elif isinstance(source, pa.Table):
            frame = source
        else:
            raise ValueError(f"a {kind} cannot be read: give a table (pandas, Polars, Arrow, DuckDB, Ibis, "
                             "PySpark) or paths of CSV or Parquet files")
    _check_names(frame.column_names, kind)
    return _open_arrow(frame, {}, kind, connection)


def _connect(connection):
    """Return the given Ibis DuckDB backend or a new in-process one that spills to the temporary directory."""
    if connection is None:
        spill = Path(tempfile.gettempdir()) / f"crmlib-{uuid.uuid4().hex}"
        connection = ibis.duckdb.connect(temp_directory=str(spill), autoinstall_known_extensions=False)
        connection.con.execute("SET enable_progress_bar = false")  # it would end up in notebooks
        return connection
    if getattr(connection, "name", None) != "duckdb":
        raise ValueError("connection must be an Ibis DuckDB backend, as ibis.duckdb.connect() returns")
    return connection


def _arrow(frame):
    """Return a pandas frame as Arrow, and the columns whose values Arrow cannot hold (they become text)."""
    arrays, broken = [], {}
    for position, name in enumerate(map(str, frame.columns)):
        series = frame.iloc[:, position]
        if isinstance(series.dtype, pd.CategoricalDtype):
            series = series.astype(series.dtype.categories.dtype)
        try:
            if series.dtype == object:
                kinds = Counter(type(value).__name__ for value in series if not _is_missing(value))
                dates = [value for value in series if isinstance(value, Date) and not _is_missing(value)]
                zoned = sum(getattr(value, "tzinfo", None) is not None for value in dates)
                if dates and len(dates) == kinds.total() and zoned in (0, len(dates)):
                    unit = pa.timestamp("us", "UTC" if zoned else None)  # dates first would cut off times
                    array = pa.array([None if _is_missing(value) else value if isinstance(value, Datetime)
                                      else Datetime(value.year, value.month, value.day) for value in series], unit)
                elif dates:
                    raise TypeError
                else:
                    array = pa.array(series, from_pandas=True)
            else:
                kinds = {str(series.dtype): len(series)}
                array = pa.array(series, from_pandas=True)
            kind = array.type
            if isinstance(kind, pa.BaseExtensionType) or pa.types.is_duration(kind) or pa.types.is_float16(kind):
                raise TypeError
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            mix = ", ".join(f"{n:,} {kind}" for kind, n in kinds.items())
            time = " (times with and without a time zone)" if set(kinds) <= {"datetime", "Timestamp"} else ""
            broken[name] = (f"holds values that a database column cannot hold together: {mix}{time}",
                            "convert the column to one usual kind")
            array = pa.array(series.map(repr), pa.string())
        arrays.append(array)
    return pa.table(arrays, names=list(map(str, frame.columns))), broken


def _is_missing(value):
    return pd.api.types.is_scalar(value) and pd.isna(value)


def _open_arrow(frame, broken, kind, connection):
    backend, name = _connect(connection), f"crm_{uuid.uuid4().hex}"
    with _engine(kind):
        backend.con.register(name, frame)
        table = backend.table(name)
        located = table.mutate(**{ROW: ibis.row_number() + 1})
    return Source(kind, table, table, located, broken=broken)


def _open_spark(frame, zone):
    """Wrap a PySpark frame; Ibis sets the session's time zone to UTC, so ask what it was before."""
    session, name = frame.sparkSession, f"crm_{uuid.uuid4().hex}"
    with _engine("PySpark DataFrame"):
        before = session.conf.get("spark.sql.session.timeZone")
        instants = [column for column, kind in frame.dtypes if kind == "timestamp"]
        frame.createOrReplaceTempView(name)
        table = ibis.pyspark.connect(session).table(name)
    _check_names(table.columns, "PySpark DataFrame")
    shifted = zone is not None or before not in ("UTC", "Etc/UTC", "GMT", "Z")
    return Source("PySpark DataFrame", table, table, instants=frozenset(instants if shifted else ()))


def _expand(paths):
    """Return the files that paths and globs name, sorted within each glob."""
    files, problems = [], []
    for path in map(os.path.expanduser, map(os.fspath, paths)):
        if "://" in path:
            raise ValueError(f"{path} is not a local path: open it in your own Ibis connection and hand over "
                             "the table")
        if os.path.isdir(path):
            problems.append(Problem("", f"{path} is a directory", "name its files, e.g. with /*.parquet"))
        elif os.path.exists(path):
            files.append(path)
        elif matches := sorted(filter(os.path.isfile, glob.glob(path, recursive=True))):
            files += matches
        elif glob.has_magic(path):
            problems.append(Problem("", f"{path} matches no file", "check the folder and the pattern"))
        else:
            folder = os.path.dirname(path) or "."
            there = os.listdir(folder) if os.path.isdir(folder) else []
            close = difflib.get_close_matches(os.path.basename(path), there, n=3)
            hint = f"did you mean {', '.join(close)}?" if close else "check the path"
            problems.append(Problem("", f"{path} does not exist", hint))
    if problems:
        raise DataError(_message("source", problems))
    if not files:
        raise DataError("the list of files is empty: name at least one")
    return files


def _open_files(paths, encoding, delimiter, connection):
    name = os.path.basename(paths[0]) if len(paths) == 1 else f"{len(paths)} files"
    with _engine(name):
        kinds = {path: _kind(path, encoding) for path in paths}
        problems = [Problem("", f"{os.path.basename(path)} {kind[0]}", kind[1])
                    for path, kind in kinds.items() if isinstance(kind, tuple)]
        if not problems and len(set(kinds.values())) > 1:
            problems = [Problem("", "CSV and Parquet files are mixed", "read them one kind at a time")]
        if problems:
            raise DataError(_message(name, problems))
        backend = _connect(connection)
        if kinds[paths[0]] == "parquet":
            return _open_parquet(backend, paths, name)
        return _open_csv(backend, paths, name, encoding, delimiter)


def _kind(path, encoding):
    """Return "csv" or "parquet" by name, or (what is wrong, hint) if name and content differ."""
    lower = path.lower()
    suffix = os.path.splitext(lower.removesuffix(".gz"))[1]
    kind = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet", ".pq": "parquet"}.get(suffix)
    if kind is None:
        return ("is neither CSV nor Parquet by its name",
                "save it as CSV, or read it with pandas and hand over the DataFrame")
    size = os.path.getsize(path)
    if size == 0:
        return "is empty (0 bytes)", "see whether the export worked"
    with open(path, "rb") as file:
        head = file.read(512)
        file.seek(max(size - 4, 0))
        tail = file.read()
    text = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    actual = ("parquet" if head[:4] == b"PAR1" else "gzip" if head[:2] == b"\x1f\x8b"
              else "an Excel workbook (or a zip archive)" if head[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
              else "an HTML or XML page" if text.startswith((b"<!doctype", b"<html", b"<?xml")) else "csv")
    if actual == "parquet" == kind:
        return kind if tail == b"PAR1" and size > 12 else ("is a truncated Parquet file: its end is missing",
                                                           "copy or write it again")
    if actual != ("gzip" if lower.endswith(".gz") else kind):
        names = {"csv": "a text file", "parquet": "a Parquet file", "gzip": "a gzip archive"}
        return (f"is not what its name says: it looks like {names.get(actual, actual)}",
                "give it the right name, or save it as a real CSV file")
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) and encoding.lower() in ("utf-8", "utf8"):
        return "is not UTF-8", 'pass encoding="utf-16"'
    return kind


def _quote(text):
    return "'" + str(text).replace("'", "''") + "'"


def _list(paths):
    return "[" + ", ".join(_quote(glob.escape(path)) for path in paths) + "]"


def _view(backend, sql):
    name = f"crm_{uuid.uuid4().hex}"
    backend.con.execute(f"CREATE TEMP VIEW {name} AS {sql}")
    return backend.table(name)


def _located(backend, reader, paths):
    """Return the view with row numbers, and file names if there are several."""
    source = f", parse_filename(filename) AS {FILE}" if len(paths) > 1 else ""
    hide = "* EXCLUDE (filename)" if len(paths) > 1 else "*"
    return _view(backend, f"SELECT {hide}{source}, row_number() OVER () AS {ROW} FROM {reader}")


def _open_parquet(backend, paths, name):
    import pyarrow.parquet as pq

    schemas = {path: {field.name: str(field.type) for field in pq.read_schema(path)} for path in paths}
    _check_names(pq.read_schema(paths[0]).names, os.path.basename(paths[0]))
    first = schemas[paths[0]]
    problems = [Problem("", f"{os.path.basename(path)} differs from {os.path.basename(paths[0])} in "
                        + ", ".join(sorted(c for c in {*schema, *first} if schema.get(c) != first.get(c))),
                        "write the files with the same columns and types, or read them one by one")
                for path, schema in schemas.items() if schema != first]
    if problems:  # DuckDB would cast to the first file's types, and so round 1.5 to 2
        raise DataError(_message(name, problems))
    options = "hive_partitioning=false"
    table = _view(backend, f"SELECT * FROM read_parquet({_list(paths)}, {options})")
    more = ", filename=true" if len(paths) > 1 else ""
    located = _located(backend, f"read_parquet({_list(paths)}, {options}{more})", paths)
    return Source(name, table, table, located)


def _open_csv(backend, paths, name, encoding, delimiter):
    """Read every column as text, by the header's names: nothing about types is guessed."""
    try:
        codec = codecs.lookup(encoding).name
    except LookupError:
        raise ValueError(f'encoding {encoding!r} is not known: try "utf-8", "latin-1" or "gb18030"') from None
    if codec not in ("utf-8", "utf-8-sig"):
        paths = _transcode(backend, paths, encoding)
    problems = [problem for path in paths for problem in _not_utf8(path)]
    if problems:
        raise DataError(_message(name, problems))
    headers = {path: _header(path, delimiter) for path in paths}
    names, mark = headers[paths[0]]
    problems = [Problem("", f"{os.path.basename(path)} has another header than {os.path.basename(paths[0])}: "
                        f"{', '.join(header[0])}", "give the files the same columns in the same order")
                for path, header in headers.items() if header != (names, mark)]
    if problems:
        raise DataError(_message(name, problems))
    _check_names(names, name)
    types = ", ".join(f"{_quote(column)}: 'VARCHAR'" for column in names)
    reader = (f"read_csv({_list(paths)}, auto_detect=false, header=true, columns={{{types}}}, "
              f"delim={_quote(mark)}, quote='\"', escape='\"'")
    log = f"crm_{uuid.uuid4().hex}"
    collect = f"store_rejects=true, rejects_table='{log}', rejects_scan='{log}_scan', rejects_limit={MOST_REJECTS}"
    more = ", filename=true" if len(paths) > 1 else ""
    return Source(
        name, table=_view(backend, f"SELECT * FROM {reader}, {collect})"),
        final=_view(backend, f"SELECT * FROM {reader})"),
        located=_located(backend, f"{reader}, ignore_errors=true{more})", paths), text=True,
        rejects=lambda: _unreadable_lines(backend, log, paths))


def _not_utf8(path):
    """Return the lines of a text file that are not UTF-8, as a problem: DuckDB may break down on them."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with _opener(path)(path, "rb") as file:
        try:
            while chunk := file.read(1 << 20):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
            return []
        except UnicodeDecodeError:
            file.seek(0)
        bad = []
        for number, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                bad.append(f"line {number}: {_short(line.strip())}")
    lines = f"{len(bad):,} line{'s' * (len(bad) != 1)}"
    return [Problem("", f"{os.path.basename(path)} is not UTF-8 in {lines}", ENCODING_HINT, bad[:EXAMPLES])]


def _opener(path):
    return gzip.open if path.lower().endswith(".gz") else open


def _transcode(backend, paths, encoding):
    """Copy files to UTF-8 in a temporary folder that lives as long as the connection."""
    folder = tempfile.mkdtemp(prefix="crmlib-")
    weakref.finalize(backend, shutil.rmtree, folder, ignore_errors=True)
    copies = []
    for number, path in enumerate(paths):
        copies.append(os.path.join(folder, f"{number}-{os.path.basename(path).removesuffix('.gz')}"))
        with (_opener(path)(path, "rt", encoding=encoding, newline="") as source,
              open(copies[-1], "w", encoding="utf-8", newline="") as copy):
            try:
                shutil.copyfileobj(source, copy)
            except UnicodeError as error:
                raise DataError(f"{os.path.basename(path)} is not {encoding}: {error}; "
                                "pass encoding= with the one it was written in") from None
    return copies


def _header(path, delimiter):
    """Return the column names of a CSV file, and its delimiter."""
    with _opener(path)(path, "rt", encoding="utf-8-sig", newline="") as file:
        line = file.readline()
        if delimiter is None:
            bare = re.sub('"[^"]*"', "", line)
            delimiter = max(",;\t|", key=bare.count)
        file.seek(0)
        names = next(csv.reader(file, delimiter=delimiter), [])
    return [name.strip() or f"column_{number}" for number, name in enumerate(names, 1)], delimiter


def _unreadable_lines(backend, log, paths):
    """Return problems with lines of CSV files that DuckDB could not split into columns."""
    sql = (f"SELECT parse_filename(file_path), line, error_type::VARCHAR, max(error_message), any_value(csv_line) "
           f"FROM {log} JOIN {log}_scan USING (scan_id, file_id) GROUP BY ALL ORDER BY 1, 2")
    lines = backend.con.execute(sql).fetchall()
    if not lines:
        return []
    what = Counter(kind.lower() for _, _, kind, _, _ in lines)
    shown = [f"line {line}{f' of {file}' if len(paths) > 1 else ''}: {_short(text.strip())} ({message.splitlines()[0]})"
             for file, line, _, message, text in lines[:EXAMPLES]]
    hint = "quote values that hold the delimiter, or correct the lines; row numbers below leave them out"
    counts = ", ".join(f"{n:,} with {kind}" for kind, n in what.items())
    more = " at least" if len(lines) >= MOST_REJECTS else ""
    return [Problem("", f"unreadable lines:{more} {counts}", hint, shown)]


# --- reading one column ---------------------------------------------------------------------------------


def _text(column, complete=False):
    """Return a text column without outer spaces, with the spellings of "missing" as null.

    What was checked to be complete is read without looking again: on CSV files this halves the time.
    """
    bare = column.strip()
    return bare if complete else ibis.ifelse(bare.isin(MISSING), ibis.null("string"), bare)


def _if_like(text, pattern, complete=False):
    """Return text that matches a pattern, null where it does not."""
    return text if complete else ibis.ifelse(text.re_search(pattern), text, ibis.null("string"))


def _missing(column):
    kind = column.type()
    if kind.is_string():
        return _text(column).isnull()
    return column.isnull() | column.isnan() if kind.is_floating() else column.isnull()


def _wrong_kind(src, name, wanted, hint):
    """Return a column whose type rules it out, whatever its values."""
    kind = str(src.table[name].type()).lstrip("!")
    check = Check(name, f"of type {kind}, not {wanted}", lambda t: t[name].notnull(), hint)
    missing = Check(name, "missing", lambda t: t[name].isnull(), "fill the column or leave the rows out")
    return Column(lambda t, found: t[name], [check, missing])


def _missing_check(name, required):
    hint = "fill the values in, or leave the rows out yourself if you know why they are empty"
    return Check(name, "missing", lambda t: _missing(t[name]), hint, "refused" if required else "kept")


def _id_column(src, name, required=False):
    kind = src.table[name].type()
    checks = [_missing_check(name, required)]
    if kind.is_integer():
        return Column(lambda t, found: t[name] if kind.is_unsigned_integer() else t[name].cast("int64"), checks)
    if kind.is_floating() or kind.is_decimal():
        def inexact(t):
            return (t[name] % 1 != 0) | (t[name].abs() > 2**53)  # Ibis' round() overflows
        hint = "identifiers must be whole numbers or text: read the column as text"
        checks.append(Check(name, "not a whole number", inexact, hint))
        if kind.is_decimal():
            return Column(lambda t, found: t[name].cast("int64"), checks)
        return Column(lambda t, found: ibis.ifelse(t[name].isnan(), ibis.null("int64"), t[name].cast("int64")),
                      checks)
    if kind.is_uuid():
        return Column(lambda t, found: t[name].cast("string"), checks)
    if not kind.is_string():
        return _wrong_kind(src, name, "an identifier", "convert it to text or whole numbers, e.g. .decode() bytes")

    def matches(pattern):
        return lambda t: ~_text(t[name]).re_search(pattern)

    checks += [
        Check(name, "with outer spaces", lambda t: (t[name] != t[name].strip()) & ~_missing(t[name]), "", "trimmed"),
        Check(name, "rounded by a spreadsheet", lambda t: t[name].re_search("^ *[0-9][.,][0-9]+E[+][0-9]+ *$"),
              "the digits are lost: export the column as text from where it came"),
    ]
    if not src.text:
        return Column(lambda t, found: _text(t[name], complete=not found[name, "missing"]), checks)
    checks += [Check(name, "other than a whole number", matches("^(0|-?[1-9][0-9]{0,17})$"), "", "noted"),
               Check(name, "other than a whole float", matches("^(0|-?[1-9][0-9]{0,14})([.]0+)?$"), "", "noted"),
               Check(name, "other than a number", matches("^(0|-?[1-9][0-9]*)([.][0-9]+)?$"), "", "noted"),
               Check(name, "fractional", lambda t: t[name].re_search("[.][0-9]*[1-9]"), "", "noted")]

    def value(t, found):
        text = _text(t[name], complete=not found[name, "missing"])
        if found[name, "other than a whole number"] == 0:
            return text.cast("int64")
        return text.cast("float64").cast("int64") if found[name, "other than a whole float"] == 0 else text

    def explain(found):
        if found[name, "other than a number"] or not found[name, "fractional"]:
            return []
        check = Check(name, "not a whole number", lambda t: t[name].re_search("[.][0-9]*[1-9]"),
                      "identifiers must be whole numbers or text: correct them where they came from")
        return [_problem(src, check, found[name, "fractional"])]

    return Column(value, checks, explain)


def _number_column(src, name, decimal, thousands, required=False):
    kind = src.table[name].type()
    checks = [_missing_check(name, required)]
    if kind.is_numeric() and not kind.is_boolean():
        def value(t, found=None):
            number = t[name].cast("float64")
            return ibis.ifelse(number.isnan(), ibis.null("float64"), number) if kind.is_floating() else number
    elif kind.is_string():
        whole = "[0-9]+" if thousands is None else f"([0-9]{{1,3}}([{thousands}][0-9]{{3}})+|[0-9]+)"
        pattern = f"^[-+]?({whole}([{decimal}][0-9]*)?|[{decimal}][0-9]+)([eE][-+]?[0-9]+)?$|^[-+]?[Ii]nf(inity)?$"

        def value(t, found=None):
            complete = found is not None and not found[name, "missing"]
            text = _if_like(_text(t[name], complete), pattern, complete)
            text = text if thousands is None else text.replace(thousands, "")
            return (text if decimal == "." else text.replace(decimal, ".")).try_cast("float64")

        checks.append(Check(name, "not a number", lambda t: _text(t[name]).notnull() & value(t).isnull(),
                            lambda values: _number_hint(values, decimal)))
    else:
        return _wrong_kind(src, name, "a number", "map a column of numbers, or convert it")
    # NaN compares above every number, so this also refuses what slipped past the checks above
    checks.append(Check(name, "infinite, or too large for exact cents",
                        lambda t: (value(t).abs() > LARGEST_AMOUNT).fill_null(False), "correct the values"))
    return Column(value, checks)


def _number_hint(values, decimal):
    """Say what an unreadable number probably is."""
    text = " ".join(str(value) for value in values)
    if re.search(r"[$€£¥￥元]|\b[A-Z]{3}\b", text):
        return "remove the currency signs or codes (a currency column goes to currency=)"
    if re.search(r"\(\s*[\d.,]+\s*\)", text):
        return "write negative amounts with a minus sign instead of brackets"
    if decimal == "." and re.search(r"\d\.\d{3},|^\d+,\d{1,2}\b|\s\d+,\d{1,2}(?!\d)", text):
        grouped = ', thousands="."' if re.search(r"\d\.\d{3},", text) else ""
        return f'if the comma is the decimal mark, pass decimal=","{grouped}'
    if decimal == "." and re.search(r"\d,\d{3}", text):
        return 'if the comma groups thousands, pass thousands=","'
    if decimal == "," and re.search(r"\d\.\d", text):
        return 'if the point is the decimal mark, leave decimal out; if it groups thousands, pass thousands="."'
    return "correct the values, or leave the rows out yourself"


def _amount_column(src, name, decimal, thousands, returns):
    column = _number_column(src, name, decimal, thousands, required=True)
    kind = src.table[name].type()
    if kind.is_string() or kind.is_numeric() and not kind.is_boolean():
        def finer(t):
            return (column.value(t).abs() * 100 % 1).between(0.001, 0.999)

        column.checks += [
            Check(name, NEGATIVE, lambda t: column.value(t) < 0,
                  'pass returns="net" to net them within the customer\'s day, or returns="drop"',
                  {"raise": "refused", "net": "kept", "drop": "dropped"}[returns]),
            Check(name, "zero", lambda t: column.value(t) == 0, "", "kept"),
            Check(name, "finer than a cent", finer, "", "kept"),
        ]
    return column


def _currency_column(src, name):
    column = _id_column(src, name, required=True)

    def explain(found):
        counts = src.table.group_by(_crm_currency=src.table[name]).aggregate(_crm_n=lambda t: t.count())
        counts = counts.filter(counts._crm_currency.notnull()).to_pyarrow().to_pylist()
        rows = Counter()
        for row in counts:
            rows[str(row["_crm_currency"]).strip()] += row["_crm_n"]
        if len(rows) < 2:
            return []
        shown = [f"{value} {n:,}" for value, n in sorted(rows.items(), key=lambda item: (-item[1], item[0]))]
        return [Problem(name, f"{len(rows)} currencies in one table", "convert to one currency, or read the orders "
                        "currency by currency", shown[:EXAMPLES])]

    return Column(column.value, column.checks[:1], explain)


def _date_column(src, name, date_format, zone, end):
    kind = src.table[name].type()
    checks, explain = [_missing_check(name, True)], lambda found: []
    spark = src.table.get_backend().name == "pyspark"
    if kind.is_string() or kind.is_numeric() and not kind.is_boolean():
        if date_format is None and not kind.is_string():
            check = Check(name, "a number, not a date", lambda t: ~_missing(t[name]), _number_date_hint)
            return Column(lambda t, found: t[name], [*checks, check])

        def value(t, found=None):
            complete = found is not None  # a date is never missing
            text = _text(t[name], complete) if kind.is_string() else _whole_text(t[name])
            if date_format == "excel":
                return _from_excel(text)
            if date_format is not None:
                return _with_format(text, date_format, zone, spark)
            text = text.replace("/", "-")
            zoned = zone and (found is None or found[name, "with an offset"])
            plain = _if_like(text, ISO, complete and not zoned).try_cast("timestamp")
            return plain.fill_null(_local(_if_like(text, ISO_ZONED), zone, spark)) if zoned else plain

        def unread(t):
            odd = ~_missing(t[name]) & value(t).isnull()
            return odd & ~_text(t[name]).re_search(ISO_ZONED) if date_format is None and zone is None else odd

        def offset(t):
            zoned = _text(t[name]).re_search(ISO_ZONED)
            return zoned if zone is None else zoned & value(t).notnull()

        if date_format is None:
            checks += [Check(name, "not year-month-day", unread, "", "noted"),
                       Check(name, "with an offset", offset, "", "noted")]
            explain = lambda found: _explain_dates(src, name, unread, zone, found)  # noqa: E731
        else:
            if re.search("%[zZ]", date_format) and zone is None:
                raise ValueError("date_format reads a time zone: pass timezone= with the one to convert to")
            hint = 'see whether every value has this format; without date_format= year-month-day is read'
            checks.append(Check(name, f"not a date of the format {date_format}", unread, hint))
    elif kind.is_date() or kind.is_timestamp():
        instant = kind.is_timestamp() and kind.timezone is not None or name in src.instants
        if instant and zone is None:
            hint = 'pass timezone= to say whose wall time counts, e.g. timezone="Asia/Shanghai"'
            checks.append(Check(name, "times with a time zone", lambda t: t[name].notnull(), hint))

        def value(t, found=None):
            return _local(t[name], zone, spark) if instant and zone else t[name].cast("timestamp")
    else:
        return _wrong_kind(src, name, "a date", "map a column of dates")
    checks.append(Check(name, "before the year 1900 or after 2200",
                        lambda t: ~value(t).year().between(1900, 2200), "correct them: they are often placeholders"))
    if end is not None:
        checks.append(Check(name, f"later than observation_end ({end:%Y-%m-%d})",
                            lambda t: value(t) >= end + pd.Timedelta(days=1),
                            "leave later orders out, or correct observation_end"))
    return Column(lambda t, found: value(t).cast("timestamp(6)"), checks, explain)


def _whole_text(column):
    """Return numbers as text, whole ones without a fraction."""
    number = column.cast("float64")
    whole = (number % 1 == 0) & (number.abs() < 2**53)
    return ibis.ifelse(whole, ibis.ifelse(whole, number, 0.0).cast("int64").cast("string"), number.cast("string"))


def _from_excel(text):
    """Return Excel's day numbers as timestamps: day 25569 is 1970-01-01."""
    day = text.try_cast("float64")
    day = ibis.ifelse(day.between(1, 2958465), day, ibis.null("float64"))
    return ((day - 25569) * 86400).round().cast("int64").as_timestamp("s").cast("timestamp")


@ibis.udf.scalar.builtin(name="try_strptime")
def _try_strptime(text: str, fmt: str) -> ibis.dtype("timestamp"): ...


@ibis.udf.scalar.builtin(name="try_to_timestamp")
def _try_to_timestamp(text: str, fmt: str) -> ibis.dtype("timestamp"): ...


@ibis.udf.scalar.builtin(name="timezone")
def _timezone(zone: str, instant: ibis.dtype("timestamp('UTC')")) -> ibis.dtype("timestamp"): ...


@ibis.udf.scalar.builtin(name="from_utc_timestamp")
def _from_utc_timestamp(instant: ibis.dtype("timestamp"), zone: str) -> ibis.dtype("timestamp"): ...


def _with_format(text, date_format, zone, spark):
    """Return text read by a strptime format, null where it does not fit."""
    if "." not in date_format:  # 19970101.0 is the trace of a missing value
        text = ibis.ifelse(text.re_search("^[0-9]+[.]0+$"), text.re_replace("[.]0+$", ""), text)
    if not spark:
        read = _try_strptime(text, date_format)
    else:
        unknown = set(re.findall("%(.)", date_format)) - set(SPARK_FORMAT)
        if unknown:
            raise ValueError(f"date_format: %{', %'.join(sorted(unknown))} cannot be used on PySpark")
        parts = re.split("%(.)", date_format)
        parts[::2] = [re.sub("([A-Za-z]+)", r"'\1'", part) for part in parts[::2]]
        parts[1::2] = [SPARK_FORMAT[part] for part in parts[1::2]]
        read = _try_to_timestamp(text, "".join(parts))
    return _local(read, zone, spark) if re.search("%[zZ]", date_format) else read


def _local(instant, zone, spark):
    """Return points in time (zoned text, or timestamps in UTC) as wall time in a zone."""
    if spark:
        return _from_utc_timestamp(instant.try_cast("timestamp"), zone)
    return _timezone(zone, instant.try_cast("timestamp('UTC')"))


def _number_date_hint(values):
    """Say what numbers in a date column probably are."""
    size = float(next(iter(values), 0) or 0)
    if 19000101 <= size <= 22001231:
        return 'if they are dates like 19970131, pass date_format="%Y%m%d"'
    if 10000 <= size <= 110000:
        return 'if they are day numbers of Excel, pass date_format="excel"'
    if size >= 1e8:
        return "if they count seconds or milliseconds since 1970, convert them: pandas.to_datetime(…, unit=…)"
    return "map a column of dates, or say how to read them with date_format="


def _explain_dates(src, name, unread, zone, found):
    """Return the problems of text dates that are not plain year-month-day."""
    problems, zoned, odd = [], found[name, "with an offset"], found[name, "not year-month-day"]
    if zoned and zone is None:
        check = Check(name, "with a time zone or UTC offset", lambda t: _text(t[name]).re_search(ISO_ZONED),
                      'pass timezone= to say whose wall time counts, e.g. timezone="Asia/Shanghai"')
        problems.append(_problem(src, check, zoned))
    plain = src.rows - found[name, "missing"] - zoned - odd
    if zoned and plain:
        check = Check(name, "without a UTC offset, while others have one", lambda t: _text(t[name]).re_search(ISO),
                      "give every date an offset, or none")
        problems.append(_problem(src, check, plain))
    if not odd:
        return problems

    def is_kind(pattern):
        return lambda t: unread(t) & _text(t[name]).re_search(pattern)

    def part(t, number):
        return ibis.ifelse(is_kind(DAY_MONTH)(t), _text(t[name]).re_extract(DAY_MONTH, number),
                           ibis.null("string")).try_cast("int64")

    kinds = {"day/month or month/day": is_kind(DAY_MONTH), "digits only": is_kind("^[0-9]+([.][0-9]+)?$"),
             "day first": lambda t: part(t, 1) > 12, "month first": lambda t: part(t, 2) > 12}
    n = dict(zip(kinds, _totals(src.table, kinds.values())[1:], strict=True))
    both, digits = n["day/month or month/day"], n["digits only"]
    other = odd - both - digits
    if sum(map(bool, (plain + zoned, both, digits))) > 1:
        seen = {"year-month-day": plain + zoned, "day/month or month/day": both, "digits only": digits}
        shown = {"year-month-day": lambda t: _text(t[name]).re_search(f"^{ISO_DAY}"), **kinds}
        counts = ", ".join(f"{rows:,} {kind}" for kind, rows in seen.items() if rows)
        problems.append(Problem(
            name, f"mixed date formats in {src.rows:,} rows: {counts}",
            "bring the column to one format; date_format= can read only one",
            [_examples(src, name, shown[kind], 1)[0][0] for kind, rows in seen.items() if rows]))
    elif both:
        check = Check(name, "", kinds["day/month or month/day"])
        text, values = _examples(src, name, check.bad)
        mark = re.search("[-/.]", values[0]).group()
        year = "%Y" if re.search(DAY_MONTH.replace("|[0-9]{2}", ""), values[0]) else "%y"
        time = {0: "", 1: " %H:%M", 2: " %H:%M:%S"}[min(values[0].count(":"), 2)]
        day, month = (f'date_format="{mark.join(order)}{time}"'
                      for order in (("%d", "%m", year), ("%m", "%d", year)))
        if n["day first"] and n["month first"]:
            what = f"day-first in {n['day first']:,} rows and month-first in {n['month first']:,}"
            problems.append(Problem(name, what, "bring the column to one format", [
                _examples(src, name, kinds[kind], 1)[0][0] for kind in ("day first", "month first")]))
        elif n["day first"] or n["month first"]:
            kind, answer = ("day first", day) if n["day first"] else ("month first", month)
            proof = _examples(src, name, kinds[kind], 1)[0][0]
            problems.append(Problem(name, f"not year-month-day in {both:,} of {src.rows:,} rows",
                                    f"{kind}, as {proof} shows: pass {answer}", text))
        else:
            problems.append(Problem(name, f"day or month first? {both:,} of {src.rows:,} rows can be read either way",
                                    f"pass {day} if the day comes first, {month} if the month does", text))
    elif digits:
        values = _examples(src, name, kinds["digits only"], 1)[1]
        check = Check(name, "a number, not a date", kinds["digits only"], _number_date_hint(values))
        problems.append(_problem(src, check, digits))
    if other:
        check = Check(name, "not a date", lambda t: unread(t) & ~_text(t[name]).re_search(DAY_MONTH)
                      & ~_text(t[name]).re_search("^[0-9]+([.][0-9]+)?$"),
                      lambda values: "correct the values, or pass date_format= if they have another format, like "
                      + ('"%Y-%m-%d %H:%M%z"' if re.search("[Z+]", str(values)) else '"%d %b %Y"'))
        problems.append(_problem(src, check, other))
    return problems


# --- checking -------------------------------------------------------------------------------------------


def _check_names(names, source):
    """Refuse column names that a database cannot tell apart."""
    lower = Counter(name.lower() for name in names)
    twice = [name for name in names if lower[name.lower()] > 1]
    if twice:
        raise DataError(_message(source, [Problem("", f"duplicate column names: {_names(twice)}",
                                                  "rename or remove one of them (databases ignore case)")]))
    if not names:
        raise DataError(_message(source, [Problem("", "there are no columns", "check the export")]))


def _mapping_problems(src, wanted):
    names, problems = src.table.columns, []
    for role, name in wanted.items():
        if name not in names:
            plain = {re.sub(r"[\W_]", "", other.lower()): other for other in names}
            close = difflib.get_close_matches(re.sub(r"[\W_]", "", name.lower()), plain, cutoff=0.5)
            hint = f"did you mean {role}={plain[close[0]]!r}?" if close else f"pass {role}= with the name of the column"
            if src.text and all(re.fullmatch(r"[-\d./: ]*", other) for other in names):
                hint = "the first line seems to be data: give the file a header line"
            problems.append(Problem(role, f"no column {name!r}; there are {_names(names)}", hint))
    for name, count in Counter(wanted.values()).items():
        if count > 1:
            roles = [role for role in wanted if wanted[role] == name]
            problems.append(Problem(name, f"mapped more than once: {', '.join(roles)}", "map each to its own column"))
    return problems


def _totals(table, predicates):
    """Return the number of rows, and of rows for which each predicate holds, in one query."""
    measures = {f"_crm_{i}": bad(table).fill_null(False).cast("int64").sum().fill_null(0)
                for i, bad in enumerate(predicates)}
    row = table.aggregate(_crm_rows=table.count(), **measures).to_pyarrow().to_pylist()[0]
    return [int(value) for value in row.values()]


def _count(src, checks):
    """Return the rows found by each check, by (column, what); remember the number of rows."""
    src.rows, *counts = _totals(src.table, [check.bad for check in checks])
    return {check.key: count for check, count in zip(checks, counts, strict=True)}


def _examples(src, name, bad, limit=EXAMPLES):
    """Return the first offending rows as text, and their values."""
    table = src.located if src.located is not None else src.table
    rows = table.filter(bad(table).fill_null(False))
    if src.located is not None:
        rows = rows.order_by(ROW)
    rows = rows.select(name, *(c for c in (ROW, FILE) if c in rows.columns)).limit(limit).to_pyarrow().to_pylist()
    return [f"{_where(src, row)}{_short(row[name])}" for row in rows], [row[name] for row in rows]


def _where(src, row):
    if ROW not in row:
        return ""
    number = row[ROW]
    if FILE in row:
        sizes = src.located.group_by(FILE).aggregate(first=src.located[ROW].min()).to_pyarrow().to_pylist()
        number -= next(size["first"] for size in sizes if size[FILE] == row[FILE]) - 1
    return f"row {number}{' of ' + row[FILE] if FILE in row else ''}: "


def _short(value):
    text = repr(value) if isinstance(value, (str, bytes)) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _names(names):
    shown = ", ".join(repr(name) for name in list(names)[:20])
    return shown + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def _problem(src, check, rows):
    examples, values = _examples(src, check.column, check.bad)
    hint = check.hint(values) if callable(check.hint) else check.hint
    return Problem(check.column, f"{check.what} in {rows:,} of {src.rows:,} rows", hint, examples)


def _equal_rows(table):
    """Return how many rows repeat an earlier one in every column."""
    groups = table.group_by(table.columns).aggregate(_crm_n=table.count())
    repeats = groups.filter(groups._crm_n > 1)
    return int(repeats.aggregate(_crm_n=(repeats._crm_n - 1).sum().fill_null(0)).to_pyarrow()[0][0].as_py())


def _equal_rows_problem(src, equal):
    table, columns = src.located if src.located is not None else src.table, src.table.columns
    extra = {"_crm_first": table[ROW].min()} if src.located is not None else {}
    groups = table.group_by(columns).aggregate(_crm_n=table.count(), **extra)
    groups = groups.filter(groups._crm_n > 1)
    groups = groups.order_by("_crm_first") if extra else groups
    shown = [(f"row {row['_crm_first']}, " if extra else "") + f"{row['_crm_n']} times: "
             + ", ".join(str(row[column]) for column in columns[:6])
             for row in groups.limit(3).to_pyarrow().to_pylist()]
    return Problem("", f"{equal:,} of {src.rows:,} rows repeat another one in every column",
                   'if they are separate orders pass duplicates="keep", if errors duplicates="drop"', shown)


def _report(src, columns, found, equal, duplicates):
    lines = [("rows read", "", src.rows, "")]
    for column in columns.values():
        lines += [(check.what, check.column, found[check.key], check.done if found[check.key] else "none found")
                  for check in column.checks if check.done != "noted"]
    done = {"keep": "kept, not counted", "drop": "dropped" if equal else "none found", "raise": "none found"}
    lines.append(("equal to another row", "", pd.NA if duplicates == "keep" else equal, done[duplicates]))
    lines.append(("rows returned", "", src.rows - sum(n for _, _, n, way in lines if way == "dropped"), ""))
    return pd.DataFrame(lines, columns=["check", "column", "rows", "done"]).astype({"rows": "Int64"})


def _message(name, problems):
    entries = [f"{number}. {problem}" for number, problem in enumerate(problems, 1)]
    return "\n".join([f"{name} cannot be used: {len(problems)} problem{'s' * (len(problems) != 1)}", *entries])


@contextmanager
def _engine(name):
    """Turn errors of the libraries below into a DataError that names the source."""
    try:
        yield
    except Exception as error:
        foreign = type(error).__module__.split(".")[0] in ENGINES
        if not foreign and not isinstance(error, (OSError, EOFError, UnicodeError)):
            raise
        text = next(iter(str(error).strip().splitlines()), type(error).__name__)
    else:
        return
    raise DataError(_message(name, [Problem("", text, "check that the file or table is complete and readable")]))


def _zone(name):
    try:
        return zoneinfo.ZoneInfo(name).key
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        close = difflib.get_close_matches(str(name), sorted(zoneinfo.available_timezones()), n=3)
        hint = f": did you mean {', '.join(close)}?" if close else ': use a name like "Asia/Shanghai"'
        raise ValueError(f"timezone {name!r} is not known{hint}") from None


def _day(value):
    try:
        day = pd.Timestamp(value)
    except (ValueError, TypeError):
        day = pd.NaT
    if pd.isna(day) or day.tzinfo is not None:
        raise ValueError(f"observation_end must be a day without time zone, like \"1997-09-30\", not {value!r}")
    return Datetime(day.year, day.month, day.day)
