"""Named random streams, one per purpose, so that draws in one stage cannot shift those of another.

There is no global seeding. A stream's seed is a hash of (seed, purpose), never seed + 1, so neighbouring seeds share
nothing.
"""

import hashlib

import numpy as np
import torch


def stream_seed(seed: int, *purpose: str) -> int:
    """A 63-bit seed for the stream `purpose` of `seed`: a blake2b hash of both."""
    name = "\x1f".join([str(int(seed)), *purpose])
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big") >> 1


def torch_stream(seed: int, *purpose: str) -> torch.Generator:
    """The stream as a torch generator on the CPU, so that every device draws the same numbers."""
    return torch.Generator().manual_seed(stream_seed(seed, *purpose))


def numpy_stream(seed: int, *purpose: str) -> np.random.Generator:
    """The stream as a numpy generator."""
    return np.random.default_rng(stream_seed(seed, *purpose))
