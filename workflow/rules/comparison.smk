# What compares the experiments of a config. Params are read from the whole config, so these rules rerun when one of the
# experiments is changed.


wildcard_constraints:
    compared="|".join(COMPARED),
    task="|".join(OF_TASK),


rule draw_comparison:
    input:
        unpack(lambda wildcards: table_files(COMPARED[wildcards.compared], *COMPARISON["comparison"])),
    output:
        pdf="results/_comparison/figures/{compared}.pdf",
        png=report(
            "results/_comparison/figures/{compared}.png",
            caption="../report/figure.rst",
            category="comparison",
            labels={"figure": "{compared}"},
        ),
        csv="results/_comparison/figures/{compared}.csv",
    log:
        "results/_comparison/logs/draw_{compared}.log",
    benchmark:
        "results/_comparison/benchmarks/draw_{compared}.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_digest("draw_comparison.py"),
        columns=columns_of(*COMPARISON["comparison"]),
        experiments=lambda wildcards: differences_of(COMPARED[wildcards.compared]),
        reference=reference_words(EXPERIMENTS),
        caption=lambda wildcards: caption_of("comparison"),
    script:
        "../../scripts/draw_comparison.py"


rule write_comparison:
    input:
        unpack(lambda wildcards: table_files(OF_TASK[wildcards.task], "claims", "quality", "predictions")),
        figure=lambda wildcards: f"results/_comparison/figures/{figure_of_task(wildcards.task)}.png",
    output:
        page="results/_comparison/{task}.html",
    log:
        "results/_comparison/logs/write_{task}.log",
    benchmark:
        "results/_comparison/benchmarks/write_{task}.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_digest("write_comparison.py"),
        columns=columns_of("claims", "quality", "predictions"),
        experiments=lambda wildcards: differences_of(OF_TASK[wildcards.task]),
        reference=reference_words(EXPERIMENTS),
        first_determined=lambda wildcards: {name: first_determined(name) for name in OF_TASK[wildcards.task]},
        other_tasks=lambda wildcards: [task for task in OF_TASK if task != wildcards.task],
        agreement_min=next(iter(EXPERIMENTS.values()))["claims"]["agreement_min"],
        layout=layout_of("comparison.html.j2"),
        template=relpath(TEMPLATES / "comparison.html.j2"),
        captions=lambda wildcards: {figure_of_task(wildcards.task): caption_of("comparison")},
    script:
        "../../scripts/write_comparison.py"
