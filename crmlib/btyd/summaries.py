"""From orders to the few numbers per customer that a buy-till-you-die model needs.

A *purchase occasion* is a day on which a customer bought at least once.
Frequency, recency and T follow Fader, Hardie & Lee (2005): frequency counts **repeat** occasions,
recency is the time from the first occasion to the last, T the time from the first occasion to the end
of observation.
Days are counted exactly and expressed in the unit asked for: a week is seven days, not a calendar week.
"""

import warnings

import numpy as np
import pandas as pd

from crmlib.checks import check_day
from crmlib.errors import CrmWarning, DataError
from crmlib.lines import cents, lines_table
from crmlib.units import days_per

# the log grid: bins of equal width in log(GRID_ORIGIN + t). A month is about the scale on which
# buying rates differ; results hardly depend on it.
GRID_ORIGIN_DAYS = 28.0
LOG_GRIDS = (80, 40, 20, 10)


def orders_table(orders):
    """Return `orders` as an Ibis table with customer_id, date and amount; `look_over` counts what is missing in it."""
    return lines_table(orders, ("customer_id", "date", "amount"), name="orders", look=False)


def customer_days(orders, end):
    """One row per customer and day up to `end`: the day's cents, and whether it was a purchase occasion."""
    import ibis

    return (
        orders.select(
            "customer_id",
            day=orders.date.cast("date"),
            cents=cents(orders.amount),
            is_purchase=orders.amount >= 0,
        )
        .filter(lambda t: t.day <= ibis.literal(end))
        .group_by("customer_id", "day")
        .agg(
            cents=lambda t: t.cents.sum(),
            # bought, and not returned in full on the same day; a gift (amount 0) is an occasion
            is_purchase=lambda t: t.is_purchase.any() & ((t.cents.sum() != 0) | t.is_purchase.all()),
        )
    )


def customer_histories(orders, calibration_end, observation_end, unit):
    """One Ibis expression: first and last purchase day, occasions and money, up to each of two dates."""
    import ibis

    # typed, because Spark takes a bare 7.0 for a decimal and rounds what it divides
    per_unit, hundred = (ibis.literal(number, type="float64") for number in (days_per(unit), 100.0))
    days = customer_days(orders, observation_end)
    end = ibis.literal(calibration_end)
    before = days.day <= end
    bought = before & days.is_purchase
    aggregates = {
        "first_day": days.day.min(where=bought),
        "last_day": days.day.max(where=bought),
        # counted, not summed: DuckDB sums to 128 bits, which Parquet keeps as floats
        "occasions": days.count(where=bought),
        "cents": days.cents.sum(where=before),
        "first_cents": days.cents.argmin(days.day, where=bought),
        "holdout_occasions": days.count(where=~before & days.is_purchase),
        "holdout_cents": days.cents.sum(where=~before),
    }
    customers = days.group_by("customer_id").agg(**aggregates)
    frequency = customers.occasions - 1
    return customers.select(
        "customer_id",
        frequency=frequency,
        recency=customers.last_day.delta(customers.first_day, unit="day").cast("float64") / per_unit,
        T=end.delta(customers.first_day, unit="day").cast("float64") / per_unit,
        monetary_value=ibis.ifelse(
            frequency > 0,
            (customers.cents - customers.first_cents).cast("float64") / hundred / ibis.greatest(frequency, 1),
            ibis.literal(0.0, type="float64"),
        ),
        unit=ibis.literal(unit),
        # a customer first seen in the holdout has no first day yet; one with returns only never gets one
        has_purchase=customers.first_day.notnull(),
        in_calibration=customers.cents.notnull(),
        holdout_frequency=customers.holdout_occasions,
        holdout_spend=customers.holdout_cents.fill_null(0).cast("float64") / hundred,
        holdout_duration=ibis.literal((observation_end - calibration_end).days / days_per(unit), type="float64"),
    )


def look_over(orders, end, name):
    """Refuse missing values; say so if the data stop long before `end`, or have a hole in the middle."""
    # one query for both questions: what is missing, and on which days there are orders
    found = orders.group_by(day=orders.date.cast("date")).agg(
        rows=orders.count(), no_customer_id=orders.customer_id.isnull().sum(), no_amount=orders.amount.isnull().sum(),
    ).execute()
    nulls = {"customer_id": found.no_customer_id.sum(), "date": found.rows[found.day.isna()].sum(),
             "amount": found.no_amount.sum()}
    if missing := [f"{int(n):,} in {name}" for name, n in nulls.items() if n > 0]:
        raise DataError(f"orders have missing values ({', '.join(missing)}): read them with "
                        "crmlib.data.read_transactions")
    days = pd.to_datetime(found.day).sort_values()
    days = days[days <= pd.Timestamp(end)]
    if days.empty:
        return
    silent = (pd.Timestamp(end) - days.iloc[-1]).days
    gaps = days.diff().dt.days
    usual = gaps.quantile(0.95) if len(days) > 1 else np.nan
    if silent > 30 and not silent <= 5 * usual:
        warnings.warn(
            f"{name} is {end}, but the last order is of {days.iloc[-1].date()}, {silent} days before: if the data end "
            "there, every customer seems silent since. Pass the day up to which orders were recorded",
            CrmWarning, stacklevel=3,
        )
    if len(days) > 50 and gaps.max() > max(14, 5 * usual):
        after = days[gaps == gaps.max()].iloc[0]
        warnings.warn(
            f"there is no order in the {int(gaps.max()) - 1} days before {after.date()}, though there usually is one "
            f"within {int(np.ceil(usual))}: is a part of the data missing? Every customer seems silent in it",
            CrmWarning, stacklevel=3,
        )


SUMMARY = ("customer_id", "frequency", "recency", "T", "monetary_value", "unit")
HOLDOUT = ("holdout_frequency", "holdout_spend", "holdout_duration")


def _finish(table, columns, lazy):
    if lazy:
        return table.filter(table.has_purchase).select(*columns)
    frame = table.filter(table.in_calibration).select(*columns, "has_purchase").execute()
    returns_only = int((~frame.has_purchase).sum())
    if returns_only:
        warnings.warn(
            f"{returns_only:,} customer(s) have returns but no purchase up to the end of observation: they have no "
            "first purchase and are left out. Look at them: returns of purchases made before the data begin?",
            CrmWarning,
            stacklevel=3,
        )
    frame = frame[frame.has_purchase].drop(columns="has_purchase")
    if frame.empty:
        raise DataError(
            "no customer has a purchase up to the end of observation: check the date against the orders"
        )
    return frame.assign(unit=pd.Categorical(frame["unit"])).sort_values("customer_id", ignore_index=True)


def customer_summary(orders, *, observation_end, unit="week", lazy=False):
    """Summarise orders per customer: frequency, recency, T, and mean spend per repeat occasion.

    Parameters
    ----------
    orders : ibis.Table or pandas.DataFrame
        One row per order with ``customer_id, date, amount``, as `crmlib.data.read_transactions` gives it.
    observation_end : str or date
        The last day of observation; the whole day counts. Later orders are not looked at.
    unit : {"day", "week", "month", "quarter", "year"}
        Unit of recency and T: exact days divided by the days of the unit.
    lazy : bool
        Return the unexecuted Ibis table instead of a DataFrame, for data that should stay in the engine.

    Returns
    -------
    pandas.DataFrame
        One row per customer, sorted by id: ``customer_id``; ``frequency``, days with a purchase after the
        first such day; ``recency``, first to last purchase day; ``T``, first purchase day to the end;
        ``monetary_value``, mean spend per repeat day, 0 for one-time buyers (the models leave them out);
        ``unit``.

    Raises
    ------
    DataError
        If columns are missing, values are missing, or nobody bought before `observation_end`.

    Warns
    -----
    CrmWarning
        If customers have returns only and so are left out; if the last order lies long before the end.

    Notes
    -----
    Money is summed in whole cents. Rows with a negative amount (returns) lower the spend, but a day with
    nothing but returns, or with everything returned, is not a purchase occasion. A day with an order of 0 or more
    is one. A return on a later
    day is deducted from the repeat spend, whichever purchase it undoes: match large returns to their orders
    beforehand.

    The first purchase in the data is taken as the customer's first. If the file begins in the middle of
    customers' lives, frequency and T come out too small: keep those whose first purchase you can see.

    Definitions: Fader, Hardie & Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24(2).

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["a", "a", "a", "b"],
    ...     "date": pd.to_datetime(["2024-01-01", "2024-01-08", "2024-01-15", "2024-01-08"]),
    ...     "amount": [10.0, 20.0, 40.0, 5.0]})
    >>> customer_summary(orders, observation_end="2024-01-29", unit="week")
      customer_id  frequency  recency    T  monetary_value  unit
    0           a          2      2.0  4.0            30.0  week
    1           b          0      0.0  3.0             0.0  week
    """
    end = check_day("observation_end", observation_end)
    table = orders_table(orders)
    if not lazy:
        look_over(table, end, "observation_end")
    return _finish(customer_histories(table, end, end, unit), SUMMARY, lazy)


def calibration_holdout(orders, *, calibration_end, observation_end, unit="week", lazy=False):
    """Summarise orders up to one date, and what the same customers did from then to another.

    Parameters
    ----------
    orders, unit, lazy
        As in `customer_summary`.
    calibration_end : str or date
        Last day that the model may see.
    observation_end : str or date
        Last day of the holdout; later than `calibration_end`.

    Returns
    -------
    pandas.DataFrame
        The columns of `customer_summary` at `calibration_end`, and ``holdout_frequency`` (purchase days after
        it), ``holdout_spend`` (their total, returns deducted) and ``holdout_duration`` (in `unit`).
        Customers whose first purchase lies in the holdout are not in it: nobody could have forecast them.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["a", "a", "a", "b"],
    ...     "date": pd.to_datetime(["2024-01-01", "2024-01-08", "2024-01-15", "2024-01-08"]),
    ...     "amount": [10.0, 20.0, 40.0, 5.0]})
    >>> split = calibration_holdout(orders, calibration_end="2024-01-08", observation_end="2024-01-22")
    >>> split[["customer_id", "frequency", "holdout_frequency", "holdout_spend", "holdout_duration"]]
      customer_id  frequency  holdout_frequency  holdout_spend  holdout_duration
    0           a          1                  1           40.0               2.0
    1           b          0                  0            0.0               2.0
    """
    start, end = check_day("calibration_end", calibration_end), check_day("observation_end", observation_end)
    if start >= end:
        raise ValueError(
            f"calibration_end ({start}) must be before observation_end ({end}): the days between are the holdout"
        )
    table = orders_table(orders)
    if not lazy:
        look_over(table, end, "observation_end")
    return _finish(customer_histories(table, start, end, unit), SUMMARY + HOLDOUT, lazy)


def count_cells(summary, columns=("frequency", "recency", "T")):
    """Count customers with the same history: all that a likelihood needs to know of them.

    A buy-till-you-die likelihood depends on a customer only through `columns`, so one row per distinct
    history with its number of customers carries the same information as one row per customer.

    Parameters
    ----------
    summary : pandas.DataFrame or ibis.Table
        As `customer_summary` returns it. A column ``customers`` says how many each row stands for.
    columns : sequence of str
        The columns that define a history.

    Returns
    -------
    pandas.DataFrame
        `columns` and ``customers``, sorted.

    Notes
    -----
    Counting equal histories: Fader & Hardie; ``pnbd.compress.cbs`` of the R package BTYD.

    Examples
    --------
    >>> import pandas as pd
    >>> count_cells(pd.DataFrame({"frequency": [0, 0, 2], "recency": [0.0, 0.0, 3.0], "T": [9.0, 9.0, 9.0]}))
       frequency  recency    T  customers
    0          0      0.0  9.0          2
    1          2      3.0  9.0          1
    """
    columns = list(columns)
    if not isinstance(summary, pd.DataFrame) and not hasattr(summary, "execute"):
        raise TypeError(f"summary must be a pandas DataFrame or an Ibis table, not {type(summary).__module__}."
                        f"{type(summary).__name__}: .to_pandas() it first")
    absent = [name for name in columns if name not in summary.columns]
    if absent:
        raise DataError(
            f"the summary lacks the column(s) {', '.join(absent)}; it has {', '.join(map(str, summary.columns))}"
        )
    counted = "customers" in summary.columns
    if counted and "customer_id" in summary.columns:
        raise DataError("the summary has customer_id and customers: is a row one customer, or a count of them? "
                        "Drop or rename one of the two columns")
    if isinstance(summary, pd.DataFrame):
        needed = [*columns, "customers"] if counted else columns
        frame = pd.DataFrame({name: numbers(summary, name, allow_missing=True) for name in needed})
        return group_equal_rows(frame, columns)
    weight = summary.customers.sum() if counted else summary.count()
    return summary.group_by(columns).agg(customers=weight).execute().sort_values(columns, ignore_index=True)


def numbers(frame, name, *, allow_missing=False):
    """A column of any numeric dtype as a float array, or an error that says why it is none; missing is NaN."""
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(
            f"summary must be a DataFrame of pandas, not {type(frame).__module__}.{type(frame).__name__}: .execute() "
            "an Ibis table, .to_pandas() another one"
        )
    if name not in frame.columns:
        raise DataError(f"the summary lacks the column {name!r}; it has {', '.join(map(str, frame.columns))}")
    try:
        values = frame[name].to_numpy(dtype=float, na_value=np.nan)
    except (ValueError, TypeError):
        raise DataError(f"column {name!r} holds {frame[name].dtype}, not numbers: convert it first") from None
    if not allow_missing and not np.isfinite(values).all():
        raise DataError(f"{name} is missing or infinite for {int((~np.isfinite(values)).sum()):,} customers")
    return values


def row_keys(frame, columns):
    """Return one integer per row, equal for equal rows and in the order of the columns, and its decoder.

    Sorting and hashing one integer column is many times cheaper than grouping by several of floats.
    """
    key, parts = np.zeros(len(frame), dtype=np.int64), []
    for name in columns:
        codes, values, size = _ordered_codes(frame[name].to_numpy())
        if parts and np.prod([float(each) for *_, each in parts]) * size >= 2**62:
            return _ranked_row_keys(frame, columns, key, parts)
        key = key * size + codes
        parts.append((name, values, size))

    return key, _decoder(parts)


def _ranked_row_keys(frame, columns, key, parts):
    """`row_keys` of more combinations than one integer holds: rank those that occur, and go on from there."""
    occurring, ranks = np.unique(key, return_inverse=True)
    rest = list(columns[len(parts):])
    key, decode_rest = row_keys(frame[rest].assign(_rank=ranks), ["_rank", *rest])

    def decode(keys):
        found = decode_rest(keys)
        before = _decoder(parts)(occurring[found.pop("_rank").to_numpy()])
        return pd.concat([before, found], axis=1)[list(columns)]

    return key, decode


def _decoder(parts):
    """The way back from one integer per row to the columns it was made of."""

    def decode(keys):
        decoded = {}
        for name, values, size in reversed(parts):
            keys, codes = np.divmod(keys, size)
            decoded[name] = values(codes)
        return pd.DataFrame({name: decoded[name] for name, *_ in parts})

    return decode


def _ordered_codes(values):
    """Small integers in the order of `values`, the way back, and how many there may be."""
    for scale in (1, 7):  # whole numbers, and days expressed in weeks
        whole = np.rint(values * scale) if np.isfinite(values).all() else values
        if len(values) and whole.min() >= 0 and whole.max() < 2**20 and np.abs(values * scale - whole).max() < 1e-9:
            codes = whole.astype(np.int64)
            return codes, (lambda c, scale=scale: c / scale if scale > 1 else c.astype(values.dtype)), codes.max() + 1
    distinct, codes = np.unique(values, return_inverse=True)
    return codes, lambda c: distinct[c], max(len(distinct), 1)


def distinct_rows(frame, columns):
    """Return the distinct rows of `columns`, and for each row of `frame` which of them it is."""
    key, decode = row_keys(frame, columns)
    codes, distinct = pd.factorize(key)
    return decode(distinct), codes


def group_equal_rows(frame, columns):
    """Group rows with equal `columns`, adding up ``customers`` (1 each where there is no such column)."""
    key, decode = row_keys(frame, columns)
    if "customers" in frame:
        keys, codes = np.unique(key, return_inverse=True)
        customers = np.bincount(codes, weights=frame["customers"].to_numpy())
        if np.array_equal(customers, np.rint(customers)):
            customers = customers.astype(np.int64)
    else:
        keys, customers = np.unique(key, return_counts=True)
    cells = decode(keys).assign(customers=customers)
    if "frequency" in columns and np.array_equal(cells.frequency, np.rint(cells.frequency)):
        cells["frequency"] = cells.frequency.astype(np.int64)
    return cells


def coarsen_cells(cells, max_cells, unit):
    """Merge cells until there are at most `max_cells`: the finest log grid that fits, and its name.

    Times are binned at equal width in log(28 days + t), money in log(m), and each bin is represented by its
    mean (money: its geometric mean), because that is how they enter the likelihoods. What is left is a
    second-order error. (Rounding days to weeks instead moves alpha by ten per cent.)
    """
    if len(cells) <= max_cells:
        return cells, "exact"
    weight = cells.customers.to_numpy(dtype=float)
    times = [name for name in ("recency", "T") if name in cells]
    origin = GRID_ORIGIN_DAYS / days_per(unit) if times else None
    for bins in LOG_GRIDS:
        keys = pd.DataFrame({"frequency": cells.frequency})
        for name in times:
            keys[name] = np.floor(bins * np.log1p(cells[name] / origin))
        if "monetary_value" in cells:
            keys["monetary_value"] = np.floor(bins * np.log(cells.monetary_value))
        distinct, codes = distinct_rows(keys, list(keys))
        if len(distinct) <= max_cells:
            break
    customers = np.bincount(codes, weights=weight)
    coarse = pd.DataFrame({"frequency": distinct.frequency})
    for name in times:
        coarse[name] = np.bincount(codes, weights=weight * cells[name]) / customers
    if "monetary_value" in cells:
        log_mean = np.bincount(codes, weights=weight * np.log(cells.monetary_value)) / customers
        coarse["monetary_value"] = np.exp(log_mean)
    coarse["customers"] = np.rint(customers).astype("int64")
    return coarse.sort_values(list(coarse.columns[:-1]), ignore_index=True), f"log {bins}"
