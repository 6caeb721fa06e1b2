"""Feedback gain: what a layer's attention answers to a shift of the estimate that it reads.

The residual stream that enters a layer is shifted a little along the readout direction, as if it carried another
estimate. The gain is the change of what the layer's attention writes along that direction at the query, divided by the
shift. Left: the stream is shifted at all positions before the query; right: at the query alone. A layer below 0 on the
left subtracts from the prediction the estimate that the context carries; one above 0 adds it. One dot per seed, mean
over test sequences and determined queries, with bootstrap intervals over sequences; bars are their medians. For the
diamonds the attention pattern is held, so that only the values carry the shift: where dot and diamond meet, the layer
answers by what it moves and not by where it attends. The stream that enters layer 0 is the embedding, which holds no
estimate yet; there the embedding is shifted along the same direction. Untrained models (grey) each have their own
readout direction.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recurrence_circuits.figures import colours, panels, style

PANELS = {"context": "Estimate shifted in the context", "query": "Estimate shifted at the query itself"}
WIDTH = 0.38  # of all seeds of a model; a layer is 1 wide


def draw(feedback: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw the table `feedback`: each layer's attention as a whole, mean over the determined queries."""
    drawn = feedback[(feedback["component"] == "attention") & feedback["position"].isna()]
    drawn = drawn.drop(columns=["component", "head", "position"])
    layers, seeds = (sorted(int(value) for value in drawn[column].unique()) for column in ("layer", "seed"))
    figure = style.new_figure(style.PAGE, 3.1)
    for axes, (perturbed, title) in zip(figure.subplots(1, 2, sharey=True), PANELS.items(), strict=True):
        for model in panels.MODELS:
            _seeds(axes, drawn[(drawn["perturbed"] == perturbed) & (drawn["model"] == model)], model, seeds)
        panels.layer_axis(axes, layers)
        axes.set_title(title)
    figure.axes[0].set_ylabel("answer of the layer's attention\nover the shift")
    dot = {"marker": "o", "color": colours.BLACK}
    ring = {"marker": "D", "color": "none", "markeredgecolor": colours.BLACK}
    keys = [
        *panels.model_keys(),
        Line2D([], [], linestyle="", markersize=4, label="one seed, with its interval", **dot),
        Line2D([], [], linestyle="", markersize=4, label="attention pattern held", **ring),
    ]
    figure.legend(handles=keys, loc="outside lower center", ncols=4)
    return figure, drawn


def _seeds(axes: Axes, rows: pd.DataFrame, model: str, seeds: list[int]) -> None:
    """One dot per seed with its interval, a bar for their median, diamonds where values alone carry the shift."""
    colour, start, step = panels.MODELS[model], panels.STARTS[model], WIDTH / len(seeds)
    place = start + (rows["seed"].map(seeds.index) + 0.5) * step + 0.02 + rows["layer"].astype(float)
    free, held = (rows["pattern"] == pattern for pattern in ("free", "held"))
    median = rows[free].groupby("layer")["value"].median()
    centre = np.asarray(median.index, dtype=float) + start + 0.02 + WIDTH / 2
    axes.bar(centre, median, width=WIDTH, color=colour, alpha=0.45, linewidth=0)
    axes.vlines(place[free], rows.loc[free, "low"], rows.loc[free, "high"], color=colour)
    axes.plot(place[free], rows.loc[free, "value"], "o", color=colour, markersize=3.5, markeredgewidth=0)
    axes.plot(
        place[held], rows.loc[held, "value"], "D", color="none", markeredgecolor=colours.BLACK, markersize=4,
        markeredgewidth=0.6,
    )  # fmt: skip
