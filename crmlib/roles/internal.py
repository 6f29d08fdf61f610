"""Internal customers: how reliably one department serves the next."""

import numpy as np
import pandas as pd

from crmlib.checks import check_choice, check_fraction
from crmlib.errors import DataError
from crmlib.intervals import check_level, normal_quantile, share_interval
from crmlib.roles.tables import did_you_mean, require_columns


def service_levels(services, *, level=0.95) -> pd.DataFrame:
    """Return how reliably each department serves the next one: requests done on time.

    Parameters
    ----------
    services : pandas.DataFrame
        ``supplier, recipient, service, requests, on_time``, one row per link or per link and month.
    level : float
        Of the interval (Clopper and Pearson's exact limits).

    Returns
    -------
    pandas.DataFrame
        One row per link, in the order in which they first occur: ``supplier, recipient, service, requests, on_time,
        rate, low, high``.

    Raises
    ------
    DataError
        If more requests were on time than there were, a count is negative or broken, or a link has no request at all.

    Examples
    --------
    >>> services = pd.DataFrame({"supplier": "stores", "recipient": "repair", "service": "parts",
    ...                          "requests": [40, 60], "on_time": [36, 54]})
    >>> service_levels(services)[["service", "requests", "on_time", "rate"]]
      service  requests  on_time  rate
    0   parts       100       90   0.9
    """
    level = check_level(level)
    require_columns(services, "services", ["supplier", "recipient", "service", "requests", "on_time"])
    problems = []
    for column in ("requests", "on_time"):
        if not pd.api.types.is_numeric_dtype(services[column]):
            raise DataError(f"services: {column} holds {services[column].dtype}, not numbers: convert it first")
        if wrong := int(((services[column] < 0) | (services[column] % 1 != 0)).sum()):
            problems.append(f"{column} is no whole number of zero or more in {wrong:,} row(s)")
    over = services[services["on_time"] > services["requests"]]
    if len(over):
        row = over.iloc[0]
        problems.append(f"more on time than requested in {len(over):,} row(s), first {row['service']!r} with "
                        f"{row['on_time']:g} of {row['requests']:g}: are the two columns exchanged?")
    link = ["supplier", "recipient", "service"]
    table = services.groupby(link, sort=False, as_index=False)[["requests", "on_time"]].sum()
    if len(idle := table[table["requests"] == 0]):
        problems.append(f"{len(idle):,} link(s) have no request, first {idle.iloc[0]['service']!r}: there is no rate")
    if problems:
        raise DataError("services: " + "; ".join(problems))
    low, high = share_interval(table["on_time"], table["requests"], level=level, method="exact")
    return table.assign(rate=table["on_time"] / table["requests"], low=low, high=high)


def internal_chain(levels, services=None, *, target=1.0, gaps="raise", level=0.95) -> pd.DataFrame:
    """Return how reliable a chain of departments is, which link is weakest, and what mending each one gains.

    A job is on time at the end if every link was: the product of the rates. That assumes that a late link is not made
    up for later, and that lateness in one link does not go with lateness in another.

    Parameters
    ----------
    levels : pandas.DataFrame
        As `service_levels` returns it.
    services : sequence of str, optional
        The services that make up the chain, in order. Without it, all of them as they stand.
    target : float
        The rate to which a link is mended; links that are better already stay as they are.
    gaps : {"raise", "allow"}
        What to do if a link begins at another department than the one before it served: refuse, or take the hand-over
        that nobody measured as certain.
    level : float
        Of the interval, from the variance of the sum of the logarithms (half a request added to either count of a link
        that never, or always, failed).

    Returns
    -------
    pandas.DataFrame
        One row per link: ``service, supplier, recipient, rate``, ``so_far`` (product up to here: in the last row the
        whole chain) with ``low, high``, ``weakest`` (True for the lowest rate, the first of equals), ``gain`` (by
        which the whole chain rises if this link alone is mended).

    Raises
    ------
    DataError
        If a service is not known or not unique or, with ``gaps="raise"``, a link does not begin where the one before
        it ends.

    Examples
    --------
    >>> levels = pd.DataFrame({"supplier": ["sales", "stores"], "recipient": ["stores", "repair"],
    ...     "service": ["order", "parts"], "requests": 100, "on_time": [80, 90], "rate": [0.8, 0.9]})
    >>> internal_chain(levels)[["service", "so_far", "weakest", "gain"]].round(2)
      service  so_far  weakest  gain
    0   order    0.80     True  0.18
    1   parts    0.72    False  0.08
    """
    check_choice("gaps", gaps, ("raise", "allow"))
    z, target = normal_quantile(level), check_fraction("target", target)
    require_columns(levels, "levels", ["supplier", "recipient", "service", "requests", "on_time", "rate"])
    if services is not None:
        known = list(levels["service"])
        if problem := did_you_mean(list(services), tuple(known), "service(s)"):
            raise DataError(problem)
        levels = levels.set_index("service").loc[list(services)].reset_index()
    if levels.empty or levels["service"].duplicated().any():
        raise DataError("a chain needs at least one service, each once: a job does not pass the same link twice")
    ends, starts = levels["recipient"].iloc[:-1].to_numpy(), levels["supplier"].iloc[1:].to_numpy()
    broken = np.flatnonzero(ends != starts)
    if len(broken) and gaps == "raise":
        here = broken[0]
        raise DataError(f"the chain is broken after {levels['service'].iloc[here]!r}: it serves {ends[here]!r}, but "
                        f"the next link starts at {starts[here]!r}; put the services in order, or pass gaps='allow' if "
                        "the hand-over between them cannot fail")
    rate = levels["rate"].to_numpy(dtype=float)
    if (wrong := np.abs(rate * levels["requests"] - levels["on_time"]) > 1e-6 * (1 + levels["requests"])).any():
        raise DataError(f"levels: rate is not on_time / requests in {int(wrong.sum()):,} link(s), first "
                        f"{levels['service'][wrong.to_numpy()].iloc[0]!r}: take the table from service_levels")
    n, x = levels["requests"].to_numpy(dtype=float), levels["on_time"].to_numpy(dtype=float)
    safe = np.where((x == 0) | (x == n), (x + 0.5) / (n + 1), rate)
    so_far, spread = np.cumprod(rate), z * np.sqrt(np.cumsum((1 - safe) / (n * safe)))
    others = np.array([np.prod(np.delete(rate, i)) for i in range(len(rate))])
    possible = np.where(so_far > 0, 1.0, np.nan)  # no logarithm of a chain that never works
    return levels[["service", "supplier", "recipient", "rate"]].reset_index(drop=True).assign(
        so_far=so_far, low=so_far * np.exp(-spread) * possible,
        high=np.minimum(so_far * np.exp(spread), 1.0) * possible,
        weakest=np.arange(len(rate)) == int(rate.argmin()),
        gain=np.maximum(others * np.maximum(target, rate) - so_far[-1], 0.0))
