"""The config's checks: what is accepted and how it is filled in, and the documentation of every key."""

import datetime
import json
import re
from copy import deepcopy
from pathlib import Path

import config_table
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from recurrence_circuits.analysis_settings import AnalysisSettings
from recurrence_circuits.settings import DataSettings, RunSettings
from recurrence_circuits.tasks import TASKS, make_task
from relations import TASKS as TASK_LIMITS
from validation import SCHEMA, ConfigError, expand_config, leaves
from wording import expected, found

ROOT = Path(__file__).resolve().parents[1]
LEAVES = leaves()


def expand(text: str) -> dict:
    return expand_config(yaml.safe_load(text), "my.yaml")


def expand_experiment(text: str) -> dict:
    """Expand `affine: {task: affine, …}` with the given flow-style keys."""
    return expand(f"experiments: {{affine: {{task: affine, {text}}}}}")["experiments"]["affine"]


def get(mapping: dict, key: str):
    for part in key.split("."):
        mapping = mapping[part]
    return mapping


def config_with(key: str, value) -> dict:
    """A config in which one key of an experiment is given."""
    section, _, name = key.rpartition(".")
    return {"experiments": {"a": {"task": "affine", **({section: {name: value}} if section else {name: value})}}}


# ---- what is accepted -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(ROOT.glob("config/*.yaml")), ids=lambda path: path.name)
def test_every_config_of_the_project_is_accepted(path):
    expanded = expand_config(yaml.safe_load(path.read_text()), path.name)
    assert expanded["experiments"]


def test_defaults_are_those_of_the_schema():
    experiment = expand_experiment("")
    for key, schema in LEAVES.items():
        if key not in ("task", "data.n_train"):
            assert get(experiment, key) == schema["default"], key
    assert experiment["data"]["n_train"] == experiment["training"]["steps"] * experiment["training"]["batch_size"]


def test_given_values_are_kept():
    experiment = expand_experiment("model: {n_layers: 2}, training: {steps: 300, batch_size: 8}, seeds: [7, 0]")
    assert experiment["model"]["n_layers"] == 2
    assert experiment["model"]["n_heads"] == 4
    assert experiment["data"]["n_train"] == 2400
    assert experiment["seeds"] == [7, 0]


def test_n_train_that_is_given_is_kept():
    assert expand_experiment("data: {n_train: 64}")["data"]["n_train"] == 64


def test_the_expanded_config_makes_the_librarys_records():
    experiment = expand_experiment("")
    chosen = {key: experiment[key] for key in ("task", "data", "model", "training")}
    del chosen["training"]["checkpoint_every"]  # decides nothing about the model
    run = RunSettings.from_params({"experiment": "affine", "seed": 0, **chosen})
    assert run.model.n_terms == run.data.n_terms
    assert AnalysisSettings.from_params(experiment["analysis"]).resamples == 1000


@pytest.mark.parametrize(
    "text",
    [
        "training: {steps: 250, evaluate_every: 250, warmup_steps: 249}",
        "training: {warmup_steps: 0}",
        "data: {n_test: 200, n_train: 64, n_terms: 4}, analysis: {n_shown: 200}",
        "data: {n_train: 58823529}",
        "data: {noise: 0.0001}, training: {weight_decay: 10, learning_rate: 0.1}",
        "data: {n_test: 25318}, analysis: {n_condition: 25318}, training: {batch_size: 25318, steps: 2000}",
        "data: {n_test: 100000}, analysis: {resamples: 1000, n_condition: 100000}, model: {n_heads: 1, d_mlp: 1}",
        "seeds: [0, 2147483647]",
        "claims: {agreement_min: 1, copy_correlation_min: -1}",
    ],
)
def test_values_at_their_limits_are_accepted(text):
    assert expand_experiment(text)


def test_the_given_config_is_left_as_it_is():
    config = {"experiments": {"a": {"task": "affine", "data": {"noise": 1}, "seeds": [1, 2]}}}
    before = deepcopy(config)
    expand_config(config, "my.yaml")["experiments"]["a"]["seeds"].append(3)
    assert config == before
    assert type(config["experiments"]["a"]["data"]["noise"]) is int


def test_expanding_twice_changes_nothing():
    once = expand("experiments: {a: {task: affine, data: {noise: 1}}, b: {task: polynomial, data: {degree: 3}}}")
    assert json.dumps(expand_config(once, "my.yaml")) == json.dumps(once)


def test_two_ways_to_write_one_setting_are_one():
    """Snakemake compares params as text: neither the order of keys nor 1 for 1.0 may make it rerun."""
    one = expand_experiment("training: {batch_size: 64, steps: 6000, clip_norm: 1}, data: {seed: 0}")
    assert json.dumps(one) == json.dumps(expand_experiment(""))
    assert json.dumps(expand_experiment("analysis: {noise_levels: [1]}")["analysis"]["noise_levels"]) == "[1.0]"


def test_aliases_of_one_section_are_resolved_apart():
    expanded = expand("""
        experiments:
          short: {task: affine, data: &data {n_test: 400}, training: {steps: 300}}
          long: {task: affine, data: *data, training: {steps: 600}}
        """)["experiments"]
    assert [expanded[name]["data"]["n_train"] for name in ("short", "long")] == [300 * 64, 600 * 64]


# ---- any value at all -----------------------------------------------------------------------------------------------

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**31, 10**30, -(10**400), -0.0])
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["1e5", ".5", "nan", "1_0", "cpu", "mean"])
    | st.dates()
    | st.datetimes()
    | st.binary(max_size=4)
)
keys = st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | st.text(max_size=8)
yaml_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=3), max_leaves=6
)


def expect_accepted_or_refused(config, path: str):
    """Anything but a refusal that names the path fails, other exceptions included."""
    try:
        expanded = expand_config(config, "my.yaml")
    except ConfigError as refusal:
        assert f"\n  {path}" in str(refusal)  # noqa: PT017 (acceptance is fine, too)
    else:
        assert expand_config(expanded, "my.yaml") == expanded


@pytest.mark.parametrize("key", LEAVES)
@settings(max_examples=25, deadline=None, database=None, derandomize=True)
@given(value=yaml_values)
def test_any_value_of_any_key_is_accepted_or_refused_by_name(key, value):
    """The partner of a key may be the one refused (d_model: 30 with four heads), so only its experiment is sure."""
    valid = key in ("model.d_model", "training.steps", "training.batch_size", "data.n_test", "claims.copy_ratio_max")
    expect_accepted_or_refused(config_with(key, value), "experiments.a." + ("" if valid or key == "task" else key))


@pytest.mark.parametrize("place", ["file", "experiments", "experiment", "section", "name"])
@settings(max_examples=40, deadline=None, database=None, derandomize=True)
@given(value=yaml_values, name=keys)
def test_any_value_in_any_place_is_accepted_or_refused(place, value, name):
    config = {
        "file": value,
        "experiments": {"experiments": value},
        "experiment": {"experiments": {"a": value}},
        "section": {"experiments": {"a": {"task": "affine", "model": value}}},
        "name": {"experiments": {name: {"task": "affine", "training": {name: value}}}},
    }[place]
    expect_accepted_or_refused(config, "")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "nothing (null)"),
        (False, "false"),
        (10**400, "a number of more than 20 digits"),
        (datetime.date(2024, 1, 31), "a date, 2024-01-31"),
        ("x" * 100, f"the text '{'x' * 58}…"),
        ("2e20", "the text '2e20' (it looks like a number, but YAML reads it as text: write 2.0e+20, without quotes)"),
        ("nan", "the text 'nan'"),
    ],
)
def test_words_for_what_was_found(value, words):
    assert found(value) == words


@pytest.mark.parametrize("text", ["5e-3", "1e-5", "1e5", "2e20", "-3E7", "12"])
def test_the_advice_on_numbers_is_a_number_in_yaml(text):
    advice = re.search(r"write (\S+),", found(text)).group(1)
    assert isinstance(yaml.safe_load(advice), int | float)
    assert yaml.safe_load(advice) == float(text)


# ---- the schema, its documentation and the library agree ------------------------------------------------------------


def test_every_key_has_all_that_the_table_shows():
    for key, schema in LEAVES.items():
        assert schema["description"].endswith("."), key
        assert schema["x-rules"], key
        assert "default" in schema or key == "task", key
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if {"integer", "number"} & set(kinds):
            assert {"minimum", "exclusiveMinimum"} & set(schema), key
            assert {"maximum", "exclusiveMaximum"} & set(schema), key


def test_every_mapping_of_the_schema_refuses_unknown_keys():
    sections = [s for s in SCHEMA["$defs"]["experiment"]["properties"].values() if s["type"] == "object"]
    assert len(sections) == 5
    for mapping in (SCHEMA, SCHEMA["$defs"]["experiment"], *sections):
        assert mapping["additionalProperties"] is False


def test_the_rules_that_use_keys_exist():
    source = "".join(path.read_text() for path in (ROOT / "workflow").rglob("*.smk"))
    rules = set(re.findall(r"^rule (\w+):", source, flags=re.MULTILINE))
    assert {rule for schema in LEAVES.values() for rule in schema["x-rules"]} <= rules


def test_the_table_of_the_readme_is_the_schemas():
    text = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
    assert text == config_table.with_table(text), "run: python workflow/config_table.py"


def test_the_table_has_every_key_with_its_default_range_and_rules():
    """Read back from the README, so that the generator is held, too."""
    text = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([\w.]+)` \| (.*) \|$", text, flags=re.MULTILINE))
    assert list(rows) == list(LEAVES)
    for key, row in rows.items():
        default, allowed, meaning, rules = row.split(" | ")
        schema = LEAVES[key]
        assert default == "required" or json.loads(default.strip("`")) == schema["default"]
        assert (allowed, meaning) == (expected(schema), schema["description"])
        assert re.findall(r"\w+", rules) == schema["x-rules"]


def test_a_table_without_its_marks_is_refused():
    with pytest.raises(ValueError, match=r"README.md: expected the lines .*begin.* once each"):
        config_table.with_table("no marks here")


def test_the_examples_of_the_readme_are_accepted():
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "config" / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        assert expand(block)["experiments"]


def test_the_tasks_are_those_of_the_library():
    assert list(TASKS) == list(TASK_LIMITS) == LEAVES["task"]["enum"]


@pytest.mark.parametrize("task", TASK_LIMITS)
def test_the_limits_of_a_task_are_those_of_the_library(task):
    """The library's own checks refuse exactly what is refused here."""
    defaults = {"seed": 0, "n_train": 64, "n_test": 400, "noise": 0.0}
    for dimension in (1, 2, 3):
        for degree in (0, 1, 2):
            for n_terms in (3, 4, 5, 6):
                data = {**defaults, "dimension": dimension, "degree": degree, "n_terms": n_terms}
                verdicts = []
                for check in (
                    lambda data=data: make_task(task, DataSettings.from_params(data)),
                    lambda data=data: expand_config({"experiments": {"a": {"task": task, "data": data}}}, "my.yaml"),
                ):
                    try:
                        check()
                        verdicts.append("accepted")
                    except ValueError:
                        verdicts.append("refused")
                assert verdicts[0] == verdicts[1], data


def test_the_variants_share_the_papers_run():
    """Their `affine` writes into the same folder, so it must be the same experiment."""
    paper, variants = (
        expand_config(yaml.safe_load((ROOT / "config" / name).read_text()), name)["experiments"]["affine"]
        for name in ("config.yaml", "variants.yaml")
    )
    assert variants == paper
