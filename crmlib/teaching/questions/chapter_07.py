"""Questions of chapter 07: lifetime value from orders. The chapter asks 07.1 to 07.4, the exercises the others."""

from functools import lru_cache

import pandas as pd

from crmlib import btyd
from crmlib.data import load_cdnow, load_donations
from crmlib.teaching.questions import Mistake, Question

CHEN = pd.DataFrame({
    "customer_id": "Chen",
    "date": pd.to_datetime(["1997-01-06", "1997-02-03", "1997-02-03", "1997-03-31"]),
    "amount": [14.99, 12.99, 29.98, 16.49],
})
CHEN_END = "1997-07-07"
# somebody buys on the last day, so that it is a day of the data
LAST_DAY = pd.DataFrame({"customer_id": "Diaz", "date": pd.to_datetime([CHEN_END]), "amount": [9.99]})
YEAR = {"horizon": 12, "horizon_unit": "month"}


@lru_cache(maxsize=4)
def _split(calibration_end="1997-09-30"):
    return btyd.calibration_holdout(load_cdnow(), calibration_end=calibration_end, observation_end="1998-06-30")


@lru_cache(maxsize=4)
def _bg(calibration_end="1997-09-30"):
    return btyd.fit_bg_nbd(_split(calibration_end))


@lru_cache(maxsize=1)
def _mbg():
    return btyd.fit_mbg_nbd(_split())


@lru_cache(maxsize=1)
def _pareto():
    return btyd.fit_pareto_nbd(_split())


@lru_cache(maxsize=1)
def _spend():
    return btyd.fit_gamma_gamma(_split())


@lru_cache(maxsize=1)
def _donors():
    donors = load_donations()
    return donors, btyd.fit_bg_bb(donors, unit="year")


def _chen(unit="week"):
    both = btyd.customer_summary(pd.concat([CHEN, LAST_DAY]), observation_end=CHEN_END, unit=unit)
    return both.set_index("customer_id").loc["Chen"]


def _history(*names, unit="week"):
    return [float(_chen(unit)[name]) for name in names]


def _repeat():
    return _split()[_split().frequency > 0]


def _value(**changes):
    how = YEAR | {"margin": 0.2, "annual_discount_rate": 0.15} | changes
    return btyd.lifetime_value(_bg(), _spend(), _split(), **how).sum()


def _early_bias(end="1997-06-30", weeks=52):
    split = _split(end)
    forecast = btyd.expected_purchases(_bg(end), split, horizon=weeks, horizon_unit="week").sum()
    return forecast / split.holdout_frequency.sum() - 1


def _best_rule():
    """The N (4, 8, …, 36 weeks) of the rule "own rate if they bought in the last N weeks" with the smallest error."""
    split = _split()
    silence, rate = split["T"] - split.recency, split.frequency / split["T"] * 39
    errors = {n: (rate.where(silence <= n, 0.0) - split.holdout_frequency).abs().mean() for n in range(4, 40, 4)}
    return min(errors, key=errors.get)


@lru_cache(maxsize=1)
def _whole_file():
    """Split and both models of the master file."""
    split = btyd.calibration_holdout(
        load_cdnow(sample=False), calibration_end="1997-09-30", observation_end="1998-06-30")
    return split, btyd.fit_bg_nbd(split), btyd.fit_gamma_gamma(split, nonpositive="drop")


def _postcards(least=10, **changes):
    """Customers of the master file who are expected to bring more than `least` dollars."""
    split, model, spend = _whole_file()
    how = {"horizon": 39, "horizon_unit": "week", "margin": 0.3, "annual_discount_rate": 0.15} | changes
    return (btyd.lifetime_value(model, spend, split, **how) > least).sum()


def _donations(horizon=5, weighted=True):
    donors, model = _donors()
    each = btyd.expected_purchases(model, donors, horizon=horizon, horizon_unit="year")
    return (each * donors.customers if weighted else each).sum()


QUESTIONS = {
    "07.1": Question(
        prompt="Frequency, recency and T of Ms Chen, in weeks, as a list of three numbers?",
        expected=lambda: _history("frequency", "recency", "T"),
        tolerance=0.05,
        unit="repeat purchases, weeks, weeks",
        mistakes=(
            Mistake(lambda: [len(CHEN), *_history("recency", "T")],
                    "Recency and T are right. Frequency counts no rows: think of same-day orders, and of the first."),
            Mistake(lambda: [len(CHEN) - 1, *_history("recency", "T")],
                    "Recency and T are right. Frequency is too high: is every row a day, or did you count the first?"),
            Mistake(lambda: [_chen().frequency, _chen()["T"] - _chen().recency, _chen()["T"]],
                    "Your second number is the time since the last purchase. Recency runs from the first to the last."),
            Mistake(lambda: [len(CHEN) - 1, _chen()["T"] - _chen().recency, _chen()["T"]],
                    "Two slips: the first day counts as no repeat, and recency is not the silence since the last day."),
            Mistake(lambda: _history("frequency", "T", "recency"),
                    "Recency and T have changed places: which of them runs to the end of observation?"),
            Mistake(lambda: [_chen().frequency, _chen()["T"], _chen()["T"]],
                    "You gave T twice: where on the line does recency stop?"),
            Mistake(lambda: _history("frequency", "recency", "T", unit="day"),
                    "These are days; the question asks for weeks."),
            Mistake(lambda: _history("frequency", "recency", "T", unit="month"),
                    "These are months; the question asks for weeks."),
        ),
    ),
    "07.2": Question(
        prompt="How many of the customers who came back are still active, by the BG/NBD model?",
        expected=lambda: btyd.probability_alive(_bg(), _repeat()).sum(),
        tolerance=1,
        unit="customers",
        mistakes=(
            Mistake(lambda: btyd.probability_alive(_bg(), _split()).sum(),
                    "You counted the one-time buyers too, whom this model takes as active for certain."),
            Mistake(lambda: len(_repeat()), "This is how many came back at all; some of them have left since."),
            Mistake(lambda: (btyd.probability_alive(_bg(), _repeat()) > 0.5).sum(),
                    "You counted those above one half. An expected number adds the probabilities up."),
            Mistake(lambda: btyd.probability_alive(_bg(), _repeat()).mean(),
                    "This is a mean probability; how many customers is it when added up?"),
            Mistake(lambda: btyd.probability_alive(_mbg(), _repeat()).sum(),
                    "This is another model's answer, the one whose coin falls after the first purchase too."),
            Mistake(lambda: btyd.probability_alive(_pareto(), _repeat()).sum(),
                    "This is another model's answer, the one in which customers may leave at any time."),
        ),
    ),
    "07.3": Question(
        prompt="How many purchases does the BG/NBD model expect from all customers in the next 12 months?",
        expected=lambda: btyd.expected_purchases(_bg(), _split(), **YEAR).sum(),
        tolerance=5,  # 52 weeks are as good as 12 months
        unit="purchases",
        mistakes=(
            Mistake(lambda: btyd.expected_purchases(_bg(), _split(), horizon=12, horizon_unit="week").sum(),
                    "Twelve of what? The horizon has a unit of its own."),
            Mistake(lambda: btyd.expected_purchases(_bg(), _split(), horizon=39, horizon_unit="week").sum(),
                    "This is the horizon of the test above; the question asks for a longer one."),
            Mistake(lambda: btyd.expected_purchases(_bg(), _repeat(), **YEAR).sum(),
                    "The one-time buyers are missing: each brings little, but they are many."),
            Mistake(lambda: btyd.discounted_purchases(_bg(), _split(), **YEAR, annual_discount_rate=0.15).sum(),
                    "These are discounted purchases: count them first, discount the money later."),
        ),
    ),
    "07.4": Question(
        prompt="Value of the base over 12 months at a margin of 20 % and a discount rate of 15 % a year, in dollars?",
        expected=_value,
        tolerance=10,
        unit="dollars",
        mistakes=(
            Mistake(lambda: _value(margin=1.0), "This is revenue. What remains of a dollar after variable cost?"),
            Mistake(lambda: _value(margin=0.3), "This is the value at the margin used above; the question changes it."),
            Mistake(lambda: _value(annual_discount_rate=0.0), "A dollar in a year is not a dollar today: discount it."),
            Mistake(lambda: _value(horizon_unit="week"), "Twelve of what? The horizon has a unit of its own."),
            Mistake(lambda: btyd.lifetime_value(_bg(), _spend(), _repeat(), **YEAR, margin=0.2,
                                                annual_discount_rate=0.15).sum(),
                    "The one-time buyers are missing: the base is everybody."),
        ),
    ),
    "07.5": Question(
        prompt="Value of the base over 24 months at a margin of 20 %, in dollars?",
        expected=lambda: _value(horizon=24),
        tolerance=10,
        unit="dollars",
        mistakes=(
            Mistake(lambda: 2 * _value(), "Twice the first year: but customers leave, and later money counts less."),
            Mistake(lambda: _value(horizon=24, margin=0.3), "The margin of the chapter; the question changes it."),
            Mistake(lambda: _value(horizon=24, horizon_unit="week"), "Twenty-four of what?"),
            Mistake(lambda: _value(horizon=24, annual_discount_rate=0.0),
                    "A dollar of the second year is not a dollar today: discount it."),
        ),
    ),
    "07.6": Question(
        prompt="Bias of the forecast of total purchases, fitted at the end of June, as a fraction?",
        expected=_early_bias,
        tolerance=0.003,
        unit="a fraction",
        mistakes=(
            Mistake(lambda: 1 / (1 + _early_bias()) - 1,
                    "Divide the other way round: the bias is measured against what happened."),
            Mistake(lambda: _early_bias(weeks=39),
                    "The holdout is longer now: the forecast has to cover all its weeks."),
            Mistake(lambda: _early_bias("1997-09-30", 39),
                    "This is the bias of the chapter's forecast, made in September."),
        ),
    ),
    "07.7": Question(
        prompt="How many of the one-time buyers are still active, by the MBG/NBD model?",
        expected=lambda: btyd.probability_alive(_mbg(), _split()[_split().frequency == 0]).sum(),
        tolerance=1,
        unit="customers",
        mistakes=(
            Mistake(lambda: btyd.probability_alive(_mbg(), _split()).sum(),
                    "These are all customers, not the one-time buyers."),
            Mistake(lambda: (_split().frequency == 0).sum(), "This is the answer of the model without the M."),
        ),
    ),
    "07.8": Question(
        prompt="How many donations does the BG/BB model expect in the next five years from all donors?",
        expected=_donations,
        tolerance=5,
        unit="donations",
        mistakes=(
            Mistake(lambda: _donations(weighted=False), "Each row stands for many donors: weight it by `customers`."),
            Mistake(lambda: _donations(horizon=6), "Six years were observed; the question asks for fewer ahead."),
            Mistake(lambda: _donations(horizon=1), "This is one year ahead only."),
        ),
    ),
    "07.9": Question(
        prompt="The rule \"own rate if they bought in the last N weeks\": which N has the smallest absolute error?",
        expected=_best_rule,
        tolerance=0,
        unit="weeks",
        mistakes=(
            Mistake(lambda: 36, "This is the most generous rule; look for the smallest number in the table of errors."),
        ),
    ),
    "07.10": Question(
        prompt="How many of all 23,570 customers get a postcard?",
        expected=_postcards,
        tolerance=5,
        unit="customers",
        mistakes=(
            Mistake(lambda: _postcards(margin=1.0), "You compared revenue with the cost: what remains of a dollar?"),
            Mistake(lambda: _postcards(least=1),
                    "A postcard earns what it adds, not the whole margin: where is the uplift?"),
            Mistake(lambda: _postcards(annual_discount_rate=0.0), "Discount the margin, as the plan says."),
            Mistake(lambda: _postcards(horizon=12, horizon_unit="month"), "The programme is shorter than a year."),
        ),
    ),
}
