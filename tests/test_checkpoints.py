"""Training that is stopped and goes on: the same bits as if it had never been stopped, or a refusal."""

import json
import os
import random
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch
from models import run_settings
from recurrence_circuits import training_state
from recurrence_circuits.batches import BatchOrder
from recurrence_circuits.dataset import draw_sequences
from recurrence_circuits.preemption import Stopped
from recurrence_circuits.tensors import read_tensors, write_tensors
from recurrence_circuits.training import train
from recurrence_circuits.training_state import Checkpoints, TrainingState
from safetensors.torch import load_file

TESTS = Path(__file__).resolve().parent
# Snapshots, several evaluations, and passes over the sequences that end within a batch.
RUN = run_settings(
    training={"steps": 40, "evaluate_every": 7, "n_snapshots": 4, "batch_size": 10}, data={"n_train": 64}
)


def data(run=RUN):
    return tuple(
        torch.from_numpy(draw_sequences(run.task, run.data, part, 64)["sequences"]) for part in ("train", "test")
    )


@pytest.fixture
def checkpoints(tmp_path):
    return Checkpoints(str(tmp_path / "checkpoint.safetensors"), every=5, code="c0de")


@pytest.fixture(scope="module")
def uninterrupted():
    return train(RUN, *data())


def assert_same(state: TrainingState, expected: TrainingState) -> None:
    assert state.step == expected.step
    for found, wanted in (
        (state.model.state_dict(), expected.model.state_dict()),
        *((state.snapshots[step], expected.snapshots[step]) for step in expected.snapshots),
    ):
        assert all(torch.equal(found[name], wanted[name]) for name in wanted)
    assert list(state.snapshots) == list(expected.snapshots)
    assert state.history == expected.history


def stop_after(monkeypatch, step: int, number: int) -> None:
    """Send this process a signal at the end of a step."""
    from recurrence_circuits import training

    take_step = training.take_step

    def take_step_and_signal(state, *arguments):
        rate = take_step(state, *arguments)
        if state.step == step:
            os.kill(os.getpid(), number)
        return rate

    monkeypatch.setattr(training, "take_step", take_step_and_signal)


def test_keeping_checkpoints_changes_nothing(checkpoints, uninterrupted):
    assert_same(train(RUN, *data(), checkpoints), uninterrupted)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT])
def test_a_signal_keeps_the_state_and_the_next_run_ends_with_the_same_bits(
    checkpoints, uninterrupted, monkeypatch, number
):
    handlers = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)]
    with monkeypatch.context() as patched:
        stop_after(patched, 13, number)  # not a step at which a checkpoint is due
        with pytest.raises(Stopped, match=rf"toy seed 0: {number.name} after step 13 of 40; the next run goes on from"):
            train(RUN, *data(), checkpoints)
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)] == handlers
    assert read_tensors(checkpoints.path)[1]["step"] == 13
    state = train(RUN, *data(), checkpoints)
    assert state.resumed == [13]
    assert_same(state, uninterrupted)


def test_stopped_at_every_step_it_still_ends_with_the_same_bits(checkpoints, uninterrupted, monkeypatch):
    for step in range(1, RUN.training.steps):
        with monkeypatch.context() as patched:
            stop_after(patched, step, signal.SIGTERM)
            with pytest.raises(Stopped):
                train(RUN, *data(), checkpoints)
    state = train(RUN, *data(), checkpoints)
    assert state.resumed == list(range(1, RUN.training.steps))
    assert_same(state, uninterrupted)


def test_a_signal_at_the_last_step_lets_training_end(checkpoints, uninterrupted, monkeypatch):
    stop_after(monkeypatch, RUN.training.steps, signal.SIGTERM)
    assert_same(train(RUN, *data(), checkpoints), uninterrupted)


def test_a_finished_training_is_not_repeated_if_its_results_could_not_be_written(checkpoints, uninterrupted):
    train(RUN, *data(), checkpoints)
    state = train(RUN, *data(), checkpoints)
    assert state.resumed == [40]
    assert_same(state, uninterrupted)


KILLED = """
    import os, sys
    import test_checkpoints as test
    from recurrence_circuits import training, training_state

    path, step, where = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    take_step, write_tensors = training.take_step, training_state.write_tensors

    def die(*_):
        os.kill(os.getpid(), 9)

    def take_step_or_die(state, *arguments):
        return take_step(state, *arguments) if state.step < step else die()

    def write_half_and_die(path, tensors, record):
        if record["step"] >= step:
            os.replace = die  # the neighbour is written, or half of it, and has not got its name
            if where == "half":
                os.fsync = lambda descriptor: (os.truncate(f"{path}.part", 4000), die())
        write_tensors(path, tensors, record)

    if where == "step":
        training.take_step = take_step_or_die
    else:
        training_state.write_tensors = write_half_and_die
    test.train(test.RUN, *test.data(), training_state.Checkpoints(path, 5, "c0de"))
"""


def kill(checkpoints, step: int, where: str) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    command = [sys.executable, "-c", textwrap.dedent(KILLED), checkpoints.path, str(step), where]
    done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_random_steps_and_while_writing_it_ends_with_the_same_bits(checkpoints, uninterrupted, seed):
    draw = random.Random(seed)
    kill(checkpoints, draw.randrange(2, 15), "step")
    kill(checkpoints, draw.randrange(15, 25), "half")
    kill(checkpoints, draw.randrange(25, 35), "whole")
    assert read_tensors(checkpoints.path)[1]["step"] > 5
    state = train(RUN, *data(), checkpoints)
    assert_same(state, uninterrupted)
    checkpoints.remove()
    assert os.listdir(Path(checkpoints.path).parent) == []


def refused(checkpoints, caplog, run=RUN, sequences=None, code="c0de") -> str:
    """Train again, expecting it to begin anew; what it says of the checkpoint. And the result, to be sure."""
    before = Path(checkpoints.path).read_bytes()
    again = Checkpoints(checkpoints.path, checkpoints.every, code)
    caplog.clear()
    state = train(run, *(sequences or data(run)), again)
    assert state.resumed == []
    assert_same(state, train(run, *(sequences or data(run))))
    assert Path(again.refused).read_bytes() == before  # set aside, not lost
    (message,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert message.startswith(f"refused: {checkpoints.path}: ")
    assert message.endswith(f"; set aside as {again.refused}, training starts anew")
    again.remove()
    assert os.listdir(Path(checkpoints.path).parent) == []
    return message


@pytest.fixture
def half_way(checkpoints, monkeypatch):
    with monkeypatch.context() as patched:
        stop_after(patched, 20, signal.SIGTERM)
        with pytest.raises(Stopped):
            train(RUN, *data(), checkpoints)
    return checkpoints


def test_a_checkpoint_of_other_settings_is_refused(half_way, caplog):
    other = run_settings(training=RUN.training.to_dict() | {"beta2": 0.9}, data={"n_train": 64})
    assert "of another training: expected settings.training.beta2 = 0.9, found 0.99" in refused(half_way, caplog, other)


def test_a_checkpoint_of_other_code_is_refused(half_way, caplog):
    assert "expected code = 'other', found 'c0de'" in refused(half_way, caplog, code="other")


def test_a_checkpoint_of_other_sequences_is_refused(half_way, caplog):
    train_sequences, test_sequences = data()
    train_sequences[3, 2, 0] += 1e-6
    assert "of another training: expected data = " in refused(
        half_way, caplog, sequences=(train_sequences, test_sequences)
    )


@pytest.mark.parametrize(("key", "value"), [("threads", 7), ("device", "cuda"), ("torch", "1.0.0")])
def test_a_checkpoint_of_other_arithmetic_is_refused(half_way, caplog, key, value):
    tensors, record = read_tensors(half_way.path)
    record["origin"][key] = value
    write_tensors(half_way.path, tensors, record)
    assert f"of another training: expected {key} = " in refused(half_way, caplog)


@pytest.mark.parametrize("keep", [0, 7, 100, 0.5, -1])
def test_a_cut_checkpoint_is_refused(half_way, caplog, keep):
    whole = Path(half_way.path).read_bytes()
    Path(half_way.path).write_bytes(whole[: int(keep * len(whole)) if isinstance(keep, float) else keep])
    assert "expected a safetensors file, found: " in refused(half_way, caplog)


def test_a_model_is_no_checkpoint(half_way, caplog):
    tensors, record = read_tensors(half_way.path)
    write_tensors(half_way.path, tensors, {"step": record["step"]})
    assert "expected a checkpoint of a training, found the metadata ['step']" in refused(half_way, caplog)


@pytest.mark.parametrize("missing", ["model/W_E", "optimiser/0/exp_avg", "order", "losses"])
def test_a_checkpoint_with_a_tensor_missing_is_refused(half_way, caplog, missing):
    tensors, record = read_tensors(half_way.path)
    del tensors[missing]
    write_tensors(half_way.path, tensors, record)
    problem = f"expected a whole checkpoint of a training, found: ValueError('{missing}: expected a tensor of shape ("
    assert problem in refused(half_way, caplog)


def test_a_checkpoint_with_a_misshapen_tensor_is_refused(half_way, caplog):
    tensors, record = read_tensors(half_way.path)
    tensors["losses"] = tensors["losses"][1:]
    write_tensors(half_way.path, tensors, record)
    assert "losses: expected a tensor of shape (6,) of torch.float64, found a tensor of shape (5,)" in refused(
        half_way, caplog
    )


@pytest.mark.parametrize("missing", ["groups", "schedule", "history", "step", "waiting"])
def test_a_checkpoint_with_a_record_missing_is_refused(half_way, caplog, missing):
    tensors, record = read_tensors(half_way.path)
    del record[missing]
    write_tensors(half_way.path, tensors, record)
    assert f"expected a whole checkpoint of a training, found: KeyError('{missing}')" in refused(half_way, caplog)


def test_a_checkpoint_that_cannot_be_written_is_named(checkpoints, monkeypatch):
    Path(checkpoints.path).mkdir()
    monkeypatch.setattr(training_state.TrainingState, "restore", lambda *_: None)
    with pytest.raises(OSError, match=r"expected to write a whole file, found: Is a directory: '.*checkpoint"):
        train(RUN, *data(), checkpoints)


def test_no_stream_but_the_named_ones_is_drawn_from():
    """Else a checkpoint would have to hold it, too."""
    import numpy as np

    before = torch.get_rng_state(), json.dumps(np.random.get_state()[1].tolist()), random.getstate()
    train(RUN, *data())
    after = torch.get_rng_state(), json.dumps(np.random.get_state()[1].tolist()), random.getstate()
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]


@pytest.mark.parametrize("n_batches", [1, 2, 3, 7, 40])
def test_an_order_goes_on_from_where_another_stood(n_batches):
    one, other = (BatchOrder(20, 6, torch.Generator().manual_seed(seed)) for seed in (0, 1))
    for _ in range(n_batches):
        next(one)
    other.go_on_from(one.before_pass, len(one.waiting))
    assert all(torch.equal(next(one), next(other)) for _ in range(20))


def test_the_rule_removes_its_checkpoint(tmp_path):
    import rules

    weights = rules.train(tmp_path, 0, rules.generate(tmp_path))
    assert load_file(weights)
    assert sorted(os.listdir(tmp_path / "seed0")) == [
        "history.csv", "model.safetensors", "run.json", "snapshots.safetensors",
    ]  # fmt: skip
