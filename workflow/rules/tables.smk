# Tables of an experiment as a whole.


# Handcrafted transformers have no seed: one job per experiment.
rule measure_handcrafted:
    input:
        test="results/{experiment}/data/test.safetensors",
    output:
        handcrafted="results/{experiment}/tables/handcrafted.csv",
    log:
        "results/{experiment}/logs/measure_handcrafted.log",
    benchmark:
        "results/{experiment}/benchmarks/measure_handcrafted.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        **settings_of("measure_handcrafted"),
        code=code_of("measure_handcrafted"),
        columns=columns_of("handcrafted"),
    script:
        "../../scripts/measure_handcrafted.py"


# Untrained models have no seed either.
rule measure_null:
    input:
        test="results/{experiment}/data/test.safetensors",
    output:
        null="results/{experiment}/tables/null.csv",
    log:
        "results/{experiment}/logs/measure_null.log",
    benchmark:
        "results/{experiment}/benchmarks/measure_null.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=30,
    params:
        **settings_of("measure_null"),
        code=code_of("measure_null"),
        columns=columns_of("null"),
    script:
        "../../scripts/measure_null.py"


# Of the experiment's first seed: it is statistics that are looked at here, not seeds.
rule measure_agreement:
    input:
        weights=lambda wildcards: f"results/{wildcards.experiment}/seed{seed_of(wildcards)}/model.safetensors",
        test="results/{experiment}/data/test.safetensors",
    output:
        agreement="results/{experiment}/tables/agreement.csv",
    log:
        "results/{experiment}/logs/measure_agreement.log",
    benchmark:
        "results/{experiment}/benchmarks/measure_agreement.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(4000, n_test=25),
        runtime=30,
    params:
        **settings_of("measure_agreement"),
        code=code_of("measure_agreement"),
        columns=columns_of("agreement"),
    script:
        "../../scripts/measure_agreement.py"


# For readers of the results only. Figures, claims and the report read the seeds' own tables, so that a change of one
# table does not rerun what needs the others.
rule gather_tables:
    input:
        every_seed("results/{experiment}/seed{seed}/{table}.csv", table=SEED_TABLES),
    output:
        expand("results/{{experiment}}/tables/{table}.csv", table=SEED_TABLES),
    log:
        "results/{experiment}/logs/gather_tables.log",
    benchmark:
        "results/{experiment}/benchmarks/gather_tables.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_of("gather_tables"),
    script:
        "../../scripts/gather_tables.py"


rule judge_claims:
    input:
        unpack(judged_files),
    output:
        table=report(
            "results/{experiment}/tables/claims.csv",
            caption="../report/claims.rst",
            category="{experiment}",
            labels={"table": "claims"},
        ),
        page="results/{experiment}/tables/claims.md",
        standing="results/{experiment}/tables/standing.json",
    log:
        "results/{experiment}/logs/judge_claims.log",
    benchmark:
        "results/{experiment}/benchmarks/judge_claims.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        **settings_of("judge_claims"),
        code=code_of("judge_claims"),
        criteria=criteria_of,
        first_determined=lambda wildcards: first_determined(wildcards.experiment),
        commit=lambda wildcards: criteria_commit(),  # asks git: not at every call
        columns=columns_of(*JUDGED, "null", "claims"),
    script:
        "../../scripts/judge_claims.py"
