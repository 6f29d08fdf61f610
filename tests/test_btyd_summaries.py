"""From orders to frequency, recency, T and mean spend: against lifetimes, against plain Python, and at the edges."""

import datetime
import warnings

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib import btyd
from crmlib.data import load_cdnow
from crmlib.errors import CrmWarning, DataError
from tests.btyd_data import (
    CALIBRATION_END,
    OBSERVATION_END,
    master_orders,
    numbered_orders,
    paper_summary,
    sample_orders,
    split,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from lifetimes.utils import calibration_and_holdout_data, summary_data_from_transaction_data

# the small tables end weeks before their observation does, on purpose
pytestmark = pytest.mark.filterwarnings("ignore:observation_end is:crmlib.errors.CrmWarning")
HISTORY = ["frequency", "recency", "T"]


def orders(*rows):
    """A small orders table from (customer, day or time, amount)."""
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "amount"])
    return frame.assign(date=pd.to_datetime(frame["date"], format="ISO8601"), amount=frame["amount"].astype(float))


def one(frame, end="2024-01-31", unit="day"):
    """The only row of the summary."""
    summary = btyd.customer_summary(frame, observation_end=end, unit=unit)
    assert len(summary) == 1
    return summary.iloc[0]


# --- golden: CDNOW -------------------------------------------------------------------------------------------

def test_cdnow_facts_of_the_btyd_walkthrough():
    """BTYD walkthrough: 2,357 customers, calibration counts 1411, 439, 214, 100, 62, 38, 29, 64 (7+)."""
    data = split()
    assert len(data) == 2357
    assert (data["frequency"].sum(), data["holdout_frequency"].sum()) == (2457, 1882)
    assert (data["holdout_frequency"] > 0).sum() == 684
    counts = data["frequency"].clip(upper=7).value_counts().sort_index()
    assert counts.tolist() == [1411, 439, 214, 100, 62, 38, 29, 64]
    assert (data["holdout_duration"] == 39).all() and (data["unit"] == "week").all()


def test_first_rows_of_the_cdnow_table_of_fader_hardie_lee_2005():
    summary = btyd.customer_summary(numbered_orders(), observation_end=CALIBRATION_END)
    first = summary[HISTORY].head(3).round(2).to_numpy().tolist()
    assert first == [[2, 30.43, 38.86], [1, 1.71, 38.86], [0, 0, 38.86]]


def test_whole_cdnow_table_of_fader_hardie_lee_2005():
    """The two-decimal table that ships with lifetimes, customer by customer."""
    ours = btyd.customer_summary(numbered_orders(), observation_end=CALIBRATION_END)
    theirs = paper_summary()
    assert np.array_equal(ours["frequency"], theirs["frequency"])
    np.testing.assert_allclose(ours[["recency", "T"]], theirs[["recency", "T"]], rtol=0, atol=0.0051)
    # mean spend: the file prints cents
    np.testing.assert_allclose(ours["monetary_value"], theirs["monetary_value"], rtol=0, atol=0.0051)


def test_repeat_buyers_of_the_gamma_gamma_paper():
    """Fader, Hardie & Lee (2005), JMR: 946 repeat buyers, mean 35.08, sd 30.28, min 2.99, max 299.63."""
    repeat = split().query("frequency > 0")
    assert len(repeat) == 946
    assert repeat["monetary_value"].mean() == pytest.approx(35.079, abs=0.005)
    assert repeat["monetary_value"].median() == pytest.approx(27.50, abs=0.005)
    assert repeat["monetary_value"].min() == pytest.approx(2.99, abs=0.005)
    assert repeat["monetary_value"].max() == pytest.approx(299.63, abs=0.006)
    assert repeat["frequency"].corr(repeat["monetary_value"]) == pytest.approx(0.11388, abs=5e-5)


# --- against lifetimes ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("source", [sample_orders, master_orders], ids=["sample", "master"])
@pytest.mark.parametrize("end", [CALIBRATION_END, OBSERVATION_END])
def test_summary_equals_lifetimes(source, end):
    theirs = summary_data_from_transaction_data(
        source(), "customer_id", "date", "amount", observation_period_end=end, freq="D").reset_index()
    for unit, days in (("day", 1), ("week", 7)):
        ours = btyd.customer_summary(source(), observation_end=end, unit=unit)
        assert np.array_equal(ours["customer_id"], theirs["customer_id"])
        assert np.array_equal(ours["frequency"], theirs["frequency"])
        assert np.array_equal(ours["recency"], theirs["recency"] / days)
        assert np.array_equal(ours["T"], theirs["T"] / days)
        np.testing.assert_allclose(ours["monetary_value"], theirs["monetary_value"], rtol=1e-12)


@pytest.mark.parametrize("source", [sample_orders, master_orders], ids=["sample", "master"])
def test_calibration_holdout_equals_lifetimes(source):
    theirs = calibration_and_holdout_data(
        source(), "customer_id", "date", CALIBRATION_END, OBSERVATION_END, freq="D",
        monetary_value_col="amount").reset_index()
    ours = btyd.calibration_holdout(
        source(), calibration_end=CALIBRATION_END, observation_end=OBSERVATION_END, unit="day")
    for mine, other in (("customer_id", "customer_id"), ("frequency", "frequency_cal"),
                        ("recency", "recency_cal"), ("T", "T_cal"), ("holdout_frequency", "frequency_holdout"),
                        ("holdout_duration", "duration_holdout")):
        assert np.array_equal(ours[mine], theirs[other]), mine


def test_holdout_spend_is_the_total_and_not_a_mean_per_row():
    later = sample_orders().query(f"date > '{CALIBRATION_END}'").groupby("customer_id")["amount"].sum()
    ours = split().set_index("customer_id")["holdout_spend"]
    np.testing.assert_allclose(ours, later.reindex(ours.index).fillna(0), rtol=1e-12, atol=1e-12)


# --- one rule at a time --------------------------------------------------------------------------------------

def test_first_purchase_is_in_neither_frequency_nor_spend():
    row = one(orders(("a", "2024-01-01", 1000), ("a", "2024-01-11", 10), ("a", "2024-01-21", 20)))
    assert (row.frequency, row.recency, row["T"], row.monetary_value) == (2, 20, 30, 15)


def test_same_day_orders_are_one_occasion():
    row = one(orders(("a", "2024-01-01 09:00", 5), ("a", "2024-01-01 23:59:59", 6),
                     ("a", "2024-01-02 00:00", 7), ("a", "2024-01-02 12:00", 8)))
    assert (row.frequency, row.recency, row.monetary_value) == (1, 1, 15)


def test_the_whole_last_day_counts_and_nothing_after_it():
    frame = orders(("a", "2024-01-01", 5), ("a", "2024-01-31 23:30", 10), ("a", "2024-02-01 00:00", 99),
                   ("b", "2024-02-01", 7))
    row = one(frame)
    assert (row.frequency, row.recency, row["T"], row.monetary_value) == (1, 30, 30, 10)


@pytest.mark.parametrize("end", ["2024-01-31", datetime.date(2024, 1, 31), datetime.datetime(2024, 1, 31, 8),
                                 pd.Timestamp("2024-01-31"), np.datetime64("2024-01-31")])
def test_any_form_of_date_is_a_day(end):
    assert one(orders(("a", "2024-01-01", 5), ("a", "2024-01-31 23:30", 10)), end).frequency == 1


def test_first_purchase_on_the_last_day_has_age_zero():
    row = one(orders(("a", "2024-01-31 08:00", 5)))
    assert (row.frequency, row.recency, row["T"], row.monetary_value) == (0, 0, 0, 0)


def test_return_lowers_spend_but_is_no_occasion():
    row = one(orders(("a", "2024-01-01", 50), ("a", "2024-01-10", 40), ("a", "2024-01-20", -10)))
    assert (row.frequency, row.recency, row.monetary_value) == (1, 9, 30)


def test_return_and_order_on_one_day_are_one_occasion_at_the_net():
    row = one(orders(("a", "2024-01-01", 50), ("a", "2024-01-10", 40), ("a", "2024-01-10", -15)))
    assert (row.frequency, row.monetary_value) == (1, 25)


def test_return_on_the_first_day_is_netted_with_the_first_purchase():
    row = one(orders(("a", "2024-01-01", 50), ("a", "2024-01-01", -20), ("a", "2024-01-10", 40)))
    assert (row.frequency, row.monetary_value) == (1, 40)


def test_return_before_the_first_purchase_does_not_start_the_clock():
    row = one(orders(("a", "2024-01-01", -50), ("a", "2024-01-11", 40)))
    assert (row.frequency, row["T"]) == (0, 20)


def test_order_of_zero_is_an_occasion_as_in_cdnow():
    assert one(orders(("a", "2024-01-01", 5), ("a", "2024-01-11", 0))).frequency == 1


def test_customers_with_returns_only_are_left_out_and_counted():
    frame = orders(("a", "2024-01-01", 5), ("b", "2024-01-02", -5), ("c", "2024-01-03", -1), ("c", "2024-02-09", 9))
    with pytest.warns(CrmWarning, match=r"^2 customer\(s\) have returns but no purchase") as caught:
        summary = btyd.customer_summary(frame, observation_end="2024-01-31", unit="day")
    assert summary["customer_id"].tolist() == ["a"]
    ours = [each for each in caught if each.category is CrmWarning]
    assert len(ours) == 1 and ours[0].filename == __file__


def test_holdout_newcomers_are_neither_kept_nor_warned_of():
    frame = orders(("a", "2024-01-01", 5), ("b", "2024-02-02", 5))
    data = btyd.calibration_holdout(frame, calibration_end="2024-01-31", observation_end="2024-02-29", unit="day")
    assert data["customer_id"].tolist() == ["a"]
    assert data[["holdout_frequency", "holdout_spend", "holdout_duration"]].iloc[0].tolist() == [0, 0, 29]


def test_holdout_starts_the_day_after_calibration():
    frame = orders(("a", "2024-01-01", 5), ("a", "2024-01-31 23:59", 6), ("a", "2024-02-01 00:00", 7),
                   ("a", "2024-02-01 10:00", 1), ("a", "2024-02-29 23:00", 8), ("a", "2024-02-20", -2),
                   ("a", "2024-03-01", 9))
    row = btyd.calibration_holdout(
        frame, calibration_end="2024-01-31", observation_end="2024-02-29", unit="day").iloc[0]
    assert (row.frequency, row.monetary_value) == (1, 6)
    assert (row.holdout_frequency, row.holdout_spend, row.holdout_duration) == (2, 14, 29)


@pytest.mark.parametrize(("unit", "days"), [("day", 1), ("week", 7), ("month", 30.415), ("quarter", 91.245),
                                            ("year", 364.98)])
def test_units_are_days_divided(unit, days):
    frame = orders(("a", "2024-01-01", 5), ("a", "2024-01-10", 6))
    row = one(frame, unit=unit)
    assert row.recency == pytest.approx(9 / days, rel=1e-14) and row["T"] == pytest.approx(30 / days, rel=1e-14)
    assert row.unit == unit


def test_money_is_the_same_bits_in_any_order_of_rows():
    reference = btyd.customer_summary(master_orders(), observation_end=OBSERVATION_END)
    for seed in (1, 2):
        shuffled = master_orders().sample(frac=1, random_state=seed)
        again = btyd.customer_summary(shuffled, observation_end=OBSERVATION_END)
        pd.testing.assert_frame_equal(again, reference, check_exact=True)


def test_cents_do_not_pile_up_rounding():
    row = one(orders(("a", "2024-01-01", 1), *(("a", "2024-01-02", 0.1) for _ in range(10))))
    assert row.monetary_value == 1.0


# --- forms of input and output -------------------------------------------------------------------------------

def test_ibis_table_and_data_frame_give_the_same():
    table = load_cdnow()
    from_table = btyd.calibration_holdout(table, calibration_end=CALIBRATION_END, observation_end=OBSERVATION_END)
    pd.testing.assert_frame_equal(from_table, split())


def test_lazy_stays_in_the_engine_and_gives_the_same():
    lazy = btyd.customer_summary(load_cdnow(), observation_end=CALIBRATION_END, lazy=True)
    assert isinstance(lazy, ibis.Table)
    eager = btyd.customer_summary(sample_orders(), observation_end=CALIBRATION_END)
    executed = lazy.execute().sort_values("customer_id", ignore_index=True)
    assert list(executed.columns) == list(eager.columns)
    pd.testing.assert_frame_equal(executed.drop(columns="unit"), eager.drop(columns="unit"))
    assert (executed["unit"] == "week").all()
    lazy_split = btyd.calibration_holdout(
        sample_orders(), calibration_end=CALIBRATION_END, observation_end=OBSERVATION_END, lazy=True)
    assert list(lazy_split.columns) == list(split().columns)
    assert lazy_split.count().execute() == 2357


def test_lazy_summary_can_be_counted_and_fitted_in_the_engine():
    lazy = btyd.customer_summary(load_cdnow(), observation_end=CALIBRATION_END, lazy=True)
    counted = btyd.count_cells(lazy)
    pd.testing.assert_frame_equal(counted, btyd.count_cells(split()), check_dtype=False)
    assert btyd.fit_bg_nbd(lazy).params["alpha"] == pytest.approx(4.4136, abs=1e-4)
    assert btyd.fit_gamma_gamma(lazy).params["q"] == pytest.approx(3.74, abs=0.01)


@pytest.mark.parametrize("kind", ["category", "string", "object", "int32", "Int64"])
def test_kinds_of_customer_id(kind):
    ids = ["1", "2", "2"] if kind not in ("int32", "Int64") else [1, 2, 2]
    frame = orders(("x", "2024-01-01", 1), ("x", "2024-01-01", 2), ("x", "2024-01-09", 3))
    frame["customer_id"] = pd.Series(ids).astype(kind)
    summary = btyd.customer_summary(frame, observation_end="2024-01-31", unit="day")
    assert [str(i) for i in summary["customer_id"]] == ["1", "2"]
    assert summary["frequency"].tolist() == [0, 1]


def test_nullable_amounts():
    frame = orders(("a", "2024-01-01", 1), ("a", "2024-01-09", 3)).astype({"amount": "Float64"})
    assert one(frame).monetary_value == 3
    frame.loc[1, "amount"] = pd.NA
    with pytest.raises(DataError, match="1 in amount"):
        one(frame)


def test_integer_amounts():
    frame = orders(("a", "2024-01-01", 1), ("a", "2024-01-09", 3)).astype({"amount": "int64"})
    assert one(frame).monetary_value == 3


def test_input_is_not_changed():
    frame = orders(("a", "2024-01-01", 1), ("a", "2024-01-09", 3))
    before = frame.copy(deep=True)
    btyd.customer_summary(frame, observation_end="2024-01-31")
    pd.testing.assert_frame_equal(frame, before)


# --- a reference implementation in plain Python --------------------------------------------------------------

def reference_summary(rows, end):
    """Frequency, recency, T and spend by the definitions, one customer at a time, money in cents."""
    result = {}
    for customer in sorted({c for c, *_ in rows}):
        mine = [(when.date(), cents) for c, when, cents in rows if c == customer and when.date() <= end]
        purchase_days = sorted({day for day, cents in mine if cents >= 0})
        if not purchase_days:
            continue
        first = purchase_days[0]
        frequency = len(purchase_days) - 1
        total = sum(cents for _, cents in mine)
        on_first = sum(cents for day, cents in mine if day == first)
        spend = (total - on_first) / 100 / frequency if frequency else 0.0
        result[customer] = (frequency, (purchase_days[-1] - first).days, (end - first).days, spend)
    return result


MOMENTS = st.datetimes(datetime.datetime(2024, 1, 1), datetime.datetime(2024, 2, 10))
ROWS = st.lists(st.tuples(st.sampled_from("abcd"), MOMENTS, st.integers(-500, 100_000)), min_size=1, max_size=40)


@given(rows=ROWS)
@settings(max_examples=40)
def test_summary_against_plain_python(rows):
    end = datetime.date(2024, 1, 31)
    expected = reference_summary(rows, end)
    frame = orders(*((c, when, cents / 100) for c, when, cents in rows))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CrmWarning)
        if not expected:
            with pytest.raises(DataError, match="no customer has a purchase"):
                btyd.customer_summary(frame, observation_end=end, unit="day")
            return
        summary = btyd.customer_summary(frame, observation_end=end, unit="day")
    assert summary["customer_id"].tolist() == list(expected)
    for row, (frequency, recency, age, spend) in zip(summary.itertuples(), expected.values(), strict=True):
        assert (row.frequency, row.recency, row.T) == (frequency, recency, age)
        assert row.monetary_value == pytest.approx(spend, rel=1e-12, abs=1e-12)


@given(rows=ROWS, seed=st.integers(0, 99))
@settings(max_examples=15)
def test_holdout_adds_up_to_the_summary_at_the_end(rows, seed):
    """Frequency plus holdout frequency is the frequency at the end, whatever the split."""
    end, middle = datetime.date(2024, 2, 10), datetime.date(2024, 1, 10 + seed % 15)
    frame = orders(*((c, when, abs(cents) / 100) for c, when, cents in rows))
    if not (frame["date"].dt.date <= middle).any():
        return
    data = btyd.calibration_holdout(frame, calibration_end=middle, observation_end=end, unit="day")
    whole = btyd.customer_summary(frame, observation_end=end, unit="day").set_index("customer_id")
    whole = whole.loc[data["customer_id"]]
    assert (data["frequency"] + data["holdout_frequency"]).tolist() == whole["frequency"].tolist()
    assert (data["T"] + data["holdout_duration"]).tolist() == whole["T"].tolist()
