"""Readout lens: how good a prediction of the next term the residual stream holds after each layer.

Error of the estimate read after the embedding and after each layer, over the error of copying the last term (dashed
line, at 1), one line per seed, over the determined positions. *Raw*: by the model's own readout, which is trained for
the last layer alone. *Calibrated*: the same number after one affine map per position, so that its scale no longer
counts. *Fitted*: by an affine readout of the layer's own. Maps are fitted on one half of the test sequences and scored
on the other. Where raw is high and calibrated is not, the estimate is there on another scale; where fitted is low, it
is there in another form. Only what fitted gains from one layer to the next was not there before. On the right, by
position, the fitted readout beside the best linear predictor, whose weights depend on the position alone.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from recurrence_circuits.figures import colours, labels, panels, style

LENSES = {"raw": colours.VERMILION, "calibrated": colours.ORANGE, "fitted": colours.BLUE}
COPY_LINE = {"color": colours.BLACK, "linestyle": "--", "linewidth": 1.0}


def draw(readout_lens: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw `copy_ratio` of the table `readout_lens`: over the determined positions, and by position for the fitted.

    In `drawn`, the best linear predictor has rows with the lens `best_linear`; none if the table has no `linear_ratio`.
    """
    drawn = readout_lens[readout_lens["measure"] == "copy_ratio"]
    drawn = pd.concat([drawn, _best_linear(readout_lens)])

    ratios = drawn.loc[drawn["lens"].isin(list(LENSES)), "value"]
    limits = min(ratios.min(), 1.0) / 2, max(ratios.max(), 1.0) * 2
    figure = style.new_figure(style.PAGE, 2.9)
    trained, untrained, by_position = figure.subplots(1, 3, sharey=True, width_ratios=[1, 1, 1.2])
    for axes, model in ((trained, "trained"), (untrained, "untrained")):
        _by_layer(axes, drawn[drawn["position"].isna() & (drawn["model"] == model)])
        axes.set_title(f"{model.capitalize()}, one line per seed")
    _by_position(by_position, drawn[drawn["position"].notna() & (drawn["model"] == "trained")])
    for axes in (trained, untrained, by_position):
        axes.set_yscale("log")
        axes.set_ylim(*limits)  # of the lenses: far on, the best linear predictor is orders of magnitude below
        panels.log_axis(axes.yaxis, *limits)
        axes.grid(axis="y", color=colours.PALE)
        axes.axhline(1.0, **COPY_LINE)
    trained.set_ylabel(labels.mathtext("error over that of copying x_n"))
    untrained.legend(loc="lower left")
    return figure, drawn


def _best_linear(table: pd.DataFrame) -> pd.DataFrame:
    """The best linear predictor's `copy_ratio`: that of any lens over its `linear_ratio`."""
    one = table[(table["lens"] == "fitted") & (table["after_layer"] == table["after_layer"].max())]
    keys = ["experiment", "seed", "model", "position"]
    wide = one.pivot_table(index=keys, columns="measure", values="value", dropna=False)
    if "linear_ratio" not in wide:
        return table.iloc[:0]
    ratio = (wide["copy_ratio"] / wide["linear_ratio"]).rename("value").dropna().reset_index()
    return ratio.assign(lens="best_linear", measure="copy_ratio").astype({"position": "Int64"})


def _by_layer(axes: Axes, rows: pd.DataFrame) -> None:
    after = sorted(int(layer) for layer in rows["after_layer"].dropna().unique())
    for lens, colour in LENSES.items():
        for i, (_, seed) in enumerate(rows[rows["lens"] == lens].groupby("seed")):
            seed = seed.sort_values("after_layer")
            label = lens if i == 0 else None
            axes.plot(seed["after_layer"], seed["value"], "o-", markersize=3, alpha=0.8, color=colour, label=label)
    axes.set_xticks(after, ["embed." if layer < 0 else str(layer) for layer in after])
    axes.set_xlabel("read after layer …")


def _by_position(axes: Axes, rows: pd.DataFrame) -> None:
    fitted = rows[rows["lens"] == "fitted"]
    stages = sorted(int(layer) for layer in fitted["after_layer"].unique())
    median = fitted.groupby(["after_layer", "position"])["value"].median()
    shades = style.colormap("viridis_r")
    for layer in stages:
        curve = median[layer]
        colour, label = shades(0.1 + 0.9 * (layer + 1) / len(stages)), f"after layer {layer}"
        label = "after embedding" if layer < 0 else label
        axes.plot(curve.index.astype(int), curve, "o-", markersize=3, color=colour, label=label)
    linear = rows[rows["lens"] == "best_linear"].groupby("position")["value"].median()
    if len(linear):
        axes.plot(linear.index.astype(int), linear, ":", color=colours.BLACK, linewidth=1.4, label="best linear")
    axes.set(title=f"Fitted, median over {labels.counted(fitted['seed'].nunique(), 'seed')}", xlabel="position n")
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
