"""Similarity: what each head's direct contribution goes with.

The direct contribution of a head to the prediction (its output through the final norm and the readout) is compared
with the last term, the next term, and the model's own prediction. The cosine shows how far its output points along the
residual stream that it adds to. Heads are
sorted within each seed and layer, for every panel apart, because head numbers have no meaning across seeds. A layer of
negative heads stands below 0 in the correlation with the prediction. Two cautions. Successive terms are much alike, so
a correlation with xₙ or a slope on it does not tell which of the recent terms a head copies: the figure on lags does.
And sequences converge, so recent terms are close to the query's: a head that prefers recent keys has a high rank
correlation of attention with closeness (−‖x_query − x_key‖) without comparing terms. The next two panels take position
away. Beyond position is what is left when the same correlation with the closeness in another sequence, which the head
cannot know, is subtracted; the dashed line is where a head would stand that ranked keys by closeness itself, near 0
because the order of closeness is almost the same in all sequences. The partial correlation holds fixed how recent a key
is and the mean attention that it gets; there such a head would stand near 1. Correlation ignores size; the copy
coefficient tells how much of the last term goes into the prediction. Untrained models show what comes without
training.
"""

import pandas as pd
from matplotlib.figure import Figure

from recurrence_circuits.figures import colours, panels, style

PANELS = {
    "correlation_with_last": "Correlation with the last term $x_n$",
    "slope_on_last": "Copy coefficient (slope on $x_n$)",
    "correlation_with_target": "Correlation with the next term $x_{n+1}$",
    "correlation_with_prediction": "Correlation with the model's prediction",
    "attention_similarity": "Rank correlation of attention with closeness",
    "attention_similarity_beyond_position": "The same beyond position",
    "attention_similarity_partial": "The same as partial correlation, given position",
    "cosine_with_residual": "Cosine with the residual stream before it",
}
BEYOND = "attention_similarity_beyond_position"
UNBOUNDED = {"slope_on_last", BEYOND}


def draw(similarity: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw the heads of the table `similarity`, sorted within each seed and layer (see panels.ranked)."""
    drawn = panels.ranked(similarity[(similarity["component"] == "head") & similarity["measure"].isin(PANELS)])
    figure = style.new_figure(style.PAGE, 8.2)
    panels.ranked_bars(figure, drawn, PANELS, UNBOUNDED)
    most = similarity[(similarity["component"] == "closeness") & (similarity["measure"] == BEYOND)]
    for value in most["value"].unique():
        axes = figure.axes[list(PANELS).index(BEYOND)]
        axes.axhline(value, color=colours.BLACK, linewidth=0.8, linestyle="--")
        axes.set_ylim(top=1.3 * max(value, axes.get_ylim()[1]))
        axes.text(axes.get_xlim()[0] + 0.05, value, "a head that ranks keys by closeness", size=7, va="bottom")
    columns = [*drawn.columns.drop("rank"), "component"]
    return figure, pd.concat([drawn.assign(component="head"), most[columns]]).astype({"rank": "Int64"})
