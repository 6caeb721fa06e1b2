"""Jinja2 as all pages use it: text is escaped, and a name that is not given is an error."""

from pathlib import Path

import jinja2


def templates(folder: str | Path) -> jinja2.Environment:
    """The templates of a folder. Rendering raises jinja2.UndefinedError for a name that is not given."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
