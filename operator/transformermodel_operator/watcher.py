"""kopf's part: it watches TransformerModels, logs in, handles signals and answers the liveness probe.

Only `kopf.on.event` is used. It tells of every change and writes nothing: no finalizers, no annotations. All that kopf
could do beyond is done elsewhere, by level instead of by edge.
"""

from collections.abc import Awaitable, Callable

import kopf
from kubernetes.aio.client import Configuration

from transformermodel_api import GROUP, PLURAL, VERSION
from transformermodel_operator.connection import kopf_credentials
from transformermodel_operator.objects import Document
from transformermodel_operator.settings import Settings
from transformermodel_operator.store import Store


async def watch_models(
    models: Store, configuration: Configuration, settings: Settings, end: Callable[[], Awaitable[None]]
) -> None:
    """Keep the store of models up to date until the process is asked to end (SIGTERM, SIGINT); then call `end`.

    kopf waits some seconds for all tasks that were begun meanwhile, whoever began them: `end` ends them.
    """
    await kopf.operator(
        registry=_registry(models, configuration, end),
        settings=_kopf_settings(),
        clusterwide=not settings.watch_namespaces,
        namespaces=settings.watch_namespaces,
        liveness_endpoint=f"http://{settings.probe_host}:{settings.probe_port}/healthz",
        standalone=True,
    )


def _registry(models: Store, configuration: Configuration, end: Callable[[], Awaitable[None]]) -> kopf.OperatorRegistry:
    registry = kopf.OperatorRegistry()

    @kopf.on.event(GROUP, VERSION, PLURAL, registry=registry)
    async def observe(event: kopf.RawEvent, **_: object) -> None:
        document: Document = event["object"]
        if event["type"] == "DELETED":
            models.remove(document)
        else:
            models.put(_without_managed_fields(document))

    @kopf.on.login(registry=registry)
    async def login(**_: object) -> kopf.ConnectionInfo:
        return await kopf_credentials(configuration)

    @kopf.on.cleanup(registry=registry)
    async def clean_up(**_: object) -> None:
        await end()

    return registry


def _kopf_settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.posting.loggers = False
    settings.scanning.disabled = True  # needs no right to watch CRDs and namespaces
    settings.watching.server_timeout = 300
    settings.watching.client_timeout = 330
    settings.watching.connect_timeout = 5
    settings.networking.connect_timeout = 5
    settings.networking.request_timeout = 30
    return settings


def _without_managed_fields(document: Document) -> Document:
    """The document without what nobody reads and what is long."""
    metadata = {name: value for name, value in document["metadata"].items() if name != "managedFields"}
    return {**document, "metadata": metadata}
