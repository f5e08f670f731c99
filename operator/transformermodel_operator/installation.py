"""Checks whether an installed operator works, by creating a suspended model and waiting for its status.

Nothing is prepared or served for a suspended model, but the operator reports its conditions.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from transformermodel_api.errors import UserError
from transformermodel_operator.client import ApiError
from transformermodel_operator.objects import MODEL, Document, Kind, Reference

PATIENCE_SECONDS = 60.0
"""Seconds after which no operator is assumed to run: another replica needs up to 17 to take over the Lease."""

_PAUSE_SECONDS = 0.5


class Models(Protocol):
    """The calls to the API server that the check needs: `client.Api`."""

    async def get(self, reference: Reference) -> Document | None:
        """As `Api.get`."""
        ...

    async def create(self, kind: Kind, document: Document) -> Document:
        """As `Api.create`."""
        ...

    async def delete(self, document: Document) -> None:
        """As `Api.delete`."""
        ...


async def check_installation(
    models: Models,
    namespace: str,
    source_uri: str,
    patience: float = PATIENCE_SECONDS,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> str:
    """Create a suspended model, wait until the operator has reported its status, and delete it.

    Args:
        models: the API server.
        namespace: a namespace that the operator watches.
        source_uri: a source that admission policies allow there; nothing is read from it.
        patience: seconds to wait for the operator.
        sleep: waits so many seconds between two requests.

    Returns:
        The result, one sentence.

    Raises:
        UserError: the CRD is missing, the model is refused, or no operator reports its status in time; with the remedy.
        ApiError: the API server is unreachable or fails after the model was created.
    """
    model = await _created(models, namespace, source_uri)
    name = f"{namespace}/{model['metadata']['name']}"
    try:
        for _ in range(max(1, round(patience / _PAUSE_SECONDS))):
            if (reason := _ready_reason(await models.get(Reference.to(model)))) is not None:
                return f"The operator looks after models: it says {reason} of {name}."
            await sleep(_PAUSE_SECONDS)
    finally:
        await models.delete(model)
    raise UserError(
        f"nobody has looked after the model {name} within {patience:g} s: see whether the operator runs, "
        f"whether it watches {namespace}, and what its log says"
    )


async def _created(models: Models, namespace: str, source_uri: str) -> Document:
    document = {
        "apiVersion": MODEL.api_version,
        "kind": MODEL.name,
        "metadata": {"name": f"installation-{secrets.token_hex(4)}", "namespace": namespace},
        "spec": {"task": "SequenceClassification", "source": {"uri": source_uri}, "suspend": True},
    }
    try:
        return await models.create(MODEL, document)
    except ApiError as error:
        remedy = "apply the CRD: `kubectl apply -f crds/`" if error.status == 404 else "see what the API server says"
        raise UserError(f"no model can be made in {namespace} ({error}): {remedy}") from error


def _ready_reason(model: Document | None) -> str | None:
    """The reason of the model's condition Ready; None until the operator has reported one."""
    conditions: list[dict[str, Any]] = (model or {}).get("status", {}).get("conditions") or []
    return next((str(found["reason"]) for found in conditions if found["type"] == "Ready"), None)
