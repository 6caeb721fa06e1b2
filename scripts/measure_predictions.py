"""Measure the error of the trained model, its untrained control and every baseline, by position and by quantile."""

from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.inputs import MeasureInputs
from recurrence_circuits.measures.predictions import measure_predictions
from recurrence_circuits.measures.quality import measure_quality
from recurrence_circuits.runtime.logs import log_to


def main(smk):
    with log_to(smk.log[0]):
        m = MeasureInputs.from_rule(smk)
        bootstrap = Bootstrap.from_rule(smk, m.run.data.seed, len(m.sequences))
        models = {"model": m.models["trained"], "untrained": m.models["untrained"]}
        scores = measure_predictions(models, m.task, m.run.data.noise, m.sequences, bootstrap)
        m.write("predictions", scores)
        quality = measure_quality(models, m.run, m.task.first_determined, smk.params.n_fresh, smk.params.confidence)
        m.write("quality", quality)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
