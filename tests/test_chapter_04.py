"""Chapter 04: its contest in twenty companies, what the prose asserts, its figures, its questions, its explorer."""

import warnings

import matplotlib
import numpy as np
import pandas as pd
import pytest

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

from crmlib import plots, value  # noqa: E402
from crmlib.data import load_case, simulate_case  # noqa: E402
from crmlib.errors import CrmWarning, DataError  # noqa: E402
from crmlib.teaching.check import check  # noqa: E402
from crmlib.teaching.questions import chapter_04 as asked  # noqa: E402
from crmlib.teaching.questions.chapter_04 import PLACES, QUESTIONS  # noqa: E402
from crmlib.teaching.widgets import explore_value_list, value_list, value_list_summary  # noqa: E402
from tests.figures import bars, labels, legend, lines, ticks  # noqa: E402

approx = pytest.approx

pytestmark = pytest.mark.usefixtures("closed_figures")


# ------------------------------------------------------------------ the contest, in twenty companies


def contest(case):
    """What the chapter asserts of each company: shares of the best possible list, and how far taste decides."""
    criteria, worth = asked._criteria(case), asked._truth(case)["future_profit"]
    minmax = value.normalise(criteria, method="minmax")
    lists = {who: asked._score(case, who) for who in asked.POINTS} | {
        "z": asked._score(case, "equal", "z"), "rank": asked._score(case, "equal", "rank"),
        "CRITIC": value.weighted_sum(minmax, value.critic_weights(criteria)),
        "sales": criteria["cumulative sales"], "profit": criteria["profit contribution"],
        "credit": criteria["credit grade"], "lifetime value": asked._lifetime_value(case)}
    best = worth.nlargest(PLACES).sum()
    found = {name: worth[value.choose(each, PLACES, ties="order")].sum() / best for name, each in lists.items()}
    decides = value.effective_weights(minmax, [0.2] * 5)
    chances = value.weight_simulation(minmax, draws=300, seed=4, places=PLACES)["p_chosen"]
    books, truth = asked._books(case), asked._truth(case)
    alive = value.expected_sales(books["orders"], as_of=case.observation_end, accounts=criteria.index)["p_alive"]
    gone, half = (1 - alive).sum(), 2.576 * np.sqrt((alive * (1 - alive)).sum())
    return found | {
        "left": truth["left"].sum(), "model says at least": gone - half,
        "tells them apart": alive[~truth["left"]].mean() - alive[truth["left"]].mean(),
        "grade decides": decides["credit grade"],
        "money decides": decides[["cumulative sales", "expected sales", "profit contribution"]].sum(),
        "safe": (chances >= 0.95).sum(), "in play": (chances > 0).sum(),
        "r": criteria["cumulative sales"].corr(criteria["expected sales"])}


@pytest.fixture(scope="module")
def companies():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CrmWarning)     # in a few companies the data hardly say what a and b are
        return pd.DataFrame([contest(simulate_case(seed=seed)) for seed in range(1, 21)])


def test_lifetime_value_beats_points_in_nearly_every_company(companies):
    won = {name: int((companies["lifetime value"] > companies[name]).sum()) for name in companies.columns[:7]}
    for name in ("equal", "service", "rank", "CRITIC"):
        assert won[name] == 20, won
    for name in ("sales director", "finance", "z"):
        assert won[name] >= 17, won
    assert (companies["lifetime value"] > companies["credit"]).all()


def test_one_column_is_as_good_as_the_model_and_better_than_points(companies):
    """What the chapter says against itself: last year's profit after cost to serve is nearly as good."""
    mean = companies.mean()
    assert abs(mean["lifetime value"] - mean["profit"]) < 0.05
    assert mean["profit"] > max(mean[name] for name in (*asked.POINTS, "z", "rank"))
    assert mean["z"] > mean["equal"] > mean["CRITIC"]


def test_the_scale_decides_and_nearly_no_place_is_safe(companies):
    assert (companies["grade decides"] > 0.4).all() and (companies["money decides"] < 0.4).all()
    assert (companies["safe"] <= 8).all() and (companies["in play"] >= 2 * PLACES).all()
    assert (companies["r"] > 0.75).all()


def test_the_model_of_x2_expects_too_many_to_have_left_and_still_tells_them_apart(companies):
    """It does not know that customers with contracts say when they leave."""
    assert (companies["model says at least"] > companies["left"]).sum() >= 18
    assert (companies["tells them apart"] > 0.1).all()


def test_what_the_company_of_the_course_shows(case):
    assert asked._same(case, "sales director", "service") == 10
    found = contest(case)
    assert found["r"] == approx(0.97, abs=0.005)
    assert (found["equal"], found["lifetime value"]) == (approx(0.78, abs=0.005), approx(0.95, abs=0.005))


# -------------------------------------------------------------------------------------- questions


@pytest.mark.parametrize("seed", [None, 20261234])
def test_questions_know_their_answers_and_mistakes(seed):
    company = load_case(seed=seed)
    for name, question in QUESTIONS.items():
        right = question.expected(case=company)
        assert check(name, right, case=company).correct, name
        for mistake in question.mistakes:
            wrong = mistake.value(case=company)
            if not np.array_equal(wrong, right):
                assert not check(name, wrong, case=company).correct, (name, mistake.hint)


def test_a_right_answer_in_another_form_is_right(case):
    assert check("04.1", (1, 0.8, 0.6, 0), case=case).correct
    assert check("04.2", [0.611, 0.278, 0.111], case=case).correct
    assert check("04.4", 0.444, case=case).correct and check("04.4", 4 / 9, case=case).correct
    assert check("04.8", ["price", "image"], case=case).correct


# --------------------------------------------------------------------------------------- explorer


TABLE = pd.DataFrame({"sales": [0, 50, 100], "credit": [1.0, 0.5, 0.2]}, index=["a", "b", "c"])


def test_the_list_by_hand():
    parts = value_list(TABLE, {"sales": 30, "credit": 10}, places=2)
    assert parts.index.tolist() == ["c", "b"]
    assert parts.loc["b"].tolist() == approx([0.75 * 0.5, 0.25 * 0.375]) and parts.loc["c"].tolist() == [0.75, 0]
    ranks = value_list(TABLE, {"sales": 10, "credit": 30}, places=1, method="rank")
    assert ranks.index.tolist() == ["a"] and ranks.loc["a"].tolist() == [0, 0.75]
    worth = pd.Series([10.0, 30.0, 20.0], index=["a", "b", "c"])
    said = value_list_summary(TABLE, {"sales": 30, "credit": 10}, places=2, rival=worth, worth=worth)
    assert "2 of 2 places" in said and "100 % of the best" in said
    with pytest.raises(DataError, match="all weights are zero"):
        value_list(TABLE, {"sales": 0, "credit": 0}, places=1)


def test_explorer_has_the_sliders_of_the_task_sheet():
    worth = pd.Series([10.0, 30.0, 20.0], index=["a", "b", "c"])
    box = explore_value_list(TABLE, points={"sales": 20, "credit": 20}, places=2, rival=worth, worth=worth)
    assert [child.description for child in box.children[:3]] == ["sales", "credit", "scale"]
    assert [child.value for child in box.children[:3]] == [20, 20, "minmax"]
    assert box.children[2].options == ("minmax", "z", "rank")


# ---------------------------------------------------------------------------------------- figures


def test_correlation_cells_show_each_pair_once():
    names = ["x y", "b", "c"]
    r = pd.DataFrame([[1, 0.9, -0.2], [0.9, 1, 0.1], [-0.2, 0.1, 1]], index=names, columns=names)
    ax = plots.correlation_cells(r)
    assert {name: (at.x, at.y) for name, at in labels(ax).items()} == {"0.90": (0, 0), "-0.20": (0, 1), "0.10": (1, 1)}
    assert ticks(ax.xaxis)[0] == ["x\ny", "b"] and ticks(ax.yaxis)[0] == ["b", "c"]


def test_weight_bars_draw_a_group_per_criterion():
    weights = pd.DataFrame({"stated": [0.5, 0.5], "effective": [0.9, 0.1]}, index=["sales", "credit"])
    ax = plots.weight_bars(weights)
    stated, effective = bars(ax)
    assert (stated.length, effective.length) == (approx([50, 50]), approx([90, 10]))
    assert set(legend(ax)) == {"stated", "effective"}


def test_score_lines_cross_where_computed():
    table = pd.DataFrame({"sales": [1.0, 0.0], "credit": [0.2, 1.0]}, index=["big", "safe"])
    even = {"sales": 0.5, "credit": 0.5}
    sweep, meet = value.weight_sweep(table, even, "sales", steps=11), value.crossings(table, even, "sales")
    ax = plots.score_lines(sweep, meet, now=0.5, xlabel="weight of sales (%)")
    big, safe, dot, now = lines(ax)
    assert big.x == approx(list(range(0, 101, 10))) and (np.array(big.y) + safe.y == approx(0))
    assert dot.x == approx([100 * 4 / 9]) and dot.y == approx([0], abs=1e-9) and now.x == [50, 50]
    assert {"big", "safe", "now 50 %"} == set(labels(ax))
    part = plots.score_lines(sweep[sweep["weight"] > 0.65], meet, now=0.7, xlabel="x")
    assert len(lines(part)) == 3 and part.get_xlim() == approx((70, 100))     # a crossing outside is not drawn


def test_place_chances_leave_out_who_never_wins():
    chances = pd.DataFrame({"p_chosen": [0.2, 1.0, 0.0, 0.8]}, index=list("abcd"))
    ax = plots.place_chances(chances, places=2)
    assert bars(ax)[0].length == approx([100, 80, 20])
    assert len(set(bars(ax)[0].colours[:2])) == 1 and bars(ax)[0].colours[2] != bars(ax)[0].colours[0]


def test_value_against_demand_draws_everybody_once():
    table = pd.DataFrame({"clv": [5000.0, -2000.0, 90_000.0], "demand": [10.0, 20.0, 30.0],
                          "by_clv": [False, False, True], "by_scores": [False, True, True]})
    ax = plots.value_against_demand(table)
    neither, scores, clv, both = lines(ax)
    assert (neither.x, neither.y) == ([10], [5]) and (scores.x, scores.y) == ([20], [-2])
    assert clv.x == [] and (both.x, both.y) == ([30], [90])
    assert set(legend(ax)) == {"neither: 1", "by the scores only: 1", "by lifetime value only: 0", "on both lists: 1"}


def test_list_worth_marks_one_company():
    shares = pd.DataFrame({"this": [0.5, 0.9], "other": [0.4, 1.0]}, index=["points", "money"])
    ax = plots.list_worth(shares, marked="this")
    other, this, *_ = lines(ax)
    assert (other.x, other.y) == (approx([40, 100]), [1, 0]) and this.x == approx([50, 90])
    assert ticks(ax.yaxis) == (["money", "points"], [0, 1])


def test_score_parts_stack_up_to_the_score():
    parts = pd.DataFrame({"sales": [0.5, 0.2], "credit": [0.3, -0.1]}, index=["a", "b"])
    ax = plots.score_parts(parts)
    sales, credit = bars(ax)
    assert (sales.length, credit.length) == (approx([0.5, 0.2]), approx([0.3, -0.1]))
    assert credit.start == approx([0.5, 0]) and ticks(ax.yaxis)[0] == ["b", "a"]


def test_figures_draw_on_the_axes_they_are_given():
    _, ax = plt.subplots()
    assert plots.weight_bars(pd.DataFrame({"w": [1.0]}, index=["a"]), ax=ax) is ax
