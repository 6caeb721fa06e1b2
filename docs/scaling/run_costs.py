"""What a model and a variant cost in time and room, from a finished run, kept beside this file.

    PYTHONPATH=workflow:scripts python docs/scaling/run_costs.py results/affine

What runs once per variant goes by the number of seeds, so it is run again over copies of the finished seeds' tables
(--seeds), in a scratch clone.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd
import yaml
from measure import ASKED, megabytes, snakemake
from projection import ROOT, write, write_page

from recurrence_circuits.io.tables import write_csv


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="of one experiment of config/config.yaml, as results/affine")
    parser.add_argument("--seeds", type=int, nargs="*", default=[20, 100], help="copies to draw over; default: 20 100")
    options = parser.parse_args(arguments)
    write("work", work(options.results))
    write("storage", storage(options.results))
    rows = [{"seeds": len(seeds_of(options.results)), "seconds": once_per_variant(options.results)}]
    for seeds in options.seeds:
        with tempfile.TemporaryDirectory() as scratch:
            rows.append({"seeds": seeds, "seconds": over_copies(options.results, seeds, Path(scratch) / "clone")})
        print(rows[-1], flush=True)
        write("aggregates", rows)
    write_page()
    return 0


def seeds_of(results: Path) -> list[Path]:
    return sorted(results.glob("seed*"))


def seconds_of(benchmark: Path) -> float:
    return float(pd.read_csv(benchmark, sep="\t")["s"].iloc[0])


def work(results: Path) -> pd.DataFrame:
    """Seconds of every stage of a model, the mean over seeds, from Snakemake's benchmarks."""
    rows = [(path.stem, seconds_of(path)) for path in (results / "benchmarks").glob("seed*/*.tsv")]
    return pd.DataFrame(rows, columns=["stage", "seconds"]).groupby("stage", as_index=False).mean().round(1)


def once_per_variant(results: Path) -> float:
    """Seconds of all that runs once, one after another: sequences, tables, figures, report."""
    return round(sum(map(seconds_of, (results / "benchmarks").glob("*.tsv"))), 1)


def storage(results: Path) -> list[dict]:
    """Files and their room on the disk: of a model, its part of the gathered tables included, and of a variant."""
    files = {path for path in results.rglob("*") if path.is_file()}
    own = {path for path in files if any(part.startswith("seed") for part in path.relative_to(results).parts)}
    gathered = {path for path in files - own if path.parent == results / "tables"}
    seeds = len(seeds_of(results))
    return [
        {"per": "model", "files": round(len(own) / seeds), "mb": round(megabytes(own | gathered) / seeds, 2)},
        {"per": "variant", "files": len(files - own), "mb": megabytes(files - own - gathered)},
    ]


def over_copies(results: Path, seeds: int, clone: Path) -> float:
    """Make everything that runs once per variant, over copies of the finished seeds; its seconds."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    config = yaml.safe_load((clone / "config" / "config.yaml").read_text(encoding="utf-8"))
    config["experiments"][results.name]["seeds"] = list(range(seeds))
    (clone / "config" / "many.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    copied = clone / "results" / results.name
    shutil.copytree(results / "data", copied / "data")
    finished = seeds_of(results)
    for seed in range(seeds):
        source = finished[seed % len(finished)]
        as_seed(shutil.copytree(source, copied / f"seed{seed}"), seed)
        shutil.copytree(results / "benchmarks" / source.name, copied / "benchmarks" / f"seed{seed}")
    measured = [f"results/{results.name}/seed{seed}/{table}.csv" for seed in range(seeds) for table in ASKED]
    snakemake(clone, "--touch", *measured, "--quiet", "rules")  # or all would be measured again
    snakemake(clone, f"results/{results.name}/report.html", "figures", "tables", "--quiet", "rules")
    return once_per_variant(copied)


def as_seed(folder: Path, seed: int) -> None:
    """Write this seed into the tables and the record of a copied seed."""
    for path in folder.glob("*.csv"):
        write_csv(pd.read_csv(path, dtype=str, keep_default_na=False).assign(seed=seed), str(path))
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    record["settings"]["seed"] = seed
    (folder / "run.json").write_text(json.dumps(record), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
