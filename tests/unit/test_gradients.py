"""Training's own loss and gradients are the Transformer's, for every kind of model; weights keep their places."""

import pytest
import torch

from models import NORMS, random_model, sequences
from recurrence_circuits.config.training import USUAL
from recurrence_circuits.model.transformer import Transformer
from recurrence_circuits.training.gradients import Gradients
from recurrence_circuits.training.optimisers import make_optimiser
from trainings import with_optimiser

VARIANTS = {
    "default": {},
    "attention only": {"attention_only": True},
    "no LayerNorm": {"norm": "none"},
    "neither": {"attention_only": True, "norm": "none"},
    "RMSNorm": {"norm": "rms_norm"},
    "RMSNorm and ReLU": {"norm": "rms_norm", "activation": "relu"},
    "no position embedding": {"position_embedding": False},
    "one layer": {"n_layers": 1},
    "four layers of one head": {"n_layers": 4, "n_heads": 1},
    "narrow heads": {"n_heads": 8},
    "a vector task": {"dimension": 3},
    "a vector task, attention only": {"dimension": 2, "attention_only": True},
    "a long context": {"context_length": 20},
}


def trainable(**changes) -> Transformer:
    return random_model(**changes).requires_grad_(True)


def batch(model: Transformer, n: int = 5, seed: int = 1) -> torch.Tensor:
    return sequences(n, model.context_length + 1, model.dimension, seed)


def by_autograd(model: Transformer, batch: torch.Tensor) -> tuple[float, dict[str, torch.Tensor]]:
    """The loss and its gradients as the readable model has them, in double precision."""
    exact = trainable(dimension=model.dimension, context_length=model.context_length, **model.settings.to_dict())
    exact.load_state_dict(model.state_dict())
    exact, batch = exact.double(), batch.double()
    loss = (exact(batch[:, :-1]).prediction - batch[:, 1:]).square().mean()
    loss.backward()
    return loss.item(), {name: weight.grad for name, weight in exact.named_parameters()}


def assert_are_gradients_of(model: Transformer, loss: float, batch: torch.Tensor) -> None:
    expected_loss, expected = by_autograd(model, batch)
    assert loss == pytest.approx(expected_loss, rel=1e-5)
    size = max(float(gradient.abs().max()) for gradient in expected.values())
    for name, weight in model.named_parameters():
        assert weight.grad.shape == weight.shape
        torch.testing.assert_close(weight.grad.double(), expected[name], rtol=1e-4, atol=2e-6 * size, msg=name)


@pytest.mark.parametrize("name", VARIANTS)
def test_loss_and_gradients_are_those_of_the_transformer(name):
    assert_trains_as_the_transformer(VARIANTS[name])


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("activation", ["gelu", "relu"])
@pytest.mark.parametrize("position_embedding", [True, False])
@pytest.mark.parametrize("attention_only", [True, False])
def test_so_they_are_for_every_combination_of_parts(norm, activation, position_embedding, attention_only):
    parts = {"norm": norm, "activation": activation, "position_embedding": position_embedding}
    assert_trains_as_the_transformer({**parts, "attention_only": attention_only})


def assert_trains_as_the_transformer(variant: dict) -> None:
    model = trainable(**variant)
    gradients = Gradients(model, batch_size=5)
    for seed in (1, 2):  # a second batch finds nothing of the first
        assert_are_gradients_of(model, gradients(batch(model, seed=seed)), batch(model, seed=seed))


@pytest.mark.parametrize("optimiser", USUAL)
@pytest.mark.parametrize("name", ["default", "neither", "RMSNorm and ReLU", "no position embedding", "a vector task"])
def test_they_stay_those_of_the_transformer_as_every_optimiser_moves_the_weights(name, optimiser):
    model = trainable(**VARIANTS[name])
    gradients = Gradients(model, batch_size=5)
    step = make_optimiser(with_optimiser(optimiser).training, gradients.weights)
    before = gradients.weights.vector.detach().clone()
    for seed in range(12):  # past a change of soap's basis
        assert_are_gradients_of(model, gradients(batch(model, seed=seed)), batch(model, seed=seed))
        step.step()
    assert (gradients.weights.vector != before).float().mean() > 0.95


@pytest.mark.parametrize("name", VARIANTS)
def test_the_model_is_the_same_when_its_weights_lie_in_one_vector(name):
    model = trainable(**VARIANTS[name])
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    weights = Gradients(model, batch_size=5).weights
    assert all(torch.equal(weight, before[name]) for name, weight in model.named_parameters())
    assert weights.vector.numel() == sum(weight.numel() for weight in before.values())


@pytest.mark.parametrize("name", VARIANTS)
def test_every_weight_has_one_place_for_the_optimisers(name):
    """In the vector, and again in the matrices and biases, with its gradient beside it."""
    model = trainable(**VARIANTS[name])
    gradients = Gradients(model, batch_size=5)
    gradients(batch(model))
    weights, parts = gradients.weights, [*gradients.weights.matrices, *gradients.weights.ends, gradients.weights.biases]
    assert all(part.ndim == 2 for part in parts[:-1])
    for listed in ([weights.vector], parts):
        values = torch.cat([part.detach().flatten() for part in listed])
        slopes = torch.cat([part.grad.flatten() for part in listed])
        pairs = torch.stack([values, slopes])
        wanted = torch.cat([torch.stack([p.detach().flatten(), p.grad.flatten()]) for p in model.parameters()], dim=1)
        assert torch.equal(pairs[:, values.argsort(stable=True)], wanted[:, wanted[0].argsort(stable=True)])
    with torch.no_grad():
        weights.vector.zero_()
    assert all(not weight.any() for weight in [*model.parameters(), *parts])


def test_an_error_of_one_part_in_a_thousand_would_be_seen():
    model = trainable()
    gradients = Gradients(model, batch_size=5)
    loss = gradients(batch(model))
    gradients.weights.vector.grad[7] *= 1.001
    with pytest.raises(AssertionError, match="W_Q"):
        assert_are_gradients_of(model, loss, batch(model))
