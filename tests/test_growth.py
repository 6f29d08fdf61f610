"""Growth: the bridge by hand and on CDNOW, its two meanings of new, rates, drivers, adoption, and the budget."""

import ibis
import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from crmlib import growth
from crmlib.data import load_cdnow, read_transactions
from crmlib.errors import CrmWarning, DataError
from crmlib.units import days_per

Y23, Y24 = ("2023-01-01", "2023-12-31"), ("2024-01-01", "2024-12-31")
YEARS = {"base": Y23, "current": Y24}


def lines(*rows):
    """Order lines (customer, date, product, amount)."""
    table = pd.DataFrame(rows, columns=["customer_id", "date", "product_id", "amount"])
    return table.assign(date=pd.to_datetime(table["date"]))


# one customer per fate; coffee is new to the firm in 2024, filters are not, but new to Li
SMALL = lines(
    ("Li", "2023-02-01", "water", 100.0), ("Li", "2024-02-01", "water", 120.0),         # expansion + 20
    ("Li", "2024-03-01", "coffee", 50.0), ("Li", "2024-04-01", "filter", 30.0),
    ("Wang", "2023-05-01", "water", 80.0), ("Wang", "2024-05-01", "water", 55.5),       # contraction - 24.5
    ("Wang", "2023-06-01", "filter", 20.0), ("Wang", "2024-06-01", "filter", 20.0),
    ("Zhao", "2023-07-01", "filter", 40.0),                                             # churn - 40
    ("Sun", "2024-12-24", "water", 60.0), ("Sun", "2024-12-25", "coffee", 9.99),        # new
    ("Qian", "2022-01-05", "water", 70.0), ("Qian", "2024-08-01", "water", 75.0),       # came back
    ("Zhou", "2023-09-01", "water", 10.0), ("Zhou", "2024-09-01", "water", 10.0),       # as before
    ("Wu", "2022-12-30", "filter", 15.0), ("Wu", "2023-01-03", "filter", -15.0),        # a late return only
)


def changes(bridge):
    return {row.component: row.change for row in bridge.itertuples() if row.customers}


# ---------------------------------------------------------------------------------- the bridge


def test_bridge_by_hand_new_to_the_firm():
    bridge = growth.revenue_bridge(SMALL, **YEARS)
    assert changes(bridge) == {
        "churn": -40.0, "contraction": -24.5, "unchanged": 0.0, "expansion": 50.0, "extension": 50.0,
        "acquisition": 60.0, "diversification": 9.99, "reactivation": 75.0, "late returns": 15.0,
    }
    assert bridge["component"].tolist() == list(growth.COMPONENTS)
    assert bridge["cell"].tolist() == list(growth.COMPONENTS.values())
    assert bridge.set_index("component")["customers"].to_dict() == {
        "churn": 1, "contraction": 1, "unchanged": 1, "expansion": 1, "extension": 1, "acquisition": 1,
        "diversification": 1, "reactivation": 1, "reactivation, new offerings": 0, "late returns": 1}
    in_year = SMALL.groupby(SMALL["date"].dt.year)["amount"].sum()
    assert bridge["change"].sum() == pytest.approx(in_year[2024] - in_year[2023], abs=1e-9)
    assert bridge["revenue_base"].sum() == pytest.approx(in_year[2023], abs=1e-9)
    assert bridge["revenue_current"].sum() == pytest.approx(in_year[2024], abs=1e-9)


def test_bridge_by_hand_new_to_the_customer_moves_money_from_loyalty_to_extension_only():
    firm = growth.revenue_bridge(SMALL, **YEARS).set_index("component")["change"]
    customer = growth.revenue_bridge(SMALL, new_offering="customer", **YEARS).set_index("component")["change"]
    assert customer["expansion"] == 20.0 and customer["extension"] == 80.0  # Li's filters were new to Li
    same = [name for name in firm.index if name not in ("expansion", "extension")]
    assert customer[same].equals(firm[same])
    assert customer.sum() == pytest.approx(firm.sum(), abs=1e-9)


def test_bridge_over_customers_only_needs_no_products():
    bridge = growth.revenue_bridge(SMALL.drop(columns="product_id"), new_offering=None, **YEARS)
    assert changes(bridge) == {"churn": -40.0, "contraction": -24.5, "unchanged": 0.0, "expansion": 100.0,
                               "acquisition": 69.99, "reactivation": 75.0, "late returns": 15.0}
    matrix = growth.growth_matrix(bridge)
    assert matrix.columns.tolist() == ["all offerings"]
    assert matrix["all offerings"].tolist() == [35.5, 75.0, 69.99]


def test_any_column_can_be_the_offering():
    family = SMALL.assign(family=SMALL["product_id"].replace({"coffee": "drinks", "water": "drinks"}))
    found = changes(growth.revenue_bridge(family, offering="family", **YEARS))
    assert "extension" not in found and found["acquisition"] == 69.99


def test_order_of_the_rows_does_not_matter():
    bridge = growth.revenue_bridge(SMALL, **YEARS)
    for seed in range(3):
        pd.testing.assert_frame_equal(growth.revenue_bridge(SMALL.sample(frac=1, random_state=seed), **YEARS), bridge)


def test_lookback_decides_between_reactivated_and_new():
    found = changes(growth.revenue_bridge(SMALL, lookback="2022-06-01", **YEARS))
    assert found["acquisition"] == 135.0 and "reactivation" not in found
    assert changes(growth.revenue_bridge(SMALL, lookback="2022-01-05", **YEARS))["reactivation"] == 75.0


def test_a_reactivated_customer_may_come_back_for_the_new():
    table = pd.concat([SMALL, lines(("Qian", "2024-08-02", "coffee", 5.0))])
    bridge = growth.revenue_bridge(table, **YEARS)
    assert changes(bridge)["reactivation, new offerings"] == 5.0
    assert growth.growth_matrix(bridge).loc["reactivated customers"].tolist() == [75.0, 5.0]


def test_who_came_in_a_gap_between_the_windows_is_new():
    table = lines(("a", "2022-06-01", "water", 1.0), ("b", "2023-06-01", "water", 2.0), ("b", "2023-07-01", "tea", 2.0),
                  ("b", "2024-12-30", "water", 3.0), ("b", "2024-12-29", "tea", 4.0))
    bridge = growth.revenue_bridge(table, base=("2022-01-01", "2022-12-31"), current=Y24)
    assert changes(bridge) == {"churn": -1.0, "acquisition": 3.0, "diversification": 4.0}


def test_a_return_alone_is_no_purchase_but_proves_an_earlier_one():
    table = lines(
        ("stays", "2023-01-01", "water", 10.0), ("stays", "2024-12-31", "water", 10.0),
        ("left", "2023-01-01", "water", 50.0), ("left", "2024-01-05", "water", -20.0),
        ("back", "2023-01-07", "water", -5.0), ("back", "2024-03-01", "water", 8.0))
    assert changes(growth.revenue_bridge(table, **YEARS)) == {"churn": -70.0, "unchanged": 0.0, "reactivation": 13.0}


def test_what_is_cancelled_on_the_same_day_was_never_bought():
    table = lines(
        ("a", "2023-01-01", "water", 10.0), ("a", "2024-12-31", "water", 10.0),
        ("b", "2023-03-01", "coffee", 99.0), ("b", "2023-03-01", "coffee", -99.0),
        ("b", "2024-03-01", "coffee", 50.0), ("c", "2023-04-01", "water", 0.0), ("c", "2024-04-01", "water", 0.0))
    found = changes(growth.revenue_bridge(table, **YEARS))
    assert found == {"unchanged": 0.0, "diversification": 50.0}  # b is new, and coffee too; a gift is a purchase


def test_margin_can_be_bridged_instead():
    table = SMALL.assign(margin=SMALL["amount"] / 4)
    assert changes(growth.revenue_bridge(table, measure="margin", **YEARS))["churn"] == -10.0


def test_launch_dates_decide_where_they_are_given():
    launches = {"water": "2021-01-01", "filter": "2024-01-01", "coffee": "2023-12-31"}
    with pytest.warns(CrmWarning, match=r"1 offering\(s\) were sold before their launch date \('filter'\)"):
        found = changes(growth.revenue_bridge(SMALL, launches=launches, **YEARS))
    assert found["acquisition"] == 69.99  # coffee was launched in the base year, though nobody bought it then
    late = {"water": "2021-01-01", "filter": "2021-01-01", "coffee": "2024-03-01"}
    assert changes(growth.revenue_bridge(SMALL, launches=late, **YEARS)) == changes(
        growth.revenue_bridge(SMALL, **YEARS))


def test_the_same_bridge_from_the_door_and_in_the_engine():
    through = read_transactions(SMALL, product_id="product_id", returns="net")
    pd.testing.assert_frame_equal(growth.revenue_bridge(through, **YEARS), growth.revenue_bridge(SMALL, **YEARS))


def test_cents_are_exact_where_floats_are_not():
    many = lines(*[("a", "2023-06-01", "water", 0.1)] * 3, *[("a", "2024-12-01", "water", 0.1)] * 3)
    bridge = growth.revenue_bridge(many, **YEARS)
    assert changes(bridge) == {"unchanged": 0.0} and bridge["revenue_base"].sum() == 0.3


def test_cdnow_has_no_products_and_is_bridged_over_customers():
    orders = load_cdnow()
    halves = {"base": ("1997-01-01", "1997-06-30"), "current": ("1997-07-01", "1997-12-31")}
    for meaning in ("firm", "customer"):
        with pytest.raises(DataError, match="no column 'product_id'.*pass new_offering=None for a bridge over cust"):
            growth.revenue_bridge(orders, new_offering=meaning, **halves)
    bridge = growth.revenue_bridge(orders, new_offering=None, **halves)
    frame = orders.execute()
    half = [round(100 * frame.loc[frame["date"].between(*window), "amount"]).sum() for window in halves.values()]
    assert round(100 * bridge["change"].sum()) == half[1] - half[0]
    assert round(100 * bridge["revenue_base"].sum()) == half[0]
    before = set(frame.loc[frame["date"] <= "1997-06-30", "customer_id"])
    after = set(frame.loc[frame["date"].between("1997-07-01", "1997-12-31"), "customer_id"])
    assert changes(bridge).get("acquisition", 0) == 0  # everybody in this file came in the first quarter
    rates = growth.retention_rates(bridge)
    assert rates["customer_retention"] == pytest.approx(len(before & after) / len(before))


# ------------------------------------------------------------------------------- two ids, one name


TWO_IDS = lines(("old", "2023-02-01", "water", 100.0), ("new", "2024-12-01", "water", 110.0),
                ("other", "2023-02-01", "water", 7.0), ("other", "2024-02-01", "water", 7.0))


@pytest.mark.parametrize("identity", [
    {"new": "old"},
    pd.Series({"new": "old"}),
    pd.DataFrame({"customer_id": ["old", "new", "other"], "person": ["old", "old", "other"]}),
])
def test_identity_turns_seeming_churn_and_acquisition_into_expansion(identity):
    assert changes(growth.revenue_bridge(TWO_IDS, **YEARS)) == {"churn": -100.0, "unchanged": 0.0, "acquisition": 110.0}
    assert changes(growth.revenue_bridge(TWO_IDS, identity=identity, **YEARS)) == {"unchanged": 0.0, "expansion": 10.0}


@pytest.mark.parametrize(("identity", "message"), [
    ({"new": None}, r"1 id\(s\) of identity are missing or lead nowhere"),
    ({"new": "old", "old": "older"}, r"leads to 1 id\(s\) that are themselves mapped on \(first: 'old'\)"),
    (pd.Series(["old", "older"], index=["new", "new"]), r"names 1 id\(s\) more than once \(first: 'new'\)"),
    (pd.DataFrame({"a": ["new"], "b": ["old"], "c": [1]}), "identity has 3 columns: give two"),
    ({1: 2}, "identity maps ids of type int64 to int64, the lines have string: use the same type"),
])
def test_identity_that_is_no_mapping(identity, message):
    with pytest.raises(DataError, match=message):
        growth.revenue_bridge(TWO_IDS, identity=identity, **YEARS)


# -------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(("windows", "message"), [
    ({"base": Y23, "current": ("2023-12-01", "2024-11-30")},
     r"base \(2023-01-01 to 2023-12-31\) and current \(2023-12-01 to 2024-11-30\) share 31 day\(s\)"),
    ({"base": Y24, "current": Y23}, "lies before base .*: are the two exchanged"),
    ({"base": Y23, "current": ("2024-12-31", "2024-01-01")}, "current starts on 2024-12-31 and ends on 2024-01-01"),
    ({"base": Y23, "current": "2024"}, "current='2024' is no window: give its first and last day"),
    ({"base": 2023, "current": Y24}, "base=2023 is no window"),
    ({"base": ("01.01.2023", "2023-12-31"), "current": Y24}, "base start='01.01.2023' is not a date"),
    ({**YEARS, "lookback": "2023-02-01"}, "lookback .2023-02-01. lies after the start of base"),
    ({**YEARS, "new_offering": "us"}, "new_offering='us' is not known"),
    ({**YEARS, "measure": "profit"}, "measure='profit' is not known"),
])
def test_windows_and_options_that_cannot_be_meant(windows, message):
    with pytest.raises(ValueError, match=message):
        growth.revenue_bridge(SMALL, **windows)


@pytest.mark.parametrize(("table", "message"), [
    (SMALL.drop(columns="product_id"), "no column 'product_id', so new_offering='firm' cannot be told"),
    (SMALL.drop(columns=["date", "amount"]), r"lack the column\(s\) date, amount; they have customer_id, product_id"),
    (SMALL.assign(amount=SMALL["amount"].where(SMALL["amount"] > 10)), r"missing values \(4 in amount\)"),
    (SMALL.assign(product_id=SMALL["product_id"].where(SMALL["product_id"] != "coffee")),
     r"missing values \(2 in product_id\)"),
    (SMALL.assign(amount=np.inf), "infinite values in amount"),
    (SMALL.assign(amount="12"), "amount of lines is of type string, not a number"),
    (SMALL.assign(date="2023-01-01"), "date of lines is of type string"),
    (SMALL.assign(date=SMALL["date"].dt.tz_localize("Asia/Shanghai")), "date of lines is in the time zone"),
    (SMALL.head(0), "there are no lines"),
    (SMALL[SMALL["date"] < "2024-01-01"],
     r"no line lies in current \(2024-01-01 to 2024-12-31\): the lines reach from 2022-01-05 to 2023-09-01"),
    (SMALL[SMALL["date"] < "2023-01-01"], "no line lies in base .* nor in current"),
])
def test_lines_that_cannot_be_bridged(table, message):
    with pytest.raises(DataError, match=message):
        growth.revenue_bridge(table, **YEARS)


def test_missing_values_are_found_in_the_engine_too():
    table = ibis.memtable(SMALL.assign(amount=SMALL["amount"].where(SMALL["amount"] > 10)))
    with pytest.raises(DataError, match=r"missing values \(4 in amount\)"):
        growth.revenue_bridge(table, **YEARS)
    with pytest.raises(TypeError, match="not list"):
        growth.revenue_bridge([1], **YEARS)


def test_offerings_without_a_launch_date_are_named():
    with pytest.raises(DataError, match=r"2 offering\(s\) in the lines have no launch date \('coffee', 'filter'\)"):
        growth.revenue_bridge(SMALL, launches={"water": "2021-01-01", "filter": None}, **YEARS)


def test_an_empty_base_is_accepted_on_request_and_has_no_rates():
    table = SMALL[SMALL["date"] >= "2024-01-01"]
    bridge = growth.revenue_bridge(table, allow_empty=True, **YEARS)
    assert changes(bridge) == {"diversification": pytest.approx(420.49 + 10)}
    rates = growth.retention_rates(bridge)
    assert rates[["gross_retention", "net_retention", "customer_retention"]].isna().all()
    assert rates["customers_base"] == 0


def test_a_base_of_returns_and_gifts_has_no_rates():
    table = lines(("a", "2023-01-01", "w", 0.0), ("a", "2024-12-31", "w", 5.0))
    rates = growth.retention_rates(growth.revenue_bridge(table, **YEARS))
    assert np.isnan(rates["gross_retention"]) and rates["customer_retention"] == 1


def test_identity_of_ids_that_are_not_there_is_remarked_on():
    with pytest.warns(CrmWarning, match=r"none of the 1 id\(s\) that identity changes is among the lines"):
        growth.revenue_bridge(SMALL, identity={"li": "Li"}, **YEARS)


@pytest.mark.parametrize(("launches", "message"), [
    ({"water": 2020, "coffee": 2024, "filter": 2020}, "launches hold numbers"),
    (pd.Series(["2020-01-01"] * 2, index=["water", "water"]), "name 'water' twice"),
])
def test_launches_that_are_no_dates(launches, message):
    with pytest.raises(DataError, match=message):
        growth.revenue_bridge(SMALL, launches=launches, **YEARS)


def test_ids_of_two_types_and_columns_that_are_there_twice():
    with pytest.raises(DataError, match="customer_id of lines mixes text and numbers"):
        growth.revenue_bridge(SMALL.assign(customer_id=[1, *SMALL["customer_id"][1:]]), **YEARS)
    with pytest.raises(DataError, match=r"the column\(s\) amount more than once"):
        growth.revenue_bridge(pd.concat([SMALL, SMALL["amount"]], axis=1), **YEARS)


def daily(first, last):
    days = pd.date_range(first, last)
    return pd.DataFrame({"customer_id": 1, "date": days, "product_id": "water", "amount": 1.0})


@pytest.mark.parametrize(("first", "last", "message"), [
    ("2023-02-16", "2024-12-31", "first line of base comes 46 days after it starts"),
    ("2023-01-01", "2024-11-15", "last line is of 2024-11-15, 46 days before current ends"),
])
def test_data_that_begin_late_or_stop_early_are_remarked_on(first, last, message):
    with pytest.warns(CrmWarning, match=message):
        growth.revenue_bridge(daily(first, last), **YEARS)
    one_day = pd.Timedelta(days=1)
    growth.revenue_bridge(daily(pd.Timestamp(first) - one_day, pd.Timestamp(last) + one_day), **YEARS)  # 45: silent


def test_windows_of_unequal_length_and_half_a_year_of_data_are_remarked_on():
    with pytest.warns(CrmWarning, match="base has 365 days, current 182"):
        growth.revenue_bridge(SMALL, base=Y23, current=("2024-01-01", "2024-06-30"))
    with pytest.warns(CrmWarning, match=r"last line is of 2024-09-01, 121 days before current ends \(2024-12-31\)"):
        growth.revenue_bridge(SMALL[SMALL["date"] < "2024-12-01"], **YEARS)


# --------------------------------------------------------------------------- matrix, rates, years


def test_matrix_by_hand():
    bridge = growth.revenue_bridge(SMALL, **YEARS)
    matrix = growth.growth_matrix(bridge)
    assert matrix.loc["existing customers"].tolist() == [-14.5, 50.0]
    assert matrix.loc["reactivated customers"].tolist() == [75.0, 0.0]
    assert matrix.loc["new customers"].tolist() == [60.0, 9.99]
    assert growth.growth_matrix(bridge, reactivated="new").loc["new customers"].tolist() == [135.0, 9.99]
    assert growth.growth_matrix(bridge, reactivated="existing").loc["existing customers"].tolist() == [60.5, 50.0]
    now = growth.growth_matrix(bridge, measure="revenue_current")
    assert now.to_numpy().sum() == pytest.approx(bridge["revenue_current"].sum())


def test_rates_by_hand():
    rates = growth.retention_rates(growth.revenue_bridge(SMALL, **YEARS))
    assert rates["revenue_base"] == 250.0
    assert rates["gross_retention"] == pytest.approx((250 - 40 - 24.5) / 250)
    assert rates["net_retention"] == pytest.approx((250 - 40 - 24.5 + 50 + 50) / 250)
    assert (rates["customers_base"], rates["customer_retention"]) == (4, 0.75)
    other = growth.retention_rates(growth.revenue_bridge(SMALL, new_offering="customer", **YEARS))
    assert other["net_retention"] == pytest.approx(rates["net_retention"])


def test_years_are_bridged_one_after_the_other():
    years = growth.bridge_over_years(SMALL, first=2022, last=2024)
    assert years["year"].unique().tolist() == [2023, 2024]
    last = years[years["year"] == 2024].drop(columns="year").reset_index(drop=True)
    pd.testing.assert_frame_equal(last, growth.revenue_bridge(SMALL, **YEARS))
    table = growth.matrix_by_year(years)
    revenue = SMALL.groupby(SMALL["date"].dt.year)["amount"].sum()
    assert table["total"].tolist() == pytest.approx(revenue.diff().dropna().tolist())
    assert table.loc[2024, "loyalty"] == -14.5
    assert growth.matrix_by_year(years, measure="revenue_current").loc[2024, "extension"] == 50


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: growth.bridge_over_years(SMALL, first=2024, last=2024), ValueError, "one year: growth needs at least two"),
    (lambda: growth.bridge_over_years(SMALL, first=2024, last=2023), ValueError, "no year: growth needs at least two"),
    (lambda: growth.bridge_over_years(SMALL, first=2019, last=2021), DataError, "no line lies in base .2019"),
    (lambda: growth.matrix_by_year(growth.revenue_bridge(SMALL, **YEARS)), DataError, "no column 'year'"),
    (lambda: growth.growth_matrix(growth.bridge_over_years(SMALL, first=2022, last=2024)), DataError,
     "more than one period: choose one"),
    (lambda: growth.retention_rates(SMALL), DataError, "this is no bridge"),
    (lambda: growth.growth_matrix(growth.revenue_bridge(SMALL, **YEARS), reactivated="old"), ValueError, "reactivated"),
])
def test_tables_that_are_no_bridge(call, error, message):
    with pytest.raises(error, match=message):
        call()


# -------------------------------------------------------------------------------------- drivers


def test_drivers_by_hand():
    table = lines(("a", "2023-01-01", "w", 10.0), ("b", "2023-01-01", "w", 10.0),
                  ("a", "2024-01-01", "w", 12.0), ("a", "2024-12-30", "w", 12.0), ("b", "2024-12-31", "w", 12.0))
    found = growth.revenue_drivers(table, **YEARS)
    assert found["base"].tolist() == [2, 1, 10] and found["current"].tolist() == [2, 1.5, 12]
    # 20 -> 36: customers none; orders first +10 or +12; value first +4 or +6
    assert found["effect"].tolist() == [0, 11, 5]
    log_mean = growth.revenue_drivers(table, method="log_mean", **YEARS)["effect"]
    weight = 16 / np.log(36 / 20)
    assert log_mean.tolist() == pytest.approx([0, weight * np.log(1.5), weight * np.log(1.2)])


def test_drivers_count_customers_and_purchase_days_as_the_bridge_and_btyd_do():
    found = growth.revenue_drivers(SMALL, **YEARS)
    revenue = SMALL.groupby(SMALL["date"].dt.year)["amount"].sum()
    assert found["base"].prod() == pytest.approx(revenue[2023])
    assert found["effect"].sum() == pytest.approx(revenue[2024] - revenue[2023])
    assert found["base"][0] == 4 and found["current"][0] == 5
    assert growth.revenue_drivers(SMALL, identity={"Zhao": "Zhou"}, **YEARS)["base"][0] == 3


def test_drivers_refuse_what_has_no_ratio():
    returns = lines(("a", "2023-01-01", "w", -1.0), ("a", "2024-12-31", "w", 1.0))
    with pytest.raises(DataError, match="nobody bought in base .*returns only"):
        growth.revenue_drivers(returns, **YEARS)
    negative = lines(("a", "2023-01-01", "w", 1.0), ("a", "2024-12-31", "w", 1.0), ("b", "2024-03-01", "w", -5.0))
    assert growth.revenue_drivers(negative, **YEARS)["effect"].sum() == pytest.approx(-5)
    with pytest.raises(DataError, match=r'1.00 in base and -4.00 in current.*use method="shapley"'):
        growth.revenue_drivers(negative, method="log_mean", **YEARS)


# ------------------------------------------------------------------------------------- adoption


EXPOSED = pd.DataFrame({"customer_id": ["a", "b", "c", "d"], "start": pd.Timestamp("2022-01-01"),
                        "end": pd.to_datetime(["2030-01-01", "2023-07-01", "2023-03-01", "2023-01-01"])})
TAKE = {"offerings": ["coffee"], "launched_on": "2023-03-01", "observation_end": "2023-12-31"}


def test_adoption_counts_takers_over_exposure():
    table = lines(("a", "2023-04-01", "coffee", 9.0), ("a", "2023-05-01", "coffee", 9.0),
                  ("b", "2023-08-01", "coffee", 9.0), ("b", "2023-04-01", "coffee", -1.0),
                  ("c", "2023-02-01", "tea", 9.0))
    found = growth.adoption_rate(table, exposed=EXPOSED, **TAKE)
    assert (found["customers"], found["takers"]) == (2, 1)  # c and d were gone at the launch
    assert found["years"] == pytest.approx((31 + 122) / 364.98)
    assert found["rate"] == pytest.approx(1 / found["years"])
    # exact Poisson limits for one event at 95 %: 0.0253 and 5.572
    limits = growth.adoption_rate(table, exposed=EXPOSED, level=0.95, **TAKE)[["low", "high"]] * found["years"]
    assert limits.tolist() == pytest.approx([0.0253, 5.5716], abs=5e-5)


def test_nobody_takes_it_up():
    table = lines(("a", "2023-04-01", "tea", 9.0), ("z", "2023-04-01", "coffee", 9.0))
    found = growth.adoption_rate(table, exposed=EXPOSED, **TAKE)
    assert (found["takers"], found["rate"], found["low"]) == (0, 0, 0) and found["high"] > 0


def test_adoption_counts_the_first_and_the_last_day_and_no_hours():
    exposed = pd.DataFrame({"customer_id": ["a", "b"], "start": pd.Timestamp("2023-04-01 14:00"),
                            "end": pd.Timestamp("2030-01-01")})
    found = growth.adoption_rate(lines(("a", "2023-04-01", "coffee", 9.0)), exposed=exposed, **TAKE)
    assert (found["customers"], found["takers"]) == (2, 1)  # a on the first day; b exposed to the end
    assert found["years"] == pytest.approx(275 / days_per("year"))  # 1 April to 31 December, both counted


def test_what_was_returned_on_the_same_day_is_no_take_up():
    table = lines(("a", "2023-04-01", "coffee", 9.0), ("a", "2023-04-01", "coffee", -9.0),
                  ("b", "2023-05-01", "coffee", 9.0))
    assert growth.adoption_rate(table, exposed=EXPOSED, **TAKE)["takers"] == 1


@pytest.mark.parametrize(("change", "error", "message"), [
    ({"offerings": "coffee"}, ValueError, "offerings='coffee': give a list"),
    ({"offerings": ["Coffee"]}, DataError, "no line has one of the offerings 'Coffee'"),
    ({"exposed": EXPOSED.assign(customer_id=["A", "B", "C", "D"])}, DataError, "none of the 4 exposed customers"),
    ({"exposed": EXPOSED.assign(end=pd.Timestamp("2030-01-01", tz="UTC"))}, DataError, "end of exposed has a time"),
    ({"exposed": EXPOSED.drop(columns="end")}, DataError, "exposed lacks the column.s. end"),
    ({"exposed": pd.concat([EXPOSED, EXPOSED.head(1)])}, DataError, r"1 customer\(s\) twice"),
    ({"exposed": EXPOSED.assign(end=pd.NaT)}, DataError, r"4 row\(s\) with missing values"),
    ({"exposed": EXPOSED.assign(end=pd.Timestamp("2021-01-01"))}, DataError, r"4 customer\(s\) end before they start"),
    ({"launched_on": "2024-03-01"}, ValueError, "lies after observation_end"),
    ({"level": 99}, ValueError, "level 99 is not between 0 and 1: did you mean 0.99"),
])
def test_adoption_refuses(change, error, message):
    with pytest.raises(error, match=message):
        growth.adoption_rate(lines(("a", "2023-04-01", "coffee", 9.0)), **({"exposed": EXPOSED} | TAKE | change))


# ------------------------------------------------------------------------------------ the budget


STRATEGIES = ["loyalty", "extension", "acquisition", "diversification"]
CURVES = pd.DataFrame({"probability": [1.0, 0.9, 1.0, 0.5], "potential": [400.0, 350.0, 500.0, 120.0],
                       "scale": [100.0, 150.0, 300.0, 200.0]}, index=STRATEGIES)


@pytest.mark.parametrize("budget", [1.0, 60.0, 250.0, 700.0, 5_000.0])
@pytest.mark.parametrize("minimum_return", [0.0, 1.0, 1.5])
def test_allocation_is_what_a_numerical_optimiser_finds(budget, minimum_return):
    found = growth.allocate_budget(CURVES, budget, minimum_return=minimum_return)
    top = CURVES["probability"] * CURVES["potential"]

    def loss(spend):
        return minimum_return * spend.sum() - (top * -np.expm1(-spend / CURVES["scale"])).sum()

    best = minimize(loss, np.full(4, budget / 8), bounds=[(0, budget)] * 4, tol=1e-12,
                    constraints={"type": "ineq", "fun": lambda s: budget - s.sum()}, method="SLSQP")
    assert loss(found["spend"]) == pytest.approx(best.fun, rel=1e-6)
    funded = found["spend"] > 0
    assert np.ptp(found.loc[funded, "marginal_return"]) < 1e-9
    level = found.loc[funded, "marginal_return"].max()
    assert (found.loc[~funded, "marginal_return"] <= level + 1e-12).all()
    assert found["spend"].sum() <= budget + 1e-9 and level >= minimum_return - 1e-12
    assert found["share"].sum() == pytest.approx(1)


def test_allocation_by_the_closed_form():
    found = growth.allocate_budget(CURVES, 60)
    # the first yuan brings 4, 2.1, 1.67 and 0.3; loyalty alone falls to 4 exp(-0.6) = 2.195 > 2.1
    assert found["spend"].tolist() == pytest.approx([60, 0, 0, 0])
    assert found.loc["loyalty", "marginal_return"] == pytest.approx(4 * np.exp(-0.6))
    two = growth.allocate_budget(CURVES, 100)
    level = np.exp((100 * np.log(4) + 150 * np.log(2.1) - 100) / 250)
    assert two["spend"].tolist() == pytest.approx([100 * np.log(4 / level), 150 * np.log(2.1 / level), 0, 0])


def test_a_budget_is_a_limit_and_stops_where_a_yuan_brings_less_than_a_yuan():
    found = growth.allocate_budget(CURVES, 1e6)
    assert found["spend"].sum() < 1e6 and found["spend"]["diversification"] == 0
    assert found.loc[found["spend"] > 0, "marginal_return"].tolist() == pytest.approx([1, 1, 1])
    assert growth.allocate_budget(CURVES, 1e3, minimum_return=0)["spend"].sum() == pytest.approx(1e3)
    nothing = growth.allocate_budget(CURVES, 0)
    assert nothing["spend"].sum() == 0 and nothing["average_return"].isna().all()


def test_the_naive_splits_bring_less():
    best = growth.allocate_budget(CURVES, 300, minimum_return=0)["gain"].sum()
    for shares in ("equal", "potential", dict(zip(STRATEGIES, (1.0, 0.0, 0.0, 0.0), strict=True))):
        split = growth.split_budget(CURVES, 300, shares)
        assert split["spend"].sum() == pytest.approx(300) and split["gain"].sum() < best
    assert growth.split_budget(CURVES, 300, "potential")["share"].tolist() == pytest.approx(
        (CURVES["potential"] / 1370).tolist())
    same = growth.evaluate_spend(CURVES, growth.split_budget(CURVES, 300)["spend"])
    pd.testing.assert_frame_equal(same, growth.split_budget(CURVES, 300))


def test_response_goes_through_its_point_with_its_ceiling_or_its_slope():
    curve = growth.response_through(50, 120, potential=400)
    assert curve["potential"] == 400
    assert 400 * (1 - np.exp(-50 / curve["scale"])) == pytest.approx(120)
    slope = growth.evaluate_spend(curve.to_frame("s").T, {"s": 50.0}).loc["s", "marginal_return"]
    again = growth.response_through(50, 120, marginal_return=slope)
    assert again.tolist() == pytest.approx(curve.tolist())


@pytest.mark.parametrize(("options", "message"), [
    ({"potential": 100}, "potential 100 is not above the gain 120 seen already"),
    ({"marginal_return": 2.4}, "marginal_return 2.4 is not below the average return 2.4"),
    ({"marginal_return": 0}, "marginal_return must be above zero"),
    ({}, "give the potential or the marginal_return, one of the two"),
    ({"potential": 400, "marginal_return": 1}, "one of the two"),
])
def test_response_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        growth.response_through(50, 120, **options)


def test_doubt_refuses_a_plan_above_the_budget():
    plan = dict.fromkeys(STRATEGIES, 100.0)
    with pytest.raises(ValueError, match="the plan spends 400.00, the budget is 100.00"):
        growth.allocation_in_doubt(CURVES, 100.0, spread=0.1, draws=2, plan=plan)


def test_doubt_moves_the_optimum_and_never_beats_it():
    worlds = growth.allocation_in_doubt(CURVES, 300, spread=0.3, draws=300, seed=1)
    assert worlds.columns.tolist() == [*CURVES.index, "net_best", "net_plan", "net_equal"]
    assert (worlds["net_best"] >= worlds[["net_plan", "net_equal"]].max(axis=1) - 1e-9).all()
    pd.testing.assert_frame_equal(worlds, growth.allocation_in_doubt(CURVES, 300, spread=0.3, draws=300, seed=1))
    sure = growth.allocation_in_doubt(CURVES, 300, spread=0, draws=2)
    assert sure["net_best"].tolist() == pytest.approx(sure["net_plan"].tolist())
    assert sure.loc[0, STRATEGIES].tolist() == pytest.approx(growth.allocate_budget(CURVES, 300)["spend"].tolist())
    bad_plan = growth.allocation_in_doubt(CURVES, 300, spread=0, draws=1, plan=dict.fromkeys(CURVES.index, 0.0))
    assert bad_plan["net_plan"][0] == 0
    # a tiny spend meets the curve at its start, potential / scale = 4: two independent factors, each of this spread
    one = growth.allocation_in_doubt(CURVES.head(1), 1e-3, spread=0.3, draws=4000, seed=3, minimum_return=0)
    first_yuan = np.log((one["net_plan"] / 1e-3 + 1) / 4)
    assert first_yuan.std() == pytest.approx(0.3 * np.sqrt(2), rel=0.05) and abs(first_yuan.mean()) < 0.03


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: growth.split_budget(CURVES, 1, dict.fromkeys(CURVES.index, 0.2)), ValueError,
     "shares add up to 0.8, not 1: 0.2 of the budget has no owner"),
    (lambda: growth.split_budget(CURVES, 1, dict.fromkeys(CURVES.index, 0.3)), ValueError,
     "shares add up to 1.2, not 1: 0.2 of it is spent twice"),
    (lambda: growth.split_budget(CURVES, 1, dict.fromkeys(CURVES.index, 25)), ValueError, "did you mean 0.25"),
    (lambda: growth.split_budget(CURVES, 1, {"loyalty": 1.0}), DataError, "shares are for loyalty; the strategies are"),
    (lambda: growth.split_budget(CURVES, 1, "half"), ValueError, "shares='half' is not known"),
    (lambda: growth.split_budget(CURVES.assign(potential=0.0), 1, "potential"), ValueError, "every potential is zero"),
    (lambda: growth.evaluate_spend(CURVES, {"loyalty": 1.0}), DataError, "spend is for loyalty; the strategies are"),
    (lambda: growth.evaluate_spend(CURVES, dict.fromkeys(CURVES.index, -1.0)), ValueError, "spend of 'loyalty'"),
    (lambda: growth.allocate_budget(CURVES, -1), ValueError, "budget must be zero or more"),
    (lambda: growth.allocate_budget(CURVES.drop(columns="scale"), 1), DataError, "responses need one row per strategy"),
    (lambda: growth.allocate_budget(CURVES.head(0), 1), DataError, "responses have no rows"),
    (lambda: growth.allocate_budget(pd.concat([CURVES, CURVES]), 1), DataError, "name 'loyalty' twice"),
    (lambda: growth.allocate_budget(CURVES.assign(scale=0), 1), ValueError, "scale of 'loyalty' must be above zero"),
    (lambda: growth.allocate_budget(CURVES.assign(probability=50), 1), ValueError, "did you mean 0.5"),
    (lambda: growth.allocate_budget(CURVES.assign(potential=np.nan), 1), ValueError, "potential of 'loyalty'"),
    (lambda: growth.allocation_in_doubt(CURVES.rename({"loyalty": "net_plan"}), 1, spread=0.1), ValueError,
     "a strategy is called 'net_plan'"),
    (lambda: growth.allocation_in_doubt(CURVES, 1, spread=-0.1), ValueError, "spread must be zero or more"),
])
def test_budget_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call()
