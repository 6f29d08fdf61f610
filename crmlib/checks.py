"""Checks of single arguments, with messages that say what was probably meant."""

import math
from numbers import Real


def _number(name, value):
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, not {value!r}")
    return float(value)


def check_fraction(name: str, value: float, *, low: float = 0.0, high: float = 1.0) -> float:
    """Return `value` as float if it lies between `low` and `high`; otherwise say so.

    Raises
    ------
    ValueError
        For anything outside; a percentage is recognised as such.

    Examples
    --------
    >>> check_fraction("retention rate", 87)
    Traceback (most recent call last):
    ValueError: retention rate 87 is not between 0 and 1: did you mean 0.87?
    """
    number = _number(name, value)
    if low <= number <= high:
        return number
    hint = f": did you mean {number / 100:g}?" if high < number <= 100 * high else ""
    raise ValueError(f"{name} {value:g} is not between {low:g} and {high:g}{hint}")


def check_positive(name: str, value: float, *, zero: bool = False) -> float:
    """Return `value` as float if it is above zero (or, with `zero`, not below it)."""
    number = _number(name, value)
    if number > 0 or (zero and number == 0):
        return number
    raise ValueError(f"{name} must be {'zero or more' if zero else 'above zero'}, not {value:g}")


def check_discount_rate(name: str, value: float) -> float:
    """Return an effective rate as float: between 0 and 1, and not a percentage by mistake.

    Negative rates, and rates above 1 (100 % a period), are refused: in customer arithmetic they are typing errors.

    Examples
    --------
    >>> check_discount_rate("annual_discount_rate", 12)
    Traceback (most recent call last):
    ValueError: annual_discount_rate 12 is not between 0 and 1: did you mean 0.12?
    """
    return check_fraction(name, value)


def check_choice(name: str, value: str, choices) -> str:
    """Return `value` if it is one of `choices`; otherwise list them."""
    if value in choices:
        return value
    raise ValueError(f"{name}={value!r} is not known: use one of {', '.join(map(repr, choices))}")


def check_count(name: str, value: int, *, minimum: int = 1) -> int:
    """Return `value` as int if it is a whole number of at least `minimum`."""
    number = _number(name, value)
    if number == int(number) and number >= minimum:
        return int(number)
    raise ValueError(f"{name} must be a whole number of at least {minimum}, not {value!r}")
