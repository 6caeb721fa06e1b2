"""The readout lens: after the last layer it is the model, and planted layers have the estimates planted."""

import numpy as np
import pytest
import torch

from models import NORMS, blank_model, plant_head, random_model, sequences
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.readout_lens import measure_readout_lens
from recurrence_circuits.tasks.errors import squared_error

FIRST = 2


def measured(model, values):
    bootstrap = Bootstrap(len(values), 50, 0.95, np.random.default_rng(0))
    frame = measure_readout_lens(model, values, FIRST, bootstrap)
    return frame.set_index(["after_layer", "measure"]).sort_index()


def overall(table, after_layer, measure="mse"):
    rows = table.loc[[(after_layer, measure)]]
    return rows.loc[rows["position"].isna(), "value"].item()


@pytest.mark.parametrize("norm", NORMS)
def test_after_the_last_layer_it_is_the_model(norm):
    model, values = random_model(norm=norm), sequences()
    error = squared_error(model(values[:, :-1]).prediction, values[:, 1:])
    rows = measured(model, values).loc[[(1, "mse")]]
    np.testing.assert_allclose(rows["value"].iloc[:-1], error.mean(axis=0), rtol=1e-6)
    assert rows["position"].isna().tolist() == [False] * 6 + [True]
    assert rows["value"].iloc[-1] == pytest.approx(error[:, FIRST:].mean())


def test_planted_layers_have_the_estimates_planted():
    """The embedding holds no estimate, layer 0 adds the mean of the terms so far, layer 1 takes half of it away."""
    model, values = blank_model(), sequences().cumsum(dim=1)
    plant_head(model, 0, 0, gain=1.0)
    plant_head(model, 1, 1, gain=-0.5)
    table, context, target = measured(model, values), values[:, :-1], values[:, 1:]
    mean_so_far = context.cumsum(dim=1) / torch.arange(1, 7)[:, None]
    errors = [float((share * mean_so_far - target)[:, FIRST:].square().mean()) for share in (0.0, 1.0, 0.5)]
    for after_layer, expected in zip((-1, 0, 1), errors, strict=True):
        assert overall(table, after_layer) == pytest.approx(expected, rel=1e-5)
    copying = float((context - target)[:, FIRST:].square().mean())
    assert overall(table, 0, "copy_ratio") == pytest.approx(errors[1] / copying, rel=1e-5)
    assert overall(table, 1, "step_ratio") == pytest.approx(errors[2] / errors[1], rel=1e-5)
    assert (-1, "step_ratio") not in table.index  # nothing comes before the embedding
