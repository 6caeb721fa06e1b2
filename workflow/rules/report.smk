# The report's template and captions are params by their content: as inputs they would count by their dates.
from os.path import relpath
from pathlib import Path

REPORT_FOLDER = Path(relpath(Path(workflow.basedir) / "report"))
TEMPLATE = str(REPORT_FOLDER / "report.html.j2")
CAPTIONS = {figure: str(REPORT_FOLDER / f"{figure}.rst") for figure in FIGURES + AFFINE_FIGURES}


localrules:
    write_report,


rule write_report:
    input:
        claims="results/{experiment}/tables/claims.csv",
        predictions="results/{experiment}/tables/predictions.csv",
        records=every_seed("results/{experiment}/seed{seed}/run.json"),
        nearest="results/{experiment}/tables/nearest.csv",
        figures=lambda wildcards: expand(
            "results/{experiment}/figures/{figure}.png",
            experiment=wildcards.experiment,
            figure=figures_of(wildcards.experiment),
        ),
        costs=every_seed("results/{experiment}/benchmarks/seed{seed}/{stage}.tsv", stage=SEED_STAGES),
    output:
        report="results/{experiment}/report.html",
    log:
        "results/{experiment}/logs/write_report.log",
    benchmark:
        "results/{experiment}/benchmarks/write_report.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        code=code_digest("write_report.py"),
        texts=[text_digest(path) for path in [TEMPLATE, *CAPTIONS.values()]],
        template=TEMPLATE,
        captions=CAPTIONS,
        settings=of_experiment(),
    script:
        "../../scripts/write_report.py"
