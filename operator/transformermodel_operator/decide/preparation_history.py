"""What status remembers of a preparation: its end, its failures, when it is tried again. Pure."""

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
"""How long after the first failure that may pass the preparation begins anew; doubled with each further one."""

LONGEST_RETRY = timedelta(hours=6)

_DOUBLINGS = 16


def recorded_end(status: TransformerModelStatus | None, job: str) -> Condition | None:
    """The condition Prepared, if it speaks of the end of this very Job."""
    if status is None or status.preparation is None or status.preparation.job != job:
        return None
    prepared = find(status.conditions, ConditionType.Prepared)
    if prepared is None:
        return None
    if prepared.status is ConditionStatus.true:
        return prepared if status.artifact is not None else None
    return prepared if prepared.reason in FailureReason.__members__ else None


def report_on(status: TransformerModelStatus | None, job: str) -> PreparationStatus:
    """What status says of the preparation by this Job; nothing but its name where it speaks of another."""
    known = status.preparation if status is not None else None
    return known if known is not None and known.job == job else PreparationStatus(job=job)


def retry_delay(failures: int) -> timedelta:
    """How long after its end a Job that failed in a way that may pass is made anew.

    Args:
        failures: how many Jobs have failed, this one included.
    """
    return min(RETRY_AFTER * (1 << min(max(failures, 1) - 1, _DOUBLINGS)), LONGEST_RETRY)


def ended_at(job: Document) -> datetime:
    """When a Job that has failed did so."""
    ended = condition(job, "Failed") or {}
    return datetime.fromisoformat(ended["lastTransitionTime"])
