"""Reduced models: how much of the predictions copying and negative feedback account for.

From top to bottom, the reduced models keep more of the trained model: a line in xₙ in place of layer 0; the same with
linear feedback (the last attention replaced by a fixed share of the estimate, fitted on one half of the test sequences
and used on the other); all that layer 0 writes to the prediction, without and with that feedback; the same with the
layers between; the last attention as it is; the whole model. Left: explained share of the predictions' variance. Since
xₙ alone explains most of it, the middle panel shows the explained share of prediction − xₙ, of which a mere copy
explains nothing. Right: the relative error beyond the model's. All squares are in units of the sequence's own scale.
One dot per seed, numbers are means. Below: by position, in the same colours. The difference between the account and the
whole is unexplained: what layer 0 writes besides a line in xₙ, the layers between, and what the last attention does
besides linear feedback.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from recurrence_circuits.figures import colours, panels, style

REDUCED = {
    "copy": ("a copy of $x_n$", colours.GREY),
    "copy_feedback": ("a copy, and linear feedback", colours.ORANGE),
    "layer_0": ("all that layer 0 writes", colours.SKY),
    "layer_0_feedback": ("layer 0, and linear feedback", colours.VERMILION),
    "inner_layers_feedback": ("inner layers too, and linear feedback", colours.GREEN),
    "last_attention": ("the last attention as it is", colours.PURPLE),
    "whole": ("the whole model", colours.BLUE),
}

EXACT = 1e-6  # means below are written as 0


def draw(reduced_models: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw `explained`, `refinement` and `relative_excess` of the trained models in the table `reduced_models`.

    Above: over the determined positions, one dot per seed. Below, by determined position, mean over seeds: the
    unexplained share of the refinement, and the excess. `drawn` holds them as in the table.
    """
    shown = reduced_models["measure"].isin(["explained", "refinement", "relative_excess"]) & (
        reduced_models["model"] == "trained"
    )
    drawn = reduced_models[shown & reduced_models["reduced"].isin(REDUCED)].drop(columns="model")
    names = [name for name in REDUCED if name in set(drawn["reduced"])]
    figure = style.new_figure(style.PAGE, 2.9 + 0.26 * len(names))
    above, below = figure.subfigures(2, 1, height_ratios=[0.7 + 0.26 * len(names), 2.2])
    titles = {
        "explained": "Explained share of the\nvariance of predictions",
        "refinement": "Explained share of the\nvariance of prediction − $x_n$",
        "relative_excess": "Relative error\nbeyond the model's",
    }
    for axes, measure in zip(above.subplots(1, 3, sharey=True), titles, strict=True):
        _ladder(axes, drawn[(drawn["measure"] == measure) & drawn["position"].isna()], names)
        axes.set_title(titles[measure], loc="left")
        axes.axvline(0, color=colours.GREY, linewidth=0.6)
    left, right = below.subplots(1, 2)
    by_position = drawn[drawn["position"].notna()]
    unexplained = by_position[by_position["measure"] == "refinement"].assign(value=lambda rows: 1 - rows["value"])
    _lines(left, unexplained, names, "unexplained share of prediction − $x_n$")
    left.axhline(1, color=colours.BLACK, linestyle=":", linewidth=0.8)
    left.set_title("By position; dotted: no better than copying $x_n$", loc="left")
    _lines(right, by_position[by_position["measure"] == "relative_excess"], names, "relative error beyond the model's")
    right.set_title("By position", loc="left")
    return figure, drawn


def _ladder(axes: Axes, rows: pd.DataFrame, names: list[str]) -> None:
    for y, name in enumerate(names):
        values = rows.loc[rows["reduced"] == name, "value"]
        axes.axhline(y, color=colours.PALE, linewidth=0.8, zorder=0)
        axes.plot(values, [y] * len(values), "o", color=REDUCED[name][1], markersize=4.5, alpha=0.85)
        mean = 0.0 if abs(values.mean()) < EXACT else values.mean()
        axes.annotate(f"{mean:.3g}".replace("-", "−"), (1, y), (-2, 4), xycoords=("axes fraction", "data"),
                      textcoords="offset points", ha="right", size=7, color=colours.GREY)  # fmt: skip
    axes.set_yticks(range(len(names)), [REDUCED[name][0] for name in names])
    axes.set_ylim(len(names) - 0.5, -0.6)
    axes.tick_params(left=False)


def _lines(axes: Axes, rows: pd.DataFrame, names: list[str], label: str) -> None:
    """Means over seeds by position on a log axis; the whole model has no line, for its values are 0."""
    for name in (name for name in names if name != "whole"):
        mean = rows[rows["reduced"] == name].groupby("position")["value"].mean()
        mean = mean.where(mean > 0)  # a reduced model may be the better one, on some data
        axes.plot(mean.index.astype(int), mean, "o-", markersize=3, color=REDUCED[name][1])
    axes.set(yscale="log", ylabel=label, xlabel="position n")
    panels.log_axis(axes.yaxis, *axes.get_ylim())
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.grid(axis="y", color=colours.PALE)
