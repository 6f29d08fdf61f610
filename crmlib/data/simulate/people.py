"""Who the customers are, which people work there, and how long each of them stays.

Days are counted from the opening of the firm; `NEVER` is a day that does not come.
"""

import numpy as np
import pandas as pd

from crmlib.data.simulate import parameters as p
from crmlib.data.simulate.draws import beta_quantile, gamma_quantile, rounded

OPENING = np.datetime64("2021-01-01", "D")
DAYS = int((np.datetime64("2025-12-31", "D") - OPENING).astype(int)) + 1
LAST = DAYS - 1
YEARS = 5
NEVER = 10**7
MOST_CONTACTS = 6

_WON_BY_YEAR = (0.16, 0.19, 0.215, 0.22, 0.215)


def organisations(categories):
    """Return True for customers that are organisations outside the firm."""
    return (categories > 0) & (categories < 4)


def customers(draws, values, count):
    """Return one row per external customer, with everything that does not change over time."""
    category = draws.pick(p.CATEGORY_SHARES, count)
    org = organisations(category)
    year = draws.pick(_WON_BY_YEAR, count)
    # new customers come in spring and summer rather than in winter
    u = draws.uniform(count)
    day = np.floor(365 * rounded(u + 0.08 * np.sin(2 * np.pi * u))).astype(np.int64)
    channel = np.where(org, draws.pick(p.CHANNEL_SHARES["organisation"], count),
                       draws.pick(p.CHANNEL_SHARES["household"], count))
    return finish(draws, values, category, np.clip(365 * year + day, 1, LAST), channel)


def finish(draws, values, category, start, channel):
    """Draw what a customer is like, given kind, first day and channel."""
    count = len(category)
    org = organisations(category)
    shares = np.array([values[f"transaction_share_{name}"] for name in p.CHANNELS])
    transaction = draws.whether(shares[channel])
    own = {}
    for name, concentration in p.CHURN_CONCENTRATION.items():
        a = max(values[f"churn_mean_{name}"] * concentration, 1e-9)
        own[name] = draws.quantiles(beta_quantile(a, concentration - a), count)
    theta = np.minimum(np.where(transaction, own["transaction"], own["relationship"]), 0.999)
    median = np.array([1, 24, 12, 40, 10])[category]
    employees = np.clip(np.floor(np.exp(np.log(median) + 1.15 * draws.normal(count))), 2, 4000).astype(np.int64)
    rate = np.array([3.4, 8.5, 20.0, 28.0, 6.0])[category] * np.where(transaction, 0.85, 1.1)
    rate = rounded(rate * draws.quantiles(gamma_quantile(2.5), count))
    negotiated = 1 + 11 * np.log10(np.maximum(employees, 10) / 10) + 6 * transaction + 8 * draws.normal(count)
    negotiated += np.array([0, 0, 12, 14, 0])[category]
    discount = np.where(org, np.clip(np.round(negotiated), 0, 46), 0).astype(np.int64)
    suppliers = 1 + draws.poisson(np.where(transaction, 1.7, 0.5))
    grade = np.where(transaction, draws.pick((0.06, 0.14, 0.27, 0.27, 0.16, 0.10), count),
                     draws.pick((0.18, 0.27, 0.29, 0.16, 0.07, 0.03), count))
    costs = np.array([p.ACQUISITION_COST[name] for name in p.CHANNELS])[channel, org.astype(int)]
    cost = np.round(costs * (0.6 + 0.8 * draws.uniform(count))).astype(np.int64)
    labelled = draws.uniform(count) < 0.2
    wrong = draws.whether(np.full(count, values["label_error"]))
    first_machine = draws.uniform(count) < 0.6
    contract_share = np.where(org, np.where(transaction, 0.65, 0.75), np.where(transaction, 0.18, 0.28))
    has_contract = draws.whether(contract_share)
    bargains = {}  # how often a customer waits for a promotion: few are pure types
    for name in ("transaction", "relationship"):
        mean = min(max(values[f"promotion_share_{name}"], 1e-9), 1 - 1e-9)
        bargains[name] = draws.quantiles(beta_quantile(3 * mean, 3 * (1 - mean)), count)
    return pd.DataFrame({
        "category": category,
        "sector": np.where(category == 1, draws.pick(p.SECTOR_SHARES, count), -1),
        "district": draws.pick((1,) * len(p.DISTRICTS), count),
        "employees": np.where(org, employees, 0),
        "channel": channel, "start": start, "transaction": transaction, "theta": theta, "rate": rate,
        "discount": discount, "suppliers": suppliers, "grade": grade, "acquisition_cost": cost,
        "label": np.where(labelled, np.where(wrong, ~transaction, transaction), -1).astype(np.int64),
        "has_contract": has_contract,
        "has_machine": has_contract | first_machine,
        "bargains": np.where(transaction, bargains["transaction"], bargains["relationship"]),
        "group": np.where(org, 1, 0),
        "demanding": org & draws.whether(np.where(transaction, 0.22, 0.07) + 0.25 * (employees > 120)),
    })


def departments():
    """Return the firm's own departments, which are customers of the house and bring no revenue."""
    count = len(p.INTERNAL_DEPARTMENTS)
    return pd.DataFrame({
        "category": 4, "sector": -1, "district": 5, "employees": 8, "channel": -1, "start": np.arange(count),
        "transaction": False, "theta": 0.0, "rate": 6.0, "discount": 0, "suppliers": 1, "grade": 0,
        "acquisition_cost": 0, "label": -1, "has_contract": False, "has_machine": False, "bargains": 0.0,
        "group": 1, "demanding": False,
    })


def contacts(draws, values, people):
    """Return the people in customers' organisations, and in which years the only one of them left.

    Returns
    -------
    persons : pandas.DataFrame
        ``owner`` (row of `people`), ``since``, ``left`` (days), ``stance``.
    lone : numpy.ndarray of shape (n_people, YEARS)
        Whether in that customer year a person left who was the only contact.
    """
    owners = np.flatnonzero(organisations(people["category"].to_numpy()))
    owners = owners[~draws.whether(np.full(len(owners), 0.02))]
    few = (0.46, 0.27, 0.15, 0.08, 0.04)
    many = (0.20, 0.27, 0.24, 0.18, 0.11)
    size = 1 + draws.pick_by([few, many], (people["employees"].to_numpy()[owners] > 60).astype(int))
    rate = -np.log1p(-values["contact_departure_rate"])
    start = people["start"].to_numpy()[owners]
    n = len(owners)
    since = np.full((n, MOST_CONTACTS), NEVER)
    left = np.full((n, MOST_CONTACTS), NEVER)
    waits = draws.days(rate, (n, MOST_CONTACTS))
    joined = start[:, None] + np.floor(200 * draws.uniform(n, MOST_CONTACTS)).astype(np.int64)
    joined[:, 0] = start
    several = size > 1
    inside = several[:, None] & (np.arange(MOST_CONTACTS) < size[:, None])
    since[inside] = joined[inside]
    left[inside] = since[inside] + waits[inside]
    day = start.copy()  # a lone contact who leaves is followed by the next one a month later
    for k in range(MOST_CONTACTS):
        now = ~several & (day <= LAST)
        since[now, k] = day[now]
        left[now, k] = day[now] + waits[now, k]
        day = np.where(now, left[:, k] + 30, day)
    lone = np.zeros((len(people), YEARS), dtype=bool)
    for k in range(MOST_CONTACTS):
        leaves = left[:, k]
        others = np.zeros(n, dtype=bool)
        for q in range(MOST_CONTACTS):
            if q != k:
                others |= (since[:, q] <= leaves) & (leaves < left[:, q])
        alone = (leaves <= LAST) & ~others
        year = np.where(alone, (leaves - start) // 365, 0)
        alone &= year < YEARS
        lone[owners[alone], year[alone]] = True
    row, column = np.nonzero(since <= LAST)
    owner = owners[row]
    stance = np.where(people["transaction"].to_numpy()[owner], 0.05, 0.35) + 0.38 * draws.normal(len(owner))
    persons = pd.DataFrame({"owner": owner, "since": since[row, column], "left": left[row, column],
                            "stance": np.round(np.clip(stance, -1, 1), 1) + 0.0})
    return persons, lone


def lives(draws, values, people, lone):
    """Return what happens to each customer year by year, and when and why each customer leaves.

    A year is counted from the customer's first day. Who has a contract leaves at the end of a year, others on any
    day of it. `draws` makes a stream for each purpose, so that a change of one effect leaves the rest alone.

    Returns
    -------
    dict
        Arrays of shape (n_people, YEARS): ``attended`` (had a contact that does not sell), ``called`` (campaign:
        1 call, 0 control, -1 none), ``stay_called``, ``stay_not_called`` (chance of staying under either);
        of shape (n_people,): ``exit_year``, ``left`` (day, or NEVER), ``reason``; ``failures``, a DataFrame.
    """
    n = len(people)
    transaction = people["transaction"].to_numpy()[:, None]
    org = organisations(people["category"].to_numpy())[:, None]
    internal = (people["category"].to_numpy() == 4)[:, None]
    theta = people["theta"].to_numpy()[:, None]
    begins = people["start"].to_numpy()[:, None] + 365 * np.arange(YEARS)
    attention = np.where(transaction, values["attention_transaction"], values["attention_relationship"])
    attention = attention * np.where(org, 1, values["attention_household"])
    attended = draws("attention").whether(np.broadcast_to(attention, (n, YEARS)))

    rate = np.where(org, values["failure_rate_organisation"], values["failure_rate_household"])
    rate = np.where(people["has_machine"].to_numpy()[:, None], rate, 0)
    number = draws("failures").poisson(np.broadcast_to(rate, (n, YEARS)))
    who, year = (np.repeat(index.ravel(), number.ravel()) for index in np.indices((n, YEARS)))
    handling = draws("handling").pick((0.3, 0.4, 0.3), len(who))
    exits = np.array([values["replaced_exit"], values["repaired_exit"], values["blame_first_exit"]])[handling]
    log_failures = np.zeros((n, YEARS))
    np.add.at(log_failures, (who, year), -np.log1p(-exits))

    due = begins + 365
    in_campaign = people["has_contract"].to_numpy()[:, None] & (due > 365 * 3) & (due <= LAST)
    called = np.where(in_campaign, draws("campaign").uniform(n, YEARS) < 0.5, -1).astype(np.int64)

    def hazards(call):
        neglect = values["neglect_exit"] * ~attended * (1 - values["campaign_neglect_relief"] * call)
        return {
            "base": np.broadcast_to(-np.log1p(-theta), (n, YEARS)),
            "neglect": -np.log1p(-neglect),
            "product": log_failures,
            "contact_left": -np.log1p(-values["lone_contact_exit"]) * lone,
            "competitor": -np.log1p(-values["campaign_backlash"]) * (call & transaction),
        }

    chances = [rounded(np.exp(-sum(hazards(np.full((n, YEARS), call)).values()))) for call in (False, True)]
    stay = np.where(called == 1, chances[1], chances[0])
    leaves = (draws("leaving").uniform(n, YEARS) >= stay) & ~internal
    exit_year = np.where(leaves.any(axis=1), leaves.argmax(axis=1), YEARS)
    offset = np.where(people["has_contract"], 0, np.floor(335 * draws("last days").uniform(n)).astype(np.int64))
    left = people["start"].to_numpy() + 365 * (exit_year + 1) - offset
    left = np.where((exit_year < YEARS) & (left <= LAST), left, NEVER)

    at = np.minimum(exit_year, YEARS - 1)
    parts = hazards(called == 1)
    one = {name: part[np.arange(n), at] for name, part in parts.items()}
    base = np.where(transaction, [p.BASE_REASONS["transaction"]], [p.BASE_REASONS["relationship"]])
    weights = one["base"][:, None] * base
    for name in ("neglect", "product", "contact_left", "competitor"):
        weights[:, p.REASONS.index(name)] += one[name]
    weights = rounded(weights + 1e-9)
    # failures of the year of leaving came before it
    length = np.minimum(left[who] - begins[who, year], 365)
    day = begins[who, year] + np.floor(np.maximum(length, 1) * draws("failure days").uniform(len(who))).astype(np.int64)
    failures = pd.DataFrame({"who": who, "year": year, "handling": handling, "day": day})
    u = draws("reasons").uniform(n)[:, None] * weights.sum(axis=1, keepdims=True)
    reason = (u >= np.cumsum(weights, axis=1)).sum(axis=1)
    return {"attended": attended, "called": called, "stay_not_called": chances[0], "stay_called": chances[1],
            "exit_year": exit_year, "left": left, "reason": np.minimum(reason, len(p.REASONS) - 1),
            "failures": failures}


def conversions(draws, values, persons, people, left):
    """Return which end users become private customers, and on which day."""
    delighted = persons["stance"].to_numpy() >= 0.5
    rate = np.where(delighted, values["user_conversion_delighted"], values["user_conversion_other"])
    day = persons["since"].to_numpy() + draws.days(rate, len(persons))
    end = np.minimum(np.minimum(persons["left"].to_numpy(), left[persons["owner"].to_numpy()]), DAYS)
    happens = persons["is_user"].to_numpy() & (day < end)
    rows = np.flatnonzero(happens)
    return rows, day[rows]
