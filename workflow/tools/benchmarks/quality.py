"""How good a model is: quantiles of its error over fresh sequences.

Means are no measure here: one sequence in a thousand carries most of a mean.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from recurrence_circuits.config.experiment import RunSettings
from recurrence_circuits.model.weights import new_model
from recurrence_circuits.tasks.base import make_task
from recurrence_circuits.tasks.dataset import draw_sequences
from recurrence_circuits.tasks.errors import squared_error

LEVELS = {"median": 0.5, "q90": 0.9, "q99": 0.99, "q999": 0.999}
FRESH = 20_000  # sequences, of the stream of test sequences: none is trained on
AT_ONCE = 4000  # sequences


def fresh(run: RunSettings) -> Tensor:
    """The sequences that quality is measured on, `sequence position dimension`: the same for every model."""
    return draw_sequences(run.task, run.data, "test", FRESH)["sequences"]


@torch.no_grad()
def quantiles(predict: Callable[[Tensor], Tensor], sequences: Tensor, run: RunSettings) -> list[float]:
    """The LEVELS of a sequence's squared error, the mean over the determined positions, in units of x²."""
    first = make_task(run.task, run.data).first_determined
    errors = [
        torch.from_numpy(squared_error(predict(part[:, :-1]), part[:, 1:])[:, first:].mean(axis=1))
        for part in sequences.split(AT_ONCE)
    ]
    levels = torch.tensor(list(LEVELS.values()), dtype=torch.float64)
    return torch.cat(errors).quantile(levels).tolist()


def of_weights(path: Path, run: RunSettings, sequences: Tensor) -> list[float]:
    """The quantiles of a model from its weights file, of any version whose weights have these names and shapes."""
    model = new_model(run)
    model.load_state_dict(load_file(path))
    return quantiles(lambda x: model(x).prediction, sequences, run)
