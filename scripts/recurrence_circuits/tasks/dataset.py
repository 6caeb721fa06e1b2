"""Sequences on disk: drawn once per experiment, read by every seed."""

import torch
from torch import Tensor

from recurrence_circuits.config.data import SequenceSettings
from recurrence_circuits.io.tensors import read_tensors, write_tensors
from recurrence_circuits.randomness import torch_stream
from recurrence_circuits.tasks.base import make_task

PARTS = ("train", "validation", "test")


def draw_sequences(task_name: str, settings: SequenceSettings, part: str, n: int) -> dict[str, Tensor]:
    """Draw n sequences for one of PARTS; each part has its own random streams.

    Returns `sequences`, float32, `sequence position dimension` with context_length + 1 positions (the last is only a
    target), and the hidden parameters by name, float64. Observation noise is added to every term.
    """
    task = make_task(task_name, settings)
    parameters = task.draw(n, torch_stream(settings.seed, "data", part))
    sequences = task.unroll(parameters, settings.context_length + 1)
    noise_stream = torch_stream(settings.seed, "data", part, "noise")
    noise = torch.randn(sequences.shape, generator=noise_stream, dtype=sequences.dtype)
    return {"sequences": (sequences + settings.noise * noise).float(), **parameters}


def write_sequences(path: str, drawn: dict[str, Tensor], task_name: str, settings: SequenceSettings) -> None:
    """Write what `draw_sequences` returned, with the task and the settings. Raises OSError naming the file."""
    write_tensors(path, drawn, {"task": task_name, **settings.to_dict()})


def read_sequences(path: str, settings: SequenceSettings) -> Tensor:
    """Read the sequences of a file: float32, `sequence position dimension`.

    Raises ValueError naming the file if it is damaged, if it holds no sequences or sequences of another length,
    dimension or type, or if a value is NaN or infinite.
    """
    sequences = _read(path, "sequences")
    expected = (settings.context_length + 1, settings.dimension)
    sound = sequences.ndim == 3 and len(sequences) > 0 and sequences.shape[1:] == expected
    if not sound or sequences.dtype != torch.float32:
        raise ValueError(
            f"{path}: expected torch.float32 sequences of shape n × {expected[0]} × {expected[1]}, "
            f"found {sequences.dtype} of shape {tuple(sequences.shape)}"
        )
    _require_finite(path, sequences, "(sequence, position, …)")
    return sequences


def read_parameters(path: str, task_name: str, settings: SequenceSettings, n_sequences: int) -> dict[str, Tensor]:
    """Read the hidden parameters of the n_sequences sequences of a file, by name, each float64, `sequence …`.

    Raises ValueError naming the file if it is damaged, if a parameter of the task is missing or of another shape or
    type, or if a value is NaN or infinite.
    """
    drawn = make_task(task_name, settings).draw(1, torch.Generator())
    parameters = {name: _read(path, name) for name in drawn}
    for name, values in parameters.items():
        expected = (n_sequences, *drawn[name].shape[1:])
        if values.shape != expected or values.dtype != torch.float64:
            raise ValueError(
                f"{path}: expected the parameter {name!r} to be torch.float64 of shape {expected}, "
                f"found {values.dtype} of shape {tuple(values.shape)}"
            )
        _require_finite(path, values, f"(sequence, …) of the parameter {name!r},")
    return parameters


def _read(path: str, name: str) -> Tensor:
    tensors, _ = read_tensors(path, [name])
    return tensors[name]


def _require_finite(path: str, values: Tensor, where: str) -> None:
    if not values.isfinite().all():
        place = tuple((~values.isfinite()).nonzero()[0].tolist())
        raise ValueError(f"{path}: expected finite numbers, found {values[place]} at {where} {place}")
