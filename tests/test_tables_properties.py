"""No row vanishes: what comes out, with what the report says was dropped, is what went in."""

from pathlib import Path
from tempfile import TemporaryDirectory

import ibis
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib.data import read_transactions
from crmlib.errors import DataError

IDS = st.sampled_from(["1", "2", "3", "a", " a", "007", "2.0", "", "nan", None])
DATES = st.sampled_from(["2024-01-05", "2024-01-06", "2024/1/7", "2024-01-05 10:00", "2024-02-30", "01/02/2024", None])
CLEAN_DATES = st.sampled_from(["2024-01-05", "2024-01-06", "2024/1/7", "2024-01-05 10:00:00"])
AMOUNTS = st.sampled_from(["10", "10.5", "0", "-3", "1e2", ".5", "1,5", "$1", "inf", "nan", "", None])
CLEAN_AMOUNTS = st.sampled_from(["10", "10.5", "0", "-3", "-0.5", "1e2"])


def tables(ids, dates, amounts):
    return st.lists(st.tuples(ids, dates, amounts), max_size=8).map(
        lambda rows: pd.DataFrame(rows, columns=["customer_id", "date", "amount"], dtype="str"))


OPTIONS = {"returns": st.sampled_from(["raise", "net", "drop"]),
           "duplicates": st.sampled_from(["raise", "keep", "drop"])}
BACKEND = ibis.duckdb.connect()  # one for all examples: a new database each time is slow


def read(frame, as_csv, **options):
    """Return the table's report and rows, or the error, of a frame handed over as it is or as a CSV file."""
    with TemporaryDirectory() as folder:
        source = frame
        if as_csv:
            source = Path(folder) / "orders.csv"
            frame.to_csv(source, index=False)
        try:
            table = read_transactions(source, connection=BACKEND, **options)
            assert len(table.report)  # its totals are computed at the first look, while the file is there
        except DataError as error:
            return None, None, error
        return table, table.to_pyarrow().to_pandas(), None


def add_up(table, out, frame):
    report = table.report
    dropped = report.loc[report["done"] == "dropped", "rows"].sum()
    assert table.rows_in == len(frame) == report.iloc[0]["rows"]
    assert table.rows_out == len(out) == report.set_index("check").loc["rows returned", "rows"]
    assert table.rows_in == table.rows_out + dropped
    done = report.set_index("check")["done"]
    assert int(done["customers"]) == out["customer_id"].nunique()
    assert done["total amount"] == f"{out['amount'].sum() + 0:.2f}"
    if len(out):
        assert [done["first day"], done["last day"]] == [f"{day:%Y-%m-%d}" for day in out["date"].agg(["min", "max"])]
        largest = out["customer_id"].value_counts().iloc[0]
        assert done["largest customer's share of rows"] == f"{100 * largest / len(out):.2f} %"
    if "equal in the mapped columns" in done:
        assert report.set_index("check").loc["equal in the mapped columns", "rows"] == out.duplicated().sum()


@settings(max_examples=20)
@given(tables(IDS, DATES, AMOUNTS), st.booleans(), st.fixed_dictionaries(OPTIONS))
def test_every_row_is_accounted_for_or_named(frame, as_csv, options):
    table, out, error = read(frame, as_csv, **options)
    if error is None:
        add_up(table, out, frame)
        assert out.notna().all(axis=None)
    else:
        assert " rows" in str(error) and "->" in str(error)


@settings(max_examples=20)
@given(tables(st.sampled_from(["1", "2", "3"]), CLEAN_DATES, CLEAN_AMOUNTS).filter(len), st.booleans(),
       st.fixed_dictionaries(OPTIONS))
def test_clean_rows_arrive_as_pandas_would_count_them(frame, as_csv, options):
    table, out, error = read(frame, as_csv, **options)
    amounts = frame["amount"].astype(float)
    kept = frame[amounts >= 0] if options["returns"] == "drop" else frame
    if options["returns"] == "raise" and (amounts < 0).any():
        assert f"negative (returns?) in {(amounts < 0).sum()} of {len(frame)} rows" in str(error)
    elif options["duplicates"] == "raise" and kept.duplicated().any():
        assert f"{kept.duplicated().sum()} of {len(frame)} rows repeat" in str(error)
    else:
        expected = kept.drop_duplicates() if options["duplicates"] == "drop" else kept
        add_up(table, out, frame)
        assert sorted(out["amount"]) == sorted(expected["amount"].astype(float))
        assert sorted(out["customer_id"].astype(str)) == sorted(expected["customer_id"])
        dates = pd.to_datetime(expected["date"], format="mixed")
        assert sorted(out["date"]) == sorted(dates)
