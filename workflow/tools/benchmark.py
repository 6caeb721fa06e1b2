"""How long the workflow takes and how good its models get, against the targets: `make benchmark`.

Works in a scratch clone of the last commit, so that the results here stay as they are. Not a test: times depend
on the machine, and the targets are for two cores.
"""

import csv
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SNAKEMAKE = [sys.executable, "-m", "snakemake"]
RUN = [*SNAKEMAKE, "--quiet", "all", "--cores", "2"]
MSE_TARGET = 5e-3  # of every seed of the default run, over the determined positions, in units of x²
EMPTY = "rule all:\n    input: []\n"
REPEATS = 5


def main() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        clone = Path(scratch) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        results = [("smoke config, every rule", seconds(clone, *RUN, "--configfile", "config/smoke.yaml"), 60, "s")]
        results.append(("default run, two cores", seconds(clone, *RUN) / 60, 15, "min"))
        results.append(("nothing to do", seconds(clone, *RUN), 5, "s"))
        results.append(("nothing to do, over the dry run of an empty workflow", beside_empty(clone), 1.5, ""))
        with (clone / "scripts/recurrence_circuits/figures/cosines.py").open("a") as figure:
            figure.write("\n\nRESTYLED = True\n")  # as a new colour would
        before = outputs(clone)
        results.append(("one figure restyled", seconds(clone, *RUN, "figures"), 15, "s"))
        again = [path for path, date in outputs(clone).items() if before[path] != date]
        results.append(("outputs made again for it", len({path.with_suffix("") for path in again}), 1, ""))
        errors = determined_errors(clone / "results/affine/tables/predictions.csv")
        results += [
            (f"mean squared error, n ≥ 2, seed {seed}", error, MSE_TARGET, "x²") for seed, error in errors.items()
        ]
        kept = ROOT / "results" / "benchmark.csv"
        kept.parent.mkdir(exist_ok=True)
        shutil.copytree(clone / "results/affine/benchmarks", kept.with_suffix(""), dirs_exist_ok=True)
    with kept.open("w", newline="") as file:
        csv.writer(file).writerows([("what", "value", "target", "unit"), *results])
    for what, value, target, unit in results:
        print(f"{what:<52} {value:10.4g} {unit:<4} target {target:g}  {'reached' if value <= target else 'MISSED'}")
    return int(any(value > target for _, value, target, _ in results))


def seconds(folder: Path, *command: str, quiet: bool = False) -> float:
    """Wall time of a command. Raises CalledProcessError if it fails."""
    print(*command[2:], flush=True)
    start = time.monotonic()
    subprocess.run(command, cwd=folder, check=True, capture_output=quiet)
    return time.monotonic() - start


def beside_empty(clone: Path) -> float:
    """The time of a call that has nothing to do, over that of a dry run of a workflow with nothing in it.

    The ratio of medians of alternating calls, so that other work on the machine reaches both alike.
    """
    empty = clone / "empty"
    empty.mkdir()
    (empty / "Snakefile").write_text(EMPTY)
    calls = [(clone, SNAKEMAKE), (empty, [*SNAKEMAKE, "-n"])]
    times = [[seconds(folder, *call, quiet=True) for folder, call in calls] for _ in range(REPEATS)]
    ours, theirs = (statistics.median(each) for each in zip(*times, strict=True))
    return ours / theirs


def outputs(clone: Path) -> dict[Path, float]:
    """Every file of the results outside logs and benchmarks, with its date."""
    files = [path for path in (clone / "results").rglob("*") if path.is_file()]
    return {path: path.stat().st_mtime for path in files if not {"logs", "benchmarks"} & set(path.parts)}


def determined_errors(table: Path) -> dict[str, float]:
    """The models' mean squared error over the determined positions, by seed."""
    with table.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["predictor"] == "model" and row["measure"] == "mse"]
    return {row["seed"]: float(row["value"]) for row in rows if row["position"] == ""}


if __name__ == "__main__":
    sys.exit(main())
