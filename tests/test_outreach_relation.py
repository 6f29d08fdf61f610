"""Enthusiasm curves, scorecards and coded talks."""

import numpy as np
import pandas as pd
import pytest

from crmlib.errors import DataError
from crmlib.outreach import (
    alpha_without,
    buyer_curve,
    code_shares,
    coding_table,
    cronbach_alpha,
    enthusiasm_gap,
    fit_enthusiasm,
    scorecard,
    seller_curve,
)

approx = pytest.approx
nan = np.nan


# ------------------------------------------------------------------------------------ enthusiasm


def test_curves_at_their_named_days():
    assert seller_curve([0, 90], start=9, drop=6, drop_days=90).tolist() == approx([9, 9 - 6 * (1 - np.exp(-1))])
    assert buyer_curve([60, 1e4], start=4, rise=4, rise_days=60).tolist() == approx([6, 8])
    assert buyer_curve(85, start=4, rise=4, rise_days=60) == approx(4 + 4 / (1 + np.exp(-1)))
    for bad in (-1, nan):
        with pytest.raises(ValueError, match="days are counted from the sale on"):
            seller_curve(bad, start=9, drop=6, drop_days=90)
    with pytest.raises(ValueError, match="drop_days must be above zero"):
        seller_curve(1, start=9, drop=6, drop_days=0)


def talks(side, seed=0, n=4000, spread=1.1, **parameters):
    random = np.random.default_rng(seed)
    t = np.floor(random.random(n) * 700)
    curve = {"seller": seller_curve, "buyer": buyer_curve}[side](t, **parameters)
    return t, np.clip(np.round(curve + spread * random.standard_normal(n)), 1, 10).astype(int)


@pytest.mark.parametrize(("side", "truth"), [
    ("seller", {"start": 9.6, "drop": 9.0, "drop_days": 90}),  # both ends of the scale are pressed upon
    ("buyer", {"start": 4, "rise": 4, "rise_days": 60}),
    ("buyer", {"start": 4, "rise": 5.6, "rise_days": 60}),  # long after the sale the scale is too short
])
def test_fit_finds_the_curve(side, truth):
    t, tone = talks(side, **truth)
    fit = fit_enthusiasm(t, tone, side=side, level=0.99)
    inside = [row["low"] <= truth[name] <= row["high"] for name, row in fit.parameters.iterrows()]
    assert all(inside), fit.parameters
    assert fit.spread == approx(1.1, abs=0.06) and (fit.talks, fit.customers) == (4000, 4000)
    assert fit.predict([0, 50]) == approx(
        {"seller": seller_curve, "buyer": buyer_curve}[side]([0, 50], **fit.parameters["estimate"]))


def test_ignoring_the_ends_of_the_scale_flattens_the_curve():
    t, tone = talks("seller", start=9.6, drop=9.0, drop_days=90)
    censored, ignored = (fit_enthusiasm(t, tone, side="seller", ends=ends, level=0.99).parameters.loc["drop"]
                         for ends in ("censored", "ignored"))
    assert ignored["high"] < 9.0 < censored["high"] and ignored["estimate"] < censored["estimate"]


def test_talks_of_one_customer_count_once():
    t, tone = talks("buyer", n=1500, start=4, rise=4, rise_days=60)
    once = fit_enthusiasm(t, tone, side="buyer").parameters.loc["rise"]
    thrice = fit_enthusiasm(np.tile(t, 3), np.tile(tone, 3), side="buyer",
                            groups=np.tile(np.arange(1500), 3)).parameters.loc["rise"]
    assert thrice["estimate"] == approx(once["estimate"], abs=1e-3)
    assert thrice["high"] - thrice["low"] == approx(once["high"] - once["low"], rel=0.02)


@pytest.mark.parametrize(("change", "error", "message"), [
    ({"days": [-1] + [5] * 29}, DataError, "1 talks took place before the sale"),
    ({"tone": [0] * 30}, DataError, "tones must be whole numbers from 1 to 10"),
    ({"tone": [4.5] * 30}, DataError, "tones must be whole numbers"),
    ({"tone": [5] * 30}, DataError, "all tones are the same"),
    ({"tone": [nan] * 30}, DataError, "30 of 30 values of tone are missing"),
    ({"days": [1] * 5, "tone": [5] * 5}, DataError, "5 talks are too few"),
    ({"days": [1] * 5}, DataError, "days has 5 rows, the others have 30"),
    ({"side": "boss"}, ValueError, "side='boss' is not known"),
    ({"ends": "cut"}, ValueError, "ends='cut' is not known"),
    ({"scale": (10, 1)}, ValueError, r"scale must be \(lowest, highest\)"),
])
def test_bad_talks(change, error, message):
    arguments = {"days": list(range(30)), "tone": [9, 8, 7] * 10, "side": "seller"} | change
    with pytest.raises(error, match=message):
        fit_enthusiasm(arguments.pop("days"), arguments.pop("tone"), **arguments)


def test_gap_by_hand():
    # lines that meet on day 50: from there the gap is a triangle of 50 days and 2 points
    gap = enthusiasm_gap(lambda t: 7 - t / 50, lambda t: 5 + t / 50, days=100)
    assert gap.to_dict() == approx({"crossing": 50, "gap": 0.5 * 50 * 2 / 100, "largest": 2}, abs=1e-3)
    raised = enthusiasm_gap(lambda t: 7 - t / 50, lambda t: 5 + t / 50, days=100, lift=2, lift_from=50)
    assert raised["gap"] == approx(0, abs=1e-3)
    never = enthusiasm_gap(lambda t: 9 + 0 * t, lambda t: 1 + 0 * t)
    assert np.isnan(never["crossing"]) and never["gap"] == never["largest"] == 0
    for days in (-30, 0, 0.5):
        with pytest.raises(ValueError, match="days must be"):
            enthusiasm_gap(lambda t: t, lambda t: t, days=days)


# ------------------------------------------------------------------------------------ scorecards

# the data set "cronbach_alpha" of the package pingouin 0.7, respondents in rows, items Q1 to Q10; its alpha is 0.5917,
# with the interval 0.195 to 0.840
PINGOUIN = pd.DataFrame([
    [3, 2, 4, 1, 4, 5, 1, 4, 3, 2], [5, 4, 6, 3, 5, 1, 2, 5, 5, 5], [7, 3, 5, 5, 6, 4, 3, 3, 6, 5],
    [2, 4, 3, 3, 2, 2, 2, 6, 6, 3], [6, 5, 6, 5, 4, 4, 4, 6, 7, 5], [1, 2, 3, 4, 2, 5, 2, 3, 5, 2],
    [4, 3, 5, 3, 5, 2, 1, 2, 4, 3], [2, 4, 4, 3, 7, 2, 2, 4, 6, 5], [6, 5, 5, 5, 1, 6, 5, 2, 3, 2],
    [5, 4, 6, 4, 3, 5, 3, 1, 7, 2], [4, 3, 5, 2, 5, 3, 2, 3, 4, 1], [4, 2, 3, 2, 5, 3, 4, 2, 3, 4],
    [5, 5, 6, 2, 3, 3, 2, 4, 4, 5], [6, 5, 5, 4, 2, 2, 1, 4, 6, 5], [4, 3, 5, 5, 3, 1, 3, 2, 3, 4],
])


def test_alpha_and_its_interval_as_in_pingouin():
    alpha = cronbach_alpha(PINGOUIN)
    assert alpha["alpha"] == approx(0.5917188485995826)
    assert alpha[["low", "high"]].round(3).tolist() == [0.195, 0.840]
    assert alpha[["items", "respondents"]].tolist() == [10, 15]


def test_alpha_at_its_ends():
    same = pd.DataFrame({"a": [1.0, 2, 3], "b": [1.0, 2, 3], "c": [1.0, 2, 3]})
    assert cronbach_alpha(same)["alpha"] == approx(1)
    # two items: alpha = 2 cov / var of a mean pair, by hand: var 1, 1, cov 0.5 -> 2 * (1 - 2 / 3)
    pair = pd.DataFrame({"a": [0.0, 1, 2], "b": [0.0, 2, 1]})
    assert cronbach_alpha(pair)["alpha"] == approx(2 * (1 - 2 / 3))
    opposed = pd.DataFrame({"a": [1, 2, 3, 4], "b": [4, 3, 2, 2]})
    assert cronbach_alpha(opposed)["alpha"] < 0
    without = alpha_without(PINGOUIN)
    assert without.loc[3] == approx(cronbach_alpha(PINGOUIN.drop(columns=3))["alpha"]) and len(without) == 10


def test_scorecard_puts_the_weakest_first():
    card = scorecard(PINGOUIN.rename(columns=str), scale=(1, 7), level=0.99)
    assert card.index[0] == "6" and card["mean"].is_monotonic_increasing
    row, column = card.loc["0"], PINGOUIN[0]
    half = 2.575829 * column.std() / np.sqrt(15)
    assert row.tolist() == approx([column.mean(), column.mean() - half, column.mean() + half], rel=1e-5)


@pytest.mark.parametrize("function", [scorecard, cronbach_alpha])
@pytest.mark.parametrize(("items", "message"), [
    (PINGOUIN.iloc[:1], "a scorecard with 1 respondent has no variance"),
    (PINGOUIN[[0]], "at least two items; this one has 1"),
    (PINGOUIN.astype(float).replace(7.0, nan), "values of the item 0 are missing"),
    (PINGOUIN.astype(str) + "x", "the item 0 must be numbers"),
])
def test_bad_scorecards(function, items, message):
    with pytest.raises(DataError, match=message):
        function(items)


def test_scorecards_without_variance_or_outside_the_scale():
    with pytest.raises(DataError, match="all respondents have the same total"):
        cronbach_alpha(pd.DataFrame({"a": [1, 2, 3], "b": [3, 2, 1]}))
    with pytest.raises(DataError, match="all respondents have the same total"):
        cronbach_alpha(pd.DataFrame({"a": [4, 4], "b": [5, 5]}))
    with pytest.raises(DataError, match="2 answers are outside the scale from 1 to 6, the first in 0"):
        scorecard(PINGOUIN.iloc[:5], scale=(1, 6))
    with pytest.raises(ValueError, match="scale must be"):
        scorecard(PINGOUIN, scale=(7, 1))
    with pytest.raises(TypeError, match="items must be a pandas DataFrame"):
        cronbach_alpha([[1, 2], [3, 4]])
    with pytest.raises(DataError, match="leaving an item out of two"):
        alpha_without(PINGOUIN[[0, 1]])


# ----------------------------------------------------------------------------------- coded talks


def test_coded_talks():
    log = pd.DataFrame({"purpose": ["sales", "sales", "advice", "sales"], "function": ["m", "i", "i", "m"]})
    table = coding_table(log, rows="purpose", columns="function")
    assert list(table) == ["talks", "i", "m"] and table.index.tolist() == ["advice", "sales"]
    assert table.loc["sales"].tolist() == approx([3, 1 / 3, 2 / 3])
    with pytest.raises(DataError, match="1 talks are not coded"):
        coding_table(log.assign(function=["m", None, "i", "m"]), rows="purpose", columns="function")
    with pytest.raises(DataError, match=r"talks lack the column\(s\) why"):
        coding_table(log, rows="purpose", columns="why")


def test_shares_of_codes_are_a_pareto_table():
    table = code_shares(["b", "a", "b", "c", "b", "a"])
    assert table.index.tolist() == ["b", "a", "c"] and table["count"].tolist() == [3, 2, 1]
    assert table["running"].tolist() == approx([0.5, 5 / 6, 1])
    assert ((table["low"] < table["share"]) & (table["share"] < table["high"])).all()
    for bad in ([], ["a", None]):
        with pytest.raises(DataError, match="one code per case"):
            code_shares(bad)
