"""An experiment as one table: a row per decision, what was known on its day, what the lot said, what happened."""

import numpy as np
import pandas as pd

from crmlib.checks import check_count, check_day, check_fraction, check_positive, shown
from crmlib.contracts import check_years, within
from crmlib.data.case import NOT_SELLING
from crmlib.errors import DataError
from crmlib.identity import same_id_type
from crmlib.intervals import check_level
from crmlib.lines import cents, lines_table
from crmlib.outreach.arguments import draw_weights, group_codes, outcomes, row_values, same_rows, treatments
from crmlib.rows import need_columns, need_days


def experiment_table(contracts, *, orders, interactions, incidents=None, treated="call", lead_days=45,
                     history_days=365, not_selling=NOT_SELLING, prior_lines=3) -> pd.DataFrame:
    """Return one row per contract year that was drawn into an experiment, with nothing known later than the decision.

    The decision falls `lead_days` before the contract is due. Order lines are summed up in the engine, in cents.

    Parameters
    ----------
    contracts : pandas.DataFrame
        ``contract_id, customer_id, year_number, started_on, due_on, campaign`` (two labels; missing: not in the
        experiment), ``renewed`` (true or false).
    orders : pandas.DataFrame or ibis.Table
        ``customer_id, date, margin``; with ``promotion`` (true if bought at a promotion) also the promotion share.
    interactions : pandas.DataFrame
        ``customer_id, date, purpose``.
    incidents : pandas.DataFrame, optional
        ``customer_id, date, handling``.
    treated : str
        Label of the treatment in ``campaign``.
    lead_days, history_days : int
        Days from the decision to the end of the contract; days of margin before the decision.
    not_selling : sequence of str
        Purposes of contacts that do not sell.
    prior_lines : float
        How many average lines are mixed into everybody's promotion share, as in `crmlib.segments.buyer_features`.

    Returns
    -------
    pandas.DataFrame
        Index ``contract_id``: ``customer_id, due_on, decided_on, tenure`` (contract years so far), ``neglected`` (no
        contact that does not sell since the contract year began), ``price_requests`` and ``blamed`` (failures with
        blame first; if incidents are given) of the same time, ``margin`` of the `history_days` before the decision,
        ``promotion_share`` of all lines bought before it (the average mixed in is that of all lines before the first
        decision), ``treated`` (0 or 1), ``renewed`` (0 or 1).

    Raises
    ------
    DataError
        If columns, labels, outcomes, ids or days are missing, outcomes are not yes or no, ids stand twice, a contract
        ends before it starts, or there are not two groups.

    Examples
    --------
    >>> contracts = pd.DataFrame({
    ...     "contract_id": [1, 2], "customer_id": [7, 8], "year_number": [1, 1],
    ...     "started_on": pd.to_datetime(["2024-01-01"] * 2), "due_on": pd.to_datetime(["2024-12-31"] * 2),
    ...     "campaign": ["call", "control"], "renewed": [True, False]})
    >>> orders = pd.DataFrame({"customer_id": [7, 7], "date": pd.to_datetime(["2024-05-01", "2024-12-01"]),
    ...                        "margin": [80.0, 999.0]})
    >>> talks = pd.DataFrame({"customer_id": [8], "date": pd.to_datetime(["2024-03-01"]), "purpose": ["advice"]})
    >>> table = experiment_table(contracts, orders=orders, interactions=talks)
    >>> table[["neglected", "margin", "treated", "renewed"]].rename_axis(None)
       neglected  margin  treated  renewed
    1       True    80.0        1        1
    2      False     0.0        0        0
    """
    needed = ("contract_id", "customer_id", "year_number", "started_on", "due_on", "campaign", "renewed")
    need_columns("contracts", contracts, needed)
    lead = check_count("lead_days", lead_days, minimum=0)
    history = check_count("history_days", history_days)
    check_years(contracts)
    drawn = contracts[contracts["campaign"].notna()]
    if drawn.empty:
        raise DataError("no contract has a campaign: nobody was drawn into an experiment")
    if (open_ := int(drawn["renewed"].isna().sum())):
        raise DataError(f"{open_:,} of {len(drawn):,} contracts of the experiment have no outcome yet: drop them with "
                        "contracts[contracts['renewed'].notna()]")
    table = pd.DataFrame({
        "contract_id": drawn["contract_id"].to_numpy(), "customer_id": drawn["customer_id"].to_numpy(),
        "started_on": drawn["started_on"].to_numpy(), "due_on": drawn["due_on"].to_numpy(),
        "decided_on": (drawn["due_on"] - pd.Timedelta(days=lead)).to_numpy(),
        "tenure": drawn["year_number"].to_numpy(),
    })
    table["treated"] = treatments(drawn["campaign"], treated=treated, name="campaign").astype(int)
    table["renewed"] = outcomes("renewed", drawn["renewed"]).astype(int)
    spoken = _dated(interactions, ("customer_id", "date", "purpose"), "interactions", table)
    kind = spoken[spoken["purpose"].isin(_purposes(not_selling, interactions))]
    table["neglected"] = ~table["contract_id"].isin(kind["contract_id"])
    table["price_requests"] = _count(table, spoken[spoken["purpose"] == "price_request"])
    if incidents is not None:
        failed = _dated(incidents, ("customer_id", "date", "handling"), "incidents", table)
        table["blamed"] = _count(table, failed[failed["handling"] == "blame_first"])
    sums, usual = _sums(table, orders, history)
    table["margin"] = sums["cents"].to_numpy(dtype=float) / 100
    if "lines" in sums:
        m = check_positive("prior_lines", prior_lines, zero=True)
        table["promotion_share"] = ((sums["promoted"] + m * usual) / (sums["lines"] + m)).fillna(usual).to_numpy()
    columns = ["customer_id", "due_on", "decided_on", "tenure", "neglected", "price_requests", "blamed", "margin",
               "promotion_share", "treated", "renewed"]
    return table.set_index("contract_id")[[name for name in columns if name in table]]


def _dated(rows, columns, what, table):
    """Rows of the same customer between the start of the contract year and the day of the decision."""
    need_columns(what, rows, columns)
    need_days(what, rows, ("date",))
    return within(table, rows[list(columns)], name=what, until="decided_on")


def _purposes(not_selling, interactions):
    if isinstance(not_selling, str):
        raise DataError(f"not_selling must be a list of purposes, not the text {not_selling!r}")
    chosen = list(not_selling)
    if chosen != list(NOT_SELLING) and (absent := set(chosen) - set(interactions["purpose"])):
        raise DataError(f"not_selling names purposes that never occur: {', '.join(sorted(map(str, absent)))}")
    return chosen


def _count(table, rows):
    return table["contract_id"].map(rows["contract_id"].value_counts()).fillna(0).astype(int)


def _sums(table, orders, history):
    """Margin of the days before each decision in cents, lines and promoted lines of all time before it, by the engine.

    Every line is joined to the decisions of its customer. With them comes the usual share of promoted lines, of all
    lines before the first decision: nothing later may be mixed into anybody's share.
    """
    import ibis

    columns = ["customer_id", "date", "margin"] + ["promotion"] * ("promotion" in getattr(orders, "columns", ()))
    lines = lines_table(orders, columns, money=("margin",), name="orders")
    if isinstance(orders, pd.DataFrame):
        same_id_type("contracts", table["customer_id"], "orders", orders["customer_id"])
        if "promotion" in columns and not pd.api.types.is_bool_dtype(orders["promotion"]):
            outcomes("promotion", orders["promotion"])
    window = ibis.memtable(pd.DataFrame({
        "contract_id": table["contract_id"], "owner": table["customer_id"], "until": table["decided_on"],
        "since": table["decided_on"] - pd.Timedelta(days=history)}))
    day = lines.mutate(day=lines.date.cast("date"), cents=cents(lines.margin))
    both = window.join(day, [window.owner == day.customer_id, day.day < window.until.cast("date")])
    late = both.day >= both.since.cast("date")
    wanted = {"cents": ibis.cases((late, both.cents), else_=0).sum()}
    if "promotion" in columns:
        wanted |= {"lines": both.count(), "promoted": both.promotion.cast("int64").sum()}
    sums = both.group_by("contract_id").agg(**wanted).execute().set_index("contract_id")
    usual = 0.0
    if "promotion" in columns:
        early = day.filter(day.day < table["decided_on"].min().date())
        usual = early.aggregate(usual=early.promotion.cast("int64").mean()).execute()["usual"].iloc[0]
    return sums.reindex(table["contract_id"]).fillna(0), 0.0 if pd.isna(usual) else float(usual)


def value_at_stake(margins, *, retention_rate, discount_rate, years=None):
    """Return what is lost if a customer leaves now: the margins of the years that would have followed.

    ``V = m Σ (r / (1 + d))^t, t = 0, 1, …``: the first year starts at once, if the customer renews
    (`crmlib.clv.lifetime_value` with ``timing="immediate"``). One rate for everybody is a convention; those who are
    hardest to hold are worth less.

    Parameters
    ----------
    margins : array-like or pandas.Series
        Margin a year per customer, money. Negative ones give negative values: nobody pays to keep a loss.
    retention_rate, discount_rate : float
        Per year.
    years : int, optional
        Count so many years; None: without end.

    Returns
    -------
    numpy.ndarray or pandas.Series

    Raises
    ------
    ValueError
        If a rate is not between 0 and 1, or the years are not a whole number of at least 1.

    Examples
    --------
    >>> value_at_stake([100.0], retention_rate=0.8, discount_rate=0.1).round(2).tolist()
    [366.67]
    >>> value_at_stake([100.0], retention_rate=0.8, discount_rate=0.1, years=-3)
    Traceback (most recent call last):
    ValueError: years must be a whole number of at least 1, not -3
    """
    from crmlib import clv

    if years is not None:
        check_count("years", years)
    check_fraction("retention_rate", retention_rate)
    multiple = float(clv.lifetime_value(1.0, retention_rate, discount_rate, timing="immediate", periods=years))
    values = row_values("margins", margins) * multiple
    return pd.Series(values, index=margins.index, name="value") if isinstance(margins, pd.Series) else values


def contact_years(contracts, *, interactions, treated="call", lead_days=45, not_selling=NOT_SELLING,
                  until=None) -> pd.DataFrame:
    """Return one row per contract year that ended without a campaign call: was the customer spoken to, and renewed?

    Contacts are counted up to `lead_days` before the end, and only years with an outcome: everybody had the same time
    to be contacted, so nobody is "not contacted" because they left early.

    Parameters
    ----------
    contracts, interactions, lead_days, not_selling
        As in `experiment_table`; without the column ``campaign`` nobody was called.
    treated : str
        Label of the contract years to leave out.
    until : str or date, optional
        Only contracts due up to this day.

    Returns
    -------
    pandas.DataFrame
        Index ``contract_id``: ``customer_id, tenure, neglected, renewed`` (0 or 1).

    Examples
    --------
    >>> contracts = pd.DataFrame({
    ...     "contract_id": [1, 2], "customer_id": [7, 8], "year_number": [1, 1],
    ...     "started_on": pd.to_datetime(["2022-01-01"] * 2), "due_on": pd.to_datetime(["2023-01-01"] * 2),
    ...     "campaign": [None, None], "renewed": [True, False]})
    >>> talks = pd.DataFrame({"customer_id": [7], "date": pd.to_datetime(["2022-03-01"]), "purpose": ["advice"]})
    >>> contact_years(contracts, interactions=talks).rename_axis(None)
       customer_id  tenure  neglected  renewed
    1            7       1      False        1
    2            8       1       True        0
    """
    need_columns("contracts", contracts, ("contract_id", "customer_id", "year_number", "started_on", "due_on",
                                          "renewed"))
    check_years(contracts)
    chosen = contracts[contracts["renewed"].notna()]
    if "campaign" in contracts:
        labels = contracts["campaign"].dropna().unique().tolist()
        if labels and treated not in labels:
            raise DataError(f"treated={treated!r} does not occur in campaign, which has {', '.join(map(str, labels))}")
        chosen = chosen[chosen["campaign"].ne(treated).fillna(True)]
    if until is not None:
        chosen = chosen[chosen["due_on"] <= pd.Timestamp(check_day("until", until))]
    if chosen.empty:
        raise DataError("no contract year ended without a campaign call: there is nothing to compare")
    table = chosen[["contract_id", "customer_id", "started_on"]].assign(
        decided_on=chosen["due_on"] - pd.Timedelta(days=check_count("lead_days", lead_days, minimum=0)))
    spoken = _dated(interactions, ("customer_id", "date", "purpose"), "interactions", table)
    spoken = spoken[spoken["purpose"].isin(_purposes(not_selling, interactions))]
    return pd.DataFrame({
        "customer_id": chosen["customer_id"].to_numpy(), "tenure": chosen["year_number"].to_numpy(),
        "neglected": ~chosen["contract_id"].isin(spoken["contract_id"]).to_numpy(),
        "renewed": outcomes("renewed", chosen["renewed"]).astype(int),
    }, index=pd.Index(chosen["contract_id"].to_numpy(), name="contract_id"))


def exit_share(renewed, exposed, *, strata=None, groups=None, level=0.95, draws=1000, seed=0) -> pd.Series:
    """Return which part of those who would have stayed leaves because of an exposure, compared within strata.

    ``e = 1 - Σ w_s S_s(exposed) / Σ w_s S_s(not exposed)``, S being the share who renewed and w_s the share of stratum
    s in all rows. Without strata it is the plain comparison. It is an effect only if, within a stratum, nothing else
    differs between the exposed and the others.

    Parameters
    ----------
    renewed, exposed : array-like of bool
        One row per customer year.
    strata : array-like, optional
        What is held fixed: a label per row.
    groups : array-like, optional
        Customer of each row: rows of one customer are drawn together.
    level : float
        Of the percentile interval of a cluster bootstrap.
    draws, seed : int
        Of the bootstrap.

    Returns
    -------
    pandas.Series
        ``estimate, low, high, rows, exposed`` (share).

    Raises
    ------
    DataError
        If values are missing, nobody of the others renewed, or a stratum lacks one of the two groups: it says nothing
        about the other. (A stratum that lacks one in a draw of the bootstrap is left out of that draw.)

    Examples
    --------
    >>> renewed, exposed = [1, 1, 1, 0, 1, 0, 1, 0], [0, 0, 0, 0, 1, 1, 1, 1]
    >>> exit_share(renewed, exposed, draws=10)["estimate"].round(3).item()
    0.333
    """
    same_rows(renewed=renewed, exposed=exposed, strata=strata, groups=groups)
    y, tail = outcomes("renewed", renewed), (1 - check_level(level)) / 2
    x = treatments(exposed, length=len(y), name="exposed")
    codes, names = pd.factorize(pd.Series(0 if strata is None else np.asarray(strata, dtype=object),
                                          index=range(len(y))))
    if (codes < 0).any():
        raise DataError(f"strata is missing in {int((codes < 0).sum()):,} rows: give them a label of their own")
    counts = pd.crosstab(codes, x).reindex(columns=[0.0, 1.0], fill_value=0)
    if (counts == 0).any(axis=None):
        stratum = names[counts.index[(counts == 0).any(axis=1)][0]]
        raise DataError(f"in the stratum {shown(stratum)} everybody was exposed, or nobody: merge strata, or leave "
                        "that one out and say so")
    who = group_codes(groups, len(y))
    # per customer and stratum: rows and renewals of either group
    cell = codes * 2 + x.astype(int)
    kinds = 2 * len(names)
    rows = np.zeros((who.max() + 1, kinds))
    kept = np.zeros_like(rows)
    np.add.at(rows, (who, cell), 1)
    np.add.at(kept, (who, cell), y)

    def share(weights):
        n, s = weights @ rows, weights @ kept
        with np.errstate(invalid="ignore", divide="ignore"):
            rate = (s / n).reshape(-1, len(names), 2)
        pairs = n.reshape(-1, len(names), 2)
        w = np.where((pairs > 0).all(axis=2), pairs.sum(axis=2), 0)  # a stratum without one group says nothing
        stays = np.nansum(rate * w[:, :, None], axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return 1 - stays[:, 1] / stays[:, 0]

    estimate = float(share(np.ones((1, len(rows))))[0])
    if not np.isfinite(estimate):
        raise DataError("of those who were not exposed nobody renewed: there is no share of them to lose")
    drawn = np.concatenate([share(again) for again in draw_weights(len(rows), check_count("draws", draws), seed)])
    low, high = np.nanquantile(np.where(np.isfinite(drawn), drawn, np.nan), [tail, 1 - tail])
    return pd.Series({"estimate": estimate, "low": low, "high": high,
                      "rows": len(y), "exposed": x.mean()})
