"""A chapter as slides, from its own cells: which cells make which slide, and the deck as one file.

Behind ``python -m crmlib slides``. What a cell is on a slide stands in its metadata: Jupyter's
``slideshow.slide_type``, and under ``slide`` what of the cell is shown (see `KEYS`). What is left out of a cell that is
on a slide goes to the speaker's notes. A deck is a single file with everything in it, and asks nothing of any network.
"""

import base64
import html
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from crmlib.teaching import course

ASSETS = Path(__file__).parent / "reveal"
WIDTH, HEIGHT = 1280, 720       # of a slide, in the pixels of a page: 96 to the inch, so 24 are 18 points
KEYS = {
    "title": "the slide's title, if the cell has no heading or a long one",
    "lines": "which lines are shown, from 1: of a text cell without its headings, of printed text, or of a memo's "
             "sentences",
    "caption": "which lines of the next cell stand below the figure (default: the first; [] for none)",
    "show": 'which outputs are shown: "figure", "table", "text" (default: the figure if there is one, else all)',
    "rows": "how many rows of a table are shown",
    "columns": "which columns of a table are shown, from 1, the names of its rows not counted",
    "minutes": "of the short talk; slides without are left out of it",
}
# a formula, a table, fenced code, or a line with the indented ones below it
_LINE = re.compile(
    r"(?ms)^\$\$.*?\$\$$|^\|[^\n]*(?:\n\|[^\n]*)*|^(```|~~~).*?^\1|^[^\n]*\S[^\n]*(?:\n[ ]{2,}\S[^\n]*)*")
_FORMULA = re.compile(r"(?s)\$\$(?P<block>.+?)\$\$|(?<![\\\w$])\$(?!\s)(?P<inline>[^$\n]+?)(?<!\s)\$(?!\d)")
_GROUP = r"\{((?:[^{}]|\{[^{}]*\})*)\}"
# what matplotlib does not know, and what says the same; what stands below a brace is left out
_TEX = {r"\\le\b": r"\\leq", r"\\frac(\w)(\w)": r"\\frac{\1}{\2}", rf"\\underbrace{_GROUP}_{_GROUP}": r"\1"}
_ITEM = re.compile(r"([-*+]|\d+[.)])\s")


class SlideError(ValueError):
    """A cell's ``slide`` metadata asks for what is not there; the message says which cell and what."""


@dataclass
class Slide:
    """One slide; cells are counted from 1, text cells included."""

    title: str
    cell: int
    below: bool
    minutes: float | None
    shown: list = field(default_factory=list)     # pieces of HTML
    notes: list = field(default_factory=list)     # pieces of HTML, for the speaker
    code: list = field(default_factory=list)      # sources of the code cells


# ----------------------------------------------------------------------- from cells to slides


def slide_type(cell) -> str | None:
    """Return what a cell is on a slide."""
    return cell.metadata.get("slideshow", {}).get("slide_type")


def lines(source: str) -> list[str]:
    """Split markdown into what can be shown or left out: sentences, items, formulas, tables; no headings.

    Examples
    --------
    >>> lines("## Who?\\n\\nOne.\\nTwo:\\n\\n$$a\\n= b$$\\n\\n- three")
    ['One.', 'Two:', '$$a\\n= b$$', '- three']
    """
    body = re.sub(r"(?m)^#{1,6}\s.*$", "", source)
    return [match[0].rstrip("\n") for match in _LINE.finditer(body)]


def deck(notebook, name: str = "notebook.ipynb") -> list[Slide]:
    """Return the slides of a chapter.

    A cell of slide type ``slide`` or ``subslide`` starts a slide, ``-`` and ``fragment`` go on with it, ``notes`` go to
    the speaker, ``skip`` is not shown. A slide's title is the one in its metadata, or the cell's heading, or the last
    heading before it.

    Raises
    ------
    SlideError
        If the metadata of a cell cannot be obeyed.
    """
    slides, title = [], ""
    for n, cell in enumerate(notebook.cells, 1):
        wishes, kind = cell.metadata.get("slide", {}), slide_type(cell)
        if unknown := set(wishes) - set(KEYS):
            raise SlideError(f"cell {n}: unknown slide metadata {sorted(unknown)}: known are {sorted(KEYS)}")
        if cell.cell_type == "markdown" and (headings := re.findall(r"(?m)^#{1,6}\s+(.*)", cell.source)):
            title = headings[0]
        if kind in ("slide", "subslide"):
            slides.append(Slide(wishes.get("title", title), n, kind == "subslide", wishes.get("minutes")))
        if kind == "notes" and slides:
            slides[-1].notes.append(_notes(cell.source))
        elif kind in ("slide", "subslide", "-", "fragment") and slides:
            try:
                _add(slides[-1], cell, notebook.cells[n : n + 1], f"cell {n} of {name}")
            except SlideError as error:
                raise SlideError(f"cell {n}: {error}") from None
    return slides


def _add(slide, cell, following, where):
    """Put what a cell shows on a slide, and the rest of it into the speaker's notes."""
    wishes = cell.metadata.get("slide", {})
    if cell.cell_type == "markdown":
        shown, rest = _chosen(lines(cell.source), wishes.get("lines"))
        pieces = [_markdown(_joined(shown))]
    else:
        slide.code.append(cell.source)
        pieces, rest = _outputs(cell, wishes, where)
        if any("<figure" in piece for piece in pieces) and following and following[0].source.startswith("**Figure"):
            caption, left = _chosen(lines(following[0].source), wishes.get("caption", [1]))
            pieces += [f"<div class='caption'>{_markdown(' '.join(caption))}</div>"] if caption else []
            rest += left if slide_type(following[0]) == "skip" else []
    if slide_type(cell) == "fragment":
        pieces = [f"<div class='fragment'>{piece}</div>" for piece in pieces]
    slide.shown += pieces
    if rest:
        slide.notes.append("<p><em>Not on the slide:</em></p>" + _notes(_joined(rest)))


def _chosen(parts, numbers):
    """Return the numbered parts (None: all), and the others."""
    if numbers is None:
        return parts, []
    if missing := [k for k in numbers if not 1 <= k <= len(parts)]:
        raise SlideError(f"there is no line {', '.join(map(str, missing))} of {len(parts)}: count lines from 1, "
                         "without headings and blank lines")
    return [parts[k - 1] for k in numbers], [part for k, part in enumerate(parts, 1) if k not in numbers]


def _joined(parts):
    """Return lines as markdown: each a paragraph of its own, items next to each other a list."""
    text = ""
    for before, part in zip(["", *parts], parts, strict=False):
        text += ("\n" if _ITEM.match(before) and _ITEM.match(part) else "\n\n") + part
    return text.strip()


# ------------------------------------------------------------------------------------- outputs


def _outputs(cell, wishes, where):
    """Return what is shown of a code cell's outputs, as HTML, and the printed lines that are not, as markdown."""
    kinds = [_kind(output) for output in cell.outputs]
    wanted = wishes.get("show") or (["figure"] if "figure" in kinds else ["table", "text", "live"])
    if missing := set(wishes.get("show", [])) - set(kinds):
        raise SlideError(f"nothing to show as {sorted(missing)}: the cell has {sorted(set(kinds))}")
    pieces, rest = [], []
    for kind, output in zip(kinds, cell.outputs, strict=True):
        data = output.get("data", {})
        if kind == "text":
            shown, left = _chosen(_printed(output), wishes.get("lines") if kind in wanted else [])
            pieces += [_text(shown, "text/markdown" in data)] if shown else []
            rest += left if "text/markdown" in data or not left else ["\n".join(["```", *left, "```"])]
        elif kind == "live":
            call = re.findall(r"\b(explore\w*)\(", cell.source)
            pieces.append(f"<p class='live'>Live in JupyterLab: run {html.escape(where)}"
                          + (f", <code>{call[-1]}(…)</code>" if call else "") + ".</p>")
        elif kind not in wanted:
            continue
        elif kind == "figure":
            alt = html.escape(output.metadata.get("image/png", {}).get("alt", ""), quote=True)
            picture = data["image/png"].replace("\n", "")
            pieces.append(f"<figure><img alt='{alt}' src='data:image/png;base64,{picture}'></figure>")
        else:
            pieces.append(_table(data["text/html"], wishes.get("rows"), wishes.get("columns")))
    return pieces, rest


def _kind(output):
    data = output.get("data", {})
    if "image/png" in data:
        return "figure"
    if "text/html" in data:
        return "table"
    return "live" if course.WIDGET_NOTE in data.get("text/plain", "") else "text"


def _printed(output):
    data = output.get("data", {})
    if "text/markdown" in data:     # a memo: its sentences
        return _sentences(data["text/markdown"].strip())
    text = output.get("text") or data.get("text/plain") or f"{output.get('ename')}: {output.get('evalue')}"
    return [line for line in text.split("\n") if line.strip()]


def _sentences(text):
    parts = [""]
    for piece in re.split(r"(?<=[.!?)*])\s+(?=[*(]*[A-Z])|\n+", text):
        if parts[-1].count("**") % 2:       # a bold label goes on
            parts[-1] += " " + piece
        else:
            parts.append(piece)
    return parts[1:]


def _text(shown, markdown):
    if markdown:
        return f"<div class='memo'>{_markdown(_joined(shown))}</div>"
    return f"<pre>{html.escape(chr(10).join(shown))}</pre>"


def _table(source, rows, columns):
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(re.sub(r"(?s)<style.*?</style>", "", source), "html.parser")
    table = soup.find("table")
    if table is None:
        return str(soup)
    table.attrs = {}
    body = table.find_all("tr")
    if columns:
        width = max(len(row.find_all("td")) for row in body)
        if not all(1 <= k <= width for k in columns):
            raise SlideError(f"columns {columns} of a table with {width}")
        for row in body:
            cells = row.find_all(["td", "th"])
            names = len(cells) - width
            for cell in [cell for k, cell in enumerate(cells, 1 - names) if k > 0 and k not in columns]:
                cell.decompose()
    body = [row for row in body if row.find("td")]
    note = ""
    if rows and rows < len(body):
        for row in body[rows:]:
            row.decompose()
        note = f"<p class='cut'>{rows} of {len(body)} rows</p>"
    return f"<div class='table'>{table}{note}</div>"


# ------------------------------------------------------------------------ markdown and formulas


def _notes(source):
    """Return markdown as HTML for the speaker: a formula that cannot be drawn stays as it is written."""
    try:
        return _markdown(source)
    except SlideError:
        return _markdown(_FORMULA.sub(lambda match: f"`{match['block'] or match['inline']}`", source))


def _markdown(source):
    """Return markdown as HTML: formulas drawn, links as plain text."""
    import mistune

    drawn = []

    def draw(match):
        drawn.append(formula(" ".join((match["block"] or match["inline"]).split()), block=bool(match["block"])))
        return f"FORMULA{len(drawn) - 1}X"

    source = re.sub(r"(?<=\d) %", "\u00a0%", source)
    pieces = re.split(r"(`[^`]*`)", source)
    source = "".join(piece if k % 2 else _FORMULA.sub(draw, piece) for k, piece in enumerate(pieces))
    source = re.sub(r"(?<!!)\[([^\]]*)\]\([^)]*\)", r"\1", source).replace("\\$", "$")
    made = mistune.create_markdown(plugins=["table"], escape=False)(source)
    made = re.sub(r"(<[^>]*>)|([\u4e00-\u9fff]+)", lambda m: m[1] or f'<span lang="zh">{m[2]}</span>', made)
    return re.sub(r"FORMULA(\d+)X", lambda match: drawn[int(match[1])], made)


@cache
def formula(tex: str, *, block: bool = False) -> str:
    r"""Draw a formula with matplotlib, as an HTML picture whose description is the formula itself.

    Examples
    --------
    >>> formula(r"\frac12")[:46]
    '<img class="formula inline" alt="\\frac12" styl'

    Raises
    ------
    SlideError
        If matplotlib cannot draw it.
    """
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties
    from matplotlib.mathtext import MathTextParser

    text = f"${tex}$"
    for known, instead in _TEX.items():
        text = re.sub(known, instead, text)
    with matplotlib.rc_context({"svg.fonttype": "path", "svg.hashsalt": "crmlib", "mathtext.fontset": "stix"}):
        font = FontProperties(size=100, family="sans-serif", math_fontfamily="stix")
        try:
            wide, high, depth, *_ = MathTextParser("path").parse(text, dpi=72, prop=font)
        except ValueError as error:
            raise SlideError(f"matplotlib cannot draw {tex!r} ({str(error).splitlines()[-1]}): leave that line out, or "
                             "write it without the command that is not known") from None
        figure = Figure(figsize=(wide / 72, high / 72))
        figure.text(0, depth / high, text, fontproperties=font)
        drawn = io.BytesIO()
        figure.savefig(drawn, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    picture = base64.b64encode(drawn.getvalue()).decode()
    style = f"width:{wide / 100:.3f}em;height:{high / 100:.3f}em;vertical-align:{-depth / 100:.3f}em"
    kind = "block" if block else "inline"
    return (f'<img class="formula {kind}" alt="{html.escape(tex, quote=True)}" style="{style}" '
            f'src="data:image/svg+xml;base64,{picture}">')


# -------------------------------------------------------------------------------------- the file


def page(title: str, slides: list[Slide], *, code: bool = False) -> str:
    """Return slides as one HTML page; with `code`, the code of each slide stands on a slide below it."""
    timed = bool(slides) and all(slide.minutes for slide in slides)
    parts = {"title": html.escape(title), "sections": "\n".join(_sections(slides, code)), "width": str(WIDTH),
             "height": str(HEIGHT), "pace": f"totalTime: {60 * sum(s.minutes for s in slides):g}," if timed else ""}
    parts |= {name: (ASSETS / name).read_text(encoding="utf-8").replace("//# sourceMappingURL=reveal.js.map", "")
              for name in ("reveal.css", "deck.css", "reveal.js", "notes.js")}
    template = (ASSETS / "deck.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{ (\S+) \}\}", lambda match: parts[match[1]], template)


def _clock(slides):
    """Tell the speaker of the short talk how long a slide takes, and how much of the time is then gone."""
    total, gone = sum(slide.minutes or 0 for slide in slides), 0
    for slide in slides:
        if slide.minutes:
            gone += slide.minutes
            slide.notes.insert(0, f"<p><strong>Short talk: {slide.minutes:g} min</strong> ({gone:g} of {total:g})</p>")


def _sections(slides, code) -> Iterator[str]:
    """Yield the slides as HTML, sub-slides stacked below the slide before them."""
    stacks = []
    for slide in slides:
        if not slide.below or not stacks:
            stacks.append([])
        stacks[-1].append(_frame(slide.title, "\n".join(slide.shown), slide))
        if code and slide.code:
            source = html.escape("\n\n".join(slide.code))
            inside = f"<pre class='code' tabindex='0'><code>{source}</code></pre>"
            stacks[-1].append(_frame("Code: " + slide.title, inside, Slide("", slide.cell, True, None)))
    for stack in stacks:
        yield stack[0] if len(stack) == 1 else "<section>\n" + "\n".join(stack) + "\n</section>"


def _frame(title, inside, slide):
    heading = "h1" if slide.cell == 1 else "h2"
    words = re.sub(r"<[^>]*>", "", inside)
    roomy = not re.search("<figure|<table|<pre", inside) and len(words) < 420      # little text can be large
    kind = "figure" if "<figure" in inside else "text roomy" if roomy else "text"
    title = re.sub(r"^<p>|</p>\s*$", "", _markdown(title).strip())
    timing = f" data-timing='{60 * slide.minutes:g}'" if slide.minutes else ""
    notes = f"<aside class='notes'>{chr(10).join(slide.notes)}</aside>" if slide.notes else ""
    return (f"<section data-cell='{slide.cell}'{timing}><div class='page {kind}'><{heading}>{title}</{heading}>\n"
            f"{inside}\n</div>{notes}</section>")


def _index(decks):
    """Return the page that lists the decks: a title and, for each, pairs of file name and words."""
    items = []
    for title, links in decks.items():
        links = " · ".join(f"<a href='{name}'>{words}</a>" for name, words in links)
        items.append(f"<li>{html.escape(title)}: {links}</li>")
    return (ASSETS / "index.html").read_text(encoding="utf-8").replace("{{ items }}", "\n".join(items))


def build(paths: list[Path], target: Path, *, code: bool = False) -> list[tuple[Path, int]]:
    """Write the decks of chapters, and a page that lists them, into a folder.

    Parameters
    ----------
    paths : list of Path
        The notebooks, with their outputs.
    target : Path
        The folder; it is made.
    code : bool
        Show the code of each slide on a slide below it.

    Returns
    -------
    list of (Path, int)
        Every deck written, and its number of slides. A chapter with slides that have ``minutes`` gets a second
        deck of these alone, ``NN_….short.html``.

    Raises
    ------
    SlideError
        If a slide cannot be made; the message names notebook and cell.
    """
    target.mkdir(parents=True, exist_ok=True)
    made, listed = [], {}
    for path in paths:
        notebook = course.read(path)
        try:
            every = deck(notebook, path.name)
        except SlideError as error:
            raise SlideError(f"{path.name}: {error}") from None
        _clock(every)
        title = every[0].title if every else path.stem
        links = listed[f"{path.name[:2]} {title}"] = []
        for ending, slides in (("", every), (".short", [slide for slide in every if slide.minutes])):
            if slides:
                file = target / f"{path.stem}{ending}.html"
                file.write_text(page(title, slides, code=code), encoding="utf-8")
                minutes = f", {sum(slide.minutes for slide in slides):g} minutes" if ending else ""
                links.append((file.name, f"{len(slides)} slides{minutes}"))
                made.append((file, len(slides)))
    (target / "index.html").write_text(_index(listed), encoding="utf-8")
    return made
