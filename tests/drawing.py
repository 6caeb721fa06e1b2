"""Drawing a figure from made-up tables, for the tests of figures."""

from lib.registry import FIGURES
from recurrence_circuits.by_name import module
from synthetic_tables import Synthetic

SMALL, USUAL = Synthetic(1, 1, 2, attention_only=True), Synthetic(2, 2, 3)


def draw(name, *tables):
    """The figure `name` from its tables, in the order in which the registry names them."""
    return module("figures", name).draw(**dict(zip(FIGURES[name], tables, strict=True)))


def draw_from(name, synthetic):
    return draw(name, *(synthetic[table] for table in FIGURES[name]))


def lines(axes, label=None):
    return [line for line in axes.get_lines() if label is None or line.get_label() == label]
