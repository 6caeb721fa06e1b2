"""Algorithm: which predictor the trained models are like.

Left: mean squared distance between a model's predictions and those of each candidate, over the mean square of the
predictions, both in units of each sequence's own scale, at the determined positions; the blue tick is the model's own
error in the same units. The rows are conditions: the training distribution, observation noise, one parameter at a time
outside its training range, and sequences shown from a later term on. Candidates know the noise; without noise all that
solve the recurrence agree, so their marks lie on each other. Right: the distance to the candidate that is nearest in
distribution, by position, as a multiple of the model's usual error there (both as shares of the mean square): dark
where the model is as like it as ever. A red tick is the position from which on a seed is no longer like it.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from recurrence_circuits.figures import colours, labels, panels, style

# Of markers. Candidates that solve the recurrence lie on each other: those drawn later are smaller.
SIZES = {"linear_extrapolation": 4, "best_linear": 6, "bayes": 9, "ridge": 8.5, "least_squares": 4.8, "three_term": 3.4}
SIZE = 5  # of the others
CONDITIONS = {
    "in_distribution": "in distribution", "noise": "noise {:g}", "a": "|a| up to {:g}", "b": "b × {:g}",
    "x0": "$x_0$ × {:g}", "c": "c × {:g}", "late_start": "first {:g} terms left out",
}  # fmt: skip
LEAST = 1e-6  # relative distances and ratios below are drawn there


def draw(algorithm: pd.DataFrame, nearest: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw `relative` of the table `algorithm`, and by position the distance to the nearest in distribution.

    Left: mean over seeds and their range. Right: distance to the `reference` of the table `nearest` over the model's
    own error in distribution at that position, each over the mean square of predictions there; median over seeds. In
    `drawn` these are the measures `relative`, `own_error` (both over the determined positions) and `departure`.
    """
    trained = algorithm[algorithm["model"] == "trained"]
    nearest = nearest[nearest["model"] == "trained"]
    drawn = pd.concat([_overall(trained), _departures(trained, nearest)])
    drawn["position"] = drawn["position"].astype("Int64")
    conditions = list(dict.fromkeys(zip(trained["condition"], trained["level"], strict=True)))

    figure = style.new_figure(style.PAGE, 1.3 + 0.27 * len(conditions))
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=[1.5, 1])
    _distance_panel(left, drawn, conditions)
    _departure_panel(right, drawn[drawn["measure"] == "departure"], conditions, nearest)
    left.set_yticks(range(len(conditions)), [CONDITIONS[name].format(level) for name, level in conditions])
    left.set_ylim(len(conditions) - 0.5, -0.5)
    handles = [_handle(name) for name in _candidates(drawn)]
    handles.append(Line2D([], [], color=colours.BLUE, marker="|", linestyle="", markersize=9, markeredgewidth=2,
                          label="trained model's own error"))  # fmt: skip
    figure.legend(handles=handles, loc="outside lower center", ncols=4, columnspacing=1.2, handletextpad=0.3)
    return figure, drawn


def _overall(trained: pd.DataFrame) -> pd.DataFrame:
    """Relative distance to every candidate, and the model's own error over the same mean square."""
    relative = trained[trained["measure"] == "relative"]
    keys = ["experiment", "seed", "condition", "level"]
    whole = trained[trained["position"].isna()].set_index(keys)
    error = whole.loc[(whole["predictor"] == "model") & (whole["measure"] == "relative_error"), "value"]
    size = whole.loc[(whole["predictor"] == "zero") & (whole["measure"] == "distance"), "value"]
    own = (error / size).rename("value").reset_index().assign(predictor="model", measure="own_error")
    rows = pd.concat([relative, own])
    return rows[[*keys, "predictor", "position", "measure", "value", "low", "high"]]


def _departures(trained: pd.DataFrame, nearest: pd.DataFrame) -> pd.DataFrame:
    """By position, the distance to the reference over the model's usual error; `predictor` is `reference`."""
    keys = ["experiment", "seed", "condition", "level"]
    rows = trained[trained["position"].notna()]
    index = [*keys, "position"]

    def share(chosen: pd.DataFrame) -> pd.Series:
        size = rows[(rows["predictor"] == "zero") & (rows["measure"] == "distance")].set_index(index)["value"]
        return chosen.set_index(index)["value"] / size.reindex(pd.MultiIndex.from_frame(chosen[index]))

    referred = rows.merge(nearest[[*keys, "reference"]], on=keys)
    distance = referred[(referred["measure"] == "distance") & (referred["predictor"] == referred["reference"])]
    distance = distance.drop_duplicates(index)
    own = rows[(rows["predictor"] == "model") & (rows["measure"] == "relative_error")]
    home = own[own["condition"] == "in_distribution"]
    usual = share(home).droplevel(["condition", "level"]).rename("usual")
    ratio = share(distance).rename("share").reset_index().join(usual, on=["experiment", "seed", "position"])
    ratio = ratio.assign(value=ratio["share"] / ratio["usual"], measure="departure", predictor="reference")
    return ratio.drop(columns=["share", "usual"]).dropna(subset=["value"])


def _candidates(drawn: pd.DataFrame) -> list[str]:
    return labels.in_order(drawn.loc[drawn["measure"] == "relative", "predictor"])


def _mark(name: str) -> dict:
    """The marker of a candidate, in matplotlib's words."""
    look = labels.look(name)
    return {"color": look.colour, "marker": look.marker, "markersize": SIZES.get(name, SIZE), "linestyle": "",
            "markeredgecolor": colours.BLACK, "markeredgewidth": 0.3}  # fmt: skip


def _handle(name: str) -> Line2D:
    return Line2D([], [], label=labels.mathtext(labels.look(name).label), **_mark(name))


def _distance_panel(axes: Axes, drawn: pd.DataFrame, conditions: list[tuple]) -> None:
    rows = drawn[drawn["position"].isna()]
    rows = rows.assign(value=rows["value"].clip(lower=LEAST))
    spread = rows.groupby(["condition", "level", "predictor"])["value"].agg(["mean", "min", "max"])
    candidates = _candidates(drawn)
    for y, (condition, level) in enumerate(conditions):
        axes.axhline(y, color=colours.PALE, linewidth=0.8, zorder=0)
        for order, name in enumerate(candidates):
            if (condition, level, name) not in spread.index:
                continue
            mean, low, high = spread.loc[(condition, level, name)]
            axes.plot([low, high], [y, y], color=labels.look(name).colour, linewidth=1.2, zorder=1)
            axes.plot(mean, y, zorder=2 + order, **_mark(name))
        own = spread.loc[(condition, level, "model"), "mean"]
        axes.plot(own, y, "|", color=colours.BLUE, markersize=11, markeredgewidth=2, zorder=20)
    axes.set_xscale("log")
    panels.log_axis(axes.xaxis, *axes.get_xlim())
    axes.set_xlabel("mean squared distance from the model's predictions\nas a share of their mean square")
    n_seeds = labels.counted(int(drawn["seed"].nunique()), "seed")
    axes.set_title(f"Distance to each candidate (mean and range, {n_seeds})", loc="left")


def _departure_panel(axes: Axes, drawn: pd.DataFrame, conditions: list[tuple], nearest: pd.DataFrame) -> None:
    median = drawn.groupby(["condition", "level", "position"])["value"].median()
    positions = range(int(drawn["position"].max()) + 1)
    grid = np.array([[median.get((*condition, n), np.nan) for n in positions] for condition in conditions])
    image = axes.imshow(grid.clip(min=LEAST), norm=LogNorm(1, 1000), cmap=style.colormap(style.AMOUNT), aspect="auto")
    for y, (condition, level) in enumerate(conditions):
        ends = nearest.loc[(nearest["condition"] == condition) & (nearest["level"] == level), "departs"].dropna()
        axes.plot(
            ends.astype(float) - 0.5, [y] * len(ends), "|", color=colours.VERMILION, markersize=11, markeredgewidth=1.6
        )
    axes.set(xlabel="position n", title="Distance to the nearest in distribution,\nover the usual error")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.tick_params(left=False)
    axes.spines[:].set_visible(False)
    bar = axes.figure.colorbar(image, ax=axes, extend="both", fraction=0.06, pad=0.03)
    bar.outline.set_visible(False)
