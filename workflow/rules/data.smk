# One job per part, so that a larger test set does not redraw the training sequences.
rule generate_data:
    output:
        sequences="results/{experiment}/data/{part}.safetensors",
    log:
        "results/{experiment}/logs/generate_data_{part}.log",
    benchmark:
        "results/{experiment}/benchmarks/generate_data_{part}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        **settings_of("generate_data"),
        code=code_of("generate_data"),
    script:
        "../../scripts/generate_data.py"
