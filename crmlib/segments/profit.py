"""What a customer earns the firm: margin less what serving costs; and one name for one customer."""

import numpy as np
import pandas as pd

from crmlib.checks import shown
from crmlib.errors import DataError
from crmlib.lines import cents, lines_table


def customer_profit(lines, *, margin="margin", costs=None, customers=None) -> pd.DataFrame:
    """Return revenue, margin, cost to serve and profit per customer.

    ``profit = margin - Σ costs``

    Parameters
    ----------
    lines : pandas.DataFrame or ibis.Table
        Order lines: ``customer_id, amount`` and the column `margin`, in one currency, returns negative. Choose the
        period, and leave out internal customers, beforehand: their transfer prices are no revenue.
    margin : str
        The column that holds what is left of the amount after product and delivery.
    costs : mapping of str to (pandas.DataFrame or ibis.Table), optional
        Tables of what serving cost, each with ``customer_id, cost``; the names become columns. Of the same period.
    customers : array-like, optional
        All customers to report, each once. Those without a line get zeros. Without it: everybody in `lines` or in
        `costs`, who may be a customer who bought nothing and was visited all the same.

    Returns
    -------
    pandas.DataFrame
        One row per customer, sorted by id, index ``customer_id``: ``revenue, margin``, one column per cost, ``profit``.
        Each column adds up to that of the tables: money is summed in whole cents, in the engine.

    Raises
    ------
    DataError
        If columns or values are missing, a cost is negative, or tables hold customers who are not among `customers`.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": [1, 1, 2], "amount": [100.0, 50.0, 30.0], "margin": [40.0, 20.0, 9.0]})
    >>> visits = pd.DataFrame({"customer_id": [2, 3], "cost": [25.0, 10.0]})
    >>> customer_profit(lines, costs={"visits": visits}).rename_axis(None)
       revenue  margin  visits  profit
    1    150.0    60.0     0.0    60.0
    2     30.0     9.0    25.0   -16.0
    3      0.0     0.0    10.0   -10.0
    """
    sums = _cents(lines, {"revenue": "amount", "margin": margin}, "lines")
    costs = dict(costs or {})
    for name in costs:
        if name in ("revenue", "margin", "profit", "customer_id"):
            raise ValueError(f"a cost cannot be called {name!r}: that column is there already")
    parts = [sums, *(_cents(table, {name: "cost"}, name, positive=True) for name, table in costs.items())]
    table = pd.concat(parts, axis=1).fillna(0).astype("int64").sort_index()
    table.index.name = "customer_id"
    if customers is not None:
        wanted = pd.Index(customers, name="customer_id")
        if wanted.has_duplicates:
            raise DataError(f"customers names {int(wanted.duplicated().sum()):,} customer(s) twice")
        strangers = table.index.difference(wanted)
        if len(strangers):
            raise DataError(
                f"{len(strangers):,} customer(s) have lines or costs but are not among customers, the first "
                f"{shown(strangers[0])}: their {table.loc[strangers, 'revenue'].sum() / 100:,.2f} of revenue would be "
                "lost; filter the tables, or complete the list"
            )
        table = table.reindex(wanted.sort_values(), fill_value=0)
    table["profit"] = table["margin"] - table[list(costs)].sum(axis=1)
    return table / 100


def _cents(lines, columns, what, *, positive=False):
    table = lines_table(lines, ("customer_id", *columns.values()), money=tuple(columns.values()), name=what)
    named = {name: cents(table[column]) for name, column in columns.items()}
    table = table.select("customer_id", **named)
    if positive:
        name = next(iter(columns))
        negative = int(table.filter(table[name] < 0).count().execute())
        if negative:
            raise DataError(f"{negative:,} rows of {what} have a negative cost: is it a credit, or the sign of a "
                            "margin? Costs are positive numbers here")
    sums = table.group_by("customer_id").agg(**{name: table[name].sum() for name in columns}).execute()
    return sums.set_index("customer_id").astype(np.int64)
