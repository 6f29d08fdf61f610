"""Checks of single arguments, with messages that say what was probably meant."""

import contextlib
import math
import re
from datetime import date
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


def check_day(name: str, value):
    """Return a day, given as a date or as text YYYY-MM-DD, as `datetime.date`; a time of day is left out.

    Raises
    ------
    ValueError
        For whatever can be read in two ways: "01.07.2025", "today", 20250701, a time with a zone.

    Examples
    --------
    >>> check_day("observation_end", "1997-09-30")
    datetime.date(1997, 9, 30)
    """
    import numpy as np
    import pandas as pd

    if value is None:
        raise ValueError(f"{name} is required: name the last day of the data, for instance '1997-09-30'")
    day = pd.NaT
    if isinstance(value, (date, np.datetime64)) or (
        isinstance(value, str) and re.match(r"\d{4}-\d{2}-\d{2}([ T]|$)", value)
    ):
        with contextlib.suppress(ValueError):
            day = pd.Timestamp(value)
    if day is pd.NaT or day.tzinfo is not None:
        raise ValueError(f"{name}={value!r} is not a date: write it as 'YYYY-MM-DD', without time zone")
    return day.date()


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


def shown(value) -> str:
    """Return an id as a reader would type it: ``'A17'`` or ``17``, not ``np.int64(17)``."""
    return repr(value.item() if hasattr(value, "item") else value)
