"""Check a config and fill in its defaults, while the workflow is parsed: nothing runs on a config that is refused.

Types, ranges and defaults are in schemas/config.schema.yaml; what keys demand of each other is in relations.py.
"""

import math
from copy import deepcopy
from difflib import get_close_matches
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator, ValidationError, validators
from relations import resolve_n_train, same_folder, violations
from wording import expected, found, join, short

SCHEMA = yaml.safe_load(Path(__file__).with_name("schemas").joinpath("config.schema.yaml").read_text(encoding="utf-8"))
LONGEST = 1000  # characters of a text that may be right; the longest that is has 64
MOST = 50  # problems and unknown keys in one message


class ConfigError(ValueError):
    """A config that is refused. The message lists every problem, one a line, up to MOST."""


class Unfit:
    """A value that no key may have, out of the validator's sight, which would follow and write out all of it."""

    def __init__(self, value):
        self.value = value


def require_plain(path: str | Path) -> None:
    """Raise ConfigError naming a config file that is no plain YAML.

    Snakemake does not name a file that it cannot read, and runs Python from one that asks to be a template of YTE.
    It has read a file of --configfile before anything here runs; the default config is looked at first.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: expected a config file in YAML, found: {error}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: expected a mapping, found {found(content)}")
    if "__use_yte__" in content:
        raise ConfigError(f"{path}: expected plain YAML, found the key __use_yte__, which makes it a template")


def leaves() -> dict[str, dict]:
    """The keys of an experiment, such as `training.steps`, each with its schema."""
    keys = {}
    for name, schema in SCHEMA["$defs"]["experiment"]["properties"].items():
        keys |= {f"{name}.{key}": inner for key, inner in schema.get("properties", {}).items()} or {name: schema}
    return keys


def expand_config(config: dict, source: str) -> dict:
    """A new config with every default filled in and data.n_train resolved to a number.

    config  as read from YAML; left as it is
    source  what to call the config in messages, such as its file name

    Whole numbers where any number may stand become floats, and keys get the schema's order, so that two ways to
    write one setting come out the same. An expanded config expands to itself. Raises ConfigError, a ValueError, that
    lists all problems: the key's full path, what was expected and what was found.
    """
    problems: dict[str, str] = {}  # by path of the key
    filled = _copy(config, SCHEMA, "", problems)
    for error in Validator(SCHEMA).iter_errors(filled):
        for path, problem in _problems(error):
            problems.setdefault(path, problem)
    experiments = filled.get("experiments") if isinstance(filled, dict) else None
    if isinstance(experiments, dict):
        for name, experiment in experiments.items():
            for key, problem in violations(name, experiment, config["experiments"].get(name), refused=set(problems)):
                problems.setdefault(f"{join('experiments', name)}.{key}", problem)
        for name, problem in same_folder(experiments):
            problems.setdefault(join("experiments", name), problem)
    if problems:
        lines = [f"  {path}: {problems[path]}" for path in _sorted_by_experiment(problems, experiments)]
        heading = f"{source}: {len(lines)} problem{'s' * (len(lines) > 1)}"
        rest = [f"  … and {len(lines) - MOST} more"] * (len(lines) > MOST)
        raise ConfigError("\n".join([heading, *lines[:MOST], *rest]))
    for experiment in experiments.values():
        resolve_n_train(experiment)
    return filled


def _copy(value, schema: dict, path: str, problems: dict[str, str]):
    """What of a value the schema can judge: text keys only, nothing deep or long beyond any limit of the schema.

    No two places of the copy share a mapping or list, as YAML's *aliases do.
    """
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    if isinstance(value, dict) and schema["type"] == "object" and len(value) <= schema.get("maxProperties", len(value)):
        copied, known, others = {}, schema.get("properties", {}), schema["additionalProperties"]
        for key, inner in value.items():
            name = key if isinstance(key, str) else short(key)
            if name is not key:
                problems[join(path, name)] = f"expected a key that is text, found {found(key)}; put it in quotes"
            inside = known.get(name, others)
            copied[name] = _copy(inner, inside, join(path, name), problems) if inside else None
        return copied
    if isinstance(value, list) and len(value) <= schema.get("maxItems", 0):
        return [item if _may_be_right(item) else Unfit(item) for item in value]
    return value if _may_be_right(value) else Unfit(value)


def _may_be_right(value) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST
    return value is None or isinstance(value, float) or (isinstance(value, int) and abs(value) < 10**20)


def _sorted_by_experiment(paths, experiments) -> list[str]:
    """In the order of the file, what belongs to no experiment first."""
    names = list(experiments) if isinstance(experiments, dict) else []
    starts = [join("experiments", name) for name in names]
    return sorted(paths, key=lambda path: [n for n, start in enumerate(starts) if f"{path}.".startswith(f"{start}.")])


def _fill_properties(validator, properties: dict, instance, schema: dict):
    """The keyword `properties`, which on its way fills in defaults and turns whole numbers into floats.

    Keys come out in the schema's order: Snakemake compares params as text, where order counts.
    """
    if not validator.is_type(instance, "object"):
        return
    given = dict(instance)
    instance.clear()
    for key, subschema in properties.items():
        if key in given or "default" in subschema:
            instance[key] = given.pop(key) if key in given else deepcopy(subschema["default"])
    instance.update(given)  # unknown keys, for additionalProperties to refuse
    for key, subschema in properties.items():
        if key in instance:
            errors = list(validator.descend(instance[key], subschema, path=key, schema_path=key))
            if not errors and subschema.get("type") == "number":
                instance[key] = float(instance[key]) + 0.0  # 0.0 for -0.0, too
            elif not errors and subschema.get("items", {}).get("type") == "number":
                instance[key] = [float(value) for value in instance[key]]
            yield from errors


def _is_integer(checker, value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(checker, value) -> bool:
    return _is_integer(checker, value) or (isinstance(value, float) and math.isfinite(value))


# Stricter than JSON schema: true is no number, 1.0 is no whole number, NaN and infinities are not numbers.
Validator = validators.extend(
    Draft202012Validator,
    {"properties": _fill_properties},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many({"integer": _is_integer, "number": _is_number}),
)


def _problems(error: ValidationError):
    """Path and "expected …, found …" of each problem that one error of the validator stands for."""
    path, schema, value = "", error.schema, error.instance
    for key in error.absolute_path:
        path = join(path, key)
    if error.validator == "additionalProperties":
        keys = list(schema["properties"])
        unknown = [key for key in value if key not in keys]
        for key in unknown[:MOST]:
            problem = f"expected one of the keys {', '.join(keys)}, found {short(key)}{_suggest(key, keys)}"
            yield join(path, key), problem
        if len(unknown) > MOST:
            yield path or "the whole file", f"expected the keys {', '.join(keys)}, found {len(unknown)} others"
    elif error.validator == "required":
        for key in (key for key in error.validator_value if key not in value):
            yield join(path, key), f"expected {expected(schema['properties'][key])}, found nothing"
    elif "propertyNames" in error.absolute_schema_path:
        yield join(path, value), f"expected {schema['description']}, found {short(value)}"
    else:
        value = value.value if isinstance(value, Unfit) else value
        hint = _suggest(value, schema["enum"]) if "enum" in schema and isinstance(value, str) else ""
        yield path or "the whole file", f"expected {expected(schema)}, found {found(value)}{hint}"


def _suggest(word: str, known: list[str]) -> str:
    """A guess at what was meant: the key of this name in another section, or a similar word."""
    if len(word) > LONGEST:
        return ""
    guesses = [key for key in leaves() if key.endswith(f".{word}")] or get_close_matches(word, known, n=1)
    return f" (did you mean {guesses[0]}?)" if guesses else ""
