"""The orders, the settings, and what several sections need: each computed once, when it is first asked for."""

import functools
import warnings
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta

import numpy as np
import pandas as pd

from crmlib import btyd, growth
from crmlib.btyd.summaries import customer_days
from crmlib.checks import check_count, check_day, check_discount_rate, check_fraction
from crmlib.errors import ConvergenceError, CrmWarning, DataError
from crmlib.lines import cents, lines_table
from crmlib.report.parts import CannotSay, count, days_and_months

UNIT = "week"
FEWEST_CUSTOMERS = 100  # below, four parameters are a reading of chance
FEWEST_REPEATERS = 30
FEWEST_DAYS = 56
HOLDOUT_DAYS = 182  # shortest history of which a third can be kept back
WINDOW_DAYS = 365
TOP = 10  # customers with an interval of their own


@dataclass(frozen=True)
class Settings:
    """What the report assumes.

    Parameters
    ----------
    observation_end : str or date, optional
        Last day on which orders were recorded. By default that of the last order.
    margin : float, optional
        Share of revenue that is left after variable cost, 0 to 1. By default what the orders' column ``margin``
        says; without one, values are **revenue, not profit**.
    annual_discount_rate : float
        Effective per year.
    horizon_months : int
        How far values look ahead.
    currency_sign : str
        Written behind amounts.
    title : str
        Of the page.
    draws : int
        Parameter draws behind the intervals.
    seed : int
        Of the draws, so that the same orders give the same page.

    Examples
    --------
    >>> Settings(margin=0.35).horizon_months
    24
    >>> Settings(margin=35)
    Traceback (most recent call last):
    ValueError: margin 35 is not between 0 and 1: did you mean 0.35?
    """

    observation_end: str | Date | None = None
    margin: float | None = None
    annual_discount_rate: float = 0.10
    horizon_months: int = 24
    currency_sign: str = ""
    title: str = "What your orders say about your customers"
    draws: int = 200
    seed: int = 1

    def __post_init__(self):
        if self.observation_end is not None:
            object.__setattr__(self, "observation_end", check_day("observation_end", self.observation_end))
        if self.margin is not None:
            check_fraction("margin", self.margin)
        check_discount_rate("annual_discount_rate", self.annual_discount_rate)
        check_count("horizon_months", self.horizon_months)
        check_count("draws", self.draws, minimum=2)
        check_count("seed", self.seed, minimum=0)


def _once(function):
    """A property computed once; if it cannot be computed, the reason is remembered as well."""

    @functools.wraps(function)
    def get(self):
        name = function.__name__
        if name not in self._known:
            try:
                self._known[name] = function(self), None
            except (DataError, ConvergenceError) as error:
                self._known[name] = None, error
        value, error = self._known[name]
        if error is not None:
            raise error
        return value

    return property(get)


class Material:
    """Orders and settings, and what is computed from them for more than one section.

    Parameters
    ----------
    orders : Transactions, ibis.Table or pandas.DataFrame
        ``customer_id, date, amount`` and, where there are, ``product_id, margin``: what
        `crmlib.data.read_transactions` returns.
    settings : Settings, optional
    keep : bool
        Hold the rows in the engine's memory instead of reading the source anew for every question: for text files.

    Examples
    --------
    >>> from crmlib.data import load_cdnow
    >>> material = Material(load_cdnow())
    >>> material.first, material.end, len(material.customers)
    (datetime.date(1997, 1, 1), datetime.date(1998, 6, 30), 2357)
    """

    def __init__(self, orders, settings=None, *, keep=False):
        self.settings = settings or Settings()
        self.door = orders  # what was read and done, for the first section
        self.orders = orders.cache() if keep else orders
        self.table = lines_table(orders, ("customer_id", "date", "amount"), name="orders")
        self._known = {}

    @property
    def sign(self):
        """The currency sign."""
        return self.settings.currency_sign

    # --- when ---------------------------------------------------------------------------------------------

    @_once
    def days(self):
        """One row per day with lines: ``day``, ``lines``, ``negative`` ones among them, ``cents``."""
        day = self.table.date.cast("date").name("day")
        days = self.table.group_by(day).agg(
            lines=self.table.count(), negative=(self.table.amount < 0).cast("int64").sum(),
            cents=cents(self.table.amount).sum()).execute()
        if days.empty:
            raise DataError("there are no orders: see whether the export or the filter before worked")
        days["day"] = pd.to_datetime(days["day"])
        return days.sort_values("day", ignore_index=True)

    @_once
    def months(self):
        """One row per month from the first to the last: ``lines, customers, revenue``; 0 where nothing was sold."""
        month = self.table.date.cast("date").truncate("month").name("month")
        months = self.table.group_by(month).agg(customers=self.table.customer_id.nunique()).execute()
        customers = pd.Series(months["customers"].to_numpy(), index=pd.to_datetime(months["month"]).dt.to_period("M"))
        sums = self.days.groupby(self.days["day"].dt.to_period("M"))[["lines", "cents"]].sum()
        every = pd.period_range(sums.index.min(), sums.index.max(), freq="M", name="month")
        table = sums.reindex(every, fill_value=0)
        return pd.DataFrame({"lines": table["lines"], "customers": customers.reindex(every, fill_value=0),
                             "revenue": table["cents"] / 100})

    @property
    def first(self):
        """The day of the first order."""
        return self.days["day"].iloc[0].date()

    @property
    def end(self):
        """The last day of observation: that of the settings, or that of the last order."""
        return self.settings.observation_end or self.days["day"].iloc[-1].date()

    @property
    def span(self):
        """Days from the first to the last day of observation, both counted."""
        return (self.end - self.first).days + 1

    @_once
    def windows(self):
        """Two windows, one after the other: a year each, or halves of what there is."""
        day = pd.Timestamp(self.end) + timedelta(1)
        start, before = (day - pd.DateOffset(years=back) for back in (1, 2))
        if before < pd.Timestamp(self.first):
            length = self.span // 2
            if length < 28:
                raise CannotSay(f"the file spans {days_and_months(self.span)}: two periods to compare need "
                                "four weeks each")
            start, before = (day - timedelta(back * length) for back in (1, 2))
        return (before.date(), (start - timedelta(1)).date()), (start.date(), self.end)

    @_once
    def product_lines(self):
        """The lines that have a product, and how many have none."""
        there = [name for name in ("customer_id", "date", "amount", "product_id") if name in self.orders.columns]
        if isinstance(self.orders, pd.DataFrame):
            known = self.orders.loc[self.orders["product_id"].notna(), there]
            return known, len(self.orders) - len(known)
        lines = self.orders.select(*there)
        missing = int(lines.product_id.isnull().sum().execute() or 0)
        return (lines.filter(lines.product_id.notnull()) if missing else lines), missing

    def bridge(self, new_offering="firm"):
        """Return `crmlib.growth.revenue_bridge` between the two windows; lines without a product are left out.

        With ``new_offering=None`` it is over customers only, and all lines count.
        """
        base, current = self.windows
        lines = self.table if new_offering is None else self.product_lines[0]
        return growth.revenue_bridge(lines, base=base, current=current, new_offering=new_offering)

    @_once
    def equal_lines(self):
        """How many lines repeat another in every column, and what they are worth."""
        table = lines_table(self.orders, tuple(self.orders.columns), name="orders", look=False)
        groups = table.group_by(table.columns).agg(more=table.count() - 1)
        groups = groups.filter(groups.more > 0)
        found = groups.agg(lines=groups.more.sum(), worth=(groups.more * cents(groups.amount)).sum()).execute().iloc[0]
        lines, worth = found.fillna(0)
        return int(lines), float(worth) / 100

    # --- who ----------------------------------------------------------------------------------------------

    @property
    def window(self):
        """Days up to the end in which purchases and money of `customers` count: a year, or all there is."""
        return min(WINDOW_DAYS, self.span)

    @_once
    def customers(self):
        """Days silent, purchase days and money of the last twelve months per customer.

        ``customer_id, recency_days, frequency, monetary``, as `crmlib.segments.rfm` counts them; without its scores,
        which nothing here needs, and which would take most of the memory.
        """
        import ibis

        start = self.end - timedelta(self.window - 1)
        days = customer_days(self.table, self.end)
        inside = days.day >= ibis.literal(start)
        frame = days.group_by("customer_id").agg(
            last_day=days.day.max(where=days.is_purchase), frequency=(days.is_purchase & inside).sum(),
            cents=days.cents.sum(where=inside)).execute().sort_values("customer_id", ignore_index=True)
        bought = frame["last_day"].notna()
        if not bought.any():
            raise DataError(f"no customer has a purchase up to {self.end}: check the date against the lines")
        if not bought.all():
            self._say_who_is_left_out(frame.loc[~bought, "customer_id"])
            frame = frame[bought].reset_index(drop=True)
        return pd.DataFrame({
            "customer_id": frame["customer_id"],
            "recency_days": (pd.Timestamp(self.end) - pd.to_datetime(frame["last_day"])).dt.days.astype("int32"),
            "frequency": frame["frequency"].astype("int32"),
            "monetary": frame["cents"].fillna(0).astype("int64") / 100,
        })

    def _say_who_is_left_out(self, ids):
        """Warn of customers without a purchase: what they bought went back the same day, or they only sent back."""
        lines = self.table.filter(self.table.customer_id.isin(ids.tolist()), self.table.amount >= 0,
                                  self.table.date.cast("date") <= self.end)
        undone = int(lines.customer_id.nunique().to_pyarrow().as_py())
        what = {"sent back on the day of purchase all they had bought": undone,
                "have returns only (of purchases made before the data begin?)": len(ids) - undone}
        warnings.warn(f"{count(len(ids), 'customer')} without a purchase up to {self.end} left out: "
                      + ", ".join(f"{n:,} {which}" for which, n in what.items() if n), CrmWarning, stacklevel=4)

    @_once
    def revenue(self):
        """Revenue per customer who bought in the last twelve months, below zero where more came back than went out."""
        bought = self.customers[self.customers["frequency"] > 0]
        if bought.empty:
            raise CannotSay(f"nobody bought in the {self.window} days up to {self.end}")
        return pd.Series(bought["monetary"].to_numpy(), index=bought["customer_id"].to_numpy(), name="revenue")

    # --- what they will bring -----------------------------------------------------------------------------

    @_once
    def margin(self):
        """The margin and where it comes from: "given", "computed" from the orders, or "none" (then it is 1)."""
        if self.settings.margin is not None:
            return float(self.settings.margin), "given"
        if "margin" not in self.orders.columns:
            return 1.0, "none"
        lines = lines_table(self.orders, ("amount", "margin"), money=("amount", "margin"), name="orders", look=False)
        known = lines.filter(lines.margin.notnull())
        sums = known.aggregate(margin=cents(known.margin).sum(), amount=cents(known.amount).sum()).execute().iloc[0]
        share = sums["margin"] / sums["amount"] if sums["amount"] else np.nan
        if not 0 <= share <= 1:
            raise DataError(f"the column margin is {share:.0%} of the amount: that is no margin; map another "
                            "column, or state the margin")
        return float(share), "computed"

    @property
    def margin_or_none(self):
        """The margin as in `margin`; none if the column says something impossible."""
        try:
            return self.margin
        except DataError:
            return 1.0, "none"

    @_once
    def history(self):
        """Frequency, recency, T (weeks) and mean repeat spend per customer; a negative mean counts as 0."""
        with warnings.catch_warnings():  # who they are is said by `customers`, once and in more detail
            warnings.filterwarnings("ignore", "[0-9,]+ customer.s. have returns but no purchase", CrmWarning)
            history = btyd.customer_summary(self.table, observation_end=self.end, unit=UNIT)
        history["monetary_value"] = history["monetary_value"].clip(lower=0)
        return history

    @property
    def worthless(self):
        """How many customers came back, and have a mean repeat spend of zero or less."""
        return int(((self.history["frequency"] > 0) & (self.history["monetary_value"] <= 0)).sum())

    @_once
    def purchases(self):
        """The purchase models that could be fitted, the likelier first."""
        return fit_purchases(self.history, self.span)

    @_once
    def spend(self):
        """The Gamma-Gamma model; or, where customers do not differ in it, the mean spend of all."""
        return fit_spend(self.history)

    def worth(self, model, spend, frame):
        """Return the value of each row of `frame` over the horizon, in money."""
        settings = self.settings
        ahead = {"horizon": settings.horizon_months, "horizon_unit": "month",
                 "annual_discount_rate": settings.annual_discount_rate}
        if isinstance(spend, float):
            return btyd.discounted_purchases(model, frame, **ahead) * spend * self.margin[0]
        return btyd.lifetime_value(model, spend, frame, margin=self.margin[0], **ahead)

    @_once
    def best_estimate(self):
        """The value of each customer, aligned with `history`, however unsure it is."""
        return self.worth(self.purchases[0], self.spend, self.history)

    @property
    def value(self):
        """The value of each customer, aligned with `history`, if an interval can be given."""
        self.intervals  # noqa: B018 - refuses what is too unsure
        return self.best_estimate

    @_once
    def alive(self):
        """P(alive) of each customer, aligned with `history`."""
        return btyd.probability_alive(self.purchases[0], self.history)

    @_once
    def cells(self):
        """Equal histories counted, with their mean spend; merged until about two thousand are left.

        What draws are computed on. `intervals` measures what the merging costs.
        """
        return btyd.merged_cells(self.history, most=2000)

    @_once
    def draws(self):
        """Draws of the parameters: a list per model."""
        n, seed = self.settings.draws, self.settings.seed
        with np.errstate(over="ignore"):  # what is too large is refused in `interval`
            return self._draws(n, seed)

    def _draws(self, n, seed):
        purchases = btyd.parameter_draws(self.purchases[0], n=n, seed=seed)
        if isinstance(self.spend, float):
            return (purchases,)
        return purchases, btyd.parameter_draws(self.spend, n=n, seed=seed + 1)

    @property
    def models(self):
        """The models that values are computed with; the mean spend is none, where nobody differs."""
        return (self.purchases[0],) if isinstance(self.spend, float) else (self.purchases[0], self.spend)

    @_once
    def new_customer(self):
        """Low, estimate and high of the value of a customer who has just bought for the first time.

        The first purchase is included, and valued like a repeat purchase: the spend model knows no others.
        """
        ahead = {"horizon": self.settings.horizon_months, "horizon_unit": "month",
                 "annual_discount_rate": self.settings.annual_discount_rate}

        def worth(model, spend=self.spend):
            if isinstance(spend, float):
                return (1 + btyd.discounted_purchases_new(model, **ahead)) * spend * self.margin[0]
            return btyd.lifetime_value_new(model, spend, margin=self.margin[0], first_purchase="include", **ahead)

        with np.errstate(all="ignore"):
            return btyd.interval(worth, *self.models, draws=self.draws)

    @_once
    def intervals(self):
        """Low, estimate and high of the value: of the total, and of the ten customers of the highest value.

        Draws are computed on merged cells; the third number says by what share they miss the exact total, to which
        its interval is scaled.
        """
        exact = float(self.best_estimate.sum())
        top = self.best_estimate.nlargest(TOP).index
        columns = ["frequency", "recency", "T", "monetary_value"]
        rows = pd.concat([self.history.loc[top, columns], self.cells], ignore_index=True)
        counts = rows["customers"].fillna(0)

        def values(model, spend=self.spend):
            worth = self.worth(model, spend, rows)
            return pd.concat([worth.iloc[:len(top)], pd.Series({"total": float(worth @ counts)})])

        try:
            with np.errstate(all="ignore"):
                found = btyd.interval(values, *self.models, draws=self.draws)
        except DataError:
            raise CannotSay("the parameters of the model are so uncertain on these data that no interval can be drawn, "
                            "and a value without one would be a guess: take more customers or a longer history"
                            ) from None
        merged = float(found.loc["total", "estimate"])
        if not merged > 0:
            raise CannotSay("the expected value is zero for everybody")
        return found.loc["total"] * (exact / merged), found.drop("total").set_axis(top), abs(merged / exact - 1)


def fit_purchases(history, span):
    """Return the BG/NBD and MBG/NBD models of these histories, the likelier first; refuse what is too little.

    Raises
    ------
    CannotSay
        If there are fewer than 100 customers, 30 who came back, or 8 weeks.
    ConvergenceError
        If neither model can be fitted.
    """
    counted = history["customers"] if "customers" in history else pd.Series(1, index=history.index)
    customers, repeaters = int(counted.sum()), int(counted[history["frequency"] > 0].sum())
    if span < FEWEST_DAYS:
        raise CannotSay(f"the file spans {days_and_months(span)}: whether customers come back, and when they stop, "
                        f"takes at least {FEWEST_DAYS // 7} weeks to show")
    if customers < FEWEST_CUSTOMERS or repeaters < FEWEST_REPEATERS:
        raise CannotSay(
            f"of {count(customers, 'customer')} {repeaters:,} came back within {days_and_months(span)}: a model of "
            f"repeat buying needs at least {FEWEST_CUSTOMERS} customers, {FEWEST_REPEATERS} of whom came back. Take a "
            "longer history, and check that ids identify customers, not orders")
    return btyd.fit_by_likelihood(history, unit=None if "unit" in history else UNIT)


def fit_spend(history):
    """Return the Gamma-Gamma model of these histories; or a number, the mean spend of all, if nobody differs.

    Where everybody spends the same per purchase but for chance, the model has no maximum, and what it tends to is that
    mean. It is taken if the customers' means scatter by no more than their mean.

    Raises
    ------
    CannotSay
        If the model's mean is infinite.
    ConvergenceError
        If the model cannot be fitted, though customers differ a lot.
    """
    repeat = history[history["frequency"] > 0]
    weight = (repeat["frequency"] * (repeat["customers"] if "customers" in repeat else 1)).to_numpy(dtype=float)
    mean = float(np.average(repeat["monetary_value"], weights=weight))
    scatter = float(np.sqrt(np.average((repeat["monetary_value"] - mean) ** 2, weights=weight)))
    if scatter < 0.005:
        return mean
    cells = btyd.count_cells(history.drop(columns="customer_id", errors="ignore"), ("frequency", "monetary_value"))
    try:
        model = btyd.fit_gamma_gamma(cells, nonpositive="drop")
    except ConvergenceError:
        if scatter > mean:
            raise
        warnings.warn("customers hardly differ in what they spend per purchase, so the Gamma-Gamma model cannot be "
                      f"fitted: everybody is given the mean, {mean:,.2f}, and intervals do not know how sure it is",
                      CrmWarning, stacklevel=2)
        return mean
    if model.params["q"] <= 1:
        raise CannotSay(
            f"the mean of what customers spend is infinite in the Gamma-Gamma model (q = {model.params['q']:.2f}, it "
            "must be above 1): a few very large customers cause it, and no value in money can be given. Model them "
            "apart")
    return model
