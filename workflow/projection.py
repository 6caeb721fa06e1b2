"""What many models need with each profile, from measured parts: the tables of docs/scaling.md.

The parts are tables in docs/scaling/: plans (Snakemake itself, by number of models), overheads (a job beside its own
work, by profile), calls (the scheduler's commands), work and storage (a run of the paper's config), aggregates (what
runs once a variant, by number of seeds).
"""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
from marked_block import with_block
from tabulate import tabulate

ROOT = Path(__file__).resolve().parents[1]
MEASURED = ROOT / "docs" / "scaling"
PAGE = MEASURED.with_suffix(".md")
VARIANTS = {10: 1, 100: 5, 1000: 10, 10000: 10}  # experiments by number of models; the models of each differ in seed

LOCAL_CORES = 2  # of a laptop, and of the node that submits
AT_ONCE = 100  # `jobs` in every profile of a cluster
# Seconds between looks at the jobs, of the profiles or of the plugins. SLURM's is the first while some job ends.
PAUSE = {"slurm": 2, "slurm-grouped": 2, "generic": 5, "lsf": 10, "kubernetes": 10}
ASKS_EACH_JOB = {"generic": 1, "kubernetes": 2}  # calls a look and job; the others ask once for all jobs
# Whose overhead is taken where none was measured.
LIKE = {"lsf": "slurm", "kubernetes": "generic"}
PROFILES = ["default", *PAUSE]


class Need(NamedTuple):
    """What so many models need with a profile: counts; wall time, and what handing out alone takes, in seconds."""

    submissions: float
    calls: float
    seconds: float
    handing_out: float


# ---- measured -------------------------------------------------------------------------------------------------------


def read(name: str) -> list[dict[str, str]]:
    """The rows of a measured table."""
    with (MEASURED / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(name: str, rows: list[dict]) -> None:
    """Keep a measured table; what a row lacks stays empty."""
    MEASURED.mkdir(exist_ok=True)
    with (MEASURED / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list({key: None for row in rows for key in row}), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def value(name: str, column: str, **where: str | int) -> float:
    """One number of a measured table. Raises KeyError if there is none."""
    for row in read(name):
        if all(row[key] == str(wanted) for key, wanted in where.items()) and row[column]:
            return float(row[column])
    raise KeyError(f"docs/scaling/{name}.csv: expected a number in {column} where {where}, found none")


def planned() -> dict[int, int]:
    """The sizes that were planned: models and their variants."""
    return {int(row["models"]): int(row["variants"]) for row in read("plans")}


def rates(column: str) -> tuple[float, float]:
    """How many there are a model, and how many more a variant, from plans of several sizes."""
    rows = [row for row in read("plans") if row[column]]
    sizes = [[float(row["models"]), float(row["variants"])] for row in rows]
    (model, variant), *_ = np.linalg.lstsq(np.array(sizes), np.array([float(row[column]) for row in rows]), rcond=None)
    return float(model), float(variant)


def handed_out(models: int) -> float:
    """Jobs a second that Snakemake hands out, at this size or at the largest that was tried."""
    tried = max(int(row["models"]) for row in read("plans") if row["run_s"] and int(row["models"]) <= models)
    run, start = (value("plans", column, models=tried) for column in ("run_s", "plan_s"))
    return value("plans", "submissions", models=tried) / (run - start)


def once_a_variant(seeds: int) -> float:
    """Seconds of one core for the tables, figures and report over so many seeds: on a line through those tried."""
    rows = read("aggregates")
    slope, start = np.polyfit([float(row["seeds"]) for row in rows], [float(row["seconds"]) for row in rows], 1)
    return float(start + slope * seeds)


# ---- what follows ---------------------------------------------------------------------------------------------------


def need(profile: str, models: int) -> Need:
    """What so many models of the paper's config need, with AT_ONCE places of a cluster free and VARIANTS' experiments.

    Wall time is the planning, then the stages of the models, at work or waiting to be handed out, whichever takes
    longer, then what runs once a variant on the machine that submits.
    """
    plan = value("plans", "plan_s", models=models)
    stages = {row["stage"]: float(row["seconds"]) for row in read("work")}
    overhead = value("overheads", "overhead_s", profile=LIKE.get(profile, profile))
    last = VARIANTS[models] * once_a_variant(models // VARIANTS[models]) / LOCAL_CORES
    if profile == "default":
        at_work = models * (sum(stages.values()) + overhead * len(stages)) / LOCAL_CORES
        return Need(0, 0, plan + at_work + last, 0)

    submissions = submissions_of(profile, models)
    total = models * sum(stages.values()) + submissions * overhead
    at_work = max(total / AT_ONCE, longest_chain(profile, stages, overhead))
    handing_out = submissions / handed_out(models)
    seconds = max(at_work, handing_out)
    asked = ASKS_EACH_JOB.get(profile, 0) * total / seconds  # jobs under way, one after another
    a_submission, a_look = calls_of(profile)
    looks = seconds / (PAUSE[profile] + asked * value("calls", "seconds", call="status.sh"))
    calls = submissions * a_submission + looks * a_look * (asked or 1)
    return Need(submissions, calls, plan + seconds + last, handing_out)


def submissions_of(profile: str, models: int) -> float:
    row = {"profile": LIKE.get(profile, profile)}
    a_model = value("overheads", "submissions", **row) / value("overheads", "models", **row)
    return models * a_model + VARIANTS[models] * rates("submissions")[1]


def longest_chain(profile: str, stages: dict[str, float], overhead: float) -> float:
    """Seconds from a model's first submission to its last where none waits for a place: groups of heads are ablated
    after the similarities, all else is measured after the training alone. In a group four models wait for each other.
    """
    first, then = stages["train_model"], stages["measure_similarity"] + stages["ablate_groups"]
    other = max(seconds for name, seconds in stages.items() if name != "train_model")
    if profile == "slurm-grouped":
        return 4 * (first + max(then, other)) + 2 * overhead
    return first + overhead + max(then + 2 * overhead, other + overhead)


def calls_of(profile: str) -> tuple[float, float]:
    """The scheduler's commands that a submission takes, and those that a look takes, at all jobs or at each.

    As counted: `squeue` is called by looks alone, `scontrol` once a job and for the rest by looks, all else by jobs.
    """
    if profile in LIKE:
        return 1, 1
    row = next(row for row in read("overheads") if row["profile"] == profile)
    calls = {command: int(n) for command, n in (call.split(":") for call in row["other_calls"].split())}
    looks, jobs = calls.pop("squeue"), int(row["jobs"])
    by_looks = calls.pop("scontrol", jobs) - jobs
    return 1 + (sum(calls.values()) + jobs) / int(row["submissions"]), 1 + by_looks / looks


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
            "models": count(row["models"]),
            "variants": row["variants"],
            "jobs": count(row["jobs"]),
            "plan": duration(float(row["plan_s"])),
            "memory": room(float(row["plan_mb"])),
            "jobs handed out a second": f"{handed_out(int(row['models'])):.1f}" if row["run_s"] else "not tried",
            "see that nothing is left": duration(float(row["again_s"])) if row["again_s"] else "not tried",
        }
        for row in read("plans")
    ]


def overheads() -> list[dict[str, str]]:
    return [
        {
            "profile": f"`{row['profile']}`",
            "jobs": row["jobs"],
            "submissions": row["submissions"],
            "beside its own work, a submission or local job": f"{float(row['overhead_s']):.1f} s",
            "other calls of the scheduler": row["other_calls"].replace(" ", ", ").replace(":", " ") or "none",
        }
        for row in read("overheads")
    ]


def storage() -> list[dict[str, str]]:
    rows = []
    for models, variants in planned().items():
        row = {"models": count(models)}
        for column in ("files", "mb"):
            total = sum(n * value("storage", column, per=per) for per, n in (("model", models), ("variant", variants)))
            records = sum(n * rate for n, rate in zip((models, variants), rates(f"record_{column}"), strict=True))
            for name, number in (("results", total), ("records", records)):
                text = room(number) if column == "mb" else count(number)
                row[f"{name}, {'room' if column == 'mb' else 'files'}"] = text
        rows.append(row)
    return rows


def needs() -> list[dict[str, str]]:
    rows = []
    for models in planned():
        for profile in PROFILES:
            found = need(profile, models)
            rows.append(
                {
                    "models": count(models),
                    "profile": f"`{profile}`" + (" †" if profile in LIKE else ""),
                    "jobs": count(value("plans", "jobs", models=models)),
                    "submissions": count(found.submissions),
                    "calls of the scheduler": count(found.calls),
                    "wall time": duration(found.seconds),
                    "handing out alone": duration(found.handing_out) if found.submissions else "",
                }
            )
    return rows


def count(number: float | str) -> str:
    return f"{float(number):,.0f}"


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
