"""Questions of chapter 00: the whole course in one decision."""

from functools import lru_cache

from crmlib import btyd
from crmlib.data import load_cdnow
from crmlib.outreach import best_contacts, contact_profit_curve
from crmlib.teaching.questions import Mistake, Question


@lru_cache
def _models(sample=True):
    history = btyd.customer_summary(load_cdnow(sample=sample), observation_end="1997-09-30", unit="week")
    return history, btyd.fit_bg_nbd(history), btyd.fit_gamma_gamma(history, nonpositive="drop")


@lru_cache
def _revenue(sample=True, years=1, rate=0.15):
    """Discounted future revenue per customer."""
    history, purchases, spend = _models(sample)
    return btyd.lifetime_value(purchases, spend, history, horizon=years, horizon_unit="year", margin=1.0,
                               annual_discount_rate=rate)


def _share(condition):
    return float(condition(_models()[0].frequency).mean())


def _letters(cost=6.0, uplift=0.10, margin=0.30, sample=True):
    value = _revenue(sample) * margin
    return best_contacts(contact_profit_curve(value, cost_per_contact=cost, uplift=uplift))


def _growth(years=3, rate=0.15):
    return float(_revenue(years=years, rate=rate).sum() / _revenue(rate=rate).sum())


QUESTIONS = {
    "00.1": Question(
        prompt="Which share of the customers came back at least once?",
        expected=lambda: _share(lambda f: f > 0),
        tolerance=0.005,
        mistakes=(
            Mistake(lambda: _share(lambda f: f == 0), "That is the share of those who never came back."),
            Mistake(lambda: _share(lambda f: f > 1), "Frequency counts repeat purchases: 1 is already a return."),
            Mistake(lambda: float((_models()[0].frequency > 0).sum()), "That is a number of customers, not a share."),
            Mistake(lambda: float((_models()[0].frequency == 0).sum()),
                    "That is the number of customers who never came back; the share of the others is asked."),
        ),
    ),
    "00.2": Question(
        prompt="How many letters should go out at 6 dollars each?",
        expected=_letters,
        tolerance=0,
        unit="letters",
        mistakes=(
            Mistake(lambda: _letters(cost=3.0), "That is the plan at 3 dollars a letter."),
            Mistake(lambda: _letters(cost=3.0) // 2,
                    "Twice the price is not half the letters: who is worth more than the new break-even value?"),
            Mistake(lambda: _letters(uplift=1.0),
                    "A letter brings only a tenth of the value, so a value of 6 dollars is not enough."),
            Mistake(lambda: _letters(margin=1.0), "Compare the cost with margin, not with revenue."),
        ),
    ),
    "00.3": Question(
        prompt="By which factor does the value of the base grow from one year to three?",
        expected=_growth,
        tolerance=0.01,
        mistakes=(
            Mistake(lambda: _growth(rate=0.0), "Future money is discounted, at 15 % a year."),
            Mistake(lambda: _growth() - 1, "That is the growth; the factor is one more."),
            Mistake(lambda: 1 / _growth(), "The other way round: three years over one."),
            Mistake(lambda: _growth(years=2), "That is two years."),
            Mistake(lambda: 3.0, "As if nobody left and money kept its worth: compute it."),
            Mistake(lambda: float(_revenue(years=3).sum() * 0.30), "That is the sum; how many times one year's is it?"),
        ),
    ),
    "00.4": Question(
        prompt="How many letters at 3 dollars, on all 23,570 customers?",
        expected=lambda: _letters(cost=3.0, sample=False),
        tolerance=0,
        unit="letters",
        mistakes=(
            Mistake(lambda: _letters(cost=3.0), "That is the answer for the sample of one in ten."),
            Mistake(lambda: 10 * _letters(cost=3.0), "That is the guess; fit the models on the whole cohort."),
            Mistake(lambda: _letters(cost=6.0, sample=False), "That is at 6 dollars a letter; here it costs 3 again."),
        ),
    ),
}
