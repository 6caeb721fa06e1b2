"""The transformer: identities that hold for any weights."""

import dataclasses

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from models import NORMS, random_model, sequences
from recurrence_circuits.model.transformer import INPUT_SITES, SITES, ActivationCache

VARIANTS = [
    {}, {"attention_only": True}, {"norm": "none"}, {"norm": "rms_norm"}, {"activation": "relu"},
    {"position_embedding": False}, {"n_layers": 1}, {"n_heads": 1}, {"n_heads": 8},
]  # fmt: skip


def test_attention_is_torchs_own():
    model, x = random_model(), torch.randn(5, 6, 8)
    ours = model.blocks[0].attention
    theirs = nn.MultiheadAttention(8, 2, batch_first=True)
    wide = [w.transpose(0, 1).reshape(8, 8).T for w in (ours.W_Q, ours.W_K, ours.W_V)]
    theirs.in_proj_weight.data = torch.cat(wide)
    theirs.in_proj_bias.data = torch.cat([b.reshape(-1) for b in (ours.b_Q, ours.b_K, ours.b_V)])
    theirs.out_proj.weight.data, theirs.out_proj.bias.data = ours.W_O.reshape(8, 8).T, ours.b_O
    mask = nn.Transformer.generate_square_subsequent_mask(6)
    expected, pattern = theirs(x, x, x, attn_mask=mask, average_attn_weights=False)
    found = ours.pattern(x, x)
    assert_close(found, pattern)
    assert_close(ours.output(x, found).sum(dim=1) + ours.b_O, expected)


THEIR_NORMS = {"layer_norm": nn.LayerNorm(8), "rms_norm": nn.RMSNorm(8, eps=1e-5), "none": nn.Identity()}


@pytest.mark.parametrize("name", NORMS)
def test_norms_are_torchs_own(name):
    model, stream, theirs = random_model(norm=name), torch.randn(5, 6, 8), THEIR_NORMS[name]
    norms = [norm for block in model.blocks for norm in (block.attention_norm, block.mlp_norm)]
    for ours in (*norms, model.final_norm):
        theirs.load_state_dict(ours.state_dict())
        assert_close(ours(stream), theirs(stream), rtol=0, atol=0)
    theirs.load_state_dict(model.final_norm.state_dict())
    assert_close(model.readout(stream), theirs(stream) @ model.W_readout + model.b_readout)


@pytest.mark.parametrize(("name", "activation"), [("gelu", nn.GELU()), ("relu", nn.ReLU())])
def test_an_mlp_is_torchs_own_layers(name, activation):
    mlp, stream = random_model(activation=name).blocks[0].mlp, torch.randn(5, 6, 8)
    theirs = nn.Sequential(nn.Linear(8, 16), activation, nn.Linear(16, 8))
    weights = {"0.weight": mlp.W_in.T, "0.bias": mlp.b_in, "2.weight": mlp.W_out.T, "2.bias": mlp.b_out}
    theirs.load_state_dict(weights)
    assert_close(mlp(stream), theirs(stream))


def test_without_a_position_embedding_there_is_no_such_weight_and_the_stream_is_the_embedding():
    model, x = random_model(position_embedding=False), sequences()[:, :-1]
    assert "W_pos" not in model.state_dict()
    cache = model(x)
    assert_close(cache.position_embedding, torch.zeros(6, 8))
    assert_close(cache.residual[0], x @ model.W_E)


def order_counts(**variant) -> float:
    """How much the last query's prediction changes if the terms before it change places: the largest change."""
    model, x = random_model(n_layers=1, **variant), sequences()[:, :-1]
    mixed = x[:, [3, 1, 4, 0, 2, 5]]
    return float((model(mixed).prediction[:, -1] - model(x).prediction[:, -1]).abs().max())


def test_one_layer_without_a_position_embedding_sees_no_order_of_the_terms_before_its_query():
    assert order_counts(position_embedding=False) < 1e-5
    assert order_counts(position_embedding=True) > 0.01


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_is_added_makes_up_the_residual_stream(variant):
    model = random_model(**variant)
    cache = model(sequences()[:, :-1])
    total = cache.embedding + cache.position_embedding + sum(h.sum(dim=1) for h in cache.head_output)
    total = total + sum(block.attention.b_O for block in model.blocks) + sum(cache.mlp_output)
    assert_close(cache.residual[-1], total)
    assert_close(cache.prediction, model.readout(cache.residual[-1]))


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_later_term_leaves_earlier_predictions_alone(variant):
    model, x = random_model(**variant), sequences()[:, :-1]
    changed = x.clone()
    changed[:, 4:] += 3
    before, after = model(x).prediction, model(changed).prediction
    assert_close(after[:, :4], before[:, :4], rtol=0, atol=0)
    assert not torch.allclose(after[:, 4:], before[:, 4:])


def test_attention_rows_are_probabilities_over_terms_seen():
    for pattern in random_model()(sequences()[:, :-1]).attention:
        assert_close(pattern.sum(dim=-1), torch.ones(pattern.shape[:-1]))
        assert (pattern.triu(1) == 0).all()


def test_shorter_contexts_are_prefixes():
    model, x = random_model(), sequences()[:, :-1]
    assert_close(model(x[:, :3]).prediction, model(x).prediction[:, :3])


def test_a_hook_that_changes_nothing_changes_nothing():
    model, x = random_model(), sequences()[:, :-1]
    hooks = {(site, layer): lambda value: value for site in SITES for layer in range(2)}
    hooks["residual", 2] = lambda value: value
    assert_close(model(x, hooks).prediction, model(x).prediction)


def test_rows_of_a_cache_are_the_cache_of_those_sequences():
    model, x = random_model(), sequences()[:, :-1]
    some, expected = model(x).rows(slice(5, 9)), model(x[5:9])
    for field in dataclasses.fields(ActivationCache):
        assert_close(getattr(some, field.name), getattr(expected, field.name))


@pytest.mark.parametrize("site", SITES)
def test_every_site_reaches_the_prediction(site):
    model, x = random_model(), sequences()[:, :-1]
    changed = model(x, {(site, 1): lambda value: value.flip(0)}).prediction
    assert not torch.allclose(changed, model(x).prediction)


@pytest.mark.parametrize("site", INPUT_SITES)
def test_an_input_hook_reaches_its_own_head_alone(site):
    def shift_head_1(value):
        value = value.clone()
        value[:, 1] = value[:, 1].flip(0)
        return value

    model, x = random_model(), sequences()[:, :-1]
    before, after = model(x).head_output[1], model(x, {(site, 1): shift_head_1}).head_output[1]
    assert_close(after[:, 0], before[:, 0])
    assert not torch.allclose(after[:, 1], before[:, 1])


@pytest.mark.parametrize("hook", [("head", 0), ("residual", 3), ("attention", 2), ("attention", -1)])
def test_a_hook_at_no_site_is_refused(hook):
    with pytest.raises(ValueError, match="hook: expected a site"):
        random_model()(sequences()[:, :-1], {hook: lambda value: value})


def test_an_mlp_hook_of_an_attention_only_model_is_refused():
    with pytest.raises(ValueError, match="hook: expected a site"):
        random_model(attention_only=True)(sequences()[:, :-1], {("mlp_output", 0): lambda value: value})


@pytest.mark.parametrize("shape", [(2, 7, 1), (2, 6, 2), (6, 1)])
def test_an_input_of_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match="model input: expected"):
        random_model()(torch.zeros(shape))
