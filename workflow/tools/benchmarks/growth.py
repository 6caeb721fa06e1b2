"""How the cost of a step, and of the analyses of a seed, grows with the context, the width and the depth."""

import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import yaml
from scipy import stats

from lib.registry import MEASURES
from recurrence_circuits.runtime.progress import progress
from tools.benchmarks import ours
from tools.benchmarks.records import SNAKEMAKE, clone_of, cost
from tools.benchmarks.results import ROOT, Table
from tools.benchmarks.timing import ROUNDS, in_turn

# By axis: the sizes, and the keys that have them; all else is as in the default run. An MLP is four times as wide.
AXES = {
    "context": ((8, 16, 32, 64), lambda n: {"data": {"context_length": n}}),
    "width": ((32, 64, 128, 256), lambda n: {"model": {"d_model": n, "d_mlp": 4 * n}}),
    "depth": ((1, 2, 3, 4, 6), lambda n: {"model": {"n_layers": n}}),
}
STEP, ANALYSES = "step", "analyses"
EACH = 10  # steps of a round


class Exponent(NamedTuple):
    """The power of the size with which a cost grows, with its 95 % interval."""

    value: float
    low: float
    high: float


def main(short: bool) -> None:
    torch.set_num_threads(1)
    table = Table("growth")
    for axis, (sizes, changes) in AXES.items():
        calls = {str(size): ours.ready(ours.default_run(**changes(size)), 2048) for size in sizes}
        for number, size, seconds in in_turn(calls, 3 if short else ROUNDS, 2 if short else EACH, axis):
            table.add(axis, size, STEP, number, seconds)
    with tempfile.TemporaryDirectory() as scratch:
        clone = clone_of("HEAD", Path(scratch) / "clone")
        sizes = [(axis, size) for axis, (sizes, _) in AXES.items() for size in (sizes[:2] if short else sizes)]
        for axis, size in progress(sizes, "analyses"):
            for stage, seconds in analyses(clone, axis, size, 256 if short else None).items():
                table.add(axis, size, stage, 0, seconds)


def analyses(clone: Path, axis: str, size: int, n_test: int | None) -> dict[str, float]:
    """Seconds of CPU of each measure of one seed, of a model of this size that was trained for a few steps only."""
    given = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))["experiments"]
    (experiment, *_), name = given.values(), f"{axis}{size}"
    for section, values in AXES[axis][1](size).items():
        experiment[section] |= values
    experiment["training"] |= {"steps": 60, "warmup_steps": 10, "evaluate_every": 60}
    experiment["seeds"] = [0]
    if n_test:
        experiment["data"]["n_test"] = n_test
        experiment["analysis"] = {"n_condition": n_test}
    (clone / "config/size.yaml").write_text(yaml.safe_dump({"experiments": {name: experiment}}), encoding="utf-8")
    targets = [f"results/{name}/seed0/{next(iter(measure.tables))}.csv" for measure in MEASURES.values()]
    # One core: a stage that shares the machine with another takes longer.
    spent = cost(clone, *SNAKEMAKE, *targets, "--cores", "1", "--quiet", "rules", "--configfile", "config/size.yaml")
    return {stage: sum(jobs) for stage, jobs in spent.scripts.items() if stage.startswith("measure_")}


def exponent(sizes, costs) -> Exponent:
    """The slope of log cost on log size, by least squares. Raises ValueError for fewer than three sizes."""
    if len(sizes) < 3:
        raise ValueError(f"exponent: expected at least three sizes, found {len(sizes)}")
    line = stats.linregress(np.log(sizes), np.log(costs))
    reach = stats.t.ppf(0.975, len(sizes) - 2) * line.stderr
    return Exponent(line.slope, line.slope - reach, line.slope + reach)


def costs(table):
    """Median seconds of a step and the sum of the analyses, by axis and size: columns axis, size, what, seconds."""
    medians = table.groupby(["axis", "size", "stage"], as_index=False)["seconds"].median()
    medians["what"] = np.where(medians["stage"] == STEP, STEP, ANALYSES)
    return medians.groupby(["axis", "what", "size"], as_index=False)["seconds"].sum()


if __name__ == "__main__":
    main("--short" in sys.argv[1:])
