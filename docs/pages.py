"""The pages of the site, written from the notebooks, data sheets and modules as they are stored.

Nothing is run: what a page shows is what `make refresh` stored, and the tests compared. A page keeps its place, so the
links of the notebooks hold: ``notebooks/06_lifetime_value.ipynb#cell-id=…`` is a page, and each cell an anchor in it.
"""

import html
import inspect
import os
import pkgutil
import re
import shutil
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import finish
import nbformat

import crmlib
from crmlib.teaching import course, glossary

HERE = Path(__file__).parent
DECKS = Path("build") / "slides"  # where make slides puts them
CLUSTER = Path("docs") / "on_a_cluster.md"
LIVE = (
    '<p class="live"><strong>Live only:</strong> here the notebook has sliders. They need Python: download it, '
    "or take the whole course, open it in JupyterLab and run this cell. "
    "The figure above shows the starting values.</p>"
)
# what chapters use in common comes last; what only the library itself uses is left out
SHARED = ("identity", "intervals", "contracts", "lines", "units", "errors")
LEFT_OUT = ("__main__", "checks", "rows", "teaching")
TEACHING = ("teaching.check", "teaching.widgets")


@dataclass(frozen=True)
class Settings:
    """Where the repository is, empty if it has no public address; and where the decks are, if there are any.

    Examples
    --------
    >>> Settings("https://github.com/somebody/course/").binder("notebooks/06_lifetime_value.ipynb")
    'https://mybinder.org/v2/gh/somebody/course/HEAD?urlpath=lab/tree/notebooks/06_lifetime_value.ipynb'
    >>> Settings("").source("README.md"), Settings("https://example.org/course").binder("README.md")
    ('', '')
    """

    repository: str = ""
    decks: Path | None = None

    def source(self, path: str) -> str:
        """Return the address of a file in the repository, or ""."""
        return f"{self.repository.rstrip('/')}/blob/HEAD/{path}" if self.repository else ""

    def has(self, deck: str) -> bool:
        """Return whether there is a deck, so that pages can have a link to it."""
        return self.decks is not None and (self.decks / deck).is_file()

    def binder(self, path: str) -> str:
        """Return the address that opens a notebook at mybinder.org, or ""; it knows repositories on GitHub."""
        found = re.match(r"https://github\.com/([^/]+/[^/]+?)(\.git)?/?$", self.repository)
        return f"https://mybinder.org/v2/gh/{found[1]}/HEAD?urlpath=lab/tree/{path}" if found else ""


def stage(root: Path, target: Path, settings: Settings) -> None:
    """Write everything that Sphinx reads into the folder `target`."""
    shutil.rmtree(target, ignore_errors=True)
    terms = Terms(root)
    for path in course.notebooks(root, "", "your_data"):
        write(notebook_page(root, path, settings, terms), root, target, path)
    for path in course.notebooks(root, "solutions"):
        write(exercise_page(root, path, settings), root, target, course.exercise_path(path))
    texts = [*(root / "datasets").glob("*.md"), *(root / "notebooks").rglob("*.md"), root / "CONTRIBUTING.md"]
    for path in (*texts, root / CLUSTER):
        write(linked(path.read_text(encoding="utf-8"), path, root, settings), root, target, path)
    for path in (root / "datasets").glob("*.csv"):
        shutil.copy(path, target / "datasets")
    for name in library():
        save(target / "library" / f"{name}.rst", module_page(name))
    save(target / "library" / "index.md", library_index())
    save(target / "index.md", start_page(root, target, settings))


def save(path: Path, text: str) -> None:
    """Write a text, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write(page, root: Path, target: Path, path: Path) -> None:
    """Write a page, a notebook or text, to where its source lies in the repository."""
    save(target / path.relative_to(root), page if isinstance(page, str) else course.dumps(page))


# ----------------------------------------------------------------------------------- notebooks


class Terms:
    """The glossary: what its terms mean, and the anchors of its rows."""

    def __init__(self, root: Path):
        self.meaning = dict(glossary.glossary(root)["definition"].items())
        self.names = {term.lower(): term for term in self.meaning}

    def links(self, cell) -> str:
        """Return the text of a cell; the terms that it defines lead to the glossary."""
        text = cell.source
        for term in glossary.defined(cell):
            if term in self.names:
                bold = re.compile(rf"(?i)(?<!\[)\*\*((?:the )?{re.escape(glossary.name_of(term))}[ .:,]*)\*\*")
                text = bold.sub(lambda found, term=term: self.link(f"**{found[1]}**", term), text, count=1)
        return text

    def link(self, shown: str, term: str) -> str:
        """Return the Markdown of a link to a term, with its meaning as the title."""
        meaning = self.meaning[self.names[term]].replace('"', "'")
        return f'[{shown}](glossary.ipynb#{term_anchor(term)} "{meaning}")'


def term_anchor(term: str) -> str:
    """Return the anchor of a term in the glossary.

    Examples
    --------
    >>> term_anchor("recency (RFM)"), term_anchor("P(alive)")
    ('term-recency-rfm', 'term-p-alive')
    """
    return "term-" + re.sub(r"[^a-z0-9]+", "-", term.lower()).strip("-")


def anchor(name: str, kind: str = "div") -> str:
    """Return an empty element that a link can lead to."""
    return f'<{kind} class="anchor" id="{html.escape(name)}"></{kind}>'


def raw(text: str):
    """Return a text cell of the site's own."""
    # not by new_markdown_cell, which checks each cell against the schema: there are two thousand
    return nbformat.from_dict({"cell_type": "markdown", "id": "site", "metadata": {}, "source": text})


def notebook_page(root: Path, path: Path, settings: Settings, terms: Terms):
    """Return a notebook as a page.

    Speaker notes are left out: they give away what the reader is asked to guess. They are in the slides.
    """
    notebook = course.read(path)
    chapter = re.match(r"\d\d", path.name)
    cells = []
    for cell in notebook.cells:
        if cell.metadata.get("slideshow", {}).get("slide_type") == "notes":
            continue
        if cell.cell_type == "markdown":
            cell.source = linked(cell.source, path, root, settings)
            cell.source = terms.links(cell) if chapter else cell.source
        cells += page_cells(cell)
    if path.stem == "glossary":
        for cell in cells:
            with_term_anchors(cell)
    exercises = path.parent / "exercises" / path.name
    further = [(f"exercises/{path.stem}.html", "Exercises")] if chapter and exercises.exists() else []
    slides = [(f"../slides/{path.stem}{ending}", words) for ending, words in
              ((".html", "Slides"), (".short.html", "Slides, 20 minutes")) if settings.has(f"{path.stem}{ending}")]
    notebook.cells = with_anchors([cells[0], launch(root, path, settings, [*further, *slides]), *cells[1:]])
    if further:
        contents = toctree("", [("Exercises", f"exercises/{path.stem}")])
        notebook.cells.append(raw(contents))
    return notebook


def page_cells(cell) -> list:
    """Return what stands for a cell on a page: the description of its figure in its place, no widget."""
    if cell.cell_type != "code":
        return [cell]
    cell.outputs = [as_text(output) if output.output_type == "error" else output for output in cell.outputs]
    words = [alt for output in cell.outputs if (alt := output.get("metadata", {}).get("image/png", {}).get("alt"))]
    if len(words) > 1:
        raise ValueError(f"cell {cell.id} shows {len(words)} figures, and MyST describes one: give each its own cell")
    if words:
        cell.metadata["mystnb"] = {"image": {"alt": words[0]}}
    if any(output.get("data", {}).get("text/plain") == course.WIDGET_NOTE for output in cell.outputs):
        cell.outputs = []
        return [cell, raw(LIVE)]
    return [cell]


def as_text(error):
    """Return an error, shown on purpose, as text: it is not coloured, because it is no complete traceback."""
    return nbformat.v4.new_output("stream", name="stdout", text="\n".join(error.traceback) + "\n")


def with_anchors(cells) -> list:
    """Return the cells with an anchor before each; after the first, because a page begins with its title."""
    found = []
    for n, cell in enumerate(cells):
        mark = [] if cell.id == "site" else [raw(anchor(f"cell-id={cell.id}"))]
        found += [*mark, cell] if n else [cell, *mark]
    for n, cell in enumerate(found):
        cell.id = f"page-{n:04}"
    return found


def with_term_anchors(cell) -> None:
    """Give every row of the glossary, as it is stored in an output, its anchor."""
    for output in cell.get("outputs", ()):
        if text := output.get("data", {}).get("text/markdown"):
            head, line, *rows = text.split("\n")
            rows = [re.sub(r"^\| (.+?) \|", lambda found: f"| {anchor(term_anchor(found[1]), 'span')}{found[1]} |", row)
                    for row in rows]
            output.data["text/markdown"] = "\n".join([head, line, *rows])


def launch(root: Path, path: Path, settings: Settings, further=()):
    """Return the line below the title: to download the notebook, and to start or read it elsewhere."""
    place = path.relative_to(root).as_posix()
    links = [f'<a href="{path.name}" download>Download this notebook</a>']
    elsewhere = (settings.binder(place), "Run it at mybinder.org"), (settings.source(place), "See it in the repository")
    links += [f'<a href="{html.escape(there)}">{words}</a>' for there, words in (*further, *elsewhere) if there]
    return raw(f'<p class="launch">{" · ".join(links)}</p>')


# ----------------------------------------------------------------------------------- exercises


def exercise_page(root: Path, path: Path, settings: Settings):
    """Return exercises with their solutions folded away, section by section.

    In sight is what the exercise notebook has: no answer, and no output after the place for one.
    """
    notebook = course.read(path)
    stubs = {cell.id: cell for cell in nbformat.reads(course.exercise(path), as_version=4).cells}
    cells = []
    for section in sections(notebook.cells):
        first = next((n for n, cell in enumerate(section) if "solution" in course.tags(cell)), len(section))
        for n, cell in enumerate(section):
            if n < first:
                cells += page_cells(cell)
            elif cell.id in stubs:
                cells.append(stubs[cell.id])
        answers = [part for cell in section[first:] for part in page_cells(answer(cell))]
        if answers:
            cells += [raw('<details class="solution"><summary>A solution</summary>'), *answers, raw("</details>")]
    for cell in cells:
        if cell.cell_type == "markdown":
            cell.source = linked(cell.source, path, root, settings)
    notebook.cells = with_anchors([cells[0], launch(root, course.exercise_path(path), settings), *cells[1:]])
    return notebook


def sections(cells) -> list[list]:
    """Return the cells in groups that begin with a heading."""
    groups = [[]]
    for cell in cells:
        if cell.cell_type == "markdown" and re.match(r"#{1,3} ", cell.source):
            groups.append([])
        groups[-1].append(cell)
    return [group for group in groups if group]


def answer(cell):
    """Return a cell for the folded part; what stands in sight above as well keeps its output only."""
    cell = nbformat.from_dict(cell)
    if "solution" not in course.tags(cell):
        if cell.cell_type == "code":
            cell.metadata["tags"] = [*course.tags(cell), "remove-input"]
        else:
            cell.source = ""
    cell.id += "-solved"
    return cell


# ---------------------------------------------------------------------------------- links, texts


def linked(text: str, path: Path, root: Path, settings: Settings) -> str:
    """Return Markdown whose links to files of the repository hold on the site.

    Solutions are on the page of their exercises. A file or folder that is no page is looked up in the repository, and
    without an address of it only its name is left. A link to nowhere stays, and Sphinx complains of it.
    """

    def mend(found):
        shown, address, title = found.groups()
        file, hash_, fragment = address.partition("#")
        there = (path.parent / file).resolve()
        if re.match(r"[a-z]+:|#", address) or not there.exists():
            return found[0]
        place = there.relative_to(root)
        if place == Path("README.md"):
            return f"[{shown}]({os.path.relpath(root / 'index.md', path.parent)})"
        if place.parts[:2] == ("notebooks", "solutions") and there.suffix == ".ipynb":
            there = course.exercise_path(there)
        elif there.suffix not in (".md", ".ipynb") and place.parts[0] != "datasets" or there.is_dir():
            elsewhere = settings.source(place.as_posix())
            return f"[{shown}]({elsewhere})" if elsewhere else shown
        return f"[{shown}]({os.path.relpath(there, path.parent)}{hash_}{fragment}{title or ''})"

    return re.sub(r'(?<!!)\[([^\[\]]+)\]\(([^()\s]+)( "[^"]*")?\)', mend, text)


def title_of(path: Path) -> str:
    """Return the title of a page, notebook or text."""
    text = course.read(path).cells[0].source if path.suffix == ".ipynb" else path.read_text(encoding="utf-8")
    return re.search(r"(?m)^# (.+)$", text)[1]


def toctree(caption: str, pages: list[tuple[str, str]]) -> str:
    """Return a hidden table of contents of (title, page), for the side bar; nothing if there are no pages."""
    entries = "\n".join(f"{title} <{page}>" if title else page for title, page in pages)
    caption = f":caption: {caption}\n" if caption else ""
    return f"```{{toctree}}\n:hidden:\n{caption}\n{entries}\n```\n" if pages else ""


def below(folder: Path) -> None:
    """Put the texts of a folder below its README in the side bar."""
    readme, names = folder / "README.md", sorted(path.stem for path in folder.glob("*.md"))
    if readme.exists():
        pages = toctree("", [("", name) for name in names if name != "README"])
        readme.write_text(readme.read_text(encoding="utf-8") + "\n" + pages, encoding="utf-8")


def chinese_of(text: str) -> str:
    """Return the first piece of Chinese in a text, "" if there is none.

    Examples
    --------
    >>> chinese_of("客户价值函数, the **customer value function**"), chinese_of("One line.")
    ('客户价值函数', '')
    """
    found = finish.HAN.search(text)
    return found[0].rstrip("，。：；、（《") if found else ""


def start_page(root: Path, target: Path, settings: Settings) -> str:
    """Return the first page: docs/index.md, with the table of chapters and the contents of the side bar."""
    chapters = [path for path in course.notebooks(root, "") if path.name[:2].isdigit()]
    rows = ["| | question | 中文 | minutes |", "|:--|:--|:--|--:|"]
    for path in chapters:
        lines = course.read(path).cells[0].source.split("\n")
        minutes = next((found[1] for line in lines if (found := re.match(r"(\d+) minutes", line))), "")
        rows.append(f"| {path.name[:2]} | [{lines[0][2:]}](notebooks/{path.name}) | "
                    f"{chinese_of(' '.join(lines[1:]))} | {minutes} |")

    def there(pattern):
        return [("", path.relative_to(target).with_suffix("").as_posix()) for path in sorted(target.glob(pattern))]

    contents = [
        toctree("Chapters", [(f"{path.name[:2]} · {title_of(path)}", f"notebooks/{path.stem}") for path in chapters]),
        toctree("Your data", [*there("notebooks/your_data/*"), *there(CLUSTER.as_posix())]),
        toctree("To look up", [*there("notebooks/claims.ipynb"), *there("notebooks/glossary.ipynb"),
                               *there("datasets/README.md"), ("The library", "library/index")]),
        toctree("To teach", there("notebooks/instructor/README.md")),
        toctree("To change something", [("How to change something here", "CONTRIBUTING")]),
    ]
    for folder in (target / "datasets", target / "notebooks" / "instructor"):
        below(folder)
    text = (HERE / "index.md").read_text(encoding="utf-8").replace(f"]({CLUSTER.name}", f"]({CLUSTER.as_posix()}")
    teach = "notebooks/instructor/README.md"
    pack = f"[The instructor's pack]({teach})" if (target / teach).exists() else "The course"
    deck = '<a href="slides/index.html">a deck of slides</a>' if settings.has("index.html") else "a deck of slides"
    yours = "\n".join(f"- [{title_of(path)}]({path.relative_to(root).as_posix()})"
                      for path in course.notebooks(root, "your_data"))
    for word, instead in (("CHAPTERS", "\n".join(rows)), ("PACK", pack), ("DECK", deck), ("YOURS", yours)):
        text = text.replace(word, instead)
    return text + "\n" + "\n".join(contents)


# ------------------------------------------------------------------------------------- library


def library() -> list[str]:
    """Return the modules that have a page: those of the chapters, then what they share."""
    names = [each.name for each in pkgutil.iter_modules(crmlib.__path__) if each.name not in (*LEFT_OUT, *SHARED)]
    return ["data", *(name for name in names if name not in ("data", "plots")), "plots", *SHARED, *TEACHING]


def summary(name: str) -> str:
    """Return the first sentence of what a module says of itself."""
    return inspect.getdoc(import_module(f"crmlib.{name}")).split("\n\n")[0].replace("\n", " ")


def module_page(name: str) -> str:
    """Return the page of a module, for autodoc."""
    title = f"crmlib.{name}"
    # a package gathers in __all__ what its modules define
    gathered = "   :imported-members:\n" if hasattr(import_module(title), "__all__") else ""
    return f"{title}\n{'=' * len(title)}\n\n.. automodule:: {title}\n   :members:\n{gathered}"


def library_index() -> str:
    """Return the list of the modules."""
    names = library()
    rows = "\n".join(f"| [`crmlib.{name}`]({name}.rst) | {summary(name)} |" for name in names)
    return ("# The library\n\nTables in, tables out; options have names; every error says what, where, and how to mend "
            f"it.\n\n| module | what it is for |\n|:--|:--|\n{rows}\n\n" + toctree("Library", [("", n) for n in names]))
