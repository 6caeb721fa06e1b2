"""The project's tables by name, in the columns that the workflow's registry declares."""

import pandas as pd

from lib import registry
from recurrence_circuits.io import tables

COLUMNS = registry.columns_of(*registry.COLUMNS)


def write_table(name: str, frame: pd.DataFrame, path: str) -> None:
    tables.write_table(name, COLUMNS[name], frame, path)


def read_table(name: str, path: str) -> pd.DataFrame:
    return tables.read_table(name, COLUMNS[name], path)
