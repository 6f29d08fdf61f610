"""The questions of the course, one module per chapter.

``chapter_06.py`` holds ``QUESTIONS = {"06.1": Question(...), ...}``. Expected values are functions
that compute from the data, so that they hold for every data set; nothing is typed in.
"""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that says what went wrong.

    Parameters
    ----------
    value : callable
        ``value(**context)`` computes the wrong answer, as `Question.expected` does the right one.
    hint : str
        What to think about, never the answer.
    """

    value: Callable[..., object]
    hint: str


@dataclass(frozen=True)
class Question:
    """A question of a chapter, its answer as a computation, and the mistakes it knows.

    Parameters
    ----------
    prompt : str
        The question, as in the chapter.
    expected : callable
        ``expected(**context)`` computes the answer: a number; a list, array or Series of numbers
        (order counts); a text (choices: case and blanks do not count); a list of texts; a set.
    tolerance : float
        Largest accepted distance of a number, in the unit of the answer.
    unit : str
        Unit of the answer, named in the feedback.
    mistakes : tuple of Mistake
        Looked at before the general hints (percentage for fraction, sign, thousands, rounding).
    choices : tuple of str
        For a question with given choices: all of them.
    """

    prompt: str
    expected: Callable[..., object]
    tolerance: float = 0.0
    unit: str = ""
    mistakes: tuple[Mistake, ...] = ()
    choices: tuple[str, ...] = ()


def chapters() -> list[str]:
    """Return the numbers of the chapters that have questions, as text: ``["00", "06"]``."""
    return sorted(m.name[8:] for m in pkgutil.iter_modules(__path__) if m.name.startswith("chapter_"))


def load(chapter: str) -> dict[str, Question]:
    """Return the questions of one chapter by id; an empty dict if it has none."""
    if chapter not in chapters():
        return {}
    return importlib.import_module(f"{__name__}.chapter_{chapter}").QUESTIONS
