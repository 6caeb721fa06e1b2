"""Jobs and Snakemakes killed, or one too many: what is said, and that the way back in docs/recovery.md is one.

After each the results are, byte for byte, those of a run that nothing disturbed.
"""

import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import tarfile
import time
from pathlib import Path

import psutil
import pytest
import yaml

from clusters import empty_queue, local_cluster
from projects import (
    add_twin,
    assert_ends_as,
    assert_same,
    change_config,
    documented,
    edit,
    planned,
    recover,
    snakemake,
    start,
    wait_until,
)
from recurrence_circuits.config.check import expand_config
from tools.metadata import incomplete, unrecorded
from tools.recover import finished_trainings

pytestmark = pytest.mark.slow
RESULTS = Path("results/smoke")


# --- killed ---


def scripts_at_work(running: subprocess.Popen) -> list[tuple[str, psutil.Process]]:
    """The name of every script that a Snakemake runs, and its process."""
    found = []
    try:
        for child in psutil.Process(running.pid).children(recursive=True):
            name = re.search(r"/\.snakemake/scripts/\w+\.(\w+)\.py$", " ".join(child.cmdline()))
            if name and "python" in Path(child.exe()).name:
                found.append((name[1], child))
    except psutil.NoSuchProcess:
        pass  # ended while we looked
    return found


def kill_one_of_each(running: subprocess.Popen, project: Path, spared: set[str], longest: float) -> set[str]:
    """Kill -9 the first job of every script but the spared, up to `longest` seconds after it began; those that died."""
    moments = random.Random(len(spared))
    due: dict[psutil.Process, float] = {}
    tried: set[str] = set()
    while running.poll() is None:
        for name, process in scripts_at_work(running):
            moment = due.setdefault(process, time.monotonic() + moments.uniform(0, longest))
            if name not in spared | tried and time.monotonic() >= moment:
                with contextlib.suppress(psutil.NoSuchProcess):  # it was quicker, and gets another round
                    process.kill()
                    tried.add(name)
        time.sleep(0.01)
    said = (project / "terminal.txt").read_text()
    died = {name for name in tried if re.search(rf"Error in rule {name}:", said)}
    assert (running.returncode == 0) == (not died), said
    return died


def test_a_job_of_every_stage_is_killed(fresh, finished):
    alone = {"archive_experiment", "draw_comparison", "write_comparison"}
    scripts = {path.stem for path in (fresh / "scripts").glob("*.py")} - alone
    killed: set[str] = set()
    missed: list[str] = []
    for _ in range(20):  # more than stages wait for each other
        again = ["--forcerun", *missed] if missed else []  # quicker than their moment: once more, killed at once
        died = kill_one_of_each(start(fresh, *again), fresh, killed, longest=0 if missed else 0.5)
        killed |= died
        missed = [] if died else sorted(scripts - killed)
        if not died and not missed:
            break
    assert killed == scripts
    assert documented("Error in rule")
    assert_ends_as(fresh, finished)


def test_a_job_that_compares_or_archives_is_killed(project, tmp_path):
    """The stages that a run of one experiment leaves out; what they would make is made after all."""
    add_twin(project, "again")
    page, archive = "results/_comparison/affine.html", "results/_archives/smoke.tar"
    rules = ["draw_comparison", "write_comparison", "archive_experiment"]
    asked = [page, archive, "--allowed-rules", *rules]
    undisturbed = Path(shutil.copytree(project, tmp_path / "undisturbed"))
    snakemake(undisturbed, *asked)
    died = kill_one_of_each(start(project, *asked), project, set(), longest=0)
    assert died == {"draw_comparison", "archive_experiment"}
    assert not any((project / output).exists() for output in (page, archive))
    assert kill_one_of_each(start(project, *asked), project, died, longest=0) == {"write_comparison"}
    assert not (project / page).exists()
    snakemake(project, *asked)
    assert_same(project, undisturbed, "../_comparison/figures/comparison.csv", "../_comparison/affine.html")
    assert contents(project / archive) == contents(undisturbed / archive)
    assert sorted(os.listdir(project / "results/_archives")) == ["benchmarks", "logs", "smoke.tar"]


def contents(archive: Path) -> dict[str, bytes]:
    """The results in an archive; its other files tell of times."""
    with tarfile.open(archive) as tar:
        return {name: tar.extractfile(name).read() for name in tar.getnames() if "/results/" in name}


def test_snakemake_and_all_its_jobs_are_killed(fresh, finished):
    running = start(fresh, "results/smoke/seed0/predictions.csv", "results/smoke/seed1/predictions.csv")
    wait_until((fresh / RESULTS / "seed0" / "model.safetensors").exists, running, fresh)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    assert documented("Directory cannot be locked") in snakemake(fresh, ok=False)
    assert documented("make recover")
    recover(fresh, "results/smoke/seed0/predictions.csv", "results/smoke/seed1/predictions.csv")
    assert_same(fresh, finished, "seed0/model.safetensors", "seed1/model.safetensors", "seed1/predictions.csv")


def test_what_a_cluster_ended_after_snakemake_was_killed_is_known_for_what_it_is(fresh, finished, monkeypatch):
    """Without a record of what made them, outputs would outlive every edit."""
    monkeypatch.setenv("PATH", empty_queue(fresh))
    predictions, weights = f"{RESULTS}/seed0/predictions.csv", f"{RESULTS}/seed0/model.safetensors"
    change_config(fresh, lambda smoke: smoke["training"].update(checkpoint_every=1))  # there from the first step on
    flags = [predictions, *local_cluster(fresh)]
    running = start(fresh, *flags)
    wait_until((fresh / RESULTS / "seed0" / "checkpoint.safetensors").exists, running, fresh)
    running.kill()
    running.wait()
    wait_until(lambda: (fresh / weights).exists() and weights not in incomplete(fresh))
    inode = (fresh / weights).stat().st_ino
    (fresh / predictions).write_text("made by code that is gone")
    said = recover(fresh, *flags)
    assert f"put on record: {RESULTS}/seed0/learning_curves.csv" in said
    assert f"made again if needed: {predictions}" in said
    assert (fresh / weights).stat().st_ino == inode  # touched, never written again
    assert unrecorded(fresh, "smoke") == []
    assert_same(fresh, finished, "seed0/model.safetensors", "seed0/predictions.csv")
    assert planned(fresh, predictions) == {}
    edit(fresh / "scripts/recurrence_circuits/training/loop.py", "set aside as %s", "put aside as %s")
    assert planned(fresh, predictions) == {"train_model": 1, "measure_predictions": 1}


def test_two_snakemakes_in_one_folder(project, finished):
    running = start(project, "models", "--forcerun", "train_model")
    (_, script), *_ = wait_until(lambda: scripts_at_work(running), running, project)
    script.suspend()  # so that the first is sure to be at work while others try
    assert documented("Directory cannot be locked") in snakemake(project, ok=False)
    assert documented("expected no Snakemake at work in") in recover(project, ok=False)
    script.resume()
    assert running.wait() == 0, (project / "terminal.txt").read_text()
    snakemake(project)  # a report of the new times
    assert_ends_as(project, finished)


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"settings": {"experiment": "smoke"}}'])
def test_a_record_that_is_none_is_named_and_counts_for_nothing(fresh, capsys, content):
    record = fresh / RESULTS / "seed0" / "run.json"
    record.parent.mkdir(parents=True)
    record.write_text(content)
    config = expand_config(yaml.safe_load((fresh / "config/smoke.yaml").read_text()), "smoke.yaml")
    name = str(RESULTS / "seed0/run.json")
    assert finished_trainings(fresh, [name], config["experiments"]) == []
    assert f"{name}: expected the record of a training, found" in capsys.readouterr().out
