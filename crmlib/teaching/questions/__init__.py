"""The questions of the course, one module per chapter.

``chapter_06.py`` holds ``QUESTIONS = {"06.1": Question(...), ...}``. Expected values are functions
that compute from the data, so that they hold for every data set; nothing is typed in.
"""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

from crmlib.identity import account_ids, replace_ids

_WHOSE = {"referrals": "referrer_id"}  # the column of customers, where it is not customer_id


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


def keeper() -> Callable[..., object]:
    """Return a function ``kept(case, key, compute)`` that computes each thing once for each company in a row.

    It holds the last company asked about, so that no other can have its place in the memory. Every chapter has one of
    its own, so that no key means two things.

    Examples
    --------
    >>> kept, case = keeper(), object()
    >>> kept(case, "answer", lambda: 1), kept(case, "answer", lambda: 2), kept(object(), "answer", lambda: 3)
    (1, 1, 3)
    """
    memory = {}

    def kept(case, key, compute):
        if memory.get("case") is not case:
            memory.clear()
            memory.update(case=case, found={})
        if key not in memory["found"]:
            memory["found"][key] = compute()
        return memory["found"][key]

    return kept


def outside_books(case, *names: str, without=("internal",)) -> tuple:
    """Return the customers outside the firm and the tables about them, whoever registered twice under one id.

    Parameters
    ----------
    case : Case
    *names : str
        Tables of the case, such as ``"orders"``.
    without : sequence of str
        Categories of customers that are left out.

    Returns
    -------
    customers : pandas.DataFrame
        As in the case, one row per id.
    ids : pandas.Series
        Account by customer id.
    tables : list of pandas.DataFrame
        In the order of `names`, with accounts in the place of customers.
    """
    customers = case.customers[~case.customers["category"].isin(without)]
    ids = account_ids(customers, same_name="merge")
    tables = []
    for name in names:
        table, column = getattr(case, name), _WHOSE.get(name, "customer_id")
        tables.append(replace_ids(table[table[column].isin(customers["customer_id"])], ids, column=column))
    return customers, ids, tables
