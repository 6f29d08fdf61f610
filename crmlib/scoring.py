"""From orders to scored customers, whatever their number: everything that grows with the orders stays in the engine.

Summary, cells, fit, (frequency, T) table, scores: Python sees distinct histories only. Customers are summarised in
passes over a share of them each (by a hash of the id), so that memory is bounded by the share, not by the file.
What is finished is a file in a work folder beside the output, written under another name and renamed: a run that is
cut off leaves nothing half-written, and the next one takes up where it was.
"""

import codecs
import contextlib
import hashlib
import importlib.metadata
import json
import math
import os
import shutil
import threading
import uuid
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd

from crmlib import btyd
from crmlib.btyd.scoring import SCORABLE
from crmlib.btyd.summaries import SUMMARY, customer_histories, look_over
from crmlib.checks import check_choice, check_count, check_day, check_discount_rate, check_fraction, check_positive
from crmlib.data import read_transactions
from crmlib.data.export import neutralised
from crmlib.errors import CrmWarning, DataError
from crmlib.units import days_per

MODELS = dict(zip(SCORABLE, (btyd.fit_bg_nbd, btyd.fit_mbg_nbd), strict=True))
# memory of the group-by, measured: bytes per row, and per row with ids that are text
ROW_BYTES, TEXT_ROW_BYTES = 115, 190
MOST_PASSES = 4_096
# a group-by of so many rows stays near the processor: less memory, and no slower for the sharing out
SHARE_ROWS, MOST_QUICK_SHARES = 1_500_000, 64
# finished pieces in the work folder
PIECES = ("customers-*.parquet", "orders-in-*")
# of the interval of the total: a step in the logarithm of a parameter, and the merged histories it is taken on
STEP, MERGED = 1e-4, 2_000


@dataclass(frozen=True)
class Scores:
    """What `score_orders` returns.

    Attributes
    ----------
    table : ibis.Table
        One row per customer, lazy; the file, if one was written.
    customers : int
    purchases, spend : FittedModel
    total : pandas.Series
        ``low, estimate, high`` of the summed lifetime value: 95 %, of the mean, by the delta method in logarithms
        (`crmlib.btyd.interval` takes draws instead; the two part where parameters are unsure).
    left_out : int
        Customers with returns only, who have no first purchase and so no score.
    orders : Transactions
        What the door returned; its ``.report`` says what was found and done.
    """

    table: object = field(repr=False)
    customers: int
    purchases: btyd.FittedModel
    spend: btyd.FittedModel
    total: pd.Series
    left_out: int
    orders: object = field(repr=False)


def score_orders(
    source, *, out=None, observation_end, horizon, horizon_unit, margin, annual_discount_rate, timing="end",
    unit="week", model="likeliest", nonpositive="raise", memory_limit="2GB", passes=None, progress=False, **door,
) -> Scores:
    """Read orders, fit the models and give every customer a lifetime value, without a customer table in Python.

    Parameters
    ----------
    source
        Anything `crmlib.data.read_transactions` takes: Parquet, CSV and Excel files, DuckDB, Ibis and PySpark tables.
    out : path, optional
        ``.parquet`` or ``.csv`` file to write. Appears when it is complete; one that is there is replaced. Beside it,
        while the run lasts, lies a folder ``<out>.work``; if a run is cut off, the next one on the same orders uses
        what is finished there. Without `out`, and always for a PySpark table, the scores stay in the engine.
    observation_end : str or date
        Last day of the data; later orders are refused.
    horizon, horizon_unit, margin, annual_discount_rate, timing
        As in `crmlib.btyd.lifetime_value`.
    unit : {"day", "week", "month", "quarter", "year"}
        Unit of recency and T.
    model : {"likeliest", "BG/NBD", "MBG/NBD"}
        Model of purchases: by default the one of the two with the higher likelihood on these orders, because they
        differ a lot in what they say of customers who bought once. Spend is Gamma-Gamma.
    nonpositive : {"raise", "zero"}
        Customers whose mean repeat spend is zero or less (gifts, returns): refuse, or leave them out of the spend fit
        and score them with a mean of their own of zero.
    memory_limit : str
        Of the engine that is opened here, for instance "2GB"; Python itself takes about 0.5 GB more. An engine that
        comes with the source, or as `connection`, keeps its own limit.
    passes : int, optional
        In how many shares of the customers to summarise; by default as many as the limit asks for.
    progress : bool
        Show a bar on stderr.
    **door
        Arguments of `crmlib.data.read_transactions`: ``customer_id=, date=, amount=, returns=, duplicates=, …``

    Returns
    -------
    Scores
        Its table has ``customer_id, frequency, recency, T, monetary_value, unit, probability_alive,
        expected_purchases, expected_spend, lifetime_value``; the order of rows is undefined.

    Raises
    ------
    DataError, ConvergenceError, ValueError
        As the door and the fits do.

    Warns
    -----
    CrmWarning
        As `crmlib.btyd.customer_summary` does.

    Notes
    -----
    On a PySpark table the same expressions run on the cluster; the driver holds the distinct histories.
    Counts and money are the same on both engines bit for bit, scores to nine digits and more.

    Examples
    --------
    >>> from crmlib.data import load_cdnow
    >>> scores = score_orders(load_cdnow(), observation_end="1998-06-30", horizon=12, horizon_unit="month",
    ...                       margin=0.3, annual_discount_rate=0.1, nonpositive="zero", duplicates="keep")
    >>> scores.customers, scores.total.round(-3).tolist()
    (2357, [19000.0, 20000.0, 21000.0])
    """
    check_choice("model", model, ("likeliest", *SCORABLE))
    check_choice("nonpositive", nonpositive, ("raise", "zero"))
    check_choice("timing", timing, ("end", "middle"))
    check_fraction("margin", margin)
    check_discount_rate("annual_discount_rate", annual_discount_rate)
    check_positive("horizon", horizon)
    days_per(horizon_unit), days_per(unit)
    end = check_day("observation_end", observation_end)
    if passes is not None:
        check_count("passes", passes)
    ahead = {"horizon": horizon, "horizon_unit": horizon_unit, "margin": margin,
             "annual_discount_rate": annual_discount_rate, "timing": timing}
    with _Work.beside(out) as work, _Bar(progress) as bar:
        own = work.connection(source, memory_limit, door)
        bar.step("checking the orders", own)
        orders = read_transactions(source, observation_end=end, **door)
        backend = orders.get_backend()
        bar.watch(backend)
        look_over(orders, end, "observation_end")
        if backend.name == "duckdb":
            passes = passes or _passes(orders, memory_limit, shared_out=work.folder is not None)
            work.claim(source, {"end": end, "unit": unit, "door": door})
            everybody = _summarise(orders, end, unit, passes, work, bar)
        else:
            everybody = _histories(orders, end, unit).cache()
        customers = everybody.filter(everybody.has_purchase).drop("has_purchase")
        if nonpositive == "zero":
            customers = customers.mutate(monetary_value=_at_least_zero(customers.monetary_value))
        bar.step("counting histories")
        cells = btyd.history_cells(customers)
        if cells.empty:
            raise DataError("no customer has a purchase up to the end of observation: check it against the orders")
        left_out = int(everybody.aggregate(n=(~everybody.has_purchase).sum()).execute()["n"].iloc[0])
        again = btyd.count_cells(customers.filter(customers.frequency > 0), ("frequency", "monetary_value"))
        if nonpositive == "raise" and (again.monetary_value <= 0).any():
            raise _nonpositive(customers, again)
        bar.step("fitting the models")
        purchases = btyd.fit_by_likelihood(cells)[0] if model == "likeliest" else MODELS[model](cells)
        spend = btyd.fit_gamma_gamma(again, nonpositive="drop" if nonpositive == "zero" else "raise")
        total = _total(purchases, spend, cells, ahead)
        bar.step("scoring")
        table = btyd.score_customers(purchases, spend, customers, cells=cells, **ahead)
        if out is not None:
            table = work.publish(table, customers=int(cells.customers.sum()), total=total["estimate"])
    if left_out:
        warnings.warn(f"{left_out:,} customer(s) have returns but no purchase up to the end of observation: they have "
                      "no first purchase and no score", CrmWarning, stacklevel=2)
    return Scores(table, int(cells.customers.sum()), purchases, spend, total, left_out, orders)


# --- summaries in passes ------------------------------------------------------------------------------------


def _histories(orders, end, unit):
    """One lazy row per customer, those with returns only included."""
    table = customer_histories(orders.select("customer_id", "date", "amount"), end, end, unit)
    return table.filter(table.in_calibration).select(*SUMMARY, "has_purchase")


def _passes(orders, memory_limit, *, shared_out):
    """How many shares keep the group-by within three quarters of the limit; more, where they come cheap."""
    text = orders.customer_id.type().is_string()
    needed = math.ceil(orders.rows_in * (TEXT_ROW_BYTES if text else ROW_BYTES) / (0.75 * _bytes(memory_limit)))
    quick = min(math.ceil(orders.rows_in / SHARE_ROWS), MOST_QUICK_SHARES) if shared_out else 1
    return max(needed, quick, 1)


def _bytes(size):
    units = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
             "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}
    text = str(size).strip().upper()
    number = text.rstrip("BIKMGT ")
    with contextlib.suppress(ValueError):
        if (value := float(number) * units[text[len(number):].strip()]) > 0 and math.isfinite(value):
            return value
    raise ValueError(f'memory_limit={size!r} is not a size: write for instance "2GB" or "500MB"')


def _summarise(orders, end, unit, passes, work, bar):
    """The summary as one table: of a file per pass if there is a work folder, else of the engine."""
    import duckdb
    import ibis

    backend = orders.get_backend()
    while True:
        try:
            shares = work.shares(orders, passes, bar) if work.folder else _shares(orders, passes)
            parts = []
            for number, share in enumerate(shares, 1):
                bar.step(f"summarising customers, pass {number} of {passes}" if passes > 1 else "summarising customers")
                table = _histories(share, end, unit)
                name = f"customers-{number:04}-of-{passes:04}.parquet"
                parts.append(work.write(table, name) if work.folder else table.cache())
            return backend.read_parquet(parts) if work.folder else ibis.union(*parts) if passes > 1 else parts[0]
        except duckdb.OutOfMemoryException as error:
            if passes >= MOST_PASSES:
                raise DataError(f"memory_limit is too small for these orders ({error}): allow more") from None
            passes *= 2


def _shares(orders, passes):
    """The orders, or a lazy share of the customers for each pass."""
    if passes == 1:
        return [orders]
    number = _share_number(orders, passes)
    return [orders.filter(number == each) for each in range(passes)]


def _share_number(orders, passes):
    import ibis

    @ibis.udf.scalar.builtin(name="hash", signature=((orders.customer_id.type(),), "uint64"))
    def hash_of(value): ...

    return (hash_of(orders.customer_id) % passes).cast("int64")


def _nonpositive(customers, again):
    who = customers.filter((customers.frequency > 0) & (customers.monetary_value <= 0))
    ids = ", ".join(map(str, who.order_by("customer_id").limit(3).execute()["customer_id"]))
    count = int(again.customers[again.monetary_value <= 0].sum())
    return DataError(
        f"mean repeat spend is zero or less for {count:,} customer{'s' * (count != 1)} (first: {ids}): gifts, or "
        'purchases that came back on a later day. nonpositive="zero" leaves them out of the spend model and scores '
        "them with a mean of their own of zero")


def _at_least_zero(money):
    import ibis

    return ibis.greatest(money, ibis.literal(0.0, type="float64"))


def _total(purchases, spend, cells, ahead):
    """The summed lifetime value and its 95 % interval by the delta method, in logarithms.

    The value is exact; how it moves with the parameters is taken from merged histories, which are far fewer.
    """
    merged = btyd.merged_cells(cells, most=MERGED)

    def value(p, s, histories):
        return float((btyd.lifetime_value(p, s, histories, **ahead) * histories.customers).sum())

    estimate = value(purchases, spend, cells)
    if estimate <= 0:
        return pd.Series({"low": estimate, "estimate": estimate, "high": estimate})
    variance = 0.0
    for position, fitted in enumerate((purchases, spend)):
        slopes = []
        for name in fitted.params.index:
            models, logs = [purchases, spend], []
            for sign in (1, -1):
                factor = np.where(fitted.params.index == name, math.exp(sign * STEP), 1.0)
                models[position] = fitted.with_params(fitted.params * factor)
                logs.append(math.log(value(*models, merged)))
            slopes.append((logs[0] - logs[1]) / (2 * STEP))
        scaled = np.array(slopes) / fitted.params.to_numpy()
        variance += scaled @ fitted.covariance.to_numpy() @ scaled
    width = NormalDist().inv_cdf(0.975) * math.sqrt(variance)
    return pd.Series({"low": estimate * math.exp(-width), "estimate": estimate, "high": estimate * math.exp(width)})


# --- files ---------------------------------------------------------------------------------------------------


class _Work:
    """The work folder beside the output: finished pieces, the plan they belong to, and a lock."""

    def __init__(self, out):
        self.out = Path(out) if out is not None else None
        self.folder, self.lock = None, None

    @classmethod
    @contextlib.contextmanager
    def beside(cls, out):
        import duckdb

        work = cls(out)
        try:
            yield work
        except duckdb.OutOfMemoryException as error:
            raise DataError(f"memory_limit is too small for these orders ({str(error).splitlines()[0]}): allow more, "
                            'or leave the dearest check out with duplicates="keep"') from None
        finally:
            work.tidy()

    def connection(self, source, memory_limit, door):
        """Give the door an engine that is bounded in memory, unless the source or the caller brings one."""
        _bytes(memory_limit)
        if _engine_of(source) == "pyspark":
            if self.out is not None:
                raise ValueError("out= is not for a PySpark table: leave it out and write the result with Spark, "
                                 'scores.table.to_parquet("hdfs://…")')
            return None
        if self.out is not None:
            self.open_folder(source)
        if "connection" in door or _engine_of(source) == "ibis":
            return None
        import ibis

        spill = {} if self.folder is None else {"temp_directory": str(self.folder / "spill")}
        door["connection"] = ibis.duckdb.connect(
            memory_limit=memory_limit, preserve_insertion_order=False, autoinstall_known_extensions=False, **spill)
        door["connection"].con.execute("SET enable_progress_bar = true; SET enable_progress_bar_print = false")
        return door["connection"]

    def open_folder(self, source):
        """Make the folder ours, if nothing speaks against it."""
        out = repr(str(self.out))
        if self.out.suffix not in (".parquet", ".csv"):
            raise ValueError(f"out={out}: give it a name that ends in .parquet or .csv")
        if not self.out.parent.is_dir():
            raise ValueError(f"out={out}: there is no folder {self.out.parent}")
        if self.out.exists() and any(os.path.samefile(self.out, path) for path in _files(source)):
            raise ValueError(f"out={out} holds the orders: give the scores a name of their own")
        folder = self.out.with_name(self.out.name + ".work")
        if folder.exists() and any(folder.iterdir()) and not (folder / "lock").exists():
            raise ValueError(f"{folder} is there and was not made by this function: move it away")
        folder.mkdir(exist_ok=True)
        self.lock = open(folder / "lock", "w")  # noqa: SIM115 - held until `tidy`; freed by the system if we are killed
        if not _locked(self.lock):
            self.lock.close()
            raise ValueError(f"another run is writing {out}: wait for it, or choose another name")
        self.folder = folder

    def claim(self, source, arguments):
        """Keep the pieces of an earlier run of the same plan on the same files; clear away any other."""
        if self.folder is None:
            return
        arguments = {**arguments, "door": {k: v for k, v in arguments["door"].items() if k != "connection"}}
        files = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in map(Path, _files(source))]
        versions = {name: importlib.metadata.version(name) for name in ("duckdb", "ibis-framework", "crmlib")}
        plan = json.dumps([versions, files or uuid.uuid4().hex, arguments], default=str, sort_keys=True)
        plan = hashlib.sha256(plan.encode()).hexdigest()
        mark = self.folder / "plan"
        same = mark.exists() and mark.read_text() == plan
        self.clear("scores.*", *([] if same else PIECES))  # scores depend on more than the pieces do
        mark.write_text(plan)

    def write(self, table, name):
        """Write a table as a finished piece, unless it is there."""
        target = self.folder / name
        if not target.exists():
            unfinished = self.folder / f"{name}.{uuid.uuid4().hex}.unfinished"
            table.to_parquet(unfinished)
            os.replace(unfinished, target)
        return target

    def shares(self, orders, passes, bar):
        """The orders, or for each pass a table of its share of the customers, written once for all of them."""
        if passes == 1:
            return [orders]
        folder = self.folder / f"orders-in-{passes:04}"
        if not folder.exists():
            bar.step("sharing out the orders")
            unfinished = folder.with_name(f"{folder.name}.{uuid.uuid4().hex}.unfinished")
            table = orders.select("customer_id", "amount", date=orders.date.cast("date"),
                                  share=_share_number(orders, passes))
            table.to_parquet(unfinished, partition_by="share", compression="zstd")
            os.replace(unfinished, folder)
        backend = orders.get_backend()
        files = (sorted((folder / f"share={number}").glob("*.parquet")) for number in range(passes))
        return [backend.read_parquet(each) if each else orders.limit(0) for each in files]

    def publish(self, table, *, customers, total):
        """Write the scores, compare them with what was counted, and rename them to the output."""
        import ibis

        path = self.write(table, "scores.parquet")
        scored = table.get_backend().read_parquet(path)
        rows, value = scored.aggregate(rows=scored.count(), value=scored.lifetime_value.sum()).execute().iloc[0]
        if rows != customers or not math.isclose(value, total, rel_tol=1e-9, abs_tol=1e-6):
            raise RuntimeError(f"the scores do not add up ({rows:,} of {customers:,} customers, value {value} of "
                               f"{total}): this is an error of crmlib, not of your data; nothing was written")
        if self.out.suffix == ".csv":
            path = self.as_csv(scored)
        os.replace(path, self.out)
        self.clear(*PIECES)
        after = ibis.duckdb.connect(autoinstall_known_extensions=False)  # the other one spills into our folder
        return after.read_parquet(self.out) if self.out.suffix == ".parquet" else after.read_csv(str(self.out))

    def as_csv(self, scored):
        """The scores as `crmlib.data.export.write_csv` would write them: marked as UTF-8, formulas neutralised."""
        plain, marked = self.folder / "scores.plain.unfinished", self.folder / "scores.csv"
        scored.mutate(customer_id=neutralised(scored.customer_id)).to_csv(plain)
        with open(plain, "rb") as source, open(marked, "wb") as copy:
            copy.write(codecs.BOM_UTF8)
            shutil.copyfileobj(source, copy)
        return marked

    def clear(self, *patterns):
        """Remove what is ours, and nothing else."""
        for pattern in patterns:
            for path in self.folder.glob(pattern):
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)

    def tidy(self):
        """Leave finished pieces, if the run was cut off; nothing, if there are none."""
        if self.folder is None:
            return
        self.clear("spill", "*.unfinished", "scores.*")
        if not any(path for pattern in PIECES for path in self.folder.glob(pattern)):
            self.clear("plan", "lock")
        self.lock.close()
        with contextlib.suppress(OSError):  # somebody else's file in it
            self.folder.rmdir()


def _locked(file):
    """Whether this process alone holds the file, until it is closed."""
    try:
        import fcntl
    except ImportError:  # Windows refuses to replace or remove what another run has open
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_path(source):
    return isinstance(source, (str, os.PathLike)) or (
        isinstance(source, (list, tuple)) and all(isinstance(item, (str, os.PathLike)) for item in source))


def _paths(source):
    return [source] if isinstance(source, (str, os.PathLike)) else list(source)


def _files(source):
    from crmlib.data.sources import expand_paths

    return expand_paths(_paths(source)) if _is_path(source) else []


def _engine_of(source):
    import ibis.expr.types as ir

    if isinstance(source, ir.Table):
        return "pyspark" if source.get_backend().name == "pyspark" else "ibis"
    return type(source).__module__.split(".")[0]


# --- progress ------------------------------------------------------------------------------------------------


class _Bar:
    """A bar on stderr that moves within a step too, by what DuckDB says of its query."""

    def __init__(self, wanted):
        self.bar, self.backend, self.done = None, None, threading.Event()
        if wanted:
            from tqdm import tqdm

            self.bar = tqdm(total=0, unit="step", bar_format="{desc:<44} {percentage:3.0f} % |{bar:20}| {elapsed}")

    def __enter__(self):
        if self.bar is not None:
            threading.Thread(target=self._poll, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.done.set()
        if self.bar is not None:
            self.bar.close()

    def step(self, what, backend=None):
        if backend is not None:
            self.watch(backend)
        if self.bar is not None:
            self.bar.reset(total=100)
            self.bar.set_description_str(what)

    def watch(self, backend):
        if backend.name == "duckdb":
            self.backend = backend

    def _poll(self):
        while not self.done.wait(0.5):
            if self.backend is not None:
                share = self.backend.con.query_progress()
                self.bar.n = max(share, 0)
                self.bar.refresh()
