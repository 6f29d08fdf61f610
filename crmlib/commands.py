"""What the commands about your own orders share: flags for the door, and errors said without a traceback."""

import argparse
import functools
import sys

from crmlib.errors import ConvergenceError

COLUMNS = {
    "customer_id": "who bought", "date": "when", "amount": "how much, in money",
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
    reading.add_argument("--returns", choices=("raise", "net", "drop"),
                         help="negative amounts: refuse (default), net within the customer's day, or drop")
    reading.add_argument("--duplicates", choices=("raise", "keep", "drop"),
                         help="rows equal in every column: refuse (default), keep without looking, or drop repeats")


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
    reading = ("date_format", "timezone", "decimal", "thousands", "encoding", "delimiter", "returns", "duplicates")
    return {**options.map, **given,
            **{name: getattr(options, name) for name in reading if getattr(options, name) is not None}}


def says_what_is_wrong(command):
    """Make a command print what the data or an argument lacks, on stderr, and return exit code 1."""

    @functools.wraps(command)
    def run(options):
        try:
            return command(options)
        except (ConvergenceError, ValueError, OSError) as error:  # DataError is a ValueError
            print(error, file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            return 130

    return run


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
