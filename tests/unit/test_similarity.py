"""Similarity: planted copying, negative and idle heads are found, and each measure keeps to its definition."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from models import blank_model, plant_head, random_model, sequences
from recurrence_circuits.measures import similarity
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.model.transformer import Component

FIRST = 2


def bootstrap(n=48):
    return Bootstrap(n, 50, 0.95, np.random.default_rng(0))


def contribution_table(model, values):
    cache = model(values[:, :-1])
    parts = similarity.contributions_by_component(model, cache)
    frame = similarity.contribution_similarity(parts, cache.prediction, values, FIRST, bootstrap(len(values)))
    return frame.set_index(["component", "layer", "head", "measure"])["value"].sort_index(), parts


def planted():
    """Layer 0 head 0 copies the last term (attends to itself by sharpness and repeats), layer 1 head 1 opposes."""
    model = blank_model()
    plant_head(model, layer=0, head=0, gain=1.0)
    plant_head(model, layer=1, head=1, gain=-0.25)
    return model


def test_planted_heads_are_found():
    values = sequences().cumsum(dim=1)  # slow sequences, so that their running mean goes with the last term
    table, _ = contribution_table(planted(), values)
    assert table["head", 0, 0, "correlation_with_last"] > 0.5
    assert table["head", 0, 0, "correlation_with_prediction"] == pytest.approx(1)
    assert table["head", 1, 1, "correlation_with_prediction"] == pytest.approx(-1)
    assert table["head", 1, 1, "slope_on_last"] == pytest.approx(-table["head", 0, 0, "slope_on_last"] / 4)
    assert ("head", 0, 1, "correlation_with_last") not in table.index  # idle: a correlation with nothing has no row
    assert table["head", 0, 1, "mean_square"] == 0


def test_a_layers_attention_is_the_sum_of_its_heads():
    _, parts = contribution_table(random_model(), sequences())
    total = sum(parts[Component("head", 1, head)] for head in range(2))
    np.testing.assert_allclose(parts[Component("attention", 1)], total)


def test_similarities_do_not_change_with_scale_but_slopes_do():
    values, model = sequences(), blank_model()
    plant_head(model, 0, 0, gain=1.0)
    once, _ = contribution_table(model, values)
    plant_head(model, 0, 0, gain=3.0)
    thrice, _ = contribution_table(model, values)
    key = ("head", 0, 0)
    assert thrice[(*key, "correlation_with_last")] == pytest.approx(once[(*key, "correlation_with_last")])
    assert thrice[(*key, "slope_on_last")] == pytest.approx(3 * once[(*key, "slope_on_last")])


def test_cosine_with_the_readout_tells_the_sign():
    values = sequences().abs() + 0.1  # all terms positive, so a planted head's output has its gain's sign
    model, cache = planted(), planted()(values[:, :-1])
    frame = similarity.output_similarity(model, cache, FIRST, bootstrap())
    table = frame.set_index(["layer", "head", "measure"])["value"]
    assert table[0, 0, "cosine_with_readout"] == pytest.approx(1)
    assert table[1, 1, "cosine_with_readout"] == pytest.approx(-1)
    assert (0, 1, "cosine_with_readout") not in table.index


def test_head_cosines_are_a_similarity_matrix():
    model = random_model()
    frame = similarity.head_cosines(model, model(sequences()[:, :-1]), FIRST)
    matrix = frame.pivot(index=["layer", "head"], columns=["other_layer", "other_head"], values="value").to_numpy()
    np.testing.assert_allclose(np.diag(matrix), 1)
    np.testing.assert_allclose(matrix, matrix.T)
    assert np.abs(matrix).max() <= 1 + 1e-12
    assert np.linalg.eigvalsh(matrix).min() > -1e-9


def test_planted_heads_oppose_each_other():
    values = sequences()
    frame = similarity.head_cosines(planted(), planted()(values[:, :-1]), FIRST)
    value = frame.set_index(["layer", "head", "other_layer", "other_head"])["value"]
    assert value[0, 0, 1, 1] == pytest.approx(-1)


def test_the_sample_shows_true_contributions():
    values, model = sequences(), planted()
    _, parts = contribution_table(model, values)
    sample = similarity.contribution_sample(parts, values, FIRST, 20)
    assert len(sample) == 20 * 4
    for row in sample.sample(10, random_state=0).itertuples():
        assert row.term == pytest.approx(float(values[row.sequence, row.position, 0]))
        assert row.next_term == pytest.approx(float(values[row.sequence, row.position + 1, 0]))
        part = parts[Component("head", row.layer, row.head)]
        assert row.contribution == pytest.approx(part[row.sequence, row.position, 0])
    assert set(sample["position"]) == set(range(FIRST, 6))


def test_cosine_of_parallel_and_opposed_vectors():
    a = torch.randn(4, 3)
    assert_close(similarity.cosine(a, 2 * a), torch.ones(4))
    assert_close(similarity.cosine(a, -a), -torch.ones(4))
    assert similarity.cosine(a, torch.zeros(3)).isnan().all()
