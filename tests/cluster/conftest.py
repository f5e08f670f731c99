"""Fixtures on a real Kubernetes node with KServe, which is started once for all tests that ask for it."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cluster.hub import running_hub
from tests.cluster.install import not_installed, unavailable
from tests.cluster.kubernetes import PATIENCE_SECONDS, Kubernetes, Object
from tests.cluster.node import cluster
from tests.cluster.restricted import restricted_namespace
from tests.cluster.stage import AS_IT_IS, CHANGING, CLUSTER_NAME, Stage, set_stage
from tests.cluster.storage import VolumeClaim, volume_claim
from tests.hub.server import HubServer


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in this folder, and give it the time for more than one wait that ends in vain."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.cluster)
            item.add_marker(pytest.mark.timeout(2 * PATIENCE_SECONDS))


def pytest_runtest_setup() -> None:
    """Skip where the cluster cannot run; where all tests are asked for, that is a failure."""
    if reason := unavailable() or not_installed():
        if os.environ.get("CI") == "true":
            pytest.fail(f"no cluster: {reason}", pytrace=False)
        pytest.skip(f"no cluster: {reason}")


@pytest.fixture(scope="package")
def kubernetes() -> Iterator[Kubernetes]:
    """The cluster: one node and KServe, started for the first test that asks."""
    with cluster.running() as machine:
        yield Kubernetes(machine)


@pytest.fixture(scope="package")
def kubernetes_alone() -> Iterator[Kubernetes]:
    """A control plane of its own, without a node, without KServe and without our operator."""
    with cluster.control_plane_alone() as machine:
        yield Kubernetes(machine)


@pytest.fixture(scope="package")
def stage(kubernetes: Kubernetes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The chart with two replicas of the operator, for all tests that need models: each leaves it as it found it."""
    with set_stage(kubernetes, tmp_path_factory.mktemp("hub"), {"replicas": 2, "clusterName": CLUSTER_NAME}) as ready:
        yield ready


@pytest.fixture(scope="package")
def applied_example(stage: Stage) -> Iterator[None]:
    """The example is applied."""
    stage.kubernetes.apply(stage.manifest())
    yield
    stage.kubernetes.kubectl("delete", "transformermodel", "sentiment", f"--namespace={stage.namespace}")


@pytest.fixture
def sentiment(stage: Stage, applied_example: None) -> Object:
    """The example, ready; as the tests before have left it."""
    return stage.ready()


@pytest.fixture(scope="package")
def applied_changing(stage: Stage) -> Iterator[None]:
    """The example is applied under another name; a contest for its best form would be one too many."""
    document = stage.manifest(CHANGING)
    document["spec"]["preparation"] |= AS_IT_IS
    stage.kubernetes.apply(document)
    yield
    stage.kubernetes.kubectl("delete", "transformermodel", CHANGING, f"--namespace={stage.namespace}")


@pytest.fixture
def changing(stage: Stage, applied_changing: None) -> Iterator[Object]:
    """A model to be changed, ready. Whatever becomes of a test, the next one finds the model as this one did."""
    model = stage.ready(CHANGING)
    yield model
    change = json.dumps([{"op": "replace", "path": "/spec", "value": model["spec"]}])
    target = (f"transformermodel/{CHANGING}", f"--namespace={stage.namespace}")
    stage.kubernetes.kubectl("patch", *target, "--type=json", f"--patch={change}")
    stage.ready(CHANGING)


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
