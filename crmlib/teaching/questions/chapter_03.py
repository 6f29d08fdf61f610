"""Questions of chapter 03: how do customers differ? The chapter asks 03.1 to 03.4, the exercises the others."""

import math
from functools import lru_cache

import pandas as pd

from crmlib import segments
from crmlib.data import load_cdnow
from crmlib.teaching.questions import Mistake, Question, keeper, outside_books

SPEND = pd.Series({"An": 40, "Bo": 40, "Chen": 40, "Deng": 90, "Fu": 10})
LABELLED, CALLED_TRANSACTION, WRONG = 100, 70, 0.10

_kept = keeper()


def _external(case):
    """Customers who are not the firm itself, and who of them stands under two ids."""
    return outside_books(case)[:2]


def _books(case, year=None, *, raw=False):
    """Order lines, talks and incidents of external customers, one id each (`raw`: as filed); of one year, or of all."""
    names = "orders", "interactions", "incidents"
    filed = [getattr(case, name) for name in names]
    tables = filed if raw else _kept(case, "books", lambda: outside_books(case, *names)[2])
    return [table if year is None else table[table["date"].dt.year == year] for table in tables]


def _profit(case, year=2025, *, costs=("contacts", "incidents")):
    """Profit per customer of one year, as in the chapter."""

    def compute():
        orders, talks, incidents = _books(case, year)
        to_serve = {"contacts": talks[["customer_id", "cost"]], "incidents": incidents[["customer_id", "cost"]]}
        return segments.customer_profit(orders, costs={name: to_serve[name] for name in costs})

    return _kept(case, (year, costs), compute)


def _spend(case, year=2025):
    revenue = _profit(case, year)["revenue"]
    return revenue[revenue > 0]


def _tier_size(case, *, of="revenue", share=0.6):
    values = _profit(case)[of]
    values = values[values > 0]
    tier = segments.tiers(values, method="value", limits=(share, 1 - share), names=("VIP", "rest"))
    return int((tier == "VIP").sum())


def _best_tenth(case, *, rank_by="profit", of="profit", buyers=False):
    table = _profit(case)
    if buyers:
        table = table[table["revenue"] > 0]
    places = math.ceil(0.1 * len(table))
    best = table.sort_values(rank_by, ascending=False, kind="stable").index[:places]
    return table.loc[best, of].sum() / table[of].sum()


def _corrected(called=CALLED_TRANSACTION / LABELLED, wrong=WRONG):
    return (called - wrong) / (1 - 2 * wrong)


def _all_best(case, *, as_of="2024-12-31", monetary="sum", levels=5, raw=False):
    def compute():
        table = segments.rfm(_books(case, raw=raw)[0], as_of=as_of, later="drop", levels=levels, monetary=monetary,
                             collapsed="ignore")
        return int((table["rfm"] == str(levels) * 3).sum())

    return _kept(case, ("best", as_of, monetary, levels, raw), compute)


def _peak(case, *, costs=("contacts",), buyers=False):
    table = _profit(case, costs=costs)
    return segments.whale_peak(table.loc[table["revenue"] > 0 if buyers else table.index, "profit"])["peak_share"]


def _vip_by_days(case, rules=("up", "order", "down"), *, count="nunique", returns=False):
    orders = _books(case, 2025)[0]
    days = (orders if returns else orders[orders["amount"] > 0]).groupby("customer_id")["date"].agg(count)
    by = {"method": "count", "limits": (0.05, 0.95), "names": ("VIP", "rest")}
    return [int((segments.tiers(days, **by, ties=rule) == "VIP").sum()) for rule in rules]


def _promotion_share(case, *, label_error=None, column="share"):
    known = case.customers.set_index("customer_id")
    if label_error is None:
        label_error = case.truth.parameters["label_error"]
    table = segments.label_shares(known["buyer_label"], known["channel"], label_error=label_error)
    return float(table.loc["promotion", column])


@lru_cache(maxsize=4)
def _cdnow_windows(*, sample=False, everybody=True, same_best=False):
    orders = load_cdnow(sample=sample).execute()
    shares, whole = [], orders.groupby("customer_id")["amount"].sum().sort_values(ascending=False, kind="stable")
    for start in ("1997-01-01", "1998-01-01"):
        spend = orders[orders["date"] >= start].groupby("customer_id")["amount"].sum()
        if everybody:
            spend = spend.reindex(orders["customer_id"].unique()).fillna(0)
        best = whole.index[:math.ceil(0.2 * len(whole))]
        shares.append(float(spend.reindex(best).fillna(0).sum() / spend.sum()) if same_best
                      else segments.top_share(spend))
    return shares


def _given_away(case, *, places=50, by="revenue", absent=True):
    before, after = _profit(case, 2024), _profit(case, 2025)["profit"]
    before = before[before["revenue"] > 0]
    if not absent:
        before = before[before.index.isin(after.index)]
    worth = after.reindex(before.index).fillna(0.0)
    table = segments.programme(worth, {name: before[name] for name in ("revenue", "profit")}, places=places)
    return float(table.loc["profit", "worth"] - table.loc["revenue", "worth"]) if by == "both" else float(
        table.loc[by, "given_away"])


QUESTIONS = {
    "03.1": Question(
        prompt="the M scores of An, Bo, Chen, Deng and Fu, five levels, ties sharing their average rank",
        expected=lambda **_: segments.rank_scores(SPEND, collapsed="ignore").tolist(),
        mistakes=(
            Mistake(lambda **_: segments.scores_by_row_order(SPEND).tolist(),
                    "three of them spent the same and get different scores: ties are broken by the order of the rows"),
            Mistake(lambda **_: SPEND.rank(method="min").astype(int).tolist(),
                    "that gives tied customers the lowest of their ranks; take the average of the ranks they share"),
            Mistake(lambda **_: SPEND.rank(method="max").astype(int).tolist(),
                    "that gives tied customers the highest of their ranks; take the average of the ranks they share"),
            Mistake(lambda **_: (6 - segments.rank_scores(SPEND, collapsed="ignore")).tolist(),
                    "the order is upside down: 5 is the best score"),
            Mistake(lambda **_: SPEND.rank(method="dense").astype(int).tolist(),
                    "that numbers the different amounts; a rank counts customers"),
        ),
    ),
    "03.2": Question(
        prompt="how many customers are VIP if VIPs hold 60 % of the spend of 2025",
        expected=lambda case, **_: _tier_size(case),
        unit="customers",
        mistakes=(
            Mistake(lambda case, **_: _tier_size(case, of="profit"), "that is 60 % of the profit; asked is the spend"),
            Mistake(lambda case, **_: math.ceil(0.6 * len(_spend(case))),
                    "that is 60 % of the customers (method \"count\"); asked are those who hold 60 % of the spend"),
            Mistake(lambda case, **_: len(_spend(case)) - _tier_size(case),
                    "that is the other tier: those who hold the rest"),
            Mistake(lambda case, **_: _tier_size(case, share=0.5), "that is half of the spend, as in the table above"),
        ),
    ),
    "03.3": Question(
        prompt="which share of the profit of 2025 the most profitable tenth of the customers holds, as a fraction",
        expected=lambda case, **_: _best_tenth(case),
        tolerance=0.0005,
        mistakes=(
            Mistake(lambda case, **_: _best_tenth(case, buyers=True),
                    "those who were served and bought nothing were left out: take all customers in `profit`"),
            Mistake(lambda case, **_: _best_tenth(case, rank_by="revenue"),
                    "that is the tenth with the highest spend; asked is the tenth with the highest profit"),
            Mistake(lambda case, **_: _best_tenth(case, rank_by="revenue", of="revenue"),
                    "that is a share of the revenue; asked is the profit"),
            Mistake(lambda case, **_: _best_tenth(case, of="revenue"),
                    "these are the right customers, but a share of the revenue; asked is the profit"),
            Mistake(lambda case, **_: segments.top_share(_profit(case)["profit"].clip(lower=0), share=0.1),
                    "the losses were left out: divide by the profit of all customers, losses deducted"),
        ),
    ),
    "03.4": Question(
        prompt="the true share of price buyers, if 70 of 100 labels say so and one in ten is wrong, as a fraction",
        expected=lambda **_: _corrected(),
        tolerance=0.001,
        mistakes=(
            Mistake(lambda **_: CALLED_TRANSACTION / LABELLED, "these are the labels: one in ten of them is wrong"),
            Mistake(lambda **_: CALLED_TRANSACTION / LABELLED - WRONG,
                    "wrong labels go both ways: some price buyers are called relationship buyers. Divide as well"),
            Mistake(lambda **_: CALLED_TRANSACTION / LABELLED * (1 - WRONG),
                    "that counts the right labels only; some price buyers hide among the others"),
            Mistake(lambda **_: 1 - _corrected(), "that is the share of relationship buyers"),
        ),
    ),
    "03.5": Question(
        prompt="how many customers had the scores 555 on 31 December 2024",
        expected=lambda case, **_: _all_best(case),
        unit="customers",
        mistakes=(
            Mistake(lambda case, **_: _all_best(case, as_of="2025-12-31"),
                    "that is a year later: which day is the snapshot of?"),
            Mistake(lambda case, **_: _all_best(case, monetary="mean"),
                    "M is the mean per purchase day there; the chapter's is the sum"),
            Mistake(lambda case, **_: _all_best(case, raw=True),
                    "the firm's own departments and second ids are in it: use `orders` of this notebook"),
            Mistake(lambda case, **_: _all_best(case, levels=4), "that has four levels; asked are five"),
        ),
    ),
    "03.6": Question(
        prompt="the highest point of the whale curve of 2025 without the cost of incidents, as a multiple of the total",
        expected=lambda case, **_: _peak(case),
        tolerance=0.002,
        mistakes=(
            Mistake(lambda case, **_: _peak(case, costs=("contacts", "incidents")),
                    "the incidents are still deducted: leave them out of the costs"),
            Mistake(lambda case, **_: _peak(case, costs=("incidents",)),
                    "the other cost was left out: keep the contacts, drop the incidents"),
            Mistake(lambda case, **_: _peak(case, buyers=True),
                    "those who were visited and bought nothing were left out; their cost counts"),
            Mistake(lambda case, **_: _peak(case, costs=()), "both costs are gone: keep the contacts"),
        ),
    ),
    "03.7": Question(
        prompt="how many customers a VIP tier of 5 % by purchase days of 2025 has, with ties up, by order and down",
        expected=lambda case, **_: _vip_by_days(case),
        unit="customers",
        mistakes=(
            Mistake(lambda case, **_: _vip_by_days(case, ("down", "order", "up")),
                    "the right numbers, in reverse order"),
            Mistake(lambda case, **_: _vip_by_days(case, count="size"),
                    "that counts order lines; asked are days with a purchase"),
            Mistake(lambda case, **_: _vip_by_days(case, returns=True),
                    "days with returns only were counted: a purchase day has a positive line"),
        ),
    ),
    "03.8": Question(
        prompt="the share of transaction buyers among customers won by promotions, corrected for wrong labels, as a "
               "fraction",
        expected=lambda case, **_: _promotion_share(case),
        tolerance=0.001,
        mistakes=(
            Mistake(lambda case, **_: _promotion_share(case, label_error=0.0),
                    "this is as labelled: correct for the share of wrong labels"),
            Mistake(lambda case, **_: 1 - _promotion_share(case), "that is the share of relationship buyers"),
            Mistake(lambda case, **_: _promotion_share(case, column="high"), "that is the upper end of the interval"),
        ),
    ),
    "03.9": Question(
        prompt="what the best 20 % of all 23,570 CDNOW customers hold of the whole spend, and of the spend from "
               "1 January 1998 on, as fractions",
        expected=lambda **_: _cdnow_windows(),
        tolerance=0.0005,
        mistakes=(
            Mistake(lambda **_: _cdnow_windows(everybody=False),
                    "the second counts buyers of 1998 only: who bought nothing then is a customer with zero"),
            Mistake(lambda **_: _cdnow_windows(same_best=True),
                    "that is the same best fifth in both windows: rank all customers again by the spend from 1998 on"),
            Mistake(lambda **_: _cdnow_windows()[::-1], "the right numbers, in reverse order"),
            Mistake(lambda **_: _cdnow_windows(sample=True), "that is the sample of 2,357; load the master file"),
        ),
    ),
    "03.10": Question(
        prompt="how much profit of 2025 the 50 places give away that were filled by the spend of 2024",
        expected=lambda case, **_: _given_away(case),
        tolerance=1.0,
        unit="yuan",
        mistakes=(
            Mistake(lambda case, **_: _given_away(case, by="profit"),
                    "that is the list by the profit of 2024; asked is the one by spend"),
            Mistake(lambda case, **_: _given_away(case, absent=False),
                    "whoever did not come back was left out: they count as zero"),
            Mistake(lambda case, **_: _given_away(case, by="both"),
                    "that is the difference of the two lists; asked is what is missing to the best possible list"),
        ),
    ),
}
