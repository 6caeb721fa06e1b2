# One job per seed and measure, for all heads: a job per head would take longer to import torch than to measure.


def add_measure(measure, spec):
    """Define the rule of one measure.

    A function, not a loop body: Snakemake evaluates `measure` again when a job runs, when a loop variable would hold
    the last measure.
    """

    rule:
        name:
            f"measure_{measure}"
        input:
            **{name: f"results/{{experiment}}/seed{{seed}}/{file}" for name, file in spec.reads.items()},
            weights="results/{experiment}/seed{seed}/model.safetensors",
            test="results/{experiment}/data/test.safetensors",
        output:
            **{table: f"results/{{experiment}}/seed{{seed}}/{table}.csv" for table in spec.tables},
        log:
            f"results/{{experiment}}/logs/seed{{seed}}/measure_{measure}.log",
        benchmark:
            f"results/{{experiment}}/benchmarks/seed{{seed}}/measure_{measure}.tsv"
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            mem_mb=memory(4000, **{spec.counted: 25}),
            runtime=30,
        params:
            **settings_of(f"measure_{measure}"),
            code=code_of(f"measure_{measure}"),
            columns=columns_of(*spec.tables, *(name for name in spec.reads if name in SEED_TABLES)),
        script:
            f"../../scripts/measure_{measure}.py"


for measure, spec in MEASURES.items():
    add_measure(measure, spec)
