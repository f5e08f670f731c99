"""What the pods of a preparation Job say."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from transformermodel_api.contract import Failed, PreparationOutcome, read_outcome
from transformermodel_api.failures import FailureReason
from transformermodel_operator.children.job import CONTAINER
from transformermodel_operator.objects import Document, condition

_WAITS_WITHOUT_NEWS = frozenset({"ContainerCreating", "PodInitializing"})
_CLASSES = {reason.exit_status: reason for reason in FailureReason}


@dataclass(frozen=True)
class Attempt:
    """The state of a Job's pods.

    Attributes:
        outcome: what the last container that ended has said, or what its end amounts to; None while none has.
        obstacle: why the newest pod does not run, one sentence; None when it runs or there is nothing to tell.
    """

    outcome: PreparationOutcome | None = None
    obstacle: str | None = None


def read_attempt(pods: Sequence[Document]) -> Attempt:
    """Read the pods of one Job."""
    newest_first = sorted(pods, key=lambda pod: str(pod["metadata"]["creationTimestamp"]), reverse=True)
    outcomes = (_outcome(pod) for pod in newest_first)
    return Attempt(
        outcome=next((outcome for outcome in outcomes if outcome is not None), None),
        obstacle=_obstacle(newest_first[0]) if newest_first else None,
    )


def _state(pod: Document, name: str) -> Document:
    """The container's state of that name; empty when it is in another."""
    containers = pod.get("status", {}).get("containerStatuses") or ()
    ours: Document = next((container for container in containers if container["name"] == CONTAINER), {})
    found: Document = ours.get("state", {}).get(name) or {}
    return found


def _outcome(pod: Document) -> PreparationOutcome | None:
    ended = _state(pod, "terminated")
    if not ended:
        return None
    try:
        return read_outcome(ended.get("message") or "")
    except ValidationError:
        return _silent_end(ended)


def _silent_end(ended: Document) -> Failed:
    """A container that could not say why it ended: the kernel ended it, or it never began."""
    cause, status = ended.get("reason"), ended.get("exitCode", 0)
    if cause == "OOMKilled":
        return Failed.because(FailureReason.OutOfMemory, "The preparation used more memory than its limit.")
    reason = _CLASSES.get(status, FailureReason.Internal)
    words = " ".join((ended.get("message") or "").split())[:400]
    return Failed.because(reason, f"The preparation ended with exit status {status} and no outcome. {words}".strip())


def _obstacle(pod: Document) -> str | None:
    waiting = _state(pod, "waiting")
    if waiting and waiting.get("reason") not in _WAITS_WITHOUT_NEWS:
        return _sentence(waiting.get("reason"), waiting.get("message"))
    scheduled = condition(pod, "PodScheduled")
    if scheduled is not None and scheduled["status"] == "False":
        return _sentence(scheduled.get("reason"), scheduled.get("message"))
    return None


def _sentence(reason: str | None, message: str | None) -> str:
    return ": ".join(part for part in (reason, message) if part)
