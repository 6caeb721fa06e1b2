"""Training stopped under the real Snakemake: the same command goes on and ends with the same weights."""

import json
import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from projects import change_config, copy_project, snakemake, start, wait_until

pytestmark = pytest.mark.slow
SEED = Path("results/smoke/seed0")
CHECKPOINT, WEIGHTS = SEED / "checkpoint.safetensors", SEED / "model.safetensors"
STEPS = 4500  # some five seconds: enough to be stopped within


def longer(project: Path) -> Path:
    change_config(project, lambda smoke: smoke["training"].update(steps=STEPS, checkpoint_every=50, evaluate_every=500))
    return project


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    project = longer(copy_project(tmp_path_factory.mktemp("uninterrupted")))
    snakemake(project, "models")
    assert json.loads((project / SEED / "run.json").read_text())["resumed_after_steps"] == []
    return project


@pytest.fixture
def project(tmp_path):
    return longer(copy_project(tmp_path / "project"))


def start_training(project: Path) -> subprocess.Popen:
    """Start the workflow and wait until training has kept a checkpoint."""
    running = start(project, "models")
    wait_until((project / CHECKPOINT).exists, running, project)
    return running


def script_of(running: subprocess.Popen) -> psutil.Process:
    (script,) = [
        child for child in psutil.Process(running.pid).children(recursive=True)
        if "train_model.py" in " ".join(child.cmdline()) and "python" in Path(child.exe()).name
    ]  # fmt: skip
    return script


def log(project: Path) -> str:
    return (project / "results/smoke/logs/seed0/train_model.log").read_text()


def goes_on_to_the_same_weights(project: Path, uninterrupted: Path) -> None:
    assert (project / CHECKPOINT).exists()
    assert not (project / WEIGHTS).exists()
    snakemake(project, "models")
    (step,) = json.loads((project / SEED / "run.json").read_text())["resumed_after_steps"]
    assert 50 <= step < STEPS
    assert f"smoke seed 0: goes on after step {step}, from {CHECKPOINT}" in log(project)
    for name in (WEIGHTS, SEED / "snapshots.safetensors", SEED / "learning_curves.csv"):
        assert (project / name).read_bytes() == (uninterrupted / name).read_bytes(), name
    assert sorted(os.listdir(project / SEED)) == sorted(os.listdir(uninterrupted / SEED))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_scheduler_ends_the_job(project, uninterrupted, number):
    running = start_training(project)
    script_of(running).send_signal(number)
    assert running.wait() != 0
    assert f"Stopped: smoke seed 0: {number.name} after step " in log(project)
    assert f"of {STEPS}; the next run goes on from {CHECKPOINT}" in log(project)
    goes_on_to_the_same_weights(project, uninterrupted)


def test_a_person_presses_ctrl_c(project, uninterrupted):
    running = start_training(project)
    os.killpg(running.pid, signal.SIGINT)
    assert running.wait() != 0
    assert "SIGINT after step " in log(project)
    goes_on_to_the_same_weights(project, uninterrupted)


def test_the_job_is_killed(project, uninterrupted):
    running = start_training(project)
    script_of(running).kill()
    assert running.wait() != 0
    assert "rule train_model" in (project / "terminal.txt").read_text()
    goes_on_to_the_same_weights(project, uninterrupted)


def test_the_machine_goes_down(project, uninterrupted):
    running = start_training(project)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    assert "Directory cannot be locked" in snakemake(project, "models", ok=False)
    snakemake(project, "--unlock")
    goes_on_to_the_same_weights(project, uninterrupted)
