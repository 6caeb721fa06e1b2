"""`make recover` of a run that worked in another folder, and Ctrl-C while it goes on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from projects import change_config, copy_project, outside, planned, snakemake, wait_until
from recurrence_circuits.io.tensors import read_tensors

pytestmark = pytest.mark.slow
SEED = Path("results/smoke/seed0")
RULE_SCRIPT = "/.snakemake/scripts/"


@pytest.fixture
def project(tmp_path):
    """A project whose training takes some ten seconds."""
    project = copy_project(tmp_path / "project")
    longer = {"steps": 9000, "checkpoint_every": 50, "evaluate_every": 500}
    change_config(project, lambda smoke: smoke["training"].update(longer))
    return project


def start(project: Path, module: str, *arguments: str) -> subprocess.Popen:
    """Start a program of this project as from a terminal; what it says goes to terminal.txt."""
    environment = outside() | {"PYTHONPATH": "workflow:scripts"}
    with (project / "terminal.txt").open("w") as terminal:
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=project, env=environment, stdout=terminal, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip


def trainings(folder: Path) -> list[int]:
    """The processes that train in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words, cwd = (process / "cmdline").read_bytes().decode(), (process / "cwd").readlink()
        except OSError:
            continue  # ended, or not ours to read
        if cwd == folder and RULE_SCRIPT in words and "train_model.py" in words and "bash" not in words.split("\0")[0]:
            found.append(int(process.name))
    return found


@pytest.mark.parametrize("flag", ["--directory", "-d", "profile"])
def test_a_run_in_another_folder_is_recovered_there(project, tmp_path, flag):
    elsewhere = tmp_path / "D"
    if flag == "profile":
        (project / "mine").mkdir()
        (project / "mine/config.yaml").write_text("directory: ../D\n")
    where = ["--profile", "mine"] if flag == "profile" else [flag, "../D"]
    flags = ["models", "--configfile", "config/smoke.yaml", *where]
    running = start(project, "snakemake", *flags)
    wait_until((elsewhere / SEED / "checkpoint.safetensors").exists, running, project)
    (orphan,) = trainings(elsewhere)
    running.kill()
    running.wait()
    recovering = start(project, "tools.recover", *flags)
    wait_until(lambda: len(trainings(elsewhere)) == 1 and trainings(elsewhere) != [orphan], recovering, project)
    assert recovering.wait() == 0, (project / "terminal.txt").read_text()
    said = (project / "terminal.txt").read_text()
    assert f"ending process {orphan}" in said
    assert "goes on after step " in said
    assert read_tensors(elsewhere / SEED / "model.safetensors")
    assert not (project / "results").exists()


def test_ctrl_c_while_recovering_is_ctrl_c_of_snakemake(project):
    flags = ["models", "--configfile", "config/smoke.yaml"]
    running = start(project, "snakemake", *flags)
    checkpoint = project / SEED / "checkpoint.safetensors"
    wait_until(checkpoint.exists, running, project)
    running.kill()
    running.wait()
    recovering = start(project, "tools.recover", *flags)
    wait_until(lambda: "goes on after step " in (project / "terminal.txt").read_text(), recovering, project)
    os.killpg(recovering.pid, signal.SIGINT)
    assert recovering.wait() > 0  # not killed by a signal
    said = (project / "terminal.txt").read_text()
    assert "SIGINT after step " in said
    assert "Snakemake process was killed" not in said
    assert "tools/recover.py" not in said  # no traceback of ours
    assert planned(project, "results/smoke/seed0/model.safetensors") == {"train_model": 1}
    assert not list((project / ".snakemake/locks").glob("*"))
    assert trainings(project) == []
    assert checkpoint.exists()
    assert "goes on after step " in snakemake(project, "models")
