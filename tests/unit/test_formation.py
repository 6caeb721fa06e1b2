"""Formation: each snapshot is measured as the model that it is, and planted ones tell what forms when."""

import numpy as np
import pytest
import torch

from models import blank_model, plant_head, random_model, sequences
from recurrence_circuits.figures import formation as figure
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.feedback import measure_feedback
from recurrence_circuits.measures.formation import measure_formation
from recurrence_circuits.tasks.errors import relative_error
from synthetic_tables import Synthetic

FIRST, EPSILON = 2, 0.1


def bootstrap(values):
    return Bootstrap(len(values), 100, 0.95, np.random.default_rng(0))


def measured(models, values, floor=None):
    floor = torch.zeros_like(values[:, :-1]) if floor is None else floor
    frame = measure_formation(models, values, floor, FIRST, EPSILON, bootstrap(values))
    assert (frame["low"] <= frame["high"]).all()
    return frame.set_index(["step", "measure"])["value"].sort_index()


def planted(copying, opposing):
    """Layer 0 adds `copying` × the mean of the terms to the prediction, layer 1 takes `opposing` of it away."""
    model = blank_model()
    plant_head(model, layer=0, head=0, gain=copying)
    plant_head(model, layer=1, head=1, gain=-opposing)
    return model


def test_planted_snapshots_tell_what_forms_when():
    values = sequences().cumsum(dim=1)
    table = measured({0: planted(0.2, 0.0), 10: planted(0.8, 0.0), 100: planted(0.8, 0.4)}, values)
    layer0, last = table[:, "layer0_slope"], table[:, "last_layer_slope"]
    assert layer0[10] == pytest.approx(4 * layer0[0])
    assert layer0[100] == pytest.approx(layer0[10])
    assert last[[0, 10]].tolist() == [0, 0]
    assert last[100] == pytest.approx(-layer0[100] / 2)
    correlation = table[:, "layer0_correlation"]
    assert correlation[0] == pytest.approx(correlation[100])
    assert table[100, "last_layer_correlation"] == pytest.approx(-correlation[100])
    assert (0, "last_layer_correlation") not in table.index  # a correlation with nothing


def test_errors_are_the_models_own():
    values, models = sequences(), {0: random_model(0), 7: random_model(1)}
    floor = 0.3 * values[:, 1:]
    table = measured(models, values, floor)
    for step, model in models.items():
        error = relative_error(model(values[:, :-1]).prediction, values)[:, FIRST:].mean()
        assert table[step, "relative_error"] == pytest.approx(error)
        least = relative_error(floor, values)[:, FIRST:].mean()
        assert table[step, "relative_excess"] == pytest.approx(error - least)


def test_an_unknown_floor_leaves_the_error_alone():
    values = sequences()
    table = measured({0: random_model()}, values, torch.full_like(values[:, :-1], float("nan")))
    assert (0, "relative_error") in table.index
    assert (0, "relative_excess") not in table.index


@pytest.mark.parametrize("n_layers", [1, 3])
def test_feedback_is_the_last_layers(n_layers):
    model, values = random_model(n_layers=n_layers), sequences()
    table = measured({5: model}, values)
    frame = measure_feedback(model, model(values[:, :-1]).residual, FIRST, EPSILON, bootstrap(values))
    overall = frame[frame["position"].isna() & (frame["component"] == "attention") & (frame["pattern"] == "free")]
    for row in overall[overall["layer"] == n_layers - 1].itertuples():
        assert table[5, f"feedback_{row.perturbed}"] == pytest.approx(row.value)
    assert len(table) == 8


# ---- the figure -----------------------------------------------------------------------------------------------------


def shown(panel):
    return [line for line in panel.get_lines() if len(line.get_xdata()) and not line.get_label().startswith("seed")]


def test_the_figure_holds_the_table():
    table = Synthetic(2, 2, 3)["formation"]
    axes = figure.draw(table)[0].axes
    error = table[table["measure"] == "relative_excess"]
    for seed, line in zip([0, 1], shown(axes[0]), strict=True):
        np.testing.assert_array_equal(line.get_ydata(), error.loc[error["seed"] == seed, "value"])
    slopes = {tuple(line.get_ydata()) for line in shown(axes[1])}
    for _, rows in table[table["measure"].isin(["layer0_slope", "last_layer_slope"])].groupby(["measure", "seed"]):
        assert tuple(rows["value"]) in slopes


def test_step_zero_has_a_place_on_the_axis_of_steps():
    table = Synthetic(2, 2, 3)["formation"]
    drawn, _ = figure.draw(table)
    steps = sorted(table["step"].unique())
    places = drawn.axes[-1].transData.transform([(step, 0) for step in steps])[:, 0]
    assert steps[0] == 0
    assert np.isfinite(places).all()
    assert (np.diff(places) > 10).all()  # pixels
    assert [tick.get_text() for tick in drawn.axes[-1].get_xticklabels()] == [f"{step}" for step in steps]


def test_without_snapshots_there_is_a_first_and_a_last_step():
    table = Synthetic(2, 2, 3)["formation"]
    drawn, rows = figure.draw(table[table["step"].isin([0, 6000])])
    assert set(rows["step"]) == {0, 6000}
    assert [list(line.get_xdata()) for line in shown(drawn.axes[0])] == [[0, 6000]] * 2


def test_many_snapshots_keep_their_labels_apart():
    table = Synthetic(1, 2, 3)["formation"]
    many = table.loc[table.index.repeat(8)]
    many["step"] += np.tile(np.arange(8), len(table)) * 3
    assert len(figure.draw(many)[0].axes[-1].get_xticks()) <= figure.SHOWN_STEPS


def test_the_error_takes_the_place_of_an_unknown_excess():
    table = Synthetic(2, 2, 3)["formation"]
    drawn, rows = figure.draw(table[table["measure"] != "relative_excess"])
    assert "floor unknown" in drawn.axes[0].get_title()
    assert "relative_error" in set(rows["measure"])
