"""What every measure starts from: a run's settings, its two models and its test sequences."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits.config.experiment import RunSettings
from recurrence_circuits.io.tables import Columns, write_table
from recurrence_circuits.model.transformer import Transformer
from recurrence_circuits.model.weights import load_model, new_model
from recurrence_circuits.tasks.base import Task, make_task
from recurrence_circuits.tasks.dataset import read_sequences


@dataclass
class MeasureInputs:
    """One seed's trained model beside its untrained control, on the test sequences of the experiment."""

    run: RunSettings
    models: dict[str, Transformer]  # trained, untrained
    sequences: Tensor  # sequence position dimension, one term longer than the context
    task: Task
    columns: dict[str, Columns]  # of the tables to write, by name
    paths: dict[str, str]  # of the tables to write, by name

    @classmethod
    def from_rule(cls, smk) -> "MeasureInputs":
        """Read a rule's inputs `weights` and `test`, check them against its params, and set torch's threads.

        Raises ValueError naming the file if an input is damaged or belongs to other settings.
        """
        torch.set_num_threads(smk.threads)
        run = RunSettings.from_params(smk.params.run)
        models = {"trained": load_model(smk.input.weights, run)}
        models["untrained"] = new_model(run).eval().requires_grad_(False)
        return cls(
            run,
            models,
            sequences=read_sequences(smk.input.test, run.data),
            task=make_task(run.task, run.data),
            columns=smk.params.columns,
            paths=smk.output,
        )

    @property
    def context(self) -> Tensor:
        return self.sequences[:, :-1]

    def write(self, table: str, frame: pd.DataFrame) -> None:
        """Write a table of this run; adds the columns `experiment` and `seed`."""
        frame = frame.assign(experiment=self.run.experiment, seed=self.run.seed)
        write_table(table, self.columns[table], frame, self.paths[table])

    def measure_both(self, table: str, measure: Callable[[Transformer], pd.DataFrame]) -> None:
        """Write a table of what `measure` finds in the trained model, and in its control."""
        self.write_both(table, {name: measure(model) for name, model in self.models.items()})

    def write_both(self, table: str, frames: dict[str, pd.DataFrame]) -> None:
        """Write a table of the trained model and its control; the column `model` tells them apart."""
        self.write(table, pd.concat([frame.assign(model=model) for model, frame in frames.items()]))
