"""The preparation: which Job there should be, and what is known of its outcome."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from transformermodel_api.contract import Failed, Prepared
from transformermodel_api.failures import FailureReason
from transformermodel_api.model import TransformerModel
from transformermodel_api.status import Condition, ConditionStatus, ConditionType, TransformerModelStatus
from transformermodel_operator.attempt import Attempt
from transformermodel_operator.children.identity import FIELD_MANAGER
from transformermodel_operator.children.job import BACKOFF_LIMIT, preparation_job, settings_hash
from transformermodel_operator.children.storage import AnyStorage
from transformermodel_operator.comparison import settled
from transformermodel_operator.conditions import find
from transformermodel_operator.decide.ownership import Ownership, ownership, refusal_of
from transformermodel_operator.decide.preparation_verdict import (
    PreparationVerdict,
    as_recorded,
    blocked,
    class_of,
    failed,
    succeeded,
    under_way,
)
from transformermodel_operator.decide.storage import locate
from transformermodel_operator.objects import Document, Reference, condition, holds, is_terminating
from transformermodel_operator.snapshot import REFUSED_AGAIN_AFTER, Refusal, Snapshot

RETRY_AFTER = timedelta(minutes=10)
"""How long after a failure that may pass by itself the preparation begins anew."""

LOOK_AGAIN_AFTER = timedelta(seconds=15)
"""How often the pod of a Job that does not run yet is asked what it waits for."""


def decide_preparation(model: TransformerModel, snapshot: Snapshot) -> PreparationVerdict:
    """The verdict for a model."""
    status = model.status or TransformerModelStatus()
    storage = locate(model.spec, snapshot.settings)
    if isinstance(storage, Refusal):
        return blocked(status, status.preparation.job if status.preparation is not None else None, storage)
    wanted = preparation_job(model, storage, snapshot.settings)
    verdict = _judge(model, storage, wanted, snapshot)
    return replace(verdict, delete=(*verdict.delete, *_former_jobs(model, wanted, snapshot.jobs)))


def job_in_question(model: TransformerModel, snapshot: Snapshot) -> Reference | None:
    """The Job whose pods have to be asked before the verdict; None when what is known will do."""
    storage = locate(model.spec, snapshot.settings)
    if isinstance(storage, Refusal):
        return None
    name = preparation_job(model, storage, snapshot.settings)["metadata"]["name"]
    job = _by_name(snapshot.jobs, name)
    if job is None or is_terminating(job) or ownership(job, model.metadata) is not Ownership.Ours:
        return None
    known = _recorded(model.status, name)
    if known is not None and (known.status is ConditionStatus.true or holds(job, "Failed")):
        return None
    finished = holds(job, "Complete") or holds(job, "Failed")
    return Reference.to(job) if finished or _has_trouble(job, snapshot.now) else None


def _judge(model: TransformerModel, storage: AnyStorage, wanted: Document, snapshot: Snapshot) -> PreparationVerdict:
    status, name = model.status or TransformerModelStatus(), wanted["metadata"]["name"]
    known = _recorded(status, name)
    if known is not None and known.status is ConditionStatus.true:
        return as_recorded(status, known)
    job = _by_name(snapshot.jobs, name)
    refusal = refusal_of(job, Reference.to(wanted), model.metadata, snapshot.refusals)
    if refusal is not None:
        return blocked(status, name, refusal, REFUSED_AGAIN_AFTER)
    if job is None:
        message = f"Job {name} waits for the end of spec.suspend." if model.spec.suspend else _at_work_message(name)
        return replace(under_way(status, name, message), apply=(wanted,))
    if is_terminating(job) or ownership(job, model.metadata) is Ownership.Leftover:
        return under_way(status, name, f"Job {name} of before is being removed.")
    if holds(job, "Complete"):
        return _completed(status, storage, name, snapshot.attempt)
    if settings_hash(job) != settings_hash(wanted):
        return replace(under_way(status, name, f"Job {name} has other settings and has to start anew."), delete=(job,))
    if holds(job, "Failed"):
        return _failed(status, job, known, snapshot)
    apply = () if settled(job, wanted, FIELD_MANAGER) else (wanted,)
    return replace(_at_work(status, job, snapshot), apply=apply)


def _completed(
    status: TransformerModelStatus, storage: AnyStorage, job: str, attempt: Attempt | None
) -> PreparationVerdict:
    outcome = attempt.outcome if attempt is not None else None
    if isinstance(outcome, Prepared):
        return succeeded(storage, job, outcome)
    words = outcome.message if outcome is not None else "its pods are gone"
    message = f"Job {job} completed without telling an outcome ({words}). Delete the Job to prepare again."
    return failed(status, job, Failed(reason=FailureReason.Internal.name, message=message), stalled=True)


def _failed(
    status: TransformerModelStatus, job: Document, known: Condition | None, snapshot: Snapshot
) -> PreparationVerdict:
    name = job["metadata"]["name"]
    failure = _failure(job, known, snapshot.attempt)
    if not class_of(failure).transient:
        return failed(status, name, failure, stalled=True)
    ended = condition(job, "Failed") or {}
    left = datetime.fromisoformat(ended["lastTransitionTime"]) + RETRY_AFTER - snapshot.now
    if left > timedelta(0):
        return replace(failed(status, name, failure, stalled=False), requeue_after=left)
    again = under_way(status, name, f"Job {name} has to start anew after {failure.reason}: {failure.message}")
    return replace(again, delete=(job,))


def _failure(job: Document, known: Condition | None, attempt: Attempt | None) -> Failed:
    """Why a Job failed: as recorded before, as the Job says, as its pods say."""
    if known is not None:
        return Failed(reason=known.reason, message=known.message)
    ended = condition(job, "Failed") or {}
    if ended.get("reason") == "DeadlineExceeded":
        return Failed.because(FailureReason.DeadlineExceeded, "The preparation took too long.")
    if attempt is not None and isinstance(attempt.outcome, Failed):
        return attempt.outcome
    words = " ".join(part for part in (ended.get("reason"), ended.get("message")) if part)
    return Failed.because(FailureReason.Internal, f"The preparation failed without telling why. {words}".strip())


def _at_work(status: TransformerModelStatus, job: Document, snapshot: Snapshot) -> PreparationVerdict:
    name, attempt = job["metadata"]["name"], snapshot.attempt or Attempt()
    failures = int(job.get("status", {}).get("failed") or 0)
    message = _at_work_message(name)
    if failures and isinstance(attempt.outcome, Failed):
        message = (
            f"Job {name} is at attempt {failures + 1} of {BACKOFF_LIMIT + 1} after {attempt.outcome.reason}: "
            f"{attempt.outcome.message}"
        )
    elif attempt.obstacle is not None:
        message = f"Job {name} waits: {attempt.obstacle}"
    return replace(under_way(status, name, message), requeue_after=None if _is_running(job) else LOOK_AGAIN_AFTER)


def _at_work_message(job: str) -> str:
    return f"Job {job} prepares the model."


def _recorded(status: TransformerModelStatus | None, job: str) -> Condition | None:
    """The condition Prepared, if it speaks of the end of this very Job."""
    if status is None or status.preparation is None or status.preparation.job != job:
        return None
    prepared = find(status.conditions, ConditionType.Prepared)
    if prepared is None:
        return None
    if prepared.status is ConditionStatus.true:
        return prepared if status.artifact is not None else None
    return prepared if prepared.reason in FailureReason.__members__ else None


def _former_jobs(model: TransformerModel, wanted: Document, jobs: Iterable[Document]) -> tuple[Document, ...]:
    return tuple(
        job
        for job in jobs
        if job["metadata"]["name"] != wanted["metadata"]["name"]
        and ownership(job, model.metadata) is Ownership.Ours
        and not is_terminating(job)
    )


def _by_name(jobs: Iterable[Document], name: str) -> Document | None:
    return next((job for job in jobs if job["metadata"]["name"] == name), None)


def _is_running(job: Document) -> bool:
    return int(job.get("status", {}).get("ready") or 0) > 0


def _has_trouble(job: Document, now: datetime) -> bool:
    """Whether the Job's pods have something to tell: one has failed, or none runs although some time has passed."""
    if job.get("status", {}).get("failed"):
        return True
    age = now - datetime.fromisoformat(job["metadata"]["creationTimestamp"])
    return not _is_running(job) and age >= LOOK_AGAIN_AFTER
