"""The words of the config's messages and of its table: what a key expects, and what was found instead."""

import math
import re


def expected(schema: dict) -> str:
    """The values that a key with this schema may have."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return " or ".join(_kind(kind, schema) for kind in kinds)


def _kind(kind: str, schema: dict) -> str:
    if "enum" in schema:
        return f"one of {', '.join(schema['enum'])}"
    if kind == "object":
        return "a mapping with at least one key" if "minProperties" in schema else "a mapping"
    if kind == "array":
        items = expected(schema["items"]).removeprefix("a ").replace("number", "numbers", 1)
        return f"a list of {schema['minItems']} to {schema['maxItems']} different {items}"
    if kind in ("boolean", "null"):
        return {"boolean": "true or false", "null": "null"}[kind]
    number = "a whole number" if kind == "integer" else "a number"
    if "exclusiveMinimum" not in schema:
        return f"{number} from {schema['minimum']} to {schema['maximum']}"
    high = f"below {schema['exclusiveMaximum']}" if "exclusiveMaximum" in schema else f"at most {schema['maximum']}"
    return f"{number} above {schema['exclusiveMinimum']} and {high}"


def found(value) -> str:
    """A value as its author wrote it, with a word on the ways in which YAML misleads."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"the text {shorten(repr(value))}{_number_hint(value)}"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**20 else "a number of more than 20 digits"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, dict | list):
        return f"a {'mapping' if isinstance(value, dict) else 'list'}, {shorten(repr(value))}"
    return f"a {type(value).__name__}, {shorten(str(value))}"


def _number_hint(text: str) -> str:
    """YAML 1.1 wants a decimal point before the e and a sign after it: 5e-3 is text, 5.0e-3 is a number."""
    try:
        number = float(text)
    except ValueError:
        return ""
    if not math.isfinite(number):
        return ""
    written = str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)
    if "e" in written and "." not in written:
        written = written.replace("e", ".0e")
    return f" (it looks like a number, but YAML reads it as text: write {written}, without quotes)"


def join(path: str, key: str | int) -> str:
    """The full path of a key within `path`, such as `training.steps` or `seeds[0]`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    name = key if re.fullmatch(r"[\w.-]+", key) else shorten(repr(key))
    return f"{path}.{name}" if path else name


def shorten(text: str, width: int = 60) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
