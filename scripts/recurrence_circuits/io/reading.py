"""What the readers of files share: reading JSON that is one mapping, and short descriptions of what was found."""

import json
from reprlib import Repr

SHORT = Repr()
SHORT.maxlevel, SHORT.maxdict, SHORT.maxlist, SHORT.maxtuple = 3, 10, 30, 30
SHORT.maxstring = SHORT.maxother = 100


def short(value) -> str:
    """The repr of a value from a file, shortened: deep and long values are not written out."""
    return SHORT.repr(value)


def json_mapping(path: str, text: str) -> dict:
    """The mapping in `text`, the JSON of the file `path`. Raises ValueError naming the file if it holds no mapping."""
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
