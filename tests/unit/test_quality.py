"""Errors of fresh sequences: their quantiles, mean and tail, and which sequences fail."""

import numpy as np
import pytest
import torch
from scipy.stats import binom, cauchy, lognorm, pareto

from models import random_model, run_settings
from recurrence_circuits.measures import fresh_errors as fresh
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.failures import WORST, measure_failures, widths
from recurrence_circuits.measures.fresh_errors import Kind, fresh_errors
from recurrence_circuits.measures.quality import LEVELS, measure_quality, quantile_interval, tail_share
from recurrence_circuits.tasks.base import make_task
from recurrence_circuits.tasks.dataset import draw_sequences
from recurrence_circuits.tasks.errors import relative_error

OPTIONS = {"affine": {}, "affine_vector": {"dimension": 2}, "polynomial": {"degree": 2}}


def errors_of(task="affine", n=300, noise=0.0, **data):
    run = run_settings(task=task, data=OPTIONS[task] | data | {"noise": noise})
    drawn = draw_sequences(task, run.data, "fresh", n)
    model = random_model(dimension=run.data.dimension, context_length=run.data.context_length)
    return fresh_errors({"model": model}, make_task(task, run.data), noise, drawn["sequences"]), drawn, model


# ---- errors ----------------------------------------------------------------------------------------------------------


def test_errors_are_means_over_the_determined_positions_and_over_the_first_of_them(monkeypatch):
    monkeypatch.setattr(fresh, "BATCH", 70)
    errors, drawn, model = errors_of(context_length=9)
    model = random_model(context_length=9)
    x = drawn["sequences"]
    prediction = model(x[:, :-1]).prediction
    squared = (prediction - x[:, 1:]).square()[..., 0].double().numpy()
    for positions, chosen in {"determined": slice(2, 9), "early": slice(2, 7)}.items():
        found = errors["model"][Kind(positions, "squared_error")]
        np.testing.assert_allclose(found, squared[:, chosen].mean(axis=1), rtol=1e-4, atol=1e-6)
        relative = relative_error(prediction, x)[:, chosen].mean(axis=1)
        np.testing.assert_allclose(errors["model"][Kind(positions, "relative_error")], relative, rtol=1e-4, atol=1e-6)
    copied = (x[:, :-1] - x[:, 1:])[:, 2:, 0].double().square().mean(dim=1)
    np.testing.assert_allclose(errors["copy_last"][Kind("determined", "squared_error")], copied)


@pytest.mark.parametrize("task", OPTIONS)
def test_the_best_linear_and_the_best_possible_predictor_are_there_where_they_are_known(task):
    errors, *_ = errors_of(task)
    assert ("best_linear" in errors) == (task == "affine")
    assert (errors["bayes"][Kind("determined", "squared_error")] < 1e-6).all()
    assert "bayes" not in errors_of(task, noise=0.1)[0]


def test_fresh_sequences_are_no_other_part_of_the_data():
    run = run_settings()
    parts = [draw_sequences(run.task, run.data, part, 50)["sequences"] for part in ("fresh", "train", "test")]
    assert not np.isin(parts[0].numpy(), np.concatenate([part.numpy() for part in parts[1:]])).any()


# ---- quantiles, mean and tail ----------------------------------------------------------------------------------------


def test_statistics_are_numpys():
    error = np.random.default_rng(0).pareto(1.5, 2000)
    table = measure_quality({"model": {Kind("determined", "squared_error"): error}}, 0.95)
    quantiles = table[table["statistic"] == "quantile"]
    np.testing.assert_allclose(quantiles["value"], np.quantile(error, LEVELS))
    assert quantiles["level"].tolist() == list(LEVELS)
    assert (quantiles["low"] <= quantiles["value"]).all()
    assert (quantiles["value"] <= quantiles["high"].fillna(np.inf)).all()
    others = table.set_index("statistic")
    assert others.loc["mean", "value"] == pytest.approx(error.mean())
    assert others.loc["tail_share", "value"] == pytest.approx(np.sort(error)[-2:].sum() / error.sum())
    assert others.loc[["mean", "tail_share"], ["low", "high"]].isna().all(axis=None)


def test_a_planted_outlier_is_the_tail():
    ascending = np.array([1.0] * 999 + [999.0])
    assert tail_share(ascending, 0.999) == pytest.approx(0.5)
    assert tail_share(np.ones(1000), 0.999) == pytest.approx(0.001)
    assert np.isnan(tail_share(np.zeros(1000), 0.999))


def test_an_end_beyond_the_sample_is_not_known():
    value, low, high = quantile_interval(np.arange(100.0), 0.999, 0.95)
    assert value == pytest.approx(98.901)
    assert low < value
    assert np.isnan(high)
    assert np.isnan(quantile_interval(np.arange(100.0), 0.001, 0.95)[1])


# ---- coverage on planted tails ---------------------------------------------------------------------------------------

REPEATS, CONFIDENCE = 400, 0.9
TAILS = {"cauchy": cauchy(), "lognormal": lognorm(3), "pareto": pareto(0.5)}  # none has a mean that a sample tells


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("level", [0.5, 0.9, 0.99])
def test_the_interval_of_a_quantile_covers_it_whatever_the_tail(tail, level):
    """At least as often as it says, and not much more: an order statistic more at either end is all that it adds."""
    generator, truth = np.random.default_rng(0), TAILS[tail].ppf(level)
    covered = 0
    for _ in range(REPEATS):
        _, low, high = quantile_interval(np.sort(TAILS[tail].rvs(1000, random_state=generator)), level, CONFIDENCE)
        covered += low <= truth <= high
    assert binom.ppf(0.001, REPEATS, CONFIDENCE) <= covered <= binom.ppf(0.999, REPEATS, 0.97)


def test_the_bootstrap_of_a_mean_covers_where_there_is_no_tail_and_does_not_where_there_is():
    """Which is why `quality` gives its mean no interval."""
    bootstrap = Bootstrap(500, 400, CONFIDENCE, np.random.default_rng(1))
    covered = {}
    for name, law in {"light": lognorm(0.5), "heavy": lognorm(3)}.items():
        samples = law.rvs((500, REPEATS), random_state=np.random.default_rng(0))
        _, low, high = bootstrap.interval(samples)
        covered[name] = np.sum((low <= law.mean()) & (law.mean() <= high))
    assert covered["light"] >= binom.ppf(0.001, REPEATS, 0.88)  # percentile intervals fall a little short
    assert covered["heavy"] < binom.ppf(1e-9, REPEATS, CONFIDENCE)


# ---- failures --------------------------------------------------------------------------------------------------------


def planted(wide: str, n: int = 4000):
    """Errors that grow with one of the widths."""
    generator = torch.Generator().manual_seed(0)
    drawn = {name: torch.randn(n, generator=generator, dtype=torch.float64) for name in ("a", "b")}
    drawn["sequences"] = torch.randn(n, 5, 1, generator=generator)
    error = widths(drawn)[wide] ** 2
    return {"model": {Kind("determined", measure): error for measure in ("squared_error", "relative_error")}}, drawn


@pytest.mark.parametrize("wide", ["largest_term", "a", "b"])
def test_planted_failures_are_where_they_were_planted(wide):
    errors, drawn = planted(wide)
    table = measure_failures(errors, drawn, 0.95)
    assert set(table["by"]) == {"largest_term", "a", "b"}
    own = table[(table["by"] == wide) & (table["measure"] == "squared_error")].sort_values("lower")
    assert (own["value"].iloc[-3:] == 1).all()  # the bins above the 99 % quantile
    assert (own["value"].iloc[:-3] == 0).all()
    assert (own["low"] <= own["value"] + 1e-12).all()
    assert (own["value"] <= own["high"] + 1e-12).all()
    for by in {"largest_term", "a", "b"} - {wide}:
        other = table[(table["by"] == by) & (table["measure"] == "squared_error")].sort_values("lower")
        assert (other["low"].iloc[:5] <= 1 - WORST).all()
        assert other["value"].iloc[:5].max() < 0.03


def test_shares_count_every_failure_once():
    errors, drawn, _ = errors_of(n=1000)
    table = measure_failures(errors, drawn, 0.95)
    assert set(table["by"]) == {"largest_term", "a", "b", "x0"}
    assert set(table["predictor"]) == {"model", "copy_previous", "best_linear"}
    one = table[(table["by"] == "b") & (table["predictor"] == "model") & (table["measure"] == "squared_error")]
    b = np.abs(drawn["b"].numpy())
    counts = [np.sum((b >= row.lower) & ((b < row.upper) | (row.upper == b.max()))) for row in one.itertuples()]
    assert sum(counts) == 1000
    assert (one["value"] * counts).sum() == pytest.approx(10)


@pytest.mark.parametrize("task", ["affine_vector", "polynomial"])
def test_where_parameters_are_no_single_numbers_only_the_terms_are_left(task):
    errors, drawn, _ = errors_of(task)
    table = measure_failures(errors, drawn, 0.95)
    assert set(table["by"]) == {"largest_term"}
    assert (drawn["sequences"][:, :-1].abs().amax(dim=(1, 2)).numpy() == widths(drawn)["largest_term"]).all()
