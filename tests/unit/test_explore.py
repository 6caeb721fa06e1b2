"""One head ablated, one path patched, attention drawn: the numbers are those that the measures put in the tables."""

import dataclasses

import numpy as np
import pytest
from torch.testing import assert_close

from finished_runs import write_run
from models import run_settings
from recurrence_circuits.explore import Component, Path, ablate, patch, plot_attention
from recurrence_circuits.measures.ablation import measure_ablation
from recurrence_circuits.measures.attention import mean_attention
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.paths import described, measure_paths
from recurrence_circuits.model.interventions import KINDS, ablatable, donors
from recurrence_circuits.randomness import torch_stream
from recurrence_circuits.runs import open_run
from recurrence_circuits.tasks.errors import mean_square_seen, relative_error


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """More sequences than one batch holds."""
    return open_run(write_run(tmp_path_factory.mktemp("results") / "toy", n=200))


def measured(run, measure):
    """The rows of a table as its rule writes it, with the means over the determined positions alone."""
    bootstrap = Bootstrap(len(run.sequences), 10, 0.95, np.random.default_rng(0))
    generator = torch_stream(run.settings.data.seed, "resample")
    frame = measure(run.model, run.sequences, 2, bootstrap, generator)
    return frame[frame["position"].isna()] if "position" in frame else frame


@pytest.mark.parametrize("kind", KINDS)
def test_ablation_costs_what_the_table_says(run, kind):
    table = measured(run, measure_ablation)
    table = table[(table["measure"] == "change") & (table["kind"] == kind)]
    whole = relative_error(run.cache.prediction, run.sequences)
    costs = [relative_error(ablate(run, part, kind), run.sequences) - whole for part in ablatable(run.model)]
    np.testing.assert_allclose([cost[:, 2:].mean() for cost in costs], table["value"], rtol=1e-5, atol=1e-7)
    assert table["value"].abs().min() > 1e-4


def test_one_sequence_of_ones_own_is_enough_but_to_resample(run):
    alone, head = dataclasses.replace(run, sequences=run.sequences[:1]), Component("head", 0, 1)
    assert_close(ablate(alone, head, "zero"), ablate(run, head, "zero")[:1])
    assert_close(ablate(alone, head, "mean"), alone.cache.prediction)  # the mean of one is itself
    with pytest.raises(ValueError, match="expected at least 2 sequences, found 1"):
        ablate(alone, head, "resample")


@pytest.mark.parametrize(
    "path",
    [
        Path(Component("head", 0, 1), "value", Component("head", 1, 0)),
        Path(Component("mlp", 0), "query", Component("attention", 1)),
        Path(Component("head", 0, 0), "residual"),
        Path(Component("head", 0, 0), "total"),
    ],
)
def test_a_path_carries_what_the_table_says(run, path):
    table = measured(run, measure_paths)
    for column, wanted in {**described(path), "measure": "change"}.items():
        table = table[table[column].isna() if wanted is None else table[column] == wanted]
    donor = donors(len(run.sequences), torch_stream(run.settings.data.seed, "resample"))
    seen = mean_square_seen(run.sequences)
    unit = (seen + seen[donor.numpy()]) / 2
    change = (patch(run, path) - run.following).square() - (run.cache.prediction - run.following).square()
    assert (change.mean(dim=2).numpy() / unit)[:, 2:].mean() == pytest.approx(table["value"].item(), rel=1e-4)


def test_the_attention_drawn_is_that_of_the_sequence(run):
    for sequence in (None, 5):
        rows = slice(None) if sequence is None else slice(5, 6)
        wanted = mean_attention(run.model, run.cache.rows(rows)).set_index(["layer", "head", "query", "key"])["value"]
        panels = [axes for axes in plot_attention(run, sequence).axes if axes.images]
        assert len(panels) == 4
        for head, axes in zip(run.model.heads(), panels, strict=True):
            drawn = axes.images[0].get_array()
            for query in range(6):
                for key in range(query + 1):
                    assert drawn[query, key] == pytest.approx(wanted[head.layer, head.head, query, key])
    title = plot_attention(run, 5).subfigs[0].get_suptitle()
    assert title == "Attention of every head on sequence 5: seed 0"


def test_other_sequences_are_taken_apart_in_the_same_way(run):
    other = dataclasses.replace(run, sequences=2 * run.sequences[:10])
    head = Component("head", 1, 1)
    assert_close(ablate(other, head), ablate(dataclasses.replace(run, sequences=2 * run.sequences), head)[:10])


@pytest.mark.parametrize(
    ("act", "found"),
    [
        (lambda run: ablate(run, Component("head", 2, 0)), "component: expected one of .*, found .*layer=2"),
        (lambda run: ablate(run, Component("head", 1, 1), "double"), "expected one of .* found 'double'"),
        (lambda run: patch(run, Path(Component("head", 1, 0), "total")), "sender: expected one of"),
        (
            lambda run: patch(run, Path(Component("head", 0, 0), "value", Component("head", 0, 1))),
            "path: expected one of",
        ),
        (lambda run: plot_attention(run, 200), "sequence: expected one of 0 … 199, found 200"),
        (lambda run: plot_attention(run, -1), "found -1"),
    ],
)
def test_what_the_run_does_not_have_is_refused(run, act, found):
    with pytest.raises(ValueError, match=found):
        act(run)


def test_an_attention_only_model_has_no_mlp_to_ablate(tmp_path):
    only = open_run(write_run(tmp_path / "toy", model={"attention_only": True}))
    assert only.settings == run_settings(model={"attention_only": True})
    with pytest.raises(ValueError, match="component: expected one of"):
        ablate(only, Component("mlp", 0))
