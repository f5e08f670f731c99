"""The life cycle of a server: it listens, loads its models, is ready, drains and ends."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from transformermodel_api.errors import UserError
from transformermodel_predictor.handler import Handler
from transformermodel_predictor.passing_threads import PassingThreads
from transformermodel_predictor.protocols.sizes import RequestLimits
from transformermodel_predictor.server.handlers.archives import Archives
from transformermodel_predictor.server.held_signals import held_signals
from transformermodel_predictor.server.http_server import HTTPServer
from transformermodel_predictor.server.inference import Inference
from transformermodel_predictor.server.listeners import Listeners
from transformermodel_predictor.server.management.server import management_server
from transformermodel_predictor.server.memory import give_back_freed_memory
from transformermodel_predictor.server.metrics_server import metrics_server
from transformermodel_predictor.server.models.models import Models, in_thread
from transformermodel_predictor.server.options import ServerOptions
from transformermodel_predictor.server.routes.urls import make_application
from transformermodel_predictor.telemetry.handler_meter import HandlerMeter
from transformermodel_predictor.telemetry.metrics import Metrics
from transformermodel_predictor.telemetry.model import ModelMeter
from transformermodel_predictor.telemetry.observer import Observer
from transformermodel_predictor.telemetry.requests import RequestMeter
from transformermodel_predictor.telemetry.tracing import make_tracer
from transformermodel_predictor.torchserve.call import HandlerFailed
from transformermodel_predictor.torchserve.handler_options import HandlerOptions
from transformermodel_predictor.torchserve.reading.served import has_handler
from transformermodel_predictor.torchserve.reading.store import StoredModel
from transformermodel_predictor.workers import Workers

Load = Callable[[str, Path, Workers, Observer], Handler]
"""Loads the model in a directory: from its name, the directory, the server's threads and an observer."""


class ModelServer:
    """Models behind an HTTP and a gRPC server: what `serve` runs.

    Args:
        paths: the artifacts and archives by the names of their models.
        options: the server's options.
        load: loads artifacts; `native_loading.load_handler` when None.
        stored: further archives, of which several may be versions of one model.

    Attributes:
        http: the HTTP server.
        grpc_port: port of the gRPC server, while it runs.
        management_port: port of the management API, while it runs.
        metrics_port: port of the metrics, while they have one of their own.
    """

    def __init__(
        self,
        paths: Mapping[str, Path],
        options: ServerOptions,
        load: Load | None = None,
        stored: Sequence[StoredModel] = (),
    ) -> None:
        self._options = options
        self._workers = Workers(on_idle=give_back_freed_memory)
        self._loader = PassingThreads("load")
        self._metrics = Metrics()
        self._make = load or self._load
        self._archives = Archives(self._observe, options.packages)
        self._models = Models()
        for name, path in paths.items():
            self._add(name, path)
        for model in stored:
            self._add_stored(model)
        self._tracer = make_tracer(os.environ)
        limits = RequestLimits(options.max_text_bytes, options.max_rows)
        self._inference = Inference(self._models, limits, RequestMeter(self._metrics), self._tracer)
        application = make_application(self._models, self._inference, self._metrics, options)
        self.http = HTTPServer(application, self._models, options)
        self.grpc_port: int | None = None
        self.management_port: int | None = None
        self.metrics_port: int | None = None

    def _add(self, name: str, path: Path) -> None:
        if has_handler(path):
            loader = self._archives.loader(name, path, self._options.of_model(name).handler)
            self._models.add(name, loader, url=path.name, may_fail=True)
        else:
            observer = ModelMeter(self._metrics, name)
            make = partial(self._make, name, path, self._workers, observer)
            self._models.add(name, in_thread(self._loader, make))

    def _add_stored(self, model: StoredModel) -> None:
        overrides = self._options.of_model(model.name).handler.overrides
        loader = self._archives.loader(model.name, model.path, HandlerOptions(model.settings, overrides))
        slot = self._models.add(model.name, loader, model.version or "", model.path.name, may_fail=True)
        if model.is_default:
            self._models.find(model.name).default = slot

    def _observe(self, name: str) -> HandlerMeter:
        return HandlerMeter(self._metrics, name, self._models.notify)

    def _load(self, name: str, directory: Path, workers: Workers, observer: Observer) -> Handler:
        # Imports PyTorch and transformers; `serve` has done so before if there is a prepared model.
        from transformermodel_predictor.server.native_loading import load_handler

        return load_handler(name, directory, workers, observer, self._options.of_model(name))

    def run(self, listeners: Listeners) -> None:
        """Serve until a signal ends the server.

        Args:
            listeners: the sockets, from `listening`.

        Raises:
            TransformerModelError: a model could not be loaded; the server has ended.
        """
        try:
            with (
                held_signals() as release_signals,
                asyncio.Runner(loop_factory=self.http.config.get_loop_factory()) as runner,
            ):
                runner.run(self._live(listeners, release_signals))
        except HandlerFailed as error:
            raise UserError(str(error)) from error

    async def _live(self, listeners: Listeners, release_signals: Callable[[], None]) -> None:
        try:
            async with (
                self._management(listeners.management),
                self._grpc(listeners.grpc),
                metrics_server(self._models, self._metrics, listeners.metrics) as self.metrics_port,
            ):
                serving = self.http.start(listeners.http)
                release_signals()  # the event loop has its handlers now
                loading = asyncio.create_task(self._models.load_all())
                await asyncio.wait({serving, loading}, return_when=asyncio.FIRST_COMPLETED)
                if loading.done() and loading.exception():
                    self.http.close()
                elif loading.done() and self._options.on_ready and not self.http.ends:
                    self._options.on_ready(listeners.addresses(self._options.scheme))
                await asyncio.wait({serving})
                loading.cancel()
        finally:
            self._loader.shutdown(wait=False, cancel_futures=True)
            self._workers.shutdown()
            self._tracer.end()
        for task in (loading, serving):
            if task.done() and not task.cancelled():
                task.result()

    @asynccontextmanager
    async def _management(self, listener: socket.socket | None) -> AsyncIterator[None]:
        """Run the management API, if there is one; at the end, end all handlers' workers."""
        try:
            async with management_server(self._models, self._archives, self._options.management, listener) as port:
                self.management_port = port
                yield
        finally:
            await self._models.close()
            self._archives.close()

    @asynccontextmanager
    async def _grpc(self, holder: socket.socket | None) -> AsyncIterator[None]:
        """Run the gRPC server, if there is one; it ends with the HTTP server."""
        if holder is None:
            yield
            return
        from transformermodel_predictor.server.grpc.server import GRPCServer  # slow to import, and seldom used

        server = GRPCServer(self._models, self._inference, self._options)
        self.grpc_port = await server.start(holder)
        closing = asyncio.create_task(server.close_after(self.http.closing))
        try:
            yield
        finally:
            if self.http.closing.is_set():
                interrupted = asyncio.create_task(self.http.interrupted.wait())
                await asyncio.wait({closing, interrupted}, return_when=asyncio.FIRST_COMPLETED)
                interrupted.cancel()
            if not closing.done():  # interrupted, or the HTTP server has failed: end at once
                closing.cancel()
                await server.end()
                await asyncio.wait({closing})
