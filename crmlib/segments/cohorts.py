"""Cohorts: customers who came together, and what is left of them; and renewals by the year of the contract."""

import numpy as np
import pandas as pd

from crmlib.checks import check_choice, check_day
from crmlib.contracts import YEAR, check_years, within
from crmlib.errors import DataError
from crmlib.intervals import share_interval
from crmlib.lines import lines_table
from crmlib.rows import need_columns, need_days

PERIODS = {"month": "M", "quarter": "Q", "year": "Y"}
MEASURES = ("customers", "share", "revenue", "revenue_per_customer")


def cohort_table(lines, *, as_of, period="quarter", measure="share", incomplete="blank") -> pd.DataFrame:
    """Return what customers who came in the same period did in the periods after.

    Parameters
    ----------
    lines : pandas.DataFrame, ibis.Table or Transactions
        ``customer_id, date, amount``, a row per order or line. Summed up in the engine.
    as_of : str or date
        Last day of the data. Later lines are refused.
    period : {"month", "quarter", "year"}
        Length of the periods, by the calendar.
    measure : {"share", "customers", "revenue", "revenue_per_customer"}
        ``"customers"``: how many of the cohort had a purchase day in the period; ``"share"``: the same, divided by the
        cohort; ``"revenue"``: money, returns deducted; ``"revenue_per_customer"``: the same, divided by the
        **original** cohort.
    incomplete : {"blank", "keep"}
        If `as_of` is not the last day of its period, that period is left blank, or kept because you say so.

    Returns
    -------
    pandas.DataFrame
        One row per cohort, index ``cohort`` (the period as text, as in "2023Q1"); the column ``size`` (customers), then
        one per age: 0 is the period of the first purchase. NaN where the period lies after the data; 0 where nobody
        came. With ``"revenue"``, the table adds up to the revenue of the complete periods, in whole cents.

    Raises
    ------
    DataError
        If columns or values are missing, or lines lie after `as_of`.
    ValueError
        If an argument is not known.

    Notes
    -----
    The first purchase **in the data** is taken for the first. If the data begin in the middle of customers' lives, the
    first cohort is a mixture. A customer who buys nothing in a period may well come back: this is activity, not
    retention. Customers with returns only have no first purchase and are left out.

    Examples
    --------
    >>> lines = pd.DataFrame({
    ...     "customer_id": ["a", "a", "b", "c"],
    ...     "date": pd.to_datetime(["2024-02-01", "2024-08-01", "2024-03-01", "2024-07-01"]),
    ...     "amount": [10.0, 20.0, 30.0, 5.0]})
    >>> cohort_table(lines, as_of="2024-12-31", period="quarter", measure="share").rename_axis(None)
            size    0    1    2    3
    2024Q1     2  1.0  0.0  0.5  0.0
    2024Q3     1  1.0  0.0  NaN  NaN
    """
    import ibis

    from crmlib.btyd.summaries import customer_days

    end, unit = check_day("as_of", as_of), PERIODS[check_choice("period", period, PERIODS)]
    measure = check_choice("measure", measure, MEASURES)
    incomplete = check_choice("incomplete", incomplete, ("blank", "keep"))
    table = lines_table(lines, ("customer_id", "date", "amount"))
    late = int(table.filter(table.date.cast("date") > ibis.literal(end)).count().execute())
    if late:
        raise DataError(f"{late:,} lines are dated after as_of={end}: pass the last day of the data, or filter them")
    days = customer_days(table, end)
    first = days.filter(days.is_purchase).group_by("customer_id").agg(first=lambda t: t.day.min().truncate(unit))
    days = days.mutate(period=days.day.truncate(unit))
    per = (
        days.join(first, "customer_id").group_by("first", "period")
        .agg(active=lambda t: t.customer_id.nunique(where=t.is_purchase), cents=lambda t: t.cents.sum()).execute()
    )
    if per.empty:
        raise DataError(f"no customer has a purchase up to {end}: check the date against the lines")
    frequency = {"M": "M", "Q": "Q", "Y": "Y"}[unit]
    cohort, when = (pd.PeriodIndex(pd.to_datetime(per[name]), freq=frequency) for name in ("first", "period"))
    per = per.assign(cohort=cohort, age=[b.ordinal - a.ordinal for a, b in zip(cohort, when, strict=True)])
    if (per["age"] < 0).any():  # a return before the first purchase: of an order made before the data
        early = per[per["age"] < 0]
        raise DataError(f"returns lie before the first purchase of their customers, in {len(early):,} cohort(s), "
                        f"{early['cents'].sum() / 100:,.2f} in all: of orders made before the data begin? "
                        "Drop them first")
    last = pd.Period(pd.Timestamp(end), freq=frequency)
    whole = last.end_time.date() == end
    newest = last if whole or incomplete == "keep" else last - 1
    cohorts = pd.period_range(per["cohort"].min(), per["cohort"].max(), freq=frequency)
    cohorts = cohorts[cohorts.isin(per["cohort"])]
    size = per[per["age"] == 0].set_index("cohort")["active"].reindex(cohorts)
    column = "active" if measure in ("customers", "share") else "cents"
    wide = per.pivot(index="cohort", columns="age", values=column).reindex(
        index=cohorts, columns=range(int(newest.ordinal - cohorts[0].ordinal) + 1)).fillna(0.0)
    seen = np.array([[c.ordinal + age <= newest.ordinal for age in wide.columns] for c in cohorts])
    wide = wide.where(seen).astype(float)
    if column == "cents":
        wide = wide / 100
    if measure in ("share", "revenue_per_customer"):
        wide = wide.div(size, axis=0)
    wide.insert(0, "size", size.astype(int))
    wide.index = pd.Index(wide.index.astype(str), name="cohort")
    wide.columns.name = None
    return wide


def retention_table(contracts, *, by="year_number", level=0.95) -> pd.DataFrame:
    """Return the renewal rate of contracts, by their year or by another column, with an interval.

    Parameters
    ----------
    contracts : pandas.DataFrame or ibis.Table
        One row per contract and term: `by` and ``renewed``, true or false; missing where the term has not ended yet.
    by : str
        The column to group by: ``"year_number"`` (1 is the first term), or a class.
    level : float
        Confidence level of the interval (Wilson), strictly between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        One row per value of `by`: ``due`` (terms that ended), ``renewed``, ``rate, low, high`` (shares; NaN where none
        was due), ``pending`` (terms still running, which do not count).

    Raises
    ------
    DataError
        If columns are missing, `by` has gaps, or ``renewed`` is not true/false.

    Notes
    -----
    A rate that rises with the year does not show that customers become loyal: those with a high probability of leaving
    leave first, and the rest look better every year although nobody has changed (chapter 06, `crmlib.clv.fit_sbg`).
    The interval takes terms as independent.

    Examples
    --------
    >>> contracts = pd.DataFrame({"year_number": [1, 1, 1, 1, 2, 2, 3],
    ...                           "renewed": pd.array([True, True, True, False, True, True, None], dtype="boolean")})
    >>> retention_table(contracts).round(2).rename_axis(None)
       due  renewed  rate   low  high  pending
    1    4        3  0.75  0.30  0.95        0
    2    2        2  1.00  0.34  1.00        0
    3    0        0   NaN   NaN   NaN        1
    """
    if not isinstance(contracts, pd.DataFrame):
        if not hasattr(contracts, "execute"):
            raise TypeError(f"contracts must be a pandas DataFrame or an Ibis table, not {type(contracts).__name__}")
        contracts = contracts.select(by, "renewed").execute()
    need_columns("contracts", contracts, (by, "renewed"))
    gaps = int(contracts[by].isna().sum())
    if gaps:
        raise DataError(f"{gaps:,} of {len(contracts):,} contracts have no {by}: drop them, or give them a group")
    known = contracts["renewed"].dropna()
    if not known.isin([True, False]).all():
        raise DataError(f"renewed must be true, false or missing (still running); found {known.unique()[:5].tolist()}")
    ended = contracts["renewed"].notna()
    groups = pd.DataFrame({
        "due": ended.astype(int), "renewed": contracts["renewed"].fillna(False).astype(int),
        "pending": (~ended).astype(int),
    }).groupby(contracts[by], observed=True).sum()
    low, high = share_interval(groups["renewed"], groups["due"], level=level)
    rate = groups["renewed"] / groups["due"].where(groups["due"] > 0)
    table = groups.assign(rate=rate, low=low, high=high)
    return table[["due", "renewed", "rate", "low", "high", "pending"]]


def undisturbed(contracts, *, contacts=None, incidents=None) -> pd.DataFrame:
    """Return the contract terms in which nothing happened that could have driven the customer away.

    Parameters
    ----------
    contracts : pandas.DataFrame
        ``contract_id, customer_id, started_on, due_on``.
    contacts : pandas.DataFrame, optional
        ``customer_id, date``: keep only terms **with** one of them in it (contacts that do not sell, say).
    incidents : pandas.DataFrame, optional
        ``customer_id, date``: keep only terms **without** any.

    Returns
    -------
    pandas.DataFrame
        The rows of `contracts` that are left, unchanged. A term runs from ``started_on`` to the day before ``due_on``.

    Raises
    ------
    DataError
        If columns or days are missing, days are text, or a contract stands twice.

    Notes
    -----
    ``contacts`` selects: whoever can leave within a term has less time to be contacted. Only for terms that always run
    to ``due_on``.

    Examples
    --------
    >>> contracts = pd.DataFrame({"contract_id": [1, 2], "customer_id": [7, 8],
    ...     "started_on": pd.to_datetime(["2024-01-01"] * 2), "due_on": pd.to_datetime(["2025-01-01"] * 2)})
    >>> calls = pd.DataFrame({"customer_id": [7, 8], "date": pd.to_datetime(["2024-05-01", "2025-01-01"])})
    >>> undisturbed(contracts, contacts=calls)["contract_id"].tolist()
    [1]
    """
    need_columns("contracts", contracts, YEAR)
    if len(contracts):  # of nobody, days may be of any type
        check_years(contracts)
    keep = pd.Series(True, index=contracts.index)
    for name, events, wanted in (("contacts", contacts, True), ("incidents", incidents, False)):
        if events is None:
            continue
        need_columns(name, events, ("customer_id", "date"))
        if len(events):
            need_days(name, events, ("date",))
        inside = within(contracts, events[["customer_id", "date"]], name=name)
        keep &= contracts["contract_id"].isin(inside["contract_id"]) == wanted
    return contracts[keep]
