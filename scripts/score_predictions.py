"""Score a trained model, its untrained control and every baseline by position, against the Bayes floor."""

from recurrence_circuits.logs import log_to
from recurrence_circuits.measuring import Measuring
from recurrence_circuits.scores import score_predictions


def main(smk):
    with log_to(smk.log[0]):
        m = Measuring.from_rule(smk)
        models = {"model": m.models["trained"], "untrained": m.models["untrained"]}
        scores = score_predictions(models, m.task, m.run.data.noise, m.sequences, m.bootstrap)
        m.write("predictions", scores, smk.output.predictions)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
