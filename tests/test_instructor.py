"""The instructor's pages say what the chapters say: sections, minutes, claims, numbers, questions."""

import re
from pathlib import Path

import pytest

from crmlib.teaching import claims, prose, questions, reference
from crmlib.teaching.lint import output_text

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "notebooks" / "instructor"
WRITTEN = reference.written(ROOT)
CHAPTERS = [chapter for chapter in sorted(WRITTEN) if re.fullmatch(r"\d\d", chapter)]


def page(chapter):
    return (FOLDER / f"{chapter}.md").read_text(encoding="utf-8")


def part(text, heading):
    """The part of a page under a heading, "" if there is none."""
    found = re.search(rf"(?ms)^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text)
    return found[1] if found else ""


def cells(chapter):
    return WRITTEN[chapter][1]


def rows(chapter):
    """The table of minutes: section, minutes of the session and of the short talk."""
    found = re.findall(r"(?m)^\| (.+?) \| (\d+) \| (\d+|–) \|$", part(page(chapter), "Minutes"))
    return [(name, int(long), 0 if short == "–" else int(short)) for name, long, short in found]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_minutes_are_of_sections_of_the_chapter_in_order_and_add_up(chapter):
    headings = [line[3:] for cell in cells(chapter) if cell.cell_type == "markdown"
                for line in cell.source.split("\n") if line.startswith("## ")]
    named = [name for name, _, _ in rows(chapter)]
    assert named and set(named) <= set(headings), set(named) - set(headings)
    assert named == sorted(named, key=headings.index)
    assert (sum(long for _, long, _ in rows(chapter)), sum(short for _, _, short in rows(chapter))) == (90, 20)
    assert "| **together** | **90** | **20** |" in page(chapter)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_short_talk_takes_as_long_as_its_deck_says(chapter):
    spent, heading = {}, ""
    for cell in cells(chapter):
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            heading = cell.source.split("\n")[0][3:]
        spent[heading] = spent.get(heading, 0) + cell.metadata.get("slide", {}).get("minutes", 0)
    spent = {name: minutes for name, minutes in spent.items() if minutes}
    if spent:
        assert spent == {name: short for name, _, short in rows(chapter) if short}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_claims_come_out_as_in_the_ledger(chapter):
    table = claims.ledger(ROOT)
    table = table[table["chapter"] == chapter]
    wanted = {verdict: " ".join(group["claim"]) for verdict, group in table.groupby("verdict")}
    listed = dict(re.findall(r"(?m)^- \*\*(.+?)\*\*: (.+)$", part(page(chapter), "How the claims come out")))
    assert listed == wanted, "the ledger says:\n" + "\n".join(f"- **{v}**: {text}" for v, text in wanted.items())


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_numbers_are_the_chapters_own(chapter):
    known = prose.Numbers([text for cell in cells(chapter) for text in (cell.source, output_text(cell))])
    text = page(chapter).replace(part(page(chapter), "How the claims come out"), "")
    text = re.sub(r"\b\d\d\.\d+\b", " ", text)  # ids of questions
    unknown = [token.text for token in prose.tokens(text.replace(part(text, "Minutes"), ""))
               if token.notable and not known.hold(token)]
    assert not unknown, unknown


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_page_has_its_parts_and_names_real_questions(chapter):
    text = page(chapter)
    assert text.startswith(f"# {chapter} · {cells(chapter)[0].source.splitlines()[0].lstrip('# ')}\n")
    assert len(re.findall(r"(?m)^[12]\. ", part(text, "Two questions to ask"))) == 2
    assert len(re.findall(r"(?m)^- ", part(text, "Wrong answers to expect"))) >= 3
    assert part(text, "On the board").strip() and part(text, "The explorer").strip()
    assert set(re.findall(rf"\b{chapter}\.\d+\b", text)) <= set(questions.load(chapter))
    assert len(text.split()) < 800, "a page is a page"


@pytest.mark.parametrize("path", [pytest.param(p, id=p.name) for p in sorted(FOLDER.glob("*.md"))])
def test_links_lead_somewhere_and_a_line_is_a_sentence(path):
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (path.parent / target).exists(), target
    prose_only = re.sub(r"(?ms)^```.*?^```", "", text)
    for line in prose_only.split("\n"):
        if not line.startswith(("- **", "- *")):
            assert not prose.second_sentence(line), line


def test_plans_add_up():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert sum(map(int, re.findall(r"(?m)^\| (\d+) \|", part(text, "A guest lecture of two hours")))) == 120
    assert re.findall(r"(?m)^\| (\d+) \|", part(text, "Ten times ninety minutes")) == [str(n) for n in range(1, 11)]
    day = re.findall(r"(\d+):(\d+)–(\d+):(\d+)", part(text, "A day's workshop"))
    minutes = [(int(c) - int(a)) * 60 + int(d) - int(b) for a, b, c, d in day]
    assert sum(minutes) == 360 and min(minutes) > 0


def test_the_marking_page_names_what_the_marker_says():
    """Each remark in its table is one that the grader makes, word for word."""
    code = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "crmlib" / "teaching" / "grade").glob("*.py"))
    text = (FOLDER / "marking.md").read_text(encoding="utf-8")
    remarks = [piece for row in re.findall(r"(?m)^\| (`.*?) \|", part(text, "Mark"))
               for piece in re.findall(r"`([^`]*)`", row)]
    assert len(remarks) >= 8
    for remark in remarks:
        pieces = [p.strip() for p in re.split(r"…|, |\d+ |7: '?NameError", remark) if p.strip() not in ("", "cell")]
        assert all(piece in code for piece in pieces), remark
    for option in re.findall(r"--\w+", text):
        assert option in (ROOT / "crmlib" / "__main__.py").read_text(encoding="utf-8")
