"""One customer, several ids: which ids are the same customer, and tables in which each customer has one id.

Whoever registers again is a customer lost and a customer won in a bridge, two small customers in a ranking, and an
account without contacts. An equal name is a reason to look, not a proof: so nothing is merged without a decision.
"""

import warnings
from collections.abc import Mapping

import pandas as pd

from crmlib.checks import check_choice, shown
from crmlib.errors import CrmWarning, DataError
from crmlib.rows import need_columns


def account_ids(customers, *, same_name="raise", names=("name",)) -> pd.Series:
    """Return which account each customer id belongs to: ids with one and the same name are a question, not a detail.

    Parameters
    ----------
    customers : pandas.DataFrame
        One row per id: ``customer_id`` and the columns `names`; with ``acquired_on`` the earliest id gives the account
        its number, else the smallest.
    same_name : {"raise", "merge", "separate"} or mapping
        What to do with names that have several ids: refuse, treat them as one account, or leave them apart; or a
        mapping of each such name to ``"merge"`` or ``"separate"``. Blank or missing names name nobody and join nobody.
    names : sequence of str
        Columns that must agree: a name alone, or a name and a district where names are common. A mapping of
        decisions needs a single one.

    Returns
    -------
    pandas.Series
        Account id by ``customer_id``, every id once. `replace_ids` applies it to other tables.

    Raises
    ------
    DataError
        If a column is missing, ids are missing or there twice or, with ``"raise"`` or in a mapping that lacks them,
        names have several ids.

    Warns
    -----
    CrmWarning
        If names that are merged have more than two ids: "unknown" is such a name.

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": [1, 2, 3], "name": ["Xinhua", "Jinli", "Xinhua"]})
    >>> account_ids(customers)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    crmlib.errors.DataError: 1 name(s) have several ids, first 'Xinhua' (1, 3): one customer or two? Look, and then ...
    >>> account_ids(customers, same_name="merge").to_dict()
    {1: 1, 2: 2, 3: 1}
    """
    names = [names] if isinstance(names, str) else list(names)
    decided = dict(same_name) if isinstance(same_name, Mapping) else {}
    for decision in decided.values() or (same_name,):
        check_choice("same_name", decision, ("merge", "separate") if decided else ("raise", "merge", "separate"))
    if decided and len(names) > 1:
        raise ValueError(f"decisions for each name need one column of names, not {len(names)}")
    need_columns("customers", customers, ("customer_id", *names))
    ids = customers["customer_id"]
    if wrong := int(ids.isna().sum() + ids.duplicated().sum()):
        raise DataError(f"customers: {wrong:,} customer id(s) are missing or there twice: one row per id is needed")
    index = pd.Index(ids, name="customer_id")
    accounts = pd.Series(index, index=index, name="account_id")
    if same_name == "separate":
        return accounts
    nameless = customers[names].apply(lambda column: column.isna() | (column.astype(str).str.strip() == "")).any(axis=1)
    several = customers.duplicated(names, keep=False) & ~nameless
    if decided and (strange := [name for name in decided if name not in set(customers.loc[several, names[0]])]):
        raise DataError(f"same_name decides on {len(strange):,} name(s) that do not have several ids, first "
                        f"{strange[0]!r}")
    open_ = several & ~customers[names[0]].isin(list(decided))
    if same_name != "merge" and open_.any():
        groups = customers[open_].groupby(names, sort=False)["customer_id"]
        name, first = next(iter(groups))
        raise DataError(f"{groups.ngroups:,} name(s) have several ids, first {', '.join(map(repr, name))} "
                        f"({', '.join(map(shown, first))}): one customer or two? Look, and then pass "
                        "same_name='merge', same_name='separate' or a decision for each name, {name: 'merge', …}")
    merged = several & ~customers[names[0]].map(decided).eq("separate")
    order = [column for column in ("acquired_on", "customer_id") if column in customers.columns]
    groups = customers[merged].sort_values(order).groupby(names)["customer_id"]
    if (sizes := groups.size()).gt(2).any():
        warnings.warn(f"{int(sizes.gt(2).sum()):,} name(s) have more than two ids (first: {sizes.idxmax()!r}, "
                      f"{sizes.max():,}): if that is no name but a filler, blank it first", CrmWarning, stacklevel=2)
    first = groups.transform("first")
    accounts[customers.loc[first.index, "customer_id"]] = first.to_numpy()
    return accounts


def replace_ids(table, ids, *, column="customer_id") -> pd.DataFrame:
    """Return a table in which customers who stand under several ids have one.

    Parameters
    ----------
    table : pandas.DataFrame
        Any table with `column`: orders, costs, contracts.
    ids : pandas.Series
        Account id by customer id, as `account_ids` returns it; ids that are not in it stay as they are.
    column : str
        Where the ids stand.

    Returns
    -------
    pandas.DataFrame
        A copy, rows and order unchanged.

    Raises
    ------
    DataError
        If the column is missing, an id has two replacements, none, or one that is itself replaced, or the ids here
        are text and there numbers.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": [3, 9, 7], "amount": [1.0, 2.0, 4.0]})
    >>> replace_ids(orders, pd.Series({3: 3, 9: 3}))["customer_id"].tolist()
    [3, 3, 7]
    """
    if column not in table.columns:
        raise DataError(f"the table lacks the column {column}; it has {', '.join(map(str, table.columns))}")
    if ids.index.has_duplicates:
        raise DataError(f"{int(ids.index.duplicated().sum()):,} id(s) have two replacements")
    if ids.isna().any():
        raise DataError(f"{int(ids.isna().sum()):,} id(s) have no replacement: give each one, or leave it out")
    moved = ids[ids.index.to_numpy() != ids.to_numpy()]
    if len(chained := moved[moved.isin(moved.index)]):
        raise DataError(f"{len(chained):,} id(s) are replaced by one that is itself replaced, the first "
                        f"{shown(chained.index[0])}: name the last id of the chain")
    given = table[column]
    same_id_type("the table", given, "the replacements", ids.index)
    hit = given.isin(moved.index)
    new = given.copy()  # the others are not touched: ids of 18 digits would not survive a detour by floats
    new[hit] = moved.reindex(given[hit]).to_numpy()
    return table.assign(**{column: new})


def same_id_type(what: str, ids, name: str, other) -> None:
    """Refuse two columns of ids of which one is text and the other numbers: nobody would be found."""
    if len(ids) and len(other) and pd.api.types.is_numeric_dtype(ids) != pd.api.types.is_numeric_dtype(other):
        raise DataError(f"the ids of {name} are {other.dtype}, those of {what} {ids.dtype}: nobody would be found; "
                        "convert one of them first")
