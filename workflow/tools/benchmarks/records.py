"""Scratch clones, runs of the workflow in them, and Snakemake's records of the jobs."""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from tools.benchmarks.results import ROOT

SNAKEMAKE = (sys.executable, "-m", "snakemake")


class Cost(NamedTuple):
    """Seconds by the clock, and seconds of CPU of the command and of all that it started."""

    seconds: float
    cpu: float


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
    # The library of the folder, whatever runs this benchmark.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=quiet)
    seconds, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def stage_seconds(results: Path) -> list[tuple[int, str, float]]:
    """Seed, stage and seconds of every job of a seed, from the benchmark records of an experiment.

    Seconds by the clock, of a job on a core of its own: Snakemake looks at a job's CPU time twice a second for 15 s,
    then twice a minute, which may miss half a minute of it.
    """
    return [
        (int(path.parent.name.removeprefix("seed")), path.stem, float(pd.read_csv(path, sep="\t")["s"].iloc[0]))
        for path in sorted((results / "benchmarks").glob("seed*/*.tsv"))
    ]
