"""Uplift: effects, models, curves and areas, against published values and by hand."""

import numpy as np
import pandas as pd
import pytest

from crmlib.errors import DataError
from crmlib.outreach import (
    average_effect,
    cross_fitted_uplift,
    fit_uplift,
    uplift_area,
    uplift_at,
    uplift_curve,
)

approx = pytest.approx
nan = np.nan


def world(seed=0, n=3000):
    """A lot of one half; a call helps the neglected by 0.3 and hurts the others by 0.1."""
    random = np.random.default_rng(seed)
    x = pd.DataFrame({"neglected": (random.random(n) < 0.5).astype(int), "noise": random.standard_normal(n)})
    w = (random.random(n) < 0.5).astype(int)
    effect = np.where(x["neglected"] == 1, 0.3, -0.1)
    y = (random.random(n) < 0.55 + w * effect).astype(int)
    return x, y, w, effect


# ---------------------------------------------------------------------------------------- effects


def test_effect_by_hand():
    y, w = [1, 1, 1, 0, 1, 0, 0, 0], [1, 1, 1, 1, 0, 0, 0, 0]
    row = average_effect(y, w).loc["all"]
    error = np.sqrt(2 * 0.75 * 0.25 / 4)
    assert row[["treated", "control", "effect"]].tolist() == [0.75, 0.25, 0.5]
    assert (row["low"], row["high"]) == approx((0.5 - 1.959964 * error, 0.5 + 1.959964 * error), rel=1e-5)
    by = average_effect(y, w, by=list("aabbaabb"))
    assert by["effect"].tolist() == approx([1 - 0.5, 0.5 - 0.0]) and by["rows"].tolist() == [4, 4]
    labels = average_effect(y, ["call"] * 4 + ["no"] * 4, treated="call")
    assert labels.loc["all", "effect"] == 0.5


def test_rows_of_one_customer_count_once():
    x, y, w, _ = world(n=400)
    once = average_effect(y, w).loc["all"]
    thrice = average_effect(np.tile(y, 3), np.tile(w, 3), groups=np.tile(np.arange(400), 3)).loc["all"]
    assert thrice["high"] - thrice["low"] == approx(once["high"] - once["low"])
    naive = average_effect(np.tile(y, 3), np.tile(w, 3)).loc["all"]
    assert naive["high"] - naive["low"] == approx((once["high"] - once["low"]) / np.sqrt(3))


@pytest.mark.parametrize(("change", "message"), [
    ({"treatment": [0, 1, 2, 1]}, r"treatment has 3 values \(0, 1, 2\): compare two groups at a time"),
    ({"treatment": [1, 1, 1, 1]}, "no controls: everybody was treated"),
    ({"treatment": [0, 0, 0, 0]}, "nobody was treated"),
    ({"treatment": [0, 1, nan, 1]}, "treatment is missing in 1 of 4 rows"),
    ({"treatment": ["a", "b", "a", "b"]}, "say which of them is the treatment"),
    ({"treatment": [0, 1]}, "treatment has 2 rows, the others have 4"),
    ({"outcome": [1, 0, nan, 1]}, "1 of 4 values of outcome are missing"),
    ({"outcome": ["yes", "no", "no", "yes"]}, "outcome must be numbers"),
    ({"by": ["a", "a", "b", "b"], "treatment": [1, 0, 1, 1]}, "of the kind 'b' all rows were treated, or none"),
    ({"by": ["a", None, "b", "b"]}, "by must name the kind"),
    ({"groups": [1, 2]}, "groups must name the customer of each of the 4 rows"),
])
def test_bad_effects(change, message):
    with pytest.raises(DataError, match=message):
        average_effect(**{"outcome": [1, 0, 1, 1], "treatment": [0, 1, 0, 1]} | change)


# ----------------------------------------------------------------------------------------- models


@pytest.mark.parametrize("method", ["two_model", "transformed"])
def test_models_find_who_is_helped(method):
    x, y, w, effect = world()
    fit = fit_uplift(x, y, w, method=method, propensity=0.5)
    said = fit.predict(pd.DataFrame({"noise": [0.0, 0.0], "neglected": [0, 1]}))["uplift"]
    assert said.tolist() == approx([-0.1, 0.3], abs=0.06)
    assert fit.features == ["neglected", "noise"]


def test_two_models_are_two_logistic_regressions():
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    x, y, w, _ = world(n=300)
    said = fit_uplift(x, y, w).predict(x)
    for arm, name in ((1, "p_treated"), (0, "p_control")):
        scaler = StandardScaler().fit(x[w == arm])
        model = LogisticRegression().fit(scaler.transform(x[w == arm]), y[w == arm])
        assert said[name].to_numpy() == approx(model.predict_proba(scaler.transform(x))[:, 1], abs=1e-4)
    assert (said["p_treated"] - said["p_control"]).to_numpy() == approx(said["uplift"].to_numpy())


def test_centring_changes_the_noise_not_the_effect():
    errors = {"mean": [], "none": []}
    for seed in range(12):
        x, y, w, effect = world(seed, n=600)
        y = np.maximum(y, np.random.default_rng(seed).random(600) < 0.6)  # most stay anyway
        for centre in errors:
            fit = fit_uplift(x[["neglected"]], y, w, method="transformed", propensity=0.5, centre=centre)
            errors[centre].append(fit.predict(pd.DataFrame({"neglected": [1]}))["uplift"].iloc[0])
    assert np.mean(errors["mean"]) == approx(np.mean(errors["none"]), abs=0.06)
    assert np.std(errors["mean"]) < 0.7 * np.std(errors["none"])


def test_cross_fitting_keeps_a_customer_out_of_their_own_model():
    # the outcome is noise: a model that saw the row would find an effect in it, a held-out one finds none
    random = np.random.default_rng(4)
    x = pd.DataFrame(random.standard_normal((120, 30))).rename(columns=str)
    y, w = random.random(120) < 0.5, random.random(120) < 0.5
    twice, who = pd.concat([x, x], ignore_index=True), np.tile(np.arange(120), 2)
    y2, w2 = np.tile(y, 2), np.tile(w, 2)
    held = cross_fitted_uplift(twice, y2, w2, groups=who, folds=4, penalty=0.01, method="transformed")["uplift"]
    leaky = cross_fitted_uplift(twice, y2, w2, folds=4, penalty=0.01, method="transformed")["uplift"]
    target = np.where(w2, 2.0, -2.0) * (y2 - y2.mean())
    assert abs(np.corrcoef(held, target)[0, 1]) < 0.25 < np.corrcoef(leaky, target)[0, 1]
    assert held.index.tolist() == list(range(240))
    given = cross_fitted_uplift(twice, y2, w2, groups=who, folds=4, method="transformed", propensity=np.full(240, 0.5))
    assert given["uplift"].tolist() == approx(cross_fitted_uplift(
        twice, y2, w2, groups=who, folds=4, method="transformed", propensity=0.5)["uplift"].tolist())
    shuffled = twice.set_axis(["a"] * 240)
    assert cross_fitted_uplift(shuffled, y2, w2, groups=who, folds=4, penalty=0.01,
                               method="transformed")["uplift"].tolist() == approx(held.tolist())


@pytest.mark.parametrize(("change", "error", "message"), [
    ({"method": "magic"}, ValueError, "method='magic' is not known"),
    ({"centre": "median"}, ValueError, "centre='median' is not known"),
    ({"penalty": 0}, ValueError, "penalty must be above zero"),
    ({"outcome": [1] * 8}, DataError, "all 4 of the treated have the same outcome"),
    ({"outcome": [75] * 8}, DataError, "must be yes or no"),
    ({"features": pd.DataFrame({"a": [nan] * 8})}, DataError, "8 of 8 values of the feature a are missing"),
    ({"features": pd.DataFrame({"a": list("xxxxxxxx")})}, DataError, "the feature a must be numbers"),
    ({"features": pd.DataFrame(index=range(8))}, DataError, "at least one column"),
    ({"propensity": 50}, ValueError, "propensity 50"),
])
def test_bad_models(change, error, message):
    arguments = {"features": pd.DataFrame({"a": range(8)}), "outcome": [1, 0] * 4,
                 "treatment": [0, 0, 1, 1] * 2} | change
    with pytest.raises(error, match=message):
        fit_uplift(**arguments)


def test_bad_folds_and_predictions():
    x = pd.DataFrame({"a": range(8)})
    with pytest.raises(DataError, match="8 customers cannot be dealt into 9 folds"):
        cross_fitted_uplift(x, [1, 0] * 4, [0, 0, 1, 1] * 2, folds=9)
    with pytest.raises(ValueError, match="folds must be a whole number of at least 2"):
        cross_fitted_uplift(x, [1, 0] * 4, [0, 0, 1, 1] * 2, folds=1)
    with pytest.raises(DataError, match=r"needs the feature\(s\) a"):
        fit_uplift(x, [1, 0] * 4, [0, 0, 1, 1] * 2).predict(pd.DataFrame({"b": [1]}))


# ----------------------------------------------------------------------------------------- curves

# the tests of scikit-uplift 0.5.1: outcome, score, treatment -> area of the uplift curve, of the Qini curve
SKLIFT = [
    ([1, 1], [0.1, 0.3], [0, 1], 1.0, 1.0),
    ([1, 1], [0.1, 0.3], [1, 0], -1.0, 0.0),
    ([0, 1], [0.1, 0.3], [1, 0], 0.0, 1.0),
    ([1, 0], [0.1, 0.3], [0, 1], 1.0, 1.0),
]
# computed once with scikit-uplift 0.5.1: uplift_auc_score, qini_auc_score, the latter without negative effects, and
# uplift_at_k of 0.5, overall and by group
LONGER = ([1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 1], [0.9, 0.8, 0.8, 0.7, 0.6, 0.5, 0.4, 0.4, 0.3, 0.2, 0.1, 0.05],
          [1, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 1])
LONGER_VALUES = (0.458666666667, 0.406779661017, 2.18181818182, 0.666666666667, 0.666666666667)


@pytest.mark.parametrize(("y", "score", "w", "uplift", "qini"), SKLIFT)
def test_areas_of_the_tests_of_scikit_uplift(y, score, w, uplift, qini):
    assert uplift_area(y, score, w, kind="uplift") == approx(uplift)
    assert uplift_area(y, score, w, kind="qini") == approx(qini)


def test_curves_of_the_tests_of_scikit_uplift():
    y, w = [0.0, 1.0, 0.0], [0.0, 1.0, 1.0]
    assert uplift_curve(y, [0, 0, 0], w, kind="uplift")[["rows", "gain"]].values.tolist() == [[0, 0], [3, 1.5]]
    assert uplift_curve(y, [0, 0, 0], w, kind="qini")[["rows", "gain"]].values.tolist() == [[0, 0], [3, 1]]
    money = [0.0, 1.0, 2.0]
    assert uplift_curve(money, [0, 1, 1], w, kind="uplift")["gain"].tolist() == [0, 3, 4.5]
    assert uplift_curve(money, [0, 1, 1], w, kind="qini")["gain"].tolist() == [0, 3, 3]


def test_a_longer_ranking_as_in_scikit_uplift():
    y, score, w = LONGER
    assert uplift_area(y, score, w, kind="uplift") == approx(LONGER_VALUES[0])
    assert uplift_area(y, score, w, kind="qini") == approx(LONGER_VALUES[1])
    assert uplift_area(y, score, w, kind="qini", negative_effect=False) == approx(LONGER_VALUES[2])
    assert uplift_at(y, score, w, share=0.5) == approx(LONGER_VALUES[3])
    assert uplift_at(y, score, w, share=0.5, strategy="by_group") == approx(LONGER_VALUES[4])


def test_curve_by_hand_and_its_area():
    # best five: called 1 1 . 1 ., stayed 1 1 0 1 1: 3 of 3 called, 1 of 2 controls
    w, y = [1, 1, 0, 1, 0, 1, 0, 0], [1, 1, 0, 1, 1, 0, 1, 0]
    score = -np.arange(8)
    qini = uplift_curve(y, score, w).set_index("rows")["gain"]
    assert qini.loc[5] == approx(3 - 1 * 3 / 2)
    assert uplift_curve(y, score, w, kind="uplift").set_index("rows")["gain"].loc[5] == approx((1 - 0.5) * 5)
    assert qini.loc[8] == approx(3 - 2)
    raw = uplift_area(y, score, w, normalise="none")
    assert raw == approx(np.trapezoid(qini, qini.index) - 8 * qini.loc[8] / 2)


def test_ties_share_a_point_and_order_does_not_matter():
    y, score, w = LONGER
    turned = [list(reversed(part)) for part in (y, score, w)]
    pd.testing.assert_frame_equal(uplift_curve(y, score, w), uplift_curve(*turned))
    assert uplift_at(y, score, w, share=0.2) == approx(uplift_at(*turned, share=0.2))
    constant = uplift_curve(y, [1] * 12, w)
    assert constant["rows"].tolist() == [0, 12] and uplift_area(y, [1] * 12, w, normalise="none") == approx(0)


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: uplift_area([1, 1, 1], [1, 2, 3], [0, 1, 1], kind="auuc"), ValueError, "kind='auuc' is not known"),
    (lambda: uplift_area([1, 1, 1], [1, 2, 3], [0, 1, 1], normalise="max"), ValueError, "normalise='max'"),
    (lambda: uplift_area([0, 0, 0], [1, 2, 3], [0, 1, 1]), DataError, "no better than chance"),
    (lambda: uplift_area([0, 5, 0], [1, 2, 3], [0, 1, 1]), DataError, "must be yes or no"),
    (lambda: uplift_curve([0, 1], [1, nan], [0, 1]), DataError, "1 of 2 values of score are missing"),
    (lambda: uplift_curve([0, 1], [1, 2, 3], [0, 1]), DataError, "score has 3 rows, the others have 2"),
    (lambda: uplift_curve([0, 1], [1, 2], [1, 1]), DataError, "no controls"),
    (lambda: uplift_at([0, 1], [1, 2], [0, 1], share=30), ValueError, "share 30 is not between"),
    (lambda: uplift_at([0, 1], [1, 2], [0, 1], share=0.5), DataError, "the best 50% hold no control rows"),
    (lambda: uplift_at([0, 1], [1, 2], [0, 1], share=0.5, strategy="all"), ValueError, "strategy='all'"),
])
def test_bad_rankings(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_no_certainty_from_nothing():
    for y, w, groups in (([1, 0], [1, 0], None), ([1, 1, 1, 1], [1, 1, 0, 0], None),
                         ([1, 0, 1, 0], [1, 1, 0, 0], [1, 1, 2, 3])):
        row = average_effect(y, w, groups=groups).loc["all"]
        assert np.isfinite(row["effect"]) and np.isnan(row[["low", "high"]].astype(float)).all()


def test_rows_of_series_must_agree():
    here, turned = pd.Series([1, 0, 1], index=list("abc")), pd.Series([1, 0, 1], index=list("cba"))
    for call in (lambda: average_effect(here, turned), lambda: uplift_curve(here, turned, [1, 0, 1]),
                 lambda: fit_uplift(pd.DataFrame({"x": here}), turned, [1, 0, 1])):
        with pytest.raises(DataError, match="not of the same rows in the same order"):
            call()


def test_a_best_curve_below_chance_is_refused():
    with pytest.raises(DataError, match="the sign of the result would be turned"):
        uplift_area([0, 1, 1, 0], [4, 3, 2, 1], [1, 0, 1, 1][:4], negative_effect=False)
