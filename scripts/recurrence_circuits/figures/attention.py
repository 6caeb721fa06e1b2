"""Attention: how much each query attends to each key.

Attention of every query position (row) to every key position (column), mean over test sequences; grey keys lie in the
future of the query. A head that attends to the last term is bright on the diagonal, one that attends to the term
before it is bright just below the diagonal, one that attends to the start of the sequence is bright at the left. The
mean hides attention that depends on the terms themselves. Head numbers have no meaning across seeds.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from recurrence_circuits.figures import panels, style

PROBABILITY = Normalize(0, 1)


def draw(attention: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw the trained models of the table `attention`: large maps for the first seed, small ones for the others."""
    trained = attention[attention["model"] == "trained"]
    figure, axes = panels.head_grids(
        trained, _map, "Mean attention of every head", ("key: position attended to", "query: position attending")
    )
    for axis in (axes[0, 0].xaxis, axes[0, 0].yaxis):
        axis.set_major_locator(MaxNLocator(4, integer=True))
    scale = ScalarMappable(PROBABILITY, style.colormap(style.AMOUNT))
    axes[0, 0].figure.colorbar(scale, ax=axes, fraction=0.03, pad=0.01, label="probability")
    return figure, trained[trained["seed"].isin(panels.shown_seeds(trained))]


def _map(axes: Axes, rows: pd.DataFrame) -> None:
    """A query × key map; keys that a query cannot see are pale."""
    table = rows.pivot(index="query", columns="key", values="value")
    future = table.columns.to_numpy()[None, :] > table.index.to_numpy()[:, None]
    axes.imshow(
        np.where(future, np.nan, table.to_numpy(dtype=float)),
        norm=PROBABILITY,
        cmap=style.colormap(style.AMOUNT),
        interpolation="nearest",
    )
    axes.spines[:].set_visible(False)
