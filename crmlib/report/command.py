"""``python -m crmlib report``: read, write the page, and say in a few lines what is on it."""

import os
import sys
from pathlib import Path

from crmlib.commands import door_arguments
from crmlib.data import read_transactions
from crmlib.data.sources import expand_paths
from crmlib.errors import DataError
from crmlib.report.material import Material, Settings
from crmlib.report.notebooks import templates, write_notebooks
from crmlib.report.page import write_report

MEMORY = "1GB"  # of the engine
LISTED = 8  # files named on the page, at most


def run(options) -> int:
    """Run the command on its parsed options; return the exit code."""
    _look_where_it_goes(options)
    door = door_arguments(options)
    assumed = {"observation_end": options.observation_end, "margin": options.margin_share,
               "annual_discount_rate": options.annual_discount_rate, "horizon_months": options.horizon_months,
               "currency_sign": options.currency_sign}
    if options.title:
        assumed["title"] = options.title
    settings = Settings(**assumed)
    source = options.orders if len(options.orders) > 1 else options.orders[0]
    orders = read_transactions(source, observation_end=options.observation_end, **door)
    orders.get_backend().con.execute(f"SET memory_limit = '{MEMORY}'")  # beyond it, the engine writes to disk
    text = not all(str(path).lower().endswith((".parquet", ".pq")) for path in options.orders)
    material = Material(orders, settings, keep=text)
    names = [Path(path).name for path in options.orders]
    sections = write_report(
        options.out, material, source=", ".join(names[:LISTED]) + (" …" if len(names) > LISTED else ""),
        parameters={name.replace("_", " "): str(value) for name, value in door.items()})
    for section in sections:
        print(f"{section.title}\n    {section.answer}")
        for what in section.missing:
            print(f"    not done: {what}")
    print(f"{options.out}: written")
    if options.customers:
        _write_customers(material, options.customers)
    if options.notebooks:
        return _write_notebooks(options, door, settings, material)
    return 0


def _look_where_it_goes(options):
    """Refuse, before the work, what cannot be written, and what would be written over the orders."""
    outputs = [path for path in (options.out, options.customers) if path]
    for path in outputs:
        if not path.parent.is_dir():
            raise DataError(f"there is no folder {path.parent} to write {path.name} into: make it first")
    for path in outputs:
        if any(same_file(path, source) for source in expand_paths(options.orders)):
            raise DataError(f"{path} holds the orders and would be replaced: write to another file")
    if len(outputs) > 1 and same_file(*outputs):
        raise DataError(f"--out and --customers are both {options.out}: write to two files")
    if options.notebooks:
        templates()


def same_file(one, other):
    """Whether two paths lead to one file, there or not: by another name or a link as well."""
    if os.path.exists(one) and os.path.exists(other):
        return os.path.samefile(one, other)
    return os.path.realpath(one) == os.path.realpath(other)


def _write_customers(material, path):
    from crmlib.data.export import write_csv
    from crmlib.report.sections import customer_table

    table = customer_table(material)
    write_csv(table, path)
    print(f"{path}: written, {len(table):,} customers")


def _write_notebooks(options, door, settings, material):
    code = 0
    for path, error in write_notebooks(options.notebooks, options.orders, door, settings, end=material.end):
        print(f"{path}: written" + (", but not run through" if error else " and run"))
        if error:
            print(error, file=sys.stderr)
            code = 1
    return code
