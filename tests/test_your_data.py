"""The notebooks of your own data: parameters filled in by hand, by papermill and by the report command."""

import json
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from crmlib.data import read_transactions
from crmlib.report import Material, Settings
from crmlib.report.notebooks import filled, notebook_parameters, write_notebooks
from crmlib.teaching import course, lint
from tests.report_data import KINDS

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = course.notebooks(ROOT, "your_data")
DOOR = {"customer_id": "Kundennr", "date": "Datum", "amount": "Betrag", "decimal": ",", "date_format": "%d.%m.%Y"}


def parameters_of(notebook):
    """Return the values that the cell of parameters assigns."""
    (cell,) = [cell for cell in notebook.cells if "parameters" in course.tags(cell)]
    names = {}
    exec(cell.source, {}, names)  # the cell holds assignments of plain values only
    return names


@pytest.fixture
def shop(tmp_path):
    """Write a German export beside the folder into which the notebooks go; a tenth of its lines has no product."""
    orders = KINDS["plain"]()
    amount, margin = ((orders["amount"] * share).map("{:.2f}".format).str.replace(".", ",") for share in (1, 0.4))
    path = tmp_path / "bestellungen.csv"
    pd.DataFrame({"Kundennr": orders["customer_id"], "Datum": orders["date"].dt.strftime("%d.%m.%Y"), "Betrag": amount,
                  "Artikel": orders["product_id"].where(orders.index % 10 > 0, ""), "Marge": margin}).to_csv(
        path, index=False, sep=";")
    return path


def test_there_is_one_per_question_and_each_has_its_parameters():
    assert [path.stem for path in TEMPLATES] == ["churn_loss", "growth_matrix", "lifetime_value", "segments"]
    for path in TEMPLATES:
        names = parameters_of(course.read(path))
        assert {"orders_file", "columns", "reading", "observation_end", "currency_sign"} <= set(names)
        assert (path.parent / names["orders_file"]).exists()
        assert not lint.findings(path)


def test_pages_on_the_case_say_that_it_is_invented():
    for path in [*TEMPLATES, ROOT / "notebooks" / "instructor" / "README.md"]:
        assert "invented" in path.read_text(encoding="utf-8"), path.name


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_parameters_are_filled_in_and_outputs_taken_away(path, shop, tmp_path):
    wanted = notebook_parameters(tmp_path / "mine", [str(shop)], DOOR, Settings(margin=None, currency_sign="'€#"),
                                 "2025-12-30")
    notebook = nbformat.reads(filled(path, wanted), as_version=4)
    names = parameters_of(notebook)
    assert names["orders_file"] == "../bestellungen.csv" and names["observation_end"] == "2025-12-30"
    assert names["columns"] == {"customer_id": "Kundennr", "date": "Datum", "amount": "Betrag"}
    assert names["reading"] == {"decimal": ",", "date_format": "%d.%m.%Y"}
    assert names["currency_sign"] == "'€#" and names.get("margin") is None and names.get("new_offering") is None
    assert not any(cell.get("outputs") for cell in notebook.cells)


def test_unit_price_takes_the_place_of_the_amount():
    door = {"unit_price": "Price", "quantity": "Quantity", "missing_ids": "drop"}
    wanted = notebook_parameters(".", ["a.csv", "b.csv"], door, Settings(), "2025-12-30")
    assert wanted["columns"] == {"customer_id": "customer_id", "date": "date", "unit_price": "Price",
                                 "quantity": "Quantity"}
    assert wanted["reading"] == {"missing_ids": "drop"} and wanted["orders_file"] == ["a.csv", "b.csv"]


def written(monkeypatch, tmp_path, name, file, **door):
    """Write and run one of the notebooks; return its path, what it shows, and why it could not be run."""
    monkeypatch.setattr(course, "notebooks", lambda *_: [path for path in TEMPLATES if path.stem == name])
    ((path, error),) = write_notebooks(tmp_path / "mine", [str(file)], DOOR | {"duplicates": "keep"} | door, Settings(),
                                       end="2025-12-30")
    assert [each.name for each in path.parent.iterdir()] == [f"{name}.ipynb"]
    ran = course.read(path)
    assert str(tmp_path) not in json.dumps(ran)
    return path, " ".join(lint.output_text(cell) for cell in ran.cells if cell.cell_type == "code"), error


def test_growth_is_run_without_the_lines_that_have_no_product(shop, tmp_path, monkeypatch):
    _, shown, error = written(monkeypatch, tmp_path, "growth_matrix", shop, product_id="Artikel")
    assert error is None and "Where did growth come from?" in shown
    assert "order lines without a product are left out" in shown


def test_values_are_margin_where_a_column_says_it(shop, capsys):
    (template,) = [path for path in TEMPLATES if path.stem == "lifetime_value"]
    (cell,) = [cell for cell in course.read(template).cells if cell.source.startswith("value = ")]
    orders = read_transactions(shop, **{**DOOR, "duplicates": "keep"}, margin="Marge")
    names = {"material": Material(orders, Settings(draws=2, observation_end="2025-12-30"))}
    exec(cell.source, names)
    assert names["value"].sum() == pytest.approx(names["total"]["estimate"])
    assert capsys.readouterr().out == "margin: 0.400, computed\n"


def test_a_notebook_that_fails_is_written_without_outputs(shop, tmp_path, monkeypatch):
    def fails(path):
        raise course.NotebookError(f"{path.name}: of 12 customers 10 came back")

    monkeypatch.setattr(course, "refreshed", fails)
    path, shown, error = written(monkeypatch, tmp_path, "lifetime_value", shop)
    assert error == "lifetime_value.ipynb: of 12 customers 10 came back" and not shown.strip()
    assert not any(cell.get("outputs") for cell in course.read(path).cells)


def test_papermill_runs_a_notebook_with_other_parameters(shop, tmp_path):
    papermill = pytest.importorskip("papermill")
    source = ROOT / "notebooks" / "your_data" / "segments.ipynb"
    columns = {"customer_id": "Kundennr", "date": "Datum", "amount": "Betrag"}
    ran = papermill.execute_notebook(
        str(source), str(tmp_path / "mine.ipynb"), cwd=str(tmp_path), progress_bar=False, kernel_name="python3",
        parameters={"orders_file": shop.name, "columns": columns,
                    "reading": {"decimal": ",", "date_format": "%d.%m.%Y", "duplicates": "keep"},
                    "observation_end": "2025-12-30"})
    shown = " ".join(lint.output_text(cell) for cell in ran.cells if cell.cell_type == "code")
    assert "Who are the customers" in shown and "up to 2025-12-30" in shown
