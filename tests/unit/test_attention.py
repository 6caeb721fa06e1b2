"""Attention: heads that seek like terms are told from heads that seek recent ones; ranks keep to their definition."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from models import blank_model, plant_head, random_model, sequences
from recurrence_circuits.measures.attention import (
    centred_ranks,
    mean_attention,
    measure_attention,
    rank_correlation,
    residual,
)
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.model.interventions import donors
from recurrence_circuits.tasks.affine import Affine

FIRST = 2


def measured(model, cache, context):
    """The table of measure_attention by layer, head and measure."""
    bootstrap = Bootstrap(len(context), 50, 0.95, np.random.default_rng(0))
    donor = donors(len(context), torch.Generator().manual_seed(0))
    frame = measure_attention(model, cache, context, donor, FIRST, bootstrap)
    return frame.set_index(["layer", "head", "measure"]).sort_index()


def attending(*scores):
    """The table of heads 0, 1, … of a layer with these attention scores, each `sequence query key`."""
    model, context = random_model(n_layers=1, n_heads=len(scores), context_length=12), converging()
    cache = model(context)
    future = torch.ones(12, 12, dtype=torch.bool).triu(1)
    cache.attention[0] = torch.stack([s.masked_fill(future, float("-inf")).softmax(dim=-1) for s in scores], dim=1)
    return measured(model, cache, context)


def converging(n=300):
    generator = torch.Generator().manual_seed(0)
    return Affine().unroll(Affine().draw(n, generator), 12).float()


def closeness():
    x = converging()[..., 0]
    return -(x[:, :, None] - x[:, None, :]).abs()


def recency(noise):
    return torch.arange(12.0) + noise * torch.randn(300, 12, 12, generator=torch.Generator().manual_seed(1))


def test_a_head_that_attends_by_similarity_does_so_beyond_position():
    table = attending(5 * closeness())
    most = table["value"][np.nan, np.nan, "attention_similarity_beyond_position"]
    table = table.loc[0]
    assert table["value"][0, "attention_similarity"] > 0.95  # ties of attentions that are 0 in float32
    assert table["low"][0, "attention_similarity_beyond_position"] > 0.06
    assert table["value"][0, "attention_similarity_beyond_position"] == pytest.approx(most, abs=0.02)
    assert table["value"][0, "attention_similarity_partial"] > 0.9


def test_a_head_that_attends_by_recency_looks_similar_and_is_so_by_position_alone():
    table = attending(recency(0.0), recency(0.8)).loc[0]
    for head in (0, 1):
        assert table["value"][head, "attention_similarity"] > 0.4  # since sequences converge
        beyond = table.loc[head, "attention_similarity_beyond_position"]
        assert beyond["low"] < 0 < beyond["high"]
        assert beyond["value"] == pytest.approx(0, abs=0.01)
    assert table["value"][0, "attention_similarity_beyond_position"] == pytest.approx(0, abs=1e-12)
    assert (0, "attention_similarity_partial") not in table.index  # nothing is left beside position
    assert table["value"][1, "attention_similarity_partial"] == pytest.approx(0, abs=0.05)


def test_a_head_that_avoids_like_terms_is_below_zero_beyond_position():
    table = attending(recency(0.0) / 12 - 5 * closeness()).loc[0]
    assert table["high"][0, "attention_similarity_beyond_position"] < -0.06
    assert table["value"][0, "attention_similarity_partial"] < -0.5


def test_beyond_position_is_the_difference_of_its_two_parts():
    table = attending(closeness(), recency(0.5)).loc[0]["value"]
    for head in (0, 1):
        parts = table[head, "attention_similarity"], table[head, "attention_similarity_mismatched"]
        assert table[head, "attention_similarity_beyond_position"] == pytest.approx(parts[0] - parts[1])


@pytest.mark.parametrize("sharpness, sign", [(40.0, 1), (-40.0, -1)])
def test_attention_similarity_finds_heads_that_seek_like_or_unlike_terms(sharpness, sign):
    model, values = blank_model(), sequences().sign() * (1 + 0.01 * sequences(seed=2))
    plant_head(model, 1, 0, gain=1.0, sharpness=sharpness)
    table = measured(model, model(values[:, :-1]), values[:, :-1])["value"]
    assert sign * table[1, 0, "attention_similarity"] > 0.5
    assert (0, 0, "attention_similarity") not in table.index  # even attention: no ranks to compare
    assert table[0, 0, "attention_to_self"] == pytest.approx(np.mean([1 / (n + 1) for n in range(2, 6)]))
    assert table[0, 0, "attention_entropy"] == pytest.approx(np.mean([np.log(n + 1) for n in range(2, 6)]))


def test_rank_correlation_is_scipys_with_ties():
    rng = np.random.default_rng(0)
    a, b = rng.integers(5, size=(30, 8)), rng.integers(5, size=(30, 8))
    expected = [spearmanr(x, y).statistic for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(rank_correlation(*map(centred_ranks, (a, b))), expected)
    assert np.isnan(rank_correlation(*map(centred_ranks, (np.zeros((1, 4)), b[:1, :4])))).all()


def test_the_partial_correlation_is_that_of_the_inverse_correlation_matrix():
    ranks = centred_ranks(np.random.default_rng(0).normal(size=(4, 9)))
    left = residual(ranks[:2], ranks[2:])
    precision = np.linalg.inv(np.corrcoef(ranks))
    expected = -precision[0, 1] / np.sqrt(precision[0, 0] * precision[1, 1])
    assert rank_correlation(*left) == pytest.approx(expected)


def test_controls_that_agree_count_once_and_leave_nothing_of_themselves():
    ranks = centred_ranks(np.random.default_rng(0).normal(size=(2, 9)))
    np.testing.assert_allclose(residual(ranks[:1], ranks[[1, 1]]), residual(ranks[:1], ranks[1:]))
    assert (residual(ranks, ranks[[1, 1]])[1] == 0).all()
    assert (residual(ranks, np.zeros((2, 9))) == ranks).all()  # nothing to control for


def test_mean_attention_rows_add_up_to_one():
    model = random_model()
    frame = mean_attention(model, model(sequences()[:, :-1]))
    np.testing.assert_allclose(frame.groupby(["layer", "head", "query"])["value"].sum(), 1, rtol=1e-6)
    assert (frame["key"] <= frame["query"]).all()
