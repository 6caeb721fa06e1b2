rule generate_data:
    output:
        train="results/{experiment}/data/train.npz",
        test="results/{experiment}/data/test.npz",
    log:
        "results/{experiment}/logs/generate_data.log",
    benchmark:
        "results/{experiment}/benchmarks/generate_data.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_digest("generate_data.py"),
        task=of_experiment("task"),
        data=of_experiment("data"),
    script:
        "../../scripts/generate_data.py"
