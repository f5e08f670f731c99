"""What becomes of what the operator writes: the ends of Jobs, and what KServe makes of InferenceServices. Pure."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from transformermodel_api.contract import REQUEST_VARIABLE, Failed, PreparationOutcome, Prepared, Resolved
from transformermodel_api.failures import FailureReason
from transformermodel_api.identity import fingerprint
from transformermodel_operator.children.check_job import CONTAINER as CHECK
from transformermodel_operator.children.removal_job import CONTAINER as REMOVE

Object = dict[str, Any]

BROKEN, MISSING = "broken", "missing"
"""Revisions of a source: one whose predictor never becomes ready, and one that is not there."""

_OF_SERVICES = frozenset(
    {
        "annotations",
        "deploymentStrategy",
        "labels",
        "maxReplicas",
        "minReplicas",
        "model",
        "scaleMetric",
        "scaleTarget",
    }
)
"""What a predictor says beside the spec of its pods."""
_OF_CONTAINERS = frozenset({"args", "env", "envFrom", "image", "resources", "volumeMounts"})

_BEGAN = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def pod_template(predictor: Object, labels: Object) -> Object:
    """What KServe makes of a predictor: its pod, and its model as a container."""
    container = {name: predictor["model"][name] for name in _OF_CONTAINERS if name in predictor["model"]}
    account = predictor.get("serviceAccountName")
    return {
        "metadata": {"labels": {**predictor.get("labels", {}), **labels}, "annotations": predictor["annotations"]},
        "spec": {
            **{name: value for name, value in predictor.items() if name not in _OF_SERVICES},
            **({"serviceAccount": account} if account else {}),  # its former name, without which it would stay
            "containers": [{"image": "predictor:1", **container, "name": "kserve-container"}],
        },
    }


def outcome_of(job: Object) -> PreparationOutcome | None:
    """What a preparation or a look at its source comes to, as the source's revision says; a removal tells nothing."""
    (container,) = job["spec"]["template"]["spec"]["containers"]
    if container["name"] == REMOVE:
        return None
    request = json.loads(next(entry["value"] for entry in container["env"] if entry["name"] == REQUEST_VARIABLE))
    revision, sources = request["source"].get("revision", "main"), fingerprint(request["source"])
    if container["name"] == CHECK:
        return Resolved(commit=revision, sources=sources)
    if revision == MISSING:
        return Failed.because(FailureReason.NotFound, "There is no such revision.")
    digest = f"{revision if revision == BROKEN else ''}{fingerprint(request)}"[:64]
    return Prepared(
        digest=digest,
        path=f"artifacts/{digest}",
        commit=revision,
        size_bytes=90_000_000,
        format="Pretrained",
        engine="Packed",
        precision="Float32",
        sources=sources,
    )


def job_status(outcome: PreparationOutcome | None) -> Object:
    """What the Job's controller writes of its end."""
    success = not isinstance(outcome, Failed)
    conditions = ("SuccessCriteriaMet", "Complete") if success else ("FailureTarget", "Failed")
    reason = "CompletionsReached" if success else "PodFailurePolicy"
    status: Object = {
        "startTime": time(0),
        "succeeded" if success else "failed": 1,
        "conditions": [
            {
                "type": kind,
                "status": "True",
                "reason": reason,
                "message": "",
                "lastProbeTime": time(60),
                "lastTransitionTime": time(60),
            }
            for kind in conditions
        ],
    }
    return {**status, "completionTime": time(60)} if success else status


def deployment_status(generation: int, replicas: int, *, broken: bool) -> Object:
    """What the Deployment's controller writes when all replicas serve, or when they never will."""
    reason, status = ("ProgressDeadlineExceeded", "False") if broken else ("NewReplicaSetAvailable", "True")
    progressing = {"type": "Progressing", "status": status, "reason": reason, "message": "", "lastUpdateTime": time(0)}
    serving = 0 if broken else replicas
    return {
        "observedGeneration": generation,
        "replicas": replicas + broken,
        "updatedReplicas": 1 if broken else replicas,
        "readyReplicas": serving,
        "availableReplicas": serving,
        "unavailableReplicas": replicas - serving,
        "conditions": [{**progressing, "lastTransitionTime": time(0)}],
    }


def owner(document: Mapping[str, Any]) -> Object:
    """The reference to an owner."""
    metadata = document["metadata"]
    return {
        "apiVersion": document["apiVersion"],
        "kind": document["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
    }


def time(seconds: int) -> str:
    """A time so many seconds after all began."""
    return (_BEGAN + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
