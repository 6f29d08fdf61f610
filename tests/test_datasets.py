"""The data sets of the course hold what the literature says they hold."""

import subprocess
import sys

import pandas as pd
import pytest

from crmlib.data import datasets, load_cdnow, load_donations
from crmlib.errors import DataError


def cents(table):
    return int(table.aggregate(cents=(table.amount * 100).round().cast("int64").sum()).to_pyarrow()[0][0].as_py())


def customer_days(table):
    return table.select("customer_id", day=table.date.date()).distinct().count().to_pyarrow().as_py()


def test_cdnow_sample_has_the_published_counts():
    """2,357 customers and 6,696 customer-days: BTYD walkthrough; CLVTools' cdnow has 6,696 rows."""
    orders = load_cdnow()
    assert orders.columns == ("customer_id", "date", "amount", "quantity")
    assert str(orders.schema()["customer_id"]) == "int64"
    assert (orders.rows_in, orders.rows_out, orders.count().to_pyarrow().as_py()) == (6919, 6919, 6919)
    assert orders.customer_id.nunique().to_pyarrow().as_py() == 2357
    assert cents(orders) == 24_409_194
    assert customer_days(orders) == 6696
    assert orders.report.set_index("check").loc["zero", "rows"].tolist() == 8
    assert str(orders.date.min().to_pyarrow().as_py()) == "1997-01-01 00:00:00"
    assert str(orders.date.max().to_pyarrow().as_py()) == "1998-06-30 00:00:00"


def test_cdnow_master_has_ten_times_as_many():
    """23,570 customers and 69,659 rows: the trap next to the sample's 2,357."""
    orders = load_cdnow(sample=False)
    assert orders.rows_out == 69_659
    assert orders.customer_id.nunique().to_pyarrow().as_py() == 23_570
    assert cents(orders) == 250_031_563
    assert customer_days(orders) == 67_591
    assert orders.report.set_index("check").loc["zero", "rows"].tolist() == 80


def test_cdnow_sample_is_part_of_the_master_under_the_same_numbers():
    sample, master = (load_cdnow(sample=s).to_pyarrow().to_pandas() for s in (True, False))
    part = master[master["customer_id"].isin(sample["customer_id"])]
    part, sample = (frame.sort_values(list(sample.columns), ignore_index=True) for frame in (part, sample))
    pd.testing.assert_frame_equal(part, sample)


def test_equal_rows_of_cdnow_are_kept():
    frame = load_cdnow().to_pyarrow().to_pandas()
    assert frame.duplicated().sum() == 21


def test_cdnow_is_the_same_every_time():
    order = ["customer_id", "date", "amount", "quantity"]
    one, two = (load_cdnow().to_pyarrow().to_pandas().sort_values(order, ignore_index=True) for _ in range(2))
    pd.testing.assert_frame_equal(one, two)


def test_donations_have_the_published_counts():
    """11,104 donors in 22 cells, 24,615 repeat donations: Fader, Hardie & Shang (2010)."""
    cells = load_donations()
    assert list(cells.columns) == ["frequency", "recency", "n_periods", "customers"]
    assert (len(cells), cells["customers"].sum(), (cells["frequency"] * cells["customers"]).sum()) == (22, 11104, 24615)
    assert (cells["recency"] <= cells["n_periods"]).all() and (cells["frequency"] <= cells["recency"]).all()
    assert set(cells["n_periods"]) == {6}


@pytest.mark.parametrize(("name", "load"), [
    ("CDNOW_sample.txt", load_cdnow), ("CDNOW_master.txt", lambda: load_cdnow(sample=False)),
    ("donations.csv", load_donations),
])
def test_changed_or_missing_files_are_refused(name, load, tmp_path, monkeypatch):
    lines = datasets._file(name).read_text().splitlines()
    monkeypatch.setattr(datasets, "_file", lambda name: tmp_path / name)
    (tmp_path / name).write_text("\n".join(lines[:-1]))
    with pytest.raises(DataError, match=f"{name} holds .* not .* lifetimes 0.11.3"):
        load()
    monkeypatch.undo()
    monkeypatch.setattr(datasets.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=f"{name} is missing: it comes with the lifetimes package"):
        load()


def test_lifetimes_is_not_imported():
    code = "import sys; from crmlib.data import *; load_donations(); load_cdnow(); sys.exit('lifetimes' in sys.modules)"
    assert subprocess.run([sys.executable, "-W", "error::UserWarning", "-c", code]).returncode == 0
