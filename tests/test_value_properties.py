"""Value functions: what must not change a ranking, whatever the numbers; money to the cent."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crmlib import value

approx = pytest.approx
few = settings(max_examples=12)
NAMES = list("abcd")


@st.composite
def tables(draw, low=1, high=1000, rows=(2, 6)):
    """A table of whole numbers, in which every column differs somewhere."""
    n, k = draw(st.integers(*rows)), draw(st.integers(2, 4))
    cells = draw(st.lists(st.lists(st.integers(low, high), min_size=k, max_size=k), min_size=n, max_size=n))
    table = pd.DataFrame(cells, index=[f"r{i}" for i in range(n)], columns=NAMES[:k], dtype=float)
    assume((table.nunique() > 1).all())
    return table


def some_weights(table, seed=0):
    return pd.Series(np.random.default_rng(seed).dirichlet(np.ones(table.shape[1])), index=table.columns)


def scores(table, weights):
    """Every way to one number, costs included."""
    costs = ["a"]
    return pd.DataFrame({
        "sum": value.weighted_sum(value.normalise(table, method="minmax", costs=costs), weights),
        "vector sum": value.weighted_sum(value.normalise(table, method="vector", costs=costs), weights, scales="any"),
        "rank sum": value.weighted_sum(value.normalise(table, method="rank", costs=costs), weights),
        "product": value.weighted_product(table, weights, costs=costs),
        "topsis": value.topsis(table, weights, costs=costs)["closeness"],
        "topsis manhattan": value.topsis(table, weights, costs=costs, metric="manhattan",
                                         normalisation="minmax")["closeness"],
    })


@few
@given(tables(), st.randoms(use_true_random=False))
def test_order_of_rows_and_columns_does_not_matter(table, random):
    weights = some_weights(table)
    rows, columns = random.sample(list(table.index), len(table)), random.sample(list(table), table.shape[1])
    moved = table.loc[rows, columns]
    pd.testing.assert_frame_equal(scores(moved, weights).loc[table.index], scores(table, weights), rtol=1e-9)
    for weigh in (value.entropy_weights, *([value.critic_weights] if len(table) > 2 else [])):
        assert weigh(moved)[list(table)].tolist() == approx(weigh(table).tolist(), abs=1e-9)


@few
@given(tables())
def test_names_do_not_matter(table):
    weights = some_weights(table)
    named = table.set_axis([f"x{i}" for i in range(len(table))])
    pd.testing.assert_frame_equal(scores(named, weights).reset_index(drop=True),
                                  scores(table, weights).reset_index(drop=True))


@few
@given(tables(), st.lists(st.integers(1, 50), min_size=4, max_size=4))
def test_units_do_not_matter(table, factors):
    weights, factors = some_weights(table), np.array(factors[: table.shape[1]], dtype=float)
    ours, theirs = scores(table, weights), scores(table * factors, weights)
    others = [name for name in ours if name != "product"]
    pd.testing.assert_frame_equal(theirs[others], ours[others], rtol=1e-7, atol=1e-9)
    ratio = theirs["product"] / ours["product"]             # one factor for all: the order stays
    assert ratio.tolist() == approx([ratio.iloc[0]] * len(ratio))
    assert value.entropy_weights(table * factors).tolist() == approx(value.entropy_weights(table).tolist(), abs=1e-9)
    # min-max, z and rank do not mind another zero either
    for method in ("minmax", "z", "rank"):
        pd.testing.assert_frame_equal(value.normalise(table * factors + 7, method=method),
                                      value.normalise(table, method=method), rtol=1e-7, atol=1e-9)
    if len(table) > 2:
        assert value.critic_weights(table * factors + 7).tolist() == approx(value.critic_weights(table).tolist(),
                                                                           abs=1e-9)


@few
@given(tables())
def test_scores_lie_where_they_belong_and_more_is_never_worse(table):
    weights = some_weights(table)
    normal = value.normalise(table, method="minmax")
    plain, topsis = value.weighted_sum(normal, weights), value.topsis(table, weights)["closeness"]
    assert plain.between(-1e-9, 1 + 1e-9).all() and topsis.between(0, 1).all()
    for i in table.index:
        for j in table.index:
            if (table.loc[i] >= table.loc[j]).all():        # i dominates j
                assert plain[i] >= plain[j] - 1e-9 and topsis[i] >= topsis[j] - 1e-9


@few
@given(tables())
def test_turning_a_criterion_twice_changes_nothing(table):
    for method in ("minmax", "z", "rank"):
        costs = value.normalise(table, method=method, costs=list(table))
        gains = value.normalise(table, method=method)
        assert (costs + gains).round(9).nunique().max() == 1


@few
@given(st.lists(st.sampled_from([1 / 9, 1 / 5, 1 / 3, 1 / 2, 1, 2, 3, 5, 9]), min_size=6, max_size=6),
       st.permutations(range(4)))
def test_ahp_does_not_depend_on_the_order_of_criteria(judged, order):
    pairs = [(a, b) for i, a in enumerate(NAMES) for b in NAMES[i + 1:]]
    matrix = value.pairwise_matrix(dict(zip(pairs, judged, strict=True)))
    names = [NAMES[i] for i in order]
    for method in ("eigenvector", "geometric", "columns"):
        first, second = (value.ahp(each, method=method) for each in (matrix, matrix.loc[names, names]))
        assert second.weights[NAMES].tolist() == approx(first.weights.tolist(), abs=1e-7)
        assert second.consistency_ratio == approx(first.consistency_ratio, abs=1e-7)
        assert first.weights.sum() == approx(1) and (first.judgements["factor"] >= 1 - 1e-9).all()
    assert value.ahp(matrix).lambda_max >= 4 - 1e-7


@few
@given(st.lists(st.floats(0.2, 3), min_size=4, max_size=4))
def test_consistent_comparisons_give_back_the_weights(raw):
    weights = np.array(raw) / np.sum(raw)
    matrix = pd.DataFrame(weights[:, None] / weights, index=NAMES, columns=NAMES)
    for method in ("eigenvector", "geometric", "columns"):
        result = value.ahp(matrix, method=method, largest=None)
        assert result.weights.tolist() == approx(weights.tolist()) and result.consistency_ratio == approx(0, abs=1e-9)


@few
@given(tables(rows=(3, 6)), st.integers(0, 99), st.integers(1, 2))
def test_the_list_changes_only_at_the_ends_of_the_range(table, seed, places):
    normal, weights = value.normalise(table, method="minmax"), some_weights(table, seed)
    total = value.weighted_sum(normal, weights).round(9)
    assume(total.nunique() == len(total))
    members = set(value.choose(value.weighted_sum(normal, weights), places))
    found = value.stable_range(normal, weights, "a", places=places)
    assert found["low"] <= weights["a"] <= found["high"]
    for t in np.linspace(found["low"], found["high"], 7)[1:-1]:
        moved = value.weighted_sum(normal, value.moved_weights(weights, "a", t))
        assert set(value.choose(moved, places, ties="order")) == members


@few
@given(tables(rows=(3, 6)))
def test_shares_sum_to_one(table):
    normal = value.normalise(table, method="minmax")
    weights = some_weights(table)
    assume(value.weighted_sum(normal, weights).round(6).nunique() > 1)
    assert value.effective_weights(normal, weights).sum() == approx(1)
    drawn = value.weight_simulation(normal, draws=50, seed=1, places=2)
    assert drawn["p_chosen"].sum() == approx(2) and drawn["p_first"].sum() == approx(1)


@few
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(-50_000, 500_000)), min_size=4, max_size=20))
def test_cumulative_sales_are_exact_to_the_cent(rows):
    """Whatever the order of the lines: x1 is the sum of the cents. The models of x2 are not what is tested here."""
    lines = pd.DataFrame({"customer_id": [who for who, _ in rows], "amount": [cents / 100 for _, cents in rows],
                          "date": pd.Timestamp("2025-05-01"), "product_id": "a"})
    sums = pd.Series([cents for _, cents in rows]).groupby(lines["customer_id"]).sum() / 100
    from crmlib.value.accounts import cumulative_sales

    found = cumulative_sales(lines, as_of="2025-12-31", accounts=sums.index)
    assert found.tolist() == sums.tolist()
    assert cumulative_sales(lines[::-1], as_of="2025-12-31", accounts=sums.index).tolist() == sums.tolist()
    assert (cumulative_sales(lines, as_of="2025-04-30", accounts=sums.index) == 0).all()
