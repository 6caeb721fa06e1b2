"""Claims: every criterion's statistic against its threshold.

The thresholds stand in the file of criteria. Upper dots are the trained models, one dot per seed, with bootstrap
intervals over test sequences; lower, hollow ones are the same models before training. Confirmation seeds, where there
are some, have a row of their own, and their verdict counts. The tinted side is where the criterion holds. A seed
supports a claim if all of the claim's criteria hold in it. A claim that most untrained models support as well says
little about training, and is at best mixed.
"""

from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from recurrence_circuits.claims.text import COUNT, condition, of_record, title
from recurrence_circuits.figures import colours, labels, panels, style

LINE = 0.125  # inches from one line of text to the next
LOG_SPAN = 10  # positive values further apart than this get a log axis


def draw(claims: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw the table `claims`: one heading per claim with its verdict, one panel per criterion, since scales differ."""
    drawn = claims[claims["criterion"] != COUNT]
    lines = []  # from top to bottom: (claim, None) is a heading, (claim, criterion) a panel
    for claim, criterion in drawn[["claim", "criterion"]].drop_duplicates().itertuples(index=False):
        lines += [(claim, None)] * ((claim, None) not in lines) + [(claim, criterion)]
    n_roles = claims["role"].nunique()
    texts = {line: _condition_text(claims, *line, width=46 if n_roles == 1 else 38) for line in lines if line[1]}
    least = 0.56 + 0.24 * (n_roles - 1)
    heights = [max(least, LINE * (texts[line].count("\n") + 2)) if line[1] else 0.36 for line in lines]
    figure = style.new_figure(style.PAGE, sum(heights) + 0.4)
    figure.get_layout_engine().set(h_pad=0.01, hspace=0, wspace=0.02)
    grid = figure.add_gridspec(
        len(lines), 3, height_ratios=heights, width_ratios=[2.7, 3.4, 1.0] if n_roles == 1 else [2.8, 3.0, 1.35]
    )
    for i, (claim, criterion) in enumerate(lines):
        of_claim = claims[claims["claim"] == claim]
        if criterion is None:
            _heading(figure.add_subplot(grid[i, :]), of_claim)
            continue
        rows = of_claim[of_claim["criterion"] == criterion].sort_values("seed")
        _text(figure.add_subplot(grid[i, 0]), texts[claim, criterion])
        _dots(figure.add_subplot(grid[i, 1]), rows)
        _text(figure.add_subplot(grid[i, 2]), _counts(rows))
    figure.legend(handles=_keys(), loc="outside lower center", ncols=5)
    return figure, drawn


def _condition_text(claims: pd.DataFrame, claim: str, criterion: str, width: int) -> str:
    """A criterion's statistic, in lines of `width` letters, and when it holds."""
    first = claims[(claims["claim"] == claim) & (claims["criterion"] == criterion)].iloc[0]
    return f"{labels.mathtext(fill(first['statistic'], width))}\nholds if {condition(first)}"


def _heading(axes: Axes, rows: pd.DataFrame) -> None:
    first = of_record(rows).iloc[0]
    _text(axes, f"{title(first)}: {first['claim_verdict']}", weight="bold", y=0.3)


def _counts(rows: pd.DataFrame) -> str:
    """The verdict, and the seeds and controls in which a criterion holds."""
    lines = [of_record(rows).iloc[0]["verdict"]]
    for role, own in rows.groupby("role", sort=False):
        name = "" if rows["role"].nunique() == 1 else f"{role} "
        lines.append(f"{name}{own['holds'].sum()} of {len(own)}" + " seeds" * (not name))
    return "\n".join([*lines, f"control {rows['control_holds'].sum()} of {len(rows)}"])


def _text(axes: Axes, text: str, y: float = 0.5, **look) -> None:
    axes.axis("off")
    axes.text(0, y, text, size=7, va="center", transform=axes.transAxes, **look).set_in_layout(False)


def _dots(axes: Axes, rows: pd.DataFrame) -> None:
    """Trained models above, by role, untrained below, seeds from top to bottom; tinted where the criterion holds."""
    first, roles = rows.iloc[0], list(dict.fromkeys(rows["role"]))
    size = 4.5 if len(rows) <= 10 else 2.5
    for level, role in enumerate(reversed(roles), start=1):
        own = rows[rows["role"] == role]
        for row, offset in zip(own.itertuples(), _offsets(len(own)), strict=True):
            colour = colours.HOLDS if row.holds else colours.FAILS
            if pd.notna(row.low):
                axes.plot([row.low, row.high], [level + offset] * 2, color=colour, linewidth=1)
            marker = "o" if row.holds else "X"
            axes.plot(row.value, level + offset, marker, color=colour, markersize=size, markeredgewidth=0)
    for row, offset in zip(rows.itertuples(), _offsets(len(rows)), strict=True):
        axes.plot(
            row.control_value, offset, "o" if row.control_holds else "X",
            color="none", markeredgecolor=colours.UNTRAINED, markeredgewidth=0.7, markersize=size,
        )  # fmt: skip
    axes.axvline(first["threshold"], color=colours.BLACK, linewidth=0.8)
    values = pd.concat([rows["value"], rows["control_value"], rows["threshold"], rows["low"].dropna()])
    if values.min() > 0 and values.max() > LOG_SPAN * values.min():
        axes.set_xscale("log")
        panels.log_axis(axes.xaxis, values.min(), values.max())
    elif (values % 1 == 0).all():
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    left, right = axes.get_xlim()
    side = (left, first["threshold"]) if first["relation"].startswith("<") else (first["threshold"], right)
    axes.axvspan(*side, color=colours.HOLDS, alpha=0.1, linewidth=0)
    names = ["trained"] if len(roles) == 1 else roles
    axes.set(xlim=(left, right), ylim=(-0.5, len(roles) + 0.5))
    axes.set_yticks(range(len(roles), -1, -1), [*names, "control"])
    axes.tick_params(pad=1.5)


def _offsets(n_seeds: int) -> np.ndarray:
    return np.linspace(0.3, -0.3, n_seeds) if n_seeds > 1 else np.zeros(1)


def _keys() -> list[Line2D]:
    look = {"linestyle": "", "markersize": 4.5}
    hollow = {**look, "markerfacecolor": "none", "markeredgecolor": colours.UNTRAINED}
    return [
        Line2D([], [], marker="o", color=colours.HOLDS, label="holds", **look),
        Line2D([], [], marker="X", color=colours.FAILS, label="fails", **look),
        Line2D([], [], marker="o", label="control passes", **hollow),
        Line2D([], [], marker="X", label="control fails", **hollow),
        Line2D([], [], color=colours.BLACK, linewidth=0.8, label="threshold (tinted: holds)"),
    ]
