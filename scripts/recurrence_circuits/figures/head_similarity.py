"""Head similarity: what each head's direct contribution goes with, layer by layer, every seed a dot."""

import pandas as pd
from matplotlib.figure import Figure

from recurrence_circuits.figures import panels, style

PANELS = {
    "correlation_with_last": "Correlation with the last term $x_n$",
    "slope_on_last": "Copy coefficient (slope on $x_n$)",
    "correlation_with_target": "Correlation with the target $x_{n+1}$",
    "correlation_with_prediction": "Correlation with the model's prediction",
    "attention_similarity": "Rank correlation of attention with closeness",
    "cosine_with_residual": "Cosine with the residual stream before it",
}
UNBOUNDED = {"slope_on_last"}


def draw(similarity: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """The heads of the table `similarity`, sorted by value within each seed and layer (see panels.ranked)."""
    drawn = panels.ranked(similarity[(similarity["component"] == "head") & similarity["measure"].isin(PANELS)])
    figure = style.new_figure(style.PAGE, 6.4)
    panels.ranked_bars(figure, drawn, PANELS, UNBOUNDED)
    return figure, drawn
