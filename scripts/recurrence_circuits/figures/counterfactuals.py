"""Counterfactuals: where the hidden parameters enter the prediction, by position and layer.

Pairs of sequences have the same last two terms, at n − 1 and n (marked), but other hidden parameters, so the terms
before differ and so do the next ones. At one site, the second sequence's activations are put in place of the first's.
Colour and number: the share of the prediction's change that then appears, median over seeds, if the stream that enters
a layer is swapped at one position. A column that is 1 at the bottom and 0 above shows where a term brings in the
parameters; at the query, the last column, they arrive in the layer below which the share rises. Numbers below 0.1 are
left out. Bottom: the share that passes through each layer's attention and MLP at the query, one dot per seed, beside
untrained models. Shares need not add up to 1: one site may read another, or undo it. *Response* is the change of the
trained models' prediction per change of the true next term, median over seeds.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from recurrence_circuits.figures import colours, panels, style

NORM = Normalize(-1, 1)
LEAST_SHOWN, WIDEST = 0.1, 8  # of the shares written as numbers; of the maps, in positions, with numbers


def draw(counterfactuals: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw `share` and `response` of the table `counterfactuals`, one column of panels per position.

    A task without counterfactuals has no rows; the figure then says so.
    """
    drawn = counterfactuals[counterfactuals["measure"].isin(["share", "response"])]
    positions = sorted(drawn["position"].unique())
    figure = style.new_figure(style.PAGE, 5.2 if positions else 2.0)
    if not positions:
        figure.subplots().set_axis_off()
        figure.text(0.5, 0.5, "no counterfactuals are known for this task", ha="center", va="center")
        return figure, drawn
    axes = figure.subplots(3, len(positions), squeeze=False, width_ratios=[n + 3 for n in positions])
    for column, position in enumerate(positions):
        rows = drawn[drawn["position"] == position]
        trained = rows[rows["model"] == "trained"]
        for axis, model in zip(axes[:2, column], ("trained", "untrained"), strict=True):
            _map(axis, rows[rows["model"] == model], int(position))
        response = trained.loc[trained["measure"] == "response", "value"].median()
        axes[0, column].set_title(f"n = {position}\nresponse {response:.2f}")
        axes[1, column].set_xlabel("position")
        _components(axes[2, column], rows, int(position))
        axes[2, column].sharey(axes[2, 0])
        if column:
            for axis in axes[:, column]:
                axis.tick_params(labelleft=False)
    for axis, model in zip(axes[:, 0], ("trained", "untrained"), strict=False):
        axis.set_ylabel(f"{model}:\nstream into layer")
    axes[2, 0].set_ylabel("share")
    _keys(figure, axes)
    return figure, drawn


def _keys(figure: Figure, axes: np.ndarray) -> None:
    scale = ScalarMappable(NORM, style.colormap(style.SIGNED))
    bar = figure.colorbar(scale, ax=axes[:2], location="right", fraction=0.03, aspect=30, extend="both", label="share")
    bar.outline.set_visible(False)
    figure.legend(handles=panels.model_keys(), loc="outside lower center", ncols=2)


def _map(axes: Axes, rows: pd.DataFrame, position: int) -> None:
    """Layers up, positions across: the median over seeds of the share of a swap of the stream."""
    single = rows[(rows["component"] == "residual") & (rows["first_swapped"] == rows["last_swapped"])]
    single = single[single["measure"] == "share"]
    shares = single.groupby(["layer", "first_swapped"])["value"].median().unstack()
    shares = shares.reindex(columns=range(position + 1)).to_numpy(dtype=float)
    axes.imshow(
        shares, norm=NORM, cmap=style.colormap(style.SIGNED), origin="lower", aspect="auto", interpolation="nearest"
    )
    for layer, k in np.argwhere(np.abs(shares) >= LEAST_SHOWN) if position < WIDEST else ():
        text = f"{shares[layer, k]:.1f}".replace("-", "−").replace("0.", ".")
        colour = "white" if abs(shares[layer, k]) > 0.6 else colours.BLACK
        axes.text(k, layer, text, color=colour, ha="center", va="center", size=7)
    axes.axvline(position - 1.5, color=colours.BLACK, linewidth=0.8, linestyle=":")
    axes.xaxis.set_major_locator(MaxNLocator(WIDEST, integer=True))
    axes.set_yticks(range(len(shares)), [*map(str, range(len(shares) - 1)), "end"])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _components(axes: Axes, rows: pd.DataFrame, position: int) -> None:
    """One dot per seed: the share that passes through each layer's attention and MLP at the query."""
    at_query = (rows["first_swapped"] == position) & rows["component"].isin(["attention", "mlp"])
    own = rows[at_query & (rows["measure"] == "share")]
    places = sorted(set(zip(own["layer"], own["component"], strict=True)))
    for x, (layer, component) in enumerate(places):
        for model, offset in (("trained", -0.15), ("untrained", 0.15)):
            found = (own["layer"] == layer) & (own["component"] == component) & (own["model"] == model)
            values = own.loc[found, "value"]
            colour = panels.MODELS[model]
            axes.plot([x + offset] * len(values), values, ".", color=colour, markersize=4, alpha=0.7, markeredgewidth=0)
    names = {"attention": "attn", "mlp": "MLP"}
    axes.set_xticks(range(len(places)), [f"{names[component]} {layer}" for layer, component in places], rotation=90)
    axes.axhline(0, color=colours.BLACK, linewidth=0.6)
    axes.grid(axis="y", color=colours.PALE)
    axes.set_axisbelow(True)
