"""Relations between the keys of one experiment, beyond each key's own type and range."""

from collections.abc import Callable, Iterator
from operator import attrgetter

from recurrence_circuits.config.tasks import TASKS
from recurrence_circuits.config.training import USUAL
from recurrence_circuits.config.wording import found

MAX_NUMBERS = 10**9  # numbers in one data file: 4 GB
MAX_RESAMPLED = 10**8  # resamples × sequences of one bootstrap: 2.4 GB while it is drawn
MAX_ACTIVATIONS = 7 * 10**8  # activations of all sequences in memory at once: 17 GB where most are kept
# Terms are float32 and about 1 in size. At this noise the Bayes-optimal predictor's mean squared error at 64 positions
# is 1.3 noise². At a tenth of it rounding begins to matter, and it is 7 noise²; at a hundredth, 600 noise².
LEAST_NOISE = 1e-4
MAX_GROWTH = 1e6  # of a term over a whole sequence: float32 holds its square, and differences beside it

# Each check takes the values of its keys. It returns what is expected of the first one, or None if all is well.
RELATIONS: list[tuple[tuple[str, ...], Callable[..., str | None]]] = []


def relation(*keys: str):
    """Register a check of the values of these keys."""

    def register(check):
        RELATIONS.append((keys, check))
        return check

    return register


def violations(experiment, refused: set[tuple[str, ...]]) -> Iterator[tuple[tuple[str, ...], object, str]]:
    """The path of the key, its value and "expected …, found …", for every relation that an experiment violates.

    refused  paths of keys and sections already found wrong; relations with one of these are skipped
    """
    for keys, check in RELATIONS:
        paths = [tuple(key.split(".")) for key in keys]
        if refused & {part for path in paths for part in (path, path[:1])}:
            continue
        values = [attrgetter(key)(experiment) for key in keys]
        if wanted := check(*values):
            *section, name = paths[0]
            of = attrgetter(*section)(experiment) if section else experiment
            default = "" if name in of.model_fields_set else " (the default)"
            yield paths[0], values[0], f"expected {wanted}, found {found(values[0])}{default}"


def n_train_of(n_train: int | None, steps: int, batch_size: int) -> int:
    """The number of training sequences; if none is given, as many as one pass needs."""
    return steps * batch_size if n_train is None else n_train


@relation("data.dimension", "task")
def _dimension(dimension: int, task: str) -> str | None:
    return _in_range(dimension, TASKS[task].dimension, task)


@relation("data.noise", "data.a_max", "data.b_std", "data.x0_std", "data.context_length")
def _noise(noise: float, a_max: float, b_std: float, x0_std: float, context_length: int) -> str | None:
    least = least_noise(a_max, b_std, x0_std, context_length)
    return f"0 or at least {least:g} (less is lost in the rounding of float32)" if 0 < noise < least else None


def least_noise(a_max: float, b_std: float, x0_std: float, context_length: int) -> float:
    """LEAST_NOISE for terms of the size that the ranges allow, as a multiple of what b and slopes of 1 add up to."""
    growth = sum(a_max**k for k in range(context_length)) / context_length
    return float(f"{LEAST_NOISE * max(1.0, growth) * max(1.0, b_std, x0_std):.2g}")


@relation("data.a_max", "task")
@relation("data.b_std", "task")
@relation("data.x0_std", "task")
def _range(value: float, task: str) -> str | None:
    return None if TASKS[task].ranges or value == 1 else f"1 for the task {task} (it has no such parameter)"


@relation("data.a_max", "data.context_length")
def _growth(a_max: float, context_length: int) -> str | None:
    if a_max**context_length <= MAX_GROWTH:
        return None
    most = int(1000 * MAX_GROWTH ** (1 / context_length)) / 1000
    return f"at most {most} for data.context_length {context_length} (terms may not grow by more than 10⁶)"


@relation("data.degree", "task")
def _degree(degree: int, task: str) -> str | None:
    return _in_range(degree, TASKS[task].degree, task)


def _in_range(value: int, limits: range, task: str) -> str | None:
    if value in limits:
        return None
    return f"{limits[0]}{f' to {limits[-1]}' * (len(limits) > 1)} for the task {task}"


@relation("data.context_length", "task", "data.dimension", "data.degree")
def _context_length(context_length: int, task: str, dimension: int, degree: int) -> str | None:
    n = TASKS[task].first_determined(dimension, degree)
    if context_length < n + 2:
        return (
            f"at least {n + 2} for the task {task} (the next term is fixed from position {n} on, counted from 0, "
            f"and the analysis needs two such positions)"
        )
    return None


@relation("data.n_train", "training.batch_size")
def _one_batch(n_train: int | None, batch_size: int) -> str | None:
    too_few = n_train is not None and n_train < batch_size
    return f"null or at least training.batch_size ({batch_size})" if too_few else None


@relation("data.n_train", "training.steps", "training.batch_size", "data.context_length", "data.dimension")
def _train_size(n_train: int | None, steps: int, batch_size: int, context_length: int, dimension: int) -> str | None:
    most, sequences = MAX_NUMBERS // ((context_length + 1) * dimension), n_train_of(n_train, steps, batch_size)
    if sequences <= most:
        return None
    return f"at most {most} sequences of this size, not {sequences}" + " (steps × batch_size)" * (n_train is None)


@relation("data.n_validation", "data.context_length", "data.dimension")
@relation("data.n_test", "data.context_length", "data.dimension")
@relation("analysis.n_fresh", "data.context_length", "data.dimension")
def _file_size(sequences: int, context_length: int, dimension: int) -> str | None:
    most = MAX_NUMBERS // ((context_length + 1) * dimension)
    return f"at most {most} sequences of this size" if sequences > most else None


def activations(context_length: int, n_layers: int, n_heads: int, d_model: int, d_mlp: int) -> int:
    """The number of activations of a model for one sequence: head outputs, attention and hidden units."""
    return n_layers * context_length * (n_heads * (d_model + context_length) + d_mlp)


ACTIVATIONS = ("data.context_length", "model.n_layers", "model.n_heads", "model.d_model", "model.d_mlp")


@relation("data.n_validation", *ACTIVATIONS)
@relation("data.n_test", *ACTIVATIONS)
@relation("analysis.n_condition", *ACTIVATIONS)
@relation("training.batch_size", *ACTIVATIONS)
def _at_once(sequences: int, *sizes: int) -> str | None:
    most = MAX_ACTIVATIONS // activations(*sizes)
    if sequences <= most:
        return None
    told = ", ".join(f"{key.rpartition('.')[2]} {size}" for key, size in zip(ACTIVATIONS, sizes, strict=True))
    return f"at most {most} sequences of {told} (all are taken at once and have to fit in memory)"


@relation("model.n_heads", "model.d_model")
def _heads(n_heads: int, d_model: int) -> str | None:
    return f"a divisor of model.d_model ({d_model})" if d_model % n_heads else None


@relation("training.warmup_steps", "training.steps")
def _warmup(warmup_steps: int, steps: int) -> str | None:
    return f"fewer than training.steps ({steps})" if warmup_steps >= steps else None


@relation("training.precondition_every", "training.optimiser")
def _precondition_every(precondition_every: int | None, optimiser: str) -> str | None:
    return _only_of("precondition_every", precondition_every, optimiser)


@relation("training.momentum", "training.optimiser")
def _momentum(momentum: float | None, optimiser: str) -> str | None:
    return _only_of("momentum", momentum, optimiser)


def _only_of(name: str, value, optimiser: str) -> str | None:
    if value is None or name in USUAL[optimiser]:
        return None
    return f"null for the optimiser {optimiser} (it is a key of {', '.join(o for o in USUAL if name in USUAL[o])})"


@relation("training.weight_decay", "training.learning_rate", "training.optimiser")
def _decay(weight_decay: float, learning_rate: float | None, optimiser: str) -> str | None:
    learning_rate = learning_rate or USUAL[optimiser]["learning_rate"]
    if weight_decay * learning_rate <= 1:
        return None
    return (
        f"at most 1 / training.learning_rate ({1 / learning_rate:g}): a step multiplies weights by 1 less their product"
    )


@relation("training.evaluate_every", "training.steps")
def _evaluations(evaluate_every: int, steps: int) -> str | None:
    return f"at most training.steps ({steps})" if evaluate_every > steps else None


@relation("analysis.n_shown", "data.n_test")
def _shown(n_shown: int, n_test: int) -> str | None:
    return f"at most data.n_test ({n_test})" if n_shown > n_test else None


@relation("analysis.resamples", "data.n_test", "analysis.n_condition")
def _resampled(resamples: int, n_test: int, n_condition: int) -> str | None:
    most = MAX_RESAMPLED // max(n_test, n_condition)
    return (
        f"at most {most} for data.n_test {n_test} and analysis.n_condition {n_condition}" if resamples > most else None
    )


@relation("confirmation_seeds", "seeds")
def _seeds_apart(confirmation_seeds: list[int], seeds: list[int]) -> str | None:
    shared = [seed for seed in confirmation_seeds if seed in seeds]
    return f"none of seeds, which have {', '.join(map(str, shared))}" if shared else None


@relation("claims.copy_ratio_min", "claims.copy_ratio_max")
def _copy_ratios(copy_ratio_min: float, copy_ratio_max: float) -> str | None:
    return f"less than claims.copy_ratio_max ({copy_ratio_max})" if copy_ratio_min >= copy_ratio_max else None
