# Across experiments. The folder's name begins with an underscore, as no experiment's may.
COMPARISON = expand(
    "results/_comparison/figures/variants.{kind}",
    kind=["pdf", "png", "csv"] if len(EXPERIMENTS) > 1 else [],
)


localrules:
    draw_variants,


rule draw_variants:
    input:
        claims=expand("results/{experiment}/tables/claims.csv", experiment=EXPERIMENTS),
    output:
        pdf="results/_comparison/figures/variants.pdf",
        png=report(
            "results/_comparison/figures/variants.png",
            caption="../report/variants.rst",
            category="comparison",
            labels={"figure": "variants"},
        ),
        csv="results/_comparison/figures/variants.csv",
    log:
        "results/_comparison/logs/draw_variants.log",
    benchmark:
        "results/_comparison/benchmarks/draw_variants.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_digest("draw_variants.py"),
    script:
        "../../scripts/draw_variants.py"
