"""Ablation: what it costs to replace one component's output, before and after a recalibration.

Change of the relative error (squared error in units of the mean square of the terms seen) at the determined positions
when the output of one head, of a layer's heads together, or of an MLP is replaced: by zero, by its mean over sequences
at that position, or by its output on another sequence. Discs are the cost as it is. Diamonds are what is left of it
when one pointwise map per position, fitted on other sequences, may correct the prediction. The line between them is
gain: the component scaled the prediction, and the map does that as well. What is left at the diamond is information
that the rest of the model does not have. Large marks are medians over seeds, small ones single seeds; heads have no
order of their own, so they are ranked within each seed and layer by what mean ablation costs. Where the panels
disagree, the kind of ablation matters as much as the component. The axis is logarithmic on either side of 0. The output
bias of the attention stays when its heads are replaced.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recurrence_circuits.figures import colours, labels, panels, style

KINDS = {
    "zero": "Replaced by zero",
    "mean": "By its mean at that position",
    "resample": "By that of another sequence",
}
DECADES = 5  # shown on a log scale, down from the greatest change


def draw(ablation: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw both costs of the trained models in the table `ablation`, mean over the determined positions.

    `drawn` holds them as in the table, with `rank`, a head's place in its seed and layer by what mean ablation costs.
    """
    shown = ablation["measure"].isin(panels.COSTS) & ablation["position"].isna() & (ablation["model"] == "trained")
    drawn = _ranked(ablation[shown].drop(columns=["model", "position"]))
    places = _places(drawn)
    figure = style.new_figure(style.PAGE, 1.0 + 0.17 * len(places))
    axes = figure.subplots(1, len(KINDS), sharex=True, sharey=True)
    axes[0].set_xscale(**panels.signed_log(drawn["value"], DECADES))
    for panel, (kind, title) in zip(axes, KINDS.items(), strict=True):
        _panel(panel, drawn[drawn["kind"] == kind], places)
        panel.set_title(title)
    panels.signed_log_ticks(axes[0].xaxis)
    axes[0].set_yticks(range(len(places)), [_label(*place) for place in places])
    axes[0].set_ylim(len(places) - 0.5, -0.5)
    n_seeds = labels.counted(drawn["seed"].nunique(), "seed")
    axes[1].set_xlabel(f"change of the relative error; large: median over {n_seeds}, small: each seed")
    figure.legend(handles=panels.cost_keys(), loc="outside lower center", ncols=2)
    return figure, drawn


def _ranked(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with `rank`: of a head by the change under mean ablation, the greatest first; 0 for other components."""
    of_heads = (rows["component"] == "head") & (rows["measure"] == "change") & (rows["kind"] == "mean")
    heads = rows.loc[of_heads, ["seed", "layer", "head", "value"]]
    places = heads.groupby(["seed", "layer"])["value"].rank(method="first", ascending=False).astype(int) - 1
    ranks = heads.drop(columns="value").assign(rank=places)
    return rows.merge(ranks, on=["seed", "layer", "head"], how="left").fillna({"rank": 0}).astype({"rank": int})


def _places(drawn: pd.DataFrame) -> list[tuple[int, str, int]]:
    """(layer, component, rank) from top to bottom: of each layer the heads, the heads together, the MLP."""
    order = ("head", "attention", "mlp")
    found = drawn[["layer", "component", "rank"]].drop_duplicates().itertuples(index=False)
    return sorted(map(tuple, found), key=lambda place: (place[0], order.index(place[1]), place[2]))


def _label(layer: int, component: str, rank: int) -> str:
    return f"layer {layer}: " + {"head": f"head ranked {rank + 1}", "attention": "all heads", "mlp": "MLP"}[component]


def _panel(axes: Axes, rows: pd.DataFrame, places: list[tuple]) -> None:
    """One line of marks per component, with a line at 0 and pale lines between layers."""
    for y, (layer, component, rank) in enumerate(places):
        here = rows[(rows["layer"] == layer) & (rows["component"] == component) & (rows["rank"] == rank)]
        by_measure = {measure: here.loc[here["measure"] == measure, "value"] for measure in panels.COSTS}
        axes.plot(
            [values.median() for values in by_measure.values()], [y, y], color=colours.GREY, linewidth=1, zorder=1
        )
        for measure, values in by_measure.items():
            _, marker, colour = panels.COSTS[measure]
            look = {"marker": marker, "color": colour, "markeredgewidth": 0, "linestyle": ""}
            axes.plot(values, [y] * len(values), alpha=0.5, markersize=2, **look)
            axes.plot(values.median(), y, markersize=5, **look)
        if y and layer != places[y - 1][0]:
            axes.axhline(y - 0.5, color=colours.GREY, linewidth=0.5, linestyle=":")
    axes.axvline(0, color=colours.BLACK, linewidth=0.6)
    axes.grid(axis="x", color=colours.PALE)
    axes.tick_params(axis="y", length=0)
