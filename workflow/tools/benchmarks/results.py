"""The measured tables, in results/benchmarks/: a row is on the disk as soon as it is measured."""

import csv
from pathlib import Path
from typing import NamedTuple

import pandas as pd

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "results" / "benchmarks"
# Every table with its columns. Times are in seconds; docs/speed.md says what was timed.
COLUMNS = {
    "step": "batch contestant round seconds",
    "profile": "operation share",
    "trainings": "whose recipe seed step seconds median q90 q99 q999",
    "growth": "axis size stage round seconds",
    "device": "device what count round steps",
    "paper": "version round seconds cpu",
    "stages": "version round job stage seconds",
    "quality": "version seed median q90 q99 q999",
    "reruns": "what round seconds outputs",
    "startup": "version round seconds cpu",
}


# Names in the tables.
OURS, FLOOR = "ours", "matrix products"  # contestants beside the peers; OURS also says whose recipe it is
BEFORE, AFTER = "e1950e2", "HEAD"  # versions: the commit that the goals compare with, and this one
NOTHING, EMPTY, RESTYLED = "nothing to do", "an empty workflow", "one figure restyled"


class Table:
    """A table while it is measured: made anew, then longer by one row at a time."""

    def __init__(self, name: str):
        self.columns, self.path = COLUMNS[name].split(), FOLDER / f"{name}.csv"
        FOLDER.mkdir(parents=True, exist_ok=True)
        self._write("w", self.columns)

    def add(self, *row: str | float) -> None:
        """Append a row. Raises ValueError if it has another number of cells than the table has columns."""
        if len(row) != len(self.columns):
            raise ValueError(f"{self.path}: expected {self.columns}, found {row}")
        self._write("a", [f"{cell:.6g}" if isinstance(cell, float) else cell for cell in row])

    def _write(self, mode: str, row: list) -> None:
        with self.path.open(mode, newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerow(row)


def read(name: str, folder: Path = FOLDER) -> pd.DataFrame:
    """A measured table; without rows if it was not measured yet.

    Raises ValueError naming the file if it has other columns, as one of another version of the benchmark may.
    """
    path, columns = folder / f"{name}.csv", COLUMNS[name].split()
    if not path.exists():
        return pd.DataFrame(columns=columns)
    table = pd.read_csv(path)
    if list(table.columns) != columns:
        raise ValueError(f"{path}: expected the columns {columns}, found {list(table.columns)}; delete or measure anew")
    return table


class Spread(NamedTuple):
    """A median with its quartiles, over rounds or seeds; NaN if there are none."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values) -> "Spread":
        low, median, high = pd.Series(values, dtype=float).quantile([0.25, 0.5, 0.75])
        return cls(median, low, high)


def ratio(table: pd.DataFrame, key: str, above: str, below: str, value: str = "seconds") -> Spread:
    """The ratio of two things that were measured in the same rounds, round by round: `above` over `below`.

    key: the column that names them. What slows the machine for a while slows both, and leaves their ratio.
    """
    rounds = table.pivot_table(index="round", columns=key, values=value, aggfunc="sum")
    if not {above, below} <= set(rounds.columns):
        return Spread.of([])
    return Spread.of((rounds[above] / rounds[below]).dropna())
