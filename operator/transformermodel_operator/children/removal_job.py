"""The Job that removes a deleted model's artifacts."""

from typing import Any

from transformermodel_api.identity import fingerprint
from transformermodel_api.model import TransformerModel
from transformermodel_operator.children.job import reference_of
from transformermodel_operator.children.storage import AnyStorage
from transformermodel_operator.children.work_job import work_job
from transformermodel_operator.children.work_pod import Work
from transformermodel_operator.settings import Settings

CONTAINER = "remove"
COMPONENT = "removal"

_RESOURCES = {"requests": {"cpu": "50m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}}


def removal_job(model: TransformerModel, storage: AnyStorage, settings: Settings, attempt: int = 1) -> dict[str, Any]:
    """The Job that removes from the store the artifacts that no other model uses.

    Args:
        model: the deleted model.
        storage: its store.
        settings: the operator's.
        attempt: number of this Job among those for the same input, from 1.
    """
    reference = reference_of(model.metadata, settings)
    work = Work(
        container=CONTAINER,
        command=(
            *("transformermodel", "collect", "--store", storage.store),
            *("--forget", reference, "--only-forgotten"),
        ),
        secrets=(storage.secret,),
        volumes=storage.volumes,
        mounts=storage.mounts,
        resources=_RESOURCES,
        fallback_to_logs=True,
    )
    name = f"{model.metadata.name}-remove-{fingerprint({'storage': str(storage)})[:8]}"
    return work_job(model, name, COMPONENT, work, settings, attempt)
