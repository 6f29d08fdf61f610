"""Any series of payments: present value and pay-back."""


import numpy as np

from crmlib.checks import check_discount_rate
from crmlib.clv.arguments import numbers


def net_present_value(cash_flows, discount_rate: float) -> float:
    """Return ``Σ flow_t / (1 + d)^t``; the first flow is now (t = 0).

    Parameters
    ----------
    cash_flows : array-like
        Money at t = 0, 1, …; spending is negative.
    discount_rate : float
        Effective rate per period.

    Returns
    -------
    float
        Money, at t = 0.

    Examples
    --------
    >>> round(net_present_value([-100, 60, 60], 0.1), 2)
    4.13
    """
    return float(cumulative_value(cash_flows, discount_rate)[-1])


def payback(cash_flows, discount_rate: float) -> int | None:
    """Return the first time at which the discounted flows have paid themselves back.

    Parameters
    ----------
    cash_flows : array-like
        Money at t = 0, 1, …; the first one is usually the acquisition cost, negative.
    discount_rate : float
        Effective rate per period.

    Returns
    -------
    int or None
        The first t at which the cumulative present value is zero or more; None if there is none.
        Whole periods: nothing is interpolated, because within a period the timing is not known.

    Raises
    ------
    ValueError
        For an empty series, missing values, or a rate outside 0 … 1.

    Examples
    --------
    >>> payback([-100, 60, 60], 0.1)
    2
    >>> payback([-100, 10, 10], 0.1) is None
    True
    """
    cumulative = cumulative_value(cash_flows, discount_rate)
    rounding = 1e-12 * np.abs(np.asarray(cash_flows, dtype=float)).sum()
    back = np.flatnonzero(cumulative >= -rounding)
    return int(back[0]) if back.size else None


def cumulative_value(cash_flows, discount_rate):
    flows = numbers("cash_flows", cash_flows)
    if flows.ndim != 1 or flows.size == 0:
        raise ValueError(f"cash flows must be a list of at least one amount, not shape {flows.shape}")
    return np.cumsum(flows / (1 + check_discount_rate("discount rate", discount_rate)) ** np.arange(flows.size))
