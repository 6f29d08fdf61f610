"""Time units: the one place where a duration is converted.

A month is 4.345 weeks, the convention of the ``lifetimes`` package for weekly data, so that lifetime values can be
compared with published ones to the last digit. Twelve of them make a year of 364.98 days.
Discount rates are annual and effective wherever time has a unit (``btyd``); in ``clv`` they are per period.
"""

DAYS_PER_UNIT = {
    "day": 1.0,
    "week": 7.0,
    "month": 4.345 * 7,
    "quarter": 3 * 4.345 * 7,
    "year": 12 * 4.345 * 7,
}


def days_per(unit: str) -> float:
    """Return the length of a time unit in days.

    Parameters
    ----------
    unit : {"day", "week", "month", "quarter", "year"}

    Returns
    -------
    float
        Days. A month is 30.415 days (4.345 weeks), a year twelve of them (364.98 days).

    Raises
    ------
    ValueError
        If the unit is not one of the five.

    Examples
    --------
    >>> days_per("week")
    7.0
    """
    try:
        return DAYS_PER_UNIT[unit]
    except (KeyError, TypeError):
        raise ValueError(f"time unit {unit!r} is not known: use one of {', '.join(DAYS_PER_UNIT)}") from None


def convert_time(value, from_unit: str, to_unit: str):
    """Express a duration (number or array) given in one unit in another.

    Examples
    --------
    >>> convert_time(2, "week", "day")
    14.0
    """
    return value * (days_per(from_unit) / days_per(to_unit))
