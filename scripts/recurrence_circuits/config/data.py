"""The section `data`: the sequences."""

from recurrence_circuits.config.base import Number, Seed, Settings, key


class SequenceSettings(Settings):
    """How a sequence is drawn, for training, validation and testing alike."""

    seed: Seed = key(0, "Seed of the sequences and of the analysis' resampling, apart from the models' seeds.")
    context_length: int = key(
        16,
        "Terms of context that the model sees, at least two more than fix the next term (affine 4, affine_vector "
        "dimension + 3, polynomial degree + 2); a sequence has one more, its last target.",
        unit="terms", ge=3, le=512,
    )  # fmt: skip
    noise: Number = key(
        0.0,
        "Standard deviation of the Gaussian noise on every observed term, targets included: 0, or at least 0.0001, and "
        "more where the ranges below make larger terms.",
        unit="x", ge=0, le=100,
    )  # fmt: skip
    dimension: int = key(
        1, "Coordinates of a term: at least 2 for the task affine_vector, 1 for the others.", ge=1, le=16
    )
    degree: int = key(
        0, "Degree of the polynomial: at least 1 for the task polynomial, 0 for the others.", ge=0, le=16
    )  # fmt: skip
    a_max: Number = key(
        1.0,
        "Affine tasks: a is uniform from -a_max to a_max, for affine_vector the singular values of A from 0 to a_max; "
        "a_max to the power of context_length is at most 10⁶; 1 for other tasks.",
        ge=0.1, le=2,
    )  # fmt: skip
    b_std: Number = key(
        1.0, "Affine tasks: standard deviation of b, of each coordinate; 1 for other tasks.", unit="x", ge=0.01, le=100
    )
    x0_std: Number = key(
        1.0, "Affine tasks: standard deviation of x_0, of each coordinate; 1 for other tasks.",
        unit="x", ge=0.01, le=100,
    )  # fmt: skip


class DataSettings(SequenceSettings):
    """How sequences are drawn, and how many."""

    n_train: int | None = key(
        None,
        "Training sequences, at least one batch; null means training.steps × training.batch_size: one pass over fresh "
        "sequences, without repeats.",
        unit="sequences", ge=1, le=10**9,
    )  # fmt: skip
    n_validation: int = key(
        512,
        "Validation sequences, by which training is followed; no choice is made by them.",
        unit="sequences", ge=32, le=10**6,
    )  # fmt: skip
    n_test: int = key(
        4096,
        "Test sequences, never trained on, over which all errors and similarities are averaged.",
        unit="sequences", ge=32, le=10**6,
    )  # fmt: skip
