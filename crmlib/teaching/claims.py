"""The ledger of claims: what is asserted about customers, which cell computes it, and how it came out.

``datasets/claims.csv`` has a row per claim. In its chapter, the text cell with the verdict names the claim in its
metadata (``"claims": ["13-customers"]``) and says ``**Verdict: …**`` in the ledger's words; the column ``cell`` of the
ledger holds the id of the code cell that computes it. `findings` holds the two together.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from crmlib.teaching import prose, reference
from crmlib.teaching.lint import Finding, Problem, output_text

VERDICTS = ("holds", "holds only if", "rule of thumb", "does not hold", "does not add up")
LECTURES = ("1", "2", "3", "4", "practice")
MAY_BE_EMPTY = {"concepts", "trap"}


def ledger(root: Path) -> pd.DataFrame:
    """Return ``datasets/claims.csv``, one row per claim, indexed by `id`; empty fields are ""."""
    return reference.entries(root, "claims", "id")


def verdict_in(text: str) -> str | None:
    """Return the class of the first verdict of a text; "" if it is of no class, None if there is no verdict.

    Examples
    --------
    >>> verdict_in("**Verdict: holds only for groups**, and roughly.")
    'holds only if'
    >>> verdict_in("**Verdict: does not add up** as printed.")
    'does not add up'
    >>> verdict_in("Verdict: it depends."), verdict_in("No word on it.")
    ('', None)
    """
    match = re.search(r"\bVerdict:\**\s*(.*)", text)
    if not match:
        return None
    # "holds only as bookkeeping" is a condition too, so "holds only" is the sign of that class
    found = [each for each in VERDICTS if match[1].lower().startswith(each.removesuffix(" if"))]
    return max(found, key=len, default="")


def section(cells, position: int) -> range:
    """Return the positions of the cells, from one heading of level 1 or 2 to the next, among which a cell stands."""
    starts = [n for n, cell in enumerate(cells) if cell.cell_type == "markdown" and re.match(r"##? ", cell.source)]
    first = max((start for start in starts if start <= position), default=0)
    return range(first, min((start for start in starts if start > position), default=len(cells)))


def _disagreements(claim, cells) -> Iterator[Problem]:
    """Yield where a claim and the cells of its chapter disagree, as (cell number or None, what, how to mend it)."""
    stated = [n for n, cell in enumerate(cells) if claim.Index in cell.metadata.get("claims", ())]
    if len(stated) != 1:
        yield None, f"claim {claim.Index} is named by {len(stated)} cells", \
            f'name it once: "claims": ["{claim.Index}"] in the metadata of the cell with its verdict'
        return
    place = stated[0]
    said = verdict_in(cells[place].source)
    if said != claim.verdict:
        yield place + 1, f"claim {claim.Index}: the cell says {said!r}, the ledger {claim.verdict!r}", \
            "begin with **Verdict: …** and one of: " + ", ".join(VERDICTS)
    computing = next((n for n, cell in enumerate(cells) if cell.get("id") == claim.cell), None)
    shown = "" if computing is None else output_text(cells[computing])
    if not shown.strip():
        yield place + 1, f"claim {claim.Index}: {claim.cell!r} is no code cell with an output", \
            "write the id of the cell that computes it into datasets/claims.csv"
    elif computing not in section(cells, place):
        yield place + 1, f"claim {claim.Index} is computed in another section (cell {computing + 1})", \
            "let the cell that computes it stand in the section of its verdict"
    elif verdict_in(shown) not in (None, claim.verdict):
        yield computing + 1, f"claim {claim.Index}: printed {verdict_in(shown)!r}, the ledger {claim.verdict!r}", \
            "the data decide: mend the ledger and the text"
    around = [cells[n] for n in section(cells, place)]
    known = prose.Numbers([*map(output_text, around), *(cell.source for cell in around)])
    for token in prose.tokens(claim.because):
        if token.notable and not known.hold(token):
            yield place + 1, f"claim {claim.Index}: {token.text} is in the ledger and not in the section", \
                "take the number from the cell that computes it"


def findings(root: Path) -> Iterator[Finding]:
    """Return where ledger and chapters disagree; claims of chapters that are not written yet wait."""
    table, chapters = ledger(root), reference.written(root)
    here = root / "datasets" / "claims.csv"
    for name in table.index[table.index.duplicated()].unique():
        yield Finding(here, None, f"claim {name} is there twice", "one row a claim")
    for claim in table[~table.index.duplicated()].itertuples():
        needed = set(table.columns) - MAY_BE_EMPTY - (set() if claim.chapter in chapters else {"cell"})
        allowed = {"verdict": VERDICTS, "lecture": LECTURES}
        empty = [column for column in table.columns if column in needed and not getattr(claim, column)]
        wrong = [column for column in allowed if getattr(claim, column) not in ("", *allowed[column])]
        if empty:
            yield Finding(here, None, f"claim {claim.Index} has no {', '.join(empty)}", "fill it in")
        for column in wrong:
            yield Finding(here, None, f"claim {claim.Index}: {column} {getattr(claim, column)!r}",
                          "one of: " + ", ".join(allowed[column]))
        if claim.chapter in chapters and not empty and not wrong:
            path, cells = chapters[claim.chapter]
            yield from (Finding(path, *problem) for problem in _disagreements(claim, cells))
    for chapter, (path, cells) in chapters.items():
        for n, cell in enumerate(cells, 1):
            names = cell.metadata.get("claims", ())
            for name in names:
                if name not in table.index or chapter not in table.loc[[name], "chapter"].tolist():
                    yield Finding(path, n, f"claim {name} is not in the ledger for this chapter",
                                  "add it to datasets/claims.csv")
            if not names and cell.cell_type == "markdown" and "**Verdict:" in cell.source:
                yield Finding(path, n, "a verdict on no claim of the ledger",
                              'add the claim to datasets/claims.csv, and its id to the metadata of the cell ("claims")')


def linked(root: Path) -> pd.DataFrame:
    """Return the ledger with the `link` to the section of each verdict; "" where the chapter is not written yet."""
    table, links = ledger(root), {}
    for path, cells in reference.written(root).values():
        for n, cell in enumerate(cells):
            for name in cell.metadata.get("claims", ()):
                links[name] = reference.link(path, cells[reference.heading(cells, n)])
    return table.assign(link=[links.get(name, "") for name in table.index])
