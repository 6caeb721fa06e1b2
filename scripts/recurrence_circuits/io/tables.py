"""Tables on disk: declared columns of declared types, one CSV format.

Columns are declared in the workflow's registry and reach a stage as a param: a mapping from column to type. A table
ends with an empty line, which readers of CSV skip. It shows that the table is whole: otherwise a table cut between two
lines would read as a shorter one, and a table cut inside its last number as another number.
"""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from recurrence_circuits.io.files import whole_file
from recurrence_circuits.io.reading import short

TEXT, REAL = "str", "float64"
Columns = dict[str, str]

# low and high are empty where nothing is resampled, excess where the Bayes floor is not known.
MAY_BE_EMPTY = {"low", "high", "excess"}
LONGEST = 1000  # characters of a text in a cell


def write_table(name: str, columns: Columns, frame: pd.DataFrame, path: str) -> None:
    """Write `frame` as the table `name`, with the declared columns in the declared order.

    Raises ValueError if a column is missing or undeclared, or if a value that may not be empty is NaN, and OSError as
    `write_csv` does.
    """
    write_csv(_checked(columns, frame, f"table {name!r} for {path}"), path)


def write_csv(frame: pd.DataFrame, path: str) -> None:
    """Write any frame in the project's CSV format, atomically. Raises OSError naming the file."""
    with whole_file(path) as part:
        frame.to_csv(part, index=False, float_format="%.9g", lineterminator="\n")
        with part.open("a", encoding="utf-8") as end:
            end.write("\n")


def read_tables(name: str, columns: Columns, paths: Iterable[str]) -> pd.DataFrame:
    """Read the table `name` from several files, concatenated. Raises ValueError as `read_table` does."""
    return pd.concat([read_table(name, columns, path) for path in paths], ignore_index=True)


def gather(parts: list[str], path: str) -> int:
    """Concatenate the tables `parts`, as text, into `path`. Returns the number of rows.

    Raises ValueError naming a part that is cut or has other columns than the first, and OSError naming `path`.
    """
    contents = [Path(part).read_bytes() for part in parts]
    header, rows = b"", []
    for part, content in zip(parts, contents, strict=True):
        require_end(part, content)
        first, *lines = content.splitlines()[:-1]
        header = header or first
        if first != header:
            raise ValueError(f"{part}: expected the columns {header.decode()}, found {short(first.decode())}")
        rows += lines
    with whole_file(path) as whole:
        whole.write_bytes(b"\n".join([header, *rows, b"", b""]))
    return len(rows)


def read_table(name: str, columns: Columns, path: str) -> pd.DataFrame:
    """Read the table `name`.

    Raises ValueError naming the file if it is cut or cannot be parsed, if columns are missing or undeclared, if a cell
    is not of its column's type, if a text is long or not printable, or if a value that may not be empty is NaN.
    """
    require_end(path, Path(path).read_bytes())
    try:
        frame = pd.read_csv(path, dtype=columns)
    except (ValueError, TypeError, OverflowError) as error:  # pandas' parser and conversion errors
        raise ValueError(f"{path}: not a {name!r} table: {error}") from error
    if not isinstance(frame.index, pd.RangeIndex):  # pandas would take the first cells as row names
        raise ValueError(f"{path}: not a {name!r} table: rows with more cells than there are columns")
    frame = _checked(columns, frame, path)
    for column in (c for c, kind in columns.items() if kind == TEXT):
        for text in frame[column].dropna().unique():
            if len(text) > LONGEST or not text.isprintable():
                raise ValueError(f"{path}: expected a short line of text in column {column!r}, found {short(text)}")
    return frame


def require_end(path: str, content: bytes) -> None:
    """Raise ValueError naming the file if `content` does not end with the empty line that ends a whole table."""
    if not content.endswith(b"\n\n"):
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
