"""What every step of training is told: which sequences to take, and how far to go."""

import math

import torch
from torch import Tensor

from recurrence_circuits.settings import TrainingSettings


def learning_rate_factor(step: int, settings: TrainingSettings) -> float:
    """Learning rate of a step (from 0) over the highest one: linear warm-up, then a cosine to final_learning_rate."""
    if step < settings.warmup_steps:
        return (step + 1) / settings.warmup_steps
    progress = (step - settings.warmup_steps) / (settings.steps - settings.warmup_steps)
    return settings.final_learning_rate + (1 - settings.final_learning_rate) * (1 + math.cos(math.pi * progress)) / 2


class BatchOrder:
    """Endless batches of sequence numbers: a fresh random order for every pass, batches may span two passes.

    Where it stands is `before_pass`, the generator's state before the current pass was drawn, and how many sequences
    of that pass are still `waiting`: a few bytes, however many sequences there are.
    """

    def __init__(self, n_sequences: int, batch_size: int, generator: torch.Generator):
        self.n_sequences, self.batch_size, self.generator = n_sequences, batch_size, generator
        self.before_pass, self.waiting = generator.get_state(), torch.empty(0, dtype=torch.long)

    def __next__(self) -> Tensor:
        while len(self.waiting) < self.batch_size:
            self.waiting = torch.cat([self.waiting, self._next_pass()])
        batch, self.waiting = self.waiting[: self.batch_size], self.waiting[self.batch_size :]
        return batch

    def go_on_from(self, before_pass: Tensor, n_waiting: int) -> None:
        """Stand where another order of the same sequences stood."""
        self.generator.set_state(before_pass)
        self.waiting = self._next_pass()[self.n_sequences - n_waiting :]

    def _next_pass(self) -> Tensor:
        self.before_pass = self.generator.get_state()
        return torch.randperm(self.n_sequences, generator=self.generator)
