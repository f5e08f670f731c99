"""What to look up in the cluster before a decision, in addition to what the watches provide. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from transformermodel_api.contract import PreparationRequest
from transformermodel_api.model import TransformerModel
from transformermodel_api.status import ConditionStatus
from transformermodel_operator.children.check_job import check_job
from transformermodel_operator.children.claims import SourceClaims
from transformermodel_operator.children.disruption_budget import disruption_budget
from transformermodel_operator.children.job import job_name
from transformermodel_operator.children.storage import AnyStorage, StorageLocation
from transformermodel_operator.decide.disruption import wants_budget
from transformermodel_operator.decide.ownership import Ownership, deployment_of, ownership, service_of
from transformermodel_operator.decide.preparation_history import recorded_end
from transformermodel_operator.decide.storage import locate
from transformermodel_operator.objects import Document, Reference, holds, is_terminating
from transformermodel_operator.snapshot import Refusal, Snapshot

LOOK_AGAIN_AFTER = timedelta(seconds=15)
"""How soon to inspect the pods of a Job that is not running."""

_SELDOM = timedelta(minutes=5)
_SHARE_OF_AGE = 8


@dataclass(frozen=True)
class Inquiry:
    """What to look up.

    Attributes:
        job: the Job whose pods to inspect; None if enough is known.
        finished: whether that Job has ended, so that its log is complete.
        running: the running Job, whose log shows its progress.
        claims: names of PersistentVolumeClaims that a Job will need.
        service: the InferenceService to be created, if the watches do not know it: they would not if it belonged to
            somebody else.
        namesakes: further objects of which the same holds: the Deployment that KServe is to make, the
            PodDisruptionBudget.
        replicas: label selector of the predictor's pods to inspect for what keeps them from serving.
    """

    job: Reference | None = None
    finished: bool = False
    running: Reference | None = None
    claims: tuple[str, ...] = ()
    service: Reference | None = None
    namesakes: tuple[Reference, ...] = ()
    replicas: str | None = None


def inquire_about_preparation(model: TransformerModel, snapshot: Snapshot) -> Inquiry:
    """What the verdict about the preparation depends on."""
    storage = locate(model.spec, snapshot.settings)
    if isinstance(storage, Refusal):
        return Inquiry()
    name = job_name(model, storage)
    known = recorded_end(model.status, name)
    job = next((job for job in snapshot.jobs if job["metadata"]["name"] == name), None)
    if known is not None and known.status is ConditionStatus.true:
        return _about_check(model, snapshot)
    if job is None:
        return Inquiry() if model.spec.suspend else _before_job(model, storage, snapshot)
    if is_terminating(job) or ownership(job, model.metadata) is not Ownership.Ours:
        return Inquiry()
    if known is not None and holds(job, "Failed"):
        return Inquiry()
    reference, finished = Reference.to(job), holds(job, "Complete") or holds(job, "Failed")
    asked = finished or _has_trouble(job, snapshot.now)
    return Inquiry(
        job=reference if asked else None,
        finished=finished,
        running=reference if not finished and is_running(job) else None,
    )


def _before_job(model: TransformerModel, storage: AnyStorage, snapshot: Snapshot) -> Inquiry:
    """What could make a Job's work useless, looked up before it is created."""
    unknown = snapshot.kserve_installed and snapshot.service is None
    return Inquiry(
        claims=claims_of(model, storage),
        service=service_of(model.metadata) if unknown else None,
        namesakes=tuple(_unknown_names(model, snapshot)) if snapshot.kserve_installed else (),
    )


def _unknown_names(model: TransformerModel, snapshot: Snapshot) -> Iterator[Reference]:
    if snapshot.deployment is None:
        yield deployment_of(model.metadata)
    if snapshot.budget is None and wants_budget(model):
        yield Reference.to(disruption_budget(model.metadata))


def _about_check(model: TransformerModel, snapshot: Snapshot) -> Inquiry:
    """For a prepared model, only the result of a check is looked up."""
    source = model.status.source if model.status is not None else None
    if model.spec.source.check_interval_seconds is None:
        return Inquiry()
    name = check_job(model, source.checked_at if source is not None else None, snapshot.settings)["metadata"]["name"]
    job = next((job for job in snapshot.jobs if job["metadata"]["name"] == name), None)
    if job is None or not (holds(job, "Complete") or holds(job, "Failed")):
        return Inquiry()
    return Inquiry(job=Reference.to(job), finished=True)


def claims_of(model: TransformerModel, storage: AnyStorage) -> tuple[str, ...]:
    """The claims that the Job mounts."""
    sources = SourceClaims.of(PreparationRequest.of(model.spec)).names
    stored = (storage.claim,) if isinstance(storage, StorageLocation) else ()
    return tuple(sorted({*sources, *stored}))


def is_running(job: Document) -> bool:
    """Whether the Job's container is running."""
    return int(job.get("status", {}).get("ready") or 0) > 0


def look_again_after(job: Document, now: datetime) -> timedelta:
    """When to inspect the pods again: often at first, rarely once a Job has waited for long."""
    return min(max(_age(job, now) / _SHARE_OF_AGE, LOOK_AGAIN_AFTER), _SELDOM)


def _has_trouble(job: Document, now: datetime) -> bool:
    """Whether to inspect the Job's pods: one has failed, or none is running although some time has passed."""
    return bool(job.get("status", {}).get("failed")) or (not is_running(job) and _age(job, now) >= LOOK_AGAIN_AFTER)


def _age(job: Document, now: datetime) -> timedelta:
    return now - datetime.fromisoformat(job["metadata"]["creationTimestamp"])
