"""Prediction errors."""

import numpy as np
from torch import Tensor


def squared_error(prediction: Tensor, target: Tensor) -> np.ndarray:
    """Squared error, mean over coordinates: `sequence position`, float64, in units of x²."""
    return (prediction.double() - target.double()).square().mean(dim=-1).cpu().numpy()
