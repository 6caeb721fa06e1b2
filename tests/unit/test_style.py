"""The look is seaborn's."""

import matplotlib
import seaborn

from recurrence_circuits.figures import style


def test_the_look_is_seaborns_theme():
    theme = {**seaborn.axes_style("ticks"), **seaborn.plotting_context("notebook")}
    needed = {name: value for name, value in theme.items() if value != matplotlib.rcParamsDefault[name]}
    of_our_own = style.LOOK.keys() - style.TICKS.keys()
    # Every figure names its colour map and its one font.
    assert {
        name: needed[name] for name in needed.keys() - of_our_own - {"image.cmap", "font.sans-serif"}
    } == style.TICKS
