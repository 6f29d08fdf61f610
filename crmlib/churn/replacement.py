"""What it takes to make up for a customer who left: how many others, what finding them costs, and counting once."""

import math

import pandas as pd

from crmlib.checks import check_count, check_positive
from crmlib.churn.arguments import check_money
from crmlib.errors import DataError


def replacement(lost, ordinary, *, acquisition_cost=0.0) -> pd.Series:
    """Return how many ordinary customers make up for one that was lost.

    ``n = ceil(lost / ordinary)``

    Both numbers have to be of one kind: two revenues, two margins, or two lifetime values. Equal revenue is equal worth
    only if margins, cost to serve and time of staying are alike.

    Parameters
    ----------
    lost, ordinary : float
        What the lost and an ordinary customer bring, money, same period.
    acquisition_cost : float
        What finding one of them costs, money.

    Returns
    -------
    pandas.Series
        ``exact`` (lost / ordinary), ``customers`` (whole, rounded up), ``brought`` (money by these), ``overshoot``
        (brought less lost), ``finding_cost``.

    Raises
    ------
    ValueError
        If a number is negative, or an ordinary customer brings nothing: then no number of them is enough.

    Examples
    --------
    >>> replacement(3500, 275).round(2).to_dict()
    {'exact': 12.73, 'customers': 13.0, 'brought': 3575.0, 'overshoot': 75.0, 'finding_cost': 0.0}
    """
    lost = check_positive("lost", lost, zero=True)
    cost = check_positive("acquisition_cost", acquisition_cost, zero=True)
    if (ordinary := check_money("ordinary", ordinary)) <= 0:
        raise ValueError(f"an ordinary customer who brings {ordinary:g} replaces nobody, however many there are: "
                         "ordinary must be above zero")
    exact = lost / ordinary
    customers = math.ceil(exact * (1 - 1e-15))  # 1.1 / 0.1 is 11 customers, not 12
    return pd.Series({"exact": exact, "customers": float(customers), "brought": customers * ordinary,
                      "overshoot": customers * ordinary - lost, "finding_cost": customers * cost})


def replacement_table(lost, ordinary, *, acquisition_cost=0.0) -> pd.DataFrame:
    """Return `replacement` on several bases, one row each: revenue, margin, lifetime value …

    Parameters
    ----------
    lost, ordinary : mapping or pandas.Series
        Money by basis, the same names in both.
    acquisition_cost : float
        As in `replacement`.

    Returns
    -------
    pandas.DataFrame
        Index ``basis``: ``lost, ordinary`` and the columns of `replacement`. Where an ordinary customer brings nothing
        or less, ``exact`` and ``customers`` are infinite.

    Examples
    --------
    >>> table = replacement_table({"revenue": 3500, "margin": 700}, {"revenue": 275, "margin": 80})
    >>> table["customers"].to_dict()
    {'revenue': 13.0, 'margin': 9.0}
    """
    lost, ordinary = dict(lost), dict(ordinary)
    if set(lost) != set(ordinary):
        odd = sorted(set(lost) ^ set(ordinary))
        raise DataError(f"lost and ordinary are not on the same bases: {', '.join(map(str, odd))} is in one of them "
                        "only")
    rows, cost = {}, check_positive("acquisition_cost", acquisition_cost, zero=True)
    for basis in lost:
        both = {"lost": check_positive(f"lost ({basis})", lost[basis], zero=True),
                "ordinary": check_money(f"ordinary ({basis})", ordinary[basis])}
        if both["ordinary"] > 0:
            rows[basis] = both | replacement(*both.values(), acquisition_cost=cost).to_dict()
        else:
            rows[basis] = both | {"exact": math.inf, "customers": math.inf, "brought": math.nan, "overshoot": math.nan,
                                  "finding_cost": math.inf if cost > 0 else 0.0}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("basis")


def loss_account(lost_value, *, replacements=0, new_value=None, acquisition_cost=0.0) -> pd.Series:
    """Return what losing a customer costs, each thing counted once.

    ``total = lost value + n · acquisition cost - n · value of a new one``

    Adding the lost value **and** the cost of the replacement, without what the new customers bring, counts the loss
    twice: whoever replaces has not lost the value, and whoever has lost it has not paid for the replacement.

    Parameters
    ----------
    lost_value : float
        What the customer would still have been worth, money.
    replacements : int
        How many new customers are found in their place **because** they left; 0 if nobody.
    new_value : float
        What one of them is worth before acquisition cost, money. Needed with replacements: leaving it out is the
        double count that this function is about.
    acquisition_cost : float
        What finding one costs, money.

    Returns
    -------
    pandas.Series
        ``lost_value, finding_cost, brought`` (negative: it lowers the loss), ``total``, and ``counted_twice``: the sum
        that leaves out what the new ones bring.

    Examples
    --------
    >>> loss_account(3500, replacements=13, new_value=275, acquisition_cost=100).to_dict()
    {'lost_value': 3500.0, 'finding_cost': 1300.0, 'brought': -3575.0, 'total': 1225.0, 'counted_twice': 4800.0}
    """
    lost = check_positive("lost_value", lost_value, zero=True)
    n = check_count("replacements", replacements, minimum=0)
    if n and new_value is None:
        raise ValueError(f"new_value is missing: {n:,} new customers bring something, and without it the loss would be "
                         "counted twice")
    value = 0.0 if new_value is None else check_positive("new_value", new_value, zero=True)
    cost = n * check_positive("acquisition_cost", acquisition_cost, zero=True)
    return pd.Series({"lost_value": lost, "finding_cost": cost, "brought": 0.0 - n * value,
                      "total": lost + cost - n * value, "counted_twice": lost + cost})
