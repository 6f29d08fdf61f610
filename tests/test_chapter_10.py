"""Chapter 10: its plan against the truth of twenty companies, its figures, its questions, its explorer."""

from functools import lru_cache

import matplotlib
import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

from crmlib import plots, strategy  # noqa: E402
from crmlib.data import simulate_case  # noqa: E402
from crmlib.teaching.questions.chapter_10 import QUESTIONS, key_list  # noqa: E402
from crmlib.teaching.widgets import explore_strategy, strategy_plan, strategy_plan_summary  # noqa: E402
from tests.figures import bars, labels, legend, lines, ticks  # noqa: E402

approx = pytest.approx
BUDGET = 400_000
CALLS = ["call whom nobody spoke to", "call the others too"]

pytestmark = pytest.mark.usefixtures("closed_figures")


# ------------------------------------------------------- the plan and the truth of twenty companies


def judged(case, draws=400):
    """One company: the plans with intervals and truth, the best plan of all, and which measures hold the truth."""
    place = strategy.position(case, key_list(case))
    table, drawn = strategy.recommended(place, BUDGET), strategy.gain_draws(place, draws=draws)
    truth = strategy.true_gains(case, place)
    plans, offers = strategy.proposals(table, BUDGET)
    values = strategy.plan_values(plans, offers, draws=drawn.assign(hotline=drawn[CALLS[0]]),
                                  truth=pd.concat([truth, pd.Series({"hotline": truth[CALLS[0]]})]))
    best = strategy.best_yuan_first(pd.DataFrame({"gain": truth, "cost": table["cost"]}), BUDGET)["net"].sum()
    low, high = drawn.quantile(0.025), drawn.quantile(0.975)
    error = (table["gain"] - truth) / drawn.std()
    return {"values": values, "best": best, "held": (low <= truth) & (truth <= high), "error": error, "table": table,
            "share": table["share"].rename(None), "error of gain": (table["gain"] - truth).rename(None),
            "optimism": strategy.optimism(table, drawn.iloc[:12], BUDGET),
            "new": strategy.new_customer_values(place.sums.sum())}


@lru_cache(maxsize=1)
def twenty():
    with threadpool_limits(limits=1):
        return [judged(simulate_case(seed=seed)) for seed in range(1, 21)]


def test_the_interval_of_the_plan_holds_its_true_value_in_eighteen_of_twenty_companies():
    rows = pd.DataFrame([each["values"].loc["recommended"] for each in twenty()])
    held = (rows["low"] <= rows["truth"]) & (rows["truth"] <= rows["high"])
    assert held.sum() >= 18, rows[~held]
    # and not because it is as wide as a barn: its lower end is above nothing, and estimates scatter around the truth
    assert (rows["low"] > 0).sum() >= 18 and (rows["high"] - rows["low"]).median() < 1.2 * rows["truth"].median()
    assert 0.95 < rows["net"].mean() / rows["truth"].mean() < 1.15


def test_choosing_promises_too_much_by_about_as_much_as_a_firm_can_compute():
    shares, errors = (pd.DataFrame([each[name] for each in twenty()]) for name in ("share", "error of gain"))
    selection = (shares * errors).mean() - shares.mean() * errors.mean()  # bought where the estimate is too high
    assert selection["more by cold call"] > 3_000  # near its price; search is bought everywhere
    assert selection["more by search"] == approx(0, abs=1)
    assert 0.5 < np.mean([each["optimism"] for each in twenty()]) / selection.sum() < 2


def test_by_the_truth_the_recommended_plan_is_above_what_others_propose_and_near_its_honest_rival():
    rival = "best yuan, no proof"
    gained = []
    for seed, each in enumerate(twenty(), 1):
        truth = each["values"]["truth"]
        assert truth["recommended"] > truth.drop(["recommended", rival]).max() + 50_000, seed
        assert truth[["quality: machines", "service: hotline"]].max() < 0, seed
        gained.append((truth["recommended"] - truth[rival]) / each["best"])
        promised = each["values"].loc[rival, "net"] - each["values"].loc["recommended", "net"]
        assert promised >= -1e-6, seed  # who asks for less proof always promises more
    assert min(gained) > -0.01 and max(gained) < 0.03 and 0 < np.mean(gained) < 0.01, gained


def test_the_truth_of_new_customers_is_what_the_books_of_twenty_companies_say_on_average():
    mean = pd.DataFrame([each["new"] for each in twenty()]).mean()
    truth = {name: first + second / 1.1 + third / 1.21
             for name, (first, second, third) in strategy.NEW_CUSTOMERS.items()}
    assert mean.to_dict() == approx(truth, rel=0.08)


def test_the_recommended_plan_comes_near_the_best_that_one_who_knows_the_truth_can_make():
    reached = pd.Series([each["values"].loc["recommended", "truth"] / each["best"] for each in twenty()])
    assert reached.max() <= 1 + 1e-9
    assert (reached.mean(), reached.min()) == approx((0.98, 0.87), abs=0.01)  # as the chapter says


def test_no_measure_is_estimated_far_from_its_truth_on_average():
    error = pd.DataFrame([each["error"] for each in twenty()])
    assert error.mean().abs().max() < 0.75 and error.std().max() < 1.7, error.describe()
    held = pd.DataFrame([each["held"] for each in twenty()]).sum()
    assert held.min() >= 16 and held.sum() >= 0.88 * 200, held.to_dict()


def test_calls_are_bought_where_they_help_and_nowhere_else():
    shares = pd.DataFrame([each["table"]["share"] for each in twenty()])
    assert (shares[CALLS[0]] == 0.75).sum() >= 18 and (shares[CALLS[1]] > 0).sum() <= 1
    assert (shares[["more by search", "see the key accounts"]] == 1).all(axis=None)
    assert (shares["new machine at once"] == 0).all()
    spent = pd.Series([each["table"]["spend"].sum() for each in twenty()])
    assert (spent <= BUDGET + 1e-6).all() and spent.median() < 0.75 * BUDGET


# ------------------------------------------------------------------------- what the prose asserts


@pytest.fixture(scope="module")
def place(case):
    return strategy.position(case, key_list(case))


def test_what_the_chapter_says_of_the_company_of_the_course(place):
    plan = strategy.recommended(place, BUDGET)
    assert plan.index[plan["share"] == 0].tolist() == [CALLS[1], "new machine at once", "more by fair",
                                                       "more by cold call"]
    assert plan.loc[CALLS[1], "shown"] == "no" and plan.loc[CALLS[1], "net"] > 0  # no customer shows it
    assert (plan["share"].drop(CALLS).isin([0, 1])).all() and 0.5 < plan["spend"].sum() / BUDGET < 0.65
    assert plan.loc[plan["known_from"] == "past customers", "spend"].sum() > 0.9 * plan["spend"].sum()
    per_yuan = plan["gain"] / plan["cost"]
    assert per_yuan.idxmax() == CALLS[0] and plan["spend"].idxmax() == "more by search"


# -------------------------------------------------------------------------------- the questions


def test_questions_by_hand():
    # courtesy calls 4.5 a yuan, loan machines 2.5, half of the adverts 1.6; gifts bring less than they cost
    assert QUESTIONS["10.1"].expected() == approx(70_000 + 90_000 + 0.5 * 60_000)


def test_the_questions_ask_what_the_functions_say(case, place):
    plan = strategy.recommended(place, BUDGET)
    price = QUESTIONS["10.2"].expected(case=case)
    assert strategy.measures(place, price=price).loc["more by search", "net"] == approx(0, abs=1)
    loyalty = plan[plan["strategy"] == "loyalty"]["spend"].sum() / plan["spend"].sum()
    assert QUESTIONS["10.3"].expected(case=case) == approx(loyalty)
    assert QUESTIONS["10.4"].expected(case=case) == approx(strategy.recommended(place, 100_000)["planned"].sum())
    shorter = strategy.recommended(place, BUDGET, years=2)
    assert QUESTIONS["10.6"].expected(case=case) == approx(shorter["planned"].sum())


# -------------------------------------------------------------------------------- the explorer

START = {"budget": BUDGET, "price": 1.5, "call": 1.0, "years": 3}


def test_explorer_follows_its_sliders(place):
    text = strategy_plan_summary(place, **START)
    plan = strategy_plan(place, **START)
    assert text.startswith(f"Of 400,000 yuan {plan['spend'].sum():,.0f} are spent (") and "in 3 years" in text
    poor = strategy_plan_summary(place, **START | {"budget": 50_000})
    assert "in part: more by search (" in poor and "in part" not in text and "Of 50,000 yuan 50,000 are spent" in poor
    assert "acquisition" not in strategy_plan_summary(place, **START | {"price": 9.0})
    assert CALLS[0] in strategy_plan_summary(place, **START | {"call": 0.0}).split("Not bought:")[1]
    assert "in 1 year." in strategy_plan_summary(place, **START | {"years": 1})


def test_explorer_has_the_sliders_of_the_task_sheet(place):
    names = [slider.description for slider in explore_strategy(place, **START).children[:-1]]
    assert names == ["budget (thousand yuan)", "price of a new customer", "left of a call's effect", "years counted"]


# -------------------------------------------------------------------------------- the figures


def test_net_intervals_draw_estimates_truth_and_what_is_bought():
    table = pd.DataFrame({"net": [1000.0, -2000.0], "low": [0.0, -3000.0], "high": [2000.0, -1000.0],
                          "truth": [500.0, -2500.0]}, index=["call", "fair"])
    ax = plots.net_intervals(table, bought=["call"])
    spans = [segment[:, 0].tolist() for group in ax.collections for segment in group.get_segments()]
    assert spans == [approx([0, 2]), approx([-3, -1])]
    assert next(line for line in lines(ax) if line.label == "truth").x == approx([0.5, -2.5])
    key = legend(ax)
    assert set(key) == {"estimate, in the plan", "estimate, not in the plan", "truth"}
    first, second = (line.colour for line in lines(ax) if line.x in ([1.0], [-2.0]))
    assert (first, second) == (key["estimate, in the plan"], key["estimate, not in the plan"])
    assert ticks(ax.yaxis)[0] == ["call", "fair"] and ax.get_ylim()[0] > ax.get_ylim()[1]
    assert list(legend(plots.net_intervals(table.drop(columns="truth")))) == ["estimate"]


def test_spend_and_gain_says_what_a_yuan_brings():
    plan = pd.DataFrame({"spend": [10_000.0, 0.0], "gain": [25_000.0, 0.0]}, index=["advert", "gift"])
    ax = plots.spend_and_gain(plan)
    spend, gain = bars(ax)
    assert spend.length == approx([10, 0]) and gain.length == approx([25, 0]) and set(legend(ax)) == {"spend", "gain"}
    assert set(labels(ax)) == {"2.5 per yuan"}


def test_one_way_bars_reach_from_the_plan_to_both_ends():
    table = pd.DataFrame({"low": [1.0], "high": [3.0], "net_low": [9_000.0], "net_high": [2_000.0]}, index=["a_price"])
    ax = plots.one_way_bars(table, net=6_000.0)
    low, high = (group for group in bars(ax))
    assert (low.start, low.length) == ([6.0], approx([3])) and (high.start, high.length) == ([6.0], approx([-4]))
    found = labels(ax)
    assert found["1"].x == approx(9) and found["3"].x == approx(2) and ticks(ax.yaxis)[0] == ["a price"]


def test_figures_draw_on_the_axes_they_are_given():
    _, ax = plt.subplots()
    assert plots.spend_and_gain(pd.DataFrame({"spend": [1.0], "gain": [2.0]}), ax=ax) is ax
    assert np.isfinite(ax.get_xlim()).all()
