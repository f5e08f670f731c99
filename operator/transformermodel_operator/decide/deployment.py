"""Reads a Deployment's state: the revision of its pods, and how many of them serve."""

from datetime import datetime, timedelta

from transformermodel_operator.children.inference_service import REVISION_ANNOTATION
from transformermodel_operator.objects import Document, condition

COMPLETE = "NewReplicaSetAvailable"
"""Reason of Progressing from the end of a rollout until the next one."""

_EXCEEDED = "ProgressDeadlineExceeded"
_COUNTS = ("replicas", "updatedReplicas", "availableReplicas")


def counts(deployment: Document) -> tuple[int, int, int]:
    """Numbers of replicas: all, those of the newest template, and available ones."""
    status = deployment.get("status", {})
    total, updated, available = (int(status.get(name) or 0) for name in _COUNTS)
    return total, updated, available


def serving(deployment: Document) -> int:
    """Minimum number of serving replicas of the newest template: available ones may be older."""
    total, updated, available = counts(deployment)
    return min(updated, max(0, available - (total - updated)))


def is_observed(deployment: Document) -> bool:
    """Whether its status is about its current spec."""
    observed: int = deployment.get("status", {}).get("observedGeneration", 0)
    return observed >= int(deployment["metadata"]["generation"])


def replicas_wanted(deployment: Document) -> int:
    """How many there should be."""
    return int(deployment["spec"].get("replicas", 1))


def is_asleep(deployment: Document | None) -> bool:
    """Whether it has no replica and wants none."""
    return deployment is not None and replicas_wanted(deployment) == 0


def deployed_revision(deployment: Document | None) -> str | None:
    """The revision in its template."""
    if deployment is None:
        return None
    template = deployment["spec"]["template"].get("metadata") or {}
    found: str | None = (template.get("annotations") or {}).get(REVISION_ANNOTATION)
    return found


def served_revision(deployment: Document | None) -> str | None:
    """The revision that every replica serves; None if there is none, or no replica."""
    if deployment is None or not is_observed(deployment):
        return None
    replicas = replicas_wanted(deployment)
    return deployed_revision(deployment) if replicas and counts(deployment) == (replicas,) * 3 else None


def replicas_in_question(deployment: Document | None) -> str | None:
    """Label selector of the pods to inspect; None while all wanted replicas serve."""
    if deployment is None or not is_observed(deployment):
        return None
    return None if serving(deployment) >= replicas_wanted(deployment) else selector_of(deployment)


def selector_of(deployment: Document) -> str:
    """The label selector of its pods, as an API server reads it."""
    labels = deployment["spec"]["selector"]["matchLabels"]
    return ",".join(f"{name}={labels[name]}" for name in sorted(labels))


def refusal_of_pods(deployment: Document) -> str | None:
    """Why the API server refuses its pods, such as a quota or a policy; None while it takes them."""
    failure = condition(deployment, "ReplicaFailure") or {}
    return str(failure.get("message") or failure.get("reason")) if failure.get("status") == "True" else None


def without_progress(deployment: Document, now: datetime) -> timedelta:
    """Time without progress. The Deployment's own deadline cannot be set through KServe."""
    progress = condition(deployment, "Progressing") or {}
    since = progress.get("lastUpdateTime")
    waited = now - datetime.fromisoformat(since) if since else timedelta(0)
    if progress.get("reason") == _EXCEEDED:
        waited += timedelta(seconds=int(deployment["spec"].get("progressDeadlineSeconds", 600)))
    return waited
