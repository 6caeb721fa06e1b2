"""Small models and settings for the tests, some with hand-made weights."""

import torch

from recurrence_circuits.config.data import SequenceSettings
from recurrence_circuits.config.experiment import RunSettings
from recurrence_circuits.config.model import ModelSettings
from recurrence_circuits.config.training import TrainingSettings
from recurrence_circuits.model.transformer import Transformer

NORMS = ["layer_norm", "rms_norm", "none"]
RANGES = {"a_max": 1.0, "b_std": 1.0, "x0_std": 1.0}
DATA = {"seed": 0, "context_length": 6, "noise": 0.0, "dimension": 1, "degree": 0} | RANGES
N_SEQUENCES = {"train": 64, "validation": 32, "test": 48}
MODEL = {
    "n_layers": 2, "n_heads": 2, "d_model": 8, "d_mlp": 16, "attention_only": False, "norm": "layer_norm",
    "activation": "gelu", "position_embedding": True,
}  # fmt: skip
TRAINING = {
    "steps": 8, "batch_size": 8, "learning_rate": 0.01, "warmup_steps": 2, "final_learning_rate": 0.0,
    "optimiser": "adamw", "beta1": 0.9, "beta2": 0.99, "precondition_every": None, "momentum": None,
    "weight_decay": 0.01, "clip_norm": 1.0, "evaluate_every": 4, "n_snapshots": 0, "device": "cpu",
}  # fmt: skip
ANALYSIS = {
    "resamples": 100,
    "confidence": 0.95,
    "n_shown": 20,
    "n_fresh": 1000,
    "n_condition": 40,
    "n_null": 3,
    "noise_levels": [0.1],
    "feedback_epsilon": 0.1,
    "negative_head_correlation_max": -0.3,
    "copying_head_correlation_min": 0.5,
}


def run_params(
    seed: int = 0, experiment: str = "toy", task: str = "affine", data=None, model=None, training=None
) -> dict:
    """A rule's `run` param for a tiny experiment, with some keys changed."""
    return {
        "experiment": experiment, "seed": seed, "task": task, "n_train": N_SEQUENCES["train"],
        "data": DATA | (data or {}), "model": MODEL | (model or {}), "training": TRAINING | (training or {}),
    }  # fmt: skip


def run_settings(**changes) -> RunSettings:
    return RunSettings.from_params(run_params(**changes))


def data_settings(**changes) -> SequenceSettings:
    return SequenceSettings.from_params(DATA | changes)


def training_settings(**changes) -> TrainingSettings:
    return TrainingSettings.from_params(TRAINING | changes)


def random_model(
    seed: int = 0, dimension: int = 1, context_length: int = 6, scale: float = 1.0, **changes
) -> Transformer:
    """An untrained model with every weight and bias random (biases too, so that no term is zero by chance)."""
    settings = ModelSettings.from_params(MODEL | changes)
    generator = torch.Generator().manual_seed(seed)
    model = Transformer(settings, context_length, dimension, generator)
    for weight in model.parameters():
        weight.data += 0.3 * scale * torch.randn(weight.shape, generator=generator)
    return model.eval().requires_grad_(False)


def blank_model(n_layers: int = 2, n_heads: int = 2, d_model: int = 4, context_length: int = 6) -> Transformer:
    """An attention-only scalar model without a norm whose weights are all zero, to plant heads in.

    The term x_n stands in coordinate 0 of the residual stream; the readout reads coordinate 1.
    """
    model = random_model(
        n_layers=n_layers, n_heads=n_heads, d_model=d_model, context_length=context_length,
        attention_only=True, norm="none",
    )  # fmt: skip
    for weight in model.parameters():
        weight.zero_()
    model.W_E[0, 0] = 1.0
    model.W_readout[1, 0] = 1.0
    return model


def plant_head(model: Transformer, layer: int, head: int, gain: float, sharpness: float = 0.0, reads: int = 0) -> None:
    """Make a head that adds gain × (attention-weighted mean of what it reads) to the prediction.

    Its scores are sharpness × x_query × x_key: 0 attends evenly, above 0 to terms of like sign and size.
    It reads the terms (coordinate 0) or the estimate that earlier layers have written (coordinate 1).
    """
    attention = model.blocks[layer].attention
    attention.W_V[head, reads, 0] = 1.0
    attention.W_O[head, 0, 1] = gain
    attention.W_Q[head, 0, 0] = sharpness * attention.W_Q.shape[-1] ** 0.5
    attention.W_K[head, 0, 0] = 1.0


def plant_recent_head(model: Transformer, layer: int, head: int, gain: float, sharpness: float) -> None:
    """Make a head that adds gain × (mean of the terms, weighted by exp(−sharpness × distance)) to the prediction.

    It attends by position alone, which stands in coordinate 3 of the residual stream, beside a 1 in coordinate 2.
    """
    model.W_pos[:, 2] = 1.0
    model.W_pos[:, 3] = torch.arange(model.context_length)
    attention = model.blocks[layer].attention
    attention.W_V[head, 0, 0] = 1.0
    attention.W_O[head, 0, 1] = gain
    attention.W_Q[head, 2, 0] = sharpness * attention.W_Q.shape[-1] ** 0.5
    attention.W_K[head, 3, 0] = 1.0


def sequences(n: int = 48, n_positions: int = 7, dimension: int = 1, seed: int = 1) -> torch.Tensor:
    """Random sequences that do not converge, `sequence position dimension`."""
    return torch.randn(n, n_positions, dimension, generator=torch.Generator().manual_seed(seed))


def followed(model: Transformer, n: int = 512, noise: float = 1.0) -> torch.Tensor:
    """Scalar sequences in which each term is what the model predicts from those before it, and noise.

    `sequence position dimension`, one term longer than the model's context: it predicts them as well as can be.
    """
    steps = sequences(n, model.context_length + 1, seed=3)
    values = steps[:, :1]
    for i in range(1, steps.shape[1]):
        values = torch.cat([values, model(values).prediction[:, -1:] + noise * steps[:, i : i + 1]], dim=1)
    return values
