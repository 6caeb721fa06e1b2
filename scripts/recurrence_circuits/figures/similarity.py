"""Similarity: what each head's direct contribution goes with.

The direct contribution of a head to the prediction (its output through the final norm and the readout) is
compared with the last term, the next term, and the model's own prediction. The last row shows whether a head attends
to terms close to the query's, and how far its output points along the residual stream that it adds to. Heads are
sorted within each seed and layer, for every panel apart, because head numbers have no meaning across seeds. A layer of
negative heads stands below 0 in the correlation with the prediction. Two cautions. Successive terms are much alike, so
a correlation with xₙ or a slope on it does not tell which of the recent terms a head copies. And sequences converge,
so recent terms are close to the query's: a head that attends by position alone has a high rank correlation with
closeness too, and that panel is no evidence that the head compares terms. Correlation ignores size; the copy
coefficient tells how much of the last term goes into the prediction. Untrained models show what comes without
training.
"""

import pandas as pd
from matplotlib.figure import Figure

from recurrence_circuits.figures import panels, style

PANELS = {
    "correlation_with_last": "Correlation with the last term $x_n$",
    "slope_on_last": "Copy coefficient (slope on $x_n$)",
    "correlation_with_target": "Correlation with the next term $x_{n+1}$",
    "correlation_with_prediction": "Correlation with the model's prediction",
    "attention_similarity": "Rank correlation of attention with closeness",
    "cosine_with_residual": "Cosine with the residual stream before it",
}
UNBOUNDED = {"slope_on_last"}


def draw(similarity: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw the heads of the table `similarity`, sorted within each seed and layer (see panels.ranked)."""
    drawn = panels.ranked(similarity[(similarity["component"] == "head") & similarity["measure"].isin(PANELS)])
    figure = style.new_figure(style.PAGE, 6.4)
    panels.ranked_bars(figure, drawn, PANELS, UNBOUNDED)
    return figure, drawn
