"""A training under way: all that its next step depends on, and how that lies on disk between two jobs.

A training restored from a file goes on bit by bit as if it had never stopped: the file holds the weights, AdamW's
moments, the learning rate's schedule, the only random stream that training draws from (the order of sequences, with
what is left of the current pass), and what has been recorded so far.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from recurrence_circuits.batches import BatchOrder, learning_rate_factor
from recurrence_circuits.checkpoint import Snapshots, new_model, require_same
from recurrence_circuits.randomness import torch_stream
from recurrence_circuits.settings import RunSettings
from recurrence_circuits.tensors import read_tensors, write_tensors


@dataclass(frozen=True)
class Origin:
    """What decides the bits of a training: a file of another origin is not gone on from."""

    settings: dict  # RunSettings
    code: str  # digest of the code that trains
    data: str  # digest of the sequences
    device: str  # another device or number of threads adds in another order
    threads: int
    torch: str  # version

    @classmethod
    def of(cls, run: RunSettings, code: str, sequences: list[Tensor], device: torch.device) -> "Origin":
        data = hashlib.sha256()
        for part in sequences:
            data.update(part.contiguous().numpy())
        settings = json.loads(json.dumps(run.to_dict()))
        return cls(settings, code, data.hexdigest(), device.type, torch.get_num_threads(), torch.__version__)


class TrainingState:
    """Model, optimiser, schedule, order of sequences and records of a training after `step` steps; new: after none."""

    def __init__(self, run: RunSettings, n_sequences: int, device: torch.device):
        settings = run.training
        self.run, self.step = run, 0
        self.model = new_model(run).to(device)
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(),
            lr=settings.learning_rate,
            betas=(0.9, settings.beta2),
            weight_decay=settings.weight_decay,
            fused=True,
        )
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimiser, lambda step: learning_rate_factor(step, settings)
        )
        self.order = BatchOrder(n_sequences, settings.batch_size, torch_stream(run.seed, "batches"))
        self.losses: list[float] = []  # of the steps since the last evaluation
        self.history: list[dict] = []  # a row an evaluation
        self.snapshots: Snapshots = {}
        self.seconds = 0.0  # of training so far, over all jobs
        self.resumed: list[int] = []  # the steps from which a later job went on

    def save(self, path: str, origin: Origin) -> None:
        """Write the state to `path`, whole or not at all. Raises OSError naming `path`."""
        optimiser = self.optimiser.state_dict()
        tensors = {f"model/{name}": weight for name, weight in self.model.state_dict().items()}
        for index, moments in optimiser["state"].items():
            tensors |= {f"optimiser/{index}/{name}": moment for name, moment in moments.items()}
        for step, kept in self.snapshots.items():
            tensors |= {f"snapshot/{step}/{name}": weight for name, weight in kept.items()}
        tensors["order"] = self.order.before_pass
        tensors["losses"] = torch.tensor(self.losses, dtype=torch.float64)
        rest = {
            "origin": asdict(origin),
            "step": self.step,
            "waiting": len(self.order.waiting),
            "groups": optimiser["param_groups"],
            "schedule": {key: value for key, value in self.schedule.state_dict().items() if key != "lr_lambdas"},
            "history": self.history,
            "seconds": self.seconds,
            "resumed": self.resumed,
        }
        write_tensors(path, tensors, rest)

    def restore(self, path: str, origin: Origin) -> None:
        """Take over the state that a training of the same `origin` saved.

        Raises ValueError naming the file if it is damaged, is no state of a training or has another origin; this
        state is then half changed, and of no use.
        """
        tensors, rest = read_tensors(path)
        if "origin" not in rest:
            raise ValueError(f"{path}: expected a checkpoint of a training, found the metadata {sorted(rest)}")
        require_same(f"{path}: of another training", rest["origin"], asdict(origin))
        try:
            self.step, self.history, self.seconds = rest["step"], rest["history"], rest["seconds"]
            self._require_shapes(tensors)
            inside = {part: _inside(tensors, part) for part in ("model", "optimiser", "snapshot")}
            moments = {int(index): _inside(inside["optimiser"], index) for index in _firsts(inside["optimiser"])}
            self.model.load_state_dict(inside["model"])
            self.optimiser.load_state_dict({"state": moments, "param_groups": rest["groups"]})
            self.schedule.load_state_dict(rest["schedule"] | {"lr_lambdas": [None]})
            self.order.go_on_from(tensors["order"], rest["waiting"])
            self.losses = tensors["losses"].tolist()
            self.snapshots = {int(step): _inside(inside["snapshot"], step) for step in _firsts(inside["snapshot"])}
            self.resumed = [*rest["resumed"], self.step]
        except (KeyError, RuntimeError, ValueError, TypeError) as error:
            raise ValueError(f"{path}: expected a whole checkpoint of a training, found: {error!r}") from error

    def _require_shapes(self, tensors: dict[str, Tensor]) -> None:
        weights = {name: weight.shape for name, weight in self.model.state_dict().items()}
        expected = {f"model/{name}": shape for name, shape in weights.items()}
        for index, weight in enumerate(self.model.parameters()):
            moments = {"step": torch.Size([]), "exp_avg": weight.shape, "exp_avg_sq": weight.shape}
            expected |= {f"optimiser/{index}/{name}": shape for name, shape in moments.items()}
        for step in (step for step in self.run.training.snapshot_steps if step <= self.step):
            expected |= {f"snapshot/{step}/{name}": shape for name, shape in weights.items()}
        expected["order"] = self.order.before_pass.shape
        expected["losses"] = torch.Size([self.step - (self.history[-1]["step"] if self.history else 0)])
        found = {name: tensor.shape for name, tensor in tensors.items()}
        for name in sorted(expected | found):
            if expected.get(name) != found.get(name):
                raise ValueError(f"{name}: expected {_text(expected.get(name))}, found {_text(found.get(name))}")


@dataclass(frozen=True)
class Checkpoints:
    """Where and how often a training keeps its state, and the digest of the code that trains."""

    path: str
    every: int  # steps
    code: str

    def remove(self) -> None:
        """Delete what the training kept, once its results are written. Raises OSError naming the file."""
        for path in (self.path, self.refused):
            Path(path).unlink(missing_ok=True)

    @property
    def refused(self) -> str:
        """Where a checkpoint goes that this training may not use."""
        return f"{self.path}.refused"


def _inside(tensors: dict[str, Tensor], folder: str) -> dict[str, Tensor]:
    """What is named `folder/…`, without that."""
    return {
        name.removeprefix(f"{folder}/"): tensor for name, tensor in tensors.items() if name.startswith(f"{folder}/")
    }


def _firsts(tensors: dict[str, Tensor]) -> list[str]:
    """The first parts of the names `first/…`, in ascending order of their numbers."""
    return sorted({name.partition("/")[0] for name in tensors}, key=int)


def _text(shape: torch.Size | None) -> str:
    return "nothing" if shape is None else f"a tensor of shape {tuple(shape)}"
