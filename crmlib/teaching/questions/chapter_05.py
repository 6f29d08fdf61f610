"""Questions of chapter 05: what does the customer get? The chapter asks 05.1 to 05.3, the exercises the others."""

import math

import numpy as np

from crmlib import delivered
from crmlib.data.case import KANO
from crmlib.teaching.questions import Mistake, Question, keeper, outside_books
from crmlib.teaching.widgets.chapter_05 import offer_curve

A, B = (890, 300), (1290, 210)  # dispensers: price, running cost a year
COUNTS = {"A": 30, "O": 22, "M": 18, "I": 40, "R": 8, "Q": 2}
TURN = {"A": 10.4, "O": 45.1, "M": 30.5, "I": 11.5}  # the skis' ease of turn, per cent

_kept = keeper()


def _books(case):
    """Survey, contracts, incidents and talks of external customers with one id each; their category by id."""

    def compute():
        external, _, tables = outside_books(case, "survey", "contracts", "incidents", "interactions")
        return *tables, external.set_index("customer_id")["category"]

    return _kept(case, "books", compute)


def _of(case, *kinds):
    survey, *_, category = _books(case)
    return survey[survey["customer_id"].map(category).isin(kinds)]


def _cheaper(*, discount_rate=0.10, timing="end"):
    a, b = (delivered.lifetime_cost(price, running_cost=running, years=5, discount_rate=discount_rate, timing=timing)
            for price, running in (A, B))
    return a - b


def _below_hope(case, *kinds, gap="delivery_gap"):
    survey = _of(case, *kinds) if kinds else _books(case)[0]
    value = delivered.delivered_value(survey)["total_value"].to_numpy()
    gaps = delivered.value_gaps(survey.assign(value_realised=value))
    return float((gaps[gap] > 0).mean())


def _better(top, bottom):
    return sum(COUNTS[c] for c in top) / sum(COUNTS[c] for c in bottom)


def _at_price(case, change, *, kinds=("household", "business"), compare=False):
    survey = _of(case, *kinds) if kinds else _books(case)[0]
    shares = offer_curve(survey, service_gain=0.0, prices=[0.0, change])["share"]
    return float(shares[1] - shares[0] if compare else shares[1])


def _nps_all(case, **options):
    return float(delivered.net_promoter_score(_books(case)[0]["recommend"], **options)["nps"])


def _questionable(case, variant, *, counted="Q"):
    answers = delivered.kano_answers(_books(case)[0], KANO, variant=variant)
    return float(answers["category"].isin(list(counted)).mean())


def _wallet(case, *, of_means=False, actual=False, shift=0):
    survey = _books(case)[0]
    rank, n = survey["supplier_rank"], survey["suppliers_used"]
    if actual:
        return float((rank == 1).mean())
    if of_means:
        return float((1 - rank.mean() / (n.mean() + 1)) * 2 / n.mean())
    return float(np.mean((1 - rank / (n + 1 + shift)) * 2 / n))


def _respondents_needed(*, factor=1.65, halved=True, rounding=math.ceil):
    a, b = TURN["O"] / 100, TURN["M"] / 100
    spread = (a + b) * (2 - a - b) / 2 if halved else (a + b) * (2 - a - b)
    return rounding(factor**2 * spread / (a - b) ** 2)


def _exit(case, *, exposed="blame_first", baseline="repaired", what="exit_share"):
    _, contracts, incidents, *_ = _books(case)
    years = _kept(case, "years", lambda: delivered.contract_years(contracts, incidents))
    return float(delivered.exit_share(years, group="failure", exposed=exposed, baseline=baseline)[what])


def _exit_difference(case):
    return _exit(case, what="stay_baseline") - _exit(case, what="stay_exposed")


QUESTIONS = {
    "05.1": Question(
        prompt="by how many yuan of today dispenser B is cheaper than A over five years at 10 %",
        expected=lambda **_: _cheaper(),
        tolerance=0.5,
        unit="yuan of today",
        mistakes=(
            Mistake(lambda **_: _cheaper(discount_rate=0.0),
                    "the running costs are not discounted: a yuan of next year is worth less than one of today"),
            Mistake(lambda **_: _cheaper(timing="immediate"),
                    "the first year is not discounted: running costs are paid at the end of each year"),
            Mistake(lambda **_: B[0] - A[0], "these are the prices only: what does each cost to run?"),
            Mistake(lambda **_: _cheaper() + B[0] - A[0],
                    "these are the savings on running only: B costs more to buy"),
            Mistake(lambda **_: _cheaper() + (B[0] - A[0]) * (1 - 1 / 1.1),
                    "the prices are paid today, and not discounted"),
            Mistake(lambda **_: A[1] - B[1], "that is the saving of one year: what are all of them worth today?"),
        ),
    ),
    "05.2": Question(
        prompt="which share of the households has a delivery gap above zero, as a fraction",
        expected=lambda case, **_: _below_hope(case, "household"),
        tolerance=0.0005,
        mistakes=(
            Mistake(lambda case, **_: _below_hope(case), "these are all respondents; asked are the households"),
            Mistake(lambda case, **_: _below_hope(case, "household", gap="communication_gap"),
                    "that is the communication gap, which opens before the sale"),
            Mistake(lambda case, **_: _below_hope(case, "household", gap="total_gap"),
                    "that is the whole gap, from potential to realised; asked is its second part"),
            Mistake(lambda case, **_: _below_hope(case, "household") * len(_of(case, "household")),
                    "that is how many; asked is the share of the households"),
            Mistake(lambda case, **_: _below_hope(case, "business"), "these are the businesses"),
            Mistake(lambda case, **_: 1 - _below_hope(case, "household"),
                    "that is the share who got as much as they had hoped for, or more: mind the sign of the gap"),
        ),
    ),
    "05.3": Question(
        prompt="better of a feature with A 30, O 22, M 18, I 40, R 8, Q 2",
        expected=lambda **_: _better("AO", "AOMI"),
        tolerance=0.0006,
        mistakes=(
            Mistake(lambda **_: _better("AO", "AOMIRQ"), "reverse and questionable answers are not in the denominator"),
            Mistake(lambda **_: _better("AO", "AOMIQ"), "questionable answers are not in the denominator either"),
            Mistake(lambda **_: _better("AO", "AOMIR"), "reverse answers are not in the denominator either"),
            Mistake(lambda **_: _better("OM", "AOMI"), "that is worse without its sign: whom does lacking it annoy?"),
            Mistake(lambda **_: -_better("OM", "AOMI"), "that is worse; asked is better"),
            Mistake(lambda **_: _better("A", "AOMI"), "one-dimensional answers are pleased by having it too"),
            Mistake(lambda **_: _better("AOM", "AOMIRQ"),
                    "that is the share to whom it matters at all: must-be answers are not pleased by having it"),
        ),
    ),
    "05.4": Question(
        prompt="which share of the households and businesses would be better off with us at a price 10 % lower, as a "
               "fraction",
        expected=lambda case, **_: _at_price(case, -0.10),
        tolerance=0.0005,
        mistakes=(
            Mistake(lambda case, **_: _at_price(case, -0.05), "that is the price cut of the chapter"),
            Mistake(lambda case, **_: _at_price(case, 0.10), "that is a price 10 % higher: a cut is negative"),
            Mistake(lambda case, **_: _at_price(case, -0.10, kinds=()),
                    "distributors and channel partners are in it: the plan is about households and businesses"),
            Mistake(lambda case, **_: _at_price(case, -0.10) - _at_price(case, -0.05),
                    "that is what the second 5 % add; asked is the share at 10 %"),
            Mistake(lambda case, **_: _at_price(case, -0.10, compare=True),
                    "that is the gain over today; asked is the share itself"),
        ),
    ),
    "05.5": Question(
        prompt="the Net Promoter Score if 8 counts as a promoter and 5 or less as a detractor, in points",
        expected=lambda case, **_: _nps_all(case, promoters_from=8, detractors_to=5),
        tolerance=0.06,
        unit="points, from -100 to 100",
        mistakes=(
            Mistake(lambda case, **_: _nps_all(case), "these are the usual limits, 9 and 6"),
            Mistake(lambda case, **_: _nps_all(case, promoters_from=8), "the detractors still go up to 6"),
            Mistake(lambda case, **_: _nps_all(case, promoters_from=8, detractors_to=4), "5 is a detractor as well"),
            Mistake(lambda case, **_: round(_nps_all(case, promoters_from=8, detractors_to=5)),
                    "rounded too far: give one decimal at least"),
            Mistake(lambda case, **_: _nps_all(case, detractors_to=5), "the promoters still begin at 9"),
        ),
    ),
    "05.6": Question(
        prompt="which share of all pairs of answers is questionable by Pouliot's table, as a fraction",
        expected=lambda case, **_: _questionable(case, "pouliot"),
        tolerance=0.0005,
        mistakes=(
            Mistake(lambda case, **_: _questionable(case, "berger"), "that is the table of Berger and others"),
            Mistake(lambda case, **_: _questionable(case, "pouliot") - _questionable(case, "berger"),
                    "that is how much the share grows; asked is the share"),
            Mistake(lambda case, **_: _questionable(case, "pouliot", counted="QR"),
                    "reverse answers are in it: they are clear answers"),
            Mistake(lambda case, **_: len(KANO) * _questionable(case, "pouliot"),
                    "divided by the respondents; each of them gave a pair of answers for every feature"),
        ),
    ),
    "05.7": Question(
        prompt="the mean share of wallet that the wallet allocation rule expects us to have, as a fraction",
        expected=lambda case, **_: _wallet(case),
        tolerance=0.0005,
        mistakes=(
            Mistake(lambda case, **_: _wallet(case, of_means=True),
                    "that is the rule applied to the mean rank and the mean number: apply it to each, then take the "
                    "mean"),
            Mistake(lambda case, **_: _wallet(case) / 2, "the factor is 2 / n, not 1 / n"),
            Mistake(lambda case, **_: _wallet(case, actual=True), "that is how often we are ranked first"),
            Mistake(lambda case, **_: _wallet(case, shift=-1), "the rank is divided by the number plus one"),
        ),
    ),
    "05.8": Question(
        prompt="from how many respondents on Fong's test tells 45.1 % from 30.5 %",
        expected=lambda **_: _respondents_needed(),
        unit="respondents",
        mistakes=(
            Mistake(lambda **_: _respondents_needed(factor=1.96), "that is with the factor 1.96; the default is 1.65"),
            Mistake(lambda **_: _respondents_needed(rounding=math.floor),
                    "with so many the difference is still just below the limit"),
            Mistake(lambda **_: _respondents_needed(halved=False), "the product under the root is divided by 2n"),
        ),
    ),
    "05.9": Question(
        prompt="which share of those who would have stayed is driven away by blame, against repair, as a fraction",
        expected=lambda case, **_: _exit(case),
        tolerance=0.0004,
        mistakes=(
            Mistake(lambda case, **_: _exit(case, baseline="replaced_at_once"),
                    "that is against replacing at once; asked is against repair"),
            Mistake(lambda case, **_: _exit(case, baseline="none"), "that is against years without a failure"),
            Mistake(lambda case, **_: 1 - _exit(case, what="stay_exposed"),
                    "that is the share who left after blame: how many would have stayed after a repair?"),
            Mistake(lambda case, **_: _exit_difference(case),
                    "that is the difference of the two shares who stayed: divide it by those who stay after a repair"),
            Mistake(lambda case, **_: _exit(case, exposed="repaired", baseline="blame_first"),
                    "the two groups are exchanged"),
        ),
    ),
}
