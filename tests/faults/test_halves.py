"""Statistics that verdicts rest on: on two disjoint halves of a large set, of a model trained for it, they agree."""

import numpy as np
import pytest

from models import run_settings
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.fresh_errors import Kind, fresh_errors
from recurrence_circuits.measures.quality import LEVELS, quantile_interval
from recurrence_circuits.measures.reduced_models import measure_reduced_models
from recurrence_circuits.measures.statistics import ratio
from recurrence_circuits.model.weights import new_model
from recurrence_circuits.tasks.base import make_task
from recurrence_circuits.tasks.dataset import draw_sequences
from recurrence_circuits.training.loop import train

HALF = 8192
RUN = run_settings(
    data={"context_length": 10},
    model={"n_layers": 3, "n_heads": 2, "d_model": 32, "d_mlp": 64},
    training={"steps": 1200, "batch_size": 64, "warmup_steps": 60, "learning_rate": 3e-3, "evaluate_every": 400},
)
TASK = make_task(RUN.task, RUN.data)


@pytest.fixture(scope="module")
def models():
    sequences = draw_sequences(RUN.task, RUN.data, "train", RUN.training.steps * RUN.training.batch_size)["sequences"]
    validation = draw_sequences(RUN.task, RUN.data, "validation", 512)["sequences"]
    trained = train(RUN, sequences, validation).model
    return {"model": trained, "untrained": new_model(RUN).eval().requires_grad_(False)}


@pytest.fixture(scope="module")
def sequences():
    return draw_sequences(RUN.task, RUN.data, "fresh", 2 * HALF)["sequences"]


@pytest.fixture(scope="module")
def errors(models, sequences):
    found = fresh_errors(models, TASK, RUN.data.noise, sequences)
    learned = found["model"][Kind("early", "relative_error")].mean()
    assert learned < 0.5 * found["best_linear"][Kind("early", "relative_error")].mean()  # or nothing is tested
    return found


@pytest.mark.parametrize("name", ["model", "untrained"])
def test_quantiles_of_halves_have_intervals_that_overlap(errors, name):
    for kind, error in errors[name].items():
        for level in LEVELS[:3]:
            (_, low, high), (_, other_low, other_high) = (
                quantile_interval(np.sort(half), level, 0.95) for half in (error[:HALF], error[HALF:])
            )
            assert max(low, other_low) <= min(high, other_high), (kind, level)


@pytest.mark.parametrize("name", ["model", "untrained"])
def test_relative_errors_and_their_ratios_to_the_strongest_baseline_agree(errors, name):
    bootstrap = Bootstrap(2 * HALF, 300, 0.95, np.random.default_rng(0))
    for positions in ("early", "determined"):
        own, least = (errors[of][Kind(positions, "relative_error")] for of in (name, "best_linear"))
        assert bootstrap.disagreement(own) < 1
        assert bootstrap.disagreement(np.stack([own, least], axis=-1), ratio) < 1


def test_explained_shares_agree(models, sequences):
    bootstrap = Bootstrap(HALF, 200, 0.95, np.random.default_rng(0))
    halves = [measure_reduced_models(models["model"], half, 2, bootstrap) for half in sequences.split(HALF)]
    first, second = (
        frame[frame["position"].isna() & frame["low"].notna()].set_index(["reduced", "measure"]) for frame in halves
    )
    width = np.minimum(first["high"] - first["low"], second["high"] - second["low"])
    difference = (first["value"] - second["value"]).abs()
    assert len(difference) > 20
    assert (difference <= width + 1e-9).all()


def test_a_mean_that_one_sequence_decides_is_found_out(errors):
    """The same check on errors of which one sequence is made to carry more than all others: halves disagree."""
    spoilt = errors["model"][Kind("early", "relative_error")].copy()
    spoilt[5] = 5 * spoilt.sum()
    bootstrap = Bootstrap(2 * HALF, 300, 0.95, np.random.default_rng(0))
    assert bootstrap.disagreement(spoilt) > 1
