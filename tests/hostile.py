"""Files that someone made to harm or to mislead: pickles that would run code, and files that lie about themselves."""

import io
import json
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import torch
from recurrence_circuits.dataset import draw_sequences, write_arrays
from recurrence_circuits.settings import DataSettings


class RunsCode:
    """An object whose unpickling makes a file."""

    def __init__(self, marker: Path):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


def pickles(marker: Path) -> dict[str, bytes]:
    """Ways to pack an object that runs code: by name, the content of a file."""
    hostile = RunsCode(marker)
    as_torch, as_npy, as_npz, hidden = io.BytesIO(), io.BytesIO(), io.BytesIO(), io.BytesIO()
    torch.save(hostile, as_torch)
    objects = np.array([hostile], dtype=object)
    np.save(as_npy, objects)
    np.savez(as_npz, sequences=objects)
    with zipfile.ZipFile(hidden, "w") as archive:  # the array is objects by one field of its type only
        header = npy_header("[('a', '|O')]", (1,))
        archive.writestr("sequences.npy", header + pickle.dumps([hostile]))
    return {
        "pickle": pickle.dumps(hostile),
        "torch": as_torch.getvalue(),
        "npy": as_npy.getvalue(),
        "npz": as_npz.getvalue(),
        "field": hidden.getvalue(),
    }


# ---- npz ------------------------------------------------------------------------------------------------------------


def npy_header(descr: str, shape: tuple, version: int = 1) -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(text)) + text


def npz(member: bytes, packing: int = zipfile.ZIP_STORED, name: str = "sequences.npy") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as archive:
        archive.writestr(name, member)
    return file.getvalue()


def with_byte(content: bytes, before: bytes, offset: int, value: int) -> bytes:
    """The content with one byte changed, `offset` after the last place of `before`."""
    changed = bytearray(content)
    changed[content.rindex(before) + offset] = value
    return bytes(changed)


CENTRAL = b"PK\x01\x02"  # begins a file's entry in the directory of a zip archive
SEQUENCES = np.ones((20, 7, 1), np.float32)
FLOAT = "'<f4'"
SOUND = npy_header(FLOAT, SEQUENCES.shape) + SEQUENCES.tobytes()


def data_files() -> dict[str, bytes]:
    """Contents of data files that are refused; sound ones would hold 20 sequences of 7 terms."""
    plain = io.BytesIO()
    np.save(plain, SEQUENCES)
    bomb = npy_header(FLOAT, (4_000_000_000, 7, 1)) + bytes(10**7)
    return {
        "empty": b"",
        "not packed": plain.getvalue(),
        "a bomb": npz(bomb, zipfile.ZIP_DEFLATED),
        "a bomb with lzma": npz(bomb, zipfile.ZIP_LZMA),
        "packed": npz(SOUND, zipfile.ZIP_DEFLATED),
        "more declared than there": npz(npy_header(FLOAT, (10**12, 7, 1)) + SEQUENCES.tobytes()),
        "less declared than there": npz(npy_header(FLOAT, (19, 7, 1)) + SEQUENCES.tobytes()),
        "a shape beyond any machine": npz(npy_header(FLOAT, (10**30, 7, 1)) + SEQUENCES.tobytes()),
        "nothing, beyond any machine": npz(npy_header(FLOAT, (0, 10**30, 1))),
        "a negative shape": npz(npy_header(FLOAT, (-20, 7, 1)) + SEQUENCES.tobytes()),
        "two negative axes": npz(npy_header(FLOAT, (-20, -7, 1)) + SEQUENCES.tobytes()),
        "no sequences": npz(npy_header(FLOAT, (0, 7, 1))),
        "a huge header": npz(b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1) + b"{}"),
        "a header of spaces": npz(b"\x93NUMPY\x01\x00" + struct.pack("<H", 60000) + b"{" + b" " * 59999),
        "a deep header": npz(b"\x93NUMPY\x01\x00" + struct.pack("<H", 9000) + b"-" * 9000),
        "an open header": npz(b"\x93NUMPY\x01\x00" + struct.pack("<H", 5000) + b"(" * 5000),
        "code for a header": npz(b"\x93NUMPY\x01\x00" + struct.pack("<H", 16) + b"__import__('os')"),
        "another version": npz(npy_header(FLOAT, SEQUENCES.shape, version=9) + SEQUENCES.tobytes()),
        "no array": npz(b"hello"),
        "another name": npz(SOUND, name="sequences"),
        "encrypted": with_byte(with_byte(npz(SOUND), CENTRAL, 8, 1), b"PK\x03\x04", 6, 1),
        "an unknown packing": with_byte(npz(SOUND), CENTRAL, 10, 99),
        "a changed byte": with_byte(npz(SOUND), SEQUENCES.tobytes(), 2, 7),
        "a lie about the size": with_byte(npz(SOUND), CENTRAL, 27, 99),
        "dates": npz(npy_header("'<M8[s]'", (20, 7, 1)) + bytes(1120)),
        "float64": npz(npy_header("'<f8'", (20, 7, 1)) + bytes(1120)),
        "swapped bytes": npz(npy_header("'>f4'", (20, 7, 1)) + bytes(560)),
        "complex": npz(npy_header("'<c8'", (20, 7, 1)) + bytes(1120)),
        "not a number": npz(npy_header(FLOAT, (1, 7, 1)) + np.full(7, np.nan, np.float32).tobytes()),
        "a type of its own": npz(npy_header("'zzz'", (1, 7, 1)) + bytes(28)),
    }


def sound_data_file(path: str, settings: DataSettings) -> None:
    write_arrays(path, draw_sequences("affine", settings, "test", 20))


# ---- safetensors ----------------------------------------------------------------------------------------------------


def safetensors(header: dict | bytes, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def parts(content: bytes) -> tuple[dict, bytes]:
    """Header and body of a safetensors file."""
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def weights_files(sound: bytes, metadata_key: str) -> dict[str, bytes]:
    """Contents of safetensors files that are refused, each a change of a sound one."""
    header, body = parts(sound)
    name = next(name for name in header if name != "__metadata__")
    start, end = header[name]["data_offsets"]
    record = json.loads(header["__metadata__"][metadata_key])

    def tensor(**changes) -> bytes:
        return safetensors(header | {name: header[name] | changes}, body)

    def metadata(text: str) -> bytes:
        return safetensors(header | {"__metadata__": {metadata_key: text}}, body)

    def changed(**changes) -> bytes:
        return metadata(json.dumps(record | changes))

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
        "metadata of numbers": safetensors(header | {"__metadata__": {metadata_key: 1}}, body),
        "metadata that is no JSON": metadata("{'a': 1}"),
        "a list for metadata": metadata("[1]"),
        "null for metadata": metadata("null"),
        "not a number for metadata": metadata("NaN"),
        "a number of 5000 digits": metadata('{"seed": ' + "9" * 5000 + "}"),
        "deep lists for metadata": metadata("[" * 100_000),
        "deep mappings for metadata": metadata('{"a":' * 100_000 + "1" + "}" * 100_000),
        "a key of the metadata twice": metadata(f'{{"{next(iter(record))}": 1, {twice}'),
        "a mapping for a number": changed(seed={"a": [[[]]]}),
        "false for 0": changed(seed=False),
        "a megabyte for a number": changed(seed="x" * 10**6),
        "an unknown setting": changed(hostile=1),
    }
