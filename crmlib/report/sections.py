"""The sections of the report: each a question, answered from the orders, or the reason why it cannot be.

Every section is a function of a `Material` and returns a `Section`; none fails on what the data lack.
The arithmetic is that of the chapters.
"""

from datetime import timedelta

import numpy as np
import pandas as pd

from crmlib import btyd, growth, plots, segments
from crmlib.data.tables import NOBODY
from crmlib.errors import ConvergenceError
from crmlib.report.material import HOLDOUT_DAYS, UNIT, fit_purchases, fit_spend
from crmlib.report.parts import CannotSay, Figure, Table, count, days_and_months, money, percent, section

FEWEST_BUYERS = 20
MOST_TO_COMPARE = 2_000_000  # lines, among which equal ones are looked for
SILENCE = (30, 90, 180, 365)
TIER_ASKS = {
    "VIP": "a person who knows them, and a talk before they fall silent",
    "major": "what else they buy elsewhere, and an offer for it",
    "ordinary": "good service at low cost, one next offer at a time",
    "small": "self-service that costs little each; what they bring together, the table says",
    "loss-making": "a look at why they return more than they buy",
    "lapsed": "winning back only where the expected value pays for it",
}


# ------------------------------------------------------------------------------------- the file


@section("data", "What is in the file?", "07")
def data_check(draft, material):
    """What was found in the file and done about it; coverage by month, gaps, the largest customers."""
    m, days = material, material.days
    lines, revenue = int(days["lines"].sum()), days["cents"].sum() / 100
    report = getattr(m.door, "report", None)
    if report is not None:
        told = report[report["rows"].isna() | (report["rows"] > 0) | (report["check"] == "rows read")]
        quiet = len(report) - len(told)
        draft.parts.append(Table(
            "What the door found, and what was done about it"
            + (f" ({quiet} further checks found nothing)." if quiet else "."),
            told.reset_index(drop=True), {"rows": "{:,}"}))
    customers = draft.step("the largest customers", _largest, draft, m, lines)
    bought = "" if customers is None else f" of {count(customers, 'customer')}"
    draft.answers.append(f"{count(lines, 'order line')}{bought} from {m.first} to {m.end}, {money(revenue, m.sign)} of "
                         f"revenue{', returns deducted' * bool(days['negative'].sum())}.")
    if report is not None:
        _what_the_file_holds(draft, m, report.set_index("check"), revenue)
    _coverage(draft, m)
    draft.facts.update(lines=lines, revenue=revenue, span=m.span)


def _what_the_file_holds(draft, m, report, revenue):
    """Say what to compare with the books: what the lines left out amount to, and the lines that are equal."""
    lines = int(report.loc["rows read", "rows"])
    if NOBODY in report.index:
        nobody = float(report.loc[NOBODY, "done"])
        left = int(report.loc[["missing"]].query("done == 'dropped'")["rows"].sum())
        draft.answers.append(
            f"The file holds {count(lines, 'line')}: {left:,} of them, worth {money(nobody, m.sign)}"
            + (f" ({percent(nobody / (nobody + revenue))} of {money(nobody + revenue, m.sign)})"
               if nobody + revenue > 0 else "")
            + ", have no customer id and are in nothing below. Compare with the books before.")
    if str(report.loc["equal to another row", "done"]).startswith("kept") and lines <= MOST_TO_COMPARE:
        repeats, worth = m.equal_lines
        if repeats:
            draft.text.append(f"{count(repeats, 'line')} worth {money(worth, m.sign)} repeat another in "
                              f"{', '.join(m.orders.columns)}, and count as separate purchases. If the export repeats "
                              "lines, read again without them (duplicates: drop).")


def _coverage(draft, m):
    months = m.months
    gaps = m.days["day"].diff().dt.days
    empty = months.index[months["lines"] == 0]
    if len(m.days) > 1:
        at = int(gaps.idxmax())
        usual, longest = int(np.ceil(gaps.quantile(0.95))), int(gaps.max())
        draft.text.append(
            f"Longest stretch without an order: {count(longest - 1, 'day')}, up to {m.days['day'].iloc[at]:%Y-%m-%d}; "
            f"usually the next order comes within {count(usual, 'day')}."
            + (" Is a part of the file missing? Every customer seems silent in it." if longest > max(14, 5 * usual)
               else ""))
        silent = (m.end - m.days["day"].iloc[-1].date()).days
        if silent > max(14, 5 * usual):
            draft.text.append(f"The last order is of {m.days['day'].iloc[-1]:%Y-%m-%d}, {silent:,} days before the end "
                              "of observation: if the data stop there, all customers seem silent since.")
    if len(empty):
        draft.text.append(f"{len(empty):,} of {len(months):,} months have no order line at all (first: {empty[0]}).")
    scale, unit = axis_unit(months["revenue"].abs().max(), m.sign)
    draft.parts.append(Figure(
        lambda: plots.monthly_revenue(months.assign(revenue=months["revenue"] / scale), unit=unit),
        f"Bars of revenue for {len(months)} months from {months.index[0]} to {months.index[-1]}.",
        "Revenue by month. The first and the last month may be incomplete: compare whole years."))
    years = months.groupby(months.index.year)[["lines", "revenue"]].sum().rename_axis("year")
    years["months with orders"] = (months["lines"] > 0).groupby(months.index.year).sum()
    if len(years) == 1:
        years = months.rename_axis("month")
        years.index = years.index.astype(str)
    draft.parts.append(Table("Coverage.", years, {name: "{:,.0f}" for name in years.columns}))


def _largest(draft, m, lines):
    customers = m.customers
    once = int((customers["frequency"] == 1).sum())
    top = customers.nlargest(5, "monetary")[["customer_id", "frequency", "monetary"]].reset_index(drop=True).astype(
        {"customer_id": str})
    total = customers["monetary"].sum()
    top["share"] = top["monetary"] / total if total > 0 else np.nan
    period = f"the {days_and_months(m.window)} up to {m.end}"
    top.columns = ["customer", "days with a purchase", "revenue", "share of all"]
    draft.parts.append(Table(f"The largest customers of {period}.", top,
                             {"days with a purchase": "{:,}", "revenue": "{:,.0f}", "share of all": tenths}))
    draft.text.append(f"In {period}, {percent((customers['frequency'] > 0).mean())} of all customers bought, "
                      f"and {once:,} of {len(customers):,} on one day only. A till, a guest account or "
                      "the firm's own departments among the largest are no customers: leave them out and read again.")
    if len(customers) < lines / 1000:
        draft.text.append(f"There are {lines / len(customers):,.0f} lines per customer: do ids stand for customers?")
    largest = top["share of all"].iloc[0]
    draft.facts.update(customers=len(customers), largest=largest)
    return len(customers)


# -------------------------------------------------------------------------------- concentration


@section("concentration", "Do 20 % of the customers bring 80 % of the revenue?", "03")
def concentration(draft, material):
    """The share of the best fifth, with the verdict; the curve, Gini, how many bring 80 %."""
    m, revenue = material, material.revenue
    if len(revenue) < FEWEST_BUYERS:
        raise CannotSay(f"{count(len(revenue), 'customer')} bought in the {days_and_months(m.window)} up to {m.end}: "
                        f"with fewer than {FEWEST_BUYERS} a share of customers says who they are, not how revenue is "
                        "spread")
    below = int((revenue < 0).sum())
    values = revenue.clip(lower=0)
    share = segments.top_share(values, share=0.2)
    if np.isnan(share):
        raise CannotSay("no customer has revenue above zero: there is nothing to share out")
    needed = segments.share_needed(values, value_share=0.8)
    verdict = ("80/20 holds, roughly" if abs(share - 0.8) <= 0.05 else
               "revenue is more concentrated than 80/20" if share > 0.8 else "80/20 does not hold")
    draft.answers.append(f"{verdict[0].upper()}{verdict[1:]}: the best 20 % of the buyers bring {percent(share)} of "
                         f"the revenue, and {percent(needed)} of them bring 80 %.")
    draft.text.append(
        f"Counted are the {len(values):,} customers who bought in the {days_and_months(m.window)} up to {m.end}, by "
        "revenue, returns deducted"
        + (f"; {below:,} who returned more than they bought count as 0" if below else "")
        + ". The longer the period, the more concentrated a business looks; with fewer than a hundred customers one of "
          "them decides. “Holds” means 75 to 85 %.")
    best = values.sort_values(ascending=False)
    total = best.sum()
    counts = sorted({1, 10, 100} & set(range(1, len(best) + 1)))
    table = pd.DataFrame({"revenue": [best.iloc[:k].sum() for k in counts]},
                         index=pd.Index([f"the best {k:,}" if k > 1 else "the largest" for k in counts], name="buyers"))
    table["share"] = table["revenue"] / total
    draft.parts.append(Table(f"Few customers, much revenue; Gini coefficient {segments.gini(values):.2f} (0: all "
                             "alike, 1: one has everything).", table, {"revenue": "{:,.0f}", "share": tenths}))
    curve = segments.lorenz_curve(values)
    keep = np.unique(np.r_[np.linspace(0, len(curve) - 1, 800).astype(int),
                           np.clip(len(curve) - 1 - np.geomspace(1, len(curve), 200).astype(int), 0, None)])
    curve = curve.iloc[keep]
    draft.parts.append(Figure(
        lambda: plots.concentration_curves({"revenue": curve}, share=0.2, rule=0.8),
        f"Curve of cumulated revenue, best customers first: 20 % of them hold {percent(share)}; a mark shows 80 %.",
        "Share of the revenue that the best customers hold; the diamond is what the rule says."))
    draft.facts.update(top_share=share, needed=needed, largest=float(table["share"].iloc[0]))


# --------------------------------------------------------------------------------------- growth


@section("growth", "Where did growth come from?", "01")
def growth_matrix(draft, material):
    """The last period against the one before: customers by offerings, and the drivers behind."""
    m = material
    base, current = m.windows
    windows = {"base": base, "current": current}
    product = "product_id" in m.orders.columns
    if not product:
        draft.missing.append("growth matrix: the file has no product column, so new offerings cannot be told from "
                             "existing ones; map one with product_id. Below, customers only")
    dropped = m.product_lines[1] if product else 0
    bridge = m.bridge("firm" if product else None)
    total, before = bridge["change"].sum(), bridge["revenue_base"].sum()
    rates = growth.retention_rates(bridge)
    cells = bridge.groupby("cell", sort=False)["change"].sum()
    largest = cells.drop("late returns").abs().idxmax()
    draft.answers.append(
        f"Revenue stayed at {money(before, m.sign)}." if abs(total) < 0.005 else
        f"Revenue {'grew' if total > 0 else 'fell'} by {money(abs(total), m.sign)}"
        + (f" ({change(total / before)})" if before > 0 else "")
        + f"; the largest part is {_cell_name(largest)} with {money(cells[largest], m.sign)}.")
    length = (current[1] - current[0]).days + 1
    draft.text.append(f"Compared are {current[0]} to {current[1]} with {base[0]} to {base[1]}"
                      + (", shorter than a year each: a season may be all of it." if length < 360 else "."))
    draft.text.append(
        "“Existing” customers bought in the earlier period, “reactivated” ones before it, “new” ones never in this "
        "file" + ("; a “new” offering is a product that nobody had bought before the later period." if product else ".")
        + (f" The file begins {days_and_months((base[0] - m.first).days)} before the earlier period: who was silent "
           "longer looks new." if (base[0] - m.first).days > 27 else " The file begins with the earlier period: who "
           "bought before it looks new."))
    if dropped:
        draft.text.append(f"{dropped:,} order lines without a product are left out of this section.")
    if product:
        matrix = growth.growth_matrix(bridge)
        draft.parts.append(Table(f"Growth matrix: change of revenue{_in(m.sign)}.", matrix.rename_axis("customers"),
                                 {name: "{:+,.0f}" for name in matrix.columns}))
        scale, unit = axis_unit(matrix.abs().to_numpy().max() / 10, m.sign)
        draft.parts.append(Figure(
            lambda: _labelled(plots.growth_tiles(matrix * (1e3 / scale)), f"change of revenue, {unit}"),
            "Tiles of the growth matrix: customers in rows, existing and new offerings in columns, blue for gains.",
            "Change of revenue from the earlier to the later period."))
    shown = bridge[(bridge["customers"] > 0) | (bridge["change"] != 0)].drop(columns="cell").set_index("component")
    shown = shown.rename(columns={"revenue_base": "earlier period", "revenue_current": "later period"})
    draft.parts.append(Table(f"The bridge from one period to the next{_in(m.sign)}; the changes add up exactly.", shown,
                             {"customers": "{:,}", "earlier period": "{:,.0f}", "later period": "{:,.0f}",
                              "change": "{:+,.0f}"}))
    drivers = draft.step("drivers", lambda: growth.revenue_drivers(m.table, **windows))
    if drivers is not None:
        draft.parts.append(_drivers_table(drivers, m.sign))
    churn = float(bridge.set_index("component").loc["churn", "change"])
    draft.facts.update(total=total, largest=largest, largest_change=float(cells[largest]), rates=rates, churn=churn)


def _labelled(ax, label):
    ax.set_xlabel(label)
    return ax


def _drivers_table(drivers, sign):
    table = drivers.set_index("driver").rename(
        columns={"base": "earlier period", "current": "later period", "effect": "effect on revenue"})
    return Table(f"What moved revenue: more customers, more orders or larger ones{_in(sign)}? Arithmetic, not causes.",
                 table, {"earlier period": "{:,.2f}", "later period": "{:,.2f}", "effect on revenue": "{:+,.0f}"})


def _cell_name(cell):
    return {"loyalty": "what existing customers bought more or less of (loyalty)",
            "extension": "new offerings to existing customers (extension)",
            "acquisition": "new customers (acquisition)",
            "diversification": "new customers for new offerings (diversification)",
            "reactivation": "customers who came back (reactivation)"}[cell]


# ------------------------------------------------------------------------------------- segments


@section("segments", "Who are the customers, and what does each group ask for?", "03")
def customer_segments(draft, material):
    """Tiers by revenue, what they hold, and who among the best has fallen silent."""
    m, customers = material, material.customers
    if not m.revenue.sum() > 0:
        raise CannotSay("the customers together have no revenue above zero: there is nothing to rank them by")
    tier = tiers_of(m)
    revenue = pd.Series(customers["monetary"].to_numpy(), index=tier.index)
    table = segments.tier_summary(revenue, tier)
    held = pd.DataFrame({"customers": table["customer_share"], "revenue": table["value_share"]})
    value = draft.step("value per group", lambda: m.value)
    if value is not None:
        by_customer = pd.Series(value.to_numpy(), index=m.history["customer_id"].to_numpy()).reindex(tier.index)
        future = segments.tier_summary(by_customer, tier)
        table["expected value"] = future["value"]
        held["expected value"] = future["value_share"]
    best = table.index[0]
    period = f"the {days_and_months(m.window)} up to {m.end}"
    draft.answers.append(f"The best 1 % of the buyers ({table.loc[best, 'customers']:,}) bring "
                         f"{percent(table.loc[best, 'value_share'])} of the revenue; "
                         + (f"{count(_lapsed(table), 'customer')} did not buy in {period}." if _lapsed(table) else
                            f"all customers bought in {period}."))
    draft.text.append("Tiers are counted: the best 1 %, the next 4 %, the next 15 % and the other 80 % of those who "
                      f"bought in {period}, by revenue (Curry's pyramid; the sizes are a convention). Big is not good: "
                      "with costs per customer the order changes (chapter 03).")
    shown = table.drop(columns=["smallest", "customer_share"]).rename(
        columns={"value": "revenue", "value_share": "revenue share", "mean": "revenue each"})
    draft.parts.append(Table(
        f"Groups, best first{_in(m.sign)}.", shown,
        {"customers": "{:,}", "revenue": "{:,.0f}", "revenue share": tenths, "revenue each": "{:,.0f}",
         "expected value": "{:,.0f}"}))
    figure = held[(table["customers"] > 0).to_numpy()]
    if figure["revenue"].notna().all():
        draft.parts.append(Figure(
            lambda: plots.tier_shares(figure),
            "Bars per group of customers: share of the customers, of the revenue"
            + (" and of the expected value." if "expected value" in figure else "."),
            "What each group holds, in per cent of all customers."))
    asks = pd.DataFrame({"asks for": [TIER_ASKS[name] for name in table.index]}, index=table.index)
    draft.parts.append(Table("What each group asks for.", asks[(table["customers"] > 0).to_numpy()]))
    quiet = (customers["recency_days"].to_numpy() > m.window // 2) & tier.isin(["VIP", "major"]).to_numpy()
    silent = customers[quiet].nlargest(10, "monetary")[["customer_id", "recency_days", "frequency", "monetary"]]
    if len(silent):
        silent.columns = ["customer", "days silent", "days with a purchase", "revenue"]
        draft.parts.append(Table(
            f"VIP and major customers who have been silent for more than {m.window // 2} days: {quiet.sum():,}, the "
            "largest first.", silent.reset_index(drop=True).astype({"customer": str}),
            {"days silent": "{:,}", "days with a purchase": "{:,}", "revenue": "{:,.0f}"}))
    draft.facts.update(table=table, silent=int(quiet.sum()), silent_revenue=float(customers["monetary"][quiet].sum()),
                       silent_days=m.window // 2)


def _lapsed(table):
    return int(table["customers"].get("lapsed", 0))


def tiers_of(m):
    """Return the tier of every customer by the revenue of the last twelve months; "lapsed" without a purchase in it."""
    customers = m.customers
    active = segments.tiers(m.revenue, method="count", limits=segments.PYRAMID)
    names = [*active.cat.categories, "lapsed"]
    codes = np.full(len(customers), len(names) - 1)
    codes[customers["frequency"].to_numpy() > 0] = active.cat.codes
    tier = pd.Series(pd.Categorical.from_codes(codes, names, ordered=True), index=customers["customer_id"].to_numpy(),
                     name="tier")
    return tier if (codes == len(names) - 1).any() else tier.cat.remove_categories("lapsed")


# --------------------------------------------------------------------------------- lifetime value


@section("value", "What will the customers bring?", "07")
def lifetime_value(draft, material):
    """The models and whether to believe them (holdout), then value per customer and in total, with intervals."""
    m, settings = material, material.settings
    models = m.purchases
    model = models[0]
    ahead = f"{settings.horizon_months} months"
    share, source = m.margin
    kind = "revenue, not profit" if source == "none" else "margin"
    draft.facts.update(model=model.name, kind=kind)
    money_said = draft.step("value in money", _value_in_money, draft, m)
    if money_said is None:
        purchases = btyd.expected_purchases(model, m.history, horizon=settings.horizon_months, horizon_unit="month")
        draft.answers.append(f"The {len(m.history):,} customers are expected to buy on {purchases.sum():,.0f} further "
                             f"days in the next {ahead}; what that is in money cannot be said.")
    if source == "none":
        draft.text.append("No margin was given, and the file has none: every value here is **revenue, not profit**. "
                          "Pass a margin to read profit.")
    else:
        draft.text.append(f"Value is margin: {percent(share, 1)} of the revenue, "
                          + ("as given." if source == "given" else "computed from the column margin.")
                          + " Costs of serving a customer beyond that are not in it.")
    if m.worthless:
        draft.text.append(
            f"{count(m.worthless, 'customer')} came back with a mean repeat spend of zero or less (returns, gifts): it "
            "counts as 0, and the Gamma-Gamma model of spend, where there is one, is fitted without them.")
    draft.text.append(
        f"Value is what the customers of {m.end} are expected to bring in the {ahead} after it, at a discount rate of "
        f"{percent(settings.annual_discount_rate, 1)} a year. What they have brought is not in it, and neither are "
        "customers still to be won."
        + (f" The file spans {days_and_months(m.span)} only: the far end of the {ahead} is extrapolated, and nothing "
           "in the file can confirm it." if m.span < 30 * settings.horizon_months else ""))
    early = m.history["T"].to_numpy() * 7 >= m.span - 31
    draft.text.append(
        f"The model ({model.name}) assumes that customers buy at random at a rate of their own, leave for good at some "
        "time, and that neither changes: no seasons, no trends, no contracts. Spend and frequency are taken as "
        "independent. The first purchase in the file counts as the customer's first: "
        f"{percent(early.mean())} of the customers appear in its first month"
        + (", so the file seems to begin in the middle of their lives, and rates are estimated too low or too high."
           if early.mean() > 0.3 and m.span > 366 else "."))
    draft.step("holdout", _holdout, draft, m)
    if money_said:
        draft.step("a new customer", _new_customer, draft, m)
    facts = pd.DataFrame({"log-likelihood": [each.log_likelihood for each in models],
                          "parameters": [", ".join(f"{k} {v:.3g}" for k, v in each.params.items()) for each in models]},
                         index=pd.Index([each.name for each in models], name="model"))
    draft.parts.append(Table("Purchase models fitted; the first, with the higher likelihood, is used.", facts,
                             {"log-likelihood": "{:,.1f}"}))


def _value_in_money(draft, m):
    value, (total, ends, merging) = m.value, m.intervals
    ahead = f"{m.settings.horizon_months} months"
    low, high = (money(total[name], m.sign) for name in ("low", "high"))
    worth = "revenue" if m.margin[1] == "none" else "value"
    draft.answers.append(f"The expected {worth} of the next {ahead} is {money(total['estimate'], m.sign)} "
                         f"(95 % interval of the mean: {low} to {high}), {money(value.mean(), m.sign, digits=2)} "
                         "per customer.")
    half = segments.share_needed(value.clip(lower=0), value_share=0.5)
    draft.text.append(f"Half of it comes from {percent(half, 1)} of the customers. The interval, from "
                      f"{m.settings.draws:,} draws of the parameters, says how well the means are known, not how far "
                      "chance, a season or a rival will move the result"
                      + (f"; it was drawn on merged histories, which miss the total by {percent(merging, 1)} and are "
                         "scaled to it." if merging > 5e-4 else "."))
    top = ends.index
    rows = m.history.loc[top]
    table = pd.DataFrame({
        "customer": rows["customer_id"].astype(str).to_numpy(), "repeat purchases": rows["frequency"].to_numpy(),
        "days silent": np.rint(7 * (rows["T"] - rows["recency"])).astype(int).to_numpy(),
        "P(alive)": m.alive.loc[top].to_numpy(), "value": ends["estimate"].to_numpy(), "low": ends["low"].to_numpy(),
        "high": ends["high"].to_numpy()})
    draft.parts.append(Table(
        f"The customers of the highest expected {worth}{_in(m.sign)}, with 95 % intervals of the mean.", table,
        {"repeat purchases": "{:,}", "days silent": "{:,}", "P(alive)": "{:.2f}",
         **{name: "{:,.0f}" for name in ("value", "low", "high")}}))
    draft.facts.update(total=total, mean=float(value.mean()))
    return True


def _new_customer(draft, m):
    new, source, off = m.new_customer, m.margin[1], _holdout_error(draft.facts)
    low, estimate, high = (money(new[name], m.sign, digits=2) for name in ("low", "estimate", "high"))
    ceiling = (" (revenue)." if source == "none" else
               ": the most that winning one may cost." if _borne_out(off) else
               ". That is no ceiling for what winning one may cost: the holdout does not bear it out."
               if "happened" in draft.facts else
               ". That is no ceiling for what winning one may cost: nothing here is checked against what happened.")
    draft.text.append(f"A new customer is expected to bring {estimate} (95 % interval of the mean: {low} to {high}) "
                      "over the same time, the first purchase included, and valued like a repeat purchase" + ceiling)
    draft.facts["new"] = new


def _holdout_error(facts):
    """Return by what share the forecast missed the holdout, and what of it: the worse of purchases and money."""
    errors = {"number of purchases": facts.get("bias"), "revenue": facts.get("money_bias")}
    known = {what: error for what, error in errors.items() if error is not None and not np.isnan(error)}
    worse = max(known, key=lambda what: abs(known[what]), default=None)
    return None if worse is None else (known[worse], worse)


def _borne_out(off):
    return off is not None and abs(off[0]) < 0.3


def _holdout(draft, m):
    if m.span < HOLDOUT_DAYS:
        raise CannotSay(f"the file spans {days_and_months(m.span)}; to keep a part back and forecast it takes at least "
                        f"{HOLDOUT_DAYS // 7} weeks, so nothing here is checked against what happened")
    days = min(m.span // 3, 364)
    calibration_end = m.end - timedelta(days)
    cells = holdout_cells(m.table, calibration_end, m.end)
    model = fit_purchases(cells, m.span - days)[0]
    horizon = {"horizon": days, "horizon_unit": "day"}
    forecasts = pd.DataFrame({
        "model": btyd.expected_purchases(model, cells, **horizon),
        **btyd.naive_forecasts(cells, **horizon, unit=UNIT).rename(columns={
            "own_rate": "own past rate carried on", "average": "everybody at the average rate"})})
    each = np.repeat(np.arange(len(cells)), cells["customers"])
    actual = cells["holdout_frequency"].iloc[each].reset_index(drop=True)
    scores = btyd.holdout_scores(actual, forecasts.iloc[each].reset_index(drop=True))
    happened = int(actual.sum())
    buyers = int(cells.loc[cells["holdout_frequency"] > 0, "customers"].sum())
    verdict = _verdict(scores)
    draft.text.append(
        f"Checked: the model was fitted on the orders up to {calibration_end} and forecast the {days} days after. "
        f"{buyers:,} of {count(len(actual), 'customer')} bought, on {count(happened, 'day')} in all (a customer's "
        f"orders of one day count once); the forecast was {scores.loc['model', 'total']:,.0f}"
        + (f" ({change(scores.loc['model', 'bias'])})" if happened else "")
        + f". Per customer it was {VERDICTS[verdict]}." + _nearer_in_total(scores))
    draft.parts.append(Table(
        f"Holdout of {days} days, purchase days forecast; {happened:,} happened. The errors, mean absolute and root "
        "mean square, are per customer.",
        scores.rename_axis("forecast").round(6),
        {"total": "{:,.0f}", "bias": change, "mae": "{:.3f}", "rmse": "{:.3f}", "correlation": "{:.2f}"}))
    classes = btyd.holdout_by_frequency(cells, forecasts)
    draft.parts.append(Figure(
        lambda: plots.holdout_classes(classes, {"actual": "what happened", **{name: name for name in forecasts}}),
        "Lines of mean purchases in the holdout by earlier repeat purchases: what happened, the model, two naive "
        "forecasts.", "Purchases in the holdout by how often customers had come back before; the black line happened."))
    draft.facts.update(bias=float(scores.loc["model", "bias"]), verdict=verdict, happened=happened,
                       forecast=float(scores.loc["model", "total"]))
    draft.step("revenue in the holdout", _holdout_revenue, draft, m, model, cells, horizon)


VERDICTS = {
    "better": "better than both naive forecasts",
    "mixed": "better than both naive forecasts by one measure of error, and not by the other",
    "not better": "not better than the naive forecasts"}


def _verdict(scores):
    """Return whether the model beats both naive forecasts per customer: by both measures, by one, or by none."""
    naive = scores.drop(index="model")
    won = sum(scores.loc["model", measure] < naive[measure].min() for measure in ("mae", "rmse"))
    return ("not better", "mixed", "better")[won]


def _nearer_in_total(scores):
    """Say which naive forecast came nearer to the total than the model."""
    errors = scores["bias"].abs()
    best = errors.idxmin() if errors.notna().all() else "model"
    return "" if best == "model" else f" The total was met better by “{best}” ({change(scores.loc[best, 'bias'])})."


def _holdout_revenue(draft, m, model, cells, horizon):
    spend = fit_spend(cells)
    expected = spend if isinstance(spend, float) else btyd.expected_spend(spend, cells)
    forecast = float((btyd.expected_purchases(model, cells, **horizon) * expected * cells["customers"]).sum())
    actual = float(cells["holdout_spend"].sum())
    draft.text.append(f"In money, the forecast for these customers was {money(forecast, m.sign)}; "
                      f"{money(actual, m.sign)} came"
                      + (f" ({change(forecast / actual - 1)})." if actual > 0 else "."))
    draft.facts["money_bias"] = forecast / actual - 1 if actual > 0 else np.nan


def holdout_cells(table, calibration_end, observation_end):
    """Count customers with equal history and holdout, with their mean repeat spend and what they spent in the holdout.

    Money is added up in whole cents, in the engine; only the cells leave it.
    """
    import ibis

    split = btyd.calibration_holdout(table, calibration_end=calibration_end, observation_end=observation_end,
                                     unit=UNIT, lazy=True)
    keys = ["frequency", "recency", "T", "monetary_value", "holdout_frequency"]
    split = split.mutate(monetary_value=ibis.greatest(split.monetary_value, 0.0))
    cells = split.group_by(keys).agg(
        customers=split.count(), holdout_cents=(split.holdout_spend * 100).round().cast("int64").sum()).execute()
    if cells.empty:
        raise CannotSay(f"nobody bought up to {calibration_end}")
    cells = cells.sort_values(keys, ignore_index=True)
    cells["holdout_spend"] = cells.pop("holdout_cents") / 100
    return cells


# ----------------------------------------------------------------------------------------- churn


@section("churn", "What does silence cost?", "08")
def churn_loss(draft, material):
    """Revenue retained from one period to the next, and what customers would bring if none had fallen silent."""
    m = material
    draft.text.append("Nobody announces that they leave where there are no contracts: they fall silent. So a loss is "
                      "seen in two ways here: who bought in one period and not in the next, and what a model makes of "
                      "the silence.")
    draft.step("revenue retained", _retained, draft, m)
    draft.step("cost of silence", _silence, draft, m)


def _retained(draft, m):
    base, current = m.windows
    bridge = m.bridge(None)
    rates = growth.retention_rates(bridge)
    if np.isnan(rates["net_retention"]):
        raise CannotSay(f"there is no revenue from {base[0]} to {base[1]} to be retained")
    lost = -float(bridge.set_index("component").loc["churn", "change"])
    draft.answers.append(f"Of {money(rates['revenue_base'], m.sign)} that customers brought from {base[0]} to "
                         f"{base[1]}, {money(lost, m.sign)} went with those who did not buy again by {current[1]}.")
    table = pd.DataFrame({"share": [rates["customer_retention"], rates["gross_retention"], rates["net_retention"]]},
                         index=pd.Index(["customers who bought again", "revenue kept, before growth (gross retention)",
                                         "revenue kept, growth included (net retention)"],
                                        name="of the earlier period"))
    draft.parts.append(Table(
        f"Kept from {base[0]} – {base[1]} to {current[0]} – {current[1]}: {rates['customers_base']:,.0f} customers, "
        f"{money(rates['revenue_base'], m.sign)}. Who pauses counts as lost, who first bought late in the earlier "
        "period lifts net retention.", table, {"share": tenths}))
    draft.facts.update(lost=lost, retention=float(rates["customer_retention"]))


def _silence(draft, m):
    history, alive = m.history, m.alive
    try:
        weight, what, unit = m.value, f"value over {m.settings.horizon_months} months", m.sign
        if m.margin[1] == "none":
            what = what.replace("value", "revenue")
    except (ValueError, ConvergenceError):  # no value in money: count purchases
        weight = btyd.expected_purchases(m.purchases[0], history, horizon=m.settings.horizon_months,
                                         horizon_unit="month")
        what, unit = f"purchase days over {m.settings.horizon_months} months", ""
    if_active = (weight / alive).where(alive > 0, 0.0)
    silent = 7 * (history["T"] - history["recency"])
    labels = [f"0–{SILENCE[0]}", *(f"{a + 1}–{b}" for a, b in zip(SILENCE, SILENCE[1:], strict=False)),
              f"over {SILENCE[-1]}"]
    classes = pd.cut(silent, [-1, *(s + 0.5 for s in SILENCE), np.inf], labels=labels)
    groups = pd.DataFrame({"p": alive, "expected": weight, "if_active": if_active}).groupby(classes, observed=True)
    table = pd.DataFrame({"customers": groups.size(), "mean P(alive)": groups["p"].mean(),
                          "expected": groups["expected"].sum(), "if_active": groups["if_active"].sum()})
    table["lost to silence"] = table["if_active"] - table["expected"]
    table = table.rename_axis("days silent")
    lost = float(table["lost to silence"].sum())
    said = money(lost, unit) if unit or "days" not in what else f"{lost:,.0f}"
    draft.answers.append(f"Silence has cost up to {said} of expected {what}: that much more, if everybody came back "
                         "and stayed as active as before.")
    draft.text.append(
        f"Cost of silence, of {what}: what all customers would bring if every one of them were still active, less what "
        "they are expected to bring given P(alive), the probability that they are. It is a mean over all of them, and "
        "an upper bound of what winning back can recover, more than anybody will. "
        + ("In the BG/NBD model a customer who bought once is active for certain, so their silence costs nothing here."
           if m.purchases[0].name == "BG/NBD" else ""))
    draft.parts.append(Table(
        f"Silence and {what}{_in(unit)}.", table.rename(columns={"if_active": "if all were active"}),
        {"customers": "{:,}", "mean P(alive)": "{:.2f}", **{name: "{:,.0f}" for name in
         ("expected", "if all were active", "lost to silence")}}))
    scale, axis = axis_unit(table["if_active"].max(), unit)
    shown = table[["expected", "if_active"]] / scale
    label = f"{what}\n({axis})" if unit or scale > 1 or "days" not in what else what
    draft.parts.append(Figure(
        lambda: plots.value_of_silence(shown, unit=label),
        f"Bars by length of silence: expected {what}, inside the bar of what it would be if all were active.",
        "What customers are expected to bring, and would bring if all of them were still active."))
    open_ = table[(table.index != labels[0]) & table["mean P(alive)"].between(0.1, 0.9)]
    if len(open_):
        draft.facts.update(worth_asking=str(open_["lost to silence"].idxmax()),
                           worth_asking_lost=float(open_["lost to silence"].max()),
                           worth_asking_expected=float(open_.loc[open_["lost to silence"].idxmax(), "expected"]),
                           worth_asking_customers=int(open_.loc[open_["lost to silence"].idxmax(), "customers"]))
    draft.facts.update(silence=lost, what=what)


# ------------------------------------------------------------------------------------------ next


@section("next", "What to do next?", "")
def next_steps(draft, material, sections):
    """A short list, each with the number behind it and the chapter to read."""
    m, facts = material, {each.key: each.facts for each in sections}
    steps = list(_steps(m, facts, [each.missing for each in sections if each.missing]))
    if not steps:
        raise CannotSay("nothing above is sure enough to act on; mend what is missing first")
    draft.answers.append(f"{len(steps)} step{'s' * (len(steps) != 1)}, each with the number behind it.")
    draft.parts.append(Table("In this order.", pd.DataFrame(steps, columns=["what to do", "because", "read"])))
    draft.text.append("Try a measure on a part of the customers drawn by lot, and compare: what follows a measure is "
                      "not yet its effect (chapter 09).")


def _steps(m, facts, missing):
    data, value, churn = facts.get("data", {}), facts.get("value", {}), facts.get("churn", {})
    parts, increase = facts.get("segments", {}), facts.get("growth", {})
    off = _holdout_error(value)
    if missing:
        yield ("Mend what could not be done",
               f"{count(sum(map(len, missing)), 'thing')} could not be computed; each section says why", "README")
    if value.get("happened") == 0:
        yield ("Find out whether the data stop before the end of observation",
               f"nobody bought in the part kept back, where {value['forecast']:,.0f} purchase days were forecast",
               "chapter 07")
    elif off and (abs(off[0]) > 0.15 or value["verdict"] == "not better"):
        yield ("Do not budget with the forecast yet",
               f"in the holdout its {off[1]} was off by {change(off[0])}; per customer it was "
               f"{VERDICTS[value['verdict']]}", "chapter 07")
    if facts.get("concentration", {}).get("largest", 0) > 0.1:
        yield ("Find out what hangs on the largest customer, and on the person who knows them",
               f"it brings {percent(facts['concentration']['largest'])} of the revenue", "chapter 02")
    if parts.get("silent"):
        yield (f"Call the VIP and major customers silent for more than {parts['silent_days']} days",
               f"{count(parts['silent'], 'customer')}, who brought {money(parts['silent_revenue'], m.sign)} in the "
               "period", "chapter 03")
    if "worth_asking" in churn:
        yield (f"Try a win-back among customers silent for {churn['worth_asking']} days",
               f"{churn['worth_asking_customers']:,} of them, expected to bring {churn['worth_asking_expected']:,.0f} "
               f"of {churn['what']}; at most {churn['worth_asking_lost']:,.0f} more, if every one came back and stayed "
               "as active as before", "chapter 09")
    if increase and increase["churn"] < 0 and -increase["churn"] > max(increase["total"], 0):
        yield ("Ask why customers leave before looking for new ones",
               f"{money(-increase['churn'], m.sign)} went with customers of the earlier period", "chapter 08")
    # a ceiling that the holdout does not bear out is none
    if "new" in value and value.get("kind") == "margin" and _borne_out(off):
        low, estimate, high = (money(value["new"][name], m.sign, digits=2) for name in ("low", "estimate", "high"))
        yield (f"Spend less than {estimate} on winning a customer",
               f"that is what a new one is expected to bring (95 % interval of the mean: {low} to {high})",
               "chapter 06")
    if value.get("kind", "margin") != "margin":
        yield ("Read the report again with a margin", "without one, values are revenue and no ceiling for spending",
               "chapter 06")
    if data.get("largest", 0) > 0.5:
        yield ("Check whether the largest id is a customer", f"it has {percent(data['largest'])} of the revenue",
               "chapter 02")


ALL = (data_check, concentration, growth_matrix, customer_segments, lifetime_value, churn_loss)


def all_sections(material):
    """Return every section, in the order of the page."""
    sections = [build(material) for build in ALL]
    return [*sections, next_steps(material, sections)]


def customer_table(material):
    """Return one row per customer: ``id, segment, alive, value``; what could not be computed is missing.

    ``segment`` is the tier, ``alive`` the probability to be an active customer, ``value`` what is expected over the
    horizon.
    """
    tier = tiers_of(material)
    table = pd.DataFrame({"id": tier.index, "segment": tier.to_numpy(), "alive": np.nan, "value": np.nan})
    for column in ("alive", "value"):
        try:
            known = getattr(material, column)
        except (ValueError, RuntimeError):
            continue
        by_id = pd.Series(known.to_numpy(), index=material.history["customer_id"].to_numpy())
        table[column] = by_id.reindex(tier.index).to_numpy()
    return table


# ---------------------------------------------------------------------------------------- shared


def axis_unit(largest, sign):
    """Return by what to divide so that an axis reads well, and the name of the unit.

    A sign that the figures' font does not have is left to the caption.

    Examples
    --------
    >>> axis_unit(25_000_000, "EUR"), axis_unit(80, "")
    ((1000000.0, 'million EUR'), (1.0, 'in money'))
    """
    scale, word = next(((s, w) for s, w in ((1e6, "million"), (1e3, "thousand")) if largest >= 10 * s), (1.0, ""))
    name = f"{word} {drawable(sign)}".strip()
    return scale, name or "in money"


def drawable(text):
    """Return text as matplotlib writes it, literally; or nothing, if its font lacks a character."""
    from matplotlib import font_manager, ft2font

    font = ft2font.FT2Font(font_manager.findfont("DejaVu Sans"))
    return text.replace("$", r"\$") if all(font.get_char_index(ord(each)) for each in text) else ""


def tenths(share):
    """Return a share as it stands in a table."""
    return percent(share, 1)


def change(share):
    """Return a relative change with its sign."""
    return percent(share, sign="+")


def _in(sign):
    return f", {sign}" if sign else ""
