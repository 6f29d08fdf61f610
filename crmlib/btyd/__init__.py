"""Buy till you die: lifetime value from transactions, when nobody tells you that they have left.

The models are those of the ``lifetimes`` package; this package feeds them, checks them and reads them.
In the order of use:

- `customer_summary`, `calibration_holdout`, `count_cells`: from orders to what the models need to know;
- `fit_bg_nbd`, `fit_mbg_nbd`, `fit_pareto_nbd`, `fit_bg_bb`, `fit_gamma_gamma`: a `FittedModel`;
- `probability_alive`, `expected_purchases`, `probability_no_purchase`, `expected_spend`,
  `discounted_purchases`, `lifetime_value`, and the same for customers not yet won;
- `parameter_draws`, `interval`, `simulate_purchases`: how sure we are;
- `tracking`, `naive_forecasts`, `holdout_scores`, `holdout_by_frequency`, `repeat_count_fit`:
  whether to believe it.
"""

from crmlib.btyd.evaluation import (
    holdout_by_frequency,
    holdout_scores,
    naive_forecasts,
    repeat_count_fit,
    tracking,
)
from crmlib.btyd.models import (
    FittedModel,
    fit_bg_bb,
    fit_bg_nbd,
    fit_by_likelihood,
    fit_gamma_gamma,
    fit_mbg_nbd,
    fit_pareto_nbd,
    read_json,
)
from crmlib.btyd.predictions import (
    discounted_purchases,
    discounted_purchases_new,
    expected_purchases,
    expected_purchases_new,
    expected_spend,
    lifetime_value,
    lifetime_value_new,
    probability_alive,
    probability_no_purchase,
    purchase_count_probability_new,
)
from crmlib.btyd.scoring import history_cells, merged_cells, score_customers
from crmlib.btyd.summaries import calibration_holdout, count_cells, customer_summary
from crmlib.btyd.uncertainty import interval, parameter_draws, simulate_purchases

__all__ = [
    "FittedModel",
    "calibration_holdout",
    "count_cells",
    "customer_summary",
    "discounted_purchases",
    "discounted_purchases_new",
    "expected_purchases",
    "expected_purchases_new",
    "expected_spend",
    "fit_bg_bb",
    "fit_bg_nbd",
    "fit_by_likelihood",
    "fit_gamma_gamma",
    "fit_mbg_nbd",
    "fit_pareto_nbd",
    "history_cells",
    "holdout_by_frequency",
    "holdout_scores",
    "interval",
    "lifetime_value",
    "lifetime_value_new",
    "merged_cells",
    "naive_forecasts",
    "parameter_draws",
    "probability_alive",
    "probability_no_purchase",
    "purchase_count_probability_new",
    "read_json",
    "repeat_count_fit",
    "score_customers",
    "simulate_purchases",
    "tracking",
]
