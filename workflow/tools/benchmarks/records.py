"""Scratch clones, and what a command in one costs, job by job."""

import os
import re
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tools.benchmarks.results import ROOT

SNAKEMAKE = (sys.executable, "-m", "snakemake")
# Python reads a module of this name whenever it starts. Snakemake's own records of a job's CPU time are too coarse: it
# looks twice a second for 15 s, then twice a minute.
RECORDER = """import atexit, os, sys, time


def record():
    with open(os.environ["CPU_SPENT"], "a") as spent:
        spent.write(f"{os.path.basename(sys.argv[0])}\\t{time.process_time()}\\n")


atexit.register(record)
"""


class Cost(NamedTuple):
    """Seconds by the clock; seconds of CPU of the command and all that it started; and those of each script's jobs."""

    seconds: float
    cpu: float
    scripts: dict[str, list[float]]


def clone_of(commit: str, folder: Path) -> Path:
    """A clone of this project at a commit. Raises CalledProcessError if it has no such commit."""
    subprocess.run(["git", "clone", "--quiet", "--no-checkout", str(ROOT), str(folder)], check=True)
    subprocess.run(["git", "checkout", "--quiet", "--detach", _hash(commit)], cwd=folder, check=True)
    return folder


def _hash(commit: str) -> str:
    found = subprocess.run(["git", "rev-parse", commit], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return found.stdout.strip()


def cost(folder: Path, *command: str, quiet: bool = False) -> Cost:
    """Run a command in a folder. Raises CalledProcessError if it fails."""
    with TemporaryDirectory() as scratch:
        spent = Path(scratch) / "spent.txt"
        spent.touch()
        (Path(scratch) / "sitecustomize.py").write_text(RECORDER, encoding="utf-8")
        # Not this project's library but the folder's own: Snakemake puts it before what this names.
        environment = os.environ | {"PYTHONPATH": scratch, "CPU_SPENT": str(spent)}
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=quiet)
        seconds, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Cost(seconds, cpu, by_script(spent.read_text(encoding="utf-8")))


def by_script(spent: str) -> dict[str, list[float]]:
    """Seconds of CPU of each job, by the script that it ran: of `tmp….<script>.py`, as Snakemake names its copies."""
    found: dict[str, list[float]] = {}
    for script, seconds in re.findall(r"^tmp\w+\.(\w+)\.py\t(.+)$", spent, re.MULTILINE):
        found.setdefault(script, []).append(float(seconds))
    return found


def seed_stages(results: Path) -> set[str]:
    """The stages that run once per seed, by the benchmark records of an experiment."""
    return {path.stem for path in (results / "benchmarks").glob("seed*/*.tsv")}
