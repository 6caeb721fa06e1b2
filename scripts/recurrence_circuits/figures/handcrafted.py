"""Hand-made transformers: copy, then subtract, without training.

Attention-only transformers without LayerNorm whose weights are written by hand, on the test sequences. Each copies xₙ
and subtracts fixed shares of the terms it has seen, or what attention by position carries, or, once to three times,
what attention by likeness carries. Left: mean error over the determined positions, one dot per seed of the trained
models; right: by position. One layer that looks at positions alone comes close to the least error of any predictor
that is linear in the terms, which falls to about a quarter with every further term: late in a sequence it predicts
well without working out a and b. Early in a sequence trained models are far better; there the law has to be inferred
in context.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from recurrence_circuits.figures import colours, labels, panels, style

HIDDEN = {"bayes"}  # the floor is 0 for most positions, which a log axis does not have
EXACT = 1e-6  # errors below are drawn there


def draw(handcrafted: pd.DataFrame, predictions: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw the table `handcrafted`, and the trained models' `mse` of the table `predictions`.

    Left: mean over the determined positions, one dot per seed of the trained models; right: by position, the trained
    models as their mean over seeds. In `drawn` the trained models are the predictor `model`, with their seed.
    """
    trained = predictions[(predictions["predictor"] == "model") & (predictions["measure"] == "mse")]
    columns = ["experiment", "seed", "predictor", "n_layers", "position", "value", "low", "high"]
    drawn = pd.concat([handcrafted, trained]).reindex(columns=columns)
    drawn[["seed", "n_layers"]] = drawn[["seed", "n_layers"]].astype("Int64")
    drawn = drawn[~drawn["predictor"].isin(HIDDEN)]
    names = labels.in_order(drawn["predictor"])
    figure = style.new_figure(style.PAGE, 3.2)
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.25])
    _overall(left, drawn[drawn["position"].isna()], names)
    _by_position(right, drawn[drawn["position"].notna()], names)
    return figure, drawn


def _overall(axes: Axes, rows: pd.DataFrame, names: list[str]) -> None:
    written = []
    for y, name in enumerate(names):
        values, look = rows[rows["predictor"] == name], labels.look(name)
        axes.axhline(y, color=colours.PALE, linewidth=0.8, zorder=0)
        marker = look.marker or "o"
        axes.plot(values["value"], [y] * len(values), marker, color=look.colour, markersize=5, alpha=0.85)
        layers = values["n_layers"].dropna()
        depth = f"\n(by hand, {labels.counted(int(layers.iloc[0]), 'layer')})" if len(layers) else ""
        written.append(labels.mathtext(look.label) + depth)
    axes.set_yticks(range(len(names)), written)
    axes.tick_params(axis="y", left=False, labelsize=7)
    axes.set(ylim=(len(names) - 0.5, -0.5), xscale="log", xlabel="mean squared error (x²)")
    panels.log_axis(axes.xaxis, *axes.get_xlim())
    axes.set_title("Mean over determined positions", loc="left")


def _by_position(axes: Axes, rows: pd.DataFrame, names: list[str]) -> None:
    for name in names:
        mean, look = rows[rows["predictor"] == name].groupby("position")["value"].mean(), labels.look(name)
        axes.plot(
            mean.index.astype(int), mean.clip(lower=EXACT), color=look.colour, marker=look.marker, linestyle=look.line,
            markersize=3, linewidth=2.2 if name == "model" else 1.2, zorder=2 if look.line == "-" else 3,
        )  # fmt: skip
    axes.set(yscale="log", xlabel="position n", ylabel="mean squared error (x²)")
    panels.log_axis(axes.yaxis, *axes.get_ylim())
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.grid(axis="y", color=colours.PALE)
    axes.set_title(f"By position (from {EXACT:g} up)", loc="left")
