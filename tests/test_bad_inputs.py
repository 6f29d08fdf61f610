"""The promise of the door: rows that add up, or a `DataError` that names them; for any file, and any table."""

import gc
import importlib.util
import re
import tempfile
from pathlib import Path

import ibis
import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib.data import read_transactions
from crmlib.errors import DataError

spec = importlib.util.spec_from_file_location("bad_inputs", Path(__file__).parent / "bad_inputs" / "make.py")
bad_inputs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bad_inputs)


BACKEND = ibis.duckdb.connect()  # one for all: a new database each time is slow


def broken_promise(source, rows, options):
    """Return what is wrong with the door's answer, and the answer: a table and its rows, or a message."""
    try:
        table = read_transactions(source, **options)
        out = table.to_pyarrow().to_pandas()
        report = table.report
    except DataError as error:
        said = str(error)
        named = re.search(r"\brows?\b|\blines?\b|column|\.(csv|parquet|xls[xb]?)\b", said)
        return None if named and re.search("->|;|pass |name at least", said) else "no place or no way out", said
    dropped = report.loc[report["done"] == "dropped", "rows"].sum()
    if table.rows_in != rows or report.loc[report["check"] == "rows read", "rows"].tolist() != [rows]:
        return f"{table.rows_in} rows read of {rows}", out
    if table.rows_in - table.rows_out != dropped or table.rows_out != len(out):
        return f"{len(out)} rows came out of {rows}, {dropped} dropped", out
    return ("missing values" if out[["customer_id", "date", "amount"]].isna().any(axis=None) else None), out


def test_every_bad_file_is_read_to_the_last_row_or_refused_with_words(tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    cases, wrong = bad_inputs.make(tmp_path), []
    for case in cases:
        assert (case.rows is None) == bool(case.words), case.name
        try:
            # copies in UTF-8 live as long as the connection: those get one of their own
            shared = {} if "encoding" in case.options else {"connection": BACKEND}
            broken, answer = broken_promise(case.path, case.rows, {**case.options, **shared})
        except Exception as error:  # whatever it is: the promise is broken
            wrong.append(f"{case.name}: {type(error).__name__}: {error}")
            continue
        if isinstance(answer, str):
            broken = broken or f"refused: {answer}" * (case.rows is not None)
            broken = broken or ", ".join(f"not said: {word}" for word in case.words if word not in answer)
        else:
            cents = int((answer["amount"] * 100).round().sum())
            broken = broken or (f"{cents} cents, not {case.cents}" if cents != case.cents else None)
        if broken:
            wrong.append(f"{case.name}: {broken}")
    assert not wrong, "\n".join(wrong)
    assert len(cases) >= 60
    gc.collect()
    assert not list(scratch.iterdir())


def test_the_corpus_is_small_and_the_same_every_time(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
        bad_inputs.make(folder)
    sizes = sorted(path.stat().st_size for path in one.iterdir())
    assert sizes[len(sizes) // 2] < 1000
    for path in one.glob("*.csv"):
        assert path.suffixes == [".csv"] and (path.read_bytes() == (two / path.name).read_bytes()
                                              or path.name == "workbook.csv" or path.read_bytes()[:2] == b"\x1f\x8b")


# --- random tables --------------------------------------------------------------------------------------

IDS = st.one_of(st.integers(1, 3), st.sampled_from(["1", "2", "x", " x", "", "\u200b", "=1", None, 1.5, 2.0]))
MONEY = st.integers(-10_000, 10**9).map(lambda cents: cents / 100)
DAYS = st.datetimes(pd.Timestamp("1990-01-01"), pd.Timestamp("2030-01-01")).map(lambda day: day.replace(microsecond=0))
OPTIONS = st.fixed_dictionaries({
    "returns": st.sampled_from(["raise", "net", "drop"]), "duplicates": st.sampled_from(["raise", "keep", "drop"]),
    "missing_ids": st.sampled_from(["raise", "drop"])})
SOURCES = st.sampled_from(["pandas", "arrow", "csv", "xlsx"])


def handed_over(rows, kind, folder):
    """Return rows of (id, day, amount) as a source of some kind, or None if it cannot hold them."""
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "amount"])
    if kind == "pandas":
        return frame
    if kind == "arrow":
        try:
            return pa.Table.from_pandas(frame)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            return None
    if kind == "csv":
        frame.to_csv(folder / "a.csv", index=False)
        return folder / "a.csv"
    book = openpyxl.Workbook()
    for row in (frame.columns, *rows):
        book.active.append([None if value == "" else value for value in row])
    for cell in book.active["A"]:
        cell.data_type = "s" if cell.value == "=1" else cell.data_type  # text, not a formula
    book.save(folder / "a.xlsx")
    return folder / "a.xlsx"


@settings(max_examples=30)
@given(st.lists(st.tuples(IDS, st.one_of(DAYS, st.sampled_from(["2024-01-05", "05/01/2024", 45296, None])),
                          st.one_of(MONEY, st.sampled_from(["12,5", "1e2", True, None, float("inf"), "#N/A"]))),
                max_size=6), SOURCES, OPTIONS)
def test_whatever_a_table_holds_it_adds_up_or_is_refused(rows, kind, options):
    with tempfile.TemporaryDirectory() as folder:
        source = handed_over(rows, kind, Path(folder))
        if source is not None:
            broken, answer = broken_promise(source, len(rows), {**options, "connection": BACKEND})
            assert broken is None, answer


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(1, 3), DAYS, MONEY), min_size=1, max_size=6), SOURCES, OPTIONS)
def test_money_comes_out_to_the_cent(rows, kind, options):
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "amount"])
    expected = frame[frame["amount"] >= 0] if options["returns"] == "drop" else frame
    refused = options["returns"] == "raise" and (frame["amount"] < 0).any()
    refused |= options["duplicates"] == "raise" and expected.duplicated().any()
    expected = expected.drop_duplicates() if options["duplicates"] == "drop" else expected
    with tempfile.TemporaryDirectory() as folder:
        source = handed_over(rows, kind, Path(folder))
        broken, answer = broken_promise(source, len(rows), {**options, "connection": BACKEND})
    assert broken is None, answer
    assert isinstance(answer, str) == refused, answer
    if not refused:
        cents = [frame["amount"].mul(100).round().astype(np.int64).groupby(frame["customer_id"]).sum().to_dict()
                 for frame in (expected, answer)]
        assert cents[0] == cents[1]
        assert sorted(answer["date"]) == sorted(expected["date"])


@pytest.mark.parametrize("text", ["", " ", "NULL"])
def test_the_promise_can_be_broken(text):
    """The judge above is no yes-man."""
    frame = pd.DataFrame({"customer_id": ["1", text], "date": "2024-01-05", "amount": [1, 2]})
    assert broken_promise(frame, 3, {"missing_ids": "drop"})[0] == "2 rows read of 3"
    assert broken_promise(frame, 2, {"missing_ids": "drop"})[0] is None
