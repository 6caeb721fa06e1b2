"""Weights files: whole round trips; truncated, foreign and damaged ones refused by name."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from models import run_settings
from recurrence_circuits.model.weights import (
    load_model,
    load_snapshots,
    new_model,
    save_model,
    save_snapshots,
    snapshot_steps,
)


@pytest.fixture
def saved(tmp_path):
    path = str(tmp_path / "model.safetensors")
    save_model(path, new_model(run_settings()), run_settings())
    return path


def damaged(path, change, keep_metadata=True):
    """Rewrite the weights after `change`, with the metadata the file had."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        metadata = file.metadata() if keep_metadata else None
    weights = load_file(path)
    change(weights)
    save_file(weights, path, metadata=metadata)


def test_round_trip(saved):
    model, fresh = load_model(saved, run_settings()), new_model(run_settings())
    for name, weight in fresh.state_dict().items():
        assert torch.equal(weight, model.state_dict()[name])
    assert not model.training


def test_the_same_model_gives_the_same_bytes(saved, tmp_path):
    again = tmp_path / "again.safetensors"
    save_model(str(again), new_model(run_settings()), run_settings())
    assert again.read_bytes() == Path(saved).read_bytes()


def test_seeds_start_from_different_weights():
    assert not torch.equal(new_model(run_settings(seed=0)).W_E, new_model(run_settings(seed=1)).W_E)


def test_initial_weights_have_the_stated_spread():
    model = new_model(run_settings(model={"d_model": 64, "d_mlp": 256}))
    for name, weight in model.named_parameters():
        if name.rpartition(".")[2].startswith("b_"):
            assert (weight == 0).all()
    assert model.blocks[0].mlp.W_in.detach().std().item() == pytest.approx(0.8 / 8, rel=0.03)


@pytest.mark.parametrize("length", [0, 7, 200, -1])
def test_a_truncated_file_is_refused(saved, length):
    content = Path(saved).read_bytes()
    Path(saved).write_bytes(content[:length])
    with pytest.raises(ValueError, match=r"model\.safetensors: expected a safetensors file"):
        load_model(saved, run_settings())


@pytest.mark.parametrize(
    "other, key",
    [
        ({"seed": 1}, "seed = 1, found 0"),
        ({"experiment": "other"}, "experiment = 'other'"),
        ({"training": {"learning_rate": 0.5}}, "training.learning_rate = 0.5"),
        ({"data": {"seed": 9}}, "data.seed = 9"),
        ({"model": {"n_heads": 4}}, "model.n_heads = 4"),
    ],
)
def test_weights_of_another_run_are_refused(saved, other, key):
    with pytest.raises(ValueError, match="trained with other settings: expected " + key):
        load_model(saved, run_settings(**other))


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda w: w.pop("W_E"), r"expected the weights \[\('W_E', \(1, 8\)\)\], found \[\('W_E', None\)\]"),
        (lambda w: w.update(extra=torch.zeros(1)), r"expected the weights \[\('extra', None\)\]"),
        (lambda w: w.update(W_E=torch.zeros(2, 8)), r"found \[\('W_E', \(2, 8\)\)\]"),
        (lambda w: w["W_E"].fill_(float("nan")), "expected finite weights, found NaN or infinity in W_E"),
    ],
)
def test_damaged_weights_are_refused(saved, change, message):
    damaged(saved, change)
    with pytest.raises(ValueError, match=message) as refusal:
        load_model(saved, run_settings())
    assert saved in str(refusal.value)


def test_weights_of_another_program_are_refused(saved):
    damaged(saved, lambda w: None, keep_metadata=False)
    with pytest.raises(ValueError, match="expected a file of this workflow"):
        load_model(saved, run_settings())


SNAPSHOTS = run_settings(training={"steps": 200, "n_snapshots": 3})  # after steps 1 (of 0.2), 2 and 20


@pytest.fixture
def snapshots(tmp_path):
    """Snapshots whose weights are those of models of other seeds, to tell them apart."""
    path = str(tmp_path / "snapshots.safetensors")
    kept = {n: new_model(run_settings(seed=n)).state_dict() for n in snapshot_steps(200, 3)}
    save_snapshots(path, kept, SNAPSHOTS)
    return path


def test_snapshots_round_trip_in_the_order_of_training(snapshots):
    models = load_snapshots(snapshots, SNAPSHOTS)
    assert list(models) == [1, 2, 20]
    for n, model in models.items():
        fresh = new_model(run_settings(seed=n)).state_dict()
        assert all(torch.equal(weight, fresh[name]) for name, weight in model.state_dict().items())
        assert not model.training
        assert not any(weight.requires_grad for weight in model.parameters())


def test_no_snapshots_are_a_file_too(tmp_path):
    path = str(tmp_path / "snapshots.safetensors")
    save_snapshots(path, {}, run_settings())
    assert load_snapshots(path, run_settings()) == {}
    with pytest.raises(ValueError, match="trained with other settings: expected seed = 1"):
        load_snapshots(path, run_settings(seed=1))
    Path(path).write_bytes(b"")
    with pytest.raises(ValueError, match=r"snapshots\.safetensors: expected a safetensors file"):
        load_snapshots(path, run_settings())


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda w: [w.pop(name) for name in list(w) if name.startswith("step2/")], r"expected snapshots of .*'step2'"),
        (lambda w: w.update({"step5/W_E": torch.zeros(1, 8)}), r"found \['step1', 'step2', 'step20', 'step5'\]"),
        (lambda w: w.pop("step20/W_E"), r"found \[\('W_E', None\)\]"),
        (lambda w: w["step2/W_E"].fill_(float("inf")), "expected finite weights, found NaN or infinity in W_E"),
    ],
)
def test_damaged_snapshots_are_refused(snapshots, change, message):
    damaged(snapshots, change)
    with pytest.raises(ValueError, match=message) as refusal:
        load_snapshots(snapshots, SNAPSHOTS)
    assert snapshots in str(refusal.value)


def test_snapshots_of_another_run_or_another_program_are_refused(snapshots):
    with pytest.raises(ValueError, match=r"expected training\.steps = 100, found 200"):
        load_snapshots(snapshots, run_settings(training={"steps": 100, "n_snapshots": 3}))
    damaged(snapshots, lambda w: None, keep_metadata=False)
    with pytest.raises(ValueError, match="expected a file of this workflow"):
        load_snapshots(snapshots, SNAPSHOTS)
