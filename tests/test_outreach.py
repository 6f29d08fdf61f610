"""Profit of a contact, experiments as tables, policies and offers."""

import numpy as np
import pandas as pd
import pytest

from crmlib.data import read_transactions
from crmlib.errors import DataError
from crmlib.outreach import (
    assign_offers,
    best_share,
    break_even_churn,
    contact_profit,
    contact_years,
    exit_share,
    expected_maximum_profit,
    experiment_table,
    gain_by_share,
    maximum_profit,
    personalisation_levels,
    policy_table,
    true_gain,
    value_at_stake,
    worth_contacting,
)

approx = pytest.approx
nan = np.nan


# -------------------------------------------------------------------------- profit of a contact


def test_profit_of_a_contact_after_neslin_2006_and_blattberg_2008():
    # 0.2 * 0.3 * 200 - 1 - 10 * (0.06 + 0.8) = 2.40; break-even 11 / (57 + 10)
    offer = {"rescue": 0.3, "value": 200, "contact_cost": 1, "incentive": 10}
    assert contact_profit(0.2, **offer) == approx(2.40)
    assert break_even_churn(**offer) == approx(11 / 67)
    assert contact_profit(break_even_churn(**offer), **offer) == approx(0)
    # the loyal gain 5 each, half of them take it: 12 + 0.8 * 0.5 * 5 - 1 - 10 * (0.06 + 0.4)
    assert contact_profit(0.2, **offer, taken_by_loyal=0.5, loyal_gain=5) == approx(8.4)
    more = offer | {"loyal_gain": 4, "taken_by_loyal": 0.5}
    assert contact_profit(break_even_churn(**more), **more) == approx(0)


def test_profit_takes_a_column_of_customers():
    risk = pd.Series([0.1, 0.5], index=["ann", "bob"])
    value = pd.Series([100.0, 1000.0], index=["ann", "bob"])
    profit = contact_profit(risk, rescue=0.2, value=value, contact_cost=3)
    assert profit.to_dict() == approx({"ann": -1, "bob": 97})
    assert contact_profit(risk.to_numpy(), rescue=0.2, value=value.to_numpy(), contact_cost=3) == approx([-1, 97])
    held = pd.Series([0.2, 0.0], index=["ann", "bob"])
    assert contact_profit(0.5, rescue=held, value=100, contact_cost=3).to_dict() == approx({"ann": 7, "bob": -3})
    assert contact_profit(0.5, rescue=0.2, value=[100, 200], contact_cost=3) == approx([7, 17])


def test_break_even_at_the_ends():
    assert break_even_churn(rescue=0.3, value=100, contact_cost=0) == 0
    assert break_even_churn(rescue=0.3, value=100, contact_cost=1, incentive=2, loyal_gain=5) == 0
    assert break_even_churn(rescue=0.0, value=100, contact_cost=1) == np.inf
    with pytest.raises(ValueError, match="earns less the more likely the customer leaves"):
        break_even_churn(rescue=0.1, value=5, contact_cost=1, incentive=2, loyal_gain=9)
    assert break_even_churn(rescue=0.1, value=200, contact_cost=0, incentive=1, loyal_gain=50) == 0  # pays with all
    for never in ({"rescue": 0.5, "value": 5, "incentive": 10}, {"rescue": 0.5, "value": -50},
                  {"rescue": 0.0, "value": 9}):
        assert break_even_churn(**never, contact_cost=0, taken_by_loyal=0.0) == np.inf
    with pytest.raises(ValueError, match="must be one number each"):
        break_even_churn(rescue=[0.1, 0.2], value=5, contact_cost=1)


@pytest.mark.parametrize(("change", "error", "message"), [
    ({"churn_probability": 20}, ValueError, "churn_probability 20 is not between 0 and 1: did you mean 0.2"),
    ({"churn_probability": pd.Series([20.0, 30.0])}, DataError, r"2 of 2 .*the first is 20 \(percentages"),
    ({"churn_probability": pd.Series([0.1, nan])}, DataError, "1 of 2 values of churn_probability are missing"),
    ({"rescue": 30}, ValueError, "rescue 30 is not between 0 and 1: did you mean 0.3"),
    ({"rescue": -0.1}, ValueError, "rescue -0.1 is not between"),
    ({"contact_cost": -1}, ValueError, "contact_cost must be zero or more"),
    ({"incentive": -1}, ValueError, "incentive must be zero or more"),
    ({"taken_by_loyal": 1.2}, ValueError, "taken_by_loyal 1.2 is not between"),
    ({"value": nan}, ValueError, "value must be a finite number"),
    ({"churn_probability": pd.Series([0.1]), "value": pd.Series([1.0], index=["x"])}, DataError, "the same rows"),
    ({"loyal_gain": nan}, ValueError, "loyal_gain must be a finite number"),
    ({"churn_probability": [0.1, 0.2], "value": [1.0]}, DataError, "value has 1 rows, the others have 2"),
])
def test_bad_contacts(change, error, message):
    with pytest.raises(error, match=message):
        contact_profit(**{"churn_probability": 0.2, "rescue": 0.3, "value": 200, "contact_cost": 1} | change)


def test_maximum_profit_as_the_package_empulse():
    leaves = [0, 1] * 10
    assert maximum_profit(leaves, leaves).tolist() == approx([28.0, 0.5])
    assert expected_maximum_profit(leaves, leaves).tolist() == approx([28.0000000000391, 0.499999999728095])
    upside_down = [1, 0] * 10
    assert maximum_profit(leaves, upside_down).tolist() == approx([22.5, 1.0])
    assert expected_maximum_profit(leaves, upside_down).tolist() == approx([22.5007912244511, 0.9991601018889205])
    assert expected_maximum_profit(leaves, [1] * 20).tolist() == approx([22.5007912244511, 0.9991601018889205])


def test_expected_maximum_profit_is_a_mean_over_gamma():
    from scipy.stats import beta

    random = np.random.default_rng(3)
    leaves = random.random(200) < 0.3
    score = leaves * 0.3 + random.random(200)
    costs = {"value": 150, "incentive": 12, "contact_cost": 2}
    grid = (np.arange(500) + 0.5) / 500
    best = [maximum_profit(leaves, score, rescue=g, **costs) for g in grid]
    weights = beta.pdf(grid, 3, 8) / beta.pdf(grid, 3, 8).sum()
    expected = expected_maximum_profit(leaves, score, alpha=3, beta=8, **costs)
    assert expected["profit"] == approx(weights @ [b["profit"] for b in best], abs=1e-3)
    assert expected["share"] == approx(weights @ [b["share"] for b in best], abs=2e-3)
    assert maximum_profit(leaves, score, rescue=0.0).tolist() == [0, 0]


@pytest.mark.parametrize(("change", "error", "message"), [
    ({"leaves": [1, 1]}, DataError, "one outcome only"),
    ({"leaves": [1, 2]}, DataError, "must be yes or no"),
    ({"score": [0.1]}, DataError, "score has 1 rows, the others have 2"),
    ({"score": [0.1, nan]}, DataError, "1 of 2 values of score are missing"),
    ({"value": 5}, ValueError, "an incentive of 10 for a customer who is worth 5 cannot pay"),
    ({"incentive": -1}, ValueError, "incentive must be zero or more"),
    ({"rescue": 3}, ValueError, "rescue 3 is not between"),
])
def test_bad_churn_scores(change, error, message):
    with pytest.raises(error, match=message):
        maximum_profit(**{"leaves": [0, 1], "score": [0.2, 0.7]} | change)


# ------------------------------------------------------------------------- experiment as a table

CONTRACTS = pd.DataFrame({
    "contract_id": [1, 2, 3, 4], "customer_id": [7, 8, 7, 9], "year_number": [1, 1, 2, 3],
    "started_on": pd.to_datetime(["2023-01-01", "2023-01-01", "2024-01-01", "2020-01-01"]),
    "due_on": pd.to_datetime(["2024-01-01", "2024-01-01", "2024-12-31", "2020-12-31"]),
    "campaign": ["call", "control", "call", None], "renewed": [True, False, True, True],
})
ORDERS = pd.DataFrame({
    "customer_id": [7, 7, 7, 7, 8],
    "date": pd.to_datetime(["2022-11-16", "2022-11-17", "2023-11-16", "2023-11-17", "2023-05-01"]),
    "margin": [1.0, 20.1, 300.2, 4000.0, -5.5], "promotion": [True, False, False, True, False],
})
TALKS = pd.DataFrame({
    "customer_id": [7, 7, 8, 8, 8],
    "date": pd.to_datetime(["2022-12-31", "2023-11-17", "2023-03-01", "2023-04-01", "2023-05-01"]),
    "purpose": ["advice", "courtesy", "sales", "price_request", "service"],
})
FAILURES = pd.DataFrame({"customer_id": [8, 8], "date": pd.to_datetime(["2023-02-01", "2023-12-01"]),
                         "handling": ["blame_first", "blame_first"]})


def test_experiment_knows_nothing_later_than_the_decision():
    table = experiment_table(CONTRACTS, orders=ORDERS, interactions=TALKS, incidents=FAILURES, prior_lines=0)
    assert table.index.tolist() == [1, 2, 3]
    # contract 1 is decided on 2023-11-17: the talk and the order of that day come too late, one order is too old
    assert table["decided_on"].astype(str).tolist() == ["2023-11-17", "2023-11-17", "2024-11-16"]
    assert table["margin"].tolist() == [320.3, -5.5, 4000.0]
    assert table["promotion_share"].tolist() == approx([1 / 3, 0, 2 / 4])
    # the talk before the contract year and the one on the day of the decision do not count; sales is not caring
    assert table["neglected"].tolist() == [True, False, True]
    assert table["price_requests"].tolist() == [0, 1, 0] and table["blamed"].tolist() == [0, 1, 0]
    assert table["treated"].tolist() == [1, 0, 1] and table["renewed"].tolist() == [1, 0, 1]
    assert table["tenure"].tolist() == [1, 1, 2]
    mixed = experiment_table(CONTRACTS, orders=ORDERS, interactions=TALKS)["promotion_share"]
    usual = 1 / 4  # promoted lines among the four before the first decision: what comes later is not mixed in
    assert mixed.tolist() == approx([(1 + 3 * usual) / 6, 3 * usual / 4, (2 + 3 * usual) / 7])
    later = pd.DataFrame({"customer_id": 9, "date": pd.Timestamp("2026-01-01"), "margin": 1.0,
                          "promotion": [True] * 50})
    again = experiment_table(CONTRACTS, orders=pd.concat([ORDERS, later]), interactions=TALKS)["promotion_share"]
    assert again.tolist() == mixed.tolist()


def test_experiment_takes_lines_from_the_door():
    door = read_transactions(ORDERS.drop(columns="promotion").assign(amount=1.0), margin="margin")
    table = experiment_table(CONTRACTS, orders=door, interactions=TALKS)
    assert table["margin"].tolist() == [320.3, -5.5, 4000.0] and "promotion_share" not in table


@pytest.mark.parametrize(("change", "message"), [
    ({"campaign": ["call", "control", "letter", None]}, r"campaign has 3 values \(call, control, letter\)"),
    ({"campaign": ["call", "call", "call", None]}, "campaign has no controls: everybody was treated"),
    ({"campaign": ["x", "control", "control", None]}, "treated='call' does not occur in campaign"),
    ({"campaign": [None] * 4}, "nobody was drawn into an experiment"),
    ({"renewed": pd.array([True, None, True, True], dtype="boolean")}, "1 of 3 contracts of the experiment have no"),
    ({"contract_id": [1, 1, 2, 3]}, "1 contract id.s. are there twice"),
    ({"customer_id": ["7", "8", "7", "9"]}, "nobody would be found"),
    ({"renewed": ["no", "no", "yes", "no"]}, "renewed must be yes or no .* first is 'no'"),
    ({"renewed": [0.3, 5, 1, 0]}, "renewed must be yes or no"),
    ({"started_on": [pd.NaT] * 4}, "4 of 4 rows of contracts have no started_on"),
    ({"due_on": CONTRACTS["started_on"]}, "4 contract year.s. are due on or before the day they start"),
    ({"due_on": "2024-01-01"}, "due_on of contracts must be days"),
    ({"customer_id": [7, 8, nan, 9]}, "1 of 4 contracts have no customer_id"),
])
def test_bad_experiments(change, message):
    with pytest.raises(DataError, match=message):
        experiment_table(CONTRACTS.assign(**change), orders=ORDERS, interactions=TALKS)


@pytest.mark.parametrize(("change", "message"), [
    ({"interactions": TALKS.assign(date=pd.NaT)}, "5 of 5 rows of interactions have no date"),
    ({"interactions": TALKS.assign(date="2023-03-01")}, "date of interactions must be days"),
    ({"not_selling": "advice"}, "must be a list of purposes"),
    ({"not_selling": ("advise",)}, "purposes that never occur: advise"),
    ({"orders": ORDERS.assign(promotion="yes")}, "promotion must be yes or no"),
])
def test_bad_logs_do_not_make_everybody_neglected(change, message):
    with pytest.raises(DataError, match=message):
        experiment_table(CONTRACTS, **({"orders": ORDERS, "interactions": TALKS} | change))


def test_experiment_needs_columns_and_days():
    with pytest.raises(DataError, match=r"contracts lack the column\(s\) campaign"):
        experiment_table(CONTRACTS.drop(columns="campaign"), orders=ORDERS, interactions=TALKS)
    with pytest.raises(DataError, match=r"interactions lack the column\(s\) purpose"):
        experiment_table(CONTRACTS, orders=ORDERS, interactions=ORDERS)
    with pytest.raises(TypeError, match="contracts must be a pandas DataFrame"):
        experiment_table("contracts", orders=ORDERS, interactions=TALKS)
    with pytest.raises(ValueError, match="lead_days must be a whole number of at least 0, not -45"):
        experiment_table(CONTRACTS, orders=ORDERS, interactions=TALKS, lead_days=-45)
    with pytest.raises(ValueError, match="history_days must be a whole number of at least 1"):
        experiment_table(CONTRACTS, orders=ORDERS, interactions=TALKS, history_days=0)


def test_value_at_stake():
    values = value_at_stake(pd.Series([100.0, -10.0], index=["a", "b"]), retention_rate=0.8, discount_rate=0.1)
    assert values.to_dict() == approx({"a": 1100 / 3, "b": -110 / 3})
    assert value_at_stake([100.0], retention_rate=0.8, discount_rate=0.1, years=1) == approx([100])
    assert value_at_stake([100.0], retention_rate=0.8, discount_rate=0.1, years=2) == approx([100 + 80 / 1.1])
    for years in (0, -3, 1.5):
        with pytest.raises(ValueError, match="years must be a whole number of at least 1"):
            value_at_stake([100.0], retention_rate=0.8, discount_rate=0.1, years=years)
    with pytest.raises(ValueError, match="retention_rate 80 is not between 0 and 1: did you mean 0.8"):
        value_at_stake([100.0], retention_rate=80, discount_rate=0.1)


# ---------------------------------------------------------------------------------- contact years


def test_contact_years_leave_out_called_and_open_years():
    years = contact_years(CONTRACTS.assign(renewed=pd.array([True, False, None, True], dtype="boolean")),
                          interactions=TALKS)
    assert years.index.tolist() == [2, 4] and years["neglected"].tolist() == [False, True]
    assert contact_years(CONTRACTS, interactions=TALKS, until="2023-01-01").index.tolist() == [4]
    assert contact_years(CONTRACTS.drop(columns="campaign"), interactions=TALKS).index.tolist() == [1, 2, 3, 4]
    visits = CONTRACTS.assign(campaign=["visit", None, None, None])
    assert contact_years(visits, interactions=TALKS, treated="visit").index.tolist() == [2, 3, 4]
    with pytest.raises(DataError, match="treated='call' does not occur in campaign, which has visit"):
        contact_years(visits, interactions=TALKS)
    with pytest.raises(DataError, match="nothing to compare"):
        contact_years(CONTRACTS[CONTRACTS["campaign"] == "call"], interactions=TALKS)


def test_exit_share_within_strata():
    # stratum a: 8 of 10 stay unexposed, 6 of 10 exposed; b: 9 of 10 and 1 of 2
    rows = [("a", 0, 8, 10), ("a", 1, 6, 10), ("b", 0, 9, 10), ("b", 1, 1, 2)]
    renewed = np.concatenate([[1] * stay + [0] * (n - stay) for _, _, stay, n in rows])
    exposed = np.concatenate([[x] * n for _, x, _, n in rows])
    strata = np.concatenate([[s] * n for s, _, _, n in rows])
    plain = exit_share(renewed, exposed, draws=50)
    assert plain["estimate"] == approx(1 - (7 / 12) / (17 / 20)) and plain["low"] < plain["estimate"] < plain["high"]
    within = exit_share(renewed, exposed, strata=strata, draws=50)
    assert within["estimate"] == approx(1 - (20 * 0.6 + 12 * 0.5) / (20 * 0.8 + 12 * 0.9))
    assert within["rows"] == 32 and within["exposed"] == approx(12 / 32)


def test_exit_share_of_nobody_is_nothing_in_every_draw():
    # ten strata with one exposed row each: in most draws of the bootstrap some stratum has none
    strata, exposed = np.repeat(np.arange(10), 20), np.tile([1] + [0] * 19, 10)
    share = exit_share(np.ones(200), exposed, strata=strata, draws=100)
    assert share[["estimate", "low", "high"]].tolist() == [0, 0, 0]
    with pytest.raises(DataError, match="nobody renewed"):
        exit_share([0, 0, 1, 1], [0, 0, 1, 1])


def test_exit_share_draws_customers_not_rows():
    renewed, exposed = [1, 0, 1, 1] * 25, [0, 1, 0, 1] * 25
    alone = exit_share(renewed, exposed, draws=400)
    eight = exit_share(renewed * 8, exposed * 8, groups=list(range(100)) * 8, draws=400)
    assert (eight["high"] - eight["low"]) == approx(alone["high"] - alone["low"], rel=0.15)


@pytest.mark.parametrize(("change", "message"), [
    ({"strata": ["a", "a", "b", "c"]}, "in the stratum 'b' everybody was exposed, or nobody"),
    ({"strata": ["a", "a", None, "a"]}, "strata is missing in 1 rows"),
    ({"exposed": [1, 1, 1, 1]}, "exposed has no controls"),
    ({"renewed": [1, 0, 2, 1]}, "must be yes or no"),
    ({"groups": [1, 2, None, 3]}, "groups must name the customer"),
])
def test_bad_exit_shares(change, message):
    with pytest.raises(DataError, match=message):
        exit_share(**{"renewed": [1, 0, 1, 1], "exposed": [1, 0, 1, 0]} | change)


# --------------------------------------------------------------------------------------- policies


def test_policy_gain_by_hand():
    # called and stayed, called and left, control stayed, control left
    y, w, value = [1, 0, 1, 0], [1, 1, 0, 0], [100, 200, 300, 400]
    table = policy_table(y, w, {"all": [1] * 4, "none": [0] * 4, "two": [1, 0, 1, 0]}, value=value, contact_cost=10,
                         propensity=0.5, per=1, draws=20)
    # all: (2 * 100 + 0 - 2 * 300 - 0) / 4 - 10
    assert table["gain"].to_dict() == approx({"all": -110, "none": 0, "two": (200 - 600 - 20) / 4})
    assert table["contacted"].tolist() == [1, 0, 0.5] and table.loc["none", ["low", "high"]].tolist() == [0, 0]
    # m is taken from the outcome, of called and controls alike
    less = policy_table(y, w, {"all": [1] * 4}, value=value, contact_cost=10, propensity=0.5, per=1, draws=20,
                        expected=[0.5] * 4)
    assert less.loc["all", "gain"] == approx((2 * 50 - 2 * 100 - 2 * 150 + 2 * 200) / 4 - 10)
    assert policy_table(y, w, {"all": [1] * 4}, value=value, contact_cost=10, propensity=0.5,
                        draws=20).loc["all", "gain"] == approx(-110_000)


def test_policy_intervals_count_customers():
    random = np.random.default_rng(1)
    y, w = random.random(300) < 0.7, random.random(300) < 0.5
    given = {"value": [100] * 300, "contact_cost": 5, "propensity": 0.5, "draws": 500}
    one = policy_table(y, w, {"all": [1] * 300}, **given).loc["all"]
    given["value"] = [100] * 1200
    four = policy_table(np.tile(y, 4), np.tile(w, 4), {"all": [1] * 1200}, groups=np.tile(np.arange(300), 4),
                        **given).loc["all"]
    assert four["gain"] == approx(one["gain"])
    assert four["high"] - four["low"] == approx(one["high"] - one["low"], rel=0.1)
    many = policy_table(np.tile(y, 4), np.tile(w, 4), {"all": [1] * 1200}, **given).loc["all"]
    assert many["high"] - many["low"] < 0.6 * (one["high"] - one["low"])


def test_policy_intervals_with_customers_of_unequal_size():
    # one customer of one row, one of four: either is drawn twice, or both once
    y, w, who = [1, 1, 1, 0, 1], [1, 1, 1, 0, 0], [0, 1, 1, 1, 1]
    table = policy_table(y, w, {"all": [1] * 5}, value=[100] * 5, contact_cost=0, propensity=0.5, groups=who, per=1,
                         draws=200, level=0.99).loc["all"]
    # 200 and (200 + 200 + 0 - 200) / 4; together 400 / 5
    assert (table["low"], table["gain"], table["high"]) == approx((50, 80, 200))


def test_propensity_is_the_share_of_the_treated_if_none_is_given():
    y, w = [1, 1, 0, 1], [1, 1, 1, 0]
    table = policy_table(y, w, {"all": [1] * 4}, value=[100] * 4, contact_cost=0, per=1, draws=5)
    assert table.loc["all", "gain"] == approx(100 * (2 / 3 - 1))


def test_rows_in_another_order_are_refused():
    turned = pd.Series([1.0, 0.0], index=["b", "a"])
    here = pd.Series([1.0, 0.0], index=["a", "b"])
    for call in (lambda: worth_contacting(here, turned, contact_cost=1),
                 lambda: true_gain({"p": turned}, effect=here, value=here, contact_cost=1),
                 lambda: gain_by_share(turned, effect=here, value=here, contact_cost=1),
                 lambda: policy_table(here, [1, 0], {"p": turned}, value=[1, 1], contact_cost=1),
                 lambda: exit_share(here, turned)):
        with pytest.raises(DataError, match="not of the same rows in the same order"):
            call()


def test_policies_compared_with_a_baseline():
    random = np.random.default_rng(2)
    y, w, odd = random.random(200) < 0.7, random.random(200) < 0.5, np.arange(200) % 2
    table = policy_table(y, w, {"all": [1] * 200, "odd": odd}, value=[10] * 200, contact_cost=1, baseline="odd",
                         draws=99)
    assert table.loc["odd", ["more", "more_low", "more_high"]].tolist() == [0, 0, 0]
    assert table.loc["all", "more"] == approx(table.loc["all", "gain"] - table.loc["odd", "gain"])


@pytest.mark.parametrize(("change", "error", "message"), [
    ({"treatment": [1, 0, 2, 0]}, DataError, r"treatment has 3 values \(0, 1, 2\)"),
    ({"treatment": [1, 1, 1, 1]}, DataError, "no controls"),
    ({"treatment": [0, 0, 0, 0]}, DataError, "nobody was treated"),
    ({"treatment": [1, None, 0, 1]}, DataError, "treatment is missing in 1 of 4 rows"),
    ({"treatment": ["call", "no", "call", "no"]}, DataError, "say which of them is the treatment"),
    ({"treatment": [1, 0]}, DataError, "treatment has 2 rows, the others have 4"),
    ({"policies": {"a": [0.5] * 4}}, DataError, "the policy 'a' must be yes or no"),
    ({"policies": {}}, DataError, "no policy to judge"),
    ({"propensity": 50}, ValueError, "propensity 50 is not between 0 and 1: did you mean 0.5"),
    ({"propensity": 1.0}, DataError, "strictly between 0 and 1"),
    ({"expected": [70, 80, 60, 50]}, DataError, "4 of 4 values of expected are not between 0 and 1"),
    ({"value": [1, nan, 1, 1]}, DataError, "1 of 4 values of value are missing"),
    ({"contact_cost": -1}, ValueError, "contact_cost must be zero or more"),
    ({"baseline": "b"}, ValueError, "baseline='b' is not known"),
    ({"level": 99}, ValueError, "level 99 is not between"),
])
def test_bad_policies(change, error, message):
    arguments = {"outcome": [1, 0, 1, 0], "treatment": [1, 0, 1, 0], "policies": {"a": [1, 0, 1, 0]}, "value": [1] * 4,
                 "contact_cost": 1, "draws": 5} | change
    with pytest.raises(error, match=message):
        policy_table(arguments.pop("outcome"), arguments.pop("treatment"), arguments.pop("policies"), **arguments)


def test_lists_of_customers():
    score = pd.Series([3.0, 1.0, 2.0, 2.0], index=list("abcd"))
    assert best_share(score, 0.5).to_dict() == {"a": True, "b": False, "c": True, "d": False}
    assert not best_share(score, 0.0).any() and best_share(score, 1.0).all() and best_share(score, 0.3).sum() == 1
    with pytest.raises(ValueError, match="share 30 is not between 0 and 1: did you mean 0.3"):
        best_share(score, 30)
    with pytest.raises(DataError, match=r"2 values are not \(percentages"):
        worth_contacting(pd.Series([10.0, 5.0]), pd.Series([1.0, 1.0]), contact_cost=1)
    with pytest.raises(DataError, match="from a transformed outcome"):
        worth_contacting([1.2], [1.0], contact_cost=1)
    assert worth_contacting([0.1, 0.1], [141.0, 140.0], contact_cost=14).tolist() == [True, False]


def test_gains_by_known_effects():
    effect, value = [0.2, -0.1, 0.0], [100, 100, 100]
    gains = true_gain({"all": [1] * 3, "first": [1, 0, 0]}, effect=effect, value=value, contact_cost=5, per=1000)
    assert gains.to_dict() == approx({"all": 1000 * (15 - 15 - 5) / 3, "first": 5000})
    curve = gain_by_share([1, 3, 2], effect=effect, value=value, contact_cost=5, points=4)
    assert curve["gain"].tolist() == approx([0, -15, -20, -5])
    assert curve["share"].tolist() == approx([0, 1 / 3, 2 / 3, 1])


# ----------------------------------------------------------------------------------------- offers

OFFERS = pd.DataFrame({
    "segment": ["large", "large", "small", "small", "new", "new"], "offer": ["visit", "call"] * 3,
    "customers": [20, 20, 25, 25, 60, 60], "cost": [320.0, 14.0] * 3,
    "gain": [800.0, 160.0, 520.0, 60.0, 490.0, -1.0],
})


def brute(budget):
    best = 0.0
    table = OFFERS.assign(spend=OFFERS["customers"] * OFFERS["cost"],
                          profit=OFFERS["customers"] * (OFFERS["gain"] - OFFERS["cost"]))
    groups = [[(0.0, 0.0), *zip(part["spend"], part["profit"], strict=True)] for _, part in table.groupby("segment")]
    for a in groups[0]:
        for b in groups[1]:
            for c in groups[2]:
                if a[0] + b[0] + c[0] <= budget:
                    best = max(best, a[1] + b[1] + c[1])
    return best


def test_offers_are_the_best_there_are():
    last = 0.0
    for budget in (0, 100, 280, 1000, 6400, 7000, 14_400, 20_000, 33_600, 1e6):
        chosen = assign_offers(OFFERS, budget=budget)
        assert chosen["profit"].sum() == approx(brute(budget)) and chosen["spend"].sum() <= budget + 1e-6
        assert chosen["profit"].sum() >= last  # more money never earns less
        last = chosen["profit"].sum()
        split = assign_offers(OFFERS, budget=budget, divisible=True)
        assert split["profit"].sum() >= last - 1e-6 and split["spend"].sum() <= budget + 1e-6
    assert assign_offers(OFFERS, budget=0)["offer"].tolist() == ["none"] * 3
    assert chosen.index.tolist() == ["large", "small", "new"]


@pytest.mark.parametrize(("change", "error", "message"), [
    ({"offer": ["visit"] * 6}, DataError, "3 .*stand twice"),
    ({"customers": [20, 21, 25, 25, 60, 60]}, DataError, "'large' has different numbers of customers"),
    ({"cost": [-1.0] * 6}, DataError, "must be zero or more"),
    ({"gain": [nan] * 6}, DataError, "6 of 6 values of gain are missing"),
    ({"segment": [None] * 6}, DataError, "without a segment"),
])
def test_bad_offers(change, error, message):
    with pytest.raises(error, match=message):
        assign_offers(OFFERS.assign(**change), budget=100)


def test_offers_need_a_budget_and_columns():
    with pytest.raises(ValueError, match="budget must be zero or more"):
        assign_offers(OFFERS, budget=-1)
    with pytest.raises(DataError, match=r"offers lack the column\(s\) gain"):
        assign_offers(OFFERS.drop(columns="gain"), budget=1)


def test_levels_of_personalisation():
    levels = pd.DataFrame({"cost": [1.0, 14.0], "fixed": [500.0, 0.0]}, index=["letter", "call"])
    apart = personalisation_levels(levels, customers=[100, 50][:len(levels)], value=600)
    assert apart["cost_each"].iloc[-1] == approx(levels["cost"].iloc[-1] + levels["fixed"].iloc[-1] / 50)
    with pytest.raises(DataError, match="whole numbers of at least 1"):
        personalisation_levels(levels, customers=[0.5] * len(levels), value=600)
    table = personalisation_levels(levels, customers=100, value=600)
    assert table["cost_each"].tolist() == [6, 14] and table["break_even_lift"].tolist() == approx([0.01, 14 / 600])
    with pytest.raises(ValueError, match="customers must be a whole number"):
        personalisation_levels(levels, customers=0, value=600)
    with pytest.raises(ValueError, match="value must be above zero"):
        personalisation_levels(levels, customers=5, value=0)
