"""Files that a shop system, a spreadsheet or an accident may hand over, each a few hundred bytes.

``python tests/bad_inputs/make.py FOLDER`` writes them; the tests make them anew in a temporary folder, because that
takes a second, and a workbook or Parquet file in git would be bytes that nobody can read in a diff.

`make` returns one `Case` per file (or pattern of files): how to call the door, and what it has to say:
``rows`` is the number of data rows in the file, as whoever wrote the file knows; ``words`` are in the message of the
`DataError` if it is to be refused. Exactly one of the two is given.
"""

import datetime as dt
import gzip
import sys
import zipfile
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """One bad input: a path or pattern, the arguments, and the rows to be accounted for or the words to be said."""

    name: str
    path: str
    rows: int | None = None
    words: tuple = ()
    options: dict = field(default_factory=dict)
    cents: int | None = None  # the sum of the amounts returned, where a value could be misread


HEADER = "customer_id,date,amount\n"
GOOD = HEADER + "1,2024-01-05,20\n2,2024-01-06,35.50\n"


def csv_files():
    """Yield (name, content, rows or words, options, cents) of text files."""
    yield "good", GOOD, 2, {}, 5550
    yield "no newline at the end", GOOD.rstrip("\n"), 2, {}, 5550
    yield "CR only", GOOD.replace("\n", "\r"), 2, {}, 5550
    yield "CRLF", GOOD.replace("\n", "\r\n"), 2, {}, 5550
    yield "LF and CRLF mixed", GOOD.replace("\n", "\r\n", 1), ("end in different ways", "line 2"), {}, None
    yield "CR CR LF", GOOD.replace("\n", "\r\r\n"), ("ends of its lines",), {}, None
    yield "a CR in a value", GOOD.replace("1,2", "1\r1,2", 1), ("end in different ways", "line 2"), {}, None
    yield "BOM", "\ufeff" + GOOD, 2, {}, 5550
    yield "two BOMs", "\ufeff\ufeff" + GOOD, ("no column 'customer_id'",), {}, None
    yield "UTF-16 with BOM", GOOD.encode("utf-16"), ('encoding="utf-16"',), {}, None
    yield "UTF-16 read as such", GOOD.encode("utf-16"), 2, {"encoding": "utf-16"}, 5550
    yield "UTF-16 without BOM", GOOD.encode("utf-16-le"), ("NUL", "utf-16"), {}, None
    yield "UTF-32", GOOD.encode("utf-32"), ("utf-",), {}, None
    yield "NUL in a value", GOOD.replace("20\n", "2\x000\n"), ("NUL", "line 2"), {}, None
    yield "NULs at the end", GOOD + "\x00" * 40, ("NUL", "line 4"), {}, None
    yield "latin-1", GOOD.replace("1,2", "José,2", 1).encode("latin-1"), ("not UTF-8 in 1 line", "line 2"), {}, None
    yield "gb18030", GOOD.replace("1,2", "张三,2", 1).encode("gb18030"), ("gb18030",), {}, None
    yield "wrong encoding given", GOOD.replace("1,2", "José,2", 1).encode("latin-1"), ("is not gb18030",), {
        "encoding": "gb18030"}, None
    yield "half a character at the end", GOOD.encode() + "3,2024-01-07,5é".encode()[:-1], ("not UTF-8",), {}, None
    yield "open quote", GOOD + '"3,2024-01-07,5\n4,2024-01-08,6\n', ("unreadable lines", "line 4"), {}, None
    yield "quote in the middle", GOOD + '3"x,2024-01-07,5\n', 3, {}, 6050
    yield "text after a quote", GOOD + '"3"x,2024-01-07,5\n', ("unreadable lines", "line 4"), {}, None
    yield "newline in a value", GOOD + '"3\nx",2024-01-07,5\n', 3, {}, 6050
    yield "doubled quotes", GOOD + '"3""x",2024-01-07,5\n', 3, {}, 6050
    yield "too few fields", GOOD + "3,2024-01-07\n", ("unreadable lines", "line 4"), {}, None
    yield "too many fields", GOOD + "3,2024-01-07,5,x\n", ("unreadable lines", "line 4"), {}, None
    yield "a delimiter at the end", GOOD + "3,2024-01-07,5,\n", ("more fields than the header", "line 4"), {}, None
    yield "half a last line", GOOD + "3,2024-0", ("unreadable lines", "line 4"), {}, None
    yield "blank lines", GOOD.replace("\n2,", "\n\n2,") + "\n\n", 2, {}, 5550
    yield "lines of delimiters", GOOD + ",,\n,,\n", ("missing in 2 of 4 rows",), {}, None
    yield "lines of spaces", GOOD + "   \n", ("unreadable lines", "line 4"), {}, None
    yield "header only", HEADER, ("there are no rows",), {}, None
    yield "header without newline", HEADER.rstrip(), ("there are no rows",), {}, None
    yield "no header", "1,2024-01-05,20\n2,2024-01-06,35.50\n", ("first line seems to be data",), {}, None
    yield "only newlines", "\n\n\n", ("no columns",), {}, None
    yield "one NUL", "\x00", ("NUL", "line 1"), {}, None
    yield "empty", "", ("empty (0 bytes)",), {}, None
    yield "BOM only", "\ufeff", ("no columns",), {}, None
    yield "a title above the header", "Orders of May,,\n" + GOOD, ("no column",), {}, None
    yield "the header again in the middle", GOOD + GOOD, ("not a date in 1 of 5 rows", "row 3"), {}, None
    yield "a total below", GOOD + "Total,,55.50\n", ("date: missing in 1 of 3 rows", "row 3"), {}, None
    yield "the same name twice", "customer_id,date,amount,amount\n1,2024-01-05,20,21\n", ("duplicate column",), {}, None
    yield "names that differ in case", "customer_id,date,amount,Amount\n1,2024-01-05,20,2\n", ("duplicate column",), {
        }, None
    yield "empty names", "customer_id,date,amount,,\n1,2024-01-05,20,a,b\n", 1, {}, 2000
    yield "a name of ours", "customer_id,date,amount,_crm_row\n1,2024-01-05,20,1\n", ("_crm_row",), {}, None
    yield "names with spaces", " customer_id ,date , amount\n1,2024-01-05,20\n", 1, {}, 2000
    yield "a field of 200 kB", "customer_id,date,amount,note\n1,2024-01-05,20," + "x" * 200_000 + "\n", 1, {}, 2000
    yield "a field of 3 MB", "customer_id,date,amount,note\n1,2024-01-05,20," + "x" * 3_000_000 + "\n", (
        "unreadable lines", "line 2"), {}, None
    yield "another delimiter below", HEADER + "1;2024-01-05;20\n", ("unreadable lines",), {}, None
    yield "an unusual delimiter", GOOD.replace(",", "^"), ("no column",), {}, None
    yield "an unusual delimiter given", GOOD.replace(",", "^"), 2, {"delimiter": "^"}, 5550
    yield "Excel's sep line", "sep=,\n" + GOOD, ("remove that line",), {}, None
    yield "gzip named csv", gzip.compress(GOOD.encode()), ("gzip archive",), {}, None
    yield "HTML named csv", "<html><body>Please sign in</body></html>", ("HTML",), {}, None
    yield "JSON named csv", '[{"customer_id": 1, "date": "2024-01-05", "amount": 20}]', ("no column",), {}, None
    prices = "customer_id,date,UnitPrice,Quantity\n1,2024-01-05,20,3\n2,2024-01-06,35.50,1\n"
    yield "a unit price for the amount", prices, ("pass unit_price='UnitPrice' and quantity='Quantity'",), {
        "amount": "UnitPrice"}, None
    yield "the price of a whole line", prices, 2, {"amount": "UnitPrice", "quantity": "Quantity"}, 5550
    yield "rows twice", GOOD + "1,2024-01-05,20\n", ("1 of 3 rows repeat", "row 1"), {}, None
    yield "rows twice, dropped", GOOD + "1,2024-01-05,20\n", 3, {"duplicates": "drop"}, 5550
    yield "ids missing, dropped", GOOD + ",2024-01-05,20\nnan,2024-01-05,x\n", 4, {"missing_ids": "drop"}, 5550
    yield "ids missing and everything dropped", GOOD + ",2024-01-05,-20\n3,2024-01-05,-1\n3,2024-01-05,-1\n" + (
        GOOD.removeprefix(HEADER)), 7, {"missing_ids": "drop", "returns": "drop", "duplicates": "drop"}, 5550


VALUES = {  # name: (column, values, rows or words, options, cents)
    "decimal commas": ("amount", ['"12,5"', '"3,25"'], ('decimal=","',), {}, None),
    "decimal commas read": ("amount", ['"12,5"', '"3,25"'], 2, {"decimal": ","}, 1575),
    "thousands": ("amount", ['"1,234.56"', "2"], ('thousands=","',), {}, None),
    "thousands read": ("amount", ['"1,234.56"', "2"], 2, {"thousands": ","}, 123656),
    "three digits after the point": ("amount", ["1.250", "12.500"], ("thousands mark?",), {}, None),
    "narrow spaces": ("amount", ["1\u202f234", "2"], ("not a number in 1",), {}, None),
    "brackets": ("amount", ["(12.50)", "2"], ("minus sign instead of brackets",), {}, None),
    "minus behind": ("amount", ["12.50-", "2"], ("in front, not behind",), {}, None),
    "a typographic minus": ("amount", ["\u221212.50", "2"], ("not a number in 1", "row 1"), {}, None),
    "currency signs": ("amount", ["€12.50", "2"], ("currency signs",), {}, None),
    "percent": ("amount", ["12%", "2"], ("not a number in 1",), {}, None),
    "NaN": ("amount", ["NaN", "2"], ("missing in 1 of 2", "row 1"), {}, None),
    "inf": ("amount", ["inf", "2"], ("infinite",), {}, None),
    "1e308": ("amount", ["1e308", "2"], ("too large for exact cents",), {}, None),
    "1e999": ("amount", ["1e999", "2"], ("amount:", "row 1"), {}, None),
    "cents overflow": ("amount", ["99999999999999.99", "2"], ("too large for exact cents",), {}, None),
    "many digits": ("amount", ["0." + "1" * 400, "2"], 2, {}, 211),
    "hexadecimal": ("amount", ["0x1F", "2"], ("not a number",), {}, None),
    "digits of another script": ("amount", ["١٢", "2"], ("not a number in 1",), {}, None),
    "full-width digits": ("amount", ["１２", "2"], ("not a number in 1",), {}, None),
    "underscores": ("amount", ["1_000", "2"], ("not a number",), {}, None),
    "a formula": ("amount", ["=1+1", "2"], ("not a number",), {}, None),
    "negative": ("amount", ["-12.50", "2"], ('returns="net"',), {}, None),
    "negative dropped": ("amount", ["-12.50", "2"], 2, {"returns": "drop"}, 200),
    "negative netted": ("amount", ["-12.50", "2"], 2, {"returns": "net"}, -1050),
    "spaces around a number": ("amount", [" 12.50 ", "2"], 2, {}, 1450),
    "day or month": ("date", ["01/02/2024", "03/04/2024"], ("day or month first?",), {}, None),
    "day first": ("date", ["31/01/2024", "03/04/2024"], ('"%d/%m/%Y"',), {}, None),
    "both orders": ("date", ["31/01/2024", "01/31/2024"], ("day-first", "month-first"), {}, None),
    "no such day": ("date", ["2023-02-29", "2024-02-29"], ("not a date in 1", "row 1"), {}, None),
    "month 13": ("date", ["2024-13-01", "2024-01-01"], ("not a date in 1",), {}, None),
    "hour 25": ("date", ["2024-01-01 25:00", "2024-01-01"], ("not a date in 1",), {}, None),
    "year 0001": ("date", ["0001-01-01", "2024-01-01"], ("before the year 1900",), {}, None),
    "year 9999": ("date", ["9999-12-31", "2024-01-01"], ("placeholder",), {}, None),
    "year 12024": ("date", ["12024-01-01", "2024-01-01"], ("date:", "1 of 2"), {}, None),
    "0000-00-00": ("date", ["0000-00-00", "2024-01-01"], ("not a date in 1",), {}, None),
    "a leap second": ("date", ["2016-12-31 23:59:60", "2024-01-01"], ("date:", "row 1"), {}, None),
    "Excel's day numbers": ("date", ["45296", "45297.5"], ('date_format="excel"',), {}, None),
    "Excel's day numbers read": ("date", ["45296", "45297.5"], 2, {"date_format": "excel"}, 300),
    "Unix seconds": ("date", ["1704412800", "1704412801"], ("since 1970",), {}, None),
    "Unix milliseconds": ("date", ["1704412800000", "1704412801000"], ("since 1970",), {}, None),
    "offsets": ("date", ["2024-01-05T10:00:00Z", "2024-01-05T10:00:00+08:00"], ("timezone=",), {}, None),
    "offsets read": ("date", ["2024-01-05T10:00:00Z", "2024-01-05T10:00:00+08:00"], 2, {"timezone": "UTC"}, 300),
    "offsets in part": ("date", ["2024-01-05T10:00:00Z", "2024-01-05"], ("without a UTC offset",), {
        "timezone": "UTC"}, None),
    "zone names": ("date", ["2024-01-05 10:00 CET", "2024-01-05 11:00 CET"], ("not a date in 2",), {}, None),
    "month names": ("date", ["5 Jan 2024", "6 Jan 2024"], ("%d %b %Y",), {}, None),
    "words": ("date", ["today", "yesterday"], ("not a date in 2",), {}, None),
    "infinity as a date": ("date", ["infinity", "2024-01-01"], ("not a date in 1",), {}, None),
    "epoch as a date": ("date", ["epoch", "2024-01-01"], ("not a date in 1",), {}, None),
    "two-digit years": ("date", ["24-01-15", "24-12-31"], ("year first?",), {}, None),
    "a day too many": ("date", ["2024-01-05", "2024-02-05"], ("later than observation_end",), {
        "observation_end": "2024-01-31"}, None),
    "leading zeros": ("customer_id", ["007", "7"], 2, {}, 300),
    "float ids": ("customer_id", ["1.0", "2.0"], 2, {}, 300),
    "half ids": ("customer_id", ["1.5", "2.0"], ("not a whole number",), {}, None),
    "huge ids": ("customer_id", ["123456789012345678901", "2"], 2, {}, 300),
    "ids of a spreadsheet": ("customer_id", ["1.23457E+11", "2"], ("rounded by a spreadsheet",), {}, None),
    "ids of both kinds": ("customer_id", ["A1", "2"], 2, {}, 300),
    "empty ids": ("customer_id", ["", "2"], ("missing in 1 of 2", "missing_ids"), {}, None),
    "spaces as ids": ("customer_id", ["  ", "2"], ("missing in 1 of 2",), {}, None),
    "ids of zero width": ("customer_id", ["\u200b", "2"], ("missing in 1 of 2",), {}, None),
    "zero width beside an id": ("customer_id", ["2\u200b", "2"], 2, {}, 300),
    "no-break space beside an id": ("customer_id", ["2\u00a0", "2"], 2, {}, 300),
    "a right-to-left mark": ("customer_id", ["\u202e1", "2"], 2, {}, 300),
    "script tags as ids": ("customer_id", ["<script>alert(1)</script>", "2"], 2, {}, 300),
    "SQL as ids": ("customer_id", ["'); DROP TABLE orders; --", "2"], 2, {}, 300),
    "ids of 10 kB": ("customer_id", ["x" * 10_000, "2"], 2, {}, 300),
    "ids over two currencies": ("customer_id", ["1", "2"], ("no column 'money'",), {"currency": "money"}, None),
}


def with_values(column, values):
    """Return a CSV text in which one column holds given values."""
    rows = [{"customer_id": "1", "date": "2024-01-05", "amount": "1"}, {"customer_id": "2", "date": "2024-01-06",
                                                                        "amount": "2"}]
    for row, value in zip(rows, values, strict=True):
        row[column] = value
    return HEADER + "".join(",".join(row.values()) + "\n" for row in rows)


def parquet_files(folder):
    """Write Parquet files; yield (name, path or pattern, rows or words, options, cents)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    days = [dt.datetime(2024, 1, 5), dt.datetime(2024, 1, 6)]
    good = pa.table({"customer_id": [1, 2], "date": pa.array(days, pa.timestamp("us")), "amount": [20.0, 35.5]})

    def put(name, table, **options):
        pq.write_table(table, folder / f"{name}.parquet", **options)
        return f"{name}.parquet"

    def replaced(column, array):
        return good.set_column(good.column_names.index(column), column, array)

    yield "parquet, good", put("good", good), 2, {}, 5550
    whole = (folder / "good.parquet").read_bytes()
    for name, content, words in (
        ("truncated", whole[:-30], ("truncated",)), ("magic only", b"PAR1PAR1", ("truncated",)),
        ("footer too long", whole[:-8] + b"\xff\xff\xff\x7fPAR1", ("cannot be used",)),
        ("zeros within", whole[:4] + bytes(len(whole) // 2) + whole[4 + len(whole) // 2:], ("cannot be used",)),
        ("text", GOOD.encode(), ("not what its name says",)), ("empty", b"", ("0 bytes",)),
    ):
        (folder / f"{name}.parquet").write_bytes(content)
        yield f"parquet, {name}", f"{name}.parquet", words, {}, None
    yield "parquet, no rows", put("norows", good[:0]), ("there are no rows",), {}, None
    yield "parquet, no columns", put("nocolumns", pa.table({})), ("there are no columns",), {}, None
    yield "parquet, two row groups", put("groups", good, row_group_size=1), 2, {}, 5550
    yield "parquet, int96 times", put("int96", good, use_deprecated_int96_timestamps=True), 2, {}, 5550
    yield "parquet, dictionary ids", put("dictionary", replaced(
        "customer_id", pa.array(["a", "b"]).dictionary_encode())), 2, {}, 5550
    yield "parquet, decimals", put("decimals", replaced(
        "amount", pa.array([Decimal("20.00"), Decimal("35.50")], pa.decimal128(12, 2)))), 2, {}, 5550
    yield "parquet, enormous decimals", put("enormous", replaced(
        "amount", pa.array([Decimal(10) ** 37, Decimal(1)], pa.decimal128(38, 0)))), ("too large",), {}, None
    yield "parquet, negative zero", put("zero", replaced("amount", pa.array([-0.0, 1.0]))), 2, {}, 100
    yield "parquet, NaN", put("nan", replaced("amount", pa.array([float("nan"), 1.0]))), ("missing in 1",), {}, None
    yield "parquet, lists", put("lists", replaced("amount", pa.array([[1.0], [2.0]]))), ("of type",), {}, None
    yield "parquet, structs", put("structs", replaced("customer_id", pa.array([{"id": 1}, {"id": 2}]))), (
        "of type",), {}, None
    yield "parquet, bytes", put("bytes", replaced("customer_id", pa.array([b"\xff", b"b"]))), ("of type",), {}, None
    yield "parquet, nulls", put("nulls", replaced("amount", pa.nulls(2))), ("amount:", "2 of 2"), {}, None
    yield "parquet, null ids", put("nullids", replaced("customer_id", pa.nulls(2))), (
        "customer_id:", "2 of 2"), {}, None
    yield "parquet, uint64 ids", put("uint64", replaced("customer_id", pa.array([2**64 - 1, 1], pa.uint64()))), 2, {
        }, 5550
    yield "parquet, seconds", put("seconds", replaced("date", pa.array([1704412800, 1704499200]))), ("since 1970",), {
        }, None
    yield "parquet, days", put("days", replaced("date", pa.array([each.date() for each in days]))), 2, {}, 5550
    yield "parquet, nanoseconds", put("nanoseconds", replaced("date", pa.array(days, pa.timestamp("ns")))), 2, {}, 5550
    yield "parquet, zoned", put("zoned", replaced("date", pa.array(days, pa.timestamp("us", "UTC")))), (
        "timezone=",), {}, None
    yield "parquet, times of day", put("times", replaced("date", pa.array([dt.time(1), dt.time(2)]))), (
        "of type",), {}, None
    yield "parquet, year 290000", put("far", replaced("date", pa.array([9 * 10**18, 0], pa.timestamp("us")))), (
        "date:", "of 2 rows"), {}, None
    put("part-1", good)
    put("part-2", replaced("amount", pa.array([1, 2])))
    yield "parquet, other types in the next file", "part-*.parquet", ("differs from",), {}, None
    put("month-1", good)
    put("month-2", good.append_column("more", pa.array(["x", "y"])))
    yield "parquet, one column more in the next file", "month-*.parquet", ("differs from",), {}, None


def workbooks(folder):
    """Write Excel workbooks; yield (name, path, rows or words, options, cents)."""
    import openpyxl
    from openpyxl.utils.datetime import MAC_EPOCH

    header, day = ["customer_id", "date", "amount"], dt.datetime(2024, 1, 5)
    one, two = [1, day, 20], [2, dt.datetime(2024, 1, 6, 10, 30), 35.5]

    def put(name, *rows, change=None, then=None):
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        if change:
            change(book)
        path = folder / f"{name}.xlsx"
        book.save(path)
        if then:
            _rewrite(path, then)
        return path.name

    yield "excel, good", put("good", header, one, two), 2, {}, 5550
    whole = (folder / "good.xlsx").read_bytes()
    for name, content, words in (
        ("truncated.xlsx", whole[:-100], ("not a workbook that can be read",)),
        ("text.xlsx", GOOD.encode(), ("text file",)),
        ("workbook.csv", whole, ("Excel workbook",)), ("workbook.parquet", whole, ("Excel workbook",)),
        ("old.xls", b"\xd0\xcf\x11\xe0" + bytes(600), (".xls", "save it as .xlsx or CSV")),
        ("password.xlsx", b"\xd0\xcf\x11\xe0" + bytes(600), ("password", "save it without")),
        ("binary.xlsb", whole, (".xlsb",)), ("empty.xlsx", b"", ("0 bytes",)),
    ):
        (folder / name).write_bytes(content)
        yield f"excel, {name}", name, words, {}, None
    with zipfile.ZipFile(folder / "zip.xlsx", "w") as archive:
        archive.writestr("orders.csv", GOOD)
    yield "excel, another zip", "zip.xlsx", ("not an Excel workbook",), {}, None
    yield "excel, broken XML", put("xml", header, one, then=lambda name, text:
        text[:-30] if "sheet1" in name else text), ("not a workbook that can be read",), {}, None
    yield "excel, no styles", put("styles", header, one, then=lambda name, text: text.replace(b"numFmtId=", b"x=")
                                  if "styles" in name else text), (
                                      "not a workbook that can be read",), {}, None
    yield "excel, size understated", put("size", header, one, two, then=lambda name, text: text.replace(
        b'dimension ref="A1:C3"', b'dimension ref="A1:B2"')), 2, {}, 5550
    yield "excel, a row twice", put("twice", header, one, two, then=lambda name, text: text.replace(
        b'<row r="3"', b'<row r="2"')), ("stands twice",), {}, None
    yield "excel, a cell twice", put("cell", header, one, then=lambda name, text: text.replace(b'r="B2"', b'r="A2"')), (
        "stands twice",), {}, None
    yield "excel, rows in disorder", put("disorder", header, one, two, then=lambda name, text: text.replace(
        b'<row r="2"', b'<row r="9"').replace(b'r="A2"', b'r="A9"').replace(b'r="B2"', b'r="B9"').replace(
        b'r="C2"', b'r="C9"')), 2, {}, 5550
    yield "excel, a huge number", put("huge", header, one, then=lambda name, text: text.replace(
        b"<v>20</v>", b"<v>1e999</v>")), ("infinite",), {}, None
    yield "excel, a number that is none", put("none", header, one, then=lambda name, text: text.replace(
        b"<v>20</v>", b"<v>abc</v>")), ("not a workbook that can be read",), {}, None
    yield "excel, a day that is none", put("day", header, [1, 1, 20], then=None, change=lambda book: setattr(
        book.active["B2"], "number_format", "yyyy-mm-dd") or setattr(book.active["B2"], "value", 1e9)), (
        "errors of Excel in 1 of 1 rows", "row 2"), {}, None
    yield "excel, nothing", put("nothing"), ("there are no rows",), {}, None
    yield "excel, header only", put("header", header), ("there are no rows",), {}, None
    yield "excel, formulas never computed", put("formulas", header, [1, day, "=10+10"]), (
        "formulas without a value in 1 of 1 rows", "row 2"), {}, None
    yield "excel, formulas in another column", put("other", [*header, "x"], [*one, "=1+1"], [*two, 3]), 2, {}, 5550
    yield "excel, a formula with an empty answer", put("blank", [*header, "order"], [*one, "=A2"],
                                                       then=lambda name, text: text.replace(
                                                           b'r="D2"', b'r="D2" t="str"')), 1, {
                                                               "order_id": "order"}, 2000
    for error in ("#N/A", "#REF!", "#DIV/0!"):
        yield f"excel, {error}", put(f"error{ord(error[1])}", header, one, [3, day, error]), (
            f"1 {error}", "row 3"), {}, None
    yield "excel, #N/A as an id", put("naid", header, ["#N/A", day, 1], two), ("1 #N/A", "row 2"), {
        "missing_ids": "drop"}, None
    yield "excel, merged ids", put("merged", header, one, [None, day, 5], change=lambda book: book.active.merge_cells(
        "A2:A3")), ("merged cells (A2:A3)", "unmerge"), {}, None
    yield "excel, a merged title", put("title", ["Orders"], [], header, one, two, change=lambda book:
        book.active.merge_cells("A1:C1")), ("row 3 has these names", "header_row=3"), {}, None
    yield "excel, a title passed over", "title.xlsx", 2, {"header_row": 3}, 5550
    yield "excel, no such row", "title.xlsx", ("row 2 is empty",), {"header_row": 2}, None
    yield "excel, dates as numbers and text", put("dates", header, one, [2, "05/01/2024", 2], [3, 45296, 3]), (
        "mixed date formats in 3 rows", "row 3"), {}, None
    yield "excel, day numbers", put("serial", header, [1, 45296, 1], [2, 45297.5, 2]), (
        'date_format="excel"',), {}, None
    yield "excel, numbers as text", put("astext", header, ["1", day, "20"], ["2", day, "35.50"]), 2, {}, 5550
    yield "excel, numbers as text in part", put("part", header, ["1", day, 20.25], [2, day, "35,50"]), 2, {
        "decimal": ","}, 5575
    yield "excel, truth values", put("truth", header, [1, day, True], [2, day, False]), ("of type boolean",), {}, None
    yield "excel, empty rows and columns", put("empty rows", [None, *header], [], [None, *one], [], [None, *two], [], [
        ], change=lambda book: setattr(book.active["H40"], "number_format", "0.00")), 2, {}, 5550
    yield "excel, hidden rows", put("hidden", header, one, two, change=lambda book: setattr(
        book.active.row_dimensions[2], "hidden", True)), 2, {}, 5550
    yield "excel, 1904 dates", put("mac", header, one, two, change=lambda book: setattr(book, "epoch", MAC_EPOCH)), 2, {
        }, 5550
    yield "excel, two sheets", put("sheets", header, one, change=lambda book: book.create_sheet("More").append([1])), (
        "2 sheets hold something: 'Sheet', 'More'", "sheet='Sheet'"), {}, None
    yield "excel, one of two sheets", "sheets.xlsx", 1, {"sheet": "Sheet"}, 2000
    yield "excel, no such sheet", "sheets.xlsx", ("no sheet 'Orders'",), {"sheet": "Orders"}, None
    yield "excel, an empty second sheet", put("second", header, one, change=lambda book: book.create_sheet()), 1, {
        }, 2000
    yield "excel, the same name twice", put("names", [*header, "Amount"], [*one, 1]), ("duplicate column",), {}, None
    yield "excel, rows twice", put("rows", header, one, one), ("1 of 2 rows repeat", "row 2"), {}, None
    yield "excel, a total below", put("total", header, one, two, [None, None, "=SUM(C2:C3)"]), ("row 4",), {}, None
    yield "excel, times only", put("times", header, [1, dt.time(10), 1]), ("date:", "row 2"), {}, None
    yield "excel, large numbers as ids", put("large", header, [12345678901234567890123, day, 1], two), (
        "not a whole number in 1 of 2 rows", "row 2"), {}, None


def _rewrite(path, change):
    """Change the parts of a zip archive: `change(name, content)`."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, change(name, content))


def make(folder: Path) -> list[Case]:
    """Write every bad input into a folder; return what to expect of each."""
    cases = []

    def case(name, path, told, options, cents):
        words = told if isinstance(told, tuple) else ()
        cases.append(Case(name, str(folder / path), told if isinstance(told, int) else None, words, options, cents))

    texts = [*csv_files(), *((name, with_values(column, values), *rest)
                             for name, (column, values, *rest) in VALUES.items())]
    for number, (name, content, *rest) in enumerate(texts):
        path = folder / f"{number:03}.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        case(name, path.name, *rest)
    for found in (*parquet_files(folder), *workbooks(folder)):
        case(*found)
    return cases


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    print(f"{len(make(target))} bad inputs in {target}")
