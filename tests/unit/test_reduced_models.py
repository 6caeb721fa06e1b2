"""Reduced models: the last is the model, planted feedback is found with its gain, and shares are what they say."""

import numpy as np
import pytest
import torch

from models import blank_model, random_model, sequences
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.reduced_models import contribution_parts, measure_reduced_models, reduced_predictions
from recurrence_circuits.tasks.errors import mean_square_seen, relative_error

FIRST = 2


def explained(model, values):
    frame = measure_reduced_models(model, values, FIRST, Bootstrap(len(values), 50, 0.95, np.random.default_rng(0)))
    overall = frame[frame["position"].isna()].set_index(["reduced", "measure"])["value"]
    return overall, frame


def reduced(model, values):
    cache = model(values[:, :-1])
    terms = values[:, :-1].double().numpy()
    return reduced_predictions(
        contribution_parts(model, cache), terms, cache.attention[-1], mean_square_seen(values), FIRST
    ), cache


VARIANTS = [
    {"n_layers": 1}, {"n_layers": 2}, {"n_layers": 3}, {"n_layers": 4}, {"n_layers": 2, "attention_only": True},
    {"n_layers": 3, "norm": "none"}, {"n_layers": 2, "dimension": 3},
]  # fmt: skip


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_with_everything_kept_it_is_the_model(variant):
    model, values = random_model(**variant), sequences(dimension=variant.get("dimension", 1))
    (found, _), cache = reduced(model, values)
    np.testing.assert_allclose(
        found["whole"], cache.prediction.double(), atol=1e-5 * float(cache.prediction.abs().max())
    )
    overall, _ = explained(model, values)
    assert overall["whole", "explained"] == pytest.approx(1, abs=1e-6)
    assert overall["whole", "relative_excess"] == pytest.approx(0, abs=1e-4)
    error = relative_error(cache.prediction, values)[:, FIRST:].mean()
    assert overall["whole", "relative_error"] == pytest.approx(error, rel=1e-4)


@pytest.mark.parametrize(
    ("variant", "rungs"),
    [
        ({"n_layers": 1}, ["copy", "whole"]),
        ({"n_layers": 2}, ["copy", "copy_feedback", "layer_0", "layer_0_feedback", "last_attention", "whole"]),
        ({"n_layers": 2, "attention_only": True}, ["copy", "copy_feedback", "layer_0", "layer_0_feedback", "whole"]),
        (
            {"n_layers": 3},
            [
                "copy",
                "copy_feedback",
                "layer_0",
                "layer_0_feedback",
                "inner_layers_feedback",
                "last_attention",
                "whole",
            ],
        ),
    ],
)
def test_the_ladder_has_the_rungs_that_the_model_has_parts_for(variant, rungs):
    (found, feedback), _ = reduced(random_model(**variant), sequences())
    assert list(found) == rungs
    assert (feedback is None) == (variant["n_layers"] == 1)


def feeding_back(gain: float, n_layers: int = 2):
    """The estimate is x_n, from the embedding; the last layer's two heads add gain × its mean over the context."""
    model = blank_model(n_layers=n_layers)
    model.W_E[0, 1] = 1.0
    attention = model.blocks[-1].attention
    for head in range(2):
        attention.W_V[head, 1, 0] = 1.0
        attention.W_O[head, 0, 1] = gain / 2
    return model


def test_planted_feedback_from_the_context_is_found_with_its_gain():
    overall, frame = explained(feeding_back(-0.4), sequences(200))
    assert overall["feedback", "gain_in_context"] == pytest.approx(-0.4, abs=1e-5)
    assert overall["feedback", "gain_at_query"] == pytest.approx(0, abs=1e-5)
    assert overall["feedback", "gain"] == pytest.approx(-0.4, abs=1e-5)
    assert overall["feedback", "explained"] == pytest.approx(1, abs=1e-9)
    with_feedback = frame["reduced"].isin(["copy_feedback", "layer_0_feedback"]) & (frame["measure"] == "explained")
    assert (frame.loc[with_feedback, "value"] > 1 - 1e-9).all()
    assert overall["copy", "explained"] < 1 - 1e-3
    assert overall["copy", "refinement"] == pytest.approx(0, abs=0.02)  # the copy is x_n itself


def test_planted_feedback_at_the_query_is_found():
    model = feeding_back(-0.4)
    attention = model.blocks[-1].attention
    model.W_pos[:, 2:4] = torch.stack([torch.cos(torch.arange(6.0)), torch.sin(torch.arange(6.0))], dim=1)
    attention.W_Q[:, 2:4], attention.W_K[:, 2:4] = 40 * torch.eye(2), torch.eye(2)  # each query to itself
    overall, _ = explained(model, sequences(200))
    assert overall["feedback", "gain"] == pytest.approx(-0.4, abs=1e-4)
    assert overall["feedback", "explained"] == pytest.approx(1, abs=1e-6)


def test_what_does_not_follow_the_estimate_is_not_explained():
    """Last attention that writes another thing than the estimate: the sign of x_0, say, by a stream of its own."""
    model = feeding_back(0.0)
    attention = model.blocks[-1].attention
    model.W_E[0, 2] = 1.0
    values = sequences(400, seed=3)
    values[:, :, 0] = values[:, :1, 0].sign() * 5 + values[:, :, 0]  # so that the sign can be read off any term
    attention.W_V[0, 2, 0], attention.W_O[0, 0, 1] = 1.0, 1.0
    model.W_E[0, 1] = 0.0
    model.W_pos[:, 1] = torch.tensor([1.0, -1.0, 2.0, -2.0, 3.0, -3.0])  # an estimate that is about the position
    overall, _ = explained(model, values)
    assert abs(overall["feedback", "explained"]) < 0.05


def test_fits_are_used_on_sequences_that_they_have_not_seen():
    """Pure noise as the last attention's contribution: fitted on itself it would explain something."""
    model = random_model(n_layers=2)
    values = sequences(12)
    cache = model(values[:, :-1])
    parts = contribution_parts(model, cache)
    noise = np.random.default_rng(0).standard_normal(parts.last_attention.shape)
    parts = parts._replace(last_attention=noise)
    terms, scale = values[:, :-1].double().numpy(), mean_square_seen(values)
    _, feedback = reduced_predictions(parts, terms, cache.attention[-1], scale, FIRST)
    rest = (feedback.contribution - noise)[:, FIRST:]
    assert (rest**2).mean() > noise[:, FIRST:].var()


def test_shares_and_errors_by_position():
    model, values = random_model(n_layers=2), sequences(100)
    (found, _), cache = reduced(model, values)
    _, frame = explained(model, values)
    table = frame.set_index(["reduced", "measure", "position"])["value"]
    prediction, x = cache.prediction.double().numpy(), values.double().numpy()
    scale = mean_square_seen(values)

    def variance(y, n):
        mean = np.average(y, weights=1 / scale[:, n])
        return np.mean((y - mean) ** 2 / scale[:, n])

    for name, n in (("copy", 0), ("layer_0", 3), ("layer_0_feedback", 5)):
        rest, refined = (found[name] - prediction)[:, n, 0], (prediction - x[:, :-1])[:, n, 0]
        distance = np.mean(rest**2 / scale[:, n])
        assert table[name, "explained", n] == pytest.approx(1 - distance / variance(prediction[:, n, 0], n))
        assert table[name, "refinement", n] == pytest.approx(1 - distance / variance(refined, n))
        error, whole = (np.mean((p - x[:, 1:])[:, n, 0] ** 2 / scale[:, n]) for p in (found[name], prediction))
        assert table[name, "relative_error", n] == pytest.approx(error)
        assert table[name, "relative_excess", n] == pytest.approx(error - whole, abs=1e-9)


def test_a_single_wide_sequence_decides_neither_fit_nor_share():
    """One sequence is a thousand times as wide, and its feedback has the other sign: the others' gain is found."""
    model, values = feeding_back(-0.4), sequences(400)
    values[7] *= 1000
    cache = model(values[:, :-1])
    parts, terms = contribution_parts(model, cache), values[:, :-1].double().numpy()
    parts.last_attention[7] *= -1
    _, feedback = reduced_predictions(parts, terms, cache.attention[-1], mean_square_seen(values), FIRST)
    assert feedback.gains[1] == pytest.approx(-0.4, abs=0.1)
    _, unweighted = reduced_predictions(
        parts, terms, cache.attention[-1], np.ones_like(mean_square_seen(values)), FIRST
    )
    assert unweighted.gains[1] > -0.1  # half of it: the sequence is in one of the two fits


def test_a_share_of_nothing_has_no_row():
    model = feeding_back(0.0)
    model.W_E.zero_()  # predicts 0
    overall, _ = explained(model, sequences())
    assert ("whole", "explained") not in overall.index
    assert overall["whole", "relative_excess"] == 0
