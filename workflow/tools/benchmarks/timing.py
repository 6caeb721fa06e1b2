"""Time things in turn, so that whatever else the machine does reaches all of them alike."""

import time
from collections.abc import Callable, Iterator

from recurrence_circuits.runtime.progress import standing

ROUNDS = 15
WARM_UP = 5  # calls that are not timed


def in_turn(
    calls: dict[str, Callable[[], object]], rounds: int, each: int, what: str
) -> Iterator[tuple[int, str, float]]:
    """Yield round, name and seconds of CPU of one call, the mean of `each` calls one after another.

    CPU time of this process, which takes one thread: a wait for a core that another process has is not the step's.
    The first of a round is another one each time. Prints progress with the time left.
    """
    for call in calls.values():
        for _ in range(WARM_UP):
            call()
    start, names = time.monotonic(), list(calls)
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            began = time.process_time()
            for _ in range(each):
                calls[name]()
            yield number, name, (time.process_time() - began) / each
        print(f"{what}: round {standing(number + 1, rounds, time.monotonic() - start)}", flush=True)
