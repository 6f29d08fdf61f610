"""Properties that every money function of `crmlib.clv` must have, whatever the numbers."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from crmlib import clv

timings = st.sampled_from(clv.TIMINGS)
cost_timings = st.sampled_from(clv.RETENTION_COST_TIMINGS)
retention = st.floats(0, 0.99)
discount = st.floats(0.001, 0.5)
money = st.floats(0.01, 1e6)
periods = st.integers(1, 60)


@given(money, retention, retention, discount, timings)
def test_value_rises_with_retention(margin, r1, r2, d, timing):
    low, high = sorted((r1, r2))
    values = clv.lifetime_value(margin, np.array([low, high]), d, timing=timing)
    assert values[0] <= values[1] * (1 + 1e-12)


@given(money, retention, discount, discount, timings)
def test_value_falls_with_the_discount_rate(margin, r, d1, d2, timing):
    low, high = sorted((d1, d2))
    values = clv.lifetime_value(margin, r, np.array([low, high]), timing=timing)
    assert values[1] <= values[0] * (1 + 1e-12)


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(0, 1e4), retention, discount, timings, cost_timings)
def test_value_is_linear_in_money(m1, m2, cost, r, d, timing, how):
    given_ = {"timing": timing, "retention_cost_timing": how}
    both = clv.lifetime_value(m1 + m2, r, d, retention_cost=2 * cost, **given_)
    parts = [clv.lifetime_value(m, r, d, retention_cost=cost, **given_) for m in (m1, m2)]
    size = clv.lifetime_value(abs(m1) + abs(m2) + 2 * cost, r, d, timing="immediate")
    assert both == pytest.approx(sum(parts), abs=1e-9 * (1 + size))


@given(money, retention, discount, timings, periods, st.floats(-0.5, 0.2))
def test_a_horizon_never_adds_value(margin, r, d, timing, n, growth):
    assume(r * (1 + growth) / (1 + d) < 0.999)
    whole = clv.lifetime_value(margin, r, d, timing=timing, growth=growth)
    parts = clv.lifetime_value(margin, r, d, timing=timing, growth=growth, periods=np.array([n, n + 1]))
    assert parts[0] <= parts[1] * (1 + 1e-12) and parts[1] <= whole * (1 + 1e-12)


@given(money, retention, discount, periods, st.floats(-0.9, 0.5))
def test_timings_tell_one_story(margin, r, d, n, growth):
    def value(timing, **more):
        return clv.lifetime_value(margin, r, d, timing=timing, growth=growth, **more)

    now = value("immediate", periods=n + 1)
    assert value("residual", periods=n) == pytest.approx(now - margin, rel=1e-9, abs=1e-9 * now)
    assert value("end", periods=n + 1) == pytest.approx(now / (1 + d), rel=1e-12)


@given(money, st.floats(0.01, 1e5), retention, discount, timings, cost_timings)
def test_retention_cost_only_costs(margin, cost, r, d, timing, how):
    free = clv.lifetime_value(margin, r, d, timing=timing)
    paid = clv.lifetime_value(margin, r, d, timing=timing, retention_cost=cost, retention_cost_timing=how)
    assert paid <= free


@given(money, st.floats(0.01, 0.99), discount)
def test_the_annuity_is_never_too_low(margin, r, d):
    for timing in ("residual", "end"):
        right = clv.lifetime_value(margin, r, d, timing=timing)
        assert clv.annuity_lifetime_value(margin, r, d) >= right * (1 - 1e-9)


@given(retention, discount, periods)
def test_capture_is_a_share_and_grows(r, d, n):
    captured = clv.horizon_capture(r, d, [0, n, n + 1])
    assert captured[0] == 0
    assert 0 <= captured[1] <= captured[2] <= 1


yearly = st.lists(
    st.tuples(st.floats(0, 1), st.floats(0, 1000), st.floats(0, 1), st.floats(0, 100), st.floats(0, 0.05)),
    min_size=1,
    max_size=8,
)


def table(rows, **more):
    r, spend, variable, keep, referral = (list(column) for column in zip(*rows, strict=True))
    arguments = {
        "retention_rate": r,
        "spend": spend,
        "variable_cost_rate": variable,
        "retention_cost": keep,
        "referral_rate": referral,
        "discount_rate": 0.1,
    }
    return clv.lifetime_value_table(1000, **(arguments | more))


@given(yearly)
def test_table_balances(rows):
    t = table(rows, acquisition_cost=7, programme_cost=11, referral_incentive=3)
    costs = t[["variable_cost", "acquisition_cost", "retention_cost", "referral_cost", "programme_cost"]]
    assert (t["revenue"] - costs.sum(axis=1)).to_numpy() == pytest.approx(t["profit"].to_numpy(), abs=1e-6)
    assert t["cumulative_npv"].iloc[-1] == pytest.approx((t["profit"] / t["discount_factor"]).sum(), abs=1e-6)
    assert (t["lifetime_value"] * 1000).to_numpy() == pytest.approx(t["cumulative_npv"].to_numpy(), abs=1e-6)
    assert (t["retained"] + t["referred"]).to_numpy() == pytest.approx(t["customers"].to_numpy())


@given(yearly, st.floats(0.1, 1000))
def test_table_does_not_depend_on_the_size_of_the_cohort(rows, scale):
    small = table(rows)
    r, spend, variable, keep, referral = (list(column) for column in zip(*rows, strict=True))
    large = clv.lifetime_value_table(
        1000 * scale, retention_rate=r, spend=spend, variable_cost_rate=variable, retention_cost=keep,
        referral_rate=referral, discount_rate=0.1,
    )  # fmt: skip
    assert large["lifetime_value"].to_numpy() == pytest.approx(
        small["lifetime_value"].to_numpy(), rel=1e-9, abs=1e-9
    )


@given(yearly, st.floats(0.01, 100))
def test_table_charges_acquisition_once(rows, cost):
    difference = table(rows)["lifetime_value"] - table(rows, acquisition_cost=cost)["lifetime_value"]
    assert difference.to_numpy() == pytest.approx(np.full(len(rows), cost), abs=1e-6)


@st.composite
def chains(draw):
    n = draw(st.integers(1, 5))
    weights = np.array(draw(st.lists(st.floats(0.01, 1), min_size=n * n, max_size=n * n))).reshape(n, n)
    rewards = draw(st.lists(st.floats(-100, 100), min_size=n, max_size=n))
    return weights / weights.sum(axis=1, keepdims=True), np.array(rewards)


@given(chains(), st.floats(0.05, 0.5))
def test_markov_value_solves_its_own_equation(chain, d):
    p, rewards = chain
    value = clv.markov_lifetime_value(p, rewards, d).to_numpy()
    assert value == pytest.approx(rewards + p @ value / (1 + d), abs=1e-8)
    far = clv.markov_lifetime_value(p, rewards, d, horizon=800).to_numpy()
    assert far == pytest.approx(value, abs=1e-8)


@given(chains(), st.floats(0.05, 0.5))
def test_best_stopping_is_a_fixed_point_and_never_hurts(chain, d):
    p, rewards = chain
    rule = clv.best_stopping(p, rewards, d)
    value = rule["value"].to_numpy()
    assert value == pytest.approx(np.maximum(0, rewards + p @ value / (1 + d)), abs=1e-7)
    assert (value >= rule["value_without_stopping"].to_numpy() - 1e-8).all()


shapes = st.floats(0.2, 20)


@given(shapes, shapes, st.floats(0.02, 0.5), st.integers(0, 30))
def test_sbg_customers_who_stayed_longer_are_worth_more(alpha, beta, d, n):
    now, later = (clv.sbg_discounted_residual_lifetime(alpha, beta, k, d) for k in (n, n + 1))
    assert now <= later * (1 + 1e-12)
    r = clv.sbg_retention(alpha, beta, n + 1)
    assert now == pytest.approx(r * (1 + later / (1 + d)), rel=1e-9)
    # a constant rate equal to today's is too low, because retention will rise
    assert now >= r * clv.retention_multiple(r, d, timing="immediate") * (1 - 1e-9)


@given(shapes, shapes, st.integers(1, 100))
def test_sbg_survival_falls_and_retention_rises(alpha, beta, t):
    survival = clv.sbg_survival(alpha, beta, [t - 1, t])
    assert 0 <= survival[1] <= survival[0] <= 1 + 1e-12
    assert clv.sbg_retention(alpha, beta, t) < clv.sbg_retention(alpha, beta, t + 1)


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=20), st.floats(0, 0.5))
def test_payback_is_the_first_time_in_the_black(flows, d):
    t = clv.payback(flows, d)
    cumulative = [clv.net_present_value(flows[: i + 1], d) for i in range(len(flows))]
    tolerance = 1e-9 * (1 + sum(map(abs, flows)))
    if t is None:
        assert max(cumulative) < tolerance
    else:
        assert cumulative[t] >= -tolerance
        assert all(c < tolerance for c in cumulative[:t])


@given(st.floats(0, 1e4), st.floats(0.05, 1), st.floats(0.05, 0.95), st.floats(0.1, 100), st.floats(0, 500))
def test_no_other_spend_earns_more(value, ceiling, part, base_spend, other):
    curve = {"ceiling": ceiling, "base_rate": ceiling * part, "base_spend": base_spend}
    best = clv.optimal_acquisition(value, **curve)
    assert best["profit"] >= clv.acquisition_response(other, **curve) * value - other - 1e-9 * (1 + value)
    assert best["profit"] >= 0 or best["spend"] == 0
    if best["spend"] > 0:
        assert best["average_cost"] <= best["marginal_cost"] * (1 + 1e-9)


@given(st.floats(1, 1000), discount, st.floats(0.1, 0.95), st.floats(0.05, 0.9), st.floats(0.5, 50), st.floats(0, 1))
def test_no_other_retention_spend_is_worth_more(margin, d, ceiling, part, base_spend, at):
    curve = {"ceiling": ceiling, "base_rate": ceiling * part, "base_spend": base_spend}
    best = clv.optimal_retention(margin, d, **curve)
    other = at * margin
    value = clv.lifetime_value(
        margin, clv.acquisition_response(other, **curve), d, timing="immediate", retention_cost=other,
        retention_cost_timing="renewal",
    )  # fmt: skip
    assert best["value"] >= value * (1 - 1e-9)
