"""Chapter 07: its figures, and the function under its explorer."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

matplotlib.use("Agg")

from matplotlib.colors import to_hex  # noqa: E402
from matplotlib.dates import date2num  # noqa: E402

from crmlib import btyd, plots  # noqa: E402
from crmlib.data import load_cdnow  # noqa: E402
from crmlib.teaching.widgets import customer_outlook, explore_customer_history  # noqa: E402
from tests.figures import bars, error_bars, labels, legend, lines, points, spans, ticks  # noqa: E402

approx = pytest.approx
CALIBRATION, HOLDOUT = "1997-09-30", "1998-06-30"
VALUE = {"horizon": 39, "horizon_unit": "week", "margin": 0.3, "annual_discount_rate": 0.15}


pytestmark = pytest.mark.usefixtures("closed_figures")


@pytest.fixture(scope="module")
def orders():
    return load_cdnow()


@pytest.fixture(scope="module")
def split(orders):
    return btyd.calibration_holdout(orders, calibration_end=CALIBRATION, observation_end=HOLDOUT)


@pytest.fixture(scope="module")
def models(split):
    return {"BG/NBD": btyd.fit_bg_nbd(split), "Pareto/NBD": btyd.fit_pareto_nbd(split)}


@pytest.fixture(scope="module")
def spend(split):
    return btyd.fit_gamma_gamma(split)


def look(models, spend_model, **customer):
    customer = {"frequency": 4, "recency": 20, "T": 39, "spend": 35} | customer
    return customer_outlook(models, spend_model, **customer, **VALUE)


def test_outlook_is_what_the_library_says_of_one_customer(models, spend):
    outlook, path, facts = look(models, spend)
    customer = pd.DataFrame([{"frequency": 4, "recency": 20.0, "T": 39.0, "monetary_value": 35.0, "unit": "week"}])
    for name, model in models.items():
        value = btyd.lifetime_value(model, spend, customer, **VALUE)[0]
        assert outlook.loc[name, "value"] == pytest.approx(value)
        assert path.loc[39.0, name] == pytest.approx(outlook.loc[name, "P(alive)"])
    assert facts == {"frequency": 4, "recency": 20.0, "T": 39.0}
    assert (path.diff().dropna() < 0).all(axis=None)  # silence never raises P(alive)
    assert path.index[0] == 20 and path.index[-1] == 65


def test_outlook_of_a_one_time_buyer_has_no_recency_and_no_spend(models, spend):
    outlook, path, facts = look(models, spend, frequency=0)
    assert facts["recency"] == 0
    assert (path["BG/NBD"] == 1).all()
    assert outlook.loc["Pareto/NBD", "P(alive)"] < 0.5
    assert look(models, spend, frequency=0, spend=150)[0].equals(outlook)


def test_outlook_cuts_a_recency_beyond_the_observation(models, spend):
    _, path, facts = look(models, spend, recency=39, T=10)
    assert facts["recency"] == facts["T"] == 10
    assert path.index[0] == 10


def test_explorer_starts_at_the_static_twin(models, spend):
    ui = explore_customer_history(models, spend, margin=0.3, annual_discount_rate=0.15)
    assert {child.description: child.value for child in ui.children[:-1]} == {
        "repeat purchases": 4, "first to last, weeks": 20, "weeks observed": 39, "mean spend, dollars": 35}


TIMES = pd.DataFrame({"customer_id": [18, 18, 18, 18, 7, 7], "date": pd.to_datetime([
    "1997-01-06 00:00", "1997-02-03 00:00", "1997-03-03 18:30", "1997-12-01 00:00", "1997-01-20 09:00",
    "1997-01-20 17:00"])})
SUMMARY = pd.DataFrame({"customer_id": [18, 7], "frequency": [2, 0], "recency": [8.0, 0.0], "T": [25.0, 23.0]})


def day(*dates):
    return date2num(pd.to_datetime(list(dates)).to_numpy()).tolist()


def test_timelines_mark_purchase_days_and_stop_at_the_end():
    ax = plots.purchase_timelines(TIMES, SUMMARY, observation_end="1997-06-30")
    first, *repeats = day("1997-01-06", "1997-02-03", "1997-03-03")
    other, end = day("1997-01-20", "1997-06-30")
    assert [(line.x, line.y) for line in lines(ax)] == [
        ([first, end], [0, 0]), ([first, repeats[-1]], [0, 0]),
        ([other, end], [1, 1]), ([other, other], [1, 1]), ([end, end], [0, 1])]
    assert points(ax) == [[[first, 0]], [[at, 0] for at in repeats], [[other, 1]], []]
    assert ticks(ax.yaxis) == (["customer 18", "customer 7"], [0, 1]) and ax.yaxis_inverted()
    at = {text: (date2num(x), y) for text, (x, y, _) in labels(ax).items()}
    assert at == {"frequency 2, recency 8.0, T 25.0": (first, approx(-0.24)),
                  "frequency 0, recency 0.0, T 23.0": (other, approx(0.76)), "end of observation": (end, approx(1.55))}


@pytest.mark.parametrize(("end", "years"), [("1997-06-30", "(1997)"), ("1998-06-30", "(1997 to 1998)")])
def test_timelines_name_the_years_they_cover(end, years):
    assert plots.purchase_timelines(TIMES, SUMMARY, observation_end=end).get_xlabel() == f"day of purchase {years}"


def test_spread_draws_both_distributions():
    axes = plots.customer_spread(pd.Series({"0-1": 0.7, "1+": 0.3}), pd.Series({"0.0": 0.6, "0.5": 0.4}))
    (rates,), (leaving,) = bars(axes[0]), bars(axes[1])
    assert (rates.at, rates.start, rates.length) == (approx([0, 1]), [0, 0], approx([70, 30]))
    assert ([bar.get_x() for bar in axes[1].patches], leaving.length) == ([0, 1], approx([60, 40]))
    assert [ticks(ax.xaxis) for ax in axes] == [(["0-1", "1+"], [0, 1]), (["0.0", "0.5"], [0, 1])]
    assert "purchases a year" in axes[0].get_xlabel() and "leaving" in axes[1].get_xlabel()


def test_repeat_counts_draw_actual_beside_expected():
    ax = plots.repeat_counts(pd.DataFrame({"actual": [50, 20, 9], "expected": [48.5, 22.5, 8.0]}, index=[0, 1, "2+"]))
    actual, expected = bars(ax)
    assert (actual.at, actual.start, actual.length) == (approx([-0.2, 0.8, 1.8]), [0] * 3, [50, 20, 9])
    assert (expected.at, expected.start, expected.length) == (approx([0.2, 1.2, 2.2]), [0] * 3, [48.5, 22.5, 8])
    assert legend(ax) == {"actual": actual.colours[0], "expected by the model": expected.colours[0]}
    assert ticks(ax.xaxis) == (["0", "1", "2+"], [0, 1, 2])


def test_silence_draws_a_line_per_customer_and_names_it_at_its_end():
    table = pd.DataFrame({"rare": [0.9, 0.85, 0.8], "frequent": [0.95, 0.5, 0.1]}, index=[0, 5, 10])
    ax = plots.alive_by_silence(table)
    rare, frequent = lines(ax)
    assert (rare.x, rare.y) == ([0, 5, 10], [0.9, 0.85, 0.8])
    assert (frequent.x, frequent.y) == ([0, 5, 10], [0.95, 0.5, 0.1])
    assert labels(ax) == {"rare": (10, 0.8, rare.colour), "frequent": (10, 0.1, frequent.colour)}
    assert (ax.get_xlim(), ax.get_ylim()[0]) == ((0, 10), 0)


@pytest.mark.parametrize("unit", ["week", "month"])
def test_tracking_draws_actual_and_expected_and_shades_the_holdout(unit):
    table = pd.DataFrame({"actual": [900, 700, 400, 500], "expected": [800.0, 600.0, 450.0, 350.0],
                          "holdout": [False, False, True, True]}, index=pd.Index([1, 2, 3, 4], name=unit))
    table["cumulative_actual"], table["cumulative_expected"] = table["actual"].cumsum(), table["expected"].cumsum()
    for cumulative, prefix in ((False, ""), (True, "cumulative_")):
        ax = plots.weekly_tracking(table, cumulative=cumulative)
        actual, expected = lines(ax)
        assert (actual.label, expected.label, actual.x, expected.x) == ("actual", "expected", *[[1, 2, 3, 4]] * 2)
        assert (actual.y, expected.y) == tuple(table[f"{prefix}{name}"].tolist() for name in ("actual", "expected"))
        assert spans(ax) == [approx((2, 4))]
        assert labels(ax)["not seen by the model"].x == 3
        assert (ax.get_xlim(), ax.get_xlabel()) == ((0, 4), f"{unit} of observation")
        assert ax.get_ylim()[0] == 0 and ax.get_ylim()[1] > max(actual.y + expected.y)
        if cumulative:
            assert labels(ax)["actual 2,500"].colour == actual.colour
            assert labels(ax)["expected 2,200"].colour == expected.colour
        else:
            assert legend(ax) == {"actual": actual.colour, "expected": expected.colour} and len(ax.texts) == 1


def test_tracking_figure_names_both_totals(models, orders):
    table = btyd.tracking(models["BG/NBD"], orders, calibration_end=CALIBRATION, observation_end=HOLDOUT)
    assert {"actual 4,339", "expected 4,166"} <= set(labels(plots.weekly_tracking(table, cumulative=True)))
    assert len(table) == 78


def test_holdout_figure_draws_the_columns_asked_for():
    table = pd.DataFrame({"actual": [0.2, 1.0, 3.0], "model": [0.3, 0.9, 2.5], "other": [1.0, 1.0, 1.0]},
                         index=["0", "1", "2+"])
    ax = plots.holdout_classes(table, {"actual": "happened", "model": "forecast"})
    happened, forecast = lines(ax)
    assert (happened.x, happened.y) == ([0, 1, 2], [0.2, 1, 3])
    assert (forecast.x, forecast.y) == ([0, 1, 2], [0.3, 0.9, 2.5])
    assert legend(ax) == {"happened": happened.colour, "forecast": forecast.colour}
    assert ticks(ax.xaxis) == (["0", "1", "2+"], [0, 1, 2])


@pytest.mark.parametrize("scale", [1, 1_000])
def test_spend_figure_draws_expected_against_seen(scale):
    back = pd.DataFrame({"frequency": [1, 2, 4, 5, 1], "monetary_value": np.array([10.0, 20, 30, 40, 100]) * scale},
                        index=list("abcde"))
    expected = pd.Series([31.0, 28.0, 32.0, 38.0, 52.0], index=back.index) * scale
    ax = plots.spend_shrinkage(back, expected, population=35 * scale, currency="yuan")
    seen = list(zip(back["monetary_value"], expected, strict=True))
    assert [[tuple(point) for point in group] for group in points(ax)] == [[seen[0], seen[4]], seen[1:3], seen[3:4]]
    colours = [to_hex(group.get_facecolor()[0]) for group in ax.collections]
    assert legend(ax) == dict(zip(["1 repeat purchase", "2 to 4", "5 and more"], colours, strict=True))
    same, mean = lines(ax)
    top = back["monetary_value"].quantile(0.99)
    assert (same.x, same.y, mean.y) == ([0, top], [0, top], [35 * scale] * 2)
    at = labels(ax)
    assert 0 < 35 * scale - at["mean of all"].y < 0.05 * top  # close below its line, whatever the currency
    assert 0 < at["own mean as it is"].y - at["own mean as it is"].x < 0.1 * top
    assert [axis.get_label_text().split(", ")[1] for axis in (ax.xaxis, ax.yaxis)] == ["yuan", "yuan"]


def test_spend_figure_has_every_repeat_buyer_once(split, spend):
    back = split[split["frequency"] > 0]
    ax = plots.spend_shrinkage(back, btyd.expected_spend(spend, back), population=35.17)
    assert sum(len(group) for group in points(ax)) == len(back) == 946


def test_width_figure_draws_the_futures_both_intervals_and_what_happened():
    ax = plots.forecast_width([3, 5, 5, 8], mean=[4, 6], predictive=[3, 8], actual=1234)
    futures, = bars(ax)
    assert futures.at == approx([3, 4, 5, 6, 7, 8])
    assert futures.length == [1, 0, 2, 0, 0, 1]
    mean, predictive, actual = lines(ax)
    assert (mean.x, predictive.x, actual.x, actual.y) == ([4, 6], [3, 8], [1234, 1234], [0, 2])
    assert mean.y[0] == mean.y[1] > predictive.y[0] == predictive.y[1] > 2
    at = labels(ax)
    assert (at["the mean"].x, at["what happens"].x, at["actual 1,234"].x) == (5, 5.5, 1234)
    for text, line in (("the mean", mean), ("what happens", predictive)):
        assert at[text].colour == line.colour and 0 < at[text].y - line.y[0] < 0.2


def test_silence_figure_has_the_forecast_the_share_and_its_interval():
    table = pd.DataFrame({"customers": [1330, 7], "forecast": [0.2, 0.05], "observed": [0.3, 0.7], "low": [0.25, 0.36],
                          "high": [0.36, 0.92]}, index=["1", "7 and more"])
    ax = plots.silent_returns(table)
    assert error_bars(ax) == [approx((0, 0.25, 0.36)), approx((1, 0.36, 0.92))]
    observed, forecast = lines(ax)[0], lines(ax)[-1]
    assert (observed.x, observed.y, forecast.x, forecast.y) == ([0, 1], [0.3, 0.7], [0, 1], [0.2, 0.05])
    assert labels(ax) == {"bought again": (approx(1.15), 0.7, observed.colour),
                          "forecast": (approx(1.15), 0.05, forecast.colour)}
    assert ticks(ax.xaxis) == (["1\n(1,330 people)", "7 and more\n(7 people)"], [0, 1])


def test_truth_figure_draws_both_columns_and_names_the_model():
    table = pd.DataFrame({"model": [0.9, 0.6, 0.1], "truth": [0.95, 0.2, 0.0]}, index=["0-1", "1-2", "over 2"])
    ax = plots.alive_against_truth(table, name="Pareto/NBD")
    truth, model = lines(ax)
    assert (truth.x, truth.y, model.x, model.y) == ([0, 1, 2], [0.95, 0.2, 0], [0, 1, 2], [0.9, 0.6, 0.1])
    assert labels(ax) == {"truly active": (1, approx(0.24), truth.colour),
                          "P(alive), Pareto/NBD": (1, approx(0.65), model.colour)}
    assert ticks(ax.xaxis) == (["0-1", "1-2", "over 2"], [0, 1, 2])


def test_policy_figure_draws_a_line_per_ranking_and_the_cut():
    curves = pd.DataFrame({"model": [3.0, 4.0, -1.0], "spend": [2.0, 5.0, 1.0]}, index=[1, 2, 3])
    ax = plots.policy_gain(curves, mark=2, currency="yuan")
    model, spend, zero, cut = lines(ax)
    assert (model.x, model.y, spend.x, spend.y) == ([1, 2, 3], [3, 4, -1], [1, 2, 3], [2, 5, 1])
    assert (zero.y, cut.x) == ([0, 0], [2, 2])
    assert legend(ax) == {"model": model.colour, "spend": spend.colour}
    assert labels(ax)["2 customers: the model's own cut"].x == 2
    assert ax.get_ylabel() == "net gain, yuan"
    ax = plots.policy_gain(curves, mark=0)
    assert not ax.texts and len(ax.lines) == 3  # nobody chosen: nothing to mark


def test_outlook_figure_draws_the_paths_and_marks_today():
    path = pd.DataFrame({"BG/NBD": [1.0, 0.8, 0.4], "Pareto/NBD": [0.9, 0.7, 0.3]}, index=[20.0, 39.0, 65.0])
    facts = {"frequency": 4, "recency": 20.0, "T": 39.0}
    ax = plots.customer_outlook(path, facts)
    today, first, first_mark, second, second_mark = lines(ax)
    assert today.x == [39, 39]
    assert (first.x, first.y, second.x, second.y) == ([20, 39, 65], [1, 0.8, 0.4], [20, 39, 65], [0.9, 0.7, 0.3])
    assert (first_mark.x, first_mark.y, second_mark.x, second_mark.y) == ([39], [0.8], [39], [0.7])
    assert (first_mark.colour, second_mark.colour) == (first.colour, second.colour)
    assert spans(ax) == [approx((0, 20))]
    assert legend(ax) == {"BG/NBD": first.colour, "Pareto/NBD": second.colour}
    assert (labels(ax)["today"].x, labels(ax)["4 repeat\npurchases"].x) == (39, 10)
    assert not plots.customer_outlook(path, facts, legend=False).get_legend()
    assert "1 repeat\npurchase" in labels(plots.customer_outlook(path, facts | {"frequency": 1}))
    assert set(labels(plots.customer_outlook(path, {"frequency": 0, "recency": 0.0, "T": 39.0}))) == {"today"}
