"""The account of a model: exact where planted; a lesion costs where its part computes; fits see one half alone."""

import numpy as np
import pytest
import torch
from torch import nn

from models import blank_model, data_settings, plant_head, plant_recent_head, random_model, sequences
from recurrence_circuits.measures.account import (
    FixedScale,
    Lesion,
    affine_map,
    first_order,
    fit_account,
    lesioned,
    scores,
)
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.mechanism import ACCOUNT, LINEAR, measure_mechanism, reduced_predictions
from recurrence_circuits.measures.pairs import draw_every_position
from recurrence_circuits.model.norms import scales
from recurrence_circuits.model.passes import predict
from recurrence_circuits.predictors.handcrafted import content_feedback, positional_feedback
from recurrence_circuits.tasks.base import make_task

FIRST, N = 2, 600


def measured(model, values, pairs=()):
    bootstrap = Bootstrap(len(values), 50, 0.95, np.random.default_rng(0))
    return measure_mechanism(model, values, FIRST, bootstrap, pairs)


def overall(frame, reduced, component=None, layer=None, measure="refinement"):
    rows = frame[(frame["reduced"] == reduced) & (frame["measure"] == measure) & frame["position"].isna()]
    if component is not None:
        rows = rows[(rows["component"] == component) & (rows["layer"] == layer)]
    return rows["value"].item()


def affine_sequences(n=N, n_positions=7):
    task = make_task("affine", data_settings())
    return task.unroll(task.draw(n, torch.Generator().manual_seed(0)), n_positions).float()


# ---- the account ----------------------------------------------------------------------------------------------------


def linear_mlps(model):
    """The same model with MLPs that are affine maps of the stream: no norm, and units that are always on."""
    for block in model.blocks:
        block.mlp_norm, block.mlp.activation = nn.Identity(), nn.Identity()
    return model


@pytest.mark.parametrize("norm", ["layer_norm", "rms_norm", "none"])
def test_a_model_whose_mlps_are_affine_is_its_own_account(norm):
    model, values = linear_mlps(random_model(norm=norm, scale=0.3)), sequences(N)
    account = fit_account(model, values[: N // 2])
    expected = predict(model, values[:, :-1])
    torch.testing.assert_close(predict(account, values[:, :-1]), expected, atol=2e-4, rtol=1e-3)
    assert overall(measured(model, values), "account") == pytest.approx(1, abs=1e-4)


def test_a_model_whose_mlps_bend_is_not():
    model, values = random_model(scale=0.3), sequences(N)
    for block in model.blocks:
        block.mlp.W_in.data *= 8
        block.mlp.activation = torch.cos  # even: no affine map is like it
        block.mlp.W_out.data *= 8
    assert overall(measured(model, values), "account") < 0.9


def test_the_model_itself_is_left_as_it_was():
    model, values = random_model(), sequences(N)
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    expected = predict(model, values[:, :-1])
    measured(model, values)
    assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())
    assert torch.equal(predict(model, values[:, :-1]), expected)


def test_an_affine_map_is_found_and_weights_decide_between_two():
    x, map_ = sequences(N, 3, 5).double(), sequences(3, 6, 2, seed=4).double()
    y = torch.einsum("spk,pkm->spm", torch.cat([x, torch.ones(N, 3, 1)], dim=-1), map_)
    torch.testing.assert_close(affine_map(x, y, torch.ones(N, 3)), map_)
    weights = torch.ones(N, 3)
    weights[::2] = 1e-9
    y[::2] = 0
    torch.testing.assert_close(affine_map(x, y, weights), map_, atol=1e-6, rtol=1e-6)


def test_directions_that_hold_rounding_alone_have_no_say():
    x = sequences(N, 2, 3).double()
    x[..., 2] = 1 + 1e-9 * x[..., 2]
    map_ = affine_map(x, x[..., :1], torch.ones(N, 2))
    assert map_.abs().max() < 2


# ---- its parts ------------------------------------------------------------------------------------------------------


def test_scores_are_those_that_the_pattern_is_made_of():
    model, values = random_model(), sequences()
    cache = model(values[:, :-1])
    for layer, block in enumerate(model.blocks):
        found = scores(block, cache.residual[layer])
        torch.testing.assert_close(found.softmax(dim=-1), cache.attention[layer])


def test_to_first_order_a_softmax_is_one_where_scores_hardly_vary():
    model, values = random_model(), sequences()
    found = scores(model.blocks[0], model(values[:, :-1]).residual[0])
    mean = found.mean(dim=0)
    near = mean + 1e-3 * (found - mean).nan_to_num(nan=0.0)
    torch.testing.assert_close(first_order(near, mean), near.softmax(dim=-1), atol=1e-5, rtol=0)
    rows = first_order(found, mean)
    torch.testing.assert_close(rows.sum(dim=-1), torch.ones(rows.shape[:-1]))
    assert (rows.triu(1) == 0).all()
    assert (rows - found.softmax(dim=-1)).abs().max() > 0.01


@pytest.mark.parametrize("norm", ["layer_norm", "rms_norm"])
def test_a_norm_of_fixed_scale_is_the_norm_where_all_sequences_are_one(norm):
    model = random_model(norm=norm)
    stream = sequences(1, 5, 8).expand(4, -1, -1)
    fixed = FixedScale(model.final_norm, scales(model.final_norm, stream).mean(dim=0))
    torch.testing.assert_close(fixed(stream), model.final_norm(stream))
    torch.testing.assert_close(fixed(2 * stream) - fixed(stream), fixed(stream) - fixed(0 * stream))


def test_a_head_that_attends_by_position_loses_nothing_by_it_one_that_selects_does():
    values = affine_sequences()
    recent, selecting = blank_model(1), blank_model(1)
    plant_recent_head(recent, 0, 0, gain=1.0, sharpness=0.7)
    plant_head(selecting, 0, 0, gain=1.0, sharpness=5.0)
    for lesion in ("by_position", "first_order"):
        assert overall(measured(recent, values), lesion, "attention", 0) == pytest.approx(1, abs=1e-5)
        assert overall(measured(selecting, values), lesion, "attention", 0) < 0.9


def test_every_part_has_its_lesion_and_what_a_model_lacks_has_none():
    values = sequences(64)
    attention = [(name, "attention", layer) for layer in (0, 1) for name in ("by_position", "first_order")]
    norms = [("fixed_scale", "norm", layer) for layer in (0, 1, 2)]
    for changes, expected in (({}, attention + norms), ({"norm": "none"}, attention)):
        model = random_model(**changes)
        account = fit_account(model, values)
        found = [lesion for lesion, _ in lesioned(account, values[:, :-1], values[:, :-1])]
        assert found == [Lesion(*each) for each in expected]


# ---- shares ---------------------------------------------------------------------------------------------------------


def test_best_fixed_weights_explain_a_model_that_has_no_others():
    values = affine_sequences()
    by_position, by_content = (measured(m, values) for m in (positional_feedback(6), content_feedback(6, 2)))
    for frame in (by_position, by_content):
        assert overall(frame, "account") == pytest.approx(1, abs=1e-6)  # attention only
    assert overall(by_position, "linear") == pytest.approx(1, abs=1e-4)
    assert overall(by_content, "linear") < 0.9


def test_the_relative_error_is_that_of_the_reduced_prediction():
    model, values = linear_mlps(random_model(scale=0.3)), affine_sequences()
    error = (model(values[:, :-1]).prediction - values[:, 1:]).double().squeeze(-1).square()
    scale = (1 + values[:, :-1, 0].double().square().cumsum(dim=1)) / torch.arange(2, 8)
    expected = (error / scale)[:, FIRST:].mean()
    assert overall(measured(model, values), "account", measure="relative_error") == pytest.approx(
        float(expected), rel=1e-3
    )


def test_a_sequence_is_predicted_by_what_was_fitted_on_the_other_half():
    model, values = random_model(), sequences(64)
    changed = values.clone()
    changed[1:32] += 1
    before, after = reduced_predictions(model, values), reduced_predictions(model, changed)
    for part in before:
        assert torch.equal(before[part][0], after[part][0])  # its own half has changed
        assert not torch.equal(before[part][40], after[part][40])
    assert list(before)[:2] == [LINEAR, ACCOUNT]


def test_only_early_positions_count():
    model = random_model(context_length=10)
    frame = measured(model, sequences(64, 11))
    whole = frame[frame["measure"] == "refinement"]
    assert sorted(whole["position"].dropna().unique()) == list(range(7))
    assert not whole[["value", "low", "high"]].isna().any(axis=None)


def test_on_pairs_an_exact_account_moves_as_the_model_does():
    data = data_settings()
    pairs = draw_every_position(make_task("affine", data), data, 50)
    model, values = linear_mlps(random_model(scale=0.3)), affine_sequences()
    bent = random_model(scale=0.3)
    for block in bent.blocks:
        block.mlp.activation = torch.cos
        block.mlp.W_in.data *= 8
        block.mlp.W_out.data *= 8
    exact, other = (measured(each, values, pairs) for each in (model, bent))
    for measure in ("change", "swaps"):
        rows = exact[exact["measure"] == measure]
        assert list(rows["position"]) == [2, 3, 4, 5]
        assert rows["value"].min() > 0.999
        assert other.loc[other["measure"] == measure, "value"].min() < 0.9
