"""What a dry run plans, job by job, and what should follow from a change."""

import re
from pathlib import Path

from lib.registry import FIGURES, JUDGED, MEASURES, SEED_TABLES
from projects import snakemake

SEEDS = (0, 1)  # of the finished run
PARTS = ("train", "validation", "test")
EVERY_MEASURE = [f"measure_{name}" for name in MEASURES]
OF_EXPERIMENT = ["measure_handcrafted", "measure_null", "measure_agreement"]  # the last of its first seed


def planned_jobs(folder: Path, *arguments: str) -> set[str]:
    """The jobs that a dry run plans: a rule and what tells its jobs apart, such as `train_model 0`.

    The experiment is left out where it is `smoke`, that of the finished run.
    """
    said = snakemake(folder, "-n", *arguments)
    jobs = set()
    for rule, body in re.findall(r"^(?:local)?rule (\w+):\n((?:    .*\n)+)", said, flags=re.MULTILINE):
        wildcards = re.search(r"^    wildcards: (.*)$", body, flags=re.MULTILINE)
        values = [pair.split("=")[1] for pair in wildcards[1].split(", ")] if wildcards else []
        jobs.add(" ".join([rule, *(value for value in values if value != "smoke")]))
    return jobs - {"all", "figures", "tables", "models"}


def following(*stages: str, parts: tuple[str, ...] = PARTS, seeds: tuple[int, ...] = SEEDS) -> set[str]:
    """The jobs of `stages` and all that follow from what they write, in the finished run's experiment.

    parts: of the sequences, where generate_data is one of the stages; seeds: those of the stages' jobs.
    """
    stages, jobs = set(stages), set()
    if "generate_data" in stages:
        jobs |= {f"generate_data {part}" for part in parts}
        stages |= {"train_model"} if {"train", "validation"} & set(parts) else set()
        stages |= {*EVERY_MEASURE, *OF_EXPERIMENT} if "test" in parts else set()
    if "train_model" in stages:
        stages |= {*EVERY_MEASURE, *(["measure_agreement"] if SEEDS[0] in seeds else [])}
    if "measure_similarity" in stages:
        stages |= {"measure_groups"}
    per_seed = stages & {"train_model", *EVERY_MEASURE}
    jobs |= {f"{stage} {seed}" for stage in per_seed for seed in seeds}
    jobs |= stages & {*OF_EXPERIMENT, "gather_tables", "judge_claims"}
    written = {table for name, measure in MEASURES.items() if f"measure_{name}" in stages for table in measure.tables}
    written |= {"learning_curves"} if "train_model" in stages else set()
    jobs |= {"gather_tables"} if written & set(SEED_TABLES) else set()
    jobs |= {"judge_claims"} if written & set(JUDGED) or "measure_null" in jobs else set()
    written |= {"handcrafted"} if "measure_handcrafted" in stages else set()
    written |= {"claims"} if "judge_claims" in jobs else set()
    jobs |= {f"draw_figure {figure}" for figure, tables in FIGURES.items() if written & set(tables)}
    jobs |= {"write_explorer"} if stages & {"train_model", "measure_groups"} or "generate_data test" in jobs else set()
    return jobs | ({"write_report"} if jobs or "write_report" in stages else set())
