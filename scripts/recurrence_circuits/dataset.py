"""Sequences on disk: drawn once an experiment, read by every seed."""

import zipfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from recurrence_circuits.randomness import torch_stream
from recurrence_circuits.settings import DataSettings
from recurrence_circuits.tasks import make_task


def draw_sequences(task_name: str, settings: DataSettings, part: str, n: int) -> dict[str, np.ndarray]:
    """Draw n sequences for `part` (train or test; each has streams of its own).

    Returns `sequences`, float32, `sequence position dimension` with n_terms + 1 positions (the last is only
    ever a target), and the hidden parameters by name, float64. Observation noise is added to every term.
    """
    task = make_task(task_name, settings)
    parameters = task.draw(n, torch_stream(settings.seed, "data", part))
    sequences = task.unroll(parameters, settings.n_terms + 1)
    noise_stream = torch_stream(settings.seed, "data", part, "noise")
    noise = torch.randn(sequences.shape, generator=noise_stream, dtype=sequences.dtype)
    observed = (sequences + settings.noise * noise).float().numpy()
    return {"sequences": observed, **{name: value.numpy() for name, value in parameters.items()}}


def write_arrays(path: str, arrays: dict[str, np.ndarray]) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, allow_pickle=False, **arrays)


def read_sequences(path: str, settings: DataSettings) -> Tensor:
    """The sequences of a file written by `write_arrays`: float32, `sequence position dimension`.

    Raises ValueError naming the file if it is damaged, holds no sequences of the expected length and
    dimension, or holds a NaN or an infinity.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            sequences = arrays["sequences"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: expected a data file with an array 'sequences', found: {error}") from error
    expected = (settings.n_terms + 1, settings.dimension)
    if sequences.ndim != 3 or sequences.shape[1:] != expected or sequences.dtype != np.float32:
        raise ValueError(
            f"{path}: expected float32 sequences of shape n × {expected[0]} × {expected[1]}, "
            f"found {sequences.dtype} of shape {sequences.shape}"
        )
    if not np.isfinite(sequences).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(sequences))[0])
        raise ValueError(
            f"{path}: expected finite numbers, found {sequences[where]} at (sequence, position, …) {where}"
        )
    return torch.from_numpy(sequences)
