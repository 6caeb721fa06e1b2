"""What the readers of files share: JSON that is one mapping, and a short way to tell what was found instead."""

import json
from reprlib import Repr

SHORT = Repr()
SHORT.maxlevel, SHORT.maxdict, SHORT.maxlist, SHORT.maxtuple = 3, 10, 30, 30
SHORT.maxstring = SHORT.maxother = 100


def short(value) -> str:
    """A value as Python writes it, whatever a file holds: neither deep nor long ones are written out."""
    return SHORT.repr(value)


def json_mapping(path: str, text: str) -> dict:
    """The mapping that the JSON `text` of the file `path` holds. Raises ValueError naming the file if it holds none."""
    try:
        found = json.loads(text, object_pairs_hook=_each_once)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: expected JSON, found: {error}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path}: expected a mapping in JSON, found {short(found)}")
    return found


def _each_once(pairs: list[tuple]) -> dict:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise ValueError("a mapping with one key twice")
    return mapping
