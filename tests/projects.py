"""Copies of this project in which a test runs the real Snakemake."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
LIMIT = 900  # seconds until what is waited for counts as lost: no measure, but a test must end some time


def snakemake(folder: Path, *arguments: str, ok: bool = True) -> str:
    """Run the workflow in `folder`; its output, both streams together."""
    return _run(folder, ["-m", "snakemake", *arguments], ok)


def start(folder: Path, *arguments: str) -> subprocess.Popen:
    """Start the workflow in a process group of its own; what it says goes to terminal.txt in `folder`."""
    command = [sys.executable, "-m", "snakemake", *arguments, "--configfile", "config/smoke.yaml"]
    with (folder / "terminal.txt").open("w") as terminal:
        return subprocess.Popen(command, cwd=folder, stdout=terminal, stderr=subprocess.STDOUT, start_new_session=True)


def wait_until(true, running: subprocess.Popen | None = None, folder: Path | None = None):
    """Wait for something to be true and return it; of a Snakemake in `folder` that must be at work meanwhile."""
    deadline = time.monotonic() + LIMIT
    while not (found := true()):
        said = (folder / "terminal.txt").read_text() if folder else ""
        assert running is None or running.poll() is None, said
        assert time.monotonic() < deadline, said
        time.sleep(0.05)
    return found


def recover(folder: Path, *arguments: str, ok: bool = True) -> str:
    """What `make recover` does in `folder`; its output, both streams together."""
    return tool("recover", folder, *arguments, ok=ok)


def tool(name: str, folder: Path, *arguments: str, ok: bool = True) -> str:
    """Run one of workflow/tools that takes the flags of a run, in `folder`; its output, both streams together."""
    return _run(folder, ["-m", f"tools.{name}", *arguments], ok)


def outside() -> dict[str, str]:
    """The environment of these tests, as it is outside a measurement of coverage."""
    return {key: value for key, value in os.environ.items() if not key.startswith("COV_")}


def _run(folder: Path, arguments: list[str], ok: bool) -> str:
    command = [sys.executable, *arguments, "--configfile", "config/smoke.yaml"]
    environment = outside() | {"PYTHONPATH": "workflow:scripts"}  # as the Makefile has it; Snakemake itself needs none
    done = subprocess.run(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert (done.returncode == 0) == ok, done.stdout
    return done.stdout


def planned(folder: Path, *targets: str) -> dict[str, int]:
    """How many jobs of each rule a dry run plans; an aggregate that draws nothing (all, figures) left out."""
    output = snakemake(folder, "-n", *targets)
    table = re.search(r"^Job stats:\n.*\n-.*\n((?:\w+ +\d+\n)+)", output, flags=re.MULTILINE)
    counts = dict(line.split() for line in table.group(1).splitlines()) if table else {}
    return {rule: int(n) for rule, n in counts.items() if rule not in ("total", "all", "figures")}


def copy_project(target: Path) -> Path:
    """The project's own files, as a clone would have them."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def change_config(project: Path, change) -> None:
    path = project / "config" / "smoke.yaml"
    config = yaml.safe_load(path.read_text())
    change(config["experiments"]["smoke"])
    path.write_text(yaml.safe_dump(config))


def two_seeds(project: Path) -> Path:
    """The smoke config has one seed, for speed; two show what goes by seed."""
    change_config(project, lambda smoke: smoke.update(seeds=[0, 1]))
    return project


def add_twin(project: Path, twin: str) -> None:
    """Give a finished run a second experiment like the first: its settings, and the tables that are compared."""
    path, smoke = project / "config" / "smoke.yaml", project / "results" / "smoke"
    config = yaml.safe_load(path.read_text())
    config["experiments"][twin] = config["experiments"]["smoke"]
    path.write_text(yaml.safe_dump(config))
    compared = [smoke / "tables/claims.csv", *smoke.glob("seed*/quality.csv"), *smoke.glob("seed*/predictions.csv")]
    for table in compared:
        copy = project / "results" / twin / table.relative_to(smoke)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(table.read_text().replace("smoke,", f"{twin},"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) >= 1, f"{old!r} is not in {path}"
    path.write_text(text.replace(old, new, 1))


def assert_ends_as(project: Path, finished: Path) -> None:
    """Every result that does not tell of times is there, byte for byte; nothing is left to do, nothing else is left."""
    assert planned(project) == {}
    wanted, found = results(finished), results(project)
    assert sorted(found) == sorted(wanted)
    for name, path in wanted.items():
        timed = name.name in ("run.json", "report.html") or {"logs", "benchmarks"} & set(name.parts)
        assert timed or found[name].read_bytes() == path.read_bytes(), name


def assert_same(project: Path, finished: Path, *names: str) -> None:
    """Files of the smoke experiment's results are there, byte for byte."""
    for name in names:
        assert (project / "results/smoke" / name).read_bytes() == (finished / "results/smoke" / name).read_bytes(), name


def results(project: Path) -> dict[Path, Path]:
    """Every file of the results by its path within the project."""
    return {path.relative_to(project): path for path in (project / "results").rglob("*") if path.is_file()}


def documented(text: str) -> str:
    """A text that docs/recovery.md tells its readers to look for, or to type."""
    page = (ROOT / "docs" / "recovery.md").read_text()
    assert text in page, f"{text!r} is not in docs/recovery.md"
    return text


def fill(disk: Path, room: int) -> None:
    """Leave `room` bytes on a small disk."""
    with open(disk / "filler", "wb", buffering=0) as filler:
        try:
            while filler.write(b"x" * 4096):
                pass
        except OSError:
            filler.truncate(filler.tell() - room)
