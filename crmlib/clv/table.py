"""Lifetime value as a table by year: the average per original customer, with every cost and referral."""

import warnings

import numpy as np
import pandas as pd

from crmlib.checks import check_choice, check_count, check_discount_rate, check_positive
from crmlib.clv.arguments import numbers
from crmlib.errors import CrmWarning


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
    arrays = {name: numbers(name, value) for name, value in arguments.items()}
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
