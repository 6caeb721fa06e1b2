"""The figures of heads hold exactly the tables' numbers, and what was planted can be seen in them."""

import numpy as np
import pytest
from matplotlib.text import Text

from drawing import SMALL, USUAL, draw, draw_from, lines
from recurrence_circuits.figures import style
from synthetic_tables import Synthetic

# ---- ablation -------------------------------------------------------------------------------------------------------


def test_ablation_draws_the_trained_models_changes_over_determined_positions():
    table = USUAL["ablation"]
    _, drawn = draw("ablation", table)
    shown = table["measure"].isin(["change", "recalibrated_change"])
    rows = table[table["position"].isna() & shown & (table["model"] == "trained")]
    np.testing.assert_array_equal(drawn["value"], rows["value"])


def test_ablation_ranks_heads_by_their_cost_and_marks_each_seed_and_their_median():
    table = USUAL["ablation"]
    table["value"] = 0.0
    head = (table["component"] == "head") & (table["layer"] == 1) & (table["kind"] == "mean")
    cost, left = table["measure"] == "change", table["measure"] == "recalibrated_change"
    for seed, number, values in ((0, 2, (4.0, 1.0)), (1, 0, (2.0, 0.5))):  # another head of each seed is the costliest
        for measure, value in zip((cost, left), values, strict=True):
            table.loc[head & measure & (table["seed"] == seed) & (table["head"] == number), "value"] = value
    figure, _ = draw("ablation", table)
    for axes in figure.axes:
        at = {"o": [], "D": []}
        for line in axes.get_lines():
            if line.get_marker() in at:
                at[line.get_marker()] += [(y, x) for x, y in line.get_xydata() if x]
        names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
        by_mean = axes.get_title() == "By its mean at that position"
        y = names.index("layer 1: head ranked 1")
        assert sorted(at["o"]) == [(y, 2.0), (y, 3.0), (y, 4.0)] * by_mean
        assert sorted(at["D"]) == [(y, 0.5), (y, 0.75), (y, 1.0)] * by_mean


# ---- heads ----------------------------------------------------------------------------------------------------------


def test_planted_copying_and_negative_layers_stand_above_and_below_zero():
    figure, drawn = draw_from("similarity", Synthetic(4, 3, 2))
    bars = {round(bar.get_center()[0], 3): bar.get_height() for bar in figure.axes[0].patches}
    trained = [height for x, height in sorted(bars.items()) if (x + 0.5) % 1 < 0.5]
    assert min(trained[:2]) > 0 > max(trained[-2:])
    drawn = drawn[drawn["component"] == "head"]
    places = drawn.sort_values("rank").groupby(["seed", "model", "layer", "measure"])["value"]
    assert places.apply(lambda values: values.is_monotonic_decreasing).all()


def test_a_head_without_a_measure_is_left_out():
    table = USUAL["similarity"]
    gone = (table["measure"] == "correlation_with_last") & (table["layer"] == 0) & (table["head"] == 0)
    _, drawn = draw("similarity", table[~gone])
    assert (drawn["component"] == "head").sum() == 8 * 2 * 2 * 2 * 3 - gone.sum()


def test_attention_beyond_position_stands_below_the_most_that_there_is():
    figure, drawn = draw_from("similarity", USUAL)
    (panel,) = (axes for axes in figure.axes if "beyond position" in axes.get_title())
    assert [list(line.get_ydata()) for line in lines(panel) if line.get_linestyle() == "--"] == [[0.09, 0.09]]
    assert (drawn.loc[drawn["component"] == "closeness", "value"] == 0.09).all()


def test_attention_maps_hold_the_table_and_hide_the_future():
    table = USUAL["attention"]
    figure, _ = draw("attention", table)
    shown = figure.axes[0].images[0].get_array()
    own = table[(table[["seed", "layer", "head"]] == 0).all(axis=1) & (table["model"] == "trained")]
    for row in own.itertuples():
        assert shown[row.query, row.key] == row.value
    assert np.ma.getmaskarray(shown)[np.triu_indices(16, 1)].all()


def test_attribution_shows_every_point_and_the_measured_slope():
    figure, _ = draw_from("attribution", USUAL)
    table, similarity = USUAL["attribution"], USUAL["similarity"]
    axes = figure.axes[0]
    own = table[(table[["seed", "layer", "head"]] == 0).all(axis=1)]
    assert len(lines(axes)[-1].get_xdata()) == len(own) == 200
    similarity["value"] = -0.25
    figure, _ = draw("attribution", table, similarity)
    assert figure.axes[0].texts[0].get_text() == "slope −0.25\nr −0.25"


@pytest.mark.parametrize("name", ["attention", "attribution", "cosines"])
def test_seeds_that_find_no_room_are_told(name, monkeypatch):
    monkeypatch.setattr(style, "SHOWN_SEEDS", 2)
    figure, drawn = draw_from(name, Synthetic(3, 1, 2))
    assert set(drawn["seed"]) == {0, 1}
    assert any("first 2 seeds of 3" in text.get_text() for text in figure.findobj(Text))


def test_cosines_show_every_seed_and_one_control():
    figure, drawn = draw_from("cosines", USUAL)
    titles = [axes.get_title() for axes in figure.axes if axes.images]
    assert titles == ["seed 0", "seed 1", "seed 0, untrained control"]
    assert len(drawn) == 3 * 6 * 6
    np.testing.assert_array_equal(np.diag(figure.axes[0].images[0].get_array()), 1)


def test_the_readout_lens_has_a_line_per_seed_and_lens_and_stands_beside_copying():
    table = USUAL["readout_lens"]
    figure, drawn = draw("readout_lens", table)
    trained, untrained, by_position = figure.axes
    assert [list(axes.get_lines()[-1].get_ydata()) for axes in figure.axes] == [[1, 1]] * 3  # copying
    rows = table.query("model == 'trained' and lens == 'fitted' and measure == 'copy_ratio' and seed == 0")
    shown = lines(trained, "fitted")[0].get_ydata()
    assert list(shown) == list(rows[rows["position"].isna()].sort_values("after_layer")["value"])
    assert len(lines(untrained)) == 2 * 3 + 1
    stages = ["after embedding", "after layer 0", "after layer 1", "best linear"]
    assert [line.get_label() for line in lines(by_position)[:-1]] == stages
    assert set(drawn["lens"]) == {"raw", "calibrated", "fitted", "best_linear"}


def test_the_best_linear_predictor_is_drawn_where_it_is_known():
    table = USUAL["readout_lens"]
    ratio = table["measure"].map({"copy_ratio": 0.2, "linear_ratio": 4.0})
    figure, drawn = draw("readout_lens", table.assign(value=ratio.fillna(1.0)))
    assert drawn.loc[drawn["lens"] == "best_linear", "value"].to_numpy() == pytest.approx(0.05)
    assert lines(figure.axes[2], "best linear")[0].get_ydata() == pytest.approx([0.05] * 16)
    figure, drawn = draw("readout_lens", table[table["measure"] != "linear_ratio"])
    assert not lines(figure.axes[2], "best linear")
    assert "best_linear" not in set(drawn["lens"])


# ---- composition -----------------------------------------------------------------------------------------------------


def test_composition_shows_every_pair_of_layers_with_its_median():
    composition = Synthetic(2, 3, 2)["composition"]
    figure, _ = draw("composition", composition)
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["0 → 1", "0 → 2", "1 → 2"]
    by_value = composition.query("input == 'value' and model == 'trained' and layer == 0 and other_layer == 2")["value"]
    shown = [line.get_ydata() for line in figure.axes[2].get_lines()]
    assert any(len(y) == len(by_value) and np.allclose(y, by_value) for y in shown)
    assert any(np.allclose(y, by_value.median()) for y in shown if len(y) == 2)


def test_composition_of_one_layer_says_that_there_is_none():
    figure, drawn = draw("composition", SMALL["composition"])
    assert len(drawn) == 0
    assert "one layer: no pairs" in [text.get_text() for text in figure.findobj(Text)]
