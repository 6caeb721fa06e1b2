"""The page of the results: every goal with its verdict, then the tables that say why."""

from pathlib import Path

import pandas as pd
from tabulate import tabulate

from recurrence_circuits.io.files import write_text
from tools.benchmarks import goals, growth
from tools.benchmarks.results import FOLDER, OURS, Spread, ratio, read

PROFILED = 15  # operations of a step that are shown
MISSING = "Not measured yet.\n"


def write() -> Path:
    """Write the page and goals.csv from the tables that there are; returns the page's path."""
    judged, page = goals.judged(), FOLDER / "index.md"
    judged.to_csv(FOLDER / "goals.csv", index=False, lineterminator="\n")
    write_text(page, text(FOLDER))
    return page


def text(folder: Path) -> str:
    """The page in Markdown, from the tables in a folder; goals that are not met are named first."""
    missed = goals.judged(folder).query("verdict == @goals.NOT_MET")
    lines = [
        f"- {row.goal}: {row.target}, found {number(row.measured)}. Why: {row.why}." for row in missed.itertuples()
    ]
    parts = ["# Benchmarks\n", "## Not met\n", "\n".join(lines or ["Nothing."]) + "\n"]
    for name, block in blocks(folder).items():
        parts += [f"## {name.capitalize()}\n", block]
    return "\n".join(parts)


def blocks(folder: Path) -> dict[str, str]:
    """The tables of the page, in Markdown, by name."""
    made = {
        "goals": goal_rows, "step": step_rows, "profile": profile_rows, "trainings": training_rows,
        "growth": growth_rows, "device": device_rows, "paper": paper_rows, "stages": stage_rows,
        "startup": startup_rows, "reruns": rerun_rows,
    }  # fmt: skip
    return {name: markdown(rows(folder)) for name, rows in made.items()}


def markdown(rows: list[dict]) -> str:
    if not rows:
        return MISSING
    return tabulate(rows, headers="keys", tablefmt="github", disable_numparse=True) + "\n"


def number(value: float) -> str:
    """Three digits, as a reader writes them."""
    return "" if pd.isna(value) else f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def spread(found: Spread) -> str:
    """A median with its quartiles."""
    return "" if pd.isna(found.median) else f"{number(found.median)} ({number(found.low)} – {number(found.high)})"


def goal_rows(folder: Path) -> list[dict]:
    return [
        {
            "goal": row.goal,
            "target": f"{row.target} {row.unit}".strip(),
            "measured": spread(Spread(row.measured, row.low, row.high)),
            "verdict": row.verdict,
        }
        for row in goals.judged(folder).itertuples()
    ]


def step_rows(folder: Path) -> list[dict]:
    """Milliseconds of a step, and how often ours fits into it."""
    rows = []
    for batch, table in read("step", folder).groupby("batch"):
        for name, own in table.groupby("contestant", sort=False):
            times = spread(ratio(table, "contestant", name, OURS))
            rows.append(
                {"batch": batch, "step": name, "ms": spread(Spread.of(own["seconds"] * 1e3)), "over ours": times}
            )
    return rows


def profile_rows(folder: Path) -> list[dict]:
    table = read("profile", folder).head(PROFILED)
    return [{"operation": row.operation, "share of our step": f"{row.share:.1%}"} for row in table.itertuples()]


def training_rows(folder: Path) -> list[dict]:
    """Per recipe: seeds an hour on one core, the medians over seeds, and whether a peer came as far as our default."""
    table = read("trainings", folder)
    if table.empty:
        return []
    last = table.groupby(["recipe", "seed"], sort=False, as_index=False).last()
    default = last.loc[last["recipe"] == last["recipe"].iloc[0], "q90"].median()
    rows = []
    for (whose, recipe), own in last.groupby(["whose", "recipe"], sort=False):
        reached = int((own["q90"] <= default).sum())
        note = f"{reached} of {len(own)} seeds were as good as ours at 90 %, in at most {own['step'].max():,} steps"
        bound = "fewer than " if whose != OURS and reached < len(own) else ""
        rows.append(
            {
                "recipe": recipe, "seeds": len(own), "CPU, s": spread(Spread.of(own["seconds"])),
                "seeds an hour and core": bound + number(3600 / own["seconds"].median()),
                **{name: number(own[level].median()) for level, name in goals.QUANTILES.items()},
                "note": "" if whose == OURS else note,
            }
        )  # fmt: skip
    return rows


def growth_rows(folder: Path) -> list[dict]:
    """The cost at every size, and the exponent over all of them."""
    rows, units = [], {growth.STEP: ("ms", 1e3), growth.ANALYSES: ("s", 1)}
    for (axis, what), own in growth.costs(read("growth", folder)).groupby(["axis", "what"], sort=False):
        found = growth.exponent(own["size"], own["seconds"]) if len(own) > 2 else None
        unit, per_second = units[what]
        costs = ", ".join(
            f"{size}: {number(seconds * per_second)}" for size, seconds in zip(own["size"], own["seconds"], strict=True)
        )
        rows.append(
            {
                "axis": axis, "cost": f"{what}, {unit}", "by size": costs,
                "exponent, 95 % interval": f"{found.value:.2f} ({found.low:.2f} – {found.high:.2f})" if found else "",
            }
        )  # fmt: skip
    return rows


def device_rows(folder: Path) -> list[dict]:
    """Steps per second of all seeds together, in processes side by side and, at most, stacked in one."""
    rows = []
    for (name, count), own in read("device", folder).groupby(["device", "count"], sort=False):
        found = own.groupby("what", sort=False)["steps"].agg(Spread.of)
        rows.append({"device": name, "seeds at once": count, **{what: spread(steps) for what, steps in found.items()}})
    return rows


def paper_rows(folder: Path) -> list[dict]:
    return _by_version(read("paper", folder))


def startup_rows(folder: Path) -> list[dict]:
    """The smoke config: wall time of the run, CPU time of its jobs."""
    return _by_version(read("startup", folder))


def _by_version(table: pd.DataFrame) -> list[dict]:
    return [
        {"version": version, "wall, s": spread(Spread.of(own["seconds"])), "CPU, s": spread(Spread.of(own["cpu"]))}
        for version, own in table.groupby("version", sort=False)
    ]


def stage_rows(folder: Path) -> list[dict]:
    """Seconds of CPU of each stage of a seed, in both versions; stages were renamed in between."""
    table = read("stages", folder).groupby(["stage", "version"])["seconds"].median().unstack()
    return [{"stage": stage, **{version: number(row[version]) for version in table}} for stage, row in table.iterrows()]


def rerun_rows(folder: Path) -> list[dict]:
    return [
        {"what": what, "s": spread(Spread.of(own["seconds"]))}
        for what, own in read("reruns", folder).groupby("what", sort=False)
    ]
