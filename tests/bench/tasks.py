"""One task of one implementation, in a process of its own: `python tests/bench/tasks.py summary lifetimes …`.

Each function does what its user would write. Orders come as Parquet and results go out as Parquet (of a fit: JSON), in
the same columns and units for all, so that they can be compared. Imports stand inside, because they are paid for.
"""

import argparse
import json
import resource
import sys
import time
import warnings
from pathlib import Path

MARGIN, MONTHS, MONTH_RATE = 0.3, 12, 0.01
YEAR_RATE = (1 + MONTH_RATE) ** 12 - 1
UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss
HISTORY = ["customer_id", "frequency", "recency", "T", "monetary_value"]


# --- crmlib ------------------------------------------------------------------------------------------------------


def crmlib_database(options):
    import ibis

    return ibis.duckdb.connect(memory_limit=options.memory_limit, preserve_insertion_order=False,
                               temp_directory=f"{options.out}.spill")


def crmlib_orders(options):
    from crmlib.data import read_transactions

    return read_transactions(str(options.orders / "*.parquet"), duplicates="keep", connection=crmlib_database(options))


def crmlib_summary(options):
    from crmlib import btyd

    summary = btyd.customer_summary(crmlib_orders(options), observation_end=options.end, lazy=True)
    summary.to_parquet(options.out)


def crmlib_split(options):
    from crmlib import btyd

    split = btyd.calibration_holdout(crmlib_orders(options), calibration_end=options.calibration_end,
                                     observation_end=options.end, lazy=True)
    split.to_parquet(options.out)


def crmlib_fit(options):
    from crmlib import btyd

    history = crmlib_database(options).read_parquet(options.summary)
    models = {"purchases": btyd.fit_bg_nbd(history), "spend": btyd.fit_gamma_gamma(history)}
    options.out.write_text(json.dumps({name: json.loads(model.to_json()) for name, model in models.items()}))


def crmlib_score(options):
    from crmlib import btyd

    saved = json.loads(options.models.read_text())
    models = (btyd.read_json(json.dumps(saved[name])) for name in ("purchases", "spend"))
    history = crmlib_database(options).read_parquet(options.summary)
    scores = btyd.score_customers(*models, history, horizon=MONTHS, horizon_unit="month", margin=MARGIN,
                                  annual_discount_rate=YEAR_RATE)
    scores.to_parquet(options.out)


def crmlib_whole(options):
    from crmlib.scoring import score_orders

    score_orders(str(options.orders / "*.parquet"), out=options.out, observation_end=options.end, duplicates="keep",
                 model="BG/NBD", horizon=MONTHS, horizon_unit="month", margin=MARGIN, annual_discount_rate=YEAR_RATE,
                 memory_limit=options.memory_limit)


# --- plain lifetimes, as its documentation has it ----------------------------------------------------------------


def lifetimes_summary(options):
    lifetimes_history(options).reset_index().to_parquet(options.out)


def lifetimes_history(options):
    import pandas as pd
    from lifetimes.utils import summary_data_from_transaction_data

    return summary_data_from_transaction_data(
        pd.read_parquet(options.orders), "customer_id", "date", "amount", observation_period_end=options.end,
        freq="D", freq_multiplier=7)


def lifetimes_split(options):
    import pandas as pd
    from lifetimes.utils import calibration_and_holdout_data

    split = calibration_and_holdout_data(
        pd.read_parquet(options.orders), "customer_id", "date", monetary_value_col="amount",
        calibration_period_end=f"{options.calibration_end} 23:59:59.999999",  # or the orders of that day are lost
        observation_period_end=f"{options.end} 23:59:59.999999", freq="D", freq_multiplier=7)
    split = split.rename(columns={f"{name}_cal": name for name in HISTORY} | {"frequency_holdout": "holdout_frequency"})
    split.reset_index().to_parquet(options.out)


def lifetimes_fit(options):
    import pandas as pd

    models = lifetimes_models(pd.read_parquet(options.summary))
    options.out.write_text(json.dumps({name: {"params": {key: float(value) for key, value in model.params_.items()}}
                                       for name, model in models.items()}))


def lifetimes_models(history):
    from lifetimes import BetaGeoFitter, GammaGammaFitter

    back = history[history["frequency"] > 0]
    return {"purchases": BetaGeoFitter().fit(history["frequency"], history["recency"], history["T"]),
            # at its own tolerance, 1e-7, it gives up on some data
            "spend": GammaGammaFitter().fit(back["frequency"], back["monetary_value"], tol=1e-6)}


def lifetimes_score(options):
    import pandas as pd
    from lifetimes import BetaGeoFitter, GammaGammaFitter

    saved = json.loads(options.models.read_text())
    models = {"purchases": BetaGeoFitter(), "spend": GammaGammaFitter()}
    for name, model in models.items():
        model.params_ = pd.Series(saved[name]["params"])
    # a fit sets `predict`, and `customer_lifetime_value` asks for it
    models["purchases"].predict = models["purchases"].conditional_expected_number_of_purchases_up_to_time
    lifetimes_scores(models, pd.read_parquet(options.summary)).to_parquet(options.out)


def lifetimes_scores(models, history):
    x, recency, age = (history[name] for name in ("frequency", "recency", "T"))
    purchases, spend = models["purchases"], models["spend"]
    history["probability_alive"] = purchases.conditional_probability_alive(x, recency, age)
    history["expected_purchases"] = purchases.predict(MONTHS * 4.345, x, recency, age)
    history["lifetime_value"] = MARGIN * spend.customer_lifetime_value(
        purchases, x, recency, age, history["monetary_value"], time=MONTHS, discount_rate=MONTH_RATE, freq="W")
    return history


def lifetimes_whole(options):
    history = lifetimes_history(options)
    lifetimes_scores(lifetimes_models(history), history).reset_index().to_parquet(options.out)


# --- a summary by hand in pandas, then lifetimes -----------------------------------------------------------------


def pandas_summary(options):
    pandas_history(pandas_days(options), options.end).reset_index().to_parquet(options.out)


def pandas_days(options):
    """Money per customer and day, sorted."""
    import pandas as pd

    orders = pd.read_parquet(options.orders)
    return orders.groupby(["customer_id", orders["date"].dt.floor("D")])["amount"].sum().reset_index()


def pandas_history(days, end):
    import pandas as pd

    customers = days.groupby("customer_id")
    history = customers.agg(first=("date", "min"), last=("date", "max"), days=("date", "size"),
                            money=("amount", "sum"), first_money=("amount", "first"))
    frequency = history["days"] - 1
    return pd.DataFrame({
        "frequency": frequency,
        "recency": (history["last"] - history["first"]).dt.days / 7,
        "T": (pd.Timestamp(end) - history["first"]).dt.days / 7,
        "monetary_value": ((history["money"] - history["first_money"]) / frequency).where(frequency > 0, 0.0),
    })


def pandas_split(options):
    import pandas as pd

    days = pandas_days(options)
    before = days["date"] <= pd.Timestamp(options.calibration_end)
    split = pandas_history(days[before], options.calibration_end)
    later = days[~before & (days["date"] <= pd.Timestamp(options.end))].groupby("customer_id")["amount"]
    split["holdout_frequency"] = later.size().reindex(split.index, fill_value=0)
    split["holdout_spend"] = later.sum().reindex(split.index, fill_value=0.0)
    split.reset_index().to_parquet(options.out)


def pandas_whole(options):
    history = pandas_history(pandas_days(options), options.end)
    lifetimes_scores(lifetimes_models(history), history).reset_index().to_parquet(options.out)


# --- the import, and a chapter ---------------------------------------------------------------------------------


def crmlib_import(options):
    start = time.perf_counter()
    import crmlib  # noqa: F401

    seconds = time.perf_counter() - start
    loaded = sorted({"duckdb", "ibis", "lifetimes", "matplotlib", "numpy", "pandas", "scipy"} & set(sys.modules))
    options.out.write_text(json.dumps({"seconds": seconds, "loaded": loaded}))


def crmlib_chapter(options):
    """Run a notebook. Its kernel is the largest process that is started, so that the peak is the kernel's."""
    from crmlib.teaching import course

    course.refreshed(options.notebook)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * UNIT
    options.out.write_text(json.dumps({"kernel_mb": round(peak / 1e6, 1)}))


def peak_memory():
    """Return the largest resident memory of this process, in bytes."""
    try:  # ru_maxrss of Linux begins with what the parent had, this does not
        status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        return int(status["VmHWM"].split()[0]) * 1024
    except FileNotFoundError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT


def main(arguments=None):
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("task")
    parser.add_argument("implementation")
    for name in ("orders", "summary", "models", "notebook", "out"):
        parser.add_argument(f"--{name}", type=Path)
    for name in ("end", "calibration-end", "memory-limit"):
        parser.add_argument(f"--{name}")
    options = parser.parse_args(arguments)
    globals()[f"{options.implementation}_{options.task}"](options)
    Path(f"{options.out}.peak").write_text(str(peak_memory()))


if __name__ == "__main__":
    main()
