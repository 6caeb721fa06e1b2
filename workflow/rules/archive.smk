# An experiment in one file: `snakemake archive`. Not part of `all`: results are archived on request.
rule archive_experiment:
    input:
        outputs_of,
    output:
        archive="results/_archives/{experiment}.tar",
    log:
        "results/_archives/logs/{experiment}.log",
    benchmark:
        "results/_archives/benchmarks/{experiment}.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=30,
    params:
        code=code_digest("archive_experiment.py"),
        digests=lambda wildcards: digests(EXPERIMENTS[wildcards.experiment]),
        settings=of_experiment(),
    script:
        "../../scripts/archive_experiment.py"


rule archive:
    input:
        expand("results/_archives/{experiment}.tar", experiment=EXPERIMENTS),
    localrule: True
