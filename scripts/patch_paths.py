"""Swap what layer 0 writes along one path at a time; measure what reaches the prediction."""

from recurrence_circuits.logs import log_to
from recurrence_circuits.measuring import Measuring
from recurrence_circuits.paths import patch_paths
from recurrence_circuits.randomness import torch_stream


def main(smk):
    with log_to(smk.log[0]):
        m = Measuring.from_rule(smk)
        frames = {
            name: patch_paths(
                model, m.sequences, m.task.first_determined, m.bootstrap, torch_stream(m.run.data.seed, "resample")
            )
            for name, model in m.models.items()
        }
        m.write_both("paths", frames, smk.output.paths)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
