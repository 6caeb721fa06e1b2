"""Training: AdamW on batches of sequences, each position predicting the next term."""

import math
import time
from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from recurrence_circuits.checkpoint import Snapshots, new_model
from recurrence_circuits.errors import squared_error
from recurrence_circuits.logs import logger, standing
from recurrence_circuits.model import Transformer
from recurrence_circuits.randomness import torch_stream
from recurrence_circuits.settings import RunSettings, TrainingSettings
from recurrence_circuits.tasks import make_task

N_HELD_OUT = 512  # test sequences scored during training; no choice is made by them


@dataclass
class HeldOut:
    """Test sequences and the Bayes-optimal error on them, to follow training by."""

    sequences: Tensor  # sequence position dimension, one term longer than the context
    floor: float  # Bayes-optimal mean squared error at the determined positions; NaN where unknown
    first_determined: int

    @classmethod
    def of(cls, run: RunSettings, test: Tensor) -> "HeldOut":
        task, sequences = make_task(run.task, run.data), test[:N_HELD_OUT]
        context, target = sequences[:, :-1].double(), sequences[:, 1:]
        error = squared_error(task.bayes(context, run.data.noise), target)
        return cls(sequences, float(error[:, task.first_determined :].mean()), task.first_determined)

    @torch.no_grad()
    def error(self, model: Transformer, device: torch.device) -> float:
        """The model's mean squared error at the determined positions, in units of x²."""
        sequences = self.sequences.to(device)
        error = squared_error(model(sequences[:, :-1]).prediction, sequences[:, 1:])
        return float(error[:, self.first_determined :].mean())


def train(run: RunSettings, sequences: Tensor, test: Tensor) -> tuple[Transformer, pd.DataFrame, Snapshots]:
    """Train the run's model on sequences, `sequence position dimension`, one term longer than the context.

    Sequences are taken in a random order, once each before any is repeated. Returns the model (on the CPU), the
    `history` table from `step` on, and the weights after each of the settings' snapshot_steps; to keep these
    changes nothing else. Raises FloatingPointError, saying step and seed, on a non-finite loss.
    """
    settings, device = run.training, pick_device(run.training.device)
    model, held_out = new_model(run).to(device), HeldOut.of(run, test)
    optimiser = torch.optim.AdamW(
        model.parameters(),
        lr=settings.learning_rate,
        betas=(0.9, settings.beta2),
        weight_decay=settings.weight_decay,
        fused=True,
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: learning_rate_factor(step, settings))
    order = BatchOrder(len(sequences), settings.batch_size, torch_stream(run.seed, "batches"))
    logger.info(
        "%s seed %d: %d parameters, %d steps of %d sequences (%.2f passes over %d), on %s",
        run.experiment, run.seed, sum(weight.numel() for weight in model.parameters()), settings.steps,
        settings.batch_size, settings.steps * settings.batch_size / len(sequences), len(sequences), device,
    )  # fmt: skip

    history, losses, snapshots, start = [], [], {}, time.monotonic()
    snapshot_steps = set(settings.snapshot_steps)
    for step in range(1, settings.steps + 1):
        batch = sequences[next(order)].to(device)
        loss = (model(batch[:, :-1]).prediction - batch[:, 1:]).square().mean()
        losses.append(loss.item())
        if not math.isfinite(losses[-1]):
            raise FloatingPointError(
                f"{run.experiment} seed {run.seed}: expected a finite loss, found {losses[-1]} at step {step} of "
                f"{settings.steps}; try a lower training.learning_rate or training.clip_norm"
            )
        optimiser.zero_grad()
        loss.backward()
        clip_grad_norm_(model.parameters(), settings.clip_norm)
        rate = schedule.get_last_lr()[0]
        optimiser.step()
        schedule.step()
        if step in snapshot_steps:
            snapshots[step] = {name: weight.detach().cpu().clone() for name, weight in model.state_dict().items()}
        if step % settings.evaluate_every == 0 or step == settings.steps:
            mse = held_out.error(model, device)
            row = {"step": step, "loss": sum(losses) / len(losses), "mse": mse, "excess": mse - held_out.floor}
            history.append(row | {"learning_rate": rate})
            losses.clear()
            logger.info(progress_line(run, row, time.monotonic() - start))
    return model.cpu().eval().requires_grad_(False), pd.DataFrame(history), snapshots


def learning_rate_factor(step: int, settings: TrainingSettings) -> float:
    """Learning rate of a step (from 0) over the highest one: linear warm-up, then a cosine to final_learning_rate."""
    if step < settings.warmup_steps:
        return (step + 1) / settings.warmup_steps
    progress = (step - settings.warmup_steps) / (settings.steps - settings.warmup_steps)
    return settings.final_learning_rate + (1 - settings.final_learning_rate) * (1 + math.cos(math.pi * progress)) / 2


class BatchOrder:
    """Endless batches of sequence numbers: a fresh random order for every pass, batches may span two passes."""

    def __init__(self, n_sequences: int, batch_size: int, generator: torch.Generator):
        self.n_sequences, self.batch_size, self.generator = n_sequences, batch_size, generator
        self.waiting = torch.empty(0, dtype=torch.long)

    def __next__(self) -> Tensor:
        while len(self.waiting) < self.batch_size:
            self.waiting = torch.cat([self.waiting, torch.randperm(self.n_sequences, generator=self.generator)])
        batch, self.waiting = self.waiting[: self.batch_size], self.waiting[self.batch_size :]
        return batch


def progress_line(run: RunSettings, row: dict, seconds: float) -> str:
    """One line for a person to follow: where training stands, how well, how fast, how long still."""
    return (
        f"{run.experiment} seed {run.seed}  loss {row['loss']:.4f}  excess {row['excess']:.2e}  "
        f"step {standing(row['step'], run.training.steps, seconds)}"
    )


def pick_device(name: str) -> torch.device:
    """cpu, cuda or auto (a GPU when there is one). Raises ValueError if cuda is asked for and there is none."""
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise ValueError("training.device: expected a CUDA device for 'cuda', found none; 'auto' falls back on the CPU")
    return torch.device("cuda" if available and name != "cpu" else "cpu")
