"""The tasks: draws, laws, optimal predictors and floors."""

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.stats import kstest, truncnorm

from floors import floor
from models import data_settings
from recurrence_circuits import tasks
from recurrence_circuits.config.data import SequenceSettings
from recurrence_circuits.config.tasks import TASKS
from recurrence_circuits.randomness import torch_stream
from recurrence_circuits.tasks.affine import slope_posterior
from recurrence_circuits.tasks.affine_vector import haar_orthogonal
from recurrence_circuits.tasks.base import make_task

OPTIONS = {"affine": {}, "affine_vector": {"dimension": 2}, "polynomial": {"degree": 3}}
CONTEXT_LENGTH = 8


def settings(**changes) -> SequenceSettings:
    return data_settings(**({"context_length": CONTEXT_LENGTH} | changes))


def example(name: str, n: int, **options) -> SimpleNamespace:
    """A task with n drawn sequences, one term longer than the context."""
    task = make_task(name, settings(**(OPTIONS[name] | options)))
    parameters = task.draw(n, torch_stream(0, "test", name))
    x = task.unroll(parameters, CONTEXT_LENGTH + 1)
    return SimpleNamespace(task=task, parameters=parameters, x=x, context=x[:, :-1], target=x[:, 1:])


def scalars(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


@pytest.fixture(params=OPTIONS)
def name(request) -> str:
    return request.param


# ── every task ──────────────────────────────────────────────────────────────────────────────────────


def test_every_task_is_tested_and_known_to_the_config():
    assert list(TASKS) == list(OPTIONS)
    package = Path(tasks.__file__).parent
    assert {path.stem for path in package.glob("*.py") if "TASK = " in path.read_text()} == set(TASKS)


def test_config_and_task_agree_on_when_a_sequence_is_determined(name):
    options = {"dimension": 1, "degree": 0} | OPTIONS[name]
    assert make_task(name, settings(**options)).first_determined == TASKS[name].first_determined(**options)


def test_draws_come_from_the_generator_alone(name):
    task = make_task(name, settings(**OPTIONS[name]))
    global_state = torch.get_rng_state()
    first, again, other = (task.draw(3, torch_stream(seed, "test")) for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), global_state)
    for key in first:
        assert first[key].dtype == torch.float64
        assert len(first[key]) == 3
        assert torch.equal(first[key], again[key])
        assert not (first[key] == other[key]).any()


def test_shapes_and_shorter_sequences_are_beginnings_of_longer_ones(name):
    e = example(name, 5)
    assert e.x.shape == (5, CONTEXT_LENGTH + 1, e.task.dimension)
    assert e.x.dtype == torch.float64
    torch.testing.assert_close(e.task.unroll(e.parameters, 3), e.x[:, :3])
    assert e.task.bayes(e.context, 0.0).shape == e.context.shape


def test_bayes_is_exact_where_the_sequence_is_determined_and_no_sooner(name):
    e = example(name, 500)
    error = (e.task.bayes(e.context, 0.0) - e.target).square().mean(dim=(0, 2))
    first = e.task.first_determined
    assert (error[first:] < 1e-24).all()
    assert not (error[:first] < 1e-7).any()  # NaN, where unknown, is not small either


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_floor_is_the_error_of_bayes(name, noise):
    e = example(name, 20_000)
    x = e.x + noise * torch.randn(e.x.shape, generator=torch_stream(0, "noise"), dtype=torch.float64)
    error = (e.task.bayes(x[:, :-1], noise) - x[:, 1:]).square().mean(dim=2)  # sequence position
    least, standard_error = floor(e.task, CONTEXT_LENGTH, noise), error.std(dim=0) / math.sqrt(len(error))
    known = ~least.isnan()
    if name == "affine" and noise:  # known by quadrature, without a closed form of its error
        assert error.isfinite().all()
    else:
        assert torch.equal(least.isnan(), error[0].isnan())
    assert ((error.mean(dim=0) - least).abs() <= 4 * standard_error + 1e-24)[known].all()


def test_a_term_seen_later_does_not_change_bayes(name):
    e = example(name, 20)
    for noise in (0.0, 0.3):
        whole = e.task.bayes(e.context, noise)
        for n in range(1, CONTEXT_LENGTH):
            torch.testing.assert_close(e.task.bayes(e.context[:, :n], noise), whole[:, :n], equal_nan=True)


@pytest.mark.parametrize(
    ("task", "changes", "message"),
    [
        ("affine", {"dimension": 2}, "data.dimension: expected 1 for the task 'affine', found 2"),
        ("affine", {"degree": 1}, "data.degree: expected 0 for the task 'affine', found 1"),
        ("affine", {"context_length": 3}, "data.context_length: expected at least 4 for the task 'affine', found 3"),
        ("affine_vector", {}, "data.dimension: expected at least 2 for the task 'affine_vector', found 1"),
        ("affine_vector", {"dimension": 2, "degree": 1}, "data.degree: expected 0"),
        ("affine_vector", {"dimension": 7}, "data.context_length: expected at least 10"),
        ("polynomial", {}, "data.degree: expected at least 1 for the task 'polynomial', found 0"),
        ("polynomial", {"degree": 1, "dimension": 2}, "data.dimension: expected 1"),
        ("polynomial", {"degree": 7}, "data.context_length: expected at least 9"),
    ],
)
def test_settings_that_do_not_fit_are_refused(task, changes, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        make_task(task, settings(**changes))


def test_an_unknown_task_is_refused():
    with pytest.raises(ModuleNotFoundError, match=r"recurrence_circuits\.tasks\.afine"):
        make_task("afine", settings())


# ── affine ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["affine"], indirect=True)
def test_affine_parameters_have_the_stated_distributions(name):
    p = example(name, 5000).parameters
    assert kstest(p["a"].numpy(), "uniform", args=(-1, 2)).pvalue > 0.001
    assert kstest(p["b"].numpy(), "norm").pvalue > 0.001
    assert kstest(p["x0"].numpy(), "norm").pvalue > 0.001


def test_affine_sequence_against_the_closed_form():
    e = example("affine", 50)
    a, b, x0 = (e.parameters[key][:, None] for key in ("a", "b", "x0"))
    n = torch.arange(CONTEXT_LENGTH + 1)
    fixed_point = b / (1 - a)
    torch.testing.assert_close(e.x[..., 0], fixed_point + a**n * (x0 - fixed_point))


@pytest.mark.parametrize("scale", [0.3, 1.0, 5.0, 30.0])
def test_slope_posterior_is_the_truncated_normal(scale):
    generator = torch_stream(0, "slope")
    x0 = scale * (0.5 + torch.rand(50, generator=generator, dtype=torch.float64))
    x1 = (2 * torch.rand(50, generator=generator, dtype=torch.float64) - 1) * x0 + 0.5
    mean, sd = (x1 / x0).numpy(), (1 / x0).numpy()
    expected = truncnorm((-1 - mean) / sd, (1 - mean) / sd, mean, sd)
    found_mean, found_variance = slope_posterior(x0, x1)
    np.testing.assert_allclose(found_mean, expected.mean(), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(found_variance, expected.var(), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize(
    ("x0", "x1", "mean", "variance"),
    [
        (0.0, 3.0, 0.0, 1 / 3),  # x_0 = 0 says nothing of a
        (0.0, 0.0, 0.0, 1 / 3),
        (1e-200, 1.0, 0.0, 1 / 3),
        (1e-6, 2.0, 2e-6 / 3, 1 / 3),  # to first order x_0 x_1 / 3
        (1e8, 3e7, 0.3, 1e-16),  # the untruncated normal
        (-1e8, 3e7, -0.3, 1e-16),
        (1.0, 1e9, 1 - 1e-9, 1e-18),  # an exponential at the boundary, of mean 1 / (x_0 x_1)
        (1e3, -1e6, -1 + 1e-9, 1e-18),
    ],
)
def test_slope_posterior_at_the_extremes(x0, x1, mean, variance):
    found_mean, found_variance = slope_posterior(scalars(x0), scalars(x1))
    assert found_mean.item() == pytest.approx(mean, rel=1e-9, abs=1e-16)
    assert found_variance.item() == pytest.approx(variance, rel=3e-3)


def test_affine_floor():
    least = floor(make_task("affine", settings()), CONTEXT_LENGTH, 0.0)
    copying = 1 / 5 + 2 / 3  # error of x_1 itself: E[a² (x_1 − x_0)²] = E[a² ((a − 1)² + 1)]
    assert 0 < least[1] < copying
    assert least[0] == pytest.approx(4 / 3)
    assert (least[2:] == 0).all()


def test_resting_sequence_predicts_itself():
    rest = torch.full((1, CONTEXT_LENGTH, 1), 1.7, dtype=torch.float64)
    assert torch.equal(make_task("affine", settings()).bayes(rest, 0.0)[:, 1:], rest[:, 1:])
    vector = make_task("affine_vector", settings(dimension=2))
    assert torch.equal(
        vector.bayes(rest.expand(1, CONTEXT_LENGTH, 2), 0.0)[:, 3:], rest.expand(1, CONTEXT_LENGTH, 2)[:, 3:]
    )


@pytest.mark.parametrize(("a", "b"), [(0.0, 0.5), (1.0, 0.0), (-1.0, 0.5), (1.0, 0.5), (2.0, 0.5)])
def test_affine_bayes_at_special_slopes(a, b):
    task = make_task("affine", settings())
    x = task.unroll({"a": scalars(a), "b": scalars(b), "x0": scalars(0.3)}, CONTEXT_LENGTH + 1)
    torch.testing.assert_close(task.bayes(x[:, :-1], 0.0)[:, 2:], x[:, 3:])


def test_float32_storage_barely_harms_the_affine_closed_form():
    for name in ("affine", "affine_vector"):
        e = example(name, 2000)
        stored = e.x.float().double()
        error = (e.task.bayes(stored[:, :-1], 0.0) - stored[:, 1:])[:, e.task.first_determined :]
        assert error.square().mean() < 1e-12


# ── affine_vector ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("dimension", [2, 3])
def test_affine_vector_follows_its_law(dimension):
    e = example("affine_vector", 4, dimension=dimension)
    A, b, x0 = (e.parameters[key].numpy() for key in ("A", "b", "x0"))
    for s in range(4):
        term = x0[s]
        for n in range(CONTEXT_LENGTH + 1):
            np.testing.assert_allclose(e.x[s, n], term, atol=1e-12)
            term = A[s] @ term + b[s]


def test_affine_vector_shrinks_every_direction_alike():
    A = example("affine_vector", 20_000, dimension=3).parameters["A"]
    direction = scalars(1.0, 0.0, 0.0)
    for matrix in (A, A.mT):  # E‖A u‖² = E[s²] = 1/3 for every unit u, and so for Aᵀ
        square = (matrix @ direction).square().sum(dim=1)
        assert square.mean().item() == pytest.approx(1 / 3, abs=4 * square.std().item() / math.sqrt(len(A)))
    singular = torch.linalg.svdvals(A)
    assert singular.max() < 1
    assert kstest(singular[:2000].flatten().numpy(), "uniform").pvalue > 0.001


def test_haar_matrices_are_orthogonal_and_uniform():
    Q = haar_orthogonal(4000, 2, torch_stream(0, "haar"))
    torch.testing.assert_close(Q @ Q.mT, torch.eye(2, dtype=torch.float64).expand_as(Q))
    angle = torch.atan2(Q[:, 1, 0], Q[:, 0, 0])
    assert kstest(angle.numpy(), "uniform", args=(-math.pi, 2 * math.pi)).pvalue > 0.001
    rotations = (torch.linalg.det(Q) > 0).double().mean().item()
    assert rotations == pytest.approx(0.5, abs=4 * 0.5 / math.sqrt(4000))


# ── polynomial ──────────────────────────────────────────────────────────────────────────────────────


def test_polynomial_terms_are_chebyshev_sums_on_the_grid_of_the_settings():
    e = example("polynomial", 3)
    t = np.linspace(-1, 1, CONTEXT_LENGTH + 1)
    expected = e.parameters["c"].numpy() @ np.cos(np.outer(np.arange(4), np.arccos(t)))
    np.testing.assert_allclose(e.x[..., 0], expected, atol=1e-12)
    t_beyond = 1 + 2 / CONTEXT_LENGTH
    cubic = e.parameters["c"].numpy() @ [1, t_beyond, 2 * t_beyond**2 - 1, 4 * t_beyond**3 - 3 * t_beyond]
    np.testing.assert_allclose(e.task.unroll(e.parameters, CONTEXT_LENGTH + 2)[:, -1, 0], cubic)


@pytest.mark.parametrize("noise", [0.0, 0.01, 1.0])
def test_polynomial_posterior_is_gaussian_conditioning(noise):
    e = example("polynomial", 10)
    basis = e.task.basis(CONTEXT_LENGTH + 1).numpy()
    covariance = basis @ basis.T + noise**2 * np.eye(CONTEXT_LENGTH + 1)  # of the observed terms
    bayes, least = e.task.bayes(e.context, noise).numpy(), floor(e.task, CONTEXT_LENGTH, noise).numpy()
    for n in range(CONTEXT_LENGTH):
        seen = slice(0, n + 1)
        gain = covariance[n + 1, seen] @ np.linalg.pinv(covariance[seen, seen], rcond=1e-12, hermitian=True)
        np.testing.assert_allclose(bayes[:, n, 0], e.context[:, seen, 0].numpy() @ gain, atol=1e-6)
        np.testing.assert_allclose(least[n], covariance[n + 1, n + 1] - gain @ covariance[seen, n + 1], atol=1e-6)


def test_polynomial_posterior_is_continuous_in_the_noise():
    e = example("polynomial", 10)
    torch.testing.assert_close(e.task.bayes(e.context, 1e-9), e.task.bayes(e.context, 0.0), atol=1e-6, rtol=0)
