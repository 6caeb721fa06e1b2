"""Every figure from made-up tables: it holds exactly the table's numbers, and what was planted can be seen in it."""

import re
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from recurrence_circuits.figures import error_by_position, panels, style
from recurrence_circuits.tables import write_table
from synthetic_tables import Synthetic

INPUTS = {
    "learning_curves": ["history"],
    "error_by_position": ["predictions"],
    "estimates": ["estimates", "predictions"],
    "head_similarity": ["similarity"],
    "ablation": ["ablation"],
    "contributions": ["contributions", "similarity"],
    "attention": ["attention"],
    "cosines": ["cosines"],
    "claims": ["claims"],
    "circuits": ["circuits"],
    "composition": ["composition"],
    "feedback": ["feedback"],
    "paths": ["paths"],
    "groups": ["groups"],
    "probes": ["probes"],
    "formation": ["formation"],
    "algorithm": ["algorithm", "nearest"],
    "explained": ["explained"],
    "construction": ["construction", "predictions"],
}
SMALL, USUAL = Synthetic(1, 1, 2, attention_only=True), Synthetic(2, 2, 3)


def draw(name, *tables):
    return import_module(f"recurrence_circuits.figures.{name}").draw(*tables)


def draw_from(name, synthetic):
    return draw(name, *(synthetic[table] for table in INPUTS[name]))


def lines(axes, label=None):
    return [line for line in axes.get_lines() if label is None or line.get_label() == label]


def test_every_figure_has_a_module_a_script_and_a_caption():
    root = Path(__file__).resolve().parents[1]
    modules = {path.stem for path in (root / "scripts/recurrence_circuits/figures").glob("*.py")}
    assert modules - {"__init__", "style", "panels"} == {*INPUTS, "variants"}
    assert {path.stem for path in (root / "scripts").glob("draw_*.py")} == {
        f"draw_{name}" for name in (*INPUTS, "variants")
    }
    assert {path.stem for path in (root / "workflow/report").glob("*.rst")} == {*INPUTS, "variants", "workflow"}


@pytest.mark.parametrize("synthetic", [SMALL, USUAL], ids=["smallest", "usual"])
@pytest.mark.parametrize("name", INPUTS)
def test_figures_are_a_page_wide_and_their_text_is_readable(name, synthetic):
    figure, drawn = draw_from(name, synthetic)
    assert figure.get_figwidth() == style.PAGE
    assert len(drawn) > 0 or (name, synthetic) == ("composition", SMALL)  # one layer: nothing to compose
    texts = [text for text in figure.findobj(Text) if text.get_text().strip()]
    assert texts
    assert min(text.get_fontsize() for text in texts) >= 7


@pytest.mark.parametrize("name", INPUTS)
def test_the_script_writes_the_same_bytes_again(name, tmp_path):
    made = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        paths = {table: str(folder / f"{table}.csv") for table in INPUTS[name]}
        for table, path in paths.items():
            write_table(table, Synthetic(2, 2, 2)[table], path)
        output = SimpleNamespace(**{kind: str(folder / f"figures/{name}.{kind}") for kind in ("pdf", "png", "csv")})
        smk = SimpleNamespace(input=SimpleNamespace(**paths), output=output, log=[str(folder / "log")])
        import_module(f"draw_{name}").main(smk)
        made.append([Path(path).read_bytes() for path in vars(output).values()])
    assert made[0] == made[1]
    pdf, png, csv = made[0]
    assert pdf.startswith(b"%PDF")
    assert b"CreationDate" not in pdf
    assert png.startswith(b"\x89PNG")
    assert csv.count(b"\n") > 1


def test_a_damaged_table_is_refused_by_name(tmp_path):
    path = tmp_path / "history.csv"
    USUAL["history"].drop(columns="loss").to_csv(path, index=False)
    smk = SimpleNamespace(input=SimpleNamespace(history=str(path)), output=None, log=[str(tmp_path / "log")])
    with pytest.raises(ValueError, match=r"history\.csv: expected the columns .* missing \['loss'\]"):
        import_module("draw_learning_curves").main(smk)
    assert "missing ['loss']" in (tmp_path / "log").read_text()


# ---- learning curves ------------------------------------------------------------------------------------------------


def test_learning_curves_hold_the_history():
    history = USUAL["history"]
    figure, _ = draw("learning_curves", history)
    for axes, column in zip(figure.axes, ["excess", "loss"], strict=True):
        for seed, line in zip([0, 1], lines(axes), strict=True):
            np.testing.assert_array_equal(line.get_ydata(), history.loc[history["seed"] == seed, column])


def test_learning_curves_leave_a_gap_where_a_log_axis_has_no_place():
    history = USUAL["history"]
    history.loc[3, "excess"] = -1e-3
    figure, drawn = draw("learning_curves", history)
    shown = lines(figure.axes[0])[0].get_ydata()
    assert list(np.flatnonzero(np.isnan(shown))) == [3]
    assert drawn.loc[3, "excess"] == -1e-3


def test_learning_curves_show_the_error_where_no_floor_is_known():
    figure, drawn = draw("learning_curves", USUAL["history"].assign(excess=np.nan))
    assert "floor unknown" in figure.axes[0].get_title()
    assert "mse" in drawn
    assert np.isfinite(lines(figure.axes[0])[0].get_ydata()).all()


# ---- error by position ----------------------------------------------------------------------------------------------


def test_exact_predictors_have_rows_of_dots_and_do_not_stretch_the_axis():
    figure, drawn = draw_from("error_by_position", USUAL)
    axes, strip = figure.axes
    assert [label.get_text() for label in strip.get_yticklabels()] == [
        error_by_position.NAMES.get(name, style.words(name)) for name in ("least_squares", "three_term", "bayes")
    ]
    assert all(list(line.get_xdata()) == list(range(2, 16)) for line in lines(strip))
    assert axes.get_ylim()[0] > error_by_position.EXACT
    assert drawn.loc[drawn["predictor"] == "bayes", "mean"].min() == 0


def test_without_exact_predictors_there_is_no_strip():
    table = USUAL["predictions"]
    figure, _ = draw("error_by_position", table.assign(value=table["value"] + 0.01))
    assert len(figure.axes) == 1


def test_a_predictor_with_unknown_positions_is_drawn_where_it_is_known():
    table = USUAL["predictions"]
    figure, _ = draw("error_by_position", table[(table["predictor"] != "bayes") | (table["position"] != 1)])
    (bayes,) = lines(figure.axes[0], "Bayes floor")
    assert 1 not in list(bayes.get_xdata())


def test_the_model_line_is_the_mean_over_seeds():
    table = USUAL["predictions"]
    figure, _ = draw("error_by_position", table)
    rows = table[(table["predictor"] == "model") & (table["measure"] == "mse") & table["position"].notna()]
    np.testing.assert_allclose(lines(figure.axes[0], "model")[0].get_ydata(), rows.groupby("position")["value"].mean())


# ---- ablation -------------------------------------------------------------------------------------------------------


def test_ablation_draws_the_trained_models_changes_over_determined_positions():
    table = USUAL["ablation"]
    _, drawn = draw("ablation", table)
    rows = table[table["position"].isna() & (table["measure"] == "mse_change") & (table["model"] == "trained")]
    pd.testing.assert_series_equal(drawn["value"], rows["value"])


def test_ablation_cells_show_each_seed_and_their_median():
    table = USUAL["ablation"]
    table["value"] = 0.0
    planted = (table["component"] == "head") & (table["layer"] == 1) & (table["head"] == 2) & (table["kind"] == "mean")
    table.loc[planted & (table["seed"] == 0), "value"] = 4.0
    table.loc[planted & (table["seed"] == 1), "value"] = -2.0
    figure, _ = draw("ablation", table)
    coloured = {}
    for axes in figure.axes[:3]:
        strips = [patch for patch in axes.patches if isinstance(patch, Rectangle) and patch.get_fill()]
        assert len(strips) == 2 * 2 * 5  # seeds × layers × (heads, all heads, MLP)
        white = to_hex(style.colormap(style.SIGNED)(0.5))
        coloured[axes.get_title()] = [p for p in strips if to_hex(p.get_facecolor()) != white]
        shown = {text.get_text() for text in axes.texts}
        assert ("1" in shown) == (axes.get_title() == "Replaced by its mean at that position")
    red, blue = coloured["Replaced by its mean at that position"]
    assert red.get_facecolor()[0] > red.get_facecolor()[2]
    assert blue.get_facecolor()[2] > blue.get_facecolor()[0]
    assert (int(red.get_x()), int(red.get_y())) == (int(blue.get_x()), int(blue.get_y())) == (2, 1)
    assert red.get_x() < blue.get_x()  # seed 0 left of seed 1
    assert sum(map(len, coloured.values())) == 2


# ---- heads ----------------------------------------------------------------------------------------------------------


def test_planted_copying_and_negative_layers_stand_above_and_below_zero():
    figure, drawn = draw_from("head_similarity", Synthetic(4, 3, 2))
    bars = {round(bar.get_center()[0], 3): bar.get_height() for bar in figure.axes[0].patches}
    trained = [height for x, height in sorted(bars.items()) if (x + 0.5) % 1 < 0.5]
    assert min(trained[:2]) > 0 > max(trained[-2:])
    places = drawn.sort_values("rank").groupby(["seed", "model", "layer", "measure"])["value"]
    assert places.apply(lambda values: values.is_monotonic_decreasing).all()


def test_a_head_without_a_measure_is_left_out():
    table = USUAL["similarity"]
    gone = (table["measure"] == "correlation_with_last") & (table["layer"] == 0) & (table["head"] == 0)
    _, drawn = draw("head_similarity", table[~gone])
    assert len(drawn) == 6 * 2 * 2 * 2 * 3 - gone.sum()


def test_attention_maps_hold_the_table_and_hide_the_future():
    table = USUAL["attention"]
    figure, _ = draw("attention", table)
    shown = figure.axes[0].images[0].get_array()
    own = table[(table[["seed", "layer", "head"]] == 0).all(axis=1) & (table["model"] == "trained")]
    for row in own.itertuples():
        assert shown[row.query, row.key] == row.value
    assert np.ma.getmaskarray(shown)[np.triu_indices(16, 1)].all()


def test_contributions_show_every_point_and_the_measured_slope():
    figure, _ = draw_from("contributions", USUAL)
    table, similarity = USUAL["contributions"], USUAL["similarity"]
    axes = figure.axes[0]
    own = table[(table[["seed", "layer", "head"]] == 0).all(axis=1)]
    assert len(lines(axes)[-1].get_xdata()) == len(own) == 200
    similarity["value"] = -0.25
    figure, _ = draw("contributions", table, similarity)
    assert figure.axes[0].texts[0].get_text() == "slope −0.25\nr −0.25"


@pytest.mark.parametrize("name", ["attention", "contributions", "cosines"])
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


def test_estimates_stand_beside_the_copy_baseline():
    figure, drawn = draw_from("estimates", USUAL)
    left, right = figure.axes
    assert lines(left, "copying $x_n$")[0].get_ydata() == pytest.approx([0.2, 0.2])
    assert [line.get_label() for line in lines(right)[:-1]] == ["after embedding", "after layer 0", "after layer 1"]
    assert set(drawn["model"]) == {"trained", "untrained", "copy_last"}


# ---- claims ---------------------------------------------------------------------------------------------------------


def test_claims_colour_each_seed_by_what_holds():
    table = Synthetic(6)["claims"]
    figure, drawn = draw("claims", table)
    assert "all" not in set(drawn["criterion"])
    dots = [line for axes in figure.axes for line in lines(axes) if len(line.get_xdata()) == 1]
    for holds, colour in ((True, style.HOLDS), (False, style.FAILS)):
        assert sum(dot.get_color() == colour for dot in dots) == (drawn["holds"] == holds).sum()
    words = " ".join(text.get_text() for text in figure.findobj(Text))
    for claim, rows in table.groupby("claim"):
        assert re.search(rf"Claim {claim}\. [^:]+: {rows['claim_verdict'].iloc[0]}", words)


def test_the_threshold_is_inside_every_panel_and_its_side_tinted():
    table = USUAL["claims"]
    figure, drawn = draw("claims", table)
    own = [axes for axes in figure.axes if axes.patches]
    for axes, (_, rows) in zip(own, drawn.groupby(["claim", "criterion"], sort=False), strict=True):
        first, (left, right), tint = rows.iloc[0], axes.get_xlim(), axes.patches[0].get_extents()
        assert left < first["threshold"] < right
        middle = axes.transData.transform((first["threshold"], 0))[0]
        assert (tint.x0 < middle - 1) == (first["relation"] == "<=")


def test_plain_numbers_on_log_axes():
    figure = style.new_figure(3, 3)
    axes = figure.subplots()
    axes.set(yscale="log", ylim=(0.004, 30))
    panels.log_axis(axes.yaxis, 0.004, 30)
    figure.canvas.draw()
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert {"0.01", "0.1", "1", "10"} <= set(labels)


def several_experiments():
    """Claims of two experiments; in the second one claim is mixed and another is not judged."""
    paper = USUAL["claims"].assign(experiment="paper")
    variant = paper.assign(experiment="one-layer")[paper["claim"] != "2"]
    variant.loc[variant["claim"] == "1", "claim_verdict"] = "mixed"
    return pd.concat([paper, variant], ignore_index=True)


def test_variants_show_every_verdict_in_its_cell():
    claims = several_experiments()
    figure, drawn = draw("variants", claims)
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["paper", "one-layer"]
    cells = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    n_claims = claims["claim"].nunique()
    assert len(cells) == len(drawn) == 2 * n_claims - 1
    colours = import_module("recurrence_circuits.figures.variants").COLOURS
    mixed = [cell for cell in cells if to_hex(cell.get_facecolor()) == to_hex(colours["mixed"])]
    assert (0, 1) in [(round(cell.get_x() + 0.48), round(cell.get_y() + 0.46)) for cell in mixed]
    assert min(text.get_fontsize() for text in figure.findobj(Text) if text.get_text().strip()) >= 7


def test_the_variants_script_puts_experiments_together_in_their_order(tmp_path):
    claims, paths = several_experiments(), []
    for name, rows in claims.groupby("experiment", sort=False):
        paths.append(str(tmp_path / f"{name}.csv"))
        write_table("claims", rows, paths[-1])
    outputs = SimpleNamespace(**{kind: str(tmp_path / f"variants.{kind}") for kind in ("pdf", "png", "csv")})
    smk = SimpleNamespace(input=SimpleNamespace(claims=paths), output=outputs, log=[str(tmp_path / "log")])
    import_module("draw_variants").main(smk)
    assert list(dict.fromkeys(pd.read_csv(outputs.csv)["experiment"])) == ["paper", "one-layer"]


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
