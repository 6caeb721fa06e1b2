"""The config's keys and their documentation agree: the table, the JSON schema, the examples."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from lib.criteria import CRITERIA
from recurrence_circuits.config.check import expand_config, leaves
from recurrence_circuits.config.experiment import Config, Experiment, json_schema
from recurrence_circuits.config.refusals import schema_of
from tools import config_table
from tools.marked_block import with_block

ROOT = Path(__file__).resolve().parents[2]
LEAVES = leaves()


def test_every_key_has_all_that_the_table_shows():
    for key, leaf in LEAVES.items():
        assert leaf["description"].endswith("."), key
        assert ". " not in leaf["description"], key
        assert leaf["expected"], key
        assert "default" in leaf or key == "task", key
        kinds = leaf["type"] if isinstance(leaf["type"], list) else [leaf["type"]]
        if {"integer", "number"} & set(kinds):
            assert {"minimum", "exclusiveMinimum"} & set(leaf), key
            assert {"maximum", "exclusiveMaximum"} & set(leaf), key


def test_every_mapping_of_the_models_refuses_unknown_keys():
    sections = [part for part in schema_of(Experiment)["properties"].values() if part["type"] == "object"]
    assert len(sections) == 5
    for mapping in (schema_of(Config), schema_of(Experiment), *sections):
        assert mapping["additionalProperties"] is False


def test_the_exported_schema_is_plain_and_accepts_the_configs_of_the_project():
    schema = json.loads(json.dumps(json_schema(), allow_nan=False))
    for path in set(ROOT.glob("config/*.yaml")) - {CRITERIA}:
        jsonschema.validate(yaml.safe_load(path.read_text()), schema)
    with pytest.raises(jsonschema.ValidationError, match="n_terms"):
        jsonschema.validate({"experiments": {"a": {"task": "affine", "data": {"n_terms": 16}}}}, schema)


def test_the_schema_beside_the_configs_is_the_models():
    assert config_table.SCHEMA.read_text(encoding="utf-8") == config_table.schema(), "run make tables"


README = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `([\w.]+)` \| (.*) \|$", README, flags=re.MULTILINE))


def test_the_table_of_the_readme_is_the_models():
    assert with_block(config_table.README, README, config_table.table(), *config_table.BLOCK) == README


def test_the_table_has_every_key_with_its_default_and_range():
    """Read back from the README, so that the generator is held, too."""
    assert list(ROWS) == list(LEAVES)
    for key, row in ROWS.items():
        default, allowed, meaning, rules = row.split(" | ")
        leaf = LEAVES[key]
        assert default == "required" or json.loads(default.strip("`")) == leaf["default"]
        assert allowed == leaf["expected"]
        assert meaning == leaf["description"] + (f" Unit: {leaf['unit']}." if "unit" in leaf else "")
        assert rules


def test_the_examples_of_the_readme_are_accepted():
    blocks = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        assert expand_config(yaml.safe_load(block), "an example")["experiments"]


def expanded(name: str) -> dict:
    return expand_config(yaml.safe_load((ROOT / "config" / name).read_text()), name)["experiments"]


def test_experiments_of_one_name_are_one_experiment():
    """Those of several files write into the same folder, and share what is there; some are judged by more seeds."""
    found: dict[str, dict] = {}
    shared = set()
    for path in sorted(set(ROOT.glob("config/*.yaml")) - {CRITERIA}):
        for name, experiment in expanded(path.name).items():
            shared |= {name} & set(found)
            del experiment["confirmation_seeds"]
            assert found.setdefault(name, experiment) == experiment, f"{name} of {path.name}"
    assert {"affine", "soap", "muon"} <= shared


def test_the_atlas_changes_one_thing_at_a_time():
    """Every other experiment differs from the paper's run in the keys of one section, or in the task and its training.

    Optimisers without a norm differ in the norm, too.
    """
    paper, *others = expanded("atlas.yaml").values()
    assert len(others) >= 29
    for other in others:
        assert len(other["seeds"]) == 3
        same = ("seed", "n_test", "n_validation", "n_train"), ("n_snapshots",)
        differ = {
            section
            for section, free in zip(("data", "training", "model"), (*same, ()), strict=True)
            if _without(other[section], free) != _without(paper[section], free)
        }
        if other["task"] == "affine":
            two = other["training"]["optimiser"] != "adamw" and other["model"] == paper["model"] | {"norm": "none"}
            assert len(differ) == 1 or (two and differ == {"model", "training"})
        else:
            assert "model" not in differ


def _without(section: dict, free: tuple) -> dict:
    return {key: value for key, value in section.items() if key not in free}
