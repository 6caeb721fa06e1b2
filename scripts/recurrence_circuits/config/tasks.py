"""What each task requires of the config. To add a task, add its file to tasks/ and its entry here."""

from collections.abc import Callable
from typing import NamedTuple


class TaskLimits(NamedTuple):
    """What a task requires of the config. Stated here since tasks import torch, and parsing must not."""

    dimension: range
    degree: range
    first_determined: Callable[[int, int], int]  # of dimension and degree: first n at which x_0 … x_n fix x_{n+1}
    ranges: bool  # whether data.a_max, b_std and x0_std may be other than 1


TASKS = {
    "affine": TaskLimits(range(1, 2), range(1), lambda dimension, degree: 2, True),
    "affine_vector": TaskLimits(range(2, 17), range(1), lambda dimension, degree: dimension + 1, True),
    "polynomial": TaskLimits(range(1, 2), range(1, 17), lambda dimension, degree: degree, False),
}
