"""Whether an operator that has been installed does its work: it is given a model that asks for nothing.

The model is suspended, so nothing is prepared and nothing served for it; that the operator looks after it, its status
says.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from transformermodel_api.errors import UserError
from transformermodel_operator.client import ApiError
from transformermodel_operator.objects import MODEL, Document, Kind, Reference

PATIENCE_SECONDS = 60.0
"""After which an operator is taken to be absent: another replica needs 17 to take over."""

_PAUSE_SECONDS = 0.5


class Models(Protocol):
    """Where models are: `client.Api`."""

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
    """Make a suspended model, wait until the operator has looked at it, and delete it.

    Args:
        models: the API server.
        namespace: one that the operator watches.
        source_uri: a source that models may have there; nothing is read from it.
        patience: seconds to wait for the operator.
        sleep: how the time between two looks passes.

    Returns:
        What was found, in one sentence.

    Raises:
        UserError: the resource is not served, the model is refused, or nobody looks after it; with the remedy.
    """
    model = await _created(models, namespace, source_uri)
    name = f"{namespace}/{model['metadata']['name']}"
    try:
        for _ in range(max(1, round(patience / _PAUSE_SECONDS))):
            if (reason := _told(await models.get(Reference.to(model)))) is not None:
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


def _told(model: Document | None) -> str | None:
    """What the operator says of the model; None as long as it has said nothing."""
    conditions: list[dict[str, Any]] = (model or {}).get("status", {}).get("conditions") or []
    return next((str(found["reason"]) for found in conditions if found["type"] == "Ready"), None)
