"""Runs the operator under kopf, which handles signals, startup and cleanup, and serves the liveness probe.

kopf watches no resources here. Its watches miss deletions during a relist, end the process on transient errors, keep a
task for each object and do not report their own state. So models are watched by `informer.Informer`, like the objects
that they own.
"""

import asyncio
import logging
from collections.abc import Sequence

import kopf
from kubernetes.aio.client import Configuration

from transformermodel_operator.connection import kopf_credentials
from transformermodel_operator.listening import listening
from transformermodel_operator.operation import Operation
from transformermodel_operator.settings import Settings

_log = logging.getLogger(__name__)


async def run_with_kopf(operation: Operation, configuration: Configuration, settings: Settings) -> None:
    """Run an operation until SIGTERM, SIGINT or its failure.

    Args:
        operation: the operation.
        configuration: address and credentials of the API server, for kopf.
        settings: the operator's.

    Raises:
        UserError: the liveness probe's address is in use or not available.
        ExceptionGroup: a task of the operation failed with an unexpected error.
    """
    stop = asyncio.Event()
    running = asyncio.create_task(operation.run())
    running.add_done_callback(lambda _: stop.set())
    try:
        with listening(settings.probe_host, settings.probe_port, "PROBE_PORT"):
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

    @kopf.on.probe(registry=registry, id="liveness")
    async def probe(**_: object) -> Sequence[str]:
        if found := operation.liveness_problems():
            for problem in found:
                _log.error("is not alive: %s", problem)
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
    settings.scanning.disabled = True  # so that no permission to watch CRDs and namespaces is needed
    settings.networking.connect_timeout = 5
    settings.networking.request_timeout = 30
    return settings
