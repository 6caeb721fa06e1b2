"""The look of every figure, and the one way in which a figure is saved."""

import matplotlib
import pandas as pd
import seaborn
from matplotlib.figure import Figure

from recurrence_circuits.files import whole_file
from recurrence_circuits.frames import write_csv

PAGE, COLUMN = 7.0, 3.4  # widths in inches: the full page, one of two columns
DPI = 220
SHOWN_SEEDS = 8  # of figures with a panel for every seed; more would be too small to read

# Okabe and Ito's colours, told apart by readers with any common colour blindness.
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
GREY, PALE = "#8C8C8C", "#EDEDED"
TRAINED, UNTRAINED, HOLDS, FAILS = BLUE, GREY, BLUE, VERMILION

SIGNED = "RdBu_r"  # map of signed values, centred at 0
AMOUNT = "viridis"  # map of values from 0 up

seaborn.set_theme(
    style="ticks",
    font="DejaVu Sans",  # comes with matplotlib, so every machine draws the same
    palette=[BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK],
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
        "axes.edgecolor": BLACK,
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
    """An empty figure of this size in inches whose parts arrange themselves without overlap."""
    return Figure(figsize=(width, height), layout="constrained")


def counted(n: int, thing: str) -> str:
    """1 seed, 2 seeds."""
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"


def words(name: str) -> str:
    """A name of the tables as words: `copy_last` becomes `copy last`."""
    return name.replace("_", " ")


def save_figure(figure: Figure, drawn: pd.DataFrame, pdf: str, png: str, csv: str) -> None:
    """Write the figure as PDF and PNG and the numbers in it as CSV; the same input gives the same bytes."""
    with whole_file(pdf) as part:
        figure.savefig(part, format="pdf", metadata={"CreationDate": None})
    with whole_file(png) as part:
        figure.savefig(part, format="png", dpi=DPI, metadata={"Software": None})
    write_csv(drawn, csv)


def colormap(name: str):
    """The map with cells that hold no number in pale grey."""
    return matplotlib.colormaps[name].with_extremes(bad=PALE)
