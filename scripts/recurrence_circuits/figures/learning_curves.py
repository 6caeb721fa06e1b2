"""Learning curves: error on the validation sequences and training loss against the step.

Left: error on the validation sequences beyond that of the Bayes-optimal predictor, mean over the determined positions
(those at which the terms seen fix the next one). Right: loss on the training batches, mean over all positions; the
first positions cannot be predicted exactly, so it levels off above 0. One line per seed. A model that learns the
recurrence brings the left curve down by orders of magnitude, and all seeds end close together.
"""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from recurrence_circuits.figures import colours, panels, style

TITLES = {
    "excess": "Validation excess error, determined positions",
    "mse": "Validation error, determined positions (floor unknown)",
    "loss": "Training loss, all positions",
}


def draw(learning_curves: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw `excess` and `loss` of the table `learning_curves` on log axes; a value of 0 or below leaves a gap.

    Where the Bayes floor is not known there is no excess, and `mse` takes its place.
    """
    shown = ["mse" if learning_curves["excess"].isna().any() else "excess", "loss"]
    seeds = sorted(learning_curves["seed"].unique())
    seed_colours = panels.seed_colours(seeds)
    figure = style.new_figure(style.PAGE, 2.7)
    for axes, column in zip(figure.subplots(1, 2), shown, strict=True):
        for seed, rows in learning_curves.groupby("seed"):
            axes.plot(
                rows["step"], rows[column].where(rows[column] > 0), color=seed_colours[seed], label=f"seed {seed}"
            )
        axes.set(yscale="log", title=TITLES[column], xlabel="training step", ylabel="mean squared error (x²)")
        panels.log_axis(axes.yaxis, *axes.get_ylim())
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.grid(axis="y", color=colours.PALE)
    if len(seeds) <= 10:
        figure.axes[0].legend(ncols=1 if len(seeds) <= 5 else 2)
    else:
        figure.suptitle(f"{len(seeds)} seeds, one line each")
    return figure, learning_curves[["experiment", "seed", "step", *shown]]
