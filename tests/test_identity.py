"""One customer, several ids: found by name, decided by the reader, applied to any table."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.errors import CrmWarning, DataError
from crmlib.identity import account_ids, replace_ids

CUSTOMERS = pd.DataFrame({
    "customer_id": [1, 2, 3, 4, 5], "name": ["Xinhua", "Jinli", "Xinhua", "Workshop", "Mrs Liu"],
    "acquired_on": pd.to_datetime(["2022-01-01", "2021-01-01", "2021-06-01", "2021-01-01", "2023-01-01"]),
})
ALONE = {i: i for i in range(1, 6)}


def test_two_ids_of_one_name_are_a_question():
    with pytest.raises(DataError, match=r"1 name\(s\) have several ids, first 'Xinhua' \(1, 3\): one customer or two"):
        account_ids(CUSTOMERS)
    assert account_ids(CUSTOMERS, same_name="merge").to_dict() == ALONE | {1: 3}  # 3 came first
    assert account_ids(CUSTOMERS, same_name="separate").to_dict() == ALONE
    assert account_ids(CUSTOMERS.iloc[[1, 3, 4]]).to_dict() == {2: 2, 4: 4, 5: 5}
    undated = CUSTOMERS.drop(columns="acquired_on")
    assert account_ids(undated, same_name="merge").to_dict() == ALONE | {3: 1}  # the smaller id
    assert account_ids(undated.sample(frac=1, random_state=1), same_name="merge")[3] == 1


def test_each_name_can_be_decided():
    two = CUSTOMERS.assign(name=["Xinhua", "Jinli", "Xinhua", "Jinli", "Mrs Liu"])
    ids = account_ids(two, same_name={"Xinhua": "merge", "Jinli": "separate"})
    assert ids.to_dict() == ALONE | {1: 3}
    with pytest.raises(DataError, match=r"1 name\(s\) have several ids, first 'Jinli' \(2, 4\)"):
        account_ids(two, same_name={"Xinhua": "merge"})
    with pytest.raises(DataError, match="do not have several ids, first 'Mrs Liu'"):
        account_ids(two, same_name={"Mrs Liu": "merge"})
    with pytest.raises(ValueError, match="same_name='raise' is not known"):
        account_ids(two, same_name={"Xinhua": "raise"})
    with pytest.raises(ValueError, match="one column of names, not 2"):
        account_ids(two.assign(district="Wuhou"), same_name={"Xinhua": "merge"}, names=("name", "district"))


def test_several_columns_make_a_name():
    there = CUSTOMERS.assign(district=list("xyzxy"))
    assert account_ids(there, names=("name", "district")).to_dict() == ALONE
    assert account_ids(there.assign(district="x"), same_name="merge", names=("name", "district"))[1] == 3


def test_blank_names_join_nobody_and_fillers_are_remarked_on():
    blank = CUSTOMERS.assign(name=["", "Jinli", " ", None, None])
    assert account_ids(blank).to_dict() == ALONE and account_ids(blank, same_name="merge").to_dict() == ALONE
    filler = CUSTOMERS.assign(name=["unknown", "Jinli", "unknown", "unknown", "Mrs Liu"])
    with pytest.warns(CrmWarning, match=r"1 name\(s\) have more than two ids \(first: 'unknown', 3\)"):
        assert account_ids(filler.drop(columns="acquired_on"), same_name="merge").to_dict() == ALONE | {3: 1, 4: 1}


@pytest.mark.parametrize(("customers", "more", "error", "message"), [
    (CUSTOMERS[["customer_id"]], {}, DataError, r"lack the column\(s\) name; they have customer_id"),
    (pd.concat([CUSTOMERS, CUSTOMERS.tail(1)]), {}, DataError, r"1 customer id\(s\) are missing or there twice"),
    (CUSTOMERS.assign(customer_id=[1, 2, 3, 4, None]), {}, DataError, r"1 customer id\(s\) are missing"),
    (CUSTOMERS, {"same_name": "fuse"}, ValueError, "same_name='fuse' is not known"),
    ({"customer_id": [1]}, {}, TypeError, "must be a pandas DataFrame, not dict"),
])
def test_customers_that_cannot_be_told_apart(customers, more, error, message):
    with pytest.raises(error, match=message):
        account_ids(customers, **more)


def test_replacing_ids_leaves_the_others_alone():
    ids = [510104199001011235, 510104199001011237, 510104199001011239]        # 18 digits: more than a float holds
    table = pd.DataFrame({"customer_id": ids, "amount": [1.0, 2.0, 4.0]})
    one = replace_ids(table, pd.Series({ids[2]: ids[1]}))
    assert one["customer_id"].tolist() == [ids[0], ids[1], ids[1]] and one["amount"].tolist() == [1.0, 2.0, 4.0]
    assert table["customer_id"].tolist() == ids
    assert replace_ids(table.rename(columns={"customer_id": "who"}), pd.Series({ids[0]: ids[1]}), column="who")[
        "who"].tolist() == [ids[1], ids[1], ids[2]]


@pytest.mark.parametrize(("ids", "message"), [
    (pd.Series([1, 2], index=[9, 9]), r"1 id\(s\) have two replacements"),
    (pd.Series({3: 2, 2: 1}), "1 id.s. are replaced by one that is itself replaced, the first 3"),
    (pd.Series({3: None}), "1 id.s. have no replacement"),
    (pd.Series({"a": "b"}), "the ids of the replacements are str, those of the table int64: nobody would be found"),
])
def test_replacements_that_are_none(ids, message):
    with pytest.raises(DataError, match=message):
        replace_ids(CUSTOMERS, ids)


def test_replacing_needs_the_column():
    with pytest.raises(DataError, match="lacks the column who; it has customer_id, name"):
        replace_ids(CUSTOMERS, pd.Series({1: 3}), column="who")


@given(names=st.lists(st.sampled_from(["a", "b", "c", "d", ""]), min_size=1, max_size=12))
def test_every_id_has_one_account_and_accounts_are_their_own(names):
    customers = pd.DataFrame({"customer_id": range(10, 10 + len(names)), "name": names})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crmlib.identity.warnings.warn", lambda *_, **__: None)
        ids = account_ids(customers, same_name="merge")
    assert ids.index.tolist() == customers["customer_id"].tolist() and (ids[ids.to_numpy()].to_numpy() == ids).all()
    named = [name for name in names if name]
    assert ids.nunique() == len(set(named)) + names.count("")


def test_equal_names_of_the_case_are_the_same_customer_in_truth(case):
    person = case.truth.customers.set_index("customer_id")["person_id"]
    pd.testing.assert_series_equal(account_ids(case.customers, same_name="merge"), person, check_names=False)
