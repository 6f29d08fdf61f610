"""Chapter 03: its estimates against the truth of twenty companies, its figures, its questions, its explorer."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

from crmlib import plots, segments  # noqa: E402
from crmlib.data import load_cdnow, simulate_case  # noqa: E402
from crmlib.data.case import NOT_SELLING  # noqa: E402
from crmlib.errors import DataError  # noqa: E402
from crmlib.identity import replace_ids  # noqa: E402
from crmlib.teaching.questions.chapter_03 import _books, _external, _profit  # noqa: E402
from crmlib.teaching.widgets import discount_plan_curve, discount_plan_summary, explore_discount_plan  # noqa: E402
from tests.figures import bars, error_bars, labels, legend, lines, ticks  # noqa: E402

approx = pytest.approx
CHANNELS = ("cold_call", "fair", "promotion", "referral", "search", "workplace")


pytestmark = pytest.mark.usefixtures("closed_figures")


# ------------------------------------------------- estimates against the truth, in twenty companies


def _plan(case, external, orders, p, kind, profit):
    """The plan of the chapter: discounts of 2025 off the list price, of households and businesses."""
    retail = external.loc[external["category"].isin(["household", "business"]), "customer_id"]
    sold = orders[(orders["date"].dt.year == 2025) & (orders["amount"] > 0) & orders["customer_id"].isin(retail)]
    listed = sold["product_id"].map(case.products.set_index("product_id")["list_price"]) * 1.03**4
    saving = (sold["quantity"] * listed - sold["amount"]).groupby(sold["customer_id"]).sum().clip(lower=0)
    return pd.DataFrame({"p": p, "relationship": kind == "relationship", "saving": saving,
                         "profit": profit["profit"]}).dropna()


def covered(seed):
    """Which of the chapter's 99 % intervals hold the truth, in one company."""
    case = simulate_case(seed=seed)
    truth, people = case.truth.parameters, case.truth.customers.set_index("customer_id")
    external, ids = _external(case)
    orders, talks, incidents = _books(case)
    contracts = replace_ids(case.contracts[case.contracts["customer_id"].isin(external["customer_id"])], ids)
    features = segments.buyer_features(orders, as_of=case.observation_end, customers=external, interactions=talks,
                                       contracts=contracts)
    book = external.set_index("customer_id").reindex(features.index)
    grades = {grade: points for points, grade in enumerate(["D", "C", "B", "A", "AA", "AAA"])}
    features["credit"] = book["credit_grade"].map(grades).astype(float)
    for name in ("promotion", "referral"):
        features[f"by_{name}"] = (book["channel"] == name).astype(int)
    kind = people["buyer_type"].reindex(features.index)
    audit = segments.label_error(book["buyer_label"], kind, level=0.99)
    held = {"label error": audit["low"] <= truth["label_error"] <= audit["high"]}
    shares = segments.label_shares(book["buyer_label"], book["channel"], label_error=audit["label_error"], level=0.99)
    for name in CHANNELS:
        held[name] = shares.loc[name, "low"] <= truth[f"transaction_share_{name}"] <= shares.loc[name, "high"]
    model = segments.fit_buyer_type(features, book["buyer_label"], label_error=audit["label_error"], folds=2)
    p = model.probability(features)
    first = contracts[(contracts["year_number"] == 1) & contracts["renewed"].notna()
                      & contracts["campaign"].ne("call").fillna(True)]
    quiet = segments.undisturbed(first, contacts=talks[talks["purpose"].isin(NOT_SELLING)], incidents=incidents)
    quiet = quiet.drop_duplicates("customer_id").set_index("customer_id")
    exits = segments.class_rates(p[quiet.index], ~quiet["renewed"].astype(bool), level=0.99)
    for name in exits.index:
        held[f"churn {name}"] = exits.loc[name, "low"] <= truth[f"churn_mean_{name}"] <= exits.loc[name, "high"]
    profit, ended = _profit(case), contracts[contracts["renewed"].notna()].groupby("customer_id")["renewed"]
    customers = pd.DataFrame({
        "class": np.where(p >= 0.5, "relationship", "transaction"), "true class": kind,
        "margin": profit["profit"].where(profit["revenue"] > 0).reindex(p.index),
        "due": ended.size().reindex(p.index).fillna(0),
        "renewed": ended.sum().reindex(p.index).fillna(0).astype(float)})
    ours, known = (segments.class_worth(customers, by=by, discount_rate=0.1, level=0.99, draws=200)
                   for by in ("class", "true class"))
    for name in ours.index:
        low, high = ours.loc[name, ["value_low", "value_high"]]
        held[f"value {name}"] = low <= known.loc[name, "value"] <= high
    retention = segments.retention_table(contracts, level=0.99)
    called = contracts["campaign"].eq("call").fillna(False).to_numpy()
    built_in = case.truth.contracts.set_index("contract_id").reindex(contracts["contract_id"])
    leaving = np.where(called, built_in["exit_probability_called"], built_in["exit_probability_not_called"])
    expected = (1 - pd.Series(leaving, index=contracts.index))[contracts["renewed"].notna()].groupby(
        contracts["year_number"]).mean()
    for year in (1, 2, 3, 4):
        held[f"retention {year}"] = retention.loc[year, "low"] <= expected[year] <= retention.loc[year, "high"]
    held["price buyers sorted"] = segments.prediction_scores(p, kind == "relationship")["auc"] > 0.93
    plan = _plan(case, external, orders, p, kind, profit)
    held["no customer decides the plan"] = plan["saving"].max() < 0.1 * plan["saving"].sum()
    for belief, leave in {"sales": (0.5, 0.1), "service": (0.4, 0.6)}.items():
        gain = segments.removal_gain(plan["relationship"].astype(float), saving=plan["saving"], value=plan["profit"],
                                     leave_transaction=leave[0], leave_relationship=leave[1])
        called = plan["p"] < 0.5
        held[f"taking it from price buyers pays, {belief}"] = gain[called].sum() > 0
        held[f"relationship buyers are open, {belief}"] = (gain[~called].sum() > 0) == (belief == "sales")
    held["promotion brings more price buyers"] = shares.loc["promotion", "share"] == shares["share"].max()
    return held


def test_estimates_hold_the_truth_in_nineteen_of_twenty_companies():
    held = pd.DataFrame([covered(seed) for seed in range(1, 21)])
    missed = held.columns[held.sum() < 19].tolist()
    assert not missed, held[missed].sum().to_dict()


# ------------------------------------------------------------------------- what the prose asserts


def test_internal_orders_are_no_revenue_and_no_customer(case):
    orders, *_ = _books(case)
    internal = case.customers.loc[case.customers["category"] == "internal", "customer_id"]
    assert not orders["customer_id"].isin(internal).any()
    inside = case.orders["customer_id"].isin(internal)
    cents = (100 * case.orders["amount"]).round().astype(int)
    assert (100 * orders["amount"]).round().astype(int).sum() == cents[~inside].sum() < cents.sum()


def test_gini_of_80_20_is_nearly_the_same_under_three_laws():
    for law, low, high in (("pareto", 1.01, 3), ("lognormal", 1, 3), ("gamma", 0.05, 1)):
        grid = np.linspace(low, high, 400)
        near = min(grid, key=lambda k: abs(segments.law_top_share(law, k) - 0.8))
        assert segments.law_gini(law, near) == approx(0.765, abs=0.012)


def test_top_share_of_cdnow_and_the_window(case):
    total = load_cdnow().execute().groupby("customer_id")["amount"].sum()
    assert (segments.top_share(total), segments.gini(total)) == approx((0.6746, 0.63092), abs=5e-5)
    orders = _books(case)[0]
    shares = []
    for start in ("2025-12-01", "2025-01-01", "2021-01-01"):
        window = orders[orders["date"] >= start].groupby("customer_id")["amount"].sum().clip(lower=0)
        shares.append(segments.top_share(window[window > 0]))
    assert shares == sorted(shares, reverse=True)


def test_losses_come_from_serving_and_not_from_prices(case):
    table = _profit(case)
    before, after = (segments.whale_peak(table[column])["peak_share"] for column in ("margin", "profit"))
    assert before < 1.01 < 1.2 < after


# -------------------------------------------------------------------------------- the explorer


PLAN = pd.DataFrame({
    "p_relationship": [0.1, 0.4, 0.9, 0.8], "relationship": [False, True, True, False],
    "saving": [100.0, 50.0, 80.0, 60.0], "profit": [20.0, 400.0, 600.0, -30.0],
})
BELIEF = {"leave_transaction": 0.5, "leave_relationship": 0.2}


def test_plan_by_hand():
    curve = discount_plan_curve(PLAN, **BELIEF).set_index("threshold")
    assert curve.loc[0].tolist() == [0, 0, 0, 0] and len(curve) == 21
    # true types: 0.5 * 100 - 0.5 * 20 = 40; 0.8 * 50 - 0.2 * 400 = -40; 0.8 * 80 - 0.2 * 600 = -56; 30 + 15 = 45
    assert curve.loc[0.5, ["treated", "wrong", "true"]].tolist() == approx([2, 1, 0])
    assert curve.loc[1.0, ["treated", "wrong", "true"]].tolist() == approx([4, 2, -11])
    # expected of the first: p 0.1: 0.1 * (80 - 4) + 0.9 * 40 = 43.6
    assert curve.loc[0.2, "expected"] == approx(43.6)
    assert discount_plan_summary(PLAN, threshold=0.5, **BELIEF).startswith(
        "Below 50 %: 2 customers treated, 1 of them relationship buyers. Gain a year: 0 yuan by the true types")


@pytest.mark.parametrize(("change", "error", "message"), [
    ({"leave_transaction": 50}, ValueError, "leave_transaction 50 is not between 0 and 1: did you mean 0.5"),
    ({"customers": PLAN.assign(p_relationship=2.0)}, DataError, "must be probabilities"),
    ({"customers": PLAN.assign(p_relationship=np.nan)}, DataError, "4 of 4 values of p_relationship are missing"),
])
def test_plan_refuses_bad_input(change, error, message):
    arguments = {"customers": PLAN, **BELIEF} | change
    with pytest.raises(error, match=message):
        discount_plan_curve(arguments.pop("customers"), **arguments)


def test_explorer_has_the_sliders_of_the_task_sheet():
    names = [slider.description for slider in explore_discount_plan(PLAN).children[:-1]]
    assert names == ["price buyers who leave", "relationship who leave", "treated below"]


# -------------------------------------------------------------------------------- the figures


def texts(ax):
    return [(text.get_text(), *text.get_position()) for text in ax.texts]


def test_score_heatmap_puts_the_best_on_top():
    shares = pd.DataFrame([[0.1, 0.2], [np.nan, 0.9]], index=[1, 2], columns=[1, 2])
    ax = plots.score_heatmap(shares, xlabel="R", ylabel="F")
    assert sorted(texts(ax)) == [("10 %", 0, 1), ("20 %", 1, 1), ("90 %", 1, 0)]
    assert ticks(ax.yaxis) == (["2", "1"], [0, 1]) and ax.get_xlabel() == "R"


def test_tier_shares_draw_a_bar_per_tier_and_thing():
    shares = pd.DataFrame({"spend": [0.7, 0.3], "profit": [1.1, -0.1]}, index=["VIP", "small"])
    ax = plots.tier_shares(shares)
    spend, profit = bars(ax)
    assert (spend.length, profit.length) == (approx([70, 30]), approx([110, -10]))
    assert spend.at == approx([-0.2, 0.8]) and profit.at == approx([0.2, 1.2])
    assert legend(ax) == {"spend": spend.colours[0], "profit": profit.colours[0]}
    assert ticks(ax.xaxis)[0] == ["VIP", "small"]


def test_tier_heatmap_shows_the_counts():
    counts = pd.DataFrame([[5, 1], [2, 1000]], index=["big", "rest"], columns=["big", "rest"]).rename_axis(
        index="spend", columns="profit")
    ax = plots.tier_heatmap(counts)
    assert texts(ax) == [("5", 0, 0), ("1", 1, 0), ("2", 0, 1), ("1,000", 1, 1)]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("tier by profit", "tier by spend")


def test_whale_marks_its_highest_point():
    ax = plots.whale({"all": segments.whale_curve([60, 50, -10])})
    curve, mark, total = lines(ax)
    assert curve.x == approx([0, 100 / 3, 200 / 3, 100]) and curve.y == approx([0, 60, 110, 100])
    assert (mark.x, mark.y, total.y) == (approx([200 / 3]), approx([110]), [100, 100])
    assert labels(ax)["all: up to 110 %"].colour == curve.colour


def test_top_share_by_gini_draws_laws_and_data():
    laws = pd.DataFrame({"law": ["gamma", "gamma", "pareto"], "gini": [0.2, 0.5, 0.7], "top_share": [0.3, 0.5, 0.8]})
    found = pd.DataFrame({"gini": [0.63], "top_share": [0.6746]}, index=["CDNOW"])
    ax = plots.top_share_by_gini(laws, found)
    gamma, pareto, mark, rule = lines(ax)
    assert (gamma.x, gamma.y) == (approx([0.2, 0.5]), approx([30, 50])) and pareto.y == approx([80])
    assert (mark.x, mark.y, rule.y) == (approx([0.63]), approx([67.46]), approx([80, 80]))
    assert set(legend(ax)) == {"gamma law", "Pareto law", "CDNOW: 67 %"}


def test_calibration_draws_intervals_around_what_was_seen():
    table = pd.DataFrame({"predicted": [0.2, 0.8], "observed": [0.1, 0.9], "low": [0.05, 0.7], "high": [0.3, 0.95]})
    ax = plots.calibration({"model": table})
    diagonal, seen, *_ = lines(ax)
    assert (diagonal.x, diagonal.y) == ([0, 100], [0, 100])
    assert (seen.x, seen.y) == (approx([20, 80]), approx([10, 90]))
    assert error_bars(ax) == [approx((20, 5, 30)), approx((80, 70, 95))]


def test_shares_with_truth_put_the_highest_on_top():
    table = pd.DataFrame({"share": [0.7, 0.2], "low": [0.6, 0.1], "high": [0.8, 0.3], "truth": [0.75, 0.15]},
                         index=["promotion", "cold_call"])
    ax = plots.shares_with_truth(table, xlabel="share")
    estimate, truth = lines(ax)[0], lines(ax)[-1]
    assert (estimate.x, estimate.y) == (approx([20, 70]), [0, 1])
    assert (truth.x, truth.y) == (approx([15, 75]), [0, 1])
    assert ticks(ax.yaxis)[0] == ["cold call", "promotion"]


def test_cohort_heatmap_leaves_the_future_blank():
    table = pd.DataFrame({"size": [10, 20], 0: [1.0, 1.0], 1: [0.4, np.nan]}, index=["2024", "2025"])
    ax = plots.cohort_heatmap(table)
    assert texts(ax) == [("100 %", 0, 0), ("40 %", 1, 0), ("100 %", 0, 1)]
    assert ticks(ax.yaxis)[0] == ["2024 (10)", "2025 (20)"]


def test_rates_by_year_draw_rates_intervals_and_means():
    rates = segments.retention_table(pd.DataFrame({
        "year_number": [1, 1, 2], "renewed": pd.array([True, False, None], dtype="boolean")}))
    ax = plots.rates_by_year(rates, {"own": pd.Series([0.8], index=[1])})
    drawn = [(line.x, line.y) for line in lines(ax)]
    assert ([1], approx([50])) in drawn and ([1], approx([80])) in drawn
    assert len({tuple(x) for x, _ in drawn}) == 1                    # nobody was due in year 2
    assert error_bars(ax) == [approx((1, 100 * rates.loc[1, "low"], 100 * rates.loc[1, "high"]))]


def test_value_and_needs_draws_everybody_once():
    customers = pd.DataFrame({"p_relationship": [0.1, 0.9, 0.5], "profit": [-50.0, 900.0, 0.0]})
    ax = plots.value_and_needs(customers)
    gain, loss, *_ = lines(ax)
    assert (gain.x, gain.y) == (approx([90, 50]), [900, 0]) and (loss.x, loss.y) == (approx([10]), [-50])
    assert set(legend(ax)) == {"profit: 2 customers", "loss: 1 customers"}


def test_plan_gain_draws_both_gains_and_the_threshold():
    curve = discount_plan_curve(PLAN, **BELIEF)
    ax = plots.plan_gain(curve, threshold=0.4)
    expected, true, threshold, zero = lines(ax)
    assert expected.x == approx((100 * curve["threshold"]).tolist()) and threshold.x == approx([40, 40])
    assert expected.y == approx((curve["expected"] / 1000).tolist())
    assert true.y == approx((curve["true"] / 1000).tolist())
    assert zero.y == [0, 0]


def test_figures_draw_on_the_axes_they_are_given():
    _, ax = plt.subplots()
    assert plots.whale({"all": segments.whale_curve([2, 1])}, ax=ax) is ax
