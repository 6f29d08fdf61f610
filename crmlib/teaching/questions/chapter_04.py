"""Questions of chapter 04: who gets a place? The chapter asks 04.1 to 04.4, the exercises the others."""

from functools import lru_cache

import pandas as pd

from crmlib import segments, value
from crmlib.data import load_cdnow
from crmlib.identity import account_ids, replace_ids
from crmlib.teaching.questions import Mistake, Question

PLACES = 20
CRITERIA = list(value.COMPONENTS)
POINTS = {  # what three colleagues and nobody would say, in the order of the criteria
    "sales director": (40, 20, 10, 10, 20),
    "finance": (10, 20, 10, 30, 30),
    "service": (10, 20, 40, 10, 20),
    "equal": (20, 20, 20, 20, 20),
}
DAYS_LATE = pd.DataFrame({"days late": [10, 20, 30, 60]}, index=["An", "Bo", "Chen", "Deng"])
ORDER = ["credit", "profit", "sales"]
TWO = pd.DataFrame({"sales": [0.9, 0.5], "credit": [0.2, 0.7]}, index=["An", "Bo"])
SERVICE_JUDGES = {("response", "courtesy"): 3, ("response", "price"): 5, ("courtesy", "price"): 3,
                  ("response", "image"): 7, ("courtesy", "image"): 5, ("image", "price"): 4}

_KEPT = {}  # what was computed of the last company asked about, which is held by it: no other can have its place


def _kept(case, key, compute):
    """Return what `compute` gives, computed once for each company in a row."""
    if _KEPT.get("case") is not case:
        _KEPT.clear()
        _KEPT["case"] = case
    if key not in _KEPT:
        _KEPT[key] = compute()
    return _KEPT[key]


def _books(case):
    """The books of the organisations outside the firm, one id each, as in the chapter."""

    def compute():
        organisations = case.customers[~case.customers["category"].isin(["internal", "household"])]
        ids = account_ids(organisations, same_name="merge")

        def books(table, column="customer_id"):
            return replace_ids(table[table[column].isin(organisations["customer_id"])], ids, column=column)

        return {"customers": organisations.set_index("customer_id"), "ids": ids, "orders": books(case.orders),
                "talks": books(case.interactions), "incidents": books(case.incidents),
                "contracts": books(case.contracts), "referrals": books(case.referrals, "referrer_id")}

    return _kept(case, "books", compute)


def _profit(case, days=None, as_of=None):
    """Revenue, margin, cost to serve and profit of the last `days`, or of all time."""
    books, end = _books(case), pd.Timestamp(as_of or case.observation_end)
    begin = end - pd.Timedelta(days=days) if days else pd.Timestamp.min
    lines, talks, incidents = (books[name][books[name]["date"].between(begin, end, inclusive="right")]
                               for name in ("orders", "talks", "incidents"))
    return segments.customer_profit(lines, costs={"contacts": talks[["customer_id", "cost"]],
                                                  "incidents": incidents[["customer_id", "cost"]]})


def _accounts(case, as_of=None):
    books = _books(case)
    return value.active_accounts(books["orders"], as_of=as_of or case.observation_end, contracts=books["contracts"])


def _criteria(case, horizon=5):
    def compute():
        books, day = _books(case), pd.Timestamp(case.observation_end)
        return value.account_criteria(
            books["orders"], as_of=day, accounts=_accounts(case), profit=_profit(case, 365)["profit"],
            grades=books["customers"]["credit_grade"], referrals=books["referrals"], horizon_years=horizon,
            on_sale=int((case.products["launched_on"] <= day).sum()))

    return _kept(case, ("criteria", horizon), compute)


def _lifetime_value(case):
    table, ever = _criteria(case), _profit(case)
    rate = (ever["profit"] / ever["revenue"].where(ever["revenue"] > 0)).reindex(table.index).fillna(0)
    return table["expected sales"] * rate


def _truth(case):
    return _kept(case, "truth", lambda: value.true_future_profit(case, _criteria(case).index, _books(case)["ids"]))


def _score(case, who, method="minmax", horizon=5):
    weights = value.direct_weights(dict(zip(CRITERIA, POINTS[who], strict=True)))
    return value.weighted_sum(value.normalise(_criteria(case, horizon), method=method), weights)


def _chosen(scores, places=PLACES):
    return set(value.choose(scores, places, ties="order"))


def _same(case, first="equal", second="service", method="minmax"):
    return len(_chosen(_score(case, first, method)) & _chosen(_score(case, second, method)))


def _without(case, criterion="credit grade", *, stay=True):
    four = value.normalise(_criteria(case).drop(columns=criterion), method="minmax")
    kept = len(_chosen(_score(case, "equal")) & _chosen(value.weighted_sum(four, [0.25] * 4)))
    return kept if stay else PLACES - kept


def _sure(case, *, places=50, least=0.95, exact=False):
    def compute():
        normal = value.normalise(_criteria(case), method="minmax")
        return value.weight_simulation(normal, draws=1000, seed=4, places=places)["p_chosen"]

    p = _kept(case, ("chances", places), compute)
    return int((p == 1).sum() if exact else (p >= least).sum())


def _worth(case, ranking):
    table = segments.programme(_truth(case)["future_profit"], {"list": ranking}, places=PLACES)
    return float(table.loc["list", "worth"])


def _best_scale(case, *, worst=False):
    found = {method: _worth(case, _score(case, "equal", method)) for method in ("minmax", "rank", "z")}
    return (min if worst else max)(found, key=found.get)


def _crossing():
    return float(value.crossings(TWO, {"sales": 0.5, "credit": 0.5}, "credit")["weight"].iloc[0])


def _given_away(case, *, first="equal", method="minmax", share=False):
    rankings = {"scores": _score(case, first, method), "lifetime value": _lifetime_value(case)}
    table = segments.programme(_truth(case)["future_profit"], rankings, places=PLACES)
    best = table["worth"] + table["given_away"]
    return (table["given_away"] / best if share else table["given_away"]).tolist()


@lru_cache
def _cdnow(*, costs=("recency",), outcome="after", places=100):
    """How many of the CDNOW customers chosen by three criteria, and by one, are among those who spent most later."""
    orders = load_cdnow().execute()
    before, after = orders[orders["date"] <= "1997-09-30"], orders[orders["date"] > "1997-09-30"]
    accounts = before["customer_id"].drop_duplicates().sort_values()
    day = {"as_of": "1997-09-30", "accounts": accounts}
    silent = pd.Timestamp("1997-09-30") - before.groupby("customer_id")["date"].max()
    criteria = pd.DataFrame({
        "spend": value.cumulative_sales(before, **day),
        "expected": value.expected_sales(before, horizon_years=1, **day)["expected sales"],
        "recency": silent.dt.days.reindex(accounts)})
    worth = after.groupby("customer_id")["amount"].sum().reindex(accounts).fillna(0)
    if outcome == "all":
        worth = worth + criteria["spend"]
    best = _chosen(worth, places)
    scores = value.weighted_sum(value.normalise(criteria, method="minmax", costs=list(costs)), [1 / 3] * 3)
    return [len(_chosen(scores, places) & best), len(_chosen(criteria["expected"], places) & best)]


QUESTIONS = {
    "04.1": Question(
        prompt="the min-max values of 10, 20, 30 and 60 days late, more being better",
        expected=lambda **_: value.normalise(DAYS_LATE, method="minmax", costs=["days late"])["days late"].tolist(),
        tolerance=0.001,
        mistakes=(
            Mistake(lambda **_: value.normalise(DAYS_LATE, method="minmax")["days late"].tolist(),
                    "the latest payer comes out best: of days late, less is better"),
            Mistake(lambda **_: value.normalise(DAYS_LATE, method="max", costs=["days late"])["days late"].tolist(),
                    "that is the smallest over the value; min-max measures from the smallest to the largest"),
            Mistake(lambda **_: value.normalise(DAYS_LATE, method="max", costs=["days late"],
                                                cost_rule="complement")["days late"].tolist(),
                    "that divides by the largest; min-max divides by the largest less the smallest"),
        ),
    ),
    "04.2": Question(
        prompt="rank-order centroid weights of credit, profit and sales, in this order of importance",
        expected=lambda **_: value.rank_weights(ORDER).tolist(),
        tolerance=0.002,
        mistakes=(
            Mistake(lambda **_: value.rank_weights(ORDER, method="sum").tolist(),
                    "that is the rank-sum rule (3, 2, 1 over 6); the centroid averages all weights with this order"),
            Mistake(lambda **_: value.rank_weights(ORDER, method="reciprocal").tolist(),
                    "that is the reciprocal rule (1, 1/2, 1/3 over their sum); the centroid averages 1/k"),
            Mistake(lambda **_: value.rank_weights(ORDER).tolist()[::-1], "the right weights, the wrong way round"),
            Mistake(lambda **_: (3 * value.rank_weights(ORDER)).tolist(), "these do not sum to 1: divide by n"),
        ),
    ),
    "04.3": Question(
        prompt="how many of the twenty by equal weights keep their place with the points of the service manager",
        expected=lambda case, **_: _same(case),
        unit="customers",
        mistakes=(
            Mistake(lambda case, **_: PLACES - _same(case), "that is who loses the place; asked is who keeps it"),
            Mistake(lambda case, **_: 2 * PLACES - _same(case),
                    "that is who is on either list; asked is who is on both"),
            Mistake(lambda case, **_: _same(case, method="z"), "that is with z-scores; asked is min-max"),
        ),
    ),
    "04.4": Question(
        prompt="the weight of credit at which An and Bo change places, the rest being the weight of sales, as a "
               "fraction",
        expected=lambda **_: _crossing(),
        tolerance=0.002,
        mistakes=(
            Mistake(lambda **_: 1 - _crossing(),
                    "that is the weight of sales there; asked is that of credit"),
            Mistake(lambda **_: 0.4 / 0.5,
                    "the weight of sales falls as that of credit rises: both sides of the equation change"),
        ),
    ),
    "04.5": Question(
        prompt="how many of the twenty by equal weights keep their place if the credit grade is left out",
        expected=lambda case, **_: _without(case),
        unit="customers",
        mistakes=(
            Mistake(lambda case, **_: _without(case, stay=False), "that is who loses the place; asked is who keeps it"),
            Mistake(lambda case, **_: _without(case, "demand contribution"), "another criterion was left out"),
        ),
    ),
    "04.6": Question(
        prompt="how many customers have one of 50 places under at least 95 % of the weights",
        expected=lambda case, **_: _sure(case),
        unit="customers",
        mistakes=(
            Mistake(lambda case, **_: _sure(case, places=20) if _sure(case, places=20) != _sure(case) else -1,
                    "that is with 20 places; asked are 50"),
            Mistake(lambda case, **_: _sure(case, least=0.5), "that is at least half of the weights"),
        ),
    ),
    "04.7": Question(
        prompt="the scale on which equal weights choose the list that is worth most in truth",
        expected=lambda case, **_: _best_scale(case),
        choices=("minmax", "rank", "z"),
        mistakes=(Mistake(lambda case, **_: _best_scale(case, worst=True), "on that scale the list is worth least"),),
    ),
    "04.8": Question(
        prompt="the two criteria of the judgement that fits least",
        expected=lambda **_: set(value.ahp(SERVICE_JUDGES).judgements.loc[0, ["first", "second"]]),
        mistakes=(
            Mistake(lambda **_: set(value.ahp(SERVICE_JUDGES).judgements.iloc[-1][["first", "second"]]),
                    "that one fits best: look at the other end of the table"),
        ),
    ),
    "04.9": Question(
        prompt="of the twenty CDNOW customers who spent most afterwards, how many are chosen by the three criteria, "
               "and "
               "how many by expected sales alone",
        expected=lambda **_: _cdnow(),
        unit="customers",
        mistakes=(
            Mistake(lambda **_: _cdnow(costs=()), "of days since the last purchase, less is better: name it in costs"),
            Mistake(lambda **_: _cdnow()[::-1], "the right numbers in the other order"),
            Mistake(lambda **_: _cdnow(places=20), "that is with twenty places; asked are a hundred"),
            Mistake(lambda **_: _cdnow(outcome="all"),
                    "the spend before 30 September was counted as well: judge by what came afterwards"),
        ),
    ),
    "04.10": Question(
        prompt="what the list by equal weights and the list by lifetime value give away against the best possible one",
        expected=lambda case, **_: _given_away(case),
        tolerance=100.0,
        unit="yuan",
        mistakes=(
            Mistake(lambda case, **_: _given_away(case)[::-1], "the right numbers in the other order"),
            Mistake(lambda case, **_: _given_away(case, share=True), "these are shares of the best list; asked is "
                                                                     "money"),
            Mistake(lambda case, **_: _given_away(case, method="z"), "that is with z-scores; asked is min-max"),
        ),
    ),
}
