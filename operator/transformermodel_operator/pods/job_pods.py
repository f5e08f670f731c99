"""Reads the state of the pods of one of the operator's Jobs. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from transformermodel_api.contract import Failed, PreparationOutcome, read_outcome
from transformermodel_api.failures import FailureReason
from transformermodel_operator.objects import Document, newest_first
from transformermodel_operator.pods.obstacles import Obstacle, container_state, disruption_of, obstacle_of

_REASONS = {reason.exit_status: reason for reason in FailureReason}
_LOG_LINES, _LOG_CHARACTERS = 8, 600


@dataclass(frozen=True)
class JobPods:
    """The state of a Job's pods.

    Attributes:
        outcome: the outcome of the newest container that ended by itself, derived from its exit status if it wrote
            none; None while there is no such container.
        obstacle: what keeps the newest pod from running; None if it runs or nothing is known.
        disruption: the disruption that ended the newest pod that was disrupted; None if there is no such pod.
        log: the last lines of the log of the newest container that ended; empty if not read.
    """

    outcome: PreparationOutcome | None = None
    obstacle: Obstacle | None = None
    disruption: Obstacle | None = None
    log: str = ""


def read_job_pods(pods: Sequence[Document], now: datetime) -> JobPods:
    """Read the pods of one Job; `log` is left empty."""
    pods = newest_first(pods)
    outcomes = (_outcome(pod) for pod in pods)
    disruptions = (disruption_of(pod) for pod in pods if pod.get("status", {}).get("phase") != "Running")
    return JobPods(
        outcome=next((outcome for outcome in outcomes if outcome is not None), None),
        obstacle=obstacle_of(pods[0], now) if pods else None,
        disruption=next((found for found in disruptions if found is not None), None),
    )


def last_ended(pods: Sequence[Document]) -> Document | None:
    """The newest pod whose container has ended, so that its log is complete; None if there is none."""
    return next((pod for pod in newest_first(pods) if container_state(pod, "terminated")), None)


def end_of_log(log: str) -> str:
    """The last lines of a log without progress and outcome; a line is cut only if it alone is too long for an event."""
    lines = [line for line in log.splitlines() if line.strip() and not _is_reported_elsewhere(line)][-_LOG_LINES:]
    while len(lines) > 1 and len("\n".join(lines)) > _LOG_CHARACTERS:
        del lines[0]
    return "\n".join(lines)[-_LOG_CHARACTERS:]


def _is_reported_elsewhere(line: str) -> bool:
    """Whether a line reports progress in bytes, or the outcome, which are reported elsewhere."""
    try:
        found = json.loads(line)
    except ValueError:
        return False
    return isinstance(found, dict) and ("bytesDone" in found or "outcome" in found)


def _outcome(pod: Document) -> PreparationOutcome | None:
    ended = container_state(pod, "terminated")
    if not ended:
        return None
    try:
        return read_outcome(ended.get("message") or "")
    except ValidationError:
        return _failure_without_outcome(ended) if disruption_of(pod) is None else None


def _failure_without_outcome(ended: Document) -> Failed:
    """The failure of a container that wrote no outcome: it was killed, or never started."""
    cause, status = ended.get("reason"), ended.get("exitCode", 0)
    if cause == "OOMKilled":
        return Failed.because(FailureReason.OutOfMemory, "The preparation used more memory than its limit.")
    reason = _REASONS.get(status, FailureReason.Internal)
    message = " ".join((ended.get("message") or "").split())[:400]
    return Failed.because(reason, f"The preparation ended with exit status {status} and no outcome. {message}".strip())
