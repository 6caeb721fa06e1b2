"""These tests run in the environment of the libraries that are exported for: `make test-export`."""

from importlib.util import find_spec

import torch

torch.set_num_threads(1)


def pytest_configure(config):
    config.addinivalue_line("filterwarnings", "ignore:HookedTransformer is deprecated:DeprecationWarning")


collect_ignore_glob = [] if find_spec("transformer_lens") else ["test_*.py"]  # another environment
