"""Simulate orders of any number, as Parquet files of one month each.

    python tests/bench/orders.py 100_000_000 FOLDER

Customers of a BG/NBD world with the parameters of CDNOW (Fader, Hardie & Lee 2005), their spend Gamma-Gamma with the
parameters of note 025. They first buy at a random time of 78 weeks, all of which are observed. Ids are given out in
the order of first purchases, and files are in order of time, as a shop's would be: the orders of a customer lie apart.
Customers are simulated in chunks, so that memory does not grow with the number of orders.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

FIRST_DAY, LAST_DAY, DAYS = "1997-01-01", "1998-06-30", 78 * 7
CALIBRATION_END = "1997-12-31"
RATE, LEAVING = (0.2426, 4.4135 * 7), (0.7929, 2.4258)  # r and alpha (in days), a and b
SPEND = (6.25, 3.74, 15.44)  # p, q, v
ORDERS_PER_CUSTOMER = 2.115  # on average; a little low, so that there are not fewer than asked for
CHUNK = 1_000_000  # customers
SCHEMA = pa.schema([("customer_id", pa.int64()), ("date", pa.timestamp("us")), ("amount", pa.float64())])


def simulate(customers, start, stop, rng):
    """Return the customer (0, 1, …), the day as a fraction and the amount of each order, in order of time.

    The customers first buy between the days `start` and `stop`; everybody is observed up to the last day.
    """
    clock = np.sort(rng.uniform(start, stop, customers))
    rate, leaving = rng.gamma(RATE[0], 1 / RATE[1], customers), rng.beta(*LEAVING, customers)
    who, when = [np.arange(customers)], [clock.copy()]
    buying = who[0]
    while len(buying):
        with np.errstate(divide="ignore"):  # the rarest buyers have a rate of 0
            clock[buying] += rng.exponential(size=len(buying)) / rate[buying]
        buying = buying[clock[buying] < DAYS]
        who.append(buying)
        when.append(clock[buying])
        buying = buying[rng.random(len(buying)) > leaving[buying]]
    who, when = np.concatenate(who), np.concatenate(when)
    p, q, v = SPEND
    mean = v / rng.gamma(q, size=customers)
    amount = np.maximum((rng.gamma(p, size=len(who)) * mean[who]).round(2), 0.01)
    order = np.argsort(when)
    return who[order], when[order], amount[order]


def write(folder, orders, *, seed=1, chunk=CHUNK):
    """Write about `orders` orders into `folder`, unless they are there, and return how many there are of what."""
    folder = Path(folder)
    if (folder / "_counts.json").exists():
        return json.loads((folder / "_counts.json").read_text())
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    customers = max(round(orders / ORDERS_PER_CUSTOMER), 10)
    edges = np.linspace(0, customers, -(-customers // chunk) + 1).round().astype(int)
    origin = np.datetime64(FIRST_DAY, "us")
    months = np.arange(np.datetime64(FIRST_DAY, "M"), np.datetime64(LAST_DAY, "M") + 1)
    starts = [*(months.astype("M8[us]") - origin).astype("int64"), np.iinfo("int64").max]
    writers = [pq.ParquetWriter(folder / f"orders-{month}.parquet", SCHEMA, compression="zstd") for month in months]
    written = 0
    for n, (first, last) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
        share = np.array([first, last]) / customers * DAYS
        who, when, amount = simulate(last - first, *share, np.random.default_rng([seed, n]))
        time = (when * 86_400_000_000).astype("int64")
        cuts = np.searchsorted(time, starts)
        table = pa.table([who + first + 1, time + origin.astype("int64"), amount], schema=SCHEMA)
        for writer, low, high in zip(writers, cuts[:-1], cuts[1:], strict=True):
            if high > low:
                writer.write_table(table.slice(low, high - low))
        written += len(who)
    for writer in writers:
        writer.close()
    counts = {"orders": written, "customers": customers, "seed": seed,
              "megabytes": round(sum(path.stat().st_size for path in folder.iterdir()) / 1e6, 1)}
    (folder / "_counts.json").write_text(json.dumps(counts))  # last: without it, the folder is not finished
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("orders", type=lambda text: int(float(text.replace("_", ""))), help="about how many: 1e8")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(write(options.folder, options.orders, seed=options.seed))


if __name__ == "__main__":
    main()
