"""Check a config and fill in its defaults while the workflow is parsed: nothing runs on a config that is refused.

Keys are defined in the sections' files, relations between them in relations.py. This file keeps hostile values from
pydantic and turns its errors into one short message.
"""

from functools import cache
from pathlib import Path

import yaml
from pydantic import ValidationError

from recurrence_circuits.config.experiment import Config, Experiment, resolve_nulls
from recurrence_circuits.config.refusals import LONGEST, inside, schema_of, told
from recurrence_circuits.config.wording import Unfit, expected, found, join, short

MOST = 50  # problems and unknown keys in one message


class ConfigError(ValueError):
    """A config is refused. The message lists all problems, one per line, up to MOST."""


def require_plain(path: str | Path) -> None:
    """Raise ConfigError naming the config file if it is not plain YAML.

    Snakemake itself does not name a file that it cannot read, and it runs Python from a file that asks to be a YTE
    template. It has read the files of --configfile before this can run; the default config is checked before it.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: expected a config file in YAML, found: {error}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: expected a mapping, found {found(content)}")
    if "__use_yte__" in content:
        raise ConfigError(f"{path}: expected plain YAML, found the key __use_yte__, which makes it a template")


@cache
def leaves() -> dict[str, dict]:
    """The keys of an experiment, such as `training.steps`, each with its JSON schema.

    A schema has `description`, `expected` (the allowed values, in words), `default` unless the key is required, `unit`
    if it has one, and what pydantic adds (`type`, `minimum`, `enum` …).
    """
    keys = {}
    for name, schema in schema_of(Experiment)["properties"].items():
        keys |= {f"{name}.{key}": inner for key, inner in schema.get("properties", {}).items()} or {name: schema}
    return {key: schema | {"expected": expected(schema)} for key, schema in keys.items()}


def expand_config(config: dict, source: str) -> dict:
    """A new config with every default filled in and every null resolved.

    config  as read from YAML; not changed
    source  the name of the config in messages, such as its file name

    Whole numbers become floats where any number is allowed, and keys get the models' order, so that two ways to write
    one setting come out the same. An expanded config expands to itself. Raises ConfigError, a ValueError that lists all
    problems: the key's full path, what was expected and what was found.
    """
    problems: dict[str, str] = {}  # by path of the key
    copied = _copy(config, schema_of(Config), "", problems)
    try:
        expanded = Config.model_validate(copied).to_dict()
    except ValidationError as error:
        for path, problem in told(error, Config, elsewhere=leaves()):
            problems.setdefault(path, problem)
    if problems:
        lines = [f"  {path}: {problems[path]}" for path in _sorted_by_experiment(problems, copied)]
        heading = f"{source}: {len(lines)} problem{'s' * (len(lines) > 1)}"
        rest = [f"  … and {len(lines) - MOST} more"] * (len(lines) > MOST)
        raise ConfigError("\n".join([heading, *lines[:MOST], *rest]))
    for experiment in expanded["experiments"].values():
        resolve_nulls(experiment)
    return expanded


def _copy(value, schema: dict, path: str, problems: dict[str, str]):
    """A copy of a value that is safe for pydantic: keys are text, and nothing exceeds the models' depth and length."""
    if isinstance(value, dict) and schema["type"] == "object" and len(value) <= schema.get("maxProperties", len(value)):
        copied, unknown = {}, 0
        for key, item in value.items():
            name = key if _is_text(key) else short(key)
            if not isinstance(key, str):
                problems[join(path, name)] = f"expected a key that is text, found {found(key)}; put it in quotes"
            under = inside(schema, name)
            unknown += under is None
            if under or unknown <= MOST:
                copied[name] = _copy(item, under, join(path, name), problems) if under else None
        if unknown > MOST:
            keys = ", ".join(schema["properties"])
            problems[path or "the whole file"] = f"expected the keys {keys}, found {unknown} others"
        return copied
    if isinstance(value, list) and len(value) <= schema.get("maxItems", 0):
        return [item if _may_be_right(item) else Unfit(item) for item in value]
    return value if _may_be_right(value) else Unfit(value)


def _is_text(key) -> bool:
    """Whether a key is text that can be written as UTF-8. YAML can name half of a surrogate pair, which cannot."""
    try:
        return isinstance(key, str) and bool(key.encode() or True)
    except UnicodeEncodeError:
        return False


def _may_be_right(value) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST
    return value is None or isinstance(value, float) or (isinstance(value, int) and abs(value) < 10**20)


def _sorted_by_experiment(paths, config) -> list[str]:
    """Sort paths by experiment, in the order of the file; those of no experiment come first."""
    experiments = config.get("experiments") if isinstance(config, dict) else None
    starts = [join("experiments", name) for name in experiments] if isinstance(experiments, dict) else []
    return sorted(paths, key=lambda path: [n for n, start in enumerate(starts) if f"{path}.".startswith(f"{start}.")])
