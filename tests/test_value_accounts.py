"""The five components from a firm's books, and the truth of the case."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from crmlib import value
from crmlib.data import load_cdnow
from crmlib.errors import DataError
from crmlib.identity import account_ids

approx = pytest.approx
DAY = pd.Timestamp


def lines(*rows):
    return pd.DataFrame(rows, columns=["customer_id", "date", "product_id", "amount"]).assign(
        date=lambda table: pd.to_datetime(table["date"]))


BOOKS = lines((1, "2025-01-01", "a", 10.0), (1, "2025-03-01", "b", 5.0), (1, "2025-03-02", "b", -5.0),
              (2, "2024-12-31", "a", 7.0), (3, "2026-01-01", "a", 9.0), (4, "2025-06-01", "a", -3.0))


def test_active_is_who_bought_within_the_window():
    found = value.active_accounts(BOOKS, as_of="2025-12-31", window=365)
    assert found.tolist() == [1] and found.name == "customer_id"   # 1 January counts, the day before does not
    assert value.active_accounts(BOOKS, as_of="2025-12-31", window=366).tolist() == [1, 2]


def test_who_did_not_renew_has_left_unless_they_bought_since():
    books = lines(*[(who, "2025-02-01", "a", 10.0) for who in (1, 2, 3, 4)], (2, "2025-09-01", "a", 5.0))
    contracts = pd.DataFrame({
        "customer_id": [1, 2, 3, 3, 4], "started_on": pd.to_datetime(["2024-06-01"] * 3 + ["2025-06-01", "2025-06-01"]),
        "due_on": pd.to_datetime(["2025-06-01"] * 3 + ["2026-06-01", "2026-06-01"]),
        "renewed": pd.array([False, False, True, None, None], dtype="boolean")})
    assert value.active_accounts(books, as_of="2025-12-31", contracts=contracts).tolist() == [2, 3, 4]
    # on the day before it was due, nobody knew
    assert value.active_accounts(books, as_of="2025-05-31", contracts=contracts).tolist() == [1, 2, 3, 4]


def test_a_contract_that_runs_keeps_the_customer():
    """Two dispensers: the contract of one was not renewed, that of the other runs."""
    books = lines((1, "2025-02-01", "a", 10.0))
    contracts = pd.DataFrame({"customer_id": [1, 1], "started_on": pd.to_datetime(["2024-06-01", "2025-02-01"]),
                              "due_on": pd.to_datetime(["2025-06-01", "2026-02-01"]),
                              "renewed": pd.array([False, None], dtype="boolean")})
    assert value.active_accounts(books, as_of="2025-12-31", contracts=contracts).tolist() == [1]
    assert value.active_accounts(books, as_of="2025-12-31", contracts=contracts.iloc[:1]).tolist() == []
    with pytest.raises(DataError, match="renewed must be True, False or missing, not 'no'"):
        value.active_accounts(books, as_of="2025-12-31", contracts=contracts.assign(renewed="no"))
    with pytest.raises(DataError, match="due_on of contracts must be days"):
        value.active_accounts(books, as_of="2025-12-31", contracts=contracts.assign(due_on="2025-06-01"))


def test_grades():
    assert value.grade_values(["AAA", "AA", "A", "B", "C", "D"]).tolist() == approx([1, 0.8, 0.6, 0.4, 0.2, 0])
    assert value.grade_values(["low", "high"], order=["high", "low"]).tolist() == [0, 1]
    for strange in ("E", None, 0.8):
        with pytest.raises(DataError, match="1 grade.s. are not among AAA, AA"):
            value.grade_values(["AAA", strange])
    with pytest.raises(DataError, match="the best first"):
        value.grade_values(["A"], order=["A"])


def test_demand_counts_products_and_people_sent():
    sent = pd.DataFrame({"referrer_id": [2, 2, 1, 1, 1, 1, 1],
                         "date": pd.to_datetime(["2025-01-01", "2026-01-01"] + ["2025-01-01"] * 5)})
    found = value.demand_contribution(BOOKS, sent, as_of="2025-12-31", accounts=[1, 2, 4], on_sale=4)
    assert found.tolist() == approx([100 * (2 / 4 + 1) / 2, 100 * (0 + 1 / 3) / 2, 0])
    on_the_day = pd.DataFrame({"referrer_id": [1], "date": [DAY("2025-12-31 14:00")]})
    assert value.demand_contribution(BOOKS, on_the_day, as_of="2025-12-31", accounts=[4], on_sale=4).tolist() == [0]
    same_day = value.demand_contribution(BOOKS, on_the_day, as_of="2025-12-31", accounts=[1], on_sale=4)
    assert same_day.tolist() == approx([100 * (2 / 4 + 1 / 3) / 2])
    for wrong, message in ((on_the_day.astype({"referrer_id": str}), "bring them to one type"),
                           (on_the_day.astype({"date": str}), "date of referrals must be days"),
                           (on_the_day.assign(date=pd.NaT), "1 of . rows of referrals have no date")):
        with pytest.raises(DataError, match=message):
            value.demand_contribution(BOOKS, wrong, as_of="2025-12-31", accounts=[1], on_sale=4)
    with pytest.raises(DataError, match="customer 1 bought 2 different products, and only 1 are on sale"):
        value.demand_contribution(BOOKS, sent, as_of="2025-12-31", accounts=[1], on_sale=1)


def test_expected_sales_look_at_nothing_later():
    orders = load_cdnow().execute()
    accounts = orders.loc[orders["date"] <= "1997-09-30", "customer_id"].drop_duplicates().head(40)
    ours = value.expected_sales(orders, as_of="1997-09-30", accounts=accounts, horizon_years=1)
    early = value.expected_sales(orders[orders["date"] <= "1997-09-30"], as_of="1997-09-30", accounts=accounts,
                                 horizon_years=1)
    pd.testing.assert_frame_equal(ours, early)
    assert ours["p_alive"].between(0, 1).all() and (ours["expected sales"] >= 0).all()
    assert ours["expected sales"].tolist() == approx((ours["purchases"] * ours["spend"]).tolist())
    with pytest.raises(DataError, match="1 account.s. have no purchase up to 1997-09-30, the first 99999"):
        value.expected_sales(orders, as_of="1997-09-30", accounts=[99999])
    far = value.expected_sales(orders, as_of="1997-09-30", accounts=[4, 21], horizon_years=5)
    assert far["expected sales"].round(0).tolist() == [101, 13]
    flat = value.expected_sales(orders, as_of="1997-09-30", accounts=[4, 21], horizon_years=5, discount_rate=0)
    assert (flat["purchases"] > 1.1 * far["purchases"]).all()


@pytest.fixture(scope="module")
def candidates(case):
    org = case.customers[~case.customers["category"].isin(["internal", "household"])]
    ids = account_ids(org, same_name="merge")
    from crmlib.identity import replace_ids

    orders = replace_ids(case.orders[case.orders["customer_id"].isin(org["customer_id"])], ids)
    contracts = replace_ids(case.contracts[case.contracts["customer_id"].isin(org["customer_id"])], ids)
    accounts = value.active_accounts(orders, as_of=case.observation_end, contracts=contracts)
    return org, ids, orders, accounts


def test_five_columns_of_the_case(case, candidates):
    org, ids, orders, accounts = candidates
    grades = org.set_index("customer_id")["credit_grade"]
    inputs = {"as_of": case.observation_end, "profit": pd.Series({accounts[0]: 12.5}).reindex(accounts).fillna(0),
              "grades": grades, "referrals": case.referrals, "on_sale": len(case.products)}
    table = value.account_criteria(orders, accounts=accounts, **inputs)
    assert list(table) == list(value.COMPONENTS) and table.notna().all().all()
    assert table["cumulative sales"].tolist() == approx(
        orders.groupby("customer_id")["amount"].sum().reindex(accounts).round(2).tolist())
    assert table["profit contribution"].iloc[:2].tolist() == [12.5, 0]
    assert table["credit grade"].between(0, 1).all() and table["demand contribution"].between(0, 100).all()
    with pytest.raises(DataError, match="accounts names 1 customer.s. twice"):
        value.account_criteria(orders, accounts=[accounts[0], accounts[0]], **inputs)
    profit, forecast = inputs["profit"], table[["expected sales"]]
    assert value.account_criteria(orders, accounts=accounts, forecast=forecast, **inputs).equals(table)
    with pytest.raises(DataError, match="1 account.s. have no forecast"):
        value.account_criteria(orders, accounts=accounts, forecast=forecast.iloc[1:], **inputs)
    for wrong, message in ((profit.iloc[1:], "1 account.s. have no profit"), (profit.tolist(), "must be a Series"),
                           (profit.rename(index=str), "bring them to one type"),
                           (profit.where(profit != 12.5), "1 account.s. have no profit"),
                           (pd.concat([profit, profit]), "names a customer twice")):
        with pytest.raises(DataError, match=message):
            value.account_criteria(orders, accounts=accounts, **(inputs | {"profit": wrong}))
    with pytest.raises(DataError, match="1 account.s. have no grade"):
        value.account_criteria(orders, accounts=accounts, **(inputs | {"grades": grades.drop(accounts[0])}))


def test_the_truth_of_the_case(case, candidates):
    _, ids, orders, accounts = candidates
    truth = value.true_future_profit(case, accounts, ids)
    people = case.truth.customers.set_index("customer_id").loc[accounts]
    gone = truth["left"]
    assert (truth.loc[gone, "future_profit"] == 0).all() and people.loc[gone, "left_on"].notna().all()
    assert truth["stay"].between(0, 1).all()
    here = truth[~gone & people["left_on"].isna()]
    assert (here["stay"] <= 1 - people.loc[here.index, "churn_probability"]).all()     # events only take away
    r = here["stay"] / 1.1
    assert here["future_profit"].tolist() == approx((here["profit_a_year"] * r * (1 - r**5) / (1 - r)).tolist())
    near = value.true_future_profit(case, accounts, ids, horizon_years=1, discount_rate=0)
    assert near.loc[here.index, "future_profit"].tolist() == approx((here["profit_a_year"] * here["stay"]).tolist())
    # somebody who was won back and is still here is not gone
    assert (people.loc[~gone, "left_on"].notna()).any() and np.isfinite(truth["future_profit"]).all()


def small_case(**changed):
    """One customer with two orders a year, a machine, a running contract, a visit, a failure, one contact person."""
    days = pd.to_datetime(["2023-12-31", "2025-03-01"])
    parameters = {"attention_relationship": 0.6, "attention_transaction": 0.4, "neglect_exit": 0.2,
                  "failure_rate_organisation": 0.5, "blame_first_exit": 0.4, "repaired_exit": 0.2, "replaced_exit": 0.1,
                  "contact_departure_rate": 0.3, "lone_contact_exit": 0.5, "second_life_exit": 0.25} | changed
    person = pd.DataFrame({"customer_id": [1], "left_on": [pd.NaT], "buyer_type": ["relationship"],
                           "purchase_rate": [3.0], "churn_probability": [0.1]})
    orders = pd.DataFrame({"customer_id": 1, "order_id": [1, 2, 3], "date": [days[0], days[1], days[1]],
                           "product_id": ["M01", "W01", "S01"], "amount": [900.0, 50, 300], "margin": [400.0, 20, 100]})
    return SimpleNamespace(
        observation_end="2025-12-31", orders=orders,
        interactions=pd.DataFrame({"customer_id": [1], "cost": [60.0]}),
        incidents=pd.DataFrame({"customer_id": [1, 9], "cost": [40.0, 5.0], "handling": ["repaired", "blame_first"]}),
        contacts=pd.DataFrame({"customer_id": [1], "contact_id": [1], "left_on": [pd.NaT]}),
        winbacks=pd.DataFrame({"attempt_id": [1], "customer_id": [1], "returned": [False]}),
        truth=SimpleNamespace(parameters=parameters, customers=person,
                              winbacks=pd.DataFrame({"attempt_id": [1], "second_left_on": [pd.NaT]})))


IDS = pd.Series({1: 1, 9: 9})


def test_the_truth_of_one_customer_by_hand():
    """3 orders a year at (400 + 20) / 2, 100 of the contract, less 100 of service in 2 years and a day."""
    found = value.true_future_profit(small_case(), [1], IDS, horizon_years=2).loc[1]
    profit = 3 * 210 + 100 - 100 / (731 / 365)
    stay = 0.9 * (1 - 0.2 * 0.4) * np.exp(-0.5 * (0.5 * 0.4 + 0.5 * 0.2)) * (1 - 0.3 * 0.5)
    assert found["profit_a_year"] == approx(profit) and found["stay"] == approx(stay)
    assert found["future_profit"] == approx(profit * (stay / 1.1 + (stay / 1.1) ** 2))
    cared_for = value.true_future_profit(small_case(), [1], IDS, attention=1).loc[1]
    assert cared_for["stay"] == approx(stay / (1 - 0.2 * 0.4)) and cared_for["profit_a_year"] == approx(profit)
    with pytest.raises(ValueError, match="attention 60 is not between 0 and 1"):
        value.true_future_profit(small_case(), [1], IDS, attention=60)


def test_the_truth_of_who_left_and_who_came_back():
    gone, back = small_case(), small_case()
    for each in (gone, back):
        each.truth.customers["left_on"] = DAY("2025-04-01")
    back.winbacks["returned"] = True
    assert value.true_future_profit(gone, [1], IDS).loc[1].tolist() == [True, 0, 0, 0]
    assert value.true_future_profit(back, [1], IDS).loc[1, "stay"] == approx(0.75)     # a second life


def test_tables_of_the_engine_give_the_same():
    import ibis

    engine = ibis.memtable(BOOKS)
    sent = pd.DataFrame({"referrer_id": [2], "date": [DAY("2025-01-01")]})
    when = {"as_of": "2025-12-31"}
    assert value.active_accounts(engine, **when).tolist() == value.active_accounts(BOOKS, **when).tolist()
    for function, more in ((value.cumulative_sales, {}), (lambda *a, **k: value.demand_contribution(a[0], sent, **k),
                                                          {"on_sale": 3})):
        first, second = (function(table, accounts=[1, 2, 4], **when, **more) for table in (BOOKS, engine))
        pd.testing.assert_series_equal(first, second)
