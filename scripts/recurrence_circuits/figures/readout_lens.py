"""Readout lens: how good a prediction the residual stream holds after each layer.

What the model would predict if it stopped early: its final norm and readout applied to the residual stream after
the embedding and after each layer. Left: error over the determined positions, one line per seed, beside untrained
models; right: by position. The dashed line is the error of copying the last term. If layer 0 formed a first estimate
as good as a copy, the error after layer 0 would lie at the dashed line; if later layers refine it, the error falls
with every layer. The readout is trained for the last layer alone: a high error after an earlier layer may mean that
the estimate is there on another scale or in another form.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from recurrence_circuits.figures import colours, labels, panels, style

COPY = "copy_last"
LOOK = labels.look(COPY)
COPY_LINE = {"color": LOOK.colour, "linestyle": "--", "linewidth": 1.4, "label": labels.mathtext(LOOK.label)}


def draw(readout_lens: pd.DataFrame, predictions: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw `mse` of the table `readout_lens`: left over the determined positions, right by position.

    The baseline `copy_last` is from the table `predictions`; in `drawn` it is a row with the model `copy_last`.
    """
    copy = predictions[(predictions["predictor"] == COPY) & (predictions["measure"] == "mse")]
    copy = copy.rename(columns={"predictor": "model"})
    columns = ["experiment", "seed", "model", "after_layer", "position", "value", "low", "high"]
    drawn = pd.concat([readout_lens[readout_lens["measure"] == "mse"], copy]).reindex(columns=columns)
    drawn["after_layer"] = drawn["after_layer"].astype("Int64")

    figure = style.new_figure(style.PAGE, 2.9)
    left, right = figure.subplots(1, 2, sharey=True)
    _by_layer(left, drawn[drawn["position"].isna()])
    _by_position(right, drawn[drawn["position"].notna() & (drawn["model"] != "untrained")])
    for axes in (left, right):
        axes.set_yscale("log")
        panels.log_axis(axes.yaxis, *axes.get_ylim())
        axes.grid(axis="y", color=colours.PALE)
    left.set_ylabel("mean squared error (x²)")
    return figure, drawn


def _by_layer(axes: Axes, rows: pd.DataFrame) -> None:
    for model, colour in (("untrained", colours.UNTRAINED), ("trained", colours.TRAINED)):
        for i, (_, seed) in enumerate(rows[rows["model"] == model].groupby("seed")):
            seed = seed.sort_values("after_layer")
            label = f"{model}, one line per seed" if i == 0 else None
            axes.plot(seed["after_layer"], seed["value"], "o-", markersize=3.5, alpha=0.8, color=colour, label=label)
    copy = rows.loc[rows["model"] == COPY, "value"].mean()
    axes.axhline(copy, **COPY_LINE)
    after = sorted(int(layer) for layer in rows["after_layer"].dropna().unique())
    axes.set_xticks(after, [_stage(layer) for layer in after])
    axes.set(title="Mean over determined positions", xlabel="readout applied after …")
    axes.legend()


def _by_position(axes: Axes, rows: pd.DataFrame) -> None:
    trained = rows[rows["model"] == "trained"]
    stages = sorted(int(layer) for layer in trained["after_layer"].unique())
    median = trained.groupby(["after_layer", "position"])["value"].median()
    shades = style.colormap("viridis_r")
    for layer in stages:
        curve = median[layer]
        colour = shades(0.1 + 0.9 * (layer + 1) / len(stages))
        axes.plot(curve.index.astype(int), curve, "o-", markersize=3, color=colour, label=f"after {_stage(layer)}")
    copy = rows[rows["model"] == COPY].groupby("position")["value"].mean()
    axes.plot(copy.index.astype(int), copy, **COPY_LINE)
    n_seeds = labels.counted(trained["seed"].nunique(), "seed")
    axes.set(title=f"By position, median over {n_seeds}", xlabel="position n")
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


def _stage(layer: int) -> str:
    return "embedding" if layer < 0 else f"layer {layer}"
