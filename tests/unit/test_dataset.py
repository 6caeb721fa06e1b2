"""Data files: separate streams, faithful round trips, damaged files refused by name."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from models import data_settings
from recurrence_circuits.io.tensors import read_tensors, write_tensors
from recurrence_circuits.tasks.dataset import (
    PARTS,
    draw_sequences,
    read_parameters,
    read_sequences,
    write_sequences,
)


@pytest.fixture
def settings():
    return data_settings()


@pytest.fixture
def written(tmp_path, settings):
    path = str(tmp_path / "test.safetensors")
    write_sequences(path, draw_sequences("affine", settings, "test", 20), "affine", settings)
    return path


def test_round_trip(written, settings):
    drawn = draw_sequences("affine", settings, "test", 20)["sequences"]
    assert torch.equal(read_sequences(written, settings), drawn)
    assert drawn.shape == (20, settings.context_length + 1, 1)


def test_a_file_tells_what_it_was_drawn_from(written, settings):
    assert read_tensors(written)[1] == {"task": "affine", **settings.to_dict()}


def test_no_two_parts_share_a_sequence(settings):
    drawn = {part: draw_sequences("affine", settings, part, 20)["sequences"] for part in PARTS}
    assert len(drawn) == 3
    for one, other in itertools.combinations(drawn, 2):
        assert not np.isin(drawn[one][:, 0], drawn[other][:, 0]).any()


def test_more_sequences_of_a_part_begin_as_fewer_do_not_shift_another_part(settings):
    """Each part has streams of its own."""
    test = draw_sequences("affine", settings, "test", 20)["sequences"]
    draw_sequences("affine", settings, "train", 500)
    assert torch.equal(draw_sequences("affine", settings, "test", 20)["sequences"], test)


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
    with pytest.raises(ValueError, match=r"test\.safetensors: expected a safetensors file"):
        read_sequences(written, settings)


@pytest.mark.parametrize(
    "tensors, message",
    [
        ({"other": torch.zeros(3)}, "expected a safetensors file, found: .*sequences"),
        ({"sequences": torch.zeros(4, 9, 1)}, r"expected torch\.float32 sequences of shape n × 7 × 1"),
        ({"sequences": torch.zeros(0, 7, 1)}, r"found torch\.float32 of shape \(0, 7, 1\)"),
        ({"sequences": torch.zeros(4, 7, 1, dtype=torch.float64)}, r"found torch\.float64"),
        ({"sequences": torch.full((4, 7, 1), torch.nan)}, "expected finite numbers, found nan"),
    ],
)
def test_foreign_data_is_refused(tmp_path, settings, tensors, message):
    path = str(tmp_path / "train.safetensors")
    write_tensors(path, tensors, {})
    with pytest.raises(ValueError, match=message) as refusal:
        read_sequences(path, settings)
    assert path in str(refusal.value)


# ---- hidden parameters ----------------------------------------------------------------------------------------------


def test_parameters_round_trip(written, settings):
    drawn = draw_sequences("affine", settings, "test", 20)
    parameters = read_parameters(written, "affine", settings, 20)
    assert set(parameters) == set(drawn) - {"sequences"}
    for name, values in parameters.items():
        assert torch.equal(values, drawn[name])


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda t: t.pop("b"), "expected a safetensors file, found: .*b"),
        (lambda t: t.update(a=t["a"][:-1]), r"the parameter 'a' to be torch\.float64 of shape \(20,\), found"),
        (lambda t: t.update(b=t["b"].float()), r"the parameter 'b' to be torch\.float64 .* found torch\.float32"),
        (lambda t: t["a"].__setitem__(4, torch.inf), r"expected finite numbers, found inf at .*'a', \(4,\)"),
    ],
)
def test_damaged_parameters_are_refused(written, settings, change, message):
    tensors, record = read_tensors(written)
    change(tensors)
    write_tensors(written, tensors, record)
    with pytest.raises(ValueError, match=message) as refusal:
        read_parameters(written, "affine", settings, 20)
    assert written in str(refusal.value)


def test_parameters_of_vector_tasks_keep_their_shape(tmp_path):
    settings, path = data_settings(dimension=2), str(tmp_path / "test.safetensors")
    write_sequences(path, draw_sequences("affine_vector", settings, "test", 20), "affine_vector", settings)
    shapes = {name: value.shape for name, value in read_parameters(path, "affine_vector", settings, 20).items()}
    assert shapes == {"A": (20, 2, 2), "b": (20, 2), "x0": (20, 2)}
