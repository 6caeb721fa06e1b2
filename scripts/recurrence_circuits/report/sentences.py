"""The report's sentences and tables of numbers on errors, the algorithm, costs and settings, made from the results."""

import pandas as pd

from recurrence_circuits.claims.numbers import number, spread, with_interval
from recurrence_circuits.figures.labels import counted, look, words

# ---- errors ---------------------------------------------------------------------------------------------------------


def headline_numbers(predictions: pd.DataFrame) -> pd.DataFrame:
    """One row per seed: errors of `model`, `untrained` and `baseline` over the determined positions, and the `ratio`.

    The baseline is the strongest simple one: the model's excess error over its excess is the largest. Where the Bayes
    floor is not known there is no excess, hence no baseline and no ratio: those cells are empty. `strongest` is the
    baseline's label, `model_value` and `baseline_value` are numbers, the other cells are text with an interval.
    """
    whole = predictions[predictions["position"].isna()]
    rows = {}
    for seed, own in whole.groupby("seed"):
        errors = own[own["measure"] == "mse"].set_index("predictor")
        row = {"model_value": errors.at["model", "value"], "model": with_interval(errors.loc["model"])}
        ratios = own[own["measure"] == "model_ratio"].nlargest(1, "value")
        for _, ratio in ratios.iterrows():
            best = errors.loc[ratio["predictor"]]
            row |= {"strongest": look(ratio["predictor"]).label, "baseline_value": best["value"]}
            row |= {"baseline": with_interval(best), "ratio": with_interval(ratio)}
        rows[int(seed)] = row | {"untrained": with_interval(errors.loc["untrained"])}
    return pd.DataFrame.from_dict(rows, orient="index")


def headline_sentence(numbers: pd.DataFrame) -> str:
    """The outcome of training in one sentence or two."""
    text = (
        "At the positions at which the terms seen fix the next one, the mean squared error of the trained "
        f"{'model' if len(numbers) == 1 else 'models'} is {spread(numbers['model_value'])} (in units of x²)."
    )
    if "baseline_value" in numbers:
        names = " or ".join(sorted(set(numbers["strongest"].dropna())))
        text += f" The strongest simple baseline, {names}, has {spread(numbers['baseline_value'])}."
    return text


def headline_table(numbers: pd.DataFrame) -> dict:
    """`headline_numbers` as a table to show."""
    columns = {
        "model": "model", "strongest": "strongest simple baseline", "baseline": "its error",
        "ratio": "excess of the model over its excess", "untrained": "untrained",
    }  # fmt: skip
    shown = numbers[[name for name in columns if name in numbers]].fillna("")
    return {
        "title": "Mean squared error (x²) over the determined positions",
        "columns": ["seed", *(columns[name] for name in shown)],
        "rows": [[str(seed), *row] for seed, row in zip(shown.index, shown.to_numpy().tolist(), strict=True)],
        "note": "In brackets: bootstrap intervals over test sequences. Simple baselines infer no parameter of the law.",
    }


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
