"""Train the model of one seed of an experiment; write its weights, snapshots, learning curves and run record."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import torch

from recurrence_circuits.config.experiment import RunSettings
from recurrence_circuits.io.records import write_record
from recurrence_circuits.io.tables import write_table
from recurrence_circuits.model.weights import save_model, save_snapshots
from recurrence_circuits.runtime.logs import log_to
from recurrence_circuits.tasks.dataset import read_sequences
from recurrence_circuits.training.checkpoint import Checkpoints
from recurrence_circuits.training.loop import train


def main(smk):
    with log_to(smk.log[0]):
        begun = datetime.now(UTC)
        torch.set_num_threads(smk.threads)
        run = RunSettings.from_params(smk.params.run)
        sequences, validation = (read_sequences(path, run.data) for path in (smk.input.train, smk.input.validation))
        # Not an output: Snakemake deletes outputs before a rerun, which is when the checkpoint is needed.
        checkpoint = str(Path(smk.output.weights).with_name("checkpoint.safetensors"))
        checkpoints = Checkpoints(checkpoint, smk.resources.checkpoint_every, smk.params.code)
        trained = train(run, sequences, validation, checkpoints)
        save_model(smk.output.weights, trained.model, run)
        save_snapshots(smk.output.snapshots, trained.snapshots, run)
        curves = pd.DataFrame(trained.history).assign(experiment=run.experiment, seed=run.seed)
        write_table("learning_curves", smk.params.columns["learning_curves"], curves, smk.output.learning_curves)
        cost = {"seconds": trained.seconds, "cpu_seconds": trained.cpu_seconds}
        code, criteria = smk.params.code, smk.resources.criteria
        write_record(smk.output.record, run, code, criteria, begun, smk.threads, trained.resumed, cost)
        checkpoints.remove()


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
