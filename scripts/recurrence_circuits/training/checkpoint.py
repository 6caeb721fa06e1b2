"""Checkpoints: everything that the next training step depends on, in memory and on disk.

A training resumed from a checkpoint gives the same bits as one that never stopped. A checkpoint holds the weights, the
optimiser's state, the learning-rate schedule, the only random stream that training draws from (the order of sequences,
with the rest of the current pass), and what has been recorded so far.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from recurrence_circuits.config.experiment import RunSettings
from recurrence_circuits.io.reading import short
from recurrence_circuits.io.tensors import read_tensors, write_tensors
from recurrence_circuits.model.weights import Snapshots, new_model, require_same
from recurrence_circuits.randomness import torch_stream
from recurrence_circuits.training.batches import BatchOrder, learning_rate_factor
from recurrence_circuits.training.gradients import Gradients
from recurrence_circuits.training.optimisers import make_optimiser
from recurrence_circuits.training.states import put_together, taken_apart


@dataclass(frozen=True)
class Origin:
    """What decides the bits of a training. A checkpoint of another origin is not resumed from."""

    settings: dict  # RunSettings
    code: str  # digest of the code that trains
    data: str  # digest of the sequences
    device: str  # sums are taken in another order on another device, or with another number of threads
    threads: int
    torch: str  # version

    @classmethod
    def of(cls, run: RunSettings, code: str, sequences: list[Tensor], device: torch.device) -> "Origin":
        data = hashlib.sha256()
        for part in sequences:
            data.update(part.contiguous().numpy())
        settings = json.loads(json.dumps(run.to_dict()))
        return cls(settings, code, data.hexdigest(), device.type, torch.get_num_threads(), str(torch.__version__))


class TrainingState:
    """Model, optimiser, schedule, order of sequences and records after `step` steps of training; 0 when new."""

    def __init__(self, run: RunSettings, n_sequences: int, device: torch.device):
        settings = run.training
        self.run, self.step = run, 0
        self.model = new_model(run).to(device)
        self.gradients = Gradients(self.model, settings.batch_size)
        self.optimiser = make_optimiser(settings, self.gradients.weights)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimiser, lambda step: learning_rate_factor(step, settings)
        )
        self.order = BatchOrder(n_sequences, settings.batch_size, torch_stream(run.seed, "batches"))
        self.losses: list[float] = []  # of the steps since the last evaluation
        self.history: list[dict] = []  # one row per evaluation
        self.snapshots: Snapshots = {}
        self.seconds = self.cpu_seconds = 0.0  # of training so far, over all jobs
        self.resumed: list[int] = []  # the steps after which a later job resumed

    def save(self, path: str, origin: Origin) -> None:
        """Write the state to `path`, whole or not at all. Raises OSError naming `path`."""
        tensors = {f"model/{name}": weight for name, weight in self.model.state_dict().items()}
        optimiser = taken_apart(self.optimiser.state_dict(), "optimiser", tensors)
        for step, kept in self.snapshots.items():
            tensors |= {f"snapshot/{step}/{name}": weight for name, weight in kept.items()}
        tensors["order"] = self.order.before_pass
        tensors["losses"] = torch.tensor(self.losses, dtype=torch.float64)
        rest = {
            "origin": asdict(origin),
            "step": self.step,
            "waiting": len(self.order.waiting),
            "optimiser": optimiser,
            "schedule": self._schedule(),
            "history": self.history,
            "seconds": self.seconds,
            "cpu_seconds": self.cpu_seconds,
            "resumed": self.resumed,
        }
        write_tensors(path, tensors, rest)

    def restore(self, path: str, origin: Origin) -> None:
        """Take over the state saved by a training of the same `origin`.

        Raises ValueError naming the file if it is damaged, is not a checkpoint or has another origin. This state may
        then be half changed: discard it.
        """
        tensors, rest = read_tensors(path)
        if not isinstance(rest.get("origin"), dict):
            raise ValueError(f"{path}: expected a checkpoint of a training, found the metadata {short(sorted(rest))}")
        require_same(f"{path}: of another training", rest["origin"], asdict(origin))
        try:
            self.step, self.history = rest["step"], rest["history"]
            self.seconds, self.cpu_seconds = rest["seconds"], rest["cpu_seconds"]
            inside = {part: _inside(tensors, part) for part in ("model", "snapshot")}
            self.model.load_state_dict(inside["model"])
            optimiser = put_together(rest["optimiser"], tensors)
            by_weight = {int(index): state for index, state in optimiser["state"].items()}  # JSON's keys are text
            self.optimiser.load_state_dict(optimiser | {"state": by_weight})
            self.schedule.load_state_dict(rest["schedule"] | {"lr_lambdas": [None]})
            self.order.go_on_from(tensors["order"], rest["waiting"])
            self.losses = tensors["losses"].tolist()
            self.snapshots = {int(step): _inside(inside["snapshot"], step) for step in _firsts(inside["snapshot"])}
            self.resumed = [*rest["resumed"], self.step]
        except (LookupError, ArithmeticError, AttributeError, RuntimeError, ValueError, TypeError) as error:
            raise ValueError(f"{path}: expected a whole checkpoint of a training, found: {error!r}") from error

    def _schedule(self) -> dict:
        """The schedule's state without its function of the settings, which cannot be stored in a file."""
        return {key: value for key, value in self.schedule.state_dict().items() if key != "lr_lambdas"}


@dataclass(frozen=True)
class Checkpoints:
    """Where and how often training writes a checkpoint, and the digest of the code that trains."""

    path: str
    every: int  # steps
    code: str

    def remove(self) -> None:
        """Delete the checkpoint files, once the results are written. Raises OSError naming the file."""
        for path in (self.path, self.refused):
            Path(path).unlink(missing_ok=True)

    @property
    def refused(self) -> str:
        """Where a checkpoint that this training cannot use is moved."""
        return f"{self.path}.refused"


def _inside(tensors: dict[str, Tensor], folder: str) -> dict[str, Tensor]:
    """The tensors named `folder/…`, with that prefix removed."""
    return {
        name.removeprefix(f"{folder}/"): tensor for name, tensor in tensors.items() if name.startswith(f"{folder}/")
    }


def _firsts(tensors: dict[str, Tensor]) -> list[str]:
    """The different first parts of names `<number>/…`, in ascending order."""
    return sorted({name.partition("/")[0] for name in tensors}, key=int)
