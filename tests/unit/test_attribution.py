"""Direct contributions: they add up, and planted heads contribute what was planted."""

import pytest
import torch
from torch.testing import assert_close

from models import NORMS, blank_model, plant_head, random_model, sequences
from recurrence_circuits.measures.attribution import direct_contributions, frozen_readout
from recurrence_circuits.model.transformer import Component

VARIANTS = [
    {}, {"attention_only": True}, {"norm": "none"}, {"norm": "rms_norm"}, {"activation": "relu"},
    {"position_embedding": False}, {"dimension": 3},
]  # fmt: skip


@pytest.mark.parametrize("variant", VARIANTS)
def test_contributions_add_up_to_the_prediction(variant):
    model = random_model(**variant)
    cache = model(sequences(dimension=variant.get("dimension", 1))[:, :-1])
    total = sum(direct_contributions(model, cache).values())
    assert_close(total, cache.prediction, rtol=1e-4, atol=1e-5)


def test_every_component_is_there_once():
    parts = direct_contributions(random_model(), random_model()(sequences()[:, :-1]))
    kinds = [c.kind for c in parts]
    assert (kinds.count("head"), kinds.count("mlp"), kinds.count("bias"), kinds.count("position")) == (4, 2, 1, 1)


def test_a_model_without_a_position_embedding_has_no_contribution_of_it():
    model = random_model(position_embedding=False)
    assert Component("position") not in direct_contributions(model, model(sequences()[:, :-1]))


def test_a_trace_that_does_not_add_up_is_refused():
    model = random_model()
    cache = model(sequences()[:, :-1])
    cache.head_output[0] = 2 * cache.head_output[0]
    with pytest.raises(ArithmeticError, match="expected their sum to be the prediction"):
        direct_contributions(model, cache)


def test_planted_heads_contribute_what_was_planted():
    model = blank_model()
    plant_head(model, layer=0, head=1, gain=0.5)
    plant_head(model, layer=1, head=0, gain=-2.0)
    context = sequences()[:, :-1]
    parts = direct_contributions(model, model(context))
    mean_so_far = context.cumsum(dim=1) / torch.arange(1, 7)[:, None]
    assert_close(parts[Component("head", 0, 1)], 0.5 * mean_so_far)
    assert_close(parts[Component("head", 1, 0)], -2.0 * mean_so_far)
    assert (parts[Component("head", 0, 0)] == 0).all()
    assert (parts[Component("embedding")] == 0).all()


@pytest.mark.parametrize("norm", NORMS)
def test_the_frozen_readout_is_linear(norm):
    model = random_model(norm=norm)
    cache = model(sequences()[:, :-1])
    a, b = cache.head_output[0][:, 0], cache.head_output[1][:, 1]
    read = frozen_readout(model, cache)
    assert_close(read(2 * a - b), 2 * read(a) - read(b), rtol=1e-4, atol=1e-5)
