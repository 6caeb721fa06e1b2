"""The tables of the project: their columns, declared once, and the only code that reads or writes them.

Long and tidy: one value a row, `low` and `high` its bootstrap interval over test sequences. An empty
`position` means the mean over the determined positions (those at which the terms seen fix the next one).
"""

from pathlib import Path

import pandas as pd

TEXT, WHOLE, REAL, TRUTH = "str", "Int64", "float64", "boolean"

# In every table: these columns first. A missing whole number is an empty cell.
KEY = {"experiment": TEXT, "seed": WHOLE}
INTERVAL = {"value": REAL, "low": REAL, "high": REAL}

COLUMNS = {
    # One row an evaluation: loss is of the training batches since the last row, excess is the error over the
    # Bayes floor at the determined positions of held-out sequences, learning_rate that of the step.
    "history": {**KEY, "step": WHOLE, "loss": REAL, "mse": REAL, "excess": REAL, "learning_rate": REAL},
    # predictor: model, untrained, or a baseline. measure: mse; excess (over bayes, where that is known);
    # model_ratio and untrained_ratio (excess of the model over the excess of this predictor).
    "predictions": {**KEY, "predictor": TEXT, "position": WHOLE, "measure": TEXT, **INTERVAL},
    # model: trained, untrained. component: head, mlp, attention (all heads of a layer). kind: zero, mean, resample.
    # measure: mse (of the ablated model), mse_change (from the whole model).
    "ablation": {
        **KEY, "model": TEXT, "component": TEXT, "layer": WHOLE, "head": WHOLE, "kind": TEXT,
        "position": WHOLE, "measure": TEXT, **INTERVAL,
    },
    # model: trained, untrained. component: embedding, position, head, attention (all heads of a layer), mlp, bias.
    "similarity": {
        **KEY, "model": TEXT, "component": TEXT, "layer": WHOLE, "head": WHOLE, "measure": TEXT, **INTERVAL,
    },
    # Mean over sequences and determined positions of the cosine between two heads' outputs.
    "cosines": {
        **KEY, "model": TEXT, "layer": WHOLE, "head": WHOLE, "other_layer": WHOLE, "other_head": WHOLE, "value": REAL,
    },
    # Mean attention of a query to a key.
    "attention": {**KEY, "model": TEXT, "layer": WHOLE, "head": WHOLE, "query": WHOLE, "key": WHOLE, "value": REAL},
    # A sample of single direct contributions: `term` is x_n, `contribution` what the head adds to the prediction.
    "contributions": {
        **KEY, "layer": WHOLE, "head": WHOLE, "sequence": WHOLE, "position": WHOLE, "coordinate": WHOLE,
        "term": REAL, "target": REAL, "contribution": REAL,
    },
    # after_layer: -1 is the embedding, before any layer. measure: mse of the readout applied there;
    # copy_ratio (over copy_last's mse); step_ratio (over the mse one layer earlier).
    "estimates": {**KEY, "model": TEXT, "after_layer": WHOLE, "position": WHOLE, "measure": TEXT, **INTERVAL},
    # One row a criterion and seed; the criterion `all` counts those of its claim that hold, and a seed supports
    # the claim if all do. control_value is the same statistic of the seed's untrained model.
    "claims": {
        **KEY, "claim": TEXT, "criterion": TEXT, "statement": TEXT, "statistic": TEXT, "relation": TEXT,
        "threshold": REAL, **INTERVAL, "holds": TRUTH, "control_value": REAL, "control_holds": TRUTH,
        "seeds_in_support": WHOLE, "n_seeds": WHOLE, "support_low": REAL, "support_high": REAL,
        "control_in_support": WHOLE, "verdict": TEXT, "claim_verdict": TEXT,
    },
}  # fmt: skip

# No interval where there is nothing to resample; no excess where the floor is not known.
MAY_BE_EMPTY = {"low", "high", "excess"}


def write_table(name: str, frame: pd.DataFrame, path: str) -> None:
    """Write `frame` as the table `name`: declared columns in the declared order, one float format.

    Raises ValueError if a column is missing or undeclared, or if a value is NaN.
    """
    write_csv(_checked(name, frame, f"table {name!r} for {path}"), path)


def write_csv(frame: pd.DataFrame, path: str) -> None:
    """Write any frame in the project's one CSV format."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, index=False, float_format="%.9g", lineterminator="\n")


def read_table(name: str, path: str) -> pd.DataFrame:
    """Read the table `name`.

    Raises ValueError naming the file if it cannot be parsed, if columns are missing or undeclared, if a
    cell is not of its column's type, or if a value is NaN.
    """
    try:
        frame = pd.read_csv(path, dtype=COLUMNS[name])
    except ValueError as error:  # pandas' parser and conversion errors are ValueErrors
        raise ValueError(f"{path}: not a {name!r} table: {error}") from error
    return _checked(name, frame, path)


def _checked(name: str, frame: pd.DataFrame, source: str) -> pd.DataFrame:
    columns = COLUMNS[name]
    if set(frame.columns) != set(columns):
        raise ValueError(
            f"{source}: expected the columns {list(columns)}, missing {sorted(set(columns) - set(frame.columns))}, "
            f"unknown {sorted(set(frame.columns) - set(columns))}"
        )
    frame = frame[list(columns)].astype(columns)
    for column in (c for c, kind in columns.items() if kind == REAL and c not in MAY_BE_EMPTY):
        if frame[column].isna().any():
            row = int(frame[column].isna().to_numpy().nonzero()[0][0])
            raise ValueError(f"{source}: expected numbers in column {column!r}, found NaN in data row {row + 1}")
    return frame
