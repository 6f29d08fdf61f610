"""What to spend: how far to look ahead, the 40 % rule, the optimum for acquiring and for keeping."""


import numpy as np
import pandas as pd

from crmlib.checks import check_discount_rate, check_fraction, check_positive
from crmlib.clv.arguments import numbers, plain, refuse_divergence, together, whole
from crmlib.clv.constant import lifetime_value


def horizon_capture(retention_rate, discount_rate, periods):
    """Return the share of the value without end that the first `periods` payments hold: 1 - (r / (1 + d))^n.

    Parameters
    ----------
    retention_rate, discount_rate : float or array
        As in `lifetime_value`; not 1 together with 0, where the value without end is infinite.
    periods : int or array
        Number of payments n, from 0.

    Returns
    -------
    float or numpy.ndarray
        Share between 0 and 1.

    Examples
    --------
    >>> round(horizon_capture(0.8, 0.1, 4), 3)
    0.72
    """
    n = whole("periods", periods, 0)
    r, d, n = together(retention_rate=retention_rate, discount_rate=discount_rate, periods=n)
    refuse_divergence(r / (1 + d) >= 1, r, 0.0, d)
    return plain(1 - (r / (1 + d)) ** n)


def acquisition_cap(value, *, share: float = 0.40, acquisition_cost_deducted=0.0):
    """Return the most one may pay for a customer under the rule "up to so much of the lifetime value".

    Parameters
    ----------
    value : float or array
        Lifetime value **before** acquisition cost. A value of 0 or less allows nothing.
    share : float
        The rule's share; 1 gives the break-even.
    acquisition_cost_deducted : float or array
        If `value` is already net of an acquisition cost: that cost. It is added back, or it would count twice.

    Returns
    -------
    float or numpy.ndarray
        Money per acquired customer.

    Examples
    --------
    >>> acquisition_cap(250)
    100.0
    """
    v, deducted = together(value=value, acquisition_cost_deducted=acquisition_cost_deducted)
    return plain(check_fraction("share", share) * np.maximum(v + deducted, 0.0))


def _response_constant(ceiling, base_rate, base_spend):
    ceiling, base = check_fraction("ceiling", ceiling), check_fraction("base_rate", base_rate)
    if not 0 < base < ceiling:
        raise ValueError(f"base_rate {base:g} must lie between 0 and the ceiling {ceiling:g}")
    return -np.log1p(-base / ceiling) / check_positive("base_spend", base_spend)


def acquisition_response(spend, *, ceiling: float, base_rate: float, base_spend: float):
    """Return the share of prospects won for a spend per prospect: c (1 - exp(-k·spend)).

    k is set so that `base_spend` gives `base_rate`, the point you know. The curve serves for retention as well.
    It passes through zero: with no spend nobody comes (or renews). Where some come unasked, it credits them to the
    money, and makes the first spend look better than it is.

    Source: Blattberg, R. C. & Deighton, J. (1996), "Manage Marketing by the Customer Equity Test".

    Parameters
    ----------
    spend : float or array
        Money per prospect.
    ceiling : float
        c: the share won if money did not matter.
    base_rate, base_spend : float
        The share won today, for today's money per prospect.

    Returns
    -------
    float or numpy.ndarray
        Share between 0 and `ceiling`.

    Examples
    --------
    >>> acquisition_response([0, 5, 10], ceiling=0.4, base_rate=0.1, base_spend=5).round(3).tolist()
    [0.0, 0.1, 0.175]
    """
    k = _response_constant(ceiling, base_rate, base_spend)
    return plain(-ceiling * np.expm1(-k * numbers("spend", spend)))


def optimal_acquisition(value: float, *, ceiling: float, base_rate: float, base_spend: float) -> pd.Series:
    """Return the spend per prospect that earns most: A* = ln(k c V) / k, or nothing if k c V is 1 or less.

    Source: Blattberg, R. C. & Deighton, J. (1996), "Manage Marketing by the Customer Equity Test".

    Parameters
    ----------
    value : float
        Lifetime value V of a customer won, before acquisition cost.
    ceiling, base_rate, base_spend : float
        The response curve, as in `acquisition_response`.

    Returns
    -------
    pandas.Series
        ``k``; ``spend`` A* and ``profit`` per prospect; ``rate`` of prospects won; ``average_cost`` per customer
        won and its ``cost_share`` of the value (NaN without spend); ``marginal_cost`` of the last customer won,
        which equals the value at the optimum.

    Examples
    --------
    >>> best = optimal_acquisition(100, ceiling=0.4, base_rate=0.1, base_spend=5)
    >>> best[["spend", "rate", "profit", "average_cost"]].round(3).tolist()
    [14.487, 0.226, 8.132, 64.047]
    """
    v = float(numbers("value", value))
    k = _response_constant(ceiling, base_rate, base_spend)
    spend = float(np.log(k * ceiling * v) / k) if k * ceiling * v > 1 else 0.0
    rate = acquisition_response(spend, ceiling=ceiling, base_rate=base_rate, base_spend=base_spend)
    average = spend / rate if rate > 0 else np.nan
    return pd.Series(
        {
            "k": k,
            "spend": spend,
            "rate": rate,
            "profit": rate * v - spend,
            "average_cost": average,
            "cost_share": average / v if rate > 0 else np.nan,
            "marginal_cost": np.exp(k * spend) / (k * ceiling),
        }
    )


def optimal_retention(
    margin: float, discount_rate: float, *, ceiling: float, base_rate: float, base_spend: float
) -> pd.Series:
    """Return the retention spend per customer and renewal that makes a customer worth most.

    The value is ``lifetime_value(timing="immediate", retention_cost_timing="renewal")`` with the retention rate
    on the response curve. It does not depend on acquisition: hand the value to `optimal_acquisition` for both.
    The curve passes through zero: with no spend nobody renews, and the customer is worth the first margin only.
    Where customers stay by themselves, keeping them is worth less than it seems here.

    Source: Blattberg, R. C. & Deighton, J. (1996), "Manage Marketing by the Customer Equity Test".

    Parameters
    ----------
    margin, discount_rate : float
        As in `lifetime_value`.
    ceiling, base_rate, base_spend : float
        Response of the retention rate to spend, as in `acquisition_response`.

    Returns
    -------
    pandas.Series
        ``k``, ``spend`` per renewal attempt, retention ``rate``, ``value`` before acquisition cost.

    Raises
    ------
    ValueError
        For a ceiling of 1 with a discount rate of 0: money could keep everybody almost for ever, undiscounted.

    Examples
    --------
    >>> optimal_retention(50, 0.2, ceiling=0.8, base_rate=0.5, base_spend=10)[["spend", "rate"]].round(2).tolist()
    [18.5, 0.67]
    """
    from scipy import optimize

    margin = check_positive("margin", margin)
    d = check_discount_rate("discount rate", discount_rate)
    k = _response_constant(ceiling, base_rate, base_spend)
    if ceiling >= 1 + d:
        raise ValueError(
            f"ceiling {ceiling:g} does not go with discount_rate {d:g}: money could keep everybody almost for ever, "
            "and the distant years would count in full; give a ceiling below 1, or a discount rate above 0"
        )

    def value(spend):
        rate = acquisition_response(spend, ceiling=ceiling, base_rate=base_rate, base_spend=base_spend)
        return lifetime_value(
            margin, rate, d, timing="immediate", retention_cost=spend, retention_cost_timing="renewal"
        )

    # value = (m (1 + d) - R) / (1 + d - r(R)) has a single peak, and is negative beyond R = m (1 + d)
    top = margin * (1 + d)
    found = optimize.minimize_scalar(
        lambda spend: -value(spend), bounds=(0, top), method="bounded", options={"xatol": 1e-10 * top}
    )
    spend = 0.0 if value(0.0) >= -found.fun else float(found.x)
    rate = acquisition_response(spend, ceiling=ceiling, base_rate=base_rate, base_spend=base_spend)
    return pd.Series({"k": k, "spend": spend, "rate": rate, "value": value(spend)})
