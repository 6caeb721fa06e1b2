"""This project's own runs, as they are timed."""

from collections.abc import Callable

import torch
import yaml

from recurrence_circuits.config.check import expand_config
from recurrence_circuits.config.experiment import RunSettings, run_settings
from recurrence_circuits.tasks.dataset import draw_sequences
from recurrence_circuits.training.checkpoint import TrainingState
from recurrence_circuits.training.loop import take_step
from tools.benchmarks.results import ROOT

CPU = torch.device("cpu")


def runs(config: str, seeds: tuple[int, ...] = (0,)) -> dict[str, list[RunSettings]]:
    """One run per seed of each experiment of a config file, by name. Raises as expand_config does."""
    given = yaml.safe_load((ROOT / config).read_text(encoding="utf-8"))
    return {
        name: [RunSettings.from_params(run_settings(name, experiment, seed)) for seed in seeds]
        for name, experiment in expand_config(given, config)["experiments"].items()
    }


def default_run(seed: int = 0, **changes: dict) -> RunSettings:
    """The paper's run with other values of some keys, by section: `model={"n_layers": 6}`."""
    given = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))["experiments"]
    (name, experiment), *_ = given.items()
    for section, values in changes.items():
        experiment[section] = experiment[section] | values
    expanded = expand_config({"experiments": {name: experiment}}, "config/config.yaml")["experiments"][name]
    return RunSettings.from_params(run_settings(name, expanded, seed))


def ready(run: RunSettings, n_sequences: int = 8192) -> Callable[[], object]:
    """A function that takes the next step of a training of this run."""
    sequences = draw_sequences(run.task, run.data, "train", n_sequences)["sequences"]
    state = TrainingState(run, n_sequences, CPU)
    return lambda: take_step(state, run, sequences, CPU)
