"""Checking arguments that may be one number or many."""


import numpy as np

from crmlib.checks import check_count, check_fraction, check_positive

_SHARES = ("retention_rate", "discount_rate", "variable_cost_rate", "referral_rate")  # 0 to 1
_SIGNED = ("margin", "contribution", "value", "cash_flows")  # everything else, except growth, is zero or more


def numbers(name, value) -> np.ndarray:
    """Return a float array of one number or many, all finite and in the range that belongs to `name`."""
    low = -np.inf if name in _SIGNED else -1 if name == "growth" else 0
    high = 1 if name in _SHARES or name == "growth" else np.inf
    words = name.replace("_", " ")
    raw = np.asarray(value)
    if raw.dtype.kind not in "iuf":
        raise ValueError(f"{words} must be a finite number, or an array of them, not {value!r}")
    array = raw.astype(float)
    bad = ~(np.isfinite(array) & (array >= low) & (array <= high))
    for first in np.flatnonzero(bad)[:1]:
        where = f" (position {first}; {bad.sum()} of {array.size} values are wrong)" if array.ndim else ""
        try:
            if high == 1:
                check_fraction(words, float(array.flat[first]), low=low, high=high)
            check_positive(words, float(array.flat[first]), zero=True)
        except ValueError as error:
            raise ValueError(f"{error}{where}") from None
    return array


def together(**values) -> list[np.ndarray]:
    """Check every argument and stretch them to one shape, or say which one has the wrong length."""
    arrays = {name: numbers(name, value) for name, value in values.items()}
    try:
        return list(np.broadcast_arrays(*arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {a.shape}" for name, a in arrays.items() if a.ndim)
        raise ValueError(f"these arguments do not have the same length: {shapes}") from None


def whole(name, value, minimum) -> np.ndarray:
    """Return `numbers` that are whole and at least `minimum`, or say which is not."""
    array = numbers(name, value)
    for number in array[(array != np.floor(array)) | (array < minimum)][:1]:
        check_count(name, float(number), minimum=minimum)  # raises
    return array


def plain(result):
    """Return a float where one number went in, an array where many did."""
    return float(result) if np.ndim(result) == 0 else result


def refuse_divergence(diverges, retention, growth, discount):
    """Raise if a value without horizon is infinite, and name the lever that makes it so."""
    diverges, retention, growth, discount = np.broadcast_arrays(diverges, retention, growth, discount)
    if not diverges.any():
        return
    r, g, d = (float(a[diverges].flat[0]) for a in (retention, growth, discount))
    if g > 0:
        lever = f"growth {g:g} must be below (1 + discount rate) / retention rate - 1 = {(1 + d) / r - 1:.4g}"
    else:
        lever = "with nobody leaving (retention rate 1) the discount rate must be above 0"
    raise ValueError(
        f"the value diverges: each period is worth {r * (1 + g) / (1 + d):.4g} times the one before "
        f"(retention rate {r:g}, growth {g:g}, discount rate {d:g}); {lever}, or give a number of periods"
    )


def geometric_sum(ratio, n):
    """Return 1 + ratio + … (n terms, n may be infinite), without loss of digits where ratio is near 1."""
    with np.errstate(all="ignore"):
        total = -np.expm1(n * np.log1p(ratio - 1)) / (1 - ratio)
    return np.where(n == 0, 0.0, np.where(ratio == 1, n, total))
