"""After the door: order lines of any form as one Ibis table with the columns a function needs, or what is wrong."""

import numpy as np
import pandas as pd

from crmlib.errors import DataError

_DOOR = "crmlib.data.read_transactions"


def lines_table(lines, columns, *, money=("amount",), name="lines", look=True):
    """Return `lines` as an Ibis table of `columns`, complete and of the right types, or say what is wrong.

    Parameters
    ----------
    lines : pandas.DataFrame or ibis.Table
        As `crmlib.data.read_transactions` gives them, or any frame with these columns.
    columns : sequence of str
        What is needed; ``date`` has to be a day or a time without zone.
    money : sequence of str
        Those of the columns that have to be numbers.
    name : str
        What the table is called in messages.
    look : bool
        Count missing values of an Ibis table, which is a query; a frame is always looked over.

    Raises
    ------
    TypeError
        If it is no table.
    DataError
        If a column is missing or there twice, holds missing or infinite values, mixes text and numbers, or is of
        another type.

    Examples
    --------
    >>> lines_table(pd.DataFrame({"customer_id": [1], "amount": [2.0]}), ["customer_id", "amount"]).columns
    ('customer_id', 'amount')
    >>> lines_table(pd.DataFrame({"customer_id": [1], "paid": [2.0]}), ["customer_id", "amount"])
    Traceback (most recent call last):
    crmlib.errors.DataError: lines lack the column(s) amount; they have customer_id, paid: map your columns with \
crmlib.data.read_transactions(lines, customer_id=…, date=…, amount=…)
    """
    import ibis

    if not isinstance(lines, (pd.DataFrame, ibis.Table)):
        raise TypeError(f"{name} must be a table from {_DOOR} or a DataFrame, not {type(lines).__name__}")
    columns, there = list(dict.fromkeys(columns)), list(lines.columns)
    if missing := [column for column in columns if column not in there]:
        raise DataError(
            f"{name} lack the column(s) {', '.join(missing)}; they have {', '.join(map(str, there))}: map your columns "
            f"with {_DOOR}({name}, customer_id=…, date=…, amount=…)"
        )
    if twice := [column for column in columns if there.count(column) > 1]:
        raise DataError(f"{name} have the column(s) {', '.join(twice)} more than once: rename or drop one of each")
    if isinstance(lines, pd.DataFrame):
        frame = lines[columns]
        _refuse_missing(frame.isna().sum(), name)
        for column in columns:
            if pd.api.types.infer_dtype(frame[column]).startswith("mixed") and column.endswith("_id"):
                raise DataError(f"{column} of {name} mixes text and numbers: make them one type, for instance with "
                                "astype(str)")
            if pd.api.types.is_float_dtype(frame[column].dtype) and np.isinf(frame[column].to_numpy(float)).any():
                raise DataError(f"{name} have infinite values in {column}: clean them with {_DOOR}")
        table = ibis.memtable(frame)
    else:
        table = lines.select(*columns)
    for column in columns:
        kind = table[column].type()
        if column == "date" and not (kind.is_date() or kind.is_timestamp()):
            raise DataError(f"date of {name} is of type {kind}: a date or a timestamp is needed; read them with "
                            f"{_DOOR}")
        if column == "date" and kind.is_timestamp() and kind.timezone is not None:
            raise DataError(f"date of {name} is in the time zone {kind.timezone}: which day an order falls on depends "
                            f"on it; state the zone with {_DOOR}({name}, timezone=…)")
        if column in money and not kind.is_numeric():
            raise DataError(f"{column} of {name} is of type {kind}, not a number: read them with {_DOOR}")
    if look and not isinstance(lines, pd.DataFrame):
        gaps = {column: table[column].isnull() | table[column].isnan() if table[column].type().is_floating()
                else table[column].isnull() for column in columns}
        _refuse_missing(table.aggregate(**{column: gap.sum() for column, gap in gaps.items()}).execute().iloc[0], name)
    return table


def cents(column):
    """Return a column of money as whole cents, in the engine: the same total on every engine, in any order.

    Examples
    --------
    >>> lines = lines_table(pd.DataFrame({"amount": [10.1, -0.2, 0.3]}), ["amount"])
    >>> int(cents(lines.amount).sum().execute())
    1020
    """
    return (column * 100).round().cast("int64")


def daily_cents(lines, money, *, name="lines") -> pd.DataFrame:
    """Return a column of money per customer and day, in whole cents, added up in the engine.

    Parameters
    ----------
    lines : pandas.DataFrame or ibis.Table
        ``customer_id, date`` and the column `money`, as for `lines_table`.
    money : str
        Which column.
    name : str
        What the table is called in messages.

    Returns
    -------
    pandas.DataFrame
        ``customer_id, day, cents``.

    Examples
    --------
    >>> visits = pd.DataFrame({"customer_id": [1, 1], "date": pd.Timestamp("2025-03-01"), "cost": [10.1, 0.2]})
    >>> daily_cents(visits, "cost")["cents"].tolist()
    [1030]
    """
    table = lines_table(lines, ("customer_id", "date", money), money=(money,), name=name)
    daily = table.group_by("customer_id", table["date"].cast("date").name("day"))
    return daily.agg(cents=cents(table[money]).sum()).execute()


def _refuse_missing(counts, name):
    found = [f"{int(count):,} in {column}" for column, count in counts.fillna(0).items() if count]
    if found:
        raise DataError(f"{name} have missing values ({', '.join(found)}): clean them with {_DOOR}, or drop them "
                        "knowingly")
