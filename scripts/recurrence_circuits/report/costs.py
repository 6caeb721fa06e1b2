"""What each stage cost, from the benchmark records that Snakemake keeps of every job."""

from pathlib import Path

import pandas as pd

SECONDS, MEMORY = "s", "max_rss"  # columns of a benchmark record; memory is in MiB, `-` for jobs too short to sample


def gather_costs(paths: list[str]) -> pd.DataFrame:
    """Cost of each stage that runs once per seed: stage, seed, seconds, memory (MiB, empty where not sampled).

    paths: records named …/seed<seed>/<stage>.tsv. Raises ValueError naming a file that is no such record.
    """
    rows = []
    for path in paths:
        try:
            record = pd.read_csv(path, sep="\t", na_values=["-"], dtype={SECONDS: float, MEMORY: float})
        except ValueError as error:  # pandas' parser and conversion errors are ValueErrors
            raise ValueError(f"{path}: expected a benchmark record, found: {error}") from error
        if not {SECONDS, MEMORY} <= set(record.columns) or len(record) != 1:
            raise ValueError(
                f"{path}: expected one benchmark row with {SECONDS!r} and {MEMORY!r}, found {record.shape}"
            )
        where = Path(path)
        seed = int(where.parent.name.removeprefix("seed"))
        row = record.iloc[0]
        rows.append({"stage": where.stem, "seed": seed, "seconds": row[SECONDS], "memory": row[MEMORY]})
    return pd.DataFrame(rows)


def cost_table(costs: pd.DataFrame) -> pd.DataFrame:
    """One row per stage: median, min and max (seconds), share_of_training (of the medians), memory (MiB, greatest)."""
    grouped = costs.groupby("stage", sort=False)
    table = grouped["seconds"].agg(["median", "min", "max"])
    table["share_of_training"] = table["median"] / table.loc["train_model", "median"]
    table["memory"] = grouped["memory"].max()
    return table.sort_values("median", ascending=False).reset_index()
