"""The glossary: one definition per term and symbol, and the chapter that gives it.

``datasets/glossary.csv`` has a row per term. A chapter defines a term in bold: with the Chinese behind it,
``**churn** (客户流失)``, or with its name in the metadata of the cell, ``"terms": ["discount rate"]``. Two terms of one
name are told apart in brackets, ``recency (RFM)``; in bold stands the name alone. `findings` holds the two together.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from crmlib.teaching import reference
from crmlib.teaching.lint import Finding

MAY_BE_EMPTY = {"symbol", "unit"}
_WITH_CHINESE = re.compile(r"\*\*([^*\n]+)\*\*,?\s*\([^()\n]*[\u4e00-\u9fff][^()\n]*\)")


def glossary(root: Path) -> pd.DataFrame:
    """Return ``datasets/glossary.csv``, one row per term, indexed by `term`; empty fields are ""."""
    return reference.entries(root, "glossary", "term")


def name_of(term: str) -> str:
    """Return a term as it stands in the text: in small letters, without what tells it from another of its name.

    Examples
    --------
    >>> name_of("recency (RFM)"), name_of("P(alive)")
    ('recency', 'p(alive)')
    """
    return re.sub(r"\s+\(.*\)$", "", term).lower()


def defined(cell) -> list[str]:
    """Return the terms that a cell defines, as the glossary has them but in small letters.

    Examples
    --------
    >>> import nbformat
    >>> defined(nbformat.v4.new_markdown_cell("A **Cohort** (同期群) is **not** a segment."))
    ['cohort']
    """
    named = [term.lower() for term in cell.metadata.get("terms", ())]
    found = _WITH_CHINESE.findall(cell.source) if cell.cell_type == "markdown" else ()
    names = {name_of(term) for term in named}
    return named + [term.strip().lower() for term in dict.fromkeys(found) if term.strip().lower() not in names]


def findings(root: Path) -> Iterator[Finding]:
    """Return where glossary and chapters disagree; terms of chapters that are not written yet wait."""
    table, chapters = glossary(root), reference.written(root)
    here = root / "datasets" / "glossary.csv"
    home = dict(zip(table.index.str.lower(), table["chapter"], strict=True))
    homes = {name: {home[term] for term in home if name_of(term) == name} for name in map(name_of, home)}
    rows = table.index.str.lower()
    for term in rows[rows.duplicated()].unique():
        yield Finding(here, None, f"{term} is there twice", "one row a term")
    places = {}
    for chapter, (path, cells) in chapters.items():
        for n, cell in enumerate(cells, 1):
            terms, in_bold = defined(cell), reference.bold(cell)
            names = {name_of(term) for term in terms}
            for term in terms:
                if name_of(term) not in in_bold:
                    yield Finding(path, n, f"the term {term!r} is not in bold", "write it in bold where it is defined")
                if term in places:
                    yield Finding(path, n, f"{term!r} is defined a second time (first in {places[term]})",
                                  "define a term once")
                elif term not in home:
                    yield Finding(path, n, f"{term!r} is defined here and not in the glossary",
                                  "add a row to datasets/glossary.csv")
                elif home[term] != chapter:
                    yield Finding(here, None, f"{term!r} is defined in {path.name}, not in {home[term]}",
                                  "mend the chapter in the glossary")
                places.setdefault(term, f"{path.name}, cell {n}")
            for name in dict.fromkeys(in_bold):
                if name not in names and homes.get(name, {chapter}).isdisjoint({chapter}):
                    yield Finding(path, n, f"{name!r} is in bold again: chapter {min(homes[name])} defines it",
                                  "a term is in bold where it is defined; *stress* it otherwise")
    for row in table.itertuples():
        for column in table.columns:
            if column not in MAY_BE_EMPTY and not getattr(row, column):
                yield Finding(here, None, f"{row.Index} has no {column}", "fill it in")
        if row.chapter in chapters and row.Index.lower() not in places:
            yield Finding(chapters[row.chapter][0], None, f"{row.Index!r} is defined in no cell",
                          'write it in bold, and name it in "terms" of the metadata of that cell')


def linked(root: Path) -> pd.DataFrame:
    """Return the glossary, sorted, with the `link` to the cell that defines a term; "" where there is none yet."""
    table, links = glossary(root), {}
    for path, cells in reference.written(root).values():
        for cell in cells:
            links |= dict.fromkeys(defined(cell), reference.link(path, cell))
    table = table.assign(link=[links.get(term.lower(), "") for term in table.index])
    return table.sort_index(key=lambda terms: terms.str.lower())
