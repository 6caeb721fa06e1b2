"""Named streams: the same name the same numbers, any other name others."""

import itertools

import numpy as np
import torch

from recurrence_circuits.randomness import numpy_stream, stream_seed, torch_stream

NAMES = ["data", "init", "batches", "resample", "bootstrap"]


def test_streams_repeat():
    assert torch.equal(
        torch.rand(5, generator=torch_stream(3, "init")), torch.rand(5, generator=torch_stream(3, "init"))
    )
    np.testing.assert_array_equal(numpy_stream(3, "bootstrap").random(5), numpy_stream(3, "bootstrap").random(5))


def test_no_two_streams_share_a_seed():
    seeds = [stream_seed(seed, *name) for seed, name in itertools.product(range(200), [(n,) for n in NAMES])]
    seeds += [stream_seed(seed, "data", part) for seed in range(200) for part in ("train", "test")]
    assert len(set(seeds)) == len(seeds)


def test_the_parts_of_a_name_are_kept_apart():
    assert stream_seed(1, "a", "bc") != stream_seed(1, "ab", "c")
    assert stream_seed(1, "1", "a") != stream_seed(11, "a")


def test_the_global_state_is_neither_read_nor_written():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    torch.rand(100, generator=torch_stream(0, "init"))
    assert torch.equal(torch.rand(3), expected)
