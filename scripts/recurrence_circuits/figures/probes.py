"""Probes: what linear maps find in the residual stream after each layer.

What is *decodable* is not what is *used*: a probe is trained on its own target, while the readout is trained for the
model's prediction alone (the readout lens shows its view after each layer). Linear probes (ridge regression, one probe
per layer, position and coordinate of a target) are fitted to the residual stream on one half of the test sequences and
scored on the other half. The penalty is the greatest whose leave-one-out error is within one standard error of the
least. Above: over the determined positions, after each layer; below: by position. The axis shows R² on a log scale of
what is missing to 1; values above 0.99999 are drawn at that mark. Two controls: probes on the model before training,
which tell how much random features hold, and targets taken from other sequences, from which nothing can be learned. R²
can be slightly below 0 where a probe has fitted noise. Only what lies above both controls was put there by training.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from recurrence_circuits.figures import colours, labels, style

NAMES = {"last": "the last term, $x_n$", "next": "the next term, $x_{n+1}$"}
EXACT = 1e-5  # the least 1 − R² drawn: below it a log axis would show rounding errors


def draw(probes: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw the table `probes`: above over the determined positions, one line per seed; below by position, their median.

    The axis is that of 1 − R², logarithmic and upside down, with R² at its ticks.
    """
    drawn = probes.copy()
    targets = list(dict.fromkeys(drawn["target"]))  # in the order of the table: x_n, x_{n+1}, the parameters
    figure = style.new_figure(style.PAGE, 4.4)
    axes = figure.subplots(2, len(targets), sharey=True, squeeze=False)
    for (above, below), target in zip(axes.T, targets, strict=True):
        rows = drawn[drawn["target"] == target]
        _by_layer(above, rows[rows["position"].isna()])
        _by_position(below, rows[rows["position"].notna()])
        above.set_title(NAMES.get(target, f"the parameter ${target}$"))
    first = axes[0, 0]
    first.set(yscale="log", ylim=(1.5, EXACT / 1.5))
    first.yaxis.set_major_locator(LogLocator())
    first.yaxis.set_major_formatter(FuncFormatter(_r2))
    first.yaxis.set_minor_formatter(NullFormatter())
    for row, label in zip(axes, ("mean over determined positions", "by position"), strict=True):
        row[0].set_ylabel(f"R² on sequences not fitted,\n{label}")
        for panel in row:
            panel.grid(axis="y", color=colours.PALE)
    axes[0, -1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), title="one line per seed", title_fontsize=7)
    n_seeds = labels.counted(drawn["seed"].nunique(), "seed")
    axes[1, -1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), title=f"median, {n_seeds}", title_fontsize=7)
    return figure, drawn


def _r2(missing: float, _) -> str:
    return f"≥ {1 - missing:.5f}" if missing <= EXACT * 1.01 else f"{1 - missing:.5g}"


def _missing(r2: pd.Series) -> pd.Series:
    return (1 - r2).clip(lower=EXACT)


def _by_layer(axes: Axes, rows: pd.DataFrame) -> None:
    looks = {
        ("trained", False): {"color": colours.TRAINED, "label": "trained"},
        ("untrained", False): {"color": colours.UNTRAINED, "label": "untrained"},
        ("trained", True): {"color": colours.ORANGE, "linestyle": ":", "label": "trained,\nshuffled targets"},
    }
    for (model, shuffled), look in looks.items():
        lines = rows[(rows["model"] == model) & (rows["shuffled"] == shuffled)].groupby("seed")
        for i, (_, seed) in enumerate(lines):
            seed, label = seed.sort_values("after_layer"), look["label"] if i == 0 else None
            x, y = seed["after_layer"].astype(int), _missing(seed["value"])
            axes.plot(x, y, "o", **{"linestyle": "-", "markersize": 3, "alpha": 0.8, **look, "label": label})
    after = sorted(int(layer) for layer in rows["after_layer"].unique())
    axes.set_xticks(after, ["emb." if layer < 0 else str(layer) for layer in after])
    axes.set_xlabel("after layer")


def _by_position(axes: Axes, rows: pd.DataFrame) -> None:
    true = rows[~rows["shuffled"].astype(bool)]
    medians = true.groupby(["model", "after_layer", "position"])["value"].median()
    layers = sorted(int(layer) for layer in true["after_layer"].unique())
    shades = style.colormap("viridis_r")
    for layer in layers:
        curve = _missing(medians["trained", layer])
        name = "embedding" if layer < 0 else f"layer {layer}"
        colour = shades(0.1 + 0.9 * (layer + 1) / len(layers))
        axes.plot(curve.index.astype(int), curve, "o-", markersize=2.5, color=colour, label=f"after {name}")
    control = _missing(medians["untrained", layers[-1]])
    axes.plot(
        control.index.astype(int), control, "--", color=colours.UNTRAINED, label=f"untrained,\nlayer {layers[-1]}"
    )
    axes.set_xlabel("position n")
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
