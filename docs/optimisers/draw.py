"""Quality, cost and mechanism by optimiser, from the finished run of config/atlas.yaml, for docs/optimisers.md.

    PYTHONPATH=workflow:scripts python docs/optimisers/draw.py

Writes optimisers.csv beside this file and docs/figures/optimisers.png. It is no rule's figure, since the processor time
that it shows differs from run to run.
"""

import json
import sys
from pathlib import Path

import pandas as pd
import yaml

from recurrence_circuits.figures import style
from recurrence_circuits.figures.colours import BLACK
from recurrence_circuits.io.tables import write_csv

from matplotlib.ticker import NullFormatter  # isort: skip  (style is imported first: it keeps the user's settings away)

ROOT = Path(__file__).resolve().parents[2]
EXPERIMENTS = [  # of config/atlas.yaml: those that differ in how they are trained, with LayerNorm, then without a norm
    "adamw-short", "affine", "adamw-long", "soap", "soap-long", "soap-longest", "muon-short", "muon", "muon-longest",
    "no-norm", "soap-no-norm", "muon-no-norm",
]  # fmt: skip
USUAL = {"optimiser": "adamw", "steps": 6000}  # where an experiment does not say otherwise
LEVELS = {0.5: "median", 0.9: "90 %", 0.99: "99 %", 0.999: "99.9 %"}
QUALITY = "squared error of a sequence: "
COST = "processor time of training (s)"
# What the claims rest on: their statistic in claims.csv, and its name here.
CLAIMED = {
    ("2c", "copies_a_recent_term"): "largest derivative of layer 0's\nattention by a recent term",
    ("3a", "output_opposes_prediction"): "lowest correlation of a head\nwith the prediction",
    ("4", "last_layer_refines"): "error after the last layer\nover the one before it",
}
GAIN = "feedback gain of the last layer"


def main() -> int:
    config = yaml.safe_load((ROOT / "config/atlas.yaml").read_text(encoding="utf-8"))["experiments"]
    names = {name: called(config[name]) for name in EXPERIMENTS}
    rows = pd.concat([of_experiment(ROOT / "results" / name).assign(experiment=names[name]) for name in names])
    write_csv(
        rows.assign(statistic=rows["statistic"].str.replace("\n", " ")), Path(__file__).with_name("optimisers.csv")
    )
    draw(rows).savefig(ROOT / "docs/figures/optimisers.png", dpi=style.DPI)
    wide = rows.groupby(["experiment", "statistic"], sort=False)["value"].agg(["min", "max"])
    print(wide.map("{:.3g}".format).to_string())
    return 0


def called(experiment: dict) -> str:
    """An experiment by what sets it apart."""
    training = USUAL | experiment.get("training", {})
    without = ", no norm" if experiment.get("model", {}).get("norm") == "none" else ""
    return f"{training['optimiser']}, {training['steps']:,} steps{without}"


def of_experiment(folder: Path) -> pd.DataFrame:
    """One row per seed and statistic: seed, statistic, value."""
    tables = {name: pd.read_csv(folder / f"tables/{name}.csv") for name in ("quality", "claims", "feedback")}
    rows = []
    quality = tables["quality"].query(
        "predictor == 'model' and positions == 'determined' and measure == 'squared_error' and statistic == 'quantile'"
    )
    rows += [(row.seed, QUALITY + LEVELS[row.level], row.value) for row in quality.itertuples()]
    for seed in quality["seed"].unique():
        record = json.loads((folder / f"seed{seed}/run.json").read_text(encoding="utf-8"))
        rows.append((seed, COST, record["cost"]["cpu_seconds"]))
    for row in tables["claims"].query("role == 'exploration'").itertuples():
        if (str(row.claim), row.criterion) in CLAIMED:
            rows.append((row.seed, CLAIMED[str(row.claim), row.criterion], row.value))
    gains = tables["feedback"].query(
        "model == 'trained' and component == 'attention' and perturbed == 'context' and pattern == 'held'"
    )
    gains = gains[gains["position"].isna() & (gains["layer"] == gains["layer"].max())]
    rows += [(row.seed, GAIN, row.value) for row in gains.itertuples()]
    return pd.DataFrame(rows, columns=["seed", "statistic", "value"])


def draw(rows: pd.DataFrame):
    """A panel per statistic, a row per experiment, a dot per seed."""
    statistics, experiments = list(dict.fromkeys(rows["statistic"])), list(dict.fromkeys(rows["experiment"]))
    figure = style.new_figure(style.PAGE, 6.2)
    panels = figure.subplots(3, 3, sharey=True).flat
    for axes, statistic in zip(panels, statistics, strict=True):
        for place, experiment in enumerate(experiments):
            values = rows.loc[(rows["experiment"] == experiment) & (rows["statistic"] == statistic), "value"]
            axes.plot(values, [place] * len(values), "o", markersize=4, color=BLACK, alpha=0.6, markeredgewidth=0)
        axes.set_title(statistic.replace(": ", ":\n"), size=8)
        if statistic.startswith(QUALITY):
            axes.set_xscale("log")
            axes.xaxis.set_minor_formatter(NullFormatter())
        elif statistic == COST:
            axes.set_xlim(left=0)
        else:
            axes.axvline(0, linewidth=0.6, color=BLACK)
        axes.set_yticks(range(len(experiments)), experiments)
        axes.set_ylim(len(experiments) - 0.5, -0.5)
    return figure


if __name__ == "__main__":
    sys.exit(main())
