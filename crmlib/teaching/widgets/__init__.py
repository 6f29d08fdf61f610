"""One explorer per chapter: sliders around a plain function and its figure.

The function under an explorer needs no browser, can be called in a cell, and is what the tests test.
One module per chapter; all names are found here.
"""

from crmlib.teaching.widgets.chapter_00 import contact_plan, explore_contacts
from crmlib.teaching.widgets.chapter_01 import budget_summary, explore_budget
from crmlib.teaching.widgets.chapter_02 import explore_visits, visit_plan, visit_summary
from crmlib.teaching.widgets.chapter_03 import discount_plan_curve, discount_plan_summary, explore_discount_plan
from crmlib.teaching.widgets.chapter_04 import explore_value_list, value_list, value_list_summary
from crmlib.teaching.widgets.chapter_05 import explore_offer, offer_curve, offer_summary
from crmlib.teaching.widgets.chapter_06 import explore_lifetime_value, lifetime_value_path, lifetime_value_summary
from crmlib.teaching.widgets.chapter_07 import customer_outlook, explore_customer_history
from crmlib.teaching.widgets.chapter_08 import customer_account, customer_account_summary, explore_customer_account
from crmlib.teaching.widgets.chapter_09 import call_plan_curves, call_plan_summary, explore_calls
from crmlib.teaching.widgets.chapter_10 import explore_strategy, strategy_plan, strategy_plan_summary

__all__ = [
    "budget_summary",
    "call_plan_curves",
    "call_plan_summary",
    "contact_plan",
    "customer_account",
    "customer_account_summary",
    "customer_outlook",
    "discount_plan_curve",
    "discount_plan_summary",
    "explore_budget",
    "explore_calls",
    "explore_contacts",
    "explore_customer_account",
    "explore_customer_history",
    "explore_discount_plan",
    "explore_lifetime_value",
    "explore_offer",
    "explore_strategy",
    "explore_value_list",
    "explore_visits",
    "lifetime_value_path",
    "lifetime_value_summary",
    "offer_curve",
    "offer_summary",
    "strategy_plan",
    "strategy_plan_summary",
    "value_list",
    "value_list_summary",
    "visit_plan",
    "visit_summary",
]
