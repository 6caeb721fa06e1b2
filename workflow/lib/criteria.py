"""The criteria by which claims are judged: their file, and what shows that they were fixed before a run.

The criteria are the thresholds in config/criteria.yaml and the statistics in claims/criteria.py and
claims/fixed_weights.py. Every training records their digest; a run of confirmation seeds is confirmatory only if they
are the same when it is judged.
"""

import hashlib
import json
from functools import cache
from pathlib import Path

import yaml

from lib.places import ROOT
from lib.provenance import code_digest
from recurrence_circuits.config.check import ConfigError, require_plain
from recurrence_circuits.config.claims import ClaimSettings
from recurrence_circuits.io.commits import last_change

CRITERIA = ROOT / "config" / "criteria.yaml"
STATISTICS = [f"recurrence_circuits/claims/{name}.py" for name in ("criteria", "fixed_weights")]


def with_criteria(config: dict, path: Path = CRITERIA) -> dict:
    """A config whose experiments have the thresholds of the file `path`; an experiment's own `claims` come before them.

    What is no mapping is left as it is, to be refused with the rest of the config. Raises ConfigError naming the file
    if it is not a mapping of every threshold.
    """
    thresholds = read_criteria(path)
    experiments = config.get("experiments") if isinstance(config, dict) else None
    if not isinstance(experiments, dict):
        return config
    return config | {"experiments": {name: _filled(each, thresholds) for name, each in experiments.items()}}


def _filled(experiment, thresholds: dict):
    own = experiment.get("claims", {}) if isinstance(experiment, dict) else None
    return experiment | {"claims": thresholds | own} if isinstance(own, dict) else experiment


@cache
def read_criteria(path: Path = CRITERIA) -> dict:
    """The thresholds in a file. Raises ConfigError naming it, and the key, if one is missing, unknown or wrong."""
    require_plain(path)
    try:
        return ClaimSettings.from_params(yaml.safe_load(path.read_text(encoding="utf-8"))).to_dict()
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from error


def criteria_digest(thresholds: dict) -> str:
    """What changes if the thresholds of an experiment, or the code of the statistics, do.

    Text that no one could read as a number: Snakemake would.
    """
    content = json.dumps([thresholds, code_digest(*STATISTICS)], sort_keys=True).encode()
    return f"criteria-{hashlib.blake2b(content, digest_size=8).hexdigest()}"


@cache
def criteria_commit() -> str:
    """The commit that last changed the criteria, with its date; empty if git does not know, or they differ from it."""
    return last_change(ROOT, str(CRITERIA.relative_to(ROOT)), *(f"scripts/{path}" for path in STATISTICS)) or ""
