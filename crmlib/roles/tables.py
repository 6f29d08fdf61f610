"""Reading the tables of this chapter: what is known about roles, and what is wrong with a table."""

import difflib

import numpy as np
import pandas as pd

from crmlib.checks import check_day, check_fraction
from crmlib.errors import DataError

# Webster & Wind (1972): user, influencer, buyer, decider, gatekeeper; Bonoma added the initiator, Kotler the approver
ROLES = ("initiator", "user", "influencer", "decider", "approver", "buyer", "gatekeeper")

# the three questions of the lectures, and the roles in which a person is part of the answer, the main one first
LECTURE_QUESTIONS = {
    "revenue": ("buyer", "approver"),
    "decides": ("decider", "influencer", "gatekeeper"),
    "benefits": ("user", "initiator"),
}
MAIN_ROLES = tuple(roles[0] for roles in LECTURE_QUESTIONS.values())

# the five categories of the lectures; the last one pays with transfer prices, which are no revenue
CATEGORIES = ("household", "business", "channel", "distributor", "internal")

_OTHER_WORDS = {
    "payer": "buyer", "purchaser": "buyer", "procurement": "buyer", "decision maker": "decider",
    "decision-maker": "decider", "beneficiary": "user", "end user": "user", "sponsor": "approver",
    "consumer": "household", "b2b": "business", "franchise": "distributor", "reseller": "channel",
}


def require_columns(frame, name, needed):
    """Refuse anything but a DataFrame with the columns `needed`, without missing values in them."""
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"{name} must be a pandas DataFrame, not {type(frame).__name__}")
    absent = [column for column in needed if column not in frame.columns]
    if absent:
        has = ", ".join(map(str, frame.columns))
        raise DataError(f"{name} lack the column(s) {', '.join(absent)}; they have {has}")
    missing = frame[list(needed)].isna().sum()
    if missing.any():
        found = ", ".join(f"{count:,} in {column}" for column, count in missing[missing > 0].items())
        raise DataError(f"{name} have missing values ({found}): complete or drop these rows first")


def did_you_mean(values, known, what):
    """Return a sentence on the values that are not known, or None."""
    counts = pd.Series(values, dtype=object).value_counts(sort=False)
    wrong = counts[[value not in known for value in counts.index]]
    if wrong.empty:
        return None
    parts = []
    for value, count in wrong.head(3).items():
        word = str(value).strip().lower()
        close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
        near = _OTHER_WORDS.get(word) if _OTHER_WORDS.get(word) in known else next(iter(close), None)
        parts.append(f"{value!r} in {count:,} row(s)" + (f" (did you mean {near!r}?)" if near else ""))
    more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    return f"{what} not known: {', '.join(parts)}{more}; use {', '.join(known)}"


def _outside(frame, column, low, high):
    """Return a sentence on the numbers outside their range, or None."""
    try:
        values = frame[column].to_numpy(dtype=float)
    except (TypeError, ValueError):
        return f"{column} holds {frame[column].dtype}, not numbers: convert it first"
    wrong = np.flatnonzero(~((values >= low) & (values <= high)))
    if not wrong.size:
        return None
    first = values[wrong[0]]
    hint = f" (did you mean {first / 100:g}?)" if high < abs(first) <= 100 else ""
    return f"{column} is outside {low:g} to {high:g} in {wrong.size:,} of {len(values):,} rows, first {first:g}{hint}"


def checked_contacts(contacts):
    """Return the contacts, or every problem found in them."""
    require_columns(contacts, "contacts", ["customer_id", "contact_id", "role", "influence", "stance"])
    problems = [
        did_you_mean(contacts["role"], ROLES, "role(s)"),
        _outside(contacts, "influence", 0, 1),
        _outside(contacts, "stance", -1, 1),
    ]
    person = ["customer_id", "contact_id"]
    twice = int(contacts.duplicated([*person, "role"]).sum())
    if twice:
        problems.append(f"{twice:,} row(s) name the same person in the same role again: drop the duplicates")
    opinions = contacts.groupby(person)["stance"].nunique()
    if (opinions > 1).any():
        first = opinions.index[opinions > 1][0]
        problems.append(
            f"{int((opinions > 1).sum()):,} people have several stances (first: contact {first[1]} of customer "
            f"{first[0]}): stance belongs to a person, not to a role; decide on one value each"
        )
    if problems := [problem for problem in problems if problem]:
        raise DataError("contacts: " + "; ".join(problems))
    return contacts


def with_dates(frame, name, columns):
    """Return a copy with `columns` as timestamps, or say which is none."""
    frame = frame.copy()
    for column in columns:
        if column not in frame.columns:
            raise DataError(f"{name} lack the column {column}: a date is needed there")
        try:
            text = not pd.api.types.is_datetime64_any_dtype(frame[column])
            frame[column] = pd.to_datetime(frame[column], format="ISO8601" if text else None)
        except (ValueError, TypeError) as error:
            raise DataError(f"{column} of {name} holds no dates ({error}): write them as YYYY-MM-DD") from None
    return frame


def there_on(contacts, as_of):
    """Return the contacts who are at their firm on the day `as_of`."""
    if as_of is None:
        left = int(contacts["left_on"].notna().sum()) if "left_on" in contacts.columns else 0
        if left:
            raise ValueError(f"as_of is required: {left:,} of {len(contacts):,} rows are of people who have left; on "
                             "which day do you want to know who is there?")
        return contacts
    day = pd.Timestamp(check_day("as_of", as_of))
    contacts = with_dates(contacts, "contacts", [c for c in ("since", "left_on") if c in contacts.columns])
    there = pd.Series(True, index=contacts.index)
    if "since" in contacts.columns:
        there &= ~(contacts["since"] > day)
    if "left_on" in contacts.columns:
        there &= ~(contacts["left_on"] <= day)
    return contacts[there]


def check_level(level):
    """Return the level of an interval as float, strictly between 0 and 1."""
    level = check_fraction("level", level)
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level:g}: 0.95 is a usual choice")
    return level
