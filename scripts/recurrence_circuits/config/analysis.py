"""The section `analysis`: how a trained model is measured."""

from typing import Annotated

from pydantic import Field

from recurrence_circuits.config.base import Different, Number, Settings, key


class AnalysisSettings(Settings):
    """How a trained model is measured."""

    resamples: int = key(
        1000,
        "Bootstrap resamples of the test sequences behind every interval, at most 10⁸ / data.n_test.",
        ge=100, le=10**5,
    )  # fmt: skip
    confidence: Number = key(
        0.95,
        "Confidence level of every interval, as a fraction; resamples tell levels apart up to 1 - 1 / resamples.",
        gt=0.5, le=0.9999,
    )  # fmt: skip
    n_shown: int = key(
        200,
        "Test sequences that the scatter figure of direct contributions shows, at most data.n_test.",
        unit="sequences", ge=1, le=10**4,
    )  # fmt: skip
    n_fresh: int = key(
        100000,
        "Sequences drawn anew for the quantiles of the error, which need many.",
        unit="sequences", ge=1000, le=10**6,
    )  # fmt: skip
    n_null: int = key(
        100,
        "Untrained models by whose quantiles the criteria of claims 2 and 3 have thresholds.",
        ge=2, le=10**4,
    )  # fmt: skip
    n_condition: int = key(
        1024,
        "Sequences drawn for each condition under which the algorithm is identified.",
        unit="sequences", ge=32, le=10**5,
    )  # fmt: skip
    noise_levels: Annotated[list[Annotated[float, Field(ge=0.0001, le=100)]], Different] = key(
        [0.03, 0.1, 0.3],
        "Standard deviations of the observation noise under which the algorithm is identified.",
        unit="x", min_length=0, max_length=20,
    )  # fmt: skip
    feedback_epsilon: Number = key(
        0.1,
        "Shift of the estimate behind the feedback gain, either way, as its mean direct effect on the prediction: "
        "small enough that the answer is linear in it, large enough for float32 (at 0.001 rounding moves it by 2 %).",
        unit="x", ge=0.001, le=10,
    )  # fmt: skip
    negative_head_correlation_max: Number = key(
        -0.3,
        "Last-layer heads whose direct contribution correlates with the prediction at most this much form the group "
        "of negative heads.",
        ge=-1, le=1,
    )  # fmt: skip
    copying_head_correlation_min: Number = key(
        0.5,
        "Layer-0 heads whose direct contribution correlates with x_n at least this much form the group of copying "
        "heads.",
        ge=-1, le=1,
    )  # fmt: skip
