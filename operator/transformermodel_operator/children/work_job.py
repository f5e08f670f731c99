"""Jobs that run the predictor's image for a model: to prepare it, to check its source, to remove its artifacts."""

from typing import Any

from transformermodel_api import GROUP
from transformermodel_api.errors import UserError
from transformermodel_api.failures import FailureReason
from transformermodel_api.identity import fingerprint
from transformermodel_api.model import TransformerModel
from transformermodel_api.preparation import Preparation
from transformermodel_operator.children.identity import labels, metadata
from transformermodel_operator.children.work_pod import Work, work_pod
from transformermodel_operator.objects import JOB, Document
from transformermodel_operator.settings import Settings

BACKOFF_LIMIT = 3

JOB_LABEL = "batch.kubernetes.io/job-name"
"""Label that the Job controller puts on a Job's pods."""

SETTINGS_ANNOTATION = f"{GROUP}/applied-hash"
"""Annotation of a Job: hash of the whole Job as created, by which a change of anything but its input is noticed."""

ATTEMPT_ANNOTATION = f"{GROUP}/attempt"
"""Annotation of a Job: its number among the Jobs for the same input, from 1; when it fails, as many have failed."""

_LEAST_TTL_SECONDS = 300
_COMPONENT_LABEL = "app.kubernetes.io/component"

_PERMANENT_EXIT_STATUSES = sorted(
    {reason.exit_status for reason in FailureReason if not reason.transient} | {UserError.exit_status}
)
"""Exit statuses of failures that a retry would repeat."""


def work_job(
    model: TransformerModel, name: str, component: str, work: Work, settings: Settings, attempt: int = 1
) -> dict[str, Any]:
    """A Job of a model.

    Args:
        model: the owner.
        name: the Job's name, the same for the same input.
        component: what the Job is for; the value of a label.
        work: what its pods do.
        settings: the operator's.
        attempt: number of this Job among those for the same input, from 1.
    """
    preparation = model.spec.preparation
    job: dict[str, Any] = {
        "apiVersion": JOB.api_version,
        "kind": JOB.name,
        "metadata": metadata(model.metadata, name, component),
        "spec": {
            "backoffLimit": BACKOFF_LIMIT,
            "activeDeadlineSeconds": preparation.deadline_seconds,
            # The outcome is in the finished pod, which has to exist long enough to be read.
            "ttlSecondsAfterFinished": ttl_seconds_after_finished(preparation),
            "podFailurePolicy": {"rules": _failure_rules(work.container)},
            "template": {
                "metadata": {"labels": labels(model.metadata, component)},
                "spec": work_pod(work, model.spec, settings),
            },
        },
    }
    job["metadata"]["annotations"] = {SETTINGS_ANNOTATION: fingerprint(job)[:16], ATTEMPT_ANNOTATION: str(attempt)}
    return job


def ttl_seconds_after_finished(preparation: Preparation) -> int:
    """Seconds for which Kubernetes keeps a finished Job."""
    return max(preparation.ttl_seconds_after_finished, _LEAST_TTL_SECONDS)


def settings_hash(job: Document) -> str | None:
    """The hash of a Job as created; None for a Job that the operator did not create."""
    found: str | None = (job["metadata"].get("annotations") or {}).get(SETTINGS_ANNOTATION)
    return found


def attempt_of(job: Document) -> int:
    """The number of a Job among those for the same input; 1 if its annotation is absent or no number."""
    found = str((job["metadata"].get("annotations") or {}).get(ATTEMPT_ANNOTATION, ""))
    return int(found) if found.isdecimal() else 1


def component_of(job: Document) -> str | None:
    """What a Job is for: the value of its component label."""
    found: str | None = (job["metadata"].get("labels") or {}).get(_COMPONENT_LABEL)
    return found


def _failure_rules(container: str) -> list[dict[str, Any]]:
    return [
        # A disruption, such as an eviction, is not the model's fault, so it does not count as a failure.
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {
            "action": "FailJob",
            "onExitCodes": {"containerName": container, "operator": "In", "values": _PERMANENT_EXIT_STATUSES},
        },
    ]
