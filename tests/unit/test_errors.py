"""Errors in units of the sequence's own scale."""

import numpy as np
import torch

from recurrence_circuits.tasks.errors import mean_square_seen, relative_error, squared_error


def test_the_scale_is_the_mean_square_of_the_terms_seen():
    sequences = torch.tensor([[[3.0], [1.0], [2.0]], [[0.0], [-2.0], [5.0]]])
    np.testing.assert_allclose(mean_square_seen(sequences), [[9, 5], [0, 2]])


def test_of_vectors_it_is_the_mean_over_coordinates_as_of_the_error():
    sequences = torch.tensor([[[3.0, 1.0], [0.0, 0.0]]])
    np.testing.assert_allclose(mean_square_seen(sequences), [[5]])
    np.testing.assert_allclose(relative_error(torch.tensor([[[1.0, 0.0]]]), sequences), [[0.5 / 5]])


def test_a_sequence_in_other_units_has_the_same_relative_error():
    generator = torch.Generator().manual_seed(0)
    sequences, prediction = (torch.randn(5, n, 2, generator=generator) for n in (9, 8))
    np.testing.assert_allclose(
        relative_error(1000 * prediction, 1000 * sequences), relative_error(prediction, sequences), rtol=1e-5
    )


def test_it_is_the_squared_error_over_the_scale():
    generator = torch.Generator().manual_seed(1)
    sequences, prediction = (torch.randn(5, n, 1, generator=generator) for n in (9, 8))
    expected = squared_error(prediction, sequences[:, 1:]) / mean_square_seen(sequences)
    np.testing.assert_array_equal(relative_error(prediction, sequences), expected)
