"""How sure we are: of the parameters, of anything computed from them, and of what will happen.

Two different questions, two different widths:

- `interval`: how well do we know the **mean**? It narrows as customers are added.
- `simulate_purchases`: what will these customers **do**? Chance stays, however many data there are.
"""

import warnings

import numpy as np
import pandas as pd

from crmlib.btyd.models import maximise
from crmlib.btyd.predictions import (
    InfiniteMeanError,
    _alive,
    _columns,
    _history,
    _horizon,
    _money,
    _spend_parameters,
    row_weights,
)
from crmlib.checks import check_choice, check_count, check_fraction
from crmlib.errors import ConvergenceError, CrmWarning


def parameter_draws(model, *, n=400, seed, method="normal"):
    """Return `n` models whose parameters vary as much as the data leave them open.

    Parameters
    ----------
    model : FittedModel
    n : int
        Number of draws.
    seed : int
        Seed of the random numbers; required, so that a result can be had again.
    method : {"normal", "bootstrap"}
        "normal" draws from the estimated covariance, in log parameters: quick, and right if the model is.
        "bootstrap" draws customers anew and refits: slower, and honest about a model that fits only roughly.

    Returns
    -------
    list of FittedModel

    Raises
    ------
    ValueError
        If a bootstrap is asked of a model that was read from a file and has no cells.
    ConvergenceError
        If more than one refit in twenty fails.

    Notes
    -----
    Covariance: D H^-1 D / N with D = diag(params), H the Hessian per customer in log parameters. The
    bootstrap is multinomial over the counted cells. Purchase and spend models are drawn independently, as
    the models themselves assume.

    Examples
    --------
    >>> from crmlib import btyd
    >>> from crmlib.data import load_cdnow
    >>> history = btyd.customer_summary(load_cdnow(), observation_end="1997-09-30")
    >>> model = btyd.fit_bg_nbd(history)
    >>> draws = btyd.parameter_draws(model, n=100, seed=1)
    >>> len(draws), draws[0].name
    (100, 'BG/NBD')
    """
    n = check_count("n", n)
    check_choice("method", method, ("normal", "bootstrap"))
    rng = np.random.default_rng(check_count("seed", seed, minimum=0))
    values = model.params.to_numpy()
    if method == "normal":
        log_covariance = model.covariance.to_numpy() / np.outer(values, values)
        # svd copes best with the correlations of .95 that these parameters have
        logs = rng.multivariate_normal(np.log(values), log_covariance, size=n, method="svd")
        return [model.with_params(np.exp(row)) for row in logs]
    if model.cells is None:
        raise ValueError("this model has no cells to draw from (it was read from a file): fit it again on the summary")
    shares = model.cells.customers / model.cells.customers.sum()
    start = np.log(values)
    draws, failed = [], 0
    while len(draws) < n:
        counts = rng.multinomial(model.n_customers, shares)
        sample = model.cells.assign(customers=counts)[counts > 0]
        try:
            draws.append(model.with_params(maximise(model.name, sample, model.unit, start)[0]))
        except ConvergenceError as error:
            failed += 1
            if failed > max(1, n / 20):
                raise ConvergenceError(
                    f"{failed} bootstrap refits of {model.name} did not converge, against {len(draws)} that did: the "
                    f"data do not carry this model ({error})"
                ) from None
    if failed:
        warnings.warn(f"{failed} bootstrap refits did not converge and were drawn again", CrmWarning, stacklevel=2)
    return draws


def interval(function, *models, draws, level=0.95):
    """Return an estimate and its interval for anything computed from fitted models.

    Parameters
    ----------
    function : callable
        Takes as many models as there are `models`; returns a number or a Series.
    *models : FittedModel
        One, or a purchase model and a spend model.
    draws : list, or tuple of lists
        From `parameter_draws`, one list per model.
    level : float
        Share of draws inside.

    Returns
    -------
    pandas.Series or pandas.DataFrame
        ``low, estimate, high``. This is an interval of the **mean**: it says how well the parameters are known,
        not how far a customer, or a year, will stray from it. For that see `simulate_purchases`.

    Examples
    --------
    >>> from crmlib import btyd
    >>> history = pd.DataFrame({"frequency": [0, 1, 2, 5], "recency": [0, 4, 20, 30.0], "T": [38.0] * 4,
    ...                         "customers": [6000, 2500, 1000, 500]})
    >>> model = btyd.fit_bg_nbd(history, unit="week")
    >>> draws = btyd.parameter_draws(model, n=200, seed=1)
    >>> low, estimate, high = btyd.interval(
    ...     lambda m: btyd.expected_purchases_new(m, horizon=52, horizon_unit="week"), model, draws=draws)
    >>> low < estimate < high
    True
    """
    check_fraction("level", level)
    lists = draws if isinstance(draws, tuple) else (draws,)
    if len(lists) != len(models):
        raise ValueError(
            f"{len(models)} model(s) but {len(lists)} list(s) of draws: give one list per model, as a tuple"
        )
    if len(set(map(len, lists))) > 1:
        raise ValueError(f"lists of {', '.join(str(len(each)) for each in lists)} draws: give the same number of each")
    if len(lists[0]) < 2:
        raise ValueError("an interval needs at least two draws; take a few hundred")
    estimate = function(*models)
    values, infinite = [], 0
    for row in zip(*lists, strict=True):
        try:
            values.append(function(*row))
        except InfiniteMeanError:
            infinite += 1
            values.append(estimate * 0 + np.inf)
    if infinite:
        warnings.warn(
            f"in {infinite} of {len(values)} draws mean spend is infinite (q at or below 1): they count as infinite, "
            "so the upper end may be. A few very large customers cause it: model them apart",
            CrmWarning, stacklevel=2,
        )
    tails = [0.5 - level / 2, 0.5 + level / 2]
    if isinstance(estimate, pd.Series):
        low, high = _quantiles(np.vstack([value.to_numpy() for value in values]), tails)
        return pd.DataFrame({"low": low, "estimate": estimate, "high": high}, index=estimate.index)
    low, high = _quantiles(np.asarray(values, dtype=float), tails)
    return pd.Series({"low": low, "estimate": float(estimate), "high": high})


def _quantiles(values, tails):
    with np.errstate(invalid="ignore"):  # between a number and infinity lies infinity
        ends = np.quantile(values, tails, axis=0)
    return np.where(np.isnan(ends), np.inf, ends)


def simulate_purchases(model, summary, *, horizon, horizon_unit, n=1000, seed, draws=None, spend_model=None):
    """Simulate what this group of customers may do: a predictive distribution of its total.

    Parameters
    ----------
    model : FittedModel
        BG/NBD, MBG/NBD or Pareto/NBD.
    summary : pandas.DataFrame
        The customers' histories; a column ``customers`` says how many each row stands for.
    horizon, horizon_unit
        As in `expected_purchases`.
    n : int
        Number of simulated futures.
    seed : int
        Required.
    draws : list of FittedModel, optional
        From `parameter_draws` of the purchase model: its futures then carry the uncertainty of these
        parameters as well as chance. The parameters of the spend model stay as they are.
    spend_model : FittedModel, optional
        From `fit_gamma_gamma`: adds a column ``revenue`` (undiscounted).

    Returns
    -------
    pandas.DataFrame
        One row per future: ``purchases`` of the whole group, and ``revenue`` if asked for.

    Notes
    -----
    Given active, a customer's rate is Gamma(r+x, alpha+T) and, BG/NBD and MBG/NBD, the chance of leaving
    Beta(a, b+x): the future count is the smaller of a Poisson and a geometric number. MBG/NBD: Beta(a, b+x+1).
    Pareto/NBD: the leaving rate is Gamma(s, beta+T). A simulated future takes one vector as long as the
    number of customers. Chance here strikes each customer apart: what moves all of them at once (a season, a
    promotion, a rival) is not in it, so reality scatters more.

    Examples
    --------
    >>> from crmlib import btyd
    >>> from crmlib.data import load_cdnow
    >>> history = btyd.customer_summary(load_cdnow(), observation_end="1997-09-30")
    >>> model = btyd.fit_bg_nbd(history)
    >>> futures = btyd.simulate_purchases(model, history, horizon=39, horizon_unit="week", n=20, seed=1)
    >>> futures.shape
    (20, 1)
    """
    check_choice("model", model.name, ("BG/NBD", "MBG/NBD", "Pareto/NBD"))
    n = check_count("n", n)
    t = _horizon(model, horizon, horizon_unit)
    if isinstance(summary, pd.DataFrame) and "customers" in summary.columns:
        summary = summary.iloc[np.repeat(np.arange(len(summary)), row_weights(summary).astype(int))]
    x, recency, T = _columns(_history(model, summary))
    rng = np.random.default_rng(check_count("seed", seed, minimum=0))
    money = None if spend_model is None else _money(summary, x)
    rows = np.empty((n, 1 if spend_model is None else 2))
    alive = _alive(model, x, recency, T)
    for i in range(n):
        current = draws[i % len(draws)] if draws else model
        if draws:
            alive = _alive(current, x, recency, T)
        counts = _future_counts(current, t, x[active], T[active], rng) if (
            active := rng.random(len(x)) < alive).any() else np.zeros(0, dtype=np.int64)
        rows[i, 0] = counts.sum()
        if spend_model is not None:
            rows[i, 1] = _future_spend(spend_model, counts, x[active], money[active], rng)
    return pd.DataFrame(rows, columns=["purchases", "revenue"][: rows.shape[1]])


def _future_counts(model, t, x, T, rng):
    """Purchases in the next `t` of customers who are active now."""
    if model.name == "Pareto/NBD":
        r, alpha, s, beta = model.params
        rate = rng.gamma(r + x) / (alpha + T)
        leaving_rate = rng.gamma(s, size=len(x)) / (beta + T)
        active_for = np.minimum(t, rng.exponential(size=len(x)) / np.maximum(leaving_rate, 1e-300))
        return rng.poisson(rate * active_for)
    r, alpha, a, b = model.params
    rate = rng.gamma(r + x) / (alpha + T)
    leave = rng.beta(a, b + x + (model.name == "MBG/NBD"))
    return np.minimum(rng.poisson(rate * t), rng.geometric(np.clip(leave, 1e-12, 1.0)))


def _future_spend(spend_model, counts, x, money, rng):
    p, q, v = _spend_parameters(spend_model)
    buys = counts > 0
    scale = rng.gamma(p * x[buys] + q) / (v + x[buys] * money[buys])
    return (rng.gamma(p * counts[buys]) / scale).sum()
