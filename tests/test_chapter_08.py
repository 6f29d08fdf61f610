"""Chapter 08: its estimates against the truth of twenty companies, its figures, its questions, its explorer."""

import json
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

from crmlib import churn, clv, plots  # noqa: E402
from crmlib.data import simulate_case  # noqa: E402
from crmlib.data.case import NOT_SELLING  # noqa: E402
from crmlib.intervals import share_interval  # noqa: E402
from crmlib.teaching.questions.chapter_08 import QUESTIONS, _books, _spells, _years  # noqa: E402
from crmlib.teaching.widgets import (  # noqa: E402
    customer_account,
    customer_account_summary,
    explore_customer_account,
)
from tests.figures import bars, error_bars, labels, legend, lines, ticks  # noqa: E402

approx = pytest.approx
NOTEBOOK = Path(__file__).resolve().parents[1] / "notebooks" / "08_churn_loss.ipynb"

pytestmark = pytest.mark.usefixtures("closed_figures")


# ------------------------------------------------- estimates against the truth, in twenty companies


def inside(table, truth, low="low", high="high"):
    return ((table[low] <= truth) & (truth <= table[high]))


def covered(seed):
    """Which of the chapter's 99 % intervals hold the truth, in one company."""
    case = simulate_case(seed=seed)
    truth = case.truth.parameters
    people, tables = _books(case)
    contracts, spells = tables["contracts"], _spells(case)
    talks = tables["interactions"]
    years = churn.contract_years(contracts, contacts=talks[talks["purpose"].isin(NOT_SELLING)],
                                 incidents=tables["incidents"])
    built_in = case.truth.contracts.set_index("contract_id").reindex(years["contract_id"])
    called = years["campaign"].eq("call").fillna(False).to_numpy()
    leaving = np.where(called, built_in["exit_probability_called"], built_in["exit_probability_not_called"])
    years["leaving"], decided = leaving, years["renewed"].notna()
    years["lift"] = (built_in["exit_probability_not_called"] - built_in["exit_probability_called"]).to_numpy()
    held = {}

    curve = churn.survival_curve(spells["years"], spells["left"], level=0.99).set_index("time")
    staying = (1 - years[decided].groupby("year_number")["leaving"].mean()).cumprod()
    for year in (1, 2, 3, 4):
        held[f"survival {year}"] = inside(curve.loc[year], staying[year])

    trial = years[years["campaign"].notna() & decided]
    for name, part in {"neglected": trial[trial["neglected"]], "others": trial[~trial["neglected"]]}.items():
        effect = churn.stay_effect(part["renewed"], part["campaign"] == "call", level=0.99)
        held[f"call, {name}"] = effect["difference_low"] <= part["lift"].mean() <= effect["difference_high"]

    one = years[(years["failures"] == 1) & decided]
    for way, share in (("replaced_at_once", truth["replaced_exit"]), ("repaired", truth["repaired_exit"])):
        pair = one[one["handling"].isin([way, "blame_first"])]
        effect = churn.stay_effect(pair["renewed"], pair["handling"] == "blame_first", level=0.99)
        true = 1 - (1 - truth["blame_first_exit"]) / (1 - share)
        held[f"blame first against {way}"] = effect["exit_share_low"] <= true <= effect["exit_share_high"]

    gone = spells.index[spells["left"]]
    group = people["category"].eq("household").map({True: "household", False: "organisation"})
    asked = tables["churn_interviews"].drop_duplicates("customer_id").set_index("customer_id")
    asked = asked[asked.index.isin(gone)]
    causes = churn.cause_shares(asked["stated_reason"], groups=group[asked.index],
                                population=group[gone].value_counts(), level=0.99)
    reasons = case.truth.customers.set_index("customer_id")["true_reason"][gone].value_counts(normalize=True)
    polite = truth["neglect_stated_as_price"] * reasons["neglect"]
    stated = reasons.add(pd.Series({"neglect": -polite, "competitor": polite}), fill_value=0)
    for name in ("neglect", "competitor", "product", "need_changed"):
        held[f"stated {name}"] = inside(causes.loc[name], stated[name])

    known = case.truth.customers["would_have_come_anyway"].dropna().astype(bool)
    low, high = share_interval(known.sum(), len(known), level=0.99)
    held["come anyway"] = low <= truth["referral_anyway"] <= high

    rates = churn.winback_rates(case.winbacks.merge(case.truth.winbacks, on="attempt_id"), by="offer", level=0.99)
    chance = case.winbacks.merge(case.truth.winbacks, on="attempt_id").dropna(subset=["returned"])
    chance = chance.groupby("offer")["return_probability"].mean()
    for name in ("call", "visit", "discount"):
        held[f"win back by {name}"] = inside(rates.loc[name], chance[name])
    return held


def test_estimates_hold_the_truth_in_nineteen_of_twenty_companies():
    held = pd.DataFrame([covered(seed) for seed in range(1, 21)]).astype(bool)
    missed = held.columns[held.sum() < 19].tolist()
    assert not missed, held[missed].sum().to_dict()


# ------------------------------------------------------------------------- what the prose asserts


def test_the_mean_of_those_who_left_is_too_short(case):
    spells = _spells(case)
    stays = churn.lifetimes(spells["years"], spells["left"], horizon=4)
    assert stays["leavers_only"] < 2 < stays["restricted_mean"] < stays["median"]
    assert spells["left"].sum() == 460 and len(spells) == 1370


def test_every_contract_customer_has_a_spell_and_every_leaver_an_end(case):
    spells, contracts = _spells(case), _books(case)[1]["contracts"]
    assert spells["left"].sum() == contracts["renewed"].eq(False).sum()
    gone = case.truth.customers.set_index("customer_id")["left_on"].reindex(spells.index)
    assert (spells["left"] == (gone <= case.observation_end)).all()  # the truth's first departure


def test_renewed_shares_multiply_to_the_curve(case):
    spells, contracts = _spells(case), _books(case)[1]["contracts"]
    rates = contracts.dropna(subset=["renewed"]).groupby("year_number")["renewed"].mean().astype(float)
    curve = churn.survival_curve(spells["years"], spells["left"]).set_index("time")["survival"]
    assert curve.loc[1:].tolist() == approx(rates.cumprod().tolist())


def test_the_memo_does_not_contradict_itself_at_any_price():
    """The decision of the chapter: a call does the same as the hotline, so only its price decides."""
    sources = ["".join(cell["source"]) for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"]]
    code = next(source for source in sources if source.startswith("good_calls =")).split("loss_text")[0]
    calls = {"call_cost": 14, "overlooked": range(383)}
    for works, price, expected in ((True, 4_000, (True, True)), (True, 100_000, (False, True)),
                                   (True, 600_000, (False, True)), (False, 100_000, (True, False)),
                                   (False, 600_000, (False, True))):
        low = 50_000 if works else -9_000
        gain = {"gain": 140_000, "low": low, "high": 290_000}
        names = calls | {"gain": gain, "hotline_cost": price, "calls_cost": 2_702}
        exec(code, names)
        assert (names["pays"], names["sure"]) == expected, (works, price)


def test_half_of_the_neglected_are_called_already(case):
    years = _years(case)
    due = years[years["neglected"] & (years["due_on"].dt.year == 2025)]
    assert due["campaign"].value_counts().to_dict() == {"control": 193, "call": 190}


def test_the_hotline_costs_more_than_the_truth_gives_back(case):
    years = _years(case)
    built_in = case.truth.contracts.set_index("contract_id")
    lift = built_in["exit_probability_not_called"] - built_in["exit_probability_called"]
    due = years[years["neglected"] & (years["due_on"].dt.year == 2025)]
    multiple = clv.retention_multiple(float(years["renewed"].mean()), 0.1, timing="immediate")
    value = years.loc[years["neglected"] & years["next_profit"].notna(), "next_profit"].mean() * multiple
    assert 5_400 < lift[due["contract_id"]].sum() * value < 400_000


def test_next_profit_is_that_of_the_year_after(case):
    years = _years(case)
    some = years[years["next_profit"].notna()].head(30)
    for row in some.itertuples():
        after = years[(years["customer_id"] == row.customer_id) & (years["year_number"] == row.year_number + 1)]
        assert after["profit"].tolist() == [row.next_profit] and after["renewed"].notna().all() and row.renewed


# -------------------------------------------------------------------------------- the questions


def test_questions_by_hand():
    right = {name: QUESTIONS[name].expected() for name in ("08.1", "08.3", "08.5", "08.6")}
    assert right["08.1"] == 18                                            # 1,050 / 60.5 = 17.36
    assert right["08.3"] == approx(0.55 + 6_000 * 1.1**2 / 40_000)
    assert right["08.5"] == approx(0.88 * 0.27 / (0.85 * 0.24) - 1)       # r / (1 + d - r), d = 0.12
    assert right["08.6"] == approx(36 / 102)


# -------------------------------------------------------------------------------- the explorer

START = {"margin": 100, "retention_rate": 0.8, "discount_rate": 0.1, "acquisition_cost": 180, "recovery_cost": 50,
         "recovery_rise": 0.1, "friends_a_year": 0.1, "anyway": 0.4, "reward": 20}


def test_account_by_hand():
    account = customer_account(**START)
    own, friends = 100 * 1.1 / 0.3, 0.1 * 1.1 / 0.3
    assert account.tolist() == approx([
        -180, own, -50, 0.1 * own / 1.1, friends * 0.6 * own, friends * 0.4 * 180, -friends * 20,
        -180 + own - 50 + 0.1 * own / 1.1 + friends * (0.6 * own + 0.4 * 180 - 20)])
    assert account["balance"] == approx(account.iloc[:-1].sum())
    cheaper = customer_account(**START, winning_cost=100)
    assert cheaper["winning saved"] == approx(friends * 0.4 * 100) and cheaper["winning"] == -180


def test_five_points_more_never_lift_a_chance_above_one():
    text = customer_account_summary(**START | {"retention_rate": 0.9, "recovery_rise": 0.1})
    assert "5 points more retention would add" in text
    assert "2 points more" in customer_account_summary(**START | {"retention_rate": 0.98, "recovery_rise": 0.02})


@pytest.mark.parametrize(("change", "message"), [
    ({"recovery_rise": 0.3}, "make more than 1: at most 0.2 can be gained"), ({"anyway": 40}, "did you mean 0.4"),
    ({"reward": -1}, "reward must be zero or more"), ({"retention_rate": 80}, "make more than 1|did you mean 0.8"),
    ({"friends_a_year": -0.1}, "friends_a_year must be zero or more"),
])
def test_account_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        customer_account(**START | change)


def test_explorer_has_the_sliders_of_the_task_sheet():
    names = [slider.description for slider in explore_customer_account(START).children[:-1]]
    assert names == ["retention rate", "acquisition cost", "cost of making good", "rise by making good",
                     "friends sent a year"]


# -------------------------------------------------------------------------------- the figures


def test_replacement_bars_say_where_no_number_is_enough():
    table = churn.replacement_table({"revenue": 3500, "value": 10}, {"revenue": 275, "value": 0})
    ax = plots.replacement_bars(table)
    assert bars(ax)[0].length == [13, 0] and ticks(ax.yaxis)[0] == ["revenue", "value"]
    assert set(labels(ax)) == {"13", "no number is enough"}


def test_loss_waterfall_ends_where_the_account_does():
    account = churn.loss_account(3500, replacements=13, new_value=275, acquisition_cost=100)
    steps = bars(plots.loss_waterfall(account))[0]
    assert steps.start == approx([0, 3500, 4800, 0, 0]) and steps.length == approx([3500, 1300, -3575, 1225, 4800])
    assert steps.start[2] + steps.length[2] == approx(account["total"])


def test_survival_steps_draw_curve_band_truth_and_the_wrong_curve():
    curve = churn.survival_curve([1, 1, 2, 2, 4], [True, True, True, False, False])
    wrong = churn.survival_curve([1, 1, 2], [True] * 3)
    ax = plots.survival_steps(curve, truth=pd.Series({1: 0.5}), wrong=("only those who left", wrong))
    drawn, dashed, truth = lines(ax)
    assert drawn.y == approx([100, 60, 40, 40]) and drawn.x == approx([0, 1, 2, 2.4])
    assert dashed.y[-1] == 0 and (truth.x, truth.y) == ([1], [50])
    assert set(legend(ax)) == {"Kaplan-Meier", "only those who left", "truth"}
    two = churn.survival_curve([1, 2, 1, 2], [True, False, True, False], groups=["a", "a", "b", "b"])
    assert set(legend(plots.survival_steps(two))) == {"a", "b"}


def test_cause_bars_are_in_pareto_order():
    shares = pd.DataFrame({"share": [0.3, 0.7], "low": [0.2, 0.6], "high": [0.4, 0.8]}, index=["moved", "neglect"])
    ax = plots.cause_bars(shares, truth=pd.Series({"moved": 0.4}), controllable=["neglect"])
    ours, others = bars(ax)
    assert (ours.length, others.length) == (approx([70]), approx([30])) and ours.colours != others.colours
    assert set(legend(ax)) == {"controllable", "not controllable", "added up", "truth"}
    assert ticks(ax.xaxis)[0] == ["neglect", "moved"]
    assert error_bars(ax) == [approx((0, 60, 80)), approx((1, 20, 40))]
    drawn = {line.label: line for line in lines(ax)}
    assert drawn["added up"].y == approx([70, 100]) and drawn["truth"].y == approx([0, 40])


def test_retention_convexity_touches_the_curve():
    rates = np.linspace(0.4, 0.9, 51)
    curve, tangent, point = lines(plots.retention_convexity(rates, rates**2, at=0.6))
    assert curve.y == approx((rates**2).tolist()) and (point.x, point.y) == (approx([60]), approx([0.36]))
    at = tangent.x.index(approx(60))
    assert tangent.y[at] == approx(0.36) and tangent.y[at + 1] - tangent.y[at] == approx(1.2 * 0.01)


def test_ladder_bars_show_cost_and_multiple():
    table = pd.DataFrame({"cost": [20.0, 200.0], "low": [10.0, 150.0], "high": [30.0, 300.0], "times": [1.0, 10.0]},
                         index=["keep", "win"])
    ax = plots.ladder_bars(table)
    assert lines(ax)[0].x == [20, 200] and ax.get_xscale() == "log"
    assert set(labels(ax)) == {"20  (× 1.0)", "200  (× 10.0)"}


def test_recovery_lines_cross_zero_at_the_break_even():
    measured = pd.DataFrame({"rise": [0.2], "low": [0.1], "high": [0.3]}, index=["repair"])
    ax = plots.recovery_lines({"repair": 100}, 1000, measured)
    line, thick, point, _ = lines(ax)
    assert np.interp(10, line.x, line.y) == approx(0)
    assert (thick.x, thick.y) == (approx([10, 30]), approx([0, 200]))
    assert (point.x, point.y) == (approx([20]), approx([100]))


def test_tenure_profit_lines_draw_three_readings():
    table = pd.DataFrame({"per_won": [-50.0, 30.0], "cumulative": [-50.0, -20.0], "per_buying": [np.nan, 60.0]},
                         index=[0, 1])
    ax = plots.tenure_profit_lines(table)
    assert bars(ax)[0].length == [-50, 30]
    drawn = {line.label: line.y for line in lines(ax)}
    assert drawn["so far, per customer won"] == [-50, -20] and drawn["in the year, per one still buying"][1] == 60


def test_winback_bars_put_the_best_on_top():
    table = pd.DataFrame({"expected": [400.0, -20.0], "low": [100.0, -20.0], "high": [700.0, 300.0],
                          "truth": [350.0, -20.0]}, index=["contact_left", "closed"])
    ax = plots.winback_bars(table)
    assert ticks(ax.yaxis)[0] == ["closed", "contact left"] and lines(ax)[0].x == [-20, 400]
    assert set(legend(ax)) == {"estimate and interval", "truth"}


def test_customer_account_colours_by_sign():
    ax = plots.customer_account(customer_account(**START))
    group = bars(ax)[0]
    assert group.length == approx(customer_account(**START).tolist())
    assert group.colours[0] != group.colours[1] and group.colours[-1] == "#000000"


def test_figures_draw_on_the_axes_they_are_given():
    _, ax = plt.subplots()
    assert plots.customer_account(customer_account(**START), ax=ax) is ax
