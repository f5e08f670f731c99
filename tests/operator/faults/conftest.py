"""Fixtures on the real API server, which is started once for all tests of this folder."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operator.faults.api_server import MISSING, running_api_server
from tests.operator.faults.rights import grant
from tests.operator.faults.theatre import Theatre


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in this folder."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.cluster)
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="package")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """The API server, and the operator's account with the rights that the chart gives it."""
    if MISSING:
        reason = "the API server is not built: run `python -m tests.cluster.install`"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    with running_api_server(tmp_path_factory.mktemp("api-server")) as server:
        yield Theatre(server, grant(server).strip())
