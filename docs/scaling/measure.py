"""What Snakemake itself needs for many models: `make scaling`. docs/scaling.md shows the numbers and what follows.

Nothing is trained. A dry run plans the whole workflow; then a pretended scheduler, which takes a job, leaves its
outputs empty and calls it done, shows how fast Snakemake hands out jobs, and a second dry run how long it needs to see
that nothing is left. Each size is kept in plans.csv as soon as it is measured, then the page's tables are written anew.
The other numbers are kept by run_costs.py and tests/slurm/overheads.py.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import yaml
from projection import ROOT, VARIANTS, read, write, write_page

from lib.registry import MEASURES

# One table of each measure: to ask for these is to ask for every job of a model.
ASKED = [next(iter(measure.tables)) for measure in MEASURES.values()]
SUBMIT = """#!{python}
import json, pathlib, re, sys
job = json.loads(re.search("# properties = (.*)", open(sys.argv[1]).read())[1])
benchmarks = [log.replace("/logs/", "/benchmarks/").replace(".log", ".tsv") for log in job["log"]]
for output in job["output"] + job["log"] + benchmarks:
    pathlib.Path(output).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(output).touch()
with open("calls.txt", "a") as calls:
    print("submit", file=calls)
print(job["jobid"])
"""
STATUS = "#!/bin/sh\necho success\n"


class Run(NamedTuple):
    """One call of Snakemake: what it printed, wall time in seconds, its largest memory in MB."""

    said: str
    seconds: float
    megabytes: float


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, nargs="*", choices=VARIANTS, default=[10, 100], help="default: 10 100")
    parser.add_argument("--without-cluster", action="store_true", help="plan only")
    options = parser.parse_args(arguments)
    for models in options.models:
        with tempfile.TemporaryDirectory() as scratch:
            clone = Path(scratch) / "clone"
            subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
            write_config(clone, models)
            measured = {"variants": VARIANTS[models], **plan(clone)}
            if not options.without_cluster:
                measured |= pretend(clone, models, measured["plan_s"])
        keep(models, measured)
    write_page()
    return 0


def keep(models: int, measured: dict[str, float]) -> None:
    """Put what was measured into the row of this number of models."""
    print(models, measured, flush=True)
    rows = {row["models"]: row for row in read("plans").to_dict("records")}
    rows[models] = rows.get(models, {"models": models}) | measured
    write("plans", [rows[models] for models in sorted(rows)])


def write_config(clone: Path, models: int) -> None:
    """A config of this number of models of the smoke config, as variants × seeds."""
    smoke = yaml.safe_load((clone / "config" / "smoke.yaml").read_text(encoding="utf-8"))["experiments"]["smoke"]
    experiments = {name: smoke | {"seeds": seeds} for name, seeds in seeds_of(models).items()}
    (clone / "config" / "many.yaml").write_text(yaml.safe_dump({"experiments": experiments}), encoding="utf-8")


def seeds_of(models: int) -> dict[str, list[int]]:
    """The seeds of every variant."""
    return {f"v{n}": list(range(models // VARIANTS[models])) for n in range(VARIANTS[models])}


def plan(clone: Path) -> dict[str, float]:
    """A dry run of everything: the number of jobs, the seconds to build their graph, and the memory in MB."""
    run = snakemake(clone, "--dry-run", "--quiet", "rules")
    jobs = int(re.search(r"^total +(\d+)", run.said, re.MULTILINE)[1])
    return {"jobs": jobs, "plan_s": round(run.seconds, 1), "plan_mb": round(run.megabytes)}


def pretend(clone: Path, models: int, plan_s: float) -> dict[str, float]:
    """All that a cluster would run, through a scheduler that does each job at once."""
    for name, text in {"submit": SUBMIT.format(python=sys.executable), "status": STATUS}.items():
        (clone / name).write_text(text)
        (clone / name).chmod(0o755)
    targets = [f"results/{variant}/tables/handcrafted.csv" for variant in seeds_of(models)] + [
        f"results/{variant}/seed{seed}/{table}.csv"
        for variant, seeds in seeds_of(models).items() for seed in seeds for table in ASKED
    ]  # fmt: skip
    (clone / "workflow" / "most.smk").write_text(f'include: "Snakefile"\nrule most:\n    input: {targets}\n')
    asked = ["most", "--snakefile", "workflow/most.smk", "--quiet", "rules"]
    run = snakemake(
        clone, *asked, "--executor", "cluster-generic", "--jobs", "100",
        "--cluster-generic-submit-cmd", "./submit", "--cluster-generic-status-cmd", "./status",
        "--seconds-between-status-checks", "1", "--latency-wait", "0",
    )  # fmt: skip
    again = snakemake(clone, *asked, "--dry-run")
    submissions = (clone / "calls.txt").read_text().split().count("submit")
    records = [path for path in (clone / ".snakemake").rglob("*") if path.is_file()]
    return {
        "submissions": submissions,
        "handed_out_per_s": round(submissions / (run.seconds - plan_s), 2),
        "run_mb": round(run.megabytes),
        "again_s": round(again.seconds, 1),
        "record_files": len(records),
        "record_mb": megabytes(records),
    }


def snakemake(clone: Path, *arguments: str) -> Run:
    """Run Snakemake on the config of many models. Raises RuntimeError with what it said if it fails."""
    command = [sys.executable, "-m", "snakemake", *arguments, "--configfile", "config/many.yaml"]
    start = time.monotonic()
    with (clone / "said.txt").open("w") as said:
        process = subprocess.Popen(command, cwd=clone, stdout=said, stderr=subprocess.STDOUT)
    _, status, usage = os.wait4(process.pid, 0)
    seconds, said = time.monotonic() - start, (clone / "said.txt").read_text()
    if status:
        raise RuntimeError(f"expected snakemake {' '.join(arguments)[:100]} to succeed, found:\n{said[-3000:]}")
    return Run(said, seconds, usage.ru_maxrss / 1000)


def megabytes(files: Iterable[Path]) -> float:
    """Room on the disk, in whole blocks."""
    return round(sum(path.lstat().st_blocks * 512 for path in files) / 1e6, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
