"""A pytest plugin for the tests of handlers.

Name it where a handler's tests are configured: `-p transformermodel_predictor.torchserve.testing.plugin` in `addopts`.
"""

from contextlib import ExitStack

import pytest

from transformermodel_predictor.torchserve.testing import handlers_can_import

_importing = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """Let all tests of this run, and the handlers that they import, import `ts`."""
    config.stash[_importing] = ExitStack()
    config.stash[_importing].enter_context(handlers_can_import())


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave the import path as it was."""
    config.stash[_importing].close()
