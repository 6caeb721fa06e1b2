# One thread: with two, sums are taken in another order and give other bits. Seeds run in parallel instead.
rule train_model:
    input:
        train="results/{experiment}/data/train.safetensors",
        validation="results/{experiment}/data/validation.safetensors",
    output:
        weights="results/{experiment}/seed{seed}/model.safetensors",
        snapshots="results/{experiment}/seed{seed}/snapshots.safetensors",
        learning_curves="results/{experiment}/seed{seed}/learning_curves.csv",
        record="results/{experiment}/seed{seed}/run.json",
    log:
        "results/{experiment}/logs/seed{seed}/train_model.log",
    benchmark:
        "results/{experiment}/benchmarks/seed{seed}/train_model.tsv"
    # The longest jobs first: measures of other seeds fill the cores while the last one trains.
    priority: 1
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(2000, batch_size=25, n_validation=5),
        runtime=60,
        # A resource, although it limits nothing: a change of a param would rerun the training.
        checkpoint_every=of_experiment("training", "checkpoint_every"),
        # A resource for the same reason: the record tells by which criteria the seed can be judged as a confirmation.
        criteria=criteria_of,
        gpu=lambda wildcards: 0 if EXPERIMENTS[wildcards.experiment]["training"]["device"] == "cpu" else 1,
    params:
        **settings_of("train_model"),
        code=code_of("train_model"),
        columns=columns_of("learning_curves"),
    script:
        "../../scripts/train_model.py"
