"""Error by position: the model against every baseline and the Bayes floor."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from recurrence_circuits.figures import panels, style

# Errors below this are 0 but for rounding or a touch of regularisation. They get rows of dots of their own:
# a log axis has no 0, and would spend its height on decades between one rounding error and another.
EXACT = 1e-6

NAMES = {
    "model": "model",
    "bayes": "Bayes floor",
    "copy_last": "copy $x_n$",
    "copy_previous": "copy $x_{n-1}$",
    "three_term": "three-term closed form",
}
LOOKS = {
    "model": {"color": style.TRAINED, "linewidth": 2.4, "zorder": 5},
    "untrained": {"color": style.UNTRAINED, "linestyle": ":", "linewidth": 1.4},
    "bayes": {"color": style.BLACK, "linestyle": "--", "linewidth": 1.4, "zorder": 6},
    "zero": {"color": style.GREY, "marker": "o"},
    "context_mean": {"color": style.GREEN, "marker": "s"},
    "copy_last": {"color": style.VERMILION, "marker": "v"},
    "copy_previous": {"color": style.ORANGE, "marker": "^"},
    "linear_extrapolation": {"color": style.SKY, "marker": "D"},
    "three_term": {"color": style.PURPLE, "marker": "X"},
    "least_squares": {"color": style.GREEN, "marker": "P", "linestyle": "--"},
    "ridge": {"color": style.PURPLE, "marker": "*", "linestyle": "--"},
}
OTHER = {"color": style.BLACK, "marker": "."}


def draw(predictions: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """The measure `mse` of the table `predictions`: mean over seeds, for the model also least and greatest."""
    rows = predictions[(predictions["measure"] == "mse") & predictions["position"].notna()]
    drawn = (
        rows.groupby(["experiment", "predictor", "position"])["value"]
        .agg(n_seeds="count", mean="mean", min="min", max="max")
        .reset_index()
    )
    drawn["exact"] = drawn["mean"] < EXACT
    names = _worst_first(drawn)
    exact = [name for name in names if drawn.loc[drawn["predictor"] == name, "exact"].any()]
    figure = style.new_figure(style.PAGE, 3.4 + 0.16 * len(exact))
    if exact:
        axes, strip = figure.subplots(2, 1, sharex=True, height_ratios=[2.9, 0.16 * len(exact) + 0.1])
        _exact_strip(strip, drawn[drawn["exact"]], exact)
    else:
        axes = strip = figure.subplots()
    _error_lines(axes, drawn, names)
    strip.set_xlabel("position n (the model has seen $x_0$ … $x_n$ and predicts $x_{n+1}$)")
    strip.xaxis.set_major_locator(MaxNLocator(16, integer=True))
    return figure, drawn


def _worst_first(drawn: pd.DataFrame) -> list[str]:
    """The predictors in the order of their lines at the last position, which makes the legend easy to follow."""
    last = drawn[drawn["position"] == drawn["position"].max()].set_index("predictor")["mean"]
    return sorted(drawn["predictor"].unique(), key=lambda name: (-last.get(name, 0.0), name))


def _error_lines(axes: Axes, drawn: pd.DataFrame, names: list[str]) -> None:
    for name in names:
        rows = drawn[drawn["predictor"] == name]
        axes.plot(rows["position"], rows["mean"].mask(rows["exact"]), label=_label(name), markersize=3.5, **_look(name))
        if name == "model":
            low, high = rows["min"].mask(rows["exact"]), rows["max"].mask(rows["exact"])
            axes.fill_between(rows["position"].astype(int), low, high, color=style.TRAINED, alpha=0.25, linewidth=0)
    n_seeds = int(drawn.loc[drawn["predictor"] == "model", "n_seeds"].max())
    axes.set(yscale="log", ylabel="mean squared error (x²)")
    panels.log_axis(axes.yaxis, *axes.get_ylim())
    axes.set_title(f"Error by position; the band is the range over {style.counted(n_seeds, 'seed')}", loc="left")
    axes.grid(axis="y", color=style.PALE)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


def _exact_strip(strip: Axes, exact: pd.DataFrame, names: list[str]) -> None:
    """A row of dots for each predictor with errors of 0: one at every position where it is exact."""
    for row, name in enumerate(names):
        positions = exact.loc[exact["predictor"] == name, "position"]
        look = {"marker": "o", **_look(name), "linestyle": ""}
        strip.plot(positions, [row] * len(positions), markersize=3.5, **look)
    strip.set(yticks=range(len(names)), yticklabels=[_label(name) for name in names], ylim=(len(names) - 0.5, -0.5))
    strip.set_title(f"Exact, or nearly so: error below {EXACT:g}", loc="left")
    strip.grid(axis="y", color=style.PALE)


def _label(name: str) -> str:
    return NAMES.get(name, style.words(name))


def _look(name: str) -> dict:
    return LOOKS.get(name, OTHER)
