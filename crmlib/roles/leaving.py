"""What the records say: how often contacts leave, what it does, and how often end users become customers."""

import math

import numpy as np
import pandas as pd

from crmlib.checks import check_choice, check_count, check_day, check_fraction, shown
from crmlib.errors import DataError
from crmlib.intervals import check_level, normal_quantile, rate_interval, share_interval
from crmlib.lines import lines_table
from crmlib.roles.tables import (
    ROLES,
    check_same_ids,
    days_by_id,
    did_you_mean,
    outside,
    require_columns,
    with_dates,
)

_YEAR = 365.25  # days


def _rate(events, years, level):
    """Events per person-year, with the exact limits of a Poisson count."""
    low, high = rate_interval(events, years, level=level)
    return {"estimate": events / years if years > 0 else math.nan, "low": low, "high": high}


def _spells(contacts, observation_end, lost_on):
    """One row per person with ``since``, ``left_on`` and ``until``: as long as the account is watched."""
    require_columns(contacts, "contacts", ["customer_id", "contact_id", "since"])
    contacts = with_dates(contacts, "contacts", ["since", "left_on"])
    for column in ("customer_id", "contact_id"):
        check_same_ids(contacts[column], f"{column} of contacts", [], "")
    end = pd.Timestamp(check_day("observation_end", observation_end))
    person = ["customer_id", "contact_id"]
    stays = contacts[[*person, "since", "left_on"]].sort_values([*person, "since"])
    stays["until"] = stays["left_on"].fillna(pd.Timestamp.max.normalize())  # present: for ever
    before = stays.groupby(person)["until"].cummax().groupby([stays[each] for each in person]).shift()
    if (gaps := stays["since"] > before).any():
        first = stays[gaps].iloc[0]
        raise DataError(f"contacts: {int(gaps.sum()):,} stay(s) begin after the person had left, first contact "
                        f"{shown(first['contact_id'])} of customer {shown(first['customer_id'])}: give a person who "
                        "comes back a new contact_id, so that the departure counts and the years away do not")
    people = stays.groupby(person, as_index=False).agg(since=("since", "min"), until=("until", "max"))
    people["left_on"] = people["until"].where(people["until"] < pd.Timestamp.max.normalize())
    problems = []
    if wrong := int((people["left_on"] < people["since"]).sum()):
        problems.append(f"{wrong:,} people left before they came: correct since or left_on")
    if late := int((people["since"] > end).sum() + (people["left_on"] > end).sum()):
        problems.append(f"{late:,} dates lie after observation_end {end.date()}")
    if problems:
        raise DataError("contacts: " + "; ".join(problems))
    people["until"] = people["left_on"].fillna(end)
    if lost_on is not None and len(lost_on):
        lost_on = days_by_id(lost_on, "lost_on")
        check_same_ids(lost_on.index, "lost_on", people["customer_id"], "contacts")
        lost = people["customer_id"].map(lost_on)
        unseen = lost < people["until"]
        people["left_on"], people["until"] = people["left_on"].mask(unseen), people["until"].mask(unseen, lost)
        people = people[people["until"] >= people["since"]]  # not those who came when nobody looked any more
    return people, end


def _outcomes(renewed):
    """Return whether contracts were renewed, as boolean with missing values, or say what else is in the column."""
    known = renewed.dropna()
    strange = known[[not (isinstance(value, (bool, np.bool_)) or (isinstance(value, (int, float, np.number))
                                                                 and value in (0, 1))) for value in known]]
    if len(strange):
        values = ", ".join(shown(value) for value in strange.drop_duplicates().head(4))
        raise DataError(f"contracts: renewed holds {values} in {len(strange):,} row(s): use True, False, or missing "
                        "while it is not known")
    return renewed.astype("boolean")


def _ratio_limits(x, n, y, m, z):
    """Koopman's score limits of the ratio (x/n) / (y/m), for y > 0."""
    from scipy.optimize import brentq

    def score(log_ratio):
        ratio = math.exp(log_ratio)
        a, b = (n + m) * ratio, n * ratio + x + m + y * ratio  # the likeliest shares that have this ratio
        share = (b - math.sqrt(max(b**2 - 4 * a * (x + y), 0.0))) / (2 * a)
        spread = math.sqrt(max(ratio * share * (1 - ratio * share) / n + ratio**2 * share * (1 - share) / m, 1e-300))
        return (x / n - ratio * y / m) / spread

    centre = math.log(max(x, 1e-9) / n / (y / m))
    low = math.exp(brentq(lambda r: score(r) - z, -40, centre)) if x else 0.0
    return low, math.exp(brentq(lambda r: score(r) + z, centre, 40))


def silent_since(orders, *, observation_end, days=180, lost_by=None) -> pd.Series:
    """Return the day of the last order of every customer who has been silent for `days` or longer.

    Where customers leave without a word, this is the last day on which somebody would have noted a change at the
    account. Hand it to `departure_rate` and `user_conversion` as ``lost_on``. Chapter 07 has models for such customers.

    Parameters
    ----------
    orders : pandas.DataFrame or ibis.Table
        ``customer_id, date, amount``; only lines with an amount of zero or more count.
    observation_end : date or str
        The last day of the data.
    days : int
        How long a silence has to be. Too short a silence costs data, but does no harm as long as silence has nothing to
        do with departures: who is wrongly taken for lost is left out from then on with all that happens to them. Where
        a departure is followed by a silence, a short one leaves out departures.
    lost_by : Series, optional
        By customer id, a day on which the customer is known to have been lost already, for instance the day of the
        first attempt to win them back. Orders from then on do not count.

    Returns
    -------
    pandas.Series
        Day of the last order by ``customer_id``, of the silent customers only.

    Raises
    ------
    DataError
        If columns are missing, an order lies after the end of the data, or the orders stop `days` or more before it.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": [1, 1, 2], "amount": 10.0,
    ...                        "date": pd.to_datetime(["2024-01-05", "2024-03-01", "2024-12-01"])})
    >>> silent_since(orders, observation_end="2024-12-31").dt.date.to_dict()
    {1: datetime.date(2024, 3, 1)}
    """
    import ibis

    end, length = pd.Timestamp(check_day("observation_end", observation_end)), check_count("days", days)
    lines = lines_table(orders, ("customer_id", "date", "amount"), name="orders")
    lines = lines.filter(lines.amount >= 0).select("customer_id", day=lines.date.cast("date"))
    newest = pd.Timestamp(lines.day.max().execute())
    if lost_by is not None and len(lost_by):
        ids = lines.select("customer_id").distinct().execute()["customer_id"]
        check_same_ids(pd.Series(lost_by).index, "lost_by", ids, "orders")
        lost_by = days_by_id(lost_by, "lost_by")
        known = ibis.memtable(pd.DataFrame({"customer_id": lost_by.index, "lost_by": lost_by.array}))
        lines = lines.left_join(known, lines.customer_id == known.customer_id)
        lines = lines.filter(lines.lost_by.isnull() | (lines.day < lines.lost_by.cast("date")))
    last = lines.group_by("customer_id").agg(day=lines.day.max()).execute()
    day = pd.to_datetime(last.set_index("customer_id")["day"]).sort_index().rename("lost_on")
    if (day > end).any():
        late = int((day > end).sum())
        raise DataError(f"orders: {late:,} customer(s) have orders after observation_end {end.date()}: which one is "
                        "wrong?")
    if (end - newest).days >= length:
        raise DataError(f"orders: the last one of all is of {newest.date()}, {(end - newest).days:,} days before "
                        f"observation_end {end.date()}, so everybody would be silent: are the orders complete, and is "
                        "observation_end the last day of the data?")
    return day[(end - day).dt.days >= length]


def departure_rate(contacts, *, observation_end, lost_on=None, level=0.95) -> pd.Series:
    """Return the yearly probability that a contact leaves their firm.

    ``1 - exp(-departures / person-years)``; limits from the exact Poisson limits of the number of departures. Every
    person counts from ``since`` until they left, the account was lost or the data end, and once, however many roles
    they have. A person is a `contact_id` at a customer: whoever comes back after having left needs a new one. It
    assumes one constant rate for everybody.

    Parameters
    ----------
    contacts : pandas.DataFrame
        ``customer_id, contact_id, since, left_on`` (missing: still there); one row per person, or per person and role.
    observation_end : date or str
        The last day of the data.
    lost_on : Series, optional
        By customer id, the day from which the account was not watched any more (missing: still watched). Without it
        every account counts to the end of the data, and people whose leaving nobody would have noted count as staying.
    level : float
        Of the interval.

    Returns
    -------
    pandas.Series
        ``estimate, low, high`` (probability per year; NaN if nobody was watched for a day), ``departures,
        person_years``.

    Raises
    ------
    DataError
        If somebody left before they came, or a date lies after the end.

    Examples
    --------
    >>> contacts = pd.DataFrame({"customer_id": [1, 2], "contact_id": [7, 8], "since": ["2021-01-01", "2021-01-01"],
    ...                          "left_on": ["2023-01-01", None]})
    >>> departure_rate(contacts, observation_end="2025-01-01").round(3).to_dict()
    {'estimate': 0.154, 'low': 0.004, 'high': 0.605, 'departures': 1.0, 'person_years': 5.999}
    """
    level = check_level(level)
    people, _ = _spells(contacts, observation_end, lost_on)
    years = float((people["until"] - people["since"]).dt.days.sum()) / _YEAR
    departures = int(people["left_on"].notna().sum())
    rates = {name: abs(math.expm1(-rate)) for name, rate in _rate(departures, years, level).items()}
    return pd.Series({**rates, "departures": departures, "person_years": years})


def lone_contact_exit(contacts, contracts, *, observation_end, known="one", level=0.95) -> pd.Series:
    """Return how much more often a firm does not renew after a year in which its only contact left.

    Contract years that begin with exactly one person known, and in which nobody joins before that person leaves, are
    divided into those with that person's departure (q₁: share not renewed) and those without (q₀).
    ``e = 1 - (1 - q₁) / (1 - q₀)`` is the share of those who would have stayed that leaves because of it, so that
    ``1 - q₁ = (1 - q₀)(1 - e)``; its limits are Koopman's score limits of the ratio of the two shares renewed, which
    hold for few contracts as well. ``q₁ - q₀ = e (1 - q₀)`` is the extra exit probability of a contract year, which is
    what money depends on; its limits add up the squared distances of both shares from their Wilson limits.

    With ``known="several"`` the same is asked of years that begin with two people or more: those in which somebody left
    and somebody else stayed to the end, against those in which nobody left.

    The comparison is fair only if firms whose contact leaves are otherwise like the others.

    Parameters
    ----------
    contacts : pandas.DataFrame
        ``customer_id, contact_id, since, left_on``.
    contracts : pandas.DataFrame
        ``customer_id, started_on, due_on, renewed`` (True, False; missing while it is not known yet), one row per
        contract year.
    observation_end : date or str
        The last day of the data.
    known : {"one", "several"}
        How many people are known when the year begins.
    level : float
        Of the interval.

    Returns
    -------
    pandas.Series
        ``estimate, low, high`` of e; ``extra, extra_low, extra_high`` of q₁ - q₀; ``exit_with, exit_without`` (q₁, q₀);
        ``years_with, years_without`` (how many contract years). NaN if there are none of one kind, e also if no
        contract was renewed without a departure. Lower limits may be
        negative: chance alone can do that.

    Raises
    ------
    DataError
        If dates are missing or in the wrong order, ``renewed`` holds anything but True, False, 1, 0 or missing, a
        contract year is given twice, or its outcome is given before it was due.

    Examples
    --------
    >>> contacts = pd.DataFrame({"customer_id": range(8), "contact_id": range(8), "since": "2021-01-01",
    ...                          "left_on": ["2021-06-01"] * 4 + [None] * 4})
    >>> contracts = pd.DataFrame({"customer_id": range(8), "started_on": "2021-02-01", "due_on": "2022-02-01",
    ...                           "renewed": [True] * 2 + [False] * 2 + [True] * 4})
    >>> lone_contact_exit(contacts, contracts, observation_end="2023-01-01")[["estimate", "exit_with"]].tolist()
    [0.5, 0.5]
    """
    check_choice("known", known, ("one", "several"))
    z = normal_quantile(level)
    people, end = _spells(contacts, observation_end, None)
    require_columns(contracts, "contracts", ["customer_id", "started_on", "due_on"])
    if "renewed" not in contracts.columns:
        raise DataError("contracts lack the column renewed: True, False, or missing while it is not known")
    years = with_dates(contracts[["customer_id", "started_on", "due_on", "renewed"]], "contracts",
                       ["started_on", "due_on"]).reset_index(drop=True)
    years["renewed"] = _outcomes(years["renewed"])
    check_same_ids(years["customer_id"], "contracts", people["customer_id"], "contacts")
    problems = []
    if wrong := int((years["due_on"] <= years["started_on"]).sum()):
        problems.append(f"{wrong:,} contract year(s) end before they begin: correct started_on or due_on")
    if twice := int(years.duplicated(["customer_id", "started_on", "due_on"]).sum()):
        problems.append(f"{twice:,} contract year(s) are given again: drop the duplicates")
    if early := int(((years["due_on"] > end) & years["renewed"].notna()).sum()):
        problems.append(f"{early:,} contract year(s) are due after observation_end {end.date()} and have an outcome "
                        "already: those still open are missing, so leave out all of them")
    if problems:
        raise DataError("contracts: " + "; ".join(problems))
    years = years[years["renewed"].notna()].rename_axis("year").reset_index()
    both = years.merge(people[["customer_id", "since", "left_on"]], on="customer_id")
    at_start = both[(both["since"] <= both["started_on"]) & ~(both["left_on"] <= both["started_on"])]
    if known == "one":
        lone = at_start[~at_start["year"].duplicated(keep=False)].set_index("year")
        leaves = lone["left_on"].where(lone["left_on"] <= lone["due_on"])
        in_year = (both["since"] > both["started_on"]) & (both["since"] <= both["due_on"])
        joins = both[in_year].groupby("year")["since"].min()
        out = joins.reindex(lone.index) <= leaves.fillna(lone["due_on"])
        left, renewed = leaves.notna()[~out], lone.loc[~out, "renewed"].astype(bool)
    else:
        gone = (at_start["left_on"] <= at_start["due_on"]).groupby(at_start["year"]).agg(["size", "sum"])
        gone = gone[(gone["size"] >= 2) & (gone["sum"] < gone["size"])]
        left, renewed = gone["sum"] > 0, years.set_index("year").loc[gone.index, "renewed"].astype(bool)
    n1, n0 = int(left.sum()), int((~left).sum())
    stay1, stay0 = int(renewed[left].sum()), int(renewed[~left].sum())
    found = {"exit_with": 1 - stay1 / n1 if n1 else math.nan, "exit_without": 1 - stay0 / n0 if n0 else math.nan,
             "years_with": n1, "years_without": n0}
    found = {**dict.fromkeys(("estimate", "low", "high", "extra", "extra_low", "extra_high"), math.nan), **found}
    if not n1 or not n0:
        return pd.Series(found)
    extra = found["exit_with"] - found["exit_without"]
    (low1, high1), (low0, high0) = (share_interval(n - stay, n, level=level) for n, stay in ((n1, stay1), (n0, stay0)))
    found |= {"extra": extra, "extra_low": extra - math.hypot(found["exit_with"] - low1, high0 - found["exit_without"]),
             "extra_high": extra + math.hypot(high1 - found["exit_with"], found["exit_without"] - low0)}
    if stay0:
        low, high = _ratio_limits(stay1, n1, stay0, n0, z)
        found |= {"estimate": 1 - (stay1 / n1) / (stay0 / n0), "low": 1 - high, "high": 1 - low}
    return pd.Series(found)


def user_conversion(contacts, customers, *, observation_end, lost_on=None, delighted=0.5, level=0.95) -> pd.DataFrame:
    """Return how often end users at work open a private account of their own, by their stance towards us.

    ``conversions / person-years``, a rate per year, for users with a stance of at least `delighted` and for the
    others, with the exact limits of a Poisson count. A user counts from ``since`` until the day of the first private
    order, the day they left, the day the account was lost, or the end of the data.

    Parameters
    ----------
    contacts : pandas.DataFrame
        ``customer_id, contact_id, role, stance, since, left_on, became_customer_id`` (missing: never).
    customers : pandas.DataFrame
        ``customer_id, acquired_on``: when the private accounts began.
    observation_end : date or str
        The last day of the data.
    lost_on : Series, optional
        As in `departure_rate`.
    delighted : float
        The stance from which a user is called delighted.
    level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        Index ``delighted, other``; ``people, person_years, conversions`` and the rate per year as
        ``estimate, low, high``. The probability of at least one conversion in a year is ``1 - exp(-rate)``.

    Raises
    ------
    DataError
        If a private account is not among the customers, or is older than the contact.

    Examples
    --------
    >>> contacts = pd.DataFrame({"customer_id": 1, "contact_id": [7, 8], "role": "user", "influence": 0.2,
    ...     "stance": [0.8, 0.0], "since": "2021-01-01", "left_on": None, "became_customer_id": [90, None]})
    >>> customers = pd.DataFrame({"customer_id": [1, 90], "acquired_on": ["2021-01-01", "2022-01-01"]})
    >>> found = user_conversion(contacts, customers, observation_end="2025-01-01")
    >>> found[["people", "conversions", "estimate"]].round(2)
               people  conversions  estimate
    delighted       1            1       1.0
    other           1            0       0.0
    """
    level, delighted = check_level(level), check_fraction("delighted", delighted, low=-1)
    require_columns(contacts, "contacts", ["customer_id", "contact_id", "role"])
    users = contacts[contacts["role"] == "user"]
    problems = [did_you_mean(contacts["role"], ROLES, "role(s)")]
    if len(users):
        require_columns(users, "contacts in the role user", ["stance"])
        problems.append(outside(users, "stance", -1, 1))
    if twice := int(users.duplicated(["customer_id", "contact_id"]).sum()):
        problems.append(f"{twice:,} user(s) are named again: drop the duplicates")
    if problems := [problem for problem in problems if problem]:
        raise DataError("contacts: " + "; ".join(problems))
    if "became_customer_id" not in users.columns:
        raise DataError("contacts lack the column became_customer_id: the id of the private account, or missing")
    require_columns(customers, "customers", ["customer_id", "acquired_on"])
    spells, _ = _spells(users, observation_end, lost_on)
    if twice := int(customers["customer_id"].duplicated().sum()):
        raise DataError(f"customers: {twice:,} customer id(s) occur again: one row per id is needed")
    opened = with_dates(customers, "customers", ["acquired_on"]).set_index("customer_id")["acquired_on"]
    users = users.merge(spells[["customer_id", "contact_id", "since", "until"]], on=["customer_id", "contact_id"],
                        suffixes=("_given", ""))
    private = users["became_customer_id"].dropna()
    check_same_ids(private, "became_customer_id", opened.index, "customers", match=False)
    if len(lost := private[~private.isin(opened.index)]):
        raise DataError(f"contacts: {len(lost):,} private account(s) are not among the customers, first "
                        f"{shown(lost.iloc[0])}")
    users["converted_on"] = private.map(opened).reindex(users.index)
    if early := int((users["converted_on"] < users["since"]).sum()):
        raise DataError(f"contacts: {early:,} user(s) had their private account before they became contacts: leave "
                        "them out first, work did not bring them")
    converted = users["converted_on"] <= users["until"]
    until = users["converted_on"].where(converted, users["until"])
    years = (until - users["since"]).dt.days / _YEAR
    rows = {}
    for name, group in (("delighted", users["stance"] >= delighted), ("other", users["stance"] < delighted)):
        events, exposure = int(converted[group].sum()), float(years[group].sum())
        rows[name] = {"people": int(group.sum()), "person_years": exposure, "conversions": events,
                      **_rate(events, exposure, level)}
    return pd.DataFrame.from_dict(rows, orient="index")
