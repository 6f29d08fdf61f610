"""The case company's data-generating process: a fictional supplier of office water equipment in Chengdu.

`parameters` holds every effect and its size, `people` who the customers are and how long they stay, `orders` what they
buy, `records` what the firm wrote down. Same seed, same company, on every platform.
"""

import numpy as np
import pandas as pd

from crmlib.checks import check_count, check_fraction, check_positive
from crmlib.data import case as stored
from crmlib.data.simulate import orders, parameters, people, records
from crmlib.data.simulate.draws import Draws
from crmlib.data.simulate.people import DAYS, NEVER, OPENING, YEARS
from crmlib.errors import DataError


def simulate_case(*, seed: int, customers: int = stored.CUSTOMERS, changes: dict | None = None) -> stored.Case:
    """Make a company: all its tables, and the truth behind them.

    Parameters
    ----------
    seed : int
        Number of the company, zero or more; a student number is a good one. The same seed gives the same tables.
    customers : int
        Customers who come on their own, at least 100. End users who open an account of their own, second
        registrations and the firm's own departments come on top (a few per cent).
    changes : dict of str to float, optional
        Other sizes for some of the effects in ``simulate.parameters.PARAMETERS``, by name.

    Returns
    -------
    crmlib.data.case.Case

    Raises
    ------
    ValueError
        If `seed` or `customers` is no such number, or a change is not known or not between 0 and its limit.

    Examples
    --------
    >>> simulate_case(seed=7, customers=200)
    Hailang (fictional), company 7: 212 customers, 4,033 order lines, 2021-01-01 to 2025-12-31
    """
    seed, customers = check_count("seed", seed, minimum=0), check_count("customers", customers, minimum=100)
    values = _changed(changes or {})

    def draws(purpose):
        return Draws(seed, purpose)

    base = people.customers(draws("customers"), values, customers)
    base = pd.concat([base, people.departments()], ignore_index=True)
    persons, lone = people.contacts(draws("contacts"), values, base)
    role_rows, persons["is_user"] = records.contact_rows(draws("roles"), persons, base)
    life = people.lives(draws, values, base, lone)
    rows, day = people.conversions(draws("conversions"), values, persons, base, life["left"])
    new = people.finish(draws("users as customers"), values, np.zeros(len(rows), dtype=np.int64), day,
                        np.full(len(rows), parameters.CHANNELS.index("workplace")))
    new_life = people.lives(lambda purpose: draws("users: " + purpose), values, new,
                            np.zeros((len(new), YEARS), dtype=bool))
    persons["became"] = -1
    persons.loc[rows, "became"] = len(base) + np.arange(len(rows))
    life = _joined(life, new_life, len(base))
    everybody = pd.concat([base, new], ignore_index=True)

    attempts = records.winbacks(draws("winbacks"), values, everybody, life)
    came = attempts[attempts["returned"] == 1]
    ids = _Ids(draws("second ids"), values, everybody, life)
    spells = pd.concat([
        pd.DataFrame({"who": np.arange(len(everybody)), "begin": everybody["start"],
                      "end": np.minimum(np.minimum(life["left"], DAYS), ids.split)}),
        # who registers again does so with an order
        pd.DataFrame({"who": ids.twice, "begin": ids.split[ids.twice],
                      "end": np.minimum(life["left"], DAYS)[ids.twice]}),
        pd.DataFrame({"who": came["who"], "begin": came["back"], "end": np.minimum(came["end"], DAYS)}),
    ], ignore_index=True)
    contracts = records.contract_rows(everybody, life)
    adopted = orders.adoptions(draws("adoptions"), values, everybody, life["left"])
    lines = orders.lines(draws("orders"), values, everybody, spells, adopted, contracts)
    return _tables(seed, values, draws, everybody, life, persons, role_rows, spells, contracts, lines, attempts, ids)


def _changed(changes):
    values = dict(parameters.VALUES)
    for name, value in changes.items():
        if name not in values:
            raise ValueError(f"there is no effect {name!r}: see simulate.parameters.PARAMETERS for their names")
        if name in parameters.NO_PROBABILITY:
            values[name] = check_positive(name, value, zero=not name.endswith("_days"))
        else:
            values[name] = check_fraction(name, value)
    return values


def _joined(life, more, offset):
    failures = more["failures"].assign(who=more["failures"]["who"] + offset)
    together = {name: np.concatenate([life[name], more[name]]) for name in life if name != "failures"}
    return together | {"failures": pd.concat([life["failures"], failures], ignore_index=True)}


class _Ids:
    """Customer numbers in the order of arrival; some customers get a second one on the way."""

    def __init__(self, draws, values, everybody, life):
        n = len(everybody)
        start, end = everybody["start"].to_numpy(), np.minimum(life["left"], DAYS)
        able = ~everybody["has_contract"].to_numpy() & (everybody["category"].to_numpy() < 2) & (end - start > 400)
        # among those who can, as many as make up the share of all
        share = values["two_ids_share"] * n / max(able.sum(), 1)
        if share > 1:
            raise ValueError(f"two_ids_share={values['two_ids_share']:g} is more than there are customers without a "
                             f"contract who stay 400 days: here at most {able.sum() / n:.2f}")
        self.twice = np.flatnonzero(able & draws.whether(np.full(n, share)))
        self.split = np.full(n, NEVER)
        length = (end - start)[self.twice]
        self.split[self.twice] = start[self.twice] + 200 + np.floor(
            (length - 300) * draws.uniform(len(self.twice))).astype(np.int64)
        self.owner = np.concatenate([np.arange(n), self.twice])
        self.begin = np.concatenate([start, self.split[self.twice]])
        order = np.argsort(self.begin, kind="stable")
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(1, len(order) + 1)
        self.order, self.first = order, rank[:n]
        self.second = self.first.copy()
        self.second[self.twice] = rank[n:]

    def at(self, who, day):
        """Return the number under which a person was known on a day."""
        who, day = np.asarray(who), np.asarray(day)
        return np.where(day < self.split[who], self.first[who], self.second[who])


def _day(numbers):
    numbers = np.asarray(numbers)
    days = OPENING + np.minimum(numbers, DAYS * 2)
    return np.where(numbers >= NEVER, np.datetime64("NaT", "D"), days).astype("datetime64[us]")


def _named(codes, labels):
    """Texts for codes; missing for -1."""
    return pd.Series(pd.array(list(labels), dtype="str").take(np.asarray(codes), allow_fill=True))


def _tables(seed, values, draws, everybody, life, persons, role_rows, spells, contracts, lines, attempts, ids):
    owner = ids.order
    rows = everybody.iloc[ids.owner[owner]].reset_index(drop=True)
    who = ids.owner[owner]
    org = people.organisations(rows["category"].to_numpy())
    numbers = np.arange(1, len(rows) + 1)
    label = ("relationship", "transaction")
    sent = records.referrals(draws("referrals"), values, everybody, life)
    customer_names, contact_names = records.names(everybody, persons)
    customers = pd.DataFrame({
        "customer_id": numbers, "name": customer_names[who],
        "category": _named(rows["category"], parameters.CATEGORIES),
        "sector": _named(rows["sector"], parameters.SECTORS),
        "district": _named(rows["district"], parameters.DISTRICTS),
        "employees": pd.array(rows["employees"].where(org), dtype="Int64"),
        "channel": _named(rows["channel"], parameters.CHANNELS), "acquired_on": _day(ids.begin[owner]),
        "acquisition_cost": np.where(owner < len(everybody), rows["acquisition_cost"], 0),
        "credit_grade": _named(rows["grade"], parameters.GRADES), "suppliers_used": rows["suppliers"],
        "buyer_label": _named(rows["label"], label),
    })
    left = persons["left"].to_numpy()
    gone = np.minimum(life["left"], DAYS)[persons["owner"].to_numpy()]
    persons = persons.assign(left=np.where(left < np.minimum(gone, DAYS), left, NEVER),
                             there=persons["since"].to_numpy() < gone)
    # numbered as a card index would be: account after account, in the order in which people came
    order = np.lexsort((persons["since"], ids.first[persons["owner"]]))
    known = np.empty(len(persons), dtype=np.int64)
    known[order] = np.cumsum(persons["there"].to_numpy()[order])
    row = role_rows["row"].to_numpy()
    keep = persons["there"].to_numpy()[row]
    role_rows, row = role_rows[keep].reset_index(drop=True), row[keep]
    became = persons["became"].to_numpy()[row]
    contacts = pd.DataFrame({
        "contact_id": known[row],
        "customer_id": ids.first[persons["owner"].to_numpy()[row]], "name": contact_names[row],
        "title": _named(role_rows["title"], records.TITLES), "role": _named(role_rows["role"], parameters.ROLES),
        "influence": role_rows["influence"], "stance": persons["stance"].to_numpy()[row],
        "since": _day(persons["since"].to_numpy()[row]), "left_on": _day(persons["left"].to_numpy()[row]),
        "became_customer_id": pd.array(np.where(became >= 0, ids.first[became], -1), dtype="Int64"),
    })
    contacts["became_customer_id"] = contacts["became_customer_id"].mask(contacts["became_customer_id"] < 0)
    contacts = contacts.sort_values("contact_id", kind="stable", ignore_index=True)
    products = pd.DataFrame([row[:7] for row in parameters.PRODUCTS], columns=list(stored.COLUMNS["products"]))
    products["launched_on"] = pd.to_datetime(products["launched_on"])
    order_lines = {
        "order_id": lines["order_id"], "customer_id": ids.at(lines["who"], lines["day"]), "date": _day(lines["day"]),
        "product_id": _named(lines["product"], products["product_id"]), "quantity": lines["quantity"],
        "amount": lines["cents"] / 100, "margin": lines["margin_cents"] / 100, "promotion": lines["promotion"],
    }
    contracts = _with_prices(contracts, lines)
    contract_table = pd.DataFrame({
        "contract_id": np.arange(1, len(contracts) + 1), "customer_id": ids.first[contracts["who"]],
        "year_number": contracts["year"] + 1, "started_on": _day(contracts["begin"]), "due_on": _day(contracts["due"]),
        "price": contracts["cents"] / 100, "campaign": _named(contracts["called"], ("control", "call")),
        "renewed": pd.array(contracts["renewed"] == 1, dtype="boolean"),
    })
    contract_table["renewed"] = contract_table["renewed"].mask(contracts["renewed"] < 0)
    talks = records.interactions(draws("interactions"), values, everybody, life, contracts, spells)
    interactions = {
        "interaction_id": np.arange(1, len(talks) + 1), "customer_id": ids.at(talks["who"], talks["day"]),
        "contact_id": _spoken_to(draws("spoken to"), talks, persons, known), "date": _day(talks["day"]),
        "medium": _named(talks["medium"], records.MEDIA), "purpose": _named(talks["purpose"], records.PURPOSES),
        "cost": talks["cost"], "function": _named(talks["function"], records.FUNCTIONS),
        "barrier": _named(talks["barrier"], records.BARRIERS), "seller_tone": talks["seller_tone"],
        "buyer_tone": talks["buyer_tone"],
    }
    failures = records.incidents(draws("incidents"), everybody, life)
    answers = records.survey(draws("survey"), values, everybody, spells, lines, talks, failures)
    survey = answers.assign(customer_id=ids.at(answers["who"], answers["day"]), date=_day(answers["day"]))
    incidents = failures.assign(
        incident_id=np.arange(1, len(failures) + 1), customer_id=ids.at(failures["who"], failures["day"]),
        date=_day(failures["day"]), kind=_named(failures["kind"], records.FAILURES),
        handling=_named(failures["handling"], records.HANDLINGS))
    asked = records.interviews(draws("interviews"), values, everybody, life)
    churn_interviews = asked.assign(customer_id=ids.second[asked["who"]], date=_day(asked["day"]),
                                    stated_reason=_named(asked["stated"], parameters.REASONS))
    attempts = attempts.sort_values(["day", "who"], kind="stable", ignore_index=True)
    winbacks = attempts.assign(
        attempt_id=np.arange(1, len(attempts) + 1), customer_id=ids.second[attempts["who"]],
        date=_day(attempts["day"]), offer=_named(attempts["offer"], records.OFFERS),
        returned=pd.array(attempts["returned"] == 1, dtype="boolean"))
    winbacks["returned"] = winbacks["returned"].mask(attempts["returned"] < 0)
    truth_winbacks = winbacks.assign(
        return_probability=attempts["chance"],
        second_left_on=_day(attempts["end"].where((attempts["returned"] == 1) & (attempts["end"] < DAYS), NEVER)))
    sent = sent.sort_values(["day", "who"], kind="stable", ignore_index=True)
    referrals = sent.assign(referrer_id=ids.at(sent["referrer"], sent["day"]), referred_id=ids.first[sent["who"]],
                            date=_day(sent["day"]))
    anyway = np.full(len(everybody), -1)
    anyway[sent["who"]] = sent["anyway"]
    reason = np.where(life["left"] < NEVER, life["reason"], -1)
    truth_customers = pd.DataFrame({
        "customer_id": numbers, "person_id": ids.first[who],
        "buyer_type": _named(rows["transaction"].astype(int), label),
        "churn_probability": rows["theta"], "purchase_rate": rows["rate"], "discount": rows["discount"] / 100,
        "left_on": _day(life["left"][who]), "true_reason": _named(reason[who], parameters.REASONS),
        "would_have_come_anyway": pd.array(anyway[who] == 1, dtype="boolean"),
    })
    truth_customers["would_have_come_anyway"] = truth_customers["would_have_come_anyway"].mask(anyway[who] < 0)
    truth_contracts = pd.DataFrame({
        "contract_id": contract_table["contract_id"],
        "exit_probability_called": np.round(1 - contracts["stay_called"].to_numpy(), 6),
        "exit_probability_not_called": np.round(1 - contracts["stay_not_called"].to_numpy(), 6),
    })
    tables = {"customers": customers, "contacts": contacts, "products": products, "orders": order_lines,
              "contracts": contract_table, "interactions": interactions, "survey": survey, "incidents": incidents,
              "churn_interviews": churn_interviews, "winbacks": winbacks, "referrals": referrals,
              "internal_services": records.internal_services(draws("internal services"), values, lines)}
    truth = {"customers": truth_customers, "contracts": truth_contracts, "winbacks": truth_winbacks,
             "kano": records.kano_shares()}
    truth = stored.Truth(values, dict(parameters.MEANINGS), **{
        name: stored.typed(table, stored.TRUTH_COLUMNS[name]) for name, table in truth.items()})
    return stored.Case(**{name: stored.typed(table, stored.COLUMNS[name]) for name, table in tables.items()},
                       truth=truth, seed=seed)


def _with_prices(contracts, lines):
    """Add the price of each contract year: the amount of its order line, which stands on its first day."""
    service = [row[0] for row in parameters.PRODUCTS].index("S01")
    paid = lines["product"] == service
    key = pd.DataFrame({"who": lines["who"][paid], "begin": lines["day"][paid], "cents": lines["cents"][paid]})
    together = contracts.merge(key, on=["who", "begin"], how="left", validate="one_to_one")
    if together["cents"].isna().any():
        raise DataError("a contract year has no order line: this is a fault of the simulation")
    return together.sort_values(["begin", "who"], kind="stable", ignore_index=True)


def _spoken_to(draws, talks, persons, known):
    """Return the contact of each talk: one of the people of the account who were there that day, if any."""
    persons = persons.assign(number=known)
    persons = persons[persons["there"]]
    first = np.searchsorted(persons["owner"].to_numpy(), talks["who"].to_numpy(), side="left")
    last = np.searchsorted(persons["owner"].to_numpy(), talks["who"].to_numpy(), side="right")
    since, left, number = (persons[name].to_numpy() for name in ("since", "left", "number"))
    day = talks["day"].to_numpy()
    chosen = np.full(len(talks), -1)
    for _ in range(6):
        row = draws.integers(first, np.maximum(last, first + 1))
        row = np.minimum(row, len(persons) - 1)
        fits = (last > first) & (since[row] <= day) & (day < left[row]) & (chosen < 0)
        chosen = np.where(fits, number[row], chosen)
    result = pd.Series(pd.array(chosen, dtype="Int64"))
    return result.mask(result < 0)
