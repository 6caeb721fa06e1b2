"""Let the Python that runs this find the library from any folder; `make environment` calls it.

It writes a .pth file into Python's packages: one line, run whenever this Python starts, that adds a finder behind all
others. So the library is found there only where nothing else offers one. In a workflow that is always the workflow's
own clone, even where several clones share an environment: Snakemake puts a script's folder at the end of the path, and
a folder named in a .pth file would come before it.
"""

import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path

LIBRARY = "recurrence_circuits"
SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
# Finds the library alone, not the rules' scripts beside it. What a .pth file imports is a local name: hence `finder`.
LINE = (
    "import sys; from importlib.machinery import PathFinder; "
    "sys.meta_path.append(type('Anywhere', (), {{'find_spec': staticmethod("
    "lambda name, path=None, target=None, finder=PathFinder: "
    "finder.find_spec(name, [{scripts!a}]) if name == {library!a} else None)}}))\n"
)


def main() -> None:
    """Write the file, unless there is one and the library that it finds still exists."""
    if find_spec(LIBRARY) is None:
        path = Path(sysconfig.get_path("purelib"), f"{LIBRARY}.pth")
        try:
            path.write_text(LINE.format(scripts=str(SCRIPTS), library=LIBRARY), encoding="ascii")
        except OSError as error:  # a shared environment that only its owner may write to runs the workflow all the same
            print(f"make: {path}: expected to write it, found: {error.strerror}", file=sys.stderr)


if __name__ == "__main__":
    main()
