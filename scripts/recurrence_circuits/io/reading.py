"""What the readers of files share: JSON that is one mapping, run records, and short descriptions of what was found."""

import json
from pathlib import Path
from reprlib import Repr

RECORD_KEYS = {"settings": dict, "code_digest": str, "versions": dict, "machine": dict}  # of a run record
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


def read_text(path: str, what: str) -> str:
    """The text of a file. Raises ValueError naming it, and `what` it is expected to be, if it is not UTF-8."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except ValueError as error:  # the decoder's
        raise ValueError(f"{path}: expected {what}, found: {error}") from error


def read_record(path: str) -> dict:
    """The record of one run. Raises ValueError naming the file if it is not one."""
    record = json_mapping(path, read_text(path, "a run record in JSON"))
    for key, kind in RECORD_KEYS.items():
        if not isinstance(record.get(key), kind):
            raise ValueError(f"{path}: expected {key} to be a {kind.__name__}, found {short(record.get(key))}")
    if type(record["settings"].get("seed")) is not int:
        raise ValueError(f"{path}: expected settings.seed to be an int, found {short(record['settings'].get('seed'))}")
    return record


def _each_once(pairs: list[tuple]) -> dict:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise ValueError("a mapping with one key twice")
    return mapping
