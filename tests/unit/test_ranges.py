"""The ranges of a, b and x_0: draws, moments and optimal predictor follow them, and the default's would be wrong."""

import numpy as np
import pytest
import torch
from scipy.stats import kstest

from models import RANGES, data_settings
from recurrence_circuits.predictors import linear
from recurrence_circuits.predictors.baselines import copy_previous
from recurrence_circuits.predictors.handcrafted import positional_feedback
from recurrence_circuits.randomness import torch_stream
from recurrence_circuits.tasks.affine import Affine
from recurrence_circuits.tasks.base import make_task

CONTEXT_LENGTH = 6
OTHER = {"a_max": 1.2, "b_std": 0.3, "x0_std": 2.0}
NARROW = {"a_max": 0.4, "b_std": 2.0, "x0_std": 0.5}
DIMENSIONS = {"affine": 1, "affine_vector": 2}


def made(name: str = "affine", **ranges: float):
    return make_task(name, data_settings(context_length=CONTEXT_LENGTH, dimension=DIMENSIONS[name], **ranges))


def observed(task, n: int, noise: float) -> torch.Tensor:
    x = task.unroll(task.draw(n, torch_stream(0, "ranges")), CONTEXT_LENGTH + 1)
    return x + noise * torch.randn(x.shape, generator=torch_stream(1, "ranges"), dtype=x.dtype)


def standard_errors(values: torch.Tensor) -> torch.Tensor:
    """How many standard errors the mean over sequences, the first axis, is away from 0."""
    return values.mean(dim=0).abs() / (values.std(dim=0) / len(values) ** 0.5)


def test_the_defaults_are_those_of_the_config():
    assert made() == Affine()
    assert RANGES == {"a_max": 1.0, "b_std": 1.0, "x0_std": 1.0}


@pytest.mark.parametrize("name", DIMENSIONS)
def test_draws_are_the_usual_ones_scaled(name):
    usual, other = (made(name, **ranges).draw(500, torch_stream(0, "ranges")) for ranges in ({}, OTHER))
    for key, scale in zip(("A" if name == "affine_vector" else "a", "b", "x0"), OTHER.values(), strict=True):
        torch.testing.assert_close(other[key], scale * usual[key])


def test_slopes_fill_their_range_evenly():
    a = made(**OTHER).draw(5000, torch_stream(0, "ranges"))["a"]
    assert kstest(a.numpy(), "uniform", args=(-1.2, 2.4)).pvalue > 0.001
    singular = torch.linalg.svdvals(made("affine_vector", **OTHER).draw(2000, torch_stream(0, "ranges"))["A"])
    assert kstest(singular.flatten().numpy(), "uniform", args=(0, 1.2)).pvalue > 0.001


@pytest.mark.parametrize("ranges", [OTHER, NARROW], ids=["other", "narrow"])
def test_second_moments_are_those_of_simulated_terms(ranges):
    task, noise = made(**ranges), 0.1
    x = observed(task, 40_000, noise)[..., 0]
    products = x[:, :, None] * x[:, None, :]
    assert (standard_errors(products - torch.from_numpy(task.second_moments(CONTEXT_LENGTH + 1, noise))) < 4.5).all()
    usual = torch.from_numpy(Affine().second_moments(CONTEXT_LENGTH + 1, noise))
    assert standard_errors(products - usual).max() > 20


def leftover(task, predictor, noise: float) -> float:
    """The largest mean of the error of `predictor` times a bounded function of the terms seen, in standard errors.

    The posterior mean, and nothing else that differs from it, leaves 0 for every function.
    """
    x = observed(task, 20_000, noise)
    context, error = x[:, :-1], x[:, 1:] - predictor.bayes(x[:, :-1], noise)
    scale = context.square().mean().sqrt()
    last, previous = context / scale, copy_previous(context) / scale
    functions = [last.sign(), last.tanh(), (3 * last).sin(), (last - 2 * previous).tanh(), (last + previous).sin()]
    found = torch.stack([standard_errors(error * f)[:, 0] for f in functions])  # function position
    return float(found[:, :2].max()) if noise == 0 else float(found.max())


@pytest.mark.parametrize("noise", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("ranges", [OTHER, NARROW], ids=["other", "narrow"])
def test_the_error_of_bayes_has_nothing_left_that_the_terms_tell(ranges, noise):
    task = made(**ranges)
    assert leftover(task, task, noise) < 4.5
    assert leftover(task, made(), noise) > 6  # the default's prior


@pytest.mark.parametrize("ranges", [OTHER, NARROW], ids=["other", "narrow"])
def test_after_two_terms_it_is_the_mean_over_a_fine_grid_of_slopes(ranges):
    task = made(**ranges)
    context = observed(task, 200, 0.0)[:, :2]
    x0, x1 = context[:, 0].numpy(), context[:, 1].numpy()  # sequence 1
    slopes = np.linspace(-task.a_max, task.a_max, 200_001)
    log_density = -(((x1 - slopes * x0) / task.b_std) ** 2) / 2
    density = np.exp(log_density - log_density.max(axis=1, keepdims=True))
    slope = (density * slopes).sum(axis=1) / density.sum(axis=1)
    expected = x1[:, 0] + slope * (x1 - x0)[:, 0]
    np.testing.assert_allclose(task.bayes(context, 0.0)[:, 1, 0], expected, atol=1e-4)


def test_growing_terms_are_told_apart_at_little_noise():
    """With terms that grow to hundreds the posterior of a is narrow: the mean must still find it."""
    task, noise = Affine(a_max=1.5), 0.03
    x = task.unroll(task.draw(2000, torch_stream(0, "ranges")), 17)
    x = x + noise * torch.randn(x.shape, generator=torch_stream(1, "ranges"), dtype=x.dtype)
    error = (task.bayes(x[:, :-1], noise) - x[:, 1:])[:, 8:].square().mean(dim=1)
    assert error.mean() < 3 * noise**2


def test_a_handmade_model_takes_the_moments_of_its_task():
    task, context_length = made(**OTHER), CONTEXT_LENGTH
    moments = task.second_moments(context_length + 1, 0.0)
    weights = np.eye(context_length) + linear.best_linear_in_differences(moments)
    weights[:, :-1] -= linear.best_linear_in_differences(moments)[:, 1:]
    x = observed(task, 50, 0.0)
    prediction = positional_feedback(context_length, task=task)(x[:, :-1].float()).prediction
    expected = torch.from_numpy(weights) @ x[:, :-1]
    torch.testing.assert_close(prediction.double(), expected, rtol=1e-3, atol=1e-3)
