"""Two kinds of answers, words and numbers: how each is read, compared and commented on."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


class Unusable(Exception):
    """The answer is of a kind that cannot be right; the message says why."""


@dataclass(frozen=True)
class Kind:
    """How to bring an answer into comparable form, compare it, and comment on a wrong one."""

    reduce: Callable
    same: Callable
    hint: Callable


def kind_of(expected) -> Kind:
    """Return the kind of the right answer: words (texts, choices, sets) or numbers."""
    if hasattr(expected, "tolist"):  # numpy and pandas, their scalars too
        expected = expected.tolist()
    first = expected[0] if isinstance(expected, list | tuple) and expected else expected
    if isinstance(first, str | bool) or isinstance(expected, set | frozenset):
        return Kind(_as_words, _same, _word_hint)
    return Kind(_as_numbers, _close, _number_hint)


# ---------------------------------------------------------------- words: choices, lists, sets


def _as_words(value, question):
    """Return texts, case and blanks removed, as str, tuple or frozenset, the kind `expected` has."""
    if hasattr(value, "tolist"):  # numpy, pandas
        value = value.tolist()
    if isinstance(value, list | tuple | set | frozenset):
        words = [_as_words(v, question) for v in value]
        return frozenset(words) if isinstance(value, set | frozenset) else tuple(words)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return " ".join(value.lower().split())
    if isinstance(value, int | float):
        return float(value)
    raise Unusable(f"the answer is a text in quotes{_choices(question)}; this is a {type(value).__name__}")


def _same(given, right, tolerance):
    if isinstance(right, frozenset) and isinstance(given, tuple):
        given = frozenset(given)
    return given == right


def _choices(question):
    return ": one of " + ", ".join(map(repr, question.choices)) if question.choices else ""


def _word_hint(given, right, question):
    if isinstance(right, frozenset):
        if not isinstance(given, tuple | frozenset):
            return "the answer is a set: several values between braces"
        given = frozenset(given)
        belong = len(given & right)
        extra, missing = len(given) - belong, len(right) - belong
        return f"{belong} of these belong to it, {extra} do not, {missing} are missing"
    if isinstance(right, tuple):
        if not isinstance(given, tuple) or len(given) != len(right):
            return f"the answer is a list of {len(right)} values in order"
        if sorted(map(str, given)) == sorted(map(str, right)):
            return "these are the right values in another order"
        in_place = sum(g == r for g, r in zip(given, right, strict=True))
        return f"{in_place} of {len(right)} are in the right place"
    if question.choices and given not in {_as_words(c, question) for c in question.choices}:
        return f"that is not among the choices{_choices(question)}"
    return "think again about: " + question.prompt


# ---------------------------------------------------------------- numbers: one, or many in order


def _as_numbers(value, question):
    """Return the numbers as a float array; one number, however wrapped, has shape ()."""
    unit = f", in {question.unit}" if question.unit else ""
    if callable(value):
        raise Unusable("this is a function: call it, with its arguments in parentheses")
    if isinstance(value, str):
        raise Unusable(f"this is a text; the answer is a number{unit}, without quotes")
    if isinstance(value, bool | np.bool_ | dict | set | frozenset):
        raise Unusable(f"the answer is a number{unit}; this is a {type(value).__name__}")
    try:
        array = np.asarray(value, dtype=float)
    except Exception:
        raise Unusable(f"the answer is a number{unit}; this {type(value).__name__} is not") from None
    array = array.reshape(()) if array.size == 1 else np.squeeze(array)
    if not np.isfinite(array).all():
        raise Unusable(
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
