"""Jobs and Snakemakes killed, or one too many: what is said, and that the way back in docs/recovery.md is one.

After each the results are, byte for byte, those of a run that nothing disturbed.
"""

import os
import random
import re
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest
import yaml
from clusters import empty_queue, local_cluster
from projects import assert_ends_as, assert_same, documented, edit, planned, recover, snakemake, start
from records import incomplete, unrecorded
from recover import finished_trainings
from validation import expand_config

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


def kill_one_of_each(running: subprocess.Popen, spared: set[str], moments: random.Random) -> None:
    """Kill -9 the first job of every script but the spared, some time after it began; those killed are spared then."""
    due: dict[psutil.Process, float] = {}
    while running.poll() is None:
        for name, process in scripts_at_work(running):
            began = due.setdefault(process, time.monotonic() + moments.uniform(0, 0.5))
            if name not in spared and time.monotonic() >= began:
                process.kill()
                spared.add(name)
        time.sleep(0.01)


def test_a_job_of_every_stage_is_killed(fresh, finished):
    scripts = {path.stem for path in (fresh / "scripts").glob("*.py")} - {"draw_variants", "archive_experiment"}
    killed: set[str] = set()
    for _ in range(12):  # as many as stages may wait for each other
        before = set(killed)
        running = start(fresh)
        kill_one_of_each(running, killed, random.Random(len(killed)))
        said = (fresh / "terminal.txt").read_text()
        assert (running.returncode == 0) == (killed == before), said
        for name in killed - before:
            assert re.search(rf"Error in rule {name}:", said), said
        if killed == before:
            break
    assert killed == scripts
    assert documented("Error in rule")
    assert_ends_as(fresh, finished)


def test_snakemake_and_all_its_jobs_are_killed(fresh, finished):
    running = start(fresh, "results/smoke/tables/predictions.csv")
    while not (fresh / RESULTS / "seed0" / "model.safetensors").exists():
        assert running.poll() is None
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    assert documented("Directory cannot be locked") in snakemake(fresh, ok=False)
    assert documented("make recover")
    recover(fresh, "results/smoke/tables/predictions.csv")
    assert_same(fresh, finished, "seed0/model.safetensors", "seed1/model.safetensors", "tables/predictions.csv")


def test_what_a_cluster_ended_after_snakemake_was_killed_is_known_for_what_it_is(fresh, finished, monkeypatch):
    """Without a record of what made them, outputs would outlive every edit."""
    monkeypatch.setenv("PATH", empty_queue(fresh))
    predictions, weights = f"{RESULTS}/seed0/predictions.csv", f"{RESULTS}/seed0/model.safetensors"
    flags = [predictions, *local_cluster(fresh)]
    running = start(fresh, *flags)
    while not (fresh / RESULTS / "seed0" / "checkpoint.safetensors").exists():
        assert running.poll() is None, (fresh / "terminal.txt").read_text()
        time.sleep(0.01)
    running.kill()
    running.wait()
    while not (fresh / weights).exists() or weights in incomplete(fresh):
        time.sleep(0.05)
    inode = (fresh / weights).stat().st_ino
    (fresh / predictions).write_text("made by code that is gone")
    said = recover(fresh, *flags)
    assert f"put on record: {RESULTS}/seed0/history.csv" in said
    assert f"made again if needed: {predictions}" in said
    assert (fresh / weights).stat().st_ino == inode  # touched, never written again
    assert unrecorded(fresh, "smoke") == []
    assert_same(fresh, finished, "seed0/model.safetensors", "seed0/predictions.csv")
    assert planned(fresh, predictions) == {}
    edit(fresh / "scripts/recurrence_circuits/training.py", "set aside as %s", "put aside as %s")
    assert planned(fresh, predictions) == {"train_model": 1, "score_predictions": 1}


def test_two_snakemakes_in_one_folder(project, finished):
    running = start(project, "models", "--forcerun", "train_model")
    while not scripts_at_work(running):
        assert running.poll() is None
        time.sleep(0.05)
    assert documented("Directory cannot be locked") in snakemake(project, ok=False)
    assert documented("expected no Snakemake at work in") in recover(project, ok=False)
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
