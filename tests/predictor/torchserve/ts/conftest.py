from collections.abc import Iterator

import pytest

from transformermodel_predictor.torchserve.testing import handlers_can_import


@pytest.fixture(autouse=True)
def importing() -> Iterator[None]:
    """Let code under test import `ts` while it runs, and nobody else's."""
    with handlers_can_import():
        yield
