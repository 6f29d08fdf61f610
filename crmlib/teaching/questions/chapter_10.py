"""Questions of chapter 10: the strategy case. The chapter asks 10.1 to 10.3, the exercises the others."""

import pandas as pd

from crmlib import strategy, value
from crmlib.teaching import key_accounts
from crmlib.teaching.questions import Mistake, Question, keeper

BUDGET, PLACES = 400_000, 20
OFFERS = pd.DataFrame({"gain": [90_000.0, 150_000.0, 160_000.0, 40_000.0],
                       "cost": [20_000.0, 60_000.0, 100_000.0, 50_000.0]},
                      index=["courtesy calls", "loan machines", "adverts", "gifts"])
MONEY = 130_000
_kept = keeper()


def key_list(case):
    """Return the key accounts as in chapter 04: the best by lifetime value, of what is known on the last day."""
    books = key_accounts.books_of(case)
    forecast = key_accounts.forecast_of(books, case.observation_end)
    worth = key_accounts.expected_profit(books, forecast, case.observation_end)
    return value.choose(worth, PLACES, ties="order")


def _place(case):
    return _kept(case, "place", lambda: strategy.position(case, key_list(case)))


def _plan(case, *, budget=BUDGET, **inputs):
    return _kept(case, ("plan", budget, *inputs.items()), lambda: strategy.recommended(_place(case), budget, **inputs))


def _draws(case):
    return _kept(case, "draws", lambda: strategy.gain_draws(_place(case), draws=500))


def _by_hand(*, order="return", divisible=True, net=True, budget=MONEY):
    """Net of the plan that takes measures in some order as long as money is there."""
    worth = {"return": OFFERS["gain"] / OFFERS["cost"], "gain": OFFERS["gain"],
             "net": OFFERS["gain"] - OFFERS["cost"], "cheap": -OFFERS["cost"]}[order]
    left, total = budget, 0.0
    for name in worth.sort_values(ascending=False).index:
        gain, cost = OFFERS.loc[name]
        if gain <= cost:
            continue
        share = min(1.0, left / cost) if divisible else float(cost <= left)
        left -= share * cost
        total += share * (gain - cost if net else gain)
    return total


def _switching_price(case, *, measure="more by search", of="price"):
    row, price = _plan(case).loc[measure], strategy.INPUTS["price"]
    multiple = row["gain"] / row["cost"]
    return {"price": multiple * price, "return": multiple, "added": multiple + price,
            "yuan": row["gain"] / (row["cost"] / price) * _place(case).counts["cost search"]}[of]


def _chance(case, *, measure="more by fair", of="pays"):
    row, drawn = _plan(case).loc[measure], _draws(case)[measure]
    return float({"pays": drawn > row["cost"], "loses": drawn <= row["cost"], "gains": drawn > 0}[of].mean())


def _net(case, *, years=3, budget=BUDGET, what="planned", of="share"):
    plan = _plan(case, budget=budget, years=years)
    if what == "gain":
        return float((plan["share"] * plan["gain"]).sum())
    return float(plan["net" if of == "all" else what].sum())


def _loyalty_share(case, *, of="spend", cell="loyalty"):
    plan = _plan(case)
    part = plan[plan["strategy"] == cell]
    if of == "budget":
        return float(part["spend"].sum() / BUDGET)
    if of == "planned":
        return float(part["planned"].sum() / plan["planned"].sum())
    return float(part["spend"].sum() / plan["spend"].sum())


QUESTIONS = {
    "10.1": Question(
        prompt="the net of the best plan for 130,000 yuan, measures may be bought in part",
        expected=lambda **_: _by_hand(),
        tolerance=1.0,
        unit="yuan",
        mistakes=(
            Mistake(lambda **_: _by_hand(order="gain"),
                    "that takes the largest gain first; what does a yuan bring there?"),
            Mistake(lambda **_: _by_hand(divisible=False), "that buys whole measures only; the last one may be begun"),
            Mistake(lambda **_: _by_hand(net=False), "that is the gain; deduct what is spent"),
            Mistake(lambda **_: _by_hand(budget=10**9), "that is without the budget"),
        ),
    ),
    "10.2": Question(
        prompt="the multiple of last year's price at which more customers by search no longer pay",
        expected=lambda case, **_: _switching_price(case),
        tolerance=0.005,
        mistakes=(
            Mistake(lambda case, **_: _switching_price(case, of="return"),
                    "that is a multiple of the price in the offer; asked is one of last year's price"),
            Mistake(lambda case, **_: _switching_price(case, measure="more by promotion"), "that is the promotion's"),
            Mistake(lambda case, **_: _switching_price(case, of="yuan"),
                    "that is a price in yuan; asked is how many times last year's price it is"),
        ),
    ),
    "10.3": Question(
        prompt="the share of what the plan spends that goes to the cell of loyalty, as a fraction",
        expected=lambda case, **_: _loyalty_share(case),
        tolerance=0.0005,
        mistakes=(
            Mistake(lambda case, **_: _loyalty_share(case, of="planned"),
                    "that is the share of the net; asked is that of the spending"),
            Mistake(lambda case, **_: _loyalty_share(case, cell="acquisition"), "that is the cell of acquisition"),
            Mistake(lambda case, **_: _loyalty_share(case, of="budget"),
                    "that divides by the whole budget, of which a part is not spent"),
        ),
    ),
    "10.4": Question(
        prompt="the net of the plan for 100,000 yuan",
        expected=lambda case, **_: _net(case, budget=100_000),
        tolerance=1.0,
        unit="yuan",
        mistakes=(
            Mistake(lambda case, **_: _net(case), "that is with the budget of the chapter"),
            Mistake(lambda case, **_: _net(case, budget=100_000, what="gain"),
                    "that is the gain; deduct what is spent"),
            Mistake(lambda case, **_: _net(case, budget=100_000, of="all"),
                    "that adds up all measures, bought or not"),
        ),
    ),
    "10.5": Question(
        prompt="in which share of 500 draws a second year of fairs pays its price, as a fraction",
        expected=lambda case, **_: _chance(case),
        tolerance=0.0015,
        mistakes=(
            Mistake(lambda case, **_: _chance(case, of="gains"),
                    "that counts every gain above nothing; it has to be above the cost"),
            Mistake(lambda case, **_: _chance(case, measure="more by promotion"), "that is the promotion's"),
        ),
    ),
    "10.6": Question(
        prompt="the net of the plan for 400,000 yuan if two years of profit are counted",
        expected=lambda case, **_: _net(case, years=2),
        tolerance=1.0,
        unit="yuan",
        mistakes=(
            Mistake(lambda case, **_: _net(case), "that counts three years"),
            Mistake(lambda case, **_: _net(case, years=2, what="gain"), "that is the gain; deduct what is spent"),
            Mistake(lambda case, **_: _net(case, years=2, of="all"), "that adds up all measures, bought or not"),
        ),
    ),
}
