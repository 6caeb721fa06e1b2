"""The time of whole trainings: our recipes, and the peers' users' until they are as good as our default is.

Ours are the experiments of config/optimisers.yaml; the first is the default. A peer trains with Adam at a constant rate
until its 90 % quantile is that of our default, the median over seeds, or until CAP steps. Only the steps count, in
seconds of CPU on one thread: sequences and evaluations do not.
"""

import statistics
import sys
import time
from collections.abc import Callable

import torch

from recurrence_circuits.config.experiment import RunSettings
from recurrence_circuits.runtime.progress import standing
from recurrence_circuits.tasks.dataset import draw_sequences
from recurrence_circuits.training.checkpoint import TrainingState
from recurrence_circuits.training.loop import take_step
from tools.benchmarks import ours, peers
from tools.benchmarks.quality import fresh, quantiles
from tools.benchmarks.results import OURS, Table

RECIPES = "config/optimisers.yaml"
SEEDS = (0, 1, 2)
N_PEERS = 1  # seeds of each
RATES = (1e-3, 1e-4)
CAP = 15_000  # steps: six minutes of a peer's
EVERY = 500  # steps from one look at a peer to the next
Q90 = 1  # place in LEVELS


def main(short: bool) -> None:
    torch.set_num_threads(1)
    table, seeds, cap = Table("trainings"), SEEDS[:1] if short else SEEDS, 3 * EVERY if short else CAP
    runs = ours.runs(RECIPES, seeds)
    if short:
        runs = {name: [_shorter(run) for run in each] for name, each in list(runs.items())[:1]}
    reached = {name: [train_ours(name, run, table)[Q90] for run in each] for name, each in runs.items()}
    default = next(iter(reached))
    goal = statistics.median(reached[default])
    for name in peers.PEERS:
        for rate in RATES:
            for run in runs[default][:N_PEERS]:
                train_peer(name, rate, run, goal, cap, table)


def train_ours(name: str, run: RunSettings, table: Table) -> list[float]:
    """Train one of our models and keep its time and its quantiles, which are returned."""
    sequences = draw_sequences(run.task, run.data, "train", run.n_train)["sequences"]
    state = TrainingState(run, len(sequences), ours.CPU)
    watch = Stopwatch(f"{name}, seed {run.seed}", run.training.steps)
    while state.step < run.training.steps:
        watch.take(lambda: take_step(state, run, sequences, ours.CPU), min(EVERY, run.training.steps - state.step))
    found = quantiles(lambda x: state.model(x).prediction, fresh(run), run)
    table.add(OURS, name, run.seed, state.step, watch.seconds, *found)
    return found


def train_peer(name: str, rate: float, run: RunSettings, goal: float, cap: int, table: Table) -> None:
    """Train a peer until its 90 % quantile is at most the goal, or for `cap` steps; keep every look at it."""
    recipe, model = f"{name}, Adam {rate:g}", peers.new_peer(name, run)
    step, sequences = peers.stepping(model, run, rate), fresh(run)
    watch, size = Stopwatch(f"{recipe}, seed {run.seed}", cap), run.training.batch_size
    # Fresh sequences throughout, as ours has: longer than the longest training.
    batches = iter(draw_sequences(run.task, run.data, "train", cap * size)["sequences"].split(size))
    while watch.steps < cap:
        watch.take(lambda: step(next(batches)), EVERY)
        found = quantiles(model, sequences, run)
        table.add(name, recipe, run.seed, watch.steps, watch.seconds, *found)
        if found[Q90] <= goal:
            return


class Stopwatch:
    """Seconds of CPU over the steps taken so far; says after every `take` how far it is."""

    def __init__(self, what: str, total: int):
        self.what, self.total, self.steps, self.seconds = what, total, 0, 0.0
        self.start = time.monotonic()

    def take(self, step: Callable[[], object], times: int) -> None:
        began = time.process_time()
        for _ in range(times):
            step()
        self.seconds += time.process_time() - began
        self.steps += times
        print(f"{self.what}: step {standing(self.steps, self.total, time.monotonic() - self.start)}", flush=True)


def _shorter(run: RunSettings) -> RunSettings:
    training = run.training.model_copy(update={"steps": 2 * EVERY})
    return run.model_copy(update={"training": training, "n_train": 2 * EVERY * training.batch_size})


if __name__ == "__main__":
    main("--short" in sys.argv[1:])
