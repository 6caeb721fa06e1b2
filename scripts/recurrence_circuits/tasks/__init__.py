"""The tasks by name. To add one: its file, its line here, and what the config may ask of it (schema and relations)."""

from recurrence_circuits.settings import DataSettings
from recurrence_circuits.tasks.affine import Affine
from recurrence_circuits.tasks.affine_vector import AffineVector
from recurrence_circuits.tasks.interface import Task
from recurrence_circuits.tasks.polynomial import Polynomial

TASKS: dict[str, type[Task]] = {
    "affine": Affine,
    "affine_vector": AffineVector,
    "polynomial": Polynomial,
}


def make_task(name: str, settings: DataSettings) -> Task:
    """The task called `name`, with the options it takes from the data settings.

    Raises ValueError for an unknown name, for a setting that does not fit the task, and for a context so
    short that fewer than two positions are determined.
    """
    if name not in TASKS:
        raise ValueError(f"task: expected one of {', '.join(TASKS)}, found {name!r}")
    task = TASKS[name].from_settings(settings)
    if settings.n_terms < task.first_determined + 2:
        raise ValueError(
            f"data.n_terms: expected at least {task.first_determined + 2} for the task {name!r}, "
            f"found {settings.n_terms}"
        )
    return task
