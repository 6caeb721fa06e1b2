"""Train one model of one experiment with one seed; write its weights, snapshots, history and a record of the run."""

import pandas as pd
import torch
from recurrence_circuits.checkpoint import save_model, save_snapshots
from recurrence_circuits.dataset import read_sequences
from recurrence_circuits.frames import HISTORY, write_frame
from recurrence_circuits.logs import log_to
from recurrence_circuits.records import write_record
from recurrence_circuits.settings import RunSettings
from recurrence_circuits.training import train
from recurrence_circuits.training_state import Checkpoints


def main(smk):
    with log_to(smk.log[0]):
        torch.set_num_threads(smk.threads)
        run = RunSettings.from_params(smk.params.run)
        train_sequences, test_sequences = (read_sequences(path, run.data) for path in (smk.input.train, smk.input.test))
        checkpoints = Checkpoints(smk.params.checkpoint, smk.resources.checkpoint_every, smk.params.code)
        trained = train(run, train_sequences, test_sequences, checkpoints)
        save_model(smk.output.weights, trained.model, run)
        save_snapshots(smk.output.snapshots, trained.snapshots, run)
        history = pd.DataFrame(trained.history).assign(experiment=run.experiment, seed=run.seed)
        write_frame("history", HISTORY, history, smk.output.history)
        write_record(smk.output.record, run, smk.params.code, smk.threads, trained.resumed)
        checkpoints.remove()


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
