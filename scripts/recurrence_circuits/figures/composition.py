"""Composition: how much the heads of a layer read of what the heads of an earlier layer write.

Composition scores between heads of an earlier and of a later layer, from the weights alone: the share of the later
head's queries, keys or values that comes from what the earlier head writes, on a scale on which independent random
weights lie where the untrained models do (grey). A pair of layers whose dots lie above the grey ones has learned to
read the other. The score does not tell how much that matters for the prediction; path patching does.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recurrence_circuits.figures import colours, panels, style

INPUTS = {"query": "By their queries", "key": "By their keys", "value": "By their values"}
OFFSETS = {"trained": -0.2, "untrained": 0.2}  # of a model's dots from the place of their pair of layers


def draw(composition: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw the table `composition`: one dot per pair of heads and seed, and a line at the median.

    A model of one layer has no pairs; the figure then says so.
    """
    figure = style.new_figure(style.PAGE, 2.6)
    axes = figure.subplots(1, 3, sharey=True)
    pairs = sorted(set(zip(composition["layer"], composition["other_layer"], strict=True)))
    for panel, (name, title) in zip(axes, INPUTS.items(), strict=True):
        panel.set_title(title)
        panel.set_xticks(range(len(pairs)), [f"{a} → {b}" for a, b in pairs])
        panel.grid(axis="y", color=colours.PALE)
        panel.set_axisbelow(True)
        for x, (layer, other) in enumerate(pairs):
            rows = composition[(composition["layer"] == layer) & (composition["other_layer"] == other)]
            _dots(panel, rows[rows["input"] == name], x)
        if not pairs:
            panel.text(0.5, 0.5, "one layer: no pairs", transform=panel.transAxes, ha="center", va="center")
    axes[0].set_ylabel("composition score")
    axes[0].set_ylim(bottom=0)
    figure.supxlabel(
        "layer that writes → layer that reads; one dot per pair of heads and seed, line: the median", fontsize=8
    )
    figure.legend(handles=panels.model_keys(), loc="outside upper center", ncols=2)
    return figure, composition


def _dots(axes: Axes, rows: pd.DataFrame, x: int) -> None:
    for model, offset in OFFSETS.items():
        values = rows.loc[rows["model"] == model, "value"]
        spread = np.linspace(-0.12, 0.12, len(values))  # side by side, in the table's order
        colour = panels.MODELS[model]
        axes.plot(x + offset + spread, values, ".", markersize=2.5, alpha=0.5, color=colour, markeredgewidth=0)
        axes.plot([x + offset - 0.15, x + offset + 0.15], [values.median()] * 2, color=colour, linewidth=1.4)
