"""What a customer gets: delivered value, against a rival, and how price splits what both gain."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from crmlib.checks import check_choice, check_count, check_discount_rate, check_positive
from crmlib.delivered.arguments import no_negative, numbers, respondents, same_respondents
from crmlib.errors import DataError
from crmlib.intervals import check_level
from crmlib.rows import need_columns, whole_cents

VALUES = ("value_product", "value_service", "value_personnel", "value_image")
COSTS = ("cost_price", "cost_running", "cost_time", "cost_energy", "cost_psychic")


def delivered_value(survey, *, values=VALUES, costs=COSTS, prefix="", customer="customer_id") -> pd.DataFrame:
    """Return what each respondent gets from an offer: total value, total cost, their difference and their ratio.

    ``delivered value = (product + service + personnel + image) - (price + running + time + effort + worry)``

    Parameters
    ----------
    survey : pandas.DataFrame
        One row per respondent (or per offer), in money: `customer` and the columns `values` and `costs`.
    values, costs : sequence of str
        Components; costs are positive numbers. The lectures' post-purchase cost is one of the costs (`lifetime_cost`).
    prefix : str
        Put before every component: ``"rival_"`` for the columns about a rival.
    customer : str
        Column that names the respondent.

    Returns
    -------
    pandas.DataFrame
        Index `customer`: ``total_value, total_cost, difference`` (money) and ``ratio`` (value per unit of cost; NaN
        where nothing is paid). Summed in whole cents.

    Raises
    ------
    DataError
        If a component or an answer is missing, a cost is negative, or a respondent is there twice.

    References
    ----------
    Kotler's customer delivered value; both the difference and the ratio are in use, and they can rank offers
    differently.

    Examples
    --------
    >>> offer = pd.DataFrame({"customer_id": ["we"], "product": [60], "people": [20], "price": [50], "time": [10]})
    >>> delivered_value(offer, values=["product", "people"], costs=["price", "time"]).loc["we"].round(2).to_dict()
    {'total_value': 80.0, 'total_cost': 60.0, 'difference': 20.0, 'ratio': 1.33}
    """
    values, costs = ([names] if isinstance(names, str) else list(names) for names in (values, costs))
    components = tuple(sorted(values)), tuple(sorted(costs))
    values, costs = [prefix + name for name in values], [prefix + name for name in costs]
    if not values or not costs:
        raise ValueError("an offer needs at least one value and one cost")
    if len(set(values)) < len(values) or len(set(costs)) < len(costs):
        raise ValueError("a component is named twice, and would count twice")
    if both := sorted(set(values) & set(costs)):
        raise ValueError(f"{', '.join(both)}: a component is a value or a cost, not both")
    if isinstance(survey, pd.DataFrame) and prefix and (
            absent := [name for name in values + costs if name not in survey.columns]):
        raise DataError(f"the offer {prefix!r} has not all components: {', '.join(absent)} is missing; ask for it, or "
                        "leave the component out of both offers")
    table = respondents(survey, [*values, *costs], customer=customer)
    for name in costs:
        no_negative(name, table[name], "give costs as positive numbers; they are subtracted here")
    gain, loss = (sum(whole_cents(name, table[name]) for name in names) for names in (values, costs))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(loss > 0, gain / loss, np.nan)
    result = pd.DataFrame({"total_value": gain / 100, "total_cost": loss / 100, "difference": (gain - loss) / 100,
                           "ratio": ratio}, index=table.index)
    result.attrs["components"] = components
    return result


def advantage(own, rival, *, compare="difference") -> pd.Series:
    """Return by how much each respondent is better off with us than with a rival.

    Parameters
    ----------
    own, rival : pandas.DataFrame
        From `delivered_value`, about the same respondents.
    compare : {"difference", "ratio"}
        Money left over, or value per unit of cost: own less rival. The sign says who is chosen; a ratio favours small
        offers, a difference large ones.

    Returns
    -------
    pandas.Series
        Above zero: better off with us. NaN where a ratio has no cost.

    Raises
    ------
    DataError
        If the two are not about the same respondents, or are sums of different components.

    Examples
    --------
    >>> offers = pd.DataFrame({"customer_id": [1], "value": [100], "cost": [60], "other_value": [50],
    ...                        "other_cost": [25]})
    >>> two = [delivered_value(offers, values=["value"], costs=["cost"], prefix=p) for p in ("", "other_")]
    >>> [advantage(*two, compare=how).round(2).item() for how in ("difference", "ratio")]
    [15.0, -0.33]
    """
    check_choice("compare", compare, ("difference", "ratio"))
    two = [offer.attrs.get("components") for offer in (own, rival)]
    if None not in two and two[0] != two[1]:
        odd = sorted({name for part in two[0] for name in part} ^ {name for part in two[1] for name in part})
        raise DataError(f"the two offers are sums of different components ({', '.join(odd) or 'value against cost'}): "
                        "leave out of both what one has not")
    return (own[compare] - same_respondents("own", own, "rival", rival)[compare]).rename("advantage")


def choice_share(gain, *, rule="best", scale=None) -> float:
    """Return the share of respondents who would choose us.

    Parameters
    ----------
    gain : pandas.Series or array-like
        From `advantage`; any unit.
    rule : {"best", "logit"}
        ``"best"``: whoever is better off chooses us, equal counts half. ``"logit"``: with probability
        ``1 / (1 + exp(-gain / scale))``, because people err and see only part.
    scale : float
        For ``"logit"``: the advantage, in its unit, at which the odds are e to 1.

    Examples
    --------
    >>> choice_share([5, -1, 0, 2])
    0.625
    >>> round(choice_share([2.0], rule="logit", scale=2.0), 3)
    0.731
    """
    x = numbers("gain", gain).to_numpy()
    if check_choice("rule", rule, ("best", "logit")) == "best":
        return float(((x > 0) + 0.5 * (x == 0)).mean())
    if scale is None:
        raise ValueError('rule "logit" needs scale: the advantage at which the odds are e to 1')
    from scipy.special import expit

    return float(expit(x / check_positive("scale", scale)).mean())


def lifetime_cost(price, *, running_cost=0.0, years=1, discount_rate=0.0, timing="end", final_cost=0.0) -> float:
    """Return what owning costs: the price and, as present values, the costs after the purchase.

    ``price + Σ running_cost / (1 + d)^t + final_cost / (1 + d)^years``, t = 1 … years (timing "end"), or
    0 … years - 1 ("immediate").

    Parameters
    ----------
    price, running_cost, final_cost : float
        Paid once, every year, and at the end (disposal; a resale value is negative).
    years : int
        How long it is used.
    discount_rate : float
        A year, effective, as a fraction.
    timing : {"end", "immediate"}
        Running costs are paid at the end or at the beginning of each year.

    Examples
    --------
    >>> round(lifetime_cost(890, running_cost=300, years=5, discount_rate=0.10), 2)
    2027.24
    """
    price, running = check_positive("price", price, zero=True), check_positive("running_cost", running_cost, zero=True)
    d, years = check_discount_rate("discount_rate", discount_rate), check_count("years", years)
    start = 1 if check_choice("timing", timing, ("end", "immediate")) == "end" else 0
    weights = (1 + d) ** -(start + np.arange(years, dtype=float))
    final = numbers("final_cost", final_cost).iloc[0]
    return float(price + running * weights.sum() + final / (1 + d) ** years)


def economic_value(reference_price, *, gains=(), losses=(), switching_cost=0.0) -> float:
    """Return the economic value to the customer: the price at which we and the reference are equally good.

    ``reference price + Σ gains - Σ losses - switching cost``

    Parameters
    ----------
    reference_price : float
        What the customer pays for the best alternative.
    gains, losses : number, sequence or mapping of numbers
        What our offer brings more (longer life, lower running cost) and less, over its use, in money of today; all
        positive.
    switching_cost : float
        What changing over costs the customer once.

    Returns
    -------
    float
        The highest price; at it the customer gains nothing by changing.

    References
    ----------
    Forbis & Mehta (1979), here after a page that summarises them. Kotler & Keller's Caterpillar: 90,000 + 7,000 +
    6,000 + 5,000 + 2,000.

    Examples
    --------
    >>> economic_value(90_000, gains={"durability": 7_000, "reliability": 6_000, "service": 5_000, "warranty": 2_000})
    110000.0
    """
    total = [_sum(name, part) for name, part in (("gains", gains), ("losses", losses))]
    price, switching = (int(whole_cents(name, check_positive(name, x, zero=True))) for name, x in (
        ("reference_price", reference_price), ("switching_cost", switching_cost)))
    return (price + total[0] - total[1] - switching) / 100


def _sum(name, part):
    values = list(part.values()) if isinstance(part, Mapping) else np.atleast_1d(np.asarray(part, dtype=float))
    if not len(values):
        return 0
    x = numbers(name, np.asarray(values, dtype=float))
    no_negative(name, x, "a negative gain is a loss: put it there, as a positive number")
    return int(whole_cents(name, x).sum())


def surplus_split(value, price, cost) -> pd.DataFrame:
    """Return how a price divides what a sale creates between customer and seller.

    ``customer = value - price``, ``seller = price - cost``, ``total = value - cost``: the price only divides.

    Parameters
    ----------
    value : float, Series or array-like
        What the customer would pay at most (`economic_value`, or total value less all costs but the price).
    price, cost : float, Series or array-like
        What is paid, and what the offer costs the seller. Series are paired by their index, which the result keeps.

    Returns
    -------
    pandas.DataFrame
        One row per case: ``value, price, cost, customer, seller, total, customer_share`` (of the total; NaN if the
        total is not above zero) and ``win_win`` (both gain).

    Examples
    --------
    >>> surplus_split(20_000, 19_000, 14_000)[["customer", "seller", "total", "win_win"]]
       customer  seller   total  win_win
    0    1000.0  5000.0  6000.0     True
    """
    given = {"value": value, "price": price, "cost": cost}
    indexed = {name: part for name, part in given.items() if isinstance(part, pd.Series)}
    first = next(iter(indexed), None)
    given |= {name: same_respondents(first, indexed[first], name, part) for name, part in indexed.items()}
    parts = [numbers(name, part).to_numpy() for name, part in given.items()]
    no_negative("price", parts[1], "a price is what the customer pays")
    no_negative("cost", parts[2], "give costs as positive numbers")
    try:
        v, p, c = np.broadcast_arrays(*(whole_cents(name, part) for name, part in zip(("value", "price", "cost"), parts,
                                                                                strict=True)))
    except ValueError as error:
        if isinstance(error, DataError):
            raise
        raise ValueError(f"value, price and cost have {', '.join(str(len(part)) for part in parts)} entries: give one "
                         "number or as many as the others") from None
    total = v - c
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(total > 0, (v - p) / total, np.nan)
    return pd.DataFrame({"value": v / 100, "price": p / 100, "cost": c / 100, "customer": (v - p) / 100,
                         "seller": (p - c) / 100, "total": total / 100, "customer_share": share,
                         "win_win": (v > p) & (p > c)}, index=None if first is None else indexed[first].index)


def value_gaps(survey, *, potential="value_potential", expected="value_expected", realised="value_realised",
               customer="customer_id") -> pd.DataFrame:
    """Return where value is lost between what an offer could be worth and what it turns out to be worth.

    ``communication gap = potential - expected``, ``delivery gap = expected - realised``, and the two add up to
    ``total gap = potential - realised``.

    Parameters
    ----------
    survey : pandas.DataFrame
        One row per respondent: `customer` and the three columns, in the same money.
    potential, expected, realised : str
        Columns: what it could be worth (potential value), what the customer took it to be worth before buying
        (perceived value), what it is worth in use (realised value).
    customer : str
        Column that names the respondent.

    Returns
    -------
    pandas.DataFrame
        Index `customer`: ``communication_gap, delivery_gap, total_gap``. Above zero something is missing.

    Examples
    --------
    >>> survey = pd.DataFrame({"customer_id": [7], "value_potential": [100], "value_expected": [80],
    ...                        "value_realised": [90]})
    >>> value_gaps(survey).loc[7].to_dict()
    {'communication_gap': 20.0, 'delivery_gap': -10.0, 'total_gap': 10.0}
    """
    table = respondents(survey, [potential, expected, realised], customer=customer)
    top, middle, low = (whole_cents(name, table[name]) for name in (potential, expected, realised))
    return pd.DataFrame({"communication_gap": (top - middle) / 100, "delivery_gap": (middle - low) / 100,
                         "total_gap": (top - low) / 100}, index=table.index)


def component_advantages(survey, *, components=None, costs=None, rival="rival_", per="cost_price", groups=None,
                         customer="customer_id", level=0.95, seed=0, draws=400) -> pd.DataFrame:
    """Return where we are better than a rival, component by component: medians per 100 of what is paid.

    Parameters
    ----------
    survey : pandas.DataFrame
        One row per respondent, with each component for us and, after the prefix `rival`, for the rival.
    components : sequence of str
        Columns. Default: all nine.
    costs : sequence of str, optional
        Which of the components are costs, where less is better. Default: those whose names start with ``cost``, if
        the others start with ``value``.
    rival : str
        Prefix of the rival's columns.
    per : str
        What the money is divided by, respondent by respondent, before the median is taken: without it the largest
        customers would decide alone.
    groups : pandas.Series, optional
        A group for each respondent (index: `customer`), for a table by group.
    level, seed, draws
        Of the bootstrap interval: respondents are drawn with replacement, within their group. NaN for fewer than
        three.

    Returns
    -------
    pandas.DataFrame
        ``group, component, size`` (median per 100), ``advantage`` (median of ours less theirs, costs turned round),
        ``low, high``.

    Examples
    --------
    >>> survey = pd.DataFrame({"customer_id": [1, 2, 3], "cost_price": [100, 200, 50],
    ...                        "rival_cost_price": [90, 180, 45]})
    >>> component_advantages(survey, components=["cost_price"])[["component", "size", "advantage"]]
        component   size  advantage
    0  cost_price  100.0      -10.0
    """
    components = list(components or VALUES + COSTS)
    level, draws = check_level(level), check_count("draws", draws)
    if costs is None:
        costs = [name for name in components if name.startswith("cost")]
        if unknown := [name for name in components if not name.startswith(("cost", "value"))]:
            raise ValueError(f"{', '.join(unknown)}: a value or a cost? Name those that are costs with costs=…")
    elif strange := sorted(set(costs) - set(components)):
        raise ValueError(f"costs {', '.join(strange)} are not among the components")
    if groups is not None and not isinstance(groups, pd.Series):
        raise TypeError("groups must be a Series: a group for each respondent, the index names them")
    names = [*components, *(rival + name for name in components), per]
    need_columns("survey", survey, (customer,))
    if absent := [rival + name for name in components if rival + name not in survey.columns]:
        raise DataError(f"the rival has not all components: {', '.join(absent)} is missing; ask for it, or leave the "
                        "component out")
    table = respondents(survey, names, customer=customer, minimum=3)
    if (table[per] <= 0).any():
        raise DataError(f"{int((table[per] <= 0).sum()):,} respondent(s) have no positive {per} to divide by")
    for name in costs:
        for column in (name, rival + name):
            no_negative(column, table[column], "give costs as positive numbers; they are subtracted here")
    group = pd.Series("all", index=table.index) if groups is None else groups.reindex(table.index)
    if group.isna().any():
        raise DataError(f"{int(group.isna().sum()):,} respondent(s) have no group")
    rows = []
    for name, part in table.groupby(group.to_numpy(), sort=True):
        size = 100 * part[components].div(part[per], axis=0)
        sign = np.array([-1.0 if component in costs else 1.0 for component in components])
        gain = 100 * sign * (part[components].to_numpy() - part[[rival + c for c in components]].to_numpy())
        # sorted, so that neither the order of the rows nor the names of the respondents move the interval
        gain = np.sort(gain / part[per].to_numpy()[:, None], axis=0)
        picks = np.random.default_rng(seed).integers(len(part), size=(draws, len(part)))
        low = high = np.full(len(components), np.nan)
        if len(part) >= 3:
            low, high = np.quantile(np.median(gain[picks], axis=1), [(1 - level) / 2, (1 + level) / 2], axis=0)
        rows.append(pd.DataFrame({"group": name, "component": components, "size": size.median().to_numpy(),
                                  "advantage": np.median(gain, axis=0), "low": low, "high": high}))
    return pd.concat(rows, ignore_index=True)
