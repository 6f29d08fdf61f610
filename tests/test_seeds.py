"""Another seed, another company: every chapter that uses the case runs on it from end to end.

The answers of the solutions are judged on another company in `test_check`.
"""

import re
from pathlib import Path

import nbformat
import pytest

from crmlib.teaching import course, lint

ROOT = Path(__file__).resolve().parents[1]
SEED = 20261234


def on_the_case(*folders):
    """Return a pytest parameter for each notebook of the folders that has a seed to change."""
    return [pytest.param(p, id=f"{p.parent.name}/{p.name}") for p in course.notebooks(ROOT, *folders)
            if any("parameters" in course.tags(cell) for cell in course.read(p).cells)]


@pytest.mark.parametrize("path", on_the_case(""))
def test_runs_on_another_company(path):
    ran = nbformat.reads(course.refreshed(path, parameters={"seed": SEED}), as_version=4)
    memo = " ".join(lint.output_text(cell) for cell in ran.cells if "memo" in course.tags(cell))
    assert not re.search(r"\bnan\b", memo), memo


def test_every_notebook_that_loads_the_case_can_take_a_seed():
    with_seed = {value.values[0] for value in on_the_case("", "solutions")}
    for path in course.notebooks(ROOT, "", "solutions"):
        if "load_case(" in path.read_text(encoding="utf-8"):
            assert path in with_seed, f"{path.name}: put `seed = None` into a cell tagged parameters"
