"""Data and fits that the tests of `crmlib.btyd` share: computed once per session, never changed by a test.

Not a test module.
"""

import warnings
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import betaln, expit, log_expit

from crmlib import btyd
from crmlib.data import load_cdnow, load_donations

CALIBRATION_END, OBSERVATION_END = "1997-09-30", "1998-06-30"
# 12 months at one per cent a month, the published lifetime-value example
ONE_PERCENT_A_MONTH = 1.01**12 - 1

PUBLISHED = {
    "BG/NBD": (0.243, 4.414, 0.793, 2.426),
    "MBG/NBD": (0.525, 6.183, 0.891, 1.614),
    "Pareto/NBD": (0.553, 10.578, 0.606, 11.669),
    "BG/BB": (1.204, 0.750, 0.657, 2.783),
    "Gamma-Gamma": (6.25, 3.74, 15.44),
}


def datasets():
    """The folder of data files in the lifetimes package, found without importing it."""
    return Path(find_spec("lifetimes").origin).parent / "datasets"


@cache
def sample_orders():
    """The CDNOW 1/10 sample: 2,357 customers, 6,919 rows."""
    return load_cdnow().execute()[["customer_id", "date", "amount"]]


@cache
def numbered_orders():
    """The same with the sample's own numbers 1..2357, the order of the published tables; read with pandas alone."""
    names = ["master_id", "customer_id", "date", "quantity", "amount"]
    frame = pd.read_csv(datasets() / "CDNOW_sample.txt", sep=r"\s+", names=names)
    frame["date"] = pd.to_datetime(frame["date"].astype(str), format="%Y%m%d")
    return frame[["customer_id", "date", "amount"]]


@cache
def master_orders():
    """The whole CDNOW file: 23,570 customers, 69,659 rows."""
    return load_cdnow(sample=False).execute()[["customer_id", "date", "amount"]]


@cache
def split(unit="week"):
    return btyd.calibration_holdout(
        sample_orders(), calibration_end=CALIBRATION_END, observation_end=OBSERVATION_END, unit=unit)


@cache
def paper_summary():
    """The summary table with two-decimal weeks that the papers and lifetimes' own documents use."""
    frame = pd.read_csv(datasets() / "cdnow_customers_summary_with_transactions.csv")
    frame.columns = ["customer_id", "frequency", "recency", "T", "monetary_value"]
    return frame.assign(unit="week")


@cache
def donations():
    return load_donations().assign(unit="year")


FITS = {
    "BG/NBD": btyd.fit_bg_nbd,
    "MBG/NBD": btyd.fit_mbg_nbd,
    "Pareto/NBD": btyd.fit_pareto_nbd,
    "Gamma-Gamma": btyd.fit_gamma_gamma,
}
NBD = ("BG/NBD", "MBG/NBD", "Pareto/NBD")


@cache
def fit(name, unit="week"):
    """The model fitted to 39 weeks of CDNOW, or to the donations."""
    return btyd.fit_bg_bb(donations()) if name == "BG/BB" else FITS[name](split(unit))


def at(name, values=None):
    """The fitted model with its parameters replaced: by default by those printed in the paper."""
    return fit(name).with_params(PUBLISHED[name] if values is None else values)


def customers(*rows, unit="week", names=("frequency", "recency", "T")):
    """A small summary from tuples."""
    return pd.DataFrame(rows, columns=list(names)).assign(unit=unit)


def lifetimes_fitter(name, params=None):
    """lifetimes' own fitter, to hold ours against."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lifetimes
    kinds = {
        "BG/NBD": lifetimes.BetaGeoFitter, "MBG/NBD": lifetimes.ModifiedBetaGeoFitter,
        "Pareto/NBD": lifetimes.ParetoNBDFitter, "BG/BB": lifetimes.BetaGeoBetaBinomFitter,
        "Gamma-Gamma": lifetimes.GammaGammaFitter,
    }
    fitter = kinds[name]()
    if params is not None:
        fitter.params_ = params
    return fitter


def story(name, params, age, rng):
    """Live the model's story for customers of the given ages, one gap at a time; written from the papers.

    Returns frequency, recency, and whether each customer is still active at the end of `age`.
    """
    n = len(age)
    r, alpha, third, fourth = params
    rate = rng.gamma(r, 1 / alpha, n)
    if name == "Pareto/NBD":
        lifetime = rng.exponential(1 / rng.gamma(third, 1 / fourth, n))
        leave = np.zeros(n)
    else:
        leave = rng.beta(third, fourth, n)
        lifetime = np.full(n, np.inf)
    active = lifetime > 0
    if name == "MBG/NBD":
        active = rng.random(n) > leave
    clock, frequency, recency, going = np.zeros(n), np.zeros(n, dtype=int), np.zeros(n), active.copy()
    while going.any():
        clock = clock + rng.exponential(1 / rate)
        buys = going & (clock <= np.minimum(age, lifetime))
        frequency, recency = frequency + buys, np.where(buys, clock, recency)
        left = buys & (rng.random(n) < leave) if name != "Pareto/NBD" else np.zeros(n, dtype=bool)
        active = active & ~left
        going = buys & ~left
    return frequency, recency, active & (lifetime > age)


def quadrature_bg_nbd(params, t, x, recency, T, mbg=False):
    """E[X(T, T+t)] by integrating over the chance of leaving, on the logit scale: no hypergeometric function.

    The trapezoid rule on a smooth integrand that dies out exponentially at both ends is exact to rounding.
    """
    r, alpha, a, b = params
    A, B, b = r + x, alpha + T, b + x + mbg
    u = np.linspace(max(-80 / min(a, 1), -700), min(80 / min(b, 1), 700), 200_001)
    p = expit(u)
    density = np.exp(a * log_expit(u) + b * log_expit(-u) - betaln(a, b))
    mean = (density * -np.expm1(-A * np.log1p(p * t / B)) / p).sum() * (u[1] - u[0])
    log_odds = np.log(a / (b - 1)) + (r + x) * np.log((alpha + T) / (alpha + recency)) if x + mbg > 0 else -np.inf
    return expit(-log_odds) * mean
