"""Data files: separate streams, faithful round trips, damaged files refused by name."""

from pathlib import Path

import numpy as np
import pytest
import torch
from models import data_settings
from recurrence_circuits.dataset import draw_sequences, read_sequences, write_arrays


@pytest.fixture
def settings():
    return data_settings()


@pytest.fixture
def written(tmp_path, settings):
    path = str(tmp_path / "test.npz")
    write_arrays(path, draw_sequences("affine", settings, "test", 20))
    return path


def test_round_trip(written, settings):
    drawn = draw_sequences("affine", settings, "test", 20)["sequences"]
    assert torch.equal(read_sequences(written, settings), torch.from_numpy(drawn))
    assert drawn.shape == (20, settings.n_terms + 1, 1)


def test_training_and_test_sequences_differ(settings):
    train, test = (draw_sequences("affine", settings, part, 20)["sequences"] for part in ("train", "test"))
    assert not np.isin(train[:, 0], test[:, 0]).any()


def test_the_law_holds_in_what_is_stored(settings):
    arrays = draw_sequences("affine", settings, "train", 50)
    x, a, b = arrays["sequences"][..., 0], arrays["a"].reshape(-1, 1), arrays["b"].reshape(-1, 1)
    np.testing.assert_allclose(x[:, 1:], a * x[:, :-1] + b, rtol=1e-5, atol=1e-5)


def test_noise_is_added_to_the_same_sequences():
    clean, noisy = (
        draw_sequences("affine", data_settings(noise=noise), "test", 2000)["sequences"] for noise in (0.0, 0.25)
    )
    assert (noisy - clean).std() == pytest.approx(0.25, rel=0.05)


def test_two_data_seeds_share_nothing():
    a, b = (draw_sequences("affine", data_settings(seed=seed), "test", 20)["sequences"] for seed in (0, 1))
    assert not np.isin(a[:, 0], b[:, 0]).any()


def test_a_truncated_file_is_refused(written, settings):
    content = Path(written).read_bytes()
    Path(written).write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"test\.npz: expected a data file"):
        read_sequences(written, settings)


@pytest.mark.parametrize(
    "arrays, message",
    [
        ({"other": np.zeros(3)}, "expected a data file with an array 'sequences'"),
        ({"sequences": np.zeros((4, 9, 1), np.float32)}, "expected float32 sequences of shape n × 7 × 1"),
        ({"sequences": np.zeros((4, 7, 1))}, "found float64"),
        ({"sequences": np.full((4, 7, 1), np.nan, np.float32)}, "expected finite numbers, found nan"),
    ],
)
def test_foreign_data_is_refused(tmp_path, settings, arrays, message):
    path = str(tmp_path / "train.npz")
    write_arrays(path, arrays)
    with pytest.raises(ValueError, match=message) as refusal:
        read_sequences(path, settings)
    assert path in str(refusal.value)


def test_pickled_objects_are_refused(tmp_path, settings):
    path = tmp_path / "train.npz"
    np.savez(path, sequences=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="expected a data file"):
        read_sequences(str(path), settings)
