import os

import pytest

from tests.monitoring.install import not_installed


@pytest.fixture(scope="session", autouse=True)
def programs() -> None:
    """Prometheus' programs."""
    if reason := not_installed():
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
