"""Checks whether the sources still resolve to what was prepared. Pure.

While a model is prepared and there is nothing else to do about it, a small Job checks from time to time. It never
touches the conditions: a failed check is recorded as an event, and one that finds moved sources starts a preparation.
"""

from dataclasses import dataclass
from datetime import timedelta

from transformermodel_api.contract import Failed, Prepared, Resolved
from transformermodel_api.model import TransformerModel
from transformermodel_api.status import SourceStatus, TransformerModelStatus
from transformermodel_operator.children.check_job import COMPONENT, check_job
from transformermodel_operator.children.work_job import component_of
from transformermodel_operator.decide.announcements import Event
from transformermodel_operator.decide.ownership import Ownership, ownership
from transformermodel_operator.objects import Document, Reference, holds, is_terminating
from transformermodel_operator.pods.job_pods import JobPods
from transformermodel_operator.reasons import EventType, Reason
from transformermodel_operator.snapshot import REFUSED_AGAIN_AFTER, Snapshot


@dataclass(frozen=True)
class Check:
    """What to do about the next check, and the result of the last one.

    Attributes:
        source: what status reports; None if nothing is checked.
        events: events to record.
        apply: Jobs to write.
        delete: Jobs of checks that are over.
        requeue_after: when to look again even if nothing happens.
    """

    source: SourceStatus | None
    events: tuple[Event, ...] = ()
    apply: tuple[Document, ...] = ()
    delete: tuple[Document, ...] = ()
    requeue_after: timedelta | None = None


def decide_check(model: TransformerModel, snapshot: Snapshot) -> Check:
    """The verdict for a model whose artifact is prepared."""
    known = (model.status or TransformerModelStatus()).source
    interval = model.spec.source.check_interval_seconds
    if interval is None:
        return Check(known, delete=_over(model, None, snapshot))
    known = known or SourceStatus()
    wanted = check_job(model, known.checked_at, snapshot.settings)
    over = _over(model, wanted, snapshot)
    job = find_check(wanted, snapshot)
    if job is None:
        due = snapshot.now if known.checked_at is None else known.checked_at + timedelta(seconds=interval)
        if due > snapshot.now:
            return Check(known, delete=over, requeue_after=due - snapshot.now)
        if Reference.to(wanted) in snapshot.refusals:
            return Check(known, delete=over, requeue_after=REFUSED_AGAIN_AFTER)
        return Check(known, delete=over, apply=(wanted,))
    if not holds(job, "Complete") and not holds(job, "Failed"):
        return Check(known, delete=over)
    return _ended(known, snapshot, over)


def find_check(wanted: Document, snapshot: Snapshot) -> Document | None:
    """The Job of the check that is due."""
    name = wanted["metadata"]["name"]
    return next((job for job in snapshot.jobs if job["metadata"]["name"] == name), None)


def prepared_from(status: TransformerModelStatus, outcome: Prepared, snapshot: Snapshot) -> SourceStatus:
    """What is known about the sources right after a preparation has read them."""
    found = status.source.found if status.source is not None else None
    return SourceStatus(sources=outcome.sources, found=found, checked_at=snapshot.now.replace(microsecond=0))


def _ended(known: SourceStatus, snapshot: Snapshot, over: tuple[Document, ...]) -> Check:
    outcome = (snapshot.job_pods or JobPods()).outcome
    checked = known.model_copy(update={"checked_at": snapshot.now.replace(microsecond=0)})
    if not isinstance(outcome, Resolved):
        words = outcome.message if isinstance(outcome, Failed) else "its pods are gone."
        failed = Event(EventType.Warning, Reason.CheckFailed, f"The sources cannot be looked at: {words}")
        return Check(checked, events=(failed,), delete=over, requeue_after=timedelta(0))
    if known.sources is None:  # prepared before there were checks: from here on it is known
        checked = checked.model_copy(update={"sources": outcome.sources})
        return Check(checked, delete=over, requeue_after=timedelta(0))
    if outcome.sources == known.sources:
        return Check(checked, delete=over, requeue_after=timedelta(0))
    moved = Event(EventType.Normal, Reason.SourceMoved, f"The sources are at {outcome.commit} now, which is prepared.")
    found = checked.model_copy(update={"found": outcome.sources})
    return Check(found, events=(moved,), delete=over, requeue_after=timedelta(0))


def _over(model: TransformerModel, wanted: Document | None, snapshot: Snapshot) -> tuple[Document, ...]:
    """Jobs of checks whose outcome is known or no longer wanted."""
    name = wanted["metadata"]["name"] if wanted is not None else None
    return tuple(
        job
        for job in snapshot.jobs
        if component_of(job) == COMPONENT
        and job["metadata"]["name"] != name
        and ownership(job, model.metadata) is Ownership.Ours
        and not is_terminating(job)
    )
