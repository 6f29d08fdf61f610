"""The arithmetic of customer lifetime value: what a customer is worth, and what one may pay for one.

Four ways to the same number, from the least data to the most:
a constant retention rate (`lifetime_value`), a table by year (`lifetime_value_table`),
states a customer moves between (`markov_lifetime_value`), and customers who differ (`fit_sbg`).
Then the decisions: how far to look, what to spend on acquiring and keeping, when it pays back.

All rates are per period and effective; periods are years unless you say otherwise; money is in one currency.
Values are of one customer, and **before** acquisition cost unless you hand that cost in.
"""

import warnings
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import optimize
from scipy.special import betaln, digamma, hyp2f1, polygamma

from crmlib.checks import check_choice, check_count, check_discount_rate, check_fraction, check_positive
from crmlib.errors import ConvergenceError, CrmWarning, DataError

TIMINGS = ("immediate", "residual", "end")
RETENTION_COST_TIMINGS = ("active", "renewal", "mid_period")

_SHARES = ("retention_rate", "discount_rate", "variable_cost_rate", "referral_rate")  # 0 to 1
_SIGNED = ("margin", "contribution", "value", "cash_flows")  # everything else, except growth, is zero or more


# --- arguments ------------------------------------------------------------------------------------


def _numbers(name, value) -> np.ndarray:
    """Return a float array of one number or many, all finite and in the range that belongs to `name`."""
    low = -np.inf if name in _SIGNED else -1 if name == "growth" else 0
    high = 1 if name in _SHARES or name == "growth" else np.inf
    words = name.replace("_", " ")
    raw = np.asarray(value)
    if raw.dtype.kind not in "iuf":
        raise ValueError(f"{words} must be a finite number, or an array of them, not {value!r}")
    array = raw.astype(float)
    bad = ~(np.isfinite(array) & (array >= low) & (array <= high))
    for first in np.flatnonzero(bad)[:1]:
        where = f" (position {first}; {bad.sum()} of {array.size} values are wrong)" if array.ndim else ""
        try:
            if high == 1:
                check_fraction(words, float(array.flat[first]), low=low, high=high)
            check_positive(words, float(array.flat[first]), zero=True)
        except ValueError as error:
            raise ValueError(f"{error}{where}") from None
    return array


def _together(**values) -> list[np.ndarray]:
    """Check every argument and stretch them to one shape, or say which one has the wrong length."""
    arrays = {name: _numbers(name, value) for name, value in values.items()}
    try:
        return list(np.broadcast_arrays(*arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {a.shape}" for name, a in arrays.items() if a.ndim)
        raise ValueError(f"these arguments do not have the same length: {shapes}") from None


def _whole(name, value, minimum) -> np.ndarray:
    array = _numbers(name, value)
    for number in array[(array != np.floor(array)) | (array < minimum)][:1]:
        check_count(name, float(number), minimum=minimum)  # raises
    return array


def _plain(result):
    return float(result) if np.ndim(result) == 0 else result


def _refuse_divergence(diverges, retention, growth, discount):
    """Raise if a value without horizon is infinite, and name the lever that makes it so."""
    diverges, retention, growth, discount = np.broadcast_arrays(diverges, retention, growth, discount)
    if not diverges.any():
        return
    r, g, d = (float(a[diverges].flat[0]) for a in (retention, growth, discount))
    if g > 0:
        lever = f"growth {g:g} must be below (1 + discount rate) / retention rate - 1 = {(1 + d) / r - 1:.4g}"
    else:
        lever = "with nobody leaving (retention rate 1) the discount rate must be above 0"
    raise ValueError(
        f"the value diverges: each period is worth {r * (1 + g) / (1 + d):.4g} times the one before "
        f"(retention rate {r:g}, growth {g:g}, discount rate {d:g}); {lever}, or give a number of periods"
    )


def _geometric_sum(ratio, n):
    """Return 1 + ratio + … (n terms, n may be infinite), without loss of digits where ratio is near 1."""
    with np.errstate(all="ignore"):
        total = -np.expm1(n * np.log1p(ratio - 1)) / (1 - ratio)
    return np.where(n == 0, 0.0, np.where(ratio == 1, n, total))


# --- a constant retention rate ----------------------------------------------------------------------


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
    m, r, d, g, cost, spent, n = _together(
        margin=margin,
        retention_rate=retention_rate,
        discount_rate=discount_rate,
        growth=growth,
        retention_cost=retention_cost,
        acquisition_cost=acquisition_cost,
        periods=1 if periods is None else _whole("periods", periods, 1),
    )
    n = np.asarray(np.inf) if periods is None else n
    residual = timing == "residual"
    if residual and spent.any():
        raise ValueError('acquisition_cost is already spent under timing="residual": leave it out')
    k, q = r * (1 + g) / (1 + d), r / (1 + d)
    _refuse_divergence(np.isinf(n) & ((k >= 1) | ((q >= 1) & (cost > 0))), r, g, d)

    margins = m * (k if residual else 1) * _geometric_sum(k, n)
    if retention_cost_timing == "active":
        attempts = (q if residual else 1) * _geometric_sum(q, n)
    else:
        before = 1.0 if retention_cost_timing == "renewal" else 0.5
        attempts = (1 + d) ** -before * _geometric_sum(q, n if residual else n - 1)
    with np.errstate(invalid="ignore"):  # no cost over infinitely many undiscounted periods is still none
        costs = np.where(cost == 0, 0.0, cost * attempts)
    value = margins - costs
    if timing == "end":
        value = value / (1 + d)
    return _plain(value - spent)


def retention_multiple(retention_rate, discount_rate, *, timing, growth=0.0):
    """Return how many times its margin a customer is worth; ``"residual"`` gives r / (1 + d - r).

    Parameters and errors as in `lifetime_value`, of which this is the value of a margin of 1.

    Source: Gupta, S. & Lehmann, D. R. (2003), "Customers as Assets": the residual multiple.

    Examples
    --------
    >>> round(retention_multiple(0.9, 0.12, timing="residual"), 2)
    4.09
    """
    return lifetime_value(1.0, retention_rate, discount_rate, timing=timing, growth=growth)


def expected_lifetime(retention_rate):
    """Return the expected number of periods a customer stays, ``1 / (1 - r)``: infinite at r = 1.

    The period in which the customer is acquired counts as the first.

    Examples
    --------
    >>> round(expected_lifetime(0.8), 9)
    5.0
    """
    r = _numbers("retention_rate", retention_rate)
    with np.errstate(divide="ignore"):
        return _plain(1 / (1 - r))


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
    m, r, d = _together(margin=margin, retention_rate=retention_rate, discount_rate=discount_rate)
    _refuse_divergence((r == 1) & (d == 0), r, 0.0, d)
    return _plain(m / (1 + d) * _geometric_sum(1 / (1 + d), expected_lifetime(r)))


def retention_elasticity(retention_rate, discount_rate, *, timing="residual"):
    """Return by how many per cent the value rises when the retention rate rises by one per cent (not point).

    ``1 + r / (1 + d - r)`` for the residual value, one less for the other two timings.

    Source: Gupta, S., Lehmann, D. R. & Stuart, J. A. (2004), "Valuing Customers".

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
        periods=_whole("renewals", renewals, 0) + 1,
        retention_cost=promotion_cost,
        retention_cost_timing="mid_period",
    )


# --- cash flows ---------------------------------------------------------------------------------------


def net_present_value(cash_flows, discount_rate: float) -> float:
    """Return ``Σ flow_t / (1 + d)^t``; the first flow is now (t = 0).

    Examples
    --------
    >>> round(net_present_value([-100, 60, 60], 0.1), 2)
    4.13
    """
    return float(_cumulative_value(cash_flows, discount_rate)[-1])


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
    cumulative = _cumulative_value(cash_flows, discount_rate)
    rounding = 1e-12 * np.abs(np.asarray(cash_flows, dtype=float)).sum()
    back = np.flatnonzero(cumulative >= -rounding)
    return int(back[0]) if back.size else None


def _cumulative_value(cash_flows, discount_rate):
    flows = _numbers("cash_flows", cash_flows)
    if flows.ndim != 1 or flows.size == 0:
        raise ValueError(f"cash flows must be a list of at least one amount, not shape {flows.shape}")
    return np.cumsum(flows / (1 + check_discount_rate("discount rate", discount_rate)) ** np.arange(flows.size))


# --- a table by year ----------------------------------------------------------------------------------


def lifetime_value_table(
    cohort: float,
    *,
    retention_rate,
    spend,
    variable_cost_rate,
    orders=1.0,
    retention_cost=0.0,
    acquisition_cost: float = 0.0,
    referral_rate=0.0,
    referral_incentive=0.0,
    programme_cost=0.0,
    discount_rate: float | None = None,
    risk_factor: float = 1.0,
    payment_delay_days: float = 0.0,
    discount_factors=None,
    periods: int | None = None,
    denominator: str = "cohort",
) -> pd.DataFrame:
    """Return the lifetime value table of a cohort: average net present value per customer, year by year.

    In year t: customers = retained + referred, where referred = retained · referral rate;
    profit = revenue - costs; NPV = profit / D_t; lifetime value = cumulative NPV / **original** cohort;
    next year's retained = customers · retention rate.
    ``D_t = (1 + discount rate · risk factor) ^ (t + delay / 365)``, t = 0 in the first year.

    Source: Hughes, A. M., Database Marketing Institute, article 251a.

    Parameters
    ----------
    cohort : float
        Customers acquired at the start.
    retention_rate : float or sequence
        Share of a year's customers still there the next year. The last year's is not used and may be left out.
    spend : float or sequence
        Money per customer and year; per order, if `orders` is given.
    variable_cost_rate : float or sequence
        Variable cost as a share of revenue.
    orders : float or sequence
        Orders per customer and year.
    retention_cost : float or sequence
        Marketing and service money per customer and year.
    acquisition_cost : float
        Money per original customer, spent in the first year.
    referral_rate : float or sequence
        New customers brought in per retained customer and year.
    referral_incentive : float or sequence
        Money per referred customer.
    programme_cost : float or sequence
        Fixed money per year (programme, database).
    discount_rate, risk_factor, payment_delay_days : float
        Effective annual rate; multiplier on it for risk; days between sale and payment.
    discount_factors : sequence, optional
        The factors D_t that profit is **divided** by (1, 1.16, …), instead of the three above.
    periods : int, optional
        Years; needed only if no argument is a sequence.
    denominator : {"cohort", "cohort_and_referred"}
        Per original customer (Hughes), or per customer ever acquired, referred ones included.

    Returns
    -------
    pandas.DataFrame
        One row per year: ``year, retained, referred, customers, revenue, variable_cost, acquisition_cost,
        retention_cost, referral_cost, programme_cost, profit, discount_factor, npv, cumulative_npv,
        lifetime_value``.

    Raises
    ------
    ValueError
        For bad rates and lengths, and unless exactly one of `discount_rate`, `discount_factors` is given.

    Warns
    -----
    CrmWarning
        If referrals alone keep the discounted customer base growing: r (1 + ρ) ≥ 1 + d.

    Examples
    --------
    >>> table = lifetime_value_table(
    ...     100_000, retention_rate=[0.6, 0.7, 0.8], orders=[1.8, 2.5, 3], spend=[90, 95, 100],
    ...     variable_cost_rate=[0.7, 0.65, 0.65], retention_cost=[55, 20, 20], discount_factors=[1, 1.16, 1.35])
    >>> table["lifetime_value"].round(2).tolist()
    [-6.4, 26.25, 52.7]
    """
    cohort = check_positive("cohort", cohort)
    acquisition = cohort * check_positive("acquisition cost", acquisition_cost, zero=True)
    check_choice("denominator", denominator, ("cohort", "cohort_and_referred"))
    if (discount_rate is None) == (discount_factors is None):
        raise ValueError("give either discount_rate or discount_factors, exactly one of them")
    if discount_factors is not None and np.ndim(discount_factors) == 0:
        raise ValueError("discount_factors must be one number per year; for a constant rate give discount_rate")
    n, yearly = _per_year(
        periods,
        retention_rate=retention_rate,
        spend=spend,
        variable_cost_rate=variable_cost_rate,
        orders=orders,
        retention_cost=retention_cost,
        referral_rate=referral_rate,
        referral_incentive=referral_incentive,
        programme_cost=programme_cost,
        discount_factors=1.0 if discount_factors is None else discount_factors,
    )
    factors = yearly["discount_factors"]
    if discount_factors is None:
        rate = check_discount_rate("discount rate", discount_rate) * check_positive("risk factor", risk_factor)
        delay = check_positive("payment delay days", payment_delay_days, zero=True)
        factors = (1 + rate) ** (np.arange(n) + delay / 365)
    for t in np.flatnonzero(factors < 1)[:1]:
        hint = f": give 1 / {factors[t]:g} = {1 / factors[t]:.4g}" if factors[t] > 0 else ""
        raise ValueError(f"profit is divided by discount factors; year {t + 1} has {factors[t]:g}, below 1{hint}")

    retained = np.full(n, cohort)
    for t in range(1, n):
        retained[t] = retained[t - 1] * (1 + yearly["referral_rate"][t - 1]) * yearly["retention_rate"][t - 1]
    referred = retained * yearly["referral_rate"]
    customers = retained + referred
    revenue = customers * yearly["orders"] * yearly["spend"]
    table = pd.DataFrame(
        {
            "year": np.arange(1, n + 1),
            "retained": retained,
            "referred": referred,
            "customers": customers,
            "revenue": revenue,
            "variable_cost": revenue * yearly["variable_cost_rate"],
            "acquisition_cost": np.where(np.arange(n) == 0, acquisition, 0.0),
            "retention_cost": customers * yearly["retention_cost"],
            "referral_cost": referred * yearly["referral_incentive"],
            "programme_cost": yearly["programme_cost"],
        }
    )
    costs = ["variable_cost", "acquisition_cost", "retention_cost", "referral_cost", "programme_cost"]
    table["profit"] = table["revenue"] - table[costs].sum(axis=1)
    table["discount_factor"] = factors
    table["npv"] = table["profit"] / factors
    table["cumulative_npv"] = table["npv"].cumsum()
    shared_by = cohort + (np.cumsum(referred) if denominator == "cohort_and_referred" else 0.0)
    table["lifetime_value"] = table["cumulative_npv"] / shared_by

    if n > 1 and referred[-1] > 0:
        base, discount = customers[-1] / customers[-2], factors[-1] / factors[-2]
        if base >= discount:
            warnings.warn(
                f"referrals keep the customer base growing by itself: × {base:.4g} a year against a discount of "
                f"× {discount:.4g}; the value grows without limit, so that it depends on where the table stops",
                CrmWarning,
                stacklevel=2,
            )
    return table


def _per_year(periods, **arguments):
    """Return the number of years and every argument with one value per year; retention may lack the last one."""
    arrays = {name: _numbers(name, value) for name, value in arguments.items()}
    lengths = {name: array.size for name, array in arrays.items() if array.ndim}
    if any(array.ndim > 1 for array in arrays.values()):
        raise ValueError("give one number per year, not a table, for every argument")
    if periods is None and not lengths:
        raise ValueError("give periods: no argument has one value per year")
    others = [size for name, size in lengths.items() if name != "retention_rate"]
    n = max(others or lengths.values()) if periods is None else check_count("periods", periods)
    if lengths.get("retention_rate") == n - 1:
        arrays["retention_rate"] = np.append(arrays["retention_rate"], np.nan)  # never used
    for name, array in arrays.items():
        if array.ndim and array.size != n:
            raise ValueError(f"{name} has {array.size} values, but the table has {n} years: give {n}, or one number")
    return n, {name: np.broadcast_to(array, n) for name, array in arrays.items()}


# --- states a customer moves between ------------------------------------------------------------------


def _chain(transition, rewards, **more):
    """Return the transition matrix, the rewards (and more of them) in its order, and the labels of its states."""
    labels = None
    if isinstance(transition, pd.DataFrame):
        labels = transition.index
        if set(labels) != set(transition.columns) or not (labels.is_unique and transition.columns.is_unique):
            raise DataError("rows and columns of transition must name the same states, each once")
        transition = transition[labels]
    p = np.asarray(transition)
    if p.dtype.kind not in "iuf" or p.ndim != 2 or p.shape[0] != p.shape[1] or p.size == 0:
        raise DataError(f"transition must be a square table of numbers, not {p.dtype} of shape {p.shape}")
    p = p.astype(float)
    if labels is None:
        labels = rewards.index if isinstance(rewards, pd.Series) else pd.RangeIndex(len(p))
    if not np.isfinite(p).all() or (p < 0).any():
        state = labels[np.flatnonzero((~np.isfinite(p) | (p < 0)).any(axis=1))[0]]
        raise DataError(f"transition has a negative or missing probability in the row of state {state}")
    off = np.flatnonzero(np.abs(p.sum(axis=1) - 1) > 1e-8)
    if off.size:
        raise DataError(
            f"{off.size} of {len(p)} rows of transition do not add up to 1 (state {labels[off[0]]}: "
            f"{p[off[0]].sum():.6g}): rows are the states customers come from"
        )
    vectors = []
    for name, vector in {"rewards": rewards, **more}.items():
        if isinstance(vector, pd.Series):
            if len(vector) != len(p) or set(vector.index) != set(labels):
                raise DataError(f"{name} must name the same {len(p)} states as transition")
            vector = vector[labels]
        vector = np.asarray(vector)
        if vector.dtype.kind not in "iuf" or not np.isfinite(vector).all():
            raise DataError(f"{name} must be finite numbers")
        if vector.shape != (len(p),):
            raise DataError(f"{name} has shape {vector.shape}, but transition has {len(p)} states: give one each")
        vectors.append(vector.astype(float))
    return p, labels, *vectors


def markov_lifetime_value(transition, rewards, discount_rate: float, *, horizon: int | None = None) -> pd.Series:
    """Return the value of a customer in each state of a Markov chain.

    Without horizon ``V = (I - P / (1 + d))^-1 R``; otherwise ``V = Σ_{t=0…horizon} (P / (1 + d))^t R``.

    Source: Pfeifer, P. E. & Carraway, R. L. (2000), "Modeling Customer Relationships as Markov Chains".

    Parameters
    ----------
    transition : DataFrame or array of shape (n_states, n_states)
        P: probability of moving from the row's state to the column's in one period.
    rewards : Series or array of shape (n_states,)
        R: money received (or spent, negative) on being in a state.
    discount_rate : float
        Effective rate d per period.
    horizon : int, optional
        The last t counted. The first reward is now, so there are horizon + 1 of them.

    Returns
    -------
    pandas.Series
        Money per state, with the labels of `transition` (or of `rewards`).

    Raises
    ------
    DataError
        If rows do not add up to 1, probabilities are negative, or lengths and labels do not fit.
    ValueError
        If the value is infinite: no discounting, and customers who never reach a final state worth 0.

    Examples
    --------
    >>> stay_or_leave = [[0.8, 0.2], [0, 1]]
    >>> markov_lifetime_value(stay_or_leave, [100, 0], 0.1).round(2).tolist()  # as timing="immediate"
    [366.67, 0.0]
    """
    p, labels, r = _chain(transition, rewards)
    d = check_discount_rate("discount rate", discount_rate)
    if horizon is not None:
        value = np.zeros(len(p))
        for _ in range(check_count("horizon", horizon, minimum=0) + 1):
            value = r + p @ value / (1 + d)
    elif d > 0:
        value = np.linalg.solve(np.eye(len(p)) - p / (1 + d), r)
    else:
        final = (np.diag(p) == 1) & (r == 0)
        reaches = final.copy()
        for _ in range(len(p)):
            reaches = reaches | (p @ reaches > 0)
        if not reaches.all():
            raise ValueError(
                f"at a discount rate of 0 the value is infinite or undefined: state {labels[np.argmin(reaches)]} "
                "never leads to a final state worth 0; discount, or give a horizon"
            )
        value, move = np.zeros(len(p)), ~final
        value[move] = np.linalg.solve(np.eye(move.sum()) - p[np.ix_(move, move)], r[move])
    return pd.Series(value, index=labels, name="lifetime_value")


def best_stopping(transition, rewards, discount_rate: float, *, stop_rewards=None) -> pd.DataFrame:
    """Return the rule of when to stop marketing to a customer that makes every state worth most.

    ``V = max(stop reward, R + P V / (1 + d))``, solved by policy iteration: value the rule, drop the states in
    which stopping is worth more, repeat. Who is dropped does not come back.

    Source: Pfeifer, P. E. & Carraway, R. L. (2000), "Modeling Customer Relationships as Markov Chains".

    Parameters
    ----------
    transition, rewards, discount_rate
        As in `markov_lifetime_value`, marketing in every state; the discount rate above 0.
    stop_rewards : Series or array of shape (n_states,), optional
        Money on being in a state if marketing stops there, once; zero if not given.
        If a reward is margin less marketing cost, the margin itself still comes in.

    Returns
    -------
    pandas.DataFrame
        Per state: ``value_without_stopping``, ``value`` under the best rule,
        ``action`` ("continue" or "stop"; "stop" if both are worth the same).

    Raises
    ------
    DataError, ValueError
        As in `markov_lifetime_value`.

    Examples
    --------
    >>> best_stopping([[0.5, 0.5, 0], [0.1, 0, 0.9], [0, 0, 1]], [10, -4, 0], 0.1)["action"].tolist()
    ['continue', 'stop', 'stop']
    """
    p, labels, r, stop_value = _chain(
        transition, rewards, stop_rewards=np.zeros(np.size(rewards)) if stop_rewards is None else stop_rewards
    )
    d = check_positive("discount rate", check_discount_rate("discount rate", discount_rate))
    without = value = np.linalg.solve(np.eye(len(p)) - p / (1 + d), r)
    tie = 1e-12 * (1 + np.abs(value).max())
    while True:
        stop = stop_value >= r + p @ value / (1 + d) - tie
        rule = np.where(stop[:, None], 0.0, p) / (1 + d)
        improved = np.linalg.solve(np.eye(len(p)) - rule, np.where(stop, stop_value, r))
        if (improved <= value + tie).all():  # each round raises the values, so this ends
            break
        value = improved
    return pd.DataFrame(
        {"value_without_stopping": without, "value": improved, "action": np.where(stop, "stop", "continue")},
        index=labels,
    )


# --- customers who differ: the shifted beta-geometric model -------------------------------------------


@dataclass(frozen=True, eq=False)
class SBGFit:
    """A fitted shifted beta-geometric model, as `fit_sbg` returns it.

    Attributes
    ----------
    alpha, beta : float
        Shape of the beta distribution of the customers' own churn probabilities; mean alpha / (alpha + beta).
    standard_errors : pandas.Series
        Of alpha and beta, from the curvature of the log-likelihood; NaN for ``method="least_squares"``.
    log_likelihood : float
        At alpha, beta, under either method.
    sum_of_squares : float
        Σ (observed - fitted retention rate)² over the renewals, under either method.
    n_customers, n_renewals : int
    method : str
    """

    alpha: float
    beta: float
    standard_errors: pd.Series = field(repr=False)
    log_likelihood: float
    sum_of_squares: float
    n_customers: int
    n_renewals: int
    method: str


def _survivor_counts(survivors, cohort_size=None) -> np.ndarray:
    raw = np.asarray(survivors)
    if raw.ndim != 1 or raw.dtype.kind not in "iuf" or not np.isfinite(raw).all():
        raise DataError("survivors must be a list of counts without gaps: the cohort, then who is left each period")
    s = raw.astype(float)
    if s.size < 3:
        raise DataError(f"survivors has {max(s.size - 1, 0)} renewals after the cohort: the model needs at least 2")
    if cohort_size is not None:
        size = check_count("cohort_size", cohort_size)
        if s[0] not in (1.0, 100.0, float(size)):
            raise DataError(f"survivors start at {s[0]:g}: with cohort_size they must start at 100 (%), 1 or {size}")
        s = np.round(s / s[0] * size)
    elif (s != np.round(s)).any():
        raise DataError(
            f"{int((s != np.round(s)).sum())} of {s.size} survivors are not whole numbers: give counts, or "
            "percentages together with cohort_size (the standard errors depend on it)"
        )
    elif s[0] == 100:
        warnings.warn(
            "survivors start at exactly 100: if these are percentages, give cohort_size (the standard errors "
            "depend on it); if there were 100 customers, give cohort_size=100",
            CrmWarning,
            stacklevel=3,
        )
    rising = np.flatnonzero(np.diff(s) > 0)
    if rising.size:
        t = rising[0]
        raise DataError(f"survivors rise at {rising.size} renewals, first at renewal {t + 1}: {s[t]:g} to {s[t + 1]:g}")
    if s[-1] < 0:
        raise DataError(f"survivors are negative: {s[-1]:g} after renewal {s.size - 1}")
    if s[0] == s[-1]:
        raise DataError("nobody was lost: churn cannot be estimated from a cohort without losses")
    if s[-1] == 0:
        raise DataError("everybody was lost: nobody is left to project; the observed lifetimes are the answer")
    if s[1] == s[-1]:
        raise DataError("all losses are at the first renewal: some leave at once, others never; no best fit exists")
    return s


def sbg_log_likelihood(alpha, beta, survivors, *, cohort_size=None):
    """Return the log-likelihood of a cohort: Σ lost_t ln P(T = t) + left ln S(n).

    ``P(T = t) = B(α + 1, β + t - 1) / B(α, β)``. `alpha` and `beta` may be arrays, for a map of the likelihood;
    `survivors` and `cohort_size` as in `fit_sbg`.

    Examples
    --------
    >>> round(sbg_log_likelihood(1, 1, [1000, 869, 743, 653, 593, 551, 517, 491]), 1)
    -2115.5
    """
    a, b = np.broadcast_arrays(_shape("alpha", alpha), _shape("beta", beta))
    return _plain(_sbg_log_likelihood(a, b, _survivor_counts(survivors, cohort_size)))


def _sbg_log_likelihood(a, b, s):
    n = s.size - 1
    total = s[-1] * betaln(a, b + n) - s[0] * betaln(a, b)
    for t, lost in enumerate(-np.diff(s), start=1):
        total = total + lost * betaln(a + 1, b + t - 1)
    return total


def _sbg_derivatives(a, b, s):
    """Return gradient and Hessian of the log-likelihood in (alpha, beta)."""
    n = s.size - 1
    weights = np.concatenate([-np.diff(s), [s[-1], -s[0]]])
    x = np.concatenate([np.full(n, a + 1), [a, a]])
    y = np.concatenate([b + np.arange(n), [b + n, b]])
    both1, both2 = digamma(x + y), polygamma(1, x + y)
    gradient = np.array([weights @ (digamma(x) - both1), weights @ (digamma(y) - both1)])
    mixed = -weights @ both2
    return gradient, np.array([[weights @ polygamma(1, x) + mixed, mixed], [mixed, weights @ polygamma(1, y) + mixed]])


def _shape(name, value):
    array = _numbers(name, value)
    if (array <= 0).any():
        check_positive(name, float(array[array <= 0].flat[0]))
    return array


def fit_sbg(survivors, *, method: str = "mle", cohort_size: int | None = None) -> SBGFit:
    """Fit the shifted beta-geometric model to the survivors of one cohort of subscribers.

    Every customer leaves with their own constant probability at each renewal; the probabilities follow a beta
    distribution. Retention then rises with tenure, although nobody becomes more loyal.

    Source: Fader, P. S. & Hardie, B. G. S. (2007), "How to Project Customer Retention".

    Parameters
    ----------
    survivors : sequence of int
        The size of the cohort, then the customers left after renewal 1, 2, …
    method : {"mle", "least_squares"}
        Maximum likelihood, or least squares on the retention rates.
    cohort_size : int, optional
        If given, `survivors` may be percentages or shares of it (rounded to whole customers).

    Returns
    -------
    SBGFit

    Raises
    ------
    DataError
        If survivors rise, are not whole numbers, cover fewer than two renewals, or if nobody or everybody is lost.
    ConvergenceError
        If retention does not rise with tenure: then a constant rate fits as well, and there is no best alpha, beta.

    Examples
    --------
    >>> fit = fit_sbg([1000, 869, 743, 653, 593, 551, 517, 491])
    >>> round(fit.alpha, 3), round(fit.beta, 3), round(fit.log_likelihood, 1)
    (0.668, 3.806, -1611.2)
    """
    check_choice("method", method, ("mle", "least_squares"))
    s = _survivor_counts(survivors, cohort_size)
    n = s.size - 1
    observed = s[1:] / s[:-1]
    t = np.arange(1, n + 1)

    def squares(log_shape):
        return float(np.sum((observed - sbg_retention(*np.exp(log_shape), t)) ** 2))

    def deviance(log_shape):  # per customer, with its gradient in the logarithms
        shape = np.exp(log_shape)
        return -_sbg_log_likelihood(*shape, s) / s[0], -shape * _sbg_derivatives(*shape, s)[0] / s[0]

    bounds = [(-12.0, 12.0)] * 2
    exact = {"ftol": 1e-15, "gtol": 1e-10, "maxiter": 2000}
    if method == "mle":
        found = optimize.minimize(deviance, [0.0, 0.0], jac=True, method="L-BFGS-B", bounds=bounds, options=exact)
        constant = (s[0] - s[-1]) / s[:-1].sum()  # churn, if it were the same for all
        gain = s[0] * (-found.fun) - (
            (s[0] - s[-1]) * np.log(constant) + (s[:-1].sum() - s[0] + s[-1]) * np.log1p(-constant)
        )
    else:
        found = optimize.least_squares(
            lambda x: observed - sbg_retention(*np.exp(x), t), [0.0, 0.0], bounds=([-12.0] * 2, [12.0] * 2),
            xtol=1e-14, ftol=1e-14, gtol=1e-14,
        )
        gain = np.sum((observed - observed.mean()) ** 2) - squares(found.x)
    if gain < 1e-9 or (np.abs(found.x) > 11.9).any():
        raise ConvergenceError(
            f"retention does not rise with tenure (first renewal {observed[0]:.3g}, last {observed[-1]:.3g}): "
            "a constant rate fits as well, and there is no best alpha and beta; use lifetime_value"
        )
    a, b = np.exp(found.x)
    errors = np.full(2, np.nan)
    if method == "mle":
        for _ in range(3):  # Newton steps: the last digits, the same on every machine
            gradient, hessian = _sbg_derivatives(a, b, s)
            nearer = np.array([a, b]) - np.linalg.solve(hessian, gradient)
            if (nearer > 0).all():
                a, b = nearer
        gradient, hessian = _sbg_derivatives(a, b, s)
        curvature = np.linalg.eigvalsh(-hessian)
        if not (curvature > 0).all() or np.abs(gradient).max() > 1e-6 * s[0]:
            raise ConvergenceError(f"the likelihood has no clear maximum near alpha {a:.4g}, beta {b:.4g}")
        errors = np.sqrt(np.diag(np.linalg.inv(-hessian)))
    return SBGFit(
        alpha=float(a),
        beta=float(b),
        standard_errors=pd.Series(errors, index=["alpha", "beta"], name="standard_error"),
        log_likelihood=float(_sbg_log_likelihood(a, b, s)),
        sum_of_squares=squares(np.log([a, b])),
        n_customers=int(s[0]),
        n_renewals=n,
        method=method,
    )


def sbg_survival(alpha: float, beta: float, t):
    """Return the share of the cohort still there after t renewals, ``B(α, β + t) / B(α, β)``.

    Examples
    --------
    >>> round(sbg_survival(0.668, 3.806, 12), 3)
    0.378
    """
    a, b, t = _shape("alpha", alpha), _shape("beta", beta), _whole("t", t, 0)
    return _plain(np.exp(betaln(a, b + t) - betaln(a, b)))


def sbg_retention(alpha: float, beta: float, t):
    """Return the share of those before renewal t who make it, ``(β + t - 1) / (α + β + t - 1)``; t from 1.

    Examples
    --------
    >>> sbg_retention(0.764, 1.296, [1, 2, 3, 4]).round(3).tolist()
    [0.629, 0.75, 0.812, 0.849]
    """
    a, b, t = _shape("alpha", alpha), _shape("beta", beta), _whole("t", t, 1)
    return _plain((b + t - 1) / (a + b + t - 1))


def sbg_discounted_lifetime(alpha: float, beta: float, discount_rate: float) -> float:
    """Return the discounted expected lifetime (DEL) of a new customer, first payment now: Σ S(t) / (1 + d)^t.

    Times the margin per period it is the lifetime value, as with ``timing="immediate"``.

    Raises
    ------
    ValueError
        For a discount rate of 0 with alpha of 1 or less: then the expected lifetime is infinite.

    Examples
    --------
    >>> round(sbg_discounted_lifetime(0.668, 3.806, 0.1), 2)
    5.92
    """
    return _discounted(alpha, beta, discount_rate)


def sbg_discounted_residual_lifetime(alpha: float, beta: float, renewals: int, discount_rate: float) -> float:
    """Return the discounted expected residual lifetime (DERL) of a customer who has renewed so many times.

    Seen just before the next renewal, which counts in full:
    ``(β + n - 1) / (α + β + n - 1) · ₂F₁(1, β + n; α + β + n; 1 / (1 + d))`` with n = renewals + 1.

    Source: Fader, P. S. & Hardie, B. G. S. (2010), "Customer-Base Valuation in a Contractual Setting".

    Parameters
    ----------
    alpha, beta : float
        Parameters of the cohort.
    renewals : int
        Renewals made so far, from 0.
    discount_rate : float
        Effective rate per period.

    Returns
    -------
    float
        Discounted number of payments to come.

    Examples
    --------
    >>> round(sbg_discounted_residual_lifetime(0.668, 3.806, 4, 0.1), 2)
    6.9
    """
    made = check_count("renewals", renewals, minimum=0)
    # whoever has made them is a new customer of a cohort with a larger beta
    return sbg_retention(alpha, beta, made + 1) * _discounted(alpha, beta + made + 1, discount_rate)


def _discounted(alpha, beta, discount_rate):
    a, b = check_positive("alpha", alpha), check_positive("beta", beta)
    d = check_discount_rate("discount rate", discount_rate)
    if d == 0 and a <= 1:
        raise ValueError(f"the expected lifetime is infinite for alpha {a:g} (not above 1): discount it, or cap it")
    if d == 0:
        return (a + b - 1) / (a - 1)
    value = float(hyp2f1(1, b, a + b, 1 / (1 + d)))
    if not np.isfinite(value):  # SciPy's function gives up for large beta: add up until nothing is left
        if d < 1e-5:
            raise ValueError(f"alpha {a:g}, beta {b:g} are too large for a discount rate as small as {d:g}")
        t = np.arange(1, 40 / np.log1p(d) + 1)
        value = 1 + float(np.cumprod((b + t - 1) / (a + b + t - 1) / (1 + d)).sum())
    return value


# --- decisions ------------------------------------------------------------------------------------------


def horizon_capture(retention_rate, discount_rate, periods):
    """Return the share of the value without end that the first `periods` payments hold: 1 - (r / (1 + d))^n.

    Examples
    --------
    >>> round(horizon_capture(0.8, 0.1, 4), 3)
    0.72
    """
    n = _whole("periods", periods, 0)
    r, d, n = _together(retention_rate=retention_rate, discount_rate=discount_rate, periods=n)
    _refuse_divergence(r / (1 + d) >= 1, r, 0.0, d)
    return _plain(1 - (r / (1 + d)) ** n)


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
    v, deducted = _together(value=value, acquisition_cost_deducted=acquisition_cost_deducted)
    return _plain(check_fraction("share", share) * np.maximum(v + deducted, 0.0))


def _response_constant(ceiling, base_rate, base_spend):
    ceiling, base = check_fraction("ceiling", ceiling), check_fraction("base_rate", base_rate)
    if not 0 < base < ceiling:
        raise ValueError(f"base_rate {base:g} must lie between 0 and the ceiling {ceiling:g}")
    return -np.log1p(-base / ceiling) / check_positive("base_spend", base_spend)


def acquisition_response(spend, *, ceiling: float, base_rate: float, base_spend: float):
    """Return the share of prospects won for a spend per prospect: c (1 - exp(-k·spend)).

    k is set so that `base_spend` gives `base_rate`, the point you know. The curve serves for retention as well.

    Source: Blattberg, R. C. & Deighton, J. (1996), "Manage Marketing by the Customer Equity Test".

    Parameters
    ----------
    spend : float or array
        Money per prospect.
    ceiling : float
        c: the share won if money did not matter.
    base_rate, base_spend : float
        The share won today, for today's money per prospect.

    Examples
    --------
    >>> acquisition_response([0, 5, 10], ceiling=0.4, base_rate=0.1, base_spend=5).round(3).tolist()
    [0.0, 0.1, 0.175]
    """
    k = _response_constant(ceiling, base_rate, base_spend)
    return _plain(-ceiling * np.expm1(-k * _numbers("spend", spend)))


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
    v = float(_numbers("value", value))
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

    Examples
    --------
    >>> optimal_retention(50, 0.2, ceiling=0.8, base_rate=0.5, base_spend=10)[["spend", "rate"]].round(2).tolist()
    [18.5, 0.67]
    """
    margin = check_positive("margin", margin)
    d = check_discount_rate("discount rate", discount_rate)
    k = _response_constant(ceiling, base_rate, base_spend)

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
