"""Cohorts and renewals; what a customer earns; one name for one customer."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib.data import load_cdnow
from crmlib.errors import DataError
from crmlib.intervals import share_interval
from crmlib.segments import (
    cohort_table,
    customer_profit,
    retention_table,
    undisturbed,
)

nan = np.nan


def lines(*rows):
    table = pd.DataFrame(rows, columns=["customer_id", "date", "amount"])
    return table.assign(date=pd.to_datetime(table["date"]), amount=table["amount"].astype(float))


THREE = lines(("a", "2024-02-01", 10), ("a", "2024-08-01", 20), ("b", "2024-03-01", 30), ("b", "2024-03-09", 5),
              ("b", "2024-04-02", -5), ("c", "2024-07-01", 7))


def test_cohorts_by_hand():
    kept = cohort_table(THREE, as_of="2024-12-31", measure="customers")
    assert kept.index.tolist() == ["2024Q1", "2024Q3"] and kept.columns.tolist() == ["size", 0, 1, 2, 3]
    np.testing.assert_array_equal(kept.to_numpy(), [[2, 2, 0, 1, 0], [1, 1, 0, nan, nan]])
    money = cohort_table(THREE, as_of="2024-12-31", measure="revenue")
    np.testing.assert_array_equal(money.to_numpy(), [[2, 45, -5, 20, 0], [1, 7, 0, nan, nan]])
    each = cohort_table(THREE, as_of="2024-12-31", measure="revenue_per_customer")
    np.testing.assert_array_equal(each.to_numpy(), [[2, 22.5, -2.5, 10, 0], [1, 7, 0, nan, nan]])
    share = cohort_table(THREE, as_of="2024-12-31")
    np.testing.assert_array_equal(share.to_numpy(), [[2, 1, 0, 0.5, 0], [1, 1, 0, nan, nan]])


def test_a_period_that_has_not_ended_is_left_blank():
    blank = cohort_table(THREE, as_of="2024-08-15", measure="customers")
    np.testing.assert_array_equal(blank.to_numpy(), [[2, 2, 0], [1, nan, nan]])
    keep = cohort_table(THREE, as_of="2024-08-15", measure="customers", incomplete="keep")
    np.testing.assert_array_equal(keep.to_numpy(), [[2, 2, 0, 1], [1, 1, nan, nan]])
    years = cohort_table(THREE, as_of="2024-12-31", period="year", measure="customers")
    assert years.to_numpy().tolist() == [[3, 3]]


def test_cohorts_of_cdnow():
    table = cohort_table(load_cdnow(), as_of="1998-06-30", period="month", measure="customers")
    assert table.index.tolist() == ["1997-01", "1997-02", "1997-03"] and table["size"].sum() == 2357
    money = cohort_table(load_cdnow(), as_of="1998-06-30", period="month", measure="revenue")
    assert round(np.nansum(money.drop(columns="size").to_numpy()) * 100) == 24_409_194


def test_bad_cohorts():
    with pytest.raises(DataError, match="2 lines are dated after as_of=2024-06-30"):
        cohort_table(THREE, as_of="2024-06-30")
    with pytest.raises(ValueError, match="period='week' is not known: use one of 'month', 'quarter', 'year'"):
        cohort_table(THREE, as_of="2024-12-31", period="week")
    with pytest.raises(ValueError, match="measure='loyalty' is not known"):
        cohort_table(THREE, as_of="2024-12-31", measure="loyalty")
    with pytest.raises(ValueError, match="as_of is required"):
        cohort_table(THREE, as_of=None)
    with pytest.raises(DataError, match="no customer has a purchase"):
        cohort_table(lines(("a", "2024-01-01", -1)), as_of="2024-12-31")
    with pytest.raises(DataError, match=r"returns lie before the first purchase.*1 cohort\(s\), -4.00 in all"):
        cohort_table(lines(("a", "2024-01-01", -4), ("a", "2024-08-01", 9)), as_of="2024-12-31")
    with pytest.raises(DataError, match=r"missing values \(1 in amount\)"):
        cohort_table(THREE.assign(amount=[nan, 1, 1, 1, 1, 1]), as_of="2024-12-31")


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 700), st.integers(0, 20_000)), min_size=1))
def test_revenue_of_all_cohorts_adds_up_to_the_cent(rows):
    table = pd.DataFrame(rows, columns=["customer_id", "day", "cents"])
    table["date"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(table["day"], unit="D")
    table["amount"] = table["cents"] / 100
    result = cohort_table(table, as_of="2025-12-31", measure="revenue").drop(columns="size")
    assert round(np.nansum(result.to_numpy()) * 100) == table["cents"].sum()
    active = cohort_table(table, as_of="2025-12-31", measure="customers")
    assert active["size"].sum() == table["customer_id"].nunique() and (active["size"] == active[0]).all()


# ------------------------------------------------------------------------------------ renewals


CONTRACTS = pd.DataFrame({
    "year_number": [1, 1, 1, 1, 2, 2, 3],
    "renewed": pd.array([True, True, True, False, True, False, None], dtype="boolean"),
})


def test_renewals_by_hand():
    table = retention_table(CONTRACTS)
    assert table[["due", "renewed", "pending"]].to_numpy().tolist() == [[4, 3, 0], [2, 1, 0], [0, 0, 1]]
    np.testing.assert_array_equal(table["rate"], [0.75, 0.5, nan])
    assert (table["low"][1], table["high"][1]) == pytest.approx(share_interval(3, 4))
    as_objects = CONTRACTS.astype({"renewed": object})
    as_objects["renewed"] = as_objects["renewed"].where(as_objects["renewed"].notna(), None)
    pd.testing.assert_frame_equal(retention_table(as_objects), table)
    wider = retention_table(CONTRACTS, level=0.99)
    assert (wider["low"][:2] < table["low"][:2]).all()


def test_bad_contracts():
    with pytest.raises(DataError, match=r"contracts lack the column\(s\) renewed"):
        retention_table(CONTRACTS[["year_number"]])
    with pytest.raises(DataError, match="renewed must be true, false or missing"):
        retention_table(CONTRACTS.assign(renewed="yes"))
    with pytest.raises(DataError, match="1 of 7 contracts have no year_number"):
        retention_table(CONTRACTS.assign(year_number=[None, 1, 1, 1, 2, 2, 3]))
    with pytest.raises(ValueError, match="level 95 is not between 0 and 1: did you mean 0.95"):
        retention_table(CONTRACTS, level=95)
    with pytest.raises(TypeError, match="not list"):
        retention_table([])


def test_undisturbed_terms():
    contracts = pd.DataFrame({
        "contract_id": [1, 2, 3, 4], "customer_id": [7, 7, 8, 9], "started_on": pd.to_datetime(
            ["2024-01-01", "2025-01-01", "2024-01-01", "2024-01-01"]),
        "due_on": pd.to_datetime(["2025-01-01", "2026-01-01", "2025-01-01", "2025-01-01"])})
    events = lines((7, "2024-01-01", 0), (8, "2024-12-31", 0), (8, "2024-06-01", 0), (9, "2025-01-01", 0))
    assert undisturbed(contracts, contacts=events)["contract_id"].tolist() == [1, 3]
    assert undisturbed(contracts, incidents=events)["contract_id"].tolist() == [2, 4]
    assert undisturbed(contracts, contacts=events, incidents=events).empty
    assert len(undisturbed(contracts)) == 4
    with pytest.raises(DataError, match=r"contracts lack the column\(s\) due_on"):
        undisturbed(contracts.drop(columns="due_on"))
    with pytest.raises(DataError, match=r"incidents lack the column\(s\) date"):
        undisturbed(contracts, incidents=events.drop(columns="date"))
    with pytest.raises(DataError, match=r"1 contract id\(s\) are there twice"):
        undisturbed(contracts.assign(contract_id=[1, 1, 3, 4]))


def test_share_interval():
    # Wilson's interval of 8 of 10 at 95 %: by hand, z = 1.959964
    assert share_interval(8, 10) == pytest.approx((0.490162, 0.943318), abs=1e-6)
    assert share_interval(0, 5)[0] == pytest.approx(0, abs=1e-15) and share_interval(5, 5)[1] == pytest.approx(1)
    assert np.isnan(share_interval(0, 0)).all() and np.isnan(share_interval(0, 0, method="exact")).all()
    # Clopper and Pearson: with 0 of n the upper end is 1 - (tail)^(1/n); it covers at least as often as it says
    assert share_interval(0, 10, method="exact") == pytest.approx((0, 1 - 0.025 ** 0.1))
    assert share_interval(10, 10, method="exact") == pytest.approx((0.025 ** 0.1, 1))
    with pytest.raises(ValueError, match="method='normal' is not known"):
        share_interval(1, 2, method="normal")
    for wrong in ((-1, 5), (6, 5)):
        with pytest.raises(ValueError, match="0 <= count <= of"):
            share_interval(*wrong)
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        share_interval(1, 2, level=1.0)


def test_share_interval_covers_as_often_as_it_says():
    counts = np.random.default_rng(4).binomial(60, 0.2, 20_000)
    low, high = share_interval(counts, np.full(20_000, 60), level=0.95)
    assert ((low <= 0.2) & (0.2 <= high)).mean() == pytest.approx(0.95, abs=0.02)


# -------------------------------------------------------------------------------------- profit


ORDERS = pd.DataFrame({"customer_id": [1, 1, 2], "amount": [100.0, 50.0, 30.0], "margin": [40.0, 20.0, 9.0]})
VISITS = pd.DataFrame({"customer_id": [2, 3, 2], "cost": [20.0, 10.0, 5.0]})


def test_profit_by_hand():
    table = customer_profit(ORDERS, costs={"visits": VISITS, "repairs": VISITS[:1]})
    assert table.columns.tolist() == ["revenue", "margin", "visits", "repairs", "profit"]
    assert table.to_numpy().tolist() == [[150, 60, 0, 0, 60], [30, 9, 25, 20, -36], [0, 0, 10, 0, -10]]
    assert customer_profit(ORDERS)["profit"].tolist() == [60, 9]
    assert customer_profit(ORDERS, customers=[4, 2, 1])["profit"].to_dict() == {1: 60, 2: 9, 4: 0}
    assert customer_profit(ORDERS.rename(columns={"margin": "m"}), margin="m")["margin"].tolist() == [60, 9]


def test_bad_profit_tables():
    with pytest.raises(DataError, match="have lines or costs but are not among customers, the first 3: their 0.00"):
        customer_profit(ORDERS, costs={"visits": VISITS}, customers=[1, 2])
    with pytest.raises(DataError, match="1 rows of visits have a negative cost"):
        customer_profit(ORDERS, costs={"visits": VISITS.assign(cost=[-1.0, 2.0, 3.0])})
    with pytest.raises(DataError, match=r"visits lack the column\(s\) cost"):
        customer_profit(ORDERS, costs={"visits": ORDERS})
    with pytest.raises(DataError, match=r"lines have missing values \(1 in margin\)"):
        customer_profit(ORDERS.assign(margin=[nan, 1.0, 1.0]))
    with pytest.raises(ValueError, match="a cost cannot be called 'margin'"):
        customer_profit(ORDERS, costs={"margin": VISITS})
    with pytest.raises(DataError, match=r"customers names 1 customer\(s\) twice"):
        customer_profit(ORDERS, customers=[1, 1, 2])


money = st.integers(-10**6, 10**7)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(1, 5), money, money), min_size=1),
       st.lists(st.tuples(st.integers(1, 7), st.integers(0, 10**6))))
def test_profit_adds_up_to_the_cent(rows, visits):
    orders = pd.DataFrame(rows, columns=["customer_id", "amount", "margin"])
    costs = pd.DataFrame(visits, columns=["customer_id", "cost"]).astype({"customer_id": "int64", "cost": "float64"})
    table = customer_profit(orders.assign(amount=orders["amount"] / 100, margin=orders["margin"] / 100),
                            costs={"visits": costs.assign(cost=costs["cost"] / 100)} if visits else None)
    cents = (table * 100).round().astype("int64").sum()
    assert cents["revenue"] == orders["amount"].sum() and cents["margin"] == orders["margin"].sum()
    assert cents["profit"] == orders["margin"].sum() - int(costs["cost"].sum())


def test_undisturbed_refuses_days_that_are_not_there():
    terms = pd.DataFrame({"contract_id": [1], "customer_id": [7], "started_on": pd.to_datetime(["2024-01-01"]),
                          "due_on": pd.to_datetime(["2025-01-01"])})
    events = pd.DataFrame({"customer_id": [7], "date": pd.to_datetime(["2024-05-01"])})
    with pytest.raises(DataError, match="1 of 1 rows of contracts have no due_on"):
        undisturbed(terms.assign(due_on=pd.NaT), incidents=events)
    with pytest.raises(DataError, match="1 of 1 rows of incidents have no date"):
        undisturbed(terms, incidents=events.assign(date=pd.NaT))
    with pytest.raises(DataError, match="date of incidents must be days"):
        undisturbed(terms, incidents=events.assign(date="2024-05-01"))
