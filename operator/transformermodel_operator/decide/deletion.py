"""The deletion of a model whose artifacts go with it. Pure.

A finalizer holds the model until a Job has removed what only it used. It never holds forever: it is released if the
store or claim is gone, the namespace is being deleted, or the user says so.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from transformermodel_api.contract import Failed
from transformermodel_api.failures import FailureReason
from transformermodel_api.model import TransformerModel
from transformermodel_api.spec import DeletionPolicy
from transformermodel_api.status import ConditionType, TransformerModelStatus
from transformermodel_operator.children.removal_job import removal_job
from transformermodel_operator.children.storage import AnyStorage, StorageLocation
from transformermodel_operator.conditions import Finding, false
from transformermodel_operator.decide.announcements import Event
from transformermodel_operator.decide.claims import claim_refusal
from transformermodel_operator.decide.inquiry import Inquiry, is_running, look_again_after
from transformermodel_operator.decide.ownership import Ownership, ownership
from transformermodel_operator.decide.preparation_history import RETRY_AFTER, ended_at
from transformermodel_operator.decide.storage import locate
from transformermodel_operator.objects import (
    LEAVE_ARTIFACTS_ANNOTATION,
    Document,
    Reference,
    annotations,
    has_finalizer,
    holds,
    is_terminating,
)
from transformermodel_operator.pods.job_pods import JobPods
from transformermodel_operator.reasons import EventType, Reason
from transformermodel_operator.snapshot import REFUSED_AGAIN_AFTER, Refusal, Snapshot

_GONE = frozenset({FailureReason.NotFound})
"""How a removal fails if the store no longer exists."""


@dataclass(frozen=True)
class DeletionVerdict:
    """What to do about a model that is being deleted.

    Attributes:
        ready: the condition Ready.
        release: whether to release the model.
        events: events to record.
        apply: Jobs to write.
        delete: children to remove.
        requeue_after: when to look again even if nothing happens.
    """

    ready: Finding
    release: bool = False
    events: tuple[Event, ...] = ()
    apply: tuple[Document, ...] = ()
    delete: tuple[Document, ...] = ()
    requeue_after: timedelta | None = None


def finalizer_wanted(model: TransformerModel, document: Document) -> bool | None:
    """Whether to add (True) or remove (False) the finalizer; None to leave it."""
    wanted = model.spec.deletion_policy is DeletionPolicy.Delete
    return None if wanted is has_finalizer(document) else wanted


def decide_deletion(model: TransformerModel, snapshot: Snapshot) -> DeletionVerdict:
    """The verdict for a model that is being deleted and has the finalizer."""
    storage = locate(model.spec, snapshot.settings)
    if model.spec.deletion_policy is DeletionPolicy.Retain:
        return DeletionVerdict(_removing("The artifacts stay where they are."), release=True)
    if annotations(snapshot.model).get(LEAVE_ARTIFACTS_ANNOTATION) == "true":
        return _left(f"The annotation {LEAVE_ARTIFACTS_ANNOTATION} says so.")
    if isinstance(storage, Refusal):
        return _left(storage.message)
    wanted = removal_job(model, storage, snapshot.settings)
    name = wanted["metadata"]["name"]
    others = [job for job in snapshot.jobs if job["metadata"]["name"] != name and _is_ours(job, model)]
    if not others and (model.status or TransformerModelStatus()).artifact is None:
        return DeletionVerdict(_removing("Nothing was prepared."), release=True)
    service = snapshot.service
    users = [*others, service] if service is not None and _is_ours(service, model) else others
    if users or snapshot.deployment is not None:
        ends = tuple(user for user in users if not is_terminating(user))
        return DeletionVerdict(_removing("What uses the artifacts has to end first."), delete=ends)
    return _removal(model, storage, wanted, snapshot)


def inquire_about_deletion(model: TransformerModel, snapshot: Snapshot) -> Inquiry:
    """What the verdict depends on and the watches do not cover."""
    storage = locate(model.spec, snapshot.settings)
    if isinstance(storage, Refusal):
        return Inquiry()
    claims = (storage.claim,) if isinstance(storage, StorageLocation) else ()
    name = removal_job(model, storage, snapshot.settings)["metadata"]["name"]
    job = _named(name, snapshot.jobs)
    if job is None or holds(job, "Complete"):
        return Inquiry(claims=claims)
    return Inquiry(job=Reference.to(job), finished=holds(job, "Failed"), claims=claims)


def _removal(model: TransformerModel, storage: AnyStorage, wanted: Document, snapshot: Snapshot) -> DeletionVerdict:
    job = _named(wanted["metadata"]["name"], snapshot.jobs)
    if job is not None and holds(job, "Complete"):
        done = Event(EventType.Normal, Reason.ArtifactsRemoved, "What this model alone has used is removed.")
        return DeletionVerdict(_removing("The artifacts are removed."), release=True, events=(done,))
    refusal = claim_refusal(storage, snapshot.claims)
    if refusal is not None:
        return _left(refusal.message)
    refusal = snapshot.refusals.get(Reference.to(wanted))
    if refusal is not None:
        # Nothing can be created in a namespace that is being deleted; its contents go anyway.
        left = "is being terminated" in refusal.message
        return _left(refusal.message) if left else _failed(refusal.message, REFUSED_AGAIN_AFTER)
    if job is None:
        return DeletionVerdict(_removing("A Job removes the artifacts."), apply=(wanted,))
    if is_terminating(job):
        return DeletionVerdict(_removing(f"Job {wanted['metadata']['name']} of before is being removed."))
    if holds(job, "Failed"):
        return _after_failure(job, snapshot)
    return _at_work(job, snapshot)


def _at_work(job: Document, snapshot: Snapshot) -> DeletionVerdict:
    pods, name = snapshot.job_pods or JobPods(), job["metadata"]["name"]
    in_the_way = pods.obstacle or pods.disruption
    waits = None if is_running(job) else look_again_after(job, snapshot.now)
    if in_the_way is not None and not is_running(job):
        return _failed(f"Job {name} waits: {in_the_way}", waits)
    return DeletionVerdict(_removing(f"Job {name} removes the artifacts."), requeue_after=waits)


def _after_failure(job: Document, snapshot: Snapshot) -> DeletionVerdict:
    outcome = snapshot.job_pods.outcome if snapshot.job_pods is not None else None
    words = outcome.message if isinstance(outcome, Failed) else "its pods are gone"
    if isinstance(outcome, Failed) and FailureReason.__members__.get(outcome.reason) in _GONE:
        return _left(words)
    left = ended_at(job) + RETRY_AFTER - snapshot.now
    failed = _failed(f"Job {job['metadata']['name']} failed: {words}", max(left, timedelta(0)))
    return failed if left > timedelta(0) else replace(failed, delete=(job,), requeue_after=None)


def _left(why: str) -> DeletionVerdict:
    event = Event(EventType.Warning, Reason.ArtifactsLeft, f"The artifacts are left where they are. {why}")
    return DeletionVerdict(_removing(f"The artifacts are left where they are. {why}"), release=True, events=(event,))


def _failed(message: str, requeue_after: timedelta | None) -> DeletionVerdict:
    told = f"{message} {Reason.RemovalFailed.meaning}"
    return DeletionVerdict(false(ConditionType.Ready, Reason.RemovalFailed, told), requeue_after=requeue_after)


def _removing(message: str) -> Finding:
    return false(ConditionType.Ready, Reason.Removing, message)


def _is_ours(child: Document, model: TransformerModel) -> bool:
    return ownership(child, model.metadata) is Ownership.Ours


def _named(name: str, jobs: Iterable[Document]) -> Document | None:
    return next((job for job in jobs if job["metadata"]["name"] == name), None)
