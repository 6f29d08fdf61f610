"""The measures of the closing chapter in the case company: what each costs and keeps, estimated, and in truth.

All measures are of one year, 2026; what they keep or win is counted as the profit of some years after it. Everything
that is estimated is a ratio of sums over customers, so that one table of sums (`Position.sums`) gives the estimates,
and its bootstrap the intervals of every plan. The key accounts have a measure of their own and are in no other; dealers
and distributors that are no key accounts are in none. Calls and the handling of failures reach the same contract
customers; each works on another cause of leaving, so their gains are added, and the product of the two small rises is
left out, in the estimates and in the truth.

A gain is counted over doing nothing of the kind in the year to come: over calling nobody, over blaming first as today,
over no customer more than come anyway.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmlib import churn, clv, outreach
from crmlib.checks import check_count
from crmlib.data.case import NOT_SELLING
from crmlib.errors import DataError
from crmlib.identity import account_ids, replace_ids
from crmlib.strategy.plan import choose_measures, customer_draws

CHANNELS = ("search", "promotion", "fair", "cold_call")  # where more customers can be bought
HANDLINGS = ("blame_first", "repaired", "replaced_at_once")
STRATEGY = {  # measure: cell of the growth matrix
    "see the key accounts": "loyalty", "call whom nobody spoke to": "loyalty", "call the others too": "loyalty",
    "repair without blame": "loyalty", "new machine at once": "loyalty", "call back who left": "loyalty",
    **{f"more by {name.replace('_', ' ')}": "acquisition" for name in CHANNELS},
}
KNOWN_FROM = {  # where the effect of a measure comes from
    "see the key accounts": "comparison", "call whom nobody spoke to": "lot", "call the others too": "lot",
    "repair without blame": "chance", "new machine at once": "chance", "call back who left": "past calls",
    **{f"more by {name.replace('_', ' ')}": "past customers" for name in CHANNELS},
}
CONTROLS = 0.25  # of the customers of a call are not called, by lot, so that next year it is known what a call keeps
# what a new customer leaves in truth in the first, second and third year: mean of 40 companies of 30,000 customers
# (`process_years`, seeds 1 to 40); the standard error of three years together is below 1 %
NEW_CUSTOMERS = {
    "search": (792.0, 257.3, 209.7), "promotion": (580.3, 132.8, 105.3),
    "fair": (1189.6, 469.1, 396.2), "cold_call": (1145.5, 431.6, 364.9),
}
INPUTS = {
    "discount_rate": 0.10,  # a year
    "years": 3,  # of profit that are counted
    "second_life": 0.60,  # retention of who was won back, a year: a guess
    "price": 1.5,  # of one more customer, as a multiple of what one cost last year: the offers in hand
    # what is left of an effect, once it is no trial and no history any more; 1 is all of it
    "call": 1.0, "care": 1.0, "repair": 1.0, "winning back": 1.0, "new customers": 1.0,
}
YEAR = pd.Timedelta(days=365)
TENURES = (1, 2, 3)


@dataclass(frozen=True)
class Position:
    """What is known of the company on the last day of its data.

    Attributes
    ----------
    books : dict
        Of `company_books`.
    accounts : pandas.Index
        The key accounts.
    leavers : pandas.Index
        Whom to call back: did not renew in the last year, earned us money, not called yet.
    sums : pandas.DataFrame
        One row per customer, whatever is added up: see `measures`.
    counts : dict of str to float
        What is known and not estimated: ``open`` (contracts that end in the year to come), ``more by …`` (customers a
        channel brought last year), ``cost …`` (of one contact, or of one customer won).
    """

    books: dict
    accounts: pd.Index
    leavers: pd.Index
    sums: pd.DataFrame
    counts: dict


def company_books(case) -> dict:
    """Return the books of everybody outside the firm, whoever registered twice under one id.

    Parameters
    ----------
    case : Case

    Returns
    -------
    dict
        ``customers`` (by id; ``retail`` marks households and businesses), ``orders, interactions, incidents, contracts,
        winbacks`` with one id per customer, ``years``: the contract years (`crmlib.churn.contract_years`) with
        ``next_profit``, the profit of the year after where that is over, and ``end``: the day after the last one.

    Examples
    --------
    >>> from crmlib.data import load_case
    >>> books = company_books(load_case())
    >>> len(books["customers"]), len(books["years"])
    (3078, 2949)
    """
    books = _outside(case)
    talks = books["interactions"]
    years = churn.contract_years(
        books["contracts"], contacts=talks[talks["purpose"].isin(NOT_SELLING)], incidents=books["incidents"],
        lines=books["orders"], costs={name: books[name][["customer_id", "date", "cost"]]
                                      for name in ("interactions", "incidents")})
    years = years.sort_values(["customer_id", "started_on"], ignore_index=True)
    after = years.groupby("customer_id")[["profit", "renewed"]].shift(-1)
    books["years"] = years.assign(next_profit=after["profit"].where(after["renewed"].notna()))
    return books


def _outside(case):
    """The books without contract years."""
    outside = case.customers[case.customers["category"] != "internal"]
    ids = account_ids(outside, same_name="merge")
    books = {"end": pd.Timestamp(case.observation_end) + pd.Timedelta(days=1)}
    books |= {name: replace_ids(table[table["customer_id"].isin(outside["customer_id"])], ids) for name, table in (
        (name, getattr(case, name)) for name in ("orders", "interactions", "incidents", "contracts", "winbacks"))}
    books["customers"] = outside[outside["customer_id"].isin(ids)].set_index("customer_id").assign(
        retail=lambda table: table["category"].isin(["household", "business"]))
    return books


def running_profit(books) -> pd.Series:
    """Return what each customer leaves a year once the first order is over: margin less the cost to serve.

    The first order holds the machine, and comes once. Years run from the first day to the end of a contract that was
    not renewed, or to the end of the data; at least half a year is counted.

    Parameters
    ----------
    books : dict
        Of `company_books`.

    Returns
    -------
    pandas.Series
        Money a year by customer.
    """
    people, orders = books["customers"], books["orders"]
    start, contract = people["acquired_on"], orders["product_id"] == "S01"
    profit = _sum(orders[~contract & (orders["date"] > orders["customer_id"].map(start))], "margin", people.index)
    for name in ("interactions", "incidents"):
        after = books[name]["date"] >= books[name]["customer_id"].map(start)
        profit = profit - _sum(books[name][after], "cost", people.index)
    last = books["years"].groupby("customer_id").tail(1).set_index("customer_id")
    stop = last["due_on"].where(_is(last["renewed"], False)).reindex(people.index).fillna(books["end"])
    payment = _sum(orders[contract], "margin", people.index) / orders[contract].groupby("customer_id").size().reindex(
        people.index)
    return profit / ((stop - start) / YEAR).clip(lower=0.5) + payment.fillna(0.0)


def _sum(table, column, index):
    """Sum money by customer in whole cents."""
    cents = (table[column] * 100).round().astype("int64").groupby(table["customer_id"]).sum()
    return cents.reindex(index).fillna(0) / 100


def _is(column, value):
    return column.eq(value).fillna(False).astype(bool)


def position(case, accounts, *, books=None) -> Position:
    """Return what is known of a company on the last day of its data, ready for `measures`.

    Parameters
    ----------
    case : Case
    accounts : sequence
        Ids of the key accounts.
    books : dict, optional
        Of `company_books`, if they are there already.

    Returns
    -------
    Position

    Raises
    ------
    DataError
        If an account is no customer, or stands twice.
    """
    books = company_books(case) if books is None else books
    people, years, accounts = books["customers"], books["years"], pd.Index(accounts)
    if strange := [each for each in accounts if each not in people.index]:
        raise DataError(f"{len(strange):,} of {len(accounts):,} key accounts are no customers, the first is "
                        f"{strange[0]!r}: give customer ids, of one id per customer")
    if accounts.has_duplicates:
        raise DataError(f"the key account {accounts[accounts.duplicated()][0]} stands twice")
    profit, last_year = running_profit(books), books["end"] - YEAR
    ours = years["customer_id"].map(people["retail"]) & ~years["customer_id"].isin(accounts)
    left = years[ours & _is(years["renewed"], False) & (years["due_on"] >= last_year)]["customer_id"]
    left = left[(left.map(profit) > 0) & ~left.isin(books["winbacks"]["customer_id"])]
    leavers = pd.Index(left, name="customer_id")
    sums = _contract_sums(years, ours, profit) | _channel_sums(books)
    tries = books["winbacks"].query("offer == 'call' and returned.notna()")
    sums |= {"tries": tries.groupby("customer_id").size(), "returned": tries["returned"].astype(int).groupby(
        tries["customer_id"]).sum(), "left profit": profit[leavers], "list profit": profit[accounts]}
    sums |= _list_sums(books, accounts)
    handled = books["incidents"][books["incidents"]["customer_id"].isin(years.loc[ours, "customer_id"])]
    for way, part in handled.groupby("handling"):
        sums |= {f"{way} number": part.groupby("customer_id").size(), f"{way} cost": _sum(part, "cost", people.index)}
    table = pd.DataFrame(sums).reindex(people.index).fillna(0.0)
    return Position(books, accounts, leavers, table, _counts(books, ours))


def _contract_sums(years, ours, profit):
    """Sums over contract years by customer; what ends in ``money`` is weighted by the customer's running profit."""
    decided, stayed = years["renewed"].notna() & ours, _is(years["renewed"], True)
    called, worth = _is(years["campaign"], "call"), years["customer_id"].map(profit)
    of_trial = decided & years["campaign"].notna()
    rows = {"due": decided, "renewed": decided & stayed, "failures": decided * years["failures"],
            "open money": (ours & years["renewed"].isna()) * worth}
    for name, silent in (("overlooked", years["neglected"]), ("seen", ~years["neglected"])):
        rows |= {f"{name} due": decided & silent, f"{name} stayed": decided & silent & ~called & stayed,
                 f"{name} not called": decided & silent & ~called, f"{name} due money": (decided & silent) * worth}
        for arm, chosen in (("called", called), ("control", ~called)):
            rows |= {f"{name} {arm} money": (of_trial & silent & chosen) * worth,
                     f"{name} {arm} stayed money": (of_trial & silent & chosen & stayed) * worth}
    after = decided & (years["failures"] > 0) & years["next_profit"].notna()
    rows |= {"failed next": after, "failed next profit": years["next_profit"].where(after, 0.0)}
    for way in HANDLINGS:  # years with one failure, so that it is known what it was followed by
        once = years["renewed"].notna() & (years["failures"] == 1) & _is(years["handling"], way)
        rows |= {f"{way} once": once, f"{way} once stayed": once & stayed}
    table = pd.DataFrame({name: np.asarray(row, dtype=float) for name, row in rows.items()})
    return dict(table.groupby(years["customer_id"].to_numpy()).sum().items())


def _channel_sums(books, since="2023-01-01"):
    """What customers of a channel leave in their first years; only years that began since that day and are over."""
    people, sums = books["customers"], {}
    start = people["acquired_on"]
    money = pd.concat([books["orders"][["customer_id", "date"]].assign(money=books["orders"]["margin"]), *(
        books[name][["customer_id", "date"]].assign(money=-books[name]["cost"]) for name in (
            "interactions", "incidents"))])
    age = (money["date"] - money["customer_id"].map(start)).dt.days
    money, age = money[age >= 0], age[age >= 0]
    for k in TENURES:
        begin = start + (k - 1) * YEAR
        over = (begin >= since) & (begin + YEAR <= books["end"]) & people["retail"]
        left = _sum(money[age // 365 == k - 1], "money", people.index)
        for channel in CHANNELS:
            chosen = over & (people["channel"] == channel)
            sums |= {f"{channel} {k}": chosen.astype(float), f"{channel} {k} profit": left.where(chosen, 0.0)}
    return sums


def _list_sums(books, accounts):
    """In how many of the last two years the key accounts were there, and in how many nobody spoke to them."""
    talks, sums = books["interactions"], {}
    talks, start = talks[talks["purpose"].isin(NOT_SELLING)], books["customers"]["acquired_on"]
    for back in (1, 2):
        begin = books["end"] - back * YEAR
        inside = talks["date"].between(begin, begin + YEAR, inclusive="left")
        there = (start[accounts] <= begin).astype(float)
        sums |= {f"list year {back}": there,
                 f"list silent {back}": there * ~accounts.isin(talks.loc[inside, "customer_id"])}
    return sums


def _counts(books, ours):
    people, talks, years = books["customers"], books["interactions"], books["years"]
    new = people[(people["acquired_on"] >= books["end"] - YEAR) & people["retail"] & (people["acquisition_cost"] > 0)]
    before = talks[talks["date"] < talks["customer_id"].map(people["acquired_on"])]
    paid = new["acquisition_cost"] + _sum(before, "cost", new.index)
    counts = {"open": float((ours & years["renewed"].isna()).sum()),
              "cost call": talks.loc[talks["purpose"] == "renewal", "cost"].mean(),
              "cost visit": talks.loc[talks["medium"] == "visit", "cost"].mean(),
              "cost callback": books["winbacks"].query("offer == 'call'")["cost"].mean()}
    for channel in CHANNELS:
        counts |= {f"more by {channel}": float((new["channel"] == channel).sum()),
                   f"cost {channel}": paid[new["channel"] == channel].mean()}
    return counts


# ------------------------------------------------------------------------------------ estimates


def trial_rows(place) -> pd.DataFrame:
    """Return the decided contract years of the trial of calls, without key accounts, dealers and distributors.

    Parameters
    ----------
    place : Position

    Returns
    -------
    pandas.DataFrame
        Rows of ``books["years"]`` with ``called`` and ``measure``: the measure that would have called the customer.
    """
    years, people = place.books["years"], place.books["customers"]
    rows = years[years["renewed"].notna() & years["campaign"].notna() & years["customer_id"].map(people["retail"])
                 & ~years["customer_id"].isin(place.accounts)]
    return rows.assign(called=_is(rows["campaign"], "call"), measure=np.where(
        rows["neglected"], "call whom nobody spoke to", "call the others too"))


def new_customer_values(totals, *, discount_rate=INPUTS["discount_rate"], years=INPUTS["years"]) -> dict:
    """Return what a customer of each channel leaves in the first years, before what winning costs, by channel.

    ``Σ_k mean profit in the k-th year / (1 + d)^(k - 1)``: all who were won count in every year, whether they stayed
    or not. After the third year, which is as far as the books carry, the last ratio goes on.

    Parameters
    ----------
    totals : pandas.Series or pandas.DataFrame
        Totals of ``Position.sums``, or draws of them.
    discount_rate, years
        As in `INPUTS`.
    """
    means = {channel: [totals[f"{channel} {k} profit"] / totals[f"{channel} {k}"] for k in TENURES]
             for channel in CHANNELS}
    return _discounted(means, discount_rate, years)


def _discounted(means, discount_rate, years):
    """Sum of yearly means by channel."""
    values = {}
    for channel, mean in means.items():
        mean = list(mean)
        while len(mean) < check_count("years", years):
            mean.append(mean[-1] * mean[-1] / mean[-2])
        values[channel] = sum(each / (1 + discount_rate) ** k for k, each in enumerate(mean[:years]))
    return values


def _kept(rate, inputs):
    """How many yearly profits a customer kept is worth; the first one comes at once."""
    return clv.lifetime_value(1.0, np.asarray(rate), inputs["discount_rate"], timing="immediate",
                              periods=check_count("years", inputs["years"]))


def _inputs(inputs):
    if strange := [name for name in inputs if name not in INPUTS]:
        raise ValueError(f"there is no input {strange[0]!r}: inputs are {', '.join(INPUTS)}")
    return INPUTS | inputs


def _gains(totals, place, inputs):
    """Gain of every measure, from totals or from draws of them."""
    t, counts = totals, place.counts
    worth = _kept(t["renewed"] / t["due"], inputs)
    silent = (t["list silent 1"] + t["list silent 2"]) / (t["list year 1"] + t["list year 2"])
    driven_away = t["seen stayed"] / t["seen not called"] - t["overlooked stayed"] / t["overlooked not called"]
    gains = {"see the key accounts": t["list profit"] * silent * driven_away * worth * inputs["care"]}
    for name, group in (("call whom nobody spoke to", "overlooked"), ("call the others too", "seen")):
        kept = (t[f"{group} called stayed money"] / t[f"{group} called money"]
                - t[f"{group} control stayed money"] / t[f"{group} control money"])
        share = t[f"{group} due money"] / (t["overlooked due money"] + t["seen due money"])
        gains[name] = t["open money"] * share * kept * worth * inputs["call"]
    stay = {way: t[f"{way} once stayed"] / t[f"{way} once"] for way in HANDLINGS}
    at_stake = t["failed next profit"] / t["failed next"] * worth * inputs["repair"]
    blamed, others = _failures(t, counts)
    gains["repair without blame"] = blamed * (stay["repaired"] - stay["blame_first"]) * at_stake
    gains["new machine at once"] = (blamed + others) * (stay["replaced_at_once"] - stay["repaired"]) * at_stake
    second = _kept(inputs["second_life"], inputs) * inputs["winning back"]
    gains["call back who left"] = t["returned"] / t["tries"] * t["left profit"] * second
    values = new_customer_values(t, discount_rate=inputs["discount_rate"], years=inputs["years"])
    for channel, value in values.items():
        gains[f"more by {channel.replace('_', ' ')}"] = counts[f"more by {channel}"] * value * inputs["new customers"]
    return gains


def _failures(t, counts):
    """Failures to come in a year that would be blamed on somebody first, and that would be repaired quietly."""
    number = counts["open"] * t["failures"] / t["due"]
    handled = sum(t[f"{way} number"] for way in HANDLINGS)
    return number * t["blame_first number"] / handled, number * t["repaired number"] / handled


def _costs(totals, place, inputs):
    """What every whole measure costs."""
    t, counts = totals, place.counts
    silent = t["overlooked due"] / t["due"]
    each = {way: t[f"{way} cost"] / t[f"{way} number"] for way in HANDLINGS}
    blamed, others = _failures(t, counts)
    costs = {
        "see the key accounts": len(place.accounts) * counts["cost visit"],
        "call whom nobody spoke to": counts["open"] * silent * counts["cost call"],
        "call the others too": counts["open"] * (1 - silent) * counts["cost call"],
        "repair without blame": blamed * max(each["repaired"] - each["blame_first"], 0.0),
        "new machine at once": (blamed + others) * max(each["replaced_at_once"] - each["repaired"], 0.0),
        "call back who left": len(place.leavers) * counts["cost callback"],
    }
    for channel in CHANNELS:
        costs[f"more by {channel.replace('_', ' ')}"] = (counts[f"more by {channel}"] * counts[f"cost {channel}"]
                                                         * inputs["price"])
    return costs


def measures(place, **inputs) -> pd.DataFrame:
    """Return what every measure of the year to come costs, and what it is estimated to bring.

    =========================  =====================================================================================
    measure                    gain
    =========================  =====================================================================================
    see the key accounts       running profit of the list × share of years in which nobody spoke to them × (renewals
                               of organisations and households spoken to - of those not) × worth
    call whom nobody spoke to  profit at stake with them × share of it that the trial kept × worth
    call the others too        the same, of those spoken to
    repair without blame       failures that would be blamed first × rise in renewals × profit at stake × worth
    new machine at once        all these failures and those repaired × rise over a repair × profit at stake × worth
    call back who left         chance of a call × profit of those who left × worth of a second life
    more by …                  as many customers again as last year × what one of them leaves in the first years
    =========================  =====================================================================================

    *Worth* is how many yearly profits a customer kept is worth, at everybody's renewal rate: ``Σ (r / (1 + d))^t``
    over the years counted, the first at once (`crmlib.clv.lifetime_value`).

    Parameters
    ----------
    place : Position
    **inputs
        Instead of those of `INPUTS`.

    Returns
    -------
    pandas.DataFrame
        Index measure: ``strategy`` (cell of the growth matrix), ``known_from`` (where the effect comes from: *lot*, a
        trial by lot; *chance*, what chance decided; *comparison* of customers who may differ otherwise; *past calls* or
        *past customers*, who would be the same again), ``gain, cost, net`` (money).

    Raises
    ------
    DataError
        If a number cannot be computed, because the books hold nobody of that kind.
    ValueError
        If an input is not known.

    Examples
    --------
    >>> from crmlib.data import load_case
    >>> table = measures(position(load_case(), [20, 33]))
    >>> table["strategy"].value_counts().to_dict(), table.index[table["net"] > 0].tolist()[:1]
    ({'loyalty': 6, 'acquisition': 4}, ['call whom nobody spoke to'])
    """
    inputs, totals = _inputs(inputs), place.sums.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        table = pd.DataFrame({"gain": pd.Series(_gains(totals, place, inputs), dtype=float),
                              "cost": pd.Series(_costs(totals, place, inputs), dtype=float)})
    if unknown := table.index[~np.isfinite(table).all(axis=1)].tolist():
        raise DataError(f"{', '.join(unknown)}: the books hold nobody to learn it from, so it cannot be estimated; "
                        "a larger company can")
    table.insert(0, "strategy", pd.Series(STRATEGY))
    table.insert(1, "known_from", pd.Series(KNOWN_FROM))
    return table.assign(net=table["gain"] - table["cost"]).rename_axis("measure")


def best_yuan_first(table, budget, *, controls=CONTROLS) -> pd.DataFrame:
    """Return `choose_measures` of a table of `measures`, if part of every list of calls is kept out by lot.

    Controls are neither called nor paid for, and what calling them would have kept is not counted.

    Parameters
    ----------
    table : pandas.DataFrame
        ``gain, cost`` by measure.
    budget : float
        Money.
    controls : float
        Share of a list of calls that is not called, 0 to 1.

    Returns
    -------
    pandas.DataFrame
        As `choose_measures`; the ``share`` of a call is of the whole list, at most ``1 - controls``.

    Examples
    --------
    >>> table = pd.DataFrame({"gain": [80.0, 30.0], "cost": [8.0, 10.0]}, index=["call the others too", "more by fair"])
    >>> best_yuan_first(table, 11)[["share", "spend", "net"]].to_numpy().tolist()
    [[0.75, 6.0, 54.0], [0.5, 5.0, 10.0]]
    """
    most = pd.Series(1.0, index=table.index).where(table.index.map(KNOWN_FROM) != "lot", 1 - controls)
    plan = choose_measures(table[["gain", "cost"]].mul(most, axis=0), budget)
    return plan.assign(share=plan["share"] * most)


def recommended(place, budget, *, level=0.90, controls=CONTROLS, **inputs) -> pd.DataFrame:
    """Return the plan: measures that bring more than they cost, the best yuan first, and no call that is not shown.

    A call can do harm, and money hangs on a few large customers, so that its sign is often luck. Therefore calls are
    bought only if the trial has shown that they keep **customers**: the interval of the rise lies above zero. Of the
    other measures no such proof is asked.

    Parameters
    ----------
    place : Position
    budget : float
        Money.
    level : float
        Of the interval of the rise.
    controls : float
        As in `best_yuan_first`.
    **inputs
        As in `measures`.

    Returns
    -------
    pandas.DataFrame
        As `measures`, with ``shown`` ("yes" or "no" for a call, empty for what has no trial by lot) and ``share, spend,
        planned`` (net of the share).
    """
    table, rows = measures(place, **inputs), trial_rows(place)
    rise = outreach.average_effect(rows["renewed"], rows["called"], by=rows["measure"], groups=rows["customer_id"],
                                   level=level)
    by_lot = table["known_from"] == "lot"  # a bound that is missing shows nothing
    table["shown"] = np.where(~by_lot, "", np.where(rise["low"].reindex(table.index) > 0, "yes", "no"))
    plan = best_yuan_first(allowed(table), budget, controls=controls)
    return table.assign(share=plan["share"], spend=plan["spend"], planned=plan["net"])


def allowed(table) -> pd.DataFrame:
    """Return ``gain, cost`` of a table of `recommended`, with no gain where a call is not shown."""
    return table[["gain", "cost"]].assign(gain=table["gain"].where(table["shown"] != "no", 0.0))


def proposals(table, budget) -> tuple[dict, pd.DataFrame]:
    """Return the recommended plan, the plans that others want, and the table of measures with the hotline in it.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `recommended`.
    budget : float
        Money.

    Returns
    -------
    plans : dict of str to pandas.Series
        Shares by measure, for `plan_values`. The honest rival is *best yuan, no proof*: the same rule without the
        demand that a call be shown.
    measures : pandas.DataFrame
        ``gain, cost`` by measure; the hotline costs the whole budget and is granted the effect of a call on everybody
        whom nobody spoke to.
    """
    overlooked, others = "call whom nobody spoke to", "call the others too"
    new = table["strategy"] == "acquisition"
    hotline = pd.DataFrame({"gain": table.loc[overlooked, "gain"], "cost": budget}, index=["hotline"])
    return {
        "recommended": table["share"],
        "best yuan, no proof": best_yuan_first(table, budget)["share"],
        "sales: best channels": choose_measures(table[new], budget)["share"],
        "sales: all channels": pd.Series(min(1.0, budget / table.loc[new, "cost"].sum()), index=table.index[new]),
        "only what keeps": table["share"].where(~new, 0.0),
        "finance: all calls": pd.Series({overlooked: 1.0, others: 1.0}),
        "quality: machines": pd.Series({"repair without blame": 1.0, "new machine at once": 1.0}),
        "service: hotline": pd.Series({"hotline": 1.0}),
    }, pd.concat([table[["gain", "cost"]], hotline])


def optimism(table, drawn, budget) -> float:
    """Return by how much choosing makes a plan promise too much, as a firm itself can estimate it.

    In every draw the plan is chosen anew from the gains of that draw. What it promises there, less what it nets with
    the gains of all customers, is what choice and chance added; the same difference of the plan as it stands is
    chance alone, and is deducted. The rule which calls are shown is not drawn.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `recommended`.
    drawn : pandas.DataFrame
        Of `gain_draws`.
    budget : float
        Money.

    Returns
    -------
    float
        Money, of the whole plan.

    Examples
    --------
    >>> table = pd.DataFrame({"gain": [10.0, 10.0], "cost": [9.0, 9.0], "shown": "", "share": 1.0}, index=["a", "b"])
    >>> optimism(table, pd.DataFrame({"a": [20.0, 0.0], "b": [10.0, 10.0]}), 100)
    5.0
    """
    base, extra = allowed(table), 0.0
    gains = drawn[list(base.index)] * (table["shown"] != "no")
    for _, gain in gains.iterrows():
        share = best_yuan_first(base.assign(gain=gain), budget)["share"]
        extra += ((share - table["share"]) * (gain - base["gain"])).sum()
    return float(extra / len(gains))


def gain_draws(place, *, draws=1000, seed=0, **inputs) -> pd.DataFrame:
    """Return the gains of all measures, estimated anew from samples of the customers, drawn once for all.

    Parameters
    ----------
    place : Position
    draws, seed : int
        As in `customer_draws`.
    **inputs
        As in `measures`.

    Returns
    -------
    pandas.DataFrame
        One row per draw, a column per measure.
    """
    inputs, drawn = _inputs(inputs), customer_draws(place.sums, draws=draws, seed=seed)
    with np.errstate(divide="ignore", invalid="ignore"):
        table = pd.DataFrame(_gains(drawn, place, inputs))
    if bad := int((~np.isfinite(table)).any(axis=1).sum()):
        raise DataError(f"in {bad:,} of {len(table):,} draws somebody is missing to learn from: the company is too "
                        "small for an interval")
    return table


# ---------------------------------------------------------------------------------------- truth


def true_gains(case, place, *, new_customers=None, **inputs) -> pd.Series:
    """Return what every measure brings in truth, as only the makers of a company can know.

    Contracts: the two true chances of leaving of each, times the customer's true profit a year, over the years
    counted at the customer's own chance of staying. Failures, win-back and key accounts: the effects that were built
    in, customer by customer. Customers to come: the mean of many more customers of the same making.

    Parameters
    ----------
    case : Case
    place : Position
        Of the same company.
    new_customers : dict, optional
        What a new customer of each channel leaves; by default that of `NEW_CUSTOMERS`. A company that was made with
        other effects needs its own, of `process_values` with the same discount rate and years.
    **inputs
        As in `measures`; what is true cannot be changed by them: of `INPUTS`, only ``discount_rate`` and ``years``.

    Returns
    -------
    pandas.Series
        Gain by measure.

    Notes
    -----
    Not known even to the truth, and taken from the books: what an order earns and what serving costs, of customers
    with few orders drawn towards those of their kind. Estimate and truth share that noise, so the truth tests what
    chance does to effects and lists, and not the whole plan.
    """
    inputs, truth = _inputs(inputs), case.truth.parameters
    if new_customers is None:
        new_customers = _discounted(NEW_CUSTOMERS, inputs["discount_rate"], inputs["years"])
    people, years = place.books["customers"], place.books["years"]
    lives = _true_lives(case, place)
    worth = lives["profit"] * _kept(lives["stay"], inputs)
    ends = years[years["renewed"].isna() & years["customer_id"].map(people["retail"])
                 & ~years["customer_id"].isin(place.accounts)].set_index("contract_id")["customer_id"]
    built_in = 1 - case.truth.contracts.set_index("contract_id").loc[ends.index]
    called, plain = built_in["exit_probability_called"], built_in["exit_probability_not_called"]
    backlash = 1 - truth["campaign_backlash"] * ends.map(lives["transaction"])
    relief = (1 - truth["neglect_exit"] * (1 - truth["campaign_neglect_relief"])) / (1 - truth["neglect_exit"])
    overlooked = called / plain / backlash > (1 + relief) / 2
    kept = (called - plain) * ends.map(worth)
    spared = {way: np.exp(lives["failures"] * lives[way]) - 1 for way in ("no blame", "new machine")}
    at_stake = lives["stay"] * worth
    back = case.truth.customers.set_index("customer_id")["true_reason"].reindex(place.leavers)
    second = lives["profit"].reindex(place.leavers) * _kept(1 - truth["second_life_exit"], inputs)
    here = lives.loc[place.accounts, "left"].eq(False)
    gains = {
        "see the key accounts": (at_stake * lives["seen"]).loc[place.accounts][here].sum(),
        "call whom nobody spoke to": kept[overlooked].sum(), "call the others too": kept[~overlooked].sum(),
        "repair without blame": ends.map(at_stake * spared["no blame"]).sum(),
        "new machine at once": ends.map(at_stake * spared["new machine"]).sum(),
        "call back who left": (back.map(lambda reason: truth[f"return_{reason}"]) * second).sum(),
    }
    for channel in CHANNELS:
        gains[f"more by {channel.replace('_', ' ')}"] = place.counts[f"more by {channel}"] * new_customers[channel]
    return pd.Series(gains, name="true gain").rename_axis("measure")


def _true_lives(case, place):
    """What each customer brings a year, and how likely they stay; what measures change of it."""
    truth, books = case.truth.parameters, place.books
    people, orders = books["customers"], books["orders"]
    own = case.truth.customers.set_index("customer_id").loc[people.index]
    transaction, organisation = own["buyer_type"].eq("transaction"), people["category"] != "household"
    kind, start = people["category"] + own["buyer_type"], people["acquired_on"]

    def drawn_in(amount, per, weight):
        """Amount per unit, drawn towards that of the kind as if by so many units more."""
        usual = amount.groupby(kind).transform("sum") / per.groupby(kind).transform("sum")
        return (amount + weight * usual) / (per + weight)

    later = orders[(orders["date"] > orders["customer_id"].map(start)) & (orders["product_id"] != "S01")]
    number = later[later["amount"] > 0].groupby("customer_id")["order_id"].nunique().reindex(people.index).fillna(0)
    contract = orders[orders["product_id"] == "S01"].groupby("customer_id")["margin"].mean().reindex(people.index)
    served = sum(_sum(table[table["date"] >= table["customer_id"].map(start)], "cost", people.index)
                 for table in (books["interactions"], books["incidents"]))
    there = ((own["left_on"].fillna(books["end"]) - start) / YEAR).clip(lower=0.25)
    profit = (own["purchase_rate"] * drawn_in(_sum(later, "margin", people.index), number, 2) + contract.fillna(0)
              - drawn_in(served, there, 1))

    attention = np.where(transaction, truth["attention_transaction"], truth["attention_relationship"])
    neglect = truth["neglect_exit"] * (1 - attention * np.where(organisation, 1, truth["attention_household"]))
    failures = pd.Series(np.where(organisation, truth["failure_rate_organisation"], truth["failure_rate_household"]),
                         index=people.index)
    share = case.incidents["handling"].value_counts(normalize=True).reindex(HANDLINGS).fillna(0.0)
    exits = pd.Series({"blame_first": truth["blame_first_exit"], "repaired": truth["repaired_exit"],
                       "replaced_at_once": truth["replaced_exit"]})
    quiet = share["blame_first"] + share["repaired"]
    here = case.contacts[case.contacts["left_on"].isna()].groupby("customer_id")["contact_id"].nunique()
    alone = 1 - truth["contact_departure_rate"] * truth["lone_contact_exit"] * here.reindex(people.index).eq(1)
    stay = (1 - own["churn_probability"]) * (1 - neglect) * np.exp(-failures * (share * exits).sum()) * alone
    return pd.DataFrame({
        "profit": profit, "stay": stay, "failures": failures, "transaction": transaction,
        "left": own["left_on"].notna(), "seen": 1 / (1 - neglect) - 1,
        "no blame": share["blame_first"] * (exits["blame_first"] - exits["repaired"]),
        "new machine": quiet * (exits["repaired"] - exits["replaced_at_once"]),
    })


def process_years(*, companies=10, customers=30_000, changes=None) -> pd.DataFrame:
    """Return what new customers of each channel leave in their first years, in many large companies of one making.

    Customers to come are drawn by the same process as those of the past. One company of 20,000 gives their value with
    a standard error of some 5 %, which is too much for a truth; the mean of forty with less than 1 %.

    Parameters
    ----------
    companies : int
        With the seeds 1, 2, ….
    customers, changes
        As in `crmlib.data.simulate_case`.

    Returns
    -------
    pandas.DataFrame
        One row per company: sums for `new_customer_values`.
    """
    from crmlib.data import simulate_case

    return pd.DataFrame([
        pd.DataFrame(_channel_sums(_outside(simulate_case(seed=seed, customers=customers, changes=changes)))).sum()
        for seed in range(1, check_count("companies", companies) + 1)])


def process_values(*, companies=10, customers=30_000, changes=None, **horizon) -> dict:
    """Return what a new customer of each channel leaves in truth, in a company that was made with other effects.

    Parameters
    ----------
    companies, customers, changes
        As in `process_years`.
    **horizon
        ``discount_rate, years``, as in `new_customer_values`.

    Returns
    -------
    dict
        Money by channel.
    """
    years = process_years(companies=companies, customers=customers, changes=changes)
    return new_customer_values(years.sum(), **horizon)
