"""Intervals against scipy's own, correlations and slopes against numpy's."""

import numpy as np
import pytest
from scipy.stats import bootstrap as scipy_bootstrap

from recurrence_circuits.claims.verdicts import wilson
from recurrence_circuits.measures import statistics
from recurrence_circuits.measures.bootstrap import Bootstrap, identity
from recurrence_circuits.measures.statistics import correlation, moments, ratio, slope

RNG = np.random.default_rng(0)


def bootstrap(n, resamples=4000, confidence=0.95):
    return Bootstrap(n, resamples, confidence, np.random.default_rng(1))


def test_the_interval_of_a_mean_is_scipys():
    values = RNG.exponential(size=200)
    value, low, high = bootstrap(200).interval(values)
    theirs = scipy_bootstrap((values,), np.mean, n_resamples=4000, method="percentile", rng=2).confidence_interval
    spread = theirs.high - theirs.low
    assert value == pytest.approx(values.mean())
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=0.1 * spread)


def test_without_resamples_there_is_the_value_alone():
    values = RNG.exponential(size=(50, 3))
    expected = bootstrap(50).interval(values)[0]
    np.testing.assert_allclose(Bootstrap.without_resamples(50).interval(values), np.stack([expected] * 3))


def test_every_column_gets_its_own_interval():
    values = RNG.normal(size=(50, 3, 2))
    both = bootstrap(50).interval(values)
    assert both.shape == (3, 3, 2)
    np.testing.assert_allclose(both[:, 1, 0], bootstrap(50).interval(values[:, 1, 0]))


def test_an_interval_is_that_of_explicit_resampling():
    """The product of counts and values is the mean over sequences drawn again and again, from the same stream."""
    values = RNG.exponential(size=(60, 4, 2))
    drawn = np.random.default_rng(1).integers(60, size=(4000, 60))
    means = np.stack([values[draw].mean(axis=0) for draw in drawn])  # resample 4 2
    for statistic, explicit, whole in (
        (identity, means, values.mean(axis=0)),
        (ratio, means[..., 0] / means[..., 1], values.mean(axis=0)[:, 0] / values.mean(axis=0)[:, 1]),
    ):
        found = bootstrap(60).interval(values, statistic)
        np.testing.assert_allclose(found, [whole, *np.quantile(explicit, [0.025, 0.975], axis=0)], rtol=1e-12)


@pytest.mark.parametrize("most", [1, 4000 * 3 * 2, 2**24])
def test_many_intervals_are_each_by_itself(most, monkeypatch):
    """However many of them fit in memory: one, two, all."""
    monkeypatch.setattr("recurrence_circuits.measures.bootstrap.MOST", most)
    values = [RNG.exponential(size=(50, 3)) for _ in range(5)]
    together = bootstrap(50).intervals(values)
    assert len(together) == 5
    for found, each in zip(together, values, strict=True):
        np.testing.assert_allclose(found, bootstrap(50).interval(each), rtol=1e-12)
    assert bootstrap(50).intervals([]) == []


def test_rows_carry_their_columns():
    a, b = RNG.exponential(size=(2, 50, 2))
    rows = bootstrap(50).rows([({"name": "a"}, a), ({"name": "b"}, b)], ratio)
    assert rows["name"].tolist() == ["a", "b"]
    for values, row in zip((a, b), rows[["value", "low", "high"]].to_numpy(), strict=True):
        np.testing.assert_allclose(row, bootstrap(50).interval(values, ratio))


def test_a_constant_has_no_spread():
    np.testing.assert_allclose(bootstrap(20).interval(np.full(20, 3.0)), 3.0)


def test_halves_agree_where_all_sequences_count_alike_and_not_where_a_few_decide():
    resampled, generator = bootstrap(1000, resamples=400), np.random.default_rng(3)
    light, heavy = generator.exponential(size=(1000, 500)), generator.pareto(0.7, size=(1000, 500))
    assert np.mean(resampled.disagreement(light) > 1) < 0.05
    assert np.mean(resampled.disagreement(heavy) > 1) > 0.3
    pair = np.stack([3 * heavy[:, 0] + light[:, 0] * heavy[:, 0], heavy[:, 0]], axis=-1)
    assert resampled.disagreement(pair, ratio).shape == ()


def test_disagreement_is_that_of_the_halves_own_intervals():
    values = RNG.exponential(size=60)
    first, second = values[:30], values[30:]
    counts = bootstrap(60).weights
    widths = []
    for part, columns in ((first, slice(0, 30)), (second, slice(30, 60))):
        means = [np.average(part, weights=row) for row in counts[:, columns]]
        widths.append(np.diff(np.quantile(means, [0.025, 0.975]))[0])
    expected = abs(first.mean() - second.mean()) / min(widths)
    assert bootstrap(60).disagreement(values) == pytest.approx(expected)


def test_a_paired_ratio_is_tighter_than_its_parts():
    size = RNG.lognormal(sigma=2, size=500)
    value, low, high = bootstrap(500).interval(np.stack([2 * size, size], axis=-1), ratio)
    np.testing.assert_allclose([value, low, high], 2.0)


def test_a_wider_confidence_gives_a_wider_interval():
    values = RNG.normal(size=100)
    narrow, wide = (bootstrap(100, confidence=c).interval(values) for c in (0.8, 0.99))
    assert wide[1] < narrow[1] < narrow[0] < narrow[2] < wide[2]


def test_correlation_and_slope_are_numpys():
    x = RNG.normal(size=(80, 5))
    y = 0.3 * x + RNG.normal(size=(80, 5))
    value, low, high = bootstrap(80).interval(moments(x, y, (1,)), correlation)
    assert value == pytest.approx(np.corrcoef(x.ravel(), y.ravel())[0, 1])
    assert low < value < high
    steepness = bootstrap(80).interval(moments(x, y, (1,)), slope)[0]
    assert steepness == pytest.approx(np.polyfit(x.ravel(), y.ravel(), 1)[0])


def test_a_correlation_with_a_constant_is_undefined():
    x = RNG.normal(size=(80, 5))
    assert np.isnan(bootstrap(80).interval(moments(x, np.full_like(x, 0.1), (1,)), correlation)).all()
    assert np.isnan(bootstrap(80).interval(moments(np.full_like(x, 0.1), x, (1,)), slope)).all()


def test_wilson_brackets_the_share():
    low, high = wilson(4, 5, 0.95)
    assert (low, high) == pytest.approx((0.3755, 0.9638), abs=1e-4)  # Newcombe 1998's method 3, by hand
    assert wilson(5, 5, 0.95)[1] == 1.0
    assert wilson(0, 5, 0.95)[0] == 0.0


@pytest.mark.parametrize(("successes", "trials"), [(0, 5), (4, 5), (5, 5), (17, 1000)])
def test_the_interval_of_a_measured_share_is_that_of_the_verdicts(successes, trials):
    found = statistics.wilson(np.array([successes]), np.array([trials]), 0.9)
    np.testing.assert_allclose(np.ravel(found), wilson(successes, trials, 0.9), atol=1e-12)
