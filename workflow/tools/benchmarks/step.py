"""The cost of a training step beside the peers', and the share of it that matrix products take."""

import sys

import torch
from torch.profiler import ProfilerActivity, profile

from recurrence_circuits.tasks.dataset import draw_sequences
from tools.benchmarks import ours, peers, products
from tools.benchmarks.results import FLOOR, OURS, Table
from tools.benchmarks.timing import ROUNDS, in_turn

BATCHES = (32, 64, 128)
EACH = 30  # steps of a round
PROFILED = 64  # the batch


def main(short: bool) -> None:
    torch.set_num_threads(1)
    table = Table("step")
    for size in BATCHES:
        run = ours.default_run(training={"batch_size": size})
        batch = draw_sequences(run.task, run.data, "train", size)["sequences"]
        calls = {OURS: ours.ready(run)} | {name: peers.ready(name, run, batch) for name in peers.PEERS}
        calls[FLOOR] = products.ready(run)
        for number, name, seconds in in_turn(calls, ROUNDS, 5 if short else EACH, f"batch {size}"):
            table.add(size, name, number, seconds)
    write_profile()


def write_profile() -> None:
    """Where our step spends its time: each operation's own share of the CPU time, the largest first."""
    step = ours.ready(ours.default_run(training={"batch_size": PROFILED}))
    for _ in range(10):
        step()
    with profile(activities=[ProfilerActivity.CPU]) as recorded:
        for _ in range(20):
            step()
    own = {event.key: event.self_cpu_time_total for event in recorded.key_averages()}
    total, table = sum(own.values()), Table("profile")
    for operation, time in sorted(own.items(), key=lambda pair: -pair[1]):
        table.add(operation, time / total)


if __name__ == "__main__":
    main("--short" in sys.argv[1:])
