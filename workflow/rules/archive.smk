# All of an experiment in one file: `snakemake archive`. Not part of `all`: results are archived when somebody says so.

# Of every rule above that runs for an experiment; `archive_experiment` itself is not there yet.
DIGESTS = {rule.name: code_digest(f"{rule.name}.py") for rule in workflow.rules if "experiment" in rule.wildcard_names}


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
        digests=DIGESTS,
        settings=of_experiment(),
    script:
        "../../scripts/archive_experiment.py"


rule archive:
    input:
        expand("results/_archives/{experiment}.tar", experiment=EXPERIMENTS),
