"""Conditions: what a decision finds, and how it is merged with the conditions reported before. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from transformermodel_api.status import Condition, ConditionStatus, ConditionType
from transformermodel_operator.reasons import Reason

_MESSAGE_LIMIT = 4096


@dataclass(frozen=True)
class Finding:
    """A condition without lastTransitionTime and observedGeneration."""

    type: ConditionType
    status: ConditionStatus
    reason: Reason
    message: str

    @property
    def holds(self) -> bool:
        """Whether the condition is True."""
        return self.status is ConditionStatus.true

    def repeated_as(self, kind: ConditionType) -> "Finding":
        """A True condition of another type with the same reason and message."""
        return Finding(kind, ConditionStatus.true, self.reason, self.message)


def true(kind: ConditionType, reason: Reason, message: str) -> Finding:
    """A condition with status True."""
    return Finding(kind, ConditionStatus.true, reason, message)


def false(kind: ConditionType, reason: Reason, message: str) -> Finding:
    """A condition with status False."""
    return Finding(kind, ConditionStatus.false, reason, message)


def unknown(kind: ConditionType, reason: Reason, message: str) -> Finding:
    """A condition with status Unknown."""
    return Finding(kind, ConditionStatus.unknown, reason, message)


def as_reported(condition: Condition) -> Finding:
    """A reported condition as a finding, to be reported unchanged.

    Raises:
        KeyError: this version does not know its reason.
    """
    return Finding(condition.type, condition.status, Reason.named(condition.reason), condition.message)


def find(conditions: Sequence[Condition], kind: ConditionType) -> Condition | None:
    """The condition of a type; None if there is none."""
    return next((condition for condition in conditions if condition.type is kind), None)


def record(
    findings: Iterable[Finding], before: Sequence[Condition], generation: int | None, now: datetime
) -> tuple[Condition, ...]:
    """The conditions to report; lastTransitionTime changes only with the status (Kubernetes API conventions).

    Args:
        findings: what the decision found.
        before: the conditions last reported.
        generation: the model's generation; None if it has none.
        now: the time, with its zone.
    """
    return tuple(_record(finding, find(before, finding.type), generation, now) for finding in findings)


def _record(finding: Finding, before: Condition | None, generation: int | None, now: datetime) -> Condition:
    flipped = before is None or before.status is not finding.status
    return Condition(
        type=finding.type,
        status=finding.status,
        reason=finding.reason.value,
        message=finding.message[:_MESSAGE_LIMIT],
        observed_generation=generation,
        last_transition_time=now.replace(microsecond=0) if before is None or flipped else before.last_transition_time,
    )
