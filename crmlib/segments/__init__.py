"""Telling customers apart (chapter 03): by what they buy, how they buy, what they earn, and when they came.

`rfm` scores, `tiers` and what a tier holds, concentration up to the whale curve, transaction against relationship
buyers, cohorts and renewals. Values are one number per customer, in one currency; a pandas Series carries the customers
in its index. No function knows today's date: pass ``as_of``.
"""

from crmlib.segments.buyers import (
    BuyerTypeFit,
    buyer_features,
    calibration_table,
    class_rates,
    class_worth,
    fit_buyer_type,
    label_error,
    label_shares,
    prediction_scores,
    relationship_score,
    removal_gain,
)
from crmlib.segments.cohorts import cohort_table, retention_table, undisturbed
from crmlib.segments.concentration import (
    gini,
    law_gini,
    law_top_share,
    lorenz_curve,
    pareto_gini,
    pareto_shape,
    share_needed,
    simulate_values,
    top_share,
    whale_curve,
    whale_peak,
)
from crmlib.segments.profit import customer_profit
from crmlib.segments.rfm import rank_scores, rfm, scores_by_row_order
from crmlib.segments.tiers import (
    PYRAMID,
    TIER_NAMES,
    programme,
    rank_agreement,
    tier_crosstab,
    tier_summary,
    tiers,
)

__all__ = [
    "PYRAMID",
    "TIER_NAMES",
    "BuyerTypeFit",
    "buyer_features",
    "calibration_table",
    "class_rates",
    "class_worth",
    "cohort_table",
    "customer_profit",
    "fit_buyer_type",
    "gini",
    "label_error",
    "label_shares",
    "law_gini",
    "law_top_share",
    "lorenz_curve",
    "pareto_gini",
    "pareto_shape",
    "prediction_scores",
    "programme",
    "rank_agreement",
    "rank_scores",
    "relationship_score",
    "removal_gain",
    "retention_table",
    "rfm",
    "scores_by_row_order",
    "share_needed",
    "simulate_values",
    "tier_crosstab",
    "tier_summary",
    "tiers",
    "top_share",
    "undisturbed",
    "whale_curve",
    "whale_peak",
]
