"""The stand-in hub inside the cluster's network, where pods reach it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.background import in_thread
from tests.cluster.kubernetes import Kubernetes
from tests.hub.server import HubServer


@contextmanager
def running_hub(kubernetes: Kubernetes, folder: Path) -> Iterator[HubServer]:
    """A hub over a folder, served at `url` for as long as the block runs."""
    # Made in the cluster's network, its socket stays there, whichever thread serves it.
    with in_thread(kubernetes.call_in_network(HubServer, folder, kubernetes.node_ip)) as server:
        yield server
