"""A training small enough for a test, and what it means that two trainings ended alike."""

import torch

from models import run_settings
from recurrence_circuits.config.training import USUAL
from recurrence_circuits.tasks.dataset import draw_sequences
from recurrence_circuits.training.checkpoint import TrainingState

# Snapshots, several evaluations, and passes over the sequences that end within a batch.
RUN = run_settings(training={"steps": 40, "evaluate_every": 7, "n_snapshots": 4, "batch_size": 10})


def with_optimiser(optimiser: str, model: dict | None = None, **changes):
    """The same with another optimiser, and what is usual for it."""
    keys = {"learning_rate": None, "beta1": None, "beta2": None, "precondition_every": None, "momentum": None}
    training = RUN.training.to_dict() | keys | USUAL[optimiser] | {"optimiser": optimiser} | changes
    return run_settings(training=training, model=model)


def data(run=RUN):
    """Training and validation sequences."""
    return tuple(draw_sequences(run.task, run.data, part, 64)["sequences"] for part in ("train", "validation"))


def assert_same(state: TrainingState, expected: TrainingState) -> None:
    assert state.step == expected.step
    for found, wanted in (
        (state.model.state_dict(), expected.model.state_dict()),
        *((state.snapshots[step], expected.snapshots[step]) for step in expected.snapshots),
    ):
        assert all(torch.equal(found[name], wanted[name]) for name in wanted)
    assert list(state.snapshots) == list(expected.snapshots)
    assert state.history == expected.history
