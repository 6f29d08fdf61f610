"""Time units and discount rates: the one place where either is converted.

Discount rates are annual and effective everywhere in the kit.
A month is 4.345 weeks, the convention of the ``lifetimes`` package for weekly data,
so that our lifetime values can be compared with published ones to the last digit.
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


def rate_per_period(annual_rate: float, periods_per_year: float) -> float:
    """Return the effective rate per period that compounds to an annual one.

    ``(1 + annual_rate) ** (1 / periods_per_year) - 1``, without loss of digits for small rates.

    Examples
    --------
    >>> round(rate_per_period(0.126825030131969720, 12), 12)
    0.01
    """
    import math

    return math.expm1(math.log1p(annual_rate) / periods_per_year)


def annual_rate(rate: float, periods_per_year: float) -> float:
    """Return the effective annual rate of a rate per period: the way back from `rate_per_period`.

    Examples
    --------
    >>> round(annual_rate(0.01, 12), 6)
    0.126825
    """
    import math

    return math.expm1(periods_per_year * math.log1p(rate))
