"""What the customers buy: order lines in whole cents."""

import numpy as np

from crmlib.data.simulate import parameters as p
from crmlib.data.simulate.draws import rounded
from crmlib.data.simulate.people import DAYS, LAST, NEVER, OPENING

_PRODUCT = {row[0]: k for k, row in enumerate(p.PRODUCTS)}
_FAMILY = np.array([("machine", "consumable", "service").index(row[3]) for row in p.PRODUCTS])
_LINES = ((0.74, 0.21, 0.05, 0.0, 0.0), (0.50, 0.27, 0.13, 0.06, 0.04), (0.20, 0.25, 0.25, 0.20, 0.10))
_FAMILIES = ((0.03, 0.86, 0.11), (0.05, 0.82, 0.13))  # machine, consumable, service: households, organisations


def day_number(text):
    """Return a date as the number of days since the opening."""
    return int((np.datetime64(text, "D") - OPENING).astype(int))


COFFEE_LAUNCH, LEAK_LAUNCH = (day_number(p.PRODUCTS[_PRODUCT[name]][4]) for name in (p.COFFEE[0], p.LEAK_GUARD))


def season(values):
    """Return how much of the year's business falls on the days before each day, in millionths of a mean day."""
    dates = OPENING + np.arange(DAYS)
    day = (dates - dates.astype("datetime64[Y]").astype("datetime64[D]")).astype(int)
    weight = 1 + values["season_amplitude"] * rounded(np.cos(2 * np.pi * (day - 195) / 365))
    return np.concatenate([[0], np.cumsum(np.round(1e6 * weight).astype(np.int64))])


def prices(values):
    """Return list prices and unit costs in cents, by product and calendar year."""
    factor = (1 + values["price_rise"]) ** np.arange(6)
    lists = np.array([[row[5]] for row in p.PRODUCTS]) * 100 * factor
    costs = np.array([[row[6]] for row in p.PRODUCTS]) * 100 * factor
    return np.round(lists).astype(np.int64), np.round(costs).astype(np.int64)


def adoptions(draws, values, people, left):
    """Return the day on which each customer takes up the coffee line, NEVER for most."""
    n = len(people)
    start = people["start"].to_numpy()
    rate = np.where(people["transaction"], values["adoption_rate_transaction"], values["adoption_rate_relationship"])
    day = np.maximum(start, COFFEE_LAUNCH) + draws.days(rate, n)
    at_start = (start >= COFFEE_LAUNCH) & draws.whether(np.full(n, values["adoption_at_start"]))
    day = np.where(at_start, start, day)
    internal = people["category"].to_numpy() == 4
    return np.where((day < np.minimum(left, DAYS)) & ~internal, day, NEVER)


def lines(draws, values, people, spells, adopted, contracts):
    """Return all order lines, sorted by day, with amounts and margins in cents.

    Parameters
    ----------
    people : pandas.DataFrame
    spells : pandas.DataFrame
        ``who, begin, end``: stretches of activity, the end not included.
    adopted : numpy.ndarray
        Day of taking up the coffee line, by person.
    contracts : pandas.DataFrame
        ``who, begin``: contract years, each paid on its first day.
    """
    total = season(values)
    who, begin, end = (spells[name].to_numpy() for name in ("who", "begin", "end"))
    rate = people["rate"].to_numpy()
    count = draws.poisson(rate[who] * (total[end] - total[begin]) / 1e6 / 365)
    # small types: a million customers have 23 million lines
    spell = np.repeat(np.arange(len(spells), dtype=np.int32), count)
    at = total[begin][spell] + draws.uniform(len(spell)) * (total[end] - total[begin])[spell]
    day = np.clip(np.searchsorted(total, at, side="right") - 1, begin[spell], end[spell] - 1)
    takes = np.flatnonzero((adopted < NEVER) & (adopted > people["start"].to_numpy()))
    person = np.concatenate([who[spell], who, takes, contracts["who"].to_numpy()]).astype(np.int32)
    day = np.concatenate([day, begin, adopted[takes], contracts["begin"].to_numpy()]).astype(np.int32)
    kind = np.repeat(np.arange(4, dtype=np.int8), [len(spell), len(spells), len(takes), len(contracts)])
    events = len(person)
    category = people["category"].to_numpy()
    size = np.where(np.isin(category, (2, 3)), 2, (category > 0).astype(int))[person]
    number = np.where(kind == 3, 1, 1 + draws.pick_by(_LINES, size))
    event = np.repeat(np.arange(events, dtype=np.int32), number)
    first_line = np.concatenate([[0], np.cumsum(number)[:-1]])
    person, day, kind = person[event], day[event], kind[event]
    leads = np.arange(len(event)) == first_line[event]

    product = _products(draws, people, person, day, adopted)
    group = people["group"].to_numpy()[person]
    machine = draws.pick_by([[row[7] * (row[3] == "machine") for row in p.PRODUCTS],
                             [row[8] * (row[3] == "machine") for row in p.PRODUCTS]], group)
    product = np.where(leads & (kind == 1) & people["has_machine"].to_numpy()[person], machine, product)
    takes_it_up = leads & ((kind == 2) | ((kind == 1) & (day == adopted[person])))
    product = np.where(takes_it_up, np.int8(_PRODUCT[p.COFFEE[0]]), product)
    product = np.where(kind == 3, np.int8(_PRODUCT["S01"]), product)
    employees = people["employees"].to_numpy()[person]
    quantity = _quantities(draws, category[person], employees, product, kind == 3)
    promoted = draws.whether(people["bargains"].to_numpy()[person])
    promoted &= (kind != 3) & (category[person] != 4)

    listed, costs = prices(values)
    year = np.minimum((OPENING + day).astype("datetime64[Y]").astype(int) - 51, 5)
    internal = category[person] == 4
    cost = quantity * costs[product, year]
    cut = np.where(promoted, int(round(10_000 * values["promotion_discount"])), 0)
    off = np.where(internal, 0, people["discount"].to_numpy()[person])
    amount = (quantity * listed[product, year] * (100 - off) * (10_000 - cut) + 500_000) // 1_000_000
    amount = np.where(internal, cost, amount)
    delivery = np.where(_FAMILY[product] == 2, 0, np.array([700, 1800, 4000, 4000, 0])[category[person]])
    margin = amount - cost - delivery

    back = (_FAMILY[product] < 2) & ~internal & draws.whether(np.full(len(event), values["return_share"]))
    back = np.flatnonzero(back)
    later = day[back] + 3 + np.floor(18 * draws.uniform(len(back))).astype(np.int32)
    back, later = back[later <= LAST], later[later <= LAST]
    table = {
        "event": np.concatenate([event, events + np.arange(len(back), dtype=np.int32)]),
        "who": np.concatenate([person, person[back]]),
        "day": np.concatenate([day, later]),
        "product": np.concatenate([product, product[back]]),
        "quantity": np.concatenate([quantity, -quantity[back]]),
        "cents": np.concatenate([amount, -amount[back]]),
        "margin_cents": np.concatenate([margin, -(amount - cost)[back] - delivery[back]]),
        "promotion": np.concatenate([promoted, promoted[back]]),
    }
    order = np.argsort(table["day"].astype(np.int64) * 2**40 + table["event"], kind="stable")
    for name in table:
        table[name] = table[name][order]
    new = np.concatenate([[True], np.diff(table["event"]) != 0])
    table["order_id"] = np.cumsum(new)
    return table


def _products(draws, people, person, day, adopted):
    tables = []
    for group in (0, 1):
        weight = np.array([row[7 + group] if row[0] not in p.COFFEE else 0 for row in p.PRODUCTS], dtype=float)
        for family in range(3):
            inside = _FAMILY == family
            weight[inside] *= _FAMILIES[group][family] / weight[inside].sum()
        tables.append(weight)
    product = draws.pick_by(tables, people["group"].to_numpy()[person])
    coffee = np.array([0.05 if row[0] == "M07" else row[7] if row[0] in p.COFFEE else 0 for row in p.PRODUCTS])
    brew = draws.pick(coffee, len(person)).astype(np.int8)
    u = draws.uniform(len(person))
    product = np.where((day >= adopted[person]) & (u < 0.35), brew, product)
    return np.where((day >= LEAK_LAUNCH) & (u > 0.97), np.int8(_PRODUCT[p.LEAK_GUARD]), product)


def _quantities(draws, category, employees, product, contract):
    n = len(product)
    spread = np.exp(0.45 * draws.normal(n))
    u = draws.uniform(n)
    family = _FAMILY[product]
    bulk = np.array([1.0, 1.0, 5.0, 5.0, 1.0])[category]
    water = np.where(product == _PRODUCT["C01"], 1.0, 0.45)
    household = np.where(family == 1, 1 + np.floor(np.where(product == _PRODUCT["C01"], 6, 2.2) * u * u), 1)
    consumables = np.maximum(1, np.floor(bulk * water * employees**0.75 / 3 * spread))
    machines = 1 + np.floor(np.minimum(bulk, 3) * u * u * (1 + employees / 90))
    services = 1 + np.floor(u * employees / 110)
    organisation = np.select([family == 1, family == 0], [consumables, machines], services)
    quantity = np.where(category == 0, household, np.minimum(organisation, 600))
    quantity = np.where(contract, np.where(category == 0, 1, 1 + np.minimum(employees // 25, 60)), quantity)
    return quantity.astype(np.int32)
