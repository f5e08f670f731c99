"""Reads the state of a predictor's pods during a rollout. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from transformermodel_operator.children.inference_service import REVISION_ANNOTATION
from transformermodel_operator.objects import Document, annotations, condition, is_terminating, newest_first
from transformermodel_operator.pods.waiting import Waiting, container_of, waiting_of

CONTAINERS = frozenset({"kserve-container"})
"""KServe's name of the serving container."""

CRASH_LOOP_RESTARTS = 3
"""Restarts of a container from which on it counts as crash-looping."""

_MESSAGE_CHARACTERS = 600

_OUT_OF_MEMORY = "Raise spec.predictor.resources.limits.memory."
_UNSCHEDULABLE = (
    "Lower spec.predictor.resources, correct its nodeSelector, affinity and tolerations, or add a node: with "
    "RollingUpdate there must be room for one replica more."
)
_NO_IMAGE = (
    "Correct spec.predictor.image, or the chart's image.predictor where that is not set, or name secrets in "
    "spec.predictor.imagePullSecrets."
)
_NO_CONFIGURATION = "Create it in the model's namespace, or correct spec.predictor.env or spec.storage.secretRef."
"""Remedies, one sentence each."""


@dataclass(frozen=True)
class ReplicaPods:
    """What keeps the pods of one revision from serving.

    Attributes:
        crashes: which pod is crash-looping, and its termination message; None if none is.
        obstacle: why a pod does not run, one or two sentences; None if nothing is known.
        starting: whether there are pods, and each is ready or still starting for the first time.
    """

    crashes: str | None = None
    obstacle: str | None = None
    starting: bool = False


def read_replica_pods(pods: Sequence[Document], revision: str | None) -> ReplicaPods:
    """Read a predictor's pods of one revision; the others are being replaced.

    Args:
        pods: all pods of the predictor.
        revision: name of the revision that the Deployment rolls out; None if unknown.
    """
    ours = [pod for pod in pods if annotations(pod).get(REVISION_ANNOTATION) == revision]
    pods = newest_first(ours)
    return ReplicaPods(
        crashes=_first(map(_crashes, pods)),
        obstacle=_first(map(_obstacle, pods)),
        starting=_are_healthy([pod for pod in ours if not is_terminating(pod)]),
    )


def _first(sentences: Iterable[str | None]) -> str | None:
    return next((sentence for sentence in sentences if sentence is not None), None)


def _crashes(pod: Document) -> str | None:
    return (
        _last_end(pod) if int(container_of(pod, CONTAINERS).get("restartCount") or 0) >= CRASH_LOOP_RESTARTS else None
    )


def _last_end(pod: Document) -> str | None:
    """How a pod's container last ended; None if it has not, or is ready again."""
    container = container_of(pod, CONTAINERS)
    ends = (container.get(name, {}).get("terminated") for name in ("state", "lastState"))
    ended = next((end for end in ends if end), None)
    if ended is None or container.get("ready"):
        return None
    message = " ".join((ended.get("message") or "").split())[-_MESSAGE_CHARACTERS:]
    cause, restarts = ended.get("reason", "Error"), int(container.get("restartCount") or 0)
    end = f"Pod {pod['metadata']['name']} has ended ({cause}, exit status {ended['exitCode']})"
    remedy = _OUT_OF_MEMORY if cause == "OOMKilled" else ""
    return f"{end} and was restarted {_times(restarts)}. {_sentence(message)}{remedy}".strip()


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _sentence(text: str) -> str:
    """The text with a full stop, which Kubernetes and programs leave out, and a space for a following sentence."""
    return f"{text.rstrip('.')}. " if text else ""


def _are_healthy(pods: Sequence[Document]) -> bool:
    return bool(pods) and all(map(_is_healthy, pods))


def _is_healthy(pod: Document) -> bool:
    """Whether a pod is ready, or starting for the first time."""
    container = container_of(pod, CONTAINERS)
    if _obstacle(pod) is not None:
        return False
    ready = condition(pod, "Ready") or {}
    began = container.get("state", {}).get("running", {}).get("startedAt")
    # A starting pod became unready before its container ran; a later transition means that it was ready in between.
    has_lapsed = began is not None and str(ready.get("lastTransitionTime") or "") > began
    return bool(container.get("ready")) or not has_lapsed


def _obstacle(pod: Document) -> str | None:
    waiting = waiting_of(pod, CONTAINERS)
    if waiting is None:
        return _last_end(pod)
    return f"Pod {pod['metadata']['name']}: {_sentence(str(waiting))}{_remedy_for(waiting)}".strip()


def _remedy_for(waiting: Waiting) -> str:
    if not waiting.is_scheduled:
        return _UNSCHEDULABLE if waiting.reason == "Unschedulable" else ""
    if waiting.is_for_image:
        return _NO_IMAGE
    return _NO_CONFIGURATION if waiting.is_for_configuration else ""
