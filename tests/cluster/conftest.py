"""Fixtures on a real Kubernetes node with KServe, which is started once for all tests that ask for it."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cluster.hub import running_hub
from tests.cluster.install import not_installed, unavailable
from tests.cluster.kubernetes import Kubernetes
from tests.cluster.node import cluster
from tests.cluster.restricted import restricted_namespace
from tests.cluster.storage import VolumeClaim, volume_claim
from tests.hub.server import HubServer


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in this folder."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.cluster)


def pytest_runtest_setup() -> None:
    """Skip where the cluster cannot run; where all tests are asked for, that is a failure."""
    if reason := unavailable() or not_installed():
        if os.environ.get("CI") == "true":
            pytest.fail(f"no cluster: {reason}", pytrace=False)
        pytest.skip(f"no cluster: {reason}")


@pytest.fixture(scope="session")
def kubernetes() -> Iterator[Kubernetes]:
    """The cluster: one node and KServe, started for the first test that asks."""
    with cluster.running() as machine:
        yield Kubernetes(machine)


@pytest.fixture
def namespace(kubernetes: Kubernetes) -> Iterator[str]:
    """A namespace of the test's own, under PodSecurity `restricted`."""
    with restricted_namespace(kubernetes) as name:
        yield name


@pytest.fixture
def persistent_volume_claim(kubernetes: Kubernetes, namespace: str) -> Iterator[Callable[[str], VolumeClaim]]:
    """Make a claim of this name in the test's namespace, bound to a folder of this machine."""
    with ExitStack() as claims:
        yield lambda name: claims.enter_context(volume_claim(kubernetes, namespace, name))


@pytest.fixture
def hub(kubernetes: Kubernetes, tmp_path: Path) -> Iterator[HubServer]:
    """A hub that the pods reach at `hub.url`, over a folder of the test's own (see `hub.repositories`)."""
    with running_hub(kubernetes, tmp_path / "hub") as server:
        yield server
