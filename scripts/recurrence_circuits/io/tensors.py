"""Tensors on disk: safetensors files with a JSON record inside. Reading one cannot run code."""

import json

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from recurrence_circuits.io.files import whole_file
from recurrence_circuits.io.reading import json_mapping, short

METADATA = "recurrence_circuits"  # the only metadata key: safetensors shuffles the order of several


def write_tensors(path: str, tensors: dict[str, Tensor], record: dict) -> None:
    """Write tensors by name and a record that JSON can hold to `path`, atomically. Raises OSError naming the file."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with whole_file(path) as part:
        part.write_bytes(save(tensors, metadata={METADATA: json.dumps(record, sort_keys=True)}))


def read_tensors(path: str, names: list[str] | None = None) -> tuple[dict[str, Tensor], dict]:
    """Read the tensors by name, on the CPU, and the record of a file that `write_tensors` wrote.

    names are the tensors to read; all by default. Raises ValueError naming the file if it is not a whole safetensors
    file of this project or lacks one of `names`.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in names or file.keys()}
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path}: expected a safetensors file, found: {error}") from error
    if METADATA not in metadata:
        raise ValueError(
            f"{path}: expected a file of this workflow (metadata {METADATA!r}), found {short(sorted(metadata))}"
        )
    return tensors, json_mapping(path, metadata[METADATA])
