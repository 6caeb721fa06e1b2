"""Write the explorer of one experiment, a page that runs its models, to one self-contained HTML file."""

import torch

from recurrence_circuits.config.experiment import RunSettings
from recurrence_circuits.config.relations import least_noise
from recurrence_circuits.explorer import packing, page
from recurrence_circuits.io.files import write_text
from recurrence_circuits.io.tables import read_table
from recurrence_circuits.runtime.logs import log_to
from recurrence_circuits.runtime.progress import progress
from recurrence_circuits.tasks.dataset import read_sequences

EXAMPLES = 32  # test sequences on the page, for a task whose law the page does not know


def main(smk):
    with log_to(smk.log[0]) as logger:
        torch.set_num_threads(smk.threads)
        runs = [RunSettings.from_params(run) for run in smk.params.runs]
        data = runs[0].data
        sequences = read_sequences(smk.input.test, data)
        layout, every = packing.block_layout(runs[0]), packing.versions(runs)
        kept = packing.fitting(every, packing.numbers_of(layout))
        blocks = {}
        for run, weights, snapshots in zip(runs, smk.input.weights, smk.input.snapshots, strict=True):
            for version, model in progress(list(packing.models_of(run, weights, snapshots)), "models packed:"):
                if version in kept:
                    blocks[version.id] = packing.pack(model, sequences[:, :-1], layout)
        tables = [read_table("groups", smk.params.columns["groups"], path) for path in smk.input.groups]
        manifest = {
            "experiment": runs[0].experiment,
            "task": runs[0].task,
            "data": data.to_dict(),
            "model": runs[0].model.to_dict(),
            "least_noise": least_noise(data.a_max, data.b_std, data.x0_std, data.context_length),
            "layout": layout,
            "models": [version._asdict() for version in kept],
            "left_out": len(every) - len(kept),
            "negative": {run.seed: negative_heads(table) for run, table in zip(runs, tables, strict=True)},
            "examples": sequences[:EXAMPLES].tolist(),
        }
        html = page.render(smk.params.page, manifest, {version.id: blocks[version.id] for version in kept})
        write_text(smk.output.explorer, html)
        logger.info("%s: %d of %d models, %.1f MB", smk.output.explorer, len(kept), len(every), len(html) / 1e6)


def negative_heads(groups):
    """The names of the heads that the analysis of one seed chose as negative, such as L2H1, from the table `groups`."""
    chosen = groups[(groups["group"] == "negative") & (groups["members"] == "chosen")]
    return sorted({head for heads in chosen["heads"].dropna() for head in heads.split()})


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
