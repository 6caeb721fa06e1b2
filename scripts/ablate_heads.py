"""Take away each head, each layer's attention and each MLP in turn; measure what the prediction loses."""

from recurrence_circuits.ablation import measure_ablation
from recurrence_circuits.logs import log_to
from recurrence_circuits.measuring import Measuring
from recurrence_circuits.randomness import torch_stream


def main(smk):
    with log_to(smk.log[0]):
        m = Measuring.from_rule(smk)
        frames = {
            name: measure_ablation(
                model, m.sequences, m.task.first_determined, m.bootstrap, torch_stream(m.run.data.seed, "resample")
            )
            for name, model in m.models.items()
        }
        m.write_both("ablation", frames, smk.output.ablation)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
