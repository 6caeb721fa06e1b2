"""Lags: heads that copy x_n or x_{n−1} come out as such, and the derivative is autograd's."""

import numpy as np
import pytest
import torch

from models import NORMS, random_model, sequences
from recurrence_circuits.measures.attribution import frozen_readout
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.lags import LAGS, derivatives, measure_correlations, measure_derivatives
from recurrence_circuits.model.transformer import Component
from recurrence_circuits.predictors import linear
from recurrence_circuits.predictors.handcrafted import fixed_feedback
from recurrence_circuits.tasks.affine import Affine

FIRST, N_TERMS = 2, 8
LAST, PREVIOUS, MEAN = range(3)  # what the heads of `fixed_feedback` copy: x_n, x_{n−1}, the context's mean


def bootstrap(n):
    return Bootstrap(n, 50, 0.95, np.random.default_rng(0))


def affine(n=400):
    """The slopes of n sequences, `sequence`, and their terms, `sequence position 1`."""
    parameters = Affine().draw(n, torch.Generator().manual_seed(0))
    return parameters["a"], Affine().unroll(parameters, N_TERMS).float()


def copying(measure, *arguments):
    """The values of a measure of `fixed_feedback` by measure, component, head and lag."""
    context = affine()[1]
    frame = measure(fixed_feedback(N_TERMS), context, FIRST, bootstrap(len(context)), *arguments)
    return frame.set_index(["measure", "component", "head", "lag"]).sort_index()


# ---- planted copies -------------------------------------------------------------------------------------------------


def test_the_derivative_tells_a_copy_of_the_last_term_from_one_of_the_term_before():
    found = copying(measure_derivatives).loc["derivative", "head"]
    last, previous, _ = linear.fixed_coefficients(Affine().second_moments(N_TERMS + 1, 0.0), FIRST)
    assert abs(last) > 0.3
    assert abs(previous) > 0.1
    np.testing.assert_allclose(found.loc[LAST, "value"], [last, 0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(found.loc[PREVIOUS, "value"], [0, previous, 0, 0], atol=1e-6)


def test_the_mean_is_over_determined_positions_at_which_there_is_such_a_term():
    found = copying(measure_derivatives).loc["derivative", "head", MEAN]["value"]
    share = linear.fixed_coefficients(Affine().second_moments(N_TERMS + 1, 0.0), FIRST)[2]
    expected = [share * np.mean([1 / (n + 1) for n in range(max(FIRST, lag), N_TERMS)]) for lag in LAGS]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_correlations_tell_the_copies_apart_only_where_a_is_clearly_negative():
    """Why there is a derivative: over all sequences either copy goes with either term."""
    a, context = affine()
    found = copying(measure_correlations, a)["value"].abs()
    for head, copied in ((LAST, 0), (PREVIOUS, 1)):
        other = 1 - copied
        assert found["correlation", "head", head, copied] == pytest.approx(1)
        assert found["correlation", "head", head, other] > 0.9
        assert found["correlation_positive_a", "head", head, other] > 0.95
        assert found["correlation_negative_a", "head", head, other] < 0.8
        among = context[a < -0.3, :, 0].numpy()  # terms at n − 1 and n, for n from FIRST on
        expected = np.corrcoef(among[:, 1:-1].ravel(), among[:, 2:].ravel())[0, 1]
        assert found["correlation_negative_a", "head", head, other] == pytest.approx(abs(expected), rel=1e-4)


def test_without_a_slope_there_are_no_correlations_by_its_sign():
    assert set(copying(measure_correlations).reset_index()["measure"]) == {"correlation"}


def test_idle_heads_have_a_derivative_of_zero_and_no_correlation():
    assert (copying(measure_derivatives).loc["derivative", "head", 3]["value"] == 0).all()
    correlations = copying(measure_correlations)
    assert ("correlation", "head", 3, 0) not in correlations.index


# ---- the derivative by itself ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dimension", [1, 2])
@pytest.mark.parametrize("norm", NORMS)
def test_the_derivative_is_autograds(dimension, norm):
    model, n, lag = random_model(dimension=dimension, norm=norm).double(), 4, 2
    context = sequences(n=3, dimension=dimension)[:, :6].double()
    found = derivatives(model, context)
    read = frozen_readout(model, model(context))

    def of_element(outputs):
        """d(direct contribution at n) / d x_{n−lag}, mean of the diagonal over coordinates: `sequence`."""
        x = context.clone().requires_grad_()
        contribution = read(outputs(model(x)))[:, n]  # sequence dimension
        slopes = [
            torch.autograd.grad(contribution[:, i].sum(), x, retain_graph=True)[0][:, n - lag, i]
            for i in range(dimension)
        ]
        return torch.stack(slopes).mean(dim=0)

    def heads(cache, layer):
        return cache.head_output[layer].sum(dim=1)

    expected = {
        Component("head", 1, 0): of_element(lambda cache: cache.head_output[1][:, 0]),
        Component("attention", 1): of_element(lambda cache: heads(cache, 1)),
        Component("mlp", 0): of_element(lambda cache: cache.mlp_output[0]),
        Component("layer", 1): of_element(lambda cache: heads(cache, 1) + cache.mlp_output[1]),
    }
    for component, value in expected.items():
        torch.testing.assert_close(found[component][:, n, lag], value, rtol=1e-5, atol=1e-6)
        assert value.abs().min() > 1e-4  # else the comparison would say little


def test_terms_before_the_first_have_no_derivative():
    found = derivatives(random_model(), sequences(n=3)[:, :6])
    for values in found.values():
        missing = values.isnan().any(dim=0)  # position lag
        assert missing.tolist() == [[lag > n for lag in LAGS] for n in range(6)]


def test_the_model_itself_is_left_as_it_was():
    model = random_model()
    derivatives(model, sequences(n=3)[:, :6])
    assert model.W_E.dtype == torch.float32


def test_a_model_without_mlps_has_heads_and_attention_alone():
    kinds = {component.kind for component in derivatives(random_model(attention_only=True), sequences(n=3)[:, :6])}
    assert kinds == {"head", "attention"}
    kinds = {component.kind for component in derivatives(random_model(), sequences(n=3)[:, :6])}
    assert kinds == {"head", "attention", "mlp", "layer"}


@pytest.mark.parametrize("measure", [measure_derivatives, measure_correlations])
def test_a_context_too_short_for_a_lag_has_no_row_of_it(measure):
    model, context = random_model(context_length=3), sequences(n=8)[:, :3]
    frame = measure(model, context, 1, bootstrap(8))
    assert set(frame["lag"]) == {0, 1, 2}
    assert frame["value"].notna().all()
