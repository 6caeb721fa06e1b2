"""Pydantic's errors in our own words: the full path of a key, what was expected and what was found."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import cache

from pydantic import BaseModel, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from recurrence_circuits.config.wording import expected, found, join, short

RELATION = "relation"  # the type of an error whose text is already in our words
LONGEST = 1000  # characters; longer texts are refused unread (the longest that can be right has 64)


@cache
def schema_of(model: type[BaseModel]) -> dict:
    """The JSON schema of a model, with references resolved and `X or null` as one schema with two types."""
    whole = model.model_json_schema()
    definitions = whole.pop("$defs", {})

    def written_out(part):
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            part = definitions[part["$ref"].rpartition("/")[2]] | part
        if "anyOf" in part:
            one, null = part["anyOf"]
            part = one | part | {"type": [one["type"], null["type"]]}
        return {key: written_out(value) for key, value in part.items() if key not in ("$ref", "anyOf")}

    return written_out(whole)


def inside(schema: dict, key: str | int) -> dict | None:
    """The schema of the value at a key of a mapping or an index of a list; None if the key is unknown."""
    if isinstance(key, int):
        return schema["items"]
    any_name = next(iter(schema.get("patternProperties", {}).values()), None)
    return schema.get("properties", {}).get(key, any_name)


def refusal(kind: str, text: str, place: tuple, value) -> InitErrorDetails:
    """One line of an error, for ValidationError.from_exception_data; `place` is the path within the model."""
    return InitErrorDetails(type=PydanticCustomError(kind, "{text}", {"text": text}), loc=place, input=value)


def refusals(error: ValidationError) -> list[InitErrorDetails]:
    """The lines of an error, to raise them again together with others."""
    return [refusal(line["type"], line["msg"], line["loc"], line["input"]) for line in error.errors(include_url=False)]


def told(error: ValidationError, model: type[BaseModel], elsewhere: Iterable[str] = ()) -> Iterator[tuple[str, str]]:
    """The path and the text "expected …, found …" of every line of an error.

    model      what was validated
    elsewhere  full paths of keys, to guess the section of a misplaced key
    """
    lines = error.errors(include_url=False)
    for line in sorted(lines, key=lambda line: line["type"] != "extra_forbidden"):
        place, kind, value = line["loc"], line["type"], line["input"]
        is_name = place[-1:] == ("[key]",) and kind.startswith("string")  # of an experiment
        place = place[:-1] if is_name else place
        path, above, schema = "", {}, schema_of(model)
        for key in place:
            path, above, schema = join(path, key), schema, inside(schema or {}, key)
        path = path or "the whole file"
        if kind == RELATION:
            yield path, line["msg"]
        elif kind == "extra_forbidden":
            key, known = place[-1], list(above["properties"])
            hint = _suggest(key, known, elsewhere)
            yield path, f"expected one of the keys {', '.join(known)}, found {short(key)}{hint}"
        elif kind == "missing":
            yield path, f"expected {expected(schema)}, found nothing"
        elif is_name:
            yield path, f"expected {above['propertyNames']['description']}, found {short(value)}"
        else:
            hint = _suggest(value, schema["enum"], elsewhere) if "enum" in schema and isinstance(value, str) else ""
            yield path, f"expected {expected(schema)}, found {found(value)}{hint}"


def _suggest(word: str, known: list[str], elsewhere: Iterable[str]) -> str:
    """A guess at what was meant: a key of this name in another section, or a similar word."""
    if len(word) > LONGEST:
        return ""
    guesses = [key for key in elsewhere if key.endswith(f".{word}")] or get_close_matches(word, known, n=1)
    return f" (did you mean {guesses[0]}?)" if guesses else ""
