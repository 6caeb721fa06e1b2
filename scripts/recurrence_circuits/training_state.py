"""A training under way: all that its next step depends on, and how that lies on disk between two jobs.

A training restored from a file goes on bit by bit as if it had never stopped: the file holds the weights, AdamW's
moments, the learning rate's schedule, the only random stream that training draws from (the order of sequences, with
what is left of the current pass), and what has been recorded so far.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from recurrence_circuits.batches import BatchOrder, learning_rate_factor
from recurrence_circuits.checkpoint import Snapshots, new_model, require_same
from recurrence_circuits.randomness import torch_stream
from recurrence_circuits.reading import short
from recurrence_circuits.settings import RunSettings
from recurrence_circuits.tensors import read_tensors, write_tensors

RECORDS = ("origin", "step", "waiting", "groups", "schedule", "history", "seconds", "resumed")  # beside the tensors
ROW = {"step": int, "loss": float, "mse": float, "excess": float, "learning_rate": float}  # of the history


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
        return cls(settings, code, data.hexdigest(), device.type, torch.get_num_threads(), str(torch.__version__))


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
            "schedule": self._schedule(),
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
        if not isinstance(rest.get("origin"), dict):
            raise ValueError(f"{path}: expected a checkpoint of a training, found the metadata {short(sorted(rest))}")
        require_same(f"{path}: of another training", rest["origin"], asdict(origin))
        try:
            self.step, self.history, self.seconds = rest["step"], rest["history"], rest["seconds"]
            self._require_records(rest)
            self._require_tensors(tensors)
            inside = {part: _inside(tensors, part) for part in ("model", "optimiser", "snapshot")}
            moments = {int(index): _inside(inside["optimiser"], index) for index in _firsts(inside["optimiser"])}
            self.model.load_state_dict(inside["model"])
            self.optimiser.load_state_dict({"state": moments, "param_groups": rest["groups"]})
            self.schedule.load_state_dict(rest["schedule"] | {"lr_lambdas": [None]})
            self.order.go_on_from(tensors["order"], rest["waiting"])
            self.losses = tensors["losses"].tolist()
            self.snapshots = {int(step): _inside(inside["snapshot"], step) for step in _firsts(inside["snapshot"])}
            self.resumed = [*rest["resumed"], self.step]
        except (LookupError, ArithmeticError, AttributeError, RuntimeError, ValueError, TypeError) as error:
            raise ValueError(f"{path}: expected a whole checkpoint of a training, found: {error!r}") from error

    def _require_records(self, rest: dict) -> None:
        """What settings and step decide must be as they decide it; what they leave open must be possible."""
        settings, step = self.run.training, rest["step"]
        if type(step) is not int or not 0 < step <= settings.steps:
            raise ValueError(f"step: expected a whole number from 1 to {settings.steps}, found {short(step)}")
        if unknown := set(rest) - set(RECORDS):
            raise ValueError(f"expected the records {', '.join(RECORDS)}, found {short(sorted(unknown))}")
        rate = self.schedule.base_lrs[0] * learning_rate_factor(step, settings)
        decided = {
            "groups": [group | {"lr": rate} for group in self.optimiser.state_dict()["param_groups"]],
            "schedule": self._schedule() | {"last_epoch": step, "_step_count": step + 1, "_last_lr": [rate]},
        }
        for key, value in json.loads(json.dumps(decided)).items():
            if rest[key] != value:
                raise ValueError(f"{key}: expected {short(value)}, found {short(rest[key])}")
        evaluated = [n for n in range(1, step + 1) if n % settings.evaluate_every == 0 or n == settings.steps]
        rows_are_sound = all({key: type(value) for key, value in row.items()} == ROW for row in rest["history"])
        possible = {
            "history": rows_are_sound and [row["step"] for row in rest["history"]] == evaluated,
            "waiting": type(rest["waiting"]) is int and 0 <= rest["waiting"] <= self.order.n_sequences,
            "seconds": type(rest["seconds"]) is float and 0 <= rest["seconds"] < math.inf,
            "resumed": type(rest["resumed"]) is list and all(type(n) is int for n in rest["resumed"]),
        }
        for key in (key for key, holds in possible.items() if not holds):
            raise ValueError(f"{key}: expected what a training has after step {step}, found {short(rest[key])}")

    def _require_tensors(self, tensors: dict[str, Tensor]) -> None:
        weights = {name: _text(weight.shape) for name, weight in self.model.state_dict().items()}
        expected = {f"model/{name}": text for name, text in weights.items()}
        for index, weight in enumerate(self.model.parameters()):
            moments = {"step": _text([]), "exp_avg": _text(weight.shape), "exp_avg_sq": _text(weight.shape)}
            expected |= {f"optimiser/{index}/{name}": text for name, text in moments.items()}
        for step in (step for step in self.run.training.snapshot_steps if step <= self.step):
            expected |= {f"snapshot/{step}/{name}": text for name, text in weights.items()}
        expected["order"] = _text(self.order.before_pass.shape, torch.uint8)
        n_losses = self.step - (self.history[-1]["step"] if self.history else 0)
        expected["losses"] = _text([n_losses], torch.float64)
        found = {name: _text(tensor.shape, tensor.dtype) for name, tensor in tensors.items()}
        for name in sorted(expected | found):
            if expected.get(name) != found.get(name):
                raise ValueError(
                    f"{name}: expected {expected.get(name, 'nothing')}, found {found.get(name, 'nothing')}"
                )
            if not torch.isfinite(tensors[name]).all():
                raise ValueError(f"{name}: expected finite numbers, found NaN or infinity")

    def _schedule(self) -> dict:
        """The schedule's state but the function of the settings, which is no value that a file can hold."""
        return {key: value for key, value in self.schedule.state_dict().items() if key != "lr_lambdas"}


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


def _text(shape: Sequence[int], dtype: torch.dtype = torch.float32) -> str:
    return f"a tensor of shape {tuple(shape)} of {dtype}"
