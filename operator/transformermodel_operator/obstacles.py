"""What is in the way of a Job's pod, from what Kubernetes says of it. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from transformermodel_operator.children.work_pod import CONTAINERS
from transformermodel_operator.objects import Document, condition
from transformermodel_operator.reasons import Reason

SETTING_UP = frozenset({"ContainerCreating", "PodInitializing"})
"""What a container waits for without anything being wrong."""

PATIENCE = timedelta(minutes=2)
"""How long a node may take to set up a pod before somebody should look."""

_IMAGE = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "RegistryUnavailable",
        "ImageInspectError",
        "SignatureValidationFailed",
    }
)
_BACK_OFF = re.compile(r'^(Back-off pulling image "[^"]*"(: )?)?(ErrImagePull: )?')
"""What the kubelet puts before the cause while it waits: it comes and goes, and the cause stays."""

_LOST_NODE = frozenset({"DeletionByTaintManager", "DeletionByPodGC", "NodeLost"})


@dataclass(frozen=True)
class Obstacle:
    """Why a pod does not run, or did not run to its end.

    Attributes:
        reason: its class.
        words: what Kubernetes says.
    """

    reason: Reason
    words: str

    def __str__(self) -> str:
        return f"{self.words.strip().rstrip('.')}. {self.reason.meaning}"


def obstacle_of(pod: Document, now: datetime) -> Obstacle | None:
    """Why a pod does not run; None when it runs, has ended or has just begun."""
    waiting = container_state(pod, "waiting")
    cause = str(waiting.get("reason") or "")
    if cause and cause not in SETTING_UP:
        return _waiting(pod, cause, str(waiting.get("message") or ""))
    scheduled = condition(pod, "PodScheduled")
    if scheduled is not None and scheduled["status"] == "False":
        return _unscheduled(str(scheduled.get("reason") or ""), str(scheduled.get("message") or ""))
    if cause and now - datetime.fromisoformat(pod["metadata"]["creationTimestamp"]) >= PATIENCE:
        return Obstacle(Reason.PodNotStarting, f"Pod {pod['metadata']['name']} is still being set up")
    return None


def disruption_of(pod: Document) -> Obstacle | None:
    """Why a pod was ended from outside, which says nothing about the preparation; None when it was not."""
    status = pod.get("status", {})
    target = condition(pod, "DisruptionTarget")
    disrupted = target is not None and target["status"] == "True"
    cause = str((target or {}).get("reason") or "") if disrupted else str(status.get("reason") or "")
    if not disrupted and cause not in ("Evicted", "NodeLost"):
        return None
    words = str(status.get("message") or (target or {}).get("message") or "")
    reason = Reason.NodeLost if cause in _LOST_NODE else Reason.Evicted
    return Obstacle(reason, _sentence(cause, words))


def obstacle_in(events: Sequence[Document]) -> Obstacle | None:
    """Why a Job has no pod or a node does not set one up, from the warnings about it; the newest counts."""
    newest = max(events, key=_last_seen, default=None)
    if newest is None:
        return None
    words = str(newest.get("note") or "")
    if newest.get("reason") != "FailedCreate":
        return Obstacle(Reason.PodNotStarting, _sentence(str(newest.get("reason") or ""), words))
    return Obstacle(Reason.QuotaExceeded if is_about_quota(words) else Reason.PodRefused, words)


def is_about_quota(words: str) -> bool:
    """Whether a refusal comes from a ResourceQuota (its admission plugin's words)."""
    return "exceeded quota: " in words or "failed quota: " in words


def container_state(pod: Document, name: str) -> Document:
    """The container's state of that name; empty when it is in another."""
    containers = pod.get("status", {}).get("containerStatuses") or ()
    ours: Document = next((container for container in containers if container["name"] in CONTAINERS), {})
    found: Document = ours.get("state", {}).get(name) or {}
    return found


def container_name(pod: Document) -> str:
    """The name of the container that does the pod's work."""
    return next(str(found["name"]) for found in pod["status"]["containerStatuses"] if found["name"] in CONTAINERS)


def _waiting(pod: Document, cause: str, words: str) -> Obstacle:
    if cause in _IMAGE:
        image = next((found["image"] for found in pod["status"]["containerStatuses"] if found.get("image")), "")
        return Obstacle(Reason.ImagePullFailed, _BACK_OFF.sub("", words) or f"{cause}: {image}")
    if cause == "CreateContainerConfigError" and "secret" in words:
        return Obstacle(Reason.SecretMissing, words)
    return Obstacle(Reason.PodNotStarting, _sentence(cause, words))


def _unscheduled(cause: str, words: str) -> Obstacle:
    if "persistentvolumeclaim" in words and "not found" in words:
        return Obstacle(Reason.ClaimMissing, words)
    if "unbound immediate PersistentVolumeClaims" in words:
        return Obstacle(Reason.ClaimPending, words)
    return Obstacle(Reason.Unschedulable, _sentence(cause, words))


def _sentence(cause: str, words: str) -> str:
    return ": ".join(part for part in (cause, words) if part)


def _last_seen(event: Document) -> str:
    series = event.get("series") or {}
    return str(series.get("lastObservedTime") or event.get("deprecatedLastTimestamp") or event.get("eventTime") or "")
