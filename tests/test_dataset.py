"""Data files: separate streams, faithful round trips, damaged files refused by name."""

from pathlib import Path

import numpy as np
import pytest
import torch
from models import data_settings
from recurrence_circuits.dataset import draw_sequences, read_parameters, read_sequences, write_arrays


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


# ---- hidden parameters ----------------------------------------------------------------------------------------------


def test_parameters_round_trip(written, settings):
    drawn = draw_sequences("affine", settings, "test", 20)
    parameters = read_parameters(written, "affine", settings, 20)
    assert set(parameters) == set(drawn) - {"sequences"}
    for name, values in parameters.items():
        np.testing.assert_array_equal(values, drawn[name])


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda a: a.pop("b"), "expected a data file with an array 'b'"),
        (lambda a: a.update(a=a["a"][:-1]), r"expected the parameter 'a' to be float64 of shape \(20,\), found"),
        (lambda a: a.update(b=a["b"].astype(np.float32)), "expected the parameter 'b' to be float64 .* found float32"),
        (lambda a: a["a"].__setitem__(4, np.inf), r"expected finite numbers, found inf at .*'a', \(4,\)"),
    ],
)
def test_damaged_parameters_are_refused(written, settings, change, message):
    with np.load(written) as file:
        arrays = dict(file)
    change(arrays)
    write_arrays(written, arrays)
    with pytest.raises(ValueError, match=message) as refusal:
        read_parameters(written, "affine", settings, 20)
    assert written in str(refusal.value)


def test_parameters_of_vector_tasks_keep_their_shape(tmp_path):
    settings, path = data_settings(dimension=2), str(tmp_path / "test.npz")
    write_arrays(path, draw_sequences("affine_vector", settings, "test", 20))
    shapes = {name: value.shape for name, value in read_parameters(path, "affine_vector", settings, 20).items()}
    assert shapes == {"A": (20, 2, 2), "b": (20, 2), "x0": (20, 2)}
