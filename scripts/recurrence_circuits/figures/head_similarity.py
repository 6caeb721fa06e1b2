"""Head similarity: what each head's direct contribution goes with, layer by layer, every seed a dot."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recurrence_circuits.figures import style

PANELS = {
    "correlation_with_last": "Correlation with the last term $x_n$",
    "slope_on_last": "Copy coefficient (slope on $x_n$)",
    "correlation_with_target": "Correlation with the target $x_{n+1}$",
    "correlation_with_prediction": "Correlation with the model's prediction",
    "attention_similarity": "Rank correlation of attention with closeness",
    "cosine_with_residual": "Cosine with the residual stream before it",
}
UNBOUNDED = {"slope_on_last"}
COLOURS = {"trained": style.TRAINED, "untrained": style.UNTRAINED}


def draw(similarity: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """The heads of the table `similarity`, sorted by value within each seed and layer.

    `rank` is the place in that order, 0 the highest, for each measure apart: heads have no order of their own,
    so a rank is what seeds have in common. A bar is the median over seeds.
    """
    rows = similarity[(similarity["component"] == "head") & similarity["measure"].isin(PANELS)]
    drawn = rows[["experiment", "seed", "model", "layer", "head", "measure", "value"]].copy()
    places = drawn.groupby(["seed", "model", "layer", "measure"])["value"]
    drawn["rank"] = places.rank(method="first", ascending=False).astype(int) - 1

    layers = sorted(int(layer) for layer in drawn["layer"].unique())
    width = 0.42 / (int(drawn["rank"].max()) + 1)  # of a head; a layer is 1 wide: trained left, untrained right
    figure = style.new_figure(style.PAGE, 6.4)
    for axes, (measure, title) in zip(figure.subplots(3, 2).flat, PANELS.items(), strict=True):
        for model, start in (("trained", -0.44), ("untrained", 0.02)):
            own = drawn[(drawn["measure"] == measure) & (drawn["model"] == model)]
            _heads(axes, own, start, width, COLOURS[model])
        _finish(axes, title, layers, measure not in UNBOUNDED)
    n_seeds = drawn["seed"].nunique()
    keys = [
        Line2D([], [], marker="s", linestyle="", alpha=0.8, color=colour, label=f"{model} models")
        for model, colour in COLOURS.items()
    ]
    figure.legend(handles=keys, loc="outside upper center", ncols=2)
    figure.supxlabel(
        f"heads of a layer, highest first; a dot a seed ({style.counted(n_seeds, 'seed')}), bar: their median",
        fontsize=8,
    )
    return figure, drawn


def _heads(axes: Axes, rows: pd.DataFrame, start: float, width: float, colour: str) -> None:
    median = rows.groupby(["layer", "rank"])["value"].median().reset_index()
    centre = start + (median["rank"] + 0.5) * width + median["layer"].astype(float)
    axes.bar(centre, median["value"], width=0.9 * width, color=colour, alpha=0.45, linewidth=0)
    centre = start + (rows["rank"] + 0.5) * width + rows["layer"].astype(float)
    axes.plot(centre, rows["value"], ".", markersize=3, color=colour, markeredgewidth=0)


def _finish(axes: Axes, title: str, layers: list[int], bounded: bool) -> None:
    axes.axhline(0, color=style.BLACK, linewidth=0.6)
    for layer in layers[1:]:
        axes.axvline(layer - 0.5, color=style.GREY, linewidth=0.5, linestyle=":")
    axes.set(xlim=(layers[0] - 0.5, layers[-1] + 0.5), title=title, xticks=layers)
    axes.set_xticklabels([f"layer {layer}" for layer in layers])
    axes.tick_params(axis="x", length=0)
    if bounded:
        axes.set_ylim(-1.05, 1.05)
    axes.grid(axis="y", color=style.PALE)
    axes.set_axisbelow(True)
