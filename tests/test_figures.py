"""Every figure from made-up tables, whatever it shows; then how training went, and the error by position."""

from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from drawing import INPUTS, SMALL, USUAL, draw, draw_from, lines
from matplotlib.text import Text
from recurrence_circuits.figures import error_by_position, panels, style
from recurrence_circuits.frames import write_csv
from recurrence_circuits.tables import write_table
from synthetic_tables import Synthetic


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
    write_csv(USUAL["history"].drop(columns="loss"), str(path))
    smk = SimpleNamespace(input=SimpleNamespace(history=str(path)), output=None, log=[str(tmp_path / "log")])
    with pytest.raises(ValueError, match=r"history\.csv: expected the columns .* missing \['loss'\]"):
        import_module("draw_learning_curves").main(smk)
    assert "missing ['loss']" in (tmp_path / "log").read_text()


def test_plain_numbers_on_log_axes():
    figure = style.new_figure(3, 3)
    axes = figure.subplots()
    axes.set(yscale="log", ylim=(0.004, 30))
    panels.log_axis(axes.yaxis, 0.004, 30)
    figure.canvas.draw()
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert {"0.01", "0.1", "1", "10"} <= set(labels)


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
