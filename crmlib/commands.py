"""What the commands about your own orders share: flags for the door, and errors said without a traceback."""

import argparse
import functools
import re
import shlex
import sys
from pathlib import Path

from crmlib.checks import check_count, check_day, check_fraction
from crmlib.errors import ConvergenceError

# arguments of the door that say how to read; each has a flag of its name
READING = ("date_format", "timezone", "decimal", "thousands", "encoding", "delimiter", "sheet", "header_row",
           "missing_ids", "returns", "duplicates")
COLUMNS = {
    "customer_id": "who bought", "date": "when", "amount": "how much, in money",
    "unit_price": "instead of amount, which then is unit price × quantity",
    "order_id": "number of the order", "product_id": "what was bought", "quantity": "how many",
    "margin": "what is left of the amount", "currency": "must hold one currency; checked, not kept",
}


def add_door_options(parser) -> None:
    """Add the flags that say how a file of orders is to be read: those of `crmlib.data.read_transactions`."""
    parser.add_argument("orders", nargs="+", help="CSV or Parquet files, or one Excel workbook; patterns like "
                                                  "'orders/*.parquet' may be quoted")
    columns = parser.add_argument_group("which column is which (default: the name on the left)")
    columns.add_argument("--map", type=_mapping, default={}, metavar="NAME=COLUMN,…",
                         help="several at once: --map customer_id=Kundennr,date=Datum,amount=Betrag")
    for name, what in COLUMNS.items():
        columns.add_argument(_flag(name), metavar="COLUMN", help=what)
    reading = parser.add_argument_group("how to read it")
    reading.add_argument("--date-format", metavar="FORMAT", help='for dates like 31.12.2025: "%%d.%%m.%%Y"')
    reading.add_argument("--timezone", metavar="ZONE", help="for dates with a zone or offset: Asia/Shanghai")
    reading.add_argument("--decimal", choices=(".", ","), help="decimal mark (default: .)")
    reading.add_argument("--thousands", metavar="MARK", help="mark that groups thousands (default: none)")
    reading.add_argument("--encoding", help="of a CSV file: utf-8 (default), latin-1, gb18030, …")
    reading.add_argument("--delimiter", metavar="MARK", help="of a CSV file (default: read off its header)")
    reading.add_argument("--sheet", metavar="NAME", help="of a workbook; may be left out if only one holds something")
    reading.add_argument("--header-row", type=int, metavar="ROW",
                         help="of a workbook: number of the row of column names, if there are titles above it")
    reading.add_argument("--missing-ids", choices=("raise", "drop"),
                         help="rows without a customer id: refuse (default), or drop and count them")
    reading.add_argument("--returns", choices=("raise", "net", "drop"),
                         help="negative amounts: refuse (default), net within the customer's day, or drop")
    reading.add_argument("--duplicates", choices=("raise", "keep", "drop"),
                         help="rows equal in every column: refuse (default), keep without looking, or drop repeats")


def add_score_options(parser) -> None:
    """Add the flags of scoring: where the scores go, what they assume, and how much memory they may take."""
    parser.add_argument("--out", type=Path, required=True, help=".parquet or .csv file to write, whole or not at all")
    parser.add_argument("--observation-end", type=_day, required=True, metavar="YYYY-MM-DD",
                        help="last day of the data: silence is counted up to it")
    parser.add_argument("--margin-share", type=_share, required=True, metavar="SHARE",
                        help="share of revenue left after variable cost, such as 0.35 (1: lifetime revenue)")
    parser.add_argument("--annual-discount-rate", type=_share, required=True, metavar="RATE", help="such as 0.10")
    parser.add_argument("--horizon-months", type=float, default=24, metavar="N", help="how far ahead (default: 24)")
    parser.add_argument("--unit", default="week", choices=("day", "week", "month", "quarter", "year"),
                        help="unit of recency and T in the output (default: week)")
    parser.add_argument("--model", default="likeliest", choices=("likeliest", "BG/NBD", "MBG/NBD"),
                        help="of purchases (default: the one of the two that is likelier on these orders)")
    parser.add_argument("--nonpositive", default="raise", choices=("raise", "zero"),
                        help="customers whose mean repeat spend is zero or less: refuse (default), or score with zero")
    parser.add_argument("--models", type=Path, metavar="FOLDER", help="also write the fitted models there, as JSON")
    parser.add_argument("--memory-limit", default="2GB",
                        help="of the engine (default: 2GB); more customers, more passes")
    parser.add_argument("--passes", type=int, metavar="N",
                        help="in how many shares of the customers to summarise (default: as the memory asks)")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def add_report_options(parser) -> None:
    """Add the flags of the report: where it goes, and what it assumes."""
    parser.add_argument("--out", type=Path, required=True, metavar="PAGE.html", help="the page to write")
    parser.add_argument("--customers", type=Path, metavar="FILE.csv",
                        help="write id, segment, alive, value of every customer as well")
    parser.add_argument("--notebooks", type=Path, metavar="FOLDER",
                        help="write the notebooks of notebooks/your_data as well, with your parameters, and run them")
    assumed = parser.add_argument_group("what the report assumes")
    assumed.add_argument("--observation-end", type=_day, metavar="YYYY-MM-DD",
                         help="last day on which orders were recorded (default: that of the last order)")
    assumed.add_argument("--margin-share", type=_share, metavar="SHARE",
                         help="of revenue that is left after variable cost: 0.35 (default: what the column margin "
                              "says; without one, values are revenue, not profit)")
    assumed.add_argument("--annual-discount-rate", type=_share, default=0.10, metavar="RATE",
                         help="effective per year (default: 0.10)")
    assumed.add_argument("--horizon-months", type=_months, default=24, metavar="MONTHS",
                         help="how far values look ahead (default: 24)")
    assumed.add_argument("--currency-sign", default="", metavar="SIGN", help="written behind amounts")
    assumed.add_argument("--title", help="of the page")


def door_arguments(options) -> dict:
    """Return the keyword arguments of `read_transactions` that the flags ask for.

    Raises
    ------
    ValueError
        If a column is given twice, by ``--map`` and by a flag of its own.

    Examples
    --------
    >>> parser = argparse.ArgumentParser()
    >>> add_door_options(parser)
    >>> door_arguments(parser.parse_args(["a.csv", "--map", "customer_id=Kundennr", "--amount", "Betrag"]))
    {'customer_id': 'Kundennr', 'amount': 'Betrag'}
    """
    given = {name: getattr(options, name) for name in COLUMNS if getattr(options, name) is not None}
    if twice := sorted(set(given) & set(options.map)):
        raise ValueError(f"{', '.join(twice)}: given by --map and by {', '.join(map(_flag, twice))}: leave one out")
    return {**options.map, **given,
            **{name: getattr(options, name) for name in READING if getattr(options, name) is not None}}


def says_what_is_wrong(command):
    """Make a command print what the data or an argument lacks, on stderr, and return exit code 1."""

    @functools.wraps(command)
    def run(options):
        try:
            return command(options)
        except (ConvergenceError, ValueError, OSError) as error:  # DataError is a ValueError
            print(_as_flags(str(error)), file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            return 130

    return run


def _checked(check, name, convert):
    def read(text):
        try:
            return check(name, convert(text))
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


_share = _checked(check_fraction, "this share", float)
_months = _checked(check_count, "a horizon", int)
_day = _checked(check_day, "observation_end", str)


def _as_flags(text):
    """Say the arguments that a message of the library names as flags of the command.

    >>> _as_flags('pass returns="net", or date_format="%d/%m/%Y"; amount= names the column')
    'pass --returns net, or --date-format %d/%m/%Y; --amount names the column'
    """
    names = "|".join((*READING, *COLUMNS, "observation_end", "memory_limit", "nonpositive"))

    def flag(match):
        value = match[2] or match[3]
        return _flag(match[1]) + (f" {shlex.quote(value)}" if value else "")

    return re.sub(rf"""\b({names})=(?:"([^"]+)"|'([^']+)')?""", flag, text)


def _flag(name):
    return "--" + name.replace("_", "-")


def _mapping(text):
    pairs = {}
    for part in text.split(","):
        name, equals, column = part.partition("=")
        if not equals or name not in COLUMNS or not column:
            raise argparse.ArgumentTypeError(
                f"{part!r} is not NAME=COLUMN with a NAME among {', '.join(COLUMNS)}; for columns with a comma in "
                "their name use the flags, such as --amount")
        if name in pairs:
            raise argparse.ArgumentTypeError(f"{name} is given twice")
        pairs[name] = column
    return pairs
