"""What was done in a contract year, what came of it, and what doing it for more customers would be worth."""

import numpy as np
import pandas as pd

from crmlib.checks import check_count, check_positive, shown
from crmlib.churn.arguments import aligned, columns, days, numbers
from crmlib.contracts import YEAR, check_years, within
from crmlib.errors import DataError
from crmlib.intervals import check_level, normal_quantile, share_interval
from crmlib.lines import daily_cents
from crmlib.rows import outcomes


def contract_years(contracts, *, contacts=None, incidents=None, lines=None, costs=None) -> pd.DataFrame:
    """Return the contract years with what happened in each: contacts, failures, and what the customer earned us.

    Parameters
    ----------
    contracts : pandas.DataFrame
        One row per contract year: ``contract_id, customer_id, started_on, due_on``; other columns are kept.
    contacts : pandas.DataFrame, optional
        ``customer_id, date`` of the contacts that do not sell. Gives ``neglected``: true if the year had none.
    incidents : pandas.DataFrame, optional
        ``customer_id, date, handling`` of the failures. Gives ``failures`` (how many) and ``handling`` (how it was
        handled, if there was exactly one; missing otherwise).
    lines, costs : pandas.DataFrame or ibis.Table, mapping of these; optional
        Order lines (``customer_id, date, margin``) and what serving cost (``customer_id, date, cost``). Give
        ``profit`` of the year: margin less cost, summed in whole cents in the engine.

    Returns
    -------
    pandas.DataFrame
        As `contracts`, rows in the same order. What happens on the day a year ends belongs to the next one.

    Raises
    ------
    DataError
        If columns are missing, ids are missing, there twice or of two types, a year ends before it starts, or years of
        one customer overlap.

    Examples
    --------
    >>> day = pd.Timestamp("2024-01-01")
    >>> contracts = pd.DataFrame({"contract_id": [7, 8], "customer_id": [1, 2], "started_on": day,
    ...                           "due_on": day + pd.Timedelta(days=365)})
    >>> calls = pd.DataFrame({"customer_id": [1], "date": [day + pd.Timedelta(days=30)]})
    >>> contract_years(contracts, contacts=calls)["neglected"].tolist()
    [False, True]
    """
    table = days("contracts", columns(contracts, YEAR, "contracts"), ["started_on", "due_on"]).reset_index(drop=True)
    check_years(table)
    ordered = table.sort_values(["customer_id", "started_on"])
    overlap = ordered["customer_id"].eq(ordered["customer_id"].shift()) & (ordered["started_on"]
                                                                          < ordered["due_on"].shift())
    if overlap.any():
        raise DataError(f"contracts: {int(overlap.sum()):,} contract year(s) overlap with the one before, first "
                        f"customer {shown(ordered.loc[overlap, 'customer_id'].iloc[0])}")

    def inside(events, name, more=()):
        events = days(name, columns(events, ["customer_id", "date", *more], name), ["date"])
        return within(table, events[["customer_id", "date", *more]], name=name)

    if contacts is not None:
        table["neglected"] = ~table["contract_id"].isin(inside(contacts, "contacts")["contract_id"])
    if incidents is not None:
        found = inside(incidents, "incidents", ["handling"]).groupby("contract_id")["handling"].agg(["size", "first"])
        found = found.reindex(table["contract_id"])
        table["failures"] = found["size"].fillna(0).astype(int).to_numpy()
        table["handling"] = found["first"].where(found["size"] == 1).to_numpy()
    if costs is not None and lines is None:
        raise ValueError("costs need lines: a profit is a margin less costs")
    if lines is not None:
        cents = _cents_within(table, lines, "margin", "lines")
        for name, each in dict(costs or {}).items():
            cents = cents.sub(_cents_within(table, each, "cost", name), fill_value=0)
        table["profit"] = table["contract_id"].map(cents).fillna(0).to_numpy() / 100
    return table


def _cents_within(years, table, money, name):
    """Sum money by contract year, in whole cents: per day in the engine, then into the years."""
    daily = daily_cents(table, money, name=name)
    both = within(years, daily.assign(day=pd.to_datetime(daily["day"])), name=name, day="day")
    return both.groupby("contract_id")["cents"].sum().astype("int64")


def stay_effect(stayed, treated, *, level=0.95) -> pd.Series:
    """Return how many more stay with a treatment than without it.

    It is the effect **of** the treatment only if chance decided who was treated; otherwise it is how two groups differ.
    Rows count as independent: where customers have several (contract years), few rows each change little, and
    `saving_gain` can draw whole customers.

    Parameters
    ----------
    stayed, treated : array-like of bool
        One value per customer and decision.
    level : float
        Of the intervals.

    Returns
    -------
    pandas.Series
        ``treated, untreated`` (numbers); ``stay_treated, stay_untreated`` (shares); ``difference, difference_low,
        difference_high`` (share, Newcombe's interval from two Wilson intervals); ``exit_share, exit_share_low,
        exit_share_high``: the part of those who would have stayed without it and leave with it,
        ``1 - stay_treated / stay_untreated`` (log interval, where everybody stayed in a group from the two Wilson
        intervals; negative: the treatment keeps people). NaN if nobody stayed in one of the groups.

    Raises
    ------
    DataError
        If values are missing, lengths or indexes differ, or one of the groups is empty.

    Examples
    --------
    >>> effect = stay_effect([1] * 8 + [0] * 2 + [1] * 6 + [0] * 4, [1] * 10 + [0] * 10)
    >>> effect[["difference", "difference_low", "difference_high"]].round(3).tolist()
    [0.2, -0.187, 0.521]
    """
    level = check_level(level)
    aligned(stayed, treated, ("stayed", "treated"))
    stay, touched = outcomes("stayed", np.asarray(stayed)), outcomes("treated", np.asarray(treated))
    if len(stay) != len(touched):
        raise DataError(f"stayed ({len(stay):,}) and treated ({len(touched):,}) must have one value per decision each")
    n, m = int(touched.sum()), int((~touched).sum())
    if not n or not m:
        raise DataError(f"{n:,} treated and {m:,} untreated: a comparison needs both")
    x, y = int(stay[touched].sum()), int(stay[~touched].sum())
    p, q = x / n, y / m
    (p_low, p_high), (q_low, q_high) = share_interval(x, n, level=level), share_interval(y, m, level=level)
    if not x or not y:
        ratio = down = up = np.nan
    elif x == n or y == m:
        ratio = p / q
        down, up = np.hypot(np.log(p / p_low), np.log(q_high / q)), np.hypot(np.log(p_high / p), np.log(q / q_low))
    else:
        ratio = p / q
        down = up = normal_quantile(level) * np.sqrt((1 - p) / x + (1 - q) / y)
    return pd.Series({
        "treated": float(n), "untreated": float(m), "stay_treated": p, "stay_untreated": q, "difference": p - q,
        "difference_low": p - q - np.hypot(p - p_low, q_high - q),
        "difference_high": p - q + np.hypot(p_high - p, q - q_low),
        "exit_share": 1 - ratio, "exit_share_low": 1 - ratio * np.exp(up), "exit_share_high": 1 - ratio * np.exp(-down),
    })


def saving_gain(stayed, treated, values, *, reached, clusters=None, value_clusters=None, level=0.95, draws=10_000,
                seed=0) -> pd.Series:
    """Return the gain of a programme with an interval: a trial says how many more stay, a list what they are worth.

    ``gain = reached · (stay rate treated - stay rate untreated) · mean value``

    It is the gain over reaching **none** of them: who is reached already must not be among the `reached`.

    Parameters
    ----------
    stayed, treated : array-like of bool
        The trial, as in `stay_effect`; chance decided who was treated.
    values : array-like
        What each of the customers reached would be worth if kept, money.
    reached : float
        How many are reached a year who would not be reached otherwise.
    clusters, value_clusters : array-like, optional
        The customer of each row of the trial, and of the values, where a customer may have several rows (contract
        years): whole customers are drawn then. Without them every row counts as a customer of its own.
    level : float
        Of the interval. It carries the chance in the trial and the spread of the values, each drawn on its own, and
        nothing else: a multiple inside the values is taken as known.
    draws, seed : int
        How many draws, and their seed. An end of a 99 % interval rests on one draw in two hundred.

    Returns
    -------
    pandas.Series
        ``rise, value, saved, gain, low, high``. It takes for granted that those who are kept are worth as much on
        average as those who are reached.

    Examples
    --------
    >>> trial = [1] * 80 + [0] * 20 + [1] * 60 + [0] * 40, [1] * 100 + [0] * 100
    >>> saving_gain(*trial, [900, 1100], reached=50)[["rise", "saved", "gain"]].round(2).tolist()
    [0.2, 10.0, 10000.0]
    """
    level, draws = check_level(level), check_count("draws", draws, minimum=50)
    reached, effect = check_positive("reached", reached), stay_effect(stayed, treated)
    worth = numbers("values", np.asarray(values)).to_numpy()
    stay, touched = outcomes("stayed", np.asarray(stayed)), outcomes("treated", np.asarray(treated))
    rng = np.random.default_rng(seed)
    parts = np.column_stack([stay & touched, touched, stay & ~touched, ~touched]).astype(float)
    sums = _drawn_sums(_by_cluster(parts, clusters, "clusters"), draws, rng) if clusters is not None else None
    if sums is None or {0.0, 1.0} & set(effect[["stay_treated", "stay_untreated"]]):
        # rows on their own; or an arm in which all did the same, from which a bootstrap would draw certainty
        n, m, x, y = (effect[name] for name in ("treated", "untreated", "stay_treated", "stay_untreated"))
        rise = rng.beta(x * n + 0.5, n - x * n + 0.5, draws) - rng.beta(y * m + 0.5, m - y * m + 0.5, draws)
    else:
        with np.errstate(invalid="ignore"):
            rise = sums[:, 0] / sums[:, 1] - sums[:, 2] / sums[:, 3]
    pairs = np.column_stack([worth, np.ones(len(worth))])
    sums = _drawn_sums(_by_cluster(pairs, value_clusters, "value_clusters"), draws, rng)
    drawn = reached * rise * (sums[:, 0] / sums[:, 1])
    low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    saved = reached * effect["difference"]
    return pd.Series({"rise": effect["difference"], "value": worth.mean(), "saved": saved, "gain": saved * worth.mean(),
                      "low": low, "high": high})


def _by_cluster(parts, clusters, name):
    """Return the sums of the columns of `parts` by cluster; without clusters, the rows."""
    if clusters is None:
        return parts
    ids = pd.Series(np.asarray(clusters))
    if len(ids) != len(parts) or ids.isna().any():
        raise DataError(f"{name} must name the customer of each of the {len(parts):,} rows")
    return pd.DataFrame(parts).groupby(ids.to_numpy()).sum().to_numpy()


def _drawn_sums(rows, draws, rng):
    """Return the column sums of bootstrap samples of the rows; of many rows, of their normal limit."""
    n = len(rows)
    if n > 5_000:
        return n * rng.multivariate_normal(rows.mean(axis=0), np.cov(rows.T) / n, size=draws, method="svd")
    return np.array([rows[rng.integers(n, size=n)].sum(axis=0) for _ in range(draws)])
