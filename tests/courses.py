"""Small courses for the tests of the rules: notebooks of a few cells, and a list in datasets/."""

import csv

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from crmlib.teaching import course


def text(source, **metadata):
    """Return a text cell."""
    return new_markdown_cell(source, metadata=metadata)


def code(name, *printed):
    """Return a code cell with an id, and what it printed."""
    return new_code_cell("pass", id=name, outputs=[new_output("stream", name="stdout", text=t) for t in printed])


def write_course(root, chapters, name, rows):
    """Write notebooks (file name without ending: cells) and the list ``datasets/<name>.csv``; return the root."""
    for folder in ("notebooks", "datasets", "crmlib"):
        (root / folder).mkdir(exist_ok=True)
    for stem, cells in chapters.items():
        (root / "notebooks" / f"{stem}.ipynb").write_text(course.dumps(new_notebook(cells=cells)), encoding="utf-8")
    with (root / "datasets" / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return root
