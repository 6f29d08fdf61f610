"""What drives satisfaction, what it leads to, and who answers a survey at all."""

import warnings

import numpy as np
import pandas as pd

from crmlib.checks import check_choice, shown
from crmlib.delivered.arguments import numbers, on_scale, respondents, same_respondents
from crmlib.errors import CrmWarning, DataError
from crmlib.intervals import check_level, normal_quantile, share_interval

PRIORITIES = {(True, False): "concentrate here", (True, True): "keep up", (False, False): "low priority",
              (False, True): "possible overkill"}


def driver_weights(survey, *, outcome="satisfaction", drivers=("rating_product", "rating_service", "rating_image"),
                   scale=(1, 10), standardise=False, level=0.95, customer="customer_id") -> pd.DataFrame:
    """Return what drives satisfaction: points of satisfaction per point of each rating, the others held fixed.

    Least squares, with standard errors that do not assume equal spread (HC3).

    Parameters
    ----------
    survey : pandas.DataFrame
        One row per respondent: `customer`, `outcome` and `drivers`.
    outcome : str
        Column of overall satisfaction.
    drivers : sequence of str
        Columns of the ratings.
    scale : (low, high), or None
        All must be on it; None takes any numbers.
    standardise : bool
        Weights per standard deviation (outcome and drivers) instead of per point.
    level : float
        Of the intervals.
    customer : str
        Column that names the respondent.

    Returns
    -------
    pandas.DataFrame
        Index ``driver``: ``weight, low, high``; ``correlation`` with the outcome; ``share`` of the explained variance
        (each driver's gain, averaged over all orders of entry; at most eight drivers), NaN if nothing is explained.
        ``attrs["r_squared"]`` holds the share of the variance that all explain.

    Raises
    ------
    DataError
        If answers are missing or off the scale, a respondent is there twice, there are fewer than three respondents
        more than drivers, or a driver is the same for all or can be computed from the others.

    Notes
    -----
    A weight is a cause only if nothing else moves both the rating and satisfaction.

    Examples
    --------
    >>> survey = pd.DataFrame({"customer_id": range(6), "satisfaction": [4, 5, 6, 7, 8, 9], "food": [2, 3, 4, 5, 6, 7],
    ...                        "wine": [5, 3, 6, 4, 5, 4]})
    >>> driver_weights(survey, drivers=["food", "wine"])["weight"].round(3).to_dict()
    {'food': 1.0, 'wine': 0.0}
    """
    drivers = [drivers] if isinstance(drivers, str) else list(drivers)
    if not drivers or len(set(drivers)) < len(drivers) or outcome in drivers:
        raise ValueError(f"drivers must be different columns other than {outcome!r}, at least one; got {drivers}")
    if len(drivers) > 8:
        raise ValueError(f"{len(drivers)} drivers: take eight at most, and not all of them overlap")
    level = check_level(level)
    table = respondents(survey, [outcome, *drivers], customer=customer, minimum=len(drivers) + 4)
    for name in (outcome, *drivers) if scale is not None else ():
        on_scale(name, table[name], scale)
    if constant := [name for name in (outcome, *drivers) if table[name].nunique() < 2]:
        raise DataError(f"all respondents give the same {', '.join(constant)}: nothing can be learned from it")
    y, x = table[outcome].to_numpy(), table[drivers].to_numpy()
    if standardise:
        y, x = (y - y.mean()) / y.std(ddof=1), (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)
    design = np.column_stack([np.ones(len(y)), x])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise DataError(f"one of {', '.join(drivers)} can be computed from the others: leave it out")
    inverse = np.linalg.inv(design.T @ design)
    weights = inverse @ design.T @ y
    residual = y - design @ weights
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design)
    adjusted = residual / np.maximum(1 - leverage, 1e-9)
    covariance = inverse @ (design.T * adjusted**2) @ design @ inverse
    half = normal_quantile(level) * np.sqrt(np.diag(covariance))
    explained = _entry_gains(y, x)
    total = explained.sum()
    result = pd.DataFrame({
        "weight": weights[1:], "low": (weights - half)[1:], "high": (weights + half)[1:],
        "correlation": [np.corrcoef(y, column)[0, 1] for column in x.T],
        "share": explained / total if total > 1e-12 else np.nan,
    }, index=pd.Index(drivers, name="driver"))
    result.attrs["r_squared"] = float(total)
    return result


def _entry_gains(y, x):
    """Return each column's gain in R squared, averaged over all orders in which the columns may enter."""
    from itertools import combinations
    from math import factorial

    k = x.shape[1]

    def r_squared(columns):
        if not columns:
            return 0.0
        design = np.column_stack([np.ones(len(y)), x[:, list(columns)]])
        residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
        return 1 - (residual @ residual) / ((y - y.mean()) @ (y - y.mean()))

    known = {columns: r_squared(columns) for size in range(k + 1) for columns in combinations(range(k), size)}
    gains = np.zeros(k)
    for columns, before in known.items():
        weight = factorial(len(columns)) * factorial(k - len(columns) - 1) / factorial(k) if len(columns) < k else 0
        for new in set(range(k)) - set(columns):
            gains[new] += weight * (known[tuple(sorted((*columns, new)))] - before)
    return gains


def importance_performance(importance, performance, *, cut="mean") -> pd.DataFrame:
    """Return which attributes to work on: important or not, performing or not.

    Parameters
    ----------
    importance, performance : pandas.Series
        One number per attribute, the same attributes.
    cut : {"mean", "median"} or pair of floats
        Where the axes are cut (importance, performance). A value on the cut counts as high. The grid depends on it.

    Returns
    -------
    pandas.DataFrame
        ``importance, performance, gap`` (importance less performance, only where both are on one scale of use) and
        ``quadrant``: concentrate here (important, weak), keep up (important, strong), low priority, possible overkill.
        ``attrs["cut"]`` holds the two cuts.

    Notes
    -----
    Martilla and James (1977) are named for it; we have not seen the article.

    Examples
    --------
    >>> importance, performance = pd.Series({"taste": 9, "box": 3}), pd.Series({"taste": 4, "box": 8})
    >>> importance_performance(importance, performance)["quadrant"].to_dict()
    {'taste': 'concentrate here', 'box': 'possible overkill'}
    """
    x = numbers("importance", importance, minimum=2)
    y = same_respondents("importance", x, "performance", numbers("performance", performance))
    if isinstance(cut, str):
        check_choice("cut", cut, ("mean", "median"))
        at = tuple(float(getattr(each, cut)()) for each in (x, y))
    elif len(cut) == 2:
        at = tuple(numbers("cut", np.asarray(cut, dtype=float)).tolist())
    else:
        raise ValueError(f"cut must be 'mean', 'median' or two numbers; got {cut!r}")
    table = pd.DataFrame({"importance": x, "performance": y, "gap": x - y})
    table["quadrant"] = [PRIORITIES[i >= at[0] - 1e-12, p >= at[1] - 1e-12]
                         for i, p in zip(x, y, strict=True)]
    table.attrs["cut"] = at
    return table


def expectation_gaps(survey, pairs, *, scale, weights=None, level=0.95, customer="customer_id") -> pd.DataFrame:
    """Return gaps of perception less expectation, per dimension and overall: below zero is worse than expected.

    Parameters
    ----------
    survey : pandas.DataFrame
        One row per respondent.
    pairs : mapping of str to (str, str)
        Dimension: column of what was perceived, column of what was expected; both on `scale`.
    scale : (low, high)
        Lowest and highest answer.
    weights : mapping of str to float, optional
        Of the dimensions, adding up to 1 (or to 100); default equal.
    level : float
        Of the intervals.
    customer : str
        Column that names the respondent.

    Returns
    -------
    pandas.DataFrame
        Index ``dimension``, last ``overall``: ``perceived, expected, gap, low, high``.

    References
    ----------
    Parasuraman, Zeithaml and Berry's SERVQUAL; as a rule of satisfaction, Oliver's disconfirmation.

    Examples
    --------
    >>> survey = pd.DataFrame({"customer_id": [1, 2], "got": [6, 5], "hoped": [7, 6]})
    >>> expectation_gaps(survey, {"speed": ("got", "hoped")}, scale=(1, 7))["gap"].to_dict()
    {'speed': -1.0, 'overall': -1.0}
    """
    if not pairs:
        raise ValueError("pairs must name at least one dimension")
    table = respondents(survey, [column for pair in pairs.values() for column in pair], customer=customer, minimum=2)
    for name in table:
        on_scale(name, table[name], scale)
    shares = dict.fromkeys(pairs, 1 / len(pairs)) if weights is None else dict(weights)
    if set(shares) != set(pairs):
        raise ValueError(f"weights must be given for {', '.join(pairs)}, and for nothing else")
    total = sum(shares.values())
    if min(shares.values()) < 0 or min(abs(total - 1), abs(total - 100)) > 1e-6:
        raise ValueError(f"weights must be positive and add up to 1 or to 100; they add up to {total:g}")
    shares = {name: share / total for name, share in shares.items()}
    got = pd.DataFrame({name: table[pair[0]] for name, pair in pairs.items()})
    hoped = pd.DataFrame({name: table[pair[1]] for name, pair in pairs.items()})
    for each in (got, hoped):
        each["overall"] = sum(share * each[name] for name, share in shares.items())
    gap = got - hoped
    half = normal_quantile(check_level(level)) * gap.sem()
    return pd.DataFrame({"perceived": got.mean(), "expected": hoped.mean(), "gap": gap.mean(),
                         "low": gap.mean() - half, "high": gap.mean() + half}).rename_axis("dimension")


def net_promoter_score(scores, *, promoters_from=9, detractors_to=6, scale=(0, 10), weights=None, level=0.95,
                       method="normal") -> pd.Series:
    """Return the Net Promoter Score and how far chance moves it.

    ``NPS = 100 (p - d)``, standard error ``100 sqrt((p + d - (p - d)²) / n)``; p and d are the shares of promoters and
    detractors.

    Parameters
    ----------
    scores : array-like
        Answers to "would you recommend us", one per respondent.
    promoters_from, detractors_to : float
        Promoters give at least, detractors at most this.
    scale : (low, high)
        Lowest and highest possible answer.
    weights : Series or array-like, optional
        Of the respondents, to make up for who did not answer (`response_weights`); only with method "normal". Two
        Series are paired by their index.
    level : float
        Of the interval.
    method : {"normal", "adjusted"}
        ``"normal"``: score ± z standard errors. ``"adjusted"``: three quarters of an answer added to promoters and to
        detractors and one and a half to the others first; often quoted for small samples, source not confirmed. If
        all answers are of one kind, "normal" takes the interval of "adjusted": none has no width.

    Returns
    -------
    pandas.Series
        ``n, promoters, passives, detractors`` (shares), ``nps, error, low, high`` (points, from -100 to 100).

    Raises
    ------
    DataError
        If there are fewer than two answers, missing ones, or some off the scale.

    References
    ----------
    Reichheld (2003) for the score; A. Engelhardt (cybaea.net, 2016) for the standard error.

    Examples
    --------
    >>> score = net_promoter_score([10] * 200 + [8] * 120 + [3] * 80)
    >>> score[["nps", "error"]].round(3).to_dict()
    {'nps': 30.0, 'error': 3.905}
    """
    answers = on_scale("scores", scores, scale, minimum=2)
    x = answers.to_numpy()
    if len(x) >= 20 and x.max() <= 7 and tuple(scale) == (0, 10):
        warnings.warn(f"nobody of {len(x):,} gives more than {x.max():g} on a scale of 0 to 10: was it a shorter one? "
                      "Name it with scale=… and the two limits", CrmWarning, stacklevel=2)
    if not scale[0] <= detractors_to < promoters_from <= scale[1]:
        raise ValueError(f"detractors_to {detractors_to:g} and promoters_from {promoters_from:g} must lie on the scale "
                         "in this order")
    check_choice("method", method, ("normal", "adjusted"))
    value = np.where(x >= promoters_from, 1.0, np.where(x <= detractors_to, -1.0, 0.0))
    if isinstance(scores, pd.Series) and isinstance(weights, pd.Series):
        weights = same_respondents("scores", answers, "weights", weights)
    w = np.ones(len(x)) if weights is None else numbers("weights", weights).to_numpy()
    if len(w) != len(x) or (w < 0).any() or not w.sum() > 0:
        raise ValueError(f"weights must be one number of zero or more per answer; got {len(w)} for {len(x)} answers")
    if method == "adjusted":
        if weights is not None:
            raise ValueError('method "adjusted" takes no weights')
        value, w = np.append(value, [1.0, 0.0, -1.0]), np.append(w, [0.75, 1.5, 0.75])
        p, d = (w[value == side].sum() / w.sum() for side in (1, -1))
        error = 100 * np.sqrt(max(p + d - (p - d) ** 2, 0.0) / w.sum())
    else:
        p, d = (w[value == side].sum() / w.sum() for side in (1, -1))
        # with equal weights this is sqrt((p + d - (p - d)²) / n)
        error = 100 * np.sqrt((w**2 * (value - (p - d)) ** 2).sum()) / w.sum()
    nps, half = 100 * (p - d), normal_quantile(check_level(level)) * error
    low, high = max(nps - half, -100.0), min(nps + half, 100.0)
    if error < 1e-9:
        wider = net_promoter_score(x, promoters_from=promoters_from, detractors_to=detractors_to, scale=scale,
                                   level=level, method="adjusted")
        low, high = min(wider["low"], nps), max(wider["high"], nps)
    return pd.Series({"n": len(x), "promoters": p, "passives": w[value == 0].sum() / w.sum(), "detractors": d,
                      "nps": nps, "error": error, "low": low, "high": high})


def outcome_by_score(scores, outcome, *, groups=None, level=0.95) -> pd.DataFrame:
    """Return what came of respondents by the score they had given: the curve of satisfaction against loyalty.

    Parameters
    ----------
    scores : pandas.Series
        One per respondent.
    outcome : pandas.Series
        Of the same respondents: true or false (did they renew? 1 and 0 count as such), or a number.
    groups : sequence of float, optional
        Edges of classes of scores: ``(0, 4, 6, 8, 10)`` makes 1–4, 5–6, 7–8, 9–10. Default: every score by itself.
    level : float
        Of the intervals: Wilson for true or false, mean ± z standard errors for numbers.

    Returns
    -------
    pandas.DataFrame
        Index: every score, or the class as ``"(5, 6]"`` (above 5, to 6), so that two tables of equal classes fit
        together. ``score`` (mean of the class), ``n, mean, low, high``; an interval is NaN for a single number.

    Examples
    --------
    >>> outcome_by_score(pd.Series([5, 5, 9, 9]), pd.Series([True, False, True, True]))["mean"].to_dict()
    {5.0: 0.5, 9.0: 1.0}
    """
    x = numbers("scores", scores)
    raw = same_respondents("scores", x, "outcome", outcome)
    y = numbers("outcome", raw.astype(float))
    yes_no = y.isin([0, 1]).all()
    edges = None if groups is None else list(groups)
    key = x if groups is None else pd.cut(x, edges, labels=False)
    if key.isna().any():
        raise ValueError(f"{int(key.isna().sum()):,} scores lie outside the classes {edges}: the first edge "
                         "must be below the lowest score")
    parts = y.groupby(key.to_numpy())
    table = pd.DataFrame({"score": x.groupby(key.to_numpy()).mean(), "n": parts.size(), "mean": parts.mean()})
    if yes_no:
        table["low"], table["high"] = share_interval(parts.sum(), parts.size(), level=level)
    else:
        half = normal_quantile(check_level(level)) * parts.sem()
        table["low"], table["high"] = table["mean"] - half, table["mean"] + half
    if groups is not None:
        table.index = [f"({edges[int(at)]:g}, {edges[int(at) + 1]:g}]" for at in table.index]
    return table.rename_axis("class" if groups is not None else "scores")


def logistic_slope(scores, outcome, *, level=0.95) -> pd.Series:
    """Return how the odds of staying change with one point of satisfaction: a logistic regression.

    ``log odds = intercept + slope · score``

    Parameters
    ----------
    scores : pandas.Series
        One per respondent.
    outcome : pandas.Series of bool
        Of the same respondents.
    level : float
        Of the interval of the slope.

    Returns
    -------
    pandas.Series
        ``intercept, slope, low, high, odds_ratio, n``. A slope is an association: who is satisfied differs in more.

    Raises
    ------
    DataError
        If all have the same outcome or score, or a score separates the two outcomes perfectly.

    Examples
    --------
    >>> fit = logistic_slope(pd.Series([1, 1, 1, 2, 2, 2]), pd.Series([True, False, False, True, True, False]))
    >>> fit[["slope", "odds_ratio"]].round(3).to_dict()
    {'slope': 1.386, 'odds_ratio': 4.0}
    """
    from sklearn.linear_model import LogisticRegression

    x = numbers("scores", scores)
    y = numbers("outcome", same_respondents("scores", x, "outcome", outcome).astype(float))
    if not y.isin([0, 1]).all() or y.nunique() < 2 or x.nunique() < 2:
        raise DataError("a curve needs outcomes of both kinds, true and false, and at least two different scores")
    yes, no = x[y == 1], x[y == 0]
    if yes.min() >= no.max() or no.min() >= yes.max():
        raise DataError("a score separates the two outcomes perfectly: the slope has no limit")
    middle = x.mean()
    model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit((x - middle).to_numpy()[:, None], y)
    slope, at_middle = float(model.coef_[0, 0]), float(model.intercept_[0])
    p = model.predict_proba((x - middle).to_numpy()[:, None])[:, 1]
    design = np.column_stack([np.ones(len(x)), x - middle])
    error = np.sqrt(np.linalg.inv(design.T * (p * (1 - p)) @ design)[1, 1])
    half = normal_quantile(check_level(level)) * error
    return pd.Series({"intercept": at_middle - slope * middle, "slope": slope, "low": slope - half,
                      "high": slope + half, "odds_ratio": np.exp(slope), "n": len(x)})


def correlation(first, second, *, level=0.95) -> pd.Series:
    """Return a correlation with its interval (Fisher's z), of two numbers per respondent.

    Examples
    --------
    >>> correlation(pd.Series([1, 2, 3, 4, 5]), pd.Series([1, 3, 2, 5, 4])).round(2).to_dict()
    {'r': 0.8, 'low': -0.28, 'high': 0.99, 'n': 5.0}
    """
    x = numbers("first", first, minimum=4)
    y = numbers("second", same_respondents("first", x, "second", second).astype(float))
    if x.nunique() < 2 or y.nunique() < 2:
        raise DataError("a correlation needs numbers that differ")
    r = float(np.corrcoef(x, y)[0, 1])
    half = normal_quantile(check_level(level)) / np.sqrt(len(x) - 3)
    z = np.arctanh(np.clip(r, -1 + 1e-15, 1 - 1e-15))
    return pd.Series({"r": r, "low": np.tanh(z - half), "high": np.tanh(z + half), "n": float(len(x))})


def response_rates(asked, answered, *, level=0.95) -> pd.DataFrame:
    """Return who answered: by group, how many were asked, how many did, and the rate with its interval.

    Parameters
    ----------
    asked : pandas.Series
        A group for everybody who was asked; the index names them.
    answered : array-like
        Who answered.
    level : float
        Of the intervals (Wilson).

    Returns
    -------
    pandas.DataFrame
        Index ``group``: ``asked, answered, rate, low, high``.

    Raises
    ------
    DataError
        If somebody is there twice, has no group, or answered without having been asked.

    Examples
    --------
    >>> response_rates(pd.Series({1: "firm", 2: "firm", 3: "home"}), [1, 3])["rate"].to_dict()
    {'firm': 0.5, 'home': 1.0}
    """
    if not isinstance(asked, pd.Series):
        raise TypeError("asked must be a Series: a group for everybody asked, the index names them")
    who = pd.Index(answered)
    if asked.index.has_duplicates or who.has_duplicates or asked.isna().any():
        raise DataError("everybody who was asked needs one row and a group, and answers once")
    if len(strangers := who.difference(asked.index)):
        raise DataError(f"{len(strangers):,} respondent(s) answered without having been asked, the first "
                        f"{shown(strangers[0])}: complete the list of those asked")
    came = pd.Series(asked.index.isin(who), index=asked.index).groupby(asked.to_numpy())
    table = pd.DataFrame({"asked": came.size(), "answered": came.sum(), "rate": came.mean()}).rename_axis("group")
    table["low"], table["high"] = share_interval(table["answered"], table["asked"], level=level)
    return table


def response_weights(asked, answered) -> pd.Series:
    """Return a weight for each respondent that gives every group its share among those asked; mean 1.

    Examples
    --------
    >>> asked = pd.Series({1: "firm", 2: "firm", 3: "home", 4: "home"})
    >>> response_weights(asked, [1, 2, 3]).round(2).to_dict()
    {1: 0.75, 2: 0.75, 3: 1.5}
    """
    rates = response_rates(asked, answered)
    if (rates["answered"] == 0).any():
        raise DataError(f"nobody of {', '.join(map(str, rates.index[rates['answered'] == 0]))} answered: no weight can "
                        "speak for them; join groups")
    group = asked.loc[pd.Index(answered)]
    weights = group.map(1 / rates["rate"]).astype(float)
    return (weights / weights.mean()).rename("weight")


def share_of_wallet(own, category) -> pd.Series:
    """Return which share of what a customer spends in the category is spent with us; NaN where nothing is spent.

    Examples
    --------
    >>> share_of_wallet(pd.Series([30.0, 0.0]), pd.Series([120.0, 0.0])).tolist()
    [0.25, nan]
    """
    x = numbers("own", own)
    y = numbers("category", same_respondents("own", x, "category", category))
    for name, money in (("own", x), ("category", y)):
        if (money < 0).any():
            raise DataError(f"{int((money < 0).sum()):,} values of {name} are negative: net returns over a longer time")
    if (x > y + 0.005).any():
        raise DataError(f"{int((x > y + 0.005).sum()):,} customer(s) spend more with us than in the whole category: "
                        "are both of the same period and unit?")
    return (x / y.where(y > 0)).rename("share_of_wallet")


def wallet_allocation(rank, suppliers):
    """Return the share of wallet that the wallet allocation rule expects: ``(1 - rank / (n + 1)) · 2 / n``.

    Parameters
    ----------
    rank : float or array-like
        Our place among the n suppliers that the customer uses, 1 is best; equal suppliers share the mean of their
        places (1.5, 1.5). Over all suppliers of a customer the shares then add up to 1.
    suppliers : int or array-like
        n, ourselves included.

    Returns
    -------
    float or numpy.ndarray

    References
    ----------
    Keiningham and others, *The Wallet Allocation Rule*.

    Examples
    --------
    >>> [round(wallet_allocation(rank, 3), 3) for rank in (1, 2, 3)]
    [0.5, 0.333, 0.167]
    """
    r, n = numbers("rank", rank).to_numpy(), numbers("suppliers", suppliers).to_numpy()
    if len(r) != len(n) and 1 not in (len(r), len(n)):
        raise ValueError(f"{len(r):,} ranks for {len(n):,} numbers of suppliers: give one for each")
    if (n < 1).any() or (n % 1 != 0).any():
        raise ValueError("suppliers must be whole numbers of at least 1, ourselves included")
    if ((r < 1) | (r > n)).any():
        raise ValueError("rank must lie between 1 (best) and the number of suppliers used")
    share = (1 - r / (n + 1)) * 2 / n
    return float(share[0]) if np.ndim(rank) == 0 and np.ndim(suppliers) == 0 else share
