"""The goals: what was to be reached, what was measured, and whether it was.

A verdict goes by the median, and for errors by what seeds differ in as well. Timing decides no test.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from tools.benchmarks.results import (
    AFTER,
    BEFORE,
    EMPTY,
    FLOOR,
    FOLDER,
    NOTHING,
    OURS,
    RESTYLED,
    Spread,
    ratio,
    read,
)

MET, NOT_MET, NOT_MEASURED = "met", "**not met**", "not measured"
QUANTILES = {"median": "median", "q90": "90 % quantile", "q99": "99 % quantile", "q999": "99.9 % quantile"}


class Goal(NamedTuple):
    """What is to be reached: at least the target or, if not `at_least`, at most; in `unit`, a ratio if empty.

    why: the table of the page that shows what stands in the way
    spread_counts: met, too, if the target is between the quartiles, since what is measured differs by chance
    """

    what: str
    target: float
    measure: Callable[[Path], Spread]
    why: str
    at_least: bool = False
    unit: str = ""
    spread_counts: bool = False

    def verdict(self, found: Spread) -> str:
        if pd.isna(found.median):
            return NOT_MEASURED
        if self.spread_counts and found.low <= self.target <= found.high:
            return MET
        return MET if (found.median >= self.target if self.at_least else found.median <= self.target) else NOT_MET


# ---- measures: from the tables in a folder, NaN where they are missing -----------------------------------------------


def step_ratio(above: str, below: str, batch: int) -> Callable[[Path], Spread]:
    def measure(folder: Path) -> Spread:
        table = read("step", folder)
        return ratio(table[table["batch"] == batch], "contestant", above, below)

    return measure


def quickest_recipe(folder: Path) -> Spread:
    """CPU time of the quickest of our recipes that is no worse than the default, over the default's, seed by seed.

    1 if that is the default itself; NaN if no other was tried.
    """
    table = read("trainings", folder)
    ours = table[table["whose"] == OURS].rename(columns={"seed": "round"})
    if ours["recipe"].nunique() < 2:
        return Spread.of([])
    medians = ours.groupby("recipe", sort=False)[["seconds", "median", "q99"]].median()
    as_good = (medians[["median", "q99"]] <= medians.iloc[0][["median", "q99"]]).all(axis=1)
    quickest, default = medians.loc[as_good, "seconds"].idxmin(), medians.index[0]
    return ratio(ours, "recipe", quickest, default)


def analyses_ratio(folder: Path) -> Spread:
    """CPU time of all analyses of all seeds, after over before, round by round."""
    return ratio(read("stages", folder).query("stage != 'train_model'"), "version", AFTER, BEFORE)


def paper_ratio(folder: Path) -> Spread:
    return ratio(read("paper", folder), "version", AFTER, BEFORE)


def quantile_ratio(level: str) -> Callable[[Path], Spread]:
    def measure(folder: Path) -> Spread:
        table = read("quality", folder).rename(columns={"seed": "round"})
        return ratio(table, "version", AFTER, BEFORE, value=level)

    return measure


def rerun_ratio(folder: Path) -> Spread:
    return ratio(read("reruns", folder), "what", NOTHING, EMPTY)


def rerun(what: str, column: str) -> Callable[[Path], Spread]:
    def measure(folder: Path) -> Spread:
        table = read("reruns", folder)
        return Spread.of(table.loc[table["what"] == what, column])

    return measure


def start_up_ratio(folder: Path) -> Spread:
    """CPU time of all jobs of the smoke config, which is that of their start, after over before."""
    return ratio(read("startup", folder), "version", AFTER, BEFORE, value="cpu")


def smoke(folder: Path) -> Spread:
    return Spread.of(read("startup", folder).query("version == @AFTER")["seconds"])


GOALS = [
    *(
        Goal(f"a step's time, {peer} over ours, batch {batch}", target, step_ratio(peer, OURS, batch), "profile", True)
        for peer, target in (("HookedTransformer", 1.8), ("GPT2Model", 1.6))
        for batch in (32, 64, 128)
    ),
    *(
        Goal(f"matrix products' share of a step, batch {batch}", 0.55, step_ratio(FLOOR, OURS, batch), "profile", True)
        for batch in (32, 64, 128)
    ),
    Goal("a training as good at median and 99 % in less CPU time", 0.33, quickest_recipe, "trainings"),
    Goal(f"all analyses of a seed, over {BEFORE}", 0.333, analyses_ratio, "stages"),
    Goal(f"start-up of all jobs, over {BEFORE}", 0.5, start_up_ratio, "startup"),
    Goal(f"{NOTHING}, over {EMPTY}", 1.4, rerun_ratio, "reruns"),
    Goal(f"make paper, over {BEFORE}", 0.5, paper_ratio, "stages"),
    *(
        Goal(
            f"{name} of the error after make paper, over {BEFORE}", 1.0, quantile_ratio(level), "trainings",
            spread_counts=True,
        )
        for level, name in QUANTILES.items()
    ),
    Goal(RESTYLED, 15, rerun(RESTYLED, "seconds"), "reruns", unit="s"),
    Goal("outputs made again for it", 1, rerun(RESTYLED, "outputs"), "reruns"),
    Goal("the smoke config, every rule", 60, smoke, "startup", unit="s"),
]  # fmt: skip


def judged(folder: Path = FOLDER) -> pd.DataFrame:
    """One row per goal: goal, target (with its direction), unit, measured, low and high (quartiles), verdict, why."""
    rows = []
    for goal in GOALS:
        found = goal.measure(folder)
        rows.append(
            {
                "goal": goal.what, "target": f"{'≥' if goal.at_least else '≤'} {goal.target:g}", "unit": goal.unit,
                "measured": found.median, "low": found.low, "high": found.high, "verdict": goal.verdict(found),
                "why": goal.why,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)
