"""The customer strategy of a year (chapter 10): measures, a budget, a plan with an interval, and what would change it.

What plans are worth (`choose_measures`, `plan_values`, `one_way`) works on any table of measures; `position`,
`measures`, `gain_draws` and `true_gains` make that table for the case company; `carries` says how far a reader's own
tables go. This is the one chapter that stands on the others.
"""

from crmlib.strategy.company import (
    CHANNELS,
    CONTROLS,
    INPUTS,
    KNOWN_FROM,
    NEW_CUSTOMERS,
    STRATEGY,
    Position,
    allowed,
    best_yuan_first,
    company_books,
    gain_draws,
    measures,
    new_customer_values,
    optimism,
    position,
    process_values,
    process_years,
    proposals,
    recommended,
    running_profit,
    trial_rows,
    true_gains,
)
from crmlib.strategy.own import STEPS, carries
from crmlib.strategy.plan import choose_measures, customer_draws, one_way, plan_values

__all__ = [
    "CHANNELS",
    "CONTROLS",
    "INPUTS",
    "KNOWN_FROM",
    "NEW_CUSTOMERS",
    "STEPS",
    "STRATEGY",
    "Position",
    "allowed",
    "best_yuan_first",
    "carries",
    "choose_measures",
    "company_books",
    "customer_draws",
    "gain_draws",
    "measures",
    "new_customer_values",
    "one_way",
    "optimism",
    "plan_values",
    "position",
    "process_values",
    "process_years",
    "proposals",
    "recommended",
    "running_profit",
    "trial_rows",
    "true_gains",
]
