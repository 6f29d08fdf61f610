"""Feedback on answers: every question of the course, and every kind of answer."""

import dataclasses
import inspect
import re
from decimal import Decimal
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest

from crmlib.data import load_case
from crmlib.teaching import questions
from crmlib.teaching.check import Feedback, check
from crmlib.teaching.questions import Mistake, Question

KINDS = {
    "99.1": Question(
        prompt="What share of customers stays?",
        expected=lambda rate=0.8125: rate,
        tolerance=0.0005,
        unit="fraction of the customers",
        mistakes=(Mistake(lambda rate=0.8125: 1 - rate, "That is who leaves."),),
    ),
    "99.2": Question(prompt="Which basis?", expected=lambda: "margin", choices=("revenue", "margin")),
    "99.3": Question(prompt="Which inputs?", expected=lambda: {"recency", "T"}),
    "99.4": Question(prompt="Three values?", expected=lambda: pd.Series([0.1, 0.25, 0.5]), tolerance=0.001),
    "99.5": Question(prompt="Which order?", expected=lambda: ["keep", "acquire", "win back"]),
    "99.6": Question(prompt="Is it true?", expected=lambda: False),
    "99.7": Question(prompt="Broken", expected=lambda: 1 / 0),
    "99.8": Question(prompt="How much?", expected=lambda: np.float64(120000.0), unit="yuan"),
}


@pytest.fixture(autouse=True)
def chapter_99(monkeypatch):
    """One question of each kind, in a chapter of its own."""
    load = questions.load
    monkeypatch.setattr(questions, "load", lambda chapter: KINDS if chapter == "99" else load(chapter))


def every_question():
    """Every question of the course, for the tests that hold for all."""
    found = {i: q for chapter in questions.chapters() for i, q in questions.load(chapter).items()}
    found |= {i: q for i, q in KINDS.items() if i != "99.7"}
    return [pytest.param(i, q, id=i) for i, q in found.items()]


@lru_cache
def company(seed=None):
    return load_case(seed=seed)


def asks_for_a_company(question):
    """Whether a question is about the case, so that its answer is another one for every company."""
    return bool({"case", "_"} & set(inspect.signature(question.expected).parameters))


@lru_cache
def computed(question_id):
    """A question of the course with its values computed once, on the case where it asks for one."""
    question = dict(p.values for p in every_question())[question_id]
    given = {"case": company()} if asks_for_a_company(question) else {}
    values = [each(**given) for each in (question.expected, *(m.value for m in question.mistakes))]
    expected, *wrong = [lambda value=value: value for value in values]
    mistakes = tuple(Mistake(value, m.hint) for value, m in zip(wrong, question.mistakes, strict=True))
    return dataclasses.replace(question, expected=expected, mistakes=mistakes)


@pytest.fixture
def question(question_id, monkeypatch):
    """The question with values computed once; `check` is given the same one."""
    ready = computed(question_id)
    load = questions.load
    monkeypatch.setattr(questions, "load", lambda chapter: load(chapter) | {question_id: ready})
    return ready


# ---------------------------------------------------------------- what holds for every question


@pytest.mark.parametrize("question_id", [p.values[0] for p in every_question()])
def test_the_expected_value_is_accepted(question_id, question):
    assert check(question_id, question.expected(), strict=True).correct
    assert re.fullmatch(r"\d\d\.\d+", question_id) and question.prompt and question.tolerance >= 0


@pytest.mark.parametrize("question_id", [p.values[0] for p in every_question()])
def test_every_mistake_gets_its_own_hint(question_id, question):
    for mistake in question.mistakes:
        feedback = check(question_id, mistake.value())
        assert (feedback.correct, feedback.message) == (False, mistake.hint)


@pytest.mark.parametrize("question_id", [p.values[0] for p in every_question()])
def test_mistakes_are_further_from_the_answer_than_twice_the_tolerance(question_id, question):
    expected = question.expected()
    for mistake in question.mistakes:
        if isinstance(expected, int | float | np.number) and not isinstance(expected, bool):
            assert abs(mistake.value() - expected) > 2 * question.tolerance


@pytest.mark.parametrize("question_id", [p.values[0] for p in every_question()])
def test_no_hint_holds_the_answer(question_id, question):
    expected = question.expected()
    for hint in [m.hint for m in question.mistakes]:
        if isinstance(expected, str):
            assert len(expected) < 4 or expected.lower() not in hint.lower()
        elif np.ndim(expected) == 0 and isinstance(expected, int | float | np.number):
            numbers = [float(n.replace(",", "")) for n in re.findall(r"\d[\d,]*(?:\.\d+)?", hint)]
            for value in (expected, 100 * expected):
                assert not any(abs(n - value) <= max(question.tolerance, 1e-9) for n in numbers), hint


@pytest.mark.parametrize("question_id", [p.values[0] for p in every_question()])
def test_unanswered_is_said_and_is_no_failure(question_id, question):
    for answer in (..., None, [..., 1]):
        feedback = check(question_id, answer)
        assert feedback.correct is None and "not answered yet" in feedback.message


def remembering(question):
    """The same question, each of its values computed once for a company: `check` asks for all of them every time."""
    mistakes = tuple(dataclasses.replace(mistake, value=remembered(mistake.value)) for mistake in question.mistakes)
    return dataclasses.replace(question, expected=remembered(question.expected), mistakes=mistakes)


def remembered(value):
    known = {}

    def once(**context):
        key = tuple(map(id, context.values()))
        if key not in known:
            known[key] = value(**context)
        return known[key]

    once.__signature__ = inspect.signature(value)
    return once


@pytest.mark.parametrize("chapter", questions.chapters())
def test_questions_and_their_mistakes_hold_for_another_company(chapter, monkeypatch):
    other = {"case": company(20261234)}
    asked = {name: remembering(question) for name, question in questions.load(chapter).items()}
    monkeypatch.setattr(questions, "load", lambda _: asked)
    for name, question in asked.items():
        if asks_for_a_company(question):
            assert check(name, question.expected(**other), **other, strict=True).correct, name
            for mistake in question.mistakes:
                feedback = check(name, mistake.value(**other), **other)
                assert (feedback.correct, feedback.message) == (False, mistake.hint), name


def test_question_ids_belong_to_their_chapter():
    for chapter in questions.chapters():
        assert all(question_id[:3] == f"{chapter}." for question_id in questions.load(chapter))


# ---------------------------------------------------------------------------- kinds of answers


@pytest.mark.parametrize("answer", [
    0.8125, 0.8128, np.float32(0.8125), np.array(0.8125), np.array([0.8125]), [0.8125], (0.8125,),
    Decimal("0.8125"), pd.Series([0.8125], index=["x"]), pd.DataFrame({"a": [0.8125]}),
])
def test_one_number_however_it_is_wrapped(answer):
    assert check("99.1", answer).correct is True


@pytest.mark.parametrize(("answer", "words"), [
    (81.25, "100 times too large: a percentage"),
    (0.008125, "100 times too small: a fraction"),
    (-0.8125, "sign"),
    (812.5, "1,000 times too large"),
    (0.0008125, "1,000 times too small"),
    (0.81, "rounded too far"),
    (0.1875, "That is who leaves."),
    (0.7, "fraction of the customers"),
    (float("nan"), "missing or infinite"),
    (np.inf, "missing or infinite"),
    ("0.8125", "text"),
    (True, "bool"),
    ([0.8, 0.9], "the answer is one number; this has 2"),
    ([], "the answer is one number; this has 0"),
    (np.ones((2, 3)), "this has 6"),
    (pd.DataFrame({"a": ["x"]}), "this DataFrame is not"),
    ({"a": 1}, "dict"),
    (lambda: 0.8125, "function: call it"),
    (1 + 2j, "complex"),
    (pd.NaT, "not"),
])
def test_hints_by_kind_of_mistake(answer, words):
    feedback = check("99.1", answer)
    assert feedback.correct is False
    assert words in feedback.message
    assert "0.8125" not in feedback.message


def test_money_thousands_and_unit():
    assert "1,000 times too small" in check("99.8", 120).message
    assert "in yuan" in check("99.8", 7).message
    assert "in yuan" in check("99.8", 120000.4).message


def test_choices():
    assert check("99.2", " Margin ").correct
    assert check("99.2", np.str_("margin")).correct
    assert "not among the choices: one of 'revenue', 'margin'" in check("99.2", "profit").message
    assert "think again" in check("99.2", "revenue").message
    assert "one of 'revenue'" in check("99.2", object()).message
    assert check("99.6", False).correct and check("99.6", np.False_).correct and check("99.6", "no").correct
    assert check("99.6", True).correct is False


def test_sets_take_any_order_and_any_container():
    for answer in ({"T", "recency"}, ["recency", "T"], ("t", "RECENCY"), pd.Index(["T", "recency"])):
        assert check("99.3", answer).correct, answer
    assert check("99.3", {"T", "frequency"}).message == "1 of these belong to it, 1 do not, 1 are missing"
    assert "a set" in check("99.3", "T").message


def test_numbers_in_order():
    right = [0.1, 0.25, 0.5]
    for answer in (right, (0.1, 0.25, 0.5004), np.array([right]), pd.Series(right)):
        assert check("99.4", answer).correct
    assert "1 of 3 values are off" in check("99.4", [0.1, 0.2, 0.5]).message
    assert "3 numbers in order; this has 2" in check("99.4", [0.1, 0.25]).message
    assert "percentage" in check("99.4", [10, 25, 50]).message


def test_words_in_order():
    assert check("99.5", ["keep", "acquire", "win  back"]).correct
    assert "another order" in check("99.5", ["acquire", "keep", "win back"]).message
    assert "2 of 3 are in the right place" in check("99.5", ["keep", "acquire", "lose"]).message
    assert "list of 3" in check("99.5", "keep").message


class Hostile:
    """Raises whatever is asked of it."""

    def __eq__(self, other):
        raise RuntimeError("no")

    __hash__ = None

    def __repr__(self):
        raise RuntimeError("no")

    def __getattr__(self, name):
        raise RuntimeError("no")

    def __array__(self, *args, **kwargs):
        raise RuntimeError("no")

    def __float__(self):
        raise RuntimeError("no")


_endless = []
_endless.append(_endless)


_ANSWERS = [
    ..., None, 0, -1.5, "", "text", b"x", [], {}, set(), (), [None], [[1], [2, 3]], np.array([]), np.array("a"),
    pd.Series([1, 2], index=["a", "b"]), pd.Series(["a", None]), pd.DataFrame({"a": [1, 2]}),
    pd.Timestamp("2020-01-01"), pd.NA, object(), int, Hostile(), [Hostile()], range(3), iter([1]), _endless,
    10**400, {Hostile: 1},
]


@pytest.mark.parametrize("question_id", [*KINDS, "99.0", "12.1", "", "0", None, 6.2, [1]])
def test_no_answer_raises(question_id):
    for answer in _ANSWERS:
        feedback = check(question_id, answer)
        assert isinstance(feedback, Feedback)
        assert repr(feedback) and feedback._repr_html_()


def test_unknown_questions_and_context():
    assert "chapter 99 has 99.1, 99.2" in check("99.77", 1).message
    assert 'question ids look like "06.2"' in check(6.2, 1).message
    assert check("99.1", 0.5, rate=0.5).correct
    assert check("99.1", 0.5, nonsense=1).correct is None
    assert "ZeroDivisionError" in check("99.7", 1).message


def test_strict_raises_for_everything_but_correct():
    check("99.1", 0.8125, strict=True)
    for question_id, answer in (("99.1", 0.7), ("99.1", ...), ("99.77", 1), ("99.7", 1)):
        with pytest.raises(AssertionError, match=question_id):
            check(question_id, answer, strict=True)


def test_feedback_reads_without_colour_and_escapes():
    feedback = Feedback(False, "x < y & z")
    assert repr(feedback) == "Not yet: x < y & z"
    page = feedback._repr_html_()
    assert "x &lt; y &amp; z" in page and 'role="status"' in page and "Not yet" in page
    # text and background colours are the page's own: legible in a dark theme
    assert "background" not in page and not re.search(r"(?<!-)\bcolor:", page)
    with pytest.raises(AttributeError):
        feedback.correct = True
