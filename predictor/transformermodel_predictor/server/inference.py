"""Runs every protocol's requests on the models: applies limits and timeouts, measures and traces."""

import asyncio
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from transformermodel_predictor.explanations.explanation import Explained
from transformermodel_predictor.handler import Answer, Handler
from transformermodel_predictor.protocols.errors import DeadlineExceeded
from transformermodel_predictor.protocols.sizes import RequestLimits, require_size
from transformermodel_predictor.server.models.models import Models
from transformermodel_predictor.server.models.served import Served
from transformermodel_predictor.telemetry.requests import Measurement, RequestMeter
from transformermodel_predictor.telemetry.tracing import Tracer, make_tracer
from transformermodel_predictor.torchserve.call import Call, CallKind, Reply
from transformermodel_predictor.torchserve.handler_model import HandlerModel, Replies

_Result = TypeVar("_Result")

_measurement: ContextVar[Measurement] = ContextVar("measurement")
"""The measurement of the current request; each request has a task, and so a context, of its own."""


class Inference:
    """Runs requests on the models of a server, for all protocols.

    Args:
        models: the registry.
        limits: limits on the size of a request.
        meter: measures requests.
        tracer: traces requests.

    Attributes:
        limits: limits on the size of a request.
    """

    def __init__(
        self, models: Models, limits: RequestLimits, meter: RequestMeter, tracer: Tracer | None = None
    ) -> None:
        self._models = models
        self.limits = limits
        self._meter = meter
        self._tracer = tracer or make_tracer({})

    @contextmanager
    def request(
        self, protocol: str, name: str, version: str = "", headers: Mapping[str, str] | None = None
    ) -> Iterator[Served]:
        """Measure and trace a request, and keep its model from being unloaded, for as long as the context lasts.

        Args:
            protocol: the client's protocol, such as `v2` or `grpc`.
            name: the model's name.
            version: the model's version; empty for its default.
            headers: the request's headers, which may name the client's trace.

        Raises:
            UnknownModel, UnknownVersion, ModelNotReady: no such model is ready.
        """
        known_name = name if name in self._models else ""
        measurement = self._meter.measure(protocol, known_name)
        with (
            self._tracer.span(headers or {}, protocol, known_name, measurement),
            measurement,
            self._models.use(name, version) as served,
        ):
            _measurement.set(measurement)
            yield served

    @contextmanager
    def reading(self, protocol: str, headers: Mapping[str, str] | None = None) -> Iterator[None]:
        """Measure and trace a request whose body names its model, but only if reading the body fails.

        Args:
            protocol: the client's protocol, such as `v2` or `grpc`.
            headers: the request's headers.
        """
        try:
            yield
        except BaseException:
            measurement = self._meter.measure(protocol, "")
            with self._tracer.span(headers or {}, protocol, "", measurement), measurement:
                raise

    def require_size(self, questions: Iterable[Mapping[str, Any]]) -> None:
        """Refuse questions with more text than allowed, before any is tokenized.

        Raises:
            TextTooLarge: a question has more text than allowed.
        """
        require_size(questions, self.limits.text_bytes)

    async def answer(
        self,
        handler: Handler,
        questions: Sequence[Mapping[str, Any]],
        parameters: Mapping[str, Any],
        seconds: float | None = None,
    ) -> list[Answer]:
        """Answer questions, given as named fields.

        Args:
            handler: the model.
            questions: the rows.
            parameters: of the task; they apply to all rows.
            seconds: the client's timeout; None for no limit.

        Raises:
            InvalidQuestion: a question or a parameter is invalid.
            TextTooLarge: a question has more text than allowed.
            Overloaded: too many requests are waiting already.
            DeadlineExceeded: the timeout has passed.
        """
        self.require_size(questions)
        return await within(seconds, handler.answer(questions, parameters))

    async def explain(
        self,
        handler: Handler,
        questions: Sequence[Mapping[str, Any]],
        parameters: Mapping[str, Any],
        seconds: float | None = None,
    ) -> list[Explained]:
        """Answer questions and explain the answers. To be called within `request`, which then counts as explaining.

        Arguments and errors are those of `answer`; InvalidQuestion also covers targets and methods.
        """
        _measurement.get().explains = True
        self.require_size(questions)
        with self._meter.explaining(handler.metadata.name):
            explained = await within(seconds, handler.explain(questions, parameters))
        for row in explained:
            self._meter.explained(handler.metadata.name, row.explanations)
        return explained

    async def call(self, model: HandlerModel, call: Call) -> Reply:
        """Call a handler. To be called within `request`, which counts as explaining if the call does.

        Raises:
            HandlerUnavailable: no worker can take the call now.
            HandlerFailed: the handler did not answer.
        """
        _note_kind(call)
        return await model.call(call)

    def stream(self, model: HandlerModel, call: Call) -> Replies:
        """Like `call`, with the pieces of a streamed answer; HandlerFailed is raised by iterating over them."""
        _note_kind(call)
        return model.stream(call)

    def set_status(self, status: int) -> None:
        """Set the HTTP status that the current request is counted with, if it is not 200 and not an error's."""
        _measurement.get().status = status


def _note_kind(call: Call) -> None:
    if call.kind is CallKind.explain:
        _measurement.get().explains = True


async def within(seconds: float | None, work: Awaitable[_Result]) -> _Result:
    """Await work within a timeout; None for no limit.

    Raises:
        DeadlineExceeded: the timeout has passed; the work is cancelled.
    """
    if seconds is None:
        return await work
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        raise DeadlineExceeded from None
