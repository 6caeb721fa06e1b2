"""Ablation: the change of error when one component's output is replaced.

Change of the mean squared error at the determined positions when the output of one head, of a layer's heads together,
or of an MLP is replaced: by zero, by its mean over sequences at that position, or by its output on another sequence.
Each cell has one strip of colour per seed, and the median over seeds as a number; colours are on a log scale on either
side of 0. A component that matters is dark red in all three panels; where the panels disagree, the kind of ablation
matters as much as the component. A rise of the error does not tell what is lost: a component that only scales the
prediction costs as much as one that carries information. The output bias of the attention stays when its heads are
replaced. Layers have a meaning across seeds, head numbers do not.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import SymLogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from recurrence_circuits.figures import colours, labels, panels, style

KINDS = {
    "zero": "by zero",
    "mean": "by its mean at that position",
    "resample": "by that of another sequence",
}
DECADES = 3  # shown as colour on either side of 0, down from the greatest change


def draw(ablation: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw `mse_change` of the trained models in the table `ablation`, mean over the determined positions.

    Each cell is one component: one strip of colour per seed, and below them the median over seeds.
    """
    rows = panels.overall(ablation, "mse_change")
    rows = rows[rows["model"] == "trained"]
    drawn = rows[["experiment", "seed", "component", "layer", "head", "kind", "value", "low", "high"]]
    layers, columns = sorted(drawn["layer"].unique()), _columns(drawn)
    kinds = [kind for kind in KINDS if kind in set(drawn["kind"])]
    greatest = drawn["value"].abs().max() or 1.0  # all changes 0: any scale will do
    norm = SymLogNorm(linthresh=greatest / 10**DECADES, vmin=-greatest, vmax=greatest)

    figure = style.new_figure(style.PAGE, 0.9 + len(kinds) * (0.42 * len(layers) + 0.4))
    figure.suptitle("Change of error when one component's output is replaced")
    axes = figure.subplots(len(kinds), 1, sharex=True, squeeze=False)[:, 0]
    for panel, kind in zip(axes, kinds, strict=True):
        groups = drawn[drawn["kind"] == kind].sort_values("seed").groupby(["component", "layer", "head"], dropna=False)
        for (component, layer, head), cell in groups:
            place = columns.index((component, head if component == "head" else None))
            _cell(panel, place, layers.index(layer), cell["value"].to_numpy(), norm)
        panel.set(xlim=(0, len(columns)), ylim=(len(layers), 0), title=f"Replaced {KINDS[kind]}")
        panel.set_yticks(np.arange(len(layers)) + 0.5, [f"layer {layer}" for layer in layers])
        panel.set_xticks(np.arange(len(columns)) + 0.5, [_column_label(column) for column in columns])
        panel.tick_params(length=0)
        panel.spines[:].set_visible(False)
    scale = ScalarMappable(norm, style.colormap(style.SIGNED))
    bar = figure.colorbar(scale, ax=axes, fraction=0.04, pad=0.02, label="change of mean squared error (x²)")
    bar.outline.set_visible(False)
    n_seeds = drawn["seed"].nunique()
    strips = "in their order" if n_seeds > 1 else "filling the cell"
    axes[-1].set_xlabel(
        f"one strip of colour per seed, {strips} ({labels.counted(n_seeds, 'seed')}); number: their median"
    )
    return figure, drawn


def _columns(drawn: pd.DataFrame) -> list[tuple]:
    """(component, head) from left to right: every head, the heads together, the MLP."""
    heads = sorted(int(head) for head in drawn["head"].dropna().unique())
    others = [name for name in ("attention", "mlp") if name in set(drawn["component"])]
    return [("head", head) for head in heads] + [(name, None) for name in others]


def _column_label(column: tuple) -> str:
    component, head = column
    return {"head": f"head {head}", "attention": "all heads", "mlp": "MLP"}[component]


def _cell(panel: Axes, x: int, y: int, values: np.ndarray, norm: SymLogNorm) -> None:
    """One component: its seeds as strips side by side in the upper part of the cell, their median below."""
    left, right, top, middle, bottom = x + 0.03, x + 0.97, y + 0.04, y + 0.58, y + 0.96
    edges = np.linspace(left, right, len(values) + 1)
    shades = style.colormap(style.SIGNED)(norm(values))
    for start, end, colour in zip(edges[:-1], edges[1:], shades, strict=True):
        panel.add_patch(Rectangle((start, top), end - start, middle - top, facecolor=colour, linewidth=0))
    frame = Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor=colours.GREY, linewidth=0.5)
    panel.add_patch(frame)
    panel.text((left + right) / 2, (middle + bottom) / 2, f"{np.median(values):.2g}", size=7, ha="center", va="center")
