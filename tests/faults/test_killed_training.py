"""Training killed at random steps, and while it writes its checkpoint: it goes on to the same bits."""

import os
import random
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from recurrence_circuits.config.training import USUAL
from recurrence_circuits.io.tensors import read_tensors
from recurrence_circuits.training.checkpoint import Checkpoints
from recurrence_circuits.training.loop import train
from trainings import assert_same, data, with_optimiser

pytestmark = pytest.mark.slow


@pytest.fixture
def checkpoints(tmp_path):
    return Checkpoints(str(tmp_path / "checkpoint.safetensors"), every=5, code="c0de")


KILLED = """
    import os, sys
    import trainings
    from recurrence_circuits.training import checkpoint, loop

    path, step, where, optimiser = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    take_step, write_tensors = loop.take_step, checkpoint.write_tensors

    def die(*_):
        os.kill(os.getpid(), 9)

    def take_step_or_die(state, *arguments):
        return take_step(state, *arguments) if state.step < step else die()

    def write_half_and_die(path, tensors, record):
        if record["step"] >= step:
            os.replace = die  # the neighbour is written, or half of it, and has not got its name
            if where == "half":
                os.fsync = lambda descriptor: (os.truncate(f"{path}.part", 4000), die())
        write_tensors(path, tensors, record)

    if where == "step":
        loop.take_step = take_step_or_die
    else:
        checkpoint.write_tensors = write_half_and_die
    loop.train(trainings.with_optimiser(optimiser), *trainings.data(), checkpoint.Checkpoints(path, 5, "c0de"))
"""


def kill(checkpoints, step: int, where: str, optimiser: str) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", textwrap.dedent(KILLED), checkpoints.path, str(step), where, optimiser]
    done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize("optimiser", USUAL)
@pytest.mark.parametrize("seed", range(2))
def test_killed_at_random_steps_and_while_writing_it_ends_with_the_same_bits(checkpoints, optimiser, seed):
    draw = random.Random(seed)
    kill(checkpoints, draw.randrange(2, 15), "step", optimiser)
    kill(checkpoints, draw.randrange(15, 25), "half", optimiser)
    kill(checkpoints, draw.randrange(25, 35), "whole", optimiser)
    assert read_tensors(checkpoints.path)[1]["step"] > 5
    run = with_optimiser(optimiser)
    assert_same(train(run, *data(), checkpoints), train(run, *data()))
    checkpoints.remove()
    assert os.listdir(Path(checkpoints.path).parent) == []
