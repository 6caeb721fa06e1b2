"""Files made to harm or to mislead are refused by the readers that meet them: none runs code, none is believed."""

import json
import re
import resource
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from hostile import LYING_RECORDS, lying_files, lying_record, pickles
from models import data_settings, run_settings
from recurrence_circuits.io.reading import read_record
from recurrence_circuits.io.tensors import read_tensors, write_tensors
from recurrence_circuits.model.weights import (
    load_model,
    load_snapshots,
    new_model,
    save_model,
    save_snapshots,
    snapshot_steps,
)
from recurrence_circuits.report.costs import gather_costs
from recurrence_circuits.tasks.dataset import PARTS, draw_sequences, read_parameters, read_sequences, write_sequences
from recurrence_circuits.training.checkpoint import Checkpoints
from recurrence_circuits.training.loop import train
from tables import COLUMNS, read_table

RUN = run_settings(training={"n_snapshots": 2})
DATA = data_settings()
SEQUENCES = tuple(draw_sequences("affine", DATA, part, 48)["sequences"] for part in PARTS[:2])
DEEP, DIGITS = "[" * 100_000, "9" * 5000


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> dict[str, bytes]:
    """The content of one sound file of each kind of safetensors file."""
    folder = tmp_path_factory.mktemp("sound")
    model = new_model(RUN)
    save_model(str(folder / "model"), model, RUN)
    save_snapshots(str(folder / "snapshots"), {n: model.state_dict() for n in snapshot_steps(8, 2)}, RUN)
    train(RUN, *SEQUENCES, Checkpoints(str(folder / "checkpoint"), 8, "c0de"))
    write_sequences(str(folder / "test"), draw_sequences("affine", DATA, "test", 20), "affine", DATA)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


READERS = {
    "model": lambda path: load_model(path, RUN),
    "snapshots": lambda path: load_snapshots(path, RUN),
    "sequences": lambda path: read_sequences(path, DATA),
    "parameters": lambda path: read_parameters(path, "affine", DATA, 20),
    "table": lambda path: read_table("predictions", path),
    "record": read_record,
    "costs": lambda path: gather_costs([path]),
}


@contextmanager
def little_room(gigabytes: float = 2):
    """A reader that makes room for what a file declares, rather than for what it holds, fails in here."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + int(gigabytes * 2**30), limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)


def refusal(reader: str, path: Path, content: bytes) -> str:
    """Read a file, which must be refused: in little memory, in few words, and by its name."""
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_bytes(content)
    with little_room(), pytest.raises(ValueError, match=re.escape(str(path))) as refused:
        READERS[reader](str(path))
    message = str(refused.value)
    assert len(message) < 2000
    assert re.search("expected|not a .* table|trained with other settings", message)
    return message


def refused_checkpoint(path: Path, content: bytes, caplog) -> str:
    """What training says of a checkpoint that it sets aside; it ends as if there had been none."""
    path.write_bytes(content)
    caplog.clear()
    with little_room():
        state = train(RUN, *SEQUENCES, Checkpoints(str(path), 8, "c0de"))
    assert state.resumed == []
    assert Path(f"{path}.refused").read_bytes() == content
    (message,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert message.startswith(f"refused: {path}: ")
    assert len(message) < 2000
    return message


# ---- pickles --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", pickles(Path("marker")))
def test_no_reader_unpickles(tmp_path, reader, kind):
    marker = tmp_path / "marker"
    refusal(reader, tmp_path / "seed0" / "file", pickles(marker)[kind])
    assert not marker.exists()


@pytest.mark.parametrize("kind", pickles(Path("marker")))
def test_training_unpickles_no_checkpoint(tmp_path, kind, caplog):
    marker = tmp_path / "marker"
    refused_checkpoint(tmp_path / "checkpoint.safetensors", pickles(marker)[kind], caplog)
    assert not marker.exists()


def test_the_pickles_would_run_code(tmp_path):
    """Else the tests above could not fail."""
    import io
    import pickle

    import numpy as np

    marker = tmp_path / "marker"
    for kind, load in {
        "pickle": pickle.loads,
        "torch": lambda content: torch.load(io.BytesIO(content), weights_only=False),
        "npy": lambda content: np.load(io.BytesIO(content), allow_pickle=True),
        "npz": lambda content: np.load(io.BytesIO(content), allow_pickle=True)["sequences"],
    }.items():
        load(pickles(marker)[kind])
        marker.unlink()


# ---- files that lie -------------------------------------------------------------------------------------------------


def test_sound_files_are_read(sound, tmp_path):
    """What is changed below is accepted as it is."""
    for name in ("model", "snapshots"):
        (tmp_path / name).write_bytes(sound[name])
        assert READERS[name](str(tmp_path / name))
    (tmp_path / "checkpoint").write_bytes(sound["checkpoint"])
    assert train(RUN, *SEQUENCES, Checkpoints(str(tmp_path / "checkpoint"), 8, "c0de")).resumed == [8]
    (tmp_path / "test").write_bytes(sound["test"])
    assert len(read_sequences(str(tmp_path / "test"), DATA)) == 20
    assert set(read_parameters(str(tmp_path / "test"), "affine", DATA, 20)) == {"a", "b", "x0"}


KINDS = list(lying_files(save({"W": torch.zeros(1)}, {"m": '{"seed": 0}'})))


@pytest.mark.parametrize("name", ["model", "snapshots"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_lying_weights_file_is_refused(sound, tmp_path, name, kind):
    refusal(name, tmp_path / f"{name}.safetensors", lying_files(sound[name])[kind])


@pytest.mark.parametrize("name", ["model", "snapshots"])
@pytest.mark.parametrize("kind", LYING_RECORDS)
def test_weights_with_a_lying_record_are_refused(sound, tmp_path, name, kind):
    refusal(name, tmp_path / f"{name}.safetensors", lying_record(sound[name], kind))


@pytest.mark.parametrize("kind", KINDS)
def test_a_lying_checkpoint_is_refused(sound, tmp_path, kind, caplog):
    refused_checkpoint(tmp_path / "checkpoint.safetensors", lying_files(sound["checkpoint"])[kind], caplog)


@pytest.mark.parametrize("value", [[], {}, "x", None, 1])
def test_a_checkpoint_of_no_known_origin_is_refused(sound, tmp_path, caplog, value):
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(sound["checkpoint"])
    tensors, record = read_tensors(str(path))
    write_tensors(str(path), tensors, record | {"origin": value})
    assert re.search("expected .* found", refused_checkpoint(path, path.read_bytes(), caplog))


@pytest.mark.parametrize("name", ["model", "snapshots", "test"])
def test_a_file_of_another_kind_is_no_checkpoint(sound, tmp_path, caplog, name):
    message = refused_checkpoint(tmp_path / "checkpoint.safetensors", sound[name], caplog)
    assert "expected a checkpoint of a training, found" in message


@pytest.mark.parametrize(
    "dtype", [torch.float64, torch.bfloat16, torch.float16, torch.int64, torch.uint8, torch.bool, torch.float8_e4m3fn]
)
@pytest.mark.parametrize("name", ["model", "snapshots"])
def test_weights_of_another_type_are_refused(sound, tmp_path, name, dtype):
    path = tmp_path / f"{name}.safetensors"
    path.write_bytes(sound[name])
    tensors, record = read_tensors(str(path))
    write_tensors(str(path), {key: tensor.to(dtype) for key, tensor in tensors.items()}, record)
    assert f"expected weights of torch.float32, found {dtype}" in refusal(name, path, path.read_bytes())


@pytest.mark.parametrize("kind", KINDS)
def test_a_lying_data_file_is_refused(sound, tmp_path, kind):
    path = tmp_path / "test.safetensors"
    refusal("sequences", path, lying_files(sound["test"], "sequences")[kind])
    refusal("parameters", path, lying_files(sound["test"], "a")[kind])


@pytest.mark.parametrize(
    "dtype",
    [torch.float64, torch.bfloat16, torch.float16, torch.int64, torch.uint8, torch.bool, torch.complex64],
)
def test_sequences_of_another_type_are_refused(sound, tmp_path, dtype):
    path = tmp_path / "test.safetensors"
    path.write_bytes(sound["test"])
    tensors, record = read_tensors(str(path))
    write_tensors(str(path), tensors | {"sequences": tensors["sequences"].to(dtype)}, record)
    refusal("sequences", path, path.read_bytes())


@pytest.mark.parametrize("shape", [(20, 7), (20, 6, 1), (20, 7, 2), (0, 7, 1), (20, 7, 1, 1), ()])
def test_sequences_of_another_shape_are_refused(sound, tmp_path, shape):
    path = tmp_path / "test.safetensors"
    path.write_bytes(sound["test"])
    tensors, record = read_tensors(str(path))
    write_tensors(str(path), tensors | {"sequences": torch.zeros(shape)}, record)
    refusal("sequences", path, path.read_bytes())


HEADER = ",".join(COLUMNS["predictions"]).encode()
ROW = b"toy,0,model,1,mse,1,1,1"


@pytest.mark.parametrize(
    "content",
    [
        b"\0" * 100,
        HEADER.replace(b"low", b"value") + b"\n" + ROW,
        ",".join(f"c{n}" for n in range(10_000)).encode(),
        *(HEADER + b"\n" + ROW.replace(old, new) for old, new in [
            (b"model", b"mo\0del"), (b"model", b"mo\x1b[2Jdel"), (b"model", b'"mo\ndel"'), (b"model", b"x" * 10**6),
            (b"toy", b"\xff\xfe"), (b"toy", b'"toy'), (b",0,", b",0.5,"), (b",0,", b",True,"),
            (b",0,", b"," + b"9" * 30 + b","), (b",0,", b",[],"), (b"mse,1", b"mse,1\0"), (b"mse,1", b"mse,0x10"),
            (b"mse,1", b"mse,"), (ROW, ROW + b",9,9"), (ROW, ROW + b"\n" + ROW + b",9"), (ROW, b"toy,0"),
        ]),
    ],
    ids=lambda content: repr(content[-30:]),
)  # fmt: skip
def test_a_hostile_table_is_refused(tmp_path, content):
    message = refusal("table", tmp_path / "predictions.csv", content + b"\n\n")  # with the end of a whole one
    assert "expected an empty last line" not in message


RECORD = {"settings": {"seed": 0}, "code_digest": "c0de", "versions": {}, "machine": {}}


def test_a_sound_record_is_read(tmp_path):
    (tmp_path / "run.json").write_text(json.dumps(RECORD))
    assert read_record(str(tmp_path / "run.json")) == RECORD


@pytest.mark.parametrize(
    "content",
    [
        b"", b"x", b"\xff", b"[]", b"3", b"NaN", b'"settings code_digest versions machine"', DEEP.encode(),
        DIGITS.encode(), b'{"a": 1, "a": 1}', json.dumps(RECORD | {"settings": {"seed": "0"}}).encode(),
        *(json.dumps(RECORD | {key: [1]}).encode() for key in RECORD),
    ],
    ids=lambda content: repr(content[:40]),
)  # fmt: skip
def test_a_hostile_record_is_refused(tmp_path, content):
    refusal("record", tmp_path / "run.json", content)


@pytest.mark.parametrize(
    "content", [b"", b"s\tmax_rss\nx\t1\n", b"s\tmax_rss\n1\t[]\n", b"s\n1\n", b"\xff\xfe\n", b"\0"]
)
def test_a_hostile_benchmark_record_is_refused(tmp_path, content):
    refusal("costs", tmp_path / "seed0" / "train_model.tsv", content)
