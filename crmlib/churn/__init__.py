"""What a lost customer costs, and what keeping, winning and winning back cost.

Why they leave (`check_causes`, `cause_shares`), when (`survival_curve`), what it takes to replace one (`replacement`),
what more retention is worth (`retention_uplift`); the three accounts of the lectures (`book_ladder`, `recovery_value`,
`referral_value`); whom to win back (`winback_plan`) and what a programme to keep customers brings (`saving_gain`).

Rates are per year unless you say otherwise, shares lie between 0 and 1, money is in one currency.
Values of customers come from `crmlib.clv`.
"""

from crmlib.churn.accounts import (
    book_ladder,
    cost_ladder,
    ladder_statements,
    order_cost,
    recovery_tree,
    recovery_value,
    referral_value,
    referral_visits,
    word_of_mouth_loss,
)
from crmlib.churn.causes import POLICIES, cause_pareto, cause_shares, check_causes
from crmlib.churn.effects import contract_years, saving_gain, stay_effect
from crmlib.churn.replacement import loss_account, replacement, replacement_table
from crmlib.churn.retention import leaky_bucket, retention_for_uplift, retention_uplift, value_at_risk
from crmlib.churn.survival import contract_spells, lifetimes, survival_curve, tenure_profit
from crmlib.churn.winback import winback_plan, winback_rates, winback_value

__all__ = [
    "POLICIES",
    "book_ladder",
    "cause_pareto",
    "cause_shares",
    "check_causes",
    "contract_spells",
    "contract_years",
    "cost_ladder",
    "ladder_statements",
    "leaky_bucket",
    "lifetimes",
    "loss_account",
    "order_cost",
    "recovery_tree",
    "recovery_value",
    "referral_value",
    "referral_visits",
    "replacement",
    "replacement_table",
    "retention_for_uplift",
    "retention_uplift",
    "saving_gain",
    "stay_effect",
    "survival_curve",
    "tenure_profit",
    "value_at_risk",
    "winback_plan",
    "winback_rates",
    "winback_value",
    "word_of_mouth_loss",
]
