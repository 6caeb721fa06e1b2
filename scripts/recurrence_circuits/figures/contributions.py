"""Contributions: what each head adds to the prediction, against the last term it has seen."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recurrence_circuits.figures import panels, style


def draw(contributions: pd.DataFrame, similarity: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """The table `contributions`, a point a position of a test sequence; in each panel the slope (the copy
    coefficient) and the correlation that the table `similarity` holds for that head over all test sequences.
    """
    figure, axes = panels.head_grids(
        contributions, _scatter, "What every head adds to the prediction",
        ("last term $x_n$ (units of x)", "direct contribution (units of x)"),
    )  # fmt: skip
    low, high = axes[0, 0].get_ylim()
    axes[0, 0].set_ylim(low, high + 0.35 * (high - low))  # room for the notes
    shown = panels.shown_seeds(contributions)
    scores = similarity[(similarity["model"] == "trained") & (similarity["seed"] == shown[0])]
    for panel, (layer, head) in zip(axes.flat, _heads(contributions), strict=True):
        own = scores[(scores["component"] == "head") & (scores["layer"] == layer) & (scores["head"] == head)]
        _note(panel, own.set_index("measure")["value"])
    return figure, contributions[contributions["seed"].isin(shown)]


def _heads(table: pd.DataFrame) -> list[tuple]:
    return sorted(set(zip(table["layer"], table["head"], strict=True)))


def _scatter(axes: Axes, rows: pd.DataFrame) -> None:
    axes.axhline(0, color=style.GREY, linewidth=0.5)
    axes.axvline(0, color=style.GREY, linewidth=0.5)
    axes.plot(rows["term"], rows["contribution"], ".", markersize=3, alpha=0.5, color=style.TRAINED, markeredgewidth=0)


def _note(axes: Axes, scores: pd.Series) -> None:
    """Slope and correlation in a corner; a measure that is undefined for this head is left out."""
    parts = {"slope": "slope_on_last", "r": "correlation_with_last"}
    text = "\n".join(f"{short} {scores[name]:+.2f}" for short, name in parts.items() if name in scores)
    axes.text(0.03, 0.97, text.replace("-", "−"), transform=axes.transAxes, va="top", size=7)
