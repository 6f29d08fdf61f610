"""The arithmetic of customer lifetime value: what a customer is worth, and what one may pay for one.

Four ways to the same number, from the least data to the most:
a constant retention rate (`lifetime_value`), a table by year (`lifetime_value_table`),
states a customer moves between (`markov_lifetime_value`), and customers who differ (`fit_sbg`).
Then the decisions: how far to look, what to spend on acquiring and keeping, when it pays back.

All rates are per period and effective; periods are years unless you say otherwise; money is in one currency.
Values are of one customer, and **before** acquisition cost unless you hand that cost in.
"""

from crmlib.clv.acquisition import (
    acquisition_cap,
    acquisition_response,
    horizon_capture,
    optimal_acquisition,
    optimal_retention,
)
from crmlib.clv.cash_flows import (
    net_present_value,
    payback,
)
from crmlib.clv.constant import (
    RETENTION_COST_TIMINGS,
    TIMINGS,
    annuity_lifetime_value,
    berger_nasr,
    expected_lifetime,
    lifetime_value,
    retention_elasticity,
    retention_multiple,
)
from crmlib.clv.markov import (
    best_stopping,
    markov_lifetime_value,
)
from crmlib.clv.sbg import (
    SBGFit,
    fit_sbg,
    sbg_discounted_lifetime,
    sbg_discounted_residual_lifetime,
    sbg_log_likelihood,
    sbg_retention,
    sbg_survival,
)
from crmlib.clv.table import (
    lifetime_value_table,
)

__all__ = [
    "RETENTION_COST_TIMINGS",
    "SBGFit",
    "TIMINGS",
    "acquisition_cap",
    "acquisition_response",
    "annuity_lifetime_value",
    "berger_nasr",
    "best_stopping",
    "expected_lifetime",
    "fit_sbg",
    "horizon_capture",
    "lifetime_value",
    "lifetime_value_table",
    "markov_lifetime_value",
    "net_present_value",
    "optimal_acquisition",
    "optimal_retention",
    "payback",
    "retention_elasticity",
    "retention_multiple",
    "sbg_discounted_lifetime",
    "sbg_discounted_residual_lifetime",
    "sbg_log_likelihood",
    "sbg_retention",
    "sbg_survival",
]
