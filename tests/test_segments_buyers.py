"""Transaction and relationship buyers: score, model, calibration, worth of a class."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib import clv
from crmlib.errors import CrmWarning, DataError
from crmlib.segments import (
    buyer_features,
    calibration_table,
    class_rates,
    class_worth,
    fit_buyer_type,
    label_error,
    label_shares,
    prediction_scores,
    relationship_score,
    removal_gain,
)

nan = np.nan


def world(seed, n=600, error=0.0, spread=0.12):
    """Labelled customers of a known type: share 0.6 relationship, promotion share and suppliers differ by type."""
    random = np.random.default_rng(seed)
    kind = random.random(n) < 0.6
    features = pd.DataFrame({
        "promotion_share": np.where(kind, 0.1, 0.4) + spread * random.standard_normal(n),
        "suppliers_used": np.where(kind, 1.5, 2.5) + random.standard_normal(n),
    })
    label = kind ^ (random.random(n) < error)
    return features, pd.Series(np.where(label, "relationship", "transaction")), pd.Series(kind)


# ------------------------------------------------------------------------------------ features


ORDERS = pd.DataFrame({
    "customer_id": [1, 1, 1, 2, 2],
    "date": pd.to_datetime(["2024-01-01", "2024-01-01", "2024-07-01", "2024-07-01", "2024-08-01"]),
    "amount": [10.0, 20.0, 5.0, 7.0, -7.0], "promotion": [True, False, True, False, False],
})


def test_features_by_hand():
    table = buyer_features(
        ORDERS, as_of="2025-01-01", customers=pd.DataFrame({"customer_id": [2, 1, 9], "suppliers_used": [3, 1, 5]}),
        interactions=pd.DataFrame({"customer_id": [1, 1, 1, 9],
                                   "purpose": ["price_request", "price_request", "advice", "price_request"]}),
        contracts=pd.DataFrame({"customer_id": [2, 2]}))
    # 2 of the 4 lines are promoted, a return is no line: (2 + 3/2) / (3 + 3) and (0 + 3/2) / (1 + 3)
    assert table.loc[1].tolist() == pytest.approx([3.5 / 6, 1, 2 / 2, 0])
    assert table.loc[2].tolist() == pytest.approx([1.5 / 4, 3, 0, 1])
    assert list(table) == ["promotion_share", "suppliers_used", "price_requests", "service_contract"]
    raw = buyer_features(ORDERS, as_of="2025-01-01", prior_lines=0)
    assert raw["promotion_share"].tolist() == pytest.approx([2 / 3, 0])


def test_bad_feature_tables():
    with pytest.raises(DataError, match="1 lines are dated after as_of=2024-07-15"):
        buyer_features(ORDERS, as_of="2024-07-15")
    with pytest.raises(DataError, match=r"1 customer\(s\) have orders but no row in customers, the first 2"):
        buyer_features(ORDERS, as_of="2025-01-01", customers=pd.DataFrame({"customer_id": [1], "suppliers_used": [3]}))
    with pytest.raises(DataError, match=r"orders lack the column\(s\) promotion"):
        buyer_features(ORDERS.drop(columns="promotion"), as_of="2025-01-01")
    with pytest.raises(DataError, match=r"interactions lack the column\(s\) purpose"):
        buyer_features(ORDERS, as_of="2025-01-01", interactions=ORDERS)
    with pytest.raises(DataError, match="nobody bought anything"):
        buyer_features(ORDERS[ORDERS["amount"] < 0], as_of="2025-01-01")


# --------------------------------------------------------------------------------------- score


def test_score_by_hand():
    features = pd.DataFrame({"promotion": [0.0, 1.0], "suppliers": [4.0, 2.0], "same": [1.0, 1.0]})
    # z of two customers is -1 and 1: (2 * 1 + 1 * -1) / 3
    score = relationship_score(features, {"promotion": -2, "suppliers": -1})
    assert score.tolist() == pytest.approx([1 / 3, -1 / 3])
    constant = relationship_score(features, {"promotion": -2, "suppliers": -1, "same": 5})
    assert constant.tolist() == pytest.approx([1 / 8, -1 / 8])


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=30), st.floats(0.1, 10), st.floats(-50, 50))
def test_score_does_not_depend_on_units(values, factor, shift):
    features = pd.DataFrame({"a": values})
    other = pd.DataFrame({"a": factor * features["a"] + shift})
    if features["a"].std(ddof=0) > 1e-3:
        assert relationship_score(features, {"a": -3}).to_numpy() == pytest.approx(
            relationship_score(other, {"a": -1}).to_numpy(), abs=1e-6)


@pytest.mark.parametrize(("weights", "message"), [
    ({"colour": 1}, "no feature called 'colour'; there are a, b"),
    ({"a": 0}, "not all zero"),
    ({"a": nan}, "finite numbers"),
])
def test_bad_weights(weights, message):
    with pytest.raises(ValueError, match=message):
        relationship_score(pd.DataFrame({"a": [1.0, 2.0], "b": [0.0, 1.0]}), weights)


# --------------------------------------------------------------------------------------- model


def test_fit_is_the_penalised_maximum():
    features, labels, _ = world(1)
    fit = fit_buyer_type(features, labels, penalty=1.0)
    z = ((features - features.mean()) / features.std(ddof=0)).to_numpy()
    b = fit.coefficients["coefficient"].to_numpy()
    p = 1 / (1 + np.exp(-(fit.intercept + z @ b)))
    y = (labels == "relationship").to_numpy()
    # where the derivative of log-likelihood less penalty is zero: y - p at right angles to 1, z'(y - p) = b
    assert (y - p).sum() == pytest.approx(0, abs=1e-3)
    assert z.T @ (y - p) == pytest.approx(b, abs=1e-3)
    assert fit.probability(features).to_numpy() == pytest.approx(p, abs=1e-9)
    assert (b < 0).all()                                             # promotions and many suppliers: transaction


def test_both_ways_to_fit_agree_without_label_errors():
    features, labels, _ = world(2)
    sklearn = fit_buyer_type(features, labels, penalty=1.0)
    own = fit_buyer_type(features, labels, penalty=1.0, label_error=1e-9)
    assert own.coefficients["coefficient"].to_numpy() == pytest.approx(
        sklearn.coefficients["coefficient"].to_numpy(), abs=1e-3)


def test_held_out_probabilities_have_not_seen_their_label():
    features, labels, _ = world(3, n=40)
    fit = fit_buyer_type(features, labels, seed=7)
    assert fit.held_out.notna().all() and not np.allclose(fit.held_out, fit.probability(features))
    again = fit_buyer_type(features, labels, seed=7)
    pd.testing.assert_series_equal(fit.held_out, again.held_out)
    assert not np.allclose(fit.held_out, fit_buyer_type(features, labels, seed=8).held_out)
    random = pd.DataFrame({"noise": np.random.default_rng(1).standard_normal(600)})
    _, labels, _ = world(3)
    noise = fit_buyer_type(random, labels)
    scores = prediction_scores(noise.held_out, noise.labels)
    assert scores["brier"] > scores["brier_base"] - 0.003           # noise says nothing of customers it has not seen


def test_with_the_label_error_the_model_speaks_of_the_type():
    features, labels, kind = world(4, n=6000, error=0.15)
    plain, aware = fit_buyer_type(features, labels), fit_buyer_type(features, labels, label_error=0.15)
    against_type = [prediction_scores(fit.held_out, kind)["brier"] for fit in (plain, aware)]
    assert against_type[1] < against_type[0] - 0.005
    table = calibration_table(aware.held_out, kind, bins=8, level=0.999)
    assert ((table["low"] <= table["predicted"]) & (table["predicted"] <= table["high"])).all()
    wrong = calibration_table(plain.held_out, kind, bins=8, level=0.999)
    assert not ((wrong["low"] <= wrong["predicted"]) & (wrong["predicted"] <= wrong["high"])).all()


def test_label_error_by_hand_and_in_20_worlds():
    found = label_error(pd.Series(["transaction"] * 9 + ["relationship", None]), pd.Series(["transaction"] * 11))
    assert found[["label_error", "compared"]].tolist() == [0.1, 10]
    held = 0
    for seed in range(20):
        _, labels, kind = world(seed, error=0.08)
        found = label_error(labels, kind.map({True: "relationship", False: "transaction"}), level=0.99)
        held += found["low"] <= 0.08 <= found["high"]
    assert held >= 19
    with pytest.raises(DataError, match="no customer has both"):
        label_error(pd.Series(["transaction", None]), pd.Series([None, "transaction"]))
    with pytest.raises(DataError, match="found 'x'"):
        label_error(pd.Series(["x"]), pd.Series(["transaction"]))


@pytest.mark.parametrize(("features", "labels", "options", "message"), [
    ({"a": [1.0, 2, 3, 4]}, ["relationship", "transaction", "buyer", None], {}, "found 'buyer'"),
    ({"a": [1.0, 2, 3, 4]}, [None] * 4, {}, "no customer has a label"),
    ({"a": [1.0, 2, nan, 4]}, ["relationship"] * 4, {}, r"missing or infinite values \(1 in a of 4 rows\)"),
    ({"a": ["x"] * 4}, ["relationship"] * 4, {}, "a are not: turn them into 0 and 1"),
    ({"a": [1.0] * 4}, ["relationship", "transaction"] * 2, {"folds": 2}, r"the feature\(s\) a are the same"),
    ({"a": [1.0, 2, 3, 4]}, ["relationship"] * 3 + ["transaction"], {"folds": 2},
     r"the rarer class has 1 labelled customer\(s\), fewer than 2 folds"),
    ({}, ["relationship"] * 4, {}, "at least one column"),
])
def test_bad_training_data(features, labels, options, message):
    with pytest.raises(DataError, match=message):
        fit_buyer_type(pd.DataFrame(features), pd.Series(labels), **options)


def test_bad_arguments_of_the_model():
    features, labels, _ = world(5, n=60)
    with pytest.raises(ValueError, match="label_error must be below 0.5"):
        fit_buyer_type(features, labels, label_error=0.5)
    with pytest.raises(ValueError, match="label_error 8 is not between 0 and 1: did you mean 0.08"):
        fit_buyer_type(features, labels, label_error=8)
    with pytest.raises(ValueError, match="penalty must be zero or more"):
        fit_buyer_type(features, labels, penalty=-1)
    with pytest.raises(DataError, match=r"1 labelled customer\(s\) have no features, the first 59"):
        fit_buyer_type(features[:59], labels)
    with pytest.raises(DataError, match=r"the model needs the feature\(s\) suppliers_used"):
        fit_buyer_type(features, labels).probability(features[["promotion_share"]])


# --------------------------------------------------------------------------------- calibration


def test_scores_by_hand():
    scores = prediction_scores([0.9, 0.6, 0.6, 0.2], [True, True, False, False])
    assert scores["brier"] == pytest.approx((0.01 + 0.16 + 0.36 + 0.04) / 4)
    assert scores["log_loss"] == pytest.approx(-np.log([0.9, 0.6, 0.4, 0.8]).mean())
    assert scores["auc"] == pytest.approx(3.5 / 4)                   # four pairs, one tie
    assert (scores["accuracy"], scores["accuracy_base"], scores["brier_base"]) == (0.75, 0.5, 0.25)
    certain = prediction_scores([1.0, 0.0], [True, False])
    assert certain["brier"] == 0 and certain["log_loss"] == pytest.approx(0, abs=1e-12) and certain["auc"] == 1
    assert np.isfinite(prediction_scores([0.0], [True])["log_loss"])
    assert np.isnan(prediction_scores([0.5], [True])["auc"])


def test_scores_against_scikit_learn():
    from sklearn import metrics

    random = np.random.default_rng(3)
    p, y = random.random(200).round(2), random.random(200) < 0.4
    scores = prediction_scores(p, y)
    assert scores["brier"] == pytest.approx(metrics.brier_score_loss(y, p))
    assert scores["log_loss"] == pytest.approx(metrics.log_loss(y, np.clip(p, 1e-15, 1 - 1e-15)))
    assert scores["auc"] == pytest.approx(metrics.roc_auc_score(y, p))


def test_calibration_by_hand():
    table = calibration_table([0.1, 0.2, 0.3, 0.9], [False, True, False, True], bins=2)
    assert table["customers"].tolist() == [2, 2] and table["predicted"].tolist() == pytest.approx([0.15, 0.6])
    assert table["observed"].tolist() == [0.5, 0.5] and (table["low"] < 0.5).all() and (table["high"] > 0.5).all()
    assert len(calibration_table([0.4] * 10, [True] * 10, bins=5)) == 1          # ties stay together
    assert len(calibration_table([0.1, 0.9], [True, False], bins=5)) == 2        # fewer customers than bins


@pytest.mark.parametrize(("p", "y", "message"), [
    ([90, 10], [True, False], "p must be probabilities; 2 lie outside 0 to 1"),
    ([0.5, nan], [True, False], "missing"),
    ([0.5, 0.5], ["yes", "no"], "y must be true or false"),
    ([0.5, 0.5], [True, None], "y must be true or false"),
])
def test_bad_predictions(p, y, message):
    for function in (prediction_scores, calibration_table):
        with pytest.raises(DataError, match=message):
            function(p, y)


# ------------------------------------------------------------------------------ shares and worth


def test_label_shares_by_hand():
    labels = pd.Series(["transaction"] * 6 + ["relationship"] * 4 + [None] * 5)
    groups = pd.Series(["fair"] * 10 + [None] * 5)
    table = label_shares(labels, groups, label_error=0.1)
    assert table.loc["fair", ["labelled", "as_labelled", "share"]].tolist() == pytest.approx([10, 0.6, 0.5 / 0.8])
    none = label_shares(pd.Series(["relationship"] * 10), pd.Series(["x"] * 10), label_error=0.1)
    assert none["share"].tolist() == [0] and none["low"].tolist() == [0]
    with pytest.raises(DataError, match=r"10 labelled customer\(s\) have no group"):
        label_shares(labels, pd.Series(dtype=object), label_error=0.1)
    with pytest.raises(ValueError, match="coin tosses"):
        label_shares(labels, groups, label_error=0.6)
    with pytest.raises(DataError, match="found 'x'"):
        label_shares(pd.Series(["x"]), pd.Series(["fair"]), label_error=0.1)


def test_corrected_shares_cover_the_truth_and_raw_ones_do_not():
    held, raw = 0, 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        kind = random.random(300) < 0.75
        labels = pd.Series(np.where(kind ^ (random.random(300) < 0.15), "transaction", "relationship"))
        table = label_shares(labels, pd.Series("promotion", index=labels.index), label_error=0.15, level=0.99)
        held += table["low"].iloc[0] <= 0.75 <= table["high"].iloc[0]
        naive = label_shares(labels, pd.Series("promotion", index=labels.index), label_error=0.0, level=0.99)
        raw += naive["low"].iloc[0] <= 0.75 <= naive["high"].iloc[0]
    assert held >= 19 > raw


def test_class_rates_by_hand():
    p = pd.Series([0.0, 0.0, 1.0, 1.0])
    table = class_rates(p, pd.Series([1.0, 0.0, 4.0, 2.0]), level=0.95)
    # two groups of two: means 0.5 and 3; robust errors sqrt(2 * 0.25 / 4) and sqrt(2 / 4), times sqrt(4 / 2)
    assert table["mean"].tolist() == pytest.approx([0.5, 3]) and table["customers"].tolist() == [2, 2]
    assert (table["high"] - table["mean"]).tolist() == pytest.approx(
        [1.959964 * np.sqrt(0.125 * 2), 1.959964 * np.sqrt(0.5 * 2)], rel=1e-6)
    mixed = class_rates(pd.Series([0.2, 0.9, 0.5]), pd.Series([0.8 * 7 + 0.2 * 3, 0.1 * 7 + 0.9 * 3, 5.0]))
    assert mixed["mean"].tolist() == pytest.approx([7, 3])


def test_class_rates_are_not_drawn_together_as_those_of_sorted_customers_are():
    held, blurred = 0, 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        p = pd.Series(random.beta(1, 1, 3000))
        kind = random.random(3000) < p
        left = pd.Series(random.random(3000) < np.where(kind, 0.05, 0.25))
        table = class_rates(p, left, level=0.99)
        held += ((table["low"] <= [0.25, 0.05]) & (table["high"] >= [0.25, 0.05])).all()
        blurred += left[p < 0.5].mean() < 0.22
    assert held >= 19 and blurred >= 19


@pytest.mark.parametrize(("p", "outcome", "message"), [
    ([0.5, 0.5], [1.0, 2.0], "the same for everybody"),
    ([5.0, 95.0], [1.0, 2.0], "must be probabilities"),
    ([0.1, 0.9], [1.0, nan], "1 of 2 values of outcome are missing"),
    ([0.1, 0.9], [1.0, 2.0, 3.0], "not about the same customers"),
])
def test_bad_class_rates(p, outcome, message):
    with pytest.raises(DataError, match=message):
        class_rates(pd.Series(p), pd.Series(outcome))


def test_worth_by_hand():
    table = pd.DataFrame({"kind": ["r", "r", "t", "t", None], "margin": [300.0, 100.0, 60.0, 40.0, 9.0],
                          "due": [4, 6, 1, 1, 0], "renewed": [4, 5, 1, 0, 0]})
    worth = class_worth(table, by="kind", discount_rate=0.1, draws=200)
    assert worth.loc["r", ["customers", "margin", "retention"]].tolist() == pytest.approx([2, 200, 0.9])
    assert worth.loc["r", "value"] == pytest.approx(clv.lifetime_value(200, 0.9, 0.1, timing="immediate"))
    assert worth.loc["t", "value"] == pytest.approx(50 * 1.1 / 0.6)
    assert worth[["value_low", "margin_high"]].isna().all(axis=None)               # two customers: no interval
    many = class_worth(pd.concat([table] * 6), by="kind", discount_rate=0.1, draws=200)
    assert many["value"].tolist() == pytest.approx(worth["value"].tolist())
    assert (many["value_low"] < many["value"]).all() and (many["value"] < many["value_high"]).all()
    pd.testing.assert_frame_equal(worth, class_worth(table, by="kind", discount_rate=0.1, draws=200))
    # who was no customer in the year of the margin still counts with the renewals they did not make
    gone = pd.concat([table, pd.DataFrame({"kind": ["r"], "margin": [nan], "due": [10], "renewed": [0]})])
    more = class_worth(gone, by="kind", discount_rate=0.1, draws=200)
    assert more.loc["r", ["customers", "margin", "retention"]].tolist() == pytest.approx([3, 200, 9 / 20])


def test_bad_worth():
    table = pd.DataFrame({"kind": ["r", "t"], "margin": [1.0, 2.0], "due": [1, 0], "renewed": [1, 0]})
    with pytest.raises(DataError, match="no renewal was due in the class 't'"):
        class_worth(table, by="kind", discount_rate=0.1)
    with pytest.raises(DataError, match="cannot renew more often than a renewal was due"):
        class_worth(table.assign(renewed=[2, 0]), by="kind", discount_rate=0.1)
    with pytest.raises(DataError, match=r"customers lack the column\(s\) class"):
        class_worth(table, by="class", discount_rate=0.1)
    with pytest.raises(DataError, match="no margin is known in the class 'r'"):
        class_worth(table.assign(margin=[nan, 1.0], due=[1, 1]), by="kind", discount_rate=0.1)
    with pytest.raises(DataError, match=r"1 in due"):
        class_worth(table.assign(due=[nan, 1.0]), by="kind", discount_rate=0.1)
    with pytest.raises(ValueError, match="did you mean 0.1"):
        class_worth(table[:1], by="kind", discount_rate=10)


def test_removal_gain_by_hand():
    p = pd.Series([0.0, 1.0, 0.25])
    gain = removal_gain(p, saving=100, value=1000, leave_transaction=0.05, leave_relationship=0.30)
    assert gain.tolist() == pytest.approx([45, -230, 0.75 * 45 - 0.25 * 230])
    each = removal_gain(p, saving=pd.Series([100, 100, 0]), value=pd.Series([1000, 0, 10]), leave_transaction=0.05,
                        leave_relationship=0.30)
    assert each.tolist() == pytest.approx([45, 70, 0.75 * -0.5 + 0.25 * -3])
    with pytest.raises(ValueError, match="leave_transaction 5 is not between 0 and 1: did you mean 0.05"):
        removal_gain(p, saving=1, value=1, leave_transaction=5, leave_relationship=0)
    with pytest.raises(DataError, match="must be probabilities"):
        removal_gain(p * 100, saving=1, value=1, leave_transaction=0, leave_relationship=0)
    with pytest.raises(DataError, match="saving are not about the same customers: 1 are only in p_relationship"):
        removal_gain(p, saving=pd.Series([1, 1, 1], index=[1, 2, 3]), value=1, leave_transaction=0,
                     leave_relationship=0)
    with pytest.raises(DataError, match="1 of 3 values of value are missing"):
        removal_gain(p, saving=1, value=pd.Series([1, nan, 1]), leave_transaction=0, leave_relationship=0)


def test_features_refuse_what_would_find_nobody_or_know_the_future():
    for what in ("interactions", "contracts"):
        text = pd.DataFrame({"customer_id": ["1"], "purpose": ["advice"]})
        with pytest.raises(DataError, match=f"the ids of {what} are .*, those of orders int64"):
            buyer_features(ORDERS, as_of="2025-01-01", **{what: text})
    calls = pd.DataFrame({"customer_id": [1], "purpose": ["price_request"], "date": pd.to_datetime(["2030-01-01"])})
    with pytest.raises(DataError, match="1 rows of interactions are dated after as_of=2025-01-01"):
        buyer_features(ORDERS, as_of="2025-01-01", interactions=calls)
    deal = pd.DataFrame({"customer_id": [1], "started_on": pd.to_datetime(["2025-01-02"])})
    with pytest.raises(DataError, match="1 rows of contracts are dated after"):
        buyer_features(ORDERS, as_of="2025-01-01", contracts=deal)


def test_a_share_of_a_class_beyond_0_and_1_is_said():
    p = pd.Series([0.5, 0.6, 0.6, 0.5] * 3)
    with pytest.warns(CrmWarning, match="outside 0 to 1"):
        rates = class_rates(p, pd.Series([True, False, False, True] * 3))
    assert rates[["low", "high"]].stack().between(0, 1).all()
    assert class_rates(p, pd.Series([5.0, 0, 0, 5] * 3))["high"].max() > 1            # money is not cut off
