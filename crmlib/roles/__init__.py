"""Who the customers are and who decides: roles, what hangs on one person, internal customers, whom to visit.

Chapter 02 asks three questions of every account: who provides the revenue, who decides, who benefits. The answers
are people, and people leave; so most of this module counts people, once each, and the money that depends on them.
A table of contacts has one row per person **and** role: ``customer_id, contact_id, role, influence, stance`` and,
where dates matter, ``since, left_on``.
"""

from crmlib.roles.internal import (
    internal_chain,
    service_levels,
)
from crmlib.roles.leaving import (
    departure_rate,
    lone_contact_exit,
    silent_since,
    user_conversion,
)
from crmlib.roles.money import (
    account_money,
    end_user_value,
    revenue_by_category,
    single_threaded_risk,
    split_money,
)
from crmlib.roles.people import (
    role_coverage,
    role_table,
    whom_to_see,
)
from crmlib.roles.selection import (
    SELECTION_METHODS,
    select_accounts,
)
from crmlib.roles.tables import (
    CATEGORIES,
    LECTURE_QUESTIONS,
    MAIN_ROLES,
    ROLES,
)

__all__ = [
    "CATEGORIES",
    "LECTURE_QUESTIONS",
    "MAIN_ROLES",
    "ROLES",
    "SELECTION_METHODS",
    "account_money",
    "departure_rate",
    "end_user_value",
    "internal_chain",
    "lone_contact_exit",
    "revenue_by_category",
    "role_coverage",
    "role_table",
    "select_accounts",
    "service_levels",
    "silent_since",
    "single_threaded_risk",
    "split_money",
    "user_conversion",
    "whom_to_see",
]
