"""Trained weights on disk: safetensors with the run's settings inside."""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from recurrence_circuits.model import Transformer
from recurrence_circuits.randomness import torch_stream
from recurrence_circuits.settings import RunSettings

METADATA = "recurrence_circuits"  # the one metadata key: with several, safetensors shuffles their order


def new_model(run: RunSettings) -> Transformer:
    """The run's model before training; also its untrained control."""
    return Transformer(run.model, run.data.dimension, torch_stream(run.seed, "init"))


def save_model(path: str, model: Transformer, run: RunSettings) -> None:
    """Write weights and settings to `path`."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    weights = {name: weight.detach().cpu().contiguous() for name, weight in model.state_dict().items()}
    save_file(weights, path, metadata={METADATA: json.dumps(run.to_dict(), sort_keys=True)})


def load_model(path: str, run: RunSettings) -> Transformer:
    """Read the weights of `run`, in evaluation mode on the CPU.

    Raises ValueError naming the file if it is not a whole safetensors file of this project, was trained
    with other settings than `run`, or has missing, unknown, misshapen or non-finite weights.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path}: expected a safetensors file, found: {error}") from error
    if METADATA not in metadata:
        raise ValueError(f"{path}: expected weights of this workflow (metadata {METADATA!r}), found {sorted(metadata)}")
    _require_same(path, json.loads(metadata[METADATA]), json.loads(json.dumps(run.to_dict())))
    model = new_model(run)
    expected = {name: tuple(weight.shape) for name, weight in model.state_dict().items()}
    found = {name: tuple(weight.shape) for name, weight in weights.items()}
    if expected != found:
        different = sorted(name for name in expected | found if expected.get(name) != found.get(name))
        raise ValueError(
            f"{path}: expected the weights {[(name, expected.get(name)) for name in different]}, "
            f"found {[(name, found.get(name)) for name in different]}"
        )
    for name, weight in weights.items():
        if not torch.isfinite(weight).all():
            raise ValueError(f"{path}: expected finite weights, found NaN or infinity in {name}")
    model.load_state_dict(weights)
    return model.eval().requires_grad_(False)


def _require_same(path: str, found: dict, expected: dict, prefix: str = "") -> None:
    for key in sorted(expected | found):
        here = f"{prefix}{key}"
        if isinstance(expected.get(key), dict) and isinstance(found.get(key), dict):
            _require_same(path, found[key], expected[key], f"{here}.")
        elif expected.get(key) != found.get(key):
            raise ValueError(
                f"{path}: trained with other settings: expected {here} = {expected.get(key)!r}, "
                f"found {found.get(key)!r}"
            )
