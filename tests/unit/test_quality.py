"""Quantiles of the error: of planted errors, with intervals that cover also where the tail is heavy."""

import numpy as np
import pytest

from models import random_model, run_settings
from recurrence_circuits.measures.quality import LEVELS, measure_quality, quantile_interval, sequence_errors
from recurrence_circuits.tasks.dataset import draw_sequences


def test_quantiles_are_those_of_the_sequences_errors_at_the_determined_positions():
    run, model = run_settings(), random_model()
    table = measure_quality({"model": model}, run, 2, 1000, 0.95)
    fresh = draw_sequences(run.task, run.data, "fresh", 1000)["sequences"]
    errors = (model(fresh[:, :-1]).prediction - fresh[:, 1:]).square()[:, 2:, 0].double().mean(dim=1).numpy()
    assert table["level"].tolist() == list(LEVELS)
    np.testing.assert_allclose(table["value"], np.quantile(errors, LEVELS), rtol=1e-5)
    np.testing.assert_allclose(sequence_errors(model, fresh, 2), errors, rtol=1e-5)
    assert (table["low"] <= table["value"]).all()
    assert (table["value"] <= table["high"].fillna(np.inf)).all()


def test_fresh_sequences_are_no_other_part_of_the_data():
    run = run_settings()
    parts = [draw_sequences(run.task, run.data, part, 50)["sequences"] for part in ("fresh", "train", "test")]
    assert not np.isin(parts[0].numpy(), np.concatenate([part.numpy() for part in parts[1:]])).any()


@pytest.mark.parametrize("draw", ["normal", "standard_cauchy", "heavy"])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.99])
def test_intervals_cover_the_true_quantile_whatever_the_tail(draw, level):
    """Of 400 samples at 90 %, between 86 and 97 % may cover: order statistics err on the side of too wide."""
    generator = np.random.default_rng(0)
    sample = (lambda n: generator.pareto(0.5, n)) if draw == "heavy" else (lambda n: getattr(generator, draw)(size=n))
    truth = np.quantile(sample(4_000_000), level)
    covered = 0
    for _ in range(400):
        _, low, high = quantile_interval(np.sort(sample(1000)), level, 0.9)
        covered += low <= truth <= high
    assert 0.86 <= covered / 400 <= 0.97


def test_an_end_beyond_the_sample_is_not_known():
    value, low, high = quantile_interval(np.arange(100.0), 0.999, 0.95)
    assert value == pytest.approx(98.901)
    assert low < value
    assert np.isnan(high)
    assert np.isnan(quantile_interval(np.arange(100.0), 0.001, 0.95)[1])
