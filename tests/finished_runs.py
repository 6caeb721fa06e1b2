"""A finished run in small: weights and test sequences, in the folders of an experiment."""

from pathlib import Path

from models import random_model, run_settings
from recurrence_circuits.config.experiment import RunSettings
from recurrence_circuits.model.transformer import Transformer
from recurrence_circuits.model.weights import save_model
from recurrence_circuits.tasks.dataset import draw_sequences, write_sequences


def write_run(root: Path, n: int = 48, **changes) -> Path:
    """Write a run of a random model; returns the folder of its seed. changes are of `run_settings`."""
    run = run_settings(**changes)
    drawn = draw_sequences(run.task, run.data, "test", n)
    write_sequences(str(root / "data/test.safetensors"), drawn, run.task, run.data)
    save_model(str(root / f"seed{run.seed}/model.safetensors"), random_of(run), run)
    return root / f"seed{run.seed}"


def random_of(run: RunSettings) -> Transformer:
    """A model of these settings, every weight and bias random."""
    return random_model(dimension=run.data.dimension, context_length=run.data.context_length, **run.model.to_dict())
