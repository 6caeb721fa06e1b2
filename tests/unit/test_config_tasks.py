"""What the config asks for a task is what the library's task asks for."""

import pytest

from models import RANGES
from recurrence_circuits.config.check import expand_config, leaves
from recurrence_circuits.config.data import SequenceSettings
from recurrence_circuits.config.tasks import TASKS
from recurrence_circuits.tasks.base import make_task


def test_every_task_with_limits_can_be_chosen():
    assert list(TASKS) == leaves()["task"]["enum"]


def refuses(check) -> bool:
    try:
        check()
    except ValueError:
        return True
    return False


@pytest.mark.parametrize("task", TASKS)
def test_the_limits_of_a_task_are_those_of_the_library(task):
    """The library's own checks refuse exactly what is refused here."""
    for dimension in (1, 2, 3):
        for degree in (0, 1, 2):
            for context_length in (3, 4, 5, 6):
                data = {"dimension": dimension, "degree": degree, "context_length": context_length}
                config = {"experiments": {"a": {"task": task, "data": data | {"n_train": 64, "n_test": 400}}}}
                settings = SequenceSettings.from_params({"seed": 0, "noise": 0.0, **RANGES, **data})
                library = refuses(lambda settings=settings: make_task(task, settings))
                assert library == refuses(lambda config=config: expand_config(config, "my.yaml")), data


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("key", RANGES)
def test_a_range_that_a_task_does_not_have_is_refused_by_both(task, key):
    data = {"dimension": TASKS[task].dimension[0], "degree": TASKS[task].degree[0], "context_length": 8, key: 1.1}
    config = {"experiments": {"a": {"task": task, "data": data}}}
    settings = SequenceSettings.from_params({"seed": 0, "noise": 0.0, **RANGES, **data})
    assert refuses(lambda: make_task(task, settings)) == refuses(lambda: expand_config(config, "my.yaml"))
    assert refuses(lambda: make_task(task, settings)) == (not TASKS[task].ranges)
