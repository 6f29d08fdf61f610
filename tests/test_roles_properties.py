"""Roles and money: what has to hold for every table, not only for those made by hand."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib import roles

cents = st.integers(-10**9, 10**9)


@st.composite
def books(draw):
    """Customers of all categories, some of them with two ids, and order lines in whole cents."""
    n = draw(st.integers(1, 8))
    names = [f"name {draw(st.integers(0, 5))}" for _ in range(n)]
    category = {name: draw(st.sampled_from(roles.CATEGORIES)) for name in set(names)}
    customers = pd.DataFrame({"customer_id": range(n), "name": names, "category": [category[name] for name in names]})
    lines = draw(st.lists(st.tuples(st.integers(0, n - 1), cents), min_size=1, max_size=20))
    orders = pd.DataFrame({"customer_id": [who for who, _ in lines], "date": pd.Timestamp("2025-03-01"),
                           "amount": [money / 100 for _, money in lines]})
    return customers, orders, [money for _, money in lines]


@pytest.mark.filterwarnings("ignore:.*more than two ids")
@settings(max_examples=40)
@given(books(), st.sampled_from(["merge", "separate"]))
def test_money_is_complete_to_the_cent_and_internal_customers_bring_no_revenue(book, same_name):
    customers, orders, money = book
    table = roles.account_money(orders, customers, same_name=same_name)
    total = sum(round(100 * x) for column in ("money", "transfers") for x in table[column])
    assert total == sum(money)
    assert table["ids"].sum() == len(customers)
    assert (table.loc[table["category"] == "internal", "money"] == 0).all()
    assert (table.loc[table["category"] != "internal", "transfers"] == 0).all()
    by_category = roles.revenue_by_category(table)
    assert sum(round(100 * x) for column in ("revenue", "transfers") for x in by_category[column]) == sum(money)
    assert by_category["customers"].sum() == len(table)
    if by_category["revenue"].sum() != 0:
        assert by_category["share"].sum() == pytest.approx(1)


@given(cents, st.lists(st.integers(0, 1000), min_size=1, max_size=8).filter(any))
def test_parts_add_up_to_the_amount_and_are_within_a_cent_of_their_share(amount, weights):
    shares = {f"payer {i}": weight / sum(weights) for i, weight in enumerate(weights)}
    parts = roles.split_money(amount / 100, shares)
    whole = [round(100 * part) for part in parts]
    assert sum(whole) == amount
    assert all(abs(part - share * amount) < 1 + 1e-6 for part, share in zip(whole, shares.values(), strict=True))


people = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 3), st.sampled_from(roles.ROLES), st.integers(0, 100)), max_size=25,
).map(lambda rows: pd.DataFrame(rows, columns=["customer_id", "person", "role", "influence"])
      .assign(influence=lambda t: t["influence"] / 100)
      .drop_duplicates(["customer_id", "person", "role"]))


@settings(max_examples=40)
@given(people, st.lists(st.floats(-1, 1), min_size=20, max_size=20))
def test_coverage_counts_nobody_twice_and_stays_in_its_bounds(rows, stances):
    rows = rows.assign(contact_id=rows["customer_id"] * 4 + rows["person"]).astype({"contact_id": int})
    rows["stance"] = [stances[i] for i in rows["contact_id"]]
    table = roles.role_coverage(rows, range(6)).set_index("customer_id")
    assert table["people"].sum() == rows["contact_id"].nunique() <= len(rows)
    assert table["roles"].sum() == len(rows.drop_duplicates(["customer_id", "role"]))
    assert table["coverage"].between(0, 1).all() and (table["single_threaded"] == (table["people"] == 1)).all()
    assert (table.loc[table["people"] == 0, "coverage"] == 0).all()
    for account, row in table.iterrows():
        mine = rows[rows["customer_id"] == account]
        missing = [role for role in roles.MAIN_ROLES if role not in set(mine["role"])]
        assert row["missing"] == ", ".join(missing) and row["coverage"] == pytest.approx(1 - len(missing) / 3)
        if not math.isnan(row["stance"]):
            assert mine["stance"].min() - 1e-9 <= row["stance"] <= mine["stance"].max() + 1e-9
    shuffled = roles.role_coverage(rows.sample(frac=1, random_state=1), range(6)).set_index("customer_id")
    pd.testing.assert_frame_equal(shuffled, table)


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(-1e6, 1e6)), min_size=1, max_size=12),
       st.floats(0, 1), st.floats(0, 1))
def test_expected_loss_is_a_share_of_the_money_that_hangs_on_one_person(accounts, departure, exit_probability):
    coverage = pd.DataFrame({"customer_id": range(len(accounts)), "people": [n for n, _ in accounts]})
    margins = pd.Series([margin for _, margin in accounts])
    risk = roles.single_threaded_risk(coverage, margins, departure=departure, exit_probability=exit_probability)
    assert risk["expected_loss"].sum() == pytest.approx(departure * exit_probability * risk["on_one_person"].sum())
    assert risk["on_one_person"].sum() == pytest.approx(sum(max(m, 0) for n, m in accounts if n == 1))
    assert (risk["on_one_person"].isna() == (coverage["people"] == 0)).all()


@given(st.lists(st.tuples(st.integers(1, 500), st.floats(0, 1)), min_size=1, max_size=8), st.floats(0, 1))
def test_no_chain_is_better_than_its_weakest_link_and_none_gains_more_than_that_link(links, target):
    table = pd.DataFrame({"supplier": range(len(links)), "recipient": range(1, len(links) + 1),
                          "service": [f"s{i}" for i in range(len(links))], "requests": [n for n, _ in links],
                          "on_time": [int(share * n) for n, share in links]})
    chain = roles.internal_chain(roles.service_levels(table), target=target)
    rate = chain["rate"].to_numpy()
    assert chain["so_far"].iloc[-1] == pytest.approx(np.prod(rate)) and chain["so_far"].iloc[-1] <= rate.min() + 1e-12
    assert (chain["gain"] >= -1e-12).all() and chain["weakest"].sum() == 1
    if target == 1:
        assert chain.loc[chain["weakest"], "gain"].iloc[0] >= chain["gain"].max() - 1e-9


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(-5, 60), st.integers(1, 12)), min_size=1, max_size=9), st.integers(0, 60))
def test_selection_fits_and_exact_is_never_beaten(accounts, capacity):
    values, hours = [float(v) for v, _ in accounts], [float(h) for _, h in accounts]
    won = {}
    for method in roles.SELECTION_METHODS:
        table = roles.select_accounts(values, hours, capacity=capacity, method=method)
        picked = table[table["chosen"]]
        assert picked["hours"].sum() <= capacity and (picked["value"] > 0).all()
        won[method] = picked["value"].sum()
    assert won["exact"] >= max(won.values()) - 1e-9
