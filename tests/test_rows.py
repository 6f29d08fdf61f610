"""The shared rooms for rows and contract years: what is let in, and what is said of the rest."""

import numpy as np
import pandas as pd
import pytest

from crmlib.contracts import check_years, within
from crmlib.errors import DataError
from crmlib.rows import need_columns, need_days, outcomes, same_customers, whole_cents

DAY = pd.Timestamp("2024-01-01")
YEARS = pd.DataFrame({"contract_id": [1, 2, 3], "customer_id": [7, 7, 8],
                      "started_on": [DAY, DAY + pd.Timedelta(days=365), DAY],
                      "due_on": [DAY + pd.Timedelta(days=days) for days in (365, 730, 365)]})


def test_need_columns_speaks_of_one_and_of_many():
    wide = pd.DataFrame(columns=[f"c{n}" for n in range(20)])
    with pytest.raises(DataError, match=r"^survey lacks the column\(s\) x; it has c0, .*, c11 …$"):
        need_columns("survey", wide, ["c1", "x"])
    with pytest.raises(DataError, match=r"^contacts in the role user lack the column\(s\) x; they have c0$"):
        need_columns("contacts in the role user", wide[["c0"]], ["x"])
    with pytest.raises(TypeError, match="talks must be a pandas DataFrame, not list"):
        need_columns("talks", [], ["x"])


@pytest.mark.parametrize("values", [
    [True, False], [1, 0], [1.0, 0.0], pd.array([True, False], dtype="boolean"), pd.array([1, 0], dtype="Int64"),
    np.array([True, 0], dtype=object), pd.Series([True, False], index=[5, 3], dtype=object),
])
def test_outcomes_of_any_type(values):
    found = outcomes("renewed", values, length=2)
    assert found.tolist() == [True, False] and found.dtype == bool


@pytest.mark.parametrize(("values", "message"), [
    ([1, None], "1 of 2 values of renewed are missing"), ([1.0, np.nan], "1 of 2 values of renewed are missing"),
    (pd.array([True, None], dtype="boolean"), "are missing"), (["1", "0"], "2 of 2 values are not, the first is '1'"),
    (["no", True], "the first is 'no'"), ([1, np.inf], "the first is inf"), ([0.5, 1], "the first is 0.5"),
    ([], "found no row"), ([1, 0, 1], "renewed has 3 rows, the others have 2"),
])
def test_outcomes_refuse(values, message):
    with pytest.raises(DataError, match=message):
        outcomes("renewed", values, length=2)


def test_no_outcome_where_none_is_needed():
    assert outcomes("renewed", pd.Series([], dtype="boolean"), minimum=0).dtype == bool


def test_whole_cents():
    assert whole_cents("cost", pd.Series([0.1 + 0.2, -10.01])).tolist() == [30, -1001]
    with pytest.raises(DataError, match=r"cost would lose 1.1% by rounding to 0.01: are they in thousands\?"):
        whole_cents("cost", [0.1234, 0.2])


def test_same_customers():
    first = pd.Series([1, 2], index=["a", "b"])
    assert same_customers("p", first, "y", pd.Series([3, 4], index=["b", "a"])).tolist() == [4, 3]
    assert same_customers("p", first, "y", [3, 4]).index.tolist() == ["a", "b"]
    for second, message in ((pd.Series([1], index=["a"]), "same respondents: 1 are only in p, 0 only in y"),
                            ([1, 2, 3], "a list of 2 values"),
                            (pd.concat([first, first]), "y holds 2 respondents twice")):
        with pytest.raises(DataError, match=message):
            same_customers("p", first, "y", second, who="respondents")


def test_need_days():
    need_days("talks", pd.DataFrame({"date": [DAY]}), ["date"])
    for date, message in ((["2024-01-01"], "date of talks must be days"),
                          ([pd.NaT], "1 of 1 rows of talks have no date"),
                          ([DAY.tz_localize("Asia/Shanghai")], "has a time zone")):
        with pytest.raises(DataError, match=message):
            need_days("talks", pd.DataFrame({"date": date}), ["date"])


def test_within_holds_the_first_day_and_not_the_last():
    events = pd.DataFrame({"customer_id": [7, 7, 7, 8, 9], "kind": list("abcde"),
                           "date": [DAY + pd.Timedelta(days=days) for days in (0, 364, 365, 365, 5)]})
    found = within(YEARS, events, name="talks")
    assert found[["contract_id", "kind"]].values.tolist() == [[1, "a"], [1, "b"], [2, "c"]]
    early = YEARS.assign(decided_on=YEARS["due_on"] - pd.Timedelta(days=45))
    assert within(early, events, name="talks", until="decided_on")["kind"].tolist() == ["a", "c"]
    with pytest.raises(DataError, match="the ids of talks are .*, those of contracts int64: nobody would be found"):
        within(YEARS, events.astype({"customer_id": str}), name="talks")
    with pytest.raises(DataError, match="1 of 5 rows of talks have no customer_id: drop them, or find out why"):
        within(YEARS, events.assign(customer_id=[7, 7, None, 8, 9]), name="talks")


@pytest.mark.parametrize(("change", "message"), [
    ({"customer_id": [7, None, 8]}, "1 of 3 contracts have no customer_id"),
    ({"contract_id": [1, 1, 2]}, r"1 contract id\(s\) are there twice"),
    ({"due_on": [DAY, pd.NaT, DAY]}, "1 of 3 rows of contracts have no due_on"),
    ({"due_on": DAY}, r"3 contract year\(s\) are due on or before the day they start, the first is contract 1"),
])
def test_check_years_refuses(change, message):
    check_years(YEARS)
    with pytest.raises(DataError, match=message):
        check_years(YEARS.assign(**change))
