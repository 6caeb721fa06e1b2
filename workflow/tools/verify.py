"""Recompute a random part of archived tables from the archived weights, and compare: `make verify`.

The code is that of this folder as it stands, uncommitted edits included; the archive is unpacked elsewhere and
Snakemake works there. Tables are picked from those measured for each seed, so that the weights of every seed are
looked at; all that follows from a picked table, up to the claims, is made again with it. Nothing is trained.
"""

import argparse
import hashlib
import io
import os
import random
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from lib.registry import REAL, TRAINING_TABLES, TYPE_OF
from recurrence_circuits.io.archives import UNTRACKED, ArchiveError, Contents, unpack
from tools.metadata import INCOMPLETE
from tools.restore import ROOT, changed_code

# Another machine may add in another order. Real numbers differ if they are further apart than this.
RELATIVE, ABSOLUTE = 1e-4, 1e-7
PAST = 946684800  # 2000-01-01


def pick(contents: Contents, per_seed: int, seed: int) -> list[str]:
    """`per_seed` measured tables of every seed, and one of those over all seeds; all where there are fewer."""
    draw = random.Random(f"{seed} {contents.experiment}")
    results = contents.folder / "results" / contents.experiment
    picked = []
    for folder in sorted([*results.glob("seed*"), results / "tables"]):
        tables = sorted(path for path in folder.glob("*.csv") if path.stem not in TRAINING_TABLES)
        n_tables = 1 if folder.name == "tables" else per_seed
        picked += sorted(draw.sample(tables, min(len(tables), n_tables)))
    return [path.relative_to(contents.folder).as_posix() for path in picked]


def recompute(contents: Contents, tables: list[str]) -> list[str]:
    """Make tables of an unpacked archive again, and what follows from them; every file that was made.

    Raises CalledProcessError if Snakemake fails; the logs of its failed jobs are on the terminal then.
    """
    (contents.folder / INCOMPLETE).mkdir()  # else Snakemake takes the records for those of an old version
    for path in contents.checksums:
        os.utime(contents.folder / path, (PAST, PAST))  # so that no date makes Snakemake train anew
    command = [
        sys.executable, "-m", "snakemake", "tables", "--forcerun", *tables, "--rerun-triggers", "mtime",
        "--snakefile", str(ROOT / "workflow/Snakefile"), "--directory", str(contents.folder),
        "--workflow-profile", str(ROOT / "workflow/profiles/default"), "--quiet", "host", "reason", "rules",
        "--configfile", str(contents.config),
    ]  # fmt: skip
    subprocess.run(command, check=True, stdout=sys.stderr)
    results = contents.folder / "results" / contents.experiment
    files = [path.relative_to(results) for path in results.rglob("*") if path.is_file() and path.stat().st_mtime > PAST]
    made = [path for path in files if path.parts[0] not in UNTRACKED]
    return sorted(f"results/{contents.experiment}/{path.as_posix()}" for path in made)


def compare(old: str, new: str) -> tuple[int, int, str]:
    """Two tables as CSV text: the number of cells beyond the tolerance, the number within it, and the worst one.

    Only real numbers have a tolerance. Raises ValueError if columns or the number of rows differ.
    """
    one, other = (pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False) for text in (old, new))
    if list(one) != list(other) or not one.index.equals(other.index):
        raise ValueError(f"expected {len(one)} rows of {', '.join(one)}, found {len(other)} rows of {', '.join(other)}")
    real = [column for column in one if TYPE_OF.get(column) == REAL]
    a, b = (frame[real].apply(pd.to_numeric, errors="coerce") for frame in (one, other))
    # Distances in units of what is tolerated; infinite where two different cells are not both real numbers.
    tolerated = np.maximum(ABSOLUTE, RELATIVE * np.maximum(a.abs(), b.abs()))
    distance = ((a - b).abs() / tolerated).reindex(columns=one.columns).fillna(np.inf).to_numpy(float)
    different = (one != other).to_numpy()
    beyond, within = different & (distance > 1), different & (distance <= 1)
    if not different.any():
        return 0, 0, ""
    row, column = np.unravel_index(np.argmax(np.where(different, distance, -1)), different.shape)
    cells = [frame.iat[row, column] or "nothing" for frame in (one, other)]
    worst = f"data row {row + 1}, column {one.columns[column]}: archived {cells[0]}, found {cells[1]}"
    return int(beyond.sum()), int(within.sum()), worst


def verdict(archive: Path, contents: Contents, path: str) -> tuple[str, str]:
    """What a file that was made again is beside the archived one: same, close, other or different; and a line on it."""
    content = (contents.folder / path).read_bytes()
    if path not in contents.checksums:
        return "different", "DIFFERS: expected to be in the archive, had to be made"
    if hashlib.sha256(content).hexdigest() == contents.checksums[path]:
        return "same", "same, byte by byte"
    if path.endswith((".safetensors", "run.json")):
        return "different", "DIFFERS: expected to be taken from the archive, had to be made again"
    if not path.endswith(".csv"):
        return "other", "other bytes; not a table, so its numbers were not compared"
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
    """Whether these verdicts together are good. A file that is not a table may differ only where tables do."""
    return "different" not in found and ("other" not in found or "close" in found)


def verify(archive: Path, per_seed: int, seed: int) -> bool:
    """Recompute a part of one archive, print a line for every file made, and return whether all are as archived.

    Raises ArchiveError if `unpack` refuses the archive, CalledProcessError if Snakemake fails.
    """
    with tempfile.TemporaryDirectory() as scratch:
        contents = unpack(archive, Path(scratch))
        tables = pick(contents, per_seed, seed)
        print(f"{archive}: picked with --seed {seed}: {', '.join(tables)}", flush=True)
        if changed := changed_code(contents):
            print(f"  This code has changed since it was archived: {', '.join(changed)}.", flush=True)
        start, found = time.monotonic(), {}
        for path in recompute(contents, tables):
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
    parser.add_argument("archives", nargs="*", type=Path, help="files; default: all in results/_archives")
    parser.add_argument("--tables", type=int, default=1, metavar="N", help="tables to pick of every seed (1)")
    parser.add_argument("--seed", type=int, default=None, help="of the picks; default: another one each time")
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
