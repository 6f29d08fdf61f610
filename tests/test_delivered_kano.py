"""Kano: both published tables cell by cell, published summaries, ties and rules, and what must not matter."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib import delivered as dv
from crmlib.errors import CrmWarning, DataError

approx = pytest.approx
FEW = settings(max_examples=12)
BERGER = ["QAAAO", "RIIIM", "RIIIM", "RIIIM", "RRRRQ"]            # Berger et al. (1993)
POULIOT = ["QAAAO", "RQIIM", "RIIIM", "RIIQM", "RRRRQ"]           # Pouliot, in the same issue
SKIS = pd.DataFrame({"A": [7.0, 10.4, 63.8], "O": [32.3, 45.1, 21.6], "M": [49.3, 30.5, 2.9], "I": [9.5, 11.5, 8.5],
                     "R": [0.3, 1.2, 0.7], "Q": [1.5, 1.2, 2.5]}, index=["edge grip", "ease of turn", "service"])


def summary(**counts):
    return dv.kano_summary(pd.DataFrame(counts, index=["x"])).loc["x"]


@pytest.mark.parametrize(("variant", "rows"), [("berger", BERGER), ("pouliot", POULIOT)])
def test_all_25_cells(variant, rows):
    for i, row in enumerate(rows, 1):
        for j, cell in enumerate(row, 1):
            assert dv.kano_cell(i, j, variant=variant) == cell == dv.kano_table(variant).iloc[i - 1, j - 1]


def test_the_skis_of_sauerwein_and_others():
    table = dv.kano_summary(SKIS, respondents=1_500)
    assert table["category"].tolist() == ["M", "O", "A"]
    assert table["better"].round(3).tolist() == [0.401, 0.569, 0.882]
    assert table["worse"].round(3).tolist() == [-0.832, -0.775, -0.253]
    assert table["strength"].tolist() == approx([0.17, 0.146, 0.422], abs=1e-3)
    assert table.loc["edge grip", "total_strength"] == approx(0.886, abs=1e-3)


def test_counts_shares_and_per_cents_say_the_same():
    counts = pd.DataFrame({"A": [10], "O": [20], "M": [60], "I": [10]}, index=["x"])
    ways = [dv.kano_summary(counts), dv.kano_summary(counts / 100, respondents=100),
            dv.kano_summary(counts.astype(float), respondents=100)]
    for way in ways[1:]:
        pd.testing.assert_frame_equal(way, ways[0])


def test_ties_and_rules():
    assert summary(A=10, O=10, M=10, I=10)["category"] == "M"
    assert summary(A=10, O=10, I=10)["category"] == "O"
    assert summary(A=10, I=10)["category"] == "A"
    tied = pd.DataFrame({"A": [10], "I": [10]}, index=["x"])
    assert dv.kano_summary(tied, ties="IAOMRQ")["category"].item() == "I"
    split = pd.DataFrame({"A": [20], "O": [18], "M": [12], "I": [30], "R": [5], "Q": [0]}, index=["x"])
    assert dv.kano_summary(split)["category"].item() == "I"
    assert dv.kano_summary(split, rule="blauth")["category"].item() == "A"
    other = pd.DataFrame({"A": [30], "O": [0], "M": [0], "I": [25], "R": [20]}, index=["x"])
    assert dv.kano_summary(other, rule="blauth")["category"].item() == "I"
    even = pd.DataFrame({"A": [30], "I": [30]}, index=["x"])
    assert dv.kano_summary(even, rule="blauth")["category"].item() == "I"     # not more than: the second set


def test_the_second_of_blauths_rule_is_of_its_own_set():
    split = pd.DataFrame({"A": [20], "O": [18], "M": [12], "I": [30], "R": [5]}, index=["x"])
    row = dv.kano_summary(split, rule="blauth").loc["x"]
    assert (row["category"], row["second"], row["strength"]) == ("A", "O", approx(2 / 85)) and not row["clear"]


def test_whole_per_cents_are_noticed():
    table = pd.DataFrame({"A": [42, 44, 50], "O": [28, 36, 30], "M": [10] * 3, "I": [20, 10, 10]}, index=list("xyz"))
    with pytest.warns(CrmWarning, match="every row adds up to 100"):
        dv.kano_summary(table)
    assert dv.kano_summary(table, respondents=20)["clear"].tolist() == [False] * 3
    assert dv.kano_summary(table, respondents=1000)["clear"].all()
    wide, narrow = (dv.kano_coefficients(table, respondents=n).loc["x"] for n in (20, 1000))
    assert wide["better"] == narrow["better"] == 0.7 and wide["better_low"] < narrow["better_low"] < 0.7


def test_clear_needs_strength_and_fong():
    row = summary(A=5200, O=4800, I=2000)                        # told apart, and not strong
    assert row["fong"] and not row["clear"] and summary(A=6, O=3, I=1)["clear"] == summary(A=6, O=3, I=1)["fong"]
    at = dv.fong_test(110, 90, 200, factor=2)                    # 2 · √100: exactly the difference, which is enough
    assert at["threshold"] == at["difference"] == 20 and at["significant"]
    assert summary(A=70, O=65, I=0)["strength"] < 0.06 and not summary(A=700, O=650, I=0)["clear"]


def test_quadrants_below_zero():
    def quadrant(present, absent):
        rows = pd.DataFrame({"feature": ["x"], "present": [present], "absent": [absent]})
        return dv.kano_continuous(rows).loc["x", "quadrant"]

    assert [quadrant(5, 1), quadrant(3, 1), quadrant(5, 3), quadrant(1, 1), quadrant(5, 5)] == list("RRRQQ")
    assert [quadrant(1, 5), quadrant(1, 3), quadrant(3, 5), quadrant(3, 3), quadrant(4, 2)] == list("OAMII")
    means = pd.DataFrame({"feature": ["x"] * 4, "present": [1, 1, 2, 3], "absent": [3, 3, 4, 4]})    # 2.5 and 1
    assert dv.kano_continuous(means).loc["x", "quadrant"] == "A"
    below = pd.DataFrame({"feature": ["x"] * 4, "present": [1, 2, 3, 3], "absent": [3] * 4})         # 1.5 and 0
    assert dv.kano_continuous(below).loc["x", "quadrant"] == "I"


def test_joined_tables_and_empty_features():
    two = survey_of([(1, 5), (2, 5)])
    joined = pd.concat([two, two.assign(customer_id=[8, 9])])    # row labels twice
    assert len(dv.kano_answers(joined, ["x"])) == 4
    both = two.join(survey_of([(1, 1), (1, 1)], "y").drop(columns="customer_id")).assign(kano_y_absent=np.nan)
    with pytest.warns(CrmWarning, match="nobody answered both questions about y"):
        dv.kano_answers(both, ["x", "y"], missing="drop")


def test_fong():
    test = dv.fong_test(60, 40, 120)
    assert test["threshold"] == approx(1.65 * np.sqrt(100 * 140 / 240)) and test["significant"]
    assert not dv.fong_test(52, 48, 120)["significant"]
    assert dv.fong_test(52, 40, 120)["significant"] != dv.fong_test(52, 40, 120, factor=1.0)["significant"]
    row = summary(A=52, O=48, I=20)
    assert not row["fong"] and not row["clear"] and row["strength"] == approx(4 / 120)
    with pytest.raises(ValueError, match="cannot be among 50 respondents"):
        dv.fong_test(40, 20, 50)


def test_better_and_worse_leave_out_reverse_and_questionable():
    row = summary(A=30, O=20, M=10, I=40, R=50, Q=10)
    assert (row["better"], row["worse"]) == approx((0.5, -0.3))
    nothing = summary(R=5, Q=5)
    assert np.isnan(nothing["better"]) and np.isnan(nothing["worse"]) and nothing["category"] == "R"
    table = dv.kano_coefficients(pd.DataFrame({"A": [30], "O": [20], "M": [10], "I": [40], "R": [900]}, index=["x"]))
    assert table.loc["x", ["better", "worse"]].tolist() == approx([0.5, -0.3])
    assert table.loc["x", "better_low"] == approx(0.4038, abs=5e-4)            # Wilson of 50 in 100
    # Wilson of 30 in 100 (often printed as 0.219 to 0.396), with the sign of worse
    assert table.loc["x", ["worse_low", "worse_high"]].tolist() == approx([-0.3958, -0.2189], abs=5e-4)


def test_dumouchels_scores():
    answers = dv.kano_answers(pd.DataFrame({"customer_id": range(5), "kano_x_present": [1, 2, 3, 4, 5],
                                            "kano_x_absent": [1, 2, 3, 4, 5]}), ["x"])
    row = dv.kano_continuous(answers).loc["x"]
    assert (row["present"], row["absent"]) == approx((0.6, 0.6)) and row["n"] == 5
    assert (row["present_error"], row["absent_error"]) == approx((np.sqrt(5.8 / 5),) * 2)   # variance 5.8
    single = [dv.kano_continuous(answers.iloc[[k]]).loc["x", ["present", "absent"]].tolist() for k in range(5)]
    assert single == [[4, -2], [2, -1], [0, 0], [-1, 2], [-2, 4]]
    square = dv.kano_continuous(answers, scores={"present": (1, 0, 0, 0, 0), "absent": (0, 0, 0, 0, 1)}).loc["x"]
    assert (square["present"], square["absent"], square["quadrant"]) == (approx(0.2), approx(0.2), "I")


pairs = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=4, max_size=30)


def survey_of(rows, name="x"):
    return pd.DataFrame(rows, columns=[f"kano_{name}_present", f"kano_{name}_absent"]).assign(
        customer_id=range(len(rows)))


@FEW
@given(pairs, st.randoms(), st.permutations("vwxyz"))
def test_order_names_and_codes_of_answers_do_not_matter(rows, random, letters):
    survey = survey_of(rows)
    table = dv.kano_summary(dv.kano_counts(dv.kano_answers(survey, ["x"])))
    order = list(range(len(rows)))
    random.shuffle(order)
    shuffled = survey.iloc[order]
    coded = survey.assign(**{c: survey[c].map(dict(zip(range(1, 6), letters, strict=True)))
                             for c in ("kano_x_present", "kano_x_absent")})
    renamed = survey_of(rows, "other")
    for again in (dv.kano_answers(shuffled, ["x"]), dv.kano_answers(coded, ["x"], answers=letters),
                  dv.kano_answers(renamed, ["other"]).assign(feature="x")):
        pd.testing.assert_frame_equal(dv.kano_summary(dv.kano_counts(again)), table)


@FEW
@given(pairs)
def test_counts_add_up_and_coefficients_stay_in_their_range(rows):
    answers = dv.kano_answers(survey_of(rows), ["x"])
    counts = dv.kano_counts(answers)
    assert counts.to_numpy().sum() == len(rows)
    row = dv.kano_summary(counts).loc["x"]
    assert np.isnan(row["better"]) or (0 <= row["better"] <= 1 and -1 <= row["worse"] <= 0)
    assert counts.loc["x"].max() == counts.loc["x", row["category"]]
    # Pouliot's table only takes from I and gives to Q
    other = dv.kano_counts(dv.kano_answers(survey_of(rows), ["x"], variant="pouliot"))
    moved = (other - counts).loc["x"]
    assert moved["Q"] == -moved["I"] >= 0 and not moved[["A", "O", "M", "R"]].any()


@pytest.mark.parametrize(("change", "arguments", "message"), [
    ({"kano_x_present": [0, 1, 2]}, {}, r"1 of 3 answers \(x, present\) are not on the scale \(1, 2, 3, 4, 5\), the "
                                         r"first 0"),
    ({"kano_x_absent": [1, None, 2]}, {}, r"1 of 3 answers \(x, absent\) are missing"),
    ({"customer_id": [1, 1, 2]}, {}, "1 row.s. of survey repeat a customer_id"),
    ({}, {"features": ["y"]}, "lacks the column.s. kano_y_present, kano_y_absent"),
])
def test_answers_refuse(change, arguments, message):
    survey = survey_of([(1, 5), (2, 5), (3, 3)]).assign(**change)
    with pytest.raises(DataError, match=message):
        dv.kano_answers(survey, **({"features": ["x"]} | arguments))


def test_texts_empty_surveys_and_shares_are_told_what_to_do():
    with pytest.raises(DataError, match="these are texts, the codes are numbers: convert them"):
        dv.kano_answers(survey_of([("1", "5")]), ["x"])
    with pytest.raises(DataError, match="survey has no respondents"):
        dv.kano_answers(survey_of([(1, 5)]).iloc[:0], ["x"])
    with pytest.raises(ValueError, match="needs counts, not shares"):
        dv.fong_test(0.5, 0.3, 1)


def test_missing_pairs_can_be_dropped():
    survey = survey_of([(1, 5), (2, 5), (3, 3)]).assign(kano_x_absent=[5, None, 3])
    assert dv.kano_answers(survey, ["x"], missing="drop")["category"].tolist() == ["O", "I"]


def test_a_scale_turned_round_is_noticed():
    survey = survey_of([(5, 1)] * 4).join(survey_of([(5, 2)] * 4, "y").drop(columns="customer_id"))
    with pytest.warns(CrmWarning, match="100% of all pairs are reverse or questionable"):
        dv.kano_answers(survey, ["x", "y"])
    assert set(dv.kano_answers(survey, ["x", "y"], answers=(5, 4, 3, 2, 1))["category"]) == {"O", "A"}


@pytest.mark.parametrize(("counts", "arguments", "error", "message"), [
    ({"A": [1]}, {}, DataError, r"feature 'x' has 1 respondent\(s\)"),
    ({"A": [-1], "O": [9]}, {}, DataError, "1 counts of category A are negative"),
    ({"A": [5], "Z": [9]}, {}, DataError, "Z: no category of Kano's"),
    ({"A": [50.5], "O": [49.5]}, {}, ValueError, "name the number of respondents"),
    ({"A": [50.5], "O": [19.5]}, {"respondents": 10}, DataError, "each row must add up to about 1 or 100"),
    ({"A": [5], "O": [9]}, {"ties": "MOA"}, ValueError, "ties must hold each of A, O, M, I, R, Q once"),
    ({"A": [np.nan], "O": [9]}, {}, DataError, "1 of 1 values of category A are missing"),
])
def test_summary_refuses(counts, arguments, error, message):
    with pytest.raises(error, match=message):
        dv.kano_summary(pd.DataFrame(counts, index=["x"]), **arguments)


def test_pairs_need_both_answers():
    with pytest.raises(DataError, match="2 answers to the question with the feature, 1 to the one without"):
        dv.kano_cell([1, 2], [3])
    with pytest.raises(ValueError, match="five different codes"):
        dv.kano_cell(1, 2, answers=(1, 2, 3))


@pytest.mark.parametrize(("leave", "loyal", "annoy", "statement"), [
    (0.3, 0.0, 0.0, 1), (0.0, 0.3, 0.0, 2), (0.3, 0.3, 0.0, 2), (0.0, 0.0, 0.5, 3), (0.0, 0.0, 0.0, 4),
    (0.05, 0.0, 0.0, 1), (0.049, 0.049, 0.29, 4), (0.3, 0.0, 0.9, 1),
])
def test_four_statements(leave, loyal, annoy, statement):
    assert dv.classify_statement(leave_if_absent=leave, loyal_if_present=loyal, annoyance=annoy) == statement
    assert statement in dv.statements().index


def test_statements_go_with_categories_as_argued():
    assert dv.statements()["kano"].str[0].tolist() == ["M", "A", "R", "I"]


def test_statements_refuse_percentages():
    with pytest.raises(ValueError, match="did you mean 0.22"):
        dv.classify_statement(leave_if_absent=22, loyal_if_present=0)
