# A figure reads tables only, so that a colour never reruns a measurement, and has a script of its own, so that
# it never redraws another figure.
rule draw_learning_curves:
    input:
        history="results/{experiment}/tables/history.csv",
    output:
        pdf="results/{experiment}/figures/learning_curves.pdf",
        png=report(
            "results/{experiment}/figures/learning_curves.png",
            caption="../report/learning_curves.rst",
            category="{experiment}",
            labels={"figure": "learning curves"},
        ),
        csv="results/{experiment}/figures/learning_curves.csv",
    log:
        "results/{experiment}/logs/draw_learning_curves.log",
    benchmark:
        "results/{experiment}/benchmarks/draw_learning_curves.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_digest("draw_learning_curves.py"),
    script:
        "../../scripts/draw_learning_curves.py"


rule draw_error_by_position:
    input:
        predictions="results/{experiment}/tables/predictions.csv",
    output:
        pdf="results/{experiment}/figures/error_by_position.pdf",
        png=report(
            "results/{experiment}/figures/error_by_position.png",
            caption="../report/error_by_position.rst",
            category="{experiment}",
            labels={"figure": "error by position"},
        ),
        csv="results/{experiment}/figures/error_by_position.csv",
    log:
        "results/{experiment}/logs/draw_error_by_position.log",
    benchmark:
        "results/{experiment}/benchmarks/draw_error_by_position.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_digest("draw_error_by_position.py"),
    script:
        "../../scripts/draw_error_by_position.py"


rule draw_estimates:
    input:
        estimates="results/{experiment}/tables/estimates.csv",
        predictions="results/{experiment}/tables/predictions.csv",
    output:
        pdf="results/{experiment}/figures/estimates.pdf",
        png=report(
            "results/{experiment}/figures/estimates.png",
            caption="../report/estimates.rst",
            category="{experiment}",
            labels={"figure": "estimates"},
        ),
        csv="results/{experiment}/figures/estimates.csv",
    log:
        "results/{experiment}/logs/draw_estimates.log",
    benchmark:
        "results/{experiment}/benchmarks/draw_estimates.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_digest("draw_estimates.py"),
    script:
        "../../scripts/draw_estimates.py"


rule draw_head_similarity:
    input:
        similarity="results/{experiment}/tables/similarity.csv",
    output:
        pdf="results/{experiment}/figures/head_similarity.pdf",
        png=report(
            "results/{experiment}/figures/head_similarity.png",
            caption="../report/head_similarity.rst",
            category="{experiment}",
            labels={"figure": "head similarity"},
        ),
        csv="results/{experiment}/figures/head_similarity.csv",
    log:
        "results/{experiment}/logs/draw_head_similarity.log",
    benchmark:
        "results/{experiment}/benchmarks/draw_head_similarity.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_digest("draw_head_similarity.py"),
    script:
        "../../scripts/draw_head_similarity.py"


rule draw_ablation:
    input:
        ablation="results/{experiment}/tables/ablation.csv",
    output:
        pdf="results/{experiment}/figures/ablation.pdf",
        png=report(
            "results/{experiment}/figures/ablation.png",
            caption="../report/ablation.rst",
            category="{experiment}",
            labels={"figure": "ablation"},
        ),
        csv="results/{experiment}/figures/ablation.csv",
    log:
        "results/{experiment}/logs/draw_ablation.log",
    benchmark:
        "results/{experiment}/benchmarks/draw_ablation.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_digest("draw_ablation.py"),
    script:
        "../../scripts/draw_ablation.py"


rule draw_contributions:
    input:
        contributions="results/{experiment}/tables/contributions.csv",
        similarity="results/{experiment}/tables/similarity.csv",
    output:
        pdf="results/{experiment}/figures/contributions.pdf",
        png=report(
            "results/{experiment}/figures/contributions.png",
            caption="../report/contributions.rst",
            category="{experiment}",
            labels={"figure": "contributions"},
        ),
        csv="results/{experiment}/figures/contributions.csv",
    log:
        "results/{experiment}/logs/draw_contributions.log",
    benchmark:
        "results/{experiment}/benchmarks/draw_contributions.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_digest("draw_contributions.py"),
    script:
        "../../scripts/draw_contributions.py"


rule draw_attention:
    input:
        attention="results/{experiment}/tables/attention.csv",
    output:
        pdf="results/{experiment}/figures/attention.pdf",
        png=report(
            "results/{experiment}/figures/attention.png",
            caption="../report/attention.rst",
            category="{experiment}",
            labels={"figure": "attention"},
        ),
        csv="results/{experiment}/figures/attention.csv",
    log:
        "results/{experiment}/logs/draw_attention.log",
    benchmark:
        "results/{experiment}/benchmarks/draw_attention.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_digest("draw_attention.py"),
    script:
        "../../scripts/draw_attention.py"


rule draw_cosines:
    input:
        cosines="results/{experiment}/tables/cosines.csv",
    output:
        pdf="results/{experiment}/figures/cosines.pdf",
        png=report(
            "results/{experiment}/figures/cosines.png",
            caption="../report/cosines.rst",
            category="{experiment}",
            labels={"figure": "cosines"},
        ),
        csv="results/{experiment}/figures/cosines.csv",
    log:
        "results/{experiment}/logs/draw_cosines.log",
    benchmark:
        "results/{experiment}/benchmarks/draw_cosines.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_digest("draw_cosines.py"),
    script:
        "../../scripts/draw_cosines.py"


rule draw_claims:
    input:
        claims="results/{experiment}/tables/claims.csv",
    output:
        pdf="results/{experiment}/figures/claims.pdf",
        png=report(
            "results/{experiment}/figures/claims.png",
            caption="../report/claims.rst",
            category="{experiment}",
            labels={"figure": "claims"},
        ),
        csv="results/{experiment}/figures/claims.csv",
    log:
        "results/{experiment}/logs/draw_claims.log",
    benchmark:
        "results/{experiment}/benchmarks/draw_claims.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_digest("draw_claims.py"),
    script:
        "../../scripts/draw_claims.py"
