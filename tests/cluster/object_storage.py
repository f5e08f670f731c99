"""An S3 server inside the cluster's network, where pods reach it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.cluster.kubernetes import Kubernetes
from tests.object_stores.servers import ObjectServer, serving
from transformermodel_predictor.objects.location import Scheme


@contextmanager
def running_object_server(kubernetes: Kubernetes, folder: Path) -> Iterator[ObjectServer]:
    """The server over a folder, in which every bucket is a folder; it runs for as long as the block does."""
    with ExitStack() as stack:
        # A process started by a thread of the cluster's network is in that network.
        yield kubernetes.call_in_network(lambda: stack.enter_context(serving(Scheme.S3, folder, kubernetes.node_ip)))
