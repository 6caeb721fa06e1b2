"""Pack an experiment into one archive with checksums: outputs, logs, settings, code digests, versions, records."""

from pathlib import Path

from recurrence_circuits.io.archives import pack
from recurrence_circuits.runtime.logs import log_to


def main(smk):
    with log_to(smk.log[0]) as logger:
        archive, experiment = smk.output.archive, smk.wildcards.experiment
        n_files = pack(archive, experiment, smk.input, smk.params.settings, smk.params.digests)
        logger.info("%s: %d files, %.1f MB", archive, n_files, Path(archive).stat().st_size / 1e6)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
