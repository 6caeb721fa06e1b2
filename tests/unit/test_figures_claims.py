"""The figure of the claims of one experiment: every verdict is shown as it is."""

import re

from matplotlib.text import Text

from drawing import USUAL, draw, lines
from recurrence_circuits.figures import colours
from synthetic_tables import Synthetic


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
