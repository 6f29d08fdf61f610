"""Money of accounts: whose it is, what is no revenue, and how much of it depends on one person."""

import math

import numpy as np
import pandas as pd

from crmlib.checks import (
    check_count,
    check_day,
    check_discount_rate,
    check_fraction,
    check_positive,
    shown,
)
from crmlib.errors import DataError
from crmlib.identity import account_ids
from crmlib.lines import lines_table
from crmlib.roles.tables import CATEGORIES, check_same_ids, did_you_mean, require_columns


def account_money(orders, customers, *, measure="amount", start=None, end=None, same_name="raise") -> pd.DataFrame:
    """Return the money of every account, and what internal customers were charged apart from it.

    Money is added up in whole cents, in the engine where the order lines are. Returns (negative amounts) are netted.
    What internal customers "pay" is a transfer between departments and no revenue: it stands in a column of its own.

    Parameters
    ----------
    orders : pandas.DataFrame or ibis.Table
        ``customer_id, date`` and the `measure`, as `crmlib.data.read_transactions` gives them.
    customers : pandas.DataFrame
        ``customer_id, name, category``, one row per id.
    measure : str
        The column to add up: ``"amount"`` for revenue, ``"margin"`` for margin.
    start, end : date or str, optional
        First and last day counted.
    same_name : {"raise", "merge", "separate"} or mapping
        As in `crmlib.identity.account_ids`.

    Returns
    -------
    pandas.DataFrame
        One row per account, those without orders too: ``customer_id`` (of the account), ``category``, ``ids`` (how many
        ids it has), ``money`` (0 for internal customers), ``transfers`` (0 for all others). Both columns together are
        the total of the orders, to the cent.

    Raises
    ------
    DataError
        For orders of unknown customers, categories that are not known, ids of one name in two categories, fractions
        of a cent, a period without any order.

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": [1, 2], "name": ["Xinhua", "Workshop"],
    ...                           "category": ["business", "internal"]})
    >>> orders = pd.DataFrame({"customer_id": [1, 1, 2], "date": pd.to_datetime(["2025-01-02"] * 3),
    ...                        "amount": [99.9, -9.9, 50.0]})
    >>> account_money(orders, customers)
       customer_id  category  ids  money  transfers
    0            1  business    1   90.0        0.0
    1            2  internal    1    0.0       50.0
    """
    import ibis

    require_columns(customers, "customers", ["customer_id", "name", "category"])
    if problem := did_you_mean(customers["category"], CATEGORIES, "categories"):
        raise DataError("customers: " + problem)
    ids = account_ids(customers, same_name=same_name)
    lines = lines_table(orders, ("customer_id", "date", measure), money=(measure,), name="orders")
    exact = lines[measure].cast("float64") * 100
    lines = lines.select("customer_id", day=lines.date.cast("date"), cents=exact.round().cast("int64"),
                         broken=(exact - exact.round()).abs() > 1e-4)
    first, last = (None if day is None else check_day(name, day) for name, day in (("start", start), ("end", end)))
    if first and last and first > last:
        raise ValueError(f"start {first} lies after end {last}: exchange them")
    if first:
        lines = lines.filter(lines.day >= ibis.literal(first))
    if last:
        lines = lines.filter(lines.day <= ibis.literal(last))
    sums = lines.group_by("customer_id").agg(cents=lines.cents.sum(), broken=lines.broken.sum()).execute()
    if (first or last) and sums.empty:
        raise DataError(f"orders: there is no order from {first or 'the beginning'} to {last or 'the end'}: is the "
                        "period right?")
    if broken := int(sums["broken"].sum()):
        raise DataError(f"orders: {measure} has fractions of a cent in {broken:,} line(s): round each line to cents "
                        "first")
    check_same_ids(sums["customer_id"], "orders", ids.index, "customers", match=False)
    cents = sums.set_index("customer_id")["cents"]
    unknown = cents.index.difference(ids.index)
    if len(unknown):
        raise DataError(f"orders: {len(unknown):,} customer id(s) are not among the customers, first "
                        f"{shown(unknown[0])}")
    per_id = pd.DataFrame({
        "customer_id": ids.to_numpy(), "category": customers["category"].astype(str).to_numpy(), "ids": 1,
        "cents": cents.reindex(ids.index, fill_value=0).astype("int64").to_numpy(),
    })
    mixed = per_id.groupby("customer_id")["category"].nunique()
    if (mixed > 1).any():
        raise DataError(f"customers: {int((mixed > 1).sum()):,} account(s) have ids in several categories, first "
                        f"{shown(mixed.index[mixed > 1][0])}: correct the category, or pass same_name='separate'")
    table = per_id.groupby("customer_id", as_index=False).agg(
        category=("category", "first"), ids=("ids", "sum"), cents=("cents", "sum"))
    internal = table["category"] == "internal"
    return table.drop(columns="cents").assign(
        money=table["cents"].where(~internal, 0) / 100, transfers=table["cents"].where(internal, 0) / 100)


def revenue_by_category(money) -> pd.DataFrame:
    """Add up the money of accounts by the five categories of customers.

    Parameters
    ----------
    money : pandas.DataFrame
        As `account_money` returns it.

    Returns
    -------
    pandas.DataFrame
        Index: the five categories, those without customers too. ``customers`` (accounts), ``buying`` (accounts with
        money or transfers other than 0), ``revenue``, ``share`` (of the revenue; NaN if there is none), ``transfers``.

    Raises
    ------
    DataError
        If a column is missing or a category not known.

    Examples
    --------
    >>> money = pd.DataFrame({"customer_id": [1, 2, 3], "category": ["business", "household", "internal"],
    ...                       "money": [300.0, 100.0, 0.0], "transfers": [0.0, 0.0, 50.0]})
    >>> revenue_by_category(money)[["customers", "revenue", "share", "transfers"]]
                 customers  revenue  share  transfers
    household            1    100.0   0.25        0.0
    business             1    300.0   0.75        0.0
    channel              0      0.0   0.00        0.0
    distributor          0      0.0   0.00        0.0
    internal             1      0.0   0.00       50.0
    """
    require_columns(money, "money", ["customer_id", "category", "money", "transfers"])
    if problem := did_you_mean(money["category"], CATEGORIES, "categories"):
        raise DataError("money: " + problem)
    wrong = (money["category"] == "internal") & (money["money"] != 0)
    if wrong.any():
        raise DataError(f"money: {int(wrong.sum()):,} internal customer(s) are counted as revenue: put their money "
                        "into the column transfers, as account_money does")
    cents = (money[["money", "transfers"]] * 100).round().astype("int64").assign(
        category=money["category"].astype(str), customers=1,
        buying=((money["money"] != 0) | (money["transfers"] != 0)).astype("int64"))
    table = cents.groupby("category").sum().reindex(list(CATEGORIES), fill_value=0)
    table.index.name = None
    total = int(table["money"].sum())
    return pd.DataFrame({
        "customers": table["customers"], "buying": table["buying"], "revenue": table["money"] / 100,
        "share": table["money"] / total if total else np.nan, "transfers": table["transfers"] / 100,
    })


def split_money(amount, shares) -> pd.Series:
    """Divide one amount among several payers in whole cents, so that the parts add up to it exactly.

    Cents that rounding leaves over go to the largest remainders (Hamilton's method), equal ones in the order given.

    Parameters
    ----------
    amount : float
        Money, with at most two decimals.
    shares : mapping of str to float, or Series
        Share of each payer, 0 to 1, together 1.

    Returns
    -------
    pandas.Series
        Money per payer.

    Raises
    ------
    DataError
        If the shares do not add up to 1; the message says what is missing or too much.

    Examples
    --------
    >>> split_money(100.00, {"Xinhua": 1 / 3, "Jinli": 1 / 3, "Chunxi": 1 / 3}).tolist()
    [33.34, 33.33, 33.33]
    >>> split_money(100.00, {"Xinhua": 0.5, "Jinli": 0.3, "Chunxi": 0.1})
    Traceback (most recent call last):
    crmlib.errors.DataError: the 3 shares add up to 90 %, not 100 %: 10 % of the money has no payer
    """
    shares = pd.Series(shares, dtype=float)
    if shares.empty or not shares.index.is_unique:
        raise DataError("shares must name at least one payer, each once")
    if not np.isfinite(shares).all() or (shares < 0).any():
        first = shares.index[~np.isfinite(shares) | (shares < 0)][0]
        raise DataError(f"the share of {first!r} is {shares[first]:g}: shares are numbers from 0 to 1")
    total = math.fsum(shares)
    if abs(total - 1) > 1e-9:
        if abs(total - 100) < 1e-7:
            raise DataError(f"the {len(shares)} shares add up to 100, not 1: divide them by 100")
        gap = f"{100 * (1 - total):.6g} % of the money has no payer" if total < 1 else \
            f"{100 * (total - 1):.6g} % of the money is counted twice"
        raise DataError(f"the {len(shares)} shares add up to {100 * total:.6g} %, not 100 %: {gap}")
    if not isinstance(amount, (int, float, np.number)) or not math.isfinite(amount):
        raise DataError(f"amount must be a finite amount of money, not {amount!r}")
    cents = round(amount * 100)
    if abs(amount * 100 - cents) > 1e-6 * max(1, abs(amount)):
        raise DataError(f"amount {amount!r} has fractions of a cent: round it first")
    exact = shares.to_numpy() * abs(cents)
    parts = np.floor(exact + 1e-9).astype("int64")
    left = abs(cents) - int(parts.sum())
    for position in np.argsort(-(exact - parts), kind="stable")[:left]:
        parts[position] += 1
    return pd.Series(math.copysign(1, cents) * parts / 100, index=shares.index, name="money")


def single_threaded_risk(coverage, margins, *, departure, exit_probability, multiple=1.0) -> pd.DataFrame:
    """Return the margin that depends on one person, and how much of it one year is expected to cost.

    ``expected loss = P(the contact leaves within the year) · extra exit probability · margin · multiple``, for accounts
    with exactly one known person.

    Parameters
    ----------
    coverage : pandas.DataFrame
        As `role_coverage` returns it.
    margins : pandas.Series
        Yearly margin by customer id, money. Every account needs one (0 if it bought nothing).
    departure : float
        Probability that a contact leaves within a year, see `departure_rate`.
    exit_probability : float
        Extra probability that the firm then leaves us, ``extra`` of `lone_contact_exit`: those who would have left
        anyway do not count.
    multiple : float
        How many yearly margins a lost account costs. 1 counts **one year** only. For the years after it as well, hand
        in ``crmlib.clv.retention_multiple(r, d, timing="end")``: the first margin lost is a year away.

    Returns
    -------
    pandas.DataFrame
        In the order of `coverage`: ``customer_id, people, margin, on_one_person`` (the margin, if it depends on one
        person, else 0) and ``expected_loss``. An account with a margin below 0 has nothing to lose: both are 0. Where
        nobody is known both are NaN: the risk is not zero, it is not known.

    Raises
    ------
    DataError
        If an account has no margin.
    ValueError
        For probabilities outside 0 to 1; an estimate below 0, or none, needs a decision of yours.

    Examples
    --------
    >>> coverage = pd.DataFrame({"customer_id": [1, 2, 3], "people": [1, 4, 0]})
    >>> margins = pd.Series({1: 20_000.0, 2: 90_000.0, 3: 5_000.0})
    >>> single_threaded_risk(coverage, margins, departure=0.15, exit_probability=0.4)
       customer_id  people   margin  on_one_person  expected_loss
    0            1       1  20000.0        20000.0         1200.0
    1            2       4  90000.0            0.0            0.0
    2            3       0   5000.0            NaN            NaN
    """
    require_columns(coverage, "coverage", ["customer_id", "people"])
    if isinstance(exit_probability, (int, float)) and not exit_probability >= 0:
        raise ValueError(
            "exit_probability is not a number: there was no contract year to compare; assume one, and say so"
            if math.isnan(exit_probability) else f"exit_probability {exit_probability:.3g} is below 0: by chance fewer "
            "firms left where the contact did; the records show no loss, so pass 0, and the upper limit as the worst "
            "case")
    p, e = check_fraction("departure", departure), check_fraction("exit_probability", exit_probability)
    times = check_positive("multiple", multiple, zero=True)
    margins = pd.Series(margins)
    check_same_ids(coverage["customer_id"], "coverage", margins.index, "margins", match=False)
    if twice := int(margins.index.duplicated().sum()):
        raise DataError(f"margins have {twice:,} customer id(s) again: add them up first, with "
                        "margins.groupby(level=0).sum()")
    margin = margins.reindex(coverage["customer_id"]).to_numpy(dtype=float)
    if missing := int((~np.isfinite(margin)).sum()):
        first = coverage["customer_id"].to_numpy()[~np.isfinite(margin)][0]
        raise DataError(f"{missing:,} of {len(coverage):,} accounts have no margin, first {shown(first)}: give every "
                        "account one, 0 if it bought nothing")
    people = coverage["people"].to_numpy()
    stake = np.select([people == 1, people == 0], [np.maximum(margin, 0.0), np.nan], 0.0)
    return pd.DataFrame({"customer_id": coverage["customer_id"].to_numpy(), "people": people, "margin": margin,
                         "on_one_person": stake, "expected_loss": p * e * times * stake})


def end_user_value(conversion, private_value, *, departure, discount_rate, years=None) -> float:
    """Return what an end user at work is worth as a private customer to come.

    Each year the user opens a private account with probability c, worth V; if not, they leave the firm with
    probability l and are lost to us, else the next year begins. At the end of each year's wait:
    ``c V / (1 + d) · (1 - k^n) / (1 - k)`` with ``k = (1 - c)(1 - l) / (1 + d)``. It is a Markov chain of the states
    user, private customer and gone, as `crmlib.clv.markov_lifetime_value` computes it.

    Parameters
    ----------
    conversion : float
        c, the probability per year of opening a private account.
    private_value : float
        V, what a private customer is worth on the day they come; money.
    departure : float
        l, the probability per year that the user leaves the firm.
    discount_rate : float
        d, effective, per year.
    years : int, optional
        How many years to count; without it, until the user has converted or gone.

    Returns
    -------
    float
        Money per user. It is *extra* only in so far as delight causes the conversion: compare two stances.

    Raises
    ------
    ValueError
        For probabilities outside 0 to 1, or if nobody ever converts or leaves and nothing is discounted.

    Examples
    --------
    >>> round(end_user_value(0.05, 1_000, departure=0.2, discount_rate=0.1), 2)
    147.06
    >>> round(end_user_value(0.05, 1_000, departure=0.2, discount_rate=0.1, years=1), 2)
    45.45
    """
    c, leave = check_fraction("conversion", conversion), check_fraction("departure", departure)
    d = check_discount_rate("discount_rate", discount_rate)
    stay = (1 - c) * (1 - leave) / (1 + d)
    if not isinstance(private_value, (int, float, np.number)) or not math.isfinite(private_value):
        raise ValueError(f"private_value must be a finite amount of money, not {private_value!r}")
    if years is not None:
        n = check_count("years", years)
        waits = n if stay == 1 else (1 - stay**n) / (1 - stay)
    elif stay == 1:
        raise ValueError("without departures, conversions and discounting the wait never ends: give years=…")
    else:
        waits = 1 / (1 - stay)
    return float(c * private_value / (1 + d) * waits)
