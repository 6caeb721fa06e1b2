"""Words for the config's messages and its table of keys: what is expected, and what was found instead."""

import datetime
import math
import re
from reprlib import Repr

WIDTH = 60  # characters of a value in a message


class Unfit:
    """A wrapper for a value that no key may have, since pydantic would follow and copy all of it."""

    def __init__(self, value):
        self.value = value


def expected(schema: dict) -> str:
    """The values, in words, that a key with this JSON schema may have; `type` is one name, or a list with "null"."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return " or ".join(_kind(kind, schema) for kind in kinds)


def _kind(kind: str, schema: dict) -> str:
    if "enum" in schema:
        return f"one of {', '.join(schema['enum'])}"
    if kind in ("object", "boolean", "null", "string"):
        most = schema.get("maxProperties")
        mapping = "a mapping" + (f" with {schema['minProperties']} to {most} keys" if most else "")
        return {"object": mapping, "boolean": "true or false", "null": "null", "string": "a text"}[kind]
    if kind == "array":
        items = expected(schema["items"]).removeprefix("a ").replace("number", "numbers", 1)
        return f"a list of {schema['minItems']} to {schema['maxItems']} different {items}"
    number = "a whole number" if kind == "integer" else "a number"
    if "exclusiveMinimum" not in schema:
        return f"{number} from {schema['minimum']} to {schema['maximum']}"
    high = f"below {schema['exclusiveMaximum']}" if "exclusiveMaximum" in schema else f"at most {schema['maximum']}"
    return f"{number} above {schema['exclusiveMinimum']} and {high}"


def found(value) -> str:
    """A value in words, as its author wrote it, shortened; with a hint where YAML reads a number as text."""
    if isinstance(value, Unfit):
        value = value.value
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"the text {short(value)}{_number_hint(value)}"
    if isinstance(value, int | float):
        return short(value)
    kind = {dict: "mapping", list: "list"}.get(type(value), type(value).__name__)
    return f"a {kind}, {short(value)}"


class _Short(Repr):
    """Python's shortened repr: deep values and long lists are not written out."""

    def __init__(self):
        super().__init__()
        self.maxlevel, self.maxlist, self.maxtuple, self.maxset, self.maxdict = 3, 20, 20, 20, 20

    def repr_str(self, value: str, level: int) -> str:
        return repr(value[: WIDTH + 1])

    def repr_int(self, value: int, level: int) -> str:
        # Python refuses to write out numbers of more than 4300 digits.
        return str(value) if abs(value) < 10**20 else "a number of more than 20 digits"

    def repr_date(self, value: datetime.date, level: int) -> str:
        return str(value)

    def repr_Unfit(self, value: Unfit, level: int) -> str:  # noqa: N802 (named after the type, as Repr has it)
        return self.repr1(value.value, level)

    repr_datetime = repr_date


_SHORT = _Short()


def short(value) -> str:
    """The repr of a value, cut to one short line."""
    text = _SHORT.repr(value)
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"


def _number_hint(text: str) -> str:
    """A hint if a text looks like a number. YAML 1.1 wants a point before the e: 5e-3 is text, 5.0e-3 is a number."""
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
    name = key if re.fullmatch(r"[\w.-]{1,100}", key) else short(key)
    return f"{path}.{name}" if path else name
