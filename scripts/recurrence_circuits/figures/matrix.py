"""A page of cells in rows and columns between words: where all of it stands, in inches from the upper left corner."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from recurrence_circuits.figures import style

MARGIN, SPACE, LINE = 0.06, 0.12, 0.118  # at the edges; between parts; from one line of text to the next
SIZE, CAPITAL = 7, 0.036  # of the text, in points; half the height of a capital
HINTED = 1.03  # how much wider a text may be when it is drawn on pixels
TALLEST, TOP = 10.0, 1.62  # of a page; where the rows begin
ROWS, HEADING = (0.155, 0.26), 1.15  # least and greatest height of a row; a heading's, in rows
WIDTHS, WIDER = (0.31, 0.5), 1.25  # least and greatest width of a column; that of a wider one, in columns


class Column(NamedTuple):
    """Where a column begins, and how wide it is."""

    x: float
    width: float

    @property
    def centre(self) -> float:
        return self.x + self.width / 2


class Rows(NamedTuple):
    """Where each row begins and each group's heading ends, by name; the height of a row; where the last one ends."""

    begin: dict[str, float]
    headings: dict[str, float]
    height: float
    end: float


def columns_of(names: list[str], wider: list[str], x: float) -> dict[str, Column]:
    """The columns `names`, with a gap where the first letter changes, then, after a gap, the `wider` ones.

    From x on to the edge of a page; beyond it where columns would be too narrow. Where they would be too wide they
    begin further to the right.
    """
    gaps = [SPACE / 2 if before[0] != name[0] else 0.0 for before, name in pairwise(names)]
    gaps = [0.0, *gaps, SPACE, *[0.0] * (len(wider) - 1)]
    shares = [1.0] * len(names) + [WIDER] * len(wider)
    width = float(np.clip((style.PAGE - MARGIN - x - sum(gaps)) / sum(shares), *WIDTHS))
    x = max(x, style.PAGE - MARGIN - sum(gaps) - width * sum(shares))
    found = {}
    for name, gap, share in zip([*names, *wider], gaps, shares, strict=True):
        found[name] = Column(x + gap, share * width)
        x += gap + share * width
    return found


def rows_of(groups: dict[str, list[str]]) -> Rows:
    """The rows of each group under its heading, so high that they fill a page, if they do not get too low for that."""
    n_rows = sum(map(len, groups.values())) + HEADING * len(groups)
    height, y = float(np.clip((TALLEST - TOP) / n_rows, *ROWS)), TOP
    begin, headings = {}, {}
    for group, members in groups.items():
        y += HEADING * height
        headings[group] = y
        for name in members:
            begin[name], y = y, y + height
    return Rows(begin, headings, height, y)


def page(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty page and its axes, in inches; y goes down."""
    figure = style.new_figure(width, height)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    return figure, axes


def text_width(text: str) -> float:
    """The width of a text, found without a page to draw it on."""
    font = FontProperties(family=style.LOOK["font.family"], size=SIZE)
    return HINTED * TextPath((0, 0), text, prop=font).get_extents().width / 72 if text else 0.0


def write(axes: Axes, x: float, y: float, text: str, **look) -> None:
    """Write a text on the line y."""
    axes.text(x, y, text, **{"size": SIZE, "va": "baseline", "linespacing": 1.1} | look)
