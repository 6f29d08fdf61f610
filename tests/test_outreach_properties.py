"""What holds for every table: gains add up, areas are symmetric, money is whole cents."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib.outreach import (
    contact_profit,
    experiment_table,
    gain_by_share,
    policy_table,
    true_gain,
    uplift_area,
    uplift_curve,
)

approx = pytest.approx
few = settings(max_examples=25)


@st.composite
def experiments(draw):
    n = draw(st.integers(4, 24))
    rows = draw(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(-500, 900), st.integers(0, 5)),
                         min_size=n, max_size=n))
    y, w, value, score = (np.array(part, dtype=float) for part in zip(*rows, strict=True))
    w[:2] = 1, 0  # both groups are there
    return y, w, value, score


@few
@given(experiments())
def test_gain_of_a_list_and_of_its_complement_add_up_to_everybody(data):
    y, w, value, score = data
    chosen = score > 2
    table = policy_table(y, w, {"in": chosen, "out": ~chosen, "all": np.ones(len(y))}, value=value, contact_cost=3,
                         propensity=0.5, draws=3)
    assert table.loc["in", "gain"] + table.loc["out", "gain"] == approx(table.loc["all", "gain"], abs=1e-6)


@few
@given(experiments())
def test_best_policy_beats_every_other_by_the_truth(data):
    y, w, value, score = data
    effect = (y - w) / 2
    gains = true_gain({"best": effect * value > 3, "some": score > 2, "all": np.ones(len(y))}, effect=effect,
                      value=value, contact_cost=3)
    assert gains["best"] >= max(gains["some"], gains["all"], 0) - 1e-9
    curve = gain_by_share(effect * value, effect=effect, value=value, contact_cost=3, points=len(y) + 1)["gain"]
    assert curve.max() == approx(gains["best"] * len(y) / 1000, abs=1e-6)


@few
@given(experiments())
def test_curves_end_at_the_whole_difference_and_turn_with_the_groups(data):
    y, w, _, score = data
    uplift = uplift_curve(y, score, w, kind="uplift")["gain"].iloc[-1]
    assert uplift == approx(len(y) * (y[w == 1].mean() - y[w == 0].mean()))
    assert uplift_curve(y, score, 1 - w, kind="uplift")["gain"].to_numpy() == approx(
        -uplift_curve(y, score, w, kind="uplift")["gain"].to_numpy())
    assert uplift_area(y, score, w, normalise="none") == approx(uplift_area(y, 7 * score - 3, w, normalise="none"))


@few
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1e5), st.floats(0, 100), st.floats(0, 100), st.floats(0, 1))
def test_profit_of_a_contact_is_linear_in_the_risk(beta, rescue, value, cost, incentive, taken):
    given_ = {"rescue": rescue, "value": value, "contact_cost": cost, "incentive": incentive, "taken_by_loyal": taken}
    ends = contact_profit(0.0, **given_), contact_profit(1.0, **given_)
    assert contact_profit(beta, **given_) == approx((1 - beta) * ends[0] + beta * ends[1], abs=1e-6, rel=1e-9)


@settings(max_examples=10)
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(-10**7, 10**7), st.integers(0, 500)), min_size=1, max_size=30))
def test_margins_are_summed_to_the_cent(lines):
    contracts = pd.DataFrame({
        "contract_id": [1, 2, 3], "customer_id": [1, 2, 3], "year_number": 1,
        "started_on": pd.Timestamp("2023-01-01"), "due_on": pd.Timestamp("2024-01-01"),
        "campaign": ["call", "control", "call"], "renewed": True,
    })
    orders = pd.DataFrame(lines, columns=["customer_id", "cents", "day"])
    orders["date"] = pd.Timestamp("2022-11-17") + pd.to_timedelta(orders["day"], unit="D")
    orders["margin"] = orders["cents"] / 100
    talks = pd.DataFrame({"customer_id": [1], "date": [pd.Timestamp("2023-06-01")], "purpose": ["advice"]})
    table = experiment_table(contracts, orders=orders, interactions=talks)
    inside = orders[orders["day"] < 365].groupby("customer_id")["cents"].sum().reindex([1, 2, 3]).fillna(0)
    assert (table["margin"] * 100).round().astype(int).tolist() == inside.astype(int).tolist()
    assert table["margin"].tolist() == (inside / 100).tolist()
