"""The figures of claims, of one experiment and of several: every verdict is shown as it is."""

import re

import pandas as pd
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from drawing import USUAL, draw, lines
from lib.registry import columns_of
from recurrence_circuits.figures import colours, comparison
from rules import call
from synthetic_tables import Synthetic
from tables import write_table


def test_claims_colour_each_seed_by_what_holds():
    table = Synthetic(6)["claims"]
    figure, drawn = draw("claims", table)
    assert "all" not in set(drawn["criterion"])
    dots = [line for axes in figure.axes for line in lines(axes) if len(line.get_xdata()) == 1]
    for holds, colour in ((True, colours.HOLDS), (False, colours.FAILS)):
        assert sum(dot.get_color() == colour for dot in dots) == (drawn["holds"] == holds).sum()
    words = " ".join(text.get_text() for text in figure.findobj(Text))
    for claim, rows in table.groupby("claim"):
        assert re.search(rf"Claim {claim}\. [^:]+: {rows['claim_verdict'].iloc[0]}", words)


def test_the_threshold_is_inside_every_panel_and_its_side_tinted():
    table = USUAL["claims"]
    figure, drawn = draw("claims", table)
    own = [axes for axes in figure.axes if axes.patches]
    for axes, (_, rows) in zip(own, drawn.groupby(["claim", "criterion"], sort=False), strict=True):
        first, (left, right), tint = rows.iloc[0], axes.get_xlim(), axes.patches[0].get_extents()
        assert left < first["threshold"] < right
        middle = axes.transData.transform((first["threshold"], 0))[0]
        assert (tint.x0 < middle - 1) == (first["relation"] == "<=")


def test_terms_of_the_sequence_are_set_as_mathematics():
    figure, _ = draw("claims", USUAL["claims"].assign(statistic="variance of x_{n+1} over x_n"))
    assert any("variance of $x_{n+1}$ over $x_n$" in text.get_text() for text in figure.findobj(Text))


def several_experiments():
    """Claims of two experiments; in the second one claim is mixed and another is not judged."""
    paper = USUAL["claims"].assign(experiment="paper")
    variant = paper.assign(experiment="one-layer")[paper["claim"] != "2"]
    variant.loc[variant["claim"] == "1", "claim_verdict"] = "mixed"
    return pd.concat([paper, variant], ignore_index=True)


def test_the_comparison_shows_every_verdict_in_its_cell():
    claims = several_experiments()
    figure, drawn = draw("comparison", claims)
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["paper", "one-layer"]
    cells = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    n_claims = claims["claim"].nunique()
    assert len(cells) == len(drawn) == 2 * n_claims - 1
    mixed = [cell for cell in cells if to_hex(cell.get_facecolor()) == to_hex(comparison.COLOURS["mixed"])]
    assert (0, 1) in [(round(cell.get_x() + 0.48), round(cell.get_y() + 0.46)) for cell in mixed]
    assert min(text.get_fontsize() for text in figure.findobj(Text) if text.get_text().strip()) >= 7


def test_the_comparison_puts_experiments_together_in_their_order(tmp_path):
    claims, paths = several_experiments(), []
    for name, rows in claims.groupby("experiment", sort=False):
        paths.append(str(tmp_path / f"{name}.csv"))
        write_table("claims", rows, paths[-1])
    outputs = {kind: str(tmp_path / f"comparison.{kind}") for kind in ("pdf", "png", "csv")}
    params = {"figure": "comparison", "columns": columns_of("claims")}
    call("draw_figure", tmp_path, inputs={"claims": paths}, outputs=outputs, params=params)
    assert list(dict.fromkeys(pd.read_csv(outputs["csv"])["experiment"])) == ["paper", "one-layer"]
