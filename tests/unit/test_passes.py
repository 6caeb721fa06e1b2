"""Passes that compute no more than is wanted: they are the whole pass."""

import itertools

import pytest
import torch
from torch.testing import assert_close

from models import random_model, sequences
from recurrence_circuits.model.interventions import ReplacedHeads
from recurrence_circuits.model.passes import BATCH, continue_from, predict, predict_with, residual_streams, resume
from recurrence_circuits.model.transformer import SITES

VARIANTS = [
    {}, {"attention_only": True}, {"norm": "none"}, {"norm": "rms_norm"}, {"activation": "relu"},
    {"position_embedding": False}, {"n_layers": 1}, {"n_heads": 1}, {"n_heads": 8},
]  # fmt: skip


def shift_all_but_head_0(value):
    """A hook that gives each sequence the value of the one before it, but leaves the first of several heads alone."""
    new = value.roll(1, 0)
    if value.ndim == 4:
        new[:, 0] = value[:, 0]
    return new


def sites_of(model):
    """Every site of a model with every layer that has it."""
    layers = range(model.settings.n_layers)
    sites = [site for site in SITES if site != "mlp_output" or not model.settings.attention_only]
    return [*((site, layer) for layer in layers for site in sites), ("residual", model.settings.n_layers)]


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_pass_resumed_at_a_hook_is_the_whole_pass_with_it(variant):
    model, x = random_model(**variant), sequences()[:, :-1]
    cache = model(x)
    for place in sites_of(model):
        hooks = {place: shift_all_but_head_0}
        assert_close(resume(model, cache, hooks), model(x, hooks).prediction)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_pass_resumed_at_the_first_of_several_hooks_is_the_whole_pass_with_them(variant):
    model, x = random_model(**variant), sequences()[:, :-1]
    cache, places = model(x), sites_of(model)
    for first, second in itertools.combinations(places, 2):
        hooks = {second: shift_all_but_head_0, first: shift_all_but_head_0}
        assert_close(resume(model, cache, hooks), model(x, hooks).prediction)
    hooks = dict.fromkeys(places, shift_all_but_head_0)
    assert_close(resume(model, cache, hooks), model(x, hooks).prediction)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_pass_without_a_cache_predicts_the_same(variant):
    model, x = random_model(**variant), sequences()[:, :-1]
    cache = model(x)
    assert_close(predict(model, x), cache.prediction)
    assert_close(predict(model, x[:, :3]), cache.prediction[:, :3])
    for layer, stream in enumerate(cache.residual):
        assert_close(continue_from(model, layer, stream), cache.prediction)


@pytest.mark.parametrize("heads", [[0], [1, 0], [0, 1, 2, 3]])
@pytest.mark.parametrize("also", [None, ("attention", 1), ("value_input", 1), ("residual", 1), ("mlp_output", 1)])
def test_heads_replaced_outright_are_replaced(heads, also):
    model, x = random_model(n_layers=3, n_heads=4), sequences()[:, :-1]
    cache = model(x)
    hooks = {("head_output", layer): ReplacedHeads({h: torch.randn(48, 6, 8) for h in heads}) for layer in (1, 2)}
    hooks |= {also: shift_all_but_head_0} if also else {}
    after = model(x, hooks)
    for layer in (1, 2):
        for head, value in hooks["head_output", layer].new.items():
            assert_close(after.head_output[layer][:, head], value)
    assert_close(resume(model, cache, hooks), after.prediction)
    assert_close(continue_from(model, 0, cache.residual[0], hooks), after.prediction)


def test_a_pass_resumed_without_hooks_computes_nothing():
    cache = (model := random_model())(sequences()[:, :-1])
    assert resume(model, cache, {}) is cache.prediction


def test_batches_are_put_together():
    model, x = random_model(), sequences(BATCH + 40)[:, :-1]
    cache = model(x)
    assert_close(predict(model, x), cache.prediction)
    for found, expected in zip(residual_streams(model, x), cache.residual, strict=True):
        assert_close(found, expected)
    donor = torch.arange(len(x)).roll(1)
    hooks = predict_with(model, cache, lambda rows: {("mlp_output", 0): lambda _: cache.mlp_output[0][donor[rows]]})
    assert_close(hooks, model(x, {("mlp_output", 0): lambda output: output[donor]}).prediction)


def test_what_the_model_refuses_is_refused():
    model = random_model()
    with pytest.raises(ValueError, match="hook: expected a site"):
        resume(model, model(sequences()[:, :-1]), {("head", 0): lambda value: value})
    with pytest.raises(ValueError, match="model input: expected"):
        predict(model, torch.zeros(2, 7, 1))
