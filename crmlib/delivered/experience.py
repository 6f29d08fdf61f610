"""What customers went through in a contract year, and whether they stayed."""

import warnings

import numpy as np
import pandas as pd

from crmlib.checks import check_count, check_positive
from crmlib.contracts import check_years, within
from crmlib.data.case import NOT_SELLING
from crmlib.delivered.arguments import numbers
from crmlib.errors import CrmWarning, DataError
from crmlib.intervals import check_level, normal_quantile
from crmlib.rows import need_columns, need_days, outcomes


def contract_years(contracts, incidents, talks=None) -> pd.DataFrame:
    """Return every contract year that has ended, with what happened in it.

    A contract customer leaves only when a year ends; so whatever happened in the year happened before.

    Parameters
    ----------
    contracts : pandas.DataFrame
        ``contract_id, customer_id, started_on, due_on, renewed``; years without an outcome are left out.
    incidents : pandas.DataFrame
        ``customer_id, date, handling``.
    talks : pandas.DataFrame, optional
        ``customer_id, date, purpose``.

    Returns
    -------
    pandas.DataFrame
        The columns of `contracts`, and ``failures`` (how many), ``failure`` (``"none"``, how the only one was handled,
        or ``"several"``), ``stayed``; with `talks` also ``sales_talks`` and ``other_talks`` (service, advice,
        courtesy).

    Raises
    ------
    DataError
        If a column is missing, a contract is there twice or due before it starts, `renewed` is neither true nor
        false, or an event has no date, a failure no handling.

    Examples
    --------
    >>> contracts = pd.DataFrame({"contract_id": [1, 2], "customer_id": [7, 8],
    ...     "started_on": pd.to_datetime(["2024-01-01"] * 2), "due_on": pd.to_datetime(["2024-12-31"] * 2),
    ...     "renewed": [False, True]})
    >>> incidents = pd.DataFrame({"customer_id": [7], "date": pd.to_datetime(["2024-06-01"]), "handling": ["repaired"]})
    >>> contract_years(contracts, incidents)[["customer_id", "failure", "stayed"]]
       customer_id   failure  stayed
    0            7  repaired   False
    1            8      none    True
    """
    needed = {"contracts": (contracts, ("contract_id", "customer_id", "started_on", "due_on", "renewed")),
              "incidents": (incidents, ("customer_id", "date", "handling"))}
    if talks is not None:
        needed["talks"] = (talks, ("customer_id", "date", "purpose"))
    for name, (table, columns) in needed.items():
        need_columns(name, table, columns)
    years = contracts[contracts["renewed"].notna()].reset_index(drop=True)
    check_years(years)
    years["stayed"] = outcomes("renewed", years["renewed"], minimum=0)
    for name, (table, columns) in needed.items():
        for column in columns:
            if column == "date":
                need_days(name, table, ["date"])
            if column in ("handling", "purpose") and (empty := int(table[column].isna().sum())):
                raise DataError(f"{empty:,} row(s) of {name} have no {column}")
    failures = within(years, incidents, name="incidents").groupby("contract_id")["handling"]
    years["failures"] = years["contract_id"].map(failures.size()).fillna(0).astype(int)
    only = years["contract_id"].map(failures.first())
    years["failure"] = np.select([years["failures"] == 0, years["failures"] > 1], ["none", "several"], only)
    if talks is not None:
        inside = within(years, talks, name="talks")
        for name, purposes in (("sales_talks", ("sales",)), ("other_talks", NOT_SELLING)):
            size = inside[inside["purpose"].isin(purposes)].groupby("contract_id").size()
            years[name] = years["contract_id"].map(size).fillna(0).astype(int)
    return years


def exit_share(years, *, group="group", exposed, baseline, stayed="stayed", customer="customer_id", level=0.95
               ) -> pd.Series:
    """Return which share of those who would have stayed an experience drives away.

    ``exit share = 1 - P(stay | exposed) / P(stay | baseline)``: 0.22 means that of a hundred who would have stayed,
    22 leave. The interval counts customers, who may have several years, not years.

    Parameters
    ----------
    years : pandas.DataFrame
        One row per customer year that has ended: `customer`, `group`, and `stayed` (true or false).
    group, exposed, baseline : str
        The column, and the two values that are compared; other rows are left out.
    stayed, customer : str
        Columns.
    level : float
        Of the interval.

    Returns
    -------
    pandas.Series
        ``exit_share, low, high, stay_exposed, stay_baseline, exposed, baseline`` (numbers of years). The interval is
        NaN, with a warning, if a group has one customer only or nobody of either group left.

    Raises
    ------
    DataError
        If a column or value is missing, or a group has no year, or nobody of it stayed.

    Notes
    -----
    It is an effect only if chance decided who was exposed, given everything that moves staying.

    Examples
    --------
    >>> years = pd.DataFrame({"customer_id": range(20), "group": ["late"] * 10 + ["prompt"] * 10,
    ...                       "stayed": [True] * 6 + [False] * 4 + [True] * 8 + [False] * 2})
    >>> exit_share(years, exposed="late", baseline="prompt")[["exit_share", "low", "high"]].round(2).to_dict()
    {'exit_share': 0.25, 'low': -0.36, 'high': 0.59}
    """
    z = normal_quantile(check_level(level))
    need_columns("years", years, (customer, group, stayed))
    if exposed == baseline:
        raise ValueError(f"exposed and baseline are both {exposed!r}: name two groups")
    table = years[years[group].isin([exposed, baseline])]
    if missing := int(table[[customer, stayed]].isna().any(axis=1).sum()):
        raise DataError(f"{missing:,} year(s) have no {customer} or have not ended ({stayed} missing): leave them out")
    y = pd.Series(outcomes(stayed, table[stayed], minimum=0), index=table.index, dtype=float)
    parts = {name: table[group] == name for name in (exposed, baseline)}
    for name, rows in parts.items():
        if not rows.any() or not y[rows].sum():
            raise DataError(f"group {name!r} has {int(rows.sum()):,} year(s), in {int(y[rows].sum()):,} of them the "
                            "customer stayed: nothing can be compared")
    rate = {name: y[rows].mean() for name, rows in parts.items()}
    pull = sum(sign * rows * (y - rate[name]) / (rows.sum() * rate[name])
               for sign, (name, rows) in zip((1, -1), parts.items(), strict=True))
    half = z * np.sqrt((pull.groupby(table[customer]).sum() ** 2).sum())
    if half < 1e-12 or min(table.loc[rows, customer].nunique() for rows in parts.values()) < 2:
        warnings.warn("no interval: a group has one customer only, or nobody left", CrmWarning, stacklevel=2)
        half = np.nan
    ratio = np.log(rate[exposed] / rate[baseline])
    return pd.Series({
        "exit_share": 1 - np.exp(ratio), "low": 1 - np.exp(ratio + half), "high": 1 - np.exp(ratio - half),
        "stay_exposed": rate[exposed], "stay_baseline": rate[baseline],
        "exposed": float(parts[exposed].sum()), "baseline": float(parts[baseline].sum()),
    })


def kept_worth(years, *, group="group", exposed, baseline, cases, profit, multiple=1.0, stayed="stayed",
               customer="customer_id", level=0.95, draws=2000, seed=0) -> pd.Series:
    """Return what it is worth to change from one way of handling things to another: customers kept, and money.

    ``kept = cases · (P(stay | baseline) - P(stay | exposed))``, ``worth = kept · mean profit · multiple``. The interval
    holds the chance in both: customers are drawn with replacement, those who were exposed and those who bring profit.

    Parameters
    ----------
    years, group, exposed, baseline, stayed, customer
        As in `exit_share`: `exposed` is the way of today, `baseline` the other one.
    cases : float
        Customers a year who would be handled the other way.
    profit : array-like
        Profit a year of such customers; few large ones make the interval wide.
    multiple : float
        How many profits of a year a kept customer is worth.
    level, draws, seed
        Of the bootstrap interval.

    Returns
    -------
    pandas.Series
        ``kept, worth, low, high``; low and high are those of `worth`.

    Examples
    --------
    >>> years = pd.DataFrame({"customer_id": range(20), "group": ["late"] * 10 + ["prompt"] * 10,
    ...                       "stayed": [True] * 6 + [False] * 4 + [True] * 8 + [False] * 2})
    >>> kept_worth(years, exposed="late", baseline="prompt", cases=50, profit=[90, 110], multiple=3).round(0).to_dict()
    {'kept': 10.0, 'worth': 3000.0, 'low': -3000.0, 'high': 9000.0}
    """
    found = exit_share(years, group=group, exposed=exposed, baseline=baseline, stayed=stayed, customer=customer)
    cases, multiple = check_positive("cases", cases, zero=True), check_positive("multiple", multiple)
    level, draws = check_level(level), check_count("draws", draws, minimum=100)
    money = np.sort(numbers("profit", profit, minimum=2).to_numpy())
    table = years[years[group].isin([exposed, baseline])]
    y = outcomes(stayed, table[stayed]).astype(float)
    per_customer = pd.DataFrame({
        f"{what} {name}": np.where(table[group] == name, part, 0.0)
        for name in (exposed, baseline) for what, part in (("years", 1.0), ("stayed", y))
    }).groupby(table[customer].to_numpy()).sum()
    # sorted, so that neither the order of the rows nor the names of the customers move the interval
    sums = per_customer.sort_values(list(per_customer)).to_numpy()
    random = np.random.default_rng(seed)
    drawn = random.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=draws) @ sums
    with np.errstate(divide="ignore", invalid="ignore"):
        kept = cases * (drawn[:, 3] / drawn[:, 2] - drawn[:, 1] / drawn[:, 0])
    mean = money[random.integers(len(money), size=(draws, len(money)))].mean(axis=1)
    low, high = np.nanquantile(kept * mean * multiple, [(1 - level) / 2, (1 + level) / 2])
    point = cases * (found["stay_baseline"] - found["stay_exposed"])
    return pd.Series({"kept": point, "worth": point * money.mean() * multiple, "low": low, "high": high})
