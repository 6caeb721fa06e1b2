"""What trained models keep if every MLP is a linear map per position, for docs/theory.md: from a finished affine run.

    PYTHONPATH=workflow:scripts python docs/theory/linear_mlps.py

The maps are fitted, by least squares, to what the MLPs do on one half of 8,192 fresh sequences; errors are of the other
half, where every map reads what those before it leave. Writes linear_mlps.csv beside this file: relative errors over
the determined positions and over the first five, of the model, of it with linear MLPs, and of copying x_n.
"""

import copy
import sys
from pathlib import Path

import pandas as pd
import torch
import yaml

from recurrence_circuits.config.check import expand_config
from recurrence_circuits.config.experiment import RunSettings, run_settings
from recurrence_circuits.io.tables import write_csv
from recurrence_circuits.model.weights import load_model
from recurrence_circuits.tasks.dataset import draw_sequences
from recurrence_circuits.tasks.errors import relative_error

ROOT = Path(__file__).resolve().parents[2]
RCOND = 1e-5  # what a norm leaves has one direction of rounding alone: a map must not blow it up
EXPERIMENT, N_SEQUENCES, FIRST, EARLY = "affine", 8192, 2, slice(2, 7)


@torch.no_grad()
def main() -> int:
    given = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    experiment = expand_config(given, "config/config.yaml")["experiments"][EXPERIMENT]
    rows = []
    for seed in experiment["seeds"]:
        run = RunSettings.from_params(run_settings(EXPERIMENT, experiment, seed))
        model = load_model(str(ROOT / f"results/{EXPERIMENT}/seed{seed}/model.safetensors"), run)
        sequences = draw_sequences(run.task, run.data, "fresh", N_SEQUENCES)["sequences"]
        fitted, scored = sequences.split(N_SEQUENCES // 2)
        predictions = {
            "model": model(scored[:, :-1]).prediction,
            "linear MLPs": with_maps(model, linear_maps(model, fitted[:, :-1]))(scored[:, :-1]).prediction,
            "copying x_n": scored[:, :-1],
        }
        for name, prediction in predictions.items():
            error = relative_error(prediction, scored)
            rows.append((seed, name, error[:, FIRST:].mean(), error[:, EARLY].mean()))
    found = pd.DataFrame(rows, columns=["seed", "predictor", "determined", "early"])
    write_csv(found, Path(__file__).with_suffix(".csv"))
    print(found.groupby("predictor", sort=False)[["determined", "early"]].agg(["min", "max"]).map("{:.2g}".format))
    return 0


def linear_maps(model, context):
    """For each layer the affine map of the MLP's input that is nearest to its output: `position d_model+1 d_model`."""
    cache = model(context)
    pairs = zip(model.blocks, cache.middle, cache.mlp_output, strict=True)
    return [
        torch.linalg.lstsq(
            _with_one(block.mlp_norm(stream)).double().transpose(0, 1),
            output.double().transpose(0, 1),
            rcond=RCOND,
            driver="gelsd",
        ).solution.float()
        for block, stream, output in pairs
    ]


class LinearMLP(torch.nn.Module):
    """An affine map per position in place of an MLP."""

    def __init__(self, map_):
        super().__init__()
        self.map = map_  # position d_model+1 d_model

    def forward(self, x):
        return (_with_one(x).transpose(0, 1) @ self.map).transpose(0, 1)


def with_maps(model, maps):
    """The model with these maps in place of its MLPs."""
    model = copy.deepcopy(model)
    for block, map_ in zip(model.blocks, maps, strict=True):
        block.mlp = LinearMLP(map_)
    return model


def _with_one(x):
    return torch.cat([x, torch.ones_like(x[..., :1])], dim=-1)


if __name__ == "__main__":
    sys.exit(main())
