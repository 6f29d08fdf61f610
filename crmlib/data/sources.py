"""Opening what holds the orders: any table or file becomes an Ibis table, with every value as it is."""

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
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date as Date
from datetime import datetime as Datetime
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from crmlib.errors import DataError

EXAMPLES = 5  # offending rows to show
MOST_REJECTS = 10_000  # unreadable CSV lines to keep
ENCODING_HINT = 'pass encoding="latin-1" (Western Europe), "gb18030" (Chinese), or the one it was written in'
ENGINES = ("duckdb", "_duckdb", "pyarrow", "ibis", "pyspark", "py4j", "polars", "sqlglot", "zlib", "_csv")
ROW, FILE = "_crm_row", "_crm_file"


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
    explain: Callable = lambda text: []  # problems behind an error of the engine
    notes: list = field(default_factory=list)  # lines for the report
    top: dict = field(default_factory=dict)  # of a workbook: row number -> texts, of the first rows
    late: int = 0  # of a workbook with 1904 dates: days to add to day numbers
    rows: int = 0


@dataclass(frozen=True)
class Reading:
    """How files are to be read: what does not concern tables."""

    encoding: str = "utf-8"
    delimiter: str | None = None
    sheet: str | None = None
    header_row: int | None = None
    decimal: str = "."


def open_source(source, reading, connection=None, zone=None):
    """Return the source as a `Source`, with every value as it is."""
    root, kind = type(source).__module__.split(".")[0], type(source).__name__
    if isinstance(source, Source):  # opened already, by someone who asks the door several times
        return replace(source)
    if isinstance(source, ir.Table):
        with engine_errors("Ibis table"):
            backend = source.get_backend()
        if backend.name not in ("duckdb", "pyspark"):
            raise ValueError(f"Ibis tables of {backend.name} cannot be read: use DuckDB or PySpark")
        check_names(source.columns, "Ibis table")
        return Source("Ibis table", source, source)
    if isinstance(source, (str, os.PathLike)):
        return _open_files(expand_paths([source]), reading, connection)
    if isinstance(source, (list, tuple)) and all(isinstance(item, (str, os.PathLike)) for item in source):
        return _open_files(expand_paths(source), reading, connection)
    if root == "pyspark" and kind == "DataFrame":
        return _open_spark(source, zone)
    if isinstance(source, pd.DataFrame):
        check_names([str(name) for name in source.columns], kind)
        return _open_arrow(*_arrow(source), kind, connection)
    with engine_errors(kind):
        if root == "polars" and kind in ("DataFrame", "LazyFrame"):
            frame = (source.collect() if kind == "LazyFrame" else source).to_arrow()
        elif kind == "DuckDBPyRelation":
            frame = source.to_arrow_table()
        elif isinstance(source, pa.Table):
            frame = source
        else:
            raise ValueError(f"a {kind} cannot be read: give a table (pandas, Polars, Arrow, DuckDB, Ibis, "
                             "PySpark) or paths of CSV, Parquet or Excel files")
    check_names(frame.column_names, kind)
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
        if isinstance(series.dtype, pd.SparseDtype):
            series = series.sparse.to_dense()
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
                            "convert periods to their first day with .dt.to_timestamp()"
                            if isinstance(series.dtype, pd.PeriodDtype) else "convert the column to one usual kind")
            array = pa.array(series.map(repr), pa.string())
        arrays.append(array)
    return pa.table(arrays, names=list(map(str, frame.columns))), broken


def _is_missing(value):
    return pd.api.types.is_scalar(value) and pd.isna(value)


def _open_arrow(frame, broken, kind, connection):
    backend, name = _connect(connection), f"crm_{uuid.uuid4().hex}"
    with engine_errors(kind):
        backend.con.register(name, frame)
        table = backend.table(name)
        located = table.mutate(**{ROW: ibis.row_number() + 1})
    return Source(kind, table, table, located, broken=broken)


def _open_spark(frame, zone):
    """Wrap a PySpark frame; Ibis sets the session's time zone to UTC, so ask what it was before."""
    session, name = frame.sparkSession, f"crm_{uuid.uuid4().hex}"
    with engine_errors("PySpark DataFrame"):
        before = session.conf.get("spark.sql.session.timeZone")
        instants = [column for column, kind in frame.dtypes if kind == "timestamp"]
        frame.createOrReplaceTempView(name)
        table = ibis.pyspark.connect(session).table(name)
    check_names(table.columns, "PySpark DataFrame")
    shifted = zone is not None or before not in ("UTC", "Etc/UTC", "GMT", "Z")
    return Source("PySpark DataFrame", table, table, instants=frozenset(instants if shifted else ()))


def expand_paths(paths):
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
        raise DataError(message("source", problems))
    if not files:
        raise DataError("the list of files is empty: name at least one")
    return files


def _open_files(paths, reading, connection):
    name = os.path.basename(paths[0]) if len(paths) == 1 else f"{len(paths)} files"
    with engine_errors(name):
        kinds = {path: _kind(path, reading.encoding) for path in paths}
        problems = [Problem("", f"{os.path.basename(path)} {kind[0]}", kind[1])
                    for path, kind in kinds.items() if isinstance(kind, tuple)]
        if not problems and len(set(kinds.values())) > 1:
            problems = [Problem("", "CSV, Parquet and Excel files are mixed", "read them one kind at a time")]
        elif not problems and kinds[paths[0]] == "excel" and len(paths) > 1:
            problems = [Problem("", "there are several workbooks",
                                "read them one by one, or save them as CSV, which may be several")]
        if problems:
            raise DataError(message(name, problems))
        if kinds[paths[0]] != "excel" and (reading.sheet, reading.header_row) != (None, None):
            raise ValueError("sheet= and header_row= are for Excel workbooks only")
        backend = _connect(connection)
        if kinds[paths[0]] == "parquet":
            return _open_parquet(backend, paths, name)
        if kinds[paths[0]] == "excel":
            return _open_excel(backend, paths[0], name, reading)
        return _open_csv(backend, paths, name, reading.encoding, reading.delimiter)


KINDS = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet", ".pq": "parquet", ".xlsx": "excel",
         ".xlsm": "excel"}


def _kind(path, encoding):
    """Return "csv", "parquet" or "excel" by name, or (what is wrong, hint) if name and content differ."""
    lower = path.lower()
    suffix = os.path.splitext(lower.removesuffix(".gz"))[1]
    kind = KINDS.get(suffix)
    if suffix in (".xls", ".xlsb", ".ods"):
        return f"is a workbook of the kind {suffix}", "open it and save it as .xlsx or CSV"
    if kind is None or kind != "csv" and lower.endswith(".gz"):
        return ("is neither CSV, Parquet nor Excel (.xlsx, .xlsm) by its name",
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
              else "excel" if head[:4] == b"PK\x03\x04"
              else "an Excel workbook (an old one, or one with a password)" if head[:4] == b"\xd0\xcf\x11\xe0"
              else "an HTML or XML page" if text.startswith((b"<!doctype", b"<html", b"<?xml")) else "csv")
    if actual == "parquet" == kind:
        return kind if tail == b"PAR1" and size > 12 else ("is a truncated Parquet file: its end is missing",
                                                           "copy or write it again")
    if actual != ("gzip" if lower.endswith(".gz") else kind):
        names = {"csv": "a text file", "parquet": "a Parquet file", "gzip": "a gzip archive",
                 "excel": "an Excel workbook (or a zip archive)"}
        return (f"is not what its name says: it looks like {names.get(actual, actual)}",
                "open it and save it without a password as .xlsx, or as CSV" if "Excel" in actual
                else "give it the right name, or save it as a real CSV file")
    if (kind == "csv" and head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
            and encoding.lower() in ("utf-8", "utf8")):
        return "is not UTF-8", f'pass encoding="utf-{32 if head[2:4] == bytes(2) else 16}"'
    return kind


def _quote(text):
    return "'" + str(text).replace("'", "''") + "'"


def _list(paths):
    return "[" + ", ".join(_quote(glob.escape(path)) for path in paths) + "]"


def _view(backend, sql):
    name = f"crm_{uuid.uuid4().hex}"
    backend.con.execute(f"CREATE TEMP VIEW {name} AS {sql}")
    return backend.table(name)


def _unchanged(backend, paths):
    """Return an SQL condition that fails when a file is no longer the one that is there now.

    Views read their files at each use, long after the checks. Size and time of change cost no reading.
    """
    state = ("(SELECT md5(string_agg(filename || ' ' || size || ' ' || epoch_us(last_modified), ' ' ORDER BY filename))"
             f" FROM read_blob({_list(paths)}))")
    now = backend.con.execute(f"SELECT {state}").fetchone()[0]
    names = ", ".join(map(os.path.basename, paths[:3])) + (", …" if len(paths) > 3 else "")
    text = _quote(f"{names} changed after read_transactions() had checked it: read it again")
    return f"CASE WHEN {state} = '{now}' THEN true ELSE error({text}) END"


def _located(backend, reader, paths):
    """Return the view with row numbers, and file names if there are several."""
    source = f", parse_filename(filename) AS {FILE}" if len(paths) > 1 else ""
    hide = "* EXCLUDE (filename)" if len(paths) > 1 else "*"
    return _view(backend, f"SELECT {hide}{source}, row_number() OVER () AS {ROW} FROM {reader}")


def _open_parquet(backend, paths, name):
    import pyarrow.parquet as pq

    schemas = {path: {field.name: str(field.type) for field in pq.read_schema(path)} for path in paths}
    check_names(pq.read_schema(paths[0]).names, os.path.basename(paths[0]))
    first = schemas[paths[0]]
    problems = [Problem("", f"{os.path.basename(path)} differs from {os.path.basename(paths[0])} in "
                        + ", ".join(sorted(c for c in {*schema, *first} if schema.get(c) != first.get(c))),
                        "write the files with the same columns and types, or read them one by one")
                for path, schema in schemas.items() if schema != first]
    if problems:  # DuckDB would cast to the first file's types, and so round 1.5 to 2
        raise DataError(message(name, problems))
    options = "hive_partitioning=false"
    same = _unchanged(backend, paths)
    table = _view(backend, f"SELECT * FROM read_parquet({_list(paths)}, {options}) WHERE {same}")
    more = ", filename=true" if len(paths) > 1 else ""
    located = _located(backend, f"read_parquet({_list(paths)}, {options}{more})", paths)
    return Source(name, table, table, located)


def _open_excel(backend, path, name, reading):
    from crmlib.data.workbooks import read_sheet

    sheet = read_sheet(path, reading.sheet, reading.header_row, reading.decimal)
    key = f"crm_{uuid.uuid4().hex}"
    backend.con.register(key, sheet.table)
    located = backend.table(key)
    table = located.drop(ROW)
    return Source(name, table, table, located, text=True, broken=sheet.broken, notes=sheet.notes, top=sheet.top,
                  late=sheet.late)


def _open_csv(backend, paths, name, encoding, delimiter):
    """Read every column as text, by the header's names: nothing about types is guessed."""
    try:
        codec = codecs.lookup(encoding).name
    except LookupError:
        raise ValueError(f'encoding {encoding!r} is not known: try "utf-8", "latin-1" or "gb18030"') from None
    if codec not in ("utf-8", "utf-8-sig"):
        paths = _transcode(backend, paths, encoding)
    same = _unchanged(backend, paths)
    problems = [problem for path in paths for problem in _not_text(path)]
    if problems:
        raise DataError(message(name, problems))
    headers = {path: _header(path, delimiter) for path in paths}
    problems = [Problem("", f"{os.path.basename(path)} starts with Excel's line {header[2]!r}",
                        "remove that line: the second one, with the column names, must be the first")
                for path, header in headers.items() if re.fullmatch('"?sep=.?"?', header[2], re.IGNORECASE)]
    if problems:
        raise DataError(message(name, problems))
    names, mark, _ = headers[paths[0]]
    problems = [Problem("", f"{os.path.basename(path)} has another header than {os.path.basename(paths[0])}: "
                        f"{', '.join(header[0])}", "give the files the same columns in the same order")
                for path, header in headers.items() if header[:2] != (names, mark)]
    if problems:
        raise DataError(message(name, problems))
    check_names(names, name)
    too_long = [problem for path in paths for problem in _too_long_lines(path, mark, len(names))]
    types = ", ".join(f"{_quote(column)}: 'VARCHAR'" for column in names)
    reader = (f"read_csv({_list(paths)}, auto_detect=false, header=true, columns={{{types}}}, "
              f"delim={_quote(mark)}, quote='\"', escape='\"'")
    log = f"crm_{uuid.uuid4().hex}"
    collect = f"store_rejects=true, rejects_table='{log}', rejects_scan='{log}_scan', rejects_limit={MOST_REJECTS}"
    more = ", filename=true" if len(paths) > 1 else ""
    return Source(
        name, table=_view(backend, f"SELECT * FROM {reader}, {collect})"),
        final=_view(backend, f"SELECT * FROM {reader}) WHERE {same}"),
        located=_located(backend, f"{reader}, ignore_errors=true{more})", paths), text=True,
        rejects=lambda: too_long + _unreadable_lines(backend, log, paths),
        explain=lambda text: _line_ends(paths) if "state machine" in text else [])


def _not_text(path):
    """Return the lines that are not UTF-8, or hold NUL characters, as problems: DuckDB may break down on them."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with _opener(path)(path, "rb") as file:
        try:
            while (chunk := file.read(1 << 20)) and b"\0" not in chunk:
                decoder.decode(chunk)
            if not chunk:
                decoder.decode(b"", final=True)
                return []
        except UnicodeDecodeError:
            pass
        file.seek(0)
        foreign, nul = [], []
        for number, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                foreign.append(f"line {number}: {short(line.strip())}")
            if b"\0" in line:
                nul.append(f"line {number}: {short(line.strip())}")
    hint = 'if it is UTF-16 pass encoding="utf-16-le" (or "utf-16-be"); if not, it is damaged: export it again'
    kinds = ("is not UTF-8", foreign, ENCODING_HINT), ("holds NUL characters", nul, hint)
    return [Problem("", f"{os.path.basename(path)} {what} in {len(bad):,} line{'s' * (len(bad) != 1)}", way,
                    bad[:EXAMPLES]) for what, bad, way in kinds if bad]


def _line_ends(paths):
    """Return what is wrong with the ends of lines, after DuckDB could not make them out."""
    problems = [problem for path in paths for problem in _mixed_line_ends(path)]
    return problems or [Problem("", "the ends of its lines cannot be made out", "save it again with plain line ends")]


def _mixed_line_ends(path):
    """Return where the lines of a CSV file begin to end in another way than the first one, as a problem."""
    first, quotes = None, 0
    with _opener(path)(path, "rb") as file:
        for number, line in enumerate(file, 1):
            quotes += line.count(b'"')
            if quotes % 2:
                continue  # within a quoted value
            bare = re.sub(b'"[^"]*"', b"", line)
            end = "CR" if b"\r" in bare.rstrip(b"\r\n") else "CRLF" if bare.endswith(b"\r\n") else "LF"
            first = first or end
            if end != first:
                return [Problem("", f"the lines of {os.path.basename(path)} end in different ways: {first} at first, "
                                f"{end} in line {number}", "save it again with one kind of line end")]
    return []


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
    """Return the column names of a CSV file, its delimiter, and its first line."""
    with _opener(path)(path, "rt", encoding="utf-8-sig", newline="") as file:
        line = file.readline()
        if delimiter is None:
            bare = re.sub('"[^"]*"', "", line)
            delimiter = max(",;\t|", key=bare.count)
        file.seek(0)
        names = next(csv.reader(file, delimiter=delimiter), [])
    return [name.strip() or f"column_{number}" for number, name in enumerate(names, 1)], delimiter, line.strip()


def _too_long_lines(path, delimiter, width):
    """Return the lines of a CSV file with empty fields too many at their end, as a problem.

    DuckDB drops such fields in every mode, though the columns of the line may have shifted.
    Only a file in which some line ends in the delimiter (or in an empty quote) is read by the slower csv module.
    """
    ends, tail = re.compile(re.escape(delimiter.encode()) + b'(?:"")?[\r\n]'), b""
    with _opener(path)(path, "rb") as file:
        while chunk := file.read(1 << 20):
            tail = tail[-8:] + chunk
            if ends.search(tail):
                break
        else:
            if not ends.search(tail + b"\n"):
                return []
    bad, shown, line = 0, [], 1
    with _opener(path)(path, "rt", encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        try:
            for fields in reader:
                if len(fields) > width and not any(fields[width:]):
                    bad += 1
                    if bad <= EXAMPLES:
                        shown.append(f"line {line}: {short(delimiter.join(fields))}")
                line = reader.line_num + 1
        except csv.Error as error:
            return [Problem("", f"{os.path.basename(path)}, line {line}: {error}", "see whether a quote is left open")]
    if not bad:
        return []
    hint = ("if values hold the delimiter, quote them (columns have shifted); if lines merely end in it, "
            "end the header line in it too")
    what = f"{os.path.basename(path)} has more fields than the header, empty ones at the end, in {bad:,} line"
    return [Problem("", what + "s" * (bad != 1), hint, shown)]


def _unreadable_lines(backend, log, paths):
    """Return problems with lines of CSV files that DuckDB could not split into columns."""
    sql = (f"SELECT parse_filename(file_path), line, error_type::VARCHAR, max(error_message), any_value(csv_line) "
           f"FROM {log} JOIN {log}_scan USING (scan_id, file_id) GROUP BY ALL ORDER BY 1, 2")
    lines = backend.con.execute(sql).fetchall()
    if not lines:
        return []
    what = Counter(kind.lower() for _, _, kind, _, _ in lines)
    shown = [f"line {line}{f' of {file}' if len(paths) > 1 else ''}: {short(text.strip())} ({message.splitlines()[0]})"
             for file, line, _, message, text in lines[:EXAMPLES]]
    hint = "quote values that hold the delimiter, or correct the lines; row numbers below leave them out"
    counts = ", ".join(f"{n:,} with {kind}" for kind, n in what.items())
    more = " at least" if len(lines) >= MOST_REJECTS else ""
    return [Problem("", f"unreadable lines:{more} {counts}", hint, shown)]


# --- what goes wrong below ------------------------------------------------------------------------------


def check_names(names, source):
    """Refuse column names that a database cannot tell apart."""
    lower = Counter(name.lower() for name in names)
    twice = [name for name in names if lower[name.lower()] > 1]
    if twice:
        raise DataError(message(source, [Problem("", f"duplicate column names: {listed(twice)}",
                                                  "rename or remove one of them (databases ignore case)")]))
    if not names:
        raise DataError(message(source, [Problem("", "there are no columns", "check the export")]))
    ours = [name for name in names if name.lower().startswith("_crm_")]
    if ours:
        raise DataError(message(source, [Problem("", f"column names that this library uses: {listed(ours)}",
                                                 "rename or remove them")]))


def listed(names):
    shown = ", ".join(repr(name) for name in list(names)[:20])
    return shown + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def message(name, problems):
    entries = [f"{number}. {problem}" for number, problem in enumerate(problems, 1)]
    return "\n".join([f"{name} cannot be used: {len(problems)} problem{'s' * (len(problems) != 1)}", *entries])


@contextmanager
def engine_errors(name, explain=lambda text: []):
    """Turn errors of the libraries below into a DataError that names the source, and the reason if it is known."""
    try:
        yield
    except Exception as error:
        foreign = type(error).__module__.split(".")[0] in ENGINES
        if not foreign and not isinstance(error, (OSError, EOFError, UnicodeError)):
            raise
        text = next(iter(str(error).strip().splitlines()), type(error).__name__)
    else:
        return
    raise DataError(message(name, explain(text) or [
        Problem("", text, "check that the file or table is complete and readable")]))


def short(value):
    text = repr(value) if isinstance(value, (str, bytes)) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
