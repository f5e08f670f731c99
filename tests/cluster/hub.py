"""The stand-in hub inside the cluster's network, where pods reach it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.kubernetes import Kubernetes
from tests.hub.server import HubServer


@contextmanager
def running_hub(kubernetes: Kubernetes, folder: Path) -> Iterator[HubServer]:
    """A hub over a folder, served at `url` for as long as the block runs."""
    # Made in the cluster's network, its socket stays there, whichever thread serves it.
    with kubernetes.call_in_network(HubServer, folder, kubernetes.node_ip) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
