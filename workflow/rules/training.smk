# One thread: two add in another order and give other bits. Seeds run side by side instead.
rule train_model:
    input:
        train="results/{experiment}/data/train.npz",
        test="results/{experiment}/data/test.npz",
    output:
        weights="results/{experiment}/seed{seed}/model.safetensors",
        snapshots="results/{experiment}/seed{seed}/snapshots.safetensors",
        history="results/{experiment}/seed{seed}/history.csv",
        record="results/{experiment}/seed{seed}/run.json",
    log:
        "results/{experiment}/logs/seed{seed}/train_model.log",
    benchmark:
        "results/{experiment}/benchmarks/seed{seed}/train_model.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: memory_mb(wildcards, 2000, batch_size=25, n_test=5) * attempt,
        runtime=60,
        # A resource, though it limits nothing: a param would train anew whenever it is changed.
        checkpoint_every=of_experiment("training", "checkpoint_every"),
        gpu=lambda wildcards: 0 if EXPERIMENTS[wildcards.experiment]["training"]["device"] == "cpu" else 1,
    params:
        code=code_digest("train_model.py"),
        run=run_settings,
        # No output: Snakemake deletes outputs before a job runs again, which is when this one is needed.
        checkpoint="results/{experiment}/seed{seed}/checkpoint.safetensors",
    script:
        "../../scripts/train_model.py"
