"""What must hold for any parameters and any history: bounds, order, linearity, agreement of the parts."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib import btyd
from crmlib.units import convert_time
from tests.btyd_data import NBD, at, customers, fit, split

QUICK = settings(max_examples=60)

positive = st.floats(0.05, 20)
PARAMS = st.tuples(positive, st.floats(0.5, 200), st.floats(0.05, 8), positive)
PARETO_PARAMS = st.tuples(positive, st.floats(0.5, 200), st.floats(0.05, 8), st.floats(0.5, 200))
NAMES = st.sampled_from(NBD)
HORIZONS = st.floats(0, 500)
UNITS = st.sampled_from(["day", "week", "month", "quarter", "year"])
RATES = st.floats(0, 1)


@st.composite
def histories(draw, size=6, most=60):
    """Possible customers: recency between 0 and T, and 0 for who never came back."""
    rows = []
    for _ in range(draw(st.integers(1, size))):
        age = draw(st.floats(0.5, 300))
        frequency = draw(st.integers(0, most))
        recency = age * draw(st.floats(0.001, 1)) if frequency else 0.0
        rows.append((frequency, recency, age))
    return customers(*rows)


@st.composite
def models(draw):
    name = draw(NAMES)
    return at(name, draw(PARETO_PARAMS if name == "Pareto/NBD" else PARAMS))


@given(model=models(), data=histories())
@settings(QUICK)
def test_alive_is_a_probability(model, data):
    alive = btyd.probability_alive(model, data)
    assert alive.between(0, 1).all()
    if model.name == "BG/NBD":
        assert (alive[data["frequency"] == 0] == 1).all()


@given(model=models(), data=histories(), horizon=HORIZONS, unit=UNITS)
@settings(QUICK)
def test_no_purchase_is_a_probability_that_fits_the_others(model, data, horizon, unit):
    options = {"horizon": horizon, "horizon_unit": unit}
    zeros = btyd.probability_no_purchase(model, data, **options)
    alive = btyd.probability_alive(model, data)
    mean = btyd.expected_purchases(model, data, **options)
    assert zeros.between(0, 1).all()
    # who buys is alive; and a mean counts every buyer at least once (Markov)
    assert (1 - zeros <= alive + 1e-8).all()
    assert (1 - zeros <= mean + 1e-6 + 1e-6 * mean).all()


@given(model=models(), data=histories(), horizons=st.lists(HORIZONS, min_size=2, max_size=4), unit=UNITS)
@settings(QUICK)
def test_more_time_means_more_purchases_and_fewer_zeros(model, data, horizons, unit):
    # apart by a millionth: below it rounding decides
    horizons = sorted({round(h, 3) for h in horizons})
    means = [btyd.expected_purchases(model, data, horizon=h, horizon_unit=unit).to_numpy() for h in horizons]
    zeros = [btyd.probability_no_purchase(model, data, horizon=h, horizon_unit=unit).to_numpy() for h in horizons]
    for earlier, later in zip(means, means[1:], strict=False):
        assert (earlier >= 0).all()
        assert (later >= earlier * (1 - 1e-8) - 1e-9).all()
    for earlier, later in zip(zeros, zeros[1:], strict=False):
        assert (later <= earlier + 1e-9).all()
    new = btyd.expected_purchases_new(model, horizon=np.array(horizons), horizon_unit=unit)
    assert (np.diff(new) >= -1e-8 * new[1:] - 1e-9).all() and (new >= -1e-12).all()


@given(model=models(), data=histories(), horizon=st.floats(0.1, 100), rates=st.tuples(RATES, RATES),
       timing=st.sampled_from(["end", "middle"]))
@settings(QUICK)
def test_discounting_lowers_and_a_higher_rate_lowers_more(model, data, horizon, rates, timing):
    low, high = sorted(rates)
    options = {"horizon": horizon, "horizon_unit": "week"}
    plain = btyd.expected_purchases(model, data, **options)
    cheap, dear = (btyd.discounted_purchases(model, data, **options, annual_discount_rate=r, timing=timing)
                   for r in (low, high))
    assert (cheap <= plain * (1 + 1e-9) + 1e-9).all()
    assert (dear <= cheap * (1 + 1e-9) + 1e-9).all()
    # nothing is discounted by more than the whole horizon
    most = (1 + high) ** -convert_time(horizon, "week", "year")
    assert (dear >= plain * most * (1 - 1e-7) - 1e-9).all()


@given(margins=st.tuples(st.floats(0.01, 0.5), st.floats(0.01, 0.5)), horizon=st.floats(0, 36), rate=RATES,
       name=NAMES)
@settings(QUICK, max_examples=25)
def test_lifetime_value_is_linear_in_the_margin_and_the_sum_of_its_parts(margins, horizon, rate, name):
    data, spend = split().head(40), fit("Gamma-Gamma")
    options = {"horizon": horizon, "horizon_unit": "month", "annual_discount_rate": rate}
    first, second, both = (btyd.lifetime_value(fit(name), spend, data, margin=m, **options)
                           for m in (*margins, sum(margins)))
    np.testing.assert_allclose(first + second, both, rtol=1e-12, atol=1e-15)
    parts = btyd.discounted_purchases(fit(name), data, **options) * btyd.expected_spend(spend, data) * margins[0]
    np.testing.assert_allclose(first, parts, rtol=1e-12)
    assert (btyd.lifetime_value(fit(name), spend, data, margin=0, **options) == 0).all()


@given(x=st.integers(0, 200), money=st.floats(0.01, 1e5), p=st.floats(0.1, 30), q=st.floats(1.01, 30),
       v=st.floats(0.1, 1e4))
@settings(QUICK)
def test_expected_spend_lies_between_own_and_population_mean(x, money, p, q, v):
    model = at("Gamma-Gamma", (p, q, v))
    data = pd.DataFrame({"frequency": [x, 0], "monetary_value": [money, 0.0]})
    own, population = btyd.expected_spend(model, data)
    assert population == pytest.approx(p * v / (q - 1), rel=1e-12)
    low, high = sorted((money, population)) if x else (population, population)
    assert low * (1 - 1e-9) <= own <= high * (1 + 1e-9)
    # the posterior mean written another way: p (v + x m) / (p x + q - 1)
    assert own == pytest.approx(p * (v + x * money) / (p * x + q - 1), rel=1e-9)


@given(params=PARAMS, horizon=st.floats(0.01, 300), name=st.sampled_from(["BG/NBD", "MBG/NBD"]))
@settings(QUICK)
def test_count_probabilities_are_probabilities_and_start_at_no_purchase(params, horizon, name):
    model = at(name, params)
    chances = btyd.purchase_count_probability_new(model, np.arange(200), horizon=horizon, horizon_unit="week")
    assert ((chances >= 0) & (chances <= 1 + 1e-12)).all() and chances.sum() <= 1 + 1e-9
    if name == "BG/NBD":
        nobody = btyd.probability_no_purchase(model, customers((0, 0, 0.0)), horizon=horizon, horizon_unit="week")
        assert chances[0] == pytest.approx(nobody.item(), rel=1e-9)


@given(data=histories(size=12), factor=st.sampled_from([7.0, 30.415, 1 / 7]), model=models(), horizon=HORIZONS)
@settings(QUICK)
def test_time_has_no_unit_of_its_own(data, factor, model, horizon):
    """All times and time parameters multiplied alike: the same counts, the same probabilities."""
    scale = [1.0, factor, 1.0, factor if model.name == "Pareto/NBD" else 1.0]
    other = at(model.name, model.params.to_numpy() * scale)
    stretched = data.assign(recency=data["recency"] * factor, T=data["T"] * factor)
    for function in (btyd.expected_purchases, btyd.probability_no_purchase):
        np.testing.assert_allclose(
            function(other, stretched, horizon=horizon * factor, horizon_unit="week"),
            function(model, data, horizon=horizon, horizon_unit="week"), rtol=1e-6, atol=1e-8)


@given(data=histories(size=10), seed=st.integers(0, 1000), model=models())
@settings(QUICK, max_examples=30)
def test_order_and_company_do_not_matter(data, seed, model):
    shuffled = data.sample(frac=1, random_state=seed)
    options = {"horizon": 26, "horizon_unit": "week"}
    for function in (btyd.expected_purchases, btyd.probability_no_purchase):
        together = function(model, data, **options)
        again = function(model, shuffled, **options)
        assert again.index.equals(shuffled.index)
        np.testing.assert_allclose(again.sort_index(), together, rtol=1e-12)
        alone = function(model, data.tail(1), **options)
        np.testing.assert_allclose(alone, together.tail(1), rtol=1e-12)


@given(data=histories(size=15, most=3), weights=st.lists(st.integers(1, 5), min_size=15, max_size=15))
@settings(QUICK, max_examples=40)
def test_counting_cells_keeps_every_customer(data, weights):
    counted = data.assign(customers=weights[: len(data)])
    rows = data.loc[data.index.repeat(counted["customers"])]
    a, b = btyd.count_cells(counted), btyd.count_cells(rows)
    pd.testing.assert_frame_equal(a, b)
    assert a["customers"].sum() == len(rows)
    assert not a.duplicated(["frequency", "recency", "T"]).any()
    assert (a["frequency"] * a["customers"]).sum() == rows["frequency"].sum()


@given(x=st.integers(1, 30), age=st.floats(1, 300), shares=st.tuples(st.floats(0.01, 1), st.floats(0.01, 1)),
       model=models())
@settings(QUICK)
def test_who_bought_later_is_more_likely_alive(x, age, shares, model):
    early, late = sorted(shares)
    alive = btyd.probability_alive(model, customers((x, age * early, age), (x, age * late, age)))
    assert alive[1] >= alive[0] - 1e-9


@given(alpha=positive, beta=positive, gamma=positive, delta=positive, n=st.integers(1, 15), t=st.integers(0, 20),
       data=st.data())
@settings(QUICK)
def test_bg_bb_bounds(alpha, beta, gamma, delta, n, t, data):
    recency = data.draw(st.integers(0, n))
    x = data.draw(st.integers(1, recency)) if recency else 0
    model = at("BG/BB", (alpha, beta, gamma, delta))
    row = customers((x, recency, n), unit="year", names=("frequency", "recency", "n_periods"))
    alive = btyd.probability_alive(model, row).item()
    ahead = btyd.probability_alive(model, row, periods_ahead=t).item()
    mean = btyd.expected_purchases(model, row, horizon=t, horizon_unit="year").item()
    zero = btyd.probability_no_purchase(model, row, horizon=t, horizon_unit="year").item()
    assert 0 <= ahead <= alive + 1e-12 <= 1 + 2e-12
    assert -1e-6 <= mean <= t * alive * (1 + 1e-6) + 1e-6
    assert 1 - alive - 1e-9 <= zero <= 1
    assert 1 - zero <= mean + 1e-5
