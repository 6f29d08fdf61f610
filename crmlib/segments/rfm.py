"""Recency, frequency, monetary value: three numbers per customer and their scores, without the usual defects.

Two defects are common in public code. Equal customers get different scores, because ties are broken by the order of
the rows; and the scores change from day to day, because "today" is the clock of the machine. Here ties share their
average rank, and the day is an argument.
"""

import warnings

import numpy as np
import pandas as pd

from crmlib.checks import check_choice, check_count, check_day
from crmlib.errors import CrmWarning, DataError
from crmlib.lines import lines_table
from crmlib.segments.arguments import check_levels, customer_values, twelve_digits


def rank_scores(values, *, levels: int = 5, collapsed: str = "warn") -> pd.Series:
    """Return a score from 1 (lowest) to `levels` per customer: its quantile, equal values with equal scores.

    ``score = ceil(levels · rank / n)``, rank being the average rank of all customers with the same value.

    Parameters
    ----------
    values : pandas.Series or array-like of shape (n_customers,)
        Any number per customer; more is better. Hand in minus the days for "the more recent, the better". Values that
        agree to twelve digits are equal: 0.1 + 0.2 and 0.3 differ only by how a computer adds.
    levels : int
        How many levels, at least 2.
    collapsed : {"warn", "ignore", "raise"}
        What to do when fewer than `levels` different scores come out: there are too few customers, or too many ties.

    Returns
    -------
    pandas.Series
        Whole numbers from 1 to `levels`, with the index of `values`, rounded **up** at every border: of six customers
        two get the best of five levels. Where many customers tie, some levels stay empty; they are not renumbered.

    Raises
    ------
    DataError
        If values are missing; with ``collapsed="raise"``, if levels stay empty.

    Warns
    -----
    CrmWarning
        If levels stay empty, and which.

    Examples
    --------
    >>> rank_scores([10, 20, 30, 40, 50]).tolist()
    [1, 2, 3, 4, 5]
    >>> rank_scores([1, 1, 1, 1, 9], collapsed="ignore").tolist()      # four equal customers, one score
    [3, 3, 3, 3, 5]
    """
    levels, values = check_levels(levels), customer_values("values", values)
    check_choice("collapsed", collapsed, ("warn", "ignore", "raise"))
    # twice the average rank is a whole number: no rounding decides who is in which level
    ranks = pd.Series(twelve_digits(values)).rank(method="average").to_numpy()
    twice = np.rint(2 * ranks).astype(np.int64)
    n = len(values)
    scores = pd.Series(-((-levels * twice) // (2 * n)), index=values.index, name="score")
    _say_collapsed({"values": scores}, levels, collapsed)
    return scores


def _say_collapsed(scores, levels, collapsed):
    parts = []
    for name, column in scores.items():
        empty = sorted(set(range(1, levels + 1)) - set(column))
        if empty:
            parts.append(f"{name}: {levels - len(empty)} of {levels} levels occur, nobody is in {empty}")
    if parts and collapsed != "ignore":
        text = (f"levels collapse ({'; '.join(parts)}), because {len(column):,} customers have too few different "
                'values; ask for fewer levels, or accept the gaps with collapsed="ignore"')
        if collapsed == "raise":
            raise DataError(text)
        warnings.warn(text, CrmWarning, stacklevel=3)


def rfm(lines, *, as_of, levels=5, monetary="sum", window=None, later="raise", collapsed="warn") -> pd.DataFrame:
    """Return recency, frequency and monetary value per customer, and the three scores.

    Parameters
    ----------
    lines : pandas.DataFrame, ibis.Table or Transactions
        One row per order or order line: ``customer_id, date, amount``. Summed up in the engine.
    as_of : str or date
        The snapshot: the last day that counts. There is no default: a score is of a day.
    levels : int
        Levels of each score, 5 for quintiles.
    monetary : {"sum", "mean"}
        M is the money of the window, or that per purchase day. Say which: they rank customers differently.
    window : int, optional
        Days up to and including `as_of` in which purchases and money count; all of them by default. R always looks
        back as far as the data go, so that nobody drops out: without a purchase in the window F is 0, and M what
        returns in it make it.
    later : {"raise", "drop"}
        Lines after `as_of` are an error, or are left out because you say so.
    collapsed : {"warn", "ignore", "raise"}
        As in `rank_scores`.

    Returns
    -------
    pandas.DataFrame
        One row per customer with a purchase, sorted by id: ``customer_id``; ``recency_days``, from the last
        purchase day to `as_of`; ``frequency``, purchase **days** (not lines) in the window; ``monetary``, money,
        returns deducted, so that it may be negative; ``r_score, f_score, m_score``, 1 to `levels`, 5 best; ``rfm``, the
        three as text, as in "555".

    Raises
    ------
    DataError
        If columns or values are missing, lines lie after `as_of`, or nobody has a purchase.
    ValueError
        If an argument is not known.

    Warns
    -----
    CrmWarning
        If levels stay empty; if customers with returns but no purchase are left out, and how many.

    Notes
    -----
    Quintiles of R, F and M: A. M. Hughes (1994), *Strategic Database Marketing*. A purchase day is that of
    `crmlib.btyd.customer_summary`; but its frequency counts **repeat** days, and its recency runs from first to last
    purchase.
    Money is summed in whole cents.

    Examples
    --------
    >>> lines = pd.DataFrame({
    ...     "customer_id": ["a", "a", "a", "b", "c"],
    ...     "date": pd.to_datetime(["2025-01-10", "2025-01-10", "2025-03-01", "2025-02-01", "2025-03-21"]),
    ...     "amount": [10.0, 5.0, 40.0, 80.0, -5.0]})
    >>> with warnings.catch_warnings(record=True) as said:
    ...     warnings.simplefilter("always")
    ...     table = rfm(lines, as_of="2025-03-31", levels=2)
    >>> table[["customer_id", "recency_days", "frequency", "monetary", "rfm"]]
      customer_id  recency_days  frequency  monetary  rfm
    0           a            30          2      55.0  221
    1           b            58          1      80.0  112
    >>> [str(each.message)[:68] for each in said if each.category is CrmWarning]
    ['1 customer(s) have returns but no purchase up to 2025-03-31: left ou']
    """
    import ibis

    from crmlib.btyd.summaries import customer_days

    end, levels = check_day("as_of", as_of), check_levels(levels)
    monetary = check_choice("monetary", monetary, ("sum", "mean"))
    later = check_choice("later", later, ("raise", "drop"))
    table = lines_table(lines, ("customer_id", "date", "amount"))
    _refuse_later(table, end, later)
    start = pd.Timestamp.min.date() if window is None else (
        pd.Timestamp(end) - pd.Timedelta(days=check_count("window", window) - 1)).date()
    days = customer_days(table, end)
    inside = days.day >= ibis.literal(start)
    frame = days.group_by("customer_id").agg(
        last_day=days.day.max(where=days.is_purchase),
        frequency=(days.is_purchase & inside).sum(),
        cents=days.cents.sum(where=inside),
    ).execute().sort_values("customer_id", ignore_index=True)
    nothing = frame["last_day"].isna()
    if nothing.any():
        if nothing.all():
            raise DataError(f"no customer has a purchase up to {end}: check the date against the lines")
        warnings.warn(f"{int(nothing.sum()):,} customer(s) have returns but no purchase up to {end}: left out. "
                      "Returns of purchases made before the data begin?", CrmWarning, stacklevel=2)
        frame = frame[~nothing].reset_index(drop=True)
    if frame.empty:
        raise DataError(f"there are no lines up to {end}: check the date against the lines")
    frequency = frame["frequency"].to_numpy(dtype=np.int64)
    money = frame["cents"].fillna(0).to_numpy(dtype=np.int64) / 100
    if monetary == "mean":
        money = money / np.maximum(frequency, 1)
    result = pd.DataFrame({
        "customer_id": frame["customer_id"],
        "recency_days": (pd.Timestamp(end) - pd.to_datetime(frame["last_day"])).dt.days.to_numpy(),
        "frequency": frequency,
        "monetary": money,
    })
    ordered = {"r_score": -result["recency_days"], "f_score": result["frequency"], "m_score": result["monetary"]}
    for name, column in ordered.items():
        result[name] = rank_scores(column, levels=levels, collapsed="ignore")
    _say_collapsed({name: result[name] for name in ordered}, levels, check_choice(
        "collapsed", collapsed, ("warn", "ignore", "raise")))
    glue = "" if levels < 10 else "-"
    r, f, m = (result[name].astype(str) for name in ordered)
    result["rfm"] = r + glue + f + glue + m
    return result


def _refuse_later(table, end, later):
    import ibis

    after = table.filter(table.date.cast("date") > ibis.literal(end))
    found = after.aggregate(rows=after.count(), first=after.date.min(), last=after.date.max()).execute().iloc[0]
    if found["rows"] and later == "raise":
        first, last = (pd.Timestamp(found[name]).date() for name in ("first", "last"))
        raise DataError(
            f"{int(found['rows']):,} lines are dated after as_of={end} (the first {first}, the last {last}): a "
            'snapshot cannot know them. Pass a later as_of, or leave them out with later="drop"'
        )


def scores_by_row_order(values, *, levels: int = 5) -> pd.Series:
    """Return scores as most public code computes them: ties broken by the order of the rows. **A defect, to be shown.**

    ``pandas.qcut(values.rank(method="first"), levels)``: every level gets the same number of customers, at the price
    that equal customers get different scores, and the same customer another one when the table is sorted anew.

    Parameters
    ----------
    values : pandas.Series
        As in `rank_scores`, which is what to use instead.
    levels : int
        How many levels.

    Returns
    -------
    pandas.Series
        Whole numbers from 1 to `levels`.

    Raises
    ------
    DataError
        If values are missing.

    Examples
    --------
    >>> scores_by_row_order([1, 1, 1, 1, 9]).tolist()      # four equal customers, four scores
    [1, 2, 3, 4, 5]
    """
    levels, values = check_levels(levels), customer_values("values", values)
    order = values.rank(method="first")
    return pd.qcut(order, levels, labels=range(1, levels + 1)).astype(int).rename("score")
