"""The look of every figure, and the one way to save a figure."""

import matplotlib
import pandas as pd
import seaborn
from matplotlib.figure import Figure

from recurrence_circuits.figures import colours
from recurrence_circuits.io.files import whole_file
from recurrence_circuits.io.tables import write_csv

PAGE, COLUMN = 7.0, 3.4  # widths in inches: the full page, one of two columns
DPI = 220
SHOWN_SEEDS = 8  # the most seeds in a figure with one panel per seed; more would be too small to read

SIGNED = "RdBu_r"  # colour map of signed values, centred at 0
AMOUNT = "viridis"  # colour map of values from 0 up

seaborn.set_theme(
    style="ticks",
    font="DejaVu Sans",  # comes with matplotlib, so every machine draws the same
    palette=colours.CYCLE,
    rc={
        "font.size": 8,
        "axes.titlesize": 8,
        "axes.labelsize": 8,
        "xtick.labelsize": 7,
        "ytick.labelsize": 7,
        "legend.fontsize": 7,
        "figure.titlesize": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": colours.BLACK,
        "axes.linewidth": 0.6,
        "xtick.major.width": 0.6,
        "xtick.minor.width": 0.4,
        "xtick.major.size": 3.5,
        "xtick.minor.size": 2,
        "ytick.major.width": 0.6,
        "ytick.minor.width": 0.4,
        "ytick.major.size": 3.5,
        "ytick.minor.size": 2,
        "lines.linewidth": 1.0,
        "legend.frameon": False,
        "pdf.fonttype": 42,  # text stays text
    },
)


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, width and height in inches; its parts are laid out without overlap."""
    return Figure(figsize=(width, height), layout="constrained")


def save_figure(figure: Figure, drawn: pd.DataFrame, pdf: str, png: str, csv: str) -> None:
    """Write the figure as PDF and PNG and the numbers in it as CSV; the same input gives the same bytes.

    Raises OSError naming a file that cannot be written.
    """
    with whole_file(pdf) as part:
        figure.savefig(part, format="pdf", metadata={"CreationDate": None})
    with whole_file(png) as part:
        figure.savefig(part, format="png", dpi=DPI, metadata={"Software": None})
    write_csv(drawn, csv)


def colormap(name: str):
    """The colour map of this name, with cells without a number in pale grey."""
    return matplotlib.colormaps[name].with_extremes(bad=colours.PALE)
