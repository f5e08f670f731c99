"""The preparation Job."""

from typing import Any

from transformermodel_api import GROUP
from transformermodel_api.contract import REFERENCE_VARIABLE, REQUEST_VARIABLE, PreparationRequest
from transformermodel_api.errors import UserError
from transformermodel_api.failures import FailureReason
from transformermodel_api.identity import fingerprint
from transformermodel_api.model import TransformerModel
from transformermodel_api.predictor import Predictor
from transformermodel_api.preparation import Preparation
from transformermodel_operator.children.claims import SourceClaims
from transformermodel_operator.children.identity import labels, metadata
from transformermodel_operator.children.storage import AnyStorage, credentials
from transformermodel_operator.objects import JOB, REQUESTED_AT_ANNOTATION, Document
from transformermodel_operator.settings import Settings

CONTAINER = "prepare"
COMPONENT = "preparation"
BACKOFF_LIMIT = 3

HUB_ENDPOINT_VARIABLE = "TRANSFORMERMODEL_HUB_ENDPOINT"

JOB_LABEL = "batch.kubernetes.io/job-name"
"""Label that the Job controller gives to a Job's pods."""

SETTINGS_ANNOTATION = f"{GROUP}/applied-hash"
"""Annotation of a Job: hash of the whole Job as it was made. Its name says what is prepared, this says how."""

ATTEMPT_ANNOTATION = f"{GROUP}/attempt"
"""Annotation of a Job: the how-manieth it is for its input. Whoever sees it fail knows how many have failed."""

_SCRATCH = "/scratch"
_GROUP_ID = 65532
_SHORTEST_LIFE_SECONDS = 300
_DEFAULT_RESOURCES = {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "4Gi"}}

_LASTING_EXIT_STATUSES = sorted(
    {reason.exit_status for reason in FailureReason if not reason.transient} | {UserError.exit_status}
)
"""Exit statuses that a further attempt would repeat."""


def preparation_job(
    model: TransformerModel, storage: AnyStorage, settings: Settings, attempt: int = 1
) -> dict[str, Any]:
    """The Job that prepares a model. Its name says what is prepared, annotations how and the how-manieth time."""
    preparation = model.spec.preparation
    job: dict[str, Any] = {
        "apiVersion": JOB.api_version,
        "kind": JOB.name,
        "metadata": metadata(model.metadata, job_name(model, storage), COMPONENT),
        "spec": {
            "backoffLimit": BACKOFF_LIMIT,
            "activeDeadlineSeconds": preparation.deadline_seconds,
            # The outcome is in the finished pod: it must stay long enough to be read.
            "ttlSecondsAfterFinished": max(preparation.ttl_seconds_after_finished, _SHORTEST_LIFE_SECONDS),
            "podFailurePolicy": {"rules": _failure_rules()},
            "template": {
                "metadata": {"labels": labels(model.metadata, COMPONENT)},
                "spec": _pod(model, storage, settings),
            },
        },
    }
    job["metadata"]["annotations"] = {SETTINGS_ANNOTATION: fingerprint(job)[:16], ATTEMPT_ANNOTATION: str(attempt)}
    return job


def job_name(model: TransformerModel, storage: AnyStorage) -> str:
    """A name that is another whenever something else would come out, or another preparation was asked for."""
    identity = fingerprint(
        {
            "request": PreparationRequest.of(model.spec).fingerprint(),
            "storage": str(storage),
            "requestedAt": model.metadata.annotations.get(REQUESTED_AT_ANNOTATION),
        }
    )
    return f"{model.metadata.name}-prepare-{identity[:8]}"


def settings_hash(job: Document) -> str | None:
    """How a Job was made; None for a Job that is not from here."""
    found: str | None = (job["metadata"].get("annotations") or {}).get(SETTINGS_ANNOTATION)
    return found


def attempt_of(job: Document) -> int:
    """The how-manieth Job for its input this is; the first, for one that does not say."""
    found = str((job["metadata"].get("annotations") or {}).get(ATTEMPT_ANNOTATION, ""))
    return int(found) if found.isdecimal() else 1


def _failure_rules() -> list[dict[str, Any]]:
    return [
        # An evicted pod says nothing about the model: it does not count.
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {
            "action": "FailJob",
            "onExitCodes": {"containerName": CONTAINER, "operator": "In", "values": _LASTING_EXIT_STATUSES},
        },
    ]


def _pod(model: TransformerModel, storage: AnyStorage, settings: Settings) -> dict[str, Any]:
    claims = SourceClaims.of(PreparationRequest.of(model.spec))
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "fsGroup": _GROUP_ID,
            "fsGroupChangePolicy": "OnRootMismatch",  # a store can hold very many files
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(model, storage, claims, settings)],
        "volumes": [*storage.volumes, *claims.volumes, {"name": "scratch", "emptyDir": {}}],
        **_given(model.spec.preparation, {"node_selector", "tolerations"}),
        # It runs the predictor's image, on the predictor's device.
        **_given(model.spec.predictor, {"image_pull_secrets", "runtime_class_name"}),
    }


def _container(
    model: TransformerModel, storage: AnyStorage, claims: SourceClaims, settings: Settings
) -> dict[str, Any]:
    resources = model.spec.preparation.resources
    container: dict[str, Any] = {
        "name": CONTAINER,
        "image": model.spec.predictor.image or settings.predictor_image,
        "imagePullPolicy": settings.image_pull_policy,
        "command": ["transformermodel", "prepare", "--job", "--store", storage.store],
        "env": _environment(claims.request, model, settings),
        "resources": _DEFAULT_RESOURCES
        if resources is None
        else resources.model_dump(mode="json", by_alias=True, exclude_none=True),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [*storage.mounts, *claims.mounts, {"name": "scratch", "mountPath": _SCRATCH}],
    }
    of_source = model.spec.source.secret_ref
    if secrets := credentials(of_source.name if of_source is not None else None, storage.secret):
        container["envFrom"] = secrets
    return container


def _environment(request: PreparationRequest, model: TransformerModel, settings: Settings) -> list[dict[str, str]]:
    reference = f"{settings.cluster}/{model.metadata.namespace}/{model.metadata.name}"
    variables = {REQUEST_VARIABLE: request.canonical(), REFERENCE_VARIABLE: reference}
    if settings.hub_endpoint is not None:
        variables[HUB_ENDPOINT_VARIABLE] = settings.hub_endpoint
    variables |= {"HOME": _SCRATCH, "TMPDIR": _SCRATCH, "HF_HOME": f"{_SCRATCH}/hf"}
    return [{"name": name, "value": value.replace("$(", "$$(")} for name, value in variables.items()]


def _given(part: Preparation | Predictor, fields: set[str]) -> dict[str, Any]:
    """What the user says in these fields, as Kubernetes spells it."""
    given = part.model_dump(mode="json", by_alias=True, exclude_none=True, include=fields)
    return {name: value for name, value in given.items() if value}
