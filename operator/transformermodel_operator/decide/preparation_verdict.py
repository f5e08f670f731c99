"""The verdict on a model's preparation."""

import re
from dataclasses import dataclass
from datetime import timedelta

from transformermodel_api.contract import Failed, Prepared
from transformermodel_api.failures import FailureReason
from transformermodel_api.status import (
    Artifact,
    Condition,
    ConditionType,
    PreparationStatus,
    SourceStatus,
    TransformerModelStatus,
)
from transformermodel_operator.children.storage import AnyStorage
from transformermodel_operator.conditions import Finding, as_reported, false, find, true, unknown
from transformermodel_operator.decide.announcements import Event
from transformermodel_operator.objects import Document
from transformermodel_operator.reasons import Reason
from transformermodel_operator.snapshot import Refusal

_HASH = re.compile("[0-9a-f]{32,}")
_SHORT_COMMIT = 7


@dataclass(frozen=True)
class PreparationVerdict:
    """What to do about the preparation, and its state.

    Attributes:
        source: the condition SourceResolved.
        prepared: the condition Prepared.
        artifact: the artifact that may be served; of an earlier spec while `prepared` does not hold.
        commit: what the artifact was made from.
        report: what status reports of the Job.
        log: the last lines of the log of a Job that has just ended; they go into the event.
        tracked: what status reports of checks of the sources; None to leave it.
        events: events to record besides those of the conditions.
        stalled: only the user can help.
        apply: Jobs to write.
        delete: Jobs to remove.
        requeue_after: when to look again even if nothing happens.
    """

    source: Finding
    prepared: Finding
    artifact: Artifact | None
    commit: str | None
    report: PreparationStatus | None
    log: str = ""
    tracked: SourceStatus | None = None
    events: tuple[Event, ...] = ()
    stalled: bool = False
    apply: tuple[Document, ...] = ()
    delete: tuple[Document, ...] = ()
    requeue_after: timedelta | None = None

    @property
    def is_over(self) -> bool:
        """Whether the preparation has ended, whatever the result."""
        return self.prepared.holds or self.prepared.reason.value in FailureReason.__members__


def under_way(
    status: TransformerModelStatus, report: PreparationStatus, message: str, reason: Reason = Reason.Preparing
) -> PreparationVerdict:
    """A Job is running, about to run, or held up; an artifact of an earlier spec is kept."""
    return PreparationVerdict(
        source=unknown(ConditionType.SourceResolved, Reason.Preparing, "The preparation has not told yet."),
        prepared=false(ConditionType.Prepared, reason, message),
        artifact=status.artifact,
        commit=status.commit,
        report=report,
    )


def blocked(
    status: TransformerModelStatus,
    report: PreparationStatus | None,
    refusal: Refusal,
    requeue_after: timedelta | None = None,
) -> PreparationVerdict:
    """Nothing can be prepared: there is no Job, and none may be created."""
    return PreparationVerdict(
        source=unknown(ConditionType.SourceResolved, refusal.reason, "No preparation has begun."),
        prepared=false(ConditionType.Prepared, refusal.reason, refusal.message),
        artifact=status.artifact,
        commit=status.commit,
        report=report,
        stalled=True,
        requeue_after=requeue_after,
    )


def failed(
    status: TransformerModelStatus,
    report: PreparationStatus,
    failure: Failed,
    *,
    stalled: bool,
    known: Condition | None = None,
) -> PreparationVerdict:
    """The Job has ended without an artifact.

    Args:
        status: the last reported status.
        report: what to report of the Job.
        failure: why it failed.
        stalled: only the user can help.
        known: this end as recorded in status; None if it is not recorded yet.
    """
    reason = Reason.of_failure(class_of(failure))
    return PreparationVerdict(
        source=(_told_of_source(status) if known is not None else None) or _source_of(failure, reason),
        prepared=false(ConditionType.Prepared, reason, failure.message),
        artifact=status.artifact,
        commit=status.commit,
        report=report,
        stalled=stalled,
    )


def _told_of_source(status: TransformerModelStatus) -> Finding | None:
    """The condition SourceResolved as reported; None if it was not, or by a version with other reasons."""
    told = find(status.conditions, ConditionType.SourceResolved)
    return as_reported(told) if told is not None and told.reason in Reason.__members__ else None


def _source_of(failure: Failed, reason: Reason) -> Finding:
    """What a failure says about the source: a source that was found may still be refused by the store."""
    if failure.commit is not None:
        return _resolved(failure.commit)
    if ConditionType.SourceResolved in reason.where:
        return false(ConditionType.SourceResolved, reason, failure.message)
    return unknown(ConditionType.SourceResolved, reason, "The preparation ended before it told.")


def _resolved(commit: str) -> Finding:
    return true(ConditionType.SourceResolved, Reason.Resolved, f"The source is at {commit}.")


def succeeded(storage: AnyStorage, job: str, outcome: Prepared) -> PreparationVerdict:
    """The Job has made an artifact."""
    artifact = Artifact(
        uri=storage.uri(outcome.path),
        digest=outcome.digest,
        size_bytes=outcome.size_bytes,
        format=outcome.format,
        engine=outcome.engine,
        precision=outcome.precision,
        parity=outcome.parity,
        agreement=outcome.agreement,
        speedup=outcome.speedup,
    )
    summary = f"Artifact {short(artifact.digest)} ({artifact.size_bytes / 1e6:.1f} MB, {artifact.format}) is prepared."
    return PreparationVerdict(
        source=_resolved(outcome.commit),
        prepared=true(ConditionType.Prepared, Reason.Prepared, summary),
        artifact=artifact,
        commit=outcome.commit,
        report=PreparationStatus(job=job, percent=100),
    )


def as_recorded(status: TransformerModelStatus, prepared: Condition) -> PreparationVerdict:
    """Done before, whether the Job is still there or not."""
    source = find(status.conditions, ConditionType.SourceResolved)
    told = source.message if source is not None else f"The source is at {status.commit}."
    return PreparationVerdict(
        source=true(ConditionType.SourceResolved, Reason.Resolved, told),
        prepared=true(ConditionType.Prepared, Reason.Prepared, prepared.message),
        artifact=status.artifact,
        commit=status.commit,
        report=status.preparation,
    )


def class_of(failure: Failed) -> FailureReason:
    """The class of a failure; Internal for one that this version does not know."""
    return FailureReason.__members__.get(failure.reason, FailureReason.Internal)


def short_commit(commit: str) -> str:
    """A commit for people: a hash abbreviated as git and hubs do, a package's version or a server's tag whole."""
    return commit[:_SHORT_COMMIT] if _HASH.fullmatch(commit) else commit


def short(digest: str) -> str:
    """An artifact's name for people, from its digest."""
    return digest.removeprefix("sha256:")[:12]
