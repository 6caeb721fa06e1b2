"""The section `claims`: the thresholds of the claims, fixed before a run."""

from typing import Literal

from recurrence_circuits.config.base import Number, Settings, key


class ClaimSettings(Settings):
    """The thresholds of the claims."""

    learned_ratio_max: Number = key(
        0.1,
        "Claim 1, learned in context: largest relative error beyond the Bayes floor, at the first five determined "
        "positions, as a fraction of the strongest predictor's that learns nothing in context.",
        gt=0, le=1,
    )  # fmt: skip
    copy_ratio_min: Number = key(
        0.5,
        "Claim 2, layer 0 copies: smallest error of the estimate after layer 0, as a multiple of copying's (no better "
        "than that), below copy_ratio_max.",
        gt=0, le=100,
    )  # fmt: skip
    copy_ratio_max: Number = key(
        2.0,
        "Claim 2: largest error of the estimate after layer 0, as a multiple of copying's (about as good as that).",
        gt=0, le=100,
    )  # fmt: skip
    restored_min: Number = key(
        0.5,
        "Claim 2: smallest share of the copying heads' ablation cost that their part along the readout direction "
        "restores.",
        gt=0, le=1,
    )  # fmt: skip
    null_level: Number = key(
        0.01,
        "Claims 2 and 3: the share of untrained models that a statistic has to lie beyond, where it needs no training.",
        gt=0, le=0.5,
    )  # fmt: skip
    ablation_kind: Literal["zero", "mean", "resample"] = key(
        "mean",
        "Claims 2 to 4: the kind of ablation that costs are measured by.",
    )
    layer_ratio_max: Number = key(
        1.0,
        "Claim 4, refinement: largest error of the estimate after a layer (layers ≥ 1), as a multiple of the error "
        "before it, by a readout fitted to each.",
        gt=0, le=10,
    )  # fmt: skip
    refinement_ratio_max: Number = key(
        0.5,
        "Claim 4: largest error of the estimate after the last layer, as a multiple of the error before it.",
        gt=0, le=10,
    )  # fmt: skip
    agreement_min: Number = key(
        0.8,
        "Smallest share of seeds that hold a claim for the verdict supported; one minus it is the largest share for "
        "the verdict not supported, and between them it is mixed.",
        gt=0.5, le=1,
    )  # fmt: skip
