"""Chapter 09: its estimates against the truth of twenty companies, its figures, its questions, its explorer."""

from functools import lru_cache

import matplotlib
import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

from crmlib import outreach, plots, segments  # noqa: E402
from crmlib.data import simulate_case  # noqa: E402
from crmlib.errors import DataError  # noqa: E402
from crmlib.teaching.questions.chapter_09 import _books, _rows  # noqa: E402
from crmlib.teaching.widgets import call_plan_curves, call_plan_summary, explore_calls  # noqa: E402
from tests.figures import bars, error_bars, labels, legend, lines, ticks  # noqa: E402

approx = pytest.approx
COST = 14
SIGNALS = ["neglected", "price_buyer"]
ALL_SIGNS = ["household", "tenure", "neglected", "price_requests", "blamed", "margin", "promotion_share"]

pytestmark = pytest.mark.usefixtures("closed_figures")


# ------------------------------------------------- estimates against the truth, in twenty companies


def _signs(table, book, ids):
    people = book.loc[ids]
    channels = {f"by_{name}": people["channel"].eq(name).to_numpy(dtype=float)
                for name in ("promotion", "referral", "search")}
    return pd.DataFrame({"promotion_share": table["promotion_share"].to_numpy(),
                         "suppliers": people["suppliers_used"].to_numpy(dtype=float), **channels}, index=table.index)


def _held(table, truth, low="low", high="high"):
    return ((table[low] <= truth) & (truth <= table[high])).all()


def covered(case):
    """Which of the chapter's 99 % intervals hold the truth in one company, and how near its lists come to the best."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    orders, talks, _, contracts, book = _books(case)
    rows = _rows(case).copy()
    rows["year"] = rows["due_on"].dt.year
    known = segments.buyer_features(orders[orders["date"] <= "2023-12-31"], as_of="2023-12-31")
    model = segments.fit_buyer_type(_signs(known, book, known.index), book["buyer_label"].reindex(known.index),
                                    folds=2)
    rows["price_buyer"] = 1 - model.probability(_signs(rows, book, rows["customer_id"]))
    now = rows[rows["year"] == 2025].copy()
    past = rows[rows["due_on"] < now["decided_on"].min()]
    kind = rows["neglected"].astype(str) + (rows["price_buyer"] >= 0.5).astype(str)
    held, effects = {}, {}
    seen = rows["neglected"].map({True: "neglected", False: "seen"})
    for by in (rows["year"], kind, seen, pd.Series("all", index=rows.index)):
        table = outreach.average_effect(rows["renewed"], rows["treated"], by=by, groups=rows["customer_id"], level=0.99)
        truth = rows.groupby(by)["effect"].mean()
        error = (table["high"] - table["low"]) / (2 * 2.575829)
        effects |= ((table["effect"] - truth) / error).add_prefix("effect, ").to_dict()

    def risk_of(features):
        controls = past[past["treated"] == 0]
        fit = make_pipeline(StandardScaler(), LogisticRegression()).fit(controls[features].astype(float),
                                                                        1 - controls["renewed"])
        return pd.Series(fit.predict_proba(now[features].astype(float))[:, 1], index=now.index)

    now["risk"] = risk_of(["price_buyer", "household"])
    two, other = (outreach.fit_uplift(past[SIGNALS], past["renewed"], past["treated"], propensity=0.5, **options)
                  for options in ({}, {"method": "transformed", "penalty": 20}))
    said = two.predict(now[SIGNALS])
    lists = {
        "everybody": now["risk"] > -1,
        "riskiest": outreach.best_share(now["risk"], 0.1),
        "riskiest, all signs": outreach.best_share(risk_of(ALL_SIGNS), 0.1),
        "loss": outreach.best_share(now["risk"] * now["value"], 0.1),
        "tenth by gain": outreach.best_share(said["uplift"] * now["value"], 0.1),
        "uplift": outreach.worth_contacting(said["uplift"], now["value"], contact_cost=COST),
        "transformed": outreach.worth_contacting(other.predict(now[SIGNALS])["uplift"].clip(-1, 1), now["value"],
                                                 contact_cost=COST),
        "not spoken to": now["neglected"],
    }
    money = {"value": now["value"], "contact_cost": COST}
    table = outreach.policy_table(now["renewed"], now["treated"], lists, propensity=0.5, groups=now["customer_id"],
                                  expected=(said["p_treated"] + said["p_control"]) / 2, level=0.99, **money)
    best = outreach.worth_contacting(now["effect"], now["value"], contact_cost=COST)
    truth = outreach.true_gain(lists | {"best": best}, effect=now["effect"], **money)
    for name in lists:
        held[f"gain of {name}"] = _held(table.loc[[name]], truth[name])
    held["best gain in the interval of the uplift list"] = _held(table.loc[["uplift"]], truth["best"])
    held["... and of the simple rule"] = _held(table.loc[["not spoken to"]], truth["best"])
    reached = {name: truth[name] / truth["best"] for name in lists}

    years = outreach.contact_years(contracts, interactions=talks)
    final = segments.buyer_features(orders, as_of=case.observation_end)
    p_price = 1 - model.probability(_signs(final, book, final.index))
    home = years["customer_id"].map(book["category"]).eq("household").astype(str)
    fifth = pd.qcut(years["customer_id"].map(p_price), 5, labels=False).astype(str)
    kind = years["customer_id"].map(case.truth.customers.set_index("customer_id")["buyer_type"])
    shares = [outreach.exit_share(years["renewed"], years["neglected"], strata=strata, groups=years["customer_id"],
                                  level=0.99, draws=draws)
              for strata, draws in ((None, 2), (home + fifth, 150), (home + kind, 150))]
    neglect = case.truth.parameters["neglect_exit"]
    for name, share in zip(("by model", "by type"), shares[1:], strict=True):  # the plain one errs, and is not asked
        held[f"neglect, {name}"] = share["low"] <= neglect <= share["high"]
    held["the plain comparison is too high"] = shares[0]["estimate"] > shares[2]["estimate"]
    held["neglect has an effect within like customers"] = shares[1]["low"] > 0
    return held, reached, effects


def curves_covered(case):
    """Which parameters of the enthusiasm curves lie in their 99 % intervals."""
    _, talks, _, _, book = _books(case)
    held = {}
    tones = talks.assign(days=(talks["date"] - talks["customer_id"].map(book["acquired_on"])).dt.days)
    tones = tones[tones["days"] >= 0]
    fits = {side: outreach.fit_enthusiasm(tones["days"], tones[f"{side}_tone"], side=side, groups=tones["customer_id"],
                                          level=0.99) for side in ("seller", "buyer")}
    for side, name in (("seller", "drop"), ("seller", "drop_days"), ("buyer", "rise"), ("buyer", "rise_days")):
        row = fits[side].parameters.loc[name]
        built_in = case.truth.parameters[f"{side}_tone_{'days' if 'days' in name else name}"]
        held[f"{side} {name}"] = row["low"] <= built_in <= row["high"]
    rest = [tones[f"{side}_tone"] - fits[side].predict(tones["days"]) for side in fits]
    held["tones of a talk are independent"] = abs(np.corrcoef(*rest)[0, 1]) < 2.576 / np.sqrt(len(tones))
    return held


@lru_cache(maxsize=1)
def twenty():
    found, curves = [], []
    with threadpool_limits(limits=1):
        for seed in range(1, 21):
            case = simulate_case(seed=seed)
            found.append(covered(case))
            if seed <= 5:
                curves.append(curves_covered(case))
    return *(pd.DataFrame(part) for part in zip(*found, strict=True)), pd.DataFrame(curves)


def test_estimates_hold_the_truth_in_nineteen_of_twenty_companies():
    held, _, effects, _ = twenty()
    missed = held.columns[held.sum() < 19].tolist()
    assert not missed, held[missed].sum().to_dict()
    # nine effects in twenty companies, in standard errors off the truth: they scatter as errors do, around nothing
    assert effects.mean().abs().max() < 0.75 and effects.std().between(0.6, 1.45).all(), effects.describe()


def test_curves_of_enthusiasm_are_found_in_five_companies():
    held = twenty()[3]
    assert (held.sum() >= 4).all(), held.sum().to_dict()


def test_uplift_recovers_the_best_profit_and_risk_does_not():
    _, reached, _, _ = twenty()
    assert reached["uplift"].mean() > 0.85 and reached["uplift"].min() > 0.4
    assert reached["not spoken to"].min() > 0.97
    assert (reached["uplift"] > reached["riskiest"]).all() and (reached["everybody"] > reached["riskiest"]).all()
    assert (reached["riskiest"] < 0).sum() >= 15 and reached["riskiest"].max() < 0.2
    # a tenth by a score of all signs earns what a tenth by lot earns, and one by expected gain several times as much
    by_lot, by_signs = reached["everybody"].mean() / 10, reached["riskiest, all signs"]
    assert abs(by_signs.mean() - by_lot) < 0.05 and 4 <= (by_signs > reached["everybody"] / 10).sum() <= 16
    assert (reached["tenth by gain"] > 1.5 * by_signs).sum() >= 17 and reached["tenth by gain"].mean() > 4 * by_lot
    assert (reached["tenth by gain"] > reached["loss"]).sum() >= 15


def test_in_the_company_of_the_course_the_riskiest_tenth_by_promotions_loses_money(case):
    rows = _rows(case)
    now = rows[rows["due_on"].dt.year == 2025]
    gains = outreach.true_gain({"price": outreach.best_share(now["promotion_share"], 0.1), "rule": now["neglected"]},
                               effect=now["effect"], value=now["value"], contact_cost=COST)
    assert gains["price"] < 0 < gains["rule"]


# -------------------------------------------------------------------------------- the explorer

PLAN = pd.DataFrame({"risk": [0.6, 0.4, 0.2, 0.1], "uplift": [0.0, 0.3, 0.1, -0.1], "effect": [-0.1, 0.2, 0.1, 0.0],
                     "margin": [100.0, 50.0, 1000.0, 10.0]})


def test_plan_by_hand():
    curves = call_plan_curves(PLAN, contact_cost=10, years=1)
    assert list(curves) == ["risk", "expected loss", "expected gain"] and len(curves) == 51
    # one year counted: gains -20, 0, 90, -10, times 250 for 1,000 rows; the orders begin with the 1st, 3rd and 3rd row
    assert curves.loc[0.26].tolist() == approx([-5000, 22500, 22500])
    assert curves.loc[1.0].tolist() == approx([15000] * 3)
    assert curves.loc[0.5].tolist() == approx([-5000, 17500, 22500])
    assert call_plan_curves(PLAN, contact_cost=0, years=2).loc[1.0, "risk"] == approx((1 + 0.8 / 1.1) * 25000)
    text = call_plan_summary(PLAN, share=0.5, contact_cost=10, years=1)
    assert text.startswith("Calling the best 50 % earns per 1,000 contracts -5,000 yuan by risk, 17,500 by expected "
                           "loss, 22,500 by expected gain.")


@pytest.mark.parametrize(("change", "error", "message"), [
    ({"contact_cost": -1}, ValueError, "contact_cost must be zero or more"),
    ({"years": 0}, ValueError, "years must be a whole number of at least 1"),
    ({"rows": PLAN.drop(columns="effect")}, DataError, r"rows lack the column\(s\) effect"),
    ({"rows": PLAN.assign(margin=np.nan)}, DataError, "4 of 4 values of margins are missing"),
])
def test_plan_refuses_bad_input(change, error, message):
    arguments = {"rows": PLAN, "contact_cost": 1, "years": 1} | change
    with pytest.raises(error, match=message):
        call_plan_curves(arguments.pop("rows"), **arguments)


def test_explorer_has_the_sliders_of_the_task_sheet():
    names = [slider.description for slider in explore_calls(PLAN).children[:-1]]
    assert names == ["share called", "cost of a call (yuan)", "years counted"]


# -------------------------------------------------------------------------------- the figures


def test_contact_profit_lines_mark_the_break_even():
    table = pd.DataFrame({"gift": [-1.0, 1.0], "call": [0.0, 3.0]}, index=pd.Index([0.0, 0.5]))
    ax = plots.contact_profit_lines(table, break_even={"gift": 0.25, "call": np.inf})
    gift, mark, call, zero = lines(ax)
    assert gift.x == [0, 50] and gift.y == [-1, 1] and (mark.x, mark.y) == ([25], [0]) and call.y == [0, 3]
    assert zero.y == [0, 0] and labels(ax)["25.0 %"].colour == gift.colour
    assert set(legend(ax)) == {"gift", "call"}


def test_risk_and_effect_draws_bars_intervals_and_truth():
    table = pd.DataFrame({"leave": [0.4, 0.1], "effect": [0.0, 0.1], "low": [-0.1, 0.05], "high": [0.1, 0.15],
                          "truth": [-0.02, 0.08]}, index=["1", "2"])
    ax = plots.risk_and_effect(table)
    assert bars(ax)[0].length == approx([40, 10])
    assert [span[1:] for span in error_bars(ax)] == [approx((-10, 10)), approx((5, 15))]
    assert next(line for line in lines(ax) if line.label == "truth").y == approx([-2, 8])
    assert list(legend(ax)) == ["leave without a call", "kept by a call: estimate", "truth"]
    assert "truth" not in legend(plots.risk_and_effect(table.drop(columns="truth")))


def test_qini_curves_draw_each_ranking_and_chance():
    curve = outreach.uplift_curve([1, 0, 1, 1], [4, 3, 2, 1], [1, 0, 1, 0])
    ax = plots.qini_curves({"a": curve})
    drawn, chance, zero = lines(ax)
    assert drawn.x == approx([0, 25, 50, 75, 100]) and drawn.y == approx(curve["gain"].tolist())
    assert chance.y == approx(curve["by_chance"].tolist()) and zero.y == [0, 0]


def test_policy_estimates_and_effects_put_the_first_on_top():
    table = pd.DataFrame({"contacted": [1, 0.5], "gain": [1000.0, 3000.0], "low": [0.0, 2000.0],
                          "high": [2000.0, 4000.0], "truth": [500.0, 3500.0]}, index=["all", "half"])
    ax = plots.policy_estimates(table)
    names, places = ticks(ax.yaxis)
    assert names == ["all", "half"] and ax.get_ylim()[0] > ax.get_ylim()[1]
    assert next(line for line in lines(ax) if line.label == "truth").x == approx([0.5, 3.5])
    effects = pd.DataFrame({"estimate": [0.1], "low": [-0.1], "high": [0.3]}, index=["kind"])
    ax = plots.effects_with_truth(effects, xlabel="kept")
    assert lines(ax)[0].x == approx([10]) and list(legend(ax)) == ["estimate"] and ax.get_xlabel() == "kept"


def test_enthusiasm_draws_points_and_curves():
    points = pd.DataFrame({"seller": [8.0, 4.0], "buyer": [4.0, 8.0]}, index=[15, 45])
    ax = plots.enthusiasm(points, points, crossing=30.0)
    seller = next(line for line in lines(ax) if line.label == "seller")
    assert seller.y == [8, 4] and labels(ax)["day 30"].x == 30 and set(legend(ax)) == {"seller", "buyer"}
    assert not plots.enthusiasm(points, points, crossing=np.nan, ax=plt.subplots()[1]).texts


def test_scorecard_bars_mark_the_weakest():
    card = outreach.scorecard(pd.DataFrame({"a_b": [1, 2, 3], "c": [5, 6, 7]}))
    ax = plots.scorecard_bars(card)
    assert ticks(ax.yaxis)[0] == ["a b", "c"]
    first, second = lines(ax)[0], lines(ax)[3]
    assert (first.x, second.x) == ([2], [6]) and first.colour != second.colour


def test_ranking_gains_draw_thousands():
    curves = call_plan_curves(PLAN, contact_cost=10, years=1)
    ax = plots.ranking_gains(curves, share=0.3)
    drawn = {line.label: line for line in lines(ax)}
    assert drawn["risk"].y == approx((curves["risk"] / 1000).tolist()) and drawn["risk"].x[-1] == 100
    assert any(line.x == [30, 30] for line in lines(ax))


def test_figures_draw_on_the_axes_they_are_given():
    _, ax = plt.subplots()
    assert plots.ranking_gains(call_plan_curves(PLAN, contact_cost=1, years=1), share=0.1, ax=ax) is ax
