"""The criteria: a statistic of each seed, and of its untrained control, against a threshold.

A threshold stands in the file of criteria, or is a quantile of the same statistic over untrained models (the table
`null`) whose level stands there. A criterion that fails is shown as failing.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from recurrence_circuits.claims.statistics import Measured

RELATIONS = {"<=": operator.le, ">=": operator.ge, ">": operator.gt}

# The statistics that need no training, by name: what 99 of 100 untrained models do not reach is a threshold.
OF_UNTRAINED: dict[str, Callable[[Measured, str], pd.Series]] = {
    "highest_ov_gain": Measured.highest_ov_gain,
    "largest_derivative": Measured.largest_derivative,
    "lowest_correlation": Measured.lowest_correlation,
    "feedback_gain": Measured.feedback_gain,
    "lowest_beyond": Measured.lowest_beyond,
    "highest_beyond_of_opposing": Measured.highest_beyond_of_opposing,
}


@dataclass(frozen=True)
class Criterion:
    """A statistic against a threshold. `measure` gives value, low and high for one seed and model."""

    claim: str
    name: str
    statistic: str
    relation: str
    threshold: float
    measure: Callable[[Measured, str], pd.Series]
    judged: str = "value"  # what is compared with the threshold: value, or an end of its interval (low, high)

    def holds(self, row: pd.Series) -> bool:
        return bool(RELATIONS[self.relation](row[self.judged], self.threshold))


def criteria(thresholds: dict[str, Any], null: pd.DataFrame, n_layers: int, floor_known: bool) -> list[Criterion]:
    """The criteria of claims 1 to 4.

    thresholds are the criteria's; null is the table of that name. Claim 1 has none where the Bayes floor is not known,
    since there is no excess error; claim 4 has none in a model of one layer, since no later layer could refine the
    estimate.
    """
    listed = [_learned(thresholds)] if floor_known else []
    listed += [*_layer_0(thresholds, null), *_negative_heads(thresholds, null)]
    return listed + (_refinement(thresholds) if n_layers > 1 else [])


def _learned(t: dict) -> Criterion:
    return Criterion(
        "1", "far_below_what_learns_nothing",
        "relative error beyond the floor, at the first five determined positions, over that of the strongest predictor "
        "that learns nothing in context",
        "<=", t["learned_ratio_max"], Measured.learned_ratio,
    )  # fmt: skip


def _layer_0(t: dict, null: pd.DataFrame) -> list[Criterion]:
    """Claim 2: what is read after layer 0 is a copy (a), no more is decodable (b), its heads are copying heads (c)."""
    listed = []
    for lens, told in (("raw", "the model's own readout"), ("fitted", "a readout fitted to the layer")):
        statistic = f"error of the estimate after layer 0, by {told}, over that of copying x_n"
        ratio = lambda m, model, lens=lens: m.lens_ratio(model, 0, lens, "copy_ratio")  # noqa: E731
        listed += [
            Criterion("2a", f"{lens}_as_good_as_copying", statistic, "<=", t["copy_ratio_max"], ratio),
            Criterion("2a", f"{lens}_no_better_than_copying", statistic, ">=", t["copy_ratio_min"], ratio),
        ]
    statistic = "variance of x_{n+1} that the best linear probe after layer 0 leaves unexplained, over that of copying"
    decodable = lambda m, model: m.decodable_ratio(model, 0)  # noqa: E731
    return [
        *listed,
        Criterion("2b", "as_good_as_copying", statistic, "<=", t["copy_ratio_max"], decodable),
        Criterion("2b", "no_better_than_copying", statistic, ">=", t["copy_ratio_min"], decodable),
        _beyond_null("2c", "positive_ov_circuit", "largest gain of a full OV circuit among the heads of layer 0",
                     ">=", "highest_ov_gain", t, null),
        _beyond_null("2c", "copies_a_recent_term", "largest derivative of what layer 0's attention contributes, by one "
                     "of the last four terms", ">=", "largest_derivative", t, null),
        Criterion("2c", "restored_by_direction", "share of what ablating the copying heads of layer 0 costs "
                  f"({t['ablation_kind']} ablation) that their part along the readout direction restores",
                  ">=", t["restored_min"], lambda m, model: m.restored(model, t["ablation_kind"])),
    ]  # fmt: skip


def _negative_heads(t: dict, null: pd.DataFrame) -> list[Criterion]:
    """Claim 3: heads of the last layer that oppose the prediction (a), that attend to unlike terms (b), or to like ones
    and write the opposite (c)."""
    readings = (
        ("3a", "output_opposes_prediction", "<=", "lowest_correlation",
         "lowest correlation of a last-layer head's direct contribution with the prediction"),
        ("3b", "attends_to_unlike_terms", "<=", "lowest_beyond",
         "lowest rank correlation, beyond position, of a last-layer head's attention with closeness to the query's "
         "term"),
        ("3c", "attends_to_like_and_opposes", ">=", "highest_beyond_of_opposing",
         "highest rank correlation, beyond position, of attention with closeness among the last-layer heads whose OV "
         "circuit negates the estimate"),
    )  # fmt: skip
    listed = []
    for claim, name, relation, statistic, told in readings:
        listed += [_beyond_null(claim, name, told, relation, statistic, t, null), _costs(claim, statistic, t)]
    gain = "feedback gain of the last layer's attention from the context, its pattern held"
    return [*listed, _beyond_null("3a", "feeds_back_negatively", gain, "<=", "feedback_gain", t, null)]


def _costs(claim: str, statistic: str, t: dict) -> Criterion:
    """That the head which a statistic names is needed."""
    find, kind = OF_UNTRAINED[statistic], t["ablation_kind"]
    told = f"change of the relative error without that head ({kind} ablation), judged by the interval's low end"
    return Criterion(
        claim, "ablation_costs", told, ">", 0.0, lambda m, model: m.head_cost(model, find(m, model), kind), "low"
    )


def _refinement(t: dict) -> list[Criterion]:
    """Claim 4, by the readout fitted to each layer, which no scale can mislead."""
    kind, listed = t["ablation_kind"], []
    for measure, told in (("change", ""), ("recalibrated_change", ", after a recalibration")):
        listed.append(
            Criterion("4", "needs_the_negative_heads" + "_recalibrated" * bool(told), "change of the relative error "
                      f"without all negative heads of the last layer together ({kind} ablation){told}, judged by the "
                      "interval's low end", ">", 0.0,
                      lambda m, model, measure=measure: m.negative_group_cost(model, kind, measure), "low")
        )  # fmt: skip
    return [
        Criterion("4", "every_layer_improves", "largest error after a layer over the error before it, layers 1 and "
                  "later, by a readout fitted to each", "<=", t["layer_ratio_max"],
                  lambda m, model: m.worst_step(model, "fitted")),
        Criterion("4", "last_layer_refines", "error after the last layer over the error before it, by a readout fitted "
                  "to each", "<=", t["refinement_ratio_max"],
                  lambda m, model: m.lens_ratio(model, m.last_layer, "fitted", "step_ratio")),
        *listed,
    ]  # fmt: skip


def _beyond_null(
    claim: str, name: str, told: str, relation: str, statistic: str, t: dict, null: pd.DataFrame
) -> Criterion:
    """That a statistic lies beyond a quantile of the untrained models'; judged by its interval's nearer end, if any."""
    level = t["null_level"] if relation == "<=" else 1 - t["null_level"]
    values = null.loc[null["statistic"] == statistic, "value"]
    if values.empty:
        raise ValueError(f"null: expected values of {statistic}, found {sorted(set(null['statistic']))}")
    return Criterion(
        claim, name, f"{told}; the threshold is the {level:.3g} quantile of {len(values)} untrained models", relation,
        float(values.quantile(level)), OF_UNTRAINED[statistic],
    )  # fmt: skip
