"""The customer strategy of a year (chapter 10): measures, a budget, a plan with an interval, and what would change it.

What plans are worth (`choose_measures`, `plan_values`, `one_way`) works on any table of measures; `position`,
`measures`, `gain_draws` and `true_gains` make that table for the case company; `carries` says how far a reader's own
tables go. This is the one chapter that stands on the others.
"""

from crmlib.strategy.company import (
    CHANNELS,
    INPUTS,
    STRATEGY,
    Position,
    company_books,
    gain_draws,
    measures,
    new_customer_values,
    position,
    process_values,
    recommended,
    running_profit,
    trial_rows,
    true_gains,
)
from crmlib.strategy.own import STEPS, carries
from crmlib.strategy.plan import choose_measures, customer_draws, one_way, plan_values

__all__ = [
    "CHANNELS",
    "INPUTS",
    "STEPS",
    "STRATEGY",
    "Position",
    "carries",
    "choose_measures",
    "company_books",
    "customer_draws",
    "gain_draws",
    "measures",
    "new_customer_values",
    "one_way",
    "plan_values",
    "position",
    "process_values",
    "recommended",
    "running_profit",
    "trial_rows",
    "true_gains",
]
