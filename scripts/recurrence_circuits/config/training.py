"""The section `training`: how the transformer is trained (an optimiser, linear warm-up, cosine decay)."""

from typing import Annotated, Literal

from pydantic import Field

from recurrence_circuits.config.base import Number, Settings, key

# What null stands for, by optimiser. A key that is not listed here is none of the optimiser's, and stays null.
USUAL = {
    "adamw": {"learning_rate": 0.002, "beta1": 0.9, "beta2": 0.99},
    "soap": {"learning_rate": 0.003, "beta1": 0.95, "beta2": 0.95, "precondition_every": 10},
    "muon": {"learning_rate": 0.002, "beta1": 0.9, "beta2": 0.99, "momentum": 0.95},
}


Rate = Annotated[float, Field(gt=0, le=1)]
Decay = Annotated[float, Field(gt=0, lt=1)]


def usual(name: str) -> str:
    """What null stands for in a key, in words."""
    return ", ".join(f"{values[name]} for {optimiser}" for optimiser, values in USUAL.items() if name in values)


class TrainingSettings(Settings):
    """What decides the weights and the learning curves."""

    steps: int = key(6000, "Optimiser steps.", unit="steps", ge=1, le=10**7)
    batch_size: int = key(64, "Sequences per step.", unit="sequences", ge=1, le=65536)
    optimiser: Literal[*USUAL] = key(
        "adamw", "How weights follow gradients; null in one of its own keys means what is usual for it."
    )
    learning_rate: Rate | None = key(
        None, f"Learning rate at its highest, after the warm-up; null: {usual('learning_rate')}."
    )
    beta1: Decay | None = key(None, f"Decay of the mean of gradients, per step; null: {usual('beta1')}.")
    beta2: Decay | None = key(None, f"Decay of the mean of squared gradients, per step; null: {usual('beta2')}.")
    precondition_every: int | None = key(
        None, f"Steps from one change of the basis to the next; null: {usual('precondition_every')}.",
        unit="steps", ge=1, le=10**7,
    )  # fmt: skip
    momentum: Decay | None = key(
        None, f"Decay of the mean of gradients of the blocks' matrices, per step; null: {usual('momentum')}."
    )
    warmup_steps: int = key(
        200, "Steps over which the learning rate rises from 0, fewer than steps.", unit="steps", ge=0, le=10**7
    )
    final_learning_rate: Number = key(
        0.0, "Learning rate at the last step, as a fraction of the highest.", ge=0, le=1
    )  # fmt: skip
    weight_decay: Number = key(0.01, "Decoupled weight decay, at most 1 / learning_rate.", ge=0, le=10)
    clip_norm: Number = key(
        1.0, "Largest Euclidean norm of the whole gradient; a longer one is scaled down to it.", gt=0, le=10**6
    )
    evaluate_every: int = key(
        250, "Steps from one evaluation on validation sequences to the next, at most steps.",
        unit="steps", ge=1, le=10**7,
    )  # fmt: skip
    n_snapshots: int = key(
        0,
        "Weights kept during training, to see what forms when, evenly spaced in log(step) over its last three decades; "
        "fewer where two fall on one step, and 0 keeps none.",
        ge=0, le=100,
    )  # fmt: skip
    device: Literal["cpu", "cuda", "auto"] = key("cpu", "Where to train; auto takes a GPU when there is one.")


class TrainingSection(TrainingSettings):
    """The whole section. What it adds does not decide the model, so changing it retrains nothing."""

    checkpoint_every: int = key(
        500,
        "Steps from one checkpoint to the next: what a training that is killed loses at most; decides nothing about "
        "the model, and a change retrains nothing.",
        unit="steps", ge=1, le=10**7,
    )  # fmt: skip
