"""Construction: the error of hand-made copy-and-subtract transformers beside the trained models."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from recurrence_circuits.figures import panels, style

SHOWN = {  # label, colour, line style
    "copy_last": ("copy $x_n$ (no attention)", style.VERMILION, "--"),
    "fixed": ("minus a fixed share of $x_n$, $x_{n-1}$, mean", style.ORANGE, "-"),
    "best_linear": ("best linear predictor by position", style.BLACK, ":"),
    "positional": ("minus what attention by position carries", style.GREEN, "-"),
    "content_1": ("minus what attention by likeness carries, once", style.SKY, "-"),
    "content_2": ("… twice", style.PURPLE, "-"),
    "content_3": ("… three times", style.GREY, "-"),
    "model": ("trained models", style.TRAINED, "-"),
}
EXACT = 1e-6  # errors below are drawn there


def draw(construction: pd.DataFrame, predictions: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """The table `construction`, with the trained models' `mse` of the table `predictions`.

    Left: mean over the determined positions, for trained models a dot a seed; right: by position, trained models as
    their mean over seeds. In `drawn` the trained models are the predictor `model`, with their seed.
    """
    trained = predictions[(predictions["predictor"] == "model") & (predictions["measure"] == "mse")]
    columns = ["experiment", "seed", "predictor", "n_layers", "position", "value", "low", "high"]
    drawn = pd.concat([construction, trained]).reindex(columns=columns)
    drawn[["seed", "n_layers"]] = drawn[["seed", "n_layers"]].astype("Int64")
    drawn = drawn[drawn["predictor"].isin(SHOWN)]
    figure = style.new_figure(style.PAGE, 3.2)
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.25])
    _overall(left, drawn[drawn["position"].isna()])
    _by_position(right, drawn[drawn["position"].notna()])
    return figure, drawn


def _overall(axes: Axes, rows: pd.DataFrame) -> None:
    labels = []
    for y, (name, (label, colour, _)) in enumerate(SHOWN.items()):
        values = rows[rows["predictor"] == name]
        axes.axhline(y, color=style.PALE, linewidth=0.8, zorder=0)
        axes.plot(values["value"], [y] * len(values), "o", color=colour, markersize=5, alpha=0.85)
        layers = values["n_layers"].dropna()
        depth = f"\n(by hand, {style.counted(int(layers.iloc[0]), 'layer')})" if len(layers) else ""
        labels.append(label + depth)
    axes.set_yticks(range(len(SHOWN)), labels)
    axes.tick_params(axis="y", left=False, labelsize=7)
    axes.set(ylim=(len(SHOWN) - 0.5, -0.5), xscale="log", xlabel="mean squared error (x²)")
    panels.log_axis(axes.xaxis, *axes.get_xlim())
    axes.set_title("Mean over determined positions", loc="left")


def _by_position(axes: Axes, rows: pd.DataFrame) -> None:
    for name, (_, colour, line) in SHOWN.items():
        mean = rows[rows["predictor"] == name].groupby("position")["value"].mean().clip(lower=EXACT)
        width = 2.2 if name == "model" else 1.2
        axes.plot(mean.index.astype(int), mean, line, marker="o", markersize=2.5, color=colour, linewidth=width)
    axes.set(yscale="log", xlabel="position n", ylabel="mean squared error (x²)")
    panels.log_axis(axes.yaxis, *axes.get_ylim())
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.grid(axis="y", color=style.PALE)
    axes.set_title(f"By position (from {EXACT:g} up)", loc="left")
