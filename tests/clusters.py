"""A cluster for tests without one: jobs that are submitted run as processes of this machine, each a Snakemake."""

import os
from pathlib import Path


def empty_queue(folder: Path) -> str:
    """A PATH on which SLURM's queue is empty, whether this machine has SLURM or not."""
    command = folder / "bin" / "squeue"
    command.parent.mkdir()
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    return f"{command.parent}:{os.environ['PATH']}"


def local_cluster(project: Path, before_job: str = "") -> list[str]:
    """Arguments with which Snakemake submits its jobs; `before_job` is shell that runs as each is submitted."""
    submit = project / "submit.sh"
    submit.write_text(f'#!/bin/sh\n{before_job}\nsh "$1" > "$1.out" 2>&1 &\necho $!\n')
    submit.chmod(0o755)
    return [
        "--executor", "cluster-generic", "--cluster-generic-submit-cmd", str(submit), "--jobs", "2",
        "--latency-wait", "20", "--seconds-between-status-checks", "1",
    ]  # fmt: skip
