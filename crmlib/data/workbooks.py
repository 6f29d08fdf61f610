"""Reading one sheet of an Excel workbook, with every cell as it is and under the row number that Excel shows.

openpyxl reads it as a stream. Its own walk over the rows believes the size that the file claims, and loses rows if
that is wrong; it also says nothing of formulas without a value, merged cells and hidden rows. So the rows are taken
from its parser, one layer below (the pin ``openpyxl<4`` is what protects us).
"""

import os
import warnings
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import date as Date
from datetime import datetime as Datetime

import pyarrow as pa

from crmlib.data.sources import EXAMPLES, ROW, Problem, check_names, listed, message
from crmlib.errors import DataError

SAVE_AGAIN = "open it in Excel or LibreOffice and save it again as .xlsx, or as CSV"
HEADER_ROWS = 30  # where to look for a header below title lines
DAYS_1904 = 1462  # the day numbers of a workbook with 1904 dates begin so much later


@dataclass
class Sheet:
    """The cells of a sheet from its header on, and what a reader should know of them."""

    table: pa.Table  # one column per named column, and the rows' numbers in Excel
    broken: dict = field(default_factory=dict)  # column -> (what, hint)
    notes: list = field(default_factory=list)  # lines for the report
    top: dict = field(default_factory=dict)  # row number -> its texts, of the first rows: one may be the header
    late: int = 0  # days to add to day numbers


def read_sheet(path, sheet, header_row, decimal) -> Sheet:
    """Return a sheet of a workbook; `sheet` may be left out if only one has content."""
    name = os.path.basename(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of parts of the workbook that we do not read
            rows, parser, epoch = _rows(path, sheet, name)
    except DataError:
        raise
    except MemoryError:
        raise
    except Exception as error:  # openpyxl lets through whatever a broken part of the file causes
        raise DataError(message(name, [Problem("", f"is not a workbook that can be read ({_said(error)})",
                                               SAVE_AGAIN)])) from None
    return _sheet(rows, parser, epoch, header_row, decimal, name)


def _said(error):
    return f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"


def _rows(path, sheet, name):
    """Return the rows of the chosen sheet that hold something: number -> {column number: cell}; and its parser."""
    import openpyxl

    with zipfile.ZipFile(path) as archive:
        if "[Content_Types].xml" not in archive.namelist():
            raise DataError(message(name, [Problem("", "is a zip archive, but not an Excel workbook", SAVE_AGAIN)]))
    book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    try:
        names = [each.title for each in book.worksheets]
        if sheet is not None and sheet not in names:
            raise DataError(message(name, [Problem("", f"no sheet {sheet!r}; there are {listed(names)}",
                                                   "pass sheet= with one of these names")]))
        if sheet is None:
            full = [each for each in names if next(_walk(book, each)[0], None)]
            if len(full) > 1:
                raise DataError(message(name, [Problem("", f"{len(full)} sheets hold something: {listed(full)}",
                                                       f"pass sheet= with the one to read, e.g. sheet={full[0]!r}")]))
            if not full:
                raise DataError(message(name, [Problem("", "there are no rows", "see whether the export worked")]))
            sheet = full[0]
        walk, parser = _walk(book, sheet)
        rows = {}
        for number, cells in walk:
            if number in rows:
                raise ValueError(f"row {number} stands twice in sheet {sheet!r}")
            rows[number] = cells
        return rows, parser, book.epoch
    finally:
        book.close()


def _walk(book, name):
    """Return an iterator over the rows of a sheet that hold something, and the parser behind it."""
    from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser

    class Parser(WorkSheetParser):
        def parse_cell(self, element):
            cell = super().parse_cell(element)
            cell["formula"] = element.find(FORMULA_TAG) is not None
            return cell

    sheet = book[name]
    parser = Parser(sheet._get_source(), sheet._shared_strings, data_only=True, epoch=book.epoch,
                    date_formats=book._date_formats, timedelta_formats=book._timedelta_formats)

    def walk():
        with parser.source:
            for number, cells in parser.parse():
                held = [cell for cell in cells if cell["value"] not in (None, "") or _unsolved(cell)]
                by_column = {cell["column"]: cell for cell in held}
                if len(by_column) < len(held):
                    raise ValueError(f"a cell of row {number} stands twice")
                if by_column:
                    yield number, by_column

    return walk(), parser


def _unsolved(cell):
    """Whether a cell is a formula that no program has computed; one whose answer is an empty text is "str"."""
    return cell["formula"] and cell["value"] is None and cell["data_type"] != "str"


def _sheet(rows, parser, epoch, header_row, decimal, name):
    from openpyxl.utils.datetime import MAC_EPOCH

    if header_row is not None and header_row not in rows:
        raise DataError(message(name, [Problem("", f"row {header_row} is empty or not there",
                                               "pass header_row= with Excel's number of the row of column names")]))
    first = min(rows) if header_row is None else header_row
    top = {number: [str(cell["value"]).strip() for cell in rows[number].values()] for number in sorted(rows)
           if number < first + HEADER_ROWS}
    header, body = rows[first], {number: rows[number] for number in sorted(rows) if number > first}
    columns = sorted({column for cells in (header, *body.values()) for column in cells})
    names = {column: str(header[column]["value"]).strip() if column in header else f"column_{column}"
             for column in columns}
    check_names(list(names.values()), name)
    merged = list(parser.merged_cells.mergeCell) if parser.merged_cells else []
    arrays, broken = {}, {}
    for column in columns:
        cells = [body[number].get(column) for number in body]
        arrays[names[column]] = _array([cell and cell["value"] for cell in cells], decimal)
        wrong = _wrong_cells(list(body), cells, [each for each in merged if each.min_col <= column <= each.max_col
                                                 and each.max_row > first and each.max_row > each.min_row])
        if wrong:
            broken[names[column]] = wrong
    arrays[ROW] = pa.array(list(body), pa.int64())
    hidden = sum(number in body for number in map(int, (
        number for number, how in parser.row_dimensions.items() if how.get("hidden") in ("1", "true"))))
    empty = max(body, default=first) - first - len(body)
    notes = [("hidden in the workbook", "", hidden, "kept")] * bool(hidden)
    notes += [("empty rows between the others", "", empty, "not counted")] * bool(empty)
    return Sheet(pa.table(arrays), broken, notes, top, DAYS_1904 if epoch == MAC_EPOCH else 0)


def _wrong_cells(numbers, cells, merged):
    """Return what rules a column out, and the way out, or None."""
    failed = [(n, cell) for n, cell in zip(numbers, cells, strict=True) if cell and cell["data_type"] == "e"]
    if failed:
        kinds = Counter(cell["value"] for _, cell in failed)
        what = ", ".join(f"{rows:,} {kind}" for kind, rows in kinds.items())
        return (f"errors of Excel in {len(failed):,} of {len(cells):,} rows: {what} ({_rows_named(failed)})",
                "mend the formulas or fill in the values, and save the workbook")
    unsolved = [(n, cell) for n, cell in zip(numbers, cells, strict=True) if cell and _unsolved(cell)]
    if unsolved:
        return (f"formulas without a value in {len(unsolved):,} of {len(cells):,} rows ({_rows_named(unsolved)})",
                "the program that wrote the workbook did not compute them: open it in Excel or LibreOffice and save it")
    if merged:
        ranges = ", ".join(str(each.coord) for each in merged[:EXAMPLES])
        return (f"merged cells ({ranges}): only the first row of each holds the value",
                "unmerge them and fill the value into every row")
    return None


def _rows_named(found):
    shown = ", ".join(f"row {number}" for number, _ in found[:EXAMPLES])
    return shown + (", …" if len(found) > EXAMPLES else "")


def _array(values, decimal):
    """Return cells as an Arrow column: numbers, dates or truth values if all are; text otherwise."""
    there = [value for value in values if value is not None]
    values = [None if value == "" else value for value in values]
    if there and all(isinstance(value, bool) for value in there):
        return pa.array(values, pa.bool_())
    if there and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in there):
        if any(isinstance(value, float) for value in there):
            return pa.array([None if value is None else float(value) for value in values], pa.float64())
        if all(abs(value) < 2**63 for value in there):
            return pa.array(values, pa.int64())
    if there and all(isinstance(value, Date) for value in there):
        return pa.array([value if value is None or isinstance(value, Datetime)
                         else Datetime(value.year, value.month, value.day) for value in values], pa.timestamp("us"))
    return pa.array([None if value is None else _text(value, decimal) for value in values], pa.string())


def _text(value, decimal):
    """Return a cell of a mixed column as text: numbers with the decimal mark that the column is read with."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        text = str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
        return text.replace(".", decimal)
    if isinstance(value, Datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    return str(value)
