"""Every key of the config, changed alone: what would run is what the key's documentation says, and what follows."""

import copy
import shutil
from pathlib import Path

import pytest
import yaml

from lib.registry import JUDGED, MEASURES
from lib.stages import used_by
from recurrence_circuits.config.check import expand_config, leaves
from reruns import PARTS, following, planned_jobs

pytestmark = pytest.mark.slow
# No other value is allowed for these, or none next to the present one.
OTHERS = {
    "task": {"task": "polynomial", "data.degree": 1},
    "data.dimension": {"task": "affine_vector", "data.dimension": 2},
    "data.degree": {"task": "polynomial", "data.degree": 2},
    "model.n_heads": {"model.n_heads": 1},
    "model.d_model": {"model.d_model": 12},
    "training.precondition_every": {"training.optimiser": "soap", "training.precondition_every": 2},
    "training.momentum": {"training.optimiser": "muon", "training.momentum": 0.8},
    "training.n_snapshots": {"training.n_snapshots": 2},
    "seeds": {"seeds": [0, 1, 7]},
    "confirmation_seeds": {"confirmation_seeds": [7]},
    "data.noise": {"data.noise": 0.1},
    "analysis.noise_levels": {"analysis.noise_levels": [0.1]},
}


def get(mapping: dict, key: str):
    for part in key.split("."):
        mapping = mapping[part]
    return mapping


def put(mapping: dict, key: str, value) -> None:
    *sections, name = key.split(".")
    for section in sections:
        mapping = mapping.setdefault(section, {})
    mapping[name] = value


def another(key: str, value) -> dict:
    """Keys and values that change `key`, and no other where that is possible."""
    if key in OTHERS:
        return OTHERS[key]
    schema = leaves()[key]
    if "enum" in schema:
        return {key: next(choice for choice in schema["enum"] if choice != value)}
    if isinstance(value, bool):
        return {key: not value}
    return {key: value + 1 if isinstance(value, int) else 0.9 * value if value else 0.05}


def expected(key: str) -> set[str]:
    """What the documentation of a key says: the stages that use it, and what follows from them."""
    part = key.removeprefix("data.n_")
    parts = (part,) if part in PARTS else ("train",) if key.startswith("training.") else PARTS
    if key == "seeds":
        return following("train_model", seeds=(7,))
    if key == "confirmation_seeds":  # nothing of them but what the claims are judged by, and the account
        measured = {f"measure_{name} 7" for name, measure in MEASURES.items() if set(measure.tables) & set(JUDGED)}
        return {"train_model 7", *measured} | following("judge_claims")
    untrained = ["measure_null"] if key.startswith("model.") else []  # not by what is trained, but as that is
    return following(*used_by(key), *untrained, parts=parts)


@pytest.fixture(scope="module")
def project(finished, tmp_path_factory) -> Path:
    return Path(shutil.copytree(finished, tmp_path_factory.mktemp("keys") / "project"))


@pytest.mark.parametrize("key", leaves())
def test_a_key_reruns_what_its_documentation_says(project, finished, key):
    written = yaml.safe_load((finished / "config/smoke.yaml").read_text())
    now = expand_config(copy.deepcopy(written), "smoke.yaml")["experiments"]["smoke"]
    for name, value in another(key, get(now, key)).items():
        put(written["experiments"]["smoke"], name, value)
    (project / "config/smoke.yaml").write_text(yaml.safe_dump(written))
    jobs = expected(key)
    if written["experiments"]["smoke"]["task"] != "affine":
        jobs -= {"measure_handcrafted", "draw_figure handcrafted"}
    assert planned_jobs(project) == jobs
