"""The notebooks of the course as they are stored; nbval runs chapters and solutions besides."""

from pathlib import Path

import nbformat
import pytest

from crmlib.teaching import claims, course, glossary, lint

ROOT = Path(__file__).resolve().parents[1]


def stored(*folders):
    """Return a pytest parameter for each notebook of the folders."""
    return [pytest.param(p, id=f"{p.parent.name}/{p.name}") for p in course.notebooks(ROOT, *folders)]


@pytest.mark.parametrize("path", stored(*course.FOLDERS))
def test_structure(path):
    found = lint.findings(path)
    assert not found, "\n" + "\n".join(map(str, found))


def test_every_concept_of_a_written_chapter_has_its_cell():
    found = lint.concept_coverage(ROOT).findings
    assert not found, "\n" + "\n".join(map(str, found))


@pytest.mark.parametrize("book", [claims, glossary])
def test_ledger_and_glossary_agree_with_the_chapters(book):
    found = list(book.findings(ROOT))
    assert not found, "\n" + "\n".join(map(str, found))


@pytest.mark.parametrize("path", stored("solutions"))
def test_solutions_have_their_exercises(path):
    assert course.exercise_path(path).exists(), "run `python -m crmlib exercises`"


@pytest.mark.parametrize("path", stored("exercises"))
def test_exercises_run_unanswered(path):
    ran = nbformat.reads(course.refreshed(path), as_version=4)
    questions = [cell for cell in ran.cells if cell.cell_type == "code" and 'check("' in cell.source]
    assert questions, "an exercise asks at least one question"
    for cell in questions:
        assert "not answered yet" in lint.output_text(cell), cell.source
