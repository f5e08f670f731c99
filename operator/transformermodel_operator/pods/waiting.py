"""Why a container waits, or its pod for a node, as Kubernetes reports it. Pure."""

from collections.abc import Set
from dataclasses import dataclass

from transformermodel_operator.objects import Document, condition

_UNINFORMATIVE = frozenset({"ContainerCreating", "PodInitializing", "CrashLoopBackOff"})
"""Reasons of waiting that are normal, or that follow a termination whose own reason says more."""

_IMAGE_REASONS = frozenset(
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


@dataclass(frozen=True)
class Waiting:
    """Why a container waits, or its pod for a node.

    Attributes:
        reason: Kubernetes' reason, one word; can be empty.
        message: Kubernetes' message; can be empty.
        is_scheduled: whether the pod has a node, so that it is the container that waits.
    """

    reason: str
    message: str
    is_scheduled: bool = True

    @property
    def is_for_image(self) -> bool:
        """Whether the container waits for its image."""
        return self.is_scheduled and self.reason in _IMAGE_REASONS

    @property
    def is_for_configuration(self) -> bool:
        """Whether a secret or a ConfigMap that the container's environment names is missing."""
        return self.reason == "CreateContainerConfigError"

    def __str__(self) -> str:
        return reason_and_message(self.reason, self.message)


def waiting_of(pod: Document, containers: Set[str]) -> Waiting | None:
    """Why the first of these containers waits, or the pod for a node; None if neither is reported."""
    state = container_of(pod, containers).get("state", {}).get("waiting") or {}
    if state.get("reason") and state["reason"] not in _UNINFORMATIVE:
        return Waiting(str(state["reason"]), str(state.get("message") or ""))
    scheduled = condition(pod, "PodScheduled")
    if scheduled is not None and scheduled["status"] == "False":
        return Waiting(str(scheduled.get("reason") or ""), str(scheduled.get("message") or ""), is_scheduled=False)
    return None


def container_of(pod: Document, containers: Set[str]) -> Document:
    """The status of the first of these containers; empty if the pod reports none of them."""
    statuses = pod.get("status", {}).get("containerStatuses") or ()
    return next((status for status in statuses if status["name"] in containers), {})


def reason_and_message(reason: str, message: str) -> str:
    """Kubernetes' reason and message as one text, without an empty part."""
    return ": ".join(part for part in (reason, message) if part)
