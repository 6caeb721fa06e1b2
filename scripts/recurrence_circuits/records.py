"""The record of a run: which settings, code and versions made its numbers."""

import json
import platform
from importlib.metadata import version

import torch

from recurrence_circuits.files import write_text
from recurrence_circuits.settings import RunSettings

PACKAGES = ("torch", "numpy", "pandas", "scipy", "safetensors", "snakemake")


def write_record(path: str, run: RunSettings, code_digest: str, threads: int, resumed: list[int]) -> None:
    """Write a run's settings, code digest, package versions, machine, and the steps it was resumed after, as JSON."""
    record = {
        "settings": run.to_dict(),
        "code_digest": code_digest,
        "resumed_after_steps": resumed,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "machine": {
            "platform": platform.platform(),
            "threads": threads,
            "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        },
    }
    write_text(path, json.dumps(record, indent=2, sort_keys=True) + "\n")
