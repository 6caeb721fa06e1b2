"""The figure of docs/speed.md: how the cost of a step and of the analyses grows."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from recurrence_circuits.figures import colours
from recurrence_circuits.figures.style import PAGE, new_figure, save_figure
from tools.benchmarks import growth

LABELS = {"context": "context, terms", "width": "width, d_model", "depth": "depth, layers"}
LOOK = {growth.STEP: (colours.BLUE, "o", "a training step"), growth.ANALYSES: (colours.VERMILION, "s", "all analyses")}
DEFAULT = {"context": 16, "width": 64, "depth": 3}


def draw(table: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """One panel per axis, both costs over those of the default model, on logarithmic scales; and what is drawn.

    table: as growth.py measures it. An axis whose default size is missing is left empty.
    """
    costs = growth.costs(table)
    costs["relative"] = [
        row.seconds
        / costs[_default(costs) & (costs["axis"] == row.axis) & (costs["what"] == row.what)]["seconds"].sum()
        for row in costs.itertuples()
    ]
    figure = new_figure(PAGE, 2.4)
    panels = figure.subplots(1, len(LABELS), sharey=True)
    for axes, (axis, label) in zip(panels, LABELS.items(), strict=True):
        for what, (colour, marker, name) in LOOK.items():
            own = costs[(costs["axis"] == axis) & (costs["what"] == what)]
            found = f", exponent {growth.exponent(own['size'], own['seconds']).value:.2f}" if len(own) > 2 else ""
            axes.plot(own["size"], own["relative"], marker=marker, markersize=3.5, color=colour, label=name + found)
        sizes = growth.AXES[axis][0]
        axes.set(xscale="log", yscale="log", xlabel=label, xticks=sizes)
        axes.set_xticklabels([str(size) for size in sizes])
        axes.minorticks_off()
        axes.legend(loc="upper left")
    panels[0].set(ylabel="cost, default model = 1", yticks=[0.25, 0.5, 1, 2, 4, 8, 16])
    panels[0].set_yticklabels(["1/4", "1/2", "1", "2", "4", "8", "16"])
    return figure, costs


def save(table: pd.DataFrame, folder: Path) -> None:
    """Write growth_figure.pdf, .png and .csv. Raises OSError naming a file that cannot be written."""
    save_figure(*draw(table), *(str(folder / f"growth_figure.{ending}") for ending in ("pdf", "png", "csv")))


def _default(costs: pd.DataFrame) -> pd.Series:
    return costs["size"] == costs["axis"].map(DEFAULT)
