"""Trained weights on disk: safetensors files with the run's settings inside."""

import json

import torch
from torch import Tensor

from recurrence_circuits.config.experiment import RunSettings
from recurrence_circuits.io.reading import short
from recurrence_circuits.io.tensors import read_tensors, write_tensors
from recurrence_circuits.model.transformer import Transformer
from recurrence_circuits.randomness import torch_stream

Snapshots = dict[int, dict[str, Tensor]]  # by training step: the weights after it, by name


def new_model(run: RunSettings) -> Transformer:
    """The run's model before training; also its untrained control."""
    return Transformer(run.model, run.data.context_length, run.data.dimension, torch_stream(run.seed, "init"))


def save_model(path: str, model: Transformer, run: RunSettings) -> None:
    """Write weights and settings to `path`."""
    write_tensors(path, model.state_dict(), run.to_dict())


def save_snapshots(path: str, snapshots: Snapshots, run: RunSettings) -> None:
    """Write snapshots, possibly none, and settings to `path`; a weight is named `step<n>/<name>`."""
    weights = {f"step{n}/{name}": weight for n, kept in snapshots.items() for name, weight in kept.items()}
    write_tensors(path, weights, run.to_dict())


def snapshot_steps(steps: int, n_snapshots: int) -> list[int]:
    """The steps after which snapshots are kept: evenly spaced in log(step) over the last three decades of training.

    The last step is not among them, since its weights are the model's. Steps that round to the same number are kept
    once, so a short training has fewer than n_snapshots.
    """
    shares = [1000 ** (-k / n_snapshots) for k in range(n_snapshots, 0, -1)]
    return sorted({max(1, round(steps * share)) for share in shares} - {steps})


def load_model(path: str, run: RunSettings) -> Transformer:
    """Read the model of `run`: on the CPU, in evaluation mode, without gradients.

    Raises ValueError naming the file if it is not a whole safetensors file of this project, was trained with other
    settings than `run`, or has missing, unknown, misshapen or non-finite weights, or weights not of float32.
    """
    return _model(path, _read(path, run), run)


def load_snapshots(path: str, run: RunSettings) -> dict[int, Transformer]:
    """Read the snapshots of `run`, by step in ascending order; each model is as from `load_model`.

    Raises ValueError as `load_model` does, and if the steps are not those of the settings of `run`.
    """
    kept = {}
    for name, weight in _read(path, run).items():
        step, _, name_in_model = name.partition("/")
        kept.setdefault(step, {})[name_in_model] = weight
    steps = snapshot_steps(run.training.steps, run.training.n_snapshots)
    expected = [f"step{n}" for n in steps]
    if set(kept) != set(expected):
        raise ValueError(f"{path}: expected snapshots of {expected}, found {short(sorted(kept))}")
    return {n: _model(f"{path}, step {n}", kept[f"step{n}"], run) for n in steps}


def _read(path: str, run: RunSettings) -> dict[str, Tensor]:
    weights, settings = read_tensors(path)
    require_same(f"{path}: trained with other settings", settings, json.loads(json.dumps(run.to_dict())))
    return weights


def _model(path: str, weights: dict[str, Tensor], run: RunSettings) -> Transformer:
    model = new_model(run)
    expected = {name: tuple(weight.shape) for name, weight in model.state_dict().items()}
    found = {name: tuple(weight.shape) for name, weight in weights.items()}
    if expected != found:
        different = sorted(name for name in expected | found if expected.get(name) != found.get(name))[:10]
        raise ValueError(
            f"{path}: expected the weights {[(name, expected.get(name)) for name in different]}, "
            f"found {[(name, found.get(name)) for name in different]}"
        )
    for name, weight in weights.items():
        if weight.dtype != torch.float32:
            raise ValueError(f"{path}: expected weights of torch.float32, found {weight.dtype} in {name}")
        if not torch.isfinite(weight).all():
            raise ValueError(f"{path}: expected finite weights, found NaN or infinity in {name}")
    model.load_state_dict(weights)
    return model.eval().requires_grad_(False)


def require_same(problem: str, found: dict, expected: dict, prefix: str = "") -> None:
    """Raise ValueError if two records differ. The message gives the problem, the first differing key and both values.

    Values of different types differ: False is not 0.
    """
    for key in sorted(expected | found):
        here = f"{prefix}{key}"
        if isinstance(expected.get(key), dict) and isinstance(found.get(key), dict):
            require_same(problem, found[key], expected[key], f"{here}.")
        elif (type(expected.get(key)), expected.get(key)) != (type(found.get(key)), found.get(key)):
            raise ValueError(f"{problem}: expected {here} = {short(expected.get(key))}, found {short(found.get(key))}")
