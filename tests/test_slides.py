"""Slides: which cells make which slide, and what of them is shown; tests/browser has what can be seen of them."""

import base64
import hashlib
import re
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from crmlib import __main__ as cli
from crmlib.teaching import course, slides, slides_check

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS = [path for path in course.notebooks(ROOT, "") if re.match(r"0\d_", path.name)]
TABLE = ("<style>td {color: red}</style><table border='1'><tr><th></th><th>low</th><th>high</th></tr>"
         "<tr><th>win</th><td>1</td><td>2</td></tr><tr><th>keep</th><td>3</td><td>4</td></tr></table>")


def text(source, kind="slide", **slide):
    return new_markdown_cell(source, metadata={"slideshow": {"slide_type": kind}} | ({"slide": slide} if slide else {}))


def code(*outputs, kind="slide", source="x = 1", **slide):
    metadata = {"slideshow": {"slide_type": kind}} | ({"slide": slide} if slide else {})
    return new_code_cell(source, metadata=metadata, outputs=list(outputs))


def printed(lines):
    return new_output("stream", name="stdout", text=lines)


def shown(**data):
    return new_output("display_data", {kind.replace("_", "/"): value for kind, value in data.items()})


def picture():
    data = {"image/png": base64.b64encode(b"png").decode(), "text/plain": "a line"}
    return new_output("display_data", data, metadata={"image/png": {"alt": "It's a line that rises."}})


def deck(*cells):
    return slides.deck(new_notebook(cells=list(cells)), "06_x.ipynb")


def on(slide):
    return " ".join(slide.shown)


def said(slide):
    return " ".join(slide.notes)


def refusal(*cells):
    with pytest.raises(slides.SlideError) as error:
        deck(*cells)
    return str(error.value)


# ------------------------------------------------------------------------------- cells and titles


def test_lines_are_what_one_can_point_at():
    source = ("# Title\n\nOne.\nTwo $x$.\n\n$$a\n= b$$\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nThree.\n\n- four,\n"
              "  and more\n- five\n\n```\ncode\n\n## none\n```")
    assert [line.split("\n")[0] for line in slides.lines(source)] == [
        "One.", "Two $x$.", "$$a", "| a | b |", "Three.", "- four,", "- five", "```"]
    assert slides.lines(source)[3].count("|") == 9 and slides.lines(source)[5] == "- four,\n  and more"


def test_cells_become_slides():
    made = deck(text("# Title"), text("Left out.", "skip"), text("On the first.", "-"), text("A word.", "notes"),
                text("## Next\n\nText."), text("Below.", "subslide"), text("Own.", "subslide", title="Who?"))
    assert [(slide.title, slide.cell, slide.below) for slide in made] == [
        ("Title", 1, False), ("Next", 5, False), ("Next", 6, True), ("Who?", 7, True)]
    assert "On the first." in on(made[0]) and "Left out." not in on(made[0]) + said(made[0])
    assert "A word." in said(made[0]) and "A word." not in on(made[0])


def test_what_comes_before_the_first_slide_is_left_out():
    assert deck(text("Before.", "-"), text("For whom?", "notes"), text("## First"))[0].notes == []


def test_lines_not_chosen_go_to_the_speaker():
    (slide,) = deck(text("## A\n\nOne.\nTwo.\nThree.", lines=[3, 1]))
    assert re.findall("One|Two|Three", on(slide)) == ["Three", "One"]
    assert re.findall("One|Two|Three", said(slide)) == ["Two"]


def test_a_list_stays_a_list_and_chinese_is_marked():
    (slide,) = deck(text("## A\n\nOf 顾客:\n\n- one\n- two\n\nSee [there](b.ipynb), 5 % of it."))
    assert on(slide).count("<ul>") == 1 and on(slide).count("<li>") == 2
    assert '<span lang="zh">顾客</span>' in on(slide)
    assert "See there, 5\N{NO-BREAK SPACE}% of it." in on(slide)


def test_fragments_come_one_by_one():
    (slide,) = deck(text("## A"), text("Then.", "fragment"))
    assert "<div class='fragment'><p>Then.</p>" in on(slide)


# ---------------------------------------------------------------------------------------- outputs


def test_a_figure_with_its_caption():
    def caption(kind="skip", **slide):
        return text("**Figure 1.** It rises.\nFast.", kind, **slide)

    (slide,) = deck(code(printed("a = 1\nb = 2"), picture(), title="Does it?"), caption())
    assert "alt='It&#x27;s a line that rises.'" in on(slide)
    assert re.search("class='caption'><p><strong>Figure 1.</strong> It rises.</p>", on(slide))
    assert "Fast" not in on(slide) and "Fast" in said(slide) and "a = 1" in said(slide) and "a = 1" not in on(slide)
    assert "Fast" not in said(deck(code(picture()), caption("subslide", lines=[2]))[0])
    assert "caption" not in on(deck(code(picture(), caption=[]), caption())[0])
    assert "Fast" in on(deck(code(picture(), caption=[1, 2]), caption())[0])
    assert "caption" not in on(deck(code(picture()), text("No caption.", "skip"))[0])


def test_tables_can_be_cut():
    (whole,) = deck(code(shown(text_html=TABLE)))
    assert on(whole).count("<tr>") == 3 and "border" not in on(whole) and "color" not in on(whole)
    (cut,) = deck(code(shown(text_html=TABLE), rows=1, columns=[2]))
    assert re.findall(r"<t[hd]>(.*?)</t", on(cut)) == ["", "high", "win", "2"]
    assert "1 of 2 rows" in on(cut)


def test_outputs_are_chosen():
    cell = code(printed("first\n\nsecond\n"), shown(text_html=TABLE), show=["text"], lines=[2])
    (slide,) = deck(cell)
    assert "<pre>second</pre>" in on(slide) and "<table" not in on(slide) and "first" in said(slide)


def test_a_memo_is_chosen_by_sentences():
    memo = "**Buy. Then wait.** It costs 1.5 yuan (or 2). *Really.* No more."
    (slide,) = deck(code(shown(text_markdown=memo), lines=[1, 4]))
    assert "<strong>Buy. Then wait.</strong>" in on(slide) and "No more." in on(slide)
    assert "It costs" in said(slide) and "It costs" not in on(slide)


def test_an_explorer_says_how_to_run_it():
    (slide,) = deck(code(picture()), code(shown(text_plain=course.WIDGET_NOTE), kind="-", source="explore_it(1)"))
    assert "run cell 2 of 06_x.ipynb, <code>explore_it(…)</code>" in on(slide) and course.WIDGET_NOTE not in on(slide)


@pytest.mark.parametrize(("cell", "message"), [
    (text("One.", line=[1]), "cell 1: unknown slide metadata ['line']"),
    (text("One.", lines=[0, 2]), "there is no line 0, 2 of 1: count lines from 1"),
    (code(printed("a"), lines=[2]), "there is no line 2 of 1"),
    (code(printed("a"), show=["table"]), "nothing to show as ['table']: the cell has ['text']"),
    (code(shown(text_html=TABLE), columns=[3]), "columns [3] of a table with 2"),
    (text("$\\nothing x$"), "matplotlib cannot draw '\\\\nothing x'"),
])
def test_wishes_that_cannot_be_granted(cell, message):
    assert message in refusal(cell)


# --------------------------------------------------------------------------------------- formulas


def test_formulas_are_drawn_and_described():
    brace = "\\underbrace{a + \\text{b}}_{\\text{all 全}}"
    (slide,) = deck(text(f"## A\n\nAt $r \\le \\frac12$, not at 5 \\$ or `$x$`:\n\n$${brace}\n- c$$"))
    assert re.findall('alt="(.*?)"', on(slide)) == ["r \\le \\frac12", f"{brace} - c"]
    assert "not at 5 $ or <code>$x$</code>" in on(slide)
    assert slides.formula("x^2") == slides.formula.__wrapped__("x^2")


def test_the_speaker_reads_a_formula_that_cannot_be_drawn():
    (slide,) = deck(text("## A\n\nOne.\n$$\\nothing$$", lines=[1]))
    assert "<code>\\nothing</code>" in said(slide)


# -------------------------------------------------------------------------------------- the files


def test_a_short_talk_is_a_deck_of_its_own(tmp_path):
    cells = [text("# T?", minutes=1), text("## A\n\nLong."), text("## B\n\nShort.", minutes=2.5),
             text("Ask.", "notes")]
    path = tmp_path / "06_x.ipynb"
    path.write_text(course.dumps(new_notebook(cells=cells)), encoding="utf-8")
    made = slides.build([path], tmp_path / "out")
    assert [(file.name, count) for file, count in made] == [("06_x.html", 3), ("06_x.short.html", 2)]
    long, short = (file.read_text(encoding="utf-8") for file, _ in made)
    assert "<p>Long.</p>" in long and "<p>Long.</p>" not in short and "<p>Short.</p>" in short
    assert "2.5 min</strong> (3.5 of 3.5)" in short and "data-timing='150'" in short
    assert short.index("2.5 min</strong>") < short.index("<p>Ask.</p>")
    assert "totalTime: 210," in short and "totalTime: 210," not in long
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "<a href='06_x.short.html'>2 slides, 3.5 minutes</a>" in page and "06 T?" in page


def test_code_is_shown_on_request(tmp_path):
    path = tmp_path / "06_x.ipynb"
    cells = [text("# T?"), code(printed("1"), source="1 < 2", title="A")]
    path.write_text(course.dumps(new_notebook(cells=cells)), encoding="utf-8")
    assert cli.main(["slides", str(path), "--to", str(tmp_path)]) == 0
    assert "1 &lt; 2" not in (tmp_path / "06_x.html").read_text(encoding="utf-8")
    assert cli.main(["slides", str(path), "--to", str(tmp_path), "--code"]) == 0
    assert "<h2>Code: A</h2>\n<pre class='code' tabindex='0'><code>1 &lt; 2" in (
        tmp_path / "06_x.html").read_text(encoding="utf-8")


def test_the_command_says_what_is_wrong(tmp_path, capsys, monkeypatch):
    path = tmp_path / "06_x.ipynb"
    path.write_text(course.dumps(new_notebook(cells=[text("## A", lines=[1])])), encoding="utf-8")
    assert cli.main(["slides", str(path), "--to", str(tmp_path)]) == 1
    assert "06_x.ipynb: cell 1: there is no line 1 of 0" in capsys.readouterr().err
    path.write_text(course.dumps(new_notebook(cells=[text("## A")])), encoding="utf-8")
    monkeypatch.setattr(slides_check, "CHROMIUMS", ("no-such-browser",))
    assert cli.main(["slides", str(path), "--to", str(tmp_path), "--check"]) == 1
    assert "no Chromium on the path (looked for no-such-browser)" in capsys.readouterr().err


def test_the_files_of_reveal_are_those_of_the_package():
    readme = (slides.ASSETS / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"\| `(\S+)` \| `\S+` \| `(\w{64})` \|", readme)
    assert len(listed) == 4
    for name, digest in listed:
        assert hashlib.sha256((slides.ASSETS / name).read_bytes()).hexdigest() == digest, name


def test_what_is_wrong_with_a_slide_is_said():
    fine = {"cell": 7, "title": "A", "out": "", "small": 24, "smallText": "a", "figures": [1.31], "empty": False}
    assert slides_check.problems([fine]) == []
    for change, complaint in [
        ({"out": "p by 20 px"}, "sticks out: p by 20 px"), ({"small": 22}, "text of 16 pt: 'a'"),
        ({"figures": [1.3]}, "labels of 17.9 pt in the figure"), ({"title": ""}, "no title"),
        ({"empty": True}, "nothing but a title"),
    ]:
        (problem,) = slides_check.problems([fine, fine | change])
        assert problem.startswith("slide 2 (cell 7, ") and complaint in problem


# ----------------------------------------------------------------------------------- the chapters


@pytest.fixture(scope="module")
def decks():
    return {path.stem[:2]: slides.deck(course.read(path), path.name) for path in CHAPTERS}


def test_every_claim_on_a_slide_has_its_verdict(decks):
    claims = [slide for made in decks.values() for slide in made if slide.title.startswith("Claim: ")]
    assert len(claims) > 40
    assert [slide.title for slide in claims if "Verdict: " not in on(slide)] == []


def test_every_deck_has_decision_figures_explorer_ideas_and_memo(decks):
    for chapter, made in decks.items():
        titles = [slide.title for slide in made]
        assert {"The decision", "Key ideas", "Memo to the manager"} <= set(titles), chapter
        assert sum("<figure" in on(slide) for slide in made) >= 3, chapter
        (live,) = [slide for slide in made if "class='live'" in on(slide)]
        assert re.search("<figure|<table|<pre", on(live)), f"{chapter}: no static twin"


def test_chapter_08_can_be_given_in_twenty_minutes(decks):
    timed = [slide for slide in decks["08"] if slide.minutes]
    assert sum(slide.minutes for slide in timed) == 20 and 10 <= len(timed) <= 20
    assert timed[0].title == "The decision" and timed[-1].title == "Memo to the manager"


def test_the_short_talk_explains_its_words_and_answers_both_managers(decks):
    timed = [on(slide) for slide in decks["08"] if slide.minutes]
    words = {"neglected": "<em>neglected</em>: a flag", "that do not sell": "(service, advice, courtesy)",
             "for one best": "the first 5\N{NO-BREAK SPACE}% by spend", "Kaplan-Meier": "counts as long as"}
    for word, explained in words.items():
        first = [word in text for text in timed].index(True)
        assert any(explained in text for text in timed[: first + 1]), word
    titles = [slide.title for slide in decks["08"] if slide.minutes]
    assert "Claim: imagine what the loss costs" in titles       # the figure before it has a bar that counts twice
    assert all(answer in timed[-1] for answer in ("the hotline", "More selling", "A lost best customer costs"))


def test_a_note_is_on_a_slide_of_its_section_and_leaves_minutes_to_the_instructors_page():
    for path in CHAPTERS:
        section = slide = None
        for n, cell in enumerate(course.read(path).cells, 1):
            if cell.cell_type == "markdown" and (headings := re.findall(r"(?m)^##? (.*)", cell.source)):
                section = headings[0]
            if slides.slide_type(cell) in ("slide", "subslide"):
                slide = section
            elif slides.slide_type(cell) == "notes":
                assert slide == section, f"{path.name}, cell {n}: stands on a slide of {slide!r}"
                assert "minute" not in cell.source.replace("of 45 minutes", ""), f"{path.name}, cell {n}"


def test_a_title_promises_no_number_that_another_company_would_not_have(decks):
    own = re.compile(r"\d[\d,.]*\d")
    for chapter, path in zip(decks, CHAPTERS, strict=True):
        for n, cell in enumerate(course.read(path).cells, 1):
            for number in own.findall(cell.metadata.get("slide", {}).get("title", "")):
                assert f"{number} " in cell.source + " ", f"{chapter}, cell {n}: {number} in the title of the slide"
