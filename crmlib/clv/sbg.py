"""Customers who differ: the shifted beta-geometric model of renewals."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import betaln, digamma, hyp2f1, polygamma

from crmlib.checks import check_choice, check_count, check_discount_rate, check_positive
from crmlib.clv.arguments import numbers, plain, whole
from crmlib.errors import ConvergenceError, CrmWarning, DataError

_BOUNDARY_5_PERCENT = 2.71  # of half chi-square 0, half chi-square 1: a parameter at the edge of its range


@dataclass(frozen=True, eq=False, repr=False)
class SBGFit:
    """A fitted shifted beta-geometric model, as `fit_sbg` returns it.

    Attributes
    ----------
    alpha, beta : float
        Shape of the beta distribution of the customers' own churn probabilities; mean alpha / (alpha + beta).
    standard_errors : pandas.Series
        Of alpha and beta, from the curvature of the log-likelihood; NaN for ``method="least_squares"``.
    log_likelihood : float
        At alpha, beta, under either method.
    sum_of_squares : float
        Σ (observed - fitted retention rate)² over the renewals, under either method.
    n_customers, n_renewals : int
    method : str
    """

    alpha: float
    beta: float
    standard_errors: pd.Series
    log_likelihood: float
    sum_of_squares: float
    n_customers: int
    n_renewals: int
    method: str

    def __repr__(self):
        of_alpha, of_beta = self.standard_errors
        return (
            f"SBGFit(alpha={self.alpha:.6g} (standard error {of_alpha:.3g}), "
            f"beta={self.beta:.6g} (standard error {of_beta:.3g}), "
            f"log_likelihood={self.log_likelihood:.3f}, sum_of_squares={self.sum_of_squares:.4g}, "
            f"n_customers={self.n_customers}, n_renewals={self.n_renewals}, method={self.method!r})"
        )


def _survivor_counts(survivors, cohort_size=None) -> np.ndarray:
    raw = np.asarray(survivors)
    if raw.ndim != 1 or raw.dtype.kind not in "iuf" or not np.isfinite(raw).all():
        raise DataError("survivors must be a list of counts without gaps: the cohort, then who is left each period")
    s = raw.astype(float)
    if s.size < 3:
        raise DataError(f"survivors has {max(s.size - 1, 0)} renewals after the cohort: the model needs at least 2")
    if cohort_size is not None:
        size = check_count("cohort_size", cohort_size)
        if s[0] not in (1.0, 100.0, float(size)):
            raise DataError(f"survivors start at {s[0]:g}: with cohort_size they must start at 100 (%), 1 or {size}")
        s = np.round(s / s[0] * size)
    elif (s != np.round(s)).any():
        raise DataError(
            f"{int((s != np.round(s)).sum())} of {s.size} survivors are not whole numbers: give counts, or "
            "percentages together with cohort_size (the standard errors depend on it)"
        )
    elif s[0] == 100:
        warnings.warn(
            "survivors start at exactly 100: if these are percentages, give cohort_size (the standard errors "
            "depend on it); if there were 100 customers, give cohort_size=100",
            CrmWarning,
            stacklevel=3,
        )
    rising = np.flatnonzero(np.diff(s) > 0)
    if rising.size:
        t = rising[0]
        raise DataError(f"survivors rise at {rising.size} renewals, first at renewal {t + 1}: {s[t]:g} to {s[t + 1]:g}")
    if s[-1] < 0:
        raise DataError(f"survivors are negative: {s[-1]:g} after renewal {s.size - 1}")
    if s[0] == s[-1]:
        raise DataError("nobody was lost: churn cannot be estimated from a cohort without losses")
    if s[-1] == 0:
        raise DataError("everybody was lost: nobody is left to project; the observed lifetimes are the answer")
    if s[1] == s[-1]:
        raise DataError("all losses are at the first renewal: some leave at once, others never; no best fit exists")
    return s


def sbg_log_likelihood(alpha, beta, survivors, *, cohort_size=None):
    """Return the log-likelihood of a cohort: Σ lost_t ln P(T = t) + left ln S(n).

    ``P(T = t) = B(α + 1, β + t - 1) / B(α, β)``. `alpha` and `beta` may be arrays, for a map of the likelihood;
    `survivors` and `cohort_size` as in `fit_sbg`.

    Parameters
    ----------
    alpha, beta : float or array
        Parameters of the cohort, above 0.
    survivors : sequence of int
        The size of the cohort, then the customers left after renewal 1, 2, …
    cohort_size : int, optional
        If given, `survivors` may be percentages or shares of it.

    Returns
    -------
    float or numpy.ndarray
        Natural logarithm, negative; one per pair of alpha and beta.

    Examples
    --------
    >>> round(sbg_log_likelihood(1, 1, [1000, 869, 743, 653, 593, 551, 517, 491]), 1)
    -2115.5
    """
    a, b = np.broadcast_arrays(_shape("alpha", alpha), _shape("beta", beta))
    return plain(_sbg_log_likelihood(a, b, _survivor_counts(survivors, cohort_size)))


def _sbg_log_likelihood(a, b, s):
    n = s.size - 1
    total = s[-1] * betaln(a, b + n) - s[0] * betaln(a, b)
    for t, lost in enumerate(-np.diff(s), start=1):
        total = total + lost * betaln(a + 1, b + t - 1)
    return total


def _sbg_derivatives(a, b, s):
    """Return gradient and Hessian of the log-likelihood in (alpha, beta)."""
    n = s.size - 1
    weights = np.concatenate([-np.diff(s), [s[-1], -s[0]]])
    x = np.concatenate([np.full(n, a + 1), [a, a]])
    y = np.concatenate([b + np.arange(n), [b + n, b]])
    both1, both2 = digamma(x + y), polygamma(1, x + y)
    gradient = np.array([weights @ (digamma(x) - both1), weights @ (digamma(y) - both1)])
    mixed = -weights @ both2
    return gradient, np.array([[weights @ polygamma(1, x) + mixed, mixed], [mixed, weights @ polygamma(1, y) + mixed]])


def _shape(name, value):
    array = numbers(name, value)
    if (array <= 0).any():
        check_positive(name, float(array[array <= 0].flat[0]))
    return array


def fit_sbg(survivors, *, method: str = "mle", cohort_size: int | None = None) -> SBGFit:
    """Fit the shifted beta-geometric model to the survivors of one cohort of subscribers.

    Every customer leaves with their own constant probability at each renewal; the probabilities follow a beta
    distribution. Retention then rises with tenure, although nobody becomes more loyal.

    One constant rate for all is the limit of large alpha and beta. Whether a cohort speaks against it is tested by
    2 (LL - LL of one rate). On that boundary it is 0 half of the time and chi-square with 1 degree of freedom
    otherwise, so that 5 % lie above 2.71. Below, alpha and beta say little, and a projection beyond the renewals
    seen may be far off: there is a warning. The gain is that of maximum likelihood, under either method.

    Source: Fader, P. S. & Hardie, B. G. S. (2007), "How to Project Customer Retention".

    Parameters
    ----------
    survivors : sequence of int
        The size of the cohort, then the customers left after renewal 1, 2, …
    method : {"mle", "least_squares"}
        Maximum likelihood, or least squares on the retention rates.
    cohort_size : int, optional
        If given, `survivors` may be percentages or shares of it (rounded to whole customers).

    Returns
    -------
    SBGFit

    Raises
    ------
    DataError
        If survivors rise, are not whole numbers, cover fewer than two renewals, or if nobody or everybody is lost.
    ConvergenceError
        If retention does not rise with tenure: then a constant rate fits as well, and there is no best alpha, beta.

    Warns
    -----
    CrmWarning
        If 2 (LL - LL of one rate) is below 2.71, or a standard error exceeds its estimate.
        Also if survivors start at exactly 100 and `cohort_size` is not given.

    Examples
    --------
    >>> fit = fit_sbg([1000, 869, 743, 653, 593, 551, 517, 491])
    >>> round(fit.alpha, 3), round(fit.beta, 3), round(fit.log_likelihood, 1)
    (0.668, 3.806, -1611.2)
    """
    from scipy import optimize

    check_choice("method", method, ("mle", "least_squares"))
    s = _survivor_counts(survivors, cohort_size)
    n = s.size - 1
    observed = s[1:] / s[:-1]
    t = np.arange(1, n + 1)

    def squares(log_shape):
        return float(np.sum((observed - sbg_retention(*np.exp(log_shape), t)) ** 2))

    def deviance(log_shape):  # per customer, with its gradient in the logarithms
        shape = np.exp(log_shape)
        return -_sbg_log_likelihood(*shape, s) / s[0], -shape * _sbg_derivatives(*shape, s)[0] / s[0]

    bounds = [(-12.0, 12.0)] * 2
    exact = {"ftol": 1e-15, "gtol": 1e-10, "maxiter": 2000}
    found = optimize.minimize(deviance, [0.0, 0.0], jac=True, method="L-BFGS-B", bounds=bounds, options=exact)
    lost, stayed = s[0] - s[-1], s[1:].sum()
    churn = lost / (lost + stayed)  # if it were the same for all
    kept = sbg_retention(*np.exp(found.x), t)
    # renewal by renewal: the difference of the two log-likelihoods loses its digits in a large cohort
    gain = float(s[1:] @ np.log(kept / (1 - churn)) - np.diff(s) @ np.log((1 - kept) / churn))
    if method == "mle":
        rises = gain > 1e-6
    else:
        found = optimize.least_squares(
            lambda x: observed - sbg_retention(*np.exp(x), t), [0.0, 0.0], bounds=([-12.0] * 2, [12.0] * 2),
            xtol=1e-14, ftol=1e-14, gtol=1e-14,
        )
        about_mean = np.sum((observed - observed.mean()) ** 2)
        rises = about_mean - squares(found.x) > 1e-9 * about_mean + n * (4 * np.finfo(float).eps) ** 2
    if not rises or (np.abs(found.x) > 11.9).any():
        raise ConvergenceError(
            f"retention does not rise with tenure (first renewal {observed[0]:.3g}, last {observed[-1]:.3g}): "
            "a constant rate fits as well, and there is no best alpha and beta; use lifetime_value"
        )
    a, b = np.exp(found.x)
    errors = np.full(2, np.nan)
    if method == "mle":
        for _ in range(3):  # Newton steps: the last digits, the same on every machine
            gradient, hessian = _sbg_derivatives(a, b, s)
            nearer = np.array([a, b]) - np.linalg.solve(hessian, gradient)
            if (nearer > 0).all():
                a, b = nearer
        gradient, hessian = _sbg_derivatives(a, b, s)
        curvature = np.linalg.eigvalsh(-hessian)
        if not (curvature > 0).all() or np.abs(gradient).max() > 1e-6 * s[0]:
            raise ConvergenceError(f"the likelihood has no clear maximum near alpha {a:.4g}, beta {b:.4g}")
        errors = np.sqrt(np.diag(np.linalg.inv(-hessian)))
    weak = []
    if 2 * gain < _BOUNDARY_5_PERCENT:
        twice = max(2 * gain, 0.0)
        weak.append(f"twice the gain in log-likelihood over one rate is {twice:.2g}, below {_BOUNDARY_5_PERCENT}")
    for name, estimate, error in zip(("alpha", "beta"), (a, b), errors, strict=True):
        if error > estimate:
            weak.append(f"{name} {estimate:.3g} has a standard error of {error:.3g}")
    if weak:
        warnings.warn(
            f"this cohort ({s[0]:g} customers, {n} renewals) says little about alpha and beta: {'; '.join(weak)}; "
            f"compare with lifetime_value at one retention rate for all, {1 - churn:.3g}",
            CrmWarning,
            stacklevel=2,
        )
    return SBGFit(
        alpha=float(a),
        beta=float(b),
        standard_errors=pd.Series(errors, index=["alpha", "beta"], name="standard_error"),
        log_likelihood=float(_sbg_log_likelihood(a, b, s)),
        sum_of_squares=squares(np.log([a, b])),
        n_customers=int(s[0]),
        n_renewals=n,
        method=method,
    )


def sbg_survival(alpha: float, beta: float, t):
    """Return the share of the cohort still there after t renewals, ``B(α, β + t) / B(α, β)``.

    Parameters
    ----------
    alpha, beta : float or array
        Parameters of the cohort, above 0.
    t : int or array
        Renewals, from 0.

    Returns
    -------
    float or numpy.ndarray
        Share between 0 and 1; 1 at t = 0.

    Examples
    --------
    >>> round(sbg_survival(0.668, 3.806, 12), 3)
    0.378
    """
    a, b, t = _shape("alpha", alpha), _shape("beta", beta), whole("t", t, 0)
    return plain(np.exp(betaln(a, b + t) - betaln(a, b)))


def sbg_retention(alpha: float, beta: float, t):
    """Return the share of those before renewal t who make it, ``(β + t - 1) / (α + β + t - 1)``; t from 1.

    Parameters
    ----------
    alpha, beta : float or array
        Parameters of the cohort, above 0.
    t : int or array
        The renewal, from 1.

    Returns
    -------
    float or numpy.ndarray
        Share between 0 and 1, rising with t.

    Examples
    --------
    >>> sbg_retention(0.764, 1.296, [1, 2, 3, 4]).round(3).tolist()
    [0.629, 0.75, 0.812, 0.849]
    """
    a, b, t = _shape("alpha", alpha), _shape("beta", beta), whole("t", t, 1)
    return plain((b + t - 1) / (a + b + t - 1))


def sbg_discounted_lifetime(alpha: float, beta: float, discount_rate: float) -> float:
    """Return the discounted expected lifetime (DEL) of a new customer, first payment now: Σ S(t) / (1 + d)^t.

    Times the margin per period it is the lifetime value, as with ``timing="immediate"``.

    Parameters
    ----------
    alpha, beta : float
        Parameters of the cohort, above 0.
    discount_rate : float
        Effective rate per period.

    Returns
    -------
    float
        Discounted number of payments, the first one included: at least 1.

    Raises
    ------
    ValueError
        For a discount rate of 0 with alpha of 1 or less: then the expected lifetime is infinite.

    Examples
    --------
    >>> round(sbg_discounted_lifetime(0.668, 3.806, 0.1), 2)
    5.92
    """
    return _discounted(alpha, beta, discount_rate)


def sbg_discounted_residual_lifetime(alpha: float, beta: float, renewals: int, discount_rate: float) -> float:
    """Return the discounted expected residual lifetime (DERL) of a customer who has renewed so many times.

    Seen just before the next renewal, which counts in full:
    ``(β + n - 1) / (α + β + n - 1) · ₂F₁(1, β + n; α + β + n; 1 / (1 + d))`` with n = renewals + 1.

    Source: Fader, P. S. & Hardie, B. G. S. (2010), "Customer-Base Valuation in a Contractual Setting".

    Parameters
    ----------
    alpha, beta : float
        Parameters of the cohort.
    renewals : int
        Renewals made so far, from 0.
    discount_rate : float
        Effective rate per period.

    Returns
    -------
    float
        Discounted number of payments to come.

    Examples
    --------
    >>> round(sbg_discounted_residual_lifetime(0.668, 3.806, 4, 0.1), 2)
    6.9
    """
    made = check_count("renewals", renewals, minimum=0)
    # whoever has made them is a new customer of a cohort with a larger beta
    return sbg_retention(alpha, beta, made + 1) * _discounted(alpha, beta + made + 1, discount_rate)


def _discounted(alpha, beta, discount_rate):
    a, b = check_positive("alpha", alpha), check_positive("beta", beta)
    d = check_discount_rate("discount rate", discount_rate)
    if d == 0 and a <= 1:
        raise ValueError(f"the expected lifetime is infinite for alpha {a:g} (not above 1): discount it, or cap it")
    if d == 0:
        return (a + b - 1) / (a - 1)
    value = float(hyp2f1(1, b, a + b, 1 / (1 + d)))
    if not np.isfinite(value):  # SciPy's function gives up for large beta: add up until nothing is left
        if d < 1e-5:
            raise ValueError(f"alpha {a:g}, beta {b:g} are too large for a discount rate as small as {d:g}")
        t = np.arange(1, 40 / np.log1p(d) + 1)
        value = 1 + float(np.cumprod((b + t - 1) / (a + b + t - 1) / (1 + d)).sum())
    return value
