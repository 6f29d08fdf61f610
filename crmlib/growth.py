"""Where growth comes from: the growth matrix, the revenue bridge behind it, and a budget over its four cells.

A *bridge* explains the change of revenue between two windows of time without a rest: every yuan of it belongs to one
customer and one offering, and so to one component. Money is summed in whole cents, in the engine that holds the lines.
"""

import warnings
from datetime import date as Date
from datetime import timedelta

import numpy as np
import pandas as pd

from crmlib.checks import check_choice, check_count, check_day, check_fraction, check_positive
from crmlib.errors import CrmWarning, DataError
from crmlib.intervals import rate_interval
from crmlib.lines import cents, lines_table
from crmlib.units import days_per

# component -> cell, in the order of the table
COMPONENTS = {
    "churn": "loyalty",
    "contraction": "loyalty",
    "unchanged": "loyalty",
    "expansion": "loyalty",
    "extension": "extension",
    "acquisition": "acquisition",
    "diversification": "diversification",
    "reactivation": "reactivation",
    "reactivation, new offerings": "reactivation",
    "late returns": "late returns",
}
_NEW_OFFERINGS = ("extension", "diversification", "reactivation, new offerings")
_MATRIX = {
    "existing customers": ("loyalty", "extension"),
    "reactivated customers": ("reactivation", "reactivation, new offerings"),
    "new customers": ("acquisition", "diversification"),
}
_MONEY = ("revenue_base", "revenue_current", "change")
PARTIAL_DAYS = 45  # silence at the end of a window after which the data seem to stop there
DENSE_LINES = 100  # lines in a window from which on such a silence at its start is remarked on


# ------------------------------------------------------------------------------------- windows


def _window(name, window):
    try:
        start, end = window
    except (TypeError, ValueError):
        raise ValueError(f"{name}={window!r} is no window: give its first and last day, "
                         "for instance ('2024-01-01', '2024-12-31')") from None
    if isinstance(window, str):
        raise ValueError(f"{name}={window!r} is no window: give its first and last day, "
                         "for instance ('2024-01-01', '2024-12-31')")
    start, end = check_day(f"{name} start", start), check_day(f"{name} end", end)
    if start > end:
        raise ValueError(f"{name} starts on {start} and ends on {end}: the first day comes first")
    return start, end


def _windows(base, current):
    base, current = _window("base", base), _window("current", current)
    if current[0] <= base[1]:
        if current[1] < base[0]:
            raise ValueError(f"current ({current[0]} to {current[1]}) lies before base ({base[0]} to {base[1]}): "
                             "are the two exchanged?")
        shared = (min(base[1], current[1]) - max(base[0], current[0])).days + 1
        raise ValueError(f"base ({base[0]} to {base[1]}) and current ({current[0]} to {current[1]}) share {shared:,} "
                         "day(s): revenue of those days would be on both sides; the windows may not overlap")
    days = [(end - start).days + 1 for start, end in (base, current)]
    if abs(days[0] - days[1]) > 0.03 * max(days):
        warnings.warn(f"base has {days[0]:,} days, current {days[1]:,}: part of the change is nothing but the length "
                      "of the windows", CrmWarning, stacklevel=3)
    return base, current


def _identity_map(identity):
    """Return the ids that change, as a frame old, new; or say why the mapping is none."""
    if isinstance(identity, pd.DataFrame):
        if identity.shape[1] != 2:
            raise DataError(f"identity has {identity.shape[1]} columns: give two, the id of the lines and the identity")
        identity = identity.set_index(identity.columns[0]).iloc[:, 0]
    identity = pd.Series(identity)
    if identity.isna().any() or identity.index.isna().any():
        count = int(identity.isna().sum() + identity.index.isna().sum())
        raise DataError(f"{count:,} id(s) of identity are missing or lead nowhere: leave out the ids that stay as "
                        "they are, or map them to themselves")
    if identity.index.has_duplicates:
        twice = identity.index[identity.index.duplicated()].unique()
        raise DataError(f"identity names {len(twice):,} id(s) more than once (first: {twice[0]!r}): one id belongs to "
                        "one customer")
    moved = identity[identity.index.to_numpy() != identity.to_numpy()]
    chained = [new for new in moved.unique() if new in moved.index]
    if chained:
        raise DataError(f"identity leads to {len(chained):,} id(s) that are themselves mapped on (first: "
                        f"{chained[0]!r}): map every id to the last one of its chain")
    return pd.DataFrame({"_crm_old": moved.index, "_crm_new": moved.to_numpy()})


def _with_identity(table, identity):
    import ibis

    if identity is None:
        return table
    moved = _identity_map(identity)
    if moved.empty:
        return table
    map_ = ibis.memtable(moved)
    for side in (map_._crm_old, map_._crm_new):
        if side.type().is_string() != table.customer_id.type().is_string():
            raise DataError(f"identity maps ids of type {map_._crm_old.type()} to {map_._crm_new.type()}, the lines "
                            f"have {table.customer_id.type()}: use the same type")
    if not int(table.customer_id.isin(map_._crm_old).sum().execute()):
        warnings.warn(f"none of the {len(moved):,} id(s) that identity changes is among the lines (first: "
                      f"{moved['_crm_old'].iloc[0]!r}): are they written in the same way?", CrmWarning, stacklevel=3)
    joined = table.left_join(map_, table.customer_id == map_._crm_old)
    return joined.mutate(
        customer_id=ibis.coalesce(joined._crm_new.cast(table.customer_id.type()), joined.customer_id)
    ).drop("_crm_old", "_crm_new")


def _check_reach(table, base, current, allow_empty):
    """Refuse a window without lines; say so if the data stop long before one ends."""
    import ibis

    inside = {"base": base, "current": current}
    day = table.date.cast("date")
    wanted = {"first": day.min(), "last": day.max()}
    for name, (start, end) in inside.items():
        within = day.between(ibis.literal(start), ibis.literal(end))
        wanted |= {name: within.sum(), f"{name}_first": day.min(where=within)}
    found = table.aggregate(**wanted).execute().iloc[0]
    if pd.isna(found["first"]):
        raise DataError("there are no lines: see whether the export or the filter before worked")
    first, last = (pd.Timestamp(found[name]).date() for name in ("first", "last"))
    empty = [f"{name} ({inside[name][0]} to {inside[name][1]})" for name in inside if not found[name]]
    if empty and not allow_empty:
        raise DataError(
            f"no line lies in {' nor in '.join(empty)}: the lines reach from {first} to {last}, and a bridge needs two "
            "periods; if the firm sold nothing then, pass allow_empty=True"
        )
    silent = (current[1] - last).days
    if found["current"] and silent > PARTIAL_DAYS:
        warnings.warn(f"the last line is of {last}, {silent:,} days before current ends ({current[1]}): if the data "
                      "stop there, a part of a period is compared with a whole one", CrmWarning, stacklevel=3)
    for name, (start, _) in inside.items():
        if found[name] < DENSE_LINES:  # a few lines may well leave weeks empty
            continue
        late = (pd.Timestamp(found[f"{name}_first"]).date() - start).days
        if late > PARTIAL_DAYS:
            warnings.warn(f"the first line of {name} comes {late:,} days after it starts ({start}): if the data begin "
                          "there, a part of a period is compared with a whole one, and old customers look new",
                          CrmWarning, stacklevel=3)


# ---------------------------------------------------------------------------------- the bridge


def revenue_bridge(
    lines, *, base, current, new_offering="firm", offering="product_id", lookback=None, identity=None, launches=None,
    measure="amount", allow_empty=False,
):
    """Explain the change of revenue between two windows by customer and offering, exactly.

    Every line belongs to a customer who is *existing* (bought in the base window), *reactivated* (did not, but is
    known from before it) or *new*, and to an offering that is *existing* or *new*. The change of each customer and
    offering, ``revenue_current - revenue_base``, is added up over the cells; what existing customers do with existing
    offerings is split once more. The changes add up to the change of the total, to the cent.

    Parameters
    ----------
    lines : pandas.DataFrame or ibis.Table
        One row per order line: ``customer_id, date, amount`` and the columns `offering` and `measure`. Negative
        amounts are returns and are netted. A line that is there twice counts twice: `crmlib.data.read_transactions`
        finds such lines. Lines outside the windows serve as history only. Leave out what is no
        revenue (internal customers) beforehand.
    base, current : pair of str or date
        First and last day of each window, both counted. They may not overlap; a gap between them is allowed.
    new_offering : {"firm", "customer", None}
        "firm": new is what nobody had bought up to the end of the base window. "customer": what this customer had
        not bought up to then; for new and reactivated customers, to whom everything would be new, the firm's
        range decides as before. None: a bridge over customers only, for lines without products.
    offering : str
        Column that says what was bought: a product, or a family of them.
    lookback : str or date, optional
        First day of history that counts. By default all lines before the base window do. The longer the history, the
        more seeming acquisitions turn out to be reactivations. It cuts the history of offerings too: what was last
        sold before it is new.
    identity : mapping, Series or two-column DataFrame, optional
        From ids in the lines to the customer behind them; ids not named stay as they are. See
        `crmlib.identity.account_ids`.
    launches : mapping or Series, optional
        Launch date of every offering. Then an offering is new to the firm if launched after the base window, sold or
        not.
    measure : {"amount", "margin"}
        What to add up. Who bought when is judged by ``amount`` in either case.
    allow_empty : bool
        Accept a window without any line: then all current revenue is acquisition, say, and rates are NaN.

    Returns
    -------
    pandas.DataFrame
        One row per component, always the same rows in the same order (without those of new offerings if
        `new_offering` is None):
        ``cell``, ``component``, ``customers`` (with a line in it), ``revenue_base``, ``revenue_current``, ``change``.

        ======================== ==================================================================================
        loyalty                  existing customers: ``churn`` (no purchase in current; all their revenue),
                                 ``contraction``, ``unchanged``, ``expansion`` (by the sign of a customer's change
                                 in existing offerings)
        extension                existing customers who stay, new offerings
        acquisition              new customers, existing offerings
        diversification          new customers, new offerings
        reactivation             customers known from before the base window: existing, and new, offerings
        late returns             customers with returns only, in either window
        ======================== ==================================================================================

    Raises
    ------
    DataError
        If columns or values are missing, a window has no line, offerings have no launch date, or `identity` is
        no mapping.
    ValueError
        If the windows overlap or are exchanged, or `lookback` lies inside the base window.

    Warns
    -----
    CrmWarning
        If the windows differ in length by more than 3 %; if the last line comes more than 45 days before current
        ends, or the first of 100 or more lines of a window more than 45 days after its start (a gap in the middle is
        not seen); if no id of `identity` is among the lines.

    Notes
    -----
    ``ΔR = Σ over customers c and offerings o of (R1[c, o] - R0[c, o])``: an identity, whatever the order of the rows.
    A customer *bought* in a window if there is a day in it with an amount of 0 or more that was not cancelled in full
    on that day. Returns alone make nobody a customer of a window, but they are evidence of an earlier purchase.
    A customer first seen in a gap between the windows is new. Each amount is rounded to cents before summing.

    The four cells follow Ansoff's product-market matrix; the decomposition of loyalty by active customers follows
    Fader, Hardie & Ross, The Customer-Base Audit (2022).

    Examples
    --------
    >>> lines = pd.DataFrame({
    ...     "customer_id": ["Li", "Li", "Li", "Wang", "Zhao"],
    ...     "date": pd.to_datetime(["2023-03-01", "2024-03-01", "2024-05-01", "2023-06-01", "2024-12-01"]),
    ...     "product_id": ["water", "water", "coffee", "water", "water"],
    ...     "amount": [100.0, 120.0, 50.0, 80.0, 60.0]})
    >>> bridge = revenue_bridge(lines, base=("2023-01-01", "2023-12-31"), current=("2024-01-01", "2024-12-31"))
    >>> bridge.loc[bridge["customers"] > 0, ["cell", "component", "customers", "change"]]
              cell    component  customers  change
    0      loyalty        churn          1   -80.0
    3      loyalty    expansion          1    20.0
    4    extension    extension          1    50.0
    5  acquisition  acquisition          1    60.0
    """
    import ibis

    check_choice("new_offering", new_offering, ("firm", "customer", None))
    check_choice("measure", measure, ("amount", "margin"))
    base, current = _windows(base, current)
    since = None if lookback is None else check_day("lookback", lookback)
    if since is not None and since > base[0]:
        raise ValueError(f"lookback ({since}) lies after the start of base ({base[0]}): it is the first day of the "
                         "history before it")
    columns = ["customer_id", "date", "amount", measure]
    if new_offering is not None:
        if isinstance(lines, (pd.DataFrame, ibis.Table)) and offering not in lines.columns:
            raise DataError(
                f"lines have no column {offering!r}, so new_offering={new_offering!r} cannot be told: name the column "
                "that says what was bought (offering=…), or pass new_offering=None for a bridge over customers only"
            )
        columns.append(offering)
    table = lines_table(lines, columns, money=("amount", "margin"))
    _check_reach(table, base, current, allow_empty)
    launched = None
    if launches is not None and new_offering is not None:
        launched = _launched(table, offering, launches, base, current)
    table = _with_identity(table, identity)
    parts = _parts(_pairs(table, base, current, since, None if new_offering is None else offering, measure),
                   new_offering, launched)
    return _bridge_frame(parts.execute(), new_offering)


def _launched(table, offering, launches, base, current):
    """Return the offerings launched after the base window, as a list."""
    import ibis

    launches = pd.Series(launches)
    if launches.index.has_duplicates:
        raise DataError(f"launches name {launches.index[launches.index.duplicated()][0]!r} twice: one date each")
    if pd.api.types.is_numeric_dtype(launches):
        raise DataError("launches hold numbers, not dates: give whole days, for instance '2024-03-01'")
    launches = launches.map(lambda day: day if pd.isna(day) else pd.Timestamp(check_day("launch", day)))
    day = table.date.cast("date")
    sold = (table.filter(day.between(ibis.literal(base[0]), ibis.literal(current[1])))
            .group_by(offering).agg(first=day.min()).execute().set_index(offering)["first"].sort_index())
    without = [name for name in sold.index if name not in launches.index or pd.isna(launches[name])]
    if without:
        shown = ", ".join(map(repr, without[:5]))
        raise DataError(f"{len(without):,} offering(s) in the lines have no launch date ({shown}): add them to "
                        "launches, or leave launches out and let the first sale decide")
    days = pd.to_datetime(launches[sold.index])
    early = sold.index[(pd.to_datetime(sold) < days).to_numpy()]
    if len(early):
        shown = ", ".join(map(repr, list(early[:5])))
        warnings.warn(f"{len(early):,} offering(s) were sold before their launch date ({shown}): is the date right?",
                      CrmWarning, stacklevel=3)
    return [name for name in sold.index if days[name].date() > base[1]]


def _pairs(table, base, current, since, offering, measure):
    """One row per customer and offering: cents in both windows, whether known before, and the customer's status."""
    import ibis

    day = table.date.cast("date")
    inside = {name: day.between(ibis.literal(start), ibis.literal(end))
              for name, (start, end) in (("base", base), ("current", current))}
    before = day < ibis.literal(base[0])
    if since is not None:
        before &= day >= ibis.literal(since)
    lines = table.select(
        "customer_id",
        offering=ibis.literal("all") if offering is None else table[offering],
        day=day,
        window=ibis.cases((inside["base"], "base"), (inside["current"], "current"), (before, "before")),
        paid=cents(table.amount),
        cents=cents(table[measure]),
        purchase=table.amount >= 0,
    ).filter(lambda t: t.window.notnull())
    days = lines.group_by("customer_id", "offering", "window", "day").agg(
        paid=lines.paid.sum(), cents=lines.cents.sum(), any_=lines.purchase.any(), all_=lines.purchase.all())
    # as crmlib.btyd has it: a day on which a customer bought, and did not return it all on the same day
    by_day = days.group_by("customer_id", "window", "day").agg(
        paid=days.paid.sum(), any_=days.any_.any(), all_=days.all_.all())
    by_day = by_day.mutate(bought=by_day.any_ & ((by_day.paid != 0) | by_day.all_))
    customers = by_day.group_by("customer_id").agg(
        in_base=((by_day.window == "base") & by_day.bought).any(),
        in_current=((by_day.window == "current") & by_day.bought).any(),
        # a purchase before the base window, or a return in or before it: somebody we knew
        known=(((by_day.window == "before") & (by_day.bought | ~by_day.any_))
               | ((by_day.window == "base") & ~by_day.any_)).any(),
    )
    cancelled = days.any_ & ~days.all_ & (days.paid == 0)
    pairs = days.group_by("customer_id", "offering").agg(
        base=days.cents.sum(where=days.window == "base"),
        current=days.cents.sum(where=days.window == "current"),
        had=((days.window != "current") & ~cancelled).any(),
        lines=(days.window != "before").sum(),
    )
    return pairs.join(customers, "customer_id")


def _parts(pairs, new_offering, launched):
    """One row per component: cents in both windows and customers."""
    import ibis

    if new_offering is None:
        pairs = pairs.mutate(new_to_firm=ibis.literal(False))
    elif launched is None:
        sold = pairs.group_by("offering").agg(sold=pairs.had.any())
        pairs = pairs.join(sold, "offering")
        pairs = pairs.mutate(new_to_firm=~pairs.sold)
    else:
        pairs = pairs.mutate(new_to_firm=pairs.offering.isin(launched) if launched else ibis.literal(False))
    pairs = pairs.filter(pairs.lines > 0)
    new = pairs.new_to_firm
    new_here = ~pairs.had if new_offering == "customer" else new
    part = ibis.cases(
        (pairs.in_base & ~pairs.in_current, "churn"),
        (pairs.in_base & new_here, "extension"),
        (pairs.in_base, "kept"),
        (~pairs.in_current, "late returns"),
        (pairs.known & new, "reactivation, new offerings"),
        (pairs.known, "reactivation"),
        (new, "diversification"),
        else_="acquisition",
    )
    customers = pairs.group_by("customer_id", part=part).agg(
        base=pairs.base.sum().fill_null(0), current=pairs.current.sum().fill_null(0))
    component = ibis.cases(
        (customers.part != "kept", customers.part),
        (customers.current < customers.base, "contraction"),
        (customers.current > customers.base, "expansion"),
        else_="unchanged",
    )
    return customers.group_by(component=component).agg(
        customers=customers.count(), base=customers.base.sum(), current=customers.current.sum())


def _bridge_frame(found, new_offering):
    names = [name for name in COMPONENTS if new_offering is not None or name not in _NEW_OFFERINGS]
    found = found.set_index("component").reindex(names).fillna(0).astype("int64")
    return pd.DataFrame({
        "cell": [COMPONENTS[name] for name in names],
        "component": names,
        "customers": found["customers"].to_numpy(),
        "revenue_base": found["base"].to_numpy() / 100,
        "revenue_current": found["current"].to_numpy() / 100,
        "change": (found["current"] - found["base"]).to_numpy() / 100,
    })


def _cents(money):
    return np.rint(np.asarray(money, dtype=float) * 100).astype("int64")


def _sum(money):
    """Add up money in whole cents."""
    return float(_cents(money).sum() / 100)


def _check_bridge(bridge, *, years=False):
    if not isinstance(bridge, pd.DataFrame) or not {"cell", "component", "customers", *_MONEY} <= set(bridge.columns):
        raise DataError("this is no bridge: give the table that revenue_bridge returns")
    if not years and bridge["component"].duplicated().any():
        raise DataError("the bridge holds more than one period: choose one, for instance "
                        "bridge[bridge['year'] == 2024]")
    return bridge.set_index("component") if not years else bridge


def growth_matrix(bridge, *, measure="change", reactivated="row"):
    """Return the growth matrix of a bridge: customers in the rows, offerings in the columns.

    Parameters
    ----------
    bridge : pandas.DataFrame
        One period, as `revenue_bridge` returns it.
    measure : {"change", "revenue_current", "revenue_base"}
        What stands in the cells, in money.
    reactivated : {"row", "new", "existing"}
        Give customers who came back a row of their own (3 x 2), or count them as new or as existing (2 x 2).

    Returns
    -------
    pandas.DataFrame
        Index "existing customers", "reactivated customers", "new customers"; columns "existing offerings" and "new
        offerings" ("all offerings" if the bridge does not tell them apart). The cells add up to the total less the
        late returns, which belong to no cell.

    Raises
    ------
    DataError
        If `bridge` is none, or holds several periods.

    Examples
    --------
    >>> lines = pd.DataFrame({
    ...     "customer_id": [1, 1, 2], "date": pd.to_datetime(["2023-12-01", "2024-12-01", "2024-12-01"]),
    ...     "product_id": ["water", "coffee", "water"], "amount": [100.0, 70.0, 60.0]})
    >>> growth_matrix(revenue_bridge(lines, base=("2023-01-01", "2023-12-31"), current=("2024-01-01", "2024-12-31")),
    ...               reactivated="new")
                        existing offerings  new offerings
    existing customers              -100.0           70.0
    new customers                     60.0            0.0
    """
    check_choice("measure", measure, _MONEY)
    check_choice("reactivated", reactivated, ("row", "new", "existing"))
    rows = _check_bridge(bridge)
    split = "extension" in rows.index
    by_cell = rows.groupby("cell")[measure].agg(_sum)

    def value(name):
        if name == "reactivation":  # the cell has both columns
            return rows.loc["reactivation", measure]
        return rows.loc[name, measure] if name.startswith("reactivation,") else by_cell[name]

    columns = ["existing offerings", "new offerings"] if split else ["all offerings"]
    matrix = pd.DataFrame([[float(value(name)) for name in names[:len(columns)]] for names in _MATRIX.values()],
                          index=list(_MATRIX), columns=columns)
    if reactivated != "row":
        target = f"{reactivated} customers"
        matrix.loc[target] = [_sum(pair) for pair in matrix.loc[[target, "reactivated customers"]].T.to_numpy()]
        matrix = matrix.drop(index="reactivated customers")
    return matrix


def retention_rates(bridge):
    """Return gross and net revenue retention, and the share of customers kept.

    Parameters
    ----------
    bridge : pandas.DataFrame
        One period, as `revenue_bridge` returns it.

    Returns
    -------
    pandas.Series
        ``revenue_base`` (of existing customers), ``gross_retention`` (GRR), ``net_retention`` (NRR),
        ``customers_base``, ``customer_retention``. Rates are fractions; NaN where the base is not above zero.

    Raises
    ------
    DataError
        If `bridge` is none, or holds several periods.

    Notes
    -----
    ``GRR = (base - churn - contraction) / base``; ``NRR = GRR + (expansion + extension) / base``, which is what
    existing customers pay now, over what they paid (churn and contraction as sizes; in the bridge they are negative).
    Customers who joined during the base window paid for a part of it: they lift NRR; and who left early in the current
    window still counts as kept. For whole years only, pass the lines of customers acquired before the base window.
    GRR is at most 1 unless returns left a customer with a negative base. It depends on `new_offering` (what moves to a
    new offering is contraction in the old one), NRR does not. Reactivated and new customers are in
    neither.

    Examples
    --------
    >>> lines = pd.DataFrame({
    ...     "customer_id": [1, 2, 3, 1, 2, 4], "amount": [100.0, 100.0, 50.0, 80.0, 130.0, 60.0],
    ...     "date": pd.to_datetime(["2023-12-01"] * 3 + ["2024-12-01"] * 3)})
    >>> bridge = revenue_bridge(lines, base=("2023-01-01", "2023-12-31"), current=("2024-01-01", "2024-12-31"),
    ...                         new_offering=None)
    >>> retention_rates(bridge).round(3).to_dict()
    {'revenue_base': 250.0, 'gross_retention': 0.72, 'net_retention': 0.84, 'customers_base': 3.0, \
'customer_retention': 0.667}
    """
    rows = _check_bridge(bridge)
    change = rows["change"]
    loyalty = rows[rows["cell"] == "loyalty"]
    base = _sum(loyalty["revenue_base"])
    lost = _sum([change["churn"], change["contraction"]])
    gained = _sum([change["expansion"], change.get("extension", 0.0)])
    ok = base > 0
    kept, left = _customers_kept(rows)
    return pd.Series({
        "revenue_base": base,
        "gross_retention": (base + lost) / base if ok else np.nan,
        "net_retention": (base + lost + gained) / base if ok else np.nan,
        "customers_base": float(kept + left),
        "customer_retention": kept / (kept + left) if kept + left else np.nan,
    })


def _customers_kept(rows):
    """Customers of the base window who bought in the current one, and who did not."""
    kept = int(rows.loc[["contraction", "unchanged", "expansion"], "customers"].sum())
    return kept, int(rows.loc["churn", "customers"])


def _year(year):
    return Date(year, 1, 1), Date(year, 12, 31)


def bridge_over_years(lines, *, first, last, **options):
    """Return the bridge of every calendar year against the one before.

    Parameters
    ----------
    lines
        As in `revenue_bridge`.
    first, last : int
        First base year and last current year.
    **options
        Passed to `revenue_bridge`.

    Returns
    -------
    pandas.DataFrame
        ``year`` (the current one) and the columns of `revenue_bridge`; one block of components per year.

    Raises
    ------
    ValueError
        If there are fewer than two years.
    DataError
        As `revenue_bridge`.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": [1, 1, 1], "amount": [100.0, 80.0, 90.0],
    ...                       "date": pd.to_datetime(["2022-12-01", "2023-12-01", "2024-12-01"])})
    >>> years = bridge_over_years(lines, first=2022, last=2024, new_offering=None)
    >>> years[years["change"] != 0][["year", "component", "change"]]
        year    component  change
    1   2023  contraction   -20.0
    10  2024    expansion    10.0
    """
    first, last = check_count("first", first, minimum=1), check_count("last", last, minimum=1)
    if last <= first:
        raise ValueError(f"from {first} to {last} there is {'one year' if first == last else 'no year'}: growth needs "
                         "at least two")
    found = [
        revenue_bridge(lines, base=_year(year - 1), current=_year(year), **options).assign(year=year)
        for year in range(first + 1, last + 1)
    ]
    table = pd.concat(found, ignore_index=True)
    return table[["year", *[name for name in table.columns if name != "year"]]]


def matrix_by_year(bridges, *, measure="change"):
    """Return how the cells of the growth matrix move over the years: one row per year, one column per cell.

    Parameters
    ----------
    bridges : pandas.DataFrame
        As `bridge_over_years` returns it.
    measure : {"change", "revenue_current", "revenue_base"}
        What stands in the cells, in money.

    Returns
    -------
    pandas.DataFrame
        Index ``year``; columns ``loyalty, extension, acquisition, diversification, reactivation, late returns`` and
        ``total``, their sum.

    Raises
    ------
    DataError
        If `bridges` has no years.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": [1, 1, 2], "amount": [100.0, 80.0, 90.0],
    ...                       "date": pd.to_datetime(["2022-12-01", "2023-12-01", "2023-12-01"])})
    >>> matrix_by_year(bridge_over_years(lines, first=2022, last=2023, new_offering=None)).loc[2023].to_dict()
    {'loyalty': -20.0, 'acquisition': 90.0, 'reactivation': 0.0, 'late returns': 0.0, 'total': 70.0}
    """
    check_choice("measure", measure, _MONEY)
    if not isinstance(bridges, pd.DataFrame) or "year" not in bridges.columns:
        raise DataError("the bridge has no column 'year': give the table that bridge_over_years returns")
    _check_bridge(bridges, years=True)
    cells = list(dict.fromkeys(bridges["cell"]))
    table = bridges.groupby(["year", "cell"])[measure].agg(_sum).unstack("cell")[cells]
    table.columns.name = None
    return table.assign(total=[_sum(row) for row in table.to_numpy()])


# ------------------------------------------------------------------------------------- drivers


def revenue_drivers(lines, *, base, current, method="shapley", identity=None):
    """Explain the change of revenue by customers, orders per customer and value per order.

    Parameters
    ----------
    lines, base, current, identity
        As in `revenue_bridge`; products are not needed.
    method : {"shapley", "log_mean"}
        How the change is shared out. Both are independent of the order of the factors and leave no rest.

    Returns
    -------
    pandas.DataFrame
        ``driver`` ("customers", "orders per customer", "value per order"), ``base``, ``current``, ``effect`` (money).
        The effects add up to the change of revenue.

    Raises
    ------
    DataError
        As `revenue_bridge`; also if nobody bought in one of the windows or, for "log_mean", revenue is not above zero
        in both.

    Notes
    -----
    ``R = N · F · V``: customers with a purchase, purchase days per customer, revenue (returns netted) per purchase
    day. Shapley: the effect of a factor averaged over all orders in which the three can change. Log-mean (Divisia):
    ``L(R1, R0) · ln(N1 / N0)`` with ``L(a, b) = (a - b) / ln(a / b)``, and so on.
    The identity revenue = customers x orders x value is the one of Fader, Hardie & Ross, The Customer-Base
    Audit (2022). An effect is arithmetic, not a cause.

    Examples
    --------
    >>> lines = pd.DataFrame({
    ...     "customer_id": [1, 2, 1, 2, 3], "amount": [100.0, 100.0, 110.0, 110.0, 110.0],
    ...     "date": pd.to_datetime(["2023-12-01", "2023-12-02", "2024-12-01", "2024-12-02", "2024-12-03"])})
    >>> revenue_drivers(lines, base=("2023-01-01", "2023-12-31"), current=("2024-01-01", "2024-12-31"))
                    driver   base  current  effect
    0            customers    2.0      3.0   105.0
    1  orders per customer    1.0      1.0     0.0
    2      value per order  100.0    110.0    25.0
    """
    check_choice("method", method, ("shapley", "log_mean"))
    base, current = _windows(base, current)
    table = lines_table(lines, ["customer_id", "date", "amount"])
    _check_reach(table, base, current, allow_empty=False)
    table = _with_identity(table, identity)
    before, after = (_factors(table, window, name) for window, name in ((base, "base"), (current, "current")))
    effects = _shapley(before, after) if method == "shapley" else _log_mean(before, after)
    return pd.DataFrame({"driver": ["customers", "orders per customer", "value per order"], "base": before,
                         "current": after, "effect": effects})


def _factors(table, window, name):
    import ibis

    from crmlib.btyd.summaries import customer_days

    days = customer_days(table, window[1]).filter(lambda t: t.day >= ibis.literal(window[0]))
    found = days.aggregate(
        customers=days.customer_id.nunique(where=days.is_purchase),
        orders=days.is_purchase.sum(), cents=days.cents.sum()).execute().iloc[0]
    if not found["orders"]:
        raise DataError(f"nobody bought in {name} ({window[0]} to {window[1]}): there are returns only, and no "
                        "orders per customer")
    customers, orders, revenue = float(found["customers"]), float(found["orders"]), float(found["cents"]) / 100
    return np.array([customers, orders / customers, revenue / orders])


def _shapley(before, after):
    """Average effect of each of three factors over the six orders in which they can change."""
    effects = []
    for k in range(3):
        i, j = (m for m in range(3) if m != k)
        others = (before[i] * before[j] + after[i] * after[j]) / 3 + (before[i] * after[j] + after[i] * before[j]) / 6
        effects.append((after[k] - before[k]) * others)
    return np.array(effects)


def _log_mean(before, after):
    r0, r1 = before.prod(), after.prod()
    if min(r0, r1) <= 0:
        raise DataError(f"revenue is {r0:,.2f} in base and {r1:,.2f} in current: logarithms need both above zero; use "
                        'method="shapley"')
    weight = r0 if np.isclose(r0, r1, rtol=1e-12) else (r1 - r0) / np.log(r1 / r0)
    return weight * np.log(after / before)


# ------------------------------------------------------------------------------------ adoption


def adoption_rate(lines, *, offerings, launched_on, observation_end, exposed, level=0.99):
    """Estimate the yearly rate at which customers take up an offering, with an exact interval.

    Parameters
    ----------
    lines : pandas.DataFrame or ibis.Table
        Order lines with ``customer_id, date, amount, product_id``.
    offerings : sequence
        The products of the offering; the first purchase of any of them is the take-up.
    launched_on, observation_end : str or date
        Nobody can take it up before the one; nothing is known after the other.
    exposed : pandas.DataFrame
        Who could take it up, and when: ``customer_id``, ``start``, ``end`` (dates, end not counted). A start before
        the launch is moved to it, an end after the observation to the day after it.
    level : float
        Of the interval.

    Returns
    -------
    pandas.Series
        ``customers`` (exposed), ``takers``, ``years`` of exposure, ``rate`` (takers per customer-year), ``low``,
        ``high``. The rate is NaN without exposure.

    Raises
    ------
    DataError
        If columns or values are missing, a customer is exposed twice, an end lies before its start, or no line has one
        of the offerings or one of the customers.
    ValueError
        If the launch lies after the end of observation, or `offerings` is no list.

    Warns
    -----
    CrmWarning
        If there are 100 lines or more, and they stop more than 45 days before the end of observation.

    Notes
    -----
    ``rate = takers / years``: the maximum likelihood of a constant hazard; a customer is exposed until the take-up.
    Of customers at a rate λ, ``1 - exp(-λ)`` take it up within a year. The interval is the exact one for Poisson
    counts: ``χ²(α/2; 2n) / 2`` to ``χ²(1 - α/2; 2n + 2) / 2``, over the years.
    A take-up outside the exposure does not count. A customer who has left but is still counted as exposed lowers the
    rate: how `end` is found is the assumption here.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": [1, 2], "date": pd.to_datetime(["2023-07-02", "2023-05-01"]),
    ...                       "product_id": ["coffee", "water"], "amount": [90.0, 10.0]})
    >>> exposed = pd.DataFrame({"customer_id": [1, 2], "start": pd.Timestamp("2023-01-01"),
    ...                         "end": pd.Timestamp("2024-01-01")})
    >>> adoption_rate(lines, offerings=["coffee"], launched_on="2023-01-01", observation_end="2023-12-31",
    ...               exposed=exposed).round(2).to_dict()
    {'customers': 2.0, 'takers': 1.0, 'years': 1.5, 'rate': 0.67, 'low': 0.0, 'high': 4.96}
    """
    level = check_fraction("level", level)
    launch, end = check_day("launched_on", launched_on), check_day("observation_end", observation_end)
    if launch > end:
        raise ValueError(f"launched_on ({launch}) lies after observation_end ({end}): nobody can have taken it up")
    if isinstance(offerings, str) or not len(list(offerings)):
        raise ValueError(f"offerings={offerings!r}: give a list of products, for instance ['coffee']")
    offerings = list(offerings)
    exposed = _exposure(exposed, launch, end)
    table = lines_table(lines, ["customer_id", "date", "amount", "product_id"])
    if not int(table.product_id.isin(offerings).sum().execute()):
        raise DataError(f"no line has one of the offerings {', '.join(map(repr, offerings))}: are they written as in "
                        "product_id?")
    if len(exposed) and not int(table.customer_id.isin(exposed["customer_id"].tolist()).sum().execute()):
        raise DataError(f"none of the {len(exposed):,} exposed customers is among the lines (first: "
                        f"{exposed['customer_id'].iloc[0]!r}): are their ids of the same type?")
    last, count = pd.Timestamp(table.date.max().execute()).date(), int(table.count().execute())
    if count >= DENSE_LINES and (end - last).days > PARTIAL_DAYS:
        warnings.warn(f"the last line is of {last}, {(end - last).days:,} days before observation_end ({end}): if the "
                      "data stop there, nobody could be seen to take it up since", CrmWarning, stacklevel=2)
    table = table.filter(table.product_id.isin(offerings)).mutate(day=table.date.cast("date"))
    days = table.group_by("customer_id", "day").agg(
        paid=(table.amount * 100).round().sum(), any_=(table.amount >= 0).any(), all_=(table.amount >= 0).all())
    days = days.filter(days.any_ & ((days.paid != 0) | days.all_))  # not what was returned in full on the same day
    first = days.group_by("customer_id").agg(first=days.day.min()).execute()
    first = pd.to_datetime(first.set_index("customer_id")["first"])
    taken = pd.Series(first.reindex(exposed["customer_id"]).to_numpy(), index=exposed.index)
    stop = exposed["end"].where(~(taken < exposed["end"]), taken)
    at_risk = (stop >= exposed["start"]) & (exposed["end"] > exposed["start"])  # who had it before is no taker
    takers = int(((taken >= exposed["start"]) & (taken < exposed["end"])).sum())
    years = float((stop - exposed["start"])[at_risk].dt.days.sum() / days_per("year"))
    low, high = rate_interval(takers, years, level=level)
    return pd.Series({
        "customers": float(at_risk.sum()), "takers": float(takers), "years": years,
        "rate": takers / years if years else np.nan,
        "low": low, "high": high,
    })


def _exposure(exposed, launch, end):
    missing = [name for name in ("customer_id", "start", "end") if name not in exposed.columns]
    if missing:
        raise DataError(f"exposed lacks the column(s) {', '.join(missing)}: give customer_id, start and end")
    exposed = exposed[["customer_id", "start", "end"]].copy()
    nulls = int(exposed.isna().any(axis=1).sum())
    twice = int(exposed["customer_id"].duplicated().sum())
    if nulls or twice:
        raise DataError(f"exposed has {nulls:,} row(s) with missing values and {twice:,} customer(s) twice: one "
                        "complete row per customer is needed")
    for name in ("start", "end"):
        if not pd.api.types.is_datetime64_any_dtype(exposed[name]):
            exposed[name] = [pd.Timestamp(check_day(name, day)) for day in exposed[name]]
        if exposed[name].dt.tz is not None:
            raise DataError(f"{name} of exposed has a time zone: take it away with dt.tz_localize(None)")
        exposed[name] = exposed[name].dt.normalize()
    backwards = int((exposed["end"] < exposed["start"]).sum())
    if backwards:
        raise DataError(f"{backwards:,} customer(s) end before they start: exchange the two columns?")
    exposed["start"] = exposed["start"].clip(lower=pd.Timestamp(launch))
    exposed["end"] = exposed["end"].clip(upper=pd.Timestamp(end + timedelta(days=1)))
    return exposed


# ---------------------------------------------------------------------------------- the budget


def _responses(responses):
    """Return the response curves as a float frame, or say what is wrong with them."""
    if not isinstance(responses, pd.DataFrame) or not {"potential", "scale"} <= set(responses.columns):
        raise DataError("responses need one row per strategy (its name as index) and the columns potential and scale, "
                        "both in money; probability is optional")
    if responses.empty:
        raise DataError("responses have no rows: name at least one strategy")
    if responses.index.has_duplicates:
        raise DataError(f"responses name {responses.index[responses.index.duplicated()][0]!r} twice")
    curves = pd.DataFrame({
        "probability": responses.get("probability", pd.Series(1.0, index=responses.index)),
        "potential": responses["potential"], "scale": responses["scale"],
    }).astype(float)
    for name, row in curves.iterrows():
        check_fraction(f"probability of {name!r}", row["probability"])
        check_positive(f"potential of {name!r}", row["potential"], zero=True)
        check_positive(f"scale of {name!r}", row["scale"])
    return curves


def _plan(curves, spend):
    """Table of a split: what each strategy brings, on average and with its last yuan."""
    top = curves["probability"] * curves["potential"]
    gain = top * -np.expm1(-spend / curves["scale"])
    with np.errstate(invalid="ignore", divide="ignore"):
        average = (gain / spend).where(spend > 0, np.nan)
    total = spend.sum()
    return pd.DataFrame({
        "spend": spend,
        "share": spend / total if total else 0.0,
        "gain": gain,
        "average_return": average,
        "marginal_return": top / curves["scale"] * np.exp(-spend / curves["scale"]),
    })


def allocate_budget(responses, budget, *, minimum_return=1.0):
    """Split a budget over strategies so that the last yuan brings the same in all of them.

    A strategy that gets ``s`` brings ``gain(s) = probability · potential · (1 - exp(-s / scale))``: the more is
    spent, the less the next yuan brings (concave). The best split equalises what the last yuan brings; a strategy
    whose first yuan brings less than that gets nothing.

    Parameters
    ----------
    responses : pandas.DataFrame
        One row per strategy, its name as index: ``potential``, the margin it can bring at most (money per year, say),
        ``scale``, the spend that brings 63 % of it (money), and, optionally, ``probability`` that it works at all.
    budget : float
        Money, zero or more: a limit, not a duty.
    minimum_return : float
        Stop where a further yuan brings less than this; 1 is where it only pays for itself. With 0 the whole budget
        is spent.

    Returns
    -------
    pandas.DataFrame
        Indexed as `responses`: ``spend``, ``share`` (of what is spent), ``gain``, ``average_return`` (gain per yuan,
        NaN without spend) and ``marginal_return`` (what one more yuan would bring). Every strategy with a spend has
        the same marginal return: the λ, or shadow price, of the budget.

    Raises
    ------
    DataError
        If columns are missing or a strategy is named twice.
    ValueError
        If the budget is negative, or a potential, scale or probability is out of range.

    Notes
    -----
    With ``m = probability · potential / scale``, the return of the first yuan:
    ``spend = max(0, scale · ln(m / λ))``, and ``ln λ = (Σ scale · ln m - budget) / Σ scale`` over the funded ones
    (water filling). The curves are assumptions: see `allocation_in_doubt`.

    Examples
    --------
    >>> responses = pd.DataFrame({"potential": [400.0, 300.0, 50.0], "scale": [100.0, 100.0, 100.0]},
    ...                          index=["loyalty", "extension", "diversification"])
    >>> allocate_budget(responses, 100).round(2)
                     spend  share    gain  average_return  marginal_return
    loyalty          64.38   0.64  189.89            2.95              2.1
    extension        35.62   0.36   89.89            2.52              2.1
    diversification   0.00   0.00    0.00             NaN              0.5
    """
    curves = _responses(responses)
    budget = check_positive("budget", budget, zero=True)
    minimum_return = check_positive("minimum_return", minimum_return, zero=True)
    spend = _water_filling(*_arrays(curves), budget, minimum_return)
    return _plan(curves, pd.Series(spend, index=curves.index))


def _arrays(curves):
    """What the strategies can bring at most, chance included, and their scales."""
    return (curves["probability"] * curves["potential"]).to_numpy(), curves["scale"].to_numpy()


def _water_filling(top, scale, budget, minimum_return):
    """Return the best spend per strategy: the largest set in which even the last starts above the common return."""
    first = top / scale
    order = np.argsort(-first, kind="stable")
    order = order[first[order] > minimum_return]
    spend = np.zeros(len(top))
    if budget == 0 or not order.size:
        return spend
    logs, widths = np.log(first[order]), np.cumsum(scale[order])
    log_lambda = (np.cumsum(scale[order] * logs) - budget) / widths
    above = np.flatnonzero(logs > log_lambda)
    funded = above[-1] + 1 if above.size else 1  # the first always is; a tiny budget may be lost in the last digits
    level = log_lambda[funded - 1]
    if minimum_return:
        level = max(level, np.log(minimum_return))
    spend[order[:funded]] = np.maximum(0.0, scale[order[:funded]] * (logs[:funded] - level))
    return spend * min(1.0, budget / spend.sum()) if spend.any() else spend


def split_budget(responses, budget, shares="equal"):
    """Return what a given split of the budget brings, in the columns of `allocate_budget`.

    Parameters
    ----------
    responses, budget
        As in `allocate_budget`.
    shares : mapping, Series or {"equal", "potential"}
        Share of the budget per strategy, adding up to 1; or the same for all; or in proportion to the potential, the
        usual "who promises most gets most".

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    ValueError
        If the shares do not add up to 1, or one is not between 0 and 1.
    DataError
        If the shares and the responses do not name the same strategies.

    Examples
    --------
    >>> responses = pd.DataFrame({"potential": [400.0, 300.0], "scale": [100.0, 100.0]}, index=["loyalty", "extension"])
    >>> split_budget(responses, 100, {"loyalty": 0.5, "extension": 0.4})
    Traceback (most recent call last):
    ValueError: the shares add up to 0.9, not 1: 0.1 of the budget has no owner
    >>> split_budget(responses, 100)["gain"].round(2).to_dict()
    {'loyalty': 157.39, 'extension': 118.04}
    """
    curves = _responses(responses)
    budget = check_positive("budget", budget, zero=True)
    if isinstance(shares, str):
        check_choice("shares", shares, ("equal", "potential"))
        if shares == "equal":
            shares = pd.Series(1 / len(curves), index=curves.index)
        else:
            total = curves["potential"].sum()
            if not total:
                raise ValueError("every potential is zero: there is nothing to share out in proportion to")
            shares = curves["potential"] / total
    shares = pd.Series(shares, dtype=float)
    if shares.index.has_duplicates or set(shares.index) != set(curves.index):
        raise DataError(f"shares are for {', '.join(map(str, shares.index))}; the strategies are "
                        f"{', '.join(map(str, curves.index))}")
    for name, share in shares.items():
        check_fraction(f"share of {name!r}", share)
    gap = 1 - shares.sum()
    if abs(gap) > 1e-9:
        rest = f"{gap:g} of the budget has no owner" if gap > 0 else f"{-gap:g} of it is spent twice"
        raise ValueError(f"the shares add up to {shares.sum():g}, not 1: {rest}")
    return _plan(curves, budget * shares.reindex(curves.index))


def evaluate_spend(responses, spend):
    """Return what given amounts bring, in the columns of `allocate_budget`.

    Parameters
    ----------
    responses
        As in `allocate_budget`.
    spend : mapping or Series
        Money per strategy, zero or more; all strategies have to be named.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    DataError
        If `spend` and the responses do not name the same strategies.
    ValueError
        If an amount is negative.

    Examples
    --------
    >>> responses = pd.DataFrame({"potential": [400.0], "scale": [100.0]}, index=["loyalty"])
    >>> evaluate_spend(responses, {"loyalty": 100.0}).round(1).to_dict("records")
    [{'spend': 100.0, 'share': 1.0, 'gain': 252.8, 'average_return': 2.5, 'marginal_return': 1.5}]
    """
    curves = _responses(responses)
    spend = pd.Series(spend, dtype=float)
    if spend.index.has_duplicates or set(spend.index) != set(curves.index):
        raise DataError(f"spend is for {', '.join(map(str, spend.index))}; the strategies are "
                        f"{', '.join(map(str, curves.index))}")
    for name, money in spend.items():
        check_positive(f"spend of {name!r}", money, zero=True)
    return _plan(curves, spend.reindex(curves.index))


def response_through(spend, gain, *, potential=None, marginal_return=None):
    """Return the response curve through one known point, given its ceiling or its slope there.

    Parameters
    ----------
    spend, gain : float
        What was spent, and what it brought: one point, in money.
    potential : float, optional
        What unlimited spending would bring: above `gain`, and an assumption.
    marginal_return : float, optional
        What the last yuan spent brought, for instance in the dearest channel that was used: above zero, and below the
        average return ``gain / spend``, because the curve is concave.
        Give one of the two.

    Returns
    -------
    pandas.Series
        ``potential`` and ``scale``, in money, as in `allocate_budget`.

    Raises
    ------
    ValueError
        If not exactly one of the two is given, the numbers are not positive, the potential is not above the gain, or
        the marginal return is not below the average one.

    Notes
    -----
    ``gain = potential · (1 - exp(-spend / scale))``. With the potential: ``scale = -spend / ln(1 - gain / potential)``.
    With the slope ρ: ``x / (exp(x) - 1) = ρ · spend / gain`` is solved for ``x = spend / scale``.
    What is spent on top of today's spend follows the same curve from there: its scale is the same, its potential what
    is left, ``potential - gain``.

    Examples
    --------
    >>> response_through(100.0, 252.8482235, potential=400.0).round(4).to_dict()
    {'potential': 400.0, 'scale': 100.0}
    >>> response_through(100.0, 252.8482235, marginal_return=1.4715178).round(4).to_dict()
    {'potential': 400.0, 'scale': 100.0}
    """
    from scipy.optimize import brentq

    spend, gain = check_positive("spend", spend), check_positive("gain", gain)
    if (potential is None) == (marginal_return is None):
        raise ValueError("give the potential or the marginal_return, one of the two: a point and one more number "
                         "make a curve")
    if potential is not None:
        potential = check_positive("potential", potential)
        if potential <= gain:
            raise ValueError(f"potential {potential:g} is not above the gain {gain:g} seen already: unlimited spending "
                             "cannot bring less than some")
        return pd.Series({"potential": potential, "scale": float(-spend / np.log1p(-gain / potential))})
    ratio = check_positive("marginal_return", marginal_return) * spend / gain
    if ratio >= 1 - 1e-9:
        raise ValueError(f"marginal_return {marginal_return:g} is not below the average return {gain / spend:g}: on a "
                         "concave curve the last yuan brings less than the yuan before")
    x = brentq(lambda x: x / np.expm1(x) - ratio, 1e-9, 700.0)
    return pd.Series({"potential": gain / -np.expm1(-x), "scale": spend / x})


def allocation_in_doubt(responses, budget, *, spread, draws=1000, seed=2026, plan=None, minimum_return=1.0):
    """Return how the best split moves, and what a fixed plan loses, if the response curves are wrong.

    Every potential and every scale is multiplied by ``exp(spread · z)``, z standard normal, independently; then the
    budget is split anew, knowing the drawn curves.

    Parameters
    ----------
    responses, budget, minimum_return
        As in `allocate_budget`.
    spread : float
        0.3 means: two times in three the truth lies between 0.74 and 1.35 times the assumption. Zero or more.
    draws : int
        Number of worlds.
    seed : int
        The same seed draws the same worlds.
    plan : mapping or Series, optional
        Money per strategy to hold against them; by default the best split for `responses` as they stand.

    Returns
    -------
    pandas.DataFrame
        One row per world: the best spend per strategy (its name as column), then ``net_best``, ``net_plan`` and
        ``net_equal``: gain less spend of the best split there, of the plan, and of the equal split of the whole
        budget. With a `minimum_return` other than 1 the best split obeys it too, and a plan that does not may net
        more.

    Raises
    ------
    DataError, ValueError
        As `allocate_budget`; also if the plan spends more than the budget.

    Notes
    -----
    The factors are centred on their median; their mean is ``exp(spread² / 2)``. The shape of the curves and the
    probabilities are not drawn: a strategy that may fail counts with its average in every world.

    Examples
    --------
    >>> responses = pd.DataFrame({"potential": [400.0, 300.0], "scale": [100.0, 100.0]}, index=["loyalty", "extension"])
    >>> worlds = allocation_in_doubt(responses, 100, spread=0.3, draws=200)
    >>> bool((worlds["net_best"] >= worlds["net_plan"]).all()), len(worlds)
    (True, 200)
    """
    curves = _responses(responses)
    spread = check_positive("spread", spread, zero=True)
    draws, seed = check_count("draws", draws), check_count("seed", seed, minimum=0)
    taken = {"net_best", "net_plan", "net_equal"} & set(curves.index)
    if taken:
        raise ValueError(f"a strategy is called {taken.pop()!r}: choose another name")
    budget = check_positive("budget", budget, zero=True)
    if plan is None:
        plan = allocate_budget(curves, budget, minimum_return=minimum_return)["spend"]
    planned = evaluate_spend(curves, plan)["spend"].to_numpy()
    if planned.sum() > budget * (1 + 1e-9):
        raise ValueError(f"the plan spends {planned.sum():,.2f}, the budget is {budget:,.2f}: a plan and the best "
                         "split of less money cannot be compared")
    fixed = {"net_plan": planned, "net_equal": np.full(len(curves), budget / len(curves))}
    top, scale = _arrays(curves)
    noise = np.exp(spread * np.random.default_rng(seed).standard_normal((draws, 2, len(curves))))

    def net(spend, top, scale):
        return float((top * -np.expm1(-spend / scale)).sum() - spend.sum())

    rows = []
    for by_potential, by_scale in noise:
        world = (top * by_potential, scale * by_scale)
        best = _water_filling(*world, budget, minimum_return)
        nets = {name: net(spend, *world) for name, spend in fixed.items()}
        rows.append(dict(zip(curves.index, best, strict=True)) | {"net_best": net(best, *world)} | nets)
    return pd.DataFrame(rows)
