"""The criteria: a statistic of each seed, and of its untrained control, against a threshold.

The config fixes the thresholds before a run. A criterion that fails is shown as failing.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass, replace

import pandas as pd

# The tables that the criteria read, of all seeds.
TABLES = ("predictions", "ablation", "similarity", "readout_lens", "probes", "feedback", "groups")
RELATIONS = {"<=": operator.le, ">=": operator.ge, ">": operator.gt}


class Measured:
    """One seed's tables, and the statistics that the criteria need, each with value, low and high.

    model is `trained` or `untrained`; layers count from 0. A statistic raises ValueError if the tables lack its row.
    """

    def __init__(self, tables: dict[str, pd.DataFrame], seed: int):
        """tables: those of TABLES by name, of all seeds."""
        self.tables = {name: table[table["seed"] == seed] for name, table in tables.items()}
        self.seed = seed
        self.last_layer = int(self.tables["similarity"]["layer"].max())

    def learned_ratio(self, model: str) -> pd.Series:
        """Relative excess error over the strongest predictor's that learns nothing: the largest of the ratios."""
        measure = {"trained": "model_ratio", "untrained": "untrained_ratio"}[model]
        return self._row(_rows(self.tables["predictions"], measure=measure).nlargest(1, "value"))

    def layer_similarity(self, model: str, layer: int, measure: str) -> pd.Series:
        """A similarity of a layer's heads together."""
        return self._row(self.tables["similarity"], model=model, component="attention", layer=layer, measure=measure)

    def lowest_head(self, model: str, measure: str) -> pd.Series:
        """The lowest value of a similarity among the last layer's heads, and which `head` has it."""
        table = self.tables["similarity"]
        heads = _rows(table, model=model, component="head", layer=self.last_layer, measure=measure)
        return self._row(heads.nsmallest(1, "value"))

    def lowest_head_cost(self, model: str, measure: str, kind: str) -> pd.Series:
        """Change of the relative error over the determined positions without the head that `lowest_head` finds."""
        head = self.lowest_head(model, measure)["head"]
        return self._row(
            self._whole("ablation"),
            model=model, component="head", layer=self.last_layer, head=head, kind=kind, measure="change",
        )  # fmt: skip

    def readout_ratio(self, model: str, after_layer: int, measure: str) -> pd.Series:
        """A ratio of the error of the raw readout lens after a layer."""
        lens = self._whole("readout_lens")
        return self._row(lens, model=model, after_layer=after_layer, lens="raw", measure=measure)

    def decodable_ratio(self, model: str, after_layer: int) -> pd.Series:
        """What a linear probe leaves unexplained of the next term, over what copying the last term leaves."""
        r2 = self._row(self._whole("probes"), model=model, after_layer=after_layer, target="next", shuffled=False)
        copying = self._baseline_error("copy_last") / self._baseline_error("zero")
        ends = {"value": "value", "low": "high", "high": "low"}  # the more a probe explains, the less it leaves
        return pd.Series({end: (1 - r2[other]) / copying for end, other in ends.items()})

    def feedback_gain(self, model: str) -> pd.Series:
        """The feedback gain of the last layer's attention from the context."""
        return self._row(
            self._whole("feedback"),
            model=model, component="attention", layer=self.last_layer, perturbed="context", pattern="free",
        )  # fmt: skip

    def negative_group_error(self, model: str, kind: str) -> pd.Series:
        """Relative error without all negative heads of the last layer together, over that of copying the last term."""
        return self._row(
            self._whole("groups"),
            model=model, group="negative", members="chosen", intervention="ablated", kind=kind, measure="copy_ratio",
        )  # fmt: skip

    def _baseline_error(self, predictor: str) -> float:
        return self._row(self._whole("predictions"), predictor=predictor, measure="mse")["value"]

    def _whole(self, name: str) -> pd.DataFrame:
        """A table's rows over the determined positions."""
        table = self.tables[name]
        return table[table["position"].isna()]

    def worst_step(self, model: str) -> pd.Series:
        """The largest ratio of errors after and before a layer, over the layers after layer 0."""
        rows = _rows(self._whole("readout_lens"), model=model, lens="raw", measure="step_ratio")
        return self._row(rows[rows["after_layer"] >= 1].nlargest(1, "value"))

    def _row(self, table: pd.DataFrame, **where) -> pd.Series:
        rows = _rows(table, **where)
        if len(rows) != 1:
            raise ValueError(f"claims, seed {self.seed}: expected one row with {where}, found {len(rows)}")
        return rows.iloc[0]


def _rows(table: pd.DataFrame, **where) -> pd.DataFrame:
    chosen = pd.Series(True, index=table.index)
    for column, value in where.items():
        chosen &= (table[column] == value).fillna(False)
    return table[chosen]


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
        return RELATIONS[self.relation](row[self.judged], self.threshold)


def criteria(thresholds: dict, n_layers: int, floor_known: bool) -> list[Criterion]:
    """The criteria of claims 1 to 4, with the thresholds of the config's `claims` section.

    Claim 1 has none where the Bayes floor is not known, since there is no excess error; claim 4 has none in a model of
    one layer, since no later layer could refine the estimate.
    """
    t = thresholds
    follows = Criterion(
        "", "follows_last_term", "correlation of layer 0's summed direct contribution with x_n",
        ">=", t["copy_correlation_min"], lambda m, model: m.layer_similarity(model, 0, "correlation_with_last"),
    )  # fmt: skip
    estimates = (
        ("2a", "error of the estimate after layer 0, by the model's own readout, over that of copying x_n",
         lambda m, model: m.readout_ratio(model, 0, "copy_ratio")),
        ("2b", "variance of x_{n+1} that the best linear probe after layer 0 leaves unexplained, over that of copying",
         lambda m, model: m.decodable_ratio(model, 0)),
    )  # fmt: skip
    listed = []
    if floor_known:
        listed.append(
            Criterion("1", "far_below_simple_baselines",
                      "relative error beyond the floor, at the first five determined positions, over that of the "
                      "strongest predictor that learns nothing in context",
                      "<=", t["learned_ratio_max"], lambda m, model: m.learned_ratio(model))
        )  # fmt: skip
    for claim, statistic, measure in estimates:
        listed += [
            replace(follows, claim=claim),
            Criterion(claim, "as_good_as_copying", statistic, "<=", t["copy_ratio_max"], measure),
            Criterion(claim, "no_better_than_copying", statistic, ">=", t["copy_ratio_min"], measure),
        ]
    readings = (
        ("3a", "output_opposes_prediction", "correlation_with_prediction", t["negative_correlation_max"],
         "lowest correlation of a last-layer head's direct contribution with the prediction"),
        ("3b", "attends_to_unlike_terms", "attention_similarity", t["negative_attention_max"],
         "lowest rank correlation of a last-layer head's attention with closeness to the query's term"),
    )  # fmt: skip
    for claim, name, measure, threshold, statistic in readings:
        listed += [
            Criterion(claim, name, statistic, "<=", threshold,
                      lambda m, model, measure=measure: m.lowest_head(model, measure)),
            Criterion(claim, "ablation_costs", "change of the relative error without that head "
                      f"({t['ablation_kind']} ablation), judged by the interval's low end", ">", 0.0,
                      lambda m, model, measure=measure: m.lowest_head_cost(model, measure, t["ablation_kind"]), "low"),
        ]  # fmt: skip
    listed.append(
        Criterion("3a", "feeds_back_negatively", "feedback gain of the last layer's attention from the context, "
                  "judged by the interval's high end", "<=", t["feedback_gain_max"],
                  lambda m, model: m.feedback_gain(model), "high")
    )  # fmt: skip
    if n_layers > 1:
        listed += [
            Criterion("4", "every_layer_improves",
                      "largest error after a layer over the error before it, layers 1 and later",
                      "<=", t["layer_ratio_max"], lambda m, model: m.worst_step(model)),
            Criterion("4", "last_layer_refines", "error after the last layer over the error before it",
                      "<=", t["refinement_ratio_max"],
                      lambda m, model: m.readout_ratio(model, m.last_layer, "step_ratio")),
            Criterion("4", "needs_the_negative_heads", "relative error without all negative heads of the last layer "
                      f"together ({t['ablation_kind']} ablation) over that of copying x_n",
                      ">=", t["negative_group_error_min"],
                      lambda m, model: m.negative_group_error(model, t["ablation_kind"])),
        ]  # fmt: skip
    return listed
