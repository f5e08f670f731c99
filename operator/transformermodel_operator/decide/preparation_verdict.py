"""What the preparation of a model has come to."""

from dataclasses import dataclass
from datetime import timedelta

from transformermodel_api.contract import Failed, Prepared
from transformermodel_api.failures import FailureReason
from transformermodel_api.status import Artifact, Condition, ConditionType, TransformerModelStatus
from transformermodel_operator.children.storage import AnyStorage
from transformermodel_operator.conditions import Finding, false, find, true, unknown
from transformermodel_operator.objects import Document
from transformermodel_operator.snapshot import Refusal

PREPARING, PREPARED, RESOLVED = "Preparing", "Prepared", "Resolved"

_ABOUT_THE_SOURCE = frozenset(
    {
        FailureReason.NotFound,
        FailureReason.Gated,
        FailureReason.Unauthorized,
        FailureReason.RateLimited,
        FailureReason.Unreachable,
    }
)


@dataclass(frozen=True)
class PreparationVerdict:
    """What is to be done about the preparation, and what it has come to.

    Attributes:
        source: the condition SourceResolved.
        prepared: the condition Prepared.
        artifact: the one that may be served; of an earlier spec while `prepared` does not hold.
        commit: what the artifact was made of.
        job: name of the Job that status speaks of.
        stalled: only the user can help.
        apply: Jobs to be written.
        delete: Jobs to be removed.
        requeue_after: when to look again although nothing has happened.
    """

    source: Finding
    prepared: Finding
    artifact: Artifact | None
    commit: str | None
    job: str | None
    stalled: bool = False
    apply: tuple[Document, ...] = ()
    delete: tuple[Document, ...] = ()
    requeue_after: timedelta | None = None


def under_way(status: TransformerModelStatus, job: str, message: str) -> PreparationVerdict:
    """A Job is at work, or about to be; an artifact of an earlier spec stays what it is."""
    return PreparationVerdict(
        source=unknown(ConditionType.SourceResolved, PREPARING, "The preparation has not told yet."),
        prepared=false(ConditionType.Prepared, PREPARING, message),
        artifact=status.artifact,
        commit=status.commit,
        job=job,
    )


def blocked(
    status: TransformerModelStatus, job: str | None, refusal: Refusal, requeue_after: timedelta | None = None
) -> PreparationVerdict:
    """Nothing can be prepared: there is no Job, and none may be made."""
    return PreparationVerdict(
        source=unknown(ConditionType.SourceResolved, refusal.reason, "No preparation has begun."),
        prepared=false(ConditionType.Prepared, refusal.reason, refusal.message),
        artifact=status.artifact,
        commit=status.commit,
        job=job,
        stalled=True,
        requeue_after=requeue_after,
    )


def failed(status: TransformerModelStatus, job: str, failure: Failed, *, stalled: bool) -> PreparationVerdict:
    """The Job has ended without an artifact."""
    about_the_source = class_of(failure) in _ABOUT_THE_SOURCE
    tell = false if about_the_source else unknown
    source_message = failure.message if about_the_source else "The preparation ended before it told."
    return PreparationVerdict(
        source=tell(ConditionType.SourceResolved, failure.reason, source_message),
        prepared=false(ConditionType.Prepared, failure.reason, failure.message),
        artifact=status.artifact,
        commit=status.commit,
        job=job,
        stalled=stalled,
    )


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
    summary = f"Artifact {short(artifact)} ({artifact.size_bytes / 1e6:.1f} MB, {artifact.format}) is prepared."
    return PreparationVerdict(
        source=true(ConditionType.SourceResolved, RESOLVED, f"The source is at {outcome.commit}."),
        prepared=true(ConditionType.Prepared, PREPARED, summary),
        artifact=artifact,
        commit=outcome.commit,
        job=job,
    )


def as_recorded(status: TransformerModelStatus, prepared: Condition) -> PreparationVerdict:
    """Done before, whether the Job is still there or not."""
    source = find(status.conditions, ConditionType.SourceResolved)
    told = source.message if source is not None else f"The source is at {status.commit}."
    return PreparationVerdict(
        source=true(ConditionType.SourceResolved, RESOLVED, told),
        prepared=true(ConditionType.Prepared, PREPARED, prepared.message),
        artifact=status.artifact,
        commit=status.commit,
        job=status.preparation.job if status.preparation is not None else None,
    )


def class_of(failure: Failed) -> FailureReason:
    """The class of a failure; Internal for one that this version does not know."""
    return FailureReason.__members__.get(failure.reason, FailureReason.Internal)


def short(artifact: Artifact) -> str:
    """The artifact's name for people."""
    return artifact.digest.removeprefix("sha256:")[:12]
