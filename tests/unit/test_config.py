"""The config's checks: what is accepted, and how it is filled in."""

import datetime
import json
import re
from copy import deepcopy
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.criteria import CRITERIA
from recurrence_circuits.config.analysis import AnalysisSettings
from recurrence_circuits.config.check import ConfigError, expand_config, leaves
from recurrence_circuits.config.data import DataSettings, SequenceSettings
from recurrence_circuits.config.experiment import Config, Experiment, RunSettings, run_settings
from recurrence_circuits.config.training import USUAL, TrainingSettings
from recurrence_circuits.config.wording import found

ROOT = Path(__file__).resolve().parents[2]
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


@pytest.mark.parametrize("path", sorted(set(ROOT.glob("config/*.yaml")) - {CRITERIA}), ids=lambda path: path.name)
def test_every_config_of_the_project_is_accepted(path):
    expanded = expand_config(yaml.safe_load(path.read_text()), path.name)
    assert expanded["experiments"]


def test_defaults_are_those_of_the_models():
    experiment = expand_experiment("")
    for key, schema in LEAVES.items():
        if schema.get("default") is not None:
            assert get(experiment, key) == schema["default"], key
    assert experiment["data"]["n_train"] == experiment["training"]["steps"] * experiment["training"]["batch_size"]


@pytest.mark.parametrize("optimiser", USUAL)
def test_null_in_a_key_of_the_optimisers_is_what_is_usual_for_it(optimiser):
    training = expand_experiment(f"training: {{optimiser: {optimiser}, beta2: null}}")["training"]
    keys = {key for values in USUAL.values() for key in values}
    assert {key: training[key] for key in keys} == dict.fromkeys(keys) | USUAL[optimiser]
    assert expand_experiment(f"training: {{optimiser: {optimiser}, beta2: 0.5}}")["training"]["beta2"] == 0.5


def test_given_values_are_kept():
    experiment = expand_experiment("model: {n_layers: 2}, training: {steps: 300, batch_size: 8}, seeds: [7, 0]")
    assert experiment["model"]["n_layers"] == 2
    assert experiment["model"]["n_heads"] == 4
    assert experiment["data"]["n_train"] == 2400
    assert experiment["seeds"] == [7, 0]


def test_n_train_that_is_given_is_kept():
    assert expand_experiment("data: {n_train: 64}")["data"]["n_train"] == 64


def test_the_expanded_config_makes_the_librarys_records():
    experiment = expand_experiment("data: {n_train: 640}")
    run = RunSettings.from_params(run_settings("affine", experiment, 3))
    assert (run.experiment, run.seed, run.task, run.n_train) == ("affine", 3, "affine", 640)
    assert run.data.to_dict() == {key: experiment["data"][key] for key in SequenceSettings.model_fields}
    assert run.model.to_dict() == experiment["model"]
    assert run.training.to_dict() | {"checkpoint_every": 500} == experiment["training"]
    assert run.to_dict() == run_settings("affine", experiment, 3)
    assert AnalysisSettings.from_params(experiment["analysis"]).resamples == 1000
    assert DataSettings.from_params(experiment["data"]).n_validation == 512


def test_a_run_is_not_touched_by_what_decides_nothing_about_the_model():
    one = run_settings("affine", expand_experiment("data: {n_train: 640}"), 0)
    others = "data: {n_train: 640, n_validation: 64, n_test: 256}, training: {checkpoint_every: 7}"
    assert run_settings("affine", expand_experiment(others), 0) == one


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"seed": True}, "seed: expected a whole number from 0 to 2147483647, found true"),
        ({"seed": 10**5000}, "seed: expected a whole number from 0 to 2147483647, found a number of more than 20"),
        ({"seed": {"a": [[[]]]}}, "seed: expected a whole number from 0 to 2147483647, found a mapping, {'a': [[[]]]}"),
        ({"experiment": "../x"}, "experiment: expected a text, found the text '../x'"),
        ({"task": "x" * 10**6}, "task: expected one of affine, affine_vector, polynomial, found the text 'xxx"),
        ({"n_train": None}, "n_train: expected a whole number from 1 to 1000000000, found nothing"),
        ({"hostile": 1}, "missing [], unknown ['hostile']"),
        ({1: 1, "b": 2}, "missing [], unknown ['b', 1]"),
        ({"x" * 10**6: 1, **dict.fromkeys(range(10**4))}, "missing [], unknown ['xxxxx"),
        ({"data": {}}, "SequenceSettings: expected the keys ['a_max', "),
        ({"model": [1]}, "ModelSettings: expected a mapping, found a list, [1]"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_params_that_are_wrong_are_refused_by_name_and_in_short(change, problem):
    run = run_settings("affine", expand_experiment(""), 0)
    with pytest.raises(ValueError, match=re.escape(problem)) as refusal:
        RunSettings.from_params(run | change)
    assert len(str(refusal.value)) < 400


def test_params_need_every_key_though_the_config_does_not():
    training = expand_experiment("")["training"]
    with pytest.raises(ValueError, match=r"TrainingSettings: .*missing \[\], unknown \['checkpoint_every'\]"):
        TrainingSettings.from_params(training)
    del training["checkpoint_every"], training["steps"]
    with pytest.raises(ValueError, match=r"TrainingSettings: .*missing \['steps'\], unknown \[\]"):
        TrainingSettings.from_params(training)


def test_models_alone_refuse_what_keys_demand_of_each_other():
    with pytest.raises(ValueError, match="expected a divisor of"):
        Experiment.model_validate({"task": "affine", "model": {"n_heads": 3}})
    with pytest.raises(ValueError, match="differ in more than case"):
        Config.model_validate({"experiments": {"a": {"task": "affine"}, "A": {"task": "affine"}}})


@pytest.mark.parametrize(
    "text",
    [
        "training: {steps: 250, evaluate_every: 250, warmup_steps: 249}",
        "training: {warmup_steps: 0}",
        "data: {n_test: 200, n_train: 64, context_length: 4}, analysis: {n_shown: 200}",
        "data: {n_train: 58823529}",
        "data: {noise: 0.0001}, training: {weight_decay: 10, learning_rate: 0.1}",
        "data: {n_test: 25318}, analysis: {n_condition: 25318}, training: {batch_size: 25318, steps: 2000}",
        "data: {n_validation: 25318}, analysis: {negative_head_correlation_max: -1, copying_head_correlation_min: 1}",
        "data: {n_test: 100000}, analysis: {resamples: 1000, n_condition: 100000}, model: {n_heads: 1, d_mlp: 1}",
        "seeds: [0, 2147483647]",
        "claims: {agreement_min: 1, null_level: 0.5}",
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
