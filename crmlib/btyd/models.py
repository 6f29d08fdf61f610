"""Fitting the models, on `lifetimes`' fitters, with the checks that they leave out.

Every fit here is a maximum-likelihood fit on counted cells. What the fitters would pass over in silence
(fractional counts, an optimiser that stopped elsewhere, parameters that run away, a spend model without
a mean) is an error or a `CrmWarning`.
"""

import contextlib
import io
import json
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from crmlib.btyd.summaries import coarsen_cells, count_cells
from crmlib.checks import check_choice, check_count, check_fraction
from crmlib.errors import ConvergenceError, CrmWarning, DataError
from crmlib.units import DAYS_PER_UNIT, days_per

PARAMETERS = {
    "BG/NBD": ("r", "alpha", "a", "b"),
    "MBG/NBD": ("r", "alpha", "a", "b"),
    "Pareto/NBD": ("r", "alpha", "s", "beta"),
    "BG/BB": ("alpha", "beta", "gamma", "delta"),
    "Gamma-Gamma": ("p", "q", "v"),
}
# parameters in units of time; the others have no unit (v is money)
_TIME_PARAMETERS = {"BG/NBD": ("alpha",), "MBG/NBD": ("alpha",), "Pareto/NBD": ("alpha", "beta")}
# up to here one fit on all cells is quickest; above, merged cells bring it near and Newton steps finish it
_DIRECT_CELLS = 5_000


def fitter(name, params=None):
    """The `lifetimes` fitter of a model, with `params` already in place: its formulas, nothing else."""
    with warnings.catch_warnings():
        # importing lifetimes sets a deprecated pandas option and silences FutureWarning for everybody
        warnings.simplefilter("ignore")
        import lifetimes
    classes = {
        "BG/NBD": lifetimes.BetaGeoFitter,
        "MBG/NBD": lifetimes.ModifiedBetaGeoFitter,
        "Pareto/NBD": lifetimes.ParetoNBDFitter,
        "BG/BB": lifetimes.BetaGeoBetaBinomFitter,
        "Gamma-Gamma": lifetimes.GammaGammaFitter,
    }
    instance = classes[name]()
    if params is not None:
        instance.params_ = params
    return instance


@dataclass(frozen=True, eq=False)
class FittedModel:
    """A fitted model: its parameters, how sure they are, and what they were fitted on.

    Attributes
    ----------
    name : str
        "BG/NBD", "MBG/NBD", "Pareto/NBD", "BG/BB" or "Gamma-Gamma".
    params : pandas.Series
        Maximum-likelihood estimates. alpha and beta of the NBD models are in `unit`; v is in money.
    covariance : pandas.DataFrame
        Of the estimates: the inverse Hessian of the log-likelihood, taken in log parameters. Above 5,000
        distinct histories, the Hessian is that of merged ones (standard errors within a per cent).
    log_likelihood : float
        Summed over customers, always of the exact histories, in the units of the papers (CDNOW, 39 weeks,
        BG/NBD: -9582.4). Gamma-Gamma: density of the mean spend, as in note 025 and the R packages; Fader,
        Hardie & Lee (2005) print that of the total, lower by the sum of log frequency (CDNOW: -4055.9, -4659).
    n_customers : int
        Customers in the likelihood (Gamma-Gamma: repeat buyers only).
    n_cells : int
        Distinct histories that the fit ran on.
    grid : str
        "exact", or the log grid the histories were merged to ("log 40": 40 bins per factor e).
    grid_error : float
        Distance from the exact maximum, in standard errors, measured by one gradient on the exact cells.
    unit : str or None
        Time unit of frequency, recency and T.
    cells : pandas.DataFrame or None
        The counted histories; kept for the bootstrap, not saved with the model.
    """

    name: str
    params: pd.Series
    covariance: pd.DataFrame
    log_likelihood: float
    n_customers: int
    n_cells: int
    grid: str
    grid_error: float
    unit: str | None
    cells: pd.DataFrame | None = field(default=None, repr=False)

    @property
    def standard_errors(self):
        """Standard errors of the parameters, from the covariance."""
        return pd.Series(np.sqrt(np.diag(self.covariance)), index=self.params.index)

    @property
    def aic(self):
        """Akaike's criterion, 2k - 2 log L: lower is better, on the same data only."""
        return 2 * len(self.params) - 2 * self.log_likelihood

    @property
    def bic(self):
        """Bayes' criterion, k log n - 2 log L: lower is better, on the same data only."""
        return len(self.params) * np.log(self.n_customers) - 2 * self.log_likelihood

    def summary(self, *, level=0.95):
        """Return a table of estimates, standard errors and an interval per parameter.

        The interval is symmetric in the logarithm, so that it never includes impossible values.
        Parameters are strongly correlated: never combine two of these intervals, use `parameter_draws`.
        """
        from scipy.stats import norm

        check_fraction("level", level)
        factor = np.exp(norm.ppf(0.5 + level / 2) * self.standard_errors / self.params)
        return pd.DataFrame({
            "estimate": self.params,
            "standard_error": self.standard_errors,
            "low": self.params / factor,
            "high": self.params * factor,
        })

    def with_params(self, values):
        """The same model at other parameter values (a draw): no covariance, no cells, no likelihood."""
        params = pd.Series(values, index=self.params.index)
        return replace(self, params=params, covariance=self.covariance * np.nan, log_likelihood=np.nan, cells=None)

    def to_json(self, path=None):
        """Return the model as JSON text, and write it to `path` if one is given. No customer is in it."""
        text = json.dumps({
            "format": "crmlib fitted model 1",
            "name": self.name,
            "params": self.params.to_dict(),
            "covariance": self.covariance.to_numpy().tolist(),
            "log_likelihood": self.log_likelihood,
            "n_customers": self.n_customers,
            "n_cells": self.n_cells,
            "grid": self.grid,
            "grid_error": self.grid_error,
            "unit": self.unit,
        }, indent=1)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def _facts(self):
        grid = "" if self.grid == "exact" else (
            f" ({self.grid} grid, {self.grid_error:.2g} standard errors from the exact fit)")
        who = "repeat buyers" if self.name == "Gamma-Gamma" else "customers"
        facts = [f"{self.n_customers:,} {who} in {self.n_cells:,} cells{grid}"]
        if self.unit:
            facts.append(f"time in {self.unit}s")
        if np.isfinite(self.log_likelihood):
            facts.append(f"log-likelihood {self.log_likelihood:,.1f}, AIC {self.aic:,.1f}, BIC {self.bic:,.1f}")
        return facts

    def __repr__(self):
        values = ", ".join(f"{name} {value:.4g}" for name, value in self.params.items())
        return f"<{self.name}: {values}; {'; '.join(self._facts())}>"

    def _repr_html_(self):
        def cell(value):
            return f"<td style='text-align:right'>{value:.4g}</td>"

        rows = "".join(
            f"<tr><th scope='row' style='text-align:left'>{name}</th>{''.join(map(cell, row))}</tr>"
            for name, row in zip(self.params.index, self.summary().to_numpy(), strict=True)
        )
        return (
            f"<table><caption style='text-align:left'><strong>{self.name}</strong>. {'. '.join(self._facts())}."
            "</caption><thead><tr><th></th><th>estimate</th><th>standard error</th>"
            f"<th colspan='2'>95 % interval</th></tr></thead><tbody>{rows}</tbody></table>"
        )


def read_json(source):
    """Read a model that `FittedModel.to_json` wrote: a path or the text itself.

    The cells are not saved; a bootstrap needs the model fitted afresh.

    Examples
    --------
    >>> from crmlib import btyd
    >>> from crmlib.data import load_cdnow
    >>> history = btyd.customer_summary(load_cdnow(), observation_end="1997-09-30")
    >>> model = btyd.fit_bg_nbd(history)
    >>> btyd.read_json(model.to_json()).params.equals(model.params)
    True
    """
    text = source if isinstance(source, str) and source.lstrip().startswith("{") else None
    if text is None:
        text = Path(source).read_text(encoding="utf-8")
    try:
        saved = json.loads(text)
        if saved["format"] != "crmlib fitted model 1":
            raise KeyError(f"format {saved['format']!r}")
        names = list(PARAMETERS[saved["name"]])
        return FittedModel(
            name=saved["name"],
            params=pd.Series({name: float(saved["params"][name]) for name in names}),
            covariance=pd.DataFrame(saved["covariance"], index=names, columns=names),
            **{key: saved[key] for key in ("log_likelihood", "n_customers", "n_cells", "grid", "grid_error", "unit")},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"this is not a model saved by FittedModel.to_json: {error}") from None


# --- the public fits --------------------------------------------------------------------------------------

_FIT_PARAMETERS = """Parameters
    ----------
    summary : pandas.DataFrame or ibis.Table
        ``frequency, recency, T`` per customer, as `customer_summary` or `calibration_holdout` give them; or
        counted, with a column ``customers``.
    unit : str, optional
        Time unit of recency and T; needed only if `summary` has no column ``unit``.
    max_cells : int, optional
        Merge nearly equal histories until there are at most so many, for memory that is really scarce.
        The error this makes is measured: see `FittedModel.grid_error`. By default the fit is exact.

    Returns
    -------
    FittedModel

    Raises
    ------
    DataError
        If counts are fractional or negative, values are missing, recency exceeds T, units are mixed, or
        nobody came back.
    ConvergenceError
        If the likelihood has no inner maximum on this data.

    Warns
    -----
    CrmWarning
        If a parameter is hardly identified by the data."""


def _documented(function):
    if function.__doc__:  # absent under python -OO
        function.__doc__ = function.__doc__.replace("{parameters}", _FIT_PARAMETERS)
    return function


@_documented
def fit_bg_nbd(summary, *, unit=None, max_cells=None):
    """Fit the BG/NBD model: buying at random while active, and a chance of leaving after each purchase.

    {parameters}

    Notes
    -----
    Each customer buys at rate lambda ~ Gamma(r, alpha) and leaves after a repeat purchase with probability
    p ~ Beta(a, b), the two independent of each other, both unchanging; the first purchase in the data is the
    customer's first. A customer who never came back counts as active for certain: see `fit_mbg_nbd`.
    Fader, Hardie & Lee (2005), Marketing Science 24(2).

    Examples
    --------
    >>> from crmlib.btyd import customer_summary
    >>> from crmlib.data import load_cdnow
    >>> summary = customer_summary(load_cdnow(), observation_end="1997-09-30", unit="week")
    >>> fit_bg_nbd(summary).params.round(3).to_dict()
    {'r': 0.243, 'alpha': 4.414, 'a': 0.793, 'b': 2.426}
    """
    return _fit_purchases("BG/NBD", summary, unit, max_cells)


@_documented
def fit_mbg_nbd(summary, *, unit=None, max_cells=None):
    """Fit the MBG/NBD model: as BG/NBD, but a customer may leave right after the first purchase too.

    {parameters}

    Notes
    -----
    Wagner & Hoppe (2008), Batislam, Denizel & Filiztekin (2007). The difference shows in the one-time
    buyers, who are active for certain in the BG/NBD model and not here.

    Examples
    --------
    >>> from crmlib import btyd
    >>> from crmlib.data import load_cdnow
    >>> history = btyd.customer_summary(load_cdnow(), observation_end="1997-09-30")
    >>> btyd.fit_mbg_nbd(history).params.round(3).to_dict()
    {'r': 0.525, 'alpha': 6.183, 'a': 0.891, 'b': 1.614}
    """
    return _fit_purchases("MBG/NBD", summary, unit, max_cells)


@_documented
def fit_pareto_nbd(summary, *, unit=None, max_cells=None):
    """Fit the Pareto/NBD model: buying at random while active, leaving at any time.

    {parameters}

    Notes
    -----
    Buying rate ~ Gamma(r, alpha), leaving rate ~ Gamma(s, beta), independent of each other.
    Schmittlein, Morrison & Colombo (1987); likelihood after Fader & Hardie (2005), note 009. `lifetimes` stops
    this fit without asking whether it has arrived: here Newton steps finish it and the gradient is checked.

    Examples
    --------
    >>> from crmlib import btyd
    >>> from crmlib.data import load_cdnow
    >>> history = btyd.customer_summary(load_cdnow(), observation_end="1997-09-30")
    >>> btyd.fit_pareto_nbd(history).params.round(2).to_dict()
    {'r': 0.55, 'alpha': 10.58, 's': 0.61, 'beta': 11.67}
    """
    return _fit_purchases("Pareto/NBD", summary, unit, max_cells)


def fit_by_likelihood(summary, *, unit=None):
    """Fit BG/NBD and MBG/NBD and return them, the likelier first: they have the same number of parameters.

    The two differ in customers who bought once: active for certain in BG/NBD, perhaps gone in MBG/NBD. A model that
    does not converge is left out, and what was warned of the less likely one is not said.

    Parameters
    ----------
    summary, unit
        As in `fit_bg_nbd`.

    Returns
    -------
    list of FittedModel

    Raises
    ------
    ConvergenceError
        If neither converges.

    Examples
    --------
    >>> from crmlib import btyd
    >>> from crmlib.data import load_cdnow
    >>> history = btyd.customer_summary(load_cdnow(), observation_end="1997-09-30")
    >>> [model.name for model in fit_by_likelihood(history)]
    ['MBG/NBD', 'BG/NBD']
    """
    fitted, errors = [], []
    for fit in (fit_bg_nbd, fit_mbg_nbd):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            try:
                fitted.append((fit(summary, unit=unit), said))
            except ConvergenceError as error:
                errors.append(error)
    if not fitted:
        raise errors[0]
    fitted.sort(key=lambda pair: -pair[0].log_likelihood)
    for each in fitted[0][1]:
        warnings.warn(each.message, stacklevel=2)
    return [model for model, _ in fitted]


def fit_bg_bb(summary, *, unit=None):
    """Fit the BG/BB model: one yes-or-no occasion per period, such as a yearly appeal for donations.

    Parameters
    ----------
    summary : pandas.DataFrame or ibis.Table
        ``frequency``, occasions used; ``recency``, number of the last one used; ``n_periods``, occasions
        offered; optionally ``customers``, how many each row stands for.
    unit : str, optional
        Length of a period; needed only if `summary` has no column ``unit`` and values are discounted.

    Returns
    -------
    FittedModel

    Raises
    ------
    DataError, ConvergenceError
        As `fit_bg_nbd`.

    Notes
    -----
    Fader, Hardie & Shang (2010), Marketing Science 29(6).

    Examples
    --------
    >>> from crmlib.data import load_donations
    >>> fit_bg_bb(load_donations(), unit="year").params.round(3).to_dict()
    {'alpha': 1.204, 'beta': 0.75, 'gamma': 0.657, 'delta': 2.783}
    """
    unit = _unit_of(summary, unit, required=False)
    cells = count_cells(summary, ("frequency", "recency", "n_periods"))
    _check_history(cells, "n_periods")
    return _fit_cells("BG/BB", cells.astype("int64"), unit, None)


def fit_gamma_gamma(
    summary, *, correlation_limit=0.3, nonpositive="raise", max_cells=None
):
    """Fit the Gamma-Gamma model of spend per purchase occasion, on customers who came back.

    Parameters
    ----------
    summary : pandas.DataFrame or ibis.Table
        ``frequency`` and ``monetary_value`` (mean spend per **repeat** occasion) per customer. One-time buyers
        have no repeat spend and do not enter.
    correlation_limit : float
        Warn if frequency and mean spend correlate more than this, either way: the model takes them as
        independent.
    nonpositive : {"raise", "drop"}
        Repeat buyers whose mean spend is zero or less (gifts, returns) cannot be in this model: an error, or
        leave them out of the fit.
    max_cells : int, optional
        As in `fit_bg_nbd`.

    Returns
    -------
    FittedModel

    Raises
    ------
    DataError
        If spend is missing, or not above zero with `nonpositive="raise"`, or nobody came back.
    ConvergenceError
        If the likelihood has no inner maximum (all customers spend the same, for instance).

    Warns
    -----
    CrmWarning
        If q <= 1, where the mean spend is infinite; if the correlation is above the limit.

    Notes
    -----
    Fader, Hardie & Lee (2005), Journal of Marketing Research 42; Fader & Hardie, note 025.

    Examples
    --------
    >>> from crmlib import btyd
    >>> from crmlib.data import load_cdnow
    >>> history = btyd.customer_summary(load_cdnow(), observation_end="1997-09-30")
    >>> btyd.fit_gamma_gamma(history).params.round(2).to_dict()
    {'p': 6.25, 'q': 3.74, 'v': 15.44}
    """
    check_choice("nonpositive", nonpositive, ("raise", "drop"))
    cells = count_cells(summary, ("frequency", "monetary_value"))
    _check_counts(cells, "frequency")
    cells = cells[cells.frequency > 0].reset_index(drop=True)
    if cells.empty:
        raise DataError("no customer came back, so there is no repeat spend to fit: collect a longer history")
    missing = ~np.isfinite(cells.monetary_value)
    if missing.any():
        raise DataError(f"monetary_value is missing or infinite for {_customers(cells, missing)} who came back")
    bad = cells.monetary_value <= 0
    if bad.any() and nonpositive == "raise":
        raise DataError(
            f"mean repeat spend is zero or less for {_customers(cells, bad)} (lowest "
            f"{cells.monetary_value.min():,.2f}): Gamma-Gamma needs spend above zero. Look at gifts and returns; "
            "nonpositive='drop' leaves these customers out of the spend fit"
        )
    cells = cells[~bad].reset_index(drop=True)
    if cells.empty:
        raise DataError("no repeat buyer has a mean spend above zero")
    correlation = _weighted_correlation(cells.frequency, cells.monetary_value, cells.customers)
    if abs(correlation) > correlation_limit:
        warnings.warn(
            f"frequency and mean spend correlate at {correlation:.2f}, beyond {correlation_limit:g}: Gamma-Gamma "
            "takes them as independent, so values of frequent buyers will be biased. Fit segments apart, or "
            "show the bias in a holdout",
            CrmWarning, stacklevel=2,
        )
    model = _fit_cells("Gamma-Gamma", cells, None, max_cells)
    if model.params["q"] <= 1:
        warnings.warn(
            f"q is {model.params['q']:.3f}, not above 1: mean spend over customers is infinite and no expected "
            "spend can be given. A few very large customers usually cause it: model them apart",
            CrmWarning, stacklevel=2,
        )
    return model


# --- what the fits share -----------------------------------------------------------------------------------


def _fit_purchases(name, summary, unit, max_cells):
    if isinstance(summary, pd.DataFrame) and summary.empty:
        raise DataError("there are 0 customers: a model needs many")
    unit = _unit_of(summary, unit)
    cells = count_cells(summary, ("frequency", "recency", "T"))
    _check_history(cells, "T")
    return _fit_cells(name, cells, unit, max_cells)


def _fit_cells(name, cells, unit, max_cells):
    exact, grid, error = cells, "exact", 0.0
    if max_cells is not None:
        cells, grid = coarsen_cells(cells, check_count("max_cells", max_cells), unit)
        if len(cells) > max_cells:
            raise ValueError(
                f"max_cells={max_cells:,} is too few: on the coarsest grid there are still {len(cells):,} cells. "
                "Give at least so many, or leave the argument out for an exact fit"
            )
    names = list(PARAMETERS[name])
    if len(cells) < len(names):
        raise ConvergenceError(
            f"{name} has {len(names)} parameters, but there are {_what(cells)}: {_way_out(name)}"
        )
    params, hessian = maximise(name, cells, unit)
    n_customers = int(cells.customers.sum())
    _check_maximum(name, params, hessian, n_customers)
    if grid != "exact":
        gradient = _gradient(name, np.log(params), exact)
        error = float(np.sqrt(gradient @ np.linalg.solve(hessian, gradient) * n_customers))
    covariance = np.outer(params, params) * np.linalg.inv(hessian) / n_customers
    return FittedModel(
        name=name,
        params=pd.Series(params, index=names),
        covariance=pd.DataFrame((covariance + covariance.T) / 2, index=names, columns=names),
        log_likelihood=-mean_negative_log_likelihood(name, np.log(params), exact) * n_customers,
        n_customers=n_customers,
        n_cells=len(cells),
        grid=grid,
        grid_error=error,
        unit=unit,
        cells=cells,
    )


def mean_negative_log_likelihood(name, log_params, cells):
    """Minus the log-likelihood per customer, by `lifetimes`' own function, at log parameters."""
    weights = cells.customers.to_numpy(dtype=float)
    data, scale = _scaled(name, cells)
    log_params = np.asarray(log_params) + _log_shift(name, scale)
    # a purchase rate per scaled unit is higher by 1 / scale; so is the density, once for each purchase
    change = np.average(cells.frequency, weights=weights) * np.log(scale) if name in _TIME_PARAMETERS else np.log(scale)
    model = fitter(name)
    # the fitters silence FutureWarning for everybody, whenever a likelihood is computed
    with np.errstate(all="ignore"), warnings.catch_warnings():
        if name == "Pareto/NBD":  # takes parameters as they are and divides by the mean weight
            value = model._negative_log_likelihood(np.exp(log_params), *data, weights, 0.0)
            value = value * weights.mean() / weights.sum()
        else:
            value = model._negative_log_likelihood(log_params, *data, weights, 0.0)
    return value - change


def _scaled(name, cells):
    """The data in units in which the largest time is 1, or the mean spend: there the optimisers are at home."""
    data = [cells[column].to_numpy() for column in cells.columns[:-1]]
    if name in _TIME_PARAMETERS:
        scale = 1.0 / data[-1].max()
        return [data[0], data[1] * scale, data[2] * scale], scale
    if name == "Gamma-Gamma":
        scale = 1.0 / np.average(data[1], weights=cells.customers)
        return [data[0], data[1] * scale], scale
    return data, 1.0


def _log_shift(name, scale):
    """What log parameters change by when the data are multiplied by `scale`."""
    dimensioned = _TIME_PARAMETERS.get(name, ()) or (("v",) if name == "Gamma-Gamma" else ())
    return np.array([np.log(scale) if p in dimensioned else 0.0 for p in PARAMETERS[name]])


def maximise(name, cells, unit, log_start=None):
    """Return the parameters of highest likelihood, and the Hessian of the mean NLL in log parameters.

    With many cells, `lifetimes` fits merged cells, which lands within a standard error, and Newton steps
    with the gradient of all cells do the rest: the maximum is the exact one, the Hessian that of the merged
    cells.
    """
    if len(cells) <= _DIRECT_CELLS or name == "BG/BB":
        return _lifetimes_fit(name, cells, log_start)
    params, hessian = _lifetimes_fit(name, coarsen_cells(cells, _DIRECT_CELLS, unit)[0], log_start)
    log_params, n_customers = np.log(params), cells.customers.sum()
    for _ in range(10):
        gradient = _gradient(name, log_params, cells)
        step = np.linalg.solve(hessian, gradient)
        if gradient @ step * n_customers < 1e-6:  # a thousandth of a standard error
            return np.exp(log_params), hessian
        log_params = log_params - step
    return _lifetimes_fit(name, cells, log_params)


def _lifetimes_fit(name, cells, log_start):
    """One fit by `lifetimes`; if its own start leads nowhere, a second one from the data's means."""
    try:
        return _fit_from(name, cells, log_start)
    except ConvergenceError:
        if name == "Pareto/NBD":
            raise
        return _fit_from(name, cells, np.log(_typical_params(name, cells)))


def _typical_params(name, cells):
    weights = cells.customers.to_numpy(dtype=float)
    if name == "Gamma-Gamma":
        return np.array([5.0, 4.0, 3 / 5 * np.average(cells.monetary_value, weights=weights)])
    if name == "BG/BB":
        return np.array([1.0, 1.0, 1.0, 3.0])
    return np.array([0.5, np.average(cells["T"], weights=weights) / 4, 0.7, 2.5])


def _fit_from(name, cells, log_start):
    model = fitter(name)
    data, scale = _scaled(name, cells)
    shift = _log_shift(name, scale)
    weights = cells.customers.to_numpy()
    options = {} if log_start is None else {"initial_params": np.asarray(log_start) + shift}
    if name == "Pareto/NBD":
        # its own start is random; ones are where the paper's authors begin
        start = np.exp(options.get("initial_params", np.zeros(4)))
        options.update(initial_params=start, tol=1e-6)
    try:
        # on failure the fitters print a solver dump: it belongs in the error, not on the page
        with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(*data, weights=weights, **options)
    except Exception as error:
        raise ConvergenceError(f"{name} did not converge on {_what(cells)}: {_way_out(name)}") from error
    log_params = np.log(model.params_.to_numpy(dtype=float)) - shift
    if not np.isfinite(log_params).all():
        raise ConvergenceError(f"{name} ended at {_named(name, model.params_)} on {_what(cells)}: {_way_out(name)}")
    if model._hessian_ is not None:
        return np.exp(log_params), model._hessian_
    return _newton(name, log_params, cells)


def _gradient(name, log_params, cells, chunk=50_000):
    """Gradient of the mean NLL in log parameters, in chunks so that memory stays flat."""
    if name == "Pareto/NBD":
        return _derivatives(lambda values: mean_negative_log_likelihood(name, values, cells), log_params)[0]
    from autograd import grad

    weights = cells.customers.to_numpy(dtype=float)
    data, scale = _scaled(name, cells)
    log_params = log_params + _log_shift(name, scale)
    slope, total = grad(fitter(name)._negative_log_likelihood), np.zeros(len(log_params))
    with warnings.catch_warnings():
        for start in range(0, len(weights), chunk):
            part = slice(start, start + chunk)
            total += slope(log_params, *(each[part] for each in data), weights[part], 0.0) * weights[part].sum()
    return total / weights.sum()


def _newton(name, log_params, cells, steps=5):
    """Finish a fit with Newton steps on numerical derivatives; return parameters and Hessian."""

    def objective(log_values):
        return mean_negative_log_likelihood(name, log_values, cells)

    for _ in range(steps):
        gradient, hessian = _derivatives(objective, log_params)
        if not np.isfinite(hessian).all():
            raise ConvergenceError(f"{name}: the likelihood is not finite near its end point: {_way_out(name)}")
        if (np.linalg.eigvalsh(hessian) <= 0).any():
            raise ConvergenceError(
                f"{name} has no inner maximum on {_what(cells)}; it stopped at "
                f"{_named(name, np.exp(log_params))}: {_way_out(name)}"
            )
        step = np.linalg.solve(hessian, gradient)
        # what a full step could still gain, per customer
        gain = gradient @ step / 2
        if gain < 1e-12:
            return np.exp(log_params), hessian
        log_params = log_params - np.clip(step, -1, 1)
    raise ConvergenceError(f"{name} did not converge on {_what(cells)}: {_way_out(name)}")


def _derivatives(function, x, h=1e-3):
    """Gradient and Hessian by central differences, of fourth order except for mixed derivatives."""
    n = len(x)
    unit = np.eye(n) * h
    centre = function(x)
    plus, minus = (np.array([function(x + sign * unit[i]) for i in range(n)]) for sign in (1, -1))
    plus2, minus2 = (np.array([function(x + sign * 2 * unit[i]) for i in range(n)]) for sign in (1, -1))
    gradient = (8 * (plus - minus) - (plus2 - minus2)) / (12 * h)
    hessian = np.diag((-plus2 + 16 * plus - 30 * centre + 16 * minus - minus2) / (12 * h * h))
    for i in range(n):
        for j in range(i):
            mixed = [function(x + s * unit[i] + t * unit[j]) for s, t in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
            hessian[i, j] = hessian[j, i] = (mixed[0] - mixed[1] - mixed[2] + mixed[3]) / (4 * h * h)
    return gradient, hessian


def _check_maximum(name, params, hessian, n_customers):
    try:
        with np.errstate(invalid="ignore"):
            log_errors = np.sqrt(np.diag(np.linalg.inv(hessian)) / n_customers)
        inner = (np.linalg.eigvalsh((hessian + hessian.T) / 2) > 0).all()
    except np.linalg.LinAlgError:
        inner = False
    if not inner or not np.isfinite(log_errors).all():
        raise ConvergenceError(
            f"{name} has no inner maximum on this data; it stopped at {_named(name, params)}: {_way_out(name)}"
        )
    weak = [p for p, error in zip(PARAMETERS[name], log_errors, strict=True) if error > 1]
    if weak:
        warnings.warn(
            f"{name}: the data hardly say what {', '.join(weak)} {'is' if len(weak) == 1 else 'are'} (standard "
            f"error above 100 %), at {_named(name, params)}. Predictions may still be usable: look at their "
            "intervals, take more customers or a longer history, or a simpler model",
            CrmWarning, stacklevel=5 if name in _TIME_PARAMETERS else 4,
        )


def _named(name, params):
    return ", ".join(f"{p} = {value:.3g}" for p, value in zip(PARAMETERS[name], params, strict=True))


def _what(cells):
    return f"{int(cells.customers.sum()):,} customers in {len(cells):,} cells"


def _way_out(name):
    if name == "Gamma-Gamma":
        return ("look for equal amounts for everybody (a flat fee needs no spend model), a handful of customers, or "
                "a few extreme ones")
    return ("usual causes are too few customers, almost nobody or almost everybody coming back, nobody leaving, or "
            "customers who hardly differ in how often they buy or leave; take more customers, a longer history or "
            "another model (fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd)")


def _unit_of(summary, unit, *, required=True):
    """The time unit of a summary: its own column, the argument, or an error if they disagree."""
    found = None
    if "unit" in summary.columns:
        values = summary["unit"]
        if isinstance(summary, pd.DataFrame):
            missing = int(values.isna().sum())
            if 0 < missing < len(values):
                raise DataError(f"unit is missing for {missing:,} of {len(values):,} customers: in what is their T?")
            values = values.dropna().unique()
        else:
            values = summary.select("unit").distinct().execute()["unit"]
        found = sorted(map(str, values))
        if len(found) > 1:
            raise DataError(
                f"T is in mixed units ({', '.join(found)}): summarise all customers with one unit before fitting"
            )
    if found and unit and found != [unit]:
        raise DataError(f"the summary is in {found[0]}s, but unit={unit!r} was asked for: leave the argument out")
    unit = found[0] if found else unit
    if unit is None and required:
        raise ValueError(
            f"the summary does not say its time unit: pass unit= (one of {', '.join(DAYS_PER_UNIT)})"
        )
    if unit is not None:
        days_per(unit)
    return unit


def _customers(cells, mask):
    count = int(cells.customers[mask].sum())
    rows = cells.loc[mask].head(3).drop(columns="customers").to_dict("records")
    shown = "; ".join(", ".join(f"{k} {v:g}" for k, v in row.items()) for row in rows)
    return f"{count:,} customer(s) (first: {shown})"


def _check_counts(cells, *columns):
    problems = []
    for name in (*columns, "customers"):
        values = cells[name]
        missing = ~np.isfinite(values.astype(float))
        if missing.any():
            problems.append(f"{name} is missing or infinite for {int(missing.sum()):,} distinct histories: "
                            "drop or mend these customers before fitting")
            continue
        if (values < 0).any():
            problems.append(f"{name} is negative for {_customers(cells, values < 0)}")
        elif (values % 1 != 0).any():
            problems.append(f"{name} is not a whole number for {_customers(cells, values % 1 != 0)}: it counts "
                            "purchases; was it divided by the time unit, or is it a rate?")
    if cells.empty or not problems and cells.customers.sum() < 2:
        problems.append(f"there are {int(cells.customers.sum())} customers: a model needs many")
    if problems:
        raise DataError("; ".join(problems))


def history_rules(x, recency, T, age):
    """What no history can be: (rows for which it is, what, and how it usually comes about)."""
    rules = [
        (x < 0, "frequency is negative", "it counts repeat purchases"),
        (x % 1 != 0, "frequency is not a whole number",
         "it counts purchases; was it divided by the time unit, or is it a rate?"),
        (recency < 0, "recency is negative", "it is a time since the first purchase"),
        (T < 0, f"{age} is negative", "it is a time since the first purchase"),
        (recency > T, f"recency is larger than {age}",
         "recency is the time from the first purchase to the last, not the time since the last; are both in the same "
         "unit?"),
        ((x == 0) & (recency > 0), "recency is above 0 without a repeat purchase", "it is 0 for one-time buyers"),
        ((x > 0) & (recency == 0), "recency is 0 in spite of repeat purchases",
         "same-day orders are one purchase occasion"),
    ]
    if age == "n_periods":
        once = "BG/BB counts occasions, one a period at most"
        rules += [
            (recency % 1 != 0, "recency is not a whole number of periods", once),
            (T % 1 != 0, "n_periods is not a whole number of periods", once),
            (x > recency, "frequency is larger than recency", once),
        ]
    return rules


def _check_history(cells, age):
    _check_counts(cells, "frequency")
    columns = [cells[name] for name in ("frequency", "recency", age)]
    missing = [(column.name, ~np.isfinite(column.astype(float))) for column in columns[1:]]
    found = [(f"{name} is missing or infinite", mask, "drop or mend these customers") for name, mask in missing]
    known = ~np.logical_or.reduce([mask for _, mask in missing])
    found += [(what, mask & known, hint) for mask, what, hint in history_rules(*columns, age)]
    problems = [f"{what} for {_customers(cells, mask)}: {hint}" for what, mask, hint in found if mask.any()]
    if not problems and not (cells.frequency > 0).any():
        problems.append(f"none of {int(cells.customers.sum()):,} customers came back: there is nothing to learn "
                        "about repeat buying; observe longer, or check that ids identify customers, not orders")
    if problems:
        raise DataError("; ".join(problems))


def _weighted_correlation(x, y, weights):
    if len(x) < 2:
        return 0.0
    covariance = np.cov(np.vstack([x, y]), fweights=weights)
    spread = np.sqrt(covariance[0, 0] * covariance[1, 1])
    return covariance[0, 1] / spread if spread > 0 else 0.0
