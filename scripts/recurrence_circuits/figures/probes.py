"""Probes: what linear maps find in the residual stream after each layer, beside their two controls."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from recurrence_circuits.figures import style

NAMES = {"last": "the last term, $x_n$", "next": "the next term, $x_{n+1}$"}
EXACT = 1e-5  # what is missing of R² = 1 is drawn no smaller than this: a log axis would go down to rounding errors


def draw(probes: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """The table `probes`: above over the determined positions, a line a seed; below by position, median over seeds.

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
        row[0].set_ylabel(f"R² on held-out sequences,\n{label}")
        for panel in row:
            panel.grid(axis="y", color=style.PALE)
    axes[0, -1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), title="a line a seed", title_fontsize=7)
    n_seeds = style.counted(drawn["seed"].nunique(), "seed")
    axes[1, -1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), title=f"median, {n_seeds}", title_fontsize=7)
    return figure, drawn


def _r2(missing: float, _) -> str:
    return f"≥ {1 - missing:.5f}" if missing <= EXACT * 1.01 else f"{1 - missing:.5g}"


def _missing(r2: pd.Series) -> pd.Series:
    return (1 - r2).clip(lower=EXACT)


def _by_layer(axes: Axes, rows: pd.DataFrame) -> None:
    looks = {
        ("trained", False): {"color": style.TRAINED, "label": "trained"},
        ("untrained", False): {"color": style.UNTRAINED, "label": "untrained"},
        ("trained", True): {"color": style.ORANGE, "linestyle": ":", "label": "trained,\nshuffled targets"},
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
    axes.plot(control.index.astype(int), control, "--", color=style.UNTRAINED, label=f"untrained,\nlayer {layers[-1]}")
    axes.set_xlabel("position n")
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
