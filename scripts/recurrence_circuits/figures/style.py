"""The look of every figure, and the one way to save a figure.

The same bytes on every machine: no file and no variable by which users set their own plots has a say here.
"""

import os
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from tempfile import TemporaryDirectory

import pandas as pd

from recurrence_circuits.figures import colours
from recurrence_circuits.io.files import whole_file
from recurrence_circuits.io.tables import write_csv


@contextmanager
def _apart_from_the_user() -> Iterator[None]:
    """Where matplotlib finds no settings but its own.

    It reads them while it is imported: `matplotlibrc` in the current folder before all others, then what variables
    name, and every style of the user's. One that it cannot read, or a backend that is not installed, fails the import.
    The list of fonts stays where the user has it: making it anew for every figure takes seconds where fonts are many.
    """
    given = dict(os.environ)
    with TemporaryDirectory() as empty, chdir(empty):
        os.environ |= {"MPLBACKEND": "agg", "MATPLOTLIBRC": os.devnull, "XDG_CONFIG_HOME": empty}
        os.environ["XDG_CACHE_HOME"] = os.environ.pop("MPLCONFIGDIR", "") or given.get("XDG_CACHE_HOME", "")
        try:
            yield
        finally:
            os.environ.clear()
            os.environ |= given


with _apart_from_the_user():
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.font_manager import fontManager

    # For a process in which matplotlib was imported before. Here, since it imports matplotlib.style.
    matplotlib.rcdefaults()

PAGE, COLUMN = 7.0, 3.4  # widths in inches: the full page, one of two columns
DPI = 220
SHOWN_SEEDS = 8  # the most seeds in a figure with one panel per seed; more would be too small to read

SIGNED = "RdBu_r"  # colour map of signed values, centred at 0
AMOUNT = "viridis"  # colour map of values from 0 up

# Seaborn's theme "ticks", without what is matplotlib's default or set below. A test holds it to seaborn's own. Figures
# do not import seaborn: it imports scipy.stats and pyplot too, which takes longer than all else that they need.
TICKS = {
    "axes.axisbelow": True,
    "axes.labelcolor": ".15",
    "grid.color": ".8",
    "grid.linewidth": 1,
    "legend.title_fontsize": 12,
    "lines.solid_capstyle": "round",
    "patch.edgecolor": "w",
    "patch.force_edgecolor": True,
    "text.color": ".15",
    "xtick.color": ".15",
    "ytick.color": ".15",
}
LOOK = TICKS | {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so every machine draws the same
    "axes.prop_cycle": matplotlib.cycler(color=colours.CYCLE),
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
}
# Its own fonts only: a font of this machine may have the name of one of them.
fontManager.ttflist = [font for font in fontManager.ttflist if font.fname.startswith(matplotlib.get_data_path())]
matplotlib.rcParams.update(LOOK)


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
