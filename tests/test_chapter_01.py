"""Chapter 01: its figures, the function under its explorer, its questions, and its estimates against the truth."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

from crmlib import growth, plots  # noqa: E402
from crmlib.data import simulate_case  # noqa: E402
from crmlib.identity import account_ids, replace_ids  # noqa: E402
from crmlib.plots import PALETTE  # noqa: E402
from crmlib.teaching.questions import load  # noqa: E402
from crmlib.teaching.widgets import budget_summary, explore_budget  # noqa: E402
from tests.figures import bars, labels, legend, lines, ticks  # noqa: E402

approx = pytest.approx
BLUE, RED = PALETTE[0].lower(), PALETTE[1].lower()
CURVES = pd.DataFrame({"potential": [330e3, 450e3, 700e3, 200e3], "scale": [11e3, 235e3, 355e3, 200e3]},
                      index=["loyalty", "extension", "acquisition", "diversification"])


pytestmark = pytest.mark.usefixtures("closed_figures")


def outside(case):
    customers = case.customers[case.customers["category"] != "internal"]
    ids = account_ids(customers, same_name="merge")
    return case.orders[case.orders["customer_id"].isin(customers["customer_id"])], ids


def year(y):
    return f"{y}-01-01", f"{y}-12-31"


# ------------------------------------------------------------------------------- the case


@pytest.mark.parametrize("new_offering", ["firm", "customer", None])
@pytest.mark.parametrize("joined", [False, True])
def test_every_year_of_the_case_is_bridged_to_the_cent(case, new_offering, joined):
    sold, identity = outside(case)
    table = growth.bridge_over_years(sold, first=2021, last=2025, new_offering=new_offering,
                                     identity=identity if joined else None)
    cents = np.rint(100 * sold["amount"]).astype(int).groupby(sold["date"].dt.year).sum()
    for y, part in table.groupby("year"):
        assert np.rint(100 * part["change"]).astype(int).sum() == cents[y] - cents[y - 1]
        assert np.rint(100 * part["revenue_current"]).astype(int).sum() == cents[y]
        drivers = growth.revenue_drivers(sold, base=year(y - 1), current=year(y), identity=identity if joined else None)
        assert drivers["effect"].sum() == approx((cents[y] - cents[y - 1]) / 100, abs=1e-5)


def test_margins_of_the_case_are_bridged_too(case):
    sold, _ = outside(case)
    bridge = growth.revenue_bridge(sold, base=year(2023), current=year(2024), measure="margin")
    cents = np.rint(100 * sold["margin"]).astype(int).groupby(sold["date"].dt.year).sum()
    assert np.rint(100 * bridge["change"]).astype(int).sum() == cents[2024] - cents[2023]


def test_launch_dates_of_the_case_tell_what_the_first_sales_tell(case):
    sold, _ = outside(case)
    launches = case.products.set_index("product_id")["launched_on"]
    for y in (2023, 2024):
        window = {"base": year(y - 1), "current": year(y)}
        pd.testing.assert_frame_equal(growth.revenue_bridge(sold, launches=launches, **window),
                                      growth.revenue_bridge(sold, **window))


def take_up(case, buyer_type):
    """The chapter's estimate: early customers, exposed until they truly left."""
    sold, identity = outside(case)

    def as_one(table):
        return replace_ids(table, identity)

    truth = as_one(case.truth.customers)
    exposed = as_one(case.customers).groupby("customer_id").agg(start=("acquired_on", "min"))
    exposed["end"] = truth.groupby("customer_id")["left_on"].agg(lambda d: d.max(skipna=False))
    exposed["end"] = exposed["end"].fillna(pd.Timestamp("2026-01-01"))
    kind = truth.groupby("customer_id")["buyer_type"].first()
    exposed = exposed[(exposed["start"] < "2023-03-01") & (kind.reindex(exposed.index) == buyer_type)]
    outsiders = case.customers.loc[case.customers["category"] != "internal", "customer_id"]
    exposed = exposed[exposed.index.isin(outsiders)].reset_index()
    return growth.adoption_rate(as_one(sold), offerings=["M07", "C09", "C10"], launched_on="2023-03-01",
                                observation_end=case.observation_end, exposed=exposed)


def test_take_up_of_the_coffee_line_is_found_in_ten_companies():
    missed, ratios = [], []
    for seed in range(10):
        case = simulate_case(seed=seed)
        for kind in ("relationship", "transaction"):
            found, truth = take_up(case, kind), case.truth.parameters[f"adoption_rate_{kind}"]
            ratios.append(found["rate"] / truth)
            if not found["low"] <= truth <= found["high"]:
                missed.append((seed, kind, found["rate"]))
    assert len(missed) <= 1, missed  # 20 intervals of 99 %
    assert np.mean(ratios) == approx(1, abs=0.05)  # and no bias


# ------------------------------------------------------------------------------ the questions


def test_chapter_and_exercises_ask_ten_questions():
    assert list(load("01")) == [f"01.{k}" for k in range(1, 11)]


# ------------------------------------------------------------------------------ the explorer


@given(st.lists(st.floats(0, 4e5), min_size=4, max_size=4))
def test_summary_names_net_and_the_best_of_the_same_money(spend):
    text = budget_summary(CURVES, dict(zip(CURVES.index, spend, strict=True)))
    plan = growth.evaluate_spend(CURVES, dict(zip(CURVES.index, spend, strict=True)))
    net = plan["gain"].sum() - plan["spend"].sum()
    assert f"net {net:,.0f}." in text
    best = float(text.rsplit(" ", 1)[1].rstrip(".").replace(",", ""))
    assert best >= net - 1.5


def test_explorer_has_a_slider_per_strategy():
    sliders = explore_budget(CURVES, start=dict.fromkeys(CURVES.index, 1e5), most=4e5).children[:-1]
    assert [(s.description, s.value, s.max) for s in sliders] == [(f"{n}, thousand", 100, 400) for n in CURVES.index]


# ------------------------------------------------------------------------------- the figures


BRIDGE = pd.DataFrame({
    "cell": list(growth.COMPONENTS.values()), "component": list(growth.COMPONENTS), "customers": 1,
    "revenue_base": [1e6, 2e6, 0, 1e6, 0, 0, 0, 0, 0, 0],
    "revenue_current": [0, 1.5e6, 0, 3e6, 0.5e6, 0.7e6, 0, 0.2e6, 0.1e6, 0]})
BRIDGE["change"] = BRIDGE["revenue_current"] - BRIDGE["revenue_base"]


def test_tiles_carry_the_cells_and_their_colours():
    matrix = growth.growth_matrix(BRIDGE)
    ax = plots.growth_tiles(matrix, names={("new customers", "existing offerings"): "acquisition"})
    shown = [text.get_text() for text in ax.texts]
    assert shown[::2] == ["+500", "+500", "+200", "+100", "+700", "+0"]
    assert shown[9] == "acquisition" and shown[1] == ""
    assert matplotlib.colors.to_hex(ax.patches[0].get_facecolor()) == BLUE
    loss = plots.growth_tiles(-matrix)
    assert matplotlib.colors.to_hex(loss.patches[0].get_facecolor()) == RED
    places = [(patch.get_x(), patch.get_y()) for patch in ax.patches]
    assert places == [(0, 2), (1, 2), (0, 1), (1, 1), (0, 0), (1, 0)]
    assert ticks(ax.xaxis)[0] == ["existing offerings", "new offerings"]


def test_waterfall_steps_lead_from_base_to_current():
    ax = plots.bridge_waterfall(BRIDGE, base="2023", current="2024")
    steps = [(group.start[0], group.length[0], group.colours[0]) for group in bars(ax)]
    changes = [-1.0, -0.5, 2.0, 0.5, 0.7, 0.3]  # unchanged and late returns are nothing; reactivations are one step
    assert steps[0] == (0, approx(4.0), "#8a8a8a") and steps[-1] == (0, approx(6.0), "#8a8a8a")
    assert [length for _, length, _ in steps[1:-1]] == approx(changes)
    assert [start for start, *_ in steps[1:-1]] == approx([4, 3, 2.5, 4.5, 5, 5.7])
    assert [colour for *_, colour in steps[1:-1]] == [RED, RED, BLUE, BLUE, BLUE, BLUE]
    assert ticks(ax.xaxis)[0] == ["2023", "churn", "contraction", "expansion", "extension", "acquisition",
                                  "reactivation", "2024"]
    assert [text.get_text() for text in ax.texts] == [
        "4.00", "-1.00", "-0.50", "+2.00", "+0.50", "+0.70", "+0.30", "6.00"]


def test_cells_by_year_stack_gains_up_and_losses_down():
    table = pd.DataFrame({"loyalty": [-1e6, 2e6], "extension": [0.0, 0.0], "acquisition": [3e6, 1e6],
                          "total": [2e6, 3e6]}, index=[2023, 2024])
    ax = plots.cells_by_year(table)
    loyalty, acquisition = bars(ax)
    assert (loyalty.start, loyalty.length) == ([0, 0], approx([-1, 2]))
    assert (acquisition.start, acquisition.length) == (approx([0, 2]), approx([3, 1]))
    assert (lines(ax)[0].x, lines(ax)[0].y) == ([2023, 2024], approx([2, 3]))
    assert set(legend(ax)) == {"loyalty", "acquisition", "sum"}


def test_two_meanings_stand_side_by_side():
    table = pd.DataFrame({"firm": [-1e6, 0.5e6], "customer": [-3e6, 2.5e6]}, index=["loyalty", "extension"])
    ax = plots.two_meanings(table)
    firm, customer = bars(ax)
    assert (firm.length, customer.length) == (approx([-1, 0.5]), approx([-3, 2.5]))
    assert (firm.at, customer.at) == (approx([-0.2, 0.8]), approx([0.2, 1.2]))
    assert legend(ax) == {"firm": firm.colours[0], "customer": customer.colours[0]}
    assert set(labels(ax)) == {"-1.00", "+0.50", "-3.00", "+2.50"}


def test_driver_bars_show_effects_from_the_top():
    drivers = pd.DataFrame({"driver": ["customers", "orders per customer", "value per order"],
                            "effect": [5e5, -2e5, 1e5]})
    ax = plots.driver_bars(drivers)
    group, = bars(ax)
    assert (group.length, group.colours) == (approx([500, -200, 100]), [BLUE, RED, BLUE])
    assert set(labels(ax)) == {"+500", "-200", "+100"} and ax.yaxis_inverted()


def test_return_steps_rank_the_channels():
    channels = pd.DataFrame({"spend": [2e5, 1e3, 1e5], "return": [2.0, 60.0, 4.0]}, index=["fair", "work", "search"])
    ax = plots.return_steps(channels, average=2.9)
    found = [(group.at[0] - w / 2, group.at[0] + w / 2, group.length[0]) for group, w in
             zip(bars(ax), (1, 100, 200), strict=True)]
    assert found == [approx((0, 1, 60)), approx((1, 101, 4)), approx((101, 301, 2))]
    assert set(labels(ax)) == {"work 60.0", "search 4.0", "fair 2.0", "average 2.9"}
    assert lines(ax)[0].y == [2.9, 2.9] and ax.get_yscale() == "log"


def test_marginal_returns_draw_curves_and_where_the_plan_stops():
    plan = growth.evaluate_spend(CURVES, {"loyalty": 2e5, "extension": 1e5, "acquisition": 2e5, "diversification": 0})
    ax = plots.marginal_returns(CURVES, plan)
    drawn = lines(ax)
    for k, name in enumerate(CURVES.index):
        curve, dot = drawn[2 * k], drawn[2 * k + 1]
        top, scale = CURVES.loc[name, "potential"] / CURVES.loc[name, "scale"], CURVES.loc[name, "scale"]
        assert curve.y == approx((top * np.exp(-1e3 * np.array(curve.x) / scale)).tolist())
        assert dot.x == [plan.loc[name, "spend"] / 1e3] and dot.colour == curve.colour == legend(ax)[name]
        if name != "loyalty":
            assert dot.y == approx([plan.loc[name, "marginal_return"]])
    assert drawn[1].y[0] > ax.get_ylim()[0]  # far below: a triangle at the lower edge
    assert [line.get_marker() for line in ax.lines[1:8:2]] == ["v", "o", "o", "o"]


def test_split_bars_stack_the_money():
    splits = pd.DataFrame({"thirds": [1e5, 1e5], "best": [5e3, 2e5]}, index=["loyalty", "acquisition"])
    ax = plots.split_bars(splits)
    loyalty, acquisition = bars(ax)
    assert (loyalty.start, loyalty.length) == ([0, 0], approx([100, 5]))
    assert (acquisition.start, acquisition.length) == (approx([100, 5]), approx([100, 200]))
    assert [text.get_text() for text in ax.texts] == ["100", "100", "200"]  # 5 is too narrow for its number


def test_allocation_spread_draws_quantiles_and_the_plan():
    worlds = pd.DataFrame({"loyalty": np.linspace(0, 1e5, 101), "extension": 5e4, "net_best": 1.0})
    ax = plots.allocation_spread(worlds, pd.Series({"loyalty": 4e4, "extension": 5e4}))
    wide, box, dot = lines(ax)[:3]
    assert (wide.x, box.x, dot.x) == (approx([5, 95]), approx([25, 75]), approx([40]))
    assert ticks(ax.yaxis) == (["loyalty", "extension"], [0, 1])


def test_response_fit_draws_the_list_and_the_curve():
    observed = pd.DataFrame({"spend": [1e3, 2e3, 3e3], "gain": [5e3, 8e3, 9e3]})
    ax = plots.response_fit(observed, {"potential": 9e3, "scale": 1e3})
    listed, curve = lines(ax)
    assert (listed.x, listed.y) == ([1, 2, 3], [5, 8, 9])
    assert curve.y[-1] == approx(9 * (1 - np.exp(-3)))


def test_figures_draw_on_the_axes_they_are_given():
    _, ax = plt.subplots()
    assert plots.growth_tiles(growth.growth_matrix(BRIDGE), ax=ax) is ax
    assert plots.driver_bars(pd.DataFrame({"driver": ["a"], "effect": [1.0]}), ax=ax) is ax
