"""Feedback on a reader's answer: a hint by kind of mistake, never the answer, never a traceback."""

import html
import math
from dataclasses import dataclass

import numpy as np

from crmlib.teaching import questions

_STATE = {
    True: ("Correct", "✓", "#2e8b57"),
    False: ("Not yet", "✗", "#d2691e"),
    None: ("No verdict", "…", "#888888"),
}


@dataclass(frozen=True, repr=False)
class Feedback:
    """What `check` has to say: `correct` is True, False, or None where there is nothing to judge."""

    correct: bool | None
    message: str

    def __repr__(self):
        return f"{_STATE[self.correct][0]}: {self.message}"

    def _repr_html_(self):
        # no background and no text colour: both come from the page, light or dark. The verdict is a
        # word, so that neither the sign nor the colour of the border has to be seen.
        word, sign, colour = _STATE[self.correct]
        return (
            f'<div role="status" style="border-left: 0.4em solid {colour}; padding: 0.3em 0.8em">'
            f'<span aria-hidden="true">{sign} </span><strong>{word}:</strong> '
            f"{html.escape(self.message)}</div>"
        )


class _Unusable(Exception):
    """The answer is of a kind that cannot be right; the message says why."""


def check(question_id: str, answer, *, strict: bool = False, **context) -> Feedback:
    """Compare an answer with what the question's own computation gives.

    Whatever the answer is, a reader gets a sentence and no traceback.

    Parameters
    ----------
    question_id : str
        Chapter and question, such as ``"06.2"``.
    answer : object
        A number, text, list, set, array or Series. ``...`` means: not answered yet.
    strict : bool
        Raise instead of returning anything but "correct"; for tests.
    **context
        Handed to the question, for instance the reader's own data.

    Returns
    -------
    Feedback

    Raises
    ------
    AssertionError
        Only with ``strict=True``.

    Examples
    --------
    >>> check("no such question", 1)
    No verdict: there is no question 'no such question'; question ids look like "06.2"
    """
    try:
        feedback = _judge(question_id, answer, context)
    except _Unusable as problem:
        feedback = Feedback(False, str(problem))
    except Exception as error:  # a fault here must not become the student's traceback
        reason = f"{type(error).__name__}: {_text(error)}"
        feedback = Feedback(None, f"this answer could not be checked ({reason})")
    if strict and feedback.correct is not True:
        raise AssertionError(f"check({question_id!r}): {feedback!r}")
    return feedback


def _judge(question_id, answer, context):
    known = questions.load(question_id[:2]) if isinstance(question_id, str) else {}
    if question_id not in known:
        ids = 'question ids look like "06.2"'
        if known:
            ids = f"chapter {question_id[:2]} has {', '.join(known)}"
        return Feedback(None, f"there is no question {_text(question_id, repr)}; {ids}")
    question = known[question_id]
    if answer is None:
        return Feedback(None, "not answered yet: the answer is None (does a function lack its `return`?)")
    if _unanswered(answer):
        return Feedback(None, "not answered yet: put your answer in the place of `...`")
    expected = question.expected(**context)
    match, reduce_ = _comparer(expected)
    given, right = reduce_(answer, question), reduce_(expected, question)
    if match(given, right, question.tolerance):
        return Feedback(True, f"{question_id} is answered.")
    for mistake in question.mistakes:
        if match(given, reduce_(mistake.value(**context), question), question.tolerance):
            return Feedback(False, mistake.hint)
    general = _number_hint if reduce_ is _numbers else _word_hint
    return Feedback(False, general(given, right, question))


def _unanswered(answer):
    return answer is ... or (isinstance(answer, list | tuple | set) and any(a is ... for a in answer))


def _text(thing, show=str):
    try:
        return show(thing)
    except Exception:
        return type(thing).__name__


def _comparer(expected):
    """Choose by the kind of the right answer how answers are compared: words or numbers."""
    first = next(iter(expected), None) if isinstance(expected, list | tuple | set | frozenset) else expected
    if isinstance(first, str | bool | np.bool_) or isinstance(expected, set | frozenset):
        return (lambda given, right, tolerance: given == right), _words
    return _close, _numbers


# ---------------------------------------------------------------- words: choices, lists, sets


def _words(value, question):
    """Return texts, case and blanks removed, as str, tuple or frozenset, the kind `expected` has."""
    if hasattr(value, "tolist"):  # numpy, pandas
        value = value.tolist()
    if isinstance(value, list | tuple | set | frozenset):
        words = [_words(v, question) for v in value]
        return frozenset(words) if isinstance(value, set | frozenset) else tuple(words)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return " ".join(value.lower().split())
    if isinstance(value, int | float):
        return float(value)
    raise _Unusable(f"the answer is a text in quotes{_choices(question)}; this is a {type(value).__name__}")


def _choices(question):
    return ": one of " + ", ".join(map(repr, question.choices)) if question.choices else ""


def _word_hint(given, right, question):
    if isinstance(right, frozenset):
        if not isinstance(given, tuple | frozenset):
            return "the answer is a set: several values between braces"
        if frozenset(given) == right:
            return "these are the right values, but some are given twice"
        given = frozenset(given)
        return f"{len(given & right)} of these belong to the answer, {len(given - right)} do not, " \
               f"{len(right - given)} are missing"
    if isinstance(right, tuple):
        if not isinstance(given, tuple) or len(given) != len(right):
            return f"the answer is a list of {len(right)} values in order"
        if sorted(map(str, given)) == sorted(map(str, right)):
            return "these are the right values in another order"
        in_place = sum(g == r for g, r in zip(given, right, strict=True))
        return f"{in_place} of {len(right)} are in the right place"
    if question.choices and given not in {_words(c, question) for c in question.choices}:
        return f"that is not among the choices{_choices(question)}"
    return "think again about: " + question.prompt


# ---------------------------------------------------------------- numbers: one, or many in order


def _numbers(value, question):
    """Return the numbers as a float array; one number, however wrapped, has shape ()."""
    unit = f", in {question.unit}" if question.unit else ""
    if callable(value):
        raise _Unusable("this is a function: call it, with its arguments in parentheses")
    if isinstance(value, str):
        raise _Unusable(f"this is a text; the answer is a number{unit}, without quotes")
    if isinstance(value, bool | np.bool_ | dict | set | frozenset):
        raise _Unusable(f"the answer is a number{unit}; this is a {type(value).__name__}")
    try:
        array = np.asarray(value, dtype=float)
    except Exception:
        raise _Unusable(f"the answer is a number{unit}; this {type(value).__name__} is not") from None
    array = array.reshape(()) if array.size == 1 else np.squeeze(array)
    if not np.isfinite(array).all():
        raise _Unusable(
            "there is a missing or infinite value (NaN, inf) in it: "
            "was something divided by zero, or is a row empty?"
        )
    return array


def _close(given, right, tolerance):
    # the last digits of a float are nobody's mistake
    return given.shape == right.shape and bool(
        (np.abs(given - right) <= np.maximum(tolerance, 1e-9 * np.abs(right))).all()
    )


_FACTORS = (
    (100, "this is 100 times too large: a percentage where a fraction is asked?"),
    (0.01, "this is 100 times too small: a fraction where a percentage is asked?"),
    (-1, "the size is right, the sign is not"),
    (1000, "this is 1,000 times too large: which unit is asked, single units or thousands?"),
    (0.001, "this is 1,000 times too small: which unit is asked, single units or thousands?"),
)


def _number_hint(given, right, question):
    unit = f" The answer is in {question.unit}." if question.unit else ""
    if given.shape != right.shape:
        wanted = "one number" if right.shape == () else f"{right.size} numbers in order"
        return f"the answer is {wanted}; this has {given.size}.{unit}"
    if right.any():
        for factor, hint in _FACTORS:
            if _close(given, right * factor, question.tolerance * abs(factor)):
                return hint + unit
        if any(_rounded(given, right, digits) for digits in range(-6, 10)):
            return "rounded too far: keep more digits, and round only at the end"
    if right.shape != ():
        wrong = int((np.abs(given - right) > np.maximum(question.tolerance, 1e-9 * np.abs(right))).sum())
        return f"{wrong} of {right.size} values are off.{unit}"
    return f"this is not the value.{unit} Think again about: {question.prompt}"


def _rounded(given, right, digits):
    near = np.abs(given - right) <= 0.05 * np.abs(right)
    return bool(near.all()) and all(
        math.isclose(g, round(r, digits), rel_tol=1e-12)
        for g, r in zip(given.ravel().tolist(), right.ravel().tolist(), strict=True)
    )
