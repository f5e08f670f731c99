"""The one way from a protocol to a model: limits, deadline, and what is measured of it."""

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
"""Of the request that is being answered; each has a task, and so a context, of its own."""


class Inference:
    """What every protocol asks through.

    Args:
        models: the registry.
        limits: how much a request may bring.
        meter: counts the requests.
        tracer: traces them.

    Attributes:
        limits: the same.
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
        """The model that a request is for, held until the request is over, and the request measured and traced.

        Args:
            protocol: how the client speaks.
            name: the model's name.
            version: its version, where the client names one.
            headers: the request's, which may say what trace it belongs to.

        Raises:
            UnknownModel, UnknownVersion, ModelNotReady: it cannot be asked.
        """
        shown = name if name in self._models else ""
        measurement = self._meter.measure(protocol, shown)
        with (
            self._tracer.span(headers or {}, protocol, shown, measurement),
            measurement,
            self._models.use(name, version) as served,
        ):
            _measurement.set(measurement)
            yield served

    @contextmanager
    def reading(self, protocol: str, headers: Mapping[str, str] | None = None) -> Iterator[None]:
        """A request that names its model in what is being read: where that fails, it is counted and traced as one.

        Args:
            protocol: how the client speaks.
            headers: the request's.
        """
        try:
            yield
        except BaseException:
            measurement = self._meter.measure(protocol, "")
            with self._tracer.span(headers or {}, protocol, "", measurement), measurement:
                raise

    def require_size(self, questions: Iterable[Mapping[str, Any]]) -> None:
        """Refuse a question with more text than is allowed, before it is tokenized.

        Raises:
            TextTooLarge: there is one.
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
            parameters: how they are to be answered.
            seconds: time after which nobody wants the answer any more.

        Raises:
            InvalidQuestion: the model cannot read a question.
            TextTooLarge: a question has more text than is allowed.
            Overloaded: too much is waiting already.
            DeadlineExceeded: the time has passed.
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
        """Answer questions and explain the answers, within `request`, which counts as one for explanations from now on.

        Args and errors are those of `answer`, and InvalidQuestion says also what cannot be explained.
        """
        _measurement.get().explains = True
        self.require_size(questions)
        with self._meter.explaining(handler.metadata.name):
            explained = await within(seconds, handler.explain(questions, parameters))
        for row in explained:
            self._meter.explained(handler.metadata.name, row.explanations)
        return explained

    async def call(self, model: HandlerModel, call: Call) -> Reply:
        """Ask a handler within `request`, which counts as one for explanations where the call is.

        Raises:
            HandlerUnavailable: nobody can take the call now.
            HandlerFailed: the handler did not answer.
        """
        _count(call)
        return await model.call(call)

    def answered(self, status: int) -> None:
        """Say with which HTTP status the request is answered, where that is not 200 and no error."""
        _measurement.get().status = status

    def stream(self, model: HandlerModel, call: Call) -> Replies:
        """The same, piece by piece where the handler answers so; raises HandlerFailed only with the pieces."""
        _count(call)
        return model.stream(call)


def _count(call: Call) -> None:
    if call.kind is CallKind.explain:
        _measurement.get().explains = True


async def within(seconds: float | None, work: Awaitable[_Result]) -> _Result:
    """What the work returns.

    Raises:
        DeadlineExceeded: the time has passed; the work is cancelled.
    """
    if seconds is None:
        return await work
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        raise DeadlineExceeded from None
