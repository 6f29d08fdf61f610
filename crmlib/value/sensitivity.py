"""How far does a ranking depend on taste? One weight at a time, all weights at once, other methods, other rivals."""

import numpy as np
import pandas as pd

from crmlib.checks import check_choice, check_count, check_positive, shown
from crmlib.errors import DataError
from crmlib.value.aggregation import choose, ranking, weighted_sum
from crmlib.value.arguments import check_weights, decision_matrix, one_scale, twelve_digits

_PAIRS_OF = 1_000  # alternatives of which every pair is still looked at in a few seconds


def moved_weights(weights, criterion, weight: float) -> pd.Series:
    """Return weights in which one criterion has another weight and the others keep their proportions.

    Examples
    --------
    >>> moved_weights(pd.Series({"sales": 0.5, "credit": 0.3, "profit": 0.2}), "sales", 0.0).round(3).to_dict()
    {'sales': 0.0, 'credit': 0.6, 'profit': 0.4}
    """
    weights = pd.Series(weights, dtype=float)
    weights = check_weights(weights, weights.index)
    if criterion not in weights.index:
        raise DataError(f"{shown(criterion)} is no criterion; the criteria are {', '.join(map(str, weights.index))}")
    if not 0 <= weight <= 1:
        raise ValueError(f"weight {weight:g} is not between 0 and 1")
    others = 1 - weights[criterion]
    if others <= 0:
        raise DataError(f"{shown(criterion)} has all the weight: the others have no proportions to keep")
    moved = weights * ((1 - weight) / others)
    moved[criterion] = weight
    return moved


def weight_sweep(matrix, weights, criterion, *, steps: int = 101) -> pd.DataFrame:
    """Return weighted sums while one weight goes from 0 to 1 and the others keep their proportions.

    Parameters
    ----------
    matrix : pandas.DataFrame
        Normalised values, more being better.
    weights : mapping or pandas.Series
        Sum 1.
    criterion : label
        Whose weight moves.
    steps : int
        How many weights, ends included.

    Returns
    -------
    pandas.DataFrame
        ``weight, alternative, score, rank``.

    Examples
    --------
    >>> table = pd.DataFrame({"sales": [1.0, 0.0], "credit": [0.0, 1.0]}, index=["big", "safe"])
    >>> weight_sweep(table, {"sales": 0.5, "credit": 0.5}, "sales", steps=2)["rank"].tolist()
    [2, 1, 1, 2]
    """
    table, weights, flat, own = _lines(matrix, weights, criterion)
    parts = []
    for t in np.linspace(0, 1, check_count("steps", steps, minimum=2)):
        score = pd.Series(t * own + (1 - t) * flat, index=table.index)
        parts.append(pd.DataFrame({"weight": t, "alternative": table.index, "score": score.to_numpy(),
                                   "rank": ranking(score).to_numpy()}))
    return pd.concat(parts, ignore_index=True)


def _lines(matrix, weights, criterion):
    """A weighted sum is a straight line in one weight: its value at 0 and at 1, for each alternative."""
    table = decision_matrix(matrix)
    one_scale(table, "same")
    weights = check_weights(weights, table.columns)
    flat = (table * moved_weights(weights, criterion, 0.0)).sum(axis=1).to_numpy()
    return table, weights, flat, table[criterion].to_numpy()


def crossings(matrix, weights, criterion) -> pd.DataFrame:
    """Return the weights of one criterion at which two alternatives change places, computed, not read off a picture.

    With t the weight, v the value on the criterion and R the weighted sum of the others, ``t v + (1 - t) R`` is the
    score; two of them are equal at ``t = (R₂ - R₁) / ((v₁ - v₂) + (R₂ - R₁))``.

    Parameters
    ----------
    matrix, weights, criterion
        As in `weight_sweep`; for some ten alternatives: every pair is looked at.

    Returns
    -------
    pandas.DataFrame
        ``weight`` (strictly between 0 and 1, ascending), ``above`` (who is ahead to the right of it), ``below``.

    Examples
    --------
    >>> table = pd.DataFrame({"sales": [1.0, 0.0], "credit": [0.2, 1.0]}, index=["big", "safe"])
    >>> crossings(table, {"sales": 0.5, "credit": 0.5}, "sales").round(3)
       weight above below
    0   0.444   big  safe
    """
    table, _, flat, own = _lines(matrix, weights, criterion)
    if len(table) > _PAIRS_OF:
        raise ValueError(f"{len(table):,} alternatives have {len(table) * (len(table) - 1) // 2:,} pairs: take those "
                         f"at the border of the list, {_PAIRS_OF:,} at most")
    rows = []
    for i in range(len(table)):
        for j in range(i + 1, len(table)):
            at = float(_meet(flat[i], own[i], flat[j], own[j]))
            if 0 < at < 1:
                winner, loser = (i, j) if own[i] > own[j] else (j, i)
                rows.append((at, table.index[winner], table.index[loser]))
    found = pd.DataFrame(rows, columns=["weight", "above", "below"])
    return found.sort_values("weight", kind="stable", ignore_index=True)


def _meet(flat_1, own_1, flat_2, own_2):
    """Where two lines cross; NaN for lines that are parallel or the same."""
    rise = (own_1 - own_2) + (flat_2 - flat_1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.abs(rise) > 1e-15, (flat_2 - flat_1) / rise, np.nan)


def stable_range(matrix, weights, criterion, *, places: int) -> pd.Series:
    """Return how far one weight can move before the list of the chosen changes.

    Parameters
    ----------
    matrix, weights, criterion
        As in `weight_sweep`; any number of alternatives.
    places : int
        How many are chosen.

    Returns
    -------
    pandas.Series
        ``weight`` (now), ``low`` and ``high`` (between them the same alternatives are chosen), and who changes at each
        end: ``leaves_low, enters_low, leaves_high, enters_high`` (None where the end is 0 or 1).

    Raises
    ------
    DataError
        If alternatives tie at the border already.

    Examples
    --------
    >>> table = pd.DataFrame({"sales": [1.0, 0.0], "credit": [0.2, 1.0]}, index=["big", "safe"])
    >>> stable_range(table, {"sales": 0.5, "credit": 0.5}, "sales", places=1)[["low", "high", "enters_low"]].to_dict()
    {'low': 0.4444444444444445, 'high': 1.0, 'enters_low': 'safe'}
    """
    table, weights, flat, own = _lines(matrix, weights, criterion)
    now = float(weights[criterion])
    inside = table.index.isin(choose(pd.Series(now * own + (1 - now) * flat, index=table.index), places))
    members, others = np.flatnonzero(inside), np.flatnonzero(~inside)
    found = {"weight": now, "low": 0.0, "high": 1.0, "leaves_low": None, "enters_low": None, "leaves_high": None,
             "enters_high": None}
    if len(others):
        at = _meet(flat[members][:, None], own[members][:, None], flat[others], own[others])
        for end, side in (("low", (at > 0) & (at < now)), ("high", (at > now) & (at < 1))):
            if side.any():
                values = np.where(side, at, -np.inf if end == "low" else np.inf)
                k = int(values.argmax() if end == "low" else values.argmin())
                i, j = np.unravel_index(k, at.shape)
                found |= {end: float(at[i, j]), f"leaves_{end}": table.index[members[i]],
                          f"enters_{end}": table.index[others[j]]}
    return pd.Series(found, dtype=object)


def weight_simulation(matrix, *, draws: int = 2000, seed: int, places: int = 1, weights=None, concentration=None,
                      order=None) -> pd.DataFrame:
    """Return how often each alternative wins a place when the weights are drawn at random.

    Parameters
    ----------
    matrix : pandas.DataFrame
        Normalised values, more being better.
    draws : int
    seed : int
    places : int
        How many are chosen.
    weights : mapping or pandas.Series, optional
        Centre of the draws, sum 1; without it all weights between 0 and 1 that sum to 1 are equally likely.
    concentration : float, optional
        With `weights`: how near the draws stay to them (Dirichlet parameters are concentration times weights). A weight
        w is drawn with a standard deviation of √(w (1 - w) / (concentration + 1)).
    order : sequence, optional
        Criteria from the most important: only weights in this order are drawn. Not together with `weights`.

    Returns
    -------
    pandas.DataFrame
        One row per alternative: ``p_first`` (share of draws with rank 1), ``p_chosen`` (with a place), ``mean_rank``,
        ``best_rank``, ``worst_rank``. Ties count by the order of the rows, so that places are given away exactly.

    Raises
    ------
    ValueError
        If arguments do not go together.
    DataError
        If values or weights do not fit.

    Notes
    -----
    Without `weights` this is the idea of SMAA (Lahdelma, Hokkanen & Salminen 1998) for weights that nobody has stated.

    Examples
    --------
    >>> table = pd.DataFrame({"sales": [1.0, 0.0], "credit": [0.0, 1.0]}, index=["big", "safe"])
    >>> weight_simulation(table, draws=4000, seed=1)["p_first"].round(1).tolist()
    [0.5, 0.5]
    """
    table = decision_matrix(matrix)
    one_scale(table, "same")
    draws, places = check_count("draws", draws), check_count("places", places)
    if places > len(table):
        raise ValueError(f"{places:,} places for {len(table):,} alternatives: there is nothing to choose")
    if (weights is None) != (concentration is None):
        raise ValueError("weights and concentration go together: where the draws lie, and how near to it")
    if order is not None and weights is not None:
        raise ValueError("order and weights exclude each other: an order has no centre")
    rng, k = np.random.default_rng(seed), table.shape[1]
    if weights is None:
        drawn = rng.dirichlet(np.ones(k), size=draws)
        if order is not None:
            if sorted(map(str, order)) != sorted(map(str, table.columns)):
                raise DataError(f"order must name every criterion once: {', '.join(map(str, table.columns))}")
            drawn = -np.sort(-drawn, axis=1)[:, [list(order).index(name) for name in table.columns]]
    else:
        centre = check_weights(weights, table.columns)
        alpha = check_positive("concentration", concentration) * centre.to_numpy()
        drawn = np.zeros((draws, k))
        drawn[:, alpha > 0] = rng.dirichlet(alpha[alpha > 0], size=draws)
    n = len(table)
    values, first, chosen = table.to_numpy(), np.zeros(n), np.zeros(n)
    total, best, worst = np.zeros(n), np.full(n, n), np.zeros(n, dtype=int)
    for block in np.array_split(drawn, max(1, draws * n // 1_000_000)):
        scores = np.rint(1e12 * (block @ values.T) / max(np.abs(values).max(), 1e-300))
        sequence = np.argsort(-scores, axis=1, kind="stable")
        ranks = np.empty_like(sequence)
        np.put_along_axis(ranks, sequence, np.arange(1, n + 1)[None, :].repeat(len(block), axis=0), axis=1)
        first += (ranks == 1).sum(axis=0)
        chosen += (ranks <= places).sum(axis=0)
        total += ranks.sum(axis=0)
        best, worst = np.minimum(best, ranks.min(axis=0)), np.maximum(worst, ranks.max(axis=0))
    return pd.DataFrame({"p_first": first / draws, "p_chosen": chosen / draws, "mean_rank": total / draws,
                         "best_rank": best, "worst_rank": worst}, index=table.index)


def rank_reversals(matrix, score, *, drop=None) -> pd.DataFrame:
    """Return the pairs that change places because a third alternative is taken out of the table.

    Parameters
    ----------
    matrix : pandas.DataFrame
        Raw values: the normalisation has to be inside `score`.
    score : callable
        ``score(matrix)`` returns one score per row, for instance
        ``lambda m: topsis(m, weights)["closeness"]``.
    drop : sequence, optional
        Which alternatives are taken out, one at a time; all by default.

    Returns
    -------
    pandas.DataFrame
        ``dropped, was_ahead, now_ahead``; no row, no reversal. Pairs that tie before or after do not count.

    Examples
    --------
    >>> from crmlib.value import normalise
    >>> offers = pd.DataFrame({"size": [100, 50, 40], "service": [0, 40, 100]}, index=["a", "b", "c"])
    >>> even = lambda m: weighted_sum(normalise(m, method="max"), {"size": 0.5, "service": 0.5})
    >>> rank_reversals(offers, even).values.tolist()
    [['c', 'a', 'b']]
    """
    table = decision_matrix(matrix, rows=2)
    out = list(table.index) if drop is None else list(drop)
    if strange := [shown(name) for name in out if name not in table.index]:
        raise DataError(f"drop names {strange[0]}, which is no alternative")
    before = pd.Series(twelve_digits(score(table)), index=table.index)
    rows = []
    for name in out:
        rest = table.drop(index=name)
        after = pd.Series(twelve_digits(score(rest)), index=rest.index)
        was, now = before[rest.index].to_numpy(), after.to_numpy()
        for i, j in np.argwhere((was[:, None] > was) & (now[:, None] < now)):
            rows.append((name, rest.index[i], rest.index[j]))
    return pd.DataFrame(rows, columns=["dropped", "was_ahead", "now_ahead"])


def ranking_agreement(scores, *, measure: str = "kendall", places=None) -> pd.DataFrame:
    """Return how far several rankings of the same alternatives agree, each with each.

    Parameters
    ----------
    scores : pandas.DataFrame or mapping of str to pandas.Series
        One column per method, more being better.
    measure : {"kendall", "spearman", "chosen"}
        Kendall's tau-b (of two alternatives, how much more often they stand in the same order than not), Spearman's
        correlation of ranks, or how many of the chosen are the same.
    places : int, optional
        With ``"chosen"``: how many are chosen. Ties at the border are an error.

    Returns
    -------
    pandas.DataFrame
        Square; NaN where a ranking has no differences at all.

    Examples
    --------
    >>> ranking_agreement(pd.DataFrame({"sum": [3, 2, 1], "topsis": [3, 1, 2]})).round(3).loc["sum", "topsis"].item()
    0.333
    """
    check_choice("measure", measure, ("kendall", "spearman", "chosen"))
    if (measure == "chosen") != (places is not None):
        raise ValueError("places belong to measure='chosen', and it needs them")
    table = decision_matrix(pd.DataFrame(dict(scores)), name="scores", rows=2)
    if measure != "chosen":
        ranks = table.apply(lambda column: pd.Series(twelve_digits(column), index=column.index))
        found = ranks.corr(method=measure)
        for name in found.index[found.notna().any()]:
            found.loc[name, name] = 1.0
        return found
    lists = {name: set(choose(column, places)) for name, column in table.items()}
    return pd.DataFrame({a: {b: len(lists[a] & lists[b]) for b in lists} for a in lists})


def effective_weights(matrix, weights) -> pd.Series:
    """Return which share of the differences between scores each criterion makes, whatever weight was stated.

    ``e_j = cov(w_j v_j, V) / var(V)``; the shares sum to 1. A criterion counts more than stated if it spreads more than
    the others, or if others say the same; it may be negative if it goes against them.

    Parameters
    ----------
    matrix : pandas.DataFrame
        Normalised values, as they go into `weighted_sum`.
    weights : mapping, pandas.Series or sequence
        Sum 1.

    Returns
    -------
    pandas.Series
        By criterion.

    Raises
    ------
    DataError
        If all scores are equal, so that there is nothing to share out.

    Examples
    --------
    >>> table = pd.DataFrame({"sales": [0.0, 0.1, 1.0], "profit": [0.0, 0.1, 1.0], "credit": [0.4, 0.6, 0.5]})
    >>> effective_weights(table, {"sales": 0.4, "profit": 0.3, "credit": 0.3}).round(2).to_dict()
    {'sales': 0.56, 'profit': 0.42, 'credit': 0.01}
    """
    table = decision_matrix(matrix, rows=2)
    weights = check_weights(weights, table.columns)
    score = weighted_sum(table, weights)
    if not np.ptp(twelve_digits(score)) > 0:
        raise DataError("all scores are equal: there are no differences to share out among the criteria")
    centred = table - table.mean()
    return ((centred * weights).mul(score - score.mean(), axis=0).sum() / ((score - score.mean()) ** 2).sum()).rename(
        "effective_weight")
