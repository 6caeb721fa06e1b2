"""An export is what the run's own model computes, or it is refused and nothing of it is left."""

import copy
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template
from types import ModuleType
from typing import NamedTuple

import torch
from torch import Tensor

from recurrence_circuits.model.transformer import Transformer
from recurrence_circuits.runs import Run

TOLERANCE = 1e-5  # of predictions, in units of x, and of attention, a probability


class ExportError(ValueError):
    """A format that cannot hold a model, or an export that computes something else."""


class Differences(NamedTuple):
    """The largest difference between an export and the run's model, over all sequences, positions and heads."""

    prediction: float  # in units of x
    attention: float  # a probability


def export(run: Run, form: ModuleType, folder: Path) -> Differences:
    """Write the run's model into `folder`, in place of an older export, and check it there; what float32 rounds.

    form is a module of a format: NAME, refusal, write and run. Raises ExportError, with nothing left in `folder`, if
    the format cannot hold the model or what is read back from the files differs from it by more than TOLERANCE.
    """
    shutil.rmtree(folder, ignore_errors=True)
    if problem := form.refusal(run.model):
        raise ExportError(f"{folder}: {problem}")
    with _whole_folder(folder) as part:
        form.write(run.model, part)
        if problem := fault(run, form, part):
            raise ExportError(f"{folder}: {problem}; nothing was written")
        rounded = differences(run.model, run.context, form.run, part)
        (part / "README.md").write_text(_readme(run, form, rounded), encoding="utf-8")
    return rounded


def fault(run: Run, form: ModuleType, folder: Path) -> str | None:
    """How what is read from `folder` differs from the run's model on the test sequences; None if it does not.

    Both compute in float64: what differs then is the model, not the rounding, which large scores would magnify.
    """
    found = differences(copy.deepcopy(run.model).double(), run.context.double(), form.run, folder)
    for name, value in found._asdict().items():
        if not value <= TOLERANCE:
            return f"expected the model's {name} within {TOLERANCE:g}, found it {value:.2g} off"
    return None


def differences(model: Transformer, context: Tensor, run: Callable, folder: Path) -> Differences:
    """How far what `run` reads from `folder` is from the model, on context, `sequence position dimension`."""
    own, (prediction, attention) = model(context), run(folder, context)
    pairs = (prediction, own.prediction), (torch.stack(list(attention)), torch.stack(list(own.attention)))
    return Differences(*(float((found - expected).abs().max()) for found, expected in pairs))  # NaN stays NaN


def _readme(run: Run, form: ModuleType, rounded: Differences) -> str:
    template = Template(Path(__file__).with_name(f"{form.NAME}.md").read_text(encoding="utf-8"))
    settings = run.settings
    return template.substitute(
        experiment=settings.experiment, seed=settings.seed,
        context_length=settings.data.context_length, dimension=settings.data.dimension,
        prediction=f"{rounded.prediction:.1e}", attention=f"{rounded.attention:.1e}",
    )  # fmt: skip


@contextmanager
def _whole_folder(folder: Path) -> Iterator[Path]:
    """A folder to write to beside `folder`, which gets its name once all is written; nothing is left of it if not."""
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
