"""Training that is stopped and goes on: the same bits as if it had never been stopped, or a refusal."""

import json
import os
import random
import signal
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from models import run_settings
from recurrence_circuits.config.training import USUAL
from recurrence_circuits.io.tensors import read_tensors, write_tensors
from recurrence_circuits.runtime.signals import SIGNALS, Stopped
from recurrence_circuits.training import loop
from recurrence_circuits.training.batches import BatchOrder
from recurrence_circuits.training.checkpoint import Checkpoints, TrainingState
from recurrence_circuits.training.loop import train
from trainings import RUN, assert_same, data, with_optimiser


@pytest.fixture
def checkpoints(tmp_path):
    return Checkpoints(str(tmp_path / "checkpoint.safetensors"), every=5, code="c0de")


@pytest.fixture(scope="module")
def uninterrupted():
    return train(RUN, *data())


def stop_after(monkeypatch, step: int, number: int) -> None:
    """Send this process a signal at the end of a step."""
    take_step = loop.take_step

    def take_step_and_signal(state, *arguments):
        rate = take_step(state, *arguments)
        if state.step == step:
            os.kill(os.getpid(), number)
        return rate

    monkeypatch.setattr(loop, "take_step", take_step_and_signal)


def test_keeping_checkpoints_changes_nothing(checkpoints, uninterrupted):
    assert_same(train(RUN, *data(), checkpoints), uninterrupted)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_keeps_the_state_and_the_next_run_ends_with_the_same_bits(
    checkpoints, uninterrupted, monkeypatch, number
):
    handlers = [signal.getsignal(each) for each in SIGNALS]
    with monkeypatch.context() as patched:
        stop_after(patched, 13, number)  # not a step at which a checkpoint is due
        with pytest.raises(Stopped, match=rf"toy seed 0: {number.name} after step 13 of 40; the next run goes on from"):
            train(RUN, *data(), checkpoints)
    assert [signal.getsignal(each) for each in SIGNALS] == handlers
    assert read_tensors(checkpoints.path)[1]["step"] == 13
    so_far = read_tensors(checkpoints.path)[1]
    state = train(RUN, *data(), checkpoints)
    assert state.resumed == [13]
    assert 0 < so_far["seconds"] < state.seconds
    assert 0 < so_far["cpu_seconds"] < state.cpu_seconds
    assert_same(state, uninterrupted)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])  # by nohup; by a script's `&`
def test_a_signal_that_is_ignored_stops_nothing(checkpoints, uninterrupted, monkeypatch, number):
    handler = signal.signal(number, signal.SIG_IGN)
    try:
        stop_after(monkeypatch, 13, number)
        assert_same(train(RUN, *data(), checkpoints), uninterrupted)
        assert signal.getsignal(number) == signal.SIG_IGN
    finally:
        signal.signal(number, handler)


@pytest.mark.parametrize("optimiser", USUAL)
@pytest.mark.parametrize("model", [{}, {"attention_only": True, "norm": "none"}])
def test_stopped_at_every_step_it_still_ends_with_the_same_bits(checkpoints, monkeypatch, optimiser, model):
    run = with_optimiser(optimiser, steps=23, model=model | {"d_model": 16, "d_mlp": 48})
    uninterrupted = train(run, *data())
    for step in range(1, run.training.steps):
        with monkeypatch.context() as patched:
            stop_after(patched, step, signal.SIGTERM)
            with pytest.raises(Stopped):
                train(run, *data(), checkpoints)
    state = train(run, *data(), checkpoints)
    assert state.resumed == list(range(1, run.training.steps))
    assert_same(state, uninterrupted)


def test_a_signal_at_the_last_step_lets_training_end(checkpoints, uninterrupted, monkeypatch):
    stop_after(monkeypatch, RUN.training.steps, signal.SIGTERM)
    assert_same(train(RUN, *data(), checkpoints), uninterrupted)


def test_a_finished_training_is_not_repeated_if_its_results_could_not_be_written(checkpoints, uninterrupted):
    train(RUN, *data(), checkpoints)
    state = train(RUN, *data(), checkpoints)
    assert state.resumed == [40]
    assert_same(state, uninterrupted)


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
    other = run_settings(training=RUN.training.to_dict() | {"beta2": 0.9})
    assert "of another training: expected settings.training.beta2 = 0.9, found 0.99" in refused(half_way, caplog, other)


def test_a_checkpoint_of_other_code_is_refused(half_way, caplog):
    assert "expected code = 'other', found 'c0de'" in refused(half_way, caplog, code="other")


def test_a_checkpoint_of_other_sequences_is_refused(half_way, caplog):
    train_sequences, validation_sequences = data()
    train_sequences[3, 2, 0] += 1e-6
    assert "of another training: expected data = " in refused(
        half_way, caplog, sequences=(train_sequences, validation_sequences)
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


@pytest.mark.parametrize("missing", ["model/W_E", "order", "losses"])
def test_a_checkpoint_with_a_tensor_missing_is_refused(half_way, caplog, missing):
    tensors, record = read_tensors(half_way.path)
    del tensors[missing]
    write_tensors(half_way.path, tensors, record)
    assert "expected a whole checkpoint of a training, found: " in refused(half_way, caplog)


@pytest.mark.parametrize("missing", ["optimiser", "schedule", "history", "step", "waiting"])
def test_a_checkpoint_with_a_record_missing_is_refused(half_way, caplog, missing):
    tensors, record = read_tensors(half_way.path)
    del record[missing]
    write_tensors(half_way.path, tensors, record)
    assert f"expected a whole checkpoint of a training, found: KeyError('{missing}')" in refused(half_way, caplog)


def test_a_checkpoint_that_cannot_be_written_is_named(checkpoints, monkeypatch):
    Path(checkpoints.path).mkdir()
    monkeypatch.setattr(TrainingState, "restore", lambda *_: None)
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
        "learning_curves.csv", "model.safetensors", "run.json", "snapshots.safetensors",
    ]  # fmt: skip
