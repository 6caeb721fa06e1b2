"""Take the measured tables over into docs/speed.md, docs/speed/ and docs/figures/: `make benchmark PARTS=docs`."""

import shutil

from recurrence_circuits.io.files import write_text
from tools.benchmarks import figure, page
from tools.benchmarks.results import COLUMNS, FOLDER, ROOT, read
from tools.marked_block import with_block

PAGE = ROOT / "docs" / "speed.md"
KEPT = PAGE.with_suffix("")  # the tables that the page shows
FIGURE = "figures/growth.png"  # from the page
COMMAND = "make benchmark PARTS=docs"


def main() -> None:
    KEPT.mkdir(exist_ok=True)
    for name in COLUMNS:
        if (FOLDER / f"{name}.csv").exists():
            shutil.copy(FOLDER / f"{name}.csv", KEPT)
    if not (growth := read("growth", KEPT)).empty:
        figure.save(growth, FOLDER)
        shutil.copy(FOLDER / "growth_figure.png", PAGE.parent / FIGURE)
    write_text(PAGE, with_tables(PAGE.read_text(encoding="utf-8")))


def with_tables(text: str) -> str:
    """The text of the page with the kept tables. Raises ValueError if the marks round one are not there once."""
    for name, block in page.blocks(KEPT).items():
        if name == "growth" and (PAGE.parent / FIGURE).exists():
            block = f"![Cost against context, width and depth]({FIGURE})\n\n{block}"
        text = with_block(PAGE, text, block, name, COMMAND)
    return text
