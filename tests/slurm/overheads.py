"""What a job costs beside its own work, with each profile, on the SLURM that is running: see docs/scaling.md.

    tests/slurm/run.sh python tests/slurm/overheads.py

Smoke models, one job at a time, nothing else on the machine; kept in docs/scaling/overheads.csv. The profile
slurm-grouped gets four models, so that its groups fill.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from measure import ASKED
from on_slurm import GENERIC, GROUPED, SLURM, make, run
from projection import write
from run_costs import seconds_of

from projects import results

PROFILES = {
    "default": ([0], ["--cores", "1"]),
    "slurm": ([0], [*SLURM, "--jobs", "1"]),
    "slurm-grouped": (range(4), [*GROUPED, "--jobs", "1"]),
    "generic": ([0], [*GENERIC, "--jobs", "1"]),
}
COMMANDS = ["sbatch", "squeue", "sacct", "scontrol", "scancel", "sinfo", "sacctmgr", "sshare", "srun"]
NOTHING = ["sbatch", "--output=/dev/null", "--wrap=true"]
CALLS = 20  # of a command, to time it


def counted(folder: Path) -> Path:
    """Put commands before SLURM's own that note each call, then make it; the file of notes."""
    notes = folder / "calls.txt"
    notes.touch()
    for name in COMMANDS:
        command = folder / "bin" / name
        command.parent.mkdir(exist_ok=True)
        command.write_text(f'#!/bin/sh\necho {name} >> {notes}\nexec {shutil.which(name)} "$@"\n')
        command.chmod(0o755)
    os.environ["PATH"] = f"{folder / 'bin'}:{os.environ['PATH']}"
    return notes


def measure(name: str, scratch: Path, notes: Path) -> dict:
    """One run of all stages of the seeds: jobs, submissions, seconds, and calls of the scheduler."""
    seeds, flags = PROFILES[name]
    project = make(scratch / name, seeds)
    run(
        project, *(f"results/smoke/data/{part}.safetensors" for part in ("train", "validation", "test"))
    )  # not measured
    notes.write_text("")
    start = time.monotonic()
    run(project, *(f"results/smoke/seed{seed}/{table}.csv" for seed in seeds for table in ASKED), *flags)
    seconds = time.monotonic() - start
    records = [path for path in results(project).values() if path.suffix == ".tsv" and "seed" in path.parent.name]
    work = sum(map(seconds_of, records))
    calls = Counter(notes.read_text().split())
    submissions = calls.pop("sbatch", 0)
    return {
        "profile": name,
        "models": len(seeds),
        "jobs": len(records),
        "submissions": submissions,
        "seconds": round(seconds, 1),
        "work_s": round(work, 1),
        "overhead_s": round((seconds - work) / (submissions or len(records)), 1),
        "other_calls": " ".join(f"{command}:{n}" for command, n in sorted(calls.items())),
    }


def time_of(*command: str) -> float:
    """How long a command takes, the mean of several calls."""
    start = time.monotonic()
    for _ in range(CALLS):
        subprocess.run(command, check=True, capture_output=True)
    return round((time.monotonic() - start) / CALLS, 3)


def main() -> None:
    job = subprocess.run([*NOTHING, "--parsable"], check=True, capture_output=True, text=True).stdout
    calls = [
        {"call": "sbatch", "seconds": time_of(*NOTHING)},
        {"call": "squeue", "seconds": time_of("squeue", "--states=all")},
        {"call": "status.sh", "seconds": time_of("workflow/profiles/generic/status.sh", job.strip())},
    ]
    write("calls", calls)
    print(calls, flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        notes = counted(Path(scratch))
        rows = []
        for name in PROFILES:
            rows.append(measure(name, Path(scratch), notes))
            print(rows[-1], flush=True)
            write("overheads", rows)


if __name__ == "__main__":
    sys.exit(main())
