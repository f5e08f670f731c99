"""Archives of TorchServe on a real cluster, by the manifests of the migration guide.

As a TransformerModel, and from a store by a plain InferenceService.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.cluster.kubernetes import Object
from tests.cluster.stage import Stage
from tests.cluster.test_operator import applied
from tests.migration_guide import CUSTOM_MODEL, INFERENCE_SERVICE
from tests.predictor.torchserve.reading.archives import packed

SHOUTS = b"def handle(data, context):\n    return [row['body'].upper() for row in data or []]\n"
TEXT = {"Content-Type": "text/plain"}
CLASSIC = "classic"


@pytest.fixture(scope="module")
def archives(stage: Stage) -> Path:
    """A claim that is a store, as KServe's own runtime for PyTorch has it."""
    folder = stage.kubernetes.machine.run.volumes / f"{stage.namespace}-models"
    packed(folder / "model-store", {"handler.py": SHOUTS}, name="bert")
    snapshot = {
        "name": "startup.cfg",
        "modelCount": 1,
        "models": {"loud": {"1.0": {"defaultVersion": True, "marName": "bert.mar", "minWorkers": 1, "maxWorkers": 1}}},
    }
    (folder / "config").mkdir()
    (folder / "config" / "config.properties").write_text(
        "inference_address=http://0.0.0.0:8085\n"
        "enable_envvars_config=true\n"
        "model_store=/mnt/models/model-store\n"
        f"model_snapshot={json.dumps(snapshot)}\n"
    )
    return folder


def custom(stage: Stage) -> Object:
    """The guide's manifest, with golden answers and what this cluster wants."""
    manifest: Object = yaml.safe_load(CUSTOM_MODEL)
    manifest["metadata"]["namespace"] = stage.namespace
    manifest["spec"] |= {
        "tests": [{"input": {"text": "quiet"}, "expect": {"label": "QUIET"}}],
        "storage": {"uri": "pvc://models/prepared"},
    }
    manifest["spec"]["predictor"]["resources"] = {"requests": {"cpu": "100m"}}
    return manifest


def inference_service(stage: Stage) -> Object:
    """The guide's manifest, beside the other one's InferenceService of the same name."""
    manifest: Object = yaml.safe_load(INFERENCE_SERVICE)
    manifest["metadata"] |= {"name": CLASSIC, "namespace": stage.namespace}
    manifest["spec"]["predictor"]["model"]["resources"] = {"requests": {"cpu": "100m", "memory": "512Mi"}}
    return manifest


@pytest.fixture(scope="module")
def both(stage: Stage, archives: Path) -> Iterator[Object]:
    """Both are ready; the TransformerModel."""
    with applied(stage, custom(stage)), applied(stage, inference_service(stage)):
        stage.kubernetes.wait("inferenceservice", CLASSIC, stage.namespace, "Ready")
        yield stage.ready("bert")


def ask(stage: Stage, service: str, model: str) -> bytes:
    url = f"{stage.url(service)}/predictions/{model}"
    answer = stage.kubernetes.http("POST", url, content=b"hello", headers=TEXT)
    assert answer.status == 200, answer.body
    return answer.body


def test_an_archive_becomes_an_inference_service(stage: Stage, both: Object) -> None:
    assert both["status"]["artifact"]["format"] == "Archive"
    assert ask(stage, "bert", "bert") == b"HELLO"


def test_a_store_of_torchserves_is_served_by_our_runtime_under_its_own_names(stage: Stage, both: Object) -> None:
    assert ask(stage, CLASSIC, "loud") == b"HELLO"
