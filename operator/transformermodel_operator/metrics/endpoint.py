"""The HTTP endpoint that Prometheus scrapes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from transformermodel_operator.listening import listening


@asynccontextmanager
async def metrics_endpoint(registry: CollectorRegistry, host: str, port: int) -> AsyncIterator[int]:
    """Serve GET /metrics while the block runs.

    Args:
        registry: the metrics.
        host: address to listen on.
        port: port to listen on; 0 for a free one.

    Yields:
        The port.

    Raises:
        UserError: the address is in use or not available.
    """

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    application = web.Application()
    application.add_routes([web.get("/metrics", answer)])
    runner = web.AppRunner(application, handle_signals=False, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        with listening(host, port, "METRICS_PORT"):
            await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
