"""The case company: the same bytes each time, tables that join, and effects of the size the truth says."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crmlib.data import load_case, simulate_case
from crmlib.data.case import COLUMNS, FOLDER, NOT_SELLING, SEED, TRUTH_COLUMNS, check_keys, typed, write_case
from crmlib.data.simulate.draws import Draws, gamma_quantile
from crmlib.data.simulate.parameters import COFFEE, PARAMETERS
from crmlib.errors import DataError

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def large():
    """A company so large that chance hides no wrong effect."""
    return simulate_case(seed=3, customers=40_000)


def assert_same(one, two):
    for name in one.tables:
        pd.testing.assert_frame_equal(one.tables[name], two.tables[name])
    for name in TRUTH_COLUMNS:
        pd.testing.assert_frame_equal(getattr(one.truth, name), getattr(two.truth, name))
    assert one.truth.parameters == two.truth.parameters and one.truth.meanings == two.truth.meanings


# ------------------------------------------------------------------------------------ the files


def test_the_shipped_files_are_what_the_generator_makes_byte_for_byte(tmp_path):
    made = write_case(simulate_case(seed=SEED), tmp_path)
    assert {path.name for path in made} == {path.name for path in FOLDER.iterdir()}
    for path in made:
        assert path.read_bytes() == (FOLDER / path.name).read_bytes(), f"{path.name}: run python -m crmlib case"


def test_loading_gives_what_was_simulated(case):
    assert_same(case, simulate_case(seed=SEED))


def test_the_command_compares(tmp_path, monkeypatch, capsys):
    from crmlib import __main__ as command
    from crmlib.data import case as module

    monkeypatch.setattr(module, "FOLDER", tmp_path)
    assert command.main(["case", "--check"]) == 1
    assert command.main(["case"]) == 0 and command.main(["case", "--check"]) == 0
    assert "orders.csv: written" in capsys.readouterr().out


def test_files_are_small_enough_to_open():
    sizes = [path.stat().st_size for path in FOLDER.iterdir()]
    assert max(sizes) <= 5_000_000
    assert sum(p.stat().st_size for p in (ROOT / "datasets").rglob("*") if p.is_file()) < 15_000_000


def test_size_is_as_announced(case):
    assert 2_900 <= len(case.customers) <= 3_300
    assert 40_000 <= len(case.orders) <= 80_000
    assert case.orders["date"].between(case.observation_start, case.observation_end).all()


def test_datasheet_names_every_column_and_every_effect():
    sheet = (ROOT / "datasets" / "hailang.md").read_text(encoding="utf-8")
    parts = dict(re.findall(r"(?ms)^### (\w+)\n(.*?)(?=^### |\Z)", sheet))
    for name, columns in COLUMNS.items():
        assert set(re.findall(r"(?m)^\| `(\w+)` \|", parts[name])) == set(columns), name
        assert f"{len(load_case().tables[name]):,} rows" in parts[name], name
    for name, columns in TRUTH_COLUMNS.items():
        assert set(re.findall(r"(?m)^\| `(\w+)` \|", parts[f"truth_{name}"])) == set(columns)
    rows = re.findall(r"(?m)^\| `(\w+)` \| ([\d.e-]+) \| (.+) \|$", parts["truth_parameters"])
    assert [(name, float(value), meaning) for name, value, meaning in rows] == [
        (name, value, meaning) for name, (value, meaning) in PARAMETERS.items()]
    assert "does not exist" in sheet


def test_missing_file_column_and_key_are_named(case, tmp_path):
    with pytest.raises(DataError, match=r"customers.csv is missing.*simulate_case\(seed=2028\)"):
        load_case(folder=tmp_path)
    write_case(case, tmp_path)
    path = tmp_path / "products.csv"
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole.replace("family", "kind"), encoding="utf-8")
    with pytest.raises(DataError, match=r"products.csv lacks the column\(s\) family"):
        load_case(folder=tmp_path)
    path.write_text(whole.replace("M01,", "M99,"), encoding="utf-8")
    with pytest.raises(DataError, match=r"in orders.product_id are not in products.product_id \(first: M01\)"):
        load_case(folder=tmp_path)


# --------------------------------------------------------------------------------- any company


@pytest.mark.parametrize("seed", [0, 1, 20261234, 10**12])
def test_every_seed_is_a_company_with_the_same_structure(seed, case):
    other = load_case(seed=seed)
    assert other.seed == seed
    for name, table in other.tables.items():
        assert table.dtypes.equals(case.tables[name].dtypes), name
        assert not table[[c for c, kind in COLUMNS[name].items() if not kind.endswith("?")]].isna().any().any(), name
    check_keys(other)
    assert not other.orders["amount"].equals(case.orders["amount"])
    assert_same(other, simulate_case(seed=seed))


@pytest.mark.parametrize("customers", [100, 400])
def test_small_companies_have_every_table(customers):
    for seed in range(5):
        small = simulate_case(seed=seed, customers=customers)
        check_keys(small)
        assert all(len(small.tables[name]) for name in ("customers", "orders", "contracts", "internal_services"))


@pytest.mark.parametrize(("wrong", "message"), [
    ({"seed": -1}, "seed must be a whole number of at least 0"),
    ({"seed": "7"}, "seed must be a finite number"),
    ({"seed": 1, "customers": 10}, "customers must be a whole number of at least 100"),
    ({"seed": 1, "changes": {"neglct": 0.1}}, "no effect 'neglct'"),
    ({"seed": 1, "changes": {"neglect_exit": 24}}, "neglect_exit 24 is not between 0 and 1: did you mean 0.24"),
    ({"seed": 1, "changes": {"neglect_exit": "24"}}, "neglect_exit must be a finite number"),
    ({"seed": 1, "changes": {"seller_tone_days": 0}}, "seller_tone_days must be above zero"),
    ({"seed": 1, "changes": {"two_ids_share": 0.9}}, "two_ids_share=0.9 is more than there are"),
])
def test_bad_arguments(wrong, message):
    with pytest.raises(ValueError, match=message):
        simulate_case(**wrong)


def test_a_changed_effect_changes_the_company_and_its_truth():
    calm = simulate_case(seed=4, customers=4_000, changes={"neglect_exit": 0.0})
    usual = simulate_case(seed=4, customers=4_000)
    assert calm.truth.parameters["neglect_exit"] == 0 and "neglect" not in set(calm.truth.customers["true_reason"])
    assert calm.contracts["renewed"].mean() > usual.contracts["renewed"].mean() + 0.03


def test_a_reference_to_nothing_is_found(case):
    broken = replace(case, referrals=case.referrals.assign(referrer_id=-5))
    with pytest.raises(DataError, match="referrals.referrer_id are not in customers.customer_id"):
        check_keys(broken)


# ------------------------------------------------------------------------------------ integrity


@pytest.mark.parametrize("which", ["case", "large"])
def test_keys_are_unique_and_times_are_in_order(which, request):
    case = request.getfixturevalue(which)
    for table, key in {"customers": "customer_id", "products": "product_id", "contracts": "contract_id",
                       "interactions": "interaction_id", "incidents": "incident_id", "winbacks": "attempt_id",
                       "survey": "customer_id", "churn_interviews": "customer_id", "referrals": "referred_id"}.items():
        assert case.tables[table][key].is_unique, table
    assert not case.contacts.duplicated(["contact_id", "role"]).any()
    person = case.contacts.groupby("contact_id")
    for column in ("customer_id", "name", "stance", "since", "left_on", "became_customer_id"):
        assert (person[column].nunique(dropna=False) == 1).all(), column
    assert case.contacts["stance"].between(-1, 1).all() and case.contacts["influence"].between(0, 1).all()
    assert not (case.contacts["left_on"] < case.contacts["since"]).any()
    first = case.orders[case.orders["amount"] >= 0].groupby("customer_id")["date"].min()
    joined = case.customers.set_index("customer_id")["acquired_on"]
    assert (first >= joined.reindex(first.index)).all()
    assert case.orders["date"].is_monotonic_increasing and case.orders["order_id"].is_monotonic_increasing
    one_order = case.orders.groupby("order_id")
    assert (one_order["date"].nunique() == 1).all() and (one_order["customer_id"].nunique() == 1).all()
    assert (case.internal_services["on_time"] <= case.internal_services["requests"]).all()
    dated = case.referrals.merge(case.customers, left_on="referrer_id", right_on="customer_id")
    assert (dated["date"] >= dated["acquired_on"]).all()


def test_money_is_whole_cents_and_contracts_are_order_lines(case):
    for column in ("amount", "margin"):
        assert np.array_equal(case.orders[column], np.round(case.orders[column] * 100) / 100)
    fees = case.orders[case.orders["product_id"] == "S01"].set_index(["customer_id", "date"])["amount"]
    paid = case.contracts.set_index(["customer_id", "started_on"])["price"]
    assert len(fees) == len(paid) and fees.sort_index().equals(paid.sort_index().rename("amount").rename_axis(
        index=["customer_id", "date"]))


@pytest.mark.parametrize("seed", [None, 100, 101, 102])
def test_contract_years_follow_one_another(seed):
    case = load_case(seed=seed)
    rows = case.contracts.sort_values(["customer_id", "year_number"])
    assert ((rows["due_on"] - rows["started_on"]).dt.days == 365).all()
    goes_on = rows[rows["renewed"].eq(True).fillna(False)]
    after = rows.set_index(["customer_id", "started_on"]).index
    assert all((row.customer_id, row.due_on) in after for row in goes_on.itertuples())
    ended = rows[rows["renewed"].eq(False).fillna(False)].set_index("customer_id")["due_on"]
    left = case.truth.customers.set_index("customer_id")["left_on"]
    assert left.reindex(ended.index).equals(ended.rename("left_on"))
    assert (rows["renewed"].isna() == (rows["due_on"] > case.observation_end)).all()


def test_nobody_buys_a_product_before_its_launch_or_after_leaving(case):
    lines = case.orders.merge(case.products, on="product_id").merge(case.truth.customers, on="customer_id")
    assert (lines["date"] >= lines["launched_on"]).all()
    won = case.winbacks.loc[case.winbacks["returned"].eq(True).fillna(False), "customer_id"]
    late = lines[(lines["date"] >= lines["left_on"]) & (lines["amount"] > 0) & ~lines["customer_id"].isin(won)]
    assert late.empty


def test_two_ids_share_a_name_and_nobody_else_does(case):
    truth = case.truth.customers.merge(case.customers, on="customer_id")
    assert truth.groupby("person_id")["name"].nunique().max() == 1
    assert truth.groupby("name")["person_id"].nunique().max() == 1
    twice = truth[truth.duplicated("name", keep=False)]
    assert 10 <= twice["name"].nunique() <= 40
    spans = case.orders[case.orders["amount"] > 0].groupby("customer_id")["date"].agg(["min", "max"])
    for _, pair in twice.groupby("name"):
        first, second = spans.reindex(pair["customer_id"].sort_values()).itertuples(index=False)
        assert second.min >= first.max


def test_internal_customers_bring_no_margin_and_cost_nothing_to_win(case):
    inside = case.customers[case.customers["category"] == "internal"]
    lines = case.orders[case.orders["customer_id"].isin(inside["customer_id"])]
    assert len(inside) == 8 and len(lines) > 100
    assert (lines["margin"] == 0).all() and (lines["amount"] > 0).all()
    assert inside["channel"].isna().all() and (inside["acquisition_cost"] == 0).all()


# ------------------------------------------------------------- the effects have their true size


def near(hits, trials, truth):
    """Whether a share agrees with the truth to four and a half standard errors."""
    return abs(hits / trials - truth) <= 4.5 * np.sqrt(truth * (1 - truth) / trials) + 1e-12


def test_effects_on_who_comes(large):
    truth = large.truth
    table = large.customers.merge(truth.customers, on="customer_id").drop_duplicates("person_id")
    for channel, rows in table.groupby("channel"):
        share = truth.parameters[f"transaction_share_{channel}"]
        assert near((rows["buyer_type"] == "transaction").sum(), len(rows), share), channel
    judged = table.dropna(subset=["buyer_label"])
    assert near((judged["buyer_label"] != judged["buyer_type"]).sum(), len(judged), truth.parameters["label_error"])
    outside = large.customers[large.customers["category"] != "internal"]
    assert near(outside["name"].duplicated().sum(), len(outside), truth.parameters["two_ids_share"])
    for kind in ("relationship", "transaction"):
        own = table.loc[(table["buyer_type"] == kind) & (table["category"] != "internal"), "churn_probability"]
        error = own.std() / np.sqrt(len(own))
        assert abs(own.mean() - truth.parameters[f"churn_mean_{kind}"]) < 4.5 * error, kind


def test_effects_on_buying(large):
    p = large.truth.parameters
    outside = large.customers.loc[large.customers["category"] != "internal", "customer_id"]
    lines = large.orders[large.orders["customer_id"].isin(outside) & (large.orders["amount"] > 0)]
    lines = lines.merge(large.truth.customers, on="customer_id").merge(large.products, on="product_id")
    for kind, rows in lines[lines["product_id"] != "S01"].groupby("buyer_type"):
        own = rows.groupby("customer_id")["promotion"].mean()
        assert abs(own.mean() - p[f"promotion_share_{kind}"]) < 4.5 * own.std() / np.sqrt(len(own)), kind
    goods = lines[(lines["family"] != "service") & (lines["date"] < "2025-11-01")]
    back = (large.orders["amount"] < 0) & (large.orders["date"] < "2025-11-12")
    back = back.sum()
    assert near(back, len(goods), p["return_share"])
    # the season: customers active all year, orders by month, without first orders and contract payments
    whole = large.customers.loc[large.customers["acquired_on"] < "2023-12-01", "customer_id"]
    left = large.truth.customers.set_index("customer_id")["left_on"].reindex(whole)
    whole = whole[(left.isna() | (left > "2025-01-01")).to_numpy()]
    late = lines[lines["customer_id"].isin(whole) & (lines["date"].dt.year == 2024) & (lines["product_id"] != "S01")]
    orders = late.drop_duplicates("order_id")
    day = orders["date"].dt.day_of_year
    wave = 2 * np.cos(2 * np.pi * (day - 196) / 366).mean()
    assert wave == pytest.approx(p["season_amplitude"], abs=4.5 * np.sqrt(2 / len(orders)))


def test_effects_of_the_launch(large):
    p, launch, end = large.truth.parameters, pd.Timestamp("2023-03-01"), pd.Timestamp(large.observation_end)
    coffee = large.orders[large.orders["product_id"].isin(COFFEE)].groupby("customer_id")["date"].min()
    table = large.customers.merge(large.truth.customers, on="customer_id").set_index("customer_id")
    table = table[(table["acquired_on"] < launch) & (table["category"] != "internal") & ~(table["left_on"] <= launch)]
    table = table[~table.duplicated("person_id", keep=False)]
    until = pd.concat([coffee.reindex(table.index), table["left_on"], pd.Series(end, table.index)], axis=1).min(axis=1)
    took = coffee.reindex(table.index).notna() & ~(coffee.reindex(table.index) > table["left_on"])
    for kind, rows in table.groupby("buyer_type"):
        years = (until[rows.index] - launch).dt.days.sum() / 365
        events = took[rows.index].sum()
        assert abs(events / years - p[f"adoption_rate_{kind}"]) < 4.5 * np.sqrt(events) / years, kind
    new = large.customers[(large.customers["acquired_on"] >= launch) & (large.customers["category"] != "internal")]
    new = new[~new["name"].duplicated(keep=False)]
    first_orders = large.orders.groupby("customer_id")["order_id"].min().reindex(new["customer_id"])
    holds = large.orders.loc[large.orders["product_id"] == "M07", "order_id"]
    assert near(first_orders.isin(holds).sum(), len(new), p["adoption_at_start"])


def contract_years(case):
    """Decided contract years with the truth's exit probability and what happened in them."""
    rows = case.contracts.dropna(subset=["renewed"]).merge(case.truth.contracts, on="contract_id")
    rows = rows.merge(case.truth.customers, on="customer_id").merge(case.customers, on="customer_id")
    rows["chance"] = np.where(rows["campaign"] == "call", rows["exit_probability_called"],
                              rows["exit_probability_not_called"])
    rows["exit"] = ~rows["renewed"].astype(bool)
    return rows.reset_index(drop=True)


def share_of(exits, events):
    """Return the exit share of an event, from the shares of those with it and those without."""
    return 1 - (1 - exits[events].mean()) / (1 - exits[~events].mean())


def error_of(exits, events):
    parts = [(1 - g.mean(), len(g)) for g in (exits[events], exits[~events])]
    (s1, n1), (s0, n0) = parts
    return s1 / s0 * np.sqrt((1 - s1) / s1 / n1 + (1 - s0) / s0 / n0)


def test_effects_on_staying(large):
    p, rows = large.truth.parameters, contract_years(large)
    z = (rows["exit"].sum() - rows["chance"].sum()) / np.sqrt((rows["chance"] * (1 - rows["chance"])).sum())
    assert abs(z) < 4.5
    # retention rises with tenure although nobody's own probability changes
    by_year = rows.groupby("year_number")["chance"].mean()
    assert by_year[1] > by_year[2] > by_year[3] > by_year[4], "chances by contract year"
    # neglect, within a type of buyer: managers do not choose whom to see inside a type
    talks = large.interactions[large.interactions["purpose"].isin(NOT_SELLING)]
    joined = rows[["contract_id", "customer_id", "started_on", "due_on"]].merge(talks, on="customer_id")
    inside = joined[(joined["date"] >= joined["started_on"]) & (joined["date"] < joined["due_on"])]
    assert (inside["due_on"] - inside["date"] > pd.Timedelta(days=45)).all()
    neglected = ~rows["contract_id"].isin(inside["contract_id"])
    calm = rows["campaign"] != "call"
    for kind in ("relationship", "transaction"):
        here = calm & (rows["buyer_type"] == kind)
        estimate = share_of(rows["exit"][here], neglected[here])
        assert abs(estimate - p["neglect_exit"]) < 4.5 * error_of(rows["exit"][here], neglected[here]), kind
    # ... and the comparison without types is wrong, because managers see whom they like
    confounded = share_of(rows["chance"][calm], neglected[calm])
    assert confounded > p["neglect_exit"] + 0.02, "neglect without types of buyers"
    # the departure of the only contact
    people = large.contacts.drop_duplicates("contact_id")
    gone = rows[["contract_id", "customer_id", "started_on", "due_on"]].merge(people.dropna(subset=["left_on"]),
                                                                              on="customer_id")
    gone = gone[(gone["left_on"] >= gone["started_on"]) & (gone["left_on"] < gone["due_on"])]
    others = gone[["contract_id", "customer_id", "contact_id", "left_on"]].merge(
        people, on="customer_id", suffixes=("", "_other"))
    others = others[(others["contact_id"] != others["contact_id_other"]) & (others["since"] <= others["left_on"])
                    & ~(others["left_on_other"] <= others["left_on"])]
    lone = rows["contract_id"].isin(set(gone["contract_id"]) - set(others["contract_id"]))
    here = rows["customer_id"].isin(people["customer_id"])
    estimate = share_of(rows["exit"][here], lone[here])
    assert abs(estimate - p["lone_contact_exit"]) < 4.5 * error_of(rows["exit"][here], lone[here]) + 0.02
    # the campaign, drawn by lot
    for kind, effect in (("transaction", p["campaign_backlash"]), ("relationship", 0.0)):
        seen = rows[(rows["buyer_type"] == kind) & ~neglected & rows["campaign"].notna()]
        called = seen["campaign"] == "call"
        assert abs(share_of(seen["exit"], called) - effect) < 4.5 * error_of(seen["exit"], called), kind
    seen = rows[neglected & rows["campaign"].notna() & (rows["buyer_type"] == "relationship")]
    called = seen["campaign"] == "call"
    relief = 1 - (1 - p["neglect_exit"] * (1 - p["campaign_neglect_relief"])) / (1 - p["neglect_exit"])
    assert abs(share_of(seen["exit"], called) - relief) < 4.5 * error_of(seen["exit"], called)


def test_effects_of_failures(large):
    p, rows = large.truth.parameters, contract_years(large)
    rows = rows[rows["campaign"] != "call"].reset_index(drop=True)
    joined = rows[["contract_id", "customer_id", "started_on", "due_on"]].merge(large.incidents, on="customer_id")
    joined = joined[(joined["date"] >= joined["started_on"]) & (joined["date"] < joined["due_on"])]
    number = joined.groupby("contract_id").size()
    for handling, name in (("blame_first", "blame_first_exit"), ("repaired", "repaired_exit"),
                           ("replaced_at_once", "replaced_exit")):
        once = joined[joined["contract_id"].isin(number[number == 1].index) & (joined["handling"] == handling)]
        here = rows["contract_id"].isin(once["contract_id"]) | ~rows["contract_id"].isin(number.index)
        event = rows["contract_id"].isin(once["contract_id"])[here]
        assert abs(share_of(rows["exit"][here], event) - p[name]) < 4.5 * error_of(rows["exit"][here], event), name


def test_effects_on_people(large):
    p = large.truth.parameters
    people = large.contacts.drop_duplicates("contact_id")
    end = large.truth.customers.set_index("customer_id")["left_on"].fillna(pd.Timestamp("2026-01-01"))
    until = pd.concat([people["left_on"], pd.Series(end.reindex(people["customer_id"]).to_numpy(), people.index)],
                      axis=1).min(axis=1)
    years = (until - people["since"]).dt.days.sum() / 365
    left = people["left_on"].notna().sum()
    rate = -np.log1p(-p["contact_departure_rate"])
    assert abs(left / years - rate) < 4.5 * np.sqrt(left) / years
    users = people[people["contact_id"].isin(large.contacts.loc[large.contacts["role"] == "user", "contact_id"])]
    opened = large.customers.set_index("customer_id")["acquired_on"]
    became = pd.Series(opened.reindex(users["became_customer_id"]).to_numpy(), users.index)
    years = (pd.concat([until[users.index], became], axis=1).min(axis=1) - users["since"]).dt.days / 365
    for happy, name in ((True, "user_conversion_delighted"), (False, "user_conversion_other")):
        group = (users["stance"] >= 0.5) == happy
        events, time = became[group].notna().sum(), years[group].sum()
        assert abs(events / time - p[name]) < 4.5 * np.sqrt(events) / time, name
    sent = large.truth.customers["would_have_come_anyway"].dropna()
    assert near(sent.sum(), len(sent), p["referral_anyway"])


def test_effects_on_reasons_and_returns(large):
    p = large.truth.parameters
    truth = large.truth.customers.drop_duplicates("person_id")
    shares = truth["true_reason"].value_counts(normalize=True)
    assert shares.idxmax() == "neglect" and 0.3 < shares["neglect"] < 0.5 and (shares > 0.02).all()
    asked = large.churn_interviews.merge(large.truth.customers, on="customer_id")
    neglected = asked[asked["true_reason"] == "neglect"]
    assert near((neglected["stated_reason"] == "competitor").sum(), len(neglected), p["neglect_stated_as_price"])
    rest = asked[asked["true_reason"] != "neglect"]
    assert len(rest) > len(neglected) and (rest["stated_reason"] == rest["true_reason"]).all()
    tried = large.winbacks.merge(large.truth.customers, on="customer_id")
    tried = tried.dropna(subset=["returned"]).merge(large.truth.winbacks, on="attempt_id")
    back = tried[tried["returned"].astype(bool)]
    assert near(tried["returned"].sum(), len(tried), tried["return_probability"].mean())
    years = (back["second_left_on"].fillna(pd.Timestamp("2025-12-31")) - back["date"]).dt.days.sum() / 365
    again, rate = back["second_left_on"].notna().sum(), -np.log1p(-p["second_life_exit"])
    assert abs(again / years - rate) < 4.5 * np.sqrt(again) / years + 0.03  # return takes some weeks
    for reason, rows in tried.groupby("true_reason"):
        rows = rows if reason != "competitor" else rows[rows["offer"] != "discount"]
        assert near(rows["returned"].sum(), len(rows), p[f"return_{reason}"]), reason


def test_chances_of_the_truth_are_those_of_the_parameters(large):
    """No sampling noise: win-back by reason and offer, and what a call does to a contract year."""
    p = large.truth.parameters
    tried = large.winbacks.merge(large.truth.customers, on="customer_id").merge(large.truth.winbacks, on="attempt_id")
    discounted = (tried["offer"] == "discount") & (tried["true_reason"] == "competitor")
    expected = tried["true_reason"].map(lambda reason: p[f"return_{reason}"]) * np.where(discounted, 2, 1)
    assert np.allclose(tried["return_probability"], expected, atol=1e-12)
    rows = large.contracts.merge(large.truth.contracts, on="contract_id").merge(large.truth.customers, on="customer_id")
    ratio = (1 - rows["exit_probability_called"]) / (1 - rows["exit_probability_not_called"])
    relief = (1 - p["neglect_exit"] * (1 - p["campaign_neglect_relief"])) / (1 - p["neglect_exit"])
    for kind, factor in (("relationship", 1.0), ("transaction", 1 - p["campaign_backlash"])):
        seen = ratio[rows["buyer_type"] == kind]
        near_one, near_relief = np.abs(seen - factor) < 1e-3, np.abs(seen - factor * relief) < 1e-3
        assert (near_one | near_relief).all() and near_one.any() and near_relief.any(), kind


def test_the_campaign_is_a_lottery(large):
    rows = large.contracts.dropna(subset=["campaign"]).merge(large.truth.customers, on="customer_id")
    assert rows["due_on"].min() >= pd.Timestamp("2024-01-01")
    for (kind, year), group in rows.groupby(["buyer_type", "year_number"]):
        assert near((group["campaign"] == "call").sum(), len(group), 0.5), (kind, year)


def test_customers_of_one_type_differ(large):
    """The reason why retention rises with tenure: a beta distribution, not one probability for all."""
    outside = large.truth.customers.merge(large.customers[large.customers["category"] != "internal"], on="customer_id")
    for kind, concentration in (("relationship", 12.8), ("transaction", 5.0)):
        own = outside.loc[outside["buyer_type"] == kind, "churn_probability"]
        mean = large.truth.parameters[f"churn_mean_{kind}"]
        assert own.var() == pytest.approx(mean * (1 - mean) / (concentration + 1), rel=0.1), kind


def test_the_chance_of_every_contract_year_follows_from_the_tables(large):
    """No noise at all: own probability, neglect, failures and the departure of a lone contact, and nothing else."""
    p, rows = large.truth.parameters, contract_years(large)
    years = rows[["contract_id", "customer_id", "started_on", "due_on"]]

    def within(table, day):
        joined = years.merge(table, on="customer_id")
        return joined[(joined[day] >= joined["started_on"]) & (joined[day] < joined["due_on"])]

    talks = large.interactions[large.interactions["purpose"].isin(NOT_SELLING)]
    neglected = ~rows["contract_id"].isin(within(talks, "date")["contract_id"])
    failed = within(large.incidents, "date")
    exits = failed["handling"].map({"blame_first": p["blame_first_exit"], "repaired": p["repaired_exit"],
                                    "replaced_at_once": p["replaced_exit"]})
    failures = np.exp(np.log1p(-exits).groupby(failed["contract_id"]).sum().reindex(rows["contract_id"]).fillna(0))
    people = large.contacts.drop_duplicates("contact_id")
    gone = within(people.dropna(subset=["left_on"]), "left_on")[["contract_id", "customer_id", "contact_id", "left_on"]]
    others = gone.merge(people, on="customer_id", suffixes=("", "_other"))
    others = others[(others["contact_id"] != others["contact_id_other"]) & (others["since"] <= others["left_on"])
                    & ~(others["left_on_other"] <= others["left_on"])]
    last = gone.merge(others[["contract_id", "contact_id"]].drop_duplicates(), how="left", indicator=True)
    lone = rows["contract_id"].isin(last.loc[last["_merge"] == "left_only", "contract_id"])
    stay = ((1 - rows["churn_probability"]) * (1 - p["neglect_exit"] * neglected)
            * (1 - p["lone_contact_exit"] * lone) * failures.to_numpy())
    assert lone.sum() > 500 and neglected.sum() > 5_000
    assert np.abs(1 - stay - rows["exit_probability_not_called"]).max() < 2e-6


def test_nobody_is_talked_to_between_leaving_and_coming_back(large):
    talks = large.interactions.merge(large.truth.customers, on="customer_id").dropna(subset=["left_on"])
    after = talks[talks["date"] >= talks["left_on"]]
    won = large.winbacks[large.winbacks["returned"].eq(True).fillna(False)].set_index("customer_id")["date"]
    assert len(after) and (after["date"] > won.reindex(after["customer_id"]).to_numpy()).all()


def test_effects_on_prices(large):
    p = large.truth.parameters
    lines = large.orders[(large.orders["quantity"] > 0)].merge(large.products, on="product_id")
    lines = lines.merge(large.truth.customers, on="customer_id").merge(large.customers, on="customer_id")
    lines = lines[lines["category"] != "internal"]
    year = lines["date"].dt.year - 2021
    listed = np.round(lines["list_price"] * (1 + p["price_rise"]) ** year, 2)
    paid = lines["quantity"] * listed * (1 - lines["discount"]) * np.where(lines["promotion"],
                                                                         1 - p["promotion_discount"], 1)
    assert np.allclose(lines["amount"], paid, atol=0.0051)
    delivery = lines["amount"] - lines["margin"] - lines["quantity"] * np.round(
        lines["unit_cost"] * (1 + p["price_rise"]) ** year, 2)
    assert set(delivery.round(2)) == {0, 7, 18, 40}


def test_effects_on_attention_and_failures(large):
    p, rows = large.truth.parameters, contract_years(large)
    talks = large.interactions[large.interactions["purpose"].isin(NOT_SELLING)]
    joined = rows[["contract_id", "customer_id", "started_on", "due_on"]].merge(talks, on="customer_id")
    inside = joined[(joined["date"] >= joined["started_on"]) & (joined["date"] < joined["due_on"])]
    rows["seen"] = rows["contract_id"].isin(inside["contract_id"])
    for (household, kind), group in rows.groupby([rows["category"] == "household", "buyer_type"]):
        chance = p[f"attention_{kind}"] * (p["attention_household"] if household else 1)
        assert near(group["seen"].sum(), len(group), chance), (household, kind)
    joined = rows[["contract_id", "customer_id", "started_on", "due_on", "category"]].merge(large.incidents,
                                                                                            on="customer_id")
    inside = joined[(joined["date"] >= joined["started_on"]) & (joined["date"] < joined["due_on"])]
    for household, name in ((True, "failure_rate_household"), (False, "failure_rate_organisation")):
        years = ((rows["category"] == "household") == household).sum()
        failures = ((inside["category"] == "household") == household).sum()
        assert abs(failures / years - p[name]) < 4.5 * np.sqrt(failures) / years, name


def test_tones_after_the_sale(large):
    p = large.truth.parameters
    talks = large.interactions.merge(large.customers, on="customer_id")
    day = (talks["date"] - talks["acquired_on"]).dt.days
    for low, high in ((0, 10), (80, 100), (400, 800)):
        here = day.between(low, high)
        seller = 9 - p["seller_tone_drop"] * (1 - np.exp(-day[here] / p["seller_tone_days"]))
        buyer = 4 + p["buyer_tone_rise"] / (1 + np.exp(-(day[here] - p["buyer_tone_days"]) / 25))
        for name, tone in (("seller_tone", seller), ("buyer_tone", buyer)):
            error = 1.2 / np.sqrt(here.sum()) + 0.015  # some answers are cut at the ends of the scale
            assert abs(talks.loc[here, name].mean() - tone.mean()) < 4.5 * error, (name, low)


def test_what_the_survey_says(large):
    p, survey = large.truth.parameters, large.survey.merge(large.truth.customers, on="customer_id")
    x = np.column_stack([np.ones(len(survey)), survey[["rating_product", "rating_service", "rating_image"]]])
    slopes = np.linalg.lstsq(x, survey["satisfaction"], rcond=None)[0][1:]
    for slope, name in zip(slopes, ("driver_product", "driver_service", "driver_image"), strict=True):
        assert slope == pytest.approx(p[name], abs=0.03), name
    wave = pd.Timestamp("2024-11-10")
    year = pd.Timedelta(days=365)
    blamed = large.incidents[(large.incidents["handling"] == "blame_first") & (large.incidents["date"] >= wave - year)
                             & (large.incidents["date"] < wave)]["customer_id"]
    talks = large.interactions[large.interactions["purpose"].isin(NOT_SELLING)]
    seen = talks[(talks["date"] >= wave - year) & (talks["date"] < wave)]["customer_id"]
    old = survey[(survey["customer_id"].map(large.customers.set_index("customer_id")["acquired_on"]) < wave - year)]
    x = np.column_stack([np.ones(len(old)), old["buyer_type"] == "transaction", old["customer_id"].isin(blamed),
                         ~old["customer_id"].isin(seen)]).astype(float)
    slopes = -np.linalg.lstsq(x, old["rating_service"], rcond=None)[0][1:]
    for slope, name in zip(slopes, ("service_rating_type", "service_rating_blame_first", "service_rating_neglect"),
                           strict=True):
        assert slope == pytest.approx(p[name], abs=0.3), name
    # the wallet: who has no other supplier spends everything with us
    once = ~survey["person_id"].duplicated(keep=False) & ~survey["person_id"].isin(
        large.truth.customers.loc[large.truth.customers["person_id"].duplicated(), "person_id"])
    alone = survey[(survey["suppliers_used"] == 1) & once]
    recent = large.orders[(large.orders["date"] >= wave - year) & (large.orders["date"] < wave)]
    paid = recent.groupby("customer_id")["amount"].sum().reindex(alone["customer_id"]).to_numpy()
    assert np.abs(alone["category_spend"].to_numpy() - paid).max() < 1
    for feature, truth in large.truth.kano.set_index("feature").iterrows():
        like = (survey[f"kano_{feature}_present"] == 1) & (survey[f"kano_{feature}_absent"] == 5)
        assert near(like.sum(), len(survey), truth["O"]), feature
        must = survey[f"kano_{feature}_present"].between(2, 4) & (survey[f"kano_{feature}_absent"] == 5)
        assert near(must.sum(), len(survey), truth["M"]), feature
    assert large.truth.kano[list("AOMIRQ")].sum(axis=1).to_numpy() == pytest.approx(1)


def test_who_refers_and_who_arrives_when(large):
    truth = large.truth.customers.set_index("customer_id")
    senders = truth["buyer_type"].reindex(large.referrals["referrer_id"]).value_counts()
    base = truth["buyer_type"].value_counts()
    lift = (senders["relationship"] / senders["transaction"]) / (base["relationship"] / base["transaction"])
    assert lift == pytest.approx(large.truth.parameters["referrer_relationship_lift"], rel=0.35)
    left = truth["left_on"].reindex(large.referrals["referrer_id"]).to_numpy()
    assert not (left <= large.referrals["date"].to_numpy()).any()
    month = large.customers["acquired_on"].dt.month.value_counts()
    assert month[[6, 7, 8]].sum() > 1.5 * month[[12, 1, 2]].sum()


def test_people_keep_their_names_and_machines_fail_where_there_are_any(case):
    opened = case.contacts.dropna(subset=["became_customer_id"])
    names = case.customers.set_index("customer_id")["name"]
    assert len(opened) and (names.reindex(opened["became_customer_id"].astype("int64")).to_numpy()
                            == opened["name"].to_numpy()).all()
    machines = case.orders[case.orders["product_id"].str.startswith("M")].groupby("customer_id")["date"].min()
    people = case.truth.customers.set_index("customer_id")["person_id"]
    first = machines.groupby(people.reindex(machines.index).to_numpy()).min()
    for table, day in ((case.incidents, "date"), (case.contracts, "started_on")):
        assert (first.reindex(people.reindex(table["customer_id"])).to_numpy() <= table[day].to_numpy()).all()


def test_the_core_business_earns_its_acquisition_cost(large):
    lines = large.orders.groupby("customer_id")["margin"].sum()
    served = sum(t.groupby("customer_id")["cost"].sum() for t in (large.interactions, large.incidents[["customer_id",
                                                                                                       "cost"]]))
    table = large.customers.set_index("customer_id")
    table["net"] = lines.reindex(table.index).fillna(0) - served.reindex(table.index).fillna(0)
    early = table[(table["category"] == "business") & (table["acquired_on"] < "2023-01-01")]
    assert (early["net"] - early["acquisition_cost"]).mean() > 0


def test_one_effect_changed_leaves_other_events_alone():
    """Streams of their own: with milder failures nobody leaves earlier who did not fail."""
    usual = simulate_case(seed=9, customers=2_000)
    calm = simulate_case(seed=9, customers=2_000, changes={"blame_first_exit": 0.0})
    one, two = (c.truth.customers.merge(c.customers[["customer_id", "name"]]).drop_duplicates("name").set_index("name")
                for c in (usual, calm))
    together = one.join(two, suffixes=("_one", "_two"), how="inner")
    assert len(together) > 0.9 * len(one)
    earlier = together["left_on_two"].notna() & (together["left_on_two"] < together["left_on_one"].fillna(
        pd.Timestamp("2030-01-01")))
    assert not earlier.any()


def test_internal_services_are_in_time_as_often_as_the_truth_says(large):
    for name, rows in large.internal_services.groupby("service"):
        assert near(rows["on_time"].sum(), rows["requests"].sum(), large.truth.parameters[f"on_time_{name}"]), name


def test_spend_and_profit_disagree(case):
    outside = case.customers.set_index("customer_id").query("category != 'internal'").index
    lines = case.orders.groupby("customer_id")[["amount", "margin"]].sum().reindex(outside)
    served = sum(table.groupby("customer_id")["cost"].sum().reindex(outside).fillna(0)
                 for table in (case.interactions, case.incidents))
    profit = lines["margin"] - served
    best_first = profit.sort_values(ascending=False).cumsum() / profit.sum()
    assert 1.1 < best_first.max() < 1.6 and 0.1 < (profit < 0).mean() < 0.4
    top = lines["amount"].nlargest(len(outside) // 20).index
    assert (profit[top] < 0).any() and top.isin(profit.nlargest(len(outside) // 20).index).mean() < 0.9


# ------------------------------------------------------------------------------- random numbers


def test_draws_follow_their_distributions():
    draws = Draws(5, "test")
    counts = draws.poisson(np.full(50_000, 3.7))
    expected = stats.poisson.pmf(np.arange(12), 3.7) * len(counts)
    observed = np.bincount(counts, minlength=12)[:12]
    assert (np.abs(observed - expected) < 5 * np.sqrt(expected) + 3).all()
    assert draws.poisson(np.array([0.0, 400.0]))[0] == 0
    assert draws.poisson(np.full(2_000, 150.0)).mean() == pytest.approx(150, abs=5 * np.sqrt(150 / 2_000))
    normal = draws.normal(50_000)
    assert normal.mean() == pytest.approx(0, abs=0.02) and normal.std() == pytest.approx(1, abs=0.02)
    assert draws.quantiles(gamma_quantile(2.5), 50_000).mean() == pytest.approx(1, abs=0.02)
    assert (draws.days(0.0, 5) == 10**7).all()
    assert draws.days(0.5, 50_000).mean() == pytest.approx(730, rel=0.03)
    assert set(draws.integers(np.full(200, 3), np.full(200, 6)).tolist()) == {3, 4, 5}
    assert np.bincount(draws.pick((1, 3), 40_000))[1] / 40_000 == pytest.approx(0.75, abs=0.01)
    assert np.bincount(draws.pick_by([(1, 1), (0, 1)], np.ones(50, dtype=int)), minlength=2).tolist() == [0, 50]


def test_streams_are_independent_and_known():
    """The first numbers of a stream: if they change, so does every company."""
    assert Draws(2026, "customers").uniform(2).tolist() == [0.47337513651393304, 0.7085324715503591]
    one, two = Draws(1, "a").uniform(1000), Draws(1, "b").uniform(1000)
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.15


def test_typed_gives_the_documented_types():
    table = typed({"month": ["2021-01-01"], "supplier": ["a"], "recipient": ["b"], "service": ["c"], "requests": [1.0],
                   "on_time": [1]}, COLUMNS["internal_services"])
    assert table.dtypes.astype(str).tolist() == ["datetime64[us]", "str", "str", "str", "int64", "int64"]
