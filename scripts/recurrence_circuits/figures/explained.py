"""Explained: how much of the predictions a ladder of reduced models accounts for, and what error each leaves."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from recurrence_circuits.figures import panels, style

REDUCED = {
    "copy": ("a copy of $x_n$", style.GREY),
    "copy_feedback": ("a copy, and linear feedback", style.ORANGE),
    "layer_0": ("all that layer 0 writes", style.SKY),
    "layer_0_feedback": ("layer 0, and linear feedback", style.VERMILION),
    "inner_layers_feedback": ("inner layers too, and linear feedback", style.GREEN),
    "last_attention": ("the last attention as it is", style.PURPLE),
    "whole": ("the whole model", style.BLUE),
}

EXACT = 1e-6  # a mean below is written as 0


def draw(explained: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """The measures `explained`, `refinement` and `excess` of the trained models in the table `explained`.

    Above: over the determined positions, a dot a seed. Below, by determined position, mean over seeds: the share of
    the refinement that is left unexplained, and the excess error. In `drawn` as in the table.
    """
    shown = explained["measure"].isin(["explained", "refinement", "excess"]) & (explained["model"] == "trained")
    drawn = explained[shown & explained["reduced"].isin(REDUCED)].drop(columns="model")
    names = [name for name in REDUCED if name in set(drawn["reduced"])]
    figure = style.new_figure(style.PAGE, 2.9 + 0.26 * len(names))
    above, below = figure.subfigures(2, 1, height_ratios=[0.7 + 0.26 * len(names), 2.2])
    titles = {
        "explained": "Explained of the variance\nof predictions",
        "refinement": "Explained of the variance\nof prediction − $x_n$",
        "excess": "Error beyond\nthe model's (x²)",
    }
    for axes, measure in zip(above.subplots(1, 3, sharey=True), titles, strict=True):
        _ladder(axes, drawn[(drawn["measure"] == measure) & drawn["position"].isna()], names)
        axes.set_title(titles[measure], loc="left")
        axes.axvline(0, color=style.GREY, linewidth=0.6)
    left, right = below.subplots(1, 2)
    by_position = drawn[drawn["position"].notna()]
    unexplained = by_position[by_position["measure"] == "refinement"].assign(value=lambda rows: 1 - rows["value"])
    _lines(left, unexplained, names, "unexplained share of prediction − $x_n$")
    left.axhline(1, color=style.BLACK, linestyle=":", linewidth=0.8)
    left.set_title("By position; dotted: no better than copying $x_n$", loc="left")
    _lines(right, by_position[by_position["measure"] == "excess"], names, "error beyond the model's (x²)")
    right.set_title("By position", loc="left")
    return figure, drawn


def _ladder(axes: Axes, rows: pd.DataFrame, names: list[str]) -> None:
    for y, name in enumerate(names):
        values = rows.loc[rows["reduced"] == name, "value"]
        axes.axhline(y, color=style.PALE, linewidth=0.8, zorder=0)
        axes.plot(values, [y] * len(values), "o", color=REDUCED[name][1], markersize=4.5, alpha=0.85)
        mean = 0.0 if abs(values.mean()) < EXACT else values.mean()
        axes.annotate(f"{mean:.3g}", (1, y), (-2, 4), xycoords=("axes fraction", "data"),
                      textcoords="offset points", ha="right", size=7, color=style.GREY)  # fmt: skip
    axes.set_yticks(range(len(names)), [REDUCED[name][0] for name in names])
    axes.set_ylim(len(names) - 0.5, -0.6)
    axes.tick_params(left=False)


def _lines(axes: Axes, rows: pd.DataFrame, names: list[str], label: str) -> None:
    """Means over seeds by position on a log axis; the whole model's, which are 0, have no line."""
    for name in (name for name in names if name != "whole"):
        mean = rows[rows["reduced"] == name].groupby("position")["value"].mean()
        mean = mean.where(mean > 0)  # a reduced model may be the better one, on some data
        axes.plot(mean.index.astype(int), mean, "o-", markersize=3, color=REDUCED[name][1])
    axes.set(yscale="log", ylabel=label, xlabel="position n")
    panels.log_axis(axes.yaxis, *axes.get_ylim())
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.grid(axis="y", color=style.PALE)
