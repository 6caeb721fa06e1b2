"""Atomic writes: a file is there whole or not at all, even if the process, the disk or the power fails."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# What is answered where a folder cannot be brought to the disk by itself: shares of virtual machines, older CIFS, some
# FUSE; a folder that may be written to but not read. Those write names in their own time.
CANNOT = {errno.EINVAL, errno.EBADF, errno.EISDIR, errno.EACCES, errno.EPERM, errno.ENOSYS, errno.ENOTSUP}
PART = ".part"  # suffix of a file while it is written; a leftover of a killed job is overwritten


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Yield a temporary file beside `path` to write to; rename it to `path` once all of it is on the disk.

    Until then an older `path` stays as it is. If writing fails, nothing of the new file is left. Makes the folder.
    Raises OSError naming `path` if it cannot be written: no room, read-only, or the folder cannot be made.
    """
    path = Path(path)
    part = path.with_name(path.name + PART)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        _to_disk(part)
        os.replace(part, path)
        _folder_to_disk(path.parent)  # so that the new name is on the disk too
    except OSError as error:
        _discard(part)
        problem = f"expected to write a whole file, found: {error.strerror or error}"
        if error.filename and Path(error.filename) not in (path, part, path.parent):  # a file that was read for it
            problem += f" ({error.filename})"
        raise OSError(error.errno, problem, str(path)) from error
    except BaseException:
        _discard(part)
        raise


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8, atomically. Raises OSError naming `path`."""
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8")


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _folder_to_disk(folder: Path) -> None:
    # The file is whole and in its place by now. As databases do, count a folder that cannot be synced as good enough;
    # any other error, such as of the disk itself, is raised.
    try:
        _to_disk(folder)
    except OSError as error:
        if error.errno not in CANNOT:
            raise


def _discard(part: Path) -> None:
    # On a read-only disk there is nothing to remove, and the error already being raised is the one to report.
    with suppress(OSError):
        part.unlink(missing_ok=True)
