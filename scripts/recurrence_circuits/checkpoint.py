"""Trained weights on disk: safetensors with the run's settings inside."""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from recurrence_circuits.model import Transformer
from recurrence_circuits.randomness import torch_stream
from recurrence_circuits.settings import RunSettings

Snapshots = dict[int, dict[str, Tensor]]  # weights by name, by the training step after which they were kept

METADATA = "recurrence_circuits"  # the one metadata key: with several, safetensors shuffles their order


def new_model(run: RunSettings) -> Transformer:
    """The run's model before training; also its untrained control."""
    return Transformer(run.model, run.data.dimension, torch_stream(run.seed, "init"))


def save_model(path: str, model: Transformer, run: RunSettings) -> None:
    """Write weights and settings to `path`."""
    _write(path, model.state_dict(), run)


def save_snapshots(path: str, snapshots: Snapshots, run: RunSettings) -> None:
    """Write the weights kept during training, each named `step<n>/<weight>`, and settings to `path`; maybe none."""
    weights = {f"step{n}/{name}": weight for n, kept in snapshots.items() for name, weight in kept.items()}
    _write(path, weights, run)


def load_model(path: str, run: RunSettings) -> Transformer:
    """Read the weights of `run`, in evaluation mode on the CPU.

    Raises ValueError naming the file if it is not a whole safetensors file of this project, was trained
    with other settings than `run`, or has missing, unknown, misshapen or non-finite weights.
    """
    return _model(path, _read(path, run), run)


def load_snapshots(path: str, run: RunSettings) -> dict[int, Transformer]:
    """Read the models that `save_snapshots` kept of `run`, by step in ascending order, ready as from `load_model`.

    Raises ValueError as `load_model` does, and if the steps are not those that the settings of `run` ask for.
    """
    kept = {}
    for name, weight in _read(path, run).items():
        step, _, name_in_model = name.partition("/")
        kept.setdefault(step, {})[name_in_model] = weight
    expected = [f"step{n}" for n in run.training.snapshot_steps]
    if set(kept) != set(expected):
        raise ValueError(f"{path}: expected snapshots of {expected}, found {sorted(kept)}")
    return {n: _model(f"{path}, step {n}", kept[f"step{n}"], run) for n in run.training.snapshot_steps}


def _write(path: str, weights: dict[str, Tensor], run: RunSettings) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    weights = {name: weight.detach().cpu().contiguous() for name, weight in weights.items()}
    save_file(weights, path, metadata={METADATA: json.dumps(run.to_dict(), sort_keys=True)})


def _read(path: str, run: RunSettings) -> dict[str, Tensor]:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path}: expected a safetensors file, found: {error}") from error
    if METADATA not in metadata:
        raise ValueError(f"{path}: expected weights of this workflow (metadata {METADATA!r}), found {sorted(metadata)}")
    _require_same(path, json.loads(metadata[METADATA]), json.loads(json.dumps(run.to_dict())))
    return weights


def _model(path: str, weights: dict[str, Tensor], run: RunSettings) -> Transformer:
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
