"""What treating customers well is said to do, as arithmetic: prices, market share, and whom to serve."""

import numpy as np
import pandas as pd

from crmlib.checks import check_choice, check_count, check_fraction, check_positive


def share_path(start, step, *, years, mode, cap=1.0) -> pd.DataFrame:
    """Return where a market share goes that grows by a "6 % a year", read in one of two ways.

    ``points``: start + step · t; ``relative``: start · (1 + step)^t.

    Parameters
    ----------
    start, step : float
        Share today, and the growth per year, as fractions.
    years : int
        How far to go.
    mode : {"points", "relative"}
        Percentage points of the market, or per cent of our own share.
    cap : float
        Highest possible share.

    Returns
    -------
    pandas.DataFrame
        ``year`` (0 to `years`), ``share`` and ``capped`` (the path has hit the cap).

    Examples
    --------
    >>> round(float(share_path(0.1, 0.06, years=10, mode="relative").loc[10, "share"]), 3)
    0.179
    """
    start, cap = check_fraction("start", start), check_fraction("cap", cap)
    step, t = check_fraction("step", step, low=-1.0), np.arange(check_count("years", years, minimum=0) + 1)
    points = check_choice("mode", mode, ("points", "relative")) == "points"
    path = start + step * t if points else start * (1 + step) ** t
    path = np.round(path, 12)
    return pd.DataFrame({"year": t, "share": np.clip(path, 0, cap), "capped": path >= cap})


def break_even_volume_loss(price_rise, margin_rate) -> float:
    """Return which share of the volume a price rise may cost before it no longer pays: ``r / (r + m)``.

    Parameters
    ----------
    price_rise : float
        r, as a fraction of the price; a cut is negative, and the result then the growth it needs, as a negative loss.
    margin_rate : float
        m, what is left of the price after variable cost, as a fraction of the price.

    Examples
    --------
    >>> round(break_even_volume_loss(0.10, 0.40), 3), round(break_even_volume_loss(-0.05, 0.30), 3)
    (0.2, -0.2)
    """
    rise, margin = check_fraction("price_rise", price_rise, low=-1.0), check_fraction("margin_rate", margin_rate)
    if rise + margin <= 0:
        raise ValueError(f"a price cut of {-rise:g} leaves nothing of a margin of {margin:g}: no volume makes up for "
                         "it")
    return rise / (rise + margin)


def times_faster(rate, factor, *, reading) -> float:
    """Return the growth rate that "N times" means.

    Parameters
    ----------
    rate : float
        Growth of the others, a year, as a fraction.
    factor : float
        N.
    reading : {"times as fast", "times faster"}
        N · rate, or (1 + N) · rate: "exceeds by N times".

    Examples
    --------
    >>> [round(times_faster(0.05, 2, reading=r), 2) for r in ("times as fast", "times faster")]
    [0.1, 0.15]
    """
    rate, factor = check_fraction("rate", rate, low=-1.0), check_positive("factor", factor)
    return rate * (factor if check_choice("reading", reading, ("times as fast", "times faster")) == "times as fast"
                   else 1 + factor)
