"""Measure the errors of the trained model, its untrained control and the baselines: by position, and their tail."""

from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.failures import measure_failures
from recurrence_circuits.measures.fresh_errors import fresh_errors
from recurrence_circuits.measures.inputs import MeasureInputs
from recurrence_circuits.measures.predictions import measure_predictions
from recurrence_circuits.measures.quality import measure_quality
from recurrence_circuits.runtime.logs import log_to
from recurrence_circuits.tasks.dataset import draw_sequences


def main(smk):
    with log_to(smk.log[0]):
        m = MeasureInputs.from_rule(smk)
        bootstrap = Bootstrap.from_rule(smk, m.run.data.seed, len(m.sequences))
        models = {"model": m.models["trained"], "untrained": m.models["untrained"]}
        scores = measure_predictions(models, m.task, m.run.data.noise, m.sequences, bootstrap)
        m.write("predictions", scores)
        drawn = draw_sequences(m.run.task, m.run.data, "fresh", smk.params.n_fresh)
        errors = fresh_errors(models, m.task, m.run.data.noise, drawn["sequences"])
        m.write("quality", measure_quality(errors, smk.params.confidence))
        m.write("failures", measure_failures(errors, drawn, smk.params.confidence))


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
