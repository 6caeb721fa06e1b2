"""The readout lens: after the last layer the raw one is the model; planted layers show which lens sees what they do."""

import numpy as np
import pytest
import torch

from models import NORMS, blank_model, plant_head, random_model, sequences
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.readout_lens import cross_fitted, lenses, measure_readout_lens
from recurrence_circuits.tasks.affine import Affine
from recurrence_circuits.tasks.errors import mean_square_seen, relative_error

FIRST = 2


def measured(model, values, moments=None):
    bootstrap = Bootstrap(len(values), 50, 0.95, np.random.default_rng(0))
    frame = measure_readout_lens(model, values, moments, FIRST, bootstrap)
    return frame.set_index(["after_layer", "lens", "measure"]).sort_index()


def overall(table, after_layer, measure="relative_error", lens="raw"):
    rows = table.loc[[(after_layer, lens, measure)]]
    return rows.loc[rows["position"].isna(), "value"].item()


def around_a_level(n=600):
    """Sequences whose terms scatter around a level of their own, which the mean of the terms seen estimates best."""
    return sequences(n) + 2 * torch.randn(n, 1, 1, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("norm", NORMS)
def test_after_the_last_layer_the_raw_lens_is_the_model(norm):
    model, values = random_model(norm=norm), sequences()
    error = relative_error(model(values[:, :-1]).prediction, values)
    rows = measured(model, values).loc[[(1, "raw", "relative_error")]]
    np.testing.assert_allclose(rows["value"].iloc[:-1], error.mean(axis=0), rtol=1e-5)
    assert rows["position"].isna().tolist() == [False] * 6 + [True]
    assert rows["value"].iloc[-1] == pytest.approx(error[:, FIRST:].mean(), rel=1e-5)


def test_planted_layers_have_the_estimates_planted():
    """The embedding holds no estimate, layer 0 adds the mean of the terms so far, layer 1 takes half of it away."""
    model, values = blank_model(), sequences().cumsum(dim=1)
    plant_head(model, 0, 0, gain=1.0)
    plant_head(model, 1, 1, gain=-0.5)
    moments = Affine().second_moments(7, 0.0)
    table, context = measured(model, values, moments), values[:, :-1]
    mean_so_far = context.cumsum(dim=1) / torch.arange(1, 7)[:, None]
    errors = [float(relative_error(share * mean_so_far, values)[:, FIRST:].mean()) for share in (0.0, 1.0, 0.5)]
    for after_layer, expected in zip((-1, 0, 1), errors, strict=True):
        assert overall(table, after_layer) == pytest.approx(expected, rel=1e-5)
    copying = float(relative_error(context, values)[:, FIRST:].mean())
    assert overall(table, 0, "copy_ratio") == pytest.approx(errors[1] / copying, rel=1e-5)
    assert overall(table, 1, "step_ratio") == pytest.approx(errors[2] / errors[1], rel=1e-5)
    assert (-1, "raw", "step_ratio") not in table.index  # nothing comes before the embedding


def test_the_best_linear_predictor_is_the_one_known_in_closed_form():
    """At n = 0 its weight is E[x_1 x_0] / E[x_0²] = 0, so that its error is x_1², in units of what is seen."""
    values, moments = sequences(), Affine().second_moments(7, 0.0)
    rows = measured(random_model(), values, moments).loc[(0, "raw")]
    first = rows[rows["position"] == 0]["value"]
    expected = (values[:, 1].square().mean(dim=1).numpy() / mean_square_seen(values)[:, 0]).mean()
    assert first["relative_error"] / first["linear_ratio"] == pytest.approx(expected, rel=1e-4)
    assert "linear_ratio" not in measured(random_model(), values).index.get_level_values("measure")


def test_a_layer_that_only_scales_is_seen_by_the_raw_lens_alone():
    model = blank_model()
    plant_head(model, 0, 0, gain=0.1)
    plant_head(model, 1, 0, gain=0.9)  # the same estimate once more, nine times as large
    table = measured(model, around_a_level())
    assert overall(table, 1, "step_ratio", "raw") < 0.8
    assert overall(table, 1, "step_ratio", "calibrated") == pytest.approx(1, rel=1e-3)
    assert overall(table, 1, "step_ratio", "fitted") == pytest.approx(1, rel=1e-3)


def test_a_layer_that_informs_is_seen_by_every_lens():
    model = blank_model()
    plant_head(model, 1, 0, gain=1.0)  # x_n alone before layer 1, the mean of all terms after it
    table = measured(model, around_a_level())
    for lens in ("raw", "calibrated", "fitted"):
        assert overall(table, 1, "step_ratio", lens) < 0.95, lens
        assert overall(table, 0, "step_ratio", lens) == pytest.approx(1, rel=1e-3), lens


def test_an_estimate_in_another_form_is_seen_by_the_fitted_lens_alone():
    """Its coordinate is not the readout's, so the raw number is the same for all sequences."""
    model = blank_model()
    plant_head(model, 0, 0, gain=1.0)
    model.blocks[0].attention.W_O[0, 0] = torch.tensor([0.0, 0.0, 1.0, 0.0])
    table = measured(model, around_a_level())
    assert overall(table, 0, "step_ratio", "raw") == pytest.approx(1)
    assert overall(table, 0, "step_ratio", "calibrated") == pytest.approx(1)
    assert overall(table, 0, "step_ratio", "fitted") < 0.95


@pytest.mark.parametrize("norm", NORMS)
def test_with_a_norm_the_fitted_lens_reads_what_the_readout_reads(norm):
    """An affine map of the stream beside one of the normalised stream: only the second can be the model's readout."""
    model, stream = random_model(norm=norm), torch.randn(800, 6, 8) * torch.rand(800, 1, 1)
    model.final_norm.requires_grad_(False)
    target = model.readout(stream)
    values = torch.cat([torch.ones(800, 1, 1), target], dim=1)
    assert relative_error(lenses(model, stream, values)["fitted"], values).max() < 1e-6
    weights = 1 / mean_square_seen(values)
    of_stream = relative_error(cross_fitted(stream, target, weights), values).mean()
    assert (of_stream > 1e-3) == (norm != "none")


def test_no_sequence_has_a_say_in_its_own_estimate():
    features, targets, weights = sequences(40, 3, 2), sequences(40, 3, 1, seed=5), np.ones((40, 3))
    before = cross_fitted(features, targets, weights)
    targets[7] += 100.0
    changed = (cross_fitted(features, targets, weights) - before).abs().amax(dim=(1, 2))
    assert changed[:20].max() == 0
    assert changed[20:].min() > 0


def test_the_fit_has_the_least_weighted_error():
    features, targets = sequences(60, 1, 2), sequences(60, 1, 1, seed=5)
    weights = np.random.default_rng(0).random((60, 1))
    root = np.sqrt(weights[:30])
    with_one = np.concatenate([features[:30, 0].numpy(), np.ones((30, 1))], axis=1)
    fit = np.linalg.lstsq(root * with_one, root * targets[:30, 0].numpy(), rcond=None)[0]
    expected = features[30:, 0].numpy() @ fit[:2] + fit[2]
    np.testing.assert_allclose(cross_fitted(features, targets, weights)[30:, 0], expected, rtol=1e-6)
