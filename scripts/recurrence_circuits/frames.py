"""How tables are written and read: declared columns of declared types, one CSV format.

A table ends with an empty line, which readers of CSV skip: without it a table cut between two lines would read as a
shorter one, and a table cut within its last number as another number.

The columns of all measures stand in `tables`. Those of the training history stand here, for training must not be
repeated whenever another measure gains a table.
"""

from pathlib import Path

import pandas as pd

from recurrence_circuits.files import whole_file
from recurrence_circuits.reading import short

TEXT, WHOLE, REAL, TRUTH = "str", "Int64", "float64", "boolean"
Columns = dict[str, str]

# In every table: these columns first. A missing whole number is an empty cell.
KEY = {"experiment": TEXT, "seed": WHOLE}
INTERVAL = {"value": REAL, "low": REAL, "high": REAL}
# No interval where there is nothing to resample; no excess where the floor is not known.
MAY_BE_EMPTY = {"low", "high", "excess"}
LONGEST = 1000  # characters of a text

# One row an evaluation: loss is of the training batches since the last row, excess is the error over the
# Bayes floor at the determined positions of held-out sequences, learning_rate that of the step.
HISTORY = {**KEY, "step": WHOLE, "loss": REAL, "mse": REAL, "excess": REAL, "learning_rate": REAL}


def write_frame(name: str, columns: Columns, frame: pd.DataFrame, path: str) -> None:
    """Write `frame` as the table `name`: declared columns in the declared order, one float format.

    Raises ValueError if a column is missing or undeclared, or if a value is NaN, and OSError as write_csv does.
    """
    write_csv(_checked(columns, frame, f"table {name!r} for {path}"), path)


def write_csv(frame: pd.DataFrame, path: str) -> None:
    """Write any frame in the project's one CSV format. Raises OSError naming the file if it cannot be written."""
    with whole_file(path) as part:
        frame.to_csv(part, index=False, float_format="%.9g", lineterminator="\n")
        with part.open("a", encoding="utf-8") as end:
            end.write("\n")


def read_frame(name: str, columns: Columns, path: str) -> pd.DataFrame:
    """Read the table `name`.

    Raises ValueError naming the file if it is cut, if it cannot be parsed, if columns are missing or
    undeclared, if a cell is not of its column's type, or if a value is NaN.
    """
    _require_end(path)
    try:
        frame = pd.read_csv(path, dtype=columns)
    except (ValueError, TypeError, OverflowError) as error:  # pandas' parser and conversion errors
        raise ValueError(f"{path}: not a {name!r} table: {error}") from error
    if not isinstance(frame.index, pd.RangeIndex):  # pandas takes the first cells for names of rows
        raise ValueError(f"{path}: not a {name!r} table: rows with more cells than there are columns")
    frame = _checked(columns, frame, path)
    for column in (c for c, kind in columns.items() if kind == TEXT):
        for text in frame[column].dropna().unique():
            if len(text) > LONGEST or not text.isprintable():
                raise ValueError(f"{path}: expected a short line of text in column {column!r}, found {short(text)}")
    return frame


def _require_end(path: str) -> None:
    content = Path(path).read_bytes()
    if content and not content.endswith(b"\n\n"):
        end = short(content[-40:].decode(errors="replace"))
        raise ValueError(
            f"{path}: expected an empty last line, with which a table ends, found {end}: the file is cut; delete it "
            "and run again"
        )


def _checked(columns: Columns, frame: pd.DataFrame, source: str) -> pd.DataFrame:
    if set(frame.columns) != set(columns):
        raise ValueError(
            f"{source}: expected the columns {list(columns)}, missing {sorted(set(columns) - set(frame.columns))}, "
            f"unknown {short(sorted(set(frame.columns) - set(columns)))}"
        )
    frame = frame[list(columns)].astype(columns)
    for column in (c for c, kind in columns.items() if kind == REAL and c not in MAY_BE_EMPTY):
        if frame[column].isna().any():
            row = int(frame[column].isna().to_numpy().nonzero()[0][0])
            raise ValueError(f"{source}: expected numbers in column {column!r}, found NaN in data row {row + 1}")
    return frame
