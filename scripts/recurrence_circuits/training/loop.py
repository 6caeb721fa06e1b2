"""The training loop: steps of an optimiser on batches of sequences, every next term a target."""

import math
import os
import time
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from recurrence_circuits.config.experiment import RunSettings
from recurrence_circuits.model.transformer import Transformer
from recurrence_circuits.model.weights import snapshot_steps
from recurrence_circuits.runtime.logs import logger
from recurrence_circuits.runtime.progress import standing
from recurrence_circuits.runtime.signals import Stopped, noticing_stops
from recurrence_circuits.tasks.base import make_task
from recurrence_circuits.tasks.errors import squared_error
from recurrence_circuits.training.checkpoint import Checkpoints, Origin, TrainingState


@dataclass
class Validation:
    """The validation set and the Bayes-optimal error on it, to follow training; no choice depends on them."""

    sequences: Tensor  # sequence position dimension, one term longer than the context
    floor: float  # Bayes-optimal mean squared error at the determined positions; NaN where unknown
    first_determined: int

    @classmethod
    def of(cls, run: RunSettings, sequences: Tensor) -> "Validation":
        task = make_task(run.task, run.data)
        context, target = sequences[:, :-1].double(), sequences[:, 1:]
        error = squared_error(task.bayes(context, run.data.noise), target)
        return cls(sequences, float(error[:, task.first_determined :].mean()), task.first_determined)

    @torch.no_grad()
    def error(self, model: Transformer, device: torch.device) -> float:
        """The model's mean squared error at the determined positions, in units of x²."""
        sequences = self.sequences.to(device)
        error = squared_error(model(sequences[:, :-1]).prediction, sequences[:, 1:])
        return float(error[:, self.first_determined :].mean())


def train(
    run: RunSettings, sequences: Tensor, validation: Tensor, checkpoints: Checkpoints | None = None
) -> TrainingState:
    """Train the run's model on sequences, `sequence position dimension`, one term longer than the context.

    Sequences come in random order, each once before any is repeated. Returns the state after the last step: the model
    (on the CPU, in evaluation mode), one row of `history` per evaluation, and the weights after each of the
    snapshot_steps. Keeping snapshots changes nothing else.

    With checkpoints, the state is written every checkpoints.every steps, after the last step, and when one of
    runtime.signals.SIGNALS asks the process to stop (raises Stopped). The next call resumes from it and ends with the
    same bits as a training that was never stopped. A checkpoint that cannot be resumed from is moved aside, with a
    message. Raises FloatingPointError, naming step and seed, on a non-finite loss, and OSError naming the checkpoint if
    it cannot be written.
    """
    settings, device = run.training, pick_device(run.training.device)
    followed_by = Validation.of(run, validation)
    origin = Origin.of(run, checkpoints.code, [sequences, validation], device) if checkpoints else None
    state = resume(run, len(sequences), device, checkpoints, origin) or TrainingState(run, len(sequences), device)
    logger.info(
        "%s seed %d: %d parameters, %d steps of %d sequences (%.2f passes over %d), on %s",
        run.experiment, run.seed, sum(weight.numel() for weight in state.model.parameters()), settings.steps,
        settings.batch_size, settings.steps * settings.batch_size / len(sequences), len(sequences), device,
    )  # fmt: skip

    start, cpu_start = time.monotonic() - state.seconds, time.process_time() - state.cpu_seconds
    kept_steps = set(snapshot_steps(settings.steps, settings.n_snapshots))
    with noticing_stops() as stop:
        while state.step < settings.steps:
            rate = take_step(state, run, sequences, device)
            if state.step in kept_steps:
                weights = state.model.state_dict().items()
                state.snapshots[state.step] = {name: weight.detach().cpu().clone() for name, weight in weights}
            if state.step % settings.evaluate_every == 0 or state.step == settings.steps:
                mse = followed_by.error(state.model, device)
                loss = sum(state.losses) / len(state.losses)
                row = {"step": state.step, "loss": loss, "mse": mse, "excess": mse - followed_by.floor}
                state.history.append(row | {"learning_rate": rate})
                state.losses.clear()
                logger.info(progress_line(run, row, time.monotonic() - start))
            state.seconds, state.cpu_seconds = time.monotonic() - start, time.process_time() - cpu_start
            if checkpoints and (state.step % checkpoints.every == 0 or state.step == settings.steps or stop.name):
                state.save(checkpoints.path, origin)
            if stop.name and state.step < settings.steps:
                where = f"; the next run goes on from {checkpoints.path}" if checkpoints else ""
                raise Stopped(
                    f"{run.experiment} seed {run.seed}: {stop.name} after step {state.step} of {settings.steps}{where}"
                )
    state.model.cpu().eval().requires_grad_(False)
    return state


def take_step(state: TrainingState, run: RunSettings, sequences: Tensor, device: torch.device) -> float:
    """Take one step of the optimiser on the next batch; returns its learning rate."""
    state.losses.append(state.gradients(sequences[next(state.order)].to(device)))
    state.step += 1
    if not math.isfinite(state.losses[-1]):
        raise FloatingPointError(
            f"{run.experiment} seed {run.seed}: expected a finite loss, found {state.losses[-1]} at step {state.step} "
            f"of {run.training.steps}; try a lower training.learning_rate or training.clip_norm"
        )
    clip_grad_norm_([state.gradients.weights.vector], run.training.clip_norm)
    rate = state.schedule.get_last_lr()[0]
    state.optimiser.step()
    state.schedule.step()
    return rate


def resume(
    run: RunSettings, n_sequences: int, device: torch.device, checkpoints: Checkpoints | None, origin: Origin | None
) -> TrainingState | None:
    """The state from an earlier job's checkpoint; None if there is none that this training can resume from."""
    if not checkpoints or not os.path.exists(checkpoints.path):
        return None
    state = TrainingState(run, n_sequences, device)
    try:
        state.restore(checkpoints.path, origin)
    except ValueError as refusal:
        os.replace(checkpoints.path, checkpoints.refused)
        logger.warning("refused: %s; set aside as %s, training starts anew", refusal, checkpoints.refused)
        return None
    logger.info("%s seed %d: goes on after step %d, from %s", run.experiment, run.seed, state.step, checkpoints.path)
    return state


def progress_line(run: RunSettings, row: dict, seconds: float) -> str:
    """One line of progress: loss, excess over the Bayes floor, step, speed and time left."""
    return (
        f"{run.experiment} seed {run.seed}  loss {row['loss']:.4f}  excess {row['excess']:.2e}  "
        f"step {standing(row['step'], run.training.steps, seconds)}"
    )


def pick_device(name: str) -> torch.device:
    """The device for cpu, cuda or auto (a GPU if there is one). Raises ValueError for cuda without a CUDA device."""
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise ValueError("training.device: expected a CUDA device for 'cuda', found none; 'auto' falls back on the CPU")
    return torch.device("cuda" if available and name != "cpu" else "cpu")
