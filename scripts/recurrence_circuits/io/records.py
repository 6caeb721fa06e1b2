"""The run record: which settings, code, versions and machine made the numbers."""

import json
import os
import platform
import re
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import torch

from recurrence_circuits.config.experiment import RunSettings
from recurrence_circuits.io.files import write_text

PACKAGES = ("torch", "numpy", "pandas", "scipy", "safetensors", "snakemake")
# Variables by which a user lets torch's libraries compute with other instructions, and so round differently.
ARITHMETIC = ("MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "OPENBLAS_CORETYPE")


def write_record(
    path: str,
    run: RunSettings,
    code_digest: str,
    criteria: str,
    begun: datetime,
    threads: int,
    resumed: list[int],
    cost: dict[str, float],
) -> None:
    """Write a run's settings, code digest, package versions, machine, resumptions and cost, as JSON.

    criteria  the digest of the claims' criteria as they were when the training's job began, at the time `begun`
    resumed   the steps after which a later job went on
    cost      what the steps took, over all jobs: `seconds` and, of the processor, `cpu_seconds`

    Raises OSError naming the file.
    """
    record = {
        "settings": run.to_dict(),
        "code_digest": code_digest,
        "criteria": criteria,
        "begun": begun.isoformat(timespec="seconds"),
        "resumed_after_steps": resumed,
        "cost": {name: round(seconds, 1) for name, seconds in cost.items()},
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "machine": {
            "platform": platform.platform(),
            "processor": processor(),
            "threads": threads,
            "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        },
    }
    write_text(path, json.dumps(record, indent=2, sort_keys=True) + "\n")


def processor() -> str:
    """The processor's name, the instruction set that torch uses on it, and the user's variables that choose another.

    Recorded because another kind rounds differently, and training amplifies that to other weights.
    """
    cpuinfo = Path("/proc/cpuinfo")  # on Linux, Python does not give the name
    named = re.search(r"^model name\s*: (.+)$", cpuinfo.read_text(), re.MULTILINE) if cpuinfo.exists() else None
    chosen = [f"{name}={os.environ[name]}" for name in ARITHMETIC if os.environ.get(name)]
    return ", ".join([named[1] if named else platform.processor(), torch.backends.cpu.get_cpu_capability(), *chosen])
