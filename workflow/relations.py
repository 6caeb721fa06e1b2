"""What the keys of one experiment demand of each other, beyond each key's own type and range."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from wording import found, join

MAX_NUMBERS = 10**9  # in one data file: 4 GB
MAX_RESAMPLED = 10**8  # resamples × sequences of one bootstrap: 2.4 GB while it is drawn
MAX_ACTIVATIONS = 7 * 10**8  # numbers that a model computes for sequences taken at once: 17 GB where most are kept
# Terms are float32 and of size 1. At this noise the mean squared error of the Bayes-optimal predictor at 64 positions
# is 1.3 noise²; at a tenth of it, where rounding begins to count, 7 noise², at a hundredth 600 noise².
LEAST_NOISE = 1e-4


class TaskLimits(NamedTuple):
    """What a task asks of the config. The tasks themselves need torch, which parsing must not import."""

    dimension: range
    degree: range
    first_determined: Callable[[int, int], int]  # of dimension and degree: first n at which x_0 … x_n fix x_{n+1}


TASKS = {
    "affine": TaskLimits(range(1, 2), range(1), lambda dimension, degree: 2),
    "affine_vector": TaskLimits(range(2, 17), range(1), lambda dimension, degree: dimension + 1),
    "polynomial": TaskLimits(range(1, 2), range(1, 17), lambda dimension, degree: degree),
}

# Each takes the values of its keys and returns what is expected of the first one, or None if all is well.
RELATIONS: list[tuple[tuple[str, ...], Callable[..., str | None]]] = []


def relation(*keys: str):
    def register(check):
        RELATIONS.append((keys, check))
        return check

    return register


def violations(name: str, experiment: dict, given: dict, refused: set[str]) -> Iterator[tuple[str, str]]:
    """Key and "expected …, found …" for every relation that does not hold in an experiment.

    experiment  with its defaults
    given       as the user wrote it, to tell which values are defaults
    refused     full paths of keys found wrong already: relations with one of these are left out
    """
    path = join("experiments", name)
    for keys, check in RELATIONS:
        parts = {part for key in keys for part in (key, key.split(".")[0])}
        if refused & {path, *(f"{path}.{part}" for part in parts)}:
            continue
        values = [_get(experiment, key) for key in keys]
        if wanted := check(*values):
            yield keys[0], f"expected {wanted}, found {found(values[0])}{_default_note(given, keys[0])}"


def _get(experiment: dict, key: str):
    value = experiment
    for part in key.split("."):
        value = value[part]
    return value


def _default_note(given: dict, key: str) -> str:
    try:
        _get(given, key)
    except KeyError:
        return " (the default)"
    return ""


def same_folder(experiments: dict) -> Iterator[tuple[str, str]]:
    """Names that differ in case only: on some file systems they are one folder."""
    seen: dict[str, str] = {}
    for name in experiments:
        if seen.setdefault(name.lower(), name) != name:
            yield name, f"expected names that differ in more than case, found {seen[name.lower()]} and {name}"


def resolve_n_train(experiment: dict) -> None:
    """Replace data.n_train: null by the number of sequences of one pass."""
    data, training = experiment["data"], experiment["training"]
    data["n_train"] = _n_train(data["n_train"], training["steps"], training["batch_size"])


def _n_train(n_train: int | None, steps: int, batch_size: int) -> int:
    return steps * batch_size if n_train is None else n_train


@relation("data.dimension", "task")
def _dimension(dimension: int, task: str) -> str | None:
    return _in_range(dimension, TASKS[task].dimension, task)


@relation("data.noise")
def _noise(noise: float) -> str | None:
    lost = 0 < noise < LEAST_NOISE
    return f"0 or at least {LEAST_NOISE} (less is lost in the rounding of float32)" if lost else None


@relation("data.degree", "task")
def _degree(degree: int, task: str) -> str | None:
    return _in_range(degree, TASKS[task].degree, task)


def _in_range(value: int, limits: range, task: str) -> str | None:
    if value in limits:
        return None
    return f"{limits[0]}{f' to {limits[-1]}' * (len(limits) > 1)} for the task {task}"


@relation("data.n_terms", "task", "data.dimension", "data.degree")
def _n_terms(n_terms: int, task: str, dimension: int, degree: int) -> str | None:
    n = TASKS[task].first_determined(dimension, degree)
    if n_terms < n + 2:
        return (
            f"at least {n + 2} for the task {task} (the next term is fixed from position {n} on, counted from 0, "
            f"and the analysis needs two such positions)"
        )
    return None


@relation("data.n_train", "training.batch_size")
def _one_batch(n_train: int | None, batch_size: int) -> str | None:
    too_few = n_train is not None and n_train < batch_size
    return f"null or at least training.batch_size ({batch_size})" if too_few else None


@relation("data.n_train", "training.steps", "training.batch_size", "data.n_terms", "data.dimension")
def _train_size(n_train: int | None, steps: int, batch_size: int, n_terms: int, dimension: int) -> str | None:
    most, sequences = MAX_NUMBERS // ((n_terms + 1) * dimension), _n_train(n_train, steps, batch_size)
    if sequences <= most:
        return None
    return f"at most {most} sequences of this size, not {sequences}" + " (steps × batch_size)" * (n_train is None)


@relation("data.n_test", "data.n_terms", "data.dimension")
def _test_size(n_test: int, n_terms: int, dimension: int) -> str | None:
    most = MAX_NUMBERS // ((n_terms + 1) * dimension)
    return f"at most {most} sequences of this size" if n_test > most else None


def activations(n_terms: int, n_layers: int, n_heads: int, d_model: int, d_mlp: int) -> int:
    """Numbers that a model computes for one sequence: what heads write, where they look, hidden units."""
    return n_layers * n_terms * (n_heads * (d_model + n_terms) + d_mlp)


ACTIVATIONS = ("data.n_terms", "model.n_layers", "model.n_heads", "model.d_model", "model.d_mlp")


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


@relation("training.weight_decay", "training.learning_rate")
def _decay(weight_decay: float, learning_rate: float) -> str | None:
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


@relation("claims.copy_ratio_min", "claims.copy_ratio_max")
def _copy_ratios(copy_ratio_min: float, copy_ratio_max: float) -> str | None:
    return f"less than claims.copy_ratio_max ({copy_ratio_max})" if copy_ratio_min >= copy_ratio_max else None
