"""Questions of chapter 06, what a customer is worth: 06.1 to 06.4 in the chapter, the rest in the exercises."""

import math
import warnings
from functools import lru_cache

from crmlib import clv, segments
from crmlib.data import load_cdnow
from crmlib.errors import CrmWarning
from crmlib.teaching.questions import Mistake, Question

FIRM = {"spend": 250, "variable_cost_rate": 0.52, "retention_cost": 20, "retention_rate": 0.8}
HIGH_END = (1000, 869, 743, 653, 593, 551, 517, 491)
MAILING = [[0.3, 0.7, 0, 0, 0], [0.2, 0, 0.8, 0, 0], [0.15, 0, 0, 0.85, 0], [0.05, 0, 0, 0, 0.95], [0, 0, 0, 0, 1]]


def _table(referral_rate=0.1, discount_rate=0.1, periods=3, **more):
    return clv.lifetime_value_table(
        1000, referral_rate=referral_rate, discount_rate=discount_rate, periods=periods, **FIRM, **more)


def _total_over_total(**more):
    table = _table(**more)
    return table["cumulative_npv"].iloc[-1] / table["customers"].iloc[-1]


def _periods_for(share=0.9, retention_rate=0.9, discount_rate=0.1):
    return math.log(1 - share) / math.log(retention_rate / (1 + discount_rate))


def _growing_referrals():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CrmWarning)
        return _table(referral_rate=1.0)["lifetime_value"].iloc[-1]


@lru_cache(maxsize=1)
def _high_end():
    return clv.fit_sbg(list(HIGH_END))


def _high_end_value(margin=100, discount_rate=0.1):
    fit = _high_end()
    return margin * clv.sbg_discounted_lifetime(fit.alpha, fit.beta, discount_rate)


def _mean_rate():
    return sum(after / before for before, after in zip(HIGH_END, HIGH_END[1:], strict=False)) / (len(HIGH_END) - 1)


def _constant_value(retention_rate, margin=100, discount_rate=0.1):
    return clv.lifetime_value(margin, retention_rate, discount_rate, timing="immediate")


def _last_state_mailed(mailing_cost):
    rule = clv.best_stopping(MAILING, [40 - mailing_cost, *[-mailing_cost] * 3, 0], 0.2, stop_rewards=[40, 0, 0, 0, 0])
    return int((rule["action"].iloc[:4] == "continue").sum())


def _by_timing(timing="immediate", **more):
    return [
        clv.lifetime_value(**{"margin": 120, "retention_rate": 0.8, "discount_rate": 0.1, "retention_cost": 20} | more,
                           timing=timing, retention_cost_timing=when)
        for when in ("active", "renewal", "mid_period")
    ]


@lru_cache(maxsize=1)
def _all_of_cdnow():
    orders = load_cdnow(sample=False).execute()
    by_day = orders.groupby(["customer_id", "date"], as_index=False)["amount"].sum()
    total = by_day.groupby("customer_id")["amount"].sum()
    first_order = by_day.sort_values("date").groupby("customer_id")["amount"].first()
    return total, first_order


def _concentration():
    total, first_order = _all_of_cdnow()
    later = total - first_order
    picked = first_order.nlargest(math.ceil(0.2 * len(total))).index
    return [segments.top_share(total), segments.share_needed(total), float(later[picked].sum() / later.sum())]


def _all_spend_of_first_orders():
    total, first_order = _all_of_cdnow()
    picked = first_order.nlargest(math.ceil(0.2 * len(total))).index
    return [*_concentration()[:2], float(total[picked].sum() / total.sum())]


QUESTIONS = {
    "06.1": Question(
        prompt="What is a new customer of our firm worth after three years, per original customer, if every "
        "retained customer brings 0.10 new ones a year?",
        expected=lambda: _table()["lifetime_value"].iloc[-1],
        tolerance=0.5,
        unit="yuan per original customer",
        mistakes=(
            Mistake(
                lambda: _table(denominator="cohort_and_referred")["lifetime_value"].iloc[-1],
                "You divided by everybody who came, friends included. The definition divides by those who were "
                "acquired: their friends are part of what they are worth.",
            ),
            Mistake(
                _total_over_total,
                "You divided by the customers of the last year. Those who left were paid for as well.",
            ),
            Mistake(
                lambda: _table(referral_rate=0.0)["lifetime_value"].iloc[-1],
                "These are our customers without their friends: set the referral rate.",
            ),
            Mistake(
                _growing_referrals,
                "Every customer would bring a whole friend a year: the referral rate is a fraction.",
            ),
            Mistake(
                lambda: _table(discount_rate=0.0)["lifetime_value"].iloc[-1],
                "Right, if money later were worth as much as money now: discount it.",
            ),
            Mistake(
                lambda: _table(periods=5)["lifetime_value"].iloc[-1],
                "These are more years than were asked for: how many years does the question count?",
            ),
            Mistake(
                lambda: _table(referral_rate=0.05)["lifetime_value"].iloc[-1],
                "This is the referral rate of the chapter. In the question every customer brings twice as many.",
            ),
            Mistake(
                lambda: _table()["npv"].iloc[-1] / 1000,
                "This is what the third year adds. The value is the sum of all three.",
            ),
            Mistake(
                lambda: _table()["cumulative_npv"].iloc[-1],
                "This is the whole cohort. Per original customer?",
            ),
        ),
    ),
    "06.2": Question(
        prompt="A customer has just paid this year's 120 yuan. What are the payments to come worth today, with "
        "retention 75 % and a discount rate of 10 % a year?",
        expected=lambda: clv.lifetime_value(120, 0.75, 0.1, timing="residual"),
        tolerance=0.5,
        unit="yuan",
        mistakes=(
            Mistake(
                lambda: clv.lifetime_value(120, 0.75, 0.1, timing="immediate"),
                "This counts a payment that is already in the till. Which timing is about the payments to come?",
            ),
            Mistake(
                lambda: clv.lifetime_value(120, 0.75, 0.1, timing="end"),
                "This is the timing of a new customer who pays at the end of each year, the first time for sure. "
                "Ours has to renew before the next payment.",
            ),
            Mistake(
                lambda: clv.lifetime_value(120, 0.75, 0.0, timing="residual"),
                "These are the expected payments, not yet their worth today: discount them.",
            ),
            Mistake(
                lambda: clv.annuity_lifetime_value(120, 0.75, 0.1),
                "This is the annuity: it lets everybody stay exactly the expected lifetime.",
            ),
            Mistake(
                lambda: clv.lifetime_value(120, 0.75, 0.0, timing="immediate"),
                "Margin times expected lifetime: nothing is discounted, and the payment just made is counted again.",
            ),
        ),
    ),
    "06.3": Question(
        prompt="How many yearly payments must be counted to hold at least 90 % of the value, with retention 90 % "
        "and a discount rate of 10 %?",
        expected=lambda: math.ceil(_periods_for()),
        unit="payments",
        mistakes=(
            Mistake(lambda: math.floor(_periods_for()), "Just short of the share that was asked for. Round up."),
            Mistake(_periods_for, "Payments come whole: which whole number of them holds enough?"),
            Mistake(
                lambda: round(clv.expected_lifetime(0.9)),
                "This is the expected number of payments. How much of the value do they hold?",
            ),
            Mistake(
                lambda: math.ceil(_periods_for(share=0.95)),
                "This is enough, but fewer will do. Look between the rows of the table.",
            ),
            Mistake(
                lambda: math.ceil(_periods_for(discount_rate=0.0)),
                "Customers leave, and money shrinks as well: the discount rate is missing.",
            ),
            Mistake(
                lambda: math.ceil(_periods_for(retention_rate=0.8)),
                "These are customers of whom 80 % stay. Here more of them do.",
            ),
            Mistake(
                lambda: math.ceil(_periods_for(share=0.1)),
                "This is where the first tenth of the value is reached. What is asked is all but a tenth.",
            ),
        ),
    ),
    "06.4": Question(
        prompt="The system reports a lifetime value of 210 yuan, net of the 90 yuan it cost to win the customer. "
        "What does the 40 % rule let you spend on winning one?",
        expected=lambda: clv.acquisition_cap(210, acquisition_cost_deducted=90),
        tolerance=0.5,
        unit="yuan",
        mistakes=(
            Mistake(
                lambda: clv.acquisition_cap(210),
                "40 % of what? This value has already paid for winning the customer: that cost counts twice.",
            ),
            Mistake(
                lambda: clv.acquisition_cap(210 - 90),
                "The cost was deducted once by the system, and once more by you.",
            ),
            Mistake(
                lambda: clv.acquisition_cap(210, share=1.0, acquisition_cost_deducted=90),
                "This is the break-even: the whole value goes into winning the customer.",
            ),
            Mistake(
                lambda: 0.4 * 210 + 90,
                "Add the cost back before you take the share, not after.",
            ),
        ),
    ),
    "06.5": Question(
        prompt="Retention rises from 80 % to 85 %. By how many yuan does the value of a new customer rise "
        "(margin 100 now and every year, discount rate 10 %)?",
        expected=lambda: _constant_value(0.85) - _constant_value(0.8),
        tolerance=0.5,
        unit="yuan",
        mistakes=(
            Mistake(lambda: _constant_value(0.85), "This is the new value. How much more is it than the old one?"),
            Mistake(
                lambda: clv.lifetime_value(100, 0.85, 0.1, timing="end")
                - clv.lifetime_value(100, 0.8, 0.1, timing="end"),
                "Close, but the first payment comes now: which timing is that?",
            ),
            Mistake(
                lambda: _constant_value(0.8 * 1.05) - _constant_value(0.8),
                "You raised retention by 5 per cent of itself. The question is about 5 points.",
            ),
        ),
    ),
    "06.6": Question(
        prompt="How much marketing money per customer could be spent in the first year of table A, if that year "
        "is to break even?",
        expected=lambda: 1.8 * 90 * (1 - 0.70),
        tolerance=0.05,
        unit="US$ per customer",
        mistakes=(
            Mistake(lambda: 1.8 * 90.0, "This is what a customer pays. The goods have to be bought as well."),
            Mistake(lambda: 1.8 * 90 * 0.70, "This is what the goods cost. What is left after that?"),
            Mistake(lambda: 55.0, "This is what was spent, and the year ended with a loss."),
            Mistake(
                lambda: 55.0 + (55.0 - 1.8 * 90 * (1 - 0.70)),
                "You added the loss to what was spent. Would more marketing have made the loss smaller?",
            ),
            Mistake(lambda: 90 * (1 - 0.70), "This is the margin of one order. How many orders a year?"),
        ),
    ),
    "06.7": Question(
        prompt="What share of a customer's value (366.67 yuan) is the best average cost, if winning 10 % of the "
        "prospects takes 15 yuan a prospect (ceiling 40 %)?",
        expected=lambda: clv.optimal_acquisition(
            _constant_value(0.8), ceiling=0.4, base_rate=0.1, base_spend=15)["cost_share"],
        tolerance=0.005,
        mistakes=(
            Mistake(
                lambda: clv.optimal_acquisition(
                    _constant_value(0.8), ceiling=0.4, base_rate=0.1, base_spend=5)["cost_share"],
                "This is the list of the chapter, where 5 yuan a prospect were enough.",
            ),
            Mistake(
                lambda: clv.optimal_acquisition(
                    _constant_value(0.8), ceiling=0.4, base_rate=0.1, base_spend=15)["spend"] / _constant_value(0.8),
                "This is the spend per prospect. Most prospects are not won: what does a customer cost?",
            ),
            Mistake(
                lambda: clv.optimal_acquisition(
                    _constant_value(0.8), ceiling=0.4, base_rate=0.1, base_spend=15)["average_cost"],
                "This is the best average cost in yuan. Which share of the value is it?",
            ),
            Mistake(
                lambda: clv.optimal_acquisition(
                    _constant_value(0.8), ceiling=0.4, base_rate=0.1, base_spend=15)["rate"],
                "This is the share of the prospects who are won. The question is about a share of the value.",
            ),
            Mistake(lambda: 15 / 0.1 / _constant_value(0.8), "This is the average cost today. Where is the optimum?"),
        ),
    ),
    "06.8": Question(
        prompt="A mailing costs 2 instead of 4. Up to which recency is a mailing worth its cost?",
        expected=lambda: _last_state_mailed(2),
        unit="recency, a whole number",
        mistakes=(
            Mistake(lambda: _last_state_mailed(4), "This is the rule of the chapter, at twice the cost of a mailing."),
            Mistake(lambda: 5, "There the customer is given up already: nothing is mailed any more."),
        ),
    ),
    "06.9": Question(
        prompt="What is a new customer of the High End cohort worth (margin 100 now and at every renewal, "
        "discount rate 10 %), if customers differ?",
        expected=_high_end_value,
        tolerance=0.2,
        unit="yuan",
        mistakes=(
            Mistake(
                lambda: _constant_value(sum(HIGH_END[1:]) / sum(HIGH_END[:-1])),
                "This is the value with one retention rate for everybody. Here customers differ.",
            ),
            Mistake(
                lambda: _constant_value(HIGH_END[1] / HIGH_END[0]),
                "This takes the first renewal for all the others. Retention rises afterwards.",
            ),
            Mistake(
                lambda: _high_end_value(margin=1),
                "This is the expected number of payments, discounted. The margin is missing.",
            ),
            Mistake(
                lambda: _constant_value(_mean_rate()),
                "This is one rate for everybody, the mean of the seven. Here customers differ.",
            ),
            Mistake(
                lambda: _constant_value(HIGH_END[-1] / HIGH_END[-2]),
                "This takes the latest renewal for all of them. Those who were there then are not the new ones.",
            ),
            Mistake(
                lambda: clv.lifetime_value(100, sum(HIGH_END[1:]) / sum(HIGH_END[:-1]), 0.1, timing="residual"),
                "This is one rate for everybody, and the payment of today is missing as well.",
            ),
            Mistake(
                lambda: 100 * clv.sbg_discounted_residual_lifetime(_high_end().alpha, _high_end().beta, 0, 0.1),
                "This is a customer just before the first renewal. A new one pays now as well.",
            ),
        ),
    ),
    "06.10": Question(
        prompt="The value of a new customer (contribution 120, keeping 20, retention 80 %, discount rate 10 %), with "
        "the cost of keeping paid as \"active\", \"renewal\" and \"mid_period\"?",
        expected=_by_timing,
        tolerance=0.05,
        unit="yuan, three values in this order",
        mistakes=(
            Mistake(lambda: _by_timing(retention_cost=0), "Nothing is spent on keeping: set the retention cost."),
            Mistake(
                lambda: _by_timing(margin=100),
                "The cost of keeping is deducted twice: give what is left before it, the contribution.",
            ),
            Mistake(lambda: _by_timing(timing="residual"), "A new customer pays now: which timing is that?"),
            Mistake(lambda: _by_timing(timing="end"), "A new customer of ours pays now, not at the end of the year."),
        ),
    ),
    "06.11": Question(
        prompt="All CDNOW customers: the revenue share of the best 20 %, the share of customers needed for 80 %, and "
        "the share of later spend held by the best 20 % by first order?",
        expected=_concentration,
        tolerance=0.005,
        unit="three fractions in this order",
        mistakes=(
            Mistake(
                _all_spend_of_first_orders,
                "The third one contains the first orders themselves. Take only what came later.",
            ),
        ),
    ),
}
