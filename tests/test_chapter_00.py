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
from crmlib.plots import PALETTE  # noqa: E402
from crmlib.teaching.widgets import contact_plan  # noqa: E402
from tests.figures import bars, labels, lines, ticks  # noqa: E402

approx = pytest.approx
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


pytestmark = pytest.mark.usefixtures("closed_figures")


def test_purchase_counts_draw_the_share_of_each_count_and_gather_the_rest():
    ax = plots.purchase_counts(pd.Series([0, 0, 0, 1, 2, 9, 12]), censor=4)
    group, = bars(ax)
    assert ticks(ax.xaxis) == (["0", "1", "2", "3", "4+"], [0, 1, 2, 3, 4])
    assert (group.at, group.start) == (approx([0, 1, 2, 3, 4]), [0] * 5)
    assert group.length == approx([300 / 7, 100 / 7, 100 / 7, 0, 200 / 7])
    assert group.colours == [PALETTE[1].lower(), *[PALETTE[0].lower()] * 4]
    assert [text.get_text() for text in ax.texts] == ["43 %", "14 %", "14 %", "0 %", "29 %"]
    assert [text.xy[1] for text in ax.texts] == approx(group.length)


def test_selection_outcome_ranks_and_colours_the_best():
    ax = plots.selection_outcome(pd.Series({"one": 10.0, "two": 3_000.0, "three": 200.0}, name="spent ($)"))
    group, = bars(ax)
    assert ticks(ax.yaxis) == (["one", "three", "two"], [0, 1, 2])
    assert (group.at, group.start, group.length) == (approx([0, 1, 2]), [0, 0, 0], [10, 200, 3_000])
    assert group.colours == ["#999999", "#999999", PALETTE[0].lower()]
    assert {text: label.x for text, label in labels(ax).items()} == {"10": 10, "200": 200, "3,000": 3_000}
    assert ax.get_xlabel() == "spent ($)"


def test_contact_profit_draws_the_curve_and_marks_its_peak_and_its_end():
    curve = contact_profit_curve(VALUES, cost_per_contact=3, uplift=0.1)
    ax = plots.contact_profit(curve, currency="€")
    line, zero, peak, end = lines(ax)
    assert (line.x, line.y) == (curve.index.tolist(), curve["cumulative_profit"].tolist())
    assert line.y == approx([5, 6, 7, 5])
    assert zero.y == [0, 0]
    assert (peak.x, peak.y, end.x, end.y) == ([3], approx([7]), [4], approx([5]))
    assert labels(ax) == {"3 contacted: €7": (3, approx(7), peak.colour), "4 contacted: €5": (4, approx(5), end.colour)}
    assert ax.get_ylabel() == "expected profit (€)"


def test_contact_profit_writes_a_loss_with_its_sign_in_front():
    ax = plots.contact_profit(contact_profit_curve(VALUES, cost_per_contact=9, uplift=0.1))
    assert set(labels(ax)) == {"1 contacted: -$1", "4 contacted: -$19"}
