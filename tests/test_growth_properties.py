"""What must hold for any lines and any curves: the bridge adds up to the cent, whatever the order."""

import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib import growth

QUICK = settings(max_examples=25)
WINDOWS = {"base": ("2022-07-01", "2023-06-30"), "current": ("2023-07-01", "2024-06-29")}
DAYS = {name: [pd.Timestamp(day) for day in window] for name, window in WINDOWS.items()}

line = st.tuples(
    st.integers(1, 6),
    st.dates(datetime.date(2021, 7, 1), datetime.date(2024, 6, 29)),
    st.sampled_from("wfcs"),
    st.integers(-20_000, 50_000).map(lambda cents: cents / 100) | st.just(0.0),
)
EDGES = [(9, datetime.date(2022, 7, 1), "w", 1.0), (9, datetime.date(2024, 6, 29), "w", 1.0)]
MEANINGS = st.sampled_from(["firm", "customer", None])


def frame(rows):
    table = pd.DataFrame(EDGES + rows, columns=["customer_id", "date", "product_id", "amount"])
    return table.assign(date=pd.to_datetime(table["date"]))


def test_a_customer_with_a_negative_base_lifts_gross_retention_above_one():
    """The documented exception: a return in the base window, of a purchase before it, and no purchase afterwards."""
    days = (datetime.date(2021, 7, 1), datetime.date(2022, 7, 1), datetime.date(2023, 1, 1))
    table = frame([(1, day, "w", amount) for day, amount in zip(days, (0.0, 0.0, -0.01), strict=True)])
    rates = growth.retention_rates(growth.revenue_bridge(table, **WINDOWS))
    assert rates["gross_retention"] == pytest.approx(1 / 0.99)


def cents(values):
    return int(np.rint(np.asarray(values) * 100).astype(int).sum())


def inside(table, window):
    return table[table["date"].between(*DAYS[window])]


def slow_bridge(table, meaning, lookback):
    """The definition of the bridge, written out line by line in plain Python: cents per component."""
    if meaning is None:
        table = table.assign(product_id="all")
    rows = [(c, d, p, round(a * 100)) for c, d, p, a in
            table[["customer_id", "date", "product_id", "amount"]].itertuples(index=False)]
    start = pd.Timestamp(lookback) if lookback else pd.Timestamp.min

    def when(day):
        for name, (first, last) in DAYS.items():
            if first <= day <= last:
                return name
        return "before" if start <= day < DAYS["base"][0] else None

    rows = [(c, d, p, a, when(d)) for c, d, p, a in rows if when(d)]

    def kind(group):
        """Of the lines of one day: bought, cancelled, or returns only."""
        if not any(a >= 0 for a in group):
            return "returns"
        return "cancelled" if sum(group) == 0 and any(a < 0 for a in group) else "bought"

    def kinds(select):
        days = {}
        for c, d, p, a, w in rows:
            if select(c, p):
                days.setdefault((c, w, d), []).append(a)
        return {(c, w, kind(group)) for (c, w, d), group in days.items()}

    result = dict.fromkeys(growth.COMPONENTS, 0)
    sold = {p for p in {r[2] for r in rows} for c in {r[0] for r in rows}
            for _, w, k in kinds(lambda a, b, c=c, p=p: a == c and b == p) if w != "current" and k != "cancelled"}
    for customer in {r[0] for r in rows}:
        did = {(w, k) for _, w, k in kinds(lambda c, p, me=customer: c == me)}
        existing, active = ("base", "bought") in did, ("current", "bought") in did
        known = bool({("before", "bought"), ("before", "returns"), ("base", "returns")} & did)
        kept = 0
        for product in {r[2] for r in rows if r[0] == customer}:
            mine = kinds(lambda c, p, me=customer, it=product: c == me and p == it)
            had = any(w != "current" and k != "cancelled" for _, w, k in mine)
            change = sum(a if w == "current" else -a for c, _, p, a, w in rows
                         if c == customer and p == product and w != "before")
            if not any(c == customer and p == product and w != "before" for c, _, p, _, w in rows):
                continue
            new = product not in sold
            if existing and not active:
                result["churn"] += change
            elif existing and (new if meaning == "firm" else not had if meaning == "customer" else False):
                result["extension"] += change
            elif existing:
                kept += change
            elif not active:
                result["late returns"] += change
            elif known:
                result["reactivation, new offerings" if new and meaning else "reactivation"] += change
            else:
                result["diversification" if new and meaning else "acquisition"] += change
        result["expansion" if kept > 0 else "contraction"] += kept
    return result


@given(rows=st.lists(line, max_size=25), meaning=MEANINGS, lookback=st.sampled_from([None, "2022-01-01"]),
       seed=st.integers(0, 99))
@settings(QUICK)
def test_bridge_adds_up_to_the_cent_and_is_the_definition(rows, meaning, lookback, seed):
    table = frame(rows)
    bridge = growth.revenue_bridge(table, new_offering=meaning, lookback=lookback, **WINDOWS)
    base, current = (cents(inside(table, name)["amount"]) for name in ("base", "current"))
    assert cents(bridge["change"]) == current - base
    assert (cents(bridge["revenue_base"]), cents(bridge["revenue_current"])) == (base, current)
    found = {row.component: cents([row.change]) for row in bridge.itertuples()}
    expected = {name: value for name, value in slow_bridge(table, meaning, lookback).items() if name in found}
    assert found == expected
    again = growth.revenue_bridge(table.sample(frac=1, random_state=seed), new_offering=meaning, lookback=lookback,
                                  **WINDOWS)
    pd.testing.assert_frame_equal(again, bridge)


@given(rows=st.lists(line, max_size=25), meaning=MEANINGS)
@settings(QUICK)
def test_rates_and_matrix_come_from_the_bridge(rows, meaning):
    table = frame(rows)
    bridge = growth.revenue_bridge(table, new_offering=meaning, **WINDOWS)
    rates, matrix = growth.retention_rates(bridge), growth.growth_matrix(bridge)
    own = bridge.set_index("component")
    late = own.loc["late returns", "change"]
    assert cents(matrix.to_numpy()) + cents([late]) == cents(bridge["change"])
    loyal = own[own["cell"].isin(["loyalty", "extension"])]
    if rates["revenue_base"] > 0:
        assert rates["net_retention"] * rates["revenue_base"] == pytest.approx(loyal["revenue_current"].sum(), abs=1e-6)
        # what leaves lowers it, unless returns had left those who went with less than nothing
        assert (rates["gross_retention"] <= 1 + 1e-12) == (own.loc["churn", "change"] + own.loc["contraction", "change"]
                                                          <= 1e-9)
        added = own.loc["expansion", "change"] + (own.loc["extension", "change"] if meaning else 0.0)
        assert (rates["gross_retention"] <= rates["net_retention"] + 1e-12) == (added >= -1e-9)
    for reactivated in ("new", "existing"):
        assert cents(growth.growth_matrix(bridge, reactivated=reactivated).to_numpy()) == cents(matrix.to_numpy())


@given(rows=st.lists(line, max_size=25), method=st.sampled_from(["shapley", "log_mean"]), scale=st.floats(0.1, 10))
@settings(QUICK)
def test_drivers_add_up_and_scale(rows, method, scale):
    table = frame([(c, d, p, abs(a)) for c, d, p, a in rows])
    found = growth.revenue_drivers(table, method=method, **WINDOWS)
    change = inside(table, "current")["amount"].sum() - inside(table, "base")["amount"].sum()
    assert found["effect"].sum() == pytest.approx(change, abs=1e-6)
    swapped = growth._shapley(found["current"].to_numpy(), found["base"].to_numpy())
    if method == "shapley":  # the way back is the way there
        assert swapped == pytest.approx(-found["effect"].to_numpy(), abs=1e-6)


def test_shapley_is_the_average_over_all_orders():
    from itertools import permutations

    before, after = np.array([3.0, 2.0, 7.0]), np.array([5.0, 1.5, 9.0])
    effects = np.zeros(3)
    for order in permutations(range(3)):
        state = before.copy()
        for k in order:
            was = state.prod()
            state[k] = after[k]
            effects[k] += (state.prod() - was) / 6
    assert growth._shapley(before, after) == pytest.approx(effects)


curve = st.tuples(st.floats(0.1, 1), st.floats(0, 1e6), st.floats(10, 1e6))


@given(curves=st.lists(curve, min_size=1, max_size=5), budget=st.floats(0, 1e6), floor=st.sampled_from([0.0, 1.0, 2.0]),
       weights=st.lists(st.floats(0.01, 1), min_size=5, max_size=5))
@settings(QUICK)
def test_no_split_beats_the_allocation(curves, budget, floor, weights):
    table = pd.DataFrame(curves, columns=["probability", "potential", "scale"])
    best = growth.allocate_budget(table, budget, minimum_return=floor)
    assert best["spend"].sum() <= budget * (1 + 1e-12) and (best["spend"] >= 0).all()
    shares = pd.Series(weights[:len(table)], index=table.index)
    split = growth.split_budget(table, budget, shares / shares.sum())

    def net(plan):
        return plan["gain"].sum() - floor * plan["spend"].sum()

    assert net(best) >= net(split) - 1e-6 * max(1.0, budget)


@given(spend=st.floats(1, 1e6), part=st.floats(0.01, 0.99), potential=st.floats(1, 1e6))
@settings(QUICK)
def test_response_is_the_inverse_of_the_gain(spend, part, potential):
    curve = growth.response_through(spend, part * potential, potential=potential)
    found = growth.evaluate_spend(curve.to_frame("s").T, {"s": spend}).loc["s"]
    assert found["gain"] == pytest.approx(part * potential)
    again = growth.response_through(spend, found["gain"], marginal_return=found["marginal_return"])
    assert again.tolist() == pytest.approx(curve.tolist(), rel=1e-5)
