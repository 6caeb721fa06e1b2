"""Every kind of output on a disk that is full, or read-only: what is said, what is left, and that it works thereafter.

A disk of some kilobytes is mounted for it; where that is not allowed these tests are skipped.
"""

import json
import os
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest

from models import random_model, run_settings
from projects import fill
from recurrence_circuits.figures.style import new_figure, save_figure
from recurrence_circuits.io.archives import RECORDS, pack
from recurrence_circuits.io.files import write_text
from recurrence_circuits.io.records import write_record
from recurrence_circuits.io.tables import write_csv
from recurrence_circuits.model.weights import save_model, save_snapshots
from recurrence_circuits.runtime.logs import log_to
from recurrence_circuits.tasks.dataset import draw_sequences, write_sequences
from recurrence_circuits.training.checkpoint import Origin, TrainingState

RUN = run_settings()
TABLE = pd.DataFrame({"value": np.linspace(0, 1, 2000)})
SEQUENCES = draw_sequences("affine", RUN.data, "train", 1000)
ORIGIN = Origin(RUN.to_dict(), "code", "data", "cpu", 1, "torch")


def draw(path: str) -> None:
    figure = new_figure(3, 2)
    figure.subplots().plot(TABLE["value"])
    with TemporaryDirectory() as elsewhere:
        files = {kind: f"{elsewhere}/{kind}" for kind in ("pdf", "png", "csv")}
        save_figure(figure, TABLE, **files | {path.rpartition(".")[2]: path})


# By name of the file, each larger than the room that is left: 4 kB, or none for what is smaller than that.
WRITERS = {
    "train.safetensors": lambda path: write_sequences(path, SEQUENCES, "affine", RUN.data),
    "model.safetensors": lambda path: save_model(path, random_model(), RUN),
    "snapshots.safetensors": lambda path: save_snapshots(path, {3: random_model().state_dict()}, RUN),
    "checkpoint.safetensors": lambda path: TrainingState(RUN, 64, "cpu").save(path, ORIGIN),
    "table.csv": lambda path: write_csv(TABLE, path),
    "figure.pdf": draw,
    "figure.png": draw,
    "report.html": lambda path: write_text(path, "x" * 10000),
    "claims.md": lambda path: write_text(path, "small"),
    "run.json": lambda path: write_record(path, RUN, "code", "criteria-0", datetime.now(UTC), 1, [], {}),
}
SMALL = {"claims.md", "run.json", "model.safetensors", "snapshots.safetensors"}


@pytest.fixture
def folder(disk, tmp_path):
    """A disk of 256 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    disk(folder, "size=256k")
    return folder


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_told_leaves_nothing_half_and_room_is_enough_to_go_on(disk, folder, name, tmp_path):
    path = folder / name
    WRITERS[name](str(tmp_path / name))
    fill(folder, 0 if name in SMALL else 4096)
    path.touch()
    with pytest.raises(OSError, match=f"expected to write a whole file, found: No space left on device: '{path}'"):
        WRITERS[name](str(path))
    assert path.read_bytes() == b""  # the older file
    assert sorted(os.listdir(folder)) == sorted(["filler", name])
    disk(folder, "size=4m")
    WRITERS[name](str(path))
    assert path.read_bytes() == (tmp_path / name).read_bytes()


@pytest.mark.parametrize("name", WRITERS)
def test_a_read_only_disk_is_told_and_a_writable_one_is_enough_to_go_on(disk, folder, name):
    path = folder / name
    disk(folder, "ro")
    with pytest.raises(OSError, match=f"expected to write a whole file, found: Read-only file system: '{path}'"):
        WRITERS[name](str(path))
    assert os.listdir(folder) == []
    disk(folder, "rw")
    WRITERS[name](str(path))
    assert os.listdir(folder) == [name]


@pytest.mark.parametrize("room", [4, 130], ids=["not for what goes in", "not for the whole"])
def test_an_archive_on_a_full_disk_is_told_and_leaves_nothing(disk, folder, tmp_path, monkeypatch, room):
    monkeypatch.chdir(tmp_path)
    output = Path("results/toy/seed0/a.csv")
    for path in (output, Path(RECORDS) / urlsafe_b64encode(bytes(output)).decode()):
        path.parent.mkdir(parents=True)
    output.write_text("x" * 100_000)
    path.write_text("{}")
    archive = folder / "toy.tar"
    fill(folder, room * 1024)
    with pytest.raises(OSError, match=rf"a whole file, found: No space left on device.*: '{archive}'"):
        pack(str(archive), "toy", [str(output)], {}, {})
    assert os.listdir(folder) == ["filler"]
    disk(folder, "size=4m")
    assert pack(str(archive), "toy", [str(output)], {}, {}) == 1


def test_a_job_whose_log_has_no_room_still_tells_what_failed(folder, capsys):
    fill(folder, 0)
    path = folder / "run.json"
    with pytest.raises(OSError, match=f"device: '{path}'"), log_to(str(folder / "stage.log")) as logger:  # noqa: PT012
        logger.info("step 7")
        write_text(path, json.dumps("record"))
    assert "step 7" in capsys.readouterr().err
