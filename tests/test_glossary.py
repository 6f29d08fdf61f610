"""The glossary: its rules on small courses made here, and what it must hold."""

from pathlib import Path

import pytest

from crmlib.teaching import glossary
from tests.courses import text, write_course

ROOT = Path(__file__).resolve().parents[1]


def row(term, chapter="06", **more):
    return {"term": term, "simplified": "词", "traditional": "詞", "symbol": "", "unit": "",
            "definition": "A thing.", "chapter": chapter} | more


ROWS = [row("discount rate"), row("margin"), row("recency (in periods)"), row("recency (RFM)", "03")]


def chapters():
    """Return the cells of two chapters with which the glossary agrees."""
    return {
        "03_segments": [text("The **recency** (近度) of an order.", terms=["recency (RFM)"])],
        "06_value": [
            text("A **discount rate** (折现率) of 10 %, *not* more, and **never** less."),
            text("The **margin**, and **recency** in periods.", terms=["margin", "recency (in periods)"]),
            text("Again the **margin**."),
        ],
    }


def found(root, cells, rows):
    """Return what the rules find, as texts."""
    return [str(finding) for finding in glossary.findings(write_course(root, cells, "glossary", rows))]


def test_agreement_finds_nothing(tmp_path):
    assert found(tmp_path, chapters(), ROWS) == []


def test_a_term_of_an_unwritten_chapter_waits(tmp_path):
    assert found(tmp_path, chapters(), [*ROWS, row("censoring", "08")]) == []


@pytest.mark.parametrize("rows, says", [
    ([*ROWS, row("Margin")], "margin is there twice"),
    (ROWS[1:], "'discount rate' is defined here and not in the glossary"),
    ([*ROWS, row("churn")], "'churn' is defined in no cell"),
    ([row("discount rate", traditional=""), *ROWS[1:]], "discount rate has no traditional"),
    ([row("discount rate", definition=""), *ROWS[1:]], "discount rate has no definition"),
])
def test_what_is_wrong_in_the_glossary(tmp_path, rows, says):
    (only,) = found(tmp_path, chapters(), rows)
    assert says in only


def test_a_term_of_another_chapter_is_found_from_both_sides(tmp_path):
    said = found(tmp_path, chapters(), [row("discount rate", "03"), *ROWS[1:]])
    assert any("'discount rate' is defined in 06_value.ipynb, not in 03" in each for each in said)


@pytest.mark.parametrize("cell, says", [
    (text("**Discount rate** (折现率)."), "'discount rate' is defined a second time (first in 06_value.ipynb, cell 1)"),
    (text("The **margin** is what is left."), "'margin' is in bold again: chapter 06 defines it"),
    (text("A **lead** (线索)."), "'lead' is defined here and not in the glossary"),
])
def test_what_is_wrong_in_another_chapter(tmp_path, cell, says):
    (only,) = found(tmp_path, {**chapters(), "07_orders": [cell]}, ROWS)
    assert says in only


def test_a_term_is_in_bold_where_it_is_defined(tmp_path):
    cells = chapters() | {"07_orders": [text("Censoring.", terms=["censoring"])]}
    (only,) = found(tmp_path, cells, [*ROWS, row("censoring", "07")])
    assert "07_orders.ipynb: cell 1: the term 'censoring' is not in bold" in only


def test_links_lead_to_the_cell_that_defines_a_term(tmp_path):
    cells = chapters()
    table = glossary.linked(write_course(tmp_path, cells, "glossary", [*ROWS, row("censoring", "08")]))
    assert table.index.tolist() == ["censoring", "discount rate", "margin", "recency (in periods)", "recency (RFM)"]
    assert table["link"].tolist() == ["", *(f"06_value.ipynb#cell-id={cells['06_value'][n].id}" for n in (0, 1, 1)),
                                      f"03_segments.ipynb#cell-id={cells['03_segments'][0].id}"]


# --------------------------------------------------------------------------------- what it must hold


def test_each_script_is_what_its_column_says():
    """GB 2312 has no traditional characters; a character that differs between the scripts stays in its column.

    逼近理想解 and 对数似然 are other words in Taiwan, not other characters.
    """
    table = glossary.glossary(ROOT)
    pairs = [pair for row in table.itertuples() if len(row.simplified) == len(row.traditional)
             for pair in zip(row.simplified, row.traditional, strict=True)]
    same = {a for a, b in pairs if a == b}
    simplified_only = {a for a, b in pairs if a != b} - same - set("理似概")
    for term, simplified, traditional in table[["simplified", "traditional"]].itertuples():
        assert simplified.encode("gb2312") and traditional.encode("big5"), term
        assert not simplified_only & set(traditional), (term, simplified_only & set(traditional))


def test_a_definition_is_one_sentence():
    for term, definition in glossary.glossary(ROOT)["definition"].items():
        assert definition.endswith(".") and definition[0].isupper() or definition.startswith("Minus"), term
        assert ". " not in definition, term
