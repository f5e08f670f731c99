"""The preparation: which Job there should be, and what is known of its outcome."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from transformermodel_api.contract import Failed, PreparationProgress, Prepared
from transformermodel_api.failures import FailureReason
from transformermodel_api.model import Metadata, TransformerModel
from transformermodel_api.status import Condition, ConditionStatus, PreparationStatus, TransformerModelStatus
from transformermodel_operator.children.identity import FIELD_MANAGER
from transformermodel_operator.children.job import COMPONENT, job_name, preparation_job
from transformermodel_operator.children.storage import AnyStorage
from transformermodel_operator.children.work_job import (
    BACKOFF_LIMIT,
    attempt_of,
    component_of,
    settings_hash,
    ttl_seconds_after_finished,
)
from transformermodel_operator.comparison import is_up_to_date
from transformermodel_operator.decide.claims import claim_refusal, claim_remarks
from transformermodel_operator.decide.disruption import budget_remarks
from transformermodel_operator.decide.inquiry import is_running, look_again_after
from transformermodel_operator.decide.ownership import (
    Ownership,
    deployment_of,
    is_of_service,
    name_taken,
    ownership,
    refusal_of,
    service_of,
)
from transformermodel_operator.decide.preparation_failure import failure_of
from transformermodel_operator.decide.preparation_history import ended_at, recorded_end, report_on, retry_delay
from transformermodel_operator.decide.preparation_verdict import (
    PreparationVerdict,
    as_recorded,
    blocked,
    class_of,
    failed,
    succeeded,
    under_way,
)
from transformermodel_operator.decide.source_check import Check, decide_check, prepared_from
from transformermodel_operator.decide.storage import locate
from transformermodel_operator.objects import Document, Reference, holds, is_terminating
from transformermodel_operator.pods.job_pods import JobPods
from transformermodel_operator.reasons import Reason
from transformermodel_operator.snapshot import REFUSED_AGAIN_AFTER, Refusal, Snapshot

_CLOCKS_DIFFER = timedelta(minutes=1)
"""Maximum lag of the operator's clock behind that of the controller that removes Jobs."""


def decide_preparation(model: TransformerModel, snapshot: Snapshot) -> PreparationVerdict:
    """The verdict for a model."""
    status = model.status or TransformerModelStatus()
    storage = locate(model.spec, snapshot.settings)
    if isinstance(storage, Refusal):
        return blocked(status, status.preparation, storage)
    report = report_on(status, job_name(model, storage))
    verdict = _judge(model, storage, report, snapshot)
    return replace(verdict, delete=(*verdict.delete, *_former_jobs(model, report.job, snapshot.jobs)))


def _judge(
    model: TransformerModel, storage: AnyStorage, report: PreparationStatus, snapshot: Snapshot
) -> PreparationVerdict:
    status, name = model.status or TransformerModelStatus(), report.job
    known = recorded_end(status, name)
    if known is not None and known.status is ConditionStatus.true:
        return _with_check(as_recorded(status, known), decide_check(model, snapshot))
    wanted = preparation_job(model, storage, snapshot.settings, attempt=(report.failures or 0) + 1)
    job = _by_name(snapshot.jobs, name)
    refusal = refusal_of(job, Reference.to(wanted), model.metadata, snapshot.refusals)
    if refusal is not None:
        return blocked(status, report, refusal, REFUSED_AGAIN_AFTER)
    if job is None:
        kept = _kept_failure(model, report, known, snapshot)
        return kept or _without_job(model, storage, wanted, report, snapshot)
    if is_terminating(job) or ownership(job, model.metadata) is Ownership.Leftover:
        return under_way(status, report, f"Job {name} of before is being removed.")
    if holds(job, "Complete"):
        return _completed(model, storage, report, snapshot)
    if settings_hash(job) != settings_hash(wanted):
        message = f"Job {name} has other settings and has to start anew."
        return replace(under_way(status, report, message), delete=(job,))
    if holds(job, "Failed"):
        return _failed(status, job, report, known, snapshot)
    apply = () if is_up_to_date(job, wanted, FIELD_MANAGER) else (wanted,)
    return replace(_at_work(status, job, report, snapshot), apply=apply)


def _without_job(
    model: TransformerModel, storage: AnyStorage, wanted: Document, report: PreparationStatus, snapshot: Snapshot
) -> PreparationVerdict:
    status = model.status or TransformerModelStatus()
    if model.spec.suspend:
        return under_way(status, report, f"Job {report.job} waits for the end of spec.suspend.")
    # An artifact that may not be served is not worth minutes of work.
    refusal = _name_refusal(model.metadata, snapshot) or claim_refusal(storage, snapshot.claims)
    if refusal is not None:
        return blocked(status, report, refusal, REFUSED_AGAIN_AFTER)
    remarks = (*claim_remarks(storage, snapshot.claims, model.spec.predictor), *budget_remarks(model, snapshot))
    return replace(under_way(status, report, _at_work_message(report.job)), apply=(wanted,), events=remarks)


def _name_refusal(owner: Metadata, snapshot: Snapshot) -> Refusal | None:
    """Why the model cannot be served: the name of its InferenceService or of KServe's Deployment is taken."""
    service, deployment = service_of(owner), deployment_of(owner)
    found = snapshot.namesakes.get(deployment)
    if found is not None and not is_of_service(found, service):
        return name_taken(deployment, owner.name)
    return refusal_of(snapshot.service, service, owner, {})


def _kept_failure(
    model: TransformerModel, report: PreparationStatus, known: Condition | None, snapshot: Snapshot
) -> PreparationVerdict | None:
    """The failure of a Job that Kubernetes removed after its time to live, if no other Job is due.

    None if another is due: the spec was edited, somebody deleted the Job, or the failure was transient.
    """
    if known is None or report.failed_at is None or known.observed_generation != model.metadata.generation:
        return None
    life = timedelta(seconds=ttl_seconds_after_finished(model.spec.preparation))
    if snapshot.now < report.failed_at + life - _CLOCKS_DIFFER:
        return None
    failure, status = Failed(reason=known.reason, message=known.message), model.status or TransformerModelStatus()
    if not class_of(failure).transient:
        return failed(status, report, failure, stalled=True, known=known)
    left = report.failed_at + retry_delay(report.failures or 1) - snapshot.now
    if left <= timedelta(0):
        return None
    return replace(failed(status, report, failure, stalled=False, known=known), requeue_after=left)


def _with_check(verdict: PreparationVerdict, check: Check) -> PreparationVerdict:
    return replace(
        verdict,
        tracked=check.source,
        events=check.events,
        apply=check.apply,
        delete=check.delete,
        requeue_after=check.requeue_after,
    )


def _completed(
    model: TransformerModel, storage: AnyStorage, report: PreparationStatus, snapshot: Snapshot
) -> PreparationVerdict:
    status, pods = model.status or TransformerModelStatus(), snapshot.job_pods or JobPods()
    if isinstance(pods.outcome, Prepared):
        checked = model.spec.source.check_interval_seconds is not None
        tracked = prepared_from(status, pods.outcome, snapshot) if checked else None
        return replace(succeeded(storage, report.job, pods.outcome), log=pods.log, tracked=tracked)
    words = pods.outcome.message if isinstance(pods.outcome, Failed) else "its pods are gone"
    message = f"Job {report.job} completed without telling an outcome ({words}). Delete the Job to prepare again."
    failure = Failed(reason=FailureReason.Internal.name, message=message)
    return replace(failed(status, report, failure, stalled=True), log=pods.log)


def _failed(
    status: TransformerModelStatus,
    job: Document,
    report: PreparationStatus,
    known: Condition | None,
    snapshot: Snapshot,
) -> PreparationVerdict:
    failure = failure_of(job, known, snapshot.job_pods, status)
    counted = report.model_copy(
        update={"failures": attempt_of(job), "failed_at": ended_at(job), "remaining_seconds": None}
    )
    log = snapshot.job_pods.log if snapshot.job_pods is not None else ""
    if not class_of(failure).transient:
        return replace(failed(status, counted, failure, stalled=True, known=known), log=log)
    left = ended_at(job) + retry_delay(attempt_of(job)) - snapshot.now
    if known is None or left > timedelta(0):
        # Count the failure before removing the Job: the number of failures is never only in memory.
        verdict = failed(status, counted, failure, stalled=False, known=known)
        return replace(verdict, log=log, requeue_after=max(left, timedelta(0)))
    message = f"Job {report.job} has to start anew after {failure.reason}: {failure.message}"
    return replace(under_way(status, counted, message), delete=(job,))


def _at_work(
    status: TransformerModelStatus, job: Document, report: PreparationStatus, snapshot: Snapshot
) -> PreparationVerdict:
    name, pods = report.job, snapshot.job_pods or JobPods()
    failures = int(job.get("status", {}).get("failed") or 0)
    report, message, reason = _with_progress(report, snapshot.progress), _at_work_message(name), Reason.Preparing
    if is_running(job):
        if failures and isinstance(pods.outcome, Failed):
            message = (
                f"Job {name} is at attempt {failures + 1} of {BACKOFF_LIMIT + 1} after {pods.outcome.reason}: "
                f"{pods.outcome.message}"
            )
        return under_way(status, report, message)
    in_the_way = pods.obstacle or pods.disruption
    if in_the_way is not None:
        message, reason = f"Job {name} waits: {in_the_way}", in_the_way.reason
    elif failures and isinstance(pods.outcome, Failed):
        message = (
            f"Job {name} waits for attempt {failures + 1} of {BACKOFF_LIMIT + 1} after {pods.outcome.reason}: "
            f"{pods.outcome.message}"
        )
    waiting = under_way(status, report, message, reason)
    return replace(waiting, requeue_after=look_again_after(job, snapshot.now))


def _with_progress(report: PreparationStatus, progress: PreparationProgress | None) -> PreparationStatus:
    """What status reports of a running Job; unchanged while its log has not been read."""
    if progress is None:
        return report
    return PreparationStatus(job=report.job, failures=report.failures, **progress.model_dump())


def _at_work_message(job: str) -> str:
    return f"Job {job} prepares the model."


def _former_jobs(model: TransformerModel, name: str, jobs: Iterable[Document]) -> tuple[Document, ...]:
    return tuple(
        job
        for job in jobs
        if job["metadata"]["name"] != name
        and component_of(job) == COMPONENT
        and ownership(job, model.metadata) is Ownership.Ours
        and not is_terminating(job)
    )


def _by_name(jobs: Iterable[Document], name: str) -> Document | None:
    return next((job for job in jobs if job["metadata"]["name"] == name), None)
