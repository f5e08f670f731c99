"""The Job that checks whether a model's sources have changed."""

from datetime import datetime
from typing import Any

from transformermodel_api.contract import REQUEST_VARIABLE, PreparationRequest
from transformermodel_api.identity import fingerprint
from transformermodel_api.model import TransformerModel
from transformermodel_operator.children.claims import SourceClaims
from transformermodel_operator.children.job import source_environment
from transformermodel_operator.children.work_job import work_job
from transformermodel_operator.children.work_pod import Work
from transformermodel_operator.settings import Settings

CONTAINER = "resolve"
COMPONENT = "check"

_RESOURCES = {"requests": {"cpu": "50m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}}


def check_job(model: TransformerModel, since: datetime | None, settings: Settings) -> dict[str, Any]:
    """The Job for the next check. Its name depends on the sources and on `since`, so that each check has one Job.

    Args:
        model: whose sources are checked.
        since: when they were last checked; None if never.
        settings: the operator's.
    """
    claims = SourceClaims.of(PreparationRequest.of(model.spec))
    of_source = model.spec.source.secret_ref
    work = Work(
        container=CONTAINER,
        command=("transformermodel", "resolve"),
        environment={REQUEST_VARIABLE: claims.request.canonical(), **source_environment(settings)},
        secrets=(of_source.name if of_source is not None else None,),
        volumes=claims.volumes,
        mounts=claims.mounts,
        resources=_RESOURCES,
    )
    identity = {"source": claims.request.fingerprint(), "since": since.isoformat() if since is not None else None}
    name = f"{model.metadata.name}-check-{fingerprint(identity)[:8]}"
    return work_job(model, name, COMPONENT, work, settings)
