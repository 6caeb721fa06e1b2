"""What a model and a variant cost in time and room, from a finished run: `python workflow/run_costs.py results/affine`.

Kept in docs/scaling/ for docs/scaling.md. What runs once a variant goes by the number of seeds, so it is run again over
copies of the finished seeds' tables (--seeds), in a scratch clone.
"""

import argparse
import csv
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from projection import ROOT, write, write_page
from scaling import LAST_TABLES, megabytes, snakemake


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="of one experiment of config/config.yaml, as results/affine")
    parser.add_argument("--seeds", type=int, nargs="*", default=[20, 100], help="copies to draw over; default: 20 100")
    options = parser.parse_args(arguments)
    write("work", work(options.results))
    write("storage", storage(options.results))
    rows = [{"seeds": len(seeds_of(options.results)), "seconds": once_a_variant(options.results)}]
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
    with benchmark.open(newline="", encoding="utf-8") as file:
        return float(next(csv.DictReader(file, delimiter="\t"))["s"])


def work(results: Path) -> list[dict]:
    """Seconds of every stage of a model, the mean over seeds, from Snakemake's benchmarks."""
    seconds: dict[str, list[float]] = {}
    for path in sorted((results / "benchmarks").glob("seed*/*.tsv")):
        seconds.setdefault(path.stem, []).append(seconds_of(path))
    return [{"stage": stage, "seconds": round(sum(each) / len(each), 1)} for stage, each in seconds.items()]


def once_a_variant(results: Path) -> float:
    """Seconds of all that runs once, one after another: sequences, tables, figures, report."""
    return round(sum(map(seconds_of, (results / "benchmarks").glob("*.tsv"))), 1)


def storage(results: Path) -> list[dict]:
    """Files and their room on the disk: of a model, its part of the joined tables included, and of a variant."""
    files = {path for path in results.rglob("*") if path.is_file()}
    own = {path for path in files if any(part.startswith("seed") for part in path.relative_to(results).parts)}
    joined = {path for path in files - own if path.parent == results / "tables"}
    seeds = len(seeds_of(results))
    return [
        {"per": "model", "files": round(len(own) / seeds), "mb": round(megabytes(own | joined) / seeds, 2)},
        {"per": "variant", "files": len(files - own), "mb": megabytes(files - own - joined)},
    ]


def over_copies(results: Path, seeds: int, clone: Path) -> float:
    """Make everything that runs once a variant, over so many copies of the finished seeds; its seconds."""
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
    measured = [f"results/{results.name}/seed{seed}/{table}.csv" for seed in range(seeds) for table in LAST_TABLES]
    snakemake(clone, "--touch", *measured, "--quiet", "rules")  # or all would be measured again
    snakemake(clone, f"results/{results.name}/report.html", "figures", "tables", "--quiet", "rules")
    return once_a_variant(copied)


def as_seed(folder: Path, seed: int) -> None:
    """Let the tables and the record of a copied seed say that they are this one's."""
    for path in folder.glob("*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        place = header.index("seed")
        for row in filter(None, rows):  # the last one, which ends a table, is empty
            row[place] = str(seed)
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *rows])
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    record["settings"]["seed"] = seed
    (folder / "run.json").write_text(json.dumps(record), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
