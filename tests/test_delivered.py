"""Delivered value, value of an offer, gaps, effects and propositions: published numbers, identities, bad input."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib import delivered as dv
from crmlib.errors import CrmWarning, DataError

approx = pytest.approx
FEW = settings(max_examples=25)
SURVEY = pd.DataFrame({
    "customer_id": ["a", "b", "c"], **{name: [60, 30, 90] for name in dv.VALUES}, **{n: [20, 10, 40] for n in dv.COSTS},
    **{f"rival_{n}": [50, 40, 80] for n in dv.VALUES}, **{f"rival_{n}": [20, 10, 30] for n in dv.COSTS},
})
ONE = {"values": ["value"], "costs": ["cost"]}


# -------------------------------------------------------------------------------- published numbers


def test_kotlers_tractors():
    extra = {"durability": 7_000, "reliability": 6_000, "service": 5_000, "warranty": 2_000}
    assert dv.economic_value(90_000, gains=extra) == 110_000          # Kotler & Keller; sold at 100,000
    at_price = dv.surplus_split(110_000, 100_000, 0).iloc[0]
    assert at_price["customer"] == 10_000                             # they "get 20,000 for 10,000"
    split = dv.surplus_split(20_000, 19_000, 14_000).iloc[0]          # Kotler's Caterpillar, remembered
    assert split[["customer", "seller", "total"]].tolist() == [1_000, 5_000, 6_000]
    assert split["customer_share"] == approx(1 / 6) and split["win_win"]


def test_economic_value_as_published():
    # Forbis & Mehta's figure: 300 + 350 of function + 100 start-up + 200 after the purchase
    assert dv.economic_value(300, gains={"function": 350, "start-up": 100, "later": 200}) == 950
    assert dv.surplus_split(950, [950, 850], 400)["customer"].tolist() == [0, 100]
    # Atlantic Computer: two rival servers at 6,800; labour 4,000, electricity 500, licences 1,500
    assert dv.economic_value(6_800, gains=[4_000, 500, 1_500]) == 12_800
    assert dv.economic_value(100, gains=30, losses=[5.5], switching_cost=20) == 104.5


def test_market_share_as_the_notes_recompute_it():
    points = dv.share_path(0.10, 0.06, years=16, mode="points").set_index("year")
    assert points["share"][[14, 15, 16]].tolist() == approx([0.94, 1, 1]) and points["capped"].sum() == 2
    relative = dv.share_path(0.10, 0.06, years=10, mode="relative")
    assert relative["share"].iloc[-1] == approx(0.1791, abs=5e-5) and not relative["capped"].any()


# -------------------------------------------------------------------------------- delivered value


def test_delivered_value_by_hand():
    own = dv.delivered_value(SURVEY)
    assert own.loc["a"].tolist() == approx([240, 100, 140, 2.4])
    rival = dv.delivered_value(SURVEY, prefix="rival_")
    assert dv.advantage(own, rival).tolist() == [40, -40, -10]
    assert dv.advantage(own, rival, compare="ratio").round(2).tolist() == [0.4, -0.8, -0.33]


def test_difference_and_ratio_can_disagree():
    offers = pd.DataFrame({"customer_id": [1], "value": [100], "cost": [60], "other_value": [50], "other_cost": [25]})
    two = [dv.delivered_value(offers, **ONE, prefix=p) for p in ("", "other_")]
    assert dv.advantage(*two).item() > 0 > dv.advantage(*two, compare="ratio").item()


def test_free_offers_have_no_ratio():
    free = dv.delivered_value(pd.DataFrame({"customer_id": [1], "value": [5], "cost": [0]}), **ONE)
    assert np.isnan(free.loc[1, "ratio"]) and free.loc[1, "difference"] == 5


money = st.lists(st.integers(0, 10**7), min_size=9, max_size=9)


@FEW
@given(st.lists(money, min_size=1, max_size=6), st.randoms())
def test_delivered_value_is_exact_in_any_order(rows, random):
    names = [*dv.VALUES, *dv.COSTS]
    survey = pd.DataFrame(np.array(rows) / 100, columns=names).assign(customer_id=range(len(rows)))
    table = dv.delivered_value(survey)
    for row, (_, got) in zip(rows, table.iterrows(), strict=True):
        assert got["total_value"] == sum(row[:4]) / 100 and got["difference"] == (sum(row[:4]) - sum(row[4:])) / 100
    order = list(range(len(rows)))
    random.shuffle(order)
    again = dv.delivered_value(survey.iloc[order], values=dv.VALUES[::-1], costs=dv.COSTS[::-1])
    pd.testing.assert_frame_equal(again.sort_index(), table)


@pytest.mark.parametrize(("change", "message"), [
    (lambda t: t.assign(cost_time=-t["cost_time"]), "3 of 3 values of cost_time are negative.*positive numbers"),
    (lambda t: t.assign(value_image=[1, np.nan, 2]), "1 of 3 values of value_image of survey are missing"),
    (lambda t: pd.concat([t, t.iloc[:1]]), "1 row.s. of survey repeat a customer_id, the first 'a'"),
    (lambda t: t.assign(customer_id=["a", None, "c"]), "1 row.s. of survey name no customer_id"),
    (lambda t: t.drop(columns="cost_psychic"), "survey lacks the column.s. cost_psychic"),
    (lambda t: t.assign(cost_time=["1", "2", "x"]), "cost_time of survey must be numbers"),
    (lambda t: t.assign(**{n: t[n] / 7000 for n in dv.VALUES}), "would lose .* by rounding to 0.01"),
])
def test_delivered_value_refuses(change, message):
    with pytest.raises(DataError, match=message):
        dv.delivered_value(change(SURVEY))


def test_a_rival_needs_all_components():
    with pytest.raises(DataError, match="'rival_' has not all components: rival_cost_energy is missing"):
        dv.delivered_value(SURVEY.drop(columns="rival_cost_energy"), prefix="rival_")
    with pytest.raises(DataError, match="rival has not all components: rival_value_image"):
        dv.component_advantages(SURVEY.drop(columns="rival_value_image"))
    with pytest.raises(DataError, match="1 are only in own, 0 only in rival"):
        dv.advantage(dv.delivered_value(SURVEY), dv.delivered_value(SURVEY.iloc[:2], prefix="rival_"))
    with pytest.raises(ValueError, match="a component is a value or a cost, not both"):
        dv.delivered_value(SURVEY, costs=["value_image"])


def test_choice_share_rules():
    assert dv.choice_share([1, -1, 0, 0]) == 0.5
    assert dv.choice_share([1e9, -1e9], rule="logit", scale=1) == approx(0.5)
    with pytest.raises(ValueError, match="needs scale"):
        dv.choice_share([1], rule="logit")


def test_component_advantages_by_hand_and_by_group():
    table = dv.component_advantages(SURVEY, components=["value_image", "cost_time"], per="cost_price")
    assert table["size"].tolist() == [300, 100] and table["advantage"].tolist() == [25, 0]
    assert (table["low"] <= table["advantage"]).all() and (table["advantage"] <= table["high"]).all()
    groups = pd.Series({"a": "x", "b": "x", "c": "y"})
    by_group = dv.component_advantages(SURVEY, components=["cost_time"], groups=groups).set_index("group")
    assert by_group["advantage"].to_dict() == {"x": 0, "y": -25}
    assert by_group[["low", "high"]].isna().all(axis=None)        # two and one respondents: no interval
    scaled = SURVEY.assign(**{c: 7 * SURVEY[c] for c in SURVEY.columns if c != "customer_id"})
    assert dv.component_advantages(scaled)["advantage"].tolist() == approx(
        dv.component_advantages(SURVEY)["advantage"].tolist())


def test_component_advantages_know_costs_and_intervals():
    many = pd.DataFrame({"customer_id": range(40), "price": 100.0, "rival_price": 90.0 + np.arange(40) % 7})
    table = dv.component_advantages(many, components=["price"], costs=["price"], per="price")
    assert table["advantage"].item() == -7 and table["low"].item() <= -7 <= table["high"].item() < 0
    narrow = dv.component_advantages(many, components=["price"], costs=["price"], per="price", level=0.5)
    assert table["low"].item() <= narrow["low"].item() and table["high"].item() > narrow["high"].item() - 1e-9
    # the median of 0 to 100: its standard error is 1 / (2 · density · √n), about 5.02
    wide = pd.DataFrame({"customer_id": range(101), "price": 100.0, "rival_price": 100.0 + np.arange(101)})
    row = dv.component_advantages(wide, components=["price"], costs=["price"], per="price").iloc[0]
    assert row["advantage"] == 50 and (row["high"] - row["low"]) / 2 == approx(1.96 * 5.02, rel=0.1)
    other = many.iloc[::-1].assign(customer_id=[f"r{n:02}" for n in range(40)])
    pd.testing.assert_frame_equal(dv.component_advantages(other, components=["price"], costs=["price"], per="price"),
                                  table)
    with pytest.raises(ValueError, match="price: a value or a cost"):
        dv.component_advantages(many, components=["price"], per="price")
    with pytest.raises(DataError, match="values of cost_time are negative"):
        dv.component_advantages(SURVEY.assign(cost_time=-1))
    with pytest.raises(TypeError, match="groups must be a Series"):
        dv.component_advantages(SURVEY, groups=["x", "x", "y"])


def test_offers_of_different_components_are_not_compared():
    own = dv.delivered_value(SURVEY, values=dv.VALUES[:3])
    with pytest.raises(DataError, match="different components .value_image"):
        dv.advantage(own, dv.delivered_value(SURVEY, prefix="rival_"))
    with pytest.raises(ValueError, match="named twice"):
        dv.delivered_value(SURVEY, values=["value_image", "value_image"])


def test_lifetime_cost():
    assert dv.lifetime_cost(100, running_cost=10, years=3) == 130
    end, now = (dv.lifetime_cost(100, running_cost=10, years=2, discount_rate=0.1, timing=t) for t in ("end",
                                                                                                       "immediate"))
    assert end == approx(100 + 10 / 1.1 + 10 / 1.21) and now == approx(100 + 10 + 10 / 1.1)
    assert dv.lifetime_cost(100, years=1, discount_rate=0.25, final_cost=-50) == approx(60)
    with pytest.raises(ValueError, match="did you mean 0.1"):
        dv.lifetime_cost(100, discount_rate=10)


@FEW
@given(st.integers(0, 10**8), st.integers(0, 10**8), st.integers(0, 10**8))
def test_a_price_only_divides_the_surplus(value, price, cost):
    row = dv.surplus_split(value / 100, price / 100, cost / 100).iloc[0]
    assert round(100 * row["customer"]) + round(100 * row["seller"]) == round(100 * row["total"]) == value - cost
    assert row["win_win"] == (value > price > cost)
    # at a price of the economic value nothing is left for the customer
    assert dv.surplus_split(value / 100, value / 100, cost / 100)["customer"].item() == 0


def test_surplus_and_economic_value_refuse():
    with pytest.raises(DataError, match="values of cost are negative"):
        dv.surplus_split(10, 5, -1)
    value, price = pd.Series({"a": 10, "b": 20}), pd.Series({"b": 15, "a": 5})
    assert dv.surplus_split(value, price, 1)["customer"].to_dict() == {"a": 5, "b": 5}
    with pytest.raises(DataError, match="reference_price would lose"):
        dv.economic_value(0.004, gains=[10])
    with pytest.raises(DataError, match="values of final_cost are missing"):
        dv.lifetime_cost(100, final_cost=np.nan)
    with pytest.raises(ValueError, match="2, 3, 1 entries"):
        dv.surplus_split([1, 2], [1, 2, 3], 1)
    with pytest.raises(DataError, match="a negative gain is a loss"):
        dv.economic_value(10, gains={"noise": -3})
    assert np.isnan(dv.surplus_split(5, 6, 7)["customer_share"].item())


def test_gaps_add_up():
    survey = pd.DataFrame({"customer_id": [1, 2], "value_potential": [100.1, 50], "value_expected": [70.05, 60],
                           "value_realised": [65.04, 80]})
    table = dv.value_gaps(survey)
    assert table.loc[1].tolist() == [30.05, 5.01, 35.06] and table.loc[2].tolist() == [-10, -20, -30]
    with pytest.raises(DataError, match="lacks the column.s. value_realised"):
        dv.value_gaps(survey.drop(columns="value_realised"))


# -------------------------------------------------------------------------------- effects


def years(rows):
    return pd.DataFrame(rows, columns=["customer_id", "group", "stayed"])


def test_exit_share_by_hand():
    table = years([(n, "bad", n < 6) for n in range(10)] + [(n, "good", n < 18) for n in range(10, 20)])
    got = dv.exit_share(table, exposed="bad", baseline="good")
    assert got["exit_share"] == approx(1 - 0.6 / 0.8)
    # the variance of a log ratio of two independent shares
    error = np.sqrt(0.4 / (0.6 * 10) + 0.2 / (0.8 * 10))
    assert got["high"] == approx(1 - 0.75 * np.exp(-1.959964 * error), abs=1e-6)


def test_exit_share_counts_customers_not_years():
    table = years([(n, "bad", n % 3 > 0) for n in range(30)] + [(n, "good", n % 5 > 0) for n in range(30, 60)])
    twice = pd.concat([table, table])
    one, two = (dv.exit_share(t, exposed="bad", baseline="good") for t in (table, twice))
    assert one[["exit_share", "low", "high"]].tolist() == approx(two[["exit_share", "low", "high"]].tolist())
    mixed = dv.exit_share(table.sample(frac=1, random_state=1), exposed="bad", baseline="good")
    assert mixed["high"] == approx(one["high"])


def test_contract_years_know_what_happened_in_them():
    day = pd.Timestamp
    contracts = pd.DataFrame({
        "contract_id": [1, 2, 3], "customer_id": [7, 7, 8], "started_on": [day("2023-01-01"), day("2024-01-01"),
                                                                        day("2024-06-01")],
        "due_on": [day("2024-01-01"), day("2024-12-31"), day("2025-06-01")], "renewed": [True, False, None]})
    incidents = pd.DataFrame({"customer_id": [7, 7, 7, 8], "handling": ["repaired", "blame_first", "repaired", "x"],
                              "date": [day("2023-05-05"), day("2024-01-01"), day("2024-03-01"), day("2024-07-01")]})
    talks = pd.DataFrame({"customer_id": [7, 7, 9], "date": [day("2023-02-02")] * 2 + [day("2024-02-02")],
                          "purpose": ["sales", "courtesy", "sales"]})
    table = dv.contract_years(contracts, incidents, talks).set_index("contract_id")
    assert table["failure"].to_dict() == {1: "repaired", 2: "several"} and table["failures"].tolist() == [1, 2]
    assert table["sales_talks"].tolist() == [1, 0] and table["other_talks"].tolist() == [1, 0]
    with pytest.raises(DataError, match="incidents lack the column.s. handling"):
        dv.contract_years(contracts, incidents.drop(columns="handling"))
    for change, message in (({"renewed": ["yes", "no", None]}, "renewed must be yes or no .*; 2 of 2 values"),
                            ({"due_on": contracts["started_on"]}, "contract year.s. are due on or before"),
                            ({"due_on": "2024-01-01"}, "due_on of contracts must be days")):
        with pytest.raises(DataError, match=message):
            dv.contract_years(contracts.assign(**change), incidents)
    with pytest.raises(DataError, match="4 row.s. of incidents have no handling"):
        dv.contract_years(contracts, incidents.assign(handling=None))
    with pytest.raises(DataError, match="1 contract id.s. are there twice"):
        dv.contract_years(contracts.assign(contract_id=1), incidents)


def test_what_is_no_table_or_no_comparison_is_refused():
    for function in (dv.delivered_value, dv.component_advantages, dv.value_gaps, dv.proposition_fit):
        with pytest.raises(TypeError, match="must be a pandas DataFrame, not list"):
            function([1, 2])
    with pytest.raises(ValueError, match="exposed and baseline are both 'a'"):
        dv.exit_share(years([(1, "a", True)]), exposed="a", baseline="a")


def test_an_exit_share_of_too_few_has_no_interval():
    table = years([(n, "bad", True) for n in range(3)] + [(n, "good", True) for n in range(3, 6)])
    with pytest.warns(CrmWarning, match="no interval"):
        found = dv.exit_share(table, exposed="bad", baseline="good")
    assert found["exit_share"] == 0 and np.isnan(found["low"])
    with pytest.raises(DataError, match="stayed must be yes or no .*; 6 of 6 values are not, the first is 'no'"):
        dv.exit_share(table.assign(stayed="no"), exposed="bad", baseline="good")


def test_kept_worth():
    table = years([(n, "bad", n % 10 < 6) for n in range(100)] + [(n, "good", n % 10 < 8) for n in range(100, 200)])
    plan = {"exposed": "bad", "baseline": "good", "cases": 50, "multiple": 3}
    sure = dv.kept_worth(table, **plan, profit=[100, 100])
    assert sure[["kept", "worth"]].tolist() == approx([10, 3000])
    # with a certain profit the error is that of a difference of two shares
    error = 50 * 300 * np.sqrt(0.6 * 0.4 / 100 + 0.8 * 0.2 / 100)
    assert (sure["high"] - sure["low"]) / 2 == approx(1.96 * error, rel=0.06)
    unsure = dv.kept_worth(table, **plan, profit=[10] * 19 + [1810])
    assert unsure["worth"] == approx(3000) and unsure["high"] - unsure["low"] > 1.2 * (sure["high"] - sure["low"])
    shuffled = table.sample(frac=1, random_state=3).assign(customer_id=lambda t: 1000 - t["customer_id"])
    assert dv.kept_worth(shuffled, **plan, profit=[100, 100]).tolist() == approx(sure.tolist())


def test_exit_share_refuses():
    table = years([(1, "bad", True), (2, "good", True)])
    with pytest.raises(DataError, match="group 'worse' has 0 year"):
        dv.exit_share(table, exposed="worse", baseline="good")
    with pytest.raises(DataError, match=r"1 year\(s\) have no customer_id or have not ended"):
        dv.exit_share(table.assign(stayed=[True, None]), exposed="bad", baseline="good")
    with pytest.raises(DataError, match="years lack the column.s. stayed"):
        dv.exit_share(table.drop(columns="stayed"), exposed="bad", baseline="good")


@FEW
@given(st.floats(0.01, 0.5), st.floats(0.05, 0.9))
def test_break_even_volume_leaves_the_profit_as_it_was(rise, margin):
    loss = dv.break_even_volume_loss(rise, margin)
    assert (1 - loss) * (margin + rise) == approx(margin)


def test_price_and_speed():
    assert dv.break_even_volume_loss(0.09, 0.36) == approx(0.2)
    with pytest.raises(ValueError, match="leaves nothing of a margin"):
        dv.break_even_volume_loss(-0.3, 0.3)
    with pytest.raises(ValueError, match="did you mean 0.06"):
        dv.share_path(0.1, 6, years=3, mode="points")
    assert dv.times_faster(0.04, 2, reading="times as fast") == approx(0.08)
    assert dv.times_faster(0.04, 2, reading="times faster") == approx(0.12)


# -------------------------------------------------------------------------------- propositions


def test_eleven_elements_of_which_the_lectures_name_eight():
    elements = dv.proposition_elements()
    assert len(elements) == 11 and elements["in_lecture"].sum() == 8
    assert set(elements.index[~elements["in_lecture"]]) == {"getting the job done", "price", "cost reduction"}


def test_proposition_fit():
    scores = pd.DataFrame({"segment": ["s"] * 3, "element": ["price", "design", "risk"], "importance": [5, 3, 2],
                           "performance": [-1.0, 2.0, 4.0]})
    assert dv.proposition_fit(scores).loc["s"].tolist() == [approx(1.4), "price"]
    assert dv.proposition_fit(scores, negative="keep")["fit"].item() == approx(0.9)
    assert dv.proposition_fit(scores.assign(importance=10 * scores["importance"]))["fit"].item() == approx(1.4)
    two = pd.concat([scores, scores.assign(segment="t", performance=7.0)])      # row labels twice
    assert dv.proposition_fit(two)["fit"].tolist() == approx([1.4, 7])
    with pytest.raises(DataError, match="3 row.s. of scores name no segment"):
        dv.proposition_fit(scores.assign(segment=None))
    with pytest.raises(DataError, match="nothing is important to 's'"):
        dv.proposition_fit(scores.assign(importance=0))
    with pytest.raises(DataError, match="1 element.s. are there twice"):
        dv.proposition_fit(pd.concat([scores, scores.iloc[:1]], ignore_index=True))
