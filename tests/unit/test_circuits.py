"""Circuits: planted heads have the gains planted, and products by their factors are those formed in full."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from models import NORMS, blank_model, plant_head, random_model, sequences
from recurrence_circuits.measures import circuits
from recurrence_circuits.measures.attribution import direct_contributions
from recurrence_circuits.model.norms import centred, fold, mean_scale, readout_directions, scales
from recurrence_circuits.model.transformer import Component
from tables import read_table, write_table

FIRST = 2
LINEAR = {"attention_only": True, "norm": "none"}


def measured(model, measure=circuits.measure_circuits):
    values = sequences(dimension=model.dimension)[:, : model.context_length]
    frame = measure(model, model(values).residual, FIRST)
    return frame.set_index([column for column in frame.columns if column != "value"])["value"].sort_index()


def planted():
    """Layer 0: head 0 copies the term, head 1 is idle. Layer 1: head 0 negates the term, head 1 the estimate."""
    model = blank_model()
    plant_head(model, 0, 0, gain=1.5, sharpness=0.5)
    plant_head(model, 1, 0, gain=-0.25, sharpness=-2.0)
    plant_head(model, 1, 1, gain=-0.4, reads=1)
    return model


def full(model, layer, head):
    """W_Q W_Kᵀ / √d_head and W_V W_O of a head, `d_model d_model`, the norm as a matrix of its own."""
    block, d_model = model.blocks[layer], model.settings.d_model
    norm = torch.eye(d_model, dtype=torch.float64)
    if model.settings.norm != "none":
        stream = model(sequences()[:, :6]).residual[layer][:, FIRST:]
        mean = 1 / d_model if model.settings.norm == "layer_norm" else 0.0
        scale = mean_scale(block.attention_norm, stream)
        norm = scale * (norm - mean) * block.attention_norm.weight
    W_Q, W_K, W_V, W_O = (getattr(block.attention, name)[head].double() for name in ("W_Q", "W_K", "W_V", "W_O"))
    return norm @ W_Q @ W_K.T @ norm.T * W_Q.shape[-1] ** -0.5, norm @ W_V @ W_O


# ---- planted heads --------------------------------------------------------------------------------------------------


def test_planted_gains_are_found():
    table = measured(planted())
    assert table[0, 0, "ov_gain"] == pytest.approx(1.5)
    assert table[1, 0, "ov_gain"] == pytest.approx(-0.25)
    assert table[1, 1, "ov_estimate_gain"] == pytest.approx(-0.4)
    assert table[0, 1, "ov_gain"] == table[0, 1, "ov_estimate_gain"] == table[1, 1, "ov_gain"] == 0
    assert table[0, 0, "ov_estimate_gain"] == 0  # reads the term, not the estimate
    assert table[0, 0, "qk_gain"] == pytest.approx(0.5)
    assert table[1, 0, "qk_gain"] == pytest.approx(-2.0)
    assert table[0, 1, "qk_largest"] == 0


def test_planted_scores_tell_the_sign_and_are_undefined_for_idle_heads():
    table = measured(planted())
    assert table[1, 1, "ov_copying_score"] == pytest.approx(-1)  # writes where it reads, negated
    assert table[0, 0, "qk_matching_score"] == pytest.approx(1)
    assert table[1, 0, "qk_matching_score"] == pytest.approx(-1)
    assert table[0, 0, "qk_stable_rank"] == pytest.approx(1)
    for key in [(0, 1, "ov_copying_score"), (0, 1, "qk_matching_score"), (0, 1, "qk_stable_rank")]:
        assert key not in table.index
    assert (0, 0, "ov_copying_score") not in table.index  # moves the term elsewhere: the product is nilpotent


def test_the_gain_is_what_the_direct_contribution_gains():
    model, values = random_model(**LINEAR), sequences()[:, :6]
    cache = model(values)
    higher = model(values + 1, {("attention", 0): lambda pattern: cache.attention[0]})
    table = measured(model)
    for head in range(2):
        before, after = (direct_contributions(model, t)[Component("head", 0, head)] for t in (cache, higher))
        assert_close(after - before, torch.full_like(before, table[0, head, "ov_gain"]), rtol=1e-4, atol=1e-4)


def test_a_vector_tasks_gain_is_the_mean_of_the_diagonal():
    model = random_model(dimension=2, **LINEAR)
    table, ov = measured(model), full(model, 1, 0)[1]
    product = model.W_E.double() @ ov @ model.W_readout.double()
    assert table[1, 0, "ov_gain"] == pytest.approx(float(product.diagonal().mean()))


# ---- factors --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("norm", NORMS)
def test_scores_by_factors_are_those_of_the_whole_products(norm):
    model = random_model(norm=norm)
    table = measured(model)
    for layer, head in [(0, 0), (1, 1)]:
        qk, ov = full(model, layer, head)
        for name, product in (("qk_matching_score", qk), ("ov_copying_score", ov)):
            values = torch.linalg.eigvals(product)
            assert table[layer, head, name] == pytest.approx(float(values.sum().real / values.abs().sum()), abs=1e-6)
        singular = torch.linalg.svdvals(qk)
        assert table[layer, head, "qk_largest"] == pytest.approx(float(singular[0]))
        assert table[layer, head, "qk_stable_rank"] == pytest.approx(float((singular**2).sum() / singular[0] ** 2))
        embedding = model.W_E[0].double()
        assert table[layer, head, "qk_gain"] == pytest.approx(float(embedding @ qk @ embedding))


def test_another_basis_inside_the_head_changes_nothing():
    model = random_model()
    before = measured(model)
    turn = torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(3))).Q
    attention = model.blocks[0].attention
    for name in ("W_Q", "W_K", "W_V", "b_Q", "b_K", "b_V"):
        getattr(attention, name)[1] = getattr(attention, name)[1] @ turn
    attention.W_O[1] = turn.T @ attention.W_O[1]
    np.testing.assert_allclose(measured(model)[0, 1], before[0, 1], rtol=1e-4)


def test_gains_grow_with_the_weights_and_scores_do_not():
    model = random_model(n_layers=1)
    before = measured(model)
    model.blocks[0].attention.W_V *= 3
    after = measured(model)
    for name, factor in {"ov_estimate_gain": 3, "ov_copying_score": 1, "qk_gain": 1}.items():
        np.testing.assert_allclose(after[:, :, name], factor * before[:, :, name], rtol=1e-5)


def test_rounding_does_not_give_a_nilpotent_product_a_score():
    turn = torch.linalg.qr(torch.randn(8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))).Q
    left, right = turn[:, :1], turn[:, 1:2].T  # reads one direction, writes another at a right angle
    assert circuits.eigenvalue_score(left, right).isnan()
    assert circuits.eigenvalue_score(left, -left.T) == pytest.approx(-1)


# ---- composition ----------------------------------------------------------------------------------------------------


def test_planted_heads_compose_where_one_reads_what_the_other_writes():
    table = measured(planted(), circuits.measure_composition)
    assert table[0, 0, 1, 1, "value"] == pytest.approx(1)  # the estimate
    assert table[0, 0, 1, 0, "value"] == 0  # reads the term
    assert table[0, 0, 1, 0, "query"] == 0
    assert not any(key[:2] == (0, 1) for key in table.index)  # the idle head writes nothing
    assert (0, 0, 1, 1, "key") not in table.index  # a head of even attention has no QK circuit


@pytest.mark.parametrize("norm", NORMS)
def test_composition_by_factors_is_that_of_the_whole_products(norm):
    model = random_model(n_layers=3, norm=norm)
    table = measured(model, circuits.measure_composition)
    assert len(table) == 3 * 2 * 2 * 3  # pairs of layers, heads, heads, inputs
    ov = full(model, 0, 1)[1]
    qk_later, ov_later = full(model, 2, 0)
    for name, later in (("query", qk_later), ("key", qk_later.T), ("value", ov_later)):
        expected = (ov @ later).norm() / (ov.norm() * later.norm())
        assert table[0, 1, 2, 0, name] == pytest.approx(float(expected))


def test_a_model_of_one_layer_has_an_empty_composition_table(tmp_path):
    model, path = random_model(n_layers=1), str(tmp_path / "composition.csv")
    frame = circuits.measure_composition(model, model(sequences()[:, :6]).residual, FIRST)
    write_table("composition", frame.assign(experiment="toy", seed=0, model="trained"), path)
    assert len(read_table("composition", path)) == 0


# ---- norms as linear maps -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NORMS)
def test_a_folded_norm_is_the_norm_at_its_scale(name):
    norm, W = random_model(norm=name).blocks[0].attention_norm, torch.randn(8, 3)
    streams = torch.nn.functional.layer_norm(torch.randn(20, 8), (8,)) * 2.5 + 1.0  # of standard deviation 2.5, mean 1
    scale = mean_scale(norm, streams)
    assert scale == pytest.approx({"layer_norm": 1 / 2.5, "rms_norm": (2.5**2 + 1) ** -0.5, "none": 1}[name], rel=1e-4)
    bias = getattr(norm, "bias", None)
    read = norm(streams) if bias is None else norm(streams) - bias
    assert_close(streams.double() @ fold(norm, W, scale), (read @ W).double(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", NORMS)
def test_scales_are_those_of_each_stream(name):
    norm, streams = random_model(norm=name).final_norm, torch.randn(5, 4, 8) * torch.rand(5, 4, 1)
    bias = 0 if getattr(norm, "bias", None) is None else norm.bias
    weight = getattr(norm, "weight", 1.0)
    assert_close(norm(streams), scales(norm, streams) * centred(norm, streams) * weight + bias)


@pytest.mark.parametrize("norm", NORMS)
def test_the_readout_direction_is_the_one_that_moves_the_prediction_most(norm):
    model, stream = random_model(norm=norm), torch.randn(1, 1, 8)
    directions, lengths = readout_directions(model)
    assert_close(directions.norm(dim=-1), torch.ones(1, dtype=torch.float64))
    if norm == "layer_norm":
        assert directions.sum() == pytest.approx(0, abs=1e-6)  # it sees nothing of a common shift
    read = fold(model.final_norm, model.W_readout)
    assert_close(directions @ read, lengths[:, None])
    stream.requires_grad_()
    model.readout(stream).sum().backward()
    # What the norm's frozen scale leaves out is along the stream that it scales.
    gradient, scaled = stream.grad[0, 0].double(), centred(model.final_norm, stream).detach()[0, 0].double()
    rest = gradient - (gradient @ directions[0]) * directions[0]
    projected = torch.stack([directions[0], scaled])
    assert_close(rest, torch.linalg.lstsq(projected.T, rest[:, None]).solution[:, 0] @ projected, rtol=1e-3, atol=1e-5)


def test_a_readout_of_nothing_is_refused():
    model = random_model()
    model.W_readout.zero_()
    with pytest.raises(ValueError, match="readout: expected a direction for each coordinate"):
        readout_directions(model)
