"""Chapter 00: the contact plan, its figures, and the function under its explorer."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

matplotlib.use("Agg")

from crmlib import plots  # noqa: E402
from crmlib.errors import DataError  # noqa: E402
from crmlib.outreach import best_contacts, contact_profit_curve  # noqa: E402
from crmlib.teaching.widgets import contact_plan  # noqa: E402

VALUES = pd.Series({"a": 10.0, "b": 80.0, "c": 40.0, "d": 40.0})


def test_curve_adds_up_and_keeps_the_order_of_equals():
    curve = contact_profit_curve(VALUES, cost_per_contact=3, uplift=0.1)
    assert curve.customer.tolist() == ["b", "c", "d", "a"]
    assert curve.cumulative_profit.iloc[-1] == pytest.approx(0.1 * VALUES.sum() - 3 * len(VALUES))
    assert best_contacts(curve) == 3


def test_nobody_is_written_to_when_no_letter_pays():
    curve = contact_profit_curve(VALUES, cost_per_contact=9, uplift=0.1)
    assert best_contacts(curve) == 0
    plan = contact_plan(VALUES, cost_per_contact=9, uplift=0.1)
    assert (plan.contacts, plan.profit) == (0, 0)
    assert contact_plan(VALUES, cost_per_contact=9, uplift=0).break_even_value == np.inf


@given(
    st.lists(st.floats(0, 1e4), min_size=1, max_size=30), st.floats(0, 50), st.floats(0, 1),
)
def test_best_plan_contacts_exactly_those_who_pay(values, cost, uplift):
    curve = contact_profit_curve(pd.Series(values), cost_per_contact=cost, uplift=uplift)
    best = curve.cumulative_profit.max()
    by_hand = sum(max(uplift * value - cost, 0) for value in values)
    assert max(best, 0) == pytest.approx(by_hand, abs=1e-6)


@pytest.mark.parametrize(("values", "options", "error", "message"), [
    (pd.Series([1.0, np.nan]), {"cost_per_contact": 3, "uplift": 0.1}, DataError, "missing or infinite for 1"),
    (VALUES, {"cost_per_contact": -3, "uplift": 0.1}, ValueError, "cost_per_contact must be zero or more"),
    (VALUES, {"cost_per_contact": 3, "uplift": 10}, ValueError, "did you mean 0.1"),
    (VALUES.iloc[:0], {"cost_per_contact": 3, "uplift": 0.1}, DataError, "no customers to contact"),
    (VALUES, {"cost_per_contact": 3, "uplift": -0.1}, ValueError, "uplift -0.1 is not between 0 and 1"),
])
def test_bad_input_is_named(values, options, error, message):
    with pytest.raises(error, match=message):
        contact_profit_curve(values, **options)


def test_figures_show_their_numbers():
    frequency = pd.Series([0, 0, 0, 1, 2, 9, 12])
    ax = plots.purchase_counts(frequency)
    assert [t.get_text() for t in ax.texts][-1] == "29 %"
    ax = plots.selection_outcome(pd.Series({"one": 10.0, "two": 3_000.0}, name="spent ($)"))
    assert "3,000" in [t.get_text() for t in ax.texts]
    ax = plots.contact_profit(contact_profit_curve(VALUES, cost_per_contact=3, uplift=0.1))
    assert any("3 contacted: $7" in t.get_text() for t in ax.texts)
    matplotlib.pyplot.close("all")
