"""Lags: which of the recent terms a component's contribution is made from.

How far the direct contribution at position n moves with each of the terms xₙ, xₙ₋₁, xₙ₋₂ and xₙ₋₃, all else held: a
component that copies xₙ₋₁ stands at its gain there and at 0 at the other terms. One line per seed, mean over the first
test sequences and the determined positions, with bootstrap intervals over sequences; pale lines are the heads of the
trained models one by one, grey lines the same models before training. The derivative runs through everything below the
component, attention patterns included; the scale of the final LayerNorm is frozen. The last row shows why it is needed:
the correlation of each layer's attention with the same terms. Successive terms are much alike, so it is nearly the same
for all four, unless the slope a of the recurrence is clearly negative and terms alternate about their limit.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recurrence_circuits.figures import colours, panels, style

DERIVATIVES = {"attention": "attention", "mlp": "MLP"}
HEADS = {"color": colours.SKY, "linewidth": 0.7, "alpha": 0.6}
CORRELATIONS = {  # the last alone for tasks without a scalar slope
    "correlation_negative_a": ("a < −0.3", {"color": colours.VERMILION, "marker": "v"}),
    "correlation_positive_a": ("a > 0.3", {"color": colours.GREEN, "marker": "^"}),
    "correlation": ("all sequences", {"color": colours.TRAINED, "marker": "o"}),
}


def draw(lags: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw the table `lags`: derivatives in one row per kind of component, then correlations; one column per layer."""
    slopes = lags[(lags["measure"] == "derivative") & lags["component"].isin(["head", *DERIVATIVES])]
    kinds = [kind for kind in DERIVATIVES if kind in set(slopes["component"])]
    trained = lags[(lags["model"] == "trained") & (lags["component"] == "attention")]
    shown = [name for name in CORRELATIONS if name in set(trained["measure"])]
    shown = shown[:-1] or shown
    correlations = trained[trained["measure"].isin(shown)]
    layers = sorted(int(layer) for layer in slopes["layer"].unique())

    figure = style.new_figure(style.PAGE, 0.7 + 1.75 * (len(kinds) + 1))
    axes = figure.subplots(len(kinds) + 1, len(layers), sharex=True, squeeze=False)
    for rows in (axes[:-1], axes[-1:]):
        for panel in rows.flat[1:]:
            panel.sharey(rows.flat[0])
            panel.tick_params(labelleft=panel in axes[:, 0])
    for column, layer in enumerate(layers):
        for row, kind in enumerate(kinds):
            _derivatives(axes[row, column], slopes[slopes["layer"] == layer], kind)
            axes[row, column].set_title(f"layer {layer}: {DERIVATIVES[kind]}")
        _correlations(axes[-1, column], correlations[correlations["layer"] == layer])
        axes[-1, column].set(title=f"layer {layer}: attention", ylim=(-1.05, 1.05))
    _finish(figure, axes, shown)
    return figure, pd.concat([slopes, correlations])


def _derivatives(axes: Axes, rows: pd.DataFrame, kind: str) -> None:
    """Lines of a layer's attention or MLP, with the heads of the trained models behind the attention's."""
    if kind == "attention":
        heads = rows[(rows["component"] == "head") & (rows["model"] == "trained")]
        for _, own in heads.groupby(["seed", "head"]):
            axes.plot(own["lag"].astype(int), own["value"], **HEADS)
    for model in reversed(panels.MODELS):  # the trained on top
        _lines(axes, rows[(rows["component"] == kind) & (rows["model"] == model)], color=panels.MODELS[model])


def _correlations(axes: Axes, rows: pd.DataFrame) -> None:
    for measure, own in rows.groupby("measure"):
        _lines(axes, own, **CORRELATIONS[measure][1])


def _lines(axes: Axes, rows: pd.DataFrame, color: str, marker: str = "o") -> None:
    """One line per seed with its intervals."""
    for _, own in rows.groupby("seed"):
        lag = own["lag"].astype(int)
        axes.vlines(lag, own["low"], own["high"], color=color, linewidth=0.8)
        axes.plot(lag, own["value"], color=color, marker=marker, markersize=3, linewidth=0.8)


def _finish(figure: Figure, axes, shown: list[str]) -> None:
    for panel in axes.flat:
        panel.axhline(0, color=colours.BLACK, linewidth=0.6, zorder=1)
        panel.grid(axis="y", color=colours.PALE)
    axes[0, 0].set(xlim=(-0.3, 3.3))
    axes[0, 0].set_xticks(range(4), ["$x_n$", "$x_{n-1}$", "$x_{n-2}$", "$x_{n-3}$"])
    for panel in axes[:-1, 0]:
        panel.set_ylabel("derivative\nby the term")
    axes[-1, 0].set_ylabel("correlation\nwith the term")
    figure.supxlabel("term that the contribution at position n is compared with", fontsize=8)
    keys = [
        Line2D([], [], color=panels.MODELS["trained"], marker="o", markersize=3, label="trained, one seed"),
        Line2D([], [], label="trained, one head", **HEADS),
        Line2D([], [], color=panels.MODELS["untrained"], marker="o", markersize=3, label="untrained, one seed"),
    ]
    for label, look in map(CORRELATIONS.get, shown):
        keys.append(Line2D([], [], markersize=3, label=f"trained, {label}", **look))
    figure.legend(handles=keys, loc="outside upper center", ncols=len(keys))
