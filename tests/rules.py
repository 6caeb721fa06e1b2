"""Call a rule script's main as Snakemake would, on an experiment small enough for a test."""

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace

from models import ANALYSIS, run_params
from recurrence_circuits.claims import TABLES

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"
MEASURED = {
    "score_predictions": ["predictions"],
    "ablate_heads": ["ablation"],
    "measure_similarity": ["similarity", "cosines", "attention", "contributions", "estimates"],
    "ablate_groups": ["groups"],
    "probe_layers": ["probes"],
    "measure_formation": ["formation"],
    "measure_circuits": ["circuits", "composition", "feedback"],
    "patch_paths": ["paths"],
    "identify_algorithm": ["algorithm", "nearest"],
    "explain_predictions": ["explained"],
}
THRESHOLDS = {
    "learned_ratio_max": 0.1, "copy_correlation_min": 0.5, "copy_ratio_min": 0.5, "copy_ratio_max": 2.0,
    "negative_correlation_max": -0.3, "negative_attention_max": -0.3, "ablation_kind": "mean",
    "feedback_gain_max": -0.1, "layer_ratio_max": 1.0, "refinement_ratio_max": 0.5,
    "negative_group_error_min": 0.5, "agreement_min": 0.8,
}  # fmt: skip


class Named(dict):
    """A mapping whose values are attributes too, like Snakemake's named lists."""

    __getattr__ = dict.__getitem__


def call(script: str, folder: Path, *, inputs=None, outputs=None, params=None, wildcards=None, resources=None) -> None:
    """Run scripts/{script}.py's main in this process."""
    sys.path.insert(0, str(SCRIPTS))
    try:
        main = importlib.import_module(script).main
    finally:
        sys.path.remove(str(SCRIPTS))
    named = {"input": inputs, "output": outputs, "params": params, "wildcards": wildcards, "resources": resources}
    smk = SimpleNamespace(**{key: Named(value or {}) for key, value in named.items()})
    smk.log, smk.threads = [str(folder / "logs" / f"{script}.log")], 1
    main(smk)


def generate(folder: Path, **changes) -> dict[str, str]:
    run = run_params(**changes)
    data = {part: str(folder / f"{part}.npz") for part in ("train", "test")}
    call("generate_data", folder, outputs=data, params={"task": run["task"], "data": run["data"]})
    return data


def train(folder: Path, seed: int, files: dict[str, str], checkpoint_every: int = 3, **changes) -> str:
    outputs = {
        "weights": str(folder / f"seed{seed}" / "model.safetensors"),
        "snapshots": str(folder / f"seed{seed}" / "snapshots.safetensors"),
        "history": str(folder / f"seed{seed}" / "history.csv"),
        "record": str(folder / f"seed{seed}" / "run.json"),
    }
    checkpoint = str(folder / f"seed{seed}" / "checkpoint.safetensors")
    params = {"run": run_params(seed, **changes), "code": "0", "checkpoint": checkpoint}
    call(
        "train_model",
        folder,
        inputs=files,
        outputs=outputs,
        params=params,
        resources={"checkpoint_every": checkpoint_every},
    )
    return outputs["weights"]


def measure(
    script: str, folder: Path, seed: int, weights: str, test: str, analysis: dict = ANALYSIS, **changes
) -> None:
    outputs = {table: str(folder / f"seed{seed}" / f"{table}.csv") for table in MEASURED[script]}
    outputs["qk_factors"] = str(folder / f"seed{seed}" / "qk_factors.npz")  # of measure_circuits
    params = {"run": run_params(seed, **changes), "analysis": analysis, "code": "0"}
    params |= {key: THRESHOLDS[key] for key in ("negative_correlation_max", "copy_correlation_min")}  # ablate_groups
    inputs = {"weights": weights, "test": test}
    inputs["similarity"] = str(folder / f"seed{seed}" / "similarity.csv")  # of ablate_groups
    inputs["snapshots"] = str(folder / f"seed{seed}" / "snapshots.safetensors")  # of measure_formation
    call(script, folder, inputs=inputs, outputs=outputs, params=params)


def construct(folder: Path, test: str, analysis: dict = ANALYSIS, **changes) -> None:
    run = run_params(**changes)
    params = {"task": run["task"], "data": run["data"], "analysis": analysis, "code": "0"}
    outputs = {"construction": str(folder / "tables" / "construction.csv")}
    inputs, wildcards = {"test": test}, {"experiment": "toy"}
    call("score_construction", folder, inputs=inputs, outputs=outputs, params=params, wildcards=wildcards)


def judge(folder: Path, n_layers: int = 2, confidence: float = 0.95, thresholds: dict = THRESHOLDS) -> None:
    inputs = {name: str(folder / "tables" / f"{name}.csv") for name in TABLES}
    outputs = {"table": str(folder / "tables" / "claims.csv"), "page": str(folder / "tables" / "claims.md")}
    params = {"thresholds": thresholds, "n_layers": n_layers, "confidence": confidence}
    call("judge_claims", folder, inputs=inputs, outputs=outputs, params=params, wildcards={"experiment": "toy"})


def run_all(folder: Path, seeds=(0, 1), analysis: dict = ANALYSIS, checkpoint_every: int = 3, **changes) -> None:
    """Every stage up to the claims, with changes to the settings of tests/models.py."""
    files = generate(folder, **changes)
    for seed in seeds:
        weights = train(folder, seed, files, checkpoint_every, **changes)
        for script in MEASURED:
            measure(script, folder, seed, weights, files["test"], analysis, **changes)
    for table in ["history", *(table for tables in MEASURED.values() for table in tables)]:
        inputs = {"seeds": [str(folder / f"seed{seed}" / f"{table}.csv") for seed in seeds]}
        outputs = {"table": str(folder / "tables" / f"{table}.csv")}
        call("gather_seeds", folder, inputs=inputs, outputs=outputs, wildcards={"table": table})
    for table in ("predictions", "estimates"):
        inputs = {"table": str(folder / "tables" / f"{table}.csv")}
        outputs = {"spread": str(folder / "tables" / f"{table}_spread.csv")}
        call("summarise_seeds", folder, inputs=inputs, outputs=outputs, wildcards={"table": table})
    if run_params(**changes)["task"] == "affine":
        construct(folder, files["test"], analysis, **changes)
    judge(folder, run_params(**changes)["model"]["n_layers"], analysis["confidence"])
