"""Any value of any key, from the models themselves: accepted or refused by name and in few words, never a crash.

A key that a model gains is tried without a change here.
"""

import datetime
import json
import math
import shlex

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from snakemake.common.configfile import load_configfile
from snakemake.exceptions import WorkflowError

from recurrence_circuits.config.check import MOST, ConfigError, expand_config, leaves
from recurrence_circuits.config.experiment import Experiment
from recurrence_circuits.config.refusals import schema_of
from recurrence_circuits.config.wording import expected

LEAVES = leaves()
SECTIONS = [name for name, schema in schema_of(Experiment)["properties"].items() if schema["type"] == "object"]
EXAMPLES = 50  # a key
FULL = settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True)


# ---- values ---------------------------------------------------------------------------------------------------------


def nested(kind, depth: int):
    value = kind()
    for _ in range(depth):
        value = [value] if kind is list else {"a": value}
    return value


def within_itself(kind):
    value = kind()
    value.append(value) if kind is list else value.update(a=value)
    return value


def laughs(kind, width: int = 50, depth: int = 8):
    """Few lines of YAML with aliases; written out, width to the power of depth values."""
    value = "ha"
    for _ in range(depth):
        value = [value] * width if kind is list else {str(n): value for n in range(width)}
    return value


NUMBERS = [0, -0.0, 1, 1.0, -1, 5e-324, 1e308, 2**31 - 1, 2**31, 2**63, 2**64, 10**20, 10**400, -(10**400), 10**5000]
NUMBERS += [math.nan, math.inf, -math.inf, 1j, True, False]
TEXTS = ["", " ", "1e5", "nan", ".inf", "1_0", "0x10", "cpu", "\0", "\x1b[2J", "a\nb", "\ud800", "‮", "\U0010ffff"]
TEXTS += ["$(touch pwned)", "`touch pwned`", "; touch pwned", "a b", "'", '"', "\\", "../x", "-n", "{x}", "{{x}}", "%s"]
TEXTS += ["x" * 10**6, "9" * 10**6, "1" + "0" * 400, "-" * 10**5, "a" * 10**5 + "!"]
OTHERS = [None, b"", b"x" * 10**6, datetime.date(2024, 1, 31), datetime.datetime(1, 1, 1), datetime.timedelta(1)]
OTHERS += [set(), {1, 2}, frozenset("ab"), (), (1, 2), object(), int, range(10**9)]
DEEP = [nested(list, 5000), nested(dict, 5000), nested(list, 5000) * 2, (nested(list, 5000),)]
DEEP += [within_itself(list), within_itself(dict), laughs(list), laughs(dict)]
LONG = [list(range(10**5)), [0.5] * 10**5, [{}] * 10**5, [{n: n} for n in range(3000)], ["x", None, []] * 10**4]
LONG += [{str(n): n for n in range(10**5)}, dict.fromkeys(range(10**5)), {"k" * 10**6: 1}, {10**5000: 1}, {(1, 2): 3}]
LISTS = [[], [math.nan], [10**5000] * 2, [True, 1], [1, 1.0], [None], [[]], [["a"] * 10**5], [{}, []], [0, "0", b"0"]]
ODD = NUMBERS + TEXTS + OTHERS + DEEP + LONG + LISTS


def limits(schema: dict) -> list:
    """The ends of what a schema accepts, and what lies just beyond them."""
    if "items" in schema:
        inside = limits(schema["items"])
        low, high = schema["items"]["minimum"], schema["items"]["maximum"]
        lengths = (schema["minItems"], schema["maxItems"], schema["maxItems"] + 1)
        return [*([value] for value in inside), [low, low], *([*range(high - n, high)] for n in lengths)]
    values = list(schema.get("enum", []))
    for key in {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"} & set(schema):
        end = schema[key]
        values += [end, end - 1, end + 1, float(end), math.nextafter(end, -math.inf), math.nextafter(end, math.inf)]
    return values


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates()
keys = st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | st.text() | st.binary()
any_value = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=6) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)


def near(schema: dict):
    """Values that could be right, and others."""
    numbers = [schema.get(key, 0) for key in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")]
    low, high = min(numbers) - 1, max(numbers) + 1
    items = schema.get("items", {})
    number = st.integers(math.floor(low), math.ceil(high)) | st.floats(low, high)
    lists = st.lists(near(items) if items else number, max_size=24)
    return number | lists if items else number | st.sampled_from(limits(schema) or [True]) | any_value


# ---- the property ---------------------------------------------------------------------------------------------------


def config_with(key: str, value) -> dict:
    """A config in which one key of an experiment is given."""
    section, _, name = key.rpartition(".")
    return {"experiments": {"a": {"task": "affine", **({section: {name: value}} if section else {name: value})}}}


def in_range(value, schema: dict) -> bool:
    if "items" in schema:
        fits = schema["minItems"] <= len(value) <= schema["maxItems"] and len(set(value)) == len(value)
        return fits and all(in_range(item, schema["items"]) for item in value)
    if "enum" in schema:
        return value in schema["enum"]
    if value is None:
        return "null" in schema["type"]
    if schema["type"] == "boolean":
        return type(value) is bool
    kind = float if "number" in schema["type"] else int
    low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    between = schema.get("exclusiveMinimum", -math.inf) < value < schema.get("exclusiveMaximum", math.inf)
    return type(value) is kind and low <= value <= high and between


def checked(config) -> tuple[dict | None, str]:
    """The expanded config, or None and the refusal; any other exception fails the test."""
    try:
        return expand_config(config, "my.yaml"), ""
    except ConfigError as refusal:
        return None, str(refusal)


def outcome(config, must_name: str = "") -> dict | None:
    """The expanded config, or None if it is refused; fails if it is neither as it should be."""
    expanded, refusal = checked(config)
    if expanded is None:
        heading, *lines = refusal.splitlines()
        assert heading.startswith("my.yaml: ")
        assert 0 < len(lines) <= MOST + 1
        for line in lines[:MOST]:
            assert line.startswith("  ")
            assert ": expected " in line
            assert "found " in line
            assert len(line) < 700
        assert all(line.isprintable() for line in lines)
        assert any(line.startswith(f"  {must_name}") for line in lines), refusal
        return None
    text = json.dumps(expanded, allow_nan=False)  # plain values only
    assert json.dumps(expand_config(json.loads(text), "my.yaml")) == text
    for experiment in expanded["experiments"].values():
        for key, schema in LEAVES.items():
            value = experiment
            for part in key.split("."):
                value = value[part]
            assert in_range(value, schema), key
    return expanded


def path_of(key: str) -> str:
    """What a refusal must name: the key, or, where another key's limit follows it, its experiment."""
    partners = ("task", "model.d_model", "training.steps", "training.batch_size", "data.n_test", "data.context_length")
    partners += ("data.dimension", "data.degree", "claims.copy_ratio_max")
    partners += ("training.learning_rate", "analysis.n_condition", "model.n_heads", "model.d_mlp", "model.n_layers")
    return "experiments.a." + ("" if key in partners else key)


@pytest.mark.parametrize("key", LEAVES)
def test_odd_values_of_every_key_are_refused_by_name(key):
    for value in ODD + limits(LEAVES[key]):
        outcome(config_with(key, value), path_of(key))


@pytest.mark.parametrize("key", LEAVES)
@FULL
@given(data=st.data())
def test_any_value_of_every_key_is_accepted_or_refused_by_name(key, data):
    outcome(config_with(key, data.draw(near(LEAVES[key]))), path_of(key))


@pytest.mark.parametrize("key", LEAVES)
def test_the_ends_of_every_range_are_told_from_what_lies_beyond(key):
    """What the schema allows is refused for another key's demand at most; all else by the schema's own words."""
    schema, inside = LEAVES[key], 0
    number = "number" in schema["type"] or schema.get("items", {}).get("type") == "number"
    for value in limits(schema):
        given_value = (
            ([float(item) for item in value] if isinstance(value, list) else float(value)) if number else value
        )
        allowed = in_range(given_value, schema)
        inside += allowed
        expanded, refusal = checked(config_with(key, value))
        if allowed:
            assert expanded or not any(word in refusal for word in words(schema)), refusal
        else:
            assert any(word in refusal for word in words(schema)), refusal
    assert inside >= 1 or schema["type"] == "boolean"


def words(schema: dict) -> list[str]:
    """What the schema itself says of a key, and of the items of a list; other keys' demands are in other words."""
    return [f": expected {expected(part)}" for part in (schema, schema.get("items")) if part]


# ---- every place, not only keys -------------------------------------------------------------------------------------

PLACES = {
    "file": lambda name, value: value,
    "unknown key of the file": lambda name, value: {"experiments": {"a": {"task": "affine"}}, name: value},
    "experiments": lambda name, value: {"experiments": value},
    "experiment": lambda name, value: {"experiments": {"a": value}},
    "name of an experiment": lambda name, value: {"experiments": {name: {"task": "affine"}, "a": {"task": "affine"}}},
    "unknown key of an experiment": lambda name, value: {"experiments": {"a": {"task": "affine", name: value}}},
} | {
    f"{kind} {section}": (
        (lambda name, value, section=section: {"experiments": {"a": {"task": "affine", section: {name: value}}}})
        if kind == "unknown key of"
        else (lambda name, value, section=section: {"experiments": {"a": {"task": "affine", section: value}}})
    )
    for kind in ("unknown key of", "section")
    for section in SECTIONS
}
NAMES = [key for key in [*NUMBERS, *TEXTS, *OTHERS] if key.__hash__] + [(1, 2), "a.b", "Ä", "a" * 64, "a" * 65, "_a"]


@pytest.mark.parametrize("place", PLACES)
def test_odd_values_and_names_in_every_place(place):
    for value in ODD:
        outcome(PLACES[place]("b", value))
    for name in NAMES:
        outcome(PLACES[place](name, {}))


@pytest.mark.parametrize("place", PLACES)
@FULL
@given(name=keys, value=any_value)
@example(name="experiments", value={})
def test_any_value_and_name_in_every_place(place, name, value):
    outcome(PLACES[place](name, value))


@pytest.mark.parametrize(
    "name", [*TEXTS, "a b", "a;b", "-a", "_a", "1a", "a/b", "a.b", "a\n", "a" * 65, "Ä", "a$b", "~"]
)
def test_only_plain_names_of_experiments_are_accepted(name):
    """A name is the one text of a config that becomes part of paths, and so of the commands of jobs."""
    assert (outcome({"experiments": {name: {"task": "affine"}}}, "experiments.") is not None) == (
        name in ("cpu", "nan")
    )


@given(name=st.text() | st.from_regex(r"[A-Za-z0-9_;$` -]{1,70}"))
@settings(max_examples=500, deadline=None, database=None, derandomize=True)
def test_an_accepted_name_needs_no_quotes(name):
    if outcome({"experiments": {name: {"task": "affine"}}}) is not None:
        assert shlex.quote(name) == name
        assert not name.startswith("-")
        assert len(name) <= 64


def test_hundreds_of_experiments_are_refused_at_once():
    many = {f"a{n}": {"task": "affine"} for n in range(10**5)}
    assert outcome({"experiments": many}, "experiments: expected a mapping with 1 to 200 keys") is None


# ---- as text --------------------------------------------------------------------------------------------------------

YAML = ["!!binary aGk=", "!!set {1, 2}", "2024-01-31", "2024-01-31T00:00:00Z", "!!omap [a: 1]", "!!pairs [a: 1]"]
YAML += ["&a [*a]", "&a {a: *a}", "~", "", "1_000", "0o17", "0x1F", "1:30", ".inf", "-.INF", ".NaN", "1e5", "1.0e+400"]
YAML += ['"\\0"', '"\\ud800"', "[[[[1]]]]", "{<<: {a: 1}}", "!!str 5", "!!int '5'", "!!float 1", "!!null ''", "<<"]
YAML += [
    "yes",
    "No",
    "'yes'",
    "|\n    text",
    "{1: 2}",
    "{[1, 2]: 3}",
    "{null: 1, ~: 2}",
    "@",
    "*nothing",
    "!!python/none",
]
YAML += ["!!python/object/apply:os.system ['touch pwned']", "!nothing x", "{a: 1, a: 2}", "'", "[", "\t", "9" * 4000]


@pytest.mark.parametrize("load", ["yaml", "snakemake"])
@pytest.mark.parametrize("key", LEAVES)
def test_yaml_of_every_kind_is_refused_by_the_loader_or_by_name(key, load, tmp_path):
    section, _, name = key.rpartition(".")
    task = "" if key == "task" else "\n    task: affine"
    for text in YAML:
        written = f"{section}:\n      {name}: {text}" if section else f"{name}: {text}"
        file = tmp_path / "my.yaml"
        file.write_text(f"experiments:\n  a:{task}\n    {written}\n")
        try:
            config = yaml.safe_load(file.read_text()) if load == "yaml" else load_configfile(str(file))
        except (yaml.YAMLError, WorkflowError):
            continue
        outcome(config, path_of(key))


def test_merged_and_aliased_sections_are_those_they_stand_for():
    text = """
        experiments:
          a: &a {task: affine, seeds: &seeds [1, 2], model: &model {n_layers: 2}}
          b: {<<: *a, model: {<<: *model, n_heads: 2}, seeds: *seeds}
    """
    b = outcome(yaml.safe_load(text))["experiments"]["b"]
    assert (b["seeds"], b["model"]["n_layers"], b["model"]["n_heads"]) == ([1, 2], 2, 2)
