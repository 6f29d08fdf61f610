"""Customer value functions (chapter 04): F(x1 … x5), from five columns to a list, and how far the list is taste.

In the order of use: the five components from the books (`account_criteria` and its parts), one scale (`normalise`),
weights (`direct_weights`, `swing_weights`, `rank_weights`, `entropy_weights`, `critic_weights`, `ahp`), one number
(`weighted_sum`, `weighted_product`, `topsis`, `ahp_hierarchy`), places (`choose`), and doubt (`weight_sweep`,
`crossings`, `stable_range`, `weight_simulation`, `rank_reversals`, `ranking_agreement`, `effective_weights`).
Tables have a row per alternative and a column per criterion; criteria of which less is better are named in ``costs``.
"""

from crmlib.value.accounts import (
    COMPONENTS,
    GRADES,
    account_criteria,
    active_accounts,
    cumulative_sales,
    demand_contribution,
    expected_sales,
    grade_values,
    true_future_profit,
)
from crmlib.value.aggregation import choose, ranking, topsis, weighted_product, weighted_sum
from crmlib.value.arguments import check_weights
from crmlib.value.normalisation import METHODS, normalise
from crmlib.value.pairwise import RANDOM_INDEX, AHPResult, ahp, ahp_hierarchy, pairwise_matrix
from crmlib.value.sensitivity import (
    crossings,
    effective_weights,
    moved_weights,
    rank_reversals,
    ranking_agreement,
    stable_range,
    weight_simulation,
    weight_sweep,
)
from crmlib.value.weighting import (
    critic_weights,
    direct_weights,
    entropy_weights,
    preference_cycles,
    rank_weights,
    swing_weights,
)

__all__ = [
    "COMPONENTS",
    "GRADES",
    "METHODS",
    "RANDOM_INDEX",
    "AHPResult",
    "account_criteria",
    "active_accounts",
    "ahp",
    "ahp_hierarchy",
    "check_weights",
    "choose",
    "critic_weights",
    "crossings",
    "cumulative_sales",
    "demand_contribution",
    "direct_weights",
    "effective_weights",
    "entropy_weights",
    "expected_sales",
    "grade_values",
    "moved_weights",
    "normalise",
    "pairwise_matrix",
    "preference_cycles",
    "rank_reversals",
    "rank_weights",
    "ranking",
    "ranking_agreement",
    "stable_range",
    "swing_weights",
    "topsis",
    "true_future_profit",
    "weight_simulation",
    "weight_sweep",
    "weighted_product",
    "weighted_sum",
]
