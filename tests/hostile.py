"""Files that someone made to harm or to mislead: pickles that would run code, and files that lie about themselves."""

import io
import json
import pickle
import struct
from pathlib import Path

import numpy as np
import torch


class RunsCode:
    """An object whose unpickling makes a file."""

    def __init__(self, marker: Path):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


def pickles(marker: Path) -> dict[str, bytes]:
    """Ways to pack an object that runs code: by name, the content of a file."""
    hostile = RunsCode(marker)
    as_torch, as_npy, as_npz = io.BytesIO(), io.BytesIO(), io.BytesIO()
    torch.save(hostile, as_torch)
    objects = np.array([hostile], dtype=object)
    np.save(as_npy, objects)
    np.savez(as_npz, sequences=objects)
    return {
        "pickle": pickle.dumps(hostile),
        "torch": as_torch.getvalue(),
        "npy": as_npy.getvalue(),
        "npz": as_npz.getvalue(),
    }


# ---- safetensors ----------------------------------------------------------------------------------------------------


def safetensors(header: dict | bytes, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def parts(content: bytes) -> tuple[dict, bytes]:
    """Header and body of a safetensors file."""
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def metadata_of(sound: bytes) -> tuple[str, dict]:
    """The one metadata key of a sound file, and the record under it."""
    ((key, text),) = parts(sound)[0]["__metadata__"].items()
    return key, json.loads(text)


def with_metadata(sound: bytes, text: str) -> bytes:
    """A sound file with other text in the place of its record."""
    header, body = parts(sound)
    return safetensors(header | {"__metadata__": {metadata_of(sound)[0]: text}}, body)


def lying_files(sound: bytes, name: str | None = None) -> dict[str, bytes]:
    """Contents that are refused as safetensors files of this project, each a change of a sound one.

    name: the tensor that lies; the first by default.
    """
    header, body = parts(sound)
    name = name or next(name for name in header if name != "__metadata__")
    start, end = header[name]["data_offsets"]
    key, record = metadata_of(sound)

    def tensor(**changes) -> bytes:
        return safetensors(header | {name: header[name] | changes}, body)

    everything_at_0 = {
        key: value if key == "__metadata__" else value | {"data_offsets": [0, np.diff(value["data_offsets"]).item()]}
        for key, value in header.items()
    }
    twice = json.dumps(record)[1:]
    return {
        "empty": b"",
        "a header length beyond the file": struct.pack("<Q", 2**63 - 1) + b"{}",
        "a header length of 100 MB": struct.pack("<Q", 10**8 - 1) + b"{}",
        "a deep header": safetensors(b"[" * 100_000),
        "a header that is no text": safetensors(b"\xff\xfe{}"),
        "overlapping tensors": safetensors(everything_at_0, body),
        "an offset beyond the file": tensor(data_offsets=[10**12, 10**12 + end - start]),
        "offsets that do not fit the shape": tensor(data_offsets=[start, end - 4]),
        "a negative shape": tensor(shape=[-1, 8]),
        "a shape beyond any machine": tensor(shape=[2**62, 8]),
        "an unknown type": tensor(dtype="F128"),
        "a tensor twice": safetensors(
            b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},'
            b'"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
            bytes(8),
        ),
        "bytes at the end": sound + b"more",
        "no metadata": safetensors({key: value for key, value in header.items() if key != "__metadata__"}, body),
        "metadata of numbers": safetensors(header | {"__metadata__": {key: 1}}, body),
        "metadata that is no JSON": with_metadata(sound, "{'a': 1}"),
        "a list for metadata": with_metadata(sound, "[1]"),
        "null for metadata": with_metadata(sound, "null"),
        "not a number for metadata": with_metadata(sound, "NaN"),
        "a number of 5000 digits": with_metadata(sound, '{"seed": ' + "9" * 5000 + "}"),
        "deep lists for metadata": with_metadata(sound, "[" * 100_000),
        "deep mappings for metadata": with_metadata(sound, '{"a":' * 100_000 + "1" + "}" * 100_000),
        "a key of the metadata twice": with_metadata(sound, f'{{"{next(iter(record))}": 1, {twice}'),
    }


# Changes of the record of a weights file, which is held against the run's settings.
LYING_RECORDS = {
    "a mapping for a number": {"seed": {"a": [[[]]]}},
    "false for 0": {"seed": False},
    "a megabyte for a number": {"seed": "x" * 10**6},
    "an unknown setting": {"hostile": 1},
}


def lying_record(sound: bytes, kind: str) -> bytes:
    """A sound file with one key of its record changed; `kind` is one of LYING_RECORDS."""
    return with_metadata(sound, json.dumps(metadata_of(sound)[1] | LYING_RECORDS[kind]))
