"""The models of an experiment as the explorer's page takes them: one block of numbers per model.

A block holds the model's weights and the mean of each component's output over the test sequences, by position, which
mean ablation puts in its place. All models of an experiment have the same layout.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recurrence_circuits.config.experiment import RunSettings
from recurrence_circuits.model.passes import batches
from recurrence_circuits.model.transformer import Transformer
from recurrence_circuits.model.weights import load_model, load_snapshots, new_model, snapshot_steps

LARGEST = 150_000_000  # bytes of all blocks: what a browser opens from the disk without trouble
Layout = list[tuple[str, list[int]]]  # name and shape of each tensor of a block, in order


class Version(NamedTuple):
    """One model of the page: that of a seed, trained, untrained or after a step of training."""

    seed: int
    kind: str  # trained, untrained, or step<n>

    @property
    def id(self) -> str:
        return f"seed{self.seed}-{self.kind}"


def versions(runs: list[RunSettings]) -> list[Version]:
    """All models of the runs, in the order in which the page holds them: the trained ones first."""
    ends = [Version(run.seed, kind) for kind in ("trained", "untrained") for run in runs]
    steps = [snapshot_steps(run.training.steps, run.training.n_snapshots) for run in runs]
    return ends + [Version(run.seed, f"step{n}") for run, kept in zip(runs, steps, strict=True) for n in reversed(kept)]


def fitting(every: list[Version], n_numbers: int, largest: int = LARGEST) -> list[Version]:
    """As many of the models as fit, those that come first; at least one. A block has n_numbers of 4 bytes."""
    return every[: max(1, largest // (4 * n_numbers))]


def block_layout(run: RunSettings) -> Layout:
    """What a block of this run's models holds."""
    model = new_model(run)
    shapes = [(name, list(weight.shape)) for name, weight in model.state_dict().items()]
    positions, width = model.context_length, run.model.d_model
    for layer in range(run.model.n_layers):
        shapes.append((f"mean.head_output.{layer}", [run.model.n_heads, positions, width]))
        if not run.model.attention_only:
            shapes.append((f"mean.mlp_output.{layer}", [positions, width]))
    return shapes


def numbers_of(layout: Layout) -> int:
    """How many numbers a block of this layout has."""
    return sum(int(np.prod(shape)) for _, shape in layout)


def models_of(run: RunSettings, weights: str, snapshots: str) -> Iterator[tuple[Version, Transformer]]:
    """The run's models, each with its name. Raises ValueError as `load_model` and `load_snapshots` do."""
    yield Version(run.seed, "trained"), load_model(weights, run)
    yield Version(run.seed, "untrained"), new_model(run).eval().requires_grad_(False)
    for step, model in load_snapshots(snapshots, run).items():
        yield Version(run.seed, f"step{step}"), model


def pack(model: Transformer, context: Tensor, layout: Layout) -> NDArray:
    """A model's block, float32 in the order of the layout; context is `sequence position dimension`.

    Raises ValueError if the model has other tensors than the layout.
    """
    tensors = model.state_dict() | mean_outputs(model, context)
    found = [(name, list(tensor.shape)) for name, tensor in tensors.items()]
    if sorted(found) != sorted(layout):
        raise ValueError(f"block of a model: expected {sorted(layout)}, found {sorted(found)}")
    return np.concatenate([tensors[name].numpy().ravel() for name, _ in layout]).astype("<f4")


@torch.no_grad()
def mean_outputs(model: Transformer, context: Tensor) -> dict[str, Tensor]:
    """The mean over sequences of what each component writes, by position; context is `sequence position dimension`.

    `mean.head_output.<layer>` is `head position d_model`, `mean.mlp_output.<layer>` is `position d_model`.
    """
    total: dict[str, Tensor] = {}
    for rows in batches(len(context)):
        cache = model(context[rows])
        for site, by_layer in (("head_output", cache.head_output), ("mlp_output", cache.mlp_output)):
            for layer, output in enumerate(by_layer):
                name = f"mean.{site}.{layer}"
                total[name] = total.get(name, 0) + output.double().sum(dim=0)
    return {name: (value / len(context)).float() for name, value in total.items()}
