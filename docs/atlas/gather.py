"""What the finished run of config/atlas.yaml says by experiment, for docs/atlas.md.

    PYTHONPATH=workflow:scripts python docs/atlas/gather.py

Writes atlas.csv beside this file, the tables of docs/atlas.md and docs/figures/comparison.png. It is no rule's output,
since the processor time that it tells differs from run to run.
"""

import shutil
import sys
from pathlib import Path

import pandas as pd
from tabulate import tabulate

from lib.differences import differences
from recurrence_circuits.claims.numbers import spread
from recurrence_circuits.claims.text import COUNT
from recurrence_circuits.figures import compared
from recurrence_circuits.io.tables import write_csv
from tools.flags import read_experiments, run_of
from tools.marked_block import with_block

MEASURED = Path(__file__).resolve().parent
ROOT, PAGE = MEASURED.parents[1], MEASURED.with_suffix(".md")
RESULTS = ROOT / "results"
COMMAND = "docs/atlas/gather.py"
ERROR, RATIO = "median relative error", "mean over that of fixed weights"
GAIN, UNTRAINED, CORRELATION = "feedback gain", "untrained", "lowest correlation of a head"
KEPT = "kept with its mean pattern"
ACCOUNT, FIXED = "refinement explained by the account", "by fixed weights"
WITHOUT = {"by_position": "by position alone", "first_order": "without softmax", "fixed_scale": "without division"}
SHOWN = [ERROR, RATIO, GAIN, UNTRAINED, CORRELATION, KEPT, ACCOUNT, FIXED]


def main() -> int:
    experiments = read_experiments(run_of(["--configfile", "config/atlas.yaml"], ROOT))
    about = differences(experiments)
    rows = pd.concat([of_experiment(RESULTS / name).assign(experiment=name) for name in about])
    write_csv(rows[["experiment", "statistic", "seed", "value"]], MEASURED / "atlas.csv")
    text = with_block(PAGE, PAGE.read_text(encoding="utf-8"), table(rows, about), "experiments", COMMAND)
    PAGE.write_text(text, encoding="utf-8")
    shutil.copy(RESULTS / "_comparison/figures/comparison.png", ROOT / "docs/figures")
    print(costs({name: each["seeds"] for name, each in experiments.items()}).to_string())
    return 0


def of_experiment(folder: Path) -> pd.DataFrame:
    """One row per statistic and seed; a count of seeds has no seed."""
    names = ("quality", "claims", "mechanism", "patterns")
    tables = {name: pd.read_csv(folder / f"tables/{name}.csv", dtype={"claim": str}) for name in names}
    early = tables["quality"].query(
        "predictor == 'model' and positions == 'early' and measure == 'relative_error' "
        "and statistic == 'quantile' and level == 0.5"
    )
    rows = [(ERROR, row.seed, row.value) for row in early.itertuples()]
    exploring = tables["claims"].query("role == 'exploration'")
    learned = exploring[(exploring["claim"] == "1") & (exploring["criterion"] != COUNT)]
    rows += [(RATIO, seed, value) for seed, value in learned.groupby("seed")["value"].max().items()]
    gains = exploring.query("criterion == 'feeds_back_negatively'")
    rows += [(GAIN, row.seed, row.value) for row in gains.itertuples()]
    rows += [(UNTRAINED, row.seed, row.control_value) for row in gains.itertuples()]
    opposing = exploring.query("criterion == 'output_opposes_prediction'")
    rows += [(CORRELATION, row.seed, row.value) for row in opposing.itertuples()]
    kept = tables["patterns"].query("model == 'trained' and replaced == 'mean' and measure == 'kept'")
    kept = kept[kept["head"].isna() & kept["position"].isna() & (kept["layer"] == kept["layer"].max())]
    rows += [(KEPT, row.seed, row.value) for row in kept.itertuples()]
    shares = tables["mechanism"].query("model == 'trained' and measure == 'refinement'")
    shares = shares[shares["position"].isna()].assign(layer=shares["layer"].astype("Int64"))
    names = {"account": ACCOUNT, "linear": FIXED} | {lesion: f"{ACCOUNT}, {words}" for lesion, words in WITHOUT.items()}
    for row in shares.itertuples():
        place = "" if row.component != row.component else f" of {row.component} {row.layer}"
        rows.append((names[row.reduced] + place, row.seed, row.value))
    rows += [
        (f"{what}: claim {row.claim}", None, count)
        for row in compared.support(exploring).itertuples()
        for what, count in (("seeds", row.seeds_in_support), ("untrained", row.control_in_support))
    ]
    rows.append(("seeds", None, exploring["n_seeds"].iloc[0]))
    return pd.DataFrame(rows, columns=["statistic", "seed", "value"]).astype({"seed": "Int64"})


def table(rows: pd.DataFrame, about: dict[str, dict[str, str]]) -> str:
    """A row per experiment: the range over seeds of each statistic."""
    shown = []
    for name, words in about.items():
        own = rows[rows["experiment"] == name]
        cells = {statistic: span(own.loc[own["statistic"] == statistic, "value"]) for statistic in SHOWN}
        differs = words["differs"].replace("x_{0}", "x_0").replace("|", r"\|")  # a bare | would end the cell
        shown.append({"experiment": name, "differs": differs} | cells)
    return tabulate(shown, headers="keys", tablefmt="github", disable_numparse=True) + "\n"


def span(values: pd.Series) -> str:
    """The least and the greatest of some values; empty if there is none."""
    return "" if values.dropna().empty else spread(values)


def costs(seeds: dict[str, list[int]]) -> pd.Series:
    """Hours that the jobs of these experiments took, by Snakemake's records: on the clock, and of processor time."""
    paths = [path for name in seeds for path in benchmarks(RESULTS / name, seeds[name])]
    return pd.concat(pd.read_csv(path, sep="\t", na_values="-") for path in paths)[["s", "cpu_time"]].sum() / 3600


def benchmarks(folder: Path, seeds: list[int]) -> list[Path]:
    """The records of the experiment's own jobs, and of those of these seeds."""
    parts = [folder / "benchmarks", *(folder / f"benchmarks/seed{seed}" for seed in seeds)]
    return sorted(path for part in parts for path in part.glob("*.tsv"))


if __name__ == "__main__":
    sys.exit(main())
