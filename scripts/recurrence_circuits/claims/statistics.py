"""The statistics behind the criteria: from one seed's tables, for the trained model or its untrained control."""

import numpy as np
import pandas as pd

# The tables that the statistics read, of all seeds.
TABLES = ("predictions", "ablation", "similarity", "lags", "circuits", "readout_lens", "probes", "feedback", "groups")
BEYOND = "attention_similarity_beyond_position"


class Measured:
    """One model's tables, and the statistics that the criteria need, each with value, low and high.

    model is `trained` or `untrained`; layers count from 0. A statistic raises ValueError if the tables lack its row.
    """

    def __init__(self, tables: dict[str, pd.DataFrame], name: str):
        """tables: some of TABLES by name, of one seed; name: of the seed, in messages."""
        self.tables, self.name = tables, name
        self.last_layer = int(tables["similarity"]["layer"].max())

    # ---- claim 1 -----------------------------------------------------------------------------------------------------

    def learned_ratio(self, model: str) -> pd.Series:
        """Relative excess error over the strongest predictor's that learns nothing: the largest of the ratios."""
        measure = {"trained": "model_ratio", "untrained": "untrained_ratio"}[model]
        return self._row(_rows(self.tables["predictions"], measure=measure).nlargest(1, "value"))

    # ---- claim 2: layer 0 --------------------------------------------------------------------------------------------

    def lens_ratio(self, model: str, after_layer: int, lens: str, measure: str) -> pd.Series:
        """A ratio of the error of a readout lens after a layer."""
        return self._row(self._whole("readout_lens"), model=model, after_layer=after_layer, lens=lens, measure=measure)

    def decodable_ratio(self, model: str, after_layer: int) -> pd.Series:
        """What a linear probe leaves unexplained of the next term, over what copying the last term leaves."""
        r2 = self._row(self._whole("probes"), model=model, after_layer=after_layer, target="next", shuffled=False)
        copying = self._baseline_error("copy_last") / self._baseline_error("zero")
        ends = {"value": "value", "low": "high", "high": "low"}  # the more a probe explains, the less it leaves
        return pd.Series({end: (1 - r2[other]) / copying for end, other in ends.items()})

    def highest_ov_gain(self, model: str) -> pd.Series:
        """The largest gain of a full OV circuit among the heads of layer 0."""
        gains = _rows(self.tables["circuits"], model=model, layer=0, measure="ov_gain")
        return _exact(self._row(gains.nlargest(1, "value"))["value"])

    def largest_derivative(self, model: str) -> pd.Series:
        """The largest derivative of what layer 0's attention contributes by one of the recent terms; its `lag`."""
        rows = _rows(self.tables["lags"], model=model, component="attention", layer=0, measure="derivative")
        return self._row(rows.nlargest(1, "value"))

    def restored(self, model: str, kind: str) -> pd.Series:
        """The share of what ablating the copying heads costs that their part along the readout restores.

        0 for a model whose heads of that group cost nothing, or that has none.
        """
        rows = _rows(
            self._whole("groups"),
            model=model, group="copying", members="chosen", intervention="direction_kept", kind=kind,
            measure="restored",
        )  # fmt: skip
        return self._row(rows) if len(rows) else _exact(0.0)

    # ---- claim 3: the last layer -------------------------------------------------------------------------------------

    def lowest_correlation(self, model: str) -> pd.Series:
        """The lowest correlation of a last-layer head's direct contribution with the prediction; the `head`."""
        return self._row(self._last_heads(model, "correlation_with_prediction").nsmallest(1, "value"))

    def lowest_beyond(self, model: str) -> pd.Series:
        """The lowest similarity of a last-layer head's attention beyond position; the `head`."""
        return self._row(self._last_heads(model, BEYOND).nsmallest(1, "value"))

    def highest_beyond_of_opposing(self, model: str) -> pd.Series:
        """The highest similarity beyond position of a last-layer head whose OV circuit negates the estimate; `head`.

        −1, the lowest there can be, if no head's does.
        """
        gains = _rows(self.tables["circuits"], model=model, layer=self.last_layer, measure="ov_estimate_gain")
        negative = gains.loc[gains["value"] < 0, "head"]
        heads = self._last_heads(model, BEYOND)
        found = heads[heads["head"].isin(negative)].nlargest(1, "value")
        return self._row(found) if len(found) else _exact(-1.0)

    def feedback_gain(self, model: str) -> pd.Series:
        """The feedback gain of the last layer's attention from the context, with the pattern held."""
        return self._row(
            self._whole("feedback"),
            model=model, component="attention", layer=self.last_layer, perturbed="context", pattern="held",
        )  # fmt: skip

    def head_cost(self, model: str, head: pd.Series, kind: str) -> pd.Series:
        """Change of the relative error without a head of the last layer that another statistic names, if it does."""
        if pd.isna(head.get("head")):
            return _exact(0.0)
        return self._row(
            self._whole("ablation"),
            model=model, component="head", layer=self.last_layer, head=head["head"], kind=kind, measure="change",
        )  # fmt: skip

    # ---- claim 4: refinement -----------------------------------------------------------------------------------------

    def worst_step(self, model: str, lens: str) -> pd.Series:
        """The largest ratio of errors after and before a layer, over the layers after layer 0."""
        rows = _rows(self._whole("readout_lens"), model=model, lens=lens, measure="step_ratio")
        return self._row(rows[rows["after_layer"] >= 1].nlargest(1, "value"))

    def negative_group_cost(self, model: str, kind: str, measure: str) -> pd.Series:
        """What ablating all negative heads of the last layer together costs, by a measure of the table `groups`."""
        return self._row(
            self._whole("groups"),
            model=model, group="negative", members="chosen", intervention="ablated", kind=kind, measure=measure,
        )  # fmt: skip

    # ---- rows --------------------------------------------------------------------------------------------------------

    def _baseline_error(self, predictor: str) -> float:
        return self._row(self._whole("predictions"), predictor=predictor, measure="relative_error")["value"]

    def _last_heads(self, model: str, measure: str) -> pd.DataFrame:
        return _rows(self.tables["similarity"], model=model, component="head", layer=self.last_layer, measure=measure)

    def _whole(self, table: str) -> pd.DataFrame:
        """A table's rows over the determined positions."""
        return self.tables[table][self.tables[table]["position"].isna()]

    def _row(self, table: pd.DataFrame, **where) -> pd.Series:
        rows = _rows(table, **where)
        if len(rows) != 1:
            raise ValueError(f"claims, {self.name}: expected one row with {where}, found {len(rows)}")
        return rows.iloc[0]


def _rows(table: pd.DataFrame, **where) -> pd.DataFrame:
    chosen = pd.Series(True, index=table.index)
    for column, value in where.items():
        chosen &= (table[column] == value).fillna(False)
    return table[chosen]


def _exact(value: float) -> pd.Series:
    """A statistic without an interval."""
    return pd.Series({"value": value, "low": np.nan, "high": np.nan})
