"""The figure of lags: every seed's numbers, heads behind their layer, correlations by the sign of a where there are."""

import numpy as np
import pytest

from drawing import SMALL, USUAL, draw, lines


def titles(figure):
    return [axes.get_title() for axes in figure.axes]


def test_each_line_is_a_seeds_derivatives_by_lag():
    table = USUAL["lags"]
    figure, _ = draw("lags", table)
    layer = figure.axes[titles(figure).index("layer 0: MLP")]
    rows = table[(table["measure"] == "derivative") & (table["component"] == "mlp") & (table["layer"] == 0)]
    drawn = [line.get_ydata() for line in lines(layer) if len(line.get_ydata()) == 4]
    assert len(drawn) == 2 * 2  # seeds × models; a planted copy of x_{n−1} in the trained ones
    for _, own in rows.groupby(["model", "seed"]):
        assert any(np.array_equal(y, own.sort_values("lag")["value"]) for y in drawn)
    assert sum(np.argmax(y) == 1 for y in drawn) >= 2


def test_the_heads_of_trained_models_alone_stand_behind_their_layer():
    figure, _ = draw("lags", USUAL["lags"])
    layer = figure.axes[titles(figure).index("layer 1: attention")]
    assert len([line for line in lines(layer) if len(line.get_ydata()) == 4]) == 2 * 2 + 2 * 3


def test_a_model_without_mlps_has_no_row_of_them():
    figure, drawn = draw("lags", SMALL["lags"])
    assert titles(figure) == ["layer 0: attention"] * 2
    assert set(drawn["component"]) == {"head", "attention"}


@pytest.mark.parametrize(
    ("gone", "shown"),
    [([], {"derivative", "correlation_negative_a", "correlation_positive_a"}),
     (["correlation_negative_a", "correlation_positive_a"], {"derivative", "correlation"})],
)  # fmt: skip
def test_correlations_are_by_the_sign_of_a_or_of_all_sequences_where_a_is_no_number(gone, shown):
    table = USUAL["lags"]
    _, drawn = draw("lags", table[~table["measure"].isin(gone)])
    assert set(drawn["measure"]) == shown
