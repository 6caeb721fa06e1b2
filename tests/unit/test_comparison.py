"""The figure that compares experiments: the numbers planted in the tables, in their cells and in an order to read."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from lib.registry import columns_of
from recurrence_circuits.figures import colours, compared, comparison, matrix, style
from rules import call
from synthetic_claims import CLAIMS, planted_claims, planted_quality
from tables import write_table

ERRORS = {"model": 2e-4, "copy_last": 0.03, "best_linear": 0.01, "zero": 0.9, "untrained": 1e-5, "bayes": 1e-15}
EXPERIMENTS = {  # as from lib.differences: group by group
    "paper": {"group": "reference", "differs": ""},
    "few": {"group": "depth", "differs": "1 layer"},
    "most": {"group": "depth", "differs": "4 layers"},
    "wide": {"group": "ranges", "differs": "x_{0} of std. 3"},
}
COUNTS = {  # seeds and controls in support, and seeds
    "few": {"1": (1, 0, 3), "2a": (0, 0, 3)},  # claim 4 is not judged
    "paper": {"1": (5, 0, 5), "2a": (0, 0, 5), "4": (2, 0, 5)},
    "wide": {"1": (3, 0, 3), "2a": (0, 2, 3), "4": (1, 0, 3)},
    "most": {"1": (2, 0, 3), "2a": (1, 0, 3), "4": (3, 3, 3)},
}


def drawn_from(counts=COUNTS, experiments=EXPERIMENTS, errors=ERRORS, reference="paper (3 layers)", claims=None):
    claims = planted_claims(counts) if claims is None else claims
    return comparison.draw(claims, planted_quality(dict.fromkeys(counts, errors)), experiments, reference)


def texts(figure) -> dict[str, list[Text]]:
    found = {}
    for text in figure.findobj(Text):
        found.setdefault(text.get_text(), []).append(text)
    return found


def below(figure, patches=Rectangle) -> list:
    """What of a kind stands in the rows, below what explains them."""
    return [patch for patch in figure.axes[0].findobj(patches) if patch.get_y() > matrix.TOP]


def test_rows_stand_by_group_and_those_that_support_most_come_first():
    figure, drawn = drawn_from()
    order = ["paper", "most", "few", "wide"]
    assert list(dict.fromkeys(drawn["experiment"])) == order
    words = texts(figure)
    rows = ["reference", "paper", "depth", "most", "few", "ranges", "wide"]
    heights = [words[name][0].get_position()[1] for name in rows]
    assert heights == sorted(heights)
    assert words["4 layers"][0].get_position()[1] == words["most"][0].get_position()[1]
    assert words["$x_{0}$ of std. 3"]
    assert words["Beside an experiment's name: how it differs from paper (3 layers)"]


def test_a_cell_shows_the_planted_share_and_a_claim_not_judged_is_blank():
    figure, drawn = drawn_from()
    cells = drawn.dropna(subset=["claim"]).set_index(["experiment", "claim"])
    for experiment, by_claim in COUNTS.items():
        for claim, counts in by_claim.items():
            row = cells.loc[(experiment, claim)]
            assert tuple(row[["seeds_in_support", "control_in_support", "n_seeds"]]) == counts
    assert len(cells) == 11
    assert ("few", "4") not in cells.index
    words = texts(figure)
    shown = {text: len(words[text]) for text in ("5/5", "2/5", "3/3", "1/3", "2/3", "0/3")}
    assert shown == {"5/5": 1, "2/5": 1, "3/3": 2, "1/3": 3, "2/3": 1, "0/3": 2}


def test_colour_is_the_share_and_bars_are_the_controls():
    figure, _ = drawn_from()
    bars = [patch for patch in below(figure) if to_hex(patch.get_facecolor()) == to_hex(colours.ORANGE)]
    cells = [patch for patch in below(figure) if patch not in bars]
    width = min(cell.get_width() for cell in cells)  # of a claim's cell; those of errors are wider
    assert sorted(bar.get_width() / width for bar in bars) == pytest.approx([2 / 3, 1])  # two of many
    blue = [cell.get_facecolor() for cell in cells if cell.get_width() == pytest.approx(width)]
    expected = [seeds / n for by_claim in COUNTS.values() for seeds, _, n in by_claim.values()]
    assert sorted(map(to_hex, blue)) == sorted(to_hex(style.colormap("Blues")(0.04 + 0.86 * e)) for e in expected)


def test_errors_are_medians_of_early_relative_errors_of_models_and_of_the_best_fixed_weights():
    figure, drawn = drawn_from()
    errors = drawn.dropna(subset=["predictor"])
    assert errors.set_index(["experiment", "predictor"])["value"].to_dict() == pytest.approx(
        {(name, kind): ERRORS[kind] for name in COUNTS for kind in ("model", "best_linear")}
    )
    words = texts(figure)
    assert len(words["0.0002"]) == len(words["0.01"]) == len(COUNTS)


def test_confirmation_seeds_decide_where_there_are_some_and_are_marked():
    confirmed = planted_claims({"paper": {"1": (10, 0, 10)}}, role="confirmation")
    explored = planted_claims({"paper": {"1": (0, 0, 5)}, "few": {"1": (1, 0, 3)}})
    figure, drawn = drawn_from(
        {"paper": {}, "few": {}},
        {name: EXPERIMENTS[name] for name in ("paper", "few")},
        claims=pd.concat([explored, confirmed], ignore_index=True),
    )
    words = texts(figure)
    assert words["10/10"]
    assert words["1/3"]
    assert words["paper*"]
    assert "few*" not in words
    assert drawn.set_index("experiment")["role"].dropna().to_dict() == {"paper": "confirmation", "few": "exploration"}
    assert "all numbers are of exploration seeds" in texts(drawn_from()[0])


@pytest.mark.parametrize("n", [1, 3, 45])
def test_text_is_readable_and_does_not_overlap_whatever_the_number_of_experiments(n):
    names = [f"soap-no-norm-{k:02d}" for k in range(n)]
    about = {
        name: {"group": f"group {k // 6}", "differs": "SOAP, 3,000 steps, β2 0.99, no norm"}
        for k, name in enumerate(names)
    }
    counts = {name: {claim: (10, 10, 10) for claim in CLAIMS} for name in names}
    figure, drawn = drawn_from(counts, about)
    assert len(drawn) == n * (len(CLAIMS) + 2)
    width, height = figure.get_size_inches()
    assert width <= 7.3  # an A4 page with margins of half an inch
    assert height <= 10.7
    shown = [text for text in figure.findobj(Text) if text.get_text().strip()]
    assert min(text.get_fontsize() for text in shown) >= 7
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = np.array([text.get_window_extent(renderer).extents for text in shown])
    low, high = boxes[:, None, :2], boxes[:, None, 2:]
    depth = (np.minimum(high, high.swapaxes(0, 1)) - np.maximum(low, low.swapaxes(0, 1))).min(axis=-1)
    np.fill_diagonal(depth, -1)
    a, b = np.unravel_index(depth.argmax(), depth.shape)
    assert depth.max() < 0.02 * figure.dpi, (shown[a].get_text(), shown[b].get_text())
    assert boxes.min() >= 0
    assert (boxes[:, 2:] <= np.array([width, height]) * figure.dpi).all()


def test_where_the_best_fixed_weights_are_not_known_nothing_stands_in_for_them():
    known, unknown = ERRORS, {name: error for name, error in ERRORS.items() if name != "best_linear"}
    found = compared.medians(planted_quality({"paper": known, "few": unknown}))
    assert {name: set(rows["predictor"]) for name, rows in found.groupby("experiment")} == {
        "paper": {"model", "best_linear"}, "few": {"model"},
    }  # fmt: skip
    figure, _ = drawn_from(errors=unknown)
    assert texts(figure)["trained\nmodels"]
    assert "best fixed\nweights" not in texts(figure)
    assert "best fixed\nweights" in texts(drawn_from()[0])


def test_the_csv_has_the_numbers_drawn(tmp_path):
    quality, inputs = planted_quality(dict.fromkeys(COUNTS, ERRORS)), {"claims": [], "quality": []}
    for kind, table in (("claims", planted_claims(COUNTS)), ("quality", quality)):
        for name, rows in table.groupby("experiment", sort=False):
            inputs[kind].append(str(tmp_path / f"{kind}-{name}.csv"))
            write_table(kind, rows, inputs[kind][-1])
    outputs = {kind: str(tmp_path / f"comparison.{kind}") for kind in ("pdf", "png", "csv")}
    params = {"columns": columns_of("claims", "quality"), "experiments": EXPERIMENTS, "reference": "paper (3 layers)"}
    call("draw_comparison", tmp_path, inputs=inputs, outputs=outputs, params=params)
    _, drawn = drawn_from()
    found = pd.read_csv(outputs["csv"], keep_default_na=False, na_values=[""])
    assert list(found["experiment"]) == list(drawn["experiment"])
    for column in ("seeds_in_support", "control_in_support", "n_seeds", "value"):
        assert found[column].to_numpy(float) == pytest.approx(
            drawn[column].to_numpy(float, na_value=np.nan), nan_ok=True
        )
