"""Ablation: what each kind leaves, and that planted heads cost what they are worth."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from models import blank_model, plant_head, random_model, sequences
from recurrence_circuits.measures.ablation import measure_ablation
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.model.interventions import KINDS, ablatable, donors, replace, replacement
from recurrence_circuits.model.transformer import Component
from recurrence_circuits.tasks.errors import mean_square_seen

HEAD = Component("head", 1, 0)


def ablate(component, kind, whole, donor):
    return replace(component, replacement(component, kind, whole, donor))


def measured(model, values):
    bootstrap = Bootstrap(len(values), 50, 0.95, np.random.default_rng(0))
    frame = measure_ablation(model, values, 2, bootstrap, torch.Generator().manual_seed(0))
    return frame.set_index(["component", "layer", "head", "kind", "measure"]).sort_index()


def hooked_output(kind, component=HEAD):
    model, context = random_model(), sequences()[:, :-1]
    whole, donor = model(context), donors(len(context), torch.Generator().manual_seed(0))
    return whole, donor, model(context, ablate(component, kind, whole, donor))


def test_each_kind_leaves_what_it_says():
    whole, donor, zero = hooked_output("zero")
    assert (zero.head_output[1][:, 0] == 0).all()
    mean = hooked_output("mean")[2].head_output[1][:, 0]
    assert_close(mean, whole.head_output[1][:, 0].mean(dim=0, keepdim=True).expand_as(mean))
    assert_close(hooked_output("resample")[2].head_output[1][:, 0], whole.head_output[1][donor][:, 0])


@pytest.mark.parametrize("kind", KINDS)
def test_other_heads_and_earlier_layers_are_left_alone(kind):
    whole, _, ablated = hooked_output(kind)
    assert_close(ablated.head_output[1][:, 1], whole.head_output[1][:, 1])
    assert_close(ablated.residual[1], whole.residual[1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("component", ablatable(random_model()))
def test_every_component_matters_in_a_random_model(component, kind):
    whole, _, ablated = hooked_output(kind, component)
    assert not torch.allclose(ablated.prediction, whole.prediction)


def test_no_sequence_is_its_own_donor():
    for seed in range(20):
        donor = donors(7, torch.Generator().manual_seed(seed))
        assert sorted(donor.tolist()) == list(range(7))
        assert (donor != torch.arange(7)).all()
    with pytest.raises(ValueError, match="expected at least 2 sequences"):
        donors(1, torch.Generator())


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="ablation kind: expected one of"):
        hooked_output("median")


def test_a_head_whose_output_is_constant_costs_nothing_under_mean_and_resample():
    model = random_model()
    attention = model.blocks[1].attention
    attention.W_V[0] = 0  # what is left is b_V: the same for every sequence and position
    table = measured(model, sequences())
    for kind in ("mean", "resample"):
        assert table.loc["head", 1, 0, kind, "change"]["value"].abs().max() < 1e-5  # of rounding, where x_0 is small
    assert table.loc["head", 1, 0, "zero", "change"]["value"].abs().max() > 1e-3


def test_planted_heads_cost_what_they_are_worth():
    model, values = blank_model(), sequences()
    plant_head(model, layer=1, head=0, gain=1.0, sharpness=0.0)  # predicts the mean of the terms so far
    mean_so_far = values[:, :-1].cumsum(dim=1) / torch.arange(1, 7)[:, None]
    table = measured(model, values)
    cost = (values[:, 1:] ** 2 - (values[:, 1:] - mean_so_far) ** 2).mean(dim=2).double().numpy()
    expected = (cost / mean_square_seen(values)).mean(axis=0)
    costs = table.loc["head", 1, 0, "zero", "change"]
    np.testing.assert_allclose(costs["value"].iloc[:-1].astype(float), expected, rtol=1e-5)
    assert costs["value"].iloc[-1] == pytest.approx(expected[2:].mean(), rel=1e-5)
    assert costs["position"].isna().tolist() == [False] * 6 + [True]
    nothing = table.loc["head", 0, 1]
    assert nothing.xs("change", level="measure")["value"].abs().max() == 0


def test_attention_as_a_whole_is_all_its_heads():
    model, context = random_model(n_heads=1), sequences()[:, :-1]
    whole, donor = model(context), donors(len(context), torch.Generator().manual_seed(0))
    for kind in KINDS:
        head, layer = (ablate(c, kind, whole, donor) for c in (Component("head", 1, 0), Component("attention", 1)))
        assert_close(model(context, head).prediction, model(context, layer).prediction)
