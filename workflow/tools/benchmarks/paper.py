"""`make paper` of this commit and of an earlier one, in turn in scratch clones, and what a rerun costs.

The environment is this one, made before. The jobs of the smoke config have next to no work of their own: their CPU time
is what it costs to start them. Each rerun is made in this commit's clone, after the last round.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from tools.benchmarks import ours
from tools.benchmarks.quality import fresh, of_weights
from tools.benchmarks.records import SNAKEMAKE, clone_of, cost, seed_stages
from tools.benchmarks.results import AFTER, BEFORE, EMPTY, NOTHING, RESTYLED, Table

ROUNDS, REPEATS = 2, 5  # a round takes 18 minutes
SMOKE_CONFIG = "config/smoke.yaml"
ALL = (*SNAKEMAKE, "--quiet", "rules", "--cores", "2")


def main(short: bool) -> None:
    config = SMOKE_CONFIG if short else "config/config.yaml"
    experiment, rounds = next(iter(ours.runs(config))), 1 if short else ROUNDS
    paper, stages, quality, startup = map(Table, ("paper", "stages", "quality", "startup"))
    with tempfile.TemporaryDirectory() as scratch:
        clones = {version: clone_of(version, Path(scratch) / version) for version in (BEFORE, AFTER)}
        for number in range(rounds):
            for version in (BEFORE, AFTER) if number % 2 == 0 else (AFTER, BEFORE):
                print(f"paper: round {number + 1} of {rounds}, {version}", flush=True)
                for made in ("results", ".snakemake"):
                    shutil.rmtree(clones[version] / made, ignore_errors=True)
                small = cost(clones[version], *ALL, "--configfile", SMOKE_CONFIG)
                startup.add(version, number, small.seconds, sum(map(sum, small.scripts.values())))
                spent = small if short else cost(clones[version], *ALL, "--configfile", config)
                paper.add(version, number, spent.seconds, spent.cpu)
                results = clones[version] / "results" / experiment
                for stage in sorted(seed_stages(results)):
                    for job, seconds in enumerate(spent.scripts[stage]):
                        stages.add(version, number, job, stage, seconds)
                if number == 0:  # a second run gives the same weights
                    for row in qualities(results, config):
                        quality.add(version, *row)
        measure_reruns(clones[AFTER], config)


def qualities(results: Path, config: str) -> list[tuple]:
    """Seed and quantiles of every model of a finished run, all on the same fresh sequences."""
    run = next(iter(ours.runs(config).values()))[0]
    sequences = fresh(run)
    return [
        (int(path.parent.name.removeprefix("seed")), *of_weights(path, run, sequences))
        for path in sorted(results.glob("seed*/model.safetensors"))
    ]


def measure_reruns(clone: Path, config: str) -> None:
    """In a finished clone: a call with nothing to do beside one of an empty workflow, and one figure restyled."""
    table, configured = Table("reruns"), ("--configfile", config)
    empty = clone / "empty"
    empty.mkdir()
    (empty / "Snakefile").write_text("rule all:\n    input: []\n", encoding="utf-8")
    for number in range(REPEATS):
        # A dry run: without it Snakemake would stop earlier where there is not even a rule to run.
        for what, folder, command in (
            (NOTHING, clone, (*ALL, *configured)), (EMPTY, empty, (*SNAKEMAKE, "--dry-run")),
        ):  # fmt: skip
            table.add(what, number, cost(folder, *command, quiet=True).seconds, 0)
    with (clone / "scripts/recurrence_circuits/figures/cosines.py").open("a", encoding="utf-8") as figure:
        figure.write("\n\nRESTYLED = True\n")  # as a new colour would
    before = outputs(clone)
    seconds = cost(clone, *ALL, "figures", *configured).seconds
    again = {path.with_suffix("") for path, date in outputs(clone).items() if before.get(path) != date}
    table.add(RESTYLED, 0, seconds, len(again))


def outputs(clone: Path) -> dict[Path, float]:
    """Every file of the results outside logs and benchmarks, with its date."""
    files = [path for path in (clone / "results").rglob("*") if path.is_file()]
    return {path: path.stat().st_mtime for path in files if not {"logs", "benchmarks"} & set(path.parts)}


if __name__ == "__main__":
    main("--short" in sys.argv[1:])
