"""Recency, frequency, monetary value: what is counted, and how equal customers are scored."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib.btyd import customer_summary
from crmlib.data import load_cdnow
from crmlib.errors import CrmWarning, DataError
from crmlib.segments import rank_scores, rfm, scores_by_row_order

END = "2025-12-31"


def lines(*rows):
    table = pd.DataFrame(rows, columns=["customer_id", "date", "amount"])
    return table.assign(date=pd.to_datetime(table["date"]), amount=table["amount"].astype(float))


FIVE = lines(("a", "2025-12-31", 50), ("b", "2025-12-01", 10), ("b", "2025-12-01", 5), ("b", "2025-11-01", 5),
             ("c", "2025-06-30", 400), ("d", "2025-01-31", 30), ("d", "2025-02-28", -10), ("d", "2025-03-31", 30),
             ("d", "2025-05-31", 30), ("e", "2024-12-31", 5))


def test_rfm_by_hand():
    table = rfm(FIVE, as_of=END, collapsed="ignore").set_index("customer_id")
    assert table["recency_days"].tolist() == [0, 30, 184, 214, 365]
    assert table["frequency"].tolist() == [1, 2, 1, 3, 1]           # days, not lines; a return is no purchase
    assert table["monetary"].tolist() == [50, 20, 400, 80, 5]
    assert table["r_score"].tolist() == [5, 4, 3, 2, 1]
    assert table["f_score"].tolist() == [2, 4, 2, 5, 2]             # three tie on ranks 1 to 3: average 2 of 5
    assert table["m_score"].tolist() == [3, 2, 5, 4, 1]
    assert table["rfm"].tolist() == ["523", "442", "325", "254", "121"]


def test_monetary_mean_is_per_purchase_day():
    table = rfm(FIVE, as_of=END, monetary="mean", collapsed="ignore").set_index("customer_id")
    assert table["monetary"].tolist() == pytest.approx([50, 10, 400, 80 / 3, 5])


def test_window_counts_purchases_and_money_in_it_and_drops_nobody():
    table = rfm(FIVE, as_of=END, window=31, collapsed="ignore").set_index("customer_id")
    assert table["frequency"].tolist() == [1, 1, 0, 0, 0]
    assert table["monetary"].tolist() == [50, 15, 0, 0, 0]
    assert table["recency_days"].tolist() == [0, 30, 184, 214, 365]
    assert rfm(FIVE, as_of=END, window=30, collapsed="ignore")["frequency"].tolist() == [1, 0, 0, 0, 0]


def test_equal_customers_get_equal_scores_in_any_order_of_rows():
    twins = lines(*[(name, "2025-03-01", 10) for name in "abcdef"], ("g", "2025-04-01", 20))
    table = rfm(twins, as_of=END, collapsed="ignore")
    assert table.loc[:5, "rfm"].nunique() == 1
    shuffled = rfm(twins.sample(frac=1, random_state=3), as_of=END, collapsed="ignore")
    pd.testing.assert_frame_equal(table, shuffled)
    wrong = scores_by_row_order(pd.Series([1] * 6 + [2]), levels=5)
    assert wrong[:6].nunique() > 1                                  # the defect the chapter shows


def test_the_snapshot_and_not_the_clock_decides():
    assert (rfm(FIVE, as_of="2026-12-31", collapsed="ignore")["recency_days"]
            - rfm(FIVE, as_of=END, collapsed="ignore")["recency_days"]).eq(365).all()
    with pytest.raises(TypeError, match="as_of"):
        rfm(FIVE)
    with pytest.raises(ValueError, match="as_of='today' is not a date"):
        rfm(FIVE, as_of="today")


def test_later_lines_are_refused_or_left_out_on_request():
    message = r"3 lines are dated after as_of=2025-11-30 \(the first 2025-12-01, the last 2025-12-31\)"
    with pytest.raises(DataError, match=message):
        rfm(FIVE, as_of="2025-11-30")
    table = rfm(FIVE, as_of="2025-11-30", later="drop", collapsed="ignore")
    assert table["customer_id"].tolist() == ["b", "c", "d", "e"]


def test_levels_that_stay_empty_are_named():
    with pytest.warns(CrmWarning, match=r"levels collapse \(f_score: 3 of 5 levels occur, nobody is in \[1, 3\]\)"):
        rfm(FIVE, as_of=END)
    with pytest.raises(DataError, match="ask for fewer levels"):
        rfm(FIVE, as_of=END, collapsed="raise")
    with pytest.warns(CrmWarning, match="3 of 5 levels occur.*3 customers have too few different values"):
        assert rank_scores([1, 2, 3]).tolist() == [2, 4, 5]         # fewer customers than levels
    assert rank_scores([7], collapsed="ignore").tolist() == [5]     # one customer is the best there is
    assert rank_scores([7, 7, 7], levels=5, collapsed="ignore").tolist() == [4, 4, 4]


def test_customers_with_returns_only_are_left_out_and_counted():
    with pytest.warns(CrmWarning, match="1 customer.s. have returns but no purchase up to 2025-12-31"):
        table = rfm(lines(("a", "2025-01-01", 5), ("b", "2025-01-02", 9), ("z", "2025-02-01", -3)), as_of=END, levels=2,
                    collapsed="ignore")
    assert table["customer_id"].tolist() == ["a", "b"]
    with pytest.raises(DataError, match="no customer has a purchase"):
        rfm(lines(("z", "2025-02-01", -3)), as_of=END)


def test_more_returned_than_bought_is_a_negative_sum():
    table = rfm(lines(("a", "2025-01-01", 5), ("a", "2025-02-01", -8), ("b", "2025-01-02", 9)), as_of=END, levels=2,
                collapsed="ignore")
    assert table["monetary"].tolist() == [-3, 9]


@pytest.mark.parametrize(("change", "message"), [
    ({"levels": 1}, "levels must be a whole number of at least 2"),
    ({"monetary": "median"}, "monetary='median' is not known: use one of 'sum', 'mean'"),
    ({"window": 0}, "window must be a whole number of at least 1"),
    ({"later": "keep"}, "later='keep' is not known"),
    ({"collapsed": "no"}, "collapsed='no' is not known"),
])
def test_bad_arguments(change, message):
    with pytest.raises(ValueError, match=message):
        rfm(FIVE, as_of=END, **change)


def test_bad_tables():
    with pytest.raises(DataError, match=r"lines lack the column\(s\) amount; they have customer_id, date, money"):
        rfm(FIVE.rename(columns={"amount": "money"}), as_of=END)
    with pytest.raises(DataError, match=r"missing values \(1 in customer_id\)"):
        rfm(FIVE.assign(customer_id=[None, *FIVE["customer_id"][1:]]), as_of=END)
    with pytest.raises(TypeError, match="lines must be a table from .* or a DataFrame, not list"):
        rfm([1], as_of=END)
    with pytest.raises(DataError, match="there are no lines|no customer"):
        rfm(FIVE.iloc[:0], as_of=END)


@pytest.mark.parametrize(("values", "message"), [
    ([1, np.nan], "1 of 2 values of values are missing or infinite, the first for customer 1"),
    (["a", "b"], "must be numbers"),
    ([], "at least one"),
    (pd.Series([1, 2], index=["x", "x"]), r"has 1 customer\(s\) twice, the first 'x'"),
])
def test_bad_values(values, message):
    for scores in (rank_scores, scores_by_row_order):
        with pytest.raises(DataError, match=message):
            scores(values)


def test_purchase_days_are_those_of_the_models():
    orders = load_cdnow()
    table = rfm(orders, as_of="1998-06-30", collapsed="ignore")
    summary = customer_summary(orders, observation_end="1998-06-30", unit="day")
    assert (table["frequency"] - 1).tolist() == summary["frequency"].tolist()
    assert table["recency_days"].tolist() == (summary["T"] - summary["recency"]).astype(int).tolist()
    assert table["monetary"].sum() == pytest.approx(244_091.94, abs=1e-6)
    # half of them bought once: they share one score, and 1 stays empty
    once = table.loc[table["frequency"] == 1, "f_score"]
    assert once.nunique() == 1 and len(once) > 0.4 * len(table)


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=80), st.integers(2, 10))
def test_scores_are_monotone_and_equal_for_equals(values, levels):
    scores = rank_scores(values, levels=levels, collapsed="ignore")
    assert scores.between(1, levels).all()
    pairs = sorted(zip(values, scores, strict=True))
    assert [score for _, score in pairs] == sorted(score for _, score in pairs)
    assert len(set(pairs)) == len(set(values))


@given(st.permutations(range(1, 41)))
def test_without_ties_all_levels_get_the_same_number(values):
    assert rank_scores(values, levels=5).value_counts().tolist() == [8] * 5


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 364), st.integers(-5_000, 20_000)), min_size=1))
def test_money_adds_up_to_the_cent(rows):
    table = pd.DataFrame(rows, columns=["customer_id", "day", "cents"])
    table = table.assign(date=pd.Timestamp("2025-01-01") + pd.to_timedelta(table["day"], unit="D"),
                         amount=table["cents"] / 100)
    table = pd.concat([table, table.assign(amount=1.0, cents=100).drop_duplicates("customer_id").assign(
        date=pd.Timestamp("2024-12-31"))])                          # everybody bought something before
    result = rfm(table, as_of=END, collapsed="ignore")
    assert round(result["monetary"].sum() * 100) == table["cents"].sum()


def test_equal_means_get_equal_scores():
    days = pd.date_range("2025-01-01", periods=12)
    table = pd.concat([pd.DataFrame({"customer_id": n, "date": days[:n], "amount": 19.90}) for n in range(1, 13)])
    scores = rfm(table, as_of=END, monetary="mean", collapsed="ignore")
    assert scores["m_score"].nunique() == 1 and scores["f_score"].nunique() == 5
    assert rank_scores([0.1 + 0.2, 0.3], levels=2, collapsed="ignore").nunique() == 1


@pytest.mark.parametrize(("table", "message"), [
    (FIVE.assign(date=FIVE["date"].dt.tz_localize("Asia/Shanghai")), "date of lines is in the time zone Asia/Shanghai"),
    (FIVE.assign(date=20251231), "date of lines is of type int64"),
    (FIVE.assign(amount=FIVE["amount"].astype(str)), "amount of lines is of type string, not a number"),
    (FIVE.assign(amount=np.inf), "infinite values in amount"),
    (FIVE.assign(customer_id=[1, "1", *"abcdefgh"]), "customer_id of lines mixes text and numbers"),
])
def test_types_that_the_engine_would_misread_are_refused(table, message):
    with pytest.raises(DataError, match=message):
        rfm(table, as_of=END)


def test_engine_tables_are_looked_over_too():
    import ibis

    with pytest.raises(DataError, match="amount of lines is of type string, not a number"):
        rfm(ibis.memtable(FIVE.assign(amount=FIVE["amount"].astype(str))), as_of=END)
    odd = ibis.memtable(FIVE).mutate(amount=ibis.literal(float("nan")))
    with pytest.raises(DataError, match="10 in amount"):
        rfm(odd, as_of=END)
