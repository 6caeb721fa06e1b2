"""The account of the mechanism, and what each of its parts is needed for.

The account is the trained model with every MLP replaced by an affine map of the stream, one for each position, fitted
on one half of the test sequences and used on the other: attention and norms are all that is left to compute with. Each
row below it lacks one part. Red: the attention of a layer no longer looks at the terms, its pattern is the mean at each
position. Orange: attention is linear in its scores, without a softmax. Green: a norm, of what a layer's attention reads
or after the last layer, no longer divides by the size of the stream. Black: the best fixed weights on the terms
at each position, which say most of a prediction without any mechanism. Left: the share of prediction − xₙ that is left
unexplained, over the first five determined positions; the dotted line is the worst account's. Right: the relative error
of what is left. One dot per seed; small grey dots: the same models before training. Below: by position, mean over
seeds; and how much the account explains, on counterfactual pairs, of the change of the model's prediction from one
history of the same last two terms to another, and of how this change moves with single activations, one line per seed.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from recurrence_circuits.figures import colours, panels, style

WITHOUT = {
    "by_position": "attention {}: by position alone",
    "first_order": "attention {}: no softmax",
    "fixed_scale": "norm {}: does not divide",
}
HUES = {
    "linear": colours.BLACK, "account": colours.BLUE, "by_position": colours.VERMILION, "first_order": colours.ORANGE,
    "fixed_scale": colours.GREEN,
}  # fmt: skip
PAIRS = {"change": (colours.BLUE, "the change"), "swaps": (colours.PURPLE, "how activations carry it")}
Part = tuple[str, int | None]  # reduced, layer


def draw(mechanism: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw the table `mechanism`; `drawn` holds its rows with `unexplained` in place of `refinement`.

    Above: unexplained share and relative error over the early positions. Below: the unexplained share by position, and
    `change` and `swaps` of the trained models.
    """
    share = mechanism["measure"] == "refinement"
    drawn = mechanism.copy()
    drawn.loc[share, ["value", "low", "high"]] = 1 - drawn.loc[share, ["value", "high", "low"]].to_numpy()
    drawn["measure"] = drawn["measure"].where(~share, "unexplained")
    n_layers = int(drawn.loc[drawn["component"] == "attention", "layer"].max()) + 1
    parts = [(name, None if pd.isna(layer) else int(layer)) for name, layer in _parts(drawn)]
    figure = style.new_figure(style.PAGE, 3.2 + 0.2 * len(parts))
    above, below = figure.subfigures(2, 1, height_ratios=[0.7 + 0.2 * len(parts), 2.3])
    left, right = above.subplots(1, 2, sharey=True)
    _ladder(left, drawn[(drawn["measure"] == "unexplained") & drawn["position"].isna()], parts, n_layers)
    left.set_title("Unexplained share of\nprediction − $x_n$", loc="left")
    _ladder(right, drawn[(drawn["measure"] == "relative_error") & drawn["position"].isna()], parts, n_layers)
    right.set_title("Relative error of\nwhat is left", loc="left")
    above.legend(handles=panels.model_keys()[1:], loc="outside lower center")
    left, right = below.subplots(1, 2)
    _by_position(left, drawn, n_layers)
    _on_pairs(right, drawn)
    return figure, drawn


def _parts(drawn: pd.DataFrame) -> list[tuple]:
    """The rows of the ladder, from the table's order: what is taken away together stands together."""
    found = drawn[["reduced", "layer"]].drop_duplicates()
    order = found["reduced"].map(list(HUES).index)
    return list(found.loc[order.sort_values(kind="stable").index].itertuples(index=False, name=None))


def _name(part: Part, n_layers: int) -> str:
    reduced, layer = part
    if layer is None:
        return {"linear": "best fixed weights on the terms", "account": "the account"}[reduced]
    return WITHOUT[reduced].format("after the last layer" if layer == n_layers else layer)


def _ladder(axes: Axes, rows: pd.DataFrame, parts: list[Part], n_layers: int) -> None:
    for y, (reduced, layer) in enumerate(parts):
        own = rows[(rows["reduced"] == reduced) & (rows["layer"].isna() if layer is None else rows["layer"] == layer)]
        axes.axhline(y, color=colours.PALE, linewidth=0.8, zorder=0)
        for model, colour, shift in (("untrained", colours.UNTRAINED, 0.18), ("trained", HUES[reduced], -0.1)):
            values = own.loc[(own["model"] == model) & (own["value"] > 0), "value"]  # an exact account leaves nothing
            look = {"markersize": 4.5, "alpha": 0.85} if model == "trained" else {"markersize": 3, "alpha": 0.5}
            axes.plot(values, [y + shift] * len(values), "o", color=colour, markeredgewidth=0, **look)
    account = rows[(rows["reduced"] == "account") & (rows["model"] == "trained")]["value"]
    if (account > 0).any():
        axes.axvline(account.max(), color=colours.BLUE, linestyle=":", linewidth=0.8)
    axes.set_xscale("log")
    panels.log_axis(axes.xaxis, *axes.get_xlim())
    axes.set_yticks(range(len(parts)), [_name(part, n_layers) for part in parts])
    axes.set_ylim(len(parts) - 0.5, -0.6)
    axes.tick_params(left=False)


def _by_position(axes: Axes, drawn: pd.DataFrame, n_layers: int) -> None:
    rows = drawn[(drawn["measure"] == "unexplained") & drawn["position"].notna() & (drawn["model"] == "trained")]
    for reduced, style_ in (("linear", "s:"), ("account", "o-")):
        mean = rows[rows["reduced"] == reduced].groupby("position")["value"].mean()
        mean = mean.where(mean > 0)
        axes.plot(
            mean.index.astype(int), mean, style_, markersize=3, color=HUES[reduced], label=_name((reduced, None), 0)
        )
    axes.set(yscale="log", xlabel="position n", ylabel="unexplained share")
    panels.log_axis(axes.yaxis, *axes.get_ylim())
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.grid(axis="y", color=colours.PALE)
    axes.set_title("By position", loc="left")
    axes.legend(fontsize=7)


def _on_pairs(axes: Axes, drawn: pd.DataFrame) -> None:
    for measure, (colour, label) in PAIRS.items():
        rows = drawn[(drawn["measure"] == measure) & (drawn["model"] == "trained")]
        for number, (_, own) in enumerate(rows.groupby("seed")):
            axes.plot(own["position"].astype(int), own["value"], "o-", markersize=3, linewidth=0.8, color=colour,
                      alpha=0.8, label=label if number == 0 else None)  # fmt: skip
    axes.set(xlabel="position n", ylabel="explained share")
    low = axes.get_ylim()[0]
    axes.set_ylim(low - 0.25 * (1 - low), 1.02)  # room for the legend
    axes.axhline(1, color=colours.GREY, linewidth=0.6)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.grid(axis="y", color=colours.PALE)
    axes.set_title("On counterfactual pairs, same last two terms", loc="left")
    if axes.get_lines()[1:]:
        axes.legend(fontsize=7)
