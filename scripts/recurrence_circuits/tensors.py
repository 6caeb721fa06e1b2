"""Tensors on disk: safetensors files, which cannot run code when they are read, with a JSON record inside."""

import json

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from recurrence_circuits.files import whole_file
from recurrence_circuits.reading import json_mapping, short

METADATA = "recurrence_circuits"  # the one metadata key: with several, safetensors shuffles their order


def write_tensors(path: str, tensors: dict[str, Tensor], record: dict) -> None:
    """Write tensors by name and what JSON can hold to `path`. Raises OSError naming the file."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with whole_file(path) as part:
        part.write_bytes(save(tensors, metadata={METADATA: json.dumps(record, sort_keys=True)}))


def read_tensors(path: str) -> tuple[dict[str, Tensor], dict]:
    """The tensors by name, on the CPU, and the record of a file that `write_tensors` wrote.

    Raises ValueError naming the file if it is not a whole safetensors file of this project.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path}: expected a safetensors file, found: {error}") from error
    if METADATA not in metadata:
        raise ValueError(
            f"{path}: expected a file of this workflow (metadata {METADATA!r}), found {short(sorted(metadata))}"
        )
    return tensors, json_mapping(path, metadata[METADATA])
