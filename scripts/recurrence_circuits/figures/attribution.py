"""Direct attribution: what each head adds to the prediction, against the last term.

A head's direct contribution is its output through the final norm and the readout. Each panel shows it against the
last term xₙ for a sample of test sequences. The slope is the head's copy coefficient and r the correlation, both over
all test sequences. Points on a rising line: the head adds a share of the last term, or of a term like it; on a falling
line: it takes one away; flat or curved: it does something else. Successive terms are much alike, so a slope on xₙ does
not tell which of them a head copies. Panels share their axes within each seed. Head numbers have no meaning across
seeds.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recurrence_circuits.figures import colours, panels


def draw(attribution: pd.DataFrame, similarity: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw the table `attribution`, one point per sampled position of a test sequence.

    The note in each of the first seed's panels is from the table `similarity`, over all test sequences.
    """
    figure, axes = panels.head_grids(
        attribution, _scatter, "What every head adds to the prediction",
        ("last term $x_n$ (units of x)", "direct contribution (units of x)"),
    )  # fmt: skip
    low, high = axes[0, 0].get_ylim()
    axes[0, 0].set_ylim(low, high + 0.35 * (high - low))  # room for the notes
    shown = panels.shown_seeds(attribution)
    scores = similarity[(similarity["model"] == "trained") & (similarity["seed"] == shown[0])]
    for panel, (layer, head) in zip(axes.flat, _heads(attribution), strict=True):
        own = scores[(scores["component"] == "head") & (scores["layer"] == layer) & (scores["head"] == head)]
        _note(panel, own.set_index("measure")["value"])
    return figure, attribution[attribution["seed"].isin(shown)]


def _heads(table: pd.DataFrame) -> list[tuple]:
    return sorted(set(zip(table["layer"], table["head"], strict=True)))


def _scatter(axes: Axes, rows: pd.DataFrame) -> None:
    axes.axhline(0, color=colours.GREY, linewidth=0.5)
    axes.axvline(0, color=colours.GREY, linewidth=0.5)
    axes.plot(
        rows["term"], rows["contribution"], ".", markersize=3, alpha=0.5, color=colours.TRAINED, markeredgewidth=0
    )


def _note(axes: Axes, scores: pd.Series) -> None:
    """Slope and correlation in a corner; a measure that is undefined for this head is left out."""
    parts = {"slope": "slope_on_last", "r": "correlation_with_last"}
    text = "\n".join(f"{short} {scores[name]:+.2f}" for short, name in parts.items() if name in scores)
    axes.text(0.03, 0.97, text.replace("-", "−"), transform=axes.transAxes, va="top", size=7)
