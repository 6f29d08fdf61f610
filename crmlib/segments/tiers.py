"""Tiers (VIP, major, ordinary, small): by count, by value or by cut-offs; and what one ranking says of another."""

import math
import warnings

import numpy as np
import pandas as pd

from crmlib.checks import check_choice, check_count, check_fraction
from crmlib.errors import CrmWarning, DataError
from crmlib.intervals import normal_quantile
from crmlib.rows import same_customers, whole_cents
from crmlib.segments.arguments import customer_values, twelve_digits

TIER_NAMES = ("VIP", "major", "ordinary", "small")
PYRAMID = (0.01, 0.04, 0.15, 0.80)  # Curry & Curry's customer pyramid, as shares of the customers
LOSS = "loss-making"


def tiers(values, *, method, limits, names=TIER_NAMES, ties="up", negative="own tier") -> pd.Series:
    """Return the tier of every customer, best tier first.

    Parameters
    ----------
    values : pandas.Series or array-like of shape (n_customers,)
        Money per customer: spend, profit or lifetime value. The result can be no better than this choice.
    method : {"count", "value", "cutoff"}
        ``"count"``: each tier takes a share of the customers. ``"value"``: each tier takes a share of the (positive)
        value. ``"cutoff"``: a tier starts at an amount.
    limits : sequence of float
        For ``"count"`` and ``"value"`` one share per tier, best first, adding up to 1. For ``"cutoff"`` the smallest
        value of every tier but the last, falling: one fewer than `names`.
    names : sequence of str
        Names of the tiers, best first.
    ties : {"up", "down", "order"}
        Equal customers at a border: all into the better tier (it may get more than its share), all into the worse one
        (fewer), or by the order of the rows (exactly the share, and equal customers treated differently). Cut-offs have
        no such border.
    negative : {"own tier", "rank", "raise"}
        Customers below zero: a tier "loss-making" of their own whatever their rank, or the tier of their rank, or an
        error.

    Returns
    -------
    pandas.Series
        Ordered categorical, best first, with the index of `values`. "loss-making" is among the categories if there
        are any. Counts are rounded **up** at every border: 1 % of 250 customers are 3, and of one customer 1.

    Raises
    ------
    DataError
        If values are missing; with ``negative="raise"``, if some are negative; for ``"value"``, if nothing is positive.
    ValueError
        If there are more or fewer limits than tiers, shares do not add up to 1, cut-offs do not fall, or an argument is
        not known.

    Warns
    -----
    CrmWarning
        If there are fewer customers than tiers: some tiers are empty; if through ties the best tier by count gets more
        than twice its share.

    Notes
    -----
    The four names and 1/4/15/80 % of the customers are Curry & Curry's customer pyramid; Zeithaml, Rust & Lemon (2001)
    tier by profit.

    Examples
    --------
    >>> profit = pd.Series({"ann": 500, "bob": 120, "eve": 80, "joe": 30, "zoe": -40})
    >>> tiers(profit, method="count", limits=(0.2, 0.2, 0.2, 0.4)).tolist()
    ['VIP', 'major', 'ordinary', 'small', 'loss-making']
    >>> tiers(profit, method="value", limits=(0.6, 0.3, 0.1), names=("A", "B", "C")).tolist()
    ['A', 'B', 'B', 'C', 'loss-making']
    >>> tiers(profit, method="cutoff", limits=(100, 0), names=("gold", "iron", "lead"), negative="rank").tolist()
    ['gold', 'gold', 'iron', 'iron', 'lead']
    """
    series, names = customer_values("values", values), list(names)
    method = check_choice("method", method, ("count", "value", "cutoff"))
    ties = check_choice("ties", ties, ("up", "down", "order"))
    negative = check_choice("negative", negative, ("own tier", "rank", "raise"))
    if len(set(names)) < len(names) or not names:
        raise ValueError(f"names must be different, at least one; got {names}")
    limits = _limits(limits, names, method)
    x = twelve_digits(series)
    below = x < 0
    if below.any() and negative == "raise":
        raise DataError(f"{int(below.sum()):,} of {len(x):,} values are negative (smallest {x.min():,.2f}): give them "
                        'a tier of their own (negative="own tier"), or let their rank decide (negative="rank")')
    if len(x) < len(names):
        warnings.warn(f"{len(x)} customer(s) for {len(names)} tiers: some tiers stay empty", CrmWarning, stacklevel=2)
    if method == "cutoff":
        place = np.searchsorted(-limits, -x, side="left")
    else:
        place = _places(x, limits, ties, by_value=method == "value")
        best, wanted = int((place == 0).sum()), math.ceil(round(limits[0] * len(x), 9))
        if method == "count" and ties == "up" and best > max(2 * wanted, wanted + 5):
            warnings.warn(f"{best:,} customers are in the best tier, {wanted:,} were meant: many tie at its border",
                          CrmWarning, stacklevel=2)
    categories = names
    if below.any() and negative == "own tier":
        if LOSS in names:
            raise ValueError(f'the name {LOSS!r} is taken: rename that tier, or use negative="rank"')
        categories, place = [*names, LOSS], np.where(below, len(names), place)
    return pd.Series(pd.Categorical.from_codes(place, categories, ordered=True), index=series.index, name="tier")


def _limits(limits, names, method):
    try:
        array = np.asarray(list(limits), dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"limits must be a list of numbers, not {limits!r}") from None
    wanted = len(names) - (method == "cutoff")
    if array.ndim != 1 or len(array) != wanted or not np.isfinite(array).all():
        raise ValueError(
            f"{len(array)} limit(s) for {len(names)} tiers ({', '.join(map(str, names))}): method {method!r} needs "
            f"{wanted}, "
            + ("the smallest value of every tier but the last" if method == "cutoff" else
               "one share per tier, best first")
        )
    if method == "cutoff":
        if (np.diff(array) >= 0).any():
            raise ValueError(f"cut-offs must fall from the best tier down; got {array.tolist()}")
        return array
    if (array < 0).any():
        raise ValueError(f"a share cannot be negative; got {array.tolist()}")
    total = math.fsum(array)
    if abs(total - 1) > 1e-9:
        hint = (f"did you mean {(array / 100).tolist()}?" if abs(total - 100) < 1e-6 else
                "are they cumulative? Give each tier its own share" if abs(array[-1] - 1) < 1e-9 else
                "give the last tier the rest")
        raise ValueError(f"the shares {array.tolist()} add up to {total:g}, not 1: {hint}")
    return array


def _places(x, limits, ties, by_value):
    """The position of each customer's tier: 0 for the best."""
    order = np.argsort(-x, kind="stable")
    ranked = x[order]
    n = len(x)
    if by_value:
        positive = np.maximum(ranked, 0)
        reached = np.cumsum(positive)
        if not reached[-1] > 0:
            raise DataError("no customer has a value above zero: there is nothing to take shares of")
        # each of the n additions may be wrong in the last digit
        reached, rounding = reached / reached[-1], max(1e-12, n * np.finfo(float).eps)
    place = np.full(n, len(limits) - 1)
    start = 0
    for tier, share in enumerate(np.cumsum(limits)[:-1]):
        if by_value:
            end = int(np.argmax(reached >= share - rounding)) + 1 if share > 0 else 0
        else:
            end = math.ceil(round(share * n, 9))
        if ties != "order" and 0 < end < n and ranked[end - 1] == ranked[end]:
            tied = np.flatnonzero(ranked == ranked[end])
            end = int(tied[-1]) + 1 if ties == "up" else int(tied[0])
        end = max(end, start)
        place[start:end] = tier
        start = end
    result = np.empty(n, dtype=int)
    result[order] = place
    return result


def tier_summary(values, tier) -> pd.DataFrame:
    """Return what each tier holds.

    Parameters
    ----------
    values : pandas.Series
        Money per customer; it need not be what the tiers were made of.
    tier : pandas.Series
        The tier of the same customers, from `tiers`.

    Returns
    -------
    pandas.DataFrame
        One row per tier, best first: ``customers, customer_share, value`` (money, summed in whole cents),
        ``value_share`` (of the total; NaN if that is not positive), ``mean`` and ``smallest`` (money; NaN for an empty
        tier). The values add up exactly.

    Raises
    ------
    DataError
        If values are missing, or the two are not about the same customers.

    Examples
    --------
    >>> spend = pd.Series([70.0, 20.0, 10.0])
    >>> tier = tiers(spend, method="count", limits=(0.3, 0.7), names=("big", "rest"))
    >>> tier_summary(spend, tier).round(2).rename_axis(None)
          customers  customer_share  value  value_share  mean  smallest
    big           1            0.33   70.0          0.7  70.0      70.0
    rest          2            0.67   30.0          0.3  15.0      10.0
    """
    values = customer_values("values", values)
    tier = same_customers("values", values, "tier", tier)
    cents = pd.Series(whole_cents("values", values), index=values.index)
    groups = cents.groupby(tier, observed=False)
    table = pd.DataFrame({"customers": groups.size(), "value": groups.sum() / 100, "smallest": groups.min() / 100})
    total = cents.sum() / 100
    table["customer_share"] = table["customers"] / len(values)
    table["value_share"] = table["value"] / total if total > 0 else np.nan
    table["mean"] = (table["value"] / table["customers"]).where(table["customers"] > 0)
    table.index.name = "tier"
    return table[["customers", "customer_share", "value", "value_share", "mean", "smallest"]]


def tier_crosstab(first, second) -> pd.DataFrame:
    """Return how many customers are in which tier by one measure (rows) and by another (columns).

    Parameters
    ----------
    first, second : pandas.Series
        Tiers of the same customers, from `tiers`: by spend and by profit, say.

    Returns
    -------
    pandas.DataFrame
        Counts, all tiers of both, best first; they add up to the number of customers.

    Raises
    ------
    DataError
        If the two are not about the same customers.

    Examples
    --------
    >>> spend, profit = pd.Series([90, 50, 10]), pd.Series([-5, 20, 4])
    >>> by = {"method": "count", "limits": (0.3, 0.7), "names": ("big", "rest")}
    >>> tier_crosstab(tiers(spend, **by), tiers(profit, **by)).rename_axis(index=None, columns=None)
          big  rest  loss-making
    big     0     0            1
    rest    1     1            0
    """
    second = same_customers("the first tiers", first, "the second tiers", second)
    table = pd.crosstab(first, second, dropna=False)
    rows, columns = (list(each.cat.categories) for each in (first, second))
    return table.reindex(index=rows, columns=columns, fill_value=0).rename_axis(
        index=first.name or "first", columns=second.name or "second")


def programme(worth, rankings, *, places: int) -> pd.DataFrame:
    """Return what a programme with a limited number of places holds, if one ranking or another fills it.

    Parameters
    ----------
    worth : pandas.Series
        What a customer brings in truth, in money: profit or lifetime value.
    rankings : mapping of str to pandas.Series
        By name, the numbers by which the places may be filled, highest first, of the same customers. Ties at the border
        are broken by the order of the rows: places are places.
    places : int
        How many there are, from 1 to the number of customers.

    Returns
    -------
    pandas.DataFrame
        One row per ranking: ``worth`` (money, in whole cents) of those inside, ``loss_makers`` among them,
        ``right`` (how many would be inside if `worth` itself were the ranking) and ``given_away`` (money: the worth of
        the best possible list less that of this one, never negative).

    Raises
    ------
    DataError
        If values are missing or the customers differ.
    ValueError
        If there are more places than customers, or none.

    Examples
    --------
    >>> profit = pd.Series({"ann": 30.0, "bob": -10.0, "eve": 20.0})
    >>> programme(profit, {"spend": pd.Series({"ann": 90, "bob": 95, "eve": 40}), "profit": profit}, places=2)
            worth  loss_makers  right  given_away
    spend    20.0            1      1        30.0
    profit   50.0            0      2         0.0
    """
    worth = customer_values("worth", worth)
    if check_count("places", places) > len(worth):
        raise ValueError(f"{places:,} places for {len(worth):,} customers: everybody is in, there is nothing to choose")
    cents = pd.Series(whole_cents("worth", worth), index=worth.index)
    best = set(_best(worth, places))
    rows = {}
    for name, ranking in rankings.items():
        ranking = same_customers("worth", worth, name, customer_values(name, ranking))
        inside = _best(ranking, places)
        rows[name] = {
            "worth": cents[inside].sum() / 100,
            "loss_makers": int((cents[inside] < 0).sum()),
            "right": len(best & set(inside)),
            "given_away": (cents[list(best)].sum() - cents[inside].sum()) / 100,
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def _best(values, places):
    order = np.argsort(-values.to_numpy(), kind="stable")[:places]
    return values.index[order].tolist()


def rank_agreement(first, second, *, top: float = 0.2, level: float = 0.95) -> pd.Series:
    """Return how far two rankings of the same customers agree: Kendall's tau-b, and the overlap of their best.

    tau-b is (pairs ordered alike - pairs ordered otherwise) over the pairs tied in neither: 1 the same order, 0 none,
    -1 reversed.

    Parameters
    ----------
    first, second : pandas.Series
        A number per customer; the same customers.
    top : float
        Share of customers that counts as best, rounded up; ties at the border by the order of the rows.
    level : float
        Confidence level of the interval.

    Returns
    -------
    pandas.Series
        ``customers, tau, low, high, top_overlap``: of the best `top` of the first, the share who are among the best of
        the second. NaN for tau if a ranking is constant. The interval is tau ± z √(2 (1 - tau²) / n), the
        large-sample bound of Kendall's variance for rankings without ties; NaN where it does not hold: if more than a
        twentieth of the pairs tie in one of the rankings, or tau is 1 or -1.

    Raises
    ------
    DataError
        If values are missing or the customers differ.

    Examples
    --------
    >>> rank_agreement(pd.Series([1, 2, 3, 4]), pd.Series([1, 3, 2, 4]), top=0.25).round(3).to_dict()
    {'customers': 4.0, 'tau': 0.667, 'low': -0.366, 'high': 1.0, 'top_overlap': 1.0}
    """
    from scipy import stats

    first = customer_values("the first ranking", first)
    second = same_customers("the first ranking", first, "the second", customer_values("the second ranking", second))
    n = len(first)
    places = math.ceil(round(check_fraction("top", top) * n, 9))
    tau = math.nan
    if first.nunique() > 1 and second.nunique() > 1:
        tau = float(stats.kendalltau(first.to_numpy(), second.to_numpy()).statistic)
    tied = max(sum(k * (k - 1) for k in each.value_counts()) / max(n * (n - 1), 1) for each in (first, second))
    holds = math.isfinite(tau) and abs(tau) < 1 - 1e-9 and tied <= 0.05
    half = normal_quantile(level) * math.sqrt(2 * (1 - tau**2) / n) if holds else math.nan
    overlap = len(set(_best(first, places)) & set(_best(second, places))) / places if places else math.nan
    return pd.Series({"customers": float(n), "tau": tau, "low": float(np.maximum(-1.0, tau - half)),
                      "high": float(np.minimum(1.0, tau + half)),
                      "top_overlap": overlap}, name="rank agreement")
