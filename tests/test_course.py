"""The care of the notebooks, on small notebooks made here: each rule fires, and stays silent."""

import base64
import io
import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from crmlib import __main__ as cli
from crmlib import plots
from crmlib.teaching import course, lint, prose

ROOT = Path(__file__).resolve().parents[1]
ALT = "A line that rises from one to three over three weeks."


def text(source, **metadata):
    return new_markdown_cell(source, metadata={"slideshow": {"slide_type": "-"}, **metadata})


def code(source, *outputs, tags=()):
    metadata = {"slideshow": {"slide_type": "-"}} | ({"tags": list(tags)} if tags else {})
    return new_code_cell(source, metadata=metadata, outputs=list(outputs))


def shows(plain, **more):
    return new_output("display_data", {"text/plain": plain, **more})


def picture(alt=ALT):
    data = {"image/png": base64.b64encode(b"png").decode(), "text/plain": alt}
    return new_output("display_data", data, metadata={"image/png": {"alt": alt}})


def notebook(path, cells):
    """Write a notebook whose code cells count 1, 2, 3 ... and whose cell ids are fixed."""
    count = 0
    for n, cell in enumerate(cells):
        cell["id"] = f"cell-{n}"
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(course.dumps(course._normalised(new_notebook(cells=cells), path.stem)), encoding="utf-8")
    return path


def chapter():
    """Return the cells of a chapter to which lint has nothing to say."""
    return [
        text("# What is a customer worth? 顾客终生价值\n\n45 minutes · 20 s · CDNOW · before this: 05"),
        text("**You will do:** a sum.\n\n**You will learn to:** add.\n\n**You need:** nothing."),
        code("from crmlib import plots\nplots.use_style()"),
        text("## The decision\n\nThe manager has 400,000 yuan.\nIs it worth it?"),
        text("## Thirteen\n\nRetention is 42.5 %, or 0.43 of 12,346 customers (about 1.2 million yuan)."),
        code("budget = 400_000\nbudget, .425, 1_234_567"),
        code("customers", shows("12345.6")),
        code("fig\nplots.show(ax, alt='...')", picture()),
        text("**Figure 1.** The line rises.\nIt does so every week."),
        code('check("06.1", 13)', shows("Correct: question 06.1.")),
        code('check("06.2", 13)', shows("Correct: question 06.2.")),
        text("## Check the claim: thirteen for one\n\nIt holds (Fader et al. 2005)."),
        text("## Explore\n\nPredict, move, explain."),
        code("table", shows("3 rows", **{"text/html": "<table><tr><td>7</td></tr></table>"})),
        code("explorer()", shows(course.WIDGET_NOTE), tags=["nbval-ignore-output"]),
        text("## In practice\n\n- Data are late.\n- People move."),
        text("## Key ideas\n\n- One.\n- Two."),
        text("## Memo to the manager"),
        code('print(f"Since 2020 we won {n:,.2f} customers.")', tags=["memo"]),
        text("## Further reading\n\n1. Fader, P. (2005). Counting. Marketing Science, 24(2): 275–284. It counts."),
        *(text(f"### Step {n}", slideshow={"slide_type": "slide"}) for n in range(20)),
    ]


def findings(path):
    return [(f.cell, f.what) for f in lint.findings(path)]


# ------------------------------------------------------------------------------------------ lint


def test_lint_is_silent_on_a_good_chapter(tmp_path):
    assert findings(notebook(tmp_path / "notebooks" / "06_good.ipynb", chapter())) == []


def source(n, new):
    def change(cells):
        cells[n - 1].source = new
    return change


def append(n, more):
    def change(cells):
        cells[n - 1].source += more
    return change


def drop(n):
    return lambda cells: cells.pop(n - 1)


def outputs(n, *new):
    def change(cells):
        cells[n - 1].outputs = list(new)
    return change


def swap(a, b):
    def change(cells):
        cells[a - 1], cells[b - 1] = cells[b - 1], cells[a - 1]
    return change


def metadata(n, **new):
    def change(cells):
        cells[n - 1].metadata = new
    return change


def insert(n, cell):
    return lambda cells: cells.insert(n - 1, cell)


BAD = [
    (insert(20, code("")), 20, "empty code cell"),
    (outputs(6, new_output("stream", name="stderr", text="Warning: old")), 6, "stored warning"),
    (outputs(6, new_output("error", ename="KeyError", evalue="x")), 6, "stored error KeyError"),
    (append(6, ";"), 6, "trailing ;"),
    (append(6, "\n!ls"), 6, "shell command or magic"),
    (append(6, "\n%pip install x"), 6, "shell command or magic"),
    (append(6, '\nread("https://x.org/a.csv")'), 6, "URL in code"),
    (append(6, '\nread("/data/a.csv")'), 6, "absolute path in `"),
    (append(6, '\nread("C:\\\\data")'), 6, "absolute path in `"),
    (append(6, "\npd.Timestamp.now()"), 6, "depends on today's date"),
    (append(6, "\ndate.today()"), 6, "depends on today's date"),
    (outputs(6, shows("at /home/me/x.py")), 6, "absolute path in the output"),
    (append(5, "\n\n#### Deep"), 5, "jumps from level 2 to 4"),
    (append(5, "\n\n# Again"), 5, "2 headings of level 1"),
    (append(5, "\n\nCosts rose. Sales fell."), 5, "two sentences in a line"),
    (append(5, "\n\n- Is it so? Then act."), 5, "two sentences in a line"),
    (outputs(8, picture(alt="short")), 8, "figure without a description"),
    (outputs(8, picture(), picture()), 8, "2 figures"),
    (source(9, "A caption without its number."), 8, "figure without a caption"),
    (source(9, "**Figure 2.** Wrong number."), 8, "figure without a caption"),
    (source(1, "# Worth 价值?\n\nno line of times"), 1, "no line with times"),
    (source(1, "# Worth?\n\n45 minutes · 20 s · CDNOW · before this: 05"), 1, "no Chinese term"),
    (source(1, "# Worth 价值\n\n45 minutes · 20 s · CDNOW · before this: 05"), 1, "no title with a question"),
    (drop(2), 2, "no block of aims"),
    (source(3, "import pandas"), 3, "no set-up"),
    (drop(4), None, "no section 'The decision'"),
    (drop(16), None, "no section 'In practice'"),
    (drop(12), None, "no claim is checked"),
    (swap(16, 17), 16, "section 'Key ideas' is out of order"),
    (source(17, "## Key ideas\n\n" + "- A.\n" * 7), 17, "7 key ideas"),
    (metadata(5), 5, "no slide type"),
    (drop(21), None, "19 slides, not 20 to 32"),
    (lambda cells: cells.extend(text(f"### Step {n}", slideshow={"slide_type": "slide"}) for n in range(20, 33)),
     None, "33 slides, not 20 to 32"),
    (source(22, "### Step 0"), 22, "slide with the title of cell 21"),
    (metadata(21, slideshow={"slide_type": "slide"}, slide={"title": ""}), 21, "slide without a title"),
    (metadata(21, slideshow={"slide_type": "slide"}, slide={"lines": [2]}), None, "there is no line 2 of 0"),
    (drop(11), None, "1 check() calls"),
    (drop(14), 14, "widget without a static twin"),
    (drop(15), None, "no widget in Explore"),
    (append(19, '\nprint("of 400 yuan")'), 19, "typed-in number 400 in the memo"),
    (drop(19), 18, "no memo"),
    (insert(19, text("It costs 77 yuan.")), 19, "77 is in no output"),
    (append(5, "\nIt is 55 %."), 5, "55 % is in no output and no code"),
    (append(5, "\nIt is 1,999 yuan."), 5, "1,999 is in no output and no code"),
    (append(5, "\nIt is 0.44."), 5, "0.44 is in no output and no code"),
    (append(5, "\nIt is 1.3 million."), 5, "1.3 million is in no output and no code"),
    (outputs(8, picture("A line that rises from one to 321 over three weeks.")), 8, "321 is in no output"),
    (append(5, "\nThere are 321 of them."), 5, "321 is in no output and no code"),
]


@pytest.mark.parametrize(("change", "cell", "what"), BAD, ids=[what for _, _, what in BAD])
def test_lint_finds(tmp_path, change, cell, what):
    cells = chapter()
    change(cells)
    found = findings(notebook(tmp_path / "notebooks" / "06_bad.ipynb", cells))
    assert any(c == cell and what in w for c, w in found), found
    assert len(found) <= 3, found


def test_lint_counts_executions(tmp_path):
    path = notebook(tmp_path / "06_x.ipynb", chapter())
    for broken in ([None] * 9, [1, 2, 4, 5, 6, 7, 8, 9, 10]):
        book = course.read(path)
        for cell, count in zip([c for c in book.cells if c.cell_type == "code"], broken, strict=True):
            cell.execution_count = count
        path.write_text(course.dumps(book), encoding="utf-8")
        assert any("execution count" in what for _, what in findings(path))


def test_lint_refuses_big_and_broken_files(tmp_path):
    path = notebook(tmp_path / "06_x.ipynb", [*chapter(), text("x" * 1_000_000)])
    assert any("above 1 MB" in what for _, what in findings(path))
    path.write_text("{")
    assert findings(path) == [(None, "no notebook (NotJSONError)")]
    book = json.loads(course.dumps(new_notebook(cells=chapter())))
    book["cells"][0]["cell_type"] = "poem"
    path.write_text(json.dumps(book))
    assert any("no" in what for _, what in findings(path))


@pytest.mark.parametrize("line", [
    "Smith vs. Jones, e.g. Smith, i.e. Jones, cf. Smith et al. Jones and Dr. Who.",
    "The U.S. Army and P. S. Fader.",
    "1. First item",
    "- **Label.** A sentence.",
    "| A. B | C. D |",
    "`a. B` and $x. Y$ are code",
    "Costs of 3.5 % in no. 7 rise.",
    "See [Fader (2005). Counting](https://x.org).",
])
def test_one_sentence_is_one_sentence(line):
    assert prose.second_sentence(line) == ""


def test_numbers_quoted_from_a_source_are_allowed_where_the_cell_says_so(tmp_path):
    cells = chapter()
    cells[4].source += "\nThe lecture says 3,500 yuan."
    path = notebook(tmp_path / "06_x.ipynb", cells)
    assert findings(path) == [(5, "3,500 is in no output and no code")]
    cells[4].metadata["tags"] = ["quoted-numbers"]
    assert findings(notebook(path, cells)) == []


@pytest.mark.parametrize(("written", "shown", "holds"), [
    ("12,345", "12345.0", True), ("12,345", "12345.4", True), ("12,345", "12346", False),
    ("40 %", "0.4", True), ("40 %", "40.0", True), ("40 %", "40%", True), ("40 %", "0.41", False),
    ("0.4", "40 %", True), ("0.43", "0.4251", True), ("0.43", "0.4249", False), ("0.430", "0.4251", False),
    ("1.2 million", "1234567", True), ("$10{,}000$", "10000", True), ("12.3 %", "-0.123", True),
    ("1,234", "1.234e3", True), ("0.10", "0.1", True), ("400 thousand", "400,000", True),
])
def test_numbers_are_compared_as_they_are_written(written, shown, holds):
    (token,) = prose.tokens(written)
    assert prose.Numbers([shown]).hold(token) is holds


def test_what_is_no_quantity():
    for line in ("in 1997 and 2005", "chapter 06.2", "Figure 100", "a 95 % interval", "100 %", "`x = 3500`",
                 "24(2): 275–284", "1997-09-30", "[text](http://x.org/12345)", "80/20", "pp. 275–284", "B2B"):
        assert not [t for t in prose.tokens(line) if t.notable], line


# ------------------------------------------------------------------------- solutions, exercises

SOLUTION = [
    ("md", "# Exercises 06", ()),
    ("code", "# Compute `cap` from a lifetime value of 300.\nimport math\ncap, rest = 0.4 * 300, math.pi\n"
             "x: float = 2\nx += 1\nprint(cap)", ("solution",)),
    ("code", "# Write the function.\ndef double(x, *, y=2):\n    \"\"\"Return twice x.\"\"\"\n    return x * y",
     ("solution",)),
    ("code", "for i in range(3):\n    print(i)", ("solution",)),
    ("md", "Because the cap is a share.", ("solution",)),
    ("code", 'from crmlib.teaching.check import check\ncheck("99.1", cap)', ("keep",)),
]


def solution(folder, verdict="Correct: question 99.1."):
    cells = [text(s) if kind == "md" else code(s) for kind, s, _ in SOLUTION]
    for cell, (_, _, tags) in zip(cells, SOLUTION, strict=True):
        if tags:
            cell.metadata["tags"] = list(tags)
    cells[-1].outputs = [shows(verdict)]
    return notebook(folder / "notebooks" / "solutions" / "06_x.ipynb", cells)


def test_exercises_are_solutions_without_the_answers(tmp_path):
    path = solution(tmp_path)
    made = nbformat.reads(course.exercise(path), as_version=4)
    nbformat.validate(made)
    assert made.cells[0].source.startswith("*Generated from [the solutions](../solutions/06_x.ipynb)")
    assert [c.source for c in made.cells[1:]] == [
        "# Exercises 06",
        "# Compute `cap` from a lifetime value of 300.\nimport math\ncap = ...\nrest = ...\nx = ...",
        '# Write the function.\ndef double(x, *, y=2):\n    """Return twice x."""\n    ...',
        "# your code",
        'from crmlib.teaching.check import check\ncheck("99.1", cap)',
    ]
    assert [c.id for c in made.cells] == ["generated", "cell-0", "cell-1", "cell-2", "cell-3", "cell-5"]
    assert not any(c.get("outputs") or c.get("execution_count") for c in made.cells)
    assert [c.metadata.get("tags") for c in made.cells] == [None] * 5 + [["keep"]]
    assert course.exercise(path) == course.exercise(path)


def test_lint_of_solutions(tmp_path):
    assert findings(solution(tmp_path)) == []
    assert findings(solution(tmp_path, "Not yet: think again")) == [(6, "0 of 1 answers correct")]
    path = solution(tmp_path)
    book = course.read(path)
    book.cells[5].metadata["tags"] = ["solution"]
    path.write_text(course.dumps(book), encoding="utf-8")
    assert findings(path) == [(6, "check() in a cell tagged solution")]


def test_exercises_command(tmp_path, monkeypatch, capsys):
    (tmp_path / "crmlib").mkdir()
    path = solution(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert cli.main(["exercises", "--check"]) == 1
    assert cli.main(["exercises"]) == 0
    assert cli.main(["exercises", "--check"]) == 0
    made = course.exercise_path(path)
    assert findings(made) == []
    before = made.stat().st_mtime_ns
    assert cli.main(["exercises"]) == 0 and made.stat().st_mtime_ns == before
    made.write_text(made.read_text(encoding="utf-8").replace("...", "120"), encoding="utf-8")
    assert findings(made) == [(None, "not what its solutions generate")]
    assert cli.main(["exercises", "--check"]) == 1
    assert "run `python -m crmlib exercises`" in capsys.readouterr().out
    book = course.read(path)
    book.cells[1].source = "cap = = 3"
    path.write_text(course.dumps(book), encoding="utf-8")
    assert cli.main(["exercises"]) == 1
    assert "06_x.ipynb: cell 2: invalid syntax: cap = = 3" in capsys.readouterr().err
    assert "its solutions cannot be read" in findings(made)[0][1]
    path.unlink()
    assert findings(made) == [(None, "no solutions of this name")]


# -------------------------------------------------------------------------------------- concepts


def test_concepts_have_homes(tmp_path):
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "concepts.csv").write_text(
        "id,chinese,english,chapters\nA1,一,one,06\nA2,二,two,06;07\nA3,三,three,08\n", encoding="utf-8"
    )
    cells = chapter()
    cells[4].metadata["concepts"] = ["A1", "Z9"]
    notebook(tmp_path / "notebooks" / "06_x.ipynb", cells)
    coverage = lint.concept_coverage(tmp_path)
    assert [(f.cell, f.what) for f in coverage.findings] == [
        (5, "unknown concept Z9"), (None, "concept A2 has no cell")]
    assert coverage.waiting == {"07": ["A2"], "08": ["A3"]}
    assert coverage.report == "no home yet: chapter 07: A2\nno home yet: chapter 08: A3"


def test_the_list_of_concepts_is_complete():
    concepts = lint.concepts(ROOT)
    lectures = {"A": 25, "B": 15, "C": 9, "D": 20}  # the four lectures; a fifth would start at E1
    assert {f"{letter}{n}" for letter, last in lectures.items() for n in range(1, last + 1)} <= set(concepts)
    assert {c for chapters in concepts.values() for c in chapters} == {f"{n:02d}" for n in range(1, 11)}


# --------------------------------------------------------------------------------------- refresh


def run_cells(folder, *cells):
    return notebook(folder / "06_run.ipynb", [*cells])


FIGURE = f"""
import matplotlib.pyplot as plt
from crmlib import plots
plots.use_style()
fig, ax = plt.subplots()
ax.plot([1, 2, 3])
plots.show(ax, alt="{ALT}")
""".strip()
SLIDER = """
import ipywidgets as widgets
widgets.interactive(lambda n: print("value", n), n=widgets.IntSlider(value=3, min=1, max=9, description="n"))
""".strip()


def test_refresh_is_deterministic_and_passes_strict_nbval(tmp_path):
    path = run_cells(
        tmp_path,
        code(FIGURE),
        code(SLIDER, tags=["nbval-ignore-output"]),
        code("slider = widgets.IntSlider(description='k')\nslider"),
        code("print(1)\nprint(2)"),
        code("1 / 0", tags=["raises-exception"]),
        code("hash('a') % 1000, __import__('os').environ.get('PYTHONDONTWRITEBYTECODE')"),
    )
    raw = json.loads(path.read_text(encoding="utf-8"))
    raw["metadata"] = {
        "kernelspec": {"name": "conda-me", "display_name": "me"},
        "language_info": {"name": "python", "version": "3.1"},
        "title": "kept",
        "widgets": {"x": 1},
    }
    raw["cells"][0]["metadata"] |= {"execution": {"iopub.execute_input": "now"}, "concepts": ["D1"]}
    path.write_text(json.dumps(raw), encoding="utf-8")
    once = course.refreshed(path)
    path.write_text(once, encoding="utf-8", newline="\n")
    assert course.refreshed(path) == once
    book = nbformat.reads(once, as_version=4)
    assert book.metadata == {"title": "kept", "language_info": {"name": "python"},
                             "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    assert book.cells[0].metadata == {"slideshow": {"slide_type": "-"}, "concepts": ["D1"]}
    assert [c.id for c in book.cells] == [f"cell-{n}" for n in range(6)]
    assert [c.execution_count for c in book.cells] == [1, 2, 3, 4, 5, 6]
    (figure,) = book.cells[0].outputs
    assert sorted(figure.data) == ["image/png", "text/plain"] and figure.data["text/plain"] == ALT
    assert figure.metadata == {"image/png": {"alt": ALT}}
    assert [o.data for o in book.cells[1].outputs] == [{"text/plain": course.WIDGET_NOTE}]
    assert [list(o.data) for o in book.cells[2].outputs] == [["text/plain"]]
    assert [o.text for o in book.cells[3].outputs] == ["1\n2\n"]
    assert book.cells[4].outputs[0].traceback == ["ZeroDivisionError: division by zero"]
    assert "widget-view" not in once and str(tmp_path) not in once

    strict = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path),
              "-c", str(ROOT / "pyproject.toml"), "--nbval", "--nbval-current-env",
              f"--nbval-sanitize-with={ROOT / 'tests' / 'nbval_sanitize.cfg'}", str(path)]
    run = subprocess.run(strict, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert "5 passed" in run.stdout and "1 failed" in run.stdout, run.stdout  # the hash is not fixed under nbval
    path.write_text(once.replace('"1\\n",', '"7\\n",'), encoding="utf-8")
    run = subprocess.run(strict, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert "4 passed" in run.stdout and "2 failed" in run.stdout, run.stdout


@pytest.mark.parametrize(("source", "message"), [
    ("def broken():\n    return 1 / 0\nbroken()", "06_run.ipynb: cell 2: ZeroDivisionError: division by zero"),
    ("import ipywidgets\nipywidgets.interactive(lambda n: 1 / 0, n=(1, 3))", "cell 2: ZeroDivisionError"),
    ("import os\nos._exit(1)", "06_run.ipynb: cell 2: the kernel died"),
    ("import time\ntime.sleep(60)", "06_run.ipynb: cell 2: no answer within 3 s"),
])
def test_refresh_says_where_it_failed(tmp_path, source, message):
    path = run_cells(tmp_path, text("# Title"), code(source), code("1"))
    before = path.read_bytes()
    with pytest.raises(course.NotebookError) as caught:
        course.refreshed(path, timeout=3)
    assert message in str(caught.value) and source.split("\n")[0] in str(caught.value)
    assert path.read_bytes() == before


def test_refresh_with_other_parameters(tmp_path):
    path = run_cells(tmp_path, code("seed = None   # your number\nsize = 3", tags=["parameters"]), code("seed, size"))
    assert "(7, 3)" in course.refreshed(path, parameters={"seed": 7})
    assert "(None, 3)" in course.refreshed(path) and "seed = None   # your number" in path.read_text(encoding="utf-8")
    with pytest.raises(course.NotebookError, match="no cell tagged parameters assigns sed"):
        course.refreshed(path, parameters={"sed": 7})


def test_refresh_command(tmp_path, capsys):
    path = run_cells(tmp_path, code("1 + 1"))
    assert cli.main(["refresh", "--check", str(path)]) == 1
    assert "differs" in capsys.readouterr().out and "execute_result" not in path.read_text(encoding="utf-8")
    assert cli.main(["refresh", str(path)]) == 0
    assert cli.main(["refresh", "--check", str(path)]) == 0
    path = run_cells(tmp_path, code("1 / 0"))
    assert cli.main(["refresh", str(path)]) == 1
    assert "cell 1: ZeroDivisionError" in capsys.readouterr().err


# ---------------------------------------------------------------------------------- command line


def test_help_and_usage_errors(capsys):
    for arguments in (["--help"], ["refresh", "--help"]):
        with pytest.raises(SystemExit) as done:
            cli.main(arguments)
        assert done.value.code == 0
    assert "lint" in capsys.readouterr().out
    for arguments in ([], ["dance"], ["lint", "nowhere.ipynb"]):
        with pytest.raises(SystemExit) as done:
            cli.main(arguments)
        assert done.value.code == 2
    assert "there is no file nowhere.ipynb" in capsys.readouterr().err


def test_lint_command(tmp_path, capsys):
    good = notebook(tmp_path / "06_x.ipynb", chapter())
    assert cli.main(["lint", str(good)]) == 0
    assert "0 findings" in capsys.readouterr().out
    bad = notebook(tmp_path / "06_x.ipynb", [cell for cell in chapter() if "## Further" not in cell.source])
    assert cli.main(["lint", str(bad)]) == 1
    assert "06_x.ipynb: no section 'Further reading': add the heading" in capsys.readouterr().out


def test_the_command_line_starts_without_heavy_imports():
    probe = ("import sys; from crmlib.__main__ import build_parser; build_parser(); "
             "print([m for m in ('numpy', 'pandas', 'matplotlib', 'nbclient', 'nbformat') if m in sys.modules])")
    assert subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True).stdout == "[]\n"


# --------------------------------------------------------------------------------------- figures


def drawn():
    import matplotlib.pyplot as plt

    plots.use_style()
    _, ax = plt.subplots()
    ax.plot([1, 2, 3])
    return ax


def test_show_gives_one_picture_with_its_description_and_closes_the_figure(monkeypatch):
    import matplotlib.pyplot as plt

    shown = []
    monkeypatch.setattr("IPython.display.display", lambda *a, **k: shown.append(a[0]._repr_mimebundle_()))
    plt.close("all")
    assert plots.show(drawn(), alt=ALT) is None
    plots.show(drawn().figure, alt=f"  {ALT} ")
    assert plt.get_fignums() == []
    (one, meta), (two, _) = shown
    assert one == two and one["image/png"].startswith(b"\x89PNG") and b"matplotlib" not in one["image/png"]
    assert meta == {"image/png": {"alt": ALT}} and one["text/plain"] == ALT


@pytest.mark.parametrize("alt", ["img", "", None, "x" * 40, "one two three four", "a b c d e"])
def test_show_wants_a_sentence(alt):
    with pytest.raises(ValueError, match="does not describe the figure"):
        plots.show(drawn(), alt=alt)


def test_show_wants_a_figure():
    with pytest.raises(ValueError, match="needs a figure or axes, not int"):
        plots.show(3, alt=ALT)


def test_the_palette_is_told_apart_and_seen_on_white():
    import matplotlib.colors as colors
    import matplotlib.pyplot as plt

    plots.use_style()
    assert plt.rcParams["axes.prop_cycle"].by_key()["color"] == list(plots.PALETTE)
    assert plt.rcParams["font.size"] >= 12 and plt.rcParams["figure.facecolor"] == "white"

    def luminance(colour):
        return sum(w * c**2.2 for w, c in zip((0.2126, 0.7152, 0.0722), colors.to_rgb(colour), strict=True))

    assert all(1.05 / (luminance(c) + 0.05) > 2 for c in plots.PALETTE)


def test_nbconvert_makes_a_page_of_a_refreshed_notebook(tmp_path):
    from nbconvert import HTMLExporter

    path = run_cells(tmp_path, code(FIGURE), text("**Figure 1.** A line."))
    page, _ = HTMLExporter().from_notebook_node(nbformat.reads(course.refreshed(path), as_version=4))
    assert page.count('src="data:image/png;base64,') == 1 and "Axes" not in page
    assert io.StringIO(page).read().count("<strong>Figure 1.</strong>") == 1
