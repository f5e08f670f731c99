"""What is in the way of a Job's pod, from what Kubernetes says of it. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from transformermodel_operator.children.work_pod import CONTAINERS
from transformermodel_operator.objects import Document, condition
from transformermodel_operator.pods.hindrance import Hindrance, container_of, hindrance_of
from transformermodel_operator.reasons import Reason

PATIENCE = timedelta(minutes=2)
"""How long a node may take to set up a pod before somebody should look."""

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
    hindrance = hindrance_of(pod, CONTAINERS)
    if hindrance is not None:
        return _waiting(pod, hindrance) if hindrance.has_node else _unscheduled(hindrance)
    age = now - datetime.fromisoformat(pod["metadata"]["creationTimestamp"])
    if container_state(pod, "waiting") and age >= PATIENCE:
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
    return Obstacle(reason, str(Hindrance(cause, words)))


def obstacle_in(events: Sequence[Document]) -> Obstacle | None:
    """Why a Job has no pod or a node does not set one up, from the warnings about it; the newest counts."""
    newest = max(events, key=_last_seen, default=None)
    if newest is None:
        return None
    words = str(newest.get("note") or "")
    if newest.get("reason") != "FailedCreate":
        return Obstacle(Reason.PodNotStarting, str(Hindrance(str(newest.get("reason") or ""), words)))
    return Obstacle(Reason.QuotaExceeded if is_about_quota(words) else Reason.PodRefused, words)


def is_about_quota(words: str) -> bool:
    """Whether a refusal comes from a ResourceQuota, also one that is not counted yet (its admission plugin's words)."""
    return any(sign in words for sign in ("exceeded quota: ", "failed quota: ", "status unknown for quota: "))


def container_state(pod: Document, name: str) -> Document:
    """The container's state of that name; empty when it is in another."""
    found: Document = container_of(pod, CONTAINERS).get("state", {}).get(name) or {}
    return found


def container_name(pod: Document) -> str:
    """The name of the container that does the pod's work."""
    return str(container_of(pod, CONTAINERS)["name"])


def _waiting(pod: Document, found: Hindrance) -> Obstacle:
    if found.is_of_image:
        image = container_of(pod, CONTAINERS).get("image", "")
        return Obstacle(Reason.ImagePullFailed, _BACK_OFF.sub("", found.words) or f"{found.cause}: {image}")
    if found.is_of_settings and "secret" in found.words:
        return Obstacle(Reason.SecretMissing, found.words)
    return Obstacle(Reason.PodNotStarting, str(found))


def _unscheduled(found: Hindrance) -> Obstacle:
    if "persistentvolumeclaim" in found.words and "not found" in found.words:
        return Obstacle(Reason.ClaimMissing, found.words)
    if "unbound immediate PersistentVolumeClaims" in found.words:
        return Obstacle(Reason.ClaimPending, found.words)
    return Obstacle(Reason.Unschedulable, str(found))


def _last_seen(event: Document) -> str:
    series = event.get("series") or {}
    return str(series.get("lastObservedTime") or event.get("deprecatedLastTimestamp") or event.get("eventTime") or "")
