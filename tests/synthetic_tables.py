"""Made-up tables in the project's own columns, for the tests of what reads tables."""

import itertools

import numpy as np
import pandas as pd
from recurrence_circuits.tables import COLUMNS

N_TERMS = 16
SCORES = [
    "correlation_with_last", "correlation_with_target", "correlation_with_prediction", "slope_on_last",
    "cosine_with_readout", "cosine_with_residual", "attention_similarity",
    "attention_to_self", "attention_to_previous", "attention_to_first", "attention_entropy",
]  # fmt: skip
BASELINES = {
    "zero": 3.0, "context_mean": 1.1, "copy_last": 0.2, "copy_previous": 0.6, "linear_extrapolation": 0.12,
    "ridge": 0.004, "least_squares": 1e-27, "three_term": 1e-29, "bayes": 0.0, "untrained": 4.0,
}  # fmt: skip
SIMPLE = ["zero", "context_mean", "copy_last", "copy_previous", "linear_extrapolation"]


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

    def history(self) -> pd.DataFrame:
        frame = product(seed=self.seeds, step=range(0, 6001, 250))
        frame["excess"] = np.exp(-frame["step"] / 1000) * self.noise(frame, 0.2) + 2e-3
        return frame.assign(loss=frame["excess"] + 0.12, mse=frame["excess"], learning_rate=1e-3)

    def predictions(self) -> pd.DataFrame:
        frame = product(seed=self.seeds, predictor=[*BASELINES, "model"], position=[*range(N_TERMS), pd.NA])
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
            for name in SIMPLE
        ]
        return pd.concat([frame, pd.DataFrame(ratios)])

    def ablation(self) -> pd.DataFrame:
        places = [*(("head", head) for head in self.heads), ("attention", pd.NA)]
        places += [] if self.attention_only else [("mlp", pd.NA)]
        frame = product(
            seed=self.seeds, model=["trained", "untrained"], place=places, layer=self.layers,
            kind=["zero", "mean", "resample"], position=[2, 9, pd.NA], measure=["mse", "mse_change"],
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
        return frame.assign(low=np.nan, high=np.nan)

    def cosines(self) -> pd.DataFrame:
        frame = product(
            seed=self.seeds, model=["trained", "untrained"], layer=self.layers, head=self.heads,
            other_layer=self.layers, other_head=self.heads,
        )  # fmt: skip
        same = (frame["layer"] == frame["other_layer"]) & (frame["head"] == frame["other_head"])
        return frame.assign(value=np.where(same, 1.0, self.draw.uniform(-0.8, 0.8, len(frame))))

    def attention(self) -> pd.DataFrame:
        terms = range(N_TERMS)
        frame = product(
            seed=self.seeds, model=["trained", "untrained"], layer=self.layers, head=self.heads, query=terms, key=terms
        )
        frame = frame[frame["key"] <= frame["query"]].copy()
        sharpness = 0.2 + frame["head"]
        frame["value"] = np.exp(-sharpness * (frame["query"] - frame["key"]))
        whole = frame.groupby(["seed", "model", "layer", "head", "query"])["value"].transform("sum")
        return frame.assign(value=frame["value"] / whole)

    def contributions(self) -> pd.DataFrame:
        frame = product(seed=self.seeds, layer=self.layers, head=self.heads, sequence=range(200))
        frame["position"] = 2 + frame["sequence"] % (N_TERMS - 2)
        frame["term"] = 2 * self.draw.standard_t(4, len(frame))
        frame["contribution"] = (0.8 - 0.6 * frame["layer"]) * frame["term"] + 0.3 * self.draw.normal(size=len(frame))
        return frame.assign(target=0.8 * frame["term"], coordinate=0)

    def estimates(self) -> pd.DataFrame:
        frame = product(
            seed=self.seeds, model=["trained", "untrained"], after_layer=[-1, *self.layers],
            position=[*range(N_TERMS), pd.NA], measure=["mse", "copy_ratio", "step_ratio"],
        )  # fmt: skip
        level = 10.0 ** (-0.8 * frame["after_layer"]) * (frame["model"] == "trained") + 0.01
        frame["value"] = (level + 5 * (frame["model"] == "untrained")) * self.noise(frame, 0.2)
        return frame

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
        return frame.assign(n_seeds=n_seeds, support_low=share * 0.8, support_high=0.2 + share * 0.8)
