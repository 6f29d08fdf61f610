"""Chapter 07: its figures, and the function under its explorer."""

import matplotlib
import pandas as pd
import pytest

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

from crmlib import btyd, plots  # noqa: E402
from crmlib.data import load_cdnow  # noqa: E402
from crmlib.teaching.widgets import customer_outlook, explore_customer_history  # noqa: E402

CALIBRATION, HOLDOUT = "1997-09-30", "1998-06-30"
VALUE = {"horizon": 39, "horizon_unit": "week", "margin": 0.3, "annual_discount_rate": 0.15}


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


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


def test_timelines_mark_purchase_days_and_stop_at_the_end(orders, split):
    raw = orders.execute()
    four = split.set_index("customer_id").loc[[18, 1669]].reset_index()
    ax = plots.purchase_timelines(raw, four, observation_end=CALIBRATION)
    repeats = [len(dots.get_offsets()) for dots in ax.collections][1::2]
    assert repeats == four["frequency"].tolist()
    assert [t.get_text() for t in ax.get_yticklabels()] == ["customer 18", "customer 1669"]


def test_figures_of_the_story_and_its_fit_draw_their_tables(models, split):
    counts = btyd.repeat_count_fit(models["BG/NBD"], split)
    ax = plots.repeat_counts(counts)
    assert [bar.get_height() for bar in ax.patches[:8]] == counts["actual"].tolist()
    axes = plots.customer_spread(pd.Series({"0-1": 0.6, "1+": 0.4}), pd.Series({"0.0": 0.5, "0.5": 0.5}))
    assert [bar.get_height() for bar in axes[0].patches] == pytest.approx([60, 40])
    assert [t.get_text() for t in axes[1].get_xticklabels()] == ["0.0", "0.5"]
    ax = plots.alive_by_silence(pd.DataFrame({"rare": [0.9, 0.8], "frequent": [0.95, 0.1]}, index=[0, 10]))
    assert [t.get_text().strip() for t in ax.texts] == ["rare", "frequent"]


def test_tracking_figure_names_both_totals(models, orders):
    table = btyd.tracking(models["BG/NBD"], orders, calibration_end=CALIBRATION, observation_end=HOLDOUT)
    ax = plots.weekly_tracking(table, cumulative=True)
    assert {"actual 4,339", "expected 4,166"} <= {t.get_text() for t in ax.texts}
    assert ax.lines[1].get_ydata()[-1] == pytest.approx(table["expected"].sum())
    weekly = plots.weekly_tracking(table)
    assert weekly.lines[0].get_ydata().tolist() == table["actual"].tolist()
    assert len(table) == 78 and not any("4,339" in t.get_text() for t in weekly.texts)


def test_holdout_figure_draws_the_columns_asked_for(models, split):
    forecast = btyd.expected_purchases(models["BG/NBD"], split, horizon=39, horizon_unit="week")
    table = btyd.holdout_by_frequency(split, {"model": forecast})
    ax = plots.holdout_classes(table, {"actual": "happened", "model": "forecast"})
    assert [line.get_label() for line in ax.lines] == ["happened", "forecast"]
    assert ax.lines[1].get_ydata() == pytest.approx(table["model"])


def test_spend_figure_has_every_repeat_buyer_once(split, spend):
    back = split[split["frequency"] > 0]
    ax = plots.spend_shrinkage(back, btyd.expected_spend(spend, back), population=35.17)
    assert sum(len(dots.get_offsets()) for dots in ax.collections) == len(back) == 946


def test_width_figure_marks_both_intervals_and_what_happened():
    ax = plots.forecast_width([3, 5, 5, 8], mean=[4, 6], predictive=[3, 8], actual=1234)
    assert {"the mean", "what happens", "actual 1,234"} <= {t.get_text() for t in ax.texts}
    assert list(ax.lines[0].get_xdata()) == [4, 6]
    assert list(ax.lines[1].get_xdata()) == [3, 8]


def test_silence_figure_has_the_forecast_the_share_and_its_interval():
    table = pd.DataFrame({"customers": [330, 7], "forecast": [0.2, 0.05], "observed": [0.3, 0.7], "low": [0.25, 0.36],
                          "high": [0.36, 0.92]}, index=["1", "7 and more"])
    ax = plots.silent_returns(table)
    ends = [y for _, y in ax.collections[0].get_segments()[1]]
    assert ends == pytest.approx([0.36, 0.92])
    assert ax.lines[-1].get_ydata().tolist() == [0.2, 0.05]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["1\n(330 people)", "7 and more\n(7 people)"]


def test_remaining_figures_draw(models, spend):
    table = pd.DataFrame({"model": [0.9, 0.6, 0.1], "truth": [0.95, 0.0, 0.0]}, index=["0-1", "1-2", "over 2"])
    assert len(plots.alive_against_truth(table).lines) == 2
    curves = pd.DataFrame({"model": [3.0, 4.0, 1.0], "spend": [2.0, 4.0, 1.0]}, index=[1, 2, 3])
    ax = plots.policy_gain(curves, mark=2)
    assert any("2 customers" in t.get_text() for t in ax.texts)
    assert not plots.policy_gain(curves, mark=0).texts  # nobody chosen: nothing to mark
    for frequency in (0, 1, 4):
        _, path, facts = look(models, spend, frequency=frequency)
        ax = plots.customer_outlook(path, facts)
        assert "today" in [t.get_text() for t in ax.texts]
        assert ax.get_legend() and not plots.customer_outlook(path, facts, legend=False).get_legend()
