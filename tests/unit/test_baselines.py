"""The baselines: causal, defined everywhere, and what their names say."""

import numpy as np
import pytest
import torch

from models import data_settings
from recurrence_circuits.predictors.baselines import (
    RIDGE_VARIANCE,
    SIMPLE,
    baselines,
    least_squares,
    least_squares_on,
    three_term,
)
from recurrence_circuits.randomness import torch_stream
from recurrence_circuits.tasks.base import make_task

NAMES = (*SIMPLE, "three_term", "least_squares", "ridge", "bayes")
LEFT_OUT = {"affine": (), "affine_vector": ("three_term",), "polynomial": ("three_term", "ridge")}
OPTIONS = [("affine", 1, 0), ("affine_vector", 2, 0), ("polynomial", 1, 3)]
CONTEXT_LENGTH = 8


def make(name: str, dimension: int = 1, degree: int = 0, **ranges: float):
    return make_task(name, data_settings(context_length=CONTEXT_LENGTH, dimension=dimension, degree=degree, **ranges))


def draw(task, n: int, noise: float = 0.0) -> torch.Tensor:
    """n observed sequences, one term longer than the context."""
    x = task.unroll(task.draw(n, torch_stream(0, "test")), CONTEXT_LENGTH + 1)
    return x + noise * torch.randn(x.shape, generator=torch_stream(0, "noise"), dtype=x.dtype)


def column(*terms: float) -> torch.Tensor:
    """One scalar sequence."""
    return torch.tensor(terms, dtype=torch.float64)[None, :, None]


def predict(name: str, *terms: float) -> list[float]:
    return baselines(make("affine"), 0.0)[name](column(*terms)).flatten().tolist()


@pytest.fixture(params=OPTIONS, ids=lambda option: option[0])
def task(request):
    return make(*request.param)


@pytest.fixture(params=[0.0, 0.2])
def noise(request) -> float:
    return request.param


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option[0])
def test_a_task_has_the_baselines_that_mean_something_for_it(option, noise):
    expected = tuple(name for name in NAMES if name not in LEFT_OUT[option[0]])
    assert tuple(baselines(make(*option), noise)) == expected


def test_a_task_of_another_law_has_the_baselines_that_fit_none():
    class Drift(type(make("polynomial", degree=1))):
        def basis(self, n_terms):
            return None

    assert tuple(baselines(Drift(1, CONTEXT_LENGTH), 0.0)) == (*SIMPLE, "bayes")


def test_a_future_term_leaves_earlier_predictions_alone(task, noise):
    context = draw(task, 10, noise)[:, :-1]
    for name, predictor in baselines(task, noise).items():
        before = predictor(context)
        for n in range(1, CONTEXT_LENGTH):
            changed = context.clone()
            changed[:, n:] = 3 - 2 * changed[:, n:].flip(1)
            after = predictor(changed)
            torch.testing.assert_close(after[:, :n], before[:, :n], rtol=0, atol=0, equal_nan=True, msg=name)
            if name not in ("zero", "copy_previous"):
                assert (after[:, n] != before[:, n]).any(), name


def test_every_position_has_a_number_and_the_context_is_left_as_it_was(task, noise):
    context = draw(task, 10, noise)[:, :-1]
    kept = context.clone()
    for name, predictor in baselines(task, noise).items():
        prediction = predictor(context)
        prediction += 1  # the result is the caller's own
        assert torch.equal(context, kept), name
        assert prediction.shape == context.shape
        assert prediction.dtype == torch.float64
        assert name == "bayes" or prediction.isfinite().all(), name


def test_sequences_do_not_mix(task, noise):
    context = draw(task, 6, noise)[:, :-1]
    for name, predictor in baselines(task, noise).items():
        whole, part = predictor(context), predictor(context[2:4])
        torch.testing.assert_close(part, whole[2:4], rtol=1e-9, atol=1e-9, equal_nan=True, msg=name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("zero", [0, 0, 0, 0]),
        ("context_mean", [4, 5, 19 / 3, 8]),
        ("copy_last", [4, 6, 9, 13]),
        ("copy_previous", [4, 4, 6, 9]),
        ("linear_extrapolation", [4, 8, 12, 17]),
        ("three_term", [4, 6, 9 + 9 / 2, 13 + 16 / 3]),
    ],
)
def test_baselines_on_a_sequence_worked_by_hand(name, expected):
    assert predict(name, 4, 6, 9, 13) == pytest.approx(expected, abs=1e-12)


def test_no_baseline_beats_bayes(noise, task):
    """At every position where the optimum is known, in mean squared error over sequences."""
    x = draw(task, 5000, noise)
    errors = {name: (p(x[:, :-1]) - x[:, 1:]).square().mean(dim=2) for name, p in baselines(task, noise).items()}
    known = ~errors["bayes"][0].isnan()
    assert known.any()
    for name in errors:
        gap = (errors[name] - errors["bayes"])[:, known]  # sequence position
        assert (gap.mean(dim=0) >= -4 * gap.std(dim=0) / len(gap) ** 0.5 - 1e-20).all(), name


@pytest.mark.parametrize("name", ["three_term", "least_squares", "ridge"])
def test_predictors_that_infer_the_law_are_right_once_it_is_determined(name):
    task = make("affine")
    x = draw(task, 500)
    error = (baselines(task, 0.0)[name](x[:, :-1]) - x[:, 1:]).square().mean(dim=(0, 2))
    assert (error[2:] < (1e-7 if name == "ridge" else 1e-20)).all()
    assert (error[:2] > 0.1).all()


def test_least_squares_learns_a_matrix():
    task = make("affine_vector", dimension=2)
    x = draw(task, 100)
    error = (least_squares(x[:, :-1]) - x[:, 1:]).square().mean(dim=(0, 2))
    assert (error[task.first_determined :] < 1e-20).all()


@pytest.mark.parametrize("predictor", [three_term, least_squares])
def test_inference_is_equivariant_under_affine_changes_of_x(predictor):
    """Units and origin of x are arbitrary; noise in the context keeps the fit from being exact."""
    context = draw(make("affine"), 50, noise=0.2)[:, :-1]
    scale, shift = -3.0, 5.0
    moved, expected = predictor(scale * context + shift), scale * predictor(context) + shift
    torch.testing.assert_close(moved[:, 2:], expected[:, 2:], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("terms", [(2, 2, 2, 2), (2, 2, 3, 3)])
def test_three_term_copies_where_the_last_but_one_difference_is_zero(terms):
    found = predict("three_term", *terms)
    assert found[2] == terms[2]
    assert found[3] == terms[3]


def test_least_squares_is_the_pseudoinverse():
    context = draw(make("affine"), 20, noise=0.2)[:, :-1]
    prediction = least_squares(context)
    assert (prediction[:, 0] == 0).all()
    for n in range(1, CONTEXT_LENGTH):
        features = torch.cat([context, torch.ones_like(context)], dim=2)
        fit = torch.linalg.pinv(features[:, :n]) @ context[:, 1 : n + 1]
        torch.testing.assert_close(prediction[:, n], (features[:, n, None] @ fit)[:, 0])


@pytest.mark.parametrize("degree", [1, 3])
def test_least_squares_of_a_polynomial_is_numpys_fit_of_chebyshev_terms(degree):
    """And once the coefficients are fixed, no prior has a say: from n = degree on there are as many terms."""
    task = make("polynomial", degree=degree)
    context, t = draw(task, 20, noise=0.2)[:, :-1], -1 + 2 * np.arange(CONTEXT_LENGTH + 1) / CONTEXT_LENGTH
    prediction = baselines(task, 0.2)["least_squares"](context)
    for n in range(degree, CONTEXT_LENGTH):
        fit = np.polynomial.chebyshev.chebfit(t[: n + 1], context[:, : n + 1, 0].numpy().T, degree)
        expected = np.polynomial.chebyshev.chebval(t[n + 1], fit)
        np.testing.assert_allclose(prediction[:, n, 0], expected, rtol=1e-8, atol=1e-8)


def test_least_squares_of_a_polynomial_takes_the_least_norm_where_terms_do_not_fix_it():
    task, context = make("polynomial", degree=3), draw(make("polynomial", degree=3), 5)[:, :-1]
    basis = task.basis(CONTEXT_LENGTH + 1)
    prediction = least_squares_on(basis, context)
    for n in range(3):
        fit = torch.linalg.lstsq(basis[: n + 1], context[:, : n + 1, 0].T, driver="gelsd").solution
        torch.testing.assert_close(prediction[:, n, 0], basis[n + 1] @ fit)


def test_least_squares_takes_the_least_norm_where_terms_repeat():
    assert predict("least_squares", 2, 2, 2, 2) == pytest.approx([0, 2, 2, 2])
    assert predict("least_squares", 0, 0, 1, 1) == pytest.approx([0, 0, 0.5, 1])


@pytest.mark.parametrize(("a_max", "b_std"), [(1.0, 1.0), (1.2, 0.3)])
@pytest.mark.parametrize(("dimension", "noise"), [(1, 0.2), (1, 0.0), (2, 0.2)])
def test_ridge_is_gaussian_conditioning(dimension, noise, a_max, b_std):
    """The same posterior mean from the joint covariance of the terms predicted: a Gaussian process."""
    task = make("affine_vector" if dimension > 1 else "affine", dimension, a_max=a_max, b_std=b_std)
    context = draw(task, 20, noise)[:, :-1]
    prediction = baselines(task, noise)["ridge"](context)
    kernel = a_max**2 * context @ context.mT / (3 * dimension) + b_std**2  # sequence position position
    variance = (1 + a_max**2 / 3) * noise**2 + RIDGE_VARIANCE
    assert (prediction[:, 0] == 0).all()
    for n in range(1, CONTEXT_LENGTH):
        observed = kernel[:, :n, :n] + variance * torch.eye(n, dtype=torch.float64)
        expected = kernel[:, n, None, :n] @ torch.linalg.solve(observed, context[:, 1 : n + 1])
        torch.testing.assert_close(prediction[:, n], expected[:, 0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("noise", [-0.1, float("nan"), float("inf")])
def test_a_noise_that_is_none_is_refused(noise):
    with pytest.raises(ValueError, match=r"^noise: expected a finite number ≥ 0, found"):
        baselines(make("affine"), noise)


def test_the_prior_of_ridge_is_that_of_the_drawn_parameters():
    for option in OPTIONS[:2]:
        task = make(*option, a_max=1.2, b_std=0.3)
        drawn = task.draw(40_000, torch_stream(0, "prior"))
        of_slope, of_b = task.prior_variances
        A = drawn["a" if task.dimension == 1 else "A"]
        assert A.square().mean().item() == pytest.approx(of_slope, rel=0.02)
        assert drawn["b"].square().mean().item() == pytest.approx(of_b, rel=0.02)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("context", "message"),
    [
        (torch.zeros(2, 8, 2, dtype=torch.float64), r"× 1, found torch.float64 of shape \(2, 8, 2\)"),
        (torch.zeros(8, 1, dtype=torch.float64), r"found torch.float64 of shape \(8, 1\)"),
        (torch.zeros(2, 8, 1), "expected float64 .* found torch.float32"),
        (column(1, float("nan"), 2), "expected finite numbers"),
        (column(1, float("inf"), 2), "expected finite numbers"),
    ],
)
def test_a_context_that_does_not_fit_is_refused(name, context, message):
    with pytest.raises(ValueError, match=f"^context: .*{message}"):
        baselines(make("affine"), 0.0)[name](context)


def test_a_context_of_one_or_two_terms_is_enough(task):
    for context_length in (1, 2):
        context = draw(task, 3)[:, :context_length]
        for name, predictor in baselines(task, 0.0).items():
            assert predictor(context).shape == context.shape, name
