"""What docs/theory.md says, in numbers: the closed form, the floors, linear prediction, and the names it uses."""

import importlib
import re
from functools import reduce
from pathlib import Path

import numpy as np
import pytest
import torch

from floors import floor
from models import random_model, sequences
from recurrence_circuits.measures.account import scores
from recurrence_circuits.model.norms import centred
from recurrence_circuits.predictors import linear
from recurrence_circuits.predictors.baselines import baselines, three_term
from recurrence_circuits.randomness import torch_stream
from recurrence_circuits.tasks.affine import Affine, slope_posterior
from recurrence_circuits.tasks.affine_posterior import noisy_bayes

CONTEXT_LENGTH = 8
ROOT = Path(__file__).resolve().parents[2]
SCRIPTS, LIBRARY = ROOT / "scripts", ROOT / "scripts" / "recurrence_circuits"
THEORY = (ROOT / "docs" / "theory.md").read_text(encoding="utf-8")
NODES, WEIGHTS = np.polynomial.legendre.leggauss(80)


@pytest.fixture(scope="module")
def parameters():
    return Affine().draw(40000, torch_stream(0, "theory"))


@pytest.fixture(scope="module")
def terms(parameters):
    return Affine().unroll(parameters, CONTEXT_LENGTH + 1)[..., 0].numpy()


def moments(context_length: int, noise: float = 0.0) -> np.ndarray:
    """Second moments of context_length + 1 terms."""
    return Affine().second_moments(context_length + 1, noise)


def near(simulated: np.ndarray, expected: float) -> bool:
    """Whether a mean over sequences is what is expected, within four standard errors."""
    return abs(simulated.mean() - expected) <= 4 * simulated.std() / len(simulated) ** 0.5


def test_every_name_in_the_text_exists():
    named = set(re.findall(r"`(\w+)\.(\w+(?:\.\w+)?)`", THEORY))
    assert len(named) > 10
    for module, name in named:
        paths = sorted(LIBRARY.rglob(f"{module}.py"))
        assert paths, f"{module}.{name}"
        modules = [importlib.import_module(".".join(path.relative_to(SCRIPTS).with_suffix("").parts)) for path in paths]
        found = [reduce(lambda value, part: getattr(value, part, None), name.split("."), module) for module in modules]
        assert any(value is not None for value in found), f"{module}.{name}"


# ---- the closed form and the positions before it ---------------------------------------------------------------------


def test_the_closed_form(parameters, terms):
    a, D = parameters["a"].numpy()[:, None], np.diff(terms, axis=1)
    np.testing.assert_allclose(D[:, 1:], a * D[:, :-1], atol=1e-12)
    context = torch.from_numpy(terms[:, :-1, None])
    found = three_term(context)[:, 2:, 0]
    np.testing.assert_allclose(
        found, ((1 + a) * terms[:, :-1] - a * np.roll(terms[:, :-1], 1, axis=1))[:, 2:], atol=1e-8
    )
    np.testing.assert_allclose(found, terms[:, 3:], atol=1e-8)


def test_one_term_says_nothing_of_the_next(terms):
    assert near(terms[:, 1] ** 2, 4 / 3)
    assert near(terms[:, 0] * terms[:, 1], 0)
    assert floor(Affine(), 1, 0.0)[0] == pytest.approx(4 / 3)


def test_two_terms_leave_a_truncated_normal(terms):
    """The posterior of a by brute force: the prior of b at x_1 − a x_0, on [−1, 1]."""
    x0, x1 = terms[:200, :1], terms[:200, 1:2]
    density = WEIGHTS * np.exp(-((x1 - NODES * x0) ** 2) / 2)
    density /= density.sum(axis=1, keepdims=True)
    mean = (density * NODES).sum(axis=1)
    variance = (density * (NODES - mean[:, None]) ** 2).sum(axis=1)
    found = slope_posterior(*(torch.from_numpy(x[:, 0]) for x in (x0, x1)))
    np.testing.assert_allclose(found[0], mean, atol=1e-9)
    np.testing.assert_allclose(found[1], variance, atol=1e-9)
    error = slope_posterior(*torch.from_numpy(terms[:, :2].T.copy()))[1].numpy() * np.diff(terms[:, :2])[:, 0] ** 2
    assert near(error, float(floor(Affine(), 2, 0.0)[1]))
    assert float(floor(Affine(), 2, 0.0)[1]) == pytest.approx(0.4647, abs=1e-4)


# ---- linear prediction -----------------------------------------------------------------------------------------------


def test_second_moments(terms):
    expected = moments(CONTEXT_LENGTH)
    for i in range(CONTEXT_LENGTH + 1):
        for j in range(i + 1):
            assert near(terms[:, i] * terms[:, j], expected[i, j]), (i, j)
    np.testing.assert_allclose(Affine().second_moments(4, 0.3) - expected[:4, :4], 0.09 * np.eye(4))


def test_errors_of_copying():
    n = np.arange(CONTEXT_LENGTH)
    np.testing.assert_allclose(
        linear.linear_error(np.eye(CONTEXT_LENGTH), moments(CONTEXT_LENGTH)), 2 / (2 * n + 1) + 1 / (2 * n + 3)
    )
    # At n = 0 that is 7/3: copying x_0 is worse than the floor of 4/3.


def test_the_best_fixed_gain_of_the_last_difference_is_negative():
    for n in range(1, 6):
        gain = -2 * (2 * n - 1) / (6 * n + 1)
        weights = np.eye(CONTEXT_LENGTH)
        weights[n, n - 1 : n + 1] += [-gain, gain]
        at = linear.linear_error(weights, moments(CONTEXT_LENGTH))[n]
        for other in (gain - 0.01, gain + 0.01):
            weights[n] = np.eye(CONTEXT_LENGTH)[n]
            weights[n, n - 1 : n + 1] += [-other, other]
            assert linear.linear_error(weights, moments(CONTEXT_LENGTH))[n] > at


def test_best_linear_weights_beat_all_others_near_them(terms):
    generator = np.random.default_rng(0)
    for noise in (0.0, 0.2):
        of_terms = moments(CONTEXT_LENGTH, noise)
        best = linear.best_linear(of_terms)
        least = linear.linear_error(best, of_terms)
        for _ in range(20):
            other = best + 0.1 * np.tril(generator.standard_normal(best.shape))
            assert (linear.linear_error(other, of_terms) >= least).all()
    of_terms = moments(CONTEXT_LENGTH)
    best = linear.best_linear(of_terms)
    error = (terms[:, :-1] @ best.T - terms[:, 1:]) ** 2
    for n, expected in enumerate(linear.linear_error(best, of_terms)):
        assert near(error[:, n], expected)


def weights_on_terms(weights: np.ndarray) -> np.ndarray:
    """Of x_n + Σ_k w_{nk} D_k."""
    return np.eye(len(weights)) + weights - np.pad(weights[:, 1:], ((0, 0), (0, 1)))


def test_linear_prediction_from_differences_is_approximation_by_polynomials():
    """Its error at n is the square of the smallest monic polynomial of degree n in a, so it falls fourfold a term."""
    of_terms = moments(14)
    error = linear.linear_error(weights_on_terms(linear.best_linear_in_differences(of_terms)), of_terms)
    density = WEIGHTS * (1 + (1 - NODES) ** 2) / 2
    for n in range(9):
        powers = np.polynomial.legendre.legvander(NODES, n)
        monic = np.polynomial.legendre.leg2poly([0] * n + [1])[-1]  # leading coefficient of P_n
        below = powers[:, :n] * density[:, None] ** 0.5
        target = powers[:, n] / monic * density**0.5
        rest = target - below @ np.linalg.lstsq(below, target, rcond=None)[0] if n else target
        assert error[n] == pytest.approx((rest**2).sum(), rel=1e-3), n
    assert error[4:9] / error[3:8] == pytest.approx(0.25, abs=0.03)


def test_fixed_coefficients_are_the_least_squares_of_simulated_sequences(terms):
    first = 2
    features = np.einsum("fnk,sk->sfn", linear.feature_weights(CONTEXT_LENGTH), terms[:, :-1])[:, :, first:]
    X, y = np.moveaxis(features, 1, 2).reshape(-1, 3), terms[:, 1 + first :].ravel()
    np.testing.assert_allclose(
        linear.fixed_coefficients(moments(CONTEXT_LENGTH), first), np.linalg.lstsq(X, y)[0], atol=0.05
    )


# ---- under observation noise -----------------------------------------------------------------------------------------


RANGES = [Affine(), Affine(a_max=1.3, b_std=0.2, x0_std=3.0), Affine(a_max=0.5, b_std=4.0, x0_std=0.3)]


@pytest.mark.parametrize("task", RANGES, ids=str)
@pytest.mark.parametrize("noise", [0.03, 0.3])
def test_noisy_bayes_is_brute_force(noise, task):
    """Gaussian conditioning on a fine grid of slopes, one sequence and position at a time."""
    context = task.unroll(task.draw(6, torch_stream(1, "theory")), 5)
    context = context + noise * torch.randn(context.shape, generator=torch_stream(2, "theory"), dtype=context.dtype)
    found, slopes = task.bayes(context, noise)[..., 0].numpy(), np.linspace(-task.a_max, task.a_max, 20001)
    powers = slopes[:, None] ** np.arange(6)
    design = np.stack([powers, np.pad(powers.cumsum(axis=1), ((0, 0), (1, 0)))[:, :-1]], axis=-1)  # slope term 2
    for s, n in ((0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 4)):
        seen, y = design[:, : n + 1], context[s, : n + 1, 0].numpy()
        prior = np.diag([task.x0_std**2, task.b_std**2])
        covariance = seen @ prior @ seen.transpose(0, 2, 1) + noise**2 * np.eye(n + 1)
        solved = np.linalg.solve(covariance, np.broadcast_to(y, (len(slopes), n + 1))[..., None])[..., 0]
        log_density = -(np.linalg.slogdet(covariance)[1] + solved @ y) / 2
        mean = np.einsum("ai,ij,aki,ak->a", design[:, n + 1], prior, seen, solved)
        weight = np.exp(log_density - log_density.max())
        weight[[0, -1]] /= 2
        assert found[s, n] == pytest.approx((weight * mean).sum() / weight.sum(), abs=2e-5)


def test_noisy_bayes_becomes_bayes_as_the_noise_goes():
    context = Affine().unroll(Affine().draw(300, torch_stream(3, "theory")), CONTEXT_LENGTH)
    exact = Affine().bayes(context, 0.0)
    assert (noisy_bayes(context, 1e-5) - exact).square().mean() < 1e-8


def test_no_candidate_beats_noisy_bayes_and_it_is_causal():
    noise, task = 0.2, Affine()
    x = task.unroll(task.draw(3000, torch_stream(4, "theory")), CONTEXT_LENGTH + 1)
    x = x + noise * torch.randn(x.shape, generator=torch_stream(5, "theory"), dtype=x.dtype)
    context, target = x[:, :-1], x[:, 1:]
    best = noisy_bayes(context, noise)
    error = (best - target).square().mean(dim=0)
    for name in ("zero", "context_mean", "copy_last", "least_squares", "ridge"):
        other = (baselines(task, noise)[name](context) - target).square().mean(dim=0)
        assert (error <= other + 0.02).all(), name
    torch.testing.assert_close(noisy_bayes(context[:, :3], noise), best[:, :3])


@pytest.mark.parametrize("norm", ["layer_norm", "rms_norm"])
def test_layer_0_scores_terms_by_a_bilinear_form_in_their_size(norm):
    """The score of two terms from x/s, 1/s and 1 of either, with matrices made from weights; s² is quadratic in x."""
    model, terms = random_model(norm=norm).double(), sequences(20).double()[:, :-1]
    block, positions = model.blocks[0], terms.shape[1]
    W_E, W_pos = (centred(block.attention_norm, weight) for weight in (model.W_E[0], model.W_pos[:positions]))
    quadratic = [(W_E**2).mean(), 2 * (W_E * W_pos).mean(dim=-1), (W_pos**2).mean(dim=-1)]  # of x², x and 1
    x = terms[..., 0]
    s = (quadratic[0] * x**2 + quadratic[1] * x + quadratic[2] + block.attention_norm.eps).sqrt()
    features = torch.stack([x / s, 1 / s, torch.ones_like(x)], dim=-1)  # sequence position 3
    weight, bias = block.attention_norm.weight, getattr(block.attention_norm, "bias", None)
    of_one = torch.zeros_like(weight) if bias is None else bias
    reads = torch.stack([(W_E * weight).expand_as(W_pos), W_pos * weight, of_one.expand_as(W_pos)], dim=1)
    queries, keys = (
        reads @ W[:, None] + torch.tensor([0.0, 0.0, 1.0]).double()[:, None] * b[:, None]  # head position 3 d_head
        for W, b in ((block.attention.W_Q, block.attention.b_Q), (block.attention.W_K, block.attention.b_K))
    )
    matrices = torch.einsum("hnid,hkjd->hnkij", queries, keys) * keys.shape[-1] ** -0.5
    found = torch.einsum("sni,hnkij,skj->shnk", features, matrices, features)
    expected = scores(block, sum(model.embeddings(terms)))
    seen = ~torch.isinf(expected)
    torch.testing.assert_close(found[seen], expected[seen])
