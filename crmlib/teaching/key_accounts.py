"""The contest of chapter 04: books, five components, lists of customers, and what each list is worth.

One place for what the chapter, its exercises, its questions and its tests compute, so that all judge the same lists.
"""

import pandas as pd

from crmlib import segments, value
from crmlib.intervals import normal_quantile
from crmlib.teaching.questions import outside_books

POINTS = {  # what three colleagues hand out, and nobody's points, in the order of `crmlib.value.COMPONENTS`
    "sales director": (40, 20, 10, 10, 20),
    "finance": (10, 20, 10, 30, 30),
    "service": (10, 20, 40, 10, 20),
    "equal": (20, 20, 20, 20, 20),
}
SWINGS = {"cumulative sales": 10, "expected sales": 100, "demand contribution": 15, "credit grade": 25,
          "profit contribution": 90}  # the finance director again, asked for the step from the worst to the best
PAIRS = {  # the sales director again, asked which of two components matters more, and how many times
    ("expected sales", "cumulative sales"): 3, ("expected sales", "demand contribution"): 5,
    ("expected sales", "credit grade"): 4, ("expected sales", "profit contribution"): 2,
    ("cumulative sales", "demand contribution"): 2, ("cumulative sales", "credit grade"): 2,
    ("profit contribution", "cumulative sales"): 2, ("profit contribution", "demand contribution"): 4,
    ("profit contribution", "credit grade"): 3, ("demand contribution", "credit grade"): 7,
}
ASKED_AGAIN = {("demand contribution", "credit grade"): 1}
SCALES = ("minmax", "z", "rank", "TOPSIS")
LARGEST = "largest distributors"


def books_of(case) -> dict:
    """Return the books of the organisations outside the firm, whoever registered twice under one id.

    Parameters
    ----------
    case : Case

    Returns
    -------
    dict
        ``ids`` (account by customer id), ``customers`` (by id), ``grades``, and the tables ``orders, talks, incidents,
        contracts, referrals`` with accounts in the place of customers.
    """
    names = {"orders": "orders", "talks": "interactions", "incidents": "incidents", "contracts": "contracts",
             "referrals": "referrals"}
    outside, ids, tables = outside_books(case, *names.values(), without=("internal", "household"))
    people = outside.set_index("customer_id")
    return {"ids": ids, "customers": people, "grades": people["credit_grade"], **dict(zip(names, tables, strict=True))}


def profit_of(books, begin, end) -> pd.DataFrame:
    """Return revenue, margin, cost to serve and profit of each customer after `begin`, up to `end`.

    As `crmlib.segments.customer_profit`: visits and failures are what it costs to serve.
    """
    days = {name: books[name][books[name]["date"].between(pd.Timestamp(begin), pd.Timestamp(end), inclusive="right")]
            for name in ("orders", "talks", "incidents")}
    return segments.customer_profit(days["orders"], costs={"contacts": days["talks"][["customer_id", "cost"]],
                                                           "incidents": days["incidents"][["customer_id", "cost"]]})


def forecast_of(books, day, *, horizon=5, discount_rate=0.10) -> pd.DataFrame:
    """Return x2 of every candidate of that day, with its parts, as `crmlib.value.expected_sales`."""
    accounts = value.active_accounts(books["orders"], as_of=day, contracts=books["contracts"])
    return value.expected_sales(books["orders"], as_of=day, accounts=accounts, horizon_years=horizon,
                                discount_rate=discount_rate)


def five_values(case, books, day, *, horizon=5, discount_rate=0.10, forecast=None) -> pd.DataFrame:
    """Return x1 to x5 of every candidate of that day; nothing later is looked at.

    Parameters
    ----------
    case : Case
    books : dict
        Of `books_of`.
    day : str or date
    horizon, discount_rate
        Years ahead, and the yearly rate, of x2.
    forecast : pandas.DataFrame, optional
        Of `forecast_of` on the same day, if it is there already.

    Returns
    -------
    pandas.DataFrame
        As `crmlib.value.account_criteria`.
    """
    day = pd.Timestamp(day)
    if forecast is None:
        forecast = forecast_of(books, day, horizon=horizon, discount_rate=discount_rate)
    return value.account_criteria(
        books["orders"], as_of=day, profit=profit_of(books, day - pd.Timedelta(days=365), day)["profit"],
        accounts=forecast.index, grades=books["grades"], referrals=books["referrals"], forecast=forecast,
        on_sale=int((case.products["launched_on"] <= day).sum()))


def expected_profit(books, table, day) -> pd.Series:
    """Return lifetime value as a firm can compute it: expected sales times the customer's own profit ratio so far.

    The ratio is profit after cost to serve over sales, of all years up to `day`; 0 for whoever has no sales.
    """
    ever = profit_of(books, "1900-01-01", day).reindex(table.index)
    return table["expected sales"] * (ever["profit"] / ever["revenue"].where(ever["revenue"] > 0)).fillna(0)


def candidate_lists(books, table, day) -> pd.DataFrame:
    """Return every list that is judged, as scores: the same lists in every comparison.

    Parameters
    ----------
    books : dict
        Of `books_of`.
    table : pandas.DataFrame
        Of `five_values`.
    day : str or date
        Of the table.

    Returns
    -------
    pandas.DataFrame
        One row per customer. Columns have two levels, weights and scale: each of seven weights (three colleagues,
        equal, swings, AHP, CRITIC) by the sum on each of three scales and by TOPSIS; and, with the scale ``""``, five
        lists without weights.
    """
    weights = {name: value.direct_weights(dict(zip(table.columns, points, strict=True)))
               for name, points in POINTS.items()}
    weights |= {"swings": value.swing_weights(SWINGS), "AHP": value.ahp(PAIRS | ASKED_AGAIN).weights,
                "CRITIC": value.critic_weights(table)}
    scores = {}
    for scale in SCALES:
        normal = None if scale == "TOPSIS" else value.normalise(table, method=scale, constant="middle")
        for name, stated in weights.items():
            scores[name, scale] = (value.topsis(table, stated)["closeness"] if normal is None else
                                   value.weighted_sum(normal, stated))
    distributor = books["customers"]["category"].reindex(table.index) == "distributor"
    scores[LARGEST, ""] = table["cumulative sales"].where(distributor, table["cumulative sales"] - 1e9)
    scores["grade (x4)", ""] = table["credit grade"]
    scores["sales so far (x1)", ""] = table["cumulative sales"]
    scores["last year's profit (x5)", ""] = table["profit contribution"]
    scores["lifetime value", ""] = expected_profit(books, table, day)
    return pd.DataFrame(scores).rename_axis(columns=["weights", "scale"])


def judged(worth, lists, *, places=20) -> pd.DataFrame:
    """Return what each list is worth.

    Parameters
    ----------
    worth : pandas.Series
        What each customer brings, in money.
    lists : pandas.DataFrame
        Scores, a column per list; ties by the order of the rows.
    places : int

    Returns
    -------
    pandas.DataFrame
        One row per list: ``worth`` (money), ``right`` (how many belong to the best possible list), ``share`` (of what
        the best possible list is worth).
    """
    best = value.choose(worth, places, ties="order")
    rows = {}
    for name, scores in lists.items():
        chosen = value.choose(scores, places, ties="order")
        rows[name] = {"worth": round(worth[chosen].sum(), 2), "right": len(set(chosen) & set(best)),
                      "share": worth[chosen].sum() / worth[best].sum()}
    found = pd.DataFrame.from_dict(rows, orient="index")
    return found.set_axis(lists.columns)


def gap(worth, first, second, *, places=20, level=0.99) -> tuple:
    """Return by how much one list is worth more than another, and the interval of that difference.

    Parameters
    ----------
    worth : pandas.Series
        What each customer brought, in money.
    first, second : pandas.Series
        Scores of the two lists.
    places : int
    level : float
        Of the interval.

    Returns
    -------
    tuple
        Difference, low and high. The interval is difference ± z √Σ worth², over the customers on one of the two lists
        only: as if each of them might as well have been there twice or not at all (Poisson bootstrap).
    """
    lists = [set(value.choose(scores, places, ties="order")) for scores in (first, second)]
    difference = worth[list(lists[0])].sum() - worth[list(lists[1])].sum()
    half = normal_quantile(level) * (worth[list(lists[0] ^ lists[1])] ** 2).sum() ** 0.5
    return float(difference), float(difference - half), float(difference + half)


def position(case, *, horizon=5, discount_rate=0.10) -> dict:
    """Return what is known of one company on the last day of its data, and what only its makers know.

    Returns
    -------
    dict
        ``books`` (`books_of`), ``forecast`` (`forecast_of`), ``criteria`` (`five_values`), ``truth``
        (`crmlib.value.true_future_profit`).
    """
    books, ahead = books_of(case), {"horizon": horizon, "discount_rate": discount_rate}
    forecast = forecast_of(books, case.observation_end, **ahead)
    criteria = five_values(case, books, case.observation_end, forecast=forecast)
    truth = value.true_future_profit(case, criteria.index, books["ids"], horizon_years=horizon,
                                     discount_rate=discount_rate)
    return {"books": books, "forecast": forecast, "criteria": criteria, "truth": truth}


def contest(case, *, places=20, horizon=5, discount_rate=0.10, known=None) -> pd.DataFrame:
    """Return what every list is worth in one company, by the truth and by the test that a firm can do itself.

    Parameters
    ----------
    case : Case
    places : int
    horizon, discount_rate
        Of x2, and of the truth.
    known : dict, optional
        Of `position`, with the same horizon and rate, if it is there already.

    Returns
    -------
    pandas.DataFrame
        One row per list (`candidate_lists`); ``truth``: share of the best possible list by true future profit, of lists
        made on the last day of the data; ``next year``: share of the best possible list by profit of the last 365 days,
        of lists made a year ago from what was known then.
    """
    today, ahead = pd.Timestamp(case.observation_end), {"horizon": horizon, "discount_rate": discount_rate}
    known = position(case, **ahead) if known is None else known
    books, table, truth = known["books"], known["criteria"], known["truth"]["future_profit"]
    then = today - pd.Timedelta(days=365)
    old = five_values(case, books, then, **ahead)
    brought = profit_of(books, then, today)["profit"].reindex(old.index).fillna(0)
    return pd.DataFrame({
        "truth": judged(truth, candidate_lists(books, table, today), places=places)["share"],
        "next year": judged(brought, candidate_lists(books, old, then), places=places)["share"]})
