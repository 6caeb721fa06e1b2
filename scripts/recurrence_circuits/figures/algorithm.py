"""Algorithm: how far the trained models are from each candidate predictor, in distribution and away from it."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from recurrence_circuits.figures import panels, style

CANDIDATES = {  # in the order of the legend; from a fill to a thin mark where several lie on each other
    "zero": ("zero", style.GREY, "o", 5),
    "context_mean": ("context mean", style.GREEN, "s", 5),
    "copy_last": ("copy $x_n$", style.VERMILION, "v", 5),
    "copy_previous": ("copy $x_{n-1}$", style.ORANGE, "^", 5),
    "linear_extrapolation": ("linear extrapolation", style.SKY, "D", 4),
    "best_linear": ("best linear by position", style.YELLOW, "p", 6),
    "bayes": ("Bayes", style.BLACK, "o", 8),
    "ridge": ("ridge", style.PURPLE, "o", 6),
    "least_squares": ("least squares", style.SKY, "o", 4.2),
    "three_term": ("three-term closed form", style.PALE, "o", 2.2),
}
CONDITIONS = {
    "in_distribution": "in distribution", "noise": "noise {:g}", "a": "|a| up to {:g}", "b": "b × {:g}",
    "x0": "$x_0$ × {:g}", "c": "c × {:g}", "late_start": "first {:g} terms left out",
}  # fmt: skip
LEAST = 1e-6  # relative distances and ratios below are drawn there


def draw(algorithm: pd.DataFrame, nearest: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """The measure `relative` of the table `algorithm`, and by position the distance to the nearest in distribution.

    Left: mean over seeds with their range. Right: distance to the `reference` of the table `nearest` over the model's
    own error in distribution at that position, each over the mean square of predictions there; median over seeds.
    In `drawn` they are the measures `relative`, `own_error` (both over the determined positions) and `departure`.
    """
    trained = algorithm[(algorithm["model"] == "trained") & (algorithm["condition"] != "prefix")]
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
    handles = [_handle(name) for name in CANDIDATES if name in set(drawn["predictor"])]
    handles.append(Line2D([], [], color=style.BLUE, marker="|", linestyle="", markersize=9, markeredgewidth=2,
                          label="the model's own error"))  # fmt: skip
    figure.legend(handles=handles, loc="outside lower center", ncols=4, columnspacing=1.2, handletextpad=0.3)
    return figure, drawn


def _overall(trained: pd.DataFrame) -> pd.DataFrame:
    """Relative distance to every candidate, and the model's own error over the same mean square."""
    relative = trained[trained["measure"] == "relative"]
    keys = ["experiment", "seed", "condition", "level"]
    whole = trained[trained["position"].isna()].set_index(keys)
    error = whole.loc[(whole["predictor"] == "model") & (whole["measure"] == "mse"), "value"]
    size = whole.loc[(whole["predictor"] == "zero") & (whole["measure"] == "distance"), "value"]
    own = (error / size).rename("value").reset_index().assign(predictor="model", measure="own_error")
    rows = pd.concat([relative, own])
    return rows[[*keys, "predictor", "position", "measure", "value", "low", "high"]]


def _departures(trained: pd.DataFrame, nearest: pd.DataFrame) -> pd.DataFrame:
    keys = ["experiment", "seed", "condition", "level"]
    rows = trained[trained["position"].notna()]
    index = [*keys, "position"]

    def share(chosen: pd.DataFrame) -> pd.Series:
        size = rows[(rows["predictor"] == "zero") & (rows["measure"] == "distance")].set_index(index)["value"]
        return chosen.set_index(index)["value"] / size.reindex(pd.MultiIndex.from_frame(chosen[index]))

    referred = rows.merge(nearest[[*keys, "reference"]], on=keys)
    distance = referred[(referred["measure"] == "distance") & (referred["predictor"] == referred["reference"])]
    distance = distance.drop_duplicates(index)
    home = rows[(rows["condition"] == "in_distribution") & (rows["predictor"] == "model") & (rows["measure"] == "mse")]
    usual = share(home).droplevel(["condition", "level"]).rename("usual")
    ratio = share(distance).rename("share").reset_index().join(usual, on=["experiment", "seed", "position"])
    ratio = ratio.assign(value=ratio["share"] / ratio["usual"], measure="departure", predictor="reference")
    return ratio.drop(columns=["share", "usual"]).dropna(subset=["value"])


def _handle(name: str) -> Line2D:
    label, colour, marker, size = CANDIDATES[name]
    return Line2D([], [], color=colour, marker=marker, linestyle="", markersize=size, label=label,
                  markeredgecolor=style.BLACK, markeredgewidth=0.3)  # fmt: skip


def _distance_panel(axes: Axes, drawn: pd.DataFrame, conditions: list[tuple]) -> None:
    rows = drawn[drawn["position"].isna()]
    rows = rows.assign(value=rows["value"].clip(lower=LEAST))
    spread = rows.groupby(["condition", "level", "predictor"])["value"].agg(["mean", "min", "max"])
    for y, (condition, level) in enumerate(conditions):
        axes.axhline(y, color=style.PALE, linewidth=0.8, zorder=0)
        for order, (name, (_, colour, marker, size)) in enumerate(CANDIDATES.items()):
            if (condition, level, name) not in spread.index:
                continue
            mean, low, high = spread.loc[(condition, level, name)]
            axes.plot([low, high], [y, y], color=colour, linewidth=1.2, zorder=1)
            look = {"markersize": size, "markeredgecolor": style.BLACK, "markeredgewidth": 0.3}
            axes.plot(mean, y, marker, color=colour, zorder=2 + order, **look)
        own = spread.loc[(condition, level, "model"), "mean"]
        axes.plot(own, y, "|", color=style.BLUE, markersize=11, markeredgewidth=2, zorder=20)
    axes.set_xscale("log")
    panels.log_axis(axes.xaxis, *axes.get_xlim())
    axes.set_xlabel("mean squared distance from the model's predictions\nas a share of their mean square")
    n_seeds = style.counted(int(drawn["seed"].nunique()), "seed")
    axes.set_title(f"Distance to each candidate (mean and range, {n_seeds})", loc="left")


def _departure_panel(axes: Axes, drawn: pd.DataFrame, conditions: list[tuple], nearest: pd.DataFrame) -> None:
    median = drawn.groupby(["condition", "level", "position"])["value"].median()
    positions = range(int(drawn["position"].max()) + 1)
    grid = np.array([[median.get((*condition, n), np.nan) for n in positions] for condition in conditions])
    image = axes.imshow(grid.clip(min=LEAST), norm=LogNorm(1, 1000), cmap=style.colormap(style.AMOUNT), aspect="auto")
    for y, (condition, level) in enumerate(conditions):
        ends = nearest.loc[(nearest["condition"] == condition) & (nearest["level"] == level), "departs"].dropna()
        axes.plot(
            ends.astype(float) - 0.5, [y] * len(ends), "|", color=style.VERMILION, markersize=11, markeredgewidth=1.6
        )
    axes.set(xlabel="position n", title="Distance to the nearest in distribution,\nover the usual error")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.tick_params(left=False)
    axes.spines[:].set_visible(False)
    bar = axes.figure.colorbar(image, ax=axes, extend="both", fraction=0.06, pad=0.03)
    bar.outline.set_visible(False)
