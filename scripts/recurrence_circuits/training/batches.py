"""The order of the training sequences, and the learning rate of each step."""

import math

import torch
from torch import Tensor

from recurrence_circuits.config.training import TrainingSettings


def learning_rate_factor(step: int, settings: TrainingSettings) -> float:
    """Learning rate of a step, counted from 0, as a fraction of the highest.

    Linear warm-up, then cosine decay to final_learning_rate.
    """
    if step < settings.warmup_steps:
        return (step + 1) / settings.warmup_steps
    progress = (step - settings.warmup_steps) / (settings.steps - settings.warmup_steps)
    return settings.final_learning_rate + (1 - settings.final_learning_rate) * (1 + math.cos(math.pi * progress)) / 2


class BatchOrder:
    """Endless batches of sequence numbers, in a new random order for each pass. A batch may span two passes.

    A checkpoint needs two things of it: `before_pass`, the generator's state before the current pass was drawn, and
    how many sequences of that pass are still `waiting`. That is a few bytes, however many sequences there are.
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
        """Continue from the state of another order of the same sequences."""
        self.generator.set_state(before_pass)
        self.waiting = self._next_pass()[self.n_sequences - n_waiting :]

    def _next_pass(self) -> Tensor:
        self.before_pass = self.generator.get_state()
        return torch.randperm(self.n_sequences, generator=self.generator)
