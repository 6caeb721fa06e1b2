"""Circuits: what each head's weights do with the term and the estimate that it attends to.

Measures of the weights alone. The OV gain follows one path through a head: from the embedding of the term attended to,
through the head, to the prediction (left), or from the readout's own direction back to it (right): what the head adds
to the estimate for each unit of the estimate that it attends to. A head copies if its gain is above 0, and takes away
if it is below 0. The norm is taken as linear, at its mean scale. The OV copying score and the QK matching score are
the sum of the eigenvalues of the product of the head's weights (OV or QK) over the sum of their absolute values: a
head of score 1 writes back whatever it reads, or attends to streams like its own; one of score −1 does the reverse.
The OV score is that of the head's weights alone, not of the full circuit from embedding to readout. The scores weigh
all directions alike, the gains only those of a term or of an estimate. Heads have no order across seeds, so they are
sorted within each layer.
"""

import pandas as pd
from matplotlib.figure import Figure

from recurrence_circuits.figures import panels, style

PANELS = {
    "ov_gain": "OV gain, from the term to the prediction",
    "ov_estimate_gain": "OV gain, from the estimate to the estimate",
    "ov_copying_score": "OV copying score",
    "qk_matching_score": "QK matching score",
}
UNBOUNDED = {"ov_gain", "ov_estimate_gain"}


def draw(circuits: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw four measures of the table `circuits`, heads sorted within each seed and layer (see panels.ranked)."""
    drawn = panels.ranked(circuits[circuits["measure"].isin(PANELS)])
    figure = style.new_figure(style.PAGE, 4.5)
    panels.ranked_bars(figure, drawn, PANELS, UNBOUNDED)
    return figure, drawn
