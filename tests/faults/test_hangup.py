"""A closed terminal, as when a connection drops: the same command goes on."""

import os
import pty
import signal
import sys
from pathlib import Path

import psutil
import pytest

from projects import change_config, copy_project, outside, snakemake, wait_until

pytestmark = pytest.mark.slow
SEED = Path("results/smoke/seed0")
NOHUP = "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); os.execv(sys.executable, sys.argv[1:])"


@pytest.fixture
def project(tmp_path):
    project = copy_project(tmp_path / "project")
    longer = {"steps": 4500, "checkpoint_every": 50, "evaluate_every": 500}
    change_config(project, lambda smoke: smoke["training"].update(longer))
    return project


def in_a_terminal(project: Path, *before: str) -> tuple[psutil.Process, int]:
    """Start the workflow in a terminal of its own; the first process, and the terminal's end that a person sees."""
    command = [*before, sys.executable, "-m", "snakemake", "models", "--configfile", "config/smoke.yaml"]
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(project)
        os.execve(command[0], command, outside())
    wait_until((project / SEED / "checkpoint.safetensors").exists)
    return psutil.Process(pid), terminal


def at_work(project: Path) -> list[psutil.Process]:
    """Every process that works in the project."""
    return [process for process in psutil.process_iter(["cwd"]) if process.info["cwd"] == str(project)]


@pytest.mark.parametrize("before", [[], ["/bin/bash", "-c", '"$0" "$@"; true']], ids=["ssh -t", "shell"])
def test_the_terminal_is_closed_during_a_training(project, before):
    running, terminal = in_a_terminal(project, *before)
    os.close(terminal)
    assert running.wait() in (1, -signal.SIGHUP)  # Snakemake's own end; the shell's
    wait_until(lambda: at_work(project) == [])
    log = (project / SEED / "../logs/seed0/train_model.log").read_text()
    assert "SIGHUP after step " in log
    assert not list((project / ".snakemake/locks").glob("*"))
    assert not (project / SEED / "model.safetensors").exists()
    assert "goes on after step " in snakemake(project, "models")


def test_under_nohup_it_goes_on_without_the_terminal(project):
    running, terminal = in_a_terminal(project, sys.executable, "-c", NOHUP)
    os.killpg(running.pid, signal.SIGHUP)
    os.close(terminal)
    assert running.wait() == 0
    assert (project / SEED / "model.safetensors").exists()
