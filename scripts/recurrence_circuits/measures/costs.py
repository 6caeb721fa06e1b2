"""What it costs to replace a part of a model: the rise of its error, and what of it a recalibration does not take away.

See measures/recalibration.py for what the two tell apart.
"""

import numpy as np
from torch import Tensor

from recurrence_circuits.measures.recalibration import recalibrate
from recurrence_circuits.tasks.errors import relative_error


class Costs:
    """The errors of predictions, beside those of the whole model on the same sequences."""

    def __init__(self, whole: Tensor, sequences: Tensor):
        """whole are the whole model's predictions, `sequence position dimension`; sequences is one term longer."""
        self.sequences = sequences
        self.whole, self.recalibrated_whole = self._errors(whole)

    def of(self, prediction: Tensor) -> dict[str, np.ndarray]:
        """The errors of a prediction, shaped like the whole model's, by measure, each `sequence position`:

        relative_error       in units of the mean square of the terms seen
        change               minus the whole model's
        recalibrated         the relative error of the prediction after a pointwise map
        recalibrated_change  minus that of the whole model's prediction after such a map, so that a map alone gains
                             nothing
        """
        error, recalibrated = self._errors(prediction)
        return {
            "relative_error": error,
            "change": error - self.whole,
            "recalibrated": recalibrated,
            "recalibrated_change": recalibrated - self.recalibrated_whole,
        }

    def _errors(self, prediction: Tensor) -> tuple[np.ndarray, np.ndarray]:
        return (
            relative_error(prediction, self.sequences),
            relative_error(recalibrate(prediction, self.sequences), self.sequences),
        )
