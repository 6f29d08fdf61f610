"""Why customers leave: tables of causes that have to add up, shares with intervals, what mending one is worth."""

import numpy as np
import pandas as pd

from crmlib.checks import check_choice, check_positive, shown
from crmlib.churn.arguments import numbers
from crmlib.errors import DataError
from crmlib.intervals import check_level, share_interval

POLICIES = ("raise", "other", "normalise")


def check_causes(shares, *, policy="raise", total=1.0, other="not stated", tolerance=None) -> pd.DataFrame:
    """Return a table of causes that adds up to one, or refuse one that does not.

    Parameters
    ----------
    shares : mapping or pandas.Series
        Share of each cause by its name.
    policy : {"raise", "other", "normalise"}
        What to do if they do not add up: refuse; put what is missing into a row of its own; or divide by the sum, which
        claims that those without a cause left for the same causes as the others.
    total : float
        What the shares have to add up to: 1, or 100 for a table in per cent.
    other : str
        Name of the row that ``"other"`` adds.
    tolerance : float
        Largest distance from `total` that rounding explains, in the unit of `total` and at most a twentieth of it; a
        table within it is divided by its sum under any policy. By default half a per cent.

    Returns
    -------
    pandas.DataFrame
        One row per cause in the order given, index ``cause``: ``given`` and ``share`` (fractions; the shares add up
        to 1; `given` of an added row is 0).

    Raises
    ------
    DataError
        If a share is missing, negative or above `total`, or if they do not add up: with ``"raise"`` always, with
        ``"other"`` if they add up to more than the total.

    Examples
    --------
    >>> lecture = {"a": 1, "b": 5, "c": 7, "d": 9, "e": 15, "neglect": 43}
    >>> check_causes(lecture, total=100)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    crmlib.errors.DataError: 6 shares add up to 80 %, not 100 %: of every 100 customers who left, 20 have no cause. ...
    >>> check_causes(lecture, total=100, policy="other")["share"].round(4).tolist()
    [0.01, 0.05, 0.07, 0.09, 0.15, 0.43, 0.2]
    >>> check_causes(lecture, total=100, policy="normalise")["share"].round(4).tolist()
    [0.0125, 0.0625, 0.0875, 0.1125, 0.1875, 0.5375]
    """
    check_choice("policy", policy, POLICIES)
    total = check_positive("total", total)
    tolerance = 0.005 if tolerance is None else check_positive("tolerance", tolerance, zero=True) / total
    if tolerance > 0.05 + 1e-12:
        raise ValueError(f"tolerance {tolerance * total:g} is {tolerance:.0%} of the total {total:g}: rounding "
                         "explains 5 % at most")
    given = numbers("shares", pd.Series(dict(shares)) if not isinstance(shares, pd.Series) else shares)
    if (wrong := (given < 0) | (given > total)).any():
        name, value = given[wrong].index[0], given[wrong].iloc[0]
        hint = ": are these per cent? Pass total=100" if total == 1 and 1 < value <= 100 else ""
        raise DataError(f"the share of {shown(name)} is {value:g}, not between 0 and {total:g}{hint}")
    given = given / total
    table = pd.DataFrame({"given": given, "share": given}).rename_axis("cause")
    added = float(given.sum())
    if added == 0:
        raise DataError("all shares are 0: nobody left for any cause")
    if abs(added - 1) > tolerance + 1e-12:
        largest = given.idxmax()
        says = f"{len(given)} shares add up to {100 * added:g} %, not 100 %: "
        normalise = (f"'normalise' divides by the sum, so that {shown(largest)} becomes {given.max() / added:.2%} "
                     f"instead of {given.max():.0%}")
        if added > 1:
            says += (f"{100 * (added - 1):g} of every 100 are counted twice (could people give several answers?). "
                     f"policy={normalise}")
            if policy != "normalise":
                raise DataError(says)
        else:
            says += (f"of every 100 customers who left, {100 * (1 - added):g} have no cause. policy='other' keeps them "
                     f"in a row of their own, policy={normalise}")
            if policy == "raise":
                raise DataError(says)
    if policy == "other" and 1 - added > tolerance + 1e-12:
        if other in table.index:
            raise DataError(f"there is a cause {shown(other)} already: give the added row another name with other='…'")
        table.loc[other] = [0.0, 1 - added]
        return table
    table["share"] = table["given"] / added
    return table


def cause_shares(reasons, *, groups=None, population=None, level=0.95) -> pd.DataFrame:
    """Return the share of each reason among those who left, with an interval.

    Without groups it is the share of those asked. Who is asked is not always a sample of who left: with `groups` and
    `population` every group is weighted by the number who **left**, not by the number asked:

    ``share = Σ_g W_g · (answers of g with the reason / answers of g)``, W_g being the group's part of the population.

    Parameters
    ----------
    reasons : pandas.Series
        The reason of each customer asked, one row per customer.
    groups : pandas.Series, optional
        Group of each of them, same index: those within which the chance of being asked is the same.
    population : mapping of group to int, optional
        How many left in each group, asked or not. Needed with `groups`.
    level : float
        Confidence level.

    Returns
    -------
    pandas.DataFrame
        One row per reason, most frequent first, index ``reason``: ``asked`` (answers), ``share, low, high``. The
        interval is Wilson's with the effective number ``1 / Σ W_g² / n_g`` of answers (Kish). It is one for whoever
        might have left; for those who did leave it is too wide where a large part of them was asked.

    Raises
    ------
    DataError
        If reasons are missing, a group has nobody asked, fewer left than were asked, or groups differ.

    Examples
    --------
    >>> reasons = pd.Series(["neglect", "neglect", "price", "price"])
    >>> cause_shares(reasons)["share"].tolist()
    [0.5, 0.5]
    >>> firm = pd.Series(["firm", "firm", "firm", "home"])
    >>> cause_shares(reasons, groups=firm, population={"firm": 30, "home": 70})["share"].round(2).to_dict()
    {'price': 0.8, 'neglect': 0.2}
    """
    level = check_level(level)
    reasons = pd.Series(reasons)
    if reasons.empty or reasons.isna().any():
        raise DataError(f"{int(reasons.isna().sum()):,} of {len(reasons):,} reasons are missing: leave out who gave "
                        "none, and say how many they were")
    if reasons.index.has_duplicates:
        raise DataError(f"{int(reasons.index.duplicated().sum()):,} of {len(reasons):,} reasons have an index that is "
                        "there twice: one row per customer")
    if (groups is None) != (population is None):
        raise ValueError("groups and population belong together: who was asked, and how many left, by group")
    if groups is None:
        groups, population = pd.Series("all", index=reasons.index), {"all": len(reasons)}
    groups = pd.Series(groups)
    if not groups.index.equals(reasons.index) or groups.isna().any():
        raise DataError("groups must have one value for each of the reasons, in the same order")
    people = numbers("population", pd.Series(dict(population)), low=0)
    asked = groups.value_counts()
    if strange := [name for name in asked.index if name not in people.index]:
        raise DataError(f"population does not say how many left in group {shown(strange[0])}")
    if nobody := [name for name in people.index if people[name] > 0 and name not in asked.index]:
        raise DataError(f"nobody was asked in group {shown(nobody[0])}, in which {people[nobody[0]]:,.0f} left: their "
                        "reasons are not known")
    asked = asked.reindex(people.index).fillna(0)
    if (more := asked > people).any():
        name = people.index[more.to_numpy()][0]
        raise DataError(f"{asked[name]:,.0f} were asked in group {shown(name)}, where {people[name]:,.0f} left")
    weight = people / people.sum()
    counts = pd.crosstab(reasons, groups)
    share = sum(weight[name] * counts[name] / asked[name] for name in counts.columns)
    effective = 1 / (weight[counts.columns] ** 2 / asked[counts.columns]).sum()
    low, high = share_interval((share * effective).to_numpy().clip(0, effective), effective, level=level)
    table = pd.DataFrame({"asked": counts.sum(axis=1), "share": share, "low": low, "high": high}).rename_axis("reason")
    return table.sort_values("share", ascending=False, kind="stable")


def cause_pareto(shares, *, leavers, value, preventable, cost=None) -> pd.DataFrame:
    """Return the causes in Pareto order, what each takes away, and what mending it is worth.

    ``benefit = leavers · share · preventable · value - cost``

    Parameters
    ----------
    shares : mapping or pandas.Series
        Share of each cause; must add up to 1 (`check_causes`).
    leavers : float
        Customers who leave in the period.
    value : float or mapping
        What a lost customer would still have been worth, money; one number, or one per cause.
    preventable : mapping
        Part of those who leave for the cause that the mending would keep, 0 to 1; 0 is beyond our control. A cause
        that is not named counts as 0.
    cost : mapping, optional
        What mending the cause costs in the period, money; 0 where not named.

    Returns
    -------
    pandas.DataFrame
        One row per cause, largest share first: ``share, cumulative, leavers, lost`` (money), ``controllable`` (true or
        false), ``saved`` (customers), ``benefit`` (money, cost deducted).

    Raises
    ------
    DataError
        If the shares do not add up, a part is not between 0 and 1, or a name is not a cause.

    Examples
    --------
    >>> table = cause_pareto({"moved": 0.4, "neglect": 0.6}, leavers=100, value=500, preventable={"neglect": 0.5},
    ...                      cost={"neglect": 9_000})
    >>> table[["cumulative", "lost", "saved", "benefit"]].round(2).loc["neglect"].tolist()
    [0.6, 30000.0, 30.0, 6000.0]
    """
    leavers = check_positive("leavers", leavers, zero=True)
    table = check_causes(shares)[["share"]].sort_values("share", ascending=False, kind="stable")

    def by_cause(name, given, **limits):
        given = pd.Series(dict(given))
        values = numbers(name, given, **limits) if len(given) else given.astype(float)
        if strange := [each for each in values.index if each not in table.index]:
            raise DataError(f"{name} names {shown(strange[0])}, which is no cause; causes are "
                            f"{', '.join(map(str, table.index))}")
        return values.reindex(table.index)

    if np.ndim(value) == 0 and not isinstance(value, dict):
        worth = pd.Series(check_positive("value", value, zero=True), index=table.index)
    else:
        worth = by_cause("value", value)
        if worth.isna().any():
            raise DataError(f"value names no worth for the cause {shown(table.index[worth.isna()][0])}")
    part = by_cause("preventable", preventable, low=0, high=1).fillna(0.0)
    table["cumulative"] = table["share"].cumsum()
    table["leavers"] = leavers * table["share"]
    table["lost"] = table["leavers"] * worth
    table["controllable"] = part > 0
    table["saved"] = table["leavers"] * part
    table["benefit"] = table["saved"] * worth - by_cause("cost", cost or {}, low=0).fillna(0.0)
    return table
