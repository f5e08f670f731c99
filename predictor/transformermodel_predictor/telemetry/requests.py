"""Counts requests and their time, by model, protocol and status."""

import asyncio
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from prometheus_client import Counter, Gauge, Histogram

from transformermodel_predictor.explanations.explanation import Explanation
from transformermodel_predictor.protocols.errors import ClientGone, refusal
from transformermodel_predictor.telemetry.metrics import Metrics


@dataclass
class Measurement:
    """A request under way.

    Attributes:
        explains: whether it turned out to ask for explanations.
        status: the HTTP status of the answer; where the request fails, its error says it.
    """

    explains: bool = False
    status: int = 200


class RequestMeter:
    """Measures requests from their arrival to their answer. Used from one event loop."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._over: dict[tuple[str, str, bool, int], tuple[Counter, Histogram]] = {}
        self._in_flight: dict[tuple[str, str], Gauge] = {}

    @contextmanager
    def measure(self, protocol: str, model: str) -> Iterator[Measurement]:
        """Measure one request; it ends with the context, and its status is that of the exception which ends it.

        Args:
            protocol: how the client speaks.
            model: the model's name; empty where it is unknown, because anybody can make up names.
        """
        in_flight = self._gauge(model, protocol)
        in_flight.inc()
        started = time.perf_counter()
        measurement = Measurement()
        try:
            yield measurement
        except BaseException as error:
            measurement.status = _status(error)
            raise
        finally:
            in_flight.dec()
            counter, histogram = self._instruments(model, protocol, measurement.explains, measurement.status)
            counter.inc()
            histogram.observe(time.perf_counter() - started)

    def explaining(self, model: str) -> AbstractContextManager[object]:
        """An explanation is asked for, and its request under way, for as long as the context lasts."""
        return self._metrics.explanations_in_flight.labels(model).track_inprogress()

    def explained(self, model: str, explanations: Iterable[Explanation]) -> None:
        """Count what was explained, and what it took."""
        for explanation in explanations:
            self._metrics.explanation_steps.labels(model, explanation.method.value).observe(explanation.steps)

    def _gauge(self, model: str, protocol: str) -> Gauge:
        key = (model, protocol)
        if key not in self._in_flight:
            self._in_flight[key] = self._metrics.in_flight.labels(*key)
        return self._in_flight[key]

    def _instruments(self, model: str, protocol: str, explains: bool, status: int) -> tuple[Counter, Histogram]:
        """Looking up labels costs more than counting."""
        key = (model, protocol, explains, status)
        if key not in self._over:
            labels = (model, protocol, str(status))
            time_taken = self._metrics.explanation_time if explains else self._metrics.handler_time
            self._over[key] = self._metrics.requests.labels(*labels), time_taken.labels(*labels)
        return self._over[key]


def _status(error: BaseException) -> int:
    """The HTTP status; gRPC cancels the call of a client that has gone."""
    return refusal(ClientGone() if isinstance(error, asyncio.CancelledError) else error).status
