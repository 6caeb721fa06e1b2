"""How long the jobs of a run take to start, and what for: `python -m tools.startup`, with the flags of the run.

A job starts Python, goes through the lines that Snakemake puts before a script, and imports what its stage needs; then
its own work begins. Nothing is run. Times are processor time, which other work on the machine changes least.
"""

import csv
import os
import re
import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path

from lib.places import ROOT
from lib.provenance import SCRIPTS
from lib.registry import figures_of
from lib.stages import LIBRARY, WITH_TASK
from tools.flags import read_experiments, run_of

KEPT = ROOT / "results" / "startup.csv"
COLUMNS = ("stage", "jobs", "preamble_s", "imports_s", "dearest")
REPEATS, DEAREST = 3, 4
# What Snakemake's lines import; then the modules that are named as arguments.
START = """
import time
from snakemake.iocontainers import Snakemake
from snakemake.logging import logger
preamble = time.process_time()
import importlib, sys
for module in sys.argv[1:]:
    importlib.import_module(module)
print(preamble, time.process_time() - preamble)
"""
# What libraries import at a call that every such job makes: torch's optimizers, matplotlib's savefig.
SAVING = ["matplotlib.backends.backend_agg", "matplotlib.backends.backend_pdf"]
LATER = {"train_model": ["torch._dynamo"], "draw_figure": SAVING, "draw_comparison": SAVING}


def main(flags: list[str]) -> None:
    tasks = {settings["task"] for settings in read_experiments(run_of(flags, Path.cwd())).values()}
    jobs = jobs_of(flags)
    # In turns, so that other work on the machine reaches all stages alike.
    rounds = [{stage: start(modules_of(stage, tasks)) for stage in jobs} for _ in range(REPEATS)]
    rows = []
    for stage, n_jobs in jobs.items():
        times = zip(*(measured[stage] for measured in rounds), strict=True)
        preamble, imports = (statistics.median(each) for each in times)
        rows.append((stage, n_jobs, round(preamble, 3), round(imports, 3), dearest(modules_of(stage, tasks))))
    KEPT.parent.mkdir(exist_ok=True)
    with KEPT.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    for row in [COLUMNS, *rows]:
        print("{:<24} {:>5} {:>11} {:>10}  {}".format(*row))
    print(f"{sum(row[1] * (row[2] + row[3]) for row in rows):.1f} s over {sum(jobs.values())} jobs")


def jobs_of(flags: list[str]) -> dict[str, int]:
    """The number of jobs of each stage if the run with these flags made everything. Raises if Snakemake fails."""
    command = [sys.executable, "-m", "snakemake", *flags, "--dry-run", "--forceall", "--quiet", "rules"]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    rules = dict(re.findall(r"^(\w+) +(\d+)$", said, re.MULTILINE))
    jobs = Counter()
    for rule, n_jobs in rules.items():
        if (SCRIPTS / f"{rule}.py").exists():  # not `all` and `total`
            jobs[rule] += int(n_jobs)
    return jobs


def modules_of(stage: str, tasks: set[str]) -> list[str]:
    """The modules that a job of this stage imports.

    Of draw_figure those of all figures: a job imports one, but what costs is what they share.
    """
    figures = {figure for task in tasks for figure in figures_of(task)}
    by_name = [f"{LIBRARY}.tasks.{task}" for task in sorted(tasks)] if stage in WITH_TASK else []
    by_name += [f"{LIBRARY}.figures.{figure}" for figure in sorted(figures)] if stage == "draw_figure" else []
    return [stage, *by_name, *LATER.get(stage, [])]


def start(modules: list[str]) -> tuple[float, float]:
    """Processor time in seconds: from the start of Python to the end of the preamble, and of importing the modules."""
    preamble, imports = _python("-c", START, *modules).stdout.split()
    return float(preamble), float(imports)


def dearest(modules: list[str]) -> str:
    """The packages whose own code takes the largest shares of the time that the modules' imports take."""
    own = Counter()
    for line in _python("-X", "importtime", "-c", START, *modules).stderr.splitlines():
        if found := re.fullmatch(r"import time: +(\d+) \| +\d+ \| +([\w.]+)", line):
            own[found[2].split(".")[0]] += int(found[1])
    shares = {package: 100 * time / own.total() for package, time in own.most_common(DEAREST)}
    return ", ".join(f"{package} {share:.0f} %" for package, share in shares.items())


def _python(*arguments: str) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONPATH": str(SCRIPTS)}  # as a job's
    return subprocess.run([sys.executable, *arguments], env=environment, check=True, capture_output=True, text=True)


if __name__ == "__main__":
    main(sys.argv[1:])
