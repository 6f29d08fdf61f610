"""Roles and people: who is known in an account, who is missing, whom to see."""

import numpy as np
import pandas as pd

from crmlib.checks import shown
from crmlib.errors import DataError
from crmlib.roles.tables import (
    LECTURE_QUESTIONS,
    MAIN_ROLES,
    ROLES,
    check_same_ids,
    checked_contacts,
    did_you_mean,
)


def role_table(contacts, account=None, *, as_of=None) -> pd.DataFrame:
    """Return who provides the revenue, who decides and who benefits: one row per person.

    A person in several roles is one row. The seven roles are those of Webster & Wind (1972) with Bonoma's initiator
    and Kotler's approver; which role answers which question is in `LECTURE_QUESTIONS`.

    Parameters
    ----------
    contacts : pandas.DataFrame
        One row per person and role: ``customer_id, contact_id, role, influence`` (0 to 1, of this person in this
        role), ``stance`` (-1 against us to 1 for us; missing: not judged); ``name, title, since, left_on`` where
        there are.
    account : optional
        One customer id. Without it, all of them.
    as_of : date or str, optional
        Who is there on this day (``since`` up to it, ``left_on`` after it). Required if somebody has left. A missing
        ``since`` counts as there from the beginning.

    Returns
    -------
    pandas.DataFrame
        ``customer_id, contact_id``, ``name, title`` where given, the roles in ``revenue, decides, benefits`` as text,
        ``influence`` (the largest of the person's roles), ``stance``; most influential first within an account.
        An account without contacts has no rows.

    Raises
    ------
    DataError
        For roles that are not known, numbers out of range, duplicates: all problems in one message.

    Examples
    --------
    >>> contacts = pd.DataFrame({"customer_id": 1, "contact_id": [7, 7, 8], "role": ["buyer", "decider", "user"],
    ...                          "influence": [0.3, 0.8, 0.2], "stance": [0.5, 0.5, -0.1]})
    >>> role_table(contacts, 1)[["contact_id", "revenue", "decides", "benefits", "influence"]]
       contact_id revenue  decides benefits  influence
    0           7   buyer  decider                 0.8
    1           8                      user        0.2
    """
    contacts = checked_contacts(contacts, as_of)
    if account is not None:
        check_same_ids(contacts["customer_id"], "contacts", [account], "account", match=False)
        contacts = contacts[contacts["customer_id"] == account]
    people = _people(contacts)
    for question, roles in LECTURE_QUESTIONS.items():
        people[question] = _joined(people[list(roles)])
    people = people.sort_values(["customer_id", "influence", "contact_id"], ascending=[True, False, True])
    front = [name for name in ("customer_id", "contact_id", "name", "title") if name in people.columns]
    return people[[*front, *LECTURE_QUESTIONS, "influence", "stance"]].reset_index(drop=True)


def role_coverage(contacts, accounts=None, *, required=MAIN_ROLES, as_of=None) -> pd.DataFrame:
    """Return how well each account is known: people, roles filled and missing, weighted stance.

    ``coverage = required roles that are filled / required roles``;
    ``stance = Σ influence·stance / Σ influence`` over **people** whose stance is known, each with the largest
    influence of their roles.

    Parameters
    ----------
    contacts : pandas.DataFrame
        As in `role_table`.
    accounts : array-like, optional
        The customer ids to report on. Those without any contact get coverage 0, so hand in your list of accounts:
        a table of contacts cannot know whom it lacks. Without it, the accounts of the contacts.
    required : sequence of str
        The roles somebody should be known in; the default is the main role of each of the three questions.
    as_of : date or str, optional
        As in `role_table`.

    Returns
    -------
    pandas.DataFrame
        ``customer_id, people, roles`` (how many of the seven are filled), ``coverage`` (0 to 1), ``missing`` (the
        required roles nobody fills, as text), ``single_threaded`` (exactly one person is known), ``stance`` (NaN if
        no stance is known or all influences are 0). In the order of `accounts`.

    Raises
    ------
    DataError
        As in `role_table`, or if an account is asked for twice.
    ValueError
        If a required role is not known.

    Examples
    --------
    >>> contacts = pd.DataFrame({"customer_id": 1, "contact_id": [7, 7, 8], "role": ["buyer", "decider", "user"],
    ...                          "influence": [0.2, 0.6, 0.2], "stance": [0.5, 0.5, -0.1]})
    >>> role_coverage(contacts, [1, 2]).drop(columns="single_threaded")
       customer_id  people  roles  coverage               missing  stance
    0            1       2      3       1.0                          0.35
    1            2       0      0       0.0  buyer, decider, user     NaN
    """
    required = _required(required)
    everybody, contacts = contacts, checked_contacts(contacts, as_of)
    index = _accounts(accounts, contacts)
    check_same_ids(index, "accounts", everybody["customer_id"], "contacts", match=len(index) > 1)
    people = _people(contacts[contacts["customer_id"].isin(index)])
    people["influence"] = people["influence"].where(people["stance"].notna(), 0.0)  # what is not known has no weight
    people["weighted"] = people["influence"] * people["stance"].fillna(0.0)
    by_account = people.groupby("customer_id")
    sums = by_account[["influence", "weighted"]].sum().reindex(index)
    filled = by_account[list(ROLES)].any().reindex(index, fill_value=False).astype(bool)
    count = by_account.size().reindex(index, fill_value=0).astype("int64")
    needed = filled[list(required)]
    return pd.DataFrame({
        "people": count,
        "roles": filled.sum(axis=1).astype("int64"),
        "coverage": needed.sum(axis=1) / len(required),
        "missing": _joined(~needed),
        "single_threaded": count == 1,
        "stance": sums["weighted"] / sums["influence"].where(sums["influence"] > 0),
    }, index=index).reset_index()


def whom_to_see(contacts, accounts, *, required=MAIN_ROLES, as_of=None) -> pd.DataFrame:
    """Return, per account, the person to visit and the roles to ask them about.

    The person is the one with the most influence that is not on our side yet: the largest
    ``influence · (1 - stance) / 2``, a stance nobody has judged counting as 0; ties go to the greater influence, then
    to the smaller id. This rule is the kit's own, not a published one. Where one person is known, it is that person.

    Parameters
    ----------
    contacts, accounts, required, as_of
        As in `role_coverage`.

    Returns
    -------
    pandas.DataFrame
        In the order of `accounts`: ``customer_id, contact_id`` (missing if nobody is known), ``name, title`` where
        given, ``roles`` (of that person), ``influence, stance``, ``ask_for`` (required roles nobody fills).

    Raises
    ------
    DataError, ValueError
        As in `role_coverage`.

    Examples
    --------
    >>> contacts = pd.DataFrame({"customer_id": 1, "contact_id": [7, 8], "role": ["buyer", "decider"],
    ...                          "influence": [0.3, 0.9], "stance": [-0.2, 0.1]})
    >>> whom_to_see(contacts, [1])[["contact_id", "roles", "ask_for"]]
       contact_id    roles ask_for
    0           8  decider    user
    """
    coverage = role_coverage(contacts, accounts, required=required, as_of=as_of).set_index("customer_id")
    people = _people(checked_contacts(contacts, as_of))
    people["roles"] = _joined(people[list(ROLES)])
    people["to_win"] = people["influence"] * (1 - people["stance"].fillna(0.0)) / 2
    people = people.sort_values(["to_win", "influence", "contact_id"], ascending=[False, False, True])
    first = people.drop_duplicates("customer_id").set_index("customer_id").reindex(coverage.index)
    if pd.api.types.is_numeric_dtype(first["contact_id"]):  # whole numbers, also where one is missing
        first["contact_id"] = first["contact_id"].astype("Int64")
    front = [name for name in ("contact_id", "name", "title") if name in first.columns]
    seen = first[[*front, "roles", "influence", "stance"]].assign(ask_for=coverage["missing"])
    return seen.reset_index()


def _accounts(accounts, contacts):
    """Return the account ids asked for, in order, each once; all of the contacts' without a list."""
    if accounts is None:
        return pd.Index(np.sort(contacts["customer_id"].unique()), name="customer_id")
    index = pd.Index(accounts, name="customer_id")
    if not index.is_unique:
        twice = index[index.duplicated()]
        raise DataError(f"{len(twice):,} account(s) are asked for twice, first {shown(twice[0])}")
    return index


def _required(required):
    required = (required,) if isinstance(required, str) else tuple(required)
    if not required or len(set(required)) < len(required):
        raise ValueError(f"required must name at least one role, each once, not {required!r}")
    if problem := did_you_mean(required, ROLES, "required role(s)"):
        raise ValueError(problem)
    return required


def _joined(flags):
    """Join the column names of a True/False table, row by row: ``"buyer, user"``."""
    words = np.full(len(flags), "", dtype=object)
    for column in flags.columns:
        yes = flags[column].to_numpy(dtype=bool)
        words = np.where(yes, np.where(words == "", column, words + (", " + column)), words)
    return pd.Series(words, index=flags.index, dtype=object)


def _roles_wide(rows, index_names):
    """Return a True/False table: rows as `index_names`, a column per role in the order of ROLES."""
    wide = rows.assign(there=True).pivot_table(index=index_names, columns="role", values="there", aggfunc="any",
                                               fill_value=False, observed=True)
    return wide.reindex(columns=list(ROLES), fill_value=False).astype(bool)


def _people(contacts):
    """One row per person: the roles, the largest influence in any of them, the stance."""
    person = ["customer_id", "contact_id"]
    keep = {name: (name, "first") for name in ("name", "title") if name in contacts.columns}
    contacts = contacts.assign(stance=contacts["stance"].astype(float))
    people = contacts.groupby(person, sort=True).agg(
        **keep, influence=("influence", "max"), stance=("stance", "first"))
    if people.empty:
        return people.reset_index().assign(**{role: pd.Series(dtype=bool) for role in ROLES})
    return people.join(_roles_wide(contacts, person)).reset_index()
