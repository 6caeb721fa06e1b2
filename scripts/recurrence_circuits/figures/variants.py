"""Variants: which claims hold in which experiment, one cell a claim and experiment."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from recurrence_circuits.figures import style

SHORT = {
    "1": "learned in\ncontext",
    "2a": "layer 0 copies\n(readout)",
    "2b": "layer 0 copies\n(probe)",
    "3a": "negative heads\n(output)",
    "3b": "negative heads\n(attention)",
    "4": "later layers\nrefine",
    "5": "all in the\nsame seeds",
}
COLOURS = {"supported": style.SKY, "mixed": style.YELLOW, "not supported": style.VERMILION}


def draw(claims: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """The table `claims` of several experiments, one below the other; rows keep the order of the experiments.

    A cell shows the verdict by colour and, in numbers, the seeds in support and the untrained controls that pass.
    A claim that an experiment does not judge is left blank.
    """
    whole = claims[claims["criterion"] == "all"].drop_duplicates(["experiment", "claim"])
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
        axes.text(x, y + 0.26, control, ha="center", va="center", size=7, color=style.BLACK)
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.set_ylim(len(experiments) - 0.5, -0.5)
    axes.set_xticks(range(len(names)), [f"claim {name}\n{SHORT.get(name, '')}" for name in names])
    axes.set_yticks(range(len(experiments)), experiments)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title("Seeds in support of each claim, by experiment", pad=8)
    keys = [Patch(color=colour, label=verdict) for verdict, colour in COLOURS.items()]
    figure.legend(handles=keys, loc="outside lower center", ncols=len(keys))
    columns = ["experiment", "claim", "claim_verdict", "seeds_in_support", "control_in_support", "n_seeds"]
    return figure, whole[columns]
