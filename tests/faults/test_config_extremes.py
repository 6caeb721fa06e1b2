"""The ends of what the config accepts really run: every stage, the claims, every figure and the report.

Ends that do not meet are tried together, so that the suite stays short; where an end costs hours or a machine of
another size, the largest value that a test can afford is tried in its place, and TOO_LARGE says so.
"""

import math
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import rules
from drawing import draw
from lib.provenance import caption_of
from lib.registry import FIGURES, columns_of, figures_of
from models import ANALYSIS, DATA, MODEL, N_SEQUENCES, TRAINING
from recurrence_circuits.config.check import expand_config, leaves
from recurrence_circuits.config.relations import LEAST_NOISE
from reports import PNG, TEMPLATE, benchmark_record
from tables import read_table

LEAVES = leaves()
ALMOST_1, ABOVE_0, ABOVE_HALF = math.nextafter(1, 0), math.nextafter(0, 1), math.nextafter(0.5, 1)
# The high ends that no test can afford, each with the largest value tried.
TOO_LARGE = {
    "data.n_train": 256,  # 10⁹ sequences fill 4 GB and more
    "data.n_validation": 256,
    "data.n_test": 256,
    "data.context_length": 64,  # at 512 the handcrafted models alone take ten minutes
    "model.d_model": 64,  # at 2048 a model has 10⁸ weights
    "model.d_mlp": 8192,
    "training.steps": 400,  # 10⁷ take days
    "training.batch_size": 128,
    "training.warmup_steps": 399,
    "training.evaluate_every": 400,
    "training.checkpoint_every": 10_000_000,
    "analysis.resamples": 100_000,
    "analysis.n_shown": 256,
    "analysis.n_condition": 256,
    "analysis.n_fresh": 10_000,  # 10⁶ take minutes
    "analysis.n_null": 10,
}
# Ends that another key keeps from being reached.
BOUND_BELOW = {"claims.copy_ratio_max": 2 * ABOVE_0, "data.context_length": 3}
TOO_LARGE["claims.copy_ratio_min"] = math.nextafter(100, 0)
SHORT = {"training.steps": 1, "training.warmup_steps": 0, "training.evaluate_every": 1}
FEW = {"data.n_validation": 32, "data.n_test": 32, "analysis.n_shown": 1, "analysis.n_condition": 32}
RUNS: dict[str, dict] = {
    "the least of everything": {
        **SHORT, **FEW, "data.n_train": 1, "training.batch_size": 1, "data.context_length": 4,
        "data.seed": 0, "seeds": [0], "confirmation_seeds": [2**31 - 1],
        "model.n_layers": 1, "model.n_heads": 1, "model.d_model": 2, "model.d_mlp": 1, "analysis.noise_levels": [],
        "analysis.resamples": 100, "analysis.confidence": ABOVE_HALF, "analysis.feedback_epsilon": 0.001,
        "analysis.negative_head_correlation_max": -1.0, "analysis.copying_head_correlation_min": -1.0,
        "training.learning_rate": ABOVE_0, "training.beta1": ABOVE_0, "training.beta2": ABOVE_0,
        "training.clip_norm": ABOVE_0, "analysis.n_fresh": 1000, "analysis.n_null": 2,
        "training.checkpoint_every": 1, "training.final_learning_rate": 0.0, "training.weight_decay": 0.0,
        "training.n_snapshots": 0, "data.noise": 0.0, "data.dimension": 1, "data.degree": 0,
    },
    "the most of what is cheap": {
        "data.seed": 2**31 - 1, "seeds": [2**31 - 1], "confirmation_seeds": [0],
        "data.noise": 100.0, "training.learning_rate": 1.0,
        "training.beta1": ALMOST_1, "training.beta2": ALMOST_1, "training.clip_norm": 1e6,
        "training.final_learning_rate": 1.0, "training.n_snapshots": 100, "training.checkpoint_every": 10**7,
        "analysis.confidence": 0.9999,
        "analysis.negative_head_correlation_max": 1.0, "analysis.copying_head_correlation_min": 1.0,
        "analysis.feedback_epsilon": 10.0, "analysis.noise_levels": [0.0001, *map(float, range(1, 19)), 100.0],
    },
    "the highest learning rate without LayerNorm": {"training.learning_rate": 1.0, "model.norm": "none"},
    "the strongest decay": {"training.weight_decay": 10.0, "training.learning_rate": 0.1},
    "the least noise": {"data.noise": LEAST_NOISE, "data.context_length": 32},
    "narrow ranges": {"data.a_max": 0.1, "data.b_std": 0.01, "data.x0_std": 0.01, "data.noise": LEAST_NOISE},
    "wide ranges": {"data.a_max": 2.0, "data.b_std": 100.0, "data.x0_std": 100.0},
    "wide ranges, noise": {"data.a_max": 2.0, "data.b_std": 100.0, "data.x0_std": 100.0, "data.noise": 100.0},
    "many steps": {
        "training.steps": 400, "training.warmup_steps": 399, "training.evaluate_every": 400, "training.n_snapshots": 5,
        "data.n_train": 256, "data.n_validation": 256, "data.n_test": 256, "analysis.n_shown": 256,
        "analysis.n_condition": 256, "training.batch_size": 128, "analysis.n_fresh": 10_000, "analysis.n_null": 10,
    },
    "soap, least": {"training.optimiser": "soap", "training.precondition_every": 1, "training.beta1": ABOVE_0},
    "soap, most": {
        "training.optimiser": "soap", "training.precondition_every": 10**7, "training.beta1": ALMOST_1,
        "training.beta2": ALMOST_1, "training.learning_rate": 1.0,
    },
    "muon, least": {"training.optimiser": "muon", "training.momentum": ABOVE_0},
    "muon, most": {"training.optimiser": "muon", "training.momentum": ALMOST_1, "training.learning_rate": 1.0},
    "many resamples": {**FEW, "model.n_layers": 1, "analysis.resamples": 100_000},
    "long sequences": {**FEW, "data.context_length": 64, "analysis.noise_levels": []},
    "a deep model": {"model.n_layers": 12},
    "a wide model of many heads": {
        **SHORT, **FEW, "model.n_layers": 1, "model.n_heads": 64, "model.d_model": 64, "model.d_mlp": 8192,
    },
    "heads of width 1": {"model.n_heads": 8, "model.d_model": 8},
    "other parts": {"model.norm": "rms_norm", "model.activation": "relu", "model.position_embedding": False},
    "attention only, one layer": {"model.attention_only": True, "model.norm": "none", "model.n_layers": 1},
    "vectors, least": {"task": "affine_vector", "data.dimension": 2, "data.context_length": 5},
    "vectors, most": {"task": "affine_vector", "data.dimension": 16, "data.context_length": 19, "data.noise": 100.0},
    "polynomial, least": {"task": "polynomial", "data.degree": 1, "data.context_length": 3},
    "polynomial, most": {"task": "polynomial", "data.degree": 16, "data.context_length": 18},
    "any device": {"training.device": "auto"},
}  # fmt: skip
DRAWN = [
    "the least of everything", "the most of what is cheap", "other parts", "wide ranges, noise", "vectors, least",
    "polynomial, most",
]  # fmt: skip


def settings_of(run: dict) -> dict:
    """The experiment of a run, expanded as Snakemake's parsing does it, from the tiny one of the tests."""
    experiment = {"task": "affine", "data": {}, "model": {}, "training": {}, "analysis": {}, "claims": {}, "seeds": [0]}
    data = DATA | {f"n_{part}": n for part, n in N_SEQUENCES.items()}
    for section, small in {"data": data, "model": MODEL, "training": TRAINING, "analysis": ANALYSIS}.items():
        experiment[section] = dict(small)
    for key, value in run.items():
        section, _, name = key.rpartition(".")
        (experiment[section] if section else experiment)[name] = value
    return expand_config({"experiments": {"toy": experiment}}, "test")["experiments"]["toy"]


def ends(key: str) -> list:
    """The lowest and the highest value of a key that the config accepts; every value, if it names them."""
    schema = LEAVES[key]
    if schema["type"] == "boolean":
        return [False, True]
    if "enum" in schema:
        return schema["enum"]
    if "items" in schema:
        return [schema["items"]["minimum"], schema["items"]["maximum"]]
    low = schema["minimum"] if "minimum" in schema else math.nextafter(schema["exclusiveMinimum"], math.inf)
    high = schema["maximum"] if "maximum" in schema else math.nextafter(schema["exclusiveMaximum"], -math.inf)
    return [BOUND_BELOW.get(key, low), TOO_LARGE.get(key, high)]


@pytest.mark.parametrize("key", [key for key in LEAVES if not key.startswith("claims.")])
def test_every_end_is_tried(key):
    """So that a new key, or a wider range, asks for a run of its own."""
    section, _, name = key.rpartition(".")
    tried = []
    for settings in map(settings_of, RUNS.values()):
        value = settings[section][name] if section else settings[name]
        tried += value if isinstance(value, list) else [value]
    untried = {"cuda"}  # needs a GPU
    assert set(ends(key)) - untried <= set(tried)


def run_all(folder: Path, settings: dict) -> None:
    changes = {"task": settings["task"], "model": settings["model"]}
    changes["data"] = {key: settings["data"][key] for key in DATA}
    n_sequences = {part: settings["data"][f"n_{part}"] for part in N_SEQUENCES}
    changes["training"] = {key: value for key, value in settings["training"].items() if key != "checkpoint_every"}
    checkpoint_every = settings["training"]["checkpoint_every"]
    rules.run_all(folder, settings["seeds"], settings["analysis"], checkpoint_every, n_sequences, **changes)


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_the_ends_run_through_every_stage(name, tmp_path):
    settings = settings_of(RUNS[name])
    run_all(tmp_path, settings)
    assert set(read_table("claims", str(tmp_path / "tables/claims.csv"))["claim"]) >= {"2a", "2b", "3a", "3b", "5"}
    write_report(tmp_path, settings)
    if name in DRAWN:
        for figure in figures_of(settings["task"]):
            drawn, _ = draw(figure, *(read_table(t, str(tmp_path / f"tables/{t}.csv")) for t in FIGURES[figure]))
            drawn.draw_without_rendering()
            plt.close(drawn)


def write_report(folder: Path, settings: dict) -> None:
    """The report of a run, with made-up pictures and costs."""
    names = figures_of(settings["task"])
    figures = [folder / "figures" / f"{figure}.png" for figure in names]
    for path in figures:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(PNG)
    tables = ("claims", "predictions", "quality", "nearest", "agreement")
    inputs = {name: [str(folder / "tables" / f"{name}.csv")] for name in tables}
    inputs["standing"] = str(folder / "tables" / "standing.json")
    inputs["records"] = [str(folder / f"seed{seed}" / "run.json") for seed in settings["seeds"]]
    inputs["costs"] = [benchmark_record(folder, seed, "train_model") for seed in settings["seeds"]]
    inputs["figures"] = list(map(str, figures))
    captions = {name: caption_of(name) for name in names}
    params = {"template": str(TEMPLATE), "captions": captions, "settings": settings, "columns": columns_of(*tables)}
    outputs = {"report": str(folder / "report.html")}
    rules.call("write_report", folder, inputs=inputs, outputs=outputs, params=params, wildcards={"experiment": "toy"})


@pytest.mark.slow
def test_decay_and_learning_rate_at_their_highest_end_in_the_one_error_that_is_allowed(tmp_path):
    run = {"training.learning_rate": 1.0, "training.weight_decay": 1.0, "model.norm": "none", "data.noise": 100.0}
    settings = settings_of(run | {"training.steps": 400, "training.n_snapshots": 0})
    try:
        run_all(tmp_path, settings)
    except FloatingPointError as error:
        assert "toy seed 0: expected a finite loss, found" in str(error)  # noqa: PT017 (to run is fine, too)


@pytest.mark.slow
def test_every_threshold_judges_at_both_its_ends(tmp_path_factory):
    folder = tmp_path_factory.mktemp("thresholds")
    run_all(folder, settings_of({}))
    thresholds = [key for key in LEAVES if key.startswith("claims.")]
    for key in thresholds:
        for value in ends(key):
            name = key.removeprefix("claims.")
            others = {"copy_ratio_min": {"copy_ratio_max": 100.0}, "copy_ratio_max": {"copy_ratio_min": ABOVE_0}}
            given = settings_of(
                {f"claims.{name}": value for name, value in (others.get(name, {}) | {name: value}).items()}
            )
            rules.judge(folder, seeds=[0], thresholds=given["claims"])
            claims = read_table("claims", str(folder / "tables" / "claims.csv"))
            assert claims["verdict"].notna().all()
    plt.close(draw("claims", claims)[0])
