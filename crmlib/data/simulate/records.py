"""What the firm wrote down about its customers: contacts, talks, failures, answers.

Days and persons are numbers here.
"""

import numpy as np
import pandas as pd

from crmlib.data.case import HUMANITY
from crmlib.data.simulate import parameters as p
from crmlib.data.simulate.draws import rounded
from crmlib.data.simulate.people import DAYS, LAST, NEVER, OPENING, YEARS, organisations

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_SIGNS = ("安邦昌成德东方丰福光广国海和恒宏华汇吉嘉建江金景锦康兰立丽联明茂民宁平庆瑞盛泰天通万"
          "旺文西祥新兴信旭益永宇源泽正志中")
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华慧建文玲红玉宇浩婷雪晨琳佳欣怡"
_SUFFIX = ("商务", "酒店", "学校", "诊所", "餐厅", "工厂")
TITLES = ("director", "owner", "accountant", "buyer", "facility manager", "receptionist", "office manager",
           "technician")
# titles that go with a person's weightiest role, by role: initiator, user, influencer, decider, approver, …
_TITLES_BY_ROLE = ((6, 6), (6, 7), (4, 7), (0, 1), (2, 2), (3, 3), (5, 5))
_WEIGHTIEST = (3, 4, 5, 2, 6, 0, 1)
BARRIERS = ("emotional distortion", "different values", "unclear wording", "too much information", "body language",
             "organisation")
_BARRIER_SHARES = (0.16, 0.14, 0.26, 0.18, 0.06, 0.20)
FUNCTIONS = ("emotive", "motivation", "information", "control")
PURPOSES = ("sales", "price_request", "service", "advice", "courtesy", "renewal")
_FUNCTION_BY_PURPOSE = ((0.10, 0.55, 0.30, 0.05), (0.02, 0.13, 0.75, 0.10), (0.10, 0.05, 0.55, 0.30),
                        (0.08, 0.17, 0.70, 0.05), (0.65, 0.15, 0.18, 0.02), (0.35, 0.40, 0.20, 0.05))
MEDIA = ("visit", "call", "message")
FAILURES = ("leak", "no_cooling", "no_heating", "noise")
HANDLINGS = ("replaced_at_once", "repaired", "blame_first")
OFFERS = ("call", "visit", "discount")
_COST = {"visit": 320, "call": 14, "message": 1}
# a pair of answers for each cell of the table of Berger et al. (1993): like, must-be, neutral, live with, dislike
_KANO_CELLS = {
    "A": ((1, 2), (1, 3), (1, 4)), "O": ((1, 5),), "M": ((2, 5), (3, 5), (4, 5)),
    "I": tuple((f, d) for f in (2, 3, 4) for d in (2, 3, 4)),
    "R": ((2, 1), (3, 1), (4, 1), (5, 1), (5, 2), (5, 3), (5, 4)), "Q": ((1, 1), (5, 5)),
}


def _person_names(number):
    """Return names of people by number: no two alike."""
    surnames, given = np.array(list(_SURNAMES)), np.array(list(_GIVEN))
    combinations = len(surnames) * len(given) ** 2
    code = (number * 7919 + 17) % combinations
    name = np.char.add(np.char.add(surnames[code % len(surnames)], given[code // len(surnames) % len(given)]),
                       given[code // (len(surnames) * len(given))])
    rounds = number // combinations
    return np.where(rounds > 0, np.char.add(name, rounds.astype(str)), name)


def names(people, persons):
    """Return a name for every customer and one for every contact; who is both has one name, no two others alike."""
    number = np.arange(len(people))
    category = people["category"].to_numpy()
    signs = np.array(list(_SIGNS))
    # a step coprime to the number of combinations goes through all of them before it repeats
    code = (number * 7919 + 131) % (len(signs) ** 3)
    firm = np.char.add(np.char.add(signs[code % len(signs)], signs[code // len(signs) % len(signs)]),
                       signs[code // len(signs) ** 2])
    suffix = np.select([category == 2, category == 3], ["商行", "分销"], np.array(_SUFFIX)[people["sector"]])
    rounds = number // len(signs) ** 3
    firm = np.char.add(np.char.add("成都", firm), suffix)
    firm = np.where(rounds > 0, np.char.add(firm, rounds.astype(str)), firm)
    customers = np.where(category == 0, _person_names(number), firm).astype(object)
    customers[category == 4] = p.INTERNAL_DEPARTMENTS
    contacts = _person_names(len(people) + np.arange(len(persons))).astype(object)
    became = persons["became"].to_numpy()
    customers[became[became >= 0]] = contacts[became >= 0]
    return customers, contacts


def contact_rows(draws, persons, people):
    """Return one row per person and role; mark in `persons` who is an end user."""
    owner = persons["owner"].to_numpy()
    first = np.concatenate([[0], np.flatnonzero(np.diff(owner)) + 1])
    size = np.diff(np.concatenate([first, [len(owner)]]))
    lone = np.repeat(_lone_accounts(persons, first, size), size)
    chances = np.array([0.55, 0.85, 0.55, 0.88, 0.50, 0.92, 0.40])
    rows, roles = [], []
    for k, _role in enumerate(p.ROLES):
        filled = draws.uniform(len(first)) < chances[k]
        chosen = first + draws.integers(np.zeros(len(first)), size)
        # who is alone has every role there is; so have those who follow
        has = (lone & np.repeat(filled, size))
        has[chosen[filled & ~lone[first]]] = True
        rows.append(np.flatnonzero(has))
        roles.append(np.full(int(has.sum()), k))
    row, role = np.concatenate(rows), np.concatenate(roles)
    without = np.setdiff1d(np.arange(len(owner)), row)
    row, role = np.concatenate([row, without]), np.concatenate([role, np.full(len(without), 1)])
    order = np.lexsort((role, row))
    row, role = row[order], role[order]
    weight = np.array([0.3, 0.25, 0.5, 0.9, 0.6, 0.6, 0.4])[role] + 0.12 * draws.normal(len(role))
    influence = np.round(np.clip(weight, 0.05, 1), 2)
    is_user = np.zeros(len(owner), dtype=bool)
    is_user[row[role == 1]] = True
    first_role = np.full(len(owner), len(_WEIGHTIEST))
    np.minimum.at(first_role, row, np.array(_WEIGHTIEST).argsort()[role])
    title = np.array(_TITLES_BY_ROLE)[np.array(_WEIGHTIEST)[first_role], draws.pick((1, 1), len(owner))]
    return pd.DataFrame({"row": row, "role": role, "influence": influence, "title": title[row]}), is_user


def _lone_accounts(persons, first, size):
    """Return which accounts had one person at a time: no two of their people were there together."""
    since, left = persons["since"].to_numpy(), persons["left"].to_numpy()
    follows = np.concatenate([[True], since[1:] > left[:-1]])
    follows[first] = True
    return np.logical_and.reduceat(follows, first)


def contract_rows(people, life):
    """Return one row per contract year that began."""
    who, year = np.nonzero((people["has_contract"].to_numpy()[:, None]) & (
        people["start"].to_numpy()[:, None] + 365 * np.arange(YEARS) <= LAST) & (
        np.arange(YEARS) <= life["exit_year"][:, None]))
    begin = people["start"].to_numpy()[who] + 365 * year
    due = begin + 365
    return pd.DataFrame({
        "who": who, "year": year, "begin": begin, "due": due, "called": life["called"][who, year],
        "renewed": np.where(due > LAST, -1, (year < life["exit_year"][who]).astype(int)),
        "stay_called": life["stay_called"][who, year], "stay_not_called": life["stay_not_called"][who, year],
    })


def interactions(draws, values, people, life, contracts, spells):
    """Return every talk with a customer: sales, price requests, service, advice, courtesy."""
    n = len(people)
    start, left = people["start"].to_numpy(), np.minimum(life["left"], DAYS)
    begins = start[:, None] + 365 * np.arange(YEARS)
    org = organisations(people["category"].to_numpy())
    external = people["category"].to_numpy() < 4
    transaction, demanding = people["transaction"].to_numpy(), people["demanding"].to_numpy()
    parts = []

    def add(who, day, purpose, medium):
        parts.append(pd.DataFrame({"who": who, "day": day, "purpose": purpose, "medium": medium}))

    def yearly(rates, purposes, media):
        """Talks at random days of customer years; `rates` of shape (n, YEARS)."""
        number = draws.poisson(rates)
        who, year = (np.repeat(index.ravel(), number.ravel()) for index in np.indices((n, YEARS)))
        day = begins[who, year] + np.floor(365 * draws.uniform(len(who))).astype(np.int64)
        add(who, day, draws.pick_by([purposes], np.zeros(len(who), dtype=int)), draws.pick(media, len(who)))

    # contacts that do not sell: at least one in a year with attention, none in the others
    seen = life["attended"] & external[:, None]
    number = np.where(seen, 1 + draws.poisson(np.full((n, YEARS), 0.7)), 0)
    who, year = (np.repeat(index.ravel(), number.ravel()) for index in np.indices((n, YEARS)))
    # within ten months, so that on the day of a campaign call it is known who was neglected
    length = np.clip(left[who] - begins[who, year], 1, 310)
    day = begins[who, year] + np.floor(length * draws.uniform(len(who))).astype(np.int64)
    add(who, day, 2 + draws.pick((0.30, 0.30, 0.40), len(who)), draws.pick((0.12, 0.58, 0.30), len(who)))
    every = np.ones((n, YEARS))
    yearly(every * np.where(org, 1.3 + 19 * demanding, 0.5 * external)[:, None], (1, 0, 0, 0, 0, 0), (0.45, 0.35, 0.20))
    yearly(every * (np.where(transaction, 1.5, 0.2) * np.where(org, 1, 0.3) * external)[:, None], (0, 1, 0, 0, 0, 0),
           (0.0, 0.7, 0.3))
    # visits before the first order of an organisation
    number = np.where(org, 1 + draws.poisson(np.full(n, 0.8)), 0)
    who = np.repeat(np.arange(n), number)
    add(who, start[who] - 1 - np.floor(60 * draws.uniform(len(who))).astype(np.int64), 0,
        draws.pick((0.75, 0.25, 0.0), len(who)))
    rows = contracts[contracts["called"] == 1]
    add(rows["who"].to_numpy(), rows["due"].to_numpy() - 45, 5, 1)

    table = pd.concat(parts, ignore_index=True)
    who, day = table["who"].to_numpy(), table["day"].to_numpy()
    last = spells.groupby("who")["end"].max().reindex(range(n), fill_value=0).to_numpy()
    table = table[(day >= 0) & (day <= LAST) & (day < last[who])]
    table = table.sort_values(["day", "who"], kind="stable", ignore_index=True)
    m = len(table)
    medium = table["medium"].to_numpy()
    cost = np.array([_COST[name] for name in MEDIA])[medium]
    table["cost"] = np.where(medium == 0, np.round(cost * (0.7 + 0.6 * draws.uniform(m))), cost).astype(np.int64)
    table["function"] = draws.pick_by(_FUNCTION_BY_PURPOSE, table["purpose"].to_numpy())
    table["barrier"] = np.where(draws.uniform(m) < 0.12, draws.pick(_BARRIER_SHARES, m), -1)
    since = (table["day"] - start[table["who"]]).to_numpy()
    after = np.maximum(since, 0)
    seller = np.where(since < 0, 9 + since / 60, 9 - values["seller_tone_drop"] * (
        1 - np.exp(-after / values["seller_tone_days"])))
    buyer = 4 + values["buyer_tone_rise"] / (1 + np.exp(-(since - values["buyer_tone_days"]) / 25))
    for name, tone in (("seller_tone", seller), ("buyer_tone", buyer)):
        table[name] = np.clip(np.round(rounded(tone) + 1.1 * draws.normal(m)), 1, 10).astype(np.int64)
    # nobody is talked to between leaving and coming back
    back = spells.groupby("who")["begin"].max().reindex(range(n), fill_value=0).to_numpy()
    there = (table["day"] < left[table["who"]]) | (table["day"] >= back[table["who"]])
    return table[there].reset_index(drop=True)


def referrals(draws, values, people, life):
    """Return who sent whom: a customer who was there before and had not left, if one is found in 40 tries."""
    sent = np.flatnonzero(people["channel"].to_numpy() == p.CHANNELS.index("referral"))
    order = np.argsort(people["start"].to_numpy(), kind="stable")
    begin = people["start"].to_numpy()[order]
    external = (people["category"].to_numpy() < 4)
    chance = np.where(people["transaction"], 1 / max(values["referrer_relationship_lift"], 1), 1.0)
    day = people["start"].to_numpy()[sent]
    before = np.searchsorted(begin, day, side="left")
    referrer = np.full(len(sent), -1)
    for _ in range(40):
        candidate = order[draws.integers(np.zeros(len(sent)), np.maximum(before, 1))]
        fits = (before > 0) & external[candidate] & (life["left"][candidate] > day) & (referrer < 0)
        fits &= draws.whether(chance[candidate])
        referrer = np.where(fits, candidate, referrer)
    found = referrer >= 0
    sent, referrer, day = sent[found], referrer[found], day[found]
    reward = np.where(people["category"].to_numpy()[sent] == 0, 50, 300)
    return pd.DataFrame({"who": sent, "referrer": referrer, "day": day, "reward": reward,
                         "anyway": draws.whether(np.full(len(sent), values["referral_anyway"]))})


def winbacks(draws, values, people, life):
    """Return the attempts to win back who had left, and who came."""
    gone = np.flatnonzero(life["left"] < NEVER)
    org = organisations(people["category"].to_numpy())[gone]
    tried = draws.whether(np.where(org, 0.55, 0.22))
    day = life["left"][gone] + 60 + np.floor(150 * draws.uniform(len(gone))).astype(np.int64)
    offer = draws.pick((0.5, 0.25, 0.25), len(gone))
    keep = tried & (day <= LAST)
    gone, day, offer = gone[keep], day[keep], offer[keep]
    reason = life["reason"][gone]
    chance = np.array([values[f"return_{name}"] for name in p.REASONS])[reason]
    chance = np.where((offer == 2) & (reason == p.REASONS.index("competitor")), 2 * chance, chance)
    chance = np.minimum(chance, 1)
    returned = draws.whether(chance)
    back = day + 7 + np.floor(21 * draws.uniform(len(gone))).astype(np.int64)
    stays = draws.days(-np.log1p(-values["second_life_exit"]), len(gone))
    return pd.DataFrame({
        "who": gone, "day": day, "offer": offer, "chance": chance, "back": back, "end": back + 1 + stays,
        # what would be decided after the data end is not known
        "returned": np.where(back <= LAST, returned, -1),
        "cost": np.array([20, 340, 90])[offer],
    })


def interviews(draws, values, people, life):
    """Return what those who left gave as their reason, as far as they were asked."""
    gone = np.flatnonzero(life["left"] < NEVER)
    org = organisations(people["category"].to_numpy())[gone]
    asked = draws.whether(np.where(org, 0.55, 0.25))
    gone = gone[asked]
    reason = life["reason"][gone]
    polite = draws.whether(np.full(len(gone), values["neglect_stated_as_price"]))
    stated = np.where((reason == p.REASONS.index("neglect")) & polite, p.REASONS.index("competitor"), reason)
    day = life["left"][gone] + 10 + np.floor(40 * draws.uniform(len(gone))).astype(np.int64)
    table = pd.DataFrame({"who": gone, "day": day, "stated": stated})
    return table[table["day"] <= LAST].sort_values(["day", "who"], ignore_index=True)


def incidents(draws, people, life):
    """Return the failures at customers who were still there."""
    table = life["failures"]
    who = table["who"].to_numpy()
    table = table[(table["day"] <= LAST) & (table["day"] < life["left"][who]) & (
        table["year"] <= life["exit_year"][who])].sort_values(["day", "who"], kind="stable", ignore_index=True)
    m = len(table)
    handling = table["handling"].to_numpy()
    org = organisations(people["category"].to_numpy())[table["who"]]
    base = np.array([1200, 260, 210])[handling] * np.where(org, 1.0, 0.45)
    return pd.DataFrame({
        "who": table["who"], "day": table["day"], "kind": draws.pick((0.35, 0.25, 0.28, 0.12), m), "handling": handling,
        "days_to_fix": np.array([0, 2, 9])[handling] + draws.poisson(np.array([0.4, 1.5, 5.0])[handling]),
        "cost": np.round(base * (0.7 + 0.6 * draws.uniform(m))).astype(np.int64),
        "told": draws.poisson(np.array([1.2, 1.6, 6.0])[handling]),
    })


def survey(draws, values, people, spells, lines, talks, failures):
    """Return the answers of one wave, 10 to 28 November 2024, of customers who bought in the 12 months before."""
    day = int((np.datetime64("2024-11-10", "D") - OPENING).astype(int))
    n = len(people)
    recent = (lines["day"] >= day - 365) & (lines["day"] < day)
    paid = np.bincount(lines["who"][recent], weights=lines["cents"][recent], minlength=n) / 100
    active = np.unique(spells.loc[(spells["begin"] < day) & (spells["end"] > day + 20), "who"].to_numpy())
    active = active[paid[active] >= 20]

    def in_the_year(table, rows):
        return np.bincount(table["who"][rows & (table["day"] >= day - 365) & (table["day"] < day)], minlength=n) > 0

    blamed = in_the_year(failures, failures["handling"] == 2)
    seen = in_the_year(talks, talks["purpose"].isin((2, 3, 4)))
    active = active[people["category"].to_numpy()[active] < 4]
    org = organisations(people["category"].to_numpy())[active]
    who = active[draws.whether(np.where(org, 0.38, 0.25))]
    m = len(who)
    transaction = people["transaction"].to_numpy()[who]
    suppliers = people["suppliers"].to_numpy()[who]
    scale = paid[who] / 24  # what they pay is 24 parts of everything else
    new = people["start"].to_numpy()[who] > day - 365
    poorer = (values["service_rating_type"] * transaction + values["service_rating_blame_first"] * blamed[who]
              + values["service_rating_neglect"] * (~seen[who] & ~new))

    def rating(mean):
        return np.clip(np.round(mean + 1.7 * draws.normal(m)), 1, 10).astype(np.int64)

    product, service, image = rating(7.4 + 0 * scale), rating(8.0 - poorer), rating(6.8 + 0 * scale)
    satisfaction = 1.1 + (values["driver_product"] * product + values["driver_service"] * service
                          + values["driver_image"] * image) + 0.9 * draws.normal(m)
    satisfaction = np.clip(np.round(rounded(satisfaction)), 1, 10).astype(np.int64)
    # loyalty hardly moves in the middle of the scale and much at its upper end
    loyal = 10 / (1 + np.exp(-(satisfaction - 6.1) / 1.1)) - 1.5 * transaction
    table = {"who": who, "day": day + np.floor(19 * draws.uniform(m)).astype(np.int64),
             "rating_product": product, "rating_service": service, "rating_image": image,
             "satisfaction": satisfaction,
             "recommend": np.clip(np.round(rounded(loyal) + 1.2 * draws.normal(m)), 0, 10).astype(np.int64)}

    def money(share, spread=0.25):
        return np.round(scale * share * np.exp(spread * draws.normal(m))).astype(np.int64)

    quality = 1 + 0.05 * (satisfaction - 7)
    for firm, lift, cheap in (("", quality, 1.0), ("rival_", np.ones(m), 0.92)):
        for name, share in (("product", 30), ("service", 13), ("personnel", 6), ("image", 4)):
            weaker = 0.85 if firm and name in ("service", "personnel") else 1.0
            table[f"{firm}value_{name}"] = money(share * lift * weaker)
        for name, share in (("price", 24), ("running", 7), ("time", 4), ("energy", 2), ("psychic", 1.5)):
            table[f"{firm}cost_{name}"] = money(share * (cheap if name == "price" else 1.08 if firm else 1.0))
    table["value_potential"] = money(68, 0.15)
    table["value_expected"] = money(57 + 0 * scale, 0.2)
    table["expected_service"], table["perceived_service"] = rating(7.2 + 0 * scale), service
    # the wallet allocation rule, with the error of a guess; who has one supplier spends everything there
    rank = np.minimum(1 + draws.poisson(np.where(transaction, 0.9, 0.3)), suppliers)
    share = (1 - rank / (suppliers + 1)) * 2 / suppliers
    share = np.where(suppliers == 1, 1, np.clip(share * np.exp(0.2 * draws.normal(m)), 0.02, 0.98))
    table["category_spend"] = np.round(np.maximum(paid[who] / share, paid[who])).astype(np.int64)
    table["supplier_rank"], table["suppliers_used"] = rank, suppliers
    for feature, shares in p.KANO_FEATURES.items():
        cell = draws.pick(shares, m)
        pair = np.zeros((m, 2), dtype=np.int64)
        for k, name in enumerate("AOMIRQ"):
            rows = np.flatnonzero(cell == k)
            answers = np.array(_KANO_CELLS[name])
            pair[rows] = answers[draws.integers(np.zeros(len(rows)), np.full(len(rows), len(answers)))]
        table[f"kano_{feature}_present"], table[f"kano_{feature}_absent"] = pair.T
    care = 5.2 - 0.5 * transaction + 0.8 * draws.normal(m)
    for k, name in enumerate(HUMANITY):
        mean = care - 0.25 * (k == 4) - 0.6 * (k == 3)
        table[f"humanity_{name}"] = np.clip(np.round(mean + 0.8 * draws.normal(m)), 1, 7).astype(np.int64)
    return pd.DataFrame(table).sort_values(["day", "who"], kind="stable", ignore_index=True)


def internal_services(draws, values, lines):
    """Return the monthly service between departments: requests, and how many were met in time.

    Of the chain from order to invoice every fifth order is checked, at least ten a month.
    """
    months = (np.datetime64("2021-01", "M") + np.arange(60)).astype("datetime64[D]")
    first = np.concatenate([[True], np.diff(lines["order_id"]) > 0])
    month = (OPENING + lines["day"][first]).astype("datetime64[M]").astype(int) - 51 * 12
    checked = np.maximum(np.bincount(month, minlength=60) // 5, 10)
    parts = []
    for name, supplier, recipient in p.SERVICE_LINKS:
        chain = name not in ("tender_drawings", "travel_tickets")
        requests = checked if chain else draws.poisson(9 * (1 + 0.02 * np.arange(60)))
        on_time = _binomial(draws, requests, values[f"on_time_{name}"])
        parts.append(pd.DataFrame({"month": months, "supplier": supplier, "recipient": recipient, "service": name,
                                   "requests": requests, "on_time": on_time}))
    return pd.concat(parts).sort_values(["month", "service"], kind="stable", ignore_index=True)


def _binomial(draws, trials, chance):
    group = np.repeat(np.arange(len(trials)), trials)
    return np.bincount(group[draws.uniform(len(group)) < chance], minlength=len(trials))


def kano_shares():
    """Return the shares from which the Kano answers were drawn, one row per feature."""
    return pd.DataFrame([(name, *shares) for name, shares in p.KANO_FEATURES.items()],
                        columns=["feature", "A", "O", "M", "I", "R", "Q"])
