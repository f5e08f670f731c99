"""What doctor says of a cluster. A stand-in answers for the API server; the real one is asked in tests/cluster."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.background import in_thread
from transformermodel_api.model import TransformerModel
from transformermodel_cli.cluster_checks import cluster_checks

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
OURS = f"{DEFINITIONS}/transformermodels.transformermodel.dev"
KSERVE = f"{DEFINITIONS}/inferenceservices.serving.kserve.io"
CLAIM = "/api/v1/namespaces/default/persistentvolumeclaims/models"

VERSION = {
    **dict.fromkeys(("buildDate", "compiler", "gitCommit", "gitTreeState", "goVersion", "platform"), "x"),
    "gitVersion": "v1.34.1",
    "major": "1",
    "minor": "34",
}
DEFINITION = {
    "spec": {"group": "g", "names": {"kind": "K", "plural": "k"}, "scope": "Namespaced", "versions": []},
}
ALL = {"/version/": VERSION, OURS: DEFINITION, KSERVE: DEFINITION, CLAIM: {}}


@contextmanager
def cluster(answers: Mapping[str, Any], folder: Path) -> Iterator[str]:
    """A kubeconfig whose server answers paths with documents or statuses, and all others with 404."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = answers.get(self.path, 404)
            status, document = (answer, {}) if isinstance(answer, int) else (200, answer)
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with in_thread(ThreadingHTTPServer(("127.0.0.1", 0), Answering)) as server:
        config = {
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
            "users": [{"name": "u", "user": {}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        (folder / "kubeconfig").write_text(yaml.safe_dump(config))
        yield str(folder / "kubeconfig")


def model(**spec: Any) -> TransformerModel:
    document = {"task": "SequenceClassification", "source": {"uri": "hf://org/name"}, **spec}
    return TransformerModel.model_validate({"metadata": {"name": "m"}, "spec": document})


def findings(
    answers: Mapping[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch, **spec: Any
) -> dict[str, tuple[str, str | None]]:
    with cluster(answers, folder) as kubeconfig:
        monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", kubeconfig)
        return {check.name: (check.finding.value, check.remedy) for check in cluster_checks(model(**spec))}


def test_a_cluster_with_all_that_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = findings(ALL, tmp_path, monkeypatch, storage={"uri": "pvc://models"})
    assert {finding for finding, _ in found.values()} == {"ok"}
    assert set(found) == {
        "cluster",
        "storage",
        "transformermodels.transformermodel.dev",
        "inferenceservices.serving.kserve.io",
    }


@pytest.mark.parametrize(
    ("changed", "spec", "name", "finding", "remedy"),
    [
        ({OURS: 404}, {}, "transformermodels.transformermodel.dev", "failed", "Install the chart"),
        ({KSERVE: 404}, {}, "inferenceservices.serving.kserve.io", "failed", "Install KServe"),
        ({KSERVE: 403}, {}, "inferenceservices.serving.kserve.io", "skipped", None),
        ({}, {}, "storage", "skipped", None),  # the operator's default decides, and makes no claim
        ({}, {"storage": {"uri": "pvc://models/a"}}, "storage", "ok", None),
        ({CLAIM: 404}, {"storage": {"uri": "pvc://models"}}, "storage", "failed", "Create the claim models."),
        ({}, {"storage": {"uri": "s3://bucket"}}, "storage", "skipped", None),
        ({"/version/": 500}, {}, "cluster", "skipped", None),
        ({}, {"source": {"uri": "pvc://models/one"}}, "claim models", "ok", None),
        ({CLAIM: 404}, {"source": {"uri": "pvc://models/one"}}, "claim models", "failed", "Create the claim models."),
        (
            {CLAIM: 404},
            {"source": {"uri": "hf://org/name", "adapterUri": "pvc://models/adapter"}},
            "claim models",
            "failed",
            "Create the claim models.",
        ),
        (
            {CLAIM: 403},
            {"preparation": {"parity": {"samplesUri": "pvc://models/samples.jsonl"}}},
            "claim models",
            "skipped",
            None,
        ),
    ],
)
def test_what_is_missing_is_told_with_its_remedy(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    changed: Mapping[str, Any],
    spec: dict[str, Any],
    name: str,
    finding: str,
    remedy: str | None,
) -> None:
    found = findings({**ALL, **changed}, tmp_path, monkeypatch, **spec)
    assert found[name][0] == finding
    assert (found[name][1] or "").startswith(remedy or "")
    assert (found[name][1] is None) is (remedy is None)
