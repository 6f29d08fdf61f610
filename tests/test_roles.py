"""Roles, single persons, end users, internal customers and the choice of visits: golden numbers and bad input."""

import itertools
import math

import ibis
import numpy as np
import pandas as pd
import pytest

from crmlib import clv, roles
from crmlib.errors import CrmWarning, DataError

approx = pytest.approx

# one firm by hand: Chen signs and pays, Li decides, Wang drinks; Zhao has left
PEOPLE = pd.DataFrame({
    "customer_id": [1, 1, 1, 1, 1, 2],
    "contact_id": [10, 10, 11, 12, 13, 20],
    "name": ["Chen", "Chen", "Li", "Wang", "Zhao", "Sun"],
    "role": ["buyer", "approver", "decider", "user", "gatekeeper", "buyer"],
    "influence": [0.2, 0.4, 0.8, 0.1, 0.3, 0.5],
    "stance": [0.5, 0.5, -0.2, 0.9, 0.0, 0.6],
    "since": pd.to_datetime(["2021-01-01"] * 3 + ["2024-06-01", "2021-01-01", "2022-01-01"]),
    "left_on": pd.to_datetime([None, None, None, None, "2023-03-01", None]),
})
CUSTOMERS = pd.DataFrame({
    "customer_id": [1, 2, 3, 4, 5], "name": ["Xinhua", "Jinli", "Xinhua", "Workshop", "Mrs Liu"],
    "category": ["business", "business", "business", "internal", "household"],
    "acquired_on": pd.to_datetime(["2023-01-01", "2021-05-01", "2021-01-01", "2021-01-01", "2024-01-01"]),
})
ORDERS = pd.DataFrame({
    "customer_id": [1, 1, 3, 2, 4, 5],
    "date": pd.to_datetime(["2023-01-01", "2023-02-01", "2022-06-01", "2022-06-01", "2022-06-01", "2024-01-01"]),
    "amount": [100.10, -0.10, 50.0, 300.0, 77.0, 25.0],
    "margin": [40.0, -0.05, 20.0, 90.0, 0.0, 10.0],
})
LINKS = pd.DataFrame({
    "supplier": ["sales", "warehouse", "warehouse"], "recipient": ["warehouse", "fitters", "fitters"],
    "service": ["order", "picking", "picking"], "requests": [100, 50, 50], "on_time": [90, 40, 40],
})


# ------------------------------------------------------------------------------ roles and people


def test_the_three_questions_name_each_role_once():
    assert sorted(itertools.chain(*roles.LECTURE_QUESTIONS.values())) == sorted(roles.ROLES)
    assert roles.MAIN_ROLES == ("buyer", "decider", "user")


def test_role_table_has_one_row_per_person_and_the_most_influential_first():
    table = roles.role_table(PEOPLE, 1, as_of="2025-01-01")
    assert table["name"].tolist() == ["Li", "Chen", "Wang"]  # Zhao has left
    assert table["revenue"].tolist() == ["", "buyer, approver", ""]
    assert table["decides"].tolist() == ["decider", "", ""]
    assert table["benefits"].tolist() == ["", "", "user"]
    assert table["influence"].tolist() == [0.8, 0.4, 0.1]  # the larger of Chen's two


def test_role_table_shows_who_was_there_on_the_day():
    assert set(roles.role_table(PEOPLE, 1, as_of="2023-02-28")["name"]) == {"Chen", "Li", "Zhao"}
    assert set(roles.role_table(PEOPLE, 1, as_of="2023-03-01")["name"]) == {"Chen", "Li"}  # left on that day
    assert set(roles.role_table(PEOPLE, 1, as_of="2024-06-01")["name"]) == {"Chen", "Li", "Wang"}
    assert set(roles.role_table(PEOPLE, as_of="2025-01-01")["customer_id"]) == {1, 2}


def test_role_table_of_an_account_without_contacts_is_empty():
    table = roles.role_table(PEOPLE, 99, as_of="2025-01-01")
    assert table.empty and {"contact_id", "revenue", "decides", "benefits"} <= set(table.columns)


def test_coverage_counts_people_once_and_weights_their_stance():
    table = roles.role_coverage(PEOPLE, [1, 2, 3], as_of="2025-01-01").set_index("customer_id")
    assert table["people"].tolist() == [3, 1, 0]
    assert table["roles"].tolist() == [4, 1, 0]
    assert table["coverage"].tolist() == approx([1, 1 / 3, 0])
    assert table["missing"].tolist() == ["", "decider, user", "buyer, decider, user"]
    assert table["single_threaded"].tolist() == [False, True, False]
    assert table.loc[1, "stance"] == approx((0.4 * 0.5 - 0.8 * 0.2 + 0.1 * 0.9) / (0.4 + 0.8 + 0.1))
    assert table.loc[2, "stance"] == approx(0.6) and math.isnan(table.loc[3, "stance"])


def test_an_account_without_a_contact_is_covered_to_zero():
    nobody = PEOPLE.iloc[:0]
    row = roles.role_coverage(nobody, [7]).iloc[0]
    assert (row["people"], row["roles"], row["coverage"], row["single_threaded"]) == (0, 0, 0.0, False)
    assert row["missing"] == "buyer, decider, user" and math.isnan(row["stance"])
    assert roles.role_coverage(nobody).empty


def test_one_person_in_all_roles_is_one_person_and_single_threaded():
    one = pd.DataFrame({"customer_id": 1, "contact_id": 5, "role": list(roles.ROLES), "influence": 0.5, "stance": 0.4})
    row = roles.role_coverage(one).iloc[0]
    assert (row["people"], row["roles"], row["coverage"], row["single_threaded"]) == (1, 7, 1.0, True)
    assert row["stance"] == approx(0.4)


def test_without_influence_there_is_no_weighted_stance():
    powerless = PEOPLE.assign(influence=0.0)
    assert roles.role_coverage(powerless, as_of="2025-01-01")["stance"].isna().all()


def test_required_roles_can_be_chosen():
    table = roles.role_coverage(PEOPLE, [1], required=["approver", "initiator"], as_of="2025-01-01")
    assert (table.loc[0, "coverage"], table.loc[0, "missing"]) == (0.5, "initiator")
    with pytest.raises(ValueError, match=r"required role\(s\) not known: 'payer' .*did you mean 'buyer'"):
        roles.role_coverage(PEOPLE, required=["payer"], as_of="2025-01-01")
    with pytest.raises(ValueError, match="at least one role, each once"):
        roles.role_coverage(PEOPLE, required=[], as_of="2025-01-01")


def test_whom_to_see_is_influence_not_won_yet():
    seen = roles.whom_to_see(PEOPLE, [1, 2, 3], as_of="2025-01-01").set_index("customer_id")
    assert seen.loc[1, "name"] == "Li"  # 0.8 · 1.2 / 2 = 0.48 beats Chen's 0.4 · 0.5 / 2
    assert seen["roles"].tolist()[:2] == ["decider", "buyer"]
    assert seen["ask_for"].tolist() == ["", "decider, user", "buyer, decider, user"]
    assert pd.isna(seen.loc[3, "contact_id"]) and seen["contact_id"].dtype == "Int64"
    against = PEOPLE.assign(stance=[0.9, 0.9, 0.9, -0.9, 0.0, 0.6], influence=[0.6, 0.6, 0.7, 0.5, 0.3, 0.5])
    assert roles.whom_to_see(against, [1], as_of="2025-01-01")["name"].tolist() == ["Wang"]  # 0.5 · 1.9 / 2
    tie = PEOPLE.assign(stance=1.0, left_on=pd.NaT)  # nobody to win: influence, then the smaller id
    assert roles.whom_to_see(tie, [1])["contact_id"].tolist() == [11]


@pytest.mark.parametrize(("change", "message"), [
    ({"role": "decision maker"}, r"role\(s\) not known: 'decision maker' in 6 row\(s\) \(did you mean 'decider'\?\)"),
    ({"role": "gate keeper"}, "did you mean 'gatekeeper'"),
    ({"role": "zzz"}, r"'zzz' in 6 row\(s\); use initiator, user"),
    ({"influence": 1.5}, r"influence is outside 0 to 1 in 6 of 6 rows, first 1.5 \(points of a scale\?"),
    ({"influence": -0.1}, "influence is outside 0 to 1 in 6 of 6 rows, first -0.1"),
    ({"influence": "high"}, "influence holds .*not numbers"),
    ({"stance": -1.01}, "stance is outside -1 to 1 in 6 of 6 rows, first -1.01"),
    ({"stance": 40}, r"first 40 \(did you mean 0.4\?\)"),
    ({"stance": [0.1, 0.5, 0, 0, 0, 0]}, r"1 people have several stances \(first: contact 10 of customer 1\)"),
    ({"role": "buyer"}, r"1 row\(s\) name the same person in the same role again"),
    ({"stance": 4}, r"first 4 \(points of a scale\? bring them to -1 to 1 first\)"),
    ({"role": "buyer, decider"}, r"'buyer, decider' in 6 row\(s\) \(several in one cell: one row each, with "),
    ({"role": "决策者"}, r"did you mean 'decider'"),
    ({"name": "Chen"}, r"1 name\(s\) have several contact ids at one account, first 'Chen' of customer 1"),
    ({"customer_id": [1, 1, "1", 1, 1, 2]}, "customer_id of contacts are numbers and text mixed"),
    ({"customer_id": list("111112")}, r"in accounts are numbers \(first 1\), in contacts text \(first '1'\)"),
    ({"contact_id": None}, "missing values \\(6 in contact_id\\)"),
])
def test_bad_contacts(change, message):
    asked = (lambda c, **k: roles.role_coverage(c, [1], **k), lambda c, **k: roles.whom_to_see(c, [1], **k))
    for ask in (*asked, *([] if "in accounts" in message else [roles.role_table])):
        with pytest.raises(DataError, match=message):
            ask(PEOPLE.assign(**change), as_of="2025-01-01")


def test_all_problems_are_told_at_once():
    with pytest.raises(DataError, match="not known.*influence is outside.*stance is outside"):
        roles.role_coverage(PEOPLE.assign(role="boss", influence=2, stance=3), as_of="2025-01-01")


def test_a_stance_nobody_has_judged_is_left_out_of_the_mean_and_shown_as_missing():
    unknown = PEOPLE.assign(stance=[0.5, 0.5, None, 0.9, None, None])
    table = roles.role_coverage(unknown, [1, 2], as_of="2025-01-01").set_index("customer_id")
    assert table["people"].tolist() == [3, 1]
    assert table.loc[1, "stance"] == approx((0.4 * 0.5 + 0.1 * 0.9) / 0.5) and math.isnan(table.loc[2, "stance"])
    seen = roles.whom_to_see(unknown, [1], as_of="2025-01-01").iloc[0]
    assert seen["name"] == "Li" and math.isnan(seen["stance"])  # 0.8 · 1 / 2
    assert roles.role_coverage(PEOPLE.assign(stance=None), as_of="2025-01-01")["people"].sum() == 4


def test_who_came_back_is_no_duplicate():
    back = pd.concat([PEOPLE, PEOPLE.tail(2).head(1).assign(since="2024-01-01", left_on=None)]).astype(
        {"since": "datetime64[ns]", "left_on": "datetime64[ns]"})
    assert "Zhao" in set(roles.role_table(back, 1, as_of="2025-01-01")["name"])


def test_ids_of_another_table_have_to_match():
    with pytest.raises(DataError, match="no id in accounts is in contacts"):
        roles.role_coverage(PEOPLE, [71, 72], as_of="2025-01-01")
    assert roles.role_coverage(PEOPLE, [71], as_of="2025-01-01")["people"].tolist() == [0]
    with pytest.raises(DataError, match=r"in contacts are numbers \(first 1\), in account text \(first '1'\)"):
        roles.role_table(PEOPLE, "1", as_of="2025-01-01")
    with pytest.raises(DataError, match="1 of 2 ids in accounts are missing"):
        roles.role_coverage(PEOPLE, [1, None], as_of="2025-01-01")
    with pytest.raises(DataError, match="in the time zone UTC"):
        roles.role_table(PEOPLE.assign(since=PEOPLE["since"].dt.tz_localize("UTC")), as_of="2025-01-01")


def test_other_mistakes_with_contacts():
    with pytest.raises(DataError, match="lack the column.* stance"):
        roles.role_coverage(PEOPLE.drop(columns="stance"))
    with pytest.raises(TypeError, match="must be a pandas DataFrame, not dict"):
        roles.role_coverage({})
    with pytest.raises(ValueError, match="as_of is required: 1 of 6 rows are of people who have left"):
        roles.role_coverage(PEOPLE)
    with pytest.raises(ValueError, match="'01.07.2025' is not a date"):
        roles.role_coverage(PEOPLE, as_of="01.07.2025")
    with pytest.raises(DataError, match=r"1 account\(s\) are asked for twice, first 1"):
        roles.role_coverage(PEOPLE, [1, 1], as_of="2025-01-01")
    with pytest.raises(DataError, match="since of contacts holds no dates"):
        roles.role_coverage(PEOPLE.assign(since="spring"), as_of="2025-01-01")


# ----------------------------------------------------------------------- what the records say


def test_departure_rate_by_hand():
    days = pd.DataFrame({"customer_id": 1, "contact_id": [1, 1, 2], "since": "2021-01-01",
                         "left_on": ["2023-01-01", "2023-01-01", None]})  # contact 1 has two roles
    found = roles.departure_rate(days, observation_end="2025-01-01")
    years = (730 + 1461) / 365.25
    assert (found["departures"], found["person_years"]) == (1, approx(years))
    assert found["estimate"] == approx(1 - math.exp(-1 / years))
    # the exact 95 % limits of a Poisson count of 1 are 0.0253 and 5.5716
    assert found[["low", "high"]].tolist() == approx([1 - math.exp(-0.02532 / years), 1 - math.exp(-5.57164 / years)],
                                                     rel=1e-4)
    none = roles.departure_rate(days[days["left_on"].isna()], observation_end="2025-01-01")
    assert (none["estimate"], none["low"]) == (0, 0) and none["high"] > 0.5  # 3.689 in 4 years


def test_departure_rate_stops_watching_lost_accounts():
    people = pd.DataFrame({"customer_id": [1, 2, 3], "contact_id": [1, 2, 3],
                           "since": ["2021-01-01", "2021-01-01", "2024-06-01"], "left_on": ["2023-01-01", None, None]})
    found = roles.departure_rate(people, observation_end="2025-01-01", lost_on=pd.Series(
        {1: pd.Timestamp("2022-01-01"), 3: pd.Timestamp("2024-01-01")}))
    assert found["departures"] == 0  # after we had stopped looking
    assert found["person_years"] == approx((365 + 1461) / 365.25)  # the third came after that as well


def test_silent_since_is_the_last_order_of_who_does_not_come_any_more():
    days = pd.DataFrame({"customer_id": [1, 1, 2, 3, 3, 4], "amount": [5, -5, 5, 5, 5, 5.0], "date": pd.to_datetime(
        ["2024-01-01", "2024-12-01", "2024-12-01", "2023-01-01", "2024-11-01", "2024-07-04"])})
    ask = {"observation_end": "2024-12-31"}
    assert roles.silent_since(days, **ask).to_dict() == {1: pd.Timestamp("2024-01-01"), 4: pd.Timestamp("2024-07-04")}
    free = pd.concat([days, days.head(1).assign(date=pd.Timestamp("2024-12-01"), amount=0.0)])
    assert set(roles.silent_since(free, **ask).index) == {4}  # a line of nothing is a sign of life
    assert set(roles.silent_since(days, days=181, **ask).index) == {1}  # a return is no sign of life
    won_back = roles.silent_since(days, lost_by=pd.Series({3: pd.Timestamp("2024-06-01")}), **ask)
    assert won_back[3] == pd.Timestamp("2023-01-01") and won_back.drop(3).equals(roles.silent_since(days, **ask))
    pd.testing.assert_series_equal(roles.silent_since(ibis.memtable(days), **ask), roles.silent_since(days, **ask))
    with pytest.raises(DataError, match=r"1 customer\(s\) have orders after observation_end 2024-11-15"):
        roles.silent_since(days, observation_end="2024-11-15")


def test_silent_since_refuses_orders_that_stop_early_and_days_that_can_be_read_in_two_ways():
    days = pd.DataFrame({"customer_id": [1, 2], "amount": 5.0, "date": pd.to_datetime(["2024-01-01", "2024-03-01"])})
    with pytest.raises(DataError, match="last one of all is of 2024-03-01, 305 days before observation_end"):
        roles.silent_since(days, observation_end="2024-12-31")
    ask = {"observation_end": "2024-04-01", "days": 60}
    for lost_by, message in (({1: "03/04/2024"}, "day of lost_by holds no dates"), ({"1": "2024-02-01"}, "are text"),
                             ({1: 20240201}, "lost_by holds numbers"), ({7: "2024-02-01"}, "no id in lost_by")):
        with pytest.raises(DataError, match=message):
            roles.silent_since(days, lost_by=pd.Series(lost_by), **ask)
    assert roles.silent_since(days, lost_by=pd.Series({2: "2024-02-01"}), **ask).index.tolist() == [1]


def test_who_comes_back_needs_a_new_id():
    stays = pd.DataFrame({"customer_id": 1, "contact_id": 5, "since": ["2021-01-01", "2023-01-01"],
                          "left_on": ["2022-01-01", None]})
    with pytest.raises(DataError, match=r"1 stay\(s\) begin after the person had left, first contact 5 of customer 1"):
        roles.departure_rate(stays, observation_end="2025-01-01")
    found = roles.departure_rate(stays.assign(contact_id=[5, 6]), observation_end="2025-01-01")
    assert found[["departures", "person_years"]].tolist() == approx([1, (365 + 731) / 365.25])
    moved = stays.assign(since=["2021-01-01", "2022-01-01"])  # another role on the same day is no gap
    assert roles.departure_rate(moved, observation_end="2025-01-01")["departures"] == 0


def test_departure_rate_refuses_a_lost_on_that_is_not_one_day_per_customer():
    people = pd.DataFrame({"customer_id": 1, "contact_id": [1, 2], "since": "2021-01-01", "left_on": pd.NaT})
    for lost_on, message in ((pd.Series(["2022-01-01"] * 2, index=[1, 1]), r"lost_on has 1 customer id\(s\) again"),
                             (pd.Series({1: "01/02/2022"}), "holds no dates"), (pd.Series({"1": "2022-01-01"}), "text"),
                             (pd.Series({9: "2022-01-01"}), "no id in lost_on is in contacts")):
        with pytest.raises(DataError, match=message):
            roles.departure_rate(people, observation_end="2025-01-01", lost_on=lost_on)


@pytest.mark.parametrize(("change", "message"), [
    ({"left_on": "2020-01-01"}, "2 people left before they came"),
    ({"since": "2026-01-01"}, "2 dates lie after observation_end 2025-01-01"),
    ({"left_on": "soon"}, "left_on of contacts holds no dates"),
])
def test_departure_rate_refuses_impossible_dates(change, message):
    people = pd.DataFrame({"customer_id": 1, "contact_id": [1, 2], "since": "2021-01-01", "left_on": pd.NaT})
    with pytest.raises(DataError, match=message):
        roles.departure_rate(people.assign(**change), observation_end="2025-01-01")


def _contract_years(with_, exit_with, without, exit_without):
    """Contract years of firms with one contact: how many with a departure and how many of those not renewed …"""
    n = with_ + without
    contacts = pd.DataFrame({"customer_id": range(n), "contact_id": range(n), "since": "2021-01-01",
                             "left_on": ["2021-07-01"] * with_ + [None] * without})
    contracts = pd.DataFrame({
        "customer_id": range(n), "started_on": "2021-01-01", "due_on": "2022-01-01",
        "renewed": [i >= exit_with for i in range(with_)] + [i >= exit_without for i in range(without)]})
    return contacts, contracts


def test_lone_contact_exit_by_hand():
    contacts, contracts = _contract_years(40, 16, 100, 20)
    found = roles.lone_contact_exit(contacts, contracts, observation_end="2025-01-01")
    assert found[["exit_with", "exit_without"]].tolist() == approx([0.4, 0.2])
    assert found["estimate"] == approx(1 - 0.6 / 0.8)
    assert found[["years_with", "years_without"]].tolist() == [40, 100]
    assert found["low"] < found["estimate"] < found["high"]
    assert found["extra"] == approx(0.2) == found["estimate"] * (1 - found["exit_without"])
    # Wilson's limits: 0.2635 to 0.5540 of 16/40, 0.1334 to 0.2888 of 20/100
    low, high = 0.2 - math.hypot(0.4 - 0.2635, 0.2888 - 0.2), 0.2 + math.hypot(0.5540 - 0.4, 0.2 - 0.1334)
    assert found[["extra_low", "extra_high"]].tolist() == approx([low, high], abs=2e-4)
    wide = roles.lone_contact_exit(contacts, contracts, observation_end="2025-01-01", level=0.99)
    assert wide["low"] < found["low"] < found["estimate"] < found["high"] < wide["high"]


def test_lone_contact_exit_leaves_out_years_that_are_not_single_threaded():
    contacts, contracts = _contract_years(40, 16, 100, 20)
    ask = {"observation_end": "2025-01-01"}
    plain = roles.lone_contact_exit(contacts, contracts, **ask)
    second = contacts.head(10).assign(contact_id=range(900, 910), left_on=None)  # a colleague from the beginning
    assert roles.lone_contact_exit(pd.concat([contacts, second]), contracts, **ask)["years_with"] == 30
    before, after = second.assign(since="2021-06-30"), second.assign(since="2021-07-02")
    assert roles.lone_contact_exit(pd.concat([contacts, before]), contracts, **ask)["years_with"] == 30
    assert roles.lone_contact_exit(pd.concat([contacts, after]), contracts, **ask).equals(plain)
    open_ = pd.concat([contracts, contracts.assign(started_on="2024-06-01", due_on="2025-06-01", renewed=None)])
    assert roles.lone_contact_exit(contacts, open_, **ask).equals(plain)


def test_lone_contact_exit_without_a_comparison_is_not_a_number():
    contacts, contracts = _contract_years(0, 0, 10, 2)
    found = roles.lone_contact_exit(contacts, contracts, observation_end="2025-01-01")
    assert math.isnan(found["estimate"]) and math.isnan(found["exit_with"]) and found["exit_without"] == approx(0.2)
    with pytest.raises(DataError, match=r"10 contract year\(s\) end before they begin"):
        roles.lone_contact_exit(contacts, contracts.assign(due_on="2020-01-01"), observation_end="2025-01-01")
    with pytest.raises(DataError, match="lack the column renewed"):
        roles.lone_contact_exit(contacts, contracts.drop(columns="renewed"), observation_end="2025-01-01")


@pytest.mark.parametrize(("change", "message"), [
    ({"renewed": "False"}, r"renewed holds 'False' in 140 row\(s\): use True, False, or missing"),
    ({"renewed": 2}, "renewed holds 2 in 140"),
    ({"due_on": "2025-06-01"}, r"140 contract year\(s\) are due after observation_end 2025-01-01"),
    ({"customer_id": 1}, r"contract year\(s\) are given again"),
    ({"customer_id": "1"}, r"in contracts are text \(first '1'\), in contacts numbers \(first 0\)"),
    ({"customer_id": 999}, "no id in contracts is in contacts"),
])
def test_lone_contact_exit_refuses(change, message):
    contacts, contracts = _contract_years(40, 16, 100, 20)
    with pytest.raises(DataError, match=message):
        roles.lone_contact_exit(contacts, contracts.assign(**change), observation_end="2025-01-01")


def test_lone_contact_exit_does_not_depend_on_the_index_or_on_other_columns():
    contacts, contracts = _contract_years(40, 16, 100, 20)
    plain = roles.lone_contact_exit(contacts, contracts, observation_end="2025-01-01")
    halves = pd.concat([contracts.iloc[::2].reset_index(drop=True), contracts.iloc[1::2].reset_index(drop=True)])
    more = halves.assign(year=2021, since="x", left_on="y", renewed=halves["renewed"].astype(int))
    assert roles.lone_contact_exit(contacts, more, observation_end="2025-01-01").equals(plain)


def test_ratio_limits_are_those_koopman_printed():
    # P. A. R. Koopman (1984), Biometrics 40: 36 of 40 against 16 of 80, 95 % limits of the ratio 4.5
    contacts, contracts = _contract_years(40, 4, 80, 64)
    found = roles.lone_contact_exit(contacts, contracts, observation_end="2025-01-01")
    assert found[["estimate", "low", "high"]].tolist() == approx([1 - 4.5, 1 - 7.15, 1 - 2.94], abs=0.006)


@pytest.mark.parametrize(("n1", "n0"), [(1, 1), (3, 4), (5, 20)])
def test_intervals_hold_their_estimate_and_have_a_width_for_few_contracts(n1, n0):
    for exit1, exit0 in itertools.product(range(n1 + 1), range(n0 + 1)):
        contacts, contracts = _contract_years(n1, exit1, n0, exit0)
        found = roles.lone_contact_exit(contacts, contracts, observation_end="2025-01-01")
        assert found["extra"] == approx(exit1 / n1 - exit0 / n0)
        assert found["extra_low"] < found["extra_high"] and found["extra_low"] <= found["extra"] <= found["extra_high"]
        if exit0 == n0:
            assert found[["estimate", "low", "high"]].isna().all()  # nobody renews: no share of those who would
        else:
            assert found["low"] - 1e-9 <= found["estimate"] <= found["high"] + 1e-9 and found["low"] < found["high"]


def test_days_on_the_edge_of_a_contract_year():
    contacts, contracts = _contract_years(40, 16, 100, 20)
    ask = {"observation_end": "2025-01-01"}
    last_day = contacts.assign(left_on=["2022-01-01"] * 40 + [None] * 100)  # due_on is the year's last day
    assert roles.lone_contact_exit(last_day, contracts, **ask)["years_with"] == 40
    first_day = contacts.assign(since="2020-01-01", left_on=["2021-01-01"] * 40 + [None] * 100)  # gone when it begins
    assert roles.lone_contact_exit(first_day, contracts, **ask)[["years_with", "years_without"]].tolist() == [0, 100]
    joins = contacts.tail(10).assign(contact_id=range(900, 910), since="2021-05-01")  # where nobody leaves
    assert roles.lone_contact_exit(pd.concat([contacts, joins]), contracts, **ask)["years_without"] == 90


def test_exit_where_several_are_known_compares_a_departure_with_none():
    contacts, contracts = _contract_years(40, 16, 100, 20)
    second = contacts.head(100).assign(contact_id=range(900, 1000), left_on=None)
    both = pd.concat([contacts, second])
    found = roles.lone_contact_exit(both, contracts, observation_end="2025-01-01", known="several")
    assert found[["years_with", "years_without"]].tolist() == [40, 60]
    assert found[["exit_with", "exit_without"]].tolist() == approx([0.4, 20 / 60])
    gone = pd.concat([contacts, second.assign(left_on=["2021-08-01"] * 40 + [None] * 60)])  # both left: not compared
    assert roles.lone_contact_exit(gone, contracts, observation_end="2025-01-01", known="several")["years_with"] == 0


USERS = pd.DataFrame({
    "customer_id": [1, 1, 1, 2], "contact_id": [1, 2, 3, 4], "role": ["user", "user", "buyer", "user"],
    "influence": 0.2, "stance": [0.5, 0.4, 0.9, 0.8], "since": "2021-01-01",
    "left_on": [None, "2023-01-01", None, None], "became_customer_id": [90, None, 91, None],
})
PRIVATE = pd.DataFrame({"customer_id": [1, 2, 90, 91], "acquired_on": ["2021-01-01"] * 2 + ["2022-01-01"] * 2})


def test_user_conversion_by_hand():
    found = roles.user_conversion(USERS, PRIVATE, observation_end="2025-01-01")
    assert found["people"].tolist() == [2, 1] and found["conversions"].tolist() == [1, 0]  # the buyer is no user
    assert found["person_years"].tolist() == approx([(365 + 1461) / 365.25, 730 / 365.25])
    assert found.loc["delighted", "estimate"] == approx(365.25 / (365 + 1461))
    assert found.loc["delighted", "high"] == approx(5.57164 * 365.25 / (365 + 1461), rel=1e-4)
    assert found.loc["other", ["estimate", "low"]].tolist() == [0, 0]
    stricter = roles.user_conversion(USERS, PRIVATE, observation_end="2025-01-01", delighted=0.6)
    assert stricter["conversions"].tolist() == [0, 1]
    lost = pd.Series({1: pd.Timestamp("2021-06-30")})  # before the private account
    assert roles.user_conversion(USERS, PRIVATE, observation_end="2025-01-01", lost_on=lost)["conversions"].sum() == 0


@pytest.mark.parametrize(("contacts", "customers", "message"), [
    (USERS.assign(became_customer_id=[95, None, 91, None]), PRIVATE, r"1 private account\(s\) are not .* first 95"),
    (USERS, PRIVATE.assign(acquired_on="2020-01-01"), r"1 user\(s\) had their private account before"),
    (USERS.drop(columns="became_customer_id"), PRIVATE, "lack the column became_customer_id"),
    (USERS.assign(stance=None), PRIVATE, r"in the role user have missing values \(3 in stance\)"),
    (USERS, pd.concat([PRIVATE, PRIVATE]), r"4 customer id\(s\) occur again"),
    (USERS.astype({"became_customer_id": str}), PRIVATE, "in became_customer_id are text"),
])
def test_user_conversion_refuses(contacts, customers, message):
    with pytest.raises(DataError, match=message):
        roles.user_conversion(contacts, customers, observation_end="2025-01-01")


@pytest.mark.parametrize("level", [0, 1, 95])
def test_levels_are_fractions(level):
    with pytest.raises(ValueError, match="level"):
        roles.departure_rate(PEOPLE, observation_end="2025-01-01", level=level)


@pytest.mark.parametrize(("c", "leave", "d"), [(0.04, 0.15, 0.1), (0.3, 0.0, 0.0), (0.01, 0.9, 0.5)])
def test_end_user_value_is_the_markov_chain(c, leave, d):
    states = ["user", "private", "gone"]
    chain = pd.DataFrame([[(1 - c) * (1 - leave), c, (1 - c) * leave], [0, 0, 1], [0, 0, 1]], index=states,
                         columns=states, dtype=float)
    rewards = pd.Series([0, 800, 0], index=states)
    assert roles.end_user_value(c, 800, departure=leave, discount_rate=d) == approx(
        clv.markov_lifetime_value(chain, rewards, d)["user"])
    assert roles.end_user_value(c, 800, departure=leave, discount_rate=d, years=4) == approx(
        clv.markov_lifetime_value(chain, rewards, d, horizon=4)["user"])


def test_end_user_value_edges():
    assert roles.end_user_value(0, 800, departure=0.1, discount_rate=0.1) == 0
    assert roles.end_user_value(0.1, -50, departure=1, discount_rate=0) == approx(-5)
    assert roles.end_user_value(0, 800, departure=0, discount_rate=0, years=3) == 0
    with pytest.raises(ValueError, match="the wait never ends"):
        roles.end_user_value(0, 800, departure=0, discount_rate=0)
    with pytest.raises(ValueError, match="conversion 4 is not between 0 and 1: did you mean 0.04"):
        roles.end_user_value(4, 800, departure=0, discount_rate=0)
    with pytest.raises(ValueError, match="finite amount of money"):
        roles.end_user_value(0.1, math.nan, departure=0.1, discount_rate=0)


# ------------------------------------------------------------------- customers, ids and money


def test_account_money_keeps_transfers_apart():
    money = roles.account_money(ORDERS, CUSTOMERS, same_name="merge").set_index("customer_id")
    assert money.loc[3].tolist() == ["business", 2, 150.0, 0.0]
    assert money.loc[4].tolist() == ["internal", 1, 0.0, 77.0]
    assert (money["money"].sum(), money["transfers"].sum()) == (475.0, 77.0)
    assert ORDERS["amount"].sum() == approx(552.0)
    apart = roles.account_money(ORDERS, CUSTOMERS, same_name="separate").set_index("customer_id")["money"]
    assert (apart[1], apart[3]) == (100.0, 50.0)


def test_account_money_of_a_period_and_of_margin():
    year = {"start": "2022-01-01", "end": "2022-12-31", "same_name": "merge"}
    money = roles.account_money(ORDERS, CUSTOMERS, **year).set_index("customer_id")["money"]
    assert money.to_dict() == {2: 300.0, 3: 50.0, 4: 0.0, 5: 0.0}  # accounts without orders are there with 0
    odd = roles.account_money(ORDERS.assign(amount=0.29), CUSTOMERS, same_name="merge")  # 0.29 · 100 is 28.999…
    assert odd["money"].sum() + odd["transfers"].sum() == 1.74
    edge = roles.account_money(ORDERS, CUSTOMERS, start="2023-02-01", end="2023-02-01", same_name="merge")
    assert edge["money"].sum() == -0.1
    margin = roles.account_money(ORDERS, CUSTOMERS, measure="margin", same_name="merge").set_index("customer_id")
    assert margin.loc[3, "money"] == 59.95


def test_account_money_from_an_ibis_table_is_the_same():
    table = ibis.memtable(ORDERS)
    pd.testing.assert_frame_equal(roles.account_money(table, CUSTOMERS, measure="margin", same_name="merge"),
                                  roles.account_money(ORDERS, CUSTOMERS, measure="margin", same_name="merge"))


@pytest.mark.parametrize(("orders", "customers", "more", "message"), [
    (ORDERS, CUSTOMERS.assign(category="B2B"), {}, r"categories not known: 'B2B' .*did you mean 'business'"),
    (ORDERS, CUSTOMERS.iloc[1:], {}, r"1 customer id\(s\) are not among the customers, first 1"),
    (ORDERS, CUSTOMERS.assign(category=["household", *CUSTOMERS["category"][1:]]), {}, "several categories, first 3"),
    (ORDERS, CUSTOMERS, {"measure": "profit"}, r"orders lack the column\(s\) profit"),
    (ORDERS.assign(amount=np.nan), CUSTOMERS, {}, "6 in amount"),
    (ORDERS.drop(columns="date"), CUSTOMERS, {}, "lack the column.* date"),
    (ORDERS.assign(amount=0.014), CUSTOMERS, {}, r"amount has fractions of a cent in 6 line\(s\)"),
    (ORDERS, CUSTOMERS, {"start": "2026-01-01"}, "there is no order from 2026-01-01 to the end"),
    (ORDERS, CUSTOMERS, {"start": "2023-01-02", "end": "2023-01-01"}, "start 2023-01-02 lies after end 2023-01-01"),
    (ORDERS.astype({"customer_id": str}), CUSTOMERS, {}, "in orders are text .* in customers numbers"),
])
def test_account_money_refuses(orders, customers, more, message):
    with pytest.raises(ValueError, match=message):
        roles.account_money(orders, customers, same_name="merge", **more)


def test_revenue_by_category_excludes_internal_customers_and_says_so():
    table = roles.revenue_by_category(roles.account_money(ORDERS, CUSTOMERS, same_name="merge"))
    assert list(table.index) == list(roles.CATEGORIES)
    assert table.loc["business", ["customers", "buying", "revenue"]].tolist() == [2, 2, 450.0]
    assert table.loc["internal", ["customers", "revenue", "share", "transfers"]].tolist() == [1, 0, 0, 77.0]
    assert table["share"].sum() == approx(1) and table.loc["household", "share"] == approx(25 / 475)
    assert table.loc["channel"].tolist() == [0, 0, 0, 0, 0]


def test_revenue_by_category_refuses_transfers_as_revenue():
    money = pd.DataFrame({"customer_id": [1], "category": "internal", "money": 5.0, "transfers": 0.0})
    with pytest.raises(DataError, match=r"1 internal customer\(s\) are counted as revenue"):
        roles.revenue_by_category(money)
    with pytest.raises(DataError, match="did you mean 'household'"):
        roles.revenue_by_category(money.assign(category="consumer"))
    nothing = roles.revenue_by_category(money.assign(category="business", money=0.0))
    assert nothing["share"].isna().all() and nothing.loc["business", "buying"] == 0


def test_split_money_by_hand():
    assert roles.split_money(0.05, {"a": 0.5, "b": 0.5}).tolist() == [0.03, 0.02]
    assert roles.split_money(-100.0, {"a": 2 / 3, "b": 1 / 3}).tolist() == [-66.67, -33.33]
    assert roles.split_money(10.0, pd.Series({"a": 1.0, "b": 0.0})).to_dict() == {"a": 10.0, "b": 0.0}


@pytest.mark.parametrize(("amount", "shares", "message"), [
    (100, {"a": 0.5, "b": 0.3, "c": 0.1}, "3 shares add up to 90 %, not 100 %: 10 % of the money has no payer"),
    (100, {"a": 0.7, "b": 0.4}, "add up to 110 %, not 100 %: 10 % of the money is counted twice"),
    (100, {"a": 60, "b": 40}, "add up to 100, not 1: divide them by 100"),
    (100, {"a": 1.5, "b": -0.5}, "the share of 'b' is -0.5"),
    (100, {}, "at least one payer"),
    (100.005, {"a": 1.0}, "fractions of a cent"),
    (math.inf, {"a": 1.0}, "finite amount"),
])
def test_shares_that_do_not_add_up_are_refused(amount, shares, message):
    with pytest.raises(DataError, match=message):
        roles.split_money(amount, shares)


def test_single_threaded_risk_by_hand():
    coverage = pd.DataFrame({"customer_id": [1, 2, 3, 4], "people": [1, 2, 0, 1]})
    margins = pd.Series({1: 20_000.0, 2: 90_000.0, 3: 5_000.0, 4: -100.0, 5: 1.0})
    risk = roles.single_threaded_risk(coverage, margins, departure=0.15, exit_probability=0.4)
    assert risk["on_one_person"].tolist() == approx([20_000, 0, math.nan, 0], nan_ok=True)
    assert risk["expected_loss"].tolist() == approx([1_200, 0, math.nan, 0], nan_ok=True)
    for_life = clv.retention_multiple(0.8, 0.1, timing="residual") + 1
    longer = roles.single_threaded_risk(coverage, margins, departure=0.15, exit_probability=0.4, multiple=for_life)
    assert longer["expected_loss"].sum() == approx(1_200 * for_life)
    with pytest.raises(DataError, match="1 of 4 accounts have no margin, first 4"):
        roles.single_threaded_risk(coverage, margins.drop(4), departure=0.15, exit_probability=0.4)
    with pytest.raises(DataError, match=r"margins have 4 customer id\(s\) again"):
        roles.single_threaded_risk(coverage, pd.concat([margins, margins.head(4)]), departure=0.1, exit_probability=0.4)
    with pytest.raises(DataError, match="in coverage are numbers .* in margins text"):
        roles.single_threaded_risk(coverage, margins.rename(str), departure=0.15, exit_probability=0.4)
    for wrong, message in ((-0.03, "-0.03 is below 0: by chance fewer firms left"), (math.nan, "no contract year")):
        with pytest.raises(ValueError, match=message):
            roles.single_threaded_risk(coverage, margins, departure=0.15, exit_probability=wrong)
    with pytest.raises(ValueError, match="departure 15 is not between 0 and 1: did you mean 0.15"):
        roles.single_threaded_risk(coverage, margins, departure=15, exit_probability=0.4)
    with pytest.raises(ValueError, match="multiple must be zero or more"):
        roles.single_threaded_risk(coverage, margins, departure=0.15, exit_probability=0.4, multiple=-1)


# ------------------------------------------------------------------------- internal customers


def test_service_levels_add_up_months():
    table = roles.service_levels(LINKS)
    assert table["service"].tolist() == ["order", "picking"]
    assert table["requests"].tolist() == [100, 100] and table["rate"].tolist() == [0.9, 0.8]
    # Clopper and Pearson for 90 of 100
    assert table.loc[0, ["low", "high"]].tolist() == approx([0.8237774, 0.9509953], abs=1e-6)
    ends = roles.service_levels(LINKS.assign(requests=10, on_time=[0, 10, 10]))
    assert (ends.loc[0, "low"], ends.loc[1, "high"]) == (0, 1)
    assert ends.loc[0, "high"] == approx(1 - 0.025 ** 0.1) and ends.loc[1, "low"] == approx(0.025 ** (1 / 20))


@pytest.mark.parametrize(("change", "message"), [
    ({"on_time": [101, 1, 1]}, r"more on time than requested in 1 row\(s\), first 'order' with 101 of 100"),
    ({"on_time": [-1, 1, 1]}, r"on_time is no whole number of zero or more in 1 row\(s\)"),
    ({"requests": [99.5, 50, 50]}, "requests is no whole number"),
    ({"requests": [0, 50, 50], "on_time": [0, 1, 1]}, r"1 link\(s\) have no request, first 'order'"),
    ({"requests": "many"}, "not numbers"),
])
def test_service_levels_refuse(change, message):
    with pytest.raises(DataError, match=message):
        roles.service_levels(LINKS.assign(**change))


def test_chain_by_hand():
    chain = roles.internal_chain(roles.service_levels(LINKS), ["order", "picking"])
    assert chain["so_far"].tolist() == approx([0.9, 0.72])
    assert chain["weakest"].tolist() == [False, True]
    assert chain["gain"].tolist() == approx([0.8 - 0.72, 0.9 - 0.72])
    spread = 1.959964 * math.sqrt(0.1 / 90 + 0.2 / 80)
    assert chain.loc[1, ["low", "high"]].tolist() == approx([0.72 * math.exp(-spread), 0.72 * math.exp(spread)])
    to_85 = roles.internal_chain(roles.service_levels(LINKS), target=0.85)
    assert to_85["gain"].tolist() == approx([0, 0.9 * 0.85 - 0.72])  # a better link stays as it is


def test_five_links_of_95_per_cent_are_a_chain_of_77():
    links = pd.DataFrame({"supplier": list("abcde"), "recipient": list("bcdef"), "service": list("ABCDE"),
                          "requests": 100, "on_time": 95, "rate": 0.95})
    chain = roles.internal_chain(links)
    assert chain["so_far"].iloc[-1] == approx(0.7737809375) == 0.95**5
    assert chain["weakest"].tolist() == [True, False, False, False, False]  # the first of equals
    assert 0.95 ** (1 / 5) == approx(0.98979, abs=1e-5)  # what each link needs for 95 % at the end


def test_limits_of_a_chain_that_always_works():
    links = roles.service_levels(LINKS.assign(requests=[4, 2, 2], on_time=[4, 2, 2]))
    chain = roles.internal_chain(links)
    spread = 1.959964 * math.sqrt(2 * (0.5 / 5) / (4 * 4.5 / 5))
    assert chain.loc[1, ["low", "high"]].tolist() == approx([math.exp(-spread), 1.0])


def test_a_link_that_never_works_breaks_the_chain():
    links = roles.service_levels(LINKS.assign(on_time=[0, 40, 40]))
    chain = roles.internal_chain(links)
    assert chain["so_far"].tolist() == [0, 0] and chain[["low", "high"]].isna().all().all()
    assert chain["gain"].tolist() == approx([0.8, 0])


def test_chains_that_are_none():
    levels = roles.service_levels(LINKS)
    with pytest.raises(DataError, match="broken after 'picking': it serves 'fitters', but the next link .* 'sales'"):
        roles.internal_chain(levels, ["picking", "order"])
    with pytest.raises(DataError, match=r"rate is not on_time / requests in 2 link\(s\), first 'order'"):
        roles.internal_chain(levels.assign(rate=0.5))
    assert roles.internal_chain(levels, ["picking", "order"], gaps="allow")["so_far"].iloc[-1] == approx(0.72)
    with pytest.raises(DataError, match=r"service\(s\) not known: 'pickin' .*did you mean 'picking'"):
        roles.internal_chain(levels, ["order", "pickin"])
    with pytest.raises(DataError, match="at least one service, each once"):
        roles.internal_chain(levels, ["order", "order"])


# ------------------------------------------------------------------ selection under a capacity


def _best(values, hours, capacity):
    """The best sum over all subsets."""
    n = len(values)
    return max(sum(v for v, take in zip(values, chosen, strict=True) if take)
               for chosen in itertools.product([0, 1], repeat=n)
               if sum(h for h, take in zip(hours, chosen, strict=True) if take) <= capacity)


def test_largest_first_and_per_hour_first_can_lose_nearly_everything():
    per_hour = roles.select_accounts([2, 100], [1, 100], capacity=100, method="per_hour")
    assert per_hour["chosen"].tolist() == [True, False]  # 2 instead of 100
    tenths = roles.select_accounts([3, 2, 1], [0.1, 0.1, 0.1], capacity=0.3, method="largest")
    assert tenths["chosen"].all()  # 0.3 - 0.1 - 0.1 is a little less than 0.1
    values, hours = [100, 60, 55, 50], [10, 4, 4, 4]
    won = {m: (t := roles.select_accounts(values, hours, capacity=12, method=m)).loc[t["chosen"], "value"].sum()
           for m in roles.SELECTION_METHODS}
    assert won == {"exact": 165, "per_hour": 165, "largest": 100}
    table = roles.select_accounts([10, 60], [1, 30], capacity=30, method="per_hour")
    assert table["chosen"].tolist() == [True, False]  # the small one takes the room of the large one
    assert roles.select_accounts([10, 60], [1, 30], capacity=30)["chosen"].tolist() == [False, True]


def test_exact_selection_is_the_best_of_all_subsets():
    random = np.random.default_rng(3)
    for _ in range(15):
        values, hours = random.integers(1, 60, 9), random.integers(1, 12, 9)
        capacity = int(random.integers(0, hours.sum() + 5))
        table = roles.select_accounts(values, hours, capacity=capacity)
        assert table.loc[table["chosen"], "value"].sum() == _best(values, hours, capacity)
        assert table.loc[table["chosen"], "hours"].sum() <= capacity


def test_both_ways_to_the_exact_selection_agree():
    random = np.random.default_rng(8)
    for _ in range(10):
        values, hours = random.random(30), random.integers(3, 30, 30) / 4
        capacity = float(random.uniform(5, 60))
        grid = roles.select_accounts(values, hours, capacity=capacity)
        off_grid = roles.select_accounts(values, hours + 1e-7, capacity=capacity + 3e-6)  # no minutes: by milp
        assert off_grid.loc[off_grid["chosen"], "value"].sum() == approx(grid.loc[grid["chosen"], "value"].sum())
        assert grid.loc[grid["chosen"], "hours"].sum() <= capacity


def test_a_search_that_is_stopped_states_its_gap(monkeypatch):
    import scipy.optimize

    stopped = scipy.optimize.OptimizeResult(success=False, status=1, x=np.array([1.0, 0.0]), mip_gap=0.05, message="")
    monkeypatch.setattr(scipy.optimize, "milp", lambda *args, **more: stopped)
    with pytest.warns(CrmWarning, match="may lie up to 5.00% below the best"):
        table = roles.select_accounts([5, 4], [1.00001, 1], capacity=1.5)
    assert table["chosen"].tolist() == [True, False]


@pytest.mark.parametrize("method", roles.SELECTION_METHODS)
def test_capacity_of_nothing_and_of_more_than_everything(method):
    values = pd.Series([5.0, -2.0, 0.0, 7.0], index=list("abcd"))
    nothing = roles.select_accounts(values, [1, 1, 1, 1], capacity=0, method=method)
    assert not nothing["chosen"].any() and list(nothing.index) == list("abcd")
    everything = roles.select_accounts(values, [1, 1, 1, 1], capacity=99, method=method)
    assert everything.index[everything["chosen"]].tolist() == ["a", "d"]  # a visit worth nothing is not made
    two = roles.select_accounts(values, [1, 1, 1, 1], capacity=1, method=method)
    assert two.index[two["chosen"]].tolist() == ["d"]
    assert roles.select_accounts([], [], capacity=5, method=method).empty


@pytest.mark.parametrize(("values", "hours", "capacity", "message"), [
    ([1], [1], -1, "capacity must be zero or more, not -1"),
    ([1], [0], 5, "1 of 1 accounts take zero hours or less"),
    ([1, 2], [1], 5, r"two lists of the same length, not \(2,\) and \(1,\)"),
    ([np.nan, 1], [1, 1], 5, "1 of 2 accounts have a missing or infinite value or hours"),
    (["a"], [1], 5, "must be numbers"),
    (pd.Series([1], index=["a"]), pd.Series([1], index=["b"]), 5, "do not name the same accounts"),
])
def test_selection_refuses(values, hours, capacity, message):
    with pytest.raises(ValueError, match=message):
        roles.select_accounts(values, hours, capacity=capacity)
    with pytest.raises(ValueError, match="method='best' is not known"):
        roles.select_accounts([1], [1], capacity=1, method="best")


def test_nothing_is_mutated():
    before = PEOPLE.copy(), CUSTOMERS.copy(), ORDERS.copy(), LINKS.copy()
    roles.role_table(PEOPLE, as_of="2025-01-01")
    roles.whom_to_see(PEOPLE, [1], as_of="2025-01-01")
    roles.departure_rate(PEOPLE, observation_end="2025-01-01")
    roles.account_money(ORDERS, CUSTOMERS, same_name="merge")
    roles.internal_chain(roles.service_levels(LINKS))
    for table, copy in zip((PEOPLE, CUSTOMERS, ORDERS, LINKS), before, strict=True):
        pd.testing.assert_frame_equal(table, copy)
