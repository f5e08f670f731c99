"""PyTorch with a single thread, for tests of models so small that they are slower with more."""

from collections.abc import Iterator

import torch


def with_one_thread() -> Iterator[None]:
    """The body of a fixture, whose scope is up to the tests."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
