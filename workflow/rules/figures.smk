# Local: each takes seconds, less than submitting it to a cluster. Said in the rule, since a workflow that uses this one
# as a module may give the rule another name.
rule draw_figure:
    input:
        unpack(lambda wildcards: table_files([wildcards.experiment], *FIGURES[wildcards.figure])),
    output:
        pdf="results/{experiment}/figures/{figure}.pdf",
        png=report(
            "results/{experiment}/figures/{figure}.png",
            caption="../report/figure.rst",
            category="{experiment}",
            labels=lambda wildcards: {"figure": wildcards.figure.replace("_", " ")},
        ),
        csv="results/{experiment}/figures/{figure}.csv",
    log:
        "results/{experiment}/logs/draw_{figure}.log",
    benchmark:
        "results/{experiment}/benchmarks/draw_{figure}.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        figure="{figure}",
        code=lambda wildcards: figure_digest(wildcards.figure),
        columns=lambda wildcards: columns_of(*FIGURES[wildcards.figure]),
        caption=lambda wildcards: caption_of(wildcards.figure),
    script:
        "../../scripts/draw_figure.py"
