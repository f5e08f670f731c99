"""Why a container waits, or its pod for a node, as Kubernetes reports it. Pure."""

from collections.abc import Set
from dataclasses import dataclass

from transformermodel_operator.objects import Document, condition

_SAY_NOTHING = frozenset({"ContainerCreating", "PodInitializing", "CrashLoopBackOff"})
"""Reasons of waiting that are normal, or that follow a termination whose own reason says more."""


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


@dataclass(frozen=True)
class Hindrance:
    """Why a container waits, or its pod for a node.

    Attributes:
        cause: Kubernetes' reason, one word; can be empty.
        words: Kubernetes' message; can be empty.
        has_node: whether the pod is scheduled.
    """

    cause: str
    words: str
    has_node: bool = True

    @property
    def is_of_image(self) -> bool:
        """Whether the container waits for its image."""
        return self.has_node and self.cause in _IMAGE

    @property
    def is_of_settings(self) -> bool:
        """Whether a secret or a ConfigMap that the container's environment names is missing."""
        return self.cause == "CreateContainerConfigError"

    def __str__(self) -> str:
        return ": ".join(part for part in (self.cause, self.words) if part)


def hindrance_of(pod: Document, containers: Set[str]) -> Hindrance | None:
    """Why the first of these containers waits, or the pod for a node; None if neither is reported."""
    waiting = container_of(pod, containers).get("state", {}).get("waiting") or {}
    if waiting.get("reason") and waiting["reason"] not in _SAY_NOTHING:
        return Hindrance(str(waiting["reason"]), str(waiting.get("message") or ""))
    scheduled = condition(pod, "PodScheduled")
    if scheduled is not None and scheduled["status"] == "False":
        return Hindrance(str(scheduled.get("reason") or ""), str(scheduled.get("message") or ""), has_node=False)
    return None


def container_of(pod: Document, containers: Set[str]) -> Document:
    """The status of the first of these containers; empty if the pod reports none of them."""
    statuses = pod.get("status", {}).get("containerStatuses") or ()
    return next((status for status in statuses if status["name"] in containers), {})
