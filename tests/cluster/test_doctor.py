"""`transformermodel doctor` on a real cluster with all that a model needs."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.kubernetes import Kubernetes
from tests.cluster.stage import Stage
from tests.predictor.tiny import save_tiny_checkpoint

PROGRAM = Path(sys.executable).with_name("transformermodel")
OURS, KSERVE = "transformermodels.transformermodel.dev", "inferenceservices.serving.kserve.io"


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """A tiny model beside its manifest."""
    save_tiny_checkpoint(tmp_path / "model")
    return tmp_path / "model.yaml"


def doctor(kubernetes: Kubernetes, manifest: Path, namespace: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Ask about a model whose artifacts go to the claim `models`; exit status, and the checks by name."""
    document = {
        "apiVersion": "transformermodel.dev/v1alpha1",
        "kind": "TransformerModel",
        "metadata": {"name": "tiny", "namespace": namespace},
        "spec": {
            "task": "SequenceClassification",
            "source": {"uri": "file://model"},
            "storage": {"uri": "pvc://models/tiny"},
        },
    }
    manifest.write_text(yaml.safe_dump(document))
    store = ("--store", manifest.parent / "store")
    ended = kubernetes.run_in_network(PROGRAM, "doctor", manifest, *store, "--output", "json", check=False)
    checks = [json.loads(line) for line in ended.stdout.splitlines()]
    assert ended.stderr == ""
    return ended.returncode, {check["name"]: check for check in checks}


def test_where_a_model_can_run_every_check_is_passed(stage: Stage, manifest: Path) -> None:
    status, found = doctor(stage.kubernetes, manifest, stage.namespace)
    assert {name: check["finding"] for name, check in found.items()} == dict.fromkeys(
        ("schema", "source", "forms", "space", "memory", "cluster", "storage", OURS, KSERVE), "ok"
    )
    assert status == 0
