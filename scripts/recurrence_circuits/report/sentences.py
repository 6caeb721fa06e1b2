"""The report's sentences and tables of numbers on the algorithm, costs and settings, made from the results."""

import pandas as pd

from recurrence_circuits.claims.numbers import number, spread
from recurrence_circuits.figures.labels import counted, look, words

# ---- algorithm ------------------------------------------------------------------------------------------------------


def nearest_table(nearest: pd.DataFrame) -> dict:
    """The trained models of the table `nearest` as a table to show: which predictor they are like in each condition."""
    trained, rows = nearest[nearest["model"] == "trained"], []
    for (condition, level), own in trained.groupby(["condition", "level"], sort=False, dropna=False):
        counts = own["nearest"].map(lambda name: look(name).label).value_counts()
        departs = own["departs"].dropna()
        rows.append(
            [
                words(condition), "" if pd.isna(level) else f"{level:g}",
                ", ".join(f"{name} ({n})" for name, n in counts.items()), spread(own["value"]),
                f"{len(departs)} of {len(own)}" + (f", from position {spread(departs)}" if len(departs) else ""),
            ]
        )  # fmt: skip
    return {
        "title": "Which predictor the trained models are nearest to",
        "columns": ["condition", "level", "nearest (seeds)", "distance over mean square", "seeds no longer like it"],
        "rows": rows,
        "note": "Distance: mean square of the difference between two predictions. Near ties go to the more exact one.",
    }


# ---- costs ----------------------------------------------------------------------------------------------------------


def cost_listing(table: pd.DataFrame) -> dict:
    """`costs.cost_table` as a table to show."""
    rows = [
        [
            words(row.stage), number(row.median), f"{number(row.min)} to {number(row.max)}",
            f"{row.share_of_training:.0%}", "" if pd.isna(row.memory) else f"{row.memory:.0f}",
        ]
        for row in table.itertuples()
    ]  # fmt: skip
    return {
        "title": "What each stage cost, per seed",
        "columns": ["stage", "seconds (median)", "seconds (range)", "share of training", "memory (MiB, most)"],
        "rows": rows,
        "note": "From Snakemake's benchmark records of this run: wall time, the start of Python included, on one core.",
    }


# ---- settings -------------------------------------------------------------------------------------------------------


def subtitle(settings: dict, seeds: list[int]) -> str:
    """What was trained, in one line."""
    model, data = settings["model"], settings["data"]
    layers, heads = counted(model["n_layers"], "layer"), counted(model["n_heads"], "head")
    shape = f"{layers} of {heads}, width {model['d_model']}"
    context = f"{counted(data['context_length'], 'term')} of context"
    return "; ".join([f"Task {settings['task']}", context, shape, seed_list(seeds)])


def seed_list(seeds: list[int]) -> str:
    """seed 0; seeds 0, 1, 2."""
    return f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {', '.join(map(str, seeds))}"
