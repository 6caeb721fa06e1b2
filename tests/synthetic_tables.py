"""Made-up tables in the project's own columns, for the tests of what reads tables."""

import itertools

import numpy as np
import pandas as pd

from tables import COLUMNS

CONTEXT_LENGTH = 16
SCORES = [
    "correlation_with_last", "correlation_with_target", "correlation_with_prediction", "slope_on_last",
    "cosine_with_readout", "cosine_with_residual", "attention_similarity",
    "attention_similarity_mismatched", "attention_similarity_beyond_position", "attention_similarity_partial",
    "attention_to_self", "attention_to_previous", "attention_to_first", "attention_entropy",
]  # fmt: skip
BASELINES = {
    "zero": 3.0, "context_mean": 1.1, "copy_last": 0.2, "copy_previous": 0.6, "linear_extrapolation": 0.12,
    "best_linear": 0.017, "ridge": 0.004, "least_squares": 1e-27, "three_term": 1e-29, "bayes": 0.0, "untrained": 4.0,
}  # fmt: skip
COSTS = ["relative_error", "change", "recalibrated", "recalibrated_change"]
UNLEARNED = ["zero", "context_mean", "copy_last", "copy_previous", "linear_extrapolation", "best_linear"]


def product(**axes) -> pd.DataFrame:
    """Every combination of the values of the axes, one a row."""
    return pd.DataFrame(list(itertools.product(*axes.values())), columns=list(axes))


def finish(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame as the table `name`: with an interval around each value where none is given."""
    frame = frame.assign(experiment="affine")
    if "low" in COLUMNS[name] and "low" not in frame:
        width = 0.1 * frame["value"].abs()
        frame = frame.assign(low=frame["value"] - width, high=frame["value"] + width)
    return frame[list(COLUMNS[name])].astype(COLUMNS[name])


class Synthetic:
    """Tables of `n_seeds` models with layer 0 copying and the last layer opposing."""

    def __init__(self, n_seeds: int = 5, n_layers: int = 3, n_heads: int = 4, attention_only: bool = False):
        self.seeds, self.layers, self.heads = list(range(n_seeds)), list(range(n_layers)), list(range(n_heads))
        self.attention_only = attention_only

    def __getitem__(self, name: str) -> pd.DataFrame:
        self.draw = np.random.default_rng(1)  # the same table at every call
        return finish(name, getattr(self, name)())

    def noise(self, frame: pd.DataFrame, width: float) -> np.ndarray:
        return np.exp(width * self.draw.standard_normal(len(frame)))

    def learning_curves(self) -> pd.DataFrame:
        frame = product(seed=self.seeds, step=range(0, 6001, 250))
        frame["excess"] = np.exp(-frame["step"] / 1000) * self.noise(frame, 0.2) + 2e-3
        return frame.assign(loss=frame["excess"] + 0.12, mse=frame["excess"], learning_rate=1e-3)

    def predictions(self) -> pd.DataFrame:
        frame = product(seed=self.seeds, predictor=[*BASELINES, "model"], position=[*range(CONTEXT_LENGTH), pd.NA])
        level = frame["predictor"].map({**BASELINES, "model": 2e-3})
        early = frame["position"].fillna(9).astype(int) < 2
        frame["value"] = np.where(early, 1.0 + 0.1 * level.clip(upper=5), level)
        of_model = frame["predictor"] == "model"
        frame.loc[of_model, "value"] *= self.noise(frame[of_model], 0.3)
        frame = frame.assign(measure="mse")
        errors = frame[frame["position"].isna()].pivot(index="seed", columns="predictor", values="value")
        ratios = [
            {"seed": seed, "predictor": name, "measure": "model_ratio", "value": row["model"] / row[name]}
            for seed, row in errors.iterrows()
            for name in UNLEARNED
        ]
        relative = frame.assign(measure="relative_error", value=frame["value"] / 2)
        return pd.concat([frame, relative, pd.DataFrame(ratios)])

    def quality(self) -> pd.DataFrame:
        statistics = {
            ("quantile", 0.5): 0.1,
            ("quantile", 0.9): 1.0,
            ("quantile", 0.99): 5.0,
            ("quantile", 0.999): 30.0,
        }
        statistics |= {("mean", 1.0): 2.0, ("tail_share", 0.999): 0.8}
        frame = product(
            seed=self.seeds, predictor=["model", "untrained", *UNLEARNED, "bayes"], positions=["determined", "early"],
            measure=["squared_error", "relative_error"], place=list(statistics),
        )  # fmt: skip
        share = frame["place"].map(statistics)
        level = frame["predictor"].map({**BASELINES, "model": 2e-3})
        frame[["statistic", "level"]] = frame.pop("place").tolist()
        frame["value"] = np.where(frame["statistic"] == "tail_share", share, share * level)
        of_quantile = frame["statistic"] == "quantile"
        return frame.assign(
            low=(0.9 * frame["value"]).where(of_quantile), high=(1.1 * frame["value"]).where(of_quantile)
        )

    def failures(self) -> pd.DataFrame:
        frame = product(
            seed=self.seeds, predictor=["model", "untrained", "copy_previous", "best_linear"],
            measure=["squared_error", "relative_error"], by=["largest_term", "a", "b", "x0"], lower=[0.0, 1.0, 2.0],
        )  # fmt: skip
        return frame.assign(upper=2 * frame["lower"].clip(lower=0.5), value=0.05 * frame["lower"] ** 2)

    def ablation(self) -> pd.DataFrame:
        places = [*(("head", head) for head in self.heads), ("attention", pd.NA)]
        places += [] if self.attention_only else [("mlp", pd.NA)]
        frame = product(
            seed=self.seeds, model=["trained", "untrained"], place=places, layer=self.layers,
            kind=["zero", "mean", "resample"], position=[2, 9, pd.NA], measure=COSTS,
        )  # fmt: skip
        frame[["component", "head"]] = frame.pop("place").tolist()
        frame["value"] = 10.0 ** self.draw.uniform(-4, 0.5, len(frame)) * self.draw.choice([1, 1, 1, -0.1], len(frame))
        return frame

    def similarity(self) -> pd.DataFrame:
        frame = product(
            seed=self.seeds, model=["trained", "untrained"], component=["head"],
            layer=self.layers, head=self.heads, measure=SCORES,
        )  # fmt: skip
        mean = frame["layer"].map({0: 0.6, max(self.layers): -0.5}).fillna(0.1) * (frame["model"] == "trained")
        frame["value"] = (mean + 0.2 * self.draw.standard_normal(len(frame))).clip(-1, 1)
        most = product(
            seed=self.seeds, model=["trained", "untrained"], component=["closeness"],
            measure=["attention_similarity_beyond_position"], value=[0.09],
        )  # fmt: skip
        return pd.concat([frame, most]).assign(low=np.nan, high=np.nan)

    def lags(self) -> pd.DataFrame:
        places = [*(("head", head) for head in self.heads), ("attention", pd.NA)]
        places += [] if self.attention_only else [("mlp", pd.NA), ("layer", pd.NA)]
        measures = ["derivative", "correlation", "correlation_negative_a", "correlation_positive_a"]
        frame = product(
            seed=self.seeds, model=["trained", "untrained"], place=places, layer=self.layers, lag=range(4),
            measure=measures,
        )  # fmt: skip
        frame[["component", "head"]] = frame.pop("place").tolist()
        copied = (frame["lag"] == 1) & (frame["layer"] == 0) & (frame["model"] == "trained")
        return frame.assign(value=0.5 * copied + 0.05 * self.draw.standard_normal(len(frame)))

    def cosines(self) -> pd.DataFrame:
        frame = product(
            seed=self.seeds, model=["trained", "untrained"], layer=self.layers, head=self.heads,
            other_layer=self.layers, other_head=self.heads,
        )  # fmt: skip
        same = (frame["layer"] == frame["other_layer"]) & (frame["head"] == frame["other_head"])
        return frame.assign(value=np.where(same, 1.0, self.draw.uniform(-0.8, 0.8, len(frame))))

    def attention(self) -> pd.DataFrame:
        terms = range(CONTEXT_LENGTH)
        frame = product(
            seed=self.seeds, model=["trained", "untrained"], layer=self.layers, head=self.heads, query=terms, key=terms
        )
        frame = frame[frame["key"] <= frame["query"]].copy()
        sharpness = 0.2 + frame["head"]
        frame["value"] = np.exp(-sharpness * (frame["query"] - frame["key"]))
        whole = frame.groupby(["seed", "model", "layer", "head", "query"])["value"].transform("sum")
        return frame.assign(value=frame["value"] / whole)

    def attribution(self) -> pd.DataFrame:
        frame = product(seed=self.seeds, layer=self.layers, head=self.heads, sequence=range(200))
        frame["position"] = 2 + frame["sequence"] % (CONTEXT_LENGTH - 2)
        frame["term"] = 2 * self.draw.standard_t(4, len(frame))
        frame["contribution"] = (0.8 - 0.6 * frame["layer"]) * frame["term"] + 0.3 * self.draw.normal(size=len(frame))
        return frame.assign(next_term=0.8 * frame["term"], coordinate=0)

    def readout_lens(self) -> pd.DataFrame:
        frame = product(
            seed=self.seeds, model=["trained", "untrained"], after_layer=[-1, *self.layers],
            lens=["raw", "calibrated", "fitted"], position=[*range(CONTEXT_LENGTH), pd.NA],
            measure=["relative_error", "copy_ratio", "step_ratio", "linear_ratio"],
        )  # fmt: skip
        level = 10.0 ** (-0.8 * frame["after_layer"]) * (frame["model"] == "trained") + 0.01
        frame["value"] = (level + 5 * (frame["model"] == "untrained")) * self.noise(frame, 0.2)
        return frame

    def groups(self) -> pd.DataFrame:
        kinds = ["zero", "mean", "resample"]
        frame = product(
            seed=self.seeds, model=["trained", "untrained"], group=["negative", "copying", "all"],
            members=["chosen", "random_same_layer"], intervention=["ablated", "kept"], kind=kinds,
            position=[2, 9, pd.NA], measure=[*COSTS, "copy_ratio"],
        )  # fmt: skip
        frame = frame[(frame["group"] != "all") | (frame["members"] == "chosen")]
        frame["value"] = 10.0 ** self.draw.uniform(-2, 1, len(frame)) * self.draw.choice([1, 1, 1, -0.1], len(frame))
        return frame.assign(size=1, heads="L0H0")

    def patterns(self) -> pd.DataFrame:
        """The last layer keeps nearly all without its pattern, the others little."""
        frame = product(
            seed=self.seeds, model=["trained", "untrained"], layer=self.layers, head=[*self.heads, pd.NA],
            replaced=["mean", "uniform", "distance", "other"], position=[2, 9, pd.NA],
            measure=[*COSTS, "kept", "recalibrated_kept"],
        )  # fmt: skip
        share = frame["measure"].isin(["kept", "recalibrated_kept"])
        frame = frame[~share | frame["position"].isna()].copy()
        lost = np.where(frame["layer"] == max(self.layers), 0.01, 0.5) * self.noise(frame, 0.3)
        return frame.assign(value=np.where(share[frame.index], 1 - lost, lost))

    def probes(self) -> pd.DataFrame:
        frame = product(
            seed=self.seeds, model=["trained", "untrained"], after_layer=[-1, *self.layers],
            target=["last", "next", "a", "b"], shuffled=[False, True], position=[*range(CONTEXT_LENGTH), pd.NA],
        )  # fmt: skip
        missing = np.where(frame["model"] == "trained", 0.1, 0.5) ** (frame["after_layer"] + 2)
        missing = np.where(frame["shuffled"], 1.001, missing * self.noise(frame, 0.1))
        return frame.assign(value=1 - missing, low=0.99 - missing, high=1 - 0.9 * missing)

    def counterfactuals(self) -> pd.DataFrame:
        """Layer 0 fetches what x_0 says; at n = 2 and 3."""
        frames = []
        for position in (2, 3):
            single, query = [(k, k) for k in range(position + 1)], [(position, position)]
            n_layers = len(self.layers)
            places = [(kind, layer, pd.NA, *span) for kind in ("residual", "attention") for layer in self.layers
                      for span in single]  # fmt: skip
            mlps = [] if self.attention_only else self.layers
            places += [("mlp", layer, pd.NA, *query[0]) for layer in mlps]
            places += [("head", layer, head, *query[0]) for layer in self.layers for head in self.heads]
            places += [("residual", n_layers, pd.NA, *query[0]), ("residual", 0, pd.NA, 0, position)]
            frame = product(seed=self.seeds, model=["trained", "untrained"], place=places, position=[position])
            frame[["component", "layer", "head", "first_swapped", "last_swapped"]] = frame.pop("place").tolist()
            frames.append(frame)
        frame = pd.concat(frames, ignore_index=True)
        stream, early = frame["component"] == "residual", frame["first_swapped"] == 0
        share = np.where(stream, early == (frame["layer"] == 0), frame["layer"] == 0) * self.noise(frame, 0.01)
        frame = frame.assign(measure="share", value=share)
        whole = frame[stream & early & (frame["last_swapped"] == frame["position"])]
        others = [whole.assign(measure=name, value=value) for name, value in (("response", 0.9), ("kept", 0.3))]
        return pd.concat([frame, *others])

    def formation(self) -> pd.DataFrame:
        measures = {"relative_error": 3.0, "relative_excess": 3.0, "layer0_slope": 0.3, "layer0_correlation": 0.8}
        measures |= {"last_layer_slope": -0.4, "last_layer_correlation": -0.9}
        measures |= {"feedback_context": -0.2, "feedback_query": -0.04}
        frame = product(seed=self.seeds, measure=list(measures), step=[0, 6, 12, 24, 48, 95, 189, 378, 754, 1500, 6000])
        learned = frame["step"] / (frame["step"] + 300)
        share = np.where(frame["measure"].isin(["relative_error", "relative_excess"]), np.exp(-6 * learned), learned)
        return frame.assign(value=frame["measure"].map(measures) * share * self.noise(frame, 0.1))

    def circuits(self) -> pd.DataFrame:
        frame = product(
            seed=self.seeds, model=["trained", "untrained"], layer=self.layers, head=self.heads,
            measure=["ov_gain", "ov_estimate_gain", "ov_copying_score", "qk_gain", "qk_matching_score", "qk_largest"],
        )  # fmt: skip
        mean = frame["layer"].map({0: 0.6, max(self.layers): -0.5}).fillna(0.1) * (frame["model"] == "trained")
        return frame.assign(value=(mean + 0.1 * self.draw.standard_normal(len(frame))).clip(-1, 1))

    def composition(self) -> pd.DataFrame:
        frame = product(
            seed=self.seeds, model=["trained", "untrained"], layer=self.layers, head=self.heads,
            other_layer=self.layers, other_head=self.heads, input=["query", "key", "value"],
        )  # fmt: skip
        frame = frame[frame["layer"] < frame["other_layer"]]
        return frame.assign(value=self.draw.uniform(0.1, 0.3, len(frame)))

    def feedback(self) -> pd.DataFrame:
        places = [*(("head", head) for head in self.heads), ("attention", pd.NA)]
        frame = product(
            seed=self.seeds, model=["trained", "untrained"], place=places, layer=self.layers,
            perturbed=["query", "context"], pattern=["free", "held"], position=[2, 9, pd.NA],
        )  # fmt: skip
        frame[["component", "head"]] = frame.pop("place").tolist()
        mean = frame["layer"].map({0: 0.6, max(self.layers): -0.4}).fillna(0.1) * (frame["model"] == "trained")
        return frame.assign(value=mean + 0.05 * self.draw.standard_normal(len(frame)))

    def paths(self) -> pd.DataFrame:
        last = max(self.layers)
        senders = [*(("head", head) for head in self.heads), ("mlp", pd.NA)][: None if not self.attention_only else -1]
        receivers = [("residual", None, pd.NA, pd.NA), ("total", None, pd.NA, pd.NA)]
        for read in ("query", "key", "value") if last else ():
            receivers += [(read, "head", last, head) for head in self.heads] + [(read, "attention", last, pd.NA)]
        frame = product(
            seed=self.seeds, model=["trained", "untrained"], sender=senders, receiver=receivers,
            measure=["prediction_change", "change", "slope_on_last"],
        )  # fmt: skip
        frame[["component", "head"]] = frame.pop("sender").tolist()
        frame[["input", "receiver_component", "receiver_layer", "receiver_head"]] = frame.pop("receiver").tolist()
        size = 10.0 ** self.draw.uniform(-6, 0, len(frame))
        sign = np.where((frame["measure"] == "slope_on_last") & (frame["input"] == "value"), -1, 1)
        return frame.assign(layer=0, value=sign * size)

    def algorithm(self) -> pd.DataFrame:
        """In distribution near `bayes`, away from it further the higher the level."""
        levels = [("in_distribution", 0.0), ("noise", 0.1), ("noise", 0.3), ("b", 2.0), ("late_start", 8.0)]
        far = {"bayes": 1e-4, "ridge": 1e-4, "best_linear": 2e-3, "copy_last": 0.02, "zero": 1.0}
        frame = product(
            seed=self.seeds, model=["trained", "untrained"], place=levels, predictor=[*far, "model"],
            position=[*range(CONTEXT_LENGTH), pd.NA], measure=["distance", "relative_error", "relative"],
        )  # fmt: skip
        frame[["condition", "level"]] = frame.pop("place").tolist()
        own = frame["predictor"] == "model"
        frame = frame[~(own & (frame["measure"] != "relative_error"))]
        frame = frame[(frame["measure"] != "relative") | frame["position"].isna()].copy()
        frame["value"] = 8 * frame["predictor"].map(far | {"model": 1e-4}) * (1 + frame["level"]) ** 3
        frame.loc[frame["measure"] == "relative", "value"] /= 8
        frame.loc[frame["predictor"] == "zero", "value"] = np.where(
            frame.loc[frame["predictor"] == "zero", "measure"] == "relative", 1.0, 8.0
        )
        return frame

    def nearest(self) -> pd.DataFrame:
        frame = self.algorithm()
        frame = frame.drop_duplicates(["seed", "model", "condition", "level"])
        departs = np.where(frame["level"] > 1, 4, None)
        return frame.assign(nearest="bayes", tied="ridge", reference="bayes", departs=departs)

    def reduced_models(self) -> pd.DataFrame:
        shares = {"copy": -0.5, "layer_0": -0.2, "last_attention": 0.95, "whole": 1.0}
        if len(self.layers) > 1:
            shares |= {"copy_feedback": -0.1, "layer_0_feedback": 0.3, "inner_layers_feedback": 0.9}
        frame = product(
            seed=self.seeds, model=["trained", "untrained"], reduced=list(shares),
            position=[*range(CONTEXT_LENGTH), pd.NA],
            measure=["explained", "refinement", "relative_error", "relative_excess"],
        )  # fmt: skip
        frame["value"] = frame["reduced"].map(shares)
        error = frame["measure"].isin(["relative_error", "relative_excess"])
        frame.loc[error, "value"] = 0.2 * (1 - frame.loc[error, "value"])
        return frame

    def mechanism(self) -> pd.DataFrame:
        parts = [("linear", None, None, 0.8), ("account", None, None, 0.97)]
        for layer in self.layers:
            parts += [("by_position", "attention", layer, 0.5), ("first_order", "attention", layer, 0.6)]
        parts += [("fixed_scale", "norm", layer, 0.9) for layer in range(len(self.layers) + 1)]
        reduced = pd.DataFrame(parts, columns=["reduced", "component", "layer", "value"])
        places = product(
            seed=self.seeds, model=["trained", "untrained"], position=[*range(5), pd.NA],
            measure=["refinement", "relative_error"],
        )  # fmt: skip
        frame = places.merge(reduced, how="cross")
        frame.loc[frame["measure"] == "relative_error", "value"] = 0.2 * (1 - frame["value"])
        pairs = product(
            seed=self.seeds, model=["trained", "untrained"], position=[2, 3, 4], measure=["change", "swaps"]
        )  # fmt: skip
        return pd.concat([frame, pairs.assign(reduced="account", value=0.9)], ignore_index=True)

    def handcrafted(self) -> pd.DataFrame:
        errors = {"copy_last": 0.2, "bayes": 0.0, "best_linear": 0.0174, "fixed": 0.06, "positional": 0.0177}
        errors |= {"content_1": 0.05, "content_2": 0.02, "content_3": 0.005}
        layers = {"fixed": 1, "positional": 1, "content_1": 2, "content_2": 3, "content_3": 4}
        frame = product(predictor=list(errors), position=[*range(CONTEXT_LENGTH), pd.NA])
        frame["n_layers"] = frame["predictor"].map(layers)
        return frame.assign(value=frame["predictor"].map(errors), measure="mse")

    def agreement(self) -> pd.DataFrame:
        """All statistics of the first seed agree but one of the verdicts' and one cost of ablation."""
        statistics = [  # use, statistic, kind, what the sets are apart by, in intervals' widths
            ("claim 2b", "unexplained over that of copying", pd.NA, 3.0),
            ("claim 3a", "change without that head (mean ablation)", "mean", 0.5),
            ("claim 3a", "change without that head (zero ablation)", "zero", 5.0),
            ("ablation", "change without L2H1 (mean ablation)", "mean", 0.2),
            ("ablation", "change without L2H1 (zero ablation)", "zero", 4.0),
            ("explained share", "share of the prediction that copy explains", pd.NA, 0.9),
        ]
        names = ["use", "statistic", "kind"]
        apart = pd.DataFrame(statistics, columns=[*names, "value"]).assign(measure="disagreement")
        first = apart[names].assign(measure="first", value=2.0, low=1.8, high=2.2)
        second = first.assign(measure="second", value=2.0 + 0.4 * apart["value"])
        second = second.assign(low=second["value"] - 0.2, high=second["value"] + 0.2)
        exact = {"use": "claim 2c", "statistic": "largest gain", "kind": pd.NA, "value": 1.0}
        exacts = pd.DataFrame([exact | {"measure": measure} for measure in ("first", "second")])
        return pd.concat([first, second, apart, exacts]).assign(seed=self.seeds[0])

    def claims(self) -> pd.DataFrame:
        copying = "error of the estimate after layer 0 over that of copying x_n"
        criteria = [  # claim, criterion, statistic, relation, threshold, centre of the values, value of the control
            ("1", "far_below", "excess error over that of the strongest simple baseline", "<=", 0.1, 0.02, 9.0),
            ("2", "follows", "correlation of layer 0's summed direct contribution with x_n", ">=", 0.5, 0.7, 0.1),
            ("2", "as_good", copying, "<=", 2.0, 1.1, 8.0),
            ("2", "no_better", copying, ">=", 0.5, 1.1, 8.0),
            ("3a", "opposes", "lowest correlation of a last-layer head with the prediction", "<=", -0.3, -0.3, 0.02),
            ("3a", "costs", "change of error without that head, the interval's low end", ">", 0.0, 0.2, -0.01),
        ]
        frame = pd.DataFrame(
            criteria, columns=["claim", "criterion", "statistic", "relation", "threshold", "centre", "control_value"]
        ).merge(pd.DataFrame({"seed": self.seeds}), how="cross")
        frame["value"] = frame.pop("centre") * self.noise(frame, 0.3)
        frame["low"], frame["high"] = frame["value"] - 0.01, frame["value"] + 0.01
        for holds, value in (("holds", "value"), ("control_holds", "control_value")):
            frame[holds] = np.where(
                frame["relation"] == "<=", frame[value] <= frame["threshold"], frame[value] >= frame["threshold"]
            )
        whole = frame.groupby(["claim", "seed"], as_index=False).agg(
            threshold=("holds", "size"), value=("holds", "sum"), holds=("holds", "all"),
            control_value=("control_holds", "sum"), control_holds=("control_holds", "all"),
        )  # fmt: skip
        whole = whole.assign(criterion="all", statistic="criteria of this claim that hold", relation=">=")
        frame = pd.concat([whole, frame]).sort_values("claim", kind="stable")

        groups, n_seeds = frame.groupby(["claim", "criterion"]), len(self.seeds)
        frame["seeds_in_support"] = groups["holds"].transform("sum").astype(int)
        frame["control_in_support"] = groups["control_holds"].transform("sum").astype(int)
        share = frame["seeds_in_support"] / n_seeds
        frame["verdict"] = np.select([share == 1, share == 0], ["supported", "not supported"], "mixed")
        verdicts = frame[frame["criterion"] == "all"].drop_duplicates("claim").set_index("claim")["verdict"]
        frame["claim_verdict"] = frame["claim"].map(verdicts)
        statements = {"1": "The recurrence is learned", "2": "Layer 0 copies", "3a": "The last layer opposes"}
        frame["statement"] = frame["claim"].map(statements)
        return frame.assign(
            role="exploration", n_seeds=n_seeds, support_low=share * 0.8, support_high=0.2 + share * 0.8
        )
