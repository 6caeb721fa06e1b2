"""Quality: how large the error is on most sequences and on the worst, and which sequences these are.

On fresh sequences that no other stage sees. Above: quantiles over sequences of a sequence's error, of which the 99.9 %
quantile is exceeded by one in a thousand, and its mean; the band is the range over the trained models. Early positions
are the first five at which the terms seen fix the next one; relative error is in units of the sequence's own scale. A
mean far above the 90 % quantile is that of a few sequences. Below: the share of sequences with an error above the
predictor's own 99 % quantile, by the largest term seen and by the size of the parameters; on average it is 1 %. Bins
hold ever fewer sequences to the right, the last one in a thousand: there training has shown the model next to nothing.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from recurrence_circuits.figures import colours, labels, panels, style

HIDDEN = {"zero", "context_mean", "bayes"}  # never the strongest, and the floor, which is 0 on a log axis
PANELS = {  # positions and measure
    ("determined", "squared_error"): "Squared error (x²),\ndetermined positions",
    ("early", "squared_error"): "Squared error (x²),\nearly positions",
    ("early", "relative_error"): "Relative error,\nearly positions",
}
FAILING = {  # predictor and measure of the lower panels: label and line
    ("model", "squared_error"): ("trained model, squared error", {"color": colours.TRAINED, "marker": "o"}),
    ("model", "relative_error"): (
        "trained model, relative error",
        {"color": colours.TRAINED, "marker": "o", "markerfacecolor": "white", "linestyle": "--"},
    ),
    ("best_linear", "squared_error"): (
        "best linear by position, squared error",
        {"color": colours.ORANGE, "marker": "p", "linestyle": ":"},
    ),
    ("copy_previous", "squared_error"): (
        "copy $x_{n-1}$, squared error",
        {"color": colours.GREY, "marker": "^", "linestyle": ":"},
    ),
}
MEAN = "mean"
PARAMETERS = {"x0": "$x_0$"}


def draw(quality: pd.DataFrame, failures: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw the tables `quality` (quantiles and means) and `failures`: mean over seeds, and their range for the model.

    In `drawn`, rows with `by` are those of the lower panels.
    """
    upper = quality[quality["statistic"].isin(["quantile", MEAN]) & ~quality["predictor"].isin(HIDDEN)]
    kinds = pd.MultiIndex.from_frame(failures[["predictor", "measure"]])
    lower = failures[kinds.isin(list(FAILING))]
    keys = ["experiment", "predictor", "measure"]
    drawn = pd.concat(
        [
            _over_seeds(upper, [*keys, "positions", "statistic", "level"]),
            _over_seeds(lower, [*keys, "by", "bin"], lower=("lower", "mean"), upper=("upper", "mean")),
        ]
    )
    bys = list(dict.fromkeys(lower["by"]))
    figure = style.new_figure(style.PAGE, 5.4)
    above, below = figure.subfigures(2, 1, height_ratios=[1.15, 1])
    axes = above.subplots(1, len(PANELS))
    for panel, (kind, title) in zip(axes, PANELS.items(), strict=True):
        own = drawn[(drawn["positions"] == kind[0]) & (drawn["measure"] == kind[1])]
        _quantiles(panel, own)
        panel.set_title(title, loc="left")
    above.legend(handles=_keys(upper), loc="outside lower center", ncols=6, columnspacing=1.2, handletextpad=0.4)
    axes = below.subplots(1, len(bys), sharey=True, squeeze=False)[0]
    for panel, by in zip(axes, bys, strict=True):
        _failing(panel, drawn[drawn["by"] == by])
        panel.set_title("largest |x| seen" if by == "largest_term" else f"|{PARAMETERS.get(by, by)}|", loc="left")
    axes[0].set_ylabel("share of failures")
    handles = [
        Line2D([], [], label=label, markersize=4, **look)
        for kind, (label, look) in FAILING.items()
        if kind in set(kinds)
    ]
    below.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure, drawn


def _over_seeds(rows: pd.DataFrame, keys: list[str], **more) -> pd.DataFrame:
    """Mean, least and greatest value over seeds; bins are numbered from the least on."""
    if "bin" in keys:
        rows = rows.assign(bin=rows.groupby(["seed", "predictor", "measure", "by"])["lower"].rank().astype("Int64") - 1)
    aggregates = {"n_seeds": ("value", "count"), "mean": ("value", "mean"), "min": ("value", "min")}
    aggregates |= {"max": ("value", "max"), **more}
    return rows.groupby(keys, sort=False, dropna=False).agg(**aggregates).reset_index()


def _quantiles(axes: Axes, rows: pd.DataFrame) -> None:
    levels = sorted(rows.loc[rows["statistic"] == "quantile", "level"].unique())
    for name in labels.in_order(rows["predictor"]):
        own, look = rows[rows["predictor"] == name], labels.look(name)
        line = own[own["statistic"] == "quantile"].sort_values("level")
        style_of = {"color": look.colour, "marker": look.marker or "o", "markersize": 3.5}
        axes.plot(range(len(levels)), line["mean"], linestyle=look.line, **style_of)
        axes.plot(len(levels), own.loc[own["statistic"] == MEAN, "mean"], linestyle="", **style_of)
        if name == "model":
            axes.fill_between(range(len(levels)), line["min"], line["max"], color=look.colour, alpha=0.25, linewidth=0)
    axes.axvline(len(levels) - 0.5, color=colours.GREY, linewidth=0.5, linestyle=":")
    axes.set_yscale("log")
    panels.log_axis(axes.yaxis, *axes.get_ylim())
    names = ["median" if level == 0.5 else f"{100 * level:g} %" for level in levels]
    axes.set_xticks(range(len(levels) + 1), [*names, MEAN])
    axes.grid(axis="y", color=colours.PALE)


def _keys(rows: pd.DataFrame) -> list[Line2D]:
    looks = {name: labels.look(name) for name in labels.in_order(rows["predictor"])}
    return [
        Line2D([], [], color=look.colour, marker=look.marker or "o", linestyle=look.line, markersize=3.5,
               label=labels.mathtext(look.label))
        for look in looks.values()
    ]  # fmt: skip


def _failing(axes: Axes, rows: pd.DataFrame) -> None:
    for (predictor, measure), (_, look) in FAILING.items():
        own = rows[(rows["predictor"] == predictor) & (rows["measure"] == measure)].sort_values("bin")
        axes.plot(own["bin"].astype(int) + 0.5, own["mean"], markersize=3.5, **look)
        if predictor == "model":
            centre = own["bin"].astype(int) + 0.5
            axes.fill_between(centre, own["min"], own["max"], color=look["color"], alpha=0.2, linewidth=0)
    bins = rows.drop_duplicates("bin").sort_values("bin")
    edges = [*bins["lower"], bins["upper"].iloc[-1]]
    # The least of many widths is as good as 0.
    names = [f"{edge:.3g}" if edge > 1e-3 * edges[-1] else "0" for edge in edges]
    axes.set_xticks(range(len(edges)), names, rotation=90)
    axes.axhline(0.01, color=colours.BLACK, linewidth=0.6, linestyle=":")
    axes.set_ylim(-0.02, 1.02)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.grid(axis="y", color=colours.PALE)
