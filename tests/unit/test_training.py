"""Training: the order of sequences, the schedule, repeatability, and stopping on a loss that is no number."""

import math

import pytest
import torch

from models import run_settings, training_settings
from recurrence_circuits.model.weights import snapshot_steps
from recurrence_circuits.tasks.dataset import draw_sequences
from recurrence_circuits.training.batches import BatchOrder, learning_rate_factor
from recurrence_circuits.training.loop import pick_device, progress_line, train


def data(run, n=64):
    """Training and validation sequences."""
    return tuple(draw_sequences(run.task, run.data, part, n)["sequences"] for part in ("train", "validation"))


def test_a_pass_takes_every_sequence_once():
    order = BatchOrder(20, 6, torch.Generator().manual_seed(0))
    taken = torch.cat([next(order) for _ in range(10)])  # three passes of 20
    for start in (0, 20, 40):
        assert sorted(taken[start : start + 20].tolist()) == list(range(20))
    assert taken[:20].tolist() != taken[20:40].tolist()


def test_the_learning_rate_warms_up_and_decays():
    settings = training_settings(steps=100, warmup_steps=10, final_learning_rate=0.1)
    factors = [learning_rate_factor(step, settings) for step in range(101)]
    assert factors[0] == pytest.approx(0.1)
    assert max(factors) == factors[10] == pytest.approx(1)
    assert factors[:11] == sorted(factors[:11])
    assert factors[10:] == sorted(factors[10:], reverse=True)
    assert factors[100] == pytest.approx(0.1)
    assert factors[55] == pytest.approx(0.1 + 0.9 * (1 + math.cos(math.pi / 2)) / 2)


def test_training_repeats_bit_for_bit_and_seeds_differ():
    run = run_settings()
    first, second = (train(run, *data(run)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first.model.parameters(), second.model.parameters(), strict=True))
    assert first.history == second.history
    other = train(run_settings(seed=1), *data(run))
    assert not torch.equal(first.model.W_E, other.model.W_E)


def test_snapshots_change_nothing_but_what_is_kept():
    kept_run = run_settings(training={"n_snapshots": 3})
    plain, kept = (train(run, *data(run)) for run in (run_settings(), kept_run))
    assert all(torch.equal(a, b) for a, b in zip(plain.model.parameters(), kept.model.parameters(), strict=True))
    assert plain.history == kept.history
    assert plain.snapshots == {}
    assert list(kept.snapshots) == snapshot_steps(8, 3) == [1]  # of 8 steps: 0.008, 0.08 and 0.8 are one


def test_a_snapshot_is_what_training_to_its_step_gives():
    # A constant learning rate, so that a shorter training is the start of a longer one.
    constant = {"warmup_steps": 0, "final_learning_rate": 1.0}
    run = run_settings(training={"steps": 20, "n_snapshots": 4, **constant})
    assert snapshot_steps(20, 4) == [1, 4]
    snapshots = train(run, *data(run)).snapshots
    short = run_settings(training={"steps": 4, **constant})
    model = train(short, *data(run)).model
    assert all(torch.equal(weight, snapshots[4][name]) for name, weight in model.state_dict().items())


def test_snapshot_steps_are_even_in_log_step_and_end_before_training_does():
    assert snapshot_steps(steps=6000, n_snapshots=3) == [6, 60, 600]
    assert snapshot_steps(steps=6000, n_snapshots=0) == []
    assert snapshot_steps(steps=1, n_snapshots=5) == []
    many = snapshot_steps(steps=50, n_snapshots=100)
    assert many == sorted(set(many))
    assert (many[0], many[-1]) == (1, 47)


def test_training_learns():
    run = run_settings(training={"steps": 150, "batch_size": 32, "evaluate_every": 50, "warmup_steps": 10})
    history = train(run, *data(run, 256)).history
    assert [row["step"] for row in history] == [50, 100, 150]
    assert history[-1]["mse"] < 0.7 * history[0]["mse"]
    assert all(row["excess"] <= row["mse"] + 1e-12 for row in history)


def test_the_last_step_is_always_evaluated():
    run = run_settings(training={"steps": 7, "evaluate_every": 4})
    assert [row["step"] for row in train(run, *data(run)).history] == [4, 7]


def test_a_loss_that_is_no_number_stops_training_with_step_and_seed():
    run = run_settings(seed=3)
    sequences, validation = data(run)
    sequences[:] = 1e30
    with pytest.raises(FloatingPointError, match=r"toy seed 3: expected a finite loss, found (inf|nan) at step 1 of 8"):
        train(run, sequences, validation)


def test_progress_tells_step_loss_excess_rate_and_time_left():
    run = run_settings(training={"steps": 1000})
    line = progress_line(run, {"step": 250, "loss": 0.5, "excess": 0.01}, seconds=10.0)
    assert line == "toy seed 0  loss 0.5000  excess 1.00e-02  step 250/1000  25.0/s  0:30 left"


def test_devices():
    assert pick_device("cpu") == torch.device("cpu")
    if torch.cuda.is_available():
        assert pick_device("auto") == pick_device("cuda") == torch.device("cuda")
    else:
        assert pick_device("auto") == torch.device("cpu")
        with pytest.raises(ValueError, match=r"training\.device: expected a CUDA device"):
            pick_device("cuda")
