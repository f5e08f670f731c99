"""The server's metrics for Prometheus. One registry per server, so that several live in one process."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from transformermodel_predictor.handler import ModelMetadata
from transformermodel_predictor.telemetry.handler_series import HandlerSeries

CONTENT_TYPE = CONTENT_TYPE_LATEST

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_TOKENS = (8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384)
_STEPS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
_SHARES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)

_PREFIX = "transformermodel_"
_REQUEST = ("model", "protocol", "status")
_MODEL = ("model",)

_Instrument = TypeVar("_Instrument", Counter, Gauge, Histogram)


@dataclass(frozen=True)
class Crew:
    """The workers of a model with a handler.

    Attributes:
        model: the model's name.
        version: the model's version.
        workers: number of workers.
        ready: number of workers that take calls.
        memory: their resident memory together, in bytes.
    """

    model: str
    version: str
    workers: int
    ready: int
    memory: int


class Metrics:
    """All instruments and their registry.

    Attributes:
        requests: completed requests by model, protocol and HTTP status; gRPC codes count as the matching status.
        handler_time: seconds from a request's arrival to its answer, without requests for explanations.
        explanation_time: the same for requests for explanations, which take many times as long.
        in_flight: requests in flight, by model and protocol.
        queue_time: seconds that a text waits for its step, by model.
        batch_rows: texts in a step, by model.
        batch_tokens: tokens in a step without padding, by model.
        padding: share of padding among a step's computed tokens, by model.
        phase_time: seconds of each phase of the work, by model and phase.
        explanation_steps: interpolation steps or evaluations of an explanation, by model and method.
        explanations_in_flight: requests for explanations in flight, by model.
        generated_tokens: generated tokens, by model.
        worker_restarts: restarts of handlers' workers, by model.
        measurements_left_out: dropped values of handlers' own measurements, by model.
        handlers: handlers' own measurements.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._instruments: list[Counter | Gauge | Histogram] = []
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        self._add_requests()
        self._add_steps()
        self._add_explanations()
        self._add_workers()
        self._models = self._gauge(
            "model_info",
            "1 for each loaded model, with what it is.",
            ("model", "version", "digest", "task", "engine", "precision"),
        )

    def _add_requests(self) -> None:
        self.requests = self._counter("requests", "Finished requests.", _REQUEST)
        self.handler_time = self._histogram(
            "handler_time_seconds",
            "From a request's arrival to its answer (TorchServe's HandlerTime), explanations excluded.",
            _REQUEST,
            _SECONDS,
        )
        self.explanation_time = self._histogram(
            "explanation_time_seconds",
            "From the arrival of a request for explanations to its answer.",
            _REQUEST,
            _SECONDS,
        )
        self.in_flight = self._gauge("requests_in_flight", "Requests that are being answered.", ("model", "protocol"))

    def _add_steps(self) -> None:
        self.queue_time = self._histogram("queue_time_seconds", "Time a text waits for its step.", _MODEL, _SECONDS)
        self.batch_rows = self._histogram("batch_rows", "Texts in a step of the engine.", _MODEL, _ROWS)
        self.batch_tokens = self._histogram("batch_tokens", "Tokens in a step, without padding.", _MODEL, _TOKENS)
        self.padding = self._histogram("batch_padding_ratio", "Share of a step that was padding.", _MODEL, _SHARES)
        self.phase_time = self._histogram(
            "phase_time_seconds",
            "Phases of the work: tokenize, forward, decode, explain; for archives: handler.",
            ("model", "phase"),
            _SECONDS,
        )
        self.generated_tokens = self._counter("generated_tokens", "Tokens that were generated.", _MODEL)

    def _add_explanations(self) -> None:
        self.explanation_steps = self._histogram(
            "explanation_steps", "Interpolation steps or evaluations of an explanation.", ("model", "method"), _STEPS
        )
        self.explanations_in_flight = self._gauge(
            "explanations_in_flight", "Requests for explanations that are being answered.", _MODEL
        )

    def _add_workers(self) -> None:
        self._workers = self._gauge("workers", "Workers of a handler.", ("model", "version", "state"))
        self._worker_memory = self._gauge(
            "worker_memory_bytes", "Resident memory of all workers of a handler.", ("model", "version")
        )
        self.worker_restarts = self._counter(
            "worker_restarts", "Workers of a handler that died or hung, and were restarted.", _MODEL
        )
        self.measurements_left_out = self._counter(
            "handler_measurements_left_out",
            "Values of a handler that were left out: their name is taken, or they have too many series.",
            _MODEL,
        )
        self.handlers = HandlerSeries()
        self._registry.register(self.handlers)

    def show_models(self, loaded: Iterable[ModelMetadata]) -> None:
        """Set the info metric to the loaded models, replacing its previous series."""
        self._models.clear()
        for metadata in loaded:
            facts = metadata.parameters
            digest, task, precision = (str(facts.get(name, "")) for name in ("digest", "task", "precision"))
            labels = (metadata.name, metadata.version, digest, task, metadata.platform, precision)
            self._models.labels(*labels).set(1)

    def show_workers(self, crews: Iterable[Crew]) -> None:
        """Set the workers' metrics to these models, replacing their previous series."""
        self._workers.clear()
        self._worker_memory.clear()
        for crew in crews:
            self._workers.labels(crew.model, crew.version, "ready").set(crew.ready)
            self._workers.labels(crew.model, crew.version, "starting").set(crew.workers - crew.ready)
            self._worker_memory.labels(crew.model, crew.version).set(crew.memory)

    def described(self) -> list[tuple[str, str]]:
        """Names with labels, and descriptions, of the project's own metrics, for the documentation."""
        described = []
        for instrument in self._instruments:
            (family,) = instrument.describe()
            labels = ", ".join(instrument._labelnames)
            name = f"{family.name}_total" if family.type == "counter" else family.name
            described.append((f"`{name}{{{labels}}}`", family.documentation))
        return described

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self._registry)

    def _counter(self, name: str, documentation: str, labels: tuple[str, ...]) -> Counter:
        return self._added(Counter(_PREFIX + name, documentation, labels, registry=self._registry))

    def _gauge(self, name: str, documentation: str, labels: tuple[str, ...]) -> Gauge:
        return self._added(Gauge(_PREFIX + name, documentation, labels, registry=self._registry))

    def _histogram(
        self, name: str, documentation: str, labels: tuple[str, ...], buckets: tuple[float, ...]
    ) -> Histogram:
        return self._added(Histogram(_PREFIX + name, documentation, labels, registry=self._registry, buckets=buckets))

    def _added(self, instrument: _Instrument) -> _Instrument:
        self._instruments.append(instrument)
        return instrument
