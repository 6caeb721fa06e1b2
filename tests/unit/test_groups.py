"""Groups of heads: planted ones are found, and what a group costs is what its heads are worth."""

from functools import partial
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.colors import to_hex
from torch.testing import assert_close

from models import blank_model, followed, plant_head, random_model, sequences
from recurrence_circuits.figures import colours
from recurrence_circuits.figures import groups as figure
from recurrence_circuits.measures import similarity
from recurrence_circuits.measures.ablation import measure_ablation
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.groups import Group, choose_groups, control, measure_groups
from recurrence_circuits.model.interventions import KINDS, donors, replace_heads, replacement
from recurrence_circuits.model.passes import BATCH, resume
from recurrence_circuits.model.transformer import Component
from recurrence_circuits.tasks.errors import mean_square_seen, relative_error
from synthetic_tables import Synthetic

FIRST = 2
CHANGE = ["group", "members", "intervention", "kind", "position"]


def head(layer, number):
    return Component("head", layer, number)


def bootstrap(values):
    return Bootstrap(len(values), 50, 0.95, np.random.default_rng(0))


def stream():
    return torch.Generator().manual_seed(0)


def planted(n_heads=4):
    """Layer 0's head 0 copies, layer 1's heads 1 and 3 oppose; the other heads do nothing."""
    model = blank_model(n_heads=n_heads, d_model=4 * n_heads)
    plant_head(model, layer=0, head=0, gain=1.0)
    for number in (1, 3):
        plant_head(model, layer=1, head=number, gain=-0.25)
    return model


def similarities(model, values):
    cache = model(values[:, :-1])
    parts = similarity.contributions_by_component(model, cache)
    return similarity.contribution_similarity(parts, cache.prediction, values, FIRST, bootstrap(values))


def slow(n=48):
    """Slow sequences, so that their running mean goes with the last term."""
    return sequences(n).cumsum(dim=1)


def chosen(model, values, **changes):
    thresholds = {"negative_max": -0.3, "copying_min": 0.5, "seed": 0} | changes
    groups = choose_groups(similarities(model, values), model.heads(), **thresholds)
    return {(group.group, group.members): group.heads for group in groups}


def measured(model, groups, values):
    frame = measure_groups(model, groups, values, FIRST, bootstrap(values), stream())
    assert (frame["low"] <= frame["high"]).all()
    return frame[frame["measure"] == "change"].set_index(CHANGE)["value"].sort_index()


# ---- which heads ----------------------------------------------------------------------------------------------------


def test_planted_heads_are_found_in_their_groups():
    groups = chosen(planted(), slow())
    assert groups["copying", "chosen"] == [head(0, 0)]
    assert groups["negative", "chosen"] == [head(1, 1), head(1, 3)]
    assert groups["all", "chosen"] == planted().heads()


def test_heads_of_other_layers_are_in_no_group():
    model = blank_model(n_layers=3)
    for layer, gain in enumerate((1.0, -0.3, 0.2)):  # layer 1 opposes and is not the last; layer 2 copies and is not 0
        plant_head(model, layer, 0, gain)
    groups = chosen(model, slow())
    assert groups["negative", "chosen"] == []
    assert groups["copying", "chosen"] == [head(0, 0)]


def test_thresholds_decide():
    model, values = planted(), slow()
    opposing = similarities(model, values).query("measure == 'correlation_with_prediction' and layer == 1")
    between = opposing[opposing["component"] == "head"]["value"].max()  # −1, or a rounding error above it
    assert len(chosen(model, values, negative_max=between)["negative", "chosen"]) == 2
    assert chosen(model, values, negative_max=between - 1e-3)["negative", "chosen"] == []
    assert chosen(model, values, copying_min=1.0)["copying", "chosen"] == []


def test_controls_are_other_heads_of_the_same_layer_where_it_has_enough():
    groups = chosen(planted(), slow())
    assert groups["negative", "random_same_layer"] == [head(1, 0), head(1, 2)]
    (copying,) = groups["copying", "random_same_layer"]
    assert copying in [head(0, 1), head(0, 2), head(0, 3)]


@pytest.mark.parametrize("size", [3, 4])
def test_controls_come_from_the_other_layers_where_it_has_not(size):
    heads = random_model(n_layers=3, n_heads=4).heads()
    group = Group("negative", "chosen", [head(2, number) for number in range(size)])
    (drawn,) = control(group, 2, heads, np.random.default_rng(0))
    assert drawn.members == "random_other_layers"
    assert len(set(drawn.heads)) == size
    assert {h.layer for h in drawn.heads} <= {0, 1}


def test_a_model_of_one_layer_may_have_no_control():
    heads = random_model(n_layers=1, n_heads=4).heads()
    group = Group("negative", "chosen", heads)
    assert control(group, 0, heads, np.random.default_rng(0)) == []
    (drawn,) = control(group._replace(heads=heads[:2]), 0, heads, np.random.default_rng(0))
    assert drawn.heads == heads[2:]


def test_controls_are_drawn_anew_for_every_seed_and_the_same_for_one():
    values, model = slow(), planted(n_heads=8)
    controls = [chosen(model, values, seed=seed)["negative", "random_same_layer"] for seed in range(8)]
    assert len({tuple(heads) for heads in controls}) > 1
    assert chosen(model, values, seed=3)["negative", "random_same_layer"] == controls[3]


def test_heads_are_listed_for_the_eye():
    assert Group("negative", "chosen", [head(2, 0), head(2, 3)]).listed == "L2H0 L2H3"
    assert Group("negative", "chosen", []).listed == ""


# ---- what they are worth --------------------------------------------------------------------------------------------


def test_ablating_a_group_of_idle_heads_changes_nothing():
    idle = Group("negative", "chosen", [head(0, 1), head(0, 3), head(1, 0)])
    table = measured(planted(), [idle], sequences())
    assert table.xs("ablated", level="intervention").abs().max() == 0


def test_keeping_only_the_heads_that_work_changes_nothing_either():
    working = Group("negative", "chosen", [head(0, 0), head(1, 1), head(1, 3)])
    table = measured(planted(), [working], sequences())
    assert table.xs("kept", level="intervention").abs().max() == 0
    assert table.xs("ablated", level="intervention").abs().max() > 0.01


def test_a_group_costs_what_its_planted_heads_are_worth():
    model, values = planted(), sequences()
    table = measured(model, [Group("negative", "chosen", [head(1, 1), head(1, 3)])], values)
    mean_so_far = values[:, :-1].cumsum(dim=1) / torch.arange(1, 7)[:, None]
    with_them, without = ((values[:, 1:] - share * mean_so_far) ** 2 for share in (0.5, 1.0))
    cost = (without - with_them).mean(dim=2).double().numpy()
    expected = (cost / mean_square_seen(values)).mean(axis=0)
    found = table["negative", "chosen", "ablated", "zero"]
    np.testing.assert_allclose(found[found.index.notna()], expected, rtol=1e-5)
    assert float(found[found.index.isna()].iloc[0]) == pytest.approx(expected[FIRST:].mean(), rel=1e-5)


@pytest.mark.parametrize("written, share", [(1, 1.0), (2, 0.0)])
def test_what_lies_along_the_readout_restores_what_the_readout_reads(written, share):
    """One head writes where the readout reads; the other where only a later head does, which hands it on."""
    model = blank_model(n_heads=2, d_model=4)
    plant_head(model, layer=0, head=0, gain=1.0)
    if written == 2:
        attention = model.blocks[0].attention
        attention.W_O[0, 0] = torch.tensor([0.0, 0.0, 1.0, 0.0])
        plant_head(model, layer=1, head=0, gain=1.0, reads=2)
    values = followed(model)
    frame = measure_groups(
        model, [Group("copying", "chosen", [head(0, 0)])], values, FIRST, bootstrap(values), stream()
    )
    restored = frame[frame["measure"] == "restored"].set_index("kind")["value"]
    assert set(restored.index) == set(KINDS)
    np.testing.assert_allclose(restored, share, atol=1e-5)


def test_a_group_that_costs_nothing_has_no_share_to_restore():
    idle = Group("copying", "chosen", [head(0, 2)])
    frame = measure_groups(planted(), [idle], sequences(), FIRST, bootstrap(sequences()), stream())
    assert "restored" not in set(frame["measure"])


@pytest.mark.parametrize("layer, number", [(0, 1), (1, 0)])
def test_a_group_of_one_head_is_the_single_head(layer, number):
    model, values = random_model(), sequences(BATCH + 40)
    table = measured(model, [Group("negative", "chosen", [head(layer, number)])], values)
    single = measure_ablation(model, values, FIRST, bootstrap(values), stream())
    single = single[(single["component"] == "head") & (single["layer"] == layer) & (single["head"] == number)]
    single = single[single["measure"] == "change"].set_index(["kind", "position"])["value"]
    together = table["negative", "chosen", "ablated"]
    pd.testing.assert_series_equal(together, single.sort_index(), rtol=1e-5, atol=1e-9)


def test_all_heads_of_a_layer_are_its_attention():
    model, values = random_model(), sequences()
    table = measured(model, [Group("negative", "chosen", [head(1, 0), head(1, 1)])], values)
    whole = measure_ablation(model, values, FIRST, bootstrap(values), stream())
    whole = whole[(whole["component"] == "attention") & (whole["layer"] == 1) & (whole["measure"] == "change")]
    whole = whole.set_index(["kind", "position"])["value"].sort_index()
    pd.testing.assert_series_equal(table["negative", "chosen", "ablated"], whole, rtol=1e-5, atol=1e-9)


def test_keeping_all_heads_is_the_whole_model_and_keeping_none_is_ablating_all():
    model, values = random_model(), sequences()
    everything, nothing = Group("all", "chosen", model.heads()), Group("negative", "chosen", [])
    table = measured(model, [everything, nothing], values)
    assert table["all", "chosen", "kept"].abs().max() == 0
    assert table["negative", "chosen", "ablated"].abs().max() == 0
    pd.testing.assert_series_equal(table["negative", "chosen", "kept"], table["all", "chosen", "ablated"])
    assert table["all", "chosen", "ablated"].abs().min() > 0


def test_kept_and_ablated_part_the_heads_between_them():
    model, values = random_model(n_layers=3), sequences()
    some = [head(0, 1), head(2, 0)]
    rest = [h for h in model.heads() if h not in some]
    table = measured(model, [Group("a", "chosen", some), Group("b", "chosen", rest)], values)
    for one, other in (("ablated", "kept"), ("kept", "ablated")):
        pd.testing.assert_series_equal(table["a", "chosen", one], table["b", "chosen", other])


def test_a_size_is_stated_for_every_group_an_empty_one_too():
    model = random_model()
    groups = [Group("negative", "chosen", []), Group("copying", "chosen", model.heads()[:2])]
    frame = measure_groups(model, groups, sequences(), FIRST, bootstrap(sequences()), stream())
    assert frame.groupby("group")["size"].unique().map(list).to_dict() == {"negative": [0], "copying": [2]}
    assert (frame["measure"] != "restored").sum() == 2 * 3 * len(KINDS) * 5 * 7


def test_the_copy_ratio_is_the_error_over_that_of_copying():
    values, model = sequences(), planted()
    frame = measure_groups(model, [Group("all", "chosen", model.heads())], values, FIRST, bootstrap(values), stream())
    found = frame[(frame["kind"] == "zero") & (frame["intervention"] == "ablated")].set_index(["measure", "position"])
    copying = relative_error(values[:, :-1], values).mean(axis=0)
    nothing = found.loc["relative_error", "value"].to_numpy()[:-1]  # the error of predicting 0
    np.testing.assert_allclose(found.loc["copy_ratio", "value"].to_numpy()[:-1], nothing / copying)
    np.testing.assert_allclose(nothing, relative_error(0 * values[:, 1:], values).mean(axis=0))


@pytest.mark.parametrize("numbers", [[(0, 1)], [(1, 1), (0, 0)], [(1, 1), (1, 0)], [(0, 0), (1, 1), (0, 1)]])
def test_heads_replaced_together_are_replaced_one_by_one(numbers):
    model, context = random_model(), sequences()[:, :-1]
    cache, donor = model(context), donors(len(context), stream())
    new = {head(*place): replacement(head(*place), "resample", cache, donor) for place in numbers}

    def swapped(layer, outputs):
        outputs = outputs.clone()
        for place in numbers:
            if place[0] == layer:
                outputs[:, place[1]] = cache.head_output[layer][donor][:, place[1]]
        return outputs

    one_by_one = {("head_output", layer): partial(swapped, layer) for layer in (0, 1)}
    expected = model(context, one_by_one).prediction
    assert_close(model(context, replace_heads(new)).prediction, expected)
    assert_close(resume(model, cache, replace_heads(new)), expected)


# ---- the figure -----------------------------------------------------------------------------------------------------


def markers(panel, colour):
    """Height of every marker of a colour, from left to right."""
    places = [xy for c in panel.containers if to_hex(c[0].get_color()) == colour.lower() for xy in c[0].get_xydata()]
    return [y for _, y in sorted(map(tuple, places))]


def test_the_figure_holds_the_table():
    table = Synthetic(3, 2, 3)["groups"]
    drawn, rows = figure.draw(table)
    assert len(drawn.axes) == 6
    rows = rows[rows["model"] == "trained"]
    for panel, (group, kind) in zip(drawn.axes, product(figure.GROUPS, figure.KINDS), strict=True):
        here = rows[(rows["group"] == group) & (rows["kind"] == kind)]
        here = here.sort_values(["intervention", "members", "seed"])  # ablated, chosen first, as drawn
        for measure, colour in (("change", colours.TRAINED), ("recalibrated_change", colours.ORANGE)):
            np.testing.assert_allclose(markers(panel, colour), here.loc[here["measure"] == measure, "value"])
    without = rows[(rows["group"] == "all") & (rows["intervention"] == "ablated") & (rows["kind"] == "zero")]
    for measure, label in (("change", "cost"), ("recalibrated_change", "cost after recalibration")):
        (line,) = [line for line in drawn.axes[0].get_lines() if line.get_label() == f"no head at all, {label}"]
        assert line.get_ydata()[0] == without.loc[without["measure"] == measure, "value"].median()


def test_the_figure_states_the_sizes_of_the_groups():
    table = Synthetic(2, 2, 3)["groups"]
    assert [part.get_suptitle() for part in figure.draw(table)[0].subfigs] == [
        "Negative heads of the last layer: 1 head in each of 2 seeds",
        "Copying heads of layer 0: 1 head in each of 2 seeds",
    ]
    table.loc[(table["seed"] == 1) & (table["group"] == "negative"), "size"] = 0
    assert figure.draw(table)[0].subfigs[0].get_suptitle().endswith("1, 0 heads in the seeds in order")


def test_a_group_without_a_control_is_drawn_alone():
    table = Synthetic(2, 1, 2)["groups"]
    drawn, _ = figure.draw(table[table["members"] == "chosen"])
    assert len(markers(drawn.axes[0], colours.TRAINED)) == 2 * 2
