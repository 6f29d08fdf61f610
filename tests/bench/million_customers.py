"""Fit and score simulated customers: crmlib beside plain lifetimes, in one run.

    python tests/bench/million_customers.py [customers]

CPU seconds (user and system) of this process; the ratio is what can be compared between machines. Not a test.
"""

import ctypes
import platform
import resource
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from crmlib import btyd

MONTH_RATE = 0.01


def simulate(customers, seed=1):
    """Customers of a BG/NBD world with CDNOW's parameters, first seen at a random day of 78 weeks."""
    rng = np.random.default_rng(seed)
    age = rng.integers(0, 78 * 7, customers) / 7
    rate, leave = rng.gamma(0.2426, 1 / 4.4135, customers), rng.beta(0.7929, 2.4258, customers)
    frequency, recency, clock = np.zeros(customers, int), np.zeros(customers), np.zeros(customers)
    buying = np.arange(customers)
    while len(buying):
        clock[buying] += rng.exponential(1 / rate[buying])
        buying = buying[clock[buying] < age[buying]]
        day = np.floor(clock[buying] * 7) / 7
        new_day = day > recency[buying]
        frequency[buying[new_day]] += 1
        recency[buying] = day
        buying = buying[rng.random(len(buying)) > leave[buying]]
    shape = 6.25 * np.maximum(frequency, 1)
    mean = rng.gamma(shape) / shape * 6.25 * 15.44 / rng.gamma(3.74, size=customers)
    money = np.where(frequency > 0, np.maximum(mean.round(2), 0.01), 0.0)
    return pd.DataFrame({"frequency": frequency, "recency": recency, "T": age, "monetary_value": money,
                         "unit": pd.Categorical(["week"] * customers)})


def memory(*, reset=False):
    """Return (resident, peak) MB of this process; Linux only, elsewhere NaN."""
    try:
        if reset:
            ctypes.CDLL(None).malloc_trim(0)  # give back what is free, or the next peak hides in it
            Path("/proc/self/clear_refs").write_text("5")
        status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        return tuple(int(status[key].split()[0]) / 1024 for key in ("VmRSS", "VmHWM"))
    except (OSError, AttributeError):
        return np.nan, np.nan


def measure(function):
    """Return the result, its CPU seconds, and the peak memory in MB above what was there before."""
    resident, _ = memory(reset=True)
    before = resource.getrusage(resource.RUSAGE_SELF)
    result = function()
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return result, cpu, memory()[1] - resident


def main(customers):
    warnings.simplefilter("ignore")
    import lifetimes

    btyd.fit_bg_nbd(simulate(20_000))  # imports and warms everything up
    history = simulate(customers)
    x, recency, age, money = (history[c] for c in ("frequency", "recency", "T", "monetary_value"))
    rows = []

    model, cpu, grown = measure(lambda: btyd.fit_bg_nbd(history))
    spend = btyd.fit_gamma_gamma(history)
    value, cpu_value, grown_value = measure(lambda: btyd.lifetime_value(
        model, spend, history, horizon=12, horizon_unit="month", margin=1,
        annual_discount_rate=(1 + MONTH_RATE) ** 12 - 1))
    plain, plain_cpu, plain_grown = measure(lambda: lifetimes.BetaGeoFitter().fit(x, recency, age))
    money_model = lifetimes.GammaGammaFitter().fit(x[x > 0], money[x > 0])
    plain_value, plain_cpu_value, plain_grown_value = measure(lambda: money_model.customer_lifetime_value(
        plain, x, recency, age, money, time=12, discount_rate=MONTH_RATE, freq="W"))
    rows.append(("BG/NBD fit, counting included", cpu, plain_cpu, grown, plain_grown))
    rows.append(("lifetime value, 12 months", cpu_value, plain_cpu_value, grown_value, plain_grown_value))
    table = pd.DataFrame(rows, columns=["", "crmlib CPU s", "lifetimes CPU s", "crmlib MB", "lifetimes MB"])
    table["ratio"] = table["lifetimes CPU s"] / table["crmlib CPU s"]
    shift = (model.params / plain.params_ - 1).abs().max()
    print(f"{customers:,} customers, {model.n_cells:,} distinct histories; Python {platform.python_version()}, "
          f"numpy {np.__version__}, pandas {pd.__version__}")
    print(table.round(2).to_string(index=False))
    print(f"parameters differ by at most {shift:.1e}, total value by {value.sum() / plain_value.sum() - 1:.1e}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
