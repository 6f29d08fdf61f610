"""What the customer gets, and what comes of it (chapter 05): delivered value, Kano, satisfaction and loyalty.

The words "customer value" have three directions. This chapter is about the value **delivered to** customers and the
value **expected by** them; their value **to the firm** is in `crmlib.clv`, `crmlib.btyd` and `crmlib.segments`.
Tables have one row per respondent; a scale, a rival and a convention are named by the caller.
"""

from crmlib.delivered.effects import (
    break_even_volume_loss,
    share_path,
    times_faster,
)
from crmlib.delivered.experience import contract_years, exit_share, kept_worth
from crmlib.delivered.kano import (
    DUMOUCHEL,
    KANO_ANSWERS,
    KANO_CATEGORIES,
    classify_statement,
    fong_test,
    kano_answers,
    kano_cell,
    kano_coefficients,
    kano_continuous,
    kano_counts,
    kano_summary,
    kano_table,
    statements,
)
from crmlib.delivered.offer import (
    COSTS,
    VALUES,
    advantage,
    choice_share,
    component_advantages,
    delivered_value,
    economic_value,
    lifetime_cost,
    surplus_split,
    value_gaps,
)
from crmlib.delivered.proposition import proposition_elements, proposition_fit
from crmlib.delivered.satisfaction import (
    correlation,
    driver_weights,
    expectation_gaps,
    importance_performance,
    logistic_slope,
    net_promoter_score,
    outcome_by_score,
    response_rates,
    response_weights,
    share_of_wallet,
    wallet_allocation,
)

__all__ = [
    "COSTS",
    "DUMOUCHEL",
    "KANO_ANSWERS",
    "KANO_CATEGORIES",
    "VALUES",
    "advantage",
    "break_even_volume_loss",
    "choice_share",
    "classify_statement",
    "component_advantages",
    "contract_years",
    "correlation",
    "delivered_value",
    "driver_weights",
    "economic_value",
    "exit_share",
    "expectation_gaps",
    "fong_test",
    "importance_performance",
    "kano_answers",
    "kano_cell",
    "kano_coefficients",
    "kano_continuous",
    "kano_counts",
    "kano_summary",
    "kano_table",
    "kept_worth",
    "lifetime_cost",
    "logistic_slope",
    "net_promoter_score",
    "outcome_by_score",
    "proposition_elements",
    "proposition_fit",
    "response_rates",
    "response_weights",
    "share_of_wallet",
    "share_path",
    "statements",
    "surplus_split",
    "times_faster",
    "value_gaps",
    "wallet_allocation",
]
