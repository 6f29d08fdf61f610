"""What the ledger of claims and the glossary share: a list, the notebooks it speaks of, and a page to read it on."""

import re
from pathlib import Path

import pandas as pd

from crmlib.teaching import course


def entries(root: Path, name: str, index: str) -> pd.DataFrame:
    """Return ``datasets/<name>.csv`` as text, one row per entry, indexed by the column `index`; empty fields are ""."""
    path = root / "datasets" / f"{name}.csv"
    return pd.read_csv(path, dtype=str, keep_default_na=False, index_col=index)


def written(root: Path) -> dict[str, tuple[Path, list]]:
    """Return path and cells of every notebook of the course by its chapter: "06", or a name such as "glossary"."""
    return {path.stem.split("_")[0]: (path, course.read(path).cells) for path in course.notebooks(root, "")}


def bold(cell) -> list[str]:
    """Return what a text cell has in bold, in small letters.

    Examples
    --------
    >>> import nbformat
    >>> bold(nbformat.v4.new_markdown_cell("1. **The look-back.** How far, and *how* **fine**."))
    ['look-back', 'fine']
    """
    spans = re.findall(r"\*\*([^*\n]+)\*\*", cell.source) if cell.cell_type == "markdown" else ()
    return [span.strip(" .:,").lower().removeprefix("the ") for span in spans]


def heading(cells, position: int) -> int:
    """Return the position of the last text cell with a heading, at or before a cell; 0 if there is none."""
    return next((n for n in range(position, -1, -1)
                 if cells[n].cell_type == "markdown" and re.search(r"(?m)^#{1,4} ", cells[n].source)), 0)


def link(path: Path, cell) -> str:
    """Return the address of a cell: JupyterLab and the pages of nbconvert both know it by its id."""
    return f"{path.name}#cell-id={cell.id}"


def markdown(table: pd.DataFrame) -> str:
    """Return a table of texts in Markdown; the index is left out.

    Examples
    --------
    >>> print(markdown(pd.DataFrame({"term": ["P(A|B)"], "unit": [""]})))
    | term | unit |
    |:--|:--|
    | P(A\\|B) |  |
    """
    rows = [list(table.columns), *table.astype(str).to_numpy().tolist()]
    lines = ["| " + " | ".join(field.replace("|", "\\|") for field in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + ":--|" * len(table.columns), *lines[1:]])
