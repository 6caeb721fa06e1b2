"""From one table a seed to one table an experiment, and its spread over seeds."""

import pandas as pd

from recurrence_circuits.tables import COLUMNS, read_table

VALUES = {"seed", "value", "low", "high"}


def gather(name: str, paths: list[str]) -> pd.DataFrame:
    """The tables `name` of all seeds, one below the other."""
    return pd.concat([read_table(name, path) for path in paths], ignore_index=True)


def spread(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Mean, standard deviation (n − 1), least and greatest value over seeds, for every row that seeds share.

    With one seed the standard deviation is empty.
    """
    keys = [column for column in COLUMNS[name] if column not in VALUES]
    groups = table.groupby(keys, dropna=False, sort=False)["value"]
    return groups.agg(n_seeds="size", mean="mean", sd="std", min="min", max="max").reset_index()
