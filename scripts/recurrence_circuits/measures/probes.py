"""Ridge probes: what a linear map can read from the residual stream, after the embedding and after each layer.

What can be decoded need not be used: a probe is trained on its target, the model's readout is not.
"""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits.measures.bootstrap import Bootstrap, Measured
from recurrence_circuits.measures.by_position import rows_by_position
from recurrence_circuits.measures.statistics import ratio
from recurrence_circuits.runtime.progress import progress
from recurrence_circuits.tasks.errors import mean_square_seen

# Penalties tried, as multiples of the largest eigenvalue of the features' covariance: from one near the rounding
# error to one that shrinks the probe to almost nothing.
PENALTIES = 10.0 ** np.arange(-10, 5)
TERMS = ("last", "next")  # targets in units of x


def fit_ridge(
    features: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Ridge regression of each target on the features, in closed form; the intercept is not penalised.

    features are `sequence feature`, targets `sequence column`; weights, `sequence` and above 0, are those of the
    squared errors, all alike by default. Returns the coefficients, `feature column`, and the intercepts, `column`.
    Constant features predict the targets' mean.

    Each column has its own penalty out of PENALTIES, chosen by the one-standard-error rule (Breiman and others, 1984):
    the largest penalty whose mean leave-one-out error is at most one standard error above the least. (That error is in
    closed form too: the residual over 1 − leverage.) The penalty of the least error would sometimes let a probe fit
    noise, and fail badly where features have outliers.
    """
    n = len(features)
    share = np.full(n, 1 / n) if weights is None else weights / weights.sum()
    root = (n * share[:, None]) ** 0.5
    centre, mean = _mean(features, share), _mean(targets, share)
    U, s, V_transposed = np.linalg.svd(root * (features - centre), full_matrices=False)
    apart = root * (targets - mean)
    along = U.T @ apart  # component column
    shrink = [_divide(s**2, s**2 + penalty) for penalty in PENALTIES * s[0] ** 2]  # each: component
    leverage = share[:, None] + U**2 @ np.stack(shrink, axis=1)  # sequence penalty
    errors = [  # each: sequence column
        ((apart - U @ (factor[:, None] * along)) / (1 - of_penalty)[:, None]) ** 2
        for factor, of_penalty in zip(shrink, leverage.T, strict=True)
    ]
    chosen = _one_standard_error(np.stack(errors))
    factors = np.stack([_divide(shrink[penalty], s) for penalty in chosen], axis=1)  # component column
    coefficients = V_transposed.T @ (factors * along)
    return coefficients, mean - centre @ coefficients


def _mean(values: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The weighted mean over the first axis; exactly the value itself where all are the same."""
    return values[0] + share @ (values - values[0])


def _one_standard_error(errors: np.ndarray) -> np.ndarray:
    """For each column, the last penalty within one standard error of the best; errors are `penalty sequence column`."""
    mean, spread = errors.mean(axis=1), errors.std(axis=1, ddof=1) / errors.shape[1] ** 0.5  # penalty column
    best = np.argmin(mean, axis=0)[None]
    limit = np.take_along_axis(mean, best, axis=0) + np.take_along_axis(spread, best, axis=0)
    return len(mean) - 1 - np.argmax((mean <= limit)[::-1], axis=0)


def _divide(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a / b, and 0 where b is 0: the features do not vary in that direction, so it predicts nothing."""
    return np.divide(a, b, out=np.zeros_like(a), where=b > 0)


@torch.no_grad()
def measure_probes(
    streams: list[Tensor],
    sequences: Tensor,
    parameters: dict[str, np.ndarray],
    first_determined: int,
    bootstrap: Bootstrap,
    generator: np.random.Generator,
) -> pd.DataFrame:
    """R² of ridge probes for x_n (`last`), x_{n+1} (`next`) and each hidden parameter, at every layer and position.

    streams are a model's residual streams before each layer and after the last, each `sequence position d_model`.
    sequences is `sequence position dimension`, one term longer than the context; parameters are `sequence …`, float64.
    Returns the columns of the `probes` table from `after_layer` on.

    There is one probe per stream, position and coordinate of a target, fitted on the first half of the sequences and
    scored on the second. R² = 1 − (squared error) / (squared error of the first half's mean), both summed over
    coordinates: a useless probe scores 0, or slightly less if it fitted noise. Squares of terms are in units of each
    sequence's own scale (see tasks/errors.py), in fit and score, or a few wide sequences would decide both. For the
    determined positions together (position empty) both are summed over these positions too. bootstrap resamples the
    second half.
    The control `shuffled` permutes the targets among all sequences, by a permutation drawn from generator.
    R² is undefined, and has no row, where all values of a target are the same.
    """
    half, n = fitted_half(len(sequences)), sequences.shape[1] - 1
    values = sequences.double().numpy()
    targets = {"last": values[:, :-1], "next": values[:, 1:]}  # each: sequence position coordinate
    for name, parameter in parameters.items():
        flat = parameter.reshape(len(sequences), 1, -1)
        targets[name] = np.broadcast_to(flat, (len(sequences), n, flat.shape[-1]))
    order = generator.permutation(len(sequences))
    columns = [(name, shuffled) for name in targets for shuffled in (False, True)]
    stacked = [target[order] if shuffled else target for target in targets.values() for shuffled in (False, True)]
    # What is fitted with the same weights is fitted together.
    of_terms = [place for place, (name, _) in enumerate(columns) if name in TERMS]
    rest = [place for place in range(len(columns)) if place not in of_terms]
    groups = [(of_terms, 1 / mean_square_seen(sequences)), (rest, np.ones((len(sequences), n)))]
    measured = []
    for index, stream in enumerate(progress(streams, "streams probed:")):
        pairs = {}
        for places, weights in groups:
            pairs |= _pairs(stream.double().numpy(), {place: stacked[place] for place in places}, weights, half)
        for place, (name, shuffled) in enumerate(columns):
            measured.append(({"after_layer": index - 1, "target": name, "shuffled": shuffled}, pairs[place]))
    return r2_rows(measured, first_determined, bootstrap).dropna(subset=["value"])


def _pairs(stream: np.ndarray, targets: dict[int, np.ndarray], weights: np.ndarray, half: int) -> dict[int, np.ndarray]:
    """For each target the two errors of `probe_errors`, summed over its coordinates: `sequence position 2`."""
    if not targets:
        return {}
    ends = np.cumsum([target.shape[-1] for target in targets.values()])
    wanted = np.concatenate(list(targets.values()), axis=-1)  # sequence position column
    positions = range(wanted.shape[1])
    errors = [probe_errors(stream[:, i], wanted[:, i], half, weights[:, i]) for i in positions]
    parts = np.split(np.stack(errors, axis=1), ends[:-1], axis=2)
    return {place: part.sum(axis=2) for place, part in zip(targets, parts, strict=True)}


def fitted_half(n_sequences: int) -> int:
    """How many sequences, from the first on, probes are fitted on; they are scored on the others."""
    return n_sequences // 2


def probe_errors(features: np.ndarray, targets: np.ndarray, half: int, weights: np.ndarray | None = None) -> np.ndarray:
    """Squared errors on the sequences from `half` on: of the probe, and of the mean target of those before.

    features are `sequence feature`, targets `sequence column`; weights, `sequence`, are those of the squares, in the
    fit and in what is returned, 1 by default. Returns `sequence column 2`.
    """
    weights = np.ones(len(features)) if weights is None else weights
    coefficients, intercept = fit_ridge(features[:half], targets[:half], weights[:half])
    scored, mean = targets[half:], _mean(targets[:half], weights[:half] / weights[:half].sum())
    of_probe = scored - (features[half:] @ coefficients + intercept)
    return weights[half:, None, None] * np.stack([of_probe, scored - mean], axis=-1) ** 2


def r2_rows(measured: Measured, first_determined: int, bootstrap: Bootstrap) -> pd.DataFrame:
    """R² by position, then over the determined positions; the values measured are pairs, `sequence position 2`."""
    return rows_by_position(measured, first_determined, bootstrap, lambda means: 1 - ratio(means))
