# The content of the template and of the captions is in params. As inputs, their dates would trigger reruns.
from os.path import relpath

REPORTED = ["claims", "predictions", "quality", "nearest", "agreement"]


rule write_report:
    input:
        unpack(lambda wildcards: table_files([wildcards.experiment], *REPORTED)),
        standing="results/{experiment}/tables/standing.json",
        records=every_seed("results/{experiment}/seed{seed}/run.json"),
        figures=lambda wildcards: [path for path in figure_files(wildcards.experiment) if path.endswith(".png")],
        costs=every_seed("results/{experiment}/benchmarks/seed{seed}/{stage}.tsv", stage=SEED_STAGES),
    output:
        report="results/{experiment}/report.html",
    log:
        "results/{experiment}/logs/write_report.log",
    benchmark:
        "results/{experiment}/benchmarks/write_report.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        **settings_of("write_report"),
        code=code_of("write_report"),
        columns=columns_of(*REPORTED),
        layout=layout_of("report.html.j2"),
        template=relpath(TEMPLATES / "report.html.j2"),
        captions=lambda wildcards: {
            figure: caption_of(figure) for figure in figures_of(EXPERIMENTS[wildcards.experiment]["task"])
        },
    script:
        "../../scripts/write_report.py"


# The page's parts are in params, as the report's template is.
rule write_explorer:
    input:
        unpack(lambda wildcards: table_files([wildcards.experiment], "groups")),
        weights=every_seed("results/{experiment}/seed{seed}/model.safetensors"),
        snapshots=every_seed("results/{experiment}/seed{seed}/snapshots.safetensors"),
        test="results/{experiment}/data/test.safetensors",
    output:
        explorer="results/{experiment}/explorer.html",
    log:
        "results/{experiment}/logs/write_explorer.log",
    benchmark:
        "results/{experiment}/benchmarks/write_explorer.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(4000, n_test=5),
        runtime=30,
    params:
        **settings_of("write_explorer"),
        code=code_of("write_explorer"),
        columns=columns_of("groups"),
        layout=texts_digest(EXPLORER),
        page=relpath(EXPLORER),
    script:
        "../../scripts/write_explorer.py"
