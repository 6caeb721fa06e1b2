"""Every figure from made-up tables, whatever it shows; then how training went, and the error by position."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.text import Text

from drawing import SMALL, USUAL, draw, draw_from, drawn_by_script, lines
from lib.provenance import caption_of
from lib.registry import COMPARISON, FIGURES, columns_of
from recurrence_circuits.figures import labels, panels, predictions, style
from recurrence_circuits.io.tables import write_csv
from rules import call


def test_every_figure_has_a_module_and_a_caption_and_one_script_draws_those_of_an_experiment():
    scripts = Path(__file__).resolve().parents[2] / "scripts"
    modules = {path.stem for path in (scripts / "recurrence_circuits/figures").glob("*.py")}
    shared = {"__init__", "style", "panels", "labels", "colours", "matrix", "compared"}
    assert modules - shared == {*FIGURES, *COMPARISON}
    assert {path.stem for path in scripts.glob("draw_*.py")} == {"draw_figure", "draw_comparison"}
    assert all(caption_of(name) for name in (*FIGURES, *COMPARISON))


@pytest.mark.parametrize("synthetic", [SMALL, USUAL], ids=["smallest", "usual"])
@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_a_page_wide_and_their_text_is_readable(name, synthetic):
    figure, drawn = draw_from(name, synthetic)
    assert figure.get_figwidth() == style.PAGE
    assert len(drawn) > 0 or (name, synthetic) == ("composition", SMALL)  # one layer: nothing to compose
    texts = [text for text in figure.findobj(Text) if text.get_text().strip()]
    assert texts
    assert min(text.get_fontsize() for text in texts) >= 7


def test_the_script_writes_the_same_bytes_again(tmp_path, monkeypatch):
    """One figure; tests/faults/test_figure_bytes.py has the others."""
    monkeypatch.setattr(style, "DPI", 50)
    first, again = (drawn_by_script("attention", tmp_path / folder) for folder in "ab")
    assert first == again
    pdf, png, csv = first
    assert pdf.startswith(b"%PDF")
    assert b"CreationDate" not in pdf
    assert png.startswith(b"\x89PNG")
    assert csv.count(b"\n") > 1


def test_a_damaged_table_is_refused_by_name(tmp_path):
    path = tmp_path / "learning_curves.csv"
    write_csv(USUAL["learning_curves"].drop(columns="loss"), str(path))
    params = {"figure": "learning_curves", "columns": columns_of("learning_curves")}
    with pytest.raises(ValueError, match=r"learning_curves\.csv: expected the columns .* missing \['loss'\]"):
        call("draw_figure", tmp_path, inputs={"learning_curves": [str(path)]}, params=params)
    assert "missing ['loss']" in (tmp_path / "logs/draw_figure.log").read_text()


def test_plain_numbers_on_log_axes():
    figure = style.new_figure(3, 3)
    axes = figure.subplots()
    axes.set(yscale="log", ylim=(0.004, 30))
    panels.log_axis(axes.yaxis, 0.004, 30)
    figure.canvas.draw()
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert {"0.01", "0.1", "1", "10"} <= set(labels)


# ---- learning curves ------------------------------------------------------------------------------------------------


def test_learning_curves_hold_the_table():
    curves = USUAL["learning_curves"]
    figure, _ = draw("learning_curves", curves)
    for axes, column in zip(figure.axes, ["excess", "loss"], strict=True):
        for seed, line in zip([0, 1], lines(axes), strict=True):
            np.testing.assert_array_equal(line.get_ydata(), curves.loc[curves["seed"] == seed, column])


def test_learning_curves_leave_a_gap_where_a_log_axis_has_no_place():
    curves = USUAL["learning_curves"]
    curves.loc[3, "excess"] = -1e-3
    figure, drawn = draw("learning_curves", curves)
    shown = lines(figure.axes[0])[0].get_ydata()
    assert list(np.flatnonzero(np.isnan(shown))) == [3]
    assert drawn.loc[3, "excess"] == -1e-3


def test_learning_curves_show_the_error_where_no_floor_is_known():
    figure, drawn = draw("learning_curves", USUAL["learning_curves"].assign(excess=np.nan))
    assert "floor unknown" in figure.axes[0].get_title()
    assert "mse" in drawn
    assert np.isfinite(lines(figure.axes[0])[0].get_ydata()).all()


# ---- error by position ----------------------------------------------------------------------------------------------


def test_exact_predictors_have_rows_of_dots_and_do_not_stretch_the_axis():
    figure, drawn = draw_from("predictions", USUAL)
    axes, strip, below = figure.axes
    assert [label.get_text() for label in strip.get_yticklabels()] == [
        labels.mathtext(labels.look(name).label) for name in ("least_squares", "three_term", "bayes")
    ]
    assert all(list(line.get_xdata()) == list(range(2, 16)) for line in lines(strip))
    assert axes.get_ylim()[0] > predictions.EXACT
    assert below.get_ylim()[0] > predictions.EXACT
    assert drawn.loc[drawn["predictor"] == "bayes", "mean"].min() == 0


def test_without_exact_predictors_there_is_no_strip():
    table = USUAL["predictions"]
    figure, _ = draw("predictions", table.assign(value=table["value"] + 0.01))
    assert len(figure.axes) == 2


def test_below_are_the_relative_errors():
    figure, drawn = draw_from("predictions", USUAL)
    relative = drawn[(drawn["measure"] == "relative_error") & (drawn["predictor"] == "model")]
    shown = [line.get_ydata() for line in figure.axes[-1].get_lines()]
    assert any(np.array_equal(values, relative["mean"]) for values in shown)


def test_quality_shows_quantiles_and_the_mean_and_the_shares_that_fail():
    figure, drawn = draw_from("quality", USUAL)
    determined, *_ = figure.axes
    of_model = drawn[(drawn["predictor"] == "model") & (drawn["measure"] == "squared_error")]
    quantiles = of_model[(of_model["positions"] == "determined") & (of_model["statistic"] == "quantile")]
    assert any(np.array_equal(line.get_ydata(), quantiles["mean"]) for line in determined.get_lines())
    assert [label.get_text() for label in determined.get_xticklabels()] == ["median", "90 %", "99 %", "99.9 %", "mean"]
    assert not set(drawn["predictor"]) & {"zero", "bayes"}
    failing = of_model[of_model["by"] == "b"]
    assert any(np.array_equal(line.get_ydata(), failing["mean"]) for line in figure.axes[5].get_lines())


def test_quality_of_a_task_without_scalar_parameters_has_one_panel_of_failures():
    failures = USUAL["failures"]
    figure, _ = draw("quality", USUAL["quality"], failures[failures["by"] == "largest_term"])
    assert len(figure.axes) == 4


def test_a_predictor_with_unknown_positions_is_drawn_where_it_is_known():
    table = USUAL["predictions"]
    figure, _ = draw("predictions", table[(table["predictor"] != "bayes") | (table["position"] != 1)])
    (bayes,) = lines(figure.axes[0], "Bayes-optimal")
    assert 1 not in list(bayes.get_xdata())


def test_the_model_line_is_the_mean_over_seeds():
    table = USUAL["predictions"]
    figure, _ = draw("predictions", table)
    rows = table[(table["predictor"] == "model") & (table["measure"] == "mse") & table["position"].notna()]
    np.testing.assert_allclose(
        lines(figure.axes[0], "trained model")[0].get_ydata(), rows.groupby("position")["value"].mean()
    )
