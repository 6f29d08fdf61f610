"""Which features please, which are taken for granted: Kano's pairs of questions, and four statements on loyalty."""

import warnings

import numpy as np
import pandas as pd

from crmlib.checks import check_choice, check_fraction, check_positive
from crmlib.delivered.arguments import numbers
from crmlib.errors import CrmWarning, DataError
from crmlib.intervals import share_interval
from crmlib.rows import need_columns

KANO_ANSWERS = ("like", "must-be", "neutral", "live with", "dislike")
KANO_CATEGORIES = ("A", "O", "M", "I", "R", "Q")
DUMOUCHEL = {"present": (4, 2, 0, -1, -2), "absent": (-2, -1, 0, 2, 4)}
_BERGER = ("QAAAO", "RIIIM", "RIIIM", "RIIIM", "RRRRQ")
_VARIANTS = {"berger": {}, "pouliot": {(1, 1): "Q", (3, 3): "Q"}}


def kano_table(variant="berger") -> pd.DataFrame:
    """Return the table that turns a pair of answers into a category.

    Rows: how the respondent feels with the feature; columns: without it. A attractive, O one-dimensional, M must-be,
    I indifferent, R reverse, Q questionable.

    Parameters
    ----------
    variant : {"berger", "pouliot"}
        Berger et al. (1993), the usual one; Pouliot's also questions (must-be, must-be) and (live with, live with),
        as nobody expects both a thing and its absence.

    Examples
    --------
    >>> kano_table("pouliot").loc["must-be"].tolist()
    ['R', 'Q', 'I', 'I', 'M']
    """
    changed = _VARIANTS[check_choice("variant", variant, tuple(_VARIANTS))]
    cells = [[changed.get((i, j), cell) for j, cell in enumerate(row)] for i, row in enumerate(_BERGER)]
    return pd.DataFrame(cells, index=pd.Index(KANO_ANSWERS, name="with it"),
                        columns=pd.Index(KANO_ANSWERS, name="without it"))


def kano_cell(present, absent, *, variant="berger", answers=(1, 2, 3, 4, 5)):
    """Return the category of a pair of answers, or of many.

    Parameters
    ----------
    present, absent : answer or array-like of answers
        How the respondent feels with the feature (functional question), and without it (dysfunctional question).
    variant : {"berger", "pouliot"}
        Which table, see `kano_table`.
    answers : sequence of five
        The codes used for like, must-be, neutral, live with, dislike, in this order: numbers or texts.

    Returns
    -------
    str or numpy.ndarray of str

    Raises
    ------
    DataError
        If an answer is not among the five codes or missing, or there are more answers to one question.

    Examples
    --------
    >>> kano_cell(1, 5), kano_cell([2, 4], [5, 4], variant="pouliot").tolist()
    ('O', ['M', 'Q'])
    >>> kano_cell("dislike", "like", answers=KANO_ANSWERS)
    'R'
    """
    table = kano_table(variant).to_numpy()
    single = np.ndim(present) == 0 and np.ndim(absent) == 0
    first, second = (_places(name, values, answers) for name, values in (("present", present), ("absent", absent)))
    if len(first) != len(second):
        raise DataError(f"{len(first):,} answers to the question with the feature, {len(second):,} to the one without: "
                        "a pair needs both")
    cells = table[first, second]
    return str(cells[0]) if single else cells.astype(str)


def _places(name, values, answers):
    codes = list(answers)
    if len(codes) != 5 or len(set(codes)) != 5:
        raise ValueError(f"answers must name five different codes, from like to dislike; got {codes}")
    series = pd.Series(np.atleast_1d(np.asarray(values, dtype=object)))
    place = series.map({code: place for place, code in enumerate(codes)})
    if place.isna().any():
        wrong = series[place.isna()]
        what = "missing" if wrong.isna().all() else f"not on the scale {tuple(codes)}, the first {wrong.iloc[0]!r}"
        mend = ("drop those pairs knowingly, with missing='drop' in kano_answers" if what == "missing" else
                "these are texts, the codes are numbers: convert them" if isinstance(wrong.iloc[0], str) and all(
                    isinstance(code, int) for code in codes) else
                "name the codes of your questionnaire, from like to dislike, with answers=…")
        raise DataError(f"{len(wrong):,} of {len(series):,} answers ({name}) are {what}: {mend}")
    return place.to_numpy(dtype=int)


def kano_answers(survey, features, *, present="kano_{}_present", absent="kano_{}_absent", customer="customer_id",
                 variant="berger", answers=(1, 2, 3, 4, 5), missing="raise") -> pd.DataFrame:
    """Return one row per respondent and feature: the pair of answers and its category.

    Parameters
    ----------
    survey : pandas.DataFrame
        One row per respondent: `customer`, and two columns for each feature.
    features : sequence of str
        Names; ``present.format(name)`` and ``absent.format(name)`` are the columns.
    present, absent : str
        How the columns are called.
    customer : str
        Column that names the respondent.
    variant, answers
        As in `kano_cell`.
    missing : {"raise", "drop"}
        Pairs of which an answer is missing: refuse, or leave out that pair.

    Returns
    -------
    pandas.DataFrame
        ``customer_id`` (or as `customer`), ``feature, present, absent`` (places 1 to 5, from like to dislike) and
        ``category``.

    Raises
    ------
    DataError
        If a column is missing, a respondent is there twice, or an answer is outside the scale.

    Examples
    --------
    >>> survey = pd.DataFrame({"customer_id": [1, 2], "kano_app_present": [1, 3], "kano_app_absent": [3, 3]})
    >>> kano_answers(survey, ["app"])["category"].tolist()
    ['A', 'I']
    """
    check_choice("missing", missing, ("raise", "drop"))
    features = [features] if isinstance(features, str) else list(features)
    if not features or len(set(features)) < len(features):
        raise ValueError(f"features must be different names, at least one; got {features}")
    columns = [form.format(name) for name in features for form in (present, absent)]
    need_columns("survey", survey, (customer, *columns))
    if survey.empty:
        raise DataError("survey has no respondents")
    survey = survey.reset_index(drop=True)  # joined tables repeat row labels
    ids = survey[customer]
    if wrong := int(ids.isna().sum() + ids.duplicated().sum()):
        raise DataError(f"{wrong:,} row(s) of survey repeat a {customer} or name none: keep one questionnaire per "
                        "respondent")
    parts = []
    for name in features:
        pair = survey[[present.format(name), absent.format(name)]].set_axis(["present", "absent"], axis=1)
        if missing == "drop":
            pair = pair.dropna()
        places = {which: _places(f"{name}, {which}", pair[which], answers) for which in pair}
        parts.append(pd.DataFrame({
            customer: ids.loc[pair.index].to_numpy(), "feature": name, "present": places["present"] + 1,
            "absent": places["absent"] + 1,
            "category": kano_cell(places["present"] + 1, places["absent"] + 1, variant=variant) if len(pair) else []}))
    table = pd.concat(parts, ignore_index=True)
    if empty := [name for name, part in zip(features, parts, strict=True) if part.empty]:
        warnings.warn(f"nobody answered both questions about {', '.join(empty)}: left out", CrmWarning, stacklevel=2)
    share = table["category"].isin(["R", "Q"]).mean()
    turned = (table["category"] == "R").sum() > table["category"].isin(["A", "O", "M"]).sum()
    if len(features) > 1 and (share > 0.5 or turned):
        warnings.warn(f"{share:.0%} of all pairs are reverse or questionable: is the scale turned round (5 for like), "
                      "or are the two questions swapped?", CrmWarning, stacklevel=2)
    return table


def kano_counts(answers) -> pd.DataFrame:
    """Return how many respondents put each feature into each category.

    Parameters
    ----------
    answers : pandas.DataFrame
        From `kano_answers`: ``feature, category``.

    Returns
    -------
    pandas.DataFrame
        Index ``feature``, in order of appearance; columns A, O, M, I, R, Q.

    Examples
    --------
    >>> kano_counts(pd.DataFrame({"feature": ["app", "app"], "category": ["A", "I"]})).loc["app"].tolist()
    [1, 0, 0, 1, 0, 0]
    """
    need_columns("answers", answers, ("feature", "category"))
    strange = sorted(set(answers["category"]) - set(KANO_CATEGORIES))
    if strange:
        raise DataError(f"{', '.join(map(str, strange))}: no category of Kano's; they are {', '.join(KANO_CATEGORIES)}")
    order = pd.Index(pd.unique(answers["feature"]), name="feature")
    counts = pd.crosstab(answers["feature"], answers["category"]).reindex(index=order, columns=KANO_CATEGORIES)
    return counts.fillna(0).astype(int).rename_axis(columns=None)


def kano_summary(counts, *, rule="mode", ties="MOAIRQ", respondents=None, factor=1.65, min_strength=0.06
                 ) -> pd.DataFrame:
    """Return the category of each feature, how sure it is, and what having and lacking it does.

    Better = (A + O) / (A + O + M + I), worse = -(O + M) / (A + O + M + I); reverse and questionable answers are not
    in the denominator.

    Parameters
    ----------
    counts : pandas.DataFrame
        Features as index, categories A, O, M, I, R, Q as columns (those not there count zero), from `kano_counts` or
        a published table. Per cents or shares are allowed with `respondents`.
    rule : {"mode", "blauth"}
        The most frequent category; or, if A + O + M are more than I + R + Q, the most frequent of the first three,
        else of the others; the second is then the next of the same three.
    ties : str
        Order in which equally frequent categories win: must-be before one-dimensional before attractive before
        indifferent is usual, for a mistake costs more in that order.
    respondents : int, optional
        Number of respondents behind a table of per cents or shares; counts are then what they add up to.
    factor : float
        Of `fong_test`.
    min_strength : float
        Category strength below which a feature counts as mixed: 0.06 is Lee and Newcomb's limit, as often quoted.

    Returns
    -------
    pandas.DataFrame
        Per feature ``n, category, second, strength`` (share of the category less that of the second; Lee & Newcomb),
        ``total_strength`` (A + O + M), ``better, worse`` (NaN if all are R or Q), ``fong`` (category and second
        differ, `fong_test`) and ``clear`` (strong enough and told apart).

    Raises
    ------
    DataError
        If there are negative or missing counts, unknown categories, features twice, or fewer than two respondents.
    ValueError
        If `ties` does not hold each category once, or a table of shares comes without `respondents`.

    Examples
    --------
    >>> skis = pd.DataFrame({"A": [7.0, 63.8], "O": [32.3, 21.6], "M": [49.3, 2.9], "I": [9.5, 8.5]},
    ...                     index=["edge grip", "service"])
    >>> kano_summary(skis, respondents=1500)[["category", "better", "worse"]].round(3)
              category  better  worse
    edge grip        M   0.401 -0.832
    service          A   0.882 -0.253
    """
    check_choice("rule", rule, ("mode", "blauth"))
    check_fraction("min_strength", min_strength)
    order = list(ties)
    if sorted(order) != sorted(KANO_CATEGORIES):
        raise ValueError(f"ties must hold each of A, O, M, I, R, Q once, the winner first; got {ties!r}")
    table = _count_table(counts, respondents)
    rows = []
    for _, row in table.iterrows():
        n = row.sum()
        ranked = sorted(order, key=lambda c: (-round(row[c], 9), order.index(c)))
        allowed = KANO_CATEGORIES
        if rule == "blauth":
            allowed = "AOM" if row[["A", "O", "M"]].sum() > row[["I", "R", "Q"]].sum() else "IRQ"
        category, second = [c for c in ranked if c in allowed][:2]
        core = row[["A", "O", "M", "I"]].sum()
        strength = (row[category] - row[second]) / n
        told_apart = fong_test(row[category], row[second], n, factor=factor)["significant"]
        rows.append({
            "n": round(n), "category": category, "second": second, "strength": strength,
            "total_strength": row[["A", "O", "M"]].sum() / n,
            "better": (row["A"] + row["O"]) / core if core > 0 else np.nan,
            "worse": -(row["O"] + row["M"]) / core if core > 0 else np.nan,
            "fong": told_apart, "clear": bool(told_apart and strength >= min_strength),
        })
    return pd.DataFrame(rows, index=table.index)


def _count_table(counts, respondents):
    if not isinstance(counts, pd.DataFrame):
        raise TypeError(f"counts must be a pandas DataFrame, not {type(counts).__name__}")
    if strange := [str(c) for c in counts.columns if c not in KANO_CATEGORIES]:
        raise DataError(f"{', '.join(strange)}: no category of Kano's; the columns are {', '.join(KANO_CATEGORIES)}")
    if counts.columns.has_duplicates or counts.index.has_duplicates or not len(counts):
        raise DataError("counts need different features, at least one, and each category once")
    table = counts.reindex(columns=KANO_CATEGORIES)
    for column in counts.columns:
        x = numbers(f"category {column}", counts[column])
        if (x < 0).any():
            raise DataError(f"{int((x < 0).sum()):,} counts of category {column} are negative")
    table = table.astype(float).fillna(0.0)
    if respondents is not None:
        n = check_positive("respondents", respondents)
        totals = table.sum(axis=1)
        unit = 1.0 if (totals <= 1.001).all() else 100.0
        if (totals > 1.001 * unit).any() or (totals < 0.9 * unit).any():
            raise DataError(f"with respondents given, each row must add up to about 1 or 100; they go from "
                            f"{totals.min():g} to {totals.max():g}")
        table = table * n / unit
    elif (table % 1 != 0).any().any():
        raise ValueError("counts must be whole numbers: for per cents or shares name the number of respondents=…")
    elif len(table) > 2 and (table.sum(axis=1) == 100).all():
        warnings.warn("every row adds up to 100: if these are per cents, name the number of respondents=…; if there "
                      "were a hundred, respondents=100 says so", CrmWarning, stacklevel=3)
    if (table.sum(axis=1) < 2).any():
        raise DataError(f"feature {table.sum(axis=1).idxmin()!r} has {table.sum(axis=1).min():g} respondent(s): a "
                        "category is that of most of them, at least two are needed")
    return table


def kano_coefficients(counts, *, respondents=None, level=0.95) -> pd.DataFrame:
    """Return better and worse with their intervals (Wilson; one answer per respondent).

    Parameters
    ----------
    counts : pandas.DataFrame
        From `kano_counts`, or per cents or shares with `respondents`.
    respondents : int, optional
        As in `kano_summary`.
    level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        Per feature ``better, better_low, better_high, worse, worse_low, worse_high``; worse is from -1 to 0. NaN where
        all answers are reverse or questionable.

    Examples
    --------
    >>> counts = pd.DataFrame({"A": [50], "O": [25], "M": [5], "I": [20]}, index=["loan"])
    >>> kano_coefficients(counts).loc["loan", ["better_low", "better", "better_high"]].round(2).tolist()
    [0.66, 0.75, 0.82]
    """
    table = _count_table(counts, respondents)
    core = table[["A", "O", "M", "I"]].sum(axis=1)
    good, bad = table["A"] + table["O"], table["O"] + table["M"]
    with np.errstate(invalid="ignore"):
        result = pd.DataFrame({"better": good / core.where(core > 0), "worse": -bad / core.where(core > 0)})
    good, bad, core = (x.round().astype(int) for x in (good, bad, core))  # an interval counts respondents
    low, high = share_interval(good, core, level=level)
    result["better_low"], result["better_high"] = low, high
    low, high = share_interval(bad, core, level=level)
    result["worse_low"], result["worse_high"] = -np.asarray(high), -np.asarray(low)
    return result[["better", "better_low", "better_high", "worse", "worse_low", "worse_high"]]


def fong_test(first, second, n, *, factor=1.65) -> dict:
    """Return whether the two most frequent categories are told apart.

    They are if ``|a - b| >= factor · sqrt((a + b)(2n - a - b) / (2n))``, a and b being their counts among n.

    Parameters
    ----------
    first, second : float
        Counts of the two most frequent categories.
    n : float
        All respondents.
    factor : float
        1.65 goes with about 90 per cent, 1.96 with 95.

    Returns
    -------
    dict
        ``difference, threshold, significant``.

    Notes
    -----
    The formula is the one often quoted under the name of Fong (1996); we have not seen the article.

    Examples
    --------
    >>> test = fong_test(60, 40, 120)
    >>> test["difference"], round(test["threshold"], 2), test["significant"]
    (20.0, 12.6, True)
    """
    a, b = (check_positive(name, x, zero=True) for name, x in (("first", first), ("second", second)))
    total = check_positive("n", n)
    if total <= 1:
        raise ValueError(f"fong_test needs counts, not shares: n is {total:g}; multiply by the number of respondents")
    if a + b > total * (1 + 1e-9):
        raise ValueError(f"two categories of {a:g} and {b:g} cannot be among {total:g} respondents")
    threshold = check_positive("factor", factor) * np.sqrt((a + b) * (2 * total - a - b) / (2 * total))
    difference = abs(a - b)
    return {"difference": difference, "threshold": float(threshold), "significant": bool(difference >= threshold)}


def kano_continuous(answers, *, scores=None) -> pd.DataFrame:
    """Return mean scores with and without each feature, so that no answer is lost in a category.

    Parameters
    ----------
    answers : pandas.DataFrame
        From `kano_answers`: ``feature, present, absent``, places 1 to 5 from like to dislike.
    scores : mapping, optional
        Five scores, from like to dislike, for ``"present"`` and for ``"absent"``; default DuMouchel's
        4, 2, 0, -1, -2 and -2, -1, 0, 2, 4 (in Berger et al., 1993).

    Returns
    -------
    pandas.DataFrame
        Per feature ``n``, ``present, absent`` (means), ``present_error, absent_error`` (standard errors; NaN for one
        respondent) and ``quadrant``: the category of the quarter in which the point lies, if the square from 0 to the
        highest score is cut in the middle. A mean more than half way from 0 to the lowest score makes it R, or Q if
        the other mean is in the upper half; one nearer to 0 counts as 0.

    Examples
    --------
    >>> answers = pd.DataFrame({"feature": ["app"] * 2, "present": [1, 2], "absent": [3, 4]})
    >>> kano_continuous(answers)[["present", "absent", "quadrant"]].to_dict("records")
    [{'present': 3.0, 'absent': 1.0, 'quadrant': 'A'}]
    """
    scores = DUMOUCHEL if scores is None else dict(scores)
    if set(scores) != {"present", "absent"} or any(len(each) != 5 for each in scores.values()):
        raise ValueError("scores need five numbers, from like to dislike, for 'present' and for 'absent'")
    need_columns("answers", answers, ("feature", "present", "absent"))
    valued = pd.DataFrame({"feature": answers["feature"]})
    for which in ("present", "absent"):
        place = numbers(f"{which} of answers", answers[which])
        if not place.isin([1, 2, 3, 4, 5]).all():
            raise DataError(f"{int((~place.isin([1, 2, 3, 4, 5])).sum()):,} answers are not places 1 to 5: take them "
                            "from kano_answers")
        valued[which] = np.asarray(scores[which], dtype=float)[place.to_numpy(dtype=int) - 1]
    groups = valued.groupby("feature", sort=False)
    table = groups.mean()
    errors = groups.sem().add_suffix("_error")
    half = max(max(scores["present"]), max(scores["absent"])) / 2
    name = {(True, True): "O", (True, False): "A", (False, True): "M", (False, False): "I"}
    bottom = min(0, *scores["present"], *scores["absent"]) / 2
    table["quadrant"] = [
        name[p >= half, a >= half] if min(p, a) >= bottom else "Q" if max(p, a) >= half else "R"
        for p, a in zip(table["present"], table["absent"], strict=True)]
    return pd.concat([groups.size().rename("n"), table[["present", "absent"]], errors, table["quadrant"]], axis=1)


def statements() -> pd.DataFrame:
    """Return the four statements of the B2B survey that the lectures quote, and what to do about each.

    They say what a thing does to **loyalty**; Kano's categories say what it does to satisfaction. The column ``kano``
    is the category that goes with a statement, where one does: an argument, not a definition.

    Returns
    -------
    pandas.DataFrame
        Index ``statement`` (1 to 4): ``says, kano, action``.
    """
    return pd.DataFrame({
        "says": ["without it they leave; with it nobody is bound", "having it makes loyal; it may be taken away",
                 "it annoys, but nobody leaves: rivals do it too", "it makes no difference"],
        "kano": ["M", "A, or O if losing it hurts", "R, or M on the day a rival stops it", "I"],
        "action": ["meet the standard, at least cost", "invest", "watch the rivals, be the first to stop",
                   "save the money"],
    }, index=pd.Index([1, 2, 3, 4], name="statement"))


def classify_statement(*, leave_if_absent, loyal_if_present, annoyance=0.0, cuts=(0.05, 0.05, 0.3)) -> int:
    """Return which of the four statements fits what a thing does to loyalty.

    Parameters
    ----------
    leave_if_absent, loyal_if_present : float
        By how much the chance to leave rises without it, and to stay with it (shares, from -1 to 1).
    annoyance : float
        Share of customers whom it annoys.
    cuts : sequence of three floats
        From which value on each of the three counts as an effect.

    Returns
    -------
    int
        2 if it makes loyal (whether or not its absence drives away: Kano would tell A from O, the statements do not),
        else 1 if its absence drives away, else 3 if it annoys, else 4.

    Examples
    --------
    >>> classify_statement(leave_if_absent=0.22, loyal_if_present=0.0), classify_statement(
    ...     leave_if_absent=0.0, loyal_if_present=0.0, annoyance=0.5)
    (1, 3)
    """
    values = (check_fraction("leave_if_absent", leave_if_absent, low=-1.0),
              check_fraction("loyal_if_present", loyal_if_present, low=-1.0), check_fraction("annoyance", annoyance))
    limits = [check_fraction(f"cuts[{place}]", cut) for place, cut in enumerate(cuts)]
    if len(limits) != 3:
        raise ValueError(f"cuts must be three shares (leaving, loyalty, annoyance); got {len(limits)}")
    leaves, stays, annoys = (value >= cut for value, cut in zip(values, limits, strict=True))
    return 2 if stays else 1 if leaves else 3 if annoys else 4
