"""Tiers by count, value and cut-off, and what one ranking says of another."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from crmlib.errors import CrmWarning, DataError
from crmlib.segments import PYRAMID, programme, rank_agreement, tier_crosstab, tier_summary, tiers

HUNDRED = pd.Series(np.arange(100, 0, -1.0), index=[f"c{n}" for n in range(100)])


def counts(tier):
    return tier.value_counts(sort=False).to_dict()


def test_the_pyramid_of_a_hundred_customers():
    tier = tiers(HUNDRED, method="count", limits=PYRAMID)
    assert counts(tier) == {"VIP": 1, "major": 4, "ordinary": 15, "small": 80}
    assert tier["c0"] == "VIP" and tier["c4"] == "major" and tier["c5"] == "ordinary" and tier["c20"] == "small"
    assert tier.cat.ordered and tier.index.equals(HUNDRED.index)


def test_counts_are_rounded_up_at_every_border():
    assert counts(tiers(HUNDRED[:30], method="count", limits=PYRAMID)) == {
        "VIP": 1, "major": 1, "ordinary": 4, "small": 24}           # 0.3 -> 1, 1.5 -> 2, 6
    assert counts(tiers(np.arange(250.0), method="count", limits=(0.01, 0.99), names=("top", "rest")))["top"] == 3
    # 0.1 * 30 is 3.0000000000000004 in floating point
    assert counts(tiers(np.arange(30.0), method="count", limits=(0.1, 0.9), names=("top", "rest")))["top"] == 3


def test_by_value():
    x = pd.Series([50, 20, 15, 10, 5])
    tier = tiers(x, method="value", limits=(0.5, 0.3, 0.2), names="ABC")
    assert tier.tolist() == ["A", "B", "B", "C", "C"]               # 50 %, then 80 % is passed with the third
    assert tiers([10, 10, 10], method="value", limits=(0.8, 0.2), names="AB", ties="order").tolist() == ["A", "A", "A"]
    alike = tiers([9.99] * 10, method="value", limits=(0.8, 0.2), names="AB", ties="order")
    assert alike.tolist() == ["A"] * 8 + ["B"] * 2
    with pytest.raises(DataError, match="no customer has a value above zero"):
        tiers([0, 0, -1], method="value", limits=(0.8, 0.2), names="AB")


def test_by_cutoff_a_tier_starts_at_its_amount():
    tier = tiers([100, 99.99, 10, 9.99, 0, -1], method="cutoff", limits=(100, 10), names="ABC")
    assert tier.tolist() == ["A", "B", "B", "C", "C", "loss-making"]
    assert tiers([5, 5, 5], method="cutoff", limits=(5,), names="AB").tolist() == ["A"] * 3


@pytest.mark.parametrize(("ties", "expected"), [("up", "AAAB"), ("down", "ABBB"), ("order", "AABB")])
def test_ties_at_a_border(ties, expected):
    tier = tiers([9, 5, 5, 1], method="count", limits=(0.5, 0.5), names="AB", ties=ties)
    assert "".join(tier) == expected


def test_all_customers_alike():
    alike = [7.0] * 10
    by = {"method": "count", "limits": (0.2, 0.8), "names": "AB"}
    with pytest.warns(CrmWarning, match="10 customers are in the best tier, 2 were meant: many tie"):
        assert "".join(tiers(alike, **by)) == "A" * 10
    assert "".join(tiers(alike, **by, ties="down")) == "B" * 10
    assert "".join(tiers(alike, **by, ties="order")) == "AA" + "B" * 8


def test_losses_get_a_tier_of_their_own_or_the_one_of_their_rank():
    x = pd.Series([10.0, 5.0, -1.0, -2.0])
    by = {"method": "count", "limits": (0.25, 0.5, 0.25), "names": "ABC"}
    assert tiers(x, **by).tolist() == ["A", "B", "loss-making", "loss-making"]
    assert tiers(x, **by, negative="rank").tolist() == ["A", "B", "B", "C"]
    assert list(tiers(x.abs(), **by).cat.categories) == ["A", "B", "C"]
    with pytest.raises(DataError, match=r"2 of 4 values are negative \(smallest -2.00\)"):
        tiers(x, **by, negative="raise")
    with pytest.raises(ValueError, match="the name 'loss-making' is taken"):
        tiers(x, **by | {"names": ("A", "B", "loss-making")})


def test_few_customers():
    with pytest.warns(CrmWarning, match=r"1 customer\(s\) for 4 tiers: some tiers stay empty"):
        assert tiers([3], method="count", limits=PYRAMID).tolist() == ["VIP"]
    with pytest.warns(CrmWarning, match=r"3 customer\(s\) for 4 tiers"):
        tier = tiers([3, 2, 1], method="count", limits=PYRAMID)
    assert counts(tier) == {"VIP": 1, "major": 0, "ordinary": 0, "small": 2}


@pytest.mark.parametrize(("change", "message"), [
    ({"limits": (0.2, 0.8)}, r"2 limit\(s\) for 4 tiers \(VIP, major, ordinary, small\): method 'count' needs 4"),
    ({"limits": (0.01, 0.04, 0.15, 0.75)}, "add up to 0.95, not 1: give the last tier the rest"),
    ({"limits": (1, 4, 15, 80)}, r"add up to 100, not 1: did you mean \[0.01, 0.04, 0.15, 0.8\]\?"),
    ({"limits": (0.01, 0.05, 0.2, 1.0)}, "add up to 1.26, not 1: are they cumulative"),
    ({"limits": (-0.1, 0.3, 0.4, 0.4)}, "a share cannot be negative"),
    ({"limits": ("a", 1, 2, 3)}, "limits must be a list of numbers"),
    ({"limits": 3}, "limits must be a list of numbers"),
    ({"method": "cutoff", "limits": (10, 20, 5)}, "cut-offs must fall"),
    ({"method": "cutoff", "limits": (10, 5, 2, 1)}, r"4 limit\(s\) for 4 tiers.*method 'cutoff' needs 3"),
    ({"method": "size"}, "method='size' is not known: use one of 'count', 'value', 'cutoff'"),
    ({"ties": "together"}, "ties='together' is not known"),
    ({"negative": "drop"}, "negative='drop' is not known"),
    ({"names": ("A", "A", "B", "C")}, "names must be different"),
])
def test_bad_arguments(change, message):
    with pytest.raises(ValueError, match=message):
        tiers(HUNDRED, **{"method": "count", "limits": PYRAMID} | change)


def test_bad_values():
    with pytest.raises(DataError, match="1 of 2 values of values are missing"):
        tiers([1, np.nan], method="count", limits=(0.5, 0.5), names="AB")
    with pytest.raises(DataError, match="twice, the first 'x'"):
        tiers(pd.Series([1, 2], index=["x", "x"]), method="count", limits=(0.5, 0.5), names="AB")


def test_summary_holds_everything():
    tier = tiers(HUNDRED, method="count", limits=PYRAMID)
    table = tier_summary(HUNDRED, tier)
    assert table["customers"].tolist() == [1, 4, 15, 80] and table["customer_share"].sum() == pytest.approx(1)
    assert table["value"].tolist() == [100, 99 + 98 + 97 + 96, sum(range(81, 96)), sum(range(1, 81))]
    assert table["value"].sum() == 5050 and table["value_share"].sum() == pytest.approx(1)
    assert table["smallest"].tolist() == [100, 96, 81, 1]
    assert table.loc["major", "mean"] == 97.5
    with pytest.raises(DataError, match="not about the same customers: 1 are only in values, 0 only in tier"):
        tier_summary(HUNDRED, tier[1:])
    nothing = tier_summary(HUNDRED * 0, tier)
    assert nothing["value_share"].isna().all()


def test_crosstab_counts_everybody_once():
    spend = pd.Series({"a": 100.0, "b": 90, "c": 50, "d": 10})
    profit = pd.Series({"d": 8.0, "a": -20, "b": 30, "c": 10})     # another order: matched by customer
    by = {"method": "count", "limits": (0.25, 0.75), "names": ("big", "rest")}
    table = tier_crosstab(tiers(spend, **by), tiers(profit, **by))
    assert table.to_numpy().tolist() == [[0, 0, 1], [1, 2, 0]]
    assert table.columns.tolist() == ["big", "rest", "loss-making"]
    with pytest.raises(DataError, match="not about the same customers"):
        tier_crosstab(tiers(spend, **by), tiers(profit[1:], **by))


def test_programme_by_hand():
    profit = pd.Series({"a": -20.0, "b": 30.0, "c": 10.0, "d": 8.0})
    spend = pd.Series({"a": 100.0, "b": 90.0, "c": 50.0, "d": 10.0})
    table = programme(profit, {"spend": spend, "profit": profit}, places=2)
    assert table.loc["spend"].tolist() == [10, 1, 1, 30]
    assert table.loc["profit"].tolist() == [40, 0, 2, 0]
    assert programme(profit, {"spend": spend}, places=4).loc["spend", "given_away"] == 0
    with pytest.raises(ValueError, match="5 places for 4 customers"):
        programme(profit, {"spend": spend}, places=5)
    with pytest.raises(ValueError, match="places must be a whole number of at least 1"):
        programme(profit, {"spend": spend}, places=0)
    with pytest.raises(DataError, match="1 are only in worth"):
        programme(profit, {"spend": spend[1:]}, places=2)


def test_rank_agreement():
    first = pd.Series([1.0, 2, 3, 4, 5])
    assert rank_agreement(first, first)["tau"] == pytest.approx(1)
    assert rank_agreement(first, -first)["tau"] == pytest.approx(-1)
    # one of the ten pairs is turned round: (9 - 1) / 10
    swapped = rank_agreement(first, pd.Series([1.0, 2, 3, 5, 4]))
    assert swapped["tau"] == pytest.approx(0.8)
    assert swapped["high"] == 1 and swapped["low"] == pytest.approx(0.8 - 1.959964 * np.sqrt(2 * 0.36 / 5))
    assert swapped["top_overlap"] == 0
    assert rank_agreement(first, first)[["low", "high"]].isna().all()             # five customers prove nothing
    tied = rank_agreement(pd.Series([1.0, 0, 0, 0, 1]), pd.Series([1.0, 0, 0, 1, 1]))
    assert tied["tau"] > 0 and tied[["low", "high"]].isna().all()                 # Kendall's bound is for no ties
    assert np.isnan(rank_agreement(first, first * 0)["tau"])
    assert np.isnan(rank_agreement(first[:1], first[:1])["tau"])
    with pytest.raises(ValueError, match="top 20 is not between 0 and 1: did you mean 0.2"):
        rank_agreement(first, first, top=20)


values = st.lists(st.integers(-10_000, 100_000).map(lambda cents: cents / 100), min_size=4, max_size=60)
shares = st.lists(st.floats(0.01, 1), min_size=4, max_size=4).map(lambda s: [each / sum(s) for each in s])


@pytest.mark.filterwarnings("ignore:.*customers are in the best tier")
@given(values, shares, st.sampled_from(["up", "down", "order"]), st.sampled_from(["count", "value"]))
def test_better_tiers_hold_better_customers_and_nobody_is_lost(x, limits, ties, method):
    assume(max(x) > 0)
    x = pd.Series(x)
    tier = tiers(x, method=method, limits=limits, ties=ties, negative="rank")
    codes = tier.cat.codes.to_numpy()
    order = np.lexsort((codes, -x.to_numpy()))
    assert (np.diff(codes[order]) >= 0).all()
    table = tier_summary(x, tier)
    assert table["customers"].sum() == len(x)
    assert round(table["value"].sum() * 100) == round(sum(round(v * 100) for v in x))
    if ties != "order":
        assert tier.astype(str).groupby(x.to_numpy()).nunique().eq(1).all()


@given(values, st.integers(1, 4))
def test_no_list_is_better_than_the_one_by_worth(x, places):
    worth = pd.Series(x)
    table = programme(worth, {"itself": worth, "reversed": -worth, "absolute": worth.abs()}, places=places)
    assert (table["given_away"] >= 0).all() and table.loc["itself", "given_away"] == 0


def test_sums_that_differ_by_rounding_are_equal():
    tier = tiers([0.1 + 0.2, 0.3, 0.1], method="count", limits=(0.3, 0.7), names="AB", ties="up")
    assert "".join(tier) == "AAB"


@pytest.mark.parametrize("function", [
    lambda x: tier_summary(x, tiers(x, method="count", limits=(0.5, 0.5), names="AB")),
    lambda x: programme(x, {"itself": x}, places=100),
])
def test_money_in_ten_thousands_is_refused(function):
    with pytest.raises(DataError, match=r"would lose 74.6% by rounding to 0.01: are they in thousands\?"):
        function(pd.Series([0.0049] * 600 + [1.0]))
