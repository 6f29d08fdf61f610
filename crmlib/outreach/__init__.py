"""One-to-one marketing and communication (chapter 09): whom to contact, with what, and how the talk goes.

What a contact earns (`contact_profit`), an experiment as a table, uplift and its curves, policies and their gain with
intervals, offers under a budget; enthusiasm after the sale, scorecards, coded talks. Outcomes are 1 for what one
wants; money is in one currency; intervals draw or add up customers, not rows.
"""

from crmlib.outreach.experiment import (
    NOT_SELLING,
    contact_years,
    exit_share,
    experiment_table,
    value_at_stake,
)
from crmlib.outreach.offers import assign_offers, personalisation_levels
from crmlib.outreach.policy import best_share, gain_by_share, policy_table, true_gain, worth_contacting
from crmlib.outreach.profit import (
    best_contacts,
    break_even_churn,
    contact_profit,
    contact_profit_curve,
    expected_maximum_profit,
    maximum_profit,
)
from crmlib.outreach.relation import (
    EnthusiasmFit,
    alpha_without,
    buyer_curve,
    code_shares,
    coding_table,
    cronbach_alpha,
    enthusiasm_gap,
    fit_enthusiasm,
    scorecard,
    seller_curve,
)
from crmlib.outreach.uplift import (
    UpliftFit,
    average_effect,
    cross_fitted_uplift,
    fit_uplift,
    uplift_area,
    uplift_at,
    uplift_curve,
)

__all__ = [
    "NOT_SELLING",
    "EnthusiasmFit",
    "UpliftFit",
    "alpha_without",
    "assign_offers",
    "average_effect",
    "best_contacts",
    "best_share",
    "break_even_churn",
    "buyer_curve",
    "code_shares",
    "coding_table",
    "contact_profit",
    "contact_profit_curve",
    "contact_years",
    "cronbach_alpha",
    "cross_fitted_uplift",
    "enthusiasm_gap",
    "exit_share",
    "expected_maximum_profit",
    "experiment_table",
    "fit_enthusiasm",
    "fit_uplift",
    "gain_by_share",
    "maximum_profit",
    "personalisation_levels",
    "policy_table",
    "scorecard",
    "seller_curve",
    "true_gain",
    "uplift_area",
    "uplift_at",
    "uplift_curve",
    "value_at_stake",
    "worth_contacting",
]
