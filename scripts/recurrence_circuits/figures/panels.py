"""Parts that several figures share."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from recurrence_circuits.figures import colours, labels, style

MODELS = {"trained": colours.TRAINED, "untrained": colours.UNTRAINED}
COSTS = {  # of a replaced part, by measure: label, marker, colour
    "change": ("cost", "o", colours.TRAINED),
    "recalibrated_change": ("cost after recalibration", "D", colours.ORANGE),
}
STARTS = {"trained": -0.44, "untrained": 0.02}  # of a layer's heads; a layer is 1 wide


def shown_seeds(frame: pd.DataFrame) -> list[int]:
    """The first few seeds of a table, in order."""
    return sorted(int(seed) for seed in frame["seed"].unique())[: style.SHOWN_SEEDS]


def seed_note(frame: pd.DataFrame) -> str:
    """How many seeds a figure shows if it cannot show all; otherwise an empty text."""
    shown, n_seeds = shown_seeds(frame), frame["seed"].nunique()
    return "" if len(shown) == n_seeds else f" (the first {len(shown)} seeds of {n_seeds})"


def seed_colours(seeds: list[int]) -> dict:
    """One colour per seed: distinct colours for a few seeds, shades of one colour map for many."""
    if len(seeds) <= len(colours.CYCLE):
        return dict(zip(seeds, colours.CYCLE, strict=False))
    shades = style.colormap(style.AMOUNT)(np.linspace(0, 0.9, len(seeds)))
    return dict(zip(seeds, shades, strict=True))


def log_axis(axis: Axis, low: float, high: float) -> None:
    """Label a log axis with plain numbers: every decade, and 2 and 5 too if it spans less than two decades."""
    subs = (1.0,) if high >= 100 * low else (1.0, 2.0, 5.0)
    axis.set_major_locator(LogLocator(subs=subs, numticks=12))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def signed_log(values: pd.Series, decades: int) -> dict:
    """The arguments of an axes' set_xscale or set_yscale for a log scale on either side of 0.

    It is linear below so many decades under the power of ten above the greatest value.
    """
    greatest = float(values.abs().max())
    greatest = greatest if greatest > 0 else 1.0  # no values, or all 0: any scale will do
    return {"value": "symlog", "linthresh": 10.0 ** (np.ceil(np.log10(greatest)) - decades), "linscale": 0.5}


def signed_log_ticks(axis: Axis) -> None:
    """Label a signed log axis with 0 and, from ten times the linear part on, every second power of ten."""
    linear = axis.get_transform().linthresh
    low, high = axis.get_view_interval()
    powers = 10.0 ** np.arange(np.round(np.log10(linear)), np.log10(max(-low, high, linear)) + 1e-9)[1::2]
    ticks = [*-powers[::-1], 0.0, *powers]
    axis.set_ticks([tick for tick in ticks if low <= tick <= high])
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
    axis.set_minor_locator(NullLocator())


def overall(frame: pd.DataFrame, measure: str) -> pd.DataFrame:
    """The rows of one measure that are means over the determined positions."""
    return frame[(frame["measure"] == measure) & frame["position"].isna()]


def head_grids(
    frame: pd.DataFrame, paint: Callable[[Axes, pd.DataFrame], None], title: str, axis_labels: tuple[str, str]
):
    """A layer × head grid of panels for the first seed, and one row of small panels for each further seed.

    Head 1 of one seed has no relation to head 1 of another, so seeds are never averaged. `paint` draws the rows of one
    seed, layer and head; axis_labels are those of x and y. Returns the figure and the first seed's axes, `layer head`.
    """
    seeds = shown_seeds(frame)
    layers, heads = sorted(frame["layer"].unique()), sorted(frame["head"].unique())
    large, small = 6.4 / max(len(heads), 3), 6.2 / max(len(layers) * len(heads), 12)  # inches per panel
    heights = [len(layers) * (large + 0.1) + 0.6] + [(len(seeds) - 1) * small + 0.6] * (len(seeds) > 1)
    figure = style.new_figure(style.PAGE, sum(heights))
    parts = np.ravel(figure.subfigures(len(heights), 1, height_ratios=heights))
    groups = dict(list(frame.groupby(["seed", "layer", "head"])))

    axes = parts[0].subplots(len(layers), len(heads), sharex=True, sharey=True, squeeze=False)
    for i, layer in enumerate(layers):
        for j, head in enumerate(heads):
            paint(axes[i, j], groups[seeds[0], layer, head])
            axes[i, j].set_title(f"layer {layer}, head {head}" if len(heads) <= 6 else f"L{layer} H{head}", pad=3)
    parts[0].suptitle(f"{title}: seed {seeds[0]}")
    parts[0].supxlabel(axis_labels[0], fontsize=8)
    parts[0].supylabel(axis_labels[1], fontsize=8)
    for part in parts[1:]:
        _thumbnails(part, seeds[1:], [(layer, head) for layer in layers for head in heads], groups, paint)
        part.suptitle("The same for the other seeds" + seed_note(frame))
    return figure, axes


def _thumbnails(figure, seeds: list[int], columns: list[tuple], groups: dict, paint: Callable) -> None:
    axes = figure.subplots(len(seeds), len(columns), sharex=True, sharey=True, squeeze=False)
    for i, seed in enumerate(seeds):
        for j, (layer, head) in enumerate(columns):
            paint(axes[i, j], groups[seed, layer, head])
            axes[i, j].tick_params(labelbottom=False, labelleft=False, length=0)
            if i == 0:
                axes[i, j].set_title(f"L{layer} H{head}", fontsize=7, pad=2, rotation=0 if len(columns) <= 12 else 90)
        axes[i, 0].set_ylabel(f"seed {seed}", fontsize=7, rotation=0, ha="right", va="center")


def ranked(rows: pd.DataFrame) -> pd.DataFrame:
    """A table of heads with `rank`, the place by value within each seed, model, layer and measure; 0 is the highest.

    Heads have no order of their own, so seeds can be compared by rank alone.
    """
    drawn = rows[["experiment", "seed", "model", "layer", "head", "measure", "value"]].copy()
    places = drawn.groupby(["seed", "model", "layer", "measure"])["value"]
    drawn["rank"] = places.rank(method="first", ascending=False).astype(int) - 1
    return drawn


def ranked_bars(figure: Figure, drawn: pd.DataFrame, titles: dict[str, str], unbounded: set[str]) -> None:
    """Draw heads ranked by `ranked`: one panel per measure, one dot per seed, bars for the median over seeds.

    titles: by measure, in the order of the panels; unbounded: the measures that are not shown from −1 to 1.
    """
    layers = sorted(int(layer) for layer in drawn["layer"].unique())
    width = 0.42 / (int(drawn["rank"].max()) + 1)  # of a head
    axes = figure.subplots(-(-len(titles) // 2), 2, squeeze=False)
    for panel, (measure, title) in zip(axes.flat, titles.items(), strict=True):
        for model, colour in MODELS.items():
            own = drawn[(drawn["measure"] == measure) & (drawn["model"] == model)]
            _bars(panel, own, STARTS[model], width, colour)
        layer_axis(panel, layers)
        panel.set_title(title)
        if measure not in unbounded:
            panel.set_ylim(-1.05, 1.05)
    figure.legend(handles=model_keys(), loc="outside upper center", ncols=2)
    figure.supxlabel(
        f"heads of a layer, highest first; one dot per seed ({labels.counted(drawn['seed'].nunique(), 'seed')}), "
        "bar: their median",
        fontsize=8,
    )


def _bars(axes: Axes, rows: pd.DataFrame, start: float, width: float, colour: str) -> None:
    median = rows.groupby(["layer", "rank"])["value"].median().reset_index()
    centre = start + (median["rank"] + 0.5) * width + median["layer"].astype(float)
    axes.bar(centre, median["value"], width=0.9 * width, color=colour, alpha=0.45, linewidth=0)
    centre = start + (rows["rank"] + 0.5) * width + rows["layer"].astype(float)
    axes.plot(centre, rows["value"], ".", markersize=3, color=colour, markeredgewidth=0)


def layer_axis(axes: Axes, layers: list[int]) -> None:
    """Give the axes an x axis of layers, each 1 wide, and a line at 0."""
    axes.axhline(0, color=colours.BLACK, linewidth=0.6)
    for layer in layers[1:]:
        axes.axvline(layer - 0.5, color=colours.GREY, linewidth=0.5, linestyle=":")
    axes.set(xlim=(layers[0] - 0.5, layers[-1] + 0.5), xticks=layers)
    axes.set_xticklabels([f"layer {layer}" for layer in layers])
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="y", color=colours.PALE)
    axes.set_axisbelow(True)


def cost_keys() -> list[Line2D]:
    """Handles of a legend: the marks of COSTS."""
    look = {"linestyle": "", "markersize": 5, "markeredgewidth": 0}
    return [
        Line2D([], [], marker=marker, color=colour, label=label, **look) for label, marker, colour in COSTS.values()
    ]


def model_keys() -> list[Line2D]:
    """Handles of a legend: trained and untrained models."""
    look = {"marker": "s", "linestyle": "", "alpha": 0.8}
    return [Line2D([], [], color=colour, label=f"{model} models", **look) for model, colour in MODELS.items()]
