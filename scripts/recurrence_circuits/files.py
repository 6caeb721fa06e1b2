"""Files that are there whole or not at all, whatever becomes of the process, the disk or the power."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PART = ".part"  # ends the name under which a file is written; what a killed job leaves of it is written over


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Give a neighbour of `path` to write to, and make it `path` when all of it is on the disk.

    Until then an older `path` stays as it is; if writing fails, nothing of the new one is left. Makes the folder.
    Raises OSError naming `path` if it cannot be written: no room, read-only, no folder can be made.
    """
    path = Path(path)
    part = path.with_name(path.name + PART)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        _to_disk(part)
        os.replace(part, path)
        _to_disk(path.parent)  # the new name, too
    except OSError as error:
        _discard(part)
        problem = f"expected to write a whole file, found: {error.strerror or error}"
        if error.filename and Path(error.filename) not in (path, part, path.parent):  # of what went into it
            problem += f" ({error.filename})"
        raise OSError(error.errno, problem, str(path)) from error
    except BaseException:
        _discard(part)
        raise


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all. Raises OSError naming `path`."""
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8")


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _discard(part: Path) -> None:
    # On a read-only disk there is nothing to remove, and the error that brought us here is the one to tell.
    with suppress(OSError):
        part.unlink(missing_ok=True)
