"""The strategy of a year: measures and plans by hand, bad input, and the truth when an effect is taken out."""

import numpy as np
import pandas as pd
import pytest

from crmlib import churn, clv, strategy
from crmlib.data import simulate_case
from crmlib.errors import DataError

approx = pytest.approx
TABLE = pd.DataFrame({"gain": [300.0, 500.0, 50.0, 20.0], "cost": [100.0, 400.0, 80.0, 0.0]}, index=list("abcd"))
NOBODY = dict.fromkeys(strategy.CHANNELS, 0.0)


@pytest.fixture(scope="module")
def place(case):
    people = case.customers.set_index("customer_id")
    large = people[people["category"] == "distributor"].index[:8]
    return strategy.position(case, large)


# ---------------------------------------------------------------------------------- plans by hand


def test_the_best_yuan_comes_first_and_the_last_measure_is_bought_in_part():
    plan = strategy.choose_measures(TABLE, 300)
    assert plan["share"].tolist() == [1, 0.5, 0, 1] and plan["spend"].sum() == 300
    assert plan["net"].tolist() == approx([200, 50, 0, 20])
    assert plan["return"].tolist() == approx([3, 1.25, 0.625, np.inf])
    assert strategy.choose_measures(TABLE, 10**6)["share"].tolist() == [1, 1, 0, 1]  # what costs more than it brings
    assert strategy.choose_measures(TABLE, 0)["share"].tolist() == [0, 0, 0, 1]


def test_no_split_of_the_money_nets_more():
    best = strategy.choose_measures(TABLE, 300)["net"].sum()
    for shares in np.random.default_rng(0).uniform(size=(300, 4)):
        spend = (shares * TABLE["cost"]).sum()
        shares = shares * min(1, 300 / spend)
        assert (shares * (TABLE["gain"] - TABLE["cost"])).sum() <= best + 1e-9


def test_plan_values_by_hand():
    drawn = pd.DataFrame({"a": [100.0, 300.0, 500.0], "b": [400.0, 900.0, 100.0], "c": 0.0, "d": 0.0})
    plans = {"a": pd.Series({"a": 1.0}), "half b": pd.Series({"b": 0.5}), "nothing": pd.Series(dtype=float)}
    values = strategy.plan_values(plans, TABLE, draws=drawn, level=0.5, truth=pd.Series({"a": 90.0, "b": 440.0}))
    # nets: a 0, 200, 400; half b 0, 250, -150; nothing 0, 0, 0
    assert values["spend"].tolist() == [100, 200, 0] and values["net"].tolist() == approx([200, 50, 0])
    assert values.loc["a", ["low", "high"]].tolist() == approx([100, 300])
    assert values["first"].tolist() == approx([(1 / 3 + 0 + 1) / 3, (1 / 3 + 1) / 3, 1 / 9])


def test_truth_needs_every_measure_that_is_bought():
    truth = pd.Series({"a": 90.0, "b": 440.0, "c": 0.0, "d": 0.0})
    drawn = pd.DataFrame({name: [0.0, 1.0] for name in "abcd"})
    values = strategy.plan_values({"both": pd.Series({"a": 1.0, "b": 0.5})}, TABLE, draws=drawn, truth=truth)
    assert values["truth"].tolist() == approx([90 + 220 - 100 - 200])


def test_one_way_by_hand():
    def net(price, effect):
        return pd.Series({"advert": 100 - 50 * price, "call": 200 * effect - 10, "gift": effect * 10 - 3})

    base, shares = {"price": 1.5, "effect": 0.2}, pd.Series({"advert": 1.0, "call": 0.5})
    table = strategy.one_way(net, base, {"effect": [0.0, 0.1, 0.3, 0.35], "price": [1.0, 1.5, 2.0, 2.5]}, shares=shares)
    assert table.index.tolist() == ["price", "effect"]  # by how far each moves the plan
    assert table.loc["price", ["net_low", "net_high"]].tolist() == approx([50 + 15, -25 + 15])
    assert table.loc["effect", ["net_low", "net_high"]].tolist() == approx([25 - 5, 25 + 30])
    # the advert nets nothing from 2 on, calls below 0.05, and a gift would come in at 0.3, between two of the values
    assert table.loc["price", ["out", "leaves", "enters"]].tolist() == [2.0, "advert", ""] and np.isnan(
        table.loc["price", "in"])
    effect = table.loc["effect", ["out", "leaves", "in", "enters"]]
    assert effect.tolist() == [approx(0.05), "call", approx(0.3), "gift"]


def test_an_input_of_whole_numbers_switches_at_one_and_the_nearest_of_two_measures_is_named():
    def net(years):
        return pd.Series({"search": 10.0 * years - 15, "fair": 10.0 * years - 55, "calls": 10.0 * years - 25})

    table = strategy.one_way(net, {"years": 3}, {"years": [1, 2, 4, 5, 6]}, shares=pd.Series({"search": 1.0}))
    row = table.loc["years"]
    assert row[["out", "leaves", "in", "enters"]].tolist() == [2, "calls", 6, "fair"]


def test_draws_are_of_customers_and_the_same_for_all_columns():
    sums = pd.DataFrame({"a": [1.0, 2.0, 4.0], "twice": [2.0, 4.0, 8.0], "n": 1.0})
    drawn = strategy.customer_draws(sums, draws=600, seed=3)
    assert len(drawn) == 600 and (drawn["twice"] == 2 * drawn["a"]).all() and (drawn["n"] == 3).all()
    assert drawn["a"].mean() == approx(7, abs=0.25)
    assert drawn["a"].std() == approx(np.sqrt(3 * sums["a"].var(ddof=0)), rel=0.1)
    assert drawn.equals(strategy.customer_draws(sums, draws=600, seed=3))


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: strategy.choose_measures(TABLE.drop(columns="cost"), 1), DataError, "lack the column.s. cost"),
    (lambda: strategy.choose_measures(pd.concat([TABLE, TABLE]), 1), DataError, "'a' stands twice"),
    (lambda: strategy.choose_measures(TABLE.assign(cost=-1.0), 1), DataError, "below zero in 4 of 4 measures"),
    (lambda: strategy.choose_measures(TABLE.assign(gain=np.nan), 1), DataError, "missing in 4 of 4"),
    (lambda: strategy.choose_measures(TABLE, -5), ValueError, "budget must be zero or more"),
    (lambda: strategy.plan_values({}, TABLE, draws=TABLE.T), DataError, "there is no plan"),
    (lambda: strategy.plan_values({"x": pd.Series({"z": 1.0})}, TABLE, draws=TABLE.T), DataError, "'x' names 'z'"),
    (lambda: strategy.plan_values({"x": pd.Series({"a": 50.0})}, TABLE, draws=TABLE.T), DataError, "buys 50 of a"),
    (lambda: strategy.plan_values({"x": pd.Series({"a": 1.0})}, TABLE, draws=TABLE.T[["a"]]), DataError,
     "lack the measure"),
    (lambda: strategy.one_way(lambda x: TABLE["gain"], {"x": 1}, {"y": [1, 2]}, shares=TABLE["gain"]), DataError,
     "no input"),
    (lambda: strategy.one_way(lambda x: TABLE["gain"], {"x": 1}, {"x": [1]}, shares=TABLE["gain"]), DataError,
     "two values"),
    (lambda: strategy.customer_draws(TABLE.iloc[:0]), DataError, "no row"),
    (lambda: strategy.customer_draws(TABLE.assign(gain=np.nan)), DataError, "4 of 4 customers"),
    (lambda: strategy.carries({"order": TABLE}), DataError, "no step uses a table 'order'"),
])
def test_bad_input_is_refused_with_a_way_out(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_own_tables_are_told_from_missing_ones(case):
    everything = strategy.carries({name: table for name, table in case.tables.items() if name in {
        name for _, needs in strategy.STEPS.values() for name in needs}})
    assert everything["possible"].all()
    some = strategy.carries({"contracts": pd.DataFrame(columns=["customer_id", "started_on", "due_on", "renewed"])})
    assert some.loc["what a call keeps", "missing"] == "contracts: campaign" and some["possible"].sum() == 1


# ------------------------------------------------------------------------------- measures by hand


def worth(rate, years=3, d=0.1):
    return sum((rate / (1 + d)) ** t for t in range(years))


def test_what_calls_keep_is_counted_in_money(place):
    rows, profit, table = strategy.trial_rows(place), strategy.running_profit(place.books), strategy.measures(place)
    money = rows["customer_id"].map(profit)
    years = place.books["years"]
    ours = years["customer_id"].map(place.books["customers"]["retail"]) & ~years["customer_id"].isin(place.accounts)
    decided = years[ours & years["renewed"].notna()]
    at_stake = decided["customer_id"].map(profit)
    open_profit = years.loc[ours & years["renewed"].isna(), "customer_id"].map(profit).sum()
    renewed = decided["renewed"].astype(bool)
    for measure, silent in (("call whom nobody spoke to", True), ("call the others too", False)):
        part = rows["neglected"] == silent
        kept = [np.average(rows.loc[part & (rows["called"] == arm), "renewed"].astype(float),
                           weights=money[part & (rows["called"] == arm)]) for arm in (True, False)]
        share = at_stake[decided["neglected"] == silent].sum() / at_stake.sum()
        assert table.loc[measure, "gain"] == approx(open_profit * share * (kept[0] - kept[1]) * worth(renewed.mean()))
        assert table.loc[measure, "cost"] == approx(place.counts["open"] * (decided["neglected"] == silent).mean() * 14)


def test_what_a_quiet_repair_keeps(place):
    years, table = place.books["years"], strategy.measures(place)
    ours = years["customer_id"].map(place.books["customers"]["retail"]) & ~years["customer_id"].isin(place.accounts)
    decided = years[ours & years["renewed"].notna()]
    once = years[years["renewed"].notna() & (years["failures"] == 1)]
    stay = once.groupby("handling")["renewed"].mean().astype(float)
    handled = place.books["incidents"]
    handled = handled[handled["customer_id"].isin(years.loc[ours, "customer_id"])]
    share, cost = handled["handling"].value_counts(normalize=True), handled.groupby("handling")["cost"].mean()
    number = place.counts["open"] * decided["failures"].mean()
    stakes = decided.loc[(decided["failures"] > 0) & decided["next_profit"].notna(), "next_profit"].mean() * worth(
        decided["renewed"].mean())
    blamed, quiet = number * share["blame_first"], number * share["repaired"]
    kept = blamed * (stay["repaired"] - stay["blame_first"]) * stakes
    assert table.loc["repair without blame", "gain"] == approx(kept)
    assert table.loc["repair without blame", "cost"] == approx(blamed * (cost["repaired"] - cost["blame_first"]))
    new = (blamed + quiet) * (stay["replaced_at_once"] - stay["repaired"]) * stakes
    assert table.loc["new machine at once", "gain"] == approx(new)
    dearer = cost["replaced_at_once"] - cost["repaired"]
    assert table.loc["new machine at once", "cost"] == approx((blamed + quiet) * dearer)


def test_running_profit_leaves_the_first_order_out(place):
    books, profit = place.books, strategy.running_profit(place.books)
    for one in books["years"].query("renewed.isna()")["customer_id"].iloc[:5]:
        mine = {name: books[name][books[name]["customer_id"] == one]
                for name in ("orders", "interactions", "incidents")}
        start, lines = books["customers"].loc[one, "acquired_on"], mine["orders"]
        contract = lines["product_id"] == "S01"
        left = lines.loc[~contract & (lines["date"] > start), "margin"].sum() - sum(
            mine[name].loc[mine[name]["date"] >= start, "cost"].sum() for name in ("interactions", "incidents"))
        years = max((pd.Timestamp("2026-01-01") - start).days / 365, 0.5)
        assert profit[one] == approx(left / years + lines.loc[contract, "margin"].mean())


def test_whom_to_call_back_and_what_it_brings(place):
    years, profit = place.books["years"], strategy.running_profit(place.books)
    left = years[years["customer_id"].isin(place.leavers)].groupby("customer_id").tail(1)
    assert (left["renewed"] == False).all() and (left["due_on"] >= "2025-01-01").all()  # noqa: E712
    assert not place.leavers.isin(place.books["winbacks"]["customer_id"]).any() and (profit[place.leavers] > 0).all()
    rate = churn.winback_rates(place.books["winbacks"].query("offer == 'call'"), by="offer").loc["call", "rate"]
    table = strategy.measures(place)
    assert table.loc["call back who left", "gain"] == approx(rate * profit[place.leavers].sum() * worth(0.6))
    assert table.loc["call back who left", "cost"] == approx(20 * len(place.leavers))


def test_what_seeing_the_key_accounts_keeps(place):
    years, profit, talks = place.books["years"], strategy.running_profit(place.books), place.books["interactions"]
    people = place.books["customers"]
    ours = years["customer_id"].map(people["retail"]) & ~years["customer_id"].isin(place.accounts)
    decided = years[ours & years["renewed"].notna()]
    uncalled = decided[~decided["campaign"].eq("call").fillna(False)]
    rise = -float(np.diff(uncalled.groupby("neglected")["renewed"].mean().astype(float))[0])
    plain = talks[talks["purpose"].isin(["service", "advice", "courtesy"])]
    silent = there = 0
    for year in (2024, 2025):
        old = place.accounts[people.loc[place.accounts, "acquired_on"] <= f"{year}-01-01"]
        there += len(old)
        silent += (~old.isin(plain.loc[plain["date"].dt.year == year, "customer_id"])).sum()
    gain = profit[place.accounts].sum() * silent / there * rise * worth(decided["renewed"].mean())
    assert strategy.measures(place).loc["see the key accounts", "gain"] == approx(gain, rel=0.06)  # 2024 has 366 days


def test_what_a_new_customer_leaves_in_the_first_year(case, place):
    people = place.books["customers"]
    won = people[people["retail"] & (people["channel"] == "search") & (people["acquired_on"] >= "2023-01-01")
                 & (people["acquired_on"] <= "2025-01-01")].reset_index()
    costs = {name: place.books[name][["customer_id", "date", "cost"]] for name in ("interactions", "incidents")}
    by_hand = churn.tenure_profit(place.books["orders"], won.assign(acquisition_cost=0.0), costs=costs,
                                  observation_end=case.observation_end, years=1)
    totals = place.sums.sum()
    assert totals["search 1"] == len(won)
    assert totals["search 1 profit"] / totals["search 1"] == approx(by_hand.loc[1, "per_won"])
    values = strategy.new_customer_values(totals)
    mean = [totals[f"search {k} profit"] / totals[f"search {k}"] for k in (1, 2, 3)]
    assert values["search"] == approx(mean[0] + mean[1] / 1.1 + mean[2] / 1.21)
    assert strategy.new_customer_values(totals, years=4)["search"] == approx(
        values["search"] + mean[2] ** 2 / mean[1] / 1.331)


def test_inputs_do_what_they_say(place):
    base = strategy.measures(place)
    dearer = strategy.measures(place, price=3.0)
    new, keep = base["strategy"] == "acquisition", base["strategy"] == "loyalty"
    assert dearer.loc[new, "cost"].tolist() == approx((2 * base.loc[new, "cost"]).tolist())
    assert dearer[keep].equals(base[keep])
    for name, measures in {"call": ["call whom nobody spoke to", "call the others too"],
                           "care": ["see the key accounts"],
                           "repair": ["repair without blame", "new machine at once"],
                           "winning back": ["call back who left"], "new customers": list(base.index[new])}.items():
        half = strategy.measures(place, **{name: 0.5})["gain"] / base["gain"]
        assert half[measures].tolist() == approx([0.5] * len(measures)) and (half.drop(measures) == 1).all()
    multiple = clv.lifetime_value(1.0, 0.8, 0.1, timing="immediate", periods=3) / worth(0.6)
    assert strategy.measures(place, second_life=0.8).loc["call back who left", "gain"] == approx(
        multiple * base.loc["call back who left", "gain"])
    with pytest.raises(ValueError, match="there is no input 'prices'"):
        strategy.measures(place, prices=2)


def test_a_call_that_is_not_shown_is_not_bought(place):
    plan = strategy.recommended(place, 10**7)
    assert plan.loc["call the others too", ["shown", "share"]].tolist() == ["no", 0]
    # what was never tested by lot is not said to be shown
    assert plan["shown"].to_dict() == {name: {"call whom nobody spoke to": "yes", "call the others too": "no"}.get(
        name, "") for name in plan.index}
    assert plan["planned"].tolist() == approx((plan["share"] * plan["net"]).tolist())
    assert ((plan["share"] > 0) == ((plan["shown"] != "no") & (plan["net"] > 0))).all()


def test_a_call_without_a_bound_is_not_shown(place, monkeypatch):
    found = strategy.company.outreach.average_effect
    monkeypatch.setattr(strategy.company.outreach, "average_effect",
                        lambda *args, **options: found(*args, **options).assign(low=np.nan))
    plan = strategy.recommended(place, 10**7)
    assert plan.loc[plan["known_from"] == "lot", ["shown", "share"]].to_numpy().tolist() == [["no", 0]] * 2


def test_controls_are_neither_paid_for_nor_counted(place):
    call, rest = "call whom nobody spoke to", ["more by search", "repair without blame"]
    plan, whole = strategy.recommended(place, 10**7), strategy.recommended(place, 10**7, controls=0)
    assert (plan.loc[call, "share"], whole.loc[call, "share"]) == (0.75, 1.0) and (plan.loc[rest, "share"] == 1).all()
    assert plan.loc[call, ["spend", "planned"]].tolist() == approx(
        (0.75 * whole.loc[call, ["spend", "planned"]].astype(float)).tolist())
    half = strategy.best_yuan_first(plan, 0.375 * plan.loc[call, "cost"])
    assert half.loc[call, "share"] == approx(0.375) and half["spend"].sum() == approx(0.375 * plan.loc[call, "cost"])


def test_the_honest_rival_differs_by_the_proof_alone(place):
    table = strategy.recommended(place, 10**7)
    plans, offers = strategy.proposals(table, 10**7)
    more = plans["best yuan, no proof"] - plans["recommended"]
    assert more[more != 0].to_dict() == {"call the others too": 0.75}
    assert offers.loc["hotline"].tolist() == [table.loc["call whom nobody spoke to", "gain"], 10**7]
    assert not plans["only what keeps"].filter(like="more by").any()
    assert set(plans["sales: best channels"].index) == set(table.index[table["strategy"] == "acquisition"])


def test_optimism_is_what_choosing_adds_and_nothing_where_there_is_nothing_to_choose():
    table = pd.DataFrame({"gain": [10.0, 9.0, 50.0], "cost": [9.0, 11.0, 1.0], "shown": ["", "", "no"],
                          "share": [1.0, 0.0, 0.0]}, index=["a", "b", "c"])
    drawn = pd.DataFrame({"a": [8.0, 12.0], "b": [14.0, 6.0], "c": [90.0, 10.0]})
    # first draw: b instead of a, 14 - 9 promised too much, and not -2; second: a as it stands; c is not shown
    assert strategy.optimism(table, drawn, 100) == approx(((14 - 9) + 2) / 2)
    assert strategy.optimism(table, drawn.assign(a=[9.5, 12.0], b=[10.0, 6.0]), 100) == 0


def test_draws_scatter_around_the_estimate(place):
    drawn, base = strategy.gain_draws(place, draws=400), strategy.measures(place)["gain"]
    assert ((drawn.mean() - base).abs() < 0.35 * drawn.std()).all()


def test_accounts_must_be_customers_once(case):
    with pytest.raises(DataError, match="1 of 2 key accounts are no customers, the first is 999999"):
        strategy.position(case, [20, 999_999])
    with pytest.raises(DataError, match="key account 20 stands twice"):
        strategy.position(case, [20, 20])


def test_key_accounts_are_in_no_other_measure(case, place):
    some = place.books["years"].query("renewed.isna()")["customer_id"].iloc[:30]
    with_them = strategy.position(case, some, books=place.books)
    retail = place.books["customers"]["retail"]
    assert with_them.counts["open"] == place.counts["open"] - retail[some].sum()
    assert not with_them.leavers.isin(some).any() and not strategy.trial_rows(with_them)["customer_id"].isin(some).any()


# ---------------------------------------------------------- truth, when an effect is taken out of a company


def true_gains(changes, accounts=12):
    case = simulate_case(seed=4, customers=2_000, changes=changes)
    books = strategy.company_books(case)
    large = strategy.running_profit(books)[books["customers"]["category"] != "household"].nlargest(accounts).index
    return strategy.true_gains(case, strategy.position(case, large, books=books), new_customers=NOBODY)


@pytest.fixture(scope="module")
def as_built():
    return true_gains({})


def test_truth_is_above_nothing_where_there_is_an_effect(as_built):
    helps = ["see the key accounts", "call whom nobody spoke to", "repair without blame", "new machine at once",
             "call back who left"]
    assert (as_built[helps] > 0).all() and as_built["call the others too"] < 0.2 * as_built["call whom nobody spoke to"]


def test_truth_is_nothing_where_the_effect_is_taken_out(as_built):
    none = true_gains({"neglect_exit": 0.0, "campaign_backlash": 0.0, "blame_first_exit": 0.03, "replaced_exit": 0.03,
                       **{f"return_{reason}": 0.0 for reason in (
                           "moved", "need_changed", "competitor", "product", "neglect", "contact_left")}})
    assert none.abs().max() < 1e-6 * as_built.max()


def test_new_customers_are_worth_what_the_process_says(place, case):
    truth = strategy.true_gains(case, place, new_customers=dict.fromkeys(strategy.CHANNELS, 100.0))
    assert truth["more by search"] == approx(100 * place.counts["more by search"])
    values = strategy.process_values(customers=3_000, companies=2)
    assert list(values) == list(strategy.CHANNELS) and values["fair"] > values["promotion"]
    years = strategy.process_years(customers=3_000, companies=2)
    assert len(years) == 2 and values == strategy.new_customer_values(years.sum())


def test_the_truth_of_new_customers_follows_the_horizon(place, case):
    first, second, third = strategy.NEW_CUSTOMERS["search"]
    number = place.counts["more by search"]
    for years, value in ((1, first), (2, first + second / 1.1), (4, first + second / 1.1 + third / 1.21
                                                                 + third**2 / second / 1.331)):
        assert strategy.true_gains(case, place, years=years)["more by search"] == approx(number * value)
