"""Questions of chapter 09: whom to call, what to say? The chapter asks 09.1, 09.3, 09.4, the exercises the others."""

from functools import lru_cache

import numpy as np
import pandas as pd

from crmlib import outreach
from crmlib.data import load_cdnow
from crmlib.teaching.questions import Mistake, Question, keeper, outside_books

OFFER = {"rescue": 0.25, "value": 400, "contact_cost": 6, "incentive": 20}
GIFT = {"rescue": 0.4, "value": 900, "contact_cost": 4}
RISK = 0.15
RANKED = pd.DataFrame({"called": [1, 1, 0, 1, 0, 1, 0, 0], "stayed": [1, 1, 0, 1, 1, 0, 1, 0]})
BEST = 5
ANSWERS = pd.DataFrame({"honesty": [4, 5, 6, 7], "trust": [3, 5, 5, 7], "respect": [5, 5, 4, 6]})
OFFERS = pd.DataFrame({
    "segment": ["large", "large", "small", "small", "new", "new"],
    "offer": ["visit", "call"] * 3,
    "customers": [20, 20, 25, 25, 60, 60],
    "cost": [320.0, 14.0] * 3,
    "gain": [800.0, 160.0, 520.0, 60.0, 490.0, 60.0],
})
BUDGET = 20_000
COST, RETENTION, DISCOUNT = 14, 0.80, 0.10
_kept = keeper()


def _books(case):
    """Orders, talks, incidents and contracts of external customers, one id each; and their book."""

    def compute():
        book, _, tables = outside_books(case, "orders", "interactions", "incidents", "contracts")
        return *tables, book.set_index("customer_id")

    return _kept(case, "books", compute)


def _rows(case):
    """The experiment on households and businesses, with value at stake and the true effect."""

    def compute():
        orders, talks, incidents, contracts, book = _books(case)
        kind = contracts["customer_id"].map(book["category"])
        rows = outreach.experiment_table(contracts[kind.isin(["household", "business"])], orders=orders,
                                         interactions=talks, incidents=incidents)
        rows["household"] = rows["customer_id"].map(book["category"]).eq("household").astype(int)
        rows["value"] = outreach.value_at_stake(rows["margin"], retention_rate=RETENTION, discount_rate=DISCOUNT)
        truth = case.truth.contracts.set_index("contract_id").reindex(rows.index)
        rows["effect"] = truth["exit_probability_not_called"] - truth["exit_probability_called"]
        return rows

    return _kept(case, "rows", compute)


def _year(case, year):
    rows = _rows(case)
    return rows[rows["due_on"].dt.year == year]


def _effect(case, by=None, kind="all", years=(2024, 2025)):
    """Effect of a call on the chance to renew, for one kind of rows."""
    rows = _rows(case)
    rows = rows[rows["due_on"].dt.year.isin(years)]
    kinds = None if by is None else rows[by]
    return float(outreach.average_effect(rows["renewed"], rows["treated"], by=kinds).loc[kind, "effect"])


def _against_everybody(case):
    rows = _rows(case)
    called = rows.loc[(rows["household"] == 1) & (rows["treated"] == 1), "renewed"].mean()
    return float(called - rows.loc[rows["treated"] == 0, "renewed"].mean())


def _curve_at(kind):
    curve = outreach.uplift_curve(RANKED["stayed"], -RANKED.index.to_numpy(), RANKED["called"], kind=kind)
    return float(curve.set_index("rows").loc[BEST, "gain"])


def _top():
    best = RANKED.iloc[:BEST]
    return best[best["called"] == 1]["stayed"], best[best["called"] == 0]["stayed"]


def _alpha(*, factor=True, total="sum"):
    k = ANSWERS.shape[1]
    whole = ANSWERS.sum(axis=1) if total == "sum" else ANSWERS.mean(axis=1)
    return (k / (k - 1) if factor else 1) * (1 - ANSWERS.var().sum() / whole.var())


def _largest_gift(*, loyal=1.0, contact=True, share=RISK, held_take=1.0):
    held = share * GIFT["rescue"]
    return (held * GIFT["value"] - contact * GIFT["contact_cost"]) / (held * held_take + loyal * (1 - share))


def _visits(case, *, cost=320, when="past", everybody=False, of=2025, among=True):
    rows, now = _rows(case), _year(case, 2025)
    known = {"past": rows[rows["due_on"] < now["decided_on"].min()], "2025": now}[when]
    kinds = None if among is None else known["neglected"]
    effect = float(outreach.average_effect(known["renewed"], known["treated"], by=kinds).loc[
        "all" if among is None else among, "effect"])
    rows = _year(case, of)
    chosen = effect * rows["value"] > cost
    return int((chosen if everybody else chosen & rows["neglected"]).sum())


def _exit_share(case, *, by="suppliers", exposed="neglected"):
    orders, talks, incidents, contracts, book = _books(case)
    years = _kept(case, "years", lambda: outreach.contact_years(contracts, interactions=talks))
    household = years["customer_id"].map(book["category"]).eq("household")
    suppliers = years["customer_id"].map(book["suppliers_used"]).clip(upper=3)
    strata = {None: None, "household": household, "suppliers": suppliers}[by]
    flag = years["neglected"] if exposed == "neglected" else ~years["neglected"]
    return float(outreach.exit_share(years["renewed"], flag, strata=strata, draws=10)["estimate"])


def _points(case):
    orders, talks, incidents, contracts, book = _books(case)
    years = _kept(case, "years", lambda: outreach.contact_years(contracts, interactions=talks))
    rate = years.groupby("neglected")["renewed"].mean()
    return float(rate[False] - rate[True])


def _offers(*, budget=BUDGET, divisible=False, rank=None):
    if rank is None:
        return float(outreach.assign_offers(OFFERS, budget=budget, divisible=divisible)["profit"].sum())
    table = OFFERS.assign(spend=OFFERS["customers"] * OFFERS["cost"],
                          profit=OFFERS["customers"] * (OFFERS["gain"] - OFFERS["cost"]))
    table["key"] = table["profit"] / (table["spend"] if rank == "ratio" else 1)
    left, done, total = budget, set(), 0.0
    for row in table.sort_values("key", ascending=False).itertuples():
        if row.segment not in done and row.spend <= left:
            left, total = left - row.spend, total + row.profit
            done.add(row.segment)
    return total


@lru_cache(maxsize=2)
def _coin(*, buyers=False, second=False):
    orders = load_cdnow().execute()
    later = set(orders.loc[orders["date"] >= "1998-01-01", "customer_id"])
    ids = pd.Series(sorted(orders["customer_id"].unique()))
    lot, came = ids.index.to_numpy() % 2 == 0, ids.isin(later).to_numpy()
    effect = float(came[lot].mean() - came[~lot].mean())
    return effect if not second else float(came[lot].sum() - came[~lot].sum())


def _two_rules(case, *, share=0.1, per=1000, year=2025, swap=False, estimate=False):
    rows = _rows(case) if year is None else _year(case, year)
    rules = {"price": outreach.best_share(rows["promotion_share"], share), "neglected": rows["neglected"]}
    if estimate:
        return outreach.policy_table(rows["renewed"], rows["treated"], rules, value=rows["value"], contact_cost=COST,
                                     propensity=0.5, draws=2)["gain"].tolist()
    gain = outreach.true_gain(rules, effect=rows["effect"], value=rows["value"], contact_cost=COST, per=1) * (
        len(rows) if per is None else per)
    return gain.tolist()[::-1] if swap else gain.tolist()


QUESTIONS = {
    "09.1": Question(
        prompt="from which chance of leaving on the contact pays, as a fraction",
        expected=lambda **_: outreach.break_even_churn(**OFFER),
        tolerance=0.0005,
        mistakes=(
            Mistake(lambda **_: outreach.break_even_churn(**OFFER, taken_by_loyal=0.0),
                    "the voucher goes to those who would have stayed as well: they take it, and nothing is gained"),
            Mistake(lambda **_: outreach.break_even_churn(**{**OFFER, "incentive": 0}),
                    "the voucher costs something too, and not only the telephone"),
            Mistake(lambda **_: (OFFER["contact_cost"] + OFFER["incentive"]) / (
                OFFER["rescue"] * OFFER["value"] + OFFER["incentive"]),
                    "close: who is held takes the voucher as well, so that they are worth a little less"),
            Mistake(lambda **_: (OFFER["contact_cost"] + OFFER["incentive"]) / (OFFER["rescue"] * OFFER["value"]),
                    "that charges the voucher to everybody, but leavers who cannot be held do not take it"),
        ),
    ),
    "09.2": Question(
        prompt="the Qini gain of the best five: customers kept among the called",
        expected=lambda **_: _curve_at("qini"),
        tolerance=0.001,
        unit="customers",
        mistakes=(
            Mistake(lambda **_: float(_top()[0].sum() - _top()[1].sum()),
                    "the two groups are not of the same size: scale the controls to the number of the called first"),
            Mistake(lambda **_: _curve_at("uplift"),
                    "that is the other convention, kind=\"uplift\": all five, called and not called"),
            Mistake(lambda **_: float(_top()[0].mean() - _top()[1].mean()),
                    "that is the difference of the two shares; a curve counts customers"),
            Mistake(lambda **_: float(_top()[0].sum()),
                    "these stayed after a call; how many would have stayed anyway?"),
        ),
    ),
    "09.3": Question(
        prompt="by how much a call raises the chance to renew among households, both years: a fraction, three decimals",
        expected=lambda case, **_: _effect(case, "household", 1),
        tolerance=0.0005,
        mistakes=(
            Mistake(lambda case, **_: _effect(case), "that is the effect on all of them"),
            Mistake(lambda case, **_: _effect(case, "household", 0), "that is the effect on businesses"),
            Mistake(lambda case, **_: _against_everybody(case),
                    "the controls have to be households, too: compare like with like"),
            Mistake(lambda case, **_: _effect(case, "household", 1, (2025,)), "that is one year; asked are both"),
            Mistake(lambda case, **_: _effect(case, "household", 1, (2024,)), "that is one year; asked are both"),
        ),
    ),
    "09.4": Question(
        prompt="Cronbach's alpha of three items and four respondents",
        expected=lambda **_: _alpha(),
        tolerance=0.001,
        mistakes=(
            Mistake(lambda **_: _alpha(factor=False), "the factor k / (k - 1) is missing"),
            Mistake(lambda **_: _alpha(total="mean"),
                    "the variance in the denominator is that of the sum of the items, not of their mean"),
            Mistake(lambda **_: float(ANSWERS.corr().to_numpy()[np.triu_indices(3, 1)].mean()),
                    "that is the mean correlation of the items: related, but not alpha"),
        ),
    ),
    "09.5": Question(
        prompt="the largest voucher that does not lose money, in yuan",
        expected=lambda **_: _largest_gift(),
        tolerance=0.05,
        unit="yuan",
        mistakes=(
            Mistake(lambda **_: _largest_gift(loyal=0.0), "the loyal take the voucher as well"),
            Mistake(lambda **_: _largest_gift(contact=False), "the contact itself costs something, too"),
            Mistake(lambda **_: _largest_gift(loyal=(1 - RISK * GIFT["rescue"]) / (1 - RISK)),
                    "who is contacted and leaves all the same takes no voucher"),
            Mistake(lambda **_: _largest_gift(held_take=0.0), "who is held takes the voucher as well as the loyal"),
            Mistake(lambda **_: GIFT["rescue"] * GIFT["value"],
                    "that is what one leaver is worth; few of the list are"),
        ),
    ),
    "09.6": Question(
        prompt="how many neglected contract years of 2025 are worth a visit at 320 yuan",
        expected=lambda case, **_: _visits(case),
        unit="contract years",
        mistakes=(
            Mistake(lambda case, **_: _visits(case, cost=COST), "that is with the cost of a call"),
            Mistake(lambda case, **_: _visits(case, everybody=True),
                    "those who were seen are in it: the effect is that of the neglected"),
            Mistake(lambda case, **_: _visits(case, when="2025"),
                    "the effect is taken from 2025, the year that is to be decided: nobody knows it yet"),
            Mistake(lambda case, **_: _visits(case, among=None),
                    "the effect is that on everybody; asked is that on the neglected"),
            Mistake(lambda case, **_: _visits(case, of=2024), "that is a decision about 2024; asked is 2025"),
        ),
    ),
    "09.7": Question(
        prompt="the exit share of a year without non-sales contact, within the three strata, as a fraction",
        expected=lambda case, **_: _exit_share(case),
        tolerance=0.0001,
        mistakes=(
            Mistake(lambda case, **_: _exit_share(case, by=None), "that is the plain comparison, without strata"),
            Mistake(lambda case, **_: _exit_share(case, by="household"),
                    "that holds fixed whether it is a household; asked is the number of suppliers"),
            Mistake(lambda case, **_: _exit_share(case, exposed="seen"),
                    "exposed are those who were not spoken to: the flag is the wrong way round"),
            Mistake(lambda case, **_: _points(case),
                    "that is a difference in points; an exit share is a part of those who would have stayed"),
        ),
    ),
    "09.8": Question(
        prompt="the profit of the best assignment of whole segments",
        expected=lambda **_: _offers(),
        tolerance=0.5,
        unit="yuan",
        mistakes=(
            Mistake(lambda **_: _offers(rank="ratio"),
                    "that takes the best return per yuan first; whole segments then leave a part of the budget idle"),
            Mistake(lambda **_: _offers(rank="profit"),
                    "that takes the largest profit first, whatever it uses up of the budget"),
            Mistake(lambda **_: _offers(divisible=True), "that splits a segment; asked are whole ones"),
            Mistake(lambda **_: _offers(budget=1e9), "that is without the budget"),
        ),
    ),
    "09.9": Question(
        prompt="the effect of a treatment that does nothing, on the share who bought in 1998, as a fraction",
        expected=lambda **_: _coin(),
        tolerance=0.0002,
        mistakes=(
            Mistake(lambda **_: -_coin(), "the sign is that of controls less treated"),
            Mistake(lambda **_: _coin(second=True),
                    "that is a difference of numbers of customers; asked is one of shares"),
        ),
    ),
    "09.10": Question(
        prompt="the true gain per 1,000 contract years of the two rules, in yuan: price buyers first, the neglected",
        expected=lambda case, **_: _two_rules(case),
        tolerance=1.0,
        unit="yuan",
        mistakes=(
            Mistake(lambda case, **_: _two_rules(case, swap=True), "the right numbers, in reverse order"),
            Mistake(lambda case, **_: _two_rules(case, per=None), "that is for all contract years; asked is per 1,000"),
            Mistake(lambda case, **_: _two_rules(case, estimate=True),
                    "that is what the experiment says they earn; asked is the truth"),
            Mistake(lambda case, **_: _two_rules(case, year=2024), "that is the year 2024"),
            Mistake(lambda case, **_: _two_rules(case, year=None), "that is of both years; asked is 2025"),
            Mistake(lambda case, **_: _two_rules(case, share=0.2), "that calls a fifth; asked is a tenth"),
        ),
    ),
}
