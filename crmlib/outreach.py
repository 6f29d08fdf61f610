"""Whom to treat how: what contacting a customer costs, and when it pays."""

import numpy as np
import pandas as pd

from crmlib.checks import check_fraction, check_positive
from crmlib.errors import DataError


def contact_profit_curve(values, *, cost_per_contact, uplift):
    """Return what contacting the best 1, 2, 3, … customers would earn, if the contact works as assumed.

    Parameters
    ----------
    values : pandas.Series
        Expected future margin per customer **without** the contact, in money.
    cost_per_contact : float
        Money per customer contacted, whether it works or not.
    uplift : float
        Share by which a contact raises the future margin of a customer: an assumption until it is tested on
        a control group.

    Returns
    -------
    pandas.DataFrame
        Best customer first, index 1 … n ("contacted"): ``customer`` (the index of `values`), ``value``,
        ``profit`` of this contact (uplift x value - cost) and ``cumulative_profit``. Equal values keep their
        order. The best number of contacts is where ``cumulative_profit`` is highest; it can be none.

    Raises
    ------
    DataError
        If values are missing, or there are none.
    ValueError
        If the cost is negative, or the uplift is not between 0 and 1.

    Examples
    --------
    >>> values = pd.Series({"ann": 10.0, "bob": 80.0, "eve": 40.0})
    >>> contact_profit_curve(values, cost_per_contact=3.0, uplift=0.1).rename_axis(None)
      customer  value  profit  cumulative_profit
    1      bob   80.0     5.0                5.0
    2      eve   40.0     1.0                6.0
    3      ann   10.0    -2.0                4.0
    """
    cost = check_positive("cost_per_contact", cost_per_contact, zero=True)
    uplift = check_fraction("uplift", uplift)
    if values.empty:
        raise DataError("there are no customers to contact: the values are empty")
    missing = ~np.isfinite(values.to_numpy(dtype=float))
    if missing.any():
        raise DataError(f"values are missing or infinite for {int(missing.sum()):,} customers: score them first")
    ranked = values.sort_values(ascending=False, kind="stable")
    profit = uplift * ranked.to_numpy(dtype=float) - cost
    return pd.DataFrame(
        {
            "customer": ranked.index,
            "value": ranked.to_numpy(dtype=float),
            "profit": profit,
            "cumulative_profit": profit.cumsum(),
        },
        index=pd.RangeIndex(1, len(ranked) + 1, name="contacted"),
    )


def best_contacts(curve):
    """Return how many contacts of a `contact_profit_curve` earn most: 0 if even the first would lose money.

    Examples
    --------
    >>> best_contacts(contact_profit_curve(pd.Series([80.0, 10.0]), cost_per_contact=3.0, uplift=0.1))
    1
    """
    peak = curve["cumulative_profit"].idxmax()
    return int(peak) if curve["cumulative_profit"].loc[peak] > 0 else 0
