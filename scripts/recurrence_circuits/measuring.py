"""What every measuring stage starts from: a run's two models, its test sequences and its own random streams."""

from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits.analysis_settings import AnalysisSettings
from recurrence_circuits.checkpoint import load_model, new_model
from recurrence_circuits.dataset import read_sequences
from recurrence_circuits.model import Transformer
from recurrence_circuits.randomness import numpy_stream
from recurrence_circuits.settings import RunSettings
from recurrence_circuits.statistics import Bootstrap
from recurrence_circuits.tables import write_table
from recurrence_circuits.tasks import make_task
from recurrence_circuits.tasks.interface import Task


@dataclass
class Measuring:
    """One seed's trained model beside its untrained control, on the test sequences of the experiment."""

    run: RunSettings
    analysis: AnalysisSettings
    models: dict[str, Transformer]  # trained, untrained
    sequences: Tensor  # sequence position dimension, one term longer than the context
    task: Task
    bootstrap: Bootstrap

    @classmethod
    def from_rule(cls, smk) -> "Measuring":
        """Read a rule's `weights` and `test` inputs by its `run` and `analysis` params; take its threads.

        Raises ValueError naming the file if an input is damaged or belongs to other settings.
        """
        torch.set_num_threads(smk.threads)
        run, analysis = RunSettings.from_params(smk.params.run), AnalysisSettings.from_params(smk.params.analysis)
        models = {"trained": load_model(smk.input.weights, run)}
        models["untrained"] = new_model(run).eval().requires_grad_(False)
        sequences = read_sequences(smk.input.test, run.data)
        # By the data's seed: every model is judged on the same resamples.
        stream = numpy_stream(run.data.seed, "bootstrap")
        bootstrap = Bootstrap(len(sequences), analysis.resamples, analysis.confidence, stream)
        return cls(run, analysis, models, sequences, make_task(run.task, run.data), bootstrap)

    @property
    def context(self) -> Tensor:
        return self.sequences[:, :-1]

    def write(self, name: str, frame: pd.DataFrame, path: str) -> None:
        """Write a table of this run."""
        write_table(name, frame.assign(experiment=self.run.experiment, seed=self.run.seed), path)

    def write_both(self, name: str, frames: dict[str, pd.DataFrame], path: str) -> None:
        """Write a table that holds the trained model and its control, told apart by its column `model`."""
        self.write(name, pd.concat([frame.assign(model=model) for model, frame in frames.items()]), path)
