"""What keeps a Job's pod from running, from its status and its events. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from transformermodel_operator.children.work_pod import CONTAINERS
from transformermodel_operator.objects import Document, condition
from transformermodel_operator.pods.waiting import Waiting, container_of, reason_and_message, waiting_of
from transformermodel_operator.reasons import Reason

SETUP_TIMEOUT = timedelta(minutes=2)
"""How long a node may take to set up a pod before that is reported."""

_BACK_OFF = re.compile(r'^(Back-off pulling image "[^"]*"(: )?)?(ErrImagePull: )?')
"""Prefix that the kubelet adds to a message while it waits for a retry; without it, the message stays the same."""

_LOST_NODE = frozenset({"DeletionByTaintManager", "DeletionByPodGC", "NodeLost"})


@dataclass(frozen=True)
class Obstacle:
    """Why a pod does not run, or did not run to completion.

    Attributes:
        reason: a condition's reason.
        message: Kubernetes' reason and message.
    """

    reason: Reason
    message: str

    def __str__(self) -> str:
        return f"{self.message.strip().rstrip('.')}. {self.reason.meaning}"


def obstacle_of(pod: Document, now: datetime) -> Obstacle | None:
    """Why a pod does not run; None if it runs, has ended or was created a moment ago.

    Args:
        pod: a pod of one of the operator's Jobs.
        now: the time, with its zone.
    """
    waiting = waiting_of(pod, CONTAINERS)
    if waiting is not None:
        return _not_started(pod, waiting) if waiting.is_scheduled else _unscheduled(waiting)
    age = now - datetime.fromisoformat(pod["metadata"]["creationTimestamp"])
    if container_state(pod, "waiting") and age >= SETUP_TIMEOUT:
        return Obstacle(Reason.PodNotStarting, f"Pod {pod['metadata']['name']} is still being set up")
    return None


def disruption_of(pod: Document) -> Obstacle | None:
    """The disruption that ended a pod, which is not the preparation's fault; None if there was none."""
    status = pod.get("status", {})
    target = condition(pod, "DisruptionTarget")
    disrupted = target is not None and target["status"] == "True"
    cause = str((target or {}).get("reason") or "") if disrupted else str(status.get("reason") or "")
    if not disrupted and cause not in ("Evicted", "NodeLost"):
        return None
    message = str(status.get("message") or (target or {}).get("message") or "")
    reason = Reason.NodeLost if cause in _LOST_NODE else Reason.Evicted
    return Obstacle(reason, reason_and_message(cause, message))


def obstacle_in(events: Sequence[Document]) -> Obstacle | None:
    """Why a Job has no pod, or a node does not set one up, from the newest of its warning events; None without any."""
    newest = max(events, key=_last_seen, default=None)
    if newest is None:
        return None
    reason, note = str(newest.get("reason") or ""), str(newest.get("note") or "")
    if reason != "FailedCreate":
        return Obstacle(Reason.PodNotStarting, reason_and_message(reason, note))
    return Obstacle(Reason.QuotaExceeded if is_about_quota(note) else Reason.PodRefused, note)


def is_about_quota(message: str) -> bool:
    """Whether a message is a refusal by the ResourceQuota admission plugin, including a quota without a status yet."""
    return any(sign in message for sign in ("exceeded quota: ", "failed quota: ", "status unknown for quota: "))


def container_state(pod: Document, name: str) -> Document:
    """The state `name` (waiting, running or terminated) of the pod's container; empty if it is in another state."""
    found: Document = container_of(pod, CONTAINERS).get("state", {}).get(name) or {}
    return found


def container_name(pod: Document) -> str:
    """The name of the container that does the pod's work; the pod must report its status."""
    return str(container_of(pod, CONTAINERS)["name"])


def _not_started(pod: Document, waiting: Waiting) -> Obstacle:
    if waiting.is_for_image:
        image = container_of(pod, CONTAINERS).get("image", "")
        return Obstacle(Reason.ImagePullFailed, _BACK_OFF.sub("", waiting.message) or f"{waiting.reason}: {image}")
    if waiting.is_for_configuration and "secret" in waiting.message:
        return Obstacle(Reason.SecretMissing, waiting.message)
    return Obstacle(Reason.PodNotStarting, str(waiting))


def _unscheduled(waiting: Waiting) -> Obstacle:
    if "persistentvolumeclaim" in waiting.message and "not found" in waiting.message:
        return Obstacle(Reason.ClaimMissing, waiting.message)
    if "unbound immediate PersistentVolumeClaims" in waiting.message:
        return Obstacle(Reason.ClaimPending, waiting.message)
    return Obstacle(Reason.Unschedulable, str(waiting))


def _last_seen(event: Document) -> str:
    series = event.get("series") or {}
    return str(series.get("lastObservedTime") or event.get("deprecatedLastTimestamp") or event.get("eventTime") or "")
