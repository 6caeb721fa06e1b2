"""Counterfactual pairs and swaps: the pairs are the law's; planted paths carry all of the change, and no others do."""

import logging
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import kstest

from models import blank_model, data_settings, plant_head, random_model
from recurrence_circuits.measures import pairs as pairs_module
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.counterfactuals import measure_counterfactuals
from recurrence_circuits.measures.pairs import LEAST_CHANGE, draw_every_position, draw_pairs
from recurrence_circuits.tasks.affine import Affine
from recurrence_circuits.tasks.base import make_task
from recurrence_circuits.tasks.given_terms import FARTHEST

OPTIONS = {"affine": {}, "affine_vector": {"dimension": 2}, "polynomial": {"degree": 3}}


@pytest.fixture(params=OPTIONS)
def name(request):
    return request.param


def task_of(name, **changes):
    data = data_settings(context_length=8, **OPTIONS[name] | changes)
    return make_task(name, data), data


def planted(position=4, n=200, name="affine"):
    task, data = task_of(name)
    return draw_pairs(task, data, n, position)


def measured(model, pairs):
    bootstrap = Bootstrap(len(pairs.first), 50, 0.95, np.random.default_rng(0))
    return measure_counterfactuals(model, [(pairs, bootstrap)])


def share(frame, component, layer, first, last, head=None, measure="share"):
    rows = frame.query(
        "component == @component and layer == @layer and first_swapped == @first and last_swapped == @last "
        "and measure == @measure"
    )
    rows = rows[rows["head"].isna()] if head is None else rows[rows["head"] == head]
    return rows["value"].item()


# ---- pairs ----------------------------------------------------------------------------------------------------------


def test_counterfactuals_have_the_same_two_terms_and_other_parameters(name):
    task, _ = task_of(name)
    at = task.first_determined + 1
    given = task.draw(300, torch.Generator().manual_seed(0))
    other, likely = task.counterfactuals(given, at, torch.Generator().manual_seed(1))
    first, second = task.unroll(given, at + 2)[likely], task.unroll(other, at + 2)[likely]
    assert likely.float().mean() > 0.9
    torch.testing.assert_close(first[:, at - 1 : at + 1], second[:, at - 1 : at + 1], rtol=1e-6, atol=1e-6)
    assert ((first[:, at + 1] - second[:, at + 1]).abs().amax(dim=-1) > 1e-3).float().mean() > 0.5
    for key in {"b", "x0"} & set(other):
        assert other[key][likely].abs().max() <= FARTHEST


@pytest.mark.parametrize("ranges", [{}, {"a_max": 0.8, "b_std": 0.4, "x0_std": 2.0}], ids=["usual", "other"])
@pytest.mark.parametrize("at", [2, 4])
def test_counterfactuals_have_the_laws_own_distribution(at, ranges):
    """A parameter drawn given what another drew is, over all, drawn from the prior. Without |a|^(1 − at) it is not."""
    task = Affine(**ranges)
    given = task.draw(2000, torch.Generator().manual_seed(0))
    other, _ = task.counterfactuals(given, at, torch.Generator().manual_seed(1))
    a_max = task.a_max
    laws = {"a": ("uniform", (-a_max, 2 * a_max)), "b": ("norm", (0, task.b_std)), "x0": ("norm", (0, task.x0_std))}
    for key, law in laws.items():
        assert kstest(other[key].numpy(), *law).pvalue > 0.01, key


def test_coefficients_of_polynomials_have_their_own_distribution():
    task, _ = task_of("polynomial")
    given = task.draw(2000, torch.Generator().manual_seed(0))
    other, _ = task.counterfactuals(given, 4, torch.Generator().manual_seed(1))
    torch.testing.assert_close(torch.cov(other["c"].T), torch.eye(4, dtype=torch.float64), rtol=0, atol=0.12)


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_pairs_end_in_the_same_terms_and_go_on_differently(name, noise):
    task, data = task_of(name, noise=noise)
    position = task.first_determined
    pairs = draw_pairs(task, data, 64, position)
    assert pairs.first.shape == pairs.second.shape == (64, position + 1, task.dimension)
    assert torch.equal(pairs.first[:, -2:], pairs.second[:, -2:])
    assert not torch.equal(pairs.first[:, 0], pairs.second[:, 0])
    assert (pairs.change.square().mean(dim=-1).numpy() * pairs.weights >= LEAST_CHANGE**2).all()
    assert pairs.attempts > 64
    again = draw_pairs(task, data, 64, position)
    assert torch.equal(pairs.second, again.second)


def test_the_change_of_affine_pairs_is_that_of_a_times_the_last_difference():
    pairs = planted(2)
    before, last = (torch.stack([pairs.first, pairs.second]).double().diff(dim=2)[:, :, k] for k in (0, 1))
    expected = (last[1] / before[1] - last[0] / before[0]) * last[0]
    clear = (before.abs() > 0.01).all(dim=0)
    torch.testing.assert_close(pairs.change[clear], expected[clear], rtol=1e-3, atol=1e-3)


def test_too_few_pairs_and_a_law_without_them_give_none(monkeypatch, caplog):
    caplog.set_level("INFO", logger="recurrence_circuits")
    monkeypatch.setattr(logging.getLogger("recurrence_circuits"), "propagate", True)
    task, data = task_of("polynomial", degree=1)
    assert draw_every_position(task, data, 64) == []
    assert "n = 1: expected 20 counterfactual pairs, found fewer" in caplog.text
    task, data = task_of("affine")
    assert draw_pairs(task, data, 64, 3) is not None
    monkeypatch.setattr(pairs_module, "LEAST_CHANGE", 1e3)
    assert draw_pairs(task, data, 64, 3) is None


def test_counterfactuals_that_do_not_share_their_terms_are_refused(monkeypatch):
    task, data = task_of("affine")
    monkeypatch.setattr(type(task), "counterfactuals", lambda self, p, at, g: (self.draw(len(p["a"]), g), p["a"] < 2))
    with pytest.raises(ValueError, match=r"counterfactuals: expected the same terms 2 and 3, found \S+ apart"):
        draw_pairs(task, data, 64, 3)


# ---- swaps ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("attention_only", [True, False])
def test_swapping_everything_moves_all_and_swapping_what_is_shared_nothing(attention_only):
    pairs = planted(4)
    frame = measured(random_model(context_length=8, attention_only=attention_only), pairs)
    assert share(frame, "residual", 0, 0, 4) == pytest.approx(1, abs=1e-5)
    assert share(frame, "residual", 0, 0, 2) == pytest.approx(1, abs=1e-5)  # all terms that differ
    assert share(frame, "residual", 2, 4, 4) == pytest.approx(1, abs=1e-5)
    for k in (3, 4):  # the shared terms, before any layer
        assert share(frame, "residual", 0, k, k) == pytest.approx(0, abs=1e-5)
    for k in range(4):  # nothing reads what the last layer's attention writes elsewhere
        assert share(frame, "attention", 1, k, k) == pytest.approx(0, abs=1e-5)
    assert ("mlp" in set(frame["component"])) != attention_only
    assert (frame["low"] <= frame["high"] + 1e-9)[frame["measure"] != "kept"].all()
    assert share(frame, "residual", 0, 0, 4, measure="kept") == pytest.approx(200 / pairs.attempts)


@pytest.mark.parametrize(("layer", "after"), [(0, 1), (1, 0)])
def test_a_planted_head_carries_all_and_every_other_site_nothing(layer, after):
    """Head 1 of one layer adds the mean of the terms; the other layer is idle."""
    model = blank_model(context_length=8)
    plant_head(model, layer, 1, gain=1.0)
    frame = measured(model, planted(4))
    assert share(frame, "head", layer, 4, 4, head=1) == pytest.approx(1, abs=1e-5)
    assert share(frame, "attention", layer, 4, 4) == pytest.approx(1, abs=1e-5)
    for other in ((layer, 0), (1 - layer, 0), (1 - layer, 1)):
        assert share(frame, "head", other[0], 4, 4, head=other[1]) == pytest.approx(0, abs=1e-5)
    assert share(frame, "residual", 1, 4, 4) == pytest.approx(after, abs=1e-5)
    assert share(frame, "residual", 1, 0, 2) == pytest.approx(1 - after, abs=1e-5)


def test_a_head_that_reads_one_term_has_its_share_there_alone():
    """Head 0 of layer 1 attends to position 0, marked in coordinate 2 of the stream."""
    model = blank_model(context_length=8)
    plant_head(model, 1, 0, gain=1.0)
    model.W_pos[0, 2] = 1.0
    attention = model.blocks[1].attention
    attention.W_Q[0].zero_()
    attention.b_Q[0, 0, 0] = 100.0
    attention.W_K[0] = torch.tensor([[0.0, 0.0], [0.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
    frame = measured(model, planted(4))
    for layer in (0, 1):
        for k in range(5):
            assert share(frame, "residual", layer, k, k) == pytest.approx(float(k == 0), abs=1e-5), (layer, k)


def test_the_response_is_the_slope_of_the_predictions_change_on_the_true_one():
    model, pairs = random_model(context_length=8), planted(4)
    with torch.no_grad():
        moved = (model(pairs.second).prediction - model(pairs.first).prediction)[:, -1].double()
    for factor in (1.0, 2.0):  # a model that is right, and one that moves half as far as it should
        frame = measured(model, replace(pairs, change=factor * moved))
        assert share(frame, "residual", 0, 0, 4, measure="response") == pytest.approx(1 / factor, rel=1e-5)


def test_a_task_without_counterfactuals_has_an_empty_table_with_its_columns():
    frame = measure_counterfactuals(random_model(context_length=8), [])
    assert len(frame) == 0
    assert {"component", "position", "measure", "value", "low", "high"} <= set(frame.columns)
