"""kopf's part: it handles signals, begins and ends what runs, and answers the liveness probe.

kopf watches nothing here. Its watches do not tell of objects that went while all was listed anew, end the process at
errors that pass, keep a task for each object and say nothing of their own state; so models are watched as their
children are, by `informer.Informer`.
"""

import asyncio
import logging
from collections.abc import Sequence

import kopf
from kubernetes.aio.client import Configuration

from transformermodel_operator.connection import kopf_credentials
from transformermodel_operator.operation import Operation
from transformermodel_operator.settings import Settings

_log = logging.getLogger(__name__)


async def run_framed(operation: Operation, configuration: Configuration, settings: Settings) -> None:
    """Run an operation until the process is asked to end (SIGTERM, SIGINT), or until it fails.

    Raises:
        ExceptionGroup: a part of it failed that never should.
    """
    stop = asyncio.Event()
    running = asyncio.create_task(operation.run())
    running.add_done_callback(lambda _: stop.set())
    try:
        await kopf.operator(
            registry=_registry(operation, running, configuration),
            settings=_kopf_settings(),
            clusterwide=not settings.watch_namespaces,
            namespaces=settings.watch_namespaces,
            liveness_endpoint=f"http://{settings.probe_host}:{settings.probe_port}/healthz",
            standalone=True,
            stop_flag=stop,
        )
    finally:
        running.cancel()
        await asyncio.wait({running})
    if not running.cancelled():
        running.result()


def _registry(operation: Operation, running: asyncio.Task[None], configuration: Configuration) -> kopf.OperatorRegistry:
    registry = kopf.OperatorRegistry()

    @kopf.on.login(registry=registry)
    async def login(**_: object) -> kopf.ConnectionInfo:
        return await kopf_credentials(configuration)

    @kopf.on.probe(registry=registry, id="ailments")
    async def probe(**_: object) -> Sequence[str]:
        if found := operation.ailments():
            for ailment in found:
                _log.error("is not alive: %s", ailment)
            raise kopf.PermanentError(" ".join(found))
        return ()

    @kopf.on.cleanup(registry=registry)
    async def clean_up(**_: object) -> None:
        await operation.end()
        await asyncio.wait({running})

    return registry


def _kopf_settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.posting.loggers = False
    settings.scanning.disabled = True  # needs no right to watch CRDs and namespaces
    settings.networking.connect_timeout = 5
    settings.networking.request_timeout = 30
    return settings
