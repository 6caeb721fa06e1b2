"""The config that a run began with: kept beside Snakemake's records, and what its jobs are told to read.

On a cluster every job is a Snakemake of its own, which reads the config file when the job starts, perhaps hours after
the run began. An edit in between would run jobs with other settings than the run records of them.
"""

import hashlib
import json
import os
from pathlib import Path

FOLDER = Path(".snakemake") / "configs"  # files named by the digest of their content


def freeze(config: dict, settings) -> Path:
    """Keep the expanded `config` of a run that begins, and have its jobs read that instead of the config files.

    settings  Snakemake's workflow.config_settings: its `configfiles` is what jobs get as --configfiles

    Returns the file. Raises OSError if it cannot be written.
    """
    content = json.dumps(config, indent=1).encode()
    path = FOLDER.absolute() / f"{_digest(content)}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")  # two runs that begin with one config do not meet
    part.write_bytes(content)
    os.replace(part, path)
    settings.configfiles = [path]
    return path


def require_unchanged(paths) -> None:
    """Raises ValueError naming the file if one of the config files in `paths` is a kept one that has been changed."""
    for path in map(Path, paths):
        if path.parent == FOLDER.absolute() and _digest(path.read_bytes()) != path.stem:
            raise ValueError(f"{path}: expected the config that the run began with, found another; start the run again")


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()
