"""Path patching: cut paths carry nothing, whole sets of paths add up where they must, planted heads show their sign."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from models import blank_model, plant_head, random_model, sequences
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.paths import Path, measure_paths, patched_predictions, senders
from recurrence_circuits.model.interventions import donors, output_of
from recurrence_circuits.model.transformer import Component
from recurrence_circuits.tasks.errors import mean_square_seen

INTO = ("query", "key", "value")
HEAD, MLP = Component("head", 0, 1), Component("mlp", 0)


def stream():
    return torch.Generator().manual_seed(0)


def changes(model, sender=HEAD, values=None):
    """Change of the prediction by each path, `batch position dimension`, float64."""
    values = sequences(dimension=model.dimension)[:, :6] if values is None else values
    values = values.to(model.W_E.dtype)
    cache = model(values)
    new = output_of(sender, cache)[donors(len(values), stream())]
    return {path: prediction - cache.prediction for path, prediction in patched_predictions(model, cache, sender, new)}


def measured(model, values):
    bootstrap = Bootstrap(len(values), 50, 0.95, np.random.default_rng(0))
    frame = measure_paths(model, values, 2, bootstrap, stream())
    frame = frame[frame["receiver_component"] != "attention"].fillna({"head": -1, "receiver_head": -1})
    return frame.set_index(["component", "head", "input", "receiver_head", "measure"])["value"].sort_index()


@pytest.mark.parametrize("sender", [HEAD, MLP])
@pytest.mark.parametrize("into", INTO)
def test_a_path_is_the_models_own_hook_at_that_input(into, sender):
    """The model sets the inputs of its heads apart by itself, if hooked: an independent way to the same numbers."""
    model, values = random_model(n_layers=3), sequences()[:, :6]
    cache, donor = model(values), donors(48, stream())
    difference = output_of(sender, cache)[donor] - output_of(sender, cache)
    found = changes(model, sender)
    every = Component("attention", 2)
    for receiver, heads in {Component("head", 2, 0): [0], Component("head", 2, 1): [1], every: [0, 1]}.items():

        def shifted(each, heads=heads):
            each = each.clone()
            each[:, heads] += difference[:, None]
            return each

        expected = model(values, {(f"{into}_input", 2): shifted}).prediction - cache.prediction
        assert_close(found[Path(sender, into, receiver)], expected, rtol=1e-4, atol=1e-5)
        assert expected.abs().max() > 1e-3


@pytest.mark.parametrize("sender", [HEAD, MLP])
def test_the_other_two_paths_are_what_they_say(sender):
    model, values = random_model(), sequences()[:, :6]
    cache, donor, found = model(values), donors(48, stream()), changes(model, sender)
    site = ("mlp_output" if sender == MLP else "head_output", 0)

    def swapped(output):
        output = output.clone()
        own = output if sender == MLP else output[:, 1]
        own[:] = own[donor]
        return output

    assert_close(found[Path(sender, "total")], model(values, {site: swapped}).prediction - cache.prediction)
    difference = output_of(sender, cache)[donor] - output_of(sender, cache)
    late = model(values, {("residual", 2): lambda final: final + difference}).prediction - cache.prediction
    assert_close(found[Path(sender, "residual")], late)


def test_where_the_model_is_linear_the_paths_add_up_to_the_total():
    model = random_model(n_heads=4, attention_only=True, norm="none").double()
    for block in model.blocks:
        block.attention.W_Q.zero_()
        block.attention.b_Q.zero_()  # all scores 0: attention is even, whatever comes
    found = changes(model)
    heads = [Component("head", 1, head) for head in range(4)]
    complete = found[Path(HEAD, "residual")] + sum(found[Path(HEAD, into, head)] for into in INTO for head in heads)
    assert_close(complete, found[Path(HEAD, "total")])
    assert_close(
        sum(found[Path(HEAD, "value", head)] for head in heads), found[Path(HEAD, "value", Component("attention", 1))]
    )
    assert all((found[Path(HEAD, into, head)].abs() < 1e-12).all() for into in ("query", "key") for head in heads)
    assert found[Path(HEAD, "total")].abs().max() > 0.1


@pytest.mark.parametrize("into", INTO)
def test_a_cut_path_carries_exactly_nothing(into):
    model = random_model()
    weights = {"query": "W_Q", "key": "W_K", "value": "W_V"}
    getattr(model.blocks[1].attention, weights[into])[0].zero_()
    found = changes(model)
    cut = Path(HEAD, into, Component("head", 1, 0))
    assert (found[cut] == 0).all()
    for path, change in found.items():
        assert path.receiver == cut.receiver or change.abs().max() > 1e-4, path


def test_a_sender_that_says_the_same_of_every_sequence_changes_nothing():
    model = random_model()
    model.blocks[0].attention.W_V[1].zero_()  # what is left is b_V
    assert max(float(change.abs().max()) for change in changes(model).values()) < 1e-6


def test_planted_heads_have_the_sign_and_the_size_planted():
    model, values, gain = blank_model(), sequences().cumsum(dim=1), 0.4
    plant_head(model, 0, 0, gain=1.0)  # writes the mean of the terms so far as the estimate
    plant_head(model, 1, 1, gain=-gain, reads=1)  # takes the mean estimate away
    table = measured(model, values)

    def effect(path, measure="prediction_change", head=0):
        return table["head", head, *path, measure]

    def running_mean(x):
        return x.cumsum(dim=1) / torch.arange(1, x.shape[1] + 1)[:, None]

    context, donor = values[:, :-1], donors(48, stream())
    copied = running_mean(context)[donor] - running_mean(context)
    opposed = -gain * running_mean(copied)
    seen = mean_square_seen(values)
    unit = ((seen + seen[donor]) / 2)[:, 2:]
    for path, change in {("residual", -1): copied, ("value", 1): opposed, ("total", -1): copied + opposed}.items():
        assert effect(path) == pytest.approx((change[:, 2:, 0].square().numpy() / unit).mean(), rel=1e-4)
    assert effect(("residual", -1), "slope_on_last") > 0 > effect(("value", 1), "slope_on_last")
    whole = running_mean(context) - gain * running_mean(running_mean(context))
    target = values[:, 1:]
    cost = (whole + opposed - target).square() - (whole - target).square()
    assert effect(("value", 1), "change") == pytest.approx((cost[:, 2:, 0].numpy() / unit).mean(), rel=1e-3)
    for path in [("query", 1), ("key", 1), ("value", 0)]:  # even attention, and an idle head
        assert effect(path) == 0
    for path in [("residual", -1), ("value", 1), ("total", -1)]:  # an idle sender
        assert effect(path, head=1) == 0


def test_twice_the_output_is_four_times_the_squared_change():
    model, values = random_model(attention_only=True, norm="none"), sequences()
    before = measured(model, values)
    model.blocks[1].attention.W_O *= 2
    after = measured(model, values)
    for into in INTO:
        for head in (0, 1):
            for measure, factor in (("prediction_change", 4), ("slope_on_last", 2)):
                key = ("head", 0, into, head, measure)
                assert after[key] == pytest.approx(factor * before[key], rel=1e-3, abs=1e-7)


def test_a_model_of_one_layer_has_the_straight_path_and_the_total():
    model = random_model(n_layers=1)
    assert set(changes(model)) == {Path(HEAD, "total"), Path(HEAD, "residual")}
    after_it = changes(model, MLP)  # nothing comes after the MLP
    assert_close(after_it[Path(MLP, "total")], after_it[Path(MLP, "residual")])


def test_every_component_of_layer_0_is_a_sender():
    assert senders(random_model()) == [Component("head", 0, 0), HEAD, MLP]
    assert senders(random_model(attention_only=True)) == [Component("head", 0, 0), HEAD]
