"""An answer on its way from a student's process to ours: as JSON, never as a pickle.

What arrives is numbers, texts and lists. Whatever else a student gives to ``check`` arrives as the name of its type.
"""

import numpy as np

LONGEST = 100_000   # values in one answer
DEEPEST = 6         # lists in lists
LETTERS = 1_000     # of a text


class TooLarge(ValueError):
    """The answer is no answer to any question of a course."""


def packed(answer) -> object:
    """Return an answer as something that JSON can hold.

    Examples
    --------
    >>> packed({"keep"}), packed(...), packed(print), packed(0.5)
    ({'set': ['keep']}, {'unanswered': True}, {'function': True}, 0.5)
    """
    budget = [LONGEST]
    return _packed(answer, budget, DEEPEST)


def _packed(answer, budget, depth):
    budget[0] -= 1
    if budget[0] < 0 or depth < 0:
        raise TooLarge(f"an answer holds at most {LONGEST:,} values, and lists at most {DEEPEST} deep")
    if hasattr(answer, "tolist") and not isinstance(answer, type):  # numpy and pandas, their scalars too
        if np.size(answer) > LONGEST:
            raise TooLarge(f"an answer holds at most {LONGEST:,} values")
        answer = answer.tolist()
    if answer is ...:
        return {"unanswered": True}
    if isinstance(answer, str):
        return str.__str__(answer)[:LETTERS]
    if answer is None or isinstance(answer, bool | int | float):
        return answer
    if isinstance(answer, set | frozenset):
        return {"set": [_packed(each, budget, depth - 1) for each in answer]}
    if isinstance(answer, list | tuple):
        return [_packed(each, budget, depth - 1) for each in answer]
    if isinstance(answer, dict):
        return {"dict": True}
    if callable(answer):
        return {"function": True}
    try:  # a table, a Decimal: numbers in some other form
        return np.asarray(answer, dtype=float).tolist()
    except Exception:
        return {"other": type(answer).__name__}


def unpacked(value) -> object:
    """Return the answer that `packed` gave, as ``check`` is to see it: plain values, whatever the student wrote.

    Examples
    --------
    >>> unpacked({"set": ["keep"]}), unpacked({"unanswered": True}), type(unpacked({"other": "Figure"})).__name__
    ({'keep'}, Ellipsis, 'Figure')
    """
    if isinstance(value, list):
        return [unpacked(each) for each in value]
    if isinstance(value, str):  # half a character can be said in JSON, but not written into a file
        return value.encode(errors="replace").decode()
    if not isinstance(value, dict):
        return value
    if "set" in value:
        return {each for each in map(unpacked, value["set"]) if isinstance(each, str | int | float)}
    if "unanswered" in value:
        return ...
    if "function" in value:
        return unpacked
    if "dict" in value:
        return {}
    return type(unpacked(str(value.get("other", "object"))[:40]).replace("\0", ""), (), {})()
