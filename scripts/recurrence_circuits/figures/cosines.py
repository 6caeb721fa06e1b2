"""Cosines: how alike the outputs of every two heads point.

Cosine between the outputs of every two heads, mean over test sequences and determined positions: one matrix per seed,
and one of an untrained model. Red blocks are heads that write in the same direction, blue blocks are heads that work
against each other.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from recurrence_circuits.figures import colours, panels, style

COSINE = Normalize(-1, 1)
COLUMNS = 3


def draw(cosines: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw the table `cosines`: one matrix per trained model, then the first seed's untrained model as a control."""
    seeds = panels.shown_seeds(cosines)
    drawn = pd.concat(
        [
            cosines[(cosines["model"] == "trained") & cosines["seed"].isin(seeds)],
            cosines[(cosines["model"] == "untrained") & (cosines["seed"] == seeds[0])],
        ]
    )
    groups = list(drawn.groupby(["model", "seed"]))
    n_rows = -(-len(groups) // COLUMNS)
    figure = style.new_figure(style.PAGE, 2.15 * n_rows + 0.25)
    axes = figure.subplots(n_rows, COLUMNS, squeeze=False)
    for panel, ((model, seed), rows) in zip(axes.flat, groups, strict=False):
        _matrix(panel, rows)
        panel.set_title(f"seed {seed}" if model == "trained" else f"seed {seed}, untrained control")
    for panel in axes.flat[len(groups) :]:
        panel.set_visible(False)
    scale = ScalarMappable(COSINE, style.colormap(style.SIGNED))
    figure.colorbar(scale, ax=axes, fraction=0.03, pad=0.02, label="mean cosine of two heads' outputs")
    if note := panels.seed_note(cosines):
        figure.suptitle(note.strip(" ()"))
    return figure, drawn


def _matrix(axes: Axes, rows: pd.DataFrame) -> None:
    table = rows.pivot(index=["layer", "head"], columns=["other_layer", "other_head"], values="value")
    axes.imshow(table.to_numpy(dtype=float), norm=COSINE, cmap=style.colormap(style.SIGNED), interpolation="nearest")
    for axis, index in ((axes.xaxis, table.columns), (axes.yaxis, table.index)):
        layers = index.get_level_values(0).to_numpy(dtype=int)
        axis.set_ticks([np.flatnonzero(layers == layer).mean() for layer in np.unique(layers)])
        axis.set_ticklabels([f"layer {layer}" for layer in np.unique(layers)])
        axis.set_tick_params(length=0)
    axes.tick_params(axis="y", labelrotation=90)
    for label in axes.get_yticklabels():
        label.set_verticalalignment("center")
    starts = np.flatnonzero(np.diff(table.index.get_level_values(0).to_numpy(dtype=int))) + 0.5
    for start in starts:
        axes.axhline(start, color=colours.BLACK, linewidth=0.6)
        axes.axvline(start, color=colours.BLACK, linewidth=0.6)
    axes.spines[:].set_visible(True)
