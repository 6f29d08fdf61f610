"""Chapter 06: its figures, the function under its explorer, and what its prose asserts beyond tested formulas."""

import math

import matplotlib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

from crmlib import clv, plots, segments  # noqa: E402
from crmlib.data import load_cdnow  # noqa: E402
from crmlib.teaching.widgets import explore_lifetime_value, lifetime_value_path, lifetime_value_summary  # noqa: E402
from tests.figures import bars, labels, legend, lines, spans, ticks  # noqa: E402

START = {"margin": 100, "retention_rate": 0.8, "discount_rate": 0.1, "acquisition_cost": 180, "payments": 10}
approx = pytest.approx


pytestmark = pytest.mark.usefixtures("closed_figures")


# ------------------------------------------------------------------------------ the explorer


@given(
    margin=st.floats(0, 1e4), retention_rate=st.floats(0, 1), discount_rate=st.floats(0, 1),
    acquisition_cost=st.floats(0, 1e4), payments=st.integers(1, 40),
)
def test_last_balance_of_the_path_is_the_lifetime_value(margin, retention_rate, discount_rate, acquisition_cost,
                                                            payments):
    path = lifetime_value_path(margin=margin, retention_rate=retention_rate, discount_rate=discount_rate,
                               acquisition_cost=acquisition_cost, payments=payments)
    value = clv.lifetime_value(margin, retention_rate, discount_rate, timing="immediate", periods=payments,
                               acquisition_cost=acquisition_cost)
    assert path["balance"].iloc[-1] == pytest.approx(value, rel=1e-9, abs=1e-6)
    assert len(path) == payments and path["still_here"].iloc[0] == 1


@pytest.mark.parametrize(("wrong", "message"), [
    ({"payments": 0}, "payments"),
    ({"retention_rate": 80}, "retention rate 80 is not between 0 and 1: did you mean 0.8"),
    ({"discount_rate": -0.1}, "discount rate"),
    ({"acquisition_cost": -1}, "acquisition cost"),
])
def test_path_refuses_bad_input(wrong, message):
    with pytest.raises(ValueError, match=message):
        lifetime_value_path(**START | wrong)


def test_summary_tells_value_share_and_pay_back():
    assert lifetime_value_summary(**START) == (
        "Value before acquisition cost 366.67; the payments counted hold 96 % of it. "
        "Net of 180.00: 186.67. Paid back by payment 3."
    )
    never, at_once = (lifetime_value_summary(**START | {"acquisition_cost": cost}) for cost in (400, 0))
    assert never.endswith("Net of 400.00: -33.33. Never paid back.")
    assert at_once.endswith("Paid back at once.")


def test_explorer_has_the_five_sliders_of_the_task_sheet():
    names = [slider.description for slider in explore_lifetime_value().children[:-1]]
    assert names == ["margin a year", "retention rate", "discount rate", "acquisition cost", "payments counted"]


# ------------------------------------------------------------------ assertions of the chapter


@given(value=st.floats(10, 1e5), ceiling=st.floats(0.05, 1), part=st.floats(0.05, 0.9), base_spend=st.floats(0.1, 50))
def test_best_cost_share_depends_only_on_value_over_cost_of_the_first_customer(value, ceiling, part, base_spend):
    best = clv.optimal_acquisition(value, ceiling=ceiling, base_rate=part * ceiling, base_spend=base_spend)
    ratio = ceiling * best["k"] * value
    if ratio > 1.01:
        assert best["cost_share"] == pytest.approx(math.log(ratio) / (ratio - 1), rel=1e-6)
        assert best["marginal_cost"] == pytest.approx(value, rel=1e-9)


def test_top_fifth_of_cdnow_holds_67_and_not_80_per_cent():
    total = load_cdnow().execute().groupby("customer_id")["amount"].sum()
    assert segments.top_share(total) == pytest.approx(0.6746, abs=5e-5)


def test_a_third_of_the_customers_make_three_quarters_of_the_payments_to_come():
    to_come = np.arange(2_000)
    chance = 0.8**to_come * 0.2
    assert chance[5:].sum() == pytest.approx(0.8**5)
    assert (chance * to_come)[5:].sum() / (chance * to_come).sum() == pytest.approx(0.73728)


def test_best_customers_stay_the_best_as_a_group_and_half_of_them_change():
    orders = load_cdnow().execute()
    early = orders[orders["date"] <= "1997-09-30"].groupby("customer_id")["amount"].sum()
    late = orders[orders["date"] > "1997-09-30"].groupby("customer_id")["amount"].sum().reindex(early.index).fillna(0)
    best = early.nlargest(472).index
    assert late[best].sum() / late.sum() == pytest.approx(0.663, abs=5e-4)
    assert (late[best].eq(0).mean(), late.eq(0).mean()) == pytest.approx((0.409, 0.710), abs=5e-4)


# -------------------------------------------------------------------------------- the figures


def test_lifetime_value_bars_show_hughes_table_a():
    table = clv.lifetime_value_table(
        100_000, retention_rate=[0.6, 0.7, 0.8], orders=[1.8, 2.5, 3], spend=[90, 95, 100],
        variable_cost_rate=[0.7, 0.65, 0.65], retention_cost=[55, 20, 20], discount_factors=[1, 1.16, 1.35])
    ax = plots.lifetime_value_bars(table, unit="US$")
    year, (total, zero) = bars(ax)[0], lines(ax)
    assert (year.at, year.start) == (approx([1, 2, 3]), [0, 0, 0])
    assert year.length == approx([-6.4, 32.65086, 26.44444])
    assert (total.x, total.y, zero.y) == ([1, 2, 3], table["lifetime_value"].tolist(), [0, 0])
    assert total.y == approx([-6.4, 26.25086, 52.69530])
    assert labels(ax) == {text: (place, height, total.colour) for text, place, height in
                          zip(["-6.40", "26.25", "52.70"], total.x, total.y, strict=True)}
    assert legend(ax) == {"this year": year.colours[0], "lifetime value so far": total.colour}
    assert ax.get_ylabel() == "US$ per original customer"


def test_tornado_draws_each_change_from_the_base_and_the_longest_on_top():
    effects = pd.DataFrame({"lower": {"a": 70.0, "b": 140.0, "c": 90.0}, "higher": {"a": 120.0, "b": 50.0, "c": 105.0}})
    ax = plots.tornado(effects, base=100)
    lower, higher = bars(ax)
    assert ticks(ax.yaxis) == (["c", "a", "b"], [0, 1, 2])
    assert (lower.at, higher.at) == (approx([0, 1, 2]), approx([0, 1, 2]))
    for group, ends in ((lower, [90, 70, 140]), (higher, [105, 120, 50])):
        assert group.start == [100, 100, 100]
        assert np.add(group.start, group.length) == approx(ends)
        assert legend(ax)[group.label] == group.colours[0]
    assert (lower.label, higher.label) == ("lower", "higher")
    assert lines(ax)[0].x == [100, 100]
    assert {text: (x, y) for text, (x, y, _) in labels(ax).items()} == {
        "-10": (90, "c"), "-30": (70, "a"), "+40": (140, "b"), "+5": (105, "c"), "+20": (120, "a"), "-50": (50, "b")}


def test_payment_timelines_draw_every_payment_on_the_line_of_its_question():
    payments = pd.DataFrame({"question": ["now", "now", "later"], "time": [0, 1, 2],
                             "present_value": [100.0, 72.7, 50.0]})
    ax = plots.payment_timelines(payments)
    now, later = bars(ax)
    assert (now.at, later.at) == (approx([0, 1]), approx([2]))
    assert (now.length, later.length) == (approx([1, 0.727]), approx([0.5]))  # one scale for both questions
    assert [line.y for line in lines(ax)] == [[now.start[0]] * 2, [later.start[0]] * 2]
    assert now.start[0] == now.start[1] > later.start[0] + max(later.length)  # the first on top, none overlaps
    at = labels(ax)
    assert list(at) == ["100", "73", "now", "50", "later"]
    for text, place, top in (("100", 0, 1.0), ("73", 1, 0.727), ("50", 2, later.start[0] + 0.5)):
        assert at[text].x == place and 0 < at[text].y - top < 0.1
    assert (at["now"].colour, at["later"].colour) == (now.colours[0], later.colours[0])


def test_two_lifetimes_draws_both_views_side_by_side():
    views = pd.DataFrame({"a": [3.0, 2.0], "b": [1.0, 0.5]}, index=[1, 2])
    ax = plots.two_lifetimes(views)
    a, b = bars(ax)
    assert (a.at, a.start, a.length) == (approx([0.8, 1.8]), [0, 0], [3, 2])
    assert (b.at, b.start, b.length) == (approx([1.2, 2.2]), [0, 0], [1, 0.5])
    assert legend(ax) == {"a": a.colours[0], "b": b.colours[0]}


def test_horizon_curves_draw_the_shares_and_name_that_of_four_payments():
    years = np.arange(16)
    capture = pd.DataFrame({r: clv.horizon_capture(r, 0.1, years) for r in (0.8, 0.9)}, index=years)
    ax = plots.horizon_curves(capture)
    first, first_mark, second, second_mark, limit = lines(ax)
    for rate, line, mark in ((0.8, first, first_mark), (0.9, second, second_mark)):
        assert line.x == years.tolist()
        assert line.y == approx(100 * capture[rate].to_numpy())
        assert (mark.x, mark.y, mark.colour) == ([4], approx([100 * (1 - (rate / 1.1) ** 4)]), line.colour)
    assert limit.x == [4, 4]
    assert {text: label.colour for text, label in labels(ax).items()} == {
        "retention 80 %: 72 %": first.colour, "retention 90 %: 55 %": second.colour, "held by 4 payments": "#000000"}
    assert ax.get_ylim()[1] >= 100
    assert "held by 2 payments" in labels(plots.horizon_curves(capture, payments=2))


def test_acquisition_rules_mark_each_rule_on_the_curve():
    spend = np.linspace(0.5, 180, 30)
    curve = pd.DataFrame({"spend": spend, "profit": 0.4 * (1 - np.exp(-0.0575 * spend)) * 366.7 - spend})
    rules = pd.DataFrame({"spend": [34.0, 37.0, 56.0, 146.0], "profit": [92.0, 92.2, 84.6, 0.0]},
                         index=["payback", "optimum", "40 %", "break-even"])
    ax = plots.acquisition_rules(curve, rules)
    drawn, *marks, zero = lines(ax)
    assert (drawn.x, drawn.y, zero.y) == (curve["spend"].tolist(), curve["profit"].tolist(), [0, 0])
    for text, stem, point, (x, y) in zip(["payback: 92", "optimum: 92", "40 %: 85", "break-even: 0"],
                                         marks[::2], marks[1::2], rules.to_numpy().tolist(), strict=True):
        assert (stem.x, stem.y, point.x, point.y) == ([x, x], [0, y], [x], [y])
        assert labels(ax)[text] == (x, y, point.colour)
    assert len(ax.texts) == 4


def test_survival_draws_observed_and_models_and_shades_the_test():
    observed = pd.Series([1.0, 0.6, 0.5])
    models = pd.DataFrame({"model": [1.0, 0.61, 0.48, 0.4, 0.35], "one": [1.0, 0.7, 0.49, 0.34, 0.24]})
    ax = plots.survival_by_renewal(observed, models, fitted=2)
    model, one, points = lines(ax)
    assert (model.x, model.y) == ([0, 1, 2, 3, 4], approx([100, 61, 48, 40, 35]))
    assert (one.x, one.y) == ([0, 1, 2, 3, 4], approx([100, 70, 49, 34, 24]))
    assert (points.x, points.y) == ([0, 1, 2], approx([100, 60, 50]))
    assert spans(ax) == [approx((2.5, 4.1))]
    at = labels(ax)
    assert set(at) == {"model", "one", "not shown\nto the model"}
    assert (at["model"].x, at["model"].colour, at["one"].x, at["one"].colour) == (4, model.colour, 2, one.colour)
    assert 0 < at["model"].y - 35 < 15 and 0 < at["one"].y - 49 < 15
    assert 2.5 < at["not shown\nto the model"].x < 4


def test_retention_draws_observed_and_models():
    observed = pd.Series([0.631, 0.742], index=[1, 2])
    models = pd.DataFrame({"model": [0.62, 0.73, 0.8], "one": [0.7, 0.7, 0.7]}, index=[1, 2, 3])
    ax = plots.retention_by_renewal(observed, models)
    model, one, points = lines(ax)
    assert (model.x, model.y) == ([1, 2, 3], approx([62, 73, 80]))
    assert (one.x, one.y) == ([1, 2, 3], approx([70, 70, 70]))
    assert (points.x, points.y) == ([1, 2], approx([63.1, 74.2]))
    assert labels(ax) == {"model": (3, approx(82.5), model.colour), "one": (3, approx(72.5), one.colour)}


def test_later_spend_draws_bars_and_line():
    ax = plots.later_spend(pd.DataFrame({"first_order": [0.3, 3.3], "later": [0.6, 2.4]}))
    later, (average, first) = bars(ax)[0], lines(ax)
    assert (later.at, later.start, later.length) == (approx([1, 2]), [0, 0], [0.6, 2.4])
    assert (first.x, first.y, average.y) == ([1, 2], [0.3, 3.3], [1, 1])
    assert labels(ax)["first order"].colour == first.colour
    assert labels(ax)["all later orders"].colour == later.colours[0]
    assert ax.get_xlabel().endswith("largest (2)")


def test_leaving_probabilities_draw_one_bar_per_class():
    ax = plots.leaving_probabilities(pd.Series([0.6, 0.3, 0.1, 0.0], index=[0, 0.25, 0.5, 0.75]))
    group, = bars(ax)
    assert (group.start, group.length) == ([0] * 4, approx([60, 30, 10, 0]))
    assert [bar.get_x() for bar in ax.patches] == approx([0, 25, 50, 75])
    assert all(20 < bar.get_width() <= 25 for bar in ax.patches)


def test_concentration_curves_read_the_share_of_the_best():
    curve = segments.lorenz_curve([50, 20, 15, 10, 5])
    ax = plots.concentration_curves({"shop": curve}, share=0.4, rule=0.8)
    shop, mark, limit, rule = lines(ax)
    assert shop.x == approx([0, 20, 40, 60, 80, 100])
    assert shop.y == approx([0, 50, 70, 85, 95, 100])
    assert (mark.x, mark.y, limit.x, rule.x, rule.y) == (approx([40]), approx([70]), approx([40, 40]), approx([40]),
                                                       approx([80]))
    at = labels(ax)
    assert set(at) == {"shop: 70 %", "held by the best 40 %", "the 80/40 rule"}
    assert at["shop: 70 %"].colour == shop.colour and at["the 80/40 rule"][:2] == approx((40, 80))
    assert set(labels(plots.concentration_curves({"shop": curve}))) == {"shop: 50 %", "held by the best 20 %"}


def test_value_path_draws_payments_and_ends_on_the_balance():
    path = pd.DataFrame({"year": [0, 1, 2], "present_value": [100.0, 70.0, 50.0], "balance": [-80.0, -10.0, 1040.0]})
    ax = plots.value_path(path)
    payment, (balance, zero) = bars(ax)[0], lines(ax)
    assert (payment.at, payment.start, payment.length) == (approx([0, 1, 2]), [0, 0, 0], [100, 70, 50])
    assert (balance.x, balance.y, zero.y) == ([0, 1, 2], [-80, -10, 1040], [0, 0])
    assert labels(ax) == {"balance 1,040": (2, 1040, balance.colour)}
    assert legend(ax) == {"payment of the year": payment.colours[0], "balance after acquisition cost": balance.colour}


def test_figures_draw_on_the_axes_they_are_given():
    _, ax = plt.subplots()
    assert plots.value_path(lifetime_value_path(**START), ax=ax) is ax
    assert plots.leaving_probabilities(pd.Series([0.5, 0.5], index=[0, 0.5]), ax=ax) is ax
