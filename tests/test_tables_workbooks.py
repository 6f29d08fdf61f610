"""What a workbook says is what comes out, under the row numbers that Excel shows."""

import datetime as dt

import openpyxl
import pytest
from openpyxl.utils.datetime import MAC_EPOCH

from crmlib.data import read_transactions
from crmlib.errors import DataError

HEADER = ["customer_id", "date", "amount"]


def book(path, *rows, change=lambda sheet: None, epoch=None):
    """Write a workbook; return its path."""
    workbook = openpyxl.Workbook()
    if epoch:
        workbook.epoch = epoch
    for row in rows:
        workbook.active.append(row)
    change(workbook.active)
    workbook.save(path)
    return path


def rows(table):
    return sorted(tuple(row.values()) for row in table.to_pyarrow().to_pylist())


@pytest.mark.parametrize("epoch", [None, MAC_EPOCH])
@pytest.mark.parametrize("suffix", ["xlsx", "xlsm", "XLSX"])
def test_days_and_times_are_those_that_excel_shows(tmp_path, epoch, suffix):
    path = book(tmp_path / f"a.{suffix}", HEADER, [1, dt.date(2024, 1, 5), 20],
                [2, dt.datetime(2024, 2, 29, 23, 59), 0.1], epoch=epoch)
    table = read_transactions(path)
    assert rows(table) == [(1, dt.datetime(2024, 1, 5), 20.0), (2, dt.datetime(2024, 2, 29, 23, 59), 0.1)]
    assert str(table.schema()["date"]) == "timestamp(6)"


@pytest.mark.parametrize(("epoch", "number"), [(None, 45296.5), (MAC_EPOCH, 45296.5 - 1462)])
def test_day_numbers_count_from_where_the_workbook_counts(tmp_path, epoch, number):
    path = book(tmp_path / "a.xlsx", HEADER, [1, number, 20], epoch=epoch)
    assert rows(read_transactions(path, date_format="excel")) == [(1, dt.datetime(2024, 1, 5, 12), 20.0)]


def test_rows_have_the_numbers_that_excel_shows(tmp_path):
    day = dt.datetime(2024, 1, 5)
    path = book(tmp_path / "a.xlsx", ["Orders"], [], HEADER, [1, day, 20], [], [None, day, 5], [2, day, "x"],
                [2, day, 5], [2, day, 5])
    with pytest.raises(DataError) as info:
        read_transactions(path, header_row=3)
    for words in ("customer_id: missing in 1 of 5 rows\n   row 6: None", "not a number in 1 of 5 rows\n   row 7: 'x'",
                  "1 of 5 rows repeat another one in every column\n   row 8, 2 times"):
        assert words in str(info.value)


def test_what_a_reader_of_the_workbook_does_not_see_is_in_the_report(tmp_path):
    def change(sheet):
        sheet.row_dimensions[2].hidden = True
        sheet.row_dimensions[4].hidden = True  # an empty row

    path = book(tmp_path / "a.xlsx", HEADER, [1, dt.datetime(2024, 1, 5), 20], [2, dt.datetime(2024, 1, 6), 5], [],
                [3, dt.datetime(2024, 1, 7), 5], change=change)
    table = read_transactions(path)
    report = table.report.set_index("check")[["rows", "done"]]
    assert report.loc["hidden in the workbook"].tolist() == [1, "kept"]
    assert report.loc["empty rows between the others"].tolist() == [1, "not counted"]
    assert (table.rows_in, table.rows_out) == (3, 3)


def test_ids_of_a_workbook_are_read_like_those_of_a_text_file(tmp_path):
    day = dt.datetime(2024, 1, 5)
    for ids, read in (([1, "2", 3.0], [1, 2, 3]), (["007", 8, "x"], ["007", "8", "x"]), (["1", "2", "3"], [1, 2, 3])):
        path = book(tmp_path / "a.xlsx", HEADER, *([each, day, n] for n, each in enumerate(ids)))
        assert [row[0] for row in rows(read_transactions(path))] == read


@pytest.mark.parametrize(("number", "text", "options"), [
    (1.234, "1.234,50", {"decimal": ",", "thousands": "."}), (1.234, "1,234.50", {"thousands": ","}),
    (1.234, "1234,5", {"decimal": ","})])
def test_numbers_beside_text_keep_their_value_whatever_the_marks(tmp_path, number, text, options):
    day = dt.datetime(2024, 1, 5)
    path = book(tmp_path / "a.xlsx", HEADER, [1, day, number], [2, day, text], [3, day, 1000])
    assert [row[2] for row in rows(read_transactions(path, **options))] == [1.234, 1234.5, 1000.0]


def test_sheet_and_header_row_are_for_workbooks(tmp_path):
    (tmp_path / "a.csv").write_text("customer_id,date,amount\n1,2024-01-05,20\n")
    for options in ({"sheet": "May"}, {"header_row": 2}):
        with pytest.raises(ValueError, match="for Excel workbooks only"):
            read_transactions(tmp_path / "a.csv", **options)
    paths = [book(tmp_path / name, HEADER, [1, dt.datetime(2024, 1, 5), 20]) for name in ("a.xlsx", "b.xlsx")]
    with pytest.raises(DataError, match="several workbooks"):
        read_transactions(paths)
    with pytest.raises(DataError, match="CSV, Parquet and Excel files are mixed"):
        read_transactions([paths[0], tmp_path / "a.csv"])
