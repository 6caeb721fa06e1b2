"""What many models need with each profile, from measured parts: the tables of docs/scaling.md.

The parts are tables beside this file: plans (Snakemake itself, by number of models), overheads (what a job takes beside
its own work, by profile), calls (the scheduler's commands), work and storage (a run of the paper's config), aggregates
(what runs once per variant, by number of seeds).
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from tabulate import tabulate

from lib.registry import SEED_STAGES
from tools.marked_block import with_block

MEASURED = Path(__file__).resolve().parent
ROOT = MEASURED.parents[1]
PAGE = MEASURED.with_suffix(".md")
VARIANTS = {10: 1, 100: 5, 1000: 10, 10000: 10}  # experiments by number of models; the models of each differ in seed
# Submissions: three parts of the sequences, the handcrafted weights, the untrained models, two sets compared, a page.
ONCE_PER_VARIANT = 7

LOCAL_CORES = 2  # of a laptop, and of the node that submits
PLACES = 100  # `jobs` in every profile of a cluster
# Seconds between looks at the jobs, from the profiles or the plugins. SLURM's plugin looks this often while jobs end.
PAUSE = {"slurm": 2, "slurm-grouped": 2, "generic": 5, "lsf": 10, "kubernetes": 10}
ASKS_EACH_JOB = {"generic": 1, "kubernetes": 2}  # calls per look and job; the others ask once for all jobs
LIKE = {"lsf": "slurm", "kubernetes": "generic"}  # where no overhead was measured
PROFILES = ["default", *PAUSE]


class Need(NamedTuple):
    """What a number of models needs with a profile: counts; wall time, and handing out alone, in seconds."""

    submissions: float
    calls: float
    seconds: float
    handing_out: float


# ---- measured -------------------------------------------------------------------------------------------------------


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(MEASURED / f"{name}.csv")


def write(name: str, rows: list[dict] | pd.DataFrame) -> None:
    """Keep a measured table; what a row lacks stays empty."""
    pd.DataFrame(rows).to_csv(MEASURED / f"{name}.csv", index=False, lineterminator="\n")


def value(name: str, column: str, **where: str | int) -> float:
    """One number of a measured table. Raises KeyError if there is none."""
    rows = read(name)
    for key, wanted in where.items():
        rows = rows[rows[key] == wanted]
    if rows[column].isna().all():
        raise KeyError(f"docs/scaling/{name}.csv: expected a number in {column} where {where}, found none")
    return float(rows[column].iloc[0])


def record_rates(column: str) -> tuple[float, float]:
    """Snakemake's records per model, and those per variant on top, from runs of several sizes."""
    rows = read("plans").dropna(subset=column)
    (model, variant), *_ = np.linalg.lstsq(rows[["models", "variants"]].to_numpy(float), rows[column], rcond=None)
    return float(model), float(variant)


def handed_out(models: int) -> float:
    """Jobs per second that Snakemake hands out, at this size or at the largest below it that was tried."""
    plans = read("plans").dropna(subset="handed_out_per_s").query("models <= @models")
    return float(plans.sort_values("models")["handed_out_per_s"].iloc[-1])


def once_per_variant(seeds: int) -> float:
    """Seconds of one core for sequences, tables, figures and report, on a line through the numbers of seeds tried."""
    rows = read("aggregates")
    return float(np.polyval(np.polyfit(rows["seeds"], rows["seconds"], 1), seeds))


# ---- what follows ---------------------------------------------------------------------------------------------------


def need(profile: str, models: int) -> Need:
    """What a number of models of the paper's config needs, with PLACES of a cluster free and VARIANTS' experiments.

    Wall time is the planning; then the stages of the models, at work or waiting to be handed out, whichever takes
    longer; then what runs once per variant on the machine that submits.
    """
    plan = value("plans", "plan_s", models=models)
    stages = dict(read("work")[["stage", "seconds"]].itertuples(index=False))
    overhead = value("overheads", "overhead_s", profile=LIKE.get(profile, profile))
    last = VARIANTS[models] * once_per_variant(models // VARIANTS[models]) / LOCAL_CORES
    if profile == "default":
        at_work = models * (sum(stages.values()) + overhead * len(stages)) / LOCAL_CORES
        return Need(0, 0, plan + at_work + last, 0)

    submissions = submissions_of(profile, models)
    total = models * sum(stages.values()) + submissions * overhead
    handing_out = submissions / handed_out(models)
    seconds = max(total / PLACES, longest_chain(profile, stages, overhead), handing_out)
    asked = ASKS_EACH_JOB.get(profile, 0) * total / seconds  # jobs under way, one after another
    per_submission, per_look = calls_of(profile)
    looks = seconds / (PAUSE[profile] + asked * value("calls", "seconds", call="status.sh"))
    calls = submissions * per_submission + looks * per_look * (asked or 1)
    return Need(submissions, calls, plan + seconds + last, handing_out)


def submissions_of(profile: str, models: int) -> float:
    """A job is one submission; in groups as many share one as did when they were measured."""
    row = {"profile": LIKE.get(profile, profile)}
    per_job = value("overheads", "submissions", **row) / value("overheads", "jobs", **row)
    return models * len(SEED_STAGES) * per_job + VARIANTS[models] * ONCE_PER_VARIANT


def longest_chain(profile: str, stages: dict[str, float], overhead: float) -> float:
    """Seconds from a model's first submission to its last if none waits for a place: groups of heads are measured after
    the similarities, all else after the training alone. In a group four models wait for each other.
    """
    first, then = stages["train_model"], stages["measure_similarity"] + stages["measure_groups"]
    other = max(seconds for name, seconds in stages.items() if name != "train_model")
    if profile == "slurm-grouped":
        return 4 * (first + max(then, other)) + 2 * overhead
    return first + overhead + max(then + 2 * overhead, other + overhead)


def calls_of(profile: str) -> tuple[float, float]:
    """The scheduler's commands per submission, and those per look, at all jobs or at each.

    As counted: `squeue` is called by looks alone, `scontrol` once per job and else by looks, all others by jobs.
    """
    if profile in LIKE:
        return 1, 1
    row = read("overheads").set_index("profile").loc[profile]
    calls = {command: int(n) for command, n in (call.split(":") for call in row["other_calls"].split())}
    looks, jobs = calls.pop("squeue"), row["jobs"]
    by_looks = calls.pop("scontrol", jobs) - jobs
    return float(1 + (sum(calls.values()) + jobs) / row["submissions"]), float(1 + by_looks / looks)


# ---- the page -------------------------------------------------------------------------------------------------------


def write_page() -> None:
    """Make the tables of docs/scaling.md anew."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def page(text: str) -> str:
    """The page with its tables as they follow from what was measured. Raises ValueError if a table has no place."""
    for name, rows in {"plans": plans(), "overheads": overheads(), "storage": storage(), "needs": needs()}.items():
        table = tabulate(rows, headers="keys", tablefmt="github", disable_numparse=True, colalign=["left"])
        text = with_block(PAGE, text, f"{table}\n", name, "make scaling")
    return text


def plans() -> list[dict[str, str]]:
    return [
        {
            "models": count(row.models),
            "variants": count(row.variants),
            "jobs": count(row.jobs),
            "plan": duration(row.plan_s),
            "memory": room(row.plan_mb),
            "jobs handed out per second": f"{row.handed_out_per_s:.1f}" if row.handed_out_per_s > 0 else "not tried",
            "see that nothing is left": duration(row.again_s) if row.again_s > 0 else "not tried",
        }
        for row in read("plans").itertuples()
    ]


def overheads() -> list[dict[str, str]]:
    return [
        {
            "profile": f"`{row.profile}`",
            "jobs": count(row.jobs),
            "submissions": count(row.submissions),
            "beside its own work, per submission or local job": f"{row.overhead_s:.1f} s",
            "other calls of the scheduler": row.other_calls.replace(" ", ", ").replace(":", " "),
        }
        for row in read("overheads").itertuples()
    ]


def storage() -> list[dict[str, str]]:
    rows = []
    for models, variants in VARIANTS.items():
        row = {"models": count(models)}
        for column, name, write_number in (("files", "files", count), ("mb", "room", room)):
            results = models * value("storage", column, per="model") + variants * value(
                "storage", column, per="variant"
            )
            records = np.dot(record_rates(f"record_{column}"), (models, variants))
            row |= {f"results, {name}": write_number(results), f"records, {name}": write_number(records)}
        rows.append(row)
    return rows


def needs() -> list[dict[str, str]]:
    rows = []
    for models in VARIANTS:
        for profile in PROFILES:
            found = need(profile, models)
            rows.append(
                {
                    "models": count(models),
                    "profile": f"`{profile}`" + (" †" if profile in LIKE else ""),
                    "submissions": count(found.submissions),
                    "calls of the scheduler": count(found.calls),
                    "wall time": duration(found.seconds),
                    "handing out alone": duration(found.handing_out) if found.submissions else "",
                }
            )
    return rows


def count(number: float) -> str:
    return f"{number:,.0f}"


def room(megabytes: float) -> str:
    return f"{two_digits(megabytes)} MB" if megabytes < 100 else f"{two_digits(megabytes / 1000)} GB"


def duration(seconds: float) -> str:
    """In the unit that leaves one to three digits: 2.6 s, 41 min, 9.5 h, 12 days."""
    for unit, length, most in (("s", 1, 120), ("min", 60, 120), ("h", 3600, 72)):
        if seconds < most * length:
            return f"{two_digits(seconds / length)} {unit}"
    return f"{two_digits(seconds / 86400)} days"


def two_digits(number: float) -> str:
    """Two digits of a number, or all before the point."""
    return f"{number:.2g}" if number < 99.5 else f"{number:.0f}"
