"""What keeps a container of a pod from running, in Kubernetes' own words. Pure."""

from collections.abc import Set
from dataclasses import dataclass

from transformermodel_operator.objects import Document, condition

_SAY_NOTHING = frozenset({"ContainerCreating", "PodInitializing", "CrashLoopBackOff"})
"""What a container waits for without anything being wrong, or after an end that tells more."""


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
        cause: one word, which can be empty.
        words: a sentence, which can be empty.
        has_node: whether a node has taken the pod.
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
        """Whether the container waits for a secret or a ConfigMap that its environment names."""
        return self.cause == "CreateContainerConfigError"

    def __str__(self) -> str:
        return ": ".join(part for part in (self.cause, self.words) if part)


def hindrance_of(pod: Document, containers: Set[str]) -> Hindrance | None:
    """What keeps the first of these containers from running; None where nothing says that anything does."""
    waiting = container_of(pod, containers).get("state", {}).get("waiting") or {}
    if waiting.get("reason") and waiting["reason"] not in _SAY_NOTHING:
        return Hindrance(str(waiting["reason"]), str(waiting.get("message") or ""))
    scheduled = condition(pod, "PodScheduled")
    if scheduled is not None and scheduled["status"] == "False":
        return Hindrance(str(scheduled.get("reason") or ""), str(scheduled.get("message") or ""), has_node=False)
    return None


def container_of(pod: Document, containers: Set[str]) -> Document:
    """The status of the first of these containers; empty while there is none."""
    statuses = pod.get("status", {}).get("containerStatuses") or ()
    return next((status for status in statuses if status["name"] in containers), {})
