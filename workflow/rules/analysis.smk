# One job a seed and measure, all heads inside: a job a head would spend more on importing torch than on measuring.


# Seconds each, on tables: not worth a submission.
localrules:
    gather_seeds,
    summarise_seeds,
    judge_claims,


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
        mem_mb=lambda wildcards, attempt: memory_mb(wildcards, 4000, n_test=25) * attempt,
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
        mem_mb=lambda wildcards, attempt: memory_mb(wildcards, 4000, n_test=25) * attempt,
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
        mem_mb=lambda wildcards, attempt: memory_mb(wildcards, 4000, n_test=25) * attempt,
        runtime=30,
    params:
        code=code_digest("measure_similarity.py"),
        run=run_settings,
        analysis=of_experiment("analysis"),
    script:
        "../../scripts/measure_similarity.py"


rule measure_circuits:
    input:
        weights="results/{experiment}/seed{seed}/model.safetensors",
        test="results/{experiment}/data/test.npz",
    output:
        circuits="results/{experiment}/seed{seed}/circuits.csv",
        composition="results/{experiment}/seed{seed}/composition.csv",
        feedback="results/{experiment}/seed{seed}/feedback.csv",
        qk_factors="results/{experiment}/seed{seed}/qk_factors.npz",
    log:
        "results/{experiment}/logs/seed{seed}/measure_circuits.log",
    benchmark:
        "results/{experiment}/benchmarks/seed{seed}/measure_circuits.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: memory_mb(wildcards, 4000, n_test=25) * attempt,
        runtime=30,
    params:
        code=code_digest("measure_circuits.py"),
        run=run_settings,
        analysis=of_experiment("analysis"),
    script:
        "../../scripts/measure_circuits.py"


rule patch_paths:
    input:
        weights="results/{experiment}/seed{seed}/model.safetensors",
        test="results/{experiment}/data/test.npz",
    output:
        paths="results/{experiment}/seed{seed}/paths.csv",
    log:
        "results/{experiment}/logs/seed{seed}/patch_paths.log",
    benchmark:
        "results/{experiment}/benchmarks/seed{seed}/patch_paths.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: memory_mb(wildcards, 4000, n_test=25) * attempt,
        runtime=30,
    params:
        code=code_digest("patch_paths.py"),
        run=run_settings,
        analysis=of_experiment("analysis"),
    script:
        "../../scripts/patch_paths.py"


rule ablate_groups:
    input:
        weights="results/{experiment}/seed{seed}/model.safetensors",
        similarity="results/{experiment}/seed{seed}/similarity.csv",
        test="results/{experiment}/data/test.npz",
    output:
        groups="results/{experiment}/seed{seed}/groups.csv",
    log:
        "results/{experiment}/logs/seed{seed}/ablate_groups.log",
    benchmark:
        "results/{experiment}/benchmarks/seed{seed}/ablate_groups.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: memory_mb(wildcards, 4000, n_test=25) * attempt,
        runtime=30,
    params:
        code=code_digest("ablate_groups.py"),
        run=run_settings,
        analysis=of_experiment("analysis"),
        negative_correlation_max=of_experiment("claims", "negative_correlation_max"),
        copy_correlation_min=of_experiment("claims", "copy_correlation_min"),
    script:
        "../../scripts/ablate_groups.py"


rule probe_layers:
    input:
        weights="results/{experiment}/seed{seed}/model.safetensors",
        test="results/{experiment}/data/test.npz",
    output:
        probes="results/{experiment}/seed{seed}/probes.csv",
    log:
        "results/{experiment}/logs/seed{seed}/probe_layers.log",
    benchmark:
        "results/{experiment}/benchmarks/seed{seed}/probe_layers.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: memory_mb(wildcards, 4000, n_test=25) * attempt,
        runtime=30,
    params:
        code=code_digest("probe_layers.py"),
        run=run_settings,
        analysis=of_experiment("analysis"),
    script:
        "../../scripts/probe_layers.py"


rule measure_formation:
    input:
        weights="results/{experiment}/seed{seed}/model.safetensors",
        snapshots="results/{experiment}/seed{seed}/snapshots.safetensors",
        test="results/{experiment}/data/test.npz",
    output:
        formation="results/{experiment}/seed{seed}/formation.csv",
    log:
        "results/{experiment}/logs/seed{seed}/measure_formation.log",
    benchmark:
        "results/{experiment}/benchmarks/seed{seed}/measure_formation.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: memory_mb(wildcards, 4000, n_test=25) * attempt,
        runtime=30,
    params:
        code=code_digest("measure_formation.py"),
        run=run_settings,
        analysis=of_experiment("analysis"),
    script:
        "../../scripts/measure_formation.py"


rule identify_algorithm:
    input:
        weights="results/{experiment}/seed{seed}/model.safetensors",
        test="results/{experiment}/data/test.npz",
    output:
        algorithm="results/{experiment}/seed{seed}/algorithm.csv",
        nearest="results/{experiment}/seed{seed}/nearest.csv",
    log:
        "results/{experiment}/logs/seed{seed}/identify_algorithm.log",
    benchmark:
        "results/{experiment}/benchmarks/seed{seed}/identify_algorithm.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: memory_mb(wildcards, 4000, n_condition=25) * attempt,
        runtime=30,
    params:
        code=code_digest("identify_algorithm.py"),
        run=run_settings,
        analysis=of_experiment("analysis"),
    script:
        "../../scripts/identify_algorithm.py"


rule explain_predictions:
    input:
        weights="results/{experiment}/seed{seed}/model.safetensors",
        test="results/{experiment}/data/test.npz",
    output:
        explained="results/{experiment}/seed{seed}/explained.csv",
    log:
        "results/{experiment}/logs/seed{seed}/explain_predictions.log",
    benchmark:
        "results/{experiment}/benchmarks/seed{seed}/explain_predictions.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: memory_mb(wildcards, 4000, n_test=25) * attempt,
        runtime=30,
    params:
        code=code_digest("explain_predictions.py"),
        run=run_settings,
        analysis=of_experiment("analysis"),
    script:
        "../../scripts/explain_predictions.py"


# Hand-made weights, so one job an experiment; for the scalar affine task only (AFFINE).
rule score_construction:
    input:
        test="results/{experiment}/data/test.npz",
    output:
        construction="results/{experiment}/tables/construction.csv",
    log:
        "results/{experiment}/logs/score_construction.log",
    benchmark:
        "results/{experiment}/benchmarks/score_construction.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_digest("score_construction.py"),
        task=of_experiment("task"),
        data=of_experiment("data"),
        analysis=of_experiment("analysis"),
    script:
        "../../scripts/score_construction.py"


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
        probes="results/{experiment}/tables/probes.csv",
        feedback="results/{experiment}/tables/feedback.csv",
        groups="results/{experiment}/tables/groups.csv",
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
