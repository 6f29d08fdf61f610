"""Reading one column: which values it may hold, what is done with the others, and how to mend it."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date as Date

import ibis
import pandas as pd

from crmlib.data.sources import EXAMPLES, FILE, ROW, Problem, short

# What programs write when a value is missing. "NA" is left out: it can be somebody's name.
MISSING = ("", "nan", "NaN", "NaT", "null", "NULL", "None", "<NA>", "#N/A", "\u00a0", "\u3000", "\u200b", "\ufeff")
# characters that nobody sees: an id with one of them is another id
INVISIBLE = "[\u00a0\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]"
LARGEST_AMOUNT = 9e13  # above it a float64 no longer holds exact cents
PLACEHOLDERS = ("1900-01-01", "1970-01-01", "2099-12-31", "9999-12-31")  # what programs write for "no date"
NEGATIVE = "negative (returns?)"

ISO_DAY = "[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}"
ISO = f"^{ISO_DAY}([T ][0-9:.]+)?$"
ISO_ZONED = f"^{ISO_DAY}[T ][0-9]{{2}}:[0-9]{{2}}:[0-9.]+(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?)$"
DAY_MONTH = "^([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4}|[0-9]{2})( .*)?$"
SPARK_FORMAT = {"Y": "yyyy", "y": "yy", "m": "M", "d": "d", "H": "H", "I": "h", "M": "m", "S": "s", "p": "a",
                "b": "MMM", "B": "MMMM", "f": "SSSSSS", "z": "xx", "%": "%"}


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
    shown: tuple = ()  # the columns of the source to show, if `column` is not one

    @property
    def key(self):
        return self.column, self.what


@dataclass
class Column:
    """How a mapped column is read: `value(table, found)` is the Ibis expression, given the counts found."""

    value: Callable
    checks: list
    explain: Callable = lambda found: []  # problems that need more than one count


def _text(column, complete=False):
    """Return a text column without outer spaces, with the spellings of "missing" as null.

    What was checked to be complete is read without looking again: on CSV files this halves the time.
    """
    bare = column.strip()
    return bare if complete else ibis.ifelse(bare.isin(MISSING), ibis.null("string"), bare)


def _if_like(text, pattern, complete=False):
    """Return text that matches a pattern, null where it does not."""
    return text if complete else ibis.ifelse(text.re_search(pattern), text, ibis.null("string"))


def missing(column):
    """Return whether a column holds no value."""
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


@ibis.udf.scalar.builtin(name="bit_length")
def _bit_length(text: str) -> int: ...


def _invisible(text):
    """Return whether text holds characters that nobody sees; only text beyond ASCII is looked through."""
    return ibis.ifelse(_bit_length(text) == 8 * text.length(), False, text.re_search(INVISIBLE))


def _missing_check(name, required, hint=None):
    hint = hint or "fill the values in, or leave the rows out yourself if you know why they are empty"
    return Check(name, "missing", lambda t: missing(t[name]), hint, "refused" if required else "kept")


def id_column(src, name, required=False):
    kind = src.table[name].type()
    checks = [_missing_check(name, required, 'fill the values in, or pass missing_ids="drop" to leave the rows out: '
                             "nobody can be scored for them" if required else None)]
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
        Check(name, "with outer spaces", lambda t: (t[name] != t[name].strip()) & ~missing(t[name]), "", "trimmed"),
        Check(name, "with invisible characters, so perhaps two ids of one", lambda t: _invisible(t[name]), "", "kept"),
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
        return [problem_of(src, check, found[name, "fractional"])]

    return Column(value, checks, explain)


def number_column(src, name, decimal, thousands, required=False):
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
    if re.search(r"\d\s*-(\s|$)", text):
        comma = '; the comma is the decimal mark: pass decimal=","' if re.search(r",\d{1,2}\s*-", text) else ""
        return "write the minus sign of negative amounts in front, not behind" + (comma if decimal == "." else "")
    if found := re.search(r"\d(['’])\d{3}(,\d{1,2}(?!\d))?", text):
        grouped = "thousands=" + ("\"'\"" if found[1] == "'" else '"’"')
        comma = ', decimal=","' if found[2] and decimal == "." else ""
        return f"if {found[1]} groups thousands, pass {grouped}{comma}"
    if re.search(r"\d\.\d{3}\.\d{3}", text):
        return 'if the point groups thousands, pass thousands="." and decimal=","'
    if decimal == "." and re.search(r"\d\.\d{3},|^\d+,\d{1,2}\b|\s\d+,\d{1,2}(?!\d)", text):
        grouped = ', thousands="."' if re.search(r"\d\.\d{3},", text) else ""
        return f'if the comma is the decimal mark, pass decimal=","{grouped}'
    if decimal == "." and re.search(r"\d,\d{3}", text):
        return 'if the comma groups thousands, pass thousands=","'
    if decimal == "," and re.search(r"\d\.\d", text):
        return 'if the point is the decimal mark, leave decimal out; if it groups thousands, pass thousands="."'
    return "correct the values, or leave the rows out yourself"


def money_column(src, name, decimal, thousands, required=False):
    """Read numbers that are money: three digits after every decimal mark may be thousands in truth."""
    column = number_column(src, name, decimal, thousands, required)
    if not src.table[name].type().is_string() or thousands is not None:
        return column
    marked, grouped = f"with the mark {decimal!r}", f"as grouped by {decimal!r}"

    def looks_grouped(t):
        return _text(t[name]).re_search(f"^[-+]?[1-9][0-9]{{0,2}}[{decimal}][0-9]{{3}}$")

    column.checks += [Check(name, marked, lambda t: _text(t[name]).contains(decimal), "", "noted"),
                      Check(name, grouped, looks_grouped, "", "noted")]

    def explain(found):
        if not found[name, marked] or found[name, marked] != found[name, grouped]:
            return []
        other = "," if decimal == "." else "."
        check = Check(name, f"exactly three digits after {decimal!r}, wherever there is one,", looks_grouped,
                      f"is {decimal!r} a thousands mark? pass thousands={decimal!r} (and decimal={other!r}); "
                      "if it is the decimal mark after all, hand the column over as numbers, not text")
        return [problem_of(src, check, found[name, grouped])]

    column.explain = explain
    return column


def quantity_column(src, name, decimal, thousands, required=False):
    column = number_column(src, name, decimal, thousands, required)
    kind = src.table[name].type()
    if kind.is_string() or kind.is_numeric() and not kind.is_boolean():
        column.checks.append(Check(name, "negative", lambda t: column.value(t) < 0, "", "kept"))
    return column


def amount_column(src, name, decimal, thousands, returns):
    column = money_column(src, name, decimal, thousands, required=True)
    if _is_number_like(src, name):
        column.checks += _amount_checks(name, column.value, returns)
    return column


def price_column(src, name, quantity, decimal, thousands, returns):
    """Read the amount as unit price × quantity; what is wrong with the quantity alone, its own column says."""
    price = money_column(src, name, decimal, thousands, required=True)
    if quantity not in src.table.columns or not (_is_number_like(src, name) and _is_number_like(src, quantity)):
        return price
    pieces = number_column(src, quantity, decimal, thousands, required=True)

    def value(t, found=None):
        return price.value(t, found) * pieces.value(t, found)

    both, shown = f"{name} × {quantity}", (name, quantity)
    checks = _amount_checks(both, value, returns, shown) + [
        Check(both, "both negative", lambda t: (price.value(t) < 0) & (pieces.value(t) < 0),
              "a return has a negative quantity or a negative price, not both", shown=shown),
        Check(both, "infinite, or too large for exact cents",
              lambda t: (value(t).abs() > LARGEST_AMOUNT).fill_null(False), "correct the values", shown=shown)]
    return Column(value, price.checks + checks, price.explain)


def _is_number_like(src, name):
    kind = src.table[name].type()
    return kind.is_string() or kind.is_numeric() and not kind.is_boolean()


def _amount_checks(name, value, returns, shown=()):
    def finer(t):
        return (value(t).abs() * 100 % 1).between(0.001, 0.999)

    return [
        Check(name, NEGATIVE, lambda t: value(t) < 0,
              'pass returns="net" to net them within the customer\'s day, or returns="drop"',
              {"raise": "refused", "net": "kept", "drop": "dropped"}[returns], shown),
        Check(name, "zero", lambda t: value(t) == 0, "", "kept"),
        Check(name, "finer than a cent", finer, "", "kept"),
    ]


def currency_column(src, name):
    column = id_column(src, name, required=True)

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


def date_column(src, name, date_format, zone, end):
    kind = src.table[name].type()
    checks, explain = [_missing_check(name, True)], lambda found: []
    spark = src.table.get_backend().name == "pyspark"
    if kind.is_string() or kind.is_numeric() and not kind.is_boolean():
        if date_format is None and not kind.is_string():
            check = Check(name, "a number, not a date", lambda t: ~missing(t[name]), _number_date_hint)
            return Column(lambda t, found: t[name], [*checks, check])

        def value(t, found=None):
            complete = found is not None  # a date is never missing
            text = _text(t[name], complete) if kind.is_string() else _whole_text(t[name])
            if date_format == "excel":
                return _from_excel(text, src.late)
            if date_format is not None:
                return _with_format(text, date_format, zone, spark)
            text = text.replace("/", "-")
            zoned = zone and (found is None or found[name, "with an offset"])
            plain = _if_like(text, ISO, complete and not zoned).try_cast("timestamp")
            return plain.fill_null(_local(_if_like(text, ISO_ZONED), zone, spark)) if zoned else plain

        def unread(t):
            odd = ~missing(t[name]) & value(t).isnull()
            return odd & ~_text(t[name]).re_search(ISO_ZONED) if date_format is None and zone is None else odd

        def offset(t):
            zoned = _text(t[name]).re_search(ISO_ZONED)
            return zoned if zone is None else zoned & value(t).notnull()

        if date_format is None:
            checks += [Check(name, "not year-month-day", unread, "", "noted"),
                       Check(name, "with an offset", offset, "", "noted")]
            explain = lambda found: _explain_dates(src, name, unread, zone, found)  # noqa: E731
        else:
            if date_format != "excel" and not re.search("%[-]?[YyGcx]", date_format.replace("%%", "")):
                raise ValueError(f'date_format {date_format!r} reads no year: it needs %Y (2024) or %y (24), as in '
                                 '"%d/%m/%Y"; "excel" reads day numbers')
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

    def placeholder(t):
        return value(t).date().isin([Date.fromisoformat(day) for day in PLACEHOLDERS])

    checks += [
        Check(name, f"a placeholder-like day ({', '.join(PLACEHOLDERS)})", placeholder,
              "fill in the true days, or leave the rows out yourself: programs write such days for an unknown date"),
        Check(name, "before the year 1900 or after 2200",
              lambda t: ~value(t).year().between(1900, 2200) & ~placeholder(t),
              "correct them: they are often placeholders"),
    ]
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


def _from_excel(text, late):
    """Return Excel's day numbers as timestamps: day 25569 is 1970-01-01, in workbooks with 1904 dates `late` less."""
    day = text.try_cast("float64")
    day = ibis.ifelse(day.between(1, 2958465), day, ibis.null("float64"))
    return ((day + late - 25569) * 86400).round().cast("int64").as_timestamp("s").cast("timestamp")


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
        problems.append(problem_of(src, check, zoned))
    plain = src.rows - found[name, "missing"] - zoned - odd
    if zoned and plain:
        check = Check(name, "without a UTC offset, while others have one", lambda t: _text(t[name]).re_search(ISO),
                      "give every date an offset, or none")
        problems.append(problem_of(src, check, plain))
    if not odd:
        return problems

    def is_kind(pattern):
        return lambda t: unread(t) & _text(t[name]).re_search(pattern)

    def part(t, number):
        return ibis.ifelse(is_kind(DAY_MONTH)(t), _text(t[name]).re_extract(DAY_MONTH, number),
                           ibis.null("string")).try_cast("int64")

    def short_year(t):
        return is_kind("^[0-9]{2}[-/.][0-9]{1,2}[-/.][0-9]{2}( .*)?$")(t) & part(t, 3).between(1, 31)

    kinds = {"day/month or month/day": is_kind(DAY_MONTH), "digits only": is_kind("^[0-9]+([.][0-9]+)?$"),
             "day first": lambda t: part(t, 1) > 12, "month first": lambda t: part(t, 2) > 12,
             "year first": lambda t: part(t, 1) > 31, "year last": lambda t: is_kind(DAY_MONTH)(t) & ~short_year(t)}
    n = dict(zip(kinds, row_totals(src.table, kinds.values())[1:], strict=True))
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
        formats = {"day": ("%d", "%m", year), "month": ("%m", "%d", year), "year": ("%y", "%m", "%d")}
        rivals = {"day": ("month first", "year first"), "month": ("day first", "year first"),
                  "year": ("month first", "year last")}
        fit = [first for first, others in rivals.items() if not any(n[other] for other in others)]
        answers = [f'date_format="{mark.join(formats[first])}{time}"' for first in fit]
        if len(fit) > 1:
            ways = ", ".join(f"{answer} if the {first} comes first" for first, answer in zip(fit, answers, strict=True))
            problems.append(Problem(name, f"{' or '.join(fit)} first? {both:,} of {src.rows:,} rows can be read in "
                                    f"{'either way' if len(fit) == 2 else 'three ways'}", f"pass {ways}", text))
        elif fit:
            proof = _examples(src, name, kinds[f"{fit[0]} first"], 1)[0][0]
            problems.append(Problem(name, f"not year-month-day in {both:,} of {src.rows:,} rows",
                                    f"{fit[0]} first, as {proof} shows: pass {answers[0]}", text))
        else:
            seen = [kind for kind in ("year first", "day first", "month first", "year last") if n[kind]]
            seen = seen if n["year first"] else ["day first", "month first"]
            what = " and ".join(f"{kind.replace(' ', '-')} in {n[kind]:,}{' rows' * (i == 0)}"
                                for i, kind in enumerate(seen))
            problems.append(Problem(name, what, "bring the column to one format", [
                _examples(src, name, kinds[kind], 1)[0][0] for kind in seen]))
    elif digits:
        values = _examples(src, name, kinds["digits only"], 1)[1]
        check = Check(name, "a number, not a date", kinds["digits only"], _number_date_hint(values))
        problems.append(problem_of(src, check, digits))
    if other:
        check = Check(name, "not a date", lambda t: unread(t) & ~_text(t[name]).re_search(DAY_MONTH)
                      & ~_text(t[name]).re_search("^[0-9]+([.][0-9]+)?$"),
                      lambda values: "correct the values, or pass date_format= if they have another format, like "
                      + ('"%Y-%m-%d %H:%M%z"' if re.search("[Z+]", str(values)) else '"%d %b %Y"'))
        problems.append(problem_of(src, check, other))
    return problems


# --- counting and showing --------------------------------------------------------------------------------


def row_totals(table, predicates):
    """Return the number of rows, and of rows for which each predicate holds, in one query."""
    measures = {f"_crm_{i}": bad(table).fill_null(False).cast("int64").sum().fill_null(0)
                for i, bad in enumerate(predicates)}
    row = table.aggregate(_crm_rows=table.count(), **measures).to_pyarrow().to_pylist()[0]
    return [int(value) for value in row.values()]


def _examples(src, names, bad, limit=EXAMPLES):
    """Return the first offending rows as text, and their values (of the first column)."""
    names = (names,) if isinstance(names, str) else names
    table = src.located if src.located is not None else src.table
    rows = table.filter(bad(table).fill_null(False))
    if src.located is not None:
        rows = rows.order_by(ROW)
    days = as_text(rows, names)
    rows = rows.mutate(**days).select(*names, *(c for c in (ROW, FILE) if c in rows.columns)).limit(limit)
    rows = rows.to_pyarrow().to_pylist()
    texts = [_where(src, row) + " × ".join(str(row[name]) if name in days else short(row[name]) for name in names)
             for row in rows]
    return texts, [row[names[0]] for row in rows]


def as_text(table, names):
    """Return dates and times of a table as text: Python knows none beyond the year 9999."""
    return {name: table[name].cast("string") for name in names
            if table[name].type().is_timestamp() or table[name].type().is_date()}


def _where(src, row):
    if ROW not in row:
        return ""
    number = row[ROW]
    if FILE in row:
        sizes = src.located.group_by(FILE).aggregate(first=src.located[ROW].min()).to_pyarrow().to_pylist()
        number -= next(size["first"] for size in sizes if size[FILE] == row[FILE]) - 1
    return f"row {number}{' of ' + row[FILE] if FILE in row else ''}: "


def problem_of(src, check, rows):
    examples, values = _examples(src, check.shown or check.column, check.bad)
    hint = check.hint(values) if callable(check.hint) else check.hint
    return Problem(check.column, f"{check.what} in {rows:,} of {src.rows:,} rows", hint, examples)
