# One job a seed and measure, all heads inside: a job a head would spend more on importing torch than on measuring.
rule score_predictions:
    input:
        weights="results/{experiment}/seed{seed}/model.safetensors",
        test="results/{experiment}/data/test.npz",
    output:
        predictions="results/{experiment}/seed{seed}/predictions.csv",
    log:
        "results/{experiment}/logs/seed{seed}/score_predictions.log",
    benchmark:
        "results/{experiment}/benchmarks/seed{seed}/score_predictions.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=30,
    params:
        code=code_digest("score_predictions.py"),
        run=run_settings,
        analysis=of_experiment("analysis"),
    script:
        "../../scripts/score_predictions.py"


rule ablate_heads:
    input:
        weights="results/{experiment}/seed{seed}/model.safetensors",
        test="results/{experiment}/data/test.npz",
    output:
        ablation="results/{experiment}/seed{seed}/ablation.csv",
    log:
        "results/{experiment}/logs/seed{seed}/ablate_heads.log",
    benchmark:
        "results/{experiment}/benchmarks/seed{seed}/ablate_heads.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=30,
    params:
        code=code_digest("ablate_heads.py"),
        run=run_settings,
        analysis=of_experiment("analysis"),
    script:
        "../../scripts/ablate_heads.py"


rule measure_similarity:
    input:
        weights="results/{experiment}/seed{seed}/model.safetensors",
        test="results/{experiment}/data/test.npz",
    output:
        similarity="results/{experiment}/seed{seed}/similarity.csv",
        cosines="results/{experiment}/seed{seed}/cosines.csv",
        attention="results/{experiment}/seed{seed}/attention.csv",
        contributions="results/{experiment}/seed{seed}/contributions.csv",
        estimates="results/{experiment}/seed{seed}/estimates.csv",
    log:
        "results/{experiment}/logs/seed{seed}/measure_similarity.log",
    benchmark:
        "results/{experiment}/benchmarks/seed{seed}/measure_similarity.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=30,
    params:
        code=code_digest("measure_similarity.py"),
        run=run_settings,
        analysis=of_experiment("analysis"),
    script:
        "../../scripts/measure_similarity.py"


rule gather_seeds:
    input:
        seeds=every_seed("results/{experiment}/seed{seed}/{table}.csv"),
    output:
        table="results/{experiment}/tables/{table}.csv",
    log:
        "results/{experiment}/logs/gather_seeds_{table}.log",
    benchmark:
        "results/{experiment}/benchmarks/gather_seeds_{table}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_digest("gather_seeds.py"),
    script:
        "../../scripts/gather_seeds.py"


rule summarise_seeds:
    input:
        table="results/{experiment}/tables/{table}.csv",
    output:
        spread="results/{experiment}/tables/{table}_spread.csv",
    log:
        "results/{experiment}/logs/summarise_seeds_{table}.log",
    benchmark:
        "results/{experiment}/benchmarks/summarise_seeds_{table}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_digest("summarise_seeds.py"),
    script:
        "../../scripts/summarise_seeds.py"


rule judge_claims:
    input:
        predictions="results/{experiment}/tables/predictions.csv",
        ablation="results/{experiment}/tables/ablation.csv",
        similarity="results/{experiment}/tables/similarity.csv",
        estimates="results/{experiment}/tables/estimates.csv",
    output:
        table=report(
            "results/{experiment}/tables/claims.csv",
            caption="../report/claims.rst",
            category="{experiment}",
            labels={"table": "claims"},
        ),
        page="results/{experiment}/tables/claims.md",
    log:
        "results/{experiment}/logs/judge_claims.log",
    benchmark:
        "results/{experiment}/benchmarks/judge_claims.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_digest("judge_claims.py"),
        thresholds=of_experiment("claims"),
        n_layers=of_experiment("model", "n_layers"),
        confidence=of_experiment("analysis", "confidence"),
    script:
        "../../scripts/judge_claims.py"
