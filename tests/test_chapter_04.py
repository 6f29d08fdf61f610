"""Chapter 04: its contest in ten companies, what the prose asserts, its figures, its questions, its explorer."""

import warnings

import matplotlib
import numpy as np
import pandas as pd
import pytest

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

from crmlib import plots, value  # noqa: E402
from crmlib.data import simulate_case  # noqa: E402
from crmlib.errors import CrmWarning, DataError  # noqa: E402
from crmlib.teaching import key_accounts  # noqa: E402
from crmlib.teaching.check import check  # noqa: E402
from crmlib.teaching.questions import chapter_04 as asked  # noqa: E402
from crmlib.teaching.questions.chapter_04 import PLACES  # noqa: E402
from crmlib.teaching.widgets import explore_value_list, value_list, value_list_summary  # noqa: E402
from tests.figures import bars, labels, legend, lines, ticks  # noqa: E402

approx = pytest.approx

pytestmark = pytest.mark.usefixtures("closed_figures")


# ------------------------------------------------------------------ the contest, in ten companies


CLV, PROFIT, SALES = ("lifetime value", ""), ("last year's profit (x5)", ""), ("sales so far (x1)", "")


def company(case):
    """The contest of the chapter, by its own function, and what else it asserts of each company."""
    known = key_accounts.position(case)
    found = key_accounts.contest(case, known=known)
    criteria, truth, books = known["criteria"], known["truth"], known["books"]
    minmax = value.normalise(criteria, method="minmax")
    decides = value.effective_weights(minmax, [0.2] * 5)
    chances = value.weight_simulation(minmax, draws=300, seed=4, places=PLACES)["p_chosen"]
    alive = known["forecast"]["p_alive"]
    gone, half = (1 - alive).sum(), 2.576 * np.sqrt((alive * (1 - alive)).sum())
    runs = books["contracts"].groupby("customer_id")["due_on"].max().reindex(criteria.index) > case.observation_end
    return found, {
        "left": truth["left"].sum(), "model says at least": gone - half,
        "left with a contract": truth["left"][runs].sum(),
        "tells them apart": alive[~truth["left"]].mean() - alive[truth["left"]].mean(),
        "grade decides": decides["credit grade"],
        "money decides": decides[["cumulative sales", "expected sales", "profit contribution"]].sum(),
        "safe": (chances >= 0.95).sum(), "in play": (chances > 0).sum(),
        "facts": 25 / (criteria.corr() ** 2).sum().sum(),
        "r": criteria["cumulative sales"].corr(criteria["expected sales"])}


@pytest.fixture(scope="module")
def ten():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CrmWarning)     # in a few companies the data hardly say what a and b are
        found = [company(simulate_case(seed=seed)) for seed in range(1, 11)]
    judges = {judge: pd.DataFrame({n: each[judge] for n, (each, _) in enumerate(found)}) for judge in found[0][0]}
    return judges, pd.DataFrame([more for _, more in found])


def won(shares, name):
    """In how many companies lifetime value is worth more than another list."""
    return int((shares.loc[CLV] > shares.loc[name]).sum())


@pytest.mark.parametrize("judge", ["truth", "next year"])
def test_points_on_minmax_lose_by_either_judge(ten, judge):
    shares = ten[0][judge]
    for name in ("equal", "service", "CRITIC"):
        assert won(shares, (name, "minmax")) >= 9, name
        assert won(shares, (name, "rank")) >= 8, name
    assert won(shares, ("finance", "minmax")) >= 8 and won(shares, ("grade (x4)", "")) == 10
    mean = shares.mean(axis=1)
    assert mean[CLV] > mean["sales director", "minmax"] + 0.02 and mean[CLV] > mean["largest distributors", ""] + 0.05


@pytest.mark.parametrize("judge", ["truth", "next year"])
def test_where_money_decides_lists_lie_close_together(ten, judge):
    """Against the chapter's own default: swings by z or TOPSIS, and one column, come within a few points of it."""
    mean = ten[0][judge].mean(axis=1)
    close = [("swings", "z"), ("swings", "TOPSIS"), ("AHP", "z"), ("finance", "TOPSIS"), PROFIT]
    assert all(abs(mean[CLV] - mean[name]) < 0.06 for name in close), mean[[CLV, *close]]
    for asked_for in ("swings", "AHP"):
        assert mean[asked_for, "minmax"] > mean["finance", "minmax"] + 0.05      # asking for swings mends points
    for weights in mean.index.unique(0)[:7]:
        assert mean[weights, "z"] > mean[weights, "minmax"] and mean[weights, "z"] > mean[weights, "rank"]
        assert weights == "CRITIC" or all(mean["CRITIC", scale] < mean[weights, scale] for scale in key_accounts.SCALES)


def test_no_way_to_add_up_five_beats_one_column_clearly(ten):
    mean = ten[0]["truth"].mean(axis=1)
    assert mean.drop([CLV, PROFIT]).max() < mean[PROFIT] + 0.02


def test_the_year_says_what_the_truth_says(ten):
    truth, year = (ten[0][judge].mean(axis=1) for judge in ("truth", "next year"))
    assert truth.corr(year, method="spearman") > 0.9


def test_the_scale_decides_and_nearly_no_place_is_safe(ten):
    more = ten[1]
    assert (more["grade decides"] > 0.4).all() and (more["money decides"] < 0.4).all()
    assert (more["safe"] <= 8).all() and (more["in play"] >= 2 * PLACES).all()
    assert (more["r"] > 0.75).all() and more["facts"].between(2, 3.5).all()


def test_the_model_of_x2_expects_too_many_to_have_left_and_still_tells_them_apart(ten):
    """It does not know that customers with contracts say when they leave: nobody whose contract runs has left."""
    more = ten[1]
    assert (more["model says at least"] > more["left"]).sum() >= 9
    assert (more["tells them apart"] > 0.1).all() and (more["left with a contract"] <= 2).all()


def test_what_the_company_of_the_course_shows(case):
    assert asked._same(case, "sales director", "service") == 10
    found, more = company(case)
    assert more["r"] == approx(0.97, abs=0.005)
    shares = found["truth"][[("equal", "minmax"), ("swings", "z"), CLV]]
    assert shares.tolist() == approx([0.776, 0.932, 0.952], abs=5e-4)
    assert found["next year"][[("equal", "minmax"), PROFIT, CLV]].tolist() == approx([0.680, 0.896, 0.839], abs=5e-4)


def test_lists_are_judged_by_hand():
    worth = pd.Series({"a": 30.0, "b": -10.0, "c": 20.0, "d": 5.0})
    lists = pd.DataFrame({("spend", ""): [90, 95, 40, 1], ("worth", ""): worth}, index=worth.index)
    found = key_accounts.judged(worth, lists, places=2)
    assert found.loc[("spend", "")].tolist() == [20, 1, 0.4] and found.loc[("worth", "")].tolist() == [50, 2, 1]
    difference, low, high = key_accounts.gap(worth, lists["worth", ""], lists["spend", ""], places=2, level=0.95)
    half = 1.959964 * (20**2 + 10**2) ** 0.5         # c is on one list only, b on the other
    assert (difference, low, high) == approx((30, 30 - half, 30 + half))


def test_lifetime_value_is_expected_sales_times_the_ratio_so_far():
    days = pd.to_datetime(["2024-01-01", "2025-01-01", "2024-01-01"])
    books = {"orders": pd.DataFrame({"customer_id": [1, 1, 2], "date": days,
                                     "amount": [100.0, 100.0, 50.0], "margin": [40.0, 60.0, 25.0],
                                     "order_id": [1, 2, 3]}),
             "talks": pd.DataFrame({"customer_id": [1], "date": pd.to_datetime(["2024-05-01"]), "cost": [20.0]}),
             "incidents": pd.DataFrame({"customer_id": [1], "date": pd.to_datetime(["2026-01-01"]), "cost": [9.0]})}
    table = pd.DataFrame({"expected sales": [1000.0, 10.0, 7.0]}, index=[1, 2, 3])
    found = key_accounts.expected_profit(books, table, "2025-12-31")
    assert found.tolist() == approx([1000 * (100 - 20) / 200, 5, 0])       # nobody knows of 2026; 3 has no sales


# -------------------------------------------------------------------------------------- questions


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
    assert "2 of 2 places" in said and "100 % of the best" in said and said.count("\n") == 2
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


def test_lines_that_lie_on_one_another_are_drawn_once():
    table = pd.DataFrame({"sales": [1.0, 1.0, 0.0], "credit": [0.2, 0.2, 1.0]}, index=["big", "twin", "safe"])
    even = {"sales": 0.5, "credit": 0.5}
    ax = plots.score_lines(value.weight_sweep(table, even, "sales", steps=11), value.crossings(table, even, "sales"),
                           now=0.5, xlabel="x")
    assert {"big = twin", "safe", "now 50 %"} == set(labels(ax))


def test_place_chances_leave_out_who_never_wins():
    chances = pd.DataFrame({"p_chosen": [0.2, 1.0, 0.0, 0.8]}, index=list("abcd"))
    ax = plots.place_chances(chances, places=2)
    assert bars(ax)[0].length == approx([100, 80, 20])
    assert len(set(bars(ax)[0].colours[:2])) == 1 and bars(ax)[0].colours[2] != bars(ax)[0].colours[0]


def test_value_against_demand_draws_everybody_once():
    table = pd.DataFrame({"clv": [5000.0, -2000.0, 90_000.0], "demand": [10.0, 20.0, 30.0],
                          "by_clv": [False, False, True], "by_scores": [False, True, True]})
    ax = plots.value_against_demand(table)
    neither, scores, clv, both, *_ = lines(ax)
    assert (neither.x, neither.y) == ([10], [5]) and (scores.x, scores.y) == ([20], [-2])
    assert clv.x == [] and (both.x, both.y) == ([30], [90])
    assert set(legend(ax)) == {"neither: 1", "by the scores only: 1", "by lifetime value only: 0", "on both lists: 1"}


def test_list_worth_draws_the_mean_and_the_range():
    shares = pd.DataFrame({"this": [0.5, 0.8, 0.9], "other": [0.4, 0.6, 1.0]},
                          index=pd.MultiIndex.from_tuples([("points", "z"), ("points", "rank"), ("money", "")]))
    ax = plots.list_worth(shares)
    z, rank, money, *_ = lines(ax)
    assert (z.x, rank.x, money.x) == (approx([45]), approx([70]), approx([95])) and money.y == [0]
    assert z.y[0] > rank.y[0] and ticks(ax.yaxis) == (["money", "points"], [0, 1])
    ranges = [segment[:, 0].tolist() for each in ax.collections for segment in each.get_segments()]
    assert ranges == [approx([40, 50]), approx([60, 80]), approx([90, 100])]
    assert set(legend(ax)) == {"z", "rank", "no weights"}


def test_score_parts_stack_up_to_the_score():
    parts = pd.DataFrame({"sales": [0.5, 0.2], "credit": [0.3, -0.1]}, index=["a", "b"])
    ax = plots.score_parts(parts)
    sales, credit = bars(ax)
    assert (sales.length, credit.length) == (approx([0.5, 0.2]), approx([0.3, -0.1]))
    assert credit.start == approx([0.5, 0]) and ticks(ax.yaxis)[0] == ["b", "a"]
    five = pd.DataFrame({"credit grade": [0.2], "profit contribution": [0.1], "cumulative sales": [0.3]}, index=["a"])
    drawn = plots.score_parts(five)
    assert list(legend(drawn)) == ["cumulative sales", "profit contribution", "credit grade"]     # money first
    assert [each.length for each in bars(drawn)] == [approx([0.3]), approx([0.1]), approx([0.2])]


def test_figures_draw_on_the_axes_they_are_given():
    table = pd.DataFrame({"a": [1.0, 0.0], "b": [0.2, 1.0]}, index=["x", "y"])
    even = {"a": 0.5, "b": 0.5}
    sets = pd.DataFrame({"clv": [5000.0, 1.0], "demand": [10.0, 2.0], "by_clv": True, "by_scores": False})
    shares = pd.DataFrame({"this": [0.5]}, index=pd.MultiIndex.from_tuples([("points", "z")]))
    for draw in (lambda ax: plots.weight_bars(table, ax=ax), lambda ax: plots.correlation_cells(table.T.corr(), ax=ax),
                 lambda ax: plots.score_lines(value.weight_sweep(table, even, "a", steps=3),
                                              value.crossings(table, even, "a"), now=0.5, xlabel="x", ax=ax),
                 lambda ax: plots.place_chances(pd.DataFrame({"p_chosen": [0.5]}), places=1, ax=ax),
                 lambda ax: plots.value_against_demand(sets, ax=ax), lambda ax: plots.list_worth(shares, ax=ax),
                 lambda ax: plots.score_parts(table, ax=ax)):
        _, ax = plt.subplots()
        assert draw(ax) is ax
