"""Models and their children as the API server would have them, for the tables of the other tests."""

import copy
from datetime import UTC, datetime
from typing import Any

from transformermodel_api.contract import Failed, Prepared, write_outcome
from transformermodel_api.failures import FailureReason
from transformermodel_api.model import TransformerModel
from transformermodel_api.status import Artifact, TransformerModelStatus
from transformermodel_operator.children.inference_service import inference_service
from transformermodel_operator.children.job import preparation_job
from transformermodel_operator.children.revision import Failure, Revision, controller_revision
from transformermodel_operator.children.storage import StorageLocation
from transformermodel_operator.decision import Decision
from transformermodel_operator.pods.job_pods import JobPods
from transformermodel_operator.settings import Settings
from transformermodel_operator.snapshot import Snapshot

Object = dict[str, Any]

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
DIGEST = "d" * 64
STORAGE = StorageLocation("models", "prepared")
SETTINGS = Settings(operator_namespace="system", identity="one", predictor_image="predictor:1")
PREPARED = Prepared(
    digest=DIGEST,
    path=f"artifacts/{DIGEST}",
    commit="0123abc",
    size_bytes=90_000_000,
    format="Pretrained",
    engine="Pretrained",
    precision="Float32",
)
ARTIFACT = Artifact(
    uri=f"pvc://models/prepared/artifacts/{DIGEST}",
    digest=DIGEST,
    size_bytes=90_000_000,
    format="Pretrained",
    engine="Pretrained",
    precision="Float32",
)


def model(*, metadata: Object | None = None, status: TransformerModelStatus | None = None, **spec: Any) -> Object:
    """A model; keywords replace fields of its spec."""
    document: Object = {
        "apiVersion": "transformermodel.dev/v1alpha1",
        "kind": "TransformerModel",
        "metadata": {
            "name": "sentiment",
            "namespace": "team",
            "uid": "uid-of-model",
            "generation": 1,
            "resourceVersion": "10",
            **(metadata or {}),
        },
        "spec": {
            "task": "SequenceClassification",
            "source": {"uri": "hf://org/name"},
            "storage": {"uri": str(STORAGE)},
            **spec,
        },
    }
    if status is not None:
        document["status"] = status.model_dump(mode="json", by_alias=True, exclude_none=True)
    return document


def stored(child: Object, **metadata: Any) -> Object:
    """A child as the API server keeps it."""
    document = copy.deepcopy(child)
    document["metadata"] |= {
        "uid": f"uid-of-{child['kind']}",
        "generation": 1,
        "resourceVersion": "20",
        "creationTimestamp": NOW.isoformat(),
        **metadata,
    }
    return document


def job(owner: Object, *conditions: str, created: datetime = NOW, **status: Any) -> Object:
    """The Job of a model, with conditions that are True and other fields of its status."""
    found = stored(
        preparation_job(TransformerModel.read(owner), STORAGE, SETTINGS), creationTimestamp=created.isoformat()
    )
    found["status"] = {
        "conditions": [{"type": kind, "status": "True", "lastTransitionTime": NOW.isoformat()} for kind in conditions],
        **status,
    }
    return found


def read(owner: Object) -> TransformerModel:
    """A model as the operator reads it; without its status."""
    return TransformerModel.read({**owner, "status": None})


def revision(owner: Object, artifact: Artifact = ARTIFACT) -> Revision:
    """What a model comes to with an artifact."""
    return Revision.of(read(owner), artifact, SETTINGS)


def kept(owner: Object, number: int = 1, failure: Failure | None = None, artifact: Artifact = ARTIFACT) -> Object:
    """The ControllerRevision of what a model comes to with an artifact."""
    return stored(controller_revision(read(owner).metadata, revision(owner, artifact), number, failure))


def service(owner: Object, *, ready: bool = True, artifact: Artifact = ARTIFACT, **model_status: Any) -> Object:
    """The InferenceService of a model, as KServe leaves it."""
    found = stored(inference_service(read(owner), revision(owner, artifact)))
    found["status"] = {
        "address": {"url": "http://sentiment-predictor.team.svc.cluster.local"},
        "conditions": [
            {"type": "PredictorReady", "status": "True"},
            {"type": "Ready", "status": "True" if ready else "False"},
        ],
        "modelStatus": model_status,
    }
    return found


def deployment(of: Object, *, wanted: int = 1, **status: Any) -> Object:
    """The Deployment that KServe makes of an InferenceService, fully rolled out unless its status says otherwise."""
    annotations = of["spec"]["predictor"]["annotations"]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "sentiment-predictor",
            "namespace": "team",
            "uid": "uid-of-Deployment",
            "generation": 3,
            "resourceVersion": "30",
            "labels": of["metadata"]["labels"],
        },
        "spec": {
            "replicas": wanted,
            "selector": {"matchLabels": {"app": "isvc.sentiment-predictor"}},
            "template": {"metadata": {"annotations": annotations}},
        },
        "status": {
            "observedGeneration": 3,
            "replicas": wanted,
            "updatedReplicas": wanted,
            "availableReplicas": wanted,
            "conditions": [{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}],
            **status,
        },
    }


def snapshot(of: Object, *jobs: Object, **around: Any) -> Snapshot:
    """A model with Jobs; keywords are the snapshot's other fields."""
    fields: dict[str, Any] = {
        "service": None,
        "deployment": None,
        "kserve_installed": True,
        "settings": SETTINGS,
        "now": NOW,
        **around,
    }
    return Snapshot(model=of, jobs=jobs, **fields)


def served(owner: Object) -> dict[str, Any]:
    """A predictor of the model's artifact that is fully rolled out, as the fields of a snapshot."""
    found = service(owner)
    return {"service": found, "deployment": deployment(found), "revisions": (kept(owner),)}


def after(decision: Decision, owner: Object) -> Object:
    """The model once a decision has been reported."""
    assert decision.status is not None
    status = decision.status.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {**copy.deepcopy(owner), "status": status}


def conditions(decision: Decision) -> dict[str, tuple[str, str]]:
    """Status and reason of each condition."""
    assert decision.status is not None
    return {
        condition.type.value: (condition.status.value, condition.reason) for condition in decision.status.conditions
    }


def message(decision: Decision, kind: str) -> str:
    """A condition's message."""
    assert decision.status is not None
    return next(condition.message for condition in decision.status.conditions if condition.type.value == kind)


def succeeded() -> JobPods:
    """The pods of a preparation that succeeded."""
    return JobPods(outcome=PREPARED)


def failed(reason: FailureReason, commit: str | None = None) -> JobPods:
    """The pods of a preparation that failed, before or after it had found the source."""
    return JobPods(outcome=Failed.because(reason, "It failed.", commit))


def pod(created: str = "2026-11-22T11:00:00Z", **state: Any) -> Object:
    """A pod of a Job; keywords are the state of its container."""
    return {
        "metadata": {"name": f"pod-{created}", "creationTimestamp": created},
        "status": {"containerStatuses": [{"name": "prepare", "state": state}]} if state else {},
    }


def claim(name: str, phase: str = "Bound", modes: tuple[str, ...] = ("ReadWriteMany",), **metadata: str) -> Object:
    """A PersistentVolumeClaim."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": "team", **metadata},
        "spec": {"accessModes": list(modes)},
        "status": {"phase": phase},
    }


def ended(exit_code: int, message: str = "", reason: str = "Error") -> Object:
    """The state of a container that has ended, as keywords of `pod`."""
    return {"terminated": {"exitCode": exit_code, "message": message, "reason": reason}}


PREPARED_MESSAGE = write_outcome(PREPARED)
