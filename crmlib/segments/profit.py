"""What a customer earns the firm: margin less what serving costs; and one name for one customer."""

import numpy as np
import pandas as pd

from crmlib.errors import DataError
from crmlib.segments.arguments import engine_table, same_id_type, shown


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
    table = engine_table(lines, ("customer_id", *columns.values()), what)
    named = {name: (table[column] * 100).round().cast("int64") for name, column in columns.items()}
    table = table.select("customer_id", **named)
    if positive:
        name = next(iter(columns))
        negative = int(table.filter(table[name] < 0).count().execute())
        if negative:
            raise DataError(f"{negative:,} rows of {what} have a negative cost: is it a credit, or the sign of a "
                            "margin? Costs are positive numbers here")
    sums = table.group_by("customer_id").agg(**{name: table[name].sum() for name in columns}).execute()
    return sums.set_index("customer_id").astype(np.int64)


def one_id_per_name(customers, *, names=("name",)) -> pd.DataFrame:
    """Return the customers who seem to be registered twice: same name, more than one id.

    Whoever is two customers in the books is two small ones in a ranking.

    Parameters
    ----------
    customers : pandas.DataFrame
        One row per id: ``customer_id`` and the columns `names`.
    names : sequence of str
        Columns that must agree: a name alone, or a name and a district where names are common.

    Returns
    -------
    pandas.DataFrame
        One row per id of a name that occurs more than once: ``customer_id``, `names` and ``keep``, the smallest id of
        that name. Nobody is merged here: look at them first. ``ids.map(table.set_index("customer_id")["keep"])``
        replaces them.

    Raises
    ------
    DataError
        If columns are missing, a name is missing, or an id stands twice.

    Examples
    --------
    >>> book = pd.DataFrame({"customer_id": [3, 7, 9], "name": ["ann", "bob", "ann"]})
    >>> one_id_per_name(book)
       customer_id name  keep
    0            3  ann     3
    1            9  ann     3
    """
    names = [names] if isinstance(names, str) else list(names)
    absent = [name for name in ("customer_id", *names) if name not in customers.columns]
    if absent:
        raise DataError(f"customers lack the column(s) {', '.join(absent)}")
    nulls = int(customers[["customer_id", *names]].isna().any(axis=1).sum())
    if nulls:
        raise DataError(f"{nulls:,} of {len(customers):,} customers have no id or no name: they would all be one "
                        "customer; leave them out")
    if customers["customer_id"].duplicated().any():
        raise DataError(f"{int(customers['customer_id'].duplicated().sum()):,} ids stand twice: one row "
                        "per customer, please")
    twice = customers.loc[customers.duplicated(names, keep=False), ["customer_id", *names]]
    keep = twice.groupby(names)["customer_id"].transform("min")
    return twice.assign(keep=keep).sort_values(["keep", "customer_id"], ignore_index=True)


def replace_ids(table, twice) -> pd.DataFrame:
    """Return a table in which customers who stand under two ids have one.

    Parameters
    ----------
    table : pandas.DataFrame
        Any table with ``customer_id``: orders, costs, contracts.
    twice : pandas.DataFrame
        ``customer_id`` and ``keep``, as `one_id_per_name` returns it, after you have looked at it.

    Returns
    -------
    pandas.DataFrame
        A copy, rows and order unchanged.

    Raises
    ------
    DataError
        If a column is missing, an id has two replacements, none, or one that is itself replaced, or one table has text
        and the other numbers for ids.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": [3, 9, 7], "amount": [1.0, 2.0, 4.0]})
    >>> replace_ids(orders, pd.DataFrame({"customer_id": [3, 9], "keep": [3, 3]}))["customer_id"].tolist()
    [3, 3, 7]
    """
    for what, given, needed in (("table", table, ["customer_id"]), ("twice", twice, ["customer_id", "keep"])):
        absent = [name for name in needed if name not in given.columns]
        if absent:
            raise DataError(f"{what} lacks the column(s) {', '.join(absent)}")
    if twice["customer_id"].duplicated().any():
        raise DataError(f"{int(twice['customer_id'].duplicated().sum()):,} id(s) have two replacements")
    if twice["keep"].isna().any():
        raise DataError(f"{int(twice['keep'].isna().sum()):,} id(s) have no replacement: fill in keep")
    keep = twice.set_index("customer_id")["keep"]
    chained = keep[keep.isin(keep.index[keep.index != keep.to_numpy()])]
    if len(chained):
        raise DataError(f"{len(chained):,} id(s) are replaced by one that is itself replaced, the first "
                        f"{shown(chained.index[0])}: name the last id of the chain")
    ids = table["customer_id"]
    same_id_type("table", ids, "twice", twice["customer_id"])
    hit = ids.isin(keep.index)
    new = ids.copy()  # the others are not touched: ids of 18 digits would not survive a detour by floats
    new[hit] = keep.reindex(ids[hit]).to_numpy()
    return table.assign(customer_id=new)
