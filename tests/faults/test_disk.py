"""A full, a read-only and a damaged disk: what is said, and that the way back in docs/recovery.md is one.

After each the results are, byte for byte, those of a run that nothing disturbed.
"""

import shutil
from pathlib import Path

import pytest

from projects import assert_ends_as, documented, fill, snakemake

pytestmark = pytest.mark.slow
RESULTS = Path("results/smoke")


def put_on_a_disk(disk, folder: Path, options: str) -> None:
    """Move a folder of the results onto a disk of its own, under the dates that its files have."""
    shutil.copytree(folder, folder.with_suffix(".aside"))
    disk(folder, options)
    shutil.copytree(folder.with_suffix(".aside"), folder, dirs_exist_ok=True)
    shutil.rmtree(folder.with_suffix(".aside"))


# What of the results lies on the disk, and what there is to make anew.
PLACES = {
    "seed0": "seed0/ablation.csv",
    "logs/seed0": "seed0/ablation.csv",
    "benchmarks/seed0": "seed0/ablation.csv",
}


@pytest.mark.parametrize("place", PLACES)
def test_the_disk_is_full(project, finished, disk, place):
    folder, target = project / RESULTS / place, str(RESULTS / PLACES[place])
    put_on_a_disk(disk, folder, "size=24m")
    for path in [
        project / target,
        *folder.glob("measure_ablation.*"),
    ]:  # its log or benchmark, where the disk holds these
        path.unlink()
    fill(folder, room=0)
    # A stage is worth more than its log: that goes on on the terminal.
    assert documented("No space left on device") in snakemake(project, target, ok=place == "logs/seed0")
    (folder / "filler").unlink()
    snakemake(project, target)
    snakemake(project)  # the report: it shows how long the stage took
    assert_ends_as(project, finished)


def test_the_disk_is_read_only(project, finished, disk):
    folder, target = project / RESULTS / "seed0", str(RESULTS / "seed0" / "ablation.csv")
    put_on_a_disk(disk, folder, "size=24m")
    disk(folder, "ro")
    asked = [target, "--forcerun", "measure_ablation"]
    assert documented("Write-protected output files") in snakemake(project, *asked, ok=False)
    disk(folder, "rw")
    (project / target).unlink()
    disk(folder, "ro")
    assert documented("Read-only file system") in snakemake(project, target, ok=False)
    disk(folder, "rw")
    snakemake(project, target)
    snakemake(project)  # the report: it shows how long the stage took
    assert_ends_as(project, finished)


# --- cut files ---


@pytest.mark.parametrize(
    ("name", "where", "target"),
    [
        ("data/train.safetensors", b"", "seed0/model.safetensors"),
        ("seed0/model.safetensors", b"", "seed0/ablation.csv"),
        ("seed0/similarity.csv", b".", "figures/similarity.csv"),  # within a number
        ("seed1/readout_lens.csv", b"\n", "tables/readout_lens.csv"),  # between two lines
    ],
)
def test_a_cut_file_is_named_and_made_again(project, finished, name, where, target):
    path = project / RESULTS / name
    content = path.read_bytes()
    path.write_bytes(content[: content.index(where, len(content) // 2) + len(where)])
    assert f"{RESULTS / name}: {documented('expected')}" in snakemake(project, str(RESULTS / target), ok=False)
    path.unlink()
    snakemake(project, str(RESULTS / target))
    snakemake(project)
    assert_ends_as(project, finished)
