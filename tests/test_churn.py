"""Churn loss: published and lecture arithmetic, identities, lifelines, and what is refused."""

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib import churn, clv
from crmlib.errors import DataError

approx = pytest.approx
LECTURE = {"died": 1, "moved": 5, "changed": 7, "rival": 9, "product": 15, "neglect": 43}
DAY = pd.Timestamp("2023-01-01")


def after(*days):
    return [DAY + pd.Timedelta(days=each) for each in days]


# ---------------------------------------------------------------------------------------- causes


def test_the_causes_of_the_lecture_add_up_to_80():
    with pytest.raises(DataError, match="6 shares add up to 80 %, not 100 %: of every 100 customers who left, 20 have"):
        churn.check_causes(LECTURE, total=100)
    table = churn.check_causes(LECTURE, total=100, policy="other")
    assert table["share"].sum() == approx(1)
    assert table.loc["not stated", ["given", "share"]].tolist() == approx([0, 0.2])
    normal = churn.check_causes(LECTURE, total=100, policy="normalise")["share"]
    assert (100 * normal).tolist() == approx([1.25, 6.25, 8.75, 11.25, 18.75, 53.75])
    assert churn.check_causes(LECTURE | {"neglect": 63}, total=100)["share"].sum() == approx(1)
    leboeuf = {"died": 1, "moved": 3, "friends": 5, "rival": 9, "product": 14, "neglect": 68}
    listed = churn.check_causes(leboeuf, total=100)
    assert listed["share"].tolist() == approx([0.01, 0.03, 0.05, 0.09, 0.14, 0.68])


def test_rounding_is_no_error_and_is_normalised():
    table = churn.check_causes({"a": 0.333, "b": 0.333, "c": 0.333})
    assert table["share"].sum() == approx(1, abs=1e-15) and table["given"].sum() == approx(0.999)
    assert len(churn.check_causes({"a": 0.333, "b": 0.333, "c": 0.333}, policy="other")) == 3
    with pytest.raises(DataError, match="2 shares add up to 97 %"):
        churn.check_causes({"a": 0.5, "b": 0.47})


@pytest.mark.parametrize(("shares", "options", "message"), [
    ({"a": 60, "b": 60}, {"total": 100}, "2 shares add up to 120 %, not 100 %: 20 of every 100 are counted twice"),
    ({"a": 60, "b": 60}, {"total": 100, "policy": "other"}, "counted twice .could people give several answers"),
    ({"a": 20, "b": 80}, {}, r"the share of 'a' is 20, not between 0 and 1: are these per cent\? Pass total=100"),
    ({"a": -0.1, "b": 1.1}, {}, "the share of 'a' is -0.1"),
    ({"a": np.nan, "b": 1.0}, {}, "1 of 2 values of shares are missing"),
    ({"a": 0.0, "b": 0.0}, {}, "nobody left for any cause"),
    (pd.Series([0.5, 0.5], index=["a", "a"]), {}, r"1 name\(s\) twice, the first 'a'"),
    ({"a": 0.5, "not stated": 0.2}, {"policy": "other"}, "there is a cause 'not stated' already"),
    ({}, {}, "shares is empty"),
])
def test_check_causes_refuses(shares, options, message):
    with pytest.raises(DataError, match=message):
        churn.check_causes(shares, **options)
    with pytest.raises(ValueError, match="policy='drop' is not known"):
        churn.check_causes({"a": 1.0}, policy="drop")
    with pytest.raises(DataError, match="add up to 80 %"):
        churn.check_causes(LECTURE, total=100, tolerance=0.5)               # half a per cent, not half of it
    with pytest.raises(ValueError, match="tolerance 50 is 50% of the total 100"):
        churn.check_causes(LECTURE, total=100, tolerance=50)


def test_too_much_can_be_normalised_knowingly():
    assert churn.check_causes({"a": 60, "b": 60}, total=100, policy="normalise")["share"].tolist() == [0.5, 0.5]


def test_cause_shares_weight_by_who_left_with_kishs_effective_number():
    reasons = pd.Series(["x"] * 6 + ["y"] * 4 + ["x"] + ["y"] * 4)
    groups = pd.Series(["firm"] * 10 + ["home"] * 5)
    plain = churn.cause_shares(reasons)
    assert plain["share"].to_dict() == approx({"x": 7 / 15, "y": 8 / 15})
    weighted = churn.cause_shares(reasons, groups=groups, population={"firm": 10, "home": 40})
    assert weighted["share"]["x"] == approx(0.2 * 0.6 + 0.8 * 0.2)
    effective = 1 / (0.2**2 / 10 + 0.8**2 / 5)
    from crmlib.intervals import share_interval
    assert weighted.loc["x", ["low", "high"]].tolist() == approx(share_interval(0.28 * effective, effective))
    same = churn.cause_shares(reasons, groups=groups, population={"firm": 100, "home": 50})  # as they were asked
    assert same["share"].to_dict() == approx(plain["share"].to_dict()) and same["low"]["x"] == approx(plain["low"]["x"])


@pytest.mark.parametrize(("groups", "population", "message"), [
    (["f", "f"], {"f": 5, "h": 3}, "nobody was asked in group 'h', in which 3 left"),
    (["f", "f"], {"f": 1}, "2 were asked in group 'f', where 1 left"),
    (["f", "h"], {"f": 5}, "does not say how many left in group 'h'"),
    (["f", None], {"f": 5}, "groups must have one value"),
])
def test_cause_shares_refuse(groups, population, message):
    with pytest.raises(DataError, match=message):
        churn.cause_shares(pd.Series(["x", "y"]), groups=pd.Series(groups), population=population)
    with pytest.raises(ValueError, match="belong together"):
        churn.cause_shares(pd.Series(["x"]), groups=pd.Series(["f"]))
    with pytest.raises(DataError, match="1 of 2 reasons have an index that is there twice"):
        churn.cause_shares(pd.Series(["x", "y"], index=[0, 0]))
    with pytest.raises(DataError, match="1 of 2 reasons are missing"):
        churn.cause_shares(pd.Series(["x", None]))


def test_pareto_orders_and_prices():
    table = churn.cause_pareto({"moved": 0.25, "neglect": 0.5, "rival": 0.25}, leavers=200, value={
        "moved": 100, "neglect": 300, "rival": 200}, preventable={"neglect": 0.4, "rival": 0.1},
        cost={"neglect": 5_000})
    assert table.index.tolist() == ["neglect", "moved", "rival"]
    assert table["cumulative"].tolist() == approx([0.5, 0.75, 1.0])
    assert table["lost"].tolist() == approx([30_000, 5_000, 10_000])
    assert table["saved"].tolist() == approx([40, 0, 5]) and table["benefit"].tolist() == approx([7_000, 0, 1_000])
    assert table.loc[table["controllable"], "share"].sum() == approx(0.75)
    with pytest.raises(DataError, match="preventable names 'weather', which is no cause"):
        churn.cause_pareto({"a": 1.0}, leavers=1, value=1, preventable={"weather": 0.5})
    with pytest.raises(DataError, match="preventable of 'a': 40 is not between 0 and 1: did you mean 0.4"):
        churn.cause_pareto({"a": 1.0}, leavers=1, value=1, preventable={"a": 40})
    with pytest.raises(DataError, match="preventable must be numbers"):
        churn.cause_pareto({"a": 1.0}, leavers=1, value=1, preventable={"a": "0.5"})
    with pytest.raises(DataError, match="add up to 80 %"):
        churn.cause_pareto({"a": 0.8}, leavers=1, value=1, preventable={})
    with pytest.raises(DataError, match="value names no worth for the cause 'b'"):
        churn.cause_pareto({"a": 0.5, "b": 0.5}, leavers=1, value={"a": 3}, preventable={})


# ----------------------------------------------------------------------------------- replacement


def test_thirteen_customers():
    found = churn.replacement(3500, 275, acquisition_cost=100)
    assert found["exact"] == approx(12.7273, abs=1e-4)
    assert found[["customers", "brought", "overshoot", "finding_cost"]].tolist() == [13, 3575, 75, 1300]
    assert churn.replacement(1.1, 0.1)["customers"] == 11 and churn.replacement(300, 100)["customers"] == 3
    assert churn.replacement(0, 5)["customers"] == 0 and churn.replacement(10**13 + 1, 1)["customers"] == 10**13 + 1


@given(st.integers(0, 10**6), st.integers(1, 10**5))
@settings(max_examples=50)
def test_replacement_is_enough_and_not_more(lost, ordinary):
    found = churn.replacement(lost / 100, ordinary / 100)
    n = int(found["customers"])
    assert n * ordinary >= lost and (n - 1) * ordinary < lost


@pytest.mark.parametrize(("lost", "ordinary", "message"), [
    (3500, 0, "an ordinary customer who brings 0 replaces nobody"), (3500, -5, "brings -5 replaces nobody"),
    (-1, 5, "lost must be above|lost must be zero or more, not -1"), (np.nan, 5, "lost must be a finite number"),
    (1, np.nan, "ordinary must be a finite number"), (3500, "275", "ordinary must be a finite number, not '275'"),
    (3500, True, "ordinary must be a finite number, not True"),
])
def test_replacement_refuses(lost, ordinary, message):
    with pytest.raises(ValueError, match=message):
        churn.replacement(lost, ordinary)


def test_replacement_by_basis():
    table = churn.replacement_table({"revenue": 3500, "clv": 1000}, {"revenue": 275, "clv": -4}, acquisition_cost=10)
    assert table["customers"].tolist() == [13, np.inf] and table.loc["clv", "finding_cost"] == np.inf
    with pytest.raises(DataError, match="not on the same bases: clv is in one of them only"):
        churn.replacement_table({"revenue": 1, "clv": 1}, {"revenue": 1})
    for lost, ordinary, message in ((-9, -1, "lost .a. must be zero or more"), (1, np.nan, "ordinary .a. must be")):
        with pytest.raises(ValueError, match=message):
            churn.replacement_table({"a": lost}, {"a": ordinary})
    with pytest.raises(ValueError, match="new_value is missing: 33 new customers bring something"):
        churn.loss_account(38_000, replacements=33, acquisition_cost=607)


@given(st.integers(0, 10**6), st.integers(0, 30), st.integers(0, 10**5), st.integers(0, 10**4))
@settings(max_examples=50)
def test_a_loss_is_counted_once(lost, n, value, cost):
    found = churn.loss_account(lost, replacements=n, new_value=value, acquisition_cost=cost)
    assert found[["lost_value", "finding_cost", "brought"]].sum() == found["total"]
    assert found["counted_twice"] - found["total"] == n * value
    assert churn.loss_account(lost)["total"] == lost
    if n * value == lost:
        assert found["total"] == n * cost


# -------------------------------------------------------------------------------------- survival

CONTRACTS = pd.DataFrame({
    "contract_id": [1, 2, 3, 4, 5], "customer_id": [7, 7, 8, 9, 9],
    "started_on": after(0, 365, 0, 100, 465), "due_on": after(365, 730, 365, 465, 830),
    "renewed": pd.array([True, False, False, True, None], dtype="boolean"),
})


def test_spells_of_contracts():
    spells = churn.contract_spells(CONTRACTS, observation_end=DAY + pd.Timedelta(days=800))
    assert spells.index.tolist() == [7, 8, 9] and spells["left"].tolist() == [True, True, False]
    assert spells["years"].tolist() == approx([2, 1, 700 / 365])
    table = ibis.memtable(CONTRACTS)
    pd.testing.assert_frame_equal(churn.contract_spells(table, observation_end="2025-03-11"),
                                  churn.contract_spells(CONTRACTS, observation_end="2025-03-11"), check_dtype=False)


@pytest.mark.parametrize(("rows", "column", "value", "message"), [
    ([0], "renewed", None, "are followed by another.*customer 7"),
    ([0], "renewed", False, "are followed by another"),
    ([4], "renewed", True, "decided although they fall due after observation_end .first: customer 9"),
    ([2], "renewed", None, "1 fell due and have no result"),
    ([1], "started_on", DAY, "overlap with the next|end before"),
    ([4], "due_on", DAY, "end before they start"),
    ([2], "customer_id", None, "1 contracts have no customer_id"),
    ([2], "renewed", True, "1 are renewed, fell due more than 31 day.s. before .* have no next year.*customer 8"),
    ([1], "started_on", DAY + pd.Timedelta(days=400), "1 are followed by the next one after more than 31 day.s. .*7"),
])
def test_spells_refuse(rows, column, value, message):
    broken = CONTRACTS.copy()
    if column == "customer_id":
        broken[column] = broken[column].astype("Int64")
    broken.loc[rows, column] = value
    with pytest.raises(DataError, match=message):
        churn.contract_spells(broken, observation_end=DAY + pd.Timedelta(days=800))
    with pytest.raises(DataError, match="start after observation_end 2023-06-01"):
        churn.contract_spells(CONTRACTS, observation_end="2023-06-01")
    with pytest.raises(ValueError, match="observation_end='today' is not a date"):
        churn.contract_spells(CONTRACTS, observation_end="today")
    with pytest.raises(DataError, match="lack the column.s. due_on"):
        churn.contract_spells(CONTRACTS.drop(columns="due_on"), observation_end="2025-03-11")


@pytest.mark.parametrize("level", [0.95, 0.99])
def test_survival_equals_lifelines(level):
    from lifelines import KaplanMeierFitter
    from lifelines.datasets import load_waltons

    waltons = load_waltons()
    table = churn.survival_curve(waltons["T"], waltons["E"], groups=waltons["group"], level=level)
    for name, part in table.groupby("group"):
        rows = waltons[waltons["group"] == name]
        fit = KaplanMeierFitter(alpha=1 - level).fit(rows["T"], rows["E"])
        assert part["survival"].tolist() == approx(fit.survival_function_at_times(part["time"]).tolist())
        limits = fit.confidence_interval_.loc[part["time"]].to_numpy()[1:]
        np.testing.assert_allclose(part[["low", "high"]].to_numpy()[1:], limits)
        assert part["left"].sum() == rows["E"].sum()
        assert churn.lifetimes(rows["T"], rows["E"])["median"] == fit.median_survival_time_
    assert churn.lifetimes(waltons["T"], waltons["E"])["median"] == 56  # printed in lifelines' documentation


def test_survival_by_hand_and_at_chosen_times():
    years, left = [1, 1, 2, 2, 4], [True, True, True, False, False]
    table = churn.survival_curve(years, left, at=[0, 0.5, 1, 3, 5])
    assert table["survival"].fillna(-1).tolist() == approx([1, 1, 0.6, 0.4, -1])
    assert table["at_risk"].tolist() == [5, 5, 5, 1, 0] and table["left"].tolist() == [0, 0, 2, 1, 0]
    answers = churn.lifetimes(years, left)
    assert answers.tolist() == approx([4 / 3, 2, 1 + 0.6 + 2 * 0.4, 4, 2, 10 / 3])
    assert churn.lifetimes(years, left, horizon=1.5)["restricted_mean"] == approx(1.3)
    assert churn.lifetimes(range(1, 7), [True] * 6)["median"] == 3          # S(3) is ½, but for a bit
    assert churn.survival_curve([1, 2, 3], [True] * 3, at=[0, 2, 5])["survival"].tolist() == approx([1, 1 / 3, 0])
    with pytest.raises(DataError, match="years and left have different indexes"):
        churn.survival_curve(pd.Series([1, 2]), pd.Series([True, False], index=[1, 0]))


@pytest.mark.parametrize(("times", "left", "survival", "median", "mean"), [
    ([6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35],
     [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0],
     [1, 0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], 23, 23.29),      # 6-MP
    ([1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23], [1] * 21, None, 8, 8.67),  # placebo
])
def test_remission_of_leukaemia_as_in_the_textbooks(times, left, survival, median, mean):
    # Freireich and others (1963), Gehan (1965)
    answers, curve = churn.lifetimes(times, left), churn.survival_curve(times, left)
    assert answers["median"] == median and answers["restricted_mean"] == approx(mean, abs=0.005)
    if survival:
        assert curve["survival"].round(3).tolist() == survival
        assert curve.loc[1, ["low", "high"]].tolist() == approx([0.620, 0.952], abs=5e-4)


def test_many_customers_are_counted_in_a_moment():
    times = np.random.default_rng(1).permutation(40_000) / 7
    table = churn.survival_curve(times, [True] * 40_000)
    assert table["left"].sum() == 40_000 and table["at_risk"].tolist()[-1] == 1


def test_everybody_seen_to_the_end_gives_plain_shares():
    years, left = [1, 2, 3, 4], [True] * 4
    assert churn.survival_curve(years, left)["survival"].tolist() == approx([1, 0.75, 0.5, 0.25, 0])
    answers = churn.lifetimes(years, left)
    assert answers["leavers_only"] == answers["restricted_mean"] == answers["exposure_per_leaver"] == 2.5


def test_a_segment_without_events_is_refused_or_kept_knowingly():
    data = {"years": [1, 2, 3], "left": [True, False, False], "groups": ["a", "b", "b"]}
    with pytest.raises(DataError, match="nobody left in 1 of 2 group.s., the first 'b' with 2 customer.s.*no_events"):
        churn.survival_curve(**data)
    kept = churn.survival_curve(**data, no_events="keep").set_index("group")
    assert kept.loc["b", "survival"] == 1 and np.isnan(kept.loc["b", "low"])


@pytest.mark.parametrize(("change", "message"), [
    ({"years": [-1, 2]}, "years of 0 must be zero or more, not -1"), ({"years": [np.nan, 2]}, "1 of 2 values of years"),
    ({"left": [True, None]}, "1 of 2 values of left are missing"),
    ({"left": [2, 1]}, "left must be yes or no .true/false or 1/0.; 1 of 2"),
    ({"left": [True]}, "must have one value per customer each"), ({"groups": ["a", None]}, "1 customers have no group"),
    ({"years": [], "left": []}, "years is empty"),
])
def test_survival_refuses(change, message):
    with pytest.raises(DataError, match=message):
        churn.survival_curve(**{"years": [1, 2], "left": [True, False]} | change)
    with pytest.raises(DataError, match="nobody was watched for 9 years"):
        churn.lifetimes([1, 2], [True, False], horizon=9)


def test_tenure_profit_counts_those_who_left():
    people = pd.DataFrame({"customer_id": [1, 2, 3], "acquired_on": after(0, 10, 700),
                           "acquisition_cost": [50.0, 30.0, 1.0]})
    lines = pd.DataFrame({"customer_id": [1, 1, 2, 3, 1, 9], "date": after(0, 364, 10, 700, 365, 5),
                          "margin": [10.10, 20.0, 5.0, 99.0, 40.0, 77.0]})
    visits = pd.DataFrame({"customer_id": [1, 2, 2], "date": after(-405, 11, 400), "cost": [8.0, 1.0, 2.0]})
    for money in (lines, ibis.memtable(lines)):
        table = churn.tenure_profit(money, people, costs={"visits": visits}, observation_end="2024-12-31", years=1)
        assert table["customers"].tolist() == [2, 2] and table["buying"].tolist() == [0, 2]
        assert table["profit"].tolist() == approx([-88, 34.1]) and table["cumulative"].iloc[-1] == approx(-26.95)
    with pytest.raises(DataError, match="nobody was won 9 year"):
        churn.tenure_profit(lines, people, observation_end="2024-12-31", years=9)
    with pytest.raises(DataError, match="1 customer id.s. are there twice"):
        churn.tenure_profit(lines, pd.concat([people, people.head(1)]), observation_end="2024-12-31")


def test_tenure_profit_by_group_is_that_of_each_group():
    people = pd.DataFrame({"customer_id": [1, 2, 3], "acquired_on": DAY, "acquisition_cost": [50.0, 30.0, 1.0],
                           "channel": ["fair", "search", "fair"]})
    lines = pd.DataFrame({"customer_id": [1, 2, 3], "date": after(0, 1, 2), "margin": [10.0, 20.0, 40.0]})
    table = churn.tenure_profit(lines, people, observation_end="2024-12-31", years=1, by="channel")
    for name, part in people.groupby("channel"):
        alone = churn.tenure_profit(lines, part, observation_end="2024-12-31", years=1)
        pd.testing.assert_frame_equal(table.loc[name], alone)
    with pytest.raises(DataError, match="1 of 3 customers have no channel"):
        churn.tenure_profit(lines, people.assign(channel=["fair", None, "fair"]), observation_end="2024-12-31",
                            by="channel")


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 700), st.integers(-5000, 5000)), min_size=1, max_size=8))
@settings(max_examples=15)
def test_tenure_profit_keeps_every_cent(rows):
    people = pd.DataFrame({"customer_id": [1, 2, 3], "acquired_on": DAY, "acquisition_cost": [1.01, 2.02, 3.03]})
    lines = pd.DataFrame([(c, DAY + pd.Timedelta(days=d), m / 100) for c, d, m in rows],
                         columns=["customer_id", "date", "margin"])
    table = churn.tenure_profit(lines, people, observation_end="2025-01-01", years=2)
    assert round(100 * table["profit"].sum()) == sum(m for *_, m in rows) - 606


# ------------------------------------------------------------------------------------- retention


@pytest.mark.parametrize(("timing", "gains"), [
    ("residual", [0.2037, 0.2245, 0.275, 0.4074]), ("immediate", [0.1111, 0.1429, 0.20, 0.3333]),
    ("end", [0.1111, 0.1429, 0.20, 0.3333]),
])
def test_five_points_of_retention(timing, gains):
    table = churn.retention_uplift([0.6, 0.7, 0.8, 0.9], 0.05, 0.10, timing=timing)
    assert table["relative"].tolist() == approx(gains, abs=5e-5)
    for rate, gain in zip((0.6, 0.7, 0.8, 0.9), table["relative"], strict=True):
        found = churn.retention_for_uplift(gain, 0.05, 0.10, timing=timing)
        assert churn.retention_uplift(found, 0.05, 0.10, timing=timing)["relative"][0] == approx(gain)
        assert found == approx(rate)                          # the larger root, where two give that gain


def test_reichheld_halves_the_leavers():
    row = churn.retention_uplift(0.90, 0.05, 0.10, timing="immediate").iloc[0]
    assert row["lifetime"] == approx(2) and (1 - 0.9) / (1 - 0.95) == approx(row["lifetime"])
    undiscounted = churn.retention_uplift(0.90, 0.05, 0.0, timing="immediate").iloc[0]
    assert undiscounted["relative"] == approx(1)
    assert np.isnan(churn.retention_for_uplift(0.01, 0.05, 0.10, timing="residual"))
    assert np.isnan(churn.retention_for_uplift(0.01, 0.05, 0.10, timing="immediate"))
    for timing in ("immediate", "residual"):
        assert np.isnan(churn.retention_for_uplift(0.25, 0, 0.10, timing=timing))
    with pytest.raises(ValueError, match="relative 85 is a gain of 8,500 %: did you mean 0.85"):
        churn.retention_for_uplift(85, 0.05, 0.10, timing="immediate")


@pytest.mark.parametrize(("arguments", "message"), [
    ((87, 0.05, 0.1), "retention_rate 87 is not between 0 and 1: did you mean 0.87"),
    ((0.87, 5, 0.1), "points 5 is not between -1 and 1: did you mean 0.05"),
    ((0.97, 0.05, 0.1), "0.97 and 0.05 make 1.02"), ((0.8, 0.05, 10), "discount_rate 10 .*did you mean 0.1"),
    (("0.8", 0.05, 0.1), "must be a number, not '0.8'"), ((True, -0.05, 0.1), "must be a number, not True"),
    (([[0.8]], 0.05, 0.1), "must be one number or a list"), ((np.nan, 0.05, 0.1), "must be a finite number"),
])
def test_uplift_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        churn.retention_uplift(*arguments, timing="residual")
    with pytest.raises(ValueError, match="timing='now' is not known"):
        churn.retention_uplift(0.8, 0.05, 0.1, timing="now")


def test_value_at_risk_is_not_the_average():
    found = churn.value_at_risk([0.1, 0.5], [900, 100])
    assert found[["at_risk", "share", "leavers", "as_average"]].tolist() == approx([140, 0.14, 0.6, 300])
    for p, v, message in (([0.1], [1, 2], "not about the same customers"), ([30, 0.1], [1, 2], "did you mean 0.3"),
                          ([0.1, np.nan], [1, 2], "1 of 2 values of leaving are missing")):
        with pytest.raises(DataError, match=message):
            churn.value_at_risk(p, v)


@given(st.integers(0, 500), st.floats(0.05, 1.0), st.integers(0, 5000))
@settings(max_examples=30)
def test_the_bucket_goes_to_its_level(new, rate, start):
    table = churn.leaky_bucket(new, rate, start=start, periods=4)
    gap = table["customers"] - table["steady"]
    assert gap.tolist() == approx([gap[0] * (1 - rate) ** t for t in range(5)], abs=1e-6)
    with pytest.raises(ValueError, match="churn_rate is 0: a bucket that does not leak"):
        churn.leaky_bucket(100, 0)
    with pytest.raises(ValueError, match="periods must be a whole number of at least 1, not -3"):
        churn.leaky_bucket(100, 0.2, periods=-3)


# -------------------------------------------------------------------------------------- accounts


def test_cost_of_an_order_and_the_ladder():
    assert churn.order_cost(2, 2000) == 4000 and churn.order_cost(2, 2000, close_rate=0.5) == 8000
    assert churn.order_cost(2, 2000) / 4 == 1000  # two visits of thousands against a call of a few yuan
    ladder = churn.cost_ladder(100, acquire=(5, 10), win_back=(20, 90), win_back_of="acquire")
    assert ladder.loc["win back", ["low", "high"]].tolist() == [10_000, 90_000]
    assert churn.cost_ladder(100, acquire=5, win_back=20, win_back_of="keep").loc["win back", "low"] == 2_000
    with pytest.raises(ValueError, match="keep is 0: five or ten times nothing is nothing"):
        churn.cost_ladder(0, acquire=5, win_back=20, win_back_of="keep")
    with pytest.raises(ValueError, match=r"acquire=\(10, 5\) is the wrong way round"):
        churn.cost_ladder(1, acquire=(10, 5), win_back=20, win_back_of="keep")
    with pytest.raises(ValueError, match="close_rate is 0"):
        churn.order_cost(2, 100, close_rate=0)
    with pytest.raises(ValueError, match="close_rate 50 is not between 0 and 1: did you mean 0.5"):
        churn.order_cost(2, 100, close_rate=50)
    said = churn.ladder_statements(keep_cost=4, win_cost=4000, multiples=(5, 10))
    assert said["multiple_low"].fillna(-1).tolist() == [-1, 5, 1000]
    with pytest.raises(ValueError, match="keep_cost must be above zero"):
        churn.ladder_statements(keep_cost=0, win_cost=4000, multiples=(5, 10))


def test_book_ladder_divides_by_successes():
    keep = pd.DataFrame({"spent": [10.0, 30.0, 20.0], "gained": [1, 1, 0]})
    win = pd.DataFrame({"spent": [100.0, 0.0, 500.0], "gained": [True, True, True]})
    table = churn.book_ladder({"keep": keep, "win": win}, draws=400, level=0.9)
    assert table["cost"].tolist() == approx([30, 200]) and table["times"].tolist() == approx([1, 20 / 3])
    assert table.loc["win", "low"] < 200 < table.loc["win", "high"] and table.loc["keep", "times_high"] == 1
    with pytest.raises(DataError, match="nobody was gained in the step 'keep': 60 were spent on 3 customers"):
        churn.book_ladder({"keep": keep.assign(gained=0)})
    with pytest.raises(DataError, match="spent of keep of 0 must be zero or more, not -1"):
        churn.book_ladder({"keep": keep.assign(spent=-1.0)})
    same = keep.set_axis([7, 8, 9]).assign(spent=[10.0, 30.0, 26.0])
    both = churn.book_ladder({"a": same, "b": same.assign(spent=2 * same["spent"])})      # drawn together
    assert both.loc["b", ["times_low", "times_high"]].tolist() == approx([2, 2])
    rare = pd.DataFrame({"spent": [5.0] * 4, "gained": [1, 0, 0, 0]})
    found = churn.book_ladder({"keep": keep, "rare": rare})
    assert found.loc["rare", "high"] == np.inf and found.loc["rare", "times_high"] == np.inf
    for gained in (0.5, "yes"):
        with pytest.raises(DataError, match=f"gained of win must be yes or no .* first is {gained!r}"):
            churn.book_ladder({"keep": keep, "win": win.assign(gained=gained)})
    with pytest.raises(DataError, match="nothing was spent in the step 'keep'"):
        churn.book_ladder({"keep": keep.assign(spent=0.0), "win": win})
    with pytest.raises(DataError, match="steps is empty"):
        churn.book_ladder({})
    with pytest.raises(DataError, match="win lacks the column"):
        churn.book_ladder({"keep": keep, "win": win.drop(columns="gained")})


def test_the_apology_of_the_lecture():
    told = churn.recovery_value(10_000, 50_000, stays_with=1, stays_without=0)
    assert told[["roi", "npv", "break_even_rise"]].tolist() == approx([4, 40_000, 0.2])
    later = churn.recovery_value(10_000, 50_000, stays_with=1, stays_without=0, discount_rate=0.10)
    assert later["npv"] == approx(35_454.5455, abs=1e-4) and later["break_even_rise"] == approx(0.22)
    typo = churn.recovery_value(100_000_000, 50_000, stays_with=1, stays_without=0)
    assert typo["break_even_rise"] == approx(2000) and typo["npv"] < 0
    at = churn.recovery_value(10_000, 50_000, stays_with=0.8, stays_without=0.58, discount_rate=0.10)
    assert at["npv"] == approx(0, abs=1e-8)
    more = churn.recovery_value(10_000, 50_000, stays_with=0.8, stays_without=0.6, beyond=20_000, word_of_mouth=1_000)
    assert more[["npv", "break_even_rise"]].tolist() == approx([5_000, 9_000 / 70_000])
    later = churn.recovery_value(1, 11, stays_with=1, stays_without=0, beyond=20, discount_rate=0.10)
    assert later["npv"] == approx(10 + 20 - 1)                  # what lies beyond is money of today already
    kind = churn.recovery_value(0, 50_000, stays_with=0.6, stays_without=0.5)
    assert kind["npv"] == approx(5_000) and kind["break_even_rise"] == 0 and np.isnan(kind["roi"])


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 0.5), st.floats(0, 5))
@settings(max_examples=30)
def test_the_tree_adds_up_to_the_value(stays_with, stays_without, rate, years):
    case = {"stays_with": stays_with, "stays_without": stays_without, "discount_rate": rate, "years": years}
    tree = churn.recovery_tree(10_000, 50_000, **case)
    ends = tree.groupby("decision", sort=False)["expected"].sum()
    value = churn.recovery_value(10_000, 50_000, **case)
    assert ends.tolist() == approx(value[["with_gesture", "without"]].tolist(), abs=1e-6)
    assert ends.iloc[0] - ends.iloc[1] == approx(value["npv"], abs=1e-6)
    assert tree.groupby("decision")["chance"].sum().tolist() == approx([1, 1])


@pytest.mark.parametrize(("change", "message"), [
    ({"stays_with": 90}, "stays_with 90 is not between 0 and 1: did you mean 0.9"),
    ({"stays_without": -0.1}, "stays_without -0.1 is not between"),
    ({"years": -1}, "years must be zero or more, not -1"),
    ({"profit": 0}, "nothing is at stake"), ({"cost": -1}, "cost must be zero or more"),
    ({"discount_rate": 10}, "did you mean 0.1"),
])
def test_recovery_refuses(change, message):
    arguments = {"cost": 10_000, "profit": 50_000, "stays_with": 0.9, "stays_without": 0.5} | change
    with pytest.raises(ValueError, match=message):
        churn.recovery_value(arguments.pop("cost"), arguments.pop("profit"), **arguments)


def test_word_of_mouth():
    assert churn.word_of_mouth_loss(6, prospect_share=0.1, swing=0.2, value=1000) == approx(120)
    with pytest.raises(ValueError, match="swing 20 is not between 0 and 1: did you mean 0.2"):
        churn.word_of_mouth_loss(6, prospect_share=0.1, swing=20, value=1000)


def test_referral_value_by_type_as_kumar_petersen_and_leone_2007():
    friends = pd.DataFrame({"year": [1, 2, 1], "anyway": [False, False, True], "margin": [110.0, 121.0, 500.0],
                            "referral_cost": [11.0, 0.0, 11.0], "retention_cost": [0.0, 12.1, 0.0],
                            "saved": [22.0, 0.0, 22.0]})
    found = churn.referral_value(friends, 0.10)
    assert found.tolist() == approx([(110 - 11 + 22) / 1.1 + (121 - 12.1) / 1.21, 20, 220, 10])
    assert churn.referral_value(friends, 0.10, saved_for="anyway")["type_one"] == approx(90 + 90)
    split = pd.DataFrame({"year": [0], "anyway": [0.4], "margin": [100.0], "saved": [50.0], "referral_cost": [10.0]})
    assert churn.referral_value(split, 0.1, saved_for="anyway")["value"] == approx(0.6 * 90 + 0.4 * 50)
    for column, value, message in (("anyway", 40, "did you mean 0.4"), ("year", -1, "must be zero or more"),
                                   ("saved", np.nan, "1 of 1 values of saved"), ("reward", 3.0, "'reward', which is"),
                                   ("year", 2025, "is 2025, not between 0 and 100"), ("anyway", "0.5", "be numbers")):
        with pytest.raises(DataError, match=message):
            churn.referral_value(split.assign(**{column: value}), 0.1)


def test_winning_a_friend_is_saved_once():
    rows = pd.DataFrame({"friend_id": [1, 1], "year": [0, 1], "anyway": True, "margin": 100.0, "saved": [50.0, 0.0]})
    assert churn.referral_value(rows, 0.1)["value"] == 50
    with pytest.raises(DataError, match="1 row.s. of saved repeat that of a friend"):
        churn.referral_value(rows.assign(saved=50.0), 0.1)


def test_a_word_in_visits():
    assert churn.referral_visits(0.6, 0.2, method="ratio") == approx(3)
    assert churn.referral_visits(1 - 0.8**3, 0.2, method="independent") == approx(3)
    assert churn.referral_visits(1, 0.2, method="independent") == np.inf
    with pytest.raises(ValueError, match="visit is 0"):
        churn.referral_visits(0.5, 0, method="ratio")
    with pytest.raises(ValueError, match="word 60 is not"):
        churn.referral_visits(60, 0.2, method="ratio")


# ---------------------------------------------------------------------------------------- winback


def test_winback_rates_and_plan():
    attempts = pd.DataFrame({"reason": ["moved", "moved", "neglect", "neglect", "neglect"],
                             "returned": pd.array([False, False, True, False, None], dtype="boolean")})
    rates = churn.winback_rates(attempts, by="reason")
    assert rates[["tried", "returned", "rate", "pending"]].to_numpy().tolist() == [[2, 0, 0, 0], [2, 1, 0.5, 1]]
    leavers = pd.DataFrame({"customer_id": [1, 2, 3], "reason": ["moved", "neglect", "neglect"],
                            "value": [1000.0, 900.0, -50.0]})
    plan = churn.winback_plan(leavers, rates, cost=20)
    assert plan["customer_id"].tolist() == [2, 1, 3] and plan["expected"].tolist() == approx([430, -20, -45])
    assert plan["call"].tolist() == ["yes", "open", "no"]
    assert churn.winback_rates(attempts.assign(offer="call"), by=["reason", "offer"]).index.names == ["reason", "offer"]


@pytest.mark.parametrize(("change", "message"), [
    ({"customer_id": [1, 1]}, "1 customer id.s. are there twice"),
    ({"reason": ["x", "y"]}, "no row for the reason 'x'"),
    ({"value": [1.0, np.nan]}, "1 of 2 values of value"), ({"customer_id": [1, None]}, "1 of 2 have no customer_id"),
])
def test_winback_refuses(change, message):
    rates = pd.DataFrame({"rate": [0.2], "low": [0.1], "high": [0.3]}, index=["neglect"])
    leavers = pd.DataFrame({"customer_id": [1, 2], "reason": ["neglect", "neglect"], "value": [1.0, 2.0]})
    with pytest.raises(DataError, match=message):
        churn.winback_plan(leavers.assign(**change), rates, cost=20)
    with pytest.raises(DataError, match="rates: that of 'neglect' lies outside its interval"):
        churn.winback_plan(leavers, rates.rename(columns={"low": "high", "high": "low"}), cost=20)
    with pytest.raises(DataError, match="the reason 'neglect' is there twice"):
        churn.winback_plan(leavers, pd.concat([rates, rates]), cost=20)
    with pytest.raises(DataError, match="chance of 0: 25 is not between 0 and 1"):
        churn.winback_value(25, 100, 5)
    with pytest.raises(DataError, match="1 of 1 attempts have no reason"):
        churn.winback_rates(pd.DataFrame({"reason": [None], "returned": [True]}), by="reason")


# ---------------------------------------------------------------------------------------- effects


def test_contract_years_know_what_happened_in_them():
    contacts = pd.DataFrame({"customer_id": [7, 8, 9], "date": after(365, 364, 99)})
    incidents = pd.DataFrame({"customer_id": [7, 7, 9], "date": after(3, 4, 465),
                              "handling": ["repaired", "blame_first", "blame_first"]})
    lines = pd.DataFrame({"customer_id": [7, 7, 9, 9], "date": after(0, 365, 99, 100),
                          "margin": [10.05, 20.0, 7.0, 1.0]})
    visits = pd.DataFrame({"customer_id": [7], "date": after(364), "cost": [3.0]})
    for money in (lines, ibis.memtable(lines)):
        years = churn.contract_years(CONTRACTS, contacts=contacts, incidents=incidents, lines=money,
                                     costs={"visits": visits})
        assert years["neglected"].tolist() == [True, False, False, True, True]
        assert years["failures"].tolist() == [2, 0, 0, 0, 1]
        assert years["handling"].isna().tolist() == [True, True, True, True, False]
        assert years["profit"].tolist() == approx([7.05, 20, 0, 1, 0])
    with pytest.raises(DataError, match="1 contract year.s. overlap"):
        churn.contract_years(CONTRACTS.assign(started_on=after(0, 300, 0, 100, 465)))
    with pytest.raises(DataError, match="1 contract id.s. are there twice"):
        churn.contract_years(CONTRACTS.assign(contract_id=[1, 1, 3, 4, 5]))
    for change, message in (({"due_on": DAY}, "are due on or before"), ({"contract_id": None}, "have no contract_id"),
                            ({"customer_id": None}, "have no customer_id")):
        with pytest.raises(DataError, match=message):
            churn.contract_years(CONTRACTS.assign(**change), contacts=contacts)
    with pytest.raises(DataError, match="nobody would be found"):
        churn.contract_years(CONTRACTS, contacts=contacts.astype({"customer_id": str}))
    with pytest.raises(ValueError, match="costs need lines"):
        churn.contract_years(CONTRACTS, costs={"visits": visits})


def test_stay_effect_is_newcombes():
    # Newcombe (1998), method 10, 56 of 70 against 48 of 80: difference 0.2, 0.0524 to 0.3339
    stayed = [1] * 56 + [0] * 14 + [1] * 48 + [0] * 32
    effect = churn.stay_effect(stayed, [1] * 70 + [0] * 80)
    assert effect[["difference", "difference_low", "difference_high"]].round(4).tolist() == [0.2, 0.0524, 0.3339]
    assert effect["exit_share"] == approx(1 - 0.8 / 0.6)
    spread = 1.959964 * np.sqrt(0.2 / 56 + 0.4 / 48)
    assert effect["exit_share_low"] == approx(1 - 0.8 / 0.6 * np.exp(spread), abs=1e-6)
    assert effect["exit_share_high"] == approx(1 - 0.8 / 0.6 * np.exp(-spread), abs=1e-6)
    for stayed, treated, message in (([1, 0], [1, 1], "2 treated and 0 untreated"), ([1], [1, 0], "one value per"),
                                     ([1, None], [1, 0], "1 of 2 values"),
                                     (pd.Series([1, 0]), pd.Series([1, 0], index=[1, 0]), "different indexes")):
        with pytest.raises(DataError, match=message):
            churn.stay_effect(stayed, treated)


def test_a_group_in_which_all_did_the_same_is_not_certain():
    nobody = churn.stay_effect([0] * 5 + [1, 0, 0], [1] * 5 + [0] * 3)
    assert nobody["difference"] == approx(-1 / 3) and nobody[["exit_share", "exit_share_low"]].isna().all()
    every = churn.stay_effect([1] * 20, [1, 0] * 10)
    assert every["exit_share"] == 0 and every["exit_share_low"] < -0.2 < 0.2 < every["exit_share_high"]
    gain = churn.saving_gain([1] * 20, [1, 0] * 10, [100.0, 120.0], reached=10, clusters=range(20))
    assert gain["gain"] == 0 and gain["low"] < -50 and gain["high"] > 50


def test_customers_with_several_rows_are_drawn_whole():
    stayed = [1] * 80 + [0] * 20 + [1] * 60 + [0] * 40
    treated, worth = [1] * 100 + [0] * 100, [900.0, 1100.0]
    one = churn.saving_gain(stayed, treated, worth, reached=50)
    twice = churn.saving_gain(stayed * 2, treated * 2, worth, reached=50, clusters=[*range(200)] * 2)
    assert twice["gain"] == one["gain"] and [twice["low"], twice["high"]] == approx([one["low"], one["high"]], rel=0.08)
    spread = churn.saving_gain(stayed, treated, [0.0] * 5 + [10_000.0] * 5, reached=50)
    assert spread["high"] - spread["low"] > 1.25 * 5 * (one["high"] - one["low"])     # five times the mean, and wider
    many = churn.saving_gain(stayed, treated, np.tile(worth, 3_000), reached=50, draws=2_000)
    few = churn.saving_gain(stayed, treated, np.tile(worth, 2_000), reached=50, draws=2_000)
    assert many["high"] == approx(few["high"], rel=0.05)
    with pytest.raises(DataError, match="clusters must name the customer of each of the 200 rows"):
        churn.saving_gain(stayed, treated, worth, reached=50, clusters=[1])


def test_a_programme_to_keep_customers():
    trial = [1] * 80 + [0] * 20 + [1] * 60 + [0] * 40, [1] * 100 + [0] * 100
    gain = churn.saving_gain(*trial, [900, 1100], reached=50, level=0.9)
    assert gain[["rise", "value", "saved", "gain"]].tolist() == approx([0.2, 1000, 10, 10_000])
    half = 1.645 * np.sqrt(0.2 * 0.8 / 100 + 0.4 * 0.6 / 100) * 50 * 1000     # the values hardly add to it
    assert [gain["low"], gain["high"]] == approx([10_000 - half, 10_000 + half], rel=0.1)


def test_what_the_customers_are_worth_is_uncertain_as_well():
    trial = [1] * 80_000 + [0] * 20_000 + [1] * 60_000 + [0] * 40_000, [1] * 100_000 + [0] * 100_000
    gain = churn.saving_gain(*trial, [0, 10_000] * 50, reached=50, level=0.9)   # of the rise nearly all is known
    half = 1.645 * 5_000 / np.sqrt(100) * 0.2 * 50
    assert [gain["low"], gain["high"]] == approx([50_000 - half, 50_000 + half], rel=0.03)


def test_values_come_from_the_lifetime_value_formulas():
    row = churn.retention_uplift(0.8, 0.05, 0.1, timing="residual", margin=100).iloc[0]
    assert row["before"] == clv.lifetime_value(100, 0.8, 0.1, timing="residual")


def test_functions_leave_their_arguments_alone():
    contracts = CONTRACTS.copy(deep=True)
    churn.contract_spells(contracts, observation_end="2025-03-11")
    churn.contract_years(contracts)
    pd.testing.assert_frame_equal(contracts, CONTRACTS)
