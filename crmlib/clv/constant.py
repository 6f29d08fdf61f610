"""One retention rate for everybody, for ever: the closed forms, by timing."""


import numpy as np

from crmlib.checks import check_choice
from crmlib.clv.arguments import geometric_sum, numbers, plain, refuse_divergence, together, whole

TIMINGS = ("immediate", "residual", "end")
RETENTION_COST_TIMINGS = ("active", "renewal", "mid_period")


def lifetime_value(
    margin,
    retention_rate,
    discount_rate,
    *,
    timing,
    periods=None,
    growth=0.0,
    retention_cost=0.0,
    retention_cost_timing="active",
    acquisition_cost=0.0,
):
    """Return the expected present value of a customer under a constant retention rate.

    ======================  =======================  ======================================================
    timing                  without end, no costs    the question it answers
    ======================  =======================  ======================================================
    ``"immediate"``         m (1 + d) / (1 + d - r)  a new customer, about to pay for the first time
    ``"residual"``          m r / (1 + d - r)        an existing customer who has just paid
    ``"end"``               m / (1 + d - r)          a new customer who pays at the end of each period
    ======================  =======================  ======================================================

    With growth g the ratio between periods is ``k = r (1 + g) / (1 + d)``,
    and n payments are worth ``(1 - k^n) / (1 - k)`` of the first.

    Source: Fader, P. S. & Hardie, B. G. S. (2012), "Reconciling and Clarifying CLV Formulas".

    Parameters
    ----------
    margin : float or array
        Margin m per period and customer, money. With ``"residual"``, the margin just received.
    retention_rate : float or array
        Share r of customers who renew, per period.
    discount_rate : float or array
        Effective rate d per period.
    timing : {"immediate", "residual", "end"}
        When the payments fall. There is no default, because all three are in use.
    periods : int or array, optional
        Number of payments counted. Without it, all of them.
    growth : float or array
        Growth g of the margin per period. The retention cost does not grow.
    retention_cost : float or array
        Money spent to keep one customer for one more period.
    retention_cost_timing : {"active", "renewal", "mid_period"}
        ``"active"``: paid with every margin, for the customers who pay it.
        ``"renewal"``: paid at every renewal date, also for those who then leave.
        ``"mid_period"``: the same, half a period earlier (Berger & Nasr 1998).
        A certain first payment needs no renewal.
    acquisition_cost : float or array
        Deducted once, at time 0. Not allowed with ``"residual"``: it is in the past.

    Returns
    -------
    float or numpy.ndarray
        Present value, money. Arrays are combined by the rules of NumPy, so that a plot can sweep.

    Raises
    ------
    ValueError
        For rates outside 0 … 1, and when the value without horizon is infinite; the message names the lever.

    Examples
    --------
    >>> [round(lifetime_value(100, 0.8, 0.1, timing=when), 2) for when in ("immediate", "residual", "end")]
    [366.67, 266.67, 333.33]
    >>> lifetime_value(100, 87, 0.1, timing="end")
    Traceback (most recent call last):
    ValueError: retention rate 87 is not between 0 and 1: did you mean 0.87?
    """
    check_choice("timing", timing, TIMINGS)
    check_choice("retention_cost_timing", retention_cost_timing, RETENTION_COST_TIMINGS)
    m, r, d, g, cost, spent, n = together(
        margin=margin,
        retention_rate=retention_rate,
        discount_rate=discount_rate,
        growth=growth,
        retention_cost=retention_cost,
        acquisition_cost=acquisition_cost,
        periods=1 if periods is None else whole("periods", periods, 1),
    )
    n = np.asarray(np.inf) if periods is None else n
    residual = timing == "residual"
    if residual and spent.any():
        raise ValueError('acquisition_cost is already spent under timing="residual": leave it out')
    k, q = r * (1 + g) / (1 + d), r / (1 + d)
    refuse_divergence(np.isinf(n) & ((k >= 1) | ((q >= 1) & (cost > 0))), r, g, d)

    margins = m * (k if residual else 1) * geometric_sum(k, n)
    if retention_cost_timing == "active":
        attempts = (q if residual else 1) * geometric_sum(q, n)
    else:
        before = 1.0 if retention_cost_timing == "renewal" else 0.5
        attempts = (1 + d) ** -before * geometric_sum(q, n if residual else n - 1)
    with np.errstate(invalid="ignore"):  # no cost over infinitely many undiscounted periods is still none
        costs = np.where(cost == 0, 0.0, cost * attempts)
    value = margins - costs
    if timing == "end":
        value = value / (1 + d)
    return plain(value - spent)


def retention_multiple(retention_rate, discount_rate, *, timing, growth=0.0):
    """Return how many times its margin a customer is worth; ``"residual"`` gives r / (1 + d - r).

    Errors as in `lifetime_value`, of which this is the value of a margin of 1.

    Source: Gupta, S. & Lehmann, D. R. (2003), "Customers as Assets": the residual multiple.

    Parameters
    ----------
    retention_rate, discount_rate, timing, growth
        As in `lifetime_value`.

    Returns
    -------
    float or numpy.ndarray
        Present value per unit of margin.

    Examples
    --------
    >>> round(retention_multiple(0.9, 0.12, timing="residual"), 2)
    4.09
    """
    return lifetime_value(1.0, retention_rate, discount_rate, timing=timing, growth=growth)


def expected_lifetime(retention_rate):
    """Return the expected number of periods a customer stays, ``1 / (1 - r)``: infinite at r = 1.

    The period in which the customer is acquired counts as the first.

    Parameters
    ----------
    retention_rate : float or array
        Share r of customers who renew, per period.

    Returns
    -------
    float or numpy.ndarray
        Periods, at least 1.

    Examples
    --------
    >>> round(expected_lifetime(0.8), 9)
    5.0
    """
    r = numbers("retention_rate", retention_rate)
    with np.errstate(divide="ignore"):
        return plain(1 / (1 - r))


def annuity_lifetime_value(margin, retention_rate, discount_rate):
    """Return a popular **overestimate**: the margin as an annuity over the expected lifetime.

    ``m (1 - (1 + d)^-L) / d`` with L = 1 / (1 - r). Lifetimes differ; discounting makes a life longer than L
    gain less than one shorter than L loses, so that the average is below the value of the average life.
    The paper compares it with the residual value. Part of that gap is timing: L payments here, L - 1 expected
    there; ``timing="end"`` expects L as well.

    Source: Gupta, S., Lehmann, D. R. & Stuart, J. A. (2004), "Valuing Customers", footnote 2.

    Parameters
    ----------
    margin, retention_rate, discount_rate : float or array
        As in `lifetime_value`.

    Returns
    -------
    float or numpy.ndarray
        Money.

    Raises
    ------
    ValueError
        For bad rates, and for retention rate 1 with discount rate 0.

    Examples
    --------
    >>> round(annuity_lifetime_value(100, 0.8, 0.12), 2)  # the right answer is 250
    360.48
    """
    m, r, d = together(margin=margin, retention_rate=retention_rate, discount_rate=discount_rate)
    refuse_divergence((r == 1) & (d == 0), r, 0.0, d)
    return plain(m / (1 + d) * geometric_sum(1 / (1 + d), expected_lifetime(r)))


def retention_elasticity(retention_rate, discount_rate, *, timing="residual"):
    """Return by how many per cent the value rises when the retention rate rises by one per cent (not point).

    ``1 + r / (1 + d - r)`` for the residual value, one less for the other two timings.

    Source: Gupta, S., Lehmann, D. R. & Stuart, J. A. (2004), "Valuing Customers".

    Parameters
    ----------
    retention_rate, discount_rate, timing
        As in `lifetime_value`, without growth or costs.

    Returns
    -------
    float or numpy.ndarray
        Per cent per per cent.

    Examples
    --------
    >>> round(retention_elasticity(0.9, 0.1), 9)
    5.5
    """
    check_choice("timing", timing, TIMINGS)
    multiple = retention_multiple(retention_rate, discount_rate, timing="residual")
    return multiple + 1 if timing == "residual" else multiple


def berger_nasr(contribution, promotion_cost, retention_rate, discount_rate, *, renewals):
    """Return the value with a yearly contribution and promotion spend at mid-year: Berger & Nasr's case 1.

    ``GC Σ_{i=0…n} r^i / (1 + d)^i  -  M Σ_{i=1…n} r^(i-1) / (1 + d)^(i - 0.5)``

    Source: Berger, P. D. & Nasr, N. I. (1998), "Customer Lifetime Value: Marketing Models and Applications".

    Parameters
    ----------
    contribution, promotion_cost : float or array
        GC and M, money per customer and year.
    retention_rate, discount_rate : float or array
        Per year.
    renewals : int or array
        n in the formula: there are n + 1 contributions, the first one now, and n promotions.

    Returns
    -------
    float or numpy.ndarray
        Money, before acquisition cost.

    Examples
    --------
    >>> round(berger_nasr(260, 50, 0.75, 0.2, renewals=10), 2)
    568.78
    """
    return lifetime_value(
        contribution,
        retention_rate,
        discount_rate,
        timing="immediate",
        periods=whole("renewals", renewals, 0) + 1,
        retention_cost=promotion_cost,
        retention_cost_timing="mid_period",
    )
