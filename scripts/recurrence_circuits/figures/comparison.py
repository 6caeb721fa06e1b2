"""Comparison: where the claims hold.

One row per experiment, one column per claim; the number in a cell and its colour are the share of seeds that support
the claim with all of its criteria together. The bar along a cell's foot is the share of the same models that pass
before training: where it is long, the claim says little about training. A blank cell is a claim that the experiment
does not judge, such as refinement by later layers in a model of one layer. Rows stand in groups by what differs from
the reference, and in a group those that support most come first. A column that is dark in all rows is about the task;
one that is dark in a group's rows only is about what these have in common.

The columns on the right tell whether the models have learned at all: the median over sequences of the relative error
at the first five determined positions, of the models (median over seeds) and of the best fixed weights on the terms,
which learn nothing in context, each on a log scale of green; none where a task's best weights are not known. Errors
are always of the exploration seeds, claims of the confirmation seeds where an experiment has them (a star).
"""

import re
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from recurrence_circuits.claims.standing import CONFIRMATION
from recurrence_circuits.claims.text import SHORT_NAMES
from recurrence_circuits.figures import colours, compared, labels, matrix, style
from recurrence_circuits.figures.matrix import CAPITAL, LINE, MARGIN, SPACE, TOP, Column, Rows, write

SUPPORTED, ERRORS = style.colormap("Blues"), style.colormap("Greens_r")
KEY = {
    "support": "share of seeds, 0 to 1 (blank: not judged)",
    "control": "share of untrained controls that pass too",
    "error": "from small to large error",
}
KEYED, EDGE = MARGIN + 0.68, 0.01  # where its words begin; white round a cell
HEADS = {"model": "trained models", "best_linear": "best fixed weights"}  # of the columns of errors


def draw(
    claims: pd.DataFrame, quality: pd.DataFrame, experiments: dict[str, dict[str, str]], reference: str
) -> tuple[Figure, pd.DataFrame]:
    """Draw the tables `claims` and `quality` of several experiments.

    experiments: by name, `group` and `differs`, the words that tell it from the experiment `reference`, in the order of
    the groups. `drawn` has a row per cell: that of a claim has the seeds, that of an error `predictor` and `value`.
    """
    supported, errors = compared.support(claims), compared.medians(quality)
    groups = compared.in_groups(experiments, supported)
    starred = set(supported["experiment"][supported["role"] == CONFIRMATION])
    names = {name: name + "*" * (name in starred) for name in experiments}
    words = {name: labels.mathtext(about["differs"]) for name, about in experiments.items()}
    second = MARGIN + max(map(matrix.text_width, names.values())) + SPACE
    words_end = second + max(map(matrix.text_width, words.values())), KEYED + max(map(matrix.text_width, KEY.values()))
    heads = [head for head in HEADS if head in set(errors["predictor"])]
    columns = matrix.columns_of(sorted(set(supported["claim"])), heads, max(words_end) + SPACE)
    rows, last = matrix.rows_of(groups), columns[heads[-1]]
    figure, axes = matrix.page(last.x + last.width + MARGIN, rows.end + MARGIN)
    _header(axes, columns, reference)
    _key(axes, bool(starred))
    for group, y in rows.headings.items():
        write(axes, MARGIN, y - 0.05, group, weight="bold")
        axes.plot([MARGIN, last.x + last.width], [y, y], color=colours.GREY, linewidth=0.5)
    for name, y in rows.begin.items():
        write(axes, MARGIN, y + rows.height / 2 + CAPITAL, names[name])
        write(axes, second, y + rows.height / 2 + CAPITAL, words[name], color="0.35")
    _claims(axes, columns, rows, supported)
    _errors(axes, columns, rows, errors)
    about = pd.DataFrame.from_dict(experiments, orient="index").rename_axis("experiment").reset_index()
    drawn = about.merge(pd.concat([supported, errors]), on="experiment")
    return figure, drawn.sort_values("experiment", key=lambda name: name.map(rows.begin), kind="stable")


def _header(axes: Axes, columns: dict[str, Column], reference: str) -> None:
    """The title, and above every column what it is; readings of one claim have their common words above them."""
    write(axes, MARGIN, 0.18, "Share of seeds that support each claim", size=9, weight="bold")
    write(axes, MARGIN, 0.36, f"Beside an experiment's name: how it differs from {reference}", color="0.35")
    spans: dict[str, list[Column]] = {}
    for name, column in columns.items():
        words, common, y = HEADS.get(name), "median relative error", TOP - 0.05
        if words is None:
            common, _, reading = SHORT_NAMES.get(name, "").rpartition(" (")
            words = reading.rstrip(")")
            write(axes, column.centre, y, name, ha="center", weight="bold")
            y -= LINE
        write(axes, column.centre, y, fill(words, 12), va="bottom", ha="center", rotation=90)
        if common:
            spans.setdefault(common, []).append(column)
    y = TOP - 0.2 - 0.72
    for common, spanned in spans.items():
        left, right = spanned[0].x + 0.03, spanned[-1].x + spanned[-1].width - 0.03
        axes.plot([left, right], [y, y], color=colours.GREY, linewidth=0.6)
        write(axes, (left + right) / 2, y - 0.05, fill(common, 15), va="bottom", ha="center")


def _key(axes: Axes, starred: bool) -> None:
    """What colours and marks mean, left of the columns' heads."""
    size, step, y = 0.12, 0.17, 0.62
    for n in range(5):
        for line, shades in ((0, SUPPORTED), (2, ERRORS)):
            place = MARGIN + n * size, y + line * step
            axes.add_patch(Rectangle(place, size, size, facecolor=shades(_shade(n / 4)), linewidth=0))
    axes.add_patch(Rectangle((MARGIN, y + step), 5 * size, size, facecolor=SUPPORTED(_shade(0)), linewidth=0))
    _control(axes, MARGIN, y + step, 5 * size, size, 0.6)
    for n, words in enumerate(KEY.values()):
        write(axes, KEYED, y + n * step + size / 2 + CAPITAL, words)
    seeds = "* judged by confirmation seeds;\n" * starred + "all other numbers are of exploration seeds"
    write(axes, MARGIN, y + 3 * step, seeds if starred else seeds.replace("other ", ""), va="top")


def _shade(share: float) -> float:
    """The place in a map of colours of a share from 0 to 1: neither white nor so dark that no text is read on it."""
    return 0.04 + 0.86 * share


def _claims(axes: Axes, columns: dict[str, Column], rows: Rows, supported: pd.DataFrame) -> None:
    for cell in supported.itertuples():
        column, y = columns[cell.claim], rows.begin[cell.experiment]
        share, control = cell.seeds_in_support / cell.n_seeds, cell.control_in_support / cell.n_seeds
        text = f"{cell.seeds_in_support}/{cell.n_seeds}" if cell.n_seeds < 100 else f"{share:.2f}"
        _cell(axes, column, y, rows.height, SUPPORTED(_shade(share)), text)
        _control(axes, column.x + EDGE, y + EDGE, column.width - 2 * EDGE, rows.height - 2 * EDGE, control)


def _errors(axes: Axes, columns: dict[str, Column], rows: Rows, errors: pd.DataFrame) -> None:
    positive = errors["value"].clip(lower=np.finfo(float).tiny)
    scale = LogNorm(positive.min(), positive.max())
    for cell, value in zip(errors.itertuples(), positive, strict=True):
        column = columns[cell.predictor]
        text = re.sub(r"e-0?", "e−", f"{cell.value:.1g}")
        _cell(axes, column, rows.begin[cell.experiment], rows.height, ERRORS(_shade(float(scale(value)))), text)


def _cell(axes: Axes, column: Column, y: float, height: float, colour, text: str) -> None:
    size = column.width - 2 * EDGE, height - 2 * EDGE
    axes.add_patch(Rectangle((column.x + EDGE, y + EDGE), *size, facecolor=colour, linewidth=0))
    dark = np.dot(colour[:3], (0.299, 0.587, 0.114)) < 0.45  # luminance
    write(axes, column.centre, y + height / 2 + CAPITAL - 0.012, text, ha="center", color="white" if dark else "black")


def _control(axes: Axes, x: float, y: float, width: float, height: float, share: float) -> None:
    """A bar along the foot of a cell, as long as the share of controls that pass."""
    if share > 0:
        axes.add_patch(Rectangle((x, y + height - 0.03), share * width, 0.03, facecolor=colours.ORANGE, linewidth=0))
