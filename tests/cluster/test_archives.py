"""Archives of TorchServe on a real cluster: as a TransformerModel, and from a store by a plain InferenceService."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.kubernetes import Object
from tests.cluster.stage import Stage
from tests.cluster.test_operator import applied
from tests.predictor.torchserve.reading.archives import packed

SHOUTS = b"def handle(data, context):\n    return [row['body'].upper() for row in data or []]\n"
TEXT = {"Content-Type": "text/plain"}


@pytest.fixture(scope="module")
def archives(stage: Stage) -> Path:
    """A folder on the claim with an archive, and a store as KServe's own runtime for PyTorch has it."""
    folder = stage.kubernetes.machine.run.volumes / f"{stage.namespace}-models" / "archives"
    packed(folder, {"handler.py": SHOUTS}, name="shout")
    packed(folder / "store" / "model-store", {"handler.py": SHOUTS}, name="loud")
    snapshot = {
        "name": "startup.cfg",
        "modelCount": 1,
        "models": {"loud": {"1.0": {"defaultVersion": True, "marName": "loud.mar", "minWorkers": 1, "maxWorkers": 1}}},
    }
    (folder / "store" / "config").mkdir()
    (folder / "store" / "config" / "config.properties").write_text(
        "inference_address=http://0.0.0.0:8085\n"
        "enable_envvars_config=true\n"
        "model_store=/mnt/models/model-store\n"
        f"model_snapshot={json.dumps(snapshot)}\n"
    )
    return folder


def custom(stage: Stage) -> Object:
    return {
        "apiVersion": "transformermodel.dev/v1alpha1",
        "kind": "TransformerModel",
        "metadata": {"name": "shout", "namespace": stage.namespace},
        "spec": {
            "task": "Custom",
            "source": {"uri": "pvc://models/archives/shout.mar", "trustRemoteCode": "Allowed"},
            "tests": [{"input": {"text": "quiet"}, "expect": {"label": "QUIET"}}],
            "storage": {"uri": "pvc://models/prepared"},
            "predictor": {"workers": {"min": 1, "max": 1}, "resources": {"requests": {"cpu": "100m"}}},
        },
    }


def inference_service(stage: Stage) -> Object:
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            "name": "classic",
            "namespace": stage.namespace,
            "annotations": {"serving.kserve.io/deploymentMode": "Standard"},
        },
        "spec": {
            "predictor": {
                "model": {
                    "modelFormat": {"name": "torchserve"},
                    "runtime": "transformermodel",
                    "storageUri": "pvc://models/archives/store",
                    "resources": {"requests": {"cpu": "100m", "memory": "512Mi"}},
                }
            }
        },
    }


@pytest.fixture(scope="module")
def both(stage: Stage, archives: Path) -> Iterator[Object]:
    """Both are ready; the TransformerModel."""
    with applied(stage, custom(stage)), applied(stage, inference_service(stage)):
        stage.kubernetes.wait("inferenceservice", "classic", stage.namespace, "Ready")
        yield stage.ready("shout")


def ask(stage: Stage, service: str, model: str) -> bytes:
    url = f"{stage.url(service)}/predictions/{model}"
    answer = stage.kubernetes.http("POST", url, content=b"hello", headers=TEXT)
    assert answer.status == 200, answer.body
    return answer.body


def test_an_archive_becomes_an_inference_service(stage: Stage, both: Object) -> None:
    assert both["status"]["artifact"]["format"] == "Archive"
    assert ask(stage, "shout", "shout") == b"HELLO"


def test_a_store_of_torchserves_is_served_by_our_runtime_under_its_own_names(stage: Stage, both: Object) -> None:
    assert ask(stage, "classic", "loud") == b"HELLO"
