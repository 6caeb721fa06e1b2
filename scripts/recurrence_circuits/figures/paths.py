"""Paths: how what layer 0 writes reaches the prediction, one path at a time.

The output of a component of layer 0 is replaced by its output on another sequence, on one path alone, and the change of
the prediction is measured, in units of the root mean square of the terms that both sequences show (colour, on a log
scale; determined positions). The maps on the right have one row per sender and one column per head of the last layer,
with all its heads together at the end. The sender's change goes straight into that head's queries, keys or values, no
component between is computed anew, and what the head then writes goes on to the prediction. The map on the left has the
path straight into the final readout, and all paths at once. The sign tells which way the prediction moves if the other
sequence has a higher last term: a path of minuses takes away what the straight path adds. Head numbers have no meaning
across seeds.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from recurrence_circuits.figures import colours, panels, style

MAPS = {
    "other": "prediction",
    "query": "into queries",
    "key": "into keys",
    "value": "into values",
}
OTHER = {"total": "all paths", "residual": "straight"}
DECADES = 3  # shown as colour, down from the greatest change


def draw(paths: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw the table `paths`: one row of maps per seed, and one for the first seed's untrained model as a control.

    The rows of a map are components of layer 0, its columns are heads of the last layer. Colour: `change`, the root of
    `prediction_change`. Sign: that of `slope_on_last`, if its interval excludes 0 and the path has colour.
    """
    seeds = panels.shown_seeds(paths)
    control = (paths["model"] == "untrained") & (paths["seed"] == seeds[0])
    drawn = _changes(paths[((paths["model"] == "trained") & paths["seed"].isin(seeds)) | control])
    groups, named = list(drawn.groupby(["model", "seed"])), _named(drawn)
    maps = [name for name in MAPS if name in set(named["map"])]
    columns = [named.loc[named["map"] == name, "column"].nunique() for name in maps]
    greatest = drawn["change"].max() or 1.0  # all changes are 0: any scale will do
    norm = LogNorm(greatest / 10**DECADES, greatest)

    figure = style.new_figure(style.PAGE, len(groups) * (0.17 * named["row"].nunique() + 0.2) + 1.1)
    axes = figure.subplots(len(groups), len(maps), squeeze=False, width_ratios=columns)
    for i, ((model, seed), rows) in enumerate(groups):
        for j, name in enumerate(maps):
            own = named.loc[rows.index]
            _map(axes[i, j], own[own["map"] == name], norm)
            axes[i, j].tick_params(length=0, labelbottom=i == len(groups) - 1, labelleft=j == 0)
            if i == 0:
                axes[i, j].set_title(MAPS[name])
        axes[i, 0].set_ylabel(f"seed {seed}" if model == "trained" else f"seed {seed},\nuntrained")
    scale = ScalarMappable(norm, style.colormap(style.AMOUNT))
    label = "root mean square change of the prediction, in units of the terms' size"
    bar = figure.colorbar(
        scale, ax=axes, location="bottom", fraction=0.03, pad=0.02, aspect=50, extend="min", label=label
    )
    panels.log_axis(bar.ax.xaxis, norm.vmin, norm.vmax)
    bar.outline.set_visible(False)
    figure.suptitle(
        "What reaches the prediction from layer 0, straight and through the heads of the last layer"
        + panels.seed_note(paths)
    )
    return figure, drawn


def _changes(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per path: the change of the prediction, and its slope with interval."""
    keys = [column for column in rows.columns if column not in ("measure", "value", "low", "high")]
    change, slope = (rows[rows["measure"] == name] for name in ("prediction_change", "slope_on_last"))
    change = change[keys].assign(change=np.sqrt(change["value"]))
    slope = slope.rename(columns={"value": "slope"}).drop(columns="measure")
    return change.merge(slope, on=keys, validate="one_to_one")


def _named(drawn: pd.DataFrame) -> pd.DataFrame:
    """The paths with the names of their map, row and column."""
    head, receiver = (drawn[column].astype("str").radd("head ") for column in ("head", "receiver_head"))
    component = drawn["receiver_component"]
    column = receiver.where(component == "head", "all").where(component.notna())
    return drawn.assign(
        map=drawn["input"].where(~drawn["input"].isin(list(OTHER)), "other"),
        row=head.where(drawn["component"] == "head", "MLP"),
        column=column.fillna(drawn["input"].map(OTHER)),
    )


def _map(axes: Axes, rows: pd.DataFrame, norm: LogNorm) -> None:
    """Senders down, receivers across, in the order of the table; a path that carries nothing is pale."""
    senders, receivers = (list(rows[column].unique()) for column in ("row", "column"))
    change = rows.pivot(index="row", columns="column", values="change").loc[senders, receivers].to_numpy(dtype=float)
    axes.imshow(
        np.where(change > 0, change, np.nan), norm=norm, cmap=style.colormap(style.AMOUNT), interpolation="nearest",
        aspect="auto",
    )  # fmt: skip
    known = (rows["low"] > 0) | (rows["high"] < 0)
    for path in rows[known & (rows["change"] >= norm.vmin)].itertuples():
        light = norm(path.change) < 0.6
        axes.text(
            receivers.index(path.column), senders.index(path.row), "+" if path.slope > 0 else "−",
            color="white" if light else colours.BLACK, ha="center", va="center", size=7,
        )  # fmt: skip
    axes.set_xticks(range(len(receivers)), receivers, rotation=90)
    axes.set_yticks(range(len(senders)), senders)
    axes.spines[:].set_visible(False)
