"""Recalibration: what one map per position can undo is gain, what it cannot bring back is information."""

import numpy as np
import pytest
import torch

from models import blank_model, followed, plant_head, plant_recent_head, sequences
from recurrence_circuits.measures.costs import Costs
from recurrence_circuits.measures.recalibration import recalibrate
from recurrence_circuits.model.interventions import replace, replacement
from recurrence_circuits.model.transformer import Component
from recurrence_circuits.tasks.errors import mean_square_seen, relative_error


def predictions(n=64, dimension=1):
    """Sequences, and predictions that know something of the next term."""
    values = sequences(n, dimension=dimension)
    return values, values[:, 1:] + 0.5 * sequences(n, 6, dimension, seed=2)


def test_a_cubic_at_each_position_and_coordinate_is_undone():
    values, _ = predictions(dimension=2)
    bent = values[:, 1:].double()
    scale = torch.arange(1, 13).reshape(6, 2)  # another map at every position and coordinate
    values[:, 1:] = (bent + 0.1 * bent**2 - 0.05 * bent**3).float()
    found = recalibrate(scale * bent, values)
    np.testing.assert_allclose(found, values[:, 1:], atol=1e-5)


def test_scale_and_shift_of_a_prediction_do_not_matter():
    values, prediction = predictions()
    np.testing.assert_allclose(recalibrate(3 * prediction.double() - 2, values), recalibrate(prediction, values))


def test_the_fit_is_the_weighted_least_squares_of_the_other_half():
    values, prediction = predictions()
    fit_on, use_on = np.arange(32), np.arange(32, 64)
    weight = mean_square_seen(values) ** -0.5
    expected = np.empty((32, 6))
    for n in range(6):
        p, target = prediction[:, n, 0].double().numpy(), values[:, n + 1, 0].double().numpy()
        cubic = np.polynomial.Polynomial.fit(p[fit_on], target[fit_on], 3, w=weight[fit_on, n])
        expected[:, n] = cubic(p[use_on])
    np.testing.assert_allclose(recalibrate(prediction, values)[use_on, :, 0], expected, rtol=1e-8)


@pytest.mark.parametrize("sequence", [3, 60])
def test_no_sequence_has_a_say_in_its_own_map(sequence):
    values, prediction = predictions()
    before = recalibrate(prediction, values)
    values[sequence, 1:] += 5.0
    moved = (recalibrate(prediction, values) != before).any(dim=(1, 2))
    own, other = slice(0, 32), slice(32, 64)
    if sequence >= 32:
        own, other = other, own
    assert not moved[own].any()
    assert moved[other].all()


@pytest.mark.parametrize("constant", [0.0, 2.5])
def test_a_prediction_that_knows_nothing_becomes_the_other_halfs_mean(constant):
    values, prediction = predictions()
    found = recalibrate(torch.full_like(prediction, constant), values)
    weight, target = 1 / mean_square_seen(values), values[:, 1:, 0].double().numpy()
    for own, other in ((slice(0, 32), slice(32, 64)), (slice(32, 64), slice(0, 32))):
        mean = (weight * target)[other].sum(axis=0) / weight[other].sum(axis=0)
        np.testing.assert_allclose(found[own, :, 0], np.broadcast_to(mean, (32, 6)), rtol=1e-8)


def cost_without(model, component, values):
    """Change and recalibrated change over the positions from 2 on when a component is replaced by its mean."""
    whole = model(values[:, :-1])
    new = replacement(component, "mean", whole, None)
    found = Costs(whole.prediction, values).of(model(values[:, :-1], replace(component, new)).prediction)
    return [found[measure][:, 2:].mean() for measure in ("change", "recalibrated_change")]


def test_a_head_that_only_scales_costs_gain():
    model = blank_model()
    plant_head(model, layer=0, head=0, gain=0.5)  # half of the mean of the terms so far
    plant_head(model, layer=1, head=0, gain=0.4)  # nearly as much again
    cost, left = cost_without(model, Component("head", 1, 0), followed(model))
    assert cost > 0.02
    assert abs(left) < 1e-3 * cost


def test_a_head_that_informs_costs_information():
    model = blank_model()
    plant_head(model, layer=0, head=0, gain=-0.5)
    plant_recent_head(model, layer=1, head=0, gain=0.5, sharpness=10.0)  # the last term, of which the mean tells little
    cost, left = cost_without(model, Component("head", 1, 0), followed(model))
    assert cost > 0.02
    assert left > 0.5 * cost


def test_costs_are_beside_the_whole_models_so_that_a_map_alone_gains_nothing():
    values, prediction = predictions()
    whole = 2 * prediction  # miscalibrated itself
    costs = Costs(whole, values)
    found = costs.of(whole)
    assert (found["change"] == 0).all()
    assert (found["recalibrated_change"] == 0).all()
    np.testing.assert_array_equal(found["relative_error"], relative_error(whole, values))
    assert found["recalibrated"][:, 2:].mean() < 0.5 * found["relative_error"][:, 2:].mean()
    better = costs.of(prediction)
    assert better["change"].mean() < -0.1
    np.testing.assert_allclose(better["recalibrated_change"], 0, atol=1e-9)
