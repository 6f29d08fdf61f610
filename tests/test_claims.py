"""The ledger of claims: its rules on small courses made here, and what it must hold."""

from pathlib import Path

import pytest

from crmlib.teaching import claims, course, lint, reference
from tests.courses import code, text, write_course

ROOT = Path(__file__).resolve().parents[1]
CLAIM = {"id": "thirteen", "lecture": "1", "concepts": "A25", "trap": "", "claim": "Thirteen.", "claim_zh": "十三。",
         "chapter": "08", "cell": "count", "assumes": "Equal worth.", "verdict": "holds only if",
         "because": "It is 12.7."}


def chapter():
    """Return the cells of a chapter with which the ledger agrees."""
    return [
        text("# What does a lost customer cost?"),
        text("## Check the claim: thirteen"),
        code("count", "12.7 customers"),
        text("- **Verdict: holds only if** worth is revenue.", claims=["thirteen"]),
        text("## Explore"),
        code("other", "4"),
    ]


def found(root, cells, rows):
    """Return what the rules find in a course of one chapter, as texts."""
    chapters = {} if cells is None else {"08_churn": cells}
    return [str(finding) for finding in claims.findings(write_course(root, chapters, "claims", rows))]


def test_agreement_finds_nothing(tmp_path):
    assert found(tmp_path, chapter(), [CLAIM]) == []


def test_a_claim_of_an_unwritten_chapter_waits_and_needs_no_cell(tmp_path):
    assert found(tmp_path, None, [CLAIM | {"cell": ""}]) == []


def test_a_claim_of_a_written_chapter_needs_its_cell(tmp_path):
    (only,) = found(tmp_path, chapter(), [CLAIM | {"cell": ""}])
    assert "claim thirteen has no cell" in only


@pytest.mark.parametrize("change, says", [
    ({"assumes": ""}, "claim thirteen has no assumes"),
    ({"because": ""}, "claim thirteen has no because"),
    ({"verdict": "true"}, "verdict 'true'"),
    ({"lecture": "5"}, "lecture '5'"),
    ({"cell": "nowhere"}, "'nowhere' is no code cell with an output"),
    ({"cell": "other"}, "computed in another section (cell 6)"),
    ({"verdict": "holds"}, "cell 4: claim thirteen: the cell says 'holds only if', the ledger 'holds'"),
    ({"because": "It is 13.4."}, "13.4 is in the ledger and not in the section"),
])
def test_what_is_wrong_in_the_ledger(tmp_path, change, says):
    (only,) = found(tmp_path, chapter(), [CLAIM | change])
    assert says in only


def named_twice(cells):
    cells[1].metadata["claims"] = ["thirteen"]


def named_nowhere(cells):
    cells[3] = text("So it depends on what worth is.")


def no_class(cells):
    cells[3].source = "**Verdict: it depends** on what worth is."


def no_output(cells):
    cells[2:3] = [code("count"), text("12.7 customers")]


def computed_by_text(cells):
    cells[2] = text("12.7 customers")
    cells[2]["id"] = "count"


def prints_another_verdict(cells):
    cells[2] = code("count", "12.7 customers. Verdict: does not hold here.")


def verdict_without_claim(cells):
    cells.append(text("**Verdict: holds.**"))


def stranger(cells):
    cells.append(text("More.", claims=["fourteen"]))


@pytest.mark.parametrize("change, says", [
    (named_twice, "claim thirteen is named by 2 cells"),
    (named_nowhere, "claim thirteen is named by 0 cells"),
    (no_class, "the cell says ''"),
    (no_output, "'count' is no code cell with an output"),
    (computed_by_text, "'count' is no code cell with an output"),
    (prints_another_verdict, "cell 3: claim thirteen: printed 'does not hold', the ledger 'holds only if'"),
    (verdict_without_claim, "cell 7: a verdict on no claim of the ledger"),
    (stranger, "cell 7: claim fourteen is not in the ledger for this chapter"),
])
def test_what_is_wrong_in_a_chapter(tmp_path, change, says):
    cells = chapter()
    change(cells)
    (only,) = found(tmp_path, cells, [CLAIM])
    assert says in only


def test_a_claim_is_there_once(tmp_path):
    (only,) = found(tmp_path, chapter(), [CLAIM, CLAIM])
    assert "claim thirteen is there twice" in only


def test_a_claim_named_in_the_chapter_of_another_is_found(tmp_path):
    chapters = {"08_churn": chapter(), "09_one": [text("# One?", claims=["thirteen"])]}
    root = write_course(tmp_path, chapters, "claims", [CLAIM])
    assert ["09_one.ipynb: cell 1" in str(each) for each in claims.findings(root)] == [True]


def test_a_printed_verdict_of_the_same_class_agrees(tmp_path):
    cells = chapter()
    cells[2] = code("count", "12.7 customers. Verdict: holds only for equal margins.")
    assert found(tmp_path, cells, [CLAIM]) == []


@pytest.mark.parametrize("said, verdict", [
    ("**Verdict: holds.**", "holds"), ("**Verdict:** holds, roughly", "holds"),
    ("Verdict: Holds only here", "holds only if"),
    ("**Verdict: rule of thumb.**", "rule of thumb"), ("- **Verdict: does not hold here**", "does not hold"),
    ("**Verdict: perhaps**", ""), ("No verdict: not answered yet", None), ("The verdict stands.", None),
])
def test_the_class_of_a_verdict(said, verdict):
    assert claims.verdict_in(said) == verdict


def test_links_lead_to_the_heading_above_the_verdict(tmp_path):
    cells = chapter()
    root = write_course(tmp_path, {"08_churn": cells}, "claims", [CLAIM, CLAIM | {"id": "waits", "chapter": "09"}])
    assert claims.linked(root)["link"].tolist() == [f"08_churn.ipynb#cell-id={cells[1].id}", ""]


def test_lint_of_the_whole_course_speaks_of_the_ledger(tmp_path, monkeypatch, capsys):
    from crmlib import __main__ as cli

    root = write_course(tmp_path, {}, "claims", [CLAIM | {"verdict": "true"}])
    write_course(tmp_path, {}, "concepts", [{"id": "A25", "chapters": "08"}])
    write_course(tmp_path, {}, "glossary", [{"term": "churn", "chapter": "08", "definition": ""}])
    monkeypatch.setattr(course, "find_root", lambda: root)
    assert cli.main(["lint"]) == 1
    said = capsys.readouterr().out
    assert "verdict 'true'" in said and "churn has no definition" in said


# --------------------------------------------------------------------------------- what it must hold


def test_every_trap_of_the_lectures_is_in_the_ledger():
    traps = set(claims.ledger(ROOT)["trap"]) - {""}
    assert traps == {str(n) for n in range(1, 20)}


def test_the_concepts_of_the_ledger_exist():
    named = {concept for field in claims.ledger(ROOT)["concepts"] for concept in field.split()}
    assert named <= set(lint.concepts(ROOT))


def test_claims_are_in_simplified_chinese():
    for claim, chinese in claims.ledger(ROOT)["claim_zh"].items():
        if claim != "customer-of-all-beings":
            assert chinese.encode("gb2312").decode("gb2312") == chinese


def test_every_link_of_the_ledger_leads_to_a_cell():
    cells = {(path.name, cell.id) for path, there in reference.written(ROOT).values() for cell in there}
    links = claims.linked(ROOT)["link"]
    assert all(tuple(link.split("#cell-id=")) in cells for link in links if link)
