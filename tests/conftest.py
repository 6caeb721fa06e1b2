"""What several test files share: a finished run, projects to change, and a disk that runs full."""

import shutil
import signal
import subprocess
from pathlib import Path

import pytest
import torch
from filelock import FileLock

from parsed import Parsed, parse
from projects import copy_project, snakemake, two_seeds

# As in the rules that train. Tests of two cores would otherwise wait for each other's threads.
torch.set_num_threads(1)


@pytest.fixture(autouse=True, scope="session")
def _signals_are_not_ignored() -> None:
    """What starts the tests may ignore signals (nohup, a shell's `&`), and the jobs of a test would inherit that."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """A test that fails does so every time: what it draws without a stream of its own is the same at each run."""
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def workflow(tmp_path_factory) -> Parsed:
    """The workflow's rules as Snakemake itself reads them."""
    return parse(tmp_path_factory.mktemp("parsed"))


@pytest.fixture(scope="session")
def finished(tmp_path_factory, worker_id) -> Path:
    """A finished run of the smoke config with two seeds, which show what goes by seed; not to be changed."""
    alone = worker_id == "master"  # else one run for the processes of all cores, in the folder above theirs
    folder = (tmp_path_factory.getbasetemp() if alone else tmp_path_factory.getbasetemp().parent) / "finished"
    with FileLock(folder.with_suffix(".lock")):
        if not folder.exists():
            project = two_seeds(copy_project(folder.with_suffix(".making")))
            (project / "terminal.txt").write_text(snakemake(project))
            project.rename(folder)
    return folder


@pytest.fixture
def project(finished, tmp_path) -> Path:
    """A copy of the finished run, times and records included, to change."""
    return Path(shutil.copytree(finished, tmp_path / "project"))


@pytest.fixture
def fresh(tmp_path) -> Path:
    """A copy of the project in which nothing has run, with the settings of the finished run."""
    return two_seeds(copy_project(tmp_path / "fresh"))


@pytest.fixture
def disk(tmp_path):
    """A small disk of its own: `disk(folder, options)` mounts it at a folder, or mounts it anew with other options."""
    mounted = []

    def mount(folder: Path, options: str) -> None:
        remount = ["remount"] * (folder in mounted)
        command = ["mount", "-t", "tmpfs", "-o", ",".join([*remount, options]), "tmpfs", folder]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"needs the right to mount a disk: {error}")
        mounted.append(folder)

    yield mount
    for folder in set(mounted):
        subprocess.run(["umount", folder], check=True)
