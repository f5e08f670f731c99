"""Our own server on a free loopback port, in a thread of the test's process, with models that a test gives it."""

import asyncio
import contextlib
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import httpx

from tests.predictor.gated import PATIENCE_SECONDS
from transformermodel_api.explanations import Explanations
from transformermodel_api.predictor import Batching
from transformermodel_predictor.generation.loaded import LoadedGenerator
from transformermodel_predictor.handlers import make_handler
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.server.lifecycle import ModelServer
from transformermodel_predictor.server.listeners import listening
from transformermodel_predictor.server.options import ServerOptions
from transformermodel_predictor.torchserve.reading.store import StoredModel


class RunningServer:
    """A server in its thread, ready."""

    def __init__(
        self,
        models: Mapping[str, LoadedModel | LoadedGenerator],
        options: ServerOptions,
        batching: Batching | None,
        explanations: Explanations | None,
        archives: Mapping[str, Path],
        stored: Sequence[StoredModel],
    ) -> None:
        ready: Future[tuple[str, asyncio.AbstractEventLoop]] = Future()
        options = replace(
            options,
            host="127.0.0.1",
            http_port=0,
            on_ready=lambda addresses: ready.set_result((addresses.url, asyncio.get_running_loop())),
        )
        server = ModelServer(
            {**dict.fromkeys(models, Path()), **archives},
            options,
            lambda name, _, workers, observer: make_handler(
                name, models[name], workers, observer, batching, explanations
            ),
            stored,
        )
        self._server = server

        def serve() -> None:
            with listening(options) as listeners:
                server.run(listeners)

        self._thread = threading.Thread(target=serve)
        self._thread.start()
        self.url, self._loop = ready.result(PATIENCE_SECONDS)

    @property
    def grpc_address(self) -> str:
        """Where gRPC is spoken; options with the grpc_port 0 let it take a free one."""
        return f"127.0.0.1:{self._server.grpc_port}"

    @property
    def management_url(self) -> str:
        """Where the server is managed, where the options want it so."""
        return f"http://127.0.0.1:{self._server.management_port}"

    @property
    def metrics_url(self) -> str:
        """Where Prometheus asks, where the options want a port for it."""
        return f"http://127.0.0.1:{self._server.metrics_port}/metrics"

    @property
    def open_connections(self) -> int:
        """How many clients are connected over HTTP."""
        return len(self._server.http.server_state.connections)

    def counted(self, protocol: str) -> dict[str, int]:
        """How many requests are over, by their status; also when the server has ended."""
        exposition = self._server._metrics.exposition().decode()
        found = re.findall(rf'requests_total{{.*protocol="{protocol}",status="(\d+)"}} (\d+)', exposition)
        return {status: int(count) for status, count in found}

    def drain(self) -> None:
        """As SIGTERM."""
        self._loop.call_soon_threadsafe(self._server.http.drain)

    def interrupt(self) -> None:
        """As SIGINT."""
        self._loop.call_soon_threadsafe(self._server.http.interrupt)

    def end_workers(self) -> None:
        """As at the very end, when a kept connection may still bring a request."""
        self._server._workers.shutdown()

    def wait_until_refusing(self) -> None:
        """Return when no new connection is taken any more."""
        try:
            while httpx.get(f"{self.url}/v2/health/live", timeout=PATIENCE_SECONDS):
                pass
        except httpx.TransportError:
            return

    def wait_until_ended(self) -> None:
        self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive(), "the server did not end"

    def end(self) -> None:
        """End it, unless the test has."""
        with contextlib.suppress(RuntimeError):  # its loop is closed: a server that the test ended is about to
            self._loop.call_soon_threadsafe(self._server.http.close)
        self.wait_until_ended()


@contextlib.contextmanager
def running(
    models: Mapping[str, LoadedModel | LoadedGenerator],
    options: ServerOptions | None = None,
    batching: Batching | None = None,
    explanations: Explanations | None = None,
    *,
    archives: Mapping[str, Path] | None = None,
    stored: Sequence[StoredModel] = (),
) -> Iterator[RunningServer]:
    server = RunningServer(models, options or ServerOptions(), batching, explanations, archives or {}, stored)
    try:
        yield server
    finally:
        server.end()
