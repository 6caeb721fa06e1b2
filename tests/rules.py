"""Call a rule script's main as Snakemake would, on an experiment small enough for a test."""

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace

from lib.registry import JUDGED, MEASURES, SEED_TABLES, columns_of
from models import ANALYSIS, N_SEQUENCES, run_params
from recurrence_circuits.config.tasks import TASKS

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"
CRITERIA = "criteria-0"  # their digest
THRESHOLDS = {
    "learned_ratio_max": 0.1, "copy_ratio_min": 0.5, "copy_ratio_max": 2.0, "restored_min": 0.5, "null_level": 0.01,
    "ablation_kind": "mean", "layer_ratio_max": 1.0, "refinement_ratio_max": 0.5, "agreement_min": 0.8,
}  # fmt: skip


class Named(dict):
    """A mapping like Snakemake's named lists: its values are attributes too, and iterating yields every file."""

    __getattr__ = dict.__getitem__

    def __iter__(self):
        for value in self.values():
            yield from [value] if isinstance(value, str) else value


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


def generate(folder: Path, n_sequences: dict[str, int] = N_SEQUENCES, **changes) -> dict[str, str]:
    """Draw all sequences; the paths of the files by part."""
    run, data = run_params(**changes), {}
    for part, n in n_sequences.items():
        data[part] = str(folder / f"{part}.safetensors")
        params = {"task": run["task"], "sequences": run["data"], "n_sequences": n, "code": "0"}
        call("generate_data", folder, outputs={"sequences": data[part]}, params=params, wildcards={"part": part})
    return data


def train(folder: Path, seed: int, files: dict[str, str], checkpoint_every: int = 3, **changes) -> str:
    seed_folder = folder / f"seed{seed}"
    outputs = {
        "weights": str(seed_folder / "model.safetensors"),
        "snapshots": str(seed_folder / "snapshots.safetensors"),
        "learning_curves": str(seed_folder / "learning_curves.csv"),
        "record": str(seed_folder / "run.json"),
    }
    params = {"run": run_params(seed, **changes), "code": "0", "columns": columns_of("learning_curves")}
    inputs = {part: files[part] for part in ("train", "validation")}
    resources = {"checkpoint_every": checkpoint_every, "criteria": CRITERIA}
    call("train_model", folder, inputs=inputs, outputs=outputs, params=params, resources=resources)
    return outputs["weights"]


def measure(
    measure: str, folder: Path, seed: int, weights: str, test: str, analysis: dict = ANALYSIS, **changes
) -> None:
    spec = MEASURES[measure]
    seed_folder = folder / f"seed{seed}"
    inputs = {name: str(seed_folder / file) for name, file in spec.reads.items()}
    inputs |= {"weights": weights, "test": test}
    outputs = {table: str(seed_folder / f"{table}.csv") for table in spec.tables}
    columns = columns_of(*spec.tables, *(name for name in spec.reads if name in SEED_TABLES))
    params = {"run": run_params(seed, **changes), "code": "0", "columns": columns, **analysis}
    call(f"measure_{measure}", folder, inputs=inputs, outputs=outputs, params=params)


def measure_handcrafted(folder: Path, test: str, analysis: dict = ANALYSIS, **changes) -> None:
    run = run_params(**changes)
    params = {"task": run["task"], "sequences": run["data"], "columns": columns_of("handcrafted"), **analysis}
    outputs = {"handcrafted": str(folder / "tables" / "handcrafted.csv")}
    inputs, wildcards = {"test": test}, {"experiment": "toy"}
    call("measure_handcrafted", folder, inputs=inputs, outputs=outputs, params=params, wildcards=wildcards)


def measure_null(folder: Path, test: str, analysis: dict = ANALYSIS, **changes) -> None:
    run = run_params(**changes)
    params = {key: run[key] for key in ("task", "model")} | {"sequences": run["data"], "columns": columns_of("null")}
    outputs = {"null": str(folder / "tables" / "null.csv")}
    inputs, wildcards = {"test": test}, {"experiment": "toy"}
    call("measure_null", folder, inputs=inputs, outputs=outputs, params=params | analysis, wildcards=wildcards)


def measure_agreement(
    folder: Path, weights: str, test: str, analysis: dict = ANALYSIS, seed: int = 0, **changes
) -> None:
    params = {"run": run_params(seed, **changes), "columns": columns_of("agreement"), **analysis}
    outputs = {"agreement": str(folder / "tables" / "agreement.csv")}
    call("measure_agreement", folder, inputs={"weights": weights, "test": test}, outputs=outputs, params=params)


def gather(folder: Path, seeds=(0, 1), tables=SEED_TABLES) -> None:
    parts = [str(folder / f"seed{seed}" / f"{table}.csv") for table in tables for seed in seeds]
    outputs = {table: str(folder / "tables" / f"{table}.csv") for table in tables}
    call("gather_tables", folder, inputs={"tables": parts}, outputs=outputs, params={"code": "0"})


def judge(
    folder: Path,
    seeds=(0, 1),
    n_layers: int = 2,
    confidence: float = 0.95,
    thresholds: dict = THRESHOLDS,
    confirmation_seeds=(),
    criteria: str = CRITERIA,
    first_determined: int = 2,
) -> None:
    every = [*seeds, *confirmation_seeds]
    inputs = {name: [str(folder / f"seed{seed}" / f"{name}.csv") for seed in every] for name in JUDGED}
    inputs["records"] = [str(folder / f"seed{seed}" / "run.json") for seed in every]
    inputs["null"] = [str(folder / "tables" / "null.csv")]
    files = {"table": "claims.csv", "page": "claims.md", "standing": "standing.json"}
    outputs = {name: str(folder / "tables" / file) for name, file in files.items()}
    params = {"thresholds": thresholds, "n_layers": n_layers, "confidence": confidence}
    params |= {"confirmation_seeds": list(confirmation_seeds), "criteria": criteria, "commit": ""}
    params["first_determined"] = first_determined
    params["columns"] = columns_of(*JUDGED, "null", "claims")
    call("judge_claims", folder, inputs=inputs, outputs=outputs, params=params, wildcards={"experiment": "toy"})


def run_judged(folder: Path, seeds) -> None:
    """Every stage that the judge reads, but for the claims themselves."""
    files, _ = _measured(folder, seeds, JUDGED, ANALYSIS, 3, N_SEQUENCES)
    measure_null(folder, files["test"], ANALYSIS)


def _measured(folder, seeds, measures, analysis, checkpoint_every, n_sequences, **changes) -> tuple[dict, dict]:
    """Sequences, trained models and these measures of them; the files of sequences and, by seed, those of weights."""
    files = generate(folder, n_sequences, **changes)
    weights = {seed: train(folder, seed, files, checkpoint_every, **changes) for seed in seeds}
    for seed in seeds:
        for name in measures:
            measure(name, folder, seed, weights[seed], files["test"], analysis, **changes)
    return files, weights


def run_all(
    folder: Path, seeds=(0, 1), analysis: dict = ANALYSIS, checkpoint_every: int = 3, n_sequences=N_SEQUENCES, **changes
) -> None:
    """Every stage up to the claims, with changes to the settings of tests/models.py."""
    files, weights = _measured(folder, seeds, MEASURES, analysis, checkpoint_every, n_sequences, **changes)
    gather(folder, seeds)
    if run_params(**changes)["task"] == "affine":
        measure_handcrafted(folder, files["test"], analysis, **changes)
    measure_null(folder, files["test"], analysis, **changes)
    measure_agreement(folder, weights[seeds[0]], files["test"], analysis, seeds[0], **changes)
    run = run_params(**changes)
    first = TASKS[run["task"]].first_determined(run["data"]["dimension"], run["data"]["degree"])
    judge(folder, seeds, run["model"]["n_layers"], analysis["confidence"], first_determined=first)
