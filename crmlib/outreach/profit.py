"""What contacting a customer costs, and when it pays: curves of profit, break-even, and the profit of a churn score."""

import numpy as np
import pandas as pd

from crmlib.checks import check_fraction, check_positive
from crmlib.errors import DataError
from crmlib.outreach.arguments import outcomes, probabilities, row_values, same_rows


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


# ------------------------------------------------------------------ one contact that is to keep a customer


def contact_profit(churn_probability, *, rescue, value, contact_cost, incentive=0.0, taken_by_loyal=1.0,
                   loyal_gain=0.0):
    """Return the expected profit of one contact that is to keep a customer.

    ``π = β γ CLV + (1 - β) ψ ΔCLV - c - δ [β γ + (1 - β) ψ]``: β of those contacted would leave, the contact holds γ
    of them; ψ of the loyal take the incentive as well.

    After Neslin, S. A., Gupta, S., Kamakura, W., Lu, J. & Mason, C. H. (2006), "Defection Detection", in the form of
    Blattberg, Kim & Neslin (2008), *Database Marketing*. A campaign's fixed cost is not in it: take it off the sum.

    Parameters
    ----------
    churn_probability : float or array
        β: chance that the customer leaves if nothing is done, 0 to 1.
    rescue : float or array
        γ: share of the would-be leavers whom the contact holds, 0 to 1. One number is **the same for everybody**: that
        is the weak point of how the formula is used.
    value : float or array
        CLV: what a customer who is held will still bring, money.
    contact_cost : float
        c: money per contact, whatever comes of it.
    incentive : float
        δ: cost of the gift or discount to the firm, paid for everybody who takes it.
    taken_by_loyal : float
        ψ: share of those who would have stayed anyway who take the incentive, 0 to 1.
    loyal_gain : float
        ΔCLV: what taking it adds to the value of the loyal, money; may be negative.

    Returns
    -------
    float, numpy.ndarray or pandas.Series
        Money per contact: one number, or one per customer if any of the three is.

    Raises
    ------
    ValueError, DataError
        If a chance is not between 0 and 1 (87 for 0.87), or a cost is negative.

    Examples
    --------
    >>> round(contact_profit(0.2, rescue=0.3, value=200, contact_cost=1, incentive=10), 2)
    2.4
    """
    psi = check_fraction("taken_by_loyal", taken_by_loyal)
    c = check_positive("contact_cost", contact_cost, zero=True)
    delta = check_positive("incentive", incentive, zero=True)
    given = {"churn_probability": churn_probability, "rescue": rescue, "value": value}
    same_rows(**given)
    sizes = {np.size(each) for each in given.values() if np.ndim(each)}
    length = max(sizes, default=None)
    beta, gamma = (check_fraction(name, given[name]) if np.ndim(given[name]) == 0 else
                   probabilities(name, given[name], length=length) for name in ("churn_probability", "rescue"))
    worth = float(value) if np.ndim(value) == 0 else row_values("value", value, length=length)
    if not np.isfinite(worth).all() or not np.isfinite(float(loyal_gain)):
        raise ValueError(f"{'value' if np.isfinite(float(loyal_gain)) else 'loyal_gain'} must be a finite number")
    taken = beta * gamma + (1 - beta) * psi
    profit = beta * gamma * worth + (1 - beta) * psi * float(loyal_gain) - c - delta * taken
    like = next((each for each in given.values() if isinstance(each, pd.Series)), None)
    if like is not None:
        return pd.Series(profit, index=like.index, name="profit")
    return float(profit) if np.ndim(profit) == 0 else profit


def break_even_churn(*, rescue, value, contact_cost, incentive=0.0, taken_by_loyal=1.0, loyal_gain=0.0) -> float:
    """Return the chance of leaving above which a contact pays: where `contact_profit` is zero.

    ``p* = (c + ψ (δ - ΔCLV)) / (γ (CLV - δ) + ψ (δ - ΔCLV))``

    Returns
    -------
    float
        0 if the contact pays even with the loyal; infinity if it pays with nobody.

    Raises
    ------
    ValueError
        If a chance is not between 0 and 1, a cost is negative, or the profit falls with the chance of leaving: then
        there is a limit from above, and the formula is used for what it was not made for.

    Examples
    --------
    >>> round(break_even_churn(rescue=0.3, value=200, contact_cost=1, incentive=10), 4)
    0.1642
    >>> break_even_churn(rescue=0.3, value=20, contact_cost=9)
    inf
    """
    given = dict(rescue=rescue, value=value, contact_cost=contact_cost, incentive=incentive,
                 taken_by_loyal=taken_by_loyal, loyal_gain=loyal_gain)
    if np.ndim(rescue) or np.ndim(value):
        raise ValueError("rescue and value must be one number each: there is one break-even at a time")
    nobody, everybody = contact_profit(0.0, **given), contact_profit(1.0, **given)
    if min(nobody, everybody) > 0:
        return 0.0
    if nobody > 0 and everybody < nobody:
        raise ValueError("with these numbers a contact earns less the more likely the customer leaves: there is no "
                         "limit to be above; compare contact_profit of each customer instead")
    if nobody >= 0:
        return 0.0 if everybody > 0 else float("inf")
    return float(-nobody / (everybody - nobody)) if everybody > 0 else float("inf")


def _hull(leaves, score):
    """Shares of leavers and stayers contacted along the convex hull of the ROC curve, from nobody to everybody."""
    y = outcomes("leaves", leaves)
    s = row_values("score", score, length=len(y))
    if y.all() or not y.any():
        raise DataError("leaves holds one outcome only: a ranking cannot be judged without leavers and stayers")
    order = np.argsort(-s, kind="stable")
    last = np.r_[np.flatnonzero(np.diff(s[order])), len(s) - 1]
    hits = np.r_[0, np.cumsum(y[order])[last]] / y.sum()
    false = np.r_[0, np.cumsum(1 - y[order])[last]] / (1 - y).sum()
    kept = []
    for point in zip(false, hits, strict=True):
        while len(kept) >= 2 and ((kept[-1][0] - kept[-2][0]) * (point[1] - kept[-2][1])
                                  >= (kept[-1][1] - kept[-2][1]) * (point[0] - kept[-2][0])):
            kept.pop()
        kept.append(point)
    false, hits = np.array(kept).T
    return hits, false, y.mean()


def maximum_profit(leaves, score, *, rescue=0.3, value=200.0, incentive=10.0, contact_cost=1.0) -> pd.Series:
    """Return what the best cut-off of a churn score earns per customer, and which share it contacts.

    The highest mean of `contact_profit` over all cut-offs, with ψ = 1 and ΔCLV = 0.

    Source: Verbraken, T., Verbeke, W. & Baesens, B. (2013), "A Novel Profit Maximizing Metric for Measuring
    Classification Performance of Customer Churn Prediction Models"; values as in the package empulse.

    Parameters
    ----------
    leaves : array-like of bool
        Who left, without any campaign.
    score : array-like of float
        Higher: more likely to leave, said beforehand.
    rescue, value, incentive, contact_cost : float
        As in `contact_profit`, the same for everybody.

    Returns
    -------
    pandas.Series
        ``profit`` (money per customer of the list) and ``share`` (of the list, contacted). On a straight part of the
        curve the smaller share.

    Raises
    ------
    DataError
        If values are missing, lengths differ, or nobody left or stayed.
    ValueError
        If a share is not between 0 and 1, a cost is negative, or the incentive is worth more than the customer.

    Examples
    --------
    >>> maximum_profit([0, 1] * 10, [0, 1] * 10).round(2).tolist()
    [28.0, 0.5]
    """
    gamma = check_fraction("rescue", rescue)
    delta, phi, worth = _costs(value, incentive, contact_cost)
    hits, false, churn = _hull(leaves, score)
    profit = worth * ((gamma * (1 - delta) - phi) * churn * hits - (delta + phi) * (1 - churn) * false)
    best = int(np.argmax(np.round(profit, 9)))
    return pd.Series({"profit": float(profit[best]), "share": float(churn * hits[best] + (1 - churn) * false[best])})


def expected_maximum_profit(leaves, score, *, alpha=6.0, beta=14.0, value=200.0, incentive=10.0,
                            contact_cost=1.0) -> pd.Series:
    """Return the expected maximum profit of a churn score (EMPC): nobody knows γ, so average over a beta distribution.

    As `maximum_profit`, the cut-off chosen for each γ, γ ~ Beta(alpha, beta); the defaults have the mean 0.3.

    Parameters
    ----------
    leaves, score
        As in `maximum_profit`.
    alpha, beta : float
        Of the beta distribution of the rescued share, above zero.
    value, incentive, contact_cost : float
        Money per customer.

    Returns
    -------
    pandas.Series
        ``profit`` per customer of the list and ``share`` contacted, both expected values.

    Raises
    ------
    DataError, ValueError
        As `maximum_profit`.

    Examples
    --------
    >>> expected_maximum_profit([0, 1] * 10, [0, 1] * 10).round(2).tolist()
    [28.0, 0.5]
    """
    from scipy.special import betainc

    a, b = check_positive("alpha", alpha), check_positive("beta", beta)
    delta, phi, worth = _costs(value, incentive, contact_cost)
    hits, false, churn = _hull(leaves, score)
    more, wrong = churn * np.diff(hits), (1 - churn) * np.diff(false)
    with np.errstate(divide="ignore", invalid="ignore"):
        # from this γ on, going one step further along the hull pays
        needed = np.where(more > 0, ((delta + phi) * wrong + phi * more) / ((1 - delta) * more), 1.0)
    limits = np.r_[0.0, np.minimum(np.maximum.accumulate(needed), 1.0), 1.0]
    weight = np.diff(betainc(a, b, limits))  # of the γ between two limits
    mean_gamma = a / (a + b) * np.diff(betainc(a + 1, b, limits))  # ∫ γ h(γ) over the same
    profit = worth * (((1 - delta) * mean_gamma - phi * weight) * churn * hits
                      - (delta + phi) * weight * (1 - churn) * false)
    share = weight * (churn * hits + (1 - churn) * false)
    return pd.Series({"profit": float(profit.sum()), "share": float(share.sum())})


def _costs(value, incentive, contact_cost):
    worth = check_positive("value", value)
    delta = check_positive("incentive", incentive, zero=True) / worth
    if delta >= 1:
        raise ValueError(f"an incentive of {incentive:g} for a customer who is worth {value:g} cannot pay: value must "
                         "be above it")
    return delta, check_positive("contact_cost", contact_cost, zero=True) / worth, worth
