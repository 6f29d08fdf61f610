"""How many distinct histories are there? What Python, or Spark's driver, has to hold, by number of customers.

    python tests/bench/driver_size.py [days observed, 546 unless given]

A customer's history is (frequency, recency, T) in days. Under the BG/NBD model, with first purchases spread evenly
over the days observed, each history has a probability p, and N customers show it with probability 1 - exp(-N p):
the sum over all histories is the expected number of cells. Parameters: CDNOW's. Two purchases of one day are counted
apart here, so that the number is a little high for frequent buyers.

The spend model is fitted on distinct (frequency, mean spend in cents): the same sum, with the Gamma-Gamma density.
"""

import sys

import numpy as np
import pandas as pd
from scipy.special import gammaln

R, ALPHA, A, B = 0.2426, 4.4135, 0.7929, 2.4258
P, Q, V = 6.25, 3.74, 15.44
MOST = 200  # repeat purchases looked at
CELL_BYTES = 5 * 8  # frequency, recency, T, customers, spend
PAIR_BYTES = 4 * 8  # frequency, T, two predictions
SPEND_BYTES = 3 * 8  # frequency, spend, customers


def probabilities(age):
    """P(x, recency in days | T = age days): a row per x from 1 to MOST, a column per day from 1 to age."""
    x = np.arange(1, MOST + 1)[:, None]
    recency, T = np.arange(1, age + 1)[None, :] / 7, age / 7
    log_rate = gammaln(R + x) - gammaln(R) + R * np.log(ALPHA)
    log_stay = gammaln(A + B) + gammaln(B + x) - gammaln(B) - gammaln(A + B + x)
    log_active = -(R + x) * np.log(ALPHA + T)
    log_left = np.log(A / (B + x - 1)) - (R + x) * np.log(ALPHA + recency)
    log_orderings = (x - 1) * np.log(recency) - gammaln(x)  # where the purchases before the last one lay
    return np.exp(log_rate + log_stay + np.logaddexp(log_active, log_left) + log_orderings) / 7


def expected_sizes(customers, days=546):
    """Return (cells, pairs of frequency and T, pairs of frequency and spend) expected among so many customers."""
    customers = np.asarray(customers, dtype=float)
    cells, pairs, repeat = np.zeros(len(customers)), np.zeros(len(customers)), np.zeros(MOST)
    for age in range(days):
        once = customers / days * (ALPHA / (ALPHA + age / 7)) ** R  # nobody comes back with this probability
        cells += -np.expm1(-once)
        pairs += -np.expm1(-once)
        if age:
            p = probabilities(age) / days
            repeat += p.sum(axis=1)
            for i, n in enumerate(customers):
                cells[i] += -np.expm1(-n * p).sum()
                pairs[i] += -np.expm1(-n * p.sum(axis=1)).sum()
    return cells, pairs, np.array([spend_cells(n, repeat) for n in customers])


def spend_cells(customers, repeat):
    """Distinct (x, total cents) among them, where P(x) is `repeat`: an integral over the total."""
    x = np.arange(1, MOST + 1)[:, None]
    total = np.geomspace(0.01, 1e7, 20_000)[None, :]  # money; a cent is one possible value
    mean = total / x
    log_density = (gammaln(P * x + Q) - gammaln(P * x) - gammaln(Q) + Q * np.log(V) + (P * x - 1) * np.log(mean)
                   + P * x * np.log(x) - (P * x + Q) * np.log(V + total)) - np.log(x)  # of the total
    seen = -np.expm1(-customers * repeat[:, None] * np.exp(log_density) * 0.01)
    return np.trapezoid(seen, total / 0.01, axis=1).sum()


def main():
    customers = np.array([1e4, 1e5, 1e6, 4_728_132, 47_281_324, 4.728e8])
    cells, pairs, spend = expected_sizes(customers, *map(int, sys.argv[1:2]))
    table = pd.DataFrame({"customers": customers, "cells": cells, "pairs": pairs, "spend_cells": spend,
                          "MB": (cells * CELL_BYTES + pairs * PAIR_BYTES + spend * SPEND_BYTES) / 1e6})
    print(table.round({"cells": 0, "pairs": 0, "spend_cells": 0, "MB": 1}).to_string(index=False))


if __name__ == "__main__":
    main()
