"""Comparison: which claims hold in which experiment.

The upper number in a cell is how many seeds support the claim, with all of its criteria together; the lower number is
how many of the same models pass before training. The seeds are the confirmation seeds where an experiment has them. A
cell is blank if the experiment does not judge the claim, such as refinement by later layers in a model of one layer. A
claim that holds in the paper's model alone may be about that architecture; one that holds in all rows is about the
task.
"""

from textwrap import fill

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from recurrence_circuits.claims.text import COUNT, SHORT_NAMES, of_record
from recurrence_circuits.figures import colours, style

WIDTH = 14  # letters of a claim's short name per line
COLOURS = {"supported": colours.SKY, "mixed": colours.YELLOW, "not supported": colours.VERMILION}


def draw(claims: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw the table `claims` of several experiments: one row per experiment, in the table's order.

    A cell shows the verdict by its colour, and the numbers of seeds in support and of untrained controls that pass.
    The cell of a claim that an experiment does not judge is blank.
    """
    decide = pd.concat([of_record(rows) for _, rows in claims.groupby("experiment", sort=False)])
    whole = decide[decide["criterion"] == COUNT].drop_duplicates(["experiment", "claim"])
    experiments, names = list(dict.fromkeys(whole["experiment"])), list(dict.fromkeys(claims["claim"].sort_values()))
    figure = style.new_figure(style.PAGE, 0.42 * len(experiments) + 1.1)
    axes = figure.subplots()
    for row in whole.itertuples():
        x, y = names.index(row.claim), experiments.index(row.experiment)
        axes.add_patch(
            Rectangle((x - 0.48, y - 0.46), 0.96, 0.92, facecolor=COLOURS[row.claim_verdict], alpha=0.55, linewidth=0)
        )
        axes.text(x, y - 0.1, f"{row.seeds_in_support} of {row.n_seeds}", ha="center", va="center", size=8)
        control = f"control {row.control_in_support} of {row.n_seeds}"
        axes.text(x, y + 0.26, control, ha="center", va="center", size=7, color=colours.BLACK)
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.set_ylim(len(experiments) - 0.5, -0.5)
    axes.set_xticks(range(len(names)), [f"claim {name}\n{fill(SHORT_NAMES.get(name, ''), WIDTH)}" for name in names])
    axes.set_yticks(range(len(experiments)), experiments)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title("Seeds in support of each claim, by experiment", pad=8)
    keys = [Patch(color=colour, label=verdict) for verdict, colour in COLOURS.items()]
    figure.legend(handles=keys, loc="outside lower center", ncols=len(keys))
    columns = ["experiment", "role", "claim", "claim_verdict", "seeds_in_support", "control_in_support", "n_seeds"]
    return figure, whole[columns]
