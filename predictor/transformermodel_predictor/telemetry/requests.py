"""Measures requests, by model, protocol and status."""

import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from prometheus_client import Counter, Histogram

from transformermodel_predictor.explanations.explanation import Explanation
from transformermodel_predictor.protocols.errors import refusal_of
from transformermodel_predictor.telemetry.metrics import Metrics


class Measurement:
    """Measures one request for as long as the context lasts. Implements `Outcome`.

    Attributes:
        explains: whether the request turned out to be one for explanations.
        status: the HTTP status of the answer; set from the exception if one ends the context.
    """

    __slots__ = ("_kind", "_started", "explains", "status")

    def __init__(self, kind: "_Kind") -> None:
        self.explains = False
        self.status = 200
        self._kind = kind

    def __enter__(self) -> Self:
        """Start the clock."""
        self._kind.in_flight += 1
        self._started = time.perf_counter()
        return self

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Count the request."""
        if error is not None:
            self.status = refusal_of(error).status
        self._kind.in_flight -= 1
        self._kind.count(self.status, time.perf_counter() - self._started, explains=self.explains)


class _Kind:
    """The requests in one protocol to one model. Caches their instruments: looking them up costs more than counting.

    Attributes:
        in_flight: number of requests in flight.
    """

    def __init__(self, metrics: Metrics, model: str, protocol: str) -> None:
        self.in_flight = 0
        self._metrics = metrics
        self._labels = (model, protocol)
        self._instruments: dict[tuple[int, bool], tuple[Counter, Histogram]] = {}
        metrics.in_flight.labels(*self._labels).set_function(lambda: self.in_flight)

    def count(self, status: int, seconds: float, *, explains: bool) -> None:
        """Count a completed request."""
        key = (status, explains)
        if key not in self._instruments:
            self._instruments[key] = self._instruments_of(str(status), explains)
        counter, histogram = self._instruments[key]
        counter.inc()
        histogram.observe(seconds)

    def _instruments_of(self, status: str, explains: bool) -> tuple[Counter, Histogram]:
        time_taken = self._metrics.explanation_time if explains else self._metrics.handler_time
        return self._metrics.requests.labels(*self._labels, status), time_taken.labels(*self._labels, status)


class RequestMeter:
    """Measures requests from their arrival to their answer. Used from one event loop."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._kinds: dict[tuple[str, str], _Kind] = {}

    def measure(self, protocol: str, model: str) -> Measurement:
        """Measure one request.

        Args:
            protocol: the client's protocol, such as `v2` or `grpc`.
            model: the model's name; empty if it is unknown, so that made-up names create no series.
        """
        key = (model, protocol)
        if key not in self._kinds:
            self._kinds[key] = _Kind(self._metrics, model, protocol)
        return Measurement(self._kinds[key])

    def explaining(self, model: str) -> AbstractContextManager[object]:
        """Count a request for explanations as in flight for as long as the context lasts."""
        return self._metrics.explanations_in_flight.labels(model).track_inprogress()

    def explained(self, model: str, explanations: Iterable[Explanation]) -> None:
        """Record the steps of each explanation."""
        for explanation in explanations:
            self._metrics.explanation_steps.labels(model, explanation.method.value).observe(explanation.steps)
