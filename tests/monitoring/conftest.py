import pytest

from tests.monitoring.install import require_installed


@pytest.fixture(scope="session", autouse=True)
def programs() -> None:
    """Prometheus' programs."""
    require_installed()
