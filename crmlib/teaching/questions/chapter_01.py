"""Questions of chapter 01, where growth comes from: 01.1 to 01.3 in the chapter, the rest in the exercises.

Those that ask about the company compute from the `case` that the reader hands in.
"""

import math

import pandas as pd

from crmlib import growth
from crmlib.data import load_cdnow
from crmlib.identity import account_ids
from crmlib.teaching.questions import Mistake, Question

BOARD = pd.DataFrame({"potential": [300e3, 400e3, 700e3], "scale": [50e3, 200e3, 350e3]},
                     index=["loyalty", "extension", "acquisition"])


def _year(year):
    return f"{year}-01-01", f"{year}-12-31"


def _outside(case, internal=False):
    """The order lines of customers outside the firm, or of everybody."""
    customers = case.customers if internal else case.customers[case.customers["category"] != "internal"]
    return case.orders[case.orders["customer_id"].isin(customers["customer_id"])]


def _bridge(case, current=2024, base=None, *, joined=True, internal=False, **options):
    options = {"identity": account_ids(case.customers, same_name="merge") if joined else None} | options
    return growth.revenue_bridge(_outside(case, internal), base=_year(base or current - 1), current=_year(current),
                                 **options)


def _change(case, component, **options):
    return float(_bridge(case, **options).set_index("component").loc[component, "change"])


def _rate(case, name="gross_retention", **options):
    return float(growth.retention_rates(_bridge(case, **options))[name])


def _churn_only(case):
    rows = _bridge(case).set_index("component")
    base = rows.loc[rows["cell"] == "loyalty", "revenue_base"].sum()
    return 1 + rows.loc["churn", "change"] / base


def _overall(case, current=2024):
    bridge = _bridge(case, current)
    return bridge["revenue_current"].sum() / bridge["revenue_base"].sum()


def _first_spend(scale=100e3, budget=100e3, first=3, second=2):
    return (budget + scale * math.log(first / second)) / 2


def _net_without_extension(case, current=2023, **options):
    rates = growth.retention_rates(_bridge(case, current, **options))
    return rates["net_retention"] - _change(case, "extension", current=current, **options) / rates["revenue_base"]


def _share_of_new(case, base=2022, **options):
    bridge = _bridge(case, 2025, base, **options)
    new = bridge["cell"].isin(["acquisition", "diversification"])
    return bridge.loc[new, "change"].sum() / bridge["change"].sum()


def _share_of_new_by_year(case):
    table = growth.matrix_by_year(growth.bridge_over_years(
        _outside(case), first=2022, last=2025, identity=account_ids(case.customers, same_name="merge")))
    return table[["acquisition", "diversification"]].to_numpy().sum() / table["total"].sum()


def _customers_effect(case, method="log_mean", current=2025, row=0, *, joined=True, internal=False):
    identity = account_ids(case.customers, same_name="merge") if joined else None
    drivers = growth.revenue_drivers(_outside(case, internal), base=_year(current - 1), current=_year(current),
                                     method=method, identity=identity)
    return drivers["effect"][row]


def _marginal(budget=200e3, curves=BOARD):
    plan = growth.allocate_budget(curves, budget)
    return plan.loc[plan["spend"] > 0, "marginal_return"].max()


def _average(budget=200e3):
    plan = growth.allocate_budget(BOARD, budget)
    return plan["gain"].sum() / plan["spend"].sum()


def _churned(case):
    return [int(_bridge(case, 2025, joined=joined).set_index("component").loc["churn", "customers"])
            for joined in (False, True)]


def _halves(first=("1997-01-01", "1997-06-30"), second=("1997-07-01", "1997-12-31"), name="customer_retention"):
    bridge = growth.revenue_bridge(load_cdnow(), base=first, current=second, new_offering=None)
    return float(growth.retention_rates(bridge)[name])


QUESTIONS = {
    "01.1": Question(
        prompt="What was the gross revenue retention of 2024, against 2023 (new to the firm, one identity per "
        "customer, no internal customers)?",
        expected=_rate,
        tolerance=0.00005,
        unit="a fraction",
        mistakes=(
            Mistake(lambda case: _rate(case, "net_retention"),
                    "This is net retention: it counts what those who stayed bought more. Gross counts losses only."),
            Mistake(lambda case: _rate(case, "customer_retention"),
                    "This is the share of customers kept. The question is about their revenue."),
            Mistake(lambda case: 2 - _rate(case),
                    "More than the base is left after losses? They stand with a minus sign in the table already."),
            Mistake(_churn_only,
                    "You deducted those who left. Others stayed and bought less: contraction is a loss too."),
            Mistake(_overall, "This is all revenue of 2024 over that of 2023: new customers are in it."),
            Mistake(lambda case: _rate(case, current=2025), "This is 2025 against 2024. Which year was asked?"),
            Mistake(lambda case: _rate(case, current=2023), "This is 2023 against 2022. Which year was asked?"),
            Mistake(lambda case: _rate(case, new_offering="customer"),
                    "Here a product new to the customer counts as new. Which meaning was asked?"),
            Mistake(lambda case: _rate(case, joined=False),
                    "Some customers have two ids: pass identity=, or they look like leavers."),
            Mistake(lambda case: _rate(case, internal=True),
                    "The firm's own departments are among your customers: their lines are no revenue."),
        ),
    ),
    "01.2": Question(
        prompt="How many yuan did existing customers bring in 2024 with products that were new to them "
        "(2024 against 2023)?",
        expected=lambda case: _change(case, "extension", new_offering="customer"),
        tolerance=1.0,
        unit="yuan",
        mistakes=(
            Mistake(lambda case: _change(case, "extension"),
                    "These are products new to the firm. Most of what is new to a customer has long been in the list."),
            Mistake(lambda case: _change(case, "expansion", new_offering="customer"),
                    "This is expansion: more of what they bought before."),
            Mistake(lambda case: _change(case, "extension", new_offering="customer", current=2025),
                    "This is 2025. Which year was asked?"),
            Mistake(lambda case: _change(case, "extension", new_offering="customer", joined=False),
                    "Some customers have two ids: pass identity=, or what they bought under the first is forgotten."),
            Mistake(lambda case: _change(case, "extension", new_offering="customer", internal=True),
                    "The firm's own departments are among your customers: their lines are no revenue."),
            Mistake(lambda case: _change(case, "acquisition", new_offering="customer"),
                    "This is what new customers brought. The question is about customers the firm had."),
        ),
    ),
    "01.3": Question(
        prompt="Two strategies with the same scale of 100,000 yuan; the first yuan brings 3 in one and 2 in the other. "
        "The budget is 100,000 yuan. How much goes to the better one?",
        expected=lambda case=None: _first_spend(),
        tolerance=50,
        unit="yuan",
        mistakes=(
            Mistake(lambda case=None: 100e3,
                    "Follow the curve: after a while its next yuan brings less than the other's first."),
            Mistake(lambda case=None: 60e3, "In proportion to the first yuan. The rule is about the last one."),
            Mistake(lambda case=None: 50e3, "Half each: what does the last yuan bring in each of them?"),
            Mistake(lambda case=None: 100e3 - _first_spend(), "This is what the other strategy gets."),
            Mistake(lambda case=None: 100e3 * math.log(1.5), "Up to here the better one leads alone. The rest of the "
                    "money is shared."),
        ),
    ),
    "01.4": Question(
        prompt="What would the net revenue retention of 2023, against 2022, have been without the extension cell (one "
        "identity per customer)?",
        expected=_net_without_extension,
        tolerance=0.0001,
        unit="a fraction",
        mistakes=(
            Mistake(lambda case: _rate(case, "net_retention", current=2023),
                    "This is net retention with everything. Take the extension cell away."),
            Mistake(lambda case: _rate(case, current=2023), "This is gross retention: losses only."),
            Mistake(lambda case: _net_without_extension(case, 2024), "This is 2024. Which year was asked?"),
            Mistake(lambda case: _overall(case, 2023), "This is all revenue: new customers are in it."),
            Mistake(lambda case: _net_without_extension(case, joined=False),
                    "Some customers have two ids: pass identity=, or they look like leavers."),
            Mistake(lambda case: _net_without_extension(case, internal=True),
                    "The firm's own departments are among your customers: their lines are no revenue."),
        ),
    ),
    "01.5": Question(
        prompt="Bridge 2025 straight against 2022. Which share of the change lies in the two cells of new customers?",
        expected=_share_of_new,
        tolerance=0.0001,
        unit="a fraction",
        mistakes=(
            Mistake(lambda case: _share_of_new(case, 2021), "This is the bridge from 2021, as in the chapter."),
            Mistake(_share_of_new_by_year, "You added up yearly bridges. Here there is one, over three years."),
            Mistake(lambda case: _share_of_new(case, joined=False),
                    "Some customers have two ids: pass identity=, or a second id looks like a new customer."),
            Mistake(lambda case: _share_of_new(case, internal=True),
                    "The firm's own departments are among your customers: their lines are no revenue."),
        ),
    ),
    "01.6": Question(
        prompt="What is the effect of the number of customers on the revenue of 2025, against 2024, by the log-mean "
        "method?",
        expected=_customers_effect,
        tolerance=1.0,
        unit="yuan",
        mistakes=(
            Mistake(lambda case: _customers_effect(case, "shapley"), "This is the Shapley effect, as in the chapter."),
            Mistake(lambda case: _customers_effect(case, row=1), "This is the effect of orders per customer."),
            Mistake(lambda case: _customers_effect(case, current=2024), "This is 2024 against 2023."),
            Mistake(lambda case: _customers_effect(case, joined=False),
                    "Some customers have two ids: pass identity=, or they count twice."),
            Mistake(lambda case: _customers_effect(case, internal=True),
                    "The firm's own departments are among your customers: their lines are no revenue."),
        ),
    ),
    "01.7": Question(
        prompt="Bridge the margin instead of the revenue, 2025 against 2024: how many yuan lie in the acquisition "
        "cell?",
        expected=lambda case: _change(case, "acquisition", current=2025, measure="margin"),
        tolerance=1.0,
        unit="yuan",
        mistakes=(
            Mistake(lambda case: _change(case, "acquisition", current=2025), "This is revenue: set measure=."),
            Mistake(lambda case: _change(case, "acquisition", current=2024, measure="margin"), "This is 2024."),
            Mistake(lambda case: _change(case, "acquisition", current=2025, measure="margin", joined=False),
                    "Some customers have two ids: a second id looks like a new customer."),
        ),
    ),
    "01.8": Question(
        prompt="The board of the exercise has 200,000 yuan. What does the last yuan of the best split bring?",
        expected=lambda case=None: _marginal(),
        tolerance=0.005,
        unit="yuan",
        mistakes=(
            Mistake(lambda case=None: _average(), "This is what an average yuan brings. And the last one?"),
            Mistake(lambda case=None: _marginal(400e3), "This is a budget of 400,000."),
            Mistake(lambda case=None: float((BOARD["potential"] / BOARD["scale"]).max()),
                    "This is what the first yuan brings in the best strategy."),
        ),
    ),
    "01.9": Question(
        prompt="The other company: how many customers are lost in 2025 (component churn), without and with one "
        "identity per customer?",
        expected=_churned,
        unit="customers, two whole numbers in this order",
        mistakes=(
            Mistake(lambda case: _churned(case)[::-1], "The other way round: first without, then with."),
        ),
    ),
    "01.10": Question(
        prompt="CDNOW: which share of the customers of the first half of 1997 bought in the second half?",
        expected=lambda case=None: _halves(),
        tolerance=0.0005,
        unit="a fraction",
        mistakes=(
            Mistake(lambda case=None: _halves(name="gross_retention"), "This is their revenue, not their number."),
            Mistake(lambda case=None: _halves(name="net_retention"), "This is their revenue, not their number."),
            Mistake(lambda case=None: 1 - _halves(), "This is the share that did not come back."),
        ),
    ),
}
