"""Looking at a file of orders before the door: which column is which, why, and the call to copy.

Nothing is decided in silence: every proposal comes with its reason, what can be read in two ways is a question with
its answers, and the door itself (`read_transactions`) is asked what it would refuse and what each mend would do.
"""

import codecs
import csv
import gzip
import os
import re
import shlex
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from crmlib.data.proposals import MARKS, NAMES, columns_table, facts_of, roles_of, values_of
from crmlib.data.sources import KINDS, Problem, Reading, engine_errors, message, open_source
from crmlib.data.tables import NOBODY, read_transactions
from crmlib.errors import DataError

USUAL_MARKS = (",", ";", "\t", "|")  # those that the door reads off the header
LOOK = 200_000  # rows to look at in a file that is larger than one of these
LARGE_TEXT, LARGE_PARQUET = 20_000_000, 1_000_000  # bytes, rows

MENDS = {'missing_ids="drop"': {"missing_ids": "drop"}, 'returns="net"': {"returns": "net"},
         'duplicates="keep"': {"duplicates": "keep"}}
ALTERNATIVES = {"returns": ("net", "drop"), "duplicates": ("keep", "drop"), "missing_ids": ("drop",)}
EFFECT = {("missing_ids", "drop"): "rows without a customer are left out",
          ("returns", "net"): "negative amounts are netted within the customer's day",
          ("returns", "drop"): "negative amounts are left out: what was sent back counts as sold",
          ("duplicates", "keep"): "equal rows stay: right if they are separate lines",
          ("duplicates", "drop"): "one of each stays: right if the export repeats rows"}
REQUIRED = ("customer_id", "date", "amount")


@dataclass
class Inspection:
    """What `inspect_file` found.

    Attributes
    ----------
    path : str
        The file.
    rows, looked_at : int
        Rows of the file (None if they were not counted), and rows that were looked at.
    notes : list of str
        What was found about the file, and how it was found.
    columns : pandas.DataFrame
        One row per column: ``column, proposed, why, kind, missing, distinct, example``.
    arguments : dict
        What to pass to `read_transactions`, apart from the file.
    questions : list of str
        What only you can know: each names the possible answers.
    refused : str
        What the door says to the bare mapping; empty if it takes it.
    trials : pandas.DataFrame
        What the door does with each mend: ``arguments, rows_in, rows_out, amount, what``.
    unsolved : str
        What no argument can mend; empty if the door takes the file.
    last_day : str
        The last day in the data, or empty.
    worthless : int
        Customers who came back with a mean repeat spend of zero or less, whom scoring refuses unless told.
    """

    path: str
    rows: int | None = None
    looked_at: int = 0
    notes: list = field(default_factory=list)
    columns: pd.DataFrame = None
    arguments: dict = field(default_factory=dict)
    questions: list = field(default_factory=list)
    refused: str = ""
    trials: pd.DataFrame = None
    unsolved: str = ""
    last_day: str = ""
    worthless: int = 0

    def python(self) -> str:
        """Return the call in Python."""
        options = "".join(f",\n    {name}={value!r}" for name, value in self.arguments.items())
        return f"orders = read_transactions(\n    {self.path!r}{options})"

    def commands(self) -> list[str]:
        """Return the commands that score the customers and write the report."""
        day = self.last_day or "YYYY-MM-DD"
        roles = [role for role in NAMES if role in self.arguments]
        reading = "".join(_flag(name, value) for name, value in self.arguments.items() if name not in NAMES)
        flags = "".join(_flag(role, self.arguments[role]) for role in roles if role in (*REQUIRED, "unit_price")
                        or role == "quantity" and "unit_price" in self.arguments)
        pairs = ",".join(f"{role}={self.arguments[role]}" for role in roles)
        plain = not any("," in str(self.arguments[role]) for role in roles)
        mapped = _flag("map", pairs) if plain else "".join(_flag(role, self.arguments[role]) for role in roles)
        file = shlex.quote(self.path)
        zero = " --nonpositive zero" if self.worthless else ""
        return [f"python -m crmlib score {file}{flags}{reading} --observation-end {day} --margin-share 1 "
                f"--annual-discount-rate 0.10{zero} --out scores.parquet",
                f"python -m crmlib report {file}{mapped}{reading} --out report.html"]


def _flag(name, value):
    return f" --{name.replace('_', '-')} {shlex.quote(str(value))}"


def inspect_file(path: str | os.PathLike, *, sheet: str | None = None) -> Inspection:
    """Look at a CSV, Excel or Parquet file of orders, and propose how to read it.

    Parameters
    ----------
    path : str or path
        One file.
    sheet : str, optional
        Sheet of a workbook that has several.

    Returns
    -------
    Inspection
        Proposals with reasons, questions, what the door refuses, what each mend does, and the call.
        Of a text file above 20 MB the first 200,000 rows are looked at, of a Parquet file above a million rows
        200,000 from all parts of it; ``.notes`` says so.

    Raises
    ------
    DataError
        If the file cannot be opened at all.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "orders.csv")
    ...     size = file.write_text("Kundennr;Datum;Betrag\\n1;31.01.2025;12,50\\n2;02.02.2025;8,00\\n")
    ...     found = inspect_file(file)
    >>> found.arguments
    {'customer_id': 'Kundennr', 'date': 'Datum', 'amount': 'Betrag', 'date_format': '%d.%m.%Y', 'decimal': ','}
    """
    path = os.fspath(path)
    found = Inspection(path)
    with ExitStack() as stack:
        source, reading = _sampled(found, path, sheet, stack)
        src = open_source(source, Reading(**reading))
        if top := _header_below(src.top):
            found.notes.append(f"row {top} looks like the header: what stands above it is left out")
            reading["header_row"] = top
            src = open_source(source, Reading(**reading))
        found.notes += [f"{rows:,} rows {what}, {done}" for what, _, rows, done in src.notes]
        with engine_errors(src.name, src.explain):
            sample = src.table.limit(LOOK).cache()
            facts = facts_of(sample)
        roles = roles_of(found.questions, facts, sample)
        found.columns = columns_table(facts, roles)
        found.arguments = {role: name for role, (name, _) in roles.items()} | {
            name: value for name, value in reading.items() if value is not None and value != "utf-8"}
        lacking = [role for role in REQUIRED if role not in roles and not (role == "amount" and "unit_price" in roles)]
        if lacking:
            found.unsolved = message(os.path.basename(path), [Problem(
                role, "no column looks like it", f"pass {role}= with its name") for role in lacking])
            return found
        formats = _how_to_read(found, facts, roles)
        if found.arguments.get("decimal") and src.top:  # a workbook's numbers are written with it among texts
            src = open_source(source, Reading(**reading, decimal=found.arguments["decimal"]))
        _ask_the_door(found, src, formats)
        _returns_note(found, sample, roles)
    return found


# --- opening: encoding, delimiter, sample ----------------------------------------------------------------


def _sampled(found, path, sheet, stack):
    """Return what to hand to the door (the file, or a sample of it), and how it is to be read."""
    kind = KINDS.get(os.path.splitext(path.lower().removesuffix(".gz"))[1])
    if not os.path.isfile(path) or os.path.getsize(path) == 0 or kind is None:
        open_source(path, Reading())  # says what is wrong
    if kind == "excel":
        found.notes.append("an Excel workbook; row numbers are those that Excel shows")
        return path, {"sheet": sheet}
    if sheet is not None:
        raise ValueError("--sheet is for Excel workbooks only")
    return _sampled_parquet(found, path) if kind == "parquet" else _sampled_text(found, path, stack)


def _sampled_parquet(found, path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    open_source(path, Reading())
    file = pq.ParquetFile(path)
    found.rows = file.metadata.num_rows
    if found.rows <= LARGE_PARQUET:
        found.notes.append("a Parquet file")
        return path, {}
    groups = sorted({round(i * (file.num_row_groups - 1) / 9) for i in range(10)})
    parts = [next(file.iter_batches(LOOK // len(groups), row_groups=[group])) for group in groups]
    sample = pa.Table.from_batches(parts)
    found.notes.append(f"a Parquet file of {found.rows:,} rows, of which {sample.num_rows:,} from {len(groups)} parts "
                       "of it were looked at: the door itself looks at all")
    return sample, {}


def _sampled_text(found, path, stack):
    packed = path.lower().endswith(".gz")
    with (gzip.open if packed else open)(path, "rb") as file:
        try:
            head = file.read(LARGE_TEXT + 1)
        except (OSError, EOFError):
            open_source(path, Reading())
            raise
    large = len(head) > LARGE_TEXT
    if large:
        lines = head.split(b"\n")[:-1][:LOOK]  # the last one is cut
        quotes = sum(line.count(b'"') for line in lines)
        while quotes % 2 and len(lines) > 1:  # a quoted value is cut
            quotes -= lines.pop().count(b'"')
        head = b"\n".join(lines) + b"\n"
    encoding, why = _encoding(head)
    mark, title = _layout(head[:200_000].decode(encoding, errors="replace").removeprefix("\ufeff"))
    found.notes += ["a text file", why, f"columns separated by {mark!r}" if mark else "one column"]
    if title:
        raise DataError(message(os.path.basename(path), [Problem(
            "", f"line {title} looks like the header, but {title - 1} line{'s' * (title > 2)} above it",
            "delete the lines above the header")]))
    delimiter = None if mark in USUAL_MARKS else mark
    reading = {"encoding": encoding, "delimiter": delimiter}
    if not large:
        return path, reading
    found.notes.append(f"its first {len(head.splitlines()) - 1:,} rows were looked at: the door itself looks at all")
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="crmlib-"))
    sample = Path(folder, os.path.basename(path).removesuffix(".gz"))
    sample.write_bytes(head)
    return str(sample), reading


def _encoding(data):
    """Return the encoding of a text file, and how it shows."""
    marks = {codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32", codecs.BOM_UTF16_LE: "utf-16",
             codecs.BOM_UTF16_BE: "utf-16"}
    for mark, name in marks.items():
        if data.startswith(mark):
            return name, f"{name} by its first bytes"
    if data.count(0) > len(data) // 4:
        name = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
        return name, f"{name} by its zero bytes"
    try:
        data.decode()
    except UnicodeDecodeError as error:
        if error.end < len(data) - 3 or error.reason != "unexpected end of data":
            return _not_unicode(data)
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8", "UTF-8 by its first bytes"
    return "utf-8", "plain ASCII" if data.isascii() else "UTF-8"


def _not_unicode(data):
    """Tell Chinese from Western European: in gb18030 a Chinese character is two bytes above 160."""
    shown = re.search(b"[\x20-\x7e]{0,12}[\x80-\xff][^\r\n,;\t]{0,20}", data).group()
    try:
        data.decode("gb18030")
        pairs = re.findall(b"[\x81-\xfe](?:[\x40-\x7e\x80-\xfe]|[0-9][\x81-\xfe][0-9])", data)
        if sum(pair[1] > 160 for pair in pairs) > 0.7 * len(pairs):
            return "gb18030", f"not UTF-8, but gb18030 (Chinese): it reads {shown.decode('gb18030', 'ignore')!r}"
    except UnicodeDecodeError:
        pass
    name = "latin-1" if re.search(b"[\x81\x8d\x8f\x90\x9d]", data) else "cp1252"
    return name, f"not UTF-8, so perhaps {name} (Western Europe): see whether {shown.decode(name)!r} is right"


def _layout(text):
    """Return what separates the columns (None: nothing), and the number of the header line if others stand above it."""
    lines = [line[:10_000] for line in re.split("\r\n|\r|\n", text)[:31]]
    fields = {mark: [next(csv.reader([line], delimiter=mark), []) for line in lines] for mark in (*USUAL_MARKS, *"^~")}
    mark = max(fields, key=lambda each: sum(len(line) > 1 for line in fields[each]))
    widths = Counter(len(line) for line in fields[mark][1:] if line)
    usual = max(widths, key=widths.get, default=0)
    filled = [sum(bool(value.strip()) for value in line) for line in fields[mark]]
    title = None
    if usual > 2 and filled[0] * 2 < usual:
        title = next((number for number, n in enumerate(filled, 1) if n * 2 > usual), None)
    return mark if usual > 1 or len(fields[mark][0]) > 1 else None, title


def _header_below(top):
    """Return the row of a workbook that looks like the header, if it is not the first one that holds something."""
    if not top:
        return None
    widest = max(len(texts) for texts in top.values())
    first = min(top)
    if len(top[first]) * 2 > widest:
        return None
    return next(number for number, texts in top.items() if len(texts) == widest)


# --- how to read them, and what the door says ------------------------------------------------------------


def _how_to_read(found, facts, roles):
    """Add decimal mark and time zone to the arguments; return the date formats that are possible."""
    money = [facts[roles[role][0]] for role in ("amount", "unit_price", "margin", "quantity") if role in roles]
    money = [each for each in money if each.kind in ("numbers as text", "mostly numbers")]
    ways = [marks for marks in MARKS if all(marks in each.numbers for each in money)] if money else [(".", None)]
    decimal, thousands = ways[0] if ways else (".", None)
    found.arguments |= {"decimal": decimal} if decimal != "." else {}
    found.arguments |= {"thousands": thousands} if thousands else {}
    if not ways:
        found.questions.append("which mark is the decimal mark? The columns of numbers differ")
    dates = facts[roles["date"][0]].dates
    name = roles["date"][0]
    if "zoned" in dates:
        found.arguments["timezone"] = "UTC"
        found.questions.append(f'{name} holds times with a zone: whose wall time counts? timezone="UTC" stands in; '
                               'pass your own, e.g. timezone="Europe/Berlin"')
    if dates == ["unix"]:
        found.unsolved = message(os.path.basename(found.path), [Problem(
            name, "counts seconds or milliseconds since 1970", "convert it before: frame[" + repr(name) + "] = "
            f"pandas.to_datetime(frame[{name!r}], unit=\"s\"), or unit=\"ms\", and hand over the frame")])
    formats = [way for way in dates if way not in ("", "zoned", "unix")]
    return [] if "" in dates or "zoned" in dates else formats


def _ask_the_door(found, source, formats):
    """Ask for the bare mapping, then with one mend after another, then with the other answers."""
    if found.unsolved:
        return
    tried = []
    for form in formats or [None]:
        arguments = found.arguments | ({"date_format": form} if form else {})
        table, said, mends, first = None, "", {}, None
        while True:
            try:
                table = read_transactions(source, **arguments, **mends)
                said = ""
            except DataError as error:
                said = str(error)
            first = said if first is None else first
            more = next((mend for word, mend in MENDS.items() if word in said and not mend.keys() & mends.keys()), None)
            if table is not None or more is None:
                break
            mends |= more
        tried.append((form, table, said, mends, first, said.count("->")))
    best = min(tried, key=lambda each: (each[1] is None, each[5]))
    form, table, found.unsolved, mends, found.refused, _ = best
    found.arguments = {name: value for name, value in found.arguments.items()}
    found.arguments |= {"date_format": form} if form else {}
    rivals = [each[0] for each in tried if (each[1] is None, each[5]) == (table is None, best[5])]
    if len(rivals) > 1:
        answers = " or ".join(f'date_format="{each}"' for each in rivals)
        found.questions.insert(0, f"date: no day above 12 tells which comes first: {answers}? "
                                  f"{rivals[0]!r} stands in the call below: change it if it is the other")
    found.arguments |= mends
    order = [*NAMES, "date_format", "timezone", "decimal", "thousands", "encoding", "delimiter", "sheet", "header_row",
             "missing_ids", "returns", "duplicates"]
    found.arguments = dict(sorted(found.arguments.items(), key=lambda item: order.index(item[0])))
    rows = []
    for name in mends:
        for value in ALTERNATIVES[name]:
            try:
                other = table if table is not None and found.arguments[name] == value else read_transactions(
                    source, **{**found.arguments, name: value})
                amount = float(other.report.set_index("check").loc["total amount", "done"])
                rows.append((f'{name}="{value}"', other.rows_in, other.rows_out, amount, EFFECT[name, value]))
            except DataError as error:
                rows.append((f'{name}="{value}"', pd.NA, pd.NA, pd.NA, f"refused: {str(error).splitlines()[1]}"))
    found.trials = pd.DataFrame(rows, columns=["arguments", "rows_in", "rows_out", "amount", "what"])
    if table is not None:
        found.looked_at = table.rows_in
        whole = found.rows in (None, table.rows_in) and not any("looked at" in note for note in found.notes)
        found.rows = table.rows_in if whole else found.rows
        found.last_day = table.report.set_index("check").loc["last day", "done"] if whole else ""
        _notes_on_money(found, table)


def _notes_on_money(found, table):
    """Say what of the money needs a decision: lines without a customer, lines of 0, customers who brought nothing."""
    from crmlib.btyd import customer_summary

    if found.last_day in ("", "none"):  # a sample, whose sums say nothing of the file
        return
    report = table.report.set_index("check")
    if NOBODY in report.index:
        found.notes.append(f"rows without a customer id are worth {float(report.loc[NOBODY, 'done']):,.2f}; the others "
                           f"{float(report.loc['total amount', 'done']):,.2f}")
    zero = int(report.loc[["zero"]]["rows"].sum())
    if zero:
        found.notes.append(f"{zero:,} rows of amount 0 stay, and their days count as purchases: leave them out before "
                           "if they are none")
    history = customer_summary(table, observation_end=found.last_day, lazy=True)
    none = history.filter(history.frequency > 0, history.monetary_value <= 0)
    found.worthless = int(none.count().to_pyarrow().as_py())
    if found.worthless:
        found.notes.append(f"mean repeat spend is zero or less for {found.worthless:,} of the customers (returns): "
                           "scoring refuses them unless told to count it as zero, as the call below does")


def _returns_note(found, sample, roles):
    """Say so if cancelled orders have numbers that begin with a C, as in many British exports."""
    if "order_id" not in roles or "quantity" not in roles:
        return
    cancelled = values_of(sample, roles["order_id"][0]).astype("str").str.match(r"C\d+$")
    negative = pd.to_numeric(values_of(sample, roles["quantity"][0]), errors="coerce") < 0
    if cancelled.any() and negative[cancelled].mean() > 0.9:
        found.notes.append(f"{cancelled.sum():,} rows have an order number that begins with C, and "
                           f"{negative[cancelled].mean():.0%} of them a negative quantity: cancelled orders, taken as "
                           "returns")


# --- what the command prints -----------------------------------------------------------------------------


def described(found: Inspection) -> str:
    """Return an inspection as text for the terminal."""
    size = f"{found.rows:,} rows" if found.rows is not None else ""
    lines = [f"{found.path}: " + "; ".join([*found.notes, *([size] if size else [])]), "", "Columns"]
    if found.columns is not None:
        width = min(max(len(name) for name in found.columns["column"]) if len(found.columns) else 0, 30)
        for row in found.columns.itertuples():
            head = f"  {row.column:<{width}}  {row.proposed or '-':<11}  "
            lacking = f", {row.missing:,} missing" if row.missing else ""
            lines.append(head + (row.why or f"{row.kind}, {row.distinct:,} different values, such as {row.example!r}")
                         + lacking)
    if found.questions:
        lines += ["", "Only you can know", *(f"  {question}" for question in found.questions)]
    if found.refused:
        lines += ["", "What the door says to these columns alone"]
        lines += ["  " + line for line in found.refused.splitlines()]
    if found.trials is not None and len(found.trials):
        lines += ["", "What would mend it"]
        for row in found.trials.itertuples():
            rows = "" if pd.isna(row.rows_in) else (
                f"{row.rows_out:,} of {row.rows_in:,} rows left, {row.amount:,.2f} in all; ")
            lines.append(f"  {row.arguments:<20}  {rows}{row.what}")
    if found.unsolved:
        return "\n".join([*lines, "", "To mend first", *("  " + line for line in found.unsolved.splitlines())])
    score, report = found.commands()
    return "\n".join([
        *lines, "", "In Python", "", "from crmlib.data import read_transactions", "", found.python(), "",
        "On the command line (a margin share of 1 values revenue; set it, the rate, and the last day as they are)", "",
        score, report])
