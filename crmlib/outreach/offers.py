"""Different offers for different segments under one budget, and what making an offer personal has to bring."""

import numpy as np
import pandas as pd

from crmlib.checks import check_count, check_positive, shown
from crmlib.errors import DataError
from crmlib.outreach.arguments import row_values
from crmlib.rows import need_columns


def assign_offers(offers, *, budget, divisible=False) -> pd.DataFrame:
    """Return which segment gets which offer, so that the profit is highest and the budget is kept.

    ``max Σ n (g - c) x  subject to  Σ n c x <= budget``, at most one offer per segment; x is 0 or 1 (`divisible`: a
    share of the segment). Solved exactly.

    Parameters
    ----------
    offers : pandas.DataFrame
        One row per segment and offer: ``segment, offer, customers`` (in the segment), ``cost`` and ``gain`` per
        customer treated, money; the gain before the cost.
    budget : float
        Money, zero or more.
    divisible : bool
        May a part of a segment be treated?

    Returns
    -------
    pandas.DataFrame
        Index ``segment``: ``offer`` ("none" if nothing pays or fits), ``treated`` (customers), ``spend``, ``profit``
        (gain less cost). A divisible segment may get two rows.

    Raises
    ------
    DataError
        If columns or values are missing, a pair of segment and offer stands twice, customers differ within a segment,
        or a cost is negative.

    Examples
    --------
    >>> offers = pd.DataFrame({
    ...     "segment": ["a", "a", "b"], "offer": ["call", "visit", "call"], "customers": [10, 10, 50],
    ...     "cost": [10.0, 100.0, 10.0], "gain": [50.0, 160.0, 5.0]})
    >>> assign_offers(offers, budget=500).reset_index().to_string(index=False).split()[-10:]
    ['a', 'call', '10.0', '100.0', '400.0', 'b', 'none', '0.0', '0.0', '0.0']
    """
    need_columns("offers", offers, ("segment", "offer", "customers", "cost", "gain"))
    limit = check_positive("budget", budget, zero=True)
    if offers[["segment", "offer"]].isna().any(axis=None):
        raise DataError("offers have rows without a segment or an offer")
    if (twice := int(offers.duplicated(["segment", "offer"]).sum())):
        raise DataError(f"{twice:,} pair(s) of segment and offer stand twice in offers")
    n, cost, gain = (row_values(name, offers[name]) for name in ("customers", "cost", "gain"))
    if (cost < 0).any() or (n < 0).any():
        raise DataError("costs and numbers of customers must be zero or more: an offer that saves money is a gain")
    sizes = pd.Series(n).groupby(offers["segment"].to_numpy(), sort=False)
    if (sizes.nunique() > 1).any():
        raise DataError(f"the segment {shown(sizes.nunique().idxmax())} has different numbers of customers in its rows")
    from scipy.optimize import Bounds, LinearConstraint, milp

    profit, spend = n * (gain - cost), n * cost
    codes, segments = pd.factorize(offers["segment"])
    one_each = (codes == np.arange(len(segments))[:, None]).astype(float)
    solved = milp(-profit, integrality=np.zeros(len(n)) if divisible else np.ones(len(n)), bounds=Bounds(0, 1),
                  constraints=[LinearConstraint(one_each, -np.inf, 1),
                               LinearConstraint(spend[None, :], -np.inf, limit)],
                  options={"mip_rel_gap": 0.0})
    x = np.where((solved.x > 1e-9) & (profit > 0), solved.x if divisible else np.round(solved.x), 0.0)
    rows = [{"segment": segment, "offer": offers["offer"].iloc[i], "treated": n[i] * x[i], "spend": spend[i] * x[i],
             "profit": profit[i] * x[i]} for k, segment in enumerate(segments)
            for i in np.flatnonzero((codes == k) & (x > 0))]
    none = [{"segment": segment, "offer": "none", "treated": 0.0, "spend": 0.0, "profit": 0.0}
            for k, segment in enumerate(segments) if not x[codes == k].any()]
    table = pd.DataFrame(rows + none)
    place = {segment: k for k, segment in enumerate(segments)}
    return table.sort_values("segment", key=lambda column: column.map(place), kind="stable").set_index("segment")


def personalisation_levels(levels, *, customers, value) -> pd.DataFrame:
    """Return what each level of personalisation has to change before it pays.

    ``break-even lift = (cost per customer + fixed cost / customers) / value at stake``: by how many points it must
    raise the chance that the customer stays (or buys).

    Parameters
    ----------
    levels : pandas.DataFrame
        Index: the level; ``cost`` per customer and ``fixed`` (once), money.
    customers : int or sequence of int
        To how many it is done: one number, or one per level.
    value : float
        Money at stake per customer, above zero.

    Returns
    -------
    pandas.DataFrame
        ``cost_each`` and ``break_even_lift`` per level.

    Examples
    --------
    >>> levels = pd.DataFrame({"cost": [0.5, 14.0], "fixed": [1000.0, 0.0]}, index=["name on the letter", "call"])
    >>> personalisation_levels(levels, customers=1000, value=5000)["break_even_lift"].round(4).tolist()
    [0.0003, 0.0028]
    """
    need_columns("levels", levels, ("cost", "fixed"))
    if np.ndim(customers) == 0:
        reached = check_count("customers", customers)
    else:
        reached = row_values("customers", customers, length=len(levels))
        if (reached < 1).any() or (reached % 1).any():
            raise DataError("customers must be whole numbers of at least 1, one per level")
    each = row_values("cost", levels["cost"]) + row_values("fixed", levels["fixed"]) / reached
    if (each < 0).any():
        raise DataError("costs must be zero or more")
    return pd.DataFrame({"cost_each": each, "break_even_lift": each / check_positive("value", value)},
                        index=levels.index)
