"""Made-up inputs of the report: a picture, and the record of what a job cost."""

from projects import ROOT

TEMPLATE = ROOT / "workflow/report/report.html.j2"
PNG = b"\x89PNG\r\n\x1a\n planted image"


def benchmark_record(folder, seed, stage):
    """A record as Snakemake keeps it: training takes 100 s and more, all else a tenth of it."""
    path = folder / f"seed{seed}" / f"{stage}.tsv"
    path.parent.mkdir(exist_ok=True, parents=True)
    seconds = (100 + seed) / (1 if stage == "train_model" else 10)
    path.write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:01:40\t{500 + seed if seed else '-'}\n")
    return str(path)
