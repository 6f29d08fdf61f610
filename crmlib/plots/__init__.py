"""Figures: one house style, one way to show a figure, and one function per figure of the course.

A figure function takes the table that a chapter function returned, draws on ``ax`` and returns the Axes.
Titles are left to the caption below the figure. One module per chapter; all names are found here.
"""

from crmlib.plots.chapter_00 import (
    contact_profit,
    purchase_counts,
    selection_outcome,
)
from crmlib.plots.chapter_06 import (
    acquisition_rules,
    concentration_curves,
    horizon_curves,
    later_spend,
    leaving_probabilities,
    lifetime_value_bars,
    payment_timelines,
    retention_by_renewal,
    survival_by_renewal,
    tornado,
    two_lifetimes,
    value_path,
)
from crmlib.plots.chapter_07 import (
    alive_against_truth,
    alive_by_silence,
    customer_outlook,
    customer_spread,
    forecast_width,
    holdout_classes,
    policy_gain,
    purchase_timelines,
    repeat_counts,
    silent_returns,
    spend_shrinkage,
    weekly_tracking,
)
from crmlib.plots.style import PALETTE, show, use_style

__all__ = [
    "PALETTE",
    "acquisition_rules",
    "alive_against_truth",
    "alive_by_silence",
    "concentration_curves",
    "contact_profit",
    "customer_outlook",
    "customer_spread",
    "forecast_width",
    "holdout_classes",
    "horizon_curves",
    "later_spend",
    "leaving_probabilities",
    "lifetime_value_bars",
    "payment_timelines",
    "policy_gain",
    "purchase_counts",
    "purchase_timelines",
    "repeat_counts",
    "retention_by_renewal",
    "selection_outcome",
    "show",
    "silent_returns",
    "spend_shrinkage",
    "survival_by_renewal",
    "tornado",
    "two_lifetimes",
    "use_style",
    "value_path",
    "weekly_tracking",
]
