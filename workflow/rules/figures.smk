# A figure reads tables only, so that a colour never reruns a measurement, and has a script of its own, so that
# it never redraws another figure.


# Seconds each: not worth a submission.
localrules:
    draw_learning_curves,
    draw_error_by_position,
    draw_estimates,
    draw_head_similarity,
    draw_ablation,
    draw_contributions,
    draw_attention,
    draw_cosines,
    draw_circuits,
    draw_feedback,
    draw_paths,
    draw_groups,
    draw_probes,
    draw_formation,
    draw_algorithm,
    draw_explained,
    draw_construction,
    draw_claims,
    draw_composition,


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


rule draw_circuits:
    input:
        circuits="results/{experiment}/tables/circuits.csv",
    output:
        pdf="results/{experiment}/figures/circuits.pdf",
        png=report(
            "results/{experiment}/figures/circuits.png",
            caption="../report/circuits.rst",
            category="{experiment}",
            labels={"figure": "circuits"},
        ),
        csv="results/{experiment}/figures/circuits.csv",
    log:
        "results/{experiment}/logs/draw_circuits.log",
    benchmark:
        "results/{experiment}/benchmarks/draw_circuits.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_digest("draw_circuits.py"),
    script:
        "../../scripts/draw_circuits.py"


rule draw_feedback:
    input:
        feedback="results/{experiment}/tables/feedback.csv",
    output:
        pdf="results/{experiment}/figures/feedback.pdf",
        png=report(
            "results/{experiment}/figures/feedback.png",
            caption="../report/feedback.rst",
            category="{experiment}",
            labels={"figure": "feedback"},
        ),
        csv="results/{experiment}/figures/feedback.csv",
    log:
        "results/{experiment}/logs/draw_feedback.log",
    benchmark:
        "results/{experiment}/benchmarks/draw_feedback.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_digest("draw_feedback.py"),
    script:
        "../../scripts/draw_feedback.py"


rule draw_paths:
    input:
        paths="results/{experiment}/tables/paths.csv",
    output:
        pdf="results/{experiment}/figures/paths.pdf",
        png=report(
            "results/{experiment}/figures/paths.png",
            caption="../report/paths.rst",
            category="{experiment}",
            labels={"figure": "paths"},
        ),
        csv="results/{experiment}/figures/paths.csv",
    log:
        "results/{experiment}/logs/draw_paths.log",
    benchmark:
        "results/{experiment}/benchmarks/draw_paths.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_digest("draw_paths.py"),
    script:
        "../../scripts/draw_paths.py"


rule draw_groups:
    input:
        groups="results/{experiment}/tables/groups.csv",
    output:
        pdf="results/{experiment}/figures/groups.pdf",
        png=report(
            "results/{experiment}/figures/groups.png",
            caption="../report/groups.rst",
            category="{experiment}",
            labels={"figure": "groups"},
        ),
        csv="results/{experiment}/figures/groups.csv",
    log:
        "results/{experiment}/logs/draw_groups.log",
    benchmark:
        "results/{experiment}/benchmarks/draw_groups.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_digest("draw_groups.py"),
    script:
        "../../scripts/draw_groups.py"


rule draw_probes:
    input:
        probes="results/{experiment}/tables/probes.csv",
    output:
        pdf="results/{experiment}/figures/probes.pdf",
        png=report(
            "results/{experiment}/figures/probes.png",
            caption="../report/probes.rst",
            category="{experiment}",
            labels={"figure": "probes"},
        ),
        csv="results/{experiment}/figures/probes.csv",
    log:
        "results/{experiment}/logs/draw_probes.log",
    benchmark:
        "results/{experiment}/benchmarks/draw_probes.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_digest("draw_probes.py"),
    script:
        "../../scripts/draw_probes.py"


rule draw_formation:
    input:
        formation="results/{experiment}/tables/formation.csv",
    output:
        pdf="results/{experiment}/figures/formation.pdf",
        png=report(
            "results/{experiment}/figures/formation.png",
            caption="../report/formation.rst",
            category="{experiment}",
            labels={"figure": "formation"},
        ),
        csv="results/{experiment}/figures/formation.csv",
    log:
        "results/{experiment}/logs/draw_formation.log",
    benchmark:
        "results/{experiment}/benchmarks/draw_formation.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_digest("draw_formation.py"),
    script:
        "../../scripts/draw_formation.py"


rule draw_algorithm:
    input:
        algorithm="results/{experiment}/tables/algorithm.csv",
        nearest="results/{experiment}/tables/nearest.csv",
    output:
        pdf="results/{experiment}/figures/algorithm.pdf",
        png=report(
            "results/{experiment}/figures/algorithm.png",
            caption="../report/algorithm.rst",
            category="{experiment}",
            labels={"figure": "algorithm"},
        ),
        csv="results/{experiment}/figures/algorithm.csv",
    log:
        "results/{experiment}/logs/draw_algorithm.log",
    benchmark:
        "results/{experiment}/benchmarks/draw_algorithm.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_digest("draw_algorithm.py"),
    script:
        "../../scripts/draw_algorithm.py"


rule draw_explained:
    input:
        explained="results/{experiment}/tables/explained.csv",
    output:
        pdf="results/{experiment}/figures/explained.pdf",
        png=report(
            "results/{experiment}/figures/explained.png",
            caption="../report/explained.rst",
            category="{experiment}",
            labels={"figure": "explained"},
        ),
        csv="results/{experiment}/figures/explained.csv",
    log:
        "results/{experiment}/logs/draw_explained.log",
    benchmark:
        "results/{experiment}/benchmarks/draw_explained.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_digest("draw_explained.py"),
    script:
        "../../scripts/draw_explained.py"


rule draw_construction:
    input:
        construction="results/{experiment}/tables/construction.csv",
        predictions="results/{experiment}/tables/predictions.csv",
    output:
        pdf="results/{experiment}/figures/construction.pdf",
        png=report(
            "results/{experiment}/figures/construction.png",
            caption="../report/construction.rst",
            category="{experiment}",
            labels={"figure": "construction"},
        ),
        csv="results/{experiment}/figures/construction.csv",
    log:
        "results/{experiment}/logs/draw_construction.log",
    benchmark:
        "results/{experiment}/benchmarks/draw_construction.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_digest("draw_construction.py"),
    script:
        "../../scripts/draw_construction.py"


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


rule draw_composition:
    input:
        composition="results/{experiment}/tables/composition.csv",
    output:
        pdf="results/{experiment}/figures/composition.pdf",
        png=report(
            "results/{experiment}/figures/composition.png",
            caption="../report/composition.rst",
            category="{experiment}",
            labels={"figure": "composition"},
        ),
        csv="results/{experiment}/figures/composition.csv",
    log:
        "results/{experiment}/logs/draw_composition.log",
    benchmark:
        "results/{experiment}/benchmarks/draw_composition.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_digest("draw_composition.py"),
    script:
        "../../scripts/draw_composition.py"
