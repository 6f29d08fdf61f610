"""The analyst's report: the chapters' questions, asked of your own orders.

`Material` holds the orders and what several sections need; each section is a function of it that returns a `Section`,
with an answer, tables, figures, and what these data could not say. `write_report` makes one page of them.

>>> from crmlib.data import load_cdnow
>>> from crmlib.report import Material, concentration
>>> round(concentration(Material(load_cdnow())).facts["top_share"], 3)  # of the revenue, the best 20 % of the buyers
0.621
"""

from crmlib.report.material import Material, Settings
from crmlib.report.page import report_html, write_report
from crmlib.report.parts import CannotSay, Figure, Section, Table
from crmlib.report.sections import (
    all_sections,
    churn_loss,
    concentration,
    customer_segments,
    customer_table,
    data_check,
    growth_matrix,
    lifetime_value,
    next_steps,
)

__all__ = [
    "CannotSay",
    "Figure",
    "Material",
    "Section",
    "Settings",
    "Table",
    "all_sections",
    "churn_loss",
    "concentration",
    "customer_segments",
    "customer_table",
    "data_check",
    "growth_matrix",
    "lifetime_value",
    "next_steps",
    "report_html",
    "write_report",
]
