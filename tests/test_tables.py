"""The door: every kind of source gives the same table, and every kind of bad input its own words."""

import datetime as dt
import gzip
import os
import shutil
import zipfile
from decimal import Decimal

import duckdb
import ibis
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crmlib.data import read_transactions
from crmlib.errors import DataError


@pytest.fixture
def orders():
    """Return four good orders of three customers."""
    return pd.DataFrame({
        "customer_id": [1, 1, 2, 3],
        "date": ["2024-01-05", "2024-02-01", "2024-01-09 10:30:00", "2024/3/7"],
        "amount": [20.0, 35.5, 0.0, 12.34],
    })


def rows(table):
    """Return a table's rows in a fixed order."""
    found = table.to_pyarrow().to_pylist()
    return sorted((tuple(row.values()) for row in found), key=str)


EXPECTED = sorted([
    (1, dt.datetime(2024, 1, 5), 20.0), (1, dt.datetime(2024, 2, 1), 35.5),
    (2, dt.datetime(2024, 1, 9, 10, 30), 0.0), (3, dt.datetime(2024, 3, 7), 12.34),
], key=str)


def refused(source, *words, **options):
    """Return the message of the DataError that a source raises, after a look for words in it."""
    with pytest.raises(DataError) as info:
        read_transactions(source, **options)
    message = str(info.value)
    for word in words:
        assert word in message, message
    return message


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


HEADER = "customer_id,date,amount\n"


# --- the same table from every source -------------------------------------------------------------------


def csv(orders, path):
    orders.to_csv(path, index=False)
    return path


SOURCES = {
    "pandas": lambda orders, folder: orders,
    "pandas object dtype": lambda orders, folder: orders.astype(object),
    "pandas nullable": lambda orders, folder: orders.convert_dtypes(),
    "pandas arrow": lambda orders, folder: orders.convert_dtypes(dtype_backend="pyarrow"),
    "pandas datetimes": lambda orders, folder: orders.assign(date=pd.to_datetime(orders["date"], format="mixed")),
    "pandas nanoseconds": lambda orders, folder: orders.assign(
        date=pd.to_datetime(orders["date"], format="mixed").astype("datetime64[ns]")),
    "Python datetimes": lambda orders, folder: orders.assign(
        date=pd.Series([x.to_pydatetime() for x in pd.to_datetime(orders["date"], format="mixed")], dtype=object)),
    "categorical": lambda orders, folder: orders.astype({"customer_id": "category", "date": "category"}),
    "decimals": lambda orders, folder: orders.assign(amount=[Decimal(str(x)) for x in orders["amount"]]),
    "float ids": lambda orders, folder: orders.astype({"customer_id": float}),
    "other index": lambda orders, folder: orders.set_index(pd.Index([7, 7, 8, 8])),
    "Polars": lambda orders, folder: pl.from_pandas(orders),
    "Polars categorical": lambda orders, folder: pl.from_pandas(orders).with_columns(
        pl.col("date").cast(pl.Categorical)),
    "Polars lazy": lambda orders, folder: pl.from_pandas(orders).lazy(),
    "Arrow": lambda orders, folder: pa.Table.from_pandas(orders),
    "DuckDB relation": lambda orders, folder: duckdb.from_arrow(pa.Table.from_pandas(orders)),
    "Ibis memtable": lambda orders, folder: ibis.memtable(pa.Table.from_pandas(orders)),
    "Ibis table": lambda orders, folder: ibis.duckdb.connect().read_csv(csv(orders, folder / "a.csv"), all_varchar=True)
        .mutate(customer_id=ibis._.customer_id.cast("int64"), amount=ibis._.amount.cast("float64")),
    "CSV": lambda orders, folder: csv(orders, folder / "a.csv"),
    "CSV, path as text": lambda orders, folder: str(csv(orders, folder / "a.csv")),
    "CSV, odd name": lambda orders, folder: csv(orders, folder / "it's [1] a*.csv"),
    "CSV.gz": lambda orders, folder: csv(orders, folder / "a.csv.gz"),
    "CSV with BOM": lambda orders, folder: write(folder / "a.csv", orders.to_csv(index=False), "utf-8-sig"),
    "CSV in UTF-16": lambda orders, folder: write(folder / "a.csv", orders.to_csv(index=False), "utf-16"),
    "CSV with CRLF": lambda orders, folder: write(folder / "a.csv", orders.to_csv(index=False, lineterminator="\r\n")),
    "CSV, blank lines at the end": lambda orders, folder: write(folder / "a.csv", orders.to_csv(index=False) + "\n\n"),
    "TSV": lambda orders, folder: write(folder / "a.tsv", orders.to_csv(index=False, sep="\t")),
    "semicolons": lambda orders, folder: write(folder / "a.csv", orders.to_csv(index=False, sep=";")),
    "quoted": lambda orders, folder: write(folder / "a.csv", orders.to_csv(index=False, quoting=1)),
    "CSV, float ids": lambda orders, folder: csv(orders.astype({"customer_id": float}), folder / "a.csv"),
    "list of CSV": lambda orders, folder: [csv(orders[:3], folder / "a.csv"), str(csv(orders[3:], folder / "b.csv"))],
    "glob": lambda orders, folder: [csv(orders[:1], folder / "a.csv"), csv(orders[1:], folder / "b.csv")]
        and str(folder / "*.csv"),
    "Parquet": lambda orders, folder: orders.to_parquet(folder / "a.parquet") or folder / "a.parquet",
}


@pytest.mark.parametrize("kind", SOURCES)
def test_every_source_gives_the_same_table(kind, orders, tmp_path):
    before = orders.copy()
    options = {"encoding": "utf-16"} if "UTF-16" in kind else {}
    table = read_transactions(SOURCES[kind](orders, tmp_path), **options)
    assert isinstance(table, ibis.expr.types.Table)
    assert table.schema() == ibis.schema({"customer_id": "int64", "date": "timestamp(6)", "amount": "float64"})
    assert rows(table) == EXPECTED
    assert (table.rows_in, table.rows_out) == (4, 4)
    pd.testing.assert_frame_equal(orders, before)


def test_the_result_is_an_ordinary_ibis_table(orders):
    table = read_transactions(orders)
    assert table.filter(table.amount > 15).count().to_pyarrow().as_py() == 2
    assert table.join(table.view(), "customer_id").count().to_pyarrow().as_py() == 6
    assert table.group_by("customer_id").aggregate(n=table.count()).count().to_pyarrow().as_py() == 3
    assert "customer_id" in repr(table)


def test_execute_and_to_pandas_give_dataframes(orders):
    frame = read_transactions(orders.astype({"customer_id": str})).execute().sort_values("date")
    assert frame["customer_id"].tolist() == ["1", "2", "1", "3"]
    assert frame["date"].dtype.kind == "M" and frame["amount"].dtype == float
    assert len(read_transactions(orders).to_pandas()) == 4


def test_files_are_read_lazily_and_through_a_database_of_their_own(orders, tmp_path):
    table = read_transactions(csv(orders, tmp_path / "a.csv"))
    assert table.get_backend() is not read_transactions(tmp_path / "a.csv").get_backend()
    (tmp_path / "a.csv").unlink()
    with pytest.raises(duckdb.Error):
        table.count().to_pyarrow()


@pytest.mark.parametrize("kind", ["CSV", "CSV.gz", "CSV, odd name", "list of CSV", "Parquet"])
def test_a_file_that_changed_since_it_was_checked_is_not_read(orders, tmp_path, kind):
    source = SOURCES[kind](orders, tmp_path)
    table = read_transactions(source)
    customers = table.group_by("customer_id").aggregate(n=table.count())
    kept = table.cache()
    assert (len(table.execute()), len(customers.execute())) == (4, 3)
    path = max(tmp_path.iterdir())
    stamp = path.stat()
    changed = orders[2:].assign(amount=[1.0, 2.0])
    changed.to_parquet(path) if kind == "Parquet" else csv(changed, path)
    for result in (table, customers, table.count(), table.filter(table.amount > 1000)):
        with pytest.raises(duckdb.Error, match="changed after read_transactions.* had checked it: read it again"):
            result.execute()
    assert len(kept.execute()) == 4
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns + 5 * 10**9))
    with pytest.raises(duckdb.Error, match=f"{path.name[:3]}.*changed"):
        table.execute()
    assert read_transactions(source).rows_in in (2, 5)


def test_a_file_named_like_a_pattern_is_not_taken_for_one(orders, tmp_path):
    csv(orders[:1], tmp_path / "a1.csv")
    orders[:1].to_parquet(tmp_path / "a1.parquet")
    orders.to_parquet(tmp_path / "a[1].parquet")
    assert read_transactions(csv(orders, tmp_path / "a[1].csv")).rows_in == 4
    assert read_transactions(tmp_path / "a[1].parquet").rows_in == 4


def test_a_connection_can_be_given_so_that_tables_join(orders):
    backend = ibis.duckdb.connect()
    one, two = (read_transactions(orders, connection=backend) for _ in range(2))
    assert one.join(two, ["customer_id", "date"]).count().to_pyarrow().as_py() == 4
    with pytest.raises(ValueError, match="Ibis DuckDB backend"):
        read_transactions(orders, connection=duckdb.connect())


def test_columns_are_mapped_and_the_rest_left_behind(orders):
    source = orders.rename(columns={"customer_id": "Cust No", "amount": "paid"}).assign(
        line=["a", "b", None, "d"], sku=[1.0, np.nan, 3.0, 4.0], n=[1, 2, 3, 4], profit=["1.5", "", "2", "-1"],
        money="EUR", note="x")
    table = read_transactions(source, customer_id="Cust No", amount="paid", order_id="line", product_id="sku",
                              quantity="n", margin="profit", currency="money")
    assert table.columns == ("customer_id", "date", "amount", "order_id", "product_id", "quantity", "margin")
    assert rows(table)[1] == (1, dt.datetime(2024, 2, 1), 35.5, "b", None, 2.0, None)
    report = table.report.set_index(["column", "check"])
    assert report.loc[("line", "missing")].tolist() == [1, "kept"]
    assert report.loc[("profit", "missing")].tolist() == [1, "kept"]


def test_the_result_is_the_same_every_time(orders, tmp_path):
    path = csv(pd.concat([orders, orders.assign(amount=-1)]), tmp_path / "a.csv")
    one, two = (read_transactions(path, returns="drop") for _ in range(2))
    assert rows(one) == rows(two)
    pd.testing.assert_frame_equal(one.report, two.report)
    bad = orders.assign(amount="x", date="y")
    assert refused(bad) == refused(bad)


# --- all problems at once, with rows and a way out ------------------------------------------------------


def test_everything_wrong_is_said_at_once(tmp_path):
    path = write(tmp_path / "orders.csv", HEADER + "1,2024-01-05,20\n,2024-13-01,x\n2,soon,-5\n2\n1,2024-01-05,20\n")
    message = refused(
        path, "orders.csv cannot be used", "unreadable lines: 1", "line 5", "customer_id: missing in 1 of 4 rows",
        "date: not a date in 2 of 4 rows", "row 2: '2024-13-01'; row 3: 'soon'", "amount: not a number in 1 of 4 rows",
        "amount: negative (returns?) in 1 of 4 rows", 'returns="net"', "1 of 4 rows repeat", 'duplicates="keep"')
    assert message.count("->") == 6


def test_row_numbers_of_several_files_name_the_file(tmp_path):
    one = write(tmp_path / "a.csv", HEADER + "1,2024-01-05,20\n2,2024-01-05,20\n")
    two = write(tmp_path / "b.csv", HEADER + "1,2024-02-05,20\n2,2024-01-05,x\n")
    refused([one, two], "2 files", "row 2 of b.csv: 'x'")


def test_parquet_row_numbers(tmp_path, orders):
    orders.assign(amount=[1, 2, None, 4]).to_parquet(tmp_path / "a.parquet")
    refused(tmp_path / "a.parquet", "amount: missing in 1 of 4 rows", "row 3: None")


@pytest.mark.parametrize(("options", "words"), [
    ({"customer_id": "Customer-ID"}, ["no column 'Customer-ID'", "did you mean customer_id='customer_id'?"]),
    ({"date": "dates"}, ["did you mean date='date'?"]),
    ({"amount": "AMOUNT"}, ["did you mean amount='amount'?"]),
    ({"amount": "xyz"}, ["there are 'customer_id', 'date', 'amount'", "pass amount="]),
    ({"margin": "amount"}, ["mapped more than once: amount, margin"]),
])
def test_wrong_mapping(orders, options, words):
    refused(orders, *words, **options)


def test_a_file_without_header_is_recognised(tmp_path):
    refused(write(tmp_path / "a.csv", "1,2024-01-05,20\n2,2024-01-05,20\n"), "the first line seems to be data")


@pytest.mark.parametrize("names", [["customer_id", "date", "date"], ["customer_id", "date", "Date"]])
def test_duplicate_column_names(orders, tmp_path, names):
    frame = orders.set_axis(names, axis=1)
    refused(frame, "duplicate column names")
    refused(csv(frame, tmp_path / "a.csv"), "duplicate column names", "a.csv")


@pytest.mark.parametrize("source", [
    pd.DataFrame({"customer_id": [], "date": [], "amount": []}),
    pl.DataFrame(schema={"customer_id": pl.Int64, "date": pl.Date, "amount": pl.Float64}),
])
def test_empty_table(source):
    refused(source, "there are no rows")


def test_empty_files(tmp_path):
    refused(write(tmp_path / "a.csv", HEADER), "a.csv", "there are no rows")
    refused(write(tmp_path / "b.csv", ""), "b.csv is empty (0 bytes)")
    refused(pd.DataFrame(), "there are no columns")


# --- customer ids ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("blank", [None, "", "  ", "nan", "NULL", "None", "\u3000"])
def test_missing_customer_ids(orders, tmp_path, blank):
    frame = orders.assign(customer_id=pd.Series(["a", blank, "b", blank], dtype=object))
    refused(frame, "customer_id: missing in 2 of 4 rows", "row 2: ", "row 4: ")
    refused(csv(frame, tmp_path / "a.csv"), "customer_id: missing in 2 of 4 rows")


@pytest.mark.parametrize("kind", ["pandas", "Polars", "CSV", "Parquet"])
def test_rows_without_a_customer_can_be_left_out_and_are_counted(orders, tmp_path, kind):
    frame = pd.concat([orders.astype({"customer_id": str}).assign(customer_id=["a", " ", None, "b"])] * 2)
    frame = frame.assign(amount=["1", "x", "-5", "2", "3", "", "y", "-4"], line=[1, 2, 3, 4, 5, 6, 7, 8])
    source = SOURCES[kind](frame.reset_index(drop=True), tmp_path)
    refused(source, "customer_id: missing in 4 of 8", 'pass missing_ids="drop"', "amount: not a number in 2 of 8")
    table = read_transactions(source, missing_ids="drop", returns="drop", order_id="line")
    assert (table.rows_in, table.rows_out) == (8, 3)
    assert [(row[0], row[2], int(row[3])) for row in rows(table)] == [("a", 1.0, 1), ("a", 3.0, 5), ("b", 2.0, 4)]
    report = table.report.query("check in ('rows read', 'missing', 'rows returned') and column in ('', 'customer_id')")
    assert report["rows"].tolist() == [8, 4, 3] and "dropped" in set(report["done"])


def test_rows_that_are_left_out_are_not_shown_as_examples(orders, tmp_path):
    frame = orders.assign(customer_id=["a", None, "b", "c"], amount=["1", "x", "z", "2"])
    for source in (frame, csv(frame, tmp_path / "a.csv")):
        refused(source, "amount: not a number in 1 of 3 rows\n   row 3: 'z'\n", missing_ids="drop")


def test_nobody_is_left_if_no_row_names_a_customer(orders):
    frame = orders.assign(customer_id=None)
    refused(frame, "customer_id: missing in all of 4 rows", "map the column that says who bought", missing_ids="drop")
    assert read_transactions(orders, missing_ids="drop").report.equals(read_transactions(orders).report)


def test_ids_with_characters_that_nobody_sees_are_counted(orders):
    table = read_transactions(orders.assign(customer_id=["2\u200b", "2", "José", "a\u00a0b"]))
    found = table.report.query("check.str.startswith('with invisible')")
    assert found[["rows", "done"]].to_numpy().tolist() == [[2, "kept"]]


def test_nan_customer_ids_of_polars(orders):
    frame = pl.from_pandas(orders).with_columns(customer_id=pl.Series([1.0, float("nan"), 2.0, 3.0]))
    refused(frame, "customer_id: missing in 1 of 4 rows")


@pytest.mark.parametrize(("values", "kind", "first"), [
    (["1", "2", "3", "4"], "int64", 1), (["001", "2", "3", "4"], "string", "001"),
    (["1.0", "2.0", "3.0", "4"], "int64", 1), (["a", "2", "3", "4"], "string", "2"),
    (["12345678901234567890", "2", "3", "4"], "string", "12345678901234567890"), (["0", "2", "-3", "4"], "int64", -3),
    (["1.0", "x", "3", "4"], "string", "1.0"), ([" 1", "2", "3", "4"], "int64", 1),
])
def test_ids_in_text_files(orders, tmp_path, values, kind, first):
    table = read_transactions(csv(orders.assign(customer_id=values), tmp_path / "a.csv"))
    assert str(table.schema()["customer_id"]) == kind
    assert rows(table.order_by("customer_id"))[0][0] == first


def test_text_ids_of_tables_stay_text_and_lose_outer_spaces(orders):
    table = read_transactions(orders.assign(customer_id=["01", " 01", "NA", "x y"]))
    assert {row[0] for row in rows(table)} == {"01", "NA", "x y"}
    found = table.report.query("check == 'with outer spaces'")
    assert found[["rows", "done"]].to_numpy().tolist() == [[1, "trimmed"]]


@pytest.mark.parametrize("value", [1.5, 2.0**60, float("inf")])
def test_ids_that_are_not_whole(orders, value):
    refused(orders.assign(customer_id=[value, 1, 2, 3]), "customer_id: not a whole number in 1 of 4 rows", "row 1")


def test_fractional_ids_in_text_files(orders, tmp_path):
    refused(csv(orders.assign(customer_id=[1.0, 2.5, 3.0, 4.0]), tmp_path / "a.csv"), "not a whole number", "'2.5'")


def test_ids_rounded_by_a_spreadsheet(orders):
    refused(orders.assign(customer_id=["1.23457E+11", "a", "b", "c"]), "rounded by a spreadsheet", "1.23457E+11")


@pytest.mark.parametrize("values", [
    [b"a", b"b", b"c", b"d"], [True, False, True, False], [[1], [2], [3], [4]], [dt.date(2024, 1, 1)] * 4,
])
def test_ids_of_impossible_kinds(orders, values):
    refused(orders.assign(customer_id=values), "customer_id: of type", "not an identifier", "4 of 4")


@pytest.mark.parametrize(("column", "values", "word"), [
    ("customer_id", [1, "a", 2, "b"], "2 int, 2 str"), ("amount", [1j, 2j, 3j, 4j], "complex"),
    ("amount", [[1], 2, 3, 4], "1 list, 3 int"),
    ("date", [dt.date(2024, 1, 1), "2024-01-02", None, None], "1 date, 1 str"),
    ("date", [dt.datetime(2024, 1, 1, tzinfo=dt.UTC), dt.datetime(2024, 1, 1), None, None],
     "with and without a time zone"),
    ("date", pd.period_range("2024-01", periods=4, freq="M"), "period"),
    ("date", pd.timedelta_range("1h", periods=4), "timedelta"), ("amount", np.float16([1, 2, 3, 4]), "float16"),
    ("customer_id", [2**70, 1, 2, 3], "4 int"),
])
def test_values_that_do_not_go_together(orders, column, values, word):
    values = pd.Series(values, dtype=object) if isinstance(values, list) else values
    message = refused(orders.assign(**{column: values}), word)
    assert f"{column}: holds values that a database column cannot hold together" in message


def test_periods_are_told_their_way_out(orders):
    refused(orders.assign(date=pd.period_range("2024-01", periods=4, freq="M")), ".dt.to_timestamp()")


def test_sparse_columns_are_read(orders):
    sparse = orders.assign(amount=pd.arrays.SparseArray(orders["amount"], fill_value=0.0),
                           customer_id=pd.arrays.SparseArray(orders["customer_id"]),
                           note=pd.arrays.SparseArray([0] * 4))
    assert rows(read_transactions(sparse)) == EXPECTED


def test_odd_values_in_unmapped_columns_do_no_harm(orders):
    odd = pd.Series([[1], {"a": 2}, 1j, "x"], dtype=object)
    others = {"time": pd.timedelta_range("1h", periods=4), "half": np.float16([1, 2, 3, 4])}
    assert rows(read_transactions(orders.assign(odd=odd, **others))) == EXPECTED
    assert "4 of 8 rows repeat" in refused(pd.concat([orders.assign(odd=odd, **others)] * 2))


def test_dates_and_datetimes_in_one_column_keep_their_times(orders):
    values = pd.Series([dt.date(2024, 1, 5), dt.datetime(2024, 2, 1), dt.datetime(2024, 1, 9, 10, 30),
                        pd.Timestamp("2024-03-07")], dtype=object)
    assert rows(read_transactions(orders.assign(date=values))) == EXPECTED


# --- amounts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "word"), [
    ("1.234,56", 'pass decimal=",", thousands="."'), ("12,5", 'pass decimal=","'), ("1,234.56", 'thousands=","'),
    ("$12", "remove the currency signs"), ("12 EUR", "remove the currency signs"), ("(12.50)", "minus sign"),
    ("12,50-", "minus sign of negative amounts in front, not behind; the comma is the decimal mark"),
    ("1’250,00", 'thousands="’", decimal=","'), ("1 250.00", "correct the values"),
    ("1.250.000", 'pass thousands="." and decimal=","'), ("12.50-", "in front, not behind"),
    ("twelve", "correct the values"), ("1e", "correct the values"), ("0x10", "correct the values"),
])
def test_amounts_that_are_not_numbers(orders, tmp_path, text, word):
    frame = orders.assign(amount=["1", text, "3", "4"])
    for source in (frame, csv(frame, tmp_path / "a.csv"), pl.from_pandas(frame)):
        refused(source, "amount: not a number in 1 of 4 rows", f"row 2: '{text}'", word)


def test_a_straight_apostrophe_is_named_as_a_mark(orders):
    refused(orders.assign(amount=["1", "1'250.00", "3", "4"]), """if ' groups thousands, pass thousands="'\"""")


@pytest.mark.parametrize(("texts", "options", "numbers"), [
    (["1.234,56", "-2", "3,5", ",5"], {"decimal": ",", "thousands": "."}, [1234.56, -2, 3.5, 0.5]),
    (["1,234.56", "-2", "3.", "1e3"], {"thousands": ","}, [1234.56, -2, 3, 1000]),
    (["1 234 567", "+2", "3", "4"], {"thousands": " "}, [1234567, 2, 3, 4]),
    (["1'234", "+2", "3", "4"], {"thousands": "'"}, [1234, 2, 3, 4]),
    (["1’250,5", "+2", "3", "4"], {"thousands": "’", "decimal": ","}, [1250.5, 2, 3, 4]),
    ([" 12 ", "2", "3", "4"], {}, [12, 2, 3, 4]),
    (["1.250", "980", "12.500", "7"], {"thousands": ".", "decimal": ","}, [1250, 980, 12500, 7]),
    (["1,250", "980", "12,500", "7"], {"thousands": ","}, [1250, 980, 12500, 7]),
    (["1.250", "980", "12.5", "7"], {}, [1.25, 980, 12.5, 7]), (["0.125", "1.250", "3", "4"], {}, [0.125, 1.25, 3, 4]),
])
def test_amounts_written_in_other_ways(orders, tmp_path, texts, options, numbers):
    frame = orders.assign(amount=texts, customer_id=[1, 2, 3, 4])
    for source in (frame, csv(frame, tmp_path / "a.csv")):
        table = read_transactions(source, returns="net", **options)
        assert [row[2] for row in rows(table)] == numbers


@pytest.mark.parametrize(("mark", "other"), [".,", ",."])
@pytest.mark.parametrize("column", ["amount", "margin"])
def test_three_digits_after_every_mark_may_be_thousands(orders, tmp_path, column, mark, other):
    frame = orders.assign(margin=1.0)
    frame[column] = [text.replace(".", mark) for text in ("1.250", "980", "-12.500", "7")]
    for source in (frame, csv(frame, tmp_path / "a.csv")):
        refused(source, f"{column}: exactly three digits after '{mark}', wherever there is one, in 2 of 4 rows",
                f"row 1: '1{mark}250'", f"is '{mark}' a thousands mark?",
                f"pass thousands='{mark}' (and decimal='{other}')", decimal=mark, returns="net", margin="margin")
    numbers = frame.assign(**{column: [1.25, 980, 12.5, 7]})
    assert read_transactions(numbers, decimal=mark, margin="margin").rows_out == 4


@pytest.mark.parametrize("text", ["1.5", "1.23,4"])
def test_points_are_not_guessed_to_group_thousands(orders, text):
    refused(orders.assign(amount=[text, "1", "2", "3"]), "not a number", decimal=",")
    refused(orders.assign(amount=["1.5", "1", "2", "3"]), "not a number", decimal=",", thousands=".")


@pytest.mark.parametrize("value", [None, float("nan"), pd.NA])
def test_missing_amounts(orders, value):
    refused(orders.assign(amount=pd.Series([1, value, 2, 3], dtype=object)), "amount: missing in 1 of 4 rows", "row 2")


def test_missing_amounts_of_files_and_polars(orders, tmp_path):
    refused(csv(orders.assign(amount=["", "nan", "1", "2"]), tmp_path / "a.csv"), "amount: missing in 2 of 4 rows")
    refused(pl.from_pandas(orders).with_columns(amount=pl.Series([float("nan"), 1.0, 2.0, 3.0])),
            "amount: missing in 1 of 4 rows", "row 1")


@pytest.mark.parametrize("value", [float("inf"), -float("inf"), 1e14])
def test_infinite_and_enormous_amounts(orders, tmp_path, value):
    frame = orders.assign(amount=[1.0, 2.0, 3.0, value])
    for source in (frame, csv(frame, tmp_path / "a.csv")):
        refused(source, "amount: infinite, or too large", "1 of 4", returns="net")


@pytest.mark.parametrize("values", [[True] * 4, [b"1"] * 4, [[1]] * 4, [dt.date(2024, 1, 1)] * 4])
def test_amounts_of_impossible_kinds(orders, values):
    for returns in ("raise", "drop"):
        refused(orders.assign(amount=values), "amount: of type", "not a number", "4 of 4", returns=returns)


def test_returns_are_refused_kept_or_dropped(orders, tmp_path):
    frame = orders.assign(amount=[20.0, -35.5, 0.0, -1.0])
    for source in (frame, csv(frame, tmp_path / "a.csv")):
        refused(source, "amount: negative (returns?) in 2 of 4 rows", "row 2", "row 4", 'returns="drop"')
        net = read_transactions(source, returns="net")
        drop = read_transactions(source, returns="drop")
        assert (net.rows_in, net.rows_out, len(rows(net))) == (4, 4, 4)
        assert (drop.rows_in, drop.rows_out, len(rows(drop))) == (4, 2, 2)
        line = "check == 'negative (returns?)'"
        assert net.report.query(line)[["rows", "done"]].to_numpy().tolist() == [[2, "kept"]]
        assert drop.report.query(line)[["rows", "done"]].to_numpy().tolist() == [[2, "dropped"]]
        assert all(row[2] >= 0 for row in rows(drop))


def test_zero_amounts_and_fractions_of_cents_are_counted(orders):
    report = read_transactions(orders.assign(amount=[0, 1.005, 2.01, 19.99])).report.set_index("check")
    assert report.loc["zero", ["rows", "done"]].tolist() == [1, "kept"]
    assert report.loc["finer than a cent", ["rows", "done"]].tolist() == [1, "kept"]


def test_unit_price_times_quantity_is_the_amount(orders, tmp_path):
    frame = orders.assign(price=[2.5, 3.0, 0.1, 1.0], pieces=[2, -1, 3, 0]).drop(columns="amount")
    both = {"unit_price": "price", "quantity": "pieces"}
    for source in (frame, csv(frame, tmp_path / "a.csv")):
        refused(source, "price × pieces: negative (returns?) in 1 of 4 rows", "row 2: ", " × ", **both)
        net, drop = (read_transactions(source, returns=way, **both) for way in ("net", "drop"))
        assert [row[2:] for row in rows(net)] == [(5.0, 2.0), (-3.0, -1.0), (0.1 * 3, 3.0), (0.0, 0.0)]
        assert (drop.rows_in, drop.rows_out, len(rows(drop))) == (4, 3, 3)
    refused(frame.assign(pieces=[1, None, 1, 1]), "pieces: missing in 1 of 4", **both)
    refused(frame.assign(price=[1, None, 1, 1]), "price: missing in 1 of 4", **both)
    refused(frame.assign(price=[1, -1, 1, 1]), "price × pieces: both negative in 1 of 4", "row 2", **both)
    refused(frame.assign(price=[8e13] * 4, pieces=[2, 1, 1, 1]), "price × pieces: infinite, or too large", **both)
    refused(frame, "price × pieces: negative", "no column 'day'", date="day", **both)
    refused(frame, "no column 'cost'", unit_price="cost", quantity="pieces")
    refused(frame, "no column 'n'", unit_price="price", quantity="n")
    refused(frame.assign(price=True), "price: of type boolean, not a number", **both)


def test_one_currency_only(orders):
    money = orders.assign(cur=["EUR", "EUR", "USD", "EUR "])
    refused(money, "cur: 2 currencies", "EUR 3; USD 1", currency="cur")
    refused(money.assign(cur=["EUR", None, "EUR", "EUR"]), "cur: missing in 1 of 4", currency="cur")
    assert "cur" not in read_transactions(money.assign(cur="EUR"), currency="cur").columns


# --- equal rows -----------------------------------------------------------------------------------------


def test_equal_rows_are_refused_kept_or_dropped(orders, tmp_path):
    frame = pd.concat([orders, orders[:2], orders[:1]])
    for source in (frame, csv(frame, tmp_path / "a.csv"), pl.from_pandas(frame)):
        refused(source, "3 of 7 rows repeat another one in every column", "row 1, 3 times: 1, 2024-01-05, 20.0",
                'duplicates="keep"', 'duplicates="drop"')
        keep, drop = (read_transactions(source, duplicates=way) for way in ("keep", "drop"))
        assert (keep.rows_in, keep.rows_out, len(rows(keep))) == (7, 7, 7)
        assert (drop.rows_in, drop.rows_out) == (7, 4) and rows(drop) == EXPECTED
        assert drop.report.set_index("check").loc["equal to another row", ["rows", "done"]].tolist() == [3, "dropped"]


def test_rows_that_differ_in_an_unmapped_column_are_not_equal(orders):
    frame = pd.concat([orders, orders]).assign(line=range(8))
    assert read_transactions(frame).rows_out == 8


def test_rows_equal_in_the_mapped_columns_are_kept_and_counted(orders):
    frame = pd.concat([orders, orders[:2], orders[:1]]).assign(line=[1, 2, 3, 4, 5, 6, 6])
    for way in ("raise", "drop"):
        table = read_transactions(frame, duplicates=way)
        line = table.report.set_index("check").loc["equal in the mapped columns", ["rows", "done"]].tolist()
        assert (line, table.rows_out) == ([3, "kept"], 7)
    assert "equal in the mapped columns" not in set(read_transactions(frame, duplicates="keep").report["check"])
    some = read_transactions(frame.assign(line=[1, 2, 3, 4, 1, 6, 6]), duplicates="drop").report.set_index("check")
    assert some["rows"].loc[["equal to another row", "equal in the mapped columns"]].tolist() == [1, 2]
    text = orders.assign(customer_id=["a", "b", " a", "c"], date="2024-01-05", amount=["1", "2", "1.0", "3"])
    assert read_transactions(text).report.set_index("check").loc["equal in the mapped columns", "rows"] == 1


def test_the_report_can_be_compared_with_the_books(orders, tmp_path):
    frame = orders.assign(amount=[20.0, -35.5, 0.1, 0.2], pieces=[1, -1, 0, None], margin=1)
    for source in (frame, csv(frame, tmp_path / "a.csv")):
        report = read_transactions(source, returns="net", quantity="pieces").report
        assert report.iloc[-6:][["check", "column", "done"]].to_numpy().tolist() == [
            ["rows returned", "", ""], ["first day", "date", "2024-01-05"], ["last day", "date", "2024-03-07"],
            ["customers", "customer_id", "3"], ["total amount", "amount", "-15.20"],
            ["largest customer's share of rows", "customer_id", "50.00 %"]]
        assert report.iloc[-6:]["rows"].isna().tolist() == [False] + [True] * 5
        found = report.set_index(["column", "check"]).loc[("pieces", "negative"), ["rows", "done"]].tolist()
        assert found == [1, "kept"]
        done = read_transactions(source, returns="drop").report.set_index("check")["done"]
        assert (done["total amount"], done["first day"]) == ("20.30", "2024-01-05")
    done = read_transactions(frame.assign(amount=-1.0), returns="drop").report.set_index("check")["done"]
    assert (done["customers"], done["first day"], done["total amount"]) == ("0", "none", "0.00")


def test_the_totals_of_the_report_are_computed_at_the_first_look_and_kept(orders, tmp_path):
    path = csv(orders, tmp_path / "a.csv")
    seen, unseen = read_transactions(path), read_transactions(path)
    report = seen.report
    path.unlink()
    assert seen.report is report
    with pytest.raises(DataError, match="a.csv cannot be used"):
        unseen.report  # noqa: B018


def test_the_door_asks_one_query_if_equal_rows_are_kept(orders, tmp_path, monkeypatch):
    """At 10⁸ rows every further pass costs as much as the whole summary."""
    orders.to_parquet(tmp_path / "a.parquet")
    asked, ask = [], ibis.expr.types.Table.to_pyarrow
    monkeypatch.setattr(ibis.expr.types.Table, "to_pyarrow", lambda table: asked.append(table) or ask(table))
    table = read_transactions(tmp_path / "a.parquet", duplicates="keep")
    assert len(asked) == 1
    assert len(table.report) and len(asked) == 2


def test_equal_returns_are_dropped_once(orders):
    frame = pd.concat([orders, orders]).assign(amount=[-1.0, 2, 3, 4] * 2)
    table = read_transactions(frame, returns="drop", duplicates="drop")
    assert (table.rows_in, table.rows_out, len(rows(table))) == (8, 3, 3)


# --- dates ----------------------------------------------------------------------------------------------


def dated(orders, values):
    return orders.assign(date=pd.Series(values, dtype=object), customer_id=range(4))


@pytest.mark.parametrize("kind", ["frame", "csv"])
@pytest.mark.parametrize(("values", "words"), [
    (["2024-01-05", "2024-02-30", "2024-1-1", "x"], ["not a date in 2 of 4 rows", "row 2: '2024-02-30'; row 4: 'x'"]),
    (["2024-01-05", "", "2024-1-1", None], ["date: missing in 2 of 4 rows"]),
    (["03/04/2024", "01/02/2024", "5/6/2024", "7/7/2024"],
     ["day or month first? 4 of 4 rows can be read in either way",
      'pass date_format="%d/%m/%Y" if the day', '"%m/%d/%Y" if the month']),
    (["03/04/2024", "01/02/2024", "25/6/2024", "7/7/2024"],
     ["day first, as row 3: '25/6/2024' shows", 'date_format="%d/%m/%Y"']),
    (["03.04.24", "01.02.24", "5.26.24", "7.7.24"], ["month first, as row 3", 'date_format="%m.%d.%y"']),
    (["03/04/2024 10:00", "25/02/2024 11:00", "5/6/2024 1:00", "7/7/2024 2:00"], ['"%d/%m/%Y %H:%M"']),
    (["24-01-15", "24-12-31", "25-01-02", "24-06-30"],
     ["day or year first? 4 of 4 rows can be read in either way", '"%d-%m-%y" if the day', '"%y-%m-%d" if the year']),
    (["24/01/05", "10/12/11", "11/1/12", "12/6/10"][1:] + ["01/02/03"],
     ["day or month or year first? 4 of 4 rows can be read in three ways", '"%m/%d/%y" if the month']),
    (["98-01-15", "98-12-31", "99-01-02", "24-06-30"], ["year first, as row 1: '98-01-15' shows", '"%y-%m-%d"']),
    (["98-01-15", "98-12-31", "15-01-98", "24-06-30"], ["year-first in 2 rows", "year-last in 1", "to one format"]),
    (["24-01-15", "24-12-31", "15-01-98", "24-06-30"], ["day first, as row 1: '24-01-15'", '"%d-%m-%y"']),
    (["24-01-15", "24-12-31", "4-01-15", "24-06-30"], ["day first, as row 1: '24-01-15'", '"%d-%m-%y"']),
    (["1900-01-01", "1970-01-01 08:00:00", "9999-12-31", "2024-01-02"],
     ["date: a placeholder-like day", "in 3 of 4 rows", "row 1: '1900-01-01'; row 2: ", "leave the rows out"]),
    (["2099-12-31", "1850-01-01", "2024-01-01", "2024-01-02"],
     ["a placeholder-like day (1900-01-01, 1970-01-01, 2099-12-31, 9999-12-31) in 1 of 4 rows",
      "before the year 1900 or after 2200 in 1 of 4"]),
    (["25/04/2024", "04/25/2024", "5/6/2024", "7/7/2024"], ["day-first in 1 rows and month-first in 1"]),
    (["2024-01-05", "03/04/2024", "2024-01-06", "20240107"],
     ["mixed date formats in 4 rows: 2 year-month-day, 1 day/month or month/day, 1 digits only",
      "row 2: '03/04/2024'"]),
    (["20240105", "20240106", "20240107", "20240108"], ["a number, not a date", 'date_format="%Y%m%d"']),
    (["45000", "45001.5", "45002", "45003"], ["a number, not a date", 'date_format="excel"']),
    (["5 Jan 2024", "6 Jan 2024", "7 Jan 2024", "8 Jan 2024"], ["not a date in 4 of 4 rows", '"%d %b %Y"']),
    (["1850-01-01", "2024-01-01", "2024-01-02", "2999-12-31"], ["before the year 1900 or after 2200 in 2 of 4"]),
    (["2024-01-01T10:00:00Z", "2024-01-01T10:00:00+08:00"] * 2, ["with a time zone", "4 of 4", "timezone="]),
    (["2024-01-01T10:00:00Z", "2024-01-02"] * 2, ["UTC offset in 2 of 4", "without a UTC offset", "timezone="]),
])
def test_dates_that_cannot_be_read(orders, tmp_path, values, words, kind):
    frame = dated(orders, values)
    refused(frame if kind == "frame" else csv(frame, tmp_path / "a.csv"), *words)


def test_offsets_beside_none_are_refused_with_a_timezone_too(orders):
    values = ["2024-01-01T10:00:00Z", "2024-01-02"] * 2
    refused(dated(orders, values), "without a UTC offset, while others have one in 2 of 4", timezone="Asia/Shanghai")


@pytest.mark.parametrize(("values", "word"), [
    ([20240105, 20240106, 20240107, 20240108], 'date_format="%Y%m%d"'),
    ([45000.0, 45001.0, 45002.0, 45003.5], 'date_format="excel"'),
    ([1704412800, 1704412801, 1704412802, 1704412803], "since 1970"),
    ([1, 2, 3, 4], "date_format="),
])
def test_numbers_in_a_date_column_are_not_guessed(orders, values, word):
    refused(orders.assign(date=values), "date: a number, not a date in 4 of 4 rows", word)


@pytest.mark.parametrize("values", [[True] * 4, [b"2024"] * 4, [[1]] * 4])
def test_dates_of_impossible_kinds(orders, values):
    refused(orders.assign(date=values), "date: of type", "not a date", "4 of 4")


@pytest.mark.parametrize(("values", "date_format", "first"), [
    (["05/01/2024", "6/1/2024", "07/01/2024", "08/01/2024"], "%d/%m/%Y", dt.datetime(2024, 1, 5)),
    (["01/05/2024", "1/6/2024", "01/07/2024", "01/08/2024"], "%m/%d/%Y", dt.datetime(2024, 1, 5)),
    (["5.1.24 10:30", "6.1.24 10:30", "7.1.24 10:30", "8.1.24 10:30"], "%d.%m.%y %H:%M",
     dt.datetime(2024, 1, 5, 10, 30)),
    (["5 Jan 2024", "6 Jan 2024", "7 Jan 2024", "8 Jan 2024"], "%d %b %Y", dt.datetime(2024, 1, 5)),
    (["2024年1月5日", "2024年1月6日", "2024年1月7日", "2024年1月8日"], "%Y年%m月%d日", dt.datetime(2024, 1, 5)),
    (["20240105", "20240106", "20240107", "20240108"], "%Y%m%d", dt.datetime(2024, 1, 5)),
    ([20240105, 20240106, 20240107, 20240108], "%Y%m%d", dt.datetime(2024, 1, 5)),
    ([20240105.0, 20240106.0, 20240107.0, 20240108.0], "%Y%m%d", dt.datetime(2024, 1, 5)),
    ([45296, 45297, 45298, 45299], "excel", dt.datetime(2024, 1, 5)),
    ([45296.5, 45297, 45298, 45299], "excel", dt.datetime(2024, 1, 5, 12)),
])
def test_dates_read_by_a_format(orders, tmp_path, values, date_format, first):
    frame = orders.assign(date=values, customer_id=range(4))
    for source in (frame, csv(frame, tmp_path / "a.csv")):
        assert rows(read_transactions(source, date_format=date_format))[0][1] == first


def test_dates_that_do_not_fit_the_format(orders, tmp_path):
    frame = dated(orders, ["05/01/2024", "01/31/2024", "2024-01-05", "8/1/2024"])
    for source in (frame, csv(frame, tmp_path / "a.csv")):
        refused(source, "date: not a date of the format %d/%m/%Y in 2 of 4 rows", "row 2: '01/31/2024'",
                date_format="%d/%m/%Y")


def test_years_of_two_digits_are_read_by_a_format(orders):
    frame = dated(orders, ["24-01-15", "24-12-31", "25-01-02", "24-06-30"])
    assert rows(read_transactions(frame, date_format="%y-%m-%d"))[0][1] == dt.datetime(2024, 1, 15)


@pytest.mark.parametrize("kind", ["datetime64[us]", "datetime64[s]"])
def test_placeholder_days_of_date_columns(orders, kind):
    days = np.array(["2024-01-05", "9999-12-31", "1970-01-01", "1970-01-02"], dtype=kind)
    message = refused(orders.assign(date=days), "a placeholder-like day", "2 of 4 rows", "row 2: 9999-12-31")
    assert "2200" not in message


def test_time_zones_are_asked_for_and_become_wall_time(orders, tmp_path):
    aware = orders.assign(date=pd.to_datetime(orders["date"], format="mixed").dt.tz_localize("Asia/Shanghai"))
    python = aware.assign(date=pd.Series([x.to_pydatetime() for x in aware["date"]], dtype=object))
    aware.to_parquet(tmp_path / "a.parquet")
    text = aware.assign(date=[x.isoformat() for x in aware["date"]])
    sources = [aware, python, pl.from_pandas(aware), tmp_path / "a.parquet", text, csv(text, tmp_path / "a.csv")]
    for source in sources:
        refused(source, "time zone", "4 of 4 rows", "timezone=")
        assert rows(read_transactions(source, timezone="Asia/Shanghai")) == EXPECTED
        assert (1, dt.datetime(2024, 1, 4, 16), 20.0) in rows(read_transactions(source, timezone="UTC"))


def test_offsets_read_by_a_format(orders):
    frame = dated(orders, ["5/1/2024 10:00 +0800"] * 4)
    table = read_transactions(frame, date_format="%d/%m/%Y %H:%M %z", timezone="UTC")
    assert rows(table)[0][1] == dt.datetime(2024, 1, 5, 2)
    with pytest.raises(ValueError, match="pass timezone="):
        read_transactions(frame, date_format="%d/%m/%Y %H:%M %z")


def test_dates_without_a_zone_are_wall_time_already(orders):
    assert rows(read_transactions(orders, timezone="Asia/Shanghai")) == EXPECTED


def test_dates_after_the_end_of_observation(orders, tmp_path):
    for source in (orders, csv(orders, tmp_path / "a.csv")):
        refused(source, "date: later than observation_end (2024-01-31) in 2 of 4 rows", observation_end="2024-01-31")
        assert read_transactions(source, observation_end="2024-03-07").rows_out == 4
    evening = orders.assign(date="2024-01-31 23:59:59", customer_id=range(4))
    assert read_transactions(evening, observation_end=dt.date(2024, 1, 31)).rows_out == 4


# --- files ----------------------------------------------------------------------------------------------


def test_files_that_are_not_there(tmp_path, orders):
    csv(orders, tmp_path / "orders.csv")
    refused(tmp_path / "order.csv", "does not exist", "did you mean orders.csv?")
    refused(tmp_path / "*.parquet", "matches no file")
    refused(tmp_path, "is a directory", "/*.parquet")
    refused([tmp_path / "x.csv", tmp_path / "y.csv"], "x.csv does not exist", "y.csv does not exist")
    refused([], "list of files is empty")


def test_files_that_are_not_what_their_name_says(tmp_path, orders):
    csv(orders, tmp_path / "a.parquet")
    refused(tmp_path / "a.parquet", "a.parquet is not what its name says", "a text file")
    with zipfile.ZipFile(tmp_path / "b.csv", "w") as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
    refused(tmp_path / "b.csv", "not what its name says", "Excel workbook")
    refused(write(tmp_path / "c.csv", "\n<!DOCTYPE html><html>sign in</html>"), "HTML")
    orders.to_parquet(tmp_path / "d.parquet")
    shutil.copy(tmp_path / "d.parquet", tmp_path / "d.csv")
    refused(tmp_path / "d.csv", "looks like a Parquet file")
    (tmp_path / "e.csv").write_bytes(gzip.compress(b"a,b\n1,2\n"))
    refused(tmp_path / "e.csv", "looks like a gzip archive")
    refused(write(tmp_path / "f.csv.gz", HEADER), "looks like a text file")
    refused(write(tmp_path / "g.json", "x"), "neither CSV, Parquet nor Excel")
    refused(write(tmp_path / "g.xls", "x"), "g.xls is a workbook of the kind .xls", "save it as .xlsx or CSV")
    refused([tmp_path / "d.parquet", csv(orders, tmp_path / "h.csv")], "mixed")


def test_broken_parquet(tmp_path, orders):
    path = tmp_path / "a.parquet"
    orders.to_parquet(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    refused(path, "a.parquet is a truncated Parquet file")
    path.write_bytes(whole[:200] + whole[-8:])
    refused(path, "a.parquet cannot be used")
    path.write_bytes(whole[:4] + bytes(len(whole) // 3) + whole[4 + len(whole) // 3:])
    refused(path, "a.parquet cannot be used")


def test_parquet_files_that_differ_are_not_cast(tmp_path, orders):
    """DuckDB would cast to the first file's types and so round 35.5."""
    orders.assign(amount=[1, 2, 3, 4]).to_parquet(tmp_path / "a.parquet")
    orders.to_parquet(tmp_path / "b.parquet")
    orders.drop(columns="date").to_parquet(tmp_path / "c.parquet")
    refused(tmp_path / "[ab].parquet", "b.parquet differs from a.parquet in amount")
    refused(tmp_path / "[bc].parquet", "c.parquet differs from b.parquet in date")


def test_csv_files_with_different_headers(tmp_path, orders):
    one = csv(orders, tmp_path / "a.csv")
    other = csv(orders[["date", "customer_id", "amount"]], tmp_path / "b.csv")
    refused([one, other], "b.csv has another header than a.csv")
    refused([one, write(tmp_path / "c.csv", orders.to_csv(index=False, sep=";"))], "c.csv has another header")


def test_ragged_lines(tmp_path):
    path = write(tmp_path / "a.csv", HEADER + "1,2024-01-05,20\n2,2024-01-05\n3,2024-01-05,1,2\n4,2024-01-05,\"x\"y\n")
    refused(path, "unreadable lines", "1 with missing columns", "1 with too many columns",
            "line 3: '2,2024-01-05'", "line 4", "1 with unquoted value", "row numbers below leave them out")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_with_one_field_too_many_at_their_end(tmp_path, end):
    """DuckDB drops an empty last field, though the fields before it have shifted."""
    lines = ["Datum;Artikel;Kundennr;Betrag;Notiz", "2025-01-05;Kabel;1001;7.50;", "2025-01-05;Kabel; 5 m;1002;12.50;",
             '2025-01-06;"Kabel; 5 m";1002;12.50;"see;"', '2025-01-07;"Kabel;\n5 m";1002;12.50;', "", ""]
    options = {"customer_id": "Kundennr", "date": "Datum", "amount": "Betrag"}
    path = write(tmp_path / "a.csv", end.join(lines))
    refused(path, "a.csv has more fields than the header, empty ones at the end, in 1 line\n",
            "line 3: '2025-01-05;Kabel; 5 m;1002;12.50;'", "quote them", **options)
    good = write(tmp_path / "b.csv", end.join(lines[:2] + lines[3:]))
    assert [row[:1] + row[2:] for row in rows(read_transactions(good, **options))] == [
        (1001, 7.5), (1002, 12.5), (1002, 12.5)]


@pytest.mark.parametrize("last", [
    "1001,2025-01-05,12,50,", '1001,2025-01-05,12,50,""', "1001,2025-01-05,12,50,\n", "1001,2025-01-05,12,50,,",
    '"1001","2025-01-05","12","50",""\n'])
def test_a_decimal_comma_does_not_pass_for_a_comma(tmp_path, last):
    header = "customer_id,date,amount,note"
    for path in (tmp_path / "a.csv", tmp_path / "a.csv.gz"):
        text = f"{header}\n{last}".encode()
        path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
        refused(path, "more fields than the header", "in 1 line\n", "line 2")


def test_an_open_quote_in_a_file_with_empty_last_fields(tmp_path):
    text = "customer_id,date,amount,note\n1,2025-01-05,12,\n2,2025-01-05,12,\"x\n" + "3,2025-01-05,12,\n" * 20_000
    refused(write(tmp_path / "a.csv", text), "a.csv, line 3: field larger than", "see whether a quote is left open")


def test_lines_may_end_in_the_delimiter_if_the_header_does(tmp_path):
    text = "customer_id,date,amount\n1,2025-01-05,12\n2,2025-01-05,12\n"
    refused(write(tmp_path / "a.csv", text.replace("12\n", "12,\n")), "in 2 lines", "end the header line in it too")
    assert read_transactions(write(tmp_path / "b.csv", text.replace("\n", ",\n"))).rows_out == 2


def test_encodings(tmp_path):
    text = "customer_id,date,amount,name\n1,2024-01-05,20,José\n2,2024-01-05,20,Müller\n"
    path = write(tmp_path / "a.csv", text, "latin-1")
    refused(path, 'encoding="latin-1"', "a.csv")
    assert {row[3] for row in rows(read_transactions(path, encoding="latin-1", order_id="name"))} == {"José", "Müller"}
    refused(path, "a.csv is not UTF-8 in 2 lines", "line 2: b'1,2024-01-05,20,Jos", order_id="name", duplicates="keep")
    strange = tmp_path / "strange.csv"
    strange.write_bytes(HEADER.encode() + b"1,2024-01-05\xff,20\n1,2\n")  # DuckDB 1.5 breaks down on this file
    refused(strange, "not UTF-8 in 1 line")
    chinese = write(tmp_path / "b.csv", "客户,日期,金额\n张三,2024-01-05,20\n", "gb18030")
    refused(chinese, 'encoding="latin-1"', "gb18030")
    table = read_transactions(chinese, encoding="gb18030", customer_id="客户", date="日期", amount="金额")
    assert rows(table)[0][0] == "张三"
    refused(chinese, "is not ascii", encoding="ascii")
    refused(write(tmp_path / "c.csv", text, "utf-16"), 'encoding="utf-16"')
    with pytest.raises(ValueError, match="encoding 'nonsense' is not known"):
        read_transactions(path, encoding="nonsense")


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=,", "sep=\t"])
def test_the_separator_line_of_excel_is_named(tmp_path, orders, line):
    path = write(tmp_path / "a.csv", f"{line}\r\n" + orders.to_csv(index=False, sep=";"), "utf-8-sig")
    refused(path, "a.csv starts with Excel's line", "remove that line")


def test_truncated_gzip(tmp_path, orders):
    path = csv(pd.concat([orders] * 500), tmp_path / "a.csv.gz")
    path.write_bytes(path.read_bytes()[:150])
    refused(path, "a.csv.gz cannot be used")


# --- arguments ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("options", "word"), [
    ({"returns": "ignore"}, "returns='ignore'"), ({"duplicates": "yes"}, "duplicates='yes'"),
    ({"decimal": ";"}, "decimal"), ({"delimiter": "::"}, "delimiter must be a single character"),
    ({"thousands": "."}, "thousands"), ({"timezone": "Asia/Peking"}, "timezone 'Asia/Peking' is not known"),
    ({"timezone": "asia/shanghai "}, "did you mean Asia/Shanghai"), ({"observation_end": "soon"}, "observation_end"),
    ({"observation_end": pd.Timestamp("2024-01-01", tz="UTC")}, "without time zone"), ({"date": None}, "date"),
    ({"date_format": "%d/%m"}, "reads no year"), ({"date_format": "%%Y %d %b"}, "reads no year"),
    ({"date_format": 8}, "date_format must be text"), ({"missing_ids": "fill"}, "missing_ids='fill'"),
    ({"unit_price": "amount"}, "needs quantity="), ({"unit_price": "p", "quantity": "q", "amount": "a"}, "not both"),
    ({"header_row": 0}, "header_row must be a whole number of at least 1"),
])
def test_wrong_arguments(orders, options, word):
    with pytest.raises(ValueError, match=word):
        read_transactions(orders, **options)


@pytest.mark.parametrize("day", [
    20251231, np.int64(20251231), 46022.0, "20251231", "01.07.2025", "today", "2025", "2025-13-01", "2025-12-31x",
    pd.NaT, np.datetime64("NaT"), True])
def test_the_end_of_observation_must_be_a_plain_day(orders, day):
    with pytest.raises(ValueError, match="is not a date: write it as 'YYYY-MM-DD'"):
        read_transactions(orders, observation_end=day)


@pytest.mark.parametrize("day", ["2024-03-07", "2024-03-07 00:00:00", dt.date(2024, 3, 7), dt.datetime(2024, 3, 7, 12),
                                 pd.Timestamp("2024-03-07")])
def test_the_end_of_observation_in_all_its_forms(orders, day):
    assert read_transactions(orders, observation_end=day).rows_out == 4


@pytest.mark.parametrize("source", [None, 5, {"a": 1}, [1, 2], "https://example.org/a.csv"])
def test_sources_that_are_not_tables(source):
    with pytest.raises(ValueError, match="cannot be read|not a local path"):
        read_transactions(source)


def test_ibis_tables_without_data_or_of_other_engines(orders):
    with pytest.raises(ValueError, match="Ibis table"):
        read_transactions(ibis.table({"customer_id": "int64"}, name="t"))
    with pytest.raises(ValueError, match="polars cannot be read: use DuckDB or PySpark"):
        read_transactions(ibis.polars.connect({"t": pl.from_pandas(orders)}).table("t"))


def test_broken_relation():
    relation = duckdb.sql("select 1 customer_id, '2024-01-01' date, cast(x as int) amount from (values ('a')) t(x)")
    refused(relation, "DuckDBPyRelation cannot be used", "Conversion Error")


def test_parquet_is_not_loaded_into_memory(tmp_path, orders):
    """The result holds a view of the file, not its rows."""
    pq.write_table(pa.Table.from_pandas(orders), tmp_path / "a.parquet")
    table = read_transactions(tmp_path / "a.parquet")
    stored = table.get_backend().raw_sql("select count(*) from duckdb_tables() where schema_name = 'main'")
    assert stored.fetchone() == (0,)
