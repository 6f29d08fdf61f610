"""Questions of chapter 04: who gets a place? The chapter asks 04.1 to 04.4, the exercises the others."""

from functools import lru_cache

import pandas as pd

from crmlib import segments, value
from crmlib.data import load_cdnow
from crmlib.teaching import key_accounts
from crmlib.teaching.questions import Mistake, Question, keeper

PLACES = 20
CRITERIA = list(value.COMPONENTS)
DAYS_LATE = pd.DataFrame({"days late": [10, 20, 30, 60]}, index=["An", "Bo", "Chen", "Deng"])
ORDER = ["credit", "profit", "sales"]
TWO = pd.DataFrame({"sales": [0.9, 0.5], "credit": [0.2, 0.7]}, index=["An", "Bo"])
SERVICE_JUDGES = {("response", "courtesy"): 3, ("response", "price"): 5, ("courtesy", "price"): 3,
                  ("response", "image"): 7, ("courtesy", "image"): 5, ("image", "price"): 4}

_kept = keeper()


def _books(case):
    return _kept(case, "books", lambda: key_accounts.books_of(case))


def _criteria(case):
    return _kept(case, "criteria", lambda: key_accounts.five_values(case, _books(case), case.observation_end))


def _lifetime_value(case, *, last_year=False):
    table, day = _criteria(case), pd.Timestamp(case.observation_end)
    if not last_year:
        return key_accounts.expected_profit(_books(case), table, day)
    year = key_accounts.profit_of(_books(case), day - pd.Timedelta(days=365), day).reindex(table.index)
    return table["expected sales"] * (year["profit"] / year["revenue"].where(year["revenue"] > 0)).fillna(0)


def _truth(case):
    return _kept(case, "truth", lambda: value.true_future_profit(case, _criteria(case).index, _books(case)["ids"]))


def _score(case, who, method="minmax"):
    weights = value.direct_weights(dict(zip(CRITERIA, key_accounts.POINTS[who], strict=True)))
    return value.weighted_sum(value.normalise(_criteria(case), method=method), weights)


def _chosen(scores, places=PLACES):
    return set(value.choose(scores, places, ties="order"))


def _same(case, first="equal", second="service", method="minmax"):
    return len(_chosen(_score(case, first, method)) & _chosen(_score(case, second, method)))


def _without(case, criterion="credit grade", *, stay=True):
    four = value.normalise(_criteria(case).drop(columns=criterion), method="minmax")
    kept = len(_chosen(_score(case, "equal")) & _chosen(value.weighted_sum(four, [0.25] * 4)))
    return kept if stay else PLACES - kept


def _sure(case, *, places=50, least=0.95):
    def compute():
        normal = value.normalise(_criteria(case), method="minmax")
        return value.weight_simulation(normal, draws=1000, seed=4, places=places)["p_chosen"]

    p = _kept(case, ("chances", places), compute)
    return int((p >= least).sum())


def _worth(case, ranking):
    table = segments.programme(_truth(case)["future_profit"], {"list": ranking}, places=PLACES)
    return float(table.loc["list", "worth"])


def _best_scale(case, *, worst=False):
    found = {method: _worth(case, _score(case, "equal", method)) for method in ("minmax", "rank", "z")}
    return (min if worst else max)(found, key=found.get)


def _middle_scale(case):
    return ({"minmax", "rank", "z"} - {_best_scale(case), _best_scale(case, worst=True)}).pop()


def _crossing():
    return float(value.crossings(TWO, {"sales": 0.5, "credit": 0.5}, "credit")["weight"].iloc[0])


def _given_away(case, *, method="minmax", column="given_away", last_year=False):
    rankings = {"scores": _score(case, "equal", method), "lifetime value": _lifetime_value(case, last_year=last_year)}
    table = segments.programme(_truth(case)["future_profit"], rankings, places=PLACES)
    table["share"] = table["given_away"] / (table["worth"] + table["given_away"])
    return table[column].tolist()


@lru_cache
def _cdnow_criteria(horizon):
    """Three criteria of the CDNOW customers on 30 September 1997, and what they spent afterwards."""
    orders = load_cdnow().execute()
    before, after = orders[orders["date"] <= "1997-09-30"], orders[orders["date"] > "1997-09-30"]
    accounts = before["customer_id"].drop_duplicates().sort_values()
    day = {"as_of": "1997-09-30", "accounts": accounts}
    silent = pd.Timestamp("1997-09-30") - before.groupby("customer_id")["date"].max()
    criteria = pd.DataFrame({
        "spend": value.cumulative_sales(before, **day),
        "expected": value.expected_sales(before, horizon_years=horizon, **day)["expected sales"],
        "recency": silent.dt.days.reindex(accounts)})
    return criteria, after.groupby("customer_id")["amount"].sum().reindex(accounts).fillna(0)


def _cdnow(*, costs=("recency",), outcome="after", places=100, horizon=1):
    """How many of the CDNOW customers chosen by three criteria, and by one, are among those who spent most later."""
    criteria, worth = _cdnow_criteria(horizon)
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
            Mistake(lambda case, **_: _same(case, "sales director", "service"),
                    "that is sales and service; asked are equal weights and service"),
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
            Mistake(lambda case, **_: _sure(case, least=1.0) if _sure(case, least=1.0) != _sure(case) else -1,
                    "that is under every weight drawn; 95 % of them are enough"),
            Mistake(lambda case, **_: _sure(case, least=1e-9), "that is under at least one of the weights"),
        ),
    ),
    "04.7": Question(
        prompt="the scale on which equal weights choose the list that is worth most in truth",
        expected=lambda case, **_: _best_scale(case),
        choices=("minmax", "rank", "z"),
        mistakes=(Mistake(lambda case, **_: _best_scale(case, worst=True), "on that scale the list is worth least"),
                  Mistake(lambda case, **_: _middle_scale(case),
                          "another scale is worth more: compare the column worth of segments.programme")),
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
        prompt="of the hundred CDNOW customers who spent most afterwards, how many are chosen by the three criteria, "
               "and how many by expected sales alone",
        expected=lambda **_: _cdnow(),
        unit="customers",
        mistakes=(
            Mistake(lambda **_: _cdnow(costs=()), "of days since the last purchase, less is better: name it in costs"),
            Mistake(lambda **_: _cdnow()[::-1], "the right numbers in the other order"),
            Mistake(lambda **_: _cdnow(places=20), "that is with twenty places; asked are a hundred"),
            Mistake(lambda **_: _cdnow(horizon=5) if _cdnow(horizon=5) != _cdnow() else [-1, -1],
                    "expected sales of the next year are asked: horizon_years=1"),
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
            Mistake(lambda case, **_: _given_away(case, column="share"),
                    "these are shares of the best list; asked is money"),
            Mistake(lambda case, **_: _given_away(case, column="worth"),
                    "that is what the lists are worth; asked is what is missing against the best one"),
            Mistake(lambda case, **_: _given_away(case, last_year=True),
                    "the ratio of the last year was taken; asked is profit over sales of all years so far"),
            Mistake(lambda case, **_: _given_away(case, method="z"), "that is with z-scores; asked is min-max"),
        ),
    ),
}
