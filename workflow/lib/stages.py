"""What each stage depends on: its code, as a digest, and the settings that it reads.

Both are derived from the source. A stage reads the params that its script, or a module that the script imports, names
as `….params.<name>`. `keys_behind` gives the config keys behind each name.
"""

from functools import cache

from lib.provenance import code_digest, params_read
from lib.registry import MEASURES, TASK_OF, figures_of
from recurrence_circuits.config.check import leaves
from recurrence_circuits.config.data import SequenceSettings
from recurrence_circuits.config.experiment import RunSettings

LIBRARY = "recurrence_circuits"
# Stages in order: each list needs outputs of the lists before it.
STAGES = [
    ["generate_data"],
    ["train_model"],
    [f"measure_{name}" for name in [*MEASURES, "handcrafted", "null", "agreement"]],
    ["gather_tables", "judge_claims"],
    ["write_report", "write_explorer"],
]
# Stages that use the task: the task's own file is part of their code.
WITH_TASK = [stage for stages in STAGES[:3] for stage in stages]


@cache
def stage_digest(stage: str, task: str) -> str:
    """The digest of a stage's code in an experiment with this task."""
    return code_digest(*_files(stage, task))


@cache
def figure_digest(figure: str) -> str:
    """The digest of one figure's code: the script that draws all figures, and the figure's own module."""
    return code_digest("draw_figure.py", f"{LIBRARY}/figures/{figure}.py")


def digests(settings: dict) -> dict[str, str]:
    """The digest of every stage and figure of an experiment with these settings, by name."""
    task = settings["task"]
    stages = [stage for stages in STAGES for stage in stages]
    stages = [stage for stage in stages if TASK_OF.get(stage.removeprefix("measure_"), task) == task]
    found = {stage: stage_digest(stage, task) for stage in stages}
    return found | {f"draw_figure {figure}": figure_digest(figure) for figure in figures_of(task)}


@cache
def settings_read(stage: str) -> list[str]:
    """The names of the params that hold settings and that a stage's code reads."""
    return sorted(params_read(*_files(stage, "affine")) & set(keys_behind()))


def used_by(key: str) -> list[str]:
    """The first stages that read a key of the config; later stages rerun because of these."""
    for stages in STAGES:
        if reading := [stage for stage in stages if any(key in keys_behind()[name] for name in settings_read(stage))]:
            return reading
    return []


@cache
def keys_behind() -> dict[str, list[str]]:
    """The config keys, such as `data.seed`, whose values a param holds, by the param's name."""
    keys = list(leaves())
    sequences = [f"data.{name}" for name in SequenceSettings.model_fields]
    of_run = {name: field.annotation for name, field in RunSettings.model_fields.items()}
    run = [f"{part}.{name}" for part in ("model", "training") for name in of_run[part].model_fields]
    one_run = ["task", *sequences, "data.n_train", *run]
    return {
        "task": ["task"],
        "sequences": sequences,
        # By default n_train is steps × batch_size.
        "n_sequences": [key for key in keys if key.startswith("data.n_")] + ["training.steps", "training.batch_size"],
        "run": [*one_run, "seeds", "confirmation_seeds"],
        "runs": [*one_run, "seeds"],
        "thresholds": [key for key in keys if key.startswith("claims.")],
        "model": [key for key in keys if key.startswith("model.")],
        "confirmation_seeds": ["confirmation_seeds"],
        "settings": keys,
        # Keys that are params of their own, under their own names.
        **{key.rpartition(".")[2]: [key] for key in keys if key.startswith(("model.", "analysis."))},
    }


def _files(stage: str, task: str) -> list[str]:
    script = f"{stage}.py"
    return [script, f"{LIBRARY}/tasks/{task}.py"] if stage in WITH_TASK else [script]
