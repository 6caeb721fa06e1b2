"""Archives of a real run of the smoke config: restored results are as if computed here, forged ones are found out."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from forging import rewrite
from projects import copy_project, edit, snakemake, two_seeds
from recurrence_circuits.io.archives import unpack
from reruns import following, planned_jobs
from tools import verify

pytestmark = pytest.mark.slow


def run(tool: str, folder: Path, *arguments: str | Path, status: int = 0) -> str:
    """What one of the project's tools prints, in a copy of the project."""
    command = [sys.executable, "-m", f"tools.{tool}", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": f"{folder / 'workflow'}:{folder / 'scripts'}"}  # as in the Makefile
    done = subprocess.run(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert done.returncode == status, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def smoke(finished, tmp_path_factory):
    """The archive of a run of the smoke config."""
    project = Path(shutil.copytree(finished, tmp_path_factory.mktemp("archived") / "project"))
    snakemake(project, "archive")
    return project / "results/_archives/smoke.tar"


@pytest.fixture(scope="module")
def restored(smoke, tmp_path_factory):
    """Another copy of the project, with that archive restored and what this printed."""
    project = two_seeds(copy_project(tmp_path_factory.mktemp("restored")))
    (project / "terminal.txt").write_text(run("restore", project, smoke))
    return project


def edit_ablation(project: Path) -> None:
    edit(project / "scripts/measure_ablation.py", "def main", "ADDED = 1\n\n\ndef main")


AFTER_THE_EDIT = following("measure_ablation")


def test_a_restored_experiment_has_nothing_to_do(smoke, restored):
    assert "Nothing to be done" in snakemake(restored, "-n")
    told = (restored / "terminal.txt").read_text()
    assert "nothing is left to run" in told
    assert "Its settings are those of config/smoke.yaml.\n" in told
    assert told.endswith("Next: snakemake --configfile config/smoke.yaml\n")
    made = {path.relative_to(restored) for path in (restored / "results/smoke").rglob("*") if path.is_file()}
    there = smoke.parents[2]
    assert made == {path.relative_to(there) for path in (there / "results/smoke").rglob("*") if path.is_file()}
    assert "expected no results" in run("restore", restored, smoke, status=1)


def test_after_an_edit_a_restored_experiment_reruns_exactly_what_reaches_it(restored, tmp_path):
    project = Path(shutil.copytree(restored, tmp_path / "project"))
    edit_ablation(project)
    assert planned_jobs(project) == AFTER_THE_EDIT
    shutil.rmtree(project / ".snakemake/metadata")  # what the records are for: without them nobody would notice
    assert planned_jobs(project) == set()


def test_restoring_says_what_is_stale(smoke, tmp_path):
    project = two_seeds(copy_project(tmp_path))
    edit_ablation(project)
    edit(project / "config/smoke.yaml", "resamples: 100", "resamples: 200")
    told = run("restore", project, smoke)
    assert "those of config/smoke.yaml, but for analysis.resamples." in told
    assert "This code has changed since: measure_ablation." in told
    counts = Counter(job.split()[0] for job in AFTER_THE_EDIT)
    assert all(f"  {rule} {count}\n" in told for rule, count in counts.items())


def test_verify_finds_an_honest_archive_as_it_is(smoke, restored):
    before = sorted(path for path in restored.rglob("*") if "__pycache__" not in path.parts)
    told = run("verify", restored, smoke, "--seed", "5")
    assert "picked with --seed 5: " in told
    assert told.count("same, byte by byte") >= 3
    assert "DIFFERS" not in told
    assert "rule train_model" not in told
    assert sorted(path for path in restored.rglob("*") if "__pycache__" not in path.parts) == before


def zero_some_weights(results: Path) -> None:
    path = results / "seed0/model.safetensors"
    weights = path.read_bytes()
    path.write_bytes(weights[:-4000] + bytes(2000) + weights[-2000:])


def change_cells(results: Path) -> None:
    edit(results / "seed0/ablation.csv", "resample", "resampled")
    edit(results / "tables/claims.csv", "not supported", "supported")
    edit(results / "tables/claims.md", "not supported", "supported")


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (zero_some_weights, ["seed0/ablation.csv: DIFFERS in "]),
        (change_cells, ["seed0/ablation.csv: DIFFERS in 1 cells", "tables/claims.csv: DIFFERS in ",
                        "tables/claims.md: other bytes"]),
    ],
)  # fmt: skip
def test_verify_catches_a_forged_archive(smoke, restored, tmp_path, change, lines):
    contents = unpack(smoke, tmp_path / "scratch")
    seed = next(n for n in range(999) if "results/smoke/seed0/ablation.csv" in verify.pick(contents, 1, n))
    archive = Path(shutil.copy(smoke, tmp_path / "smoke.tar"))
    rewrite(archive, lambda bag: change(bag / "data/results/smoke"))
    told = run("verify", restored, archive, "--seed", str(seed), status=1)
    assert "NOT ALL AS ARCHIVED" in told
    for line in lines:
        assert f"  results/smoke/{line}" in told
