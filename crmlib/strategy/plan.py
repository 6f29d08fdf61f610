"""From measures to a plan: what fits a budget, what plans are worth together, and what would change the choice."""

import itertools

import numpy as np
import pandas as pd

from crmlib.checks import check_count, check_positive, shown
from crmlib.errors import DataError
from crmlib.intervals import check_level


def customer_draws(sums, *, draws=1000, seed=0) -> pd.DataFrame:
    """Return the column totals of samples of customers, drawn with replacement: one bootstrap for all measures.

    Measures that share a number (a renewal rate, a mean profit) are wrong together; drawn together, so are their
    totals, and the interval of a plan knows it.

    Parameters
    ----------
    sums : pandas.DataFrame
        One row per customer; every column something that is added up over customers.
    draws, seed : int

    Returns
    -------
    pandas.DataFrame
        One row per draw, the columns of `sums`.

    Raises
    ------
    DataError
        If there is no row, or a value is missing.

    Examples
    --------
    >>> customer_draws(pd.DataFrame({"renewed": [1.0, 0.0, 1.0], "due": 1.0}), draws=4)["due"].tolist()
    [3.0, 3.0, 3.0, 3.0]
    """
    if not len(sums):
        raise DataError("sums has no row: there is no customer to draw")
    x = sums.to_numpy(dtype=float)
    if gaps := int((~np.isfinite(x)).any(axis=1).sum()):
        raise DataError(f"sums: {gaps:,} of {len(x):,} customers have a missing value: write 0 where nothing happened")
    rng, number = np.random.default_rng(seed), check_count("draws", draws)
    chance = np.full(len(x), 1 / len(x))
    # some hundred draws at a time: a draw has a weight for every customer
    parts = [rng.multinomial(len(x), chance, size=size) @ x
             for size in [250] * (number // 250) + [number % 250] * (number % 250 > 0)]
    return pd.DataFrame(np.concatenate(parts), columns=sums.columns)


def choose_measures(measures, budget) -> pd.DataFrame:
    """Return which measures a budget should buy: those that bring more than they cost, the best yuan first.

    Every measure is a list that can be begun from the top, so the last one may be bought in part. With gains that are
    known this order is the best there is; with estimates it is the best guess.

    Parameters
    ----------
    measures : pandas.DataFrame
        One row per measure, by name: ``gain`` (money), ``cost`` (money, all of it, zero or more).
    budget : float
        Money.

    Returns
    -------
    pandas.DataFrame
        Rows as in `measures`: ``share`` (bought, 0 to 1), ``spend, gain, net`` of that share, and ``return`` (gain per
        yuan; infinite where nothing is spent for a gain).

    Raises
    ------
    DataError
        If a name stands twice, a number is missing, or a cost is below zero.

    Examples
    --------
    >>> measures = pd.DataFrame({"gain": [300.0, 500.0, 50.0], "cost": [100.0, 400.0, 80.0]}, index=["a", "b", "c"])
    >>> choose_measures(measures, 300)[["share", "net"]].to_numpy().tolist()
    [[1.0, 200.0], [0.5, 50.0], [0.0, 0.0]]
    """
    table, left = _measures(measures), check_positive("budget", budget, zero=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        worth = np.where(table["cost"] > 0, table["gain"] / table["cost"], np.where(table["gain"] > 0, np.inf, 0.0))
    share = np.zeros(len(table))
    for k in np.argsort(-worth, kind="stable"):
        cost = table["cost"].iloc[k]
        if worth[k] > 1:
            share[k] = 1.0 if cost <= left else left / cost
            left -= share[k] * cost
    return pd.DataFrame({"share": share, "spend": share * table["cost"], "gain": share * table["gain"] + 0.0,  # no -0
                         "net": share * (table["gain"] - table["cost"]) + 0.0, "return": worth}, index=table.index)


def _measures(measures):
    if absent := [name for name in ("gain", "cost") if name not in measures]:
        raise DataError(f"measures lack the column(s) {', '.join(absent)}")
    table = measures[["gain", "cost"]].astype(float)
    if table.index.has_duplicates:
        raise DataError(f"the measure {shown(table.index[table.index.duplicated()][0])} stands twice in measures: "
                        "what is bought twice is counted twice")
    for name, wrong in (("gain or cost is missing", ~np.isfinite(table).all(axis=1)),
                        ("cost is below zero", table["cost"] < 0)):
        if wrong.any():
            raise DataError(f"{name} in {int(wrong.sum()):,} of {len(table):,} measures, the first is "
                            f"{shown(table.index[wrong][0])}")
    return table


def plan_values(plans, measures, *, draws, truth=None, level=0.95) -> pd.DataFrame:
    """Return what plans net, with intervals, and how often each of them is the best.

    Parameters
    ----------
    plans : mapping of str to pandas.Series
        Share of each measure that a plan buys, 0 to 1; a measure that is not named is not bought.
    measures : pandas.DataFrame
        ``gain, cost`` by measure. What a plan spends is decided, and not drawn.
    draws : pandas.DataFrame
        Gains by draw (rows) and measure (columns), as estimated anew from samples of the customers.
    truth : pandas.Series, optional
        True gain of every measure, as only a simulation knows.
    level : float
        Of the percentile intervals.

    Returns
    -------
    pandas.DataFrame
        Index plan: ``spend, net, low, high`` (money), ``first`` (share of the draws in which no other plan nets more;
        equal ones share it); with `truth` also ``truth`` (true net).

    Raises
    ------
    DataError
        If there is no plan, a plan names an unknown measure, or a share is not between 0 and 1.

    Examples
    --------
    >>> measures = pd.DataFrame({"gain": [30.0, 50.0], "cost": [10.0, 40.0]}, index=["a", "b"])
    >>> drawn = pd.DataFrame({"a": [20.0, 40.0, 30.0], "b": [60.0, 30.0, 52.0]})
    >>> plan_values({"one": pd.Series({"a": 1.0}), "both": pd.Series({"a": 1.0, "b": 1.0})}, measures,
    ...             draws=drawn)[["net", "first"]].round(2).to_numpy().tolist()
    [[20.0, 0.33], [30.0, 0.67]]
    """
    table, tail = _measures(measures), (1 - check_level(level)) / 2
    if not len(plans):
        raise DataError("there is no plan to judge")
    if absent := [name for name in table.index if name not in draws]:
        raise DataError(f"draws lack the measure(s) {', '.join(map(str, absent))}")
    shares = pd.DataFrame({name: _shares(name, plan, table.index) for name, plan in plans.items()})
    spend = shares.T @ table["cost"]
    nets = draws[list(table.index)].to_numpy(dtype=float) @ shares.to_numpy() - spend.to_numpy()
    best = np.isclose(nets, nets.max(axis=1, keepdims=True))
    result = pd.DataFrame({"spend": spend, "net": shares.T @ table["gain"] - spend}).rename_axis("plan")
    result["low"], result["high"] = np.quantile(nets, [tail, 1 - tail], axis=0)
    result["first"] = (best / best.sum(axis=1, keepdims=True)).mean(axis=0)
    if truth is not None:
        result["truth"] = shares.T @ truth.reindex(table.index).astype(float) - spend
    return result


def _shares(name, plan, known):
    if strange := [each for each in plan.index if each not in known]:
        raise DataError(f"the plan {name!r} names {shown(strange[0])}, which is no measure")
    shares = plan.astype(float).reindex(known).fillna(0.0)
    if ((shares < 0) | (shares > 1 + 1e-9)).any():
        raise DataError(f"the plan {name!r} buys {shares[(shares < 0) | (shares > 1)].iloc[0]:g} of a measure: a share "
                        "lies between 0 and 1")
    return shares


def one_way(net, base, ranges, *, shares) -> pd.DataFrame:
    """Return how far one number at a time moves the plan, and from where on the choice would be another one.

    Parameters
    ----------
    net : callable
        ``net(**inputs)`` gives the net of every whole measure, a pandas.Series by name.
    base : mapping of str to number
        What the plan was made with.
    ranges : mapping of str to sequence of number
        Values to try for each input, in order; the others stay at `base`. With the base among them or not.
    shares : pandas.Series
        What the plan buys of each measure.

    Returns
    -------
    pandas.DataFrame
        One row per input, the one that moves the plan most first: ``base, low, high`` (of the range), ``net_low,
        net_high`` (of the plan as it stands), ``out`` (the value nearest to the base at which a measure that pays no
        longer does; missing: nowhere in the range), ``leaves`` (which), ``in`` and ``enters`` (the same of a measure
        that does not pay and would). Between two values of the range the net is taken to be a straight line; an input
        of whole numbers switches at one of them. Whether a budget has room for what pays is another question.

    Raises
    ------
    DataError
        If a range names an input that is not in `base`, or has fewer than two values.

    Examples
    --------
    >>> def net(price, effect):
    ...     return pd.Series({"advert": 100 - 50 * price, "call": 200 * effect - 10})
    >>> table = one_way(net, {"price": 1.5, "effect": 0.2}, {"price": [1, 2, 3], "effect": [0.1, 0.3]},
    ...                 shares=pd.Series({"advert": 1.0, "call": 1.0}))
    >>> table[["net_low", "net_high", "out", "leaves"]].astype(object).to_numpy().tolist()
    [[80.0, -20.0, 2.0, 'advert'], [35.0, 75.0, nan, '']]
    """
    start, rows = net(**base), {}
    bought = shares.reindex(start.index).fillna(0.0)
    for name, values in ranges.items():
        values = [float(value) if isinstance(value, np.floating) else value for value in values]
        if name not in base:
            raise DataError(f"ranges has {name!r}, which is no input: inputs are {', '.join(base)}")
        if len(values) < 2:
            raise DataError(f"the range of {name} needs two values or more")
        found = {value: net(**dict(base) | {name: value}) for value in values}
        ends = [(bought * found[value]).sum() for value in (values[0], values[-1])]
        rows[name] = {"base": base[name], "low": values[0], "high": values[-1], "net_low": ends[0], "net_high": ends[1],
                      **_switches({**found, base[name]: start}, base[name])}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("input")
    return table.loc[(table["net_high"] - table["net_low"]).abs().sort_values(ascending=False, kind="stable").index]


def _switches(found, base):
    """Nearest to the base, where a measure that pays stops to pay, and where one that does not begins to."""
    whole, best = all(isinstance(value, int | np.integer) for value in found), {}
    for values in (sorted(v for v in found if v <= base)[::-1], sorted(v for v in found if v >= base)):
        for before, after in itertools.pairwise(values):
            for name in found[base].index[(found[after] > 0) != (found[before] > 0)]:
                near, far = found[before][name], found[after][name]
                value = after if whole else before + (after - before) * near / (near - far)
                way = "in" if far > 0 else "out"
                if (found[base][name] > 0) == (way == "out") and (
                        way not in best or abs(value - base) < abs(best[way][0] - base)):
                    best[way] = value, name
    out, into = best.get("out", (np.nan, "")), best.get("in", (np.nan, ""))
    return {"out": out[0], "leaves": out[1], "in": into[0], "enters": into[1]}
