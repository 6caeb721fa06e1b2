"""Replaced patterns: what a layer's attention loses when it no longer looks at the sequence.

The attention patterns of a layer are replaced by their mean over sequences, by the best function of the distance from
query to key alone, by equal attention to every key seen, or by another sequence's pattern; values stay. Shown is the
lost share of the layer's effect at the determined positions: the change of the relative error over what it is when the
layer's output is replaced by its mean. At 0 nothing is lost, so the terms seen do not choose where the layer attends;
at 1 (dashed) the layer might as well write the same for every sequence; above, a wrong pattern is worse than that.
Discs are the share of the cost as it is, diamonds that of the cost after a recalibration, which leaves out what a
pointwise map of the prediction can put right. One mark per seed, with bootstrap intervals over sequences; hollow marks
are the models before training. A layer that costs nothing has no share and no mark. The axis is logarithmic on either
side of 0.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recurrence_circuits.figures import colours, panels, style

REPLACED = {
    "mean": "mean\npattern",
    "distance": "by\ndistance",
    "uniform": "uniform",
    "other": "another\nsequence's",
}
MEASURES = {"kept": "change", "recalibrated_kept": "recalibrated_change"}  # and the cost that each is a share of
WIDTH = 0.36  # of the seeds' marks of one measure; a replacement is 1 wide
STARTS = {"kept": -0.4, "recalibrated_kept": 0.04}
DECADES = 4  # shown on a log scale, down from the greatest share


def draw(patterns: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw the lost shares, 1 − `kept` and 1 − `recalibrated_kept`, of each layer in the table `patterns`.

    `drawn` holds the shares as `lost`, from `lost_low` to `lost_high`, beside the table's columns.
    """
    rows = patterns[patterns["measure"].isin(MEASURES) & patterns["head"].isna()].drop(columns=["head", "position"])
    drawn = rows.assign(lost=1 - rows["value"], lost_low=1 - rows["high"], lost_high=1 - rows["low"])
    layers = sorted(int(layer) for layer in patterns["layer"].unique())
    seeds = sorted(int(seed) for seed in patterns["seed"].unique())
    figure = style.new_figure(style.PAGE, 3.2)
    axes = figure.subplots(1, len(layers), sharey=True, squeeze=False)[0]
    axes[0].set_yscale(**panels.signed_log(drawn["lost"], DECADES))
    for panel, layer in zip(axes, layers, strict=True):
        _panel(panel, drawn[drawn["layer"] == layer], seeds)
        panel.set_title(f"layer {layer}")
    panels.signed_log_ticks(axes[0].yaxis)
    axes[0].set_ylabel("lost share of the layer's effect")
    hollow = Line2D([], [], linestyle="", marker="o", markersize=5, color=colours.UNTRAINED, markerfacecolor="white",
                    label="before training")  # fmt: skip
    figure.legend(handles=[*panels.cost_keys(), hollow], loc="outside lower center", ncols=3)
    return figure, drawn


def _panel(axes: Axes, rows: pd.DataFrame, seeds: list[int]) -> None:
    """The marks of one layer, replacement by replacement, with lines at 0 and at 1, all that the layer does."""
    step = WIDTH / len(seeds)
    for measure, cost in MEASURES.items():
        _, marker, colour = panels.COSTS[cost]
        for model, shade, fill in (("untrained", colours.UNTRAINED, "white"), ("trained", colour, colour)):
            own = rows[(rows["measure"] == measure) & (rows["model"] == model)]
            place = own["replaced"].map(list(REPLACED).index) + STARTS[measure]
            at = place + (own["seed"].map(seeds.index) + 0.5) * step
            # A percentile interval may miss its own value, which errorbar would refuse.
            reach = [(own["lost"] - own["lost_low"]).clip(lower=0), (own["lost_high"] - own["lost"]).clip(lower=0)]
            axes.errorbar(
                at, own["lost"], yerr=reach, fmt=marker, color=shade, markerfacecolor=fill, markersize=3.2,
                elinewidth=0.7,
            )  # fmt: skip
    axes.axhline(0, color=colours.BLACK, linewidth=0.6)
    axes.axhline(1, color=colours.BLACK, linewidth=0.8, linestyle="--")
    axes.set_xticks(range(len(REPLACED)), REPLACED.values())
    axes.set_xlim(-0.5, len(REPLACED) - 0.5)
    for x in np.arange(len(REPLACED) - 1) + 0.5:
        axes.axvline(x, color=colours.PALE)
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="y", color=colours.PALE)
