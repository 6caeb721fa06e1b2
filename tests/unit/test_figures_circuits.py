"""The figures of circuits, feedback, paths and counterfactuals hold the tables' numbers, and show what was planted."""

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.text import Text

from drawing import draw
from recurrence_circuits.figures import circuits, colours, feedback, panels, paths, style
from synthetic_tables import Synthetic

USUAL = Synthetic(2, 2, 3)
ONE_LAYER = Synthetic(1, 1, 2, attention_only=True)


def bars(axes, colour):
    """Heights of the bars of one colour, by place."""
    own = [bar for bar in axes.patches if to_hex(bar.get_facecolor()) == colour.lower()]
    return {bar.get_center()[0]: bar.get_height() for bar in own}


def test_circuits_show_each_measure_from_highest_to_lowest():
    figure, drawn = circuits.draw(USUAL["circuits"])
    assert [axes.get_title() for axes in figure.axes] == list(circuits.PANELS.values())
    assert len(drawn) == 2 * 2 * 2 * 3 * 4  # seeds, models, layers, heads, measures
    heights = [height for _, height in sorted(bars(figure.axes[0], colours.TRAINED).items())]
    assert min(heights[:3]) > 0 > max(heights[3:])
    assert heights[:3] == sorted(heights[:3], reverse=True)
    scores = drawn[(drawn["measure"] == "ov_gain") & (drawn["model"] == "trained") & (drawn["layer"] == 0)]
    assert heights[0] == scores[scores["rank"] == 0]["value"].median()


def test_a_head_without_a_score_is_left_out():
    table = USUAL["circuits"]
    gone = (table["measure"] == "ov_copying_score") & (table["layer"] == 0) & (table["head"] == 1)
    _, drawn = circuits.draw(table[~gone])
    assert len(drawn) == 2 * 2 * 2 * 3 * 4 - gone.sum()


def test_a_negative_last_layer_is_seen_beside_its_control():
    figure, drawn = feedback.draw(USUAL["feedback"])
    for axes, perturbed in zip(figure.axes, feedback.PANELS, strict=True):
        trained, control = (bars(axes, colour) for colour in (colours.TRAINED, colours.UNTRAINED))
        own = drawn[(drawn["perturbed"] == perturbed) & (drawn["pattern"] == "free")]
        median = own[own["model"] == "trained"].groupby("layer")["value"].median()
        assert [height for _, height in sorted(trained.items())] == pytest.approx(list(median))
        assert sorted(trained.items())[-1][1] < -0.2
        assert max(map(abs, control.values())) < 0.2
        dots = [line for line in axes.get_lines() if line.get_marker() == "o"]
        assert sorted(np.concatenate([dot.get_ydata() for dot in dots])) == sorted(own["value"])
        intervals = [part for part in axes.collections if isinstance(part, LineCollection)]
        assert sum(len(part.get_segments()) for part in intervals) == len(own)


def test_paths_show_each_seed_and_one_control():
    table = USUAL["paths"]
    figure, drawn = paths.draw(table)
    maps = [axes for axes in figure.axes if axes.images]
    assert len(maps) == 3 * 4  # two seeds and a control; the prediction, queries, keys, values
    assert [axes.get_ylabel() for axes in maps[::4]] == ["seed 0", "seed 1", "seed 0,\nuntrained"]
    own = drawn[(drawn["seed"] == 1) & (drawn["model"] == "trained") & (drawn["input"] == "key")]
    shown = maps[4 + 2].images[0].get_array()
    assert shown.shape == (4, 4)  # three heads and the MLP; three heads and all of them
    for row in own.itertuples():
        sender = 3 if row.component == "mlp" else int(row.head)
        receiver = 3 if row.receiver_component == "attention" else int(row.receiver_head)
        assert shown[sender, receiver] == row.change
    changes = table[(table["measure"] == "prediction_change") & ((table["model"] == "trained") | (table["seed"] == 0))]
    np.testing.assert_allclose(sorted(drawn["change"] ** 2), sorted(changes["value"]))


def test_signs_are_those_of_slopes_that_are_known():
    table = USUAL["paths"]
    table.loc[table["measure"] == "prediction_change", "value"] = 1.0
    unknown = (table["measure"] == "slope_on_last") & (table["component"] == "mlp")
    table.loc[unknown, ["low", "high"]] = [-1.0, 1.0]
    figure, _ = paths.draw(table)
    maps = [axes for axes in figure.axes if axes.images]
    for i, axes in enumerate(maps):
        into_values = i % 4 == 3
        assert {text.get_text() for text in axes.texts} == {"−" if into_values else "+"}
        assert {text.get_position()[1] for text in axes.texts} == {0, 1, 2}  # none for the MLP


def test_a_path_that_carries_nothing_is_pale_and_has_no_sign():
    table = USUAL["paths"]
    cut = (table["input"] == "query") & (table["head"] == 0)
    table.loc[cut, ["value", "low", "high"]] = 0.0
    figure, drawn = paths.draw(table)
    maps = [axes for axes in figure.axes if axes.images]
    assert np.ma.getmaskarray(maps[1].images[0].get_array())[0].all()
    assert not any(text.get_position()[1] == 0 for text in maps[1].texts)
    assert (drawn.loc[(drawn["input"] == "query") & (drawn["head"] == 0), "change"] == 0).all()


def test_a_model_of_one_layer_has_the_paths_to_the_prediction_only():
    figure, drawn = paths.draw(ONE_LAYER["paths"])
    maps = [axes for axes in figure.axes if axes.images]
    assert len(maps) == 2
    assert [label.get_text() for label in maps[-1].get_xticklabels()] == ["straight", "all paths"]
    assert set(drawn["input"]) == {"residual", "total"}


def test_seeds_that_find_no_room_are_told(monkeypatch):
    monkeypatch.setattr(style, "SHOWN_SEEDS", 2)
    figure, drawn = paths.draw(Synthetic(3, 2, 2)["paths"])
    assert set(drawn["seed"]) == {0, 1}
    assert figure.get_suptitle().endswith("(the first 2 seeds of 3)")


def test_ranks_are_within_seed_model_layer_and_measure():
    drawn = panels.ranked(USUAL["circuits"])
    groups = drawn.sort_values("rank").groupby(["seed", "model", "layer", "measure"])
    assert groups["rank"].apply(lambda ranks: list(ranks) == [0, 1, 2]).all()
    assert groups["value"].apply(lambda values: values.is_monotonic_decreasing).all()


# ---- counterfactuals -------------------------------------------------------------------------------------------------


def test_counterfactuals_show_a_map_per_position_with_its_shares():
    table = Synthetic(3, 2, 2)["counterfactuals"]
    figure, drawn = draw("counterfactuals", table)
    maps = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    assert [shown.shape for shown in maps] == [(3, 3), (3, 4)] * 2  # trained, untrained; n = 2, 3
    np.testing.assert_allclose(maps[0].filled(np.nan)[:2], [[1, 0, 0], [0, 1, 1]], atol=0.05)
    assert "n = 2\nresponse 0.90" in [axes.get_title() for axes in figure.axes]
    assert set(drawn["measure"]) == {"share", "response"}


def test_a_task_without_counterfactuals_says_so():
    figure, drawn = draw("counterfactuals", ONE_LAYER["counterfactuals"].iloc[:0])
    assert len(drawn) == 0
    assert "no counterfactuals are known for this task" in [text.get_text() for text in figure.findobj(Text)]
