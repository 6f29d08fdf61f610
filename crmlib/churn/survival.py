"""How long customers stay, with those counted who are still here."""

import warnings

import numpy as np
import pandas as pd

from crmlib.checks import check_choice, check_count, check_day, check_positive, shown
from crmlib.churn.arguments import aligned, columns, days, numbers
from crmlib.errors import DataError
from crmlib.intervals import check_level
from crmlib.lines import daily_cents
from crmlib.rows import outcomes

DAYS_PER_YEAR = 365  # a contract year


def contract_spells(contracts, *, observation_end, max_gap=31) -> pd.DataFrame:
    """Return how long each customer has been under contract, and whether that is over.

    Whoever has not left is **censored**: we know that they stayed at least so long.

    Parameters
    ----------
    contracts : pandas.DataFrame or ibis.Table
        One row per contract year: ``customer_id, started_on, due_on`` and ``renewed`` (true, false, or missing where it
        is not known yet).
    observation_end : str or date
        Last day of the data. No default: a spell of somebody who is still here is as long as we looked.
    max_gap : int
        Most days between the end of a renewed year and the start of the next one; a longer gap is refused.

    Returns
    -------
    pandas.DataFrame
        One row per customer, sorted by id, index ``customer_id``: ``started_on`` (first day), ``years`` (of 365 days),
        ``left`` (true: did not renew; false: censored).

    Raises
    ------
    DataError
        If columns are missing, a year follows after one that was not renewed, one that was renewed has no next year
        although it fell due (an extract that was cut makes everybody immortal), years overlap or lie far apart, or a
        result is dated after the end.

    Examples
    --------
    >>> contracts = pd.DataFrame({
    ...     "customer_id": [1, 1, 2], "started_on": pd.to_datetime(["2023-01-01", "2024-01-01", "2024-07-01"]),
    ...     "due_on": pd.to_datetime(["2024-01-01", "2024-12-31", "2025-07-01"]),
    ...     "renewed": pd.array([True, False, None], dtype="boolean")})
    >>> contract_spells(contracts, observation_end="2024-12-31")[["years", "left"]].round(2).to_numpy().tolist()
    [[2.0, True], [0.5, False]]
    """
    end, gap = pd.Timestamp(check_day("observation_end", observation_end)), check_count("max_gap", max_gap, minimum=0)
    needed = ["customer_id", "started_on", "due_on", "renewed"]
    table = days("contracts", columns(contracts, needed, "contracts")[needed], ["started_on", "due_on"])
    if table["customer_id"].isna().any():
        raise DataError(f"{int(table['customer_id'].isna().sum()):,} contracts have no customer_id")
    outcomes("renewed", table["renewed"].dropna()) if table["renewed"].notna().any() else None
    table["renewed"] = table["renewed"].astype("boolean")
    table = table.sort_values(["customer_id", "started_on"], kind="stable")
    same = table["customer_id"].eq(table["customer_id"].shift(-1))
    following = table["started_on"].shift(-1)
    problems = {
        "end before they start": table["due_on"] <= table["started_on"],
        f"start after observation_end {end.date()}": table["started_on"] > end,
        "overlap with the next one of the customer": same & (following < table["due_on"]),
        "are not renewed, or not known to be, and are followed by another: a customer who came back starts a second "
        "spell; give it an id of its own": same & ~table["renewed"].fillna(False),
        "are decided although they fall due after observation_end": table["renewed"].notna() & (table["due_on"] > end),
        "fell due and have no result (renewed is missing)": table["renewed"].isna() & (table["due_on"] < end),
        f"are renewed, fell due more than {gap} day(s) before {end.date()} and have no next year: are years missing?":
            table["renewed"].eq(True).fillna(False) & ~same & (table["due_on"] + pd.Timedelta(days=gap) < end),
        f"are followed by the next one after more than {gap} day(s) without a contract": same & (
            following > table["due_on"] + pd.Timedelta(days=gap)),
    }
    found = [f"{int(bad.sum()):,} {what} (first: customer {shown(table.loc[bad, 'customer_id'].iloc[0])})"
             for what, bad in problems.items() if bad.any()]
    if found:
        raise DataError("contracts: " + "; ".join(found))
    spells = table.groupby("customer_id").agg(
        started_on=("started_on", "first"), due_on=("due_on", "last"), renewed=("renewed", "last"))
    spells["left"] = spells["renewed"].eq(False).fillna(False).astype(bool)
    last = spells["due_on"].where(spells["left"], end)
    spells["years"] = (last - spells["started_on"]).dt.days / DAYS_PER_YEAR
    return spells[["started_on", "years", "left"]]


def survival_curve(years, left, *, groups=None, at=None, level=0.95, no_events="raise") -> pd.DataFrame:
    """Return the share of customers still here after each time (Kaplan & Meier), by group.

    ``S(t) = Π (1 - left_i / at_risk_i)`` over all times ``i`` up to t: a customer who is still here counts among those
    at risk as long as we have watched, and no longer. That is right if those still here are as likely to leave later
    as those who were watched longer (censoring tells nothing about leaving). Computed by lifelines; the interval is
    Greenwood's, on the scale of log(-log S), so that it stays between 0 and 1.

    Source: Kaplan, E. L. & Meier, P. (1958), "Nonparametric Estimation from Incomplete Observations".

    Parameters
    ----------
    years : array-like
        How long each customer was watched, in years or any other unit, zero or more.
    left : array-like of bool
        Whether that ended because they left; false: still here (censored).
    groups : array-like, optional
        A class that is known **on the first day**. A class known only later (such as "buys much") belongs to those who
        lived to get it, and makes any curve look good.
    at : sequence of float, optional
        Times to report; by default every time at which somebody left, and 0.
    level : float
        Confidence level.
    no_events : {"raise", "keep"}
        What to do with a group of which nobody left: refuse, or keep the flat curve, with no interval.

    Returns
    -------
    pandas.DataFrame
        ``group`` ("all" without groups), ``time, at_risk`` (just before), ``left`` (at that time; with `at`, since the
        row before), ``survival, low, high`` (shares). Beyond the longest time watched in a group they are NaN, unless
        everybody had left by then.

    Raises
    ------
    DataError
        If times are negative or missing, lengths or indexes differ, or a group has nobody who left.

    Examples
    --------
    >>> survival_curve([1, 1, 2, 2, 3], [True, False, True, False, False])[["time", "at_risk", "survival"]].round(3)
       time  at_risk  survival
    0   0.0        5     1.000
    1   1.0        5     0.800
    2   2.0        3     0.533
    """
    from lifelines import KaplanMeierFitter

    level, check = check_level(level), check_choice("no_events", no_events, ("raise", "keep"))
    aligned(years, left, ("years", "left"))
    aligned(years, groups, ("years", "groups"))
    times = numbers("years", np.asarray(years), low=0).to_numpy()
    gone = outcomes("left", np.asarray(left))
    names = np.full(len(times), "all", dtype=object) if groups is None else np.asarray(groups, dtype=object)
    if not len(times) == len(gone) == len(names):
        raise DataError(f"years ({len(times):,}), left ({len(gone):,}) and groups ({len(names):,}) must have one value "
                        "per customer each")
    if gaps := int(pd.isna(names).sum()):
        raise DataError(f"{gaps:,} customers have no group: leave them out, or give them one")
    kinds = pd.unique(names)
    quiet = [name for name in kinds if not gone[names == name].any()]
    if quiet and check == "raise":
        raise DataError(
            f"nobody left in {len(quiet)} of {len(kinds)} group(s), the first {shown(quiet[0])} with "
            f"{int((names == quiet[0]).sum()):,} customer(s): a curve at 100 % would say only that they were not "
            "watched long enough. Pool it with another group, or keep it knowingly with no_events='keep'")
    wanted = None if at is None else np.unique(numbers("at", list(at), low=0).to_numpy())
    parts = []
    for name in kinds:
        here = names == name
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a logarithm of 0 at the ends; those limits are set below
            fit = KaplanMeierFitter(alpha=1 - level).fit(times[here], gone[here])
        events = np.unique(np.concatenate([[0.0], times[here][gone[here]]]))
        report = events if wanted is None else wanted
        place = np.searchsorted(events, report, side="right") - 1
        survival = fit.survival_function_.iloc[:, 0].reindex(events).to_numpy()
        limits = fit.confidence_interval_.reindex(events).to_numpy()
        limits[survival == 1] = 1.0 if gone[here].any() else np.nan
        watched, went = np.sort(times[here]), np.sort(times[here & gone])
        by_then = np.searchsorted(went, report, side="right")
        table = pd.DataFrame({
            "group": name, "time": report,
            "at_risk": len(watched) - np.searchsorted(watched, report, side="left"),
            "left": np.diff(by_then, prepend=0),
            "survival": survival[place], "low": limits[place, 0], "high": limits[place, 1],
        })
        if survival[-1] > 0:
            table.loc[table["time"] > watched[-1], ["survival", "low", "high"]] = np.nan
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def lifetimes(years, left, *, horizon=None) -> pd.Series:
    """Return four answers to "how long do customers stay?", of which two are wrong.

    Parameters
    ----------
    years, left
        As in `survival_curve`.
    horizon : float, optional
        Years that the restricted mean counts; by default the longest time watched.

    Returns
    -------
    pandas.Series
        ``leavers_only``: mean time of those who left (too short: those who stay long have not left yet);
        ``everybody_so_far``: mean time watched (it ends with the data, not with the customers);
        ``restricted_mean``: area under the survival curve up to the ``horizon``, the mean of min(time, horizon);
        ``median``: first time at which half are gone, infinite if that was not seen;
        ``exposure_per_leaver``: all time watched divided by the number who left, the mean **if** the chance of leaving
        were the same for all, at all times, and at any moment (where one can leave on the last day of a contract year
        only, the started part of a year counts without any risk: too long).

    Raises
    ------
    DataError
        As in `survival_curve`; also if nobody left, or nobody was watched as long as the horizon.

    Examples
    --------
    >>> answers = lifetimes([1, 1, 2, 2, 4], [True, True, True, False, False])
    >>> answers[["leavers_only", "everybody_so_far", "restricted_mean", "exposure_per_leaver"]].round(2).tolist()
    [1.33, 2.0, 2.4, 3.33]
    """
    curve = survival_curve(years, left)
    times, gone = np.asarray(years, dtype=float), outcomes("left", np.asarray(left))
    horizon = float(times.max()) if horizon is None else check_positive("horizon", horizon)
    if horizon > times.max() + 1e-9:
        raise DataError(f"nobody was watched for {horizon:g} years (the longest: {times.max():g}): the curve says "
                        "nothing about what comes after")
    inside = curve[curve["time"] <= horizon]
    steps = np.diff(np.append(inside["time"], horizon))
    half = curve.loc[curve["survival"] <= 0.5 + 1e-12, "time"]  # a product of rates may miss ½ by a bit
    return pd.Series({
        "leavers_only": times[gone].mean(), "everybody_so_far": times.mean(),
        "restricted_mean": float((inside["survival"] * steps).sum()), "horizon": horizon,
        "median": float(half.iloc[0]) if len(half) else np.inf, "exposure_per_leaver": times.sum() / gone.sum(),
    })


def tenure_profit(lines, customers, *, costs=None, observation_end, years=4, by=None) -> pd.DataFrame:
    """Return what a customer has brought by year of tenure, per customer **won** and per customer still buying.

    Only customers count who were won early enough to be watched for all of the years, the same ones in every year.

    Parameters
    ----------
    lines : pandas.DataFrame or ibis.Table
        Order lines: ``customer_id, date, margin``. Those before a customer's first day, or of strangers, are left out.
    customers : pandas.DataFrame
        One row per customer: ``customer_id, acquired_on`` and ``acquisition_cost``.
    costs : mapping of str to (pandas.DataFrame or ibis.Table), optional
        What serving cost: ``customer_id, date, cost``. Costs before the first day belong to acquisition: they are
        added to year 0.
    observation_end : str or date
        Last day of the data.
    years : int
        Years of 365 days to follow.
    by : str, optional
        A column of `customers` that is known on the first day: one account per group.

    Returns
    -------
    pandas.DataFrame
        Index ``year`` (with `by`: the group and ``year``) from 0 (what winning cost) on: ``customers`` (won),
        ``buying`` (with a line in the year), ``profit`` (money, all), ``per_won``, ``per_buying`` (NaN in year 0),
        ``cumulative`` (per customer won).

    Raises
    ------
    DataError
        If columns are missing, ids are there twice, or nobody was won early enough.

    Examples
    --------
    >>> day = pd.Timestamp("2023-01-01")
    >>> customers = pd.DataFrame({"customer_id": [1, 2], "acquired_on": day, "acquisition_cost": [50.0, 50.0]})
    >>> lines = pd.DataFrame({"customer_id": [1, 2, 1], "date": [day, day, day + pd.Timedelta(days=400)],
    ...                       "margin": [40.0, 20.0, 90.0]})
    >>> table = tenure_profit(lines, customers, observation_end="2024-12-31", years=2)
    >>> table[["buying", "per_won", "per_buying", "cumulative"]].fillna(0).to_numpy().tolist()
    [[0.0, -50.0, 0.0, -50.0], [2.0, 30.0, 30.0, -20.0], [1.0, 45.0, 90.0, 25.0]]
    """
    years, end = check_count("years", years), pd.Timestamp(check_day("observation_end", observation_end))
    needed = ["customer_id", "acquired_on", "acquisition_cost", *([by] if by else [])]
    people = days("customers", columns(customers, needed, "customers")[needed], ["acquired_on"])
    if by and (gaps := int(people[by].isna().sum())):
        raise DataError(f"{gaps:,} of {len(people):,} customers have no {by}: drop them, or give them a group")
    if twice := int(people["customer_id"].duplicated().sum()):
        raise DataError(f"customers: {twice:,} customer id(s) are there twice: one row per customer is needed")
    numbers("acquisition_cost", people["acquisition_cost"].reset_index(drop=True), low=0)
    people = people[people["acquired_on"] + pd.Timedelta(days=DAYS_PER_YEAR * years - 1) <= end]
    if people.empty:
        raise DataError(f"nobody was won {years} year(s) before {end.date()}: ask for fewer years")

    def by_year(table, money, name, sign):
        sums = daily_cents(table, money, name=name).merge(people[["customer_id", "acquired_on"]], on="customer_id")
        age = (pd.to_datetime(sums["day"]) - sums["acquired_on"]).dt.days
        return sums.assign(cents=sign * sums["cents"].astype("int64"), age=age,
                           year=np.where(age < 0, 0, age // DAYS_PER_YEAR + 1))

    parts = [by_year(lines, "margin", "lines", 1)]
    parts[0] = parts[0][parts[0]["age"] >= 0]
    parts += [by_year(table, "cost", name, -1) for name, table in dict(costs or {}).items()]
    if by is None:
        return _tenure_account(people, parts, years)
    of = {name: part["customer_id"] for name, part in people.groupby(by, observed=True)}
    return pd.concat({name: _tenure_account(people[people["customer_id"].isin(ids)],
                                            [part[part["customer_id"].isin(ids)] for part in parts], years)
                      for name, ids in of.items()}, names=[by])


def _tenure_account(people, parts, years):
    cents = pd.concat(parts).groupby("year")["cents"].sum().reindex(range(years + 1), fill_value=0)
    cents[0] -= int((people["acquisition_cost"] * 100).round().sum())
    buying = parts[0].groupby("year")["customer_id"].nunique().reindex(range(years + 1), fill_value=0)
    table = pd.DataFrame({"customers": len(people), "buying": buying, "profit": cents / 100}).rename_axis("year")
    table["per_won"] = table["profit"] / len(people)
    table["per_buying"] = table["profit"] / table["buying"].where(table["buying"] > 0)
    table["cumulative"] = table["per_won"].cumsum()
    return table
