"""Pages of the explorer for the tests: made by the rule's own script, of small models with random weights."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd
import torch

from lib.places import EXPLORER
from lib.registry import columns_of
from models import random_model, run_params
from recurrence_circuits.config.experiment import RunSettings
from recurrence_circuits.io.tables import write_table
from recurrence_circuits.model.transformer import Transformer
from recurrence_circuits.model.weights import load_model, load_snapshots, new_model, save_model, save_snapshots
from recurrence_circuits.model.weights import snapshot_steps as steps_of
from recurrence_circuits.tasks.dataset import draw_sequences, read_sequences, write_sequences
from rules import call

N_TEST = 48
PAPER = {"n_layers": 3, "n_heads": 4, "d_model": 64, "d_mlp": 256}  # the size of the paper's run
VECTOR = {"task": "affine_vector", "data": {"dimension": 2, "context_length": 8}}
POLYNOMIAL = {"task": "polynomial", "data": {"degree": 3, "context_length": 8}}
EXPERIMENTS = {
    "default": {"model": PAPER, "data": {"context_length": 16}, "training": {"steps": 1000, "n_snapshots": 2}},
    "attention_only": {"model": {"attention_only": True}},
    "no_norm": {"model": {"norm": "none"}},
    "rms_relu_unplaced": {"model": {"norm": "rms_norm", "activation": "relu", "position_embedding": False}},
    "noisy": {"data": {"noise": 0.1, "a_max": 0.9, "b_std": 0.5, "x0_std": 2.0}},
    "large": {"model": {"n_layers": 6, "n_heads": 8, "d_model": 16}, "data": {"context_length": 41}},
    "vector": VECTOR,
    "polynomial": POLYNOMIAL,
}
SEEDS = (0, 3)
NEGATIVE = {0: ["L1H0", "L1H1"], 3: []}  # the groups' table of the seeds: one has negative heads, one has none


class Explorer(NamedTuple):
    """A page, and what it was made from: the runs by seed, their models by seed and kind, and the test sequences."""

    path: Path
    runs: dict[int, RunSettings]
    models: dict[tuple[int, str], Transformer]
    sequences: torch.Tensor


def make_explorer(folder: Path, experiment: str, seeds=SEEDS) -> Explorer:
    """The page of one of EXPERIMENTS, from files with random weights, in `folder`."""
    changes = {"experiment": experiment.replace("_", "-"), **EXPERIMENTS[experiment]}
    runs = {seed: RunSettings.from_params(run_params(seed, **changes)) for seed in seeds}
    data = runs[seeds[0]].data
    test = str(folder / "test.safetensors")
    write_sequences(test, draw_sequences(runs[seeds[0]].task, data, "test", N_TEST), runs[seeds[0]].task, data)
    inputs, models = {"weights": [], "snapshots": [], "groups": [], "test": test}, {}
    for seed, run in runs.items():
        files = {name: str(folder / f"seed{seed}" / name) for name in ("weights", "snapshots", "groups")}
        save_model(files["weights"], _random(run, 10 * seed), run)
        steps = steps_of(run.training.steps, run.training.n_snapshots)
        kept = {step: _random(run, 10 * seed + step).state_dict() for step in steps}
        save_snapshots(files["snapshots"], kept, run)
        write_table("groups", columns_of("groups")["groups"], groups_table(run, NEGATIVE[seed]), files["groups"])
        for name, path in files.items():
            inputs[name].append(path)
        models[seed, "trained"] = load_model(files["weights"], run)
        models[seed, "untrained"] = new_model(run).eval().requires_grad_(False)
        models |= {(seed, f"step{n}"): model for n, model in load_snapshots(files["snapshots"], run).items()}
    path = folder / "explorer.html"
    params = {"runs": [run.to_dict() for run in runs.values()], "columns": columns_of("groups"), "page": str(EXPLORER)}
    call("write_explorer", folder, inputs=inputs, outputs={"explorer": str(path)}, params=params)
    return Explorer(path, runs, models, read_sequences(test, data))


def _random(run: RunSettings, seed: int) -> Transformer:
    # Wide models add up more terms: their weights are smaller, so that predictions are of the size of the terms.
    scale = (8 / run.model.d_model) ** 0.5
    return random_model(seed, run.data.dimension, run.data.context_length, scale, **run.model.to_dict())


def groups_table(run: RunSettings, negative: list[str]) -> pd.DataFrame:
    """The rows of the table `groups` that tell which heads are negative, beside some that the page has no use for."""
    rows = [
        {"group": "negative", "members": "chosen", "heads": " ".join(negative) or None},
        {"group": "negative", "members": "random_other_layers", "heads": "L0H0"},
        {"group": "copying", "members": "chosen", "heads": "L0H1"},
    ]
    same = {"experiment": run.experiment, "seed": run.seed, "model": "trained", "intervention": "ablated"}
    same |= {"kind": "zero", "position": None, "measure": "change", "value": 1.0, "low": 0.5, "high": 1.5, "size": 1}
    return pd.DataFrame(rows).assign(**same)
