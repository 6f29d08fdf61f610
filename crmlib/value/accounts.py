"""The five components of the lectures' F(x1 … x5) from a firm's books; and the truth of the case beside them."""

import numpy as np
import pandas as pd

from crmlib.checks import check_count, check_day, check_discount_rate, check_positive, shown
from crmlib.errors import DataError
from crmlib.lines import cents, lines_table
from crmlib.rows import need_days

COMPONENTS = {
    "cumulative sales": "x1 累计销售额",
    "expected sales": "x2 终身潜在销售预期",
    "demand contribution": "x3 需求贡献",
    "credit grade": "x4 等级信用",
    "profit contribution": "x5 利润贡献",
}
GRADES = ("AAA", "AA", "A", "B", "C", "D")
_LIMIT = 0.5  # frequency and mean spend of firms correlate a little; above this Gamma-Gamma warns


def grade_values(grades, *, order=GRADES) -> pd.Series:
    """Return grades as numbers from 1 (best) to 0 (worst), in equal steps.

    Equal steps are an assumption: that from AAA to AA is as large as from C to D. Expected losses would say better.

    Parameters
    ----------
    grades : pandas.Series or sequence
    order : sequence
        All grades, the best first.

    Returns
    -------
    pandas.Series

    Raises
    ------
    DataError
        For a grade that is not in `order`, a missing one included.

    Examples
    --------
    >>> grade_values(["AAA", "B", "D"]).tolist()
    [1.0, 0.4, 0.0]
    """
    series = grades if isinstance(grades, pd.Series) else pd.Series(list(grades), dtype=object)
    order = list(order)
    if len(order) < 2 or len(set(order)) < len(order):
        raise DataError("order needs two grades or more, each once, the best first")
    strange = ~series.isin(order)
    if strange.any():
        raise DataError(f"{int(strange.sum()):,} grade(s) are not among {', '.join(map(str, order))}, the first "
                        f"{series[strange].iloc[0]!r}: complete the order, or drop those customers knowingly")
    points = {grade: 1 - place / (len(order) - 1) for place, grade in enumerate(order)}
    return series.map(points).astype(float).rename("credit grade")


def active_accounts(lines, *, as_of, window: int = 365, contracts=None) -> pd.Index:
    """Return the customers one can still choose: bought within the window, and not known to have left.

    Parameters
    ----------
    lines : pandas.DataFrame or ibis.Table
        ``customer_id, date, amount``; only lines above zero up to `as_of` count.
    as_of : str or date
    window : int
        Days up to and including `as_of`.
    contracts : pandas.DataFrame, optional
        ``customer_id, started_on, due_on, renewed`` (True, False, or missing while it is not known): whoever did not
        renew the last contract by `as_of`, has no other one running, and has not bought since, has left.

    Returns
    -------
    pandas.Index
        Sorted.

    Raises
    ------
    DataError
        If dates of `contracts` are text, or `renewed` is no truth value.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": [1, 2], "date": pd.to_datetime(["2025-03-01", "2023-03-01"]),
    ...                       "amount": [10.0, 10.0]})
    >>> active_accounts(lines, as_of="2025-12-31").tolist()
    [1]
    """
    end = pd.Timestamp(check_day("as_of", as_of))
    table = lines_table(lines, ("customer_id", "date", "amount"))
    until = table.filter((table["amount"] > 0) & (table["date"] < end + pd.Timedelta(days=1)))
    last = until.group_by("customer_id").agg(last=until["date"].max()).execute().set_index("customer_id")["last"]
    last = pd.to_datetime(last)
    active = last[last > end - pd.Timedelta(days=check_count("window", window))]
    if contracts is not None:
        if len(contracts):
            need_days("contracts", contracts, ("started_on", "due_on"))
        if not contracts["renewed"].dropna().isin([True, False]).all():
            raise DataError(f"contracts: renewed must be True, False or missing, not "
                            f"{contracts['renewed'].dropna().iloc[0]!r}")
        ended = contracts[contracts["due_on"] <= end].sort_values("started_on")
        ended = ended.drop_duplicates("customer_id", keep="last")
        refused = ended[ended["renewed"].eq(False).fillna(False)].set_index("customer_id")["due_on"]
        begun = contracts[contracts["started_on"] <= end]
        running = begun.loc[begun["due_on"] > end, "customer_id"]
        again = begun.groupby("customer_id")["started_on"].max()
        refused = refused[~(again.reindex(refused.index) >= refused) & ~refused.index.isin(running)]
        gone = refused.index[last.reindex(refused.index) < refused]
        active = active.drop(index=gone, errors="ignore")
    return active.sort_index().index.rename("customer_id")


def cumulative_sales(lines, *, as_of, accounts) -> pd.Series:
    """Return x1: what each customer has bought so far, returns deducted, in money; summed in whole cents.

    Parameters
    ----------
    lines : pandas.DataFrame or ibis.Table
        ``customer_id, date, amount``.
    as_of : str or date
        Lines after it are not looked at.
    accounts : sequence
        For whom; without a line: 0.

    Returns
    -------
    pandas.Series

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": [1, 1], "date": pd.Timestamp("2025-03-01"), "amount": [10.1, -0.2]})
    >>> cumulative_sales(lines, as_of="2025-12-31", accounts=[1, 2]).tolist()
    [9.9, 0.0]
    """
    end = pd.Timestamp(check_day("as_of", as_of))
    table = lines_table(lines, ("customer_id", "date", "amount"))
    until = table.filter(table["date"] < end + pd.Timedelta(days=1))
    sums = until.group_by("customer_id").agg(cents=cents(until["amount"]).sum()).execute()
    sums = sums.set_index("customer_id")["cents"].reindex(pd.Index(accounts, name="customer_id")).fillna(0)
    return (sums.astype(np.int64) / 100).rename("cumulative sales")


def expected_sales(lines, *, as_of, accounts, horizon_years=5, discount_rate=0.10) -> pd.DataFrame:
    """Return x2: discounted sales expected from each customer, by BG/NBD and Gamma-Gamma (chapter 07).

    Parameters
    ----------
    lines : pandas.DataFrame or ibis.Table
        ``customer_id, date, amount`` of **all** customers of the kind, those who have gone included: the models learn
        from them how customers leave.
    as_of : str or date
        Lines after it are not looked at.
    accounts : sequence
        For whom a value is wanted.
    horizon_years, discount_rate : float
        How far to look, and the yearly rate.

    Returns
    -------
    pandas.DataFrame
        By customer: ``p_alive``, ``purchases`` (discounted), ``spend`` (per purchase), ``expected sales``.

    Raises
    ------
    DataError
        If an account has no purchase in `lines`.

    Notes
    -----
    Limits: contract customers leave when a year ends and say so, the model lets everybody leave silently; seasons are
    ignored; customers whose returns ate up their repeat spend count with the spend of a one-time buyer. Gamma-Gamma
    assumes that frequency and spend are independent; among firms they correlate a little, so it warns above 0.5.

    Examples
    --------
    >>> from crmlib.data import load_cdnow
    >>> x2 = expected_sales(load_cdnow().execute(), as_of="1997-09-30", accounts=[4, 21], horizon_years=1)
    >>> x2["expected sales"].round(0).tolist()
    [37.0, 5.0]
    """
    from crmlib import btyd

    summary = btyd.customer_summary(lines, observation_end=as_of, unit="week")
    model = btyd.fit_bg_nbd(summary)
    spend_model = btyd.fit_gamma_gamma(summary, nonpositive="drop", correlation_limit=_LIMIT)
    wanted = pd.Index(accounts, name="customer_id")
    if len(strangers := wanted.difference(summary["customer_id"])):
        raise DataError(f"{len(strangers):,} account(s) have no purchase up to {as_of}, the first "
                        f"{shown(strangers[0])}")
    mine = summary.set_index("customer_id", drop=False).loc[wanted].reset_index(drop=True)
    ahead = {"horizon": check_positive("horizon_years", horizon_years), "horizon_unit": "year",
             "annual_discount_rate": check_discount_rate("discount_rate", discount_rate)}
    purchases = btyd.discounted_purchases(model, mine, **ahead)
    known = mine.assign(frequency=mine["frequency"].where(mine["monetary_value"] > 0, 0))
    known["monetary_value"] = known["monetary_value"].clip(lower=0)
    known["recency"] = known["recency"].where(known["frequency"] > 0, 0.0)
    spend = btyd.expected_spend(spend_model, known)
    return pd.DataFrame({"p_alive": btyd.probability_alive(model, mine).to_numpy(), "purchases": purchases.to_numpy(),
                         "spend": spend.to_numpy(), "expected sales": (purchases * spend).to_numpy()}, index=wanted)


def demand_contribution(lines, referrals, *, as_of, accounts, on_sale: int, window: int = 365,
                        full_referrals: int = 3) -> pd.Series:
    """Return x3, as this kit defines it: 0 to 100 for how much of the range a customer needs, and whom it sent.

    ``x3 = 100 · (breadth + voice) / 2``, breadth = different products bought in the window over products on sale,
    voice = customers sent to us so far over `full_referrals`, at most 1.

    The lectures name a "demand contribution" (需求贡献) and do not define it. Another definition gives another ranking.

    Parameters
    ----------
    lines : pandas.DataFrame or ibis.Table
        ``customer_id, date, product_id, amount``; lines of zero and less do not count.
    referrals : pandas.DataFrame
        ``referrer_id, date``, one row per customer sent.
    as_of : str or date
    accounts : sequence
    on_sale : int
        How many products are on sale.
    window : int
        Days.
    full_referrals : int
        How many customers sent make a full voice.

    Returns
    -------
    pandas.Series

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": [1, 1, 2], "date": pd.Timestamp("2025-05-01"), "amount": 5.0,
    ...                       "product_id": ["a", "b", "a"]})
    >>> sent = pd.DataFrame({"referrer_id": [2, 2, 2], "date": pd.Timestamp("2024-05-01")})
    >>> demand_contribution(lines, sent, as_of="2025-12-31", accounts=[1, 2], on_sale=4).tolist()
    [25.0, 62.5]
    """
    end = pd.Timestamp(check_day("as_of", as_of))
    on_sale, full = check_count("on_sale", on_sale), check_count("full_referrals", full_referrals)
    table = lines_table(lines, ("customer_id", "date", "product_id", "amount"))
    recent = table.filter((table["amount"] > 0) & (table["date"] < end + pd.Timedelta(days=1))
                          & (table["date"] > end - pd.Timedelta(days=check_count("window", window))))
    bought = recent.group_by("customer_id").agg(n=recent["product_id"].nunique()).execute()
    bought = bought.set_index("customer_id")["n"]
    wanted = pd.Index(accounts, name="customer_id")
    breadth = bought.reindex(wanted).fillna(0) / on_sale
    if (breadth > 1).any():
        raise DataError(f"customer {shown(breadth.idxmax())} bought {int(bought.max()):,} different products, and only "
                        f"{on_sale:,} are on sale: count those that were sold in the window")
    if len(referrals):
        need_days("referrals", referrals, ("date",))
    who = referrals.loc[referrals["date"] < end + pd.Timedelta(days=1), "referrer_id"]
    _same_ids("referrals", who, wanted)
    sent = who.value_counts()
    voice = (sent.reindex(wanted).fillna(0) / full).clip(upper=1)
    return (100 * (breadth + voice) / 2).astype(float).rename("demand contribution")


def _same_ids(name, ids, accounts):
    """Refuse ids that are words where accounts are numbers, or the other way round: none would be found."""
    kinds = [pd.api.types.is_numeric_dtype(pd.Index(each)) for each in (ids, accounts)]
    if len(ids) and kinds[0] != kinds[1]:
        raise DataError(f"{name} has ids like {pd.Index(ids)[0]!r} and the accounts like {accounts[0]!r}: bring them "
                        "to one type, or none is found")


def account_criteria(lines, *, as_of, accounts, profit, grades, referrals, on_sale: int, window: int = 365,
                     horizon_years=5, discount_rate=0.10, forecast=None) -> pd.DataFrame:
    """Return the five columns of F(x1 … x5), one row per customer.

    Parameters
    ----------
    lines : pandas.DataFrame or ibis.Table
        ``customer_id, date, product_id, amount`` of all customers of the kind.
    as_of : str or date
        Nothing later is looked at.
    accounts : sequence
        The candidates.
    profit : pandas.Series
        x5: margin after cost to serve of the last year, by customer, in money; an entry for every account.
    grades : pandas.Series
        Credit grade by customer.
    referrals, on_sale, window
        As in `demand_contribution`.
    horizon_years, discount_rate
        As in `expected_sales`.
    forecast : pandas.DataFrame, optional
        What `expected_sales` returned for these accounts and this day, so that the models need not be fitted again;
        horizon and rate are then its own.

    Returns
    -------
    pandas.DataFrame
        ``cumulative sales`` (x1, money so far), ``expected sales`` (x2, money to come, discounted), ``demand
        contribution`` (x3, 0 to 100), ``credit grade`` (x4, 0 to 1), ``profit contribution`` (x5, money).

    Raises
    ------
    DataError
        If an account is there twice, has no grade, no purchase, no profit, or no row in `forecast`.
    """
    wanted = pd.Index(accounts, name="customer_id")
    if wanted.has_duplicates:
        raise DataError(f"accounts names {int(wanted.duplicated().sum()):,} customer(s) twice")
    if len(strangers := wanted.difference(grades.index)):
        raise DataError(f"{len(strangers):,} account(s) have no grade, the first {shown(strangers[0])}")
    if not isinstance(profit, pd.Series):
        raise DataError(f"profit must be a Series with the customers in its index, not {type(profit).__name__}")
    if profit.index.has_duplicates or grades.index.has_duplicates:
        raise DataError("profit or grades names a customer twice")
    _same_ids("profit", profit.index, wanted)
    if len(strangers := wanted.difference(profit.dropna().index)):
        raise DataError(f"{len(strangers):,} account(s) have no profit, the first {shown(strangers[0])}: if that means "
                        "zero, say profit.reindex(accounts).fillna(0)")
    x1 = cumulative_sales(lines, as_of=as_of, accounts=wanted)
    if forecast is None:
        forecast = expected_sales(lines, as_of=as_of, accounts=wanted, horizon_years=horizon_years,
                                  discount_rate=discount_rate)
    elif len(strangers := wanted.difference(forecast.index)):
        raise DataError(f"{len(strangers):,} account(s) have no forecast, the first {shown(strangers[0])}")
    x3 = demand_contribution(lines, referrals, as_of=as_of, accounts=wanted, on_sale=on_sale, window=window)
    return pd.DataFrame({
        "cumulative sales": x1, "expected sales": forecast["expected sales"].reindex(wanted), "demand contribution": x3,
        "credit grade": grade_values(grades.reindex(wanted)),
        "profit contribution": profit.reindex(wanted).astype(float),
    })


def true_future_profit(case, accounts, ids, *, horizon_years: int = 5, discount_rate: float = 0.10,
                       attention=None) -> pd.DataFrame:
    """Return what each organisation of the case will bring, as only its makers can know.

    Yearly profit = true order rate × margin per order + margin of a running contract − cost to serve;
    yearly chance of staying = true (1 − churn probability) × what neglect, failures and lone contacts leave of it;
    who has left already brings nothing. ``Σ_t profit · (stay / (1 + d))^t`` over the years of the horizon.

    Parameters
    ----------
    case : Case
        With its truth.
    accounts : sequence
        Organisations, one id each.
    ids : pandas.Series
        Account by customer id, from `crmlib.identity.account_ids`.
    horizon_years, discount_rate
        As in `expected_sales`.
    attention : float, optional
        Chance that a year holds a contact that does not sell, 0 to 1, for everybody; without it, what is usual in the
        case: 1 less this is the chance of a year of neglect. What a visit costs is not added.

    Returns
    -------
    pandas.DataFrame
        By account: ``left`` (gone by the end of the data, whether or not the firm knows), ``profit_a_year``, ``stay``,
        ``future_profit``.

    Notes
    -----
    Not known even to the truth, and taken from the books: what an order of this customer earns and what serving it
    costs, both over the whole history, and the contract's margin of the last 365 days. So estimates that use the same
    books share this part of chance.
    """
    from crmlib.clv import lifetime_value
    from crmlib.identity import replace_ids

    P = case.truth.parameters
    end = pd.Timestamp(case.observation_end)
    wanted = pd.Index(accounts, name="customer_id")
    mine = [replace_ids(table, ids) for table in (case.orders, case.interactions, case.incidents, case.contacts)]
    orders, talks, incidents, contacts = (table[table["customer_id"].isin(wanted)] for table in mine)
    people = replace_ids(case.truth.customers.assign(original=case.truth.customers["customer_id"]), ids)
    first = people[people["original"] == people["customer_id"]].set_index("customer_id").loc[wanted]
    back = case.winbacks.merge(case.truth.winbacks, on="attempt_id")
    back = back[back["returned"].eq(True).fillna(False)].set_index("customer_id")["second_left_on"]
    returned = back.rename(index=ids.to_dict()).groupby(level=0).agg(lambda days: days.isna().any())
    left = first["left_on"].notna() & ~returned.reindex(wanted).eq(True)
    won_back = first["left_on"].notna() & returned.reindex(wanted).eq(True)

    ordinary = orders[orders["product_id"] != "S01"]
    number = ordinary[ordinary["amount"] > 0].groupby("customer_id")["order_id"].nunique().reindex(wanted)
    per_order = _money(ordinary, "margin").reindex(wanted).fillna(0) / number.clip(lower=1)
    running = orders[(orders["product_id"] == "S01") & (orders["date"] > end - pd.Timedelta(days=365))]
    contract = _money(running, "margin").reindex(wanted).fillna(0)
    years = ((end - orders.groupby("customer_id")["date"].min()).dt.days.reindex(wanted) / 365).clip(lower=0.5)
    serve = sum(_money(table, "cost").reindex(wanted).fillna(0) for table in (talks, incidents)) / years
    profit = first["purchase_rate"] * per_order.fillna(0) + contract - serve

    relationship = first["buyer_type"] == "relationship"
    if attention is None:
        attention = np.where(relationship, P["attention_relationship"], P["attention_transaction"])
    elif not 0 <= attention <= 1:
        raise ValueError(f"attention {attention:g} is not between 0 and 1: it is the chance of a contact in a year")
    handled = case.incidents["handling"].value_counts(normalize=True)
    lost = (handled.get("blame_first", 0) * P["blame_first_exit"] + handled.get("repaired", 0) * P["repaired_exit"]
            + handled.get("replaced_at_once", 0) * P["replaced_exit"])
    machine = orders[orders["product_id"].str.startswith("M")]["customer_id"].unique()
    failures = np.where(wanted.isin(machine), np.exp(-P["failure_rate_organisation"] * lost), 1.0)
    there = contacts[contacts["left_on"].isna()].groupby("customer_id")["contact_id"].nunique().reindex(wanted)
    alone = np.where(there == 1, 1 - P["contact_departure_rate"] * P["lone_contact_exit"], 1.0)
    base = np.where(won_back, 1 - P["second_life_exit"],
                    (1 - first["churn_probability"]) * (1 - P["neglect_exit"] * (1 - attention)) * failures * alone)
    value = lifetime_value(profit.to_numpy(), base, discount_rate, timing="residual", periods=horizon_years)
    return pd.DataFrame({"left": left, "profit_a_year": profit.where(~left, 0.0), "stay": np.where(left, 0.0, base),
                         "future_profit": np.where(left, 0.0, value)}, index=wanted)


def _money(table, column):
    cents = (table[column] * 100).round().astype(np.int64)
    return cents.groupby(table["customer_id"]).sum() / 100
