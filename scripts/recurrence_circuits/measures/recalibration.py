"""Recalibration: a prediction after the best pointwise map of it, which tells lost gain from lost information.

A component that only scales the prediction costs as much when it goes as one that knows something of the sequence. But
a map that sees the prediction alone can undo a scale, and can bring back nothing that the prediction no longer holds.
So cost = gain + information: what the map takes away of a cost is gain, the rest is information.

The map is a cubic polynomial of the prediction, one for each position and coordinate. Ablation shifts and scales the
prediction, and LayerNorm, which divides by the width of a stream that has lost a part, bends it: this an affine map
cannot undo, and a cubic is the lowest degree that bends both signs alike. A map with many more numbers would fit the
sequences. It is fitted by least squares on `relative_error`, the error that it is scored by.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recurrence_circuits.tasks.errors import mean_square_seen

DEGREE = 3
SINGULAR = 1e-10  # directions below this share of the largest singular value are left out, as for a constant prediction


def recalibrate(prediction: Tensor, sequences: Tensor) -> Tensor:
    """The prediction after a pointwise map fitted without its own sequence: `sequence position dimension`, float64.

    prediction is `sequence position dimension`; sequences is one term longer, both in units of x. The maps of each half
    of the sequences are used on the other half, so every sequence is mapped once, by a map that has not seen it. A
    prediction that does not depend on the sequence becomes the other half's weighted mean of the next term.
    """
    target = sequences[:, 1:].double().cpu().numpy()
    weight = mean_square_seen(sequences)[..., None] ** -0.5  # of the residual: its square is the relative error
    powers = _powers(prediction.double().cpu().numpy())
    result = np.empty_like(target)
    halves = np.array_split(np.arange(len(target)), 2)
    for fit_on, use_on in (halves, halves[::-1]):
        coefficients = _fit(powers[fit_on], target[fit_on], weight[fit_on])
        result[use_on] = np.einsum("sndp,ndp->snd", powers[use_on], coefficients)
    return torch.from_numpy(result)


def _powers(prediction: NDArray) -> NDArray:
    """The powers 0 … DEGREE of the prediction, in units of its size at that position: `sequence position dimension
    power`, so that the fit is well conditioned."""
    size = np.sqrt((prediction**2).mean(axis=0))
    scaled = prediction / np.where(size > 0, size, 1)
    return scaled[..., None] ** np.arange(DEGREE + 1)


def _fit(powers: NDArray, target: NDArray, weight: NDArray) -> NDArray:
    """Weighted least squares of the target on the powers: the coefficients, `position dimension power`."""
    X = np.moveaxis(powers * weight[..., None], 0, 2)  # position dimension sequence power
    y = np.moveaxis(target * weight, 0, 2)[..., None]  # position dimension sequence 1
    return (np.linalg.pinv(X, rcond=SINGULAR) @ y)[..., 0]
