"""Reading the tables of this chapter: what is known about roles, and what is wrong with a table."""

import difflib
import re

import numpy as np
import pandas as pd

from crmlib.checks import check_day, shown
from crmlib.errors import DataError
from crmlib.rows import need_columns

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
    "发起者": "initiator", "使用者": "user", "用户": "user", "最终用户": "user", "影响者": "influencer",
    "决策者": "decider", "批准者": "approver", "购买者": "buyer", "采购": "buyer",
    "把关者": "gatekeeper", "守门人": "gatekeeper",
    "消费者": "household", "家庭": "household", "个人": "household", "企业": "business", "渠道": "channel",
    "经销商": "distributor", "分销商": "distributor", "特许经营": "distributor", "内部": "internal",
    "内部顾客": "internal",
}


def require_columns(frame, name, needed):
    """Refuse anything but a DataFrame with the columns `needed`, without missing values in them."""
    need_columns(name, frame, needed)
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
        if {part.strip() for part in re.split(r"[,;/、，]", word)} <= set(known) and word not in known:
            parts.append(f"{value!r} in {count:,} row(s) (several in one cell: one row each, with .str.split and "
                         ".explode)")
            continue
        near = _OTHER_WORDS.get(word) if _OTHER_WORDS.get(word) in known else next(iter(close), None)
        parts.append(f"{value!r} in {count:,} row(s)" + (f" (did you mean {near!r}?)" if near else ""))
    more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    return f"{what} not known: {', '.join(parts)}{more}; use {', '.join(known)}"


def _kind(ids):
    """Return whether ids are numbers, text or something else, in words; None if there are none."""
    ids = pd.Series(ids)
    if ids.empty:
        return None
    if isinstance(ids.dtype, pd.CategoricalDtype):
        return _kind(ids.cat.categories)
    if pd.api.types.is_numeric_dtype(ids):
        return "numbers"
    kind = pd.api.types.infer_dtype(ids, skipna=True)
    return {"string": "text", "integer": "numbers", "floating": "numbers", "mixed-integer-float": "numbers",
            "mixed-integer": "numbers and text mixed"}.get(kind, kind)


def check_same_ids(ids, where, others, where_other, *, match=True):
    """Refuse ids that are missing, of two types, or (with `match`) of which no one is in the other table."""
    ids, others = pd.Series(ids), pd.Series(others)
    for each, place in ((ids, where), (others, where_other)):
        if missing := int(each.isna().sum()):
            raise DataError(f"{missing:,} of {len(each):,} ids in {place} are missing: complete or drop these rows "
                            "first")
        if (_kind(each) or "").endswith("mixed"):
            raise DataError(f"the ids in {place} are {_kind(each)}: convert them to one type first")
    kinds = _kind(ids), _kind(others)
    if None in kinds:
        return
    if kinds[0] != kinds[1]:
        raise DataError(f"the ids in {where} are {kinds[0]} (first {shown(ids.iloc[0])}), in {where_other} {kinds[1]} "
                        f"(first {shown(others.iloc[0])}), so none of them match: convert one with .astype")
    if match and not ids.isin(others).any():
        raise DataError(f"no id in {where} is in {where_other} (first {shown(ids.iloc[0])} and "
                        f"{shown(others.iloc[0])}): are they numbered in the same way?")


def outside(frame, column, low, high):
    """Return a sentence on the numbers outside their range, or None; missing ones are left to the caller."""
    try:
        values = frame[column].to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        return f"{column} holds {frame[column].dtype}, not numbers: convert it first"
    wrong = np.flatnonzero(~((values >= low) & (values <= high)) & ~np.isnan(values))
    if not wrong.size:
        return None
    first = values[wrong[0]]
    hint = ""
    if high < abs(first) <= 10:
        hint = f" (points of a scale? bring them to {low:g} to {high:g} first)"
    elif abs(first) <= 100:
        hint = f" (did you mean {first / 100:g}?)" if abs(first) > 10 else ""
    return f"{column} is outside {low:g} to {high:g} in {wrong.size:,} of {len(values):,} rows, first {first:g}{hint}"


def checked_contacts(contacts, as_of=None):
    """Return the contacts who are there on the day `as_of`, or every problem found in them.

    Roles and numbers have to be right in every row; what concerns a person is asked of those who are there. A stance
    may be missing: nobody has judged it yet.
    """
    require_columns(contacts, "contacts", ["customer_id", "contact_id", "role", "influence"])
    need_columns("contacts", contacts, ["stance"])
    for column in ("customer_id", "contact_id"):
        check_same_ids(contacts[column], f"{column} of contacts", [], "")
    problems = [
        did_you_mean(contacts["role"], ROLES, "role(s)"),
        outside(contacts, "influence", 0, 1),
        outside(contacts, "stance", -1, 1),
    ]
    there = there_on(contacts, as_of)
    person = ["customer_id", "contact_id"]
    twice = int(there.duplicated([*person, "role"]).sum())
    if twice:
        problems.append(f"{twice:,} row(s) name the same person in the same role again: drop the duplicates")
    opinions = there.groupby(person)["stance"].nunique()
    if (opinions > 1).any():
        first = opinions.index[opinions > 1][0]
        problems.append(
            f"{int((opinions > 1).sum()):,} people have several stances (first: contact {shown(first[1])} of customer "
            f"{shown(first[0])}): stance belongs to a person, not to a role; decide on one value each"
        )
    if "name" in there.columns:
        people = there.dropna(subset=["name"]).drop_duplicates(person)
        again = people[people.duplicated(["customer_id", "name"], keep=False)]
        if len(again):
            first = again.iloc[0]
            problems.append(
                f"{again.groupby(['customer_id', 'name']).ngroups:,} name(s) have several contact ids at one account, "
                f"first {first['name']!r} of customer {shown(first['customer_id'])}: one person or two? Give one "
                "person one contact_id, and two people two names"
            )
    if problems := [problem for problem in problems if problem]:
        raise DataError("contacts: " + "; ".join(problems))
    return there


def with_dates(frame, name, columns):
    """Return a copy with `columns` as timestamps, or say which is none."""
    frame = frame.copy()
    for column in columns:
        if column not in frame.columns:
            raise DataError(f"{name} lack the column {column}: a date is needed there")
        try:
            text = not pd.api.types.is_datetime64_any_dtype(frame[column])
            frame[column] = pd.to_datetime(frame[column], format="ISO8601" if text else None)
            if frame[column].dt.tz is not None:
                raise ValueError(f"they are in the time zone {frame[column].dt.tz}; .dt.tz_localize(None) leaves it "
                                 "out")
        except (ValueError, TypeError) as error:
            raise DataError(f"{column} of {name} holds no dates ({error}): write them as YYYY-MM-DD") from None
    return frame


def days_by_id(days, name):
    """Return a Series of days by customer id with timestamps, or say what is wrong with it."""
    days = pd.Series(days, dtype=None if len(days) else "datetime64[ns]")
    if twice := int(days.index.duplicated().sum()):
        raise DataError(f"{name} has {twice:,} customer id(s) again, first "
                        f"{shown(days.index[days.index.duplicated()][0])}: one day per customer is needed")
    if pd.api.types.is_numeric_dtype(days) and days.notna().any():
        raise DataError(f"{name} holds numbers, not dates: write them as YYYY-MM-DD")
    return with_dates(days.to_frame("day"), name, ["day"])["day"]


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
