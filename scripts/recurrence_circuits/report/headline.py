"""The report's first sentence and table: how well the trained models predict, on most sequences and on the worst."""

import pandas as pd

from recurrence_circuits.claims.numbers import number, spread, with_interval
from recurrence_circuits.figures.labels import counted, look

POSITIONS, MEASURE = "determined", "squared_error"  # of the errors told
QUANTILES = {0.5: "median", 0.9: "90 %", 0.99: "99 %", 0.999: "99.9 %"}


def headline_numbers(quality: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
    """One row per seed: quantiles, `mean` and `tail_share` of the model's squared error, and the `ratio` of claim 1.

    A quantile's column is its level. `strongest` is the label of the strongest baseline that learns nothing in
    context, that is the one with the largest ratio; `ratio` is text with an interval. Where the Bayes floor is not
    known there is neither. `baseline` and `untrained` are medians of that predictor's and of the untrained model's
    squared error.
    """
    chosen = quality[(quality["positions"] == POSITIONS) & (quality["measure"] == MEASURE)]
    rows = {}
    for seed, own in chosen.groupby("seed"):
        model = own[own["predictor"] == "model"]
        quantiles = model[model["statistic"] == "quantile"].set_index("level")["value"]
        row = quantiles.to_dict() | model.set_index("statistic")["value"][["mean", "tail_share"]].to_dict()
        medians = own[(own["statistic"] == "quantile") & (own["level"] == 0.5)].set_index("predictor")["value"]
        ratios = predictions[(predictions["seed"] == seed) & (predictions["measure"] == "model_ratio")]
        for _, ratio in ratios.nlargest(1, "value").iterrows():
            row |= {"strongest": look(ratio["predictor"]).label, "ratio": with_interval(ratio)}
            row |= {"baseline": medians[ratio["predictor"]], "ratio_value": ratio["value"]}
        rows[int(seed)] = row | {"untrained": medians["untrained"]}
    return pd.DataFrame.from_dict(rows, orient="index")


def headline_sentence(numbers: pd.DataFrame) -> str:
    """The outcome of training in two or three sentences."""
    models = counted(len(numbers), "trained model")
    quantiles = ", ".join(f"{name} {spread(numbers[level])}" for level, name in QUANTILES.items())
    text = (
        f"On fresh sequences, at the positions at which the terms seen fix the next one, a sequence's squared error "
        f"(x²) has these quantiles over the {models}: {quantiles}. Its mean, {spread(numbers['mean'])}, tells little: "
        f"one sequence in a thousand carries {_percent(numbers['tail_share'])} of it."
    )
    if "ratio" in numbers:
        names = " or ".join(sorted(set(numbers["strongest"].dropna())))
        text += (
            f" At the first five of these positions the relative error is {spread(numbers['ratio_value'])} of that of "
            f"the strongest baseline that learns nothing in context ({names})."
        )
    return text


def _percent(shares: pd.Series) -> str:
    """The least and the greatest share in per cent."""
    low, high = (f"{100 * share:.0f}" for share in (shares.min(), shares.max()))
    return f"{low} %" if low == high else f"{low} to {high} %"


def headline_table(numbers: pd.DataFrame) -> dict:
    """`headline_numbers` as a table to show."""
    columns = QUANTILES | {
        "mean": "mean", "tail_share": "share of the worst 0.1 % in it", "untrained": "median, untrained",
        "strongest": "strongest that learns nothing", "baseline": "its median",
        "ratio": "relative error beyond the floor, over its (first five positions)",
    }  # fmt: skip
    shown = [name for name in columns if name in numbers]
    cells = [[value if isinstance(value, str) else number(value) for value in row] for row in numbers[shown].to_numpy()]
    return {
        "title": "Squared error (x²) of fresh sequences over the determined positions: quantiles, mean and tail",
        "columns": ["seed", *(columns[name] for name in shown)],
        "rows": [[str(seed), *row] for seed, row in zip(numbers.index, cells, strict=True)],
        "note": "In brackets: bootstrap intervals over test sequences. The tail would make one of the mean wrong.",
    }
