"""Policies: who would be contacted, and what that would have earned, by the lots of an experiment."""

import numpy as np
import pandas as pd

from crmlib.checks import check_choice, check_count, check_fraction, check_positive
from crmlib.errors import DataError
from crmlib.intervals import check_level
from crmlib.outreach.arguments import (
    draw_weights,
    group_codes,
    outcomes,
    probabilities,
    propensity_of,
    row_values,
    same_rows,
    treatments,
)


def best_share(score, share) -> pd.Series:
    """Return a policy: contact the given share of the rows with the highest scores, ties by order of the rows.

    Parameters
    ----------
    score : pandas.Series
        Higher is better.
    share : float
        0 to 1; the number is rounded down.

    Returns
    -------
    pandas.Series of bool

    Examples
    --------
    >>> best_share(pd.Series({"ann": 0.2, "bob": 0.9, "eve": 0.5}), 0.34).to_dict()
    {'ann': False, 'bob': True, 'eve': False}
    """
    values = row_values("score", score)
    number = int(len(values) * check_fraction("share", share) + 1e-9)
    rank = np.empty(len(values), dtype=int)
    rank[np.argsort(-values, kind="stable")] = np.arange(len(values))
    return pd.Series(rank < number, index=score.index if isinstance(score, pd.Series) else None)


def worth_contacting(uplift, value, *, contact_cost) -> pd.Series:
    """Return the policy of expected profit: contact whoever is expected to bring more than the contact costs.

    ``contact if τ V > c``

    Parameters
    ----------
    uplift : pandas.Series
        τ: change of the chance to stay, -1 to 1.
    value : pandas.Series
        V: what a customer who stays will bring, money; same rows.
    contact_cost : float
        c, money per contact.

    Examples
    --------
    >>> worth_contacting(pd.Series([0.1, 0.1, -0.2]), pd.Series([500.0, 50.0, 900.0]), contact_cost=14).tolist()
    [True, False, False]
    """
    same_rows(uplift=uplift, value=value)
    tau = row_values("uplift", uplift)
    if (np.abs(tau) > 1).any():
        hint = "percentages? divide by 100" if np.abs(tau).max() > 1.5 else "from a transformed outcome? clip(-1, 1)"
        raise DataError(f"uplift is a difference of two chances, between -1 and 1; {int((np.abs(tau) > 1).sum()):,} "
                        f"values are not ({hint})")
    worth = row_values("value", value, length=len(tau))
    chosen = tau * worth > check_positive("contact_cost", contact_cost, zero=True)
    return pd.Series(chosen, index=uplift.index if isinstance(uplift, pd.Series) else None)


def policy_table(outcome, treatment, policies, *, value, contact_cost, propensity=None, expected=None, groups=None,
                 baseline=None, treated=None, level=0.95, draws=1000, seed=0, per=1000) -> pd.DataFrame:
    """Return what each policy would have earned over contacting nobody, estimated from an experiment.

    ``gain = 1/n Σ a_i [ (w_i - p_i) / (p_i (1 - p_i)) · (y_i - m_i) · V_i - c ]``: rows whose lot agrees with the
    policy stand for those whose lot does not (inverse probability weighting). m is what was expected of the row
    without looking at its lot or its outcome; it changes no mean, and takes out the noise of what was foreseeable.

    Parameters
    ----------
    outcome : array-like of bool
        y: 1 if the customer stayed.
    treatment : array-like
        w: who was contacted.
    policies : mapping of str to array-like of bool
        a: whom each policy contacts. A policy must not have been learned from these rows' outcomes.
    value : array-like
        V: money at stake per row.
    contact_cost : float
        c: money per contact.
    propensity : float or array, optional
        p: chance of contact; None: the share of the contacted.
    expected : array-like, optional
        m: chance to stay that a model of **other** rows gave, mean of both groups. None: 0 for everybody.
    groups : array-like, optional
        Customer of each row; customers are drawn anew.
    baseline : str, optional
        Name of a policy; adds how much each of the others earns more than it.
    level, draws, seed
        Of the percentile interval of a cluster bootstrap; p is held fixed in it, also where it is estimated.
    per : int
        Money per so many rows.

    Returns
    -------
    pandas.DataFrame
        Index policy: ``contacted`` (share of the rows), ``gain, low, high`` (money per `per` rows); with `baseline`
        also ``more, more_low, more_high``.

    Raises
    ------
    DataError
        If values are missing, lengths differ, there are not two groups, or a policy is not yes or no.

    Examples
    --------
    >>> table = policy_table([1, 1, 0, 1], [1, 1, 0, 0], {"all": [1, 1, 1, 1], "first": [1, 0, 1, 0]},
    ...                      value=[100] * 4, contact_cost=10, propensity=0.5, per=1, draws=50)
    >>> table[["contacted", "gain"]]
            contacted  gain
    policy                 
    all           1.0  40.0
    first         0.5  45.0
    """  # noqa: W291
    same_rows(outcome=outcome, treatment=treatment, value=value, expected=expected, groups=groups,
              propensity=propensity, **{f"the policy {name!r}": each for name, each in policies.items()})
    y = outcomes("outcome", outcome)
    w = treatments(treatment, treated=treated, length=len(y))
    e = propensity_of(propensity, w)
    worth = row_values("value", value, length=len(y))
    m = np.zeros(len(y)) if expected is None else probabilities("expected", expected, length=len(y))
    cost, unit = check_positive("contact_cost", contact_cost, zero=True), check_count("per", per)
    tail, names = (1 - check_level(level)) / 2, list(policies)
    if not names:
        raise DataError("there is no policy to judge")
    if baseline is not None:
        check_choice("baseline", baseline, names)
    chosen = np.column_stack([outcomes(f"the policy {name!r}", policies[name], length=len(y)) for name in names])
    earned = chosen * ((w - e) / (e * (1 - e)) * (y - m) * worth - cost)[:, None]
    who = group_codes(groups, len(y))
    sums = np.zeros((who.max() + 1, len(names)))
    np.add.at(sums, who, earned)
    size = np.bincount(who)
    drawn = unit * np.concatenate([(again @ sums) / (again @ size)[:, None] for again in draw_weights(
        len(size), check_count("draws", draws), seed)])
    result = pd.DataFrame({"contacted": chosen.mean(axis=0), "gain": unit * earned.mean(axis=0)},
                          index=pd.Index(names, name="policy"))
    result["low"], result["high"] = np.quantile(drawn, [tail, 1 - tail], axis=0)
    if baseline is not None:
        at = names.index(baseline)
        more = drawn - drawn[:, [at]]
        result["more"] = result["gain"] - result["gain"].iloc[at]
        result["more_low"], result["more_high"] = np.quantile(more, [tail, 1 - tail], axis=0)
    return result


def true_gain(policies, *, effect, value, contact_cost, per=1000) -> pd.Series:
    """Return what each policy earns over contacting nobody if the true effects are known, as only a simulation does.

    ``gain = 1/n Σ a_i (τ_i V_i - c)``; the best policy contacts where ``τ V > c``.

    Parameters
    ----------
    policies : mapping of str to array-like of bool
    effect : array-like
        τ: change of the chance to stay through the contact.
    value, contact_cost, per
        As in `policy_table`.

    Returns
    -------
    pandas.Series
        Money per `per` rows, index policy.

    Examples
    --------
    >>> true_gain({"all": [1, 1], "best": [1, 0]}, effect=[0.2, -0.1], value=[100, 100], contact_cost=5, per=1).tolist()
    [0.0, 7.5]
    """
    same_rows(effect=effect, value=value, **{f"the policy {name!r}": each for name, each in policies.items()})
    tau = row_values("effect", effect)
    net = tau * row_values("value", value, length=len(tau)) - check_positive("contact_cost", contact_cost, zero=True)
    unit = check_count("per", per)
    return pd.Series({name: unit * float((outcomes(f"the policy {name!r}", chosen, length=len(tau)) * net).mean())
                      for name, chosen in policies.items()}, name="true gain").rename_axis("policy")


def gain_by_share(score, *, effect, value, contact_cost, points=51) -> pd.DataFrame:
    """Return what contacting the best share of a ranking earns, from nobody to everybody, by given effects.

    Parameters
    ----------
    score : array-like
        What the rows are ranked by.
    effect, value, contact_cost
        As in `true_gain`.
    points : int
        Number of shares, at least 2.

    Returns
    -------
    pandas.DataFrame
        ``share`` and ``gain`` (money, all rows together).

    Examples
    --------
    >>> gain_by_share([3, 2, 1], effect=[0.1, 0.2, -0.1], value=[100] * 3, contact_cost=5, points=4)["gain"].tolist()
    [0.0, 5.0, 20.0, 5.0]
    """
    same_rows(effect=effect, value=value, score=score)
    tau = row_values("effect", effect)
    net = tau * row_values("value", value, length=len(tau)) - check_positive("contact_cost", contact_cost, zero=True)
    order = np.argsort(-row_values("score", score, length=len(tau)), kind="stable")
    total = np.r_[0.0, np.cumsum(net[order])]
    share = np.linspace(0, 1, check_count("points", points, minimum=2))
    return pd.DataFrame({"share": share, "gain": total[(share * len(tau) + 1e-9).astype(int)]})
