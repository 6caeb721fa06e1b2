"""Sequences on disk: drawn once an experiment, read by every seed."""

import math
import zipfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from recurrence_circuits.files import whole_file
from recurrence_circuits.randomness import torch_stream
from recurrence_circuits.reading import short
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
    """Write arrays by name as npz. Raises OSError naming the file if it cannot be written."""
    with whole_file(path) as part, part.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def read_sequences(path: str, settings: DataSettings) -> Tensor:
    """The sequences of a file written by `write_arrays`: float32, `sequence position dimension`.

    Raises ValueError naming the file if it is damaged, holds no sequences, or some of another length or dimension,
    or holds a NaN or an infinity.
    """
    sequences = _read_array(path, "sequences")
    expected = (settings.n_terms + 1, settings.dimension)
    sound = sequences.ndim == 3 and len(sequences) > 0 and sequences.shape[1:] == expected
    if not sound or sequences.dtype != np.float32:
        raise ValueError(
            f"{path}: expected float32 sequences of shape n × {expected[0]} × {expected[1]}, "
            f"found {sequences.dtype} of shape {sequences.shape}"
        )
    _require_finite(path, sequences, "(sequence, position, …)")
    return torch.from_numpy(sequences)


def read_parameters(path: str, task_name: str, settings: DataSettings, n_sequences: int) -> dict[str, np.ndarray]:
    """The hidden parameters that were drawn with the sequences of a file, by name, each float64, `sequence …`.

    Raises ValueError naming the file if it is damaged, if a parameter of the task is missing or misshapen or is not
    there for each of the n_sequences, or if a value is NaN or infinite.
    """
    drawn = make_task(task_name, settings).draw(1, torch.Generator())
    parameters = {name: _read_array(path, name) for name in drawn}
    for name, values in parameters.items():
        expected = (n_sequences, *drawn[name].shape[1:])
        if values.shape != expected or values.dtype != np.float64:
            raise ValueError(
                f"{path}: expected the parameter {name!r} to be float64 of shape {expected}, "
                f"found {values.dtype} of shape {values.shape}"
            )
        _require_finite(path, values, f"(sequence, …) of the parameter {name!r},")
    return parameters


def _read_array(path: str, name: str) -> np.ndarray:
    """An array that `write_arrays` wrote. Without np.load, which takes other formats and makes room for whatever an
    array's header declares: here what is declared must be in the file before a byte of it is read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            member = archive.getinfo(f"{name}.npy")
            if member.compress_type != zipfile.ZIP_STORED or member.file_size > Path(path).stat().st_size:
                raise ValueError("an array that is packed")
            with archive.open(member) as file:
                if np.lib.format.read_magic(file) != (1, 0):
                    raise ValueError("an array of another version of npy than 1.0")
                shape, _, dtype = np.lib.format.read_array_header_1_0(file)
                declared, there = math.prod(shape) * dtype.itemsize, member.file_size - file.tell()
                if dtype.hasobject or declared != there:
                    raise ValueError(f"{dtype} of shape {short(shape)} in {there} bytes")
                file.seek(0)
                return np.lib.format.read_array(file, allow_pickle=False)
    # zipfile, its unpackers and numpy's header parser raise a dozen kinds of errors on a damaged file.
    except Exception as error:
        raise ValueError(f"{path}: expected a data file with an array {name!r}, found: {error}") from error


def _require_finite(path: str, values: np.ndarray, axes: str) -> None:
    if not np.isfinite(values).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
        raise ValueError(f"{path}: expected finite numbers, found {values[where]} at {axes} {where}")
