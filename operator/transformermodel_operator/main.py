"""Starts the operator's process: connects, serves metrics and runs the operation."""

import asyncio
import os

from transformermodel_operator.connection import configure, connect
from transformermodel_operator.kopf_runtime import run_with_kopf
from transformermodel_operator.logs import configure_logs
from transformermodel_operator.metrics.endpoint import metrics_endpoint
from transformermodel_operator.metrics.instruments import ClientInstruments, new_registry
from transformermodel_operator.operation import Dependencies, Operation
from transformermodel_operator.settings import Settings
from transformermodel_operator.tracing import make_tracer


def run(settings: Settings) -> None:
    """Run the operator until SIGTERM or SIGINT.

    Raises:
        UserError: there is no cluster to connect to, a port cannot be listened on, or an endpoint for traces is set
            without OpenTelemetry installed.
        ExceptionGroup: a task of the operator failed with an unexpected error.
    """
    configure_logs()
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    configuration = await configure(os.environ)
    registry, tracer = new_registry(), make_tracer(os.environ)
    answered = ClientInstruments(registry, configuration.host)
    try:
        async with (
            metrics_endpoint(registry, settings.metrics_host, settings.metrics_port),
            connect(configuration, answered) as api,
        ):
            operation = Operation(api, settings, Dependencies(registry, tracer))
            await run_with_kopf(operation, configuration, settings)
    finally:
        tracer.end()
