"""Replaced patterns: a head that attends by position keeps what it does, one that looks at the terms does not."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch.testing import assert_close

from drawing import USUAL, draw
from models import blank_model, followed, plant_head, plant_recent_head, random_model, sequences
from recurrence_circuits.figures import colours, panels, patterns
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.patterns import REPLACED, distance_pattern, measure_patterns, new_patterns
from recurrence_circuits.model.interventions import donors
from recurrence_circuits.tasks.errors import relative_error


def stream():
    return torch.Generator().manual_seed(0)


def measured(model, values):
    bootstrap = Bootstrap(len(values), 100, 0.95, np.random.default_rng(0))
    frame = measure_patterns(model, values, 2, bootstrap, stream()).fillna({"head": -1})
    assert (frame["low"] <= frame["high"]).all()
    return frame.set_index(["layer", "head", "replaced", "measure"]).sort_index()


def kept(model, head=-1, measure="kept"):
    """The kept share of layer 1 on sequences that go as the model predicts, by what its pattern is replaced by."""
    table = measured(model, followed(model))
    return {name: table.loc[(1, head, name, measure), "value"].item() for name in REPLACED}


# ---- planted heads --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", ["kept", "recalibrated_kept"])
@pytest.mark.parametrize("head", [-1, 0])
def test_a_head_that_attends_by_position_keeps_all_but_under_another_pattern(head, measure):
    model = blank_model()
    plant_recent_head(model, layer=1, head=0, gain=0.8, sharpness=1.0)
    found = kept(model, head, measure)
    for name in ("mean", "distance", "other"):
        assert found[name] == pytest.approx(1, abs=1e-5)
    assert found["uniform"] < 0.9


def test_a_head_that_attends_evenly_keeps_all_under_every_pattern():
    model = blank_model()
    plant_head(model, layer=1, head=0, gain=0.8)
    assert all(share == pytest.approx(1, abs=1e-5) for share in kept(model).values())


@pytest.mark.parametrize("measure", ["kept", "recalibrated_kept"])
def test_a_head_that_looks_at_the_terms_loses_much_under_every_pattern(measure):
    model = blank_model()
    plant_head(model, layer=1, head=0, gain=-0.8, sharpness=-3.0)  # the terms unlike the last, turned round
    assert max(kept(model, measure=measure).values()) < 0.2


def test_a_share_of_nothing_has_no_row():
    model = blank_model()
    plant_recent_head(model, layer=1, head=0, gain=0.8, sharpness=1.0)
    table = measured(model, followed(model)).reset_index()
    shares = table[table["measure"].isin(["kept", "recalibrated_kept"])]
    assert set(zip(shares["layer"], shares["head"], strict=True)) == {(1, -1), (1, 0)}
    idle = table[(table["layer"] == 0) & table["measure"].isin(["change", "recalibrated_change"])]
    assert len(idle) == 3 * 4 * 2 * 7
    assert idle["value"].abs().max() < 1e-9


# ---- the interventions ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", [0, 1])
def test_a_replaced_pattern_is_the_models_own_hook_there(layer):
    """The model's forward pass with a hook at `attention`: another way to the same numbers."""
    model, values = random_model(dimension=2), sequences(dimension=2)
    cache, donor, table = model(values[:, :-1]), donors(len(values), stream()), measured(model, values)
    for name, pattern in new_patterns(cache.attention[layer], donor).items():
        for head in (-1, 0, 1):

            def swapped(attention, head=head, pattern=pattern):
                attention = attention.clone()
                own = slice(None) if head < 0 else head
                attention[:, own] = pattern[:, own]
                return attention

            prediction = model(values[:, :-1], {("attention", layer): swapped}).prediction
            found = table.loc[(layer, head, name, "relative_error"), "value"].to_numpy()[:-1]
            np.testing.assert_allclose(found, relative_error(prediction, values).mean(axis=0), rtol=1e-4)
            assert (prediction - cache.prediction).abs().max() > 1e-4


def test_new_patterns_are_what_they_say():
    attention, donor = random_model()(sequences()[:, :-1]).attention[1], donors(48, stream())
    found = new_patterns(attention, donor)
    assert list(found) == list(REPLACED)
    for pattern in found.values():
        assert pattern.shape == attention.shape
        assert (pattern.triu(1) == 0).all()
        assert_close(pattern.sum(dim=-1), torch.ones(48, 2, 6))
    assert_close(found["mean"][5], attention.mean(dim=0))
    assert_close(found["uniform"][0, 1, 3], torch.tensor([0.25, 0.25, 0.25, 0.25, 0, 0]))
    assert_close(found["other"], attention[donor])
    by_distance = found["distance"][0, 0]
    ratios = [by_distance[q, q - 1] / by_distance[q, q] for q in range(1, 6)]
    assert_close(torch.stack(ratios), ratios[0].expand(5))  # the same function at every query


def test_a_function_of_distance_is_found_exactly():
    places = torch.arange(9)
    distance = (places[:, None] - places).clamp(min=0)
    f = torch.rand(3, 9, generator=stream(), dtype=torch.float64) ** 3
    mean = f[:, distance].tril()
    mean = mean / mean.sum(dim=-1, keepdim=True)
    assert_close(distance_pattern(mean), mean, rtol=1e-6, atol=1e-8)


def test_the_function_of_distance_is_the_most_likely_one():
    mean = random_model()(sequences()[:, :-1]).attention[1].mean(dim=0).double()
    best = distance_pattern(mean)
    seen = torch.ones(6, 6).tril().bool()

    def likelihood(pattern):
        return (mean * pattern.clamp(min=1e-300).log())[:, seen].sum()

    for lag in range(6):
        for factor in (0.9, 1.1):
            other = best.clone()
            other.diagonal(-lag, dim1=-2, dim2=-1).mul_(factor)
            other /= other.sum(dim=-1, keepdim=True)
            assert likelihood(other) < likelihood(best)


# ---- the figure -----------------------------------------------------------------------------------------------------


def test_the_figure_marks_the_lost_share_of_every_layer():
    table = USUAL["patterns"]
    figure, drawn = draw("patterns", table)
    rows = table[table["measure"].isin(["kept", "recalibrated_kept"]) & table["head"].isna()]
    np.testing.assert_allclose(np.sort(1 - rows["value"]), np.sort(drawn["lost"]))
    for layer, axes in enumerate(figure.axes):
        for measure, cost in patterns.MEASURES.items():
            own = drawn[(drawn["layer"] == layer) & (drawn["measure"] == measure) & (drawn["model"] == "trained")]
            _, marker, colour = panels.COSTS[cost]
            (line,) = [c[0] for c in axes.containers if (c[0].get_marker(), c[0].get_color()) == (marker, colour)]
            assert sorted(line.get_ydata()) == sorted(own["lost"])
            names = [list(patterns.REPLACED)[round(x)] for x, y in sorted(map(tuple, line.get_xydata()))]
            expected = own.assign(place=own["replaced"].map(list(patterns.REPLACED).index)).sort_values("place")
            assert names == list(expected["replaced"])


def test_a_layer_without_a_share_has_no_mark():
    table = USUAL["patterns"]
    share = table["measure"].isin(["kept", "recalibrated_kept"])
    figure, drawn = draw("patterns", table[~share | (table["layer"] == 1)])
    assert set(drawn["layer"]) == {1}
    assert [axes.get_title() for axes in figure.axes] == ["layer 0", "layer 1"]
    marks = [c[0] for c in figure.axes[0].containers if c[0].get_color() != colours.UNTRAINED]
    assert all(len(line.get_xdata()) == 0 for line in marks)
    assert isinstance(drawn, pd.DataFrame)


def test_a_model_without_any_share_is_drawn_without_marks():
    table = USUAL["patterns"]
    figure, drawn = draw("patterns", table[~table["measure"].isin(["kept", "recalibrated_kept"])])
    assert drawn.empty
    assert all(len(c[0].get_xdata()) == 0 for axes in figure.axes for c in axes.containers)
