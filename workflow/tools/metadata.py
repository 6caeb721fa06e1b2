"""Snakemake's own records, in .snakemake: what made each output, and which outputs it was still waiting for."""

import re
from base64 import urlsafe_b64decode
from pathlib import Path

from recurrence_circuits.io.archives import RECORDS, UNTRACKED
from recurrence_circuits.io.files import PART

INCOMPLETE = ".snakemake/incomplete"
CHECKPOINT = "checkpoint.safetensors"  # of a training under way: not an output


def incomplete(folder: Path) -> set[str]:
    """The outputs of jobs that have begun and not ended, or not as they should."""
    return _named(folder / INCOMPLETE)


def unrecorded(folder: Path, experiment: str) -> list[str]:
    """The outputs of an experiment that are there without a record, as paths within `folder`, sorted.

    Without a record Snakemake never takes an output for stale. On a cluster a job takes its outputs off the list of
    incomplete ones when it ends, but the Snakemake that submitted it writes the record: if that one was killed, there
    is none.
    """
    results = folder / "results" / experiment
    outputs = {
        path.relative_to(folder).as_posix()
        for path in results.rglob("*")
        if path.is_file() and path.suffix != PART and path.name != CHECKPOINT
        and path.relative_to(results).parts[0] not in UNTRACKED
    }  # fmt: skip
    return sorted(outputs - (_named(folder / RECORDS) - incomplete(folder)))


def submitted_jobs(folder: Path) -> list[str]:
    """The scheduler's ids of the jobs in the log of the last Snakemake that submitted any; some may have ended."""
    for log in sorted((folder / ".snakemake" / "log").glob("*.log"), reverse=True):
        ids = re.findall(r"with (?:external|SLURM|LSF) jobid '?([\w.-]+)", log.read_text(encoding="utf-8"))
        if ids:
            return list(dict.fromkeys(ids))
    return []


def _named(records: Path) -> set[str]:
    """The outputs that a folder has records of. The names of the records encode them, long ones in pieces."""
    return {
        urlsafe_b64decode("".join(part.removeprefix("@") for part in path.relative_to(records).parts)).decode()
        for path in records.rglob("*")
        if path.is_file()
    }
