"""Conditions: what is found of a model now, beside what was found before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from transformermodel_api.status import Condition, ConditionStatus, ConditionType
from transformermodel_operator.reasons import Reason

_MESSAGE_LIMIT = 4096


@dataclass(frozen=True)
class Finding:
    """A condition as it is found, without its history."""

    type: ConditionType
    status: ConditionStatus
    reason: Reason
    message: str

    @property
    def holds(self) -> bool:
        """Whether the condition is True."""
        return self.status is ConditionStatus.true

    def again(self, kind: ConditionType) -> "Finding":
        """The same reason and message as a True condition of another type."""
        return Finding(kind, ConditionStatus.true, self.reason, self.message)


def true(kind: ConditionType, reason: Reason, message: str) -> Finding:
    """The condition holds."""
    return Finding(kind, ConditionStatus.true, reason, message)


def false(kind: ConditionType, reason: Reason, message: str) -> Finding:
    """The condition does not hold."""
    return Finding(kind, ConditionStatus.false, reason, message)


def unknown(kind: ConditionType, reason: Reason, message: str) -> Finding:
    """Nobody can tell yet."""
    return Finding(kind, ConditionStatus.unknown, reason, message)


def as_told(condition: Condition) -> Finding:
    """What was found before, found again.

    Raises:
        KeyError: this version does not know its reason.
    """
    return Finding(condition.type, condition.status, Reason.named(condition.reason), condition.message)


def find(conditions: Sequence[Condition], kind: ConditionType) -> Condition | None:
    """The condition of a type."""
    return next((condition for condition in conditions if condition.type is kind), None)


def record(
    findings: Iterable[Finding], before: Sequence[Condition], generation: int | None, now: datetime
) -> tuple[Condition, ...]:
    """The conditions to report: lastTransitionTime moves only where the status flips (Kubernetes API conventions)."""
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
