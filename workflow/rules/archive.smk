# All of an experiment in one file: `snakemake archive`. Not part of `all`: results are archived when somebody says so.
def outputs_of(wildcards):
    """Every output of the wildcards' experiment. Sequences too: without them an edit would have to train anew."""
    experiment = wildcards.experiment
    of_seeds = [pattern for stage in SEED_STAGES for pattern in getattr(rules, stage).output]
    return [
        *expand(list(rules.generate_data.output), experiment=experiment),
        *expand(of_seeds, experiment=experiment, seed=EXPERIMENTS[experiment]["seeds"]),
        *[table for table in TABLE_FILES if table.startswith(f"results/{experiment}/")],
        f"results/{experiment}/tables/claims.md",
        *expand(
            "results/{experiment}/figures/{figure}.{kind}",
            experiment=experiment,
            figure=figures_of(experiment),
            kind=["pdf", "png", "csv"],
        ),
        f"results/{experiment}/report.html",
    ]


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
