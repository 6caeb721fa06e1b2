"""Groups of heads: the error without each group, and with that group alone.

Change of the mean squared error at the determined positions, on test sequences. Left in each panel, the group is
ablated and all other heads stay (is it necessary?); right, the group is kept and every other head of the model is
ablated (is it sufficient? MLPs stay). Negative heads are those of the last layer whose direct contribution is opposed
to the prediction; copying heads are those of layer 0 whose direct contribution correlates with the last term, which
does not tell which of the recent terms they copy. Both are chosen for each seed by thresholds of the config's
``analysis`` section; a group without heads costs nothing when it is ablated. The control of each group is as many
other heads drawn at random: of the same layer if it has enough of them outside the group, otherwise of all other
layers. The dashed line is what the trained model loses without any head; a group that is sufficient stays far below
it. Hollow markers are the same models before training, with the same head numbers. The axis is logarithmic on either
side of 0.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from recurrence_circuits.figures import colours, labels, panels, style

KINDS = {
    "zero": "Replaced by zero",
    "mean": "By the mean at that position",
    "resample": "By another sequence's",
}
GROUPS = {"negative": "Negative heads of the last layer", "copying": "Copying heads of layer 0"}
# The places of the x axis: the intervention, and whether the heads are the group (True) or its control.
PLACES = {
    ("ablated", True): "group\nablated",
    ("ablated", False): "control\nablated",
    ("kept", True): "group\nalone",
    ("kept", False): "control\nalone",
}
LOOKS = {  # model: offset on the x axis, look of the markers
    "trained": (-0.17, {"color": colours.TRAINED, "markersize": 3.5}),
    "untrained": (0.17, {"color": colours.UNTRAINED, "markersize": 3.5, "markerfacecolor": "white"}),
}
SPREAD = 0.2  # of the seeds' markers around their place
DECADES = 3  # shown on a log scale, down from the greatest change


def draw(groups: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw `mse_change` of the table `groups`, mean over the determined positions: one marker per seed.

    The dashed line is the median over seeds of the trained models without any head.
    """
    rows = panels.overall(groups, "mse_change")
    drawn = rows.drop(columns=["position", "measure"])
    greatest = np.abs(drawn[["value", "low", "high"]].to_numpy(dtype=float)).max() or 1.0
    figure = style.new_figure(style.PAGE, 4.8)
    parts = figure.subfigures(len(GROUPS), 1)
    for part, (group, title) in zip(parts, GROUPS.items(), strict=True):
        of_group = drawn[drawn["group"] == group]
        part.suptitle(f"{title}: {_sizes(of_group)}")
        for axes, kind in zip(part.subplots(1, len(KINDS), sharey=True), KINDS, strict=True):
            _panel(axes, of_group[of_group["kind"] == kind])
            without = drawn[(drawn["group"] == "all") & (drawn["kind"] == kind) & (drawn["intervention"] == "ablated")]
            level = without.loc[without["model"] == "trained", "value"].median()
            axes.axhline(level, color=colours.BLACK, linestyle="--", linewidth=0.8, label="no head at all (trained)")
            axes.set_yscale("symlog", linthresh=greatest / 10**DECADES, linscale=1)
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.set_title(KINDS[kind])
            axes.grid(axis="y", color=colours.PALE)
        part.axes[0].set_ylabel("change of error (x²)")
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure, drawn


def _sizes(rows: pd.DataFrame) -> str:
    """How many heads the group has in each seed: one number where the seeds agree."""
    sizes = rows[rows["members"] == "chosen"].drop_duplicates("seed").sort_values("seed")["size"]
    n_seeds = labels.counted(len(sizes), "seed")
    if sizes.nunique() == 1:
        return f"{labels.counted(int(sizes.iloc[0]), 'head')} in each of {n_seeds}"
    return f"{', '.join(map(str, sizes))} heads in the seeds in order"


def _panel(axes: Axes, rows: pd.DataFrame) -> None:
    seeds = sorted(rows["seed"].unique())
    spread = dict(zip(seeds, np.linspace(-SPREAD / 2, SPREAD / 2, len(seeds)) if len(seeds) > 1 else [0], strict=True))
    for x, (intervention, chosen) in enumerate(PLACES):
        here = rows[(rows["intervention"] == intervention) & ((rows["members"] == "chosen") == chosen)]
        for model, (offset, look) in LOOKS.items():
            of_model = here[here["model"] == model]
            at = x + offset + of_model["seed"].map(spread)
            value = of_model["value"]
            # A percentile interval may miss its own value, which errorbar would refuse.
            reach = [(value - of_model["low"]).clip(lower=0), (of_model["high"] - value).clip(lower=0)]
            label = f"{model}, one marker per seed" if x == 0 else None
            axes.errorbar(at, value, yerr=reach, fmt="o", elinewidth=0.8, label=label, **look)
    axes.axhline(0, color=colours.GREY, linewidth=0.8)
    axes.axvline(1.5, color=colours.PALE)
    axes.set_xticks(range(len(PLACES)), PLACES.values())
    axes.set_xlim(-0.5, len(PLACES) - 0.5)
