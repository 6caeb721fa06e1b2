"""Feedback gain: a planted gain is found exactly, and one layer by itself answers as in the whole model."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from models import blank_model, plant_head, random_model, sequences
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.feedback import feedback_gains, measure_feedback
from recurrence_circuits.model.norms import readout_directions

FIRST, EPSILON = 2, 0.1
N = np.arange(6)  # positions


def measured(model, values=None, epsilon=EPSILON):
    values = sequences(dimension=model.dimension)[:, :6] if values is None else values
    bootstrap = Bootstrap(len(values), 50, 0.95, np.random.default_rng(0))
    frame = measure_feedback(model, model(values).residual, FIRST, epsilon, bootstrap)
    return frame.set_index(["component", "layer", "head", "perturbed", "pattern"]).sort_index()


def by_position(table, *key):
    rows = table.loc[key].dropna(subset=["position"])
    return rows.sort_values("position")["value"].to_numpy()


def gains_of(model, layer, step, values):
    direction = readout_directions(model)[0][0].to(values.dtype)
    return feedback_gains(model.blocks[layer], model(values).residual[layer], direction, step)


@pytest.mark.parametrize("pattern", ["free", "held"])
def test_planted_feedback_of_even_attention_is_exact(pattern):
    model, gain = blank_model(), 0.4
    plant_head(model, 0, 0, gain=1.0)  # copies the term: writes the estimate, reads none
    plant_head(model, 1, 1, gain=-gain, reads=1)  # takes the mean estimate away
    plant_head(model, 1, 0, gain=0.3, reads=1)
    table = measured(model)
    np.testing.assert_allclose(by_position(table, "head", 1, 1, "context", pattern), -gain * N / (N + 1), rtol=1e-4)
    np.testing.assert_allclose(by_position(table, "head", 1, 1, "query", pattern), -gain / (N + 1), rtol=1e-4)
    np.testing.assert_allclose(by_position(table, "head", 1, 0, "context", pattern), 0.3 * N / (N + 1), rtol=1e-4)
    whole = table.loc["attention", 1, np.nan, "context", pattern]
    mean = whole[whole["position"].isna()].iloc[0]
    assert mean["value"] == pytest.approx(-0.1 * np.mean(N[FIRST:] / (N[FIRST:] + 1)), rel=1e-4)
    assert mean["low"] == pytest.approx(mean["high"], rel=1e-4)  # the same for every sequence
    for idle in [(0, 0), (0, 1)]:
        for perturbed in ("query", "context"):
            assert (table.loc["head", *idle, perturbed, pattern]["value"] == 0).all()


def test_each_coordinate_of_a_vector_has_its_own_direction():
    model = random_model(dimension=2, n_layers=1, n_heads=1, attention_only=True, norm="none")
    for weight in model.parameters():
        weight.zero_()
    model.W_readout[0, 0], model.W_readout[1, 1] = 2.0, 0.5
    attention = model.blocks[0].attention
    attention.W_V[0] = attention.W_O[0] = torch.eye(8)
    attention.W_O[0, 0, 0], attention.W_O[0, 1, 1] = -0.6, 0.2
    table = measured(model)
    np.testing.assert_allclose(by_position(table, "head", 0, 0, "context", "free"), -0.2 * N / (N + 1), rtol=1e-4)


@pytest.mark.parametrize("layer", [0, 1])
def test_one_layer_by_itself_answers_as_in_the_whole_model(layer):
    model, values, step = random_model().double(), sequences(n=5)[:, :6].double(), 0.3
    direction = readout_directions(model)[0][0]
    found = gains_of(model, layer, step, values)

    def written(shift, query, perturbed):
        """What the layer's heads write along the direction at a query, `batch head`."""

        def shifted(stream):
            places = slice(query, query + 1) if perturbed == "query" else slice(0, query)
            stream = stream.clone()
            stream[:, places] += shift * direction
            return stream

        return model(values, {("residual", layer): shifted}).head_output[layer][:, :, query] @ direction

    for perturbed in ("query", "context"):
        for query in range(6):
            expected = (written(step, query, perturbed) - written(-step, query, perturbed)) / (2 * step)
            assert_close(found[perturbed, "free"][:, :, query], expected)


def test_held_attention_is_the_attention_of_the_clean_model():
    model, values = random_model(norm="none").double(), sequences(n=5)[:, :6].double()
    direction, cache, attention = readout_directions(model)[0][0], model(values), model.blocks[1].attention
    passed = torch.stack([direction @ attention.W_V[h] @ attention.W_O[h] @ direction for h in range(2)])
    to_itself = cache.attention[1].diagonal(dim1=-2, dim2=-1)  # batch head query
    found = gains_of(model, 1, 0.1, values)
    assert_close(found["query", "held"], passed[:, None] * to_itself)
    assert_close(found["context", "held"], passed[:, None] * (1 - to_itself))
    assert not torch.allclose(found["context", "free"], found["context", "held"], rtol=1e-2)


def test_the_gain_is_linear_at_the_default_shift():
    model, values = random_model().double(), sequences()[:, :6].double()
    gains = {}
    for epsilon in (0.001, 0.01, 0.02, 0.1):
        table = measured(model, values, epsilon)
        gains[epsilon] = table[table["position"].isna()]["value"]
    np.testing.assert_allclose(gains[0.1], gains[0.001], rtol=0.05, atol=0.01)
    # A central difference is off by the square of the shift.
    twice, once = (np.abs(gains[epsilon] - gains[0.001]).sum() for epsilon in (0.02, 0.01))
    assert twice / once == pytest.approx(4, rel=0.05)


def test_gains_grow_with_what_the_head_writes_and_not_with_the_readout():
    model, values = random_model().double(), sequences()[:, :6].double()
    before = gains_of(model, 1, 0.1, values)["context", "free"]
    model.W_readout *= 5
    assert_close(gains_of(model, 1, 0.1, values)["context", "free"], before)
    model.blocks[1].attention.W_O *= -2
    assert_close(gains_of(model, 1, 0.1, values)["context", "free"], -2 * before)


def test_the_layer_is_the_sum_of_its_heads():
    table = measured(random_model(n_heads=4))
    for perturbed in ("query", "context"):
        heads = sum(by_position(table, "head", 1, head, perturbed, "free") for head in range(4))
        rows = table.loc["attention", 1, np.nan, perturbed, "free"].dropna(subset=["position"])
        np.testing.assert_allclose(rows.sort_values("position")["value"], heads, rtol=1e-6)
    assert (by_position(table, "head", 1, 0, "context", "free")[0]) == 0  # the first query has no context
