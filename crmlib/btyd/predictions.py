"""What a fitted model says of a customer with a known history, and of one not yet won.

For BG/NBD, MBG/NBD, Pareto/NBD and BG/BB alike

    expected purchases = P(active now | frequency, recency, T) x purchases if active | frequency, T.

The second factor needs a special function and does not depend on recency. So it is computed once per
distinct (frequency, T), and the rest is arithmetic: the same numbers as `lifetimes`, a hundred times sooner.
"""

import numpy as np
import pandas as pd

from crmlib.btyd.models import _unit_of, fitter, history_rules
from crmlib.btyd.summaries import distinct_rows, numbers
from crmlib.checks import check_choice, check_count, check_discount_rate, check_fraction, check_positive
from crmlib.errors import DataError
from crmlib.units import convert_time

PURCHASE_MODELS = ("BG/NBD", "MBG/NBD", "Pareto/NBD", "BG/BB")


class InfiniteMeanError(ValueError):
    """Mean spend is infinite (q at or below 1), so nothing can be expected in money."""


def probability_alive(model, summary, *, periods_ahead=0):
    """Return P(active at the end of observation) per customer.

    Parameters
    ----------
    model : FittedModel
        A purchase model (not Gamma-Gamma).
    summary : pandas.DataFrame
        ``frequency, recency, T`` per customer, in the unit of the model.
    periods_ahead : int
        BG/BB only: active so many periods later. The paper reports the next one, `periods_ahead=1`.

    Returns
    -------
    pandas.Series
        Between 0 and 1, aligned with `summary`. In the BG/NBD model it is exactly 1 for every one-time
        buyer: nobody can leave before a first repeat purchase.

    Raises
    ------
    DataError
        If columns are missing, values are impossible, or the unit is not the model's.

    Notes
    -----
    BG/NBD: 1 / (1 + a/(b+x-1) ((alpha+T)/(alpha+t_x))^(r+x)) for x > 0; Fader & Hardie, note 021.

    Examples
    --------
    >>> from crmlib.btyd import fit_bg_nbd
    >>> history = pd.DataFrame({"frequency": [0, 1, 2, 5], "recency": [0, 4, 20, 30.0], "T": [38.0] * 4,
    ...                         "customers": [6000, 2500, 1000, 500]})
    >>> probability_alive(fit_bg_nbd(history, unit="week"), history).round(2).tolist()
    [1.0, 0.1, 0.38, 0.67]
    """
    if check_count("periods_ahead", periods_ahead, minimum=0) and model.name != "BG/BB":
        raise ValueError(f"periods_ahead is for BG/BB; {model.name} gives the probability now")
    frame = _history(model, summary)
    histories, codes = distinct_rows(frame, list(frame))
    alive = _finite(model, _alive(model, *_columns(histories), periods_ahead), histories, codes)
    return _series(summary, np.clip(alive, 0, 1)[codes], "probability_alive")


def expected_purchases(model, summary, *, horizon, horizon_unit):
    """Return the expected number of purchase occasions in the `horizon` after the end of observation.

    Parameters
    ----------
    model, summary
        As in `probability_alive`.
    horizon : float
        Length of the future, in `horizon_unit`.
    horizon_unit : {"day", "week", "month", "quarter", "year"}

    Returns
    -------
    pandas.Series
        Aligned with `summary`. It is a mean, not a probability: it can exceed 1.

    Notes
    -----
    Fader, Hardie & Lee (2005), equation 10; Fader & Hardie note 009, equation 41; Fader, Hardie & Shang
    (2010), equation 13.

    Examples
    --------
    >>> from crmlib import btyd
    >>> from crmlib.data import load_cdnow
    >>> history = btyd.customer_summary(load_cdnow(), observation_end="1997-09-30")
    >>> model = btyd.fit_bg_nbd(history)
    >>> btyd.expected_purchases(model, history, horizon=39, horizon_unit="week").head(3).round(3).tolist()
    [1.226, 0.197, 0.203]
    """
    t = _horizon(model, horizon, horizon_unit)
    frame = _history(model, summary)
    return _series(summary, _alive_times(model, frame, lambda x, T: _if_alive(model, t, x, T)), "expected_purchases")


def probability_no_purchase(model, summary, *, horizon, horizon_unit):
    """Return the probability that a customer buys nothing in the `horizon`.

    Parameters
    ----------
    model, summary, horizon, horizon_unit
        As in `expected_purchases`.

    Returns
    -------
    pandas.Series
        Aligned with `summary`; at least 1 - P(alive).

    Notes
    -----
    BG/NBD and MBG/NBD: P(not active) + P(active) ((alpha+T)/(alpha+T+t))^(r+x), because nobody leaves before
    the next purchase. Pareto/NBD: Fader & Hardie, note 028, at zero purchases.

    Examples
    --------
    >>> from crmlib import btyd
    >>> from crmlib.data import load_cdnow
    >>> history = btyd.customer_summary(load_cdnow(), observation_end="1997-09-30")
    >>> model = btyd.fit_bg_nbd(history)
    >>> btyd.probability_no_purchase(model, history, horizon=39, horizon_unit="week").head(3).round(3).tolist()
    [0.445, 0.855, 0.883]
    """
    t = _horizon(model, horizon, horizon_unit)
    frame = _history(model, summary)
    if model.name == "BG/BB":
        histories, codes = distinct_rows(frame, list(frame))
        x, recency, n = _columns(histories)
        values = _finite(model, _bg_bb_no_purchase(model, t, x, recency, n), histories, codes)[codes]
    elif model.name == "Pareto/NBD":
        histories, codes = distinct_rows(frame, list(frame))
        x, recency, T = _columns(histories)
        engine = fitter(model.name, model.params)
        if t > 0:
            with np.errstate(all="ignore"):
                values = engine.conditional_probability_of_n_purchases_up_to_time(0, t, x, recency, T)
        else:
            values = np.ones(len(x))  # lifetimes takes the logarithm of t
        values = _finite(model, values, histories, codes)[codes]
    else:
        r, alpha = model.params["r"], model.params["alpha"]
        # x and T do not determine the answer alone, but the factor behind P(alive) is theirs
        values = 1 - _alive_times(model, frame, lambda x, T: 1 - ((alpha + T) / (alpha + T + t)) ** (r + x))
    return _series(summary, np.clip(values, 0, 1), "probability_no_purchase")


def expected_spend(spend_model, summary):
    """Return the expected spend per purchase occasion: the customer's own mean, drawn to everybody's.

    Parameters
    ----------
    spend_model : FittedModel
        From `fit_gamma_gamma`.
    summary : pandas.DataFrame
        ``frequency`` and ``monetary_value`` per customer.

    Returns
    -------
    pandas.Series
        Money per occasion, aligned with `summary`. One-time buyers get the mean of the population.

    Raises
    ------
    ValueError
        If q <= 1, where that mean is infinite.
    DataError
        If spend is missing or negative for customers who came back.

    Notes
    -----
    Weighted mean of p v/(q-1), with weight q-1, and the customer's own, with weight p x; Fader & Hardie,
    note 025, equation 5.

    Examples
    --------
    >>> from crmlib import btyd
    >>> from crmlib.data import load_cdnow
    >>> history = btyd.customer_summary(load_cdnow(), observation_end="1997-09-30")
    >>> spend = btyd.fit_gamma_gamma(history)
    >>> btyd.expected_spend(spend, history).head(3).round(2).tolist()
    [24.65, 35.17, 18.91]
    """
    p, q, _ = _spend_parameters(spend_model)
    population = _population_spend(spend_model)
    x = numbers(summary, "frequency")
    money = _money(summary, x)
    weight = p * x / (p * x + q - 1)
    return _series(summary, (1 - weight) * population + weight * money, "expected_spend")


def discounted_purchases(model, summary, *, horizon, horizon_unit, annual_discount_rate, timing="end"):
    """Return expected purchases in the `horizon`, each worth less the later it comes.

    Parameters
    ----------
    model, summary, horizon, horizon_unit
        As in `expected_purchases`.
    annual_discount_rate : float
        Effective per year, 0.1 for ten per cent.
    timing : {"end", "middle"}
        Purchases of a month (BG/BB: of a period) count at its end, as in `lifetimes`, or at its middle.

    Returns
    -------
    pandas.Series
        Aligned with `summary`.

    Notes
    -----
    Sum over months i of (E[X(t_i)] - E[X(t_(i-1))]) / (1 + annual_discount_rate)^(t_i in years).
    A last month that is not full is counted as far as it goes.

    Examples
    --------
    >>> from crmlib import btyd
    >>> from crmlib.data import load_cdnow
    >>> history = btyd.customer_summary(load_cdnow(), observation_end="1997-09-30")
    >>> model = btyd.fit_bg_nbd(history)
    >>> value = btyd.discounted_purchases(
    ...     model, history, horizon=1, horizon_unit="year", annual_discount_rate=0.15)
    >>> value.head(3).round(3).tolist()
    [1.457, 0.237, 0.243]
    """
    frame = _history(model, summary)
    steps = _steps(model, horizon, horizon_unit, annual_discount_rate, timing)
    values = _alive_times(model, frame, lambda x, T: _discounted(lambda t: _if_alive(model, t, x, T), *steps))
    return _series(summary, values, "discounted_purchases")


def lifetime_value(
    model, spend_model, summary, *, horizon, horizon_unit, margin, annual_discount_rate, timing="end"
):
    """Return the discounted margin expected from each customer over a horizon.

    Parameters
    ----------
    model : FittedModel
        A purchase model, such as BG/NBD.
    spend_model : FittedModel
        From `fit_gamma_gamma`.
    summary : pandas.DataFrame
        ``frequency, recency, T, monetary_value`` per customer.
    horizon, horizon_unit
        As in `expected_purchases`.
    margin : float
        Share of revenue that is left after variable cost; 1 gives discounted revenue.
    annual_discount_rate : float
        Effective per year.
    timing : {"end", "middle"}
        As in `discounted_purchases`.

    Returns
    -------
    pandas.Series
        Money per customer, aligned with `summary`: **future** value only. What was earned is earned, what
        was paid to win the customer is spent.

    Notes
    -----
    Expected spend x discounted purchases x margin. Spend and frequency are taken as independent, spend as
    steady. CDNOW, 2,357 customers, 39 weeks, 12 months at 1 % a month, margin 1: 71,510 in total. (`lifetimes`
    takes days unless told otherwise and so gives 266,622 for the same weeks; here the unit travels with the
    summary.)

    Examples
    --------
    >>> from crmlib import btyd
    >>> from crmlib.data import load_cdnow
    >>> history = btyd.customer_summary(load_cdnow(), observation_end="1997-09-30")
    >>> model = btyd.fit_bg_nbd(history)
    >>> spend = btyd.fit_gamma_gamma(history)
    >>> value = btyd.lifetime_value(model, spend, history, horizon=1, horizon_unit="year",
    ...                              margin=0.3, annual_discount_rate=0.15)
    >>> round(value.sum())
    21239
    """
    margin = check_fraction("margin", margin)
    purchases = discounted_purchases(
        model, summary, horizon=horizon, horizon_unit=horizon_unit,
        annual_discount_rate=annual_discount_rate, timing=timing,
    )
    return (purchases * expected_spend(spend_model, summary) * margin).rename("lifetime_value")


# --- customers not yet won -----------------------------------------------------------------------------------


def expected_purchases_new(model, *, horizon, horizon_unit):
    """Return the expected number of **repeat** purchases of a new customer, from the first purchase on.

    Parameters
    ----------
    model : FittedModel
        A purchase model.
    horizon : float or array of float
        In `horizon_unit`.
    horizon_unit : {"day", "week", "month", "quarter", "year"}

    Returns
    -------
    float or numpy.ndarray

    Notes
    -----
    Fader, Hardie & Lee (2005), equation 9: CDNOW, 39 weeks: 1.0437 in 32 weeks.

    Examples
    --------
    >>> from crmlib import btyd
    >>> from crmlib.data import load_cdnow
    >>> history = btyd.customer_summary(load_cdnow(), observation_end="1997-09-30")
    >>> model = btyd.fit_bg_nbd(history)
    >>> round(btyd.expected_purchases_new(model, horizon=52, horizon_unit="week"), 3)
    1.444
    """
    t = _horizon(model, horizon, horizon_unit, several=True)
    values = _new(model, np.asarray(t, dtype=float))
    return float(values) if np.ndim(horizon) == 0 else values


def discounted_purchases_new(model, *, horizon, horizon_unit, annual_discount_rate, timing="end"):
    """Return `expected_purchases_new`, discounted to the first purchase as in `discounted_purchases`.

    Examples
    --------
    >>> from crmlib import btyd
    >>> from crmlib.data import load_cdnow
    >>> history = btyd.customer_summary(load_cdnow(), observation_end="1997-09-30")
    >>> model = btyd.fit_bg_nbd(history)
    >>> round(btyd.discounted_purchases_new(model, horizon=1, horizon_unit="year", annual_discount_rate=0.15), 3)
    1.358
    """
    steps = _steps(model, horizon, horizon_unit, annual_discount_rate, timing)
    return float(_discounted(lambda t: _new(model, np.asarray(t, dtype=float)), *steps))


def lifetime_value_new(
    model, spend_model, *, horizon, horizon_unit, margin, annual_discount_rate, first_purchase, timing="end"
):
    """Return the discounted margin expected from a customer who is about to buy for the first time.

    Parameters
    ----------
    model, spend_model, horizon, horizon_unit, margin, annual_discount_rate, timing
        As in `lifetime_value`.
    first_purchase : {"include", "exclude"}
        Whether the purchase that wins the customer counts, at its full mean spend. Compare an acquisition
        cost with the value that includes it.

    Returns
    -------
    float
        Money per new customer.

    Examples
    --------
    >>> from crmlib import btyd
    >>> from crmlib.data import load_cdnow
    >>> history = btyd.customer_summary(load_cdnow(), observation_end="1997-09-30")
    >>> model = btyd.fit_bg_nbd(history)
    >>> spend = btyd.fit_gamma_gamma(history)
    >>> value = btyd.lifetime_value_new(model, spend, horizon=1, horizon_unit="year", margin=0.3,
    ...                                  annual_discount_rate=0.15, first_purchase="include")
    >>> round(value, 2)
    24.88
    """
    margin = check_fraction("margin", margin)
    check_choice("first_purchase", first_purchase, ("include", "exclude"))
    purchases = discounted_purchases_new(
        model, horizon=horizon, horizon_unit=horizon_unit,
        annual_discount_rate=annual_discount_rate, timing=timing,
    )
    return float((purchases + (first_purchase == "include")) * _population_spend(spend_model) * margin)


def purchase_count_probability_new(model, count, *, horizon, horizon_unit):
    """Return P(exactly `count` repeat purchases) of a new customer in the `horizon`.

    Parameters
    ----------
    model : FittedModel
        BG/NBD or MBG/NBD.
    count : int or array of int
    horizon : float or array of float
        In `horizon_unit`; broadcast with `count`.
    horizon_unit : {"day", "week", "month", "quarter", "year"}

    Returns
    -------
    float or numpy.ndarray

    Notes
    -----
    Fader, Hardie & Lee (2005), equation 8, written with the negative binomial distribution so that it holds
    for large counts too (`lifetimes` overflows beyond 170).

    Examples
    --------
    >>> from crmlib import btyd
    >>> from crmlib.data import load_cdnow
    >>> history = btyd.customer_summary(load_cdnow(), observation_end="1997-09-30")
    >>> model = btyd.fit_bg_nbd(history)
    >>> btyd.purchase_count_probability_new(model, [0, 1, 2], horizon=39, horizon_unit="week").round(4).tolist()
    [0.5743, 0.1992, 0.0853]
    """
    from scipy.special import betaln
    from scipy.stats import nbinom

    check_choice("model", model.name, ("BG/NBD", "MBG/NBD"))
    r, alpha, a, b = model.params
    n = np.asarray(count)
    if (n < 0).any() or (n % 1 != 0).any():
        raise ValueError(f"count must be whole numbers of zero or more, not {count!r}")
    t = np.asarray(_horizon(model, horizon, horizon_unit, several=True), dtype=float)
    success = alpha / (alpha + t)
    early = 1 if model.name == "MBG/NBD" else 0  # MBG: one more chance to leave, after the first purchase
    stayed = np.exp(betaln(a, b + n + early) - betaln(a, b)) * nbinom.pmf(n, r, success)
    left = np.exp(betaln(a + 1, b + np.maximum(n + early, 1) - 1) - betaln(a, b)) * nbinom.sf(n - 1, r, success)
    values = stayed + np.where(n + early > 0, left, 0.0)
    return float(values) if np.ndim(values) == 0 else values


# --- the two factors -----------------------------------------------------------------------------------------


def _alive(model, x, recency, T, periods_ahead=0):
    engine = fitter(model.name, model.params)
    with np.errstate(all="ignore"):
        if model.name == "BG/BB":
            return engine.conditional_probability_alive(periods_ahead, x, recency, T)
        return engine.conditional_probability_alive(x, recency, T)


def _if_alive(model, t, x, T):
    """Expected purchases in (T, T+t] of a customer active at T; arrays broadcast."""
    if model.name == "Pareto/NBD":
        r, alpha, s, beta = model.params
        s = _off_one(s)
        return (r + x) * (beta + T) / (alpha + T) * -np.expm1((1 - s) * np.log1p(t / (beta + T))) / (s - 1)
    params = model.params.copy()
    if model.name == "BG/BB":
        params["gamma"] = _off_one(params["gamma"])
        engine = fitter(model.name, params)
        x, T = x.astype(int), T.astype(int)
        # at recency = T the donor gave in the last period and is active for certain
        last = np.where(x > 0, T, 0)
        with np.errstate(all="ignore"):
            value = engine.conditional_expected_number_of_purchases_up_to_time(t, x, last, T)
            return value / engine.conditional_probability_alive(0, x, last, T)
    params["a"], params["b"] = _off_one(params["a"]), _off_one(params["b"])
    if model.name == "MBG/NBD":
        params["b"] += 1  # the same integral: one more survived chance to leave
    # at recency = T, lifetimes' own prediction differs from this factor by P(active) only
    with np.errstate(all="ignore"):
        value = fitter("BG/NBD", params).conditional_expected_number_of_purchases_up_to_time(t, x, T, T)
    negative = x + params["a"] + params["b"] < 1 + 1e-9
    if negative.any():
        # one-time buyers of a BG/NBD with a + b < 1: lifetimes takes the logarithm of a negative number here
        value = np.where(negative, _one_time_buyer(params, t, T), value)
    return value * (1 + (x > 0) * params["a"] / (params["b"] + np.maximum(x, 1) - 1))


def _one_time_buyer(params, t, T):
    """BG/NBD expectation after T without a repeat purchase: that of a new customer with alpha + T."""
    from scipy.special import hyp2f1

    r, alpha, a, b = params["r"], params["alpha"] + T, params["a"], params["b"]
    c = _off_one(a + b) - 1
    return c / (a - 1) * (1 - hyp2f1(r, b, c, t / (alpha + t)) * (alpha / (alpha + t)) ** r)


def _new(model, t):
    params = model.params.copy()
    for name in ("a", "s", "gamma"):
        if name in params:
            params[name] = _off_one(params[name])
    if model.name == "BG/NBD" and _off_one(params["a"] + params["b"]) != params["a"] + params["b"]:
        params["b"] += 1e-6  # the same for a + b
    engine = fitter(model.name, params)
    if model.name != "BG/BB":
        return engine.expected_number_of_purchases_up_to_time(t) + 0.0  # no minus zero at t = 0
    from scipy.special import gammaln

    alpha, beta, gamma, delta = params
    # in pairs that cancel exactly at t = 0, whatever the last bits of the parameters
    log_ratio = gammaln(1 + delta + t) - gammaln(1 + delta) + (gammaln(gamma + delta) - gammaln(gamma + delta + t))
    return alpha / (alpha + beta) * delta / (1 - gamma) * np.expm1(log_ratio)


def _off_one(value):
    """Step off the removable singularities of the closed forms, where a, b, a + b, s or gamma is exactly 1."""
    return value + 1e-6 if abs(value - 1) < 1e-7 else value


def _alive_times(model, frame, factor):
    """P(active) per distinct history times `factor(x, T)` per distinct (x, T), per customer."""
    age = frame.columns[-1]
    histories, codes = distinct_rows(frame, list(frame))
    pairs, pair_codes = distinct_rows(histories, ["frequency", age])
    per_pair = factor(pairs["frequency"].to_numpy(), pairs[age].to_numpy())
    values = _alive(model, *_columns(histories)) * per_pair[pair_codes]
    return _finite(model, values, histories, codes)[codes]


def _finite(model, values, histories, codes):
    """`values` per history, or an error that counts the customers for whom the formulas overflow."""
    broken = ~np.isfinite(values)
    if broken.any():
        raise DataError(
            f"{model.name} gives no finite prediction for {int(broken[codes].sum()):,} customers (first: "
            f"{histories[broken].iloc[0].to_dict()}): these histories are far outside what the model was fitted on"
        )
    return values


def _bg_bb_no_purchase(model, t, x, recency, n):
    """P(no purchase in t further periods): the customer is gone, or leaves in time, or stays and skips all."""
    from scipy.special import betaln

    alpha, beta, gamma, delta = model.params
    alive = _alive(model, x, recency, n)
    # given active at n: p ~ Beta(alpha+x, beta+n-x), theta ~ Beta(gamma, delta+n)
    def skip(j):
        return np.exp(betaln(alpha + x, beta + n - x + j) - betaln(alpha + x, beta + n - x))

    def leave(j):
        return np.exp(betaln(gamma + 1, delta + n + j) - betaln(gamma, delta + n))

    stay = np.exp(betaln(gamma, delta + n + t) - betaln(gamma, delta + n))
    nothing = stay * skip(int(t)) + sum(leave(j) * skip(j) for j in range(int(t)))
    return 1 - alive * (1 - nothing)


# --- discounting -----------------------------------------------------------------------------------------------


def _steps(model, horizon, horizon_unit, annual_discount_rate, timing):
    """Step ends in model units, and the discount factor of each step."""
    check_choice("timing", timing, ("end", "middle"))
    rate = check_discount_rate("annual_discount_rate", annual_discount_rate)
    end = _horizon(model, horizon, horizon_unit)
    step = 1.0 if model.name == "BG/BB" else convert_time(1.0, "month", model.unit)
    count = max(int(np.ceil(end / step - 1e-9)), 1)
    ends = np.append(np.arange(1, count) * step, end)
    starts = np.append(0.0, ends[:-1])
    when = ends if timing == "end" else (starts + ends) / 2
    return ends, (1 + rate) ** -convert_time(when, model.unit, "year")


def _discounted(cumulative, ends, factors):
    total, before = 0.0, 0.0
    for end, factor in zip(ends, factors, strict=True):
        up_to = cumulative(end)
        total = total + (up_to - before) * factor
        before = up_to
    return total


# --- input -------------------------------------------------------------------------------------------------------


def _horizon(model, horizon, horizon_unit, *, several=False):
    if model.name not in PURCHASE_MODELS:
        raise ValueError(f"{model.name} is a model of spend, not of purchases: pass a purchase model")
    if model.unit is None:
        raise ValueError("the model does not know its time unit: fit it with unit=")
    values = np.asarray(horizon, dtype=float)
    if not np.isfinite(values).all() or (values < 0).any():
        raise ValueError(f"horizon must be finite and zero or more, not {horizon!r}")
    if values.ndim and not several:
        raise ValueError("horizon must be one number here")
    converted = convert_time(values, horizon_unit, model.unit)
    if model.name == "BG/BB":
        periods = np.rint(converted)
        if (np.abs(converted - periods) > 1e-9).any():
            raise ValueError(f"the horizon must be a whole number of periods for BG/BB, not {horizon!r}")
        converted = periods  # twelve months are one year, whatever rounding makes of it
    return converted if np.ndim(converted) else float(converted)


def _history(model, summary):
    """The history columns as plain numbers, checked: predictions of `lifetimes` check nothing."""
    if model.name not in PURCHASE_MODELS:
        raise ValueError(f"{model.name} is a model of spend, not of purchases: pass a purchase model")
    age = "n_periods" if model.name == "BG/BB" else "T"
    frame = pd.DataFrame({name: numbers(summary, name) for name in ("frequency", "recency", age)})
    _check_unit(model, summary)
    x, recency, T = _columns(frame)
    for mask, what, _ in history_rules(x, recency, T, age):
        if mask.any():
            raise DataError(f"{what} for {int(mask.sum()):,} customers (first: row {summary.index[mask][0]!r})")
    return frame


def _check_unit(model, summary):
    unit = _unit_of(summary, None, required=False)
    if unit and model.unit and unit != model.unit:
        raise DataError(f"the summary is in {unit}s, the model in {model.unit}s: use the same unit for both")


def _columns(frame):
    return tuple(frame[name].to_numpy() for name in frame.columns)


def _money(summary, x):
    """Mean repeat spend as numbers, 0 for one-time buyers; `x` is frequency."""
    money = np.where(x > 0, numbers(summary, "monetary_value", allow_missing=True), 0.0)
    for mask, what in (
        ((x < 0) | (x % 1 != 0), "frequency is not a whole number of zero or more"),
        (~np.isfinite(money), "monetary_value is missing or infinite in spite of repeat purchases"),
        (money < 0, "monetary_value is negative (more returned than bought: leave them out, or set it to 0)"),
    ):
        if mask.any():
            raise DataError(f"{what} for {int(mask.sum()):,} customers (first: row {summary.index[mask][0]!r})")
    return money


def row_weights(summary):
    """How many customers each row stands for: its column ``customers``, or one."""
    return numbers(summary, "customers") if "customers" in summary.columns else np.ones(len(summary))


def _series(summary, values, name):
    return pd.Series(values, index=summary.index, name=name)


def _spend_parameters(spend_model):
    if spend_model.name != "Gamma-Gamma":
        raise ValueError(f"{spend_model.name} is a model of purchases, not of spend: pass fit_gamma_gamma's result")
    p, q, v = spend_model.params
    if q <= 1:
        raise InfiniteMeanError(
            f"mean spend is infinite at q = {q:.3f} (it must be above 1): no value can be given. Model the few very "
            "large customers apart and fit again"
        )
    return p, q, v


def _population_spend(spend_model):
    p, q, v = _spend_parameters(spend_model)
    check_positive("mean spend", p * v / (q - 1))
    return p * v / (q - 1)
