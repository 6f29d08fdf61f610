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

START = {"margin": 100, "retention_rate": 0.8, "discount_rate": 0.1, "acquisition_cost": 180, "payments": 10}
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def heights(ax):
    return [bar.get_height() for bar in ax.patches]


def texts(ax):
    return [text.get_text() for text in ax.texts]


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
    assert heights(ax) == pytest.approx([-6.4, 32.65086, 26.44444])
    assert texts(ax) == ["-6.40", "26.25", "52.70"]
    assert ax.get_ylabel() == "US$ per original customer"


def test_tornado_puts_the_longest_bar_on_top():
    effects = pd.DataFrame({"lower": {"a": 9.0, "b": 14.0, "c": 10.0}, "higher": {"a": 12.0, "b": 5.0, "c": 10.5}})
    ax = plots.tornado(effects, base=10)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["c", "a", "b"]
    assert "-5" in texts(ax) and "+4" in texts(ax)


def test_payment_timelines_label_every_payment():
    payments = pd.DataFrame({"question": ["now", "now", "later"], "time": [0, 1, 1],
                             "present_value": [100.0, 72.7, 90.9]})
    assert texts(plots.payment_timelines(payments)) == ["100", "73", "now", "91", "later"]


def test_two_lifetimes_draws_both_views():
    views = pd.DataFrame({"a": [3.0, 2.0], "b": [1.0, 0.5]}, index=[1, 2])
    ax = plots.two_lifetimes(views)
    assert heights(ax) == [3, 2, 1, 0.5]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]


def test_horizon_curves_name_the_share_of_four_payments():
    years = np.arange(16)
    capture = pd.DataFrame({r: clv.horizon_capture(r, 0.1, years) for r in (0.8, 0.9)}, index=years)
    shown = ["retention 80 %: 72 %", "retention 90 %: 55 %", "held by 4 payments"]
    assert texts(plots.horizon_curves(capture)) == shown


def test_acquisition_rules_mark_each_rule_on_the_curve():
    spend = np.linspace(0.5, 180, 300)
    curve = pd.DataFrame({"spend": spend, "profit": 0.4 * (1 - np.exp(-0.0575 * spend)) * 366.7 - spend})
    rules = pd.DataFrame({"spend": [34.0, 37.0, 56.0, 146.0], "profit": [92.0, 92.2, 84.6, 0.0]},
                         index=["payback", "optimum", "40 %", "break-even"])
    ax = plots.acquisition_rules(curve, rules)
    assert texts(ax) == ["payback: 92", "optimum: 92", "40 %: 85", "break-even: 0"]
    points = [line.get_xydata()[0].tolist() for line in ax.lines if line.get_marker() == "o"]
    assert points == rules[["spend", "profit"]].to_numpy().tolist()


def test_survival_and_retention_draw_observed_and_models():
    observed = pd.Series(REGULAR) / 1000
    fit = clv.fit_sbg(REGULAR)
    years = np.arange(13)
    survival = pd.DataFrame({"model": clv.sbg_survival(fit.alpha, fit.beta, years), "one": 0.8**years})
    ax = plots.survival_by_renewal(observed, survival, fitted=7)
    assert ax.lines[-1].get_ydata() == pytest.approx(100 * observed)
    assert texts(ax)[:2] == ["model", "one"]
    rates = pd.DataFrame({"model": clv.sbg_retention(fit.alpha, fit.beta, np.arange(1, 13)), "one": 0.8},
                         index=np.arange(1, 13))
    ax = plots.retention_by_renewal((observed / observed.shift()).dropna(), rates)
    assert ax.lines[-1].get_ydata()[0] == pytest.approx(63.1)


def test_later_spend_draws_bars_and_line():
    groups = pd.DataFrame({"first_order": [0.3, 3.3], "later": [0.6, 2.4]})
    ax = plots.later_spend(groups)
    assert heights(ax) == [0.6, 2.4] and ax.lines[-1].get_ydata().tolist() == [0.3, 3.3]


def test_leaving_probabilities_draw_one_bar_per_class():
    ax = plots.leaving_probabilities(pd.Series([0.6, 0.3, 0.1, 0.0], index=[0, 0.25, 0.5, 0.75]))
    assert heights(ax) == pytest.approx([60, 30, 10, 0])
    assert [bar.get_x() for bar in ax.patches] == pytest.approx([0, 25, 50, 75])


def test_concentration_curves_read_the_share_of_the_best():
    ax = plots.concentration_curves({"shop": segments.lorenz_curve([50, 20, 15, 10, 5])})
    assert texts(ax) == ["shop: 50 %", "held by the best 20 %"]
    assert ax.lines[0].get_xydata()[0] == pytest.approx([0, 0])
    ax = plots.concentration_curves({"shop": segments.lorenz_curve([50, 20, 15, 10, 5])}, rule=0.8)
    assert texts(ax)[-1] == "the 80/20 rule" and ax.lines[-1].get_xydata()[0] == pytest.approx([20, 80])


def test_value_path_ends_on_the_balance():
    ax = plots.value_path(lifetime_value_path(**START))
    assert texts(ax) == ["balance 171"]
    assert len(heights(ax)) == 10


def test_figures_draw_on_the_axes_they_are_given():
    _, ax = plt.subplots()
    assert plots.value_path(lifetime_value_path(**START), ax=ax) is ax
    assert plots.leaving_probabilities(pd.Series([0.5, 0.5], index=[0, 0.5]), ax=ax) is ax
