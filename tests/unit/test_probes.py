"""Probes: what a stream holds linearly they find, in noise they find nothing, and their algebra is that of ridge."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

from models import blank_model, random_model, sequences
from recurrence_circuits.figures import colours
from recurrence_circuits.figures import probes as figure
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.probes import PENALTIES, fit_ridge, fitted_half, measure_probes, probe_errors, r2_rows
from synthetic_tables import Synthetic

FIRST = 2


def bootstrap(n):
    return Bootstrap(n, 100, 0.95, np.random.default_rng(0))


def r2(features, targets):
    """R² of one probe, fitted on the first half of the sequences: value, low, high."""
    half = fitted_half(len(features))
    pair = probe_errors(features, targets, half).sum(axis=1)[:, None]
    return (
        r2_rows([({}, pair)], 0, bootstrap(len(features) - half))[["value", "low", "high"]]
        .iloc[0]
        .to_numpy(dtype=float)
    )


def table(model, values, parameters=None):
    n = len(values) - fitted_half(len(values))
    streams = model if isinstance(model, list) else model(values[:, :-1]).residual
    frame = measure_probes(streams, values, parameters or {}, FIRST, bootstrap(n), np.random.default_rng(0))
    return frame.set_index(["after_layer", "target", "shuffled", "position"])["value"].sort_index()


# ---- the regression -------------------------------------------------------------------------------------------------


def ridge_by_hand(features, targets, penalty):
    centred = features - features.mean(axis=0)
    weights = np.linalg.solve(centred.T @ centred + penalty * np.eye(features.shape[1]), centred.T @ targets)
    return weights, targets.mean(axis=0) - features.mean(axis=0) @ weights


def left_out_errors(features, targets, penalty):
    """The squared error at every sequence of a fit to all others, one fit each."""
    errors = []
    for i in range(len(features)):
        others = np.arange(len(features)) != i
        weights, intercept = ridge_by_hand(features[others], targets[others], penalty)
        errors.append((targets[i] - features[i] @ weights - intercept) ** 2)
    return np.array(errors)


@pytest.mark.parametrize("n", [8, 40])
def test_the_fit_is_the_ridge_regression_that_leaving_one_out_would_choose(n):
    rng = np.random.default_rng(0)
    features = rng.normal(size=(n, 5)) * np.array([5, 2, 1, 0.3, 0.1]) + 2
    noise = np.concatenate([np.geomspace(1e-3, 10, 29), [np.inf]])  # from little to nothing but noise, a column each
    signal = np.where(np.isinf(noise), 0, features @ rng.normal(size=(5, 30)))
    targets = signal + rng.normal(size=(n, 30)) * np.minimum(noise, 1e3)
    weights, intercepts = fit_ridge(features, targets)
    scale = np.linalg.norm(features - features.mean(axis=0), ord=2) ** 2
    errors = np.stack([left_out_errors(features, targets, p * scale) for p in PENALTIES])  # penalty sequence column
    mean, spread = errors.mean(axis=1), errors.std(axis=1, ddof=1) / n**0.5
    chosen = []
    for column in range(30):
        best = mean[:, column].argmin()
        chosen.append(np.flatnonzero(mean[:, column] <= mean[best, column] + spread[best, column]).max())
        by_hand, intercept = ridge_by_hand(features, targets[:, column], PENALTIES[chosen[-1]] * scale)
        np.testing.assert_allclose(weights[:, column], by_hand, rtol=1e-6, atol=1e-12)
        assert intercepts[column] == pytest.approx(intercept)
    assert chosen[0] < chosen[15] < chosen[-1] == len(PENALTIES) - 1


def test_each_column_is_fitted_as_if_alone():
    rng = np.random.default_rng(1)
    features, targets = rng.normal(size=(30, 4)), rng.normal(size=(30, 3))
    together, alone = fit_ridge(features, targets), [fit_ridge(features, targets[:, [i]]) for i in range(3)]
    for part in (0, 1):
        np.testing.assert_allclose(together[part], np.concatenate([fit[part] for fit in alone], axis=-1))


def test_weights_count_as_copies_would():
    rng = np.random.default_rng(2)
    features, targets = rng.normal(size=(30, 4)), rng.normal(size=(30, 30)) * 3
    targets[:, :20] += features @ rng.normal(size=(4, 20))
    weights = rng.uniform(0.1, 3, size=30)
    coefficients, intercepts = fit_ridge(features, targets, weights)
    share = weights / weights.sum()
    apart = features - share @ features
    scale = np.linalg.norm((30 * share[:, None]) ** 0.5 * apart, ord=2) ** 2
    for column in range(30):
        residual = targets[:, column] - features @ coefficients[:, column] - intercepts[column]
        assert share @ residual == pytest.approx(0, abs=1e-12)
        # The gradient is 0 at one of the penalties, which is the same for all coefficients.
        pull = 30 * share @ (residual[:, None] * apart)
        penalty = pull @ coefficients[:, column] / (coefficients[:, column] @ coefficients[:, column])
        np.testing.assert_allclose(pull, penalty * coefficients[:, column], atol=1e-9)
        assert np.isclose(penalty / scale, PENALTIES, rtol=1e-4).any()
    for part, same in zip(fit_ridge(features, targets), fit_ridge(features, targets, np.full(30, 7.0)), strict=True):
        np.testing.assert_allclose(part, same)


def test_constant_features_predict_the_mean():
    targets = np.random.default_rng(0).normal(size=(20, 2))
    weights, intercepts = fit_ridge(np.ones((20, 3)), targets)
    assert not weights.any()
    np.testing.assert_allclose(intercepts, targets.mean(axis=0))


def test_more_features_than_sequences_are_no_trouble():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(10, 30))
    weights, _ = fit_ridge(features, features[:, :1])
    assert np.isfinite(weights).all()


# ---- the score ------------------------------------------------------------------------------------------------------


def test_a_linear_target_scores_one():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(200, 8)) + 3
    value, low, _ = r2(features, features @ rng.normal(size=(8, 2)) - 1)
    assert low == pytest.approx(1, abs=1e-9)
    assert value == pytest.approx(1, abs=1e-9)


def test_noise_scores_zero_within_its_interval():
    rng = np.random.default_rng(0)
    scores = [r2(rng.normal(size=(400, 16)), rng.normal(size=(400, 1))) for _ in range(40)]
    held = [low <= 1e-4 and high >= -1e-4 for _, low, high in scores]
    assert np.mean(held) > 0.85
    assert np.abs([value for value, *_ in scores]).max() < 0.05


def test_half_a_signal_scores_one_half():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(4000, 4))
    value, low, high = r2(features, features[:, :1] + rng.normal(size=(4000, 1)))
    assert low < 0.5 < high
    assert value == pytest.approx(0.5, abs=0.05)


def test_the_scored_half_is_not_fitted():
    rng = np.random.default_rng(0)
    features, targets = rng.normal(size=(60, 5)), rng.normal(size=(60, 1))
    before = probe_errors(features, targets, 30)
    changed = targets.copy()
    changed[45] += 100
    after = probe_errors(features, changed, 30)
    np.testing.assert_array_equal(np.delete(before, 15, axis=0), np.delete(after, 15, axis=0))
    assert after[15, 0, 0] > 1000


def test_terms_are_scored_in_units_of_the_sequence_and_parameters_are_not():
    """One sequence a thousand times as wide, of which the stream says nothing, decides nothing: R² stays near 1."""
    values = sequences(400)
    stream = values[:, 1:].clone()
    wide = values.clone()
    wide[300] *= 1000
    hidden = values[:, 3, 0].double().numpy()
    hidden[300] *= 1000
    found = table([stream], wide, {"c": hidden})
    assert found[-1, "next", False].iloc[1:].min() > 0.9
    assert found[-1, "c", False][2] < 0.1  # at n = 2 the stream holds the parameter of all sequences but that one


# ---- the table ------------------------------------------------------------------------------------------------------


def test_targets_are_found_where_they_are_and_nowhere_else():
    values, rng = sequences(400), torch.Generator().manual_seed(3)
    noise = torch.randn(400, 6, 4, generator=rng)
    hidden = torch.randn(400, 1, 2, generator=rng)
    holds_last = torch.cat([noise, values[:, :-1]], dim=-1)
    holds_next_and_hidden = torch.cat([noise, values[:, 1:], hidden.expand(-1, 6, -1)], dim=-1)
    found = table([noise, holds_last, holds_next_and_hidden], values, {"c": hidden[:, 0].double().numpy()})
    holds = {(0, "last"), (1, "next"), (1, "c")}
    for layer in (-1, 0, 1):
        for target in ("last", "next", "c"):
            expected = 1 if (layer, target) in holds else 0
            assert len(found[layer, target, False]) == 7
            np.testing.assert_allclose(found[layer, target, False], expected, atol=0.06)
            np.testing.assert_allclose(found[layer, target, True], 0, atol=0.06)  # shuffled


def test_a_model_holds_the_last_term_in_its_embedding_and_not_the_next():
    values = sequences(200)
    found = table(blank_model(), values)
    np.testing.assert_allclose(found[-1, "last", False], 1, atol=1e-9)
    assert found[-1, "next", False].abs().max() < 0.1


def test_the_mean_over_determined_positions_pools_their_errors():
    rng = np.random.default_rng(0)
    pair = rng.uniform(1, 2, size=(50, 5, 2))
    rows = r2_rows([({}, pair)], 3, bootstrap(50))
    assert rows["position"].isna().tolist() == [False] * 5 + [True]
    assert rows["value"].iloc[-1] == pytest.approx(1 - pair[:, 3:, 0].sum() / pair[:, 3:, 1].sum())
    assert rows["value"].iloc[1] == pytest.approx(1 - pair[:, 1, 0].sum() / pair[:, 1, 1].sum())


def test_matrices_and_vectors_are_targets_too():
    model, values = random_model(dimension=2), sequences(100, dimension=2)
    parameters = {"A": np.random.default_rng(0).normal(size=(100, 2, 2)), "b": np.ones((100, 2))}
    found = table(model, values, parameters)
    assert set(found.index.get_level_values("target")) == {"last", "next", "A"}  # b is constant: R² is undefined
    np.testing.assert_allclose(found[-1, "last", False], 1, atol=1e-9)


# ---- the figure -----------------------------------------------------------------------------------------------------


def curves(panel, colour):
    return [line for line in panel.get_lines() if len(line.get_xdata()) and to_hex(line.get_color()) == colour.lower()]


def test_the_figure_holds_what_is_missing_to_one():
    table = Synthetic(2, 2, 3)["probes"]
    drawn, rows = figure.draw(table)
    assert len(drawn.axes) == 2 * 4
    assert len(rows) == len(table)
    overall = table[table["position"].isna() & ~table["shuffled"].astype(bool)]
    for panel, target in zip(drawn.axes[:4], ["last", "next", "a", "b"], strict=True):
        for model, colour in (("trained", colours.TRAINED), ("untrained", colours.UNTRAINED)):
            here = overall[(overall["target"] == target) & (overall["model"] == model)]
            for (_, seed), line in zip(here.groupby("seed"), curves(panel, colour), strict=True):
                np.testing.assert_allclose(1 - line.get_ydata(), seed["value"])


def test_what_is_exact_is_drawn_at_the_edge_and_kept_in_the_numbers():
    table = Synthetic(1, 2, 3)["probes"]
    table.loc[table["target"] == "last", "value"] = 1.0
    drawn, rows = figure.draw(table)
    (line,) = curves(drawn.axes[0], colours.TRAINED)
    np.testing.assert_array_equal(line.get_ydata(), figure.EXACT)
    drawn.draw_without_rendering()
    labels = [label.get_text() for label in drawn.axes[0].get_yticklabels()]
    assert {"≥ 0.99999", "0.99", "0.9", "0"} <= set(labels)
    assert (rows.loc[rows["target"] == "last", "value"] == 1.0).all()


def test_probes_by_position_are_medians_over_seeds():
    table = Synthetic(3, 2, 3)["probes"]
    panel = figure.draw(table)[0].axes[4]
    rows = table[(table["target"] == "last") & (table["model"] == "trained") & (table["after_layer"] == 1)]
    median = rows[~rows["shuffled"].astype(bool)].dropna(subset="position").groupby("position")["value"].median()
    (line,) = [line for line in panel.get_lines() if line.get_label() == "after layer 1"]
    np.testing.assert_allclose(1 - line.get_ydata(), median)
