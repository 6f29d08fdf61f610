"""Random draws that come out the same on every platform and with every version of NumPy.

Only the raw numbers of one bit generator are used, whose stream NumPy keeps. Everything else is an inverse
distribution function of them, rounded, so that the last bit of a machine's logarithm decides nothing.
Each purpose has a stream of its own: a table added later changes none of the others.
"""

import zlib

import numpy as np
from scipy import special


class Draws:
    """The random numbers of one purpose, for instance the contacts of company 7.

    Parameters
    ----------
    seed : int
        Number of the company, zero or more.
    purpose : str
        Name of the stream.
    """

    def __init__(self, seed: int, purpose: str):
        self._bits = np.random.PCG64(np.random.SeedSequence([seed, zlib.crc32(purpose.encode())]))

    def uniform(self, *shape):
        """Return numbers from 0 to below 1."""
        raw = self._bits.random_raw(int(np.prod(shape, dtype=np.int64)))
        return ((raw >> np.uint64(11)) * 2.0**-53).reshape(shape)

    def whether(self, probability):
        """Return True with the given probability, one draw for each of them."""
        return self.uniform(*np.shape(probability)) < rounded(probability)

    def integers(self, low, high):
        """Return whole numbers from `low` to below `high` (arrays), each equally likely."""
        low, high = np.broadcast_arrays(np.asarray(low, dtype=np.int64), np.asarray(high, dtype=np.int64))
        return low + np.floor(self.uniform(*low.shape) * (high - low)).astype(np.int64)

    def pick(self, weights, shape):
        """Return positions 0, 1, … drawn with the given weights (one table for all)."""
        cumulative = np.cumsum(np.asarray(weights, dtype=float))
        u = self.uniform(*np.atleast_1d(shape)) * cumulative[-1]
        return np.minimum(np.searchsorted(cumulative, u, side="right"), len(cumulative) - 1)

    def pick_by(self, table, rows):
        """Return positions drawn with the weights of row ``rows[i]`` of `table`."""
        cumulative = np.cumsum(np.asarray(table, dtype=float), axis=1)
        cumulative /= cumulative[:, -1:]
        u = self.uniform(len(rows))
        result = np.zeros(len(rows), dtype=np.int8)  # millions of rows, few columns
        for column in range(cumulative.shape[1] - 1):
            result += u >= cumulative[:, column][rows]
        return result

    def normal(self, *shape):
        """Return standard normal numbers, rounded to six decimals."""
        return rounded(special.ndtri(np.clip(self.uniform(*shape), 1e-12, 1 - 1e-12)))

    def days(self, yearly_rate, shape):
        """Return waiting times in whole days, exponential with a rate per year; never if the rate is 0."""
        rate = np.broadcast_to(np.asarray(yearly_rate, dtype=float), shape)
        with np.errstate(divide="ignore", invalid="ignore"):
            waits = np.floor(-np.log1p(-self.uniform(*np.atleast_1d(shape))) / rate * 365)
        return np.where(rate > 0, np.minimum(waits, 1e7), 1e7).astype(np.int64)

    def quantiles(self, function, shape):
        """Return draws from an inverse distribution function, at 10,000 equally likely points."""
        grid = rounded(function((np.arange(10_000) + 0.5) / 10_000))
        return grid[np.floor(self.uniform(*np.atleast_1d(shape)) * 10_000).astype(np.int64)]

    def poisson(self, means):
        """Return Poisson counts, one for each mean, by adding up probabilities until they pass a uniform number."""
        means = np.asarray(means, dtype=float)
        u = self.uniform(*means.shape).ravel()
        mean = means.ravel()
        counts = np.zeros(mean.size, dtype=np.int64)
        open_ = np.arange(mean.size)
        probability = np.exp(-mean)
        below = probability.copy()
        k = 0
        while open_.size:
            still = u[open_] >= below
            open_, probability, below = open_[still], probability[still], below[still]
            k += 1
            counts[open_] = k
            probability = probability * mean[open_] / k
            below = below + probability
            # far out in the tail rounding could keep the sum below 1 for ever
            stop = (k > mean[open_]) & (probability < 1e-18)
            open_, probability, below = open_[~stop], probability[~stop], below[~stop]
        return counts.reshape(means.shape)


def rounded(values):
    """Return values with six decimals: the same on machines whose last bits differ."""
    return np.round(np.asarray(values, dtype=float), 6)


def gamma_quantile(shape):
    """Return the inverse distribution function of a gamma distribution with mean 1."""
    return lambda u: special.gammaincinv(shape, u) / shape


def beta_quantile(a, b):
    """Return the inverse distribution function of a beta distribution."""
    return lambda u: special.betaincinv(a, b, u)
