"""Hand-made transformers: they do what docs/theory.md says, at every depth and length."""

import numpy as np
import pytest
import torch

from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.handcrafted import measure_handcrafted
from recurrence_circuits.predictors import handcrafted, linear
from recurrence_circuits.predictors.handcrafted import (
    AFTER,
    BEFORE,
    CONTENT,
    ESTIMATE,
    REST,
    content_feedback,
    handcrafted_models,
)
from recurrence_circuits.randomness import torch_stream
from recurrence_circuits.tasks.affine import Affine


def draw(n: int, context_length: int, seed: int = 0):
    parameters = Affine().draw(n, torch_stream(seed, "constructed"))
    return parameters["a"][:, None], Affine().unroll(parameters, context_length + 1)


def coordinate(model, stream, name):
    return stream[..., model.context_length + name].double()


@pytest.mark.parametrize("context_length", [4, 9, 16])
def test_copying_makes_the_estimate_and_the_pairs(context_length):
    model, (_, x) = content_feedback(context_length, 1), draw(20, context_length)
    stream, terms = model(x[:, :-1].float()).residual[1], x[:, :-1, 0]
    difference = terms.diff(dim=1, prepend=terms[:, :1])  # D_n, 0 at n = 0
    expected = {ESTIMATE: terms, REST: difference, AFTER: difference.clone(), BEFORE: difference.roll(1, dims=1)}
    expected[AFTER][:, :2] = expected[BEFORE][:, :2] = 0
    for name, value in expected.items():
        torch.testing.assert_close(coordinate(model, stream, name), value, atol=1e-5, rtol=0)


@pytest.mark.parametrize("context_length", [4, 16])
@pytest.mark.parametrize("n_layers", CONTENT)
def test_estimate_and_rest_make_the_next_term_after_every_layer(n_layers, context_length):
    model, (a, x) = content_feedback(context_length, n_layers), draw(200, context_length)
    for stream in model(x[:, :-1].float()).residual[1:]:
        known = coordinate(model, stream, ESTIMATE) + a * coordinate(model, stream, REST)
        torch.testing.assert_close(known[:, 2:], x[:, 3:, 0], atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("n_layers", CONTENT)
def test_feedback_leaves_little_of_the_rest(n_layers):
    """In the mean only: a sharp layer may overshoot where the next ones put it right."""
    model, (_, x) = content_feedback(16, n_layers), draw(2000, 16)
    rests = [coordinate(model, s, REST)[:, 2:].square().mean() for s in model(x[:, :-1].float()).residual[1:]]
    assert rests[-1] < 0.6**n_layers * rests[0]


def test_a_weak_layer_multiplies_the_rest_by_one_minus_twice_gain_sharpness_variance(monkeypatch):
    """The linear regime: rest × (1 − 2 g s Var BEFORE), the variance over the context, its empty pairs included."""
    gain, sharpness = 3.0, 1e-2
    monkeypatch.setitem(CONTENT, 1, ((sharpness, gain),))
    model, (_, x) = content_feedback(8, 1), draw(200, 8)
    before, after = model(0.3 * x[:, :-1].float()).residual[1:]
    pairs = coordinate(model, before, BEFORE)
    for n in range(2, 8):
        variance = pairs[:, : n + 1].var(dim=1, unbiased=False)
        expected = coordinate(model, before, REST)[:, n] * (1 - 2 * gain * sharpness * variance)
        torch.testing.assert_close(coordinate(model, after, REST)[:, n], expected, atol=2e-5, rtol=1e-3)


def test_heads_of_feedback_attend_to_what_is_like_the_rest_and_write_against_it():
    """Attention similar, output negative: the two readings of a negative similarity head need not go together."""
    model, (_, x) = content_feedback(16, 1), draw(500, 16)
    cache = model(x[:, :-1].float())
    rest = coordinate(model, cache.residual[1], REST)[:, 2:]
    written = coordinate(model, cache.residual[2], REST)[:, 2:] - rest
    assert (written * rest).sum() < -0.2 * rest.square().sum()
    keys = coordinate(model, cache.residual[1], BEFORE)
    score = (cache.attention[1][:, 0] - cache.attention[1][:, 1]).double()[:, 2:] @ keys[..., None]
    assert (score[..., 0] * rest).min() > -1e-6


@pytest.mark.parametrize("context_length", [4, 16])
def test_the_linear_ones_are_their_weights(context_length):
    _, x = draw(100, context_length)
    moments = Affine().second_moments(context_length + 1, 0.0)
    fixed = np.einsum("f,fnk->nk", linear.fixed_coefficients(moments, 2), linear.feature_weights(context_length))
    by_position = linear.best_linear_in_differences(moments)
    by_position = np.eye(context_length) + by_position - np.pad(by_position[:, 1:], ((0, 0), (0, 1)))
    for name, weights in (("fixed", fixed), ("positional", by_position)):
        prediction = handcrafted_models(context_length, 0.0)[name](x[:, :-1].float()).prediction.double()
        expected = torch.einsum("nk,skd->snd", torch.from_numpy(weights), x[:, :-1])
        torch.testing.assert_close(prediction, expected, atol=2e-4, rtol=1e-4)


def mean_error(model, x) -> float:
    return float((model(x[:, :-1].float()).prediction - x[:, 1:])[:, 2:].square().mean())


def test_what_each_reaches():
    _, x = draw(4000, 16)
    error = {name: mean_error(model, x) for name, model in handcrafted_models(16, 0.0).items()}
    copying = float((x[:, 1:] - x[:, :-1])[:, 2:].square().mean())
    assert error["content_3"] < error["content_2"] / 2 < error["content_1"] / 3 < copying / 10
    assert error["positional"] < error["fixed"] / 2 < copying / 4
    assert error["content_3"] > 1e-3  # they approach the exact prediction and do not reach it


@pytest.mark.parametrize("n_layers", CONTENT)
def test_the_numbers_written_down_are_about_the_best(monkeypatch, n_layers):
    """Changing any of them by a quarter gains nothing worth mentioning."""
    _, x = draw(1500, 16, seed=1)
    best, numbers = mean_error(content_feedback(16, n_layers), x), CONTENT[n_layers]
    for layer in range(n_layers):
        for which in (0, 1):
            for factor in (0.75, 1.3):
                changed = [list(pair) for pair in numbers]
                changed[layer][which] *= factor
                monkeypatch.setitem(CONTENT, n_layers, changed)
                assert mean_error(content_feedback(16, n_layers), x) > 0.93 * best


def test_another_depth_is_refused():
    with pytest.raises(ValueError, match=r"layers of content feedback: expected one of \[1, 2, 3\], found 4"):
        content_feedback(8, 4)


@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_scores_are_errors_by_position(noise):
    _, x = draw(300, 6)
    x = (x + noise * torch.randn(x.shape, generator=torch_stream(1, "constructed"), dtype=x.dtype)).float()
    frame = measure_handcrafted(Affine(), noise, x, Bootstrap(300, 50, 0.95, np.random.default_rng(0)))
    value = frame.set_index(["predictor", "position"])["value"]
    assert value["copy_last", 3] == pytest.approx(float((x[:, 4] - x[:, 3]).square().mean()), rel=1e-5)
    layers = frame.groupby("predictor")["n_layers"].first()
    assert layers["positional"] == 1
    assert layers["content_3"] == 4
    assert layers.isna()[["copy_last", "bayes", "best_linear"]].all()
    assert len(frame[frame["predictor"] == "bayes"]) == 7  # with noise, too
    assert set(handcrafted.handcrafted_models(6, noise)) < set(frame["predictor"])
