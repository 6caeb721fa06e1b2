"""Formation: error, copying and feedback against the training step, one line a seed."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from recurrence_circuits.figures import panels, style

SHOWN_STEPS = 14  # tick labels of the step axis at most

# Panels below the error: title, axis label, and by measure the label and the line style of its lines.
PANELS = [
    ("Slope of the heads' direct contribution on $x_n$", "slope", {
        "layer0_slope": ("layer 0", {"linestyle": "-", "marker": "o"}),
        "last_layer_slope": ("last layer", {"linestyle": "--", "marker": "s"}),
    }),
    ("Feedback gain of the last layer's attention", "gain", {
        "feedback_context": ("from the context", {"linestyle": "-", "marker": "o"}),
        "feedback_query": ("at the query", {"linestyle": "--", "marker": "s"}),
    }),
]  # fmt: skip


def draw(formation: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """The table `formation` on a common axis of steps, logarithmic but for step 0, which stands at its left end.

    Error is the excess, or mse where the Bayes floor is not known; a value of 0 or below leaves a gap.
    """
    error = "excess" if (formation["measure"] == "excess").any() else "mse"
    shown = [error, *(measure for *_, measures in PANELS for measure in measures)]
    drawn = formation[formation["measure"].isin(shown)]
    colours = panels.seed_colours(sorted(drawn["seed"].unique()))
    figure = style.new_figure(style.PAGE, 5.4)
    axes = figure.subplots(1 + len(PANELS), 1, sharex=True)

    _lines(axes[0], drawn[drawn["measure"] == error], colours, {"marker": "o"}, positive=True)
    title = "Excess error, determined positions" if error == "excess" else "Error, determined positions (floor unknown)"
    axes[0].set(yscale="log", title=title, ylabel="mean squared error (x²)")
    panels.log_axis(axes[0].yaxis, *axes[0].get_ylim())
    for panel, (title, label, measures) in zip(axes[1:], PANELS, strict=True):
        for measure, (_, look) in measures.items():
            _lines(panel, drawn[drawn["measure"] == measure], colours, look)
        panel.axhline(0, color=style.GREY, linewidth=0.6)
        panel.set(title=title, ylabel=label)
        for name, look in measures.values():
            panel.plot([], [], color=style.BLACK, markersize=3, label=name, **look)
        panel.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    _step_axis(axes[-1], drawn["step"])
    for panel in axes:
        panel.grid(axis="y", color=style.PALE)
    if len(colours) <= 10:
        for seed, colour in colours.items():
            axes[0].plot([], [], color=colour, marker="o", markersize=3, label=f"seed {seed}")
        axes[0].legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    else:
        figure.suptitle(f"{len(colours)} seeds, a line each")
    return figure, drawn


def _lines(axes: Axes, rows: pd.DataFrame, colours: dict, look: dict, positive: bool = False) -> None:
    for seed, of_seed in rows.groupby("seed"):
        of_seed = of_seed.sort_values("step")
        steps, colour = of_seed["step"].astype(int), colours[seed]
        band = of_seed[["value", "low", "high"]]
        band = band.where(band > 0) if positive else band
        axes.fill_between(steps, band["low"], band["high"], color=colour, alpha=0.15, linewidth=0)
        axes.plot(steps, band["value"], color=colour, markersize=3, linewidth=0.8, **look)


def _step_axis(axes: Axes, steps: pd.Series) -> None:
    """Logarithmic from the first snapshot on, and linear from step 0 to there."""
    kept = sorted(int(step) for step in steps.unique())
    axes.set_xscale("symlog", linthresh=max(kept[min(1, len(kept) - 1)], 1), linscale=0.3)
    axes.set_xticks(kept[:: -(-len(kept) // SHOWN_STEPS)])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:g}"))
    axes.set_xlabel("training step (0 is the untrained model)")
