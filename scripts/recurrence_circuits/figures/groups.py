"""Groups of heads: the error without each group, and with that group alone.

Change of the relative error (squared error in units of the mean square of the terms seen) at the determined positions,
on test sequences: as it is (discs), and after a pointwise map per position, fitted on other sequences, may correct the
prediction (diamonds). What the map takes away is gain, what is left is information. Left in each panel, the group is
ablated and all other heads stay (is it necessary?); right, the group is kept and every other head of the model is
ablated (is it sufficient? MLPs stay). Negative heads are those of the last layer whose direct contribution is opposed
to the prediction; copying heads are those of layer 0 whose direct contribution correlates with the last term, which
does not tell which of the recent terms they copy. Both are chosen for each seed by thresholds of the config's
``analysis`` section; a group without heads costs nothing when it is ablated. The control of each group is as many
other heads drawn at random: of the same layer if it has enough of them outside the group, otherwise of all other
layers. The lines are what the trained model loses without any head, dashed as it is and dotted after recalibration; a
group that is sufficient stays far below them. Hollow marks are the same models before training, with the same head
numbers. The axis is logarithmic on either side of 0.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

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
MARKS = {  # (model, measure): offset on the x axis, marker, colour, fill
    ("trained", "change"): (-0.3, "o", colours.TRAINED, colours.TRAINED),
    ("trained", "recalibrated_change"): (-0.1, "D", colours.ORANGE, colours.ORANGE),
    ("untrained", "change"): (0.1, "o", colours.UNTRAINED, "white"),
    ("untrained", "recalibrated_change"): (0.3, "D", colours.UNTRAINED, "white"),
}
LINES = {"change": (colours.TRAINED, "--"), "recalibrated_change": (colours.ORANGE, ":")}  # without any head
SPREAD = 0.13  # of the seeds' markers around their place
DECADES = 5  # shown on a log scale, down from the greatest change


def draw(groups: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw both costs in the table `groups`, mean over the determined positions: one marker per seed.

    The lines are the medians over seeds of the trained models without any head.
    """
    drawn = groups[groups["measure"].isin(panels.COSTS) & groups["position"].isna()].drop(columns="position")
    scale = panels.signed_log(drawn[["value", "low", "high"]].stack(), DECADES)
    figure = style.new_figure(style.PAGE, 5.2)
    parts = figure.subfigures(len(GROUPS), 1)
    for part, (group, title) in zip(parts, GROUPS.items(), strict=True):
        of_group = drawn[drawn["group"] == group]
        part.suptitle(f"{title}: {_sizes(of_group)}")
        for axes, kind in zip(part.subplots(1, len(KINDS), sharey=True), KINDS, strict=True):
            axes.set_yscale(**scale)
            _panel(axes, of_group[of_group["kind"] == kind])
            _without_heads(axes, drawn[(drawn["group"] == "all") & (drawn["kind"] == kind)])
            axes.set_title(KINDS[kind])
            axes.grid(axis="y", color=colours.PALE)
        panels.signed_log_ticks(part.axes[0].yaxis)
        part.axes[0].set_ylabel("change of the relative error")
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure, drawn


def _without_heads(axes: Axes, rows: pd.DataFrame) -> None:
    of_trained = rows[(rows["model"] == "trained") & (rows["intervention"] == "ablated")]
    for measure, (colour, line) in LINES.items():
        level = of_trained.loc[of_trained["measure"] == measure, "value"].median()
        label = f"no head at all, {panels.COSTS[measure][0]}"
        axes.axhline(level, color=colour, linestyle=line, linewidth=0.9, label=label)


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
        for (model, measure), (offset, marker, colour, fill) in MARKS.items():
            own = here[(here["model"] == model) & (here["measure"] == measure)]
            value = own["value"]
            # A percentile interval may miss its own value, which errorbar would refuse.
            reach = [(value - own["low"]).clip(lower=0), (own["high"] - value).clip(lower=0)]
            axes.errorbar(
                x + offset + own["seed"].map(spread), value, yerr=reach, fmt=marker, color=colour, elinewidth=0.7,
                markersize=3, markerfacecolor=fill, label=f"{model}, {panels.COSTS[measure][0]}" if x == 0 else None,
            )  # fmt: skip
    axes.axhline(0, color=colours.GREY, linewidth=0.8)
    axes.axvline(1.5, color=colours.PALE)
    axes.set_xticks(range(len(PLACES)), PLACES.values())
    axes.set_xlim(-0.5, len(PLACES) - 0.5)
