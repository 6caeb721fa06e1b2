"""The report of made-up results: what the rule reads, which a test may change, and the page that its script writes."""

import json
from pathlib import Path
from typing import NamedTuple

from lib.provenance import caption_of
from lib.registry import columns_of
from projects import ROOT
from recurrence_circuits.claims.standing import standing
from rules import call
from synthetic_tables import Synthetic
from tables import write_table

TEMPLATE = ROOT / "workflow/report/report.html.j2"
PNG = b"\x89PNG\r\n\x1a\n planted image"
REPORTED = ("claims", "predictions", "quality", "nearest", "agreement")
SETTINGS = {
    "task": "affine",
    "data": {"seed": 0, "context_length": 16, "n_test": 2048},
    "model": {"n_layers": 3, "n_heads": 4, "d_model": 64},
    "training": {"steps": 6000},
    "seeds": [0, 1, 2],
    "analysis": {"confidence": 0.9},
    "claims": {"agreement_min": 0.8, "ablation_kind": "mean"},
}


def record(seed, **changes):
    machine = {"platform": "Linux", "threads": 1, "gpu": None}
    return {"settings": {"seed": seed}, "code_digest": "abc", "versions": {"torch": "2"}, "machine": machine} | changes


class Results(NamedTuple):
    folder: Path
    inputs: dict
    params: dict


def planted_results(folder: Path, figures=("ablation", "claims"), png: bytes = PNG) -> Results:
    """Made-up results of three seeds in `folder`: the inputs and params of the report's rule."""
    synthetic, results = Synthetic(3), folder / "results"
    tables = {name: str(results / f"{name}.csv") for name in REPORTED}
    for name, path in tables.items():
        write_table(name, synthetic[name], path)
    records = [results / f"run{seed}.json" for seed in range(3)]
    for seed, path in enumerate(records):
        path.write_text(json.dumps(record(seed)))
    pictures = [results / f"{name}.png" for name in figures]
    for path in pictures:
        path.write_bytes(png)
    stages = ("train_model", "measure_ablation")
    costs = [benchmark_record(results, seed, stage) for seed in range(3) for stage in stages]
    inputs = {name: [path] for name, path in tables.items()}
    inputs["standing"] = str(results / "standing.json")
    Path(inputs["standing"]).write_text(standing([record(0)], [], "criteria-0", "").to_json())
    inputs |= {"records": list(map(str, records)), "figures": list(map(str, pictures)), "costs": costs}
    params = {
        "columns": columns_of(*tables),
        "template": str(TEMPLATE),
        "captions": {name: caption_of(name) for name in figures},
        "settings": SETTINGS,
    }
    return Results(folder, inputs, params)


def written(results: Results) -> str:
    """The page that the rule's script writes of these results, as `report.html` in their folder."""
    path = results.folder / "report.html"
    call("write_report", results.folder, inputs=results.inputs, params=results.params, outputs={"report": str(path)},
         wildcards={"experiment": "affine"})  # fmt: skip
    return path.read_text(encoding="utf-8")


def benchmark_record(folder, seed, stage):
    """A record as Snakemake keeps it: training takes 100 s and more, all else a tenth of it."""
    path = folder / f"seed{seed}" / f"{stage}.tsv"
    path.parent.mkdir(exist_ok=True, parents=True)
    seconds = (100 + seed) / (1 if stage == "train_model" else 10)
    path.write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:01:40\t{500 + seed if seed else '-'}\n")
    return str(path)
