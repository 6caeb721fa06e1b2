"""Errors in units of the sequence's own scale."""

import numpy as np
import torch

from recurrence_circuits.tasks.errors import mean_square_seen, relative_error, squared_error


def test_the_scale_is_the_mean_square_of_the_terms_seen_and_of_one_of_size_1():
    sequences = torch.tensor([[[3.0], [1.0], [2.0]], [[0.0], [-2.0], [5.0]]])
    np.testing.assert_allclose(mean_square_seen(sequences), [[10 / 2, 11 / 3], [1 / 2, 5 / 3]])


def test_of_vectors_it_is_the_mean_over_coordinates_as_of_the_error():
    sequences = torch.tensor([[[3.0, 1.0], [0.0, 0.0]]])
    np.testing.assert_allclose(mean_square_seen(sequences), [[(5 + 1) / 2]])
    np.testing.assert_allclose(relative_error(torch.tensor([[[1.0, 0.0]]]), sequences), [[0.5 / 3]])


def share_of_the_worst(error):
    """The share of the mean that one sequence in a thousand carries."""
    return np.sort(error)[-len(error) // 1000 :].sum() / error.sum()


def test_neither_wide_sequences_nor_those_close_to_0_decide_the_mean():
    """For errors as wide as the sequence, and for errors of the same size on all; a plain ratio fails on the latter."""
    generator = torch.Generator().manual_seed(0)
    width, noise = (torch.randn(20_000, n, 1, generator=generator) for n in (1, 4))
    width = torch.exp(3 * width)
    sequences = width.expand(-1, 5, 1)
    for prediction in (sequences[:, 1:] * (1 + noise), sequences[:, 1:] + noise):
        assert share_of_the_worst(relative_error(prediction, sequences)[:, 3]) < 0.05
    assert share_of_the_worst(squared_error(sequences[:, 1:] * (1 + noise), sequences[:, 1:])[:, 3]) > 0.9
    assert share_of_the_worst((noise[:, 3, 0] / width[:, 0, 0]).square().numpy()) > 0.9


def test_it_is_the_squared_error_over_the_scale():
    generator = torch.Generator().manual_seed(1)
    sequences, prediction = (torch.randn(5, n, 1, generator=generator) for n in (9, 8))
    expected = squared_error(prediction, sequences[:, 1:]) / mean_square_seen(sequences)
    np.testing.assert_array_equal(relative_error(prediction, sequences), expected)
