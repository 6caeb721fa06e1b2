"""Recompute a random part of archived tables from the archived weights, and compare: `make verify`.

The code is that of this folder as it stands, edits without a commit included; the archive is unpacked elsewhere and
Snakemake works there. Tables are picked among those measured for each seed, so that the weights of every seed are
looked at; all that follows from a picked table, up to the claims, is made again with it. Nothing is trained.
"""

import argparse
import csv
import hashlib
import io
import math
import os
import random
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

from bags import ArchiveError, Contents, unpack
from restore import ROOT, changed_code

# Another machine may add in another order. Beyond this, relative or in absolute terms, numbers count as different.
RELATIVE, ABSOLUTE = 1e-4, 1e-7
TRAINED = {"history.csv"}  # tables that training writes
PAST = 946684800  # 2000-01-01


def pick(contents: Contents, per_seed: int, seed: int) -> list[str]:
    """`per_seed` measured tables of every seed, and one of those over all seeds; all of them where there are fewer."""
    folders: dict[str, list[str]] = {}
    for path in sorted(contents.checksums):
        folder, _, name = path.removeprefix(f"results/{contents.experiment}/").partition("/")
        if (folder.startswith("seed") or folder == "tables") and name.endswith(".csv") and "/" not in name:
            folders.setdefault(folder, []).extend([path] if folder == "tables" or name not in TRAINED else [])
    draw = random.Random(f"{seed} {contents.experiment}")
    return [
        path
        for folder, paths in folders.items()
        for path in sorted(draw.sample(paths, min(len(paths), 1 if folder == "tables" else per_seed)))
    ]


def recompute(contents: Contents, tables: list[str]) -> list[str]:
    """Make tables of an unpacked archive again, and what follows from them; every file that was made.

    Raises CalledProcessError if Snakemake fails; the logs of its failed jobs are on the terminal then.
    """
    (contents.folder / ".snakemake/incomplete").mkdir()  # else Snakemake takes the records for those of an old version
    files = [contents.folder / path for path in contents.checksums]
    for path in files:
        os.utime(path, (PAST, PAST))  # so that no date makes Snakemake train anew what it should take as it is
    command = [
        sys.executable, "-m", "snakemake", "tables", "--forcerun", *tables, "--rerun-triggers", "mtime",
        "--snakefile", str(ROOT / "workflow/Snakefile"), "--directory", str(contents.folder),
        "--workflow-profile", str(ROOT / "workflow/profiles/default"), "--quiet", "host", "reason", "rules",
        "--configfile", str(contents.config),
    ]  # fmt: skip
    subprocess.run(command, check=True, stdout=sys.stderr)
    results = contents.folder / "results" / contents.experiment
    made = [path for path in results.rglob("*") if path.is_file() and path.stat().st_mtime != PAST]
    return sorted(path.relative_to(contents.folder).as_posix() for path in made)


def compare(old: str, new: str) -> tuple[int, int, str]:
    """Two tables as CSV text: how many cells differ beyond the tolerance, how many within it, and the worst one.

    Whole numbers and words must be the same. Raises ValueError if columns or the number of rows differ.
    """
    (header, *one), (other_header, *other) = (filter(None, csv.reader(io.StringIO(text))) for text in (old, new))
    if header != other_header or len(one) != len(other):
        raise ValueError(
            f"expected {len(one)} rows of {', '.join(header)}, found {len(other)} rows of {', '.join(other_header)}"
        )
    beyond, within, worst, largest = 0, 0, "", -1.0
    for row, (a_row, b_row) in enumerate(zip(one, other, strict=True), start=1):
        for column, a, b in zip(header, a_row, b_row, strict=True):
            if a == b:
                continue
            size = _difference(a, b)
            close = size <= 1
            beyond, within = beyond + (not close), within + close
            if size > largest:
                largest, worst = (
                    size,
                    f"data row {row}, column {column}: archived {a or 'nothing'}, found {b or 'nothing'}",
                )
    return beyond, within, worst


def _difference(a: str, b: str) -> float:
    """How far two different cells are apart, in units of what is tolerated; infinite if they are not both numbers."""
    try:
        int(a), int(b)
        return math.inf
    except ValueError:
        pass
    try:
        one, other = float(a), float(b)
    except ValueError:
        return math.inf
    size = abs(one - other) / max(ABSOLUTE, RELATIVE * max(abs(one), abs(other)))
    return math.inf if math.isnan(size) else size


def verdict(archive: Path, contents: Contents, path: str) -> tuple[str, str]:
    """What a file that was made again is beside the archived one: same, close, other or different; and a line on it."""
    content = (contents.folder / path).read_bytes()
    if path not in contents.checksums:
        return "different", "DIFFERS: expected to be in the archive, had to be made"
    if hashlib.sha256(content).hexdigest() == contents.checksums[path]:
        return "same", "same, byte by byte"
    if "/data/" in path or path.endswith((".safetensors", "run.json")):
        return "different", "DIFFERS: expected to be taken from the archive, had to be made again"
    if not path.endswith(".csv"):
        return "other", "other bytes; no table, so its numbers were not compared"
    with tarfile.open(archive, "r:") as tar:
        archived = tar.extractfile(f"{contents.experiment}/data/{path}").read()
    try:
        beyond, within, worst = compare(archived.decode(), content.decode())
    except ValueError as error:
        return "different", f"DIFFERS: {error}"
    if beyond:
        return "different", f"DIFFERS in {beyond} cells; most in {worst}"
    return "close", f"only last digits differ, in {within} cells, within a relative {RELATIVE:g}; most in {worst}"


def as_archived(found: set[str]) -> bool:
    """Whether these verdicts together are good. What is no table may have other bytes only where tables have, too."""
    return "different" not in found and ("other" not in found or "close" in found)


def verify(archive: Path, per_seed: int, seed: int) -> bool:
    """Recompute a part of one archive, print a line for every table, and say whether all are as archived.

    Raises ArchiveError if `unpack` refuses the archive, CalledProcessError if Snakemake fails.
    """
    with tempfile.TemporaryDirectory() as scratch:
        contents = unpack(archive, Path(scratch))
        tables = pick(contents, per_seed, seed)
        print(f"{archive}: picked with --seed {seed}: {', '.join(tables)}", flush=True)
        if changed := changed_code(contents):
            print(f"  The code of these rules has changed since it was archived: {', '.join(changed)}.", flush=True)
        start, found = time.monotonic(), {}
        for path in recompute(contents, tables):
            if not {"logs", "benchmarks"} & set(path.split("/")):
                found[path], line = verdict(archive, contents, path)
                print(f"  {path}: {line}", flush=True)
        if lost := set(tables) - set(found):
            raise ArchiveError(f"{archive}: expected {min(lost)} to be made again, found that it was not")
        fine = as_archived(set(found.values()))
        said = "as archived" if fine else "made again, NOT ALL AS ARCHIVED"
        print(f"{archive}: {len(found)} files {said}, {time.monotonic() - start:.0f} s", flush=True)
        return fine


def main() -> int:
    parser = argparse.ArgumentParser(description="Recompute a random part of archived tables, and compare.")
    parser.add_argument("archives", nargs="*", type=Path, help="files; without any, all in results/_archives")
    parser.add_argument("--tables", type=int, default=1, metavar="N", help="tables to pick of every seed (1)")
    parser.add_argument("--seed", type=int, default=None, help="of the picks; without it another one each time")
    given = parser.parse_args()
    if given.tables < 1:
        parser.error(f"--tables: expected a number from 1 up, found {given.tables}")
    archives = given.archives or sorted((ROOT / "results/_archives").glob("*.tar"))
    if not archives:
        parser.error("expected an archive, found none in results/_archives: `snakemake archive` makes them")
    seed = random.SystemRandom().randrange(10**6) if given.seed is None else given.seed
    try:
        fine = [verify(archive, given.tables, seed) for archive in archives]
    except (ArchiveError, subprocess.CalledProcessError) as error:
        print(f"verify: {error}", file=sys.stderr)
        return 1
    return int(not all(fine))


if __name__ == "__main__":
    sys.exit(main())
