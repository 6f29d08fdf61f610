"""Spark: the same functions, given a Spark table, give what DuckDB gives. One file, so that one session serves it."""

import warnings

import ibis
import pandas as pd
import pytest

from crmlib import btyd, growth
from crmlib.data import load_case, load_cdnow, read_transactions
from crmlib.errors import CrmWarning
from crmlib.scoring import score_orders
from tests import btyd_data
from tests.test_growth import SMALL, YEARS
from tests.test_scoring import CDNOW, assert_same_scores, frame
from tests.test_tables import EXPECTED, refused, rows

pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),  # of pyspark, on pandas 3
]


@pytest.fixture(scope="module")
def split():
    """CDNOW's sample by DuckDB, cut after nine months."""
    return btyd.calibration_holdout(load_cdnow(), calibration_end="1997-09-30", observation_end="1998-06-30")


def test_pyspark_gives_the_same_table_and_the_same_words(spark):
    orders = pd.DataFrame({"customer_id": [1, 1, 2, 3], "amount": [20.0, 35.5, 0.0, 12.34],
                           "date": ["2024-01-05", "2024-02-01", "2024-01-09 10:30:00", "2024/3/7"]})

    def as_spark(data):
        return spark.createDataFrame(list(data.itertuples(index=False, name=None)), list(data.columns))

    assert rows(read_transactions(as_spark(orders))) == EXPECTED
    instants = as_spark(orders.assign(date=pd.Series(
        [x.to_pydatetime() for x in pd.to_datetime(orders["date"], format="mixed")], dtype=object)))
    assert rows(read_transactions(instants)) == EXPECTED
    text = as_spark(orders.assign(amount=["1.234,56", "5", "-3", "0,5"]))
    assert [row[2] for row in rows(read_transactions(text, decimal=",", thousands=".", returns="net"))] == [
        1234.56, 5.0, -3.0, 0.5]
    refused(text, "amount: not a number in 2 of 4 rows", 'decimal=","')
    dirty = as_spark(orders.assign(amount=[float("nan"), float("inf"), -1.0, 2.0], customer_id=["a ", " ", "c", "d"]))
    refused(dirty, "customer_id: missing in 1 of 4", "infinite", "amount: missing in 1 of 4", "negative")
    twice = as_spark(pd.concat([orders, orders]))
    table = read_transactions(twice, duplicates="drop")
    assert (table.rows_in, table.rows_out, int(table.count().to_pyarrow().as_py())) == (8, 4, 4)
    spark.conf.set("spark.sql.session.timeZone", "Asia/Shanghai")
    refused(instants, "time zone", "timezone=")
    spark.conf.set("spark.sql.session.timeZone", "UTC")


def test_the_same_bridge_on_spark(spark):
    spark.createDataFrame(SMALL.astype({"customer_id": object, "product_id": object})).createOrReplaceTempView("lines")
    table = ibis.pyspark.connect(spark).table("lines")
    identity = {"Qian": "Zhou"}
    pd.testing.assert_frame_equal(growth.revenue_bridge(table, identity=identity, **YEARS),
                                  growth.revenue_bridge(SMALL, identity=identity, **YEARS))


def test_spark_gives_the_same_history_bit_for_bit(spark, split):
    orders = load_cdnow().execute()[["customer_id", "date", "amount"]]
    rows = [(customer, date.to_pydatetime(), amount) for customer, date, amount in orders.itertuples(index=False)]
    rows = spark.createDataFrame(rows, list(orders.columns))
    table = read_transactions(rows, duplicates="keep")
    dates = {"calibration_end": "1997-09-30", "observation_end": "1998-06-30"}
    pd.testing.assert_frame_equal(btyd.calibration_holdout(table, **dates), split, check_exact=True)
    lazy = btyd.customer_summary(table, observation_end="1997-09-30", lazy=True)
    model = btyd.fit_bg_nbd(lazy)
    assert model.params.equals(btyd.fit_bg_nbd(split).params)
    tracked = btyd.tracking(model, table, **dates)
    pd.testing.assert_frame_equal(tracked, btyd.tracking(model, load_cdnow(), **dates))


@pytest.mark.parametrize("name", ["CDNOW", "Hailang"])
def test_spark_gives_the_same_scores(name, spark, tmp_path):
    """Counts and money bit for bit, scores to nine digits."""
    if name == "CDNOW":
        orders, end = btyd_data.sample_orders(), "1998-06-30"
    else:
        orders, end = load_case().orders[["customer_id", "date", "amount"]], "2025-12-31"
    settings = {**CDNOW, "observation_end": end, "returns": "net"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CrmWarning)  # the same on both engines, looked at elsewhere
        expected = score_orders(orders, **settings)
        orders.astype({"date": "datetime64[us]"}).to_parquet(tmp_path / "orders.parquet")
        rows = spark.read.parquet(str(tmp_path / "orders.parquet"))
        found = score_orders(rows, **settings)
    assert found.purchases.params.equals(expected.purchases.params)
    assert found.spend.params.equals(expected.spend.params)
    assert_same_scores(frame(found.table), frame(expected.table), rtol=1e-9)
    assert found.total.equals(expected.total) and found.left_out == expected.left_out
    with pytest.raises(ValueError, match="leave it out and write the result with Spark"):
        score_orders(rows, out=tmp_path / "scores.parquet", **settings)
