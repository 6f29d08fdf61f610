"""Feedback on a reader's answer: a hint by kind of mistake, never the answer, never a traceback."""

import html
from dataclasses import dataclass

from crmlib.teaching import answers, questions

_STATE = {
    True: ("Correct", "✓", "#2e8b57"),
    False: ("Not yet", "✗", "#d2691e"),
    None: ("No verdict", "…", "#888888"),
}


@dataclass(frozen=True, repr=False)
class Feedback:
    """What `check` has to say: `correct` is True, False, or None where there is nothing to judge."""

    correct: bool | None
    message: str

    def __repr__(self):
        return f"{_STATE[self.correct][0]}: {self.message}"

    def _repr_html_(self):
        # no background and no text colour: both come from the page, light or dark. The verdict is a
        # word, so that neither the sign nor the colour of the border has to be seen.
        word, sign, colour = _STATE[self.correct]
        return (
            f'<div role="status" style="border-left: 0.4em solid {colour}; padding: 0.3em 0.8em">'
            f'<span aria-hidden="true">{sign} </span><strong>{word}:</strong> '
            f"{html.escape(self.message)}</div>"
        )


def check(question_id: str, answer, *, strict: bool = False, **context) -> Feedback:
    """Compare an answer with what the question's own computation gives.

    Whatever the answer is, a reader gets a sentence and no traceback.

    Parameters
    ----------
    question_id : str
        Chapter and question, such as ``"06.2"``.
    answer : object
        A number, text, list, set, array or Series. ``...`` means: not answered yet.
    strict : bool
        Raise instead of returning anything but "correct"; for tests.
    **context
        Handed to the question, for instance the reader's own data.

    Returns
    -------
    Feedback

    Raises
    ------
    AssertionError
        Only with ``strict=True``.

    Examples
    --------
    >>> check("no such question", 1)
    No verdict: there is no question 'no such question'; question ids look like "06.2"
    """
    try:
        feedback = _judge(question_id, answer, context)
    except answers.Unusable as problem:
        feedback = Feedback(False, str(problem))
    except Exception as error:  # a fault here must not become the student's traceback
        reason = f"{type(error).__name__}: {_text(error)}"
        feedback = Feedback(None, f"this answer could not be checked ({reason})")
    if strict and feedback.correct is not True:
        raise AssertionError(f"check({question_id!r}): {feedback!r}")
    return feedback


def _judge(question_id, answer, context):
    known = questions.load(question_id[:2]) if isinstance(question_id, str) else {}
    if question_id not in known:
        ids = 'question ids look like "06.2"'
        if known:
            ids = f"chapter {question_id[:2]} has {', '.join(known)}"
        return Feedback(None, f"there is no question {_text(question_id, repr)}; {ids}")
    question = known[question_id]
    if answer is None:
        return Feedback(None, "not answered yet: the answer is None (does a function lack its `return`?)")
    if _unanswered(answer):
        return Feedback(None, "not answered yet: put your answer in the place of `...`")
    expected = question.expected(**context)
    kind = answers.kind_of(expected)
    given, right = kind.reduce(answer, question), kind.reduce(expected, question)
    if kind.same(given, right, question.tolerance):
        return Feedback(True, f"question {question_id}.")
    for mistake in question.mistakes:
        if kind.same(given, kind.reduce(mistake.value(**context), question), question.tolerance):
            return Feedback(False, mistake.hint)
    return Feedback(False, kind.hint(given, right, question))


def _unanswered(answer):
    return answer is ... or (isinstance(answer, list | tuple | set) and any(a is ... for a in answer))


def _text(thing, show=str):
    try:
        return show(thing)
    except Exception:
        return type(thing).__name__
