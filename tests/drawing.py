"""Drawing a figure from made-up tables, for the tests of figures."""

from pathlib import Path

from lib.registry import FIGURES, columns_of
from recurrence_circuits.by_name import module
from rules import call
from synthetic_tables import Synthetic
from tables import write_table

SMALL, USUAL = Synthetic(1, 1, 2, attention_only=True), Synthetic(2, 2, 3)


def draw(name, *tables):
    """The figure `name` from its tables, in the order in which the registry names them."""
    return module("figures", name).draw(**dict(zip(FIGURES[name], tables, strict=True)))


def draw_from(name, synthetic):
    return draw(name, *(synthetic[table] for table in FIGURES[name]))


def drawn_by_script(name: str, folder: Path) -> list[bytes]:
    """The PDF, PNG and CSV that the rule's script writes of made-up tables in `folder`."""
    paths = {table: str(folder / f"{table}.csv") for table in FIGURES[name]}
    for table, path in paths.items():
        write_table(table, Synthetic(2, 2, 2)[table], path)
    outputs = {kind: str(folder / f"figures/{name}.{kind}") for kind in ("pdf", "png", "csv")}
    params = {"figure": name, "columns": columns_of(*FIGURES[name])}
    call("draw_figure", folder, inputs=paths, outputs=outputs, params=params)
    return [Path(path).read_bytes() for path in outputs.values()]


def lines(axes, label=None):
    return [line for line in axes.get_lines() if label is None or line.get_label() == label]
