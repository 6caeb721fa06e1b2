"""The tables of the project: their columns, declared once.

Long and tidy: one value a row, `low` and `high` its bootstrap interval over test sequences. An empty
`position` means the mean over the determined positions (those at which the terms seen fix the next one).
"""

import pandas as pd

from recurrence_circuits.frames import HISTORY, INTERVAL, KEY, REAL, TEXT, TRUTH, WHOLE, read_frame, write_frame

COLUMNS = {
    "history": HISTORY,
    # predictor: model, untrained, or a baseline. measure: mse; excess (over bayes, where that is known);
    # model_ratio and untrained_ratio (excess of the model over the excess of this predictor).
    "predictions": {**KEY, "predictor": TEXT, "position": WHOLE, "measure": TEXT, **INTERVAL},
    # model: trained, untrained. component: head, mlp, attention (all heads of a layer). kind: zero, mean, resample.
    # measure: mse (of the ablated model), mse_change (from the whole model).
    "ablation": {
        **KEY, "model": TEXT, "component": TEXT, "layer": WHOLE, "head": WHOLE, "kind": TEXT,
        "position": WHOLE, "measure": TEXT, **INTERVAL,
    },
    # Heads ablated together, or kept alone (all other heads ablated). model: trained, untrained. group: negative,
    # copying, all. members: chosen, or their control: random_same_layer, random_other_layers (none for all, nor in
    # a model of one layer without enough other heads). size: how many heads; heads: which, such as
    # "L2H0 L2H3". intervention: ablated, kept. kind and measure: as in ablation.
    "groups": {
        **KEY, "model": TEXT, "group": TEXT, "members": TEXT, "size": WHOLE, "heads": TEXT, "intervention": TEXT,
        "kind": TEXT, "position": WHOLE, "measure": TEXT, **INTERVAL,
    },
    # What linear probes find in the residual stream. model: trained, untrained. after_layer: as in estimates. target:
    # last (x_n), next (x_n+1), or a hidden parameter of the task. shuffled: the control, with the targets of other
    # sequences. value: R² on the half of the test sequences that the probe was not fitted on.
    "probes": {
        **KEY, "model": TEXT, "after_layer": WHOLE, "target": TEXT, "shuffled": TRUTH, "position": WHOLE, **INTERVAL,
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
    # Heads' circuits, read from the weights. model: trained, untrained. measure: ov_gain, ov_estimate_gain,
    # ov_copying_score, qk_gain, qk_matching_score, qk_largest, qk_stable_rank.
    "circuits": {**KEY, "model": TEXT, "layer": WHOLE, "head": WHOLE, "measure": TEXT, "value": REAL},
    # How much the other head, of a later layer, reads by its `input` (query, key, value) of what the head writes.
    "composition": {
        **KEY, "model": TEXT, "layer": WHOLE, "head": WHOLE, "other_layer": WHOLE, "other_head": WHOLE,
        "input": TEXT, "value": REAL,
    },
    # What attention answers to a shift of the estimate in the stream it reads, over that shift. model: trained,
    # untrained. component: head, attention (all heads of a layer). perturbed: query, context (all positions before
    # it). pattern: free, held (attention stays as it was, so that values alone carry the shift).
    "feedback": {
        **KEY, "model": TEXT, "component": TEXT, "layer": WHOLE, "head": WHOLE, "perturbed": TEXT, "pattern": TEXT,
        "position": WHOLE, **INTERVAL,
    },
    # A component of layer 0 swapped for its output on another sequence, along one path. model: trained, untrained.
    # component: head, mlp. into: query, key, value (of the other component, a head or the attention of the last
    # layer), residual (the final stream), total (all paths). measure: prediction_change (mean square), mse_change,
    # slope_on_last (of the change of the prediction on the change of x_n).
    "paths": {
        **KEY, "model": TEXT, "component": TEXT, "layer": WHOLE, "head": WHOLE, "into": TEXT,
        "other_component": TEXT, "other_layer": WHOLE, "other_head": WHOLE, "measure": TEXT, **INTERVAL,
    },
    # The models of one training by step, from 0 (untrained) to the last; over the determined positions of the first
    # test sequences. measure: mse, excess; {layer0,last_layer}_slope and _correlation (with x_n, of the summed direct
    # contribution of that layer's heads); feedback_context, feedback_query (of the last layer, attention free).
    "formation": {**KEY, "step": WHOLE, "measure": TEXT, **INTERVAL},
    # condition: in_distribution, noise, a, b, x0, c, late_start, prefix; level: how far from training (see
    # `Condition`).
    # predictor: model, or a candidate. measure: distance (from the model's predictions), mse (of the predictor);
    # relative (distance over the mean square of the model's predictions). prefix: the distance to `whole_context`.
    "algorithm": {
        **KEY, "model": TEXT, "condition": TEXT, "level": REAL, "predictor": TEXT, "position": WHOLE, "measure": TEXT,
        **INTERVAL,
    },
    # What `algorithm` says of each condition: the nearest candidate, those tied with it, its relative distance
    # (value), and the first position (departs) at which the model is no longer like `reference`.
    "nearest": {
        **KEY, "model": TEXT, "condition": TEXT, "level": REAL, "nearest": TEXT, "tied": TEXT, **INTERVAL,
        "reference": TEXT, "departs": WHOLE, "statement": TEXT,
    },
    # reduced: copy … whole, the reduced models; feedback, the line fitted to the last attention. measure: explained,
    # refinement (both shares of a variance), mse, excess (over the whole model's); gain_at_query, gain_in_context,
    # gain.
    "explained": {**KEY, "model": TEXT, "reduced": TEXT, "position": WHOLE, "measure": TEXT, **INTERVAL},
    # Hand-made transformers (with their n_layers) and references; of an experiment, not of a seed. measure: mse.
    "construction": {
        "experiment": TEXT, "predictor": TEXT, "n_layers": WHOLE, "position": WHOLE, "measure": TEXT, **INTERVAL,
    },
    # One row a criterion and seed; the criterion `all` counts those of its claim that hold, and a seed supports
    # the claim if all do. control_value is the same statistic of the seed's untrained model.
    "claims": {
        **KEY, "claim": TEXT, "criterion": TEXT, "statement": TEXT, "statistic": TEXT, "relation": TEXT,
        "threshold": REAL, **INTERVAL, "holds": TRUTH, "control_value": REAL, "control_holds": TRUTH,
        "seeds_in_support": WHOLE, "n_seeds": WHOLE, "support_low": REAL, "support_high": REAL,
        "control_in_support": WHOLE, "verdict": TEXT, "claim_verdict": TEXT,
    },
}  # fmt: skip


def write_table(name: str, frame: pd.DataFrame, path: str) -> None:
    """Write `frame` as the table `name`. Raises ValueError as `write_frame` does."""
    write_frame(name, COLUMNS[name], frame, path)


def read_table(name: str, path: str) -> pd.DataFrame:
    """Read the table `name`. Raises ValueError, naming the file, as `read_frame` does."""
    return read_frame(name, COLUMNS[name], path)
