"""Formation: when the parts of the mechanism form during training.

Snapshots of each training, from the untrained model (step 0) to the final one, on the first 512 test sequences, at the
determined positions. Above: relative error beyond the Bayes-optimal predictor's. Middle: least-squares slope on the
last term of the summed direct contribution of a layer's heads, for layer 0 and for the last layer. Below: feedback gain
of the last layer's attention, that is how it answers a shift of the estimate in the stream that it reads, at the
positions before the query or at the query itself; below 0 it subtracts that estimate. Bands are bootstrap intervals
over test sequences. If the error falls when the gain turns negative, the two belong together in time; whether one
causes the other is a question for the ablations. A run without snapshots has the first and the last step only.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from recurrence_circuits.figures import colours, panels, style

SHOWN_STEPS = 14  # the most tick labels on the step axis

# Panels below the error: title, axis label, and for each measure the label and the style of its lines.
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
    """Draw the table `formation`, one line per seed; the axis of steps is logarithmic, with step 0 at its left end.

    The error is the relative excess, or the relative error where the Bayes floor is not known; a value of 0 or below
    leaves a gap.
    """
    error = "relative_excess" if (formation["measure"] == "relative_excess").any() else "relative_error"
    shown = [error, *(measure for *_, measures in PANELS for measure in measures)]
    drawn = formation[formation["measure"].isin(shown)]
    seed_colours = panels.seed_colours(sorted(drawn["seed"].unique()))
    figure = style.new_figure(style.PAGE, 5.4)
    axes = figure.subplots(1 + len(PANELS), 1, sharex=True)

    _lines(axes[0], drawn[drawn["measure"] == error], seed_colours, {"marker": "o"}, positive=True)
    known = error == "relative_excess"
    title = f"{'Excess error' if known else 'Error'}, determined positions{'' if known else ' (floor unknown)'}"
    axes[0].set(yscale="log", title=title, ylabel="mean relative error")
    panels.log_axis(axes[0].yaxis, *axes[0].get_ylim())
    for panel, (title, label, measures) in zip(axes[1:], PANELS, strict=True):
        for measure, (_, look) in measures.items():
            _lines(panel, drawn[drawn["measure"] == measure], seed_colours, look)
        panel.axhline(0, color=colours.GREY, linewidth=0.6)
        panel.set(title=title, ylabel=label)
        for name, look in measures.values():
            panel.plot([], [], color=colours.BLACK, markersize=3, label=name, **look)
        panel.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    _step_axis(axes[-1], drawn["step"])
    for panel in axes:
        panel.grid(axis="y", color=colours.PALE)
    if len(seed_colours) <= 10:
        for seed, colour in seed_colours.items():
            axes[0].plot([], [], color=colour, marker="o", markersize=3, label=f"seed {seed}")
        axes[0].legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    else:
        figure.suptitle(f"{len(seed_colours)} seeds, one line each")
    return figure, drawn


def _lines(axes: Axes, rows: pd.DataFrame, seed_colours: dict, look: dict, positive: bool = False) -> None:
    for seed, own in rows.groupby("seed"):
        own = own.sort_values("step")
        steps, colour = own["step"].astype(int), seed_colours[seed]
        band = own[["value", "low", "high"]]
        band = band.where(band > 0) if positive else band
        axes.fill_between(steps, band["low"], band["high"], color=colour, alpha=0.15, linewidth=0)
        axes.plot(steps, band["value"], color=colour, markersize=3, linewidth=0.8, **look)


def _step_axis(axes: Axes, steps: pd.Series) -> None:
    """An axis that is linear from step 0 to the first snapshot, and logarithmic from there."""
    kept = sorted(int(step) for step in steps.unique())
    axes.set_xscale("symlog", linthresh=max(kept[min(1, len(kept) - 1)], 1), linscale=0.3)
    axes.set_xticks(kept[:: -(-len(kept) // SHOWN_STEPS)])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:g}"))
    axes.set_xlabel("training step (0 is the untrained model)")
