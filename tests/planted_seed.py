"""The rows of one seed's tables that the claims read, planted so that what each claim comes to is known."""

import pandas as pd

from recurrence_circuits.claims.statistics import BEYOND, TABLES

# A seed in which everything holds but the probe's reading and attention to unlike terms; the untrained control shows
# nothing.
GOOD = {
    "learned": 0.01, "raw": 1.1, "fitted": 0.9, "probe_ratio": 0.01, "ov_gain": 3.0, "derivative": 0.8, "restored": 0.9,
    "opposing": -0.8, "unlike": 0.2, "like": 0.6, "opposing_cost": 0.05, "like_cost": 0.02, "feedback": -0.3,
    "first_step": 0.6, "last_step": 0.1, "group_cost": 3.0, "group_information": 0.2,
}  # fmt: skip
UNTRAINED = {
    "learned": 5.0, "raw": 6.0, "fitted": 0.1, "probe_ratio": 0.05, "ov_gain": 0.1, "derivative": 0.1, "restored": None,
    "opposing": 0.0, "unlike": 0.0, "like": 0.0, "opposing_cost": -0.01, "like_cost": -0.01, "feedback": 0.01,
    "first_step": 1.1, "last_step": 1.2, "group_cost": -1.0, "group_information": -0.1,
}  # fmt: skip
# What 100 untrained models have: their quantile at 0.01, or at 0.99, is as given.
NULL = {
    "highest_ov_gain": 1.0, "largest_derivative": 0.5, "lowest_correlation": -0.5, "feedback_gain": -0.1,
    "lowest_beyond": -0.3, "highest_beyond_of_opposing": 0.3,
}  # fmt: skip
COPY_ERROR, ZERO_ERROR = 0.2, 4.0


def null_table(limits=NULL):
    rows = [(name, i, value) for name, value in limits.items() for i in range(100)]
    return pd.DataFrame(rows, columns=["statistic", "initialisation", "value"])


def row(value, **columns):
    return {"value": value, "low": value - 0.001, "high": value + 0.001, **columns}


def seed_tables(seed, trained, untrained=UNTRAINED):
    """The rows that the claims read, for one seed.

    In layer 2, head 1 opposes the prediction most, head 0 attends to the least like terms, and head 2 to the most like
    ones among those whose OV circuit negates; head 0, whose does not, attends to still liker ones where unlike > like.
    """
    tables = {name: [] for name in TABLES}
    for predictor, error in (("copy_last", COPY_ERROR), ("zero", ZERO_ERROR)):
        tables["predictions"].append(row(error, predictor=predictor, measure="relative_error", position=pd.NA))
        tables["predictions"].append(row(99.0, predictor=predictor, measure="relative_error", position=0))
    for model, ratio_of, facts in (("trained", "model", trained), ("untrained", "untrained", untrained)):
        for i, baseline in enumerate(("best_linear", "copy_last", "zero")):
            ratio = facts["learned"] / (i + 1)
            tables["predictions"].append(row(ratio, predictor=baseline, measure=f"{ratio_of}_ratio", position=pd.NA))
        for lens, ratio, scale in (("raw", facts["raw"], 7), ("fitted", facts["fitted"], 1)):
            of_lens = {"model": model, "lens": lens, "position": pd.NA}
            steps = {0: 7.0, 1: scale * facts["first_step"], 2: scale * facts["last_step"]}
            tables["readout_lens"].append(row(ratio, after_layer=0, measure="copy_ratio", **of_lens))
            tables["readout_lens"] += [
                row(value, after_layer=layer, measure="step_ratio", **of_lens) for layer, value in steps.items()
            ]
        r2 = 1 - facts["probe_ratio"] * COPY_ERROR / ZERO_ERROR
        for shuffled, value in ((False, r2), (True, 0.0)):
            probe = {"after_layer": 0, "target": "next", "shuffled": shuffled, "position": pd.NA}
            tables["probes"].append(row(value, model=model, **probe))
        for lag in range(4):
            place = {"model": model, "component": "attention", "layer": 0, "head": pd.NA, "measure": "derivative"}
            tables["lags"].append(row(facts["derivative"] if lag == 1 else 0.05, lag=lag, **place))
        for head, gain in enumerate((0.0, facts["ov_gain"], -9.0)):
            of_head = {"model": model, "layer": 0, "head": head}
            tables["circuits"].append({"value": gain, "measure": "ov_gain", **of_head})
        last = (  # correlation with the prediction, attention beyond position, cost, OV gain of the estimate
            (0.5, facts["unlike"], 0.01, 1.0),
            (facts["opposing"], 0.25, facts["opposing_cost"], -1.0),
            (0.4, facts["like"], facts["like_cost"], -1.0),
        )
        for index, (output, beyond, cost, estimate_gain) in enumerate(last):
            head = {"model": model, "layer": 2, "head": index}
            tables["circuits"].append({"value": estimate_gain, "measure": "ov_estimate_gain", **head})
            tables["similarity"] += [
                row(output, component="head", measure="correlation_with_prediction", **head),
                row(beyond, component="head", measure=BEYOND, **head),
                row(-0.99, component="head", measure="attention_similarity", **head),  # which no claim reads
            ]
            for position in (pd.NA, 5):
                change = {"component": "head", "kind": "mean", "position": position, "measure": "change"}
                tables["ablation"].append(row(cost, **change, **head))
        for pattern, value in (("held", facts["feedback"]), ("free", 9.0)):
            attention = {"component": "attention", "layer": 2, "perturbed": "context", "pattern": pattern}
            tables["feedback"].append(row(value, model=model, position=pd.NA, **attention))
        group = {"model": model, "members": "chosen", "kind": "mean", "position": pd.NA}
        tables["groups"] += [
            row(facts["group_cost"], group="negative", intervention="ablated", measure="change", **group),
            row(facts["group_information"], group="negative", intervention="ablated", measure="recalibrated_change",
                **group),
            row(99.0, group="negative", intervention="kept", measure="change", **group),
        ]  # fmt: skip
        if facts["restored"] is not None:
            kept = {"group": "copying", "intervention": "direction_kept", "measure": "restored"}
            tables["groups"].append(row(facts["restored"], **kept, **group))
    return {name: pd.DataFrame(rows).assign(experiment="toy", seed=seed) for name, rows in tables.items()}
