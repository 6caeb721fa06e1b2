"""The section `claims`: the thresholds of the claims, fixed before a run."""

from typing import Literal

from recurrence_circuits.config.base import Number, Settings, key


class ClaimSettings(Settings):
    """The thresholds of the claims."""

    learned_ratio_max: Number = key(
        0.1,
        "Claim 1, learned in context: largest relative error beyond the Bayes floor, at the first five determined "
        "positions, as a fraction of that of the strongest predictor that learns nothing in context.",
        gt=0, le=1,
    )  # fmt: skip
    copy_correlation_min: Number = key(
        0.5,
        "Claim 2, layer 0 copies: smallest correlation of layer 0's direct contribution with x_n.",
        ge=-1, le=1,
    )  # fmt: skip
    copy_ratio_min: Number = key(
        0.5,
        "Claim 2: smallest error of the estimate after layer 0, as a multiple of copying's (no better than that), "
        "below copy_ratio_max.",
        gt=0, le=100,
    )  # fmt: skip
    copy_ratio_max: Number = key(
        2.0,
        "Claim 2: largest error of the estimate after layer 0, as a multiple of copying's (about as good as that).",
        gt=0, le=100,
    )  # fmt: skip
    negative_correlation_max: Number = key(
        -0.3,
        "Claim 3, read as output-negative: largest correlation with the prediction that a negative head's direct "
        "contribution may have.",
        ge=-1, le=1,
    )  # fmt: skip
    negative_attention_max: Number = key(
        -0.3,
        "Claim 3, read as attention by dissimilarity: largest rank correlation with closeness to the query's term "
        "that a negative head's attention may have.",
        ge=-1, le=1,
    )  # fmt: skip
    ablation_kind: Literal["zero", "mean", "resample"] = key(
        "mean",
        "Claim 3: ablation of a negative head whose cost must be above 0, its whole interval included.",
    )
    feedback_gain_max: Number = key(
        -0.1,
        "Claim 3, read as output-negative: largest feedback gain, from the context, that the last layer's attention "
        "may have; the high end of its interval is held against it.",
        ge=-100, le=0,
    )  # fmt: skip
    layer_ratio_max: Number = key(
        1.0,
        "Claim 4, refinement: largest error of the estimate after a layer (layers ≥ 1), as a multiple of the error "
        "before it.",
        gt=0, le=10,
    )  # fmt: skip
    refinement_ratio_max: Number = key(
        0.5,
        "Claim 4: largest error of the estimate after the last layer, as a multiple of the error before it.",
        gt=0, le=10,
    )  # fmt: skip
    negative_group_error_min: Number = key(
        0.5,
        "Claim 4: smallest error without all negative heads of the last layer together, as a multiple of copying's.",
        gt=0, le=100,
    )  # fmt: skip
    agreement_min: Number = key(
        0.8,
        "Smallest share of seeds that hold a claim for the verdict supported; one minus it is the largest share for "
        "the verdict not supported, and between them it is mixed.",
        gt=0.5, le=1,
    )  # fmt: skip
