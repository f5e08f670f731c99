"""The preparation Job."""

from typing import Any

from transformermodel_api.contract import REFERENCE_VARIABLE, REQUEST_VARIABLE, PreparationRequest
from transformermodel_api.identity import fingerprint
from transformermodel_api.model import Metadata, TransformerModel
from transformermodel_operator.children.claims import SourceClaims
from transformermodel_operator.children.shared_claims import shared_claims
from transformermodel_operator.children.storage import AnyStorage
from transformermodel_operator.children.work_job import work_job
from transformermodel_operator.children.work_pod import Work
from transformermodel_operator.objects import REQUESTED_AT_ANNOTATION
from transformermodel_operator.settings import Settings

CONTAINER = "prepare"
COMPONENT = "preparation"

HUB_ENDPOINT_VARIABLE = "TRANSFORMERMODEL_HUB_ENDPOINT"

_DEFAULT_RESOURCES = {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "4Gi"}}


def preparation_job(
    model: TransformerModel, storage: AnyStorage, settings: Settings, attempt: int = 1
) -> dict[str, Any]:
    """The Job that prepares a model.

    Args:
        model: the model.
        storage: where the artifact goes.
        settings: the operator's.
        attempt: number of this Job among those for the same input, from 1.
    """
    work = _work(model, storage, settings)
    return work_job(model, job_name(model, storage), COMPONENT, work, settings, attempt)


def job_name(model: TransformerModel, storage: AnyStorage) -> str:
    """The name of a model's preparation Job, with a hash of its input.

    The hash changes if the result could change, which includes sources that a check has found changed, and if a new
    preparation is requested by annotation.
    """
    found = model.status.source.found if model.status is not None and model.status.source is not None else None
    identity = fingerprint(
        {
            "request": PreparationRequest.of(model.spec).fingerprint(),
            "storage": str(storage),
            "requestedAt": model.metadata.annotations.get(REQUESTED_AT_ANNOTATION),
            **({"found": found} if found is not None else {}),
        }
    )
    return f"{model.metadata.name}-prepare-{identity[:8]}"


def reference_of(owner: Metadata, settings: Settings) -> str:
    """The name of a model in a store: CLUSTER/NAMESPACE/NAME."""
    return f"{settings.cluster}/{owner.namespace}/{owner.name}"


def source_environment(settings: Settings) -> dict[str, str]:
    """Environment variables of every container that reads sources."""
    return {} if settings.hub_endpoint is None else {HUB_ENDPOINT_VARIABLE: settings.hub_endpoint}


def _work(model: TransformerModel, storage: AnyStorage, settings: Settings) -> Work:
    claims = SourceClaims.of(PreparationRequest.of(model.spec))
    volumes, mounts = shared_claims([*storage.volumes, *claims.volumes], [*storage.mounts, *claims.mounts])
    resources, of_source = model.spec.preparation.resources, model.spec.source.secret_ref
    return Work(
        container=CONTAINER,
        command=("transformermodel", "prepare", "--job", "--store", storage.store),
        environment={
            REQUEST_VARIABLE: claims.request.canonical(),
            REFERENCE_VARIABLE: reference_of(model.metadata, settings),
            **source_environment(settings),
        },
        secrets=(of_source.name if of_source is not None else None, storage.secret),
        volumes=volumes,
        mounts=mounts,
        resources=_DEFAULT_RESOURCES
        if resources is None
        else resources.model_dump(mode="json", by_alias=True, exclude_none=True),
    )
