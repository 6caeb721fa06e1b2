"""Every optimiser learns, is steered by its own keys, and its state can be taken apart and put together."""

import json

import pytest
import torch

from models import random_model, sequences, training_settings
from recurrence_circuits.config.training import USUAL
from recurrence_circuits.training.gradients import Gradients
from recurrence_circuits.training.loop import train
from recurrence_circuits.training.optimisers import make_optimiser
from recurrence_circuits.training.states import put_together, taken_apart
from trainings import data, with_optimiser


def settings(optimiser: str, **changes):
    return with_optimiser(optimiser, **changes).training


def stepped(optimiser: str, n: int = 12):
    """A model after n steps on random sequences, and its optimiser."""
    model = random_model(d_model=16, n_heads=4).requires_grad_(True)
    gradients = Gradients(model, batch_size=6)
    made = make_optimiser(settings(optimiser), gradients.weights)
    for seed in range(n):
        gradients(sequences(6, seed=seed))
        made.step()
    return model, made


def test_adamw_of_all_weights_at_once_is_adamw_of_each():
    model = random_model(d_model=16, n_heads=4).requires_grad_(True)
    each = torch.optim.AdamW(model.parameters(), lr=0.002, betas=(0.9, 0.99), weight_decay=0.01)
    for seed in range(12):
        batch = sequences(6, seed=seed)
        each.zero_grad()
        (model(batch[:, :-1]).prediction - batch[:, 1:]).square().mean().backward()
        each.step()
    for (name, weight), found in zip(model.named_parameters(), stepped("adamw")[0].parameters(), strict=True):
        if name.endswith(
            "b_K"
        ):  # no gradient but rounding, which AdamW scales up: it shifts all scores of a query alike
            continue
        torch.testing.assert_close(found, weight, rtol=1e-3, atol=1e-4, msg=name)


@pytest.mark.parametrize("optimiser", USUAL)
def test_training_with_it_learns(optimiser):
    run = with_optimiser(optimiser, steps=60, evaluate_every=60, learning_rate=0.01)
    state = train(run, *data(run))
    before = with_optimiser(optimiser, steps=1, evaluate_every=1, learning_rate=1e-9, warmup_steps=0)
    assert state.history[-1]["mse"] < 0.8 * train(before, *data(before)).history[-1]["mse"]


@pytest.mark.parametrize("optimiser", USUAL)
@pytest.mark.parametrize("key", ["learning_rate", "beta1", "beta2", "precondition_every", "momentum", "weight_decay"])
def test_each_of_its_keys_matters_and_no_other_exists(optimiser, key):
    usual = settings(optimiser).to_dict()
    if key != "weight_decay" and key not in USUAL[optimiser]:
        assert usual[key] is None
        return
    model = {"d_model": 16}
    run, other = (
        with_optimiser(optimiser, steps=12, model=model, **{key: value})
        for value in (usual[key], 3 if key == "precondition_every" else 0.5 * usual[key])
    )
    one, two = (train(each, *data(each)).model.state_dict() for each in (run, other))
    assert any(not torch.equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("optimiser", USUAL)
def test_its_state_is_put_together_as_it_was_taken_apart(optimiser):
    state, tensors = stepped(optimiser)[1].state_dict(), {}
    rest = json.loads(json.dumps(taken_apart(state, "optimiser", tensors)))
    tensors = {name: tensor.contiguous().clone() for name, tensor in tensors.items()}  # as a file has them
    again = put_together(rest, tensors)
    assert_alike(again, state)
    assert tensors


def assert_alike(found, expected) -> None:
    if isinstance(expected, torch.Tensor):
        assert torch.equal(found, expected)
        assert found.stride() == expected.stride() or not expected.is_non_overlapping_and_dense()
    elif isinstance(expected, dict):
        assert list(found) == [str(key) for key in expected]
        for key, value in expected.items():
            assert_alike(found[str(key)], value)
    elif isinstance(expected, list | tuple):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_alike(one, other)
    else:
        assert found == expected


def test_settings_of_another_optimiser_are_not_read():
    assert training_settings(optimiser="adamw").momentum is None
