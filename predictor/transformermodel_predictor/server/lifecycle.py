"""A server's life: it listens, loads, is ready, drains and ends."""

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
from transformermodel_predictor.server.management.server import managing
from transformermodel_predictor.server.memory import give_back_freed_memory
from transformermodel_predictor.server.metrics_server import answering_prometheus
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
"""Makes the model in a directory answer under a name, with the server's threads, and tells how it does."""


class ModelServer:
    """Models behind an HTTP and a gRPC server: what `serve` runs.

    Args:
        places: the artifacts and archives by the names of their models.
        options: what the user said.
        load: makes artifacts answer; as the options say when None.
        stored: further archives, of which several may be versions of one model.

    Attributes:
        http: the HTTP server.
        grpc_port: where gRPC is spoken, once it is.
        management_port: where the management API is spoken, once it is.
        metrics_port: where Prometheus is answered on a port of its own, once it is.
    """

    def __init__(
        self,
        places: Mapping[str, Path],
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
        self._models = Models({})
        for name, path in places.items():
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
        return HandlerMeter(self._metrics, name, self._models.tell)

    def _load(self, name: str, directory: Path, workers: Workers, observer: Observer) -> Handler:
        # PyTorch and transformers, which `serve` has imported before this where there is a prepared model.
        from transformermodel_predictor.server.native_loading import load_handler

        return load_handler(name, directory, workers, observer, self._options.of_model(name))

    def run(self, listeners: Listeners) -> None:
        """Serve until a signal ends it, on sockets that `listening` opens, and closes where nobody else has.

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
                self._serving_handlers(listeners.management),
                self._speaking_grpc(listeners.grpc),
                answering_prometheus(self._models, self._metrics, listeners.metrics) as self.metrics_port,
            ):
                serving = self.http.start(listeners.http)
                release_signals()  # it hears them
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
    async def _serving_handlers(self, listener: socket.socket | None) -> AsyncIterator[None]:
        """The management API where the user wants one; at the end all workers of handlers end."""
        try:
            async with managing(self._models, self._archives, self._options.management, listener) as port:
                self.management_port = port
                yield
        finally:
            await self._models.close()
            self._archives.close()

    @asynccontextmanager
    async def _speaking_grpc(self, holder: socket.socket | None) -> AsyncIterator[None]:
        """A gRPC server that ends with the HTTP server, if the user wants one."""
        if holder is None:
            yield
            return
        from transformermodel_predictor.server.grpc.server import GRPCServer  # only where it is wanted

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
            if not closing.done():  # nothing is waited for
                closing.cancel()
                await server.end()
                await asyncio.wait({closing})
