"""Questions of chapter 08: what does a lost customer cost? The chapter asks 08.2 to 08.4, the exercises the others."""

from functools import lru_cache

import numpy as np
import pandas as pd

from crmlib import churn, clv
from crmlib.data import load_cdnow
from crmlib.data.case import NOT_SELLING
from crmlib.teaching.questions import Mistake, Question, keeper, outside_books

LOST, ORDINARY = (3500, 0.30), (275, 0.22)                # revenue and margin of the two customers of 08.1
GESTURE, ORDER, YEARS, RATE, ANYWAY = 6_000, 40_000, 2, 0.10, 0.55
SECOND_LIFE, VISIT = 2_000, 340
RETENTION, DISCOUNT = 0.85, 0.12
ANSWERS = {"price": 48, "service": 36, "moved": 12, "closed": 6, "no answer": 18}  # of 120 customers who left
CUT = pd.Timestamp("1997-06-30")  # the day on which 08.10 stops looking

_kept = keeper()


def _books(case):
    """External customers and the tables about them, one id each, as in the chapter."""

    def compute():
        names = "orders", "interactions", "incidents", "contracts", "churn_interviews", "winbacks"
        external, _, tables = outside_books(case, *names)
        return external.set_index("customer_id"), dict(zip(names, tables, strict=True))

    return _kept(case, "books", compute)


def _spells(case):
    return _kept(case, "spells", lambda: churn.contract_spells(_books(case)[1]["contracts"],
                                                               observation_end=case.observation_end))


def _years(case):
    """Contract years with what happened in them, and what came a year later."""

    def compute():
        tables = _books(case)[1]
        talks = tables["interactions"]
        costs = {name: tables[name][["customer_id", "date", "cost"]] for name in ("interactions", "incidents")}
        years = churn.contract_years(tables["contracts"], contacts=talks[talks["purpose"].isin(NOT_SELLING)],
                                     incidents=tables["incidents"], lines=tables["orders"], costs=costs)
        years = years.sort_values(["customer_id", "started_on"])
        following = years.groupby("customer_id")[["profit", "renewed"]].shift(-1)
        years["next_profit"] = following["profit"].where(following["renewed"].notna())
        return years

    return _kept(case, "years", compute)


def _replaced(*, basis="margin", how="ceil"):
    lost, ordinary = (each[0] * (each[1] if basis == "margin" else 1) for each in (LOST, ORDINARY))
    found = churn.replacement(lost, ordinary)
    return {"ceil": found["customers"], "floor": np.floor(found["exact"]), "exact": found["exact"],
            "inverse": ordinary / lost}[how]


def _survival(case, at, *, group="fair", by="channel", naive=None):
    spells, people = _spells(case), _books(case)[0]
    names = people[by].reindex(spells.index)
    if group == "other channels":  # as in Figure 4
        names = names.where(names.isin(["promotion", "referral"]), group)
    if by == "category":
        names = names.eq("household").map({True: "household", False: "organisation"})
    part = spells if group is None else spells[names == group]
    if naive == "dropped":  # whoever was watched for less is left out
        part = part[part["left"] | (part["years"] >= at)]
        return float((part["years"] > at).mean())
    if naive == "gone":  # whoever was watched for less counts as gone
        return float((part["years"] > at).mean())
    if naive == "everybody":
        return 1 - (part["left"] & (part["years"] <= at + 0.01)).mean()
    if naive == "leavers":
        part = part[part["left"]]
        return (part["years"] > at + 0.01).mean()
    if naive == "decided":  # whoever is watched for so long, by the years gone
        return 1 - part["left"].mean()
    return float(churn.survival_curve(part["years"], part["left"], at=[at])["survival"].iloc[0])


def _break_even(*, years=YEARS, rate=RATE, anyway=ANYWAY):
    found = churn.recovery_value(GESTURE, ORDER, stays_with=1, stays_without=0, years=years, discount_rate=rate)
    return anyway + found["break_even_rise"]


def _winback(case, *, cost=VISIT, reason="neglect", tried="decided", by="stated", offer="call"):
    tables = _books(case)[1]
    stated = tables["churn_interviews"].drop_duplicates("customer_id").set_index("customer_id")["stated_reason"]
    attempts = tables["winbacks"].assign(reason=tables["winbacks"]["customer_id"].map(stated))
    if by == "truth":
        attempts = attempts.merge(case.truth.winbacks, on="attempt_id").dropna(subset=["returned"])
        attempts = attempts[(attempts["offer"] == offer) & (attempts["reason"] == reason)]
        return attempts["return_probability"].mean() * SECOND_LIFE - cost
    if offer:
        attempts = attempts[attempts["offer"] == offer]
    if by == "all":
        attempts = attempts.assign(reason=reason)
    rates = churn.winback_rates(attempts.dropna(subset=["reason"]), by="reason")
    row = rates.loc[reason]
    rate = row["returned"] / (row["tried"] + (row["pending"] if tried == "all" else 0))
    return rate * SECOND_LIFE - cost


def _uplift(*, rate=RETENTION, points=0.05, timing="residual", column="relative", discount=DISCOUNT):
    return float(churn.retention_uplift(rate, points, discount, timing=timing)[column].iloc[0])


def _answer_shares(*, divide="answers", drop=("no answer",)):
    kept = {name: count for name, count in ANSWERS.items() if name not in drop}
    total = sum(kept.values()) if divide == "answers" else sum(ANSWERS.values()) if divide == "all" else divide
    return kept["service"] / total


def _handled(case, *, first="repaired", second="blame_first", value="exit_share", failures="one"):
    years = _years(case)
    years = years[years["renewed"].notna()]
    if failures == "one":
        years = years[(years["failures"] == 1) & years["handling"].isin([first, second])]
        treated = years["handling"] == second
    else:  # everybody without a failure against those who were blamed
        years = years[(years["failures"] == 0) | (years["handling"] == second)]
        treated = years["handling"] == second
    return float(churn.stay_effect(years["renewed"], treated)[value])


def _programme(case, *, value="next", reached="uncalled", effect="neglected", end="gain"):
    years = _years(case)
    multiple = clv.retention_multiple(float(years["renewed"].mean()), 0.10, timing="immediate")
    trial = years[years["campaign"].notna() & years["renewed"].notna()]
    if effect == "neglected":
        trial = trial[trial["neglected"]]
    due = years[years["due_on"].dt.year == 2025]
    worth = years[years["neglected"] & years["next_profit"].notna()]
    free = due if reached == "all" else due[due["neglected"]]
    count = len(free[~free["campaign"].eq("call").fillna(False)] if reached == "uncalled" else free)
    gain = churn.saving_gain(
        trial["renewed"], trial["campaign"] == "call", worth["next_profit"] * (multiple if value != "year" else 1.0),
        reached=count, clusters=trial["customer_id"], value_clusters=worth["customer_id"], level=0.99,
        draws=10_000 if end != "gain" else 50)
    return float(gain[end])


@lru_cache(maxsize=2)
def _waits(merged=True):
    """Days from the first to the second purchase of CDNOW customers, or to the day we stop looking, and whether."""
    orders = load_cdnow().execute()
    orders = orders[orders["date"] <= CUT].sort_values(["customer_id", "date"])
    if merged:
        orders = orders.drop_duplicates(["customer_id", "date"])
    order = orders.groupby("customer_id").cumcount()
    first, second = (orders[order == k].set_index("customer_id")["date"] for k in (0, 1))
    again = second.reindex(first.index).notna()
    until = second.reindex(first.index).fillna(CUT)
    return (until - first).dt.days, again


def _second_purchase(*, how="survival", days=150, merged=True):
    wait, again = _waits(merged)
    if how == "who did":
        return float((wait[again] > days).mean())
    share = float(churn.survival_curve(wait, again, at=[days])["survival"].iloc[0])
    return {"survival": share, "event": 1 - share, "never": float((~again).mean()), "gone": float((wait > days).mean()),
            "waiting": 1 - float((again & (wait <= days)).mean()),
            "dropped": float((wait > days)[again | (wait > days)].mean())}[how]


QUESTIONS = {
    "08.1": Question(
        prompt="how many ordinary customers make up for the margin of the lost one: 3,500 yuan at 30 %, 275 at 22 %",
        expected=lambda **_: _replaced(),
        unit="customers",
        mistakes=(
            Mistake(lambda **_: _replaced(how="floor"), "so many bring less than was lost: round up"),
            Mistake(lambda **_: _replaced(how="exact"), "customers come whole: round up"),
            Mistake(lambda **_: round(_replaced(how="exact"), 1), "customers come whole: round up"),
            Mistake(lambda **_: round(_replaced(how="exact"), 2), "customers come whole: round up"),
            Mistake(lambda **_: _replaced(basis="revenue"), "that is the revenue; asked is the margin of both"),
            Mistake(lambda **_: _replaced(how="inverse"), "divided the wrong way round: how often does the small one "
                                                          "fit into the large one?"),
            Mistake(lambda **_: np.ceil(LOST[0] * LOST[1] / ORDINARY[0]),
                    "the margin of one against the revenue of the other: take the same kind of money for both"),
        ),
    ),
    "08.2": Question(
        prompt="the share of the customers of trade fairs who are still here after two contract years, as a fraction",
        expected=lambda case, **_: _survival(case, 2),
        tolerance=0.0006,
        mistakes=(
            Mistake(lambda case, **_: _survival(case, 2, naive="everybody"),
                    "those who have not been watched for two years were counted as staying: who came to each renewal?"),
            Mistake(lambda case, **_: _survival(case, 2, naive="leavers"),
                    "that is a share of those who left; those still here count too"),
            Mistake(lambda case, **_: _survival(case, 2, naive="decided"),
                    "that is who is still here today, some after one year, some after four"),
            Mistake(lambda case, **_: 1 - _survival(case, 2), "that is the share that left"),
            Mistake(lambda case, **_: _survival(case, 1), "that is after one year"),
            Mistake(lambda case, **_: _survival(case, 2) / _survival(case, 1),
                    "that is the second renewal alone; who came to it had made the first"),
            Mistake(lambda case, **_: _survival(case, 2, group=None),
                    "those are several channels together; asked are fairs alone"),
            Mistake(lambda case, **_: _survival(case, 2, group="other channels"),
                    "those are several channels together; asked are fairs alone"),
            Mistake(lambda case, **_: round(_survival(case, 2, group="other channels"), 2),
                    "those are several channels together; asked are fairs alone"),
            Mistake(lambda case, **_: _survival(case, 2, naive="dropped"),
                    "who was watched for less than two years was left out; they count as long as they were watched"),
            Mistake(lambda case, **_: _survival(case, 2, naive="gone"),
                    "who was watched for less than two years was counted as gone"),
        ),
    ),
    "08.3": Question(
        prompt="to which chance of ordering a gesture of 6,000 must lift it from 55 %, for an order of 40,000 in two "
               "years at 10 %, as a fraction",
        expected=lambda **_: _break_even(),
        tolerance=0.0006,
        mistakes=(
            Mistake(lambda **_: _break_even(anyway=0), "that is the rise; the other branch is missing: part of them "
                                                       "orders anyway"),
            Mistake(lambda **_: _break_even(rate=0), "the order comes in two years: a yuan then is worth less today"),
            Mistake(lambda **_: _break_even(years=1), "that waits one year; the order comes in two"),
            Mistake(lambda **_: GESTURE / ORDER, "neither discounted, nor with those who order anyway"),
            Mistake(lambda **_: ANYWAY + GESTURE / ORDER / (1 + RATE) ** YEARS,
                    "discounted in the wrong direction: waiting makes the order worth less, so more of them must come"),
            Mistake(lambda **_: ANYWAY * (1 + GESTURE * (1 + RATE) ** YEARS / ORDER),
                    "the rise is in points, added to the chance, not a percentage of it"),
        ),
    ),
    "08.4": Question(
        prompt="what a visit for 340 yuan brings on average with who left for neglect, at the rate of calls for that "
               "reason, if a second life is worth 2,000",
        expected=lambda case, **_: _winback(case),
        tolerance=1.1,
        unit="yuan",
        mistakes=(
            Mistake(lambda case, **_: _winback(case, cost=0), "the visit costs money whether they return or not"),
            Mistake(lambda case, **_: _winback(case, cost=20), "that is the price of a call; asked is a visit"),
            Mistake(lambda case, **_: _winback(case, by="all"),
                    "that is the rate of all calls; take the reason's own"),
            Mistake(lambda case, **_: _winback(case, by="all", offer="visit"),
                    "that is the rate of visits, whatever the reason; take the reason's own"),
            Mistake(lambda case, **_: _winback(case, offer=None),
                    "that is the rate of calls, visits and discounts together; `by_reason` is about calls"),
            Mistake(lambda case, **_: _winback(case, by="truth"),
                    "that is the truth, which nobody knows; take the rate of the attempts"),
            Mistake(lambda case, **_: _winback(case, cost=0) * (1 - VISIT / SECOND_LIFE),
                    "the cost was deducted only from those who return; it is paid for every visit"),
        ),
    ),
    "08.5": Question(
        prompt="by what fraction three points more retention, from 85 %, raise the value of an existing customer at "
               "12 %",
        expected=lambda **_: _uplift(points=0.03),
        tolerance=0.0006,
        mistakes=(
            Mistake(lambda **_: _uplift(points=0.03, timing="immediate"),
                    "that is a new customer who pays now; asked is one who has just paid"),
            Mistake(lambda **_: _uplift(points=0.03 * RETENTION),
                    "that is 3 % of the rate; asked are three percentage points"),
            Mistake(lambda **_: _uplift(points=0.05), "those are five points, as in the chapter"),
            Mistake(lambda **_: _uplift(points=0.03, column="gain"),
                    "that is how many yearly margins are gained; asked is the fraction of the value before"),
            Mistake(lambda **_: _uplift(points=0.03, discount=0.10),
                    "that is at the 10 % of the chapter; here money costs 12 %"),
            Mistake(lambda **_: 1 + _uplift(points=0.03), "that is after divided by before; asked is the rise"),
            Mistake(lambda **_: _uplift(points=0.03, column="lifetime") - 1,
                    "that is how much longer they stay; money of later years is worth less"),
        ),
    ),
    "08.6": Question(
        prompt="the share of service among the reasons given, 'no answer' being no reason, as a fraction",
        expected=lambda **_: _answer_shares(),
        tolerance=0.0006,
        mistakes=(
            Mistake(lambda **_: _answer_shares(divide="all"),
                    "who gave no answer is in the denominator: of the reasons given, how many are service?"),
            Mistake(lambda **_: _answer_shares(divide=100), "these were divided by 100: how many answers are there?"),
        ),
    ),
    "08.7": Question(
        prompt="the share of households, and of organisations, still here after three contract years, as fractions",
        expected=lambda case, **_: [_survival(case, 3, group=name, by="category") for name in
                                    ("household", "organisation")],
        tolerance=0.0006,
        mistakes=(
            Mistake(lambda case, **_: [_survival(case, 3, group=name, by="category") for name in
                                       ("organisation", "household")], "the right numbers, in reverse order"),
            Mistake(lambda case, **_: [_survival(case, 3, group=name, by="category", naive="everybody") for name in
                                       ("household", "organisation")],
                    "who has not been watched for three years was counted as staying"),
            Mistake(lambda case, **_: [_survival(case, 2, group=name, by="category") for name in
                                       ("household", "organisation")], "that is after two years"),
            Mistake(lambda case, **_: [_survival(case, 3, group=name, by="category", naive="gone") for name in
                                       ("household", "organisation")],
                    "who was watched for less than three years was counted as gone"),
            Mistake(lambda case, **_: [_survival(case, 3, group=name, by="category", naive="dropped") for name in
                                       ("household", "organisation")],
                    "who was watched for less than three years was left out; they count as long as they were watched"),
            Mistake(lambda case, **_: [_survival(case, 3, group=name, by="category", naive="decided") for name in
                                       ("household", "organisation")],
                    "that is who is still here today, some after one year, some after four"),
            Mistake(lambda case, **_: [1 - _survival(case, 3, group=name, by="category") for name in
                                       ("household", "organisation")], "those are the shares that left"),
        ),
    ),
    "08.8": Question(
        prompt="which part of those who stay after a quiet repair leaves if the blame is settled first, as a fraction",
        expected=lambda case, **_: _handled(case),
        tolerance=0.0005,
        mistakes=(
            Mistake(lambda case, **_: -_handled(case, value="difference"),
                    "those are points of all customers; asked is the part of those who would have stayed"),
            Mistake(lambda case, **_: _handled(case, first="replaced_at_once"),
                    "that compares with replacing at once; asked is a quiet repair"),
            Mistake(lambda case, **_: _handled(case, failures="none"),
                    "that compares with customers without a failure: the failure itself is in the difference"),
            Mistake(lambda case, **_: _handled(case, first="blame_first", second="repaired"),
                    "the wrong way round: which of the two is the treatment?"),
        ),
    ),
    "08.9": Question(
        prompt="the highest yearly price at which the programme for the neglected breaks even, in the other company",
        expected=lambda case, **_: _programme(case),
        tolerance=1.0,
        unit="yuan",
        mistakes=(
            Mistake(lambda case, **_: _programme(case, value="year"),
                    "that counts one year's profit; a customer kept stays for more"),
            Mistake(lambda case, **_: _programme(case, reached="neglected"),
                    "that reaches all neglected; part of them is called already, and nothing is gained there"),
            Mistake(lambda case, **_: _programme(case, end="low"),
                    "that is the lower end of the interval; asked is where the estimate breaks even"),
            Mistake(lambda case, **_: _programme(case, reached="all"),
                    "that reaches all customers due; the programme reaches the neglected"),
            Mistake(lambda case, **_: _programme(case, effect="all"),
                    "that is the rise of all customers in the trial; those reached are the neglected"),
        ),
    ),
    "08.10": Question(
        prompt="the share of CDNOW customers who have not bought a second time 150 days after the first, looking until "
               "30 June 1997, as a fraction",
        expected=lambda **_: _second_purchase(),
        tolerance=0.0006,
        mistakes=(
            Mistake(lambda **_: _second_purchase(how="who did"),
                    "that is a share of those who did buy again; the others are censored, not absent"),
            Mistake(lambda **_: _second_purchase(how="event"), "that is the share that has bought again by then"),
            Mistake(lambda **_: _second_purchase(how="never"),
                    "that is who had not bought again when we stop looking; asked is after 150 days"),
            Mistake(lambda **_: _second_purchase(how="gone"),
                    "who was watched for less than 150 days was counted as having come back"),
            Mistake(lambda **_: _second_purchase(how="waiting"),
                    "who was watched for less than 150 days was counted as waiting still: some would have come back"),
            Mistake(lambda **_: _second_purchase(how="dropped"),
                    "who was watched for less than 150 days was left out; they count as long as they were watched"),
            Mistake(lambda **_: _second_purchase(merged=False), "two orders on one day are one purchase"),
        ),
    ),
}
