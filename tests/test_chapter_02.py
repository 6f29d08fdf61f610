"""Chapter 02: estimates against the truth of twenty companies, its figures, its explorer and what its prose asserts."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

from crmlib import clv, plots, roles  # noqa: E402
from crmlib.data import load_case  # noqa: E402
from crmlib.identity import account_ids  # noqa: E402
from crmlib.plots.style import PALETTE  # noqa: E402
from crmlib.teaching.check import check  # noqa: E402
from crmlib.teaching.questions import chapter_02  # noqa: E402
from crmlib.teaching.widgets import explore_visits, visit_plan, visit_summary  # noqa: E402
from tests.figures import bars, labels, legend, lines, points, ticks  # noqa: E402

approx = pytest.approx
GIVEN = {"departure": 0.14, "extra_exit": 0.3, "success": 0.5, "years": 3.0, "hour_cost": 75}
ACCOUNTS = pd.DataFrame({"on_one_person": [60_000.0, 20_000.0, 9_000.0, 500.0], "hours": [8.5, 3.0, 2.5, 2.5]},
                        index=[11, 12, 13, 14])
PEOPLE = pd.DataFrame({
    "contact_id": [1, 1, 2, 3], "role": ["buyer", "decider", "user", "user"], "influence": [0.5, 0.9, 0.2, 0.1],
    "stance": [-0.2, -0.2, 0.8, 0.8],
})


pytestmark = pytest.mark.usefixtures("closed_figures")


# --------------------------------------------------------- the truth, in twenty other companies


@pytest.fixture(scope="module")
def twenty():
    """For twenty companies: does the interval of 99 % of each estimate hold the truth?"""
    rows = []
    for seed in (None, *range(20)):  # the company of the course, and twenty others
        company = load_case(seed=seed)
        truth, end = company.truth.parameters, company.observation_end
        ids = account_ids(company.customers, same_name="merge")
        contacts, orders, contracts, winbacks = (
            table.assign(customer_id=table["customer_id"].map(ids))
            for table in (company.contacts, company.orders, company.contracts, company.winbacks))
        first_attempt = winbacks.groupby("customer_id")["date"].min()
        lost_on = roles.silent_since(orders, observation_end=end, lost_by=first_attempt)
        ask = {"observation_end": end, "level": 0.99}
        users = roles.user_conversion(contacts, company.customers, lost_on=lost_on, **ask)
        services = company.internal_services  # seven links at once: each gets a seventh of the 1 %
        each = 1 - 0.01 / services["service"].nunique()
        levels = roles.service_levels(services, level=each).set_index("service")
        chain = roles.internal_chain(levels.reset_index(), chapter_02.CHAIN, gaps="allow", level=0.99).iloc[-1]
        found = {
            "contact_departure_rate": roles.departure_rate(contacts, lost_on=lost_on, **ask),
            "contact_departure_rate, naive": roles.departure_rate(contacts, **ask),
            "lone_contact_exit": roles.lone_contact_exit(contacts, contracts, **ask),
            "user_conversion_delighted": users.loc["delighted"], "user_conversion_other": users.loc["other"],
            **{f"on_time_{service}": row for service, row in levels.iterrows()},
        }
        held = {name: row["low"] <= truth[name.split(",")[0]] <= row["high"] for name, row in found.items()}
        whole = np.prod([truth[f"on_time_{name}"] for name in chapter_02.CHAIN])
        held["chain"] = chain["low"] <= whole <= chain["high"]
        person = company.truth.customers.set_index("customer_id")["person_id"]
        held["same name, same customer"] = bool((person[ids.index].to_numpy() == person[ids].to_numpy()).all())
        rows.append(held)
    return pd.DataFrame(rows)


def test_intervals_hold_every_truth_of_the_company_of_the_course(twenty):
    held = twenty.drop(columns="contact_departure_rate, naive").iloc[0]
    assert held.all(), held[~held.astype(bool)]


def test_intervals_hold_the_truth_in_at_least_19_of_20_companies(twenty):
    held = twenty.drop(columns="contact_departure_rate, naive").iloc[1:].sum()
    assert (held >= 19).all(), held


def test_the_naive_departure_rate_misses_it(twenty):
    assert twenty["contact_departure_rate, naive"].sum() <= 1


# ------------------------------------------------------------------ assertions of the chapter


def test_the_case_is_what_the_chapter_says(case):
    coverage, margins = chapter_02._coverage(case), chapter_02._margins(case)
    alone = margins[(coverage["people"] == 1).to_numpy()].sum() / margins.sum()
    assert 0.4 < alone < 0.6 and 0.4 < (coverage["people"] == 1).mean() < 0.6
    categories = chapter_02._categories(case)
    assert categories["customers"].idxmax() == "household"
    assert categories.loc["distributor", "revenue"] > categories.loc["household", "revenue"]
    by = {name: chapter_02._by_account(case, table) for name, table in (("t", case.contacts), ("k", case.contracts))}
    likes_us = by["t"]["customer_id"].map(by["t"].groupby("customer_id")["stance"].min() > 0)
    ask = {"observation_end": case.observation_end, "level": 0.99}
    friends, others = (roles.lone_contact_exit(by["t"][which], by["k"], **ask) for which in (likes_us, ~likes_us))
    assert friends["extra_low"] > 0 and others["extra_low"] > 0  # liking us is no insurance
    assert max(friends["extra_low"], others["extra_low"]) < min(friends["extra"], others["extra"])
    several = roles.lone_contact_exit(by["t"], by["k"], known="several", **ask)
    assert several["extra_low"] < 0 < several["extra_high"] and several["extra"] < 0.1  # a second name is
    assert 0 < categories.loc["internal", "transfers"] < 0.01 * categories["revenue"].sum()


def test_contacts_never_exceed_people_and_the_departed_are_not_there(case):
    coverage = roles.role_coverage(case.contacts, as_of=case.observation_end)
    there = case.contacts[case.contacts["left_on"].isna()]
    assert coverage["people"].sum() == there["contact_id"].nunique() < len(there)


@pytest.mark.parametrize("question", list(chapter_02.QUESTIONS))
def test_every_mistake_gets_its_own_hint(question, case):
    asked = chapter_02.QUESTIONS[question]
    check(question, asked.expected(case=case), strict=True, case=case)
    for mistake in asked.mistakes:
        assert check(question, mistake.value(case=case), case=case).message == mistake.hint, mistake.hint


def test_answers_follow_the_case_that_is_handed_in(case):
    first = chapter_02.QUESTIONS["02.1"].expected(case=case)
    other = chapter_02.QUESTIONS["02.1"].expected(case=load_case(seed=3))
    assert other != first and chapter_02.QUESTIONS["02.1"].expected(case=case) == first


# ------------------------------------------------------------------------------ the explorer


def test_visit_plan_by_hand():
    plan = visit_plan(ACCOUNTS, capacity=12, **GIVEN)
    assert plan["value"].tolist() == approx([0.5 * 0.14 * 0.3 * 3 * each for each in ACCOUNTS["on_one_person"]])
    assert plan["net"].tolist() == approx((plan["value"] - 75 * ACCOUNTS["hours"]).tolist())
    assert plan.index[plan["chosen"]].tolist() == [11, 12]
    longer = visit_plan(ACCOUNTS, capacity=99, **GIVEN)
    assert longer.index[longer["chosen"]].tolist() == [11, 12, 13]  # the last one costs more than it brings
    assert visit_summary(plan, capacity=12, hour_cost=75).startswith("2 visits in 11.5 of 12 hours: 5,040 yuan of")
    assert not visit_plan(ACCOUNTS, capacity=0, **GIVEN)["chosen"].any()


@given(departure=st.floats(0.01, 1), extra_exit=st.floats(0.01, 1), success=st.floats(0.01, 1), years=st.floats(0.1, 6))
def test_sliders_change_the_money_and_not_the_order(departure, extra_exit, success, years):
    given_ = {"departure": departure, "extra_exit": extra_exit, "success": success, "years": years, "hour_cost": 75}
    plan = visit_plan(ACCOUNTS, capacity=12, **given_)
    assert plan["per_hour"].rank().tolist() == (ACCOUNTS["on_one_person"] / ACCOUNTS["hours"]).rank().tolist()
    assert plan.loc[plan["chosen"], "hours"].sum() <= 12 and (plan.loc[plan["chosen"], "net"] > 0).all()
    value = clv.lifetime_value(1.0, 0.5, 0.1, timing="end")  # more years, more value, nothing else
    assert visit_plan(ACCOUNTS, capacity=12, **given_ | {"years": years * value})["value"].sum() == approx(
        value * plan["value"].sum(), rel=1e-3, abs=1e-4)


@pytest.mark.parametrize(("wrong", "message"), [
    ({"departure": 14}, "departure 14 is not between 0 and 1: did you mean 0.14"),
    ({"extra_exit": -0.1}, "extra exit"),
    ({"success": 2}, "success 2"),
    ({"years": -1}, "years must be zero or more"),
    ({"hour_cost": -1}, "hour cost must be zero or more"),
    ({"capacity": -5}, "capacity must be zero or more"),
])
def test_visit_plan_refuses(wrong, message):
    with pytest.raises(ValueError, match=message):
        visit_plan(ACCOUNTS, **{"capacity": 12} | GIVEN | wrong)


def test_explorer_has_the_five_sliders_of_the_task_sheet():
    names = [slider.description for slider in explore_visits(ACCOUNTS, capacity=60, **GIVEN).children[:-1]]
    assert names == ["hours there are", "a contact leaves", "... and the firm too", "a visit succeeds",
                     "margins lost, years"]


# -------------------------------------------------------------------------------- the figures


def test_category_shares_draw_customers_and_revenue_and_write_the_transfers():
    money = pd.DataFrame({"customer_id": range(5), "category": ["household", "household", "household", "business",
                                                                "internal"],
                          "money": [10.0, 10.0, 0.0, 60.0, 0.0], "transfers": [0, 0, 0, 0, 7.0]})
    ax = plots.category_shares(roles.revenue_by_category(money))
    customers, revenue = bars(ax)
    assert customers.length == approx([75, 25, 0, 0]) and revenue.length == approx([25, 75, 0, 0])
    assert legend(ax) == {"customers": customers.colours[0], "revenue": revenue.colours[0]}
    assert {text.get_text() for text in ax.texts} >= {"25.0 %", "75.0 %", "transfers of 7: no revenue"}
    assert ticks(ax.yaxis)[0] == list(roles.CATEGORIES)


def test_buying_centre_places_people_by_role_and_stance():
    ax = plots.buying_centre(PEOPLE, required=roles.MAIN_ROLES)
    rows = dict(zip(*ticks(ax.yaxis), strict=True))
    assert list(rows) == ["buyer", "approver", "decider", "influencer", "gatekeeper", "user", "initiator"]
    dots = [tuple(point) for group in points(ax) for point in group]
    assert dots[:2] == [approx((-0.2, rows["buyer"])), approx((-0.2, rows["decider"]))]
    assert {y for _, y in dots[2:]} == {rows["user"]}
    assert sorted(x for x, _ in dots[2:]) == approx([0.8 - 0.065, 0.8 + 0.065])  # two of one stance stand apart
    sizes = [group.get_sizes()[0] for group in ax.collections]
    assert sizes[:2] == approx([330 + 900 * 0.5, 330 + 900 * 0.9])
    words = [text.get_text() for text in ax.texts]
    assert words.count("A") == 2 and words.count("B") == words.count("C") == 1
    assert "no approver known" in words and "no user known: missing" not in words
    assert lines(ax)[0].x == [-0.2, -0.2] and lines(ax)[0].y == [rows["buyer"], rows["decider"]]
    alone = plots.buying_centre(PEOPLE[:1], required=roles.MAIN_ROLES)
    assert "no user known: missing" in [text.get_text() for text in alone.texts]


def test_people_known_draws_both_shares():
    ax = plots.people_known(pd.DataFrame({"accounts": [0.1, 0.9], "margin": [0.3, 0.7]}, index=["one", "two"]))
    accounts, margin = bars(ax)
    assert accounts.length == approx([10, 90]) and margin.length == approx([30, 70])
    assert accounts.at == approx([-0.2, 0.8]) and margin.at == approx([0.2, 1.2])
    assert ticks(ax.xaxis)[0] == ["one", "two"]


def test_estimates_with_truth_draw_intervals_and_truth_in_per_cent():
    table = pd.DataFrame({"estimate": [0.1, 0.2], "low": [0.05, 0.15], "high": [0.2, 0.3], "truth": [0.15, 0.1]},
                         index=["a", "b"])
    ax = plots.estimates_with_truth(table, unit="%")
    estimate, truth = lines(ax)
    assert (estimate.x, estimate.y) == (approx([10, 20]), [0, 1]) and truth.x == approx([15, 10])
    segments = [segment.tolist() for segment in ax.collections[0].get_segments()]
    assert segments == [[approx([5, 0]), approx([20, 0])], [approx([15, 1]), approx([30, 1])]]
    assert ticks(ax.yaxis)[0] == ["a", "b"] and ax.get_ylim()[0] > ax.get_ylim()[1]  # the first on top
    assert len(lines(plots.estimates_with_truth(table.drop(columns="truth"), unit="%"))) == 1


def test_service_chain_draws_links_and_what_is_left():
    chain = pd.DataFrame({"service": ["order_entry", "picking"], "rate": [0.9, 0.8], "so_far": [0.9, 0.72],
                          "weakest": [False, True]})
    ax = plots.service_chain(chain)
    link, left = points(ax)[0], lines(ax)[0]
    assert [tuple(point) for point in link] == [approx((0, 90)), approx((1, 80))]
    assert (left.x, left.y) == ([0, 1], approx([90, 72]))
    colours = [tuple(colour) for colour in ax.collections[0].get_facecolor()]
    assert colours[0] != colours[1] == matplotlib.colors.to_rgba(PALETTE[1])  # the weakest is orange
    assert labels(ax)["72 %"][:2] == approx((1, 72)) and ax.get_ylim()[0] <= 70
    assert ticks(ax.xaxis)[0] == ["order\nentry", "picking"]


def test_visit_curves_read_the_worth_at_the_capacity():
    curves = pd.DataFrame({"best": [0.0, 100, 150], "list": [0.0, 80, 150]}, index=[0, 10, 20])
    ax = plots.visit_curves(curves, capacity=15)
    best, plain, limit = lines(ax)
    assert (best.x, best.y, plain.y, limit.x) == ([0, 10, 20], [0, 100, 150], [0, 80, 150], [15, 15])
    at = labels(ax)
    assert at["best: 125"].colour == best.colour and at["list: 115"].colour == plain.colour
    assert "with 15 hours" in at


def test_visit_merit_draws_hours_as_width_and_worth_per_hour_as_height():
    plan = visit_plan(ACCOUNTS, capacity=12, **GIVEN)
    ax = plots.visit_merit(plan, hour_cost=75, capacity=12)
    made, not_made = bars(ax)
    assert made.length == approx([per for per, chosen in zip(plan["per_hour"], plan["chosen"], strict=True) if chosen])
    assert [bar.get_width() for bar in ax.containers[0]] == [8.5, 3.0]
    assert [bar.get_x() for bar in ax.containers[0]] == [0.0, 8.5]
    assert [bar.get_x() for bar in ax.containers[1]] == [11.5, 14.0]
    assert lines(ax)[0].y == [75, 75] and lines(ax)[1].x == [12, 12]
    assert set(legend(ax)) == {"visited", "not visited", "what an hour costs", "hours there are"}


def test_figures_draw_on_the_axes_they_are_given():
    _, ax = plt.subplots()
    assert plots.buying_centre(PEOPLE, ax=ax) is ax
    assert plots.visit_merit(visit_plan(ACCOUNTS, capacity=12, **GIVEN), hour_cost=75, capacity=12, ax=ax) is ax
