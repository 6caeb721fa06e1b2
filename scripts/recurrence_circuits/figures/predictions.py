"""Predictions: error of the trained models by position, beside every baseline.

Above: mean squared error of the prediction of the next term at every position, on test sequences. Below: the same in
units of each sequence's own scale, since late in a sequence the mean squared error of the models is that of a few wide
sequences. The thick line is the trained model, mean over seeds, with the range over seeds as a band; the
dashed black line is the Bayes-optimal predictor, the least error possible; the other lines are baselines and the
untrained model. Predictors with errors near 0 have rows of dots between, since a log axis has no 0. If the model infers
the law of each sequence, its line falls far below those of copying and extrapolation as soon as enough terms are seen;
if it only copies, it stays with them. The best linear predictor has fixed weights for each position and infers nothing:
where it is better than the models, the task asks for no inference.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from recurrence_circuits.figures import colours, labels, panels, style

# Errors below this are 0 but for rounding or a little regularisation. They get rows of dots of their own: a log axis
# has no 0, and would spend its height on decades between one rounding error and another.
EXACT = 1e-6
EMPHASIS = {  # of the lines that matter most
    "model": {"linewidth": 2.4, "zorder": 5},
    "untrained": {"linewidth": 1.4},
    "bayes": {"linewidth": 1.4, "zorder": 6, "marker": ""},
}


def draw(predictions: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw `mse` and `relative_error` of the table: mean over seeds; for the model the least and the greatest too."""
    shown = predictions["measure"].isin(["mse", "relative_error"]) & predictions["position"].notna()
    drawn = (
        predictions[shown]
        .groupby(["experiment", "measure", "predictor", "position"])["value"]
        .agg(n_seeds="count", mean="mean", min="min", max="max")
        .reset_index()
    )
    drawn["exact"] = drawn["mean"] < EXACT
    squared, relative = (drawn[drawn["measure"] == measure] for measure in ("mse", "relative_error"))
    names = _worst_first(squared)
    exact = [name for name in names if squared.loc[squared["predictor"] == name, "exact"].any()]
    height = 0.16 * len(exact) + 0.1 * bool(exact)
    figure = style.new_figure(style.PAGE, 5.6 + height)
    heights = [2.9, *([height] if exact else []), 2.2]
    axes, *strip, below = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    if exact:
        _exact_strip(strip[0], squared[squared["exact"]], exact)
    n_seeds = int(squared.loc[squared["predictor"] == "model", "n_seeds"].max())
    _error_lines(axes, squared, names)
    axes.set_title(f"Error by position; the band is the range over {labels.counted(n_seeds, 'seed')}", loc="left")
    axes.set_ylabel("mean squared error (x²)")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    _error_lines(below, relative, names)
    below.set_title("In units of the sequence's own scale", loc="left")
    below.set_ylabel("mean relative error")
    below.set_xlabel("position n (the model has seen $x_0$ … $x_n$ and predicts $x_{n+1}$)")
    below.xaxis.set_major_locator(MaxNLocator(16, integer=True))
    return figure, drawn


def _worst_first(drawn: pd.DataFrame) -> list[str]:
    """The predictors in the order of their lines at the last position, which makes the legend easy to follow."""
    last = drawn[drawn["position"] == drawn["position"].max()].set_index("predictor")["mean"]
    return sorted(drawn["predictor"].unique(), key=lambda name: (-last.get(name, 0.0), name))


def _error_lines(axes: Axes, drawn: pd.DataFrame, names: list[str]) -> None:
    for name in names:
        rows, look = drawn[drawn["predictor"] == name], labels.look(name)
        axes.plot(
            rows["position"], rows["mean"].mask(rows["exact"]), label=_label(name), markersize=3.5,
            **{"color": look.colour, "marker": look.marker, "linestyle": look.line} | EMPHASIS.get(name, {}),
        )  # fmt: skip
        if name == "model":
            low, high = rows["min"].mask(rows["exact"]), rows["max"].mask(rows["exact"])
            axes.fill_between(rows["position"].astype(int), low, high, color=colours.TRAINED, alpha=0.25, linewidth=0)
    axes.set_yscale("log")
    panels.log_axis(axes.yaxis, *axes.get_ylim())
    axes.grid(axis="y", color=colours.PALE)


def _exact_strip(strip: Axes, exact: pd.DataFrame, names: list[str]) -> None:
    """One row per predictor with errors near 0: a mark at every position where it is exact."""
    for row, name in enumerate(names):
        positions, look = exact.loc[exact["predictor"] == name, "position"], labels.look(name)
        strip.plot(positions, [row] * len(positions), look.marker or "o", color=look.colour, markersize=3.5)
    strip.set(yticks=range(len(names)), yticklabels=[_label(name) for name in names], ylim=(len(names) - 0.5, -0.5))
    strip.set_title(f"Exact, or nearly so: error below {EXACT:g}", loc="left")
    strip.grid(axis="y", color=colours.PALE)


def _label(name: str) -> str:
    return labels.mathtext(labels.look(name).label)
