"""Learning curves: error on held-out sequences and training loss against the step, one line a seed."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from recurrence_circuits.figures import panels, style

TITLES = {
    "excess": "Held-out excess error, determined positions",
    "mse": "Held-out error, determined positions (floor unknown)",
    "loss": "Training loss, all positions",
}


def draw(history: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """The columns `excess` and `loss` of the table `history` on log axes; a value of 0 or below leaves a gap.

    Where the Bayes floor is not known there is no excess, and `mse` takes its place.
    """
    shown = ["mse" if history["excess"].isna().any() else "excess", "loss"]
    seeds = sorted(history["seed"].unique())
    colours = panels.seed_colours(seeds)
    figure = style.new_figure(style.PAGE, 2.7)
    for axes, column in zip(figure.subplots(1, 2), shown, strict=True):
        for seed, rows in history.groupby("seed"):
            axes.plot(rows["step"], rows[column].where(rows[column] > 0), color=colours[seed], label=f"seed {seed}")
        axes.set(yscale="log", title=TITLES[column], xlabel="training step", ylabel="mean squared error (x²)")
        panels.log_axis(axes.yaxis, *axes.get_ylim())
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.grid(axis="y", color=style.PALE)
    if len(seeds) <= 10:
        figure.axes[0].legend(ncols=1 if len(seeds) <= 5 else 2)
    else:
        figure.suptitle(f"{len(seeds)} seeds, a line each")
    return figure, history[["experiment", "seed", "step", *shown]]
