"""How long the workflow takes and how good its models get, against the targets: `make benchmark`.

Works in a scratch clone of the last commit, so that the results here stay as they are. Not a test: times depend
on the machine, and the targets are for two cores.
"""

import csv
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SNAKEMAKE = [sys.executable, "-m", "snakemake", "--cores", "2", "--quiet", "all"]
MSE_TARGET = 5e-3  # of every seed of the default run, over the determined positions, in units of x²


def main() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        clone = Path(scratch) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        results = [("smoke config, every rule", seconds(clone, "--configfile", "config/smoke.yaml"), 60, "s")]
        results.append(("default run, two cores", seconds(clone) / 60, 15, "min"))
        results.append(("nothing to do", seconds(clone), 5, "s"))
        restyle(clone / "scripts/recurrence_circuits/figures/cosines.py")
        results.append(("one figure restyled", seconds(clone, "figures"), 15, "s"))
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
        print(f"{what:<40} {value:10.4g} {unit:<4} target {target:g}  {'reached' if value <= target else 'MISSED'}")
    return int(any(value > target for _, value, target, _ in results))


def seconds(clone: Path, *arguments: str) -> float:
    """Wall time of one call of the workflow. Raises if it fails."""
    print("snakemake", *arguments, flush=True)
    start = time.monotonic()
    subprocess.run([*SNAKEMAKE, *arguments], cwd=clone, check=True)
    return time.monotonic() - start


def restyle(figure: Path) -> None:
    """Change one figure's code, as a new colour would."""
    figure.write_text(figure.read_text() + "\n\nRESTYLED = True\n")


def determined_errors(table: Path) -> dict[str, float]:
    """The models' mean squared error over the determined positions, by seed."""
    with table.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["predictor"] == "model" and row["measure"] == "mse"]
    return {row["seed"]: float(row["value"]) for row in rows if row["position"] == ""}


if __name__ == "__main__":
    sys.exit(main())
