"""What running a notebook cannot show: its structure, its words, and where its numbers come from.

A rule is a generator of `(cell number or None, what is wrong, how to mend it)`. Chapters
(``NN_….ipynb``), solutions and exercises have their own lists of rules at the end.
"""

import csv
import html
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat

from crmlib.teaching import course, prose, slides

SECTIONS = ("The decision", "Explore", "In practice", "Key ideas", "Memo to the manager", "Further reading")
CLAIM = "Check the claim"
OPENING = ("You will do", "You will learn", "You need")
SLIDE_TYPES = {"slide", "subslide", "fragment", "skip", "notes", "-"}
SLIDES = (20, 32)
MAX_BYTES = 1_000_000
Problem = tuple[int | None, str, str]


def output_text(cell) -> str:
    """Return what a cell shows as text; the descriptions of figures do not count."""
    parts = []
    for output in cell.get("outputs", ()):
        data = output.get("data", {})
        if "image/png" not in data:
            parts += [data.get(kind, "") for kind in ("text/plain", "text/markdown", "text/latex")]
            table = re.sub(r"(?s)<style.*?</style>", " ", data.get("text/html", ""))
            parts.append(html.unescape(re.sub(r"<[^>]*>", " ", table)))
        parts += [output.get("text", ""), output.get("evalue", "")]
    return "\n".join(parts)


def descriptions(cell) -> list[str]:
    """Return the description of each picture that a cell shows; "" for one that has none."""
    return [o.metadata.get("image/png", {}).get("alt", "") for o in cell.outputs if "image/png" in o.get("data", {})]


@dataclass(frozen=True)
class Finding:
    """One thing to mend in a notebook; `cell` counts from 1, text cells included."""

    path: Path
    cell: int | None
    what: str
    mend: str

    def __str__(self):
        where = f"cell {self.cell}: " if self.cell else ""
        return f"{self.path.parent.name}/{self.path.name}: {where}{self.what}: {self.mend}"


@dataclass(frozen=True)
class Lesson:
    """A notebook with what the rules ask of it."""

    path: Path
    notebook: nbformat.NotebookNode

    @cached_property
    def cells(self):
        """All cells, numbered from 1."""
        return list(enumerate(self.notebook.cells, 1))

    @cached_property
    def code(self):
        """Code cells, numbered as in `cells`."""
        return [(n, c) for n, c in self.cells if c.cell_type == "code"]

    @cached_property
    def text(self):
        """Markdown cells with fenced code taken out, as (number, cell, lines)."""
        return [(n, c, re.sub(r"(?ms)^(```|~~~).*?^\1", "", c.source).split("\n"))
                for n, c in self.cells if c.cell_type == "markdown"]

    @cached_property
    def headings(self):
        """All headings as (cell number, level, text)."""
        found = []
        for n, _, lines in self.text:
            matches = [re.match(r"(#{1,6})\s+(.*)", line) for line in lines]
            found += [(n, len(m[1]), m[2].strip()) for m in matches if m]
        return found

    def section(self, name):
        """Return the first and last cell number of a level-2 section, or None."""
        for k, (n, level, text) in enumerate(self.headings):
            if level == 2 and _named(text, name):
                end = next((m for m, deeper, _ in self.headings[k + 1 :] if deeper <= 2), len(self.cells) + 1)
                return n, max(n, end - 1)
        return None

    def within(self, name):
        """Return the numbered cells of a section; none if there is no such section."""
        first, last = self.section(name) or (1, 0)
        return [(n, c) for n, c in self.cells if first <= n <= last]


def _named(text, name):
    return text.lower() == name.lower() or text.lower().startswith(name.lower() + ":")


# ------------------------------------------------------------------------------- rules for all


def valid(lesson: Lesson) -> Iterator[Problem]:
    """The file is a valid notebook, small, in the form in which refresh writes it."""
    try:
        nbformat.validate(lesson.notebook)
    except nbformat.ValidationError as error:
        yield None, f"no valid notebook ({str(error).splitlines()[0]})", "write it with refresh"
    if lesson.path.stat().st_size > MAX_BYTES:
        size = lesson.path.stat().st_size / 1e6
        yield None, f"{size:.1f} MB, above 1 MB", "fewer or smaller figures, shorter tables"


def executed(lesson: Lesson) -> Iterator[Problem]:
    """Every code cell ran, in order, from a fresh start, without warnings or unplanned errors."""
    for count, (n, cell) in enumerate(lesson.code, 1):
        if not cell.source.strip():
            yield n, "empty code cell", "delete it"
        elif cell.execution_count != count:
            yield n, f"execution count {cell.execution_count}, not {count}", "run `python -m crmlib refresh`"
            return
    for n, cell in lesson.code:
        for output in cell.outputs:
            if output.get("name") == "stderr":
                yield n, "stored warning (stderr)", "remove its cause: " + output.text.strip()[-100:]
            if output.output_type == "error" and "raises-exception" not in course.tags(cell):
                yield n, f"stored error {output.ename}", "mend the cell, or tag it raises-exception"


_LINE_RULES = (
    (re.compile(r";\s*$"), "trailing ;", "assign the result to a name instead (`ax = ...`)"),
    (re.compile(r"^\s*[!%]"), "shell command or magic", "write Python; installing belongs in the README"),
    (re.compile(r"https?://"), "URL in code", "ship the data in datasets/ and read it from there"),
    (re.compile(r"""["'](?:/\w|~/|[A-Za-z]:[\\/])"""), "absolute path", "start from the notebook's folder"),
    (re.compile(r"\b(?:now|today|utcnow)\("), "depends on today's date", "pass a fixed date (as_of=...)"),
)


def clean_code(lesson: Lesson) -> Iterator[Problem]:
    """Code runs anywhere, offline, on any day, and shows nothing by accident."""
    for n, cell in lesson.code:
        for line in cell.source.split("\n"):
            for pattern, what, mend in _LINE_RULES:
                if not line.lstrip().startswith("#") and pattern.search(line):
                    yield n, f"{what} in `{line.strip()[:60]}`", mend
        match = re.search(r"(?:/home/|/Users/|/root/|/tmp/|[A-Z]:\\)[^\s\"'<]*", output_text(cell))
        if match:
            yield n, f"absolute path in the output ({match[0][:40]})", "print the name of the file only"


def headings_nested(lesson: Lesson) -> Iterator[Problem]:
    """One title; no level left out."""
    titles = [n for n, level, _ in lesson.headings if level == 1]
    if len(titles) != 1:
        yield (titles[1] if titles else 1), f"{len(titles)} headings of level 1", "exactly one `# Title`"
    for (_, above, _), (n, level, text) in zip(lesson.headings, lesson.headings[1:], strict=False):
        if level > above + 1:
            yield n, f"heading '{text}' jumps from level {above} to {level}", f"use {'#' * (above + 1)}"


def one_sentence_per_line(lesson: Lesson) -> Iterator[Problem]:
    """A line of prose holds one sentence: legible when projected, and a clean diff."""
    reading = {n for n, _ in lesson.within("Further reading")}
    for n, _, lines in lesson.text:
        for line in lines if n not in reading else ():
            place = prose.second_sentence(line)
            if place:
                yield n, f"two sentences in a line (`… {place} …`)", "a new line for each sentence"


def figures(lesson: Lesson) -> Iterator[Problem]:
    """Every picture has a description and, in the next cell, a numbered caption."""
    number = 0
    for n, cell in lesson.code:
        alts = descriptions(cell)
        if len(alts) > 1:
            yield n, f"{len(alts)} figures", "one figure a cell, each with its caption"
        for alt in alts[:1]:
            number += 1
            if len(alt) < 25:
                yield n, "figure without a description", "end the cell on plots.show(ax, alt='…')"
            caption = lesson.notebook.cells[n] if n < len(lesson.cells) else None
            if not caption or not caption.source.startswith(f"**Figure {number}.**"):
                yield n, "figure without a caption", f"start the next text cell with **Figure {number}.**"


# --------------------------------------------------------------------------- rules for chapters


def opening(lesson: Lesson) -> Iterator[Problem]:
    """Title with question and Chinese term, times and data, and what the reader will do."""
    first = lesson.notebook.cells[0].source if lesson.cells else ""
    if not first.startswith("# ") or "?" not in first:
        yield 1, "no title with a question", "start with `# Title: the question it answers?`"
    if not re.search(r"[\u4e00-\u9fff]", first):
        yield 1, "no Chinese term", "put the term of the lectures beside the title"
    if not re.search(r"(?m)^.*\bminutes?\b.* · .*\b\d+ s\b.* · .+ · .*before this", first):
        yield 1, "no line with times", "write `45 minutes · 20 s · the data · before this: 06`"
    block = "\n".join(c.source for _, c in lesson.cells[1:3])
    places = [block.find(f"**{label}") for label in OPENING]
    if -1 in places or places != sorted(places):
        yield 2, "no block of aims", "in this order: " + ", ".join(f"**{label}** …" for label in OPENING)
    if not lesson.code or "use_style(" not in lesson.code[0][1].source:
        yield (lesson.code[0][0] if lesson.code else None), "no set-up", \
            "the first code cell imports and calls plots.use_style()"


def sections(lesson: Lesson) -> Iterator[Problem]:
    """The fixed sections are there, in order, with a body and a checked claim between them."""
    places = []
    for name in SECTIONS:
        span = lesson.section(name)
        if not span:
            yield None, f"no section '{name}'", f"add the heading `## {name}`, at the start of its cell"
        elif places and span[0] < places[-1]:
            yield span[0], f"section '{name}' is out of order", "the order is: " + ", ".join(SECTIONS)
        else:
            places.append(span[0])
    start, end = (lesson.section(name) or (0, 0) for name in ("The decision", "Explore"))
    if not any(level == 2 and start[0] < n < end[0] for n, level, _ in lesson.headings):
        yield None, "no body", "add sections (`## …`) between The decision and Explore"
    claims = [n for n, level, text in lesson.headings if level in (2, 3) and text.startswith(CLAIM + ":")]
    practice = lesson.section("In practice")
    if not lesson.path.name.startswith("00") and not any(not practice or n < practice[0] for n in claims):
        yield None, "no claim is checked", f"add `## {CLAIM}: …` before In practice"
    bullets = [line for _, c in lesson.within("Key ideas") for line in c.source.split("\n")
               if re.match(r"([-*+]|\d+\.)\s", line)]
    if lesson.section("Key ideas") and not 1 <= len(bullets) <= 6:
        yield lesson.section("Key ideas")[0], f"{len(bullets)} key ideas", "one to six bullets"


def slide_types(lesson: Lesson) -> Iterator[Problem]:
    """Every cell says what it is on a slide."""
    for n, cell in lesson.cells:
        if cell.metadata.get("slideshow", {}).get("slide_type") not in SLIDE_TYPES:
            yield n, "no slide type", f"set metadata slideshow.slide_type to one of {sorted(SLIDE_TYPES)}"


def deck(lesson: Lesson) -> Iterator[Problem]:
    """The slides can be made, are neither few nor many, and each has a title that no other one has."""
    try:
        made = slides.deck(lesson.notebook, lesson.path.name)
    except slides.SlideError as error:
        yield None, str(error), "see Slides in CONTRIBUTING.md"
        return
    fewest, most = SLIDES
    if not fewest <= len(made) <= most:
        mend = "choose the cells that carry the talk, and skip the others"
        yield None, f"{len(made)} slides, not {fewest} to {most}", mend
    titles = {}
    for slide in made:
        if not slide.title:
            yield slide.cell, "slide without a title", 'give it one: "slide": {"title": "…"} in the metadata'
        elif slide.title in titles:
            yield slide.cell, f"slide with the title of cell {titles[slide.title]}", \
                'say what this one is about: "slide": {"title": "…"} in the metadata'
        titles.setdefault(slide.title, slide.cell)


def interaction(lesson: Lesson) -> Iterator[Problem]:
    """Two questions at least, and a widget whose start can be seen without a kernel."""
    calls = sum(len(re.findall(r"\bcheck\(\s*[\"']", c.source)) for _, c in lesson.code)
    if calls < 2:
        yield None, f"{calls} check() calls", "ask at least two questions, each after the idea it tests"
    twin = False
    for n, cell in lesson.within("Explore"):
        if cell.cell_type == "code" and course.WIDGET_NOTE in output_text(cell):
            if not twin:
                yield n, "widget without a static twin", "before it, show its start as figure or table"
            return
        twin |= any({"image/png", "text/html"} & set(o.get("data", {})) for o in cell.get("outputs", ()))
    yield None, "no widget in Explore", "add one, tagged nbval-ignore-output, and refresh"


def memo(lesson: Lesson) -> Iterator[Problem]:
    """The memo's numbers are computed: by a code cell, or found in one's output."""
    cells = lesson.within("Memo to the manager")
    printed = prose.Numbers(output_text(c) for _, c in lesson.code)
    written = False
    for n, cell in cells:
        if cell.cell_type == "code" and "memo" in course.tags(cell):
            written = True
            for typed in prose.typed_numbers(cell.source):
                yield n, f"typed-in number {typed} in the memo", "put the value in braces: {value:,.0f}"
        elif cell.cell_type == "markdown":
            text = "\n".join(line for line in cell.source.split("\n") if not line.startswith("#"))
            written |= bool(text.strip())
            for token in prose.tokens(text):
                if not (token.is_year or printed.hold(token)):
                    yield n, f"{token.text} is in no output", "show it, or let a cell print the memo"
    if cells and not written:
        yield cells[0][0], "no memo", "one paragraph: a code cell tagged memo, or text"


def prose_numbers(lesson: Lesson) -> Iterator[Problem]:
    """Numbers in text and descriptions are in the output or the code of some cell of the notebook."""
    code = [prose.code_numbers(c.source) for _, c in lesson.code]
    known = prose.Numbers(code + [output_text(c) for _, c in lesson.code])
    skipped = {n for name in ("Further reading", "Memo to the manager") for n, _ in lesson.within(name)}
    written = [(n, c, "\n".join(line for line in lines if not line.startswith("#"))) for n, c, lines in lesson.text]
    written += [(n, c, alt) for n, c in lesson.code for alt in descriptions(c)]
    for n, cell, text in written:
        if n in skipped or "quoted-numbers" in course.tags(cell):
            continue
        for token in prose.tokens(text):
            if token.notable and not known.hold(token):
                yield n, f"{token.text} is in no output and no code", \
                    "compute it in a cell; tag the cell quoted-numbers if it is quoted from a source"


# ---------------------------------------------------------------------- solutions and exercises


def answered(lesson: Lesson) -> Iterator[Problem]:
    """Every question in a solution is asked where its verdict shows, and answered correctly."""
    for n, cell in lesson.code:
        calls = len(re.findall(r"\bcheck\(\s*[\"']", cell.source))
        correct = len(re.findall(r"(?m)^Correct: ", output_text(cell)))
        if calls and "solution" in course.tags(cell):
            yield n, "check() in a cell tagged solution", "put it in the next cell: the exercise needs it"
        if correct < calls:
            mend = "mend the answer; one check a cell, in its last line"
            yield n, f"{correct} of {calls} answers correct", mend


def generated(lesson: Lesson) -> Iterator[Problem]:
    """An exercise is what its solutions generate."""
    solution = lesson.path.parent.parent / "solutions" / lesson.path.name
    if not solution.exists():
        yield None, "no solutions of this name", "delete it, or write notebooks/solutions/" + lesson.path.name
        return
    try:
        current = lesson.path.read_text(encoding="utf-8") == course.exercise(solution)
    except course.NotebookError as error:
        yield None, f"its solutions cannot be read ({error})", "mend that cell"
        return
    if not current:
        yield None, "not what its solutions generate", "run `python -m crmlib exercises`"


ALL: tuple[Callable[[Lesson], Iterator[Problem]], ...] = (
    valid, executed, clean_code, headings_nested, one_sentence_per_line, figures)
CHAPTER = (*ALL, opening, sections, slide_types, deck, interaction, memo, prose_numbers)
SOLUTION = (*ALL, answered)
EXERCISE = (valid, generated)


def findings(path: Path) -> list[Finding]:
    """Return everything the rules find in one notebook, in the order of the rules."""
    path = Path(path)
    rules = {"solutions": SOLUTION, "exercises": EXERCISE}.get(path.parent.name)
    if rules is None:
        rules = CHAPTER if re.match(r"\d\d_", path.name) else ALL
    try:
        lesson = Lesson(path, course.read(path))
    except (json.JSONDecodeError, nbformat.reader.NotJSONError, AttributeError) as error:
        return [Finding(path, None, f"no notebook ({type(error).__name__})", "write it with refresh")]
    return [Finding(path, *problem) for rule in rules for problem in rule(lesson)]


# ------------------------------------------------------------------------------------ concepts


@dataclass(frozen=True)
class Coverage:
    """Which concepts have their home: what is wrong, and which wait for their chapter."""

    findings: list[Finding]
    waiting: dict[str, list[str]]

    @property
    def report(self) -> str:
        """One line per chapter that is not written yet, with the concepts it will hold."""
        lines = [f"no home yet: chapter {c}: {', '.join(ids)}" for c, ids in sorted(self.waiting.items())]
        return "\n".join(lines) or "every concept has a home"


def concepts(root: Path) -> dict[str, tuple[str, ...]]:
    """Return the chapters of every concept of ``datasets/concepts.csv``, by id."""
    with (root / "datasets" / "concepts.csv").open(encoding="utf-8", newline="") as file:
        return {row["id"]: tuple(row["chapters"].split(";")) for row in csv.DictReader(file)}


def concept_coverage(root: Path) -> Coverage:
    """Compare the concepts named in the cells of the chapters with the list of all concepts."""
    plan, problems, waiting = concepts(root), [], {}
    written = {p.name[:2]: p for p in course.notebooks(root, "") if re.match(r"\d\d_", p.name)}
    taught = {chapter: set() for chapter in written}
    for chapter, path in written.items():
        for n, cell in enumerate(course.read(path).cells, 1):
            for concept in cell.metadata.get("concepts", ()):
                taught[chapter].add(concept)
                if concept not in plan:
                    what = f"unknown concept {concept}"
                    problems.append(Finding(path, n, what, "see datasets/concepts.csv"))
    for concept, chapters in plan.items():
        for chapter in chapters:
            if chapter not in written:
                waiting.setdefault(chapter, []).append(concept)
            elif concept not in taught[chapter]:
                mend = f'add it to "concepts" in the metadata of the cell that teaches {concept}'
                problems.append(Finding(written[chapter], None, f"concept {concept} has no cell", mend))
    return Coverage(problems, waiting)
