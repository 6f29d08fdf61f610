"""The door: orders in any form come in, one validated transactions table goes out.

It works in three steps: *open* the source as an Ibis table without changing a value (`sources`), *check* every
mapped column (`columns`) with one aggregate query, and one group-by for equal rows, *select* the canonical
columns lazily. A check is a small record: a column, a predicate for the rows it objects to, and the way out.
All objections are raised together, as one `DataError`.
"""

import difflib
import re
import zoneinfo
from collections import Counter

import ibis.expr.types as ir
import pandas as pd

from crmlib.checks import check_choice, check_count, check_day
from crmlib.data.columns import (
    NEGATIVE,
    amount_column,
    as_text,
    currency_column,
    date_column,
    id_column,
    missing,
    money_column,
    price_column,
    problem_of,
    quantity_column,
    row_totals,
)
from crmlib.data.sources import ROW, Problem, Reading, engine_errors, listed, message, open_source
from crmlib.errors import DataError


class Transactions(ir.Table):
    """A lazy Ibis table of orders, with the record of how it was made.

    It is an ordinary `ibis.expr.types.Table`; what is derived from it is a plain Ibis table again.

    Attributes
    ----------
    report : pandas.DataFrame
        One row per check: ``check, column, rows, done``; then first and last day, customers, total amount and
        the largest customer's share of the rows returned (as text in ``done``), to compare with the books; and
        the amount of the rows that were dropped for want of a customer id, as far as it can be read.
        These totals are computed at the first look, which takes one more pass over the data.
    rows_in, rows_out : int
        Rows of the source and of this table; the difference is what the report says was dropped.
    """

    __slots__ = ("_report", "rows_in", "rows_out")

    def __init__(self, table, report, rows_in, rows_out):
        super().__init__(table.op())
        for name, value in (("_report", report), ("rows_in", rows_in), ("rows_out", rows_out)):
            object.__setattr__(self, name, value)  # Ibis expressions are immutable

    @property
    def report(self) -> pd.DataFrame:
        if callable(self._report):
            object.__setattr__(self, "_report", self._report())
        return self._report


def read_transactions(
    source, *, customer_id="customer_id", date="date", amount="amount", unit_price=None, order_id=None,
    product_id=None, quantity=None, margin=None, currency=None, date_format=None, timezone=None,
    observation_end=None, returns="raise", duplicates="raise", missing_ids="raise", decimal=".", thousands=None,
    encoding="utf-8", delimiter=None, sheet=None, header_row=None, connection=None,
) -> Transactions:
    """Read orders from any table and return them validated, with canonical column names.

    Nothing is guessed, filled or left out silently: what cannot be used is refused, with counts and the
    first rows, all of it in one error; what an argument asks to drop is counted in the report.

    Parameters
    ----------
    source : table, path, glob, or list of paths
        A pandas, Polars or Arrow table; CSV (``.csv .tsv .txt``, also ``.gz``) or Parquet files; an Excel
        workbook (``.xlsx .xlsm``), which is read at once; a DuckDB relation; an Ibis table on DuckDB or PySpark;
        a PySpark DataFrame.
        CSV and Parquet files stay on disk and DuckDB reads them anew at each use of the result, or of what is
        derived from it. If one has another size or time of change than when it was checked, that use fails and says so.
        (Not noticed: a change that keeps both, or falls in the middle of a reading. ``.to_pandas()`` or
        ``.cache()`` keeps the rows.) Polars lazy frames are collected,
        DuckDB relations are fetched as Arrow. (For PySpark, Ibis sets the session's time zone to UTC.)
    customer_id, date, amount : str
        Names of the source's columns. They may not hold missing values (but see `missing_ids`). An amount whose
        name says unit price, next to a quantity that is not mapped, is refused: which of the two is meant?
    unit_price : str, optional
        Column of prices, instead of `amount`, which then is unit price × `quantity`; neither may be missing.
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
    observation_end : str, date, datetime or Timestamp, optional
        Last day of the data (inclusive), as ISO text like "2025-12-31" or a date. Later dates are refused.
    returns : {"raise", "net", "drop"}
        What to do with negative amounts: refuse; keep, so that they are netted within the customer's day;
        or drop those rows.
    duplicates : {"raise", "keep", "drop"}
        What to do with rows that are equal in every source column: refuse; keep all, without looking for
        them (it is the dearest check); or keep one of each. Rows equal only in the mapped columns, as read,
        are always kept; unless "keep" is passed, the report counts them.
    missing_ids : {"raise", "drop"}
        What to do with rows without a customer id: refuse; or drop them, before any other check. Nobody can be
        scored for them, and the amounts of the others no longer add up to the books: the report names the rest.
    decimal, thousands : str
        Decimal mark, and grouping mark if any, of numbers that are text. Where three digits follow every
        decimal mark of a money column ("1.250"), it is refused with a question: it may group thousands.
    encoding, delimiter : str
        Of CSV files. The delimiter (comma, semicolon, tab, bar) is read off the header unless given.
        Files in other encodings than UTF-8 are first copied to a temporary file.
    sheet : str, optional
        Sheet of an Excel workbook; may be left out if only one holds something.
    header_row : int, optional
        Excel's number of the row of column names, if there are titles above it; what is above is not read.
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
    Rows are counted from 1, the header not included; rows of a workbook have the numbers that Excel shows.
    In a workbook, a column of numbers and text is read as text; a mapped column with an error of Excel, a formula
    that nothing has computed, or merged cells is refused; empty rows are no rows, hidden rows are rows like others.

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
    check_choice("missing_ids", missing_ids, ("raise", "drop"))
    check_choice("decimal", decimal, (".", ","))
    if delimiter is not None and (not isinstance(delimiter, str) or len(delimiter) != 1):
        raise ValueError(f"delimiter must be a single character, not {delimiter!r}")
    check_choice("thousands", thousands, tuple(m for m in (None, ",", ".", " ", "'", "’") if m != decimal))
    if date_format is not None and not isinstance(date_format, str):
        raise ValueError(f"date_format must be text like \"%d/%m/%Y\", not {date_format!r}")
    zone = None if timezone is None else _zone(timezone)
    end = observation_end
    if end is not None:
        end = pd.Timestamp(check_day("observation_end", end)).to_pydatetime()
    if header_row is not None:
        check_count("header_row", header_row)
    money = "amount" if unit_price is None else "unit_price"
    if unit_price is not None and amount not in ("amount", None):
        raise ValueError("pass either amount= or unit_price=, not both")
    if unit_price is not None and quantity is None:
        raise ValueError("unit_price= needs quantity=: the amount is unit price × quantity")
    wanted = {"customer_id": customer_id, "date": date, money: amount if unit_price is None else unit_price,
              "order_id": order_id, "product_id": product_id, "quantity": quantity, "margin": margin,
              "currency": currency}
    for role in ("customer_id", "date", money):
        if wanted[role] is None:
            raise ValueError(f"{role} must name a column")
    wanted = {role: str(name) for role, name in wanted.items() if name is not None}

    reading = Reading(encoding, delimiter, sheet, header_row, decimal)
    src = open_source(source, reading, connection, zone)
    problems = _mapping_problems(src, wanted) + _price_for_amount(src.table.columns, wanted)
    everybody = src.table
    nobody = _leave_out_nobody(src, wanted["customer_id"]) if missing_ids == "drop" else 0
    readers = {
        "customer_id": lambda name: id_column(src, name, required=True),
        "date": lambda name: date_column(src, name, date_format, zone, end),
        "amount": lambda name: amount_column(src, name, decimal, thousands, returns),
        "unit_price": lambda name: price_column(src, name, str(quantity), decimal, thousands, returns),
        "order_id": lambda name: id_column(src, name),
        "product_id": lambda name: id_column(src, name),
        "quantity": lambda name: quantity_column(src, name, decimal, thousands, required=unit_price is not None),
        "margin": lambda name: money_column(src, name, decimal, thousands),
        "currency": lambda name: currency_column(src, name),
    }
    columns = {}
    for role, name in wanted.items():
        if name in src.broken:
            problems.append(Problem(name, *src.broken[name]))
        elif name in src.table.columns:
            columns["amount" if role == money else role] = readers[role](name)
    with engine_errors(src.name, src.explain):
        found = _count(src, [check for column in columns.values() for check in column.checks])
        problems = src.rejects() + problems
        if src.rows == 0:
            problems.append(Problem(*_NO_ROWS) if not nobody else Problem(
                wanted["customer_id"], f"missing in all of {nobody:,} rows", "map the column that says who bought"))
        for column in columns.values():
            problems += [problem_of(src, check, found[check.key]) for check in column.checks
                         if check.done == "refused" and found[check.key]]
            problems += column.explain(found)
        kept = src.table if problems else src.final
        if returns == "drop" and any(found[key] for key in found if key[1] == NEGATIVE):
            kept = kept.filter(~(columns["amount"].value(kept, found) < 0).fill_null(False))
        equal = _equal_rows(kept) if duplicates != "keep" and src.rows else 0
        if equal and duplicates == "raise":
            problems.append(_equal_rows_problem(src, equal))
    if problems:
        raise DataError(message(src.name, problems))
    if duplicates == "drop":
        kept = kept.distinct()
    table = kept.select(**{role: column.value(kept, found) for role, column in columns.items()
                           if role != "currency"})
    lines = _counts(src, columns, found, equal, duplicates, nobody)
    rows_in = src.rows + nobody
    rows_out = rows_in - sum(count for _, _, count, done in lines if done == "dropped")

    def report():
        with engine_errors(src.name, src.explain):
            totals = _totals(table, duplicates != "keep")
            if nobody:
                lost = everybody.filter(missing(everybody[wanted["customer_id"]]).fill_null(True))
                totals["nobody"] = lost.aggregate(
                    amount=columns["amount"].value(lost).sum().fill_null(0.0)).to_pyarrow().to_pylist()[0]["amount"]
        return _report(lines, rows_out, columns, totals, duplicates)

    return Transactions(table, report, rows_in, rows_out)


NOBODY = "amount without a customer id"  # a line of the report, if such rows were dropped
_NO_ROWS = "", "there are no rows", "see whether the export or the query worked"


# --- checking -------------------------------------------------------------------------------------------


def _mapping_problems(src, wanted):
    names, problems = src.table.columns, []
    for role, name in wanted.items():
        if name not in names:
            plain = {re.sub(r"[\W_]", "", other.lower()): other for other in names}
            close = difflib.get_close_matches(re.sub(r"[\W_]", "", name.lower()), plain, cutoff=0.5)
            hint = f"did you mean {role}={plain[close[0]]!r}?" if close else f"pass {role}= with the name of the column"
            below = [number for number, texts in src.top.items() if set(wanted.values()) <= set(texts)]
            if below:
                hint = f"row {below[0]} has these names: pass header_row={below[0]}, or delete the rows above it"
            elif src.text and all(re.fullmatch(r"[-\d./: ]*", other) for other in names):
                hint = "the first line seems to be data: give the file a header line"
            problems.append(Problem(role, f"no column {name!r}; there are {listed(names)}", hint))
    for name, count in Counter(wanted.values()).items():
        if count > 1:
            roles = [role for role in wanted if wanted[role] == name]
            problems.append(Problem(name, f"mapped more than once: {', '.join(roles)}", "map each to its own column"))
    return problems


def _price_for_amount(names, wanted):
    """Refuse a unit price mapped as the amount while a quantity stands next to it: nothing later would show it."""
    from crmlib.data.proposals import named

    left = [name for name in names if name not in wanted.values() and named(name, "quantity")]
    price = wanted.get("amount")
    if price not in names or "quantity" in wanted or not left or not named(price, "unit_price"):
        return []
    return [Problem(price, f"by its name a price of one piece, and there is {left[0]!r}",
                    f"pass unit_price={price!r} and quantity={left[0]!r} instead of amount=; if it is the price of the "
                    f"whole line, pass quantity={left[0]!r} as well")]


def _leave_out_nobody(src, name):
    """Leave rows without a customer id out of a source, for all that follows; return how many they are."""
    if name not in src.table.columns or name in src.broken:
        return 0

    def somebody(table):
        return ~missing(table[name]).fill_null(True)

    with engine_errors(src.name, src.explain):
        nobody = row_totals(src.table, [lambda table: missing(table[name])])[1]
    if nobody:
        src.table, src.final = (table.filter(somebody(table)) for table in (src.table, src.final))
        src.located = src.located if src.located is None else src.located.filter(somebody(src.located))
    return nobody


def _count(src, checks):
    """Return the rows found by each check, by (column, what); remember the number of rows."""
    src.rows, *counts = row_totals(src.table, [check.bad for check in checks])
    return {check.key: count for check, count in zip(checks, counts, strict=True)}


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
    groups = groups.mutate(**as_text(groups, columns))
    shown = [(f"row {row['_crm_first']}, " if extra else "") + f"{row['_crm_n']} times: "
             + ", ".join(str(row[column]) for column in columns[:6])
             for row in groups.limit(3).to_pyarrow().to_pylist()]
    return Problem("", f"{equal:,} of {src.rows:,} rows repeat another one in every column",
                   'if they are separate orders pass duplicates="keep", if errors duplicates="drop"', shown)


def _totals(table, look_for_equal):
    """Return what the books can confirm about the table to return, in one query; and its equal rows if asked."""
    if look_for_equal:
        rows = table.group_by(table.columns).aggregate(_crm_n=table.count(), _crm_sum=table["amount"].sum())
    else:
        rows = table.mutate(_crm_n=1, _crm_sum=table["amount"])
    customers = rows.group_by("customer_id").aggregate(
        n=rows["_crm_n"].sum(), repeats=(rows["_crm_n"] - 1).sum(), amount=rows["_crm_sum"].sum(),
        first=rows["date"].min(), last=rows["date"].max())
    totals = customers.aggregate(
        customers=customers.count(), rows=customers["n"].sum(), largest=customers["n"].max(),
        repeats=customers["repeats"].sum().fill_null(0), amount=customers["amount"].sum().fill_null(0.0),
        first=customers["first"].min(), last=customers["last"].max())
    return totals.to_pyarrow().to_pylist()[0]


def _counts(src, columns, found, equal, duplicates, nobody):
    """Return the lines of the report that the checks know already."""
    lines = [("rows read", "", src.rows + nobody, ""), *src.notes]
    if nobody:
        lines.append(("missing", columns["customer_id"].checks[0].column, nobody, "dropped"))
    for column in columns.values():
        lines += [(check.what, check.column, found[check.key], check.done if found[check.key] else "none found")
                  for check in column.checks if check.done != "noted" and not (
                      nobody and check.key == columns["customer_id"].checks[0].key)]
    done = {"keep": "kept, not counted", "drop": "dropped" if equal else "none found", "raise": "none found"}
    lines.append(("equal to another row", "", pd.NA if duplicates == "keep" else equal, done[duplicates]))
    return lines


def _report(lines, rows_out, columns, totals, duplicates):
    """Return the report: the counts of the checks, and what the books can confirm."""
    lines = list(lines)
    if duplicates != "keep":
        repeats = int(totals["repeats"])
        lines.append(("equal in the mapped columns", "", repeats, "kept" if repeats else "none found"))
    lines.append(("rows returned", "", rows_out, ""))
    share = f"{100 * int(totals['largest']) / int(totals['rows']):.2f} %" if totals["customers"] else "none"
    days = [f"{totals[day]:%Y-%m-%d}" if totals["customers"] else "none" for day in ("first", "last")]
    lines += [(what, column.checks[-1].column, pd.NA, text) for what, column, text in (
        ("first day", columns["date"], days[0]), ("last day", columns["date"], days[1]),
        ("customers", columns["customer_id"], str(totals["customers"])),
        ("total amount", columns["amount"], f"{totals['amount'] + 0.0:.2f}"),
        ("largest customer's share of rows", columns["customer_id"], share))]
    if "nobody" in totals:
        lines.append((NOBODY, columns["amount"].checks[-1].column, pd.NA, f"{totals['nobody'] + 0.0:.2f}"))
    return pd.DataFrame(lines, columns=["check", "column", "rows", "done"]).astype({"rows": "Int64"})


def _zone(name):
    try:
        return zoneinfo.ZoneInfo(name).key
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        close = difflib.get_close_matches(str(name), sorted(zoneinfo.available_timezones()), n=3)
        hint = f": did you mean {', '.join(close)}?" if close else ': use a name like "Asia/Shanghai"'
        raise ValueError(f"timezone {name!r} is not known{hint}") from None
