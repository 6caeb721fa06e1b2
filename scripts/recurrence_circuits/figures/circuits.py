"""Circuits: what each head's weights make of the term and of the estimate it attends to, every seed a dot."""

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
    """Four measures of the table `circuits`, heads sorted by value within each seed and layer (see panels.ranked)."""
    drawn = panels.ranked(circuits[circuits["measure"].isin(PANELS)])
    figure = style.new_figure(style.PAGE, 4.5)
    panels.ranked_bars(figure, drawn, PANELS, UNBOUNDED)
    return figure, drawn
