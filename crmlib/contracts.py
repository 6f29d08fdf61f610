"""Contract years: what is wrong with a table of them, and what fell into each."""

import pandas as pd

from crmlib.checks import shown
from crmlib.errors import DataError
from crmlib.identity import same_id_type
from crmlib.rows import need_columns, need_days

YEAR = ("contract_id", "customer_id", "started_on", "due_on")


def check_years(contracts) -> None:
    """Refuse contract years without an id or a day, ids that are there twice, and years that end before they start.

    Parameters
    ----------
    contracts : pandas.DataFrame
        ``contract_id, customer_id, started_on, due_on``.

    Raises
    ------
    DataError

    Examples
    --------
    >>> day = pd.Timestamp("2024-01-01")
    >>> check_years(pd.DataFrame({"contract_id": [1], "customer_id": [7], "started_on": [day], "due_on": [day]}))
    Traceback (most recent call last):
    crmlib.errors.DataError: contracts: 1 contract year(s) are due on or before the day they start, the first is \
contract 1: are started_on and due_on swapped?
    """
    need_columns("contracts", contracts, YEAR)
    for name in YEAR[:2]:
        if gaps := int(contracts[name].isna().sum()):
            raise DataError(f"{gaps:,} of {len(contracts):,} contracts have no {name}")
    if twice := int(contracts["contract_id"].duplicated().sum()):
        raise DataError(f"contracts: {twice:,} contract id(s) are there twice: one row per contract year is needed")
    need_days("contracts", contracts, YEAR[2:])
    if (wrong := contracts["due_on"] <= contracts["started_on"]).any():
        raise DataError(f"contracts: {int(wrong.sum()):,} contract year(s) are due on or before the day they start, "
                        f"the first is contract {shown(contracts.loc[wrong, 'contract_id'].iloc[0])}: are started_on "
                        "and due_on swapped?")


def within(years, events, *, name, until="due_on", day="date") -> pd.DataFrame:
    """Return the events that fall into a contract year of their customer, with its id.

    A year holds the day it starts, and not the day of `until`: what happens then belongs to the next one.

    Parameters
    ----------
    years : pandas.DataFrame
        ``contract_id, customer_id, started_on`` and `until`.
    events : pandas.DataFrame
        ``customer_id`` and `day`; other columns are kept.
    name : str
        What the events are called in messages.
    until, day : str
        Columns: where a year ends to be looked at, and when an event was.

    Raises
    ------
    DataError
        If events name no customer, or ids are text in one table and numbers in the other.

    Examples
    --------
    >>> years = pd.DataFrame({"contract_id": [1, 2], "customer_id": [7, 7],
    ...                       "started_on": pd.to_datetime(["2023-01-01", "2024-01-01"]),
    ...                       "due_on": pd.to_datetime(["2024-01-01", "2025-01-01"])})
    >>> talks = pd.DataFrame({"customer_id": [7], "date": pd.to_datetime(["2024-01-01"])})
    >>> within(years, talks, name="talks")["contract_id"].tolist()
    [2]
    """
    if gaps := int(events["customer_id"].isna().sum()):
        raise DataError(f"{gaps:,} of {len(events):,} rows of {name} have no customer_id: drop them, or find out why")
    same_id_type("contracts", years["customer_id"], name, events["customer_id"])
    both = years[["contract_id", "customer_id", "started_on", until]].merge(events, on="customer_id")
    return both[(both[day] >= both["started_on"]) & (both[day] < both[until])]
