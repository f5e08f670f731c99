"""What status records of a preparation: its end, its failures, and when to retry it. Pure."""

from datetime import datetime, timedelta

from transformermodel_api.failures import FailureReason
from transformermodel_api.status import (
    Condition,
    ConditionStatus,
    ConditionType,
    PreparationStatus,
    TransformerModelStatus,
)
from transformermodel_operator.conditions import find
from transformermodel_operator.objects import Document, condition

RETRY_AFTER = timedelta(minutes=10)
"""Delay before the retry after a first transient failure; doubled with each further one."""

LONGEST_RETRY = timedelta(hours=6)

_DOUBLINGS = 16


def recorded_end(status: TransformerModelStatus | None, job: str) -> Condition | None:
    """The condition Prepared, if it is about the end of this very Job."""
    if status is None or status.preparation is None or status.preparation.job != job:
        return None
    prepared = find(status.conditions, ConditionType.Prepared)
    if prepared is None:
        return None
    if prepared.status is ConditionStatus.true:
        return prepared if status.artifact is not None else None
    return prepared if prepared.reason in FailureReason.__members__ else None


def report_on(status: TransformerModelStatus | None, job: str) -> PreparationStatus:
    """The status of the preparation by this Job; only its name if the status is about another Job."""
    known = status.preparation if status is not None else None
    return known if known is not None and known.job == job else PreparationStatus(job=job)


def retry_delay(failures: int) -> timedelta:
    """Delay from the end of a Job with a transient failure to its retry.

    Args:
        failures: number of failed Jobs, including this one.
    """
    return min(RETRY_AFTER * (1 << min(max(failures, 1) - 1, _DOUBLINGS)), LONGEST_RETRY)


def ended_at(job: Document) -> datetime:
    """When a failed Job failed."""
    ended = condition(job, "Failed") or {}
    return datetime.fromisoformat(ended["lastTransitionTime"])
