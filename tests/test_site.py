"""The reading site's pages, before Sphinx makes HTML of them; tests/browser/test_site.py builds and reads the whole."""

import doctest
import importlib
import os
import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from crmlib.teaching import course, glossary

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "docs"))  # where Sphinx, too, finds them
checks, finish, pages = map(importlib.import_module, ("checks", "finish", "pages"))

CHAPTERS = [path for path in course.notebooks(ROOT, "") if path.name[:2].isdigit()]
SOLUTIONS = course.notebooks(ROOT, "solutions")
NOWHERE = pages.Settings()
GITHUB = pages.Settings("https://github.com/somebody/course")
PICTURE = "iVBORw0KGgo="


@pytest.fixture(scope="module")
def terms():
    """The glossary of the course."""
    return pages.Terms(ROOT)


@pytest.fixture
def course_of(tmp_path):
    """Return a function that makes a small course of one chapter from cells, and returns its page."""

    def make(*cells, name="06_small.ipynb", settings=NOWHERE):
        for folder in ("notebooks/exercises", "notebooks/solutions", "crmlib", "datasets"):
            (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        table = ROOT / "datasets" / "glossary.csv"
        (tmp_path / "datasets" / "glossary.csv").write_bytes(table.read_bytes())
        path = tmp_path / "notebooks" / name
        nbformat.write(new_notebook(cells=[new_markdown_cell("# Small", id="title"), *cells]), path)
        return pages.notebook_page(tmp_path, path, settings, pages.Terms(tmp_path))

    make.root = tmp_path
    return make


def text(page):
    """Return the text cells of a page as one text."""
    return "\n".join(cell.source for cell in page.cells if cell.cell_type == "markdown")


def marks(page):
    """Return the anchors of a page."""
    return re.findall(r'class="anchor" id="([^"]+)"', text(page))


@pytest.mark.parametrize("name", ["extension", "finish", "pages"])
def test_examples(name):
    pytest.importorskip("docutils", reason="Sphinx is not installed: pip install -e .[site]")
    done = doctest.testmod(importlib.import_module(name))
    assert done.attempted and not done.failed


# --------------------------------------------------------------------------------- chapters


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_is_all_there(path, terms):
    stored, page = course.read(path).cells, pages.notebook_page(ROOT, path, NOWHERE, terms)
    shown = [cell for cell in stored if cell.metadata.get("slideshow", {}).get("slide_type") != "notes"]
    assert marks(page) == [f"cell-id={cell.id}" for cell in shown]
    code = [cell for cell in page.cells if cell.cell_type == "code"]
    assert [cell.source for cell in code] == [cell.source for cell in shown if cell.cell_type == "code"]
    pictures = [(cell, output.metadata["image/png"]["alt"]) for cell in code for output in cell.outputs
                if "image/png" in output.get("data", {})]
    assert pictures and all(cell.metadata["mystnb"]["image"]["alt"] == alt for cell, alt in pictures)
    assert text(page).count('class="live"') == sum(course.WIDGET_NOTE in str(cell) for cell in stored) == 1
    defined = [pages.term_anchor(term) for cell in shown for term in glossary.defined(cell)]
    assert sorted(re.findall(r"glossary\.ipynb#(term-[a-z0-9-]+)", text(page))) == sorted(defined)
    nbformat.validate(page)


def test_speaker_notes_stay_in_the_slides(course_of):
    notes = new_markdown_cell("The answer is 42.", metadata={"slideshow": {"slide_type": "notes"}})
    page = course_of(new_markdown_cell("Guess."), notes)
    assert "Guess." in text(page) and "42" not in text(page)


def test_the_title_comes_first_and_every_other_anchor_before_its_cell(course_of):
    page = course_of(new_markdown_cell("## Part", id="part"), new_code_cell("1 + 1", id="sum"))
    sources = [cell.source for cell in page.cells]
    assert sources[0] == "# Small" and "cell-id=title" in sources[1] and "download" in sources[2]
    assert sources[3:] == ['<div class="anchor" id="cell-id=part"></div>', "## Part",
                           '<div class="anchor" id="cell-id=sum"></div>', "1 + 1"]


def test_a_widget_gives_way_to_a_line_and_an_error_becomes_text(course_of):
    widget = new_code_cell("explore()", outputs=[new_output("display_data", {"text/plain": course.WIDGET_NOTE})])
    wrong = new_code_cell("1 / 0", outputs=[new_output("error", ename="E", evalue="no", traceback=["E: no"])])
    page = course_of(widget, wrong)
    explorer, line, _, failing = page.cells[4:8]
    assert explorer.outputs == [] and line.source == pages.LIVE
    assert failing.outputs == [new_output("stream", name="stdout", text="E: no\n")]


def test_a_cell_with_two_figures_is_refused(course_of):
    figure = new_output("display_data", {"image/png": PICTURE}, metadata={"image/png": {"alt": "Bars that grow."}})
    assert course_of(new_code_cell("1", outputs=[figure])).cells[-1].metadata["mystnb"]["image"]["alt"]
    with pytest.raises(ValueError, match="cell two shows 2 figures"):
        course_of(new_code_cell("2", id="two", outputs=[figure, figure]))


def test_decks_short_and_long_and_their_list_reach_the_site(course_of):
    pytest.importorskip("sphinx", reason="Sphinx is not installed: pip install -e .[site]")
    copy_decks = importlib.import_module("build").copy_decks
    root, decks = course_of.root, course_of.root / "decks"
    names = ["06_small.html", "06_small.short.html", "index.html"]
    settings = pages.Settings(decks=decks)
    assert "slides/" not in text(course_of(settings=settings))
    decks.mkdir()
    assert list(copy_decks(root, decks, root / "none")) == [] and not (root / "none").exists()
    for name in [*names, "05_gone.html"]:
        (decks / name).write_text("")
    assert list(copy_decks(root, decks, root / "slides")) == []
    assert sorted(path.name for path in (root / "slides").iterdir()) == names
    shown = text(course_of(settings=settings))
    assert 'href="../slides/06_small.html">Slides<' in shown and 'short.html">Slides, 20 minutes<' in shown
    os.utime(decks / names[0], (0, 0))
    assert "older than its chapter" in list(copy_decks(root, decks, root / "older"))[0]
    (decks / names[0]).unlink()
    assert "06_small.ipynb has no deck" in list(copy_decks(root, decks, root / "missing"))[0]


def test_a_term_leads_to_the_glossary_where_it_is_defined(course_of):
    page = course_of(new_markdown_cell("**Churn** (客户流失) is **not** a segment. **Churn** again."))
    link = r'\[\*\*Churn\*\*\]\(glossary.ipynb#term-churn "[^"]{20,}"\)'
    assert re.search(link + r" \(客户流失\) is \*\*not\*\*", text(page))
    assert text(page).count("#term-") == 1


def test_rows_of_the_glossary_have_anchors(terms):
    page = pages.notebook_page(ROOT, ROOT / "notebooks" / "glossary.ipynb", NOWHERE, terms)
    table = next(output.data["text/markdown"] for cell in page.cells for output in cell.get("outputs", ())
                 if "text/markdown" in output.get("data", {}))
    anchors = re.findall(r'^\| <span class="anchor" id="([^"]+)"></span>', table, re.MULTILINE)
    assert anchors == sorted(set(anchors), key=anchors.index)
    assert set(anchors) == {pages.term_anchor(term) for term in terms.meaning}


# -------------------------------------------------------------------------------- exercises


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_no_answer_is_in_sight(path):
    page = pages.exercise_page(ROOT, path, NOWHERE)
    folded, open_, away = False, [], []
    for cell in page.cells:
        if cell.source.startswith(("<details", "</details")):
            assert folded == cell.source.startswith("</")
            folded = not folded
        else:
            (away if folded else open_).append(cell)
    exercise = nbformat.reads(course.exercise(path), as_version=4).cells
    assert not folded
    assert ([cell.source for cell in open_ if cell.cell_type == "code"]
            == [cell.source for cell in exercise if cell.cell_type == "code"])
    asked = [cell for cell in open_ if 'check("' in cell.source]
    assert asked and not any(cell.outputs for cell in asked)
    answers = [cell.source for cell in course.read(path).cells if "solution" in course.tags(cell)]
    for source in answers:
        first = source.split("\n")[-1][:60]
        assert any(first in cell.source for cell in away), first
    assert len(marks(page)) == len(set(marks(page)))


# ------------------------------------------------------------------------------------ links


@pytest.mark.parametrize(("written", "settings", "shown"), [
    ("[six](06_lifetime_value.ipynb#cell-id=x)", NOWHERE, "[six](06_lifetime_value.ipynb#cell-id=x)"),
    ("[why](solutions/06_lifetime_value.ipynb)", NOWHERE, "[why](exercises/06_lifetime_value.ipynb)"),
    ("[list](../datasets/claims.csv)", NOWHERE, "[list](../datasets/claims.csv)"),
    ("[home](../README.md)", NOWHERE, "[home](../index.md)"),
    ("[code](../crmlib/clv)", NOWHERE, "code"),
    ("[code](../crmlib/clv)", GITHUB, "[code](https://github.com/somebody/course/blob/HEAD/crmlib/clv)"),
    ("[gone](gone.md)", NOWHERE, "[gone](gone.md)"),  # Sphinx complains
    ("[out](https://example.org/x)", NOWHERE, "[out](https://example.org/x)"),
    ('[t](glossary.ipynb#term-churn "What it is.")', NOWHERE, '[t](glossary.ipynb#term-churn "What it is.")'),
])
def test_links_lead_to_pages_or_to_the_repository(written, settings, shown):
    assert pages.linked(written, ROOT / "notebooks" / "x.ipynb", ROOT, settings) == shown


def test_one_setting_adds_the_buttons():
    path = ROOT / "notebooks" / "06_lifetime_value.ipynb"
    without, with_ = (pages.launch(ROOT, path, settings).source for settings in (NOWHERE, GITHUB))
    assert without.count("<a ") == 1 and 'href="06_lifetime_value.ipynb" download' in without
    assert "mybinder.org/v2/gh/somebody/course/" in with_ and "/blob/HEAD/notebooks/06_lifetime_value.ipynb" in with_


def test_every_page_is_in_the_contents_of_the_side_bar(tmp_path):
    pages.stage(ROOT, tmp_path / "source", NOWHERE)
    start = (tmp_path / "source" / "index.md").read_text(encoding="utf-8")
    for path in CHAPTERS:
        assert f"<notebooks/{path.stem}>" in start and f"](notebooks/{path.name})" in start
    for word in ("CHAPTERS", "PACK", "DECK", "YOURS"):
        assert word not in start
    for path in [*course.notebooks(ROOT, "your_data"), ROOT / "docs" / "on_a_cluster.md"]:
        place = path.relative_to(ROOT)
        assert f"]({place.as_posix()})" in start and f"\n{place.with_suffix('').as_posix()}\n" in start
        assert (tmp_path / "source" / place).exists()
    assert "notebooks/glossary" in start and "notebooks/claims" in start and "library/index" in start
    index = (tmp_path / "source" / "library" / "index.md").read_text(encoding="utf-8")
    for name in ("clv", "btyd", "data", "plots", "teaching.check"):
        assert f"[`crmlib.{name}`]({name}.rst)" in index


# --------------------------------------------------------------------- checks of what was built

GOOD = '<h1 id="top">T</h1><a href="other.html#there">x</a><img src="a.png" alt="Bars that grow.">'


@pytest.mark.parametrize(("page", "finding"), [
    (GOOD, None),
    ('<a href="https://example.org">x</a>', None),
    ('<a href="gone.html">x</a>', "gone.html leads to no file"),
    ('<a href="../outside.html">x</a>', "outside.html leads to no file"),
    ('<a href="other.html#gone">x</a>', "other.html#gone leads to no element"),
    ('<a href="#gone">x</a>', "#gone leads to no element"),
    ('<i id="a"></i><i id="a"></i>', "2 elements have the id 'a'"),
    ('<img src="a.png">', "a.png has no description"),
    ('<img src="a.png" alt="Figure">', "a.png has no description"),
    ('<script src="https://example.org/x.js"></script>', "fetches https://example.org/x.js"),
    ('<link rel="stylesheet" href="//example.org/x.css">', "fetches //example.org/x.css"),
])
def test_findings(tmp_path, page, finding):
    site = tmp_path / "site"
    site.mkdir()
    (tmp_path / "outside.html").write_text("")
    (site / "index.html").write_text(page)
    (site / "other.html").write_text('<p id="there">')
    (site / "a.png").write_bytes(b"")
    found = list(checks.findings(site))
    assert len(found) == (finding is not None), found
    assert not finding or (finding in found[0] and found[0].startswith("index.html: "))


def test_chinese_is_marked_in_text_only():
    head = '<title>流失</title><script>"流失"</script><p title="流失">'
    marked = '<span lang="zh-Hant">流失，客戶</span> and <b><span lang="zh-Hans">终生</span></b></p>'
    assert finish.finished(head + "流失，客戶 and <b>终生</b></p>") == head + marked


def test_the_workflow_does_what_make_does():
    steps = (ROOT / ".github" / "workflows" / "site.yml").read_text(encoding="utf-8")
    targets = " ".join(re.findall(r"run: make ([a-z ]+)", steps)).split()
    made = re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert targets == ["test", "slides", "site"] and set(targets) <= set(made) and "SLIDES_ARGS=--check" in steps
    assert "path: build/site/html" in steps and str(pages.DECKS) == "build/slides"
