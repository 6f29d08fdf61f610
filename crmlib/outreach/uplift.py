"""Uplift: what a contact changes, and for whom; models of it, and how a ranking by it is judged.

Everything here needs a treatment that was drawn by lot. Outcomes are 1 for what one wants (renewed).
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from crmlib.checks import check_choice, check_count, check_fraction, check_positive
from crmlib.errors import DataError
from crmlib.intervals import normal_quantile
from crmlib.outreach.arguments import (
    feature_table,
    group_codes,
    outcomes,
    propensity_of,
    row_values,
    same_rows,
    treatments,
)

# ------------------------------------------------------------------------------------ effects


def average_effect(outcome, treatment, *, by=None, groups=None, treated=None, level=0.95) -> pd.DataFrame:
    """Return by how much the treated did better than the controls, for all or for each kind of row.

    The difference of two means; the variance adds up the influence of each customer, so that several rows of one
    customer count as one customer.

    Parameters
    ----------
    outcome : array-like
        0 or 1, or money.
    treatment : array-like
        Who was treated: true/false, 1/0, or two labels with `treated`.
    by : array-like, optional
        Kind of each row.
    groups : array-like, optional
        Customer of each row.
    level : float
        Confidence level of the normal interval.

    Returns
    -------
    pandas.DataFrame
        Index ``all`` or the kinds: ``rows, treated, control`` (means), ``effect, low, high``. The interval is for large
        groups; where a group has one customer, or no outcome differs, nothing is known of the error: no bounds (NaN).

    Raises
    ------
    DataError
        If values are missing, there are not two groups, or a kind lacks one of them.

    Examples
    --------
    >>> average_effect([1, 1, 1, 0, 1, 0, 0, 0], [1, 1, 1, 1, 0, 0, 0, 0]).round(2)
         rows  treated  control  effect  low  high
    all     8     0.75     0.25     0.5 -0.1   1.1
    """
    same_rows(outcome=outcome, treatment=treatment, by=by, groups=groups)
    y = row_values("outcome", outcome)
    w = treatments(treatment, treated=treated, length=len(y))
    who, z = group_codes(groups, len(y)), normal_quantile(level)
    kinds = pd.Series("all", index=range(len(y))) if by is None else pd.Series(np.asarray(by, dtype=object))
    if len(kinds) != len(y) or kinds.isna().any():
        raise DataError(f"by must name the kind of each of the {len(y):,} rows, without gaps")
    rows = {}
    for kind in sorted(kinds.unique(), key=str):
        here = (kinds == kind).to_numpy()
        a, b = here & (w == 1), here & (w == 0)
        if not a.any() or not b.any():
            raise DataError(f"of the kind {kind!r} all rows were treated, or none: merge kinds")
        one, nil = y[a].mean(), y[b].mean()
        influence = np.where(a, (y - one) / a.sum(), 0) - np.where(b, (y - nil) / b.sum(), 0)
        error = np.sqrt((np.bincount(who, influence) ** 2).sum())
        if error < 1e-12 or min(len(np.unique(who[a])), len(np.unique(who[b]))) < 2:
            error = np.nan
        rows[kind] = {"rows": int(here.sum()), "treated": one, "control": nil, "effect": one - nil,
                      "low": one - nil - z * error, "high": one - nil + z * error}
    return pd.DataFrame(rows).T.astype({"rows": int})


# ------------------------------------------------------------------------------------ models


@dataclass(frozen=True)
class UpliftFit:
    """A fitted model of the effect of a treatment, as `fit_uplift` returns it.

    Attributes
    ----------
    method : str
    features : list of str
        Columns that `predict` needs.
    """

    method: str
    features: list
    _models: tuple = field(repr=False)

    def predict(self, features) -> pd.DataFrame:
        """Return ``uplift`` per row; the two-model method also gives ``p_treated`` and ``p_control``."""
        if absent := [name for name in self.features if name not in features]:
            raise DataError(f"the model needs the feature(s) {', '.join(absent)}")
        table = feature_table(features[self.features])
        if self.method == "transformed":
            return pd.DataFrame({"uplift": self._models[0].predict(table)}, index=table.index)
        one, nil = (model.predict_proba(table)[:, 1] for model in self._models)
        return pd.DataFrame({"uplift": one - nil, "p_treated": one, "p_control": nil}, index=table.index)


def fit_uplift(features, outcome, treatment, *, method="two_model", treated=None, propensity=None, centre="mean",
               penalty=1.0) -> UpliftFit:
    """Fit a model of what a treatment changes, from rows of an experiment.

    ``"two_model"``: one logistic regression of the outcome for the treated, one for the controls; uplift is the
    difference of what they say. ``"transformed"``: a ridge regression of ``(w - e) / (e (1 - e)) · (y - c)``, whose
    mean given the features is the effect, w being the treatment, e its chance and c a constant.

    Source: Athey & Imbens (2015) for the transformed outcome; the two models are the plain idea.

    Parameters
    ----------
    features : pandas.DataFrame
        Numbers, known before the treatment; standardised inside.
    outcome, treatment : array-like
        0 or 1, and who was treated.
    method : {"two_model", "transformed"}
    propensity : float or array, optional
        Chance of treatment; None: the share of the treated.
    centre : {"mean", "none"}
        c of the transformed outcome: the mean outcome, or 0. Any constant gives the same mean; with 0 the noise of
        everybody who would have stayed anyway is in it.
    penalty : float
        Strength of the ridge penalty; 1 is scikit-learn's C = 1 (two_model) or alpha = 1 (transformed).

    Returns
    -------
    UpliftFit

    Raises
    ------
    DataError
        If values are missing, lengths differ, there are not two groups, or one group has one outcome only.

    Examples
    --------
    >>> x = pd.DataFrame({"neglected": [0, 1] * 40})
    >>> w = [0, 0, 1, 1] * 20
    >>> y = [1, 0, 1, 1, 0, 1, 0, 1] * 10
    >>> fit_uplift(x, y, w).predict(pd.DataFrame({"neglected": [0, 1]}))["uplift"].round(2).tolist()
    [0.04, 0.46]
    """
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    check_choice("method", method, ("two_model", "transformed"))
    check_choice("centre", centre, ("mean", "none"))
    strength = check_positive("penalty", penalty)
    same_rows(features=features, outcome=outcome, treatment=treatment, propensity=propensity)
    table = feature_table(features)
    y = outcomes("outcome", outcome, length=len(table))
    w = treatments(treatment, treated=treated, length=len(table))
    e = propensity_of(propensity, w)
    if method == "transformed":
        target = (w - e) / (e * (1 - e)) * (y - (y.mean() if centre == "mean" else 0.0))
        return UpliftFit(method, list(table), (make_pipeline(StandardScaler(), Ridge(alpha=strength)).fit(
            table, target),))
    models = []
    for name, arm in (("treated", w == 1), ("controls", w == 0)):
        if len(set(y[arm])) < 2:
            raise DataError(f"all {int(arm.sum()):,} of the {name} have the same outcome: there is nothing to model")
        models.append(make_pipeline(StandardScaler(), LogisticRegression(C=1 / strength, max_iter=1000)).fit(
            table[arm], y[arm]))
    return UpliftFit(method, list(table), tuple(models))


def cross_fitted_uplift(features, outcome, treatment, *, groups=None, folds=5, seed=0, **options) -> pd.DataFrame:
    """Return the uplift of every row, said by a model that has not seen that row's customer.

    Parameters
    ----------
    features, outcome, treatment, **options
        As in `fit_uplift`.
    groups : array-like, optional
        Customer of each row; all rows of one customer fall into one fold.
    folds, seed : int
        Number of folds, at least 2; who falls into which.

    Returns
    -------
    pandas.DataFrame
        As `UpliftFit.predict`, index of `features`.

    Examples
    --------
    >>> x = pd.DataFrame({"neglected": [0, 1] * 40})
    >>> said = cross_fitted_uplift(x, [1, 0, 1, 1, 0, 1, 0, 1] * 10, [0, 0, 1, 1] * 20)
    >>> said.shape
    (80, 3)
    """
    same_rows(features=features, outcome=outcome, treatment=treatment, groups=groups)
    chance = options.pop("propensity", None)
    table = feature_table(features)
    y = outcomes("outcome", outcome, length=len(table))
    w = treatments(treatment, treated=options.pop("treated", None), length=len(table))
    who = group_codes(groups, len(table))
    number = check_count("folds", folds, minimum=2)
    if number > who.max() + 1:
        raise DataError(f"{who.max() + 1:,} customers cannot be dealt into {number} folds")
    fold = np.random.default_rng(seed).permutation(np.arange(who.max() + 1) % number)[who]
    parts = []
    for k in range(number):
        seen, held = fold != k, fold == k
        e = chance if np.ndim(chance) == 0 else np.asarray(chance)[seen]
        parts.append(fit_uplift(table[seen], y[seen], w[seen], propensity=e, **options).predict(table[held]))
    return pd.concat(parts).loc[table.index] if table.index.is_unique else _in_order(parts, fold, number, table)


def _in_order(parts, fold, number, table):
    joined = pd.concat(parts)
    at = np.argsort(np.concatenate([np.flatnonzero(fold == k) for k in range(number)]))
    return joined.iloc[at].set_axis(table.index)


# ------------------------------------------------------------------------------------ curves


def uplift_curve(outcome, score, treatment, *, kind="qini", treated=None) -> pd.DataFrame:
    """Return what would be gained by treating the best 0, 1, 2, … rows of a ranking, by the outcomes of both groups.

    With n₁, n₀ treated and controls among the best, and y₁, y₀ their outcomes added up:
    ``"qini"``: ``y₁ - y₀ n₁ / n₀``, outcomes gained among the treated (Radcliffe 2007);
    ``"uplift"``: ``(y₁ / n₁ - y₀ / n₀)(n₁ + n₀)``, outcomes gained if all of them were treated.
    Rows with equal scores enter together. As in the package scikit-uplift.

    Parameters
    ----------
    outcome, score, treatment : array-like
        Per row: 0 or 1 (or another number), what the rows are ranked by, and who was treated.
    kind : {"qini", "uplift"}

    Returns
    -------
    pandas.DataFrame
        ``rows`` (from 0), ``gain``, and ``by_chance``: the straight line to the last gain.

    Examples
    --------
    >>> uplift_curve([1, 0, 1, 0], [0.9, 0.8, 0.2, 0.1], [1, 0, 0, 1], kind="uplift")
       rows  gain  by_chance
    0     0   0.0        0.0
    1     1   1.0        0.0
    2     2   2.0        0.0
    3     3   1.5        0.0
    4     4   0.0        0.0
    """
    y, s, w = _ranked_inputs(outcome, score, treatment, treated)
    rows, gain = _curve(y, s, w, check_choice("kind", kind, ("qini", "uplift")))
    return pd.DataFrame({"rows": rows, "gain": gain, "by_chance": gain[-1] * rows / rows[-1]})


def uplift_area(outcome, score, treatment, *, kind="qini", normalise="perfect", negative_effect=True,
                treated=None) -> float:
    """Return the area between the curve of a ranking and that of chance.

    Parameters
    ----------
    outcome, score, treatment, kind
        As in `uplift_curve`.
    normalise : {"perfect", "none"}
        Divide by the area of what scikit-uplift takes for the perfect ranking (``qini_auc_score``,
        ``uplift_auc_score``), or give the area itself, in outcomes times rows. 0 is chance; 1 is that ranking, a
        convention and no upper bound: small samples go above it. Other packages divide by something else.
    negative_effect : bool
        Of the perfect Qini curve: may a treatment do harm? If not, the best curve rises to the last gain and stays.

    Returns
    -------
    float

    Raises
    ------
    DataError
        If outcomes are not 0 and 1 where the perfect ranking is needed, or it is no better than chance.

    Examples
    --------
    >>> uplift_area([1, 0], [0.1, 0.3], [0, 1], kind="uplift")
    1.0
    """
    y, s, w = _ranked_inputs(outcome, score, treatment, treated)
    check_choice("kind", kind, ("qini", "uplift"))
    check_choice("normalise", normalise, ("perfect", "none"))
    rows, gain = _curve(y, s, w, kind)
    chance = gain[-1] * rows[-1] / 2
    area = float(np.trapezoid(gain, rows) - chance)
    if normalise == "none":
        return area
    y = outcomes("outcome", y)
    if kind == "uplift":
        more = ((y == 1) & (w == 0)).sum() > ((y == 0) & (w == 1)).sum()
        ideal = _curve(y, 2 * (y == w) + (y if more else w), w, kind)
    elif negative_effect:
        ideal = _curve(y, y * w - y * (1 - w), w, kind)
    else:
        top = y[w == 1].sum() - w.sum() * y[w == 0].sum() / (1 - w).sum()
        ideal = np.array([0, top, len(y)]), np.array([0, top, top])
    best = float(np.trapezoid(ideal[1], ideal[0]) - ideal[1][-1] * ideal[0][-1] / 2)
    if best < 0 and not negative_effect:
        raise DataError("without negative effects the best curve lies below chance here, and the sign of the result "
                        "would be turned: use negative_effect=True or normalise='none'")
    if abs(best) < 1e-12:
        raise DataError("even the perfect ranking is no better than chance here, because the outcomes of treated and "
                        "controls leave nothing to rank: use normalise='none'")
    return area / best


def uplift_at(outcome, score, treatment, *, share=0.3, strategy="overall", treated=None) -> float:
    """Return the effect among the best share of a ranking: mean outcome of the treated less that of the controls.

    Parameters
    ----------
    outcome, score, treatment
        As in `uplift_curve`.
    share : float
        Above 0, up to 1; the number of rows is rounded down.
    strategy : {"overall", "by_group"}
        The best of all rows, or the best of the treated and of the controls apart (``uplift_at_k`` of scikit-uplift).
        Of equal scores at the border, each row counts with the part that fits.

    Returns
    -------
    float

    Examples
    --------
    >>> uplift_at([1, 0, 1, 0], [0.9, 0.8, 0.2, 0.1], [1, 0, 0, 1], share=0.5)
    1.0
    """
    y, s, w = _ranked_inputs(outcome, score, treatment, treated)
    part = check_fraction("share", share)
    means = []
    for arm in (1, 0):
        pool = np.ones(len(y), dtype=bool) if strategy == "overall" else w == arm
        weight = np.where(w == arm, _best(s, pool, int(pool.sum() * part + 1e-9)), 0.0)
        check_choice("strategy", strategy, ("overall", "by_group"))
        if weight.sum() == 0:
            raise DataError(f"the best {part:.0%} hold no {'treated' if arm else 'control'} rows: take a larger share")
        means.append((weight * y).sum() / weight.sum())
    return float(means[0] - means[1])


def _best(score, pool, number):
    """Weight 1 for the best rows of the pool, a part for those tied at the border, 0 for the others."""
    if number == 0:
        return np.zeros(len(score))
    border = np.sort(score[pool])[::-1][number - 1]
    above, tied = pool & (score > border), pool & (score == border)
    return above + tied * (number - above.sum()) / tied.sum()


def _ranked_inputs(outcome, score, treatment, treated):
    same_rows(outcome=outcome, score=score, treatment=treatment)
    y = row_values("outcome", outcome)
    return y, row_values("score", score, length=len(y)), treatments(treatment, treated=treated, length=len(y))


def _curve(y, score, w, kind):
    order = np.argsort(-score, kind="stable")
    last = np.r_[np.flatnonzero(np.diff(score[order])), len(y) - 1]
    n = last + 1
    n1, y1 = np.cumsum(w[order])[last], np.cumsum((y * w)[order])[last]
    n0, y0 = n - n1, np.cumsum((y * (1 - w))[order])[last]
    per0 = np.divide(y0, n0, out=np.zeros(len(n)), where=n0 > 0)
    if kind == "qini":
        gain = y1 - per0 * n1
    else:
        gain = (np.divide(y1, n1, out=np.zeros(len(n)), where=n1 > 0) - per0) * n
    return np.r_[0, n], np.r_[0.0, gain]
