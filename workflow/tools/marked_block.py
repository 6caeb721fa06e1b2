"""Parts of pages that are made from the project itself, between two marks."""

from pathlib import Path


def marks(name: str, command: str) -> tuple[str, str]:
    """The lines before and after what `command` makes."""
    return f"<!-- {name}: begin (made by {command}) -->\n", f"<!-- {name}: end -->\n"


def with_block(page: Path, text: str, new: str, name: str, command: str) -> str:
    """The text of a page with `new` between its two marks. Raises ValueError if each mark is not there once."""
    begin, end = marks(name, command)
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(end) < text.index(begin):
        raise ValueError(f"{page}: expected the lines {begin.strip()!r} and {end.strip()!r}, once each, in this order")
    before, rest = text.split(begin)
    return before + begin + new + end + rest.split(end)[1]
