"""Snakemake's records, in .snakemake: what made each output, and which outputs it was still waiting for."""

import re
from base64 import urlsafe_b64decode
from pathlib import Path

RECORDS, INCOMPLETE = ".snakemake/metadata", ".snakemake/incomplete"
UNTRACKED = {"logs", "benchmarks"}  # folders of an experiment's results of which there are no records


def recorded(folder: Path) -> set[str]:
    """The outputs in `folder` of which Snakemake knows what made them: without that it takes none for stale."""
    return set(_named(folder / RECORDS)) - incomplete(folder)


def incomplete(folder: Path) -> set[str]:
    """The outputs of jobs that have begun and not ended, or not as they should."""
    return set(_named(folder / INCOMPLETE))


def unrecorded(folder: Path, experiment: str) -> list[str]:
    """The outputs of an experiment that are there without a record, as paths within `folder`, sorted.

    On a cluster a job takes its outputs off the list of the incomplete ones when it ends, but it is the Snakemake
    that submitted it which puts them on record: of one that was killed these stay without.
    """
    return sorted(outputs(folder, experiment) - recorded(folder))


def outputs(folder: Path, experiment: str) -> set[str]:
    """The outputs of an experiment that are there, as paths within `folder`; what is still written is none."""
    results = folder / "results" / experiment
    found = [path for path in results.rglob("*") if path.is_file() and path.suffix != ".part"]
    return {
        path.relative_to(folder).as_posix()
        for path in found
        if path.relative_to(results).parts[0] not in UNTRACKED and path.name != "checkpoint.safetensors"
    }


def submitted_jobs(folder: Path) -> list[str]:
    """The scheduler's ids of the jobs that the last Snakemake to submit any told of in its log; some may have ended."""
    for log in sorted((folder / ".snakemake" / "log").glob("*.log"), reverse=True):
        ids = re.findall(r"with (?:external|SLURM|LSF) jobid '?([\w.-]+)", log.read_text(encoding="utf-8"))
        if ids:
            return list(dict.fromkeys(ids))
    return []


def _named(records: Path) -> dict[str, Path]:
    """The records in a folder by the output that each is of, which their names encode in pieces."""
    found = {}
    for path in records.rglob("*") if records.is_dir() else []:
        if path.is_file():
            name = "".join(part.removeprefix("@") for part in path.relative_to(records).parts)
            found[urlsafe_b64decode(name).decode()] = path
    return found
