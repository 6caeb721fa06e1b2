"""The figures of the algorithm, reduced models and handcrafted models: they hold the tables' numbers."""

import numpy as np
import pytest

from recurrence_circuits.figures import algorithm, colours, handcrafted, labels, mechanism, reduced_models
from synthetic_tables import CONTEXT_LENGTH, Synthetic

USUAL = Synthetic(2, 3, 2)


def test_every_candidate_is_shown_in_every_condition():
    table = USUAL["algorithm"]
    figure, drawn = algorithm.draw(table, USUAL["nearest"])
    left, right = figure.axes[:2]
    written = [label.get_text() for label in left.get_yticklabels()]
    assert written == ["in distribution", "noise 0.1", "noise 0.3", "b × 2", "first 8 terms left out"]
    relative = table[(table["measure"] == "relative") & (table["model"] == "trained")]
    shown = drawn[drawn["measure"] == "relative"]
    assert sorted(shown["value"]) == sorted(relative["value"])
    marks = [line for line in left.get_lines() if len(line.get_xdata()) == 1 and line.get_marker() != "|"]
    assert len(marks) == 5 * 5
    means = relative.groupby(["condition", "level", "predictor"])["value"].mean()
    assert sorted(line.get_xdata()[0] for line in marks) == pytest.approx(sorted(means))
    own = [line for line in left.get_lines() if len(line.get_xdata()) == 1 and line.get_marker() == "|"]
    assert own[0].get_xdata()[0] == pytest.approx(1e-4)
    assert len(own) == 5
    assert right.images[0].get_array().shape == (5, CONTEXT_LENGTH)


def test_departure_is_distance_over_the_usual_predictions():
    figure, drawn = algorithm.draw(USUAL["algorithm"], USUAL["nearest"])
    departure = drawn[drawn["measure"] == "departure"]
    assert len(departure) == 2 * 5 * CONTEXT_LENGTH
    value = departure.groupby(["condition", "level"])["value"].agg(["min", "max"])
    for (condition, level), (low, high) in value.iterrows():
        assert low == pytest.approx((1 + level) ** 3), condition
        assert high == pytest.approx(low)
    grid = figure.axes[1].images[0].get_array()
    np.testing.assert_allclose(grid[:, 3].astype(float), [1, 1.1**3, 1.3**3, 27, 729])
    ends = [line for line in figure.axes[1].get_lines() if len(line.get_xdata())]
    assert [list(line.get_xdata()) for line in ends] == [[3.5, 3.5], [3.5, 3.5]]  # two seeds, two conditions


def test_a_task_without_some_candidates_is_drawn():
    table = USUAL["algorithm"]
    table = table[~table["predictor"].isin(["best_linear", "ridge"])]
    gone = (table["predictor"] == "bayes") & (table["condition"] == "noise")
    nearest = USUAL["nearest"]
    nearest.loc[nearest["condition"] == "noise", "reference"] = "copy_last"
    _, drawn = algorithm.draw(table[~gone], nearest)
    assert not drawn["value"].isna().any()
    assert set(drawn["predictor"]) == {"bayes", "copy_last", "zero", "model", "reference"}


@pytest.mark.parametrize(("tables", "rungs"), [(USUAL, 7), (Synthetic(1, 1, 2), 4)])
def test_the_ladder_is_shown_from_copy_to_whole(tables, rungs):
    table = tables["reduced_models"]
    figure, drawn = reduced_models.draw(table)
    ladders, lines = figure.axes[:3], figure.axes[3:]
    assert [text.get_text() for text in ladders[0].get_yticklabels()][-1] == "the whole model"
    for axes, measure in zip(ladders, ("explained", "refinement", "relative_excess"), strict=True):
        dots = [line for line in axes.get_lines() if line.get_marker() == "o"]
        rows = drawn[(drawn["measure"] == measure) & drawn["position"].isna()]
        assert len(dots) == rungs
        assert sorted(np.concatenate([dot.get_xdata() for dot in dots])) == pytest.approx(sorted(rows["value"]))
    curves = [line for line in lines[0].get_lines() if line.get_marker() == "o"]
    assert len(curves) == rungs - 1  # the whole model leaves nothing
    assert curves[0].get_ydata() == pytest.approx([1.5] * CONTEXT_LENGTH)
    assert "untrained" not in drawn.columns
    assert len(drawn) == len(table[(table["model"] == "trained") & (table["measure"] != "relative_error")])


@pytest.mark.parametrize(("tables", "names"), [(USUAL, 12), (Synthetic(1, 1, 2), 6)])
def test_the_account_stands_above_what_it_is_without_one_part(tables, names):
    figure, drawn = mechanism.draw(tables["mechanism"])
    shares, errors, by_position, on_pairs = figure.axes
    written = [text.get_text() for text in shares.get_yticklabels()]
    assert len(written) == names
    assert written[:3] == ["best fixed weights on the terms", "the account", "attention 0: by position alone"]
    assert written[-1] == "norm after the last layer: does not divide"
    for axes, measure in ((shares, "unexplained"), (errors, "relative_error")):
        rows = drawn[(drawn["measure"] == measure) & drawn["position"].isna()]
        dots = [line for line in axes.get_lines() if line.get_marker() == "o"]
        assert sorted(np.concatenate([dot.get_xdata() for dot in dots])) == pytest.approx(sorted(rows["value"]))
    assert shares.get_lines()[4].get_xdata() == pytest.approx([0.03] * len(tables.seeds))  # the account, untrained
    curves = [line.get_ydata() for line in by_position.get_lines()]
    np.testing.assert_allclose(curves, [[0.2] * 5, [0.03] * 5])
    assert [list(line.get_ydata()) for line in on_pairs.get_lines()[:-1]] == [[0.9] * 3] * 2 * len(tables.seeds)


def test_an_exact_account_and_a_task_without_pairs_are_drawn():
    table = USUAL["mechanism"]
    table = table[table["measure"].isin(["refinement", "relative_error"])].copy()
    table.loc[(table["reduced"] == "account") & (table["measure"] == "refinement"), "value"] = 1.0
    _, drawn = mechanism.draw(table)
    assert not {"change", "swaps"} & set(drawn["measure"])
    account = drawn[(drawn["reduced"] == "account") & (drawn["measure"] == "unexplained")]
    assert (account["value"] == 0).all()


def test_hand_made_and_trained_models_stand_side_by_side():
    figure, drawn = handcrafted.draw(USUAL["handcrafted"], USUAL["predictions"])
    left, right = figure.axes
    written = [text.get_text() for text in left.get_yticklabels()]
    assert written[-1] == "trained model"
    assert "(by hand, 1 layer)" in written[3]
    dots = {line.get_ydata()[0]: line.get_xdata() for line in left.get_lines() if line.get_marker() != "None"}
    names = labels.in_order(drawn["predictor"])
    assert dots[names.index("positional")] == pytest.approx([0.0177])
    assert len(dots[names.index("model")]) == 2
    assert set(drawn["predictor"]) == set(names)
    curve = next(line for line in right.get_lines() if line.get_color() == colours.GREEN)
    assert curve.get_ydata() == pytest.approx([0.0177] * CONTEXT_LENGTH)
