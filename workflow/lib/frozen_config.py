"""The config that a run began with: kept beside Snakemake's records, for the run's jobs to read.

On a cluster every job is a Snakemake of its own, which reads the config file when the job starts, perhaps hours after
the run began. If the file changed in between, jobs would use other settings than the run records. Where no disk is
shared, Snakemake itself sends every job the files as they were when the run began.
"""

import hashlib
import json
import os
from pathlib import Path

from snakemake.settings.types import SharedFSUsage

FOLDER = Path(".snakemake") / "configs"  # its files are named by the digest of their content


def freeze(config: dict, workflow) -> Path | None:
    """Keep the expanded `config` of a run that begins, and make its jobs read it instead of the config files.

    workflow  Snakemake's; jobs get its config_settings.configfiles as --configfiles

    Returns the file, or None if jobs share no disk with this Snakemake and would not find it.
    Raises OSError if it cannot be written.
    """
    if SharedFSUsage.SOURCES not in workflow.storage_settings.shared_fs_usage:
        return None
    content = json.dumps(config, indent=1).encode()
    path = FOLDER.absolute() / f"{_digest(content)}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")  # so that two runs with the same config do not collide
    part.write_bytes(content)
    os.replace(part, path)
    workflow.config_settings.configfiles = [path]
    return path


def require_unchanged(paths) -> None:
    """Raise ValueError naming the file if a kept config among the config files `paths` has been changed."""
    for path in map(Path, paths):
        if path.parent == FOLDER.absolute() and _digest(path.read_bytes()) != path.stem:
            raise ValueError(f"{path}: expected the config that the run began with, found another; start the run again")


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()
