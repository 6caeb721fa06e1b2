"""Many seeds on one device: several processes side by side, and what stacking seeds in one process could give at most.

A step of k stacked seeds has the products of a step with k times the sequences, each with weights of its own. So a
batch k times as large stands for it: no stacked step is quicker. Takes a GPU if there is one, else the processor.
"""

import subprocess
import sys
import time
from collections.abc import Iterator

import torch

from recurrence_circuits.tasks.dataset import draw_sequences
from recurrence_circuits.training.checkpoint import TrainingState
from recurrence_circuits.training.loop import pick_device, take_step
from tools.benchmarks import ours
from tools.benchmarks.results import Table

PROCESSES, STACKED = "processes", "stacked"
COUNTS = (1, 2, 4, 8, 16)
ROUNDS, WARM_UP = 5, 20
SECONDS = 5.0  # of one measurement


def main(short: bool) -> None:
    table, counts = Table("device"), COUNTS[:2] if short else COUNTS
    device = pick_device("auto")
    name = torch.cuda.get_device_name() if device.type == "cuda" else "processor, one thread each"
    for number in range(1 if short else ROUNDS):
        for count in counts:
            table.add(name, PROCESSES, count, number, sum(side_by_side([1] * count)))
            table.add(name, STACKED, count, number, count * sum(side_by_side([count])))
            print(f"device: round {number + 1}, {count} seeds", flush=True)


def side_by_side(sizes: list[int]) -> list[float]:
    """Steps per second of one process for each of the sizes, in batches of the default one, all at the same time."""
    command = [sys.executable, "-m", "tools.benchmarks.device", "--steps"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    running = [subprocess.Popen([*command, str(size)], **pipes) for size in sizes]
    for process in running:
        process.stdout.readline()  # it is ready
    for process in running:
        process.stdin.write("\n")
        process.stdin.flush()
    return [float(process.communicate()[0]) for process in running]


def steps_per_second(size: int) -> Iterator[float]:
    """Steps per second on batches of `size` times the default: yields 0 when it is ready, then what it measured."""
    torch.set_num_threads(1)
    run, device = ours.default_run(), pick_device("auto")
    run = ours.default_run(training={"batch_size": size * run.training.batch_size})
    sequences = draw_sequences(run.task, run.data, "train", 4 * run.training.batch_size)["sequences"]
    state, taken = TrainingState(run, len(sequences), device), 0
    for _ in range(WARM_UP):
        take_step(state, run, sequences, device)
    yield 0.0
    start = time.monotonic()
    while (passed := time.monotonic() - start) < SECONDS:
        take_step(state, run, sequences, device)
        taken += 1
    yield taken / passed


if __name__ == "__main__":
    if sys.argv[1:2] == ["--steps"]:
        measured = steps_per_second(int(sys.argv[2]))
        print(next(measured), flush=True)
        sys.stdin.readline()
        print(next(measured), flush=True)
    else:
        main("--short" in sys.argv[1:])
